--
-- Which values does a key count, and which does nobody look into?
--
SET client_min_messages = warning;
\set VERBOSITY terse
CREATE FUNCTION try(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
BEGIN
    EXECUTE statement;
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN regexp_replace(concat_ws(' ', SQLSTATE, SQLERRM, '(' || nullif(detail, '') || ')'), '[0-9a-f]{16}', 'KEY', 'g');
END
$$;
CREATE EXTENSION protaddr;
SELECT key_id AS old_key FROM protaddr.key_status WHERE newest \gset

-- one value, wherever it may stand: each shape is counted for what is in it
CREATE TYPE span AS RANGE (subtype = protaddr.address);
CREATE TYPE household AS (name text, home protaddr.address, earlier protaddr.address[]);
CREATE DOMAIN delivery AS protaddr.address;
CREATE DOMAIN deliveries AS delivery[];
SELECT set_config('regress.old_key', :'old_key', false) IS NOT NULL AS set, set_config('regress.home', 'Vestergade 1'::protaddr.address::text, false) IS NOT NULL AS typed;
SELECT protaddr.rotate_data_key() IS NOT NULL AS rotated;
CREATE FUNCTION counted(type text, value text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    EXECUTE format('CREATE TABLE one (v %s); INSERT INTO one SELECT %s FROM (SELECT current_setting(''regress.home'')::protaddr.address) typed(home)', type, value);
    answer := try(format('SELECT protaddr.retire_data_key(%L, ''test'', erase => true)', current_setting('regress.old_key')));
    RAISE EXCEPTION USING ERRCODE = 'no_data_found', MESSAGE = answer;
EXCEPTION WHEN no_data_found THEN
    RETURN replace(SQLERRM, '55006 data key KEY is still needed ', '');
END
$$;
SELECT type, value, counted(type, value) FROM (VALUES
    (1, 'protaddr.address', 'home'), (2, 'protaddr.address', 'NULL'), (3, 'protaddr.address[]', 'ARRAY[home, NULL, home]'), (4, 'delivery', 'home'), (5, 'deliveries', 'ARRAY[home]::delivery[]'),
    (6, 'household', $$ROW('x'::text, home, ARRAY[home, home])::household$$), (7, 'household[]', $$ARRAY[ROW('x', home, NULL)::household, ROW('y', NULL, ARRAY[home])::household]$$),
    (8, 'span', $$span(home, home, '[]')$$), (9, 'span', 'span(home, NULL)'), (10, 'span', 'span(NULL, home)'), (11, 'span', $$'(,)'$$), (12, 'span', $$'empty'$$),
    (13, 'span_multirange', $$span_multirange(span(home, home, '[]'))$$), (14, 'span_multirange', 'span_multirange(span(NULL, home), span(home, NULL))'), (15, 'span_multirange', $$'{}'$$), (16, 'text', 'home')) v(n, type, value) ORDER BY n;

CREATE TABLE typed AS SELECT current_setting('regress.home')::protaddr.address AS home;
CREATE MATERIALIZED VIEW copied AS SELECT home FROM typed;
DELETE FROM typed;
CREATE UNIQUE INDEX ON typed (home);
SELECT try(format('SELECT protaddr.retire_data_key(%L, ''test'')', :'old_key')) AS in_a_materialized_view;
REFRESH MATERIALIZED VIEW copied;
DROP TABLE typed CASCADE;
-- a key that is in use is there
SELECT left(try('UPDATE protaddr.data_key SET wrapped = NULL WHERE retired_at IS NULL'), 5) AS erased_in_use;

-- what cannot be looked into is named, if it could hold any
CREATE FOREIGN DATA WRAPPER regress_unnoticed_keys;
CREATE SERVER regress_unnoticed_keys FOREIGN DATA WRAPPER regress_unnoticed_keys;
CREATE FOREIGN TABLE with_address (n int, home protaddr.address) SERVER regress_unnoticed_keys;
CREATE FOREIGN TABLE with_several (n int, homes household[]) SERVER regress_unnoticed_keys;
CREATE FOREIGN TABLE without_any (n int, home text) SERVER regress_unnoticed_keys;
\set VERBOSITY default
SELECT regexp_replace(protaddr.retire_data_key(:'old_key', 'not needed')::text, '[0-9a-f]{16}', 'KEY') AS values_left;
\set VERBOSITY terse
DROP SERVER regress_unnoticed_keys CASCADE;
DROP FOREIGN DATA WRAPPER regress_unnoticed_keys;


-- a held row under a key that is not here any more: nothing is decided on it, and nothing of it is lost
SELECT protaddr.confirm_register('regress', new_source => true) IS NOT NULL AS confirmed;
SELECT protaddr.protect('6201704002', 'manual', 'address') IS NOT NULL AS protected;
CREATE TABLE payment (id int PRIMARY KEY, payer text, address protaddr.address);
SELECT protaddr.install_gate('payment', 'psp_request', 'payer');
SET client_min_messages = error;
INSERT INTO payment VALUES (1, '6201704002', 'Vestergade 1');
SELECT held_id AS held FROM protaddr.held_rows('payment') \gset
SELECT key_id AS held_key FROM protaddr.key_status WHERE newest \gset
SELECT protaddr.rotate_data_key() IS NOT NULL AS rotated;
SELECT try(format('SELECT protaddr.retire_data_key(%L, ''test'')', :'held_key'));
SELECT protaddr.retire_data_key(:'held_key', 'test', force => true) AS values_left;
SELECT act, try(format('SELECT protaddr.%s', format(act, :'held'))) FROM (VALUES (1, 'release_held(%s, ''disclose'', ''asked'')'), (2, 'decide_held(%s, ''reject'', ''wrong'')')) v(n, act) ORDER BY n;
SELECT row_key, status FROM protaddr.held_rows('payment');
SELECT protaddr.reinstate_data_key(:'held_key', 'test');
SELECT try(format('SELECT protaddr.release_held(%s, ''disclose'', ''asked'')', :'held')), (SELECT count(*) FROM payment) AS stored;
SET client_min_messages = warning;

-- more keys than a session keeps: the one taken in first makes room, and is taken in again
CREATE TABLE many (n int, home protaddr.address);
DO $$ BEGIN FOR i IN 1 .. 70 LOOP INSERT INTO many VALUES (i, protaddr.address(StrtNm => 'Vestergade', BldgNb => i::text, subject => '6101704001')); COMMIT; PERFORM protaddr.rotate_data_key(); COMMIT; END LOOP; END $$;
SELECT protaddr.confirm_register('regress') IS NOT NULL AS confirmed, protaddr.subjects_of(home) AS subject FROM many WHERE n = 1;
SELECT count(*) AS rows, count(*) FILTER (WHERE protaddr.subjects_of(home) = '{6101704001}') AS opened FROM many;
SELECT count(*) AS rows, count(*) FILTER (WHERE protaddr.subjects_of(home) = '{6101704001}') AS opened FROM (SELECT * FROM many ORDER BY n DESC) m;

-- a key that is neither here nor retired, or is of another length, is none
SELECT regexp_replace(try(s), ' \(.*', '') FROM unnest(ARRAY['INSERT INTO protaddr.data_key (id, outer_key, generation) VALUES (1, ''x'', 0)', 'INSERT INTO protaddr.data_key (id, outer_key, generation, wrapped) VALUES (1, ''x'', 0, ''\x00'')']) WITH ORDINALITY u(s, n) ORDER BY n;

DROP TABLE payment, many;
DROP FUNCTION counted;
DROP TYPE span CASCADE;
DROP TYPE household CASCADE;
DROP DOMAIN deliveries, delivery;
DROP EXTENSION protaddr CASCADE;
DROP FUNCTION try;
