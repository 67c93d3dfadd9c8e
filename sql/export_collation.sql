--
-- Are texts the same under a collation that finds different ones the same?  Then a comparison
-- spells them out.  Needs ICU.
--
SELECT count(*) = 0 AS skip FROM pg_collation WHERE collprovider = 'i' \gset
\if :skip
\quit
\endif
SET client_min_messages = warning;
CREATE EXTENSION protaddr;
CREATE SCHEMA loose;
SET search_path = loose;
CREATE COLLATION near (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
CREATE COLLATION strict (provider = icu, locale = 'und');
CREATE DOMAIN nearly AS text COLLATE near;
CREATE TABLE customer (id int, code text, note text, near_code text COLLATE near, near_note text COLLATE near, nearly nearly, tags text[] COLLATE near);
SELECT protaddr.declare_free('customer', c, 'test') FROM (VALUES ('code'), ('near_code')) f(c);
CREATE FUNCTION leaves(definition text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'CREATE VIEW shaped AS ' || definition;
    RETURN (SELECT string_agg(DISTINCT regexp_replace(verdict, '^refused: column.*', 'refused'), '; ') FROM protaddr.explain_export('shaped', 'file_extract'));
END
$$;
CREATE FUNCTION tried(definition text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    said text := leaves(definition);
BEGIN
    DROP VIEW shaped;
    RETURN said;
END
$$;
SELECT tried(d) AS verdict, d AS definition FROM (VALUES
    (1, 'SELECT note = ''a'' AS x FROM customer'),
    (2, 'SELECT note = ''a'' COLLATE strict AS x FROM customer'),
    (3, 'SELECT note = ''a'' COLLATE near AS x FROM customer'),
    (4, 'SELECT near_note = ''a'' AS x FROM customer'),
    (5, 'SELECT near_note = ''a'' COLLATE "C" AS x FROM customer'),
    (6, 'SELECT near_code = ''a'' AS x FROM customer'),
    (7, 'SELECT nearly = ''a'' AS x FROM customer'),
    (8, 'SELECT note COLLATE near IN (''a'', ''b'') AS x FROM customer'),
    (9, 'SELECT note COLLATE near IS DISTINCT FROM ''a'' AS x FROM customer'),
    (10, 'SELECT nullif(code COLLATE near, note) AS x FROM customer'),
    (11, 'SELECT CASE note COLLATE near WHEN ''a'' THEN 1 END AS x FROM customer'),
    (12, 'SELECT CASE note WHEN ''a'' COLLATE near THEN 1 END AS x FROM customer'),
    (13, 'SELECT CASE note WHEN ''a'' THEN 1 END AS x FROM customer'),
    (14, 'SELECT count(DISTINCT near_note) AS x FROM customer'),
    (15, 'SELECT count(DISTINCT note) AS x FROM customer'),
    (16, 'SELECT a.id AS x FROM customer a JOIN customer b ON a.note = b.near_note'),
    (17, 'SELECT a.id AS x FROM customer a WHERE near_note IN (SELECT note FROM customer)'),
    (18, 'SELECT near_note IS NULL AS x FROM customer'),
    (19, 'SELECT count(near_note), length(near_note) AS x FROM customer GROUP BY 2'),
    (20, 'SELECT near_note = note COLLATE "C" AS x FROM customer'),
    (21, 'SELECT tags = ARRAY[''a''] AS x FROM customer')) t (n, d) ORDER BY n;
DROP EXTENSION protaddr CASCADE;
DROP SCHEMA loose CASCADE;
