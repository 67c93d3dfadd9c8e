-- What does a load leave behind that is refused, or only tried?  Nothing of a row in our tables.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION protaddr;
-- 20,000 people, of whom the first 500 are protected in a way that is told
CREATE FUNCTION people(first int, last int, protected int) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_agg(jsonb_build_object('subject', 'N' || i, 'protections', CASE WHEN i <= protected THEN '[{"code": "FORTROLIG"}]'::jsonb ELSE '[]' END))
    FROM generate_series(first, last) i
$$;
CREATE FUNCTION sizes() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(pg_table_size(t) || '+' || pg_indexes_size(t), ' ')
    FROM unnest('{protaddr.register_person, protaddr.protection, protaddr.identity_link}'::regclass[]) t
$$;
SELECT persons, protected, outcome FROM protaddr.load_register('NO-FREG', people(1, 20000, 500));
VACUUM protaddr.register_person, protaddr.protection, protaddr.identity_link;
SELECT sizes() AS before \gset
-- with 10,000 people who are new, and 500 who would be lifted
SELECT protaddr.load_register('NO-FREG', people(1, 30000, 0));
SELECT :'before' = sizes() AS nothing_left;
SELECT protaddr.load_register('NO-FREG', people(1, 30000, 0), mode => 'snapshot');
SELECT :'before' = sizes() AS nothing_left;
INSERT INTO protaddr.register_staging (source, subject, code, "none")
SELECT 'NO-FREG', 'N' || i, CASE WHEN i BETWEEN 501 AND 1000 OR i > 20000 THEN 'FORTROLIG' END, i NOT BETWEEN 501 AND 1000 AND i <= 20000 FROM generate_series(1, 30000) i;
SELECT protaddr.load_staged('NO-FREG', 'NO-FREG');
SELECT :'before' = sizes() AS nothing_left;
-- what is tried counts as what is loaded
SELECT persons, protected, newly_protected, lifted, outcome FROM protaddr.load_staged('NO-FREG', 'NO-FREG', max_lifted => 1000, dry_run => true);
SELECT persons, protected, lifted, absent, outcome FROM protaddr.load_register('NO-FREG', people(101, 30000, 0), mode => 'snapshot', max_lifted => 1000, dry_run => true);
SELECT :'before' = sizes() AS nothing_left;
-- and of the first load of all
DROP EXTENSION protaddr;
CREATE EXTENSION protaddr;
SELECT sizes() AS before \gset
SELECT persons, protected, outcome FROM protaddr.load_register('NO-FREG', people(1, 20000, 500), dry_run => true);
SELECT :'before' = sizes() AS nothing_left;
-- what is loaded is there
SELECT persons, protected, outcome FROM protaddr.load_register('NO-FREG', people(1, 20000, 500));
INSERT INTO protaddr.register_staging (source, subject, code, "none")
SELECT 'NO-FREG', 'N' || i, CASE WHEN i BETWEEN 501 AND 1000 OR i > 20000 THEN 'FORTROLIG' END, i NOT BETWEEN 501 AND 1000 AND i <= 20000 FROM generate_series(1, 30000) i;
SELECT persons, protected, newly_protected, lifted, outcome FROM protaddr.load_staged('NO-FREG', 'NO-FREG', max_lifted => 1000);
SELECT :'before' = sizes() AS nothing_left;
SELECT (SELECT count(*) FROM protaddr.register_person) AS people, protaddr.is_protected('N1') AS n1, protaddr.is_protected('N501') AS n501, protaddr.is_protected('N1001') AS n1001,
       protaddr.is_protected('N20001') AS n20001, protaddr.is_protected('N30001') AS n30001;
DROP EXTENSION protaddr;
DROP FUNCTION people(int, int, int), sizes();
