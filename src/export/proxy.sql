-- ---------------------------------------------------------------------------
-- export/: columns that tell who somebody is, or where they live
-- ---------------------------------------------------------------------------
CREATE TABLE protaddr.proxy_column (
    schema_name text COLLATE "C" NOT NULL,
    relation_name text COLLATE "C" NOT NULL,
    column_name text COLLATE "C" NOT NULL,
    kind text NOT NULL CONSTRAINT proxy_column_kind CHECK (kind IN ('name', 'location')),
    subjects text[] NOT NULL,
    relation oid,
    column_number smallint,
    subject_numbers smallint[],
    reason text NOT NULL CHECK (reason ~ '\S'),
    declared_by text NOT NULL DEFAULT session_user,
    declared_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (schema_name, relation_name, column_name),
    CONSTRAINT proxy_column_subjects CHECK (kind = 'location' OR cardinality(subjects) > 0)
);
COMMENT ON TABLE protaddr.proxy_column IS
'Columns that are declared to hold names, or to tell where somebody lives without an address, by name: whatever goes by these names, and what they are renamed to. See protaddr.proxy_status.';
COMMENT ON COLUMN protaddr.proxy_column.schema_name IS 'The schema.';
COMMENT ON COLUMN protaddr.proxy_column.relation_name IS 'The table, materialized view or foreign table.';
COMMENT ON COLUMN protaddr.proxy_column.column_name IS 'The column.';
COMMENT ON COLUMN protaddr.proxy_column.kind IS 'name: shown by protaddr.show_name() alone; location: by protaddr.show_location() alone.';
COMMENT ON COLUMN protaddr.proxy_column.subjects IS 'The columns of the same row that say whom it is of; none, of a location: nobody knows, and it is withheld.';
COMMENT ON COLUMN protaddr.proxy_column.relation IS 'What goes by the name in this database, found out where the row is written; 0: nothing.';
COMMENT ON COLUMN protaddr.proxy_column.column_number IS 'Number of the column there.';
COMMENT ON COLUMN protaddr.proxy_column.subject_numbers IS 'Numbers of the subjects there.';
COMMENT ON COLUMN protaddr.proxy_column.reason IS 'Why.';
COMMENT ON COLUMN protaddr.proxy_column.declared_by IS 'Login role.';
COMMENT ON COLUMN protaddr.proxy_column.declared_at IS 'When.';
SELECT protaddr.make_own_table('proxy_column', dumped => '');

CREATE FUNCTION protaddr.declare_proxy(relation regclass, column_name name, kind text, subjects name[], reason text) RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    declared pg_attribute;
    named record;
    wrong name;
BEGIN
    IF declare_proxy.reason IS NULL OR declare_proxy.reason !~ '\S' THEN
        RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed', MESSAGE = 'a reason must be given';
    END IF;
    SELECT n.nspname::text AS schema_name, c.relname::text AS relation_name, c.relkind AS kind INTO named
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = declare_proxy.relation;
    IF named.kind IS NULL OR named.kind NOT IN ('r', 'p', 'm', 'f') OR declare_proxy.relation::oid < 16384 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'wrong_object_type',
            MESSAGE = 'only a column of a table, a materialized view or a foreign table can be declared a name or a location',
            HINT = 'Of a view, declare the columns that it comes from: see protaddr.explain_export().';
    END IF;
    SELECT a.* INTO declared FROM pg_attribute a
    WHERE a.attrelid = declare_proxy.relation AND a.attname = declare_proxy.column_name AND a.attnum > 0 AND NOT a.attisdropped;
    IF declared.attnum IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'undefined_column',
            MESSAGE = format('column "%s" of %s does not exist', declare_proxy.column_name, declare_proxy.relation);
    END IF;
    IF declared.attgenerated <> '' OR protaddr.address_column(declared.atttypid) IS NOT NULL
       OR (declare_proxy.kind = 'name' AND (SELECT t.typcategory FROM pg_type t WHERE t.oid = declared.atttypid) <> 'S')
       OR EXISTS (SELECT FROM pg_trigger t, LATERAL (SELECT protaddr.trigger_arguments(t.oid) AS args) a
                  WHERE t.tgrelid = declare_proxy.relation AND t.tgfoid = 'protaddr.declared_row_written()'::regprocedure
                    AND declare_proxy.column_name::text IN (SELECT a.args[i] FROM generate_series(3, cardinality(a.args), 2) i)) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'datatype_mismatch',
            MESSAGE = format('column %I of %s cannot be declared a %s', declare_proxy.column_name, declare_proxy.relation, declare_proxy.kind),
            DETAIL = 'It is of type protaddr.address, or declared to hold addresses, or generated from other columns; or it is to be a name, and is no text.';
    END IF;
    SELECT u.name INTO wrong FROM unnest(declare_proxy.subjects) u(name)
    LEFT JOIN pg_attribute a ON a.attrelid = declare_proxy.relation AND a.attname = u.name AND a.attnum > 0 AND NOT a.attisdropped
    WHERE a.attnum IS NULL LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'undefined_column',
            MESSAGE = format('column "%s" of %s does not exist', wrong, declare_proxy.relation),
            HINT = 'subjects: the columns that say whom it is of.';
    END IF;
    -- a number with a point is another text than the identifier
    SELECT u.name INTO wrong FROM unnest(declare_proxy.subjects) u(name)
    JOIN pg_attribute a ON a.attrelid = declare_proxy.relation AND a.attname = u.name
    LEFT JOIN pg_type t ON t.oid = a.atttypid
    WHERE protaddr.subject_type(a.atttypid) IS NULL OR a.attgenerated <> '' OR u.name = declare_proxy.column_name
       OR coalesce(nullif(t.typelem, 0), t.oid) = 'numeric'::regtype
       OR (protaddr.subject_type(a.atttypid) = 'people' AND cardinality(declare_proxy.subjects) > 1) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'datatype_mismatch',
            MESSAGE = format('column %I of %s cannot say whom a name or location is of', wrong, declare_proxy.relation),
            HINT = 'A subject is a column of text, integer or uuid, or one array of these.';
    END IF;
    INSERT INTO protaddr.proxy_column AS p (schema_name, relation_name, column_name, kind, subjects, reason)
    VALUES (named.schema_name, named.relation_name, declare_proxy.column_name, declare_proxy.kind, coalesce(declare_proxy.subjects, '{}')::text[], declare_proxy.reason)
    ON CONFLICT ON CONSTRAINT proxy_column_pkey DO UPDATE
        SET kind = EXCLUDED.kind, subjects = EXCLUDED.subjects, reason = EXCLUDED.reason, declared_by = EXCLUDED.declared_by, declared_at = EXCLUDED.declared_at;
    INSERT INTO protaddr.export_change (what, object, reason)
    VALUES (declare_proxy.kind, format('%s.%I', protaddr.export_name(named.schema_name, named.relation_name), declare_proxy.column_name), declare_proxy.reason);
END
$$;
REVOKE ALL ON FUNCTION protaddr.declare_proxy(regclass, name, text, name[], text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.declare_proxy(regclass, name, text, name[], text) IS 'Part of protaddr.declare_name() and protaddr.declare_location(). Raises 22004, 42703, 42804, 42809.';

CREATE FUNCTION protaddr.declare_name(relation regclass, column_name name, subjects name[], reason text) RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF subjects IS NULL OR cardinality(subjects) = 0 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'null_value_not_allowed',
            MESSAGE = 'the columns that say whose name it is must be given';
    END IF;
    PERFORM protaddr.declare_proxy(relation, column_name, 'name', subjects, reason);
END
$$;
REVOKE ALL ON FUNCTION protaddr.declare_name(regclass, name, name[], text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.declare_name(regclass, name, name[], text) IS
'Declares that a column holds names. From then on an export shows nothing of it but by protaddr.show_name(), with the people of the same row, and asks nothing else of it: no condition, order or group. subjects: the columns of the table that say whose name it is (text, integer, uuid, or one array of these). That it holds no addresses is said with it: grant it to few. Declared by name: kept through renaming, DROP and CREATE, and restore; it counts in the partitions and heirs of the table. Recorded. Raises 22004 without subjects or a reason, 42703, 42804 for a column of addresses, a generated one or one that is no text, 42809.';

CREATE FUNCTION protaddr.declare_location(relation regclass, column_name name, reason text, subjects name[] DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM protaddr.declare_proxy(relation, column_name, 'location', subjects, reason);
END
$$;
REVOKE ALL ON FUNCTION protaddr.declare_location(regclass, name, text, name[]) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.declare_location(regclass, name, text, name[]) IS
'Declares that a column tells where somebody lives without an address: branch, town of a shop, telephone number, coordinates; of any type but protaddr.address. An export shows nothing of it but by protaddr.show_location(), with the people of the same row, and asks nothing else of it. subjects: as of protaddr.declare_name(); NULL: whom it is of is not known, and it is withheld always. Otherwise as protaddr.declare_name().';

CREATE FUNCTION protaddr.undeclare_proxy(relation text, column_name name, kind text, reason text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    name text[] := parse_ident(relation);
BEGIN
    IF undeclare_proxy.reason IS NULL OR undeclare_proxy.reason !~ '\S' THEN
        RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed', MESSAGE = 'a reason must be given';
    END IF;
    IF cardinality(name) <> 2 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'a table is named as schema.table';
    END IF;
    WITH gone AS (
        DELETE FROM protaddr.proxy_column p
        WHERE p.schema_name = name[1] AND p.relation_name = name[2] AND p.column_name = undeclare_proxy.column_name::text AND p.kind = undeclare_proxy.kind
        RETURNING p.schema_name, p.relation_name, p.column_name
    )
    INSERT INTO protaddr.export_change (what, object, reason)
    SELECT 'not ' || undeclare_proxy.kind, format('%s.%I', protaddr.export_name(g.schema_name, g.relation_name), g.column_name), undeclare_proxy.reason FROM gone g;
    RETURN FOUND;
END
$$;
REVOKE ALL ON FUNCTION protaddr.undeclare_proxy(text, name, text, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.undeclare_proxy(text, name, text, text) IS 'Part of protaddr.undeclare_name() and protaddr.undeclare_location(). Raises 22004, 22023.';

CREATE FUNCTION protaddr.undeclare_name(relation text, column_name name, reason text) RETURNS boolean
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT protaddr.undeclare_proxy(undeclare_name.relation, undeclare_name.column_name, 'name', undeclare_name.reason);
END;
REVOKE ALL ON FUNCTION protaddr.undeclare_name(text, name, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.undeclare_name(text, name, text) IS
'Ends the declaration of a name, by the name of its table (schema.table), which need not exist; true if there was one. What it was renamed to has a declaration of its own. Recorded in protaddr.export_change. Raises 22004 without a reason, 22023.';

CREATE FUNCTION protaddr.undeclare_location(relation text, column_name name, reason text) RETURNS boolean
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT protaddr.undeclare_proxy(undeclare_location.relation, undeclare_location.column_name, 'location', undeclare_location.reason);
END;
REVOKE ALL ON FUNCTION protaddr.undeclare_location(text, name, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.undeclare_location(text, name, text) IS 'The same for a location. See protaddr.undeclare_name().';

CREATE FUNCTION protaddr.follow_proxy_columns() RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT p.*, n.nspname::text AS schema_now, c.relname::text AS relation_now, a.attname::text AS column_now,
               (SELECT coalesce(array_agg(coalesce(s.attname::text, p.subjects[u.i]) ORDER BY u.i), '{}')
                FROM unnest(p.subject_numbers) WITH ORDINALITY u(number, i)
                LEFT JOIN pg_attribute s ON s.attrelid = p.relation AND s.attnum = u.number AND u.number > 0 AND NOT s.attisdropped) AS subjects_now
        FROM protaddr.proxy_column p
        JOIN pg_class c ON c.oid = p.relation JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute a ON a.attrelid = p.relation AND a.attnum = p.column_number AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY p.schema_name, p.relation_name, p.column_name
    LOOP
        IF (one.schema_now, one.relation_now, one.column_now) = (one.schema_name, one.relation_name, one.column_name) THEN
            UPDATE protaddr.proxy_column p SET subjects = one.subjects_now
            WHERE (p.schema_name, p.relation_name, p.column_name) = (one.schema_name, one.relation_name, one.column_name) AND p.subjects <> one.subjects_now;
        ELSE
            INSERT INTO protaddr.proxy_column (schema_name, relation_name, column_name, kind, subjects, reason)
            VALUES (one.schema_now, one.relation_now, one.column_now, one.kind, one.subjects_now, one.reason)
            ON CONFLICT ON CONSTRAINT proxy_column_pkey DO NOTHING;
            IF FOUND THEN
                INSERT INTO protaddr.export_change (what, object, reason)
                VALUES ('renamed', format('%s.%I', protaddr.export_name(one.schema_now, one.relation_now), one.column_now), one.reason);
            END IF;
        END IF;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION protaddr.follow_proxy_columns() FROM PUBLIC;
COMMENT ON FUNCTION protaddr.follow_proxy_columns() IS
'Called after a command that renames: declares what declared names and locations are called now, too. The old names stay declared: something else may come to bear them.';

CREATE FUNCTION protaddr.proxy_expression(relation oid, column_name name, channel text, qualifier text DEFAULT '') RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_proxy_expression' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION protaddr.proxy_expression(oid, name, text, text) IS
'Part of protaddr.create_export(): the call of protaddr.show_name() or protaddr.show_location() by which a column of a table or view could leave through a channel. NULL if it is not declared. Without subjects, so that it is withheld, if the relation does not have the columns that say whom it is of. qualifier: before each column.';

CREATE VIEW protaddr.proxy_status AS
SELECT p.schema_name, p.relation_name, p.column_name, p.kind, p.subjects, p.reason, p.declared_by, p.declared_at,
       CASE WHEN c.oid IS NULL THEN 'no relation goes by its name'
            WHEN a.attnum IS NULL THEN 'no column goes by its name'
            WHEN s.missing IS NOT NULL THEN format('withheld: column %I does not exist', s.missing)
            WHEN p.subjects = '{}' THEN 'withheld: it is not known of whom it is'
            ELSE 'declared' END AS status
FROM protaddr.proxy_column p
LEFT JOIN pg_namespace n ON n.nspname = p.schema_name
LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = p.relation_name AND c.relkind IN ('r', 'p', 'm', 'f')
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = p.column_name AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN LATERAL (SELECT min(u.name) AS missing FROM unnest(p.subjects) u(name)
                   WHERE NOT EXISTS (SELECT FROM pg_attribute b WHERE b.attrelid = c.oid AND b.attname = u.name AND b.attnum > 0 AND NOT b.attisdropped)) s ON true
ORDER BY p.schema_name, p.relation_name, p.column_name;
COMMENT ON VIEW protaddr.proxy_status IS 'One row for each column that is declared a name or a location.';
COMMENT ON COLUMN protaddr.proxy_status.schema_name IS 'The schema.';
COMMENT ON COLUMN protaddr.proxy_status.relation_name IS 'The table, materialized view or foreign table.';
COMMENT ON COLUMN protaddr.proxy_status.column_name IS 'The column.';
COMMENT ON COLUMN protaddr.proxy_status.kind IS 'name or location.';
COMMENT ON COLUMN protaddr.proxy_status.subjects IS 'The columns that say whom it is of.';
COMMENT ON COLUMN protaddr.proxy_status.reason IS 'Why.';
COMMENT ON COLUMN protaddr.proxy_status.declared_by IS 'Login role that declared it.';
COMMENT ON COLUMN protaddr.proxy_status.declared_at IS 'When.';
COMMENT ON COLUMN protaddr.proxy_status.status IS '"declared"; or why there is nothing that it counts for, or why it is always withheld.';
