-- ---------------------------------------------------------------------------
-- export/: relations from which nothing protected gets out
-- ---------------------------------------------------------------------------
CREATE TABLE protaddr.export (
    schema_name text COLLATE "C" NOT NULL,
    relation_name text COLLATE "C" NOT NULL,
    channel text NOT NULL,
    columns text[],
    reason text NOT NULL CHECK (reason ~ '\S'),
    declared_by text NOT NULL DEFAULT session_user,
    declared_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (schema_name, relation_name)
);
COMMENT ON TABLE protaddr.export IS
'What is declared an export, by name: whatever goes by that name, and what it is renamed to. See protaddr.export_status.';
COMMENT ON COLUMN protaddr.export.schema_name IS 'The schema.';
COMMENT ON COLUMN protaddr.export.relation_name IS 'The view, materialized view, table or foreign table; empty: every relation of the schema, also those made later.';
COMMENT ON COLUMN protaddr.export.channel IS 'The channel through which it leaves.';
COMMENT ON COLUMN protaddr.export.columns IS 'The columns that may be read; NULL: all.';
COMMENT ON COLUMN protaddr.export.reason IS 'What it is for.';
COMMENT ON COLUMN protaddr.export.declared_by IS 'Login role.';
COMMENT ON COLUMN protaddr.export.declared_at IS 'When.';
SELECT protaddr.make_own_table('export', dumped => '');

CREATE TABLE protaddr.free_column (
    relation regclass NOT NULL,
    column_name name NOT NULL,
    column_number smallint,
    reason text NOT NULL CHECK (reason ~ '\S'),
    declared_by text NOT NULL DEFAULT session_user,
    declared_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (relation, column_name)
);
COMMENT ON TABLE protaddr.free_column IS
'Columns that are declared free of addresses, so that exports may show them. A declaration is of this column of this table: it ends if the column is renamed, dropped or made anew.';
COMMENT ON COLUMN protaddr.free_column.relation IS 'The table.';
COMMENT ON COLUMN protaddr.free_column.column_name IS 'The column.';
COMMENT ON COLUMN protaddr.free_column.column_number IS 'Its number in this database, found out where the row is written; 0 or NULL: it does not exist.';
COMMENT ON COLUMN protaddr.free_column.reason IS 'Why it holds no address.';
COMMENT ON COLUMN protaddr.free_column.declared_by IS 'Login role.';
COMMENT ON COLUMN protaddr.free_column.declared_at IS 'When.';
SELECT protaddr.make_own_table('free_column', dumped => 'WHERE EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) relation)');

CREATE TABLE protaddr.safe_function (
    function text COLLATE "C" PRIMARY KEY,
    definition text COLLATE "C" NOT NULL,
    reason text NOT NULL CHECK (reason ~ '\S'),
    declared_by text NOT NULL DEFAULT session_user,
    declared_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE protaddr.safe_function IS
'Functions of which a superuser has declared that their result holds no protected address, whatever they are given.';
COMMENT ON COLUMN protaddr.safe_function.function IS 'The function, qualified, with the types of its arguments.';
COMMENT ON COLUMN protaddr.safe_function.definition IS 'Digest of its definition: the declaration is of that one.';
COMMENT ON COLUMN protaddr.safe_function.reason IS 'Why it is safe.';
COMMENT ON COLUMN protaddr.safe_function.declared_by IS 'Login role.';
COMMENT ON COLUMN protaddr.safe_function.declared_at IS 'When.';
SELECT protaddr.make_own_table('safe_function', dumped => '');

CREATE TABLE protaddr.export_change (
    id bigint NOT NULL DEFAULT protaddr.new_id(),
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_by text NOT NULL DEFAULT session_user,
    what text NOT NULL CONSTRAINT export_change_what CHECK (what IN ('declared', 'renamed', 'undeclared', 'free', 'not free', 'safe', 'not safe', 'name', 'not name', 'location', 'not location', 'way out refused', 'way out allowed')),
    object text NOT NULL,
    channel text,
    reason text NOT NULL
);
COMMENT ON TABLE protaddr.export_change IS
'Who declared what of exports, columns and functions, and who took it back. Rows are added, never changed or removed.';
COMMENT ON COLUMN protaddr.export_change.id IS 'Number of the row.';
COMMENT ON COLUMN protaddr.export_change.changed_at IS 'When.';
COMMENT ON COLUMN protaddr.export_change.changed_by IS 'Login role.';
COMMENT ON COLUMN protaddr.export_change.what IS 'declared, renamed (and declared under the new name, too), undeclared: an export; free, not free, name, not name, location, not location: a column; safe, not safe: a function; way out refused, way out allowed: see protaddr.set_way_out().';
COMMENT ON COLUMN protaddr.export_change.object IS 'Its name at that time.';
COMMENT ON COLUMN protaddr.export_change.channel IS 'The channel of an export.';
COMMENT ON COLUMN protaddr.export_change.reason IS 'Why.';
SELECT protaddr.make_own_table('export_change', dumped => '');

CREATE FUNCTION protaddr.export_name(schema_name text, relation_name text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN relation_name = '' THEN 'schema ' || quote_ident(schema_name) ELSE quote_ident(schema_name) || '.' || quote_ident(relation_name) END;
END;
COMMENT ON FUNCTION protaddr.export_name(text, text) IS 'How an export is called in protaddr.export_change: the schema, if relation_name is empty.';

CREATE FUNCTION protaddr.exports_are_kept() RETURNS boolean
    AS 'MODULE_PATHNAME', 'protaddr_exports_are_kept' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION protaddr.exports_are_kept() IS
'True if protaddr is in shared_preload_libraries, so that every reading of an export is judged. Otherwise none can be declared or read.';

CREATE FUNCTION protaddr.function_definition(function oid) RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_function_definition' LANGUAGE C STRICT STABLE PARALLEL SAFE;
REVOKE ALL ON FUNCTION protaddr.function_definition(oid) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.function_definition(oid) IS 'Part of protaddr.declare_safe(): digest of a function''s definition; NULL for an aggregate, a window function or none.';

CREATE FUNCTION protaddr.function_name(function oid) RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_function_name' LANGUAGE C STRICT STABLE PARALLEL SAFE;
COMMENT ON FUNCTION protaddr.function_name(oid) IS 'Name of a function, qualified, with the types of its arguments, as protaddr.safe_function has it; NULL if it does not exist.';

CREATE FUNCTION protaddr.explain_export(
    relation regclass, channel text DEFAULT NULL,
    OUT column_name name, OUT type text, OUT comes_from text[], OUT through text[], OUT verdict text
) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'protaddr_explain_export' LANGUAGE C CALLED ON NULL INPUT STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION protaddr.explain_export(regclass, text) IS
'Where each column of a view, materialized view or table comes from, through which functions, and whether it may leave through the channel of the export, or through another (channel): "may leave", or "refused: " and why. Tells no value. NULL: no rows. Raises 42809, 55000 for a relation that is no export without a channel.';

CREATE FUNCTION protaddr.export_verdict(relation oid) RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_export_verdict' LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION protaddr.export_verdict(oid) IS
'Whether an export may be read: "may leave", or "refused: ", the first column that may not, and why. NULL if the relation is no export.';

CREATE FUNCTION protaddr.check_export(channel text, reason text) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF check_export.reason IS NULL OR check_export.reason !~ '\S' THEN
        RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed', MESSAGE = 'a reason must be given';
    END IF;
    IF NOT EXISTS (SELECT FROM protaddr.channel c WHERE c.channel = check_export.channel AND c.valid_from <= now() AND now() < c.valid_to) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = CASE WHEN check_export.channel IS NULL THEN 'a channel must be named' ELSE format('channel "%s" does not exist', check_export.channel) END,
            HINT = format('Channels: %s.', (SELECT string_agg(DISTINCT c.channel, ', ' ORDER BY c.channel) FROM protaddr.channel c
                                            WHERE c.valid_from <= now() AND now() < c.valid_to));
    END IF;
    IF NOT protaddr.exports_are_kept() THEN
        RAISE EXCEPTION USING
            ERRCODE = '55PA1',
            MESSAGE = 'an export cannot be declared: protaddr is not in shared_preload_libraries',
            DETAIL = 'A session that has not used protaddr yet would read it unseen.',
            HINT = 'Add protaddr to shared_preload_libraries and restart the server.';
    END IF;
END
$$;
COMMENT ON FUNCTION protaddr.check_export(text, text) IS 'Part of protaddr.declare_export(). Raises 22004, 22023, 55PA1.';

CREATE FUNCTION protaddr.declare_export(relation regclass, channel text, columns name[] DEFAULT NULL, reason text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    named record;
    missing name;
    said text;
BEGIN
    PERFORM protaddr.check_export(channel, reason);
    SELECT n.nspname::text AS schema_name, c.relname::text AS relation_name, c.relkind AS kind INTO named
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = relation;
    IF named.kind IS NULL OR named.kind NOT IN ('v', 'm', 'r', 'p', 'f') THEN
        RAISE EXCEPTION USING
            ERRCODE = 'wrong_object_type',
            MESSAGE = 'only a view, a materialized view, a table or a foreign table can be an export';
    END IF;
    IF named.schema_name IN ('protaddr', 'pg_catalog', 'information_schema') THEN
        RAISE EXCEPTION USING ERRCODE = 'wrong_object_type', MESSAGE = format('%s belongs to the system and cannot be an export', relation);
    END IF;
    SELECT u.name INTO missing FROM unnest(columns) u(name)
    WHERE u.name IS NULL OR NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = relation AND a.attname = u.name AND a.attnum > 0 AND NOT a.attisdropped) LIMIT 1;
    IF FOUND OR cardinality(columns) = 0 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'undefined_column',
            MESSAGE = format('column "%s" of %s does not exist', missing, relation),
            HINT = 'columns: those that may be read; NULL: all.';
    END IF;
    INSERT INTO protaddr.export AS e (schema_name, relation_name, channel, columns, reason)
    VALUES (named.schema_name, named.relation_name, declare_export.channel, declare_export.columns::text[], declare_export.reason)
    ON CONFLICT ON CONSTRAINT export_pkey DO UPDATE
        SET channel = EXCLUDED.channel, columns = EXCLUDED.columns, reason = EXCLUDED.reason, declared_by = EXCLUDED.declared_by, declared_at = EXCLUDED.declared_at;
    INSERT INTO protaddr.export_change (what, object, channel, reason)
    VALUES ('declared', protaddr.export_name(named.schema_name, named.relation_name), declare_export.channel, declare_export.reason);
    said := protaddr.export_verdict(relation);
    IF said <> 'may leave' THEN
        RAISE WARNING 'export % cannot be read yet: %', protaddr.export_name(named.schema_name, named.relation_name), said
            USING HINT = 'protaddr.explain_export() tells where each column comes from.';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION protaddr.declare_export(regclass, text, name[], text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.declare_export(regclass, text, name[], text) IS
'Declares a view, materialized view, table or foreign table an export for a channel: from then on it is read by nobody, in no way, unless each of its columns holds no text, or an address released for the channel, or a text that passed guard() for it, or comes from columns declared free of addresses. columns: only these may be read and are judged; NULL: all. Declared again, the new declaration counts. A WARNING says if it cannot be read as it is. By name: kept through DROP and CREATE, restore and renaming. Raises 22004 without a reason, 22023 for a channel that does not exist, 42703, 42809, 55PA1 unless protaddr is in shared_preload_libraries.';

CREATE FUNCTION protaddr.declare_export_schema(schema regnamespace, channel text, reason text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    name text := (SELECT n.nspname FROM pg_namespace n WHERE n.oid = schema);
    refused bigint;
BEGIN
    PERFORM protaddr.check_export(channel, reason);
    IF name IS NULL OR name IN ('protaddr', 'pg_catalog', 'information_schema') THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_schema_name', MESSAGE = 'an existing schema that is not the system''s must be named';
    END IF;
    INSERT INTO protaddr.export AS e (schema_name, relation_name, channel, reason)
    VALUES (name, '', declare_export_schema.channel, declare_export_schema.reason)
    ON CONFLICT ON CONSTRAINT export_pkey DO UPDATE
        SET channel = EXCLUDED.channel, reason = EXCLUDED.reason, declared_by = EXCLUDED.declared_by, declared_at = EXCLUDED.declared_at;
    INSERT INTO protaddr.export_change (what, object, channel, reason)
    VALUES ('declared', protaddr.export_name(name, ''), declare_export_schema.channel, declare_export_schema.reason);
    SELECT count(*) INTO refused FROM pg_class c
    WHERE c.relnamespace = schema AND c.relkind IN ('v', 'm', 'r', 'p', 'f') AND protaddr.export_verdict(c.oid) <> 'may leave';
    IF refused > 0 THEN
        RAISE WARNING '% relations of schema % cannot be read yet', refused, quote_ident(name)
            USING HINT = 'protaddr.export_status tells which and why.';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION protaddr.declare_export_schema(regnamespace, text, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.declare_export_schema(regnamespace, text, text) IS
'Declares every relation of a schema an export for a channel, those made later included; one that is declared by itself keeps its own declaration. A WARNING counts those that cannot be read as they are. Raises 22004 without a reason, 22023, 3F000, 55PA1 as protaddr.declare_export().';

CREATE FUNCTION protaddr.undeclare_export(export text, reason text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    name text[] := parse_ident(export);
BEGIN
    IF undeclare_export.reason IS NULL OR undeclare_export.reason !~ '\S' THEN
        RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed', MESSAGE = 'a reason must be given';
    END IF;
    IF cardinality(name) NOT IN (1, 2) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'an export is named as schema.relation, or a schema by itself';
    END IF;
    WITH gone AS (
        DELETE FROM protaddr.export e WHERE e.schema_name = name[1] AND e.relation_name = coalesce(name[2], '')
        RETURNING e.schema_name, e.relation_name, e.channel
    )
    INSERT INTO protaddr.export_change (what, object, channel, reason)
    SELECT 'undeclared', protaddr.export_name(g.schema_name, g.relation_name), g.channel, undeclare_export.reason FROM gone g;
    RETURN FOUND;
END
$$;
REVOKE ALL ON FUNCTION protaddr.undeclare_export(text, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.undeclare_export(text, text) IS
'Ends the declaration of an export, by its name, schema.relation; or of a schema, by its name alone. True if there was one. Recorded in protaddr.export_change. What else is declared, the schema or another name of the same relation, stays. NULL: false. Raises 22004 without a reason, 22023.';

CREATE FUNCTION protaddr.declare_free(relation regclass, column_name name, reason text) RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    free pg_attribute;
    kind "char" := (SELECT c.relkind FROM pg_class c WHERE c.oid = relation);
BEGIN
    IF declare_free.reason IS NULL OR declare_free.reason !~ '\S' THEN
        RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed', MESSAGE = 'a reason must be given';
    END IF;
    IF kind IS NULL OR kind NOT IN ('r', 'p', 'm', 'f') OR declare_free.relation::oid < 16384 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'wrong_object_type',
            MESSAGE = 'only a column of a table, a materialized view or a foreign table can be declared free of addresses',
            HINT = 'Of a view, declare the columns that it comes from: see protaddr.explain_export().';
    END IF;
    SELECT a.* INTO free FROM pg_attribute a
    WHERE a.attrelid = relation AND a.attname = column_name AND a.attnum > 0 AND NOT a.attisdropped;
    IF free.attnum IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'undefined_column',
            MESSAGE = format('column "%s" of %s does not exist', column_name, relation);
    END IF;
    IF free.attgenerated <> '' OR protaddr.address_column(free.atttypid) IS NOT NULL
       OR EXISTS (SELECT FROM pg_trigger t, LATERAL (SELECT protaddr.trigger_arguments(t.oid) AS args) a
                  WHERE t.tgrelid = relation AND t.tgfoid = 'protaddr.declared_row_written()'::regprocedure
                    AND column_name::text IN (SELECT a.args[i] FROM generate_series(3, cardinality(a.args), 2) i)) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'datatype_mismatch',
            MESSAGE = format('column %I of %s cannot be declared free of addresses', column_name, relation),
            DETAIL = 'It is of type protaddr.address, or declared to hold addresses, or generated from other columns.';
    END IF;
    INSERT INTO protaddr.free_column AS f (relation, column_name, reason)
    VALUES (declare_free.relation, declare_free.column_name, declare_free.reason)
    ON CONFLICT ON CONSTRAINT free_column_pkey DO UPDATE
        SET column_number = free.attnum, reason = EXCLUDED.reason, declared_by = EXCLUDED.declared_by, declared_at = EXCLUDED.declared_at;
    INSERT INTO protaddr.export_change (what, object, reason)
    VALUES ('free', format('%s.%I', (SELECT protaddr.export_name(n.nspname::text, c.relname::text) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = relation), column_name), declare_free.reason);
END
$$;
REVOKE ALL ON FUNCTION protaddr.declare_free(regclass, name, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.declare_free(regclass, name, text) IS
'Declares that a column of a table, materialized view or foreign table holds no addresses, so that exports may show what comes from it; of a partitioned table, for its partitions, too. It lets out what stands in the column: grant it to few. Recorded with the reason in protaddr.free_column and protaddr.export_change. The declaration ends if the column is renamed, dropped or made anew; the table may be renamed. Raises 22004 without a reason, 42703, 42804 for a column of addresses or a generated one, 42809.';

CREATE FUNCTION protaddr.undeclare_free(relation regclass, column_name name, reason text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF undeclare_free.reason IS NULL OR undeclare_free.reason !~ '\S' THEN
        RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed', MESSAGE = 'a reason must be given';
    END IF;
    WITH gone AS (
        DELETE FROM protaddr.free_column f WHERE f.relation = undeclare_free.relation AND f.column_name = undeclare_free.column_name
        RETURNING f.relation, f.column_name
    )
    INSERT INTO protaddr.export_change (what, object, reason)
    SELECT 'not free', format('%s.%I', g.relation, g.column_name), undeclare_free.reason FROM gone g;
    RETURN FOUND;
END
$$;
REVOKE ALL ON FUNCTION protaddr.undeclare_free(regclass, name, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.undeclare_free(regclass, name, text) IS
'Takes back protaddr.declare_free(); true if there was such a declaration. Recorded. Raises 22004 without a reason.';

CREATE FUNCTION protaddr.declare_safe(function regprocedure, reason text) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    digest text;
BEGIN
    IF NOT (SELECT r.rolsuper FROM pg_roles r WHERE r.rolname = session_user) OR NOT (SELECT r.rolsuper FROM pg_roles r WHERE r.rolname = current_user) THEN
        RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = 'only a superuser can declare a function safe';
    END IF;
    IF declare_safe.reason IS NULL OR declare_safe.reason !~ '\S' THEN
        RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed', MESSAGE = 'a reason must be given';
    END IF;
    digest := protaddr.function_definition(function);
    IF digest IS NULL OR function::oid < 16384 OR (SELECT p.pronamespace FROM pg_proc p WHERE p.oid = function) = 'protaddr'::regnamespace THEN
        RAISE EXCEPTION USING
            ERRCODE = 'wrong_object_type',
            MESSAGE = 'only a function that is neither an aggregate, PostgreSQL''s nor protaddr''s can be declared safe';
    END IF;
    INSERT INTO protaddr.safe_function AS s (function, definition, reason)
    VALUES (protaddr.function_name(function), digest, declare_safe.reason)
    ON CONFLICT ON CONSTRAINT safe_function_pkey DO UPDATE SET definition = EXCLUDED.definition, reason = EXCLUDED.reason, declared_by = EXCLUDED.declared_by, declared_at = EXCLUDED.declared_at;
    INSERT INTO protaddr.export_change (what, object, reason) VALUES ('safe', protaddr.function_name(function), declare_safe.reason);
END
$$;
REVOKE ALL ON FUNCTION protaddr.declare_safe(regprocedure, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.declare_safe(regprocedure, text) IS
'Declares that what a function returns holds no protected address, whatever it is given and whatever it reads. For superusers alone: nobody looks into it again. The declaration is of the definition as it is now, and ends with any change of it; what other functions it calls is not watched. Raises 22004 without a reason, 42501, 42809.';

CREATE FUNCTION protaddr.undeclare_safe(function text, reason text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF undeclare_safe.reason IS NULL OR undeclare_safe.reason !~ '\S' THEN
        RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed', MESSAGE = 'a reason must be given';
    END IF;
    WITH gone AS (
        DELETE FROM protaddr.safe_function s WHERE s.function IN (undeclare_safe.function, protaddr.function_name(to_regprocedure(undeclare_safe.function))) RETURNING s.function
    )
    INSERT INTO protaddr.export_change (what, object, reason) SELECT 'not safe', g.function, undeclare_safe.reason FROM gone g;
    RETURN FOUND;
END
$$;
REVOKE ALL ON FUNCTION protaddr.undeclare_safe(text, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.undeclare_safe(text, text) IS
'Takes back protaddr.declare_safe(), for a function named with the types of its arguments, as protaddr.safe_function has it if it is gone; true if there was such a declaration. Recorded. Raises 22004 without a reason.';

CREATE VIEW protaddr.export_status AS
SELECT e.schema_name, nullif(e.relation_name, '') AS relation_name,
       CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table' WHEN 'r' THEN 'table' WHEN 'p' THEN 'table'
            ELSE CASE WHEN e.relation_name = '' THEN 'schema' END END AS kind,
       e.channel, e.columns, e.reason, e.declared_by, e.declared_at,
       CASE WHEN NOT EXISTS (SELECT FROM protaddr.channel h WHERE h.channel = e.channel AND h.valid_from <= now() AND now() < h.valid_to) THEN 'its channel is not in force'
            WHEN NOT protaddr.exports_are_kept() THEN 'refused: protaddr is not in shared_preload_libraries'
            WHEN e.relation_name <> '' AND c.oid IS NULL THEN 'no relation goes by its name'
            WHEN e.relation_name <> '' THEN protaddr.export_verdict(c.oid)
            ELSE coalesce((SELECT format('refused: %s of its relations, the first %I', count(*), min(r.relname::text))
                           FROM pg_class r WHERE r.relnamespace = n.oid AND r.relkind IN ('v', 'm', 'r', 'p', 'f') AND protaddr.export_verdict(r.oid) <> 'may leave'
                           HAVING count(*) > 0), 'may leave') END AS status,
       protaddr.exports_are_kept() AS kept
FROM protaddr.export e
LEFT JOIN pg_namespace n ON n.nspname = e.schema_name
LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = e.relation_name AND c.relkind IN ('v', 'm', 'r', 'p', 'f')
ORDER BY e.schema_name, e.relation_name;
COMMENT ON VIEW protaddr.export_status IS 'One row for each declared export or schema of exports.';
COMMENT ON COLUMN protaddr.export_status.schema_name IS 'The schema.';
COMMENT ON COLUMN protaddr.export_status.relation_name IS 'The relation; NULL: the schema is declared.';
COMMENT ON COLUMN protaddr.export_status.kind IS 'What goes by that name; NULL: nothing.';
COMMENT ON COLUMN protaddr.export_status.channel IS 'The channel through which it leaves.';
COMMENT ON COLUMN protaddr.export_status.columns IS 'The columns that may be read; NULL: all.';
COMMENT ON COLUMN protaddr.export_status.reason IS 'What it is for.';
COMMENT ON COLUMN protaddr.export_status.declared_by IS 'Login role that declared it.';
COMMENT ON COLUMN protaddr.export_status.declared_at IS 'When.';
COMMENT ON COLUMN protaddr.export_status.status IS '"may leave", or why it is refused.';
COMMENT ON COLUMN protaddr.export_status.kept IS 'Whether every reading is judged: false while protaddr is not in shared_preload_libraries.';
