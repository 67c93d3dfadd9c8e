--
-- Who is shown a protected address, for which purpose, how many, until when?
-- Attacks on it: attack_unlock.  Races, standby, dump, exports: t/039_unlock.pl
--
SET client_min_messages = warning;
CREATE EXTENSION protaddr;
SELECT session_user AS installer \gset
CREATE ROLE regress_unlock_clerk LOGIN;
CREATE ROLE regress_unlock_officer LOGIN;
CREATE ROLE regress_unlock_boss LOGIN;
CREATE ROLE regress_unlock_teller LOGIN;
CREATE FUNCTION refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
-- 61 is free, 62 and 64 are protected, 63 is in no register; 61 and 62 live together; the last concerns nobody
SELECT persons, protected FROM protaddr.load_register('DK-CPR', '[{"subject": "6101704001", "protections": []}, {"subject": "6201704002", "protections": [{"code": "0001"}]}, {"subject": "6401704004", "protections": [{"code": "0001"}]}]');
CREATE TABLE home (n int PRIMARY KEY, cpr text[], address protaddr.address);
SELECT protaddr.bind_column('home', 'address', 'cpr');
INSERT INTO home VALUES (1, '{6101704001}', 'Vestergade 1'), (2, '{6201704002}', 'Kanarie' || 'gade 2'), (3, '{6301704003}', 'Kanarie' || 'gade 3'),
    (4, '{6401704004}', 'Kanarie' || 'gade 4'), (5, '{6101704001,6201704002}', 'Kanarie' || 'gade 5'), (6, NULL, 'Kanarie' || 'gade 6');
GRANT SELECT ON home TO PUBLIC;

-- purposes
SELECT purpose, needs_approval, needs_reference, shipped, in_use, legal_basis <> '' AS has_basis FROM protaddr.purpose ORDER BY purpose;
SELECT refusal($$SELECT protaddr.set_purpose('audit')$$), refusal($$SELECT protaddr.set_purpose(NULL)$$), refusal($$SELECT protaddr.set_purpose('An Audit', 'Invented Act s. 1', description => 'Test')$$),
    refusal($$SELECT protaddr.set_purpose('audit', ' ', description => 'Test')$$);
SELECT protaddr.set_purpose('audit', 'Invented Act s. 1', description => 'Test'), protaddr.set_purpose('own_data', needs_reference => false), protaddr.set_purpose('correction', in_use => false);
SELECT purpose, needs_approval, needs_reference, shipped, in_use FROM protaddr.purpose WHERE NOT shipped ORDER BY purpose;

-- clearances: what cannot be granted
SELECT refusal(format('SELECT protaddr.grant_clearance(%L, %L, %s, %s, %L)', role, purpose, until, per_day, contract)) FROM (VALUES
    (1, 'regress_unlock_nobody', 'incident', 'now() + ''1 hour''', '5', 'C-1'), (2, 'regress_unlock_clerk', 'nothing', 'now() + ''1 hour''', '5', 'C-1'),
    (3, 'regress_unlock_clerk', 'incident', 'now() - interval ''1 hour''', '5', 'C-1'), (4, 'regress_unlock_clerk', 'incident', '''infinity''', '5', 'C-1'), (5, 'regress_unlock_clerk', 'incident', 'NULL', '5', 'C-1'),
    (6, 'regress_unlock_clerk', 'incident', 'now() + ''1 hour''', '0', 'C-1'), (7, 'regress_unlock_clerk', 'incident', 'now() + ''1 hour''', 'NULL', 'C-1'), (8, 'regress_unlock_clerk', 'incident', 'now() + ''1 hour''', '5', ' '),
    (9, session_user, 'incident', 'now() + ''1 hour''', '5', 'C-1')) t(n, role, purpose, until, per_day, contract) ORDER BY n;
SELECT refusal($$SELECT protaddr.grant_clearance('regress_unlock_clerk', 'incident', now() + '1 hour', 5, 'C-1', subjects => '{}')$$), refusal($$SELECT protaddr.grant_clearance('regress_unlock_clerk', 'incident', now() + '1 hour', 5, 'C-1', subjects => '{---}')$$);
GRANT EXECUTE ON FUNCTION protaddr.grant_clearance, protaddr.revoke_clearance TO regress_unlock_boss;
GRANT SELECT ON protaddr.clearance_status TO regress_unlock_boss, regress_unlock_clerk;
\c - regress_unlock_boss
SELECT protaddr.grant_clearance('regress_unlock_clerk', 'incident', now() + '1 hour', 3, 'C-1') > 0 AS granted, protaddr.grant_clearance('regress_unlock_clerk', 'own_data', now() + '1 hour', 100, 'C-1', subjects => '{620170-4002}') > 0 AS of_a_case,
    protaddr.grant_clearance('regress_unlock_clerk', 'correction', now() + '1 hour', 5, 'C-1') > 0 AS not_in_use, protaddr.grant_clearance('regress_unlock_teller', 'incident', now() + '2 hours', 5, 'C-1', now() + '1 hour') > 0 AS not_yet,
    protaddr.grant_clearance('regress_unlock_clerk', 'authority_order', now() + '1 hour', 5, 'C-1') > 0 AS needs_approval;
SELECT role, purpose, status, daily_limit, used_today, contract, limited_to, granted_by FROM protaddr.clearance_status ORDER BY role, purpose;

-- without a clearance everything is refused in the same words
\c - regress_unlock_teller
CREATE TEMPORARY TABLE tried (n int, said text);
DO $$
DECLARE
    detail text;
    said text;
    statement text;
    n int := 0;
BEGIN
    FOREACH statement IN ARRAY ARRAY['''incident'', ''R-1''', '''own_data'', ''R-1''', '''authority_order'', ''R-1''', '''correction'', ''R-1''', '''nothing'', ''R-1''', 'NULL', '''incident''', '''incident'', ''R-1'', 1', '''incident'', E''a\nb'''] LOOP
        BEGIN
            EXECUTE 'SELECT protaddr.unlock(' || statement || ')';
            said := 'unlocked';
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
            said := SQLSTATE || ' ' || SQLERRM || ': ' || detail;
        END;
        n := n + 1;
        INSERT INTO tried VALUES (n, said);
    END LOOP;
END
$$;
SELECT count(*), said FROM tried GROUP BY said;
\set VERBOSITY terse
SELECT protaddr.request_unlock('authority_order', 'R-1', 'I ask');
SELECT protaddr.approve_unlock(1);
SELECT protaddr.grant_clearance('regress_unlock_teller', 'incident', now() + '1 hour', 5, 'C-1');
SELECT n, protaddr.show(address) FROM home ORDER BY n;

-- with one: for the rest of the transaction
\c - regress_unlock_clerk
\set VERBOSITY terse
SELECT protaddr.unlock('correction', 'R-1');
SELECT protaddr.unlock('incident');
SELECT protaddr.unlock('incident', '  ');
SELECT protaddr.unlock('incident', E'R-1\nR-2');
SELECT protaddr.unlock('incident', repeat('R', 101));
SELECT protaddr.unlock('authority_order', 'R-1');
SELECT protaddr.unlock('authority_order', 'R-1', 1);
SELECT n, protaddr.show(address) FROM home ORDER BY n;
BEGIN;
SELECT protaddr.unlock('incident', 'R-1') AS left_today;
-- all that one may see of somebody: the free, the protected, the unknown; not what concerns nobody.  One address counts once
SELECT n, protaddr.show(address), protaddr.show_iso(address) FROM home WHERE n IN (1, 2, 3, 6) ORDER BY n;
SELECT n, protaddr.show(address) FROM home WHERE n IN (1, 2, 3, 6) ORDER BY n;
SELECT used_today FROM protaddr.clearance_status WHERE purpose = 'incident' AND role = session_user;
COMMIT;
SELECT n, protaddr.show(address) FROM home WHERE n = 2;
-- the limit: rolled back or not
BEGIN;
SELECT protaddr.unlock('incident', 'R-2') AS left_today;
SELECT protaddr.show(address) FROM home WHERE n = 4;
ROLLBACK;
SELECT used_today FROM protaddr.clearance_status WHERE purpose = 'incident' AND role = session_user;
SELECT protaddr.unlock('incident', 'R-3');

-- of a case: others it shows to nobody, and a family only if all who are not free are in it
BEGIN;
SELECT protaddr.unlock('own_data');
SELECT n, protaddr.show(address) FROM home ORDER BY n;
COMMIT;

-- savepoints
BEGIN;
SAVEPOINT a;
SELECT protaddr.unlock('own_data', 'first') IS NOT NULL AS unlocked;
SAVEPOINT b;
SELECT protaddr.show(address) FROM home WHERE n = 2;
ROLLBACK TO b;
SELECT protaddr.show(address) FROM home WHERE n = 2;
RELEASE b;
ROLLBACK TO a;
SELECT protaddr.show(address) FROM home WHERE n = 2;
SAVEPOINT c;
SELECT protaddr.unlock('own_data', 'second') IS NOT NULL AS unlocked;
RELEASE c;
SELECT protaddr.show(address) FROM home WHERE n = 2;
ROLLBACK TO a;
SELECT protaddr.show(address) FROM home WHERE n = 2;
DO $$ BEGIN PERFORM protaddr.unlock('own_data'); RAISE EXCEPTION 'undone'; EXCEPTION WHEN OTHERS THEN NULL; END $$;
SELECT protaddr.show(address) FROM home WHERE n = 2;
COMMIT;

-- two persons
SELECT refusal($$SELECT protaddr.request_unlock('authority_order', 'R-7', ' ')$$), refusal($$SELECT protaddr.request_unlock('authority_order', 'R-7', 'court', 0)$$), refusal($$SELECT protaddr.request_unlock('authority_order', 'R-7', 'court', 1, '8 days')$$);
SELECT protaddr.request_unlock('authority_order', 'R-7', 'order of the court', 2, '1 hour') AS request \gset
SELECT refusal(format($$SELECT protaddr.unlock('authority_order', 'R-7', %s)$$, :request));
SELECT refusal(format($$SELECT protaddr.approve_unlock(%s)$$, :request));
\c - :installer
SELECT refusal($$SELECT protaddr.request_unlock('authority_order', 'R-7', 'court')$$);
SELECT refusal(format('SELECT protaddr.approve_unlock(%s)', :request));
GRANT EXECUTE ON FUNCTION protaddr.approve_unlock TO regress_unlock_officer, regress_unlock_clerk;
GRANT SELECT ON protaddr.unlock_request_status TO regress_unlock_officer;
GRANT regress_unlock_clerk TO regress_unlock_officer;
\c - regress_unlock_clerk
SELECT refusal(format('SELECT protaddr.approve_unlock(%s)', :request));
\c - regress_unlock_officer
SELECT refusal(format('SELECT protaddr.approve_unlock(%s)', :request)), refusal('SELECT protaddr.approve_unlock(1)'), refusal('SELECT protaddr.approve_unlock(NULL)');
\c - :installer
REVOKE regress_unlock_clerk FROM regress_unlock_officer;
GRANT regress_unlock_officer TO regress_unlock_clerk;
\c - regress_unlock_officer
SELECT refusal(format('SELECT protaddr.approve_unlock(%s)', :request));
\c - :installer
REVOKE regress_unlock_officer FROM regress_unlock_clerk;
\c - regress_unlock_officer
SELECT status, asked_by, purpose, reference, reason, addresses FROM protaddr.unlock_request_status;
-- for one, not for two or for ten
SELECT protaddr.approve_unlock(:request, addresses => 1, valid_for => '10 days');
SELECT refusal(format('SELECT protaddr.approve_unlock(%s, false)', :request));
SELECT status, decided_by, approved_addresses, valid_until - decided_at < '61 minutes' AS not_longer FROM protaddr.unlock_request_status;
\c - regress_unlock_clerk
\set VERBOSITY terse
SELECT refusal(format($$SELECT protaddr.unlock('authority_order', 'R-8', %s)$$, :request)), refusal(format($$SELECT protaddr.unlock('authority_order', NULL, %s)$$, :request)), refusal(format($$SELECT protaddr.unlock('incident', 'R-7', %s)$$, :request));
BEGIN;
SELECT protaddr.unlock('authority_order', 'R-7', :request) AS left_of_it;
SELECT protaddr.show(address) FROM home WHERE n = 2;
SELECT protaddr.show(address) FROM home WHERE n = 4;
ROLLBACK;
-- used once, though it was rolled back
SELECT protaddr.unlock('authority_order', 'R-7', :request);
-- refused, over, and by somebody who is one person with the clerk by now
SELECT protaddr.request_unlock('authority_order', 'R-9', 'refused') AS refused, protaddr.request_unlock('authority_order', 'R-9', 'over', 1, '1 microsecond') AS over,
    protaddr.request_unlock('authority_order', 'R-9', 'one person') AS one_person \gset
\c - regress_unlock_officer
SELECT protaddr.approve_unlock(:refused, false, 'no order'), protaddr.approve_unlock(:over), protaddr.approve_unlock(:one_person);
SELECT reason, status FROM protaddr.unlock_request_status ORDER BY id;
\c - :installer
GRANT regress_unlock_clerk TO regress_unlock_officer;
\c - regress_unlock_clerk
SELECT refusal(format($$SELECT protaddr.unlock('authority_order', 'R-9', %s)$$, n)) FROM unnest(ARRAY[:refused, :over, :one_person]::bigint[]) n;

-- what is recorded stays
\c - :installer
SELECT refusal('DELETE FROM protaddr.clearance'), refusal('UPDATE protaddr.clearance SET daily_limit = 100'), refusal('UPDATE protaddr.unlock_approval SET addresses = 100'), refusal('DELETE FROM protaddr.unlock_request');

-- a clearance that takes another's place goes on with its count; one that is taken away is gone
SELECT protaddr.grant_clearance('regress_unlock_clerk', 'incident', now() + '1 hour', 4, 'C-2') > 0 AS granted;
SELECT daily_limit, used_today, contract FROM protaddr.clearance_status WHERE purpose = 'incident' AND role = 'regress_unlock_clerk';
SELECT protaddr.revoke_clearance('regress_unlock_clerk', 'incident'), protaddr.revoke_clearance('regress_unlock_clerk', 'incident');
SELECT protaddr.grant_clearance('regress_unlock_clerk', 'incident', now() + '1 hour', 3, 'C-3') > 0 AS granted;
\c - regress_unlock_clerk
\set VERBOSITY terse
SELECT protaddr.unlock('incident', 'R-1');
\c - :installer
SELECT protaddr.revoke_clearance('regress_unlock_clerk'), protaddr.revoke_clearance('regress_unlock_nobody');
SELECT refusal($$SELECT protaddr.unlock('own_data')$$);

DROP TABLE home;
DROP FUNCTION refusal(text);
DROP EXTENSION protaddr;
DROP ROLE regress_unlock_clerk, regress_unlock_officer, regress_unlock_boss, regress_unlock_teller;
