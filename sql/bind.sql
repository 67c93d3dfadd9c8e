--
-- Whom does a value concern, and does it stay so?
--
SET client_min_messages = warning;
CREATE EXTENSION protaddr;
CREATE ROLE regress_bind_owner;
GRANT CREATE ON SCHEMA public TO regress_bind_owner;
CREATE FUNCTION refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
SELECT protaddr.confirm_register('regress', new_source => true) IS NOT NULL AS confirmed, protaddr.protect('6201704002', 'DK-CPR', '0001') AS protected;

-- existing rows are bound, new ones are; an identifier that is not there binds nobody
CREATE TABLE customer (n int PRIMARY KEY, cpr text, partner bigint, home protaddr.address, note text);
INSERT INTO customer VALUES (1, '610170-4001', NULL, 'Vestergade 1'), (2, '6201704002', NULL, 'Kanariegade 2'), (3, NULL, NULL, 'Kanariegade 3'), (4, '6101704001', NULL, NULL);
SELECT n, protaddr.show(home) FROM customer ORDER BY n;
SELECT protaddr.bind_column('customer', 'home', 'cpr');
INSERT INTO customer VALUES (5, '6101704001', NULL, 'Vestergade 5'), (6, '6201704002', NULL, 'Kanariegade 6'), (7, ' -', NULL, 'Kanariegade 7');
SELECT n, protaddr.show(home) FROM customer ORDER BY n;
SELECT * FROM protaddr.bound_column ORDER BY relation::text, column_name, subject;

-- refusals
CREATE VIEW customer_view AS SELECT * FROM customer;
CREATE TABLE odd (id text, made text GENERATED ALWAYS AS (id || 'x') STORED, home protaddr.address, homes protaddr.address[], plain text);
SELECT refusal('SELECT protaddr.bind_column(' || a || ')') FROM unnest(ARRAY[
    '''customer'', ''home'', ''cpr''', '''customer_view'', ''home'', ''cpr''', '''customer_pkey'', ''home'', ''cpr''', '''customer'', ''hone'', ''cpr''', '''customer'', ''home'', ''cpr2''',
    '''customer'', ''HOME'', ''cpr''', '''customer'', ''ctid'', ''cpr''', '''customer'', ''home'', ''tableoid''', '''customer'', ''note'', ''cpr''', '''odd'', ''homes'', ''id''',
    '''odd'', ''home'', ''made''', '''odd'', ''home'', ''home''', '''odd'', ''home'', ''homes''', '0, ''home'', ''id''', '''odd'', ''home'', NULL', '''odd'', NULL, ''id''', 'NULL, ''home'', ''id''']) WITH ORDINALITY u(a, n) ORDER BY n;
SELECT count(*) AS triggers FROM pg_trigger WHERE tgrelid IN ('odd'::regclass, 'customer_view'::regclass);

-- a changed identifier adds a person, never takes one away
UPDATE customer SET cpr = '6201704002' WHERE n = 1;
UPDATE customer SET cpr = '6101704001' WHERE n IN (1, 2);
UPDATE customer SET cpr = NULL WHERE n = 6;
SELECT n, protaddr.show(home) FROM customer WHERE n IN (1, 2, 6) ORDER BY n;
-- an unchanged one leaves the very same value
CREATE TABLE before AS SELECT * FROM customer;
UPDATE customer SET note = 'x', home = home, cpr = '0' || replace(cpr, '-', ' ') WHERE n = 5;
SELECT c.home OPERATOR(protaddr.===) b.home AS same FROM customer c JOIN before b USING (n) WHERE n = 5;
-- a value takes its people along wherever it is copied
INSERT INTO customer SELECT 8, '6101704001', NULL, home FROM customer WHERE n = 2;
UPDATE customer SET home = (SELECT home FROM customer WHERE n = 2) WHERE n = 5;
INSERT INTO customer (n, cpr, home) VALUES (9, '6101704001', (SELECT home::text FROM before WHERE n = 2)::protaddr.address);
SELECT n, protaddr.show(home) FROM customer WHERE n IN (5, 8, 9) ORDER BY n;

-- two subject columns: joint holders
INSERT INTO customer VALUES (10, '6101704001', 6201704002, 'Kanariegade 10'), (11, '6101704001', 6101704003, 'Vestergade 11'), (12, '6101704001', NULL, 'Vestergade 12');
SELECT protaddr.bind_column('customer', 'home', 'partner');
INSERT INTO customer VALUES (13, '6101704001', 6201704002, 'Kanariegade 13'), (14, NULL, 6101704003, 'Vestergade 14');
SELECT n, protaddr.show(home) FROM customer WHERE n >= 10 ORDER BY n;
SELECT * FROM protaddr.bound_column ORDER BY relation::text, column_name, subject;
SELECT protaddr.unbind_column('customer', 'home', 'partner') AS one, protaddr.unbind_column('customer', 'home', 'partner') AS none, protaddr.unbind_column('customer', 'note') AS not_bound;
SELECT protaddr.show(home) FROM customer WHERE n = 13;

-- 16 people and not one more
INSERT INTO customer VALUES (20, 'person 1', NULL, 'Vestergade 20');
DO $$ BEGIN FOR i IN 2 .. 16 LOOP UPDATE customer SET cpr = 'person ' || i WHERE n = 20; END LOOP; END $$;
SELECT protaddr.show(home) FROM customer WHERE n = 20;
UPDATE customer SET cpr = 'person 17' WHERE n = 20;
UPDATE customer SET cpr = 'person 7' WHERE n = 20;
SELECT cpr, protaddr.show(home) FROM customer WHERE n = 20;
INSERT INTO customer VALUES (21, repeat('Kanariegade', 7), NULL, 'Kanariegade 21');

-- in every replication role, and whatever triggers do before
CREATE FUNCTION early() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.home := 'Kanarie' || 'gade 30'; NEW.cpr := '6201704002'; RETURN NEW; END $$;
CREATE TRIGGER aa_early BEFORE INSERT ON customer FOR EACH ROW WHEN (NEW.n = 30) EXECUTE FUNCTION early();
INSERT INTO customer (n, cpr) VALUES (30, '6101704001');
SET session_replication_role = replica;
INSERT INTO customer (n, cpr, home) VALUES (31, '6101704001', 'Vestergade 31'), (32, '6201704002', 'Kanariegade 32');
RESET session_replication_role;
COPY customer (n, cpr, home) FROM STDIN;
33	6101704001	Vestergade 33
34	6201704002	Kanariegade 34
\.
INSERT INTO customer (n, cpr, home) VALUES (33, '6201704002', 'Kanariegade 33') ON CONFLICT (n) DO UPDATE SET home = EXCLUDED.home;
SELECT n, protaddr.show(home) FROM customer WHERE n >= 30 ORDER BY n;
ALTER TABLE customer DISABLE TRIGGER aa_early;
BEGIN;
ALTER TABLE customer DISABLE TRIGGER USER;
SELECT * FROM protaddr.bound_column ORDER BY relation::text, column_name, subject;
ROLLBACK;

-- renamed: the status says so, and writing is refused rather than unbound
ALTER TABLE customer RENAME home TO address;
SELECT * FROM protaddr.bound_column ORDER BY relation::text, column_name, subject;
\set VERBOSITY terse
INSERT INTO customer (n, cpr, address) VALUES (40, '6201704002', 'Kanariegade 40');
ALTER TABLE customer RENAME address TO home;
ALTER TABLE customer RENAME cpr TO person;
SELECT * FROM protaddr.bound_column ORDER BY relation::text, column_name, subject;
INSERT INTO customer (n, person, home) VALUES (40, '6201704002', 'Kanariegade 40');
SELECT protaddr.unbind_column('customer', 'home');
SELECT protaddr.bind_column('customer', 'home', 'person') > 0 AS bound;
DROP VIEW customer_view;
ALTER TABLE customer RENAME TO client;
INSERT INTO client (n, person, home) VALUES (40, '6201704002', 'Kanariegade 40');
ALTER TABLE client ALTER home TYPE text;
ALTER TABLE client ALTER home TYPE text USING home::text;
INSERT INTO client (n, person, home) VALUES (41, '6101704001', 'Vestergade 41');
ALTER TABLE client ALTER home TYPE protaddr.address USING home::protaddr.address;
SELECT n, protaddr.show(home) FROM client WHERE n IN (5, 11, 40) ORDER BY n;
ALTER TABLE client DROP note;
SELECT * FROM protaddr.bound_column ORDER BY relation::text, column_name, subject;
DROP TABLE odd;
\set VERBOSITY default

-- domains, odd names, long names
CREATE DOMAIN home_address AS protaddr.address;
CREATE DOMAIN cpr AS text CHECK (length(VALUE) >= 10);
CREATE SCHEMA "odd ""schema'";
CREATE TABLE "odd ""schema'"."a table's ""name""" ("who's ""it""" cpr, "where, exactly?" home_address, "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn1" protaddr.address,
    "sssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss" varchar);
SELECT protaddr.bind_column('"odd ""schema''"."a table''s ""name"""', 'where, exactly?', 'who''s "it"') AS odd,
       protaddr.bind_column('"odd ""schema''"."a table''s ""name"""', 'nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn1', 'sssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss') AS long;
INSERT INTO "odd ""schema'"."a table's ""name""" VALUES ('6201704002', 'Kanariegade 1', 'Vestergade 2', '6101704001');
SELECT protaddr.show("where, exactly?") AS odd, protaddr.show("nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn1") AS long FROM "odd ""schema'"."a table's ""name""";
SELECT relation, length(column_name::text), length(subject::text), status FROM protaddr.bound_column WHERE relation <> 'client'::regclass ORDER BY column_name;

-- partitions, routed and direct, attached before and after
CREATE TABLE account (id int, cpr text, home protaddr.address) PARTITION BY RANGE (id);
CREATE TABLE account_1 PARTITION OF account FOR VALUES FROM (1) TO (10);
CREATE TABLE account_2 (home protaddr.address, dropped int, cpr text, id int);
ALTER TABLE account_2 DROP dropped;
INSERT INTO account_1 VALUES (1, '6201704002', 'Kanariegade 1'), (3, '6101704001', 'Vestergade 3');
SELECT protaddr.bind_column('account', 'home', 'cpr');
ALTER TABLE account ATTACH PARTITION account_2 FOR VALUES FROM (10) TO (20);
CREATE TABLE account_3 PARTITION OF account FOR VALUES FROM (20) TO (30);
INSERT INTO account VALUES (2, '6101704001', 'Vestergade 2'), (12, '6101704001', 'Vestergade 12'), (22, '6201704002', 'Kanariegade 22');
INSERT INTO account_2 VALUES ('Vestergade 13', '6101704001', 13), ('Kanariegade 14', '6201704002', 14);
SET session_replication_role = replica;
INSERT INTO account_3 VALUES (23, '6101704001', 'Vestergade 23');
RESET session_replication_role;
UPDATE account SET id = 15, cpr = '6201704002' WHERE id = 2;
SELECT tableoid::regclass, id, protaddr.show(home) FROM account ORDER BY id;
SELECT relation, status FROM protaddr.bound_column WHERE relation::text LIKE 'account%' ORDER BY relation::text;

-- the owner binds, once allowed to; somebody else's table is not his to bind
SET ROLE regress_bind_owner;
CREATE TABLE own (cpr text, home protaddr.address);
SELECT refusal('SELECT protaddr.bind_column(''own'', ''home'', ''cpr'')');
RESET ROLE;
-- who may not bind: what this role types in is bound, what somebody else typed and nobody bound is not
CREATE TABLE unbound AS SELECT 'Kanariegade 50'::protaddr.address AS home;
GRANT SELECT ON unbound TO regress_bind_owner;
GRANT SELECT, INSERT, UPDATE ON client TO regress_bind_owner;
SET ROLE regress_bind_owner;
INSERT INTO client (n, person, home) VALUES (50, '6101704001', 'Vestergade 50');
INSERT INTO client (n, person, home) SELECT 51, '6101704001', home FROM unbound;
UPDATE client SET home = (SELECT home FROM unbound) WHERE n = 11;
SELECT n, protaddr.show(home) FROM client WHERE n IN (11, 50, 51) ORDER BY n;
RESET ROLE;
UPDATE client SET home = home WHERE n = 51;
SELECT n, protaddr.show(home) FROM client WHERE n = 51;
DROP TABLE unbound;
GRANT EXECUTE ON FUNCTION protaddr.bind_column, protaddr.bind_row TO regress_bind_owner;
SET ROLE regress_bind_owner;
SELECT refusal('SELECT protaddr.bind_column(''own'', ''home'', ''cpr'')'), refusal('SELECT protaddr.bind_column(''client'', ''home'', ''partner'')');
INSERT INTO own VALUES ('6101704001', 'Vestergade 1');
SELECT protaddr.show(home) FROM own;
RESET ROLE;
-- who is named that no register lists: said when bound, counted later; protected or not makes no difference
SELECT outcome FROM protaddr.load_register('DK-CPR', '[{"subject": "6101704001", "protections": []}, {"subject": "6201704002", "protections": [{"code": "0001"}]}]');
SELECT protaddr.link_identity('K-1', '6101704001'), protaddr.protect('6301704003', 'manual', 'address');
CREATE TABLE holding (who text, joint text[], home protaddr.address);
INSERT INTO holding VALUES ('6101704001', '{6101704001,6201704002}', 'Vestergade 1'), ('6201704002', NULL, 'Kanariegade 2'), ('k1', '{K-1,K-2}', 'Vestergade 3'), ('K-2', '{}', 'Vestergade 4'), ('6301704003', '{NULL}', NULL), (' ', '{6301704003}', NULL), (NULL, NULL, NULL);
SET client_min_messages = notice;
SELECT protaddr.bind_column('holding', 'home', 'who'), protaddr.bind_column('holding', 'home', 'joint');
SELECT protaddr.unknown_people('holding', 'who'), protaddr.unknown_people('holding', 'joint');
DELETE FROM holding WHERE who IS DISTINCT FROM '6101704001';
SELECT protaddr.unbind_column('holding', 'home'), protaddr.bind_column('holding', 'home', 'who');
SET client_min_messages = warning;
DROP TABLE holding;
-- the trigger's function is good for nothing else
SELECT refusal('CREATE TRIGGER t ' || a || ' EXECUTE FUNCTION protaddr.bind_row(' || b || '); INSERT INTO own VALUES (''1'', ''x''); DELETE FROM own; TRUNCATE own') FROM (VALUES
    (1, 'AFTER INSERT ON own FOR EACH ROW', '''home'', ''cpr'''), (2, 'BEFORE INSERT ON own FOR EACH STATEMENT', '''home'', ''cpr'''), (3, 'BEFORE DELETE ON own FOR EACH ROW', '''home'', ''cpr'''),
    (4, 'BEFORE INSERT ON own FOR EACH ROW', '''home'''), (5, 'BEFORE INSERT ON own FOR EACH ROW', '''home'', ''who'''), (6, 'BEFORE INSERT ON own FOR EACH ROW', '''cpr'', ''cpr'''),
    (7, 'BEFORE TRUNCATE ON own FOR EACH STATEMENT', '''home'', ''cpr''')) v(n, a, b) ORDER BY n;
SELECT refusal('SELECT protaddr.bind_row()');

SET client_min_messages = warning;
DROP TABLE client, before, account, own CASCADE;
DROP SCHEMA "odd ""schema'" CASCADE;
DROP DOMAIN home_address, cpr;
DROP FUNCTION refusal, early;
DROP EXTENSION protaddr CASCADE;
REVOKE CREATE ON SCHEMA public FROM regress_bind_owner;
DROP ROLE regress_bind_owner;
