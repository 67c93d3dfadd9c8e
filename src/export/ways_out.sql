-- ---------------------------------------------------------------------------
-- export/: other ways by which clear data leave
-- ---------------------------------------------------------------------------
CREATE DOMAIN protaddr.way_out_kind AS text
    CONSTRAINT way_out_kind_vocabulary CHECK (VALUE IN ('publication', 'foreign_table', 'program', 'server_file', 'large_object', 'dblink', 'dump_role'));
COMMENT ON DOMAIN protaddr.way_out_kind IS 'Ways by which clear data leave a database beside exports and gates: publication, foreign_table, program (COPY ... TO PROGRAM), server_file (COPY ... TO a file), large_object, dblink, dump_role (who reads every table).';

CREATE TABLE protaddr.way_out_rule (
    kind protaddr.way_out_kind NOT NULL,
    object text COLLATE "C" NOT NULL DEFAULT '',
    refused boolean NOT NULL,
    reason text NOT NULL CHECK (reason ~ '\S'),
    decided_by text NOT NULL DEFAULT session_user,
    decided_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (kind, object)
);
COMMENT ON TABLE protaddr.way_out_rule IS 'Which ways out are refused here, and which objects are allowed all the same. See protaddr.ways_out.';
COMMENT ON COLUMN protaddr.way_out_rule.kind IS 'Which way.';
COMMENT ON COLUMN protaddr.way_out_rule.object IS 'The publication, foreign table or role, as protaddr.ways_out calls it; empty: all of this kind.';
COMMENT ON COLUMN protaddr.way_out_rule.refused IS 'True: refused; false: allowed.';
COMMENT ON COLUMN protaddr.way_out_rule.reason IS 'Why.';
COMMENT ON COLUMN protaddr.way_out_rule.decided_by IS 'Login role.';
COMMENT ON COLUMN protaddr.way_out_rule.decided_at IS 'When.';
SELECT protaddr.make_own_table('way_out_rule', dumped => '');

CREATE FUNCTION protaddr.way_out_refused(kind text, object text) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT coalesce((SELECT r.refused FROM protaddr.way_out_rule r WHERE r.kind::text = way_out_refused.kind AND r.object IN ('', way_out_refused.object)
                     ORDER BY r.object DESC LIMIT 1), false);
END;
REVOKE ALL ON FUNCTION protaddr.way_out_refused(text, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.way_out_refused(text, text) IS 'Whether a way out is refused: the rule for the object, else the one for all of its kind, else false.';

CREATE FUNCTION protaddr.set_way_out(kind text, refused boolean, reason text, object text DEFAULT '') RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF set_way_out.reason IS NULL OR set_way_out.reason !~ '\S' OR set_way_out.kind IS NULL OR set_way_out.refused IS NULL OR set_way_out.object IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed', MESSAGE = 'a kind, whether it is refused and a reason must be given';
    END IF;
    IF set_way_out.refused AND set_way_out.kind IN ('dblink', 'dump_role') THEN
        RAISE EXCEPTION USING
            ERRCODE = 'feature_not_supported',
            MESSAGE = format('a way out of kind %s can be told of, and not refused', set_way_out.kind),
            HINT = 'Revoke the right: see protaddr.ways_out.';
    END IF;
    INSERT INTO protaddr.way_out_rule AS r (kind, object, refused, reason)
    VALUES (set_way_out.kind, set_way_out.object, set_way_out.refused, set_way_out.reason)
    ON CONFLICT ON CONSTRAINT way_out_rule_pkey DO UPDATE
        SET refused = EXCLUDED.refused, reason = EXCLUDED.reason, decided_by = EXCLUDED.decided_by, decided_at = EXCLUDED.decided_at;
    INSERT INTO protaddr.export_change (what, object, reason)
    VALUES (CASE WHEN set_way_out.refused THEN 'way out refused' ELSE 'way out allowed' END,
            set_way_out.kind || CASE WHEN set_way_out.object = '' THEN '' ELSE ' ' || set_way_out.object END, set_way_out.reason);
END
$$;
REVOKE ALL ON FUNCTION protaddr.set_way_out(text, boolean, text, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.set_way_out(text, boolean, text, text) IS
'Refuses a way out, or allows it. object: a publication, a foreign table (qualified) or a login role, as protaddr.ways_out calls it, whose rule then counts before that of its kind; empty: all of the kind. What is refused raises 42501 from the next command on; what is there already stays, and protaddr.ways_out tells of it. Recorded in protaddr.export_change. Raises 22004 for a NULL or without a reason, 23514 for another kind, 0A000 to refuse dblink or dump_role, which are rights of roles and are told of alone.';

CREATE FUNCTION protaddr.clear_columns(OUT relation oid, OUT column_name name, OUT what text) RETURNS SETOF record
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT t.tgrelid, a.attname, 'address' FROM pg_trigger t, LATERAL (SELECT protaddr.trigger_arguments(t.oid) AS args) x, generate_series(3, cardinality(x.args), 2) i
    JOIN pg_attribute a ON true
    WHERE t.tgfoid = 'protaddr.declared_row_written()'::regprocedure AND a.attrelid = t.tgrelid AND a.attname = x.args[i]::name
    UNION
    SELECT a.attrelid, a.attname, p.kind FROM protaddr.proxy_column p
    JOIN pg_namespace n ON n.nspname = p.schema_name JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = p.relation_name
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = p.column_name AND a.attnum > 0 AND NOT a.attisdropped;
END;
REVOKE ALL ON FUNCTION protaddr.clear_columns() FROM PUBLIC;
COMMENT ON FUNCTION protaddr.clear_columns() IS 'Columns that are declared to hold addresses in clear text, names, or what tells where somebody lives. Addresses of the type are sealed wherever they go.';

CREATE VIEW protaddr.ways_out AS
WITH clear AS MATERIALIZED (SELECT * FROM protaddr.clear_columns()),
published AS MATERIALIZED (SELECT t.*, format('%I.%I', t.schemaname, t.tablename)::regclass::oid AS relation FROM pg_publication_tables t)
SELECT w.kind, w.object, w.what_leaves,
       CASE WHEN protaddr.way_out_refused(w.kind, w.object) THEN 'refused, and there already' ELSE 'allowed' END AS state, w.what_to_do
FROM (
    SELECT 'publication' AS kind, p.pubname::text AS object,
           string_agg(DISTINCT format('%I.%I.%I (%s)', p.schemaname, p.tablename, c.column_name, c.what), ', ') AS what_leaves,
           'Publish the table without these columns, or bind addresses as protaddr.address.' AS what_to_do
    FROM published p JOIN clear c ON c.column_name = ANY (p.attnames)
         AND (c.relation = p.relation OR c.relation IN (SELECT a.relid FROM pg_partition_ancestors(p.relation) a(relid)))
    GROUP BY p.pubname
    UNION ALL
    SELECT 'foreign_table', protaddr.export_name(n.nspname::text, f.relname::text), 'whatever is written to it', 'Install a gate, or make it read-only.'
    FROM pg_class f JOIN pg_namespace n ON n.oid = f.relnamespace
    WHERE f.relkind = 'f' AND NOT EXISTS (SELECT FROM protaddr.gate_status g WHERE g.relation = f.oid)
    UNION ALL
    SELECT CASE WHEN m.rolname = 'pg_execute_server_program' THEN 'program' ELSE 'server_file' END, r.rolname::text, 'whatever it reads, by COPY ... TO', 'Revoke the membership.'
    FROM pg_roles r JOIN pg_roles m ON m.rolname IN ('pg_execute_server_program', 'pg_write_server_files')
    WHERE NOT r.rolsuper AND r.rolcanlogin AND pg_has_role(r.oid, m.oid, 'MEMBER')
    UNION ALL
    SELECT 'large_object', 'large objects of ' || pg_get_userbyid(l.lomowner), format('%s large objects, in which nobody looks', count(*)), 'Look through them, and remove them.'
    FROM pg_largeobject_metadata l GROUP BY l.lomowner
    UNION ALL
    SELECT 'dblink', e.extname::text, 'whatever its callers send elsewhere', 'Drop the extension, or revoke its functions from PUBLIC.' FROM pg_extension e WHERE e.extname = 'dblink'
    UNION ALL
    SELECT 'dump_role', r.rolname::text,
           concat_ws(', ', CASE WHEN pg_has_role(r.oid, 'pg_read_all_data', 'MEMBER') THEN 'reads every table' END, CASE WHEN r.rolbypassrls THEN 'bypasses row-level security' END, CASE WHEN r.rolreplication THEN 'replicates' END),
           'Count it among the superusers, or revoke it.'
    FROM pg_roles r WHERE NOT r.rolsuper AND r.rolcanlogin AND (r.rolbypassrls OR r.rolreplication OR pg_has_role(r.oid, 'pg_read_all_data', 'MEMBER'))
) w
ORDER BY w.kind, w.object;
COMMENT ON VIEW protaddr.ways_out IS 'Ways by which clear data leave this database beside exports and gates, as far as they can be seen: one row for each object. Superusers are not listed. Addresses of the type protaddr.address leave sealed by all of them.';
COMMENT ON COLUMN protaddr.ways_out.kind IS 'Which way: see protaddr.way_out_kind.';
COMMENT ON COLUMN protaddr.ways_out.object IS 'The publication, foreign table, role, extension, or owner.';
COMMENT ON COLUMN protaddr.ways_out.what_leaves IS 'What leaves clear by it.';
COMMENT ON COLUMN protaddr.ways_out.state IS '"allowed"; or "refused, and there already": made before it was refused.';
COMMENT ON COLUMN protaddr.ways_out.what_to_do IS 'What would close it.';
