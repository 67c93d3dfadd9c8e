--
-- What becomes a value of type protaddr.address, and does it stay the same value?
--
SET client_min_messages = warning;
CREATE EXTENSION protaddr;
SELECT protaddr.confirm_register('regress', new_source => true) IS NOT NULL AS confirmed;
RESET client_min_messages;

-- refusal tells how an input is refused; every field of the error is searched for what was put in
CREATE FUNCTION refusal(input text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    state text; message text; detail text; hint text; context text; col text; con text; typ text; tab text; sch text;
BEGIN
    PERFORM input::protaddr.address;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
        hint = PG_EXCEPTION_HINT, context = PG_EXCEPTION_CONTEXT, col = COLUMN_NAME, con = CONSTRAINT_NAME,
        typ = PG_DATATYPE_NAME, tab = TABLE_NAME, sch = SCHEMA_NAME;
    IF lower(concat(message, detail, hint, context, col, con, typ, tab, sch)) ~ 'kanarie|8999' THEN
        RETURN state || ' REPEATS THE INPUT';
    END IF;
    RETURN state || ' ' || replace(message, 'for type protaddr.address', '..') || ': ' || detail;
END
$$;
-- made: what show_iso says of an input, once it is bound to somebody
CREATE FUNCTION made(input text) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
    DROP TABLE IF EXISTS made;
    CREATE TEMP TABLE made (who text, address protaddr.address);
    PERFORM protaddr.bind_column('made', 'address', 'who');
    INSERT INTO made VALUES ('6101704001', input::protaddr.address);
    RETURN (SELECT protaddr.show_iso(address) FROM made);
END
$$;
SET client_min_messages = warning;

-- three forms
SELECT n, made(input) FROM (VALUES
    (1, '{"StrtNm":"Vestergade","BldgNb":"12","Flr":"2","Room":"th","PstCd":"8999","TwnNm":"Prøveby","Ctry":"DK"}'),
    (2, E'c/o Test Person\nVestergade 12\n8999 Prøveby'),
    (3, E'\r\n  Vestergade 12  \r\n\r\n   8999 Prøveby \n\n'),
    (4, '{"AdrLine":["Vestergade 12","8999 Prøveby"],"Ctry":"DK"}'),
    (5, '{"AdrLine":"Vestergade 12"}'),
    (6, '{"StrtNm":null,"Dept":"","TwnNm":" Prøveby ","AdrLine":[]}'),
    (7, '{"AdrTp":{"Cd":"HOME"},"TwnNm":"Prøveby"}'),
    (8, '{"AdrTp":{"Prtry":{"Id":"ab12","Issr":"Testbanken","SchmeNm":"Ordning"}},"TwnNm":"Prøveby"}'),
    (9, '{"AdrTp":"HOME","TwnNm":"Pr\u00f8veby \"Ø\""}')) v(n, input) ORDER BY n;

-- a token is kept byte for byte, blanks around it or not
SELECT token = (token::protaddr.address)::text AS same,
       token = ((E' \t' || token || E'\r\n')::protaddr.address)::text AS same_trimmed,
       token ~ '^pa1\.[A-Za-z0-9_-]+$' AS shape
FROM (SELECT 'Kanariegade 1'::protaddr.address::text AS token) t;

-- no token
SELECT what, refusal(overlay(token placing put from at for cut)) FROM
    (SELECT 'Kanariegade 1'::protaddr.address::text) t(token),
    (VALUES (1, 'nothing behind it', '', 5, 10000), (2, 'cut', '', 100, 10000), (3, 'a blank inside', ' ', 50, 0),
            (4, 'a line end inside', E'\n', 50, 0), (5, 'padding', '=', 10000, 0), (6, 'base64, not base64url', '+', 60, 1),
            (7, 'another version', 'Ag', 5, 2), (8, 'an address behind it', ', Kanariegade 1', 10000, 0),
            (9, 'too long', repeat('A', 20000), 10000, 0)) v(n, what, put, at, cut) ORDER BY n;
SELECT refusal('pa1.' || repeat('A', 200)) AS zeros, refusal('pa1.') AS prefix, refusal('pa2.AAAA') AS later;

-- no JSON of ours
SELECT n, refusal(input) FROM (VALUES
    (1, '{"StrtNm":"Kanariegade"'), (2, '{StrtNm:Kanariegade}'), (3, '{"StrtNm":"Kanariegade"} x'),
    (4, '{"StrtNm":"Kanariegade"}{"BldgNb":"1"}'), (5, '{"StrtNm":"Kanariegade\u0000"}'), (6, '{"StrtNm":"Kanariegade \ud800"}'),
    (7, '{"strtnm":"Kanariegade"}'), (8, '{"Kanariegade":"1"}'), (9, '{"AdrTp/Prtry/Id":"8999","TwnNm":"Kanariegade"}'),
    (10, '{"StrtNm":"Kanariegade","StrtNm":"Kanariegade"}'), (11, '{"AdrLine":["Kanariegade"],"AdrLine":["8999"]}'),
    (12, '{"StrtNm":"Kanariegade","BldgNb":1}'), (13, '{"StrtNm":true,"TwnNm":"Kanariegade"}'),
    (14, '{"StrtNm":["Kanariegade"]}'), (15, '{"StrtNm":{"x":"Kanariegade"}}'), (16, '{"AdrLine":[["Kanariegade"]]}'),
    (17, '{"AdrLine":[8999]}'), (18, '{"AdrLine":{"a":"Kanariegade"}}'), (19, '{"StrtNm":"Kanariegade",}'), (20, '{"AdrTp":{"Cd":["HOME"]},"TwnNm":"Kanariegade"}'),
    (21, '{}'), (22, '{"StrtNm":" ","Dept":null}'), (23, '{"AdrTp":{"Cd":"HOME","Prtry":{"Id":"ab12"}},"TwnNm":"Kanariegade"}'),
    (24, '{"AdrTp":{"Prtry":{"Issr":"Kanariegade"}},"TwnNm":"x"}'), (25, '{"AdrTp":{"Kanariegade":"x"}}'),
    (26, '{"AdrTp":["HOME"],"TwnNm":"Kanariegade"}'), (27, repeat('{"AdrTp":', 5000)),
    (28, '["Kanariegade"]'), (29, '"Kanariegade"'), (30, ' [ ]'), (31, '[{"StrtNm":"Kanariegade"}]')) v(n, input) ORDER BY n;

-- no text of an address
SELECT n, refusal(input) FROM (VALUES
    (1, ''), (2, E' \n \r\n\t'), (3, repeat(E'Kanariegade 1\n', 8)), (4, repeat('Kanariegade', 7)), (5, E'Kanariegade\x07 1'),
    (6, U&'Kanariegade\200B 1'), (7, U&'Kanariegade \202E1'), (8, U&'Kanariegade\00AD'), (9, U&'\00A0\3000'),
    (10, '{"TwnNm":"Kanariegade","Ctry":"dk"}'), (11, '{"TwnNm":"Kanariegade","Ctry":"ZZ"}'), (12, '{"TwnNm":"Kanariegade","Ctry":"DNK"}'),
    (13, '{"TwnNm":"Kanariegade","AdrTp":{"Cd":"home"}}'), (14, '{"TwnNm":"Kanariegade","AdrTp":{"Prtry":{"Id":"8999-"}}}'),
    (15, '{"TwnNm":"Kanariegade\n1"}'), (16, repeat('Kanariegade', 20000))) v(n, input) ORDER BY n;
SELECT refusal(token), refusal('Kanariegade 1' || E'\n' || token), refusal(jsonb_build_object('StrtNm', token)::text),
       refusal(jsonb_build_object('AdrLine', jsonb_build_array(token))::text)
FROM (SELECT 'Kanariegade 1'::protaddr.address::text AS token) t;

-- the withheld text, wherever it stands
SELECT count(*) AS inputs, count(*) FILTER (WHERE refusal(input) LIKE '22P02%: It is the text that stands for a withheld address.') AS refused
FROM (VALUES ('[address withheld]'), ('  [address withheld]  '), ('[ADDRESS WITHHELD]'), ('"[address withheld]"'), ('''[address withheld]'''),
    ('([address withheld])'), ('{"[address withheld]"}'), ('[address withheld'), ('[address wi'), ('[address'), ('[add'), ('[address withheld], 8999 Prøveby'),
    ('8999 Prøveby [address withheld]'), (E'Test Person\n[address withheld]'), (E'Test Person\n"[Address withheld]"\n8999 Prøveby'),
    ('{"AdrLine": ["[address withheld]"]}'), ('{"StrtNm":"[address withheld]","TwnNm":"Prøveby"}'), ('{"CareOf":"c/o [address withheld]"}'),
    ('{"StrtNm":"\u005baddress withheld]"}'), ('{"BldgNb":"[address withhe"}'), ('{"PstBx":"[addr"}')) v(input);

-- the composed form of Unicode
SELECT made(U&'A\030Ablevej 1, Pra\0308steby') = made(U&'\00C5blevej 1, Pr\00E4steby') AS same_address,
       octet_length(made(U&'A\030Ablevej')->'AdrLine'->>0) AS bytes;

-- lengths are counted in characters: what fits, and one more
SELECT element, chars, made(jsonb_build_object(element, repeat('ø', chars))::text) = jsonb_build_object(element, repeat('ø', chars)) AS fits,
       refusal(jsonb_build_object(element, repeat('ø', chars + 1))::text) AS one_more
FROM (VALUES ('CareOf', 140), ('Dept', 70), ('SubDept', 70), ('StrtNm', 140), ('BldgNb', 16), ('BldgNm', 140), ('Flr', 70), ('UnitNb', 16),
    ('PstBx', 16), ('Room', 70), ('PstCd', 16), ('TwnNm', 140), ('TwnLctnNm', 140), ('DstrctNm', 140), ('CtrySubDvsn', 35)) v(element, chars)
ORDER BY element;
SELECT made(repeat('ø', 70)) = jsonb_build_object('AdrLine', jsonb_build_array(repeat('ø', 70))) AS fits, refusal(repeat('ø', 71)) AS one_more;
SELECT string_agg(code, ' ' ORDER BY code) AS address_types FROM unnest('{ADDR,BIZZ,DLVY,HOME,MLTO,PBOX,WORK,ADD}'::text[]) code
WHERE refusal(format('{"AdrTp":{"Cd":"%s"}}', code)) = 'accepted';

-- the constructor
SELECT jsonb_pretty(protaddr.show_iso(protaddr.address(strtnm => ' Vestergade ', bldgnb => '12', dept => '', room => NULL, ctry => 'DK',
    adrtp => 'HOME', adrline => ARRAY['Baghuset', NULL, ''], subject => '610170-4001')));
SELECT protaddr.show_iso(protaddr.address('s', '1', '2', '3', '4', 't', 'DK', 'b', 'u', 'p', 'l', 'd', 'r', 'c', 'de', 'su', 'BIZZ', ARRAY['x'], 'me'));
SELECT protaddr.show(protaddr.address(twnnm => 'Prøveby')) AS of_nobody, protaddr.show(protaddr.address(twnnm => 'Prøveby', subject => ' - ')) AS of_a_hyphen;
\set VERBOSITY terse
SELECT protaddr.address();
SELECT protaddr.address(subject => '6101704001');
SELECT protaddr.address(strtnm => '[address withheld]');
SELECT protaddr.address(strtnm => 'Kanariegade 1'::protaddr.address::text);
SELECT protaddr.address(adrline => ARRAY['Kanariegade 1'::protaddr.address::text]);
SELECT protaddr.address(strtnm => repeat('Kanariegade', 13));
SELECT protaddr.address(twnnm => 'Kanariegade', ctry => 'Kanariegade');
SELECT protaddr.address(adrline => array_fill('Kanariegade'::text, ARRAY[8]));
SELECT protaddr.address(twnnm => 'x', subject => repeat('Kanariegade', 7));
SELECT 'Kanariegade'::protaddr.address::int;
SELECT 1::protaddr.address;
\set VERBOSITY default
SELECT '[address withheld]'::protaddr.address;
SELECT '{"StrtNm":"Kanariegade","PstCd":"12345678901234567"}'::protaddr.address;
INSERT INTO made VALUES ('x', '{"StrtNm":"Kanariegade');

-- the longest address there is
CREATE TABLE longest (n int, home protaddr.address, list protaddr.address[]);
INSERT INTO longest SELECT n, a, ARRAY[a, NULL, a] FROM generate_series(1, 3) n, LATERAL (SELECT (
    (SELECT jsonb_object_agg(element, repeat(U&'\+01D538', chars)) FROM (VALUES ('CareOf', 140), ('Dept', 70), ('SubDept', 70), ('StrtNm', 140),
        ('BldgNb', 16), ('BldgNm', 140), ('Flr', 70), ('UnitNb', 16), ('PstBx', 16), ('Room', 70), ('PstCd', 16), ('TwnNm', 140), ('TwnLctnNm', 140),
        ('DstrctNm', 140), ('CtrySubDvsn', 35)) v(element, chars)) || jsonb_build_object('Ctry', 'DK', 'AdrLine',
        array_fill(repeat(U&'\+01D538', 70), ARRAY[7]), 'AdrTp', '{"Prtry":{"Id":"Zz09"}}'::jsonb))::text::protaddr.address AS a OFFSET 0) x;
SELECT octet_length(home::text) > 9000 AS long, list[1] OPERATOR(protaddr.===) home AS same, list[3]::text = home::text AS same_text FROM longest ORDER BY n;
SELECT pg_relation_size(reltoastrelid) > 0 AS toasted FROM pg_class WHERE oid = 'longest'::regclass;
SELECT protaddr.bind_column('longest', 'home', 'n') AS bound;
SELECT length(regexp_replace(protaddr.show(home), U&'[^\+01D538]', '', 'g')) = 1219 + 7 * 70 AS whole, jsonb_array_length(protaddr.show_iso(home)->'AdrLine') AS lines FROM longest ORDER BY n;

-- arrays, domains, composites, JSON
CREATE DOMAIN home_address AS protaddr.address CHECK (octet_length(protaddr.address_send(VALUE)) < 200);
CREATE TYPE party AS (name text, home protaddr.address, homes protaddr.address[], checked home_address);
CREATE TABLE parties (n int, p party);
INSERT INTO parties SELECT n, ('Test', a, ARRAY[a], a)::party FROM generate_series(1, 3) n, LATERAL (SELECT 'Kanariegade 1'::protaddr.address AS a) x;
SELECT n, ((p::text)::party).home::text = (p).home::text AS record_text, to_jsonb(p)->>'home' = (p).home::text AS json,
       to_jsonb(p)->'homes'->>0 = (p).homes[1]::text AS json_array, (jsonb_populate_record(NULL::party, to_jsonb(p))).checked::text = (p).home::text AS back
FROM parties ORDER BY n;
SELECT ('{"Kanariegade 1",NULL,"{\"TwnNm\":\"Kanariegade\"}"}'::protaddr.address[])[2] IS NULL AS array_of_clear;
SELECT 'Kanariegade 1'::home_address::protaddr.address IS NOT NULL AS through_a_domain;

-- COPY in its three formats, out and in
CREATE TABLE copied (n int, home protaddr.address, list protaddr.address[]);
\getenv abs_builddir PG_ABS_BUILDDIR
\cd :abs_builddir
\copy longest TO 'results/address_type.text'
\copy longest TO 'results/address_type.csv' CSV HEADER FORCE QUOTE *
\copy longest TO 'results/address_type.binary' BINARY
\copy copied FROM 'results/address_type.text'
\copy copied FROM 'results/address_type.csv' CSV HEADER
\copy copied FROM 'results/address_type.binary' BINARY
SELECT count(*) AS same FROM copied c JOIN longest l USING (n) WHERE c.home::text = l.home::text AND c.list::text = l.list::text;
COPY copied (home) FROM STDIN;
Kanariegade 1\nBaghuset
\.
COPY copied (n, home) FROM STDIN CSV;
1,"{""StrtNm"":""Kanariegade"",""BldgNb"":""1""}"
2,[address withheld]
3,Kanariegade 3
\.
SELECT count(*) AS after_a_refused_copy FROM copied WHERE list IS NULL;

-- what a driver sends as text or varchar is stored as text input makes it; no function takes a text for an address
CREATE TABLE assigned (n int, home protaddr.address);
PREPARE as_varchar(int, varchar) AS INSERT INTO assigned VALUES ($1, $2) RETURNING n, home IS NOT NULL AS stored;
PREPARE as_text(int, text) AS UPDATE assigned SET home = $2 WHERE n = $1;
EXECUTE as_varchar(1, '{"StrtNm": "Kanariegade", "BldgNb": "1"}');
SELECT home AS token FROM assigned WHERE n = 1 \gset
EXECUTE as_varchar(2, :'token');
EXECUTE as_varchar(3, NULL);
EXECUTE as_text(3, :'token');
SELECT n, home OPERATOR(protaddr.===) (SELECT home FROM assigned WHERE n = 1) AS same FROM assigned ORDER BY n;
\set VERBOSITY sqlstate
EXECUTE as_text(3, '[address withheld]');
EXECUTE as_varchar(4, '');
EXECUTE as_varchar(4, 'pa1.AAAA');
SELECT protaddr.show('Kanariegade 1'::text);
SELECT protaddr.release('Kanariegade 1'::varchar, 'sepa');
SELECT coalesce(home, 'Kanariegade 1'::text) FROM assigned;
SELECT home FROM assigned UNION ALL SELECT 'Kanariegade 1'::text;
SELECT count(*) FROM assigned WHERE home OPERATOR(protaddr.===) 'Kanariegade 1'::text;
INSERT INTO assigned VALUES (4, 1), (4, ARRAY['Kanariegade 1']), (4, '"x"'::json);
\set VERBOSITY default
SELECT castsource::regtype, castcontext, castmethod FROM pg_cast WHERE casttarget = 'protaddr.address'::regtype ORDER BY castsource;

SET client_min_messages = warning;
DROP TABLE assigned, longest, copied, parties, made;
DROP FUNCTION refusal, made;
DROP TYPE party;
DROP DOMAIN home_address;
DROP EXTENSION protaddr CASCADE;
