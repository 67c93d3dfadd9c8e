-- When does an end that is told in advance end a protection, and when does it not?
\getenv abs_srcdir PG_ABS_SRCDIR
\set deliveries :abs_srcdir '/test/regress/delivery.psql'
\set ECHO none
\i :deliveries
\set VERBOSITY terse
CREATE ROLE regress_ends_loader;
GRANT EXECUTE ON FUNCTION protaddr.end_planned, protaddr.load_register TO regress_ends_loader;
CREATE TABLE at (t timestamptz);
-- load: people of a source, all with the same end, which is to come in a moment
CREATE FUNCTION load(source text, people text, mode text DEFAULT 'replace', more text DEFAULT '') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    said text;
BEGIN
    EXECUTE format('SELECT concat_ws(''|'', persons, protected, newly_protected, lifted, outcome) FROM protaddr.load_register(''NO-FREG'', %L, source => %L, mode => %L, new_source => true, max_lifted => NULL%s)',
        replace(people, 'END', coalesce((SELECT t::text FROM at), '')), source, mode, more) INTO said;
    RETURN said;
END
$$;
CREATE VIEW ends AS SELECT source, subject, code, ends_at = (SELECT t FROM at) AS ends, delete_hint = (SELECT t::date FROM at) AS hint, valid_to = 'infinity' AS open, reason FROM protaddr.protection WHERE recorded_to = 'infinity';
SELECT load(s, '[{"subject": "1", "protections": []}]') FROM unnest('{plan,true,merge,reply,snapshot,many,off}'::text[]) s;
SELECT load('events', '[{"subject": "1", "position": 1, "protections": []}]', 'events', ', upto => 1, as_of => now()');
SELECT protaddr.set_register(s, valid_to_is_true => true) FROM unnest('{true,merge,reply,snapshot,events,many,off}'::text[]) s;
SELECT source, valid_to_is_true FROM protaddr.register_source ORDER BY 1;

SELECT load('reply', '[{"subject": "R1", "protections": [{"code": "FORTROLIG"}]}]');

-- told by every way there is; protected until then, and what is due is nothing yet
INSERT INTO at VALUES (date_trunc('milliseconds', clock_timestamp()) + interval '3 s');
SELECT load('plan', '[{"subject": "P1", "protections": [{"code": "FORTROLIG", "valid_to": "END"}]}]');
SELECT load('true', '[{"subject": "T1", "protections": [{"code": "FORTROLIG", "valid_to": "END", "delete_hint": "2031-01-01"}]}, {"subject": "T2", "protections": [{"code": "FORTROLIG", "valid_to": "END"}, {"code": "STRENGT_FORTROLIG"}]},
    {"subject": "T3", "protections": [{"code": "FORTROLIG", "valid_to": "END"}, {"code": "FORTROLIG"}]}, {"subject": "T4", "protections": [{"code": "FORTROLIG", "valid_to": "END"}, {"code": "FORTROLIG", "valid_to": "2099-01-01"}]},
    {"subject": "T5", "protections": [{"code": "FORTROLIG", "valid_to": "END"}]}, {"subject": "T6", "protections": [{"code": "FORTROLIG", "valid_to": "END"}]}, {"subject": "T7", "protections": [{"code": "FORTROLIG", "valid_to": "END"}]}]');
SELECT load('merge', '[{"subject": "M1", "protections": [{"code": "FORTROLIG", "valid_to": "END"}]}]', 'merge');
SELECT load('reply', '[{"subject": "R1", "protections": [{"code": "FORTROLIG", "valid_to": "END"}]}]', 'reply');
SELECT load('snapshot', '[{"subject": "S1", "protections": [{"code": "FORTROLIG", "valid_to": "END"}]}]', 'snapshot');
SELECT load('events', '[{"subject": "E1", "position": 2, "protections": [{"code": "FORTROLIG", "valid_to": "END"}]}]', 'events', ', after => 1, upto => 2');
SELECT load('off', '[{"subject": "O1", "protections": [{"code": "FORTROLIG", "valid_to": "END"}]}]');
SELECT load('many', (SELECT jsonb_agg(jsonb_build_object('subject', 'N' || i, 'protections', '[{"code": "FORTROLIG", "valid_to": "END"}]'::jsonb))::text FROM generate_series(1, 25) i));
INSERT INTO protaddr.register_staging (source, subject, code, valid_to) SELECT 'true', 'T8', 'FORTROLIG', t FROM at;
SELECT protected, newly_protected FROM protaddr.load_staged('true', 'NO-FREG');
-- told anew without it, or of a record that cannot be read, or not told in a snapshot: no end is known
SELECT load('true', '[{"subject": "T5", "protections": [{"code": "FORTROLIG"}]}]');
SELECT load('snapshot', '[{"subject": "S2", "protections": []}]', 'snapshot');
SELECT load('true', '[{"subject": "T6", "replaced_by": "T9"}]');
SELECT protaddr.set_register('off', valid_to_is_true => false);
SELECT * FROM ends WHERE source <> 'many' ORDER BY source, subject, code;
SELECT source, protaddr.end_planned(source) FROM protaddr.register_source ORDER BY 1;
SELECT clock_timestamp() < t AS not_yet FROM at;
SELECT string_agg(s, ' ' ORDER BY s) FROM unnest('{P1,T1,T2,T3,T4,T5,T6,T7,T8,T9,M1,R1,S1,E1,O1,N1,N25}'::text[]) s WHERE protaddr.is_protected(s);

-- the moment comes: what was declared ends then, and nothing else does
SELECT pg_sleep_until(t) FROM at;
SELECT what, subject, since = (SELECT t::date FROM at) AS that_day FROM protaddr.register_review WHERE what = 'delete date passed' AND subject !~ '^N' ORDER BY 2;
SELECT source, protaddr.end_planned(source) FROM protaddr.register_source WHERE source NOT IN ('events', 'many') ORDER BY 1;
-- a load of the source does the same
SELECT load('events', '[{"subject": "E2", "position": 3, "protections": []}]', 'events', ', after => 2, upto => 3');
SELECT string_agg(s, ' ' ORDER BY s) FROM unnest('{P1,T1,T2,T3,T4,T5,T6,T7,T8,T9,M1,R1,S1,E1,O1,N1,N25}'::text[]) s WHERE protaddr.is_protected(s);
SELECT p.source, p.subject, p.code, p.valid_to = t AS at_that_time, p.delete_hint, p.ends_at, protaddr.protection_at(p.subject, t - interval '1 ms') AS before, protaddr.protection_at(p.subject, t) AS after
FROM protaddr.protection p, at WHERE p.recorded_to = 'infinity' AND p.valid_to <> 'infinity' ORDER BY 1, 2, 3;
SELECT source, protections, lifted, lifts_confirmed FROM protaddr.register_delivery WHERE mode = 'planned ends' ORDER BY id;
SELECT source, protections, deliveries, lifted_in_window FROM protaddr.register_status ORDER BY 1;
SELECT source, s.protections = (SELECT count(*) FROM protaddr.protection p WHERE p.source = s.source AND p.recorded_to = 'infinity' AND p.valid_to = 'infinity') AS counted FROM protaddr.register_source s ORDER BY 1;

-- more than may be lifted: a load goes on, and they hold; the very number has to be told
SELECT load('many', '[{"subject": "N99", "protections": []}]', 'reply');
SET client_min_messages = error;
SELECT refusal($s$SELECT protaddr.end_planned('many')$s$), refusal($s$SELECT protaddr.end_planned('many', confirm_lifted => 24)$s$);
SELECT count(*) FILTER (WHERE protaddr.is_protected('N' || i)) FROM generate_series(1, 25) i;
SELECT protaddr.end_planned('many', confirm_lifted => 25);
SELECT count(*) FILTER (WHERE protaddr.is_protected('N' || i)) FROM generate_series(1, 25) i;
-- taken back: they hold, and do not end again
SELECT protaddr.undo_delivery('many', (SELECT name FROM protaddr.register_delivery WHERE source = 'many' AND mode = 'planned ends'), 'a mistyped year');
SELECT protaddr.end_planned('many');
SELECT count(*) FILTER (WHERE protaddr.is_protected('N' || i)) FROM generate_series(1, 25) i;
-- a delivery can be undone although planned ends have come since
SELECT protaddr.undo_delivery('reply', (SELECT name FROM protaddr.register_delivery WHERE source = 'reply' AND mode = 'reply'), 'a wrong reply');
SELECT protaddr.is_protected('R1');

-- a date that is past is an end that has come: by the limit
SELECT load('many', (SELECT jsonb_agg(jsonb_build_object('subject', 'N' || i, 'protections', '[{"code": "FORTROLIG", "valid_to": "2026-01-01"}]'::jsonb))::text FROM generate_series(1, 25) i));
SELECT count(*) FILTER (WHERE protaddr.is_protected('N' || i)) FROM generate_series(1, 25) i;

-- the bitemporal layout's end is a day, up to and including it
SELECT load_cpr.newly_protected FROM protaddr.load_cpr(delivery('990001', '2026-11-20', '2026-11-19', person('6101704001', '{0001}')));
SELECT protaddr.set_register('DK-CPR', valid_to_is_true => true);
SELECT newly_protected FROM protaddr.load_cpr(convert_to('0016101704002          20150101120001000000000000 0000201501011200K1970-01-02 00.00.0000001970-01-02            0000    ' || E'\n' || '016' || '6101704002' || '0001' || '0000' || '202606151200' || '2026-06-15' || 'JA ' || repeat(' ', 10) || '0000' || repeat(' ', 12) || '2099-01-31' || E'\n', 'LATIN1'), kind => 'bitemporal');
SELECT subject, valid_to, ends_at, delete_hint FROM protaddr.protection WHERE source = 'DK-CPR' ORDER BY id;

-- who may
SELECT refusal('SELECT protaddr.end_planned(NULL)'), refusal($s$SELECT protaddr.end_planned('nobody')$s$);
SET ROLE regress_ends_loader;
SELECT refusal($s$SELECT protaddr.end_planned('many')$s$), refusal($s$SELECT protaddr.end_planned('many', confirm_lifted => 1)$s$), refusal($s$SELECT protaddr.end_due('many', NULL, true)$s$);
RESET ROLE;

DROP EXTENSION protaddr CASCADE;
DROP OWNED BY regress_ends_loader;
DROP ROLE regress_ends_loader;

DROP TABLE at;
DROP FUNCTION load(text, text, text, text);
DROP FUNCTION person, people, delivery, fixed, refusal;
