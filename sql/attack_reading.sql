-- attack_reading: every way to read a column (ATTACKS.md, A).  Expected: the token or
-- what the door answers, never the canary; "LEAK" only where it is plain text.
\getenv abs_srcdir PG_ABS_SRCDIR
\set harness :abs_srcdir '/test/regress/attack.psql'
\set ECHO none
\i :harness

-- the harness sees what is there
SELECT 'plain text' AS control, attack('regress_m', 'TABLE plain') AS saw
UNION ALL SELECT 'plain text as bytes', attack('regress_m', 'SELECT convert_to(addr, ''UTF8'') FROM plain')
UNION ALL SELECT 'plain text in an error', attack('regress_m', 'SELECT addr::integer FROM plain')
ORDER BY 1;

SELECT a.attack, a.way, attack(r.who, VARIADIC a.statements) AS saw
FROM (VALUES
	(1, 'plain', ARRAY['SELECT addr FROM t']),
	(2, 'TABLE', ARRAY['TABLE t']),
	(3, 'whole row', ARRAY['SELECT t FROM t']),
	(4, 'row_to_json', ARRAY['SELECT row_to_json(t) FROM t']),
	(5, 'to_jsonb', ARRAY['SELECT to_jsonb(t), to_jsonb(addr) FROM t']),
	(6, 't::text', ARRAY['SELECT t::text FROM t']),
	(7, 'format', ARRAY['SELECT format(''%s %L %I'', addr, addr, addr::text) FROM t']),
	(8, 'jsonb_populate_record', ARRAY['SELECT protaddr.show((jsonb_populate_record(NULL::t, to_jsonb(t))).addr) FROM t']),
	(9, 'set operations', ARRAY['SELECT addr FROM t UNION SELECT addr FROM t EXCEPT SELECT NULL INTERSECT SELECT addr FROM t']),
	(10, 'recursive', ARRAY['WITH RECURSIVE r AS (SELECT 1 n, addr FROM t UNION SELECT n + 1, addr FROM r WHERE n < 3) SELECT * FROM r']),
	(11, 'materialized CTE', ARRAY['WITH c AS MATERIALIZED (SELECT protaddr.show(addr) s FROM t) SELECT * FROM c']),
	(12, 'inlined CTE', ARRAY['WITH c AS NOT MATERIALIZED (SELECT protaddr.show(addr) s FROM t) SELECT * FROM c']),
	(13, 'LATERAL', ARRAY['SELECT s FROM t, LATERAL (SELECT protaddr.show(t.addr) s) x']),
	(14, 'sublink in VALUES', ARRAY['VALUES ((SELECT addr FROM t WHERE id = 1), (SELECT protaddr.show(addr) FROM t WHERE id = 1))']),
	(15, 'sublink in LIMIT', ARRAY['SELECT 1 LIMIT (SELECT protaddr.building_number(addr)::bigint FROM t WHERE id = 1)']),
	(16, 'ORDER BY the door', ARRAY['SELECT addr FROM t ORDER BY protaddr.show(addr)']),
	(17, 'string_agg', ARRAY['SELECT string_agg(addr::text || protaddr.show(addr), '','') FROM t']),
	(18, 'array_agg, json_agg', ARRAY['SELECT array_agg(addr), json_agg(t), jsonb_object_agg(id, addr) FROM t']),
	(19, 'min by the operator class', ARRAY['SELECT addr FROM t ORDER BY addr LIMIT 1']),
	(20, 'window', ARRAY['SELECT lag(addr) OVER w, first_value(protaddr.show(addr)) OVER w FROM t WINDOW w AS (ORDER BY id)']),
	(21, 'ONLY', ARRAY['SELECT addr FROM ONLY t']),
	(22, 'TABLESAMPLE', ARRAY['SELECT * FROM t TABLESAMPLE SYSTEM (100)']),
	(23, 'ctid', ARRAY['SELECT t.*, ctid FROM t WHERE ctid = ''(0,1)''']),
	(24, 'FOR UPDATE', ARRAY['SELECT * FROM t FOR UPDATE']),
	(25, 'all elements', ARRAY['SELECT protaddr.street_name(addr), protaddr.building_number(addr), protaddr.building_name(addr), protaddr.floor(addr),
		protaddr.room(addr), protaddr.post_box(addr), protaddr.post_code(addr), protaddr.town_name(addr), protaddr.town_location_name(addr),
		protaddr.country_subdivision(addr), protaddr.country(addr), protaddr.care_of(addr) FROM t WHERE id = 1']),
	(26, 'show_iso', ARRAY['SELECT protaddr.show_iso(addr) FROM t']),
	(27, 'read back from text', ARRAY['SELECT protaddr.show(addr::text::protaddr.address) FROM t']),
	(28, 'query_to_xml', ARRAY['SELECT query_to_xml(''SELECT addr, protaddr.show(addr) FROM t'', true, false, '''')']),
	(29, 'table_to_xml', ARRAY['SELECT table_to_xml(''t'', true, false, '''')']),
	(30, 'cursor_to_xml', ARRAY['DECLARE c CURSOR FOR SELECT addr, protaddr.show(addr) FROM t', 'SELECT cursor_to_xml(''c'', 10, true, false, '''')']),
	(31, 'cursor', ARRAY['DECLARE c SCROLL CURSOR FOR SELECT addr, protaddr.show(addr) FROM t', 'FETCH ALL c', 'FETCH BACKWARD ALL c']),
	(32, 'array', ARRAY['SELECT ARRAY[addr], array_to_string(ARRAY[addr], ''''), unnest(ARRAY[addr]) FROM t']),
	(33, 'send', ARRAY['SELECT protaddr.address_send(addr), encode(protaddr.address_send(addr), ''escape''), get_byte(protaddr.address_send(addr), 30) FROM t']),
	(34, 'record_send, array_send', ARRAY['SELECT record_send(t), array_send(ARRAY[addr]) FROM t']),
	(35, 'textsend, convert', ARRAY['SELECT textsend(addr::text), convert_to(protaddr.show(addr), ''UTF8'') FROM t WHERE id = 1']),
	(37, 'large object', ARRAY['SELECT lo_from_bytea(990000 + id, protaddr.show(addr)::bytea) FROM t', 'SELECT convert_from(lo_get(990000 + id), ''UTF8'') FROM t']),
	(38, 'CASE and coalesce', ARRAY['SELECT CASE WHEN protaddr.show(addr) ~ ''Kan'' THEN ''Kanarie'' END, coalesce(protaddr.show(addr), ''Kanarie''), nullif(protaddr.show(addr), '''') FROM t']),
	(39, 'regexp pieces', ARRAY['SELECT string_agg(substr(protaddr.show(addr), n, 1), '''' ORDER BY id, n), string_agg(reverse(protaddr.show(addr)), '','') FROM t, generate_series(1, 40) n']),
	(40, 'JSON path', ARRAY['SELECT jsonb_path_query(protaddr.show_iso(addr), ''$.*''), jsonb_each_text(protaddr.show_iso(addr)) FROM t WHERE id = 1']),
	(41, 'text search', ARRAY['SELECT ts_lexize(''simple'', protaddr.show(addr)), to_tsvector(''simple'', protaddr.show(addr)) FROM t WHERE id = 1', 'SELECT * FROM ts_stat(''SELECT to_tsvector(''''simple'''', protaddr.show(addr)) FROM regress_attack.t WHERE id = 1'')'])
) a(attack, way, statements), (VALUES ('regress_m')) r(who)
ORDER BY 1;

-- objects made on the way, by m and by the owner
SELECT a.attack, r.who, a.way, attack(r.who, VARIADIC a.statements) AS saw
FROM (VALUES
	(49, 'COPY to a file and a program', ARRAY['COPY t TO PROGRAM ''cat''']),
	(50, 'view', ARRAY['CREATE VIEW v AS SELECT addr, protaddr.show(addr) s FROM t', 'TABLE v']),
	(51, 'security_barrier', ARRAY['CREATE VIEW v WITH (security_barrier) AS SELECT addr, protaddr.show(addr) s FROM t', 'TABLE v']),
	(52, 'security_invoker', ARRAY['CREATE VIEW v WITH (security_invoker) AS SELECT addr, protaddr.show(addr) s FROM t', 'TABLE v']),
	(53, 'view on view', ARRAY['CREATE VIEW v AS SELECT * FROM t', 'CREATE VIEW w AS SELECT *, protaddr.show(addr) s FROM v', 'TABLE w']),
	(54, 'materialized view', ARRAY['CREATE MATERIALIZED VIEW v AS SELECT id, addr, protaddr.show(addr) s FROM t', 'REFRESH MATERIALIZED VIEW v', 'TABLE v']),
	(55, 'CTAS', ARRAY['CREATE TABLE c AS SELECT addr, protaddr.show(addr) s, addr::text x FROM t', 'SELECT *, protaddr.show(addr) FROM c']),
	(57, 'LIKE INCLUDING ALL', ARRAY['CREATE TABLE c (LIKE t INCLUDING ALL)', 'INSERT INTO c TABLE t', 'SELECT *, protaddr.show(addr) FROM c']),
	(58, 'temporary table', ARRAY['CREATE TEMP TABLE c AS TABLE t', 'SELECT *, protaddr.show(addr) FROM c']),
	(59, 'domain', ARRAY['CREATE DOMAIN d AS protaddr.address', 'CREATE TABLE c (addr d)', 'INSERT INTO c SELECT addr FROM t', 'SELECT addr, protaddr.show(addr), to_json(addr) FROM c']),
	(60, 'composite', ARRAY['CREATE TYPE p AS (a protaddr.address)', 'SELECT ROW(addr)::p, to_json(ROW(addr)::p), protaddr.show((ROW(addr)::p).a) FROM t']),
	(61, 'array column', ARRAY['CREATE TABLE c (a protaddr.address[])', 'INSERT INTO c SELECT array_agg(addr) FROM t', 'SELECT a, protaddr.show(a[1]), a::text::protaddr.address[] FROM c']),
	(62, 'range over it', ARRAY['CREATE TYPE p AS RANGE (subtype = protaddr.address)', 'SELECT p(addr, addr, ''[]''), lower(p(addr, NULL)), protaddr.show(lower(p(addr, addr, ''[]''))) FROM t']),
	(63, 'custom aggregate', ARRAY['CREATE FUNCTION f(text, protaddr.address) RETURNS text LANGUAGE sql AS ''SELECT concat($1, $2, protaddr.show($2))''',
		'CREATE AGGREGATE g(protaddr.address) (SFUNC = f, STYPE = text)', 'SELECT g(addr) FROM t']),
	(64, 'refcursor of a definer', ARRAY['CREATE FUNCTION f() RETURNS refcursor LANGUAGE plpgsql SECURITY DEFINER AS $f$ DECLARE c refcursor := ''cur''; BEGIN OPEN c FOR SELECT addr, protaddr.show(addr) FROM t; RETURN c; END $f$',
		'SELECT f()', 'FETCH ALL cur']),
	(65, 'short and toasted', ARRAY['CREATE TABLE c (addr protaddr.address, pad text)', 'ALTER TABLE c ALTER pad SET STORAGE plain, ALTER addr SET STORAGE external',
		'INSERT INTO c SELECT addr, repeat(''x'', 2000) FROM t', 'UPDATE c SET addr = addr', 'SELECT addr, protaddr.show(addr) FROM c']),
	(66, 'index-only scan', ARRAY['CREATE TABLE c AS TABLE t', 'CREATE INDEX ON c (addr)', 'SET LOCAL enable_seqscan = off', 'SELECT addr, protaddr.show(addr) FROM c ORDER BY addr']),
	(67, 'partition', ARRAY['CREATE TABLE c (LIKE t) PARTITION BY LIST (id)', 'CREATE TABLE c1 PARTITION OF c FOR VALUES IN (1)', 'CREATE TABLE c2 PARTITION OF c DEFAULT',
		'INSERT INTO c TABLE t', 'SELECT protaddr.show(addr), addr FROM c1', 'SELECT protaddr.show(addr) FROM c', 'ALTER TABLE c DETACH PARTITION c1', 'SELECT protaddr.show(addr), addr FROM c1']),
	(68, 'partition by hash of it', ARRAY['CREATE TABLE c (LIKE t) PARTITION BY HASH (addr)', 'CREATE TABLE c1 PARTITION OF c FOR VALUES WITH (MODULUS 1, REMAINDER 0)', 'INSERT INTO c TABLE t', 'SELECT protaddr.show(addr), * FROM c1']),
	(69, 'inherited child', ARRAY['CREATE TABLE p (LIKE t)', 'CREATE TABLE c () INHERITS (p)', 'INSERT INTO c TABLE t', 'SELECT p.*, protaddr.show(addr) FROM p'])
) a(attack, way, statements), (VALUES ('regress_m'), ('regress_u')) r(who)
ORDER BY 1, 2;

-- COPY: counted by a program of the client
SET SESSION AUTHORIZATION regress_m;
SELECT * INTO TEMP c FROM t;
SELECT string_agg(addr::text || protaddr.show(addr), ',') AS got FROM c \gset
SELECT saw(:'got') AS select_into;
COPY plain TO STDOUT \g |grep -cE 'Kanarie|4711Q|Q9876'
COPY t TO STDOUT \g |grep -cE 'Kanarie|4711Q|Q9876|Aabenvej'
COPY t TO STDOUT (FORMAT csv, HEADER) \g |grep -cE 'Kanarie|4711Q|Q9876|Aabenvej'
COPY t TO STDOUT (FORMAT binary) \g |grep -acE 'Kanarie|4711Q|Q9876|Aabenvej'
COPY (SELECT addr, protaddr.show(addr), protaddr.show_iso(addr) FROM t) TO STDOUT \g |grep -cE 'Kanarie|4711Q|Q9876'
COPY (SELECT addr, protaddr.show(addr), protaddr.show_iso(addr) FROM t) TO STDOUT (FORMAT binary) \g |grep -acE 'Kanarie|4711Q|Q9876'
RESET SESSION AUTHORIZATION;

-- cursors that outlive their transaction, in both formats
SET SESSION AUTHORIZATION regress_m;
BEGIN;
DECLARE held CURSOR WITH HOLD FOR SELECT addr::text || protaddr.show(addr) AS got FROM t WHERE id = 1;
DECLARE held_binary BINARY CURSOR WITH HOLD FOR SELECT addr, protaddr.show(addr) FROM t WHERE id = 1;
COMMIT;
FETCH held \gset
FETCH held_binary \g |grep -acE 'Kanarie|4711Q|Q9876'
CLOSE ALL;
RESET SESSION AUTHORIZATION;
SELECT saw(:'got') AS held;

-- hstore, and a foreign table over the same table, which see the token as text
CREATE EXTENSION hstore SCHEMA regress_attack;
SELECT attack('regress_m', 'SELECT hstore(t), hstore(''a'', addr::text), each(hstore(t)) FROM t') AS hstore,
	attack('regress_m', 'SELECT protaddr.show((populate_record(NULL::t, hstore(t))).addr) FROM t') AS populate_record;

\c -
SET client_min_messages = warning;
DROP SCHEMA regress_attack CASCADE;
DROP EXTENSION protaddr CASCADE;
DROP ROLE regress_m, regress_u, regress_super;
