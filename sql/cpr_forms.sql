--
-- Denmark: the forms in which CPR's records travel
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
-- three people, the second protected, in lines; and as another day's delivery
CREATE FUNCTION rec(type text, rest text, len integer) RETURNS text LANGUAGE sql RETURN rpad(type || rest, len);
CREATE TABLE delivery (n integer, record text);
INSERT INTO delivery VALUES
    (1, rec('000', '0000000000' || '990002' || '20260901' || '20260831', 35)),
    (2, rec('001', '0101709991' || repeat(' ', 10) || '01' || '197001010000 K1970-01-01 1970-01-01', 106)),
    (3, rec('001', '0201709992' || repeat(' ', 10) || '01' || '197001010000 K1970-01-01 1970-01-01', 106)),
    (4, rec('004', '0201709992' || '0001' || '2026-01-01', 37)),
    (5, rec('001', '0301709993' || repeat(' ', 10) || '01' || '197001010000 K1970-01-01 1970-01-01', 106)),
    (6, '999' || repeat('9', 10) || '00000004');
CREATE FUNCTION lines(line_end text DEFAULT E'\n') RETURNS text LANGUAGE sql AS $$ SELECT string_agg(rtrim(record), line_end ORDER BY n) || line_end FROM delivery $$;
-- loads one and takes it back: who was protected by it
CREATE FUNCTION told(bytes bytea, encoding text DEFAULT 'ISO-8859-1', kind text DEFAULT 'delivery') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result protaddr.load_result;
    people text;
BEGIN
    result := protaddr.load_cpr(bytes, encoding => told.encoding, kind => told.kind);
    people := (SELECT string_agg(p.subject, ',') FROM protaddr.protection p WHERE p.kind <> 'none' AND p.recorded_to = 'infinity');
    RAISE EXCEPTION USING ERRCODE = 'PATLD', MESSAGE = format('%s people, task %s of %s, protected: %s', result.persons, result.task, result.produced, people);
EXCEPTION WHEN OTHERS THEN
    RETURN CASE WHEN SQLSTATE = 'PATLD' THEN SQLERRM ELSE SQLSTATE || ' ' || SQLERRM END;
END
$$;
SELECT told(convert_to(lines(), 'LATIN1')) AS lines, told(convert_to(lines(E'\r\n'), 'LATIN1')) AS crlf;
-- before the start record: empty lines, a byte order mark
SELECT told(convert_to(E'\n\r\n   \n' || lines(), 'LATIN1')) AS empty_lines, told('\xefbbbf' || convert_to(lines(), 'LATIN1')) AS mark, told('\xefbbbf' || convert_to(E'\n' || lines(), 'UTF8'), 'UTF-8') AS both;
SELECT told(convert_to(E'x\n' || lines(), 'LATIN1')) AS something;
-- other character sets: DOS of Denmark; EBCDIC of Denmark, whose lines end with NEL
UPDATE delivery SET record = overlay(record PLACING 'ÆGTESMED' FROM 73) WHERE n = 3;
SELECT told(decode(replace(replace(encode(convert_to(lines(), 'LATIN1'), 'hex'), 'c6', '92'), 'xx', ''), 'hex'), 'CP865') AS dos;
CREATE FUNCTION ebcdic(t text) RETURNS bytea LANGUAGE sql RETURN convert_to(translate(t, E'0123456789- \nK\u00c6GTESMD', U&'\00f0\00f1\00f2\00f3\00f4\00f5\00f6\00f7\00f8\00f9`@\0015\00d2{\00c7\00e3\00c5\00e2\00d4\00c4'), 'LATIN1');
SELECT told(ebcdic(lines()), 'IBM277') AS ebcdic, told(ebcdic(E'\n' || lines()), 'IBM277') AS ebcdic_empty, told(ebcdic(lines()), 'IBM037') AS of_another_country;
SELECT told(convert_to(lines(U&'\0085'), 'LATIN1')) AS nel_in_latin1;
UPDATE delivery SET record = overlay(record PLACING '        ' FROM 73) WHERE n = 3;
-- records without line ends: each of its length; padded to one length, with the end record padded or not, and on to a whole block
CREATE FUNCTION padded(len integer) RETURNS text LANGUAGE sql AS $$ SELECT string_agg(rpad(record, len), '' ORDER BY n) FROM delivery $$;
SELECT told(convert_to(string_agg(record, '' ORDER BY n), 'LATIN1')) AS fixed FROM delivery;
SELECT len, told(convert_to(padded(len), 'LATIN1')) AS padded, told(convert_to(rtrim(padded(len)), 'LATIN1')) AS trimmed, told(convert_to(rpad(padded(len), 4096), 'LATIN1')) AS block FROM unnest('{106,107,306,400,511}'::int[]) len;
SELECT n, told(convert_to(d, 'LATIN1')) AS refused FROM (VALUES (1, padded(100)), (2, padded(512)), (3, overlay(padded(306) PLACING 'x' FROM 306 * 2 + 200)), (4, overlay(padded(306) PLACING '' FROM 306 * 2 + 200 FOR 1)), (5, overlay(padded(306) PLACING '' FROM 306 + 1 FOR 306)), (6, left(padded(306), 306 * 4)), (7, padded(36))) v (n, d) ORDER BY n;
-- without the end record, if that is declared: of the last person more may be missing
CREATE FUNCTION without_end(last integer) RETURNS bytea LANGUAGE sql AS $$ SELECT convert_to(string_agg(rtrim(record), E'\n' ORDER BY n) || E'\n', 'LATIN1') FROM delivery WHERE n <= last $$;
SELECT told(without_end(5)) AS not_declared, told(without_end(5), kind => 'without end') AS declared, told(substr(without_end(5), 1, length(without_end(5)) - 1), kind => 'without end') AS within_a_line, told(without_end(1), kind => 'without end') AS nobody, told(convert_to(lines(), 'LATIN1'), kind => 'without end') AS with_it;
SELECT told(convert_to((SELECT string_agg(record, '' ORDER BY n) FROM delivery WHERE n < 6), 'LATIN1'), kind => 'without end') AS fixed, told(convert_to((SELECT string_agg(rpad(record, 306), '' ORDER BY n) FROM delivery WHERE n < 6), 'LATIN1'), kind => 'without end') AS padded;
SELECT persons, protected, outcome FROM protaddr.load_cpr(without_end(5), kind => 'without end');
SELECT outcome FROM protaddr.load_cpr(without_end(5), kind => 'without end');
UPDATE delivery SET record = overlay(record PLACING '2026090220260901' FROM 20) WHERE n = 1;
-- the 004 of the second person is cut off: they are the last, and not lifted; if another follows they are
SELECT persons, lifted, kept FROM protaddr.load_cpr(without_end(3), kind => 'without end');
SELECT protaddr.is_protected('020170-9992') AS protected, (SELECT detail FROM protaddr.register_review WHERE what = 'not said any more') AS review;
UPDATE delivery SET record = overlay(record PLACING '2026090320260902' FROM 20) WHERE n = 1;
DELETE FROM delivery WHERE n = 4;
SELECT persons, lifted, kept FROM protaddr.load_cpr(without_end(5), kind => 'without end', confirm_lifted => 1);
SELECT task, produced, mode, name, outcome FROM protaddr.register_delivery ORDER BY id;
SELECT refusal($$SELECT protaddr.load_cpr('', kind => 'without')$$) AS kind;
DROP TABLE delivery;
DROP FUNCTION told, lines, padded, without_end, ebcdic, rec, refusal;
DROP EXTENSION protaddr CASCADE;
