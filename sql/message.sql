--
-- What of a payment message may leave?
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
-- one transfer: a debtor with an account, and a creditor of another bank
CREATE FUNCTION pacs008(dbtr_iban text, amount numeric DEFAULT 5000, currency text DEFAULT 'EUR', cdtr_iban text DEFAULT 'GB00OPDI00000000000001', dbtr_id text DEFAULT '', head text DEFAULT '') RETURNS text LANGUAGE sql AS $$
SELECT head || '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"><FIToFICstmrCdtTrf><CdtTrfTxInf><IntrBkSttlmAmt Ccy="' || currency || '">' || amount || '</IntrBkSttlmAmt>'
    '<Dbtr><Nm>Prøve Beskyttet</Nm><PstlAdr><StrtNm>Skjultvej</StrtNm><BldgNb>2</BldgNb><PstCd>8000</PstCd><TwnNm>Aarhus C</TwnNm><Ctry>DK</Ctry></PstlAdr>' || dbtr_id || '</Dbtr>'
    '<DbtrAcct><Id><IBAN>' || dbtr_iban || '</IBAN></Id></DbtrAcct><DbtrAgt><FinInstnId><Nm>Prøvebank</Nm><PstlAdr><StrtNm>Bankgade</StrtNm><TwnNm>Prøveby</TwnNm><Ctry>DK</Ctry></PstlAdr></FinInstnId></DbtrAgt>'
    '<Cdtr><Nm>Sam Sample</Nm><PstlAdr><StrtNm>Sample Street</StrtNm><BldgNb>9</BldgNb><TwnNm>Sampleton</TwnNm><Ctry>GB</Ctry></PstlAdr></Cdtr><CdtrAcct><Id><IBAN>' || cdtr_iban || '</IBAN></Id></CdtrAcct>'
    '</CdtTrfTxInf></FIToFICstmrCdtTrf></Document>'
$$;
-- what stands where the debtor's and the creditor's addresses stood
CREATE FUNCTION places(message text, channel text, OUT debtor text, OUT creditor text, OUT agent boolean, OUT rest boolean) LANGUAGE plpgsql AS $$
DECLARE
    released text := protaddr.release_message(message, channel);
BEGIN
    debtor := coalesce(substring(released FROM '<Dbtr><Nm>[^<]*</Nm>(<PstlAdr>(?:<[A-Za-z]+>[^<]*</[A-Za-z]+>)*</PstlAdr>)'), '(nothing)');
    creditor := coalesce(substring(released FROM '<Cdtr><Nm>[^<]*</Nm>(<PstlAdr>(?:<[A-Za-z]+>[^<]*</[A-Za-z]+>)*</PstlAdr>)'), '(nothing)');
    agent := position('<StrtNm>Bankgade</StrtNm>' IN released) > 0;
    -- everything else, byte for byte
    rest := regexp_replace(released, '</Nm><PstlAdr>(?:<[A-Za-z]+>[^<]*</[A-Za-z]+>)*</PstlAdr>', '</Nm>', 'g')
        = regexp_replace(message, '</Nm><PstlAdr>(?:<[A-Za-z]+>[^<]*</[A-Za-z]+>)*</PstlAdr>', '</Nm>', 'g');
END
$$;

-- the bank's customers: 61 is free, 62 protected, of 63 the town is hidden too
SELECT persons, protected FROM protaddr.load_register('DK-CPR', '[{"subject": "6101704001", "protections": []}, {"subject": "6201704002", "protections": [{"code": "0001"}]}, {"subject": "6301704003", "protections": []}]');
SELECT protaddr.protect('6301704003', 'manual', 'address_and_town');
SELECT protaddr.link_identity('DK61OPDI00000000000061', '6101704001', 'account'), protaddr.link_identity('DK62OPDI00000000000062', '6201704002', 'account'), protaddr.link_identity('DK63OPDI00000000000063', '6301704003', 'account');
SELECT iban, channel, (places(pacs008(iban), channel)).* FROM unnest('{DK61OPDI00000000000061,DK62OPDI00000000000062,DK63OPDI00000000000063,DK99OPDI00000000000099}'::text[]) iban, unnest('{sumclearing,cross_border}'::text[]) channel ORDER BY channel DESC, iban;
-- whoever it is known by: another spelling, an identification, a name
SELECT * FROM places(pacs008('DK62 OPDI 0000 0000 0000 62'), 'cross_border');
SELECT * FROM places(pacs008('DK61OPDI00000000000061', dbtr_id => '<Id><PrvtId><Othr><Id>620170-4002</Id></Othr></PrvtId></Id>'), 'sumclearing');
SELECT protaddr.link_identity('Prøve Beskyttet', '6201704002', 'name');
SELECT * FROM places(pacs008('DK61OPDI00000000000061'), 'sumclearing');
SELECT debtor AS shouted FROM places(replace(pacs008('DK61OPDI00000000000061'), '<Nm>Prøve Beskyttet', '<Nm>PRØVE  BESKYTTET'), 'sumclearing');
SELECT debtor AS as_swift_writes FROM places(replace(pacs008('DK61OPDI00000000000061'), '<Nm>Prøve Beskyttet', '<Nm>Proeve-Beskyttet'), 'sumclearing');
SELECT protaddr.unlink_identity('Prøve Beskyttet', '6201704002');
-- a name protects, and never says that somebody is known: others bear it too
SELECT protaddr.link_identity('Prøve Beskyttet', '6101704001', 'name');
SELECT * FROM places(pacs008('DK99OPDI00000000000099'), 'sumclearing');
SELECT protaddr.unlink_identity('Prøve Beskyttet', '6101704001');
-- unknown people as the channel says; and organisations, which nobody can tell from people
SELECT protaddr.set_channel('open', 'withhold', route => 'domestic', when_unknown => 'leave', description => 'Test', legal_basis => 'none but this test');
SELECT iban, (places(pacs008(iban), 'open')).* FROM unnest('{DK61OPDI00000000000061,DK62OPDI00000000000062,DK99OPDI00000000000099}'::text[]) iban ORDER BY iban;
SELECT protaddr.set_channel('open', when_unknown => 'block');
SELECT refusal('SELECT protaddr.release_message(pacs008(''DK61OPDI00000000000061''), ''open'')');
SELECT protaddr.set_channel('open', 'hold', when_unknown => 'leave');
SELECT refusal('SELECT protaddr.release_message(pacs008(''DK62OPDI00000000000062''), ''open'')');
-- an ultimate debtor without an account who has the debtor's name
SELECT protaddr.set_channel('open', 'withhold');
SELECT position('Skjultvej' IN protaddr.release_message(replace(pacs008('DK62OPDI00000000000062'), '<Dbtr>', '<UltmtDbtr><Nm>PRØVE Beskyttet</Nm><PstlAdr><StrtNm>Skjultvej</StrtNm></PstlAdr></UltmtDbtr><Dbtr>'), 'open')) AS as_the_debtor;

-- in a transaction of a batch, or beside a debtor without an address, also under another name
SELECT position('Skjultvej' IN protaddr.release_message(replace(replace(pacs008('DK62OPDI00000000000062'), '<CdtTrfTxInf>', '<PmtInf>'), '</CdtTrfTxInf>', '<CdtTrfTxInf><UltmtDbtr><Nm>Somebody Else</Nm><PstlAdr><StrtNm>Skjultvej</StrtNm></PstlAdr></UltmtDbtr></CdtTrfTxInf></PmtInf>'), 'open')) AS in_a_batch,
       position('SKJULTVEJ' IN protaddr.release_json('{"debtor":{"name":"Sam"},"debtorAccount":{"iban":"DK62OPDI00000000000062"},"ultimateDebtor":{"name":"Sam Sample","postalAddress":"SKJULTVEJ 2"}}', 'open')) AS beside_the_debtor,
       position('Skjultvej' IN protaddr.release_message(replace(replace(pacs008('DK61OPDI00000000000061', cdtr_iban => 'DK62OPDI00000000000062'), '<Dbtr>', '<UltmtCdtr>'), '</Dbtr>', '</UltmtCdtr>'), 'open')) AS beside_the_creditor;
-- of whom the row names as payer, others in the message may not be free
CREATE TABLE outbound (id int, payer text, doc text);
SELECT protaddr.install_gate('outbound', 'sumclearing', 'payer', messages => '{"doc":"xml"}');
INSERT INTO outbound VALUES (1, '6101704001', pacs008('DK61OPDI00000000000061')), (2, '6101704001', pacs008('GB99OPDI00000000000099')), (3, '6201704002', pacs008('DK61OPDI00000000000061')),
    (4, '6101704001', replace(pacs008('DK61OPDI00000000000061'), '<Dbtr>', '<UltmtDbtr><Nm>Somebody Else</Nm><PstlAdr><StrtNm>Skjultvej</StrtNm></PstlAdr></UltmtDbtr><Dbtr>'));
SELECT id, position('<UltmtDbtr><Nm>Somebody Else</Nm></UltmtDbtr>' IN doc) > 0 AS ultimate_withheld, position('<Dbtr><Nm>Prøve Beskyttet</Nm><PstlAdr>' IN doc) > 0 AS debtor_whole FROM outbound ORDER BY id;
DROP TABLE outbound;

-- the message's own amount; the date and place of birth in place of the address, over the limit
SELECT protaddr.set_birth_data('6201704002', '1970-01-02', 'Opdigtet By', 'DK');
SELECT amount, currency, substring(protaddr.release_message(pacs008('DK62OPDI00000000000062', amount, currency), 'cross_border') FROM '<Dbtr>.*</Dbtr>') AS debtor
FROM (VALUES (1, 1000, 'EUR'), (2, 1000.01, 'EUR'), (3, 5000, 'XAU')) v(n, amount, currency) ORDER BY n;
SELECT substring(protaddr.release_message(pacs008('DK62OPDI00000000000062', dbtr_id => '<Id><PrvtId><Othr><Id>1</Id></Othr></PrvtId></Id>'), 'cross_border') FROM '<Dbtr>.*</Dbtr>') AS beside_an_id,
       substring(protaddr.release_message(pacs008('DK62OPDI00000000000062', dbtr_id => '<Id><OrgId><Othr><Id>1</Id></Othr></OrgId></Id>'), 'cross_border') FROM '<Dbtr>.*</Dbtr>') AS not_of_an_organisation,
       substring(protaddr.release_message(pacs008('DK62OPDI00000000000062'), 'cross_border_union') FROM '<Dbtr>.*</Dbtr>') AS not_asked_for;
SELECT substring(protaddr.release_message(pacs008('DK61OPDI00000000000061'), 'cross_border') FROM '<Dbtr>.*</Dbtr>') AS not_of_who_is_free;
-- nor if the party names somebody else, too, though that one is free
SELECT substring(protaddr.release_message(pacs008('DK62OPDI00000000000062', dbtr_id => '<Id><PrvtId><Othr><Id>6101704001</Id></Othr></PrvtId></Id>'), 'cross_border') FROM '<Dbtr>.*</Dbtr>') AS of_which_one;
-- a substitute
SELECT protaddr.set_channel('open', 'substitute'), protaddr.set_substitute('6201704002', '{"PstBx":"2820","PstCd":"8100","TwnNm":"Opdigtet By Ø","Ctry":"DK"}', 'test');
SELECT iban, (places(pacs008(iban), 'open')).* FROM unnest('{DK62OPDI00000000000062,DK63OPDI00000000000063}'::text[]) iban ORDER BY iban;
-- a party that names two protected people: one's substitute does not stand for the other, nor one's birth
SELECT (places(pacs008('DK62OPDI00000000000062', dbtr_id => '<Id><PrvtId><Othr><Id>' || id || '</Id></Othr></PrvtId></Id>'), 'open')).debtor,
       substring(protaddr.release_message(pacs008('DK62OPDI00000000000062', dbtr_id => '<Id><PrvtId><Othr><Id>' || id || '</Id></Othr></PrvtId></Id>'), 'cross_border') FROM '<DtAndPlcOfBirth>.*</DtAndPlcOfBirth>') AS birth
FROM unnest('{6201704002,6301704003}'::text[]) id ORDER BY id;
-- one that a version of the message has no room for (a box, in PostalAddress6) counts as missing
SELECT position('PstlAdr' IN substring(r FROM '<Dbtr>.*</Dbtr>')) AS withheld FROM (SELECT protaddr.release_message(replace(pacs008('DK62OPDI00000000000062'), 'pacs.008.001.08', 'pain.001.001.03'), 'open') AS r) m;
-- if the rules of another time count too, so does what they do without a substitute
SELECT protaddr.set_channel('two_laws', 'substitute', route => 'domestic', when_unknown => 'leave', description => 'Test', legal_basis => 'Invented Act s. 2');
SELECT protaddr.set_channel('two_laws', without_substitute => 'block', valid_from => '2099-01-01');
SELECT at, refusal(format('SELECT protaddr.release_message(replace(pacs008(''DK62OPDI00000000000062''), ''pacs.008.001.08'', ''pain.001.001.03''), ''two_laws'', %L)', at)) FROM unnest('{NULL,2098-01-01,2099-06-01}'::date[]) at;
SELECT protaddr.set_channel('open', without_substitute => 'block');
SELECT refusal('SELECT protaddr.release_message(replace(pacs008(''DK62OPDI00000000000062''), ''pacs.008.001.08'', ''pain.001.001.03''), ''open'')');
-- on record
SELECT protaddr.set_channel('open', 'disclose', legal_basis => 'Invented Act s. 1');
SELECT debtor AS as_it_was FROM places(pacs008('DK62OPDI00000000000062'), 'open');
SELECT subjects, payer, channel, legal_basis FROM protaddr.disclosure;

-- the other types, and the encoding that bytea declares
SELECT protaddr.release_message(pacs008('DK62OPDI00000000000062')::xml, 'sumclearing')::text = protaddr.release_message(pacs008('DK62OPDI00000000000062'), 'sumclearing') AS xml,
       protaddr.release_message(convert_to(pacs008('DK62OPDI00000000000062'), 'UTF8'), 'sumclearing') = convert_to(protaddr.release_message(pacs008('DK62OPDI00000000000062'), 'sumclearing'), 'UTF8') AS utf8,
       protaddr.release_message(convert_to('<?xml version="1.0" encoding="ISO-8859-1"?>' || pacs008('DK62OPDI00000000000062'), 'LATIN1'), 'sumclearing') = convert_to('<?xml version="1.0" encoding="ISO-8859-1"?>' || protaddr.release_message(pacs008('DK62OPDI00000000000062'), 'sumclearing'), 'LATIN1') AS latin1,
       protaddr.release_message('<?xml version="1.0" encoding="ISO-8859-1"?>' || pacs008('DK62OPDI00000000000062'), 'sumclearing') = '<?xml version="1.0" encoding="ISO-8859-1"?>' || protaddr.release_message(pacs008('DK62OPDI00000000000062'), 'sumclearing') AS text_that_says_latin1;
SELECT protaddr.release_message(NULL::text, 'sepa') IS NULL AND protaddr.release_message('<a/>', NULL) IS NULL AS nothing;

-- never passed: malformed, wrong encoding, a doctype, an unknown namespace
SELECT what, refusal(format('SELECT protaddr.release_message(%s, ''sumclearing'')', m)) FROM (VALUES
    (1, 'cut off', $$left(pacs008('DK61OPDI00000000000061'), 500)$$), (2, 'no XML', $$'Skjultvej 2, 8000 Aarhus C'$$), (3, 'empty', $$''$$), (4, 'two roots', $$pacs008('1') || pacs008('1')$$),
    (5, 'a doctype', $$pacs008('1', head => '<!DOCTYPE Document [<!ENTITY a "Skjultvej">]>')$$),
    (6, 'billion laughs', $$pacs008('1', head => '<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;"><!ENTITY lol3 "&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;">]>')$$),
    (7, 'an external entity', $$pacs008('1', head => '<!DOCTYPE a SYSTEM "file:///etc/passwd">')$$),
    (8, 'another namespace', $$replace(pacs008('1'), 'urn:iso:std:iso:20022:tech:xsd:', 'urn:invented:')$$), (9, 'none', $$replace(pacs008('1'), ' xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"', '')$$),
    (10, 'a part of another', $$replace(pacs008('1'), '<Dbtr>', '<x xmlns="urn:invented"><PstlAdr/></x><Dbtr>')$$),
    (11, 'not its encoding', $$convert_to(pacs008('1'), 'LATIN1')$$), (12, 'an unknown one', $$convert_to(pacs008('1', head => '<?xml version="1.0" encoding="EBCDIC-CP-DK"?>'), 'UTF8')$$),
    (13, 'too deep', $$replace(pacs008('1'), '<Dbtr>', repeat('<a>', 100) || repeat('</a>', 100) || '<Dbtr>')$$), (14, 'no such channel', $$pacs008('1'), 'nowhere'); --$$)) v(n, what, m) ORDER BY n;

-- SWIFT MT
CREATE FUNCTION mt103(account text, amount text DEFAULT '5000,') RETURNS text LANGUAGE sql AS $$
SELECT E'{1:F01OPDIDK22XXXX0000000000}{2:I103OPDIGB2LXXXXN}{4:\n:20:REF\n:32A:261121EUR' || amount || E'\n:50F:/' || account || E'\n1/PROEVE BESKYTTET\n2/SKJULTVEJ 2\n3/DK/8000 AARHUS C\n:59:/GB00OPDI00000000000001\nSAM SAMPLE\n9 SAMPLE STREET\nSAMPLETON\n:71A:SHA\n-}'
$$;
SELECT protaddr.release_mt(mt103('DK61OPDI00000000000061'), 'sumclearing') AS free;
SELECT protaddr.release_mt(mt103('DK62OPDI00000000000062'), 'sumclearing') AS withheld;
SELECT protaddr.release_mt(mt103('DK62OPDI00000000000062'), 'cross_border') AS minimum;
SELECT replace(protaddr.release_mt(mt103('DK62OPDI00000000000062', '1000,'), 'cross_border'), '1000,', '5000,') = protaddr.release_mt(mt103('DK62OPDI00000000000062'), 'sumclearing') AS small;
SELECT refusal('SELECT protaddr.release_mt(''Skjultvej 2'', ''sepa'')'), refusal('SELECT protaddr.release_mt(replace(mt103(''1''), '':50F:'', '':50X:''), ''sepa'')');

-- JSON
CREATE FUNCTION message(iban text, amount numeric DEFAULT 5000) RETURNS jsonb LANGUAGE sql AS $$
SELECT jsonb_build_object('CdtTrfTxInf', jsonb_build_array(jsonb_build_object('IntrBkSttlmAmt', jsonb_build_object('Ccy', 'EUR', 'value', amount),
    'Dbtr', jsonb_build_object('Nm', 'Prøve Beskyttet', 'PstlAdr', '{"StrtNm":"Skjultvej","TwnNm":"Aarhus C","Ctry":"DK"}'::jsonb), 'DbtrAcct', jsonb_build_object('Id', jsonb_build_object('IBAN', iban)))))
$$;
SELECT iban, channel, protaddr.release_json(message(iban), channel) #> '{CdtTrfTxInf,0,Dbtr}' AS debtor FROM unnest('{DK61OPDI00000000000061,DK62OPDI00000000000062,DK63OPDI00000000000063,DK99OPDI00000000000099}'::text[]) iban, unnest('{sumclearing,cross_border}'::text[]) channel ORDER BY channel DESC, iban;
SELECT protaddr.release_json('{"Dbtr": {"Nm": "Sam", "PstlAdr": {"AdrLine": ["Skjultvej 2"]} , "Id": 1}, "x":  [ 1.50, null]}', 'sumclearing') AS text, protaddr.release_json('{"Dbtr": {"PstlAdr": null, "Nm":"Sam"}}'::json, 'sumclearing') AS json, protaddr.release_json('[]'::jsonb, 'sumclearing') AS jsonb;
SELECT refusal('SELECT protaddr.release_json(''"Skjultvej 2"'', ''sepa'')') AS a_string, refusal('SELECT protaddr.release_json(''7''::jsonb, ''sepa'')') AS a_number;
SELECT refusal('SELECT protaddr.release_json(''{"a":'', ''sepa'')'), refusal('SELECT protaddr.release_json('''', ''sepa'')'), refusal('SELECT protaddr.release_json(repeat(''['', 1000) || repeat('']'', 1000), ''sepa'')');

-- ways to hide an address or an account from a reader that is no parser, or to have another one read
CREATE FUNCTION trick(format text, message text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    released text;
    detail text;
BEGIN
    released := CASE format WHEN 'xml' THEN protaddr.release_message('<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"><CdtTrfTxInf>' || message || '</CdtTrfTxInf></Document>', 'open')
        WHEN 'mt' THEN protaddr.release_mt(E':20:REF\n' || message, 'open') ELSE protaddr.release_json(message, 'open') END;
    RETURN CASE WHEN released ~* 'skjultvej' THEN 'LEAVES' ELSE 'gone' END;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN concat_ws(' ', SQLSTATE, detail);
END
$$;
-- whoever is not recognised as 62, leaves
SELECT protaddr.set_channel('open', 'withhold', when_unknown => 'leave');
SELECT n, what, trick(format, message) FROM (VALUES
    (1, 'xml', 'nothing', '<Dbtr><PstlAdr><StrtNm>Skjultvej</StrtNm></PstlAdr></Dbtr>'),
    (2, 'xml', 'an account in pieces', '<Dbtr><PstlAdr><StrtNm>Skjultvej</StrtNm></PstlAdr></Dbtr><DbtrAcct><Id><IBAN> dk62<!-- -->OPDI <![CDATA[0000]]>&#48;000<?p i?>0000&#x36;2 </IBAN></Id></DbtrAcct>'),
    (3, 'xml', 'an account of no scheme', '<Dbtr><PstlAdr><StrtNm>Skjultvej</StrtNm></PstlAdr></Dbtr><DbtrAcct><Id><Othr><Id>DK62-OPDI/0000.0000.0000.62</Id></Othr></Id></DbtrAcct>'),
    (4, 'xml', 'a proxy', '<Dbtr><PstlAdr><StrtNm>Skjultvej</StrtNm></PstlAdr></Dbtr><DbtrAcct><Prxy><Id>620170-4002</Id></Prxy></DbtrAcct>'),
    (5, 'xml', 'an account that is an element', '<Dbtr><PstlAdr><StrtNm>Skjultvej</StrtNm></PstlAdr></Dbtr><DbtrAcct><Id><IBAN><x/>DK62OPDI00000000000062</IBAN></Id></DbtrAcct>'),
    (6, 'xml', 'two accounts', '<DbtrAcct><Id><IBAN>DK61OPDI00000000000061</IBAN></Id></DbtrAcct><Dbtr><PstlAdr><StrtNm>Skjultvej</StrtNm></PstlAdr></Dbtr><DbtrAcct><Id><IBAN>DK62OPDI00000000000062</IBAN></Id></DbtrAcct>'),
    (7, 'xml', 'an account behind transactions', '<PmtInf><Dbtr><PstlAdr><StrtNm>Skjultvej</StrtNm></PstlAdr></Dbtr><CdtTrfTxInf/><DbtrAcct><Id><IBAN>DK62OPDI00000000000062</IBAN></Id></DbtrAcct></PmtInf>'),
    (8, 'xml', 'a namespace of its own', '<q:Dbtr xmlns:q="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"><PstlAdr xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"><StrtNm>Skjultvej</StrtNm></PstlAdr></q:Dbtr><q:DbtrAcct xmlns:q="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"><q:Id><q:IBAN>DK62OPDI00000000000062</q:IBAN></q:Id></q:DbtrAcct>'),
    (9, 'xml', 'no namespace', '<Dbtr><PstlAdr xmlns=""><StrtNm>Skjultvej</StrtNm></PstlAdr></Dbtr>'),
    (10, 'xml', 'a prefix of another namespace', '<Dbtr xmlns:q="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"><q:PstlAdr xmlns:q="urn:invented">Skjultvej</q:PstlAdr></Dbtr>'),
    (11, 'xml', 'an address in an address', '<Dbtr><PstlAdr><PstlAdr><StrtNm>Skjultvej</StrtNm></PstlAdr>Skjultvej</PstlAdr></Dbtr><DbtrAcct><Id><IBAN>DK62OPDI00000000000062</IBAN></Id></DbtrAcct>'),
    (12, 'xml', 'several', '<Dbtr><PstlAdr/><PstlAdr a=">" ><StrtNm>Skjultvej</StrtNm></PstlAdr ><PstlAdr>Skjultvej</PstlAdr></Dbtr><DbtrAcct><Id><IBAN>DK62OPDI00000000000062</IBAN></Id></DbtrAcct>'),
    (13, 'xml', 'an address of no party', '<StrtNm>Skjultvej</StrtNm>'),
    (14, 'xml', 'more parties than are looked at', repeat('<UltmtDbtr><PstlAdr><StrtNm>Skjultvej</StrtNm></PstlAdr></UltmtDbtr>', 129)),
    (15, 'xml', 'more numbers than are looked at', '<Dbtr><PstlAdr><StrtNm>Skjultvej</StrtNm></PstlAdr><Id><PrvtId>' || repeat('<Othr><Id>1</Id></Othr>', 13) || '</PrvtId></Id></Dbtr>'),
    (17, 'xml', 'a debtor twice, once free', '<Dbtr><PstlAdr><StrtNm>Skjultvej</StrtNm></PstlAdr></Dbtr><Dbtr><Id><PrvtId><Othr><Id>6201704002</Id></Othr></PrvtId></Id></Dbtr><DbtrAcct><Id><IBAN>DK61OPDI00000000000061</IBAN></Id></DbtrAcct>'),
    (18, 'xml', 'an attribute', '<Dbtr StrtNm="Skjultvej"/><DbtrAcct><Id><IBAN>DK62OPDI00000000000062</IBAN></Id></DbtrAcct>'),
    (19, 'xml', 'an address deep in a debtor', '<Dbtr><Foo><Bar><PstlAdr><StrtNm>Skjultvej</StrtNm></PstlAdr></Bar></Foo></Dbtr><DbtrAcct><Id><IBAN>DK62OPDI00000000000062</IBAN></Id></DbtrAcct>'),
    (16, 'xml', 'an entity', '<Dbtr><PstlAdr><StrtNm>&skjultvej;</StrtNm></PstlAdr></Dbtr>'),
    (20, 'mt', 'nothing', E':50K:/GB99\nSAM\nSKJULTVEJ 2\n'), (21, 'mt', 'an account with a code', E':50K:/C/DK62OPDI00000000000062\nSAM\nSKJULTVEJ 2\n'), (22, 'mt', 'small letters', E':50k:/DK62OPDI00000000000062\nSAM\nSKJULTVEJ 2\n'),
    (23, 'mt', 'a blank', E' :50K:/DK62OPDI00000000000062\nSAM\nSKJULTVEJ 2\n'), (24, 'mt', 'a line feed that is none', E':50K:/DK62OPDI00000000000062\rSAM\rSKJULTVEJ 2\n'), (25, 'mt', 'another', E':70:X\u0085:50K:/DK62OPDI00000000000062\u0085SAM\u0085SKJULTVEJ 2\n'),
    (26, 'mt', 'an end before the end', E':70:X\n-\n:20:REF\n:50K:/DK62OPDI00000000000062\nSAM\nSKJULTVEJ 2\n'), (27, 'mt', 'lines without numbers', E':50F:/DK62OPDI00000000000062\n1/SAM\nSKJULTVEJ 2\n3/DK/X\n2/SKJULTVEJ 2\n'),
    (28, 'mt', 'one that goes on', E':59:/DK62OPDI00000000000062\nSAM\n//SKJULTVEJ 2\n:59F:/DK62OPDI00000000000062\n1/SAM\n8/SKJULTVEJ 2\n'), (29, 'mt', 'a number of an identity card', E':50F:NIDN/DK/6201704002\n1/SAM\n2/SKJULTVEJ 2\n'),
    (40, 'json', 'nothing', '{"Dbtr":{"PstlAdr":"Skjultvej"}}'), (41, 'json', 'escapes', '{"Dbt\u0072":{"Pstl\u0041dr":"Skjultvej"},"DbtrAcct":{"Id":{"I\u0042AN":"DK62\u004fPDI00000000000062"}}}'),
    (42, 'json', 'the same name twice', '{"Dbtr":{"PstlAdr":"Skjultvej"},"Dbtr":{"PstlAdr":"Skjultvej","PstlAdr":"Skjultvej"},"DbtrAcct":{"Id":{"IBAN":"x"}},"DbtrAcct":{"Id":{"IBAN":"DK62OPDI00000000000062"}}}'),
    (43, 'json', 'other letters', '{"dbtr":{"PSTLADR":"Skjultvej"},"DBTRACCT":{"iban":"dk62 OPDI 0000 0000 0000 62"}}'), (44, 'json', 'names in full', '{"ultimate_debtor":{"postal-address":["Skjultvej"],"identification":6201704002}}'),
    (45, 'json', 'a role before it', '{"creditorAddress":{"streetName":"Skjultvej"},"creditorAccount":{"iban":"DK62OPDI00000000000062"}}'), (46, 'json', 'arrays', '[[{"ns:Dbtr":[{"ns:PstlAdr":[{"ns:StrtNm":"Skjultvej"}]}],"ns:DbtrAcct":[[{"ns:Id":[{"ns:IBAN":["DK62OPDI00000000000062"]}]}]]}]]'),
    (47, 'json', 'a part of none', '{"Dbtr":{"address":{"AdrLine":"Skjultvej"}},"DbtrAcct":{"Id":{"IBAN":"DK62OPDI00000000000062"}}}'), (48, 'json', 'more in the name', '{"Dbtr":{"PstlAdr2":"Skjultvej"}}'), (49, 'json', 'a number of a customer', '{"Dbtr":{"PstlAdr":"Skjultvej","Id":{"PrvtId":{"Othr":{"Id":620170.4002}}}}}'),
    (50, 'json', 'an address by another name', '{"debtor":{"name":"Sam","homeAddress":"Skjultvej"},"debtorAccount":{"iban":"DK62OPDI00000000000062"}}'),
    (51, 'json', 'a payer within a debtor', '{"debtor":{"payerAddress":"Skjultvej"},"debtorAccount":{"iban":"DK62OPDI00000000000062"}}'),
    (52, 'json', 'a blank in the name', '{"debtor":{"postal address":"Skjultvej","adresse":"Skjultvej"},"debtorAccount":{"iban":"DK62OPDI00000000000062"}}'),
    (53, 'json', 'a street alone', '{"debtor":{"street":"Skjultvej"},"debtorAccount":{"iban":"DK62OPDI00000000000062"}}'),
    (54, 'json', 'a street with a role', '{"Dbtr_StrtNm":"Skjultvej","debtorAccount":{"iban":"DK62OPDI00000000000062"}}'),
    (55, 'json', 'an address for a prefix', '{"Dbtr":{"PstlAdr:x":"Skjultvej"},"DbtrAcct":{"Id":{"IBAN":"DK62OPDI00000000000062"}}}'),
    (56, 'json', 'an agent that is none', '{"fuldmagt":{"PstlAdr":"Skjultvej","Id":"6201704002"}}'),
    (57, 'json', 'an account around a list', '{"debtorAccount":{"iban":"DK61OPDI00000000000061"},"t":[{"debtor":{"postalAddress":"Skjultvej"}},{}]}'),
    (58, 'json', 'two accounts, one free', '{"debtor":{"postalAddress":"Skjultvej"},"debtorAccount":{"iban":"DK61OPDI00000000000061"},"DbtrAcct":{"Id":"GB99OPDI00000000000099"}}'),
    (59, 'json', 'an account of two texts, and a free number', '{"debtor":{"postalAddress":"Skjultvej","id":"6101704001"},"debtorAccount":{"iban":{"text":"DK62OPDI00000000000062","value":"x"}}}'),
    (60, 'json', 'a debtor twice, once free', '{"Dbtr":{"PstlAdr":"Skjultvej"},"Dbtr":{"Id":"6201704002"},"DbtrAcct":{"Id":{"IBAN":"DK61OPDI00000000000061"}}}'),
    (61, 'json', 'a number by another name, and a free account', '{"Dbtr":{"PstlAdr":"Skjultvej","Id":{"PrvtId":{"CPR":"6201704002"}}},"DbtrAcct":{"Id":{"IBAN":"DK61OPDI00000000000061"}}}'),
    (62, 'json', 'words of other languages', '{"Dbtr":{"gatunamn":"Skjultvej"}}')
) v(n, format, what, message) ORDER BY n;

-- a register that cannot be asked lets nothing out; nor a transaction that changes what it says
BEGIN;
SELECT protaddr.confirm_register('DK-CPR');
SELECT * FROM places(pacs008('DK61OPDI00000000000061'), 'cross_border');
ROLLBACK;

DROP FUNCTION refusal, pacs008, places, mt103, message, trick;
DROP EXTENSION protaddr CASCADE;
