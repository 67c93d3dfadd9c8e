-- Does a delivery in anyone's format follow the rules that the register's own follow?
\getenv abs_srcdir PG_ABS_SRCDIR
\set deliveries :abs_srcdir '/test/regress/delivery.psql'
\set ECHO none
\i :deliveries
\set VERBOSITY terse
CREATE ROLE regress_staging_loader;
GRANT INSERT ON protaddr.register_staging TO regress_staging_loader;
GRANT EXECUTE ON FUNCTION protaddr.load_staged, protaddr.load_register TO regress_staging_loader;
CREATE VIEW staged AS SELECT source, count(*) FROM protaddr.register_staging GROUP BY source;

-- staged by COPY, as a role that may do that and no more
SET ROLE regress_staging_loader;
COPY protaddr.register_staging (source, subject, code, valid_from, delete_hint, "none") FROM STDIN;
NO-FREG	01017000001	FORTROLIG	2026-01-01	2027-01-01	\N
NO-FREG	01017000002	STRENGT_FORTROLIG	\N	\N	\N
NO-FREG	01017000003	UGRADERT	\N	\N	\N
NO-FREG	01017000004	\N	\N	\N	t
NO-FREG	01017000005	NYGRADERING	\N	\N	\N
NO-FREG	010170 00001	6	\N	\N	\N
FI-VTJ	010170-001A	turvakielto	2026-05-05	\N	\N
\.
SELECT * FROM protaddr.load_staged('NO-FREG', 'NO-FREG', dry_run => true);
SELECT * FROM protaddr.load_staged('NO-FREG', 'NO-FREG', reason => 'the first one');
SELECT refusal('SELECT * FROM protaddr.register_staging'), refusal('SELECT * FROM protaddr.protection'), refusal('SELECT protaddr.is_protected(''01017000001'')'), refusal('SELECT protaddr.load_rows(''FI-VTJ'', ''FI-VTJ'', ''replace'', NULL, NULL, NULL, NULL)');
RESET ROLE;
SELECT subject, code, kind, valid_from, delete_hint, protaddr.is_protected(subject) FROM in_force ORDER BY subject, code;
SELECT subject FROM protaddr.register_person ORDER BY subject;
-- the other source is as it was: staged
SELECT * FROM staged;
SELECT persons, protected, outcome FROM protaddr.load_staged('FI-VTJ', 'FI-VTJ');
-- emptied: nothing staged is no news, whatever the source; a wrong one does not become a source
SELECT refusal('SELECT protaddr.load_staged(' || a || ')') FROM (VALUES (1, '''NO-FREG'', ''NO-FREG'''), (2, '''no-freg'', ''NO-FREG'''), (3, 'NULL, ''NO-FREG'''), (4, '''NO-FREG'', NULL'),
    (5, '''NO-FREG'', ''NO-FREG'', dry_run => NULL'), (6, '''hand'', ''NO-FREG'''), (7, ''''', ''NO-FREG''')) v(n, a) ORDER BY n;
SELECT source, regime, persons, protected, protections, deliveries, refused FROM protaddr.register_status ORDER BY source;

-- the whole person is replaced; people who are not in it stay as they were
INSERT INTO protaddr.register_staging (source, subject, code, "none") VALUES ('NO-FREG', '01017000001', 'FORTROLIG', NULL), ('NO-FREG', '01017000002', NULL, true), ('NO-FREG', '01017000005', 'UGRADERT', NULL);
SELECT newly_protected, lifted, protected FROM protaddr.load_staged('NO-FREG', 'NO-FREG');
SELECT subject, code, kind, valid_from, delete_hint FROM in_force WHERE source = 'NO-FREG' ORDER BY subject, code;
SELECT code, valid_to = 'infinity' AS holds, recorded_to = 'infinity' AS known, valid_to = recorded_from AS ended_now FROM protaddr.protection WHERE subject = '01017000002' ORDER BY id;
-- a none beside a code says nothing; the same twice says it once
INSERT INTO protaddr.register_staging (source, subject, code, "none") VALUES ('NO-FREG', '01017000006', NULL, true), ('NO-FREG', '01017000006', '7', true), ('NO-FREG', '1017000006', '7', NULL);
SELECT persons, records, protections, newly_protected FROM protaddr.load_staged('NO-FREG', 'NO-FREG');
SELECT count(*) AS rows FROM in_force WHERE protaddr.subject_key(subject) = '1017000006';

-- limit on lifts: refused, and what is staged is still there
INSERT INTO protaddr.register_staging (source, subject, code) SELECT 'NO-FREG', 'N' || i, '6' FROM generate_series(1, 30) i;
SELECT newly_protected FROM protaddr.load_staged('NO-FREG', 'NO-FREG');
INSERT INTO protaddr.register_staging (source, subject, "none") SELECT 'NO-FREG', 'N' || i, true FROM generate_series(1, 25) i;
CREATE TABLE before AS TABLE register;
SELECT refusal('SELECT protaddr.load_staged(''NO-FREG'', ''NO-FREG''' || a || ')') FROM (VALUES (1, ''), (2, ', confirm_lifted => 24'), (3, ', max_lifted => 24'), (4, ', dry_run => true')) v(n, a) ORDER BY n;
TABLE register EXCEPT TABLE before;
SELECT * FROM staged;
SELECT lifted, outcome FROM protaddr.load_staged('NO-FREG', 'NO-FREG', confirm_lifted => 25);
SELECT outcome, count(*) FROM protaddr.register_delivery WHERE source = 'NO-FREG' GROUP BY outcome ORDER BY outcome COLLATE "C";

-- ends: a true one is history, told again it is recorded once; one that is to come ends nothing
INSERT INTO protaddr.register_staging (source, subject, code, valid_from, valid_to) VALUES ('E', 'E1', 'ACP', '2020-01-01', '2021-01-01'), ('E', 'E2', 'ACP', '2020-01-01', '2099-01-01'),
    ('E', 'E3', 'ACP', NULL, 'infinity'), ('E', 'E4', 'ACP', '2020-01-01', '2021-01-01'), ('E', 'E4', 'ACP', '2022-01-01', NULL), ('E', 'E4', 'ACP', '2018-01-01', '2019-01-01');
CREATE TEMP TABLE same AS TABLE protaddr.register_staging;
SELECT persons, protections, protected FROM protaddr.load_staged('E', 'US-ACP', new_source => true);
SELECT subject, valid_from, valid_to, recorded_to = 'infinity' AS known FROM protaddr.protection WHERE source = 'E' ORDER BY subject, valid_from;
INSERT INTO protaddr.register_staging TABLE same;
SELECT persons, newly_protected, lifted FROM protaddr.load_staged('E', 'US-ACP');
SELECT count(*) AS rows FROM protaddr.protection WHERE source = 'E';
-- the end of what was in force: the one that is told, not the day of the delivery
INSERT INTO protaddr.register_staging (source, subject, code, valid_from, valid_to) VALUES ('E', 'E4', 'ACP', '2022-01-01', '2026-03-01');
SELECT lifted FROM protaddr.load_staged('E', 'US-ACP');
SELECT valid_from, valid_to, recorded_to = 'infinity' AS known FROM protaddr.protection WHERE subject = 'E4' ORDER BY id;
-- an old end that is told again is not the end of what is in force: that is recorded, too
INSERT INTO protaddr.register_staging (source, subject, code, valid_from, valid_to) VALUES ('E', 'E5', 'ACP', '2008-01-01', '2016-01-01'), ('E', 'E5', 'ACP', NULL, NULL);
SELECT protected FROM protaddr.load_staged('E', 'US-ACP');
INSERT INTO protaddr.register_staging (source, subject, code, valid_from, valid_to) VALUES ('E', 'E5', 'ACP', '2008-01-01', '2016-01-01');
SELECT lifted FROM protaddr.load_staged('E', 'US-ACP');
SELECT valid_from, valid_to > '2026-01-01' AS ended_lately, valid_to = 'infinity' AS holds, recorded_to = 'infinity' AS known FROM protaddr.protection WHERE subject = 'E5' ORDER BY id;

-- replaced identifiers, by others, by themselves, by each other
INSERT INTO protaddr.register_staging (source, subject, code, replaced_by) VALUES ('R', 'R1', 'ACP', NULL), ('R', 'R3', 'ACP', 'r-3'), ('R', 'R4', 'ACP', 'R5'), ('R', 'R5', NULL, 'R4'), ('R', 'R6', 'ACP', ' - ');
SELECT persons, protected, replaced_numbers FROM protaddr.load_staged('R', 'US-ACP', new_source => true);
INSERT INTO protaddr.register_staging (source, subject, code, replaced_by) VALUES ('R', 'R1', NULL, 'R2');
SELECT lifted, replaced_numbers FROM protaddr.load_staged('R', 'US-ACP');
SELECT i, protaddr.is_protected(i) FROM unnest('{R1,R2,R3,R4,R5,R6}'::text[]) i ORDER BY i;

-- JSON: the same rules
SELECT * FROM protaddr.load_register('SE-FOLK', '[{"subject": "19700101-0001", "protections": [{"code": "Sekretessmarkering", "valid_from": "2026-01-01", "delete_hint": "2027-01-01"}, {"code": "SkyddadFolkbokforing"}]},
    {"subject": 197001010002, "protections": []}, {"subject": "197001010003", "protections": [{"code": "hemlig"}], "replaced_by": "197001010004"}]');
SELECT subject, code, kind, valid_from, delete_hint FROM in_force WHERE source = 'SE-FOLK' ORDER BY subject, code;
SELECT lifted, outcome FROM protaddr.load_register('SE-FOLK', '[{"subject": "197001010001", "protections": []}]', dry_run => true);
SELECT protaddr.is_protected('19700101-0001') AS still;
SELECT lifted, outcome FROM protaddr.load_register('SE-FOLK', '[{"subject": "197001010001", "protections": []}]');
SELECT persons, outcome FROM protaddr.load_register('SE-FOLK', '[{"subject": "197001010001", "protections": [{"code": "FINGERADE"}]}]', 'second', new_source => true);
SELECT protaddr.is_protected('19700101-0001') AS by_second, count(*) AS staged FROM staged;
-- refused, and nothing of it is said
TRUNCATE before; INSERT INTO before TABLE register;
SELECT n, refusal(format('SELECT protaddr.load_register(''SE-FOLK'', %L)', j)) FROM (VALUES
    (1, NULL), (2, 'null'), (3, '{}'), (4, '"Kanariegade 1"'), (5, '[]'), (6, '[1]'), (7, '[[]]'), (8, '[null]'), (9, '["Kanariegade 1"]'),
    (10, '[{}]'), (11, '[{"subject": null, "protections": []}]'), (12, '[{"subject": " - ", "protections": []}]'), (13, '[{"subject": "", "protections": []}]'),
    (14, '[{"subject": {"a": "Kanarie"}, "protections": []}]'), (15, '[{"subject": ["Kanarie"], "protections": []}]'), (16, '[{"subject": true, "protections": []}]'),
    (17, '[{"subject": "Kanarie"}]'), (18, '[{"subject": "Kanarie", "protections": null}]'), (19, '[{"subject": "Kanarie", "protections": {}}]'), (20, '[{"subject": "Kanarie", "protections": "0001"}]'),
    (21, '[{"subject": "Kanarie", "protections": ["0001"]}]'), (22, '[{"subject": "Kanarie", "protections": [{}]}]'), (23, '[{"subject": "Kanarie", "protections": [{"code": null}]}]'),
    (24, '[{"subject": "Kanarie", "protections": [{"code": ["Kanarie"]}]}]'), (25, '[{"subject": "Kanarie", "protections": [{"code": "1", "Kanarie": 1}]}]'), (26, '[{"subject": "Kanarie", "protections": [], "Protections": []}]'),
    (27, '[{"subject": "Kanarie", "protections": [{"code": "1", "valid_from": "Kanariegade 1"}]}]'), (28, '[{"subject": "Kanarie", "protections": [{"code": "1", "valid_to": "2026-02-30"}]}]'),
    (29, '[{"subject": "Kanarie", "protections": [{"code": "1", "delete_hint": "0707614285"}]}]'), (30, '[{"subject": "Kanarie", "protections": [{"code": "1", "valid_from": "99999-99-99"}]}]'),
    (31, '[{"subject": "Kanarie", "protections": [{"code": "1", "valid_from": {"a": "Kanarie"}}]}]'), (32, '[{"subject": "Kanarie", "protections": [], "replaced_by": ["Kanarie"]}]'),
    (33, '[{"subject": "A", "protections": []}, {"subject": "Kanarie"}]')) v(n, j) ORDER BY n;
SELECT refusal('SELECT protaddr.load_register(NULL, ''[]'')'), refusal('SELECT protaddr.load_register(''SE-FOLK'', ''[{"subject": "A", "protections": []}]'', ''hand'')'), refusal('SELECT protaddr.load_register(''SE-FOLK'', ''[{"subject": "A", "protections": []}]'', dry_run => NULL)');
TABLE register EXCEPT TABLE before;
-- the same person twice in one delivery refuses it whole
SELECT persons, protections FROM protaddr.load_register('SE-FOLK', '[{"subject": "197001010007", "protections": [{"code": "FINGERADE"}]}, {"subject": "19700101-0007", "protections": []}]');
SELECT count(*) AS known FROM protaddr.register_person WHERE subject = '197001010007';
-- staged by another: not mixed, and not in the way
INSERT INTO protaddr.register_staging (source, subject, code) VALUES ('SE-FOLK', '197001010008', 'FINGERADE');
SELECT refusal('SELECT protaddr.load_register(''SE-FOLK'', ''[{"subject": "A", "protections": []}]'')'), refusal('SELECT protaddr.load_register(''SE-FOLK'', ''[{"subject": "A", "protections": []}]'', dry_run => true)');
SELECT * FROM staged;
-- more than a person can have
SELECT refusal('SELECT protaddr.load_register(''SE-FOLK'', (SELECT jsonb_build_array(jsonb_build_object(''subject'', ''A'', ''protections'', jsonb_agg(jsonb_build_object(''code'', i)))) FROM generate_series(1, 257) i), ''many'', new_source => true)');
-- refusals are on record, without what was delivered
SELECT source, outcome, count(*) FROM protaddr.register_delivery WHERE outcome LIKE 'refused%' GROUP BY 1, 2 ORDER BY source COLLATE "C", outcome COLLATE "C";

DROP TABLE before;
DROP VIEW in_force, register, staged;
DROP FUNCTION person, people, delivery, fixed, refusal;
DROP EXTENSION protaddr CASCADE;
DROP ROLE regress_staging_loader;
