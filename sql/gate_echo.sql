--
-- What a row takes away: is it found again in its texts, whoever it is of?
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
SELECT persons FROM protaddr.load_register('FI-VTJ', '[{"subject": "PROT-1", "protections": [{"code": "turvakielto"}]}, {"subject": "FREE-1", "protections": []}]');
SELECT protaddr.link_identity('DK5000400440116243', 'PROT-1', kind => 'account') AND protaddr.link_identity('DK9300400440116251', 'FREE-1', kind => 'account') AS linked;

-- ---- a column of its own ------------------------------------------------------------------------
CREATE TABLE payment (id int PRIMARY KEY, payer text, home protaddr.address, note text, extra jsonb);
SELECT protaddr.bind_column('payment', 'home', 'payer');
SELECT protaddr.install_gate('payment', 'sumclearing', 'payer');
INSERT INTO payment (id, payer, home, note) VALUES
    (1, 'PROT-1', '{"StrtNm":"Opdigtetskov","BldgNb":"7","PstCd":"8000","TwnNm":"Aarhus"}', 'fra OPDIGTETSKOV 7 8000 ÅRHUS, tak'),
    (2, 'NOBODY', '{"StrtNm":"Opdigtetskov","BldgNb":"9","PstCd":"8000","TwnNm":"Aarhus"}', 'fra Opdigtetskov 9, 8000 Aarhus; til Opdigtetskov 7, 8000 Aarhus'),
    (3, 'FREE-1', '{"StrtNm":"Opdigtetskov","BldgNb":"5","PstCd":"8000","TwnNm":"Aarhus"}', 'fra Opdigtetskov 5, 8000 Aarhus'),
    (4, 'NOBODY', NULL, 'fra Opdigtetskov 9, 8000 Aarhus'),
    (5, 'NOBODY', 'Opdigtetskov 9' || chr(10) || '8000 Aarhus', 'x') RETURNING id, note, home IS NULL AS withheld;
INSERT INTO payment VALUES (6, 'NOBODY', 'Opdigtetskov 9, 8000 Aarhus', '', '{"a": ["fra Opdigtetskov 9, 8000 Aarhus"]}') RETURNING extra;
-- doubtful, or across columns: refused
SELECT refusal('INSERT INTO payment VALUES (7, ''NOBODY'', ''Opdigtetskov 9, 8000 Aarhus'', ''fra Opdigtetskow 9, 8000 Aarhus'')'),
    refusal('INSERT INTO payment VALUES (7, ''NOBODY'', ''Opdigtetskov 9, 8000 Aarhus'', ''fra Opdigtetskov 9'', ''"8000 Aarhus"'')');
-- what a row no longer has it does not take away, and one row's address is not another's
UPDATE payment SET note = 'til Opdigtetskov 9, 8000 Aarhus' WHERE id = 2 RETURNING note;
-- whatever else the transaction has written
CREATE FUNCTION also() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.id < 100 THEN
        INSERT INTO payment VALUES (NEW.id + 100, 'NOBODY', 'Opdigtetskov 11, 8000 Aarhus', 'fra Opdigtetskov 11, 8000 Aarhus og Opdigtetskov 13, 8000 Aarhus');
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER also BEFORE INSERT ON payment FOR EACH ROW EXECUTE FUNCTION also();
INSERT INTO payment VALUES (8, 'NOBODY', 'Opdigtetskov 13, 8000 Aarhus', 'fra Opdigtetskov 11, 8000 Aarhus og Opdigtetskov 13, 8000 Aarhus');
SELECT id, note FROM payment WHERE id IN (8, 108) ORDER BY id;
DROP TRIGGER also ON payment;

-- ---- a substitute is there to be told -------------------------------------------------------------------
SELECT protaddr.set_channel('instead', 'substitute', 'domestic', without_substitute => 'withhold', when_unknown => 'withhold', description => 'Test', legal_basis => 'none but this test');
SELECT protaddr.set_substitute('PROT-1', '{"StrtNm":"Opdigtetgade","BldgNb":"99","PstCd":"8000","TwnNm":"Aarhus","Ctry":"DK"}', 'test') IS NOT NULL AS registered;
CREATE TABLE instead (id int PRIMARY KEY, payer text, home protaddr.address, note text);
SELECT protaddr.bind_column('instead', 'home', 'payer');
SELECT protaddr.install_gate('instead', 'instead', 'payer');
INSERT INTO instead VALUES
    (1, 'PROT-1', 'Opdigtetskov 7, 8000 Aarhus', 'fra Opdigtetskov 7, 8000 Aarhus; skriv til Opdigtetgade 99, 8000 Aarhus'),
    (2, 'PROT-1', '{"StrtNm":"Opdigtetgade","BldgNb":"99","PstCd":"8000","TwnNm":"Aarhus","Ctry":"DK"}', 'skriv til Opdigtetgade 99, 8000 Aarhus') RETURNING note;

-- ---- held: aside, and in place --------------------------------------------------------------------------
SELECT protaddr.set_channel('asks', 'withhold', 'third_country', when_unreadable => 'hold', when_unknown => 'withhold', description => 'Test', legal_basis => 'none but this test');
CREATE TABLE asked (id int PRIMARY KEY, payer text, home protaddr.address, note text);
SELECT protaddr.install_gate('asked', 'asks', 'payer');
INSERT INTO asked VALUES (1, 'NOBODY', 'Opdigtetskov 9, 8000 Aarhus', 'fra Opdigtetskow 9, 8000 Aarhus'), (2, 'NOBODY', 'Opdigtetskov 9, 8000 Aarhus', 'fra Opdigtetskow 9, 8000 Aarhus');
SELECT row_key, why FROM protaddr.held_rows('asked') ORDER BY row_key::text;
SELECT count(protaddr.decide_held(held_id, CASE row_key ->> 'id' WHEN '1' THEN 'withhold' ELSE 'disclose' END, 'as agreed')) FROM protaddr.held_rows('asked');
SELECT protaddr.carry_out_held('asked');
SELECT id, home IS NULL AS withheld, note FROM asked ORDER BY id;
SELECT kind, subjects, payer, row_key, reason FROM protaddr.disclosure ORDER BY row_key::text;
SELECT protaddr.set_channel('holds', 'hold', 'domestic', when_unknown => 'hold', description => 'Test', legal_basis => 'none but this test');
CREATE TABLE placed (id int PRIMARY KEY, payer text, home protaddr.address, note text, status text);
SELECT protaddr.install_gate('placed', 'holds', 'payer', hold_column => 'status', hold_value => 'waits');
INSERT INTO placed VALUES (1, 'NOBODY', 'Opdigtetskov 9, 8000 Aarhus', 'fra Opdigtetskov 9, 8000 Aarhus', 'new') RETURNING home, note, status;
SELECT count(protaddr.decide_held(held_id, 'withhold', 'as agreed')) FROM protaddr.held_rows('placed');
SELECT protaddr.carry_out_held('placed');
SELECT home, note, status FROM placed;

-- ---- messages, by hand and at a gate ------------------------------------------------------------------------
CREATE TABLE m (n int, format text, doc text);
INSERT INTO m VALUES
    (1, 'xml', '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.04"><BkToCstmrDbtCdtNtfctn><Ntfctn><Ntry><NtryDtls><TxDtls><RltdPties><Dbtr><Nm>Mona Opdigtet</Nm><PstlAdr><AdrLine>Opdigtetskov 9</AdrLine><AdrLine>8000 Aarhus</AdrLine></PstlAdr></Dbtr><DbtrAcct><Id><IBAN>DK5000400440116243</IBAN></Id></DbtrAcct></RltdPties></TxDtls></NtryDtls><AddtlNtryInf>INDBETALING FRA Mona Opdigtet Opdigtetskov 9 8000 Aarhus</AddtlNtryInf></Ntry></Ntfctn></BkToCstmrDbtCdtNtfctn></Document>'),
    (2, 'xml', '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"><CdtTrfTxInf><IntrBkSttlmAmt Ccy="EUR">7</IntrBkSttlmAmt><Dbtr><Nm>Mona Opdigtet</Nm><PstlAdr><StrtNm>Opdigtets&#248;en</StrtNm><BldgNb>9</BldgNb><PstCd>8000</PstCd><TwnNm>Aarhus</TwnNm><Ctry>DK</Ctry></PstlAdr></Dbtr><DbtrAcct><Id><IBAN>DK5000400440116243</IBAN></Id></DbtrAcct><Cdtr><Nm>Sam Sample</Nm></Cdtr><RmtInf><Ustrd>OPDIGTETSOEEN 9</Ustrd><Ustrd>Opdigtetsøen 9, 8000 Aarhus</Ustrd></RmtInf></CdtTrfTxInf></Document>'),
    (3, 'xml', '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"><CdtTrfTxInf><Dbtr><Nm>Fri Opdigtet</Nm><PstlAdr><StrtNm>Opdigtetskov</StrtNm><BldgNb>5</BldgNb><PstCd>8000</PstCd><TwnNm>Aarhus</TwnNm></PstlAdr></Dbtr><DbtrAcct><Id><IBAN>DK9300400440116251</IBAN></Id></DbtrAcct><RmtInf><Ustrd>fra Opdigtetskov 5, 8000 Aarhus</Ustrd></RmtInf></CdtTrfTxInf></Document>'),
    (4, 'json', '{"Dbtr":{"Nm":"Mona","PstlAdr":{"StrtNm":"Opdigtetskov","BldgNb":"9","PstCd":"8000","TwnNm":"Aarhus"}},"DbtrAcct":{"Id":{"IBAN":"DK5000400440116243"}},"RmtInf":{"Ustrd":["From Mona, Opdigtetskov 9, 8000 Aarhus"]}}'),
    (5, 'json', '{"debtor":{"name":"Mona","postalAddress":{"streetName":"Opdigtetskov","buildingNumber":9,"postCode":8000,"townName":"Aarhus"}},"debtorAccount":{"iban":"DK5000400440116243"},"remittanceInformation":"Opdigtetskov 9 8000 Aarhus"}'),
    (6, 'mt', E'{1:F01AAAADKKKAXXX0000000000}{2:I103BBBBDKKKXXXXN}{4:\r\n:20:REF\r\n:23B:CRED\r\n:32A:261129EUR100,\r\n:50K:/DK5000400440116243\r\nMONA OPDIGTET\r\nOPDIGTETSKOV 9\r\n8000 AARHUS\r\n:59:/DK9300400440116251\r\nSAM SAMPLE\r\n:70:FROM OPDIGTETSKOV 9\r\n8000 AARHUS\r\n:71A:SHA\r\n-}'),
    (7, 'mt', E'{1:F01AAAADKKKAXXX0000000000}{2:I103BBBBDKKKXXXXN}{4:\r\n:20:REF\r\n:23B:CRED\r\n:32A:261129EUR100,\r\n:50F:/DK5000400440116243\r\n1/MONA OPDIGTET\r\n2/OPDIGTETSKOV 9\r\n3/DK/8000 AARHUS\r\n:59:/DK9300400440116251\r\nSAM SAMPLE\r\n:70:FROM OPDIGTETSKOV 9, 8000 AARHUS\r\n:72:/REC/NOT OPDIGTETSKOV 7 8000 AARHUS\r\n:71A:SHA\r\n-}');
CREATE FUNCTION released(format text, doc text) RETURNS text LANGUAGE sql AS $$
    SELECT CASE format WHEN 'xml' THEN protaddr.release_message(doc, 'sumclearing') WHEN 'json' THEN protaddr.release_json(doc, 'sumclearing') ELSE replace(protaddr.release_mt(doc, 'sumclearing'), chr(13), '') END $$;
SELECT n, released(format, doc) FROM m WHERE n <> 2 ORDER BY n;
-- a second pass takes no more
SELECT bool_and(released(format, released(format, doc)) = released(format, doc)) AS the_same FROM m WHERE format <> 'mt' AND n <> 2;
-- without its place it is doubtful
SELECT refusal(format('SELECT released(%L, %L)', format, doc)) FROM m WHERE n = 2;
SELECT released(format, replace(doc, '<Ustrd>OPDIGTETSOEEN 9</Ustrd>', '')) FROM m WHERE n = 2;
-- bytes, in the encoding that the message declares
SELECT convert_from(protaddr.release_message(convert_to('<?xml version="1.0" encoding="ISO-8859-1"?>' || replace(replace(doc, '<Ustrd>OPDIGTETSOEEN 9</Ustrd>', ''), '&#248;', 'ø'), 'LATIN1'), 'sumclearing'), 'LATIN1') ~ 'Mona Opdigtet.*<Ustrd>\[address withheld\]</Ustrd>' AS taken_out FROM m WHERE n = 2;
CREATE TABLE sent (n int PRIMARY KEY, x xml, j jsonb, t text, note text);
SELECT protaddr.install_gate('sent', 'sumclearing', messages => '{"x": "xml", "j": "json", "t": "mt"}');
INSERT INTO sent SELECT n, CASE format WHEN 'xml' THEN doc::xml END, CASE format WHEN 'json' THEN doc::jsonb END, CASE format WHEN 'mt' THEN doc END, 'fra Opdigtetskov 9, 8000 Aarhus' FROM m WHERE n <> 2;
SELECT n, substring(coalesce(x::text, j::text, t) FROM '(?i)<(?:Ustrd|AddtlNtryInf)>[^<]*|"(?:Ustrd|remittanceInformation)": [^}]*|:70:[^:]*') AS text, note FROM sent ORDER BY n;
SELECT refusal(format('INSERT INTO sent (n, x) VALUES (2, %L)', doc)) FROM m WHERE n = 2;
SELECT count(*) AS problems FROM protaddr.verify_gate('sent');

DROP EXTENSION protaddr CASCADE;
DROP TABLE payment, instead, asked, placed, m, sent;
DROP FUNCTION refusal, also, released;
