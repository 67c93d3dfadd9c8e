--
-- What becomes of protected addresses in the texts of a gated row?
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
CREATE TABLE customer (cpr text PRIMARY KEY, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', 'cpr');
INSERT INTO customer VALUES
    ('6101704001', '{"StrtNm":"Solsikkevænget","BldgNb":"1","PstCd":"8000","TwnNm":"Aarhus C"}'),
    ('6201704002', '{"StrtNm":"Opdigtetstien","BldgNb":"4","Flr":"2","UnitNb":"tv","PstCd":"8000","TwnNm":"Aarhus C"}');
SELECT persons, protected FROM protaddr.load_register('DK-CPR', '[{"subject": "6101704001", "protections": []}, {"subject": "6201704002", "protections": [{"code": "0001"}]}]');

-- what is surely one is taken out, and all else stays byte for byte
CREATE TYPE place AS (street text, number text);
CREATE TABLE payment (id int PRIMARY KEY, payer text, home protaddr.address, note text, line1 varchar(60), line2 varchar(30), house int,
    tag char(20), doc jsonb, raw bytea, lines text[], at place, info xml);
SELECT protaddr.install_gate('payment', 'sepa', 'payer');
INSERT INTO payment (id, payer, note) VALUES
    (1, '6101704001', 'Faktura 7, tak for sidst'),
    (2, '6101704001', E'Flyttet til Opdigtetstien 4, 2. tv, 8000 Aarhus C.\n  Hilsen'),
    (3, '6101704001', 'OPDIGTETSTIEN 4,2 TV 8000 ÅRHUS; SOLSIKKEVÆNGET 1, 8000 AARHUS C'),
    (4, '6201704002', 'Solsikkevænget 1, 8000 Aarhus C'),
    (5, '6101704001', 'Opdigtetstien 4, 2. th, 8000 Aarhus C');
INSERT INTO payment (id, payer, doc, info, raw) VALUES
    (6, '6101704001', '{"note": "bor Opdigtetstien 4, 2. tv, 8000 Aarhus C nu", "n": 4}', '<a>Opdigtetstien 4, 2. tv, 8000 Aarhus C</a>', 'Opdigtetstien 4, 2. tv, 8000 Aarhus C');
SELECT id, note, doc, info, convert_from(raw, 'UTF8') AS raw FROM payment ORDER BY id;

-- what is doubtful, and what cannot be taken out: refused, since this channel blocks what it cannot read
SELECT what, refusal('INSERT INTO payment (id, payer, ' || columns || ') VALUES (' || n || ', ''6101704001'', ' || list || ')') FROM (VALUES
    ('no floor', 'note', '''Opdigtetstien 4, 8000 Aarhus C'''),
    ('a letter', 'note', '''Opdigtetsteen 4, 2. tv, 8000 Aarhus C'''),
    ('two columns', 'line1, line2', '''Opdigtetstien 4, 2. tv'', ''8000 Aarhus C'''),
    ('two values', 'doc', '''{"a": "Opdigtetstien 4, 2. tv", "b": "8000 Aarhus C"}'''),
    ('two elements', 'info', '''<a><b>Opdigtetstien 4, 2. tv</b><c>8000 Aarhus C</c></a>'''),
    ('an array', 'lines', 'ARRAY[''Opdigtetstien 4, 2. tv'', ''8000 Aarhus C'']'),
    ('a composite', 'at', '(''Opdigtetstien'', ''4, 2. tv, 8000 Aarhus C'')'),
    ('no room', 'tag', '''Opdigtetstien 4'''),
    ('base64', 'note', '''ref ' || encode(convert_to('Opdigtetstien 4, 2. tv, 8000 Aarhus C', 'UTF8'), 'base64') || ''''),
    ('another number', 'note', '''Opdigtetstien 44''')) v(what, columns, list), LATERAL (SELECT 100 + length(what) + ascii(what)) o(n);
SELECT id, note FROM payment WHERE id > 100 ORDER BY id;

-- every way of writing, and new columns
UPDATE payment SET note = 'se Opdigtetstien 4, 2. tv, 8000 Aarhus C' WHERE id = 1 RETURNING note;
COPY payment (id, payer, note) FROM stdin;
7	6101704001	Opdigtetstien 4, 2. tv, 8000 Aarhus C
\.
ALTER TABLE payment ADD COLUMN remark text;
INSERT INTO payment (id, payer, remark) VALUES (8, '6101704001', 'Opdigtetstien 4, 2. tv, 8000 Aarhus C') ON CONFLICT (id) DO UPDATE SET remark = EXCLUDED.remark;
INSERT INTO payment (id, payer, note) VALUES (8, '6101704001', '') ON CONFLICT (id) DO UPDATE SET note = 'Opdigtetstien 4, 2. tv, 8000 Aarhus C';
SELECT id, note, remark FROM payment WHERE id IN (7, 8) ORDER BY id;
-- what a generated column makes of others is proved when the row is stored
ALTER TABLE payment ADD COLUMN made text GENERATED ALWAYS AS (line1 || line2) STORED;
SELECT refusal('INSERT INTO payment (id, payer, line1, line2) VALUES (1001, ''6101704001'', ''vest 4, 2. tv, 8000 Aarhus C Op'', ''digtetstien 4, 2. tv'')');
SELECT refusal('INSERT INTO payment (id, payer, line1, line2) VALUES (1001, ''6101704001'', ''nu Opdigtetstien '', '''')');
ALTER TABLE payment DROP COLUMN made;
-- the protection of a moment ago counts, and a lifted one until that is committed
BEGIN;
SELECT protaddr.protect('6101704001', 'DK-CPR', '0001') \g /dev/null
INSERT INTO payment (id, payer, note) VALUES (9, '6101704001', 'Solsikkevænget 1, 8000 Aarhus C') RETURNING note;
ROLLBACK;
INSERT INTO payment (id, payer, note) VALUES (9, '6101704001', 'Solsikkevænget 1, 8000 Aarhus C') RETURNING note;

-- in the transaction that lifts it, a protection still counts; once that is committed, it does not
SELECT protaddr.protect('6401704004', 'DK-CPR', '0001') \g /dev/null
INSERT INTO customer VALUES ('6401704004', '{"StrtNm":"Opdigtetdal","BldgNb":"3","PstCd":"8000","TwnNm":"Aarhus C"}');
BEGIN;
SELECT protaddr.lift('6401704004', 'DK-CPR', '0001', 'test') AS lifted;
INSERT INTO payment (id, payer, note) VALUES (20, '6101704001', 'Opdigtetdal 3, 8000 Aarhus C') RETURNING note;
COMMIT;
INSERT INTO payment (id, payer, note) VALUES (21, '6101704001', 'Opdigtetdal 3, 8000 Aarhus C') RETURNING note;
SELECT note FROM payment WHERE id = 20;

-- while the register is not ready, whoever was protected when it last was
BEGIN;
SELECT protaddr.confirm_register('by hand', new_source => true) \g /dev/null
SELECT protaddr.register_ready();
INSERT INTO payment (id, payer, note) VALUES (12, '6101704001', 'Opdigtetstien 4, 2. tv, 8000 Aarhus C; Solsikkevænget 1, 8000 Aarhus C') RETURNING note;
SELECT refusal('SELECT protaddr.guard(''x'', ''sepa'')'), refusal('SELECT protaddr.find_protected(''x'')');
ROLLBACK;

-- a column is left out for a reason
SELECT protaddr.remove_gate('payment');
SELECT refusal('SELECT protaddr.install_gate(''payment'', ''sepa'', ''payer'', ignore => ' || i || ')') FROM unnest(ARRAY['''{"note": ""}''', '''{"nowhere": "x"}''', '''{"house": "a number"}''', '''["note"]''', '''{"note": 7}''']) i;
SELECT protaddr.install_gate('payment', 'sepa', 'payer', ignore => '{"remark": "written by our own program"}');
SELECT ignored_columns, status FROM protaddr.gate_status;
INSERT INTO payment (id, payer, note, remark) VALUES (10, '6101704001', 'Opdigtetstien 4, 2. tv, 8000 Aarhus C', 'Opdigtetstien 4, 2. tv, 8000 Aarhus C') RETURNING note, remark;

-- messages: what the rewriter leaves is looked through as well
CREATE TABLE message (id int PRIMARY KEY, doc xml);
SELECT protaddr.install_gate('message', 'sepa', messages => '{"doc": "xml"}');
INSERT INTO message SELECT 1, ('<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"><FIToFICstmrCdtTrf><CdtTrfTxInf><IntrBkSttlmAmt Ccy="EUR">7</IntrBkSttlmAmt>'
    '<Dbtr><Nm>Prøve Beskyttet</Nm><PstlAdr><StrtNm>Opdigtetstien</StrtNm><BldgNb>4</BldgNb></PstlAdr><Id><PrvtId><Othr><Id>6201704002</Id></Othr></PrvtId></Id></Dbtr>'
    '<Cdtr><Nm>Sam Sample</Nm></Cdtr><RmtInf><Ustrd>Jeg bor paa Opdigtetstien 4, 2.tv, 8000 Aarhus</Ustrd></RmtInf></CdtTrfTxInf></FIToFICstmrCdtTrf></Document>')::xml
    RETURNING doc::text ~* 'opdigtet' AS tells, substring(doc::text FROM '<Ustrd>.*</Ustrd>') AS remittance;

-- one address is disclosed, and another in the same text is nobody's: that one stays here
SELECT protaddr.set_channel('tells', 'disclose', 'third_country', description => 'Test', legal_basis => 'none but this test');
SELECT protaddr.guard_address('{"StrtNm":"Tilflugtsvej","BldgNb":"7","PstCd":"5000","TwnNm":"Odense C"}', 'shelter') > 0 AS listed;
CREATE TABLE told (id int PRIMARY KEY, payer text, note text);
SELECT protaddr.install_gate('told', 'tells', 'payer');
INSERT INTO told VALUES (1, '6101704001', 'Opdigtetstien 4, 2. tv, 8000 Aarhus C; Tilflugtsvej 7, 5000 Odense C') RETURNING note;
SELECT kind, channel, subjects, row_key FROM protaddr.disclosure;

-- held aside: somebody decides
SELECT protaddr.set_channel('asks', 'withhold', 'third_country', when_unreadable => 'hold', description => 'Test', legal_basis => 'none but this test');
CREATE TABLE asked (id int PRIMARY KEY, payer text, home protaddr.address, note text);
SELECT protaddr.install_gate('asked', 'asks', 'payer');
INSERT INTO asked VALUES (1, '6101704001', NULL, 'ved Opdigtetstien 4, 8000 Aarhus C'), (2, '6101704001', NULL, 'Opdigtetstien 4, 8000 Aarhus C'),
    (3, '6101704001', NULL, 'Opdigtetstien 4, 2. tv, 8000 Aarhus C'), (4, '6101704001', NULL, 'Opdigtetstien 4, 8000 Aarhus C; Tilflugtsvej 7, 5000 Odense C');
SELECT id, note FROM asked;
SELECT row_key, why, status FROM protaddr.held_rows('asked') ORDER BY row_key::text;
SELECT protaddr.decide_held(held_id, CASE row_key ->> 'id' WHEN '1' THEN 'withhold' ELSE 'disclose' END, 'as agreed with the payer') FROM protaddr.held_rows('asked') ORDER BY row_key::text \g /dev/null
SELECT protaddr.carry_out_held('asked');
SELECT id, note FROM asked ORDER BY id;
SELECT kind, channel, subjects, payer, row_key, reason FROM protaddr.disclosure;
-- and what was decided on stays
UPDATE asked SET payer = payer;
SELECT id, note FROM asked ORDER BY id;

-- held in place: the row waits without the address, and gets it back
CREATE TABLE placed (id int PRIMARY KEY, payer text, home protaddr.address, note text NOT NULL, status text);
SELECT protaddr.install_gate('placed', 'asks', 'payer', hold_column => 'status', hold_value => 'waits');
INSERT INTO placed VALUES (1, '6101704001', NULL, 'ved Opdigtetstien 4, 8000 Aarhus C', 'new') RETURNING note, status;
UPDATE placed SET status = 'sent';
SELECT note, status FROM placed;
SELECT protaddr.decide_held(held_id, 'disclose', 'as agreed with the payer') FROM protaddr.held_rows('placed') WHERE status = 'held' \g /dev/null
SELECT protaddr.carry_out_held('placed');
SELECT note, status FROM placed;

-- what is stored already: what its gate would do
CREATE TABLE stored (id int PRIMARY KEY, payer text, note text, raw bytea, doc jsonb);
INSERT INTO stored VALUES (1, '6101704001', 'ved Opdigtetstien 4, 2. tv, 8000 Aarhus C', NULL, NULL), (2, '6101704001', 'Opdigtetstien 4, 8000 Aarhus C', NULL, NULL),
    (3, '6101704001', 'nothing', convert_to('Opdigtetstien 4, 2. tv, 8000 Aarhus C', 'UTF8'), '{"Opdigtetstien 4, 2. tv, 8000 Aarhus C": 1}'), (4, '6101704001', NULL, '\x00', '{"a": "[address withheld]"}'),
    (5, '6101704001', 'Opdigtetstien 4, 2. tv', NULL, '"8000 Aarhus C"');
SELECT protaddr.install_gate('stored', 'sepa', 'payer');
SELECT s.id, v.column_name, v.problem, v.if_updated, v.because FROM protaddr.verify_gate('stored') v JOIN stored s ON s.ctid = v.row_tid ORDER BY s.id, v.column_name;
UPDATE stored SET id = id WHERE id = 1;
SELECT s.id, v.column_name FROM protaddr.verify_gate('stored') v JOIN stored s ON s.ctid = v.row_tid ORDER BY s.id, v.column_name;
SELECT protaddr.remove_gate('stored');
SELECT protaddr.install_gate('stored', 'tells', 'payer', ignore => '{"note": "x", "raw": "x"}');
SELECT s.id, v.column_name FROM protaddr.verify_gate('stored') v JOIN stored s ON s.ctid = v.row_tid ORDER BY s.id, v.column_name;
SELECT protaddr.remove_gate('stored');
-- bytes in an encoding that somebody has to declare
SELECT refusal('SELECT protaddr.install_gate(''stored'', ''sepa'', ''payer'', encodings => ' || e || ')') FROM unnest(ARRAY['''{"note": "IBM277"}''', '''{"raw": "none such"}''', '''{"raw": 7}''', '''["raw"]''']) e;
SELECT protaddr.install_gate('stored', 'sepa', 'payer', encodings => '{"raw": "IBM277"}');
INSERT INTO stored (id, payer, raw) VALUES (6, '6101704001', '\xa740d697848987a385a3a2a389859540f46b40f24b40a3a56b40f8f0f0f040c1819988a4a240c3') RETURNING encode(raw, 'hex');

DROP EXTENSION protaddr CASCADE;
DROP TABLE customer, payment, message, asked, placed, told, stored;
DROP TYPE place;
DROP FUNCTION refusal;
