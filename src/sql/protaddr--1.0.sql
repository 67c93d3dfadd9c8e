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
'Canonical form of a person''s identifier, under which people are compared: blanks, hyphens, dots and slashes dropped, and .0 or .00 behind a number; letters in upper case, those of Latin alphabets without accents and as SWIFT messages write them (AE, OE, AA), leading zeros dropped if only digits are left. NULL if nothing is left. Raises 22001 over 64 bytes.';

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
    CONSTRAINT protection_kind_vocabulary CHECK (VALUE IN ('none', 'address', 'address_and_town', 'name_and_address', 'everything'));
COMMENT ON DOMAIN protaddr.protection_kind IS
'What a protection hides: none, address, address_and_town, name_and_address, everything (name, address and town: what a code hides that nobody knows).';

CREATE TABLE protaddr.regime_code (
    regime text NOT NULL,
    code text NOT NULL,
    kind protaddr.protection_kind NOT NULL,
    description text NOT NULL,
    legal_basis text NOT NULL,
    source text NOT NULL,
    shipped boolean NOT NULL DEFAULT false,
    PRIMARY KEY (regime, code)
);
COMMENT ON TABLE protaddr.regime_code IS
'What the codes of each regime mean. A code that is not here hides everything. Yours to extend and change (grant SELECT, INSERT, UPDATE and DELETE to whoever answers for it): such rows are dumped, and hold for what is recorded from then on; what is in force keeps its kind until a delivery says it again.';
COMMENT ON COLUMN protaddr.regime_code.regime IS 'Country and register, such as DK-CPR.';
COMMENT ON COLUMN protaddr.regime_code.code IS 'The code as the register delivers it.';
COMMENT ON COLUMN protaddr.regime_code.kind IS 'What it hides; none: stored, but hides nothing.';
COMMENT ON COLUMN protaddr.regime_code.description IS 'The register''s name for it.';
COMMENT ON COLUMN protaddr.regime_code.legal_basis IS 'The law it rests on.';
COMMENT ON COLUMN protaddr.regime_code.source IS 'Where the code is documented: the register''s guide, interface or the law.';
COMMENT ON COLUMN protaddr.regime_code.shipped IS 'As shipped with protaddr; false once changed or added here.';

INSERT INTO protaddr.regime_code (regime, code, kind, description, legal_basis, source, shipped) VALUES
    ('DK-CPR', '0001', 'name_and_address', 'Navne- og adressebeskyttelse',
     'CPR Act s. 28', 'CPR extract guide, record 004 (BESKYTTYPE)', true),
    ('DK-CPR', '0002', 'none', 'Lokalvejviserbeskyttelse (directory)',
     'CPR Act s. 29', 'CPR extract guide, record 004 (BESKYTTYPE)', true),
    ('DK-CPR', '0003', 'none', 'Markedsfoeringsbeskyttelse (marketing)',
     'CPR Act s. 29', 'CPR extract guide, record 004 (BESKYTTYPE)', true),
    ('DK-CPR', '0004', 'none', 'Forskerbeskyttelse (research, discontinued)',
     'CPR Act s. 29, repealed', 'CPR extract guide, record 004 (BESKYTTYPE)', true),
    ('DK-CPR', '0005', 'none', 'Kreditadvarsel (credit warning)',
     'CPR Act s. 29(3)', 'CPR extract guide, record 004 (BESKYTTYPE)', true),
    ('DK-CPR', '00001', 'name_and_address', 'Navne- og adressebeskyttelse',
     'CPR Act s. 28', 'CPR guide to formats, GCTP: five digits', true),
    ('DK-CPR', '00002', 'none', 'Lokalvejviserbeskyttelse (directory)',
     'CPR Act s. 29', 'CPR guide to formats, GCTP: five digits', true),
    ('DK-CPR', '00003', 'none', 'Markedsfoeringsbeskyttelse (marketing)',
     'CPR Act s. 29', 'CPR guide to formats, GCTP: five digits', true),
    ('DK-CPR', '00004', 'none', 'Forskerbeskyttelse (research, discontinued)',
     'CPR Act s. 29, repealed', 'CPR guide to formats, GCTP: five digits', true),
    ('DK-CPR', '00005', 'none', 'Kreditadvarsel (credit warning)',
     'CPR Act s. 29(3)', 'CPR guide to formats, GCTP: five digits', true),
    ('NO-FREG', 'UGRADERT', 'none', 'Ugradert (no grading)',
     'Population Register Act (folkeregisterloven)', 'Folkeregisteret, adressebeskyttelse.gradering', true),
    ('NO-FREG', 'FORTROLIG', 'address', 'Fortrolig: not to private parties',
     'Population Register Act (folkeregisterloven)', 'Folkeregisteret, adressebeskyttelse.gradering', true),
    ('NO-FREG', 'STRENGT_FORTROLIG', 'address_and_town', 'Strengt fortrolig: nor to most authorities; the area is hidden too',
     'Population Register Act (folkeregisterloven)', 'Folkeregisteret, adressebeskyttelse.gradering', true),
    ('NO-FREG', 'STRENGT_FORTROLIG_UTLAND', 'address_and_town', 'Strengt fortrolig, the person lives abroad',
     'Population Register Act (folkeregisterloven)', 'Folkeregisteret, adressebeskyttelse.gradering', true),
    ('NO-FREG', '7', 'address', 'Kode 7: fortrolig',
     'Population Register Act (folkeregisterloven)', 'Folkeregisteret, kode 6, 7 and 19', true),
    ('NO-FREG', '6', 'address_and_town', 'Kode 6: strengt fortrolig',
     'Population Register Act (folkeregisterloven)', 'Folkeregisteret, kode 6, 7 and 19', true),
    ('NO-FREG', '19', 'address_and_town', 'Kode 19: strengt fortrolig, abroad',
     'Population Register Act (folkeregisterloven)', 'Folkeregisteret, kode 6, 7 and 19', true),
    ('SE-FOLK', 'Sekretessmarkering', 'name_and_address', 'Sekretessmarkering: the marker is set',
     'Public Access to Information and Secrecy Act (2009:400) ch. 22 s. 1', 'Navet and SPAR, element Sekretessmarkering', true),
    ('SE-FOLK', 'Sekretessmarkering JA', 'name_and_address', 'Sekretessmarkering: yes',
     'Public Access to Information and Secrecy Act (2009:400) ch. 22 s. 1', 'Navet and SPAR, element Sekretessmarkering', true),
    ('SE-FOLK', 'Sekretessmarkering J', 'name_and_address', 'Sekretessmarkering: yes',
     'Public Access to Information and Secrecy Act (2009:400) ch. 22 s. 1', 'Navet and SPAR, element Sekretessmarkering', true),
    ('SE-FOLK', 'Sekretessmarkering NEJ', 'none', 'Sekretessmarkering: no',
     'Public Access to Information and Secrecy Act (2009:400) ch. 22 s. 1', 'Navet and SPAR, element Sekretessmarkering', true),
    ('SE-FOLK', 'Sekretessmarkering N', 'none', 'Sekretessmarkering: no',
     'Public Access to Information and Secrecy Act (2009:400) ch. 22 s. 1', 'Navet and SPAR, element Sekretessmarkering', true),
    ('SE-FOLK', 'SkyddadFolkbokforing', 'address', 'Skyddad folkbokforing: the marker is set',
     'Population Registration Act (folkbokforingslagen)', 'Navet and SPAR, element SkyddadFolkbokforing', true),
    ('SE-FOLK', 'SkyddadFolkbokforing JA', 'address', 'Skyddad folkbokforing: yes',
     'Population Registration Act (folkbokforingslagen)', 'Navet and SPAR, element SkyddadFolkbokforing', true),
    ('SE-FOLK', 'SkyddadFolkbokforing J', 'address', 'Skyddad folkbokforing: yes',
     'Population Registration Act (folkbokforingslagen)', 'Navet and SPAR, element SkyddadFolkbokforing', true),
    ('SE-FOLK', 'SkyddadFolkbokforing NEJ', 'none', 'Skyddad folkbokforing: no',
     'Population Registration Act (folkbokforingslagen)', 'Navet and SPAR, element SkyddadFolkbokforing', true),
    ('SE-FOLK', 'SkyddadFolkbokforing N', 'none', 'Skyddad folkbokforing: no',
     'Population Registration Act (folkbokforingslagen)', 'Navet and SPAR, element SkyddadFolkbokforing', true),
    ('SE-FOLK', 'Skyddad folkbokf' || chr(246) || 'ring', 'address', 'Skyddad folkbokforing',
     'Population Registration Act (folkbokforingslagen)', 'SS12000, securityMarking', true),
    ('SE-FOLK', 'Ingen', 'none', 'No marking',
     'Public Access to Information and Secrecy Act (2009:400) ch. 22 s. 1', 'SS12000, securityMarking', true),
    ('SE-FOLK', 'FINGERADE', 'name_and_address', 'Fingerade personuppgifter (new identity)',
     'Act (1991:483) on fictitious personal data', 'No register delivers it: entered by hand where it is known', true),
    ('FI-VTJ', 'turvakielto', 'address_and_town', 'Turvakielto: the municipality of residence is hidden too',
     'Act 661/2009 s. 36', 'Population Information System (VTJ), turvakielto', true),
    ('FI-VTJ', 'true', 'address_and_town', 'Turvakielto: yes',
     'Act 661/2009 s. 36', 'Population Information System (VTJ), turvakielto', true),
    ('FI-VTJ', 'false', 'none', 'Turvakielto: no',
     'Act 661/2009 s. 36', 'Population Information System (VTJ), turvakielto', true),
    ('DE-MELDE', '3', 'name_and_address', 'Auskunftssperre, on application or ex officio',
     'BMG s. 51(1)', 'DSMeld, annex 1', true),
    ('DE-MELDE', '11', 'name_and_address', 'Auskunftssperre, at the request of a security authority',
     'BMG s. 51(1) and (3)', 'DSMeld, annex 1', true),
    ('DE-MELDE', 'bedingter Sperrvermerk', 'address', 'Bedingter Sperrvermerk: lives in a shelter, clinic or care home',
     'BMG s. 52', 'BMG s. 52: DSMeld''s own key is not known to us', true),
    ('DE-MELDE', 'auskunftssperre Ja', 'name_and_address', 'Auskunftssperre: yes',
     'BMG s. 51', 'Person services in JSON, element auskunftssperre', true),
    ('DE-MELDE', 'auskunftssperre Nein', 'none', 'Auskunftssperre: no',
     'BMG s. 51', 'Person services in JSON, element auskunftssperre', true),
    ('NL-BRP', '0', 'none', 'Geen beperking (no restriction)',
     'Wet basisregistratie personen, secrecy at the person''s request', 'BRP element 07.70.10, indicatie geheim', true),
    ('NL-BRP', '1', 'name_and_address', 'Not without consent to third parties that carry out a general binding rule',
     'Wet basisregistratie personen, secrecy at the person''s request', 'BRP element 07.70.10, indicatie geheim', true),
    ('NL-BRP', '2', 'none', 'Not to churches',
     'Wet basisregistratie personen, secrecy at the person''s request', 'BRP element 07.70.10, indicatie geheim', true),
    ('NL-BRP', '3', 'name_and_address', 'Not to free third parties',
     'Wet basisregistratie personen, secrecy at the person''s request', 'BRP element 07.70.10, indicatie geheim', true),
    ('NL-BRP', '4', 'name_and_address', '1 and 2',
     'Wet basisregistratie personen, secrecy at the person''s request', 'BRP element 07.70.10, indicatie geheim', true),
    ('NL-BRP', '5', 'name_and_address', '1 and 3',
     'Wet basisregistratie personen, secrecy at the person''s request', 'BRP element 07.70.10, indicatie geheim', true),
    ('NL-BRP', '6', 'name_and_address', '2 and 3',
     'Wet basisregistratie personen, secrecy at the person''s request', 'BRP element 07.70.10, indicatie geheim', true),
    ('NL-BRP', '7', 'name_and_address', '1, 2 and 3',
     'Wet basisregistratie personen, secrecy at the person''s request', 'BRP element 07.70.10, indicatie geheim', true),
    ('IS-THJODSKRA', 'dulid_logheimili', 'address', 'Dulid logheimili: unspecified in the municipality',
     'Act 80/2018 art. 7; Regulation 1588/2021', 'Thjodskra (skra.is); no code is published, so we name them', true),
    ('IS-THJODSKRA', 'dulid_nafn', 'name_and_address', 'Dulid nafn',
     'Act 80/2018 art. 7; Regulation 1588/2021', 'Thjodskra (skra.is); no code is published, so we name them', true),
    ('IS-THJODSKRA', 'dulid_nafn_og_logheimili', 'name_and_address', 'Dulid nafn og logheimili',
     'Act 80/2018 art. 7; Regulation 1588/2021', 'Thjodskra (skra.is); no code is published, so we name them', true),
    ('CH-ECH', '0', 'none', 'Keine Sperre',
     'Law of the canton on residents'' registers', 'eCH, DataLock', true),
    ('CH-ECH', '1', 'address', 'Adresssperre',
     'Law of the canton on residents'' registers', 'eCH, DataLock', true),
    ('CH-ECH', '2', 'name_and_address', 'Auskunftssperre',
     'Law of the canton on residents'' registers', 'eCH, DataLock', true),
    ('UK-AER', 'N', 'name_and_address', 'Anonymous entry: name and address are off the register',
     'Anonymous electoral registration', 'Electoral register, letter N after the elector number', true),
    ('US-ACP', 'ACP', 'address', 'Address confidentiality programme: a substitute address is used',
     'Address confidentiality programme of the state; FinCEN FIN-2009-R003', 'Programme card of the state', true),
    ('US-ACP', 'Safe at Home', 'address', 'Safe at Home: a substitute address is used',
     'Address confidentiality programme of the state; FinCEN FIN-2009-R003', 'Programme card of the state', true),
    ('manual', 'address', 'address', 'Entered by hand: the address',
     'GDPR art. 32', 'protaddr', true),
    ('manual', 'address_and_town', 'address_and_town', 'Entered by hand: the address and the town',
     'GDPR art. 32', 'protaddr', true),
    ('manual', 'name_and_address', 'name_and_address', 'Entered by hand: name and address',
     'GDPR art. 32', 'protaddr', true);

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
    max_age interval,
    regime text,
    confirmed_by text NOT NULL DEFAULT session_user
);
COMMENT ON TABLE protaddr.register_source IS
'The register sources that count. Nothing is disclosed while there is none, or while one is older than its max_age.';
COMMENT ON COLUMN protaddr.register_source.source IS 'Name of the source, such as DK-CPR.';
COMMENT ON COLUMN protaddr.register_source.current_as_of IS 'When it was last loaded or confirmed complete.';
COMMENT ON COLUMN protaddr.register_source.max_age IS 'How old it may be; NULL: protaddr.register_max_age.';
COMMENT ON COLUMN protaddr.register_source.regime IS 'Whose codes it delivers, such as DK-CPR; NULL if it was only ever confirmed by hand.';
COMMENT ON COLUMN protaddr.register_source.confirmed_by IS 'Login role that last loaded or confirmed it.';
CREATE TRIGGER own_table_changed BEFORE INSERT OR UPDATE OR DELETE ON protaddr.register_source
    FOR EACH ROW EXECUTE FUNCTION protaddr.own_table_changed();
CREATE TRIGGER own_table_truncated BEFORE TRUNCATE ON protaddr.register_source
    FOR EACH STATEMENT EXECUTE FUNCTION protaddr.own_table_changed();
ALTER TABLE protaddr.register_source ENABLE ALWAYS TRIGGER own_table_changed;
ALTER TABLE protaddr.register_source ENABLE ALWAYS TRIGGER own_table_truncated;
-- not dumped: what a restored database knows is of the day of the dump, and nothing
-- is disclosed until its sources are loaded or confirmed


CREATE TABLE protaddr.register_delivery (
    id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    source text NOT NULL,
    regime text,
    task text,
    produced date,
    previous date,
    loaded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    loaded_by text NOT NULL DEFAULT session_user,
    outcome text NOT NULL,
    persons bigint,
    records bigint,
    protections bigint,
    protected bigint,
    newly_protected bigint,
    lifted bigint,
    unknown_codes bigint,
    replaced_numbers bigint,
    skipped bigint,
    digest bytea,
    after_gap boolean NOT NULL DEFAULT false,
    reason text
);
COMMENT ON TABLE protaddr.register_delivery IS 'Every delivery that was loaded or refused, in order. Counts only, no person.';
COMMENT ON COLUMN protaddr.register_delivery.id IS 'Number of the delivery.';
COMMENT ON COLUMN protaddr.register_delivery.source IS 'Name of the register source.';
COMMENT ON COLUMN protaddr.register_delivery.regime IS 'Whose codes it holds.';
COMMENT ON COLUMN protaddr.register_delivery.task IS 'The register''s task number (CPR: OPGAVENR); NULL if it has none.';
COMMENT ON COLUMN protaddr.register_delivery.produced IS 'Production date (CPR: PRODDTO).';
COMMENT ON COLUMN protaddr.register_delivery.previous IS 'Production date of the delivery before it (CPR: PRODDTOFORRIG).';
COMMENT ON COLUMN protaddr.register_delivery.loaded_at IS 'When it was loaded or refused.';
COMMENT ON COLUMN protaddr.register_delivery.loaded_by IS 'Login role that did so.';
COMMENT ON COLUMN protaddr.register_delivery.outcome IS 'loaded, already loaded, or refused: SQLSTATE and why.';
COMMENT ON COLUMN protaddr.register_delivery.persons IS 'People in it; NULL if refused.';
COMMENT ON COLUMN protaddr.register_delivery.records IS 'Data records in it.';
COMMENT ON COLUMN protaddr.register_delivery.protections IS 'Protection records in it, of every kind.';
COMMENT ON COLUMN protaddr.register_delivery.protected IS 'People in it who are protected.';
COMMENT ON COLUMN protaddr.register_delivery.newly_protected IS 'People newly protected by it.';
COMMENT ON COLUMN protaddr.register_delivery.lifted IS 'People whose protection ended with it.';
COMMENT ON COLUMN protaddr.register_delivery.unknown_codes IS 'Records with a code that regime_code does not have.';
COMMENT ON COLUMN protaddr.register_delivery.replaced_numbers IS 'Person numbers that another number took the place of.';
COMMENT ON COLUMN protaddr.register_delivery.skipped IS 'Records of types unknown to us.';
COMMENT ON COLUMN protaddr.register_delivery.digest IS 'SHA-256 of the delivery as it came.';
COMMENT ON COLUMN protaddr.register_delivery.after_gap IS 'Loaded although a delivery before it is missing.';
COMMENT ON COLUMN protaddr.register_delivery.reason IS 'Why it was loaded all the same.';
CREATE INDEX register_delivery_last ON protaddr.register_delivery (source, task, id);
COMMENT ON INDEX protaddr.register_delivery_last IS 'The last delivery of a task.';
CREATE TRIGGER own_table_changed BEFORE INSERT OR UPDATE OR DELETE ON protaddr.register_delivery
    FOR EACH ROW EXECUTE FUNCTION protaddr.own_table_changed();
CREATE TRIGGER own_table_truncated BEFORE TRUNCATE ON protaddr.register_delivery
    FOR EACH STATEMENT EXECUTE FUNCTION protaddr.own_table_changed();
ALTER TABLE protaddr.register_delivery ENABLE ALWAYS TRIGGER own_table_changed;
ALTER TABLE protaddr.register_delivery ENABLE ALWAYS TRIGGER own_table_truncated;
SELECT pg_catalog.pg_extension_config_dump('protaddr.register_delivery', '');
SELECT pg_catalog.pg_extension_config_dump('protaddr.register_delivery_id_seq', '');

CREATE TABLE protaddr.register_person (
    subject_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (protaddr.subject_key(subject)) STORED,
    source text NOT NULL,
    subject text NOT NULL,
    known_since timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (subject_key, source)
);
COMMENT ON TABLE protaddr.register_person IS 'The people that each register source has told of, protected or not.';
COMMENT ON COLUMN protaddr.register_person.subject_key IS 'Canonical form of subject.';
COMMENT ON COLUMN protaddr.register_person.source IS 'Name of the register source.';
COMMENT ON COLUMN protaddr.register_person.subject IS 'The person''s identifier as first delivered.';
COMMENT ON COLUMN protaddr.register_person.known_since IS 'When the source first told of the person.';
CREATE TRIGGER own_table_changed BEFORE UPDATE OR DELETE ON protaddr.register_person
    FOR EACH ROW EXECUTE FUNCTION protaddr.own_table_changed();
-- whose address may leave hangs on it; once for a load of millions
CREATE TRIGGER own_table_filled BEFORE INSERT ON protaddr.register_person
    FOR EACH STATEMENT EXECUTE FUNCTION protaddr.own_table_changed();
CREATE TRIGGER own_table_truncated BEFORE TRUNCATE ON protaddr.register_person
    FOR EACH STATEMENT EXECUTE FUNCTION protaddr.own_table_changed();
ALTER TABLE protaddr.register_person ENABLE ALWAYS TRIGGER own_table_changed;
ALTER TABLE protaddr.register_person ENABLE ALWAYS TRIGGER own_table_filled;
ALTER TABLE protaddr.register_person ENABLE ALWAYS TRIGGER own_table_truncated;
SELECT pg_catalog.pg_extension_config_dump('protaddr.register_person', '');

-- ---------------------------------------------------------------------------
-- register/: identities
-- ---------------------------------------------------------------------------
CREATE FUNCTION protaddr.identity_link_checked() RETURNS trigger
    AS 'MODULE_PATHNAME', 'protaddr_identity_link_checked' LANGUAGE C VOLATILE CALLED ON NULL INPUT;
REVOKE ALL ON FUNCTION protaddr.identity_link_checked() FROM PUBLIC;
COMMENT ON FUNCTION protaddr.identity_link_checked() IS
'Trigger of protaddr.identity_link: announces a new link to every session at commit. Raises 22004 without an identifier or subject, 22023 for a link to itself, 54000 for a circle, a chain of more than 4 links, or an identifier that would stand for more than 64 subjects.';

CREATE TABLE protaddr.identity_link (
    identifier_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (protaddr.subject_key(identifier)) STORED,
    subject_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (protaddr.subject_key(subject)) STORED,
    identifier text NOT NULL,
    subject text NOT NULL,
    kind text,
    recorded_from timestamptz NOT NULL DEFAULT clock_timestamp(),
    recorded_to timestamptz NOT NULL DEFAULT 'infinity',
    recorded_by text NOT NULL DEFAULT session_user
);
COMMENT ON TABLE protaddr.identity_link IS
'Which identifier stands for whom: customer number, account (each holder one row), replaced CPR number. A chain of at most 4 links leads to the person. Whoever is protected protects what their identifiers are bound to. Load it with COPY protaddr.identity_link (identifier, subject, kind); grant INSERT to the loader.';
COMMENT ON COLUMN protaddr.identity_link.identifier_key IS 'Canonical form of identifier; what look-ups compare.';
COMMENT ON COLUMN protaddr.identity_link.subject_key IS 'Canonical form of subject.';
COMMENT ON COLUMN protaddr.identity_link.identifier IS 'What bound columns and gates may name, such as a customer number.';
COMMENT ON COLUMN protaddr.identity_link.subject IS 'Whom it stands for: the person''s key in the register, or an identifier that is linked on.';
COMMENT ON COLUMN protaddr.identity_link.kind IS 'What kind of identifier it is, in words; NULL: not told.';
COMMENT ON COLUMN protaddr.identity_link.recorded_from IS 'Since when this database knows it.';
COMMENT ON COLUMN protaddr.identity_link.recorded_to IS 'Until when it counted; infinity: it does.';
COMMENT ON COLUMN protaddr.identity_link.recorded_by IS 'Login role that entered it.';
CREATE UNIQUE INDEX identity_link_forward ON protaddr.identity_link (identifier_key, subject_key) WHERE recorded_to = 'infinity';
COMMENT ON INDEX protaddr.identity_link_forward IS 'Whom an identifier stands for now.';
CREATE INDEX identity_link_reverse ON protaddr.identity_link (subject_key, identifier_key) WHERE recorded_to = 'infinity';
COMMENT ON INDEX protaddr.identity_link_reverse IS 'What stands for a person now.';
CREATE TRIGGER identity_link_checked BEFORE INSERT ON protaddr.identity_link
    FOR EACH ROW EXECUTE FUNCTION protaddr.identity_link_checked();
CREATE TRIGGER own_table_changed BEFORE UPDATE OR DELETE ON protaddr.identity_link
    FOR EACH ROW EXECUTE FUNCTION protaddr.own_table_changed();
CREATE TRIGGER own_table_truncated BEFORE TRUNCATE ON protaddr.identity_link
    FOR EACH STATEMENT EXECUTE FUNCTION protaddr.own_table_changed();
ALTER TABLE protaddr.identity_link ENABLE ALWAYS TRIGGER identity_link_checked;
ALTER TABLE protaddr.identity_link ENABLE ALWAYS TRIGGER own_table_changed;
ALTER TABLE protaddr.identity_link ENABLE ALWAYS TRIGGER own_table_truncated;
SELECT pg_catalog.pg_extension_config_dump('protaddr.identity_link', '');

CREATE FUNCTION protaddr.link_identity(identifier text, subject text, kind text DEFAULT NULL) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO protaddr.identity_link (identifier, subject, kind)
    VALUES (btrim(link_identity.identifier), btrim(link_identity.subject), link_identity.kind)
    ON CONFLICT DO NOTHING;
    RETURN FOUND;
END
$$;
REVOKE ALL ON FUNCTION protaddr.link_identity(text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.link_identity(text, text, text) IS
'Records that an identifier stands for a subject; true if it is new. kind: what it is, in words. Errors as the trigger of protaddr.identity_link: 22004, 22023, 54000.';

CREATE FUNCTION protaddr.unlink_identity(identifier text, subject text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE protaddr.identity_link l SET recorded_to = clock_timestamp()
    WHERE l.identifier_key = protaddr.subject_key(unlink_identity.identifier)
      AND l.subject_key = protaddr.subject_key(unlink_identity.subject)
      AND l.recorded_to = 'infinity';
    RETURN FOUND;
END
$$;
REVOKE ALL ON FUNCTION protaddr.unlink_identity(text, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.unlink_identity(text, text) IS
'Ends a link: the identifier no longer stands for the subject. Like a lift it holds once committed, and the transaction that does it is shown nothing until then. True if there was one.';

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
                     WHERE r.regime = kind_of.regime AND r.code = kind_of.code), 'everything');
END;
REVOKE ALL ON FUNCTION protaddr.kind_of(text, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.kind_of(text, text) IS
'What a code hides: as protaddr.regime_code says; a code that is not there, or NULL, hides everything.';

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
      AND (p.kind IN ('none', 'address') OR protaddr.kind_of(protect.regime, protect.code) = 'everything')
      AND protaddr.kind_of(protect.regime, protect.code) NOT IN ('none', p.kind);
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

CREATE FUNCTION protaddr.confirm_register(source text, max_age interval DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF btrim(confirm_register.source, E' \t\r\n') IS NOT DISTINCT FROM '' OR confirm_register.source IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'null_value_not_allowed',
            MESSAGE = 'a register source needs a name';
    END IF;
    IF NOT confirm_register.max_age BETWEEN interval '1 minute' AND interval '1 year' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'max_age must be between a minute and a year';
    END IF;
    INSERT INTO protaddr.register_source AS s (source, current_as_of, max_age)
    VALUES (confirm_register.source, clock_timestamp(), confirm_register.max_age)
    ON CONFLICT ON CONSTRAINT register_source_pkey
    DO UPDATE SET current_as_of = EXCLUDED.current_as_of, confirmed_by = EXCLUDED.confirmed_by,
                  max_age = coalesce(EXCLUDED.max_age, s.max_age);
END
$$;
REVOKE ALL ON FUNCTION protaddr.confirm_register(text, interval) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.confirm_register(text, interval) IS
'Confirms that what the register holds from this source is complete as of now, so that addresses of people who are not protected may be disclosed for max_age (NULL: as before, or protaddr.register_max_age). For sources kept by hand, and for a change delivery that had nothing to say. Holds once committed. Raises 22004 without a name, 22023 for an age under a minute or over a year.';

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

CREATE TYPE protaddr.load_counts AS (
    persons bigint, protections bigint, protected bigint, newly_protected bigint, lifted bigint,
    unknown_codes bigint, replaced_numbers bigint, records bigint, skipped bigint,
    moment timestamptz, digest bytea
);
COMMENT ON TYPE protaddr.load_counts IS 'What the engine behind the load functions counts; see protaddr.load_result.';
CREATE TYPE protaddr.load_result AS (
    persons bigint, protections bigint, protected bigint, newly_protected bigint, lifted bigint,
    unknown_codes bigint, replaced_numbers bigint, records bigint, skipped bigint,
    task text, produced date, outcome text
);
COMMENT ON TYPE protaddr.load_result IS
'What a load did: people in the delivery; protection records of every kind; people protected; people newly protected and people lifted by it; records with a code that regime_code does not have (they protect); person numbers replaced by others; data records; records of types unknown to us; task number and production date; and the outcome: loaded, already loaded, or dry run.';

CREATE FUNCTION protaddr.load_cpr_bytes("extract" bytea, source text, encoding text, kind text) RETURNS protaddr.load_counts
    AS 'MODULE_PATHNAME', 'protaddr_load_cpr_bytes' LANGUAGE C STRICT VOLATILE;
REVOKE ALL ON FUNCTION protaddr.load_cpr_bytes(bytea, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.load_cpr_bytes(bytea, text, text, text) IS
'Part of protaddr.load_cpr(): parses a delivery and replaces its people, without the rules on gaps, repetition and lifts.';
CREATE FUNCTION protaddr.load_cpr_path(path text, source text, encoding text, kind text) RETURNS protaddr.load_counts
    AS 'MODULE_PATHNAME', 'protaddr_load_cpr_path' LANGUAGE C STRICT VOLATILE;
REVOKE ALL ON FUNCTION protaddr.load_cpr_path(text, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.load_cpr_path(text, text, text, text) IS
'Part of protaddr.load_cpr_file(): the same from a server file, streamed.';
CREATE FUNCTION protaddr.cpr_header(start bytea, encoding text, OUT task text, OUT produced date, OUT previous date) RETURNS record
    AS 'MODULE_PATHNAME', 'protaddr_cpr_header' LANGUAGE C STRICT IMMUTABLE;
REVOKE ALL ON FUNCTION protaddr.cpr_header(bytea, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.cpr_header(bytea, text) IS
'What the start record of a delivery says, from its first bytes: task number, production date, previous production date. NULLs where it does not.';
CREATE FUNCTION protaddr.cpr_file_start(path text) RETURNS bytea
    AS 'MODULE_PATHNAME', 'protaddr_cpr_file_start' LANGUAGE C STRICT VOLATILE;
REVOKE ALL ON FUNCTION protaddr.cpr_file_start(text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.cpr_file_start(text) IS
'Part of protaddr.load_cpr_file(): the first bytes of a server file. Raises 42501 unless the role has the privileges of pg_read_server_files.';
CREATE FUNCTION protaddr.note_refusal(source text, regime text, task text, produced date, why text) RETURNS boolean
    AS 'MODULE_PATHNAME', 'protaddr_note_refusal' LANGUAGE C CALLED ON NULL INPUT VOLATILE;
REVOKE ALL ON FUNCTION protaddr.note_refusal(text, text, text, date, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.note_refusal(text, text, text, date, text) IS
'Records a refused delivery in protaddr.register_delivery from a background worker, so that the record outlives the rollback. False, and a WARNING, if no worker could be had.';

CREATE FUNCTION protaddr.check_lifts(source text, lifted bigint, max_lifted bigint, confirm_lifted bigint) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    protected_before bigint;
    most bigint := check_lifts.max_lifted;
BEGIN
    IF most IS NULL THEN
        -- who is protected now, and who was until this load
        SELECT count(DISTINCT p.subject_key) INTO protected_before FROM protaddr.protection p
        WHERE p.source = check_lifts.source AND p.kind <> 'none' AND p.recorded_to = 'infinity'
          AND p.valid_to = 'infinity';
        most := greatest(20, ceil(0.01 * (protected_before + check_lifts.lifted)));
    END IF;
    IF check_lifts.lifted > most AND check_lifts.lifted IS DISTINCT FROM check_lifts.confirm_lifted THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('the delivery would lift %s people, more than %s', check_lifts.lifted, most),
            DETAIL = 'The register is as it was before.',
            HINT = format('If that is right, load it again with confirm_lifted => %s.', check_lifts.lifted);
    END IF;
END
$$;
REVOKE ALL ON FUNCTION protaddr.check_lifts(text, bigint, bigint, bigint) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.check_lifts(text, bigint, bigint, bigint) IS
'Part of the load functions: raises 55000 if a delivery lifts more people than max_lifted (NULL: 20 or 1 % of those protected, whichever is larger) and the very number was not confirmed.';

CREATE FUNCTION protaddr.load_cpr_delivery(
    "extract" bytea, path text, source text, encoding text, kind text, after_gap boolean, reason text,
    max_lifted bigint, confirm_lifted bigint, dry_run boolean
) RETURNS protaddr.load_result
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    header record;
    last protaddr.register_delivery;
    counts protaddr.load_counts;
    result protaddr.load_result;
    why text;
    state text;
BEGIN
    IF source IS NULL OR encoding IS NULL OR kind IS NULL OR (path IS NULL) = ("extract" IS NULL)
       OR after_gap IS NULL OR dry_run IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'null_value_not_allowed',
            MESSAGE = 'a delivery, its source, encoding and kind must be given, and after_gap and dry_run be true or false';
    END IF;
    IF kind NOT IN ('delivery', 'reply', 'bitemporal') THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'there is no such kind of delivery',
            HINT = 'kind is delivery, reply (one person) or bitemporal (records 015 and 016 without start and end record).';
    END IF;
    IF after_gap AND btrim(coalesce(reason, ''), E' \t\r\n') = '' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'null_value_not_allowed',
            MESSAGE = 'after_gap needs a reason',
            HINT = 'It is recorded in protaddr.register_delivery.';
    END IF;
    SELECT h.* INTO header FROM protaddr.cpr_header(coalesce(substring("extract" FROM 1 FOR 4096), protaddr.cpr_file_start(path)), encoding) h;

    BEGIN
        -- one load at a time, and each sees what the one before has left
        LOCK TABLE protaddr.protection IN SHARE ROW EXCLUSIVE MODE;
        IF kind = 'delivery' THEN
            SELECT d.* INTO last FROM protaddr.register_delivery d
            WHERE d.source = source AND d.task = header.task AND d.outcome = 'loaded'
            ORDER BY d.id DESC LIMIT 1;
            IF header.produced < last.produced THEN
                RAISE EXCEPTION USING
                    ERRCODE = 'object_not_in_prerequisite_state',
                    MESSAGE = 'the delivery is older than the last one of its task',
                    DETAIL = format('It was produced on %s, the last one on %s.', header.produced, last.produced),
                    HINT = 'What it says has been replaced already.';
            ELSIF header.produced > last.produced AND header.previous IS DISTINCT FROM last.produced AND NOT after_gap THEN
                RAISE EXCEPTION USING
                    ERRCODE = 'object_not_in_prerequisite_state',
                    MESSAGE = 'a delivery is missing',
                    DETAIL = format('This one follows the one of %s; the last one loaded is of %s.',
                                    coalesce(header.previous::text, 'no date'), last.produced),
                    HINT = 'Load the missing ones first, or this one with after_gap => true and a reason.';
            END IF;
        END IF;

        -- a reply of an earlier day would take the place of newer word
        IF kind = 'reply' AND NOT after_gap AND header.produced < (SELECT max(d.produced) FROM protaddr.register_delivery d
                                                WHERE d.source = source AND d.outcome = 'loaded') THEN
            RAISE EXCEPTION USING
                ERRCODE = 'object_not_in_prerequisite_state',
                MESSAGE = 'the reply is older than what its source has delivered since',
                HINT = 'If it is to take the place of newer word all the same, load it with after_gap => true and a reason.';
        END IF;

        IF path IS NULL THEN
            counts := protaddr.load_cpr_bytes("extract", source, encoding, kind);
        ELSE
            counts := protaddr.load_cpr_path(path, source, encoding, kind);
        END IF;

        result := ROW(counts.persons, counts.protections, counts.protected, counts.newly_protected, counts.lifted,
                      counts.unknown_codes, counts.replaced_numbers, counts.records, counts.skipped,
                      header.task, header.produced, 'loaded');
        IF kind = 'delivery' AND header.produced = last.produced THEN
            IF counts.digest = last.digest THEN
                -- nothing of it stays: what was loaded since may have changed what it says
                RAISE EXCEPTION USING ERRCODE = 'PASAM', MESSAGE = 'already loaded';
            ELSIF NOT after_gap THEN
                RAISE EXCEPTION USING
                    ERRCODE = 'object_not_in_prerequisite_state',
                    MESSAGE = 'another delivery of the same task and production date is loaded already',
                    HINT = 'If this one is to take its place, load it with after_gap => true and a reason.';
            END IF;
        END IF;
        -- such a file has no date: the same bytes again make nothing fresher
        IF kind = 'bitemporal' AND EXISTS (SELECT FROM protaddr.register_delivery d
                                           WHERE d.source = source AND d.digest = counts.digest AND d.outcome = 'loaded') THEN
            RAISE EXCEPTION USING ERRCODE = 'PASAM', MESSAGE = 'already loaded';
        END IF;
        PERFORM protaddr.check_lifts(source, counts.lifted, max_lifted, confirm_lifted);

        IF dry_run THEN
            RAISE EXCEPTION USING ERRCODE = 'PADRY', MESSAGE = 'dry run';
        END IF;
    EXCEPTION
        WHEN SQLSTATE 'PADRY' THEN
            result.outcome := 'dry run';
            RETURN result;
        WHEN SQLSTATE 'PASAM' THEN
            RAISE NOTICE 'this delivery is loaded already: nothing has changed';
            result.newly_protected := 0;
            result.lifted := 0;
            result.replaced_numbers := 0;
            result.outcome := 'already loaded';
            RETURN result;
        WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, why = MESSAGE_TEXT;
            IF NOT dry_run THEN
                PERFORM protaddr.note_refusal(source, 'DK-CPR', header.task, header.produced, format('refused: %s %s', state, why));
            END IF;
            RAISE;
    END;

    INSERT INTO protaddr.register_delivery (source, regime, task, produced, previous, outcome, persons, records, protections,
        protected, newly_protected, lifted, unknown_codes, replaced_numbers, skipped, digest, after_gap, reason)
    -- a reply has the task number of the deliveries but is none of them
    VALUES (source, 'DK-CPR', CASE WHEN kind = 'delivery' THEN header.task END, header.produced, header.previous, result.outcome, counts.persons, counts.records,
        counts.protections, counts.protected, counts.newly_protected, counts.lifted, counts.unknown_codes,
        counts.replaced_numbers, counts.skipped, counts.digest, after_gap, reason);
    -- a reply is about one person: it says nothing of how fresh the rest is
    IF kind <> 'reply' THEN
        INSERT INTO protaddr.register_source AS s (source, current_as_of, regime)
        VALUES (source, counts.moment, 'DK-CPR')
        ON CONFLICT ON CONSTRAINT register_source_pkey
        DO UPDATE SET current_as_of = EXCLUDED.current_as_of, regime = EXCLUDED.regime, confirmed_by = EXCLUDED.confirmed_by;
    END IF;
    RETURN result;
END
$$;
REVOKE ALL ON FUNCTION protaddr.load_cpr_delivery(bytea, text, text, text, text, boolean, text, bigint, bigint, boolean) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.load_cpr_delivery(bytea, text, text, text, text, boolean, text, bigint, bigint, boolean) IS
'Part of protaddr.load_cpr() and load_cpr_file(): the rules on gaps, repetition, age and lifts, and the record of the delivery.';

CREATE FUNCTION protaddr.load_cpr(
    "extract" bytea, source text DEFAULT 'DK-CPR', encoding text DEFAULT 'ISO-8859-1', kind text DEFAULT 'delivery',
    after_gap boolean DEFAULT false, reason text DEFAULT NULL,
    max_lifted bigint DEFAULT NULL, confirm_lifted bigint DEFAULT NULL, dry_run boolean DEFAULT false
) RETURNS protaddr.load_result
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN protaddr.load_cpr_delivery("extract", NULL, source, encoding, kind, after_gap, reason, max_lifted, confirm_lifted, dry_run);
END
$$;
REVOKE ALL ON FUNCTION protaddr.load_cpr(bytea, text, text, text, boolean, text, bigint, bigint, boolean) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.load_cpr(bytea, text, text, text, boolean, text, bigint, bigint, boolean) IS
'Loads a delivery of the Danish population register (U12170-type extract), whole or not at all; see protaddr.load_result for what it returns. Each person in it is replaced: what the source said before and says no longer has ended; a delete date (SLET_DT) ends nothing; people not in it stay as they were, and so does what was entered by hand; a replaced number (PNRGAELD) hands its protections on. kind: delivery, reply (one person) or bitemporal. Refused (55000): a delivery older than the last of its task, one after a gap (PRODDTOFORRIG) unless after_gap with a reason, and one that lifts more than max_lifted people (NULL: 20 or 1 %, whichever is larger) unless confirm_lifted is that very number. The same delivery twice changes nothing and says so. dry_run: reports and changes nothing. Raises 22P02 with the record''s number and offset, and nothing else of it, if the delivery is cut off, miscounted or malformed; 22023 for an unknown encoding or kind.';

CREATE FUNCTION protaddr.load_cpr_file(
    path text, source text DEFAULT 'DK-CPR', encoding text DEFAULT 'ISO-8859-1', kind text DEFAULT 'delivery',
    after_gap boolean DEFAULT false, reason text DEFAULT NULL,
    max_lifted bigint DEFAULT NULL, confirm_lifted bigint DEFAULT NULL, dry_run boolean DEFAULT false
) RETURNS protaddr.load_result
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN protaddr.load_cpr_delivery(NULL, path, source, encoding, kind, after_gap, reason, max_lifted, confirm_lifted, dry_run);
END
$$;
REVOKE ALL ON FUNCTION protaddr.load_cpr_file(text, text, text, text, boolean, text, bigint, bigint, boolean) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.load_cpr_file(text, text, text, text, boolean, text, bigint, bigint, boolean) IS
'The same as protaddr.load_cpr() from a file on the server, streamed in constant memory; progress in NOTICEs and in protaddr.load_progress. path: as for pg_read_binary_file. The role must have the privileges of pg_read_server_files (42501).';

CREATE TABLE protaddr.register_staging (
    source text NOT NULL,
    subject text NOT NULL,
    code text,
    valid_from timestamptz,
    valid_to timestamptz,
    delete_hint date,
    replaced_by text
);
COMMENT ON TABLE protaddr.register_staging IS
'Where a delivery in anyone''s format is put, with COPY, for protaddr.load_staged(): one row for each protection, and one with a NULL code for a person who has none. Emptied by the load.';
COMMENT ON COLUMN protaddr.register_staging.source IS 'Name of the register source.';
COMMENT ON COLUMN protaddr.register_staging.subject IS 'The person''s identifier.';
COMMENT ON COLUMN protaddr.register_staging.code IS 'The register''s code; NULL: the person has no protection.';
COMMENT ON COLUMN protaddr.register_staging.valid_from IS 'Since when; NULL: not told.';
COMMENT ON COLUMN protaddr.register_staging.valid_to IS 'When it truly ended; NULL: it has not. Never a planned end: that is delete_hint.';
COMMENT ON COLUMN protaddr.register_staging.delete_hint IS 'A planned end, which ends nothing.';
COMMENT ON COLUMN protaddr.register_staging.replaced_by IS 'The identifier that took the place of this one; NULL: none.';

CREATE FUNCTION protaddr.load_staged_rows(source text, regime text) RETURNS protaddr.load_counts
    AS 'MODULE_PATHNAME', 'protaddr_load_staged_rows' LANGUAGE C STRICT VOLATILE;
REVOKE ALL ON FUNCTION protaddr.load_staged_rows(text, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.load_staged_rows(text, text) IS
'Part of protaddr.load_staged(): replaces the people of protaddr.register_staging, without the rules on lifts.';

CREATE FUNCTION protaddr.load_staged(
    source text, regime text, reason text DEFAULT NULL,
    max_lifted bigint DEFAULT NULL, confirm_lifted bigint DEFAULT NULL, dry_run boolean DEFAULT false
) RETURNS protaddr.load_result
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    counts protaddr.load_counts;
    result protaddr.load_result;
    why text;
    state text;
BEGIN
    IF source IS NULL OR regime IS NULL OR dry_run IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'null_value_not_allowed',
            MESSAGE = 'a load needs a source and a regime, and dry_run be true or false';
    END IF;
    BEGIN
        -- what is read is what is removed, and nothing comes in between
        LOCK TABLE protaddr.protection, protaddr.register_staging IN SHARE ROW EXCLUSIVE MODE;
        counts := protaddr.load_staged_rows(source, regime);
        IF counts.records = 0 THEN
            RAISE EXCEPTION USING
                ERRCODE = 'object_not_in_prerequisite_state',
                MESSAGE = 'nothing is staged for this source',
                HINT = 'If the register has nothing to say, protaddr.confirm_register() says that it is up to date.';
        END IF;
        result := ROW(counts.persons, counts.protections, counts.protected, counts.newly_protected, counts.lifted,
                      counts.unknown_codes, counts.replaced_numbers, counts.records, counts.skipped, NULL, NULL, 'loaded');
        PERFORM protaddr.check_lifts(source, counts.lifted, max_lifted, confirm_lifted);
        IF dry_run THEN
            RAISE EXCEPTION USING ERRCODE = 'PADRY', MESSAGE = 'dry run';
        END IF;
    EXCEPTION
        WHEN SQLSTATE 'PADRY' THEN
            result.outcome := 'dry run';
            RETURN result;
        WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, why = MESSAGE_TEXT;
            IF NOT dry_run THEN
                PERFORM protaddr.note_refusal(source, regime, NULL, NULL, format('refused: %s %s', state, why));
            END IF;
            RAISE;
    END;
    DELETE FROM protaddr.register_staging s WHERE s.source = source;
    INSERT INTO protaddr.register_delivery (source, regime, outcome, persons, records, protections,
        protected, newly_protected, lifted, unknown_codes, replaced_numbers, skipped, digest, reason)
    VALUES (source, regime, result.outcome, counts.persons, counts.records, counts.protections, counts.protected,
        counts.newly_protected, counts.lifted, counts.unknown_codes, counts.replaced_numbers, 0, NULL, reason);
    INSERT INTO protaddr.register_source AS s (source, current_as_of, regime)
    VALUES (source, counts.moment, regime)
    ON CONFLICT ON CONSTRAINT register_source_pkey
    DO UPDATE SET current_as_of = EXCLUDED.current_as_of, regime = EXCLUDED.regime, confirmed_by = EXCLUDED.confirmed_by;
    RETURN result;
END
$$;
REVOKE ALL ON FUNCTION protaddr.load_staged(text, text, text, bigint, bigint, boolean) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.load_staged(text, text, text, bigint, bigint, boolean) IS
'Loads what stands in protaddr.register_staging for a source, whole or not at all, and empties it there: each person in it is replaced, as by protaddr.load_cpr(), with the same limit on lifts, dry run and record. regime: whose codes they are, see protaddr.regime_code. Raises 22004, 55000.';

CREATE FUNCTION protaddr.load_register(
    regime text, people jsonb, source text DEFAULT NULL, reason text DEFAULT NULL,
    max_lifted bigint DEFAULT NULL, confirm_lifted bigint DEFAULT NULL, dry_run boolean DEFAULT false
) RETURNS protaddr.load_result
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    into_source text := coalesce(source, regime);
    result protaddr.load_result;
BEGIN
    IF regime IS NULL OR jsonb_typeof(people) IS DISTINCT FROM 'array'
       OR EXISTS (SELECT FROM jsonb_array_elements(people) p
                  WHERE jsonb_typeof(p) <> 'object' OR protaddr.subject_key(p ->> 'subject') IS NULL
                     OR jsonb_typeof(p -> 'subject') NOT IN ('string', 'number')
                     OR jsonb_typeof(p -> 'replaced_by') NOT IN ('string', 'number', 'null')
                     OR jsonb_typeof(p -> 'protections') IS DISTINCT FROM 'array'
                     OR EXISTS (SELECT FROM jsonb_object_keys(p) k WHERE k NOT IN ('subject', 'protections', 'replaced_by'))
                     OR (jsonb_typeof(p -> 'protections') = 'array'
                         AND EXISTS (SELECT FROM jsonb_array_elements(p -> 'protections') c
                                     WHERE jsonb_typeof(c) <> 'object' OR c ->> 'code' IS NULL
                                        OR jsonb_typeof(c -> 'code') IN ('object', 'array')
                                        OR EXISTS (SELECT FROM jsonb_object_keys(c) k
                                                   WHERE k NOT IN ('code', 'valid_from', 'valid_to', 'delete_hint')))))
    THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'the people are not given as they must be',
            HINT = '[{"subject": "...", "protections": [{"code": "...", "valid_from": "...", "delete_hint": "..."}]}, ...]; a person without protections has an empty list.';
    END IF;
    -- what somebody else has staged for the source is another delivery
    IF EXISTS (SELECT FROM protaddr.register_staging s WHERE s.source = into_source) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_in_use',
            MESSAGE = 'something is staged for this source already',
            HINT = 'protaddr.load_staged() loads it.';
    END IF;
    BEGIN
        INSERT INTO protaddr.register_staging (source, subject, code, valid_from, valid_to, delete_hint, replaced_by)
        SELECT into_source,
               CASE jsonb_typeof(p -> 'subject') WHEN 'number' THEN trim_scale((p ->> 'subject')::numeric)::text ELSE p ->> 'subject' END,
               c ->> 'code', (c ->> 'valid_from')::timestamptz, (c ->> 'valid_to')::timestamptz,
               (c ->> 'delete_hint')::date,
               CASE jsonb_typeof(p -> 'replaced_by') WHEN 'number' THEN trim_scale((p ->> 'replaced_by')::numeric)::text ELSE p ->> 'replaced_by' END
        FROM jsonb_array_elements(people) p
        LEFT JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(p -> 'protections') WHEN 'array' THEN p -> 'protections' ELSE '[]' END) c ON true;
    EXCEPTION WHEN data_exception THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_datetime_format',
            MESSAGE = 'a time or date of the delivery is none',
            HINT = 'valid_from and valid_to are timestamps, delete_hint is a date.';
    END;
    result := protaddr.load_staged(into_source, regime, reason, max_lifted, confirm_lifted, dry_run);
    IF dry_run THEN
        DELETE FROM protaddr.register_staging s WHERE s.source = into_source;
    END IF;
    RETURN result;
END
$$;
REVOKE ALL ON FUNCTION protaddr.load_register(text, jsonb, text, text, bigint, bigint, boolean) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.load_register(text, jsonb, text, text, bigint, bigint, boolean) IS
'Loads a delivery of any register from JSON: [{"subject": "...", "protections": [{"code": "...", "valid_from": "...", "valid_to": "...", "delete_hint": "..."}], "replaced_by": "..."}, ...]; a person with an empty list has no protection. source: NULL names it after the regime. The rest as protaddr.load_staged(). Raises 22023 or 22007 without repeating anything of it.';

CREATE VIEW protaddr.load_progress AS
SELECT c.pid, a.usename AS loaded_by, date_trunc('second', clock_timestamp() - a.query_start) AS running,
       c.param11 AS persons,
       round(c.param11 / greatest(extract(epoch FROM clock_timestamp() - a.query_start), 0.001)) AS persons_per_second,
       c.param12 AS bytes_processed, c.param13 AS bytes_total,
       CASE WHEN c.param13 > 0 THEN round(100.0 * c.param12 / c.param13, 1) END AS percent
FROM pg_stat_get_progress_info('COPY') c JOIN pg_stat_activity a USING (pid)
WHERE c.relid = 'protaddr.protection'::regclass AND a.datname = current_database();
GRANT SELECT ON protaddr.load_progress TO pg_monitor;
COMMENT ON VIEW protaddr.load_progress IS 'The register loads running now, to watch from another session.';
COMMENT ON COLUMN protaddr.load_progress.pid IS 'Process that loads.';
COMMENT ON COLUMN protaddr.load_progress.loaded_by IS 'Login role.';
COMMENT ON COLUMN protaddr.load_progress.running IS 'How long its statement has run.';
COMMENT ON COLUMN protaddr.load_progress.persons IS 'People replaced so far.';
COMMENT ON COLUMN protaddr.load_progress.persons_per_second IS 'The rate.';
COMMENT ON COLUMN protaddr.load_progress.bytes_processed IS 'Bytes of the delivery read.';
COMMENT ON COLUMN protaddr.load_progress.bytes_total IS 'Bytes of the delivery; 0 if not known.';
COMMENT ON COLUMN protaddr.load_progress.percent IS 'Share read, in percent; NULL if not known.';

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
SELECT s.source, s.regime,
       CASE WHEN s.current_as_of + coalesce(s.max_age, protaddr.register_max_age()) > clock_timestamp() THEN 'fresh' ELSE 'stale' END AS status,
       date_trunc('second', clock_timestamp() - s.current_as_of) AS age,
       s.current_as_of + coalesce(s.max_age, protaddr.register_max_age()) AS stale_at,
       l.task AS last_task, l.produced AS last_produced, l.loaded_at AS last_loaded,
       (SELECT count(*) FROM protaddr.register_person p WHERE p.source = s.source) AS persons,
       (SELECT count(DISTINCT p.subject_key) FROM protaddr.protection p
        WHERE p.source = s.source AND p.recorded_to = 'infinity' AND p.valid_to = 'infinity' AND p.kind <> 'none') AS protected,
       (SELECT count(*) FROM protaddr.protection p
        WHERE p.source = s.source AND p.recorded_to = 'infinity' AND p.valid_to = 'infinity') AS protections,
       (SELECT count(*) FROM protaddr.register_delivery d WHERE d.source = s.source AND d.outcome = 'loaded') AS deliveries,
       (SELECT count(*) FROM protaddr.register_delivery d WHERE d.source = s.source AND d.after_gap) AS gaps,
       (SELECT count(*) FROM protaddr.register_delivery d WHERE d.source = s.source AND d.outcome LIKE 'refused%') AS refused
FROM protaddr.register_source s
LEFT JOIN LATERAL (SELECT d.* FROM protaddr.register_delivery d WHERE d.source = s.source AND d.outcome = 'loaded'
                   ORDER BY d.id DESC LIMIT 1) l ON true
ORDER BY s.source;
GRANT SELECT ON protaddr.register_status TO pg_monitor;
COMMENT ON VIEW protaddr.register_status IS
'The register sources: how fresh each is, its last delivery, and how many were loaded, loaded after a gap, and refused. Counts only, no person. Empty: nothing is disclosed.';
COMMENT ON COLUMN protaddr.register_status.source IS 'Name of the source.';
COMMENT ON COLUMN protaddr.register_status.regime IS 'Whose codes it delivers.';
COMMENT ON COLUMN protaddr.register_status.status IS 'fresh or stale.';
COMMENT ON COLUMN protaddr.register_status.age IS 'How long ago it was loaded or confirmed.';
COMMENT ON COLUMN protaddr.register_status.stale_at IS 'From when on nothing is disclosed unless it is loaded or confirmed again.';
COMMENT ON COLUMN protaddr.register_status.last_task IS 'Task number of the last delivery.';
COMMENT ON COLUMN protaddr.register_status.last_produced IS 'Production date of the last delivery.';
COMMENT ON COLUMN protaddr.register_status.last_loaded IS 'When the last delivery was loaded.';
COMMENT ON COLUMN protaddr.register_status.persons IS 'People it has told of.';
COMMENT ON COLUMN protaddr.register_status.protected IS 'People it protects now.';
COMMENT ON COLUMN protaddr.register_status.protections IS 'Protection rows in force, of every kind.';
COMMENT ON COLUMN protaddr.register_status.deliveries IS 'Deliveries loaded.';
COMMENT ON COLUMN protaddr.register_status.gaps IS 'Deliveries loaded although one before was missing.';
COMMENT ON COLUMN protaddr.register_status.refused IS 'Deliveries refused.';

-- ---------------------------------------------------------------------------
-- register/: history, codes, review
--
-- Who reads history: SELECT on protection_period and register_review, EXECUTE on
-- people_of, protection_history, protection_at, protected_between and
-- register_review_values.  Who loads needs none of it, and gets none by loading.
-- ---------------------------------------------------------------------------
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
        SELECT l.subject_key
        FROM people p JOIN protaddr.identity_link l ON l.identifier_key = p.key
        WHERE l.recorded_to = 'infinity'
    )
    SELECT key FROM people;
END;
REVOKE ALL ON FUNCTION protaddr.people_of(text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.people_of(text) IS
'Canonical keys of everybody an identifier stands for now, its own key first: identity links followed to their end, a circle once. No rows for NULL and for an identifier with nothing in it. Raises 22001 over 64 bytes. For readers of history; tells nothing of protection.';

CREATE FUNCTION protaddr.protection_history(subject text) RETURNS TABLE (
    regime text, code text, kind text, source text,
    valid_from timestamptz, valid_to timestamptz, delete_hint date,
    recorded_from timestamptz, recorded_to timestamptz, recorded_by text, reason text, in_force boolean
)
    LANGUAGE sql STABLE STRICT SECURITY DEFINER PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT p.regime, p.code, p.kind, p.source, p.valid_from, p.valid_to, p.delete_hint,
           p.recorded_from, p.recorded_to, p.recorded_by, p.reason,
           p.recorded_to = 'infinity' AND p.valid_to = 'infinity'
    FROM protaddr.protection p
    WHERE p.subject_key IN (SELECT protaddr.people_of(protection_history.subject))
    ORDER BY p.recorded_from, p.id;
END;
REVOKE ALL ON FUNCTION protaddr.protection_history(text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.protection_history(text) IS
'All that was ever recorded of whoever the identifier stands for now, in the order it was learned, codes that hide nothing included. valid: when it held; recorded: when this database knew; recorded_to infinity: it still is what is known; delete_hint ends nothing; in_force: holds now. No rows for NULL and for whom the register does not know. Raises 22001. For readers of history.';

CREATE FUNCTION protaddr.protection_at(
    subject text, valid_at timestamptz, known_at timestamptz DEFAULT clock_timestamp()
) RETURNS boolean
    LANGUAGE sql STABLE STRICT SECURITY DEFINER PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH RECURSIVE people (key) AS (
        SELECT k COLLATE "C" FROM protaddr.subject_key(protection_at.subject) k WHERE k IS NOT NULL
        UNION
        SELECT l.subject_key
        FROM people p JOIN LATERAL (
            SELECT i.subject_key, i.recorded_from FROM protaddr.identity_link i
            WHERE i.identifier_key = p.key AND i.recorded_to = 'infinity'
            UNION ALL
            SELECT i.subject_key, i.recorded_from FROM protaddr.identity_link i
            WHERE i.identifier_key = p.key AND i.recorded_to <> 'infinity' AND i.recorded_to > protection_at.valid_at
        ) l ON l.recorded_from <= protection_at.known_at
    )
    SELECT bool_or(EXISTS (
        SELECT FROM protaddr.protection r
        WHERE r.subject_key = p.key AND r.kind <> 'none'
          AND r.recorded_from <= protection_at.known_at
          AND (r.recorded_to > protection_at.known_at OR r.recorded_to = 'infinity')
          AND r.valid_from <= protection_at.valid_at
          AND (r.valid_to > protection_at.valid_at OR r.valid_to = 'infinity')))
    FROM people p;
END;
REVOKE ALL ON FUNCTION protaddr.protection_at(text, timestamptz, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.protection_at(text, timestamptz, timestamptz) IS
'Was the person protected at valid_at, by what this database knew at known_at (default: by what it knows now)? Resolves the identity links it knew then; one that has ended counts for the time before its end. False for whom the register did not know; nothing is known from before the installation. A protection counts as known from the load that brought it, which may be seconds before its commit. NULL for NULL and for an identifier with nothing in it. Raises 22001. For readers of history; what holds now is asked with protaddr.is_protected(), and for many at once with protaddr.protection_period.';

CREATE FUNCTION protaddr.protected_between(
    from_time timestamptz, to_time timestamptz, known_at timestamptz DEFAULT clock_timestamp()
) RETURNS TABLE (subject text, kind text, since timestamptz, until timestamptz)
    LANGUAGE sql STABLE STRICT SECURITY DEFINER PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT s.subject, s.kind, lower(u.period), upper(u.period)
    FROM (SELECT max(p.subject) AS subject, p.kind, range_agg(tstzrange(p.valid_from, p.valid_to)) AS periods
          FROM protaddr.protection p
          WHERE p.kind <> 'none' AND p.valid_from < p.valid_to
            AND p.recorded_from <= protected_between.known_at
            AND (p.recorded_to > protected_between.known_at OR p.recorded_to = 'infinity')
          GROUP BY p.subject_key, p.kind) s,
         LATERAL unnest(s.periods) AS u (period)
    WHERE upper(u.period) > protected_between.from_time
      AND (lower(u.period) < protected_between.to_time OR lower(u.period) <= protected_between.from_time)
    ORDER BY s.subject, lower(u.period), s.kind;
END;
REVOKE ALL ON FUNCTION protaddr.protected_between(timestamptz, timestamptz, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.protected_between(timestamptz, timestamptz, timestamptz) IS
'Everybody who was protected at some moment from from_time until before to_time (the same twice: at that moment), by what this database knew at known_at (default: knows now). One row for each unbroken period of each kind, of whatever codes and sources; since and until tell the whole of it: -infinity: not told since when; infinity: still in force. subject: as delivered. No rows for a NULL. For readers of history.';

-- The same for many at once: from the protected, who are few, back to what stands for
-- them.  A link that has ended goes on telling whom the identifier stood for before.
CREATE VIEW protaddr.protection_period AS
WITH RECURSIVE period (identifier, subject, kind, valid_from, valid_to, recorded_from, recorded_to) AS (
    SELECT p.subject_key, p.subject_key, p.kind::text, p.valid_from, p.valid_to, p.recorded_from, p.recorded_to
    FROM protaddr.protection p
    WHERE p.kind <> 'none' AND p.valid_from < p.valid_to AND p.recorded_from < p.recorded_to
    UNION
    SELECT l.identifier_key, p.subject, p.kind, p.valid_from, least(p.valid_to, l.recorded_to),
           greatest(p.recorded_from, l.recorded_from), p.recorded_to
    FROM period p JOIN LATERAL (
        SELECT i.identifier_key, i.recorded_from, i.recorded_to FROM protaddr.identity_link i
        WHERE i.subject_key = p.identifier AND i.recorded_to = 'infinity'
        UNION ALL
        SELECT i.identifier_key, i.recorded_from, i.recorded_to FROM protaddr.identity_link i
        WHERE i.subject_key = p.identifier AND i.recorded_to <> 'infinity'
    ) l ON p.valid_from < l.recorded_to AND l.recorded_from < p.recorded_to
)
SELECT identifier, subject, kind, valid_from, valid_to, recorded_from, recorded_to FROM period;
COMMENT ON VIEW protaddr.protection_period IS
'Every period of protection under every identifier that stood for its person: to be joined with payments, in one go. Protected at time t as known at time k: valid_from <= t AND t < valid_to AND recorded_from <= k AND k < recorded_to; as known now: recorded_to = ''infinity''. Join on identifier = protaddr.subject_key(payments.payer). Codes that hide nothing are left out. A link that has ended counts for the time before its end, also one that was wrong. For readers of history: GRANT SELECT.';
COMMENT ON COLUMN protaddr.protection_period.identifier IS 'Canonical key of an identifier: the person''s own, or one linked to them.';
COMMENT ON COLUMN protaddr.protection_period.subject IS 'Canonical key of the protected person.';
COMMENT ON COLUMN protaddr.protection_period.kind IS 'What is hidden.';
COMMENT ON COLUMN protaddr.protection_period.valid_from IS 'Since when it holds; -infinity: not told.';
COMMENT ON COLUMN protaddr.protection_period.valid_to IS 'When it, or the identifier''s link, ended; infinity: neither has.';
COMMENT ON COLUMN protaddr.protection_period.recorded_from IS 'Since when this database knows the protection and the link.';
COMMENT ON COLUMN protaddr.protection_period.recorded_to IS 'Until when it took them for true; infinity: it still does.';

CREATE TABLE protaddr.substitute_address (
    subject_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (protaddr.subject_key(subject)) STORED,
    id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    subject text NOT NULL,
    address protaddr.address NOT NULL,
    description text NOT NULL,
    recorded_from timestamptz NOT NULL DEFAULT clock_timestamp(),
    recorded_to timestamptz NOT NULL DEFAULT 'infinity',
    recorded_by text NOT NULL DEFAULT session_user
);
COMMENT ON TABLE protaddr.substitute_address IS
'What may be disclosed in place of a person''s address: Finland''s yhteysosoite, the box of Skatteverket''s mail service, the agency''s street address of a US address confidentiality programme. Changed with protaddr.set_substitute() and drop_substitute(), which close and add.';
COMMENT ON COLUMN protaddr.substitute_address.subject_key IS 'Canonical form of subject.';
COMMENT ON COLUMN protaddr.substitute_address.id IS 'Number of the row.';
COMMENT ON COLUMN protaddr.substitute_address.subject IS 'The person''s identifier as entered.';
COMMENT ON COLUMN protaddr.substitute_address.address IS 'The substitute, sealed as it was entered.';
COMMENT ON COLUMN protaddr.substitute_address.description IS 'Which substitute it is and who says so. No address.';
COMMENT ON COLUMN protaddr.substitute_address.recorded_from IS 'Since when it is used.';
COMMENT ON COLUMN protaddr.substitute_address.recorded_to IS 'Until when it was used; infinity: it still is.';
COMMENT ON COLUMN protaddr.substitute_address.recorded_by IS 'Login role that entered it.';
CREATE UNIQUE INDEX substitute_address_one ON protaddr.substitute_address (subject_key) WHERE recorded_to = 'infinity';
COMMENT ON INDEX protaddr.substitute_address_one IS 'The one substitute of a person now.';
CREATE INDEX substitute_address_history ON protaddr.substitute_address (subject_key, recorded_from);
COMMENT ON INDEX protaddr.substitute_address_history IS 'The substitutes a person ever had.';
CREATE TRIGGER own_table_changed BEFORE INSERT OR UPDATE OR DELETE ON protaddr.substitute_address
    FOR EACH ROW EXECUTE FUNCTION protaddr.own_table_changed();
CREATE TRIGGER own_table_truncated BEFORE TRUNCATE ON protaddr.substitute_address
    FOR EACH STATEMENT EXECUTE FUNCTION protaddr.own_table_changed();
ALTER TABLE protaddr.substitute_address ENABLE ALWAYS TRIGGER own_table_changed;
ALTER TABLE protaddr.substitute_address ENABLE ALWAYS TRIGGER own_table_truncated;
SELECT pg_catalog.pg_extension_config_dump('protaddr.substitute_address', '');
SELECT pg_catalog.pg_extension_config_dump('protaddr.substitute_address_id_seq', '');

CREATE FUNCTION protaddr.substitute_fits(address protaddr.address, subject text) RETURNS boolean
    AS 'MODULE_PATHNAME', 'protaddr_substitute_fits' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION protaddr.substitute_fits(protaddr.address, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.substitute_fits(protaddr.address, text) IS
'Part of protaddr.set_substitute(): true if the value concerns this subject alone, or nobody and was typed in by the role that asks or that role may bind. False if the value''s key is not here. NULL for NULL.';

CREATE FUNCTION protaddr.set_substitute(subject text, address protaddr.address, description text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    moment timestamptz;
    replaced boolean;
BEGIN
    IF protaddr.subject_key(set_substitute.subject) IS NULL OR set_substitute.address IS NULL
       OR btrim(coalesce(set_substitute.description, ''), E' \t\r\n') = '' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'null_value_not_allowed',
            MESSAGE = 'a substitute address needs a subject, an address and a description';
    END IF;
    IF NOT protaddr.substitute_fits(set_substitute.address, set_substitute.subject) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'the address cannot stand in for this person''s',
            DETAIL = 'It concerns somebody else, or nobody yet and somebody else typed it in, or its key is not here.',
            HINT = 'Type the substitute in: protaddr.set_substitute(subject, ''{"PstBx": "...", ...}'', description).';
    END IF;
    -- two at once wait for each other
    LOCK TABLE protaddr.substitute_address IN SHARE ROW EXCLUSIVE MODE;
    moment := clock_timestamp();
    UPDATE protaddr.substitute_address s SET recorded_to = moment
    WHERE s.subject_key = protaddr.subject_key(set_substitute.subject) AND s.recorded_to = 'infinity';
    replaced := FOUND;
    INSERT INTO protaddr.substitute_address (subject, address, description, recorded_from)
    VALUES (btrim(set_substitute.subject), set_substitute.address, set_substitute.description, moment);
    RETURN replaced;
END
$$;
REVOKE ALL ON FUNCTION protaddr.set_substitute(text, protaddr.address, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.set_substitute(text, protaddr.address, text) IS
'Registers what may be disclosed in place of a person''s address, in place of what was; true if there was one. Whoever may do so decides what leaves the bank: grant it to few. address: typed in here, or a value that concerns the subject alone. description: which substitute and who says so; no address. Holds once committed, and the transaction that does it is shown nothing until then. Raises 22004 for a NULL, 22023 for a value that concerns somebody else or that another role typed in, 22001.';

CREATE FUNCTION protaddr.drop_substitute(subject text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE protaddr.substitute_address s SET recorded_to = clock_timestamp()
    WHERE s.subject_key = protaddr.subject_key(drop_substitute.subject) AND s.recorded_to = 'infinity';
    RETURN FOUND;
END
$$;
REVOKE ALL ON FUNCTION protaddr.drop_substitute(text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.drop_substitute(text) IS
'Ends a person''s substitute address; it stays in the table''s history. True if there was one. NULL for NULL. Raises 22001.';

CREATE TABLE protaddr.register_forgotten (
    id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    forgotten_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    forgotten_by text NOT NULL DEFAULT session_user,
    before timestamptz NOT NULL,
    rows bigint NOT NULL,
    reason text NOT NULL
);
COMMENT ON TABLE protaddr.register_forgotten IS 'That history was removed, when, by whom and why: not whose.';
COMMENT ON COLUMN protaddr.register_forgotten.id IS 'Number of the row.';
COMMENT ON COLUMN protaddr.register_forgotten.forgotten_at IS 'When.';
COMMENT ON COLUMN protaddr.register_forgotten.forgotten_by IS 'Login role that did so.';
COMMENT ON COLUMN protaddr.register_forgotten.before IS 'What was closed or had ended before this time was removed.';
COMMENT ON COLUMN protaddr.register_forgotten.rows IS 'How many rows: protections, identity links, substitute addresses.';
COMMENT ON COLUMN protaddr.register_forgotten.reason IS 'Why, in words, such as the retention rule. No identifier.';
CREATE TRIGGER own_table_changed BEFORE INSERT OR UPDATE OR DELETE ON protaddr.register_forgotten
    FOR EACH ROW EXECUTE FUNCTION protaddr.own_table_changed();
CREATE TRIGGER own_table_truncated BEFORE TRUNCATE ON protaddr.register_forgotten
    FOR EACH STATEMENT EXECUTE FUNCTION protaddr.own_table_changed();
ALTER TABLE protaddr.register_forgotten ENABLE ALWAYS TRIGGER own_table_changed;
ALTER TABLE protaddr.register_forgotten ENABLE ALWAYS TRIGGER own_table_truncated;
SELECT pg_catalog.pg_extension_config_dump('protaddr.register_forgotten', '');
SELECT pg_catalog.pg_extension_config_dump('protaddr.register_forgotten_id_seq', '');

CREATE FUNCTION protaddr.forget_rows(key text, before timestamptz) RETURNS bigint
    AS 'MODULE_PATHNAME', 'protaddr_forget_rows' LANGUAGE C STRICT VOLATILE SET search_path = pg_catalog, pg_temp;
REVOKE ALL ON FUNCTION protaddr.forget_rows(text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.forget_rows(text, timestamptz) IS
'Part of protaddr.forget_subject(): removes history without the record. Raises 42501 for whoever is no superuser, 22023 for a time without end.';

CREATE FUNCTION protaddr.forget_subject(subject text, before timestamptz, reason text) RETURNS bigint
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    removed bigint;
BEGIN
    IF protaddr.subject_key(forget_subject.subject) IS NULL OR forget_subject.before IS NULL
       OR btrim(coalesce(forget_subject.reason, ''), E' \t\r\n') = '' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'null_value_not_allowed',
            MESSAGE = 'forgetting needs a subject, a time and a reason';
    END IF;
    IF NOT isfinite(forget_subject.before) OR forget_subject.before > clock_timestamp() THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'history can only be forgotten up to a time in the past';
    END IF;
    removed := protaddr.forget_rows(protaddr.subject_key(forget_subject.subject), forget_subject.before);
    INSERT INTO protaddr.register_forgotten (before, rows, reason)
    VALUES (forget_subject.before, removed, forget_subject.reason);
    RETURN removed;
END
$$;
REVOKE ALL ON FUNCTION protaddr.forget_subject(text, timestamptz, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.forget_subject(text, timestamptz, text) IS
'Removes from history what was recorded of this subject and was closed, or had ended, before the time: protections, identity links, substitute addresses. Never what is in force, so nothing is disclosed by it. Follows no links: name each identifier. Returns the number of rows; protaddr.register_forgotten keeps that it was done, not of whom. A delivery that tells the same history again brings it back. reason: in words, such as the retention rule. Raises 22004 for a NULL, 22023 for a time in the future, 22001.';

CREATE FUNCTION protaddr.subjects_of(address protaddr.address) RETURNS text[]
    AS 'MODULE_PATHNAME', 'protaddr_subjects_of' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION protaddr.subjects_of(protaddr.address) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.subjects_of(protaddr.address) IS
'Canonical keys of the people whom an address concerns; empty if nobody, NULL for NULL and if the value''s key is not here. Tells nothing of the address. Raises XX001 if the value was tampered with.';

CREATE VIEW protaddr.register_review AS
SELECT 'delete date passed' AS what, p.subject, p.delete_hint AS since,
       format('%s %s of %s is still in force', p.regime, p.code, p.source) AS detail
FROM protaddr.protection p
WHERE p.recorded_to = 'infinity' AND p.valid_to = 'infinity' AND p.kind <> 'none' AND p.delete_hint < current_date
UNION ALL
SELECT 'unknown code', p.subject, p.recorded_from::date,
       format('%s %s of %s: see regime_code', p.regime, p.code, p.source)
FROM protaddr.protection p
WHERE p.recorded_to = 'infinity' AND p.valid_to = 'infinity'
  AND NOT EXISTS (SELECT FROM protaddr.regime_code r WHERE r.regime = p.regime AND r.code = p.code)
UNION ALL
SELECT 'linked to nobody', l.subject, l.since, format('%s identifiers, such as %s', l.identifiers, l.identifier)
FROM (SELECT min(i.subject) AS subject, min(i.recorded_from)::date AS since,
             count(*) AS identifiers, min(i.identifier) AS identifier
      FROM protaddr.identity_link i
      WHERE i.recorded_to = 'infinity'
        AND NOT EXISTS (SELECT FROM protaddr.register_person p WHERE p.subject_key = i.subject_key)
        AND NOT EXISTS (SELECT FROM protaddr.identity_link o
                        WHERE o.identifier_key = i.subject_key AND o.recorded_to = 'infinity')
        AND NOT EXISTS (SELECT FROM protaddr.protection p
                        WHERE p.subject_key = i.subject_key AND p.recorded_to = 'infinity' AND p.valid_to = 'infinity')
      GROUP BY i.subject_key) l;
COMMENT ON VIEW protaddr.register_review IS
'What a person must look at, one row each. Counts: SELECT what, count(*) FROM protaddr.register_review GROUP BY what. What protaddr.register_review_values() adds takes reading every bound value. Names people: for readers of history (GRANT SELECT), not for monitoring.';
COMMENT ON COLUMN protaddr.register_review.what IS
'delete date passed (the register still delivers it: it holds, ask why); unknown code (not in regime_code: it hides name, address and town); linked to nobody (identity links end at a subject no register has told of).';
COMMENT ON COLUMN protaddr.register_review.subject IS 'The person''s identifier as delivered or entered.';
COMMENT ON COLUMN protaddr.register_review.since IS 'The delete date, or the day it was recorded.';
COMMENT ON COLUMN protaddr.register_review.detail IS 'Code and source, or the identifiers.';

CREATE FUNCTION protaddr.register_review_values() RETURNS TABLE (what text, subject text, since date, detail text)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_nestloop = off SET jit = off
AS $$
DECLARE
    identifiers text[];
    people text[];
    place record;
    name text;
    label text;
    found_keys text[];
    no_key bigint;
    unbound bigint;
    held_key text[] := '{}';
    held_in text[] := '{}';
BEGIN
    SELECT array_agg(i.identifier), array_agg(i.subject) INTO identifiers, people
    FROM (SELECT DISTINCT p.identifier, p.subject FROM protaddr.protection_period p
          WHERE p.recorded_to = 'infinity' AND p.valid_to = 'infinity') i;

    FOR place IN
        SELECT DISTINCT c.oid AS relation, c.relkind, n.nspname, c.relname, b.column_name
        FROM protaddr.bound_column b JOIN pg_class c ON c.oid = b.relation JOIN pg_namespace n ON n.oid = c.relnamespace
        ORDER BY n.nspname, c.relname, b.column_name
    LOOP
        name := format('%I.%I', place.nspname, place.relname);
        label := format('%s.%I', CASE place.nspname WHEN 'public' THEN quote_ident(place.relname) ELSE name END, place.column_name);
        BEGIN
            -- locked first, then looked at: what is read is the table that is bound
            IF place.relkind IN ('r', 'p') THEN
                EXECUTE format('LOCK TABLE %s IN ACCESS SHARE MODE', name);
            END IF;
            IF NOT EXISTS (SELECT FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
                           WHERE c.oid = place.relation AND c.oid = to_regclass(name) AND c.relkind IN ('r', 'p')
                             AND a.attname = place.column_name AND a.attnum > 0 AND NOT a.attisdropped
                             AND protaddr.address_column(a.atttypid) = 'address')
               OR EXISTS (WITH RECURSIVE child (oid) AS (
                              SELECT i.inhrelid FROM pg_inherits i WHERE i.inhparent = place.relation
                              UNION SELECT i.inhrelid FROM child JOIN pg_inherits i ON i.inhparent = child.oid)
                          SELECT FROM child JOIN pg_class c USING (oid) WHERE c.relkind = 'f')
            THEN
                RETURN QUERY SELECT 'not looked at', NULL::text, NULL::date,
                    format('%s: foreign, gone or renamed', label);
                CONTINUE;
            END IF;
            EXECUTE format('SELECT array_agg(DISTINCT i.subject) FILTER (WHERE i.subject IS NOT NULL),'
                           '       count(*) FILTER (WHERE v.people IS NULL), count(*) FILTER (WHERE v.people = ''{}'')'
                           ' FROM (SELECT protaddr.subjects_of(%I) AS people FROM %s WHERE %1$I IS NOT NULL OFFSET 0) v'
                           ' LEFT JOIN LATERAL unnest(v.people) AS k (key) ON true'
                           ' LEFT JOIN unnest($1, $2) AS i (identifier, subject) ON i.identifier = k.key',
                           place.column_name, name)
            INTO found_keys, no_key, unbound USING identifiers, people;
        EXCEPTION WHEN OTHERS THEN
            RETURN QUERY SELECT 'not looked at', NULL::text, NULL::date,
                format('%s: error %s', label, SQLSTATE);
            CONTINUE;
        END;
        held_key := held_key || coalesce(found_keys, '{}');
        held_in := held_in || array_fill(label, ARRAY[coalesce(cardinality(found_keys), 0)]);
        IF unbound > 0 THEN
            RETURN QUERY SELECT 'bound to nobody', NULL::text, NULL::date,
                format('%s: values withheld: %s', label, unbound);
        END IF;
        IF no_key > 0 THEN
            RETURN QUERY SELECT 'cannot be opened', NULL::text, NULL::date,
                format('%s: values without their key: %s', label, no_key);
        END IF;
    END LOOP;

    RETURN QUERY
    WITH person AS (
        SELECT p.subject_key, max(p.subject) AS subject, bool_or(p.source <> 'hand') AS delivered,
               min(CASE WHEN isfinite(p.valid_from) THEN p.valid_from ELSE p.recorded_from END)::date AS since,
               string_agg(DISTINCT format('%s %s of %s', p.regime, p.code, p.source), ', ') AS codes
        FROM protaddr.protection p
        WHERE p.recorded_to = 'infinity' AND p.valid_to = 'infinity' AND p.kind <> 'none'
        GROUP BY p.subject_key
    ), held AS (
        SELECT h.key, string_agg(h.place, ', ' ORDER BY h.place) AS places
        FROM unnest(held_key, held_in) AS h (key, place) GROUP BY h.key
    )
    SELECT CASE WHEN h.key IS NULL THEN 'no address held' ELSE 'stale address' END, p.subject, p.since,
           coalesce(h.places, p.codes)
    FROM person p LEFT JOIN held h ON h.key = p.subject_key
    WHERE h.key IS NULL OR p.delivered
    ORDER BY 1, 2;
END
$$;
REVOKE ALL ON FUNCTION protaddr.register_review_values() FROM PUBLIC;
COMMENT ON FUNCTION protaddr.register_review_values() IS
'What a person must look at, from every value of the bound columns (protaddr.bound_column): no address held (protected, but no value concerns them: is one of theirs bound to nobody, or to another identifier?); stale address (a register protects them and so has stopped sending their address: what we hold is from before; write to a substitute, not there); bound to nobody and cannot be opened (counts); not looked at (foreign tables, and what could not be read). since: when the protection began. Opens values to see whom they concern, not what they say. Reads whole tables: run it at night. For readers of history.';

REVOKE ALL ON protaddr.protection_period, protaddr.substitute_address, protaddr.register_forgotten, protaddr.register_review
    FROM PUBLIC, pg_monitor;
REVOKE ALL ON SEQUENCE protaddr.substitute_address_id_seq, protaddr.register_forgotten_id_seq FROM PUBLIC, pg_monitor;

-- ---------------------------------------------------------------------------
-- door/: the one way to an address's content
-- ---------------------------------------------------------------------------
CREATE FUNCTION protaddr.show(address protaddr.address) RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_show' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION protaddr.show(protaddr.address) IS
'The address on one line in its country''s order (Denmark: the official form, Vestergade 12, 2. th, 8000 Aarhus C), or [address withheld] if anybody it concerns is protected, if it concerns nobody, or while the register is not ready. The minimum, the substitute or what was disclosed on record, as a gate released it, is told all the same. NULL for NULL. Raises 55PA1 if the value''s key is not here, XX001 if the value was tampered with.';

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
    CONSTRAINT channel_action_vocabulary CHECK (VALUE IN ('withhold', 'minimum', 'substitute', 'disclose', 'hold', 'block', 'leave'));
COMMENT ON DOMAIN protaddr.channel_action IS
'What a channel does with an address: withhold (NULL), minimum (town and country; country alone where the town is hidden too), substitute (the registered substitute address), disclose (all of it, on record), hold (the row waits in the held table), block (the row is refused with 23PA1), leave (all of it, only for people of whom no register has told).';

CREATE TABLE protaddr.channel (
    channel text NOT NULL CHECK (octet_length(channel) BETWEEN 1 AND 64),
    valid_from timestamptz NOT NULL DEFAULT '-infinity',
    valid_to timestamptz NOT NULL DEFAULT 'infinity',
    route protaddr.channel_route NOT NULL,
    when_protected protaddr.channel_action NOT NULL DEFAULT 'withhold' CHECK (when_protected <> 'leave'),
    small_amount numeric CHECK (small_amount >= 0 AND small_amount < 'infinity'),
    small_currency text CHECK (small_currency ~ '^[A-Z]{3}$'),
    when_small protaddr.channel_action CHECK (when_small <> 'leave'),
    linked_within interval CHECK (linked_within > '0' AND linked_within <= '1 year'),
    when_unknown protaddr.channel_action NOT NULL DEFAULT 'withhold' CHECK (when_unknown IN ('leave', 'withhold', 'minimum', 'hold', 'block')),
    when_unbound protaddr.channel_action NOT NULL DEFAULT 'withhold' CHECK (when_unbound IN ('withhold', 'hold', 'block')),
    when_unreadable protaddr.channel_action NOT NULL DEFAULT 'block' CHECK (when_unreadable IN ('hold', 'block')),
    without_substitute protaddr.channel_action NOT NULL DEFAULT 'withhold' CHECK (without_substitute IN ('withhold', 'minimum', 'hold', 'block')),
    birth_data boolean NOT NULL DEFAULT false,
    description text NOT NULL,
    legal_basis text NOT NULL CHECK (btrim(legal_basis, E' \t\r\n') <> ''),
    shipped boolean NOT NULL DEFAULT false,
    PRIMARY KEY (channel, valid_from),
    CHECK (valid_from < valid_to),
    CHECK (num_nulls(small_amount, small_currency, when_small) IN (0, 3)),
    CHECK (linked_within IS NULL OR small_amount IS NOT NULL)
);
COMMENT ON TABLE protaddr.channel IS
'The law as rows: through which channel an address may leave, and what of a protected one, from when to when. Law changes; these rows change, not the code. Changed with protaddr.set_channel() and end_channel(). If several rules apply to an address, the strictest decides: block, hold, withhold, minimum, substitute, disclose, leave.';
COMMENT ON COLUMN protaddr.channel.channel IS 'Name of the channel; what a released value is sealed for. At most 64 bytes.';
COMMENT ON COLUMN protaddr.channel.valid_from IS 'From when this row holds. Of a change entered ahead, a time to come.';
COMMENT ON COLUMN protaddr.channel.valid_to IS 'Until when, not included; infinity: until changed.';
COMMENT ON COLUMN protaddr.channel.route IS 'Where it leads.';
COMMENT ON COLUMN protaddr.channel.when_protected IS 'What it does with the address of a protected person.';
COMMENT ON COLUMN protaddr.channel.small_amount IS 'Up to this amount, with the transfers linked to it, when_small holds instead of when_protected. NULL: there is no such rule. If the amount is not known, or is in a currency without an exchange rate, the stricter of the two holds.';
COMMENT ON COLUMN protaddr.channel.small_currency IS 'Currency of small_amount, ISO 4217.';
COMMENT ON COLUMN protaddr.channel.when_small IS 'What it does with the address of a protected person who transfers a small amount.';
COMMENT ON COLUMN protaddr.channel.linked_within IS 'Transfers of one payer to one payee within this time count together. NULL: each counts alone.';
COMMENT ON COLUMN protaddr.channel.when_unknown IS 'What it does with the address of somebody of whom no register has told: leave, withhold, minimum, hold or block. Nobody is unknown while no register lists people, but parties of messages who stand for nobody.';
COMMENT ON COLUMN protaddr.channel.when_unbound IS 'What it does with an address that concerns nobody, in a row that names nobody, or while the register is not ready: withhold, hold or block. Where when_protected is hold or block, at least that.';
COMMENT ON COLUMN protaddr.channel.when_unreadable IS 'What it does with a message that is malformed or not of its format: hold or block.';
COMMENT ON COLUMN protaddr.channel.without_substitute IS 'What it does in place of substitute if none is registered: withhold, minimum, hold or block.';
COMMENT ON COLUMN protaddr.channel.birth_data IS 'Whether a message gets the payer''s date and place of birth where an address is withheld or reduced, if protaddr.birth_data has them: Reg. (EU) 2023/1113 art. 4(1)(c).';
COMMENT ON COLUMN protaddr.channel.description IS 'What it is.';
COMMENT ON COLUMN protaddr.channel.legal_basis IS 'Why, in words, with the law''s number.';
COMMENT ON COLUMN protaddr.channel.shipped IS 'As shipped with protaddr; false once changed or added here.';
INSERT INTO protaddr.channel (channel, route, when_protected, small_amount, small_currency, when_small, linked_within, when_unknown, birth_data, description, legal_basis, shipped) VALUES
    ('sumclearing', 'domestic', 'withhold', NULL, NULL, NULL, NULL, 'withhold', false, 'Danish Sumclearing (nightly transfers)',
     'Reg. (EU) 2023/1113 art. 5: inside the Union account numbers suffice; CPR Act s. 28; Datatilsynet 2019-431-0044: no basis to disclose', true),
    ('intradagclearing', 'domestic', 'withhold', NULL, NULL, NULL, NULL, 'withhold', false, 'Danish Intradagclearing (same-day transfers)',
     'Reg. (EU) 2023/1113 art. 5: inside the Union account numbers suffice; CPR Act s. 28; Datatilsynet 2019-431-0044: no basis to disclose', true),
    ('straksclearing', 'domestic', 'withhold', NULL, NULL, NULL, NULL, 'withhold', false, 'Danish Straksclearing (instant transfers)',
     'Reg. (EU) 2023/1113 art. 5: inside the Union account numbers suffice; CPR Act s. 28; Datatilsynet 2019-431-0044: no basis to disclose', true),
    ('sepa', 'union', 'withhold', NULL, NULL, NULL, NULL, 'withhold', false, 'SEPA credit transfer inside the EEA',
     'Reg. (EU) 2023/1113 art. 5: inside the Union account numbers suffice; the payee''s bank may ask for more within three working days', true),
    ('sepa_third_country', 'third_country', 'minimum', 1000, 'EUR', 'withhold', '1 day', 'minimum', true, 'SEPA credit transfer to a country outside the EEA (United Kingdom, Switzerland, ...)',
     'Reg. (EU) 2023/1113 art. 4(1)(c): address, or alternatively date and place of birth; art. 6(2): up to EUR 1,000 and not linked, names and account numbers alone. The scheme asks for an address: town and country are given, and no more', true),
    ('cross_border', 'third_country', 'minimum', 1000, 'EUR', 'withhold', '1 day', 'minimum', true, 'Transfer to a third country',
     'Reg. (EU) 2023/1113 art. 4(1)(c): address, or alternatively date and place of birth; art. 6(2): up to EUR 1,000 and not linked, names and account numbers alone; scheme rules (CBPR+, from 14 November 2026) ask for town and country of the debtor', true),
    ('cross_border_union', 'union', 'minimum', NULL, NULL, NULL, NULL, 'minimum', false, 'Correspondent transfer (CBPR+) inside the Union',
     'Reg. (EU) 2023/1113 art. 5: inside the Union account numbers suffice; scheme rules (CBPR+, from 14 November 2026) ask for town and country of the debtor in cross-jurisdiction payments', true),
    ('psp_request', 'union', 'hold', NULL, NULL, NULL, NULL, 'hold', false, 'Answer to a payee''s bank that asks for the payer''s information',
     'Reg. (EU) 2023/1113 art. 5(2): on request within three working days, from bank to bank only; each answer is decided by a person', true),
    ('own_bank', 'own_bank', 'withhold', NULL, NULL, NULL, NULL, 'withhold', false, 'Transfer between two customers of the bank',
     'No law asks for the payer''s address; CPR Act s. 28; Datatilsynet 2019-431-0044', true),
    ('file_extract', 'extract', 'withhold', NULL, NULL, NULL, NULL, 'withhold', false, 'File extract for a customer or a processor',
     'No law asks for the counterparty''s address; GDPR art. 5(1)(c) and (f), art. 32; Datatilsynet 2019-431-0044', true),
    ('payee_display', 'display', 'withhold', NULL, NULL, NULL, NULL, 'withhold', false, 'What a payee sees in online and mobile bank or on a statement',
     'Reg. (EU) 2023/1113 gives payer information to banks, not to payees; GDPR art. 5(1)(c) and (f). Of payers of other banks nobody knows whether they are protected', true);
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

CREATE TABLE protaddr.channel_change (
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_by text NOT NULL DEFAULT session_user,
    channel text NOT NULL,
    before jsonb,
    after jsonb
);
COMMENT ON TABLE protaddr.channel_change IS 'Who changed which channel, when, and how: a row for each row of protaddr.channel that came, changed or went. A restore of changed channels is one, too. Rows are never changed.';
COMMENT ON COLUMN protaddr.channel_change.changed_at IS 'When.';
COMMENT ON COLUMN protaddr.channel_change.changed_by IS 'Login role.';
COMMENT ON COLUMN protaddr.channel_change.channel IS 'The channel.';
COMMENT ON COLUMN protaddr.channel_change.before IS 'The row before; NULL if it is new.';
COMMENT ON COLUMN protaddr.channel_change.after IS 'The row after; NULL if it is gone.';
CREATE TRIGGER own_table_changed BEFORE INSERT OR UPDATE OR DELETE ON protaddr.channel_change
    FOR EACH ROW EXECUTE FUNCTION protaddr.own_table_changed();
CREATE TRIGGER own_table_truncated BEFORE TRUNCATE ON protaddr.channel_change
    FOR EACH STATEMENT EXECUTE FUNCTION protaddr.own_table_changed();
ALTER TABLE protaddr.channel_change ENABLE ALWAYS TRIGGER own_table_changed;
ALTER TABLE protaddr.channel_change ENABLE ALWAYS TRIGGER own_table_truncated;
SELECT pg_catalog.pg_extension_config_dump('protaddr.channel_change', '');

CREATE FUNCTION protaddr.note_channel_change() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- no two rows of a channel hold at once; set_channel() sees to it, and here it is seen to of others
    IF TG_OP <> 'DELETE' AND EXISTS (
        SELECT FROM protaddr.channel c WHERE c.channel = NEW.channel AND c.valid_from <> NEW.valid_from
        AND c.valid_from < NEW.valid_to AND NEW.valid_from < c.valid_to) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'exclusion_violation',
            MESSAGE = format('channel "%s" would have two rules at one time', NEW.channel),
            HINT = 'Use protaddr.set_channel(), which ends the one before.';
    END IF;
    INSERT INTO protaddr.channel_change (channel, before, after)
    VALUES (CASE TG_OP WHEN 'DELETE' THEN OLD.channel ELSE NEW.channel END,
            CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END, CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END);
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION protaddr.note_channel_change() FROM PUBLIC;
COMMENT ON FUNCTION protaddr.note_channel_change() IS 'Trigger of protaddr.channel: records each change in protaddr.channel_change. Raises 23P01 for two rules of a channel at one time.';
CREATE CONSTRAINT TRIGGER note_channel_change AFTER INSERT OR UPDATE OR DELETE ON protaddr.channel
    FOR EACH ROW EXECUTE FUNCTION protaddr.note_channel_change();
ALTER TABLE protaddr.channel ENABLE ALWAYS TRIGGER note_channel_change;

CREATE FUNCTION protaddr.set_channel(
    channel text,
    when_protected text DEFAULT NULL,
    route text DEFAULT NULL,
    small_amount numeric DEFAULT NULL,
    small_currency text DEFAULT NULL,
    when_small text DEFAULT NULL,
    linked_within interval DEFAULT NULL,
    when_unknown text DEFAULT NULL,
    when_unbound text DEFAULT NULL,
    when_unreadable text DEFAULT NULL,
    without_substitute text DEFAULT NULL,
    birth_data boolean DEFAULT NULL,
    description text DEFAULT NULL,
    legal_basis text DEFAULT NULL,
    valid_from timestamptz DEFAULT NULL,
    no_small_amount boolean DEFAULT false
) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    moment timestamptz := clock_timestamp();
    starts timestamptz;
    was protaddr.channel;
    rule protaddr.channel;
BEGIN
    IF set_channel.channel IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed', MESSAGE = 'a channel needs a name';
    END IF;
    starts := coalesce(set_channel.valid_from, moment);
    IF starts < moment THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'a channel cannot be changed for a time that is past',
            HINT = 'Leave valid_from out: from now on.';
    END IF;
    -- two at once wait for each other
    LOCK TABLE protaddr.channel IN SHARE ROW EXCLUSIVE MODE;
    SELECT c.* INTO was FROM protaddr.channel c
    WHERE c.channel = set_channel.channel AND c.valid_from <= starts AND starts < c.valid_to;
    rule := was;
    rule.channel := set_channel.channel;
    rule.valid_from := CASE WHEN was IS NULL AND set_channel.valid_from IS NULL
                                 AND NOT EXISTS (SELECT FROM protaddr.channel c WHERE c.channel = set_channel.channel)
                            THEN '-infinity' ELSE starts END;
    -- up to the next change that is entered already
    rule.valid_to := coalesce((SELECT min(c.valid_from) FROM protaddr.channel c
                               WHERE c.channel = set_channel.channel AND c.valid_from > starts), 'infinity');
    rule.route := coalesce(set_channel.route, was.route);
    rule.when_protected := coalesce(set_channel.when_protected, was.when_protected, 'withhold');
    IF set_channel.no_small_amount THEN
        rule.small_amount := NULL;
        rule.small_currency := NULL;
        rule.when_small := NULL;
        rule.linked_within := NULL;
    ELSE
        rule.small_amount := coalesce(set_channel.small_amount, was.small_amount);
        rule.small_currency := coalesce(set_channel.small_currency, was.small_currency);
        rule.when_small := coalesce(set_channel.when_small, was.when_small);
        rule.linked_within := coalesce(set_channel.linked_within, was.linked_within);
    END IF;
    rule.when_unknown := coalesce(set_channel.when_unknown, was.when_unknown, 'withhold');
    rule.when_unbound := coalesce(set_channel.when_unbound, was.when_unbound, 'withhold');
    rule.when_unreadable := coalesce(set_channel.when_unreadable, was.when_unreadable, 'block');
    rule.without_substitute := coalesce(set_channel.without_substitute, was.without_substitute, 'withhold');
    rule.birth_data := coalesce(set_channel.birth_data, was.birth_data, false);
    rule.description := coalesce(set_channel.description, was.description);
    rule.legal_basis := coalesce(set_channel.legal_basis, was.legal_basis);
    rule.shipped := false;
    IF rule.route IS NULL OR rule.description IS NULL OR rule.legal_basis IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'null_value_not_allowed',
            MESSAGE = 'a new channel needs a route, a description and a legal basis';
    END IF;
    IF 'disclose' IN (rule.when_protected, rule.when_small) AND set_channel.legal_basis IS NULL
       AND 'disclose' NOT IN (coalesce(was.when_protected, ''), coalesce(was.when_small, '')) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'null_value_not_allowed',
            MESSAGE = 'to disclose, a channel needs a legal basis of its own',
            HINT = 'set_channel(..., legal_basis => ''which law asks for the address, in words'')';
    END IF;

    IF was.valid_from = rule.valid_from THEN
        DELETE FROM protaddr.channel c WHERE c.channel = was.channel AND c.valid_from = was.valid_from;
    ELSIF was.channel IS NOT NULL THEN
        UPDATE protaddr.channel c SET valid_to = starts WHERE c.channel = was.channel AND c.valid_from = was.valid_from;
    END IF;
    INSERT INTO protaddr.channel SELECT rule.*;
    RETURN was.channel IS NOT NULL;
END
$$;
REVOKE ALL ON FUNCTION protaddr.set_channel(text, text, text, numeric, text, text, interval, text, text, text, text, boolean, text, text, timestamptz, boolean) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.set_channel(text, text, text, numeric, text, text, interval, text, text, text, text, boolean, text, text, timestamptz, boolean) IS
'Changes a channel, or makes one; true if it changed one. What is not given stays. valid_from: from when, now if NULL; a time to come enters a change of law ahead, and the rule before holds until then. no_small_amount: the rule for small amounts goes. Needs EXECUTE; whoever has it decides what leaves the bank. Recorded in protaddr.channel_change. Holds once committed, and the transaction that does it is shown nothing until then. To disclose, a legal basis must be given. Raises 22004 without a name, route, description or basis, 22023 for a time past, 23514 for a word out of the vocabulary.';

CREATE FUNCTION protaddr.end_channel(channel text, valid_to timestamptz DEFAULT NULL) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    moment timestamptz := clock_timestamp();
    ends timestamptz := coalesce(end_channel.valid_to, moment);
    ended boolean;
BEGIN
    IF ends < moment THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'a channel cannot be changed for a time that is past',
            HINT = 'Leave valid_to out: from now on.';
    END IF;
    LOCK TABLE protaddr.channel IN SHARE ROW EXCLUSIVE MODE;
    DELETE FROM protaddr.channel c WHERE c.channel = end_channel.channel AND c.valid_from >= ends;
    ended := FOUND;
    UPDATE protaddr.channel c SET valid_to = ends WHERE c.channel = end_channel.channel AND c.valid_from < ends AND ends < c.valid_to;
    RETURN ended OR FOUND;
END
$$;
REVOKE ALL ON FUNCTION protaddr.end_channel(text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.end_channel(text, timestamptz) IS
'Ends a channel, now if valid_to is NULL; true if it was in force after that. A gate for it then refuses every row. Changes entered ahead for later go, too. Recorded in protaddr.channel_change. Raises 22023 for a time past.';

-- ---------------------------------------------------------------------------
-- outbound/: amounts
-- ---------------------------------------------------------------------------
CREATE TABLE protaddr.exchange_rate (
    currency text COLLATE "C" NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    in_currency text COLLATE "C" NOT NULL CHECK (in_currency ~ '^[A-Z]{3}$'),
    valid_from timestamptz NOT NULL DEFAULT clock_timestamp(),
    rate numeric NOT NULL CHECK (rate > 0 AND rate < 'infinity'),
    recorded_by text NOT NULL DEFAULT session_user,
    PRIMARY KEY (currency, in_currency, valid_from),
    CHECK (currency <> in_currency)
);
COMMENT ON TABLE protaddr.exchange_rate IS 'What a currency is worth in another, to tell whether an amount is small. The newest rate that has begun counts, in either direction. Without one an amount in another currency is not known. Changed with protaddr.set_exchange_rate().';
COMMENT ON COLUMN protaddr.exchange_rate.currency IS 'ISO 4217 code.';
COMMENT ON COLUMN protaddr.exchange_rate.in_currency IS 'ISO 4217 code of the currency of a channel''s small amount.';
COMMENT ON COLUMN protaddr.exchange_rate.valid_from IS 'From when it counts.';
COMMENT ON COLUMN protaddr.exchange_rate.rate IS 'How much of in_currency one unit of currency is.';
COMMENT ON COLUMN protaddr.exchange_rate.recorded_by IS 'Login role that entered it.';
CREATE TRIGGER own_table_changed BEFORE INSERT OR UPDATE OR DELETE ON protaddr.exchange_rate
    FOR EACH ROW EXECUTE FUNCTION protaddr.own_table_changed();
CREATE TRIGGER own_table_truncated BEFORE TRUNCATE ON protaddr.exchange_rate
    FOR EACH STATEMENT EXECUTE FUNCTION protaddr.own_table_changed();
ALTER TABLE protaddr.exchange_rate ENABLE ALWAYS TRIGGER own_table_changed;
ALTER TABLE protaddr.exchange_rate ENABLE ALWAYS TRIGGER own_table_truncated;
SELECT pg_catalog.pg_extension_config_dump('protaddr.exchange_rate', '');

CREATE FUNCTION protaddr.set_exchange_rate(currency text, rate numeric, in_currency text DEFAULT 'EUR') RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO protaddr.exchange_rate (currency, in_currency, rate)
    VALUES (set_exchange_rate.currency, set_exchange_rate.in_currency, set_exchange_rate.rate);
END
$$;
REVOKE ALL ON FUNCTION protaddr.set_exchange_rate(text, numeric, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.set_exchange_rate(text, numeric, text) IS
'Records what one unit of a currency is worth in another (EUR if not given), from now on. Raises 23514 for a rate that is not positive or a code that is none.';

CREATE TABLE protaddr.linked_transfer (
    payee_key text COLLATE "C" NOT NULL,
    at timestamptz NOT NULL,
    payer_keys text[] NOT NULL,
    amount numeric NOT NULL,
    currency text NOT NULL,
    relation oid NOT NULL,
    reference bigint
);
COMMENT ON TABLE protaddr.linked_transfer IS
'Transfers of protected people through channels whose small amounts are linked (Reg. (EU) 2023/1113 art. 6). The gate writes it. Not dumped: after a restore each transfer begins anew, and less is disclosed. Old ones go with protaddr.forget_linked_transfers().';
COMMENT ON COLUMN protaddr.linked_transfer.payee_key IS 'Canonical identifier of the payee.';
COMMENT ON COLUMN protaddr.linked_transfer.at IS 'When it was first written.';
COMMENT ON COLUMN protaddr.linked_transfer.payer_keys IS 'Canonical identifier of the payer, and everybody it stands for.';
COMMENT ON COLUMN protaddr.linked_transfer.amount IS 'Its amount.';
COMMENT ON COLUMN protaddr.linked_transfer.currency IS 'Its currency.';
COMMENT ON COLUMN protaddr.linked_transfer.relation IS 'The gated table.';
COMMENT ON COLUMN protaddr.linked_transfer.reference IS 'Hash of the row''s primary key, so that a row counts once; NULL if the table has none.';
CREATE INDEX linked_transfer_payee ON protaddr.linked_transfer (payee_key, at);
COMMENT ON INDEX protaddr.linked_transfer_payee IS 'The transfers to a payee.';
CREATE INDEX linked_transfer_reference ON protaddr.linked_transfer (relation, reference);
COMMENT ON INDEX protaddr.linked_transfer_reference IS 'The transfer that a row is.';
CREATE TRIGGER own_table_changed BEFORE INSERT OR UPDATE OR DELETE ON protaddr.linked_transfer
    FOR EACH ROW EXECUTE FUNCTION protaddr.own_table_changed();
ALTER TABLE protaddr.linked_transfer ENABLE ALWAYS TRIGGER own_table_changed;

CREATE FUNCTION protaddr.forget_linked_transfers(before timestamptz DEFAULT now() - interval '1 year') RETURNS bigint
    LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    gone bigint;
BEGIN
    DELETE FROM protaddr.linked_transfer l WHERE l.at < forget_linked_transfers.before;
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END
$$;
REVOKE ALL ON FUNCTION protaddr.forget_linked_transfers(timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.forget_linked_transfers(timestamptz) IS
'Removes the linked transfers of before a time, a year ago if not given, and gives their number. What is within a channel''s linked_within no longer counts once it is gone: less is disclosed.';

-- ---------------------------------------------------------------------------
-- outbound/: what leaves
-- ---------------------------------------------------------------------------
CREATE TABLE protaddr.disclosure (
    id bigint PRIMARY KEY,
    disclosed_at timestamptz NOT NULL,
    disclosed_by text NOT NULL,
    disclosed_as text NOT NULL,
    channel text NOT NULL,
    valid_from timestamptz NOT NULL,
    subjects text[] NOT NULL,
    payer text,
    relation oid,
    legal_basis text NOT NULL,
    reason text
);
COMMENT ON TABLE protaddr.disclosure IS
'Each protected address that left through a channel that discloses, or from a held row that somebody decided to disclose. A disclosed address is told while its row stands here, committed. Rows are never changed.';
COMMENT ON COLUMN protaddr.disclosure.id IS 'Number of the disclosure, random; the value names it.';
COMMENT ON COLUMN protaddr.disclosure.disclosed_at IS 'When.';
COMMENT ON COLUMN protaddr.disclosure.disclosed_by IS 'Login role.';
COMMENT ON COLUMN protaddr.disclosure.disclosed_as IS 'The role it worked as.';
COMMENT ON COLUMN protaddr.disclosure.channel IS 'Through which channel.';
COMMENT ON COLUMN protaddr.disclosure.valid_from IS 'Which row of protaddr.channel: the one valid from then.';
COMMENT ON COLUMN protaddr.disclosure.subjects IS 'Whom the address concerns: canonical identifiers.';
COMMENT ON COLUMN protaddr.disclosure.payer IS 'Whom the row names; NULL without a row.';
COMMENT ON COLUMN protaddr.disclosure.relation IS 'The gated table; NULL without one, or if it was not known.';
COMMENT ON COLUMN protaddr.disclosure.legal_basis IS 'The channel''s legal basis, as it read then.';
COMMENT ON COLUMN protaddr.disclosure.reason IS 'Why, of a held row; else NULL.';
CREATE INDEX disclosure_at ON protaddr.disclosure (disclosed_at);
COMMENT ON INDEX protaddr.disclosure_at IS 'Disclosures by time.';
CREATE TRIGGER own_table_changed BEFORE INSERT OR UPDATE OR DELETE ON protaddr.disclosure
    FOR EACH ROW EXECUTE FUNCTION protaddr.own_table_changed();
CREATE TRIGGER own_table_truncated BEFORE TRUNCATE ON protaddr.disclosure
    FOR EACH STATEMENT EXECUTE FUNCTION protaddr.own_table_changed();
ALTER TABLE protaddr.disclosure ENABLE ALWAYS TRIGGER own_table_changed;
ALTER TABLE protaddr.disclosure ENABLE ALWAYS TRIGGER own_table_truncated;
SELECT pg_catalog.pg_extension_config_dump('protaddr.disclosure', '');

CREATE FUNCTION protaddr.release(
    address protaddr.address,
    channel text,
    amount numeric DEFAULT NULL,
    currency text DEFAULT NULL,
    payee text DEFAULT NULL,
    at timestamptz DEFAULT NULL
) RETURNS protaddr.address
    AS 'MODULE_PATHNAME', 'protaddr_release_sql' LANGUAGE C CALLED ON NULL INPUT VOLATILE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION protaddr.release(protaddr.address, text, numeric, text, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.release(protaddr.address, text, numeric, text, text, timestamptz) IS
'What of an address may leave through a channel, sealed as released for it: all of it if registers have told of everybody it concerns and none is protected; else what protaddr.channel says, which may be NULL. amount, currency (ISO 4217) and payee (an identifier) decide whether the amount is small; NULL: not known. at: when it is to leave; the rules of now and of then must both let it. NULL for a NULL address or channel. Raises 22023 for a channel there is not, 23PA1 if the channel blocks or holds, 55PA1 if the value''s key is not here.';

CREATE FUNCTION protaddr.explain_release(
    address protaddr.address,
    channel text,
    amount numeric DEFAULT NULL,
    currency text DEFAULT NULL,
    payee text DEFAULT NULL,
    at timestamptz DEFAULT NULL,
    OUT action text, OUT because text, OUT rule text, OUT rule_of text, OUT valid_from timestamptz, OUT legal_basis text
) RETURNS record
    AS 'MODULE_PATHNAME', 'protaddr_explain_release' LANGUAGE C CALLED ON NULL INPUT STABLE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION protaddr.explain_release(protaddr.address, text, numeric, text, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.explain_release(protaddr.address, text, numeric, text, text, timestamptz) IS
'What release() would do, and why, in words: the action, the reason, the column of protaddr.channel that decides (rule) in the row of channel rule_of valid from valid_from, and its legal basis. at: by the rules of that time. It tells whether a person is protected: grant it to few. Nothing is released or recorded. NULL for a NULL address or channel. Errors as release(), without 23PA1.';

-- ---------------------------------------------------------------------------
-- message/: messages
-- ---------------------------------------------------------------------------
CREATE TABLE protaddr.birth_data (
    subject_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (protaddr.subject_key(subject)) STORED,
    id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    subject text NOT NULL,
    birth_date date NOT NULL CHECK (birth_date BETWEEN '1800-01-01' AND '9999-12-31'),
    province text CHECK (char_length(province) BETWEEN 1 AND 35),
    city text NOT NULL CHECK (char_length(city) BETWEEN 1 AND 35),
    country text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    recorded_from timestamptz NOT NULL DEFAULT clock_timestamp(),
    recorded_to timestamptz NOT NULL DEFAULT 'infinity',
    recorded_by text NOT NULL DEFAULT session_user
);
COMMENT ON TABLE protaddr.birth_data IS
'When and where a person was born: what a transfer to a third country may carry in place of an address (Reg. (EU) 2023/1113 art. 4(1)(c); ISO 20022 DtAndPlcOfBirth). Changed with protaddr.set_birth_data() and drop_birth_data(), which close and add.';
COMMENT ON COLUMN protaddr.birth_data.subject_key IS 'Canonical form of subject.';
COMMENT ON COLUMN protaddr.birth_data.id IS 'Number of the row.';
COMMENT ON COLUMN protaddr.birth_data.subject IS 'The person''s identifier as entered.';
COMMENT ON COLUMN protaddr.birth_data.birth_date IS 'BirthDt.';
COMMENT ON COLUMN protaddr.birth_data.province IS 'PrvcOfBirth, at most 35 characters; NULL: not known.';
COMMENT ON COLUMN protaddr.birth_data.city IS 'CityOfBirth, at most 35 characters.';
COMMENT ON COLUMN protaddr.birth_data.country IS 'CtryOfBirth, ISO 3166-1 alpha-2.';
COMMENT ON COLUMN protaddr.birth_data.recorded_from IS 'Since when it is used.';
COMMENT ON COLUMN protaddr.birth_data.recorded_to IS 'Until when it was used; infinity: it still is.';
COMMENT ON COLUMN protaddr.birth_data.recorded_by IS 'Login role that entered it.';
CREATE UNIQUE INDEX birth_data_one ON protaddr.birth_data (subject_key) WHERE recorded_to = 'infinity';
COMMENT ON INDEX protaddr.birth_data_one IS 'The birth data of a person now.';
CREATE TRIGGER own_table_changed BEFORE INSERT OR UPDATE OR DELETE ON protaddr.birth_data
    FOR EACH ROW EXECUTE FUNCTION protaddr.own_table_changed();
CREATE TRIGGER own_table_truncated BEFORE TRUNCATE ON protaddr.birth_data
    FOR EACH STATEMENT EXECUTE FUNCTION protaddr.own_table_changed();
ALTER TABLE protaddr.birth_data ENABLE ALWAYS TRIGGER own_table_changed;
ALTER TABLE protaddr.birth_data ENABLE ALWAYS TRIGGER own_table_truncated;
SELECT pg_catalog.pg_extension_config_dump('protaddr.birth_data', '');
SELECT pg_catalog.pg_extension_config_dump('protaddr.birth_data_id_seq', '');

CREATE FUNCTION protaddr.set_birth_data(subject text, birth_date date, city text, country text, province text DEFAULT NULL) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    moment timestamptz;
    replaced boolean;
BEGIN
    IF protaddr.subject_key(set_birth_data.subject) IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'null_value_not_allowed',
            MESSAGE = 'birth data need a subject';
    END IF;
    LOCK TABLE protaddr.birth_data IN SHARE ROW EXCLUSIVE MODE;
    moment := clock_timestamp();
    UPDATE protaddr.birth_data b SET recorded_to = moment
    WHERE b.subject_key = protaddr.subject_key(set_birth_data.subject) AND b.recorded_to = 'infinity';
    replaced := FOUND;
    INSERT INTO protaddr.birth_data (subject, birth_date, city, country, province, recorded_from)
    VALUES (btrim(set_birth_data.subject), set_birth_data.birth_date, btrim(set_birth_data.city), set_birth_data.country, nullif(btrim(set_birth_data.province), ''), moment);
    RETURN replaced;
EXCEPTION WHEN check_violation OR not_null_violation THEN
    -- its own message would repeat the row
    RAISE EXCEPTION USING
        ERRCODE = 'invalid_parameter_value',
        MESSAGE = 'these are no birth data',
        HINT = 'A date, a city of at most 35 characters and a country code of two capital letters are needed.';
END
$$;
REVOKE ALL ON FUNCTION protaddr.set_birth_data(text, date, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.set_birth_data(text, date, text, text, text) IS
'Records when and where a person was born, in place of what was recorded; true if there was something. A channel with birth_data puts it into a message where the payer''s address does not leave. Raises 22004 without a subject, 22023 for what is no date, city (35 characters) or country code.';

CREATE FUNCTION protaddr.drop_birth_data(subject text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE protaddr.birth_data b SET recorded_to = clock_timestamp()
    WHERE b.subject_key = protaddr.subject_key(drop_birth_data.subject) AND b.recorded_to = 'infinity';
    RETURN FOUND;
END
$$;
REVOKE ALL ON FUNCTION protaddr.drop_birth_data(text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.drop_birth_data(text) IS 'Ends the use of a person''s birth data; true if there were any. NULL for NULL.';

CREATE FUNCTION protaddr.release_message(message text, channel text, at timestamptz DEFAULT NULL) RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_release_message_text' LANGUAGE C CALLED ON NULL INPUT VOLATILE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION protaddr.release_message(text, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.release_message(text, text, timestamptz) IS
'What of an ISO 20022 message (pain, pacs, camt; XML, alone or in an envelope) may leave through a channel: each party''s postal address becomes what protaddr.channel says, by whom its account, identification or name stands for; one that stands for nobody we know is an unknown person. Agents'' addresses and all other bytes stay. Amounts, currencies and payees are the message''s own. Text is in the database''s encoding, which must be UTF8. at: as of release(). NULL for a NULL message or channel. Raises 22023 for a channel there is not; 23PA1 if the channel blocks or holds, or if the message is malformed, has a document type, another namespace, parts of an address outside of one or markup in a text, or is no message at all.';
CREATE FUNCTION protaddr.release_message(message xml, channel text, at timestamptz DEFAULT NULL) RETURNS xml
    AS 'MODULE_PATHNAME', 'protaddr_release_message_text' LANGUAGE C CALLED ON NULL INPUT VOLATILE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION protaddr.release_message(xml, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.release_message(xml, text, timestamptz) IS 'As release_message(text, text, timestamptz).';
CREATE FUNCTION protaddr.release_message(message bytea, channel text, at timestamptz DEFAULT NULL) RETURNS bytea
    AS 'MODULE_PATHNAME', 'protaddr_release_message_bytea' LANGUAGE C CALLED ON NULL INPUT VOLATILE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION protaddr.release_message(bytea, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.release_message(bytea, text, timestamptz) IS
'As release_message(text, text, timestamptz), for a message in the encoding that it declares: UTF-8, UTF-16, ISO-8859-1 or US-ASCII.';
CREATE FUNCTION protaddr.release_mt(message text, channel text, at timestamptz DEFAULT NULL) RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_release_mt_text' LANGUAGE C CALLED ON NULL INPUT VOLATILE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION protaddr.release_mt(text, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.release_mt(text, text, timestamptz) IS
'The same for SWIFT MT text: the ordering and beneficiary customers, fields 50K, 50F, 59 and 59F. In 50K and 59 nothing says which line is the town, so that a minimum is nothing. Fields with free text (70, 72, 77, 79, 86) and agents stay. NULL and errors as release_message(): 23PA1 too for parties in other fields (42D, 82 to 88, 95Q), tags within lines and unknown blocks.';
CREATE FUNCTION protaddr.release_json(message text, channel text, at timestamptz DEFAULT NULL) RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_release_json_text' LANGUAGE C CALLED ON NULL INPUT VOLATILE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION protaddr.release_json(text, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.release_json(text, text, timestamptz) IS
'The same for JSON that has the ISO 20022 names: PstlAdr, PostalAddress, debtorAddress and the like, in any case of letters and anywhere. What stands inside a string is not looked into. NULL and errors as release_message(): 23PA1 too for other names that say address, street, post code or town.';
CREATE FUNCTION protaddr.release_json(message json, channel text, at timestamptz DEFAULT NULL) RETURNS json
    AS 'MODULE_PATHNAME', 'protaddr_release_json_text' LANGUAGE C CALLED ON NULL INPUT VOLATILE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION protaddr.release_json(json, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.release_json(json, text, timestamptz) IS 'As release_json(text, text, timestamptz).';
CREATE FUNCTION protaddr.release_json(message jsonb, channel text, at timestamptz DEFAULT NULL) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'protaddr_release_json_jsonb' LANGUAGE C CALLED ON NULL INPUT VOLATILE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION protaddr.release_json(jsonb, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.release_json(jsonb, text, timestamptz) IS 'As release_json(text, text, timestamptz).';

-- ---------------------------------------------------------------------------
-- gate/: gates
-- ---------------------------------------------------------------------------
CREATE FUNCTION protaddr.gate_row() RETURNS trigger
    AS 'MODULE_PATHNAME', 'protaddr_gate_row' LANGUAGE C VOLATILE CALLED ON NULL INPUT;
REVOKE ALL ON FUNCTION protaddr.gate_row() FROM PUBLIC;
COMMENT ON FUNCTION protaddr.gate_row() IS
'Trigger before the row that protaddr.install_gate() installs, with pairs of a key and a value as arguments. Releases every address column and every message for the row''s channel, or holds the row. Raises 23PA1 if the channel blocks, or if the row cannot be held; 22023 if the row names no channel.';
CREATE FUNCTION protaddr.gate_check() RETURNS trigger
    AS 'MODULE_PATHNAME', 'protaddr_gate_check' LANGUAGE C VOLATILE CALLED ON NULL INPUT;
REVOKE ALL ON FUNCTION protaddr.gate_check() FROM PUBLIC;
COMMENT ON FUNCTION protaddr.gate_check() IS
'Trigger after the row that protaddr.install_gate() installs, with the same arguments. Proves that every address column as stored is released for the row''s channel, and every message as the gate let it through. Raises 23PA1 if not.';
CREATE FUNCTION protaddr.gate_summary() RETURNS trigger
    AS 'MODULE_PATHNAME', 'protaddr_gate_summary' LANGUAGE C VOLATILE CALLED ON NULL INPUT;
COMMENT ON FUNCTION protaddr.gate_summary() IS
'Trigger after the statement that protaddr.install_gate() installs: says in a NOTICE how many rows of it are held, if any.';
CREATE FUNCTION protaddr.held_kept() RETURNS trigger
    AS 'MODULE_PATHNAME', 'protaddr_held_kept' LANGUAGE C VOLATILE CALLED ON NULL INPUT;
COMMENT ON FUNCTION protaddr.held_kept() IS
'Trigger of a held table: its rows are written by the gate, release_held() and reject_held(), never by hand, and never removed. Raises 55000.';

CREATE FUNCTION protaddr.may_withhold(rule protaddr.channel) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT EXISTS (
        SELECT FROM (VALUES (rule.when_protected::text), (rule.when_small::text), (rule.when_unknown::text)) a(action)
        WHERE a.action IN ('withhold', 'minimum') OR (a.action = 'substitute' AND rule.without_substitute IN ('withhold', 'minimum')))
        OR (rule.when_unbound = 'withhold' AND rule.when_protected NOT IN ('hold', 'block'));
END;
COMMENT ON FUNCTION protaddr.may_withhold(protaddr.channel) IS
'Part of protaddr.install_gate(): whether a row of protaddr.channel can make an address NULL.';

CREATE FUNCTION protaddr.may_hold(rule protaddr.channel) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce('hold' IN (rule.when_protected, rule.when_small, rule.when_unknown, rule.when_unbound,
                               rule.when_unreadable, rule.without_substitute), false);
END;
COMMENT ON FUNCTION protaddr.may_hold(protaddr.channel) IS
'Part of protaddr.install_gate(): whether a row of protaddr.channel can hold a row of a gated table.';

CREATE FUNCTION protaddr.gate_column(relation regclass, column_name name, what text) RETURNS pg_catalog.pg_attribute
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found_column pg_attribute;
    kind "char";
    base oid;
    fits boolean;
BEGIN
    SELECT a.* INTO found_column FROM pg_attribute a
    WHERE a.attrelid = relation AND a.attname = column_name AND a.attnum > 0 AND NOT a.attisdropped;
    IF found_column.attnum IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'undefined_column',
            MESSAGE = format('%s has no such column', relation),
            DETAIL = format('It should be the %s.', what),
            HINT = 'install_gate(table, channel, subject => column that names the person whose addresses the row holds)';
    END IF;
    -- under its domains
    base := found_column.atttypid;
    LOOP
        SELECT t.typtype INTO kind FROM pg_type t WHERE t.oid = base;
        EXIT WHEN kind <> 'd';
        SELECT t.typbasetype INTO base FROM pg_type t WHERE t.oid = base;
    END LOOP;
    fits := CASE what
        WHEN 'amount' THEN base IN ('numeric'::regtype, 'int2'::regtype, 'int4'::regtype, 'int8'::regtype)
        WHEN 'address' THEN protaddr.address_column(found_column.atttypid) = 'address'
        WHEN 'message' THEN base IN ('xml'::regtype, 'text'::regtype, 'varchar'::regtype, 'bytea'::regtype, 'json'::regtype, 'jsonb'::regtype)
        WHEN 'channel' THEN kind = 'e' OR base IN ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype, 'name'::regtype)
        WHEN 'currency' THEN kind = 'e' OR base IN ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype, 'name'::regtype)
        ELSE protaddr.address_column(found_column.atttypid) IS NULL END;
    -- the gate fires before what is generated is there
    IF fits IS NOT TRUE OR (found_column.attgenerated <> '' AND what <> 'address') THEN
        RAISE EXCEPTION USING
            ERRCODE = 'datatype_mismatch',
            MESSAGE = CASE WHEN what IN ('subject', 'person', 'payee') THEN format('column %I of %s cannot name a person', column_name, relation)
                           ELSE format('column %I of %s cannot be the %s', column_name, relation, what) END,
            HINT = CASE what
                WHEN 'amount' THEN 'An amount is of type numeric or an integer type, and not generated.'
                WHEN 'address' THEN 'An address is of type protaddr.address.'
                WHEN 'message' THEN 'A message is of type xml, text, varchar, bytea, json or jsonb, and not generated.'
                WHEN 'channel' THEN 'A channel is named by a column of text, and not generated.'
                WHEN 'currency' THEN 'A currency is a code of three letters in a column of text, and not generated.'
                ELSE 'The subject column holds the person''s identifier, stored in the row and not generated.' END;
    END IF;
    RETURN found_column;
END
$$;
COMMENT ON FUNCTION protaddr.gate_column(regclass, name, text) IS
'Part of protaddr.install_gate(), with the rights of who calls it: a column that a gate is to use. Raises 42703 or 42804.';

CREATE FUNCTION protaddr.make_held(relation regclass, held text, message_columns name[]) RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    gated pg_class;
    schema name;
    table_name name;
    suffix constant text := '_held';
    room integer;
    parts text[];
    there pg_class;
    full_name text;
    grantee oid;
    col record;
    own_columns constant text[] := '{held_id,held_at,held_by,held_operation,held_channel,held_why,held_status,held_seal,decided_at,decided_by,decided_reason,decided_action,decided_digest}';
    culprit name;
BEGIN
    SELECT c.* INTO gated FROM pg_class c WHERE c.oid = relation;
    SELECT n.nspname INTO schema FROM pg_namespace n WHERE n.oid = gated.relnamespace;
    IF held IS NULL THEN
        -- a name has 63 bytes: cut between characters
        room := length(gated.relname::text);
        WHILE octet_length(left(gated.relname::text, room) || suffix) > 63 LOOP
            room := room - 1;
        END LOOP;
        table_name := left(gated.relname::text, room) || suffix;
    ELSE
        parts := parse_ident(held);
        IF cardinality(parts) > 2 THEN
            RAISE EXCEPTION USING ERRCODE = 'invalid_name', MESSAGE = 'a held table is named as table or schema.table';
        END IF;
        table_name := parts[cardinality(parts)];
        schema := coalesce(CASE WHEN cardinality(parts) = 2 THEN parts[1] END, schema);
    END IF;
    full_name := format('%I.%I', schema, table_name);

    SELECT a.attname INTO culprit FROM pg_attribute a
    WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped AND a.attname::text = ANY (own_columns)
    ORDER BY a.attnum LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'duplicate_column',
            MESSAGE = format('column %I of %s has a name that the held table needs', culprit, relation),
            HINT = 'Rename the column.';
    END IF;

    SELECT c.* INTO there FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = schema AND c.relname = table_name;
    IF there.oid IS NULL THEN
        EXECUTE format('CREATE TABLE %s (held_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,'
            'held_at timestamptz NOT NULL DEFAULT clock_timestamp(), held_by text NOT NULL, held_operation text NOT NULL,'
            'held_channel text NOT NULL, held_why text NOT NULL,'
            'held_status text NOT NULL DEFAULT ''held'' CHECK (held_status IN (''held'', ''released'', ''rejected'')),'
            'held_seal bytea NOT NULL, decided_at timestamptz, decided_by text, decided_reason text, decided_action text, decided_digest bytea)', full_name);
        SELECT c.* INTO there FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = schema AND c.relname = table_name;
        IF there.relowner <> gated.relowner THEN
            EXECUTE format('ALTER TABLE %s OWNER TO %s', full_name, gated.relowner::regrole);
        END IF;
        -- what default privileges have given
        EXECUTE format('REVOKE ALL ON %s FROM PUBLIC', full_name);
        FOR grantee IN SELECT DISTINCT a.grantee FROM pg_class c, aclexplode(c.relacl) a
            WHERE c.oid = there.oid AND a.grantee <> 0 AND a.grantee <> gated.relowner
        LOOP
            EXECUTE format('REVOKE ALL ON %s FROM %s', full_name, grantee::regrole);
        END LOOP;
        EXECUTE format('CREATE TRIGGER zz_protaddr_held BEFORE INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION protaddr.held_kept()', full_name);
        EXECUTE format('CREATE TRIGGER zz_protaddr_held_truncate BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION protaddr.held_kept()', full_name);
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER zz_protaddr_held, ENABLE ALWAYS TRIGGER zz_protaddr_held_truncate', full_name);
        EXECUTE format('COMMENT ON TABLE %s IS %L', full_name,
            format('Rows of %s that wait for a decision (protaddr.release_held(), reject_held()), and those decided. Messages are sealed.', relation));
    ELSIF there.relkind <> 'r' OR there.relowner <> gated.relowner
          OR NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = there.oid AND t.tgfoid = 'protaddr.held_kept()'::regprocedure)
          OR EXISTS (SELECT FROM unnest(own_columns) o(name) WHERE NOT EXISTS (
                SELECT FROM pg_attribute a WHERE a.attrelid = there.oid AND a.attname = o.name AND NOT a.attisdropped)) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'duplicate_table',
            MESSAGE = format('%s is there already and is no held table of the owner of %s', full_name, relation),
            HINT = 'install_gate(..., held => ''another name'')';
    END IF;

    -- as in the table; messages sealed, so bytes; what is generated will be again
    FOR col IN
        SELECT a.attname AS name, CASE WHEN a.attname = ANY (message_columns) THEN 'bytea' ELSE format_type(a.atttypid, a.atttypmod) END AS type,
               CASE WHEN a.attname = ANY (message_columns) THEN 'bytea'::regtype ELSE a.atttypid END AS type_oid,
               CASE WHEN a.attcollation <> 0 AND a.attcollation <> t.typcollation AND a.attname <> ALL (message_columns)
                    THEN format(' COLLATE %I.%I', n.nspname, l.collname) ELSE '' END AS collation,
               h.atttypid AS held_type
        FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
        LEFT JOIN pg_collation l ON l.oid = a.attcollation LEFT JOIN pg_namespace n ON n.oid = l.collnamespace
        LEFT JOIN pg_attribute h ON h.attrelid = there.oid AND h.attname = a.attname AND NOT h.attisdropped
        WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
        ORDER BY a.attnum
    LOOP
        IF col.held_type IS NULL THEN
            EXECUTE format('ALTER TABLE %s ADD COLUMN %I %s%s', full_name, col.name, col.type, col.collation);
        ELSIF col.held_type <> col.type_oid THEN
            RAISE EXCEPTION USING
                ERRCODE = 'datatype_mismatch',
                MESSAGE = format('column %I of held table %s is not of type %s', col.name, full_name, col.type),
                HINT = 'install_gate(..., held => ''another name''): what is held already stays where it is.';
        END IF;
    END LOOP;
    RETURN full_name;
END
$$;
COMMENT ON FUNCTION protaddr.make_held(regclass, text, name[]) IS
'Part of protaddr.install_gate(), with the rights of who calls it: makes the table that holds a gated table''s rows, or adds the columns that it lacks, and gives its name, qualified and quoted. It belongs to the table''s owner, and nobody else has a right on it. Raises 42701, 42P07, 42804, 42602.';

CREATE FUNCTION protaddr.install_gate(
    relation regclass,
    channel text DEFAULT NULL,
    subject name DEFAULT NULL,
    channel_column name DEFAULT NULL,
    amount name DEFAULT NULL,
    currency name DEFAULT NULL,
    currency_code text DEFAULT NULL,
    payee name DEFAULT NULL,
    persons jsonb DEFAULT NULL,
    messages jsonb DEFAULT NULL,
    held text DEFAULT NULL
) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    kind "char" := (SELECT c.relkind FROM pg_class c WHERE c.oid = relation);
    alter_table text;
    used_column pg_attribute;
    pair record;
    message_columns name[] := '{}';
    culprit record;
    arguments text[] := '{}';
    unchecked text;
    filled boolean := false;
    stored_column name;
    gate_trigger text;
BEGIN
    IF kind IS NULL OR kind NOT IN ('r', 'p', 'f') THEN
        RAISE EXCEPTION USING
            ERRCODE = 'wrong_object_type',
            MESSAGE = 'a gate can only stand before a table';
    END IF;
    IF kind <> 'p' AND EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = relation) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'feature_not_supported',
            MESSAGE = format('%s has tables that inherit from it', relation),
            DETAIL = 'They would have no gate, and every row would be refused.',
            HINT = 'ALTER TABLE ... NO INHERIT, or use partitions.';
    END IF;
    IF (channel IS NULL) = (channel_column IS NULL) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = CASE WHEN channel IS NULL THEN 'there is no such channel' ELSE 'a gate has a channel or a channel_column, not both' END,
            HINT = CASE WHEN channel IS NULL THEN 'See protaddr.channel for those there are; or give channel_column, if each row names its own.' ELSE '' END;
    END IF;
    IF channel IS NOT NULL AND NOT EXISTS (SELECT FROM protaddr.channel c
        WHERE c.channel = install_gate.channel AND c.valid_from <= now() AND now() < c.valid_to) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'there is no such channel',
            HINT = 'See protaddr.channel for those there are.';
    END IF;
    IF EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = relation
               AND t.tgfoid IN ('protaddr.gate_row()'::regprocedure, 'protaddr.gate_check()'::regprocedure)) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'duplicate_object',
            MESSAGE = format('%s has a gate already', relation),
            HINT = 'protaddr.remove_gate() removes it.';
    END IF;

    -- the columns, as pairs that the triggers are told
    IF channel IS NOT NULL THEN
        arguments := arguments || ARRAY['channel', channel];
    ELSE
        used_column := protaddr.gate_column(relation, channel_column, 'channel');
        arguments := arguments || ARRAY['channel_column', channel_column::text];
    END IF;
    IF subject IS NOT NULL THEN
        used_column := protaddr.gate_column(relation, subject, 'subject');
        arguments := arguments || ARRAY['subject', subject::text];
    ELSIF messages IS NULL OR persons IS NOT NULL
          OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
                     AND protaddr.address_column(a.atttypid) IS NOT NULL) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'undefined_column',
            MESSAGE = format('%s has no such column', relation),
            DETAIL = 'Only a table that has messages and no addresses can do without a subject.',
            HINT = 'install_gate(table, channel, subject => column that names the person whose addresses the row holds)';
    END IF;
    IF amount IS NOT NULL THEN
        used_column := protaddr.gate_column(relation, amount, 'amount');
        arguments := arguments || ARRAY['amount', amount::text];
    END IF;
    IF num_nonnulls(currency, currency_code) > 1 OR (amount IS NULL) <> (num_nonnulls(currency, currency_code) = 0) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'an amount has a currency',
            HINT = 'install_gate(..., amount => column, currency => column), or currency_code => ''EUR'' if it is the same for every row.';
    END IF;
    IF currency IS NOT NULL THEN
        used_column := protaddr.gate_column(relation, currency, 'currency');
        arguments := arguments || ARRAY['currency', currency::text];
    ELSIF currency_code !~ '^[A-Z]{3}$' THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'a currency code has three capital letters';
    ELSIF currency_code IS NOT NULL THEN
        arguments := arguments || ARRAY['currency_code', currency_code];
    END IF;
    IF payee IS NOT NULL THEN
        used_column := protaddr.gate_column(relation, payee, 'payee');
        arguments := arguments || ARRAY['payee', payee::text];
    END IF;
    IF jsonb_typeof(persons) <> 'object' OR jsonb_typeof(messages) <> 'object'
       OR EXISTS (SELECT FROM jsonb_each(persons) e WHERE jsonb_typeof(e.value) <> 'string')
       OR EXISTS (SELECT FROM jsonb_each(messages) e WHERE jsonb_typeof(e.value) <> 'string' OR e.value #>> '{}' NOT IN ('xml', 'mt', 'json')) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'persons or messages is not of the form that a gate needs',
            HINT = 'persons => ''{"address column": "column that names its person"}'', messages => ''{"column": "xml"}'', or "mt" or "json".';
    END IF;
    IF (SELECT count(*) FROM jsonb_object_keys(persons)) > 32 OR (SELECT count(*) FROM jsonb_object_keys(messages)) > 32 THEN
        RAISE EXCEPTION USING ERRCODE = 'program_limit_exceeded', MESSAGE = 'a gate has at most 32 persons and 32 messages';
    END IF;
    FOR pair IN SELECT e.key, e.value FROM jsonb_each_text(persons) e ORDER BY e.key COLLATE "C" LOOP
        used_column := protaddr.gate_column(relation, pair.key, 'address');
        used_column := protaddr.gate_column(relation, pair.value, 'person');
        arguments := arguments || ARRAY['address', pair.key, 'of', pair.value];
    END LOOP;
    FOR pair IN SELECT e.key, e.value FROM jsonb_each_text(messages) e ORDER BY e.key COLLATE "C" LOOP
        used_column := protaddr.gate_column(relation, pair.key, 'message');
        IF pair.value <> 'json' AND used_column.atttypid IN ('json'::regtype, 'jsonb'::regtype)
           OR pair.value <> 'xml' AND used_column.atttypid = 'xml'::regtype THEN
            RAISE EXCEPTION USING
                ERRCODE = 'datatype_mismatch',
                MESSAGE = format('column %I of %s cannot hold messages of format %s', pair.key, relation, pair.value);
        END IF;
        message_columns := message_columns || pair.key::name;
        arguments := arguments || ARRAY['message', pair.key, 'format', pair.value];
    END LOOP;

    SELECT a.attname AS name INTO culprit FROM pg_attribute a
    WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
      AND protaddr.address_column(a.atttypid) = 'inside' ORDER BY a.attnum LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'feature_not_supported',
            MESSAGE = format('column %I of %s holds addresses inside an array or composite', culprit.name, relation),
            DETAIL = 'A gate cannot release what stands there.',
            HINT = 'Give each address a column of its own, of type protaddr.address.';
    END IF;
    -- now, or by a change of the channel that is entered already
    SELECT a.attname AS name, c.channel INTO culprit
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid, protaddr.channel c
    WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
      AND protaddr.address_column(a.atttypid) = 'address' AND (a.attnotnull OR t.typnotnull)
      AND (install_gate.channel IS NULL OR c.channel = install_gate.channel) AND c.valid_to > now() AND protaddr.may_withhold(c)
    ORDER BY a.attnum, c.channel LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('column %I of %s is NOT NULL, but channel "%s" withholds', culprit.name, relation, culprit.channel),
            DETAIL = 'A withheld address is NULL, so such a payment could not be stored at all.',
            HINT = format('ALTER TABLE %s ALTER COLUMN %I DROP NOT NULL, or use a channel that blocks or holds, unknown people too.', relation, culprit.name);
    END IF;
    -- BEFORE ROW (2 | 1), and by its name after the gate's
    SELECT t.tgname AS name, t.tgrelid::regclass AS relation INTO culprit
    FROM pg_trigger t
    WHERE t.tgrelid IN (SELECT relation UNION SELECT p.relid FROM pg_partition_tree(relation) p)
      AND NOT t.tgisinternal AND t.tgenabled <> 'D' AND t.tgtype & 3 = 3 AND t.tgtype & 20 <> 0 AND t.tgname::text COLLATE "C" > 'zz_protaddr_gate'
    ORDER BY t.tgname LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('trigger %I of %s would fire after the gate', culprit.name, culprit.relation),
            DETAIL = 'Triggers before the row fire by name, and the gate must see what others made of the row.',
            HINT = format('ALTER TRIGGER %I ON %s RENAME TO a name before zz_protaddr_gate.', culprit.name, culprit.relation);
    END IF;

    -- Unless no row can be held, somewhere to hold it.  A name once made is kept: a later rule may hold.
    IF held IS NOT NULL OR EXISTS (SELECT FROM protaddr.channel c
        WHERE (install_gate.channel IS NULL OR c.channel = install_gate.channel) AND c.valid_to > now() AND protaddr.may_hold(c)) THEN
        arguments := arguments || ARRAY['held', protaddr.make_held(relation, held, message_columns)];
    END IF;

    alter_table := CASE kind WHEN 'f' THEN 'ALTER FOREIGN TABLE' ELSE 'ALTER TABLE' END;
    -- zz: triggers fire by name, and the gate is to see what others made of the row
    FOR pair IN SELECT t.* FROM (VALUES
        ('zz_protaddr_gate', 'BEFORE INSERT OR UPDATE', 'ROW', 'gate_row', arguments),
        ('zz_protaddr_gate_check', 'AFTER INSERT OR UPDATE', 'ROW', 'gate_check', arguments),
        ('zz_protaddr_gate_summary', 'AFTER INSERT', 'STATEMENT', 'gate_summary', '{}'::text[])) t(name, fires, level, function, arguments)
    LOOP
        gate_trigger := pair.name;
        EXECUTE format('CREATE TRIGGER %I %s ON %s FOR EACH %s EXECUTE FUNCTION protaddr.%I(%s)', gate_trigger, pair.fires, relation, pair.level, pair.function,
                       (SELECT string_agg(quote_literal(a.value), ', ' ORDER BY a.n) FROM unnest(pair.arguments) WITH ORDINALITY a(value, n)));
        EXECUTE format('%s %s ENABLE ALWAYS TRIGGER %I', alter_table, relation, gate_trigger);
    END LOOP;

    IF num_nulls(amount, payee) > 0 AND EXISTS (SELECT FROM protaddr.channel c
        WHERE (install_gate.channel IS NULL OR c.channel = install_gate.channel) AND c.valid_to > now() AND c.small_amount IS NOT NULL)
       AND (channel IS NOT NULL OR amount IS NULL) THEN
        IF amount IS NULL THEN
            RAISE NOTICE 'the amounts in % are not known: of the rules for small and other amounts, the stricter counts', relation
                USING HINT = 'install_gate(..., amount => column, currency => column, payee => column)';
        ELSE
            RAISE NOTICE 'the payees in % are not known: transfers are not linked, and each counts alone', relation
                USING HINT = 'install_gate(..., payee => column)';
        END IF;
    END IF;
    IF num_nulls(amount, payee) = 0 AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = relation AND i.indisprimary)
       AND EXISTS (SELECT FROM protaddr.channel c
           WHERE (install_gate.channel IS NULL OR c.channel = install_gate.channel) AND c.valid_to > now() AND c.linked_within IS NOT NULL) THEN
        RAISE NOTICE '% has no primary key: of linked transfers, one that is updated counts alone', relation
            USING HINT = 'With a primary key a row that is updated, or moves to another partition, is known as the same transfer.';
    END IF;
    unchecked := (SELECT string_agg(quote_ident(g.column_name), ', ' ORDER BY g.column_name)
                  FROM protaddr.unchecked_columns(relation) g
                  WHERE g.column_name <> ALL (message_columns || array_remove(ARRAY[subject, channel_column, currency, payee], NULL))
                    AND g.column_name <> ALL (SELECT e.value::name FROM jsonb_each_text(coalesce(persons, '{}')) e));
    IF unchecked IS NOT NULL THEN
        RAISE NOTICE 'the gate of % does not check these columns, which could hold an address as text: %', relation, unchecked;
    END IF;
    FOR stored_column IN
        SELECT a.attname FROM pg_attribute a
        WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
          AND (protaddr.address_column(a.atttypid) = 'address' OR a.attname = ANY (message_columns))
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE %I IS NOT NULL)', relation, stored_column) INTO filled;
        EXIT WHEN filled;
    END LOOP;
    IF filled THEN
        RAISE NOTICE 'rows that are in % already were not checked', relation
            USING HINT = 'protaddr.verify_gate() finds what is not released; UPDATE it in place to send it through the gate.';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION protaddr.install_gate(regclass, text, name, name, name, name, text, name, jsonb, jsonb, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.install_gate(regclass, text, name, name, name, name, text, name, jsonb, jsonb, text) IS
'Puts the gate on an outbound table: whatever is written, each address column is released for the channel, or withheld (NULL), reduced, held or refused as protaddr.channel says. channel: for every row, or channel_column: the column that names it. subject: the column with the payer''s identifier; a row where it is NULL has its addresses withheld. persons: address columns that are somebody else''s, {"address column": "column that names the person"}. amount, currency (a column) or currency_code, and payee (a column): what tells a small amount; without them the stricter rule counts. messages: columns with payment messages, {"column": "xml" (ISO 20022), "mt" (SWIFT MT) or "json"}, of type xml, text, varchar, bytea, json or jsonb. held: the name of the table that holds rows, else the table''s with _held; made, for the table''s owner alone, if the channel, now or by a change entered already, can hold, or if held is given. Three triggers, ENABLE ALWAYS, on partitions too. The caller must own the table. Refuses (55000) a NOT NULL address column for a channel that withholds, and a trigger that would fire after the gate, and (0A000) a table that others inherit from; names in a NOTICE the text, XML, JSON and bytea columns that it does not check. Raises 22023, 42602, 42701, 42703, 42710, 42804, 42809, 42P07, 54000, 0A000.';

CREATE FUNCTION protaddr.release_held(relation regclass, held_id bigint, reason text, action text DEFAULT 'withhold') RETURNS void
    AS 'MODULE_PATHNAME', 'protaddr_release_held' LANGUAGE C VOLATILE CALLED ON NULL INPUT;
REVOKE ALL ON FUNCTION protaddr.release_held(regclass, bigint, text, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.release_held(regclass, bigint, text, text) IS
'Sends a held row on its way: it is inserted into its gated table, through the gate and every other trigger, with the rights of the table''s owner. action: what happens to the addresses that held it: withhold, minimum, substitute or disclose (on record in protaddr.disclosure, with the reason). Where the channel''s rule for the address no longer holds it, that rule counts: of people free meanwhile the address leaves whole. If the insert fails, the row stays held. Needs EXECUTE and no right on the tables; whoever has it decides what leaves. Raises 22004 without a reason, 22023 for an action there is not, 42809 for a table without a gate, 23PA1 if another trigger changes on the way what the gate asks, 55000 if no such row waits or if another gate has held it, XX001 if somebody has changed it since it was held.';
CREATE FUNCTION protaddr.reject_held(relation regclass, held_id bigint, reason text) RETURNS void
    AS 'MODULE_PATHNAME', 'protaddr_reject_held' LANGUAGE C VOLATILE CALLED ON NULL INPUT;
REVOKE ALL ON FUNCTION protaddr.reject_held(regclass, bigint, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.reject_held(regclass, bigint, text) IS
'Decides that a held row does not leave. It stays in the held table, as rejected. Needs EXECUTE. Raises as protaddr.release_held().';
CREATE FUNCTION protaddr.held_rows(
    relation regclass DEFAULT NULL,
    OUT of_table regclass, OUT held_id bigint, OUT held_at timestamptz, OUT held_by text, OUT operation text, OUT channel text, OUT why text,
    OUT status text, OUT decided_at timestamptz, OUT decided_by text, OUT decided_action text
) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'protaddr_held_rows' LANGUAGE C VOLATILE CALLED ON NULL INPUT;
REVOKE ALL ON FUNCTION protaddr.held_rows(regclass) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.held_rows(regclass) IS
'The held rows of a gated table, or of all if NULL: where, since when, through which channel, why, and what became of them (status: held, released, rejected), without a value of any. Needs EXECUTE and no right on the tables.';

CREATE FUNCTION protaddr.verify_gate(
    relation regclass, continue_in regclass DEFAULT NULL, after tid DEFAULT NULL,
    OUT partition regclass, OUT row_tid tid, OUT column_name name, OUT problem text
) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'protaddr_verify_gate' LANGUAGE C VOLATILE CALLED ON NULL INPUT;
REVOKE ALL ON FUNCTION protaddr.verify_gate(regclass, regclass, tid) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.verify_gate(regclass, regclass, tid) IS
'Looks through all that is stored behind a gate, partitions and inheriting tables too, and gives a row for everything that is not released for its channel by the register as it is now; nothing if all is well. No value is told. Amounts are not weighed again. row_tid: NULL of a foreign table. Takes as long as reading the table and opening each address does; says every 5 seconds how far it is (protaddr.verify_progress); locks out no writer. Cancelled, it says where to go on: continue_in and after. Needs EXECUTE, and SELECT on the table. Raises 42501, also if a policy hides rows; 42809 for a table without a gate; 22023.';

CREATE VIEW protaddr.verify_progress AS
SELECT c.pid, a.usename AS verified_by, c.relid::regclass AS relation, c.param13::oid::regclass AS partition,
       date_trunc('second', clock_timestamp() - a.query_start) AS running,
       c.param11 AS rows,
       round(c.param11 / greatest(extract(epoch FROM clock_timestamp() - a.query_start), 0.001)) AS rows_per_second,
       c.param12 AS problems
FROM pg_stat_get_progress_info('COPY') c JOIN pg_stat_activity a USING (pid)
WHERE c.param16 = 1 AND a.datname = current_database();
GRANT SELECT ON protaddr.verify_progress TO pg_monitor;
COMMENT ON VIEW protaddr.verify_progress IS 'The verifications running now, to watch from another session.';
COMMENT ON COLUMN protaddr.verify_progress.pid IS 'Process that verifies.';
COMMENT ON COLUMN protaddr.verify_progress.verified_by IS 'Login role.';
COMMENT ON COLUMN protaddr.verify_progress.relation IS 'The gated table.';
COMMENT ON COLUMN protaddr.verify_progress.partition IS 'The partition at hand, or the table itself.';
COMMENT ON COLUMN protaddr.verify_progress.running IS 'How long its statement has run.';
COMMENT ON COLUMN protaddr.verify_progress.rows IS 'Rows verified so far.';
COMMENT ON COLUMN protaddr.verify_progress.rows_per_second IS 'The rate.';
COMMENT ON COLUMN protaddr.verify_progress.problems IS 'Problems found so far.';

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

-- ---------------------------------------------------------------------------
-- gate/: what keeps them in place
-- ---------------------------------------------------------------------------
CREATE TABLE protaddr.gate (
    relation oid PRIMARY KEY,
    relation_name text NOT NULL,
    arguments bytea NOT NULL,
    installed_at timestamptz NOT NULL,
    installed_by text NOT NULL
);
COMMENT ON TABLE protaddr.gate IS
'The register of gates: each table whose gate was seen whole, so that one whose triggers went unseen is missed. Written by gates alone, for no role by SQL; not dumped, for a restored gate enters itself.';
COMMENT ON COLUMN protaddr.gate.relation IS 'The outbound table.';
COMMENT ON COLUMN protaddr.gate.relation_name IS 'Its qualified name: another one means another table, that got the OID of one dropped while nobody looked.';
COMMENT ON COLUMN protaddr.gate.arguments IS 'The arguments of its triggers, as pg_trigger has them.';
COMMENT ON COLUMN protaddr.gate.installed_at IS 'When the gate entered itself.';
COMMENT ON COLUMN protaddr.gate.installed_by IS 'In whose session: its login role.';
CREATE TRIGGER own_table_changed BEFORE INSERT OR UPDATE OR DELETE ON protaddr.gate
    FOR EACH ROW EXECUTE FUNCTION protaddr.own_table_changed();
CREATE TRIGGER own_table_truncated BEFORE TRUNCATE ON protaddr.gate
    FOR EACH STATEMENT EXECUTE FUNCTION protaddr.own_table_changed();
ALTER TABLE protaddr.gate ENABLE ALWAYS TRIGGER own_table_changed;
ALTER TABLE protaddr.gate ENABLE ALWAYS TRIGGER own_table_truncated;
REVOKE ALL ON protaddr.gate FROM PUBLIC;

CREATE TABLE protaddr.gate_change (
    -- no key: a parallel restore may add rows of gates before those of the dump are there
    id bigint GENERATED BY DEFAULT AS IDENTITY,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_by text NOT NULL DEFAULT session_user,
    relation text NOT NULL,
    what text NOT NULL CONSTRAINT gate_change_what CHECK (what IN ('installed', 'removed', 'dropped')),
    detail text
);
COMMENT ON TABLE protaddr.gate_change IS
'Gates that came and went; rows are added, never changed or removed. A gate that is restored from a dump counts as installed.';
COMMENT ON COLUMN protaddr.gate_change.id IS 'Number of the row.';
COMMENT ON COLUMN protaddr.gate_change.changed_at IS 'When.';
COMMENT ON COLUMN protaddr.gate_change.changed_by IS 'Login role that did so.';
COMMENT ON COLUMN protaddr.gate_change.relation IS 'The outbound table, as it was called.';
COMMENT ON COLUMN protaddr.gate_change.what IS 'installed; removed by protaddr.remove_gate(); dropped with its table.';
COMMENT ON COLUMN protaddr.gate_change.detail IS 'What the gate was told: pairs of a key and a value.';
CREATE TRIGGER own_table_changed BEFORE INSERT OR UPDATE OR DELETE ON protaddr.gate_change
    FOR EACH ROW EXECUTE FUNCTION protaddr.own_table_changed();
CREATE TRIGGER own_table_truncated BEFORE TRUNCATE ON protaddr.gate_change
    FOR EACH STATEMENT EXECUTE FUNCTION protaddr.own_table_changed();
ALTER TABLE protaddr.gate_change ENABLE ALWAYS TRIGGER own_table_changed;
ALTER TABLE protaddr.gate_change ENABLE ALWAYS TRIGGER own_table_truncated;
REVOKE ALL ON protaddr.gate_change FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('protaddr.gate_change', '');
SELECT pg_catalog.pg_extension_config_dump('protaddr.gate_change_id_seq', '');

CREATE FUNCTION protaddr.remove_gate(relation regclass) RETURNS boolean
    AS 'MODULE_PATHNAME', 'protaddr_remove_gate' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION protaddr.remove_gate(regclass) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.remove_gate(regclass) IS
'Removes the gate of a table, whole or not; true if it had one. What is stored stays as it is; protaddr.gate_change keeps that it was done. The caller must own the table. Raises 42501, 42809 for a partition, whose gate is that of its table.';
CREATE FUNCTION protaddr.gate_state(relation oid) RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_gate_state_sql' LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION protaddr.gate_state(oid) IS
'Of the gate that a table stands under, be it that of a table above it: none; whole; or broken, and then nothing can be written. Raises 42P01 if there is no such table.';
CREATE FUNCTION protaddr.gates_are_kept() RETURNS boolean
    AS 'MODULE_PATHNAME', 'protaddr_gates_are_kept' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION protaddr.gates_are_kept() IS
'True if protaddr is in shared_preload_libraries, so that every session keeps the gates in place. Else DDL of a session that has not used protaddr yet can take one down.';

CREATE VIEW protaddr.gate_status AS
SELECT g.relation, g.channel, g.subject,
       (SELECT array_agg(a.attname ORDER BY a.attname) FROM pg_attribute a
        WHERE a.attrelid = g.relation AND a.attnum > 0 AND NOT a.attisdropped
          AND protaddr.address_column(a.atttypid) = 'address') AS address_columns,
       (SELECT array_agg(u.column_name ORDER BY u.column_name) FROM protaddr.unchecked_columns(g.relation) u
        WHERE u.column_name <> ALL (coalesce(g.named, '{}'))) AS unchecked_columns,
       CASE WHEN g.functions <> 2 THEN 'incomplete: a trigger is missing'
            WHEN g.channel IS NOT NULL AND NOT EXISTS (SELECT FROM protaddr.channel c WHERE c.channel = g.channel) THEN 'its channel is gone'
            WHEN g.channel IS NOT NULL AND NOT EXISTS (SELECT FROM protaddr.channel c WHERE c.channel = g.channel AND c.valid_to > now()) THEN 'its channel has ended'
            WHEN g.channel IS NOT NULL AND NOT EXISTS (SELECT FROM protaddr.channel c WHERE c.channel = g.channel AND c.valid_from <= now() AND c.valid_to > now())
            THEN 'its channel is not in force yet'
            WHEN g.subject IS NOT NULL AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = g.relation AND a.attname = g.subject AND NOT a.attisdropped)
            THEN 'its subject column is gone or renamed'
            WHEN EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = g.relation AND a.attnum > 0 AND NOT a.attisdropped
                         AND protaddr.address_column(a.atttypid) = 'inside') THEN 'an address inside an array or composite'
            WHEN NOT g.always THEN 'not always enabled'
            WHEN EXISTS (SELECT FROM pg_partition_tree(g.relation) p
                         WHERE (SELECT count(DISTINCT t.tgfoid) FROM pg_trigger t
                                WHERE t.tgrelid = p.relid AND t.tgenabled = 'A'
                                  AND t.tgfoid IN ('protaddr.gate_row()'::regprocedure, 'protaddr.gate_check()'::regprocedure)) <> 2)
            THEN 'incomplete on a partition'
            WHEN EXISTS (SELECT FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhparent
                         WHERE i.inhparent = g.relation AND c.relkind = 'r') AND protaddr.gate_state(g.relation) <> 'whole'
            THEN 'not on a table that inherits from it'
            WHEN protaddr.gate_state(g.relation) <> 'whole' THEN 'not as it was installed'
            ELSE 'in place' END
       || CASE WHEN protaddr.gate_state(g.relation) = 'whole'
               AND (g.channel IS NULL OR EXISTS (SELECT FROM protaddr.channel c WHERE c.channel = g.channel AND c.valid_from <= now() AND c.valid_to > now()))
               AND (g.subject IS NULL OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = g.relation AND a.attname = g.subject AND NOT a.attisdropped))
               AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = g.relation AND a.attnum > 0 AND NOT a.attisdropped
                               AND protaddr.address_column(a.atttypid) = 'inside')
          THEN '' ELSE ': refuses every row' END AS status,
       protaddr.gates_are_kept() AS kept
FROM (SELECT t.relation::regclass AS relation,
             min(a.value) FILTER (WHERE a.key = 'channel') AS channel,
             min(a.value) FILTER (WHERE a.key = 'subject')::name AS subject,
             array_agg(a.value::name) FILTER (WHERE a.key IN ('channel_column', 'subject', 'of', 'amount', 'currency', 'payee', 'message')) AS named,
             count(DISTINCT t.tgfoid) AS functions,
             coalesce(bool_and(t.tgenabled = 'A'), false) AS always
      FROM (SELECT tgrelid AS relation, oid, tgfoid, tgenabled FROM pg_trigger
            WHERE tgfoid IN ('protaddr.gate_row()'::regprocedure, 'protaddr.gate_check()'::regprocedure) AND tgparentid = 0
            UNION ALL
            -- one whose triggers are gone
            SELECT r.relation, 0, NULL, NULL
            FROM protaddr.gate r JOIN pg_class c ON c.oid = r.relation JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE r.relation_name = format('%I.%I', n.nspname, c.relname)) t
      LEFT JOIN LATERAL (SELECT p.args[i] AS key, p.args[i + 1] AS value
                         FROM protaddr.trigger_arguments(t.oid) p(args), generate_series(1, cardinality(p.args), 2) i) a ON true
      GROUP BY t.relation) g
ORDER BY g.relation::text;
GRANT SELECT ON protaddr.gate_status TO PUBLIC;
COMMENT ON VIEW protaddr.gate_status IS 'The gates, as the catalogs have them; partitions stand under their parent.';
COMMENT ON COLUMN protaddr.gate_status.relation IS 'The outbound table.';
COMMENT ON COLUMN protaddr.gate_status.channel IS 'The channel its addresses are released for; NULL: each row names its own.';
COMMENT ON COLUMN protaddr.gate_status.subject IS 'The column that names the payer; NULL: the table has messages alone.';
COMMENT ON COLUMN protaddr.gate_status.address_columns IS 'The columns that the gate releases.';
COMMENT ON COLUMN protaddr.gate_status.unchecked_columns IS 'Columns that could hold an address as text and are not checked; NULL if none.';
COMMENT ON COLUMN protaddr.gate_status.status IS 'in place, or what is wrong.';
COMMENT ON COLUMN protaddr.gate_status.kept IS 'Whether every session keeps it there: false while protaddr is not in shared_preload_libraries.';

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
REVOKE ALL ON ALL TABLES IN SCHEMA protaddr FROM PUBLIC, pg_monitor;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA protaddr FROM PUBLIC, pg_monitor;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA protaddr FROM pg_monitor;
GRANT SELECT ON protaddr.channel, protaddr.gate_status, protaddr.bound_column TO PUBLIC;
GRANT SELECT ON protaddr.key_status, protaddr.register_status, protaddr.load_progress, protaddr.verify_progress TO pg_monitor;
GRANT EXECUTE ON FUNCTION protaddr.data_key_available(bigint), protaddr.outer_key_name() TO pg_monitor;

-- ---------------------------------------------------------------------------
-- The first data key, and with it the outer key's file if there is none.
-- ---------------------------------------------------------------------------
SELECT protaddr.rotate_data_key();
