-- ---------------------------------------------------------------------------
-- export/: views that are written for you
-- ---------------------------------------------------------------------------
CREATE FUNCTION protaddr.export_column(relation regclass, column_name name, channel text) RETURNS text
    LANGUAGE sql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT CASE WHEN protaddr.proxy_expression(export_column.relation, a.attname, export_column.channel) IS NOT NULL
                THEN protaddr.proxy_expression(export_column.relation, a.attname, export_column.channel)
                WHEN protaddr.address_column(a.atttypid) = 'address' THEN format('protaddr.show(protaddr.release(%I, %L))', a.attname, export_column.channel)
                WHEN protaddr.address_column(a.atttypid) IS NOT NULL THEN NULL
                WHEN e.verdict = 'may leave' THEN quote_ident(a.attname)
                WHEN protaddr.text_type(a.atttypid) THEN format('protaddr.guard(%I, %L)', a.attname, export_column.channel) END
    FROM protaddr.explain_export(export_column.relation, export_column.channel) e
    JOIN pg_attribute a ON a.attrelid = export_column.relation AND a.attname = e.column_name
    WHERE e.column_name = export_column.column_name;
END;
COMMENT ON FUNCTION protaddr.export_column(regclass, name, text) IS
'Part of protaddr.create_export(): the expression by which a column could leave through a channel; NULL if there is none.';

CREATE FUNCTION protaddr.try_export(definition text, channel text) RETURNS TABLE (column_name name, verdict text)
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    verdicts jsonb;
BEGIN
    EXECUTE 'CREATE TEMP VIEW protaddr_tried AS ' || definition;
    SELECT jsonb_agg(jsonb_build_array(e.column_name, e.verdict) ORDER BY a.attnum) INTO verdicts
    FROM protaddr.explain_export('pg_temp.protaddr_tried', try_export.channel) e
    JOIN pg_attribute a ON a.attrelid = 'pg_temp.protaddr_tried'::regclass AND a.attname = e.column_name;
    DROP VIEW pg_temp.protaddr_tried;
    RETURN QUERY SELECT (v ->> 0)::name, v ->> 1 FROM jsonb_array_elements(verdicts) WITH ORDINALITY e(v, n) ORDER BY n;
END
$$;
COMMENT ON FUNCTION protaddr.try_export(text, text) IS
'Part of protaddr.create_export() and protaddr.suggest_export(): what protaddr.explain_export() would say of a view. Makes it as a temporary one and drops it, with the rights of the caller.';

CREATE FUNCTION protaddr.create_export(relation regclass, channel text, name text, reason text) RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    parts text[] := parse_ident(name);
    one record;
    columns text[] := '{}';
    left_out text[] := '{}';
    definition text;
BEGIN
    IF name IS NULL OR cardinality(parts) <> 2 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'a view to make is named as schema.view';
    END IF;
    PERFORM protaddr.check_export(channel, reason);
    FOR one IN
        SELECT a.attname, protaddr.export_column(relation, a.attname, channel) AS expression
        FROM pg_attribute a WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
    LOOP
        -- what would be refused nevertheless, as part of an address, is left out
        IF one.expression IS NULL
           OR EXISTS (SELECT FROM protaddr.try_export(format('SELECT %s AS x FROM %s', one.expression, relation), channel) t WHERE t.verdict <> 'may leave')
        THEN
            left_out := left_out || quote_ident(one.attname);
        ELSE
            columns := columns || CASE WHEN one.expression = quote_ident(one.attname) THEN one.expression ELSE format('%s AS %I', one.expression, one.attname) END;
        END IF;
    END LOOP;
    IF columns = '{}' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('no column of %s may leave through channel %s', relation, channel);
    END IF;
    definition := format(E'CREATE VIEW %I.%I WITH (security_barrier) AS\nSELECT %s\nFROM %s', parts[1], parts[2], array_to_string(columns, E',\n       '), relation);
    EXECUTE definition;
    EXECUTE format('COMMENT ON VIEW %I.%I IS %L', parts[1], parts[2],
                   format('Export of %s through channel %s: %s', relation, channel, reason)
                   || CASE WHEN left_out = '{}' THEN '' ELSE format('. Left out: %s', array_to_string(left_out, ', ')) END);
    PERFORM protaddr.declare_export(format('%I.%I', parts[1], parts[2])::regclass, channel, reason => reason);
    RETURN definition || ';';
END
$$;
REVOKE ALL ON FUNCTION protaddr.create_export(regclass, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.create_export(regclass, text, text, text) IS
'Makes a view (name: schema.view) of a table whose every column may leave through a channel, declares it an export, and returns its text: addresses are released for the channel and shown, texts pass guard() unless they are declared free, names and locations their own function, columns that hold part of an address are left out. Made with the rights of the caller, who needs EXECUTE on protaddr.declare_export(), too. Who reads it needs SELECT on it, and EXECUTE on protaddr.release() and protaddr.guard() as far as it uses them. Raises as protaddr.declare_export(), 22023 for another name, 55000 if no column may leave.';

CREATE FUNCTION protaddr.create_display_view(relation regclass, name text, channel text DEFAULT NULL, reason text DEFAULT NULL) RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    parts text[] := parse_ident(name);
    columns text;
    definition text;
BEGIN
    -- what somebody outside sees is judged each time, like everything that leaves
    IF create_display_view.channel IS NOT NULL THEN
        RETURN protaddr.create_export(relation, create_display_view.channel, name, reason);
    END IF;
    IF name IS NULL OR cardinality(parts) <> 2 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'a view to make is named as schema.view';
    END IF;
    SELECT string_agg(CASE WHEN protaddr.proxy_expression(relation, a.attname, 'show') IS NOT NULL THEN format('%s AS %I', protaddr.proxy_expression(relation, a.attname, 'show'), a.attname)
                           WHEN protaddr.address_column(a.atttypid) = 'address' THEN format('protaddr.show(%I) AS %I', a.attname, a.attname) ELSE quote_ident(a.attname) END,
                      E',\n       ' ORDER BY a.attnum) INTO columns
    FROM pg_attribute a WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped;
    IF columns IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed', MESSAGE = 'a table with columns must be named';
    END IF;
    definition := format(E'CREATE VIEW %I.%I WITH (security_barrier) AS\nSELECT %s\nFROM %s', parts[1], parts[2], columns, relation);
    EXECUTE definition;
    EXECUTE format('COMMENT ON VIEW %I.%I IS %L', parts[1], parts[2], format('%s with its addresses as text, withheld where protaddr.show() withholds them', relation));
    RETURN definition || ';';
END
$$;
COMMENT ON FUNCTION protaddr.create_display_view(regclass, text, text, text) IS
'Makes a view (name: schema.view) of a table in which addresses are text, as protaddr.show() tells them, for applications inside the bank that want text; declared names and locations are shown by their own functions for the channel show, and all other columns stay. Not an export. With a channel, for people outside (payee_display: online and mobile bank): the same as protaddr.create_export(), declared for it, for which a reason must be given. Returns its text. Made with the rights of the caller. Raises 22004, 22023, and what protaddr.create_export() raises.';

CREATE FUNCTION protaddr.suggest_export(relation regclass, channel text DEFAULT NULL) RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    kind "char" := (SELECT c.relkind FROM pg_class c WHERE c.oid = relation);
    its_channel text := coalesce(channel, protaddr.export_channel(relation));
    body text;
    one record;
    said text;
    expression text;
    columns text[] := '{}';
    left_out text[] := '{}';
BEGIN
    IF kind IS DISTINCT FROM 'v' THEN
        RAISE EXCEPTION USING ERRCODE = 'wrong_object_type', MESSAGE = 'a view must be named', HINT = 'For a table see protaddr.create_export().';
    END IF;
    IF its_channel IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('%s is not declared an export', relation),
            HINT = 'Name a channel: protaddr.suggest_export(view, channel).';
    END IF;
    body := rtrim(pg_get_viewdef(relation, true), E'; \n');
    FOR one IN
        SELECT e.column_name, e.verdict, a.atttypid FROM protaddr.explain_export(relation, its_channel) e
        JOIN pg_attribute a ON a.attrelid = relation AND a.attname = e.column_name ORDER BY a.attnum
    LOOP
        expression := CASE WHEN one.verdict = 'may leave' THEN format('v.%I', one.column_name)
                           WHEN protaddr.proxy_expression(relation, one.column_name, its_channel) IS NOT NULL THEN protaddr.proxy_expression(relation, one.column_name, its_channel, 'v.')
                           WHEN protaddr.address_column(one.atttypid) = 'address' THEN format('protaddr.release(v.%I, %L)', one.column_name, its_channel)
                           WHEN protaddr.text_type(one.atttypid) THEN format('protaddr.guard(v.%I, %L)', one.column_name, its_channel) END;
        said := CASE WHEN expression IS NULL THEN one.verdict
                     ELSE (SELECT t.verdict FROM protaddr.try_export(format('SELECT %s AS x FROM (%s) v', expression, body), its_channel) t) END;
        IF said <> 'may leave' THEN
            left_out := left_out || format(E'-- %I: %s\n', one.column_name, regexp_replace(said, '^refused: ', ''));
        ELSE
            columns := columns || CASE WHEN expression = format('v.%I', one.column_name) THEN expression ELSE format('%s AS %I', expression, one.column_name) END;
        END IF;
    END LOOP;
    IF columns = '{}' THEN
        RETURN array_to_string(left_out, '') || '-- no column may leave';
    END IF;
    RETURN array_to_string(left_out, '')
        || CASE WHEN left_out = '{}' THEN format(E'CREATE OR REPLACE VIEW %s', relation) ELSE format(E'DROP VIEW %s;\nCREATE VIEW %s', relation, relation) END
        || format(E' WITH (security_barrier) AS\nSELECT %s\nFROM (%s) v;', array_to_string(columns, E',\n       '), body);
END
$$;
COMMENT ON FUNCTION protaddr.suggest_export(regclass, text) IS
'A corrected text of a view: what is refused for its channel, or for another (channel), is released or guarded around the view''s own query; columns for which that is not enough are left out, with the reason in a comment before it. What cannot be seen through anywhere in the query of the view leaves no column. Each column that it keeps may leave. Changes nothing. Raises 42809, 55000 for a view that is no export without a channel.';

CREATE FUNCTION protaddr.export_channel(relation oid) RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_export_channel' LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION protaddr.export_channel(oid) IS 'The channel for which a relation is declared an export; NULL if it is none.';
