-- attack_stored_code: code that others keep in the database and that meets the column (ATTACKS.md, B).
\getenv abs_srcdir PG_ABS_SRCDIR
\set harness :abs_srcdir '/test/regress/attack.psql'
\set ECHO none
\i :harness

-- the harness sees what such code would tell
SELECT attack('regress_m', 'CREATE FUNCTION f() RETURNS SETOF text BEGIN ATOMIC SELECT addr FROM plain; END', 'SELECT f()') AS control;

SELECT a.attack, r.who, a.way, attack(r.who, VARIADIC a.statements) AS saw
FROM (VALUES
	(1, 'BEGIN ATOMIC', ARRAY['CREATE FUNCTION f() RETURNS SETOF text BEGIN ATOMIC SELECT addr::text FROM t UNION ALL SELECT protaddr.show(addr) FROM t; END', 'SELECT f()']),
	(2, 'plpgsql', ARRAY['CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $f$ DECLARE a protaddr.address; b text; BEGIN SELECT addr INTO a FROM t WHERE id = 1; b := a; RETURN b || '' '' || protaddr.show(a); END $f$', 'SELECT f()']),
	(3, 'EXECUTE', ARRAY['CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $f$ DECLARE b text; BEGIN EXECUTE ''SELECT protaddr.show(addr) || addr::text FROM t WHERE id = $1'' INTO b USING 1; RETURN b; END $f$', 'SELECT f()']),
	(4, 'DO that raises', ARRAY['DO $f$ BEGIN RAISE EXCEPTION ''%'', (SELECT string_agg(protaddr.show(addr) || '' '' || addr::text, '','') FROM t); END $f$']),
	(5, 'DO with ASSERT', ARRAY['DO $f$ BEGIN ASSERT false, (SELECT protaddr.show(addr) FROM t WHERE id = 1); END $f$']),
	(6, 'custom GUC as a store', ARRAY['SELECT set_config(''regress.x'', string_agg(protaddr.show(addr), '',''), true) FROM t', 'SELECT current_setting(''regress.x'')']),
	(7, 'SECURITY DEFINER, the type', ARRAY['CREATE FUNCTION f() RETURNS SETOF protaddr.address LANGUAGE sql SECURITY DEFINER AS ''SELECT addr FROM regress_attack.t''', 'SELECT f(), protaddr.show(f())']),
	(8, 'SECURITY DEFINER, text', ARRAY['CREATE FUNCTION f() RETURNS SETOF text LANGUAGE sql SECURITY DEFINER AS ''SELECT protaddr.show(addr) FROM regress_attack.t''', 'SELECT f()']),
	(9, 'polymorphic', ARRAY['CREATE FUNCTION f(anyelement) RETURNS text LANGUAGE sql AS ''SELECT $1::text''', 'SELECT f(addr), f(t) FROM t']),
	(10, 'rule', ARRAY['CREATE TABLE c (id int)', 'CREATE RULE r AS ON INSERT TO c DO INSTEAD SELECT protaddr.show(addr), addr FROM t', 'INSERT INTO c VALUES (1)', 'SELECT ev_action FROM pg_rewrite WHERE ev_class = ''c''::regclass']),
	(11, 'policy', ARRAY['CREATE TABLE c AS TABLE t', 'ALTER TABLE c ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', 'CREATE POLICY p ON c USING (protaddr.street_name(addr) LIKE ''Kan%'')', 'SELECT ''row '' || id || '' is Kanarie'' FROM c']),
	(12, 'CHECK', ARRAY['CREATE TABLE c (addr protaddr.address CHECK (protaddr.show(addr) LIKE ''Kan%''))', 'INSERT INTO c SELECT addr FROM t WHERE id = 1']),
	(13, 'domain CHECK', ARRAY['CREATE DOMAIN d AS protaddr.address CHECK (protaddr.show(VALUE) LIKE ''Kan%'')', 'SELECT addr::d FROM t WHERE id = 1']),
	(14, 'DEFAULT', ARRAY['CREATE FUNCTION f() RETURNS text LANGUAGE sql AS ''SELECT protaddr.show(addr) FROM regress_attack.t WHERE id = 1''', 'CREATE TABLE c (i int, x text DEFAULT f())', 'INSERT INTO c (i) VALUES (1)', 'TABLE c']),
	(15, 'index on the door', ARRAY['CREATE TABLE c AS TABLE t', 'CREATE INDEX ON c (protaddr.show(addr))']),
	(16, 'index predicate', ARRAY['CREATE TABLE c AS TABLE t', 'CREATE INDEX ON c (id) WHERE protaddr.post_code(addr) = ''8000''']),
	(17, 'partition key', ARRAY['CREATE TABLE c (LIKE t) PARTITION BY LIST (protaddr.show(addr))']),
	(18, 'generated column', ARRAY['CREATE TABLE c (addr protaddr.address, s text GENERATED ALWAYS AS (protaddr.show(addr)) STORED)']),
	(19, 'generated, lying SQL function', ARRAY['CREATE FUNCTION f(protaddr.address) RETURNS text LANGUAGE sql IMMUTABLE AS ''SELECT protaddr.show($1)''', 'CREATE TABLE c (addr protaddr.address, s text GENERATED ALWAYS AS (f(addr)) STORED)', 'INSERT INTO c SELECT addr FROM t', 'TABLE c']),
	(20, 'index, lying function', ARRAY['CREATE FUNCTION f(protaddr.address) RETURNS text LANGUAGE plpgsql IMMUTABLE AS ''BEGIN RETURN protaddr.show($1); END''', 'CREATE TABLE c AS TABLE t', 'CREATE INDEX i ON c (f(addr))', 'SET LOCAL enable_seqscan = off', 'SELECT f(addr) FROM c ORDER BY f(addr)', 'ANALYZE c', 'SELECT most_common_vals, histogram_bounds FROM pg_stats WHERE tablename = ''i''']),
	(21, 'partition key, lying function', ARRAY['CREATE FUNCTION f(protaddr.address) RETURNS text LANGUAGE plpgsql IMMUTABLE AS ''BEGIN RETURN protaddr.show($1); END''', 'CREATE TABLE c (LIKE t) PARTITION BY LIST (f(addr))', 'CREATE TABLE c1 PARTITION OF c FOR VALUES IN (''Kanariegade'')', 'INSERT INTO c SELECT * FROM t WHERE id = 1']),
	(22, 'BEFORE trigger on a copy', ARRAY['CREATE TABLE c (LIKE t, s text)', 'CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS ''BEGIN NEW.s := concat(protaddr.show(NEW.addr), NEW.addr, NEW); RETURN NEW; END''', 'CREATE TRIGGER a BEFORE INSERT ON c FOR EACH ROW EXECUTE FUNCTION f()', 'INSERT INTO c SELECT * FROM t', 'TABLE c']),
	(23, 'transition table', ARRAY['CREATE TABLE c (LIKE t)', 'CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS ''BEGIN RAISE EXCEPTION ''''%'''', (SELECT string_agg(n::text || protaddr.show(n.addr), '''','''') FROM n); END''', 'CREATE TRIGGER a AFTER INSERT ON c REFERENCING NEW TABLE AS n FOR EACH STATEMENT EXECUTE FUNCTION f()', 'INSERT INTO c SELECT * FROM t']),
	(24, 'INSTEAD OF', ARRAY['CREATE VIEW v AS SELECT * FROM t', 'CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS ''BEGIN RAISE EXCEPTION ''''% %'''', protaddr.show(OLD.addr), OLD; END''', 'CREATE TRIGGER a INSTEAD OF UPDATE ON v FOR EACH ROW EXECUTE FUNCTION f()', 'UPDATE v SET id = 9']),
	(25, 'deferred trigger', ARRAY['CREATE TABLE c (LIKE t)', 'CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS ''BEGIN RAISE EXCEPTION ''''% %'''', protaddr.show(NEW.addr), NEW; END''', 'CREATE CONSTRAINT TRIGGER a AFTER INSERT ON c INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION f()', 'INSERT INTO c SELECT * FROM t WHERE id = 1', 'SET CONSTRAINTS ALL IMMEDIATE']),
	(26, 'cast WITHOUT FUNCTION', ARRAY['CREATE CAST (protaddr.address AS bytea) WITHOUT FUNCTION']),
	(27, 'cast WITH INOUT', ARRAY['CREATE CAST (protaddr.address AS text) WITH INOUT AS IMPLICIT']),
	(28, 'cast to a type of theirs', ARRAY['CREATE TYPE p AS (x text)', 'CREATE FUNCTION f(protaddr.address) RETURNS p LANGUAGE sql AS ''SELECT ROW($1::text || protaddr.show($1))::regress_attack.p''', 'CREATE CAST (protaddr.address AS p) WITH FUNCTION f(protaddr.address) AS IMPLICIT', 'SELECT addr::p FROM t']),
	(29, 'operator =', ARRAY['CREATE FUNCTION f(protaddr.address, text) RETURNS boolean LANGUAGE sql AS ''SELECT protaddr.show($1) ~* $2''', 'CREATE OPERATOR = (LEFTARG = protaddr.address, RIGHTARG = text, FUNCTION = f)', 'SELECT ''found Kanarie'' FROM t WHERE addr = ''Kanarie''::text']),
	(30, 'operator class', ARRAY['CREATE FUNCTION f(protaddr.address, protaddr.address) RETURNS int LANGUAGE sql IMMUTABLE AS ''SELECT 0''', 'CREATE OPERATOR CLASS o FOR TYPE protaddr.address USING btree AS FUNCTION 1 f(protaddr.address, protaddr.address)']),
	(31, 'range with a subtype_diff', ARRAY['CREATE FUNCTION f(protaddr.address, protaddr.address) RETURNS float8 LANGUAGE plpgsql IMMUTABLE AS ''BEGIN RAISE EXCEPTION ''''%'''', protaddr.show($1); END''', 'CREATE TYPE p AS RANGE (subtype = protaddr.address, subtype_diff = f)', 'CREATE TABLE c (r p)', 'INSERT INTO c SELECT p(a, a, ''[]'') FROM (SELECT token::protaddr.address AS a FROM tokens WHERE id < 2) x, generate_series(1, 400)', 'CREATE INDEX ON c USING gist (r)']),
	(32, 'event trigger', ARRAY['CREATE FUNCTION f() RETURNS event_trigger LANGUAGE plpgsql AS ''BEGIN END''', 'CREATE EVENT TRIGGER e ON sql_drop EXECUTE FUNCTION f()']),
	(33, 'trigger function called', ARRAY['SELECT protaddr.bind_row()']),
	(34, 'binding of their own', ARRAY['CREATE TABLE c (LIKE t)', 'CREATE TRIGGER b BEFORE INSERT ON c FOR EACH ROW EXECUTE FUNCTION protaddr.bind_row(''addr'', ''cpr'')']),
	(35, 'bind_column', ARRAY['CREATE TABLE c (LIKE t)', 'SELECT protaddr.bind_column(''c'', ''addr'', ''cpr'')']),
	(36, 'release', ARRAY['SELECT protaddr.show(protaddr.release(addr, ''cross_border'')) FROM t']),
	(37, 'gate of their own', ARRAY['CREATE TABLE c (LIKE t)', 'CREATE TRIGGER b BEFORE INSERT ON c FOR EACH ROW EXECUTE FUNCTION protaddr.gate_row(''cross_border'', ''cpr'')']),
	(38, 'partition of the bound table', ARRAY['CREATE TABLE c PARTITION OF t DEFAULT']),
	(39, 'child of the bound table', ARRAY['CREATE TABLE c () INHERITS (t)', 'INSERT INTO c SELECT 9, ''0202022222'', addr FROM t WHERE id = 1', 'SELECT protaddr.show(addr) FROM t'])
) a(attack, way, statements), (VALUES ('regress_m'), ('regress_u')) r(who)
ORDER BY 1, 2;

-- a superuser who binds the owner's table runs the owner's triggers, and they gain nothing by it
SELECT a.attack, attack('regress_super', 'SET LOCAL ROLE regress_u', 'CREATE TABLE c (LIKE t)', 'INSERT INTO c TABLE t',
	format('CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $f$BEGIN %s; RETURN NEW; END$f$', a.body), a.trigger, 'RESET ROLE',
	'SELECT protaddr.bind_column(''c'', ''addr'', ''cpr'')', 'SET CONSTRAINTS ALL IMMEDIATE', 'SELECT ''[stored]'' FROM pg_roles WHERE rolname = ''regress_u'' AND rolsuper', 'SELECT protaddr.show(addr) FROM c') AS saw
FROM (VALUES
	(1, 'NULL', 'CREATE TRIGGER a BEFORE UPDATE ON c FOR EACH ROW EXECUTE FUNCTION f()'),
	(2, 'ALTER ROLE regress_u SUPERUSER', 'CREATE TRIGGER a BEFORE UPDATE ON c FOR EACH ROW EXECUTE FUNCTION f()'),
	(3, 'RESET ROLE; ALTER ROLE regress_u SUPERUSER', 'CREATE TRIGGER a BEFORE UPDATE ON c FOR EACH ROW EXECUTE FUNCTION f()'),
	(4, 'ALTER ROLE regress_u SUPERUSER', 'CREATE TRIGGER a AFTER UPDATE ON c FOR EACH ROW EXECUTE FUNCTION f()'),
	(5, 'ALTER ROLE regress_u SUPERUSER', 'CREATE CONSTRAINT TRIGGER a AFTER UPDATE ON c INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION f()')) a(attack, body, trigger)
ORDER BY 1;

-- constants in the catalogs, which PUBLIC may read: sealed, where text stands in clear
CREATE VIEW stored AS SELECT 'Kanariegade 1'::protaddr.address AS a;
CREATE VIEW stored_plain AS SELECT 'Kanariegade 1'::text AS a;
CREATE TABLE stored_default (a protaddr.address DEFAULT 'Kanariegade 1', b text DEFAULT 'Kanariegade 1');
SELECT c.relname, r.ev_action::text ~ '75 97 110 97 114 105 101 103' AS leak
FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class WHERE c.relname LIKE 'stored%' ORDER BY 1;
SELECT a.attname, d.adbin::text ~ '75 97 110 97 114 105 101 103' AS leak
FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
WHERE d.adrelid = 'stored_default'::regclass ORDER BY 1;

-- what a definer function raises reaches the client as it is
SET SESSION AUTHORIZATION regress_u;
CREATE FUNCTION tell() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = regress_attack AS $$
DECLARE r record;
BEGIN
	FOR r IN SELECT id, protaddr.show(addr) s, length(addr::text) > 100 token FROM t ORDER BY id LOOP
		RAISE WARNING 'person %: %', r.id, CASE r.s WHEN '[address withheld]' THEN r.s ELSE left(r.s, 5) END;
	END LOOP;
END
$$;
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION regress_m;
SELECT tell();
RESET SESSION AUTHORIZATION;

-- triggers of the owner round the binding: whatever they put back is bound before or withheld
SET SESSION AUTHORIZATION regress_u;
CREATE FUNCTION swap() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	NEW.addr := (SELECT addr FROM t WHERE id = 1);
	RETURN NEW;
END
$$;
CREATE TRIGGER zzzz BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION swap();
INSERT INTO t VALUES (3, '0202022222', 'Somewhere 1');
DROP TRIGGER zzzz ON t;
CREATE TRIGGER aaaa BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION swap();
INSERT INTO t VALUES (4, '0202022222', 'Somewhere 1');
ALTER TABLE t DISABLE TRIGGER aaaa;
CREATE FUNCTION rename() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.cpr := ''0202022222''; RETURN NEW; END';
CREATE TRIGGER zzzz BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION rename();
INSERT INTO t VALUES (5, '0707614285', 'Kanariegade 5');
ALTER TABLE t DISABLE TRIGGER USER;
INSERT INTO t VALUES (6, '0202022222', 'Kanariegade 6');
UPDATE t SET cpr = '0202022222' WHERE id = 1;
SELECT id, cpr, protaddr.show(addr) FROM t ORDER BY id;
SELECT status FROM protaddr.bound_column WHERE relation = 't'::regclass;
RESET SESSION AUTHORIZATION;

-- whoever looks after a table does not lend rights to the domains of its columns
SET SESSION AUTHORIZATION regress_u;
CREATE TABLE ran (who name);
CREATE FUNCTION notes(text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN INSERT INTO regress_attack.ran VALUES (current_user); RETURN true; END';
CREATE DOMAIN noted AS text CHECK (regress_attack.notes(VALUE));
CREATE TABLE outbound (id integer PRIMARY KEY, payer text, status noted, doc noted, addr protaddr.address);
INSERT INTO outbound VALUES (1, '0707614285', 'new', '{"Dbtr": {"PstlAdr": {"AdrLine": ["Elsewhere 1"]}}}', 'Elsewhere 1');
RESET SESSION AUTHORIZATION;
SELECT protaddr.install_gate('outbound', 'sumclearing', 'payer', messages => '{"doc": "json"}', hold_column => 'status', hold_value => 'held');
SELECT column_name, problem, if_updated FROM protaddr.verify_gate('outbound');
SELECT protaddr.bind_column('outbound', 'addr', 'payer');
CALL protaddr.reseal('outbound');
SELECT DISTINCT who FROM ran;

\c -
SET client_min_messages = warning;
DROP SCHEMA regress_attack CASCADE;
DROP EXTENSION protaddr CASCADE;
DROP ROLE regress_m, regress_u, regress_super;
