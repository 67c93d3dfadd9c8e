-- attack_planner: the planner, statistics, parallel workers and cached plans (ATTACKS.md, E).
\getenv abs_srcdir PG_ABS_SRCDIR
\set harness :abs_srcdir '/test/regress/attack.psql'
\set ECHO none
\i :harness

-- 2,000 rows, so that there are pages for workers and values for statistics
CREATE TABLE big AS SELECT g AS id, t.addr FROM t, generate_series(1, 1000) g;
CREATE TABLE big_plain AS SELECT g AS id, p.addr FROM plain p, generate_series(1, 1000) g;
ALTER TABLE big SET (parallel_workers = 2);
ALTER TABLE big OWNER TO regress_u;
ALTER TABLE big_plain OWNER TO regress_u;
GRANT SELECT ON big, big_plain TO regress_m;
ANALYZE t, big, big_plain;

SELECT attack('regress_m', 'SELECT most_common_vals FROM pg_stats WHERE tablename = ''big_plain'' AND attname = ''addr''') AS control;

SELECT a.attack, r.who, a.way, attack(r.who, VARIADIC a.statements) AS saw
FROM (VALUES
	(1, 'pg_stats', ARRAY['SELECT * FROM pg_stats WHERE schemaname = ''regress_attack'' AND tablename IN (''t'', ''big'')']),
	(2, 'pg_statistic', ARRAY['SELECT * FROM pg_statistic WHERE starelid IN (''t''::regclass, ''big''::regclass)']),
	(3, 'statistics on the door', ARRAY['CREATE STATISTICS s ON (protaddr.show(addr)), (protaddr.post_code(addr)), id FROM big', 'ANALYZE big', 'SELECT most_common_vals, histogram_bounds FROM pg_stats_ext_exprs', 'SELECT * FROM pg_stats_ext', 'SELECT * FROM pg_statistic_ext']),
	(4, 'EXPLAIN', ARRAY['EXPLAIN (VERBOSE) SELECT protaddr.show(addr) FROM t WHERE protaddr.street_name(addr) = ''x''']),
	(5, 'EXPLAIN ANALYZE', ARRAY['EXPLAIN (ANALYZE, VERBOSE, COSTS off, TIMING off) SELECT addr FROM t ORDER BY protaddr.show(addr)']),
	(6, 'operator with scalarltsel', ARRAY['CREATE FUNCTION f(protaddr.address, protaddr.address) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS ''BEGIN RAISE EXCEPTION ''''% %'''', protaddr.show($1), $1; END''', 'CREATE OPERATOR <# (LEFTARG = protaddr.address, RIGHTARG = protaddr.address, FUNCTION = f, RESTRICT = scalarltsel)', 'EXPLAIN SELECT FROM big WHERE addr <# (SELECT addr FROM t WHERE id = 1)', 'SELECT FROM t WHERE id = 1 AND addr <# addr']),
	(7, 'leaky function in a barrier view', ARRAY['CREATE FUNCTION f(protaddr.address) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS ''BEGIN RAISE EXCEPTION ''''% %'''', protaddr.show($1), $1; END''', 'CREATE VIEW v WITH (security_barrier) AS SELECT * FROM t WHERE id = 1', 'SELECT FROM v WHERE f(addr)']),
	(8, 'LEAKPROOF of their own', ARRAY['CREATE FUNCTION f(protaddr.address) RETURNS boolean LANGUAGE sql LEAKPROOF AS ''SELECT true''']),
	(9, 'planner support', ARRAY['ALTER FUNCTION protaddr.show(protaddr.address) IMMUTABLE']),
	(10, 'constant folded by a lying function', ARRAY['CREATE FUNCTION f() RETURNS text LANGUAGE sql IMMUTABLE AS ''SELECT protaddr.show(addr) FROM regress_attack.t WHERE id = 1''', 'PREPARE regress_folded AS SELECT f()', 'SET LOCAL plan_cache_mode = force_generic_plan', 'EXECUTE regress_folded', 'EXPLAIN EXECUTE regress_folded', 'DEALLOCATE regress_folded']),
	(11, 'EXPLAIN of a constant', ARRAY['DO $$BEGIN EXECUTE format(''CREATE VIEW v AS SELECT protaddr.show(%L)'', (SELECT token FROM tokens WHERE id = 1)); END$$', 'TABLE v', 'EXPLAIN (VERBOSE) TABLE v', 'SELECT pg_get_viewdef(''v'')']),
	(12, 'index of their own on a copy', ARRAY['CREATE TABLE c AS TABLE t', 'CREATE INDEX ON c USING hash (addr)', 'CREATE UNIQUE INDEX ON c (addr)', 'SET LOCAL enable_seqscan = off', 'SELECT c.addr FROM c WHERE c.addr OPERATOR(protaddr.===) (SELECT addr FROM t WHERE id = 1)']),
	(13, 'memoize and hash join', ARRAY['SET LOCAL enable_mergejoin = off', 'SELECT count(*), min(protaddr.show(a.addr)), max(protaddr.show(a.addr)) FROM big a JOIN t b ON a.addr OPERATOR(protaddr.===) b.addr']),
	(14, 'hash of the whole row', ARRAY['SELECT count(DISTINCT big), count(DISTINCT addr) FROM big WHERE id < 10', 'SELECT addr FROM big GROUP BY addr'])
) a(attack, way, statements), (VALUES ('regress_m'), ('regress_u')) r(who)
ORDER BY 1, 2;

-- parallel plans: the door stays in the leader, unless somebody lies
CREATE FUNCTION honest(protaddr.address) RETURNS text LANGUAGE plpgsql STABLE AS 'BEGIN RETURN protaddr.show($1); END';
CREATE FUNCTION lying(protaddr.address) RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE AS 'BEGIN RETURN protaddr.show($1); END';
CREATE FUNCTION lying_sql(protaddr.address) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT protaddr.show($1)';
CREATE FUNCTION lying_plain(text) RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE AS 'BEGIN RETURN $1; END';
SET client_min_messages = error;
SET SESSION AUTHORIZATION regress_m;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SET parallel_leader_participation = off;
SET jit = on;
SET jit_above_cost = 0;
EXPLAIN (COSTS off) SELECT count(lying(addr)) FROM big;
SELECT min(lying_plain(addr)) || max(lying_plain(addr)) AS g_plain FROM big_plain \gset
SELECT min(protaddr.show(addr)) || max(protaddr.show(addr)) AS g_show FROM big \gset
SELECT string_agg(DISTINCT addr::text, ' ') AS g_token FROM big \gset
SELECT min(honest(addr)) || max(honest(addr)) AS g_honest FROM big \gset
SELECT min(lying(addr)) || max(lying(addr)) AS g_lying FROM big \gset
SELECT min(lying_sql(addr)) || max(lying_sql(addr)) AS g_lying_sql FROM big \gset
RESET SESSION AUTHORIZATION;
SELECT saw(:'g_plain') AS control, saw(:'g_show') AS show, saw(:'g_token') AS token, saw(:'g_honest') AS honest, saw(:'g_lying') AS lying, saw(:'g_lying_sql') AS lying_sql;

-- a worker does not know that its leader's transaction lifts
BEGIN;
SELECT protaddr.lift('0707614285', 'DK-CPR', '0001');
SELECT min(lying(addr)) || max(lying(addr)) AS g_lying FROM big \gset
SELECT min(protaddr.show(addr)) || max(protaddr.show(addr)) AS g_show FROM big \gset
ROLLBACK;
SELECT saw(:'g_lying') AS lying, saw(:'g_show') AS show;

-- cached plans: what was free is withheld from the next execution on
SET client_min_messages = warning;
SET plan_cache_mode = force_generic_plan;
SELECT addr AS token FROM t WHERE id = 2 \gset
PREPARE constant AS SELECT protaddr.show(:'token');
PREPARE reads AS SELECT protaddr.show(addr) FROM t WHERE id = 2;
CREATE FUNCTION keeps() RETURNS text LANGUAGE plpgsql AS 'DECLARE s text; BEGIN s := protaddr.show((SELECT addr FROM regress_attack.t WHERE id = 2)); RETURN s; END';
EXECUTE constant;
EXECUTE reads;
SELECT keeps();
SELECT protaddr.protect('0202022222', 'DK-CPR', '0001');
EXECUTE constant;
EXECUTE reads;
SELECT keeps();
SELECT attack('regress_m', 'SELECT protaddr.show(addr) FROM t');

\c -
SET client_min_messages = warning;
DROP SCHEMA regress_attack CASCADE;
DROP EXTENSION protaddr CASCADE;
DROP ROLE regress_m, regress_u, regress_super;
