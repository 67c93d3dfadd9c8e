/* src/sql/protaddr--1.0.sql */

-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION protaddr" to load this file. \quit

-- ---------------------------------------------------------------------------
-- The schema is ours alone.  Somebody who made it first, or put something into
-- it, could have our own names resolve to objects of theirs.
-- ---------------------------------------------------------------------------
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_class WHERE relnamespace OPERATOR(pg_catalog.=) 'protaddr'::pg_catalog.regnamespace)
       OR EXISTS (SELECT FROM pg_catalog.pg_proc WHERE pronamespace OPERATOR(pg_catalog.=) 'protaddr'::pg_catalog.regnamespace)
       OR EXISTS (SELECT FROM pg_catalog.pg_type WHERE typnamespace OPERATOR(pg_catalog.=) 'protaddr'::pg_catalog.regnamespace)
       OR EXISTS (SELECT FROM pg_catalog.pg_operator WHERE oprnamespace OPERATOR(pg_catalog.=) 'protaddr'::pg_catalog.regnamespace)
    THEN
        RAISE EXCEPTION USING
            ERRCODE = 'duplicate_schema',
            MESSAGE = 'schema "protaddr" already holds objects',
            HINT = 'Drop or rename the schema, then CREATE EXTENSION protaddr makes its own.';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_namespace n
                   JOIN pg_catalog.pg_roles r ON r.oid OPERATOR(pg_catalog.=) n.nspowner
                   WHERE n.oid OPERATOR(pg_catalog.=) 'protaddr'::pg_catalog.regnamespace AND r.rolsuper)
    THEN
        RAISE EXCEPTION USING
            ERRCODE = 'insufficient_privilege',
            MESSAGE = 'schema "protaddr" belongs to a role that is not a superuser',
            HINT = 'Drop the schema, then CREATE EXTENSION protaddr makes its own.';
    END IF;
    IF EXISTS (SELECT FROM pg_catalog.pg_namespace n, pg_catalog.aclexplode(n.nspacl) a
               JOIN pg_catalog.pg_roles r ON r.oid OPERATOR(pg_catalog.=) a.grantee
               WHERE n.oid OPERATOR(pg_catalog.=) 'protaddr'::pg_catalog.regnamespace
                 AND a.privilege_type OPERATOR(pg_catalog.=) 'CREATE' AND NOT r.rolsuper)
    THEN
        RAISE EXCEPTION USING
            ERRCODE = 'insufficient_privilege',
            MESSAGE = 'a role that is not a superuser may create objects in schema "protaddr"',
            HINT = 'Drop the schema, then CREATE EXTENSION protaddr makes its own.';
    END IF;
END
$$;

REVOKE ALL ON SCHEMA protaddr FROM PUBLIC;
GRANT USAGE ON SCHEMA protaddr TO PUBLIC;
COMMENT ON SCHEMA protaddr IS
'Protected addresses: the type protaddr.address, the register of who is protected, the door (show), channels and gates.';

-- ---------------------------------------------------------------------------
-- address/: the type
-- ---------------------------------------------------------------------------
CREATE TYPE protaddr.address;

CREATE FUNCTION protaddr.address_in(cstring) RETURNS protaddr.address
    AS 'MODULE_PATHNAME', 'protaddr_address_in' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION protaddr.address_in(cstring) IS
'Input of type protaddr.address: a token (pa1...., kept byte for byte), a JSON object with ISO 20022 PostalAddress27 names, or up to 7 plain lines; the latter two are sealed at once. Raises 22P02, 22001 or 22021 without repeating the input, 55PA1 if no data key can be used.';

CREATE FUNCTION protaddr.address_out(protaddr.address) RETURNS cstring
    AS 'MODULE_PATHNAME', 'protaddr_address_out' LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION protaddr.address_out(protaddr.address) IS
'Output of type protaddr.address: the token, pa1. and base64url of the sealed bytes, for every role, always.';

CREATE FUNCTION protaddr.address_recv(internal) RETURNS protaddr.address
    AS 'MODULE_PATHNAME', 'protaddr_address_recv' LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION protaddr.address_recv(internal) IS
'Binary input of type protaddr.address: the sealed bytes as sent by address_send. Raises 22P03 for anything else.';

CREATE FUNCTION protaddr.address_send(protaddr.address) RETURNS bytea
    AS 'MODULE_PATHNAME', 'protaddr_address_send' LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION protaddr.address_send(protaddr.address) IS
'Binary output of type protaddr.address: the sealed bytes, for every role, always.';

-- sealed bytes do not compress: EXTERNAL spares the attempt
CREATE TYPE protaddr.address (
    INPUT = protaddr.address_in,
    OUTPUT = protaddr.address_out,
    RECEIVE = protaddr.address_recv,
    SEND = protaddr.address_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = int4,
    STORAGE = external
);
COMMENT ON TYPE protaddr.address IS
'A postal address (ISO 20022 PostalAddress27), sealed with AES-256-GCM together with the people it concerns. Prints as a token for everyone; protaddr.show() is the one door to its content. There is no operator =: two seals of one address differ.';

CREATE FUNCTION protaddr.address_cmp(protaddr.address, protaddr.address) RETURNS integer
    AS 'MODULE_PATHNAME', 'protaddr_address_cmp' LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION protaddr.address_cmp(protaddr.address, protaddr.address) IS
'Orders two sealed values by their bytes (-1, 0, 1). The order says nothing about the addresses.';
CREATE FUNCTION protaddr.address_eq(protaddr.address, protaddr.address) RETURNS boolean
    AS 'MODULE_PATHNAME', 'protaddr_address_eq' LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION protaddr.address_eq(protaddr.address, protaddr.address) IS
'True if the sealed bytes are the same: the very same value, not merely the same address.';
CREATE FUNCTION protaddr.address_ne(protaddr.address, protaddr.address) RETURNS boolean
    AS 'MODULE_PATHNAME', 'protaddr_address_ne' LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION protaddr.address_ne(protaddr.address, protaddr.address) IS
'True if the sealed bytes differ. Two seals of one address differ.';
CREATE FUNCTION protaddr.address_lt(protaddr.address, protaddr.address) RETURNS boolean
    AS 'MODULE_PATHNAME', 'protaddr_address_lt' LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION protaddr.address_lt(protaddr.address, protaddr.address) IS 'Order of the sealed bytes; says nothing about the addresses.';
CREATE FUNCTION protaddr.address_le(protaddr.address, protaddr.address) RETURNS boolean
    AS 'MODULE_PATHNAME', 'protaddr_address_le' LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION protaddr.address_le(protaddr.address, protaddr.address) IS 'Order of the sealed bytes; says nothing about the addresses.';
CREATE FUNCTION protaddr.address_ge(protaddr.address, protaddr.address) RETURNS boolean
    AS 'MODULE_PATHNAME', 'protaddr_address_ge' LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION protaddr.address_ge(protaddr.address, protaddr.address) IS 'Order of the sealed bytes; says nothing about the addresses.';
CREATE FUNCTION protaddr.address_gt(protaddr.address, protaddr.address) RETURNS boolean
    AS 'MODULE_PATHNAME', 'protaddr_address_gt' LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION protaddr.address_gt(protaddr.address, protaddr.address) IS 'Order of the sealed bytes; says nothing about the addresses.';
CREATE FUNCTION protaddr.address_hash(protaddr.address) RETURNS integer
    AS 'MODULE_PATHNAME', 'protaddr_address_hash' LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION protaddr.address_hash(protaddr.address) IS 'Hash of the sealed bytes; says nothing about the address.';
CREATE FUNCTION protaddr.address_hash_extended(protaddr.address, bigint) RETURNS bigint
    AS 'MODULE_PATHNAME', 'protaddr_address_hash_extended' LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION protaddr.address_hash_extended(protaddr.address, bigint) IS 'Seeded hash of the sealed bytes; says nothing about the address.';

CREATE OPERATOR protaddr.=== (
    LEFTARG = protaddr.address, RIGHTARG = protaddr.address, FUNCTION = protaddr.address_eq,
    COMMUTATOR = OPERATOR(protaddr.===), NEGATOR = OPERATOR(protaddr.!==),
    RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES
);
COMMENT ON OPERATOR protaddr.=== (protaddr.address, protaddr.address) IS
'The very same sealed value. Not called =, since home = ''...'' would silently find nothing.';
CREATE OPERATOR protaddr.!== (
    LEFTARG = protaddr.address, RIGHTARG = protaddr.address, FUNCTION = protaddr.address_ne,
    COMMUTATOR = OPERATOR(protaddr.!==), NEGATOR = OPERATOR(protaddr.===),
    RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR protaddr.!== (protaddr.address, protaddr.address) IS 'Not the very same sealed value.';

-- no selectivity functions: random bytes have no distribution to estimate from
CREATE OPERATOR protaddr.<<< (
    LEFTARG = protaddr.address, RIGHTARG = protaddr.address, FUNCTION = protaddr.address_lt,
    COMMUTATOR = OPERATOR(protaddr.>>>), NEGATOR = OPERATOR(protaddr.>>=)
);
COMMENT ON OPERATOR protaddr.<<< (protaddr.address, protaddr.address) IS 'Order of the sealed bytes, for DISTINCT and unique indexes.';
CREATE OPERATOR protaddr.<<= (
    LEFTARG = protaddr.address, RIGHTARG = protaddr.address, FUNCTION = protaddr.address_le,
    COMMUTATOR = OPERATOR(protaddr.>>=), NEGATOR = OPERATOR(protaddr.>>>)
);
COMMENT ON OPERATOR protaddr.<<= (protaddr.address, protaddr.address) IS 'Order of the sealed bytes, for DISTINCT and unique indexes.';
CREATE OPERATOR protaddr.>>= (
    LEFTARG = protaddr.address, RIGHTARG = protaddr.address, FUNCTION = protaddr.address_ge,
    COMMUTATOR = OPERATOR(protaddr.<<=), NEGATOR = OPERATOR(protaddr.<<<)
);
COMMENT ON OPERATOR protaddr.>>= (protaddr.address, protaddr.address) IS 'Order of the sealed bytes, for DISTINCT and unique indexes.';
CREATE OPERATOR protaddr.>>> (
    LEFTARG = protaddr.address, RIGHTARG = protaddr.address, FUNCTION = protaddr.address_gt,
    COMMUTATOR = OPERATOR(protaddr.<<<), NEGATOR = OPERATOR(protaddr.<<=)
);
COMMENT ON OPERATOR protaddr.>>> (protaddr.address, protaddr.address) IS 'Order of the sealed bytes, for DISTINCT and unique indexes.';

CREATE OPERATOR CLASS protaddr.address_ops DEFAULT FOR TYPE protaddr.address USING btree AS
    OPERATOR 1 protaddr.<<<, OPERATOR 2 protaddr.<<=, OPERATOR 3 protaddr.===,
    OPERATOR 4 protaddr.>>=, OPERATOR 5 protaddr.>>>,
    FUNCTION 1 protaddr.address_cmp(protaddr.address, protaddr.address);
COMMENT ON OPERATOR CLASS protaddr.address_ops USING btree IS
'Order of the sealed bytes: lets DISTINCT, UNION, GROUP BY and unique indexes work.';
COMMENT ON OPERATOR FAMILY protaddr.address_ops USING btree IS
'Order of the sealed bytes: lets DISTINCT, UNION, GROUP BY and unique indexes work.';
CREATE OPERATOR CLASS protaddr.address_hash_ops DEFAULT FOR TYPE protaddr.address USING hash AS
    OPERATOR 1 protaddr.===,
    FUNCTION 1 protaddr.address_hash(protaddr.address),
    FUNCTION 2 protaddr.address_hash_extended(protaddr.address, bigint);
COMMENT ON OPERATOR CLASS protaddr.address_hash_ops USING hash IS
'Hash of the sealed bytes: lets DISTINCT, UNION, GROUP BY and hash joins on === work.';
COMMENT ON OPERATOR FAMILY protaddr.address_hash_ops USING hash IS
'Hash of the sealed bytes: lets DISTINCT, UNION, GROUP BY and hash joins on === work.';

CREATE FUNCTION protaddr.address(
    strtnm text DEFAULT NULL, bldgnb text DEFAULT NULL, flr text DEFAULT NULL, room text DEFAULT NULL,
    pstcd text DEFAULT NULL, twnnm text DEFAULT NULL, ctry text DEFAULT NULL,
    bldgnm text DEFAULT NULL, unitnb text DEFAULT NULL, pstbx text DEFAULT NULL,
    twnlctnnm text DEFAULT NULL, dstrctnm text DEFAULT NULL, ctrysubdvsn text DEFAULT NULL,
    careof text DEFAULT NULL, dept text DEFAULT NULL, subdept text DEFAULT NULL, adrtp text DEFAULT NULL,
    adrline text[] DEFAULT NULL, subject text DEFAULT NULL
) RETURNS protaddr.address
    AS 'MODULE_PATHNAME', 'protaddr_address' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION protaddr.address(text, text, text, text, text, text, text, text, text, text, text, text, text, text, text, text, text, text[], text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.address(text, text, text, text, text, text, text, text, text, text, text, text, text, text, text, text, text, text[], text) IS
'Makes a sealed address of its ISO 20022 elements: address(StrtNm => ''Vestergade'', BldgNb => ''12'', ...). NULL or empty: absent. subject: identifier of the person it concerns; without one the value is unbound, and withheld until bound. Not for PUBLIC, since with show() it tells whether a person is protected; applications type JSON instead. adrtp: a code (ADDR, PBOX, HOME, BIZZ, MLTO, DLVY). Raises 22P02, 22001 or 22021 for what cannot be an address.';

CREATE FUNCTION protaddr.subject_key(identifier text) RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_subject_key_sql' LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION protaddr.subject_key(text) IS
'Canonical form of a person''s identifier, under which people are compared: blanks, hyphens, dots and slashes dropped, and .0 or .00 behind a number; ASCII letters in upper case, leading zeros dropped if only digits are left. NULL if nothing is left. Raises 22001 over 64 bytes.';

-- ---------------------------------------------------------------------------
-- keys/: data keys, wrapped by the outer key
-- ---------------------------------------------------------------------------
CREATE FUNCTION protaddr.own_table_changed() RETURNS trigger
    AS 'MODULE_PATHNAME', 'protaddr_own_table_changed' LANGUAGE C VOLATILE CALLED ON NULL INPUT;
REVOKE ALL ON FUNCTION protaddr.own_table_changed() FROM PUBLIC;
COMMENT ON FUNCTION protaddr.own_table_changed() IS
'Trigger of protaddr''s own tables: announces each change to every session at commit, and keeps recorded history from being changed or removed (raises 55000).';

CREATE TABLE protaddr.data_key (
    id bigint PRIMARY KEY,
    wrapped bytea NOT NULL CHECK (octet_length(wrapped) = 60),
    outer_key text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE protaddr.data_key IS
'Data keys (AES-256), each wrapped by the outer key: useless without it, so they may be dumped and replicated. Rows are never removed. Dumped with the extension''s data.';
COMMENT ON COLUMN protaddr.data_key.id IS 'Random id that sealed values carry.';
COMMENT ON COLUMN protaddr.data_key.wrapped IS 'Nonce (12 bytes), AES-256-GCM ciphertext of the key (32), tag (16); the id is authenticated with it.';
COMMENT ON COLUMN protaddr.data_key.outer_key IS 'Name of the outer key that wraps it: 16 hexadecimal digits derived from that key, not secret.';
COMMENT ON COLUMN protaddr.data_key.created_at IS 'When it was made. New values use the newest usable key.';
CREATE TRIGGER own_table_changed BEFORE INSERT OR UPDATE OR DELETE ON protaddr.data_key
    FOR EACH ROW EXECUTE FUNCTION protaddr.own_table_changed();
CREATE TRIGGER own_table_truncated BEFORE TRUNCATE ON protaddr.data_key
    FOR EACH STATEMENT EXECUTE FUNCTION protaddr.own_table_changed();
ALTER TABLE protaddr.data_key ENABLE ALWAYS TRIGGER own_table_changed;
ALTER TABLE protaddr.data_key ENABLE ALWAYS TRIGGER own_table_truncated;
SELECT pg_catalog.pg_extension_config_dump('protaddr.data_key', '');

CREATE FUNCTION protaddr.rotate_data_key() RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_rotate_data_key' LANGUAGE C STRICT VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp;
REVOKE ALL ON FUNCTION protaddr.rotate_data_key() FROM PUBLIC;
COMMENT ON FUNCTION protaddr.rotate_data_key() IS
'Adds a data key and returns its id. Transactions after this one seal with it; older values stay readable under theirs. Rotate at least every 2^32 seals (NIST SP 800-38D, random nonces). Raises 55PA1 if the outer key cannot be had.';

CREATE FUNCTION protaddr.adopt_data_keys(outer_key_file text) RETURNS bigint
    AS 'MODULE_PATHNAME', 'protaddr_adopt_data_keys' LANGUAGE C STRICT VOLATILE
    SET search_path = pg_catalog, pg_temp;
REVOKE ALL ON FUNCTION protaddr.adopt_data_keys(text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.adopt_data_keys(text) IS
'Wraps anew, under the outer key of this server, every data key that the outer key in the given server file opens; returns how many. For a database restored into another cluster, and after changing the outer key. Touches no other row. outer_key_file: full path, readable by the server''s user only. Raises 55PA1 if either key cannot be had.';

CREATE FUNCTION protaddr.data_key_available(id bigint) RETURNS boolean
    AS 'MODULE_PATHNAME', 'protaddr_data_key_available' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION protaddr.data_key_available(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION protaddr.data_key_available(bigint) TO pg_monitor;
COMMENT ON FUNCTION protaddr.data_key_available(bigint) IS
'True if values sealed with this data key can be opened here: the key is in the table and the outer key of this server opens it.';

CREATE FUNCTION protaddr.outer_key_name() RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_outer_key_name' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION protaddr.outer_key_name() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION protaddr.outer_key_name() TO pg_monitor;
COMMENT ON FUNCTION protaddr.outer_key_name() IS
'Name of the outer key of this server (16 hexadecimal digits, not secret); NULL if it cannot be had.';

CREATE VIEW protaddr.key_status AS
SELECT lpad(to_hex(k.id), 16, '0') AS key_id,
       k.created_at,
       k.outer_key,
       u.usable,
       u.usable AND k.created_at >= ALL (SELECT o.created_at FROM protaddr.data_key o
                                         WHERE protaddr.data_key_available(o.id)) AS newest,
       CASE WHEN u.usable THEN 'ready'
            WHEN protaddr.outer_key_name() IS NULL THEN 'this server has no usable outer key: see its log'
            WHEN k.outer_key IS DISTINCT FROM protaddr.outer_key_name()
            THEN 'wrapped by another outer key: see protaddr.adopt_data_keys()'
            ELSE 'cannot be unwrapped' END AS status
FROM protaddr.data_key k, LATERAL (SELECT protaddr.data_key_available(k.id) AS usable) u;
GRANT SELECT ON protaddr.key_status TO pg_monitor;
COMMENT ON VIEW protaddr.key_status IS
'The data keys: id, when made, which outer key wraps them, whether they can be used here. Holds no key.';
COMMENT ON COLUMN protaddr.key_status.key_id IS 'Id as error messages name it.';
COMMENT ON COLUMN protaddr.key_status.created_at IS 'When the key was made.';
COMMENT ON COLUMN protaddr.key_status.outer_key IS 'Name of the outer key that wraps it.';
COMMENT ON COLUMN protaddr.key_status.usable IS 'Values sealed with it can be opened here.';
COMMENT ON COLUMN protaddr.key_status.newest IS 'New values are sealed with it.';
COMMENT ON COLUMN protaddr.key_status.status IS 'The same in words, and what to do.';

-- ---------------------------------------------------------------------------
-- register/: who is protected
-- ---------------------------------------------------------------------------
-- a domain's error does not print the row, a table constraint's does
CREATE DOMAIN protaddr.protection_kind AS text
    CONSTRAINT protection_kind_vocabulary CHECK (VALUE IN ('none', 'address', 'address_and_town', 'name_and_address'));
COMMENT ON DOMAIN protaddr.protection_kind IS
'What a protection hides: none, address, address_and_town, name_and_address.';

CREATE TABLE protaddr.regime_code (
    regime text NOT NULL,
    code text NOT NULL,
    kind protaddr.protection_kind NOT NULL,
    description text NOT NULL,
    legal_basis text NOT NULL,
    shipped boolean NOT NULL DEFAULT false,
    PRIMARY KEY (regime, code)
);
COMMENT ON TABLE protaddr.regime_code IS
'What the codes of each regime mean. A code that is not here protects as name_and_address.';
COMMENT ON COLUMN protaddr.regime_code.regime IS 'Country and register, such as DK-CPR.';
COMMENT ON COLUMN protaddr.regime_code.code IS 'The code as the register delivers it.';
COMMENT ON COLUMN protaddr.regime_code.kind IS 'What it hides; none: stored, but hides nothing.';
COMMENT ON COLUMN protaddr.regime_code.description IS 'The register''s name for it.';
COMMENT ON COLUMN protaddr.regime_code.legal_basis IS 'The law it rests on.';
COMMENT ON COLUMN protaddr.regime_code.shipped IS 'As shipped with protaddr; false once changed or added here.';

INSERT INTO protaddr.regime_code (regime, code, kind, description, legal_basis, shipped) VALUES
    ('DK-CPR', '0001', 'name_and_address', 'Navne- og adressebeskyttelse', 'CPR Act s. 28', true),
    ('DK-CPR', '0002', 'none', 'Lokalvejviserbeskyttelse (directory)', 'CPR Act s. 29', true),
    ('DK-CPR', '0003', 'none', 'Markedsfoeringsbeskyttelse (marketing)', 'CPR Act s. 29', true),
    ('DK-CPR', '0004', 'none', 'Forskerbeskyttelse (research, discontinued)', 'CPR Act s. 29, repealed', true),
    ('DK-CPR', '0005', 'none', 'Kreditadvarsel (credit warning)', 'CPR Act s. 29(3)', true),
    ('manual', 'address', 'address', 'Entered by hand: the address', 'GDPR art. 32', true),
    ('manual', 'address_and_town', 'address_and_town', 'Entered by hand: the address and the town', 'GDPR art. 32', true),
    ('manual', 'name_and_address', 'name_and_address', 'Entered by hand: name and address', 'GDPR art. 32', true);

CREATE TABLE protaddr.protection (
    subject_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (protaddr.subject_key(subject)) STORED,
    kind protaddr.protection_kind NOT NULL,
    id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    subject text NOT NULL,
    regime text NOT NULL,
    code text NOT NULL,
    source text NOT NULL,
    valid_from timestamptz NOT NULL DEFAULT '-infinity',
    valid_to timestamptz NOT NULL DEFAULT 'infinity',
    delete_hint date,
    recorded_from timestamptz NOT NULL DEFAULT clock_timestamp(),
    recorded_to timestamptz NOT NULL DEFAULT 'infinity',
    recorded_by text NOT NULL DEFAULT session_user,
    reason text
);
COMMENT ON TABLE protaddr.protection IS
'Who is, was and was known to be protected: valid time (when it held) and recorded time (when this database knew). Rows are never changed or removed; a change closes the recorded period and adds a row. In force: recorded_to and valid_to are both infinity.';
COMMENT ON COLUMN protaddr.protection.subject_key IS 'Canonical form of subject, see protaddr.subject_key(); what look-ups compare.';
COMMENT ON COLUMN protaddr.protection.kind IS 'What it hides, as regime_code said when it was recorded.';
COMMENT ON COLUMN protaddr.protection.id IS 'Number of the row.';
COMMENT ON COLUMN protaddr.protection.subject IS 'The person''s identifier as delivered or entered.';
COMMENT ON COLUMN protaddr.protection.regime IS 'Country and register, such as DK-CPR.';
COMMENT ON COLUMN protaddr.protection.code IS 'The register''s code.';
COMMENT ON COLUMN protaddr.protection.source IS 'Who said so: a register source, or hand. A delivery replaces only what its own source said.';
COMMENT ON COLUMN protaddr.protection.valid_from IS 'Since when it holds; -infinity: not told.';
COMMENT ON COLUMN protaddr.protection.valid_to IS 'When it ended by a lift or a complete delivery without it; infinity: it has not. Never a planned end.';
COMMENT ON COLUMN protaddr.protection.delete_hint IS 'The register''s delete date (CPR: SLET_DT). A hint for people; it ends nothing (CPR''s guide to extracts).';
COMMENT ON COLUMN protaddr.protection.recorded_from IS 'Since when this database knows it.';
COMMENT ON COLUMN protaddr.protection.recorded_to IS 'Until when this row was what this database knew; infinity: it still is.';
COMMENT ON COLUMN protaddr.protection.recorded_by IS 'Login role that recorded it.';
COMMENT ON COLUMN protaddr.protection.reason IS 'Why, in words, for entries by hand; NULL for deliveries.';

-- one row at most of each protection of a person is known to be in force
CREATE UNIQUE INDEX protection_one ON protaddr.protection (subject_key, source, regime, code)
    WHERE recorded_to = 'infinity' AND valid_to = 'infinity';
COMMENT ON INDEX protaddr.protection_one IS 'What is in force, every kind: a concurrent change cannot fork a person''s history.';
CREATE INDEX protection_current ON protaddr.protection (subject_key)
    WHERE recorded_to = 'infinity' AND valid_to = 'infinity' AND kind <> 'none';
COMMENT ON INDEX protaddr.protection_current IS 'Exactly the protections that hide something now: what the look-up reads.';
CREATE INDEX protection_history ON protaddr.protection (subject_key, recorded_from);
COMMENT ON INDEX protaddr.protection_history IS 'A person''s whole history.';

CREATE TRIGGER own_table_changed BEFORE INSERT OR UPDATE OR DELETE ON protaddr.protection
    FOR EACH ROW EXECUTE FUNCTION protaddr.own_table_changed();
CREATE TRIGGER own_table_truncated BEFORE TRUNCATE ON protaddr.protection
    FOR EACH STATEMENT EXECUTE FUNCTION protaddr.own_table_changed();
ALTER TABLE protaddr.protection ENABLE ALWAYS TRIGGER own_table_changed;
ALTER TABLE protaddr.protection ENABLE ALWAYS TRIGGER own_table_truncated;
SELECT pg_catalog.pg_extension_config_dump('protaddr.protection', '');
SELECT pg_catalog.pg_extension_config_dump('protaddr.protection_id_seq', '');

CREATE TABLE protaddr.register_source (
    source text PRIMARY KEY,
    current_as_of timestamptz NOT NULL,
    confirmed_by text NOT NULL DEFAULT session_user,
    task text,
    produced date,
    persons bigint,
    protected bigint
);
COMMENT ON TABLE protaddr.register_source IS
'The register sources that count. Nothing is disclosed while there is none, or while one is older than protaddr.register_max_age.';
COMMENT ON COLUMN protaddr.register_source.source IS 'Name of the source, such as DK-CPR.';
COMMENT ON COLUMN protaddr.register_source.current_as_of IS 'When it was last loaded or confirmed complete.';
COMMENT ON COLUMN protaddr.register_source.confirmed_by IS 'Login role that did so.';
COMMENT ON COLUMN protaddr.register_source.task IS 'The register''s task number (CPR: OPGAVENR) of the last delivery; NULL if confirmed by hand.';
COMMENT ON COLUMN protaddr.register_source.produced IS 'Production date (CPR: PRODDTO) of the last delivery; NULL if confirmed by hand.';
COMMENT ON COLUMN protaddr.register_source.persons IS 'People in the last delivery; NULL if confirmed by hand.';
COMMENT ON COLUMN protaddr.register_source.protected IS 'People in the last delivery who are protected; NULL if confirmed by hand.';
CREATE TRIGGER own_table_changed BEFORE INSERT OR UPDATE OR DELETE ON protaddr.register_source
    FOR EACH ROW EXECUTE FUNCTION protaddr.own_table_changed();
CREATE TRIGGER own_table_truncated BEFORE TRUNCATE ON protaddr.register_source
    FOR EACH STATEMENT EXECUTE FUNCTION protaddr.own_table_changed();
ALTER TABLE protaddr.register_source ENABLE ALWAYS TRIGGER own_table_changed;
ALTER TABLE protaddr.register_source ENABLE ALWAYS TRIGGER own_table_truncated;
-- not dumped: what a restored database knows is of the day of the dump, and nothing
-- is disclosed until its sources are loaded or confirmed


CREATE FUNCTION protaddr.is_protected(subject text) RETURNS boolean
    AS 'MODULE_PATHNAME', 'protaddr_is_protected' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION protaddr.is_protected(text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.is_protected(text) IS
'True if something of this person must not be told, by the latest committed state of the register. Also true for an identifier with nothing in it and while the register is not ready. NULL for NULL.';

CREATE FUNCTION protaddr.register_ready() RETURNS boolean
    AS 'MODULE_PATHNAME', 'protaddr_register_ready_sql' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION protaddr.register_ready() IS
'True if addresses of people who are not protected are disclosed now. If not, a WARNING says why, once per transaction.';

CREATE FUNCTION protaddr.register_max_age() RETURNS interval
    AS 'MODULE_PATHNAME', 'protaddr_register_max_age' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION protaddr.register_max_age() IS 'The setting protaddr.register_max_age.';

CREATE FUNCTION protaddr.kind_of(regime text, code text) RETURNS protaddr.protection_kind
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce((SELECT r.kind FROM protaddr.regime_code r
                     WHERE r.regime = kind_of.regime AND r.code = kind_of.code), 'name_and_address');
END;
REVOKE ALL ON FUNCTION protaddr.kind_of(text, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.kind_of(text, text) IS
'What a code hides: as protaddr.regime_code says; a code that is not there, or NULL, hides name_and_address.';

CREATE FUNCTION protaddr.protect(
    subject text, regime text, code text,
    valid_from timestamptz DEFAULT NULL, delete_hint date DEFAULT NULL, reason text DEFAULT NULL
) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF protaddr.subject_key(protect.subject) IS NULL OR protect.regime IS NULL OR protect.code IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'null_value_not_allowed',
            MESSAGE = 'a protection needs a subject, a regime and a code',
            HINT = 'subject is the identifier that bound columns name, such as a CPR number.';
    END IF;
    -- recorded while regime_code said of this code that it hides less
    UPDATE protaddr.protection p SET recorded_to = clock_timestamp()
    WHERE p.subject_key = protaddr.subject_key(protect.subject)
      AND p.source = 'hand' AND p.regime = protect.regime AND p.code = protect.code
      AND p.recorded_to = 'infinity' AND p.valid_to = 'infinity'
      AND p.kind IN ('none', 'address') AND protaddr.kind_of(protect.regime, protect.code) NOT IN ('none', p.kind);
    INSERT INTO protaddr.protection (kind, subject, regime, code, source, valid_from, delete_hint, reason)
    VALUES (protaddr.kind_of(protect.regime, protect.code), btrim(protect.subject), protect.regime, protect.code, 'hand',
            coalesce(protect.valid_from, '-infinity'), protect.delete_hint, protect.reason)
    ON CONFLICT DO NOTHING;
    RETURN FOUND;
END
$$;
REVOKE ALL ON FUNCTION protaddr.protect(text, text, text, timestamptz, date, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.protect(text, text, text, timestamptz, date, text) IS
'Records by hand that a person is protected; holds in every session from its next statement after commit, and no delivery ends it, only protaddr.lift(). regime and code: see protaddr.regime_code; an unknown code protects. valid_from NULL: since ever. delete_hint: a planned end, which ends nothing. True if recorded, false if it was in force already. Raises 22004 if subject, regime or code is missing.';

CREATE FUNCTION protaddr.lift(subject text, regime text, code text, reason text DEFAULT NULL) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    lifted protaddr.protection;
    moment timestamptz := clock_timestamp();
BEGIN
    IF protaddr.subject_key(lift.subject) IS NULL OR lift.regime IS NULL OR lift.code IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'null_value_not_allowed',
            MESSAGE = 'lifting a protection needs its subject, regime and code';
    END IF;
    UPDATE protaddr.protection p SET recorded_to = moment
    WHERE p.subject_key = protaddr.subject_key(lift.subject)
      AND p.source = 'hand' AND p.regime = lift.regime AND p.code = lift.code
      AND p.recorded_to = 'infinity' AND p.valid_to = 'infinity'
    RETURNING p.* INTO lifted;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO protaddr.protection (kind, subject, regime, code, source, valid_from, valid_to, delete_hint, recorded_from, reason)
    VALUES (lifted.kind, lifted.subject, lifted.regime, lifted.code, lifted.source, lifted.valid_from, moment,
            lifted.delete_hint, moment, lift.reason);
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION protaddr.lift(text, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.lift(text, text, text, text) IS
'Records that a protection entered by hand has ended; what a register delivered ends only by a delivery. Holds once committed; the transaction that lifts is shown nothing until then. True if it was in force, false if there was none. Raises 22004 if subject, regime or code is missing.';

CREATE FUNCTION protaddr.confirm_register(source text) RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF btrim(confirm_register.source, E' \t\r\n') IS NOT DISTINCT FROM '' OR confirm_register.source IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'null_value_not_allowed',
            MESSAGE = 'a register source needs a name';
    END IF;
    INSERT INTO protaddr.register_source (source, current_as_of) VALUES (confirm_register.source, clock_timestamp())
    ON CONFLICT ON CONSTRAINT register_source_pkey
    DO UPDATE SET current_as_of = EXCLUDED.current_as_of, confirmed_by = EXCLUDED.confirmed_by;
END
$$;
REVOKE ALL ON FUNCTION protaddr.confirm_register(text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.confirm_register(text) IS
'Confirms that what the register holds from this source is complete as of now, so that addresses of people who are not protected may be disclosed for protaddr.register_max_age. For sources kept by hand, and for a change delivery that had nothing to say. Holds once committed. Raises 22004 without a name.';

CREATE FUNCTION protaddr.retire_register(source text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    DELETE FROM protaddr.register_source s WHERE s.source = retire_register.source;
    RETURN FOUND;
END
$$;
REVOKE ALL ON FUNCTION protaddr.retire_register(text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.retire_register(text) IS
'Takes a source off the list of those that must be fresh, such as one confirmed under a wrong name. Its protections stay in force. True if it was there. With no source left nothing is disclosed.';

CREATE FUNCTION protaddr.load_cpr(
    "extract" bytea, source text DEFAULT 'DK-CPR',
    OUT persons bigint, OUT protections bigint, OUT protected bigint,
    OUT newly_protected bigint, OUT lifted bigint, OUT unknown_codes bigint, OUT records bigint, OUT skipped bigint,
    OUT task text, OUT produced date
) RETURNS record
    AS 'MODULE_PATHNAME', 'protaddr_load_cpr' LANGUAGE C STRICT VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp;
REVOKE ALL ON FUNCTION protaddr.load_cpr(bytea, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.load_cpr(bytea, text) IS
'Loads a delivery of the Danish population register (U12170-type extract, ISO-8859-1), whole or not at all. Each person in it is replaced: what the source said before and says no longer has ended; a delete date ends nothing; people not in it stay as they were, and so does what was entered by hand. Returns counts: people, protection records, people protected, people newly protected and people lifted by it, records with a code that protaddr.regime_code does not have (they protect), data records, records of types unknown to us; and the task number and production date. Raises 22P02 with the record''s number and offset, and nothing else of it, if the delivery is cut off, miscounted or malformed. NULL in, NULL out.';

CREATE FUNCTION protaddr.take_over_shipped_row() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- A changed row is the user's own, so that a dump carries it; restored, it
    -- takes the place of the row that CREATE EXTENSION has shipped.
    IF TG_OP = 'UPDATE' THEN
        NEW.shipped := false;
    ELSIF NOT NEW.shipped AND TG_TABLE_NAME = 'channel' THEN
        DELETE FROM protaddr.channel c WHERE c.channel = NEW.channel AND c.shipped;
    ELSIF NOT NEW.shipped AND TG_TABLE_NAME = 'regime_code' THEN
        DELETE FROM protaddr.regime_code r WHERE r.regime = NEW.regime AND r.code = NEW.code AND r.shipped;
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION protaddr.take_over_shipped_row() FROM PUBLIC;
COMMENT ON FUNCTION protaddr.take_over_shipped_row() IS
'Trigger of tables with shipped rows: a changed row counts as the user''s own and is dumped; restored, it replaces the shipped one.';
CREATE TRIGGER take_over_shipped_row BEFORE INSERT OR UPDATE ON protaddr.regime_code
    FOR EACH ROW EXECUTE FUNCTION protaddr.take_over_shipped_row();
ALTER TABLE protaddr.regime_code ENABLE ALWAYS TRIGGER take_over_shipped_row;
SELECT pg_catalog.pg_extension_config_dump('protaddr.regime_code', 'WHERE NOT shipped');

CREATE VIEW protaddr.register_status AS
SELECT s.source,
       s.current_as_of,
       date_trunc('second', clock_timestamp() - s.current_as_of) AS age,
       s.current_as_of + protaddr.register_max_age() AS stale_at,
       CASE WHEN s.current_as_of + protaddr.register_max_age() > clock_timestamp() THEN 'fresh' ELSE 'stale' END AS status,
       s.task, s.produced, s.persons, s.protected,
       (SELECT count(DISTINCT p.subject_key) FROM protaddr.protection p
        WHERE p.source = s.source AND p.recorded_to = 'infinity' AND p.valid_to = 'infinity' AND p.kind <> 'none') AS protected_now,
       s.confirmed_by
FROM protaddr.register_source s
ORDER BY s.source;
GRANT SELECT ON protaddr.register_status TO pg_monitor;
COMMENT ON VIEW protaddr.register_status IS
'The register sources: how fresh each is, and its last delivery. Counts only, no person. Empty: nothing is disclosed.';
COMMENT ON COLUMN protaddr.register_status.source IS 'Name of the source.';
COMMENT ON COLUMN protaddr.register_status.current_as_of IS 'When it was last loaded or confirmed.';
COMMENT ON COLUMN protaddr.register_status.age IS 'How long ago that is.';
COMMENT ON COLUMN protaddr.register_status.stale_at IS 'From when on nothing is disclosed unless it is loaded or confirmed again.';
COMMENT ON COLUMN protaddr.register_status.status IS 'fresh or stale.';
COMMENT ON COLUMN protaddr.register_status.task IS 'Task number of the last delivery; NULL if confirmed by hand.';
COMMENT ON COLUMN protaddr.register_status.produced IS 'Production date of the last delivery; NULL if confirmed by hand.';
COMMENT ON COLUMN protaddr.register_status.persons IS 'People in the last delivery.';
COMMENT ON COLUMN protaddr.register_status.protected IS 'Protected people in the last delivery.';
COMMENT ON COLUMN protaddr.register_status.protected_now IS 'Protected people known from this source now.';
COMMENT ON COLUMN protaddr.register_status.confirmed_by IS 'Login role that loaded or confirmed it.';

-- ---------------------------------------------------------------------------
-- door/: the one way to an address's content
-- ---------------------------------------------------------------------------
CREATE FUNCTION protaddr.show(address protaddr.address) RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_show' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION protaddr.show(protaddr.address) IS
'The address on one line in its country''s order (Denmark: the official form, Vestergade 12, 2. th, 8000 Aarhus C), or [address withheld] if anybody it concerns is protected, if it concerns nobody, or while the register is not ready. NULL for NULL. Raises 55PA1 if the value''s key is not here, XX001 if the value was tampered with.';

CREATE FUNCTION protaddr.show_iso(address protaddr.address) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'protaddr_show_iso' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION protaddr.show_iso(protaddr.address) IS
'The address as a JSON object with ISO 20022 PostalAddress27 names, or {"AdrLine": ["[address withheld]"]}. When it is withheld, NULLs and errors: as protaddr.show().';

CREATE FUNCTION protaddr.street_name(address protaddr.address) RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_street_name' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION protaddr.street_name(protaddr.address) IS
'ISO element StrtNm (street), NULL if the address has none, or [address withheld]. When it is withheld and errors: as protaddr.show().';

CREATE FUNCTION protaddr.building_number(address protaddr.address) RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_building_number' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION protaddr.building_number(protaddr.address) IS
'ISO element BldgNb (house number), NULL if the address has none, or [address withheld]. When it is withheld and errors: as protaddr.show().';

CREATE FUNCTION protaddr.building_name(address protaddr.address) RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_building_name' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION protaddr.building_name(protaddr.address) IS
'ISO element BldgNm (name of the building), NULL if the address has none, or [address withheld]. When it is withheld and errors: as protaddr.show().';

CREATE FUNCTION protaddr.floor(address protaddr.address) RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_floor' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION protaddr.floor(protaddr.address) IS
'ISO element Flr (floor), NULL if the address has none, or [address withheld]. When it is withheld and errors: as protaddr.show().';

CREATE FUNCTION protaddr.room(address protaddr.address) RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_room' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION protaddr.room(protaddr.address) IS
'ISO element Room (room or door), NULL if the address has none, or [address withheld]. When it is withheld and errors: as protaddr.show().';

CREATE FUNCTION protaddr.post_box(address protaddr.address) RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_post_box' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION protaddr.post_box(protaddr.address) IS
'ISO element PstBx (post box), NULL if the address has none, or [address withheld]. When it is withheld and errors: as protaddr.show().';

CREATE FUNCTION protaddr.post_code(address protaddr.address) RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_post_code' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION protaddr.post_code(protaddr.address) IS
'ISO element PstCd (postcode), NULL if the address has none, or [address withheld]. When it is withheld and errors: as protaddr.show().';

CREATE FUNCTION protaddr.town_name(address protaddr.address) RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_town_name' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION protaddr.town_name(protaddr.address) IS
'ISO element TwnNm (town), NULL if the address has none, or [address withheld]. When it is withheld and errors: as protaddr.show().';

CREATE FUNCTION protaddr.town_location_name(address protaddr.address) RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_town_location_name' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION protaddr.town_location_name(protaddr.address) IS
'ISO element TwnLctnNm (supplementary town name), NULL if the address has none, or [address withheld]. When it is withheld and errors: as protaddr.show().';

CREATE FUNCTION protaddr.country_subdivision(address protaddr.address) RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_country_subdivision' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION protaddr.country_subdivision(protaddr.address) IS
'ISO element CtrySubDvsn (country subdivision), NULL if the address has none, or [address withheld]. When it is withheld and errors: as protaddr.show().';

CREATE FUNCTION protaddr.country(address protaddr.address) RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_country' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION protaddr.country(protaddr.address) IS
'ISO element Ctry (country, ISO 3166-1 alpha-2), NULL if the address has none, or [address withheld]. When it is withheld and errors: as protaddr.show().';

CREATE FUNCTION protaddr.care_of(address protaddr.address) RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_care_of' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION protaddr.care_of(protaddr.address) IS
'ISO element CareOf (c/o), NULL if the address has none, or [address withheld]. When it is withheld and errors: as protaddr.show().';

CREATE FUNCTION protaddr.bind_row() RETURNS trigger
    AS 'MODULE_PATHNAME', 'protaddr_bind_row' LANGUAGE C VOLATILE CALLED ON NULL INPUT;
REVOKE ALL ON FUNCTION protaddr.bind_row() FROM PUBLIC;
COMMENT ON FUNCTION protaddr.bind_row() IS
'Trigger that protaddr.bind_column() installs; arguments: column, subject column. Adds the row''s person to the value. Raises 54000 if the value would concern more than 16 people.';

CREATE FUNCTION protaddr.bind_rows(relation regclass, column_name name) RETURNS bigint
    AS 'MODULE_PATHNAME', 'protaddr_bind_rows' LANGUAGE C STRICT VOLATILE;
COMMENT ON FUNCTION protaddr.bind_rows(regclass, name) IS
'Part of protaddr.bind_column(): sends the rows of a table through its triggers by updating a column to itself, with the rights of the table''s owner, whom the caller must be. Returns how many rows held a value. Raises 42501.';

CREATE FUNCTION protaddr.address_column(type oid) RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_address_column' LANGUAGE C STRICT STABLE PARALLEL SAFE;
COMMENT ON FUNCTION protaddr.address_column(oid) IS
'What a column of this type holds: ''address'' (the type or a domain over it), ''inside'' (an array, range or composite with addresses in it), or NULL.';

CREATE FUNCTION protaddr.trigger_arguments(trigger oid) RETURNS text[]
    AS 'MODULE_PATHNAME', 'protaddr_trigger_arguments' LANGUAGE C STRICT STABLE PARALLEL SAFE;
COMMENT ON FUNCTION protaddr.trigger_arguments(oid) IS
'The arguments of a trigger (pg_trigger.tgargs) as text; NULL if there is no such trigger.';

CREATE FUNCTION protaddr.bind_column(relation regclass, column_name name, subject name) RETURNS bigint
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    kind "char" := (SELECT c.relkind FROM pg_class c WHERE c.oid = relation);
    bound pg_attribute;
    person pg_attribute;
    trigger_name text;
BEGIN
    IF kind IS NULL OR kind NOT IN ('r', 'p', 'f') THEN
        RAISE EXCEPTION USING
            ERRCODE = 'wrong_object_type',
            MESSAGE = 'only a column of a table can be bound';
    END IF;
    SELECT a.* INTO bound FROM pg_attribute a
    WHERE a.attrelid = relation AND a.attname = column_name AND a.attnum > 0 AND NOT a.attisdropped;
    SELECT a.* INTO person FROM pg_attribute a
    WHERE a.attrelid = relation AND a.attname = subject AND a.attnum > 0 AND NOT a.attisdropped;
    IF bound.attnum IS NULL OR person.attnum IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'undefined_column',
            MESSAGE = format('%s has no such column', relation),
            HINT = 'bind_column(table, column of type protaddr.address, subject => column that names the person)';
    END IF;
    IF protaddr.address_column(bound.atttypid) IS DISTINCT FROM 'address' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'datatype_mismatch',
            MESSAGE = format('column %I of %s is not of type protaddr.address', column_name, relation);
    END IF;
    IF protaddr.address_column(person.atttypid) IS NOT NULL OR person.attgenerated <> '' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'datatype_mismatch',
            MESSAGE = format('column %I of %s cannot name a person', subject, relation),
            HINT = 'The subject column holds the person''s identifier, stored in the row and not generated.';
    END IF;
    IF EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = relation AND t.tgfoid = 'protaddr.bind_row()'::regprocedure
               AND protaddr.trigger_arguments(t.oid) = ARRAY[column_name::text, subject::text]) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'duplicate_object',
            MESSAGE = format('column %I of %s is already bound to %I', column_name, relation, subject);
    END IF;

    -- rows that others commit after our snapshot could neither be seen nor bound
    IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
        RAISE EXCEPTION USING
            ERRCODE = 'feature_not_supported',
            MESSAGE = 'a column can only be bound in a READ COMMITTED transaction',
            HINT = 'BEGIN ISOLATION LEVEL READ COMMITTED first.';
    END IF;

    -- zz: triggers fire by name, and this one is to see what others made of the row
    trigger_name := format('zz_protaddr_bind_%s_%s', bound.attnum, person.attnum);
    EXECUTE format('CREATE TRIGGER %I BEFORE INSERT OR UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION protaddr.bind_row(%L, %L)',
                   trigger_name, relation, column_name, subject);
    EXECUTE format('ALTER %s TABLE %s ENABLE ALWAYS TRIGGER %I',
                   CASE kind WHEN 'f' THEN 'FOREIGN' ELSE '' END, relation, trigger_name);
    RETURN protaddr.bind_rows(relation, column_name);
END
$$;
REVOKE ALL ON FUNCTION protaddr.bind_column(regclass, name, name) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.bind_column(regclass, name, name) IS
'Binds an address column to the people that another column of the row names: existing rows now, every row written later by a trigger (ENABLE ALWAYS). Returns how many rows held an address. Binding only adds people. One column may be bound to several subject columns (joint holders). The caller must own the table and may execute protaddr.bind_row(): whoever may bind decides whom a yet unbound address concerns. From a role that may not, the trigger binds only what that role has typed in itself. Raises 42703, 42804, 42809 or 42710, and 0A000 under REPEATABLE READ or SERIALIZABLE, where rows committed meanwhile could not be seen.';

CREATE FUNCTION protaddr.unbind_column(relation regclass, column_name name, subject name DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    bind_trigger record;
    removed bigint := 0;
BEGIN
    FOR bind_trigger IN
        SELECT t.tgname, c.relkind FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        WHERE t.tgrelid = relation AND t.tgfoid = 'protaddr.bind_row()'::regprocedure
          AND (protaddr.trigger_arguments(t.oid))[1] = column_name
          AND (unbind_column.subject IS NULL OR (protaddr.trigger_arguments(t.oid))[2] = unbind_column.subject)
    LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', bind_trigger.tgname, relation);
        removed := removed + 1;
    END LOOP;
    RETURN removed;
END
$$;
REVOKE ALL ON FUNCTION protaddr.unbind_column(regclass, name, name) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.unbind_column(regclass, name, name) IS
'Removes the binding of a column (to one subject column, or to all if subject is NULL) and returns how many there were. Values keep the people they were bound to; new ones stay unbound, and so withheld.';

CREATE VIEW protaddr.bound_column AS
SELECT t.tgrelid::regclass AS relation,
       a.args[1]::name AS column_name,
       a.args[2]::name AS subject,
       CASE WHEN NOT EXISTS (SELECT FROM pg_attribute c WHERE c.attrelid = t.tgrelid AND c.attname = a.args[1] AND NOT c.attisdropped)
              OR NOT EXISTS (SELECT FROM pg_attribute c WHERE c.attrelid = t.tgrelid AND c.attname = a.args[2] AND NOT c.attisdropped)
            THEN 'a column is gone or renamed: bind again'
            WHEN EXISTS (SELECT FROM pg_partition_tree(t.tgrelid) p JOIN pg_trigger pt ON pt.tgrelid = p.relid
                         WHERE pt.tgfoid = t.tgfoid AND pt.tgname = t.tgname AND pt.tgenabled <> 'A')
              OR t.tgenabled <> 'A'
            THEN 'not always enabled: new values may stay unbound'
            ELSE 'in place' END AS status
FROM pg_trigger t, LATERAL (SELECT protaddr.trigger_arguments(t.oid) AS args) a
WHERE t.tgfoid = 'protaddr.bind_row()'::regprocedure AND t.tgparentid = 0
ORDER BY t.tgrelid::regclass::text, 2, 3;
GRANT SELECT ON protaddr.bound_column TO PUBLIC;
COMMENT ON VIEW protaddr.bound_column IS 'The bound columns, as the catalogs have them; partitions stand under their parent.';
COMMENT ON COLUMN protaddr.bound_column.relation IS 'The table.';
COMMENT ON COLUMN protaddr.bound_column.column_name IS 'The address column.';
COMMENT ON COLUMN protaddr.bound_column.subject IS 'The column that names the person.';
COMMENT ON COLUMN protaddr.bound_column.status IS 'in place, or what is wrong.';

-- ---------------------------------------------------------------------------
-- outbound/: channels and gates
-- ---------------------------------------------------------------------------
CREATE DOMAIN protaddr.channel_route AS text
    CONSTRAINT channel_route_vocabulary CHECK (VALUE IN ('own_bank', 'domestic', 'union', 'third_country', 'extract', 'display'));
COMMENT ON DOMAIN protaddr.channel_route IS 'Where a channel leads: own_bank, domestic, union, third_country, extract, display.';
CREATE DOMAIN protaddr.channel_action AS text
    CONSTRAINT channel_action_vocabulary CHECK (VALUE IN ('withhold', 'minimum', 'block'));
COMMENT ON DOMAIN protaddr.channel_action IS
'What a channel does with a protected address: withhold (NULL), minimum (town and country; country alone where the town is hidden too), block (the row is refused with 23PA1).';

CREATE TABLE protaddr.channel (
    channel text PRIMARY KEY CHECK (octet_length(channel) BETWEEN 1 AND 64),
    route protaddr.channel_route NOT NULL,
    when_protected protaddr.channel_action NOT NULL DEFAULT 'withhold',
    description text NOT NULL,
    legal_basis text NOT NULL,
    shipped boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE protaddr.channel IS
'The law as rows: through which channel an address may leave, and what of a protected one. Law changes; these rows change, not the code. An unbound address, a row that names nobody and a register that is not ready count as protected, and are never reduced but withheld.';
COMMENT ON COLUMN protaddr.channel.channel IS 'Name of the channel; what a released value is sealed for. At most 64 bytes.';
COMMENT ON COLUMN protaddr.channel.route IS 'Where it leads.';
COMMENT ON COLUMN protaddr.channel.when_protected IS 'What it does with a protected address.';
COMMENT ON COLUMN protaddr.channel.description IS 'What it is.';
COMMENT ON COLUMN protaddr.channel.legal_basis IS 'Why, in words, with the law''s number.';
COMMENT ON COLUMN protaddr.channel.shipped IS 'As shipped with protaddr; false once changed or added here.';
INSERT INTO protaddr.channel (channel, route, when_protected, description, legal_basis, shipped) VALUES
    ('sumclearing', 'domestic', 'withhold', 'Danish Sumclearing (nightly transfers)',
     'Reg. (EU) 2023/1113 art. 5: inside the Union account numbers suffice; CPR Act s. 28; Datatilsynet 2019-431-0044: no basis to disclose', true),
    ('intradagclearing', 'domestic', 'withhold', 'Danish Intradagclearing (same-day transfers)',
     'Reg. (EU) 2023/1113 art. 5: inside the Union account numbers suffice; CPR Act s. 28; Datatilsynet 2019-431-0044: no basis to disclose', true),
    ('straksclearing', 'domestic', 'withhold', 'Danish Straksclearing (instant transfers)',
     'Reg. (EU) 2023/1113 art. 5: inside the Union account numbers suffice; CPR Act s. 28; Datatilsynet 2019-431-0044: no basis to disclose', true),
    ('sepa', 'union', 'withhold', 'SEPA credit transfer inside the EEA',
     'Reg. (EU) 2023/1113 art. 5: inside the Union account numbers suffice; the payee''s bank may ask for more within three working days', true),
    ('cross_border', 'third_country', 'minimum', 'Transfer to a third country',
     'Reg. (EU) 2023/1113 art. 4 and 6 ask for payer information over EUR 1,000; scheme rules (CBPR+, from 14 November 2026) ask for town and country of the debtor', true),
    ('own_bank', 'own_bank', 'withhold', 'Transfer between two customers of the bank',
     'No law asks for the payer''s address; CPR Act s. 28; Datatilsynet 2019-431-0044', true),
    ('file_extract', 'extract', 'withhold', 'File extract for a customer or a processor',
     'No law asks for the counterparty''s address; GDPR art. 5(1)(c) and (f), art. 32; Datatilsynet 2019-431-0044', true),
    ('payee_display', 'display', 'withhold', 'What a payee sees in online and mobile bank or on a statement',
     'Reg. (EU) 2023/1113 gives payer information to banks, not to payees; GDPR art. 5(1)(c) and (f)', true);
CREATE TRIGGER own_table_changed BEFORE INSERT OR UPDATE OR DELETE ON protaddr.channel
    FOR EACH ROW EXECUTE FUNCTION protaddr.own_table_changed();
CREATE TRIGGER own_table_truncated BEFORE TRUNCATE ON protaddr.channel
    FOR EACH STATEMENT EXECUTE FUNCTION protaddr.own_table_changed();
CREATE TRIGGER take_over_shipped_row BEFORE INSERT OR UPDATE ON protaddr.channel
    FOR EACH ROW EXECUTE FUNCTION protaddr.take_over_shipped_row();
ALTER TABLE protaddr.channel ENABLE ALWAYS TRIGGER own_table_changed;
ALTER TABLE protaddr.channel ENABLE ALWAYS TRIGGER own_table_truncated;
ALTER TABLE protaddr.channel ENABLE ALWAYS TRIGGER take_over_shipped_row;
REVOKE ALL ON protaddr.channel FROM PUBLIC;
GRANT SELECT ON protaddr.channel TO PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('protaddr.channel', 'WHERE NOT shipped');

CREATE FUNCTION protaddr.release(address protaddr.address, channel text) RETURNS protaddr.address
    AS 'MODULE_PATHNAME', 'protaddr_release_sql' LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION protaddr.release(protaddr.address, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.release(protaddr.address, text) IS
'What of an address may leave through a channel, sealed as released for it: all of it if nobody it concerns is protected; else what protaddr.channel says, which may be NULL. An unbound address, and any while the register is not ready, is withheld. NULL for NULL. Raises 22023 for a channel there is not, 23PA1 if the channel blocks, 55PA1 if the value''s key is not here.';

CREATE FUNCTION protaddr.gate_row() RETURNS trigger
    AS 'MODULE_PATHNAME', 'protaddr_gate_row' LANGUAGE C VOLATILE CALLED ON NULL INPUT;
REVOKE ALL ON FUNCTION protaddr.gate_row() FROM PUBLIC;
COMMENT ON FUNCTION protaddr.gate_row() IS
'Trigger before the row that protaddr.install_gate() installs; arguments: channel, subject column. Releases every address column for the channel. Raises 23PA1 if the channel blocks.';
CREATE FUNCTION protaddr.gate_check() RETURNS trigger
    AS 'MODULE_PATHNAME', 'protaddr_gate_check' LANGUAGE C VOLATILE CALLED ON NULL INPUT;
REVOKE ALL ON FUNCTION protaddr.gate_check() FROM PUBLIC;
COMMENT ON FUNCTION protaddr.gate_check() IS
'Trigger after the row that protaddr.install_gate() installs; arguments: channel, subject column. Proves that every address column as stored is released for the channel. Raises 23PA1 if not.';

CREATE FUNCTION protaddr.install_gate(relation regclass, channel text, subject name) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    kind "char" := (SELECT c.relkind FROM pg_class c WHERE c.oid = relation);
    alter_table text;
    rule protaddr.channel;
    person pg_attribute;
    culprit name;
    unchecked text;
    filled boolean := false;
    address_column name;
BEGIN
    IF kind IS NULL OR kind NOT IN ('r', 'p', 'f') THEN
        RAISE EXCEPTION USING
            ERRCODE = 'wrong_object_type',
            MESSAGE = 'a gate can only stand before a table';
    END IF;
    SELECT c.* INTO rule FROM protaddr.channel c WHERE c.channel = install_gate.channel;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'there is no such channel',
            HINT = 'See protaddr.channel for those there are.';
    END IF;
    SELECT a.* INTO person FROM pg_attribute a
    WHERE a.attrelid = relation AND a.attname = subject AND a.attnum > 0 AND NOT a.attisdropped;
    IF person.attnum IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'undefined_column',
            MESSAGE = format('%s has no such column', relation),
            HINT = 'install_gate(table, channel, subject => column that names the person whose addresses the row holds)';
    END IF;
    IF protaddr.address_column(person.atttypid) IS NOT NULL OR person.attgenerated <> '' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'datatype_mismatch',
            MESSAGE = format('column %I of %s cannot name a person', subject, relation),
            HINT = 'The subject column holds the person''s identifier, stored in the row and not generated.';
    END IF;
    IF EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = relation
               AND t.tgfoid IN ('protaddr.gate_row()'::regprocedure, 'protaddr.gate_check()'::regprocedure)) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'duplicate_object',
            MESSAGE = format('%s has a gate already', relation),
            HINT = 'protaddr.remove_gate() removes it.';
    END IF;

    SELECT a.attname INTO culprit FROM pg_attribute a
    WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
      AND protaddr.address_column(a.atttypid) = 'inside' LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'feature_not_supported',
            MESSAGE = format('column %I of %s holds addresses inside an array or composite', culprit, relation),
            DETAIL = 'A gate cannot release what stands there.',
            HINT = 'Give each address a column of its own, of type protaddr.address.';
    END IF;
    SELECT a.attname INTO culprit
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
      AND protaddr.address_column(a.atttypid) = 'address' AND (a.attnotnull OR t.typnotnull) LIMIT 1;
    IF FOUND AND rule.when_protected <> 'block' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('column %I of %s is NOT NULL, but channel "%s" withholds', culprit, relation, rule.channel),
            DETAIL = 'A withheld address is NULL, so such a payment could not be stored at all.',
            HINT = format('ALTER TABLE %s ALTER COLUMN %I DROP NOT NULL, or use a channel that blocks.', relation, culprit);
    END IF;

    alter_table := CASE kind WHEN 'f' THEN 'ALTER FOREIGN TABLE' ELSE 'ALTER TABLE' END;
    -- zz: triggers fire by name, and the gate is to see what others made of the row
    EXECUTE format('CREATE TRIGGER zz_protaddr_gate BEFORE INSERT OR UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION protaddr.gate_row(%L, %L)',
                   relation, rule.channel, subject);
    EXECUTE format('CREATE TRIGGER zz_protaddr_gate_check AFTER INSERT OR UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION protaddr.gate_check(%L, %L)',
                   relation, rule.channel, subject);
    EXECUTE format('%s %s ENABLE ALWAYS TRIGGER zz_protaddr_gate', alter_table, relation);
    EXECUTE format('%s %s ENABLE ALWAYS TRIGGER zz_protaddr_gate_check', alter_table, relation);

    unchecked := (SELECT string_agg(quote_ident(g.column_name), ', ' ORDER BY g.column_name)
                  FROM protaddr.unchecked_columns(relation) g WHERE g.column_name <> subject);
    IF unchecked IS NOT NULL THEN
        RAISE NOTICE 'the gate of % does not check these columns, which could hold an address as text: %', relation, unchecked;
    END IF;
    FOR address_column IN
        SELECT a.attname FROM pg_attribute a
        WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
          AND protaddr.address_column(a.atttypid) = 'address'
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE %I IS NOT NULL)', relation, address_column) INTO filled;
        EXIT WHEN filled;
    END LOOP;
    IF filled THEN
        RAISE NOTICE 'rows that are in % already were not checked', relation
            USING HINT = 'UPDATE them in place to send them through the gate.';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION protaddr.install_gate(regclass, text, name) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.install_gate(regclass, text, name) IS
'Puts the gate on an outbound table: whatever is written, each address column is released for the channel, or withheld (NULL), reduced or refused as protaddr.channel says. subject names the column with the payer''s identifier; a row where it is NULL has its addresses withheld; a payer whom no register knows is not protected. Two row triggers, ENABLE ALWAYS, on partitions too. The caller must own the table. Refuses (55000) a NOT NULL address column for a channel that withholds; names in a NOTICE the text, XML, JSON and bytea columns that it does not check. Raises 22023, 42703, 42710, 42804, 42809, 0A000.';

CREATE FUNCTION protaddr.remove_gate(relation regclass) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    gate_trigger name;
    removed boolean := false;
BEGIN
    FOR gate_trigger IN
        SELECT t.tgname FROM pg_trigger t WHERE t.tgrelid = relation
        AND t.tgfoid IN ('protaddr.gate_row()'::regprocedure, 'protaddr.gate_check()'::regprocedure)
    LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', gate_trigger, relation);
        removed := true;
    END LOOP;
    RETURN removed;
END
$$;
REVOKE ALL ON FUNCTION protaddr.remove_gate(regclass) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.remove_gate(regclass) IS
'Removes the gate of a table; true if it had one. What is stored stays as it is.';

CREATE FUNCTION protaddr.unchecked_columns(relation regclass, OUT column_name name, OUT type text) RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT a.attname, format_type(a.atttypid, a.atttypmod)
    FROM pg_attribute a
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
    WHERE a.attrelid = unchecked_columns.relation AND a.attnum > 0 AND NOT a.attisdropped
      AND protaddr.address_column(a.atttypid) IS NULL
      AND (coalesce(e.typcategory, t.typcategory) = 'S'
           OR coalesce(e.typtype, t.typtype) = 'c'
           OR coalesce(e.oid, t.oid) IN ('xml'::regtype, 'json'::regtype, 'jsonb'::regtype, 'bytea'::regtype)
           OR coalesce(e.typname, t.typname) = 'hstore')
    ORDER BY a.attname;
END;
COMMENT ON FUNCTION protaddr.unchecked_columns(regclass) IS
'The columns of a table that could hold an address as text and that a gate does not check: text types, XML, JSON, bytea, hstore, composites, and arrays and domains of these.';

CREATE VIEW protaddr.gate_status AS
SELECT g.relation, g.channel, g.subject,
       (SELECT array_agg(a.attname ORDER BY a.attname) FROM pg_attribute a
        WHERE a.attrelid = g.relation AND a.attnum > 0 AND NOT a.attisdropped
          AND protaddr.address_column(a.atttypid) = 'address') AS address_columns,
       (SELECT array_agg(u.column_name ORDER BY u.column_name) FROM protaddr.unchecked_columns(g.relation) u
        WHERE u.column_name <> g.subject) AS unchecked_columns,
       CASE WHEN g.functions <> 2 THEN 'incomplete: a trigger is missing'
            WHEN NOT EXISTS (SELECT FROM protaddr.channel c WHERE c.channel = g.channel) THEN 'its channel is gone: refuses every row'
            WHEN NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = g.relation AND a.attname = g.subject AND NOT a.attisdropped)
            THEN 'its subject column is gone or renamed: refuses every row'
            WHEN EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = g.relation AND a.attnum > 0 AND NOT a.attisdropped
                         AND protaddr.address_column(a.atttypid) = 'inside') THEN 'an address inside an array or composite: refuses every row'
            WHEN NOT g.always THEN 'not always enabled: lets rows through unchecked'
            WHEN EXISTS (SELECT FROM pg_partition_tree(g.relation) p
                         WHERE (SELECT count(DISTINCT t.tgfoid) FROM pg_trigger t
                                WHERE t.tgrelid = p.relid AND t.tgenabled = 'A'
                                  AND t.tgfoid IN ('protaddr.gate_row()'::regprocedure, 'protaddr.gate_check()'::regprocedure)) <> 2)
            THEN 'incomplete on a partition: lets rows through unchecked'
            WHEN EXISTS (SELECT FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhparent
                         WHERE i.inhparent = g.relation AND c.relkind = 'r')
            THEN 'in place, but not on inheriting tables'
            ELSE 'in place' END AS status
FROM (SELECT t.tgrelid::regclass AS relation,
             min((protaddr.trigger_arguments(t.oid))[1]) AS channel,
             min((protaddr.trigger_arguments(t.oid))[2])::name AS subject,
             count(DISTINCT t.tgfoid) AS functions,
             bool_and(t.tgenabled = 'A') AS always
      FROM pg_trigger t
      WHERE t.tgfoid IN ('protaddr.gate_row()'::regprocedure, 'protaddr.gate_check()'::regprocedure)
        AND t.tgparentid = 0
      GROUP BY t.tgrelid) g
ORDER BY g.relation::text;
GRANT SELECT ON protaddr.gate_status TO PUBLIC;
COMMENT ON VIEW protaddr.gate_status IS 'The gates, as the catalogs have them; partitions stand under their parent.';
COMMENT ON COLUMN protaddr.gate_status.relation IS 'The outbound table.';
COMMENT ON COLUMN protaddr.gate_status.channel IS 'The channel its addresses are released for.';
COMMENT ON COLUMN protaddr.gate_status.subject IS 'The column that names the person.';
COMMENT ON COLUMN protaddr.gate_status.address_columns IS 'The columns that the gate releases.';
COMMENT ON COLUMN protaddr.gate_status.unchecked_columns IS 'Columns that could hold an address as text and are not checked; NULL if none.';
COMMENT ON COLUMN protaddr.gate_status.status IS 'in place, or what is wrong.';

-- ---------------------------------------------------------------------------
-- Who may do what is written above and nowhere else: ALTER DEFAULT PRIVILEGES of
-- the installing role would have let others into our tables and functions.
-- ---------------------------------------------------------------------------
DO $$
DECLARE
    grantee regrole;
BEGIN
    FOR grantee IN
        SELECT DISTINCT a.grantee::pg_catalog.regrole
        FROM (SELECT relacl AS acl, relowner AS owner FROM pg_catalog.pg_class
              WHERE relnamespace OPERATOR(pg_catalog.=) 'protaddr'::pg_catalog.regnamespace
              UNION ALL
              SELECT proacl, proowner FROM pg_catalog.pg_proc
              WHERE pronamespace OPERATOR(pg_catalog.=) 'protaddr'::pg_catalog.regnamespace) o,
             LATERAL pg_catalog.aclexplode(o.acl) a
        WHERE a.grantee OPERATOR(pg_catalog.<>) 0 AND a.grantee OPERATOR(pg_catalog.<>) o.owner
          AND a.grantee OPERATOR(pg_catalog.<>) 'pg_monitor'::pg_catalog.regrole
    LOOP
        EXECUTE pg_catalog.format('REVOKE ALL ON ALL TABLES IN SCHEMA protaddr FROM %s', grantee);
        EXECUTE pg_catalog.format('REVOKE ALL ON ALL SEQUENCES IN SCHEMA protaddr FROM %s', grantee);
        EXECUTE pg_catalog.format('REVOKE ALL ON ALL FUNCTIONS IN SCHEMA protaddr FROM %s', grantee);
    END LOOP;
END
$$;
REVOKE ALL ON protaddr.data_key, protaddr.regime_code, protaddr.protection, protaddr.register_source FROM PUBLIC, pg_monitor;
REVOKE ALL ON SEQUENCE protaddr.protection_id_seq FROM PUBLIC, pg_monitor;

-- ---------------------------------------------------------------------------
-- The first data key, and with it the outer key's file if there is none.
-- ---------------------------------------------------------------------------
SELECT protaddr.rotate_data_key();
