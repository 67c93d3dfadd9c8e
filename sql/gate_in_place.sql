--
-- What happens to a row that waits for a decision in its own table?
--
SET client_min_messages = warning;
CREATE EXTENSION protaddr;
CREATE FUNCTION refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text;
BEGIN
    EXECUTE statement;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN regexp_replace(concat_ws(' ', SQLSTATE, SQLERRM, '(' || nullif(detail, '') || ')'), '\d{9,}', 'N', 'g');
END
$$;
CREATE ROLE regress_place_app;
CREATE ROLE regress_place_officer;
CREATE TABLE customer (cpr text PRIMARY KEY, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', 'cpr') \g /dev/null
INSERT INTO customer VALUES ('6101704001', 'Vestergade 1'), ('6201704002', '{"StrtNm":"Kanariegade","BldgNb":"2","TwnNm":"Aarhus C","Ctry":"DK"}');
SELECT persons, protected FROM protaddr.load_register('DK-CPR', '[{"subject": "6101704001", "protections": []}, {"subject": "6201704002", "protections": [{"code": "0001"}]}]');
CREATE FUNCTION home(cpr text) RETURNS protaddr.address LANGUAGE sql STABLE SECURITY DEFINER AS 'SELECT home FROM public.customer WHERE cpr = $1';
CREATE FUNCTION pacs(dbtr text) RETURNS text LANGUAGE sql AS $$
SELECT '<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"><FIToFICstmrCdtTrf><CdtTrfTxInf><IntrBkSttlmAmt Ccy="EUR">5000</IntrBkSttlmAmt>'
    '<Dbtr><Nm>Prøve</Nm><PstlAdr><StrtNm>Skjultvej</StrtNm><TwnNm>Aarhus C</TwnNm><Ctry>DK</Ctry></PstlAdr><Id><PrvtId><Othr><Id>' || dbtr || '</Id></Othr></PrvtId></Id></Dbtr></CdtTrfTxInf></FIToFICstmrCdtTrf></Document>' $$;
CREATE TYPE status AS ENUM ('new', 'waits', 'sent', 'cancelled');
CREATE TABLE payment (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, payer text, payee text, amount numeric, home protaddr.address, doc xml, status status NOT NULL DEFAULT 'new', note text, twice text GENERATED ALWAYS AS (note || note) STORED);

-- what the gate needs for it
CREATE TABLE other (id int, payer text NOT NULL, day int, home protaddr.address NOT NULL, doc xml NOT NULL, status varchar(4), g text GENERATED ALWAYS AS (payer) STORED) PARTITION BY LIST (day);
SELECT refusal('SELECT protaddr.install_gate(' || a || ')') FROM unnest(ARRAY['''payment'', ''psp_request'', ''payer'', hold_column => ''status''', '''payment'', ''psp_request'', ''payer'', hold_value => ''waits''', '''payment'', ''psp_request'', ''payer'', hold_column => ''none'', hold_value => ''waits''',
    '''payment'', ''psp_request'', ''payer'', hold_column => ''status'', hold_value => ''unknown''', '''payment'', ''psp_request'', ''payer'', hold_column => ''payer'', hold_value => ''waits''', '''payment'', ''psp_request'', ''payer'', hold_column => ''id'', hold_value => ''1''',
    '''payment'', ''psp_request'', ''payer'', hold_column => ''home'', hold_value => ''x''', '''payment'', ''psp_request'', ''payer'', hold_column => ''twice'', hold_value => ''x''', '''other'', ''psp_request'', ''payer'', hold_column => ''status'', hold_value => ''x''',
    '''other'', ''psp_request'', ''payer'', hold_column => ''day'', hold_value => ''1''', '''other'', ''psp_request'', ''payer'', hold_column => ''g'', hold_value => ''x''']) WITH ORDINALITY u(a, n) ORDER BY n;
ALTER TABLE other ADD PRIMARY KEY (id, day);
SELECT refusal('SELECT protaddr.install_gate(''other'', ''psp_request'', ''payer'', hold_column => ''status'', hold_value => ''held'')');
ALTER TABLE other ALTER home DROP NOT NULL;
SELECT refusal('SELECT protaddr.install_gate(''other'', ''psp_request'', ''payer'', messages => ''{"doc":"xml"}'', hold_column => ''status'', hold_value => ''held'')');
-- nor a type that one session reads otherwise than another, or a value that would be cut off
ALTER TABLE other ADD d date, ADD n numeric, ADD f float8, ADD b boolean, ADD i int;
SELECT refusal(format('SELECT protaddr.install_gate(''other'', ''psp_request'', ''payer'', messages => ''{"doc":"xml"}'', hold_column => %L, hold_value => %L)', c, v)) FROM (VALUES (1, 'd', '01/02/2026'), (2, 'n', '1.0'), (3, 'f', '0.1'), (4, 'status', 'waits'), (5, 'b', 'x'), (6, 'i', '99999999999')) u(n, c, v) ORDER BY n;
DROP TABLE other;
SELECT protaddr.install_gate('payment', 'psp_request', 'payer', payee => 'payee', amount => 'amount', currency_code => 'EUR', messages => '{"doc":"xml"}', hold_column => 'status', hold_value => 'waits');
SELECT status, ignored_columns FROM protaddr.gate_status;
CREATE VIEW waiting AS SELECT row_number() OVER (ORDER BY held_at, held_id) AS n, (row_key->>'id')::int AS id, h.* FROM protaddr.held_rows() h;
CREATE VIEW stands AS SELECT id, payer, payee, amount, protaddr.show(home) AS home, doc::text ~ 'Skjultvej' AS doc_tells, status, note, twice FROM payment;
GRANT SELECT, INSERT, UPDATE, DELETE ON payment TO regress_place_app;
GRANT SELECT ON customer TO regress_place_app;
GRANT EXECUTE ON FUNCTION protaddr.decide_held, protaddr.held_rows TO regress_place_officer;
GRANT EXECUTE ON FUNCTION protaddr.carry_out_held TO regress_place_app;

-- each row counts, and its key comes back
SET client_min_messages = notice;
SET ROLE regress_place_app;
INSERT INTO payment (payer, payee, amount, home, note) SELECT cpr, 'BANK-' || n, n * 100, home(cpr), 'n' FROM unnest('{6101704001,6201704002,6201704002}'::text[]) WITH ORDINALITY u(cpr, n) RETURNING id, status, home IS NULL AS home;
INSERT INTO payment (payer, payee, amount, doc, status) VALUES ('6201704002', 'BANK-4', 400, pacs('6201704002')::xml, 'sent') RETURNING id, status, doc IS NULL AS doc;
DO $$ DECLARE rows bigint; BEGIN INSERT INTO public.payment (payer, payee, amount, home) VALUES ('6201704002', 'BANK-5', 500, public.home('6201704002')); GET DIAGNOSTICS rows = ROW_COUNT; RAISE NOTICE '% row', rows; END $$;
RESET ROLE;
SELECT * FROM stands ORDER BY id;
SELECT id, mode, operation, payee, amount, currency, why, status FROM waiting ORDER BY n;
SELECT count(*) AS in_clear FROM protaddr.held WHERE held::text ~* '(kanarie|skjult)' OR encode(sealed, 'escape') ~* '(kanarie|skjult)';
-- carried out: address, message and the status that it should have had
SET ROLE regress_place_officer;
SELECT protaddr.decide_held(held_id, CASE row_key->>'id' WHEN '2' THEN 'disclose' WHEN '3' THEN 'reject' WHEN '4' THEN 'disclose' ELSE 'withhold' END, 'asked') FROM protaddr.held_rows('payment') \g /dev/null
SET ROLE regress_place_app;
SELECT protaddr.carry_out_held('payment');
RESET ROLE;
SELECT * FROM stands ORDER BY id;
SELECT doc::text = pacs('6201704002') AS same FROM payment WHERE id = 4;
SELECT id, status, action FROM waiting ORDER BY n;
SELECT * FROM protaddr.verify_gate('payment');
-- what was decided stays while the payment is the same; one that was rejected is the application's again
UPDATE payment SET note = 'x';
UPDATE payment SET status = 'sent' WHERE id IN (2, 4);
UPDATE payment SET status = 'cancelled' WHERE id = 3;
SELECT * FROM stands ORDER BY id;
-- another payment is held anew
UPDATE payment SET payee = 'STRANGER' WHERE id = 2 RETURNING id, payee, home IS NULL AS home, status;
UPDATE payment SET amount = 401 WHERE id = 4 RETURNING id, amount, doc IS NULL AS doc, status;
UPDATE payment SET home = home('6201704002'), status = 'new' WHERE id = 3 RETURNING id, home IS NULL AS home, status;
SELECT id, operation, payee, amount, status FROM waiting WHERE status IN ('held', 'replaced') ORDER BY n;

-- while it waits: what tells nothing of the payment may change; all else is held anew, with what was held
UPDATE payment SET note = 'y' WHERE id = 2 RETURNING note, status;
UPDATE payment SET payee = 'ANOTHER' WHERE id = 2 RETURNING payee, status;
UPDATE payment SET status = 'new' WHERE id = 2 RETURNING payee, status;
UPDATE payment SET home = NULL, status = 'waits' WHERE id = 2 RETURNING payee, status;
UPDATE payment SET home = home('6101704001'), doc = pacs('6101704001')::xml, payer = '6101704001' WHERE id = 3 RETURNING payer, home IS NULL AS home, status;
UPDATE payment SET id = DEFAULT WHERE id = 4 RETURNING id, status;
SELECT id, operation, payer, payee, amount, status FROM waiting WHERE n > 5 ORDER BY n;
-- and one that was decided, but not carried out, is decided no more
SELECT protaddr.decide_held(held_id, 'disclose', 'x') FROM waiting WHERE status = 'held' ORDER BY n;
UPDATE payment SET amount = amount + 1 WHERE id = 2;
SELECT protaddr.carry_out_held('payment');
SELECT * FROM stands ORDER BY id;
SELECT id, amount, status FROM waiting WHERE n > 11 ORDER BY n;
SELECT protaddr.decide_held(held_id, 'minimum', 'x') FROM waiting WHERE status = 'held';
SELECT protaddr.carry_out_held('payment');
SELECT * FROM stands WHERE id = 2;
SELECT * FROM protaddr.verify_gate('payment');

-- upsert, MERGE, COPY
INSERT INTO payment (id, payer, payee, home) OVERRIDING SYSTEM VALUE VALUES (50, '6201704002', 'BANK', home('6201704002')) ON CONFLICT (id) DO UPDATE SET payee = EXCLUDED.payee, home = EXCLUDED.home, status = EXCLUDED.status RETURNING id, status;
INSERT INTO payment (id, payer, payee, home) OVERRIDING SYSTEM VALUE VALUES (1, '6201704002', 'BANK', home('6201704002')) ON CONFLICT (id) DO UPDATE SET payer = EXCLUDED.payer, payee = EXCLUDED.payee, amount = EXCLUDED.amount, home = EXCLUDED.home, status = EXCLUDED.status RETURNING id, payee, home IS NULL AS home, status;
INSERT INTO payment (id, payer, payee, home) OVERRIDING SYSTEM VALUE VALUES (2, '6201704002', 'OTHER', home('6201704002')) ON CONFLICT DO NOTHING;
MERGE INTO payment p USING (VALUES (51, '6201704002'), (52, '6101704001')) v(id, cpr) ON p.id = v.id WHEN NOT MATCHED THEN INSERT (id, payer, home) OVERRIDING SYSTEM VALUE VALUES (v.id, cpr, home(cpr));
MERGE INTO payment p USING (VALUES (52, '6201704002')) v(id, cpr) ON p.id = v.id WHEN MATCHED THEN UPDATE SET payer = cpr, home = home(cpr);
SELECT max(n) AS last FROM waiting \gset
SELECT id, payer, payee, operation, status FROM waiting WHERE n > :last - 5 ORDER BY n;
-- one that takes over the address and not the status would leave a payment without it, and nothing to decide
INSERT INTO payment (id, payer, payee, home) OVERRIDING SYSTEM VALUE VALUES (62, '6101704001', 'BANK', home('6101704001')), (63, '6101704001', 'BANK', NULL);
INSERT INTO payment (id, payer, payee, home) OVERRIDING SYSTEM VALUE VALUES (62, '6201704002', 'LOST', home('6201704002')) ON CONFLICT (id) DO UPDATE SET payer = EXCLUDED.payer, payee = EXCLUDED.payee, home = EXCLUDED.home;
INSERT INTO payment (id, payer, payee, home) OVERRIDING SYSTEM VALUE VALUES (63, '6201704002', 'LOST', home('6201704002')) ON CONFLICT (id) DO UPDATE SET payer = EXCLUDED.payer, payee = EXCLUDED.payee, home = EXCLUDED.home, status = 'new';
INSERT INTO payment (id, payer, payee, home) OVERRIDING SYSTEM VALUE VALUES (62, '6201704002', 'LOST', home('6201704002')), (63, '6101704001', 'KEPT', NULL) ON CONFLICT (id) DO UPDATE SET payee = EXCLUDED.payee WHERE EXCLUDED.payee = 'KEPT';
INSERT INTO payment (id, payer, payee, home) OVERRIDING SYSTEM VALUE VALUES (62, '6201704002', 'KEPT', home('6201704002')) ON CONFLICT (id) DO UPDATE SET payee = EXCLUDED.payee;
-- nor may it wait with nothing held
INSERT INTO payment (id, payer, payee, home) OVERRIDING SYSTEM VALUE VALUES (62, '6201704002', 'STUCK', home('6201704002')) ON CONFLICT (id) DO UPDATE SET payee = EXCLUDED.payee, status = EXCLUDED.status;
SELECT id, payer, payee, protaddr.show(home), status FROM payment WHERE id IN (62, 63) ORDER BY id;
SELECT count(*) AS held FROM waiting WHERE payee = 'LOST' OR id IN (62, 63);
-- of what an upsert leaves alone nothing is held, and no NOTICE says so
SELECT count(*) AS held FROM waiting WHERE payee = 'OTHER';
INSERT INTO payment (id, payer, payee, home) OVERRIDING SYSTEM VALUE VALUES (60, '6201704002', 'FIRST', home('6201704002')), (60, '6201704002', 'SECOND', home('6201704002')), (2, '6201704002', 'OTHER', home('6201704002')) ON CONFLICT DO NOTHING;
INSERT INTO payment (id, payer, payee, home) OVERRIDING SYSTEM VALUE VALUES (2, '6201704002', 'OTHER', home('6201704002')) ON CONFLICT (id) DO UPDATE SET note = 'conflict' WHERE payment.id > 2;
WITH nothing AS (INSERT INTO payment (id, payer, payee, home) OVERRIDING SYSTEM VALUE VALUES (60, '6201704002', 'OTHER', home('6201704002')) ON CONFLICT DO NOTHING RETURNING id) SELECT count(*) FROM nothing;
SELECT id, payee, operation, status FROM waiting WHERE payee IN ('FIRST', 'SECOND', 'OTHER');
-- one that meets a row that waits takes over: the address is the new payment's
INSERT INTO payment (id, payer, payee, home) OVERRIDING SYSTEM VALUE VALUES (60, '6201704002', 'THIRD', protaddr.address(strtnm => 'Testvej', bldgnb => '3', subject => '6201704002')) ON CONFLICT (id) DO UPDATE SET payee = EXCLUDED.payee, home = EXCLUDED.home, status = EXCLUDED.status;
INSERT INTO payment (id, payer, payee, home) OVERRIDING SYSTEM VALUE VALUES (60, '6201704002', 'THIRD', protaddr.address(strtnm => 'Testvej', bldgnb => '4', subject => '6201704002')) ON CONFLICT (id) DO UPDATE SET payee = EXCLUDED.payee, home = EXCLUDED.home, status = EXCLUDED.status;
SELECT payee, operation, status FROM waiting WHERE id = 60 ORDER BY n;
SELECT protaddr.release_held(held_id, 'disclose', 'x') FROM waiting WHERE id = 60 AND status = 'held';
SELECT payee, protaddr.show(home), status FROM payment WHERE id = 60;
DELETE FROM payment WHERE id = 60;
SELECT protaddr.release_held(held_id, 'minimum', 'x') FROM waiting WHERE id IN (1, 50, 51, 52) AND status = 'held';
SELECT * FROM stands WHERE id IN (1, 2, 50, 51, 52) ORDER BY id;
-- a row that is gone
DELETE FROM payment WHERE id = 51;
INSERT INTO payment (id, payer, home) OVERRIDING SYSTEM VALUE VALUES (53, '6201704002', home('6201704002'));
DELETE FROM payment WHERE id = 53;
SELECT refusal(format('SELECT protaddr.release_held(%s, ''withhold'', ''x'')', held_id)) FROM waiting WHERE id = 53;
SELECT protaddr.decide_held(held_id, 'reject', 'the customer has withdrawn it') FROM waiting WHERE id = 53;
DROP TABLE payment CASCADE;

-- partitions whose columns stand otherwise, a key of two columns, domains, names to quote
CREATE DOMAIN code AS text COLLATE "C" CHECK (length(VALUE) = 3);
CREATE SCHEMA hostile;
CREATE FUNCTION hostile.no(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'operator of a stranger'; END $$;
CREATE OPERATOR hostile.= (FUNCTION = hostile.no, LEFTARG = text, RIGHTARG = text);
CREATE TABLE "a ""table" ("the id" code, day int, "who?" text, "where?" protaddr.address, "st ate" char(6), note text, PRIMARY KEY ("the id", day)) PARTITION BY LIST (day);
CREATE TABLE part_1 (note text, "where?" protaddr.address, gone int, "st ate" char(6), "who?" text, day int NOT NULL, "the id" code NOT NULL);
ALTER TABLE part_1 DROP gone;
ALTER TABLE "a ""table" ATTACH PARTITION part_1 FOR VALUES IN (1);
CREATE TABLE part_2 PARTITION OF "a ""table" FOR VALUES IN (2);
SET client_min_messages = warning;
SELECT protaddr.install_gate('"a ""table"', 'psp_request', 'who?', hold_column => 'st ate', hold_value => 'wait');
INSERT INTO "a ""table" SELECT 'abc', n, '6201704002', home('6201704002'), 'new' FROM generate_series(1, 2) n RETURNING day, "where?" IS NULL AS "where", "st ate";
SET search_path = hostile, pg_catalog, public;
SELECT protaddr.release_held(held_id, 'disclose', 'x') FROM protaddr.held_rows('"a ""table"') WHERE row_key->>'day' OPERATOR(pg_catalog.=) '1';
RESET search_path;
SELECT tableoid::regclass, day, protaddr.show("where?"), "st ate" FROM "a ""table" ORDER BY day;
-- one that waits moves, and so does one that was decided
UPDATE "a ""table" SET "the id" = 'two' WHERE day = 2;
UPDATE "a ""table" SET day = 3 - day;
SELECT tableoid::regclass, "the id", day, protaddr.show("where?"), "st ate" FROM "a ""table" ORDER BY 2;
SELECT row_key, status FROM protaddr.held_rows('"a ""table"') ORDER BY held_at;
SELECT protaddr.release_held(held_id, 'disclose', 'x') FROM protaddr.held_rows('"a ""table"') WHERE status = 'held';
SELECT tableoid::regclass, "the id", day, protaddr.show("where?"), "st ate" FROM "a ""table" ORDER BY 2;
SELECT * FROM protaddr.verify_gate('"a ""table"');

-- a row that says it waits, beside others that the same command lets through: nobody is waited for
CREATE TABLE two (id int PRIMARY KEY, payer text, home protaddr.address, doc xml, state text DEFAULT 'new');
SELECT protaddr.install_gate('two', 'psp_request', 'payer', messages => '{"doc":"xml"}', hold_column => 'state', hold_value => 'held');
INSERT INTO two SELECT n, '6101704001', home('6101704001'), CASE WHEN n > 1 THEN pacs('6101704001')::xml END FROM generate_series(1, 3) n;
UPDATE two SET state = CASE id WHEN 1 THEN 'held' ELSE 'sent' END, home = CASE WHEN id > 1 THEN home END, doc = CASE WHEN id > 1 THEN pacs('6101704001')::xml END RETURNING id, state, protaddr.show(home), doc IS NOT NULL AS doc;

DROP SCHEMA hostile CASCADE;
DROP FUNCTION home;
DROP EXTENSION protaddr CASCADE;
DROP TABLE customer, two, "a ""table" CASCADE;
DROP FUNCTION refusal, pacs;
DROP TYPE status, code;
DROP ROLE regress_place_app, regress_place_officer;
