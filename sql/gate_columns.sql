--
-- What does a gate make of amounts, people and messages of its rows?
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
    RETURN concat_ws(' ', SQLSTATE, SQLERRM, '(' || nullif(detail, '') || ')');
END
$$;
CREATE TABLE customer (cpr text PRIMARY KEY, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', 'cpr');
INSERT INTO customer SELECT s, '{"StrtNm":"Kanariegade","BldgNb":"2","PstCd":"8000","TwnNm":"Aarhus C","Ctry":"DK"}' FROM unnest('{6201704002,6401704004}'::text[]) s;
INSERT INTO customer VALUES ('6101704001', 'Vestergade 1');
SELECT persons, protected FROM protaddr.load_register('DK-CPR', '[{"subject": "6101704001", "protections": []}, {"subject": "6201704002", "protections": [{"code": "0001"}]}, {"subject": "6401704004", "protections": [{"code": "0001"}]}]');
CREATE FUNCTION home(cpr text) RETURNS protaddr.address LANGUAGE sql STABLE AS 'SELECT home FROM customer WHERE cpr = $1';
SELECT protaddr.set_channel('discloses', 'disclose', 'third_country', description => 'Test', legal_basis => 'none but this test');

-- refusals
CREATE DOMAIN price AS numeric(12, 2);
CREATE DOMAIN xml_message AS xml;
CREATE TYPE route AS ENUM ('sepa', 'cross_border', 'own_bank', 'nowhere');
CREATE TABLE t (id int PRIMARY KEY, payer text, payee text, amount price, whole bigint, rate float8, currency char(3), route route, channel text, made text GENERATED ALWAYS AS (payer || 'x') STORED,
    debtor protaddr.address, creditor protaddr.address, doc xml, mt varchar(300), payload jsonb, raw bytea, tag name, fixed char(200), docs xml[]);
SELECT a, refusal('SELECT protaddr.install_gate(''t'', ' || a || ')') FROM unnest(ARRAY[
    'NULL, ''payer''', '''sepa'', ''payer'', channel_column => ''channel''', '''sepa'', ''payer'', channel_column => ''''', 'subject => ''payer'', channel_column => ''made''', 'subject => ''payer'', channel_column => ''whole''',
    'subject => ''payer'', channel_column => ''debtor''', '''sepa'', ''payer'', amount => ''amount''', '''sepa'', ''payer'', currency => ''currency''', '''sepa'', ''payer'', amount => ''rate'', currency => ''currency''',
    '''sepa'', ''payer'', amount => ''amount'', currency => ''currency'', currency_code => ''EUR''', '''sepa'', ''payer'', amount => ''amount'', currency_code => ''euro''', '''sepa'', ''payer'', amount => ''amount'', currency => ''whole''',
    '''sepa'', ''payer'', amount => ''none'', currency_code => ''EUR''', '''sepa'', ''payer'', payee => ''creditor''', '''sepa'', ''payer'', payee => ''made''',
    '''sepa'', ''payer'', persons => ''[]''', '''sepa'', ''payer'', persons => ''{"creditor":1}''', '''sepa'', ''payer'', persons => ''{"payee":"payee"}''', '''sepa'', ''payer'', persons => ''{"creditor":"debtor"}''', '''sepa'', ''payer'', persons => ''{"none":"payee"}''',
    '''sepa'', ''payer'', messages => ''"doc"''', '''sepa'', ''payer'', messages => ''{"doc":"pdf"}''', '''sepa'', ''payer'', messages => ''{"doc":"mt"}''', '''sepa'', ''payer'', messages => ''{"payload":"xml"}''', '''sepa'', ''payer'', messages => ''{"made":"mt"}''',
    '''sepa'', ''payer'', messages => ''{"fixed":"mt"}''', '''sepa'', ''payer'', messages => ''{"docs":"xml"}''', '''sepa'', ''payer'', messages => ''{"debtor":"xml"}''', '''sepa'', messages => ''{"doc":"xml"}''']) WITH ORDINALITY u(a, n) ORDER BY n;
SELECT count(*) AS triggers FROM pg_trigger WHERE tgrelid = 't'::regclass;

-- everything at once; each row names its channel
SET client_min_messages = notice;
SELECT protaddr.install_gate('t', subject => 'payer', channel_column => 'route', amount => 'amount', currency => 'currency', payee => 'payee', persons => '{"creditor":"payee"}',
    messages => '{"doc":"xml","mt":"mt","payload":"json","raw":"xml"}');
SET client_min_messages = warning;
SELECT protaddr.trigger_arguments(oid) FROM pg_trigger WHERE tgname = 'zz_protaddr_gate';
SELECT channel, subject, ignored_columns, status FROM protaddr.gate_status;
-- a row without a channel, or with one there is not, never passes
SELECT refusal('INSERT INTO t (id, payer, route, debtor) VALUES (1, ''6101704001'', ' || r || ', home(''6101704001''))') FROM unnest(ARRAY['NULL', '''nowhere''', '''sepa''']) WITH ORDINALITY u(r, n) ORDER BY n;
SELECT refusal('UPDATE t SET route = NULL');
INSERT INTO t (id, payer, route, debtor, amount, currency) SELECT 10 + n, '6201704002', r::route, home('6201704002'), 5000, 'EUR' FROM unnest('{sepa,cross_border,own_bank}'::text[]) WITH ORDINALITY u(r, n);
SELECT id, route, protaddr.show(debtor) FROM t ORDER BY id;
-- another channel, another rule
UPDATE t SET route = 'sepa' WHERE id = 12;
UPDATE t SET route = 'cross_border' WHERE id = 1;
SELECT id, route, protaddr.show(debtor) FROM t WHERE id IN (1, 12) ORDER BY id;
DELETE FROM t;

-- each address is its person's: the payer's protection is not the payee's
INSERT INTO t (id, route, payer, debtor, payee, creditor) SELECT n, 'sepa', a, home(a), b, home(b)
FROM (VALUES (1, '6101704001', '6201704002'), (2, '6201704002', '6101704001'), (3, '6101704001', NULL), (4, NULL, '6101704001'), (5, '6101704001', '6101704001')) v(n, a, b);
UPDATE t SET creditor = home('6101704001') WHERE id = 3;
SELECT id, payer, protaddr.show(debtor) AS debtor, payee, protaddr.show(creditor) AS creditor FROM t ORDER BY id;
DELETE FROM t;

-- small amounts: up to 1,000 euro nothing leaves, above it town and country; not known: the stricter
SELECT protaddr.set_exchange_rate('DKK', 0.134);
INSERT INTO t (id, route, payer, debtor, amount, currency) SELECT n, 'cross_border', '6201704002', home('6201704002'), a, c
FROM (VALUES (1, 1000, 'EUR'), (2, 1000.01, 'EUR'), (3, 7000, 'DKK'), (4, 8000, 'DKK'), (5, 5000, 'SEK'), (6, 5000, NULL), (7, NULL, 'EUR'), (8, 5000, 'eur'), (9, -5000, 'EUR'), (10, 'NaN', 'EUR')) v(n, a, c);
SELECT id, amount, currency, protaddr.show(debtor) FROM t ORDER BY id;
UPDATE t SET amount = 999, debtor = home('6201704002') WHERE id = 2;
SELECT id, protaddr.show(debtor) FROM t WHERE id = 2;
DELETE FROM t;

-- linked: of one payer to one payee, within a day; in one statement and in several
CREATE FUNCTION pay(id int, amount numeric, payee text, payer text DEFAULT '6201704002') RETURNS void LANGUAGE sql AS
    'INSERT INTO t (id, route, payer, debtor, payee, amount, currency) VALUES ($1, ''cross_border'', $4, home($4), $3, $2, ''EUR'')';
CREATE VIEW left_by AS SELECT id, payer, payee, amount, protaddr.show(debtor) FROM t;
SELECT pay(1, 600, 'GB01');
SELECT pay(2, 600, 'GB01'), pay(3, 600, 'GB02'), pay(4, 600, 'GB01', '6401704004');
SELECT * FROM left_by ORDER BY id;
INSERT INTO t (id, route, payer, debtor, payee, amount, currency) SELECT 10 + n, 'cross_border', '6201704002', home('6201704002'), 'GB03', 400, 'EUR' FROM generate_series(1, 4) n;
SELECT * FROM left_by WHERE id > 10 ORDER BY id;
-- an update is the same transfer, and so is what ON CONFLICT makes of one
UPDATE t SET mt = NULL WHERE id = 3;
UPDATE t SET debtor = home(payer) WHERE id = 3;
INSERT INTO t (id, route, payer, debtor, payee, amount, currency) VALUES (3, 'cross_border', '6201704002', home('6201704002'), 'GB02', 600, 'EUR')
    ON CONFLICT (id) DO UPDATE SET debtor = EXCLUDED.debtor;
SELECT * FROM left_by WHERE id = 3;
SELECT payee_key, count(*), sum(amount) FROM protaddr.linked_transfer GROUP BY 1 ORDER BY 1;
UPDATE t SET amount = 300, debtor = home(payer) WHERE id = 3;
SELECT pay(20, 650, 'GB02');
SELECT * FROM left_by WHERE id = 20;
-- rolled back, it counts for nothing
BEGIN;
SELECT pay(21, 900, 'GB04');
SAVEPOINT s;
SELECT pay(22, 900, 'GB04');
ROLLBACK TO s;
SELECT * FROM left_by WHERE id >= 21 ORDER BY id;
ROLLBACK;
SELECT pay(23, 900, 'GB04');
SELECT * FROM left_by WHERE id = 23;
-- without a payee each counts alone; who is free is not noted at all
INSERT INTO t (id, route, payer, debtor, amount, currency) SELECT 30 + n, 'cross_border', '6201704002', home('6201704002'), 600, 'EUR' FROM generate_series(1, 2) n;
SELECT pay(40, 600, 'GB05', '6101704001'), pay(41, 600, 'GB05', '6101704001');
SELECT * FROM left_by WHERE id >= 30 ORDER BY id;
SELECT count(*) FROM protaddr.linked_transfer WHERE payee_key = 'GB05';
DELETE FROM t;

-- messages: rewritten in place, in each type, and what stands there already stays
CREATE FUNCTION pacs(dbtr text, amount text DEFAULT '5000') RETURNS text LANGUAGE sql AS $$
SELECT '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"><FIToFICstmrCdtTrf><CdtTrfTxInf><IntrBkSttlmAmt Ccy="EUR">' || amount || '</IntrBkSttlmAmt>'
    '<Dbtr><Nm>Prøve Beskyttet</Nm><PstlAdr><StrtNm>Skjultvej</StrtNm><BldgNb>2</BldgNb><PstCd>8000</PstCd><TwnNm>Aarhus C</TwnNm><Ctry>DK</Ctry></PstlAdr>'
    '<Id><PrvtId><Othr><Id>' || dbtr || '</Id></Othr></PrvtId></Id></Dbtr><Cdtr><Nm>Sam Sample</Nm></Cdtr></CdtTrfTxInf></FIToFICstmrCdtTrf></Document>' $$;
CREATE FUNCTION mt(dbtr text) RETURNS text LANGUAGE sql AS $$
SELECT E'{1:F01PROVDK22AXXX0000000000}{2:I103OPDIGB22XXXXN}{4:\r\n:20:PROVE\r\n:23B:CRED\r\n:32A:261121EUR5000,\r\n:50K:/' || dbtr || E'\r\nPROVE BESKYTTET\r\nKANARIEGADE 2\r\n8000 AARHUS C\r\n:59:/GB01\r\nSAM SAMPLE\r\n:71A:SHA\r\n-}' $$;
INSERT INTO t (id, route, payer, amount, currency, doc, mt, raw) SELECT n, 'sepa', cpr, 5000, 'EUR', pacs(cpr)::xml, mt(cpr), convert_to(pacs(cpr), 'UTF8') FROM (VALUES (1, '6101704001'), (2, '6201704002')) v(n, cpr);
SELECT id, doc::text = pacs(payer) AS doc_whole, doc::text ~ 'Skjultvej' AS doc_tells, doc::text ~ 'Sam Sample' AS doc_rest, mt = mt(payer) AS mt_whole, mt ~* 'kanariegade' AS mt_tells, mt ~ 'SAM SAMPLE' AS mt_rest,
    convert_from(raw, 'UTF8') = doc::text AS raw_as_doc FROM t ORDER BY id;
CREATE TEMP TABLE before AS SELECT id, doc::text AS doc, mt, raw FROM t;
UPDATE t SET whole = 1;
SELECT count(*) AS unchanged FROM t JOIN before b USING (id) WHERE t.doc::text = b.doc AND t.mt = b.mt AND t.raw = b.raw;
INSERT INTO t (id, route, payer, amount, currency, doc) VALUES (3, 'cross_border', '6201704002', 5000, 'EUR', pacs('6201704002')::xml), (4, 'cross_border', '6201704002', 500, 'EUR', pacs('6201704002', '500')::xml);
SELECT id, (regexp_match(doc::text, '<PstlAdr>.*</PstlAdr>'))[1] AS address FROM t WHERE id IN (3, 4) ORDER BY id;
-- the row and its message are one transfer, however often it is written
INSERT INTO t (id, route, payer, payee, amount, currency, doc) VALUES (50, 'cross_border', '6201704002', 'GB09', 600, 'EUR', pacs('6201704002', '600')::xml);
UPDATE t SET doc = pacs('6201704002', '600')::xml WHERE id = 50;
SELECT doc::text ~ 'PstlAdr' AS tells, (SELECT count(*) FROM protaddr.linked_transfer WHERE payee_key = 'GB09') AS transfers FROM t WHERE id = 50;
INSERT INTO t (id, route, payer, payload) SELECT n, 'sepa', cpr, json_build_object('Document', json_build_object('FIToFICstmrCdtTrf', json_build_object('CdtTrfTxInf', json_build_array(
    json_build_object('Dbtr', json_build_object('Nm', 'Prøve', 'PstlAdr', json_build_object('StrtNm', 'Skjultvej', 'Ctry', 'DK'), 'Id', json_build_object('PrvtId', json_build_object('Othr', json_build_array(json_build_object('Id', cpr))))))))))
FROM (VALUES (5, '6101704001'), (6, '6201704002')) v(n, cpr);
SELECT id, payload::text ~ 'Skjultvej' AS tells, payload::text ~ 'Prøve' AS rest FROM t WHERE id IN (5, 6) ORDER BY id;
-- what cannot be read does not leave
SELECT refusal(format('INSERT INTO t (id, route, payer, %s) VALUES (7, ''sepa'', ''6101704001'', %L)', c, v)) FROM (VALUES (1, 'doc', '<a>Skjultvej</a>'), (2, 'mt', 'Kanariegade 2'), (3, 'raw', 'Kanariegade')) v(n, c, v) ORDER BY n;
-- another trigger changes a message behind the gate
CREATE FUNCTION put_back() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.id = 108 THEN NEW.doc := pacs(NEW.payer)::xml; END IF; RETURN NEW; END $$;
CREATE TRIGGER aaa_put_back BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION put_back();
UPDATE pg_trigger SET tgname = 'zzz_put_back' WHERE tgname = 'aaa_put_back';
ALTER TABLE t SET (fillfactor = 90);
SELECT refusal('INSERT INTO t (id, route, payer, doc) SELECT n, ''sepa'', ''6201704002'', pacs(''6201704002'')::xml FROM generate_series(107, 108) n');
SELECT refusal('INSERT INTO t (id, route, payer) VALUES (108, ''sepa'', ''6101704001'')');
DROP TRIGGER zzz_put_back ON t;
-- a domain goes on holding, and the length of a column
CREATE TABLE m (doc xml_message, short varchar(300));
SELECT protaddr.install_gate('m', 'discloses', messages => '{"doc":"xml","short":"mt"}');
INSERT INTO m VALUES (pacs('6201704002')::xml, mt('6201704002'));
SELECT doc::text = pacs('6201704002') AS disclosed, short = mt('6201704002') AS mt_disclosed FROM m;
SELECT channel, relation IS NOT NULL AS of_the_table, count(*) FROM protaddr.disclosure GROUP BY 1, 2 ORDER BY 1;

DROP VIEW left_by;
DROP TABLE customer, t, m, before;
DROP FUNCTION refusal, home, pay, pacs, mt, put_back;
DROP DOMAIN price, xml_message;
DROP TYPE route;
DROP EXTENSION protaddr CASCADE;
