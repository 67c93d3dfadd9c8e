-- attack_register: the loaders (issue 3).  Expected: refused whole, or loaded whole;
-- who loads is shown nothing by it; no message repeats a word of a delivery.
\getenv abs_srcdir PG_ABS_SRCDIR
\set deliveries :abs_srcdir '/test/regress/delivery.psql'
\set ECHO none
\i :deliveries
\set VERBOSITY terse
CREATE ROLE regress_register_loader;
CREATE ROLE regress_register_file_loader;
CREATE ROLE regress_register_m;
GRANT EXECUTE ON FUNCTION protaddr.load_cpr, protaddr.load_cpr_file, protaddr.load_staged, protaddr.load_register TO regress_register_loader, regress_register_file_loader;
GRANT INSERT ON protaddr.register_staging TO regress_register_loader;
GRANT pg_read_server_files TO regress_register_file_loader;
CREATE TABLE customer (cpr text PRIMARY KEY, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', 'cpr'), protaddr.confirm_register('regress', new_source => true);
INSERT INTO customer VALUES ('6101704001', 'Kanariegade 1'), ('6201704002', 'Vestergade 2');
GRANT SELECT ON customer TO PUBLIC;
CREATE VIEW seen AS SELECT cpr, protaddr.show(home) AS home FROM customer;
GRANT SELECT ON seen TO PUBLIC;
CREATE FUNCTION good(day date DEFAULT '2026-11-20') RETURNS bytea LANGUAGE sql AS $$
    SELECT delivery('990001', day, day - 1, person('6101704001', '{00012026-01-012027-01-01,0003}'), person('6201704002'), person('6301704003', '{}', '6401704004'))
$$;
SELECT persons, protected FROM protaddr.load_cpr(good());
CREATE TABLE before AS TABLE register;

-- What is refused or only tried is on record, by a process of its own each time (sql/refused_load,
-- and below); for the two thousand loads of this part nobody writes it.
SELECT pg_get_functiondef('protaddr.note_refusal'::regproc) AS note_refusal \gset
CREATE OR REPLACE FUNCTION protaddr.note_refusal(source text, regime text, task text, produced date, why text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
-- cut at every byte: refused, but for a cut that takes the last line end only, in both shapes
CREATE FUNCTION cut(file bytea, into_source text) RETURNS TABLE (told text, cuts bigint) LANGUAGE plpgsql AS $$
DECLARE told text[] := '{}';
BEGIN
    FOR n IN 0 .. length(file) - 1 LOOP
        BEGIN
            PERFORM protaddr.load_cpr(substr(file, 1, n), into_source, dry_run => true);
            told := told || format('%s accepted, %s bytes short', into_source, length(file) - n);
        EXCEPTION WHEN invalid_text_representation THEN
            told := told || format('%s refused: %s', into_source, SQLERRM);
        END;
    END LOOP;
    RETURN QUERY SELECT t, count(*) FROM unnest(told) t GROUP BY t ORDER BY t COLLATE "C";
END
$$;
SELECT * FROM cut(good(), 'lines');
SELECT * FROM cut(fixed(good()), 'fixed');
-- the fixture at every end of a record: loaded for good, were it taken; and at every fifth one byte before and one behind
\set content `base64 -w0 < "$PG_ABS_SRCDIR/test/data/cpr_fixture_next.txt"`
CREATE TABLE delivery AS SELECT decode(:'content', 'base64') AS file;
DO $$
DECLARE told text[] := '{}'; file bytea := (SELECT d.file FROM delivery d); at int; nth int;
BEGIN
    FOR at, nth IN SELECT sum(length(l) + 1) OVER (ORDER BY n), n FROM regexp_split_to_table(rtrim(convert_from(file, 'LATIN1'), E'\n'), E'\n') WITH ORDINALITY u(l, n) LOOP
        FOR d IN -1 .. 1 LOOP
            CONTINUE WHEN at + d >= length(file) - 1 OR d <> 0 AND nth % 5 <> 0;
            BEGIN
                PERFORM protaddr.load_cpr(substr(file, 1, at + d), dry_run => d <> 0);
                RAISE EXCEPTION 'taken at %', at + d;
            EXCEPTION WHEN invalid_text_representation THEN
                NULL;
            END;
        END LOOP;
    END LOOP;
END
$$;
TABLE register EXCEPT TABLE before;

-- every byte of a delivery changed, to a few: refused, or read as something else, and nobody is less protected
CREATE FUNCTION changed(byte integer) RETURNS TABLE (told text, bytes bigint) LANGUAGE plpgsql AS $$
DECLARE told text[] := '{}'; file bytea := good('2026-11-21'); result protaddr.load_result;
BEGIN
    FOR n IN 0 .. length(file) - 1 LOOP
        CONTINUE WHEN get_byte(file, n) = byte;
        BEGIN
            SELECT l.* INTO result FROM protaddr.load_cpr(set_byte(file, n, byte), dry_run => true) l;
            told := told || CASE WHEN result.persons <> 3 THEN 'accepted, a person less' WHEN result.lifted > 0 THEN 'accepted, lifting ' || result.lifted ELSE 'accepted' END;
        EXCEPTION WHEN OTHERS THEN
            told := told || concat(SQLSTATE, CASE WHEN SQLERRM ~ '[0-9]{10}|[^ -~]' THEN ' REPEATS' END);
        END;
    END LOOP;
    RETURN QUERY SELECT t, count(*) FROM unnest(told) t GROUP BY t ORDER BY t COLLATE "C";
END
$$;
SET client_min_messages = error;
SELECT byte, c.* FROM unnest('{0,10,32,57,127,255}'::int[]) byte, changed(byte) c ORDER BY byte, told;
TABLE register EXCEPT TABLE before;
:note_refusal;

-- lengths and counts that lie
SELECT n, what, refusal(format('SELECT protaddr.load_cpr(%L::bytea, ''lies'')', file)) FROM (VALUES
    (1, 'count below', overlay(good() placing '00000004'::bytea from length(good()) - 8)), (2, 'count above', overlay(good() placing '99999999'::bytea from length(good()) - 8)),
    (3, 'count no number', overlay(good() placing '-0000005'::bytea from length(good()) - 8)), (4, 'counted twice', good() || substr(good(), length(good()) - 21)),
    (5, 'protection too long', delivery('990001', '2026-11-20', '2026-11-19', person('6101704001', '{00012026-01-012027-01-01x}'))), (6, 'protection too short', delivery('990001', '2026-11-20', '2026-11-19', person('6101704001', '{00012026}'))),
    (7, 'no code', delivery('990001', '2026-11-20', '2026-11-19', person('6101704001', ARRAY['']))), (8, 'person of 1 MB', delivery('990001', '2026-11-20', '2026-11-19', person(repeat('7', 1000000)))),
    (9, 'line of 1 MB', delivery('990001', '2026-11-20', '2026-11-19', repeat(' ', 1000000) || E'\n')), (10, 'unknown type of 1 MB', delivery('990001', '2026-11-20', '2026-11-19', person('6101704001'), '0776101704001' || repeat('Kanarie', 150000) || E'\n')),
    (11, 'zeros', decode(repeat('00', 1000000), 'hex')), (12, 'line ends', convert_to(repeat(E'\n', 1000000), 'LATIN1')), (13, 'start records', convert_to(repeat('00000000000009900012026112020261119' || E'\n', 10000), 'LATIN1')),
    (14, 'end record first', '999999999999900000000'::bytea), (15, 'nested', delivery('990001', '2026-11-20', '2026-11-19', convert_from(good(), 'LATIN1'))), (16, 'no year', delivery('990001', '0001-01-01', NULL, person('6101704001', '{00010000-01-01}'))),
    (17, 'many protections', delivery('990001', '2026-11-20', '2026-11-19', person('6101704001', (SELECT array_agg(to_char(i, 'FM0000')) FROM generate_series(1, 5000) i))))) v(n, what, file) ORDER BY n;
-- far away dates and codes that nobody has are read, and protect
SELECT refusal($s$SELECT protaddr.load_cpr(delivery('999999', '2026-11-20', '0001-01-01', person('9999999999', '{00010001-01-019999-12-31}'), person('0000000000', '{9999}')), 'far')$s$);
SELECT subject, code, kind, valid_from < '0002-01-01' AS long_ago, delete_hint, protaddr.is_protected(subject) FROM in_force WHERE source = 'far' ORDER BY subject;

-- hostile text in every field that anyone may fill
CREATE TABLE hostile (n int PRIMARY KEY, t text);
INSERT INTO hostile VALUES (1, ''';DROP TABLE customer;--'), (2, E'two\nlines\r\ttabs'), (3, '"{}[]\"\\'), (4, '$1 %s %L %I $$'), (5, repeat('Kanarie', 150000)), (6, E'\u202e\u200b\u0001'), (7, '<a href="x">'), (8, 'pa1.AAAA'),
    (9, '[address withheld]'), (10, 'x'' OR ''1''=''1'), (11, '-infinity'), (12, repeat('0', 300)), (13, repeat('x', 256)), (14, E'e\u0301'), (15, '\x00'), (16, repeat(E'\u00e6', 200));
INSERT INTO protaddr.regime_code (regime, code, kind, description, legal_basis, source) SELECT DISTINCT t, 'x', 'address', 'invented', 'invented', 'invented' FROM hostile WHERE length(t) < 1000;
SELECT n, refusal(format('INSERT INTO protaddr.register_staging VALUES (%1$L, %1$L, %1$L, NULL, NULL, NULL, %1$L)', t)) AS staged,
       left(refusal(format('SELECT protaddr.load_staged(%1$L, %1$L, %1$L)', t)), 51) AS loaded,
       left(refusal(format('SELECT protaddr.load_register(%1$L, jsonb_build_array(jsonb_build_object(''subject'', %1$L::text, ''protections'', jsonb_build_array(jsonb_build_object(''code'', %1$L::text)))), %2$L, %1$L, new_source => true)', t, 'json ' || t)), 51) AS json,
       left(refusal(format('SELECT protaddr.load_cpr(good(), %1$L, after_gap => true, reason => %1$L)', t)), 15) AS cpr,
       left(refusal(format('SELECT protaddr.link_identity(%L, ''x'', %1$L)', t)), 51) AS linked, left(refusal(format('SELECT protaddr.confirm_register(%L)', t)), 15) AS confirmed FROM hostile ORDER BY n;
SELECT count(*) AS told_as_it_was, count(*) FILTER (WHERE protaddr.is_protected(t)) AS protected FROM hostile h WHERE EXISTS (SELECT FROM in_force f WHERE f.subject = h.t AND f.code = h.t AND f.source = 'json ' || h.t);
SELECT count(*) AS sources FROM protaddr.register_status s JOIN hostile ON source = t;
-- refused with such names: on record, cut to what a record holds
SELECT count(*) AS refused FROM hostile WHERE refusal(format('SELECT protaddr.load_cpr(''x'', %L)', t)) LIKE '22P02 %';
SELECT n, length(source) AS long, octet_length(source) AS bytes, starts_with(t, source) AS as_it_was, convert_to(source, 'UTF8') IS NOT NULL AS readable FROM protaddr.register_delivery d JOIN hostile ON left(t, 60) = left(source, 60) WHERE outcome LIKE 'refused: 22P02%' ORDER BY n;
SET client_min_messages = warning;

-- who loads may not read, and is shown nothing more by loading: look after load, after rollback, in one statement
SELECT protaddr.declare_feed('DK-CPR', '{001,004}', '990001');
TRUNCATE before; INSERT INTO before TABLE register;
SET ROLE regress_register_loader;
SELECT relation, refusal('SELECT * FROM protaddr.' || relation) FROM unnest('{protection,register_person,register_source,register_delivery,register_staging,identity_link,register_status,data_key,load_progress}'::text[]) relation ORDER BY relation COLLATE "C";
SELECT refusal('SELECT protaddr.is_protected(''6101704001'')'), refusal('SELECT protaddr.load_cpr_bytes(good(), ''DK-CPR'', ''LATIN1'', ''delivery'', true, ''{}'', ROW(''x'', ''x'', false, 0, true, false, NULL, false, NULL, NULL, true))'), refusal('SELECT protaddr.note_refusal(''a'', ''b'', ''c'', NULL, ''d'')'), refusal('SELECT protaddr.lock_source(''DK-CPR'')');
SELECT * FROM seen ORDER BY cpr;
BEGIN;
SELECT lifted, outcome FROM protaddr.load_cpr(delivery('990001', '2026-11-21', '2026-11-20', person('6101704001')));
SELECT * FROM seen ORDER BY cpr;
ROLLBACK;
DO $$ BEGIN PERFORM protaddr.load_cpr(delivery('990001', '2026-11-21', '2026-11-20', person('6101704001'))); RAISE WARNING 'within: %', (SELECT home FROM seen WHERE cpr = '6101704001'); RAISE division_by_zero;
EXCEPTION WHEN division_by_zero THEN RAISE WARNING 'after it: %', (SELECT home FROM seen WHERE cpr = '6101704001'); END $$;
WITH l AS MATERIALIZED (SELECT persons, lifted FROM protaddr.load_register('DK-CPR', '[{"subject": "6101704001", "protections": []}]')) SELECT persons, lifted, (SELECT home FROM seen WHERE cpr = '6101704001' AND persons >= 0) FROM l, pg_sleep(0) WHERE persons < 0 OR persons >= 0;
RESET ROLE;
SELECT persons FROM protaddr.load_cpr(good('2026-11-21'));
SET ROLE regress_register_loader;
-- a dry run tells counts, and writes nothing: the session shows what it has shown
BEGIN;
SELECT lifted, outcome FROM protaddr.load_cpr(delivery('990001', '2026-11-22', '2026-11-21', person('6101704001')), dry_run => true);
SELECT * FROM seen ORDER BY cpr;
COMMIT;
SELECT * FROM seen ORDER BY cpr;
-- a file of the server needs the privilege for that, of the role that asks, not of a role it once was or of a function's owner
SELECT refusal('SELECT protaddr.load_cpr_file(''/etc/passwd'')'), refusal('SELECT protaddr.load_cpr_file(''/no/such/file'')');
RESET ROLE;
CREATE FUNCTION lend(path text) RETURNS protaddr.load_result LANGUAGE sql SECURITY DEFINER AS 'SELECT protaddr.load_cpr_file($1)';
SET SESSION AUTHORIZATION regress_register_loader;
SELECT refusal('SELECT lend(''/etc/passwd'')');
RESET SESSION AUTHORIZATION;
-- ... also where ours is the first function of the session: then nobody knows through whose functions it came, and the client's right must do
CREATE MATERIALIZED VIEW reads_file AS SELECT refusal('SELECT protaddr.load_cpr_file(''/etc/passwd'')') AS r WITH NO DATA;
ALTER MATERIALIZED VIEW reads_file OWNER TO regress_register_loader;
\c -
SET SESSION AUTHORIZATION regress_register_loader;
SELECT left(refusal('SELECT protaddr.load_cpr_file(''/etc/passwd'')'), 5) AS refused;
\c -
SET SESSION AUTHORIZATION regress_register_loader;
SELECT left(refusal('SELECT lend(''/etc/passwd'')'), 5) AS refused;
\c -
SET SESSION AUTHORIZATION regress_register_file_loader;
SELECT left(refusal('SELECT protaddr.load_cpr_file(''/etc/passwd'')'), 5) AS read;
-- in maintenance nobody's does
\c -
REFRESH MATERIALIZED VIEW reads_file;
SELECT left(r, 5) AS refused FROM reads_file;
DROP MATERIALIZED VIEW reads_file;
\c -
SET client_min_messages = warning;
-- what is no delivery, or no file; the name is not repeated
SET ROLE regress_register_file_loader;
SELECT path, refusal(format('SELECT protaddr.load_cpr_file(%L)', path)) FROM unnest('{/etc/passwd,/no/such/kanarie,/etc,/dev/zero,/dev/null,.,"",PG_VERSION,base/../PG_VERSION}'::text[]) WITH ORDINALITY u(path, n) ORDER BY n;
SELECT refusal(format('SELECT protaddr.load_cpr_file(%L)', repeat('/kanarie', 100000))) LIKE '%could not open the delivery: %' AS long, refusal('SELECT protaddr.load_cpr_file(NULL)') AS none;
RESET ROLE;
-- a pipe does not hold us
\set pipe `mktemp -u /tmp/regress_protaddr_XXXXXX`
\setenv PIPE :pipe
\! mkfifo -m 666 "$PIPE"
SET statement_timeout = '900s';
SELECT refusal(format('SELECT protaddr.load_cpr_file(%L)', :'pipe'));
RESET statement_timeout;
\! rm "$PIPE"

-- PUBLIC: nothing of it
SET ROLE regress_register_m;
SELECT f, left(refusal(f), 5) FROM unnest(ARRAY['SELECT protaddr.load_cpr(NULL)', 'SELECT protaddr.load_cpr_file(''x'')', 'SELECT protaddr.load_staged(''x'', ''x'')', 'SELECT protaddr.load_register(''x'', ''[]'')', 'SELECT protaddr.load_cpr_delivery(NULL, ''x'', ''x'', ''x'', ''x'', false, NULL, NULL, NULL, false, NULL)',
    'SELECT protaddr.load_cpr_bytes(''x'', ''x'', ''x'', ''x'', true, ''{}'', ROW(''x'', ''x'', false, 0, true, false, NULL, false, NULL, NULL, true))', 'SELECT protaddr.load_cpr_path(''x'', ''x'', ''x'', ''x'', true, ''{}'', ROW(''x'', ''x'', false, 0, true, false, NULL, false, NULL, NULL, true))', 'SELECT protaddr.load_rows(''x'', ''x'', ''x'', NULL, NULL, NULL, NULL)', 'SELECT protaddr.may_write(NULL, NULL)', 'SELECT protaddr.undo_delivery(''x'', ''x'', ''x'')', 'SELECT protaddr.declare_feed(''x'')', 'SELECT protaddr.set_register(''x'')', 'SELECT protaddr.feed_position(''x'')', 'SELECT protaddr.cpr_header(''x'', ''x'')', 'SELECT protaddr.cpr_file_start(''x'')', 'SELECT protaddr.note_refusal(''x'', ''x'', ''x'', NULL, ''x'')',
    'SELECT protaddr.lock_source(''x'')', 'SELECT protaddr.link_identity(''x'', ''y'')', 'SELECT protaddr.unlink_identity(''x'', ''y'')', 'SELECT protaddr.is_protected(''x'')', 'INSERT INTO protaddr.register_staging VALUES (''x'', ''y'')', 'INSERT INTO protaddr.identity_link (identifier, subject) VALUES (''x'', ''y'')',
    'TABLE protaddr.protection', 'TABLE protaddr.register_person', 'TABLE protaddr.register_delivery', 'TABLE protaddr.register_staging', 'TABLE protaddr.identity_link', 'TABLE protaddr.register_status', 'TABLE protaddr.load_progress']) WITH ORDINALITY u(f, n) ORDER BY n;
SELECT * FROM seen ORDER BY cpr;
RESET ROLE;

-- who may write every table may not write the record of deliveries, which the chain rests on
CREATE ROLE regress_register_writer;
GRANT pg_write_all_data, pg_read_all_data TO regress_register_writer;
SET ROLE regress_register_writer;
SELECT s, left(refusal(s), 5) FROM unnest(ARRAY['UPDATE protaddr.register_delivery SET produced = ''2000-01-01''', 'DELETE FROM protaddr.register_delivery', 'INSERT INTO protaddr.register_delivery (source, outcome) VALUES (''DK-CPR'', ''loaded'')', 'DELETE FROM protaddr.register_person',
    'UPDATE protaddr.register_source SET current_as_of = now()', 'DELETE FROM protaddr.register_source', 'INSERT INTO protaddr.protection (kind, subject, regime, code, source) VALUES (''none'', ''x'', ''x'', ''x'', ''x'')']) WITH ORDINALITY u(s, n) ORDER BY n;
RESET ROLE;

DROP TABLE customer, before, hostile, delivery CASCADE;
DROP VIEW in_force, register;
DROP FUNCTION person, people, delivery, fixed, refusal, good, cut, changed, lend;
DROP EXTENSION protaddr CASCADE;
DROP ROLE regress_register_loader, regress_register_file_loader, regress_register_m, regress_register_writer;
