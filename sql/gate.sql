--
-- What leaves through an outbound table?
--
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

-- a bank's customers, and payments as they leave
CREATE TABLE customer (cpr text PRIMARY KEY, name text, home protaddr.address, special protaddr.address);
SELECT protaddr.bind_column('customer', 'home', subject => 'cpr'), protaddr.bind_column('customer', 'special', subject => 'cpr');
INSERT INTO customer VALUES
    ('6101704001', 'Test Person', '{"StrtNm":"Vestergade","BldgNb":"12","Flr":"2","Room":"th","PstCd":"8000","TwnNm":"Aarhus C","Ctry":"DK"}', NULL),
    ('6201704002', 'Prøve Beskyttet', '{"StrtNm":"Kanariegade","BldgNb":"2","PstCd":"8000","TwnNm":"Aarhus C","Ctry":"DK"}', E'Kanariegade 2\n8000 Aarhus C'),
    ('6301704003', 'Prøve Byskjult', '{"StrtNm":"Kanariegade","BldgNb":"3","PstCd":"8000","TwnNm":"Aarhus C","Ctry":"DK"}', 'Kanariegade 3');
SELECT protaddr.protect('6201704002', 'DK-CPR', '0001'), protaddr.protect('6301704003', 'manual', 'address_and_town'), protaddr.confirm_register('regress', new_source => true);
CREATE TABLE outbound_payment (id bigint, payer text, amount numeric, payer_address protaddr.address);
SET client_min_messages = notice;
SELECT protaddr.install_gate('outbound_payment', channel => 'sumclearing', subject => 'payer');
INSERT INTO outbound_payment SELECT 1, cpr, 100, home FROM customer;
-- what leaves: who it is released to is told
SELECT payer, protaddr.show(payer_address) FROM outbound_payment ORDER BY payer;
SELECT channel, route, when_protected, legal_basis <> '' AS basis, shipped FROM protaddr.channel ORDER BY channel;

-- each way in; 6201704002 must come out NULL every time, 6101704001 never
CREATE VIEW leaves AS SELECT id, payer, payer_address IS NULL AS withheld, protaddr.show(payer_address) AS address FROM outbound_payment;
INSERT INTO outbound_payment VALUES (10, '6201704002', 1, (SELECT home FROM customer WHERE cpr = '6201704002')), (11, '6101704001', 1, (SELECT home FROM customer WHERE cpr = '6101704001'));
-- whose address it is counts, and who pays
INSERT INTO outbound_payment SELECT 12, '6101704001', 1, home FROM customer WHERE cpr = '6201704002';
INSERT INTO outbound_payment SELECT 13, '6201704002', 1, home FROM customer WHERE cpr = '6101704001';
INSERT INTO outbound_payment SELECT 14, NULL, 1, home FROM customer WHERE cpr = '6101704001';
INSERT INTO outbound_payment SELECT 15, ' - ', 1, home FROM customer WHERE cpr = '6101704001';
INSERT INTO outbound_payment SELECT 16, 'nobody we know', 1, home FROM customer WHERE cpr = '6101704001';
INSERT INTO outbound_payment VALUES (17, '6101704001', 1, 'Vestergade 17');					-- concerns nobody
INSERT INTO outbound_payment SELECT 18, '062-01704002', 1, home FROM customer WHERE cpr = '6101704001';
INSERT INTO outbound_payment SELECT 19, cpr, 1, special FROM customer;						-- the special address
SELECT * FROM leaves WHERE id >= 10 ORDER BY id, payer;
TRUNCATE outbound_payment;
-- UPDATE, ON CONFLICT, MERGE, COPY, replica
CREATE UNIQUE INDEX ON outbound_payment (id);
INSERT INTO outbound_payment VALUES (20, '6101704001'), (21, '6201704002'), (22, '6201704002'), (23, '6101704001'), (24, '6201704002');
UPDATE outbound_payment SET payer_address = home FROM customer WHERE cpr = payer AND id IN (20, 21);
INSERT INTO outbound_payment SELECT 22, cpr, 1, home FROM customer WHERE cpr = '6201704002' ON CONFLICT (id) DO UPDATE SET payer_address = EXCLUDED.payer_address, payer = '6101704001';
INSERT INTO outbound_payment VALUES (22) ON CONFLICT (id) DO UPDATE SET payer_address = (SELECT home FROM customer WHERE cpr = '6201704002');
MERGE INTO outbound_payment p USING customer c ON p.payer = c.cpr AND id IN (23, 24)
    WHEN MATCHED THEN UPDATE SET payer_address = home WHEN NOT MATCHED THEN INSERT VALUES (25, cpr, 1, home);
SELECT (SELECT home FROM customer WHERE cpr = '6101704001') AS free, (SELECT home FROM customer WHERE cpr = '6201704002') AS hidden \gset
\set row '26\t6101704001\t1\t' :free '\n27\t6201704002\t1\t' :hidden '\n'
\getenv abs_builddir PG_ABS_BUILDDIR
\cd :abs_builddir
\o results/gate.copy
\qecho -n :row
\o
\copy outbound_payment FROM 'results/gate.copy'
COPY outbound_payment FROM STDIN CSV;
28,6201704002,1,Kanariegade 28
\.
SET session_replication_role = replica;
INSERT INTO outbound_payment SELECT 29, cpr, 1, home FROM customer WHERE cpr = '6201704002';
RESET session_replication_role;
INSERT INTO outbound_payment VALUES (30, '6201704002', 1, :'hidden'), (31, '6101704001', 1, :'free');
PREPARE pay (int, text, protaddr.address) AS INSERT INTO outbound_payment VALUES ($1, $2, 1, $3);
EXECUTE pay (32, '6201704002', :'hidden');
SELECT protaddr.protect('6101704001', 'DK-CPR', '0001');
EXECUTE pay (33, '6101704001', :'free');
SELECT protaddr.lift('6101704001', 'DK-CPR', '0001');
EXECUTE pay (34, '6101704001', :'free');
SELECT * FROM leaves ORDER BY id;
-- an update of anything sends the row through again: what was released is told no more once its person is protected
SELECT protaddr.protect('6101704001', 'DK-CPR', '0001');
UPDATE outbound_payment SET amount = 2;
SELECT count(*) AS rows, count(payer_address) AS addresses FROM outbound_payment;
SELECT protaddr.lift('6101704001', 'DK-CPR', '0001');
-- the register not ready: all withheld
SELECT protaddr.retire_register('regress');
INSERT INTO outbound_payment VALUES (35, '6101704001', 1, :'free');
SELECT protaddr.confirm_register('regress', new_source => true);
SELECT id, withheld FROM leaves WHERE id = 35;

-- another trigger puts the address back behind the gate
CREATE FUNCTION put_back() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.payer_address := (SELECT home FROM customer WHERE cpr = NEW.payer); RETURN NEW; END $$;
CREATE TRIGGER zzz_put_back BEFORE INSERT ON outbound_payment FOR EACH ROW EXECUTE FUNCTION put_back();
-- such a trigger is not allowed; only a superuser's hand in the catalog can bring one
CREATE TRIGGER aaa_put_back BEFORE INSERT ON outbound_payment FOR EACH ROW EXECUTE FUNCTION put_back();
UPDATE pg_trigger SET tgname = 'zzz_put_back' WHERE tgrelid = 'outbound_payment'::regclass AND tgname = 'aaa_put_back';
ALTER TABLE outbound_payment SET (fillfactor = 90);
\set VERBOSITY default
INSERT INTO outbound_payment VALUES (40, '6201704002');
INSERT INTO outbound_payment VALUES (41, '6101704001');
DROP TRIGGER zzz_put_back ON outbound_payment;
CREATE TRIGGER aaa_put_back BEFORE INSERT ON outbound_payment FOR EACH ROW EXECUTE FUNCTION put_back();
INSERT INTO outbound_payment VALUES (42, '6201704002'), (43, '6101704001');
SELECT * FROM leaves WHERE id >= 40 ORDER BY id;
DROP TRIGGER aaa_put_back ON outbound_payment;

-- release by hand: for one channel, and good for no other
SELECT protaddr.show(protaddr.release(:'free', 'sepa')) AS released, protaddr.release(:'hidden', 'sepa') AS withheld, protaddr.release(NULL, 'sepa') AS nothing,
       protaddr.release('Vestergade 1', 'sepa') AS of_nobody, protaddr.show_iso(protaddr.release(:'hidden', 'cross_border', 5000, 'EUR')) AS minimum;
SELECT protaddr.release(r, 'sepa') OPERATOR(protaddr.===) r AS same_again, protaddr.release(r, 'own_bank') OPERATOR(protaddr.!==) r AS another_channel
FROM (SELECT protaddr.release(:'free', 'sepa') AS r) t;
SELECT refusal('SELECT protaddr.release(''Vestergade 1'', ''' || c || ''')') FROM unnest('{SEPA,nowhere,""}'::text[]) WITH ORDINALITY u(c, n) ORDER BY n;
CREATE FUNCTION put_back_released() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN NEW.payer_address := protaddr.release((SELECT home FROM customer WHERE cpr = NEW.payer), 'cross_border', 5000, 'EUR'); RETURN NEW; END $$;
CREATE TRIGGER aaa_put_back BEFORE INSERT ON outbound_payment FOR EACH ROW EXECUTE FUNCTION put_back_released();
UPDATE pg_trigger SET tgname = 'zzz_put_back' WHERE tgrelid = 'outbound_payment'::regclass AND tgname = 'aaa_put_back';
ALTER TABLE outbound_payment SET (fillfactor = 80);
SELECT refusal('INSERT INTO outbound_payment VALUES (44, ''6201704002'')'), refusal('INSERT INTO outbound_payment VALUES (44, ''6101704001'')');
DROP TABLE outbound_payment CASCADE;

-- the legal minimum: town and country; the country alone where the town is hidden, too
CREATE TABLE swift (payer text, address protaddr.address, amount numeric DEFAULT 5000);
SELECT protaddr.install_gate('swift', 'cross_border', 'payer', amount => 'amount', currency_code => 'EUR');
INSERT INTO swift SELECT cpr, home FROM customer UNION ALL SELECT NULL, home FROM customer WHERE cpr = '6101704001' UNION ALL SELECT cpr, special FROM customer WHERE special IS NOT NULL;
INSERT INTO swift VALUES ('6101704001', '{"StrtNm":"Kanariegade","TwnNm":"Aarhus C"}');
SELECT payer, address IS NULL AS withheld, protaddr.show(address), protaddr.show_iso(address) FROM swift ORDER BY payer, withheld;
-- a minimum stays one, though its person is free again, and tells no town that is hidden since
SELECT protaddr.lift('6201704002', 'DK-CPR', '0001');
UPDATE swift SET payer = payer;
SELECT protaddr.show_iso(address) FROM swift WHERE payer = '6201704002' AND address IS NOT NULL;
SELECT protaddr.protect('6201704002', 'manual', 'address_and_town');
SELECT protaddr.show_iso(address) FROM swift WHERE payer = '6201704002' AND address IS NOT NULL;

-- a channel that blocks; and the law as rows that change
SELECT protaddr.set_channel('blocks', 'block', 'extract', when_unknown => 'block', description => 'Test', legal_basis => 'none but this test');
CREATE TABLE blocked (payer text, address protaddr.address NOT NULL);
SELECT protaddr.install_gate('blocked', 'blocks', 'payer');
INSERT INTO blocked SELECT cpr, home FROM customer;
\set VERBOSITY terse
INSERT INTO blocked SELECT cpr, home FROM customer WHERE cpr = '6101704001';
INSERT INTO blocked VALUES (NULL, :'free');
INSERT INTO blocked VALUES ('6101704001', 'Vestergade 1');
SELECT payer, protaddr.show(address) FROM blocked;
SELECT protaddr.set_channel('cross_border', 'withhold', legal_basis => 'none but this test');
INSERT INTO swift SELECT 'changed', home FROM customer WHERE cpr = '6301704003';
SELECT address IS NULL AS withheld FROM swift WHERE payer = 'changed';
SELECT protaddr.end_channel('blocks');
INSERT INTO blocked SELECT cpr, home FROM customer WHERE cpr = '6101704001';
SELECT relation, channel, subject, status FROM protaddr.gate_status ORDER BY relation::text;

SET client_min_messages = warning;
DROP TABLE customer, swift, blocked CASCADE;
DROP FUNCTION refusal, put_back, put_back_released;
DROP EXTENSION protaddr CASCADE;
