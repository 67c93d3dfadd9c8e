--
-- What does a channel's action do to a row that moves to another partition?
--
SET client_min_messages = warning;
CREATE EXTENSION protaddr;
CREATE FUNCTION refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'moved';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
CREATE TABLE customer (cpr text PRIMARY KEY, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', 'cpr') \g /dev/null
INSERT INTO customer VALUES ('6101704001', 'Vestergade 1'), ('6201704002', '{"StrtNm":"Kanariegade","BldgNb":"2","TwnNm":"Aarhus C","Ctry":"DK"}');
SELECT persons, protected FROM protaddr.load_register('DK-CPR', '[{"subject": "6101704001", "protections": []}, {"subject": "6201704002", "protections": []}]');
CREATE FUNCTION home(cpr text) RETURNS protaddr.address LANGUAGE sql STABLE AS 'SELECT home FROM customer WHERE cpr = $1';
CREATE FUNCTION pacs(dbtr text) RETURNS text LANGUAGE sql AS $$
SELECT '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"><FIToFICstmrCdtTrf><CdtTrfTxInf><IntrBkSttlmAmt Ccy="EUR">5000</IntrBkSttlmAmt>'
    '<Dbtr><Nm>Prøve</Nm><PstlAdr><StrtNm>Skjultvej</StrtNm><TwnNm>Aarhus C</TwnNm><Ctry>DK</Ctry></PstlAdr><Id><PrvtId><Othr><Id>' || dbtr || '</Id></Othr></PrvtId></Id></Dbtr></CdtTrfTxInf></FIToFICstmrCdtTrf></Document>' $$;
SELECT protaddr.set_channel(a, a::protaddr.channel_action, 'union', when_unknown => 'leave', description => 'Test', legal_basis => 'none but this test')
FROM unnest('{withhold,minimum,substitute,disclose,hold,block}'::text[]) a \g /dev/null
SELECT protaddr.set_substitute('6201704002', '{"StrtNm":"Postboks","BldgNb":"7","TwnNm":"Odense C","Ctry":"DK"}', 'Test') \g /dev/null
CREATE TABLE sent (id int, day int, channel text, payer text, payee text, home protaddr.address, doc xml, PRIMARY KEY (id, day)) PARTITION BY LIST (day);
CREATE TABLE sent_1 PARTITION OF sent FOR VALUES IN (1);
CREATE TABLE sent_2 (doc xml, gone int, home protaddr.address, payee text, payer text, channel text, day int NOT NULL, id int NOT NULL);
ALTER TABLE sent_2 DROP gone;
ALTER TABLE sent ATTACH PARTITION sent_2 FOR VALUES IN (2);
SELECT protaddr.install_gate('sent', subject => 'payer', channel_column => 'channel', payee => 'payee', messages => '{"doc":"xml"}');
CREATE VIEW told AS SELECT id, day, channel, payer = '6201704002' AS hers, protaddr.show(home), substring(doc::text, '<StrtNm>(.*?)</StrtNm>') AS street, substring(doc::text, '<TwnNm>(.*?)</TwnNm>') AS town FROM sent;
CREATE VIEW recorded AS SELECT channel, count(*) FROM protaddr.disclosure GROUP BY channel;

-- of people who are free, each moves as it is, and is the same value
INSERT INTO sent SELECT row_number() OVER (ORDER BY a), 1, a, '6201704002', 'Bank', home('6201704002'), pacs('6201704002')::xml FROM unnest('{withhold,minimum,substitute,disclose,hold,block}'::text[]) a;
INSERT INTO sent SELECT id + 10, day, channel, '6101704001', 'Bank', home('6101704001'), pacs('6101704001')::xml FROM sent;
CREATE TABLE before AS SELECT id, home::text, doc::text FROM sent;
UPDATE sent SET day = 2;
SELECT count(*) AS the_same FROM sent s JOIN before b USING (id) WHERE b.home = s.home::text AND b.doc = s.doc::text AND s.day = 2;
SELECT channel, count FROM recorded ORDER BY 1;
-- one is protected meanwhile: the rule holds as of any update, and what is disclosed is recorded, the message with its own amount
SELECT protaddr.protect('6201704002', 'DK-CPR', '0001');
SELECT channel, refusal(format('UPDATE sent SET day = 1 WHERE id = %s', id)) FROM sent WHERE id < 10 ORDER BY id;
SELECT refusal('UPDATE sent SET day = 1 WHERE id > 10');
SELECT * FROM told ORDER BY id;
SELECT channel, count FROM recorded ORDER BY 1;
-- there and back: nothing more is taken; the key tells the day, so that a move is on record as another payment, and any other update is not
DROP TABLE before;
CREATE TABLE before AS SELECT id, md5(protaddr.show(home)) AS home, doc::text FROM sent;
UPDATE sent SET day = 3 - day WHERE id NOT IN (SELECT id FROM sent WHERE day = 2);
UPDATE sent SET day = 1 WHERE id > 10;
SELECT count(*) AS the_same FROM sent s JOIN before b USING (id) WHERE b.home IS NOT DISTINCT FROM md5(protaddr.show(s.home)) AND b.doc = s.doc::text;
SELECT channel, count FROM recorded ORDER BY 1;
SELECT p.channel, v.column_name, v.problem FROM protaddr.verify_gate('sent') v JOIN sent p ON p.ctid = v.row_tid AND p.tableoid = v.partition ORDER BY p.id, v.column_name;

-- from the start of somebody who is protected, two at a time; what was held moves as it was decided
DELETE FROM sent;
INSERT INTO sent SELECT 20 + n, 1, a, '6201704002', 'Bank', home('6201704002'), pacs('6201704002')::xml FROM unnest('{withhold,minimum,substitute,disclose}'::text[]) WITH ORDINALITY u(a, n) ORDER BY n;
SELECT refusal('INSERT INTO sent SELECT 30, 1, ''block'', ''6201704002'', ''Bank'', home(''6201704002''), pacs(''6201704002'')::xml');
INSERT INTO sent SELECT 30 + n, 1, 'hold', '6201704002', 'Bank', home('6201704002'), pacs('6201704002')::xml FROM generate_series(1, 3) n;
SELECT protaddr.release_held(held_id, (ARRAY['withhold', 'minimum', 'disclose'])[(row_key->>'id')::int - 30], 'request') FROM protaddr.held_rows('sent');
SELECT * FROM told ORDER BY id;
SELECT channel, count FROM recorded ORDER BY 1;
DROP TABLE before;
CREATE TABLE before AS SELECT id, md5(protaddr.show(home)) AS home, doc::text FROM sent;
UPDATE sent SET day = 2 WHERE id % 2 = 0;
UPDATE sent SET day = 3 - day;
UPDATE sent SET day = 1;
SELECT count(*) AS the_same FROM sent s JOIN before b USING (id) WHERE b.home IS NOT DISTINCT FROM md5(protaddr.show(s.home)) AND b.doc = s.doc::text;
SELECT channel, count FROM recorded ORDER BY 1;
SELECT * FROM protaddr.verify_gate('sent');

-- a row is seen twice in ways of its own: by a foreign key, after a function of its own has written, in another table of the same command
CREATE TABLE party (cpr text PRIMARY KEY);
INSERT INTO party VALUES ('6101704001');
CREATE TABLE wired (id int PRIMARY KEY, payer text REFERENCES party ON UPDATE CASCADE, doc xml, twice int GENERATED ALWAYS AS (id * 2) STORED);
SELECT protaddr.install_gate('wired', 'minimum', 'payer', messages => '{"doc":"xml"}');
INSERT INTO wired VALUES (1, '6101704001', pacs('6101704001')::xml), (2, '6101704001', pacs('6101704001')::xml);
UPDATE party SET cpr = '6201704002';
CREATE FUNCTION writes() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.id % 2 = 1 THEN INSERT INTO wired VALUES (NEW.id + 1, NEW.payer, NEW.doc); END IF;
    BEGIN INSERT INTO wired VALUES (1, NEW.payer, NEW.doc); EXCEPTION WHEN unique_violation THEN NULL; END;
    RETURN NEW;
END $$;
CREATE TRIGGER writes BEFORE INSERT ON wired FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION writes();
INSERT INTO wired SELECT n, '6201704002', pacs('6201704002')::xml FROM generate_series(3, 7, 2) n;
DROP TRIGGER writes ON wired;
WITH m AS (UPDATE sent SET day = 2 RETURNING id, payer, doc) INSERT INTO wired SELECT id, payer, doc FROM m WHERE doc IS NOT NULL;
INSERT INTO wired SELECT id, payer, pacs(payer)::xml FROM wired ON CONFLICT (id) DO UPDATE SET doc = EXCLUDED.doc WHERE wired.id < 5;
INSERT INTO wired SELECT id, payer, pacs(payer)::xml FROM wired ON CONFLICT DO NOTHING;
BEGIN; SAVEPOINT s; UPDATE wired SET doc = pacs(payer)::xml; ROLLBACK TO s; UPDATE wired SET doc = pacs(payer)::xml; RELEASE s; INSERT INTO wired VALUES (50, '6201704002', pacs('6201704002')::xml); COMMIT;
SELECT min(id), max(id), count(*), substring(doc::text, '<StrtNm>(.*?)</StrtNm>') AS street, substring(doc::text, '<TwnNm>(.*?)</TwnNm>') AS town FROM wired GROUP BY 4, 5;
SELECT * FROM protaddr.verify_gate('wired');

DROP VIEW told, recorded;
DROP EXTENSION protaddr CASCADE;
DROP TABLE customer, sent, before, wired, party;
DROP FUNCTION refusal, pacs, writes;
