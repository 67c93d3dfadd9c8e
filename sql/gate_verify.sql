--
-- Is everything that is stored behind a gate released?
--
SET client_min_messages = warning;
CREATE EXTENSION protaddr;
CREATE ROLE regress_verify_auditor;
CREATE FUNCTION refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
CREATE TABLE customer (cpr text PRIMARY KEY, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', 'cpr');
INSERT INTO customer VALUES ('6101704001', 'Vestergade 1'), ('6201704002', '{"StrtNm":"Kanariegade","BldgNb":"2","TwnNm":"Aarhus C","Ctry":"DK"}');
SELECT persons, protected FROM protaddr.load_register('DK-CPR', '[{"subject": "6101704001", "protections": []}, {"subject": "6201704002", "protections": [{"code": "0001"}]}]');
CREATE FUNCTION home(cpr text) RETURNS protaddr.address LANGUAGE sql STABLE AS 'SELECT home FROM customer WHERE cpr = $1';
CREATE FUNCTION pacs(dbtr text) RETURNS text LANGUAGE sql AS $$
SELECT '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"><FIToFICstmrCdtTrf><CdtTrfTxInf><IntrBkSttlmAmt Ccy="EUR">5000</IntrBkSttlmAmt>'
    '<Dbtr><Nm>Prøve</Nm><PstlAdr><StrtNm>Skjultvej</StrtNm><TwnNm>Aarhus C</TwnNm><Ctry>DK</Ctry></PstlAdr><Id><PrvtId><Othr><Id>' || dbtr || '</Id></Othr></PrvtId></Id></Dbtr></CdtTrfTxInf></FIToFICstmrCdtTrf></Document>' $$;
SELECT protaddr.set_channel('holds', 'hold', 'extract', when_unreadable => 'hold', description => 'Test', legal_basis => 'none but this test'),
       protaddr.set_channel('blocks', 'block', 'extract', description => 'Test', legal_basis => 'none but this test'),
       protaddr.set_channel('discloses', 'disclose', 'extract', description => 'Test', legal_basis => 'none but this test');

-- what stood there before the gate
CREATE TABLE payment (id int, payer text, payee text, channel text, home protaddr.address, other protaddr.address, doc xml, mt text);
INSERT INTO payment (id, payer, payee, channel, home, other, doc) VALUES
    (1, '6101704001', NULL, 'sepa', home('6101704001'), NULL, NULL), (2, '6201704002', NULL, 'sepa', home('6201704002'), NULL, NULL),
    (3, '6101704001', NULL, 'sepa', protaddr.release(home('6101704001'), 'sepa'), NULL, pacs('6101704001')::xml), (4, '6101704001', NULL, 'own_bank', protaddr.release(home('6101704001'), 'sepa'), NULL, NULL),
    (5, '6101704001', '6201704002', 'sepa', NULL, home('6201704002'), NULL), (6, NULL, NULL, 'sepa', protaddr.release(home('6101704001'), 'sepa'), NULL, NULL),
    (7, '6101704001', NULL, NULL, NULL, NULL, NULL), (8, '6101704001', NULL, 'nowhere', NULL, NULL, NULL), (9, '6201704002', NULL, 'sepa', NULL, NULL, pacs('6201704002')::xml),
    (10, '6201704002', NULL, 'holds', NULL, NULL, pacs('6201704002')::xml), (11, '6201704002', NULL, 'blocks', NULL, NULL, pacs('6201704002')::xml), (12, '6201704002', NULL, 'discloses', NULL, NULL, pacs('6201704002')::xml),
    (13, '6101704001', NULL, 'blocks', NULL, NULL, '<a>Skjultvej</a>'), (14, '6201704002', NULL, 'cross_border', protaddr.release(home('6201704002'), 'cross_border', 5000, 'EUR'), NULL, NULL),
    (15, '6201704002', NULL, 'cross_border', home('6201704002'), NULL, NULL), (16, repeat('x', 100), NULL, 'sepa', NULL, NULL, NULL);
-- a seal that was altered, and one whose key is of another database
INSERT INTO payment (id, payer, channel, home) SELECT 17, '6101704001', 'sepa', (left(t, 60) || CASE substr(t, 61, 1) WHEN 'A' THEN 'B' ELSE 'A' END || substr(t, 62))::protaddr.address FROM (SELECT home('6101704001')::text AS t) h;
INSERT INTO payment (id, payer, channel, home) SELECT 18, '6101704001', 'sepa', ('pa1.AQ' || repeat('A', 10) || substr(t, 17))::protaddr.address FROM (SELECT home('6101704001')::text AS t) h;
SELECT refusal('SELECT * FROM protaddr.verify_gate(''payment'')'), refusal('SELECT * FROM protaddr.verify_gate(NULL)'), refusal('SELECT * FROM protaddr.verify_gate(''customer_pkey'')');
SELECT protaddr.install_gate('payment', subject => 'payer', channel_column => 'channel', persons => '{"other":"payee"}', messages => '{"doc":"xml","mt":"mt"}');
SELECT id, v.column_name, v.problem, v.if_updated, v.because FROM protaddr.verify_gate('payment') v JOIN payment p ON p.ctid = v.row_tid ORDER BY id, v.column_name;
-- and that is what it does
CREATE TABLE foreseen AS SELECT p.id, v.* FROM protaddr.verify_gate('payment') v JOIN payment p ON p.ctid = v.row_tid;
SELECT f.id, refusal(format('UPDATE payment SET id = id WHERE id = %s', f.id)) FROM foreseen f WHERE f.if_updated IN ('block', 'hold') GROUP BY 1 ORDER BY 1;
SELECT count(*) AS recorded FROM protaddr.disclosure;
SELECT count(*) AS recorded FROM protaddr.disclosure;

-- what can be mended in place; then what cannot
DELETE FROM payment WHERE id IN (7, 8, 10, 11, 13, 16, 17, 18);
UPDATE payment SET id = id;
SELECT * FROM protaddr.verify_gate('payment');
SELECT f.id, f.column_name, f.if_updated, p.home IS NOT NULL AS home, p.other IS NOT NULL AS other, p.doc::text ~ 'StrtNm' AS street FROM foreseen f JOIN payment p USING (id) ORDER BY 1, 2;
DROP TABLE foreseen;
-- whose person was protected since
SELECT protaddr.protect('6101704001', 'DK-CPR', '0001');
SELECT id, v.column_name, v.problem, v.if_updated, v.because FROM protaddr.verify_gate('payment') v JOIN payment p ON p.ctid = v.row_tid ORDER BY id, v.column_name;
-- no register at all: nothing is
SELECT protaddr.retire_register('DK-CPR'), protaddr.retire_register('manual');
SELECT id, v.column_name, v.if_updated, v.because FROM protaddr.verify_gate('payment') v JOIN payment p ON p.ctid = v.row_tid ORDER BY id, v.column_name;
SELECT protaddr.confirm_register('DK-CPR'), protaddr.lift('6101704001', 'DK-CPR', '0001');

-- from a row on, and by partition
CREATE TABLE ledger (id int, payer text, home protaddr.address) PARTITION BY RANGE (id);
CREATE TABLE ledger_1 PARTITION OF ledger FOR VALUES FROM (0) TO (10);
CREATE TABLE ledger_2 (home protaddr.address, gone int, payer text, id int);
ALTER TABLE ledger_2 DROP gone;
INSERT INTO ledger_2 (id, payer, home) SELECT n, '6201704002', home('6201704002') FROM generate_series(10, 13) n;
ALTER TABLE ledger ATTACH PARTITION ledger_2 FOR VALUES FROM (10) TO (20);
INSERT INTO ledger SELECT n, '6201704002', home('6201704002') FROM generate_series(1, 3) n;
SELECT protaddr.install_gate('ledger', 'sepa', 'payer');
SELECT partition, row_tid, column_name, problem FROM protaddr.verify_gate('ledger') ORDER BY 1, 2;
SELECT partition, row_tid FROM protaddr.verify_gate('ledger', 'ledger_1', '(0,2)') ORDER BY 1, 2;
SELECT partition, row_tid FROM protaddr.verify_gate('ledger', 'ledger_2', '(0,3)') ORDER BY 1, 2;
SELECT count(*) FROM protaddr.verify_gate('ledger_2');
SELECT refusal('SELECT * FROM protaddr.verify_gate(''ledger'', after => ''(0,1)'')'), refusal('SELECT * FROM protaddr.verify_gate(''ledger'', ''payment'')');

-- needs SELECT on the table and EXECUTE; rows that a policy hides would be missed
SET ROLE regress_verify_auditor;
SELECT refusal('SELECT * FROM protaddr.verify_gate(''ledger'')');
RESET ROLE;
GRANT EXECUTE ON FUNCTION protaddr.verify_gate TO regress_verify_auditor;
SET ROLE regress_verify_auditor;
SELECT refusal('SELECT * FROM protaddr.verify_gate(''ledger'')');
RESET ROLE;
GRANT SELECT ON ledger TO regress_verify_auditor;
SET ROLE regress_verify_auditor;
SELECT count(*) FROM protaddr.verify_gate('ledger');
RESET ROLE;
ALTER TABLE ledger ENABLE ROW LEVEL SECURITY;
SET ROLE regress_verify_auditor;
SELECT refusal('SELECT * FROM protaddr.verify_gate(''ledger'')');
RESET ROLE;
ALTER TABLE ledger DISABLE ROW LEVEL SECURITY;

-- cancelled, it says where to go on
INSERT INTO ledger SELECT 4, '6101704001', h FROM (SELECT home('6101704001') AS h OFFSET 0) c, generate_series(1, 40000);
\set VERBOSITY terse
SET client_min_messages = error;
SET statement_timeout = '1ms';
SELECT count(*) FROM protaddr.verify_gate('ledger');
RESET statement_timeout;
SELECT count(*) FROM protaddr.verify_progress;

SET client_min_messages = warning;
DROP TABLE customer, payment, ledger;
DROP FUNCTION refusal, home, pacs;
DROP EXTENSION protaddr CASCADE;
DROP ROLE regress_verify_auditor;
