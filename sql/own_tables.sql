-- Are our own tables as the library knows them, in nobody's way, and nobody else's?
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
SELECT protaddr.confirm_register('regress', new_source => true), protaddr.protect('P1', 'manual', 'address');

-- ---- a table that is not as the library takes it to be: nothing is made of its rows ----------
CREATE TABLE customer (cpr text PRIMARY KEY, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', subject => 'cpr');
INSERT INTO customer VALUES ('P1', 'Skjulvej 1'), ('P2', 'Vej 2');
CREATE TABLE payment (id int PRIMARY KEY, payer text, amount numeric, payee text, home protaddr.address);
SELECT protaddr.install_gate('payment', channel => 'cross_border', subject => 'payer', amount => 'amount', currency_code => 'EUR', payee => 'payee');
CREATE VIEW uses AS SELECT * FROM (VALUES
    ('is_protected', 'SELECT protaddr.is_protected(''P1'')'),
    ('show', 'SELECT protaddr.show(home) FROM customer'),
    ('pay', 'INSERT INTO payment SELECT 1, cpr, 10, ''payee'', home FROM customer WHERE cpr = ''P1'' ON CONFLICT (id) DO UPDATE SET amount = 10'),
    ('seal', 'SELECT ''Vej 3''::protaddr.address')) u(what, statement);
CREATE FUNCTION as_altered(alteration text) RETURNS TABLE (alters text, refuses text) LANGUAGE plpgsql AS $$
BEGIN
    BEGIN
        EXECUTE alteration;
        alters := alteration;
        SELECT string_agg(r.what || ' ' || split_part(r.refusal, ' ', 1), ', ' ORDER BY r.what) INTO refuses
        FROM (SELECT u.what, refusal(u.statement) FROM uses u OFFSET 0) r WHERE r.refusal <> 'accepted';
        RAISE EXCEPTION 'undo';
    EXCEPTION WHEN raise_exception THEN
        RETURN NEXT;
    END;
END
$$;
SELECT a.* FROM (VALUES (1, 'COMMENT ON TABLE protaddr.channel IS ''as it is'''),
    (2, 'ALTER TABLE protaddr.protection ADD later int'), (3, 'ALTER TABLE protaddr.protection RENAME kind TO sort'),
    (4, 'ALTER TABLE protaddr.register_source ADD later int'), (5, 'ALTER TABLE protaddr.identity_link ADD later int'),
    (7, 'ALTER TABLE protaddr.channel ADD later int'),
    (8, 'ALTER TABLE protaddr.linked_transfer ADD later int'), (9, 'ALTER TABLE protaddr.data_key ADD later int'),
    (10, 'ALTER TABLE protaddr.protection RENAME TO away'), (11, 'ALTER TABLE protaddr.identity_link RENAME TO away'), (12, 'ALTER TABLE protaddr.register_person RENAME TO away'),
    (13, 'ALTER TABLE protaddr.channel RENAME TO away'), (14, 'ALTER TABLE protaddr.data_key RENAME TO away'), (15, 'ALTER TABLE protaddr.linked_transfer RENAME TO away'),
    (16, 'ALTER INDEX protaddr.linked_transfer_payee RENAME TO away')) v(n, alteration),
    as_altered(v.alteration) a ORDER BY n;
BEGIN;
ALTER TABLE protaddr.channel DROP COLUMN description CASCADE;
\set VERBOSITY default
INSERT INTO payment SELECT 2, cpr, 10, 'payee', home FROM customer WHERE cpr = 'P1';
\set VERBOSITY terse
ROLLBACK;
SELECT what, refusal(statement) FROM uses ORDER BY what;
-- a table with a column less, as an older version might have made it
BEGIN;
WITH last AS (UPDATE pg_class SET relnatts = relnatts - 1 WHERE oid = 'protaddr.channel'::regclass RETURNING relnatts + 1 AS number), d AS (DELETE FROM pg_attrdef USING last WHERE adrelid = 'protaddr.channel'::regclass AND adnum = number)
DELETE FROM pg_attribute USING last WHERE attrelid = 'protaddr.channel'::regclass AND attnum = number;
INSERT INTO payment SELECT 2, cpr, 10, 'payee', home FROM customer WHERE cpr = 'P1';
ROLLBACK;
SELECT what, refusal(statement) FROM uses ORDER BY what;

-- ---- our tables are known by what they are, not by what they are called ---------------------
CREATE TABLE channel (id int);
CREATE TRIGGER own_table_changed BEFORE INSERT ON channel FOR EACH ROW EXECUTE FUNCTION protaddr.own_table_changed();
INSERT INTO channel VALUES (1);
-- and a trigger function that is used otherwise than it is made for says so
CREATE FUNCTION misused(function oid) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER misused AFTER UPDATE ON public.channel FOR EACH STATEMENT EXECUTE FUNCTION %s()', function::regproc);
    UPDATE public.channel SET id = id;
    RAISE 'accepted';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
SELECT p.proname, misused(p.oid) FROM pg_proc p WHERE p.pronamespace = 'protaddr'::regnamespace AND p.prorettype = 'trigger'::regtype ORDER BY p.proname COLLATE "C";
SELECT refusal('TRUNCATE protaddr.' || c.relname) FROM pg_class c
WHERE c.relnamespace = 'protaddr'::regnamespace AND EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname = 'own_table_truncated') ORDER BY c.relname COLLATE "C";

-- ---- what a function reads with its owner's rights is in no plan that its caller is shown -------
SELECT p.oid::regprocedure AS shows_its_plans FROM pg_proc p WHERE p.pronamespace = 'protaddr'::regnamespace AND p.prosecdef
AND NOT coalesce(p.proconfig, '{}') @> '{debug_print_parse=off,debug_print_rewritten=off,debug_print_plan=off}' ORDER BY p.oid::regprocedure::text COLLATE "C";

-- ---- publications: an update or a delete needs to know its row -----------------------------------
SELECT c.relname AS no_identity FROM pg_class c WHERE c.relnamespace = 'protaddr'::regnamespace AND c.relkind = 'r' AND c.relreplident <> 'f'
AND NOT (c.relreplident = 'd' AND EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)) ORDER BY c.relname;
-- since 18 a generated column is not published, and no part of an identity
SELECT c.relname AS identity_is_generated FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attgenerated <> ''
WHERE c.relnamespace = 'protaddr'::regnamespace AND c.relkind = 'r' AND (c.relreplident = 'f'
    OR EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary AND a.attnum = ANY (i.indkey))) ORDER BY c.relname;
CREATE VIEW writes AS SELECT * FROM (VALUES
    (1, 'SELECT protaddr.protect(''P3'', ''manual'', ''address''), protaddr.lift(''P3'', ''manual'', ''address'')'),
    (2, 'SELECT protaddr.link_identity(''account'', ''P1''), protaddr.unlink_identity(''account'', ''P1''), protaddr.link_identity(''account'', ''P1'')'),
    (3, 'INSERT INTO protaddr.register_staging (source, subject, code) VALUES (''ACP'', ''A1'', ''ACP''), (''ACP'', ''A2'', ''ACP'')'),
    (4, 'SELECT protaddr.load_staged(''ACP'', ''US-ACP'', new_source => true)'),
    (5, 'INSERT INTO protaddr.register_staging (source, subject, code, replaced_by) VALUES (''ACP'', ''A1'', NULL, ''A3'')'),
    (6, 'SELECT protaddr.load_staged(''ACP'', ''US-ACP'', new_source => true)'),
    (7, 'SELECT protaddr.retire_register(''ACP'')'),
    (8, 'SELECT protaddr.set_substitute(''P1'', ''Boks 1'', ''test''), protaddr.set_substitute(''P1'', ''Boks 2'', ''test''), protaddr.drop_substitute(''P1'')'),
    (9, 'SELECT protaddr.set_exchange_rate(''DKK'', 0.13)'),
    (10, 'SELECT protaddr.set_channel(''own'', route => ''domestic'', description => ''test'', legal_basis => ''test'')'),
    (11, 'INSERT INTO protaddr.channel (channel, route, description, legal_basis) VALUES (''by hand'', ''domestic'', ''test'', ''test'')'),
    (12, 'UPDATE protaddr.channel SET description = ''changed'' WHERE channel = ''by hand'''),
    (13, 'UPDATE protaddr.regime_code SET description = ''changed'' WHERE regime = ''manual'''),
    (14, 'INSERT INTO payment SELECT 3, cpr, 10, ''payee'', home FROM customer WHERE cpr = ''P1'''),
    (15, 'UPDATE payment SET amount = 20 WHERE id = 3'),
    (16, 'DELETE FROM payment WHERE id = 3'),
    (17, 'SELECT protaddr.forget_linked_transfers(now() + interval ''1 hour'')'),
    (18, 'SELECT protaddr.forget_subject(''P3'', clock_timestamp(), ''test'')'),
    (19, 'SELECT protaddr.rotate_data_key()'),
    (20, 'SELECT protaddr.remove_gate(''payment'')'),
    (21, 'SELECT protaddr.install_gate(''payment'', channel => ''cross_border'', subject => ''payer'', amount => ''amount'', currency_code => ''EUR'', payee => ''payee'')')) w(n, statement);
SET client_min_messages = error;	-- wal_level
CREATE PUBLICATION regress_everything FOR ALL TABLES;
CREATE PUBLICATION regress_schema FOR TABLES IN SCHEMA protaddr;
SET client_min_messages = warning;
SELECT * FROM (SELECT n, statement, refusal(statement) FROM writes ORDER BY n OFFSET 0) r WHERE r.refusal <> 'accepted';
DROP PUBLICATION regress_everything, regress_schema;

-- ---- what the tables refuse by themselves, and who watches each of them -----------------------
\pset format unaligned
SELECT * FROM (SELECT CASE conrelid WHEN 0 THEN contypid::regtype::text ELSE conrelid::regclass::text END AS of, regexp_replace(pg_get_constraintdef(oid), '\s+', ' ', 'g') AS refuses
    FROM pg_constraint WHERE connamespace = 'protaddr'::regnamespace AND contype = 'c') c ORDER BY c.of COLLATE "C", c.refuses COLLATE "C";
SELECT tgrelid::regclass AS table, string_agg(format('%s (%s)', tgname, (SELECT string_agg(w, ' ' ORDER BY b) FROM (VALUES (1, 'row'), (2, 'before'), (4, 'insert'), (8, 'delete'), (16, 'update'), (32, 'truncate')) v(b, w) WHERE tgtype & b <> 0)), ', ' ORDER BY tgname) AS watched_by
FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'A' AND tgrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'protaddr'::regnamespace) GROUP BY tgrelid ORDER BY tgrelid::regclass::text COLLATE "C";
\pset format aligned

-- history stays
SELECT refusal('DELETE FROM protaddr.' || t) FROM unnest('{protection,data_key,channel_change,gate,register_forgotten}'::text[]) t ORDER BY t;

-- a new session's first question looks each table up once, not each of its columns
\c -
SET client_min_messages = warning;
BEGIN;
SELECT sum(idx_scan) >= 0 AS statistics_are_at_hand FROM pg_stat_xact_sys_tables;
SELECT protaddr.is_protected(NULL);
SELECT sum(idx_scan) AS before FROM pg_stat_xact_sys_tables \gset
SELECT protaddr.is_protected('P1');
SELECT sum(idx_scan) - :before < 90 AS few FROM pg_stat_xact_sys_tables;
COMMIT;

DROP VIEW uses, writes;
DROP TABLE customer, payment, channel;
DROP FUNCTION as_altered, refusal, misused;
DROP EXTENSION protaddr;
