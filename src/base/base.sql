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
            HINT = 'Drop or rename the schema; CREATE EXTENSION protaddr makes its own.';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_namespace n
                   JOIN pg_catalog.pg_roles r ON r.oid OPERATOR(pg_catalog.=) n.nspowner
                   WHERE n.oid OPERATOR(pg_catalog.=) 'protaddr'::pg_catalog.regnamespace AND r.rolsuper)
    THEN
        RAISE EXCEPTION USING
            ERRCODE = 'insufficient_privilege',
            MESSAGE = 'schema "protaddr" belongs to a role that is not a superuser',
            HINT = 'Drop the schema; CREATE EXTENSION protaddr makes its own.';
    END IF;
    IF EXISTS (SELECT FROM pg_catalog.pg_namespace n, pg_catalog.aclexplode(n.nspacl) a
               JOIN pg_catalog.pg_roles r ON r.oid OPERATOR(pg_catalog.=) a.grantee
               WHERE n.oid OPERATOR(pg_catalog.=) 'protaddr'::pg_catalog.regnamespace
                 AND a.privilege_type OPERATOR(pg_catalog.=) 'CREATE' AND NOT r.rolsuper)
    THEN
        RAISE EXCEPTION USING
            ERRCODE = 'insufficient_privilege',
            MESSAGE = 'a role that is not a superuser may create objects in schema "protaddr"',
            HINT = 'Drop the schema; CREATE EXTENSION protaddr makes its own.';
    END IF;
END
$$;

-- Until the end of the script (module.sql): what nobody is named for below, everybody may
-- use, also where the installing role's default privileges take that from PUBLIC.
ALTER DEFAULT PRIVILEGES IN SCHEMA protaddr GRANT EXECUTE ON ROUTINES TO PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA protaddr GRANT USAGE ON TYPES TO PUBLIC;

REVOKE ALL ON SCHEMA protaddr FROM PUBLIC;
GRANT USAGE ON SCHEMA protaddr TO PUBLIC;
COMMENT ON SCHEMA protaddr IS
'Protected addresses: the type protaddr.address, the register of who is protected, the door (show), channels and gates.';

CREATE FUNCTION protaddr.own_table_changed() RETURNS trigger
    AS 'MODULE_PATHNAME', 'protaddr_own_table_changed' LANGUAGE C VOLATILE CALLED ON NULL INPUT;
REVOKE ALL ON FUNCTION protaddr.own_table_changed() FROM PUBLIC;
COMMENT ON FUNCTION protaddr.own_table_changed() IS
'Trigger of protaddr''s own tables: announces each change to every session at commit, and keeps recorded history from being changed or removed (raises 55000).';

CREATE FUNCTION protaddr.this_database() RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_this_database_sql' LANGUAGE C STRICT STABLE PARALLEL SAFE;
GRANT EXECUTE ON FUNCTION protaddr.this_database() TO PUBLIC;
COMMENT ON FUNCTION protaddr.this_database() IS
'This database: system identifier of the cluster and OID of the database. A copy made by CREATE DATABASE ... TEMPLATE has another, and so has a cluster after pg_upgrade. Not secret; for everybody, since whoever may read protaddr.register_status calls it.';

CREATE FUNCTION protaddr.own_script_runs() RETURNS boolean
    AS 'MODULE_PATHNAME', 'protaddr_own_script_runs' LANGUAGE C STRICT STABLE PARALLEL SAFE;
REVOKE ALL ON FUNCTION protaddr.own_script_runs() FROM PUBLIC;
COMMENT ON FUNCTION protaddr.own_script_runs() IS
'True while CREATE EXTENSION protaddr or ALTER EXTENSION protaddr UPDATE runs: what it changes counts as shipped.';

CREATE FUNCTION protaddr.new_id() RETURNS bigint
    AS 'MODULE_PATHNAME', 'protaddr_new_id' LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION protaddr.new_id() FROM PUBLIC;
COMMENT ON FUNCTION protaddr.new_id() IS
'Number for a new row of protaddr''s tables: from the time and random bits, so that it rises with time and needs no sequence, which lags behind its table after logical replication, a restore in parts or setval().';

CREATE FUNCTION protaddr.lock_own_table(relation regclass, to_drop boolean DEFAULT false) RETURNS void
    AS 'MODULE_PATHNAME', 'protaddr_lock_own_table' LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION protaddr.lock_own_table(regclass, boolean) IS
'Part of the functions that put triggers on a table: locks it as CREATE TRIGGER does, or as DROP TRIGGER does, for its owner alone, and keeps its name and owner as they are until the transaction ends. Raises 42501 before it takes any lock, or 42P01.';

CREATE FUNCTION protaddr.make_own_table(
    own name, dumped text DEFAULT NULL, changed_by text DEFAULT 'INSERT OR UPDATE OR DELETE', may_be_emptied boolean DEFAULT false
) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER own_table_changed BEFORE %s ON protaddr.%I FOR EACH ROW EXECUTE FUNCTION protaddr.own_table_changed()', changed_by, own);
    IF NOT may_be_emptied THEN
        EXECUTE format('CREATE TRIGGER own_table_truncated BEFORE TRUNCATE ON protaddr.%I FOR EACH STATEMENT EXECUTE FUNCTION protaddr.own_table_changed()', own);
    END IF;
    IF dumped IS NOT NULL THEN
        PERFORM pg_extension_config_dump(format('protaddr.%I', own), dumped);
    END IF;
END
$$;
REVOKE ALL ON FUNCTION protaddr.make_own_table(name, text, text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.make_own_table(name, text, text, boolean) IS
'Part of this script, which drops it at its end: gives one of our tables the triggers that all have. dumped: which of its rows pg_dump takes; empty: all; NULL: none. changed_by: what fires the row trigger. may_be_emptied: TRUNCATE is allowed.';
