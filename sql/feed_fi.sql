--
-- Finland: DVV's change service, answers of VTJ
--
\getenv abs_srcdir PG_ABS_SRCDIR
\set start :abs_srcdir '/test/regress/feed.psql'
\set ECHO none
\i :start
CREATE TABLE document (name text PRIMARY KEY, body jsonb);
INSERT INTO customer SELECT id, 'Prøvevej 1' FROM unnest('{010170-001A,010170-002B,010170-003C,010170-004D,010170-005E,010170-006F,010170-007H,010170-008J,010170A009K,010170-010L}'::text[]) id;

INSERT INTO document VALUES ('changes', '{"viimeisinKirjausavain": 100000022, "ajanTasalla": true, "muutokset": [
 {"henkilotunnus": "010170-001A", "muutospv": "2026-09-24T21:00:00.000Z", "tietoryhmat": [{"tietoryhma": "TURVAKIELTO", "muutosattribuutti": "LISATTY", "turvakieltoAktiivinen": true, "turvaLoppuPv": {"arvo": "2030-01-01", "tarkkuus": "PAIVA"}}, {"tietoryhma": "VAKINAINEN_KOTIMAINEN_OSOITE", "muutosattribuutti": "MUUTETTU", "turvakiellonAlaisetKentat": ["katunimi"]}, {"tietoryhma": "KOTIMAINEN_YHTEYSOSOITE", "muutosattribuutti": "LISATTY", "katunimi": {"fi": "Koekatu", "sv": "Provgatan"}, "katunumero": "5", "huoneistokirjain": "A", "huoneistonumero": "12", "postinumero": "00001", "postitoimipaikka": {"fi": "KOELA", "sv": "PROVSTAD"}}]},
 {"henkilotunnus": "010170-002B", "muutospv": "2026-09-24T21:00:00.000Z", "tietoryhmat": [{"tietoryhma": "TURVAKIELTO", "muutosattribuutti": "MUUTETTU", "turvakieltoAktiivinen": false, "turvaLoppuPv": {"arvo": "2026-09", "tarkkuus": "KUUKAUSI"}}]},
 {"henkilotunnus": "010170-003C", "muutospv": "2026-09-24T21:00:00.000Z", "tietoryhmat": [{"tietoryhma": "VAKINAINEN_KOTIMAINEN_OSOITE", "muutosattribuutti": "LISATTY"}, {"tietoryhma": "KOTIMAINEN_YHTEYSOSOITE", "muutosattribuutti": "POISTETTU", "katunimi": "Koekatu", "postitoimipaikka": "KOELA"}]},
 {"henkilotunnus": "010170-004D", "muutospv": "2026-09-24T21:00:00.000Z", "tietoryhmat": [{"tietoryhma": "HENKILOTUNNUS_KORJAUS", "voimassaolo": "AKTIIVI", "muutosattribuutti": "LISATTY", "aktiivinenHenkilotunnus": "010170-005E", "edellisetHenkilotunnukset": ["010170-004D", "010170-010L"]}, {"tietoryhma": "HENKILOTUNNUS_KORJAUS", "voimassaolo": "PASSIIVI", "aktiivinenHenkilotunnus": ""}]},
 {"henkilotunnus": "010170-006F", "muutospv": "2026-09-25T21:00:00.000Z", "tietoryhmat": [{"tietoryhma": "TURVAKIELTO", "turvakieltoAktiivinen": false}]},
 {"henkilotunnus": "010170-006F", "muutospv": "2026-09-24T21:00:00.000Z", "tietoryhmat": [{"tietoryhma": "TURVAKIELTO", "turvakieltoAktiivinen": true}]},
 {"henkilotunnus": "010170-007H", "muutospv": "2026-09-25T21:00:00.000Z", "tietoryhmat": [{"tietoryhma": "TURVAKIELTO", "turvakieltoAktiivinen": false}]},
 {"henkilotunnus": "010170-007H", "muutospv": "2026-09-24", "tietoryhmat": [{"tietoryhma": "TURVAKIELTO", "turvakieltoAktiivinen": true}]},
 {"henkilotunnus": "010170-008J", "muutospv": "2026-09-25T21:00:00.000Z", "tietoryhmat": [{"tietoryhma": "TURVAKIELTO", "turvakieltoAktiivinen": "ehkä"}]}]}');
-- they were protected before: by another number, and who is not told of again
SELECT persons, protected FROM protaddr.load_register('FI-VTJ', protaddr.read_dvv('{"perustiedot": [
 {"henkilotunnus": "010170-002B", "tietoryhmat": [{"tietoryhma": "TURVAKIELTO", "turvakieltoAktiivinen": true}]}, {"henkilotunnus": "010170-003C", "tietoryhmat": [{"tietoryhma": "TURVAKIELTO", "turvakieltoAktiivinen": true}]},
 {"henkilotunnus": "010170-004D", "tietoryhmat": [{"tietoryhma": "TURVAKIELTO", "turvakieltoAktiivinen": true}]}, {"henkilotunnus": "010170A009K", "tietoryhmat": [{"tietoryhma": "TURVAKIELTO", "turvakieltoAktiivinen": false}]},
 {"henkilotunnus": "010170-005E", "tietoryhmat": [{"tietoryhma": "KOTIKUNTA", "kuntakoodi": "091"}]}]}'));
SELECT jsonb_array_elements(protaddr.read_dvv(body)) AS person FROM document WHERE name = 'changes';
SELECT persons, newly_protected, lifted, unknown_codes, replaced_numbers FROM protaddr.load_register('FI-VTJ', (SELECT protaddr.read_dvv(body) FROM document WHERE name = 'changes'), mode => 'events', upto => 100000022);
SELECT * FROM answer ORDER BY id;
SELECT code, kind, delete_hint FROM protaddr.protection WHERE subject = '010170-001A';
-- the signs of the centuries: other people
SELECT i, protaddr.is_protected(i) FROM unnest('{010170-001A,010170-001a,010170001A,010170+001A,010170A001A,010170Y001A}'::text[]) i;
-- the contact address takes the place of what is protected
SELECT * FROM protaddr.read_dvv_substitutes((SELECT body FROM document WHERE name = 'changes'));
SELECT s.subject, CASE WHEN s.address IS NULL THEN protaddr.drop_substitute(s.subject) ELSE protaddr.set_substitute(s.subject, s.address::protaddr.address, 'yhteysosoite, DVV') END AS changed
FROM document d, protaddr.read_dvv_substitutes(d.body) s WHERE d.name = 'changes';
SELECT protaddr.set_channel('test', 'substitute', route => 'domestic', description => 'Test', legal_basis => 'none but this test');
SELECT id, protaddr.show(protaddr.release(home, 'test')) AS leaves FROM customer WHERE id IN ('010170-001A', '010170-003C') ORDER BY id;
SELECT protaddr.read_dvv('{"viimeisinKirjausavain": 5, "muutokset": []}') AS none;
SELECT n, refusal(format('SELECT protaddr.read_dvv(%L)', d)) AS refused FROM document, LATERAL (VALUES
    (1, '{}'::jsonb), (2, '[]'), (3, body - 'viimeisinKirjausavain'), (4, jsonb_set(body, '{viimeisinKirjausavain}', '"kanarie"')), (5, body #- '{muutokset,0,henkilotunnus}'), (6, body #- '{muutokset,0,tietoryhmat}'),
    (7, body #- '{muutokset,0,tietoryhmat,0,turvakieltoAktiivinen}'), (8, jsonb_set(body, '{muutokset,0,tietoryhmat,0,turvakieltoAktiivinen}', 'null')), (9, jsonb_set(body, '{muutokset,0,tietoryhmat,0,turvakieltoAktiivinen}', '" "')),
    (10, jsonb_set(body, '{muutokset,0,tietoryhmat,0,turvakieltoAktiivinen}', '{"kanarie": 1}')), (11, body #- '{muutokset,0,tietoryhmat,0,tietoryhma}'), (12, body #- '{muutokset,3,tietoryhmat,0,aktiivinenHenkilotunnus}'),
    (13, '{"perustiedot": []}'), (14, jsonb_build_object('perustiedot', body -> 'muutokset'))) v (n, d)
WHERE name = 'changes' ORDER BY n;

-- VTJ: 1, 0, empty, something else; an end that is planned
CREATE FUNCTION vtj(ban text, code text DEFAULT '0000') RETURNS text LANGUAGE sql RETURN format('<?xml version="1.0" encoding="ISO-8859-1"?><ns2:VTJHenkiloVastaussanoma versio="1.0" sanomatunnus="PERUSSANOMA 1" xmlns:ns2="http://xml.vrk.fi/schema/vtjkysely"><ns2:Paluukoodi koodi="%s"/><ns2:Henkilo><ns2:Henkilotunnus voimassaolokoodi="1">010170-008J</ns2:Henkilotunnus>%s</ns2:Henkilo></ns2:VTJHenkiloVastaussanoma>', code, '<ns2:Turvakielto><ns2:TurvakieltoTieto>' || ban || '</ns2:TurvakieltoTieto><ns2:TurvakieltoPaattymispvm>20301231</ns2:TurvakieltoPaattymispvm></ns2:Turvakielto>');
SELECT ban, protaddr.read_vtj(protaddr.xml_document(vtj(ban))) AS xml FROM unnest('{1,0,"",2}'::text[]) ban;
SELECT protaddr.read_vtj('{"VTJHenkiloVastaussanoma": {"Paluukoodi": {"koodi": "0000"}, "Henkilo": {"Henkilotunnus": {"#text": "010170-008J"}, "Turvakielto": {"TurvakieltoTieto": 1}}}}'::jsonb) AS json;
SELECT lifted, outcome FROM protaddr.load_register('FI-VTJ', protaddr.read_vtj(protaddr.xml_document(vtj('0'))), mode => 'reply');
SELECT * FROM answer WHERE id = '010170-008J';
SELECT n, refusal(format('SELECT protaddr.read_vtj(protaddr.xml_document(%L))', d)) AS refused FROM (VALUES (1, vtj(NULL)), (2, vtj('0', '0006')), (3, replace(vtj('0'), '<ns2:Paluukoodi koodi="0000"/>', '')), (4, replace(vtj('0'), 'xml.vrk.fi', 'kanarie.fi')),
    (5, replace(vtj('0'), '010170-008J', ' ')), (6, replace(vtj('0'), 'ns2:Henkilo>', 'ns2:Kanarie>')), (7, replace(vtj('0'), '<ns2:TurvakieltoTieto>0', '<ns2:TurvakieltoTieto>0</ns2:TurvakieltoTieto><ns2:TurvakieltoTieto>1'))) v (n, d) ORDER BY n;
SELECT n, refusal(format('SELECT protaddr.read_vtj(%L::jsonb)', d)) AS refused FROM (VALUES (1, '{}'), (2, '[]'), (3, '{"VTJHenkiloVastaussanoma": {"Paluukoodi": {"koodi": "0000"}, "Henkilo": {"Henkilotunnus": "kanarie", "Turvakielto": null}}}'),
    (4, '{"VTJHenkiloVastaussanoma": {"Henkilo": {"Henkilotunnus": "kanarie", "Turvakielto": {"TurvakieltoTieto": "0"}}}}')) v (n, d) ORDER BY n;
DROP FUNCTION vtj;
DROP VIEW answer;
DROP TABLE customer, document;
DROP FUNCTION refusal;
DROP EXTENSION protaddr CASCADE;
