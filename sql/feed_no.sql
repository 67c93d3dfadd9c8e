--
-- Norway: documents and events of Folkeregisteret, answers of PDL
--
\getenv abs_srcdir PG_ABS_SRCDIR
\set start :abs_srcdir '/test/regress/feed.psql'
\set ECHO none
\i :start
CREATE TABLE document (name text PRIMARY KEY, body jsonb);
INSERT INTO customer SELECT id, 'Prøvevej 1' FROM unnest('{01017000001,01017000002,01017000003,01017000004,01017000005,41017000005,01017000006,01017000007,01017000008,01017000009,01017000010}'::text[]) id;

-- every grade, on the person or an address; an older number; what has ended, clearly or not; an open postal address; nothing said
INSERT INTO document VALUES ('first', '[
 {"identifikasjonsnummer": [{"erGjeldende": true, "foedselsEllerDNummer": "01017000001", "status": "iBruk"}], "adressebeskyttelse": [{"erGjeldende": true, "graderingsnivaa": "strengtFortrolig", "gyldighetstidspunkt": "2024-03-01T00:00:00+01:00", "opphoerstidspunkt": "2020-01-01T00:00:00+01:00"}], "postadresse": [{"erGjeldende": true, "adressegradering": "ugradert"}]},
 {"identifikasjonsnummer": [{"erGjeldende": true, "foedselsEllerDNummer": "01017000002"}], "adressebeskyttelse": [{"graderingsnivaa": "fortrolig"}]},
 {"identifikasjonsnummer": [{"erGjeldende": true, "foedselsEllerDNummer": "01017000003"}], "bostedsadresse": [{"erGjeldende": true, "adressegradering": "klientadresse"}, {"erGjeldende": false, "adressegradering": "fortrolig"}]},
 {"identifikasjonsnummer": [{"erGjeldende": true, "foedselsEllerDNummer": "01017000004"}], "bostedsadresse": {"erGjeldende": true, "adressegradering": "ugradert"}, "oppholdsadresse": [{"adressegradering": null}], "adressebeskyttelse": null},
 {"identifikasjonsnummer": [{"erGjeldende": false, "foedselsEllerDNummer": "41017000005"}, {"erGjeldende": true, "foedselsEllerDNummer": "01017000005"}], "adressebeskyttelse": [{"erGjeldende": false, "graderingsnivaa": "fortrolig", "gyldighetstidspunkt": "2020-01-01T00:00:00+01:00", "opphoerstidspunkt": "2022-01-01T00:00:00+01:00"}, {"erGjeldende": true, "graderingsnivaa": "strengtFortroligUtland"}]},
 {"identifikasjonsnummer": [{"erGjeldende": true, "foedselsEllerDNummer": "01017000006"}], "adressebeskyttelse": [{"erGjeldende": true, "graderingsnivaa": "nyttNivaa"}]},
 {"identifikasjonsnummer": [{"erGjeldende": true, "foedselsEllerDNummer": "01017000007"}], "postadresse": [{"erGjeldende": true, "adressegradering": "ugradert"}]},
 {"identifikasjonsnummer": [{"erGjeldende": true, "foedselsEllerDNummer": "01017000008"}], "adressebeskyttelse": []},
 {"identifikasjonsnummer": [{"erGjeldende": true, "foedselsEllerDNummer": "01017000009"}], "adressebeskyttelse": [{"erGjeldende": false, "graderingsnivaa": "fortrolig", "opphoerstidspunkt": "snart"}]},
 {"identifikasjonsnummer": [{"erGjeldende": true, "foedselsEllerDNummer": "01017000010"}], "adressebeskyttelse": [{"erGjeldende": false, "graderingsnivaa": "fortrolig"}, {"erGjeldende": true, "graderingsnivaa": "ugradert"}]}]');
SELECT jsonb_array_elements(protaddr.read_folkeregisteret(body)) AS person FROM document WHERE name = 'first';
SELECT persons, protected, unknown_codes, replaced_numbers, outcome FROM protaddr.load_register('NO-FREG', (SELECT protaddr.read_folkeregisteret(body) FROM document WHERE name = 'first'));
SELECT * FROM answer ORDER BY id;
SELECT subject, code, kind FROM protaddr.protection WHERE recorded_to = 'infinity' AND valid_to = 'infinity' ORDER BY subject, code;
-- the agreement delivers adressebeskyttelse: then silence is an answer, of one person too
SELECT persons, lifted, outcome FROM protaddr.load_register('NO-FREG', (SELECT protaddr.read_folkeregisteret(body -> 6, true) FROM document WHERE name = 'first'), mode => 'reply');
SELECT persons, lifted, outcome FROM protaddr.load_register('NO-FREG', (SELECT protaddr.read_folkeregisteret(body -> 4) FROM document WHERE name = 'first'), mode => 'reply');
SELECT * FROM answer WHERE id IN ('01017000007', '01017000005', '41017000005') ORDER BY id;
-- a document that is silent of a protected person lifts nobody
SELECT protaddr.read_folkeregisteret(body #- '{0,adressebeskyttelse}' -> 0) AS nothing FROM document WHERE name = 'first';

-- XML: the same people
INSERT INTO document SELECT 'xml', to_jsonb('<?xml version="1.0" encoding="UTF-8"?><f:personer xmlns:f="folkeregisteret:tilgjengeliggjoering:person:v1">'
 '<f:folkeregisterperson><f:identifikasjonsnummer><f:erGjeldende>true</f:erGjeldende><f:foedselsEllerDNummer>01017000001</f:foedselsEllerDNummer></f:identifikasjonsnummer>'
 '<f:adressebeskyttelse><f:erGjeldende>true</f:erGjeldende><f:graderingsnivaa>strengtFortrolig</f:graderingsnivaa><f:gyldighetstidspunkt>2024-03-01T00:00:00+01:00</f:gyldighetstidspunkt></f:adressebeskyttelse></f:folkeregisterperson>'
 '<f:folkeregisterperson><f:identifikasjonsnummer><f:erGjeldende>0</f:erGjeldende><f:foedselsEllerDNummer>41017000005</f:foedselsEllerDNummer></f:identifikasjonsnummer>'
 '<f:identifikasjonsnummer><f:erGjeldende>1</f:erGjeldende><f:foedselsEllerDNummer>01017000005</f:foedselsEllerDNummer></f:identifikasjonsnummer>'
 '<f:bostedsadresse><f:erGjeldende>true</f:erGjeldende><f:adressegradering>klientadresse</f:adressegradering></f:bostedsadresse></f:folkeregisterperson>'
 '<f:folkeregisterperson><f:identifikasjonsnummer><f:erGjeldende>true</f:erGjeldende><f:foedselsEllerDNummer>01017000004</f:foedselsEllerDNummer></f:identifikasjonsnummer>'
 '<f:bostedsadresse><f:erGjeldende>true</f:erGjeldende><f:adressegradering>ugradert</f:adressegradering></f:bostedsadresse></f:folkeregisterperson></f:personer>'::text);
SELECT jsonb_array_elements(protaddr.read_folkeregisteret(protaddr.xml_document(body #>> '{}'))) AS person FROM document WHERE name = 'xml';
SELECT n, refusal(format('SELECT protaddr.read_folkeregisteret(protaddr.xml_document(%L))', replace(body #>> '{}', of, by))) AS refused
FROM document, (VALUES (1, ':person:v1', ':person:v9'), (2, 'folkeregisteret:', 'kanarie:'), (3, 'erGjeldende>0<', 'erGjeldende>kanarie<'), (4, '>strengtFortrolig<', '><'), (5, '01017000004', ' '),
    (6, '</f:personer>', ''), (7, '<?xml version="1.0" encoding="UTF-8"?>', '<!DOCTYPE kanarie [<!ENTITY e "kanarie">]>'), (8, 'f:foedselsEllerDNummer>', 'f:kanarie>')) v (n, of, by)
WHERE name = 'xml' ORDER BY n;

-- refused whole, and nothing of it is said
SELECT n, refusal(format('SELECT protaddr.read_folkeregisteret(%L::jsonb)', d)) AS refused FROM (VALUES
    (1, 'null'), (2, '[]'), (3, '"kanarie"'), (4, '[1]'), (5, '{}'), (6, '{"personer": [{"kanarie": 1}]}'), (7, '{"identifikasjonsnummer": []}'),
    (8, '{"identifikasjonsnummer": [{"foedselsEllerDNummer": "kanarie"}]}'), (9, '{"identifikasjonsnummer": [{"erGjeldende": "kanarie", "foedselsEllerDNummer": "1"}]}'),
    (10, '{"identifikasjonsnummer": [{"erGjeldende": true, "foedselsEllerDNummer": " "}]}'), (11, '{"identifikasjonsnummer": [{"erGjeldende": false, "foedselsEllerDNummer": "1"}]}'),
    (12, '{"identifikasjonsnummer": [{"erGjeldende": true, "foedselsEllerDNummer": "1"}, {"erGjeldende": true, "foedselsEllerDNummer": "2"}]}'),
    (13, '{"identifikasjonsnummer": [{"erGjeldende": true, "foedselsEllerDNummer": "1"}], "adressebeskyttelse": {"graderingsnivaa": "kanarie"}}'),
    (14, '{"identifikasjonsnummer": [{"erGjeldende": true, "foedselsEllerDNummer": "1"}], "adressebeskyttelse": [{"erGjeldende": true}]}'),
    (15, '{"identifikasjonsnummer": [{"erGjeldende": true, "foedselsEllerDNummer": "1"}], "adressebeskyttelse": [{"erGjeldende": "nei", "graderingsnivaa": "kanarie"}]}'),
    (16, '{"identifikasjonsnummer": [{"erGjeldende": true, "foedselsEllerDNummer": "1"}], "adressebeskyttelse": ["kanarie"]}')) v (n, d) ORDER BY n;
SELECT refusal(format('SELECT protaddr.json_document(%L)', d)) FROM unnest('{"[{\"kanarie\": ","[{\"a\": {\"kanarie\": 1, \"kanarie\": 2}}]","\"\\u0000\"",""}'::text[]) d;
SELECT protaddr.json_document(chr(65279) || '[{"a": {"b": 1, "c": 2}}, {"a": 3}]') AS json, protaddr.json_document('1') AS number, protaddr.xml_document(chr(65279) || '<a/>') AS xml;
SELECT refusal(format('SELECT protaddr.xml_document(%L)', '<kanarie>'));
SELECT refusal(format('SELECT protaddr.load_register(%L, protaddr.read_folkeregisteret(%L::jsonb))', 'NO-FREG', (SELECT body || (body -> 0) FROM document WHERE name = 'first'))) AS twice;

-- events: the list names people only, the consumer adds their documents
INSERT INTO document SELECT 'events', jsonb_build_array(
    '{"sekvensnummer": 7, "hendelse": {"folkeregisteridentifikator": "01017000001", "hendelsetype": "endringIBostedsadresse"}}'::jsonb,
    jsonb_build_object('sekvensnummer', 9, 'hendelse', '{"folkeregisteridentifikator": "41017000005"}'::jsonb, 'folkeregisterperson', body -> 4),
    jsonb_build_object('sekvensnummer', 8, 'hendelse', '{"folkeregisteridentifikator": "01017000002"}'::jsonb, 'folkeregisterperson', body -> 1 || '{"adressebeskyttelse": [{"erGjeldende": true, "graderingsnivaa": "ugradert"}]}'))
FROM document WHERE name = 'first';
SELECT jsonb_array_elements(protaddr.read_folkeregisteret_events(body)) AS event FROM document WHERE name = 'events';
SELECT lifted, outcome FROM protaddr.load_register('NO-FREG', (SELECT protaddr.read_folkeregisteret_events(body) FROM document WHERE name = 'events'), mode => 'events', upto => 9);
SELECT * FROM answer WHERE id IN ('01017000001', '01017000002', '01017000005') ORDER BY id;
SELECT protaddr.read_folkeregisteret_events('[]') AS none;
SELECT n, refusal(format('SELECT protaddr.read_folkeregisteret_events(%L::jsonb)', d)) AS refused FROM document, LATERAL (VALUES
    (1, '{}'::jsonb), (2, '[1]'), (3, body #- '{0,sekvensnummer}'), (4, jsonb_set(body, '{0,sekvensnummer}', '"7"')), (5, body #- '{0,hendelse}'),
    (6, jsonb_set(body, '{1,folkeregisterperson}', '"kanarie"')), (7, jsonb_set(body, '{1,hendelse,folkeregisteridentifikator}', '"01017000001"')), (8, body #- '{1,folkeregisterperson,identifikasjonsnummer}')) v (n, d)
WHERE name = 'events' ORDER BY n;

-- PDL: an empty list means no protection; a person not found is skipped
INSERT INTO document VALUES ('pdl', '{"data": {"hentPersonBolk": [
 {"ident": "01017000001", "code": "ok", "person": {"adressebeskyttelse": [{"gradering": "STRENGT_FORTROLIG_UTLAND", "folkeregistermetadata": null, "metadata": {"historisk": false, "master": "PDL"}}, {"gradering": "FORTROLIG", "folkeregistermetadata": {"gyldighetstidspunkt": "2020-01-01T00:00:00", "opphoerstidspunkt": "2021-01-01T00:00:00"}, "metadata": {"historisk": true}}, {"gradering": "FORTROLIG", "metadata": {"historisk": true}}]}},
 {"ident": "01017000002", "code": "ok", "person": {"adressebeskyttelse": []}},
 {"ident": "01017000003", "code": "not_found", "person": null},
 {"ident": "1000000000005", "code": "ok", "person": {"adressebeskyttelse": [{"gradering": "FORTROLIG"}], "folkeregisteridentifikator": [{"identifikasjonsnummer": "01017000005", "status": "IBRUK"}, {"identifikasjonsnummer": "41017000005", "status": "OPPHOERT"}]}},
 {"ident": "01017000004", "code": "ok", "person": {"adressebeskyttelse": [{"gradering": "UGRADERT"}]}}]}}');
SELECT jsonb_array_elements(protaddr.read_pdl(body)) AS person FROM document WHERE name = 'pdl';
SELECT n, refusal(format('SELECT protaddr.read_pdl(%L::jsonb)', d)) AS refused FROM document, LATERAL (VALUES
    (1, '{}'::jsonb), (2, '[]'), (3, body || '{"errors": [{"message": "kanarie"}]}'), (4, body -> 'data'), (5, body #- '{data,hentPersonBolk,1,ident}'), (6, body #- '{data,hentPersonBolk,1,code}'),
    (7, jsonb_set(body, '{data,hentPersonBolk,1,person}', 'null')), (8, body #- '{data,hentPersonBolk,1,person,adressebeskyttelse}'), (9, body #- '{data,hentPersonBolk,0,person,adressebeskyttelse,0,gradering}'),
    (10, jsonb_set(body, '{data,hentPersonBolk}', body #> '{data,hentPersonBolk}' -> 2)), (11, jsonb_set(body, '{data,hentPersonBolk}', jsonb_build_array(body #> '{data,hentPersonBolk,2}'))),
    (12, body #- '{data,hentPersonBolk,3,person,folkeregisteridentifikator,0,status}')) v (n, d)
WHERE name = 'pdl' ORDER BY n;
DROP VIEW answer;
DROP TABLE customer, document;
DROP FUNCTION refusal;
DROP EXTENSION protaddr CASCADE;
