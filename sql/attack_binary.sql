-- attack_binary: the sealed bytes: forged, cut, glued and fed back (ATTACKS.md, H).
\getenv abs_srcdir PG_ABS_SRCDIR
\set harness :abs_srcdir '/test/regress/attack.psql'
\set ECHO none
\i :harness

-- the harness sees what is there
SELECT attack('regress_m', 'SELECT convert_to(addr, ''UTF8'') FROM plain') AS control;

CREATE FUNCTION bytes(token text) RETURNS bytea LANGUAGE sql IMMUTABLE AS
	'SELECT decode(rpad(b, (length(b) + 3) / 4 * 4, ''=''), ''base64'') FROM (SELECT translate(substr($1, 5), ''-_'', ''+/'') AS b) x';
CREATE FUNCTION token(bytes bytea) RETURNS text LANGUAGE sql IMMUTABLE AS
	$$SELECT 'pa1.' || translate(encode($1, 'base64'), E'+/=\n', '-_')$$;
CREATE FUNCTION try(token text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN saw(protaddr.show(token::protaddr.address));
EXCEPTION WHEN OTHERS THEN
	RETURN saw(SQLERRM, SQLSTATE);
END
$$;
CREATE TABLE sealed AS SELECT id, bytes(token) AS b FROM tokens;

-- the helpers are right, and the door opens what is whole
SELECT s.id, token(s.b) = k.token AS same, try(token(s.b)) FROM sealed s JOIN tokens k USING (id) ORDER BY 1;
SELECT count(*), bool_and(octet_length(b) = octet_length(protaddr.address_send(token(b)::protaddr.address))) FROM sealed;

-- each bit of it flipped; each byte cut off; anything put behind
SELECT CASE WHEN i = 0 THEN 'version' WHEN i < 9 THEN 'key id' WHEN i < 21 THEN 'nonce' WHEN i >= octet_length(b) - 16 THEN 'tag' ELSE 'ciphertext' END AS part,
	try(token(set_byte(b, i, get_byte(b, i) # (1 << bit)))) AS saw, count(*) = 2 * 8 * count(DISTINCT i) AS each
FROM sealed, generate_series(0, 7) bit, LATERAL generate_series(0, octet_length(b) - 1) i
WHERE id IN (1, 2) AND (i < 24 OR i % 7 = 0 OR i >= octet_length(b) - 16)
GROUP BY 1, 2 ORDER BY 1, 2;
SELECT try(token(substr(b, 1, n))) AS cut, count(*) > 100 AS many
FROM sealed, LATERAL generate_series(0, octet_length(b) - 1) n WHERE id = 2 GROUP BY 1 ORDER BY 1;
SELECT try(token(b || decode(repeat('00', n), 'hex'))) AS longer, count(*) FROM sealed, generate_series(1, 128) n WHERE id = 2 GROUP BY 1 ORDER BY 1;

-- parts of one seal in another: a foreign nonce, text, tag; a body in place of another; two glued together
SELECT a.n, a.what, try(token(a.b))
FROM (SELECT x.b AS p, y.b AS f, octet_length(x.b) AS pl, octet_length(y.b) AS fl FROM sealed x, sealed y WHERE x.id = 1 AND y.id = 2) s,
	LATERAL (VALUES
		(1, 'nonce', overlay(p PLACING substr(f, 10, 12) FROM 10)),
		(2, 'tag', overlay(p PLACING substr(f, fl - 15) FROM pl - 15)),
		(3, 'body', substr(f, 1, 21) || substr(p, 22)),
		(4, 'body and tag', substr(f, 1, 21) || substr(p, 22, pl - 37) || substr(f, fl - 15)),
		(5, 'first block', overlay(p PLACING substr(f, 22, 16) FROM 22)),
		(6, 'second block', overlay(p PLACING substr(f, 38, 16) FROM 38)),
		(7, 'both', p || f),
		(8, 'halves', substr(f, 1, fl / 2) || substr(p, pl / 2 + 1)),
		(9, 'zero', decode(repeat('00', 200), 'hex')),
		(10, 'no key like it', overlay(p PLACING '\x0000000000000000'::bytea FROM 2)),
		(11, 'clear text for a seal', '\x01'::bytea || 'Kanariegade 4711Q'::bytea),
		(12, 'huge', decode(repeat('01', 100000), 'hex')),
		(13, 'empty', ''::bytea)) a(n, what, b)
ORDER BY 1;

-- the text form: other alphabets, padding, case, blanks
SELECT a.n, a.what, try(a.token)
FROM (SELECT token FROM tokens WHERE id = 1) s,
	LATERAL (VALUES
		(1, 'padded', token || '='), (2, 'upper case', upper(token)), (3, 'another version', 'pa2' || substr(token, 4)),
		(4, 'blank inside', overlay(token PLACING ' ' FROM 50)), (5, 'line break behind', token || E'\n'), (6, 'plain base64', translate(token, '-_', '+/') || '+'),
		(7, 'twice', token || token), (8, 'in JSON', to_json(token)::text), (9, 'as a line', '{"AdrLine": ["' || token || '"]}'),
		(10, 'in JSON as an element', '{"StrtNm": "' || left(token, 60) || '"}'), (11, 'prefix only', 'pa1.'), (12, 'NUL-like', token || '\0')) a(n, what, token)
ORDER BY 1;

-- altered values at the triggers: they authenticate before they bind or release
SELECT attack('regress_u', format('INSERT INTO t VALUES (9, ''0202022222'', %L)', token(set_byte(b, 40, get_byte(b, 40) # 1)))) AS bind FROM sealed WHERE id = 1;

-- I/O functions called by hand
SELECT a.n, attack('regress_m', a.statement) AS saw
FROM (VALUES
	(1, 'SELECT protaddr.address_out(addr), textin(protaddr.address_out(addr)) FROM t'),
	(2, 'SELECT protaddr.address_in(NULL), protaddr.address_out(NULL), protaddr.address_send(NULL), protaddr.show(NULL)'),
	(3, 'SELECT protaddr.address_in(protaddr.address_out(addr)) FROM t'),
	(4, 'SELECT protaddr.address_recv(protaddr.address_send(addr)) FROM t'),
	(5, 'SELECT protaddr.address_out(''x''::text) FROM t'),
	(6, 'SELECT protaddr.show(protaddr.address_send(addr)) FROM t'),
	(7, 'SELECT array_in(protaddr.address_out(addr), ''protaddr.address''::regtype::oid::int, -1) FROM t'),
	(8, 'SELECT protaddr.address_cmp(addr, NULL), protaddr.address_hash(NULL), protaddr.address_hash_extended(addr, NULL) FROM t'),
	(9, 'SELECT domain_in(protaddr.address_out(addr), ''protaddr.address''::regtype, -1) FROM t'),
	(10, 'SELECT byteaout(protaddr.address_send(addr)), byteasend(protaddr.address_send(addr)) FROM t')) a(n, statement)
ORDER BY 1;

-- binary COPY: lengths that lie, no seal, another version, truncated
CREATE TABLE received (a protaddr.address);
SELECT a.n, a.what, attack('regress_super', format('COPY received FROM PROGRAM %L (FORMAT binary)', 'printf "PGCOPY\\n\\377\\r\\n\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\001' || a.field || '"')) AS saw
FROM (VALUES
	(1, 'nothing', '\\000\\000\\000\\000\\377\\377'),
	(2, 'one byte', '\\000\\000\\000\\001\\001\\377\\377'),
	(3, 'gigabyte', '\\077\\377\\377\\377\\001'),
	(4, 'negative', '\\200\\000\\000\\000\\001'),
	(5, 'header only', '\\000\\000\\000\\025\\001$(printf %020d 0)\\377\\377'),
	(6, 'too short a body', '\\000\\000\\000\\046\\001$(printf %037d 0)\\377\\377'),
	(7, 'another version', '\\000\\000\\000\\145\\002$(printf %0100d 0)\\377\\377'),
	(8, 'a shape without a key', '\\000\\000\\000\\145\\001$(printf %0100d 0)\\377\\377'),
	(9, 'longer than any', '\\000\\001\\206\\240\\001$(printf %099999d 0)\\377\\377')) a(n, what, field)
ORDER BY 1;

\c -
SET client_min_messages = warning;
DROP SCHEMA regress_attack CASCADE;
DROP EXTENSION protaddr CASCADE;
DROP ROLE regress_m, regress_u, regress_super;
