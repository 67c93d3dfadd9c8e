--
-- A session remembers whom the registers have told of: until somebody is removed, and not
-- what is rolled back.
--
SET client_min_messages = warning;
\set VERBOSITY terse
CREATE EXTENSION protaddr;
SELECT (protaddr.load_register('DK-CPR', (SELECT jsonb_agg(jsonb_build_object('subject', 'K' || i, 'protections', '[]'::jsonb)) FROM generate_series(1, 2000) i))).persons;
CREATE TABLE home (id int PRIMARY KEY, who text, address protaddr.address);
INSERT INTO home SELECT i, 'K' || i, protaddr.address(strtnm => 'Vej', bldgnb => i::text, subject => 'K' || i) FROM generate_series(1, 2100) i;
CREATE FUNCTION shown(OUT shown bigint, OUT withheld bigint) LANGUAGE sql AS $$
    SELECT count(*) FILTER (WHERE s = 'Vej ' || id), count(*) FILTER (WHERE s = '[address withheld]')
    FROM (SELECT id, protaddr.show(address) s FROM home) x
$$;
-- few, then so many that all are read, then from memory
SELECT protaddr.show(address) FROM home WHERE id IN (1, 2001) ORDER BY id;
SELECT * FROM shown();
SELECT * FROM shown();
-- one protected, one linked: nobody else is forgotten, both count at once
SELECT protaddr.protect('K5', 'DK-CPR', '0001') IS NOT NULL AS protected, protaddr.link_identity('K2050', 'K7') AS linked;
SELECT protaddr.show(address) FROM home WHERE id IN (5, 2050, 2051) ORDER BY id;
SELECT * FROM shown();
SELECT protaddr.unlink_identity('K2050', 'K7') AS unlinked;
SELECT * FROM shown();
-- told of, and taken back before it held
BEGIN;
INSERT INTO protaddr.register_person (source, subject) VALUES ('DK-CPR', 'K2001');
SELECT protaddr.show(address) FROM home WHERE id = 2001;
SAVEPOINT s;
INSERT INTO protaddr.register_person (source, subject) VALUES ('DK-CPR', 'K2002');
SELECT protaddr.show(address) FROM home WHERE id = 2002;
ROLLBACK TO s;
SELECT protaddr.show(address) FROM home WHERE id IN (2001, 2002) ORDER BY id;
ROLLBACK;
SELECT protaddr.show(address) FROM home WHERE id IN (2001, 2002) ORDER BY id;
-- told of
INSERT INTO protaddr.register_person (source, subject) VALUES ('DK-CPR', 'K2001');
SELECT protaddr.show(address) FROM home WHERE id IN (2001, 2002) ORDER BY id;
-- removed by the one who may: forgotten, in the transaction and after it
BEGIN;
DELETE FROM protaddr.register_person WHERE subject IN ('K1', 'K2001');
SELECT protaddr.show(address) FROM home WHERE id IN (1, 2001) ORDER BY id;
ROLLBACK;
SELECT protaddr.show(address) FROM home WHERE id IN (1, 2001) ORDER BY id;
DELETE FROM protaddr.register_person WHERE subject IN ('K1', 'K2001');
SELECT protaddr.show(address) FROM home WHERE id IN (1, 2001) ORDER BY id;
UPDATE protaddr.register_person SET subject = 'K2002' WHERE subject = 'K2';
SELECT protaddr.show(address) FROM home WHERE id IN (2, 2002) ORDER BY id;
SELECT * FROM shown();
-- where nobody lists people, everybody is known
DELETE FROM protaddr.register_person;
SELECT * FROM shown();
DROP TABLE home;
DROP FUNCTION shown();
DROP EXTENSION protaddr;
