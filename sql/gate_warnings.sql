--
-- What does a gate say of what it does not check, does not know, or takes away?
--
SET client_min_messages = warning;
CREATE EXTENSION protaddr;
CREATE ROLE regress_warned_owner;
CREATE TABLE customer (cpr text PRIMARY KEY, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', 'cpr') \g /dev/null
INSERT INTO customer VALUES ('6101704001', 'Vestergade 1'), ('6201704002', 'Kanariegade 2'), ('6301704003', 'Kanariegade 3');
CREATE FUNCTION home(cpr text) RETURNS protaddr.address LANGUAGE sql STABLE AS 'SELECT home FROM customer WHERE cpr = $1';

-- people whom no register lists: nobody, while none lists people
CREATE TABLE payment (id int, payer text, others text[], home protaddr.address);
INSERT INTO payment SELECT row_number() OVER (ORDER BY cpr), cpr, ARRAY['6101704001', cpr], home FROM customer;
INSERT INTO payment VALUES (4, NULL, NULL, NULL), (5, ' ', '{}', NULL);
SELECT protaddr.unknown_people('payment', 'payer');
SELECT protaddr.confirm_register('by hand', new_source => true);
SELECT protaddr.protect('6201704002', 'by hand', 'address', new_regime => true);
SELECT protaddr.unknown_people('payment', 'payer');
SELECT persons, protected FROM protaddr.load_register('DK-CPR', '[{"subject": "6101704001", "protections": []}]');
SELECT protaddr.unknown_people('payment', 'payer'), protaddr.unknown_people('payment', 'others'), protaddr.unknown_people(NULL, 'payer');
SELECT protaddr.unknown_people('payment', 'home');
SELECT protaddr.unknown_people('payment', 'nobody');
SELECT protaddr.unknown_people(1, 'payer');
-- a gate says so when it is made, to those who may ask
SET client_min_messages = notice;
SELECT protaddr.install_gate('payment', 'sepa', 'payer');
SELECT protaddr.remove_gate('payment');
SELECT protaddr.link_identity('6301704003', '6101704001', kind => 'customer') \g /dev/null
SELECT protaddr.unknown_people('payment', 'payer');
SELECT protaddr.unlink_identity('6301704003', '6101704001') \g /dev/null
ALTER TABLE payment OWNER TO regress_warned_owner;
GRANT EXECUTE ON FUNCTION protaddr.install_gate, protaddr.gate_row, protaddr.gate_check TO regress_warned_owner;
GRANT CREATE ON SCHEMA public TO regress_warned_owner;
SET ROLE regress_warned_owner;
SELECT protaddr.unknown_people('payment', 'payer');
SELECT protaddr.install_gate('payment', 'sepa', 'payer');
RESET ROLE;
GRANT EXECUTE ON FUNCTION protaddr.unknown_people TO regress_warned_owner;
SET ROLE regress_warned_owner;
SELECT protaddr.unknown_people('payment', 'payer');
SELECT protaddr.unknown_people('customer', 'cpr');
RESET ROLE;

-- a column that comes later is looked through as well: text of any kind, but not a number, nor an address
CREATE TYPE party AS (name text, street text);
CREATE DOMAIN remark AS varchar(20);
ALTER TABLE payment ADD COLUMN n1 numeric, ADD COLUMN n2 date, ADD COLUMN office protaddr.address;
ALTER TABLE payment ADD COLUMN t1 text, ADD COLUMN t2 remark, ADD COLUMN t3 xml, ADD COLUMN t4 jsonb[], ADD COLUMN t5 party, ADD COLUMN t6 bytea;
ALTER TABLE payment ALTER COLUMN n1 TYPE text;
ALTER TABLE payment ALTER COLUMN t1 TYPE varchar(40);
BEGIN; SAVEPOINT s; ALTER TABLE payment ADD COLUMN t8 text; ROLLBACK TO s; COMMIT;
ALTER TABLE customer ADD COLUMN t1 text;
-- once, however many partitions there are
CREATE TABLE parted (id int, payer text, home protaddr.address) PARTITION BY LIST (id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1) PARTITION BY LIST (id);
CREATE TABLE parted_1_1 PARTITION OF parted_1 FOR VALUES IN (1);
SELECT protaddr.install_gate('parted', 'sepa', 'payer');
ALTER TABLE parted ADD COLUMN remark text;
SELECT r, array_agg(c.column_name ORDER BY c.column_name) AS looked_through FROM unnest('{payment,parted}'::regclass[]) r, protaddr.text_columns(r) c GROUP BY r ORDER BY r::text;

-- an update takes an address that it did not change: it says in how many rows
CREATE TABLE sent (id int PRIMARY KEY, day int, payer text, home protaddr.address, office protaddr.address);
SELECT protaddr.install_gate('sent', 'own_bank', 'payer');
SELECT protaddr.confirm_register('by hand', new_source => true) \g /dev/null
INSERT INTO sent SELECT n, 1, '6101704001', home('6101704001'), home('6101704001') FROM generate_series(1, 4) n;
UPDATE sent SET day = 2;
SELECT protaddr.set_channel('own_bank', 'withhold'), protaddr.protect('6101704001', 'DK-CPR', '0001') \g /dev/null
SELECT DISTINCT if_updated, because FROM protaddr.verify_gate('sent');
UPDATE sent SET home = NULL, office = NULL WHERE id = 1;
UPDATE sent SET home = NULL WHERE id = 2;
UPDATE sent SET home = home('6101704001'), office = home('6101704001') WHERE id = 3;
BEGIN; SAVEPOINT s; UPDATE sent SET day = 3; ROLLBACK TO s; COMMIT;
BEGIN; WITH u AS (UPDATE sent SET day = 3 RETURNING id) SELECT count(*) FROM u; ROLLBACK;
DO $$ BEGIN UPDATE sent SET day = 3; UPDATE sent SET day = 4; END $$;
UPDATE sent SET day = 3;
SELECT count(home), count(office) FROM sent;

SET client_min_messages = warning;
DROP EXTENSION protaddr CASCADE;
DROP TABLE customer, payment, parted, sent;
DROP TYPE party, remark;
REVOKE CREATE ON SCHEMA public FROM regress_warned_owner;
DROP ROLE regress_warned_owner;
