--
-- What is left of values of any type, for a channel?  Structure and all else stay.
--
SET client_min_messages = warning;
CREATE EXTENSION protaddr;
CREATE EXTENSION hstore;
CREATE EXTENSION citext;
CREATE FUNCTION refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
CREATE TABLE customer (cpr text PRIMARY KEY, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', 'cpr');
INSERT INTO customer VALUES ('6201704002', '{"StrtNm":"Opdigtetstien","BldgNb":"4","Flr":"2","UnitNb":"tv","PstCd":"8000","TwnNm":"Århus C"}'),
    ('6101704001', '{"StrtNm":"Sjøvænget","BldgNb":"8","PstCd":"5000","TwnNm":"Odense C"}');
SELECT persons, protected FROM protaddr.load_register('DK-CPR', '[{"subject": "6201704002", "protections": [{"code": "0001"}]}, {"subject": "6101704001", "protections": [{"code": "0001"}]}]');

-- ---- JSON ------------------------------------------------------------------------------------------
CREATE TABLE j (n int, v text);
INSERT INTO j VALUES
    (1, '{"b": 1.50, "a": "bor Opdigtetstien 4, 2. tv, 8000 Aarhus C nu", "a":  [true, null, "Opdigtetstien 44"]}'),
    (2, '{"a": "Sj\u00f8v\u00e6nget 8, 5000 Odense C", "n": 1e3}'),
    (3, '["x", {"deep": ["OPDIGTETSTIEN 4 2 TV 8000 AARHUS C"]}]'),
    (4, '"Opdigtetstien 4, 2. tv, 8000 Aarhus C"'),
    (5, '{"street": "Opdigtetstien", "number": "4", "floor": "2", "door": "tv", "place": "8000 Aarhus C"}'),
    (6, '{"street": "Sjøvænget", "number": 8, "code": 5000, "town": "Odense C"}'),
    (7, '{"Opdigtetstien 4, 2. tv, 8000 Aarhus C": 1}'),
    (8, '{"x": {"Sj\u00f8v\u00e6nget 8, 5000 Odense C" : true}}'),
    (9, '{"line 1": "Opdigtetstien 4", "line 2": "2. tv, 8000 Aarhus C"}'),
    (10, '{"a": "Nothing here", "b": [1, 2.0, 3e0], "a": {}}'),
    (11, '{}'), (12, '7'), (13, 'null');
SELECT n, protaddr.guard(v::json, 'sepa') AS json, protaddr.guard(v::jsonb, 'sepa') AS jsonb FROM j ORDER BY n;

-- ---- XML ---------------------------------------------------------------------------------------------
SELECT protaddr.guard(x::xml, 'sepa') FROM unnest(ARRAY[
    '<a><b x="Opdigtetstien 4, 2. tv, 8000 Aarhus C"/>Sj&#248;v&#xe6;nget 8,  5000 Odense C <!-- Opdigtetstien 4, 2. tv, 8000 Aarhus C --></a>',
    '<a><![CDATA[Sjøvænget 8, 5000 Odense C]]></a>',
    '<a><!--Sjøvænget 8, 5000 Odense C--></a>',
    '<a><?Sjøvænget 8, 5000 Odense C?></a>',
    '<a><StrtNm>Sjøvænget</StrtNm><BldgNb>8</BldgNb><PstCd>5000</PstCd><TwnNm>Odense C</TwnNm></a>',
    '<a> <b>Nothing</b></a>']) WITH ORDINALITY u(x, n) ORDER BY n;

-- ---- what looks like markup in a plain text ------------------------------------------------------------
SELECT protaddr.guard(t, 'sepa') FROM unnest(ARRAY[
    'to <Sjøvænget 8, 5000 Odense C>',
    'to "Sjøvænget 8, 5000 Odense C": at once',
    'to "Sjøvænget 8, 5000 Odense C" => x',
    'a "quoted": word, "and 7 more": none']) WITH ORDINALITY u(t, n) ORDER BY n;

-- ---- arrays, composites, hstore, citext, domains ----------------------------------------------------------
CREATE TYPE place AS (n int, street text, rest text);
CREATE TYPE split AS (street text, number int, rest text);
CREATE TYPE holder AS (note text, home protaddr.address);
CREATE DOMAIN short AS varchar(30) CHECK (VALUE !~ '!');
CREATE TYPE note AS (n int, words short);
SELECT protaddr.guard(ARRAY['a', NULL, 'bor Opdigtetstien 4, 2. tv, 8000 Aarhus C'], 'sepa'),
    protaddr.guard('[2:3][0:1]={{x,Opdigtetstien 4},{"2. tv, 8000 Aarhus C",y}}'::text[], 'sepa'),
    protaddr.guard(ARRAY['{"a": "Sjøvænget 8, 5000 Odense C"}']::jsonb[], 'sepa'),
    protaddr.guard(ARRAY['nothing']::varchar[], 'sepa'), protaddr.guard('{}'::text[], 'sepa');
SELECT protaddr.guard(ROW(7, 'nu Sjøvænget 8, 5000 Odense C', 'x')::place, 'sepa'), protaddr.guard(ROW(7, 'Sjøvænget 8', '5000 Odense C')::place, 'sepa'),
    protaddr.guard(ARRAY[ROW(1, 'Sjøvænget 8, 5000 Odense C')::note], 'sepa');
SELECT protaddr.guard('a=>"Sjøvænget 8, 5000 Odense C", b=>NULL, c=>7'::hstore, 'sepa'), protaddr.guard('SJØVÆNGET 8, 5000 odense c'::citext, 'sepa'),
    protaddr.guard('Sjøvænget 8, 5000 Odense C'::short, 'sepa'), protaddr.guard('Sjøvænget 8, 5000 Odense C'::char(40), 'sepa');
SELECT refusal(s) FROM unnest(ARRAY['SELECT protaddr.guard(''"Sjøvænget 8, 5000 Odense C"=>1''::hstore, ''sepa'')', 'SELECT protaddr.guard(ROW(''Sjøvænget'', 8, ''5000 Odense C'')::split, ''sepa'')',
    'SELECT protaddr.guard(7, ''sepa'')', 'SELECT protaddr.guard(home, ''sepa'') FROM customer', 'SELECT protaddr.guard(ROW(''x'', NULL)::holder, ''sepa'')', 'SELECT protaddr.guard(''\x''::bytea, ''sepa'', ''no such encoding'')']) WITH ORDINALITY u(s, n) ORDER BY n;

-- ---- bytes -----------------------------------------------------------------------------------------------------
-- UTF-16 as a client writes it: of characters below U+10000
CREATE FUNCTION utf16(t text, little boolean) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(string_agg(decode(CASE WHEN little THEN substr(h, 3, 2) || substr(h, 1, 2) ELSE h END, 'hex'), '' ORDER BY n), '')
    FROM (SELECT n, lpad(to_hex(ascii(c)), 4, '0') AS h FROM regexp_split_to_table(t, '') WITH ORDINALITY u(c, n)) v $$;
CREATE TABLE b (n int, encoding text, v bytea, rest bytea);
INSERT INTO b VALUES
    (1, NULL, convert_to('x Sjøvænget 8, 5000 Odense C y', 'UTF8'), convert_to('x [address withheld] y', 'UTF8')),
    (2, NULL, convert_to('x Sjøvænget 8, 5000 Odense C y', 'LATIN1'), convert_to('x [address withheld] y', 'LATIN1')),
    (3, 'CP1252', convert_to('ø Sjøvænget 8, 5000 Odense C €', 'WIN1252'), convert_to('ø [address withheld] €', 'WIN1252')),
    (4, NULL, '\xfffe' || utf16('æ Sjøvænget 8, 5000 Odense C y', true), '\xfffe' || utf16('æ [address withheld] y', true)),
    (5, NULL, '\xfeff' || utf16('æ Sjøvænget 8, 5000 Odense C y', false), '\xfeff' || utf16('æ [address withheld] y', false)),
    (6, NULL, utf16('æ Sjøvænget 8, 5000 Odense C y', true), utf16('æ [address withheld] y', true)),
    (7, NULL, utf16('Sjøvænget 8, 5000 Odense C' || chr(10) || 'Sjøvænget 8, 5000 Odense C', false), utf16('[address withheld]' || chr(10) || '[address withheld]', false)),
    (8, 'UTF-16LE', utf16('Sjøvænget 8, 5000 Odense C', true) || '\x00d8'::bytea || utf16(' z', true), utf16('[address withheld]', true) || '\x00d8'::bytea || utf16(' z', true)),
    (9, 'CP865', '\x536a9b'::bytea || convert_to('v', 'UTF8') || '\x91' || convert_to('nget 8, 5000 Odense C.', 'UTF8') || '\x9d', convert_to('[address withheld].', 'UTF8') || '\x9d'),
    -- IBM277 is Denmark's EBCDIC; it writes brackets, too
    (10, 'IBM277', '\xe2916aa5c0958785a340f86b40f5f0f0f040d6848595a28540c3', '\x9e8184849985a2a240a689a388888593849f'),
    (11, NULL, convert_to('<?xml version="1.0" encoding="ISO-8859-1"?><a>Sjøvænget 8, 5000 Odense C</a>', 'LATIN1'), convert_to('<?xml version="1.0" encoding="ISO-8859-1"?><a>[address withheld]</a>', 'LATIN1')),
    (12, NULL, convert_to('<a><b>Sjøvænget 8</b><c>5000 Odense C</c></a>', 'UTF8'), convert_to('[address withheld]', 'UTF8')),
    (13, NULL, '\x00ff00ff80', '\x00ff00ff80'), (14, NULL, '', ''), (15, 'UTF-16BE', '\x00', '\x00');
SELECT n, protaddr.guard(v, 'sepa', encoding) = rest AS as_expected FROM b ORDER BY n;
SELECT encode(protaddr.guard(v, 'sepa', encoding), 'hex') FROM b WHERE n = 10;

-- ---- hexadecimal, in text ---------------------------------------------------------------------------------------
SELECT protaddr.guard('ref ' || p || encode(convert_to(a, 'UTF8'), 'hex') || ' end', 'sepa') FROM unnest(ARRAY['', '0x', '\x']) WITH ORDINALITY u(p, n), unnest(ARRAY['Sjøvænget 8, 5000 Odense C']) a ORDER BY n;
SELECT protaddr.guard(upper(encode(convert_to('Sjøvænget 8, 5000 Odense C', 'UTF8'), 'hex')), 'sepa'), protaddr.guard('d41d8cd98f00b204e9800998ecf8427e', 'sepa');

-- ---- what is guarded stays so, and what has nothing to guard stays as it is ---------------------------------------
SELECT bool_and(protaddr.guard(g, 'sepa')::text = g::text) AS json_stays FROM (SELECT protaddr.guard(v::json, 'sepa') AS g FROM j) s;
SELECT bool_and(protaddr.guard(g, 'sepa') = g) AS jsonb_stays FROM (SELECT protaddr.guard(v::jsonb, 'sepa') AS g FROM j) s;
SELECT bool_and(protaddr.guard(g, 'sepa', encoding) = g) AS bytes_stay FROM (SELECT protaddr.guard(v, 'sepa', encoding) AS g, encoding FROM b) s;
-- any text, with and without one, in any place, in each form: nothing of it stays, all else does
CREATE TABLE made (before text, inside text, after text);
INSERT INTO made SELECT substr(w, (i * 7) % 40 + 1, i % 13), a, substr(w, (i * 11) % 40 + 1, i % 9)
FROM generate_series(1, 300) i, unnest(ARRAY['', 'Sjøvænget 8, 5000 Odense C', 'OPDIGTETSTIEN 4,2 TV 8000 AARHUS C']) a,
    (SELECT ' ;a €' || chr(10) || 'Ω.,' || chr(9) || 'xyz | # % \ " < & > '' { } [ ] ø — 😀 ~ ' || repeat(' -', 20) AS w) w;
UPDATE made SET before = before || ' ; ', after = ' ; ' || after;
SELECT count(*) AS texts,
    count(*) FILTER (WHERE protaddr.guard(t, 'sepa') <> g) AS text,
    count(*) FILTER (WHERE protaddr.guard(ARRAY[t, 'x', t], 'sepa') <> ARRAY[g, 'x', g]) AS arrays,
    count(*) FILTER (WHERE protaddr.guard(convert_to(t, 'UTF8'), 'sepa') <> convert_to(g, 'UTF8') AND t !~ '[]{}<>"[]') AS bytes,
    count(*) FILTER (WHERE protaddr.guard(jsonb_build_object('k', t, 'n', 7), 'sepa') <> jsonb_build_object('k', g, 'n', 7)) AS jsonb,
    count(*) FILTER (WHERE protaddr.guard(json_build_object('k', t, 'k', 7.50), 'sepa')::text <> json_build_object('k', g, 'k', 7.50)::text) AS json,
    count(*) FILTER (WHERE protaddr.guard(xmlelement(name a, t), 'sepa')::text <> xmlelement(name a, g)::text) AS xml,
    count(*) FILTER (WHERE protaddr.guard(hstore('k', t), 'sepa') <> hstore('k', g)) AS hstore,
    count(*) FILTER (WHERE protaddr.guard(protaddr.guard(t, 'sepa'), 'sepa') <> protaddr.guard(t, 'sepa')) AS twice
FROM (SELECT before || inside || after AS t, before || CASE WHEN inside <> '' THEN '[address withheld]' ELSE '' END || after AS g FROM made) m;

DROP EXTENSION protaddr CASCADE;
DROP TABLE customer, j, b, made;
DROP FUNCTION refusal, utf16;
DROP TYPE note;
DROP TYPE place;
DROP TYPE split;
DROP TYPE IF EXISTS holder;
DROP DOMAIN IF EXISTS short;
DROP EXTENSION hstore;
DROP EXTENSION citext;
