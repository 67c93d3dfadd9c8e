-- ---------------------------------------------------------------------------
-- feed/: registers' own documents as what protaddr.load_register() takes
-- ---------------------------------------------------------------------------
-- Readers look at the document alone and write nothing, so everybody may execute them.
-- Of whom a document does not say whether they are protected they say nothing: then
-- nothing that is known of them changes.  A code that they do not know goes on as it is,
-- and hides everything.
--
-- Without jit: of how long the lists in a document are PostgreSQL knows nothing, takes
-- them for long, and would compile for a second what runs for a millisecond.

CREATE FUNCTION protaddr.refuse_document(why text, element text DEFAULT NULL, hint text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    said text := CASE why
        WHEN 'form' THEN 'the document is not one that this reader reads'
        WHEN 'doctype' THEN 'an XML document with a document type is not read'
        WHEN 'nobody' THEN 'the document has nobody in it'
        WHEN 'number' THEN 'a person of the document has no identifier, or more than one'
        WHEN 'twice' THEN 'a person is in the document twice'
        ELSE 'an element of the document is missing or not of its form' END;
    advice text := coalesce(hint, CASE why
        WHEN 'nobody' THEN 'An answer that finds nobody says nothing of anybody.'
        ELSE 'Nothing of it is read.' END);
BEGIN
    IF element IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = said, HINT = advice;
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = said, DETAIL = format('Element: %s.', element), HINT = advice;
END
$$;
GRANT EXECUTE ON FUNCTION protaddr.refuse_document(text, text, text) TO PUBLIC;
COMMENT ON FUNCTION protaddr.refuse_document(text, text, text) IS
'Part of the readers: raises 22023. why: form, doctype, nobody, number, twice or element; element: its name. Nothing that the document says is repeated.';

CREATE FUNCTION protaddr.json_document(document text) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
    document := ltrim(document, chr(65279));
    -- of a name that is there twice jsonb would keep the last value, and lose the other
    IF (WITH RECURSIVE node (v) AS (
            SELECT document::json
            UNION ALL
            SELECT below.v FROM node, LATERAL (
                SELECT e.value FROM json_each(CASE json_typeof(node.v) WHEN 'object' THEN node.v ELSE '{}' END) e
                UNION ALL
                SELECT a FROM json_array_elements(CASE json_typeof(node.v) WHEN 'array' THEN node.v ELSE '[]' END) a) below (v)
            WHERE json_typeof(below.v) IN ('object', 'array'))
        SELECT coalesce(bool_or((SELECT count(*) <> count(DISTINCT k) FROM json_object_keys(node.v) k)), false)
        FROM node WHERE json_typeof(node.v) = 'object') THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'the document has an element twice where it can be once',
            HINT = 'Nothing of it is read.';
    END IF;
    RETURN document::jsonb;
-- the error itself would repeat the document, into the log too
EXCEPTION WHEN invalid_text_representation OR untranslatable_character OR character_not_in_repertoire OR program_limit_exceeded OR statement_too_complex THEN
    RAISE EXCEPTION USING
        ERRCODE = 'invalid_parameter_value',
        MESSAGE = 'the document is not JSON',
        HINT = 'Nothing of it is read.';
END
$$;
GRANT EXECUTE ON FUNCTION protaddr.json_document(text) TO PUBLIC;
COMMENT ON FUNCTION protaddr.json_document(text) IS
'A register''s document as jsonb, for the readers. A cast does the same, but keeps one of two values of the same name, and an error of it repeats the document, into the server''s log too; this raises 22023 and repeats nothing. NULL for a NULL.';

CREATE FUNCTION protaddr.xml_document(document text) RETURNS xml
    LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN XMLPARSE(DOCUMENT ltrim(document, chr(65279)));
EXCEPTION WHEN data_exception OR program_limit_exceeded OR statement_too_complex THEN
    RAISE EXCEPTION USING
        ERRCODE = 'invalid_parameter_value',
        MESSAGE = 'the document is not XML',
        HINT = 'Nothing of it is read.';
END
$$;
GRANT EXECUTE ON FUNCTION protaddr.xml_document(text) TO PUBLIC;
COMMENT ON FUNCTION protaddr.xml_document(text) IS
'A register''s document as xml, for the readers. A cast does the same, but an error of it repeats the document, into the server''s log too; this raises 22023 and repeats nothing, and 0A000 if PostgreSQL was built without libxml. NULL for a NULL.';

CREATE FUNCTION protaddr.feed_text(value jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT CASE WHEN jsonb_typeof(value) IN ('string', 'number') THEN nullif(btrim(value #>> '{}', E' \t\r\n'), '') END;
END;
GRANT EXECUTE ON FUNCTION protaddr.feed_text(jsonb) TO PUBLIC;
COMMENT ON FUNCTION protaddr.feed_text(jsonb) IS
'Part of the readers: a string or number without blanks around it; NULL for what is neither or has nothing in it.';

CREATE FUNCTION protaddr.feed_time(value text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT CASE WHEN d.day BETWEEN 1 AND CASE WHEN d.month IN (4, 6, 9, 11) THEN 30
                                              WHEN d.month <> 2 THEN 31
                                              WHEN d.year % 4 = 0 AND (d.year % 100 <> 0 OR d.year % 400 = 0) THEN 29
                                              ELSE 28 END
                     AND d.month BETWEEN 1 AND 12 AND d.year BETWEEN 1 AND 9998
                THEN format('%s-%s-%s%s', m[1], m[2], m[3], m[4]) END
    FROM regexp_match(btrim(value, E' \t\r\n'),
                      '^([0-9]{4})-?([0-9]{2})-?([0-9]{2})([T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,9})?)?(?:Z|[+-][01][0-9]:?[0-5][0-9])?|Z|[+-][01][0-9]:[0-5][0-9])?$') m,
         LATERAL (SELECT m[1]::int AS year, m[2]::int AS month, m[3]::int AS day) d;
END;
GRANT EXECUTE ON FUNCTION protaddr.feed_time(text) TO PUBLIC;
COMMENT ON FUNCTION protaddr.feed_time(text) IS
'Part of the readers: a date, with or without hyphens, and the time of day behind it if there is one, as PostgreSQL reads it; NULL for anything else, such as a date without a day.';

CREATE FUNCTION protaddr.feed_date(value text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT left(protaddr.feed_time(value), 10);
END;
GRANT EXECUTE ON FUNCTION protaddr.feed_date(text) TO PUBLIC;
COMMENT ON FUNCTION protaddr.feed_date(text) IS
'Part of the readers: the date in front of what protaddr.feed_time() reads.';

CREATE FUNCTION protaddr.feed_person(subject text, protections jsonb) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF subject IS NULL THEN
        PERFORM protaddr.refuse_document('number');
    END IF;
    RETURN CASE WHEN protections IS NULL THEN jsonb_build_object('subject', subject)
                ELSE jsonb_build_object('subject', subject, 'protections', protections) END;
END
$$;
GRANT EXECUTE ON FUNCTION protaddr.feed_person(text, jsonb) TO PUBLIC;
COMMENT ON FUNCTION protaddr.feed_person(text, jsonb) IS
'Part of the readers: a person as protaddr.load_register() takes them. protections NULL: the document says nothing of them. Raises 22023 if there is no subject.';

CREATE FUNCTION protaddr.feed_told(people jsonb) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
    told jsonb;
    untold bigint;
BEGIN
    SELECT coalesce(jsonb_agg(p ORDER BY n) FILTER (WHERE p ?| '{protections,replaced_by}'), '[]'),
           count(*) FILTER (WHERE NOT p ?| '{protections,replaced_by}')
    INTO told, untold
    FROM jsonb_array_elements(people) WITH ORDINALITY e (p, n);
    IF untold > 0 THEN
        RAISE WARNING USING
            ERRCODE = '01000',
            MESSAGE = format('the document does not say of %s people whether they are protected', untold),
            HINT = 'They stay as they were. If it leaves out what there is none of, absent_is_none says so, where a reader has that.';
    END IF;
    RETURN told;
END
$$;
GRANT EXECUTE ON FUNCTION protaddr.feed_told(jsonb) TO PUBLIC;
COMMENT ON FUNCTION protaddr.feed_told(jsonb) IS
'Part of the readers: leaves out the people of whom the document says nothing, and counts them in a WARNING.';

CREATE FUNCTION protaddr.feed_xml(document xml) RETURNS xml
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- entities could bring in what the register never said
    IF document::text ~* '<!(doctype|entity)' THEN
        PERFORM protaddr.refuse_document('doctype');
    ELSIF document IS NULL OR NOT document IS DOCUMENT THEN
        PERFORM protaddr.refuse_document('form', NULL, 'It must be one XML document.');
    END IF;
    BEGIN
        PERFORM xpath_exists('/*', document);
    -- such as a prefix without a namespace; the error itself would repeat the document
    EXCEPTION WHEN invalid_xml_document OR data_exception THEN
        PERFORM protaddr.refuse_document('form', NULL, 'It must be one XML document.');
    END;
    RETURN document;
END
$$;
GRANT EXECUTE ON FUNCTION protaddr.feed_xml(xml) TO PUBLIC;
COMMENT ON FUNCTION protaddr.feed_xml(xml) IS
'Part of the readers: the document as it is. Raises 22023 if it has a document type or is no document, 0A000 if PostgreSQL was built without libxml.';
