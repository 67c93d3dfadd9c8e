-- ---------------------------------------------------------------------------
-- keys/: data keys, wrapped by the outer key
-- ---------------------------------------------------------------------------
CREATE TABLE protaddr.data_key (
    id bigint PRIMARY KEY,
    wrapped bytea CHECK (octet_length(wrapped) = 60),
    outer_key text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    generation bigint NOT NULL,
    retired_at timestamptz,
    acts text[] NOT NULL DEFAULT '{}',
    CHECK (wrapped IS NOT NULL OR retired_at IS NOT NULL)
);
COMMENT ON TABLE protaddr.data_key IS
'Data keys (AES-256), each wrapped by the outer key: useless without it, so they may be dumped and replicated. Rows are never removed. Dumped with the extension''s data.';
COMMENT ON COLUMN protaddr.data_key.id IS 'Random id that sealed values carry.';
COMMENT ON COLUMN protaddr.data_key.wrapped IS 'Nonce (12 bytes), AES-256-GCM ciphertext of the key (32), tag (16); the id is authenticated with it. NULL once the key was erased.';
COMMENT ON COLUMN protaddr.data_key.outer_key IS 'Name of the outer key that wraps it: 16 hexadecimal digits derived from that key, not secret.';
COMMENT ON COLUMN protaddr.data_key.created_at IS 'When it was made.';
COMMENT ON COLUMN protaddr.data_key.generation IS 'Counts up with every rotation. New values use the usable key of the highest generation, whatever the clock says.';
COMMENT ON COLUMN protaddr.data_key.retired_at IS 'When it was retired: values under it are not opened any more. NULL: in use.';
COMMENT ON COLUMN protaddr.data_key.acts IS 'What was done with it, one after the other: when, by which login role, and why.';
SELECT protaddr.make_own_table('data_key', dumped => '');

CREATE FUNCTION protaddr.rotate_data_key() RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_rotate_data_key' LANGUAGE C STRICT VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp;
REVOKE ALL ON FUNCTION protaddr.rotate_data_key() FROM PUBLIC;
COMMENT ON FUNCTION protaddr.rotate_data_key() IS
'Adds a data key of the next generation and returns its id. Transactions after this one seal with it; older values stay readable under theirs. Rotate at least every 2^32 seals (NIST SP 800-38D, random nonces). Raises 55PA1 if the outer key cannot be had.';

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

CREATE FUNCTION protaddr.crypto_library() RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_crypto_library' LANGUAGE C STRICT STABLE PARALLEL SAFE;
REVOKE ALL ON FUNCTION protaddr.crypto_library() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION protaddr.crypto_library() TO pg_monitor;
COMMENT ON FUNCTION protaddr.crypto_library() IS
'The library that encrypts and decrypts in this session: libsodium, OpenSSL, or OpenSSL in FIPS mode. See the setting protaddr.crypto.';

CREATE VIEW protaddr.key_status AS
SELECT lpad(to_hex(k.id), 16, '0') AS key_id,
       k.generation,
       k.created_at,
       k.outer_key,
       k.usable,
       k.usable AND rank() OVER (PARTITION BY k.usable ORDER BY k.generation DESC, k.created_at DESC, k.id DESC) = 1 AS newest,
       k.retired_at,
       k.acts,
       CASE WHEN k.usable THEN 'ready'
            WHEN k.wrapped IS NULL THEN 'retired and erased'
            WHEN k.retired_at IS NOT NULL THEN 'retired'
            WHEN protaddr.outer_key_name() IS NULL THEN 'this server has no usable outer key: see its log'
            WHEN k.outer_key IS DISTINCT FROM protaddr.outer_key_name()
            THEN 'wrapped by another outer key: see protaddr.adopt_data_keys()'
            ELSE 'cannot be unwrapped' END AS status
FROM (SELECT d.*, protaddr.data_key_available(d.id) AS usable FROM protaddr.data_key d) k;
GRANT SELECT ON protaddr.key_status TO pg_monitor;
COMMENT ON VIEW protaddr.key_status IS
'The data keys: id, when made, which outer key wraps them, whether they can be used here. Holds no key. Where protaddr.kek_command is set, a session starts the program for it once in five seconds at most.';
COMMENT ON COLUMN protaddr.key_status.key_id IS 'Id as error messages name it.';
COMMENT ON COLUMN protaddr.key_status.generation IS 'Counts up with every rotation.';
COMMENT ON COLUMN protaddr.key_status.created_at IS 'When the key was made.';
COMMENT ON COLUMN protaddr.key_status.outer_key IS 'Name of the outer key that wraps it.';
COMMENT ON COLUMN protaddr.key_status.usable IS 'Values sealed with it can be opened here.';
COMMENT ON COLUMN protaddr.key_status.newest IS 'New values are sealed with it.';
COMMENT ON COLUMN protaddr.key_status.retired_at IS 'When it was retired; NULL if it was not.';
COMMENT ON COLUMN protaddr.key_status.acts IS 'When it was retired, erased or reinstated, by whom and why.';
COMMENT ON COLUMN protaddr.key_status.status IS 'The same in words, and what to do.';

CREATE PROCEDURE protaddr.reseal(relation regclass, column_name name DEFAULT NULL, batch_size integer DEFAULT 10000)
    AS 'MODULE_PATHNAME', 'protaddr_reseal_column' LANGUAGE C;
REVOKE ALL ON PROCEDURE protaddr.reseal(regclass, name, integer) FROM PUBLIC;
COMMENT ON PROCEDURE protaddr.reseal(regclass, name, integer) IS
'Moves the values of an address column (NULL: of all) of a table, its partitions and children to the newest data key: the same content, people and release, in place, beneath triggers and gates. Commits after each batch of rows; once interrupted, call it again. Skips rows that others have locked and comes back to them. Ends with the number of values under older keys: 0 proves that all were moved. For protaddr''s own tables, too (protaddr.held, protaddr.held_decision, protaddr.substitute_address, protaddr.guarded_address, protaddr.sweep_change). For arrays, ranges and composites see protaddr.resealed(). Needs EXECUTE and the right to UPDATE the column. Progress: protaddr.reseal_progress. Raises 25001 in a transaction block, 42501, 42703, 42809, 22023, 55PA1.';

CREATE FUNCTION protaddr.resealed(address protaddr.address) RETURNS protaddr.address
    AS 'MODULE_PATHNAME', 'protaddr_resealed' LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION protaddr.resealed(protaddr.address) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.resealed(protaddr.address) IS
'The same address, with the same people and release, sealed with the newest data key: for UPDATEs of arrays, ranges and composites, which protaddr.reseal() leaves alone. Raises 55PA1, XX001.';

CREATE VIEW protaddr.reseal_progress AS
SELECT c.pid, a.usename AS resealed_by, c.relid::regclass AS relation, c.param13::oid::regclass AS partition,
       c.param14 AS pass,
       date_trunc('second', clock_timestamp() - a.query_start) AS running,
       c.param11 AS rows,
       round(c.param11 / greatest(extract(epoch FROM clock_timestamp() - a.query_start), 0.001)) AS rows_per_second,
       c.param12 AS left_before
FROM pg_stat_get_progress_info('COPY') c JOIN pg_stat_activity a USING (pid)
WHERE c.param16 = 2 AND a.datname = current_database();
GRANT SELECT ON protaddr.reseal_progress TO pg_monitor;
COMMENT ON VIEW protaddr.reseal_progress IS 'The calls of protaddr.reseal() running now, to watch from another session.';
COMMENT ON COLUMN protaddr.reseal_progress.pid IS 'Process that reseals.';
COMMENT ON COLUMN protaddr.reseal_progress.resealed_by IS 'Login role.';
COMMENT ON COLUMN protaddr.reseal_progress.relation IS 'The table.';
COMMENT ON COLUMN protaddr.reseal_progress.partition IS 'The partition at hand, or the table itself.';
COMMENT ON COLUMN protaddr.reseal_progress.pass IS 'Passes after the first look for what others changed meanwhile.';
COMMENT ON COLUMN protaddr.reseal_progress.running IS 'How long it has run.';
COMMENT ON COLUMN protaddr.reseal_progress.rows IS 'Rows resealed so far.';
COMMENT ON COLUMN protaddr.reseal_progress.rows_per_second IS 'The rate.';
COMMENT ON COLUMN protaddr.reseal_progress.left_before IS 'Values under older keys at the end of the pass before; 0 in the first.';

CREATE FUNCTION protaddr.retire_data_key(key_id text, reason text, force boolean DEFAULT false, erase boolean DEFAULT false) RETURNS bigint
    AS 'MODULE_PATHNAME', 'protaddr_retire_data_key' LANGUAGE C STRICT VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp;
REVOKE ALL ON FUNCTION protaddr.retire_data_key(text, text, boolean, boolean) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.retire_data_key(text, text, boolean, boolean) IS
'Ends a data key that nothing needs any more: no session opens or seals with it from then on. key_id: as in protaddr.key_status. Searches all tables of this database for values under it, with any rights (only headers are read, nothing is opened), after waiting for the transactions of this database that run now and may have sealed some that nobody sees yet, and refuses (55006) while there are some; with force the key is retired all the same, at once, as a compromised one must be, and the values stay, whole, and say so. Returns how many. erase: also removes the wrapped key, which nothing can bring back but a backup; refused while values need it. Backups made before hold the key, wrapped, and values under it: after a restore, retire it again; to end it there too, change the outer key (protaddr.adopt_data_keys()) and destroy the old one. Tokens kept as text, in files, queues or other databases are not found. Recorded in protaddr.data_key. Raises 22023, 42704, 55000, 55006.';

CREATE FUNCTION protaddr.reinstate_data_key(key_id text, reason text) RETURNS void
    AS 'MODULE_PATHNAME', 'protaddr_reinstate_data_key' LANGUAGE C STRICT VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp;
REVOKE ALL ON FUNCTION protaddr.reinstate_data_key(text, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.reinstate_data_key(text, text) IS
'Lets a retired data key open values again: for values that turned up later, to reseal them. Recorded in protaddr.data_key. Raises 22023, 42704, and 55000 if the key was erased or is not retired.';
