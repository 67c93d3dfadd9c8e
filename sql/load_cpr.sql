--
-- Does a delivery of the population register become protections, whole or not at all?
--
SET client_min_messages = warning;
CREATE EXTENSION protaddr;
-- the server may not be able to read the files: they come through the client
\set content `base64 -w0 < "$PG_ABS_SRCDIR/test/data/cpr_fixture.txt"`
CREATE TABLE delivery (day int, file bytea);
INSERT INTO delivery VALUES (1, decode(:'content', 'base64'));
\set content `base64 -w0 < "$PG_ABS_SRCDIR/test/data/cpr_fixture_next.txt"`
INSERT INTO delivery VALUES (2, decode(:'content', 'base64'));
-- in force: who is protected, as the table has it
CREATE VIEW in_force AS SELECT subject, source, code, kind, valid_from, delete_hint FROM protaddr.protection WHERE recorded_to = 'infinity' AND valid_to = 'infinity';
SET timezone = 'Europe/Copenhagen';
SET datestyle = 'ISO, YMD';
SET client_min_messages = notice;

-- entered by hand before any delivery: one whom the register does not protect, and one whom it does
SELECT protaddr.protect('610170-4001', 'manual', 'address', reason => 'threat'), protaddr.protect('6201704002', 'DK-CPR', '0001');

-- the first delivery
BEGIN;
SELECT l.* FROM delivery, protaddr.load_cpr(file) l WHERE day = 1;
SELECT protaddr.is_protected('6602714006') AS not_before_commit;
ROLLBACK;
SELECT count(*) AS register_untouched FROM protaddr.protection WHERE source <> 'hand';
SELECT protaddr.is_protected('6602714006') AS not_loaded;
SET client_min_messages = warning;
SELECT l.* FROM delivery, protaddr.load_cpr(file) l WHERE day = 1;
SELECT source, regime, status, last_task, last_produced, persons, protected, protections, deliveries, gaps FROM protaddr.register_status ORDER BY source;
SELECT subject, source, code, kind, valid_from, delete_hint, protaddr.is_protected(subject) AS protected FROM in_force ORDER BY subject, source, code;
-- a delete date in the past ends nothing; a directory code hides nothing; whom nobody knows is free
SELECT protaddr.is_protected('6301704003') AS overdue, protaddr.is_protected('6602714006') AS directory,
       protaddr.is_protected('7003724010') AS unknown_code, protaddr.is_protected('0101600000') AS unknown_person, protaddr.is_protected('6501704005') AS no_dates;

-- the same again changes nothing and says so; the next one lifts exactly one and adds one
CREATE TABLE before AS SELECT * FROM protaddr.protection;
SELECT l.newly_protected, l.lifted, l.protected, l.outcome FROM delivery, protaddr.load_cpr(file) l WHERE day = 1;
SELECT count(*) AS changed FROM (TABLE protaddr.protection EXCEPT TABLE before) t;
SELECT l.* FROM delivery, protaddr.load_cpr(file) l WHERE day = 2;
SELECT p.subject, p.code, p.valid_from, p.valid_to = 'infinity' AS in_force, p.valid_to = p.recorded_from AS ended_now, p.recorded_to = 'infinity' AS known
FROM protaddr.protection p LEFT JOIN before b USING (id) WHERE b.id IS NULL OR b.recorded_to <> p.recorded_to ORDER BY p.subject, p.id;
SELECT protaddr.is_protected('7904734019') AS lifted, protaddr.is_protected('8005744020') AS added;
SELECT last_produced, persons, protected, protections, deliveries FROM protaddr.register_status;
-- what was entered by hand no delivery ends; what a delivery said no hand ends
SELECT subject, source, regime, reason FROM protaddr.protection WHERE source = 'hand' AND recorded_to = 'infinity' AND valid_to = 'infinity' ORDER BY subject;
SELECT protaddr.is_protected('6101704001') AS by_hand, protaddr.lift('8005744020', 'DK-CPR', '0001') AS lifted, protaddr.is_protected('8005744020') AS still;
SELECT protaddr.lift('6201704002', 'DK-CPR', '0001') AS lifted;
SELECT protaddr.is_protected('6201704002') AS still_by_delivery;
-- another source says its own
SELECT l.newly_protected, l.lifted FROM delivery, protaddr.load_cpr(file, 'second bank') l WHERE day = 1;
SELECT protaddr.is_protected('7904734019') AS protected_by_one;
SELECT source, protected FROM protaddr.register_status ORDER BY source;

-- refused whole: where, and nothing else; the register stays as it was
DROP TABLE before;
CREATE TABLE before AS SELECT * FROM protaddr.protection;
CREATE TABLE before_source AS SELECT * FROM protaddr.register_source;
CREATE FUNCTION load_refusal(file bytea, source text DEFAULT 'DK-CPR') RETURNS text LANGUAGE plpgsql AS $$
DECLARE state text; message text; detail text; hint text; context text;
BEGIN
    PERFORM protaddr.load_cpr(file, source);
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT, context = PG_EXCEPTION_CONTEXT;
    -- no person number, no name, no street
    IF concat(message, detail, hint, context) ~ '[0-9]{10}|Opdigt|Prøve|Test|Gade' THEN
        RETURN state || ' REPEATS THE DELIVERY';
    END IF;
    RETURN state || ' ' || message || ' ' || detail;
END
$$;
CREATE VIEW lines AS SELECT l AS line, n, count(*) OVER () AS of FROM delivery, regexp_split_to_table(rtrim(convert_from(file, 'LATIN1'), E'\n'), E'\n') WITH ORDINALITY u(l, n) WHERE day = 2;
-- changed: the second delivery with one line replaced (NULL: left out)
CREATE FUNCTION changed(at bigint, put text) RETURNS bytea LANGUAGE sql AS $$
    SELECT convert_to(string_agg(CASE WHEN n = at THEN put ELSE line END, E'\n' ORDER BY n) || E'\n', 'LATIN1') FROM lines
$$;
SELECT n, what, load_refusal(file) FROM (
    SELECT 1 AS n, 'empty' AS what, ''::bytea AS file
    UNION ALL SELECT 2, 'no delivery', 'Kanariegade 1'::bytea
    UNION ALL SELECT 3, 'first half', substr(file, 1, length(file) / 2) FROM delivery WHERE day = 2
    UNION ALL SELECT 4, 'without its last line', substr(file, 1, length(file) - 22) FROM delivery WHERE day = 2
    UNION ALL SELECT 5, 'without its first line', substr(file, position('\x0a'::bytea IN file) + 1) FROM delivery WHERE day = 2
    UNION ALL SELECT 6, 'the last byte missing', substr(file, 1, length(file) - 2) FROM delivery WHERE day = 2
    UNION ALL SELECT 7, 'a line missing', changed(6, NULL)
    UNION ALL SELECT 8, 'a line too many', changed(4, line || E'\n' || line) FROM lines WHERE n = 4
    UNION ALL SELECT 9, 'wrong count', changed(n, '999999999999900000001') FROM lines WHERE n = of
    UNION ALL SELECT 10, 'a NUL', set_byte(file, 100, 0) FROM delivery WHERE day = 2
    UNION ALL SELECT 11, 'a control byte', set_byte(file, 2000, 7) FROM delivery WHERE day = 2
    UNION ALL SELECT 12, 'a cut person', changed(n, left(line, 9)) FROM lines WHERE n = 2
    UNION ALL SELECT 13, 'a cut protection', changed(n, left(line, 25)) FROM (SELECT * FROM lines WHERE line LIKE '004%' ORDER BY n LIMIT 1) l
    UNION ALL SELECT 14, 'a letter in a code', changed(n, overlay(line placing 'x' from 15)) FROM (SELECT * FROM lines WHERE line LIKE '004%' ORDER BY n LIMIT 1) l
    UNION ALL SELECT 15, 'no such day', changed(n, overlay(line placing '2026-02-30' from 18)) FROM (SELECT * FROM lines WHERE line LIKE '004%' ORDER BY n LIMIT 1) l
    UNION ALL SELECT 16, 'another person''s protection', changed(n, overlay(line placing '6101704001' from 4)) FROM (SELECT * FROM lines WHERE line LIKE '004%' ORDER BY n LIMIT 1) l
    UNION ALL SELECT 17, 'a person twice', changed(n, line || E'\n' || line) FROM lines WHERE n = 2
    UNION ALL SELECT 18, 'letters in a number', changed(n, overlay(line placing 'ABCD' from 8)) FROM lines WHERE n = 2
    UNION ALL SELECT 19, 'no record type', changed(n, 'x' || line) FROM lines WHERE n = 10
    UNION ALL SELECT 20, 'no production date', changed(n, overlay(line placing '20261331' from 20)) FROM lines WHERE n = 1
    UNION ALL SELECT 21, 'something behind the end', file || 'Kanariegade 1'::bytea FROM delivery WHERE day = 2
    UNION ALL SELECT 22, 'two deliveries in one', a.file || b.file FROM delivery a, delivery b WHERE a.day = 2 AND b.day = 2
) t ORDER BY n;
SELECT (SELECT count(*) FROM (TABLE protaddr.protection EXCEPT TABLE before) t) AS changed, (SELECT count(*) FROM (TABLE before EXCEPT TABLE protaddr.protection) t) AS gone,
       (SELECT count(*) FROM (TABLE protaddr.register_source EXCEPT TABLE before_source) t) AS confirmed;
\set VERBOSITY default
SELECT protaddr.load_cpr(substr(file, 1, 1000)) FROM delivery WHERE day = 2;
-- line ends of either kind, and none after the last line
SELECT load_refusal(convert_to(replace(convert_from(file, 'LATIN1'), E'\n', E'\r\n'), 'LATIN1'), 'crlf') AS crlf, load_refusal(substr(file, 1, length(file) - 1), 'no line end') AS no_line_end FROM delivery WHERE day = 2;
-- NULL, and names that are no source
\set VERBOSITY terse
SELECT protaddr.load_cpr(NULL);
SELECT protaddr.load_cpr('\x00', NULL);
SELECT protaddr.load_cpr(file, 'hand') FROM delivery WHERE day = 2;
SELECT protaddr.load_cpr(file, '') FROM delivery WHERE day = 2;
-- a transaction that loads is shown nothing, and one that fails has loaded nothing
INSERT INTO delivery SELECT day + 2, overlay(file placing '2026112220261121' from 20) FROM delivery;
BEGIN;
SELECT l.persons, l.lifted FROM delivery, protaddr.load_cpr(file) l WHERE day = 3;
SELECT protaddr.is_protected('0101600000') AS unknown_person;
ROLLBACK;
SELECT protaddr.is_protected('7904734019') AS by_second_bank, protaddr.is_protected('8005744020') AS added, protaddr.is_protected('0101600000') AS unknown_person;
-- a code that was given a meaning here: it counts from the next delivery on
UPDATE protaddr.regime_code SET kind = 'address' WHERE regime = 'DK-CPR' AND code = '0003';
INSERT INTO protaddr.regime_code VALUES ('DK-CPR', '0009', 'none', 'Ny kode', 'invented', 'invented');
SELECT l.newly_protected, l.lifted, l.outcome FROM delivery, protaddr.load_cpr(file) l WHERE day = 2;
SELECT l.protected, l.newly_protected, l.lifted, l.unknown_codes, l.outcome FROM delivery, protaddr.load_cpr(file) l WHERE day = 4;
SELECT subject, code, kind FROM in_force WHERE source = 'DK-CPR' AND code IN ('0003', '0009') ORDER BY subject;

SET client_min_messages = warning;
DROP VIEW in_force, lines CASCADE;
DROP TABLE delivery, before, before_source;
DROP FUNCTION load_refusal, changed;
DROP EXTENSION protaddr CASCADE;
