-- ---------------------------------------------------------------------------
-- feed/: Sweden
-- ---------------------------------------------------------------------------
CREATE FUNCTION protaddr.feed_swedish(post text, persons jsonb, marks jsonb, absent_is_none boolean) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
    IF persons IS NULL THEN
        PERFORM protaddr.refuse_document('nobody', post);
    ELSIF EXISTS (SELECT FROM jsonb_array_elements(persons) p WHERE protaddr.feed_text(p -> 'subject') IS NULL OR p -> 'numbers' <> '1') THEN
        PERFORM protaddr.refuse_document('number');
    ELSIF (SELECT count(*) <> count(DISTINCT p ->> 'subject') FROM jsonb_array_elements(persons) p) THEN
        PERFORM protaddr.refuse_document('twice');
    END IF;
    RETURN protaddr.feed_told((
        WITH person AS (
            SELECT n, p ->> 'subject' AS subject, nullif(p ->> 'newer', '') AS newer, nullif(p ->> 'older', '') AS older,
                   coalesce((p ->> 'gone')::boolean, false) AS gone
            FROM jsonb_array_elements(persons) WITH ORDINALITY e (p, n)
        ), mark AS (
            SELECT DISTINCT m ->> 'subject' AS subject, m ->> 'name' AS name, upper(m ->> 'value') AS value
            FROM jsonb_array_elements(coalesce(marks, '[]')) m
            -- only a yes says anything of who has set it
            WHERE m ->> 'name' <> 'sattAvSPAR' OR upper(m ->> 'value') NOT IN ('NEJ', 'N')
        ), said AS (
            SELECT subject, bool_or(value NOT IN ('NEJ', 'N')) AS marked,
                   count(DISTINCT name) FILTER (WHERE name <> 'sattAvSPAR') = 2 AS whole,
                   jsonb_agg(jsonb_build_object('code', btrim(name || ' ' || value)) ORDER BY name, value) AS protections
            FROM mark GROUP BY subject
        ), missing AS (
            -- who is marked, and has nothing said of the other mark, may have that one too
            SELECT s.subject, jsonb_agg(jsonb_build_object('code', k.name || ' ?') ORDER BY k.name) AS protections
            FROM said s, (VALUES ('Sekretessmarkering'), ('SkyddadFolkbokforing')) k (name)
            WHERE s.marked AND NOT s.whole AND NOT absent_is_none
              AND NOT EXISTS (SELECT FROM mark m WHERE m.subject = s.subject AND m.name = k.name)
            GROUP BY s.subject
        )
        SELECT jsonb_agg(entry ORDER BY n, old, entry) FROM (
            SELECT n, false AS old,
                   protaddr.feed_person(subject, CASE WHEN said.whole OR said.marked OR (absent_is_none AND NOT gone)
                                                      THEN coalesce(said.protections, '[]') || coalesce(missing.protections, '[]') END)
                   || CASE WHEN newer <> subject THEN jsonb_build_object('replaced_by', newer) ELSE '{}' END AS entry
            FROM person LEFT JOIN said USING (subject) LEFT JOIN missing USING (subject)
            UNION ALL
            SELECT n, true, jsonb_build_object('subject', older, 'replaced_by', subject)
            FROM person WHERE older <> subject AND newer IS NULL
              AND NOT EXISTS (SELECT FROM person o WHERE o.subject = person.older)) entries
    ));
END
$$;
GRANT EXECUTE ON FUNCTION protaddr.feed_swedish(text, jsonb, jsonb, boolean) TO PUBLIC;
COMMENT ON FUNCTION protaddr.feed_swedish(text, jsonb, jsonb, boolean) IS
'Part of protaddr.read_navet() and read_spar(): people and marks as protaddr.load_register() takes them. Raises 22023.';

CREATE FUNCTION protaddr.read_navet(document xml, absent_is_none boolean DEFAULT false) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
    persons jsonb;
    marks jsonb;
BEGIN
    document := protaddr.feed_xml(document);
    IF absent_is_none IS NULL OR NOT xpath_exists('//*[contains(namespace-uri(), "skatteverket.se")]//*[local-name()="Folkbokforingspost"] | /*[local-name()="Folkbokforingspost"]', document) THEN
        PERFORM protaddr.refuse_document('form', NULL, 'It must be an answer or a delivery of Navet, with Folkbokforingspost.');
    END IF;
    SELECT jsonb_agg(jsonb_build_object('subject', p.subject, 'numbers', p.numbers,
               -- who has left the register is no longer told of by what is missing
               'gone', p.gone <> '',
               -- a number that is gone names the one that came, and the one that came names it
               'newer', CASE WHEN p.gone = 'GN' THEN p.other END, 'older', CASE WHEN p.gone = '' THEN p.other END) ORDER BY p.n)
    INTO persons
    FROM xmltable('//*[local-name()="Folkbokforingspost"]' PASSING document
                  COLUMNS n FOR ORDINALITY,
                          subject text PATH 'normalize-space(*[local-name()="Personpost"]/*[local-name()="PersonId"]/*[local-name()="PersonNr" or local-name()="SamordningsNr"])',
                          numbers int PATH 'count(*[local-name()="Personpost"]/*[local-name()="PersonId"]/*[local-name()="PersonNr" or local-name()="SamordningsNr"])',
                          other text PATH 'normalize-space(*[local-name()="Personpost"]/*[local-name()="HanvisningsPersonNr"])',
                          gone text PATH 'normalize-space(*[local-name()="Personpost"]/*[local-name()="Avregistrering"]/*[local-name()="AvregistreringsorsakKod"])') p;
    SELECT jsonb_agg(jsonb_build_object('subject', m.subject, 'name', m.name, 'value', m.value))
    INTO marks
    FROM xmltable('//*[local-name()="Folkbokforingspost"]//*[local-name()="Sekretessmarkering" or local-name()="SkyddadFolkbokforing"]
                   | //*[local-name()="Folkbokforingspost"]/@*[local-name()="Sekretessmarkering" or local-name()="SkyddadFolkbokforing"]' PASSING document
                  COLUMNS name text PATH 'local-name()', value text PATH 'normalize-space()',
                          subject text PATH 'normalize-space(ancestor::*[local-name()="Folkbokforingspost"]/*[local-name()="Personpost"]/*[local-name()="PersonId"]/*[local-name()="PersonNr" or local-name()="SamordningsNr"])') m;
    RETURN protaddr.feed_swedish('Folkbokforingspost', persons, marks, absent_is_none);
END
$$;
GRANT EXECUTE ON FUNCTION protaddr.read_navet(xml, boolean) TO PUBLIC;
COMMENT ON FUNCTION protaddr.read_navet(xml, boolean) IS
'Reads Folkbokforingsposter of Skatteverket''s Navet for protaddr.load_register(''SE-FOLK'', ...). Codes: Sekretessmarkering and SkyddadFolkbokforing with their J or JA, N or NEJ, elements or attributes. HanvisningsPersonNr of a post that is gone for it (Avregistrering, GN) is replaced_by; of another post it is the old number. absent_is_none: the delivery has the elements of everybody who is marked, so that a post without them is not, unless its number has left the register (Avregistrering); else one without both says nothing unless the other is a yes. Raises 22023, and 0A000 if PostgreSQL was built without libxml.';

CREATE FUNCTION protaddr.read_spar(document xml, absent_is_none boolean DEFAULT false) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
    persons jsonb;
    marks jsonb;
BEGIN
    document := protaddr.feed_xml(document);
    IF absent_is_none IS NULL OR NOT xpath_exists('//*[contains(namespace-uri(), "statenspersonadressregister.se") or contains(namespace-uri(), "skatteverket.se/spar")]', document) THEN
        PERFORM protaddr.refuse_document('form', NULL, 'It must be an answer or a delivery of SPAR, with PersonsokningSvarspost or AviseringsPost.');
    END IF;
    SELECT jsonb_agg(jsonb_build_object('subject', p.subject, 'numbers', p.numbers, 'newer', p.newer, 'older', p.older) ORDER BY p.n)
    INTO persons
    FROM xmltable('//*[local-name()="PersonsokningSvarspost" or local-name()="PersonsokningSvarsPost" or local-name()="AviseringsPost" or local-name()="Aviseringspost"]' PASSING document
                  COLUMNS n FOR ORDINALITY,
                          subject text PATH 'normalize-space(*[local-name()="PersonId"]/*[local-name()="IdNummer" or local-name()="FysiskPersonId"])',
                          numbers int PATH 'count(*[local-name()="PersonId"]/*[local-name()="IdNummer" or local-name()="FysiskPersonId"])',
                          newer text PATH 'normalize-space(*[local-name()="Persondetaljer"]/*[starts-with(translate(local-name(), "HP", "hp"), "hanvisning") and substring(local-name(), string-length(local-name()) - 3) = "Till"])',
                          older text PATH 'normalize-space(*[local-name()="Persondetaljer"]/*[starts-with(translate(local-name(), "HP", "hp"), "hanvisning") and substring(local-name(), string-length(local-name()) - 3) = "Fran"])') p;
    SELECT jsonb_agg(jsonb_build_object('subject', m.subject, 'name', m.name, 'value', m.value))
    INTO marks
    FROM xmltable('//*[local-name()="PersonId"]/..//*[local-name()="Sekretessmarkering" or local-name()="SkyddadFolkbokforing"]
                   | //*[local-name()="PersonId"]/../@*[local-name()="Sekretessmarkering" or local-name()="SkyddadFolkbokforing"]
                   | //*[local-name()="PersonId"]/..//*[local-name()="Sekretessmarkering" or local-name()="SkyddadFolkbokforing"]/@*[local-name()="sattAvSPAR"]' PASSING document
                  COLUMNS name text PATH 'local-name()', value text PATH 'normalize-space()',
                          tills int PATH 'count(ancestor::*[local-name()="Persondetaljer"]/*[local-name()="DatumTill"])',
                          till text PATH 'normalize-space(ancestor::*[local-name()="Persondetaljer"]/*[local-name()="DatumTill"])',
                          subject text PATH 'normalize-space(ancestor::*[*[local-name()="PersonId"]][1]/*[local-name()="PersonId"]/*[local-name()="IdNummer" or local-name()="FysiskPersonId"])') m
    -- only a day that has gone by ends anything: not one to come, nor what is no day
    WHERE m.tills <> 1 OR coalesce(protaddr.feed_date(m.till) COLLATE "C" >= to_char(current_date, 'YYYY-MM-DD'), true);
    RETURN protaddr.feed_swedish('PersonsokningSvarspost, AviseringsPost', persons, marks, absent_is_none);
END
$$;
GRANT EXECUTE ON FUNCTION protaddr.read_spar(xml, boolean) TO PUBLIC;
COMMENT ON FUNCTION protaddr.read_spar(xml, boolean) IS
'Reads answers and deliveries of Sweden''s SPAR for protaddr.load_register(''SE-FOLK'', ...), in any version of its namespaces. Codes: Sekretessmarkering and SkyddadFolkbokforing with their JA or NEJ (J or N), elements or attributes, also within Persondetaljer, but for those whose DatumTill is a day gone by; and sattAvSPAR JA. A number that was changed (Hanvisning... Till, Fran) is replaced_by. absent_is_none: as of protaddr.read_navet(). An answer that finds nobody is refused. Raises 22023, and 0A000 if PostgreSQL was built without libxml.';
