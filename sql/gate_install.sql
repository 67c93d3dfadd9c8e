--
-- Where can a gate stand, and what happens when its table changes?
--
SET client_min_messages = warning;
CREATE EXTENSION protaddr;
CREATE ROLE regress_gate_owner;
GRANT CREATE ON SCHEMA public TO regress_gate_owner;
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
SELECT protaddr.bind_column('customer', 'home', 'cpr');
INSERT INTO customer VALUES ('6101704001', 'Vestergade 1'), ('6201704002', '{"StrtNm":"Kanariegade","TwnNm":"Aarhus C","Ctry":"DK"}');
SELECT protaddr.protect('6201704002', 'DK-CPR', '0001'), protaddr.confirm_register('regress', new_source => true);
SELECT protaddr.set_channel('blocks', 'block', 'extract', when_unknown => 'block', description => 'Test', legal_basis => 'none but this test');
-- gates: all there is of them
CREATE VIEW gates AS SELECT * FROM protaddr.gate_status;
SET client_min_messages = notice;

-- refusals
CREATE DOMAIN must_address AS protaddr.address NOT NULL;
CREATE TYPE party AS (name text, home protaddr.address);
CREATE DOMAIN parties AS party[];
CREATE TABLE plain (payer text, home protaddr.address, made text GENERATED ALWAYS AS (payer || 'x') STORED);
CREATE VIEW plain_view AS SELECT * FROM plain;
CREATE TABLE not_null (payer text, home protaddr.address NOT NULL);
CREATE TABLE key (payer text, home protaddr.address PRIMARY KEY);
CREATE TABLE domain_not_null (payer text, home must_address);
CREATE TABLE list (payer text, homes protaddr.address[]);
CREATE TABLE composite (payer text, debtor party);
CREATE TABLE deep (payer text, debtors parties);
SELECT a, refusal('SELECT protaddr.install_gate(' || a || ')') FROM unnest(ARRAY[
    '''not_null'', ''sepa'', ''payer''', '''key'', ''sepa'', ''payer''', '''domain_not_null'', ''sepa'', ''payer''', '''not_null'', ''cross_border'', ''payer''',
    '''list'', ''sepa'', ''payer''', '''composite'', ''sepa'', ''payer''', '''deep'', ''sepa'', ''payer''', '''list'', ''blocks'', ''payer''',
    '''plain'', ''SEPA'', ''payer''', '''plain'', NULL, ''payer''', '''plain_view'', ''sepa'', ''payer''', '''key_pkey'', ''sepa'', ''payer''', 'NULL, ''sepa'', ''payer''',
    '''plain'', ''sepa'', ''payee''', '''plain'', ''sepa'', ''ctid''', '''plain'', ''sepa'', NULL', '''plain'', ''sepa'', ''made''', '''plain'', ''sepa'', ''home''']) WITH ORDINALITY u(a, n) ORDER BY n;
SELECT count(*) AS gates FROM gates;
SELECT protaddr.install_gate('plain', 'sepa', 'payer');
SELECT refusal('SELECT protaddr.install_gate(''plain'', ''own_bank'', ''payer'')');
SELECT protaddr.install_gate('not_null', 'blocks', 'payer');

-- what the gate does not check is said, and what stood there before
CREATE TABLE outbound (id int, payer varchar, amount numeric, home protaddr.address, second protaddr.address, message text, xml_message xml, doc jsonb, doc2 json[], raw bytea, tag name, "odd ""column""" char(3), at timestamptz);
INSERT INTO outbound (id, payer, home) SELECT 0, cpr, home FROM customer;
SELECT protaddr.install_gate('outbound', 'sepa', 'payer');
SELECT relation, channel, subject, address_columns, ignored_columns, status FROM gates ORDER BY relation::text;
SELECT column_name, type FROM protaddr.text_columns('outbound') ORDER BY column_name;
-- sent through in place
UPDATE outbound SET home = home;
SELECT id, payer, protaddr.show(home) FROM outbound ORDER BY payer;
-- every address column is released, whatever it is called
INSERT INTO outbound (id, payer, home, second) SELECT 1, '6101704001', a.home, b.home FROM customer a, customer b WHERE a.cpr = '6101704001' AND b.cpr = '6201704002';
ALTER TABLE outbound ADD third protaddr.address;
SELECT protaddr.remove_gate('outbound');
ALTER TABLE outbound DROP home;
SET client_min_messages = warning;
SELECT protaddr.install_gate('outbound', 'sepa', 'payer');
SET client_min_messages = notice;
INSERT INTO outbound (id, payer, third, second) SELECT 2, '6101704001', a.home, b.home FROM customer a, customer b WHERE a.cpr = '6101704001' AND b.cpr = '6201704002';
SELECT id, protaddr.show(second) AS second, protaddr.show(third) AS third FROM outbound WHERE id > 0 ORDER BY id;
ALTER TABLE outbound ADD fourth protaddr.address;
ALTER TABLE outbound ALTER fourth SET DEFAULT 'Kanariegade 4';
INSERT INTO outbound (id, payer) VALUES (3, '6101704001');
SELECT fourth IS NULL AS withheld FROM outbound WHERE id = 3;

-- the table changes: refused rather than let through
\set VERBOSITY terse
ALTER TABLE outbound ADD homes protaddr.address[];
INSERT INTO outbound (id, payer) VALUES (4, '6101704001');
SELECT status FROM gates WHERE relation = 'outbound'::regclass;
BEGIN;
SELECT protaddr.remove_gate('outbound');
ALTER TABLE outbound DROP homes;
SET client_min_messages = warning;
SELECT protaddr.install_gate('outbound', 'sepa', 'payer');
SET client_min_messages = notice;
COMMIT;
SELECT protaddr.end_channel('sepa');
SELECT relation, status FROM gates WHERE channel = 'sepa' ORDER BY relation::text;
UPDATE outbound SET amount = 1;
INSERT INTO outbound (id, payer) VALUES (4, '6101704001');
SELECT protaddr.set_channel('sepa', 'withhold', 'union', description => 'SEPA', legal_basis => 'back again');
INSERT INTO outbound (id, payer, third) SELECT 5, cpr, home FROM customer;
SELECT payer, protaddr.show(third) FROM outbound WHERE id = 5 ORDER BY payer;
-- a trigger that fires after the gate: seen when it is installed, on a partition too; one that is disabled cannot come back (gate_kept)
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TABLE late (id int, payer text, home protaddr.address) PARTITION BY LIST (id);
CREATE TABLE late_1 PARTITION OF late FOR VALUES IN (1);
CREATE TRIGGER "zz_protaddr_gate " BEFORE UPDATE ON late_1 FOR EACH ROW EXECUTE FUNCTION nothing();
SELECT refusal('SELECT protaddr.install_gate(''late'', ''sepa'', ''payer'')');
ALTER TABLE late_1 DISABLE TRIGGER "zz_protaddr_gate ";
SELECT refusal('SELECT protaddr.install_gate(''late'', ''sepa'', ''payer'')');
DROP TABLE late;
DROP FUNCTION nothing;
SELECT protaddr.remove_gate('outbound') AS removed, protaddr.remove_gate('outbound') AS again;
SELECT relation FROM gates ORDER BY relation::text;
INSERT INTO outbound (id, payer, third) SELECT 7, cpr, home FROM customer WHERE cpr = '6201704002';
SELECT third IS NOT NULL AS stored_without_a_gate, protaddr.show(third) AS shown FROM outbound WHERE id = 7;

-- partitions: routed and direct, attached before and after, moved between
CREATE TABLE ledger (id int, payer text, home protaddr.address) PARTITION BY RANGE (id);
CREATE TABLE ledger_1 PARTITION OF ledger FOR VALUES FROM (1) TO (10);
SELECT protaddr.install_gate('ledger', 'own_bank', 'payer');
CREATE TABLE ledger_2 (gone int, home protaddr.address, payer text, id int);
ALTER TABLE ledger_2 DROP gone;
ALTER TABLE ledger ATTACH PARTITION ledger_2 FOR VALUES FROM (10) TO (20);
CREATE TABLE ledger_3 PARTITION OF ledger FOR VALUES FROM (20) TO (30) PARTITION BY LIST (payer);
CREATE TABLE ledger_3_rest PARTITION OF ledger_3 DEFAULT;
INSERT INTO ledger SELECT n, cpr, home FROM customer, generate_series(5, 25, 10) n;
INSERT INTO ledger_1 SELECT 6, cpr, home FROM customer;
INSERT INTO ledger_2 (id, payer, home) SELECT 16, cpr, home FROM customer;
INSERT INTO ledger_3_rest SELECT 26, cpr, home FROM customer;
SET session_replication_role = replica;
INSERT INTO ledger SELECT 7, cpr, home FROM customer;
INSERT INTO ledger_2 (id, payer, home) SELECT 17, cpr, home FROM customer;
RESET session_replication_role;
UPDATE ledger SET id = id + 10 WHERE id = 7;
SELECT tableoid::regclass AS partition, payer, count(*) AS rows, count(home) AS released FROM ledger GROUP BY 1, 2 ORDER BY tableoid::regclass::text, payer;
SELECT relation, status FROM gates WHERE relation::text LIKE 'ledger%' ORDER BY relation::text;
CREATE TABLE parent (payer text, home protaddr.address);
CREATE TABLE child () INHERITS (parent);
SELECT refusal('SELECT protaddr.install_gate(''parent'', ''own_bank'', ''payer'')');
ALTER TABLE child NO INHERIT parent;
SELECT protaddr.install_gate('parent', 'own_bank', 'payer');
SELECT relation, status FROM gates WHERE relation = 'parent'::regclass;

-- names that need quotes; a subject of a domain over bigint; a generated column with an address
CREATE DOMAIN customer_number AS bigint;
CREATE TABLE "out ""bound"" 'x'" ("who's" customer_number, "an address" protaddr.address, copy protaddr.address GENERATED ALWAYS AS ("an address") STORED);
SELECT protaddr.install_gate('"out ""bound"" ''x''"', 'file_extract', 'who''s');
INSERT INTO "out ""bound"" 'x'" SELECT cpr::bigint, home FROM customer;
SELECT "who's", protaddr.show("an address"), protaddr.show(copy) AS copy FROM "out ""bound"" 'x'" ORDER BY 1;
SELECT relation, subject, address_columns, status FROM gates WHERE channel = 'file_extract';

-- a composite that gets an address once the gate is there
CREATE TYPE remark AS (line text);
CREATE TABLE remarked (payer text, home protaddr.address, more remark);
SELECT protaddr.install_gate('remarked', 'own_bank', 'payer');
INSERT INTO remarked SELECT cpr, home, ROW('x')::remark FROM customer;
ALTER TYPE remark ADD ATTRIBUTE home protaddr.address;
SELECT refusal('INSERT INTO remarked SELECT cpr, NULL, ROW(''x'', home)::remark FROM customer');
SELECT status FROM gates WHERE relation = 'remarked'::regclass;
DROP TABLE remarked;
DROP TYPE remark;

-- the triggers' functions are good for nothing else
CREATE TABLE unused (payer text, home protaddr.address);
SELECT refusal('CREATE TRIGGER t ' || a || '; INSERT INTO unused VALUES (''6101704001'', (SELECT home FROM customer LIMIT 1)); DELETE FROM unused; TRUNCATE unused') FROM (VALUES
    (1, 'AFTER INSERT ON unused FOR EACH ROW EXECUTE FUNCTION protaddr.gate_row(''sepa'', ''payer'')'), (2, 'BEFORE INSERT ON unused EXECUTE FUNCTION protaddr.gate_row(''sepa'', ''payer'')'),
    (3, 'BEFORE DELETE ON unused FOR EACH ROW EXECUTE FUNCTION protaddr.gate_row(''sepa'', ''payer'')'), (4, 'BEFORE INSERT ON unused FOR EACH ROW EXECUTE FUNCTION protaddr.gate_row()'),
    (5, 'BEFORE INSERT ON unused FOR EACH ROW EXECUTE FUNCTION protaddr.gate_check(''sepa'', ''payer'')'), (6, 'AFTER INSERT ON unused EXECUTE FUNCTION protaddr.gate_check(''sepa'', ''payer'')'),
    (7, 'BEFORE INSERT ON unused FOR EACH ROW EXECUTE FUNCTION protaddr.gate_row(''nowhere'', ''payer'')')) v(n, a) ORDER BY n;
SELECT refusal('SELECT protaddr.gate_row()') AS gate_row, refusal('SELECT protaddr.gate_check()') AS gate_check;

-- the owner installs, once allowed to; somebody else's table is not his
SET ROLE regress_gate_owner;
CREATE TABLE own (payer text, home protaddr.address);
SELECT refusal('SELECT protaddr.install_gate(''own'', ''sepa'', ''payer'')');
RESET ROLE;
GRANT EXECUTE ON FUNCTION protaddr.install_gate, protaddr.remove_gate, protaddr.gate_row, protaddr.gate_check, protaddr.gate_summary TO regress_gate_owner;
SET ROLE regress_gate_owner;
SELECT refusal('SELECT protaddr.install_gate(''own'', ''sepa'', ''payer'')'), refusal('SELECT protaddr.install_gate(''child'', ''sepa'', ''payer'')'), refusal('SELECT protaddr.remove_gate(''parent'')');
RESET ROLE;

SET client_min_messages = warning;
DROP VIEW gates, plain_view;
DROP TABLE customer, plain, not_null, key, domain_not_null, list, composite, deep, outbound, ledger, parent, child, "out ""bound"" 'x'", own, unused CASCADE;
DROP DOMAIN must_address, parties, customer_number;
DROP TYPE party;
DROP FUNCTION refusal;
DROP EXTENSION protaddr CASCADE;
REVOKE CREATE ON SCHEMA public FROM regress_gate_owner;
DROP ROLE regress_gate_owner;
