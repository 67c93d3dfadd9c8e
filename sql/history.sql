--
-- What did we know, and when? History is asked, corrected, forgotten, and never lost by accident.
--
SET client_min_messages = warning;
CREATE EXTENSION protaddr;
SET timezone = 'Europe/Copenhagen';
SET datestyle = 'ISO, YMD';
CREATE FUNCTION refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
CREATE TABLE customer (id text PRIMARY KEY, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', 'id'), protaddr.confirm_register('regress', new_source => true);
INSERT INTO customer VALUES ('6101704001', 'Vestergade 1'), ('C-2', 'Kanariegade 2'), ('6301704003', 'Kanariegade 3');
-- what a register would have told in the course of years
CREATE FUNCTION recorded(subject text, valid_from timestamptz, valid_to timestamptz, recorded_from timestamptz, recorded_to timestamptz,
    delete_hint date DEFAULT NULL, code text DEFAULT '0001', source text DEFAULT 'DK-CPR') RETURNS text LANGUAGE sql
BEGIN ATOMIC
    INSERT INTO protaddr.protection (subject, kind, regime, code, source, valid_from, valid_to, recorded_from, recorded_to, delete_hint)
    VALUES (subject, protaddr.kind_of('DK-CPR', code), 'DK-CPR', code, source, valid_from, valid_to, recorded_from, recorded_to, delete_hint) RETURNING code;
END;

-- a delete date of 2013 ends nothing: the true end came in 2016, and we learned it a day later
SELECT recorded('241146-1234', '2008-07-22', 'infinity', '2009-01-05', '2016-11-04', '2013-07-22') AS in_force,
       recorded('241146-1234', '2008-07-22', '2016-11-03 13:39', '2016-11-04', 'infinity', '2013-07-22') AS ended;
SELECT t AS valid_at, protaddr.protection_at('2411461234', t, t) AS known_then, protaddr.protection_at('2411461234', t) AS known_now
FROM unnest('{2008-07-21,2008-07-22,2009-01-06,2013-07-21,2013-07-23,2016-11-03 13:38,2016-11-03 13:39,2016-11-03 20:00,2016-11-05}'::timestamptz[]) t ORDER BY t;
SELECT code, kind, valid_from, valid_to, delete_hint, recorded_from, recorded_to, in_force FROM protaddr.protection_history('2411461234');
SELECT protaddr.is_protected('2411461234') AS now;

-- delivered late; then corrected: closed and added, both to be seen
SELECT recorded('6201704002', '2020-01-01', 'infinity', '2020-03-01', '2020-06-01') AS late, recorded('6201704002', '2019-12-01', 'infinity', '2020-06-01', 'infinity') AS corrected;
SELECT v AS valid_at, k AS known_at, protaddr.protection_at('6201704002', v, k)
FROM unnest('{2019-12-15,2020-02-01}'::timestamptz[]) v, unnest('{2020-02-01,2020-04-01,2020-07-01,infinity}'::timestamptz[]) k ORDER BY v, k;
SELECT valid_from, recorded_from, recorded_to, in_force FROM protaddr.protection_history('6201704002');
-- by hand the same way
SELECT protaddr.protect('6301704003', 'manual', 'address', '2021-05-01', reason => 'letter'), protaddr.lift('6301704003', 'manual', 'address', 'second letter');
SELECT protaddr.protect('6301704003', 'manual', 'address', reason => 'third letter');
SELECT kind, source, valid_from, valid_to = 'infinity' AS no_end, recorded_to = 'infinity' AS known, recorded_by = session_user AS by_us, reason, in_force
FROM protaddr.protection_history('6301704003');
SELECT protaddr.protection_at('6301704003', '2021-06-01') AS known_now, protaddr.protection_at('6301704003', '2021-06-01', '2021-06-01') AS known_then,
       protaddr.protection_at('6301704003', 'infinity') AS for_ever, protaddr.protection_at('6301704003', 'infinity', 'infinity') AS as_known_last;
BEGIN;
SELECT protaddr.protect('6401704004', 'manual', 'address');
SELECT protaddr.protection_at('6401704004', now()) AS known_at_once;
ROLLBACK;

-- history has one line: what is in force cannot be in force twice, and what is recorded stays
SELECT refusal($$SELECT recorded('62 0170 4002', '2019-01-01', 'infinity', '2020-07-01', 'infinity')$$) AS fork;
SELECT refusal($$SELECT recorded('6201704002', '2019-01-01', 'infinity', '2020-07-01', 'infinity', source => 'other register')$$) AS another_source;
SELECT refusal(s) FROM (VALUES (1, 'UPDATE protaddr.protection SET valid_to = ''2012-01-01'''), (2, 'UPDATE protaddr.protection SET recorded_from = ''2000-01-01'''),
    (3, 'UPDATE protaddr.protection SET recorded_to = ''infinity'' WHERE recorded_to <> ''infinity'''), (4, 'DELETE FROM protaddr.protection WHERE recorded_to < now()')) v(n, s) ORDER BY n;
-- codes that hide nothing are history, and protect nobody
SELECT recorded('6501704005', '2018-01-01', 'infinity', '2018-01-01', 'infinity', code => '0003');
SELECT code, kind, in_force, protaddr.protection_at('6501704005', '2019-01-01') AS protected FROM protaddr.protection_history('6501704005');
-- NULL, nobody, unknown people, identifiers that are none
SELECT protaddr.protection_at(NULL, now()) IS NULL AS no_subject, protaddr.protection_at('6201704002', NULL) IS NULL AS no_time, protaddr.protection_at(' - ', now()) IS NULL AS nobody,
       protaddr.protection_at('0101600000', now()) AS unknown, (SELECT count(*) FROM protaddr.protection_history(NULL)) AS no_history, (SELECT count(*) FROM protaddr.people_of('-')) AS no_people,
       refusal('SELECT protaddr.protection_at(repeat(''x'', 65), now())') AS long;

-- identifiers: account of two holders, one of them by customer number; a link that has ended counts for the time before its end
INSERT INTO protaddr.identity_link (identifier, subject, kind, recorded_from, recorded_to) VALUES
    ('Account 7', 'C-2', 'account', '2020-01-01', 'infinity'), ('C-2', '620170-4002', 'customer', '2019-01-01', 'infinity'),
    ('account 7', '2411461234', 'account', '2010-01-01', '2015-01-01');
SELECT p FROM protaddr.people_of('ACCOUNT-7') p;
SELECT v AS valid_at, k AS known_at, protaddr.protection_at('account 7', v, k)
FROM (VALUES ('2012-01-01'::timestamptz, '2012-01-01'::timestamptz), ('2012-01-01', '2016-02-01'), ('2016-01-01', '2016-02-01'), ('2020-02-01', '2020-02-01'), ('2020-02-01', '2020-04-01'), ('2020-02-01', 'infinity')) t(v, k) ORDER BY v, k;
SELECT count(*) AS history_of_the_account FROM protaddr.protection_history('account 7');
SELECT refusal('INSERT INTO protaddr.identity_link (identifier, subject) VALUES (''6201704002'', ''ACCOUNT7'')') AS circle;
-- a circle that two sessions have made at once: bounded
ALTER TABLE protaddr.identity_link DISABLE TRIGGER identity_link_checked;
INSERT INTO protaddr.identity_link (identifier, subject) VALUES ('round 1', 'round 2'), ('round 2', 'round 1'), ('round 2', '6201704002');
ALTER TABLE protaddr.identity_link ENABLE ALWAYS TRIGGER identity_link_checked;
SELECT p FROM protaddr.people_of('round 1') p ORDER BY p;
SELECT protaddr.protection_at('round 2', '2020-02-01') AS bounded, (SELECT count(*) FROM protaddr.protection_period WHERE identifier LIKE 'ROUND%' AND recorded_to = 'infinity') AS periods;

-- who was protected in a time: unbroken periods, as known now and then
SELECT recorded('6601704006', '2001-01-01', '2003-01-01', '2001-01-01', 'infinity') AS first, recorded('6601704006', '2003-01-01', '2004-01-01', '2003-01-01', 'infinity', source => 'second register') AS goes_on,
       recorded('6601704006', '2006-01-01', '2007-01-01', '2006-01-01', 'infinity') AS again, recorded('6601704006', '2009-01-01', '2008-01-01', '2008-01-01', 'infinity') AS ended_before_it_began;
SELECT n, b.* FROM (VALUES (1, '2002-01-01'::timestamptz, '2002-02-01'::timestamptz, 'infinity'::timestamptz), (2, '2003-06-01', '2006-01-01', 'infinity'), (3, '2003-06-01', '2006-01-02', 'infinity'),
    (4, '2004-01-01', '2004-01-01', 'infinity'), (5, '2003-12-31', '2003-12-31', 'infinity'), (6, '2003-06-01', '2003-06-02', '2002-01-01'), (7, '2008-02-01', '2008-10-01', '2008-12-01'), (8, '2008-02-01', '2008-10-01', 'infinity')) v(n, f, t, k),
    LATERAL protaddr.protected_between(f, t, k) b ORDER BY n, b.subject, b.since;
SELECT count(*) AS none FROM protaddr.protected_between(NULL, now());

-- how many payers were protected when they paid, as known then and as known now: one query
CREATE TABLE payment (id int, payer text, paid_at timestamptz);
INSERT INTO payment VALUES (1, '241146-1234', '2014-01-01'), (2, '2411461234', '2016-11-03 20:00'), (3, '2411461234', '2017-01-01'), (4, 'account 7', '2020-02-01'),
    (5, 'account 7', '2020-05-01'), (6, 'C-2', '2020-02-01'), (7, '0101600000', '2020-02-01'), (8, NULL, '2020-02-01'), (9, 'account 7', '2012-01-01');
CREATE VIEW answer AS
SELECT y.id, y.payer, y.paid_at,
       coalesce(bool_or(p.recorded_from <= y.paid_at AND y.paid_at < p.recorded_to), false) AS known_then,
       coalesce(bool_or(p.recorded_to = 'infinity'), false) AS known_now
FROM payment y
LEFT JOIN protaddr.protection_period p
       ON p.identifier = protaddr.subject_key(y.payer) AND p.valid_from <= y.paid_at AND y.paid_at < p.valid_to
GROUP BY y.id, y.payer, y.paid_at;
SELECT id, known_then, known_now FROM answer ORDER BY id;
SELECT count(*) AS payments, count(*) FILTER (WHERE known_then) AS protected_known_then, count(*) FILTER (WHERE known_now) AS protected_known_now FROM answer;
-- the same when asked one by one, over a few thousand payments of a few hundred people
SELECT count(recorded('77' || n, d, CASE WHEN k < 2 THEN 'infinity' ELSE d + interval '50 days' END, d + n % 7 * interval '1 day' + k * interval '20 days',
    CASE WHEN k < 2 THEN d + n % 7 * interval '1 day' + (k + 1) * interval '20 days' ELSE 'infinity' END)) AS rows
FROM generate_series(1, 300) n, generate_series(0, 2) k, LATERAL (SELECT '2022-01-01'::timestamptz + n % 200 * interval '1 day' AS d) t;
INSERT INTO protaddr.identity_link (identifier, subject, recorded_from, recorded_to)
SELECT 'acc' || n, '77' || n * 3 % 400, '2022-01-01'::timestamptz + n % 90 * interval '1 day', CASE n % 3 WHEN 0 THEN '2022-06-01' ELSE 'infinity' END::timestamptz FROM generate_series(1, 400) n;
INSERT INTO payment SELECT 100 + n, CASE n % 2 WHEN 0 THEN 'ACC ' || n % 450 ELSE '77' || n % 350 END, '2022-01-01'::timestamptz + n % 365 * interval '1 day' + interval '1 hour' FROM generate_series(1, 3000) n;
SELECT count(*) AS payments, count(*) FILTER (WHERE known_then) > 50 AS some_then, count(*) FILTER (WHERE known_now) > 50 AS some_now,
       count(*) FILTER (WHERE known_then IS DISTINCT FROM coalesce(protaddr.protection_at(payer, paid_at, paid_at), false)) AS differ_then
FROM answer;
SELECT count(*) AS differ_now FROM answer WHERE known_now IS DISTINCT FROM coalesce(protaddr.protection_at(payer, paid_at), false);

-- forget: what was closed or had ended before, never what is in force
SELECT refusal(s) FROM (VALUES (1, 'SELECT protaddr.forget_subject(NULL, ''2020-01-01'', ''x'')'), (2, 'SELECT protaddr.forget_subject(''1'', NULL, ''x'')'), (3, 'SELECT protaddr.forget_subject(''1'', ''2020-01-01'', '' '')'),
    (4, 'SELECT protaddr.forget_subject(''1'', ''infinity'', ''x'')'), (5, 'SELECT protaddr.forget_subject(''1'', now() + ''1 day'', ''x'')'), (6, 'SELECT protaddr.forget_subject(''1'', ''-infinity'', ''x'')'),
    (7, 'SELECT protaddr.forget_rows(''6201704002'', ''infinity'')')) v(n, s) ORDER BY n;
BEGIN;
SELECT protaddr.forget_subject('620170-4002', clock_timestamp(), 'ten years are over') AS rows;
-- shown as before, in the very transaction: nothing was loosened
SELECT protaddr.register_ready(), protaddr.is_protected('6201704002') AS in_force, protaddr.show(home) FROM customer ORDER BY id;
SELECT valid_from, in_force FROM protaddr.protection_history('6201704002');
SELECT refusal('DELETE FROM protaddr.protection WHERE recorded_to < now()') AS not_by_others;
ROLLBACK;
SELECT count(*) AS rolled_back FROM protaddr.protection_history('6201704002') WHERE source = 'DK-CPR';
SELECT protaddr.forget_subject('2411461234', '2016-11-04', 'retention') AS end_and_link;
SELECT valid_from, valid_to, recorded_from FROM protaddr.protection_history('2411461234');
SELECT protaddr.forget_subject('2411461234', '2016-11-05', 'retention') AS first_row, protaddr.forget_subject('24 1146 1234', '2030-01-01'::timestamptz - interval '10 years', 'retention') AS again;
SELECT count(*) AS left_of_it FROM protaddr.protection_history('2411461234');
SELECT count(*) AS links_left FROM protaddr.identity_link WHERE subject_key = '2411461234';
SELECT protaddr.forget_subject('6301704003', clock_timestamp(), 'retention') AS rows, protaddr.is_protected('6301704003') AS in_force;
SELECT reason, in_force FROM protaddr.protection_history('6301704003');
-- asked directly it forgets no more than that
SELECT protaddr.forget_rows('6301704003', '2099-01-01') AS rows, protaddr.is_protected('6301704003') AS in_force;
SELECT row_number() OVER (ORDER BY id) AS n, forgotten_by = session_user AS by_us, before, rows, reason FROM protaddr.register_forgotten WHERE before < '2026-01-01' ORDER BY id;
SELECT count(*) AS records, count(*) FILTER (WHERE r::text LIKE '%2411461234%' OR r::text LIKE '%6301704003%') AS names_somebody FROM protaddr.register_forgotten r;
SELECT refusal(s) FROM (VALUES (1, 'DELETE FROM protaddr.protection'), (2, 'DELETE FROM protaddr.identity_link'), (3, 'DELETE FROM protaddr.register_forgotten'), (4, 'TRUNCATE protaddr.register_forgotten'),
    (5, 'UPDATE protaddr.register_forgotten SET rows = 0')) v(n, s) ORDER BY n;

-- not even from inside a forgetting that then fails; and after it all is as before
CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE WARNING 'in force: %', public.refusal('DELETE FROM protaddr.protection WHERE recorded_to = ''infinity'' AND valid_to = ''infinity''');
    RAISE EXCEPTION 'failed on the way';
END
$$;
CREATE TRIGGER aa_meddle BEFORE DELETE ON protaddr.protection FOR EACH ROW WHEN (OLD.recorded_to <> 'infinity') EXECUTE FUNCTION meddle();
SELECT refusal('SELECT protaddr.forget_subject(''6201704002'', clock_timestamp(), ''fails'')');
DROP TRIGGER aa_meddle ON protaddr.protection;
SELECT refusal('DELETE FROM protaddr.protection WHERE recorded_to <> ''infinity''') AS still_refused;

-- a substitute address: set, replaced, dropped; none is lost
SELECT protaddr.set_substitute('6201704002', '{"PstBx": "PL 1", "PstCd": "00099", "TwnNm": "Helsinki", "Ctry": "FI"}', 'yhteysosoite') AS replaced;
SELECT protaddr.set_substitute('620170-4002', 'Box 2820, 403 20 Göteborg', 'Skatteverket') AS replaced, protaddr.drop_substitute('6201704002') AS dropped, protaddr.drop_substitute('6201704002') AS again, protaddr.drop_substitute(NULL) IS NULL AS null;
SELECT protaddr.set_substitute('6101704001', (SELECT home FROM customer WHERE id = '6101704001'), 'their own') AS replaced;
SELECT subject, description, recorded_to = 'infinity' AS used, recorded_by = session_user AS by_us, protaddr.subjects_of(address) AS concerns, protaddr.show(address) FROM protaddr.substitute_address ORDER BY id;
SELECT a.recorded_to = b.recorded_from AS no_gap FROM protaddr.substitute_address a, protaddr.substitute_address b WHERE a.description = 'yhteysosoite' AND b.description = 'Skatteverket';
SELECT refusal(s) FROM (VALUES (1, 'SELECT protaddr.set_substitute(NULL, ''Box 1'', ''x'')'), (2, 'SELECT protaddr.set_substitute(''1'', NULL, ''x'')'), (3, 'SELECT protaddr.set_substitute(''1'', ''Box 1'', NULL)'),
    (4, 'SELECT protaddr.set_substitute(''6201704002'', (SELECT home FROM customer WHERE id = ''6301704003''), ''somebody else'')'),
    (5, 'UPDATE protaddr.substitute_address SET address = ''Vestergade 1'''), (6, 'UPDATE protaddr.substitute_address SET recorded_to = ''infinity'''), (7, 'DELETE FROM protaddr.substitute_address'),
    (8, 'INSERT INTO protaddr.substitute_address (subject, address, description) VALUES (''6101704001'', ''Box 1'', ''second'')')) v(n, s) ORDER BY n;
SELECT protaddr.forget_subject('6201704002', clock_timestamp(), 'retention') AS rows;
SELECT description FROM protaddr.substitute_address ORDER BY id;

-- a reader of history, a loader, and everybody else
CREATE ROLE regress_history_reader;
CREATE ROLE regress_history_loader;
CREATE ROLE regress_history_clerk;
CREATE ROLE regress_history_public;
GRANT SELECT ON protaddr.protection_period, protaddr.register_review TO regress_history_reader;
GRANT EXECUTE ON FUNCTION protaddr.people_of, protaddr.protection_history, protaddr.protection_at, protaddr.protected_between, protaddr.register_review_values TO regress_history_reader;
GRANT EXECUTE ON FUNCTION protaddr.load_register TO regress_history_loader;
GRANT EXECUTE ON FUNCTION protaddr.set_substitute TO regress_history_clerk;
CREATE TABLE statement (n int, s text);
GRANT SELECT ON statement, customer TO PUBLIC;
INSERT INTO statement VALUES (1, 'SELECT protaddr.people_of(''1'')'), (2, 'SELECT protaddr.protection_history(''1'')'), (3, 'SELECT protaddr.protection_at(''1'', now())'), (4, 'SELECT protaddr.protected_between(now(), now())'),
    (5, 'SELECT FROM protaddr.protection_period'), (6, 'SELECT FROM protaddr.register_review'), (7, 'SELECT protaddr.register_review_values()'), (8, 'SELECT protaddr.forget_subject(''1'', ''2020-01-01'', ''x'')'),
    (9, 'SELECT protaddr.forget_rows(''1'', ''2020-01-01'')'), (10, 'SELECT protaddr.set_substitute(''1'', ''Box 1'', ''x'')'), (11, 'SELECT protaddr.drop_substitute(''1'')'), (12, 'SELECT FROM protaddr.substitute_address'),
    (13, 'SELECT FROM protaddr.register_forgotten'), (14, 'SELECT protaddr.subjects_of(home) FROM customer'), (15, 'SELECT FROM protaddr.protection'), (16, 'SELECT protaddr.load_register(''DK-CPR'', ''[]'')'),
    (17, 'SELECT protaddr.protect(''1'', ''manual'', ''address'')'), (18, 'INSERT INTO protaddr.regime_code VALUES (''DK-CPR'', ''9'', ''none'', '''', '''', '''')'), (19, 'SELECT protaddr.substitute_fits(''Box 1'', ''1'')');
GRANT regress_history_reader, regress_history_loader, regress_history_clerk, regress_history_public TO CURRENT_USER;
SET ROLE regress_history_public;
SELECT string_agg(n::text, ' ' ORDER BY n) FILTER (WHERE refusal(s) NOT LIKE '42501 %') AS public_may FROM statement;
SET ROLE regress_history_reader;
SELECT string_agg(n::text, ' ' ORDER BY n) FILTER (WHERE refusal(s) NOT LIKE '42501 %') AS reader_may FROM statement;
SET ROLE regress_history_loader;
SELECT string_agg(n::text, ' ' ORDER BY n) FILTER (WHERE refusal(s) NOT LIKE '42501 %') AS loader_may FROM statement;
SET ROLE regress_history_clerk;
SELECT string_agg(n::text, ' ' ORDER BY n) FILTER (WHERE refusal(s) NOT LIKE '42501 %') AS clerk_may FROM statement;
-- what another role has typed in and is bound to nobody cannot be had as a substitute
RESET ROLE;
CREATE TABLE typed AS SELECT 'Kanariegade 9'::protaddr.address AS a;
GRANT SELECT ON typed TO regress_history_clerk;
GRANT EXECUTE ON FUNCTION protaddr.forget_rows TO regress_history_clerk;
SET ROLE regress_history_clerk;
SELECT refusal('SELECT protaddr.set_substitute(''2'', a, ''x'') FROM typed') AS anothers, refusal('SELECT protaddr.set_substitute(''2'', ''Box 2'', ''x'')') AS my_own, refusal('SELECT protaddr.forget_rows(''2'', ''2020-01-01'')') AS without_record;
BEGIN;
SELECT protaddr.show(home) FROM customer WHERE id = '6101704001';
SELECT protaddr.set_substitute('2', 'Box 3', 'x');
SELECT protaddr.show(home) AS not_before_commit FROM customer WHERE id = '6101704001';
ROLLBACK;
RESET ROLE;

SET client_min_messages = warning;
DROP VIEW answer;
DROP TABLE customer, payment, statement, typed;
DROP FUNCTION refusal, recorded, meddle;
DROP EXTENSION protaddr CASCADE;
DROP ROLE regress_history_reader, regress_history_loader, regress_history_clerk, regress_history_public;
