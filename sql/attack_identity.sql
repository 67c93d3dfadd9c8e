-- attack_identity: who asks makes no difference (ATTACKS.md, C).
\getenv abs_srcdir PG_ABS_SRCDIR
\set harness :abs_srcdir '/test/regress/attack.psql'
\set ECHO none
\i :harness

CREATE ROLE regress_reader;
GRANT pg_read_all_data TO regress_reader;
CREATE ROLE regress_bypass BYPASSRLS;
CREATE ROLE regress_writer;
GRANT pg_write_all_data, pg_read_all_data TO regress_writer;
CREATE ROLE regress_pool;
GRANT regress_m, regress_u TO regress_pool;
GRANT SELECT ON t, plain TO regress_bypass;

SELECT attack('regress_reader', 'TABLE plain') AS control;

SELECT r.who, a.way, attack(r.who, VARIADIC a.statements) AS saw
FROM (VALUES
	(1, 'read', ARRAY['SELECT addr, protaddr.show(addr) FROM t']),
	(2, 'SET ROLE', ARRAY['SET LOCAL ROLE regress_u', 'SELECT addr, protaddr.show(addr) FROM t']),
	(4, 'register', ARRAY['SELECT ''readable: Aabenvej'' FROM protaddr.protection']),
	(5, 'is_protected', ARRAY['SELECT protaddr.is_protected(''0707614285'')']),
	(6, 'lift', ARRAY['SELECT protaddr.lift(''0707614285'', ''DK-CPR'', ''0001'')']),
	(7, 'confirm', ARRAY['SELECT protaddr.confirm_register(''hand'')']),
	(8, 'data key', ARRAY['SELECT ''readable: Aabenvej'' FROM protaddr.data_key']),
	(9, 'outer key', ARRAY['SELECT pg_read_file(''protaddr.kek'')']),
	(10, 'close the protection', ARRAY['UPDATE protaddr.protection SET recorded_to = now()']),
	(11, 'end the protection', ARRAY['UPDATE protaddr.protection SET valid_to = now()']),
	(12, 'delete it', ARRAY['DELETE FROM protaddr.protection']),
	(13, 'change its kind', ARRAY['UPDATE protaddr.protection SET kind = ''none''']),
	(14, 'make the register fresh', ARRAY['INSERT INTO protaddr.register_source VALUES (''x'', now())']),
	(15, 'own the table', ARRAY['ALTER TABLE t OWNER TO CURRENT_USER']),
	(16, 'own the function', ARRAY['ALTER FUNCTION protaddr.show(protaddr.address) LEAKPROOF']),
	(17, 'replace the function', ARRAY['CREATE OR REPLACE FUNCTION protaddr.lift(subject text, regime text, code text, reason text DEFAULT NULL) RETURNS boolean LANGUAGE sql AS ''SELECT true''']),
	(18, 'object in the schema', ARRAY['CREATE FUNCTION protaddr.x() RETURNS int LANGUAGE sql AS ''SELECT 1'''])
) a(attack, way, statements),
	(VALUES (1, 'regress_m'), (2, 'regress_u'), (3, 'regress_reader'), (4, 'regress_bypass'), (5, 'regress_writer'), (6, 'regress_pool')) r(n, who)
WHERE a.attack NOT IN (2, 6, 7, 15, 16, 17, 18) OR r.n IN (1, 5, 6)
ORDER BY a.attack, r.n;

-- what even a superuser cannot do without leaving the extension's own functions
SELECT a.attack, a.way, attack('regress_super', VARIADIC a.statements) AS saw
FROM (VALUES
	(1, 'read', ARRAY['SELECT addr, protaddr.show(addr), protaddr.show_iso(addr), protaddr.post_code(addr) FROM t']),
	(2, 'release', ARRAY['SELECT protaddr.show(protaddr.release(addr, ''sumclearing'')) FROM t']),
	(3, 'release the legal minimum', ARRAY['SELECT protaddr.show(protaddr.release(addr, ''cross_border'', 5000, ''EUR'')) FROM t']),
	(8, 'change its kind', ARRAY['UPDATE protaddr.protection SET kind = ''none''']),
	(9, 'delete it', ARRAY['DELETE FROM protaddr.protection']),
	(10, 'truncate', ARRAY['TRUNCATE protaddr.protection']),
	(11, 'as a replica', ARRAY['SET LOCAL session_replication_role = replica', 'DELETE FROM protaddr.protection']),
	(12, 'write as a replica', ARRAY['SET LOCAL session_replication_role = replica', 'INSERT INTO t SELECT 9, ''0707614285'', token::protaddr.address FROM tokens WHERE id = 0', 'SELECT protaddr.show(addr) FROM t WHERE id = 9']),
	(13, 'cast WITHOUT FUNCTION', ARRAY['CREATE CAST (protaddr.address AS bytea) WITHOUT FUNCTION', 'SELECT addr::bytea FROM t WHERE id = 1']),
	(14, 'ownership moved', ARRAY['REASSIGN OWNED BY regress_u TO regress_m', 'SET LOCAL ROLE regress_m', 'SELECT protaddr.show(addr) FROM t']),
	(15, 'role made anew', ARRAY['DROP OWNED BY regress_m', 'DROP ROLE regress_m', 'CREATE ROLE regress_m', 'SET LOCAL ROLE regress_m', 'SELECT protaddr.show(addr) FROM t']),
	(16, 'definer in a definer', ARRAY['CREATE FUNCTION f() RETURNS SETOF text LANGUAGE sql SECURITY DEFINER AS ''SELECT protaddr.show(addr) FROM regress_attack.t''', 'SET LOCAL ROLE regress_u', 'CREATE FUNCTION g() RETURNS SETOF text LANGUAGE sql SECURITY DEFINER AS ''SELECT regress_attack.f()''', 'SET LOCAL ROLE regress_m', 'SELECT g()'])
) a(attack, way, statements)
ORDER BY 1;

-- each on its own: what loosens the register ends all telling in its transaction
SET client_min_messages = error;
SELECT attack('regress_super', 'SELECT protaddr.lift(''0707614285'', ''DK-CPR'', ''0001'')', 'SELECT protaddr.show(addr) FROM t') AS "lift and look";
SELECT attack('regress_super', 'DO $$BEGIN PERFORM protaddr.lift(''0707614285'', ''DK-CPR'', ''0001''); RAISE EXCEPTION ''%'', (SELECT protaddr.show(addr) FROM regress_attack.t WHERE id = 1); EXCEPTION WHEN raise_exception THEN NULL; END$$', 'SELECT protaddr.show(addr) FROM t') AS "lift, look, roll back to a savepoint";
SELECT attack('regress_super', 'SELECT protaddr.retire_register(''hand'')', 'SELECT protaddr.confirm_register(''mine'', new_source => true)', 'SELECT protaddr.show(addr) FROM t') AS "confirm and look";
SELECT attack('regress_super', 'UPDATE protaddr.protection SET recorded_to = now()', 'SELECT protaddr.show(addr) FROM t') AS "close the protection and look";
SELECT attack('regress_super', 'UPDATE protaddr.channel SET when_protected = ''minimum'' WHERE channel = ''sumclearing''', 'SELECT protaddr.show(protaddr.release(addr, ''sumclearing'')) FROM t WHERE id = 1') AS "change the law and look";

-- a role that may lift gains nothing before it has committed; rolled back, all is as it was
GRANT EXECUTE ON FUNCTION protaddr.lift(text, text, text, text), protaddr.confirm_register(text, interval, boolean) TO regress_m;
SET client_min_messages = error;
SET SESSION AUTHORIZATION regress_m;
BEGIN;
SELECT protaddr.lift('0707614285', 'DK-CPR', '0001');
SELECT id, protaddr.show(addr) FROM t ORDER BY id;
SAVEPOINT s;
SELECT protaddr.confirm_register('hand');
ROLLBACK TO s;
SELECT id, protaddr.show(addr) FROM t ORDER BY id;
ROLLBACK;
SELECT id, protaddr.show(addr) FROM t ORDER BY id;
BEGIN;
SAVEPOINT s;
SELECT protaddr.lift('0707614285', 'DK-CPR', '0001');
ROLLBACK TO s;
SELECT id, protaddr.show(addr) FROM t ORDER BY id;
COMMIT;
RESET SESSION AUTHORIZATION;

-- plans prepared by one role and executed by another, custom and generic
SET client_min_messages = warning;
SET SESSION AUTHORIZATION regress_u;
PREPARE p(int) AS SELECT addr::text || ' ' || protaddr.show(addr) AS got FROM t WHERE id = $1;
PREPARE q AS SELECT protaddr.lift('0707614285', 'DK-CPR', '0001');
SET SESSION AUTHORIZATION regress_m;
SET plan_cache_mode = force_generic_plan;
EXECUTE p(1) \gset
SET plan_cache_mode = force_custom_plan;
EXECUTE p(1) \gset custom_
RESET SESSION AUTHORIZATION;
REVOKE EXECUTE ON FUNCTION protaddr.lift(text, text, text, text) FROM regress_m;
SET SESSION AUTHORIZATION regress_m;
EXECUTE q;
RESET SESSION AUTHORIZATION;
SELECT saw(:'got') AS generic, saw(:'custom_got') AS custom;
RESET SESSION AUTHORIZATION;

DROP OWNED BY regress_reader, regress_bypass, regress_writer, regress_pool;
DROP ROLE regress_reader, regress_bypass, regress_writer, regress_pool;

\c -
SET client_min_messages = warning;
DROP SCHEMA regress_attack CASCADE;
DROP EXTENSION protaddr CASCADE;
DROP ROLE regress_m, regress_u, regress_super;
