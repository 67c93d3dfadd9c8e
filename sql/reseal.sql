--
-- Do old values come under the newest key, saying the same, and does an old key come to its end?
--
SET client_min_messages = warning;
CREATE EXTENSION protaddr;
SELECT protaddr.confirm_register('regress', new_source => true) IS NOT NULL AS confirmed, protaddr.protect('6201704002', 'DK-CPR', '0001') AS protected;
CREATE FUNCTION refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text;
BEGIN
    EXECUTE statement;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN regexp_replace(concat_ws(' ', SQLSTATE, SQLERRM, '(' || nullif(detail, '') || ')'), '[0-9a-f]{16}', 'KEY', 'g');
END
$$;
CREATE FUNCTION key_of(protaddr.address) RETURNS text LANGUAGE sql AS $$
    SELECT encode(substr(protaddr.address_send($1), 2, 8), 'hex')
$$;
CREATE FUNCTION key_of(bytea) RETURNS text LANGUAGE sql AS $$ SELECT encode(substr($1, 2, 8), 'hex') $$;
CREATE ROLE regress_reseal_typist;
CREATE ROLE regress_reseal_keeper;

-- values under the first key: bound, unbound, released, partitioned, inside others, and our own
CREATE TABLE customer (n int PRIMARY KEY, cpr text, home protaddr.address, second protaddr.address, written int NOT NULL DEFAULT 0,
    token text GENERATED ALWAYS AS (left(home::text, 20)) STORED);
GRANT INSERT ON customer TO regress_reseal_typist;
INSERT INTO customer SELECT i, CASE i % 3 WHEN 0 THEN '6201704002' ELSE '6101704001' END, ('Vestergade ' || i)::protaddr.address FROM generate_series(1, 60) i;
SELECT protaddr.bind_column('customer', 'home', 'cpr');
INSERT INTO customer VALUES (61, '6101704001', NULL, 'Vestergade 61');
CREATE TABLE typed AS SELECT 'Vestergade 62'::protaddr.address AS home;
GRANT SELECT ON typed TO regress_reseal_typist;
SET ROLE regress_reseal_typist;
INSERT INTO customer (n, cpr, home) SELECT 62, '6101704001', home FROM typed;
RESET ROLE;
CREATE INDEX ON customer (home);
CREATE TABLE audit (n int);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.written := OLD.written + 1; INSERT INTO audit VALUES (NEW.n); RETURN NEW; END $$;
CREATE TRIGGER aa_note BEFORE UPDATE ON customer FOR EACH ROW EXECUTE FUNCTION note();
CREATE TABLE payment (id int, payer text, address protaddr.address) PARTITION BY RANGE (id);
CREATE TABLE payment_1 PARTITION OF payment FOR VALUES FROM (1) TO (40);
CREATE TABLE payment_2 (address protaddr.address, dropped int, payer text, id int);
ALTER TABLE payment_2 DROP dropped;
ALTER TABLE payment ATTACH PARTITION payment_2 FOR VALUES FROM (40) TO (100);
SELECT protaddr.install_gate('payment', 'cross_border', 'payer');
SET client_min_messages = error;
INSERT INTO payment SELECT n, cpr, home FROM customer WHERE n <= 60;
SET client_min_messages = warning;
SELECT protaddr.set_substitute('6201704002', protaddr.address(strtnm => 'Kontorvej', bldgnb => '1', pstcd => '8000', twnnm => 'Testby', ctry => 'DK'), 'post office') IS NOT NULL AS substitute;
CREATE TYPE household AS (name text, homes protaddr.address[]);
CREATE TABLE inside (h household, several protaddr.address[]);
INSERT INTO inside SELECT ROW('x', ARRAY[home, home])::household, ARRAY[home] FROM typed;
CREATE TABLE own AS SELECT protaddr.address(strtnm => 'Gammelvej', subject => '6201704002') AS home;
CREATE TABLE before AS SELECT n, home::text AS token, protaddr.show(home) AS shown, protaddr.subjects_of(home) AS people FROM customer;
CREATE TABLE paid AS SELECT id, protaddr.show_iso(address)::text AS iso FROM payment;
SELECT key_id AS old_key FROM protaddr.key_status WHERE newest \gset
SELECT count(*) AS values, count(*) FILTER (WHERE key_of(home) = :'old_key') AS old FROM customer WHERE home IS NOT NULL;

-- what needs a key keeps it
SELECT refusal(format('SELECT protaddr.retire_data_key(%L, ''not needed'')', :'old_key'));
SELECT protaddr.rotate_data_key() AS new_key \gset
SELECT refusal(format('SELECT protaddr.retire_data_key(%L, %s)', k, r)) FROM (VALUES (1, :'old_key', '''not needed'''), (2, :'old_key', '''not needed'', erase => true, force => true'),
    (3, :'new_key', '''not needed'''), (4, :'old_key', ''' '''), (5, '0000000000000000', '''x'''), (6, 'x', '''x''')) v(n, k, r) ORDER BY n;

-- resealed: other bytes, saying the same, and nobody else's code has run
CALL protaddr.reseal('customer', 'home', 7);
SELECT count(*) AS rows, count(*) FILTER (WHERE key_of(c.home) = :'new_key') AS new, count(*) FILTER (WHERE c.home::text <> b.token) AS other_bytes,
       count(*) FILTER (WHERE protaddr.show(c.home) = b.shown) AS shown_the_same, count(*) FILTER (WHERE protaddr.subjects_of(c.home) IS NOT DISTINCT FROM b.people) AS same_people,
       count(*) FILTER (WHERE c.token = left(c.home::text, 20)) AS generated
FROM customer c JOIN before b USING (n) WHERE c.home IS NOT NULL;
SELECT sum(written) AS written, (SELECT count(*) FROM audit) AS audited, count(*) FILTER (WHERE key_of(second) = :'old_key') AS other_column FROM customer;
SELECT protaddr.show(home) AS unbound FROM customer WHERE n = 62;
SET enable_seqscan = off;
SELECT count(*) AS found_by_index FROM customer c WHERE home OPERATOR(protaddr.===) (SELECT home FROM customer WHERE n = 7);
RESET enable_seqscan;
CALL protaddr.reseal('customer');
SELECT key_of(second) = :'new_key' AS all_columns, protaddr.show(second) AS unbound FROM customer WHERE n = 61;
-- partitions, through a gate: what was released stays released, and what may be shown is the same
CALL protaddr.reseal('payment');
SELECT count(*) AS rows, count(*) FILTER (WHERE key_of(address) = :'new_key') AS new, count(*) FILTER (WHERE protaddr.show_iso(address)::text = b.iso) AS same FROM payment JOIN paid b USING (id) WHERE address IS NOT NULL;
SELECT count(*) AS not_released FROM protaddr.verify_gate('payment');
-- our own tables
CALL protaddr.reseal('protaddr.substitute_address');
CALL protaddr.reseal('protaddr.guarded_address');
SELECT count(*) AS substitutes, count(*) FILTER (WHERE key_of(address) = :'new_key') AS new FROM protaddr.substitute_address;
CALL protaddr.reseal('typed');
-- held rows and what was decided of them, at each step
SELECT protaddr.set_channel('sepa', when_protected => 'hold', legal_basis => 'none but this test');
CREATE TABLE outbound (id int PRIMARY KEY, payer text, address protaddr.address);
SELECT protaddr.install_gate('outbound', 'sepa', 'payer');
INSERT INTO outbound VALUES (1, '6201704002', protaddr.address(strtnm => 'Kanariegade', subject => '6201704002'));
SELECT held_id AS held FROM protaddr.held_rows() \gset
INSERT INTO outbound SELECT 2, '6201704002', home FROM own;
INSERT INTO outbound VALUES (3, '6201704002', protaddr.address(strtnm => 'Nyvej', subject => '6201704002'));
DROP TABLE own;
SELECT :'new_key' AS second_key \gset
SELECT protaddr.decide_held(:held, 'disclose', 'decided in the test');
SELECT protaddr.rotate_data_key() AS new_key \gset
CALL protaddr.reseal('protaddr.held');
CALL protaddr.reseal('protaddr.held_decision');
SELECT count(*) AS sealed, count(*) FILTER (WHERE key_of(sealed) = :'new_key') AS new FROM (SELECT sealed FROM protaddr.held UNION ALL SELECT sealed FROM protaddr.held_decision) t;
SELECT protaddr.carry_out_held('outbound') AS carried_out;
SELECT row_key->>'id' AS id, status FROM protaddr.held_rows() ORDER BY 1;
CALL protaddr.reseal('customer');
CALL protaddr.reseal('payment');
CALL protaddr.reseal('protaddr.substitute_address');
CALL protaddr.reseal('protaddr.guarded_address');
CALL protaddr.reseal('typed');

-- what is inside others is found, and resealed by updating it
CALL protaddr.reseal('inside');
SELECT refusal(format('SELECT protaddr.retire_data_key(%L, ''not needed'')', :'old_key'));
-- a compromised key ends at once; its values are whole, and say so
SET client_min_messages = error;
SELECT protaddr.retire_data_key(:'old_key', 'disclosed by mistake', force => true) AS values_left;
SET client_min_messages = warning;
SELECT refusal('SELECT protaddr.resealed(several[1]) FROM inside'), refusal('SELECT protaddr.show(several[1]) FROM inside'), refusal('SELECT protaddr.show((h).homes[2]) FROM inside');
SELECT usable, newest, retired_at IS NOT NULL AS retired, status, regexp_replace(acts[1], '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (.*) by \S+:', '\1:') AS act FROM protaddr.key_status WHERE key_id = :'old_key';
SELECT refusal(format('SELECT protaddr.retire_data_key(%L, ''again'')', :'old_key'));
SELECT count(*) FILTER (WHERE protaddr.show(home) = b.shown) AS others_are_shown FROM customer JOIN before b USING (n);
-- until it is reinstated
SELECT protaddr.reinstate_data_key(:'old_key', 'to reseal what is left');
SELECT protaddr.show(several[1]) FROM inside;
SELECT refusal(format('SELECT protaddr.reinstate_data_key(%L, ''again'')', :'old_key'));
UPDATE inside SET several = ARRAY(SELECT protaddr.resealed(a) FROM unnest(several) a), h.homes = ARRAY(SELECT protaddr.resealed(a) FROM unnest((h).homes) a);
SELECT key_of(several[1]) = :'new_key' AS new, key_of((h).homes[2]) = :'new_key' AS new FROM inside;
SELECT protaddr.retire_data_key(:'old_key', 'not needed') AS retired, protaddr.retire_data_key(:'old_key', 'for good', erase => true) AS erased;
SELECT wrapped IS NULL AS erased, cardinality(acts) AS acts FROM protaddr.data_key WHERE lpad(to_hex(id), 16, '0') = :'old_key';
SELECT status FROM protaddr.key_status WHERE key_id = :'old_key';
SELECT refusal(format('SELECT protaddr.reinstate_data_key(%L, ''again'')', :'old_key')), refusal(format('SELECT protaddr.retire_data_key(%L, ''again'', erase => true)', :'old_key'));
SELECT count(*) FILTER (WHERE protaddr.show(home) = b.shown) AS shown FROM customer JOIN before b USING (n);

-- addresses in held rows have come under the newest key with them; what was decided of a payment stays so
SELECT protaddr.retire_data_key(:'second_key', 'not needed', erase => true) AS erased;
SELECT protaddr.release_held(held_id, 'disclose', 'decided in the test') FROM protaddr.held_rows() WHERE status = 'held' ORDER BY row_key->>'id';
SELECT protaddr.rotate_data_key() IS NOT NULL AS rotated;
CALL protaddr.reseal('outbound');
SELECT id, protaddr.show(address) FROM outbound ORDER BY id;
SELECT count(*) AS not_released FROM protaddr.verify_gate('outbound');
UPDATE outbound SET payer = payer;
SELECT count(*) AS held FROM protaddr.held_rows() WHERE status = 'held';

-- altered values and such whose key is not here stay, and are counted
CREATE TABLE broken AS SELECT n, home FROM customer WHERE n <= 3;
SELECT protaddr.rotate_data_key() AS third_key \gset
UPDATE broken SET home = ('pa1.' || translate(rtrim(replace(encode(set_byte(b, 60, get_byte(b, 60) # 1), 'base64'), E'\n', ''), '='), '+/', '-_'))::protaddr.address
FROM (SELECT protaddr.address_send(home) AS b FROM broken WHERE n = 2) t WHERE n = 2;
UPDATE broken SET home = ('pa1.' || translate(rtrim(replace(encode(overlay(b placing '\x00c0ffee00c0ffee' from 2), 'base64'), E'\n', ''), '='), '+/', '-_'))::protaddr.address
FROM (SELECT protaddr.address_send(home) AS b FROM broken WHERE n = 3) t WHERE n = 3;
CREATE TABLE broken_before AS SELECT * FROM broken;
CALL protaddr.reseal('broken');
SELECT n, key_of(b.home) = :'third_key' AS new, b.home::text = o.home::text AS the_same FROM broken b JOIN broken_before o USING (n) ORDER BY n;

-- who may, and how
BEGIN;
CALL protaddr.reseal('customer');
ROLLBACK;
DO $$ BEGIN CALL protaddr.reseal('nothing'); EXCEPTION WHEN undefined_table THEN RAISE WARNING 'no such table'; END $$;
CALL protaddr.reseal('customer', 'cpr');
CALL protaddr.reseal('audit');
CALL protaddr.reseal('customer', 'home', 0);
CALL protaddr.reseal(NULL);
CREATE MATERIALIZED VIEW seen AS SELECT home FROM customer;
CALL protaddr.reseal('seen');
DROP MATERIALIZED VIEW seen;
SET ROLE regress_reseal_keeper;
CALL protaddr.reseal('customer');
RESET ROLE;
GRANT EXECUTE ON PROCEDURE protaddr.reseal TO regress_reseal_keeper;
SET ROLE regress_reseal_keeper;
CALL protaddr.reseal('customer');
CALL protaddr.reseal('protaddr.substitute_address');
CALL protaddr.reseal('protaddr.guarded_address');
RESET ROLE;
GRANT UPDATE (home) ON customer TO regress_reseal_keeper;
ALTER TABLE customer ENABLE ROW LEVEL SECURITY;
SET ROLE regress_reseal_keeper;
CALL protaddr.reseal('customer', 'home');
RESET ROLE;
ALTER TABLE customer DISABLE ROW LEVEL SECURITY;
SET ROLE regress_reseal_keeper;
CALL protaddr.reseal('customer');
CALL protaddr.reseal('customer', 'home');
RESET ROLE;
SELECT count(*) FILTER (WHERE key_of(home) = :'third_key') AS new FROM customer;

-- code in an index runs as the table's owner, not as the superuser who reseals
CREATE TABLE spied (n int, home protaddr.address);
GRANT CREATE ON SCHEMA public TO regress_reseal_typist;
ALTER TABLE spied OWNER TO regress_reseal_typist;
SET ROLE regress_reseal_typist;
CREATE FUNCTION spy(protaddr.address) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RAISE WARNING 'runs as %', current_user; RETURN 1; END $$;
INSERT INTO spied SELECT 1, home FROM typed;
RESET ROLE;
SELECT protaddr.rotate_data_key() IS NOT NULL AS rotated;
SET client_min_messages = error;
SET ROLE regress_reseal_typist;
CREATE INDEX ON spied (public.spy(home));
RESET ROLE;
SET client_min_messages = warning;
CALL protaddr.reseal('spied');

DROP TABLE outbound, customer, typed, audit, payment, inside, before, paid, broken, broken_before, spied;
DROP TYPE household;
DROP FUNCTION refusal, spy, key_of(protaddr.address), key_of(bytea), note;
DROP EXTENSION protaddr CASCADE;
DROP OWNED BY regress_reseal_typist, regress_reseal_keeper;
DROP ROLE regress_reseal_typist, regress_reseal_keeper;
