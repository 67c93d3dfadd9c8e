-- attack_inference: does anything say more than withheld (ATTACKS.md, I)?
\getenv abs_srcdir PG_ABS_SRCDIR
\set harness :abs_srcdir '/test/regress/attack.psql'
\set ECHO none
\i :harness

-- the harness sees what is there
SELECT attack('regress_m', 'SELECT addr FROM plain WHERE addr LIKE ''%4711%''') AS control;

-- the same address again and again, and others, all of one protected person
CREATE TABLE many (id integer PRIMARY KEY, cpr text, addr protaddr.address);
GRANT SELECT ON many TO regress_m;
SELECT protaddr.bind_column('many', 'addr', 'cpr');
INSERT INTO many SELECT g, '0707614285', protaddr.address(strtnm => 'Kanariegade', bldgnb => '4711Q', pstcd => 'Q9876', twnnm => 'Kanarieby', ctry => 'DK') FROM generate_series(1, 50) g;
INSERT INTO many SELECT 50 + g, '0707614285', protaddr.address(strtnm => repeat('x', g), twnnm => 'y') FROM generate_series(1, 10) g;
INSERT INTO many VALUES (61, '0707614285', 'A'), (62, '0707614285', '{"PstBx": "1"}');
CREATE TABLE unbound AS SELECT id, protaddr.address(strtnm => 'Kanariegade', bldgnb => '4711Q', pstcd => 'Q9876', twnnm => 'Kanarieby', ctry => 'DK') AS addr FROM many;
GRANT SELECT ON unbound TO regress_m;

SET SESSION AUTHORIZATION regress_m;
-- no two seals are alike: no equality, no dictionary
SELECT count(DISTINCT addr) AS values, count(DISTINCT hash_record(ROW(addr))) AS hashes, count(DISTINCT protaddr.address_hash_extended(addr, 7)) AS seeded,
	count(DISTINCT substr(protaddr.address_send(addr), 10, 12)) AS nonces, count(DISTINCT substr(protaddr.address_send(addr), 22, 16)) AS bodies
FROM many;
SELECT bool_or(record_image_eq(ROW(a.addr), ROW(b.addr))) AS same_image FROM many a, many b WHERE a.id < b.id AND b.id <= 50;
-- no length: short and long fill the same block
SELECT count(DISTINCT pg_column_size(addr)) AS sizes, count(DISTINCT octet_length(protaddr.address_send(addr))) AS lengths, count(DISTINCT length(addr::text)) AS tokens FROM many;
-- no constant byte but version and key id: what stands at each place differs
SELECT count(*) FILTER (WHERE differ = 1) AS constant_bytes, bool_and(differ > 20) FILTER (WHERE i > 8) AS others_vary
FROM (SELECT i, count(DISTINCT get_byte(protaddr.address_send(addr), i)) AS differ FROM many, generate_series(0, 100) i GROUP BY i) x;
-- no order: the comparison begins with the nonce, so that equal addresses fall anyhow
SELECT count(*) FILTER (WHERE less) BETWEEN 5 AND 45 AS no_order
FROM (SELECT record_image_lt(ROW(a.addr), ROW(b.addr)) AS less FROM many a JOIN many b ON b.id = a.id + 1 AND b.id <= 51) x;
-- one text for all that is withheld, and one JSON
SELECT DISTINCT protaddr.show(addr), protaddr.show_iso(addr), protaddr.street_name(addr), protaddr.floor(addr), protaddr.country(addr) FROM many;
-- an absent element of a protected person looks like one that is there
SELECT DISTINCT protaddr.post_box(addr) IS NULL AS absent, protaddr.care_of(addr) IS NULL AS absent_too FROM many;
-- protected, and concerning nobody: not to be told apart
SELECT DISTINCT protaddr.show(addr), protaddr.show_iso(addr), protaddr.street_name(addr), protaddr.floor(addr), pg_column_size(addr) - (SELECT DISTINCT pg_column_size(addr) FROM many) AS size FROM unbound;
RESET SESSION AUTHORIZATION;

-- a search for the address by anything m can call: no row, or an error
SELECT a.n, attack('regress_m', 'SELECT ''[stored]'' FROM many WHERE ' || a.guess) AS saw
FROM (VALUES
	(1, 'protaddr.show(addr) LIKE ''%4711%'''),
	(2, 'addr = ''x'''),
	(3, 'addr OPERATOR(protaddr.===) (SELECT token::protaddr.address FROM tokens WHERE id = 1)'),
	(4, 'addr::text LIKE ''%4711%'' AND id <> id'),
	(5, 'record_image_eq(ROW(addr), ROW((''{"StrtNm": "x", "TwnNm": "y"}'')::protaddr.address))'),
	(6, 'to_tsvector(protaddr.show(addr)) @@ to_tsquery(''kanari:*'')'),
	(7, 'protaddr.show_iso(addr) ? ''StrtNm'''),
	(8, 'protaddr.building_number(addr) > ''4'' AND protaddr.building_number(addr) < ''5'''),
	(9, 'length(protaddr.show(addr)) <> 18'),
	(10, 'protaddr.floor(addr) IS NULL'),
	(11, 'hash_record(ROW(addr)) = hash_record(ROW(''x''::protaddr.address))'),
	(12, 'addr IN (SELECT addr FROM unbound)'),
	(13, 'EXISTS (SELECT addr FROM many INTERSECT SELECT addr FROM unbound)')) a(n, guess)
ORDER BY 1;

-- who is protected: what m may ask of the register, and what he learns from a value he makes up
SELECT a.n, a.what, attack('regress_m', a.query) AS saw
FROM (VALUES
	(1, 'is_protected', 'SELECT protaddr.is_protected(''0707614285'')'),
	(2, 'the register', 'SELECT count(*) FROM protaddr.protection'),
	(3, 'its status', 'SELECT * FROM protaddr.register_status'),
	(4, 'kind_of', 'SELECT protaddr.kind_of(''DK-CPR'', ''0001'')'),
	(5, 'its size', 'SELECT pg_relation_size(''protaddr.protection'') > 0'),
	(6, 'its statistics', 'SELECT ''[stored]'' FROM pg_stats WHERE schemaname = ''protaddr'' AND tablename = ''protection'''),
	(7, 'its changes', 'SELECT ''[stored]'' FROM pg_stats WHERE tablename = ''register_source'''),
	(8, 'made up, protected', 'SELECT protaddr.show(protaddr.address(strtnm => ''Aabenvej'', subject => ''0707614285''))'),
	(9, 'made up, free', 'SELECT protaddr.show(protaddr.address(strtnm => ''Aabenvej'', subject => ''0202022222''))'),
	(10, 'made up, unknown', 'SELECT protaddr.show(protaddr.address(strtnm => ''Aabenvej'', subject => ''9999999999''))'),
	(11, 'typed in, nobody', 'SELECT protaddr.show(''Aabenvej 1''::protaddr.address)')) a(n, what, query)
ORDER BY 1;

-- an identifier written otherwise names the same person
SELECT count(*) AS ways, string_agg(DISTINCT protaddr.show(protaddr.address(strtnm => 'Kanariegade', subject => s)), ', ') AS saw
FROM unnest(ARRAY['0707614285', '070761-4285', ' 070761 4285 ', '707614285', E'0707614285\r\n', '070761.4285', '00707614285', E'070761\u00a04285', E'070761\u20134285',
	E'\ufeff0707614285', E'0707614285\u200b', E'070761\u22124285']) s;
SELECT count(*) AS ways, string_agg(DISTINCT protaddr.show(protaddr.address(strtnm => 'Kanariegade', subject => s)), ', ') AS saw
FROM unnest(ARRAY['', ' ', '-', E'\t', E'\u00a0', NULL]) s;

-- a missing key says so, for whomever
CREATE FUNCTION with_other_key(token text) RETURNS text LANGUAGE sql AS
	$$SELECT 'pa1.' || translate(encode(overlay(b PLACING '\x0102030405060708'::bytea FROM 2), 'base64'), E'+/=\n', '-_')
	  FROM (SELECT decode(rpad(x, (length(x) + 3) / 4 * 4, '='), 'base64') b FROM (SELECT translate(substr($1, 5), '-_', '+/') x) y) z$$;
SELECT attack('regress_m', 'SELECT protaddr.show(with_other_key(token)::protaddr.address) FROM tokens WHERE id = 1') AS protected,
	attack('regress_m', 'SELECT protaddr.show(with_other_key(token)::protaddr.address) FROM tokens WHERE id = 2') AS free,
	attack('regress_m', 'SELECT protaddr.show(with_other_key(token)::protaddr.address) FROM tokens WHERE id = 0') AS unbound;

\c -
SET client_min_messages = warning;
DROP SCHEMA regress_attack CASCADE;
DROP EXTENSION protaddr CASCADE;
DROP ROLE regress_m, regress_u, regress_super;
