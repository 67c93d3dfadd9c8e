-- Does each way to load say what it says and no more: snapshot, replace, merge, events, reply?
\getenv abs_srcdir PG_ABS_SRCDIR
\set deliveries :abs_srcdir '/test/regress/delivery.psql'
\set ECHO none
\i :deliveries
\set VERBOSITY terse
CREATE VIEW held AS SELECT subject, code, reason FROM protaddr.protection WHERE recorded_to = 'infinity' AND valid_to = 'infinity' AND source = 'NO-FREG';
CREATE FUNCTION load(mode text, people jsonb, more text DEFAULT '') RETURNS text LANGUAGE plpgsql AS $$
DECLARE told text;
BEGIN
    EXECUTE format('SELECT concat_ws('' '', ''persons'', persons, ''new'', newly_protected, ''lifted'', lifted, ''kept'', kept, ''absent'', absent) FROM protaddr.load_register(''NO-FREG'', $1, mode => $2%s)', more) INTO told USING people, mode;
    RETURN told;
END
$$;

-- a snapshot of everybody; the next one lacks somebody: counted, in the review, still protected
SELECT load('snapshot', '[{"subject": "N1", "protections": [{"code": "7"}]}, {"subject": "N2", "protections": [{"code": "6"}]}, {"subject": "N3", "protections": []}, {"subject": "N4", "protections": [{"code": "UGRADERT"}]}]');
SELECT load('snapshot', '[{"subject": "N1", "protections": [{"code": "7"}]}, {"subject": "N3", "protections": []}]');
SELECT * FROM held ORDER BY subject;
SELECT what, subject, detail FROM protaddr.register_review ORDER BY 1, 2;
SELECT load('snapshot', '[{"subject": "N1", "protections": [{"code": "7"}]}, {"subject": "N3", "protections": []}]');
SELECT load('snapshot', '[{"subject": "N1", "protections": [{"code": "7"}]}, {"subject": "N2", "protections": [{"code": "6"}]}]');
SELECT count(*) AS in_review FROM protaddr.register_review;

-- merge: a code more, its end, none at all; what is not named is as it was; a missing element is no none
SELECT load('merge', '[{"subject": "N1", "protections": [{"code": "6"}]}, {"subject": "N3"}, {"subject": "N5", "protections": [{"code": "19"}]}]');
SELECT * FROM held ORDER BY subject, code;
SELECT load('merge', '[{"subject": "N1", "protections": [{"code": "6", "valid_to": "2026-01-01"}]}, {"subject": "N2"}]');
SELECT load('merge', '[{"subject": "N5", "protections": []}]');
SELECT * FROM held ORDER BY subject, code;
-- a planned end ends nothing, and is kept as the delete date
SELECT load('merge', '[{"subject": "N1", "protections": [{"code": "7", "valid_to": "2099-12-31T12:00:00Z"}]}]');
SELECT subject, code, delete_hint FROM in_force WHERE subject = 'N1';

-- rows that say nothing, and codes that are empty
INSERT INTO protaddr.register_staging (source, subject) VALUES ('NO-FREG', 'N1'), ('NO-FREG', 'N6');
SELECT persons, lifted FROM protaddr.load_staged('NO-FREG', 'NO-FREG');
SELECT protaddr.is_protected('N1') AS as_before, EXISTS (SELECT FROM protaddr.register_person WHERE subject = 'N6') AS known;
INSERT INTO protaddr.register_staging (source, subject, code) VALUES ('NO-FREG', 'N1', ' ');
SELECT refusal('SELECT protaddr.load_staged(''NO-FREG'', ''NO-FREG'')'), refusal($s$SELECT load('replace', '[{"subject": "N1", "protections": [{"code": ""}]}]')$s$), refusal($s$SELECT load('merge', '[{"subject": "N1", "protections": null}]')$s$);
DELETE FROM protaddr.register_staging;

-- regimes, sources and modes are not made by mistyping them
SELECT n, refusal(s) FROM (VALUES (1, $s$SELECT protaddr.load_register('NO-FERG', '[{"subject": "N1", "protections": []}]')$s$), (2, $s$SELECT protaddr.load_register('NO-FREG', '[{"subject": "N1", "protections": []}]', 'no-freg')$s$),
    (3, $s$SELECT protaddr.load_register('SE-FOLK', '[{"subject": "N1", "protections": []}]', 'NO-FREG')$s$), (4, $s$SELECT load('replaced', '[{"subject": "N1", "protections": []}]')$s$),
    (5, $s$SELECT load('replace', '[{"subject": "N1", "protections": []}]', ', upto => 3')$s$), (6, $s$SELECT load('replace', '[{"subject": "N1", "protections": []}]', ', as_of => now() + interval ''1 hour''')$s$)) v(n, s) ORDER BY n;

-- a reply is about one person, and makes nothing fresher; nor does a merge
UPDATE protaddr.register_source SET current_as_of = '2026-01-01';
SELECT load('reply', '[{"subject": "N7", "protections": [{"code": "7"}]}]');
SELECT load('merge', '[{"subject": "N7", "protections": [{"code": "6"}]}]');
SELECT refusal($s$SELECT load('reply', '[{"subject": "N7", "protections": []}, {"subject": "N1", "protections": []}]')$s$);
SELECT current_as_of FROM protaddr.register_source;

-- events: in order, exactly once; the later of two counts, wherever it stands; without the element nothing is said
SELECT protaddr.feed_position('NO-FREG') AS none_yet;
SELECT load('events', '[{"position": 12, "subject": "N8", "protections": [{"code": "6"}]}, {"position": 10, "subject": "N8", "protections": []}, {"position": 11, "subject": "N1"}, {"position": 11, "subject": "N9", "protections": [{"code": "7"}]}, {"position": 14, "subject": "N9", "protections": []}, {"position": 13, "subject": "N8"}]', ', upto => 15');
SELECT subject, code FROM in_force WHERE subject IN ('N1', 'N8', 'N9') ORDER BY subject;
SELECT current_as_of FROM protaddr.register_source;
SELECT protaddr.feed_position('NO-FREG'), (SELECT delivers FROM protaddr.register_status) AS delivers;
SELECT n, refusal(format($s$SELECT load('events', '[{"position": 16, "subject": "N8", "protections": []}]'%s)$s$, a)) FROM (VALUES (1, ''), (2, ', '', upto => 15'''), (3, ', '', upto => 20'''), (4, ', '', after => 12, upto => 20'''),
    (5, ', '', after => 16, upto => 20'''), (6, ', '', after => 15, upto => 14''')) v(n, a) ORDER BY n;
SELECT refusal($s$SELECT load('events', '[{"position": 15, "subject": "N8", "protections": []}]', ', after => 15, upto => 20')$s$), refusal($s$SELECT load('events', '[{"subject": "N8", "protections": []}]', ', after => 15, upto => 20')$s$), refusal($s$SELECT load('events', '[{"position": -1, "subject": "N8", "protections": []}]', ', after => 15, upto => 20')$s$);
SELECT count(*) AS still FROM in_force WHERE subject = 'N8';
-- nothing has happened up to a position; fresh up to what the feed says
SELECT load('events', '[]', ', after => 15, upto => 20, as_of => ''2026-11-20 12:00+01''');
SELECT protaddr.feed_position('NO-FREG'), current_as_of FROM protaddr.register_source;
-- staged events, with a number that was replaced
INSERT INTO protaddr.register_staging (source, subject, code, "position", replaced_by) VALUES ('NO-FREG', 'N8', NULL, 21, 'N88');
SELECT lifted, replaced_numbers FROM protaddr.load_staged('NO-FREG', 'NO-FREG', mode => 'events', after => 20, upto => 21);
SELECT subject, code FROM in_force WHERE subject LIKE 'N8%';
SELECT identifier, subject FROM protaddr.identity_link;
-- refused ones are on record; a position is set anew after a snapshot, and goes back with what is undone
SELECT outcome, count(*) FROM protaddr.register_delivery WHERE outcome LIKE 'refused%event%' GROUP BY outcome ORDER BY outcome COLLATE "C";
SELECT protaddr.declare_feed('NO-FREG', "position" => 100);
SELECT load('events', '[]', ', after => 100, upto => 110, name => ''last''');
SELECT protaddr.undo_delivery('NO-FREG', 'last', 'test') AS rows;
SELECT protaddr.feed_position('NO-FREG');
SELECT mode, position_after, position_upto, outcome FROM protaddr.register_delivery WHERE position_upto IS NOT NULL ORDER BY id;

DROP VIEW held, in_force, register;
DROP FUNCTION load, person, people, delivery, fixed, refusal;
DROP EXTENSION protaddr CASCADE;
