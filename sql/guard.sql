--
-- Which addresses does the guard look for, where do they come from, and what does it leave?
--
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION protaddr;
CREATE FUNCTION refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
CREATE FUNCTION found(t text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(format('%s at %s: %s (%s)', coalesce(f.subject, 'listed'), f.start, substr(t, f.start, f.length), f.certainty), '; ' ORDER BY f.start, f.subject) FROM protaddr.find_protected(t) f $$;

-- ---- while nobody can be asked about, nothing is searched ---------------------------------
SELECT refusal('SELECT protaddr.find_protected(''a text'')'), refusal('SELECT protaddr.guard(''a text'', ''sepa'')');
SELECT protaddr.confirm_register('regress', new_source => true) IS NOT NULL AS confirmed;
SELECT found('Skjulvej 2, 5000 Odense C') IS NULL AS nothing, protaddr.guard('Skjulvej 2, 5000 Odense C', 'sepa'), protaddr.guard(NULL, 'sepa') IS NULL AS of_null, protaddr.guard('a text', NULL) IS NULL AS to_null;
SELECT protaddr.guard('a text', 'no such channel');

-- ---- bound columns: what was there before, what is protected later, what is written later ---
CREATE TABLE customer (n int PRIMARY KEY, cpr text, home protaddr.address, note text);
INSERT INTO customer VALUES (1, '610170-4001', '{"StrtNm": "Vestergade", "BldgNb": "1", "PstCd": "8000", "TwnNm": "Aarhus C"}'),
    (2, '6201704002', '{"StrtNm": "Skjulvej", "BldgNb": "2", "Flr": "2", "Room": "tv", "PstCd": "5000", "TwnNm": "Odense C"}');
SELECT protaddr.protect('6201704002', 'DK-CPR', '0001') AS protected;
SELECT count(*) AS looked_for FROM protaddr.guarded_address;
SELECT protaddr.bind_column('customer', 'home', 'cpr');
SELECT found('Hun bor på skjulvej 2, 2. tv., 5000 odense c, ikke Vestergade 1, 8000 Aarhus C.');
SELECT protaddr.guard('Hun bor på skjulvej 2, 2. tv., 5000 odense c, ikke Vestergade 1, 8000 Aarhus C.', 'sepa');
SELECT protaddr.protect('6101704001', 'DK-CPR', '0001') AS protected;
SELECT found('Hun bor på skjulvej 2, 2. tv., 5000 odense c, ikke Vestergade 1, 8000 Aarhus C.');
SELECT protaddr.guard('Hun bor på skjulvej 2, 2. tv., 5000 odense c, ikke Vestergade 1, 8000 Aarhus C.', 'sepa');
SELECT protaddr.lift('6101704001', 'DK-CPR', '0001') AS lifted;
SELECT found('Vestergade 1, 8000 Aarhus C') IS NULL AS not_found;
SELECT subject_key, origin, relation, column_name, reason, valid_to, recorded_by = session_user AS by_us, written_in <= pg_current_xact_id() AS written FROM protaddr.guarded_address;
INSERT INTO customer VALUES (3, '062 0170 4002', '{"StrtNm": "Nyvej", "BldgNb": "3", "PstCd": "4000", "TwnNm": "Roskilde"}'), (4, '6301704003', '{"StrtNm": "Fri Alle", "BldgNb": "4", "PstCd": "4000", "TwnNm": "Roskilde"}');
SELECT count(*) FROM protaddr.guarded_address;
UPDATE customer SET cpr = '6201704002' WHERE n = 3;
SELECT found('Nyvej 3, 4000 Roskilde og Fri Alle 4, 4000 Roskilde');
UPDATE customer SET note = 'the same address' WHERE n = 3;
-- who moves is no longer found where he was
UPDATE customer SET home = '{"StrtNm": "Flyttevej", "BldgNb": "5", "PstCd": "4000", "TwnNm": "Roskilde"}' WHERE n = 3;
SELECT found('Nyvej 3, 4000 Roskilde; Flyttevej 5, 4000 Roskilde');
DELETE FROM customer WHERE n = 3;
SELECT found('Flyttevej 5, 4000 Roskilde') IS NULL AS not_found, count(*) FROM protaddr.guarded_address;
-- the same address in two rows is one entry, and stays while one is left
INSERT INTO customer SELECT g, '6201704002', (SELECT home FROM customer WHERE n = 2) FROM generate_series(5, 6) g;
SELECT count(*) FROM protaddr.guarded_address;
DELETE FROM customer WHERE n IN (2, 5);
SELECT count(*) FROM protaddr.guarded_address;
UPDATE customer SET n = 2 WHERE n = 6;

-- ---- links: a customer number, an account with two holders, another number of the person ----
CREATE TABLE account (n text, holders text[], home protaddr.address);
INSERT INTO account VALUES ('DK1', '{C-1,C-2}', '{"StrtNm": "Kontovej", "BldgNb": "7", "PstCd": "9000", "TwnNm": "Aalborg"}');
SELECT protaddr.bind_column('account', 'home', 'holders');
SELECT protaddr.link_identity('C-1', '6201704002', 'customer') AS linked;
SELECT found('Kontovej 7, 9000 Aalborg');
SELECT protaddr.unlink_identity('C-1', '6201704002') AS unlinked;
SELECT found('Kontovej 7, 9000 Aalborg') IS NULL AS not_found;
SELECT protaddr.link_identity('C-2', '6301704003', 'customer') AS linked, protaddr.link_identity('6301704003', '6401704004', 'replaced number') AS replaced;
SELECT protaddr.protect('6401704004', 'DK-CPR', '0001') AS protected;
SELECT found('Kontovej 7, 9000 Aalborg; Fri Alle 4, 4000 Roskilde');
SELECT protaddr.lift('6401704004', 'DK-CPR', '0001') AS lifted;

-- ---- in the transaction that does it, before it is committed; a savepoint; a rollback ---------
BEGIN;
SELECT protaddr.protect('6101704001', 'DK-CPR', '0001') AS protected;
SELECT found('Vestergade 1, 8000 Aarhus C');
SAVEPOINT s;
INSERT INTO customer VALUES (8, '6101704001', '{"StrtNm": "Savepointvej", "BldgNb": "8", "PstCd": "4000", "TwnNm": "Roskilde"}');
SELECT found('Savepointvej 8, 4000 Roskilde');
ROLLBACK TO s;
SELECT found('Savepointvej 8, 4000 Roskilde') IS NULL AS not_found, found('Vestergade 1, 8000 Aarhus C');
ROLLBACK;
SELECT found('Vestergade 1, 8000 Aarhus C') IS NULL AS not_found;
-- what a savepoint has done for what was protected before it is done again
BEGIN;
SELECT protaddr.protect('6101704001', 'DK-CPR', '0001') AS protected;
SAVEPOINT s;
SELECT found('Vestergade 1, 8000 Aarhus C');
ROLLBACK TO s;
COMMIT;
SELECT found('Vestergade 1, 8000 Aarhus C');
-- a protection that was rolled back protects nobody
BEGIN;
SAVEPOINT s;
SELECT protaddr.protect('6301704003', 'DK-CPR', '0001') AS protected;
SELECT found('Fri Alle 4, 4000 Roskilde');
ROLLBACK TO s;
SELECT found('Fri Alle 4, 4000 Roskilde') IS NULL AS not_found;
COMMIT;
-- who lifts is told nothing before it is committed
BEGIN;
SELECT protaddr.lift('6101704001', 'DK-CPR', '0001') AS lifted;
SELECT refusal('SELECT protaddr.guard(''Vestergade 1, 8000 Aarhus C'', ''sepa'')');
SELECT protaddr.refresh_guard() = count(*) AS the_same, count(*) FILTER (WHERE subject_key = '6101704001') AS still FROM protaddr.guarded_address;
COMMIT;
SELECT count(*) AS no_longer FROM protaddr.guarded_address WHERE subject_key = '6101704001';
SELECT found('Vestergade 1, 8000 Aarhus C') IS NULL AS not_found;

-- ---- declared columns: legacy tables, the history of one --------------------------------------
CREATE TABLE legacy (id int, cust numeric, vej varchar(40), husnr int, etage char(2), doer text, postnr int, by_navn text, linje text);
INSERT INTO legacy VALUES (1, 6501704005, 'Gammelvej', 11, '3', 'mf', 2100, 'København Ø', NULL), (2, 6101704001, 'Vestergade', 1, NULL, NULL, 8000, 'Aarhus C', NULL), (3, NULL, 'Ingenvej', 1, NULL, NULL, 8000, 'Aarhus C', NULL), (4, 6501704005, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
SELECT refusal('SELECT protaddr.declare_address_columns(' || a || ')') FROM unnest(ARRAY['''legacy'', ''cust''', '''legacy'', ''cust'', street => ''no''', '''legacy'', NULL, ''vej''',
    '''pg_user'', ''usename'', line => ''t''', '''customer'', ''cpr'', line => ''home''', '''account'', ''n'', line => ''holders''']) WITH ORDINALITY u(a, n) ORDER BY n;
SELECT protaddr.declare_address_columns('legacy', 'cust', street => 'vej', number => 'husnr', floor => 'etage', door => 'doer', post_code => 'postnr', town => 'by_navn');
SELECT refusal($$SELECT protaddr.declare_address_columns('legacy', 'cust', street => 'vej', number => 'husnr', floor => 'etage', door => 'doer', post_code => 'postnr', town => 'by_navn')$$);
SELECT found('Gammelvej 11, 3. mf, 2100 København Ø') IS NULL AS not_found;
SELECT protaddr.protect('6501704005', 'DK-CPR', '0001') AS protected;
SELECT found('Gammelvej 11, 3. mf, 2100 København Ø');
SELECT found('GAMMELVEJ 11 3 MF'||chr(10)||'2100 KOEBENHAVN OE');
CREATE TABLE history (cust text, line text);
SELECT protaddr.declare_address_columns('history', subject => 'cust', line => 'line');
INSERT INTO history VALUES ('6501704005', 'Forrigevej 9' || chr(10) || '6000 Kolding'), ('6501704005', repeat('Endnu en lang linje ', 40)), ('6501704005', ' ');
SELECT found('Forrigevej 9, 6000 Kolding');
-- an index finds the rows, and the table is read without it: the same either way
SELECT indexdef FROM pg_indexes WHERE tablename IN ('legacy', 'history', 'customer', 'account') ORDER BY 1;
DROP INDEX history_identifier_key_idx;
INSERT INTO history VALUES ('6501704005', 'Uindekseretvej 3, 6000 Kolding');
SELECT found('Uindekseretvej 3, 6000 Kolding; Forrigevej 9, 6000 Kolding');
SELECT protaddr.index_identifiers('history', 'cust') AS made, protaddr.index_identifiers('history', 'cust') AS again;
DELETE FROM history WHERE line LIKE 'Uind%';
SELECT found('Uindekseretvej 3, 6000 Kolding; Forrigevej 9, 6000 Kolding');
SELECT * FROM protaddr.guard_status() WHERE origin <> 'session';
-- TRUNCATE leaves what was found until somebody looks anew; so does the end of a declaration
TRUNCATE history;
SELECT found('Forrigevej 9, 6000 Kolding');
SELECT protaddr.undeclare_address_columns('legacy') AS ended;
SELECT protaddr.refresh_guard() AS looked_for;
SELECT found('Forrigevej 9, 6000 Kolding') IS NULL AS not_found, found('Gammelvej 11, 3. mf, 2100 København Ø') IS NULL AS not_found;

-- ---- partitions, attached with rows or without --------------------------------------------------
CREATE TABLE parted (cpr text, home protaddr.address, year int) PARTITION BY LIST (year);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1);
SELECT protaddr.bind_column('parted', 'home', 'cpr');
CREATE TABLE parted_2 (year int, home protaddr.address, cpr text);
INSERT INTO parted VALUES ('6501704005', '{"StrtNm": "Delvej", "BldgNb": "1", "PstCd": "6000", "TwnNm": "Kolding"}', 1);
INSERT INTO parted_2 VALUES (2, '{"StrtNm": "Delvej", "BldgNb": "2", "PstCd": "6000", "TwnNm": "Kolding"}', '6501704005');
SELECT found('Delvej 1, 6000 Kolding; Delvej 2, 6000 Kolding');
ALTER TABLE parted ATTACH PARTITION parted_2 FOR VALUES IN (2);
SELECT found('Delvej 1, 6000 Kolding; Delvej 2, 6000 Kolding');
UPDATE parted SET year = 1 WHERE year = 2;
SELECT found('Delvej 1, 6000 Kolding; Delvej 2, 6000 Kolding');
SELECT * FROM protaddr.guard_status() WHERE relation = 'public.parted';

-- ---- the list -----------------------------------------------------------------------------------
SELECT refusal('SELECT protaddr.guard_address(' || a || ')') FROM unnest(ARRAY['NULL, ''why''', '''Vej 1'', NULL', '''Vej 1'', '' ''', '''Vej 1'', ''why'', ''2020-01-01''']) WITH ORDINALITY u(a, n) ORDER BY n;
SELECT protaddr.guard_address('{"StrtNm": "Krisevej", "BldgNb": "7", "PstCd": "2100", "TwnNm": "København Ø"}', 'a shelter') AS shelter \gset
SELECT found('Send til Krisevej 7, 2100 København Ø!'), protaddr.guard('Send til Krisevej 7, 2100 København Ø!', 'sepa');
SELECT protaddr.unguard_address(:shelter, NULL);
SELECT protaddr.unguard_address(:shelter, 'it has moved') AS ended, protaddr.unguard_address(1, 'no such') AS none;
SELECT found('Send til Krisevej 7, 2100 København Ø!') IS NULL AS not_found;
SELECT subject_key, origin, regexp_replace(reason, 'by \S+:', 'by ROLE:') AS reason, valid_to < clock_timestamp() AS ended FROM protaddr.guarded_address WHERE origin = 'listed';

-- ---- a substitute is there to be told ------------------------------------------------------------
SELECT protaddr.set_substitute('6501704005', '{"PstBx": "123", "StrtNm": "Postvej", "BldgNb": "1", "PstCd": "2100", "TwnNm": "København Ø"}', 'a box') AS replaced;
INSERT INTO customer VALUES (9, '6501704005', '{"PstBx": "123", "StrtNm": "Postvej", "BldgNb": "1", "PstCd": "2100", "TwnNm": "København Ø"}');
SELECT found('Postvej 1, 2100 København Ø') IS NULL AS not_found;

-- ---- what the law lets leave stays, on record -------------------------------------------------------
SELECT protaddr.set_channel('open', 'disclose', route => 'extract', description => 'Test', legal_basis => 'Invented Act s. 1') IS NOT NULL AS open;
SELECT protaddr.guard_address('{"StrtNm": "Krisevej", "BldgNb": "8", "PstCd": "2100", "TwnNm": "København Ø"}', 'a shelter') IS NOT NULL AS listed;
SELECT protaddr.guard('A: Delvej 1, 6000 Kolding. B: Krisevej 8, 2100 København Ø. C: Delvej 1, 6000 Kolding', 'open');
SELECT kind, channel, subjects FROM protaddr.disclosure;

-- ---- whatever is beside an address stays byte for byte ----------------------------------------------
SELECT protaddr.guard(E'\tx  Delvej 1,\n6000 Kolding\u00a0y\r\n', 'sepa') = E'\tx  [address withheld]\u00a0y\r\n' AS same;
SELECT count(*) FILTER (WHERE protaddr.guard(t, 'sepa') <> t) AS changed FROM (SELECT repeat('Nothing at all. ', g) AS t FROM generate_series(0, 200) g) x;
SELECT bool_and(protaddr.guard(protaddr.guard(t, 'sepa'), 'sepa') = protaddr.guard(t, 'sepa')) AS the_same_again FROM unnest('{"Delvej 1, 6000 Kolding","Delvej Delvej 1 6000 Kolding 6000 Kolding","Delvej 2Delvej 1, 6000 Kolding"}'::text[]) t;

-- ---- a key that is not here: nothing is found instead of something ---------------------------------------
SELECT key_id AS old_key FROM protaddr.key_status WHERE newest \gset
SELECT protaddr.rotate_data_key() IS NOT NULL AS rotated;
SET client_min_messages = error;
SELECT protaddr.retire_data_key(:'old_key', 'a test', force => true) > 0 AS values_left;
\c -
\set VERBOSITY terse
SET client_min_messages = warning;
SELECT refusal('SELECT protaddr.find_protected(''a text'')') ~ '^55PA1 an address that the guard looks for cannot be read' AS refused;
SELECT protaddr.reinstate_data_key(:'old_key', 'a test');
SELECT found('Delvej 1, 6000 Kolding');
CALL protaddr.reseal('protaddr.guarded_address');
SELECT found('Delvej 1, 6000 Kolding');

-- ---- other words: another index ---------------------------------------------------------------------------
INSERT INTO customer VALUES (10, '6501704005', '{"StrtNm": "Zorkens Plads", "BldgNb": "1", "PstCd": "6000", "TwnNm": "Kolding"}');
SELECT found('Zorkens Qlx 1, 6000 Kolding') IS NULL AS not_found;
INSERT INTO protaddr.address_word (language, kind, word, means) VALUES ('da', 'ending', 'plads', 'qlx');
SELECT found('Zorkens Qlx 1, 6000 Kolding');

DROP TABLE customer, account, legacy, history, parted;
SELECT protaddr.refresh_guard() AS looked_for;
DROP FUNCTION refusal, found;
DROP EXTENSION protaddr;
