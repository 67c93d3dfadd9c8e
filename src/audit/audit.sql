-- ---------------------------------------------------------------------------
-- audit/: the audit trail
-- ---------------------------------------------------------------------------
CREATE FUNCTION protaddr.audit_records(
    since timestamptz, until timestamptz,
    OUT node text, OUT seq bigint, OUT at timestamptz, OUT kind text, OUT record text
) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'protaddr_audit_records' LANGUAGE C CALLED ON NULL INPUT VOLATILE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION protaddr.audit_records(timestamptz, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.audit_records(timestamptz, timestamptz) IS
'Part of protaddr.audit_trail(): the records as they stand in the files.';

CREATE FUNCTION protaddr.audit_trail(
    since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL, only_kind text DEFAULT NULL, only_login text DEFAULT NULL,
    OUT node text, OUT seq bigint, OUT at timestamptz, OUT kind text, OUT database text, OUT login text, OUT role text, OUT client text,
    OUT session text, OUT record jsonb
) RETURNS SETOF record
    LANGUAGE sql VOLATILE SECURITY DEFINER PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT r.node, r.seq, r.at, r.kind, j.record ->> 'database', j.record ->> 'login', coalesce(j.record ->> 'role', j.record ->> 'login'),
           j.record ->> 'client', j.record ->> 'session', j.record
    FROM protaddr.audit_records(since, until) r, LATERAL (SELECT r.record::jsonb) j(record)
    WHERE (only_kind IS NULL OR r.kind OPERATOR(pg_catalog.=) only_kind)
      AND (only_login IS NULL OR (j.record OPERATOR(pg_catalog.->>) 'login') OPERATOR(pg_catalog.=) only_login);
END;
REVOKE ALL ON FUNCTION protaddr.audit_trail(timestamptz, timestamptz, text, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.audit_trail(timestamptz, timestamptz, text, text) IS
'The records of the audit trail, of all databases of this server, of this node and of those that it is a copy of, in the order of each node. since: from then; until: before then; only_kind, only_login: of that kind, by that login role; NULL: all. role: the role that it worked as. record: all that was recorded; the kinds and their fields stand in doc/audit.md. Whether they are what was written, protaddr.audit_verify() tells. Raises the system''s code if a file cannot be read.';

CREATE FUNCTION protaddr.audit_verify(
    anchors text[] DEFAULT NULL, public_keys text[] DEFAULT NULL,
    OUT node text, OUT own boolean, OUT verdict text, OUT at_seq bigint, OUT in_file text, OUT records bigint, OUT first_seq bigint,
    OUT last_seq bigint, OUT first_at timestamptz, OUT last_at timestamptz, OUT signed_to bigint, OUT copy_of text, OUT anchor text
) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'protaddr_audit_verify' LANGUAGE C CALLED ON NULL INPUT VOLATILE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION protaddr.audit_verify(text[], text[]) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.audit_verify(text[], text[]) IS
'Follows the chain of each node in this server''s folder; a row for each. anchors: what protaddr.audit_anchor() gave earlier, kept elsewhere: without one, a whole folder that was replaced by an older copy of itself looks whole. public_keys: whose signatures are believed, 64 hexadecimal digits each; signatures by others are forged; NULL: the server''s own of its own node, and of another node the first that signs there; then those by others do not count. verdict: whole; torn: the last record has no end, as after a crash (of another node: when it was copied); altered: the record at_seq is not what was written; missing: records from at_seq are not there; repeated: at at_seq stands an earlier record; forked: the record at_seq is not the one of an anchor or of the node''s own file; forged: a signature at at_seq is wrong, or its key not believed. What comes behind at_seq was not judged. signed_to: the last record that a signature vouches for; NULL: none. copy_of: the node that this one was copied from. anchor: of the last good record. Raises 22023 if an argument is none.';

CREATE FUNCTION protaddr.audit_anchor() RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_audit_anchor' LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION protaddr.audit_anchor() FROM PUBLIC;
COMMENT ON FUNCTION protaddr.audit_anchor() IS
'What this node''s chain has come to: its node, the number of its last record, and that one''s hash. Kept out of the server''s reach, it proves later that nothing before it was changed or removed. NULL if nothing is recorded yet.';

CREATE FUNCTION protaddr.audit_checkpoint() RETURNS bigint
    AS 'MODULE_PATHNAME', 'protaddr_audit_checkpoint' LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION protaddr.audit_checkpoint() FROM PUBLIC;
COMMENT ON FUNCTION protaddr.audit_checkpoint() IS
'Signs this node''s chain now, by the key of protaddr.audit_key_file, and gives the number of the last record that the signature vouches for. The server does so itself every thousand records, and with the first record that comes a minute or more after the last signature. Raises 55000 if it has no key.';

CREATE FUNCTION protaddr.audit_mark() RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_audit_mark' LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION protaddr.audit_mark() FROM PUBLIC;
COMMENT ON FUNCTION protaddr.audit_mark() IS
'For a key that lives elsewhere: what to sign (Ed25519), without a line end. The signature is given to protaddr.audit_sign(), before sixteen other marks are made.';

CREATE FUNCTION protaddr.audit_sign(mark text, public_key text, signature text) RETURNS bigint
    AS 'MODULE_PATHNAME', 'protaddr_audit_sign' LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION protaddr.audit_sign(text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.audit_sign(text, text, text) IS
'Puts a signature of a mark into the chain, and gives the number of the last record that it vouches for. public_key and signature: 64 and 128 hexadecimal digits. Raises 22023 if it is no signature of a mark of this node.';
