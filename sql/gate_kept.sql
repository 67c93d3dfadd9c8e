--
-- Can a gate be stepped around by changing its table?
--
LOAD 'protaddr';	-- the hooks, also where it is not preloaded
SET client_min_messages = warning;
\set VERBOSITY terse
CREATE EXTENSION protaddr;
CREATE ROLE regress_kept_owner;
CREATE ROLE regress_kept_super SUPERUSER;
CREATE SCHEMA regress_kept AUTHORIZATION regress_kept_owner;
GRANT EXECUTE ON FUNCTION protaddr.install_gate, protaddr.remove_gate, protaddr.gate_row, protaddr.gate_check, protaddr.gate_summary TO regress_kept_owner;
CREATE TABLE t (id int PRIMARY KEY, cpr text, addr protaddr.address);
GRANT SELECT ON t TO regress_kept_owner;
SELECT protaddr.bind_column('t', 'addr', 'cpr') \g /dev/null
SELECT protaddr.confirm_register('regress', new_source => true) \g /dev/null
SELECT protaddr.protect('6201704002', 'DK-CPR', '0001') \g /dev/null
INSERT INTO t VALUES (1, '6201704002', '{"StrtNm":"Kanariegade","BldgNb":"2","TwnNm":"Aarhus C","Ctry":"DK"}'), (2, '6101704001', 'Vestergade 1');

-- the owner's: a table, a tree of partitions of three levels, and what he brings along
SET SESSION AUTHORIZATION regress_kept_owner;
SET search_path = regress_kept, public;
CREATE FUNCTION f(text) RETURNS protaddr.address LANGUAGE sql IMMUTABLE AS 'SELECT addr FROM public.t WHERE cpr = $1';
CREATE FUNCTION put() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.addr := (SELECT addr FROM public.t WHERE id = 1); RETURN NEW; END $$;
CREATE DOMAIN d AS protaddr.address;
CREATE DOMAIN d_filled AS protaddr.address;
ALTER DOMAIN d_filled SET DEFAULT regress_kept.f('6201704002');
CREATE TABLE o (id int, cpr text, addr protaddr.address, amount numeric, note text);
CREATE TRIGGER zzz_late BEFORE INSERT ON o FOR EACH ROW EXECUTE FUNCTION put();
ALTER TABLE o DISABLE TRIGGER zzz_late;
CREATE TABLE p (id int, cpr text, addr protaddr.address) PARTITION BY RANGE (id);
CREATE TABLE p_1 PARTITION OF p FOR VALUES FROM (0) TO (10) PARTITION BY RANGE (id);
CREATE TABLE p_1_1 PARTITION OF p_1 FOR VALUES FROM (0) TO (5);
CREATE TABLE filled AS SELECT 20 AS id, cpr, addr FROM public.t WHERE id = 1;
CREATE TABLE empty (id int, cpr text, addr protaddr.address);
CREATE TABLE other (id int, cpr text, addr protaddr.address);
CREATE TABLE branch (id int, cpr text, addr protaddr.address) PARTITION BY RANGE (id);
CREATE TABLE branch_1 PARTITION OF branch FOR VALUES FROM (20) TO (30);
INSERT INTO branch TABLE filled;
CREATE DOMAIN d_column AS protaddr.address;
CREATE TYPE payment AS (id int, cpr text, addr d_column);
CREATE TABLE typed OF payment;
SELECT protaddr.install_gate('typed', 'sumclearing', 'cpr') \g /dev/null
SELECT protaddr.install_gate('o', 'sumclearing', 'cpr') \g /dev/null
SELECT protaddr.install_gate('p', 'sumclearing', 'cpr') \g /dev/null
INSERT INTO o SELECT 0, cpr, addr FROM public.t WHERE id = 2;
INSERT INTO o VALUES (2, '6201704002');
INSERT INTO p SELECT 1, cpr, addr FROM public.t;
RESET SESSION AUTHORIZATION;
SELECT relation, status, protaddr.gate_state(relation) FROM protaddr.gate_status ORDER BY relation::text;
SELECT relation_name FROM protaddr.gate ORDER BY 1;
SELECT changed_by, relation, what, detail FROM protaddr.gate_change ORDER BY id;

-- Runs statements as a role and undoes them; says how they end, and whether the protected
-- person's address then stands in o or p as it does in t.
CREATE FUNCTION public.try(who text, statements text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	statement text;
	leaked boolean;
	result text;
BEGIN
	EXECUTE format('SET LOCAL SESSION AUTHORIZATION %I', who);
	FOREACH statement IN ARRAY statements LOOP
		EXECUTE statement;
	END LOOP;
	EXECUTE 'SELECT EXISTS (SELECT FROM (SELECT addr::text FROM regress_kept.o UNION ALL SELECT addr::text FROM regress_kept.p) s JOIN public.t ON t.addr::text = s.addr AND t.id = 1)' INTO leaked;
	RAISE EXCEPTION USING ERRCODE = 'RB000', MESSAGE = CASE WHEN leaked THEN 'LEAKED' ELSE 'accepted' END;
EXCEPTION WHEN OTHERS THEN
	RETURN CASE SQLSTATE WHEN 'RB000' THEN SQLERRM ELSE SQLSTATE || ' ' || replace(SQLERRM, 'must be member of role', 'must be able to SET ROLE') END;
END
$$;
-- a harness that sees nothing is seen
BEGIN;
SELECT protaddr.remove_gate('regress_kept.o');
SELECT try('regress_kept_owner', ARRAY['INSERT INTO regress_kept.o SELECT 1, cpr, addr FROM public.t']) AS control;
ROLLBACK;

CREATE TABLE public.attack (n serial, statements text[]);
\pset format unaligned
COPY attack (statements) FROM STDIN (DELIMITER '|');
{"ALTER TABLE o DISABLE TRIGGER zz_protaddr_gate"}
{"ALTER TABLE o DISABLE TRIGGER zz_protaddr_gate_check"}
{"ALTER TABLE o DISABLE TRIGGER ALL"}
{"ALTER TABLE o DISABLE TRIGGER USER"}
{"ALTER TABLE o ENABLE TRIGGER zz_protaddr_gate"}
{"ALTER TABLE o ENABLE TRIGGER ALL"}
{"ALTER TABLE o ENABLE REPLICA TRIGGER zz_protaddr_gate_check"}
{"DROP TRIGGER zz_protaddr_gate ON o"}
{"DROP TRIGGER zz_protaddr_gate_check ON o CASCADE"}
{"ALTER TRIGGER zz_protaddr_gate ON o RENAME TO aa"}
{"ALTER TRIGGER zz_protaddr_gate_check ON o RENAME TO aa"}
{"CREATE OR REPLACE TRIGGER zz_protaddr_gate BEFORE INSERT OR UPDATE ON o FOR EACH ROW EXECUTE FUNCTION put()"}
{"CREATE OR REPLACE TRIGGER zz_protaddr_gate BEFORE INSERT OR UPDATE ON o FOR EACH ROW WHEN (false) EXECUTE FUNCTION protaddr.gate_row('channel', 'sumclearing', 'subject', 'cpr')"}
{"CREATE OR REPLACE TRIGGER zz_protaddr_gate BEFORE INSERT ON o FOR EACH ROW EXECUTE FUNCTION protaddr.gate_row('channel', 'sumclearing', 'subject', 'cpr')"}
{"CREATE OR REPLACE TRIGGER zz_protaddr_gate BEFORE INSERT OR UPDATE OF id ON o FOR EACH ROW EXECUTE FUNCTION protaddr.gate_row('channel', 'sumclearing', 'subject', 'cpr')"}
{"CREATE OR REPLACE TRIGGER zz_protaddr_gate BEFORE INSERT OR UPDATE ON o FOR EACH ROW EXECUTE FUNCTION protaddr.gate_row('channel', 'cross_border', 'subject', 'cpr')"}
{"CREATE TRIGGER zzzz BEFORE INSERT ON o FOR EACH ROW EXECUTE FUNCTION put()"}
{"CREATE TRIGGER zz_protaddr_gate_b BEFORE UPDATE OF id ON p FOR EACH ROW EXECUTE FUNCTION put()"}
{"CREATE TRIGGER zzzz BEFORE INSERT ON p_1_1 FOR EACH ROW EXECUTE FUNCTION put()"}
{"CREATE TRIGGER aaa BEFORE INSERT ON o FOR EACH ROW EXECUTE FUNCTION put()","ALTER TRIGGER aaa ON o RENAME TO zzzz"}
{"ALTER TABLE o ENABLE TRIGGER zzz_late"}
{"ALTER TABLE o ENABLE ALWAYS TRIGGER zzz_late"}
{"CREATE TRIGGER aaa BEFORE INSERT ON o FOR EACH ROW EXECUTE FUNCTION put()","INSERT INTO o VALUES (1)"}
{"CREATE TRIGGER zzzz AFTER INSERT ON o FOR EACH ROW EXECUTE FUNCTION put()","INSERT INTO o SELECT 1, cpr, addr FROM t"}
{"CREATE RULE r AS ON INSERT TO o DO INSTEAD INSERT INTO other VALUES (NEW.id, NEW.cpr, NEW.addr)"}
{"CREATE RULE r AS ON UPDATE TO o DO ALSO NOTHING"}
{"ALTER TABLE o ALTER addr TYPE text"}
{"ALTER TABLE o ALTER addr TYPE protaddr.address USING f(cpr)"}
{"ALTER TABLE o ALTER addr TYPE d USING f(cpr)"}
{"ALTER TABLE o ALTER note TYPE protaddr.address USING f(cpr)"}
{"ALTER TABLE o ALTER note TYPE protaddr.address[] USING ARRAY[f(cpr)]"}
{"ALTER TABLE o ALTER cpr TYPE varchar USING 'x'"}
{"ALTER TABLE p ALTER addr TYPE protaddr.address USING f(cpr)"}
{"ALTER TABLE p_1_1 ALTER addr TYPE protaddr.address USING f(cpr)"}
{"ALTER TABLE o RENAME cpr TO x"}
{"ALTER TABLE o RENAME addr TO x","ALTER TABLE o ADD addr text"}
{"ALTER TABLE p RENAME addr TO x"}
{"ALTER TABLE o DROP cpr"}
{"ALTER TABLE o DROP addr","ALTER TABLE o ADD addr text"}
{"ALTER TABLE o DROP cpr, ADD cpr text"}
{"ALTER TABLE o ADD g protaddr.address GENERATED ALWAYS AS (f(cpr)) STORED"}
{"ALTER TABLE o ADD g protaddr.address DEFAULT f('6201704002')"}
{"ALTER TABLE o ADD g protaddr.address[] DEFAULT ARRAY[f('6201704002')]"}
{"ALTER TABLE o ADD g d DEFAULT f('6201704002')","ALTER TABLE o ALTER g DROP DEFAULT"}
{"ALTER TABLE o ADD g d_filled"}
{"ALTER TABLE p ADD g protaddr.address DEFAULT f('6201704002')"}
{"ALTER TABLE o RENAME TO o_old","CREATE TABLE o AS TABLE t"}
{"ALTER TABLE o SET SCHEMA public","CREATE TABLE o AS TABLE t"}
{"ALTER TABLE p_1_1 RENAME TO x"}
{"ALTER SCHEMA regress_kept RENAME TO x"}
{"ALTER TABLE other INHERIT o"}
{"CREATE TABLE q (LIKE o) PARTITION BY RANGE (id)","ALTER TABLE q ATTACH PARTITION o DEFAULT","ALTER TABLE q ALTER addr TYPE protaddr.address USING f(cpr)"}
{"CREATE TABLE q (LIKE o) PARTITION BY RANGE (id)","ALTER TABLE q ATTACH PARTITION o DEFAULT","ALTER TABLE q ADD g protaddr.address DEFAULT f('6201704002')"}
{"CREATE TABLE q (LIKE o) PARTITION BY RANGE (id)","ALTER TABLE q ATTACH PARTITION o DEFAULT","INSERT INTO q SELECT 1, cpr, addr FROM t"}
{"CREATE TABLE q (LIKE o) PARTITION BY RANGE (id)","ALTER TABLE q ATTACH PARTITION o DEFAULT","CREATE TRIGGER zzzz BEFORE INSERT ON q FOR EACH ROW EXECUTE FUNCTION put()","INSERT INTO o SELECT 1, cpr, addr FROM t"}
{"CREATE TABLE q (LIKE o) PARTITION BY RANGE (id)","ALTER TABLE q ATTACH PARTITION o DEFAULT","ALTER TABLE q DETACH PARTITION o","INSERT INTO o SELECT 1, cpr, addr FROM t"}
{"ALTER TABLE o ADD g payment DEFAULT ROW(1, 'x', f('6201704002'))::payment"}
{"CREATE TABLE above (addr protaddr.address)","ALTER TABLE o INHERIT above","ALTER TABLE above ALTER addr TYPE protaddr.address USING f('6201704002')"}
{"CREATE TABLE above (addr protaddr.address)","ALTER TABLE o INHERIT above","ALTER TABLE above ADD g protaddr.address DEFAULT f('6201704002')"}
{"CREATE TABLE above (addr protaddr.address)","ALTER TABLE o INHERIT above","INSERT INTO o VALUES (1, '6201704002')","UPDATE above SET addr = f('6201704002')"}
{"ALTER TYPE payment ALTER ATTRIBUTE addr TYPE text CASCADE"}
{"ALTER TYPE payment RENAME ATTRIBUTE cpr TO x CASCADE"}
{"ALTER TYPE payment DROP ATTRIBUTE addr CASCADE"}
{"DROP DOMAIN d_column CASCADE"}
{"DROP TYPE payment CASCADE"}
{"CREATE TABLE k (a protaddr.address UNIQUE)","INSERT INTO k SELECT addr FROM o WHERE id = 0","ALTER TABLE o ADD FOREIGN KEY (addr) REFERENCES k (a) ON UPDATE CASCADE","UPDATE k SET a = (SELECT addr FROM t WHERE id = 1)"}
{"PREPARE w AS INSERT INTO o SELECT 1, cpr, addr FROM t","EXECUTE w","DEALLOCATE w"}
{"WITH x AS (INSERT INTO o SELECT 1, cpr, addr FROM t RETURNING 1) SELECT FROM x"}
{"CREATE TABLE c () INHERITS (o)","INSERT INTO c SELECT 1, cpr, addr FROM t"}
{"CREATE TABLE c (LIKE o)","ALTER TABLE c INHERIT o","INSERT INTO c SELECT 1, cpr, addr FROM t"}
{"ALTER TABLE p ATTACH PARTITION filled FOR VALUES FROM (20) TO (30)"}
{"ALTER TABLE p ATTACH PARTITION branch FOR VALUES FROM (20) TO (30)"}
{"ALTER TABLE p_1 ATTACH PARTITION filled FOR VALUES FROM (5) TO (6)"}
{"UPDATE filled SET id = 5","ALTER TABLE p_1 ATTACH PARTITION filled FOR VALUES FROM (5) TO (6)"}
{"ALTER TABLE p ATTACH PARTITION filled FOR VALUES FROM (20) TO (30)","TRUNCATE filled"}
{"ALTER TABLE p DETACH PARTITION p_1"}
{"ALTER TABLE p_1 DETACH PARTITION p_1_1"}
{"ALTER TABLE p_1_1 DISABLE TRIGGER USER"}
{"ALTER TABLE p_1 DISABLE TRIGGER zz_protaddr_gate"}
{"ALTER TABLE ONLY p DISABLE TRIGGER zz_protaddr_gate"}
{"DROP TRIGGER zz_protaddr_gate ON p_1_1"}
{"ALTER TABLE p_1_1 ENABLE TRIGGER zz_protaddr_gate_check"}
{"DO $$ BEGIN BEGIN ALTER TABLE o DISABLE TRIGGER USER; EXCEPTION WHEN OTHERS THEN NULL; END; END $$","INSERT INTO o SELECT 1, cpr, addr FROM t"}
{"DO $$ BEGIN ALTER TABLE o DISABLE TRIGGER USER; INSERT INTO o SELECT 1, cpr, addr FROM t; ALTER TABLE o ENABLE ALWAYS TRIGGER zz_protaddr_gate; END $$"}
{"ALTER TABLE o DISABLE TRIGGER zz_protaddr_gate, ENABLE ALWAYS TRIGGER zz_protaddr_gate"}
{"SELECT protaddr.remove_gate('p_1_1')"}
{"UPDATE protaddr.gate SET relation = 0"}
{"DELETE FROM protaddr.gate_change"}
\.
SET search_path = regress_kept, public;
SELECT a.n, array_to_string(statements, '; ') AS statements, try('regress_kept_owner', statements) AS owner,
	nullif(try('regress_kept_super', statements), try('regress_kept_owner', statements)) AS superuser_otherwise
FROM attack a ORDER BY n;
TRUNCATE attack RESTART IDENTITY;

-- only a superuser could try
COPY attack (statements) FROM STDIN (DELIMITER '|');
{"ALTER FUNCTION protaddr.gate_row() RENAME TO x"}
{"ALTER FUNCTION protaddr.gate_check() OWNER TO regress_kept_owner"}
{"ALTER FUNCTION protaddr.gate_row() SET search_path = x"}
{"CREATE OR REPLACE FUNCTION protaddr.gate_row() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"}
{"DROP FUNCTION protaddr.gate_row() CASCADE"}
{"ALTER EXTENSION protaddr DROP FUNCTION protaddr.gate_row()"}
{"ALTER EXTENSION protaddr DROP TABLE protaddr.gate","DROP TABLE protaddr.gate","ALTER TABLE o DISABLE TRIGGER USER"}
{"ALTER TABLE protaddr.gate RENAME TO x","ALTER TABLE o DISABLE TRIGGER USER"}
{"ALTER TABLE protaddr.gate DISABLE TRIGGER USER","DELETE FROM protaddr.gate"}
{"ALTER SCHEMA protaddr RENAME TO x"}
{"ALTER TYPE protaddr.address RENAME TO x","INSERT INTO o SELECT 1, cpr, addr FROM t"}
{"ALTER TYPE protaddr.address SET SCHEMA public","INSERT INTO o SELECT 1, cpr, addr FROM t"}
{"UPDATE pg_type SET typname = 'x' WHERE oid = 'protaddr.address'::regtype","INSERT INTO o SELECT 1, cpr, addr FROM t"}
{"DELETE FROM protaddr.gate"}
{"TRUNCATE protaddr.gate"}
{"INSERT INTO protaddr.gate VALUES ('t'::regclass, 'public.t', '', now(), '')"}
{"UPDATE protaddr.gate_change SET what = 'removed'"}
{"UPDATE pg_trigger SET tgenabled = 'D' WHERE tgrelid = 'o'::regclass","INSERT INTO o SELECT 1, cpr, addr FROM t"}
{"UPDATE pg_trigger SET tgenabled = 'O' WHERE tgrelid = 'p_1_1'::regclass","INSERT INTO p SELECT 1, cpr, addr FROM t"}
{"UPDATE pg_trigger SET tgenabled = 'D' WHERE tgrelid = 'p_1_1'::regclass","INSERT INTO p_1_1 SELECT 1, cpr, addr FROM t"}
{"DELETE FROM pg_trigger WHERE tgrelid = 'o'::regclass","INSERT INTO o SELECT 1, cpr, addr FROM t"}
{"DELETE FROM pg_trigger WHERE tgrelid IN ('p'::regclass, 'p_1'::regclass, 'p_1_1'::regclass)","INSERT INTO p SELECT 1, cpr, addr FROM t"}
{"DELETE FROM pg_trigger WHERE tgrelid IN ('p'::regclass, 'p_1'::regclass, 'p_1_1'::regclass)","UPDATE p SET addr = t.addr FROM t WHERE t.id = 1"}
{"UPDATE pg_class SET relhastriggers = false WHERE oid = 'o'::regclass","INSERT INTO o SELECT 1, cpr, addr FROM t"}
{"UPDATE pg_trigger SET tgfoid = 'put()'::regprocedure WHERE tgrelid = 'o'::regclass","INSERT INTO o SELECT 1, cpr, addr FROM t"}
{"UPDATE pg_trigger SET tgargs = convert_to(replace(convert_from(replace(tgargs::text, '00', '7c')::bytea, 'UTF8'), 'sumclearing', 'cross_border'), 'UTF8') WHERE tgrelid = 'o'::regclass","INSERT INTO o SELECT 1, cpr, addr FROM t"}
{"UPDATE pg_trigger SET tgqual = (SELECT tgqual FROM pg_trigger WHERE tgqual IS NOT NULL LIMIT 1), tgtype = 5 WHERE tgrelid = 'o'::regclass","INSERT INTO o SELECT 1, cpr, addr FROM t"}
{"UPDATE pg_proc SET prosrc = 'protaddr_gate_check' WHERE oid = 'protaddr.gate_row()'::regprocedure","INSERT INTO o SELECT 1, cpr, addr FROM t"}
{"UPDATE pg_class SET relname = 'o_old' WHERE oid = 'o'::regclass","UPDATE pg_class SET relname = 'o' WHERE oid = 'other'::regclass","INSERT INTO o SELECT 1, cpr, addr FROM t"}
{"SET LOCAL session_replication_role = replica","INSERT INTO o SELECT 1, cpr, addr FROM t"}
{"SET LOCAL session_replication_role = replica","INSERT INTO p SELECT 1, cpr, addr FROM t"}
\.
SELECT n, array_to_string(statements, '; ') AS statements, try('regress_kept_super', statements) AS superuser FROM attack ORDER BY n;
TRUNCATE attack RESTART IDENTITY;

-- what must go on working
COPY attack (statements) FROM STDIN (DELIMITER '|');
{"DROP TABLE o","CREATE TABLE o (id int, addr text)"}
{"DROP TABLE p_1_1","CREATE TABLE p_1_1 PARTITION OF p_1 FOR VALUES FROM (0) TO (5)","INSERT INTO p SELECT 1, cpr, addr FROM t"}
{"TRUNCATE o"}
{"DELETE FROM p"}
{"ALTER TABLE p ATTACH PARTITION empty FOR VALUES FROM (20) TO (30)","INSERT INTO empty SELECT 20, cpr, addr FROM t"}
{"ALTER TABLE p ATTACH PARTITION empty FOR VALUES FROM (20) TO (30)","INSERT INTO p SELECT 20, cpr, addr FROM t"}
{"TRUNCATE branch","ALTER TABLE p ATTACH PARTITION branch FOR VALUES FROM (20) TO (30)","INSERT INTO p SELECT 20, cpr, addr FROM t"}
{"ALTER TABLE p ATTACH PARTITION empty FOR VALUES FROM (20) TO (30)","ALTER TABLE p DETACH PARTITION empty"}
{"DELETE FROM p","ALTER TABLE p DETACH PARTITION p_1"}
{"CREATE TABLE p_2 PARTITION OF p DEFAULT","INSERT INTO p SELECT 99, cpr, addr FROM t"}
{"CREATE TABLE p_2 (LIKE o INCLUDING ALL)"}
{"ALTER TABLE o ADD more protaddr.address","INSERT INTO o SELECT 1, cpr, addr, 1, 'x', addr FROM t"}
{"ALTER TABLE o ADD more protaddr.address, ADD n serial, ADD x text DEFAULT 'x'"}
{"ALTER TABLE o ALTER addr SET DEFAULT f('6201704002')","INSERT INTO o (id, cpr) VALUES (1, '6201704002')"}
{"ALTER TABLE o ALTER addr SET STATISTICS 10, ALTER addr SET STORAGE EXTENDED, ALTER addr SET (n_distinct = 1)"}
{"ALTER TABLE o ALTER amount TYPE bigint, DROP note","ALTER TABLE o RENAME amount TO x"}
{"ALTER TABLE o ADD CHECK (id < 100), ALTER id SET NOT NULL","CREATE INDEX ON o (id)","ALTER TABLE o REPLICA IDENTITY FULL","ALTER TABLE o SET UNLOGGED","CLUSTER o USING o_id_idx"}
{"ALTER TABLE o OWNER TO regress_kept_super"}
{"ALTER TABLE o ENABLE ROW LEVEL SECURITY","CREATE POLICY x ON o"}
{"ALTER TABLE o DROP CONSTRAINT IF EXISTS x, ENABLE ALWAYS TRIGGER zz_protaddr_gate"}
{"CREATE TRIGGER aaa BEFORE INSERT ON o FOR EACH ROW EXECUTE FUNCTION put()","ALTER TRIGGER aaa ON o RENAME TO bbb","ALTER TABLE o DISABLE TRIGGER bbb","DROP TRIGGER bbb ON o","DROP TRIGGER zzz_late ON o"}
{"ALTER TABLE p RENAME id TO number"}
{"ALTER TYPE payment ADD ATTRIBUTE more protaddr.address CASCADE, DROP ATTRIBUTE id CASCADE","INSERT INTO typed SELECT cpr, addr, addr FROM t"}
{"ALTER TABLE other RENAME TO other_2","ALTER TABLE other_2 ALTER addr TYPE text, DISABLE TRIGGER ALL","CREATE TABLE c () INHERITS (other_2)","CREATE RULE r AS ON INSERT TO other_2 DO INSTEAD NOTHING"}
{"ALTER FUNCTION put() RENAME TO put_2","ALTER SCHEMA regress_kept OWNER TO regress_kept_super"}
{"SELECT protaddr.remove_gate('o')","ALTER TABLE o RENAME TO x","ALTER TABLE x RENAME TO o","SELECT protaddr.install_gate('o', 'sepa', 'cpr')","INSERT INTO o SELECT 1, cpr, addr FROM t"}
{"DROP SCHEMA regress_kept CASCADE","CREATE SCHEMA regress_kept","CREATE TABLE regress_kept.o (addr text)","CREATE TABLE regress_kept.p (addr text)"}
\.
SELECT n, array_to_string(statements, '; ') AS statements, try('regress_kept_super', statements) AS superuser, nullif(try('regress_kept_owner', statements), try('regress_kept_super', statements)) AS owner_otherwise FROM attack ORDER BY n;

\pset format aligned
-- an event trigger that fails and goes on, before the command is checked, makes nobody forget what it has touched
CREATE FUNCTION stumble() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE division_by_zero; EXCEPTION WHEN division_by_zero THEN NULL; END $$;
CREATE EVENT TRIGGER regress_stumble ON ddl_command_end EXECUTE FUNCTION stumble();
ALTER EXTENSION protaddr DROP FUNCTION protaddr.gate_row();
ALTER TABLE protaddr.gate DISABLE TRIGGER ALL;
ALTER TABLE o DISABLE TRIGGER USER;
DROP EVENT TRIGGER regress_stumble;
-- what was undone is not held against what follows
BEGIN;
SAVEPOINT s;
ALTER TABLE protaddr.gate DISABLE TRIGGER ALL;
ROLLBACK TO s;
ALTER EXTENSION protaddr DROP FUNCTION protaddr.gate_row();
ROLLBACK TO s;
ALTER TABLE o DISABLE TRIGGER USER;
ROLLBACK TO s;
ALTER TABLE o ADD after_all int;
ALTER TABLE o DROP after_all;
COMMIT;
-- a gate that went broken unseen is noticed, and made anew
\c -
LOAD 'protaddr';
SET search_path = regress_kept, public;
SET client_min_messages = warning;
\set VERBOSITY default
UPDATE pg_trigger SET tgenabled = 'D' WHERE tgrelid = 'p_1_1'::regclass;
INSERT INTO p VALUES (1);
UPDATE p SET addr = NULL;
SELECT id FROM p FOR UPDATE;
\copy p FROM '/dev/null'
\set VERBOSITY terse
WITH x AS (UPDATE p SET id = id RETURNING id) SELECT count(*) FROM x;
CREATE VIEW v AS SELECT * FROM p;
INSERT INTO v VALUES (1);
MERGE INTO p USING t ON p.id = t.id WHEN MATCHED THEN UPDATE SET addr = t.addr;
DO $$ BEGIN INSERT INTO p_1_1 VALUES (1); END $$;
SELECT count(*) FROM p;
DELETE FROM p WHERE id = 2;
ALTER TABLE p_1_1 ADD x int;
SELECT relation, status, kept = protaddr.gates_are_kept() AS kept FROM protaddr.gate_status ORDER BY relation::text;
DELETE FROM pg_trigger WHERE tgrelid = 'o'::regclass;
INSERT INTO o VALUES (1);
SELECT relation, status FROM protaddr.gate_status ORDER BY relation::text;
-- put right by hand, or by remove and install
ALTER TABLE p ENABLE ALWAYS TRIGGER zz_protaddr_gate, ENABLE ALWAYS TRIGGER zz_protaddr_gate_check;
INSERT INTO p SELECT 1, cpr, addr FROM t;
DELETE FROM pg_depend WHERE classid = 'pg_trigger'::regclass AND NOT EXISTS (SELECT FROM pg_trigger WHERE oid = objid);
SELECT protaddr.remove_gate('o');
SELECT protaddr.install_gate('o', 'sumclearing', 'cpr');
INSERT INTO o SELECT 1, cpr, addr FROM t;
SELECT relation, status FROM protaddr.gate_status ORDER BY relation::text;
SELECT id, cpr, addr IS NULL AS withheld FROM o WHERE id = 1 UNION ALL SELECT id, cpr, addr IS NULL FROM p ORDER BY 1, 2, 3;

-- the way out is the owner's, and recorded
SET SESSION AUTHORIZATION regress_kept_owner;
SELECT protaddr.remove_gate('public.t');
SELECT protaddr.remove_gate(NULL), protaddr.remove_gate('other'), protaddr.remove_gate('p'), protaddr.remove_gate('p');
SELECT protaddr.remove_gate(0);
RESET SESSION AUTHORIZATION;
INSERT INTO p SELECT 1, cpr, addr FROM t WHERE id = 1;
SELECT count(*) AS gates FROM protaddr.gate WHERE relation = 'p'::regclass;
DROP TABLE o;
SELECT count(*) AS gates FROM protaddr.gate;
SELECT changed_by = session_user AS mine, relation, what, detail FROM protaddr.gate_change ORDER BY id;

-- names that need quotes
CREATE SCHEMA "Odd ""x";
CREATE TABLE "Odd ""x"."o'd
d" ("c p\r" text, "Addr" protaddr.address);
SELECT protaddr.install_gate('"Odd ""x"."o''d
d"', 'sumclearing', 'c p\r');
ALTER TABLE "Odd ""x"."o'd
d" RENAME "Addr" TO x;
UPDATE pg_trigger SET tgfoid = 0 WHERE tgrelid = '"Odd ""x"."o''d
d"'::regclass;
SELECT relation_name, status FROM protaddr.gate g JOIN protaddr.gate_status s ON s.relation = g.relation WHERE relation_name LIKE '%Odd%';
DROP SCHEMA "Odd ""x" CASCADE;
SELECT relation, what, detail FROM protaddr.gate_change ORDER BY id DESC LIMIT 1;

-- DROP EXTENSION takes gates and columns along, and leaves no hook behind
SELECT protaddr.install_gate('other', 'sumclearing', 'cpr');
SET client_min_messages = warning;
DROP EXTENSION protaddr CASCADE;
\d other
INSERT INTO other VALUES (1);
CREATE TABLE protaddr.gate (x text);
ALTER TABLE other RENAME TO another;
INSERT INTO another VALUES (1);
DROP SCHEMA protaddr CASCADE;
DROP SCHEMA regress_kept CASCADE;
DROP TABLE public.t, public.attack;
DROP FUNCTION public.try;
DROP ROLE regress_kept_owner, regress_kept_super;
