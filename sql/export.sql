--
-- Exports: what can be declared, by whom, and what becomes of it.  Reading them: t/036_export.pl
--
SET client_min_messages = warning;
CREATE EXTENSION protaddr;
CREATE ROLE regress_export_clerk;
CREATE ROLE regress_export_owner;
CREATE SCHEMA shop AUTHORIZATION regress_export_owner;
CREATE FUNCTION refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
CREATE TABLE shop.customer (id int PRIMARY KEY, cpr text, note text, code text, home protaddr.address, low text GENERATED ALWAYS AS (lower(note)) STORED);
CREATE TABLE shop.legacy (cpr text, line text);
SELECT protaddr.declare_address_columns('shop.legacy', 'cpr', line => 'line');
CREATE VIEW shop.extract AS SELECT id, note, code, home FROM shop.customer;

-- explained
SELECT * FROM protaddr.explain_export('shop.extract', 'file_extract');
SELECT refusal($$SELECT * FROM protaddr.explain_export('shop.extract')$$), refusal($$SELECT * FROM protaddr.explain_export('shop.customer_pkey', 'file_extract')$$);
SELECT count(*) FROM protaddr.explain_export(NULL);

-- columns declared free
SELECT refusal(format('SELECT protaddr.declare_free(%L, %L, %L)', r, c, w)) FROM (VALUES
    ('shop.customer', 'code', NULL), ('shop.customer', 'code', ' '), ('shop.customer', 'nothing', 'w'), ('shop.customer', 'home', 'w'), ('shop.customer', 'low', 'w'),
    ('shop.legacy', 'line', 'w'), ('shop.extract', 'note', 'w'), ('pg_catalog.pg_class', 'relname', 'w'), ('shop.customer_pkey', 'id', 'w')) t(r, c, w);
SELECT protaddr.declare_free('shop.customer', 'code', 'codes of products');
SELECT column_name, verdict FROM protaddr.explain_export('shop.extract', 'file_extract') WHERE column_name = 'code';
-- the table keeps its declaration under another name, the column does not, and what comes to bear the name has none
ALTER TABLE shop.customer RENAME TO person;
SELECT column_name, verdict FROM protaddr.explain_export('shop.extract', 'file_extract') WHERE column_name = 'code';
ALTER TABLE shop.person RENAME code TO product;
SELECT column_name, verdict FROM protaddr.explain_export('shop.extract', 'file_extract') WHERE column_name = 'code';
ALTER TABLE shop.person ADD code text;
CREATE VIEW shop.new AS SELECT code FROM shop.person;
SELECT column_name, verdict FROM protaddr.explain_export('shop.new', 'file_extract');
SELECT protaddr.declare_free('shop.person', 'code', 'codes of products');
SELECT column_name, verdict FROM protaddr.explain_export('shop.new', 'file_extract');
SELECT protaddr.undeclare_free('shop.person', 'code', 'notes after all'), protaddr.undeclare_free('shop.person', 'code', 'notes after all');
SELECT column_name, verdict FROM protaddr.explain_export('shop.new', 'file_extract');
DROP VIEW shop.new;
ALTER TABLE shop.person DROP code;
ALTER TABLE shop.person RENAME product TO code;
ALTER TABLE shop.person RENAME TO customer;
SELECT column_name, verdict FROM protaddr.explain_export('shop.extract', 'file_extract') WHERE column_name = 'code';
-- a table that takes the name of the declared one is not meant
ALTER TABLE shop.customer RENAME TO old;
CREATE TABLE shop.customer (id int, cpr text, note text, code text);
SELECT column_name, verdict FROM protaddr.explain_export('shop.customer', 'file_extract') WHERE column_name = 'code';
DROP TABLE shop.customer;
ALTER TABLE shop.old RENAME TO customer;
-- declared to hold addresses later
CREATE TABLE shop.history (cpr text, line text);
SELECT protaddr.declare_free('shop.history', 'line', 'before it was known better');
SELECT column_name, verdict FROM protaddr.explain_export('shop.history', 'file_extract') WHERE column_name = 'line';
SELECT protaddr.declare_address_columns('shop.history', 'cpr', line => 'line');
SELECT column_name, verdict FROM protaddr.explain_export('shop.history', 'file_extract') WHERE column_name = 'line';

-- functions declared safe
CREATE FUNCTION shop.initials(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN left($1, 1); END $$;
CREATE AGGREGATE shop.any_text(text) (SFUNC = text_larger, STYPE = text);
SELECT refusal(format('SELECT protaddr.declare_safe(%L, %L)', f, w)) FROM (VALUES ('shop.initials(text)', NULL), ('shop.any_text(text)', 'w'), ('lower(text)', 'w'), ('protaddr.show(protaddr.address)', 'w')) t(f, w);
GRANT EXECUTE ON FUNCTION protaddr.declare_safe(regprocedure, text) TO regress_export_owner;
GRANT USAGE ON SCHEMA shop TO regress_export_owner, regress_export_clerk;
SET ROLE regress_export_owner;
SELECT refusal($$SELECT protaddr.declare_safe('shop.initials(text)', 'w')$$);
RESET ROLE;
CREATE VIEW shop.letters AS SELECT shop.initials(note) AS initial FROM shop.customer;
SELECT verdict FROM protaddr.explain_export('shop.letters', 'file_extract');
SELECT protaddr.declare_safe('shop.initials(text)', 'one letter');
SELECT verdict FROM protaddr.explain_export('shop.letters', 'file_extract');
CREATE OR REPLACE FUNCTION shop.initials(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN $1; END $$;
SELECT verdict FROM protaddr.explain_export('shop.letters', 'file_extract');
CREATE OR REPLACE FUNCTION shop.initials(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN left($1, 1); END $$;
SELECT verdict FROM protaddr.explain_export('shop.letters', 'file_extract');
SELECT protaddr.undeclare_safe('shop.initials(text)', 'one letter is too much'), protaddr.undeclare_safe('shop.initials(text)', 'one letter is too much');
SELECT verdict FROM protaddr.explain_export('shop.letters', 'file_extract');
-- nor does the declaration follow a function that is renamed
SELECT protaddr.declare_safe('shop.initials(text)', 'one letter');
ALTER FUNCTION shop.initials(text) RENAME TO other;
SELECT verdict FROM protaddr.explain_export('shop.letters', 'file_extract');

-- a corrected view
CREATE VIEW shop.report AS SELECT c.id, c.note, left(c.note, 3) AS short, upper(c.code) AS code, c.home, c.note LIKE 'A%' AS a FROM shop.customer c;
SELECT protaddr.declare_free('shop.customer', 'code', 'codes of products');
-- since 16 a view of one table names its columns without it
SELECT regexp_replace(protaddr.suggest_export('shop.report', 'file_extract'), '\mc\.', '', 'g');
SELECT refusal($$SELECT protaddr.suggest_export('shop.report')$$), refusal($$SELECT protaddr.suggest_export('shop.customer', 'file_extract')$$);
CREATE VIEW shop.hopeless AS SELECT c.id, left(c.note, 3) AS short, shop.other(c.note) AS initial FROM shop.customer c;
SELECT protaddr.suggest_export('shop.hopeless', 'file_extract');
-- a view with text, for applications
SELECT protaddr.create_display_view('shop.customer', 'shop.person');
SELECT regexp_replace(pg_get_viewdef('shop.person'::regclass), '\mcustomer\.', '', 'g'), obj_description('shop.person'::regclass);
SELECT refusal($$SELECT protaddr.create_display_view('shop.customer', 'person')$$), refusal($$SELECT protaddr.create_display_view(NULL, 'shop.none')$$);
SELECT protaddr.undeclare_free('shop.customer', 'code', 'test');

-- all of it is on record, and nobody writes the records
SELECT what, object, channel, reason FROM protaddr.export_change ORDER BY id;
SELECT refusal('DELETE FROM protaddr.export_change'), refusal('TRUNCATE protaddr.free_column');
SET ROLE regress_export_clerk;
SELECT refusal($$SELECT protaddr.declare_free('shop.customer', 'note', 'w')$$), refusal($$SELECT protaddr.undeclare_free('shop.customer', 'note', 'w')$$),
       refusal($$SELECT protaddr.declare_export('shop.extract', 'file_extract', reason => 'w')$$), refusal($$SELECT protaddr.undeclare_export('shop.extract', 'w')$$),
       refusal($$SELECT protaddr.declare_export_schema('shop', 'file_extract', 'w')$$), refusal('SELECT * FROM protaddr.free_column'), refusal('SELECT * FROM protaddr.export_status');
RESET ROLE;
GRANT INSERT, UPDATE, DELETE ON protaddr.export, protaddr.free_column, protaddr.safe_function TO regress_export_clerk;
SET ROLE regress_export_clerk;
SELECT refusal($$INSERT INTO protaddr.free_column VALUES (16384, 'note', 3, 'w')$$), refusal($$INSERT INTO protaddr.safe_function VALUES ('f', 'd', 'w')$$);
RESET ROLE;

DROP EXTENSION protaddr CASCADE;
DROP SCHEMA shop CASCADE;
DROP FUNCTION refusal(text);
DROP ROLE regress_export_clerk, regress_export_owner;
