-- attack_session: settings, transactions, hostile names: nothing in a user's gift widens what is told (ATTACKS.md, D).
\getenv abs_srcdir PG_ABS_SRCDIR
\set harness :abs_srcdir '/test/regress/attack.psql'
\set ECHO none
\i :harness

SELECT attack('regress_m', 'TABLE plain') AS control;

-- settings
SELECT a.attack, r.who, a.way, attack(r.who, VARIADIC a.statements || 'SELECT protaddr.show(addr), current_setting(''protaddr.register_max_age'') FROM t'::text) AS saw
FROM (VALUES
	(1, 'SET', ARRAY['SET protaddr.register_max_age = ''100 years''']),
	(2, 'SET LOCAL', ARRAY['SET LOCAL protaddr.register_max_age = 2000000000']),
	(3, 'set_config', ARRAY['SELECT set_config(''protaddr.register_max_age'', ''9999999'', true)']),
	(4, 'UPDATE pg_settings', ARRAY['UPDATE pg_settings SET setting = ''9999999'' WHERE name = ''protaddr.register_max_age''']),
	(5, 'outer key file', ARRAY['SET protaddr.kek_file = ''/tmp/mine''']),
	(6, 'outer key program', ARRAY['SET protaddr.kek_command = ''echo mine''']),
	(7, 'see the program', ARRAY['SHOW protaddr.kek_command']),
	(8, 'a setting there is not', ARRAY['SET protaddr.unlock = on']),
	(9, 'function SET', ARRAY['CREATE FUNCTION f() RETURNS int LANGUAGE sql SET protaddr.register_max_age = ''100 years'' AS ''SELECT 1''']),
	(10, 'ALTER ROLE SET', ARRAY['ALTER ROLE CURRENT_USER SET protaddr.register_max_age = ''100 years''']),
	(12, 'replica', ARRAY['SET LOCAL session_replication_role = replica']),
	(13, 'row_security, check_function_bodies', ARRAY['SET LOCAL row_security = off', 'SET LOCAL check_function_bodies = off']),
	(14, 'output settings', ARRAY['SET LOCAL bytea_output = escape', 'SET LOCAL xmlbinary = hex', 'SET LOCAL standard_conforming_strings = off', 'SET LOCAL quote_all_identifiers = on']),
	(15, 'planner and executor', ARRAY['SET LOCAL jit_above_cost = 0', 'SET LOCAL plan_cache_mode = force_generic_plan', 'SET LOCAL from_collapse_limit = 1'])
) a(attack, way, statements), (VALUES ('regress_m'), ('regress_super')) r(who)
WHERE r.who = 'regress_m' OR a.attack NOT IN (7, 10)
ORDER BY 1, 2;

-- placeholders set before the library is loaded, by the connection and by the session; a
-- server that preloads it refuses such a connection, and such a statement
SELECT current_setting('shared_preload_libraries') ~ 'protaddr' AS preloaded \gset
\if :preloaded
\else
\c -reuse-previous=on "options='-c protaddr.register_max_age=2000000000 -c protaddr.kek_file=/nowhere -c protaddr.kek_command=false -c protaddr.unlock=on'"
\endif
SET client_min_messages = error;
SET search_path = regress_attack;
SET SESSION AUTHORIZATION regress_m;
SELECT id, protaddr.show(addr) FROM t ORDER BY id;
RESET SESSION AUTHORIZATION;
SELECT name, source FROM pg_settings WHERE name LIKE 'protaddr.%' AND source NOT IN ('default', 'configuration file', 'command line') ORDER BY 1;
\c -reuse-previous=on "options=''"
SET client_min_messages = error;
SET search_path = regress_attack;
SET SESSION AUTHORIZATION regress_m;
DO $$
DECLARE
    statement text;
BEGIN
    FOREACH statement IN ARRAY ARRAY['SET protaddr.register_max_age = 2000000000', 'SET protaddr.kek_command = ''false''', 'SET protaddr.unlock = ''on'''] LOOP
        BEGIN
            EXECUTE statement;
        EXCEPTION WHEN cant_change_runtime_param OR invalid_name THEN
        END;
    END LOOP;
END
$$;
SELECT id, protaddr.show(addr) FROM t ORDER BY id;
RESET SESSION AUTHORIZATION;
SELECT name, source FROM pg_settings WHERE name LIKE 'protaddr.%' AND source NOT IN ('default', 'configuration file', 'command line') ORDER BY 1;
DISCARD ALL;
SET client_min_messages = error;
SET search_path = regress_attack;

-- hostile names: functions, operators, tables and types before pg_catalog and in pg_temp
SET SESSION AUTHORIZATION regress_m;
CREATE FUNCTION textne(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT false';
CREATE FUNCTION texteq(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT false';
CREATE OPERATOR = (LEFTARG = text, RIGHTARG = text, FUNCTION = texteq);
CREATE OPERATOR <> (LEFTARG = text, RIGHTARG = text, FUNCTION = textne);
CREATE FUNCTION subject_key(text) RETURNS text LANGUAGE sql AS 'SELECT ''nobody''';
CREATE FUNCTION btrim(text) RETURNS text LANGUAGE sql AS 'SELECT ''nobody''';
CREATE FUNCTION clock_timestamp() RETURNS timestamptz LANGUAGE sql AS 'SELECT ''2000-01-01''::timestamptz';
CREATE TEMP TABLE protection (LIKE plain);
CREATE TEMP TABLE pg_class (relname name);
CREATE TEMP TABLE register_source (source text);
CREATE TEMP TABLE regime_code (regime text, code text, kind text);
CREATE DOMAIN pg_temp.text AS pg_catalog.text CHECK (VALUE IS NULL);
SET search_path = pg_temp, regress_attack, pg_catalog;
SELECT id, protaddr.show(addr) FROM t ORDER BY id;
RESET SESSION AUTHORIZATION;
SET search_path = pg_temp, regress_attack, pg_catalog;
SELECT protaddr.protect('0303033333'::pg_catalog.text, 'DK-CPR'::pg_catalog.text, '0001'::pg_catalog.text);
SELECT protaddr.protect('0707614285'::pg_catalog.text, 'DK-CPR'::pg_catalog.text, '0001'::pg_catalog.text);
SELECT protaddr.is_protected('0303033333'::pg_catalog.text), protaddr.is_protected('0202022222'::pg_catalog.text);
INSERT INTO t VALUES (3, '0303033333', 'Kanariegade 3');
SELECT protaddr.lift('0303033333'::pg_catalog.text, 'DK-CPR'::pg_catalog.text, '0001'::pg_catalog.text);
SELECT protaddr.lift('0303033333'::pg_catalog.text, 'DK-CPR'::pg_catalog.text, '0001'::pg_catalog.text);
SELECT subject_key, kind FROM protaddr.protection p ORDER BY p.id;
DISCARD TEMP;
SET search_path = regress_attack;
DROP OPERATOR regress_attack.= (text, text);
DROP OPERATOR regress_attack.<> (text, text);

-- a protection entered in this transaction counts at once, and is undone with it
BEGIN;
DECLARE c CURSOR FOR SELECT id, protaddr.show(addr) FROM t WHERE id <= 2 ORDER BY id DESC;
SELECT protaddr.show(addr) FROM t WHERE id = 2;
SAVEPOINT s;
SELECT protaddr.protect('0202022222', 'DK-CPR', '0001');
FETCH c;
SELECT protaddr.show(addr) FROM t WHERE id = 2;
ROLLBACK TO s;
SELECT protaddr.show(addr) FROM t WHERE id = 2;
RELEASE s;
CLOSE c;
ROLLBACK;

-- the look-up reads what is committed, whatever the snapshot; a code nobody knows protects
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT protaddr.show(addr) FROM t WHERE id = 2;
SELECT protaddr.protect('0202022222', 'XX', '????', new_regime => true);
SELECT protaddr.show(addr) FROM t WHERE id = 2;
ROLLBACK;
BEGIN;
SELECT protaddr.protect('0202022222', 'DK-CPR', '0003');
SELECT protaddr.show(addr) FROM t WHERE id = 2;
ROLLBACK;

-- a token from a transaction that was rolled back keeps its people; an unbound one has none
BEGIN;
INSERT INTO t VALUES (4, '0707614285', 'Kanariegade 4') RETURNING addr AS token \gset
ROLLBACK;
SELECT saw(protaddr.show(:'token'));
INSERT INTO t VALUES (4, '0202022222', :'token');
SELECT protaddr.show(addr) FROM t WHERE id = 4;

-- without a fresh register nobody's address is told
UPDATE protaddr.register_source SET current_as_of = now() - interval '10 days';
SELECT id, protaddr.show(addr) FROM t ORDER BY id;
SELECT protaddr.retire_register('hand');
SELECT id, protaddr.show(addr) FROM t ORDER BY id;
SELECT protaddr.confirm_register('hand');
SELECT id, protaddr.show(addr) FROM t WHERE id = 2;

-- protected while regime_code said that the code hides nothing: to be protected again once it is put right
UPDATE protaddr.regime_code SET kind = 'none' WHERE regime = 'DK-CPR' AND code = '0001';
SELECT protaddr.protect('0202022222', 'DK-CPR', '0001');
UPDATE protaddr.regime_code SET kind = 'name_and_address' WHERE regime = 'DK-CPR' AND code = '0001';
SELECT protaddr.protect('0202022222', 'DK-CPR', '0001');
SELECT protaddr.show(addr) FROM t WHERE id = 2;
SELECT protaddr.protect('0202022222', 'DK-CPR', '0001');

\c -
SET client_min_messages = warning;
DROP SCHEMA regress_attack CASCADE;
DROP EXTENSION protaddr CASCADE;
DROP ROLE regress_m, regress_u, regress_super;
