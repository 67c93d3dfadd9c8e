--
-- What does CREATE EXTENSION make, and where does it refuse to?
--
SET client_min_messages = warning;	-- the first one in a cluster tells of its new key file
\set VERBOSITY terse
CREATE ROLE regress_install_other;
SELECT current_database() AS db \gset
GRANT CREATE ON DATABASE :"db" TO regress_install_other;

-- another test may have left it
DROP SCHEMA IF EXISTS protaddr;
-- a schema that somebody made first
CREATE SCHEMA protaddr AUTHORIZATION regress_install_other;
CREATE EXTENSION protaddr;
ALTER SCHEMA protaddr OWNER TO CURRENT_USER;
CREATE TABLE protaddr.t ();
CREATE EXTENSION protaddr;
DROP TABLE protaddr.t;
CREATE FUNCTION protaddr.show(text) RETURNS text LANGUAGE sql RETURN $1;
CREATE EXTENSION protaddr;
DROP FUNCTION protaddr.show(text);
CREATE DOMAIN protaddr.d AS text;
CREATE EXTENSION protaddr;
DROP DOMAIN protaddr.d;
CREATE OPERATOR protaddr.=== (LEFTARG = text, RIGHTARG = text, FUNCTION = texteq);
CREATE EXTENSION protaddr;
DROP OPERATOR protaddr.=== (text, text);
GRANT CREATE ON SCHEMA protaddr TO regress_install_other;
CREATE EXTENSION protaddr;
REVOKE ALL ON SCHEMA protaddr FROM regress_install_other;
SELECT count(*) AS extensions FROM pg_extension WHERE extname = 'protaddr';

-- an empty one of a superuser's is good enough; what everyone could do there they can no more
GRANT ALL ON SCHEMA protaddr TO PUBLIC;
CREATE EXTENSION protaddr;
SELECT has_schema_privilege('regress_install_other', 'protaddr', 'USAGE') AS usage,
       has_schema_privilege('regress_install_other', 'protaddr', 'CREATE') AS create;
DROP EXTENSION protaddr;
DROP SCHEMA protaddr;

-- no other place, and no other installer
CREATE EXTENSION protaddr SCHEMA public;
SET ROLE regress_install_other;
CREATE EXTENSION protaddr;
RESET ROLE;
CREATE EXTENSION protaddr;
ALTER EXTENSION protaddr SET SCHEMA public;
CREATE EXTENSION protaddr;
SELECT extrelocatable, extversion, n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = extnamespace WHERE extname = 'protaddr';
SELECT superuser, trusted, relocatable, schema, requires
FROM pg_available_extension_versions WHERE name = 'protaddr' AND version = '1.0';

-- gone when nothing needs it, with what needs it on demand, and back in the same session
CREATE TABLE customer (cpr text, home protaddr.address);
INSERT INTO customer VALUES ('6101704001', 'Kanariegade 1');
DROP EXTENSION protaddr;
DROP EXTENSION protaddr CASCADE;
\d customer
SELECT count(*) AS schema_stays FROM pg_namespace WHERE nspname = 'protaddr';
CREATE EXTENSION protaddr;
ALTER TABLE customer ADD home protaddr.address;
UPDATE customer SET home = 'Kanariegade 1';
SELECT protaddr.confirm_register('regress', new_source => true);
SELECT protaddr.bind_column('customer', 'home', 'cpr');
SELECT protaddr.show(home) FROM customer;
SELECT count(*) AS data_keys FROM protaddr.data_key;
BEGIN;
DROP EXTENSION protaddr CASCADE;
ROLLBACK;
SELECT protaddr.show(home) FROM customer;

-- every object has a comment
SELECT pg_describe_object(d.classid, d.objid, 0) AS without_comment
FROM pg_depend d
WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
  AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'protaddr')
  AND obj_description(d.objid, d.classid::regclass::name) IS NULL
  AND NOT EXISTS (SELECT FROM pg_class c WHERE d.classid = 'pg_class'::regclass AND c.oid = d.objid AND c.relkind = 'S')
  -- since 17 members: row types of tables and views, and array types
  AND NOT EXISTS (SELECT FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
                  WHERE d.classid = 'pg_type'::regclass AND t.oid = d.objid AND (t.typcategory = 'A' OR c.relkind <> 'c'))
ORDER BY 1;
SELECT a.attrelid::regclass AS relation, a.attname AS column_without_comment
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE c.relnamespace = 'protaddr'::regnamespace AND c.relkind IN ('r', 'v') AND a.attnum > 0
  AND col_description(a.attrelid, a.attnum) IS NULL
ORDER BY 1, 2;
SELECT obj_description('protaddr'::regnamespace, 'pg_namespace') IS NOT NULL AS schema_has_comment;

-- what has its names looked up when it runs has its search_path fixed
SELECT p.oid::regprocedure AS late_bound
FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
WHERE p.pronamespace = 'protaddr'::regnamespace AND l.lanname <> 'c' AND p.prosqlbody IS NULL
  AND NOT 'search_path=pg_catalog, pg_temp' = ANY (coalesce(p.proconfig, '{}'))
ORDER BY p.oid::regprocedure::text;
SELECT p.oid::regprocedure AS definer_without_search_path
FROM pg_proc p
WHERE p.pronamespace = 'protaddr'::regnamespace AND p.prosecdef
  AND NOT 'search_path=pg_catalog, pg_temp' = ANY (coalesce(p.proconfig, '{}'))
ORDER BY p.oid::regprocedure::text;
SELECT p.proname AS definer FROM pg_proc p
WHERE p.pronamespace = 'protaddr'::regnamespace AND p.prosecdef ORDER BY p.proname;

-- EXECUTE for everyone: the type's own, the door, and what tells of nobody
SELECT p.proname AS public_may FROM pg_proc p
WHERE p.pronamespace = 'protaddr'::regnamespace
  AND EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
              WHERE a.grantee = 0 AND a.privilege_type = 'EXECUTE')
ORDER BY p.proname;

-- C functions that take NULL: the constructor and the triggers
SELECT p.proname AS not_strict FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
WHERE p.pronamespace = 'protaddr'::regnamespace AND l.lanname = 'c' AND NOT p.proisstrict
ORDER BY p.proname;

-- IMMUTABLE is what depends on its argument alone; the door never is, nor is it PARALLEL SAFE
SELECT p.provolatile, p.proparallel, string_agg(p.proname, ' ' ORDER BY p.proname) AS functions
FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
WHERE p.pronamespace = 'protaddr'::regnamespace AND l.lanname = 'c' AND p.prorettype <> 'trigger'::regtype
GROUP BY 1, 2 ORDER BY 1, 2;
SELECT count(*) AS leakproof FROM pg_proc p WHERE p.pronamespace = 'protaddr'::regnamespace AND p.proleakproof;

-- our own triggers hold in every replication role; what is dumped is what users entered
SELECT t.tgrelid::regclass AS relation, t.tgname, t.tgenabled FROM pg_trigger t
WHERE t.tgrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'protaddr'::regnamespace) AND t.tgenabled <> 'A'
ORDER BY t.tgrelid::regclass::text, t.tgname;
SELECT c.oid::regclass AS dumped, condition
FROM pg_extension e, unnest(e.extconfig, e.extcondition) AS x(relation, condition) JOIN pg_class c ON c.oid = relation
WHERE e.extname = 'protaddr' ORDER BY c.oid::regclass::text;
SELECT c.oid::regclass AS not_dumped FROM pg_class c
WHERE c.relnamespace = 'protaddr'::regnamespace AND c.relkind IN ('r', 'S')
  AND NOT c.oid = ANY (SELECT unnest(extconfig) FROM pg_extension WHERE extname = 'protaddr')
ORDER BY c.oid::regclass::text;

DROP TABLE customer;
DROP EXTENSION protaddr CASCADE;
REVOKE CREATE ON DATABASE :"db" FROM regress_install_other;
DROP ROLE regress_install_other;
