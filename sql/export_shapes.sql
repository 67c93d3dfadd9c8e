--
-- What does the verdict say of views of every shape?  Each is made, explained, and dropped.
--
SET client_min_messages = warning;
CREATE EXTENSION protaddr;
CREATE SCHEMA shapes;
SET search_path = shapes;
CREATE TYPE mood AS ENUM ('calm', 'angry');
CREATE DOMAIN short AS text CHECK (length(VALUE) < 1000);
CREATE TYPE pair AS (a text, b int);
CREATE FUNCTION loud(text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '%', $1; END $$;
CREATE DOMAIN loud AS text CHECK (loud(VALUE));
CREATE TABLE customer (
    id int PRIMARY KEY, cpr text, name text, note text, code text, amount numeric, born date, mood mood, active bool, tags text[], numbers int[],
    doc jsonb, msg xml, raw bytea, part pair, brief short, home protaddr.address, low text GENERATED ALWAYS AS (lower(note)) STORED, upcode text GENERATED ALWAYS AS (upper(code)) STORED);
SELECT protaddr.bind_column('customer', 'home', 'cpr');
CREATE TABLE word (w text, n int);
CREATE TABLE legacy (cpr text, street text, number text, town text);
SELECT protaddr.declare_free('legacy', 'street', 'before it was known better');
SELECT protaddr.declare_address_columns('legacy', 'cpr', street => 'street', number => 'number', town => 'town');
CREATE TABLE paid (id int PRIMARY KEY, cpr text, home protaddr.address, other protaddr.address, text text);
SELECT protaddr.install_gate('paid', 'file_extract', 'cpr');
CREATE TABLE part (id int, note text, code text) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (100);
CREATE TABLE above (id int, code text);
CREATE TABLE below (street text, extra text) INHERITS (above);
CREATE TABLE above_legacy (cpr text, code text);
CREATE TABLE below_legacy () INHERITS (above_legacy);
SELECT protaddr.declare_address_columns('below_legacy', 'cpr', line => 'code');
SELECT protaddr.declare_free(c, n, 'test') FROM (VALUES ('customer', 'code'), ('word', 'w'), ('part', 'code'), ('above', 'code'), ('above_legacy', 'code')) f(c, n);

CREATE FUNCTION opaque(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN $1; END $$;
CREATE FUNCTION opaque_number(text) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN ascii($1); END $$;
CREATE FUNCTION opaque_rows() RETURNS SETOF text LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN QUERY SELECT c.note FROM customer c; END $$;
CREATE FUNCTION quoted(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE FUNCTION same(t text) RETURNS text LANGUAGE sql IMMUTABLE BEGIN ATOMIC SELECT t; END;
CREATE FUNCTION fixed(t text) RETURNS text LANGUAGE sql IMMUTABLE RETURN 'fixed';
CREATE FUNCTION note_of(i int) RETURNS text LANGUAGE sql STABLE BEGIN ATOMIC SELECT c.note FROM customer c WHERE c.id = i; END;
CREATE FUNCTION code_of(i int) RETURNS text LANGUAGE sql STABLE BEGIN ATOMIC SELECT c.code FROM customer c WHERE c.id = i; END;
CREATE FUNCTION both_of(i int) RETURNS TABLE (code text, note text) LANGUAGE sql STABLE BEGIN ATOMIC SELECT c.code, c.note FROM customer c WHERE c.id = i; END;
CREATE FUNCTION swapped(a text, b text) RETURNS TABLE (p text, q text) LANGUAGE sql IMMUTABLE BEGIN ATOMIC SELECT $1, $2; END;
CREATE FUNCTION polymorphic(a anyelement) RETURNS anyelement LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE FUNCTION two(i int) RETURNS text LANGUAGE sql VOLATILE BEGIN ATOMIC SELECT set_config('a.b', 'x', true); SELECT c.code FROM customer c WHERE c.id = i; END;
CREATE FUNCTION writes(i int) RETURNS text LANGUAGE sql VOLATILE BEGIN ATOMIC UPDATE customer SET note = note WHERE id = i RETURNING code; END;
CREATE FUNCTION calls_opaque(t text) RETURNS text LANGUAGE sql IMMUTABLE BEGIN ATOMIC SELECT CASE WHEN opaque(t) = 'x' THEN 'y' ELSE 'z' END; END;
CREATE FUNCTION with_default(a text DEFAULT opaque('x')) RETURNS text LANGUAGE sql IMMUTABLE BEGIN ATOMIC SELECT a; END;
CREATE FUNCTION with_note(a text, b text DEFAULT 'b') RETURNS text LANGUAGE sql IMMUTABLE BEGIN ATOMIC SELECT b; END;
CREATE FUNCTION spells(t text, letter text) RETURNS SETOF int LANGUAGE sql STABLE BEGIN ATOMIC SELECT 1 WHERE t LIKE letter || '%'; END;
CREATE FUNCTION vouched(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN left(md5($1), 2); END $$;
CREATE FUNCTION vouched_then_replaced(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN ''; END $$;
SELECT protaddr.declare_safe('vouched(text)', 'test'), protaddr.declare_safe('vouched_then_replaced(text)', 'test');
CREATE OR REPLACE FUNCTION vouched_then_replaced(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN $1; END $$;
CREATE FUNCTION leak_mood(mood) RETURNS json LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN (SELECT to_json(c.note) FROM customer c LIMIT 1); END $$;
CREATE CAST (mood AS json) WITH FUNCTION leak_mood(mood);
CREATE FUNCTION pair_text(pair) RETURNS text LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN 'x'; END $$;
CREATE CAST (pair AS text) WITH FUNCTION pair_text(pair);
CREATE AGGREGATE own_max(text) (SFUNC = text_larger, STYPE = text);
CREATE AGGREGATE own_glue(text) (SFUNC = textcat, STYPE = text, INITCOND = '');
CREATE FUNCTION opaque_glue(text, text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN $1; END $$;
CREATE OPERATOR ## (LEFTARG = text, RIGHTARG = text, FUNCTION = opaque_glue);
CREATE OPERATOR ### (LEFTARG = text, RIGHTARG = text, FUNCTION = textcat);
CREATE FUNCTION opaque_is(text, text) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN true; END $$;
CREATE OPERATOR ~= (LEFTARG = text, RIGHTARG = text, FUNCTION = opaque_is);
CREATE VIEW inner_clean AS SELECT id, code FROM customer;
CREATE VIEW inner_leaky AS SELECT id, note AS code FROM customer;
CREATE VIEW inner_cut AS SELECT id, left(note, 6) AS a, substr(note, 7) AS b FROM customer;
CREATE VIEW inner_guarded AS SELECT id, protaddr.guard(note, 'file_extract') AS note FROM customer;
CREATE VIEW inner_opaque AS SELECT id, code FROM customer WHERE opaque(code) = 'x';
CREATE VIEW inner_barrier WITH (security_barrier) AS SELECT id, code, note FROM customer;
CREATE VIEW inner_invoker WITH (security_invoker) AS SELECT id, code, note FROM customer;
CREATE MATERIALIZED VIEW stored AS SELECT id, code, protaddr.guard(note, 'file_extract') AS note FROM customer WITH NO DATA;

CREATE TABLE by_policy (id int, code text, note text, keeper text);
ALTER TABLE by_policy ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON by_policy USING (keeper = current_user OR keeper = current_setting('shop.teller', true) OR EXISTS (SELECT FROM customer c WHERE c.name = by_policy.keeper));
CREATE TABLE by_spelling (LIKE by_policy);
ALTER TABLE by_spelling ENABLE ROW LEVEL SECURITY;
CREATE POLICY spelling ON by_spelling USING (note LIKE current_setting('shop.letter', true) || '%');
CREATE TABLE by_hidden (LIKE by_policy);
ALTER TABLE by_hidden ENABLE ROW LEVEL SECURITY;
CREATE POLICY hidden ON by_hidden USING (opaque_number(note) = 65);
SELECT protaddr.declare_free(c, 'code', 'test') FROM (VALUES ('by_policy'), ('by_spelling'), ('by_hidden')) f(c);
CREATE TABLE shape (n int GENERATED ALWAYS AS IDENTITY, leaves bool, definition text);
CREATE FUNCTION verdict_on(definition text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    said text;
BEGIN
    BEGIN
        EXECUTE 'CREATE VIEW shaped AS ' || definition;
    EXCEPTION WHEN OTHERS THEN
        RETURN 'is no view: ' || SQLERRM;
    END;
    SELECT e.column_name || ': ' || substr(e.verdict, 10) INTO said FROM protaddr.explain_export('shaped', 'file_extract') e WHERE e.verdict <> 'may leave' LIMIT 1;
    EXECUTE 'DROP VIEW shaped';
    RETURN coalesce(said, 'may leave');
END
$$;
COPY shape (leaves, definition) FROM STDIN;
t	SELECT id, amount, born, active, mood, numbers FROM customer
t	SELECT code FROM customer
f	SELECT note FROM customer
f	SELECT name FROM customer
f	SELECT * FROM customer
f	SELECT c FROM customer c
f	SELECT c.* FROM (SELECT * FROM customer) c
t	SELECT (c).code FROM customer c
f	SELECT (c).note FROM customer c
f	SELECT c::text AS x FROM customer c
f	SELECT row_to_json(c) AS j FROM customer c
f	SELECT to_jsonb(c) - 'note' AS j FROM customer c
t	SELECT json_build_object('c', code, 'n', amount) AS j FROM customer
f	SELECT jsonb_build_object('c', note) AS j FROM customer
f	SELECT (jsonb_build_object('c', note) ->> 'c')::text AS j FROM customer
f	SELECT to_json(mood) AS j FROM customer
f	SELECT row_to_json(x) AS j FROM (SELECT id, mood FROM customer) x
f	SELECT json_agg(mood) AS j FROM customer
f	SELECT to_jsonb(ROW(id, mood)) AS j FROM customer
t	SELECT row_to_json(x) AS j FROM (SELECT id, code FROM customer) x
f	SELECT row_to_json(p) AS j FROM part p
t	SELECT row_to_json(x) AS j FROM word x
f	SELECT json_agg(p) AS j FROM part p
f	SELECT json_object_agg(id, note) AS j FROM part
f	SELECT doc FROM customer
f	SELECT doc ->> 'a' AS a FROM customer
f	SELECT doc['a'] AS a FROM customer
f	SELECT (doc ->> 'n')::int AS n FROM customer
f	SELECT x.a FROM customer, jsonb_to_record(doc) AS x(a text)
f	SELECT x.a FROM customer, jsonb_to_record(doc) AS x(a int)
f	SELECT jsonb_populate_record(NULL::pair, doc) AS p FROM customer
f	SELECT msg FROM customer
f	SELECT xpath('/a/text()', msg) AS x FROM customer
f	SELECT xmlelement(NAME a, note) AS x FROM customer
t	SELECT xmlelement(NAME a, code) AS x FROM customer
f	SELECT xmlforest(code, note) AS x FROM customer
f	SELECT t.a FROM customer, xmltable('/a' PASSING msg COLUMNS a text PATH 'b') t
f	SELECT t.a FROM customer, xmltable('/a' PASSING xmlelement(NAME a, note) COLUMNS a int PATH 'b') t
f	SELECT raw FROM customer
f	SELECT get_byte(raw, 1) AS b FROM customer
f	SELECT convert_to(note, 'UTF8') AS b FROM customer
f	SELECT part FROM customer
f	SELECT (part).a FROM customer
f	SELECT (part).b FROM customer
f	SELECT part::text FROM customer
f	SELECT ROW(note, 1)::pair AS p FROM customer
t	SELECT (ROW(code, 1)::pair).b FROM customer
f	SELECT brief FROM customer
f	SELECT note::short AS b FROM customer
t	SELECT code::short AS b FROM customer
f	SELECT tags FROM customer
f	SELECT tags[1] FROM customer
f	SELECT unnest(tags) AS t FROM customer
f	SELECT array_to_string(tags, ',') AS t FROM customer
f	SELECT ARRAY[code, note] AS a FROM customer
t	SELECT ARRAY[code, 'x'] AS a FROM customer
f	SELECT (ARRAY[code, note])[1] AS a FROM customer
f	SELECT low FROM customer
t	SELECT upcode FROM customer
f	SELECT code || note AS x FROM customer
t	SELECT code || id AS x FROM customer
f	SELECT md5(note) AS x FROM customer
f	SELECT hashtext(note) AS x FROM customer
f	SELECT ascii(note) AS x FROM customer
f	SELECT ascii(substr(note, id, 1)) AS x FROM customer
f	SELECT strpos(note, code) AS x FROM customer
t	SELECT length(note) AS x FROM customer
t	SELECT count(*) AS x, count(note) AS y, count(DISTINCT note) AS z FROM customer
f	SELECT length(split_part(note, 'x', 1)) AS x FROM customer
f	SELECT note::date AS x FROM customer
f	SELECT to_number(note, '999') AS x FROM customer
f	SELECT note::uuid AS x FROM customer
t	SELECT note IS NULL AS x, note = 'a' AS y, note IN ('a', 'b') AS z, note IS DISTINCT FROM 'q' AS q FROM customer
f	SELECT note LIKE 'A%' AS x FROM customer
f	SELECT note < 'B' AS x FROM customer
f	SELECT note ~ '^A' AS x FROM customer
f	SELECT starts_with(note, 'A') AS x FROM customer
f	SELECT substr(note, 1, 1) = 'A' AS x FROM customer
f	SELECT encode(note::bytea, 'base64') AS x FROM customer
f	SELECT reverse(note) AS x FROM customer
f	SELECT coalesce(note, code) AS x FROM customer
t	SELECT coalesce(code, 'none') AS x FROM customer
f	SELECT nullif(note, 'x') AS x FROM customer
t	SELECT nullif(code, note) AS x FROM customer
f	SELECT greatest(code, note) AS x FROM customer
f	SELECT CASE WHEN id = 1 THEN note ELSE code END AS x FROM customer
t	SELECT CASE WHEN note IS NULL THEN 'none' ELSE 'some' END AS x FROM customer
t	SELECT CASE note WHEN 'a' THEN 'A' WHEN 'b' THEN 'B' END AS x FROM customer
f	SELECT CASE substr(note, 1, 1) WHEN 'a' THEN 'A' WHEN 'b' THEN 'B' END AS x FROM customer
f	SELECT CASE WHEN note LIKE 'a%' THEN 'A' WHEN note LIKE 'b%' THEN 'B' END AS x FROM customer
f	SELECT CASE WHEN note >= 'b' THEN 1 ELSE 0 END AS x FROM customer
t	SELECT protaddr.guard(note, 'file_extract') AS x FROM customer
f	SELECT protaddr.guard(note, 'sepa') AS x FROM customer
f	SELECT protaddr.guard(note, code) AS x FROM customer
t	SELECT protaddr.guard(channel => 'file_extract', text => note) AS x FROM customer
f	SELECT protaddr.guard(channel => 'sepa', text => note) AS x FROM customer
t	SELECT left(protaddr.guard(note, 'file_extract'), 10) AS x FROM customer
f	SELECT protaddr.guard(left(note, 10), 'file_extract') AS x FROM customer
f	SELECT protaddr.guard(left(note, 6), 'file_extract') || protaddr.guard(substr(note, 7), 'file_extract') AS x FROM customer
f	SELECT protaddr.guard(reverse(note), 'file_extract') AS x FROM customer
f	SELECT protaddr.guard(replace(note, 'gade', 'g@de'), 'file_extract') AS x FROM customer
f	SELECT protaddr.guard(btrim(note, 'Vest'), 'file_extract') AS x FROM customer
f	SELECT protaddr.guard(opaque(note), 'file_extract') AS x FROM customer
f	SELECT protaddr.guard(a, 'file_extract') || protaddr.guard(b, 'file_extract') AS x FROM inner_cut
f	SELECT protaddr.guard(x, 'file_extract') AS x FROM (SELECT regexp_split_to_table(note, '') AS x FROM customer) y
t	SELECT protaddr.guard(lower(note) || ', ' || code, 'file_extract') AS x FROM customer
t	SELECT protaddr.guard(string_agg(note, ' '), 'file_extract') AS x FROM customer
f	SELECT protaddr.guard(note, 'file_extract') || note AS x FROM customer
t	SELECT note FROM inner_guarded
f	SELECT protaddr.guard(note, 'file_extract') AS x FROM customer UNION ALL SELECT note FROM customer
f	SELECT protaddr.guard(street, 'file_extract') AS x FROM legacy
f	SELECT street FROM legacy
f	SELECT protaddr.guard(street || ' ' || number, 'file_extract') AS x FROM legacy
t	SELECT protaddr.guard(concat_ws(' ', street, number, town), 'file_extract') AS x FROM legacy
f	SELECT home FROM customer
f	SELECT home::text AS h FROM customer
f	SELECT protaddr.show(home) AS h FROM customer
f	SELECT protaddr.town_name(home) AS h FROM customer
f	SELECT protaddr.subjects_of(home) AS h FROM customer
f	SELECT protaddr.guard(protaddr.show(home), 'file_extract') AS h FROM customer
t	SELECT protaddr.release(home, 'file_extract') AS h FROM customer
f	SELECT protaddr.release(home, 'sepa') AS h FROM customer
f	SELECT protaddr.release(home, code) AS h FROM customer
t	SELECT protaddr.release(home, 'file_extract', amount, 'EUR') AS h FROM customer
t	SELECT protaddr.release(home, 'file_extract', payee => cpr) AS h FROM customer
f	SELECT protaddr.release(home, 'file_extract', payee => left(note, 3)) AS h FROM customer
t	SELECT protaddr.guard(doc, 'file_extract') ->> 'a' AS d FROM customer
f	SELECT protaddr.guard(doc ->> 'a', 'file_extract') AS d FROM customer
t	SELECT protaddr.guard(tags, 'file_extract') AS d, protaddr.guard(msg, 'file_extract') AS m, protaddr.guard(raw, 'file_extract') AS r FROM customer
f	SELECT protaddr.guard(raw, 'file_extract', 'UTF16') AS r FROM customer
f	SELECT protaddr.guard(convert_to(note, 'UTF8'), 'file_extract') AS r FROM customer
f	SELECT note::int = 1 AS x FROM customer
f	SELECT note::jsonb IS NULL AS x FROM customer
f	SELECT format(note, 1) = 'x' AS x FROM customer
f	SELECT (note::loud) IS NULL AS x FROM customer
t	SELECT (note::short) IS NULL AS x FROM customer
f	SELECT b.p FROM customer c, swapped(b => c.code, a => c.note) b
t	SELECT b.q FROM customer c, swapped(b => c.code, a => c.note) b
t	SELECT protaddr.show(protaddr.release(home, 'file_extract')) AS h FROM customer
t	SELECT protaddr.street_name(protaddr.release(home, 'file_extract')) AS h FROM customer
f	SELECT coalesce(protaddr.show(protaddr.release(home, 'file_extract')), protaddr.show(home)) AS h FROM customer
f	SELECT protaddr.show(protaddr.release(protaddr.address(strtnm => note, subject => '1'), 'file_extract')) AS h FROM customer
f	SELECT protaddr.show(protaddr.release(note::protaddr.address, 'file_extract')) AS h FROM customer
t	SELECT home, other FROM paid
t	SELECT protaddr.show(home) AS h FROM paid
f	SELECT text FROM paid
t	SELECT protaddr.guard(text, 'file_extract') AS t FROM paid
f	SELECT protaddr.release_message(msg, 'file_extract') AS m FROM customer
t	SELECT protaddr.guard(protaddr.release_message(msg, 'file_extract')::text, 'file_extract') AS m FROM customer
f	SELECT opaque(code) AS x FROM customer
f	SELECT opaque_number(note) AS x FROM customer
f	SELECT x FROM opaque_rows() x
f	SELECT quoted(code) AS x FROM customer
f	SELECT same(note) AS x FROM customer
t	SELECT same(code) AS x FROM customer
t	SELECT fixed(note) AS x FROM customer
f	SELECT note_of(id) AS x FROM customer
t	SELECT code_of(id) AS x FROM customer
t	SELECT b.code FROM customer c, both_of(c.id) b
f	SELECT b.note FROM customer c, both_of(c.id) b
f	SELECT (both_of(id)).code AS x FROM customer
f	SELECT polymorphic(code) AS x FROM customer
f	SELECT two(id) AS x FROM customer
f	SELECT writes(id) AS x FROM customer
f	SELECT calls_opaque(code) AS x FROM customer
f	SELECT with_default() AS x FROM customer
t	SELECT with_default(code) AS x FROM customer
t	SELECT with_note(note) AS x FROM customer
f	SELECT with_note(b => note, a => code) AS x FROM customer
t	SELECT vouched(note) AS x FROM customer
f	SELECT vouched_then_replaced(note) AS x FROM customer
f	SELECT own_max(note) AS x FROM customer
f	SELECT own_glue(code) AS x FROM customer
f	SELECT code ## code AS x FROM customer
f	SELECT code ### note AS x FROM customer
t	SELECT code ### code AS x FROM customer
f	SELECT id FROM customer WHERE note ~= code
f	SELECT code FROM inner_opaque
f	SELECT id FROM customer WHERE opaque(code) = 'x'
f	SELECT id FROM customer ORDER BY opaque(code)
f	SELECT id FROM customer GROUP BY id, opaque(code)
f	SELECT id FROM customer LIMIT opaque_number('x')
f	SELECT id FROM customer TABLESAMPLE bernoulli (opaque_number('x'))
f	SELECT c.id FROM customer c, LATERAL (SELECT opaque(c.code)) o
f	SELECT id FROM customer WHERE EXISTS (SELECT opaque(code))
f	SELECT row_number() OVER (ORDER BY opaque(code)) AS x FROM customer
f	SELECT count(*) FILTER (WHERE opaque(code) = 'x') AS x FROM customer
t	SELECT code FROM inner_clean
f	SELECT code FROM inner_leaky
f	SELECT x.code FROM (SELECT i.code FROM inner_leaky i) x
t	SELECT code FROM inner_barrier
f	SELECT note FROM inner_barrier
t	SELECT code FROM inner_invoker
f	SELECT note FROM inner_invoker
f	SELECT note FROM stored
f	SELECT code FROM stored
t	SELECT id FROM stored
t	SELECT code FROM part
f	SELECT note FROM part
t	SELECT code FROM part_1
f	SELECT note FROM part_1
t	SELECT code FROM above
f	SELECT code FROM below
f	SELECT code FROM above_legacy
t	SELECT code FROM customer UNION SELECT w FROM word
f	SELECT code FROM customer UNION ALL SELECT note FROM customer
f	SELECT code, note FROM customer UNION ALL SELECT note, code FROM customer
f	SELECT w FROM word INTERSECT SELECT note FROM customer
f	SELECT w FROM word EXCEPT SELECT note FROM customer
t	SELECT 'constant' AS x, current_user AS u, now() AS n
t	VALUES ('a', 1), ('b', 2)
f	SELECT * FROM (VALUES ('a'), ((SELECT note FROM customer LIMIT 1))) v(x)
t	WITH a AS (SELECT code FROM customer) SELECT code FROM a
f	WITH a AS (SELECT note FROM customer) SELECT note AS x FROM a
f	WITH a(x) AS MATERIALIZED (SELECT note FROM customer), b(y) AS (SELECT x FROM a) SELECT y FROM b
t	WITH a AS (SELECT note, code FROM customer) SELECT code FROM a
f	WITH RECURSIVE r(a, b, n) AS (SELECT code, note, 1 FROM customer UNION ALL SELECT b, a, n + 1 FROM r WHERE n < 3) SELECT a FROM r
f	WITH RECURSIVE r(a, b, c, d, n) AS (SELECT code, code, code, note, 1 FROM customer UNION ALL SELECT b, c, d, a, n + 1 FROM r WHERE n < 9) SELECT a FROM r
t	WITH RECURSIVE r(a, b, n) AS (SELECT code, code, 1 FROM customer UNION ALL SELECT b, a, n + 1 FROM r WHERE n < 3) SELECT a FROM r
t	WITH RECURSIVE r(a, n) AS (SELECT code, 1 FROM customer UNION ALL SELECT a || 'x', n + 1 FROM r WHERE n < 3) SELECT a FROM r
f	WITH RECURSIVE r(a, n) AS (SELECT protaddr.guard(note, 'file_extract'), 1 FROM customer UNION ALL SELECT (SELECT note FROM customer WHERE id = n), n + 1 FROM r WHERE n < 3) SELECT a FROM r
f	WITH RECURSIVE r(a, n) AS (SELECT '', 1 UNION ALL SELECT r.a || substr(c.note, r.n, 1), n + 1 FROM r, customer c WHERE n < 40) SELECT a FROM r
f	WITH RECURSIVE o(a, n) AS (SELECT code, 1 FROM customer UNION ALL SELECT q.* FROM o, LATERAL (WITH RECURSIVE i(b, m) AS (SELECT o.a, 1 UNION ALL SELECT (SELECT note FROM customer LIMIT 1), m + 1 FROM i WHERE m < 2) SELECT i.b, o.n + 1 FROM i) q WHERE o.n < 2) SELECT a FROM o
f	SELECT w.w FROM word w JOIN customer c ON c.note LIKE '%' || w.w || '%'
f	SELECT w.w FROM word w, customer c WHERE substr(c.note, w.n, 1) = w.w
f	SELECT w.w FROM word w WHERE EXISTS (SELECT FROM customer c WHERE strpos(c.note, w.w) > 0)
f	SELECT w.w FROM word w, (SELECT FROM customer c WHERE c.note < 'M') x
f	SELECT w.w FROM word w WHERE w.w < ANY (SELECT note FROM customer)
f	SELECT w.w FROM word w WHERE w.w IN (SELECT substr(note, w.n, 1) FROM customer)
t	SELECT w.w FROM word w WHERE w.w IN (SELECT note FROM customer)
t	SELECT w.w FROM word w LEFT JOIN customer c ON c.note = w.w
f	SELECT i FROM generate_series(32, 126) i, customer c WHERE chr(i) = substr(c.note, 1, 1)
f	SELECT 'x' AS x FROM customer c, generate_series(1, ascii(c.note)) g
f	SELECT 'x' AS x FROM (SELECT 'x' AS x, generate_series(1, ascii(c.note)) AS g FROM customer c) y
f	SELECT w.w FROM word w, customer c, LATERAL spells(c.note, w.w) s
f	SELECT (SELECT w.w FROM word w ORDER BY c.note < w.w, w.w LIMIT 1) AS x FROM customer c
f	SELECT DISTINCT ON (substr(c.note, 1, 1)) w.w FROM word w, customer c ORDER BY substr(c.note, 1, 1), w.w
f	SELECT lag(w) OVER (ORDER BY t) AS x FROM (SELECT w, w AS t FROM word UNION ALL SELECT 'x', note FROM customer) y
f	SELECT first_value(note) OVER (ORDER BY id) AS x FROM customer
t	SELECT first_value(code) OVER (ORDER BY id) AS x, row_number() OVER (PARTITION BY amount ORDER BY code) AS y FROM customer
f	SELECT first_value(code) OVER (ORDER BY id) AS x, row_number() OVER (PARTITION BY note ORDER BY code) AS y FROM customer
f	SELECT n, row_number() OVER (ORDER BY t) AS y FROM (SELECT n, w AS t FROM word UNION ALL SELECT 0, note FROM customer) x
f	SELECT w.w FROM word w, customer c WHERE greatest(w.w, c.note) = w.w
f	SELECT id FROM customer WHERE note IN (SELECT min(note) FROM customer)
f	SELECT w.w FROM word w WHERE w.w = (SELECT x FROM (SELECT w.w AS x UNION ALL SELECT note FROM customer) y ORDER BY x LIMIT 1)
f	SELECT string_agg(w, '' ORDER BY note) AS x FROM word, customer
f	SELECT min(note) AS x FROM customer
t	SELECT min(code) AS x, sum(amount) AS y, avg(amount) AS z FROM customer
f	SELECT mode() WITHIN GROUP (ORDER BY note) AS x FROM customer
t	SELECT code, sum(amount) AS s FROM customer GROUP BY GROUPING SETS ((code), ())
f	SELECT note, GROUPING(note) AS g FROM customer GROUP BY CUBE (note)
f	SELECT 'x' AS x FROM customer GROUP BY code HAVING max(note) > 'm'
f	SELECT query_to_xml('SELECT note FROM customer', true, false, '') AS x
f	SELECT table_to_xml('customer', true, false, '') AS x
f	SELECT word AS x FROM ts_stat('SELECT to_tsvector(note) FROM customer')
f	SELECT to_tsvector('simple', note) AS x FROM customer
f	SELECT current_setting('a.b') AS x FROM customer WHERE set_config('a.b', note, true) IS NOT NULL
f	SELECT pg_read_file('PG_VERSION') AS x
f	SELECT pg_get_viewdef('inner_clean'::regclass) AS x
f	SELECT most_common_vals::text FROM pg_stats
f	SELECT query FROM pg_stat_activity
f	SELECT data FROM pg_largeobject
f	SELECT lo_get(1) AS x
f	SELECT string_agg(chr(get_byte(raw, g)), '') AS x FROM customer, generate_series(0, 5) g
f	SELECT ctid, tableoid, note AS n FROM customer
t	SELECT ctid, tableoid, xmin FROM customer
f	SELECT j.note FROM customer a JOIN customer j USING (id)
f	SELECT id, coalesce FROM (SELECT id, coalesce(a.note, b.w) FROM customer a FULL JOIN word b ON a.id = b.n) x
t	SELECT id FROM customer a FULL JOIN (SELECT n AS id, w FROM word) b USING (id)
f	SELECT code FROM customer a FULL JOIN (SELECT n AS i, note AS code FROM word, customer) b USING (code)
f	SELECT x FROM (SELECT a.note AS x FROM customer a) s(x)
f	SELECT r.a FROM customer, ROWS FROM (unnest(tags), unnest(numbers)) AS r(a, b)
f	SELECT r.b FROM customer, LATERAL ROWS FROM (generate_series(1, 3), unnest(tags)) AS r(a, b)
t	SELECT r.a FROM customer, ROWS FROM (generate_series(1, 3), unnest(tags)) AS r(a, b)
t	SELECT r.o FROM customer, unnest(tags) WITH ORDINALITY AS r(a, o)
f	SELECT (SELECT note FROM customer c WHERE c.id = w.n) AS x FROM word w
f	SELECT ARRAY(SELECT note FROM customer) AS x
t	SELECT ARRAY(SELECT code FROM customer) AS x
t	SELECT EXISTS (SELECT FROM customer WHERE note = 'x') AS x
f	SELECT EXISTS (SELECT FROM customer WHERE note LIKE 'x%') AS x
f	SELECT (id, note) < (1, 'b') AS x FROM customer
t	SELECT (id, note) = (1, 'b') AS x FROM customer
f	SELECT format('%s', note) AS x FROM customer
f	SELECT note COLLATE "C" AS x FROM customer
f	SELECT note::varchar(3) AS x FROM customer
f	SELECT note::name AS x FROM customer
f	SELECT to_char(born, note) AS x FROM customer
t	SELECT to_char(born, 'YYYY') AS x FROM customer
f	SELECT set_byte(convert_to(code, 'UTF8'), 0, ascii(note)) AS x FROM customer
f	SELECT int4range(ascii(note), 1000) AS x FROM customer
f	SELECT id, protaddr.guard(note, 'file_extract') AS x FROM customer ORDER BY note
t	SELECT id, protaddr.release(home, 'file_extract') AS x FROM customer ORDER BY home
t	SELECT min(id) AS x, protaddr.release(home, 'file_extract') AS y FROM customer GROUP BY home
f	SELECT id, protaddr.release(home, 'file_extract') AS x FROM customer ORDER BY protaddr.show(home)
f	SELECT id FROM customer ORDER BY protaddr.post_code(home)
t	SELECT id, protaddr.guard(note, 'file_extract') AS x FROM customer ORDER BY code, id DESC
t	SELECT id, protaddr.guard(note, 'file_extract') AS x FROM customer ORDER BY 2
f	SELECT id FROM (SELECT id FROM customer ORDER BY note) x
f	SELECT min(id) AS x FROM customer GROUP BY note
f	SELECT min(id) AS x, protaddr.guard(note, 'file_extract') AS y FROM customer GROUP BY note
t	SELECT min(id) AS x, protaddr.guard(note, 'file_extract') AS y FROM customer GROUP BY 2
f	SELECT DISTINCT id, note FROM customer
t	SELECT DISTINCT id, protaddr.guard(note, 'file_extract') AS y FROM customer
f	SELECT x.id FROM (SELECT note, id FROM customer UNION SELECT note, id FROM customer) x
t	SELECT x.id FROM (SELECT note, id FROM customer UNION ALL SELECT note, id FROM customer) x
f	SELECT x.id FROM (SELECT note, id FROM customer INTERSECT SELECT 'x', id FROM customer) x
f	SELECT sum(id) OVER w AS x FROM customer WINDOW w AS (ORDER BY note)
f	SELECT id, sum(id) OVER w AS x, sum(id) OVER v AS y FROM customer WINDOW w AS (ORDER BY code), v AS (PARTITION BY lower(note))
f	SELECT tableoid, id FROM part
t	SELECT ctid, id FROM part
f	SELECT tableoid, id FROM above
t	SELECT part IS NOT DISTINCT FROM NULL AS x FROM (SELECT id AS part FROM customer) c
f	SELECT part = ROW('a', 1)::pair AS x FROM customer
t	SELECT tags = ARRAY['a'] AS x FROM customer
t	SELECT id, code FROM by_policy
f	SELECT id, code FROM by_spelling
f	SELECT code FROM by_hidden
\.
CREATE TABLE judged AS SELECT n, leaves, verdict_on(definition) AS verdict, definition FROM shape;

-- those that are not as they should be: none
SELECT n, leaves, verdict, definition FROM judged WHERE leaves <> (verdict = 'may leave') ORDER BY n;
-- and why the others are refused
SELECT verdict, count(*) FROM judged WHERE NOT leaves GROUP BY verdict ORDER BY verdict COLLATE "C";
SELECT count(*) FILTER (WHERE leaves) AS leave, count(*) FILTER (WHERE NOT leaves) AS refused FROM judged;

-- a view that is made of its own text gets the same verdict
CREATE FUNCTION verdict_again(definition text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    its text;
BEGIN
    EXECUTE 'CREATE VIEW original AS ' || definition;
    its := pg_get_viewdef('original'::regclass);
    EXECUTE 'DROP VIEW original';
    RETURN verdict_on(its);
END
$$;
SELECT j.n, j.verdict, again, j.definition FROM judged j, LATERAL verdict_again(j.definition) again WHERE again <> j.verdict ORDER BY j.n;

DROP EXTENSION protaddr CASCADE;
DROP SCHEMA shapes CASCADE;
