--
-- Payments that come in, as payees see them: whatever a system update puts in the place of a view, it shows no address of
-- another bank's payer, nor of a protected one.  In 2025 a planned update of a bank's system showed them for three months.
--
-- Needs protaddr in shared_preload_libraries, as exports do.
SELECT current_setting('shared_preload_libraries') !~ 'protaddr' AS skip \gset
\if :skip
\quit
\endif
SET client_min_messages = warning;
CREATE EXTENSION protaddr;
CREATE ROLE regress_incoming_app;
CREATE ROLE regress_incoming_update;
CREATE FUNCTION seen(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE r text;
BEGIN
    EXECUTE format('SELECT string_agg(q::text, '' '' ORDER BY q::text) FROM (%s) q', statement) INTO r;
    RETURN r;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
CREATE SCHEMA core;
CREATE SCHEMA online AUTHORIZATION regress_incoming_update;
GRANT USAGE ON SCHEMA core, online TO regress_incoming_app, regress_incoming_update;
CREATE TABLE core.received (id int PRIMARY KEY, payer text, payer_name text, payer_home protaddr.address, text text);
SELECT protaddr.bind_column('core.received', 'payer_home', 'payer');
SELECT protaddr.declare_name('core.received', 'payer_name', '{payer}', 'names of payers'), protaddr.declare_free('core.received', 'payer', 'account numbers');
-- 1: a customer who is free; 2: one who is protected; 3: of another bank; 4: nobody says of whom
INSERT INTO core.received VALUES (1, '6101704001', 'Bo Friis', protaddr.address(strtnm => 'Vestergade', bldgnb => '12', pstcd => '8000', twnnm => 'Aarhus C'), 'rent'),
    (2, '6201704002', 'Inga Skjult', protaddr.address(strtnm => 'Skjultevej', bldgnb => '4', pstcd => '8000', twnnm => 'Aarhus C'), 'from Skjultevej 4, 8000 Aarhus C'),
    (3, 'GB99SAMPLE', 'Sam Sample', protaddr.address(strtnm => 'Sample Street', bldgnb => '9', twnnm => 'Sampleton', ctry => 'GB'), 'thanks'),
    (4, NULL, 'Nobody', protaddr.address(strtnm => 'Fremmedvej', bldgnb => '1', twnnm => 'Aarhus C'), 'hello');

-- a register kept by hand lists nobody; all the same a payer of another bank is unknown to this channel
SELECT protaddr.protect('6201704002', 'manual', 'address') IS NOT NULL AS protected, protaddr.confirm_register('manual', new_source => true);
SELECT id, protaddr.show(protaddr.release(payer_home, 'payee_display')) AS payee_sees FROM core.received ORDER BY id;
SELECT protaddr.link_identity('DK-ACCOUNT-1', '6101704001', 'account');
SELECT protaddr.show(protaddr.release(protaddr.address(strtnm => 'Vestergade', subject => 'DK-ACCOUNT-1'), 'payee_display')) AS a_customer;
SELECT persons, protected FROM protaddr.load_register('DK-CPR', '[{"subject": "6101704001", "protections": []}]');

-- the pattern
SELECT protaddr.declare_export_schema('online', 'payee_display', 'what customers see');
SELECT protaddr.create_display_view('core.received', 'online.received', channel => 'payee_display', reason => 'what customers see');
ALTER VIEW online.received OWNER TO regress_incoming_update;
GRANT SELECT ON core.received TO regress_incoming_update;
GRANT SELECT ON online.received TO regress_incoming_app;
GRANT EXECUTE ON FUNCTION protaddr.release, protaddr.guard(text, text), protaddr.show_name TO regress_incoming_app, regress_incoming_update;
SET ROLE regress_incoming_app;
SELECT id, payer_name, payer_home, text FROM online.received ORDER BY id;
RESET ROLE;
-- shown by policy: town and country
SELECT protaddr.set_channel('payee_display', when_unknown => 'minimum');
SELECT id, payer_home FROM online.received ORDER BY id;
SELECT protaddr.set_channel('payee_display', when_unknown => 'withhold');

-- the update: whoever carries it out owns the schema, and means no harm
GRANT CREATE ON DATABASE contrib_regression TO regress_incoming_update;
SET ROLE regress_incoming_update;
\set VERBOSITY terse
CREATE OR REPLACE VIEW online.received AS SELECT id, payer, payer_name, protaddr.show(payer_home) AS payer_home, text FROM core.received;
CREATE OR REPLACE VIEW online.received AS SELECT id, payer, protaddr.show_name(payer_name, 'payee_display', payer) AS payer_name, protaddr.show(payer_home) AS payer_home, protaddr.guard(text, 'payee_display') AS text FROM core.received;
BEGIN;
DROP VIEW online.received;
CREATE VIEW online.received AS SELECT id, protaddr.show(payer_home) AS payer_home FROM core.received;
ROLLBACK;
CREATE VIEW online.received_new AS SELECT id, protaddr.street_name(payer_home) AS payer_home FROM core.received;
-- made elsewhere, and put in its place
CREATE SCHEMA release_2026_04;
GRANT USAGE ON SCHEMA release_2026_04 TO regress_incoming_app;
CREATE VIEW release_2026_04.received AS SELECT id, protaddr.show(payer_home) AS payer_home, text FROM core.received;
GRANT SELECT ON release_2026_04.received TO regress_incoming_app;
ALTER VIEW online.received RENAME TO received_before;
ALTER VIEW release_2026_04.received SET SCHEMA online;
RESET ROLE;
SET ROLE regress_incoming_app;
SELECT seen('SELECT * FROM online.received'), seen('SELECT id, payer_home FROM online.received_before');
RESET ROLE;
SET ROLE regress_incoming_update;
ALTER VIEW online.received SET SCHEMA release_2026_04;
-- the view is still an export under the name to which it was moved back
SELECT seen('SELECT * FROM release_2026_04.received');
DROP VIEW release_2026_04.received;
-- a table, a materialized view, a function's result
CREATE MATERIALIZED VIEW online.received AS SELECT id, protaddr.show(payer_home) AS payer_home FROM core.received WITH NO DATA;
DROP MATERIALIZED VIEW online.received;
CREATE TABLE online.received AS SELECT id, protaddr.show(payer_home) AS payer_home FROM core.received;
SELECT seen('SELECT * FROM online.received');
DROP TABLE online.received;
CREATE FUNCTION release_2026_04.home(protaddr.address) RETURNS text LANGUAGE sql SECURITY DEFINER RETURN protaddr.show($1);
CREATE VIEW online.received AS SELECT id, release_2026_04.home(payer_home) AS payer_home FROM core.received;
-- the schema itself, made anew
CREATE SCHEMA next;
CREATE VIEW next.received AS SELECT id, protaddr.show(payer_home) AS payer_home FROM core.received;
GRANT USAGE ON SCHEMA next TO regress_incoming_app;
GRANT SELECT ON next.received TO regress_incoming_app;
ALTER SCHEMA online RENAME TO online_before;
ALTER SCHEMA next RENAME TO online;
RESET ROLE;
SET ROLE regress_incoming_app;
SELECT seen('SELECT * FROM online.received'), seen('SELECT id, payer_home FROM online_before.received_before');
RESET ROLE;
SET ROLE regress_incoming_update;
DROP SCHEMA online CASCADE;
ALTER SCHEMA online_before RENAME TO online;
ALTER VIEW online.received_before RENAME TO received;
-- another schema in front is no export, until it is declared: what everybody inside the bank is shown
CREATE SCHEMA in_front;
CREATE VIEW in_front.received AS SELECT id, protaddr.show(payer_home) AS payer_home FROM core.received;
GRANT USAGE ON SCHEMA in_front TO regress_incoming_app;
GRANT SELECT ON in_front.received TO regress_incoming_app;
RESET ROLE;
SET ROLE regress_incoming_app;
SET search_path = in_front, online;
SELECT public.seen('SELECT id, payer_home FROM received');
RESET search_path;
SELECT id, payer_name, payer_home, text FROM online.received ORDER BY id;
RESET ROLE;
\set VERBOSITY default

DROP EXTENSION protaddr CASCADE;
DROP SCHEMA core, online, release_2026_04, in_front CASCADE;
DROP FUNCTION seen(text);
REVOKE CREATE ON DATABASE contrib_regression FROM regress_incoming_update;
DROP ROLE regress_incoming_app, regress_incoming_update;
