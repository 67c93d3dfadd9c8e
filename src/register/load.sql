-- ---------------------------------------------------------------------------
-- register/: how deliveries come in
-- ---------------------------------------------------------------------------
CREATE TYPE protaddr.load_counts AS (
    persons bigint, protections bigint, protected bigint, newly_protected bigint, lifted bigint,
    unknown_codes bigint, replaced_numbers bigint, records bigint, skipped bigint,
    kept bigint, untold bigint, absent bigint, persons_noted bigint, protections_more bigint,
    tells boolean, first boolean, moment timestamptz, digest bytea, types text[], outcome text
);
COMMENT ON TYPE protaddr.load_counts IS 'Part of the load functions: what they count. See protaddr.load_result.';
COMMENT ON COLUMN protaddr.load_counts.persons IS 'People in the delivery.';
COMMENT ON COLUMN protaddr.load_counts.protections IS 'Protection records, of every kind.';
COMMENT ON COLUMN protaddr.load_counts.protected IS 'People of the delivery who are protected after it.';
COMMENT ON COLUMN protaddr.load_counts.newly_protected IS 'People whom the source did not protect before.';
COMMENT ON COLUMN protaddr.load_counts.lifted IS 'People whom the source protected before and protects no longer.';
COMMENT ON COLUMN protaddr.load_counts.unknown_codes IS 'Records with a code that protaddr.regime_code does not have. They protect.';
COMMENT ON COLUMN protaddr.load_counts.replaced_numbers IS 'Person numbers that another has replaced.';
COMMENT ON COLUMN protaddr.load_counts.records IS 'Data records, those of start and end not counted.';
COMMENT ON COLUMN protaddr.load_counts.skipped IS 'Records that could not be read.';
COMMENT ON COLUMN protaddr.load_counts.kept IS 'People whose protection goes on although it is not said any more.';
COMMENT ON COLUMN protaddr.load_counts.untold IS 'Protected people in a delivery that does not tell of protections.';
COMMENT ON COLUMN protaddr.load_counts.absent IS 'Protected people who are not in a delivery of everybody.';
COMMENT ON COLUMN protaddr.load_counts.persons_noted IS 'People whom the source lists for the first time.';
COMMENT ON COLUMN protaddr.load_counts.protections_more IS 'By how many the rows in force have grown.';
COMMENT ON COLUMN protaddr.load_counts.tells IS 'Whether it tells of protections.';
COMMENT ON COLUMN protaddr.load_counts.first IS 'Whether nobody was known before, of any source.';
COMMENT ON COLUMN protaddr.load_counts.moment IS 'The time under which it is recorded.';
COMMENT ON COLUMN protaddr.load_counts.digest IS 'SHA-256 of the delivery as it came.';
COMMENT ON COLUMN protaddr.load_counts.types IS 'The types of its records; with a b in front those of the bitemporal layout.';
COMMENT ON COLUMN protaddr.load_counts.outcome IS 'What protaddr.may_write() says; NULL before it is asked.';

CREATE TYPE protaddr.load_asked AS (
    source text, mode text, staged boolean, numbers bigint, declared boolean, same_day boolean, last_digest bytea, after_gap boolean,
    max_lifted bigint, confirm_lifted bigint, dry_run boolean
);
COMMENT ON TYPE protaddr.load_asked IS 'Part of the load functions: what the loader asked for, as far as it decides whether the delivery may be loaded.';
COMMENT ON COLUMN protaddr.load_asked.source IS 'The register source.';
COMMENT ON COLUMN protaddr.load_asked.mode IS 'The kind of the delivery, or its mode.';
COMMENT ON COLUMN protaddr.load_asked.staged IS 'Whether its rows were staged.';
COMMENT ON COLUMN protaddr.load_asked.numbers IS 'Of a reply: how many numbers it has that were replaced, which are nobody else.';
COMMENT ON COLUMN protaddr.load_asked.declared IS 'Whether it is declared that its task delivers protections.';
COMMENT ON COLUMN protaddr.load_asked.same_day IS 'Whether the last delivery of its task was produced on the same day.';
COMMENT ON COLUMN protaddr.load_asked.last_digest IS 'SHA-256 of that one.';
COMMENT ON COLUMN protaddr.load_asked.after_gap IS 'As given by the loader.';
COMMENT ON COLUMN protaddr.load_asked.max_lifted IS 'As given by the loader.';
COMMENT ON COLUMN protaddr.load_asked.confirm_lifted IS 'As given by the loader.';
COMMENT ON COLUMN protaddr.load_asked.dry_run IS 'As given by the loader.';

CREATE TYPE protaddr.load_result AS (
    persons bigint, protections bigint, protected bigint, newly_protected bigint, lifted bigint,
    unknown_codes bigint, replaced_numbers bigint, records bigint, skipped bigint,
    task text, produced date, outcome text, kept bigint, absent bigint
);
COMMENT ON TYPE protaddr.load_result IS 'What a load did. The counts are of this delivery alone.';
COMMENT ON COLUMN protaddr.load_result.persons IS 'People in the delivery.';
COMMENT ON COLUMN protaddr.load_result.protections IS 'Protection records, of every kind.';
COMMENT ON COLUMN protaddr.load_result.protected IS 'People of the delivery who are protected after it. Of fewer than 20 people the counts of who is and who was protected need the right to execute protaddr.is_protected(); else they are NULL.';
COMMENT ON COLUMN protaddr.load_result.newly_protected IS 'People whom the source did not protect before.';
COMMENT ON COLUMN protaddr.load_result.lifted IS 'People whom the source protected before and protects no longer.';
COMMENT ON COLUMN protaddr.load_result.unknown_codes IS 'Records with a code that protaddr.regime_code does not have. They protect.';
COMMENT ON COLUMN protaddr.load_result.replaced_numbers IS 'Person numbers that another has replaced.';
COMMENT ON COLUMN protaddr.load_result.records IS 'Data records, those of start and end not counted.';
COMMENT ON COLUMN protaddr.load_result.skipped IS 'Records that could not be read: of types that protaddr does not know, or that do not look like their type. Each protects, as an unknown code does.';
COMMENT ON COLUMN protaddr.load_result.task IS 'Task number of the delivery; NULL if it has none.';
COMMENT ON COLUMN protaddr.load_result.produced IS 'Production date of the delivery; NULL if it has none.';
COMMENT ON COLUMN protaddr.load_result.outcome IS 'loaded, already loaded, or dry run.';
COMMENT ON COLUMN protaddr.load_result.kept IS 'People whose protection goes on although it is not said any more; protaddr.register_review tells why.';
COMMENT ON COLUMN protaddr.load_result.absent IS 'Protected people who are not in a snapshot; they stay protected.';

CREATE FUNCTION protaddr.load_cpr_bytes("extract" bytea, source text, encoding text, kind text, tells boolean, declared text[], asked protaddr.load_asked) RETURNS protaddr.load_counts
    AS 'MODULE_PATHNAME', 'protaddr_load_cpr_bytes' LANGUAGE C STRICT VOLATILE;
REVOKE ALL ON FUNCTION protaddr.load_cpr_bytes(bytea, text, text, text, boolean, text[], protaddr.load_asked) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.load_cpr_bytes(bytea, text, text, text, boolean, text[], protaddr.load_asked) IS
'Part of protaddr.load_cpr(): parses a delivery and replaces its people, if protaddr.may_write() allows it of what was asked for. tells: its task is known to deliver protections. declared: types that it is declared to deliver, which count as known.';
CREATE FUNCTION protaddr.load_cpr_path(path text, source text, encoding text, kind text, tells boolean, declared text[], asked protaddr.load_asked) RETURNS protaddr.load_counts
    AS 'MODULE_PATHNAME', 'protaddr_load_cpr_path' LANGUAGE C STRICT VOLATILE;
REVOKE ALL ON FUNCTION protaddr.load_cpr_path(text, text, text, text, boolean, text[], protaddr.load_asked) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.load_cpr_path(text, text, text, text, boolean, text[], protaddr.load_asked) IS
'Part of protaddr.load_cpr_file(): the same from a server file, streamed.';
CREATE FUNCTION protaddr.cpr_header(start bytea, encoding text, OUT task text, OUT produced date, OUT previous date) RETURNS record
    AS 'MODULE_PATHNAME', 'protaddr_cpr_header' LANGUAGE C STRICT IMMUTABLE;
REVOKE ALL ON FUNCTION protaddr.cpr_header(bytea, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.cpr_header(bytea, text) IS
'What the start record of a delivery says, from its first bytes: task number, production date, previous production date. NULLs where it does not.';
CREATE FUNCTION protaddr.cpr_file_start(path text) RETURNS bytea
    AS 'MODULE_PATHNAME', 'protaddr_cpr_file_start' LANGUAGE C STRICT VOLATILE;
REVOKE ALL ON FUNCTION protaddr.cpr_file_start(text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.cpr_file_start(text) IS
'Part of protaddr.load_cpr_file(): the first bytes of a server file. Raises 42501 unless the role has the privileges of pg_read_server_files.';
CREATE FUNCTION protaddr.note_refusal(source text, regime text, task text, produced date, why text) RETURNS boolean
    AS 'MODULE_PATHNAME', 'protaddr_note_refusal' LANGUAGE C CALLED ON NULL INPUT VOLATILE;
REVOKE ALL ON FUNCTION protaddr.note_refusal(text, text, text, date, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.note_refusal(text, text, text, date, text) IS
'Records a refused delivery or a dry run in protaddr.register_delivery from a background worker, so that the record outlives the rollback. False, and a WARNING, if no worker could be had.';

CREATE FUNCTION protaddr.lock_source(source text) RETURNS void
    AS 'MODULE_PATHNAME', 'protaddr_lock_source' LANGUAGE C STRICT VOLATILE;
REVOKE ALL ON FUNCTION protaddr.lock_source(text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.lock_source(text) IS
'Part of the load functions: lets one load of a source at a time go on, until its transaction ends. Loads of other sources and entries by hand do not wait.';

CREATE FUNCTION protaddr.may_read_protections() RETURNS boolean
    AS 'MODULE_PATHNAME', 'protaddr_may_read_protections' LANGUAGE C STRICT STABLE;
REVOKE ALL ON FUNCTION protaddr.may_read_protections() FROM PUBLIC;
COMMENT ON FUNCTION protaddr.may_read_protections() IS
'Part of the load functions: true if the caller, and whoever''s functions called it, may execute protaddr.is_protected().';

CREATE FUNCTION protaddr.check_lifts(
    source text, lifted bigint, max_lifted bigint, confirm_lifted bigint, what text, again text
) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    rule protaddr.register_source;
    window_begins timestamptz;
    protected_before bigint;
    lifted_before bigint;
    most bigint;
    confirmed boolean := coalesce(lifted = confirm_lifted AND lifted > 0, false);
BEGIN
    SELECT s.* INTO rule FROM protaddr.register_source s WHERE s.source = source;
    IF max_lifted IS NOT NULL THEN
        most := max_lifted;
        confirmed := confirmed OR lifted <= most;
    ELSE
        window_begins := clock_timestamp() - coalesce(rule.lift_window, interval '24 hours');
        SELECT coalesce(sum(d.lifted), 0) INTO lifted_before FROM protaddr.register_delivery d
        WHERE check_lifts.lifted > 0 AND d.source = source AND d.outcome = 'loaded' AND d.lifted > 0 AND NOT d.lifts_confirmed
          AND d.loaded_at > window_begins;
        most := greatest(0, coalesce(rule.max_lifts, 20) - lifted_before);
        IF lifted > most THEN
            -- A share of whom it protected at some time within the window: for each of many
            -- small deliveries they need not be counted anew.
            IF rule.counted_at > window_begins AND lifted <= coalesce(rule.max_lifts, 20) THEN
                protected_before := rule.counted;
            ELSE
                -- who is protected before it, which is not written yet
                SELECT count(DISTINCT p.subject_key) INTO protected_before FROM protaddr.protection p
                WHERE p.source = source AND p.kind <> 'none' AND p.recorded_to = 'infinity' AND p.valid_to = 'infinity';
                protected_before := protected_before + lifted_before;
                UPDATE protaddr.register_source s SET counted = protected_before, counted_at = clock_timestamp() WHERE s.source = source;
            END IF;
            most := greatest(most, ceil(coalesce(rule.max_lifts_share, 0.01) * protected_before) - lifted_before);
        END IF;
    END IF;
    IF lifted > most AND NOT confirmed THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('%s would lift %s people, more than %s', what, lifted, most),
            DETAIL = CASE WHEN lifted_before > 0 THEN
                         format('The register is as it was before. %s were lifted already within %s hours.', lifted_before,
                                round(extract(epoch FROM coalesce(rule.lift_window, interval '24 hours')) / 3600))
                     ELSE 'The register is as it was before.' END,
            HINT = format('If that is right, %s with confirm_lifted => %s.', again, lifted);
    END IF;
    -- as many as were confirmed may be half of them
    IF confirmed THEN
        UPDATE protaddr.register_source s SET counted_at = NULL WHERE s.source = source AND s.counted_at IS NOT NULL;
    END IF;
    RETURN confirmed;
END
$$;
REVOKE ALL ON FUNCTION protaddr.check_lifts(text, bigint, bigint, bigint, text, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.check_lifts(text, bigint, bigint, bigint, text, text) IS
'Part of the load functions and protaddr.end_planned(): raises 55000 if more people would be lifted than max_lifted (NULL: than the source''s limits leave within their window) and the very number was not confirmed. what and again: what would lift them, and how it is done again. True if the lifts are confirmed.';

CREATE FUNCTION protaddr.check_delivery(
    source text, counts protaddr.load_counts, declared boolean, whole_day boolean, max_lifted bigint, confirm_lifted bigint
) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    confirmed boolean := coalesce(counts.lifted = confirm_lifted AND counts.lifted > 0, false);
BEGIN
    -- an answer about a few people must not be asked for with a limit
    IF counts.persons < 20 AND (max_lifted IS NOT NULL OR confirm_lifted IS NOT NULL) AND NOT protaddr.may_read_protections() THEN
        RAISE EXCEPTION USING
            ERRCODE = 'insufficient_privilege',
            MESSAGE = 'permission denied to limit or confirm the lifts of fewer than 20 people',
            HINT = 'Whoever may execute protaddr.is_protected() may.';
    END IF;
    IF counts.untold > 0 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = 'the delivery tells of no protections, and has people whom its source protects',
            DETAIL = 'No delivery of its task has had records of protections, so that there are none in it says nothing.',
            HINT = 'If the task delivers them, protaddr.declare_feed() says so.';
    END IF;
    IF whole_day AND counts.protections = 0 AND counts.lifted > 0 AND NOT declared AND NOT confirmed THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = 'the delivery has no records of protections, and people whom its source protects',
            DETAIL = format('Its task has had such records before. Without them, %s people would lose their protection.', counts.lifted),
            HINT = format('If that is right, load it again with confirm_lifted => %s, or declare with protaddr.declare_feed() what the task delivers.', counts.lifted);
    END IF;

    RETURN protaddr.check_lifts(source, counts.lifted, max_lifted, confirm_lifted, 'the delivery', 'load it again');
END
$$;
REVOKE ALL ON FUNCTION protaddr.check_delivery(text, protaddr.load_counts, boolean, boolean, bigint, bigint) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.check_delivery(text, protaddr.load_counts, boolean, boolean, bigint, bigint) IS
'Part of the load functions: raises 55000 if a delivery has people whom its source protects and cannot tell of them, or lifts more people than max_lifted (NULL: than the source''s limits leave within their window) and the very number was not confirmed; 42501 if the caller gave either for fewer than 20 people and may not read protections. True if its lifts are confirmed.';

CREATE FUNCTION protaddr.may_write(asked protaddr.load_asked, counts protaddr.load_counts) RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    confirmed boolean;
BEGIN
    IF asked.same_day THEN
        IF counts.digest = asked.last_digest THEN
            RETURN 'already loaded';
        ELSIF NOT asked.after_gap THEN
            RAISE EXCEPTION USING
                ERRCODE = 'object_not_in_prerequisite_state',
                MESSAGE = 'another delivery of the same task and production date is loaded already',
                HINT = 'If this one is to take its place, load it with after_gap => true and a reason.';
        END IF;
    END IF;
    -- such a file has no date: the same bytes again make nothing fresher
    IF asked.mode = 'bitemporal' AND EXISTS (SELECT FROM protaddr.register_delivery d
                                             WHERE d.source = asked.source AND d.digest = counts.digest AND d.outcome = 'loaded') THEN
        RETURN 'already loaded';
    END IF;
    IF counts.records = 0 AND asked.mode IN ('replace', 'snapshot', 'merge', 'reply') THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = CASE WHEN asked.staged THEN 'nothing is staged for this source' ELSE 'the delivery has nobody in it' END,
            HINT = 'If the register has nothing to say, protaddr.confirm_register() says that it is up to date.';
    END IF;
    -- an older number of the person is no second one
    IF asked.mode = 'reply' AND counts.persons - asked.numbers <> 1 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'the delivery is refused whole: a reply must be about one person';
    END IF;
    confirmed := protaddr.check_delivery(asked.source, counts, asked.declared, asked.mode IN ('delivery', 'without end'),
                                         asked.max_lifted, asked.confirm_lifted);
    RETURN CASE WHEN asked.dry_run THEN 'dry run' WHEN confirmed THEN 'lifts confirmed' ELSE 'loaded' END;
END
$$;
REVOKE ALL ON FUNCTION protaddr.may_write(protaddr.load_asked, protaddr.load_counts) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.may_write(protaddr.load_asked, protaddr.load_counts) IS
'Part of the load functions, called once everybody in a delivery has been judged and before anything of them is written: raises an error if it is refused. "loaded", or "lifts confirmed" if its lifts are: it is to be written; "already loaded" or "dry run": nothing of it is.';

CREATE FUNCTION protaddr.told_result(
    counts protaddr.load_counts, task text, produced date, outcome text
) RETURNS protaddr.load_result
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    result protaddr.load_result;
BEGIN
    result := ROW(counts.persons, counts.protections, counts.protected, counts.newly_protected, counts.lifted,
                  counts.unknown_codes, counts.replaced_numbers, counts.records, counts.skipped,
                  task, produced, outcome, counts.kept, counts.absent);
    IF counts.persons BETWEEN 1 AND 19 AND NOT protaddr.may_read_protections() THEN
        result.protected := NULL;
        result.newly_protected := NULL;
        result.lifted := NULL;
        result.kept := NULL;
        result.absent := NULL;
    END IF;
    RETURN result;
END
$$;
REVOKE ALL ON FUNCTION protaddr.told_result(protaddr.load_counts, text, date, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.told_result(protaddr.load_counts, text, date, text) IS
'Part of the load functions: what they return. Counts of fewer than 20 people tell of each of them, and are left out for callers who may not read protections.';

CREATE FUNCTION protaddr.end_due(source text, confirm_lifted bigint, strictly boolean) RETURNS bigint
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    moment timestamptz := clock_timestamp();
    due bigint[];
    people bigint;
    confirmed boolean;
BEGIN
    SELECT array_agg(p.id), count(DISTINCT p.subject_key) FILTER (WHERE p.kind <> 'none' AND NOT EXISTS (
               SELECT FROM protaddr.protection q
               WHERE q.subject_key = p.subject_key AND q.source = p.source AND q.recorded_to = 'infinity' AND q.valid_to = 'infinity'
                 AND q.kind <> 'none' AND (q.ends_at IS NULL OR q.ends_at > moment)))
    INTO due, people
    FROM protaddr.protection p
    WHERE p.source = source AND p.ends_at <= moment AND p.recorded_to = 'infinity' AND p.valid_to = 'infinity'
      -- no longer if it is no longer declared
      AND EXISTS (SELECT FROM protaddr.register_source s WHERE s.source = source AND s.valid_to_is_true);
    IF due IS NULL THEN
        RETURN 0;
    END IF;
    BEGIN
        confirmed := protaddr.check_lifts(source, people, NULL, confirm_lifted, 'planned ends', 'call end_planned() again');
    EXCEPTION WHEN object_not_in_prerequisite_state THEN
        IF strictly THEN
            RAISE;
        END IF;
        RAISE WARNING USING
            ERRCODE = '01000',
            MESSAGE = 'planned ends would lift more people than allowed: the protections stay in force',
            HINT = 'See protaddr.register_review, and protaddr.end_planned().';
        RETURN 0;
    END;
    WITH closed AS (
        UPDATE protaddr.protection p SET recorded_to = moment
        WHERE p.id = ANY (due) AND p.recorded_to = 'infinity'
        RETURNING p.*)
    INSERT INTO protaddr.protection (kind, subject, regime, code, source, valid_from, valid_to, delete_hint, recorded_from, reason)
    SELECT c.kind, c.subject, c.regime, c.code, c.source, c.valid_from, c.ends_at, c.delete_hint, moment, c.reason FROM closed c;
    INSERT INTO protaddr.register_delivery (source, regime, outcome, protections, lifted, name, mode, moment, lifts_confirmed, fresh_before)
    SELECT source, s.regime, 'loaded', cardinality(due), people, to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'planned ends', moment, confirmed, s.current_as_of
    FROM protaddr.register_source s WHERE s.source = source;
    UPDATE protaddr.register_source s SET protections = s.protections - cardinality(due) WHERE s.source = source;
    RETURN cardinality(due);
END
$$;
REVOKE ALL ON FUNCTION protaddr.end_due(text, bigint, boolean) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.end_due(text, bigint, boolean) IS
'Part of protaddr.end_planned() and the load functions: ends the protections of a source whose true end has come. strictly: raises 55000 if that lifts more people than it may; else a WARNING says so, and nothing ends.';

CREATE FUNCTION protaddr.end_planned(source text, confirm_lifted bigint DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    IF source IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'null_value_not_allowed',
            MESSAGE = 'the source must not be NULL';
    END IF;
    IF confirm_lifted < 20 AND NOT protaddr.may_read_protections() THEN
        RAISE EXCEPTION USING
            ERRCODE = 'insufficient_privilege',
            MESSAGE = 'permission denied to limit or confirm the lifts of fewer than 20 people',
            HINT = 'Whoever may execute protaddr.is_protected() may.';
    END IF;
    PERFORM protaddr.lock_source(source);
    IF NOT EXISTS (SELECT FROM protaddr.register_source s WHERE s.source = source) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'undefined_object',
            MESSAGE = format('register source "%s" does not exist', left(source, 63)),
            HINT = 'Load it or confirm it first.';
    END IF;
    RETURN protaddr.end_due(source, confirm_lifted, true);
END
$$;
REVOKE ALL ON FUNCTION protaddr.end_planned(text, bigint) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.end_planned(text, bigint) IS
'Records that protections have ended whose true end has come: of a source whose valid_to is declared to be one (protaddr.set_register()), and that the source has not told otherwise since. Each load of the source does the same. With the limit on lifts of protaddr.register_source, unless confirm_lifted is that very number of people. On record in protaddr.register_delivery, where protaddr.undo_delivery() can take it back. Returns the number of rows. Like a lift it can disclose. Raises 22004, 42501, 42704, 55000.';

CREATE FUNCTION protaddr.record_delivery(
    source text, regime text, task text, produced date, previous date, counts protaddr.load_counts, mode text, name text,
    after_gap boolean, reason text, lifts_confirmed boolean, position_after bigint, position_upto bigint, as_of timestamptz
) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    before protaddr.register_source;
    fresh timestamptz;
BEGIN
    SELECT s.* INTO before FROM protaddr.register_source s WHERE s.source = source;
    INSERT INTO protaddr.register_delivery (source, regime, task, produced, previous, outcome, persons, records, protections,
        protected, newly_protected, lifted, unknown_codes, replaced_numbers, skipped, digest, after_gap, reason,
        name, mode, moment, kept, absent, lifts_confirmed, types, position_after, position_upto, fresh_before)
    -- a reply has the task number of the deliveries but is none of them
    VALUES (source, regime, CASE WHEN mode <> 'reply' THEN task END, produced, previous, 'loaded', counts.persons, counts.records,
        counts.protections, counts.protected, counts.newly_protected, counts.lifted, counts.unknown_codes,
        counts.replaced_numbers, counts.skipped, counts.digest, after_gap, reason,
        coalesce(name, CASE WHEN mode = 'delivery' THEN task || '/' || produced END, to_char(counts.moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')),
        mode, counts.moment, counts.kept, counts.absent, lifts_confirmed, counts.types, position_after, position_upto, before.current_as_of);
    IF counts.types IS NOT NULL OR position_upto IS NOT NULL THEN
        INSERT INTO protaddr.register_feed AS f (source, task, learned, "position")
        VALUES (source, coalesce(task, ''), coalesce(counts.types, '{}'), position_upto)
        ON CONFLICT ON CONSTRAINT register_feed_pkey
        DO UPDATE SET learned = (SELECT coalesce(array_agg(DISTINCT t ORDER BY t), '{}') FROM unnest(f.learned || EXCLUDED.learned) t),
                      "position" = coalesce(EXCLUDED."position", f."position")
        WHERE NOT f.learned @> EXCLUDED.learned OR EXCLUDED."position" IS DISTINCT FROM f."position";
    END IF;
    -- An answer about one person says nothing of how fresh the rest is, nor do events
    -- unless the feed says up to when it has told them, nor what tells of no protections.
    IF mode IN ('reply', 'merge') OR NOT counts.tells OR (mode = 'events' AND as_of IS NULL) THEN
        fresh := NULL;
    ELSIF as_of IS NOT NULL OR coalesce(before.fresh_from, 'load') = 'load' THEN
        fresh := least(coalesce(as_of, counts.moment), counts.moment);
    ELSE
        fresh := least(produced::timestamp AT TIME ZONE 'Europe/Copenhagen', counts.moment);
    END IF;
    -- a clock that was ahead is not believed for ever
    IF fresh < before.current_as_of AND before.current_as_of <= counts.moment THEN
        fresh := before.current_as_of;
    END IF;
    -- what was told in advance, and not told otherwise meanwhile
    IF before.valid_to_is_true THEN
        PERFORM protaddr.end_due(source, NULL, false);
    END IF;
    IF fresh IS NULL THEN
        UPDATE protaddr.register_source s
        SET persons = s.persons + counts.persons_noted, protections = s.protections + counts.protections_more
        WHERE s.source = source AND (counts.persons_noted <> 0 OR counts.protections_more <> 0);
        RETURN;
    END IF;
    IF before.source IS NULL THEN
        INSERT INTO protaddr.register_source AS s (source, current_as_of, regime) VALUES (source, fresh, regime)
        ON CONFLICT ON CONSTRAINT register_source_pkey DO NOTHING;
    END IF;
    -- counted when it is first loaded, and from then on added to
    UPDATE protaddr.register_source s
    SET current_as_of = fresh, regime = coalesce(regime, s.regime), confirmed_by = session_user,
        persons = coalesce(s.persons + counts.persons_noted, CASE WHEN counts.first THEN counts.persons_noted END,
            (SELECT count(*) FROM protaddr.register_person p WHERE p.source = source)),
        protections = coalesce(s.protections + counts.protections_more, CASE WHEN counts.first THEN counts.protections_more END,
            (SELECT count(*) FROM protaddr.protection p WHERE p.source = source AND p.recorded_to = 'infinity' AND p.valid_to = 'infinity'))
    WHERE s.source = source;
END
$$;
REVOKE ALL ON FUNCTION protaddr.record_delivery(text, text, text, date, date, protaddr.load_counts, text, text, boolean, text, boolean, bigint, bigint, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.record_delivery(text, text, text, date, date, protaddr.load_counts, text, text, boolean, text, boolean, bigint, bigint, timestamptz) IS
'Part of the load functions: the record of a delivery that was loaded, what it teaches of its feed, and how fresh its source is by it.';

CREATE FUNCTION protaddr.load_cpr_delivery(
    "extract" bytea, path text, source text, encoding text, kind text, after_gap boolean, reason text,
    max_lifted bigint, confirm_lifted bigint, dry_run boolean, name text
) RETURNS protaddr.load_result
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    header record;
    last protaddr.register_delivery;
    feed protaddr.register_feed;
    protections constant text[] := '{004,b015,b016}';
    declared boolean;
    tells boolean;
    confirmed boolean;
    asked protaddr.load_asked;
    counts protaddr.load_counts;
    result protaddr.load_result;
    why text;
    state text;
BEGIN
    IF source IS NULL OR encoding IS NULL OR kind IS NULL OR (path IS NULL) = ("extract" IS NULL)
       OR after_gap IS NULL OR dry_run IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'null_value_not_allowed',
            MESSAGE = 'a delivery, its source, encoding and kind must be given, and after_gap and dry_run be true or false';
    END IF;
    IF kind NOT IN ('delivery', 'reply', 'without end', 'bitemporal') THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('delivery kind "%s" does not exist', left(kind, 63)),
            HINT = 'Kinds: delivery, reply (one person), without end (a delivery whose sender leaves out the end record) or bitemporal (records 015 and 016 without start and end record).';
    END IF;
    IF after_gap AND btrim(coalesce(reason, ''), E' \t\r\n') = '' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'null_value_not_allowed',
            MESSAGE = 'after_gap needs a reason',
            HINT = 'It is recorded in protaddr.register_delivery.';
    END IF;
    SELECT h.* INTO header FROM protaddr.cpr_header(coalesce(substring("extract" FROM 1 FOR 4096), protaddr.cpr_file_start(path)), encoding) h;

    BEGIN
        -- one load of a source at a time, and each sees what the one before has left
        PERFORM protaddr.lock_source(source);
        IF header.produced > (clock_timestamp() AT TIME ZONE 'Europe/Copenhagen')::date + 1 THEN
            RAISE EXCEPTION USING
                ERRCODE = 'object_not_in_prerequisite_state',
                MESSAGE = 'the delivery was produced after tomorrow',
                DETAIL = format('It was produced on %s.', header.produced),
                HINT = 'Is the clock of this server right?';
        END IF;
        IF kind IN ('delivery', 'without end') THEN
            SELECT d.* INTO last FROM protaddr.register_delivery d
            WHERE d.source = source AND d.task = header.task AND d.outcome = 'loaded'
            ORDER BY d.id DESC LIMIT 1;
            IF header.produced < last.produced THEN
                RAISE EXCEPTION USING
                    ERRCODE = 'object_not_in_prerequisite_state',
                    MESSAGE = 'the delivery is older than the last one of its task',
                    DETAIL = format('It was produced on %s, the last one on %s.', header.produced, last.produced),
                    HINT = 'What it says has been replaced already.';
            ELSIF header.produced > last.produced AND header.previous IS DISTINCT FROM last.produced AND NOT after_gap THEN
                RAISE EXCEPTION USING
                    ERRCODE = 'object_not_in_prerequisite_state',
                    MESSAGE = 'a delivery is missing',
                    DETAIL = format('This one follows the one of %s; the last one loaded is of %s.',
                                    coalesce(header.previous::text, 'no date'), last.produced),
                    HINT = 'Load the missing ones first, or this one with after_gap => true and a reason.';
            END IF;
        END IF;

        -- a reply of an earlier day would take the place of newer word
        IF kind = 'reply' AND NOT after_gap AND header.produced < (SELECT max(d.produced) FROM protaddr.register_delivery d
                                                WHERE d.source = source AND d.outcome = 'loaded') THEN
            RAISE EXCEPTION USING
                ERRCODE = 'object_not_in_prerequisite_state',
                MESSAGE = 'the reply is older than what its source has delivered since',
                HINT = 'If it is to take the place of newer word all the same, load it with after_gap => true and a reason.';
        END IF;

        SELECT f.* INTO feed FROM protaddr.register_feed f WHERE f.source = source AND f.task = coalesce(header.task, '');
        declared := coalesce(feed.declared && protections, false);
        tells := declared OR (feed.declared IS NULL AND coalesce(feed.learned && protections, false));

        asked := ROW(source, kind, false, 0, declared,
                     coalesce(kind IN ('delivery', 'without end') AND header.produced = last.produced, false), last.digest, after_gap,
                     max_lifted, confirm_lifted, dry_run);
        IF path IS NULL THEN
            counts := protaddr.load_cpr_bytes("extract", source, encoding, kind, tells, coalesce(feed.declared, '{}'), asked);
        ELSE
            counts := protaddr.load_cpr_path(path, source, encoding, kind, tells, coalesce(feed.declared, '{}'), asked);
        END IF;
        -- nothing of it stays, the links between its numbers included
        IF counts.outcome = 'already loaded' THEN
            RAISE EXCEPTION USING ERRCODE = 'PASAM', MESSAGE = 'already loaded';
        ELSIF counts.outcome = 'dry run' THEN
            RAISE EXCEPTION USING ERRCODE = 'PADRY', MESSAGE = 'dry run';
        END IF;
    EXCEPTION
        WHEN SQLSTATE 'PADRY' THEN
            PERFORM protaddr.note_refusal(source, 'DK-CPR', header.task, header.produced, 'dry run');
            RETURN protaddr.told_result(counts, header.task, header.produced, 'dry run');
        WHEN SQLSTATE 'PASAM' THEN
            RAISE NOTICE 'this delivery is loaded already: nothing has changed';
            counts.newly_protected := 0;
            counts.lifted := 0;
            counts.replaced_numbers := 0;
            RETURN protaddr.told_result(counts, header.task, header.produced, 'already loaded');
        WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, why = MESSAGE_TEXT;
            -- of a dry run, what may tell of people
            IF NOT dry_run OR state = '55000' THEN
                PERFORM protaddr.note_refusal(source, 'DK-CPR', header.task, header.produced,
                                              format('%srefused: %s %s', CASE WHEN dry_run THEN 'dry run ' ELSE '' END, state, why));
            END IF;
            RAISE;
    END;

    IF NOT counts.tells THEN
        RAISE WARNING USING
            ERRCODE = '01000',
            MESSAGE = 'the delivery tells of no protections: nobody counts as known by it, and its source is no fresher',
            HINT = 'If its task delivers protections, protaddr.declare_feed() says so.';
    END IF;
    PERFORM protaddr.record_delivery(source, 'DK-CPR', header.task, header.produced, header.previous, counts,
                                     CASE kind WHEN 'without end' THEN 'delivery' ELSE kind END, name,
                                     after_gap, reason, counts.outcome = 'lifts confirmed', NULL, NULL, NULL);
    RETURN protaddr.told_result(counts, header.task, header.produced, 'loaded');
END
$$;
REVOKE ALL ON FUNCTION protaddr.load_cpr_delivery(bytea, text, text, text, text, boolean, text, bigint, bigint, boolean, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.load_cpr_delivery(bytea, text, text, text, text, boolean, text, bigint, bigint, boolean, text) IS
'Part of protaddr.load_cpr() and load_cpr_file(): the rules on gaps, repetition, age and lifts, and the record of the delivery.';

CREATE FUNCTION protaddr.load_cpr(
    "extract" bytea, source text DEFAULT 'DK-CPR', encoding text DEFAULT 'ISO-8859-1', kind text DEFAULT 'delivery',
    after_gap boolean DEFAULT false, reason text DEFAULT NULL,
    max_lifted bigint DEFAULT NULL, confirm_lifted bigint DEFAULT NULL, dry_run boolean DEFAULT false, name text DEFAULT NULL
) RETURNS protaddr.load_result
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN protaddr.load_cpr_delivery("extract", NULL, source, encoding, kind, after_gap, reason, max_lifted, confirm_lifted, dry_run, name);
END
$$;
REVOKE ALL ON FUNCTION protaddr.load_cpr(bytea, text, text, text, boolean, text, bigint, bigint, boolean, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.load_cpr(bytea, text, text, text, boolean, text, bigint, bigint, boolean, text) IS
'Loads a delivery of the Danish population register (U12170-type extract), whole or not at all; see protaddr.load_result for what it returns. Each person in it is replaced: what the source said before and says no longer has ended; a delete date (SLET_DT) ends nothing; people not in it stay as they were, and so does what was entered by hand. Silence ends nothing of a person with status 30, 50, 60, 70, 80 or 90, nor of one with a record that could not be read (which protects), nor if the task is not known to deliver protections: those stay, are counted (kept) and stand in protaddr.register_review. A replaced number (PNRGAELD) stands for the newest one, which has the protections of all. kind: delivery, reply (one person), without end (a delivery whose sender leaves out the end record: its last person is not lifted, since more of them may be missing) or bitemporal. Refused (55000): a delivery older than the last of its task, one produced after tomorrow, one after a gap (PRODDTOFORRIG) unless after_gap with a reason, one without protections that has people whom its source protects, and one that lifts more than max_lifted people (NULL: what the source''s limits leave, see protaddr.register_source) unless confirm_lifted is that very number. The same delivery twice changes nothing and says so. dry_run: reports, is on record and changes nothing else. name: for protaddr.undo_delivery(); NULL: task and date. Raises 22P02 with the record''s number and offset, and nothing else of it, if the delivery is cut off, miscounted or malformed, or has a person twice; 22023 for an unknown encoding or kind.';

CREATE FUNCTION protaddr.load_cpr_file(
    path text, source text DEFAULT 'DK-CPR', encoding text DEFAULT 'ISO-8859-1', kind text DEFAULT 'delivery',
    after_gap boolean DEFAULT false, reason text DEFAULT NULL,
    max_lifted bigint DEFAULT NULL, confirm_lifted bigint DEFAULT NULL, dry_run boolean DEFAULT false, name text DEFAULT NULL
) RETURNS protaddr.load_result
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN protaddr.load_cpr_delivery(NULL, path, source, encoding, kind, after_gap, reason, max_lifted, confirm_lifted, dry_run, name);
END
$$;
REVOKE ALL ON FUNCTION protaddr.load_cpr_file(text, text, text, text, boolean, text, bigint, bigint, boolean, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.load_cpr_file(text, text, text, text, boolean, text, bigint, bigint, boolean, text) IS
'The same as protaddr.load_cpr() from a file on the server, streamed; progress in NOTICEs and in protaddr.load_progress. path: as for pg_read_binary_file. The role must have the privileges of pg_read_server_files (42501).';

CREATE TABLE protaddr.register_staging (
    source text NOT NULL,
    subject text NOT NULL,
    code text,
    valid_from timestamptz,
    valid_to timestamptz,
    delete_hint date,
    replaced_by text,
    "none" boolean,
    "position" bigint
);
COMMENT ON TABLE protaddr.register_staging IS
'Where a delivery in anyone''s format is put, with COPY, for protaddr.load_staged(): one row for each protection, and one with none for a person who has none. Emptied by the load.';
COMMENT ON COLUMN protaddr.register_staging.source IS 'Name of the register source.';
COMMENT ON COLUMN protaddr.register_staging.subject IS 'The person''s identifier.';
COMMENT ON COLUMN protaddr.register_staging.code IS 'The register''s code; NULL: the row says nothing of protections, unless none is true.';
COMMENT ON COLUMN protaddr.register_staging.valid_from IS 'Since when; NULL: not told.';
COMMENT ON COLUMN protaddr.register_staging.valid_to IS 'When it truly ended; NULL: it has not. A time to come is a planned end, and taken as delete_hint, unless the source''s valid_to is declared to be true.';
COMMENT ON COLUMN protaddr.register_staging.delete_hint IS 'A planned end, which ends nothing.';
COMMENT ON COLUMN protaddr.register_staging.replaced_by IS 'The identifier that took the place of this one; NULL: none.';
COMMENT ON COLUMN protaddr.register_staging."none" IS 'True: the register says that the person has no protection. Beside a code it says nothing.';
COMMENT ON COLUMN protaddr.register_staging."position" IS 'Of an event: its position in the feed.';

CREATE FUNCTION protaddr.rows_of(people jsonb) RETURNS TABLE (
    subject text, code text, "none" boolean, valid_from timestamptz, valid_to timestamptz, delete_hint date,
    replaced_by text, "position" bigint, whole bigint
)
    LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT CASE jsonb_typeof(p -> 'subject') WHEN 'number' THEN trim_scale((p ->> 'subject')::numeric)::text ELSE p ->> 'subject' END,
           c ->> 'code', p ? 'protections' AND c IS NULL,
           (c ->> 'valid_from')::timestamptz, (c ->> 'valid_to')::timestamptz, (c ->> 'delete_hint')::date,
           CASE jsonb_typeof(p -> 'replaced_by') WHEN 'number' THEN trim_scale((p ->> 'replaced_by')::numeric)::text ELSE p ->> 'replaced_by' END,
           (p ->> 'position')::bigint, n
    FROM jsonb_array_elements(people) WITH ORDINALITY e (p, n)
    LEFT JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(p -> 'protections') WHEN 'array' THEN p -> 'protections' ELSE '[]' END) c ON true;
END;
REVOKE ALL ON FUNCTION protaddr.rows_of(jsonb) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.rows_of(jsonb) IS
'Part of protaddr.load_register(): the rows of a delivery in JSON, as protaddr.register_staging has them; whole: which of its people each is of.';

CREATE FUNCTION protaddr.load_rows(source text, regime text, mode text, people jsonb, after bigint, upto bigint, asked protaddr.load_asked) RETURNS protaddr.load_counts
    AS 'MODULE_PATHNAME', 'protaddr_load_rows' LANGUAGE C CALLED ON NULL INPUT VOLATILE;
REVOKE ALL ON FUNCTION protaddr.load_rows(text, text, text, jsonb, bigint, bigint, protaddr.load_asked) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.load_rows(text, text, text, jsonb, bigint, bigint, protaddr.load_asked) IS
'Part of protaddr.load_staged() and load_register(): replaces the people of protaddr.register_staging, or if they are given of people, if protaddr.may_write() allows it of what was asked for. Raises 22023.';

CREATE FUNCTION protaddr.check_load(
    source text, regime text, mode text, after bigint, upto bigint, as_of timestamptz, new_source boolean
) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    delivers text;
    kept bigint;
BEGIN
    IF btrim(source, E' \t\r\n') IN ('', 'hand') THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'a register source needs a name of its own',
            HINT = '"hand" is what was entered with protaddr.protect().';
    END IF;
    IF mode NOT IN ('replace', 'snapshot', 'merge', 'events', 'reply') THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('load mode "%s" does not exist', left(mode, 63)),
            HINT = 'Modes: replace, snapshot, merge, events or reply.';
    END IF;
    IF NOT EXISTS (SELECT FROM protaddr.regime_code r WHERE r.regime = regime) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'undefined_object',
            MESSAGE = format('regime "%s" does not exist', left(regime, 63)),
            HINT = format('Regimes: %s. Add yours to protaddr.regime_code.',
                          (SELECT string_agg(DISTINCT r.regime, ', ' ORDER BY r.regime) FROM protaddr.regime_code r));
    END IF;
    delivers := (SELECT s.regime FROM protaddr.register_source s WHERE s.source = source);
    IF delivers <> regime THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('register source "%s" delivers codes of regime "%s"', left(source, 63), left(delivers, 63)),
            HINT = 'Another regime needs a source of its own.';
    END IF;
    IF delivers IS NULL AND source <> regime AND NOT new_source
       AND NOT EXISTS (SELECT FROM protaddr.register_source s WHERE s.source = source)
       AND NOT EXISTS (SELECT FROM protaddr.register_delivery d WHERE d.source = source AND d.outcome = 'loaded') THEN
        RAISE EXCEPTION USING
            ERRCODE = 'undefined_object',
            MESSAGE = format('register source "%s" does not exist', left(source, 63)),
            HINT = 'new_source => true makes one. A source that is named after its regime needs no word.';
    END IF;
    IF as_of > clock_timestamp() + interval '1 minute' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = 'the delivery says that it is of a time to come',
            HINT = 'Is the clock of this server right?';
    END IF;
    IF mode <> 'events' AND (after IS NOT NULL OR upto IS NOT NULL) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'only events have positions';
    END IF;
    IF mode <> 'events' THEN
        RETURN;
    END IF;
    IF upto IS NULL OR after > upto THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'events need the position that they go up to, and after which they come',
            HINT = 'protaddr.feed_position() gives the position to go on from.';
    END IF;
    kept := protaddr.feed_position(source);
    IF upto <= kept THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = 'the events are loaded already',
            DETAIL = format('They go up to %s; the last one loaded is %s.', upto, kept);
    ELSIF after IS NULL AND kept IS NOT NULL OR after < kept THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = 'some of the events are loaded already',
            DETAIL = format('They come after %s; the last one loaded is %s.', coalesce(after::text, 'no position'), kept),
            HINT = 'protaddr.feed_position() gives the position to go on from.';
    ELSIF after > kept THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = 'events are missing',
            DETAIL = format('These come after %s; the last one loaded is %s.', after, kept),
            HINT = 'Load the missing ones first, or a snapshot, and set the position with protaddr.declare_feed().';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION protaddr.check_load(text, text, text, bigint, bigint, timestamptz, boolean) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.check_load(text, text, text, bigint, bigint, timestamptz, boolean) IS
'Part of protaddr.load_staged() and load_register(): raises 22023 for an unknown mode or another regime than the source''s, 42704 for an unknown regime or source, 55000 for events that are missing or loaded already and for a time to come.';

CREATE FUNCTION protaddr.load_delivered_rows(
    source text, regime text, people jsonb, reason text, max_lifted bigint, confirm_lifted bigint, dry_run boolean,
    mode text, after bigint, upto bigint, as_of timestamptz, name text, new_source boolean
) RETURNS protaddr.load_result
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    asked protaddr.load_asked;
    counts protaddr.load_counts;
    why text;
    state text;
BEGIN
    IF source IS NULL OR regime IS NULL OR dry_run IS NULL OR mode IS NULL OR new_source IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'null_value_not_allowed',
            MESSAGE = 'a load needs a source, a regime and a mode, and dry_run and new_source be true or false';
    END IF;
    BEGIN
        -- one load of a source at a time, and each sees what the one before has left
        PERFORM protaddr.lock_source(source);
        PERFORM protaddr.check_load(source, regime, mode, after, upto, as_of, new_source);
        asked := ROW(source, mode, people IS NULL,
                     CASE WHEN mode = 'reply' THEN (SELECT count(*) FROM jsonb_array_elements(people) p
                                                    WHERE p ->> 'replaced_by' IS NOT NULL AND NOT p ? 'protections') END,
                     true, false, NULL, false, max_lifted, confirm_lifted, dry_run);
        counts := protaddr.load_rows(source, regime, mode, people, after, upto, asked);
        IF counts.outcome = 'dry run' THEN
            RAISE EXCEPTION USING ERRCODE = 'PADRY', MESSAGE = 'dry run';
        END IF;
    EXCEPTION
        WHEN SQLSTATE 'PADRY' THEN
            PERFORM protaddr.note_refusal(source, regime, NULL, NULL, 'dry run');
            RETURN protaddr.told_result(counts, NULL, NULL, 'dry run');
        WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, why = MESSAGE_TEXT;
            IF NOT dry_run OR state = '55000' THEN
                PERFORM protaddr.note_refusal(source, regime, NULL, NULL,
                                              format('%srefused: %s %s', CASE WHEN dry_run THEN 'dry run ' ELSE '' END, state, why));
            END IF;
            RAISE;
    END;
    PERFORM protaddr.record_delivery(source, regime, NULL, NULL, NULL, counts, mode, name, false, reason, counts.outcome = 'lifts confirmed', after, upto, as_of);
    RETURN protaddr.told_result(counts, NULL, NULL, 'loaded');
END
$$;
REVOKE ALL ON FUNCTION protaddr.load_delivered_rows(text, text, jsonb, text, bigint, bigint, boolean, text, bigint, bigint, timestamptz, text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.load_delivered_rows(text, text, jsonb, text, bigint, bigint, boolean, text, bigint, bigint, timestamptz, text, boolean) IS
'Part of protaddr.load_staged() and load_register(): the rules on sources, positions and lifts, and the record of the delivery. people NULL: what is staged.';

CREATE FUNCTION protaddr.load_staged(
    source text, regime text, reason text DEFAULT NULL,
    max_lifted bigint DEFAULT NULL, confirm_lifted bigint DEFAULT NULL, dry_run boolean DEFAULT false,
    mode text DEFAULT 'replace', after bigint DEFAULT NULL, upto bigint DEFAULT NULL, as_of timestamptz DEFAULT NULL,
    name text DEFAULT NULL, new_source boolean DEFAULT false
) RETURNS protaddr.load_result
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN protaddr.load_delivered_rows(source, regime, NULL, reason, max_lifted, confirm_lifted, dry_run,
                                        mode, after, upto, as_of, name, new_source);
END
$$;
REVOKE ALL ON FUNCTION protaddr.load_staged(text, text, text, bigint, bigint, boolean, text, bigint, bigint, timestamptz, text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.load_staged(text, text, text, bigint, bigint, boolean, text, bigint, bigint, timestamptz, text, boolean) IS
'Loads what stands in protaddr.register_staging for a source, whole or not at all, and empties it there, with the limit on lifts, dry run and record of protaddr.load_cpr(). regime: whose codes they are, see protaddr.regime_code. mode: replace (what is said of a person is all there is of them), snapshot (the same of the whole population: who is protected and not in it stays so, and is counted and in the review), merge (only what is said: a code, or its end with valid_to, or none at all with none), events (each row has its position in the feed; of two of one person the later counts; after: the position after which they come, which must be the last one loaded; upto: the last one''s), reply (one person). as_of: of when the register says it is. Replies, merges and events without as_of make nothing fresher. new_source: the source is new, and not named after its regime. Raises 22004, 22023, 42704, 55000.';

CREATE FUNCTION protaddr.load_register(
    regime text, people jsonb, source text DEFAULT NULL, reason text DEFAULT NULL,
    max_lifted bigint DEFAULT NULL, confirm_lifted bigint DEFAULT NULL, dry_run boolean DEFAULT false,
    mode text DEFAULT 'replace', after bigint DEFAULT NULL, upto bigint DEFAULT NULL, as_of timestamptz DEFAULT NULL,
    name text DEFAULT NULL, new_source boolean DEFAULT false
) RETURNS protaddr.load_result
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    whole boolean := mode IS DISTINCT FROM 'merge' AND mode IS DISTINCT FROM 'events';
BEGIN
    IF regime IS NULL OR jsonb_typeof(people) IS DISTINCT FROM 'array'
       OR EXISTS (SELECT FROM jsonb_array_elements(people) p
                  WHERE jsonb_typeof(p) <> 'object' OR protaddr.subject_key(p ->> 'subject') IS NULL
                     OR jsonb_typeof(p -> 'subject') NOT IN ('string', 'number')
                     OR jsonb_typeof(p -> 'replaced_by') NOT IN ('string', 'number', 'null')
                     -- where each is said whole, what is missing is missing, but of a number that is gone
                     OR CASE WHEN p ? 'protections' OR (whole AND p ->> 'replaced_by' IS NULL) THEN jsonb_typeof(p -> 'protections') IS DISTINCT FROM 'array' END
                     OR CASE WHEN mode = 'events' THEN jsonb_typeof(p -> 'position') IS DISTINCT FROM 'number' OR p ->> 'position' !~ '^[0-9]{1,18}$' ELSE p ? 'position' END
                     OR EXISTS (SELECT FROM jsonb_object_keys(p) k WHERE k NOT IN ('subject', 'protections', 'replaced_by', 'position'))
                     OR (jsonb_typeof(p -> 'protections') = 'array'
                         AND EXISTS (SELECT FROM jsonb_array_elements(p -> 'protections') c
                                     WHERE jsonb_typeof(c) <> 'object' OR c ->> 'code' IS NULL
                                        OR btrim(c ->> 'code', E' \t\r\n') = ''
                                        OR jsonb_typeof(c -> 'code') IN ('object', 'array')
                                        OR EXISTS (SELECT FROM jsonb_object_keys(c) k
                                                   WHERE k NOT IN ('code', 'valid_from', 'valid_to', 'delete_hint')))))
    THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'the people of the delivery are not in the form they must have',
            HINT = '[{"subject": "...", "protections": [{"code": "...", "valid_from": "...", "delete_hint": "..."}]}, ...]; a person without protections has an empty list, an event its position.';
    END IF;
    BEGIN
        PERFORM count(*) FROM protaddr.rows_of(people) r WHERE r.valid_from < r.valid_to AND r.delete_hint > '-infinity';
    EXCEPTION WHEN data_exception THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_datetime_format',
            MESSAGE = 'invalid time or date in the delivery',
            HINT = 'valid_from and valid_to are timestamps, delete_hint is a date.';
    END;
    RETURN protaddr.load_delivered_rows(coalesce(source, regime), regime, people, reason, max_lifted, confirm_lifted, dry_run,
                                        mode, after, upto, as_of, name, new_source);
END
$$;
REVOKE ALL ON FUNCTION protaddr.load_register(text, jsonb, text, text, bigint, bigint, boolean, text, bigint, bigint, timestamptz, text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.load_register(text, jsonb, text, text, bigint, bigint, boolean, text, bigint, bigint, timestamptz, text, boolean) IS
'Loads a delivery of any register from JSON: [{"subject": "...", "protections": [{"code": "...", "valid_from": "...", "valid_to": "...", "delete_hint": "..."}], "replaced_by": "...", "position": 1}, ...]; a person with an empty list has no protection. A person stands in it once, unless it is events. In merge and events, and of whoever is replaced_by another, without "protections" nothing is said of them. The readers, such as protaddr.read_spar(), make all this from registers'' own documents. source: NULL names it after the regime. The rest as protaddr.load_staged(). Raises 22023 or 22007 without repeating anything of it, 22P02 for a person who is there twice.';

CREATE FUNCTION protaddr.declare_feed(source text, delivers text[] DEFAULT NULL, task text DEFAULT '', "position" bigint DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    IF btrim(coalesce(source, ''), E' \t\r\n') = '' OR task IS NULL OR array_position(delivers, NULL) IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'null_value_not_allowed',
            MESSAGE = 'a feed needs a source, a task or an empty one, and record types that are not NULL';
    END IF;
    PERFORM protaddr.lock_source(source);
    INSERT INTO protaddr.register_feed AS f (source, task, declared, "position")
    VALUES (source, task, delivers, "position")
    ON CONFLICT ON CONSTRAINT register_feed_pkey
    DO UPDATE SET declared = coalesce(EXCLUDED.declared, f.declared), "position" = coalesce(EXCLUDED."position", f."position");
END
$$;
REVOKE ALL ON FUNCTION protaddr.declare_feed(text, text[], text, bigint) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.declare_feed(text, text[], text, bigint) IS
'Declares what a task of a source delivers: its record types, such as {001,004,008} of a CPR task, so that a delivery of it without 004 says that nobody in it is protected; without 004 among them, its deliveries say nothing of protections; a type that protaddr does not know holds none if it is declared. NULL: as declared or learned before. position: the feed''s position to go on from, such as after a snapshot. Like a lift it can disclose. Raises 22004.';

CREATE FUNCTION protaddr.feed_position(source text, task text DEFAULT '') RETURNS bigint
    LANGUAGE sql STABLE STRICT SECURITY DEFINER PARALLEL SAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT f."position" FROM protaddr.register_feed f WHERE f.source = feed_position.source AND f.task = feed_position.task;
END;
REVOKE ALL ON FUNCTION protaddr.feed_position(text, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.feed_position(text, text) IS
'The position of the last event of a feed that was loaded, for a consumer to go on from; NULL: none.';

CREATE FUNCTION protaddr.set_register(
    source text, max_lifts integer DEFAULT NULL, max_lifts_share numeric DEFAULT NULL, lift_window interval DEFAULT NULL,
    fresh_from text DEFAULT NULL, valid_to_is_true boolean DEFAULT NULL
) RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    IF max_lifts < 0 OR NOT max_lifts_share BETWEEN 0 AND 1 OR NOT lift_window BETWEEN interval '1 hour' AND interval '1 year'
       OR fresh_from NOT IN ('load', 'register') THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'invalid setting of a register source',
            HINT = 'max_lifts is 0 or more, max_lifts_share from 0 to 1, lift_window from an hour to a year, fresh_from load or register.';
    END IF;
    UPDATE protaddr.register_source s
    SET max_lifts = coalesce(max_lifts, s.max_lifts), max_lifts_share = coalesce(max_lifts_share, s.max_lifts_share),
        lift_window = coalesce(lift_window, s.lift_window), fresh_from = coalesce(fresh_from, s.fresh_from),
        valid_to_is_true = coalesce(valid_to_is_true, s.valid_to_is_true)
    WHERE s.source = source;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'undefined_object',
            MESSAGE = format('register source "%s" does not exist', left(source, 63)),
            HINT = 'Load it or confirm it first.';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION protaddr.set_register(text, integer, numeric, interval, text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.set_register(text, integer, numeric, interval, text, boolean) IS
'Changes how many people may lose their protection by deliveries of a source within how long, from when its word counts as fresh, and whether a valid_to that is to come is a true end: one that the register would take back, not a date to ask again, as delete dates of registers are. It holds for what is loaded from then on. See protaddr.register_source. NULL: as it is. Like a lift it can disclose. Raises 22023, 42704.';

CREATE FUNCTION protaddr.undo_delivery(source text, name text, reason text) RETURNS bigint
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    last protaddr.register_delivery;
    now_known timestamptz;
    rows bigint;
    changed bigint := 0;
    ones text[];
    others text[];
BEGIN
    IF source IS NULL OR name IS NULL OR btrim(coalesce(reason, ''), E' \t\r\n') = '' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'null_value_not_allowed',
            MESSAGE = 'undoing a delivery needs its source, its name and a reason';
    END IF;
    PERFORM protaddr.lock_source(source);
    SELECT d.* INTO last FROM protaddr.register_delivery d
    WHERE d.source = source AND d.outcome = 'loaded' AND (d.mode IS DISTINCT FROM 'planned ends' OR d.name = name) ORDER BY d.id DESC LIMIT 1;
    IF last.name IS DISTINCT FROM name
       AND EXISTS (SELECT FROM protaddr.register_delivery d WHERE d.source = source AND d.outcome = 'loaded' AND d.name = name) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = 'a later delivery of the source has been loaded',
            HINT = 'Only the last one can be undone.';
    ELSIF last.name IS DISTINCT FROM name THEN
        RAISE EXCEPTION USING
            ERRCODE = 'undefined_object',
            MESSAGE = 'no delivery of this name is loaded for the source',
            HINT = 'protaddr.register_delivery has the names.';
    END IF;
    now_known := clock_timestamp();
    -- what it added is closed, and what it closed is known again
    UPDATE protaddr.protection p SET recorded_to = now_known
    WHERE p.source = source AND p.recorded_from = last.moment AND p.recorded_to = 'infinity';
    GET DIAGNOSTICS rows = ROW_COUNT;
    changed := changed + rows;
    INSERT INTO protaddr.protection (kind, subject, regime, code, source, valid_from, valid_to, delete_hint, recorded_from, reason, ends_at)
    SELECT p.kind, p.subject, p.regime, p.code, p.source, p.valid_from, p.valid_to, p.delete_hint, now_known, p.reason,
        CASE WHEN p.ends_at > now_known THEN p.ends_at END
    FROM protaddr.protection p
    WHERE p.source = source AND p.recorded_to = last.moment;
    GET DIAGNOSTICS rows = ROW_COUNT;
    changed := changed + rows;
    -- what a delivery alone had others' protections entered by hand for
    UPDATE protaddr.protection p SET recorded_to = now_known
    WHERE p.source = 'hand' AND p.recorded_from = last.moment AND p.recorded_to = 'infinity'
      AND p.reason IN ('a replacement of the number was taken back', 'the number was replaced, but cannot be linked');
    GET DIAGNOSTICS rows = ROW_COUNT;
    changed := changed + rows;
    -- its links are as before; what others have said since of two numbers that it linked holds for both
    WITH gone AS (
        UPDATE protaddr.identity_link l SET recorded_to = now_known
        WHERE l.source = source AND l.recorded_from = last.moment AND l.recorded_to = 'infinity'
        RETURNING l.identifier, l.subject, l.identifier_key)
    SELECT array_agg(g.identifier ORDER BY g.identifier_key), array_agg(g.subject ORDER BY g.identifier_key) INTO ones, others FROM gone g;
    INSERT INTO protaddr.identity_link (identifier, subject, kind, recorded_from, source)
    SELECT l.identifier, l.subject, l.kind, now_known, l.source FROM protaddr.identity_link l
    WHERE l.source = source AND l.recorded_to = last.moment
    ON CONFLICT DO NOTHING;
    PERFORM protaddr.part_numbers(ones, others, source, NULL, now_known);
    -- of whom it told first nothing is known
    DELETE FROM protaddr.register_person p WHERE p.source = source AND p.known_since = last.moment;
    UPDATE protaddr.register_feed f SET "position" = last.position_after
    WHERE f.source = source AND f.task = coalesce(last.task, '') AND last.position_upto IS NOT NULL;
    IF last.fresh_before IS NULL THEN
        DELETE FROM protaddr.register_source s WHERE s.source = source;
    ELSE
        UPDATE protaddr.register_source s
        SET current_as_of = least(last.fresh_before, s.current_as_of), counted_at = NULL,
            persons = (SELECT count(*) FROM protaddr.register_person p WHERE p.source = source),
            protections = (SELECT count(*) FROM protaddr.protection p WHERE p.source = source AND p.recorded_to = 'infinity' AND p.valid_to = 'infinity')
        WHERE s.source = source;
    END IF;
    UPDATE protaddr.register_delivery d SET outcome = 'undone' WHERE d.id = last.id;
    INSERT INTO protaddr.register_delivery (source, regime, outcome, reason, name, mode)
    VALUES (source, last.regime, 'undo', reason, name, last.mode);
    RETURN changed;
END
$$;
REVOKE ALL ON FUNCTION protaddr.undo_delivery(text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.undo_delivery(text, text, text) IS
'Takes back the last delivery of a source, by its name in protaddr.register_delivery, before a later one comes: who was protected before it is, whom it alone protects is not, its links between numbers are as before, nobody is known by it, and the source is as old and its feed where it was. The history keeps that it was believed, and the delivery and the reason are on record. Like a lift it can disclose. Returns the number of rows. Raises 22004, 55000 if a later delivery was loaded, 42704 if there is none of that name.';
