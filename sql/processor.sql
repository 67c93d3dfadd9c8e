--
-- Processors: what is shown to their roles, and until when?
--
SET client_min_messages = warning;
CREATE EXTENSION protaddr;
SELECT session_user AS installer \gset
CREATE ROLE regress_proc_acme;
CREATE ROLE regress_proc_anna LOGIN IN ROLE regress_proc_acme;
CREATE ROLE regress_proc_beta LOGIN CONNECTION LIMIT 3 VALID UNTIL '2001-01-01';
CREATE ROLE regress_proc_clerk LOGIN;
CREATE FUNCTION refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
SELECT persons, protected FROM protaddr.load_register('DK-CPR', '[{"subject": "6101704001", "protections": []}, {"subject": "6201704002", "protections": [{"code": "0001"}]}]');
CREATE TABLE home (n int PRIMARY KEY, cpr text, address protaddr.address);
SELECT protaddr.bind_column('home', 'address', 'cpr');
INSERT INTO home VALUES (1, '6101704001', 'Vestergade 1'), (2, '6201704002', 'Kanarie' || 'gade 2');
CREATE TABLE payment (id int PRIMARY KEY, payer text, address protaddr.address);
SELECT protaddr.install_gate('payment', 'sepa', subject => 'payer');
CREATE TABLE asked (id int PRIMARY KEY, payer text, address protaddr.address);
SELECT protaddr.install_gate('asked', 'psp_request', subject => 'payer');
GRANT SELECT ON home TO PUBLIC;
GRANT SELECT, INSERT ON payment, asked TO regress_proc_acme, regress_proc_clerk;
GRANT CREATE ON SCHEMA public TO regress_proc_acme, regress_proc_anna;
GRANT EXECUTE ON FUNCTION protaddr.processor_review, protaddr.explain_release TO regress_proc_anna;

-- what cannot be said
SELECT refusal(format('SELECT protaddr.set_processor(%s)', said)) FROM (VALUES (1, '''Acme'''), (2, 'NULL, ''C-1'', ''by letter'', now() + interval ''1 day'', now() + interval ''1 day'', roles => ''{regress_proc_acme}'''),
    (3, '''Acme'', ''C-1'', ''by letter'', now() + interval ''1 day'', now() + interval ''1 day'', roles => ''{regress_proc_nobody}'''),
    (4, '''Acme'', '' '', ''by letter'', now() + interval ''1 day'', now() + interval ''1 day'', roles => ''{regress_proc_acme}'''),
    (5, '''Acme'', ''C-1'', ''by letter'', ''infinity'', now() + interval ''1 day'', roles => ''{regress_proc_acme}'''),
    (6, '''Acme'', ''C-1'', ''by letter'', now() + interval ''1 day'', now() + interval ''1 day'', ''shrug'', ''{regress_proc_acme}''')) t(n, said) ORDER BY n;
SELECT protaddr.set_processor('Acme', 'C-1', 'as agreed by letter', now() + interval '30 days', now() + interval '10 days', roles => '{regress_proc_acme}'),
    protaddr.set_processor('Beta', 'C-2', 'as agreed by mail', now() + interval '30 days', now() + interval '10 days', 'warn', '{regress_proc_beta}');
SELECT processor, status, contract, when_overdue, roles, last_review FROM protaddr.processor_status ORDER BY processor;

-- while the contract runs they see what everybody does
\c - regress_proc_anna
SELECT n, protaddr.show(address) FROM home ORDER BY n;
CREATE FUNCTION by_anna(int) RETURNS text LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp BEGIN ATOMIC SELECT protaddr.show(address) FROM public.home WHERE n = $1; END;
INSERT INTO payment SELECT 1, cpr, address FROM home WHERE n = 1;
SELECT protaddr.show(address) FROM payment;
SELECT protaddr.processor_review('Acme', 'passed', now() + interval '1 year');

-- a review overdue
\c - :installer
SELECT protaddr.set_processor('Acme', review_due => now()), protaddr.set_processor('Beta', review_due => now());
SELECT processor, status FROM protaddr.processor_status ORDER BY processor;
\c - regress_proc_beta
SELECT n, protaddr.show(address) FROM home ORDER BY n;
\c - regress_proc_anna
SELECT n, protaddr.show(address), protaddr.show_iso(address), protaddr.street_name(address) FROM home ORDER BY n;
SELECT protaddr.show(address) FROM payment;
SELECT action, because, rule FROM home, protaddr.explain_release(address, 'sepa') WHERE n = 1;
-- no door: gates withhold, or hold
INSERT INTO payment SELECT 2, cpr, address FROM home WHERE n = 1;
INSERT INTO asked SELECT 1, cpr, address FROM home WHERE n = 1;
\c - :installer
SELECT id, protaddr.show(address) FROM payment ORDER BY id;
SELECT count(*) AS held FROM protaddr.held;
-- nor through others: as a group, as its member, in functions of theirs
\c - regress_proc_clerk
SELECT n, protaddr.show(address), by_anna(n) FROM home ORDER BY n;
\c - :installer
GRANT regress_proc_acme TO regress_proc_clerk;
\c - regress_proc_clerk
SELECT protaddr.show(address) FROM home WHERE n = 1;
\c - :installer
REVOKE regress_proc_acme FROM regress_proc_clerk;
SELECT protaddr.show(address) FROM home WHERE n = 1;
SET ROLE regress_proc_anna;
SELECT protaddr.show(address) FROM home WHERE n = 1;
RESET ROLE;
SET SESSION AUTHORIZATION regress_proc_anna;
SELECT protaddr.show(address) FROM home WHERE n = 1;
RESET SESSION AUTHORIZATION;
-- a clearance does not help
SELECT protaddr.grant_clearance('regress_proc_anna', 'incident', now() + interval '1 year', 10, 'C-1') > 0 AS granted;
\c - regress_proc_anna
SELECT protaddr.unlock('incident', 'R-1') > 0 AS unlocked\; SELECT n, protaddr.show(address) FROM home ORDER BY n;

-- reviews
\c - :installer
SELECT refusal(format('SELECT protaddr.processor_review(%s)', said)) FROM (VALUES (1, '''Nobody'', ''passed'', now() + interval ''1 year'''), (2, '''Acme'', ''passed'', now()'), (3, '''Acme'', ''passed'', ''infinity'''), (4, '''Acme'', ''well'', now() + interval ''1 year'''), (5, '''Acme'', NULL, now() + interval ''1 year'''),
    (6, '''Acme'', ''passed'', NULL')) t(n, said) ORDER BY n;
SELECT refusal($$SELECT protaddr.set_processor('Acme', review_due => now() + interval '1 year')$$);
SELECT protaddr.processor_review('Acme', 'passed with conditions', now() + interval '1 year', 'passwords');
\c - regress_proc_anna
SELECT protaddr.show(address) FROM home WHERE n = 1;
\c - :installer
SELECT protaddr.processor_review('Acme', 'failed', NULL);
SELECT processor, status, last_review, reviewed_by = session_user AS by_me FROM protaddr.processor_status ORDER BY processor;
SELECT refusal('DELETE FROM protaddr.processor_reviewed'), refusal('UPDATE protaddr.processor_reviewed SET outcome = ''passed''');
SELECT protaddr.processor_review('Acme', 'passed', now() + interval '1 year');

-- a contract that ends while everything is open
SELECT protaddr.set_processor('Acme', contract_until => clock_timestamp() + interval '2.5 seconds');
\c - regress_proc_anna
PREPARE look AS SELECT protaddr.show(address) FROM home WHERE n = 1;
BEGIN;
DECLARE c CURSOR FOR SELECT protaddr.show(address) FROM generate_series(1, 3), home WHERE home.n = 1;
FETCH 1 c;
EXECUTE look;
SELECT count(*) FILTER (WHERE seen <> '[address withheld]') > 0 AS before, count(*) FILTER (WHERE seen = '[address withheld]') > 0 AS after
FROM (SELECT protaddr.show(address) AS seen, pg_sleep(0.1) FROM generate_series(1, 30), home WHERE home.n = 1) s;
FETCH ALL c;
EXECUTE look;
COMMIT;
\c - :installer
SELECT processor, status FROM protaddr.processor_status ORDER BY processor;

-- what is wrong with their roles
SELECT protaddr.set_processor('Beta', roles => '{regress_proc_beta,regress_proc_clerk}');
DROP FUNCTION by_anna(int);
SELECT processor, role, finding FROM protaddr.processor_check ORDER BY processor, role, finding;
ALTER ROLE regress_proc_clerk SUPERUSER BYPASSRLS CONNECTION LIMIT 1 VALID UNTIL '2999-01-01';
SELECT processor, role, finding FROM protaddr.processor_check WHERE role = 'regress_proc_clerk' ORDER BY finding;
ALTER ROLE regress_proc_clerk NOSUPERUSER NOBYPASSRLS VALID UNTIL 'infinity';
-- a role renamed, and another of its old name: both are the processor's; one that is gone
ALTER ROLE regress_proc_acme RENAME TO regress_proc_acme_2;
CREATE ROLE regress_proc_acme LOGIN;
\c - regress_proc_acme
SELECT protaddr.show(address) FROM home WHERE n = 1;
\c - regress_proc_anna
SELECT protaddr.show(address) FROM home WHERE n = 1;
\c - :installer
SELECT protaddr.set_processor('Acme', contract_until => now() + interval '1 day');
\c - regress_proc_anna
SELECT protaddr.show(address) FROM home WHERE n = 1;
\c - :installer

DROP TABLE home, payment, asked;
DROP FUNCTION refusal(text);
DROP EXTENSION protaddr;
DROP OWNED BY regress_proc_acme, regress_proc_acme_2, regress_proc_anna, regress_proc_beta, regress_proc_clerk;
DROP ROLE regress_proc_acme, regress_proc_acme_2, regress_proc_anna, regress_proc_beta, regress_proc_clerk;
