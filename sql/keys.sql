--
-- Do values stay readable under the keys they were sealed with, and whole when a key is missing?
--
SET client_min_messages = warning;
CREATE EXTENSION protaddr;
SELECT protaddr.confirm_register('regress', new_source => true) IS NOT NULL AS confirmed;
CREATE FUNCTION refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text;
BEGIN
    EXECUTE statement;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN concat_ws(' ', SQLSTATE, SQLERRM, '(' || nullif(detail, '') || ')');
END
$$;
-- the key a value was sealed with, as key_status writes it
CREATE FUNCTION key_of(protaddr.address) RETURNS text LANGUAGE sql AS $$
    SELECT encode(substr(protaddr.address_send($1), 2, 8), 'hex')
$$;
-- a value of these bytes, if they have the shape of one
CREATE FUNCTION value_of(bytes bytea) RETURNS protaddr.address LANGUAGE sql AS $$
    SELECT ('pa1.' || translate(rtrim(replace(encode(bytes, 'base64'), E'\n', ''), '='), '+/', '-_'))::protaddr.address
$$;

-- the first key
SELECT count(*) AS keys, bool_and(key_id ~ '^[0-9a-f]{16}$') AS key_id, bool_and(outer_key ~ '^[0-9a-f]{16}$') AS outer_key,
       bool_and(outer_key = protaddr.outer_key_name()) AS our_outer_key, bool_and(usable) AS usable, bool_and(newest) AS newest, min(status) AS status
FROM protaddr.key_status;
CREATE TABLE customer (n int PRIMARY KEY, cpr text, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', 'cpr');
INSERT INTO customer VALUES (1, '6101704001', 'Vestergade 1');

-- rotation: what the rotating transaction seals must outlive its rollback, so it takes the old key
BEGIN;
SELECT protaddr.rotate_data_key() AS rotated \gset
INSERT INTO customer VALUES (2, '6101704001', 'Vestergade 2');
COMMIT;
INSERT INTO customer VALUES (3, '6101704001', 'Vestergade 3');
SELECT count(*) AS keys, count(*) FILTER (WHERE newest) AS newest, bool_or(key_id = :'rotated' AND newest) AS is_the_rotated FROM protaddr.key_status;
SELECT n, key_of(home) = :'rotated' AS rotated_key, protaddr.show(home) FROM customer ORDER BY n;
-- an update does not reseal what did not change; a value bound to one more person is sealed anew
CREATE TABLE before AS SELECT * FROM customer;
UPDATE customer SET home = home;
SELECT count(*) AS same FROM customer c JOIN before b USING (n) WHERE c.home::text = b.home::text;
UPDATE customer SET cpr = '6801704003' WHERE n = 1;
SELECT key_of(home) = :'rotated' AS rotated_key, protaddr.show(home) FROM customer WHERE n = 1;
BEGIN;
SELECT protaddr.rotate_data_key() <> :'rotated' AS another;
ROLLBACK;
SELECT key_of('Vestergade 4') = :'rotated' AS rotated_key;
SELECT protaddr.rotate_data_key() <> protaddr.rotate_data_key() AS two_at_once;
SELECT count(*) AS keys, count(*) FILTER (WHERE newest) AS newest, count(*) FILTER (WHERE usable) AS usable FROM protaddr.key_status;
-- the clock went back: the new key is the newest all the same
UPDATE protaddr.data_key SET created_at = now() + interval '1 year' WHERE id = (SELECT id FROM protaddr.data_key ORDER BY generation DESC LIMIT 1);
SELECT protaddr.rotate_data_key() AS after_the_clock \gset
SELECT key_id = :'after_the_clock' AS the_new_one, generation = (SELECT max(generation) FROM protaddr.data_key) AS highest FROM protaddr.key_status WHERE newest;
SELECT key_of('Vestergade 5') = :'after_the_clock' AS seals_with_it;
-- a session that meets more keys than it keeps
DO $$ BEGIN FOR i IN 1 .. 20 LOOP PERFORM protaddr.rotate_data_key(); COMMIT; INSERT INTO customer VALUES (100 + i, '6101704001', 'Vestergade 9'); COMMIT; END LOOP; END $$;
SELECT count(DISTINCT key_of(home)) AS keys, count(*) FILTER (WHERE protaddr.show(home) = 'Vestergade 9') AS shown FROM customer WHERE n > 100;
SELECT count(*) FILTER (WHERE protaddr.show(home) LIKE 'Vestergade %') AS shown, count(*) AS rows FROM customer;

-- rows of data_key stay, whoever asks
SELECT refusal(s) FROM (VALUES (1, 'DELETE FROM protaddr.data_key'), (2, 'TRUNCATE protaddr.data_key'),
    (3, 'SET LOCAL session_replication_role = replica; DELETE FROM protaddr.data_key')) v(n, s) ORDER BY n;
SELECT left(refusal('INSERT INTO protaddr.data_key (id, wrapped, outer_key, generation) VALUES (1, ''\x00'', ''x'', 1)'), 5) AS no_key;

-- tampered with, byte by byte: each of version (1), key id (8), nonce (12), ciphertext (64) and tag (16)
CREATE TABLE bytes AS SELECT protaddr.address_send(home) AS b FROM customer WHERE n = 3;
SELECT octet_length(b) AS bytes FROM bytes;
SELECT part, count(*) AS flipped, array_agg(DISTINCT regexp_replace(r, '[0-9a-f]{16}', 'KEY')) AS refusals
FROM (SELECT CASE WHEN i < 1 THEN '1 version' WHEN i < 9 THEN '2 key id' WHEN i < 21 THEN '3 nonce' WHEN i < 85 THEN '4 ciphertext' ELSE '5 tag' END AS part,
             refusal(format('SELECT protaddr.show(value_of(%L))', set_byte(b, i, get_byte(b, i) # (1 << i % 8)))) AS r
      FROM bytes, generate_series(0, octet_length(b) - 1) i) t
GROUP BY part ORDER BY part;
SELECT what, regexp_replace(refusal(format('SELECT protaddr.show(value_of(%L))', changed)), '[0-9a-f]{16}', 'KEY') FROM bytes, LATERAL (VALUES
    (1, 'a block less', substr(b, 1, 21) || substr(b, 86)), (2, 'a byte less', substr(b, 1, 100)), (3, 'a byte more', b || '\x00'),
    (4, 'a block more', substr(b, 1, 85) || decode(repeat('00', 64), 'hex') || substr(b, 86)),
    (5, 'zeros', '\x01'::bytea || decode(repeat('00', 100), 'hex')),
    (6, 'two halves', (SELECT substr(b, 1, 50) || substr(protaddr.address_send(home), 51) FROM customer WHERE n = 120))) v(n, what, changed) ORDER BY n;
-- every way in meets the same refusal
SELECT array_agg(DISTINCT refusal(format('SELECT protaddr.%s(value_of(%L) %s)', f, set_byte(b, 50, get_byte(b, 50) # 1), CASE f WHEN 'release' THEN ', ''sepa''' END))) AS refusals
FROM bytes, unnest('{show,show_iso,street_name,building_number,building_name,floor,room,post_box,post_code,town_name,town_location_name,country_subdivision,country,care_of,release}'::text[]) f;
SELECT refusal(format('INSERT INTO customer VALUES (4, ''6101704001'', value_of(%L))', set_byte(b, 50, get_byte(b, 50) # 1))) AS bound FROM bytes;

-- a value whose key is not here: named, and whole
CREATE TABLE foreign_value AS SELECT '00c0ffee00c0ffee' AS key, value_of(overlay(b placing '\x00c0ffee00c0ffee' from 2)) AS home FROM bytes;
SELECT refusal('SELECT protaddr.show(home) FROM foreign_value');
SELECT refusal('SELECT protaddr.release(home, ''sepa'') FROM foreign_value');
INSERT INTO customer SELECT 4, '6101704001', home FROM foreign_value;
UPDATE customer SET cpr = '6201704002', home = home WHERE n = 4;
SELECT protaddr.unbind_column('customer', 'home');
SELECT protaddr.bind_column('customer', 'home', 'cpr');
SELECT c.home::text = f.home::text AS whole FROM customer c, foreign_value f WHERE n = 4;
SELECT count(*) FROM (SELECT home FROM customer WHERE n = 4 UNION SELECT home FROM foreign_value) t;
CREATE TABLE outbound_payment (payer text, address protaddr.address);
SELECT protaddr.install_gate('outbound_payment', 'sumclearing', 'payer');
SELECT refusal('INSERT INTO outbound_payment SELECT cpr, home FROM customer WHERE n = 4');
SELECT count(*) AS rows FROM outbound_payment;
DROP TABLE outbound_payment;

-- a data key that another outer key wraps, and one that was tampered with
BEGIN;
UPDATE protaddr.data_key SET outer_key = '0123456789abcdef' WHERE lpad(to_hex(id), 16, '0') = :'rotated';
SELECT usable, newest, status FROM protaddr.key_status WHERE key_id = :'rotated';
ROLLBACK;
\c
SET client_min_messages = warning;
BEGIN;
UPDATE protaddr.data_key SET wrapped = set_byte(wrapped, 30, get_byte(wrapped, 30) # 1), outer_key = outer_key WHERE lpad(to_hex(id), 16, '0') = :'rotated';
SELECT usable, newest, status FROM protaddr.key_status WHERE key_id = :'rotated';
SELECT replace(refusal('SELECT protaddr.show(home) FROM customer WHERE n = 3'), :'rotated', 'KEY');
ROLLBACK;
SELECT protaddr.show(home) FROM customer WHERE n = 3;

-- a value stored while its key was not here is bound once the key is, and counted meanwhile
CREATE TABLE typed AS SELECT 'Vestergade 50'::protaddr.address AS home;
SELECT key_of(home) AS typed_key FROM typed \gset
UPDATE protaddr.data_key SET outer_key = '0123456789abcdef' WHERE lpad(to_hex(id), 16, '0') = :'typed_key';
\c
SELECT protaddr.rotate_data_key() IS NOT NULL AS another_is_used;
SET client_min_messages = warning;
\set VERBOSITY terse
CREATE TABLE late (n int PRIMARY KEY, cpr text, home protaddr.address);
SELECT protaddr.bind_column('late', 'home', 'cpr');
INSERT INTO late VALUES (1, '6101704001', 'Vestergade 51'), (2, NULL, 'Vestergade 52');
DO $$ BEGIN
    INSERT INTO late SELECT n, '6101704001', home FROM typed, generate_series(3, 5) n;
END $$;
INSERT INTO late SELECT 6, NULL, home FROM typed;
\set VERBOSITY default
SELECT * FROM protaddr.bound_values('late', 'home', 'cpr');
SELECT count(*) AS cannot_be_read FROM late WHERE refusal(format('SELECT protaddr.show(home) FROM late WHERE n = %s', n)) LIKE '55PA1 %';
UPDATE protaddr.data_key SET outer_key = protaddr.outer_key_name() WHERE lpad(to_hex(id), 16, '0') = :'typed_key';
SELECT * FROM protaddr.bound_values('late', 'home', 'cpr');
SELECT n, protaddr.show(home) FROM late ORDER BY n;
UPDATE late SET n = 13 WHERE n = 3;
SELECT unbound FROM protaddr.bound_values('late', 'home', 'cpr');
SELECT protaddr.rebind_column('late', 'home') AS rebound;
SELECT * FROM protaddr.bound_values('late', 'home', 'cpr');
SELECT n, protaddr.show(home) FROM late ORDER BY n;
SELECT refusal(s) FROM (VALUES (1, 'SELECT protaddr.rebind_column(''late'', ''cpr'')'), (2, 'SELECT protaddr.bound_values(''late'', ''cpr'', ''cpr'')'),
    (3, 'SELECT protaddr.bound_values(0, ''home'', ''cpr'')'), (4, 'SELECT protaddr.bound_values(''late'', ''home'', ''who'')'),
    (5, 'SELECT protaddr.bound_values(''late'', ''home'', ''home'')')) v(n, s) ORDER BY n;
CREATE ROLE regress_keys_reader;
GRANT EXECUTE ON FUNCTION protaddr.bound_values TO regress_keys_reader;
SET ROLE regress_keys_reader;
SELECT refusal('SELECT protaddr.bound_values(''late'', ''home'', ''cpr'')');
RESET ROLE;
GRANT SELECT ON late TO regress_keys_reader;
ALTER TABLE late ENABLE ROW LEVEL SECURITY;
SET ROLE regress_keys_reader;
SELECT refusal('SELECT protaddr.bound_values(''late'', ''home'', ''cpr'')');
RESET ROLE;
DROP TABLE late, typed;
DROP OWNED BY regress_keys_reader;
DROP ROLE regress_keys_reader;

-- adopt_data_keys: its argument
SELECT refusal(format('SELECT protaddr.adopt_data_keys(%L)', f)) FROM unnest('{protaddr.kek,../protaddr.kek,"",/nowhere/protaddr.kek,/,/etc/passwd}'::text[])
    WITH ORDINALITY u(f, n) ORDER BY n;
SELECT protaddr.adopt_data_keys(NULL) IS NULL AS null_for_null;
SELECT protaddr.adopt_data_keys(CASE WHEN f LIKE '/%' THEN f ELSE current_setting('data_directory') || '/' || f END) AS adopted_from_ourselves
FROM current_setting('protaddr.kek_file') f;
SELECT count(DISTINCT outer_key) AS outer_keys, bool_and(usable) AS usable FROM protaddr.key_status;
-- where the outer key comes from is nobody's to set, and no ordinary role's to see
SELECT refusal('SET protaddr.kek_file = ''/etc/passwd'''), refusal('SET protaddr.kek_command = ''echo''');
CREATE ROLE regress_keys_user;
SET ROLE regress_keys_user;
SELECT left(refusal('SHOW protaddr.kek_file'), 5) AS kek_file, refusal('SELECT * FROM protaddr.key_status'), refusal('SELECT * FROM protaddr.data_key');
RESET ROLE;

DROP TABLE customer, before, bytes, foreign_value;
DROP FUNCTION refusal, key_of, value_of;
DROP ROLE regress_keys_user;
DROP EXTENSION protaddr CASCADE;
