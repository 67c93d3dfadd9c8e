-- Does protection end only on positive evidence about that very person?
\getenv abs_srcdir PG_ABS_SRCDIR
\set deliveries :abs_srcdir '/test/regress/delivery.psql'
\set ECHO none
\i :deliveries
\set VERBOSITY terse
-- records of one person, with a status, a number that took the place of theirs and whatever else
CREATE FUNCTION record(pnr text, status text, replaced_by text DEFAULT '', VARIADIC more text[] DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
    SELECT '001' || pnr || rpad(replaced_by, 10) || status || E'000000000000 M1970-01-01 1970-01-01\n' ||
        coalesce((SELECT string_agg(left(m, 3) || pnr || substr(m, 4) || E'\n', '' ORDER BY n) FROM unnest(more) WITH ORDINALITY u(m, n)), '')
$$;
CREATE FUNCTION is_protected(VARIADIC subjects text[]) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(CASE WHEN protaddr.is_protected(s) THEN 'yes' ELSE 'no' END, ' ' ORDER BY n) FROM unnest(subjects) WITH ORDINALITY u(s, n)
$$;
SELECT protaddr.link_identity('A-' || right(n::text, 2), n::text) FROM unnest('{8101700001,8101700002,8101700003,8101700004,8201700001,8201700002}'::bigint[]) n;

-- ---- numbers of one person: a chain, which never grows; whatever leads to any of them is protected
SELECT protected, replaced_numbers FROM protaddr.load_cpr(delivery('810000', '2026-11-01', NULL, person('8101700001', '{0001}')), 'chain');
SELECT protected, lifted, replaced_numbers FROM protaddr.load_cpr(delivery('810000', '2026-11-02', '2026-11-01', person('8101700001', '{}', '8101700002'), person('8101700002', '{0001}')), 'chain');
SELECT protected, lifted, replaced_numbers FROM protaddr.load_cpr(delivery('810000', '2026-11-03', '2026-11-02', person('8101700002', '{}', '8101700003'), person('8101700003', '{0001}')), 'chain');
SELECT protected, lifted, replaced_numbers FROM protaddr.load_cpr(delivery('810000', '2026-11-04', '2026-11-03', person('8101700003', '{}', '8101700004'), person('8101700004', '{0001}')), 'chain');
SELECT is_protected('8101700001', '8101700002', '8101700003', '8101700004', 'A-01', 'A-02');
SELECT identifier, subject FROM protaddr.identity_link WHERE kind = 'replaced number' AND recorded_to = 'infinity' ORDER BY identifier;
-- two steps in one delivery, told in any order
SELECT protected, replaced_numbers FROM protaddr.load_cpr(delivery('810001', '2026-11-01', NULL, person('8301700002', '{}', '8301700003'), person('8301700001', '{0001}', '8301700002'), person('8301700003')), 'chain');
SELECT is_protected('8301700001', '8301700002', '8301700003');
SELECT subject, code FROM in_force WHERE subject LIKE '83%';
-- the newest number's own record set is evidence from the next delivery on, and for all of them
SELECT lifted, kept FROM protaddr.load_cpr(delivery('810001', '2026-11-02', '2026-11-01', person('8301700003'), person('8301700001', '{}', '8301700002'), person('8301700009', '{0001}')), 'chain');
SELECT is_protected('8301700001', '8301700002', '8301700003');

-- a circle, told a day apart and at once: all of it
SELECT protected FROM protaddr.load_cpr(delivery('820000', '2026-11-01', NULL, person('8201700001', '{0001}')), 'circle');
SELECT protected FROM protaddr.load_cpr(delivery('820000', '2026-11-02', '2026-11-01', person('8201700001', '{}', '8201700002'), person('8201700002', '{0001}')), 'circle');
SELECT protected, lifted FROM protaddr.load_cpr(delivery('820000', '2026-11-03', '2026-11-02', person('8201700001', '{0001}'), person('8201700002', '{}', '8201700001')), 'circle');
SELECT is_protected('8201700001', '8201700002', 'A-01', 'A-02');
SELECT protected FROM protaddr.load_cpr(delivery('820000', '2026-11-04', '2026-11-03', person('8201700001', '{0001}')), 'circle');
SELECT is_protected('8201700001', '8201700002');
SELECT protected FROM protaddr.load_cpr(delivery('820001', '2026-11-01', NULL, person('8401700001', '{0001}', '8401700002'), person('8401700002', '{}', '8401700001')), 'circle');
SELECT lifted, kept FROM protaddr.load_cpr(delivery('820001', '2026-11-02', '2026-11-01', person('8401700001', '{}', '8401700002'), person('8401700002', '{}', '8401700001')), 'circle', confirm_lifted => 1);
SELECT is_protected('8401700001', '8401700002');

-- a replacement that is taken back, and one that is corrected: nobody is less protected by that alone
SELECT protected FROM protaddr.load_cpr(delivery('830000', '2026-11-01', NULL, person('8501700001', '{0001}')), 'back');
SELECT protected FROM protaddr.load_cpr(delivery('830000', '2026-11-02', '2026-11-01', person('8501700001', '{}', '8501700002'), person('8501700002')), 'back');
SELECT protected, lifted FROM protaddr.load_cpr(delivery('830000', '2026-11-03', '2026-11-02', person('8501700001', '{}', '8501700003'), person('8501700003')), 'back');
SELECT is_protected('8501700001', '8501700002', '8501700003');
SELECT protected, lifted FROM protaddr.load_cpr(delivery('830000', '2026-11-04', '2026-11-03', person('8501700001'), person('8501700009', '{0001}')), 'back');
SELECT is_protected('8501700001', '8501700002', '8501700003');
SELECT count(*) AS links FROM protaddr.identity_link WHERE kind = 'replaced number' AND identifier LIKE '85%' AND recorded_to = 'infinity';
SELECT subject, reason FROM protaddr.protection WHERE source = 'back' AND recorded_to = 'infinity' AND valid_to = 'infinity' ORDER BY subject;
SELECT lifted FROM protaddr.load_cpr(delivery('830000', '2026-11-05', '2026-11-04', person('8501700001'), person('8501700009', '{0001}')), 'back');
SELECT is_protected('8501700001', '8501700002', '8501700003');

-- ---- a person twice, wherever: refused whole; and where the new number stands changes nothing
SELECT refusal($s$SELECT protaddr.load_cpr(delivery('840000', '2026-11-01', NULL, person('8601700001', '{0001}'), people(8701700001, 3000), person('8601700001')), 'twice')$s$);
SELECT refusal($s$SELECT protaddr.load_cpr(delivery('840000', '2026-11-01', NULL, person('8601700001'), person('8601700002', '{0001}'), person('8601700003', '{0001}'), person('8601700002')), 'twice', dry_run => true)$s$);
SELECT count(*) AS known FROM protaddr.register_person WHERE source = 'twice';

-- ---- what cannot be read may be a protection; void numbers, and people who are gone
SELECT newly_protected FROM protaddr.load_cpr(delivery('850000', '2026-11-01', NULL, people(8801700001, 14, '{00012026-01-01}'), people(8801700015, 5)), 'doubt');
SELECT protected, lifted, kept, skipped FROM protaddr.load_cpr(delivery('850000', '2026-11-02', '2026-11-01',
    record('8801700001', '01', '', '00500012026-01-012027-01-01'), record('8801700002', '01', '', '03400012026-01-01'), record('8801700003', '01', '', '104x'),
    record('8801700004', '30'), record('8801700005', '50'), record('8801700006', '60'), record('8801700007', '70'), record('8801700008', '80'), record('8801700009', '90'),
    record('8801700010', '01', '', '00800012026-01-012027-01-01'), record('8801700011', '01', '', '00200012026-01-01'), record('8801700012', '01', '', '00900012026-01-01'),
    record('8801700013', '60', '8801700099'), record('8801700014', '01'),
    -- of people who are not protected: each record may be their first
    record('8801700015', '01', '', '00500012026-01-01'), record('8801700016', '01', '', '0095180'), record('8801700017', '90'), record('8801700018', '01', '', '016' || '00032008-01-01'),
    record('8801700019', '01', '', '008Prøve', '0055180199902011300'), record('8801700020', '01', '', '00400012026-01-01')), 'doubt');
SELECT string_agg(right(n::text, 2), ' ' ORDER BY n) FILTER (WHERE protaddr.is_protected(n::text)) AS protected,
       string_agg(right(n::text, 2), ' ' ORDER BY n) FILTER (WHERE NOT protaddr.is_protected(n::text)) AS free FROM generate_series(8801700001, 8801700020) n;
SELECT what, right(subject, 2) AS who, detail FROM protaddr.register_review WHERE subject LIKE '88%' AND what <> 'delete date passed' ORDER BY subject, what, detail;
-- the next record set that can be read is evidence again
SELECT lifted, kept FROM protaddr.load_cpr(delivery('850000', '2026-11-03', '2026-11-02', record('8801700001', '01'), record('8801700015', '01'), record('8801700004', '30'), record('8801700002', '01', '', '00400012026-01-01')), 'doubt');
SELECT is_protected('8801700001', '8801700015', '8801700004', '8801700002');
-- a type that we do not know, declared to hold none
SELECT protaddr.declare_feed('doubt', '{001,004,077}', '850001');
SELECT newly_protected, skipped FROM protaddr.load_cpr(delivery('850001', '2026-11-03', '2026-11-02', record('8901700001', '01', '', '077x', '0340001'), record('8901700002', '01', '', '077x')), 'doubt');
SELECT is_protected('8901700001', '8901700002');

-- ---- which deliveries are able to say it
SELECT newly_protected FROM protaddr.load_cpr(delivery('860000', '2026-11-01', NULL, people(9101700001, 9, '{0001}'), people(9101700010, 71)), 'able');
-- a task that has never delivered protections, of the same people
SELECT refusal($s$SELECT protaddr.load_cpr(delivery('860001', '2026-11-02', '2026-11-01', people(9101700001, 80)), 'able')$s$);
SELECT refusal($s$SELECT protaddr.load_cpr(delivery('860001', '2026-11-02', '2026-11-01', people(9101700001, 80)), 'able', confirm_lifted => 9)$s$);
-- the same task, without them for once
SELECT refusal($s$SELECT protaddr.load_cpr(delivery('860000', '2026-11-02', '2026-11-01', people(9101700001, 80)), 'able')$s$);
SELECT lifted FROM protaddr.load_cpr(delivery('860000', '2026-11-02', '2026-11-01', people(9101700001, 1)), 'able', confirm_lifted => 1);
-- of others it says nothing: they are not known, and nothing is fresher
UPDATE protaddr.register_source SET current_as_of = now() - interval '3 days' WHERE source = 'able';
SELECT persons, newly_protected FROM protaddr.load_cpr(delivery('860001', '2026-11-02', '2026-11-01', people(9201700001, 3)), 'able');
SELECT count(*) AS known FROM protaddr.register_person WHERE subject LIKE '92%';
SELECT current_as_of < now() - interval '2 days' AS no_fresher FROM protaddr.register_source WHERE source = 'able';
SELECT delivers FROM protaddr.register_status WHERE source = 'able';
SELECT protaddr.declare_feed('able', '{001,004}', '860000'), protaddr.declare_feed('able', '{001,008}', '860002');
SELECT lifted FROM protaddr.load_cpr(delivery('860000', '2026-11-03', '2026-11-02', people(9101700002, 1)), 'able');
SELECT refusal($s$SELECT protaddr.load_cpr(delivery('860002', '2026-11-03', '2026-11-02', people(9101700003, 1)), 'able')$s$);
SELECT delivers FROM protaddr.register_status WHERE source = 'able';

-- ---- lifts within a day, however they come: one at a time
SELECT newly_protected FROM protaddr.load_register('NO-FREG', (SELECT jsonb_agg(jsonb_build_object('subject', 'N' || n, 'protections', '[{"code": "7"}]'::jsonb)) FROM generate_series(1, 100) n));
CREATE TABLE lift AS SELECT n, refusal(format($s$SELECT protaddr.load_register('NO-FREG', '[{"subject": "N%s", "protections": []}]')$s$, n)) AS told FROM generate_series(1, 30) n;
SELECT told, count(*) FROM lift GROUP BY told ORDER BY told COLLATE "C";
SELECT lifted_in_window, protected FROM protaddr.register_status WHERE source = 'NO-FREG';
-- a confirmed one is allowed, and does not count; the limits are the source's own
SELECT lifted FROM protaddr.load_register('NO-FREG', '[{"subject": "N30", "protections": []}]', confirm_lifted => 1);
SELECT protaddr.set_register('NO-FREG', max_lifts => 22);
SELECT refusal($s$SELECT protaddr.load_register('NO-FREG', '[{"subject": "N31", "protections": []}, {"subject": "N32", "protections": []}]')$s$);
SELECT refusal($s$SELECT protaddr.load_register('NO-FREG', '[{"subject": "N33", "protections": []}]')$s$);
SELECT refusal('SELECT protaddr.set_register(' || a || ')') FROM (VALUES (1, '''nobody'''), (2, '''NO-FREG'', max_lifts => -1'), (3, '''NO-FREG'', max_lifts_share => 2'), (4, '''NO-FREG'', lift_window => ''1 minute'''), (5, '''NO-FREG'', fresh_from => ''when'''), (6, '''NO-FREG'', lift_window => ''1 hour'', fresh_from => ''register''')) v(n, a) ORDER BY n;

-- ---- a production date after tomorrow
SELECT regexp_replace(refusal(format($s$SELECT protaddr.load_cpr(delivery('870000', current_date + %s, NULL, person('9301700001', '{0001}')), 'dates')$s$, n)), '\d{4}-\d\d-\d\d', 'DATE') FROM unnest('{2,3650}'::int[]) n;
SELECT refusal($s$SELECT protaddr.load_cpr(delivery('870000', current_date, NULL, person('9301700001', '{0001}')), 'dates')$s$);

-- ---- taken back by name, before another comes
SELECT newly_protected FROM protaddr.load_cpr(delivery('880000', '2026-11-01', NULL, person('9401700001', '{0001}'), person('9401700002', '{0001}', '9401700003')), 'wrong', name => 'first');
SELECT lifted, newly_protected FROM protaddr.load_cpr(delivery('880000', '2026-11-02', '2026-11-01', person('9401700001'), person('9401700002'), person('9401700004', '{0001}', '9401700005')), 'wrong', confirm_lifted => 1);
SELECT is_protected('9401700001', '9401700002', '9401700003', '9401700004', '9401700005');
SELECT refusal('SELECT protaddr.undo_delivery(' || a || ')') FROM (VALUES (1, '''wrong'', ''first'', ''x'''), (2, '''wrong'', ''second'', ''x'''), (3, '''wrong'', ''880000/2026-11-02'', '' '''), (4, '''wrong'', NULL, ''x''')) v(n, a) ORDER BY n;
SELECT protaddr.undo_delivery('wrong', '880000/2026-11-02', 'the file of another bank') > 0 AS undone;
SELECT is_protected('9401700001', '9401700002', '9401700003', '9401700004', '9401700005');
SELECT subject, code FROM in_force WHERE source = 'wrong' ORDER BY subject;
SELECT identifier, subject FROM protaddr.identity_link WHERE identifier LIKE '94%' AND recorded_to = 'infinity';
SELECT count(*) AS known FROM protaddr.register_person WHERE source = 'wrong';
SELECT outcome, name, reason FROM protaddr.register_delivery WHERE source = 'wrong' ORDER BY id;
SELECT s.persons = (SELECT count(*) FROM protaddr.register_person p WHERE p.source = s.source) AS persons,
       s.protections = (SELECT count(*) FROM in_force p WHERE p.source = s.source) AS protections FROM protaddr.register_source s ORDER BY source;
-- and the right one is loaded in its place
SELECT lifted, newly_protected FROM protaddr.load_cpr(delivery('880000', '2026-11-02', '2026-11-01', person('9401700001', '{0001}'), person('9401700006', '{0001}')), 'wrong');

-- ---- fresh from what the register says, and not from when we read it
SELECT outcome FROM protaddr.load_cpr(delivery('890000', '2026-11-01', NULL, person('9501700001', '{0001}')), 'dated');
SELECT protaddr.set_register('dated', fresh_from => 'register');
UPDATE protaddr.register_source SET current_as_of = '2026-01-01' WHERE source = 'dated';
SELECT outcome FROM protaddr.load_cpr(delivery('890000', '2026-11-02', '2026-11-01', person('9501700001', '{0001}')), 'dated');
SELECT current_as_of FROM protaddr.register_source WHERE source = 'dated';
-- its newest word may not be of a time to come
UPDATE protaddr.register_source SET current_as_of = now() WHERE source <> 'dated';
UPDATE protaddr.register_source SET current_as_of = now() + interval '50 seconds' WHERE source = 'dated';
SELECT protaddr.register_ready();
UPDATE protaddr.register_source SET current_as_of = now() + interval '10 years' WHERE source = 'dated';
SELECT protaddr.register_ready();
SELECT status FROM protaddr.register_status WHERE source = 'dated';
SELECT protaddr.confirm_register('dated');
SELECT protaddr.register_ready();

-- ---- counts of a few people are answers about them
CREATE ROLE regress_evidence_loader;
GRANT EXECUTE ON FUNCTION protaddr.load_cpr, protaddr.load_register TO regress_evidence_loader;
SET ROLE regress_evidence_loader;
SELECT persons, protected, newly_protected, lifted, kept, outcome FROM protaddr.load_register('NO-FREG', '[{"subject": "N90", "protections": [{"code": "7"}]}]', dry_run => true);
SELECT persons, protected IS NULL AS untold FROM protaddr.load_register('NO-FREG', (SELECT jsonb_agg(jsonb_build_object('subject', 'N' || n, 'protections', '[{"code": "7"}]'::jsonb)) FROM generate_series(50, 70) n), dry_run => true);
SELECT refusal($s$SELECT protaddr.load_register('NO-FREG', '[{"subject": "N90", "protections": []}]', max_lifted => 0, dry_run => true)$s$), refusal($s$SELECT protaddr.load_register('NO-FREG', '[{"subject": "N90", "protections": []}]', confirm_lifted => 1, dry_run => true)$s$);
RESET ROLE;
SELECT outcome, loaded_by = session_user AS by_us, count(*) FROM protaddr.register_delivery WHERE source = 'NO-FREG' AND outcome LIKE 'dry run%' GROUP BY 1, 2 ORDER BY outcome COLLATE "C";

DROP TABLE lift;
DROP VIEW in_force, register;
DROP FUNCTION record, is_protected, person, people, delivery, fixed, refusal;
DROP EXTENSION protaddr CASCADE;
DROP ROLE regress_evidence_loader;
