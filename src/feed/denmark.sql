-- ---------------------------------------------------------------------------
-- feed/: Denmark (the files of CPR itself are read by protaddr.load_cpr)
-- ---------------------------------------------------------------------------
CREATE FUNCTION protaddr.read_datafordeler(document jsonb) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
    people jsonb := coalesce(document #> '{data,CPRCustom_PrivateSectorPerson,nodes}', document #> '{data,CPRCustom_PublicSectorPerson,nodes}');
BEGIN
    IF people IS NULL AND jsonb_typeof(document -> 'Personer') = 'array' THEN
        -- the older interface wraps each of them
        SELECT jsonb_agg(coalesce((
                   SELECT jsonb_object_agg(lower(e.key), CASE WHEN jsonb_typeof(e.value) = 'array' THEN
                       (SELECT jsonb_agg(coalesce(v -> 'Personnummer', v -> 'Beskyttelse', v)) FROM jsonb_array_elements(e.value) v) ELSE e.value END)
                   FROM jsonb_each(coalesce(p -> 'Person', p)) e), '{}'))
        INTO people FROM jsonb_array_elements(document -> 'Personer') p WHERE jsonb_typeof(coalesce(p -> 'Person', p)) = 'object';
    END IF;
    IF jsonb_typeof(people) IS DISTINCT FROM 'array' OR jsonb_typeof(document -> 'errors') <> 'null'
       OR EXISTS (SELECT FROM jsonb_array_elements(people) p WHERE jsonb_typeof(p) <> 'object') THEN
        PERFORM protaddr.refuse_document('form', NULL, 'It must be an answer of Datafordeleren without errors, to CPRCustom_PrivateSectorPerson or CPRCustom_PublicSectorPerson.');
    ELSIF people = '[]' THEN
        PERFORM protaddr.refuse_document('nobody');
    ELSIF EXISTS (SELECT FROM jsonb_array_elements(people) p WHERE jsonb_typeof(p -> 'personnumre') IS DISTINCT FROM 'array') THEN
        PERFORM protaddr.refuse_document('number');
    ELSIF EXISTS (SELECT FROM jsonb_array_elements(people) p, jsonb_array_elements(p -> 'personnumre') i
                  WHERE protaddr.feed_text(i -> 'personnummer') IS NULL OR jsonb_typeof(i -> 'status') IS DISTINCT FROM 'string')
       OR EXISTS (SELECT FROM jsonb_array_elements(people) p
                  WHERE (SELECT count(DISTINCT protaddr.feed_text(i -> 'personnummer')) FROM jsonb_array_elements(p -> 'personnumre') i WHERE i ->> 'status' = 'aktuel') <> 1) THEN
        PERFORM protaddr.refuse_document('element', 'personnumre');
    ELSIF EXISTS (SELECT FROM jsonb_array_elements(people) p WHERE jsonb_typeof(p -> 'beskyttelser') IS DISTINCT FROM 'array')
       OR EXISTS (SELECT FROM jsonb_array_elements(people) p, jsonb_array_elements(p -> 'beskyttelser') b
                  WHERE jsonb_typeof(b) <> 'object' OR protaddr.feed_text(b -> 'beskyttelsestype') IS NULL) THEN
        PERFORM protaddr.refuse_document('element', 'beskyttelser', 'The query must ask for it.');
    END IF;
    RETURN (
        WITH person AS (
            SELECT n, p, (SELECT min(protaddr.feed_text(i -> 'personnummer')) FROM jsonb_array_elements(p -> 'personnumre') i WHERE i ->> 'status' = 'aktuel') AS subject
            FROM jsonb_array_elements(people) WITH ORDINALITY e (p, n)
        )
        SELECT jsonb_agg(entry ORDER BY n, entry -> 'replaced_by' IS NOT NULL, entry) FROM (
            SELECT n, protaddr.feed_person(subject, coalesce((
                       -- only what is called historic has ended
                       SELECT jsonb_agg(DISTINCT jsonb_strip_nulls(jsonb_build_object('code', protaddr.feed_text(b -> 'beskyttelsestype'),
                                  'valid_from', protaddr.feed_time(coalesce(b ->> 'virkningfra', b ->> 'virkningFra')),
                                  'valid_to', CASE WHEN b ->> 'status' = 'historisk' THEN protaddr.feed_time(coalesce(b ->> 'virkningtil', b ->> 'virkningTil')) END,
                                  'delete_hint', CASE WHEN b ->> 'status' IS DISTINCT FROM 'historisk' THEN protaddr.feed_date(coalesce(b ->> 'virkningtil', b ->> 'virkningTil')) END)))
                       FROM jsonb_array_elements(p -> 'beskyttelser') b
                       WHERE b ->> 'status' IS DISTINCT FROM 'historisk' OR coalesce(b ->> 'virkningtil', b ->> 'virkningTil') IS NOT NULL), '[]')) AS entry
            FROM person
            UNION
            SELECT n, jsonb_build_object('subject', protaddr.feed_text(i -> 'personnummer'), 'replaced_by', subject)
            FROM person, jsonb_array_elements(p -> 'personnumre') i
            WHERE i ->> 'status' = 'historisk' AND protaddr.feed_text(i -> 'personnummer') <> subject) entries
    );
END
$$;
GRANT EXECUTE ON FUNCTION protaddr.read_datafordeler(jsonb) TO PUBLIC;
COMMENT ON FUNCTION protaddr.read_datafordeler(jsonb) IS
'Reads people of the Danish Datafordeler for protaddr.load_register(''DK-CPR'', ...): nodes of CPRCustom_PrivateSectorPerson or CPRCustom_PublicSectorPerson (GraphQL), or Personer (REST). Codes: beskyttelsestype. Only what has the status historisk has ended, at virkningtil; an end of anything else is a delete_hint. Personnumre that are historisk are replaced_by the one aktuel. The query must ask for beskyttelser and personnumre with their status: a missing list is refused, an empty one says that there is none. Raises 22023.';

CREATE FUNCTION protaddr.read_mitid(claims jsonb, subject text DEFAULT NULL) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
    told jsonb := claims -> 'ssn.details.name_address_protected';
    own text := protaddr.feed_text(coalesce(claims -> 'dk.cpr', claims -> 'mitid.cpr'));
BEGIN
    IF jsonb_typeof(claims) IS DISTINCT FROM 'object' OR lower(claims ->> 'ssn.details.status') IS DISTINCT FROM 'success' THEN
        PERFORM protaddr.refuse_document('form', NULL, 'It must be claims with the ssn.details.status success.');
    ELSIF jsonb_typeof(told) IS NULL OR jsonb_typeof(told) NOT IN ('string', 'boolean', 'number') OR btrim(told #>> '{}') = '' THEN
        PERFORM protaddr.refuse_document('element', 'ssn.details.name_address_protected');
    ELSIF protaddr.subject_key(own) <> protaddr.subject_key(subject) THEN
        PERFORM protaddr.refuse_document('number', 'dk.cpr', 'The claims are of somebody else.');
    END IF;
    RETURN jsonb_build_array(protaddr.feed_person(coalesce(own, nullif(btrim(subject), '')),
        jsonb_build_array(jsonb_build_object('code', 'name_address_protected ' || lower(btrim(told #>> '{}'))))));
END
$$;
GRANT EXECUTE ON FUNCTION protaddr.read_mitid(jsonb, text) TO PUBLIC;
COMMENT ON FUNCTION protaddr.read_mitid(jsonb, text) IS
'Reads the claims ssn.details.name_address_protected of a MitID broker, "true" or "false", for protaddr.load_register(''DK-CPR'', ..., mode => ''reply''). subject: the person number, if the claims do not have it (dk.cpr, mitid.cpr). Claims whose ssn.details.status is not success say nothing, and are refused. Raises 22023.';
