-- ---------------------------------------------------------------------------
-- feed/: Switzerland
-- ---------------------------------------------------------------------------
CREATE FUNCTION protaddr.read_ech(document xml, absent_is_none boolean DEFAULT false) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
    people jsonb;
BEGIN
    document := protaddr.feed_xml(document);
    IF absent_is_none IS NULL OR NOT xpath_exists('/*[contains(namespace-uri(), "www.ech.ch/xmlns/eCH-")]', document) THEN
        PERFORM protaddr.refuse_document('form', NULL, 'It must be a delivery or an event of eCH-0020, with lockData of eCH-0021.');
    END IF;
    -- Version 8 has made two yes-or-no locks of one that had three values: 1 is not 1.
    SELECT jsonb_agg(jsonb_build_object(
               'subject', CASE WHEN l.vns = 1 THEN l.vn WHEN l.vns = 0 AND l.locals = 1 AND l.local NOT LIKE ':%' AND l.local NOT LIKE '%:' THEN l.local END,
               'version', CASE WHEN l.version <> '' THEN l.version WHEN l.event ~ '^(-f)?/[1-3]$' THEN '/7' ELSE '' END, 'locks', l.locks, 'data', l.data, 'addresses', l.addresses, 'address', l.address, 'paper', l.paper,
               'data_from', l.data_from, 'data_till', l.data_till, 'address_from', l.address_from, 'address_till', l.address_till) ORDER BY l.n)
    INTO people
    FROM xmltable('//*[*[not(*) and (local-name()="dataLock" or local-name()="addressLock")]]' PASSING document
                  COLUMNS n FOR ORDINALITY,
                          vns int PATH 'count(../*/*[local-name()="vn"] | *[local-name()!="lockData"]/*[local-name()="vn"])',
                          vn text PATH 'normalize-space((../*/*[local-name()="vn"] | */*[local-name()="vn"])[1])',
                          locals int PATH 'count(../*/*[local-name()="localPersonId"] | */*[local-name()="localPersonId"])',
                          local text PATH 'concat(normalize-space((../*/*[local-name()="localPersonId"] | */*[local-name()="localPersonId"])[1]/*[local-name()="personIdCategory" or local-name()="namedIdCategory"]), ":", normalize-space((../*/*[local-name()="localPersonId"] | */*[local-name()="localPersonId"])[1]/*[local-name()="personId" or local-name()="namedId"]))',
                          version text PATH 'substring-after(namespace-uri(*[local-name()="dataLock" or local-name()="addressLock"]), "/eCH-0021")',
                          event text PATH 'substring-after(namespace-uri(*[local-name()="dataLock" or local-name()="addressLock"]), "/eCH-0020")',
                          locks int PATH 'count(*[local-name()="dataLock"])', data text PATH 'normalize-space(*[local-name()="dataLock"])',
                          addresses int PATH 'count(*[local-name()="addressLock"])', address text PATH 'normalize-space(*[local-name()="addressLock"])',
                          paper text PATH 'normalize-space(*[local-name()="paperLock"])',
                          data_from text PATH 'normalize-space(*[local-name()="dataLockValidFrom"])', data_till text PATH 'normalize-space(*[local-name()="dataLockValidTill"])',
                          address_from text PATH 'normalize-space(*[local-name()="addressLockValidFrom"])', address_till text PATH 'normalize-space(*[local-name()="addressLockValidTill"])') l;
    IF people IS NULL AND NOT absent_is_none THEN
        PERFORM protaddr.refuse_document('form', 'lockData', 'It tells of no locks.');
    ELSIF EXISTS (SELECT FROM jsonb_array_elements(people) p WHERE protaddr.feed_text(p -> 'subject') IS NULL) THEN
        PERFORM protaddr.refuse_document('number');
    ELSIF EXISTS (SELECT FROM jsonb_array_elements(people) p
                  WHERE p -> 'locks' <> '1' OR p ->> 'data' = '' OR p ->> 'version' !~ '^(-f)?/[0-9]{1,2}$'
                     OR p -> 'addresses' <> CASE WHEN p ->> 'version' ~ '^(-f)?/[1-7]$' THEN '0' ELSE '1' END::jsonb
                     OR p -> 'addresses' = '1' AND p ->> 'address' = '') THEN
        PERFORM protaddr.refuse_document('element', 'lockData', 'dataLock must be in it once, from version 8 on addressLock too.');
    ELSIF (SELECT count(*) <> count(DISTINCT p ->> 'subject') FROM jsonb_array_elements(people) p) THEN
        PERFORM protaddr.refuse_document('twice');
    END IF;
    RETURN (
        WITH locked AS (
            SELECT p ->> 'subject' AS subject, jsonb_agg(jsonb_strip_nulls(jsonb_build_object('code', c.code, 'valid_from', protaddr.feed_time(c.valid_from), 'delete_hint', protaddr.feed_date(c.till))) ORDER BY c.code) AS protections
            FROM jsonb_array_elements(people) p,
                 LATERAL (VALUES ('dataLock' || CASE WHEN p ->> 'version' !~ '/[1-7]$' THEN p ->> 'version' ELSE '' END || ' ' || (p ->> 'data'), p ->> 'data_from', p ->> 'data_till'),
                                 ('addressLock' || CASE WHEN p ->> 'version' !~ '/8$' THEN p ->> 'version' ELSE '' END || ' ' || nullif(p ->> 'address', ''), p ->> 'address_from', p ->> 'address_till'),
                                 ('paperLock ' || nullif(p ->> 'paper', ''), NULL, NULL)) c (code, valid_from, till)
            WHERE c.code IS NOT NULL
            GROUP BY 1
        ), delivered AS (
            -- the people of a delivery of everybody, with or without locks
            SELECT d.vn AS subject
            FROM xmltable('//*[local-name()="baseDeliveryPerson"]' PASSING document
                          COLUMNS vn text PATH 'normalize-space(*[local-name()="personIdentification"]/*[local-name()="vn"])') d
            WHERE absent_is_none AND d.vn <> ''
        )
        SELECT jsonb_agg(protaddr.feed_person(subject, coalesce(l.protections, '[]')) ORDER BY subject)
        FROM locked l FULL JOIN (SELECT DISTINCT subject FROM delivered) d USING (subject)
    );
END
$$;
GRANT EXECUTE ON FUNCTION protaddr.read_ech(xml, boolean) TO PUBLIC;
COMMENT ON FUNCTION protaddr.read_ech(xml, boolean) IS
'Reads the locks in deliveries and events of Swiss residents'' registers (lockData of eCH-0021 in eCH-0020) for protaddr.load_register(''CH-ECH'', ...). Codes: dataLock 0 to 2 up to version 7; dataLock/8 and addressLock, 0 or 1, of version 8; those of a later version are unknown, and protect; paperLock hides nothing. Planned ends (ValidTill) are delete_hint. The person is the AHV number (vn), else the category and number of localPersonId. absent_is_none: a delivery of everybody has the lockData of whoever is locked, so that baseDeliveryPerson without it is not; else it says nothing of them. An event that tells of one of the two locks of version 8 is refused. Raises 22023, and 0A000 if PostgreSQL was built without libxml.';
