--
-- What happens to a row that a channel holds?
--
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE EXTENSION protaddr;
CREATE ROLE regress_hold_owner;
CREATE ROLE regress_hold_writer;
CREATE ROLE regress_hold_officer;
CREATE FUNCTION refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text;
BEGIN
    EXECUTE statement;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN concat_ws(' ', SQLSTATE, SQLERRM, '(' || nullif(detail, '') || ')');
END
$$;
CREATE TABLE customer (cpr text PRIMARY KEY, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', 'cpr') \g /dev/null
INSERT INTO customer VALUES ('6101704001', 'Vestergade 1'), ('6201704002', '{"StrtNm":"Kanariegade","BldgNb":"2","TwnNm":"Aarhus C","Ctry":"DK"}'), ('6401704004', '{"StrtNm":"Kanariegade","BldgNb":"4","TwnNm":"Odense C","Ctry":"DK"}');
SELECT persons, protected FROM protaddr.load_register('DK-CPR', '[{"subject": "6101704001", "protections": []}, {"subject": "6201704002", "protections": [{"code": "0001"}]}, {"subject": "6401704004", "protections": []}]'), protaddr.protect('6401704004', 'manual', 'address');
CREATE FUNCTION home(cpr text) RETURNS protaddr.address LANGUAGE sql STABLE SECURITY DEFINER AS 'SELECT home FROM public.customer WHERE cpr = $1';
CREATE FUNCTION pacs(dbtr text) RETURNS text LANGUAGE sql AS $$
SELECT '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"><FIToFICstmrCdtTrf><CdtTrfTxInf><IntrBkSttlmAmt Ccy="EUR">5000</IntrBkSttlmAmt>'
    '<Dbtr><Nm>Prøve</Nm><PstlAdr><StrtNm>Skjultvej</StrtNm><TwnNm>Aarhus C</TwnNm><Ctry>DK</Ctry></PstlAdr><Id><PrvtId><Othr><Id>' || dbtr || '</Id></Othr></PrvtId></Id></Dbtr></CdtTrfTxInf></FIToFICstmrCdtTrf></Document>' $$;
GRANT EXECUTE ON FUNCTION protaddr.install_gate, protaddr.remove_gate, protaddr.gate_row, protaddr.gate_check TO regress_hold_owner;
GRANT EXECUTE ON FUNCTION protaddr.release_held, protaddr.reject_held, protaddr.held_rows TO regress_hold_officer;
GRANT CREATE ON SCHEMA public TO regress_hold_owner;
ALTER DEFAULT PRIVILEGES FOR ROLE regress_hold_owner GRANT ALL ON TABLES TO regress_hold_writer;

-- the owner's gate; the held table is the owner's alone
SET ROLE regress_hold_owner;
CREATE TABLE payment (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, payer text NOT NULL, home protaddr.address, note text DEFAULT 'new', twice text GENERATED ALWAYS AS (note || note) STORED, doc xml);
SELECT protaddr.install_gate('payment', 'psp_request', 'payer', messages => '{"doc":"xml"}');
SELECT attname, atttypid::regtype, attnotnull FROM pg_attribute WHERE attrelid = 'payment_held'::regclass AND attnum > 0 ORDER BY attnum;
SELECT relowner::regrole, (SELECT array_agg(DISTINCT a.grantee::regrole) FROM aclexplode(relacl) a) AS others_too FROM pg_class WHERE oid = 'payment_held'::regclass;
RESET ROLE;
GRANT INSERT, SELECT, UPDATE ON payment TO regress_hold_writer;

-- who writes needs no right on it, and is told how many rows are held
SET client_min_messages = notice;
SET ROLE regress_hold_writer;
INSERT INTO payment (payer, home) SELECT cpr, home(cpr) FROM unnest('{6101704001,6201704002,6401704004}'::text[]) cpr;
INSERT INTO payment (payer, doc) VALUES ('6201704002', pacs('6201704002')::xml) RETURNING id;
INSERT INTO payment (payer, home) OVERRIDING SYSTEM VALUE VALUES ('6101704001', home('6101704001')), ('a stranger', home('6101704001')), (' ', home('6101704001'));
SELECT id, payer, protaddr.show(home) FROM payment ORDER BY id;
SELECT refusal(s) FROM unnest(ARRAY['SELECT * FROM payment_held', 'DELETE FROM payment_held', 'SELECT * FROM protaddr.held_rows()', 'SELECT protaddr.release_held(''payment'', 1, ''x'')', 'SELECT protaddr.reject_held(''payment'', 1, ''x'')']) WITH ORDINALITY u(s, n) ORDER BY n;
-- COPY, MERGE, ON CONFLICT
SELECT home('6201704002') AS hidden, home('6101704001') AS free \gset
\set row '6201704002\t' :hidden '\n6101704001\t' :free '\n'
\getenv abs_builddir PG_ABS_BUILDDIR
\cd :abs_builddir
\o results/gate_hold.copy
\qecho -n :row
\o
\copy payment (payer, home) FROM 'results/gate_hold.copy'
INSERT INTO payment (id, payer, home) OVERRIDING SYSTEM VALUE VALUES (1, '6201704002', home('6201704002')) ON CONFLICT (id) DO UPDATE SET note = 'conflict';
INSERT INTO payment (id, payer, home) OVERRIDING SYSTEM VALUE VALUES (1, '6101704001', home('6101704001')) ON CONFLICT (id) DO UPDATE SET home = home('6201704002');
MERGE INTO payment p USING (VALUES ('6201704002'), ('6401704004')) v(cpr) ON p.payer = v.cpr WHEN NOT MATCHED THEN INSERT (payer, home) VALUES (cpr, home(cpr));
-- an update is not held: it fails, and the row stays as it was
SELECT refusal('UPDATE payment SET home = home(''6201704002'') WHERE payer = ''6101704001''');
RESET ROLE;
SELECT held_id, held_by = session_user AS by, held_operation, held_channel, held_why, held_status, id, payer, home::text = home(payer)::text AS as_proposed, note, left(doc::text, 4) = '\x80' AS sealed FROM payment_held ORDER BY held_id;
SELECT count(*) AS in_clear FROM payment_held WHERE payment_held::text ~* '(kanarie|skjult)' OR encode(doc, 'escape') ~* '(kanarie|skjult)';

-- the officer sees what waits, but no value, and decides; a right on the tables is not needed
SET ROLE regress_hold_officer;
SELECT of_table, held_id, operation, channel, why, status, decided_action FROM protaddr.held_rows() ORDER BY held_id;
SELECT refusal('SELECT protaddr.release_held(' || a || ')') FROM unnest(ARRAY['NULL, 1, ''x''', '''payment'', NULL, ''x''', '''payment'', 1, NULL', '''payment'', 1, E'' \n''', '''payment'', 1, U&''\00A0\2003\200B''', '''payment'', 1, U&''\3000\FEFF'', ''disclose''', '''payment'', 1, ''x'', NULL', '''payment'', 1, ''x'', ''leave''', '''payment'', 99, ''x''',
    '''customer'', 1, ''x''', '''payment_held'', 1, ''x''']) WITH ORDINALITY u(a, n) ORDER BY n;
SELECT refusal('SELECT protaddr.reject_held(''payment'', 1, '''')');
SELECT protaddr.release_held('payment', 1, 'asked, and no need');
SELECT protaddr.release_held('payment', 2, 'asked', 'minimum');
SELECT protaddr.release_held('payment', 3, 'asked by the court', 'disclose');
SELECT protaddr.release_held('payment', 4, 'a stranger', 'minimum'), protaddr.release_held('payment', 5, 'nobody is named', 'disclose');
SELECT protaddr.reject_held('payment', 6, 'not ours');
SELECT refusal('SELECT protaddr.release_held(''payment'', ' || n || ', ''again'')') FROM generate_series(5, 6) n;
RESET ROLE;
SELECT id, payer, protaddr.show(home), note, twice, doc::text ~ 'Skjultvej' AS doc_tells, doc::text ~ '<TwnNm>' AS doc_town FROM payment ORDER BY id;
SELECT held_id, held_status, decided_by = session_user AS by, decided_at > held_at AS later, decided_reason, decided_action, length(decided_digest) AS digest FROM payment_held WHERE held_status <> 'held' ORDER BY held_id;
SELECT disclosed_by = session_user AS by, channel, subjects, payer, relation::regclass, reason FROM protaddr.disclosure ORDER BY disclosed_at;
-- what was released can be updated, as long as it stays what it is
UPDATE payment SET note = 'sent';
SELECT refusal('UPDATE payment SET payer = ''6401704004'' WHERE doc IS NOT NULL');
SELECT refusal('UPDATE payment SET doc = replace(pacs(payer), ''Prøve'', ''Anden'')::xml WHERE doc IS NOT NULL');
SELECT refusal('UPDATE payment SET home = home(payer) WHERE payer = ''6401704004''');
SELECT refusal('UPDATE payment SET payer = ''6201704002'' WHERE payer = ''6401704004''');
SELECT id, protaddr.show(home), note, doc IS NOT NULL AS doc FROM payment ORDER BY id;
SELECT * FROM protaddr.verify_gate('payment');

-- what the register says then still counts: who is free leaves whole, whatever is decided; not ready: nothing
INSERT INTO payment (payer, home) SELECT '6401704004', home('6401704004') FROM generate_series(1, 2);
SELECT max(held_id) AS last FROM payment_held \gset
SELECT protaddr.lift('6401704004', 'manual', 'address');
SELECT protaddr.release_held('payment', :last, 'free');
SELECT protaddr.show(home) FROM payment ORDER BY id DESC LIMIT 1;
SELECT protaddr.protect('6401704004', 'manual', 'address');
SELECT protaddr.retire_register('DK-CPR');
SELECT protaddr.release_held('payment', :last - 1, 'now', 'disclose');
SELECT protaddr.confirm_register('DK-CPR');
SELECT protaddr.show(home) FROM payment ORDER BY id DESC LIMIT 1;

-- a row that cannot be stored stays held; so does one that a trigger takes away
CREATE FUNCTION in_the_way() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF current_setting('regress.way', true) = 'raise' THEN RAISE EXCEPTION 'in the way'; ELSIF current_setting('regress.way', true) = 'skip' THEN RETURN NULL;
    ELSIF current_setting('regress.way', true) = 'more' THEN PERFORM set_config('regress.way', '', false); INSERT INTO public.payment (payer, home) VALUES ('6201704002', public.home('6201704002'));
    ELSIF current_setting('regress.way', true) = 'other' THEN NEW.home := public.home('6401704004'); NEW.payer := '6401704004'; END IF; RETURN NEW; END $$;
CREATE TRIGGER in_the_way BEFORE INSERT ON payment FOR EACH ROW EXECUTE FUNCTION in_the_way();
INSERT INTO payment (payer, home) VALUES ('6201704002', home('6201704002'));
SELECT max(held_id) AS last FROM payment_held \gset
SET regress.way = 'raise';
SELECT refusal(format('SELECT protaddr.release_held(''payment'', %s, ''x'')', :last));
SET regress.way = 'skip';
SELECT refusal(format('SELECT protaddr.release_held(''payment'', %s, ''x'')', :last));
SET regress.way = '';
ALTER TABLE payment ADD CONSTRAINT not_now CHECK (id < 0) NOT VALID;
SELECT refusal(format('SELECT protaddr.release_held(''payment'', %s, ''x'')', :last)) ~ '^23514' AS check_violated;
ALTER TABLE payment DROP CONSTRAINT not_now;
SELECT held_status, decided_reason FROM payment_held WHERE held_id = :last;
-- the decision is of one row: what a trigger inserts beside it is held like any other
SELECT count(*) AS rows, count(home) AS homes FROM payment \gset before_
SET regress.way = 'more';
SELECT protaddr.release_held('payment', :last, 'one row', 'disclose') \g /dev/null
SELECT count(*) - :before_rows AS rows, count(home) - :before_homes AS homes FROM payment;
SELECT held_status, held_by = session_user AS by FROM payment_held ORDER BY held_id DESC LIMIT 2;
RESET regress.way;
DROP TRIGGER in_the_way ON payment;

-- constraints that are deferred are checked at once
CREATE TABLE note (note text PRIMARY KEY);
INSERT INTO note VALUES ('known');
ALTER TABLE payment ADD CONSTRAINT noted FOREIGN KEY (note) REFERENCES note DEFERRABLE INITIALLY DEFERRED NOT VALID;
INSERT INTO payment (payer, home, note) VALUES ('6201704002', home('6201704002'), 'known'), ('6201704002', home('6201704002'), 'unknown');
SELECT max(held_id) AS last FROM payment_held \gset
SELECT refusal(format('SELECT protaddr.release_held(''payment'', %s, ''x'')', :last)) ~ '^23503' AS unknown, refusal(format('SELECT protaddr.release_held(''payment'', %s, ''x'')', :last - 1)) AS known;
ALTER TABLE payment DROP CONSTRAINT noted;
DROP TABLE note;
-- an error or a rollback takes the held row along; the count begins anew
BEGIN;
SAVEPOINT s;
INSERT INTO payment (payer, home) VALUES ('6201704002', home('6201704002'));
ROLLBACK TO s;
INSERT INTO payment (payer, home) SELECT '6201704002', home('6201704002') FROM generate_series(1, 2);
ROLLBACK;
DO $$ BEGIN
    BEGIN INSERT INTO payment (payer, home) VALUES ('6201704002', public.home('6201704002')); RAISE EXCEPTION 'x'; EXCEPTION WHEN raise_exception THEN NULL; END;
    BEGIN INSERT INTO payment (payer, home) SELECT '6201704002', CASE n WHEN 2 THEN (1 / (n - 2))::text::protaddr.address ELSE public.home('6201704002') END FROM generate_series(1, 2) n; EXCEPTION WHEN division_by_zero THEN NULL; END;
    INSERT INTO payment (payer, home) VALUES ('6201704002', public.home('6201704002'));
END $$;
SELECT count(*) FROM payment_held WHERE held_id > :last + 1;

-- the table changes: refused rather than lost, and mended by installing again
ALTER TABLE payment ADD extra int;
SELECT refusal('INSERT INTO payment (payer, home, extra) VALUES (''6201704002'', home(''6201704002''), 7)');
SELECT refusal(format('SELECT protaddr.release_held(''payment'', %s, ''x'')', max(held_id))) FROM payment_held;
SELECT protaddr.remove_gate('payment');
ALTER TABLE payment DROP note CASCADE;
SET client_min_messages = warning;
SELECT protaddr.install_gate('payment', 'psp_request', 'payer', messages => '{"doc":"xml"}');
SET client_min_messages = notice;
INSERT INTO payment (payer, home, extra) VALUES ('6201704002', home('6201704002'), 7);
SELECT protaddr.release_held('payment', max(held_id), 'x') FROM payment_held;
SELECT payer, extra FROM payment ORDER BY id DESC LIMIT 1;
DROP TABLE payment_held;
SELECT refusal('INSERT INTO payment (payer, home) VALUES (''6201704002'', home(''6201704002''))');
SELECT refusal('SELECT protaddr.release_held(''payment'', 1, ''x'')');
SELECT count(*) FROM protaddr.held_rows();
-- a table that somebody else has, or that is none of ours, holds nothing
CREATE TABLE payment_held (LIKE payment);
SELECT refusal('INSERT INTO payment (payer, home) VALUES (''6201704002'', home(''6201704002''))');
SELECT protaddr.remove_gate('payment');
SELECT refusal('SELECT protaddr.install_gate(''payment'', ''psp_request'', ''payer'')');
SELECT refusal('SELECT protaddr.install_gate(''payment'', ''psp_request'', ''payer'', held => ''a.b.c'')');
DROP TABLE payment_held;
ALTER TABLE payment ADD held_at timestamptz;
SELECT refusal('SELECT protaddr.install_gate(''payment'', ''psp_request'', ''payer'')');
DROP TABLE payment;

-- partitions have one held table; names that need quotes, and of 63 bytes
CREATE TABLE "Ælte ""x"" æøåæøåæøåæøåæøåæøåæøåæøøåæ" ("a column" int, "who?" text, "where?" protaddr.address) PARTITION BY LIST ("a column");
CREATE TABLE part_1 ("where?" protaddr.address, gone int, "who?" text, "a column" int);
ALTER TABLE part_1 DROP gone;
ALTER TABLE "Ælte ""x"" æøåæøåæøåæøåæøåæøåæøåæøøåæ" ATTACH PARTITION part_1 FOR VALUES IN (1);
CREATE TABLE part_2 PARTITION OF "Ælte ""x"" æøåæøåæøåæøåæøåæøåæøåæøøåæ" FOR VALUES IN (2);
SELECT protaddr.install_gate('"Ælte ""x"" æøåæøåæøåæøåæøåæøåæøåæøøåæ"', 'psp_request', 'who?');
INSERT INTO "Ælte ""x"" æøåæøåæøåæøåæøåæøåæøåæøøåæ" SELECT n, '6201704002', home('6201704002') FROM generate_series(1, 2) n;
INSERT INTO part_1 ("a column", "who?", "where?") VALUES (1, '6201704002', home('6201704002'));
SELECT of_table, held_id, status FROM protaddr.held_rows() ORDER BY held_id;
SELECT relname, octet_length(relname) FROM pg_class WHERE relname ~ '_held$';
SELECT refusal('SELECT protaddr.release_held(''part_1'', 1, ''x'')');
SELECT protaddr.release_held(of_table, held_id, 'x', 'minimum') FROM protaddr.held_rows() WHERE held_id <> 2 ORDER BY held_id;
UPDATE "Ælte ""x"" æøåæøåæøåæøåæøåæøåæøåæøøåæ" SET "a column" = 2;
SELECT tableoid::regclass, "who?", protaddr.show("where?") FROM "Ælte ""x"" æøåæøåæøåæøåæøåæøåæøåæøøåæ";
DROP TABLE "Ælte ""x"" æøåæøåæøåæøåæøåæøåæøåæøøåæ";

-- a gate on one partition alone, and on a tree below
CREATE TABLE tree (id int, payer text, home protaddr.address) PARTITION BY LIST (id);
CREATE TABLE branch PARTITION OF tree FOR VALUES IN (1, 2) PARTITION BY LIST (id);
CREATE TABLE leaf PARTITION OF branch FOR VALUES IN (1, 2);
SELECT protaddr.install_gate('branch', 'psp_request', 'payer');
INSERT INTO tree SELECT n, '6201704002', home('6201704002') FROM generate_series(1, 2) n;
SELECT refusal('SELECT protaddr.release_held(''leaf'', 1, ''x'')'), refusal('SELECT protaddr.release_held(''tree'', 1, ''x'')');
SELECT protaddr.release_held(of_table, held_id, 'x', 'minimum') FROM protaddr.held_rows('branch') WHERE held_id = 1;
SELECT tableoid::regclass, id, protaddr.show(home) FROM tree;
DROP TABLE tree;

-- a disclosure of a row that another column holds is none
SELECT protaddr.set_channel('mixed', 'disclose', 'extract', when_unknown => 'hold', description => 'Test', legal_basis => 'none but this test');
CREATE TABLE mixed (payer text, payee text, a protaddr.address, b protaddr.address);
SELECT protaddr.install_gate('mixed', 'mixed', 'payer', persons => '{"b":"payee"}');
DELETE FROM customer WHERE cpr = '6101704001';
INSERT INTO customer VALUES ('a stranger', 'Vestergade 9');
SELECT count(*) AS disclosed FROM protaddr.disclosure \gset
INSERT INTO mixed VALUES ('6201704002', 'a stranger', home('6201704002'), home('a stranger'));
SELECT count(*) - :disclosed AS disclosed FROM protaddr.disclosure;
SELECT protaddr.release_held('mixed', 1, 'x');
SELECT payer, protaddr.show(a) AS a, protaddr.show(b) AS b FROM mixed;
SELECT count(*) - :disclosed AS disclosed FROM protaddr.disclosure;

SET client_min_messages = warning;
ALTER DEFAULT PRIVILEGES FOR ROLE regress_hold_owner REVOKE ALL ON TABLES FROM regress_hold_writer;
DROP FUNCTION home;
DROP EXTENSION protaddr CASCADE;
DROP TABLE customer, mixed CASCADE;
SELECT format('DROP TABLE %I', relname) FROM pg_class WHERE relkind = 'r' AND relname ~ '_held$' ORDER BY relname COLLATE "C" \gexec
DROP FUNCTION refusal, pacs, in_the_way;
REVOKE CREATE ON SCHEMA public FROM regress_hold_owner;
DROP ROLE regress_hold_owner, regress_hold_writer, regress_hold_officer;
