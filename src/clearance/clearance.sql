-- ---------------------------------------------------------------------------
-- clearance/: who may see a protected address, for which purpose, how many, until when
-- ---------------------------------------------------------------------------
CREATE TABLE protaddr.purpose (
    purpose text COLLATE "C" PRIMARY KEY CHECK (purpose ~ '^[a-z][a-z0-9_]{0,62}$'),
    legal_basis text NOT NULL CHECK (btrim(legal_basis, E' \t\r\n') <> ''),
    needs_approval boolean NOT NULL DEFAULT false,
    needs_reference boolean NOT NULL DEFAULT true,
    description text NOT NULL,
    shipped boolean NOT NULL DEFAULT false,
    in_use boolean NOT NULL DEFAULT true
);
COMMENT ON TABLE protaddr.purpose IS
'For what protected addresses may be seen. A purpose gives nobody anything: that takes a clearance (protaddr.clearance). Changed with protaddr.set_purpose().';
COMMENT ON COLUMN protaddr.purpose.purpose IS 'Name of the purpose.';
COMMENT ON COLUMN protaddr.purpose.legal_basis IS 'Which law allows or asks for it, with its number.';
COMMENT ON COLUMN protaddr.purpose.needs_approval IS 'Whether a second role has to approve each time.';
COMMENT ON COLUMN protaddr.purpose.needs_reference IS 'Whether a reference has to be given, such as the number of a case.';
COMMENT ON COLUMN protaddr.purpose.description IS 'What it is, in words.';
COMMENT ON COLUMN protaddr.purpose.shipped IS 'As shipped with protaddr; false once changed or added here.';
COMMENT ON COLUMN protaddr.purpose.in_use IS 'Whether one may unlock for it.';
INSERT INTO protaddr.purpose (purpose, legal_basis, needs_approval, needs_reference, description, shipped) VALUES
    ('own_data', 'GDPR art. 15(1): the persons themselves get access to their data; art. 12(2) and (6): once it is certain who asks', false, true,
     'Customers ask about, or are helped with, their own address', true),
    ('correction', 'GDPR art. 16: the right to have one''s data corrected; art. 5(1)(d): data are kept accurate', false, true,
     'An address is corrected', true),
    ('incident', 'GDPR art. 33 and 34: a personal data breach is assessed, and whoever it puts at risk is told', false, true,
     'A breach, or a suspicion of one, is looked into', true),
    ('due_diligence', 'Directive (EU) 2015/849 art. 13(1)(a) and (b): the customer is identified and the identity verified; art. 33(1): reports to the financial intelligence unit', false, true,
     'Money laundering: customer due diligence and reports', true),
    ('psp_request', 'Reg. (EU) 2023/1113 art. 5(2): the payee''s payment service provider asks for the payer''s information', true, true,
     'Answer to the payee''s bank, bank to bank', true),
    ('misdirected_payment', 'Directive (EU) 2015/2366 art. 88(3): what the payer needs for a legal claim to recover the funds, on written request', true, true,
     'A payment went to the wrong payee, who does not give it back', true),
    ('authority_order', 'GDPR art. 6(1)(c): a legal obligation; the order names the national law', true, true,
     'Order of a court, the police or another authority', true);
CREATE TRIGGER take_over_shipped_row BEFORE INSERT OR UPDATE ON protaddr.purpose
    FOR EACH ROW EXECUTE FUNCTION protaddr.take_over_shipped_row();
SELECT protaddr.make_own_table('purpose', dumped => 'WHERE NOT shipped');
GRANT SELECT ON protaddr.purpose TO PUBLIC;

CREATE FUNCTION protaddr.set_purpose(
    purpose text,
    legal_basis text DEFAULT NULL,
    needs_approval boolean DEFAULT NULL,
    needs_reference boolean DEFAULT NULL,
    description text DEFAULT NULL,
    in_use boolean DEFAULT NULL
) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- two at once wait for each other
    LOCK TABLE protaddr.purpose IN SHARE ROW EXCLUSIVE MODE;
    UPDATE protaddr.purpose p SET
        legal_basis = coalesce(set_purpose.legal_basis, p.legal_basis),
        needs_approval = coalesce(set_purpose.needs_approval, p.needs_approval),
        needs_reference = coalesce(set_purpose.needs_reference, p.needs_reference),
        description = coalesce(set_purpose.description, p.description),
        in_use = coalesce(set_purpose.in_use, p.in_use)
    WHERE p.purpose = set_purpose.purpose;
    IF FOUND THEN
        RETURN true;
    END IF;
    IF set_purpose.purpose IS NULL OR set_purpose.legal_basis IS NULL OR set_purpose.description IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'null_value_not_allowed',
            MESSAGE = 'a new purpose needs a name, a legal basis and a description';
    END IF;
    INSERT INTO protaddr.purpose (purpose, legal_basis, needs_approval, needs_reference, description, in_use)
    VALUES (set_purpose.purpose, set_purpose.legal_basis, coalesce(set_purpose.needs_approval, true), coalesce(set_purpose.needs_reference, true),
            set_purpose.description, coalesce(set_purpose.in_use, true));
    RETURN false;
END
$$;
REVOKE ALL ON FUNCTION protaddr.set_purpose(text, text, boolean, boolean, text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.set_purpose(text, text, boolean, boolean, text, boolean) IS
'Changes a purpose, or makes one; true if it changed one. What is not given stays; a new one needs approval and a reference unless it says not. in_use => false: nobody can unlock for it any more. Holds once committed. Raises 22004 without a name, legal basis or description, 23514 for a name that is not of small letters, digits and _.';

CREATE TABLE protaddr.clearance (
    id bigint PRIMARY KEY DEFAULT protaddr.new_id(),
    role_oid oid NOT NULL,
    role_name text NOT NULL,
    granted_in text NOT NULL DEFAULT protaddr.this_database(),
    purpose text COLLATE "C" NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_until timestamptz NOT NULL CHECK (valid_until < 'infinity'),
    daily_limit integer NOT NULL CHECK (daily_limit > 0),
    contract text NOT NULL CHECK (btrim(contract, E' \t\r\n') <> ''),
    subjects text[] CHECK (cardinality(subjects) > 0 AND array_position(subjects, NULL) IS NULL),
    counter bigint NOT NULL,
    granted_by text NOT NULL DEFAULT session_user,
    recorded_from timestamptz NOT NULL DEFAULT clock_timestamp(),
    recorded_to timestamptz NOT NULL DEFAULT 'infinity',
    CHECK (valid_from < valid_until)
);
COMMENT ON TABLE protaddr.clearance IS
'Who may unlock for which purpose: protaddr.unlock(). Rows are ended, never changed. Written by protaddr.grant_clearance() and protaddr.revoke_clearance().';
COMMENT ON COLUMN protaddr.clearance.id IS 'Number of the clearance.';
COMMENT ON COLUMN protaddr.clearance.role_oid IS 'The role, by OID: one that is renamed keeps it, a new one of the old name does not have it.';
COMMENT ON COLUMN protaddr.clearance.role_name IS 'Its name when it was granted. In another cluster OID and name must both fit.';
COMMENT ON COLUMN protaddr.clearance.granted_in IS 'Where it was granted: as protaddr.this_database().';
COMMENT ON COLUMN protaddr.clearance.purpose IS 'For which purpose.';
COMMENT ON COLUMN protaddr.clearance.valid_from IS 'From when.';
COMMENT ON COLUMN protaddr.clearance.valid_until IS 'Until when (exclusive).';
COMMENT ON COLUMN protaddr.clearance.daily_limit IS 'How many protected addresses a day of the server''s time zone (log_timezone). One counts once in a transaction.';
COMMENT ON COLUMN protaddr.clearance.contract IS 'Under which contract: employment, or a processor''s.';
COMMENT ON COLUMN protaddr.clearance.subjects IS 'Whose addresses alone, by canonical identifiers; NULL: everybody''s.';
COMMENT ON COLUMN protaddr.clearance.counter IS 'Under which number its use is counted: a clearance that takes the place of another goes on with its count.';
COMMENT ON COLUMN protaddr.clearance.granted_by IS 'Login role that granted it.';
COMMENT ON COLUMN protaddr.clearance.recorded_from IS 'When it was granted.';
COMMENT ON COLUMN protaddr.clearance.recorded_to IS 'When it was taken away, or another took its place; infinity: it was not.';
CREATE UNIQUE INDEX clearance_current ON protaddr.clearance (role_oid, purpose) WHERE recorded_to = 'infinity';
COMMENT ON INDEX protaddr.clearance_current IS 'The clearance of a role for a purpose.';
SELECT protaddr.make_own_table('clearance', dumped => '');

CREATE FUNCTION protaddr.acting_login() RETURNS oid
    AS 'MODULE_PATHNAME', 'protaddr_acting_login_sql' LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION protaddr.acting_login() FROM PUBLIC;
COMMENT ON FUNCTION protaddr.acting_login() IS
'Part of the functions about clearances: the role that is logged in and does this itself. Raises 42501 under SET SESSION AUTHORIZATION, and inside a function with somebody else''s rights, maintenance or the action of a foreign key.';

CREATE FUNCTION protaddr.is_still_role(role oid, name text, written_in text) RETURNS boolean
    AS 'MODULE_PATHNAME', 'protaddr_is_still_role_sql' LANGUAGE C STRICT STABLE PARALLEL SAFE;
COMMENT ON FUNCTION protaddr.is_still_role(oid, text, text) IS
'Whether a role is there, its password not at its end (VALID UNTIL), and is the one of which a row was written in a database: for everybody, since whoever may read protaddr.clearance_status calls it.';

CREATE FUNCTION protaddr.is_one_person(a oid, b oid) RETURNS boolean
    AS 'MODULE_PATHNAME', 'protaddr_is_one_person' LANGUAGE C STRICT STABLE PARALLEL SAFE;
REVOKE ALL ON FUNCTION protaddr.is_one_person(oid, oid) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.is_one_person(oid, oid) IS
'Part of protaddr.approve_unlock(): whether two roles are one, or one is a member of the other; a superuser is a member of all.';

CREATE FUNCTION protaddr.clearance_used(counter bigint) RETURNS integer
    AS 'MODULE_PATHNAME', 'protaddr_spent_sql' LANGUAGE C STRICT VOLATILE PARALLEL SAFE;
COMMENT ON FUNCTION protaddr.clearance_used(bigint) IS
'How many protected addresses were counted today under a number (protaddr.clearance.counter), on this server: for everybody, since whoever may read protaddr.clearance_status calls it. Raises XX001 if the count is broken.';

CREATE FUNCTION protaddr.grant_clearance(
    role name,
    purpose text,
    valid_until timestamptz,
    daily_limit integer,
    contract text,
    valid_from timestamptz DEFAULT NULL,
    subjects text[] DEFAULT NULL
) RETURNS bigint
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    granter oid := protaddr.acting_login();
    grantee oid := (SELECT r.oid FROM pg_roles r WHERE r.rolname = grant_clearance.role);
    moment timestamptz := clock_timestamp();
    counted bigint;
    granted protaddr.clearance;
BEGIN
    IF grantee IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = 'the role does not exist';
    END IF;
    IF grantee = granter THEN
        RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = 'nobody grants a clearance to themselves';
    END IF;
    IF NOT EXISTS (SELECT FROM protaddr.purpose p WHERE p.purpose = grant_clearance.purpose) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'undefined_object', MESSAGE = 'the purpose does not exist',
            HINT = 'See protaddr.purpose, protaddr.set_purpose().';
    END IF;
    IF valid_until IS NULL OR valid_until <= moment OR NOT isfinite(valid_until) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value', MESSAGE = 'a clearance ends at a time to come';
    END IF;
    -- two at once wait for each other
    LOCK TABLE protaddr.clearance IN SHARE ROW EXCLUSIVE MODE;
    UPDATE protaddr.clearance c SET recorded_to = moment
    WHERE c.role_oid = grantee AND c.purpose = grant_clearance.purpose AND c.recorded_to = 'infinity';
    -- it goes on with the count of the one before, so that nobody's day begins anew
    SELECT c.counter INTO counted FROM protaddr.clearance c
    WHERE c.role_oid = grantee AND c.purpose = grant_clearance.purpose ORDER BY c.recorded_from DESC, c.id DESC LIMIT 1;
    granted.id := protaddr.new_id();
    INSERT INTO protaddr.clearance (id, role_oid, role_name, purpose, valid_from, valid_until, daily_limit, contract, subjects, counter)
    VALUES (granted.id, grantee, grant_clearance.role, grant_clearance.purpose, coalesce(grant_clearance.valid_from, moment), grant_clearance.valid_until,
            grant_clearance.daily_limit, grant_clearance.contract,
            -- of nobody is not of everybody
            CASE WHEN grant_clearance.subjects IS NOT NULL THEN
                coalesce((SELECT array_agg(DISTINCT protaddr.subject_key(s)) FROM unnest(grant_clearance.subjects) s), '{}') END,
            coalesce(counted, granted.id));
    RETURN granted.id;
END
$$;
REVOKE ALL ON FUNCTION protaddr.grant_clearance(name, text, timestamptz, integer, text, timestamptz, text[]) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.grant_clearance(name, text, timestamptz, integer, text, timestamptz, text[]) IS
'Gives a role a clearance for a purpose, and returns its number; it takes the place of the one that the role has for this purpose, and goes on with its count of the day. valid_from NULL: now. subjects: identifiers of the people to whose addresses it is limited (a case); NULL: everybody''s. To a role that logs in; or to the owner of SECURITY DEFINER functions, so that they may show what their caller is cleared for. Holds once committed. Raises 42501 for a clearance of one''s own, 42704 for a role or purpose that does not exist, 22023 for an end that is past or never, 23502 or 23514 without a limit or contract.';

CREATE FUNCTION protaddr.revoke_clearance(role name, purpose text DEFAULT NULL) RETURNS integer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    revoked integer;
BEGIN
    -- by either: a role that is gone has no OID, and one that was renamed no name
    UPDATE protaddr.clearance c SET recorded_to = clock_timestamp()
    WHERE c.recorded_to = 'infinity' AND (revoke_clearance.purpose IS NULL OR c.purpose = revoke_clearance.purpose)
      AND (c.role_name = revoke_clearance.role OR c.role_oid = (SELECT r.oid FROM pg_roles r WHERE r.rolname = revoke_clearance.role));
    GET DIAGNOSTICS revoked = ROW_COUNT;
    RETURN revoked;
END
$$;
REVOKE ALL ON FUNCTION protaddr.revoke_clearance(name, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.revoke_clearance(name, text) IS
'Takes away a role''s clearances, of one purpose or all (NULL), and returns how many. The role is named as it is now, or as it was when they were granted. Once committed, transactions that it has unlocked are shown nothing more, at their next address.';

CREATE VIEW protaddr.clearance_status AS
SELECT c.id, coalesce(r.rolname::text, c.role_name) AS role, c.purpose,
       CASE WHEN NOT protaddr.is_still_role(c.role_oid, c.role_name, c.granted_in) THEN 'not this role'
            WHEN c.valid_until <= clock_timestamp() THEN 'ended'
            WHEN c.valid_from > clock_timestamp() THEN 'not yet'
            WHEN p.in_use IS NOT TRUE THEN 'purpose not in use' ELSE 'in force' END AS status,
       c.valid_from, c.valid_until, c.daily_limit, protaddr.clearance_used(c.counter) AS used_today, c.contract,
       cardinality(c.subjects) AS limited_to, c.granted_by, c.recorded_from AS granted_at
FROM protaddr.clearance c
LEFT JOIN pg_catalog.pg_roles r ON r.oid = c.role_oid
LEFT JOIN protaddr.purpose p ON p.purpose = c.purpose
WHERE c.recorded_to = 'infinity';
COMMENT ON VIEW protaddr.clearance_status IS 'The clearances that were not taken away, and whether they hold.';
COMMENT ON COLUMN protaddr.clearance_status.id IS 'Number of the clearance.';
COMMENT ON COLUMN protaddr.clearance_status.role IS 'The role, as it is called now; as it was called, if it is gone.';
COMMENT ON COLUMN protaddr.clearance_status.purpose IS 'For which purpose.';
COMMENT ON COLUMN protaddr.clearance_status.status IS 'in force, not yet, ended, purpose not in use, or not this role: the role is gone, its password has ended (VALID UNTIL), or it is another one that has its OID in this cluster.';
COMMENT ON COLUMN protaddr.clearance_status.valid_from IS 'From when.';
COMMENT ON COLUMN protaddr.clearance_status.valid_until IS 'Until when (exclusive).';
COMMENT ON COLUMN protaddr.clearance_status.daily_limit IS 'How many protected addresses a day.';
COMMENT ON COLUMN protaddr.clearance_status.used_today IS 'How many were shown today, on this server.';
COMMENT ON COLUMN protaddr.clearance_status.contract IS 'Under which contract.';
COMMENT ON COLUMN protaddr.clearance_status.limited_to IS 'To how many people''s addresses it is limited; NULL: it is not.';
COMMENT ON COLUMN protaddr.clearance_status.granted_by IS 'Login role that granted it.';
COMMENT ON COLUMN protaddr.clearance_status.granted_at IS 'When.';

CREATE TABLE protaddr.unlock_request (
    id bigint PRIMARY KEY DEFAULT protaddr.new_id(),
    role_oid oid NOT NULL,
    role_name text NOT NULL,
    asked_in text NOT NULL DEFAULT protaddr.this_database(),
    purpose text NOT NULL,
    reference text,
    reason text NOT NULL CHECK (btrim(reason, E' \t\r\n') <> '' AND octet_length(reason) <= 1000),
    addresses integer NOT NULL CHECK (addresses > 0),
    valid_for interval NOT NULL CHECK (valid_for > '0' AND valid_for <= '7 days'),
    asked_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE protaddr.unlock_request IS 'Who asked to unlock for a purpose that needs a second role''s approval: protaddr.request_unlock(). Rows are never changed.';
COMMENT ON COLUMN protaddr.unlock_request.id IS 'Number of the request.';
COMMENT ON COLUMN protaddr.unlock_request.role_oid IS 'Login role that asked, by OID.';
COMMENT ON COLUMN protaddr.unlock_request.role_name IS 'Its name then.';
COMMENT ON COLUMN protaddr.unlock_request.asked_in IS 'Where it asked: as protaddr.this_database().';
COMMENT ON COLUMN protaddr.unlock_request.purpose IS 'For which purpose.';
COMMENT ON COLUMN protaddr.unlock_request.reference IS 'With which reference; unlock() must name the same.';
COMMENT ON COLUMN protaddr.unlock_request.reason IS 'Why, in words.';
COMMENT ON COLUMN protaddr.unlock_request.addresses IS 'How many protected addresses are to be seen.';
COMMENT ON COLUMN protaddr.unlock_request.valid_for IS 'For how long, once approved.';
COMMENT ON COLUMN protaddr.unlock_request.asked_at IS 'When.';
SELECT protaddr.make_own_table('unlock_request', dumped => '');

CREATE TABLE protaddr.unlock_approval (
    request bigint PRIMARY KEY,
    approved boolean NOT NULL,
    role_oid oid NOT NULL,
    role_name text NOT NULL,
    reason text CHECK (octet_length(reason) <= 1000),
    addresses integer NOT NULL CHECK (addresses > 0),
    valid_until timestamptz NOT NULL,
    decided_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE protaddr.unlock_approval IS 'Who approved or refused which request: protaddr.approve_unlock(). Rows are never changed.';
COMMENT ON COLUMN protaddr.unlock_approval.request IS 'Number of the request.';
COMMENT ON COLUMN protaddr.unlock_approval.approved IS 'False: refused.';
COMMENT ON COLUMN protaddr.unlock_approval.role_oid IS 'Login role that decided, by OID.';
COMMENT ON COLUMN protaddr.unlock_approval.role_name IS 'Its name then.';
COMMENT ON COLUMN protaddr.unlock_approval.reason IS 'Why, in words; NULL: not said.';
COMMENT ON COLUMN protaddr.unlock_approval.addresses IS 'For how many protected addresses.';
COMMENT ON COLUMN protaddr.unlock_approval.valid_until IS 'Until when the request can be used, and what it unlocked lasts.';
COMMENT ON COLUMN protaddr.unlock_approval.decided_at IS 'When.';
SELECT protaddr.make_own_table('unlock_approval', dumped => '');

CREATE FUNCTION protaddr.unlock_request_used(request bigint) RETURNS boolean
    AS 'MODULE_PATHNAME', 'protaddr_is_used' LANGUAGE C STRICT VOLATILE PARALLEL SAFE;
COMMENT ON FUNCTION protaddr.unlock_request_used(bigint) IS
'Whether a request was used, on this server: for everybody, since whoever may read protaddr.unlock_request_status calls it.';

CREATE VIEW protaddr.unlock_request_status AS
SELECT q.id, q.role_name AS asked_by, q.purpose, q.reference, q.reason, q.addresses, q.valid_for, q.asked_at,
       CASE WHEN protaddr.unlock_request_used(q.id) THEN 'used' WHEN a.request IS NULL THEN 'waiting' WHEN NOT a.approved THEN 'refused'
            WHEN a.valid_until <= clock_timestamp() THEN 'over' ELSE 'approved' END AS status,
       a.role_name AS decided_by, a.decided_at, a.addresses AS approved_addresses, a.valid_until
FROM protaddr.unlock_request q LEFT JOIN protaddr.unlock_approval a ON a.request = q.id;
COMMENT ON VIEW protaddr.unlock_request_status IS 'The requests to unlock, and what became of them.';
COMMENT ON COLUMN protaddr.unlock_request_status.id IS 'Number of the request.';
COMMENT ON COLUMN protaddr.unlock_request_status.asked_by IS 'Login role that asked.';
COMMENT ON COLUMN protaddr.unlock_request_status.purpose IS 'For which purpose.';
COMMENT ON COLUMN protaddr.unlock_request_status.reference IS 'With which reference.';
COMMENT ON COLUMN protaddr.unlock_request_status.reason IS 'Why, in words.';
COMMENT ON COLUMN protaddr.unlock_request_status.addresses IS 'For how many protected addresses.';
COMMENT ON COLUMN protaddr.unlock_request_status.valid_for IS 'For how long.';
COMMENT ON COLUMN protaddr.unlock_request_status.asked_at IS 'When.';
COMMENT ON COLUMN protaddr.unlock_request_status.status IS 'waiting, approved, refused, used, or over: approved, and not used in time.';
COMMENT ON COLUMN protaddr.unlock_request_status.decided_by IS 'Login role that decided; NULL: nobody yet.';
COMMENT ON COLUMN protaddr.unlock_request_status.decided_at IS 'When.';
COMMENT ON COLUMN protaddr.unlock_request_status.approved_addresses IS 'For how many addresses it was approved.';
COMMENT ON COLUMN protaddr.unlock_request_status.valid_until IS 'Until when it was approved.';

CREATE FUNCTION protaddr.request_unlock(
    purpose text, reference text, reason text, addresses integer DEFAULT 1, valid_for interval DEFAULT '1 hour'
) RETURNS bigint
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    login oid := protaddr.acting_login();
    number bigint := protaddr.new_id();
BEGIN
    -- whoever could not unlock is told no more than unlock() tells
    IF NOT EXISTS (SELECT FROM protaddr.clearance_status c JOIN protaddr.clearance k ON k.id = c.id
                   WHERE k.role_oid = login AND k.purpose = request_unlock.purpose AND c.status IN ('in force', 'not yet')) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'insufficient_privilege', MESSAGE = 'permission denied to ask to unlock',
            DETAIL = 'It takes a clearance for the purpose of the role that is logged in.';
    END IF;
    INSERT INTO protaddr.unlock_request (id, role_oid, role_name, purpose, reference, reason, addresses, valid_for)
    VALUES (number, login, session_user, request_unlock.purpose, coalesce(request_unlock.reference, ''), request_unlock.reason,
            request_unlock.addresses, request_unlock.valid_for);
    RETURN number;
END
$$;
COMMENT ON FUNCTION protaddr.request_unlock(text, text, text, integer, interval) IS
'Asks to unlock for a purpose that needs approval, for a number of protected addresses and a time, and returns the number of the request. For everybody who has a clearance for the purpose. Another role approves with protaddr.approve_unlock(); then protaddr.unlock(purpose, reference, request) uses it, once. Raises 42501 without a clearance, 23502 or 23514 without a reason, or for a number or time that is none (7 days at most).';

CREATE FUNCTION protaddr.approve_unlock(
    request bigint, approved boolean DEFAULT true, reason text DEFAULT NULL, addresses integer DEFAULT NULL, valid_for interval DEFAULT NULL
) RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    login oid := protaddr.acting_login();
    asked protaddr.unlock_request;
BEGIN
    SELECT q.* INTO asked FROM protaddr.unlock_request q WHERE q.id = approve_unlock.request;
    IF asked.id IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = 'the request does not exist';
    END IF;
    IF protaddr.is_one_person(login, asked.role_oid) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'insufficient_privilege', MESSAGE = 'permission denied to decide on this request',
            DETAIL = 'Whoever asked, a member of that role, and a superuser cannot approve.';
    END IF;
    IF EXISTS (SELECT FROM protaddr.unlock_approval a WHERE a.request = asked.id) THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = 'the request is decided on already';
    END IF;
    -- an approval can be for less, and not for more
    INSERT INTO protaddr.unlock_approval (request, approved, role_oid, role_name, reason, addresses, valid_until)
    VALUES (asked.id, approve_unlock.approved, login, session_user, approve_unlock.reason, least(approve_unlock.addresses, asked.addresses),
            clock_timestamp() + least(approve_unlock.valid_for, asked.valid_for));
END
$$;
REVOKE ALL ON FUNCTION protaddr.approve_unlock(bigint, boolean, text, integer, interval) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.approve_unlock(bigint, boolean, text, integer, interval) IS
'Approves a request to unlock, or refuses it (approved => false), once; for fewer addresses and a shorter time, if they are given. Raises 42501 for whoever asked, for roles of which one is a member of the other, and for superusers; 42704 for a request that does not exist, 55000 for one that is decided on.';

CREATE FUNCTION protaddr.unlock(purpose text, reference text DEFAULT NULL, request bigint DEFAULT NULL) RETURNS integer
    AS 'MODULE_PATHNAME', 'protaddr_unlock_sql' LANGUAGE C CALLED ON NULL INPUT VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION protaddr.unlock(text, text, bigint) IS
'For the rest of the transaction, protaddr.show(), show_iso() and the accessors answer for protected and unknown people, too; what leaves through channels, gates and exports stays as it is. ROLLBACK TO a savepoint before it takes it back. Returns how many addresses are left for today, or of what was approved. For everybody who is logged in as a role with a clearance for the purpose, superusers included. reference: one line of at most 100 bytes. request: the number of an approved request, if the purpose needs one. At each address it is asked again whether the clearance holds, by the clock; when it does not, addresses are withheld. Not in maintenance, not inside functions with the rights of a role without such a clearance, and not for cursors that outlive the transaction. Raises 42501 without a clearance or approval, 22023 for a reference that is missing or malformed, 53PA1 if today''s limit is used up (so does show() at the address that would exceed it), 55000 on a standby.';
