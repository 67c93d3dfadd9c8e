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
        EXECUTE pg_catalog.format('REVOKE ALL ON ALL ROUTINES IN SCHEMA protaddr FROM %s', grantee);
    END LOOP;
END
$$;
ALTER DEFAULT PRIVILEGES IN SCHEMA protaddr REVOKE EXECUTE ON ROUTINES FROM PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA protaddr REVOKE USAGE ON TYPES FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA protaddr FROM PUBLIC, pg_monitor;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA protaddr FROM PUBLIC, pg_monitor;
REVOKE ALL ON ALL ROUTINES IN SCHEMA protaddr FROM pg_monitor;
GRANT SELECT ON protaddr.channel, protaddr.gate_status, protaddr.bound_column, protaddr.purpose TO PUBLIC;
GRANT SELECT ON protaddr.key_status, protaddr.register_status, protaddr.load_progress, protaddr.verify_progress, protaddr.reseal_progress, protaddr.shared_picture, protaddr.sweep_progress, protaddr.sweep_status, protaddr.export_status, protaddr.proxy_status, protaddr.ways_out TO pg_monitor;
GRANT EXECUTE ON FUNCTION protaddr.data_key_available(bigint), protaddr.outer_key_name(), protaddr.crypto_library(), protaddr.shared_picture_status() TO pg_monitor;

-- ---------------------------------------------------------------------------
-- The triggers of our tables fire always: neither replication nor
-- session_replication_role gets past what they see to.
-- ---------------------------------------------------------------------------
DO $$
DECLARE
    own record;
BEGIN
    FOR own IN
        SELECT t.tgrelid::pg_catalog.regclass AS relation, t.tgname AS name
        FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) t.tgrelid
        WHERE c.relnamespace OPERATOR(pg_catalog.=) 'protaddr'::pg_catalog.regnamespace AND NOT t.tgisinternal
    LOOP
        EXECUTE pg_catalog.format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', own.relation, own.name);
    END LOOP;
END
$$;
DROP FUNCTION protaddr.make_own_table(name, text, text, boolean);

-- ---------------------------------------------------------------------------
-- A publication FOR ALL TABLES, or of our schema, must not make our own writes fail:
-- without a key a row is identified by all that it holds.
-- ---------------------------------------------------------------------------
DO $$
DECLARE
    keyless regclass;
BEGIN
    FOR keyless IN
        SELECT c.oid FROM pg_catalog.pg_class c
        WHERE c.relnamespace OPERATOR(pg_catalog.=) 'protaddr'::pg_catalog.regnamespace
          AND c.relkind OPERATOR(pg_catalog.=) 'r'
          AND NOT EXISTS (SELECT FROM pg_catalog.pg_index i
                          WHERE i.indrelid OPERATOR(pg_catalog.=) c.oid AND i.indisprimary)
    LOOP
        EXECUTE pg_catalog.format('ALTER TABLE %s REPLICA IDENTITY FULL', keyless);
    END LOOP;
END
$$;

-- ---------------------------------------------------------------------------
-- What a function of ours reads with its owner's rights, its caller may not: and the
-- plans of its statements hold it, which debug_print_plan with client_min_messages = log
-- would show.
-- ---------------------------------------------------------------------------
DO $$
DECLARE
    definer regprocedure;
    setting text;
BEGIN
    FOR definer IN
        SELECT p.oid FROM pg_catalog.pg_proc p
        WHERE p.pronamespace OPERATOR(pg_catalog.=) 'protaddr'::pg_catalog.regnamespace AND p.prosecdef
    LOOP
        FOREACH setting IN ARRAY '{debug_print_parse,debug_print_rewritten,debug_print_plan}'::text[]
        LOOP
            EXECUTE pg_catalog.format('ALTER FUNCTION %s SET %I = off', definer, setting);
        END LOOP;
    END LOOP;
END
$$;

-- ---------------------------------------------------------------------------
-- The first data key, and with it the outer key's file if there is none.
-- ---------------------------------------------------------------------------
SELECT protaddr.rotate_data_key();
