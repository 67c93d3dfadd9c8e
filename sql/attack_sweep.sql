--
-- Does a sweep lend anybody a right, tell anybody a text, or believe what somebody has put in its way?
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
CREATE TABLE customer (cpr text PRIMARY KEY, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', 'cpr');
INSERT INTO customer VALUES ('6201704002', '{"StrtNm": "Skjulvej", "BldgNb": "2", "Flr": "2", "Room": "tv", "PstCd": "5000", "TwnNm": "Odense C"}');
SELECT protaddr.protect('6201704002', 'DK-CPR', '0001') AS protected, protaddr.confirm_register('regress', new_source => true) IS NOT NULL AS confirmed;
CREATE ROLE regress_sweep_nobody;
CREATE ROLE regress_sweep_clerk;
CREATE ROLE regress_sweep_owner;
CREATE SCHEMA theirs AUTHORIZATION regress_sweep_owner;
GRANT USAGE ON SCHEMA theirs TO PUBLIC;
SET ROLE regress_sweep_owner;
CREATE TABLE theirs.entry (id int PRIMARY KEY, txt text);
INSERT INTO theirs.entry VALUES (1, 'Skjulvej 2, 2. tv, 5000 Odense C');
CREATE TABLE theirs.secret (id int PRIMARY KEY, txt text);
INSERT INTO theirs.secret SELECT * FROM theirs.entry;
CREATE TABLE theirs.rls (id int PRIMARY KEY, txt text);
INSERT INTO theirs.rls SELECT * FROM theirs.entry;
ALTER TABLE theirs.rls ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON theirs.entry, theirs.rls TO regress_sweep_clerk;
RESET ROLE;

-- ---- without a right -------------------------------------------------------------------------
SET ROLE regress_sweep_nobody;
CALL protaddr.sweep('theirs.entry');
CALL protaddr.regate('theirs.entry');
SELECT refusal(s) FROM unnest(ARRAY['SELECT protaddr.undo_sweep(1)', 'SELECT protaddr.sweep_done(1, ''x'')', 'SELECT protaddr.forget_sweeps()', 'SELECT protaddr.regate_dry_run(''theirs.entry'')',
    'SELECT * FROM protaddr.sweep_report', 'SELECT * FROM protaddr.sweep_todo', 'SELECT * FROM protaddr.sweep_status', 'SELECT * FROM protaddr.sweep_finding', 'SELECT * FROM protaddr.sweep_change',
    'INSERT INTO protaddr.sweep_run DEFAULT VALUES']) s;
RESET ROLE;
-- who may sweep sweeps what they may read, and is not told what was found
GRANT EXECUTE ON PROCEDURE protaddr.sweep TO regress_sweep_clerk;
SET ROLE regress_sweep_clerk;
CALL protaddr.sweep('theirs.secret');
CALL protaddr.sweep(schema => 'theirs', action => 'redact') \gset
SELECT refusal('SELECT * FROM protaddr.sweep_report'), refusal('UPDATE theirs.entry SET txt = NULL');
RESET ROLE;
SELECT relation, reason FROM protaddr.sweep_todo WHERE run = :run;
SELECT relation, status FROM protaddr.sweep_report WHERE run = :run;
SELECT txt FROM theirs.entry;
-- ---- code in the way: it runs with the caller's rights, and its words are not passed on ---------
CREATE TABLE theirs.seen (who text, path text, word text);
GRANT INSERT ON theirs.seen TO PUBLIC;
SET ROLE regress_sweep_owner;
CREATE FUNCTION theirs.look() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO theirs.seen VALUES (current_user, current_setting('search_path'), current_setting('debug_print_plan'));
    RETURN NEW;
END
$$;
CREATE TRIGGER look BEFORE UPDATE ON theirs.entry FOR EACH ROW EXECUTE FUNCTION theirs.look();
GRANT UPDATE (txt) ON theirs.entry TO regress_sweep_clerk;
-- what an unqualified name could be taken for
CREATE FUNCTION theirs.strpos(text, text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'called'; END $$;
CREATE FUNCTION theirs.same(tid, tid) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'called'; END $$;
CREATE OPERATOR theirs.= (LEFTARG = tid, RIGHTARG = tid, FUNCTION = theirs.same);
CREATE TABLE theirs.protaddr_swept_row (id int, txt text);
RESET ROLE;
SET ROLE regress_sweep_clerk;
CREATE TEMP TABLE protaddr_swept_row (id int, txt text);
CREATE TEMP TABLE entry (id int PRIMARY KEY, txt text);
SET search_path = theirs, public;
SET debug_print_plan = on;
CALL protaddr.sweep('theirs.entry', action => 'redact') \gset
RESET debug_print_plan;
RESET search_path;
RESET ROLE;
DROP TABLE pg_temp.protaddr_swept_row, pg_temp.entry;
SELECT * FROM theirs.seen;
SELECT txt FROM theirs.entry;
GRANT EXECUTE ON FUNCTION protaddr.undo_sweep TO regress_sweep_clerk;
SET ROLE regress_sweep_clerk;
-- it may write the column, and not the table; and it may not read what is kept
SELECT * FROM protaddr.undo_sweep(:run);
RESET ROLE;
SELECT txt FROM theirs.entry;
SELECT count(*) FROM protaddr.sweep_change c WHERE encode(c.sealed, 'escape') ~ 'Skjul' OR c::text ~ 'Skjul';

-- what nobody but the extension writes
GRANT pg_write_all_data TO regress_sweep_clerk;
SET ROLE regress_sweep_clerk;
SELECT refusal(format('UPDATE protaddr.%s', s)) FROM unnest(ARRAY['sweep_run SET action = ''report''', 'sweep_table SET ended_at = NULL', 'sweep_finding SET why_not = NULL', 'sweep_change SET sealed = NULL']) s;
SELECT refusal(format('DELETE FROM protaddr.%s', s)) FROM unnest(ARRAY['sweep_run', 'sweep_table', 'sweep_finding', 'sweep_change']) s;
RESET ROLE;
REVOKE pg_write_all_data FROM regress_sweep_clerk;

-- ---- names -----------------------------------------------------------------------------------------
CREATE SCHEMA "the ""irs'";
CREATE TABLE "the ""irs'"."a.table
name, of sixty-three bytes '';DROP TABLE theirs.entry;--xxxxx" ("id""" int PRIMARY KEY, "txt',
h" text);
INSERT INTO "the ""irs'"."a.table
name, of sixty-three bytes '';DROP TABLE theirs.entry;--xxxxx" VALUES (1, 'Skjulvej 2, 2. tv, 5000 Odense C');
CALL protaddr.sweep(schema => '"the ""irs''"', action => 'redact') \gset
SELECT columns, row_key, status FROM protaddr.sweep_report WHERE run = :run;
SELECT * FROM protaddr.undo_sweep(:run);
SELECT * FROM "the ""irs'"."a.table
name, of sixty-three bytes '';DROP TABLE theirs.entry;--xxxxx";
DROP SCHEMA "the ""irs'" CASCADE;

-- ---- something else under the name of what is to be searched, or was changed ----------------------------
CREATE TABLE theirs.swapped (id int PRIMARY KEY, txt text);
INSERT INTO theirs.swapped VALUES (1, 'Skjulvej 2, 2. tv, 5000 Odense C');
CALL protaddr.sweep('theirs.swapped', action => 'redact') \gset
ALTER TABLE theirs.swapped RENAME TO away;
CREATE VIEW theirs.swapped AS SELECT * FROM theirs.away;
SELECT * FROM protaddr.undo_sweep(:run);
SELECT why_not FROM protaddr.sweep_change WHERE run = :run;
DROP VIEW theirs.swapped;
-- another type takes back what it says itself, and nothing else
CREATE TABLE theirs.swapped (id int PRIMARY KEY, txt varchar(10));
INSERT INTO theirs.swapped VALUES (1, 'other');
SELECT * FROM protaddr.undo_sweep(:run);
SELECT why_not FROM protaddr.sweep_change WHERE run = :run;
DROP TABLE theirs.swapped;
ALTER TABLE theirs.away RENAME TO swapped;
ALTER TABLE theirs.swapped ALTER COLUMN txt TYPE varchar(20);
SELECT * FROM protaddr.undo_sweep(:run);
SELECT why_not FROM protaddr.sweep_change WHERE run = :run;
ALTER TABLE theirs.swapped ALTER COLUMN txt TYPE text;

-- ---- what was kept is believed only as it was kept ------------------------------------------------------
INSERT INTO theirs.swapped VALUES (2, 'also Skjulvej 2, 2. tv, 5000 Odense C');
CALL protaddr.sweep('theirs.swapped', action => 'redact') \gset second_
BEGIN;
UPDATE protaddr.sweep_change c SET sealed = o.sealed FROM protaddr.sweep_change o WHERE c.run = :run AND o.run = :second_run;
SELECT * FROM protaddr.undo_sweep(:run);
SELECT why_not FROM protaddr.sweep_change WHERE run = :run;
ROLLBACK;
BEGIN;
UPDATE protaddr.sweep_change SET row_key = '{"id": "2"}' WHERE run = :run;
SELECT * FROM protaddr.undo_sweep(:run);
SELECT why_not FROM protaddr.sweep_change WHERE run = :run;
ROLLBACK;
BEGIN;
UPDATE protaddr.sweep_change SET wrote = sha256('') WHERE run = :run;
SELECT * FROM protaddr.undo_sweep(:run);
SELECT why_not FROM protaddr.sweep_change WHERE run = :run;
ROLLBACK;
BEGIN;
UPDATE protaddr.sweep_change SET relation = 'theirs.secret' WHERE run = :run;
SELECT * FROM protaddr.undo_sweep(:run);
SELECT why_not FROM protaddr.sweep_change WHERE run = :run;
ROLLBACK;
SELECT * FROM protaddr.undo_sweep(:run);
SELECT * FROM protaddr.undo_sweep(:second_run);
SELECT * FROM theirs.swapped ORDER BY id;
-- the values that are kept count for the key that seals them
SELECT key_id AS old_key FROM protaddr.key_status \gset
SELECT protaddr.rotate_data_key() IS NOT NULL AS rotated;
CALL protaddr.reseal('customer');
CALL protaddr.reseal('protaddr.guarded_address');
SELECT regexp_replace(refusal(format('SELECT protaddr.retire_data_key(%L, ''regress'')', :'old_key')), '[0-9a-f]{16}', 'KEY');
CALL protaddr.reseal('protaddr.sweep_change');
SELECT protaddr.retire_data_key(:'old_key', 'regress') AS left;

SET client_min_messages = error;

-- ---- a trigger that calls its constraint after the row ------------------------------------------
CREATE SCHEMA named;
CREATE TABLE named.entry (id int PRIMARY KEY, txt text);
INSERT INTO named.entry VALUES (1, 'Skjulvej 2, 2. tv, 5000 Odense C');
CREATE FUNCTION named.tell() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE = OLD.txt, CONSTRAINT = OLD.txt; END $$;
CREATE TRIGGER tell BEFORE UPDATE ON named.entry FOR EACH ROW EXECUTE FUNCTION named.tell();
CALL protaddr.sweep('named.entry', action => 'redact') \gset named_
SELECT relation, reason FROM protaddr.sweep_todo WHERE relation = 'named.entry';
DROP SCHEMA named CASCADE;

DROP EXTENSION protaddr CASCADE;
DROP SCHEMA theirs CASCADE;
DROP TABLE customer;
DROP FUNCTION refusal(text);
DROP ROLE regress_sweep_nobody, regress_sweep_clerk, regress_sweep_owner;
