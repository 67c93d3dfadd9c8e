--
-- Attacks on unlock: through whom, for how long, and into what can it be carried?
--
SET client_min_messages = warning;
CREATE EXTENSION protaddr;
SELECT session_user AS installer \gset
CREATE ROLE regress_unlock_clerk LOGIN;
CREATE ROLE regress_unlock_mallory LOGIN;
CREATE ROLE regress_unlock_owner;
GRANT regress_unlock_owner TO regress_unlock_clerk;
GRANT CREATE ON SCHEMA public TO regress_unlock_mallory, regress_unlock_owner, regress_unlock_clerk;
SELECT persons, protected FROM protaddr.load_register('DK-CPR', '[{"subject": "6101704001", "protections": []}, {"subject": "6201704002", "protections": [{"code": "0001"}]}]');
CREATE TABLE home (n int PRIMARY KEY, cpr text, address protaddr.address);
SELECT protaddr.bind_column('home', 'address', 'cpr');
INSERT INTO home VALUES (1, '6101704001', 'Vestergade 1'), (2, '6201704002', 'Kanarie' || 'gade 2');
GRANT SELECT ON home TO PUBLIC;
SELECT protaddr.grant_clearance('regress_unlock_clerk', 'incident', now() + '1 hour', 1000, 'C-1') > 0 AS granted;

-- ---- the rights of others ------------------------------------------------------------------------
SET ROLE regress_unlock_owner;
CREATE FUNCTION through_owner(int) RETURNS text LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp BEGIN ATOMIC SELECT protaddr.show(address) FROM public.home WHERE n = $1; END;
CREATE FUNCTION unlock_as_owner() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp BEGIN ATOMIC SELECT protaddr.unlock('incident', 'R-1'); END;
RESET ROLE;
\c - regress_unlock_clerk
CREATE FUNCTION clerks_own() RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
    $$ BEGIN PERFORM protaddr.unlock('incident', 'R-1'); RETURN (SELECT protaddr.show(address) FROM public.home WHERE n = 2); END $$;
SELECT protaddr.show(NULL);
SELECT clerks_own() <> '[address withheld]' AS by_a_function_of_ones_own;
BEGIN;
SELECT unlock_as_owner();
ROLLBACK;
BEGIN;
SELECT protaddr.unlock('incident', 'R-1') > 0 AS unlocked;
-- a function with rights of somebody without a clearance is shown nothing; inside it, nor is what the clerk may see
SELECT through_owner(1), through_owner(2), protaddr.show(address) FROM home WHERE n = 2;
-- the role that the session works as makes no difference
SET ROLE regress_unlock_owner;
SELECT protaddr.show(address) FROM home WHERE n = 2;
RESET ROLE;
COMMIT;
SET ROLE regress_unlock_owner;
BEGIN;
SELECT protaddr.unlock('incident', 'R-1') > 0 AS unlocked;
SELECT protaddr.show(address) FROM home WHERE n = 2;
COMMIT;
RESET ROLE;
-- the owner of the functions is cleared, too: not for what its caller is not
\c - :installer
SELECT protaddr.grant_clearance('regress_unlock_owner', 'incident', now() + '1 hour', 1000, 'functions') > 0 AS granted;
\c - regress_unlock_clerk
SELECT through_owner(2);
BEGIN;
SELECT protaddr.unlock('incident', 'R-1') > 0 AS unlocked;
SELECT through_owner(2);
COMMIT;
\c - regress_unlock_mallory
SELECT protaddr.show(NULL);
SELECT clerks_own();
SELECT through_owner(2);
SELECT unlock_as_owner();
SET ROLE regress_unlock_clerk;
SET SESSION AUTHORIZATION regress_unlock_clerk;
SELECT protaddr.unlock('incident', 'R-1');
-- a superuser is not who he says he is
\c - :installer
SELECT protaddr.unlock('incident', 'R-1');
SET SESSION AUTHORIZATION regress_unlock_clerk;
SELECT protaddr.unlock('incident', 'R-1');
SELECT protaddr.request_unlock('authority_order', 'R-1', 'court');
RESET SESSION AUTHORIZATION;
SET ROLE regress_unlock_clerk;
SELECT protaddr.unlock('incident', 'R-1');
RESET ROLE;
SELECT protaddr.revoke_clearance('regress_unlock_owner');

-- ---- how long --------------------------------------------------------------------------------------
\c - regress_unlock_clerk
-- prepared before, with a plan for all
SET plan_cache_mode = force_generic_plan;
PREPARE look(int) AS SELECT n, protaddr.show(address) FROM home WHERE n = $1;
EXECUTE look(2);
BEGIN;
SELECT protaddr.unlock('incident', 'R-1') > 0 AS unlocked;
EXECUTE look(2);
PREPARE made_unlocked AS SELECT protaddr.show(address) FROM home WHERE n = 2;
EXECUTE made_unlocked;
COMMIT;
EXECUTE look(2);
EXECUTE made_unlocked;
RESET plan_cache_mode;
-- several statements at once, and a function with an error in it
SELECT protaddr.unlock('incident', 'R-1') > 0 AS unlocked\; SELECT protaddr.show(address) FROM home WHERE n = 2;
SELECT protaddr.show(address) FROM home WHERE n = 2;
DO $$
DECLARE
    seen text;
BEGIN
    PERFORM protaddr.unlock('incident', 'R-1');
    SELECT protaddr.show(address) INTO seen FROM home WHERE n = 2;
    RAISE WARNING 'unlocked in DO: %', seen <> '[address withheld]';
    COMMIT;
    SELECT protaddr.show(address) INTO seen FROM home WHERE n = 2;
    RAISE WARNING 'after its COMMIT: %', seen <> '[address withheld]';
END
$$;
-- a cursor reads no further than the transaction; what WITH HOLD keeps is never shown by unlock, whoever declared it when
BEGIN;
DECLARE before_it CURSOR WITH HOLD FOR SELECT protaddr.show(address) FROM home ORDER BY n;
DECLARE inner_one CURSOR WITH HOLD FOR SELECT protaddr.show(h.address), clerks_own() FROM home h ORDER BY n;
SELECT protaddr.unlock('incident', 'R-1') > 0 AS unlocked;
DECLARE after_it SCROLL CURSOR WITH HOLD FOR SELECT protaddr.show(address) FROM home ORDER BY n;
DECLARE plain CURSOR FOR SELECT protaddr.show(address) FROM home ORDER BY n;
FETCH ALL plain;
FETCH 2 after_it;
FETCH ABSOLUTE 0 after_it;
SELECT protaddr.show(address) FROM home WHERE n = 2;
COMMIT;
FETCH ALL plain;
FETCH ALL after_it;
FETCH ALL before_it;
FETCH ALL inner_one;
CLOSE ALL;
CREATE TEMPORARY TABLE kept (seen text);
CREATE FUNCTION pg_temp.look_through() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    r record;
BEGIN
    FOR r IN SELECT protaddr.show(address) AS seen FROM public.home ORDER BY n LOOP RETURN NEXT r.seen; END LOOP;
END
$$;
BEGIN;
SELECT protaddr.unlock('incident', 'R-1') > 0 AS unlocked;
SELECT pg_temp.look_through();
DECLARE through_a_loop CURSOR WITH HOLD FOR SELECT pg_temp.look_through();
COMMIT;
FETCH ALL through_a_loop;
CLOSE ALL;
-- a loop that goes on behind COMMIT
DO $$
DECLARE
    r record;
BEGIN
    PERFORM protaddr.unlock('incident', 'R-1');
    FOR r IN SELECT n, protaddr.show(address) AS seen FROM generate_series(1, 200) g, home WHERE home.n = 2 LOOP
        INSERT INTO kept VALUES (r.seen);
        COMMIT;
    END LOOP;
END
$$;
-- what was read ahead before the COMMIT was shown then; what the COMMIT read was not
SELECT count(*) FILTER (WHERE seen <> '[address withheld]') < 200 AS not_all, count(*) FROM kept;
TRUNCATE kept;

-- the clock: a contract that ends while everything is open
\c - :installer
SELECT protaddr.grant_clearance('regress_unlock_clerk', 'incident', clock_timestamp() + '2.5 seconds', 1000, 'ends') > 0 AS granted;
\c - regress_unlock_clerk
PREPARE look AS SELECT protaddr.show(address) FROM home WHERE n = 2;
BEGIN;
SELECT protaddr.unlock('incident', 'R-1') > 0 AS unlocked;
DECLARE one_by_one CURSOR FOR SELECT protaddr.show(address) FROM generate_series(1, 3), home WHERE home.n = 2;
FETCH 1 one_by_one;
EXECUTE look;
-- in one statement, too: before and after
SELECT count(*) FILTER (WHERE seen <> '[address withheld]') > 0 AS before, count(*) FILTER (WHERE seen = '[address withheld]') > 0 AS after
FROM (SELECT protaddr.show(address) AS seen, pg_sleep(0.1) FROM generate_series(1, 30), home WHERE home.n = 2) s;
FETCH ALL one_by_one;
EXECUTE look;
SELECT protaddr.show(address) FROM home WHERE n = 2;
SAVEPOINT a;
SELECT protaddr.unlock('incident', 'R-1');
ROLLBACK TO a;
EXECUTE look;
COMMIT;
\c - :installer
SELECT status FROM protaddr.clearance_status WHERE purpose = 'incident' AND role = 'regress_unlock_clerk';
-- the password's end is an end
SELECT protaddr.grant_clearance('regress_unlock_clerk', 'incident', now() + '1 hour', 1000, 'C-1') > 0 AS granted;
ALTER ROLE regress_unlock_clerk VALID UNTIL '2001-01-01';
SELECT status FROM protaddr.clearance_status WHERE purpose = 'incident' AND role = 'regress_unlock_clerk';
\c - regress_unlock_clerk
SELECT protaddr.unlock('incident', 'R-1');
\c - :installer
ALTER ROLE regress_unlock_clerk VALID UNTIL 'infinity';
-- renamed it is the same role, and a new one of its name is another
ALTER ROLE regress_unlock_clerk RENAME TO regress_unlock_married;
CREATE ROLE regress_unlock_clerk LOGIN;
SELECT role, status FROM protaddr.clearance_status WHERE purpose = 'incident';
\c - regress_unlock_clerk
SELECT protaddr.unlock('incident', 'R-1');
\c - regress_unlock_married
SELECT protaddr.unlock('incident', 'R-1') > 0 AS unlocked\; SELECT protaddr.show(address) FROM home WHERE n = 2;
\c - :installer
DROP ROLE regress_unlock_clerk;
ALTER ROLE regress_unlock_married RENAME TO regress_unlock_clerk;
-- in another cluster OID and name must both fit
CREATE FUNCTION elsewhere(o oid, n text) RETURNS boolean LANGUAGE sql AS $$ SELECT protaddr.is_still_role(o, n, '1/1') $$;
SELECT elsewhere('regress_unlock_clerk'::regrole, 'regress_unlock_clerk') AS both, elsewhere('regress_unlock_clerk'::regrole, 'regress_unlock_boss') AS oid_alone, elsewhere('regress_unlock_mallory'::regrole, 'regress_unlock_clerk') AS name_alone,
    protaddr.is_still_role('regress_unlock_clerk'::regrole, 'regress_unlock_boss', protaddr.this_database()) AS renamed_here, protaddr.is_still_role(4711, 'regress_unlock_clerk', protaddr.this_database()) AS gone;

-- ---- into what ------------------------------------------------------------------------------------------
CREATE TABLE payment (id int PRIMARY KEY, payer text, note text, address protaddr.address);
SELECT protaddr.install_gate('payment', 'sepa', subject => 'payer');
GRANT INSERT, SELECT ON payment TO regress_unlock_clerk;
GRANT EXECUTE ON FUNCTION protaddr.release TO regress_unlock_clerk;
\c - regress_unlock_clerk
SET client_min_messages = error;
CREATE TABLE mine (address protaddr.address);
INSERT INTO mine SELECT address FROM home WHERE n = 2;
CREATE FUNCTION plain(protaddr.address) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$ BEGIN RETURN protaddr.show($1); END $$;
CREATE FUNCTION pg_temp.show(protaddr.address) RETURNS text LANGUAGE sql AS $$ SELECT 'a fake' $$;
BEGIN;
SELECT protaddr.unlock('incident', 'R-1') > 0 AS unlocked;
-- channels and gates stay as they are
SELECT protaddr.release(address, 'sepa') IS NULL AS withheld FROM home WHERE n = 2;
INSERT INTO payment SELECT 1, cpr, 'plain', address FROM home WHERE n = 2;
SAVEPOINT a;
INSERT INTO payment SELECT 2, cpr, protaddr.show(address), NULL FROM home WHERE n = 2;
ROLLBACK TO a;
SELECT id, note, address IS NULL AS withheld FROM payment ORDER BY id;
-- a token is a token
SELECT count(*) FROM home WHERE address::text NOT LIKE 'pa1.%';
-- maintenance is shown nothing: an index's expressions, a materialized view
CREATE INDEX mine_plain ON mine (plain(address));
SET LOCAL enable_seqscan = off;
SELECT count(*) FROM mine WHERE plain(address) = '[address withheld]';
CREATE MATERIALIZED VIEW seen AS SELECT protaddr.show(address) AS seen FROM mine;
REFRESH MATERIALIZED VIEW seen;
SELECT count(*) FILTER (WHERE seen <> '[address withheld]') FROM seen;
ANALYZE mine;
SELECT count(*) FROM pg_stats WHERE tablename LIKE 'mine%' AND most_common_vals::text LIKE '%gade%';
-- a function that says it may run in a worker has nobody's clearance there
SELECT count(*) FILTER (WHERE plain(address) <> '[address withheld]') AS here FROM mine;
SELECT set_config(CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'force_parallel_mode' ELSE 'debug_parallel_query' END, 'on', true) AS parallel;
SET LOCAL enable_indexscan = off;
SET LOCAL enable_indexonlyscan = off;
SET LOCAL enable_bitmapscan = off;
SELECT count(*) FILTER (WHERE plain(address) <> '[address withheld]') AS in_a_worker FROM mine;
SELECT protaddr.show(address) AS in_the_leader FROM mine;
ROLLBACK;

-- ---- settings, and what comes with the extension --------------------------------------------------------
\c - :installer
SELECT name FROM pg_settings WHERE name LIKE 'protaddr.%unlock%' OR name LIKE 'protaddr.%clearance%';
DROP FUNCTION elsewhere(oid, text), clerks_own(), through_owner(int), unlock_as_owner(), plain(protaddr.address);
DROP TABLE home, payment, mine;
DROP EXTENSION protaddr;
DROP OWNED BY regress_unlock_mallory, regress_unlock_owner, regress_unlock_clerk;
DROP ROLE regress_unlock_clerk, regress_unlock_mallory, regress_unlock_owner;
