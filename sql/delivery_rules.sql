-- Which deliveries are taken, which are refused, and does a refusal leave a record and nothing else?
\getenv abs_srcdir PG_ABS_SRCDIR
\set deliveries :abs_srcdir '/test/regress/delivery.psql'
\set ECHO none
\i :deliveries
\set VERBOSITY terse
SET client_min_messages = notice;
CREATE VIEW told AS SELECT source, task, produced, outcome, persons, lifted, after_gap, reason FROM protaddr.register_delivery;
-- that nobody in a delivery is protected is said by tasks that are declared to tell of protections
SELECT count(protaddr.declare_feed(source, '{001,004}', task)::text) AS declared FROM (VALUES ('DK-CPR', '990001'), ('DK-CPR', '990002'), ('DK-CPR', '990003'),
    ('big', '980001'), ('small', '980001'), ('numbers', '970001'), ('hints', '960001')) v(source, task);

-- the first of a task, whatever it follows; the next one; the same again, which renews nothing
SELECT * FROM protaddr.load_cpr(delivery('990001', '2026-11-20', '2026-11-19', person('6101704001', '{0001}'), person('6201704002')));
SELECT * FROM protaddr.load_cpr(delivery('990001', '2026-11-21', '2026-11-20', person('6201704002', '{00012026-11-20}')));
CREATE TABLE before AS TABLE register;
SELECT * FROM protaddr.load_cpr(delivery('990001', '2026-11-21', '2026-11-20', person('6201704002', '{00012026-11-20}')));
TABLE register EXCEPT TABLE before;
-- not in the delivery: as they were
SELECT subject, code, valid_from FROM in_force ORDER BY subject;

-- other content with the same date, an older one, one after a gap
SELECT refusal($s$SELECT protaddr.load_cpr(delivery('990001', '2026-11-21', '2026-11-20', person('6201704002')))$s$);
SELECT refusal($s$SELECT protaddr.load_cpr(delivery('990001', '2026-11-20', '2026-11-19', person('6101704001', '{0001}'), person('6201704002')))$s$);
SELECT refusal($s$SELECT protaddr.load_cpr(delivery('990001', '2026-11-20', '2026-11-19', person('6101704001')), after_gap => true, reason => 'older all the same')$s$);
SELECT refusal($s$SELECT protaddr.load_cpr(delivery('990001', '2026-11-24', '2026-11-23', person('6301704003', '{0001}')))$s$);
SELECT refusal($s$SELECT protaddr.load_cpr(delivery('990001', '2026-11-24', NULL, person('6301704003', '{0001}')))$s$);
SELECT refusal(format($s$SELECT protaddr.load_cpr(delivery('990001', '2026-11-24', '2026-11-23', person('6301704003')), after_gap => %s, reason => %L)$s$, gap, reason))
FROM (VALUES (1, 'true', NULL), (2, 'true', E' \t'), (3, 'NULL', 'none'), (4, 'false', 'a reason is not enough')) v(n, gap, reason) ORDER BY n;
SELECT refusal($s$SELECT protaddr.load_cpr(delivery('990001', '2026-11-24', '2026-11-20', person('6301704003')), dry_run => NULL)$s$);
TABLE register EXCEPT TABLE before;
-- with a reason, which is recorded; the chain goes on from there
SELECT newly_protected, outcome FROM protaddr.load_cpr(delivery('990001', '2026-11-24', '2026-11-23', person('6301704003', '{0001}')), after_gap => true, reason => 'the line was down');
SELECT newly_protected, outcome FROM protaddr.load_cpr(delivery('990001', '2026-11-25', '2026-11-24', person('6301704003', '{0001}')));
-- one that takes the place of another
SELECT newly_protected, lifted, outcome FROM protaddr.load_cpr(delivery('990001', '2026-11-25', '2026-11-24', person('6301704003')), after_gap => true, reason => 'sent anew');
SELECT refusal($s$SELECT protaddr.load_cpr(delivery('990001', '2026-11-25', '2026-11-24', person('6301704003', '{0001}')))$s$);
-- every task has a chain of its own, and so has every source
SELECT task, outcome FROM protaddr.load_cpr(delivery('990002', '2026-11-02', '2026-11-01', person('6401704004', '{0001}')));
SELECT task, outcome FROM protaddr.load_cpr(delivery('990001', '2026-11-02', '2026-11-01', person('6401704004', '{0001}')), 'other bank');
SELECT source, last_task, last_produced, deliveries, gaps, refused, protected FROM protaddr.register_status ORDER BY source;
SELECT * FROM told ORDER BY source, produced, outcome COLLATE "C", persons;
SELECT DISTINCT loaded_by = session_user AS by_us, digest IS NULL AS no_digest, outcome LIKE 'refused%' AS refused FROM protaddr.register_delivery ORDER BY 3;

-- the same file again brings nothing back: what another task has said since stays
SELECT newly_protected FROM protaddr.load_cpr(delivery('990003', '2026-11-20', '2026-11-19', person('6501704005')));
SELECT newly_protected FROM protaddr.load_cpr(delivery('990002', '2026-11-03', '2026-11-02', person('6501704005', '{0001}')));
SELECT lifted, outcome FROM protaddr.load_cpr(delivery('990003', '2026-11-20', '2026-11-19', person('6501704005')));
SELECT protaddr.is_protected('6501704005') AS still;

-- refused in a transaction that is rolled back for that or for another reason: on record
BEGIN;
SELECT protaddr.load_cpr(delivery('990009', '2026-11-20', '2026-11-19', 'Kanariegade 1'));
ROLLBACK;
BEGIN;
SELECT refusal($s$SELECT protaddr.load_cpr(delivery('990008', '2026-11-20', '2026-11-19', '004'))$s$);
ROLLBACK;
BEGIN;
SAVEPOINT s;
SELECT protaddr.load_cpr(delivery('990007', '2026-11-20', '2026-11-19', 'x'));
ROLLBACK TO s;
SELECT outcome FROM protaddr.load_cpr(delivery('990007', '2026-11-21', '2026-11-20', person('6601704006')));
ROLLBACK;
SELECT protaddr.load_cpr('Kanariegade 1', 'nobody''s register');
SELECT * FROM told WHERE task >= '990007' OR task IS NULL ORDER BY task;
-- what it says of the delivery: no number of a person, no text of it
SELECT count(*) AS repeating FROM protaddr.register_delivery WHERE outcome ~* '[0-9]{10}|kanari';

-- the limit on lifts: 20, or one in a hundred of those who are protected
SET client_min_messages = warning;
SELECT newly_protected FROM protaddr.load_cpr(delivery('980001', '2026-11-20', '2026-11-19', people(7101700001, 2500, '{0001}')), 'big');
SELECT newly_protected FROM protaddr.load_cpr(delivery('980001', '2026-11-20', '2026-11-19', people(7101700001, 100, '{0001}')), 'small');
TRUNCATE before; INSERT INTO before TABLE register;
SELECT refusal($s$SELECT protaddr.load_cpr(delivery('980001', '2026-11-21', '2026-11-20', people(7101700001, 26)), 'big')$s$) AS big,
       refusal($s$SELECT protaddr.load_cpr(delivery('980001', '2026-11-21', '2026-11-20', people(7101700001, 21)), 'small')$s$) AS small;
SELECT n, refusal(format($s$SELECT protaddr.load_cpr(delivery('980001', '2026-11-21', '2026-11-20', people(7101700001, 21)), 'small', %s)$s$, confirmed))
FROM (VALUES (1, 'confirm_lifted => 20'), (2, 'confirm_lifted => 22'), (3, 'confirm_lifted => 0'), (4, 'confirm_lifted => NULL'), (5, 'max_lifted => 20'),
    (6, 'max_lifted => 0'), (7, 'max_lifted => -1'), (8, 'max_lifted => 5, confirm_lifted => 20'), (9, 'dry_run => true')) v(n, confirmed) ORDER BY n;
TABLE register EXCEPT TABLE before;
-- at the limit, and over it with the very number or with a limit that allows it
SELECT lifted, outcome FROM protaddr.load_cpr(delivery('980001', '2026-11-21', '2026-11-20', people(7101700001, 25)), 'big');
SELECT lifted, outcome FROM protaddr.load_cpr(delivery('980001', '2026-11-21', '2026-11-20', people(7101700001, 20)), 'small');
SELECT lifted, outcome FROM protaddr.load_cpr(delivery('980001', '2026-11-22', '2026-11-21', people(7101700021, 21)), 'small', confirm_lifted => 21);
SELECT lifted, outcome FROM protaddr.load_cpr(delivery('980001', '2026-11-23', '2026-11-22', people(7101700042, 59)), 'small', max_lifted => 59);
SELECT source, protected, persons, refused FROM protaddr.register_status WHERE source IN ('big', 'small') ORDER BY source;
-- a change of code that still protects lifts nobody
SELECT lifted, newly_protected, protected FROM protaddr.load_cpr(delivery('980001', '2026-11-22', '2026-11-21', people(7101700101, 40, '{0009}')), 'big');

-- dry run: reports, and changes nothing, also where it would be refused
TRUNCATE before; INSERT INTO before TABLE register;
CREATE TABLE deliveries_before AS TABLE protaddr.register_delivery;
SELECT * FROM protaddr.load_cpr(delivery('980001', '2026-11-23', '2026-11-22', people(7101700101, 3), people(7201700001, 5, '{0001}')), 'big', max_lifted => 3, dry_run => true);
SELECT * FROM protaddr.load_cpr(delivery('980001', '2026-11-20', '2026-11-19', person('7301700001', '{0001}', '7301700002')), 'new', dry_run => true);
SELECT refusal($s$SELECT protaddr.load_cpr(delivery('980001', '2026-11-25', '2026-11-24', person('7101700101')), 'big', dry_run => true)$s$);
SELECT refusal($s$SELECT protaddr.load_cpr(delivery('980001', '2026-11-23', '2026-11-22', 'x'), 'big', dry_run => true)$s$);
SELECT outcome FROM protaddr.load_cpr(delivery('980001', '2026-11-22', '2026-11-21', people(7101700101, 40, '{0009}')), 'big', dry_run => true);
TABLE register EXCEPT TABLE before;
-- but that it was tried is on record
SELECT source, task, produced, outcome FROM (TABLE protaddr.register_delivery EXCEPT TABLE deliveries_before) d ORDER BY source, outcome, produced;

-- a replaced number: both are protected, until a complete delivery of the new one says otherwise
CREATE TABLE customer (cpr text PRIMARY KEY, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', 'cpr');
INSERT INTO customer VALUES ('7401704001', 'Vej 1'), ('7401704009', 'Vej 1'), ('7501704001', 'Vej 2'), ('7501704009', 'Vej 2');
CREATE VIEW seen AS SELECT cpr, protaddr.show(home) AS home FROM customer;
SELECT newly_protected FROM protaddr.load_cpr(delivery('970001', '2026-11-20', '2026-11-19', person('7401704001', '{00012026-01-01}')), 'numbers');
SELECT * FROM seen WHERE cpr LIKE '74%' ORDER BY cpr;
SELECT replaced_numbers, lifted, newly_protected FROM protaddr.load_cpr(delivery('970001', '2026-11-21', '2026-11-20', person('7401704001', '{}', '7401704009')), 'numbers');
SELECT * FROM seen WHERE cpr LIKE '74%' ORDER BY cpr;
SELECT subject, code, valid_from FROM in_force WHERE source = 'numbers' ORDER BY subject;
SELECT identifier, subject, kind FROM protaddr.identity_link ORDER BY identifier;
-- said again, nothing more comes of it
SELECT replaced_numbers, lifted FROM protaddr.load_cpr(delivery('970001', '2026-11-22', '2026-11-21', person('7401704001', '{}', '7401704009')), 'numbers');
SELECT * FROM seen WHERE cpr LIKE '74%' ORDER BY cpr;
SELECT lifted FROM protaddr.load_cpr(delivery('970001', '2026-11-23', '2026-11-22', person('7401704009')), 'numbers');
SELECT * FROM seen WHERE cpr LIKE '74%' ORDER BY cpr;
-- first heard of when it is replaced already
SELECT replaced_numbers, protected FROM protaddr.load_cpr(delivery('970001', '2026-11-24', '2026-11-23', person('7501704001', '{00012026-02-02,0003}', '7501704009')), 'numbers');
SELECT subject, code, valid_from FROM in_force WHERE source = 'numbers' ORDER BY subject, code;
SELECT * FROM seen WHERE cpr LIKE '75%' ORDER BY cpr;

-- the delete date ends nothing; a receipt of a subscription that ended and types unknown to us end nothing
SELECT newly_protected FROM protaddr.load_cpr(delivery('960001', '2026-11-20', '2026-11-19', person('7601704001', '{00012020-01-012021-01-01}'), person('7601704002', '{0001}')), 'hints');
SELECT persons, lifted, records, skipped FROM protaddr.load_cpr(delivery('960001', '2026-11-21', '2026-11-20', rpad('9977601704002', 43) || E'\n', person('7601704001', '{00012020-01-012021-01-01}'), E'0777601704001\n', E'910\n'), 'hints');
SELECT subject, delete_hint, protaddr.is_protected(subject) FROM in_force WHERE source = 'hints' ORDER BY subject;
-- a moved hint closes and adds, and is no news to anybody who asks
SELECT newly_protected, lifted FROM protaddr.load_cpr(delivery('960001', '2026-11-22', '2026-11-21', person('7601704001', '{00012020-01-012022-01-01}')), 'hints');
SELECT delete_hint, valid_to = 'infinity' AS holds, recorded_to = 'infinity' AS known FROM protaddr.protection WHERE subject = '7601704001' ORDER BY id;
-- by hand: a delivery of the person without it does not end it
SELECT protaddr.protect('7601704003', 'DK-CPR', '0001');
SELECT newly_protected, lifted FROM protaddr.load_cpr(delivery('960001', '2026-11-23', '2026-11-22', person('7601704003'), person('7601704002')), 'hints');
SELECT protaddr.is_protected('7601704003') AS by_hand, protaddr.is_protected('7601704002') AS by_delivery;

DROP TABLE customer, before, deliveries_before CASCADE;
DROP VIEW in_force, register, told;
DROP FUNCTION person, people, delivery, fixed, refusal;
DROP EXTENSION protaddr CASCADE;
