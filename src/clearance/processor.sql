-- ---------------------------------------------------------------------------
-- clearance/: processors, their contracts and reviews
-- ---------------------------------------------------------------------------
CREATE TABLE protaddr.processor (
    processor text COLLATE "C" PRIMARY KEY CHECK (btrim(processor, E' \t\r\n') <> ''),
    contract text NOT NULL CHECK (btrim(contract, E' \t\r\n') <> ''),
    instructions text NOT NULL CHECK (btrim(instructions, E' \t\r\n') <> ''),
    contract_until timestamptz NOT NULL CHECK (isfinite(contract_until)),
    review_due timestamptz NOT NULL CHECK (isfinite(review_due)),
    when_overdue text NOT NULL DEFAULT 'stop' CHECK (when_overdue IN ('warn', 'stop')),
    set_by text NOT NULL DEFAULT session_user,
    set_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE protaddr.processor IS
'Who works for the bank with roles of its own (GDPR art. 28), until when, and when that is to be reviewed. Written by protaddr.set_processor() and protaddr.processor_review(); changes are on the audit trail.';
COMMENT ON COLUMN protaddr.processor.processor IS 'Name of the processor.';
COMMENT ON COLUMN protaddr.processor.contract IS 'Reference of the contract.';
COMMENT ON COLUMN protaddr.processor.instructions IS 'Where its instructions stand, or what they are: GDPR art. 28(3)(a).';
COMMENT ON COLUMN protaddr.processor.contract_until IS 'Until when the contract runs (exclusive); from then on nothing is clear to its roles.';
COMMENT ON COLUMN protaddr.processor.review_due IS 'When the next review is due.';
COMMENT ON COLUMN protaddr.processor.when_overdue IS 'What an overdue review does: stop (nothing is clear to its roles until it is reviewed) or warn (protaddr.processor_status says so).';
COMMENT ON COLUMN protaddr.processor.set_by IS 'Login role that wrote the row.';
COMMENT ON COLUMN protaddr.processor.set_at IS 'When.';
SELECT protaddr.make_own_table('processor', dumped => '');

CREATE TABLE protaddr.processor_role (
    processor text COLLATE "C" NOT NULL,
    role_oid oid NOT NULL,
    role_name text NOT NULL,
    written_in text NOT NULL DEFAULT protaddr.this_database(),
    PRIMARY KEY (processor, role_oid)
);
COMMENT ON TABLE protaddr.processor_role IS
'The roles of processors. Their members are meant, too. In the cluster where it was written a row means the role of its OID; and everywhere, that of its name.';
COMMENT ON COLUMN protaddr.processor_role.processor IS 'The processor.';
COMMENT ON COLUMN protaddr.processor_role.role_oid IS 'The role, by OID.';
COMMENT ON COLUMN protaddr.processor_role.role_name IS 'Its name then.';
COMMENT ON COLUMN protaddr.processor_role.written_in IS 'Where: as protaddr.this_database().';
SELECT protaddr.make_own_table('processor_role', dumped => '');

CREATE TABLE protaddr.processor_reviewed (
    id bigint PRIMARY KEY DEFAULT protaddr.new_id(),
    processor text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('passed', 'passed with conditions', 'failed')),
    remarks text,
    next_due timestamptz NOT NULL,
    reviewed_by text NOT NULL DEFAULT session_user,
    reviewed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE protaddr.processor_reviewed IS 'The reviews of processors: protaddr.processor_review(). Rows are never changed.';
COMMENT ON COLUMN protaddr.processor_reviewed.id IS 'Number of the review.';
COMMENT ON COLUMN protaddr.processor_reviewed.processor IS 'The processor.';
COMMENT ON COLUMN protaddr.processor_reviewed.outcome IS 'passed, passed with conditions, or failed.';
COMMENT ON COLUMN protaddr.processor_reviewed.remarks IS 'In words; NULL: nothing.';
COMMENT ON COLUMN protaddr.processor_reviewed.next_due IS 'When the next one is due.';
COMMENT ON COLUMN protaddr.processor_reviewed.reviewed_by IS 'Login role that wrote it.';
COMMENT ON COLUMN protaddr.processor_reviewed.reviewed_at IS 'When.';
SELECT protaddr.make_own_table('processor_reviewed', dumped => '');

CREATE FUNCTION protaddr.set_processor(
    processor text,
    contract text DEFAULT NULL,
    instructions text DEFAULT NULL,
    contract_until timestamptz DEFAULT NULL,
    review_due timestamptz DEFAULT NULL,
    when_overdue text DEFAULT NULL,
    roles name[] DEFAULT NULL
) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    was protaddr.processor;
BEGIN
    PERFORM protaddr.acting_login();
    IF set_processor.roles IS NOT NULL AND EXISTS (SELECT FROM unnest(set_processor.roles) n WHERE NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = n)) THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = 'a role of the processor does not exist';
    END IF;
    -- two at once wait for each other
    LOCK TABLE protaddr.processor IN SHARE ROW EXCLUSIVE MODE;
    SELECT p.* INTO was FROM protaddr.processor p WHERE p.processor = set_processor.processor;
    IF was.processor IS NULL THEN
        IF set_processor.processor IS NULL OR set_processor.contract IS NULL OR set_processor.instructions IS NULL OR set_processor.contract_until IS NULL
           OR set_processor.review_due IS NULL OR set_processor.roles IS NULL THEN
            RAISE EXCEPTION USING
                ERRCODE = 'null_value_not_allowed',
                MESSAGE = 'a new processor needs a name, a contract with an end, instructions, a date of review and roles';
        END IF;
        INSERT INTO protaddr.processor (processor, contract, instructions, contract_until, review_due, when_overdue)
        VALUES (set_processor.processor, set_processor.contract, set_processor.instructions, set_processor.contract_until, set_processor.review_due,
                coalesce(set_processor.when_overdue, 'stop'));
    ELSE
        -- a review is what moves the date of the next one on
        IF set_processor.review_due > was.review_due THEN
            RAISE EXCEPTION USING
                ERRCODE = 'object_not_in_prerequisite_state',
                MESSAGE = 'the date of a review is moved on by a review',
                HINT = 'Use protaddr.processor_review().';
        END IF;
        UPDATE protaddr.processor p SET
            contract = coalesce(set_processor.contract, p.contract),
            instructions = coalesce(set_processor.instructions, p.instructions),
            contract_until = coalesce(set_processor.contract_until, p.contract_until),
            review_due = coalesce(set_processor.review_due, p.review_due),
            when_overdue = coalesce(set_processor.when_overdue, p.when_overdue),
            set_by = session_user, set_at = clock_timestamp()
        WHERE p.processor = set_processor.processor;
    END IF;
    IF set_processor.roles IS NOT NULL THEN
        DELETE FROM protaddr.processor_role p WHERE p.processor = set_processor.processor;
        INSERT INTO protaddr.processor_role (processor, role_oid, role_name)
        SELECT set_processor.processor, r.oid, r.rolname FROM pg_roles r WHERE r.rolname = ANY (set_processor.roles);
    END IF;
    RETURN was.processor IS NOT NULL;
END
$$;
REVOKE ALL ON FUNCTION protaddr.set_processor(text, text, text, timestamptz, timestamptz, text, name[]) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.set_processor(text, text, text, timestamptz, timestamptz, text, name[]) IS
'Registers a processor, or changes one; true if it changed one. What is not given stays. roles: all of them, groups too, by name; those that are not named any more are the bank''s own again. when_overdue: stop, or warn. Holds once committed. Raises 22004 if something of a new one is missing, 42704 for a role that does not exist, 55000 for a later date of review, which takes protaddr.processor_review(), 42501 as protaddr.acting_login().';

CREATE FUNCTION protaddr.processor_review(processor text, outcome text, next_due timestamptz, remarks text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    login oid := protaddr.acting_login();
    due timestamptz := CASE WHEN processor_review.outcome = 'failed' THEN clock_timestamp() ELSE processor_review.next_due END;
BEGIN
    IF NOT EXISTS (SELECT FROM protaddr.processor p WHERE p.processor = processor_review.processor) THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = 'the processor does not exist';
    END IF;
    IF EXISTS (SELECT FROM protaddr.processor_role p WHERE p.processor = processor_review.processor AND pg_has_role(login, p.role_oid, 'MEMBER')
               AND NOT (SELECT r.rolsuper FROM pg_roles r WHERE r.oid = login)) THEN
        RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = 'a processor does not review itself';
    END IF;
    IF processor_review.outcome <> 'failed' AND (processor_review.next_due <= clock_timestamp() OR NOT isfinite(processor_review.next_due)) THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'the next review is due at a time to come';
    END IF;
    INSERT INTO protaddr.processor_reviewed (processor, outcome, remarks, next_due)
    VALUES (processor_review.processor, processor_review.outcome, processor_review.remarks, due);
    UPDATE protaddr.processor p SET review_due = due, set_by = session_user, set_at = clock_timestamp() WHERE p.processor = processor_review.processor;
END
$$;
REVOKE ALL ON FUNCTION protaddr.processor_review(text, text, timestamptz, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.processor_review(text, text, timestamptz, text) IS
'Puts a review of a processor on record, and when the next one is due. outcome: passed, passed with conditions, or failed, which makes the next one due at once. Holds once committed. Raises 42704 for a processor that does not exist, 42501 for one of its own roles, 22023 for a date that is past or never, 23514 for another outcome, 23502 without one.';

CREATE VIEW protaddr.processor_status AS
SELECT p.processor,
       CASE WHEN p.contract_until <= clock_timestamp() THEN 'contract ended'
            WHEN p.review_due <= clock_timestamp() AND p.when_overdue = 'stop' THEN 'stopped: review overdue'
            WHEN p.review_due <= clock_timestamp() THEN 'review overdue' ELSE 'in force' END AS status,
       p.contract, p.instructions, p.contract_until, p.review_due, p.when_overdue,
       (SELECT array_agg(coalesce(a.rolname::text, r.role_name) ORDER BY coalesce(a.rolname::text, r.role_name))
        FROM protaddr.processor_role r LEFT JOIN pg_catalog.pg_roles a ON a.oid = r.role_oid WHERE r.processor = p.processor) AS roles,
       l.outcome AS last_review, l.reviewed_at, l.reviewed_by
FROM protaddr.processor p
LEFT JOIN LATERAL (SELECT d.* FROM protaddr.processor_reviewed d WHERE d.processor = p.processor ORDER BY d.id DESC LIMIT 1) l ON true;
COMMENT ON VIEW protaddr.processor_status IS 'Processors, and whether their roles are shown anything.';
COMMENT ON COLUMN protaddr.processor_status.processor IS 'Name of the processor.';
COMMENT ON COLUMN protaddr.processor_status.status IS 'in force; review overdue (a warning); stopped: review overdue, or contract ended: nothing is clear to its roles.';
COMMENT ON COLUMN protaddr.processor_status.contract IS 'Reference of the contract.';
COMMENT ON COLUMN protaddr.processor_status.instructions IS 'Its instructions.';
COMMENT ON COLUMN protaddr.processor_status.contract_until IS 'Until when the contract runs.';
COMMENT ON COLUMN protaddr.processor_status.review_due IS 'When the next review is due.';
COMMENT ON COLUMN protaddr.processor_status.when_overdue IS 'What an overdue review does: stop or warn.';
COMMENT ON COLUMN protaddr.processor_status.roles IS 'Its roles, as they are called now.';
COMMENT ON COLUMN protaddr.processor_status.last_review IS 'What the last review came to; NULL: none yet.';
COMMENT ON COLUMN protaddr.processor_status.reviewed_at IS 'When that was.';
COMMENT ON COLUMN protaddr.processor_status.reviewed_by IS 'Login role that wrote it.';

CREATE VIEW protaddr.processor_check AS
WITH RECURSIVE member (processor, contract_until, role, top) AS (
    SELECT r.processor, p.contract_until, r.role_oid, r.role_oid
    FROM protaddr.processor_role r JOIN protaddr.processor p ON p.processor = r.processor
    UNION
    SELECT m.processor, m.contract_until, a.member, m.top FROM member m JOIN pg_catalog.pg_auth_members a ON a.roleid = m.role
)
SELECT DISTINCT m.processor, a.rolname::text AS role, f.finding
FROM member m JOIN pg_catalog.pg_authid a ON a.oid = m.role
CROSS JOIN LATERAL (VALUES
    (a.rolsuper, 'superuser'),
    (a.rolbypassrls, 'bypasses row-level security'),
    (a.rolcreaterole, 'may make roles'),
    (a.rolreplication, 'may replicate'),
    (a.rolcanlogin AND coalesce(a.rolvaliduntil, 'infinity') = 'infinity', 'no VALID UNTIL'),
    (a.rolcanlogin AND a.rolvaliduntil > m.contract_until AND a.rolvaliduntil < 'infinity', 'VALID UNTIL is later than the contract'),
    (a.rolcanlogin AND a.rolpassword LIKE 'md5%', 'password hashed by md5'),
    (a.rolcanlogin AND a.rolconnlimit < 0, 'no connection limit'),
    (a.rolcanlogin AND m.contract_until <= pg_catalog.clock_timestamp(), 'may log in though the contract has ended'),
    (m.contract_until <= pg_catalog.clock_timestamp() AND EXISTS (
        SELECT FROM pg_catalog.pg_auth_members g WHERE g.member = m.role AND g.roleid <> ALL (
            SELECT o.role FROM member o WHERE o.processor = m.processor)), 'member of other roles though the contract has ended'),
    (EXISTS (SELECT FROM protaddr.clearance c WHERE c.role_oid = m.role AND c.recorded_to = 'infinity' AND c.valid_until > m.contract_until), 'clearance beyond the contract')
) f (holds, finding)
WHERE f.holds
UNION ALL
SELECT r.processor, r.role_name, 'the role is gone' FROM protaddr.processor_role r WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_authid a WHERE a.oid = r.role_oid);
COMMENT ON VIEW protaddr.processor_check IS
'What is wrong with the roles of processors and their members, as far as the catalogs tell: a row for each finding. Whether a role was used they do not tell; the audit trail does.';
COMMENT ON COLUMN protaddr.processor_check.processor IS 'The processor.';
COMMENT ON COLUMN protaddr.processor_check.role IS 'The role.';
COMMENT ON COLUMN protaddr.processor_check.finding IS 'superuser, bypasses row-level security, may make roles, may replicate, no VALID UNTIL, VALID UNTIL is later than the contract, password hashed by md5, no connection limit, may log in though the contract has ended, member of other roles though the contract has ended, clearance beyond the contract, the role is gone.';
