-- ---------------------------------------------------------------------------
-- type/: the type protaddr.address
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

-- What a driver sends as varchar may be stored in an address column: what text input makes of it.
CREATE CAST (text AS protaddr.address) WITH INOUT AS ASSIGNMENT;
COMMENT ON CAST (text AS protaddr.address) IS
'As text input: a token is kept as it is, JSON or plain lines are sealed. In assignments, so that a parameter that a driver sends as text or varchar can be stored; never implicit, so that no function takes a text for an address.';
CREATE CAST (varchar AS protaddr.address) WITH INOUT AS ASSIGNMENT;
COMMENT ON CAST (varchar AS protaddr.address) IS 'As the cast of text.';

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
