-- Does whoever is protected protect what their customer, account and old numbers are bound to?
\getenv abs_srcdir PG_ABS_SRCDIR
\set deliveries :abs_srcdir '/test/regress/delivery.psql'
\set ECHO none
\i :deliveries
\set VERBOSITY terse
CREATE ROLE regress_identity_writer;
CREATE ROLE regress_identity_loader;
GRANT pg_write_all_data TO regress_identity_writer;
GRANT INSERT ON protaddr.identity_link TO regress_identity_loader;
CREATE TABLE customer (no text PRIMARY KEY, home protaddr.address);
CREATE TABLE account (iban text PRIMARY KEY, address protaddr.address);
SELECT protaddr.bind_column('customer', 'home', 'no'), protaddr.bind_column('account', 'address', 'iban'), protaddr.confirm_register('regress', new_source => true);
INSERT INTO customer VALUES ('K-1001', 'Kanariegade 1'), ('K-1002', 'Vestergade 2'), ('K-1003', 'Vestergade 3');
INSERT INTO account VALUES ('DK50 0040 0440 1162 43', 'Kanariegade 1'), ('DK5000400440116244', 'Vestergade 2'), ('DK5000400440116245', 'Faelles 3');
CREATE VIEW seen AS SELECT no AS bound_by, protaddr.show(home) AS address FROM customer UNION ALL SELECT iban, protaddr.show(address) FROM account;

-- account, customer, person; the last account has two holders
SELECT protaddr.link_identity('k1001', '610170-4001', 'customer'), protaddr.link_identity('K-1002', '6201704002', 'customer'), protaddr.link_identity('DK5000400440116243', 'K 1001', 'account'),
       protaddr.link_identity('DK5000400440116244', 'K-1002', 'account'), protaddr.link_identity('DK5000400440116245', 'K-1001', 'account'), protaddr.link_identity('DK5000400440116245', 'K-1002', 'account');
SELECT protaddr.link_identity('K-1001', '61 0170 4001', 'in another spelling') AS again;
SELECT identifier, subject, kind, recorded_to = 'infinity' AS counts, recorded_by = session_user AS by_us FROM protaddr.identity_link ORDER BY identifier_key, subject_key;
SELECT * FROM seen ORDER BY bound_by COLLATE "C";
-- one holder: what is theirs, and the common account; not what is the other's
SELECT protaddr.protect('6101704001', 'DK-CPR', '0001');
SELECT * FROM seen ORDER BY bound_by COLLATE "C";
SELECT i, protaddr.is_protected(i) FROM unnest('{6101704001,K-1001,k1001,DK5000400440116243,dk50-0040-0440-1162-43,K-1002,DK5000400440116244,DK5000400440116245,6201704002,K-1003}'::text[]) WITH ORDINALITY u(i, n) ORDER BY n;
-- protected by the account alone: not the holders
SELECT protaddr.protect('DK5000400440116244', 'manual', 'address');
SELECT protaddr.is_protected('DK5000400440116244') AS account, protaddr.is_protected('K-1002') AS customer, protaddr.is_protected('6201704002') AS person;
SELECT protaddr.lift('DK5000400440116244', 'manual', 'address');
-- a gate names any of them
CREATE TABLE payment (from_account text, note text, address protaddr.address);
SELECT protaddr.install_gate('payment', 'sumclearing', 'from_account');
INSERT INTO payment SELECT iban, 'own address', address FROM account;
INSERT INTO payment SELECT lower(iban), 'somebody else''s', (SELECT home FROM customer WHERE no = 'K-1003') FROM account;
SELECT from_account, note, address IS NULL AS held_back FROM payment ORDER BY note, upper(from_account) COLLATE "C";

-- unlinked: holds once committed, and the transaction that does it is shown nothing
BEGIN;
SELECT protaddr.unlink_identity('K-1001', '6101704001');
SET client_min_messages = notice;
SELECT * FROM seen ORDER BY bound_by COLLATE "C";
SET client_min_messages = warning;
ROLLBACK;
SELECT count(*) AS withheld FROM seen WHERE address = '[address withheld]';
DO $$ BEGIN PERFORM protaddr.unlink_identity('K-1001', '6101704001'); RAISE division_by_zero;
EXCEPTION WHEN division_by_zero THEN RAISE WARNING 'after it: %', (SELECT address FROM seen WHERE bound_by = 'K-1001'); END $$;
SELECT protaddr.unlink_identity('K-1002', '6101704001') AS none, protaddr.unlink_identity('k1001', '610170 4001') AS one, protaddr.unlink_identity('K-1001', '6101704001') AS again;
SELECT * FROM seen ORDER BY bound_by COLLATE "C";
-- linked: holds at once, rolled back it never was
BEGIN;
SELECT protaddr.link_identity('K-1001', '6101704001');
SELECT * FROM seen ORDER BY bound_by COLLATE "C";
ROLLBACK;
SELECT protaddr.link_identity('K-1001', '6101704001', 'again');
SELECT address FROM seen WHERE bound_by = 'K-1001';
SELECT subject, kind, recorded_to = 'infinity' AS counts FROM protaddr.identity_link WHERE identifier_key = 'K1001' ORDER BY recorded_from;

-- refused: nobody, oneself, a circle, a fifth link in a row, a 65th subject
SELECT refusal(format('SELECT protaddr.link_identity(%L, %L)', a, b)) FROM (VALUES (1, NULL, '6101704001'), (2, 'K-1001', NULL), (3, ' - ', '6101704001'), (4, 'K-1001', ''), (5, '610170-4001', '06101704001'),
    (6, '6101704001', 'K-1001'), (7, '6101704001', 'dk50 00400440116243')) v(n, a, b) ORDER BY n;
SELECT protaddr.link_identity('C1', 'C2'), protaddr.link_identity('C2', 'C3'), protaddr.link_identity('C3', 'C4'), protaddr.link_identity('C4', 'C5');
SELECT refusal(format('SELECT protaddr.link_identity(%L, %L)', a, b)) FROM (VALUES (1, 'C5', 'C6'), (2, 'C0', 'C1'), (3, 'C5', 'C1'), (4, 'C3', 'C1'), (5, 'C0', 'C2'), (6, 'C4', 'C6')) v(n, a, b) ORDER BY n;
-- the limit holds however many identifiers stand beside the chain
SELECT count(*) FILTER (WHERE protaddr.link_identity('W-' || i, 'W', 'account')) AS accounts FROM generate_series(1, 70) i;
SELECT protaddr.link_identity('Z3', 'Z2'), protaddr.link_identity('Z2', 'Z1'), protaddr.link_identity('Z1', 'Z0'), protaddr.link_identity('Z0', 'W');
SELECT refusal('SELECT protaddr.link_identity(''W'', ''V'')'), refusal('SELECT protaddr.link_identity(''W'', ''Z3'')');
SELECT count(*) AS people FROM protaddr.people_of('Z3');
SELECT protaddr.protect('C5', 'manual', 'address');
SELECT i, protaddr.is_protected(i) FROM unnest('{C0,C1,C2,C3,C4,C5,C6}'::text[]) i ORDER BY i;
INSERT INTO protaddr.identity_link (identifier, subject) SELECT 'many', 'H' || i FROM generate_series(1, 64) i;
SELECT refusal('SELECT protaddr.link_identity(''many'', ''H65'')'), refusal('INSERT INTO protaddr.identity_link (identifier, subject) SELECT ''more'', ''H'' || i FROM generate_series(1, 65) i');
SELECT count(*) AS more FROM protaddr.identity_link WHERE identifier = 'more';
-- nor more than 256 over several links, whichever of them comes last
INSERT INTO protaddr.identity_link (identifier, subject) SELECT 'many' || i / 50, 'HH' || i FROM generate_series(0, 249) i;
INSERT INTO protaddr.identity_link (identifier, subject) SELECT 'some', 'many' || i FROM generate_series(0, 4) i;
SELECT refusal('SELECT protaddr.link_identity(''some'', ''many'')'), refusal('SELECT protaddr.link_identity(''HH7'', ''HHH'')'), refusal('SELECT protaddr.link_identity(''many1'', ''HH300'')');
SELECT count(*) AS people FROM protaddr.people_of('some');
-- thousands of identifiers of one person are looked at in no time, a chain over them too; what would take long is refused
INSERT INTO protaddr.identity_link (identifier, subject) SELECT 'wide-' || i, 'wide' FROM generate_series(1, 64) i;
INSERT INTO protaddr.identity_link (identifier, subject) SELECT 'wide-' || i || '-' || j, 'wide-' || i FROM generate_series(1, 64) i, generate_series(1, 40) j;
SET statement_timeout = '20s';
SELECT protaddr.link_identity('wide', 'wider') AS linked;
SELECT protaddr.protect('wider', 'manual', 'address');
SELECT count(*) AS identifiers, bool_and(protaddr.is_protected(i)) AS protected FROM (SELECT 'wide-' || i || '-' || j FROM generate_series(1, 64) i, generate_series(1, 40) j) n(i);
RESET statement_timeout;
SELECT protaddr.is_protected('many') AS before, protaddr.protect('H64', 'manual', 'address') AS protected;
SELECT protaddr.is_protected('many') AS after;

-- by COPY, in every spelling, at once or not at all
SET ROLE regress_identity_loader;
COPY protaddr.identity_link (identifier, subject, kind) FROM STDIN;
K 2001	7101704001	customer
k-2002	710170-4002	customer
0000002003	K-2001	joint
\.
COPY protaddr.identity_link (identifier, subject) FROM STDIN;
K-2004	7101704004
K-2005	0707614285
0707614285	k2005
\.
SELECT refusal('SELECT * FROM protaddr.identity_link'), refusal('UPDATE protaddr.identity_link SET recorded_to = now()'), refusal('DELETE FROM protaddr.identity_link'), refusal('SELECT protaddr.unlink_identity(''K-2001'', ''7101704001'')');
RESET ROLE;
SELECT identifier_key, subject_key, recorded_by = session_user AS by_us FROM protaddr.identity_link WHERE identifier_key ~ '^K?200' ORDER BY 1, 2;
SELECT protaddr.protect('7101704001', 'DK-CPR', '0001');
SELECT protaddr.is_protected('2003') AS joint, protaddr.is_protected('K-2002') AS other;
-- who may write every table may not take a link away or change it
SET ROLE regress_identity_writer;
SELECT refusal(s) FROM (VALUES (1, 'UPDATE protaddr.identity_link SET recorded_to = now()'), (2, 'UPDATE protaddr.identity_link SET subject = ''x'''), (3, 'DELETE FROM protaddr.identity_link'),
    (4, 'TRUNCATE protaddr.identity_link'), (5, 'SELECT protaddr.link_identity(''a'', ''b'')')) v(n, s) ORDER BY n;
RESET ROLE;
-- nor may a superuser change what is recorded
SELECT refusal(s) FROM (VALUES (1, 'UPDATE protaddr.identity_link SET subject = ''x'''), (2, 'DELETE FROM protaddr.identity_link'), (3, 'TRUNCATE protaddr.identity_link'),
    (4, 'UPDATE protaddr.identity_link SET recorded_to = ''-infinity'''), (5, 'SET LOCAL session_replication_role = replica; DELETE FROM protaddr.identity_link')) v(n, s) ORDER BY n;
-- a dump brings closed links and current ones in any order: what has ended makes no circle
INSERT INTO protaddr.identity_link (identifier, subject, recorded_from, recorded_to) VALUES ('6101704001', 'K-1001', '2026-01-01', '2026-02-01');

-- few and many: asked one by one or all at once, the same
CREATE TABLE asked AS
SELECT 'P' || i AS i, i % 7 = 0 AS protected FROM generate_series(1, 300) i UNION ALL
SELECT 'A' || i, i % 7 = 0 OR (i + 1) % 7 = 0 FROM generate_series(1, 300) i UNION ALL
SELECT 'B' || i, i % 7 = 0 OR (i + 1) % 7 = 0 FROM generate_series(1, 300) i;
INSERT INTO protaddr.identity_link (identifier, subject) SELECT 'A' || i, 'P' || i + d FROM generate_series(1, 300) i, generate_series(0, 1) d;
INSERT INTO protaddr.identity_link (identifier, subject) SELECT 'B' || i, 'A' || i FROM generate_series(1, 300) i;
SELECT count(*) AS protected FROM asked WHERE i LIKE 'P%' AND protected AND protaddr.protect(i, 'manual', 'address');
SELECT protaddr.protect('P301', 'manual', 'address');
UPDATE asked SET protected = true WHERE i IN ('A300', 'B300');
ANALYZE protaddr.protection;
\c -
SET client_min_messages = warning;
SELECT count(*) AS asked_at_once, count(*) FILTER (WHERE protected) AS protected, count(*) FILTER (WHERE protected <> protaddr.is_protected(i)) AS told_wrongly FROM asked;
-- a few in each session's life: the register changes between them, so that each is asked anew
CREATE PROCEDURE ask_singly(INOUT wrong int) LANGUAGE plpgsql AS $$
DECLARE a record;
BEGIN
    FOR a IN SELECT * FROM asked WHERE i IN ('P7', 'P8', 'A6', 'A7', 'A8', 'B6', 'B7', 'B8', 'A300', 'B300', 'B299', 'P300', 'A5', 'B5', 'P301', 'B13', 'B14', 'B15') ORDER BY i LOOP
        PERFORM protaddr.confirm_register('regress', new_source => true);
        PERFORM protaddr.link_identity('x' || a.i, 'y');
        COMMIT;
        IF protaddr.is_protected(a.i) <> a.protected THEN
            wrong := wrong + 1;
        END IF;
    END LOOP;
END
$$;
CALL ask_singly(0);

-- a circle made behind our back: nobody loops, and whoever is in it stands for all
ALTER TABLE protaddr.identity_link DISABLE TRIGGER identity_link_checked;
INSERT INTO protaddr.identity_link (identifier, subject) VALUES ('R1', 'R2'), ('R2', 'R3'), ('R3', 'R1'), ('S1', 'S1'), ('T1', 'R2');
INSERT INTO protaddr.identity_link (identifier, subject) SELECT 'L' || i, 'L' || i + 1 FROM generate_series(1, 200) i;
ALTER TABLE protaddr.identity_link ENABLE ALWAYS TRIGGER identity_link_checked;
SELECT protaddr.protect('L201', 'manual', 'address');
SELECT i, protaddr.is_protected(i) FROM unnest('{R1,R2,R3,S1,T1,L1,L200,L201}'::text[]) i ORDER BY i;
SELECT refusal('SELECT protaddr.link_identity(''U1'', ''R1'')'), refusal('SELECT protaddr.link_identity(''R1'', ''U1'')'), refusal('SELECT protaddr.link_identity(''L0'', ''L1'')');
SELECT protaddr.protect('R3', 'manual', 'address');
SELECT i, protaddr.is_protected(i) FROM unnest('{R1,R2,R3,S1,T1}'::text[]) i ORDER BY i;
\c -
SET client_min_messages = warning;
SELECT count(*) AS asked FROM asked WHERE protaddr.is_protected(i) IS NOT NULL;
SELECT i, protaddr.is_protected(i) FROM unnest('{R1,R2,R3,S1,T1,L1,L200,L201}'::text[]) i ORDER BY i;

DROP PROCEDURE ask_singly;
DROP TABLE customer, account, payment, asked CASCADE;
DROP VIEW in_force, register;
DROP FUNCTION person, people, delivery, fixed, refusal;
DROP EXTENSION protaddr CASCADE;
DROP ROLE regress_identity_writer, regress_identity_loader;
