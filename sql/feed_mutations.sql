--
-- Does a document that was garbled on its way ever protect fewer people than the true one?
-- Every reader, from the register as the true document left it: whoever it protects must
-- be protected after the garbled one, whether that is refused or loaded.  Deterministic.
--
SET client_min_messages = error;
CREATE EXTENSION protaddr;
-- codes: what is itself a code may become another one, and then says so
CREATE TABLE feed (name text PRIMARY KEY, regime text, reader text, mode text, codes text, body text);
INSERT INTO feed VALUES
('no', 'NO-FREG', 'protaddr.read_folkeregisteret(protaddr.json_document($1))', 'replace', '"graderingsnivaa": "\w+"|"adressegradering": "\w+"|true|false|"opphoerstidspunkt": "[^"]*"', '[
 {"identifikasjonsnummer": [{"erGjeldende": true, "foedselsEllerDNummer": "01017000001"}], "adressebeskyttelse": [{"erGjeldende": true, "graderingsnivaa": "strengtFortrolig"}]},
 {"identifikasjonsnummer": [{"erGjeldende": true, "foedselsEllerDNummer": "01017000002"}], "adressebeskyttelse": [{"graderingsnivaa": "ugradert"}]},
 {"identifikasjonsnummer": [{"erGjeldende": true, "foedselsEllerDNummer": "01017000003"}, {"erGjeldende": false, "foedselsEllerDNummer": "41017000003"}], "adressebeskyttelse": [{"erGjeldende": false, "graderingsnivaa": "strengtFortrolig", "opphoerstidspunkt": "2020-01-01"}, {"erGjeldende": true, "graderingsnivaa": "fortrolig", "gyldighetstidspunkt": "2020-01-01"}], "bostedsadresse": [{"erGjeldende": true, "adressegradering": "fortrolig"}]},
 {"identifikasjonsnummer": [{"erGjeldende": true, "foedselsEllerDNummer": "01017000004"}], "bostedsadresse": [{"erGjeldende": true, "adressegradering": "klientadresse"}]},
 {"identifikasjonsnummer": [{"erGjeldende": true, "foedselsEllerDNummer": "01017000005"}], "bostedsadresse": [{"erGjeldende": true, "adressegradering": "ugradert"}]}]'),
('no events', 'NO-FREG', 'protaddr.read_folkeregisteret_events(protaddr.json_document($1))', 'events', '"graderingsnivaa": "\w+"|true|false', '[
 {"sekvensnummer": 11, "hendelse": {"folkeregisteridentifikator": "01017000001"}, "folkeregisterperson": {"identifikasjonsnummer": [{"erGjeldende": true, "foedselsEllerDNummer": "01017000001"}], "adressebeskyttelse": [{"erGjeldende": true, "graderingsnivaa": "fortrolig"}]}},
 {"sekvensnummer": 12, "hendelse": {"folkeregisteridentifikator": "01017000002"}},
 {"sekvensnummer": 13, "hendelse": {"folkeregisteridentifikator": "01017000003"}, "folkeregisterperson": {"identifikasjonsnummer": [{"erGjeldende": true, "foedselsEllerDNummer": "01017000003"}], "adressebeskyttelse": [{"erGjeldende": true, "graderingsnivaa": "ugradert"}]}}]'),
('no xml', 'NO-FREG', 'protaddr.read_folkeregisteret(protaddr.xml_document($1))', 'replace', '>\w+</f:graderingsnivaa>|>\w+</f:adressegradering>|>\w+</f:erGjeldende>', '<f:personer xmlns:f="folkeregisteret:tilgjengeliggjoering:person:v1"><f:folkeregisterperson><f:identifikasjonsnummer><f:erGjeldende>true</f:erGjeldende><f:foedselsEllerDNummer>01017000001</f:foedselsEllerDNummer></f:identifikasjonsnummer><f:adressebeskyttelse><f:erGjeldende>true</f:erGjeldende><f:graderingsnivaa>strengtFortrolig</f:graderingsnivaa></f:adressebeskyttelse></f:folkeregisterperson><f:folkeregisterperson><f:identifikasjonsnummer><f:erGjeldende>true</f:erGjeldende><f:foedselsEllerDNummer>01017000004</f:foedselsEllerDNummer></f:identifikasjonsnummer><f:bostedsadresse><f:erGjeldende>true</f:erGjeldende><f:adressegradering>klientadresse</f:adressegradering></f:bostedsadresse></f:folkeregisterperson></f:personer>'),
('no pdl', 'NO-FREG', 'protaddr.read_pdl(protaddr.json_document($1))', 'replace', '"gradering": "\w+"|true|false|"code": "\w+"|"opphoerstidspunkt": "[^"]*"', '{"data": {"hentPersonBolk": [
 {"ident": "01017000001", "code": "ok", "person": {"adressebeskyttelse": [{"gradering": "STRENGT_FORTROLIG", "folkeregistermetadata": null, "metadata": {"historisk": false}}]}}, {"ident": "01017000002", "code": "ok", "person": {"adressebeskyttelse": []}},
 {"ident": "01017000003", "code": "not_found", "person": null}, {"ident": "01017000004", "code": "ok", "person": {"adressebeskyttelse": [{"gradering": "FORTROLIG"}, {"gradering": "UGRADERT", "metadata": {"historisk": true}, "folkeregistermetadata": {"opphoerstidspunkt": "2020-01-01"}}]}}]}}'),
('se spar', 'SE-FOLK', 'protaddr.read_spar(protaddr.xml_document($1))', 'replace', '>(JA|NEJ)<', '<v:SPARPersonsokningSvar xmlns:p="http://statenspersonadressregister.se/schema/komponent/person/person-1.2" xmlns:s="http://statenspersonadressregister.se/schema/komponent/person/skyddadepersonuppgifter-1.1" xmlns:v="http://statenspersonadressregister.se/schema/personsok/2021.1/personsokningsvar"><v:PersonsokningSvarspost><p:PersonId><p:IdNummer>197001010001</p:IdNummer></p:PersonId><s:Sekretessmarkering>JA</s:Sekretessmarkering><s:SkyddadFolkbokforing>NEJ</s:SkyddadFolkbokforing></v:PersonsokningSvarspost><v:PersonsokningSvarspost><p:PersonId><p:IdNummer>197001010002</p:IdNummer></p:PersonId><s:Sekretessmarkering>NEJ</s:Sekretessmarkering><s:SkyddadFolkbokforing>JA</s:SkyddadFolkbokforing></v:PersonsokningSvarspost><v:PersonsokningSvarspost><p:PersonId><p:IdNummer>197001010003</p:IdNummer></p:PersonId><s:Sekretessmarkering>NEJ</s:Sekretessmarkering><s:SkyddadFolkbokforing>NEJ</s:SkyddadFolkbokforing></v:PersonsokningSvarspost></v:SPARPersonsokningSvar>'),
('se navet', 'SE-FOLK', 'protaddr.read_navet(protaddr.xml_document($1))', 'replace', '>[JN]<', '<n:PersonpostXMLResponse xmlns:n="http://xmls.skatteverket.se/se/skatteverket/folkbokforing/na/epersondata/V1"><Folkbokforingspost><Sekretessmarkering>J</Sekretessmarkering><Personpost><PersonId><PersonNr>197001010001</PersonNr></PersonId></Personpost></Folkbokforingspost><Folkbokforingspost><Sekretessmarkering>N</Sekretessmarkering><SkyddadFolkbokforing>J</SkyddadFolkbokforing><Personpost><PersonId><PersonNr>197001010002</PersonNr></PersonId></Personpost></Folkbokforingspost><Folkbokforingspost><Sekretessmarkering>N</Sekretessmarkering><SkyddadFolkbokforing>N</SkyddadFolkbokforing><Personpost><PersonId><PersonNr>197001010003</PersonNr></PersonId><HanvisningsPersonNr>197001010004</HanvisningsPersonNr></Personpost></Folkbokforingspost></n:PersonpostXMLResponse>'),
('fi changes', 'FI-VTJ', 'protaddr.read_dvv(protaddr.json_document($1))', 'events', 'true|false|TURVAKIELTO', '{"viimeisinKirjausavain": 1000, "muutokset": [
 {"henkilotunnus": "010170-001A", "muutospv": "2026-09-24T21:00:00.000Z", "tietoryhmat": [{"tietoryhma": "TURVAKIELTO", "turvakieltoAktiivinen": true}]}, {"henkilotunnus": "010170-002B", "muutospv": "2026-09-24T21:00:00.000Z", "tietoryhmat": [{"tietoryhma": "TURVAKIELTO", "turvakieltoAktiivinen": false}]},
 {"henkilotunnus": "010170-003C", "muutospv": "2026-09-24T21:00:00.000Z", "tietoryhmat": [{"tietoryhma": "HENKILOTUNNUS_KORJAUS", "voimassaolo": "AKTIIVI", "aktiivinenHenkilotunnus": "010170-001A"}]}]}'),
('fi basis', 'FI-VTJ', 'protaddr.read_dvv(protaddr.json_document($1))', 'replace', 'true|false|TURVAKIELTO', '{"perustiedot": [{"henkilotunnus": "010170-001A", "tietoryhmat": [{"tietoryhma": "TURVAKIELTO", "turvakieltoAktiivinen": true}]}, {"henkilotunnus": "010170-002B", "tietoryhmat": [{"tietoryhma": "TURVAKIELTO", "turvakieltoAktiivinen": false}]}]}'),
('fi vtj', 'FI-VTJ', 'protaddr.read_vtj(protaddr.xml_document($1))', 'reply', '>1<', '<v:VTJHenkiloVastaussanoma xmlns:v="http://xml.vrk.fi/schema/vtjkysely"><v:Paluukoodi koodi="0000"/><v:Henkilo><v:Henkilotunnus voimassaolokoodi="1">010170-001A</v:Henkilotunnus><v:Turvakielto><v:TurvakieltoTieto>1</v:TurvakieltoTieto></v:Turvakielto></v:Henkilo></v:VTJHenkiloVastaussanoma>'),
('nl', 'NL-BRP', 'protaddr.read_haal_centraal(protaddr.json_document($1))', 'replace', 'true|false|: [0-9]', '{"personen": [{"burgerservicenummer": "000000012", "geheimhoudingPersoonsgegevens": true}, {"burgerservicenummer": "000000024"}, {"burgerservicenummer": "000000036", "geheimhoudingPersoonsgegevens": 7}, {"burgerservicenummer": "000000048", "geheimhoudingPersoonsgegevens": false}]}'),
('nl lo3', 'NL-BRP', 'protaddr.read_lo3($1)', 'replace', '70100017|70100010', '00000000Ag01A202609010003401016012000900000002407008' || '70100017' || E'\n' || '00000000Ag01A202609010003401016012000900000003607008' || '70100010'),
('ch', 'CH-ECH', 'protaddr.read_ech(protaddr.xml_document($1))', 'replace', '>[0-9]</|eCH-002[01]/[0-9]', '<d:delivery xmlns:d="http://www.ech.ch/xmlns/eCH-0020/5" xmlns:e="http://www.ech.ch/xmlns/eCH-0021/8" xmlns:i="http://www.ech.ch/xmlns/eCH-0044/4"><d:baseDeliveryPerson><d:personIdentification><i:vn>7560000000001</i:vn></d:personIdentification><d:lockData><e:addressLock>0</e:addressLock><e:dataLock>1</e:dataLock><e:paperLock>0</e:paperLock></d:lockData></d:baseDeliveryPerson><d:baseDeliveryPerson><d:personIdentification><i:vn>7560000000002</i:vn></d:personIdentification><d:lockData><e:addressLock>1</e:addressLock><e:dataLock>0</e:dataLock><e:paperLock>0</e:paperLock></d:lockData></d:baseDeliveryPerson></d:delivery>'),
('dk', 'DK-CPR', 'protaddr.read_datafordeler(protaddr.json_document($1))', 'replace', '"beskyttelsestype": "\w+"|"status": "\w+"', '{"data": {"CPRCustom_PrivateSectorPerson": {"nodes": [{"personnumre": [{"personnummer": "0101700001", "status": "aktuel"}], "beskyttelser": [{"beskyttelsestype": "navne_og_adresse", "status": "aktuel", "virkningtil": "2026-01-01"}]},
 {"personnumre": [{"personnummer": "0101700002", "status": "aktuel"}, {"personnummer": "6101700002", "status": "historisk"}], "beskyttelser": [{"beskyttelsestype": "markedsfoering", "status": "aktuel"}]}, {"personnumre": [{"personnummer": "0101700003", "status": "aktuel"}], "beskyttelser": []}]}}}'),
('dk mitid', 'DK-CPR', 'protaddr.read_mitid(protaddr.json_document($1))', 'reply', 'true', '{"dk.cpr": "0101700001", "ssn.details.status": "success", "ssn.details.name_address_protected": "true"}');

-- every value of a JSON document: without it, and as something else
CREATE FUNCTION paths(value jsonb, path text[] DEFAULT '{}') RETURNS SETOF text[] LANGUAGE plpgsql AS $$
DECLARE
    step record;
BEGIN
    FOR step IN SELECT k AS key, value -> k AS below FROM jsonb_object_keys(CASE jsonb_typeof(value) WHEN 'object' THEN value ELSE '{}' END) k
                UNION ALL SELECT (n - 1)::text, e FROM jsonb_array_elements(CASE jsonb_typeof(value) WHEN 'array' THEN value ELSE '[]' END) WITH ORDINALITY a (e, n) LOOP
        RETURN NEXT path || step.key;
        RETURN QUERY SELECT paths(step.below, path || step.key);
    END LOOP;
END
$$;
CREATE FUNCTION structural(feed feed) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    document jsonb;
    path text[];
    list text;
BEGIN
    IF left(feed.body, 1) IN ('[', '{') THEN
        document := feed.body;
        FOR path IN SELECT paths(document) LOOP
            -- a list with one protection less, or with none, is another list and no garbled one
            IF path[cardinality(path)] !~ '^[0-9]+$' OR cardinality(path) <= 4 AND path::text !~ 'adressebeskyttelse|beskyttelser|tietoryhmat|bostedsadresse|personnumre' THEN
                RETURN NEXT (document #- path)::text;
            END IF;
            RETURN QUERY SELECT jsonb_set(document, path, v)::text FROM unnest('{null,"{}",7,"\"x\"","\"\"","[1]"}'::jsonb[]) v;
        END LOOP;
        -- the same person again, near and far, and as somebody without protection
        list := (SELECT string_agg(p, ',') FROM jsonb_array_elements_text(CASE jsonb_typeof(document) WHEN 'array' THEN document ELSE '[]' END) p);
        RETURN NEXT format('[%s,%s]', list, list);
        RETURN NEXT replace(feed.body, ', "adressebeskyttelse"', ', "ADRESSEBESKYTTELSE"');
    ELSE
        -- every leaf: without it, empty, twice, under another name
        RETURN QUERY SELECT v.body FROM regexp_matches(feed.body, '<(?:\w+:)?\w+(?: [^<>]*)?>[^<>]*</(?:\w+:)?\w+>', 'g') m,
            LATERAL (VALUES (replace(feed.body, m[1], '')), (replace(feed.body, m[1], m[1] || m[1])), (replace(feed.body, m[1], regexp_replace(m[1], '\w+(>[^<>]*</(?:\w+:)?)\w+>', 'other\1other>'))),
                            (CASE WHEN feed.name <> 'fi vtj' THEN replace(feed.body, m[1], regexp_replace(m[1], '>[^<>]*<', '><')) END), (replace(feed.body, m[1], regexp_replace(m[1], '>[^<>]*<', '>x<')))) v (body)
            WHERE v.body IS NOT NULL;
        RETURN NEXT replace(feed.body, 'http://', 'http://x');
    END IF;
END
$$;
-- characters left out, changed, exchanged; cut off; a piece twice; but for what is a code
CREATE FUNCTION garbled(feed feed, times integer) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    dice bigint := 20261128 + length(feed.body);
    at integer;
    len integer;
    codes int4multirange := (SELECT range_agg(int4range(a, a + length(m)::int)) FROM (SELECT m[1] AS m, n FROM regexp_matches(feed.body, '(' || feed.codes || ')', 'g') WITH ORDINALITY r (m, n)) c,
                             LATERAL (SELECT strpos(feed.body, c.m) AS a) p);
BEGIN
    FOR i IN 1 .. times LOOP
        dice := (dice * 1103515245 + 12345) % 2147483648;
        at := 1 + (dice / 16) % (length(feed.body) - 1);
        len := 1 + (dice / 65536) % CASE WHEN i % 3 = 0 THEN 60 ELSE 3 END;
        CONTINUE WHEN substr(feed.body, greatest(at - 12, 1), len + 24) ~ feed.codes;
        RETURN NEXT CASE i % 6
            WHEN 0 THEN overlay(feed.body PLACING '' FROM at FOR len)
            WHEN 1 THEN overlay(feed.body PLACING chr(48 + (dice % 10)::int) FROM at FOR 1)
            WHEN 2 THEN overlay(feed.body PLACING chr(97 + (dice % 26)::int) FROM at FOR 1)
            WHEN 3 THEN left(feed.body, at)
            WHEN 4 THEN overlay(feed.body PLACING substr(feed.body, at + 1, 1) || substr(feed.body, at, 1) FROM at FOR 2)
            ELSE overlay(feed.body PLACING repeat(substr(feed.body, at, len), 2) FROM at FOR len) END;
    END LOOP;
END
$$;
-- true if it was loaded; what is told of nobody whom the true document protects needs no load
CREATE FUNCTION load(feed feed, body text, again boolean, protected text[] DEFAULT NULL) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    people jsonb;
    before jsonb;
BEGIN
    EXECUTE 'SELECT ' || feed.reader INTO people USING body;
    IF again THEN
        EXECUTE 'SELECT ' || feed.reader INTO before USING feed.body;
        IF feed.mode <> 'events' AND (SELECT count(*) <> count(DISTINCT protaddr.subject_key(p ->> 'subject')) FROM jsonb_array_elements(people) p) THEN
            RAISE EXCEPTION USING ERRCODE = '22P02', MESSAGE = 'twice: see positive_evidence';
        ELSIF NOT EXISTS (SELECT FROM (SELECT jsonb_array_elements(people) EXCEPT SELECT jsonb_array_elements(before)) n (p)
                          WHERE protaddr.subject_key(p ->> 'subject') = ANY (protected) OR protaddr.subject_key(p ->> 'replaced_by') = ANY (protected)) THEN
            RETURN false;
        END IF;
    END IF;
    PERFORM protaddr.load_register(feed.regime, CASE WHEN again AND feed.mode = 'events' THEN
                                       (SELECT jsonb_agg(p || jsonb_build_object('position', (p ->> 'position')::bigint + 10000)) FROM jsonb_array_elements(people) p) ELSE people END,
                                   mode => feed.mode, max_lifted => 1000, after => CASE WHEN again AND feed.mode = 'events' THEN 9000 END,
                                   upto => CASE WHEN feed.mode = 'events' THEN CASE WHEN again THEN 999999 ELSE 9000 END END);
    RETURN true;
END
$$;
-- what the tables say: in the transaction of a lift nobody is told of it yet
CREATE FUNCTION in_force(key text) RETURNS boolean LANGUAGE sql AS $$
    WITH RECURSIVE number (key) AS (SELECT key COLLATE "C" UNION SELECT l.subject_key FROM number n JOIN protaddr.identity_link l ON l.identifier_key = n.key AND l.recorded_to = 'infinity')
    SELECT EXISTS (SELECT FROM number n JOIN protaddr.protection p ON p.subject_key = n.key WHERE p.kind <> 'none' AND p.recorded_to = 'infinity' AND p.valid_to = 'infinity')
$$;
CREATE FUNCTION try(feed feed) RETURNS TABLE (mutants bigint, refused bigint, loaded bigint, fewer bigint, told bigint) LANGUAGE plpgsql AS $$
DECLARE
    protected text[];
    mutant text;
    state text;
    said text;
    loads boolean;
BEGIN
    mutants := 0; refused := 0; loaded := 0; fewer := 0; told := 0;
    PERFORM load(feed, feed.body, false);
    SELECT array_agg(DISTINCT p.subject_key) INTO protected FROM protaddr.protection p WHERE p.kind <> 'none' AND p.recorded_to = 'infinity' AND p.valid_to = 'infinity';
    FOR mutant IN SELECT m FROM structural(feed) m WHERE m <> feed.body UNION SELECT m FROM garbled(feed, 150) m WHERE m <> feed.body ORDER BY 1 LOOP
        mutants := mutants + 1;
        BEGIN
            loads := load(feed, mutant, true, protected);
            IF loads AND EXISTS (SELECT FROM unnest(protected) s WHERE NOT in_force(s)) THEN
                RAISE EXCEPTION USING ERRCODE = 'PAFEW', MESSAGE = mutant;
            END IF;
            RAISE EXCEPTION USING ERRCODE = CASE WHEN loads THEN 'PAROL' ELSE 'PANOT' END, MESSAGE = 'rolled back';
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, said = MESSAGE_TEXT;
            IF state = 'PAFEW' THEN
                fewer := fewer + 1;
                RAISE WARNING 'fewer: %', said;
            ELSIF state = 'PAROL' THEN
                loaded := loaded + 1;
            ELSIF state <> 'PANOT' THEN
                refused := refused + 1;
                -- a message tells nothing of anybody, and each has a code that is expected
                IF state NOT IN ('22023', '22P02', '22007', '55000', '22001', '54000') OR said ~ '0101|7560|0000000|197001' THEN
                    told := told + 1;
                    RAISE WARNING 'told: % %', state, said;
                END IF;
            END IF;
        END;
    END LOOP;
    RAISE EXCEPTION USING ERRCODE = 'PAEND', MESSAGE = jsonb_build_array(cardinality(protected), mutants, refused, loaded, fewer, told)::text;
END
$$;
CREATE FUNCTION tried(feed feed) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
    PERFORM try(feed);
EXCEPTION WHEN SQLSTATE 'PAEND' THEN
    RETURN SQLERRM;
END
$$;
SELECT f.name, t -> 0 AS protected, (t -> 1)::int > 80 AS many, (t -> 2)::int > 20 AS some_refused, (t -> 3)::int > 0 AS some_loaded, t -> 4 AS fewer, t -> 5 AS told FROM feed f, LATERAL tried(f) t ORDER BY f.name;
DROP FUNCTION tried, try, in_force, load, garbled, structural, paths;
DROP TABLE feed;
DROP EXTENSION protaddr CASCADE;
