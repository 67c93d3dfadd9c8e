--
-- Does what a session has judged of an export outlive what it was judged by?  A cast, or a
-- domain's check, changes no relation.
--
-- Needs protaddr in shared_preload_libraries, as exports do.
SELECT current_setting('shared_preload_libraries') !~ 'protaddr' AS skip \gset
\if :skip
\quit
\endif
SET client_min_messages = warning;
CREATE EXTENSION protaddr;
CREATE SCHEMA shop;
CREATE TYPE shop.mood AS ENUM ('calm');
CREATE DOMAIN shop.brief AS text;
CREATE TABLE shop.visit (mood shop.mood, note text);
INSERT INTO shop.visit VALUES ('calm', 'a short one');
CREATE VIEW shop.by_cast AS SELECT to_json(mood)::text AS m FROM shop.visit;
CREATE VIEW shop.by_domain AS SELECT count(note::shop.brief) AS m FROM shop.visit;
SELECT protaddr.declare_export(v, 'file_extract', reason => 'test') FROM unnest('{shop.by_cast,shop.by_domain}'::text[]) v;
SELECT relation_name, status FROM protaddr.export_status WHERE relation_name LIKE 'by_%' ORDER BY relation_name;
CREATE FUNCTION shop.opaque(text) RETURNS bool LANGUAGE plpgsql AS 'BEGIN RETURN true; END';
CREATE FUNCTION shop.opaque(shop.mood) RETURNS json LANGUAGE plpgsql AS $$ BEGIN RETURN '1'; END $$;
CREATE CAST (shop.mood AS json) WITH FUNCTION shop.opaque(shop.mood);
ALTER DOMAIN shop.brief ADD CONSTRAINT opaque CHECK (shop.opaque(VALUE));
SELECT relation_name, status FROM protaddr.export_status WHERE relation_name LIKE 'by_%' ORDER BY relation_name;
DROP CAST (shop.mood AS json);
ALTER DOMAIN shop.brief DROP CONSTRAINT opaque;
SELECT relation_name, status FROM protaddr.export_status WHERE relation_name LIKE 'by_%' ORDER BY relation_name;
DROP EXTENSION protaddr CASCADE;
DROP SCHEMA shop CASCADE;
