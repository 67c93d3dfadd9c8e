-- attack_errors: no message tells (ATTACKS.md, F).  The server log is searched by the TAP tests.
\getenv abs_srcdir PG_ABS_SRCDIR
\set harness :abs_srcdir '/test/regress/attack.psql'
\set ECHO none
\i :harness

-- texts that no address can be made of, each with the canary in it, which as text is stored nowhere
CREATE TABLE bad_stored (id integer, what text, input text);
INSERT INTO bad_stored VALUES
	(1, 'broken JSON', '{"StrtNm": "@"'),
	(2, 'unknown element', '{"@": "1"}'),
	(3, 'wrong type of value', '{"StrtNm": ["@"]}'),
	(4, 'element twice', '{"StrtNm": "@", "StrtNm": "@"}'),
	(5, 'too long', '{"StrtNm": "' || repeat('@ ', 20) || '"}'),
	(6, 'no country', '{"StrtNm": "x", "Ctry": "@"}'),
	(7, 'no address type', '{"StrtNm": "x", "AdrTp": "@"}'),
	(8, 'too many lines', repeat(E'@\n', 9)),
	(9, 'a line too long', repeat('@ ', 50)),
	(10, 'token and more', 'pa1.@'),
	(11, 'token with a blank', (SELECT token || ' @' FROM tokens WHERE id = 1)),
	(12, 'control character', E'@\u0001'),
	(13, 'JSON and more', '{"StrtNm": "@"} x'),
	(14, 'bad escape', '{"StrtNm": "@\u00"}'),
	(15, 'NUL', '{"StrtNm": "@\u0000"}'),
	(16, 'withheld and more', '@ [address withheld]'),
	(17, 'nested', '{"AdrLine": ["@", {"x": 1}]}'),
	(18, 'empty', '');
CREATE VIEW bad AS SELECT id, what, replace(input, '@', 'Kanarie' || 'gade') AS input FROM bad_stored;
GRANT SELECT ON bad TO PUBLIC;

SELECT attack('regress_m', 'SELECT input::integer FROM bad WHERE id = 1') AS control;
SELECT b.id, b.what, attack('regress_m', format('SELECT protaddr.show(input::protaddr.address) FROM bad WHERE id = %s', b.id)) AS saw
FROM bad b ORDER BY 1;

SELECT a.attack, a.way, attack('regress_u', VARIADIC a.statements) AS saw
FROM (VALUES
	(1, 'unique', ARRAY['CREATE UNIQUE INDEX ON t (addr)', 'INSERT INTO t SELECT 9, cpr, addr FROM t WHERE id = 1']),
	(2, 'primary key', ARRAY['INSERT INTO t SELECT * FROM t WHERE id = 1']),
	(3, 'unique on a lying function', ARRAY['CREATE FUNCTION f(protaddr.address) RETURNS text LANGUAGE plpgsql IMMUTABLE AS ''BEGIN RETURN protaddr.show($1); END''', 'CREATE UNIQUE INDEX ON t (f(addr))', 'INSERT INTO t SELECT 9, cpr, addr FROM t WHERE id = 1']),
	(4, 'exclusion', ARRAY['ALTER TABLE t ADD EXCLUDE USING hash (addr WITH OPERATOR(protaddr.===))', 'INSERT INTO t SELECT 9, cpr, addr FROM t WHERE id = 1']),
	(5, 'foreign key', ARRAY['CREATE TABLE c (a protaddr.address UNIQUE)', 'ALTER TABLE t ADD FOREIGN KEY (addr) REFERENCES c (a)']),
	(6, 'foreign key, row', ARRAY['CREATE TABLE c (a protaddr.address UNIQUE)', 'CREATE TABLE d (a protaddr.address REFERENCES c (a))', 'INSERT INTO d SELECT addr FROM t WHERE id = 1']),
	(7, 'check', ARRAY['ALTER TABLE t ADD CHECK (id < 3)', 'INSERT INTO t VALUES (9, ''0707614285'', (SELECT addr FROM t WHERE id = 1))']),
	(8, 'not null', ARRAY['INSERT INTO t SELECT NULL, cpr, addr FROM t WHERE id = 1']),
	(9, 'partition routing', ARRAY['CREATE TABLE c (LIKE t) PARTITION BY LIST (id)', 'INSERT INTO c TABLE t']),
	(10, 'routing by the value', ARRAY['CREATE TABLE c (LIKE t) PARTITION BY RANGE (addr)', 'INSERT INTO c TABLE t']),
	(11, 'WITH CHECK OPTION', ARRAY['CREATE VIEW v AS SELECT * FROM t WHERE id < 3 WITH CHECK OPTION', 'UPDATE v SET id = 9 WHERE id = 1']),
	(12, 'policy', ARRAY['ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', 'CREATE POLICY p ON t USING (true) WITH CHECK (id < 3)', 'UPDATE t SET id = 9 WHERE id = 1']),
	(13, 'cast of the token', ARRAY['SELECT addr::text::integer FROM t WHERE id = 1']),
	(14, 'cast of what is shown', ARRAY['SELECT protaddr.post_code(addr)::integer FROM t WHERE id = 1']),
	(15, 'no such operator', ARRAY['SELECT FROM t WHERE addr = ''x''']),
	(16, 'no such cast', ARRAY['SELECT addr::jsonb FROM t']),
	(17, 'division by a piece', ARRAY['SELECT 1 / (ascii(protaddr.street_name(addr)) - ascii(''K'')) FROM t WHERE id = 1']),
	(18, 'too many people', ARRAY['CREATE TABLE c AS SELECT addr FROM t WHERE id = 1', 'DO $$BEGIN FOR i IN 10 .. 30 LOOP INSERT INTO regress_attack.t SELECT i, ''person '' || i, addr FROM regress_attack.t WHERE id = CASE i WHEN 10 THEN 1 ELSE i - 1 END; END LOOP; END$$']),
	(19, 'identifier too long', ARRAY['INSERT INTO t SELECT 9, repeat(''9'', 65), addr FROM t WHERE id = 1']),
	(20, 'stacked diagnostics', ARRAY['CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $f$ DECLARE a text; b text; c text; BEGIN PERFORM input::protaddr.address FROM bad WHERE id = 2; EXCEPTION WHEN OTHERS THEN GET STACKED DIAGNOSTICS a = MESSAGE_TEXT, b = PG_EXCEPTION_DETAIL, c = PG_EXCEPTION_HINT; RETURN concat_ws('' '', a, b, c, SQLERRM); END $f$', 'SELECT length(f()) > 0, f()']),
	(21, 'what others run', ARRAY['SELECT protaddr.show(addr) FROM t', 'SELECT query FROM pg_stat_activity WHERE query LIKE ''%INSERT INTO t VALUES%'''])
) a(attack, way, statements)
ORDER BY 1;

-- COPY FROM quotes lines in its context; ours keeps the line's number
SELECT a.attack, a.way, attack('regress_super', VARIADIC a.statements) AS saw
FROM (VALUES
	(1, 'control', ARRAY['CREATE TEMP TABLE c (a integer)', 'COPY c FROM PROGRAM ''echo K""anariegade'' (FORMAT csv)']),
	(2, 'unknown element', ARRAY['CREATE TEMP TABLE c (id integer, a protaddr.address)', 'COPY c FROM PROGRAM ''echo ''''1;{"StrtName": "K''''anariegade''''"}'''''' (DELIMITER '';'')']),
	(3, 'broken token', ARRAY['CREATE TEMP TABLE c (id integer, a protaddr.address)', 'COPY c FROM PROGRAM ''echo ''''1;pa1.K''''anariegade'' (DELIMITER '';'')']),
	(4, 'bound to too long an identifier', ARRAY['COPY t FROM PROGRAM ''echo 3,$(printf %070d 1),K""anariegade'' (FORMAT csv)']),
	(5, 'binary, no seal', ARRAY['COPY t (addr) FROM PROGRAM ''printf "PGCOPY\\n\\377\\r\\n\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\001\\000\\000\\000\\013K""anariegade\\377\\377"'' (FORMAT binary)'])
) a(attack, way, statements)
ORDER BY 1;

\c -
SET client_min_messages = warning;
DROP SCHEMA regress_attack CASCADE;
DROP EXTENSION protaddr CASCADE;
DROP ROLE regress_m, regress_u, regress_super;
