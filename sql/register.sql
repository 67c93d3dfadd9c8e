--
-- Who is protected, since when, and what does a session see of a change?
--
SET client_min_messages = warning;
CREATE EXTENSION protaddr;
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
INSERT INTO customer VALUES ('6101704001', 'Vestergade 12'), ('6201704002', 'Kanariegade 2');
CREATE VIEW seen AS SELECT cpr, protaddr.show(home) AS home FROM customer;
SET client_min_messages = notice;

-- never loaded, never confirmed: nothing is told, everybody counts as protected; one WARNING in a transaction
SELECT protaddr.register_ready(), protaddr.is_protected('6101704001');
BEGIN;
SELECT * FROM seen ORDER BY cpr;
SELECT * FROM seen ORDER BY cpr;
SAVEPOINT s;
SELECT protaddr.register_ready();
ROLLBACK TO s;
SELECT protaddr.register_ready();
COMMIT;
SELECT protaddr.register_ready();
SELECT source, status FROM protaddr.register_status ORDER BY source;
\set VERBOSITY terse
SELECT protaddr.confirm_register(NULL);
SELECT protaddr.confirm_register(E' \t');

-- confirmed: holds once committed, with savepoints or without
BEGIN;
SELECT protaddr.confirm_register('branch', new_source => true);
SELECT * FROM seen ORDER BY cpr;
ROLLBACK;
BEGIN;
SAVEPOINT s;
SELECT protaddr.confirm_register('branch', new_source => true);
ROLLBACK TO s;
SELECT * FROM seen ORDER BY cpr;
COMMIT;
SELECT protaddr.confirm_register('branch', new_source => true);
SELECT * FROM seen ORDER BY cpr;
SELECT s.source, status, age < '1 minute' AS young, stale_at - current_as_of = protaddr.register_max_age() AS stale_at, protected, confirmed_by = session_user AS by_us
FROM protaddr.register_status s JOIN protaddr.register_source USING (source) ORDER BY source;

-- old: a source that was not heard of for too long, and nobody can stretch the limit
SELECT protaddr.register_max_age(), current_setting('protaddr.register_max_age');
SET protaddr.register_max_age = '10 years';
SELECT refusal(format('ALTER ROLE %I SET protaddr.register_max_age = 99999999', current_user));
SELECT set_config('protaddr.register_max_age', '99999999', true);
CREATE FUNCTION stretched() RETURNS boolean LANGUAGE sql SET protaddr.register_max_age = '10 years' RETURN protaddr.register_ready();
SELECT protaddr.confirm_register('other branch', new_source => true);
UPDATE protaddr.register_source SET current_as_of = clock_timestamp() - protaddr.register_max_age() - interval '1 minute' WHERE source = 'branch';
SELECT source, status FROM protaddr.register_status ORDER BY source;
SELECT * FROM seen ORDER BY cpr;
SELECT protaddr.retire_register('other branch'), protaddr.retire_register('no such branch'), protaddr.retire_register(NULL);
SELECT protaddr.is_protected('6101704001');
UPDATE protaddr.register_source SET current_as_of = clock_timestamp() - protaddr.register_max_age() + interval '10 minutes' WHERE source = 'branch';
SELECT protaddr.register_ready();
-- a source may have an age of its own, longer or shorter, kept until another is given
SELECT protaddr.confirm_register('weekly', '8 days', new_source => true);
UPDATE protaddr.register_source SET current_as_of = clock_timestamp() - interval '7 days' WHERE source = 'weekly';
SELECT protaddr.register_ready();
UPDATE protaddr.register_source SET current_as_of = clock_timestamp() - interval '9 days' WHERE source = 'weekly';
SELECT protaddr.register_ready();
SELECT protaddr.confirm_register('weekly', new_source => true);
SELECT source, status, stale_at - current_as_of AS max_age FROM protaddr.register_status JOIN protaddr.register_source USING (source) WHERE source = 'weekly';
SELECT protaddr.confirm_register('weekly', '30 minutes', new_source => true);
UPDATE protaddr.register_source SET current_as_of = clock_timestamp() - interval '31 minutes' WHERE source = 'weekly';
SELECT protaddr.register_ready();
SELECT protaddr.confirm_register('weekly', '0', new_source => true);
SELECT protaddr.confirm_register('weekly', '-1 day', new_source => true);
SELECT protaddr.retire_register('weekly');
\set VERBOSITY sqlstate
TRUNCATE protaddr.register_source;
\set VERBOSITY terse

-- protect hides at once, for ourselves too; rolled back it never was
BEGIN;
SELECT protaddr.protect('6201704002', 'DK-CPR', '0001', reason => 'letter');
SELECT * FROM seen ORDER BY cpr;
ROLLBACK;
BEGIN;
SELECT * FROM seen ORDER BY cpr;
SAVEPOINT s;
SELECT protaddr.protect('6201704002', 'DK-CPR', '0001');
SELECT * FROM seen ORDER BY cpr;
ROLLBACK TO s;
SELECT * FROM seen ORDER BY cpr;
SAVEPOINT s2;
SELECT protaddr.protect('6201704002', 'DK-CPR', '0001');
RELEASE s2;
SELECT * FROM seen ORDER BY cpr;
COMMIT;
-- one person, however a spreadsheet, a word processor or a number column writes the identifier
SELECT n, protaddr.subject_key(x), protaddr.is_protected(x) FROM (VALUES (1, '6201704002'), (2, '''6201704002'), (3, U&'\FF16\FF12\FF10\FF11\FF17\FF10\FF14\FF10\FF10\FF12'), (4, U&'6201704002\200B'), (5, U&'\20606201704002'), (6, U&'\FEFF620170\20134002'),
    (7, U&'\0666\0662\0660\0661\0667\0660\0664\0660\0660\0662'), (8, '6201704002.0'), (9, '6201704002,00'), (10, '6201704002.000'), (11, '"6201704002"'), (12, '="6201704002"'), (13, '6201704002;'), (14, '+6201704002'), (15, U&'62\00A00170\202F4002')) v(n, x) ORDER BY n;
-- what could be a part of it counts
SELECT x, protaddr.subject_key(x), protaddr.is_protected(x) FROM (VALUES (1, 'DK6201704002'), (2, '6201704002_'), (3, 'CPR 620170-4002'), (4, '620.170.400'), (5, '6201704002E0')) v(n, x) ORDER BY n;
-- a point or a comma behind a number: zeros that a numeric column adds, groups of thousands, a Swiss number's last group, or a part of it
SELECT x, protaddr.subject_key(x) FROM unnest('{1234.0,1234.000,123.000,123.0000,123.0,12.345.000,"12.345,000","12345.0 ","12345.0 0",1234.00.0,1234.,1234.0x,"1234,0_",1234.5,A.0,12A.00,.0,756.1234.5678.00,"756.1234.5678,00",757.1234.5678.00,756.1234.567.00}'::text[]) WITH ORDINALITY u(x, n) ORDER BY n;
SELECT protaddr.subject_key(U&'1234.\0660'), protaddr.subject_key(U&'1234.\FF10\2009'), protaddr.subject_key('000123'), protaddr.subject_key('000'), protaddr.subject_key('0.0');
-- a Swede of a hundred years: of which dates, which days, and how it is written
SELECT x, protaddr.subject_key(x) FROM unnest('{270101+1234,19270101+1234,192701011234,2701011234,260101+1234,19260101+1234,192601011234,2601011234,202601011234,18270101+1234,182701011234,172701011234,212701011234,2601+1234,260101+123,260101+12345,260101+123A,260101++1234,+2601011234}'::text[]) WITH ORDINALITY u(x, n) ORDER BY n;
SELECT x, protaddr.subject_key('27' || x || '+1234') AS plus, protaddr.subject_key('1927' || x || '1234') AS century FROM unnest('{0101,0001,1301,1201,0100,0131,0132,0160,0161,0191,0192}'::text[]) WITH ORDINALITY u(x, n) ORDER BY n;
-- 64 bytes are the longest
SELECT length(protaddr.subject_key(x || repeat('1', n - length(x)))) AS length, count(*) FROM unnest('{1,A,270101+}'::text[]) x, generate_series(63, 64) n GROUP BY 1 ORDER BY 1;
SELECT refusal(format('SELECT protaddr.subject_key(%L)', x || repeat('1', 65 - length(x)))), refusal(format('SELECT protaddr.subject_key(%L)', repeat('1', 65 - length(x)) || x)) FROM unnest('{1,A,270101+,Å}'::text[]) x;
SELECT protaddr.protect('620170-4002', 'DK-CPR', '0001') AS still_protected, protaddr.protect('6101704001', 'DK-CPR', '0003') AS by_nothing;
-- a mistyped regime or source is none, and says which there are; a new one is made if asked for
SELECT protaddr.protect('6101704001', 'DK-CRP', '0001');
SELECT protaddr.confirm_register('hands');
\set VERBOSITY default
SELECT protaddr.confirm_register('brnach');
\set VERBOSITY terse
SELECT protaddr.protect('6801704008', 'ZZ-CPR', '1', new_regime => true) AS new_regime, protaddr.is_protected('6801704008');
SELECT protaddr.lift('6801704008', 'ZZ-CPR', '1') AS lifted, refusal('SELECT protaddr.protect(''6801704008'', ''ZZ-CPR'', ''1'')'), refusal('SELECT protaddr.protect(''6801704008'', ''DK-CPR'', ''1'', new_regime => NULL)'), refusal('SELECT protaddr.confirm_register(''x'', new_source => NULL)');
-- numbers of rows hang on no sequence, rise, and a collision is loud
SELECT count(*) AS sequences FROM pg_class WHERE relnamespace = 'protaddr'::regnamespace AND relkind = 'S';
SELECT count(*) AS numbers, count(*) FILTER (WHERE id > before) AS rising, count(DISTINCT id) AS different, min(id) > 0 AS positive
FROM (SELECT id, lag(id, 1, 0) OVER (ORDER BY n) AS before FROM (SELECT n, protaddr.new_id() AS id FROM generate_series(1, 10000) n) i) o;
BEGIN;
CREATE OR REPLACE FUNCTION protaddr.new_id() RETURNS bigint LANGUAGE sql AS 'SELECT min(id) FROM protaddr.protection';
SELECT protaddr.protect('6901704009', 'DK-CPR', '0001');
ROLLBACK;
-- a cursor that was opened before goes on with what holds now
BEGIN;
DECLARE c CURSOR FOR SELECT protaddr.show(home) FROM customer ORDER BY cpr;
SELECT protaddr.protect('6101704001', 'manual', 'address');
FETCH c;
ROLLBACK;

-- lift: shown nothing in the transaction that lifts, of nobody, whatever it rolls back
BEGIN;
SAVEPOINT s;
SELECT protaddr.lift('6201704002', 'DK-CPR', '0001', 'letter');
SELECT * FROM seen ORDER BY cpr;
ROLLBACK TO s;
SELECT * FROM seen ORDER BY cpr;
COMMIT;
SELECT * FROM seen ORDER BY cpr;
DO $$ BEGIN PERFORM protaddr.lift('6201704002', 'DK-CPR', '0001'); RAISE NOTICE 'in a block: %', (SELECT home FROM seen WHERE cpr = '6201704002'); RAISE division_by_zero;
EXCEPTION WHEN division_by_zero THEN RAISE NOTICE 'after it: %', (SELECT home FROM seen WHERE cpr = '6201704002'); END $$;
SELECT protaddr.lift('6201704002', 'DK-CPR', '0002') AS another_code, protaddr.lift('6201704002', 'SE-FOB', '0001') AS another_regime,
       protaddr.lift('6101704001', 'DK-CPR', '0001') AS another_person;
SELECT protaddr.lift('62 0170 4002', 'DK-CPR', '0001', 'letter') AS lifted, protaddr.lift('6201704002', 'DK-CPR', '0001') AS again;
SELECT * FROM seen ORDER BY cpr;

-- history: what was known when; closed rows and what replaced them
SELECT kind, code, source, valid_from, valid_to = 'infinity' AS in_force, recorded_to = 'infinity' AS known, reason, recorded_by = session_user AS by_us
FROM protaddr.protection WHERE subject_key = '6201704002' ORDER BY id;
SELECT a.recorded_to = b.recorded_from AS no_gap, b.valid_to = b.recorded_from AS ended_when_lifted, a.recorded_from < a.recorded_to AS forward
FROM protaddr.protection a, protaddr.protection b WHERE a.subject_key = '6201704002' AND b.subject_key = '6201704002' AND a.recorded_to <> 'infinity' AND b.recorded_to = 'infinity';
SELECT protaddr.protect('6201704002', 'DK-CPR', '0001', '2020-01-01', '2021-01-01') AS protected_again;
SELECT valid_from, delete_hint, protaddr.is_protected('6201704002') AS a_planned_end_ends_nothing FROM protaddr.protection
WHERE subject_key = '6201704002' AND recorded_to = 'infinity' AND valid_to = 'infinity';
SELECT refusal(s) FROM (VALUES (1, 'DELETE FROM protaddr.protection'), (2, 'TRUNCATE protaddr.protection'), (3, 'UPDATE protaddr.protection SET kind = ''none'''),
    (4, 'UPDATE protaddr.protection SET subject = ''x'''), (5, 'UPDATE protaddr.protection SET valid_to = now()'),
    (6, 'UPDATE protaddr.protection SET recorded_to = now() WHERE recorded_to <> ''infinity'''), (7, 'UPDATE protaddr.protection SET recorded_to = ''-infinity'' WHERE recorded_to = ''infinity'''),
    (8, 'SET LOCAL session_replication_role = replica; UPDATE protaddr.protection SET kind = ''none'''),
    (9, 'SET LOCAL session_replication_role = replica; DELETE FROM protaddr.protection'), (10, 'UPDATE protaddr.protection SET recorded_from = ''-infinity''')) v(n, s) ORDER BY n;
SELECT refusal('SELECT protaddr.protect(' || a || ')'), refusal('SELECT protaddr.lift(' || a || ')')
FROM unnest(ARRAY['NULL, ''DK-CPR'', ''0001''', '''x'', NULL, ''0001''', '''x'', ''DK-CPR'', NULL', ''' - '', ''DK-CPR'', ''0001''', 'repeat(''x'', 65), ''DK-CPR'', ''0001''']) WITH ORDINALITY u(a, n) ORDER BY n;

-- what codes hide: unknown ones all, directory, marketing, research and credit nothing
CREATE TABLE entry (n, regime, code) AS VALUES (1, 'DK-CPR', '0001'), (2, 'DK-CPR', '0002'), (3, 'DK-CPR', '0003'), (4, 'DK-CPR', '0004'), (5, 'DK-CPR', '0005'),
    (6, 'DK-CPR', '0006'), (7, 'DK-CPR', '1'), (8, 'dk-cpr', '0002'), (9, 'NO-FREG', 'fortrolig'), (10, 'manual', 'address'), (11, 'manual', 'address_and_town'),
    (12, 'manual', 'name_and_address'), (13, 'manual', 'none'), (14, '', '');
SELECT count(*) FILTER (WHERE protaddr.protect('person ' || n, regime, code, new_regime => true)) AS recorded FROM entry;
SELECT regime, code, protaddr.kind_of(regime, code) AS kind, protaddr.is_protected('person ' || n) AS protected FROM entry ORDER BY n;
SELECT protaddr.is_protected('person 2') AS before, protaddr.protect('person 2', 'manual', 'address') AS one_more, protaddr.lift('person 2', 'DK-CPR', '0002') AS one_less;
SELECT protaddr.is_protected('person 2') AS one_is_enough, protaddr.is_protected('') AS nobody, protaddr.is_protected(NULL) IS NULL AS null_for_null;

-- one person in every spelling and column type
SELECT s, protaddr.subject_key(s) FROM unnest(ARRAY['070761-4285', '0707614285', '707614285', ' 070761 4285 ', '07.07.61-4285', E'070761\t4285', '000', 'ab-12.x', '', '-']) WITH ORDINALITY u(s, n) ORDER BY n;
SELECT protaddr.protect('070761-4285', 'DK-CPR', '0001');
SELECT protaddr.is_protected('0707614285') AS plain, protaddr.is_protected(' 070761 4285') AS blanks, protaddr.is_protected(0707614285::text) AS bigint, protaddr.is_protected('0707614286') AS another;
CREATE TABLE spelled (t text, v varchar(20), c char(20), i bigint, m numeric(20), d protaddr.protection_kind, a1 protaddr.address, a2 protaddr.address, a3 protaddr.address, a4 protaddr.address, a5 protaddr.address);
SELECT protaddr.bind_column('spelled', 'a1', 't') + protaddr.bind_column('spelled', 'a2', 'v') + protaddr.bind_column('spelled', 'a3', 'c') +
       protaddr.bind_column('spelled', 'a4', 'i') + protaddr.bind_column('spelled', 'a5', 'm') AS bound;
INSERT INTO spelled SELECT '070761 4285', '070761-4285', '0707614285', 0707614285, 0707614285, NULL, a, a, a, a, a FROM (SELECT 'Kanariegade 3'::protaddr.address AS a) t;
INSERT INTO spelled SELECT '070761 4286', '070761-4286', '0707614286', 0707614286, 0707614286, NULL, a, a, a, a, a FROM (SELECT 'Vestergade 4'::protaddr.address AS a) t;
SELECT i, protaddr.show(a1), protaddr.show(a2), protaddr.show(a3), protaddr.show(a4), protaddr.show(a5) FROM spelled ORDER BY i;
-- many people, asked in one statement: the whole register is read
CREATE TABLE many AS SELECT n, protaddr.address(strtnm => 'Vestergade', bldgnb => n::text, subject => 'many ' || n) AS home FROM generate_series(1, 1000) n;
SELECT count(*) FILTER (WHERE protaddr.protect('many ' || n, 'DK-CPR', '0001')) AS protected FROM many WHERE n % 10 = 0;
SELECT count(*) FILTER (WHERE protaddr.show(home) = '[address withheld]') AS withheld, count(*) FILTER (WHERE protaddr.show(home) = 'Vestergade ' || n AND n % 10 <> 0) AS shown FROM many;
SELECT count(*) FILTER (WHERE protaddr.lift('many ' || n, 'DK-CPR', '0001')) AS lifted FROM many WHERE n % 20 = 0;
SELECT count(*) FILTER (WHERE protaddr.show(home) = '[address withheld]') AS withheld FROM many;

SET client_min_messages = warning;
DROP VIEW seen;
DROP TABLE customer, entry, spelled, many;
DROP FUNCTION refusal;
DROP FUNCTION IF EXISTS stretched;
DROP EXTENSION protaddr CASCADE;
