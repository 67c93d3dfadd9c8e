-- Does the same register come of the same people, in every encoding, shape and kind of delivery?
\getenv abs_srcdir PG_ABS_SRCDIR
\set deliveries :abs_srcdir '/test/regress/delivery.psql'
\set ECHO none
\i :deliveries
\set VERBOSITY terse
-- the first fixture as it is, and how it reads
\set content `base64 -w0 < "$PG_ABS_SRCDIR/test/data/cpr_fixture.txt"`
CREATE TABLE fixture AS SELECT decode(:'content', 'base64') AS file, convert_from(decode(:'content', 'base64'), 'LATIN1') AS text;
SELECT outcome FROM protaddr.load_cpr((SELECT file FROM fixture));
-- what a source says, to be compared with what the fixture said
CREATE FUNCTION differs(other text) RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM (SELECT subject, code, kind, valid_from, delete_hint FROM in_force WHERE source = 'DK-CPR') a
    FULL JOIN (SELECT subject, code, kind, valid_from, delete_hint FROM in_force WHERE source = other) b ON a::text = b::text WHERE a IS NULL OR b IS NULL
$$;
SELECT count(*) AS rows, differs('nobody') AS when_all_differ FROM in_force;

-- encodings by name
SELECT persons, protected, outcome FROM protaddr.load_cpr((SELECT convert_to(text, 'UTF8') FROM fixture), 'utf8', 'UTF-8');
SELECT persons, protected, outcome FROM protaddr.load_cpr((SELECT file FROM fixture), 'windows', 'CP1252');
SELECT persons, protected, outcome FROM protaddr.load_cpr((SELECT convert_to(replace(text, E'\n', E'\r\n'), 'LATIN1') FROM fixture), 'crlf', 'latin1');
-- the rules hold for every encoding: the start record is read in it, too
\set content `iconv -f ISO-8859-1 -t IBM277 "$PG_ABS_SRCDIR/test/data/cpr_fixture.txt" | base64 -w0`
CREATE TABLE ebcdic AS SELECT decode(:'content', 'base64') AS file;
\set content `sed 1s/2026112020261119/2026112320261122/ "$PG_ABS_SRCDIR/test/data/cpr_fixture.txt" | iconv -f ISO-8859-1 -t IBM277 | base64 -w0`
SELECT task, produced, persons, protected, outcome FROM protaddr.load_cpr((SELECT file FROM ebcdic), 'ebcdic', 'IBM277');
SELECT task, produced, outcome FROM protaddr.load_cpr((SELECT file FROM ebcdic), 'ebcdic', 'IBM277');
CREATE TABLE ebcdic_next AS SELECT decode(:'content', 'base64') AS file;
SELECT refusal($s$SELECT protaddr.load_cpr((SELECT file FROM ebcdic_next), 'ebcdic', 'IBM277')$s$);
SELECT differs('utf8') AS utf8, differs('windows') AS windows, differs('crlf') AS crlf, differs('ebcdic') AS ebcdic;
SELECT refusal(format($s$SELECT protaddr.load_cpr(delivery('990001', '2026-11-20', '2026-11-19', person('6101704001')), 'none', %L)$s$, name))
FROM (VALUES (1, 'klingon'), (2, ''), (3, '/etc/passwd'), (4, '../../../tmp/x'), (5, repeat('x', 100000)), (6, NULL), (7, '//IGNORE')) v(n, name) ORDER BY n;
-- a byte that does not fit: which record and where it begins, and nothing of it; and no way to have it left out
CREATE FUNCTION bad(at integer) RETURNS bytea LANGUAGE sql AS $$
    SELECT overlay(delivery('990001', '2026-11-20', '2026-11-19', person('6101704001', '{0001}'), person('6201704002', '{0001}')) placing '\xff'::bytea from at)
$$;
SELECT at, encoding, refusal(format($s$SELECT protaddr.load_cpr(bad(%s), 'none', %L)$s$, at, encoding))
FROM unnest('{1,36,37,60,98,118,194}'::integer[]) at, unnest('{UTF-8}'::text[]) encoding ORDER BY at;
SELECT encoding, refusal(format($s$SELECT protaddr.load_cpr(bad(60), 'none', %L)$s$, encoding)) FROM unnest('{UTF-8//IGNORE,UTF-8//TRANSLIT,ASCII}'::text[]) encoding ORDER BY encoding COLLATE "C";
-- characters that ISO-8859-1 has not, cut off ones, and ones that say nothing
SELECT refusal(format($s$SELECT protaddr.load_cpr(overlay(delivery('990001', '2026-11-20', '2026-11-19', person('6101704001')) placing %L::bytea from 100), 'none', 'UTF-8')$s$, c))
FROM (VALUES (1, convert_to('ł', 'UTF8')), (2, convert_to('€', 'UTF8')), (3, '\xc3'::bytea), (4, '\xc080'), (5, '\xeda080')) v(n, c) ORDER BY n;
SELECT refusal($s$SELECT protaddr.load_cpr(delivery('990001', '2026-11-20', '2026-11-19', person('6101704001')) || '\xc3'::bytea, 'none', 'UTF-8')$s$);
SELECT refusal($s$SELECT protaddr.load_cpr(delivery('990001', '2026-11-20', '2026-11-19', person('6101704001')) || '\xff41'::bytea, 'none', 'UTF-8')$s$);
SELECT count(*) AS loaded FROM protaddr.register_source WHERE source = 'none';

-- the shape without line ends, its transfer padding, and blanks that were not trimmed
CREATE TABLE shape AS SELECT delivery('990001', '2026-11-20', '2026-11-19', person('6101704001', '{0001,00032026-01-012099-01-01}'), person('6201704002'), person('6301704003', '{00012026-02-28}')) AS file;
SELECT refusal($s$SELECT protaddr.load_cpr((SELECT file FROM shape), 'lines')$s$) AS lines,
       refusal($s$SELECT protaddr.load_cpr((SELECT fixed(file) FROM shape), 'fixed')$s$) AS fixed,
       refusal($s$SELECT protaddr.load_cpr((SELECT fixed(file) || '\x0000200d0a1a'::bytea FROM shape), 'padded')$s$) AS padded,
       refusal($s$SELECT protaddr.load_cpr((SELECT fixed(file, E'\n') FROM shape), 'untrimmed')$s$) AS untrimmed;
SELECT subject, code, valid_from, delete_hint, string_agg(source, ' ' ORDER BY source) AS sources FROM in_force
WHERE source IN ('lines', 'fixed', 'padded', 'untrimmed') GROUP BY 1, 2, 3, 4 ORDER BY subject, code;

-- a reply: about one person, no link of the chain, and no word of how fresh the rest is
\set content `base64 -w0 < "$PG_ABS_SRCDIR/test/data/cpr_reply.txt"`
CREATE TABLE reply AS SELECT decode(:'content', 'base64') AS file;
UPDATE protaddr.register_source SET current_as_of = '2026-01-01' WHERE source = 'DK-CPR';
SELECT persons, protected, newly_protected, outcome FROM protaddr.load_cpr((SELECT file FROM reply), kind => 'reply');
SELECT persons, protected, newly_protected, outcome FROM protaddr.load_cpr((SELECT file FROM reply), 'asked only', kind => 'reply');
SELECT source, status, age > '30 days' AS old FROM protaddr.register_status WHERE source IN ('DK-CPR', 'asked only');
SELECT task, outcome FROM protaddr.load_cpr((SELECT file FROM fixture));
SELECT outcome FROM protaddr.load_cpr((SELECT file FROM fixture), 'asked only');
SELECT differs('asked only');
SELECT refusal($s$SELECT protaddr.load_cpr((SELECT file FROM reply), 'none')$s$) AS as_delivery, refusal($s$SELECT protaddr.load_cpr((SELECT file FROM reply), 'none', kind => 'bitemporal')$s$) AS as_bitemporal,
       refusal($s$SELECT protaddr.load_cpr((SELECT file FROM fixture), 'none', kind => 'reply')$s$) AS delivery_as_reply;
-- one from before the last delivery of its source would put back older words; of another source it is the newest there is
UPDATE reply SET file = convert_to(replace(convert_from(file, 'LATIN1'), '990001202611202026', '990001202611192026'), 'LATIN1');
SELECT refusal($s$SELECT protaddr.load_cpr((SELECT file FROM reply), kind => 'reply')$s$);
SELECT outcome FROM protaddr.load_cpr((SELECT file FROM reply), 'nothing else', kind => 'reply');
SELECT outcome FROM protaddr.load_cpr((SELECT file FROM reply), kind => 'reply', after_gap => true, reason => 'test');

-- bitemporal: the same people, and true ends, which are history
\set content `base64 -w0 < "$PG_ABS_SRCDIR/test/data/cpr_bitemporal.txt"`
CREATE TABLE bitemporal AS SELECT decode(:'content', 'base64') AS file;
\set content `base64 -w0 < "$PG_ABS_SRCDIR/test/data/cpr_fixture_next.txt"`
SELECT outcome FROM protaddr.load_cpr(decode(:'content', 'base64'));
SELECT persons, protections, protected, outcome FROM protaddr.load_cpr((SELECT file FROM bitemporal), 'history', kind => 'bitemporal');
SELECT differs('history');
SELECT subject, code, valid_from, valid_to, delete_hint, recorded_to = 'infinity' AS known, protaddr.is_protected(subject) FROM protaddr.protection WHERE source = 'history' AND valid_to <> 'infinity' ORDER BY subject, id;
-- told again, it is recorded once
SELECT newly_protected, lifted FROM protaddr.load_cpr((SELECT file FROM bitemporal), 'history', kind => 'bitemporal');
SELECT count(*) AS told_once FROM protaddr.protection WHERE source = 'history' AND valid_to <> 'infinity';
SELECT refusal($s$SELECT protaddr.load_cpr((SELECT file FROM bitemporal), 'none')$s$) AS as_delivery, refusal($s$SELECT protaddr.load_cpr((SELECT file FROM fixture), 'none', kind => 'bitemporal')$s$) AS delivery_as_bitemporal,
       refusal($s$SELECT protaddr.load_cpr('', 'none', kind => 'bitemporal')$s$) AS empty, refusal($s$SELECT protaddr.load_cpr((SELECT file FROM bitemporal), 'none', kind => 'Bitemporal')$s$) AS no_kind;

DROP TABLE fixture, ebcdic, ebcdic_next, shape, reply, bitemporal;
DROP VIEW in_force, register;
DROP FUNCTION differs, bad, person, people, delivery, fixed, refusal;
DROP EXTENSION protaddr CASCADE;
