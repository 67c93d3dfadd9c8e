-- ---------------------------------------------------------------------------
-- feed/: Finland
-- ---------------------------------------------------------------------------
CREATE FUNCTION protaddr.feed_dvv(document jsonb) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
    people jsonb := coalesce(document -> 'muutokset', document -> 'perustiedot');
BEGIN
    IF jsonb_typeof(people) IS DISTINCT FROM 'array'
       OR EXISTS (SELECT FROM jsonb_array_elements(people) p WHERE jsonb_typeof(p) <> 'object') THEN
        PERFORM protaddr.refuse_document('form', NULL, 'It must be an answer of DVV''s change service, with muutokset or perustiedot.');
    ELSIF EXISTS (SELECT FROM jsonb_array_elements(people) p WHERE protaddr.feed_text(p -> 'henkilotunnus') IS NULL) THEN
        PERFORM protaddr.refuse_document('number');
    ELSIF EXISTS (SELECT FROM jsonb_array_elements(people) p WHERE jsonb_typeof(p -> 'tietoryhmat') IS DISTINCT FROM 'array')
       OR EXISTS (SELECT FROM jsonb_array_elements(people) p, jsonb_array_elements(p -> 'tietoryhmat') g
                  WHERE jsonb_typeof(g -> 'tietoryhma') IS DISTINCT FROM 'string') THEN
        PERFORM protaddr.refuse_document('element', 'tietoryhmat');
    END IF;
    RETURN people;
END
$$;
GRANT EXECUTE ON FUNCTION protaddr.feed_dvv(jsonb) TO PUBLIC;
COMMENT ON FUNCTION protaddr.feed_dvv(jsonb) IS
'Part of protaddr.read_dvv() and read_dvv_substitutes(): the people of an answer of DVV''s change service, if they have its form. Raises 22023.';

CREATE FUNCTION protaddr.feed_later(moment text, than text) RETURNS boolean
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT right(moment, 1) = 'Z' AND right(than, 1) = 'Z' AND length(moment) = length(than) AND moment COLLATE "C" > than COLLATE "C";
END;
GRANT EXECUTE ON FUNCTION protaddr.feed_later(text, text) TO PUBLIC;
COMMENT ON FUNCTION protaddr.feed_later(text, text) IS
'Part of protaddr.read_dvv(): true if it is clear that one moment is later than another, both in UTC and written alike.';

CREATE FUNCTION protaddr.read_dvv(document jsonb) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
    people jsonb := protaddr.feed_dvv(document);
    upto jsonb := document -> 'viimeisinKirjausavain';
    events boolean := document ? 'muutokset';
BEGIN
    IF events AND (jsonb_typeof(upto) NOT IN ('number', 'string') OR coalesce(upto #>> '{}', '') !~ '^[0-9]{1,18}$') THEN
        PERFORM protaddr.refuse_document('element', 'viimeisinKirjausavain');
    ELSIF NOT events AND people = '[]' THEN
        PERFORM protaddr.refuse_document('nobody');
    ELSIF EXISTS (SELECT FROM jsonb_array_elements(people) p, jsonb_array_elements(p -> 'tietoryhmat') g
                  WHERE g ->> 'tietoryhma' = 'TURVAKIELTO'
                    AND (g -> 'turvakieltoAktiivinen' IS NULL OR jsonb_typeof(g -> 'turvakieltoAktiivinen') IN ('null', 'array', 'object')
                         OR btrim(g ->> 'turvakieltoAktiivinen', E' \t\r\n') = '')) THEN
        PERFORM protaddr.refuse_document('element', 'turvakieltoAktiivinen');
    ELSIF EXISTS (SELECT FROM jsonb_array_elements(people) p, jsonb_array_elements(p -> 'tietoryhmat') g
                  WHERE g ->> 'tietoryhma' = 'HENKILOTUNNUS_KORJAUS' AND g ->> 'voimassaolo' = 'AKTIIVI'
                    AND protaddr.feed_text(g -> 'aktiivinenHenkilotunnus') IS NULL) THEN
        PERFORM protaddr.refuse_document('element', 'aktiivinenHenkilotunnus');
    ELSIF NOT events AND (SELECT count(*) <> count(DISTINCT protaddr.feed_text(p -> 'henkilotunnus')) FROM jsonb_array_elements(people) p) THEN
        PERFORM protaddr.refuse_document('twice');
    END IF;
    people := coalesce((
        WITH change AS (
            SELECT protaddr.feed_text(p -> 'henkilotunnus') AS subject, n, p -> 'tietoryhmat' AS groups,
                   protaddr.feed_time(p ->> 'muutospv') AS moment
            FROM jsonb_array_elements(people) WITH ORDINALITY e (p, n)
        ), ban AS (
            SELECT subject, moment, btrim(g ->> 'turvakieltoAktiivinen', E' \t\r\n') AS code, protaddr.feed_date(g #>> '{turvaLoppuPv,arvo}') AS delete_hint
            FROM change, jsonb_array_elements(groups) g WHERE g ->> 'tietoryhma' = 'TURVAKIELTO'
        ), last AS (
            -- of several changes of one person the last one counts; all of them if nobody can tell which that is
            SELECT b.subject, jsonb_agg(DISTINCT jsonb_strip_nulls(jsonb_build_object('code', b.code, 'valid_from', b.moment, 'delete_hint', b.delete_hint))) AS protections
            FROM ban b
            WHERE NOT EXISTS (SELECT FROM ban l WHERE l.subject = b.subject AND protaddr.feed_later(l.moment, b.moment))
            GROUP BY b.subject
        ), corrected AS (
            SELECT subject, protaddr.feed_text(g -> 'aktiivinenHenkilotunnus') AS newest, g -> 'edellisetHenkilotunnukset' AS before
            FROM change, jsonb_array_elements(groups) g
            WHERE g ->> 'tietoryhma' = 'HENKILOTUNNUS_KORJAUS' AND g ->> 'voimassaolo' = 'AKTIIVI'
        ), number AS (
            SELECT subject, newest FROM corrected WHERE subject <> newest
            UNION
            SELECT protaddr.feed_text(b), newest
            FROM corrected, jsonb_array_elements(CASE jsonb_typeof(before) WHEN 'array' THEN before ELSE '[]' END) b
            WHERE protaddr.feed_text(b) <> newest
        )
        SELECT jsonb_agg(protaddr.feed_person(subject, last.protections)
                         || CASE WHEN number.newest IS NULL THEN '{}' ELSE jsonb_build_object('replaced_by', number.newest) END
                         || CASE WHEN events THEN jsonb_build_object('position', (upto #>> '{}')::bigint) ELSE '{}' END ORDER BY s.n, subject)
        FROM (SELECT subject, min(n) AS n FROM change GROUP BY subject) s FULL JOIN number USING (subject)
        LEFT JOIN last USING (subject)), '[]');
    -- most changes are of something else
    RETURN CASE WHEN events THEN people ELSE protaddr.feed_told(people) END;
END
$$;
GRANT EXECUTE ON FUNCTION protaddr.read_dvv(jsonb) TO PUBLIC;
COMMENT ON FUNCTION protaddr.read_dvv(jsonb) IS
'Reads an answer of the change service of Finland''s DVV for protaddr.load_register(''FI-VTJ'', ...): muutokset (mode => ''events''; each person once, at viimeisinKirjausavain, which is also upto) or perustiedot. Codes: turvakieltoAktiivinen of the group TURVAKIELTO; its planned end (turvaLoppuPv) is a delete_hint. A person without that group has nothing said of their protection. A corrected number (HENKILOTUNNUS_KORJAUS, AKTIIVI) is replaced_by. Of several changes of a person the one of the latest muutospv counts, and all if that is not clear. Raises 22023.';

CREATE FUNCTION protaddr.read_dvv_substitutes(document jsonb) RETURNS TABLE (subject text, address text)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp SET jit = off
BEGIN ATOMIC
    SELECT protaddr.feed_text(p -> 'henkilotunnus'),
           CASE WHEN g ->> 'muutosattribuutti' IS DISTINCT FROM 'POISTETTU'
                 AND f.street IS NOT NULL AND f.town IS NOT NULL THEN jsonb_strip_nulls(jsonb_build_object(
               'StrtNm', f.street, 'BldgNb', protaddr.feed_text(g -> 'katunumero'),
               'UnitNb', nullif(concat_ws(' ', protaddr.feed_text(g -> 'huoneistokirjain'), protaddr.feed_text(g -> 'huoneistonumero'), protaddr.feed_text(g -> 'jakokirjain')), ''),
               'PstCd', protaddr.feed_text(g -> 'postinumero'), 'TwnNm', f.town, 'Ctry', 'FI'))::text END
    FROM jsonb_array_elements(protaddr.feed_dvv(document)) WITH ORDINALITY e (p, n), jsonb_array_elements(p -> 'tietoryhmat') g,
         LATERAL (SELECT coalesce(protaddr.feed_text(g #> '{katunimi,fi}'), protaddr.feed_text(g #> '{katunimi,sv}'), protaddr.feed_text(g -> 'katunimi')) AS street,
                         coalesce(protaddr.feed_text(g #> '{postitoimipaikka,fi}'), protaddr.feed_text(g #> '{postitoimipaikka,sv}'), protaddr.feed_text(g -> 'postitoimipaikka')) AS town) f
    WHERE g ->> 'tietoryhma' = 'KOTIMAINEN_YHTEYSOSOITE'
    ORDER BY n;
END;
GRANT EXECUTE ON FUNCTION protaddr.read_dvv_substitutes(jsonb) TO PUBLIC;
COMMENT ON FUNCTION protaddr.read_dvv_substitutes(jsonb) IS
'The yhteysosoite (group KOTIMAINEN_YHTEYSOSOITE), which the ban does not cover, of the people in an answer of DVV''s change service, for protaddr.set_substitute(). address: as protaddr.address reads it; NULL if it was removed, or has no street or town: protaddr.drop_substitute(). Raises 22023.';

CREATE FUNCTION protaddr.read_vtj(document jsonb) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
    answer jsonb := document -> 'VTJHenkiloVastaussanoma';
    person jsonb := answer -> 'Henkilo';
    subject jsonb := person -> 'Henkilotunnus';
    ban jsonb := person #> '{Turvakielto,TurvakieltoTieto}';
BEGIN
    IF jsonb_typeof(person) IS DISTINCT FROM 'object' THEN
        PERFORM protaddr.refuse_document('form', NULL, 'It must be an answer of VTJ about one person: VTJHenkiloVastaussanoma with Henkilo.');
    ELSIF answer #>> '{Paluukoodi,koodi}' IS DISTINCT FROM '0000' THEN
        PERFORM protaddr.refuse_document('element', 'Paluukoodi', 'Only with 0000 has the person been found.');
    END IF;
    -- an element with attributes is an object with its text in it
    IF jsonb_typeof(subject) = 'object' THEN
        subject := coalesce(subject -> '#text', subject -> '_', subject -> '$');
    END IF;
    IF jsonb_typeof(ban) IS NULL OR jsonb_typeof(ban) IN ('array', 'object', 'null') THEN
        PERFORM protaddr.refuse_document('element', 'TurvakieltoTieto', 'The query must be one that asks for it.');
    END IF;
    RETURN jsonb_build_array(protaddr.feed_person(protaddr.feed_text(subject), jsonb_build_array(jsonb_strip_nulls(jsonb_build_object(
        -- VTJ writes no ban as 0 or as nothing
        'code', CASE btrim(ban #>> '{}', E' \t\r\n') WHEN '' THEN '0' ELSE btrim(ban #>> '{}', E' \t\r\n') END,
        'delete_hint', protaddr.feed_date(person #>> '{Turvakielto,TurvakieltoPaattymispvm}'))))));
END
$$;
GRANT EXECUTE ON FUNCTION protaddr.read_vtj(jsonb) TO PUBLIC;
COMMENT ON FUNCTION protaddr.read_vtj(jsonb) IS
'Reads an answer of Finland''s VTJ query service in JSON, for protaddr.load_register(''FI-VTJ'', ..., mode => ''reply''). Codes: TurvakieltoTieto, 1 or 0; empty is 0, as VTJ says. The end (TurvakieltoPaattymispvm) is planned: a delete_hint. An answer without TurvakieltoTieto, or with another Paluukoodi than 0000, is refused. Raises 22023.';

CREATE FUNCTION protaddr.read_vtj(document xml) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
    answer jsonb;
BEGIN
    document := protaddr.feed_xml(document);
    SELECT jsonb_agg(jsonb_build_object('VTJHenkiloVastaussanoma', jsonb_build_object(
               'Paluukoodi', jsonb_build_object('koodi', a.code),
               'Henkilo', jsonb_build_object('Henkilotunnus', a.subject)
                   || CASE WHEN a.bans = 1 THEN jsonb_build_object('Turvakielto', jsonb_build_object('TurvakieltoTieto', a.ban, 'TurvakieltoPaattymispvm', a.until)) ELSE '{}' END)))
    INTO answer
    FROM xmltable('//*[local-name()="VTJHenkiloVastaussanoma" and contains(namespace-uri(), "xml.vrk.fi/schema/vtjkysely")]/*[local-name()="Henkilo"]' PASSING document
                  COLUMNS code text PATH 'string(../*[local-name()="Paluukoodi"]/@koodi)',
                          subject text PATH 'normalize-space(*[local-name()="Henkilotunnus"])',
                          bans int PATH 'count(*[local-name()="Turvakielto"]/*[local-name()="TurvakieltoTieto"])',
                          ban text PATH 'normalize-space(*[local-name()="Turvakielto"]/*[local-name()="TurvakieltoTieto"])',
                          until text PATH 'normalize-space(*[local-name()="Turvakielto"]/*[local-name()="TurvakieltoPaattymispvm"])') a;
    IF coalesce(jsonb_array_length(answer), 0) <> 1 THEN
        PERFORM protaddr.refuse_document('form', NULL, 'It must be an answer of VTJ about one person: VTJHenkiloVastaussanoma with Henkilo.');
    END IF;
    RETURN protaddr.read_vtj(answer -> 0);
END
$$;
GRANT EXECUTE ON FUNCTION protaddr.read_vtj(xml) TO PUBLIC;
COMMENT ON FUNCTION protaddr.read_vtj(xml) IS
'The same of an answer in XML (SOAP), in a namespace of VTJ of any version. Raises 22023, and 0A000 if PostgreSQL was built without libxml.';
