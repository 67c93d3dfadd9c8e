--
-- Do stored rows pass their gate again, is it told before what becomes of them, and do they come back?
--
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION protaddr;
CREATE TABLE customer (cpr text PRIMARY KEY, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', 'cpr');
INSERT INTO customer VALUES ('6201704002', '{"StrtNm": "Skjulvej", "BldgNb": "2", "Flr": "2", "Room": "tv", "PstCd": "5000", "TwnNm": "Odense C"}'),
    ('6301704003', '{"StrtNm": "Fri Alle", "BldgNb": "4", "PstCd": "4000", "TwnNm": "Roskilde"}');
SELECT protaddr.protect('6201704002', 'DK-CPR', '0001') AS protected;
SELECT persons FROM protaddr.load_register('DK-CPR', '[{"subject": "6301704003", "protections": []}, {"subject": "6201704002", "protections": [{"code": "0001"}]}]');

-- a table of payments, converted with all that stood in it
CREATE TABLE out (id int, payer text, home protaddr.address, txt text, stamp text, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE out_1 PARTITION OF out FOR VALUES FROM (1) TO (4);
CREATE TABLE out_2 (stamp text, id int NOT NULL, gone int, txt text, home protaddr.address, payer text);
ALTER TABLE out_2 DROP COLUMN gone;
ALTER TABLE out ATTACH PARTITION out_2 FOR VALUES FROM (4) TO (100);
INSERT INTO out SELECT 1, cpr, home, 'at Skjulvej 2, 2. tv, 5000 Odense C' FROM customer WHERE cpr = '6201704002';
INSERT INTO out SELECT 2, cpr, home, 'nothing' FROM customer WHERE cpr = '6301704003';
INSERT INTO out SELECT 3, cpr, home, 'at Skjulvaj 2, 2. tv, 5000 Odense C' FROM customer WHERE cpr = '6301704003';
INSERT INTO out SELECT 4, 'unknown', home, 'nothing' FROM customer WHERE cpr = '6301704003';
INSERT INTO out SELECT 5, '6301704003', NULL, 'to Skjulvej 2, 2. tv, 5000 Odense C';
INSERT INTO out SELECT 6, '6301704003', NULL, 'nothing';
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.stamp := 'gated'; RETURN NEW; END $$;
CREATE TRIGGER stamp BEFORE UPDATE ON out FOR EACH ROW EXECUTE FUNCTION stamp();
CALL protaddr.regate('out');
SELECT protaddr.install_gate('out', 'sepa', 'payer');
CREATE TABLE before AS SELECT * FROM out;

-- ---- what would become of them --------------------------------------------------------
SELECT column_name, action, because, values FROM protaddr.regate_dry_run('out');
SELECT count(*) AS as_before FROM out o JOIN before b USING (id) WHERE o::text = b::text;

-- ---- what becomes of them -------------------------------------------------------------
BEGIN;
CALL protaddr.regate('out');
ROLLBACK;
CALL protaddr.regate(NULL);
CALL protaddr.regate('out', batch_size => 0);
CALL protaddr.regate('out_1');
CALL protaddr.regate('customer');
CALL protaddr.regate('out', batch_size => 2) \gset
SELECT id, payer, protaddr.show(home), txt, stamp FROM out ORDER BY id;
SELECT scope, action, tables, tables_left, rows, changed, undone, to_do FROM protaddr.sweep_status WHERE run = :run;
SELECT relation, columns, row_key, certainty, reason FROM protaddr.sweep_todo;
SELECT relation, columns, row_key FROM protaddr.sweep_change ORDER BY row_key::text;
SELECT partition, problem, if_updated FROM protaddr.verify_gate('out');
CALL protaddr.sweep(run => :run);
-- a second time there is only what was refused
SELECT :run AS first \gset
CALL protaddr.regate('out') \gset
SELECT rows, changed, to_do FROM protaddr.sweep_status WHERE run = :run;

-- ---- and back --------------------------------------------------------------------------
UPDATE out SET txt = 'changed since' WHERE id = 2;
SELECT * FROM protaddr.undo_sweep(:first);
SELECT row_key, why_not FROM protaddr.sweep_change WHERE why_not IS NOT NULL;
SELECT o.id FROM out o JOIN before b USING (id) WHERE o::text <> b::text;
SELECT count(*) AS as_before FROM out o JOIN before b USING (id) WHERE o::text = b::text;
SELECT undone, changed FROM protaddr.sweep_status WHERE run = :first;
-- it is no way round the gate: what was put back is not released, and is reported as such
SELECT column_name, action, because, values FROM protaddr.regate_dry_run('out');

-- ---- a gate that refuses, a key that is missing, no key at all ---------------------------
SELECT protaddr.set_channel('refuses', 'block', route => 'domestic', description => 't', legal_basis => 'b') \g /dev/null
SELECT protaddr.remove_gate('out');
UPDATE out SET home = NULL, txt = NULL WHERE id <> 1;
SELECT protaddr.install_gate('out', 'refuses', 'payer');
SELECT column_name, action, because, values FROM protaddr.regate_dry_run('out');
CALL protaddr.regate('out') \gset
SELECT row_key, reason FROM protaddr.sweep_todo WHERE run = :run;
SELECT id, home IS NOT NULL AS whole, txt FROM out WHERE id = 1;
SELECT key_id AS old_key FROM protaddr.key_status \gset
SELECT protaddr.rotate_data_key() IS NOT NULL AS rotated;
CALL protaddr.reseal('customer');
CALL protaddr.reseal('protaddr.guarded_address');
SET client_min_messages = error;
SELECT protaddr.retire_data_key(:'old_key', 'regress', force => true) > 0 AS left;
SET client_min_messages = warning;
SELECT DISTINCT problem FROM protaddr.verify_gate('out');
CALL protaddr.regate('out') \gset
SELECT row_key, reason FROM protaddr.sweep_todo WHERE run = :run;
SELECT protaddr.reinstate_data_key(:'old_key', 'regress');
CREATE TABLE keyless (payer text, home protaddr.address);
INSERT INTO keyless SELECT cpr, home FROM customer;
SELECT protaddr.install_gate('keyless', 'sepa', 'payer');
CALL protaddr.regate('keyless');

-- ---- rows that wait in their table: what was sealed of them waits, too ---------------------
CREATE TABLE waiting (id int PRIMARY KEY, payer text, home protaddr.address, status text);
INSERT INTO waiting SELECT 1, cpr, home, 'new' FROM customer WHERE cpr = '6201704002';
SELECT protaddr.set_channel('holds', 'hold', route => 'domestic', description => 't', legal_basis => 'b') \g /dev/null
SELECT protaddr.install_gate('waiting', 'holds', 'payer', hold_column => 'status', hold_value => 'waits');
CALL protaddr.regate('waiting') \gset
SELECT id, home IS NULL AS is_null, status FROM waiting;
SELECT row_key, status FROM protaddr.held_rows('waiting');
SELECT * FROM protaddr.undo_sweep(:run);
SELECT w.id, w.status, w.home OPERATOR(protaddr.===) c.home AS the_same FROM waiting w JOIN customer c ON c.cpr = w.payer;

-- ---- who may --------------------------------------------------------------------------------
CREATE ROLE regress_regate_clerk;
GRANT SELECT ON out TO regress_regate_clerk;
SET ROLE regress_regate_clerk;
CALL protaddr.regate('out');
SELECT * FROM protaddr.regate_dry_run('out');
RESET ROLE;
GRANT EXECUTE ON PROCEDURE protaddr.regate TO regress_regate_clerk;
GRANT EXECUTE ON FUNCTION protaddr.undo_sweep, protaddr.regate_dry_run TO regress_regate_clerk;
SET ROLE regress_regate_clerk;
CALL protaddr.regate('out');
SELECT * FROM protaddr.regate_dry_run('out');
SELECT * FROM protaddr.undo_sweep(:run);
SELECT * FROM protaddr.undo_sweep(:first);
RESET ROLE;
GRANT UPDATE (txt) ON out TO regress_regate_clerk;
GRANT EXECUTE ON FUNCTION protaddr.verify_gate TO regress_regate_clerk;
SET ROLE regress_regate_clerk;
CALL protaddr.regate('out') \gset
RESET ROLE;
SELECT row_key, reason FROM protaddr.sweep_todo WHERE run = :run;
REVOKE ALL ON out FROM regress_regate_clerk;
SELECT protaddr.remove_gate('out'), protaddr.remove_gate('keyless'), protaddr.remove_gate('waiting');
SET client_min_messages = error;
DROP EXTENSION protaddr CASCADE;
DROP TABLE customer, out, before, keyless, waiting;
DROP FUNCTION stamp();
DROP ROLE regress_regate_clerk;
