--
-- Other ways out: publications, foreign tables, programs, files, large objects; told of, and refused where it was decided so.
--
SET client_min_messages = warning;
CREATE EXTENSION protaddr;
CREATE ROLE regress_ways_dumper LOGIN IN ROLE pg_read_all_data;
CREATE ROLE regress_ways_runner LOGIN IN ROLE pg_execute_server_program;
CREATE FUNCTION refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
CREATE TABLE legacy (id int PRIMARY KEY, cpr text, line text, name text, home protaddr.address);
CREATE TABLE plain (id int PRIMARY KEY);
SELECT protaddr.declare_address_columns('legacy', 'cpr', line => 'line');
SELECT protaddr.declare_name('legacy', 'name', '{cpr}', 'names');
CREATE FOREIGN DATA WRAPPER regress_ways_nowhere;
CREATE SERVER nowhere FOREIGN DATA WRAPPER regress_ways_nowhere;
CREATE FOREIGN TABLE elsewhere (id int, line text) SERVER nowhere;
CREATE VIEW told AS SELECT kind, object, what_leaves, state FROM protaddr.ways_out WHERE object ~ '(regress_ways|everything|elsewhere|narrow|sealed|large objects)';
SET client_min_messages = error;
CREATE PUBLICATION everything FOR TABLE legacy, plain;
CREATE PUBLICATION narrow FOR TABLE legacy (id, home);
SELECT * FROM told;
DROP PUBLICATION everything;

-- nothing is refused unless somebody decides it, with a reason, on record
SELECT refusal($$SELECT protaddr.set_way_out('publication', true, ' ')$$), refusal($$SELECT protaddr.set_way_out('pigeon', true, 'w')$$), refusal($$SELECT protaddr.set_way_out(NULL, true, 'w')$$), refusal($$SELECT protaddr.set_way_out('dump_role', true, 'w')$$);
SELECT protaddr.set_way_out(k, true, 'not here') FROM unnest('{publication,foreign_table,program,server_file,large_object}'::text[]) k;
SELECT refusal('CREATE PUBLICATION everything FOR TABLE legacy'), refusal('CREATE PUBLICATION everything FOR ALL TABLES'), refusal('CREATE PUBLICATION everything FOR TABLES IN SCHEMA public'), refusal('ALTER PUBLICATION narrow SET TABLE legacy');
SELECT refusal('CREATE PUBLICATION sealed FOR TABLE plain, legacy (id, home)'), refusal('ALTER PUBLICATION sealed ADD TABLE legacy (id, line)'), refusal('ALTER PUBLICATION sealed SET TABLE plain');
SELECT refusal('INSERT INTO elsewhere VALUES (1)'), refusal('UPDATE elsewhere SET id = 1'), refusal('COPY elsewhere FROM PROGRAM ''true'''), refusal('WITH w AS (INSERT INTO elsewhere VALUES (1) RETURNING id) SELECT * FROM w');
SELECT refusal('COPY legacy TO PROGRAM ''cat >/dev/null'''), refusal('COPY (TABLE legacy) TO PROGRAM ''cat >/dev/null'''), refusal('COPY legacy TO ''/nonexistent/file'''), refusal('DO $d$ BEGIN COPY plain TO PROGRAM ''true''; END $d$');
SELECT refusal('SELECT lo_create(0)'), refusal('SELECT lo_from_bytea(0, ''x'')');
-- an exception
SELECT protaddr.set_way_out('publication', false, 'a subscriber of ours', 'everything'), protaddr.set_way_out('foreign_table', false, 'a table of ours', 'public.elsewhere');
SELECT refusal('CREATE PUBLICATION everything FOR TABLE legacy'), refusal('INSERT INTO elsewhere VALUES (1)');
SELECT kind, object, state FROM told;
SELECT what, object, reason FROM protaddr.export_change WHERE what LIKE 'way%' ORDER BY id;
SET ROLE regress_ways_runner;
SELECT refusal($$SELECT protaddr.set_way_out('program', false, 'w')$$), refusal('SELECT * FROM protaddr.ways_out'), refusal('SELECT * FROM protaddr.way_out_rule'), refusal('COPY (SELECT 1) TO PROGRAM ''true''');
RESET ROLE;

DROP PUBLICATION IF EXISTS everything, narrow, sealed;
DROP EXTENSION protaddr CASCADE;
DROP FOREIGN DATA WRAPPER regress_ways_nowhere CASCADE;
DROP TABLE legacy, plain;
DROP FUNCTION refusal(text);
DROP ROLE regress_ways_dumper, regress_ways_runner;
