-- ---------------------------------------------------------------------------
-- person/: who is meant by an identifier
-- ---------------------------------------------------------------------------
CREATE FUNCTION protaddr.subject_key(identifier text) RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_subject_key_sql' LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION protaddr.subject_key(text) IS
'Canonical form of a person''s identifier, under which people are compared. Dropped, of every script and width: blanks, hyphens, dots, slashes, commas, semicolons, quotation marks and apostrophes, invisible characters, + and = in front, and .0 or .00 behind a number (.000 too, unless it can be a group of thousands). Digits of every script and full-width characters become plain; letters are in capitals, those of Latin alphabets without accents and as SWIFT messages write them (AE, OE, AA); leading zeros are dropped if only digits are left. NULL if nothing is left. Raises 22001 over 64 bytes.';

CREATE FUNCTION protaddr.identifier_key(identifier "any") RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_identifier_key' LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION protaddr.identifier_key("any") IS
'The same as protaddr.subject_key(), for indexes on a column of any type that can name a person (see protaddr.subject_type()): NULL, and no error, for what can be no identifier, so that an index on it keeps no row out of its table, and for other types. protaddr.bind_column() and protaddr.declare_address_columns() make one, by which the guard finds a person''s rows.';

CREATE FUNCTION protaddr.subject_type(type oid) RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_subject_type_sql' LANGUAGE C STRICT STABLE PARALLEL SAFE;
COMMENT ON FUNCTION protaddr.subject_type(oid) IS
'Whom a column of this type can name: ''person'' (text, varchar, char(n), smallint, integer, bigint, numeric, uuid, and domains over them: types whose text no setting changes), ''people'' (an array of these: each element is a person), or NULL: nobody.';

CREATE FUNCTION protaddr.identity_link_checked() RETURNS trigger
    AS 'MODULE_PATHNAME', 'protaddr_identity_link_checked' LANGUAGE C VOLATILE CALLED ON NULL INPUT;
REVOKE ALL ON FUNCTION protaddr.identity_link_checked() FROM PUBLIC;
COMMENT ON FUNCTION protaddr.identity_link_checked() IS
'Trigger of protaddr.identity_link: announces a new link to every session at commit. Raises 22004 without an identifier or subject, 22023 for a link to itself, 54000 for a circle, a chain of more than 4 links, an identifier that would stand for more than 64 subjects, or 256 over all links, a person with more than 64 numbers, and for a link that would concern so many identifiers that this cannot be told within a second.';

CREATE TABLE protaddr.identity_link (
    identifier_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (protaddr.subject_key(identifier)) STORED,
    subject_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (protaddr.subject_key(subject)) STORED,
    identifier text NOT NULL,
    subject text NOT NULL,
    kind text,
    recorded_from timestamptz NOT NULL DEFAULT clock_timestamp(),
    recorded_to timestamptz NOT NULL DEFAULT 'infinity',
    recorded_by text NOT NULL DEFAULT session_user,
    source text,
    -- of what is not generated, or PostgreSQL 18 does not publish its updates
    PRIMARY KEY (identifier, subject, recorded_from)
);
COMMENT ON TABLE protaddr.identity_link IS
'Which identifier stands for whom: customer number, account (each holder one row), replaced CPR number. A chain of at most 4 links leads to the person. Whoever is protected protects what their identifiers are bound to, and whoever is unknown makes them unknown. A link of kind ''replaced number'' leads both ways: the numbers of one person are one set, and whoever is asked about by one of them is asked about by all. Load it with COPY protaddr.identity_link (identifier, subject, kind); grant INSERT to the loader.';
COMMENT ON COLUMN protaddr.identity_link.identifier_key IS 'Canonical form of identifier; what look-ups compare.';
COMMENT ON COLUMN protaddr.identity_link.subject_key IS 'Canonical form of subject.';
COMMENT ON COLUMN protaddr.identity_link.identifier IS 'What bound columns and gates may name, such as a customer number.';
COMMENT ON COLUMN protaddr.identity_link.subject IS 'Whom it stands for: the person''s key in the register, or an identifier that is linked on.';
COMMENT ON COLUMN protaddr.identity_link.kind IS 'What kind of identifier it is, in words; NULL: not told. ''replaced number'': identifier and subject are numbers of one person, subject the newer one.';
COMMENT ON COLUMN protaddr.identity_link.recorded_from IS 'Since when this database knows it.';
COMMENT ON COLUMN protaddr.identity_link.recorded_to IS 'Until when it counted; infinity: it does.';
COMMENT ON COLUMN protaddr.identity_link.recorded_by IS 'Login role that entered it.';
COMMENT ON COLUMN protaddr.identity_link.source IS 'The register source that said so, and alone takes it back; NULL: entered by hand.';
CREATE UNIQUE INDEX identity_link_forward ON protaddr.identity_link (identifier_key, subject_key, source) NULLS NOT DISTINCT WHERE recorded_to = 'infinity';
COMMENT ON INDEX protaddr.identity_link_forward IS 'Whom an identifier stands for now.';
CREATE INDEX identity_link_reverse ON protaddr.identity_link (subject_key, identifier_key) WHERE recorded_to = 'infinity';
COMMENT ON INDEX protaddr.identity_link_reverse IS 'What stands for a person now.';
-- few have had another number before: a load looks for them here
CREATE INDEX identity_link_replaced ON protaddr.identity_link (identifier_key) WHERE recorded_to = 'infinity' AND kind = 'replaced number';
COMMENT ON INDEX protaddr.identity_link_replaced IS 'Which number took the place of another.';
CREATE INDEX identity_link_replacing ON protaddr.identity_link (subject_key) WHERE recorded_to = 'infinity' AND kind = 'replaced number';
COMMENT ON INDEX protaddr.identity_link_replacing IS 'Which numbers another took the place of.';
CREATE TRIGGER identity_link_checked BEFORE INSERT ON protaddr.identity_link
    FOR EACH ROW EXECUTE FUNCTION protaddr.identity_link_checked();
SELECT protaddr.make_own_table('identity_link', dumped => '', changed_by => 'UPDATE OR DELETE');

CREATE FUNCTION protaddr.link_identity(identifier text, subject text, kind text DEFAULT NULL) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- that two numbers are one person's says more than that one stands for the other
    UPDATE protaddr.identity_link l SET recorded_to = clock_timestamp()
    WHERE link_identity.kind = 'replaced number' AND l.kind IS DISTINCT FROM 'replaced number'
      AND l.identifier_key = protaddr.subject_key(link_identity.identifier)
      AND l.subject_key = protaddr.subject_key(link_identity.subject)
      AND l.source IS NULL AND l.recorded_to = 'infinity';
    INSERT INTO protaddr.identity_link (identifier, subject, kind)
    VALUES (btrim(link_identity.identifier), btrim(link_identity.subject), link_identity.kind)
    -- that it is there already is the one thing that may keep it out
    ON CONFLICT (identifier_key, subject_key, source) WHERE recorded_to = 'infinity' DO NOTHING;
    RETURN FOUND;
END
$$;
REVOKE ALL ON FUNCTION protaddr.link_identity(text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.link_identity(text, text, text) IS
'Records that an identifier stands for a subject; true if it is new, false if it stands for them already. kind: what it is, in words; ''replaced number'': both are numbers of one person, subject the newer one, and whatever is said of either holds for both. Errors as the trigger of protaddr.identity_link: 22004, 22023, 54000.';

CREATE FUNCTION protaddr.unlink_identity(identifier text, subject text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    moment timestamptz := clock_timestamp();
    ended bigint;
    were_one boolean;
BEGIN
    WITH gone AS (
        UPDATE protaddr.identity_link l SET recorded_to = moment
        WHERE l.identifier_key = protaddr.subject_key(unlink_identity.identifier)
          AND l.subject_key = protaddr.subject_key(unlink_identity.subject)
          AND l.recorded_to = 'infinity'
        RETURNING l.kind)
    SELECT count(*), bool_or(g.kind = 'replaced number') INTO ended, were_one FROM gone g;
    IF were_one THEN
        PERFORM protaddr.part_numbers(ARRAY[btrim(unlink_identity.identifier)], ARRAY[btrim(unlink_identity.subject)], NULL, NULL, moment);
    END IF;
    RETURN ended > 0;
END
$$;
REVOKE ALL ON FUNCTION protaddr.unlink_identity(text, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.unlink_identity(text, text) IS
'Ends a link, whoever said so: the identifier no longer stands for the subject. Two numbers of one person that were so are two people from then on: each keeps what protected the other, entered by hand, until protaddr.lift() ends it. Like a lift it holds once committed, and the transaction that does it is shown nothing until then. True if there was one.';

CREATE FUNCTION protaddr.is_protected(subject text) RETURNS boolean
    AS 'MODULE_PATHNAME', 'protaddr_is_protected' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION protaddr.is_protected(text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.is_protected(text) IS
'True if something about this person must not be disclosed, by the latest committed state of the register. Also true for an identifier with nothing in it and while the register is not ready. NULL for NULL.';

CREATE FUNCTION protaddr.register_ready() RETURNS boolean
    AS 'MODULE_PATHNAME', 'protaddr_register_ready_sql' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION protaddr.register_ready() IS
'True if addresses of people who are not protected are disclosed now. If not, a WARNING says why, once per transaction.';

CREATE FUNCTION protaddr.replica_behind() RETURNS boolean
    AS 'MODULE_PATHNAME', 'protaddr_replica_behind' LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION protaddr.replica_behind() IS
'True on a standby, or in a database that gets its register by logical replication, that has no word from the other server, or is behind by more than protaddr.max_replay_lag: nothing is disclosed there.';

CREATE FUNCTION protaddr.register_max_age() RETURNS interval
    AS 'MODULE_PATHNAME', 'protaddr_register_max_age' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION protaddr.register_max_age() IS 'The setting protaddr.register_max_age.';

-- links that count no more are few: what was known then is found by these
CREATE INDEX identity_link_once ON protaddr.identity_link (identifier_key) WHERE recorded_to <> 'infinity';
COMMENT ON INDEX protaddr.identity_link_once IS 'Whom an identifier once stood for.';
CREATE INDEX identity_link_once_reverse ON protaddr.identity_link (subject_key) WHERE recorded_to <> 'infinity';
COMMENT ON INDEX protaddr.identity_link_once_reverse IS 'What once stood for a person.';

CREATE FUNCTION protaddr.people_of(identifier text) RETURNS SETOF text
    LANGUAGE sql STABLE STRICT SECURITY DEFINER PARALLEL SAFE ROWS 2
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH RECURSIVE people (key) AS (
        SELECT k COLLATE "C" FROM protaddr.subject_key(people_of.identifier) k WHERE k IS NOT NULL
        UNION
        SELECT l.key
        FROM people p JOIN LATERAL (
            SELECT i.subject_key FROM protaddr.identity_link i
            WHERE i.identifier_key = p.key AND i.recorded_to = 'infinity'
            UNION ALL
            SELECT i.identifier_key FROM protaddr.identity_link i
            WHERE i.subject_key = p.key AND i.recorded_to = 'infinity' AND i.kind = 'replaced number'
        ) l (key) ON true
    )
    SELECT key FROM people;
END;
REVOKE ALL ON FUNCTION protaddr.people_of(text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.people_of(text) IS
'Canonical keys of everybody an identifier stands for now, its own key first: identity links followed to their end, a circle once, and of each person the older numbers, too. No rows for NULL and for an identifier with nothing in it. Raises 22001 over 64 bytes. For readers of history; tells nothing of protection.';

CREATE FUNCTION protaddr.numbers_of(number text) RETURNS SETOF text
    LANGUAGE sql STABLE STRICT SECURITY DEFINER PARALLEL SAFE ROWS 2
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH RECURSIVE numbers (key) AS (
        SELECT k COLLATE "C" FROM protaddr.subject_key(numbers_of.number) k WHERE k IS NOT NULL
        UNION
        SELECT l.key
        FROM numbers n JOIN LATERAL (
            SELECT i.subject_key FROM protaddr.identity_link i
            WHERE i.identifier_key = n.key AND i.recorded_to = 'infinity' AND i.kind = 'replaced number'
            UNION ALL
            SELECT i.identifier_key FROM protaddr.identity_link i
            WHERE i.subject_key = n.key AND i.recorded_to = 'infinity' AND i.kind = 'replaced number'
        ) l (key) ON true
    )
    SELECT key FROM numbers;
END;
REVOKE ALL ON FUNCTION protaddr.numbers_of(text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.numbers_of(text) IS
'Canonical keys of all numbers of the person who has this one, itself first: what is linked with it, either way, as ''replaced number''. For readers of history; tells nothing of protection. Raises 22001 over 64 bytes.';

CREATE FUNCTION protaddr.unknown_people(relation regclass, column_name name) RETURNS bigint
    AS 'MODULE_PATHNAME', 'protaddr_unknown_people' LANGUAGE C STRICT VOLATILE;
REVOKE ALL ON FUNCTION protaddr.unknown_people(regclass, name) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.unknown_people(regclass, name) IS
'How many rows of a table name, in this column, a person whom no register lists, or an account with such a holder: shipped channels withhold the addresses of such people. 0 while no register lists people; NULL while the register is not ready, and for NULL. Reads the whole table. Needs EXECUTE, and SELECT on the column. Raises 42501, 42703, 42804.';

CREATE FUNCTION protaddr.register_person_added() RETURNS trigger
    AS 'MODULE_PATHNAME', 'protaddr_register_person_added' LANGUAGE C VOLATILE CALLED ON NULL INPUT;
REVOKE ALL ON FUNCTION protaddr.register_person_added() FROM PUBLIC;
COMMENT ON FUNCTION protaddr.register_person_added() IS
'Trigger of protaddr.register_person: lets every session ask the tables anew about a person whom a register lists for the first time.';

CREATE FUNCTION protaddr.build_shared_picture() RETURNS boolean
    AS 'MODULE_PATHNAME', 'protaddr_build_shared_picture' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION protaddr.build_shared_picture() FROM PUBLIC;
COMMENT ON FUNCTION protaddr.build_shared_picture() IS
'Builds the picture of the registers that all sessions share, if it is not there: after a start of the server, or a large load, so that no session does so when it is needed. Waits up to 10 seconds for transactions that change a register. True if the picture is there; if not, protaddr.shared_picture says why.';

CREATE FUNCTION protaddr.shared_picture_status(
    OUT state text, OUT reason text, OUT bytes_of_all bigint, OUT bytes bigint, OUT identifiers bigint, OUT people bigint,
    OUT protections bigint, OUT links bigint, OUT built_at timestamptz, OUT changes bigint, OUT settled bigint
) RETURNS record
    AS 'MODULE_PATHNAME', 'protaddr_shared_picture_status' LANGUAGE C VOLATILE STRICT PARALLEL SAFE;
REVOKE ALL ON FUNCTION protaddr.shared_picture_status() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION protaddr.shared_picture_status() TO pg_monitor;
COMMENT ON FUNCTION protaddr.shared_picture_status() IS 'What protaddr.shared_picture shows.';

CREATE VIEW protaddr.shared_picture AS SELECT * FROM protaddr.shared_picture_status();
REVOKE ALL ON protaddr.shared_picture FROM PUBLIC;
GRANT SELECT ON protaddr.shared_picture TO pg_monitor;
COMMENT ON VIEW protaddr.shared_picture IS
'The picture of this database''s registers in shared memory, from which all sessions answer who is protected and known. Counts only, no person.';
COMMENT ON COLUMN protaddr.shared_picture.state IS 'ready; being built; none: each session reads the tables and remembers for itself.';
COMMENT ON COLUMN protaddr.shared_picture.reason IS 'Why there is none; NULL if there is.';
COMMENT ON COLUMN protaddr.shared_picture.bytes_of_all IS 'Memory for the pictures of all databases (protaddr.shared_picture_size); NULL if there is none.';
COMMENT ON COLUMN protaddr.shared_picture.bytes IS 'Memory of this one.';
COMMENT ON COLUMN protaddr.shared_picture.identifiers IS 'Identifiers of which it tells something, but for those of which it tells only for whom they stand.';
COMMENT ON COLUMN protaddr.shared_picture.people IS 'Rows of register_person when it was built.';
COMMENT ON COLUMN protaddr.shared_picture.protections IS 'Protections in force when it was built.';
COMMENT ON COLUMN protaddr.shared_picture.links IS 'Identity links in force when it was built.';
COMMENT ON COLUMN protaddr.shared_picture.built_at IS 'When it was built.';
COMMENT ON COLUMN protaddr.shared_picture.changes IS 'Changes noted in it since; each sends the questions about one identifier to the tables.';
COMMENT ON COLUMN protaddr.shared_picture.settled IS 'How many of these have been taken in since.';
