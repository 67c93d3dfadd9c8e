-- ---------------------------------------------------------------------------
-- feed/: Norway
-- ---------------------------------------------------------------------------
CREATE FUNCTION protaddr.read_folkeregisteret(document jsonb, absent_is_none boolean DEFAULT false) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
    people jsonb := CASE jsonb_typeof(document) WHEN 'object' THEN jsonb_build_array(document) ELSE document END;
BEGIN
    IF jsonb_typeof(people) IS DISTINCT FROM 'array' OR absent_is_none IS NULL
       OR EXISTS (SELECT FROM jsonb_array_elements(people) p WHERE jsonb_typeof(p) <> 'object') THEN
        PERFORM protaddr.refuse_document('form', NULL, 'It must be a person document of Folkeregisteret, or an array of them.');
    ELSIF people = '[]' THEN
        PERFORM protaddr.refuse_document('nobody');
    ELSIF EXISTS (SELECT FROM jsonb_array_elements(people) p WHERE jsonb_typeof(p -> 'identifikasjonsnummer') IS DISTINCT FROM 'array') THEN
        PERFORM protaddr.refuse_document('number');
    ELSIF EXISTS (SELECT FROM jsonb_array_elements(people) p, jsonb_array_elements(p -> 'identifikasjonsnummer') i
                  WHERE jsonb_typeof(i -> 'erGjeldende') IS DISTINCT FROM 'boolean'
                     OR protaddr.feed_text(i -> 'foedselsEllerDNummer') IS NULL)
       OR EXISTS (SELECT FROM jsonb_array_elements(people) p
                  WHERE (SELECT count(*) FROM jsonb_array_elements(p -> 'identifikasjonsnummer') i WHERE i -> 'erGjeldende' = 'true') <> 1) THEN
        PERFORM protaddr.refuse_document('element', 'identifikasjonsnummer');
    ELSIF EXISTS (SELECT FROM jsonb_array_elements(people) p
                  WHERE jsonb_typeof(p -> 'adressebeskyttelse') NOT IN ('array', 'null'))
       OR EXISTS (SELECT FROM jsonb_array_elements(people) p,
                              jsonb_array_elements(CASE jsonb_typeof(p -> 'adressebeskyttelse') WHEN 'array' THEN p -> 'adressebeskyttelse' ELSE '[]' END) a
                  WHERE jsonb_typeof(a) <> 'object' OR protaddr.feed_text(a -> 'graderingsnivaa') IS NULL
                     OR jsonb_typeof(a -> 'erGjeldende') <> 'boolean') THEN
        PERFORM protaddr.refuse_document('element', 'adressebeskyttelse');
    END IF;
    RETURN protaddr.feed_told((
        WITH person AS (
            SELECT n, p, protaddr.feed_text(own -> 'foedselsEllerDNummer') AS subject
            FROM jsonb_array_elements(people) WITH ORDINALITY e (p, n), jsonb_array_elements(p -> 'identifikasjonsnummer') own
            WHERE own -> 'erGjeldende' = 'true'
        ), grade AS (
            SELECT n, protaddr.feed_text(a -> 'graderingsnivaa') AS code,
                   protaddr.feed_time(a ->> 'gyldighetstidspunkt') AS valid_from,
                   -- that it has ended is told; without a time there is no row of it to write
                   a -> 'erGjeldende' IS NOT DISTINCT FROM 'false' AND protaddr.feed_text(a -> 'opphoerstidspunkt') IS NULL AS over,
                   CASE WHEN a -> 'erGjeldende' = 'false' THEN protaddr.feed_time(a ->> 'opphoerstidspunkt') END AS valid_to,
                   CASE WHEN a -> 'erGjeldende' IS DISTINCT FROM 'false' THEN protaddr.feed_date(a ->> 'opphoerstidspunkt') END AS delete_hint
            FROM person, jsonb_array_elements(CASE jsonb_typeof(p -> 'adressebeskyttelse') WHEN 'array' THEN p -> 'adressebeskyttelse' ELSE '[]' END) a
            UNION
            -- addresses are graded too; an open postal address says nothing of where the person lives
            SELECT n, coalesce(protaddr.feed_text(v -> 'adressegradering'), 'adressegradering'), NULL, false, NULL, NULL
            FROM person, jsonb_each(p) e,
                 jsonb_array_elements(CASE jsonb_typeof(e.value) WHEN 'array' THEN e.value ELSE jsonb_build_array(e.value) END) v
            WHERE jsonb_typeof(v -> 'adressegradering') <> 'null' AND v -> 'erGjeldende' IS DISTINCT FROM 'false'
              AND (v ->> 'adressegradering' <> 'ugradert' OR e.key = 'bostedsadresse')
        ), said AS (
            SELECT n, jsonb_agg(jsonb_strip_nulls(jsonb_build_object('code', code, 'valid_from', valid_from, 'valid_to', valid_to, 'delete_hint', delete_hint))
                                ORDER BY code, valid_to, valid_from) FILTER (WHERE NOT over) AS protections
            FROM grade GROUP BY n
        )
        SELECT jsonb_agg(entry ORDER BY n, entry -> 'replaced_by' IS NOT NULL, entry) FROM (
            SELECT n, protaddr.feed_person(subject,
                          CASE WHEN jsonb_typeof(p -> 'adressebeskyttelse') = 'array' OR absent_is_none OR said.n IS NOT NULL
                               THEN coalesce(said.protections, '[]') END) AS entry
            FROM person LEFT JOIN said USING (n)
            UNION
            SELECT n, jsonb_build_object('subject', protaddr.feed_text(i -> 'foedselsEllerDNummer'), 'replaced_by', subject)
            FROM person, jsonb_array_elements(p -> 'identifikasjonsnummer') i
            WHERE i -> 'erGjeldende' = 'false' AND protaddr.feed_text(i -> 'foedselsEllerDNummer') <> subject) entries
    ));
END
$$;
GRANT EXECUTE ON FUNCTION protaddr.read_folkeregisteret(jsonb, boolean) TO PUBLIC;
COMMENT ON FUNCTION protaddr.read_folkeregisteret(jsonb, boolean) IS
'Reads person documents of Norway''s Folkeregisteret in JSON, one or an array of them, for protaddr.load_register(''NO-FREG'', ...). Codes: graderingsnivaa of adressebeskyttelse, and adressegradering of the addresses that hold; ungraded is who says so of the residence (bostedsadresse). What has ended (erGjeldende false) has its opphoerstidspunkt as valid_to; an end of what still holds is a delete_hint. Numbers that hold no longer are replaced_by the one that does. absent_is_none: the agreement delivers adressebeskyttelse, so that a document without it says that there is none; else it says nothing. Raises 22023.';

CREATE FUNCTION protaddr.read_folkeregisteret(document xml, absent_is_none boolean DEFAULT false) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
    people jsonb;
BEGIN
    document := protaddr.feed_xml(document);
    SELECT jsonb_agg(
               jsonb_build_object('identifikasjonsnummer', coalesce((
                   SELECT jsonb_agg(jsonb_build_object('erGjeldende', CASE i.holds WHEN 'true' THEN 'true' WHEN '1' THEN 'true' WHEN 'false' THEN 'false' WHEN '0' THEN 'false' ELSE '""' END::jsonb,
                                                       'foedselsEllerDNummer', i.number))
                   FROM xmltable('/*/*[local-name()="identifikasjonsnummer"]' PASSING person
                                 COLUMNS holds text PATH 'normalize-space(*[local-name()="erGjeldende"])',
                                         number text PATH 'normalize-space(*[local-name()="foedselsEllerDNummer"])') i), '[]'))
               || coalesce((
                   SELECT jsonb_build_object('adressebeskyttelse', jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                              'erGjeldende', CASE a.holds WHEN 'true' THEN 'true' WHEN '1' THEN 'true' WHEN 'false' THEN 'false' WHEN '0' THEN 'false' WHEN '' THEN 'null' ELSE '""' END::jsonb,
                              'graderingsnivaa', a.grade, 'gyldighetstidspunkt', nullif(a.since, ''), 'opphoerstidspunkt', nullif(a.until, '')))))
                   FROM xmltable('/*/*[local-name()="adressebeskyttelse"]' PASSING person
                                 COLUMNS holds text PATH 'normalize-space(*[local-name()="erGjeldende"])',
                                         grade text PATH 'normalize-space(*[local-name()="graderingsnivaa"])',
                                         since text PATH 'normalize-space(*[local-name()="gyldighetstidspunkt"])',
                                         until text PATH 'normalize-space(*[local-name()="opphoerstidspunkt"])') a
                   HAVING count(*) > 0), '{}')
               || coalesce((
                   SELECT jsonb_object_agg(d.name, d.graded) FROM (
                       SELECT b.name, jsonb_agg(jsonb_build_object('erGjeldende', b.holds NOT IN ('false', '0'), 'adressegradering', b.grade)) AS graded
                       FROM xmltable('/*/*[*[local-name()="adressegradering"]]' PASSING person
                                     COLUMNS name text PATH 'local-name()',
                                             holds text PATH 'normalize-space(*[local-name()="erGjeldende"])',
                                             grade text PATH 'normalize-space(*[local-name()="adressegradering"])') b
                       GROUP BY b.name) d), '{}') ORDER BY n)
    INTO people
    FROM unnest(xpath('//*[local-name()="folkeregisterperson" and contains(namespace-uri(), "folkeregisteret")]', document)) WITH ORDINALITY u (person, n);
    IF people IS NULL THEN
        PERFORM protaddr.refuse_document('form', NULL, 'It must have folkeregisterperson elements of a namespace of Folkeregisteret.');
    END IF;
    RETURN protaddr.read_folkeregisteret(people, absent_is_none);
END
$$;
GRANT EXECUTE ON FUNCTION protaddr.read_folkeregisteret(xml, boolean) TO PUBLIC;
COMMENT ON FUNCTION protaddr.read_folkeregisteret(xml, boolean) IS
'The same of person documents in XML: every folkeregisterperson in a namespace of Folkeregisteret, of any version. Raises 22023, and 0A000 if PostgreSQL was built without libxml.';

CREATE FUNCTION protaddr.read_folkeregisteret_events(events jsonb, absent_is_none boolean DEFAULT false) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
    IF jsonb_typeof(events) IS DISTINCT FROM 'array' OR absent_is_none IS NULL
       OR EXISTS (SELECT FROM jsonb_array_elements(events) e WHERE jsonb_typeof(e) <> 'object') THEN
        PERFORM protaddr.refuse_document('form', NULL, 'It must be an array of events of Folkeregisteret.');
    ELSIF EXISTS (SELECT FROM jsonb_array_elements(events) e
                  WHERE jsonb_typeof(e -> 'sekvensnummer') IS DISTINCT FROM 'number' OR e ->> 'sekvensnummer' !~ '^[0-9]{1,18}$') THEN
        PERFORM protaddr.refuse_document('element', 'sekvensnummer');
    ELSIF EXISTS (SELECT FROM jsonb_array_elements(events) e
                  WHERE protaddr.feed_text(e #> '{hendelse,folkeregisteridentifikator}') IS NULL) THEN
        PERFORM protaddr.refuse_document('number');
    ELSIF EXISTS (SELECT FROM jsonb_array_elements(events) e
                  WHERE jsonb_typeof(e -> 'folkeregisterperson') NOT IN ('object', 'null')) THEN
        PERFORM protaddr.refuse_document('element', 'folkeregisterperson');
    ELSIF EXISTS (SELECT FROM jsonb_array_elements(events) e
                  WHERE jsonb_typeof(e -> 'folkeregisterperson') = 'object'
                    AND NOT EXISTS (SELECT FROM jsonb_array_elements(CASE WHEN jsonb_typeof(e #> '{folkeregisterperson,identifikasjonsnummer}') = 'array'
                                                                          THEN e #> '{folkeregisterperson,identifikasjonsnummer}' ELSE '[]' END) i
                                    WHERE protaddr.feed_text(i -> 'foedselsEllerDNummer') = protaddr.feed_text(e #> '{hendelse,folkeregisteridentifikator}'))) THEN
        PERFORM protaddr.refuse_document('element', 'folkeregisterperson', 'It must be the document of the person whom the event is about.');
    END IF;
    RETURN coalesce((
        SELECT jsonb_agg(p || jsonb_build_object('position', e -> 'sekvensnummer') ORDER BY (e ->> 'sekvensnummer')::bigint, m)
        FROM jsonb_array_elements(events) e,
             jsonb_array_elements(CASE WHEN jsonb_typeof(e -> 'folkeregisterperson') = 'object'
                                       THEN protaddr.read_folkeregisteret(e -> 'folkeregisterperson', absent_is_none)
                                       ELSE jsonb_build_array(protaddr.feed_person(protaddr.feed_text(e #> '{hendelse,folkeregisteridentifikator}'), NULL)) END)
             WITH ORDINALITY o (p, m)), '[]');
END
$$;
GRANT EXECUTE ON FUNCTION protaddr.read_folkeregisteret_events(jsonb, boolean) TO PUBLIC;
COMMENT ON FUNCTION protaddr.read_folkeregisteret_events(jsonb, boolean) IS
'Reads a page of Folkeregisteret''s list of events, for protaddr.load_register(''NO-FREG'', ..., mode => ''events''): [{"sekvensnummer": 1, "hendelse": {"folkeregisteridentifikator": "..."}, "folkeregisterperson": {...}}, ...]. The list itself names a person only: the consumer adds the document that it has looked up, as folkeregisterperson. An event without it says nothing of protections. absent_is_none: as of protaddr.read_folkeregisteret(). Raises 22023.';

CREATE FUNCTION protaddr.read_pdl(document jsonb) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
    people jsonb := coalesce(document #> '{data,hentPersonBolk}', document -> 'hentPersonBolk');
BEGIN
    IF jsonb_typeof(people) IS DISTINCT FROM 'array' OR jsonb_typeof(document -> 'errors') <> 'null'
       OR EXISTS (SELECT FROM jsonb_array_elements(people) p WHERE jsonb_typeof(p) <> 'object') THEN
        PERFORM protaddr.refuse_document('form', NULL, 'It must be an answer of PDL without errors, to hentPersonBolk.');
    ELSIF EXISTS (SELECT FROM jsonb_array_elements(people) p WHERE protaddr.feed_text(p -> 'ident') IS NULL) THEN
        PERFORM protaddr.refuse_document('number');
    ELSIF EXISTS (SELECT FROM jsonb_array_elements(people) p WHERE jsonb_typeof(p -> 'code') IS DISTINCT FROM 'string'
                     OR p ->> 'code' = 'ok' AND jsonb_typeof(p -> 'person') IS DISTINCT FROM 'object') THEN
        PERFORM protaddr.refuse_document('element', 'code');
    END IF;
    -- whom PDL did not find it says nothing of
    SELECT jsonb_agg(p) INTO people FROM jsonb_array_elements(people) p WHERE p ->> 'code' = 'ok';
    IF people IS NULL THEN
        PERFORM protaddr.refuse_document('nobody');
    ELSIF EXISTS (SELECT FROM jsonb_array_elements(people) p WHERE jsonb_typeof(p #> '{person,adressebeskyttelse}') IS DISTINCT FROM 'array')
       OR EXISTS (SELECT FROM jsonb_array_elements(people) p, jsonb_array_elements(p #> '{person,adressebeskyttelse}') a
                  WHERE jsonb_typeof(a) <> 'object' OR protaddr.feed_text(a -> 'gradering') IS NULL) THEN
        PERFORM protaddr.refuse_document('element', 'adressebeskyttelse', 'The query must ask for it.');
    ELSIF EXISTS (SELECT FROM jsonb_array_elements(people) p WHERE jsonb_typeof(p #> '{person,folkeregisteridentifikator}') NOT IN ('array', 'null'))
       OR EXISTS (SELECT FROM jsonb_array_elements(people) p,
                              jsonb_array_elements(CASE jsonb_typeof(p #> '{person,folkeregisteridentifikator}') WHEN 'array' THEN p #> '{person,folkeregisteridentifikator}' ELSE '[]' END) i
                  WHERE protaddr.feed_text(i -> 'identifikasjonsnummer') IS NULL OR jsonb_typeof(i -> 'status') IS DISTINCT FROM 'string') THEN
        PERFORM protaddr.refuse_document('element', 'folkeregisteridentifikator');
    END IF;
    RETURN (
        WITH person AS (
            SELECT n, p -> 'person' AS p, coalesce(
                       (SELECT min(protaddr.feed_text(i -> 'identifikasjonsnummer')) FROM jsonb_array_elements(CASE jsonb_typeof(p #> '{person,folkeregisteridentifikator}') WHEN 'array' THEN p #> '{person,folkeregisteridentifikator}' ELSE '[]' END) i
                        WHERE i ->> 'status' = 'IBRUK' HAVING count(*) = 1),
                       protaddr.feed_text(p -> 'ident')) AS subject
            FROM jsonb_array_elements(people) WITH ORDINALITY e (p, n)
        )
        SELECT jsonb_agg(entry ORDER BY n, entry -> 'replaced_by' IS NOT NULL, entry) FROM (
            SELECT n, protaddr.feed_person(subject, coalesce((
                       SELECT jsonb_agg(DISTINCT jsonb_strip_nulls(jsonb_build_object('code', protaddr.feed_text(a -> 'gradering'),
                                  'valid_from', protaddr.feed_time(a #>> '{folkeregistermetadata,gyldighetstidspunkt}'),
                                  'valid_to', CASE WHEN a #> '{metadata,historisk}' = 'true' THEN protaddr.feed_time(a #>> '{folkeregistermetadata,opphoerstidspunkt}') END,
                                  'delete_hint', CASE WHEN a #> '{metadata,historisk}' IS DISTINCT FROM 'true' THEN protaddr.feed_date(a #>> '{folkeregistermetadata,opphoerstidspunkt}') END)))
                       FROM jsonb_array_elements(p -> 'adressebeskyttelse') a
                       WHERE a #> '{metadata,historisk}' IS DISTINCT FROM 'true' OR a #>> '{folkeregistermetadata,opphoerstidspunkt}' IS NOT NULL), '[]')) AS entry
            FROM person
            UNION
            SELECT n, jsonb_build_object('subject', protaddr.feed_text(i -> 'identifikasjonsnummer'), 'replaced_by', subject)
            FROM person, jsonb_array_elements(CASE jsonb_typeof(p -> 'folkeregisteridentifikator') WHEN 'array' THEN p -> 'folkeregisteridentifikator' ELSE '[]' END) i
            WHERE i ->> 'status' = 'OPPHOERT' AND protaddr.feed_text(i -> 'identifikasjonsnummer') <> subject) entries
    );
END
$$;
GRANT EXECUTE ON FUNCTION protaddr.read_pdl(jsonb) TO PUBLIC;
COMMENT ON FUNCTION protaddr.read_pdl(jsonb) IS
'Reads an answer of PDL (NAV) to hentPersonBolk that asks for adressebeskyttelse with its gradering, for protaddr.load_register(''NO-FREG'', ...). An empty list says that there is none. Of whoever PDL has not found (code is not ok) it says nothing. With folkeregisteridentifikator asked for, the numbers that are OPPHOERT are replaced_by the one IBRUK. Raises 22023.';
