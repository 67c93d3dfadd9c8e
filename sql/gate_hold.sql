--
-- What happens to a row that a channel holds, aside of its table?
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
    -- held rows have random numbers
    RETURN regexp_replace(concat_ws(' ', SQLSTATE, SQLERRM, '(' || nullif(detail, '') || ')'), '\d{9,}', 'N', 'g');
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
-- held rows in the order in which they were held
CREATE VIEW waiting AS SELECT row_number() OVER (ORDER BY held_at, held_id) AS n, h.* FROM protaddr.held_rows() h;
CREATE FUNCTION nth(bigint) RETURNS bigint LANGUAGE sql AS 'SELECT held_id FROM waiting WHERE n = $1';
GRANT EXECUTE ON FUNCTION protaddr.install_gate, protaddr.remove_gate, protaddr.gate_row, protaddr.gate_check TO regress_hold_owner;
GRANT EXECUTE ON FUNCTION protaddr.decide_held, protaddr.release_held, protaddr.held_rows TO regress_hold_officer;
GRANT EXECUTE ON FUNCTION protaddr.carry_out_held TO regress_hold_writer;
GRANT CREATE ON SCHEMA public TO regress_hold_owner;
GRANT SELECT ON waiting TO regress_hold_officer;

-- the owner's gate; what it holds is the extension's
SET ROLE regress_hold_owner;
CREATE TABLE payment (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, payer text NOT NULL, payee text, home protaddr.address, note text DEFAULT 'new', twice text GENERATED ALWAYS AS (note || note) STORED, doc xml);
SELECT protaddr.install_gate('payment', 'psp_request', 'payer', payee => 'payee', messages => '{"doc":"xml"}');
RESET ROLE;
GRANT INSERT, SELECT, UPDATE ON payment TO regress_hold_writer;
SELECT c.oid::regclass, (SELECT array_agg(DISTINCT a.grantee::regrole) FILTER (WHERE a.grantee <> c.relowner) FROM aclexplode(c.relacl) a) AS others_too FROM pg_class c WHERE c.oid IN ('protaddr.held'::regclass, 'protaddr.held_decision'::regclass) ORDER BY 1;

-- who writes needs no right on it, and is told how many rows are held
SET client_min_messages = notice;
SET ROLE regress_hold_writer;
INSERT INTO payment (payer, payee, home) SELECT cpr, 'BANK-' || n, home(cpr) FROM unnest('{6101704001,6201704002,6401704004}'::text[]) WITH ORDINALITY u(cpr, n);
INSERT INTO payment (payer, doc) VALUES ('6201704002', pacs('6201704002')::xml) RETURNING id;
INSERT INTO payment (payer, home) OVERRIDING SYSTEM VALUE VALUES ('6101704001', home('6101704001')), ('a stranger', home('6101704001')), (' ', home('6101704001'));
SELECT id, payer, protaddr.show(home) FROM payment ORDER BY id;
SELECT refusal(s) FROM unnest(ARRAY['SELECT * FROM protaddr.held', 'DELETE FROM protaddr.held', 'SELECT * FROM protaddr.held_decision', 'SELECT * FROM protaddr.held_rows()', 'SELECT protaddr.release_held(1, ''withhold'', ''x'')', 'SELECT protaddr.decide_held(1, ''reject'', ''x'')']) WITH ORDINALITY u(s, n) ORDER BY n;
RESET ROLE;
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
SELECT count(*) AS in_clear FROM protaddr.held WHERE held::text ~* '(kanarie|skjult)' OR encode(sealed, 'escape') ~* '(kanarie|skjult)';

-- the officer sees what a decision needs, but no address; deciding needs no right on the table
SET ROLE regress_hold_officer;
SELECT n, of_table, table_name, held_by = session_user AS by, operation, mode, row_key, channel, payer, payee, amount, why, status, action FROM waiting ORDER BY n;
SELECT refusal('SELECT protaddr.decide_held(' || a || ')') FROM unnest(ARRAY['NULL, ''withhold'', ''x''', '1, NULL, ''x''', '1, ''withhold'', NULL', '1, ''withhold'', E'' \n''', '1, ''withhold'', U&''\00A0\2003\200B''', '1, ''withhold'', ''x'', NULL', '1, ''leave'', ''x''', '99, ''withhold'', ''x''']) WITH ORDINALITY u(a, n) ORDER BY n;
SELECT refusal('SELECT protaddr.release_held(' || a || ')') FROM unnest(ARRAY['NULL, ''withhold'', ''x''', '1, ''reject'', ''x''', '1, ''hold'', ''x''', '99, ''withhold'', ''x''']) WITH ORDINALITY u(a, n) ORDER BY n;
SELECT protaddr.decide_held(nth(1), 'withhold', 'asked, and no need'), protaddr.decide_held(nth(2), 'minimum', 'asked'), protaddr.decide_held(nth(3), 'disclose', 'asked by the court');
SELECT protaddr.decide_held(nth(4), 'minimum', 'a stranger'), protaddr.decide_held(nth(5), 'disclose', 'nobody is named'), protaddr.decide_held(nth(6), 'reject', 'not ours');
-- once, or in place of what was not carried out
SELECT refusal(format('SELECT protaddr.decide_held(%s, ''reject'', ''again'')', nth(n))) FROM generate_series(5, 6) n;
SELECT protaddr.decide_held(nth(5), 'reject', 'wrong', again => true), protaddr.decide_held(nth(5), 'disclose', 'nobody is named', again => true);
SELECT n, status, action, reason, decided_by = session_user AS by, decided_at > held_at AS later, ended_at FROM waiting WHERE status <> 'held' ORDER BY n;
-- carrying out needs the rights on the table: who only decides has none
SELECT refusal(format('SELECT protaddr.carry_out_held(''payment'', %s)', nth(1))), refusal(format('SELECT protaddr.release_held(%s, ''withhold'', ''x'')', nth(7)));
SELECT count(*) FROM waiting WHERE status = 'held';
RESET ROLE;
SELECT held_id AS first FROM waiting WHERE n = 1 \gset
SET ROLE regress_hold_writer;
SELECT protaddr.carry_out_held('payment', :first), protaddr.carry_out_held('payment'), protaddr.carry_out_held('payment');
RESET ROLE;
SELECT refusal(format('SELECT protaddr.carry_out_held(''payment'', %s)', nth(n))) FROM unnest('{1,6,7}'::int[]) n;
SELECT refusal(s) FROM unnest(ARRAY['SELECT protaddr.carry_out_held(NULL)', 'SELECT protaddr.carry_out_held(''customer'')', 'SELECT protaddr.carry_out_held(''payment'', 99)', 'SELECT protaddr.carry_out_held(''protaddr.held'')']) WITH ORDINALITY u(s, n) ORDER BY n;
SELECT id, payer, payee, protaddr.show(home), note, twice, doc::text ~ 'Skjultvej' AS doc_tells, doc::text ~ '<TwnNm>' AS doc_town FROM payment ORDER BY id;
SELECT n, status, action, reason, ended_by = session_user AS by, ended_at >= decided_at AS later FROM waiting WHERE status NOT IN ('held', 'rejected') ORDER BY n;
SELECT disclosed_by = session_user AS by, channel, subjects, payer, relation::regclass, reason FROM protaddr.disclosure ORDER BY disclosed_at;

-- what was decided is decided of one payment: whatever else changes in the row, it stays
UPDATE payment SET note = 'sent';
SELECT refusal('UPDATE payment SET ' || s) FROM unnest(ARRAY['payer = ''6401704004'' WHERE doc IS NOT NULL', 'payer = ''6201704002'' WHERE payer = ''6401704004''', 'payee = ''STRANGER'' WHERE payer = ''6401704004'' OR doc IS NOT NULL', 'id = DEFAULT WHERE payer = ''6401704004''',
    'doc = replace(pacs(payer), ''Prøve'', ''Anden'')::xml WHERE doc IS NOT NULL', 'home = home(payer) WHERE payer = ''6401704004''', 'payee = payee, note = ''paid''']) WITH ORDINALITY u(s, n) ORDER BY n;
-- what was disclosed there is held in another row
INSERT INTO payment (payer, payee, home) SELECT payer, 'STRANGER', home FROM payment WHERE payer = '6401704004' AND home IS NOT NULL;
SELECT id, protaddr.show(home), note, doc IS NOT NULL AS doc FROM payment ORDER BY id;
SELECT * FROM protaddr.verify_gate('payment');
-- a gate that does not know the payee: then nothing that could name one may change
CREATE TABLE unknown_payee (id int PRIMARY KEY, payer text, whom text, home protaddr.address, sent boolean, sent_at timestamptz);
SELECT protaddr.install_gate('unknown_payee', 'psp_request', 'payer');
INSERT INTO unknown_payee VALUES (1, '6201704002', 'BANK', home('6201704002'));
SELECT protaddr.release_held(held_id, 'disclose', 'x') FROM protaddr.held_rows('unknown_payee');
SELECT refusal('UPDATE unknown_payee SET ' || s) FROM unnest('{whom = ''STRANGER'',"sent = true, sent_at = now()"}'::text[]) s;
DROP TABLE unknown_payee;
SELECT of_table, table_name, status FROM protaddr.held_rows() WHERE of_table IS NULL;

-- what the register says then still counts: who is free leaves whole, whatever is decided; not ready: nothing
INSERT INTO payment (payer, home) SELECT '6401704004', home('6401704004') FROM generate_series(1, 2);
SELECT max(n) AS last FROM waiting \gset
SELECT protaddr.lift('6401704004', 'manual', 'address');
SELECT protaddr.release_held(nth(:last), 'withhold', 'free');
SELECT protaddr.show(home) FROM payment ORDER BY id DESC LIMIT 1;
SELECT protaddr.protect('6401704004', 'manual', 'address');
SELECT protaddr.retire_register('DK-CPR');
SELECT protaddr.release_held(nth(:last - 1), 'disclose', 'now');
SELECT protaddr.confirm_register('DK-CPR');
SELECT home IS NULL AS withheld FROM payment WHERE id = (SELECT (row_key->>'id')::bigint FROM waiting WHERE n = :last - 1);

-- a row that cannot be stored stays held; so does one that a trigger takes away
CREATE FUNCTION in_the_way() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF current_setting('regress.way', true) = 'raise' THEN RAISE EXCEPTION 'in the way of %', NEW.payer; ELSIF current_setting('regress.way', true) = 'skip' THEN RETURN NULL;
    ELSIF current_setting('regress.way', true) = 'more' THEN PERFORM set_config('regress.way', '', false); INSERT INTO public.payment (payer, home) VALUES ('6201704002', public.home('6201704002'));
    ELSIF current_setting('regress.way', true) = 'other' THEN NEW.home := public.home('6401704004'); NEW.payer := '6401704004'; END IF; RETURN NEW; END $$;
CREATE TRIGGER in_the_way BEFORE INSERT ON payment FOR EACH ROW EXECUTE FUNCTION in_the_way();
INSERT INTO payment (payer, home) VALUES ('6201704002', home('6201704002'));
SELECT max(n) AS last FROM waiting \gset
SELECT set_config('regress.way', w, false), refusal(format('SELECT protaddr.release_held(%s, ''withhold'', ''x'')', nth(:last))) FROM unnest('{raise,skip,other}'::text[]) WITH ORDINALITY u(w, n) ORDER BY n;
SET regress.way = '';
ALTER TABLE payment ADD CONSTRAINT not_now CHECK (id < 0) NOT VALID;
SELECT refusal(format('SELECT protaddr.release_held(%s, ''withhold'', ''x'')', nth(:last)));
-- of several, one that cannot be carried out keeps none from its way
INSERT INTO payment (payer, home) VALUES ('6201704002', home('6201704002'));
SELECT protaddr.decide_held(nth(:last), 'withhold', 'x'), protaddr.decide_held(nth(:last + 1), 'withhold', 'x');
ALTER TABLE payment DROP CONSTRAINT not_now;
ALTER TABLE payment ADD CONSTRAINT not_this CHECK (id <> (0)) NOT VALID;
SELECT format('ALTER TABLE payment DROP CONSTRAINT not_this, ADD CONSTRAINT not_this CHECK (id <> %s) NOT VALID', row_key->>'id') FROM waiting WHERE n = :last \gexec
SET client_min_messages = error;
SELECT protaddr.carry_out_held('payment');
SET client_min_messages = notice;
SELECT n - :last AS n, status FROM waiting WHERE n >= :last ORDER BY n;
ALTER TABLE payment DROP CONSTRAINT not_this;
-- the decision is of one row: what a trigger inserts beside it is held like any other
SELECT count(*) AS rows, count(home) AS homes FROM payment \gset before_
SET regress.way = 'more';
SELECT protaddr.decide_held(nth(:last), 'disclose', 'one row', again => true), protaddr.carry_out_held('payment', nth(:last)) \g /dev/null
SELECT count(*) - :before_rows AS rows, count(home) - :before_homes AS homes FROM payment;
SELECT n - :last AS n, status FROM waiting WHERE n >= :last ORDER BY n;
RESET regress.way;
DROP TRIGGER in_the_way ON payment;

-- constraints that are deferred are checked at once
CREATE TABLE note (note text PRIMARY KEY);
INSERT INTO note VALUES ('known');
ALTER TABLE payment ADD CONSTRAINT noted FOREIGN KEY (note) REFERENCES note DEFERRABLE INITIALLY DEFERRED NOT VALID;
INSERT INTO payment (payer, home, note) VALUES ('6201704002', home('6201704002'), 'known'), ('6201704002', home('6201704002'), 'unknown');
SELECT max(n) AS last FROM waiting \gset
SELECT refusal(format('SELECT protaddr.release_held(%s, ''withhold'', ''x'')', nth(:last))) AS unknown, refusal(format('SELECT protaddr.release_held(%s, ''withhold'', ''x'')', nth(:last - 1))) AS known;
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
SELECT max(n) - :last AS held FROM waiting;

-- the table changes: a new column gets its default, one that is gone or of another type is refused
SELECT max(n) AS last FROM waiting \gset
ALTER TABLE payment ADD extra int DEFAULT 7;
SELECT protaddr.release_held(nth(:last), 'withhold', 'x');
SELECT payer, extra FROM payment WHERE id = (SELECT (row_key->>'id')::bigint FROM waiting WHERE n = :last);
INSERT INTO payment (payer, home, extra) VALUES ('6201704002', home('6201704002'), 8);
ALTER TABLE payment ALTER extra TYPE text;
SELECT refusal(format('SELECT protaddr.release_held(%s, ''withhold'', ''x'')', nth(:last + 1)));
ALTER TABLE payment DROP extra;
SELECT refusal(format('SELECT protaddr.release_held(%s, ''withhold'', ''x'')', nth(:last + 1)));
-- another gate does not let it leave; the table may go, and what is held stays
SELECT protaddr.remove_gate('payment');
SELECT refusal(format('SELECT protaddr.release_held(%s, ''withhold'', ''x'')', nth(:last + 1)));
SET client_min_messages = warning;
SELECT protaddr.install_gate('payment', 'psp_request', 'payer', messages => '{"doc":"xml"}');
SET client_min_messages = notice;
SELECT refusal(format('SELECT protaddr.release_held(%s, ''withhold'', ''x'')', nth(:last + 1)));
DROP TABLE payment;
SELECT refusal(format('SELECT protaddr.release_held(%s, ''withhold'', ''x'')', nth(:last + 1)));
SELECT protaddr.decide_held(nth(:last + 1), 'reject', 'the table is gone');
SELECT of_table, table_name, status, count(*) FROM protaddr.held_rows() GROUP BY 1, 2, 3 ORDER BY 2, 3;

-- partitions are held for the table on top; names that need quotes, and of 63 bytes
CREATE TABLE "Ælte ""x"" æøåæøåæøåæøåæøåæøåæøåæøøåæ" ("a column" int, "who?" text, "where?" protaddr.address) PARTITION BY LIST ("a column");
CREATE TABLE part_1 ("where?" protaddr.address, gone int, "who?" text, "a column" int);
ALTER TABLE part_1 DROP gone;
ALTER TABLE "Ælte ""x"" æøåæøåæøåæøåæøåæøåæøåæøøåæ" ATTACH PARTITION part_1 FOR VALUES IN (1);
CREATE TABLE part_2 PARTITION OF "Ælte ""x"" æøåæøåæøåæøåæøåæøåæøåæøøåæ" FOR VALUES IN (2);
SELECT protaddr.install_gate('"Ælte ""x"" æøåæøåæøåæøåæøåæøåæøåæøøåæ"', 'psp_request', 'who?');
INSERT INTO "Ælte ""x"" æøåæøåæøåæøåæøåæøåæøåæøøåæ" SELECT n, '6201704002', home('6201704002') FROM generate_series(1, 2) n;
INSERT INTO part_1 ("a column", "who?", "where?") VALUES (1, '6201704002', home('6201704002'));
SELECT max(n) AS last FROM waiting \gset
SELECT of_table, table_name, status FROM waiting WHERE n > :last - 3 ORDER BY n;
SELECT refusal('SELECT protaddr.carry_out_held(''part_1'', 1)');
SELECT protaddr.release_held(nth(n), 'minimum', 'x') FROM unnest(ARRAY[:last, :last - 2]) n;
UPDATE "Ælte ""x"" æøåæøåæøåæøåæøåæøåæøåæøøåæ" SET "a column" = 2;
SELECT tableoid::regclass, "who?", protaddr.show("where?") FROM "Ælte ""x"" æøåæøåæøåæøåæøåæøåæøåæøøåæ";
DROP TABLE "Ælte ""x"" æøåæøåæøåæøåæøåæøåæøåæøøåæ";

-- a gate on one partition alone, and on a tree below
CREATE TABLE tree (id int, payer text, home protaddr.address) PARTITION BY LIST (id);
CREATE TABLE branch PARTITION OF tree FOR VALUES IN (1, 2) PARTITION BY LIST (id);
CREATE TABLE leaf PARTITION OF branch FOR VALUES IN (1, 2);
SELECT protaddr.install_gate('branch', 'psp_request', 'payer');
INSERT INTO tree SELECT n, '6201704002', home('6201704002') FROM generate_series(1, 2) n;
SELECT refusal('SELECT protaddr.carry_out_held(''leaf'', 1)'), refusal('SELECT protaddr.carry_out_held(''tree'', 1)');
SELECT protaddr.release_held(nth(min(n)), 'minimum', 'x') FROM waiting WHERE of_table = 'branch'::regclass;
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
SELECT protaddr.release_held(held_id, 'withhold', 'x') FROM protaddr.held_rows('mixed');
SELECT payer, protaddr.show(a) AS a, protaddr.show(b) AS b FROM mixed;
SELECT count(*) - :disclosed AS disclosed FROM protaddr.disclosure;

-- a message that nobody can read has an exit, on record
SELECT protaddr.set_channel('mixed', when_unreadable => 'hold', legal_basis => 'none but this test');
CREATE TABLE unread (id int PRIMARY KEY, payer text, doc text);
SELECT protaddr.install_gate('unread', 'mixed', 'payer', messages => '{"doc":"xml"}');
INSERT INTO unread VALUES (1, '6201704002', '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"><not closed');
SELECT refusal(format('SELECT protaddr.release_held(%s, ''withhold'', ''x'')', held_id)) FROM protaddr.held_rows('unread');
SELECT protaddr.release_held(held_id, 'disclose', 'looked at by hand') FROM protaddr.held_rows('unread');
SELECT id, doc IS NOT NULL AS there FROM unread;
SELECT subjects, payer, reason FROM protaddr.disclosure WHERE relation = 'public.unread';
UPDATE unread SET id = id;
-- of a payer who is protected only since then it was not decided
INSERT INTO unread VALUES (2, '6101704001', '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"><not closed');
SELECT protaddr.decide_held(held_id, 'disclose', 'looked at by hand') FROM protaddr.held_rows('unread') WHERE status = 'held';
SELECT protaddr.protect('6101704001', 'manual', 'address');
SELECT refusal(format('SELECT protaddr.carry_out_held(''unread'', %s)', held_id)) FROM protaddr.held_rows('unread') WHERE status = 'decided';
SELECT protaddr.decide_held(held_id, 'disclose', 'looked at again', again => true) FROM protaddr.held_rows('unread') WHERE status = 'decided';
SELECT protaddr.carry_out_held('unread');
SELECT protaddr.lift('6101704001', 'manual', 'address');
SELECT * FROM protaddr.verify_gate('unread');
DROP TABLE unread;

SET client_min_messages = warning;
DROP FUNCTION home, nth;
DROP EXTENSION protaddr CASCADE;
DROP TABLE customer, mixed CASCADE;
DROP FUNCTION refusal, pacs, in_the_way;
REVOKE CREATE ON SCHEMA public FROM regress_hold_owner;
DROP ROLE regress_hold_owner, regress_hold_writer, regress_hold_officer;
