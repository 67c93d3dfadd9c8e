--
-- Sweden: SPAR and Navet
--
\getenv abs_srcdir PG_ABS_SRCDIR
\set start :abs_srcdir '/test/regress/feed.psql'
\set ECHO none
\i :start
CREATE TABLE document (name text PRIMARY KEY, body text);
INSERT INTO customer SELECT id, 'Prøvevej 1' FROM unnest('{700101-9999,197001029998,7001039997,700104-9996,700105-9995,700106-9994,700107-9993,700108-9992,700111-9989}'::text[]) id;

-- a post for each: not marked; marked by SPAR itself; registered elsewhere; a mark of an earlier time; a new value; one mark missing, with the other not set and set; a number that was changed; nobody
CREATE FUNCTION post(id text, marks text, details text DEFAULT '') RETURNS text LANGUAGE sql RETURN format('<v:PersonsokningSvarspost><p:PersonId><p:IdNummer>%s</p:IdNummer><p:Typ>PERSONNUMMER</p:Typ></p:PersonId>%s<d:Persondetaljer>%s</d:Persondetaljer></v:PersonsokningSvarspost>', id, marks, details);
CREATE FUNCTION marks(sek text, sky text) RETURNS text LANGUAGE sql RETURN coalesce('<s:Sekretessmarkering>' || sek || '</s:Sekretessmarkering>', '') || coalesce('<s:SkyddadFolkbokforing>' || sky || '</s:SkyddadFolkbokforing>', '');
INSERT INTO document SELECT 'spar', format('<?xml version="1.0" encoding="UTF-8"?><S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body><v:SPARPersonsokningSvar xmlns:p="http://statenspersonadressregister.se/schema/komponent/person/person-1.2" xmlns:s="http://statenspersonadressregister.se/schema/komponent/person/skyddadepersonuppgifter-1.1" xmlns:d="http://statenspersonadressregister.se/schema/komponent/person/persondetaljer-1.2" xmlns:v="http://statenspersonadressregister.se/schema/personsok/2021.1/personsokningsvar">%s</v:SPARPersonsokningSvar></S:Body></S:Envelope>', string_agg(p, '' ORDER BY n))
FROM (VALUES (1, post('197001019999', marks('NEJ', 'NEJ'), '<DatumTill>9999-12-31</DatumTill>' || marks('NEJ', 'NEJ'))),
    (2, post('197001029998', '<s:Sekretessmarkering sattAvSPAR="JA">JA</s:Sekretessmarkering><s:SkyddadFolkbokforing>NEJ</s:SkyddadFolkbokforing>')),
    (3, post('197001039997', marks('NEJ', 'JA'))),
    (4, post('197001049996', marks('NEJ', 'NEJ'), '<DatumTill>2020-12-31</DatumTill>' || marks('JA', 'NEJ'))),
    (5, post('197001059995', marks('KANSKE', 'NEJ'))),
    (6, post('197001069994', marks('NEJ', NULL))),
    (7, post('197001079993', marks(NULL, 'JA'))),
    (8, post('197001089992', marks('NEJ', 'NEJ'), '<DatumTill>9999-12-31</DatumTill><HanvisningspersonNrByttFran>197001099991</HanvisningspersonNrByttFran>' || marks('JA', NULL))),
    (9, post('197001109990', marks('NEJ', 'NEJ'), '<HanvisningspersonNrByttTill>197001119989</HanvisningspersonNrByttTill>'))) v (n, p);
SELECT jsonb_array_elements(protaddr.read_spar(protaddr.xml_document(body))) AS person FROM document WHERE name = 'spar';
SELECT persons, protected, unknown_codes, replaced_numbers FROM protaddr.load_register('SE-FOLK', (SELECT protaddr.read_spar(protaddr.xml_document(body)) FROM document WHERE name = 'spar'));
SELECT * FROM answer ORDER BY id;
SELECT DISTINCT code, kind FROM protaddr.protection ORDER BY code;
-- in 10 digits or 12, with a sign or without, one person
SELECT i, protaddr.is_protected(i) FROM unnest('{700102-9998,700102+9998,7001029998,19700102-9998,197001029998,1970-01-02-9998,700102-9997}'::text[]) i;
-- declared to leave out what is not set
SELECT jsonb_array_elements(protaddr.read_spar(protaddr.xml_document(body), true)) AS person FROM document WHERE name = 'spar' OFFSET 5 LIMIT 2;
-- a mark is of an earlier time only by a day that has gone by: no blank, no end to come, nothing that is no day makes it so
SELECT till, jsonb_path_query_array(protaddr.read_spar(protaddr.xml_document(replace(body, '2020-12-31', till)), true), '$[*] ? (@.subject == "197001049996").protections[*].code') AS codes
FROM document, unnest(ARRAY['2020-12-31', E'\n 2020-12-31 ', '20201231', E'\n 9999-12-31 ', '2999-01-01', '2020-13-31', '', '<a>2020</a>', '2020-12-31</DatumTill><DatumTill>9999-12-31']) till WHERE name = 'spar';
-- older versions: other names, one letter
SELECT protaddr.read_spar('<n:SPARPersonsokningSvar xmlns:n="http://skatteverket.se/spar/instans/1.0" xmlns:k="http://skatteverket.se/spar/komponent/1.0"><k:PersonsokningSvarsPost Sekretessmarkering="J"><k:PersonId><k:FysiskPersonId>197001029998</k:FysiskPersonId></k:PersonId></k:PersonsokningSvarsPost></n:SPARPersonsokningSvar>'::xml) AS by_attribute;
SELECT n, refusal(format('SELECT protaddr.read_spar(protaddr.xml_document(%L))', CASE WHEN n < 0 THEN by ELSE replace(body, of, by) END)) AS refused
FROM document, (VALUES (1, '2021.1', '2099.9'), (2, 'statenspersonadressregister.se', 'kanarie.se'), (3, '<p:IdNummer>197001019999</p:IdNummer>', ''), (4, '197001019999', ' '), (5, '197001019999', '197001029998'),
    (6, 'PersonsokningSvarspost', 'Kanarie'), (7, '</S:Body>', ''), (8, '<?xml version="1.0" encoding="UTF-8"?>', '<!DOCTYPE S [<!ENTITY e SYSTEM "file:///kanarie">]>'),
    (9, '<p:IdNummer>197001019999</p:IdNummer>', '<p:IdNummer>197001019999</p:IdNummer><p:IdNummer>197001019999</p:IdNummer>'),
    (-1, '', '<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body><S:Fault><faultstring>kanarie</faultstring></S:Fault></S:Body></S:Envelope>'), (-2, '', 'kanarie'), (-3, '', ''), (-4, '', '[]')) v (n, of, by)
WHERE name = 'spar' ORDER BY n;
SELECT refusal('SELECT protaddr.read_spar(NULL)') AS no_document;

-- Navet: old and new number name each other; marks stand in the post
INSERT INTO document SELECT 'navet', format('<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body><n:PersonpostXMLResponse xmlns:n="http://xmls.skatteverket.se/se/skatteverket/folkbokforing/na/epersondata/V1"><n:Folkbokforingsposter>%s</n:Folkbokforingsposter></n:PersonpostXMLResponse></S:Body></S:Envelope>', string_agg(format('<Folkbokforingspost>%s<Personpost><PersonId><PersonNr>%s</PersonNr></PersonId>%s<Relationer><Relation><RelationId><PersonNr>196001010000</PersonNr></RelationId></Relation></Relationer></Personpost></Folkbokforingspost>', mark, id, other), '' ORDER BY n))
FROM (VALUES (1, '197001019999', '<Sekretessmarkering>J</Sekretessmarkering>', ''), (2, '197001029998', '<Sekretessmarkering>N</Sekretessmarkering><SkyddadFolkbokforing>J</SkyddadFolkbokforing>', ''),
    (3, '197001039997', '', ''), (4, '197001049996', '<Sekretessmarkering>N</Sekretessmarkering><SkyddadFolkbokforing>N</SkyddadFolkbokforing>', ''),
    (5, '197001059995', '<Sekretessmarkering>J</Sekretessmarkering><SkyddadFolkbokforing>N</SkyddadFolkbokforing>', '<HanvisningsPersonNr>197001069994</HanvisningsPersonNr>'),
    (6, '197001069994', '', '<HanvisningsPersonNr>197001059995</HanvisningsPersonNr><Avregistrering><AvregistreringsorsakKod>GN</AvregistreringsorsakKod></Avregistrering>'),
    (7, '197001089992', '<Sekretessmarkering>J</Sekretessmarkering>', '<HanvisningsPersonNr>197001079993</HanvisningsPersonNr>')) v (n, id, mark, other);
SELECT jsonb_array_elements(protaddr.read_navet(protaddr.xml_document(body), true)) AS person FROM document WHERE name = 'navet';
SELECT jsonb_array_elements(protaddr.read_navet(protaddr.xml_document(body))) AS person FROM document WHERE name = 'navet';
SELECT persons, protected, replaced_numbers FROM protaddr.load_register('SE-FOLK', (SELECT protaddr.read_navet(protaddr.xml_document(body), true) FROM document WHERE name = 'navet'), max_lifted => 9);
SELECT * FROM answer ORDER BY id;
SELECT n, refusal(format('SELECT protaddr.read_navet(protaddr.xml_document(%L))', replace(body, of, by))) AS refused
FROM document, (VALUES (1, 'epersondata/V1', 'epersondata/V9'), (2, 'skatteverket.se', 'kanarie.se'), (3, '<PersonNr>197001019999</PersonNr>', ''), (4, '197001019999', '197001029998'), (5, 'Folkbokforingspost>', 'Kanarie>')) v (n, of, by)
WHERE name = 'navet' ORDER BY n;
-- who has died or left the country is not free by what is missing
SELECT jsonb_array_elements(protaddr.read_navet(protaddr.xml_document(replace(body, '</PersonId>', '</PersonId><Avregistrering><AvregistreringsorsakKod>AV</AvregistreringsorsakKod></Avregistrering>')), true)) AS person
FROM document WHERE name = 'navet';
-- somebody of a hundred years and the child of the same date are two
SELECT lifted, protected FROM protaddr.load_register('SE-FOLK', '[{"subject": "20120304-1234", "protections": [{"code": "Sekretessmarkering JA"}]}]');
SELECT lifted, protected FROM protaddr.load_register('SE-FOLK', '[{"subject": "120304+1234", "protections": []}]');
SELECT i, protaddr.is_protected(i) FROM unnest('{120304-1234,201203041234,19120304-1234,120304+1234}'::text[]) i;
DROP FUNCTION post, marks;
DROP VIEW answer;
DROP TABLE customer, document;
DROP FUNCTION refusal;
DROP EXTENSION protaddr CASCADE;
