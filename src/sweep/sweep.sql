-- ---------------------------------------------------------------------------
-- sweep/: protected addresses in what is stored already
-- ---------------------------------------------------------------------------
CREATE TABLE protaddr.sweep_run (
    run bigint PRIMARY KEY,
    started_at timestamptz NOT NULL,
    started_by text NOT NULL,
    scope text NOT NULL,
    action text NOT NULL CONSTRAINT sweep_run_action CHECK (action IN ('report', 'redact', 'regate')),
    time_column name,
    since timestamptz,
    until timestamptz
);
COMMENT ON TABLE protaddr.sweep_run IS
'The sweeps that were begun, and what each was told. Rows are added, never changed or removed. Dumped with the extension''s data.';
COMMENT ON COLUMN protaddr.sweep_run.run IS 'Number of the sweep; rises with time.';
COMMENT ON COLUMN protaddr.sweep_run.started_at IS 'When.';
COMMENT ON COLUMN protaddr.sweep_run.started_by IS 'Login role.';
COMMENT ON COLUMN protaddr.sweep_run.scope IS 'What it searches, in words: a table, a schema, or the database.';
COMMENT ON COLUMN protaddr.sweep_run.action IS 'report, redact, or regate (protaddr.regate()).';
COMMENT ON COLUMN protaddr.sweep_run.time_column IS 'The column that says when a row is from; NULL: all rows are searched.';
COMMENT ON COLUMN protaddr.sweep_run.since IS 'Rows from then on; NULL: from the first on.';
COMMENT ON COLUMN protaddr.sweep_run.until IS 'Rows before then; NULL: up to the last.';

CREATE TABLE protaddr.sweep_table (
    item bigint PRIMARY KEY,
    run bigint NOT NULL,
    relation text COLLATE "C" NOT NULL,
    next_block bigint,
    blocks bigint,
    filenode bigint,
    horizon bigint,
    rows bigint NOT NULL,
    ended_at timestamptz,
    ended_by text,
    why_not text,
    done_at timestamptz,
    done_by text,
    done_why text
);
COMMENT ON TABLE protaddr.sweep_table IS
'The tables, partitions and materialized views of a sweep, and how far it is in each. See protaddr.sweep_status.';
COMMENT ON COLUMN protaddr.sweep_table.item IS 'Number of the row.';
COMMENT ON COLUMN protaddr.sweep_table.run IS 'The sweep.';
COMMENT ON COLUMN protaddr.sweep_table.relation IS 'The table, qualified and quoted.';
COMMENT ON COLUMN protaddr.sweep_table.next_block IS 'Where to go on; NULL: not begun.';
COMMENT ON COLUMN protaddr.sweep_table.blocks IS 'How many blocks it had when it was begun.';
COMMENT ON COLUMN protaddr.sweep_table.filenode IS 'The file it had then: a table that was rewritten since is begun anew.';
COMMENT ON COLUMN protaddr.sweep_table.horizon IS 'Rows of transactions from this one on are looked at again in the end: they may have moved behind the sweep.';
COMMENT ON COLUMN protaddr.sweep_table.rows IS 'Rows searched so far.';
COMMENT ON COLUMN protaddr.sweep_table.ended_at IS 'When it was searched to its end, or given up.';
COMMENT ON COLUMN protaddr.sweep_table.ended_by IS 'Login role.';
COMMENT ON COLUMN protaddr.sweep_table.why_not IS 'Why it was not searched, or not to its end; NULL if it was.';
COMMENT ON COLUMN protaddr.sweep_table.done_at IS 'When protaddr.sweep_done() said that somebody has seen to it.';
COMMENT ON COLUMN protaddr.sweep_table.done_by IS 'Login role.';
COMMENT ON COLUMN protaddr.sweep_table.done_why IS 'What was done.';
CREATE UNIQUE INDEX sweep_table_run ON protaddr.sweep_table (run, relation);
COMMENT ON INDEX protaddr.sweep_table_run IS 'Tables by sweep.';

CREATE TABLE protaddr.sweep_finding (
    finding bigint PRIMARY KEY,
    run bigint NOT NULL,
    relation text COLLATE "C" NOT NULL,
    columns text NOT NULL,
    row_key jsonb,
    row_tid tid NOT NULL,
    subject_key text,
    certainty text CONSTRAINT sweep_finding_certainty CHECK (certainty IN ('exact', 'safe', 'doubtful')),
    found_at timestamptz NOT NULL,
    place bytea NOT NULL,
    change bigint,
    why_not text,
    done_at timestamptz,
    done_by text,
    done_why text
);
COMMENT ON TABLE protaddr.sweep_finding IS
'The protected addresses that sweeps have found: where, whose, and what became of them; never a text. See protaddr.sweep_report.';
COMMENT ON COLUMN protaddr.sweep_finding.finding IS 'Number of the row.';
COMMENT ON COLUMN protaddr.sweep_finding.run IS 'The sweep.';
COMMENT ON COLUMN protaddr.sweep_finding.relation IS 'The table or partition, qualified and quoted.';
COMMENT ON COLUMN protaddr.sweep_finding.columns IS 'The column; several if the address stands across them.';
COMMENT ON COLUMN protaddr.sweep_finding.row_key IS 'Primary key of the row; NULL if the table has none, or if it holds the address.';
COMMENT ON COLUMN protaddr.sweep_finding.row_tid IS 'Where the row stood when it was found.';
COMMENT ON COLUMN protaddr.sweep_finding.subject_key IS 'Canonical identifier of the person; NULL: a listed address.';
COMMENT ON COLUMN protaddr.sweep_finding.certainty IS 'exact, safe or doubtful, as protaddr.find_protected() says; NULL: a row that cannot be read, or that did not pass its gate again.';
COMMENT ON COLUMN protaddr.sweep_finding.found_at IS 'When.';
COMMENT ON COLUMN protaddr.sweep_finding.place IS 'Digest of table, row, columns and person: a sweep that begins again finds it once.';
COMMENT ON COLUMN protaddr.sweep_finding.change IS 'What was written in its place: a row of protaddr.sweep_change.';
COMMENT ON COLUMN protaddr.sweep_finding.why_not IS 'Why it was to be changed and was not.';
COMMENT ON COLUMN protaddr.sweep_finding.done_at IS 'When protaddr.sweep_done() said that somebody has seen to it.';
COMMENT ON COLUMN protaddr.sweep_finding.done_by IS 'Login role.';
COMMENT ON COLUMN protaddr.sweep_finding.done_why IS 'What was done.';
CREATE INDEX sweep_finding_run ON protaddr.sweep_finding (run, relation);
COMMENT ON INDEX protaddr.sweep_finding_run IS 'Findings by sweep and table.';
CREATE UNIQUE INDEX sweep_finding_place ON protaddr.sweep_finding (run, place);
COMMENT ON INDEX protaddr.sweep_finding_place IS 'Findings by where they stand.';

CREATE TABLE protaddr.sweep_change (
    change bigint PRIMARY KEY,
    run bigint NOT NULL,
    relation text COLLATE "C" NOT NULL,
    columns text NOT NULL,
    row_key jsonb NOT NULL,
    wrote bytea NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    undone_at timestamptz,
    undone_by text,
    why_not text,
    sealed bytea
);
COMMENT ON TABLE protaddr.sweep_change IS
'What sweeps have written into rows, with the old values, sealed, until protaddr.forget_sweep_values() takes them away. No role has a right on it.';
COMMENT ON COLUMN protaddr.sweep_change.change IS 'Number of the row.';
COMMENT ON COLUMN protaddr.sweep_change.run IS 'The sweep.';
COMMENT ON COLUMN protaddr.sweep_change.relation IS 'The table or partition, qualified and quoted.';
COMMENT ON COLUMN protaddr.sweep_change.columns IS 'The columns that were written.';
COMMENT ON COLUMN protaddr.sweep_change.row_key IS 'Primary key of the row.';
COMMENT ON COLUMN protaddr.sweep_change.wrote IS 'Digest of what was written: only where it still stands is anything undone.';
COMMENT ON COLUMN protaddr.sweep_change.changed_at IS 'When.';
COMMENT ON COLUMN protaddr.sweep_change.changed_by IS 'Login role.';
COMMENT ON COLUMN protaddr.sweep_change.undone_at IS 'When protaddr.undo_sweep() put the old values back.';
COMMENT ON COLUMN protaddr.sweep_change.undone_by IS 'Login role.';
COMMENT ON COLUMN protaddr.sweep_change.why_not IS 'Why it could not, when it was last tried.';
COMMENT ON COLUMN protaddr.sweep_change.sealed IS 'The old values, with all that stands beside them here: what differs counts for nothing. NULL once they were taken away.';
CREATE INDEX sweep_change_run ON protaddr.sweep_change (run, change);
COMMENT ON INDEX protaddr.sweep_change_run IS 'Changes by sweep.';
SELECT protaddr.make_own_table('sweep_run', dumped => ''), protaddr.make_own_table('sweep_table', dumped => ''),
       protaddr.make_own_table('sweep_finding', dumped => ''), protaddr.make_own_table('sweep_change', dumped => '');

CREATE PROCEDURE protaddr.sweep(
    relation regclass DEFAULT NULL, schema regnamespace DEFAULT NULL,
    time_column name DEFAULT NULL, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL,
    action text DEFAULT 'report', batch_size integer DEFAULT 10000, pause interval DEFAULT '0',
    INOUT run bigint DEFAULT NULL
)
    AS 'MODULE_PATHNAME', 'protaddr_sweep' LANGUAGE C;
REVOKE ALL ON PROCEDURE protaddr.sweep(regclass, regnamespace, name, timestamptz, timestamptz, text, integer, interval, bigint) FROM PUBLIC;
COMMENT ON PROCEDURE protaddr.sweep(regclass, regnamespace, name, timestamptz, timestamptz, text, integer, interval, bigint) IS
'Searches what is stored for protected addresses: a table with its partitions and children, the tables of a schema, or (both NULL) of the database. It looks through every column that could hold an address as text (protaddr.text_columns), also across the columns of a row, and for unreleased values of type protaddr.address in gated tables; not through columns that protaddr.declare_address_columns() has declared. time_column, since, until: only rows whose column says a time from since on and before until; rows where it is NULL, and tables without such a column, are searched whole. action: report notes what it finds; redact also writes [address withheld] in the place of each exact and safe find, by an UPDATE with the caller''s rights, and keeps the old value, sealed, for protaddr.undo_sweep(). Doubtful finds, and what cannot be changed, are left and listed in protaddr.sweep_todo. Commits after each batch of about batch_size rows and then rests for pause. run: goes on with a sweep that was interrupted, or joins one that others are at: each table is searched by one session. Returns the number of the sweep. With rows of one''s own it tells whether an address is a protected person''s: grant it to few. Needs EXECUTE and, on each table, SELECT and for redact UPDATE; a table that the caller may not read, or of which row security hides rows, is listed in protaddr.sweep_todo. Progress: protaddr.sweep_progress; results: protaddr.sweep_report. Raises 25001 in a transaction block, 22023, 42501, 55PA1 while the guard cannot tell.';

CREATE VIEW protaddr.sweep_progress AS
SELECT c.pid, a.usename AS swept_by, c.relid::regclass AS relation, c.param14 AS run,
       date_trunc('second', clock_timestamp() - a.query_start) AS running,
       c.param11 AS rows,
       round(c.param11 / greatest(extract(epoch FROM clock_timestamp() - a.query_start), 0.001)) AS rows_per_second,
       c.param12 AS found, c.param13 AS changed
FROM pg_stat_get_progress_info('COPY') c JOIN pg_stat_activity a USING (pid)
WHERE c.param16 = 3 AND a.datname = current_database();
GRANT SELECT ON protaddr.sweep_progress TO pg_monitor;
COMMENT ON VIEW protaddr.sweep_progress IS 'The sessions that sweep now, to watch from another.';
COMMENT ON COLUMN protaddr.sweep_progress.pid IS 'Process that sweeps.';
COMMENT ON COLUMN protaddr.sweep_progress.swept_by IS 'Login role.';
COMMENT ON COLUMN protaddr.sweep_progress.relation IS 'The table at hand.';
COMMENT ON COLUMN protaddr.sweep_progress.run IS 'The sweep.';
COMMENT ON COLUMN protaddr.sweep_progress.running IS 'How long its statement has run.';
COMMENT ON COLUMN protaddr.sweep_progress.rows IS 'Rows that it has searched.';
COMMENT ON COLUMN protaddr.sweep_progress.rows_per_second IS 'The rate.';
COMMENT ON COLUMN protaddr.sweep_progress.found IS 'Addresses that it has found.';
COMMENT ON COLUMN protaddr.sweep_progress.changed IS 'Rows that it has changed.';

CREATE VIEW protaddr.sweep_status AS
SELECT r.run, r.started_at, r.started_by, r.scope, r.action, r.time_column, r.since, r.until,
       t.tables, t.left AS tables_left, t.not_searched, t.rows,
       f.exact, f.safe, f.doubtful,
       CASE r.action WHEN 'regate' THEN g.changed ELSE f.changed END AS changed, CASE r.action WHEN 'regate' THEN g.undone ELSE f.undone END AS undone,
       f.to_do + t.to_do AS to_do,
       CASE WHEN t.left = 0 THEN t.ended_at END AS ended_at
FROM protaddr.sweep_run r,
     LATERAL (SELECT count(*) AS tables, count(*) FILTER (WHERE s.ended_at IS NULL) AS left, count(*) FILTER (WHERE s.why_not IS NOT NULL) AS not_searched,
                     count(*) FILTER (WHERE s.why_not IS NOT NULL AND s.done_at IS NULL) AS to_do, coalesce(sum(s.rows), 0)::bigint AS rows, coalesce(max(s.ended_at), r.started_at) AS ended_at
              FROM protaddr.sweep_table s WHERE s.run = r.run) t,
     LATERAL (SELECT count(*) FILTER (WHERE n.certainty = 'exact') AS exact, count(*) FILTER (WHERE n.certainty = 'safe') AS safe,
                     count(*) FILTER (WHERE n.certainty = 'doubtful') AS doubtful,
                     count(*) FILTER (WHERE n.change IS NOT NULL AND c.undone_at IS NULL) AS changed, count(*) FILTER (WHERE c.undone_at IS NOT NULL) AS undone,
                     count(*) FILTER (WHERE n.why_not IS NOT NULL AND n.done_at IS NULL) AS to_do
              FROM protaddr.sweep_finding n LEFT JOIN protaddr.sweep_change c ON c.change = n.change WHERE n.run = r.run) f,
     LATERAL (SELECT count(*) FILTER (WHERE c.undone_at IS NULL) AS changed, count(*) FILTER (WHERE c.undone_at IS NOT NULL) AS undone
              FROM protaddr.sweep_change c WHERE c.run = r.run AND r.action = 'regate') g
ORDER BY r.run;
GRANT SELECT ON protaddr.sweep_status TO pg_monitor;
COMMENT ON VIEW protaddr.sweep_status IS 'The sweeps, in figures.';
COMMENT ON COLUMN protaddr.sweep_status.run IS 'Number of the sweep.';
COMMENT ON COLUMN protaddr.sweep_status.started_at IS 'When it began.';
COMMENT ON COLUMN protaddr.sweep_status.started_by IS 'Login role.';
COMMENT ON COLUMN protaddr.sweep_status.scope IS 'What it searches.';
COMMENT ON COLUMN protaddr.sweep_status.action IS 'report, redact or regate.';
COMMENT ON COLUMN protaddr.sweep_status.time_column IS 'The column that says when a row is from.';
COMMENT ON COLUMN protaddr.sweep_status.since IS 'Rows from then on.';
COMMENT ON COLUMN protaddr.sweep_status.until IS 'Rows before then.';
COMMENT ON COLUMN protaddr.sweep_status.tables IS 'Tables, partitions and materialized views that could hold an address.';
COMMENT ON COLUMN protaddr.sweep_status.tables_left IS 'Of these, not searched to the end yet. Unless a session is at it, CALL protaddr.sweep(run => ...) goes on.';
COMMENT ON COLUMN protaddr.sweep_status.not_searched IS 'Of these, not searched; protaddr.sweep_todo says why.';
COMMENT ON COLUMN protaddr.sweep_status.rows IS 'Rows searched.';
COMMENT ON COLUMN protaddr.sweep_status.exact IS 'Finds that are as they are kept, but for case and punctuation.';
COMMENT ON COLUMN protaddr.sweep_status.safe IS 'Finds that are written otherwise.';
COMMENT ON COLUMN protaddr.sweep_status.doubtful IS 'Finds that somebody has to judge.';
COMMENT ON COLUMN protaddr.sweep_status.changed IS 'Finds that were taken out of their row; of a regate, rows that the gate has changed.';
COMMENT ON COLUMN protaddr.sweep_status.undone IS 'The same, put back.';
COMMENT ON COLUMN protaddr.sweep_status.to_do IS 'What is left to somebody, and not marked as done.';
COMMENT ON COLUMN protaddr.sweep_status.ended_at IS 'When the last table was searched to its end; NULL while some are left.';

CREATE VIEW protaddr.sweep_report AS
SELECT f.run, f.finding, f.relation, f.columns, f.row_key, f.row_tid, f.subject_key AS subject, f.certainty, f.found_at,
       CASE WHEN f.done_at IS NOT NULL THEN 'done'
            WHEN c.undone_at IS NOT NULL THEN 'undone'
            WHEN c.change IS NOT NULL THEN 'changed'
            WHEN f.why_not IS NOT NULL THEN 'to do'
            ELSE 'found' END AS status
FROM protaddr.sweep_finding f LEFT JOIN protaddr.sweep_change c ON c.change = f.change
ORDER BY f.run, f.relation, f.finding;
COMMENT ON VIEW protaddr.sweep_report IS
'What sweeps have found: one row for each row of a table, column (or columns) and person. It tells who is protected and where their address stands: grant it to few.';
COMMENT ON COLUMN protaddr.sweep_report.run IS 'The sweep.';
COMMENT ON COLUMN protaddr.sweep_report.finding IS 'Number of the finding.';
COMMENT ON COLUMN protaddr.sweep_report.relation IS 'The table or partition.';
COMMENT ON COLUMN protaddr.sweep_report.columns IS 'The column; several if the address stands across them.';
COMMENT ON COLUMN protaddr.sweep_report.row_key IS 'Primary key of the row; NULL if the table has none, or if it holds the address.';
COMMENT ON COLUMN protaddr.sweep_report.row_tid IS 'Where the row stood when it was found.';
COMMENT ON COLUMN protaddr.sweep_report.subject IS 'Canonical identifier of the person; NULL: a listed address.';
COMMENT ON COLUMN protaddr.sweep_report.certainty IS 'exact, safe or doubtful.';
COMMENT ON COLUMN protaddr.sweep_report.found_at IS 'When.';
COMMENT ON COLUMN protaddr.sweep_report.status IS 'found; changed: taken out of the row; undone: put back; to do: it was to be taken out and is not; done: somebody has seen to it.';

CREATE VIEW protaddr.sweep_todo AS
SELECT f.run, f.finding AS item, f.relation, f.columns, f.row_key, f.row_tid, f.certainty, f.why_not AS reason, f.done_at, f.done_by, f.done_why
FROM protaddr.sweep_finding f WHERE f.why_not IS NOT NULL
UNION ALL
SELECT t.run, t.item, t.relation, NULL, NULL, NULL, NULL, t.why_not, t.done_at, t.done_by, t.done_why
FROM protaddr.sweep_table t WHERE t.why_not IS NOT NULL
ORDER BY 1, 3, 2;
COMMENT ON VIEW protaddr.sweep_todo IS
'What sweeps leave to somebody: finds that were not changed, and tables that were not searched. protaddr.sweep_done() marks one as done.';
COMMENT ON COLUMN protaddr.sweep_todo.run IS 'The sweep.';
COMMENT ON COLUMN protaddr.sweep_todo.item IS 'Number for protaddr.sweep_done(): of a finding, or of a table that was not searched.';
COMMENT ON COLUMN protaddr.sweep_todo.relation IS 'The table or partition.';
COMMENT ON COLUMN protaddr.sweep_todo.columns IS 'The column, or columns; NULL: the table.';
COMMENT ON COLUMN protaddr.sweep_todo.row_key IS 'Primary key of the row.';
COMMENT ON COLUMN protaddr.sweep_todo.row_tid IS 'Where the row stood when it was found.';
COMMENT ON COLUMN protaddr.sweep_todo.certainty IS 'exact, safe or doubtful.';
COMMENT ON COLUMN protaddr.sweep_todo.reason IS 'Why it was left.';
COMMENT ON COLUMN protaddr.sweep_todo.done_at IS 'When it was marked as done; NULL: it was not.';
COMMENT ON COLUMN protaddr.sweep_todo.done_by IS 'Login role.';
COMMENT ON COLUMN protaddr.sweep_todo.done_why IS 'What was done.';

CREATE FUNCTION protaddr.sweep_done(item bigint, reason text) RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF btrim(coalesce(sweep_done.reason, ''), E' \t\r\n') = '' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'null_value_not_allowed',
            MESSAGE = 'a reason must be given';
    END IF;
    UPDATE protaddr.sweep_finding f SET done_at = clock_timestamp(), done_by = session_user, done_why = sweep_done.reason
    WHERE f.finding = sweep_done.item AND f.why_not IS NOT NULL AND f.done_at IS NULL;
    IF FOUND THEN
        RETURN;
    END IF;
    UPDATE protaddr.sweep_table t SET done_at = clock_timestamp(), done_by = session_user, done_why = sweep_done.reason
    WHERE t.item = sweep_done.item AND t.why_not IS NOT NULL AND t.done_at IS NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'nothing with this number is left to do',
            HINT = 'See protaddr.sweep_todo.';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION protaddr.sweep_done(bigint, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.sweep_done(bigint, text) IS
'Marks what protaddr.sweep_todo lists as done, by its number, with the login role. reason: what was done, or why nothing has to be; no address. Raises 22004 without a reason, 22023 if nothing with this number is left to do.';

CREATE FUNCTION protaddr.undo_sweep(run bigint, finding bigint DEFAULT NULL, OUT undone bigint, OUT not_undone bigint) RETURNS record
    AS 'MODULE_PATHNAME', 'protaddr_undo_sweep' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION protaddr.undo_sweep(bigint, bigint) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.undo_sweep(bigint, bigint) IS
'Puts back what a sweep has taken out of rows, byte for byte: all of it (finding NULL), or what one finding has led to, with all that was taken out of the same row at once. Only where the row still says what the sweep has written; by an UPDATE with the caller''s rights, or of a protaddr.regate() beneath triggers, since the gate would take it out again. Returns how many rows were put back and how many could not be; protaddr.sweep_change says why not. Needs EXECUTE, and UPDATE on the tables. Raises 22023, 55PA1.';

CREATE FUNCTION protaddr.forget_sweeps(
    values_older_than interval DEFAULT '30 days', reports_older_than interval DEFAULT NULL, OUT old_values bigint, OUT old_sweeps bigint
) RETURNS record
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    old bigint[];
BEGIN
    UPDATE protaddr.sweep_change c SET sealed = NULL WHERE c.sealed IS NOT NULL AND c.changed_at < clock_timestamp() - values_older_than;
    GET DIAGNOSTICS old_values = ROW_COUNT;
    -- a sweep that may be gone on with, or undone, is not forgotten
    old := ARRAY(SELECT r.run FROM protaddr.sweep_run r
                 WHERE r.started_at < clock_timestamp() - reports_older_than
                   AND (r.action = 'regate' OR NOT EXISTS (SELECT FROM protaddr.sweep_table t WHERE t.run = r.run AND t.ended_at IS NULL))
                   AND NOT EXISTS (SELECT FROM protaddr.sweep_change c WHERE c.run = r.run AND c.sealed IS NOT NULL AND c.undone_at IS NULL));
    DELETE FROM protaddr.sweep_finding f WHERE f.run = ANY (old);
    DELETE FROM protaddr.sweep_change c WHERE c.run = ANY (old);
    DELETE FROM protaddr.sweep_table t WHERE t.run = ANY (old);
    DELETE FROM protaddr.sweep_run r WHERE r.run = ANY (old);
    old_sweeps := cardinality(old);
END
$$;
REVOKE ALL ON FUNCTION protaddr.forget_sweeps(interval, interval) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.forget_sweeps(interval, interval) IS
'Takes away old values that sweeps have kept for protaddr.undo_sweep(), and (NULL: none) whole sweeps with all that they have found, of which nothing is left to search or to undo; returns how many of each. For a nightly job.';

CREATE FUNCTION protaddr.regate_dry_run(
    relation regclass, OUT column_name name, OUT problem text, OUT action text, OUT because text, OUT "values" bigint
) RETURNS SETOF record
    LANGUAGE sql VOLATILE STRICT PARALLEL RESTRICTED
BEGIN ATOMIC
    SELECT v.column_name, v.problem, v.if_updated, v.because, count(*)
    FROM protaddr.verify_gate(regate_dry_run.relation) v
    GROUP BY 1, 2, 3, 4
    ORDER BY 1, 2, 3, 4;
END;
REVOKE ALL ON FUNCTION protaddr.regate_dry_run(regclass) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.regate_dry_run(regclass) IS
'What protaddr.regate() would do with a gated table, in figures: how many values of each column are not released, and what would become of them (action: leave, reduce, minimum, substitute, withhold: the value becomes NULL; disclose, hold, block: the row is refused) by which rule (because), as protaddr.verify_gate() says. Changes nothing. Needs EXECUTE on both, and SELECT on the table. No rows for NULL, or if all is released. Raises as protaddr.verify_gate().';

CREATE PROCEDURE protaddr.regate(relation regclass, batch_size integer DEFAULT 1000, pause interval DEFAULT '0', INOUT run bigint DEFAULT NULL)
    AS 'MODULE_PATHNAME', 'protaddr_regate' LANGUAGE C;
REVOKE ALL ON PROCEDURE protaddr.regate(regclass, integer, interval, bigint) FROM PUBLIC;
COMMENT ON PROCEDURE protaddr.regate(regclass, integer, interval, bigint) IS
'Sends the rows of a gated table through its gate again, of which protaddr.verify_gate() says that something is not released, or in whose texts a protected address is found: by an UPDATE that changes nothing, with the caller''s rights and through all triggers. An address that the channel withholds is then gone from the row: ask protaddr.regate_dry_run() first. What stood there before is kept, sealed, and protaddr.undo_sweep() puts it back. Rows that the channel holds or blocks stay as they are, and are listed in protaddr.sweep_todo. Commits after each batch and then rests for pause; once interrupted, call it again. run is given back: the number for undo_sweep(). The table needs a primary key; the caller EXECUTE on this and on protaddr.verify_gate(), SELECT, and UPDATE of the columns that the gate looks at. Raises 22004, 25001 in a transaction block, 42501, 42809, 55000 without a primary key, 55PA1.';
