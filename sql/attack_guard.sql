-- attack_guard: what the guard looks for (issue 11).  Expected: nobody who may not is told
-- whether an address is protected; nobody takes an address out, or puts one in, who may not;
-- no code of theirs runs; no message repeats an address or an identifier.
\set VERBOSITY terse
SET client_min_messages = notice;
CREATE EXTENSION protaddr;
CREATE ROLE regress_guard_u;
CREATE ROLE regress_guard_m;
CREATE ROLE regress_guard_clerk;
GRANT CREATE ON SCHEMA public TO regress_guard_u;
GRANT EXECUTE ON FUNCTION protaddr.protect, protaddr.lift, protaddr.link_identity TO regress_guard_clerk;
GRANT EXECUTE ON FUNCTION protaddr.bind_column, protaddr.bind_row TO regress_guard_u;
CREATE FUNCTION refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
CREATE FUNCTION found(t text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(f.subject, ' ' ORDER BY f.start, f.subject) FROM protaddr.find_protected(t) f $$;
SELECT protaddr.confirm_register('regress', new_source => true) IS NOT NULL AS confirmed, protaddr.protect('P1', 'DK-CPR', '0001') AS protected;
SET ROLE regress_guard_u;
CREATE TABLE customer (n int PRIMARY KEY, cpr text, home protaddr.address, note text);
INSERT INTO customer VALUES (1, 'P1', '{"StrtNm": "Skjulvej", "BldgNb": "1", "PstCd": "5000", "TwnNm": "Odense C"}', 'x'), (2, 'P2', '{"StrtNm": "Skjulvej", "BldgNb": "2", "PstCd": "5000", "TwnNm": "Odense C"}', 'y');
SELECT protaddr.bind_column('customer', 'home', 'cpr');
RESET ROLE;
SELECT found('Skjulvej 1, 5000 Odense C; Skjulvej 2, 5000 Odense C');

-- ---- who may not, is told nothing -----------------------------------------------------------
CREATE TABLE guard_asked (n int, statement text);
INSERT INTO guard_asked SELECT n, statement FROM unnest(ARRAY['SELECT protaddr.find_protected(''Skjulvej 1, 5000 Odense C'')', 'SELECT protaddr.guard(''Skjulvej 1, 5000 Odense C'', ''show'')',
    'SELECT protaddr.guard_address(''Vej 1'', ''x'')', 'SELECT protaddr.unguard_address(1, ''x'')', 'SELECT protaddr.refresh_guard()', 'SELECT protaddr.derive_guard_anew()', 'SELECT * FROM protaddr.guard_status()',
    'SELECT * FROM protaddr.guard_session()', 'SELECT count(*) FROM protaddr.guarded_address', 'INSERT INTO protaddr.guarded_address SELECT * FROM protaddr.guarded_address', 'DELETE FROM protaddr.guarded_address',
    'UPDATE protaddr.guarded_address SET valid_to = now()', 'TRUNCATE protaddr.guarded_address', 'SELECT count(*) FROM protaddr.address_word', 'SELECT protaddr.declare_address_columns(''customer'', ''cpr'', line => ''note'')',
    'SELECT protaddr.undeclare_address_columns(''customer'')', 'CREATE TRIGGER mine AFTER INSERT ON customer FOR EACH ROW EXECUTE FUNCTION protaddr.declared_row_written(''cpr'', ''AdrLine'', ''note'')',
    'SELECT protaddr.bound_row_written()', 'SELECT protaddr.add_bound_source(''protaddr.protection'', ''subject'', ''subject'')', 'SELECT protaddr.index_identifiers(''protaddr.protection'', ''subject'')']) WITH ORDINALITY u(statement, n);
GRANT SELECT ON guard_asked TO PUBLIC;
GRANT ALL ON customer TO regress_guard_m;
SET ROLE regress_guard_m;
SELECT refusal(statement) FROM guard_asked ORDER BY n;
RESET ROLE;
GRANT pg_read_all_data, pg_write_all_data TO regress_guard_m;
SET ROLE regress_guard_m;
SELECT refusal(statement) FROM guard_asked WHERE statement LIKE '%guarded_address' OR statement LIKE 'UPDATE%' OR statement LIKE '%find%' ORDER BY n;
-- what can be read of it is sealed
SELECT count(*) AS readable FROM protaddr.guarded_address g WHERE g::text ~* 'skjulvej|odense';
RESET ROLE;
REVOKE pg_read_all_data, pg_write_all_data FROM regress_guard_m;
-- the same as the owner of the table
SET ROLE regress_guard_u;
SELECT refusal(statement) FROM guard_asked WHERE statement LIKE '%customer%' ORDER BY n;
RESET ROLE;

-- ---- a trigger where nothing is bound makes no source -------------------------------------------
SET ROLE regress_guard_u;
CREATE TABLE poison (who text, home protaddr.address);
CREATE TRIGGER zz_protaddr_guard_2_1 AFTER INSERT OR UPDATE ON poison FOR EACH ROW EXECUTE FUNCTION protaddr.bound_row_written('home', 'who');
CREATE TRIGGER other AFTER INSERT ON poison FOR EACH ROW EXECUTE FUNCTION protaddr.bound_row_written('home');
INSERT INTO poison VALUES ('P1', '{"StrtNm": "Giftvej", "BldgNb": "1", "PstCd": "5000", "TwnNm": "Odense C"}');
RESET ROLE;
SELECT protaddr.protect('P8', 'DK-CPR', '0001') AS no_warning;
SET ROLE regress_guard_u;
DROP TRIGGER other ON poison;
INSERT INTO poison VALUES ('P1', '{"StrtNm": "Giftvej", "BldgNb": "1", "PstCd": "5000", "TwnNm": "Odense C"}');
RESET ROLE;
SELECT found('Giftvej 1, 5000 Odense C') IS NULL AS not_found;
SELECT protaddr.refresh_guard() AS looked_for;
SELECT relation, status FROM protaddr.guard_status() WHERE origin = 'bound' ORDER BY relation;

-- ---- code of the table's owner: none of it runs when somebody else protects ----------------------
SET ROLE regress_guard_u;
CREATE FUNCTION spy(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RAISE NOTICE 'spy runs as %', current_user; RETURN $1; END $$;
SET client_min_messages = warning;
CREATE INDEX spied ON customer (spy(cpr));
CREATE INDEX looks_like ON customer (protaddr.identifier_key(spy(cpr)));
CREATE POLICY hide ON customer USING (spy(cpr) IS NULL);
ALTER TABLE customer ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
RESET client_min_messages;
RESET ROLE;
SET client_min_messages = notice;
SET ROLE regress_guard_clerk;
SELECT refusal('SELECT count(*) FROM customer');
-- nobody has told the clerk of the table, nor of its rows
CREATE TEMP TABLE guarded_address (x int);
CREATE FUNCTION pg_temp.identifier_key(text) RETURNS text LANGUAGE sql RETURN 'P9';
SET search_path = pg_temp, public, pg_catalog;
SELECT protaddr.protect('P2', 'DK-CPR', '0001') AS protected;
RESET search_path;
RESET ROLE;
SELECT found('Skjulvej 1, 5000 Odense C; Skjulvej 2, 5000 Odense C');
SET ROLE regress_guard_u;
ALTER TABLE customer DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY;
DROP INDEX customer_identifier_key_idx;
RESET ROLE;
SET ROLE regress_guard_clerk;
SELECT protaddr.protect('P3', 'DK-CPR', '0001') AS protected;
RESET ROLE;

-- ---- the owner takes the trigger away: it shows, and what is protected later is found all the same --
SET client_min_messages = warning;
SET ROLE regress_guard_u;
DROP INDEX spied, looks_like;
ALTER TABLE customer DISABLE TRIGGER USER;
INSERT INTO customer VALUES (3, 'P3', '{"StrtNm": "Skjulvej", "BldgNb": "3", "PstCd": "5000", "TwnNm": "Odense C"}', 'x'), (4, 'P4', '{"StrtNm": "Skjulvej", "BldgNb": "4", "PstCd": "5000", "TwnNm": "Odense C"}', 'x');
RESET ROLE;
SELECT found('Skjulvej 3, 5000 Odense C') IS NULL AS not_found;
SELECT status FROM protaddr.guard_status() WHERE relation = 'public.customer';
SELECT protaddr.protect('P4', 'DK-CPR', '0001') AS protected, protaddr.refresh_guard() AS looked_for;
SELECT found('Skjulvej 3, 5000 Odense C; Skjulvej 4, 5000 Odense C');
SET ROLE regress_guard_u;
ALTER TABLE customer ENABLE ALWAYS TRIGGER zz_protaddr_bind_3_2;
DROP TRIGGER zz_protaddr_guard_3_2 ON customer;
RESET ROLE;
SELECT status FROM protaddr.guard_status() WHERE relation = 'public.customer';
SET ROLE regress_guard_u;
SELECT protaddr.add_bound_source('customer', 'home', 'cpr');
RESET ROLE;
SELECT status FROM protaddr.guard_status() WHERE relation = 'public.customer';
-- neither a replication role nor a client's setting gets past it
SET session_replication_role = replica;
INSERT INTO customer VALUES (5, 'P1', '{"StrtNm": "Skjulvej", "BldgNb": "5", "PstCd": "5000", "TwnNm": "Odense C"}', 'x');
RESET session_replication_role;
COPY customer (n, cpr, home) FROM STDIN;
6	P1	Skjulvej 6, 5000 Odense C
\.
INSERT INTO customer VALUES (6, 'P9', NULL, NULL) ON CONFLICT (n) DO UPDATE SET cpr = 'P2';
SELECT found('Skjulvej 5, 5000 Odense C; Skjulvej 6, 5000 Odense C');

-- ---- what stands in a subject column may be anything: it keeps no row out and protects nobody less ----
SET ROLE regress_guard_u;
CREATE TABLE odd (id int, who text, home protaddr.address);
SELECT protaddr.bind_column('odd', 'home', 'who');
INSERT INTO odd VALUES (1, repeat('Skjulvej 1 ', 20), NULL), (2, '', NULL), (3, E'\u202eP1', '{"StrtNm": "Skjulvej", "BldgNb": "7", "PstCd": "5000", "TwnNm": "Odense C"}');
UPDATE odd SET who = who;
DELETE FROM odd WHERE id = 1;
RESET ROLE;
SELECT found('Skjulvej 7, 5000 Odense C');
-- a column that is gone: who writes is refused, who protects is not
ALTER TABLE odd RENAME who TO whom;
SELECT refusal('INSERT INTO odd VALUES (4, ''P1'', NULL)'), refusal('DELETE FROM odd');
SELECT protaddr.protect('P5', 'DK-CPR', '0001') AS protected;
SELECT status FROM protaddr.guard_status() WHERE relation = 'public.odd';
ALTER TABLE odd RENAME whom TO who;

-- ---- who dares: hostile texts --------------------------------------------------------------------------
SELECT protaddr.guard(t, 'sepa') FROM unnest(ARRAY['', ' ', '[address withheld]', 'Skjulvej 1, 5000 Odense C[address withheld]', 'SKJULVEJ' || chr(8203) || ' 1, 5000 ODENSE C', 'Skjulvej 1,' || chr(10) || chr(10) || '5000  Odense C']) WITH ORDINALITY u(t, n) ORDER BY n;
SELECT length(protaddr.guard(repeat('Skjulvej 1, 5000 Odense C. ', 1000), 'sepa')), length(protaddr.guard(repeat('Skjulvej ', 100000), 'sepa')), length(protaddr.guard(repeat(chr(128512), 100000), 'sepa'));
-- ---- who hides an address in a text: zero-width characters, look-alikes, encodings, markup, lines ------------
SELECT n, way FROM (VALUES
    (1, 'Skj' || chr(8203) || 'ulvej 1, 5000 Od' || chr(8205) || 'ense C'), (2, 'S' || chr(1082) || 'julvej 1, 5000 Odense C'), (3, 'Ѕkјulvеj 1, 5000 Оdense C'), (4, 'Ｓｋｊｕｌｖｅｊ　１，　５０００　Ｏｄｅｎｓｅ　Ｃ'),
    (5, 'Skjul' || chr(10) || 'vej 1' || chr(10) || '5000' || chr(10) || 'Odense C'), (6, 'Skjulvej%201%2C%205000%20Odense%20C'), (7, encode('Skjulvej 1, 5000 Odense C', 'base64')), (8, encode('Skjulvej 1, 5000 Odense C', 'hex')),
    (9, '<Skjulvej 1, 5000 Odense C>'), (10, '<!--Skjulvej 1, 5000 Odense C-->'), (11, '"Skjulvej 1, 5000 Odense C": "x"'), (12, 'Skjulvej=201, 5000 Odense=20C'), (13, 'S&#107;julvej 1, 5000 Odense C'), (14, 'Skjulvej' || chr(160) || '1,' || chr(8239) || '5000 Odense C'),
    (15, encode(convert_to(encode('Skjulvej 1, 5000 Odense C', 'base64'), 'UTF8'), 'base64')), (16, chr(8238) || 'Skjulvej 1, 5000 Odense C' || chr(8236)), (17, 'SKJULVEJ 0001 DK-5000 ODENSE C')) v(n, way)
WHERE protaddr.guard(way, 'sepa') ~* 'skjul|odense' OR protaddr.guard(way, 'sepa') !~ '\[address withheld\]' ORDER BY n;
-- in a view the reader calls it; a function of its owner's takes a key, not a text
CREATE FUNCTION note_of(number int) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC SELECT protaddr.guard(c.note, 'show') FROM public.customer c WHERE c.n = number; END;
CREATE VIEW notes AS SELECT c.n, protaddr.guard(c.note, 'show') AS note FROM customer c;
CREATE VIEW safe_notes AS SELECT c.n, note_of(c.n) AS note FROM customer c;
UPDATE customer SET note = 'bor Skjulvej 1, 5000 Odense C nu' WHERE n = 1;
GRANT SELECT ON notes, safe_notes TO regress_guard_m;
SET ROLE regress_guard_m;
SELECT refusal('SELECT * FROM notes');
SELECT * FROM safe_notes WHERE n = 1;
RESET ROLE;

-- ---- the extension goes in the transaction that has touched somebody ------------------------------------
DROP VIEW notes, safe_notes;
DROP FUNCTION note_of;
BEGIN;
SELECT protaddr.protect('P6', 'DK-CPR', '0001') AS protected;
DROP TABLE customer, odd, poison;
DROP EXTENSION protaddr;
COMMIT;
DROP TABLE guard_asked;
DROP FUNCTION refusal, found, spy;
REVOKE CREATE ON SCHEMA public FROM regress_guard_u;
DROP OWNED BY regress_guard_clerk;
DROP ROLE regress_guard_u, regress_guard_m, regress_guard_clerk;
