-- Does what other sources and people at desks say of somebody go along with a new number?
\getenv abs_srcdir PG_ABS_SRCDIR
\set deliveries :abs_srcdir '/test/regress/delivery.psql'
\set ECHO none
\i :deliveries
\set VERBOSITY terse
CREATE FUNCTION is_protected(VARIADIC subjects text[]) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(CASE WHEN protaddr.is_protected(s) THEN 'yes' ELSE 'no' END, ' ' ORDER BY n) FROM unnest(subjects) WITH ORDINALITY u(s, n)
$$;

-- ---- a number is replaced: what others than the delivery's source say of the person goes along
SELECT protaddr.protect('9101700001', 'DK-CPR', '0001'), protaddr.protect('9101700003', 'DK-CPR', '0001');
SELECT protected FROM protaddr.load_register('DK-CPR', '[{"subject": "9101700005", "protections": [{"code": "0001"}]}]', 'another', new_source => true);
SELECT protected, lifted FROM protaddr.load_cpr(delivery('910000', '2026-11-01', NULL, person('9101700001', '{}', '9101700002'), person('9101700002'),
    person('9101700003', '{}', '9101700004'), person('9101700004'), person('9101700005', '{}', '9101700006'), person('9101700006'), person('9101700009', '{0001}')), 'along');
SELECT is_protected('9101700001', '9101700002', '9101700003', '9101700004', '9101700005', '9101700006');
SELECT subject, source, reason FROM protaddr.protection WHERE recorded_to = 'infinity' AND valid_to = 'infinity' AND subject LIKE '9101%' ORDER BY subject, source;
-- no delivery of this source ends it, each other source and protaddr.lift() their own
SELECT lifted FROM protaddr.load_cpr(delivery('910000', '2026-11-02', '2026-11-01', person('9101700002'), person('9101700004'), person('9101700006'), person('9101700009', '{0001}')), 'along');
SELECT lifted FROM protaddr.load_register('DK-CPR', '[{"subject": "9101700006", "protections": []}, {"subject": "9101700009", "protections": []}]', 'another');
SELECT protaddr.lift('9101700002', 'DK-CPR', '0001'), protaddr.lift('9101700001', 'DK-CPR', '0001');
SELECT is_protected('9101700001', '9101700002', '9101700003', '9101700004', '9101700005', '9101700006');
-- told of after it was replaced, by hand under the old number; and the next number after that
SELECT protaddr.protect('9101700001', 'DK-CPR', '0001');
SELECT is_protected('9101700001', '9101700002');
SELECT lifted FROM protaddr.load_cpr(delivery('910000', '2026-11-03', '2026-11-02', person('9101700002', '{}', '9101700007'), person('9101700007'), person('9101700009', '{0001}')), 'along');
SELECT is_protected('9101700001', '9101700002', '9101700007');
-- taken back, and corrected, while another source speaks of the old number
SELECT lifted FROM protaddr.load_cpr(delivery('910001', '2026-11-01', NULL, person('9201700001', '{}', '9201700002'), person('9201700002'), person('9201700003', '{}', '9201700004'), person('9201700004'), person('9201700009', '{0001}')), 'along');
SELECT protected FROM protaddr.load_register('DK-CPR', '[{"subject": "9201700001", "protections": [{"code": "0001"}]}, {"subject": "9201700003", "protections": [{"code": "0001"}]}]', 'another');
SELECT subject, source, code FROM in_force WHERE subject LIKE '9201%' AND source = 'another' ORDER BY subject;
SELECT lifted FROM protaddr.load_cpr(delivery('910001', '2026-11-02', '2026-11-01', person('9201700001'), person('9201700003', '{}', '9201700005'), person('9201700005'), person('9201700009', '{0001}')), 'along');
SELECT is_protected('9201700001', '9201700002', '9201700003', '9201700004', '9201700005');
-- and undone
SELECT lifted FROM protaddr.load_cpr(delivery('910001', '2026-11-03', '2026-11-02', person('9201700007', '{}', '9201700008'), person('9201700008'), person('9201700009', '{0001}')), 'along', name => 'third');
SELECT protected FROM protaddr.load_register('DK-CPR', '[{"subject": "9201700007", "protections": [{"code": "0001"}]}]', 'another');
SELECT protaddr.undo_delivery('along', 'third', 'sent too early');
SELECT count(*) FROM protaddr.identity_link WHERE identifier = '9201700007' AND recorded_to = 'infinity';
SELECT is_protected('9201700007', '9201700008');
-- and unlinked by hand: what its own source said, too
SELECT protected FROM protaddr.load_register('DK-CPR', '[{"subject": "9401700001", "protections": [{"code": "0001"}]}]', 'another');
SELECT protected FROM protaddr.load_register('DK-CPR', '[{"subject": "9401700001", "replaced_by": "9401700002", "protections": []}]', 'another');
SELECT subject, code FROM in_force WHERE subject LIKE '94%';
SELECT protaddr.unlink_identity('9401700001', '9401700002'), protaddr.unlink_identity('9401700001', '9401700002');
SELECT is_protected('9401700001', '9401700002');

-- ---- that a protection ended, told of an older number, ends nothing of the newest
SELECT lifted FROM protaddr.load_register('DK-CPR', '[{"subject": "9301700002", "protections": [{"code": "0001"}]}]', 'another');
SELECT lifted, protected FROM protaddr.load_register('DK-CPR', '[{"subject": "9301700001", "replaced_by": "9301700002", "protections": [{"code": "0001", "valid_to": "2026-01-01"}]}]', 'another');
SELECT lifted, protected FROM protaddr.load_register('DK-CPR', '[{"subject": "9301700001", "replaced_by": "9301700002", "protections": [{"code": "0001", "valid_to": "2026-01-01"}]}]', 'another');
SELECT is_protected('9301700001', '9301700002');
SELECT lifted FROM protaddr.load_register('DK-CPR', '[{"subject": "9301700002", "protections": [{"code": "0001", "valid_to": "2026-01-01"}]}]', 'another', mode => 'merge');
SELECT is_protected('9301700001', '9301700002');

DROP VIEW in_force, register;
DROP FUNCTION is_protected, person, people, delivery, fixed, refusal;
DROP EXTENSION protaddr CASCADE;
