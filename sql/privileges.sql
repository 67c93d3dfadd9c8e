--
-- Who may do what, and can anybody make our functions do more than they say?
--
SET client_min_messages = warning;
CREATE EXTENSION protaddr;
CREATE ROLE regress_privileges_nobody;
CREATE ROLE regress_privileges_clerk;
CREATE ROLE regress_privileges_monitor;
GRANT pg_monitor TO regress_privileges_monitor;
GRANT EXECUTE ON FUNCTION protaddr.protect, protaddr.lift, protaddr.load_cpr, protaddr.confirm_register TO regress_privileges_clerk;
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
INSERT INTO customer VALUES ('6101704001', 'Vestergade 1'), ('6201704002', 'Kanariegade 2');
GRANT ALL ON customer TO PUBLIC;
SELECT protaddr.protect('6201704002', 'DK-CPR', '0001'), protaddr.confirm_register('regress', new_source => true);
SELECT protaddr.rotate_data_key() IS NOT NULL AS rotated;

-- every function: who may execute it
CREATE TABLE may (signature text PRIMARY KEY, who text);
COPY may FROM STDIN (DELIMITER '|');
protaddr.address(text,text,text,text,text,text,text,text,text,text,text,text,text,text,text,text,text,text[],text)|none
protaddr.address_cmp(protaddr.address,protaddr.address)|all
protaddr.acting_login()|none
protaddr.approve_unlock(bigint,boolean,text,integer,interval)|none
protaddr.clearance_used(bigint)|all
protaddr.grant_clearance(name,text,timestamp with time zone,integer,text,timestamp with time zone,text[])|none
protaddr.is_one_person(oid,oid)|none
protaddr.is_still_role(oid,text,text)|all
protaddr.processor_review(text,text,timestamp with time zone,text)|none
protaddr.set_processor(text,text,text,timestamp with time zone,timestamp with time zone,text,name[])|none
protaddr.request_unlock(text,text,text,integer,interval)|all
protaddr.revoke_clearance(name,text)|none
protaddr.set_purpose(text,text,boolean,boolean,text,boolean)|none
protaddr.unlock(text,text,bigint)|all
protaddr.unlock_request_used(bigint)|all
protaddr.address_column(oid)|all
protaddr.add_bound_source(regclass,name,name)|all
protaddr.audit_anchor()|none
protaddr.audit_checkpoint()|none
protaddr.audit_mark()|none
protaddr.audit_records(timestamp with time zone,timestamp with time zone)|none
protaddr.audit_sign(text,text,text)|none
protaddr.audit_trail(timestamp with time zone,timestamp with time zone,text,text)|none
protaddr.audit_verify(text[],text[])|none
protaddr.bound_row_written()|all
protaddr.declare_address_columns(regclass,name,name,name,name,name,name,name,name)|none
protaddr.declared_row_written()|none
protaddr.derive_guard_anew()|none
protaddr.check_export(text,text)|all
protaddr.create_display_view(regclass,text,text,text)|all
protaddr.create_export(regclass,text,text,text)|none
protaddr.export_channel(oid)|all
protaddr.export_csv(regclass,name[],boolean,text,boolean)|all
protaddr.export_jsonl(regclass,name[])|all
protaddr.export_manifest()|all
protaddr.last_export()|all
protaddr.export_column(regclass,name,text)|all
protaddr.suggest_export(regclass,text)|all
protaddr.try_export(text,text)|all
protaddr.declare_export(regclass,text,name[],text)|none
protaddr.declare_export_schema(regnamespace,text,text)|none
protaddr.declare_free(regclass,name,text)|none
protaddr.clear_columns()|none
protaddr.declare_location(regclass,name,text,name[])|none
protaddr.set_way_out(text,boolean,text,text)|none
protaddr.way_out_refused(text,text)|none
protaddr.declare_name(regclass,name,name[],text)|none
protaddr.declare_proxy(regclass,name,text,name[],text)|none
protaddr.follow_proxy_columns()|none
protaddr.proxy_expression(oid,name,text,text)|all
protaddr.show_location(anyelement,text,text[])|none
protaddr.show_name(text,text,text[])|none
protaddr.undeclare_location(text,name,text)|none
protaddr.undeclare_name(text,name,text)|none
protaddr.undeclare_proxy(text,name,text,text)|none
protaddr.vop_answer(text,text)|none
protaddr.declare_safe(regprocedure,text)|none
protaddr.explain_export(regclass,text)|all
protaddr.export_name(text,text)|all
protaddr.export_verdict(oid)|all
protaddr.exports_are_kept()|all
protaddr.function_definition(oid)|none
protaddr.function_name(oid)|all
protaddr.undeclare_export(text,text)|none
protaddr.undeclare_free(regclass,name,text)|none
protaddr.undeclare_safe(text,text)|none
protaddr.find_protected(text)|none
protaddr.guard(anyelement,text)|none
protaddr.guard(bytea,text,text)|none
protaddr.guard(text,text)|none
protaddr.guard_address(protaddr.address,text,timestamp with time zone)|none
protaddr.guard_session()|none
protaddr.guard_status()|none
protaddr.guarded_address_written()|none
protaddr.identifier_key("any")|all
protaddr.index_identifiers(regclass,name)|all
protaddr.refresh_guard()|none
protaddr.forget_sweeps(interval,interval)|none
protaddr.regate(regclass,integer,interval,bigint)|none
protaddr.regate_dry_run(regclass)|none
protaddr.sweep(regclass,regnamespace,name,timestamp with time zone,timestamp with time zone,text,integer,interval,bigint)|none
protaddr.sweep_done(bigint,text)|none
protaddr.undo_sweep(bigint,bigint)|none
protaddr.unguard_address(bigint,text)|none
protaddr.undeclare_address_columns(regclass,name)|none
protaddr.address_eq(protaddr.address,protaddr.address)|all
protaddr.address_ge(protaddr.address,protaddr.address)|all
protaddr.address_gt(protaddr.address,protaddr.address)|all
protaddr.address_hash(protaddr.address)|all
protaddr.address_hash_extended(protaddr.address,bigint)|all
protaddr.address_in(cstring)|all
protaddr.address_le(protaddr.address,protaddr.address)|all
protaddr.address_lt(protaddr.address,protaddr.address)|all
protaddr.address_ne(protaddr.address,protaddr.address)|all
protaddr.address_out(protaddr.address)|all
protaddr.address_recv(internal)|all
protaddr.address_send(protaddr.address)|all
protaddr.adopt_data_keys(text)|none
protaddr.bind_column(regclass,name,name)|none
protaddr.bind_row()|none
protaddr.bind_rows(regclass,name)|all
protaddr.bound_values(regclass,name,name)|none
protaddr.build_shared_picture()|none
protaddr.building_name(protaddr.address)|all
protaddr.building_number(protaddr.address)|all
protaddr.care_of(protaddr.address)|all
protaddr.channel_action_words()|all
protaddr.channel_actions(protaddr.channel)|all
protaddr.carry_out_held(regclass,bigint)|none
protaddr.check_hold(regclass,name,text,name[],name[])|all
protaddr.stored_as(regclass,name,text)|all
protaddr.check_delivery(text,protaddr.load_counts,boolean,boolean,bigint,bigint)|none
protaddr.check_load(text,text,text,bigint,bigint,timestamp with time zone,boolean)|none
protaddr.declare_feed(text,text[],text,bigint)|none
protaddr.feed_position(text,text)|none
protaddr.feed_date(text)|all
protaddr.feed_dvv(jsonb)|all
protaddr.feed_later(text,text)|all
protaddr.feed_lo3(text,integer)|all
protaddr.feed_person(text,jsonb)|all
protaddr.feed_swedish(text,jsonb,jsonb,boolean)|all
protaddr.feed_text(jsonb)|all
protaddr.feed_time(text)|all
protaddr.feed_told(jsonb)|all
protaddr.feed_xml(xml)|all
protaddr.identifier_problem(text,text)|all
protaddr.json_document(text)|all
protaddr.read_datafordeler(jsonb)|all
protaddr.read_dvv(jsonb)|all
protaddr.read_dvv_substitutes(jsonb)|all
protaddr.read_ech(xml,boolean)|all
protaddr.read_folkeregisteret(jsonb,boolean)|all
protaddr.read_folkeregisteret(xml,boolean)|all
protaddr.read_folkeregisteret_events(jsonb,boolean)|all
protaddr.read_haal_centraal(jsonb,boolean)|all
protaddr.read_lo3(text)|all
protaddr.read_mitid(jsonb,text)|all
protaddr.read_navet(xml,boolean)|all
protaddr.read_pdl(jsonb)|all
protaddr.read_spar(xml,boolean)|all
protaddr.read_vtj(jsonb)|all
protaddr.read_vtj(xml)|all
protaddr.refuse_document(text,text,text)|all
protaddr.xml_document(text)|all
protaddr.load_cpr_bytes(bytea,text,text,text,boolean,text[],protaddr.load_asked)|none
protaddr.load_cpr_delivery(bytea,text,text,text,text,boolean,text,bigint,bigint,boolean,text)|none
protaddr.load_cpr_file(text,text,text,text,boolean,text,bigint,bigint,boolean,text)|none
protaddr.load_cpr_path(text,text,text,text,boolean,text[],protaddr.load_asked)|none
protaddr.load_delivered_rows(text,text,jsonb,text,bigint,bigint,boolean,text,bigint,bigint,timestamp with time zone,text,boolean)|none
protaddr.load_register(text,jsonb,text,text,bigint,bigint,boolean,text,bigint,bigint,timestamp with time zone,text,boolean)|none
protaddr.load_rows(text,text,text,jsonb,bigint,bigint,protaddr.load_asked)|none
protaddr.load_staged(text,text,text,bigint,bigint,boolean,text,bigint,bigint,timestamp with time zone,text,boolean)|none
protaddr.lock_source(text)|none
protaddr.may_read_protections()|none
protaddr.may_write(protaddr.load_asked,protaddr.load_counts)|none
protaddr.record_delivery(text,text,text,date,date,protaddr.load_counts,text,text,boolean,text,boolean,bigint,bigint,timestamp with time zone)|none
protaddr.rows_of(jsonb)|none
protaddr.set_register(text,integer,numeric,interval,text,boolean)|none
protaddr.told_result(protaddr.load_counts,text,date,text)|none
protaddr.undo_delivery(text,text,text)|none
protaddr.end_planned(text,bigint)|none
protaddr.end_due(text,bigint,boolean)|none
protaddr.check_lifts(text,bigint,bigint,bigint,text,text)|none
protaddr.confirm_register(text,interval,boolean)|clerk
protaddr.country(protaddr.address)|all
protaddr.country_subdivision(protaddr.address)|all
protaddr.cpr_file_start(text)|none
protaddr.cpr_header(bytea,text)|none
protaddr.crypto_library()|monitor
protaddr.data_key_available(bigint)|monitor
protaddr.decide_held(bigint,text,text,boolean)|none
protaddr.drop_birth_data(text)|none
protaddr.drop_substitute(text)|none
protaddr.end_channel(text,timestamp with time zone)|none
protaddr.explain_release(protaddr.address,text,numeric,text,text,timestamp with time zone,text)|none
protaddr.floor(protaddr.address)|all
protaddr.forget_linked_transfers(timestamp with time zone)|none
protaddr.forget_rows(text,timestamp with time zone)|none
protaddr.forget_subject(text,timestamp with time zone,text)|none
protaddr.gate_check()|none
protaddr.gate_column(regclass,name,text)|all
protaddr.gate_row()|none
protaddr.gate_state(oid)|all
protaddr.gate_summary()|all
protaddr.gates_are_kept()|all
protaddr.held_rows(regclass)|none
protaddr.identity_link_checked()|none
protaddr.install_gate(regclass,text,name,name,name,name,text,name,jsonb,jsonb,name,text,jsonb,jsonb)|none
protaddr.is_protected(text)|none
protaddr.keep_of_number(text,text,text,text,timestamp with time zone,text)|none
protaddr.kind_of(text,text)|none
protaddr.lift(text,text,text,text)|clerk
protaddr.link_identity(text,text,text)|none
protaddr.load_cpr(bytea,text,text,text,boolean,text,bigint,bigint,boolean,text)|clerk
protaddr.lock_own_table(regclass,boolean)|all
protaddr.note_channel_change()|none
protaddr.new_id()|none
protaddr.note_refusal(text,text,text,date,text)|none
protaddr.outer_key_name()|monitor
protaddr.own_script_runs()|none
protaddr.own_table_changed()|none
protaddr.numbers_of(text)|none
protaddr.part_numbers(text[],text[],text,text,timestamp with time zone)|none
protaddr.people_of(text)|none
protaddr.post_box(protaddr.address)|all
protaddr.post_code(protaddr.address)|all
protaddr.protect(text,text,text,timestamp with time zone,date,text,boolean)|clerk
protaddr.protected_between(timestamp with time zone,timestamp with time zone,timestamp with time zone)|none
protaddr.protection_at(text,timestamp with time zone,timestamp with time zone)|none
protaddr.protection_history(text)|none
protaddr.rebind_column(regclass,name)|none
protaddr.register_max_age()|all
protaddr.register_person_added()|none
protaddr.reinstate_data_key(text,text)|none
protaddr.reseal(regclass,name,integer)|none
protaddr.resealed(protaddr.address)|none
protaddr.retire_data_key(text,text,boolean,boolean)|none
protaddr.register_ready()|all
protaddr.replica_behind()|all
protaddr.register_review_values()|none
protaddr.release(protaddr.address,text,numeric,text,text,timestamp with time zone,text)|none
protaddr.release_held(bigint,text,text)|none
protaddr.release_json(json,text,timestamp with time zone)|none
protaddr.release_json(jsonb,text,timestamp with time zone)|none
protaddr.release_json(text,text,timestamp with time zone)|none
protaddr.release_message(bytea,text,timestamp with time zone)|none
protaddr.release_message(text,text,timestamp with time zone)|none
protaddr.release_message(xml,text,timestamp with time zone)|none
protaddr.release_mt(text,text,timestamp with time zone)|none
protaddr.remove_gate(regclass)|none
protaddr.retire_register(text)|none
protaddr.room(protaddr.address)|all
protaddr.rotate_data_key()|none
protaddr.set_birth_data(text,date,text,text,text)|none
protaddr.set_channel(text,text,text,numeric,text,text,interval,text,text,text,text,boolean,text,text,timestamp with time zone,boolean,text,boolean,text,text)|none
protaddr.set_exchange_rate(text,numeric,text)|none
protaddr.set_substitute(text,protaddr.address,text)|none
protaddr.shared_picture_status()|monitor
protaddr.show(protaddr.address)|all
protaddr.show_iso(protaddr.address)|all
protaddr.street_name(protaddr.address)|all
protaddr.subject_key(text)|all
protaddr.subject_type(oid)|all
protaddr.subjects_of(protaddr.address)|none
protaddr.substitute_fits(protaddr.address,text)|none
protaddr.take_over_shipped_row()|none
protaddr.text_columns(regclass)|all
protaddr.text_encoding_known(text)|all
protaddr.text_type(oid)|all
protaddr.this_database()|all
protaddr.town_location_name(protaddr.address)|all
protaddr.town_name(protaddr.address)|all
protaddr.trigger_arguments(oid)|all
protaddr.unbind_column(regclass,name,name)|none
protaddr.unknown_people(regclass,name)|none
protaddr.unlink_identity(text,text)|none
protaddr.verify_gate(regclass,regclass,tid)|none
\.
SELECT coalesce(p.oid::regprocedure::text, 'no function: ' || m.signature) AS function, role, m.who, has_function_privilege(role, p.oid, 'EXECUTE') AS may
FROM (SELECT oid FROM pg_proc WHERE pronamespace = 'protaddr'::regnamespace) p FULL JOIN may m ON m.signature = p.oid::regprocedure::text,
    unnest('{regress_privileges_nobody,regress_privileges_clerk,regress_privileges_monitor}'::name[]) role
WHERE has_function_privilege(role, p.oid, 'EXECUTE') IS DISTINCT FROM (m.who = 'all' OR role = 'regress_privileges_' || m.who)
ORDER BY 1, 2;
-- and what may not be executed is not
GRANT SELECT ON may TO PUBLIC;
SET ROLE regress_privileges_nobody;
SELECT left(r, 5) AS refused, count(*) > 0 AS some FROM (SELECT refusal(format('SELECT protaddr.%I(%s)', p.proname,
        (SELECT string_agg(CASE WHEN p.provariadic <> 0 AND n = p.pronargs THEN 'VARIADIC ' ELSE '' END || '(SELECT NULL::' || t::regtype || ')', ', ' ORDER BY n) FROM unnest(p.proargtypes) WITH ORDINALITY u(t, n)))) AS r
    FROM may m JOIN pg_proc p ON p.oid = m.signature::regprocedure WHERE who <> 'all' AND p.prokind = 'f') t GROUP BY 1 ORDER BY 1;
RESET ROLE;

-- every table and view: what an ordinary role may do with it
SELECT c.oid::regclass AS relation, string_agg(privilege, ' ' ORDER BY privilege) AS nobody_may
FROM pg_class c, unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) privilege
WHERE c.relnamespace = 'protaddr'::regnamespace AND c.relkind IN ('r', 'v') AND has_table_privilege('regress_privileges_nobody', c.oid, privilege)
GROUP BY c.oid ORDER BY c.oid::regclass::text;
SELECT c.oid::regclass AS relation FROM pg_class c
WHERE c.relnamespace = 'protaddr'::regnamespace AND c.relkind IN ('r', 'v') AND NOT has_table_privilege('regress_privileges_nobody', c.oid, 'SELECT')
  AND (has_any_column_privilege('regress_privileges_nobody', c.oid, 'SELECT') OR has_any_column_privilege('regress_privileges_nobody', c.oid, 'UPDATE')) ORDER BY 1;
SELECT (SELECT count(*) FROM pg_class WHERE relnamespace = 'protaddr'::regnamespace AND relkind = 'S') AS sequences,
       has_schema_privilege('regress_privileges_nobody', 'protaddr', 'CREATE') AS create_in_schema, has_type_privilege('regress_privileges_nobody', 'protaddr.address', 'USAGE') AS type;
SELECT c.oid::regclass AS monitor_may_also_read FROM pg_class c
WHERE c.relnamespace = 'protaddr'::regnamespace AND c.relkind IN ('r', 'v') AND has_table_privilege('regress_privileges_monitor', c.oid, 'SELECT')
  AND NOT has_table_privilege('regress_privileges_nobody', c.oid, 'SELECT') ORDER BY c.oid::regclass::text;
SET ROLE regress_privileges_monitor;
SELECT count(*) AS keys, bool_and(usable) AS usable FROM protaddr.key_status;
SELECT source, status, protected FROM protaddr.register_status ORDER BY source;
SELECT refusal('SELECT * FROM protaddr.protection'), refusal('SELECT wrapped FROM protaddr.data_key');

-- an ordinary role: writes, reads, is shown what everyone is; nothing it does shows more
SET ROLE regress_privileges_nobody;
SELECT cpr, protaddr.show(home), protaddr.street_name(home) FROM customer ORDER BY cpr;
UPDATE customer SET home = home::text::protaddr.address, cpr = CASE cpr WHEN '6201704002' THEN '6801704009' ELSE cpr END;
INSERT INTO customer VALUES ('6301704003', (SELECT home FROM customer WHERE cpr = '6801704009'));
SELECT cpr, protaddr.show(home) FROM customer ORDER BY cpr;
CREATE TEMP TABLE mine AS SELECT '6101704001' AS cpr, home, protaddr.show_iso(home) AS iso FROM customer WHERE cpr = '6801704009';
SELECT protaddr.show(home), iso FROM mine;
SELECT count(*) AS statements, count(*) FILTER (WHERE refusal(s) LIKE '42501 %') AS refused FROM (VALUES (1, 'SELECT protaddr.bind_column(''mine'', ''home'', ''cpr'')'), (2, 'CREATE TRIGGER t BEFORE UPDATE ON mine FOR EACH ROW EXECUTE FUNCTION protaddr.bind_row(''home'', ''cpr'')'),
    (3, 'CREATE TRIGGER t BEFORE UPDATE ON mine FOR EACH ROW EXECUTE FUNCTION protaddr.gate_row(''sepa'', ''cpr'')'), (4, 'ALTER TABLE customer DISABLE TRIGGER ALL'),
    (5, 'SET session_replication_role = replica'), (6, 'ALTER FUNCTION protaddr.show(protaddr.address) COST 1'), (7, 'CREATE OR REPLACE FUNCTION protaddr.show(text) RETURNS text LANGUAGE sql RETURN $1'),
    (8, 'CREATE CAST (protaddr.address AS text) WITH INOUT AS IMPLICIT'), (9, 'INSERT INTO protaddr.channel (channel, route, description, legal_basis) VALUES (''mine'', ''display'', ''x'', ''x'')'), (10, 'LOCK protaddr.protection IN ACCESS EXCLUSIVE MODE'),
    (11, 'COMMENT ON EXTENSION protaddr IS ''x'''), (12, 'DROP EXTENSION protaddr CASCADE')) v(n, s);
DROP TABLE mine;

-- who may lift, load and confirm is shown nothing by it
SET ROLE regress_privileges_clerk;
SELECT refusal('SELECT * FROM protaddr.protection'), refusal('SELECT protaddr.is_protected(''6201704002'')'), refusal('SELECT * FROM protaddr.register_status');
BEGIN;
SELECT protaddr.lift('6201704002', 'DK-CPR', '0001');
SELECT protaddr.show(home) FROM customer WHERE cpr = '6801704009';
ROLLBACK;
DO $$ BEGIN PERFORM protaddr.lift('6201704002', 'DK-CPR', '0001'); RAISE WARNING '%', (SELECT protaddr.show(home) FROM customer WHERE cpr = '6801704009'); RAISE division_by_zero;
EXCEPTION WHEN division_by_zero THEN RAISE WARNING '%', (SELECT protaddr.show(home) FROM customer WHERE cpr = '6801704009'); END $$;
WITH l AS MATERIALIZED (SELECT protaddr.lift('6201704002', 'DK-CPR', '0001') AS lifted) SELECT lifted, (SELECT protaddr.show(home) FROM customer WHERE cpr = '6801704009' AND lifted) FROM l;
SELECT protaddr.protect('6201704002', 'DK-CPR', '0001', reason => 'by the clerk') AS protected_again;
RESET ROLE;
SELECT protaddr.show(home) FROM customer WHERE cpr = '6801704009';
SELECT DISTINCT recorded_by = session_user AS by_the_login_role FROM protaddr.protection;

-- hostile names, first in the path and in pg_temp: not one of them is called
CREATE SCHEMA regress_evil;
GRANT ALL ON SCHEMA regress_evil TO regress_privileges_clerk;
SET ROLE regress_privileges_clerk;
DO $$
DECLARE o text; t text;
BEGIN
    FOREACH t IN ARRAY '{text,oid,name,timestamptz,bigint,"\"char\"",boolean,int2,int4,regclass}'::text[] LOOP
        EXECUTE format('CREATE FUNCTION regress_evil.evil(%s, %1$s) RETURNS boolean LANGUAGE plpgsql AS ''BEGIN RAISE WARNING ''''evil operator''''; RETURN true; END''', t);
        FOREACH o IN ARRAY '{=,<>,<,>,>=,<=}'::text[] LOOP
            EXECUTE format('CREATE OPERATOR regress_evil.%s (LEFTARG = %s, RIGHTARG = %2$s, FUNCTION = regress_evil.evil)', o, t);
        END LOOP;
    END LOOP;
    FOREACH t IN ARRAY string_to_array('btrim(text);btrim(text,text);subject_key(text);lower(text);upper(text);to_hex(bigint);lpad(text,int,text);quote_ident(text);format(text,text,text);pg_partition_tree(regclass);octet_length(bytea);clock_timestamp();length(text)', ';') LOOP
        EXECUTE format('CREATE FUNCTION regress_evil.%s RETURNS text LANGUAGE plpgsql AS ''BEGIN RAISE WARNING ''''evil function''''; RETURN NULL; END''', t);
        EXECUTE format('CREATE FUNCTION pg_temp.%s RETURNS text LANGUAGE plpgsql AS ''BEGIN RAISE WARNING ''''evil function''''; RETURN NULL; END''', t);
    END LOOP;
END $$;
CREATE TEMP TABLE protection (LIKE customer); CREATE TEMP TABLE regime_code (code text); CREATE TEMP TABLE register_source (source text); CREATE TEMP TABLE pg_class (oid oid);
CREATE TEMP TABLE pg_trigger (oid oid); CREATE TEMP TABLE pg_attribute (oid oid); CREATE TEMP TABLE channel (channel text); CREATE DOMAIN pg_temp.address AS text;
SET search_path = regress_evil, pg_temp, pg_catalog, public;
-- they do answer when they are called
SELECT 'a'::text = 'b'::text AS evil, clock_timestamp() IS NULL AS evil_too;
SELECT protaddr.protect('6401704004', 'DK-CPR', '0001'), protaddr.lift('6401704004', 'DK-CPR', '0001'), protaddr.confirm_register('evil', new_source => true);
SELECT protaddr.protect('6401704004', 'DK-CPR', '0001'), protaddr.protect('6401704004', 'DK-CPR', '0002'), protaddr.subject_key('64-01704004');
\set content `base64 -w0 < "$PG_ABS_SRCDIR/test/data/cpr_fixture.txt"`
SELECT l.persons, l.protected FROM protaddr.load_cpr(decode(:'content', 'base64')) l;
SELECT relation, status FROM protaddr.bound_column ORDER BY relation::text;
SELECT count(*) FROM protaddr.gate_status;
RESET ROLE;
SELECT protaddr.rotate_data_key() IS NOT NULL AS rotated, protaddr.kind_of('DK-CPR', '0002') AS kind, protaddr.retire_register('evil') AS retired;
SELECT protaddr.set_channel('evil', 'hold', route => 'union', small_amount => 1, small_currency => 'EUR', when_small => 'block', linked_within => '1 hour', description => 'Test', legal_basis => 'none'), protaddr.end_channel('evil', '2099-01-01'), protaddr.set_exchange_rate('DKK', 0.1), protaddr.forget_linked_transfers(), protaddr.set_birth_data('1', '1970-01-01', 'x', 'DK'), protaddr.drop_birth_data('1');
SELECT action, rule FROM protaddr.explain_release(protaddr.address(strtnm => 'Vestergade', subject => '6201704002'), 'evil', 5, 'DKK', 'x');
SELECT bool_and(key_id IS NOT NULL AND usable) AS keys FROM protaddr.key_status;
SELECT source, status, protected FROM protaddr.register_status ORDER BY source;
\set VERBOSITY terse
SELECT protaddr.bind_column('public.customer', 'home', 'home') AS refused;
SELECT protaddr.unbind_column('public.customer', 'home') AS unbound;
SELECT protaddr.bind_column('public.customer', 'home', 'cpr') AS bound;
CREATE TABLE public.outbound_payment (payer text, address protaddr.address, note text);
SELECT protaddr.install_gate('public.outbound_payment', 'sepa', 'payer');
INSERT INTO public.outbound_payment SELECT cpr, home FROM public.customer;
SELECT count(*) AS not_released FROM protaddr.verify_gate('public.outbound_payment');
SELECT count(*) AS held FROM protaddr.held_rows();
SELECT protaddr.remove_gate('public.outbound_payment') AS removed;
RESET search_path;
SELECT payer, protaddr.show(address) FROM outbound_payment ORDER BY payer;
SELECT subject, code, kind FROM protaddr.protection WHERE source = 'hand' AND recorded_to = 'infinity' AND valid_to = 'infinity' ORDER BY subject, code;

DROP SCHEMA regress_evil CASCADE;
DISCARD TEMP;
DROP TABLE customer, may, outbound_payment;
DROP FUNCTION refusal;
DROP EXTENSION protaddr CASCADE;
DROP ROLE regress_privileges_nobody, regress_privileges_clerk, regress_privileges_monitor;
