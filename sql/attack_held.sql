--
-- Can anybody reach a held row, forge a decision on it, or have code run with rights
-- that who carries it out lacks?
--
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION protaddr;
CREATE ROLE regress_held_owner;
CREATE ROLE regress_held_writer;
CREATE ROLE regress_held_officer;
CREATE ROLE regress_held_job;
CREATE ROLE regress_held_all IN ROLE pg_read_all_data, pg_write_all_data;
CREATE FUNCTION refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text; hint text; context text;
BEGIN
    EXECUTE statement;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT, context = PG_EXCEPTION_CONTEXT;
    RETURN regexp_replace(concat_ws(' ', SQLSTATE, SQLERRM, '(' || nullif(detail, '') || ')', CASE WHEN SQLERRM || detail || hint || context ~* 'qxkanarie|to nobody' THEN 'TELLS' END), '\d{9,}', 'N', 'g');
END
$$;
CREATE FUNCTION back(VARIADIC statements text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE said text; statement text;
BEGIN
    BEGIN
        FOREACH statement IN ARRAY statements LOOP
            said := refusal(statement);
            EXIT WHEN said <> 'accepted';
        END LOOP;
        RAISE EXCEPTION USING ERRCODE = 'P0099';
    EXCEPTION WHEN SQLSTATE 'P0099' THEN RETURN said;
    END;
END
$$;
CREATE TABLE customer (cpr text PRIMARY KEY, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', 'cpr') \g /dev/null
INSERT INTO customer VALUES ('6101704001', 'Frivej 1'), ('6201704002', '{"StrtNm":"Qxkanariegade","BldgNb":"4711","TwnNm":"Zyzbyen","Ctry":"DK"}');
SELECT persons, protected FROM protaddr.load_register('DK-CPR', '[{"subject": "6101704001", "protections": []}, {"subject": "6201704002", "protections": [{"code": "0001"}]}]');
CREATE FUNCTION doc(dbtr text) RETURNS xml LANGUAGE sql AS $$
SELECT ('<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"><FIToFICstmrCdtTrf><CdtTrfTxInf><IntrBkSttlmAmt Ccy="EUR">5000</IntrBkSttlmAmt><Dbtr><Nm>X</Nm><PstlAdr><StrtNm>' || CASE WHEN dbtr IN ('6101704001', '6301704003') THEN 'Frimodtsvej' ELSE 'Qxkanariegade' END || '</StrtNm><BldgNb>4711</BldgNb><TwnNm>Zyzbyen</TwnNm><Ctry>DK</Ctry></PstlAdr>'
    '<Id><PrvtId><Othr><Id>' || dbtr || '</Id></Othr></PrvtId></Id></Dbtr></CdtTrfTxInf></FIToFICstmrCdtTrf></Document>')::xml $$;
GRANT EXECUTE ON FUNCTION protaddr.install_gate, protaddr.remove_gate, protaddr.gate_row, protaddr.gate_check TO regress_held_owner;
GRANT EXECUTE ON FUNCTION protaddr.decide_held, protaddr.release_held, protaddr.held_rows TO regress_held_officer;
GRANT EXECUTE ON FUNCTION protaddr.carry_out_held TO regress_held_job, regress_held_writer;
GRANT CREATE ON SCHEMA public TO regress_held_owner, regress_held_writer, regress_held_job;
GRANT SELECT ON customer TO PUBLIC;
SET ROLE regress_held_owner;
CREATE TABLE payment (id bigint PRIMARY KEY, payer text, payee text, home protaddr.address, doc xml, note text);
SELECT protaddr.install_gate('payment', 'psp_request', 'payer', payee => 'payee', messages => '{"doc":"xml"}');
GRANT ALL ON payment TO regress_held_writer;
GRANT INSERT, UPDATE ON payment TO regress_held_job;
RESET ROLE;
CREATE VIEW waiting AS SELECT (row_key->>'id')::int AS id, h.* FROM protaddr.held_rows() h;
CREATE FUNCTION held(int) RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT held_id FROM public.waiting WHERE id = $1 ORDER BY held_at DESC LIMIT 1';

-- a role that may put triggers on the table: they run as who writes it, and nobody else
SET ROLE regress_held_writer;
CREATE FUNCTION seize() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF current_user <> 'regress_held_writer' THEN EXECUTE 'ALTER ROLE regress_held_writer SUPERUSER'; END IF; RETURN NEW; END $$;
CREATE TRIGGER aaa BEFORE INSERT ON payment FOR EACH ROW EXECUTE FUNCTION seize();
CREATE TRIGGER aab AFTER INSERT ON payment FOR EACH ROW EXECUTE FUNCTION seize();
SELECT refusal('CREATE TRIGGER aaa AFTER INSERT ON protaddr.held FOR EACH ROW EXECUTE FUNCTION seize()');
INSERT INTO payment VALUES (1, '6201704002', 'BANK', (SELECT home FROM customer WHERE cpr = '6201704002'), doc('6201704002'), 'a note to nobody');
RESET ROLE;
SET ROLE regress_held_officer;
SELECT refusal(format('SELECT protaddr.release_held(%s, ''withhold'', ''x'')', held(1)));
SELECT protaddr.decide_held(held(1), 'withhold', 'x');
SET ROLE regress_held_job;
SELECT refusal(format('SELECT protaddr.carry_out_held(''payment'', %s)', held(1)));
SET ROLE regress_held_writer;
SELECT refusal(format('SELECT protaddr.carry_out_held(''payment'', %s)', held(1)));
RESET ROLE;
SELECT rolsuper FROM pg_roles WHERE rolname = 'regress_held_writer';
SELECT id, home IS NULL AS home, doc::text ~ 'Qxkanarie' AS doc FROM payment;
DROP TRIGGER aaa ON payment;
DROP TRIGGER aab ON payment;

-- names that the owner's trigger does not qualify are the table's, whatever the caller has put in their way
SET ROLE regress_held_owner;
CREATE TABLE audit_log (id bigint, doc text);
CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO audit_log VALUES (NEW.id, NEW.doc); RETURN NEW; END $$;
CREATE TRIGGER audit BEFORE INSERT ON payment FOR EACH ROW EXECUTE FUNCTION audit();
GRANT INSERT ON audit_log TO regress_held_job, regress_held_writer;
SET ROLE regress_held_writer;
INSERT INTO payment VALUES (2, '6201704002', 'BANK', NULL, doc('6201704002'), NULL);
SET ROLE regress_held_officer;
SELECT protaddr.decide_held(held(2), 'withhold', 'x');
RESET ROLE;
CREATE SCHEMA hostile AUTHORIZATION regress_held_job;
SET ROLE regress_held_job;
CREATE TEMP TABLE audit_log (id bigint, doc text);
CREATE TABLE hostile.audit_log (id bigint, doc text);
CREATE TEMP TABLE protaddr_held_row (id bigint, payer text, payee text, home protaddr.address, doc xml, note text);
CREATE TEMP TABLE payment (id bigint, payer text, payee text, home protaddr.address, doc xml, note text);
SET search_path = hostile, pg_temp, public;
SET debug_print_plan = on;
SELECT protaddr.carry_out_held('public.payment', held(2));
RESET debug_print_plan;
RESET search_path;
RESET ROLE;
SELECT (SELECT count(*) FROM pg_temp.audit_log) AS temp, (SELECT count(*) FROM hostile.audit_log) AS hostile, (SELECT count(*) FROM public.audit_log) AS owners, (SELECT count(*) FROM public.payment) AS paid;
DROP TABLE pg_temp.audit_log, pg_temp.protaddr_held_row, pg_temp.payment;
DROP SCHEMA hostile CASCADE;
DROP TRIGGER audit ON payment;

-- held rows are out of the owner's reach, and of whoever may read and write all data
INSERT INTO payment SELECT 2 + n, cpr, 'BANK', home, NULL, 'a note to nobody' FROM customer, generate_series(1, 4) n WHERE cpr = '6201704002';
CREATE TABLE attempts (n int, statement text);
INSERT INTO attempts VALUES (1, 'DELETE FROM protaddr.held'), (2, 'TRUNCATE protaddr.held'), (3, 'UPDATE protaddr.held SET payee = ''STRANGER'''), (4, 'ALTER TABLE protaddr.held DISABLE TRIGGER ALL'), (5, 'DROP TABLE protaddr.held'),
    (6, 'INSERT INTO protaddr.held SELECT 7, held_at, held_by, relation, operation, mode, row_key, channel, payer, payee, amount, currency, why, place, sealed FROM protaddr.held'), (7, 'DELETE FROM protaddr.held_decision'), (8, 'UPDATE protaddr.held_decision SET reason = ''x'''),
    (9, 'INSERT INTO protaddr.held_decision VALUES (1, 1, NULL, ''release'', ''disclose'', ''x'', now(), ''x'', NULL, ''\x00'')'), (10, 'SELECT 1 FROM protaddr.held FOR UPDATE'), (11, 'CREATE TRIGGER s BEFORE INSERT ON protaddr.held FOR EACH STATEMENT EXECUTE FUNCTION seize()'), (12, 'SELECT protaddr.install_gate(''protaddr.held'', ''sepa'', ''payer'')');
GRANT SELECT ON attempts TO PUBLIC;
SET ROLE regress_held_owner;
SELECT n, refusal(statement) FROM attempts ORDER BY n;
SET ROLE regress_held_all;
SELECT n, refusal(statement) FROM attempts WHERE n NOT IN (2, 4, 5, 11, 12) ORDER BY n;
RESET ROLE;
SET session_replication_role = replica;
SELECT n, refusal(statement) FROM attempts WHERE n IN (1, 2, 3, 7, 8) ORDER BY n;
RESET session_replication_role;
-- a superuser who takes the triggers away: what he has changed or made counts for nothing
SELECT n, back('ALTER TABLE protaddr.held DISABLE TRIGGER ALL', statement, format('SELECT protaddr.release_held(%s, ''disclose'', ''x'')', held(3))) FROM (VALUES (1, 'UPDATE protaddr.held SET payee = ''STRANGER'''), (2, 'UPDATE protaddr.held SET channel = ''sepa'''), (3, 'UPDATE protaddr.held SET why = ''court order'''), (4, 'UPDATE protaddr.held SET held_by = ''x'''),
    (5, 'UPDATE protaddr.held SET mode = ''in place'''), (6, 'UPDATE protaddr.held SET row_key = ''{"id": "9"}'''), (7, 'UPDATE protaddr.held SET amount = 1'), (8, 'UPDATE protaddr.held SET held_at = now()'), (9, 'UPDATE protaddr.held h SET sealed = o.sealed FROM protaddr.held o WHERE o.held_id = held(4)'),
    (10, 'UPDATE protaddr.held SET sealed = ''\x80'''), (11, 'UPDATE protaddr.held h SET sealed = d.sealed FROM protaddr.held_decision d'), (12, 'UPDATE protaddr.held SET relation = ''public.customer'''), (13, 'SELECT 1')) a(n, statement) ORDER BY n;
BEGIN;
ALTER TABLE protaddr.held DISABLE TRIGGER ALL;
UPDATE protaddr.held SET payee = 'STRANGER' WHERE held_id = held(3);
SELECT id, payee, status FROM waiting WHERE id > 2 ORDER BY id;
ROLLBACK;
-- forged decisions, and true ones that were moved
SELECT n, back(statement, format('SELECT protaddr.carry_out_held(''payment'', %s)', held(3))) FROM (VALUES (1, format('INSERT INTO protaddr.held_decision VALUES (1, %s, NULL, ''release'', ''disclose'', ''x'', now(), ''x'', NULL, ''\x00'')', held(3))),
    (2, format('INSERT INTO protaddr.held_decision SELECT 1, %s, NULL, what, action, reason, decided_at, decided_by, covers, sealed FROM protaddr.held_decision WHERE what = ''release'' LIMIT 1', held(3))),
    (3, format('INSERT INTO protaddr.held_decision SELECT 1, %s, NULL, ''release'', ''disclose'', ''x'', now(), ''x'', NULL, sealed FROM protaddr.held WHERE held_id = %s', held(3), held(3)))) a(n, statement) ORDER BY n;
-- one that says otherwise by now
SELECT protaddr.decide_held(held(3), 'withhold', 'x');
BEGIN;
ALTER TABLE protaddr.held_decision DISABLE TRIGGER ALL;
UPDATE protaddr.held_decision SET action = 'disclose' WHERE held_id = held(3);
SELECT id, status, action FROM waiting WHERE id = 3;
SELECT refusal(format('SELECT protaddr.carry_out_held(''payment'', %s)', held(3)));
ROLLBACK;
-- a second time, with the act of the first one taken away
SELECT protaddr.carry_out_held('payment', held(3));
BEGIN;
ALTER TABLE protaddr.held_decision DISABLE TRIGGER ALL;
DELETE FROM protaddr.held_decision WHERE held_id = held(3) AND what = 'release';
SELECT refusal(format('SELECT protaddr.decide_held(%s, ''disclose'', ''x'')', held(3)));
ROLLBACK;
-- a message that left whole, whose decision is forged, is found and leaves no more
INSERT INTO payment VALUES (20, '6101704001', 'BANK', NULL, doc('6101704001'), NULL);
SELECT protaddr.protect('6101704001', 'manual', 'address');
INSERT INTO protaddr.held_decision SELECT 99, 99, NULL, 'carry out', NULL, NULL, now(), 'x', covers, sealed FROM protaddr.held_decision WHERE what = 'carry out' LIMIT 1;
SELECT column_name, problem FROM protaddr.verify_gate('payment');
SELECT refusal('UPDATE payment SET note = ''x'' WHERE id = 20');
DELETE FROM payment WHERE id = 20;
SELECT protaddr.lift('6101704001', 'manual', 'address');

-- a gate that reads the columns otherwise does not let leave what another one has held
SELECT a, back('SELECT protaddr.remove_gate(''payment'')', 'SELECT protaddr.install_gate(''payment'', ' || a || ')', format('SELECT protaddr.release_held(%s, ''disclose'', ''x'')', held(4))) FROM unnest(ARRAY['''psp_request'', ''note'', payee => ''payee'', messages => ''{"doc":"xml"}''', '''psp_request'', ''payer'', payee => ''note'', messages => ''{"doc":"xml"}''',
    '''sepa'', ''payer'', payee => ''payee'', messages => ''{"doc":"xml"}''', '''psp_request'', ''payer'', payee => ''payee'', persons => ''{"home":"note"}'', messages => ''{"doc":"xml"}''', '''psp_request'', ''payer'', payee => ''payee'', messages => ''{"doc":"xml"}''']) WITH ORDINALITY u(a, n) ORDER BY n;
-- nor is a decision of another row than the one that was held
SELECT home AS hers FROM customer WHERE cpr = '6201704002' \gset
SELECT a, back('CREATE FUNCTION pg_temp.f() RETURNS trigger LANGUAGE plpgsql AS $f$BEGIN ' || replace(a, 'hers', quote_literal(:'hers')) || '; RETURN NEW; END$f$', 'CREATE TRIGGER aaa BEFORE INSERT ON payment FOR EACH ROW EXECUTE FUNCTION pg_temp.f()', format('SELECT protaddr.release_held(%s, ''disclose'', ''x'')', held(4))) AS told
FROM unnest(ARRAY['NEW.home := hers', 'NEW.home := NULL', 'NEW.payer := $$6101704001$$', 'NEW.payee := $$STRANGER$$', 'NEW.doc := $$<a/>$$', 'NEW.note := $$x$$', 'IF NEW.id < 99 THEN INSERT INTO public.payment VALUES (99, NEW.payer, $$STRANGER$$, NEW.home); END IF']) WITH ORDINALITY u(a, n) ORDER BY n;
-- a trigger that copies it into another gated table takes no decision along
CREATE TABLE copied (id bigint PRIMARY KEY, payer text, home protaddr.address);
SELECT protaddr.install_gate('copied', 'psp_request', 'payer');
CREATE FUNCTION copy_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO copied VALUES (NEW.id, NEW.payer, NEW.home); RETURN NEW; END $$;
CREATE TRIGGER copy_it AFTER INSERT ON payment FOR EACH ROW EXECUTE FUNCTION copy_it();
SELECT protaddr.release_held(held(4), 'disclose', 'x');
SELECT table_name, status, action FROM waiting WHERE id = 4 ORDER BY 1;
SELECT protaddr.show(home), (SELECT count(*) FROM copied) AS copied FROM payment WHERE id = 4;
DROP TABLE copied;
DROP FUNCTION copy_it CASCADE;

-- who carries out is not told what is in a row that cannot be stored
CREATE TYPE kind AS ENUM ('to nobody', 'other');
CREATE DOMAIN short AS text CHECK (VALUE <> '');
CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION USING MESSAGE = 'no ' || NEW.note || NEW.doc::text, DETAIL = NEW.note, HINT = NEW.note, ERRCODE = '23PA2'; END $$;
CREATE TABLE checked (id integer UNIQUE CHECK (id < 5), payer text, note text, home protaddr.address, kind kind, short short, doc xml);
SELECT protaddr.install_gate('checked', 'psp_request', 'payer', messages => '{"doc":"xml"}');
INSERT INTO checked VALUES (9, '6201704002', 'a note to nobody', NULL, NULL, NULL, doc('6201704002')), (1, '6201704002', 'a note to nobody', NULL, 'to nobody', 'to nobody', doc('6201704002'));
INSERT INTO checked VALUES (1, '6201704002');
CREATE VIEW of_checked AS SELECT row_number() OVER (ORDER BY held_at) AS n, held_id FROM protaddr.held_rows('checked');
SELECT protaddr.decide_held(held_id, 'withhold', 'x') FROM of_checked;
SELECT n, refusal(format('SELECT protaddr.carry_out_held(''checked'', %s)', held_id)) FROM of_checked ORDER BY n;
SELECT a, back(a, (SELECT format('SELECT protaddr.carry_out_held(''checked'', %s)', held_id) FROM of_checked WHERE n = 2)) FROM unnest(ARRAY['ALTER TYPE kind RENAME VALUE ''to nobody'' TO ''x''', 'ALTER DOMAIN short ADD CHECK (VALUE <> ''to nobody'') NOT VALID', 'CREATE TRIGGER aaa BEFORE INSERT ON checked FOR EACH ROW EXECUTE FUNCTION shout()', 'DELETE FROM checked; CREATE TRIGGER zzzz AFTER INSERT ON checked FOR EACH ROW EXECUTE FUNCTION shout()',
    'DELETE FROM checked; CREATE CONSTRAINT TRIGGER late AFTER INSERT ON checked DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION shout()', 'ALTER TABLE checked ALTER note TYPE varchar(3) USING NULL', 'ALTER TABLE checked ADD CHECK ((1 / (length(note) - 16)) = 0) NOT VALID', 'ALTER TABLE checked ADD UNIQUE (note)', 'ALTER TABLE checked ALTER note SET NOT NULL']) WITH ORDINALITY u(a, n) ORDER BY n;
DROP TABLE checked CASCADE;
DROP TYPE kind;
DROP DOMAIN short;

-- nor by what is put off until the end, on a partition or where a trigger writes; and what the caller puts off stays so
CREATE TABLE parted (id int, day int, payer text, payee text, note text, home protaddr.address, PRIMARY KEY (id, day)) PARTITION BY LIST (day);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1);
SELECT protaddr.install_gate('parted', 'psp_request', 'payer', payee => 'payee');
INSERT INTO parted VALUES (1, 1, '6201704002', 'BANK', 'a note to nobody', NULL), (2, 1, '6201704002', 'BANK', 'a note to nobody', NULL);
INSERT INTO parted SELECT n, 1, cpr, 'BANK', 'a note to nobody', home FROM customer, generate_series(3, 4) n WHERE cpr = '6201704002';
CREATE FUNCTION of_odd() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.id % 2 = 1 THEN RAISE EXCEPTION 'no %', NEW.note; END IF; RETURN NULL; END $$;
CREATE TABLE copies (id int, note text);
CREATE FUNCTION to_copies() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.copies VALUES (NEW.id, NEW.note); RETURN NULL; END $$;
SELECT protaddr.decide_held(held_id, 'withhold', 'x') FROM protaddr.held_rows('parted');
\set VERBOSITY sqlstate
BEGIN;
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON parted_1 DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION of_odd();
SELECT protaddr.carry_out_held('parted');
SET CONSTRAINTS ALL IMMEDIATE;
ROLLBACK;
BEGIN;
CREATE TRIGGER to_copies AFTER INSERT ON parted FOR EACH ROW EXECUTE FUNCTION to_copies();
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON copies DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION of_odd();
SELECT protaddr.carry_out_held('parted');
SET CONSTRAINTS ALL IMMEDIATE;
ROLLBACK;
\set VERBOSITY terse
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (id int REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
BEGIN;
INSERT INTO child VALUES (1);
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON parted_1 DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.id = 1) EXECUTE FUNCTION of_odd();
SELECT protaddr.carry_out_held('parted');
INSERT INTO child VALUES (2);
INSERT INTO parent VALUES (1), (2);
COMMIT;
SELECT id, day, note, home IS NULL AS home FROM parted ORDER BY id;
DROP TABLE parted, copies, parent, child;
DROP FUNCTION of_odd, to_copies;

-- a row that waits in place: what took its place is another payment
CREATE TABLE in_place (id int PRIMARY KEY, payer text, payee text, home protaddr.address, status text);
SELECT protaddr.install_gate('in_place', 'psp_request', 'payer', payee => 'payee', hold_column => 'status', hold_value => 'held');
INSERT INTO in_place SELECT 101, cpr, 'BANK', home, 'new' FROM customer WHERE cpr = '6201704002';
SELECT protaddr.decide_held(held(101), 'disclose', 'x');
SELECT a, back(a, format('SELECT protaddr.carry_out_held(''in_place'', %s)', held(101))) FROM unnest(ARRAY['DELETE FROM in_place', 'DELETE FROM in_place; INSERT INTO in_place VALUES (101, ''6201704002'', ''STRANGER'', NULL, ''held'')', 'DELETE FROM in_place; INSERT INTO in_place VALUES (101, ''6201704002'', ''BANK'', NULL, ''new'')', 'UPDATE in_place SET payee = ''STRANGER''',
    'UPDATE in_place SET id = 102', 'UPDATE in_place SET payer = ''6101704001''', 'UPDATE in_place SET status = ''sent''', 'ALTER TABLE in_place ADD CHECK (status = ''held'') NOT VALID', 'UPDATE in_place SET status = ''held''']) WITH ORDINALITY u(a, n) ORDER BY n;
SELECT back('CREATE FUNCTION pg_temp.f() RETURNS trigger LANGUAGE plpgsql AS $f$BEGIN NEW.payee := $$STRANGER$$; RETURN NEW; END$f$', 'CREATE TRIGGER aaa BEFORE UPDATE ON in_place FOR EACH ROW EXECUTE FUNCTION pg_temp.f()', format('SELECT protaddr.carry_out_held(''in_place'', %s)', held(101)));

-- without a payee column any column may say who is paid: a decision is of one payment all the same
CREATE TABLE whoever (id int PRIMARY KEY, payer text, iban text, amount numeric(12, 2), at date, home protaddr.address, status text);
SELECT protaddr.install_gate('whoever', 'psp_request', 'payer');
INSERT INTO whoever SELECT 201, cpr, 'BANK', 100.49, '2026-01-01', home, 'new' FROM customer WHERE cpr = '6201704002';
SELECT a, back('CREATE FUNCTION pg_temp.f() RETURNS trigger LANGUAGE plpgsql AS $f$BEGIN ' || a || '; RETURN NEW; END$f$', 'CREATE TRIGGER aaa BEFORE INSERT ON whoever FOR EACH ROW EXECUTE FUNCTION pg_temp.f()', format('SELECT protaddr.release_held(%s, ''disclose'', ''x'')', held(201)))
FROM unnest(ARRAY['NEW.iban := $$STRANGER$$', 'NEW.iban := NULL', 'NEW.id := 202', 'NEW.amount := 100.5', 'NEW.at := NULL']) WITH ORDINALITY u(a, n) ORDER BY n;
-- a type that came to hold less, a column that came later
SELECT a, back('SELECT protaddr.remove_gate(''whoever'')', 'ALTER TABLE whoever ' || a, 'SELECT protaddr.install_gate(''whoever'', ''psp_request'', ''payer'')', format('SELECT protaddr.release_held(%s, ''disclose'', ''x'')', held(201)))
FROM unnest(ARRAY['ALTER amount TYPE numeric(12)', 'ALTER amount TYPE numeric(14, 2)', 'ADD later text DEFAULT ''x''']) WITH ORDINALITY u(a, n) ORDER BY n;
SELECT protaddr.remove_gate('whoever');
SELECT protaddr.install_gate('whoever', 'psp_request', 'payer', hold_column => 'status', hold_value => 'held');
-- in place: another row in its place, and an upsert that keeps whom the row pays
INSERT INTO whoever SELECT 211, cpr, 'BANK', 1, NULL, home, 'new' FROM customer WHERE cpr = '6201704002';
SELECT back('DELETE FROM whoever', 'INSERT INTO whoever VALUES (211, ''6201704002'', ''STRANGER'', 1, NULL, NULL, ''held'')', format('SELECT protaddr.release_held(%s, ''disclose'', ''x'')', held(211)));
INSERT INTO whoever VALUES (212, '6201704002', 'STRANGER', 1, NULL, NULL, 'new');
INSERT INTO whoever SELECT 212, cpr, 'BANK', 1, NULL, home, 'new' FROM customer WHERE cpr = '6201704002' ON CONFLICT (id) DO UPDATE SET home = EXCLUDED.home, status = EXCLUDED.status;
SELECT operation, status FROM waiting WHERE id = 212;
SELECT protaddr.release_held(held(212), 'minimum', 'as it stands');
SELECT iban, protaddr.show(home), status FROM whoever WHERE id = 212;
-- of several that an INSERT proposes with one key, the one that is stored waits
CREATE TABLE once (id int PRIMARY KEY, ref text UNIQUE, payer text, payee text, home protaddr.address, status text);
SELECT protaddr.install_gate('once', 'psp_request', 'payer', payee => 'payee', hold_column => 'status', hold_value => 'held');
INSERT INTO once VALUES (220, 'taken', '6101704001', 'X', NULL, 'new');
INSERT INTO once SELECT 221, ref, cpr, payee, home, 'new' FROM customer, unnest('{taken,b,c}'::text[], '{A,B,C}'::text[]) v(ref, payee) WHERE cpr = '6201704002' ON CONFLICT DO NOTHING;
SELECT id, ref, payee, status FROM once WHERE status = 'held';
SELECT payee, status FROM waiting WHERE id = 221;
SELECT protaddr.release_held(held(221), 'minimum', 'x');
SELECT payee, protaddr.show(home), status FROM once WHERE id = 221;

-- a row that an upsert meets by another key than its place does not wait with nothing held
INSERT INTO once SELECT 222, 'taken', cpr, 'Z', home, 'new' FROM customer WHERE cpr = '6201704002' ON CONFLICT (ref) DO UPDATE SET payer = EXCLUDED.payer, payee = EXCLUDED.payee, home = EXCLUDED.home, status = EXCLUDED.status;
INSERT INTO once SELECT 220, 'taken', cpr, 'Z', home, 'new' FROM customer WHERE cpr = '6201704002' ON CONFLICT (ref) DO UPDATE SET payer = EXCLUDED.payer, payee = EXCLUDED.payee, home = EXCLUDED.home, status = EXCLUDED.status;
SELECT id, ref, payee, home IS NULL AS home, status FROM once WHERE id <> 221;
SELECT id, payee, status FROM waiting WHERE id IN (220, 222);

-- who was protected after the decision was not decided on
CREATE TABLE since (id int PRIMARY KEY, payer text, payee text, home protaddr.address, doc xml);
SELECT protaddr.install_gate('since', 'psp_request', 'payer', payee => 'payee', messages => '{"doc":"xml"}');
INSERT INTO customer VALUES ('6301704003', 'Senvej 3'), ('C-304', 'Senvej 4');
INSERT INTO since SELECT CASE cpr WHEN 'C-304' THEN 242 ELSE 241 END, cpr, 'BANK', home FROM customer WHERE home IS NOT NULL AND cpr IN ('6301704003', 'C-304');
INSERT INTO since VALUES (243, '6301704003', 'BANK', NULL, doc('6301704003')), (244, '6301704003', 'BANK', (SELECT home FROM customer WHERE cpr = '6301704003'), NULL);
SELECT id, why FROM waiting WHERE id BETWEEN 241 AND 244 ORDER BY id;
SELECT protaddr.decide_held(held_id, CASE id WHEN 244 THEN 'withhold' ELSE 'disclose' END, 'nobody has protected them') FROM waiting WHERE id BETWEEN 241 AND 244 \g /dev/null
SELECT protaddr.protect('6301704003', 'DK-CPR', '0001') \g /dev/null
SELECT protaddr.link_identity('C-304', '6201704002') \g /dev/null
SELECT id, refusal(format('SELECT protaddr.carry_out_held(''since'', %s)', held_id)) FROM waiting WHERE id BETWEEN 241 AND 244 ORDER BY id;
SELECT protaddr.decide_held(held_id, 'disclose', 'a court order', again => true) FROM waiting WHERE id BETWEEN 241 AND 243 \g /dev/null
SELECT protaddr.carry_out_held('since');
SELECT id, protaddr.show(home), doc::text ~ 'Qxkanarie' AS doc FROM since ORDER BY id;
SELECT * FROM protaddr.verify_gate('since');
DROP TABLE since;

-- a trigger gives its error what code it likes: its words are not told
CREATE TABLE coded (id int PRIMARY KEY, payer text, note text, home protaddr.address, doc xml);
SELECT protaddr.install_gate('coded', 'psp_request', 'payer', messages => '{"doc":"xml"}');
INSERT INTO coded SELECT 231, cpr, 'a note to nobody', home, doc(cpr) FROM customer WHERE cpr = '6201704002';
CREATE FUNCTION coded() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION USING MESSAGE = 'no ' || NEW.note || NEW.doc::text, DETAIL = NEW.note, HINT = NEW.note, ERRCODE = TG_ARGV[0]; END $$;
SELECT protaddr.decide_held(held(231), 'withhold', 'x');
SELECT code, back(format('CREATE TRIGGER aaa BEFORE INSERT ON coded FOR EACH ROW EXECUTE FUNCTION coded(%L)', code), format('SELECT protaddr.carry_out_held(''coded'', %s)', held(231)))
FROM unnest('{40001,53200,23PA1,55PA1,42501}'::text[]) WITH ORDINALITY u(code, n) ORDER BY n;
-- an error that ends all of it ends the statement and nothing else: no subtransaction stays open
GRANT INSERT (id) ON coded TO regress_held_job;
SET ROLE regress_held_job;
SELECT protaddr.carry_out_held('coded');
RESET ROLE;
CREATE TRIGGER aaa BEFORE INSERT ON coded FOR EACH ROW EXECUTE FUNCTION coded('57014');
\set VERBOSITY sqlstate
SELECT protaddr.carry_out_held('coded');
\set VERBOSITY terse
SELECT 'the session goes on' AS then;
BEGIN;
\set VERBOSITY sqlstate
SELECT protaddr.carry_out_held('coded');
\set VERBOSITY terse
ROLLBACK;
SELECT 'the session goes on' AS then;
DROP TABLE whoever, once, coded;
DROP FUNCTION coded;

DROP FUNCTION held, back;
DROP EXTENSION protaddr CASCADE;
DROP TABLE customer, payment, audit_log, attempts, in_place CASCADE;
DROP FUNCTION refusal, doc, shout;
DROP OWNED BY regress_held_owner, regress_held_writer, regress_held_job;
DROP ROLE regress_held_owner, regress_held_writer, regress_held_officer, regress_held_job, regress_held_all;
