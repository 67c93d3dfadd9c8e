-- How many may lose their protection by many small deliveries, when are they counted, and is what is counted believed for long?
\getenv abs_srcdir PG_ABS_SRCDIR
\set deliveries :abs_srcdir '/test/regress/delivery.psql'
\set ECHO none
\i :deliveries
\set VERBOSITY terse
CREATE FUNCTION lift(first integer, last integer, VARIADIC options text[] DEFAULT '{}') RETURNS TABLE (outcome text, n bigint) LANGUAGE plpgsql AS $$
DECLARE
    i integer;
    said text[] := '{}';
BEGIN
    FOR i IN first .. last LOOP
        said := said || refusal(format('SELECT protaddr.load_register(''NO-FREG'', ''[{"subject": "%s", "protections": []}]'', mode => ''reply''%s)', 1000 + i, array_to_string(options, '')));
    END LOOP;
    RETURN QUERY SELECT s, count(*) FROM unnest(said) s GROUP BY 1 ORDER BY 1;
END
$$;
CREATE FUNCTION protect(first integer, last integer) RETURNS bigint LANGUAGE sql AS $$
    SELECT newly_protected FROM protaddr.load_register('NO-FREG', (SELECT jsonb_agg(jsonb_build_object('subject', 1000 + i, 'protections', '[{"code": "FORTROLIG"}]'::jsonb)) FROM generate_series(first, last) i))
$$;
CREATE VIEW counted AS SELECT s.counted AS protected, s.counted_at IS NOT NULL AS counted, s.counted_at > now() AS now,
    (SELECT count(DISTINCT p.subject_key) FROM protaddr.protection p WHERE p.recorded_to = 'infinity' AND p.valid_to = 'infinity' AND p.kind <> 'none') AS are
FROM protaddr.register_source s;

-- 3,000 are protected: 30 may lose it; nobody is counted for the first 20
SELECT protect(1, 3000);
SELECT * FROM lift(1, 20);
SELECT * FROM counted;
-- with the 21st they are counted, all who were protected when the window began, and not again
BEGIN;
SELECT * FROM lift(21, 21);
SELECT * FROM counted;
COMMIT;
BEGIN;
SELECT * FROM lift(22, 30);
SELECT * FROM counted;
COMMIT;
SELECT * FROM lift(31, 33);
-- the window goes by: as many again, and they are counted anew
UPDATE protaddr.register_delivery SET loaded_at = loaded_at - interval '25 hours';
UPDATE protaddr.register_source SET counted_at = counted_at - interval '25 hours';
SELECT * FROM lift(31, 50);
BEGIN;
SELECT * FROM lift(51, 51);
SELECT * FROM counted;
COMMIT;
SELECT * FROM lift(52, 70);
-- a large delivery is held against who is protected now, and what was confirmed is not counted with any more
SELECT protect(5001, 8000);
SELECT refusal($s$SELECT protaddr.load_register('NO-FREG', (SELECT jsonb_agg(jsonb_build_object('subject', 1000 + i, 'protections', '[]'::jsonb)) FROM generate_series(5001, 5050) i))$s$);
SELECT refusal($s$SELECT protaddr.load_register('NO-FREG', (SELECT jsonb_agg(jsonb_build_object('subject', 1000 + i, 'protections', '[]'::jsonb)) FROM generate_series(5001, 5025) i))$s$);
SELECT * FROM counted;
SELECT lifted FROM protaddr.load_register('NO-FREG', (SELECT jsonb_agg(jsonb_build_object('subject', 1000 + i, 'protections', '[]'::jsonb)) FROM generate_series(5026, 8000) i), confirm_lifted => 2975);
SELECT * FROM counted;
SELECT * FROM lift(81, 100);
-- so is what was undone
UPDATE protaddr.register_source SET counted_at = now();
SELECT protaddr.undo_delivery('NO-FREG', name, 'a test') > 0 FROM protaddr.register_delivery WHERE outcome = 'loaded' ORDER BY id DESC LIMIT 1;
SELECT * FROM counted;

DROP EXTENSION protaddr CASCADE;
DROP FUNCTION lift(integer, integer, VARIADIC text[]), protect(integer, integer);
DROP FUNCTION person, people, delivery, fixed, refusal;
