--
-- What does a sweep find, what does it change, and does it come back byte for byte?
--
\set VERBOSITY terse
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
CREATE VIEW report AS
SELECT relation, columns, row_key, subject, certainty, status FROM protaddr.sweep_report
WHERE run = (SELECT max(run) FROM protaddr.sweep_run) ORDER BY relation COLLATE "C", row_key::text COLLATE "C", columns COLLATE "C", subject COLLATE "C";
CREATE VIEW todo AS
SELECT relation, columns, row_key, certainty, reason FROM protaddr.sweep_todo
WHERE run = (SELECT max(run) FROM protaddr.sweep_run) ORDER BY relation COLLATE "C", row_key::text COLLATE "C", columns COLLATE "C", reason COLLATE "C";
CREATE VIEW figures AS
SELECT scope, action, tables, tables_left AS left, not_searched AS not_, exact, safe, doubtful, changed, undone, to_do, ended_at IS NOT NULL AS ended
FROM protaddr.sweep_status WHERE run = (SELECT max(run) FROM protaddr.sweep_run);

CREATE TABLE customer (cpr text PRIMARY KEY, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', 'cpr');
INSERT INTO customer VALUES ('6201704002', '{"StrtNm": "Skjulvej", "BldgNb": "2", "Flr": "2", "Room": "tv", "PstCd": "5000", "TwnNm": "Odense C"}'),
    ('6101704001', '{"StrtNm": "Gemmevej", "BldgNb": "11", "PstCd": "8000", "TwnNm": "Aarhus C"}'),
    ('6301704003', '{"StrtNm": "Fri Alle", "BldgNb": "4", "PstCd": "4000", "TwnNm": "Roskilde"}');
SELECT protaddr.protect('6201704002', 'DK-CPR', '0001'), protaddr.protect('6101704001', 'DK-CPR', '0001');

-- ---- ten years of history ---------------------------------------------------------------
CREATE EXTENSION citext;
CREATE TYPE place AS (street text, town text);
CREATE DOMAIN remark AS text CHECK (VALUE <> 'x');
CREATE SCHEMA old;
CREATE TABLE old.entry (
    id int PRIMARY KEY, booked date, txt text, short varchar(30), fixed char(40), ci citext, dom remark, j json, jb jsonb, x xml, raw bytea,
    tags text[], p place, street text, town text, n int GENERATED ALWAYS AS (length(txt)) STORED
);
INSERT INTO old.entry (id, booked, txt) SELECT i, '2016-01-01'::date + i, 'Rent, month ' || i FROM generate_series(1, 1000) i;
UPDATE old.entry SET txt = 'Husleje Skjulvej 2, 2.tv, 5000 Odense C, tak' WHERE id IN (10, 400, 800);
INSERT INTO old.entry (id, booked, short) VALUES (1001, '2019-01-01', 'GEMMEVEJ 11 8000 AARHUS');
INSERT INTO old.entry (id, fixed) VALUES (1002, 'Gemmevej 11, 8000 Aarhus C');
INSERT INTO old.entry (id, ci) VALUES (1003, 'til gemmevej 11, 8000 aarhus c');
INSERT INTO old.entry (id, dom) VALUES (1004, 'Gemmevej 11, 8000 Aarhus C og Skjulvej 2, 2. tv, 5000 Odense C');
INSERT INTO old.entry (id, j) VALUES (1005, '{"b":  "Gemmevej 11, 8000 Aarhus C", "a": 1}');
INSERT INTO old.entry (id, jb) VALUES (1006, '{"to": "Gemmevej 11, 8000 Aarhus C"}');
INSERT INTO old.entry (id, x) VALUES (1007, '<a  b="1">Gemmevej 11, 8000 Aarhus C</a >');
INSERT INTO old.entry (id, raw) VALUES (1008, '\x00ff' || 'Gemmevej 11, 8000 Aarhus C'::bytea || '\x00');
INSERT INTO old.entry (id, tags) VALUES (1009, '{rent,"Gemmevej 11, 8000 Aarhus C"}');
INSERT INTO old.entry (id, p) VALUES (1010, '("Gemmevej 11","8000 Aarhus C")');
INSERT INTO old.entry (id, street, town) VALUES (1011, 'Gemmevej 11', '8000 Aarhus C');
INSERT INTO old.entry (id, txt) VALUES (1012, 'Gemmevaj 11, 8000 Aarhus C'), (1013, 'Fri Alle 4, 4000 Roskilde'), (1014, 'Gemmevej 11, 8000 Aarhus C; ' || repeat('long ', 2000));
CREATE TABLE before AS SELECT * FROM old.entry;

-- ---- nobody sweeps while nobody can be asked about ---------------------------------------
CALL protaddr.sweep('old.entry');
SELECT protaddr.confirm_register('regress', new_source => true) IS NOT NULL AS confirmed;

-- ---- what it is told ----------------------------------------------------------------------
BEGIN;
CALL protaddr.sweep('old.entry');
ROLLBACK;
CALL protaddr.sweep('old.entry', 'old');
CALL protaddr.sweep('old.entry', action => 'erase');
CALL protaddr.sweep('old.entry', since => '2019-01-01');
CALL protaddr.sweep('old.entry', time_column => 'booked_at');
CALL protaddr.sweep('old.entry', batch_size => 0);
CALL protaddr.sweep('old.entry', pause => '-1 s');
CALL protaddr.sweep(schema => 'protaddr');
CALL protaddr.sweep('report');
CALL protaddr.sweep(run => 1);
-- the one that could not be asked
SELECT scope, tables_left FROM protaddr.sweep_status;
SELECT run AS first FROM protaddr.sweep_run \gset
CALL protaddr.sweep(relation => 'customer', run => :first);

-- ---- report -------------------------------------------------------------------------------
CALL protaddr.sweep(run => :first) \gset
SELECT :run = :first AS the_same;
SELECT * FROM report;
SELECT * FROM figures;
SELECT * FROM todo;
-- the person of a row that says two addresses is told of each; and no text stands anywhere in what was noted
SELECT count(*) FROM protaddr.sweep_finding f WHERE f::text ~* 'gemmevej|skjulvej';
-- by time: rows without one are searched, whoever they are from
CALL protaddr.sweep('old.entry', time_column => 'booked', since => '2018-01-01', until => '2019-01-02') \gset
SELECT row_key, columns FROM report WHERE (row_key ->> 'id')::int <= 1001;
SELECT tables, exact + safe AS found, doubtful FROM figures;
SELECT rows FROM protaddr.sweep_status WHERE run = :run;

-- ---- redact --------------------------------------------------------------------------------
CALL protaddr.sweep('old.entry', action => 'redact', batch_size => 100) \gset
SELECT row_key, columns, status FROM report;
SELECT * FROM todo;
SELECT tables, exact + safe AS found, doubtful, changed, to_do FROM figures;
SELECT id, txt, short, rtrim(fixed) AS fixed, ci, dom, j, jb, x, raw FROM old.entry WHERE id IN (10, 400, 800) OR id BETWEEN 1001 AND 1008 ORDER BY id;
SELECT left(txt, 30), length(txt), n FROM old.entry WHERE id = 1014;
SELECT count(*) AS unchanged FROM old.entry e JOIN before b USING (id) WHERE e::text = b::text;
\set redacted :run
-- nothing that could be taken out is left
CALL protaddr.sweep('old.entry', action => 'redact') \gset
SELECT row_key, columns, status FROM report;
-- what somebody has seen to
SELECT item AS item FROM protaddr.sweep_todo WHERE row_key ->> 'id' = '1012' AND run = :redacted \gset
SELECT protaddr.sweep_done(:item, ' ');
SELECT protaddr.sweep_done(:item, 'a street of another town: asked the customer');
SELECT protaddr.sweep_done(:item, 'again');
SELECT row_key, status FROM protaddr.sweep_report WHERE finding = :item;
SELECT to_do FROM protaddr.sweep_status WHERE run = :redacted;

-- ---- undo ----------------------------------------------------------------------------------
SELECT finding AS one FROM protaddr.sweep_report WHERE row_key ->> 'id' = '1004' AND subject = '6101704001' AND run = :redacted \gset
SELECT * FROM protaddr.undo_sweep(:redacted, :one);
SELECT id, dom FROM old.entry WHERE id = 1004;
SELECT row_key, subject, status FROM protaddr.sweep_report WHERE row_key ->> 'id' = '1004' AND run = :redacted ORDER BY subject;
SELECT * FROM protaddr.undo_sweep(:redacted, :one);
SELECT protaddr.undo_sweep(:redacted, :item);
SELECT protaddr.undo_sweep(1);
-- not where somebody has written something else
UPDATE old.entry SET txt = txt || ' (corrected)' WHERE id = 800;
UPDATE old.entry SET booked = '2020-02-02' WHERE id = 400;
DELETE FROM old.entry WHERE id = 1006;
SELECT * FROM protaddr.undo_sweep(:redacted);
SELECT row_key, why_not, undone_at IS NOT NULL AS undone FROM protaddr.sweep_change WHERE run = :redacted AND why_not IS NOT NULL ORDER BY row_key::text COLLATE "C";
SELECT e.id, e.txt FROM old.entry e JOIN before b USING (id) WHERE e::text <> b::text ORDER BY id;
UPDATE old.entry SET txt = 'Husleje [address withheld], tak' WHERE id = 800;
SELECT * FROM protaddr.undo_sweep(:redacted);
UPDATE old.entry SET booked = b.booked FROM before b WHERE b.id = entry.id AND b.id = 400;
SELECT count(*) AS restored FROM old.entry e JOIN before b USING (id) WHERE e::text = b::text AND pg_column_size(e.txt) = pg_column_size(b.txt);

-- ---- what cannot be changed ------------------------------------------------------------------
CREATE TABLE old.nokey (txt text);
INSERT INTO old.nokey VALUES ('Gemmevej 11, 8000 Aarhus C');
CREATE TABLE old.textkey (txt text PRIMARY KEY, note text);
INSERT INTO old.textkey VALUES ('Gemmevej 11, 8000 Aarhus C', 'Skjulvej 2, 2. tv, 5000 Odense C'), ('k', 'Skjulvej 2, 2. tv, 5000 Odense C');
CREATE TABLE old.short (id int PRIMARY KEY, txt varchar(26));
INSERT INTO old.short VALUES (1, 'Gemmevej 11, 8000 Aarhus C'), (2, 'I Gemmevej 11, 8000 Aarhus');
ALTER TABLE old.short ALTER COLUMN txt TYPE varchar(20) USING CASE id WHEN 1 THEN 'GEMMEVEJ 11 8000 AAR' END;
INSERT INTO old.short VALUES (3, 'Gemmevej 11 Aarhus C');
ALTER TABLE old.short ADD COLUMN code varchar(17);
UPDATE old.short SET code = 'Gemmevej 11, 8000';
CREATE TABLE old.constrained (id int PRIMARY KEY, txt text CONSTRAINT no_brackets CHECK (txt !~ '\['));
INSERT INTO old.constrained VALUES (1, 'Gemmevej 11, 8000 Aarhus C');
CREATE DOMAIN old.unbracketed AS text CHECK (VALUE !~ '\[');
CREATE TABLE old.in_domain (id int PRIMARY KEY, txt old.unbracketed);
INSERT INTO old.in_domain VALUES (1, 'Gemmevej 11, 8000 Aarhus C');
CREATE TABLE old.refused (id int PRIMARY KEY, txt text);
CREATE TABLE old.altered (id int PRIMARY KEY, txt text);
CREATE TABLE old.skipped (id int PRIMARY KEY, txt text);
CREATE TABLE old.put_off (id int PRIMARY KEY, txt text);
INSERT INTO old.refused VALUES (1, 'Gemmevej 11, 8000 Aarhus C');
INSERT INTO old.altered SELECT * FROM old.refused;
INSERT INTO old.skipped SELECT * FROM old.refused;
INSERT INTO old.put_off SELECT * FROM old.refused;
CREATE FUNCTION old.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not %', OLD.txt; END $$;
CREATE FUNCTION old.alter() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.txt := OLD.txt; RETURN NEW; END $$;
CREATE FUNCTION old.skip() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER t BEFORE UPDATE ON old.refused FOR EACH ROW EXECUTE FUNCTION old.refuse();
CREATE TRIGGER t BEFORE UPDATE ON old.altered FOR EACH ROW EXECUTE FUNCTION old.alter();
CREATE TRIGGER t BEFORE UPDATE ON old.skipped FOR EACH ROW EXECUTE FUNCTION old.skip();
CREATE CONSTRAINT TRIGGER t AFTER UPDATE ON old.put_off DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION old.refuse();
CREATE MATERIALIZED VIEW old.view AS SELECT * FROM old.refused;
CREATE FOREIGN DATA WRAPPER nothing;
CREATE SERVER elsewhere FOREIGN DATA WRAPPER nothing;
CREATE FOREIGN TABLE old.foreign_entry (id int, txt text) SERVER elsewhere;
CREATE TABLE old.numbers (id int);
-- columns from which the guard takes addresses are left out
CREATE TABLE old.register (cpr text PRIMARY KEY, line text, note text);
INSERT INTO old.register VALUES ('6201704002', 'Skjulvej 2, 2. tv, 5000 Odense C', 'also Gemmevej 11, 8000 Aarhus C');
SELECT protaddr.declare_address_columns('old.register', 'cpr', line => 'line');
DELETE FROM old.entry WHERE id > 100;
-- partitions, one of them empty
CREATE TABLE old.parted (id int PRIMARY KEY, txt text) PARTITION BY RANGE (id);
CREATE TABLE old.parted_1 PARTITION OF old.parted FOR VALUES FROM (1) TO (10);
CREATE TABLE old.parted_2 PARTITION OF old.parted FOR VALUES FROM (10) TO (20);
INSERT INTO old.parted VALUES (1, 'Gemmevej 11, 8000 Aarhus C');
CALL protaddr.sweep(schema => 'old', action => 'redact') \gset
SELECT relation, columns, row_key, status FROM report;
SELECT relation, columns, row_key, reason FROM todo;
SELECT * FROM figures;
SELECT txt FROM old.refused UNION ALL SELECT txt FROM old.altered UNION ALL SELECT txt FROM old.skipped UNION ALL SELECT txt FROM old.put_off UNION ALL SELECT txt FROM old.constrained;
SELECT * FROM old.register;
SELECT item AS item FROM protaddr.sweep_todo WHERE relation = 'old.foreign_entry' AND run = (SELECT max(run) FROM protaddr.sweep_run) \gset
SELECT protaddr.sweep_done(:item, 'swept on the other server');
SELECT to_do FROM figures;

-- a row that cannot be read keeps nobody from the others
CREATE TYPE old.odd;
CREATE FUNCTION old.odd_in(cstring) RETURNS old.odd LANGUAGE internal IMMUTABLE STRICT AS 'int4in';
CREATE FUNCTION old.odd_out(old.odd) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'enum_out';
CREATE TYPE old.odd (INPUT = old.odd_in, OUTPUT = old.odd_out, LIKE = int4, CATEGORY = 'S');
CREATE TABLE old.unreadable (id int PRIMARY KEY, txt text, o old.odd);
INSERT INTO old.unreadable VALUES (1, 'Gemmevej 11, 8000 Aarhus C', NULL), (2, 'Gemmevej 11, 8000 Aarhus C', '7'), (3, 'Gemmevej 11, 8000 Aarhus C', NULL);
CALL protaddr.sweep('old.unreadable', action => 'redact') \gset
SELECT columns, row_key, row_tid, certainty, status FROM protaddr.sweep_report WHERE run = :run ORDER BY row_tid;
SELECT reason FROM todo;
SELECT id, txt FROM old.unreadable ORDER BY id;
DROP TABLE old.unreadable;

-- ---- the whole database ------------------------------------------------------------------------
CALL protaddr.sweep() \gset
SELECT relation, count(*) FROM report GROUP BY relation ORDER BY relation COLLATE "C";
SELECT relation, reason FROM todo;
-- a table with a gate: addresses that no gate has released, and texts
CREATE TABLE out (id int PRIMARY KEY, payer text, home protaddr.address, txt text);
INSERT INTO out VALUES (1, '6101704001', '{"StrtNm": "Et Sted", "BldgNb": "9", "TwnNm": "Ingen By"}', 'Gemmevej 11, 8000 Aarhus C'),
    (2, '6301704003', '{"StrtNm": "Et Sted", "BldgNb": "9", "TwnNm": "Ingen By"}', 'nothing');
INSERT INTO out SELECT 3, '6301704003', home, NULL FROM customer WHERE cpr = '6201704002';
SELECT protaddr.install_gate('out', 'sepa', 'payer', ignore => '{"txt": "nobody writes there"}');
INSERT INTO out SELECT 4, '6301704003', home, NULL FROM customer WHERE cpr = '6201704002';
SELECT id, home IS NULL AS is_null FROM out ORDER BY id;
CALL protaddr.sweep('out', action => 'redact') \gset
SELECT columns, row_key, subject, certainty, status FROM report;
SELECT columns, row_key, reason FROM todo;

-- ---- what is not kept for ever -----------------------------------------------------------------------
SELECT count(*) > 0 AS kept FROM protaddr.sweep_change WHERE sealed IS NOT NULL;
SELECT * FROM protaddr.forget_sweeps();
SELECT old_values > 0 AS values, old_sweeps FROM protaddr.forget_sweeps('0 s');
SELECT count(*) FROM protaddr.sweep_change WHERE sealed IS NOT NULL;
SELECT undone, not_undone > 0 AS not_undone FROM protaddr.undo_sweep((SELECT max(run) FROM protaddr.sweep_change));
SELECT DISTINCT why_not FROM protaddr.sweep_change WHERE run = (SELECT max(run) FROM protaddr.sweep_change);
SELECT old_values, old_sweeps > 3 AS sweeps FROM protaddr.forget_sweeps('0 s', '0 s');
SELECT (SELECT count(*) FROM protaddr.sweep_run) AS runs, (SELECT count(*) FROM protaddr.sweep_table) AS tables, (SELECT count(*) FROM protaddr.sweep_finding) AS findings, (SELECT count(*) FROM protaddr.sweep_change) AS changes;
SET client_min_messages = error;
DROP EXTENSION protaddr CASCADE;
DROP SCHEMA old CASCADE;
DROP FOREIGN DATA WRAPPER nothing CASCADE;
DROP VIEW IF EXISTS report, todo, figures;
DROP TABLE customer, before, out;
DROP TYPE place;
DROP DOMAIN remark;
DROP EXTENSION citext;
DROP FUNCTION refusal(text);
