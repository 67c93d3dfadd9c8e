-- Do the rows that a load writes many at once meet what rows of any other statement meet?
\getenv abs_srcdir PG_ABS_SRCDIR
\set deliveries :abs_srcdir '/test/regress/delivery.psql'
\set ECHO none
\i :deliveries
\set VERBOSITY terse
CREATE TABLE seen (what text, tbl text, n bigint);
CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF TG_LEVEL = 'ROW' THEN
		INSERT INTO public.seen VALUES (TG_WHEN || ' ROW', TG_TABLE_NAME, 1);
	ELSE
		INSERT INTO public.seen SELECT TG_WHEN || ' STATEMENT', TG_TABLE_NAME, count(*) FROM added;
	END IF;
	RETURN NEW;
END
$$;
CREATE FUNCTION load(how_many integer) RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws('|', r.persons, r.protected, r.newly_protected, r.outcome)
	FROM protaddr.load_cpr(delivery('990001', '2026-11-20', '2026-11-19', people(6101700000, how_many, '{0001}'), people(6201700000, how_many))) r
$$;

-- more than one batch, and all that there is of each
SELECT load(2100);
SELECT count(*), count(DISTINCT id), min(subject_key), max(subject_key), bool_and(subject_key = protaddr.subject_key(subject)), bool_and(recorded_by = session_user),
    bool_and(kind = 'name_and_address' AND regime = 'DK-CPR' AND code = '0001' AND source = 'DK-CPR' AND valid_from = '-infinity' AND valid_to = 'infinity' AND recorded_to = 'infinity'), count(delete_hint), count(reason)
FROM protaddr.protection;
SELECT count(*), count(DISTINCT subject_key), bool_and(subject_key = protaddr.subject_key(subject)), count(DISTINCT known_since), bool_and(source = 'DK-CPR') FROM protaddr.register_person;
SELECT persons, protections FROM protaddr.register_source;
SELECT count(*) FILTER (WHERE protaddr.is_protected(n::text)) FROM generate_series(6101700000, 6101702200) n;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SELECT count(*) FROM protaddr.protection WHERE subject_key >= '' AND source >= '' AND recorded_to = 'infinity' AND valid_to = 'infinity';
SELECT count(*) FROM protaddr.protection WHERE subject_key >= '' AND recorded_from >= '-infinity';
RESET enable_seqscan;
RESET enable_bitmapscan;

-- what else listens to the tables is told, whatever its way
DROP EXTENSION protaddr CASCADE;
CREATE EXTENSION protaddr;
CREATE TRIGGER a BEFORE INSERT ON protaddr.protection FOR EACH ROW EXECUTE FUNCTION see();
CREATE TRIGGER b AFTER INSERT ON protaddr.protection FOR EACH ROW EXECUTE FUNCTION see();
CREATE TRIGGER c AFTER INSERT ON protaddr.protection REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION see();
CREATE TRIGGER a BEFORE INSERT ON protaddr.register_person FOR EACH ROW EXECUTE FUNCTION see();
CREATE TRIGGER b AFTER INSERT ON protaddr.register_person FOR EACH ROW EXECUTE FUNCTION see();
CREATE TRIGGER c AFTER INSERT ON protaddr.register_person REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION see();
SELECT load(1200);
SELECT tbl, what, sum(n) FROM seen GROUP BY 1, 2 ORDER BY 1, 2;

-- a trigger that changes a row changes what is generated from it
CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.subject := '6301704003'; RETURN NEW; END $$;
CREATE TRIGGER d BEFORE INSERT ON protaddr.protection FOR EACH ROW EXECUTE FUNCTION other();
SELECT newly_protected FROM protaddr.load_cpr(delivery('990001', '2026-11-21', '2026-11-20', person('6401704004', '{0001}')));
SELECT subject_key FROM protaddr.protection WHERE subject = '6301704003';
SELECT protaddr.is_protected('6301704003'), protaddr.is_protected('6401704004');

DROP TRIGGER a ON protaddr.protection;
DROP TRIGGER b ON protaddr.protection;
DROP TRIGGER c ON protaddr.protection;
DROP TRIGGER d ON protaddr.protection;

-- or empties what must have a value; and a constraint that would not be checked
CREATE FUNCTION empty() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.code := NULL; RETURN NEW; END $$;
CREATE TRIGGER d BEFORE INSERT ON protaddr.protection FOR EACH ROW EXECUTE FUNCTION empty();
SELECT refusal($s$SELECT protaddr.load_cpr(delivery('990001', '2026-11-22', '2026-11-21', person('6501704005', '{0001}')))$s$);
DROP FUNCTION empty() CASCADE;
ALTER TABLE protaddr.register_person ADD CONSTRAINT short CHECK (length(subject) < 5) NOT VALID;
SELECT refusal($s$SELECT protaddr.load_cpr(delivery('990001', '2026-11-22', '2026-11-21', person('6501704005', '{0001}')))$s$);
ALTER TABLE protaddr.register_person DROP CONSTRAINT short;

-- read only
BEGIN READ ONLY;
SELECT refusal($s$SELECT protaddr.load_cpr(delivery('990001', '2026-11-22', '2026-11-21', person('6501704005', '{0001}')))$s$);
ROLLBACK;

-- of two events of a person the later counts, whatever the order in which they come, and however large and small their positions are
INSERT INTO protaddr.register_staging (source, subject, code, "none", "position")
SELECT 'NO-FREG', 'E' || a || '/' || b, CASE WHEN n = 2 THEN 'FORTROLIG' END, n = 1, CASE n WHEN 1 THEN a ELSE b END
FROM (SELECT p[i] AS a, p[i + 1] AS b FROM (SELECT '{-9223372036854775807,-65537,-65536,-257,-256,-255,-2,-1,0,1,2,127,128,255,256,65535,65536,9223372036854775807}'::bigint[] AS p) l, generate_series(1, 17) i) pairs,
    generate_series(2, 1, -1) n;
SELECT persons, newly_protected FROM protaddr.load_staged('NO-FREG', 'NO-FREG', mode => 'events', upto => 9223372036854775807);
UPDATE protaddr.register_feed SET "position" = NULL;
INSERT INTO protaddr.register_staging (source, subject, code, "none", "position")
SELECT 'NO-FREG', 'F' || a || '/' || b, CASE WHEN n = 1 THEN 'FORTROLIG' END, n = 2, CASE n WHEN 1 THEN a ELSE b END
FROM (SELECT p[i] AS a, p[i + 1] AS b FROM (SELECT '{-9223372036854775807,-65537,-65536,-257,-256,-255,-2,-1,0,1,2,127,128,255,256,65535,65536,9223372036854775807}'::bigint[] AS p) l, generate_series(1, 17) i) pairs,
    generate_series(1, 2) n;
SELECT persons, newly_protected FROM protaddr.load_staged('NO-FREG', 'NO-FREG', mode => 'events', upto => 9223372036854775807);

DROP EXTENSION protaddr CASCADE;
DROP FUNCTION load(integer), see(), other();
DROP TABLE seen;
DROP FUNCTION person, people, delivery, fixed, refusal;

-- Of those who have or had another number the first load reads again what is in force, and
-- must not walk there through all rows that it has written itself.
DROP EXTENSION IF EXISTS protaddr CASCADE;
CREATE EXTENSION protaddr;
SELECT persons, protected, replaced_numbers FROM protaddr.load_register('NO-FREG',
    (SELECT jsonb_agg(jsonb_build_object('subject', 'N' || i, 'protections', '[{"code": "FORTROLIG"}]'::jsonb)) FROM generate_series(1, 5000) i)
    || (SELECT jsonb_agg(jsonb_build_object('subject', 'O' || i, 'replaced_by', 'N' || i, 'protections', '[]'::jsonb)) FROM generate_series(1, 5000, 10) i));
SELECT pg_stat_force_next_flush() \g /dev/null
SELECT idx_tup_read < 20000 AS few_read FROM pg_stat_user_indexes WHERE schemaname = 'protaddr' AND indexrelname = 'protection_one';
DROP EXTENSION protaddr CASCADE;
