-- ---------------------------------------------------------------------------
-- feed/: the Netherlands
-- ---------------------------------------------------------------------------
CREATE FUNCTION protaddr.read_haal_centraal(document jsonb, absent_is_none boolean DEFAULT false) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
    people jsonb := coalesce(document -> 'personen', document #> '{_embedded,ingeschrevenpersonen}',
                             CASE WHEN document ? 'burgerservicenummer' THEN jsonb_build_array(document) END);
BEGIN
    IF jsonb_typeof(people) IS DISTINCT FROM 'array' OR absent_is_none IS NULL
       OR EXISTS (SELECT FROM jsonb_array_elements(people) p WHERE jsonb_typeof(p) <> 'object') THEN
        PERFORM protaddr.refuse_document('form', NULL, 'It must be an answer of Haal Centraal BRP, with personen.');
    ELSIF people = '[]' THEN
        PERFORM protaddr.refuse_document('nobody');
    ELSIF EXISTS (SELECT FROM jsonb_array_elements(people) p WHERE protaddr.feed_text(p -> 'burgerservicenummer') IS NULL) THEN
        PERFORM protaddr.refuse_document('number');
    ELSIF EXISTS (SELECT FROM jsonb_array_elements(people) p
                  WHERE jsonb_typeof(p -> 'geheimhoudingPersoonsgegevens') IN ('array', 'object')
                     OR btrim(p ->> 'geheimhoudingPersoonsgegevens', E' \t\r\n') = '') THEN
        PERFORM protaddr.refuse_document('element', 'geheimhoudingPersoonsgegevens');
    END IF;
    RETURN protaddr.feed_told((
        SELECT jsonb_agg(protaddr.feed_person(protaddr.feed_text(p -> 'burgerservicenummer'),
                   CASE WHEN p ->> 'geheimhoudingPersoonsgegevens' IS NOT NULL
                        THEN jsonb_build_array(jsonb_build_object('code', btrim(p ->> 'geheimhoudingPersoonsgegevens', E' \t\r\n')))
                        -- nothing is kept up of whoever has died, emigrated or was entered by mistake
                        WHEN absent_is_none AND jsonb_typeof(coalesce(p -> 'opschortingBijhouding', 'null')) = 'null' THEN '[]' END) ORDER BY n)
        FROM jsonb_array_elements(people) WITH ORDINALITY e (p, n)
    ));
END
$$;
GRANT EXECUTE ON FUNCTION protaddr.read_haal_centraal(jsonb, boolean) TO PUBLIC;
COMMENT ON FUNCTION protaddr.read_haal_centraal(jsonb, boolean) IS
'Reads an answer of the Dutch Haal Centraal BRP interface for protaddr.load_register(''NL-BRP'', ...): personen, ingeschrevenpersonen or one person. Codes: geheimhoudingPersoonsgegevens, true, or 0 to 7 where the answer has them. absent_is_none: the interface leaves the element out of whoever has no secrecy, and the query did not leave it out, so that a person without it has none, unless the register no longer keeps them up (opschortingBijhouding); else such a person has nothing said of them. Raises 22023.';

CREATE FUNCTION protaddr.feed_lo3(message text, start integer) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    at integer := start;
    group_end integer;
    category text;
    len text;
    elements jsonb := '[]';
BEGIN
    WHILE at <= length(message) LOOP
        category := substr(message, at, 2);
        len := substr(message, at + 2, 3);
        IF category !~ '^[0-9]{2}$' OR len !~ '^[0-9]{3}$' OR at + 4 + len::int > length(message) THEN
            RETURN NULL;
        END IF;
        at := at + 5;
        group_end := at + len::int;
        WHILE at < group_end LOOP
            len := substr(message, at + 4, 3);
            IF substr(message, at, 4) !~ '^[0-9]{4}$' OR len !~ '^[0-9]{3}$' OR at + 7 + len::int > group_end THEN
                RETURN NULL;
            END IF;
            elements := elements || jsonb_build_object('name', category || substr(message, at, 4), 'value', substr(message, at + 7, len::int));
            at := at + 7 + len::int;
        END LOOP;
    END LOOP;
    RETURN elements;
END
$$;
GRANT EXECUTE ON FUNCTION protaddr.feed_lo3(text, integer) TO PUBLIC;
COMMENT ON FUNCTION protaddr.feed_lo3(text, integer) IS
'Part of protaddr.read_lo3(): the elements of a message whose categories begin at start, by category and number; NULL if the lengths do not fit.';

CREATE FUNCTION protaddr.read_lo3(messages text) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
    message text;
    elements jsonb;
    found jsonb;
    subjects text[];
    people jsonb := '[]';
BEGIN
    FOREACH message IN ARRAY coalesce(string_to_array(replace(messages, E'\r', ''), E'\n'), '{}') LOOP
        CONTINUE WHEN btrim(message) = '';
        elements := NULL;
        -- what stands before the length of the rest differs from kind to kind of message
        FOR start IN 13 .. least(60, length(message) - 4) LOOP
            CONTINUE WHEN substr(message, start, 5) <> lpad((length(message) - start - 4)::text, 5, '0');
            found := protaddr.feed_lo3(message, start + 5);
            -- some digits later in it may look like the length of what follows them, without the person
            IF found @> '[{"name": "010120"}]' AND elements @> '[{"name": "010120"}]' THEN
                PERFORM protaddr.refuse_document('form', NULL, 'A message can be read in two ways.');
            ELSIF elements IS NULL OR found @> '[{"name": "010120"}]' THEN
                elements := found;
            END IF;
        END LOOP;
        IF elements IS NULL OR elements = '[]' THEN
            PERFORM protaddr.refuse_document('form', NULL, 'It must be messages of LO3 (GBA), one a line, whose lengths fit.');
        END IF;
        SELECT array_agg(DISTINCT e ->> 'value') INTO subjects
        FROM jsonb_array_elements(elements) e WHERE e ->> 'name' = '010120' AND btrim(e ->> 'value') <> '';
        IF coalesce(cardinality(subjects), 0) <> 1 THEN
            PERFORM protaddr.refuse_document('number', '01.01.20');
        END IF;
        people := people || protaddr.feed_person(btrim(subjects[1]), (
            SELECT jsonb_agg(DISTINCT jsonb_build_object('code', btrim(e ->> 'value')))
            FROM jsonb_array_elements(elements) e WHERE e ->> 'name' = '077010' AND btrim(e ->> 'value') <> ''));
    END LOOP;
    IF people = '[]' THEN
        PERFORM protaddr.refuse_document('nobody');
    END IF;
    RETURN protaddr.feed_told(people);
END
$$;
GRANT EXECUTE ON FUNCTION protaddr.read_lo3(text) TO PUBLIC;
COMMENT ON FUNCTION protaddr.read_lo3(text) IS
'Reads messages of the Dutch LO3 (GBA) interface, one a line, for protaddr.load_register(''NL-BRP'', ...). Codes: 07.70.10, 0 to 7; a message without it, or with nothing in it, says nothing of protections. The person is 01.01.20 (burgerservicenummer), which each message must have once. Messages whose lengths do not fit are refused. Raises 22023.';
