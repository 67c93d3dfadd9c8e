--
-- Does each branch of the code that decides do what it is there for?  Here is what no
-- other test comes to; test/coverage.pl looks whether any is left.
--
SET client_min_messages = warning;
\set VERBOSITY terse
CREATE EXTENSION protaddr;
CREATE FUNCTION refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
BEGIN
    EXECUTE statement;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    -- held rows have random numbers, seals random bytes
    RETURN regexp_replace(regexp_replace(concat_ws(' ', SQLSTATE, SQLERRM, '(' || nullif(detail, '') || ')'), '\d{9,}', 'N', 'g'), 'Failing row.*', '...');
END
$$;
-- F is free, and so is F1; P and P1 are protected; nobody knows X
SELECT persons FROM protaddr.load_register('DK-CPR', '[{"subject": "F", "protections": []}, {"subject": "F1", "protections": []}, {"subject": "P", "protections": []}, {"subject": "P1", "protections": []}]');
SELECT protaddr.protect('P', 'DK-CPR', '0001'), protaddr.protect('P1', 'DK-CPR', '0001');
CREATE FUNCTION home(subject text) RETURNS protaddr.address LANGUAGE sql AS $$ SELECT protaddr.address(StrtNm => 'Prøvevej', BldgNb => '7', TwnNm => 'Prøveby', Ctry => 'DK', subject => subject) $$;

-- ---- rows of the law as no constraint would have them: what they say too much is withheld --------
CREATE TABLE rule (n int GENERATED ALWAYS AS IDENTITY, change jsonb);
INSERT INTO rule (change) SELECT c::jsonb FROM unnest(ARRAY['{}', '{"channel": null}', '{"valid_from": null}', '{"valid_to": null}', '{"when_protected": "leave"}', '{"when_protected": null}', '{"when_unknown": "disclose"}', '{"when_unknown": "substitute"}', '{"when_unknown": "leave"}',
    '{"when_own": "disclose"}', '{"when_own": "minimum"}', '{"when_own": "substitute"}', '{"when_own": "leave"}', '{"when_own": "hold"}', '{"when_unreadable": "hold"}', '{"when_unreadable": "leave"}', '{"birth_data": null}', '{"legal_basis": null}',
    '{"small_amount": 1, "small_currency": "EUR", "when_small": "disclose"}', '{"small_amount": 1, "small_currency": "EUR", "when_small": "leave"}', '{"small_amount": "NaN", "small_currency": "EUR", "when_small": "disclose"}', '{"small_amount": "Infinity", "small_currency": "EUR", "when_small": "disclose"}',
    '{"small_amount": 1, "small_currency": null, "when_small": "disclose"}', '{"small_amount": 1, "small_currency": "EURO", "when_small": "disclose"}', '{"small_amount": 1, "small_currency": "EUR", "when_small": "substitute", "without_substitute": "hold"}',
    '{"channel": "show"}', '{"channel": "show", "when_protected": "hold"}', '{"channel": "show", "when_protected": "substitute"}', '{"channel": "show", "when_unknown": "hold"}', '{"channel": "show", "when_unknown": "leave"}', '{"channel": "show", "when_unbound": "hold"}',
    '{"channel": "show", "when_protected": "substitute", "without_substitute": "hold"}', '{"channel": "show", "when_protected": "substitute", "without_substitute": "minimum"}', '{"channel": "show", "small_amount": 1, "small_currency": "EUR", "when_small": "disclose", "when_own": "disclose"}']) WITH ORDINALITY u(c, n) ORDER BY n;
INSERT INTO rule (change) VALUES (jsonb_build_object('channel', repeat('x', 64))), (jsonb_build_object('channel', repeat('x', 65)));
SELECT left(change::text, 90) AS change, protaddr.channel_actions(jsonb_populate_record(NULL::protaddr.channel, '{"channel": "c", "valid_from": "-infinity", "valid_to": "infinity", "when_protected": "minimum", "when_unknown": "minimum", "when_unbound": "withhold", "when_unreadable": "block", "without_substitute": "withhold", "birth_data": false, "legal_basis": "b"}'::jsonb || change)) AS may FROM rule ORDER BY n;
DROP TABLE rule;

-- ---- the law of two times: what both allow ---------------------------------------------------------
SELECT protaddr.set_channel('then', 'withhold', route => 'union', when_unknown => 'leave', description => 't', legal_basis => 'b');
SELECT protaddr.set_channel('then', when_unknown => 'leave', when_own => 'disclose', legal_basis => 'later', valid_from => '2100-01-01'), protaddr.set_channel('then', when_unknown => 'withhold', valid_from => '2200-01-01'), protaddr.end_channel('then', '2300-01-01');
SELECT year, protaddr.show(protaddr.release(home('X'), 'then', at => make_timestamptz(year, 6, 1, 0, 0, 0))) IS NOT NULL AS unknown, protaddr.release(home('P'), 'then', at => make_timestamptz(year, 6, 1, 0, 0, 0), receiver => 'P') IS NOT NULL AS own FROM unnest('{2099,2100,2200}'::int[]) year;
SELECT refusal('SELECT protaddr.release(home(''F''), ''then'', at => ''2300-06-01'')');
-- ---- small amounts -----------------------------------------------------------------------------------
SELECT protaddr.set_channel('small', 'withhold', route => 'union', small_amount => 100, small_currency => 'EUR', when_small => 'substitute', without_substitute => 'minimum', when_unknown => 'leave', description => 't', legal_basis => 'b');
INSERT INTO protaddr.exchange_rate (currency, in_currency, valid_from, rate) VALUES ('SEK', 'EUR', now() - interval '3 days', 0.5), ('SEK', 'EUR', now() - interval '1 day', 0.1), ('SEK', 'EUR', now() + interval '1 day', 0.001), ('EUR', 'DKK', '2020-01-01', 8);
SELECT amount, currency, protaddr.show(protaddr.release(home('P'), 'small', amount, currency)) FROM (VALUES (1, 100, 'EUR'), (2, 101, 'EUR'), (3, 1000, 'SEK'), (4, 1001, 'SEK'), (5, 800, 'DKK'), (6, 801, 'DKK'), (7, 1, 'USD'), (8, numeric 'NaN', 'EUR'), (9, '-Infinity', 'EUR'), (10, -101, 'EUR'), (11, 1, 'EU'), (12, 1, 'eUR'), (13, 1, 'EuR'), (14, 1, 'EUr'), (15, 1, 'EU1'), (16, 1, 'E1R'), (17, 1, '1UR'), (18, 1, NULL), (19, NULL, 'EUR'), (20, 1, 'EURO')) v(n, amount, currency) ORDER BY n;
-- an amount that nobody knows: the stricter of both, and of what comes without a substitute
SELECT protaddr.set_channel('boxed', 'minimum', route => 'union', small_amount => 100, small_currency => 'EUR', when_small => 'substitute', without_substitute => 'block', description => 't', legal_basis => 'b') \g /dev/null
SELECT refusal('SELECT protaddr.release(home(''P''), ''boxed'', 200, ''EUR'')') AS large, refusal('SELECT protaddr.release(home(''P''), ''boxed'')') AS unknown;

-- ---- whose own it is -----------------------------------------------------------------------------------
SELECT protaddr.set_channel('own', 'withhold', route => 'union', when_unknown => 'withhold', when_own => 'disclose', description => 't', legal_basis => 'b');
SELECT protaddr.link_identity('A', 'P'), protaddr.link_identity('J', 'P'), protaddr.link_identity('J', 'P1');
SELECT of, receiver, protaddr.release(home(of), 'own', receiver => receiver) IS NOT NULL AS leaves, protaddr.release(home(of), 'own', payee => receiver) IS NOT NULL AS to_payee FROM (VALUES (1, 'P', 'P'), (2, 'P', 'A'), (3, 'A', 'P'), (4, 'P', 'J'), (5, 'P', 'P1'), (6, 'P', ''), (7, 'P', '-'), (8, 'P', NULL), (9, NULL, 'P'), (10, 'J', 'P'), (11, 'X', 'X')) v(n, of, receiver) ORDER BY n;

SELECT protaddr.explain_release(NULL, 'own') IS NULL AS nothing, protaddr.explain_release(home('P'), NULL) IS NULL AS nowhere, protaddr.release(home('P'), NULL) IS NULL AS not_released;

-- ---- what was released before is released again ---------------------------------------------------
SELECT protaddr.set_substitute('P', '{"PstBx": "7", "TwnNm": "Prøveby"}', 'test') \g /dev/null
SELECT protaddr.set_channel('box', 'substitute', route => 'union', when_unknown => 'leave', description => 't', legal_basis => 'b'), protaddr.set_channel('town', 'minimum', route => 'union', when_unknown => 'leave', description => 't', legal_basis => 'b');
CREATE TABLE sent (what text PRIMARY KEY, channel text, home protaddr.address);
INSERT INTO sent SELECT 'substitute', 'box', protaddr.release(home('P'), 'box') UNION ALL SELECT 'minimum', 'town', protaddr.release(home('P'), 'town') UNION ALL SELECT 'whole', 'box', protaddr.release(home('X'), 'box') UNION ALL SELECT 'nobody''s', 'box', protaddr.release(home('F'), 'box');
CREATE VIEW shown AS SELECT what, protaddr.show(home), protaddr.show(protaddr.release(home, channel)) AS again FROM sent;
SELECT * FROM shown ORDER BY what;
-- what was reduced is no more than that through a channel that would give all, and on no record
SELECT what, protaddr.show(protaddr.release(home, 'own', receiver => 'P')), (SELECT count(*) FROM protaddr.disclosure WHERE channel = 'own') AS before FROM sent WHERE what IN ('minimum', 'substitute') ORDER BY what;
SELECT channel, count(*) FROM protaddr.disclosure GROUP BY channel ORDER BY channel;
-- not ready, as in a transaction that lifts: nothing, whatever it was released for
BEGIN;
SELECT protaddr.lift('P', 'DK-CPR', '0001');
SELECT what, protaddr.show(home) FROM sent ORDER BY what;
ROLLBACK;
-- free since: it stays what it was
SELECT protaddr.lift('P', 'DK-CPR', '0001');
SELECT * FROM shown ORDER BY what;
-- without its channel, nothing vouches for what left whole
SELECT protaddr.end_channel('box');
SELECT what, protaddr.show(home) FROM sent ORDER BY what;
SELECT protaddr.protect('P', 'DK-CPR', '0001');
SELECT what, protaddr.show(home) FROM sent ORDER BY what;
DROP TABLE sent CASCADE;

-- ---- rows that are held aside: on their way back ---------------------------------------------------------
SELECT protaddr.set_channel('held', 'hold', route => 'union', when_unknown => 'leave', when_unreadable => 'hold', description => 't', legal_basis => 'b') \g /dev/null
SELECT protaddr.set_channel('held too', 'hold', route => 'union', when_unknown => 'leave', description => 't', legal_basis => 'b') \g /dev/null
CREATE TABLE payment (gone int, id int PRIMARY KEY, channel text, payer text, payee text, note text, doc text, home protaddr.address);
ALTER TABLE payment DROP gone;
SELECT protaddr.install_gate('payment', channel_column => 'channel', subject => 'payer', payee => 'payee', messages => '{"doc": "xml"}');
CREATE FUNCTION held(int) RETURNS bigint LANGUAGE sql AS $$ SELECT held_id FROM protaddr.held_rows() WHERE row_key = jsonb_build_object('id', $1::text) ORDER BY held_at DESC LIMIT 1 $$;
CREATE FUNCTION release(int, text DEFAULT 'minimum') RETURNS text LANGUAGE sql AS $$ SELECT refusal(format('SELECT protaddr.release_held(%s, %L, ''asked'')', held($1), $2)) $$;
INSERT INTO payment (id, channel, payer, home) SELECT n, 'held', 'P', home('P') FROM generate_series(1, 6) n;
INSERT INTO payment (id, channel, payer, home) VALUES (7, 'held too', 'P', home('P'));
-- the channel is gone; whatever a session wants to be told
SELECT protaddr.end_channel('held too');
SELECT release(7);
SET client_min_messages = log;
SELECT release(1);
SET client_min_messages = warning;
SELECT refusal(format('SELECT protaddr.decide_held(%s, ''reject'', ''late'', again => true)', held(1)));
-- what asks for the whole transaction again is not one row's failure
CREATE FUNCTION again() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'try again' USING ERRCODE = TG_ARGV[0]; END $$;
SELECT protaddr.decide_held(held(n), 'minimum', 'asked') FROM generate_series(2, 3) n;
CREATE TRIGGER again BEFORE INSERT ON payment FOR EACH ROW EXECUTE FUNCTION again('40001');
SELECT refusal('SELECT protaddr.carry_out_held(''payment'')');
DROP TRIGGER again ON payment;
CREATE TRIGGER again BEFORE INSERT ON payment FOR EACH ROW EXECUTE FUNCTION again('57P05');
SELECT refusal('SELECT protaddr.carry_out_held(''payment'')');
DROP TRIGGER again ON payment;
SELECT protaddr.carry_out_held('payment');
-- a message that cannot be read: of whom it is known only who pays
INSERT INTO payment (id, channel, payer, doc) VALUES (10, 'held', 'F', '<broken'), (11, 'held', NULL, '<broken'), (12, 'held', 'P', '<broken'), (13, 'held', 'F', '<broken');
SELECT release(13, 'disclose');
INSERT INTO payment (id, channel, payer, doc) VALUES (14, 'held', 'F', '<broken');
SELECT protaddr.decide_held(held(14), 'disclose', 'asked');
SELECT protaddr.protect('F', 'DK-CPR', '0001');
SELECT n, release(n, 'disclose') FROM generate_series(10, 12) n;
SELECT refusal(format('SELECT protaddr.carry_out_held(''payment'', %s)', held(14)));
SELECT protaddr.lift('F', 'DK-CPR', '0001');
SELECT id, payer, home IS NOT NULL AS home, doc FROM payment ORDER BY id;
-- its column is gone, or generated now: that loses nothing, or is refused
INSERT INTO payment (id, channel, payer, note, home) VALUES (15, 'held', 'P', NULL, home('P')), (16, 'held', 'P', 'text', home('P'));
ALTER TABLE payment DROP note;
SELECT n, release(n) FROM generate_series(15, 16) n;
ALTER TABLE payment ADD note text GENERATED ALWAYS AS (lower(payee)) STORED;
SELECT release(16);
ALTER TABLE payment DROP note, ADD note text;
SELECT release(16);

-- ---- what somebody does to held rows and decisions by hand ------------------------------------------------
ALTER TABLE protaddr.held DISABLE TRIGGER USER;
ALTER TABLE protaddr.held_decision DISABLE TRIGGER USER;
UPDATE protaddr.held SET payer = NULL WHERE held_id = held(4);
UPDATE protaddr.held h SET sealed = (SELECT sealed FROM protaddr.held_decision LIMIT 1) WHERE held_id = held(5);
SELECT n, release(n) FROM generate_series(4, 5) n;
UPDATE protaddr.held SET payer = 'P' WHERE held_id = held(4);
-- sealed under a key that is not here, and altered in what is sealed
CREATE FUNCTION other_byte(sealed bytea, at int) RETURNS bytea LANGUAGE sql AS 'SELECT set_byte(sealed, at, get_byte(sealed, at) # 255)';
UPDATE protaddr.held SET sealed = other_byte(sealed, 1) WHERE held_id = held(4);
UPDATE protaddr.held SET sealed = other_byte(sealed, length(sealed) - 1) WHERE held_id = held(6);
UPDATE protaddr.held_decision SET sealed = other_byte(sealed, 1) WHERE held_id = held(3);
SELECT n, left(release(n), 40) FROM unnest('{4,6}'::int[]) n;
SELECT refusal(format('SELECT protaddr.decide_held(%s, ''reject'', ''again'', again => true)', held(3)));
SELECT row_key, status FROM protaddr.held_rows('payment') WHERE row_key->>'id' IN ('3', '4', '6') ORDER BY row_key->>'id';
UPDATE protaddr.held SET sealed = other_byte(sealed, 1) WHERE held_id = held(4);
UPDATE protaddr.held SET sealed = other_byte(sealed, length(sealed) - 1) WHERE held_id = held(6);
UPDATE protaddr.held_decision SET sealed = other_byte(sealed, 1) WHERE held_id = held(3);
-- too short to be a seal: nothing of it is resealed, and all else is
UPDATE protaddr.held SET sealed = '\x01' WHERE held_id = held(5);
SELECT protaddr.rotate_data_key() IS NOT NULL AS rotated;
CALL protaddr.reseal('protaddr.held');
SELECT row_key, status FROM protaddr.held_rows('payment') WHERE row_key->>'id' IN ('5', '6', '16') ORDER BY row_key->>'id';
-- a decision taken away under what came of it; one of another row, or another act
DELETE FROM protaddr.held_decision WHERE held_id = held(1) AND what = 'release';
UPDATE protaddr.held_decision d SET what = 'reject' WHERE held_id = held(2) AND what = 'carry out';
INSERT INTO protaddr.held_decision SELECT (jsonb_populate_record(d, jsonb_build_object('decision_id', 1, 'held_id', held(6)))).* FROM protaddr.held_decision d WHERE held_id = held(3) LIMIT 1;
SELECT row_key, status FROM protaddr.held_rows('payment') WHERE row_key->>'id' IN ('1', '2', '4', '5', '6') ORDER BY row_key->>'id';
SELECT refusal(format('UPDATE payment SET note = ''x'' WHERE id = %s', n)) FROM generate_series(1, 3) n;
ALTER TABLE protaddr.held ENABLE ALWAYS TRIGGER own_table_changed;
ALTER TABLE protaddr.held ENABLE ALWAYS TRIGGER own_table_truncated;
ALTER TABLE protaddr.held_decision ENABLE ALWAYS TRIGGER own_table_changed, ENABLE ALWAYS TRIGGER own_table_truncated;
DROP TABLE payment;

-- ---- held in place ------------------------------------------------------------------------------------
CREATE TABLE waiting (id int CONSTRAINT the_key PRIMARY KEY, payer text, state text, home protaddr.address, office protaddr.address);
SELECT protaddr.install_gate('waiting', 'held', 'payer', hold_column => 'state', hold_value => 'held');
INSERT INTO waiting SELECT n, 'P', 'new', home('P') FROM generate_series(1, 3) n;
-- a column that came since tells of the payment, too
ALTER TABLE waiting ADD later text;
CREATE FUNCTION later() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.later := 'P2'; RETURN NEW; END $$;
CREATE TRIGGER later BEFORE UPDATE ON waiting FOR EACH ROW EXECUTE FUNCTION later();
SELECT release(1);
DROP TRIGGER later ON waiting;
SELECT release(1);
-- two of one command, each in its place
INSERT INTO waiting VALUES (1, 'P', 'new', home('P')), (4, 'P', 'new', home('P')) ON CONFLICT (id) DO UPDATE SET later = excluded.state;
-- changed after it was decided on: replaced, though the decision be taken away
SELECT protaddr.decide_held(held(3), 'minimum', 'asked'), held(3) AS replaced \gset
UPDATE waiting SET payer = 'P1' WHERE id = 3;
SELECT status, action FROM protaddr.held_rows() WHERE held_id = :replaced;
ALTER TABLE protaddr.held_decision DISABLE TRIGGER USER;
DELETE FROM protaddr.held_decision WHERE held_id = :replaced AND what = 'release';
ALTER TABLE protaddr.held_decision ENABLE ALWAYS TRIGGER own_table_changed, ENABLE ALWAYS TRIGGER own_table_truncated;
SELECT status, action FROM protaddr.held_rows() WHERE held_id = :replaced;
-- without a key its place is not found
ALTER TABLE waiting DROP CONSTRAINT the_key;
SELECT release(2);
SELECT id, state, later, home IS NOT NULL AS home FROM waiting ORDER BY id;
DROP TABLE waiting;

-- where the payee is not known: what cannot name one may change
CREATE TABLE spans (id int PRIMARY KEY, payer text, took interval, at timestamptz, done boolean, whom text, home protaddr.address);
SELECT protaddr.install_gate('spans', 'held', 'payer');
INSERT INTO spans VALUES (50, 'P', NULL, NULL, NULL, NULL, home('P'));
SELECT release(50);
SELECT refusal('UPDATE spans SET ' || s) FROM unnest(ARRAY['took = ''1 hour''', 'at = now()', 'done = true', 'whom = ''Q''']) s;
DROP TABLE spans;

-- ---- how many a statement holds: in savepoints, in partitions, in triggers ---------------------------------
CREATE TABLE parted (id int, part int, payer text, note text, home protaddr.address, PRIMARY KEY (id, part)) PARTITION BY LIST (part);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1);
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES IN (2);
SELECT protaddr.install_gate('parted', 'held', 'payer');
CREATE TABLE other (id int PRIMARY KEY, payer text, home protaddr.address);
SELECT protaddr.install_gate('other', 'held', 'payer');
CREATE FUNCTION one_more() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.note = 'one more' THEN
        INSERT INTO public.parted_1 VALUES (NEW.id + 300, 1, 'P', 'one', public.home('P'));
    ELSIF NEW.note = 'more' THEN
        INSERT INTO public.parted_1 VALUES (NEW.id + 100, 1, 'P', 'one', public.home('P'));
        INSERT INTO public.parted VALUES (NEW.id + 200, 2, 'P', 'two', public.home('P'));
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER a_more BEFORE INSERT ON parted FOR EACH ROW EXECUTE FUNCTION one_more();
SET client_min_messages = notice;
DO $$ BEGIN
    INSERT INTO parted_1 VALUES (1, 1, 'P', '', public.home('P'));
    BEGIN
        INSERT INTO parted_1 VALUES (2, 1, 'P', '', public.home('P')), (3, 1, 'P', '', public.home('P'));
        INSERT INTO other VALUES (1, 'P', public.home('P'));
    EXCEPTION WHEN raise_exception THEN NULL; END;
    BEGIN
        INSERT INTO parted_1 VALUES (4, 1, 'P', '', public.home('P'));
        RAISE EXCEPTION 'x';
    EXCEPTION WHEN raise_exception THEN NULL; END;
    INSERT INTO parted VALUES (5, 2, 'P', '', public.home('P'));
END $$;
BEGIN;
INSERT INTO parted_1 VALUES (6, 1, 'P', '', home('P'));
INSERT INTO parted_1 VALUES (7, 1, 'P', '', home('P'));
INSERT INTO parted VALUES (8, 1, 'P', 'more', home('P'));
INSERT INTO parted_1 VALUES (9, 1, 'P', '', home('P'));
INSERT INTO parted VALUES (10, 2, 'F', '', home('F'));
INSERT INTO parted VALUES (11, 2, 'F', 'one more', home('F'));
COMMIT;
SET client_min_messages = warning;
SELECT row_key->>'id' AS id FROM protaddr.held_rows('parted') ORDER BY (row_key->>'id')::int;
CREATE TABLE plain (id int);
CREATE TRIGGER before BEFORE INSERT ON plain EXECUTE FUNCTION protaddr.gate_summary();
SELECT refusal('INSERT INTO plain VALUES (1)');
DROP TRIGGER before ON plain;
CREATE TRIGGER each AFTER INSERT ON plain FOR EACH ROW EXECUTE FUNCTION protaddr.gate_summary();
SELECT refusal('INSERT INTO plain VALUES (1)');
DROP TABLE plain, parted, other;
-- a table whose schema is gone
CREATE SCHEMA gone;
CREATE TABLE gone.payment (id int PRIMARY KEY, payer text, a protaddr.address);
SELECT protaddr.install_gate('gone.payment', 'held', 'payer');
INSERT INTO gone.payment VALUES (1, 'P', home('P'));
DROP SCHEMA gone CASCADE;
SELECT of_table, table_name, status FROM protaddr.held_rows() WHERE table_name ~ 'gone';

-- ---- one command, several tables -----------------------------------------------------------------------
SELECT protaddr.set_channel('lost', 'withhold', route => 'union', when_unknown => 'leave', description => 't', legal_basis => 'b') \g /dev/null
CREATE TABLE one (id int PRIMARY KEY, day int, payer text, home protaddr.address);
CREATE TABLE two (id int, day int, payer text, home protaddr.address) PARTITION BY LIST (day);
CREATE TABLE two_1 PARTITION OF two FOR VALUES IN (1);
CREATE TABLE two_2 PARTITION OF two FOR VALUES IN (2);
CREATE TABLE three (LIKE two) PARTITION BY LIST (day);
CREATE TABLE three_1 PARTITION OF three FOR VALUES IN (1);
SELECT protaddr.install_gate(t, 'lost', 'payer') FROM unnest('{one,two,three}'::regclass[]) t;
INSERT INTO one SELECT n, 1, 'F', home('F') FROM generate_series(1, 2) n;
INSERT INTO two SELECT n, 1, 'F', home('F') FROM generate_series(1, 3) n;
SELECT protaddr.protect('F', 'DK-CPR', '0001');
SET client_min_messages = notice;
WITH a AS (UPDATE one SET day = 2 RETURNING id), b AS (UPDATE two SET day = 2 WHERE id = 1 RETURNING *), c AS (UPDATE two SET payer = 'F' WHERE id = 2 RETURNING *), d AS (INSERT INTO two SELECT 4, 1, payer, home('F1') FROM c), e AS (INSERT INTO three SELECT 5, 1, 'F1', home('F1') FROM c) SELECT (SELECT count(*) FROM a) AS one, (SELECT count(*) FROM b) AS two;
SET client_min_messages = warning;
SELECT tableoid::regclass, id, home IS NOT NULL AS home FROM one UNION ALL SELECT tableoid::regclass, id, home IS NOT NULL FROM two UNION ALL SELECT tableoid::regclass, id, home IS NOT NULL FROM three ORDER BY 1, 2;
SELECT protaddr.lift('F', 'DK-CPR', '0001');
DROP TABLE one, two, three;

-- ---- transfers that are linked, and messages -----------------------------------------------------------
SELECT protaddr.set_channel('linked', 'hold', route => 'union', small_amount => 100, small_currency => 'EUR', when_small => 'minimum', linked_within => '1 day', when_unknown => 'leave', when_unreadable => 'hold', description => 't', legal_basis => 'b') \g /dev/null
CREATE FUNCTION pacs(amount numeric) RETURNS text LANGUAGE sql AS $$
    SELECT '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"><FIToFICstmrCdtTrf><CdtTrfTxInf><IntrBkSttlmAmt Ccy="EUR">' || amount || '</IntrBkSttlmAmt><Dbtr><Nm>Prøve</Nm><PstlAdr><StrtNm>Prøvevej</StrtNm><TwnNm>Prøveby</TwnNm><Ctry>DK</Ctry></PstlAdr><Id><PrvtId><Othr><Id>P</Id></Othr></PrvtId></Id></Dbtr>'
        '<CdtrAcct><Id><Othr><Id>DK7</Id></Othr></Id></CdtrAcct></CdtTrfTxInf></FIToFICstmrCdtTrf></Document>' $$;
CREATE VIEW linked AS SELECT relation::regclass, payee_key, amount, reference IS NOT NULL AS found_again FROM protaddr.linked_transfer;
-- with a key: two tables, one pair of people
CREATE TABLE first (id int PRIMARY KEY, payer text, payee text, amount numeric, currency text, memo text, home protaddr.address, doc text);
CREATE TABLE second (LIKE first INCLUDING ALL);
SELECT protaddr.install_gate(t, 'linked', 'payer', payee => 'payee', amount => 'amount', currency => 'currency', messages => '{"doc": "xml"}') FROM unnest('{first,second}'::regclass[]) t;
INSERT INTO first (id, payer, payee, amount, currency, home, doc) VALUES (1, 'P', 'Q', 40, 'EUR', home('P'), NULL), (2, 'P', 'Q', 40, 'EUR', NULL, pacs(40)), (3, NULL, 'Q', 40, 'EUR', NULL, pacs(40)), (4, 'P', 'R', NULL, 'EUR', NULL, pacs(40)), (5, 'P', 'R', 40, '?', NULL, pacs(40)), (6, 'P', NULL, 40, 'EUR', home('P'), pacs(40)), (7, 'F', 'Q', 40, 'EUR', home('F'), pacs(40));
INSERT INTO second (id, payer, payee, amount, currency, home) VALUES (1, 'P', 'Q', 30, 'EUR', home('P')), (2, 'P', 'S', 30, 'EUR', home('P'));
SELECT * FROM linked ORDER BY relation, payee_key, amount;
SELECT s, refusal('UPDATE ' || s) FROM unnest(ARRAY['first SET amount = 50 WHERE id = 1', 'first SET currency = ''SEK'' WHERE id = 1', 'first SET amount = NULL WHERE id = 2', 'second SET payee = ''T'' WHERE id = 2', 'second SET id = 22 WHERE id = 2', 'first SET id = 44 WHERE id = 4', 'first SET memo = ''x''', 'second SET memo = ''x''']) WITH ORDINALITY u(s, n) ORDER BY n;
SELECT * FROM linked ORDER BY relation, payee_key, amount;
INSERT INTO second (id, payer, payee, amount, currency, home) VALUES (1, 'P', 'Q', 20, 'EUR', home('P')) ON CONFLICT DO NOTHING;
INSERT INTO second (id, payer, payee, amount, currency, doc) VALUES (1, 'P', 'Q', 20, 'EUR', pacs(20)) ON CONFLICT (id) DO UPDATE SET amount = excluded.amount;
DELETE FROM second WHERE id = 22;
INSERT INTO second (id, payer, payee, amount, currency, doc) VALUES (22, 'P', 'T', 20, 'EUR', pacs(20));
SELECT * FROM linked ORDER BY relation, payee_key, amount;
-- a value that is stored elsewhere because it is long
UPDATE second SET doc = replace(pacs(20), '<CdtTrfTxInf>', '<CdtTrfTxInf><PmtId><EndToEndId>' || (SELECT string_agg(md5(n::text), '') FROM generate_series(1, 400) n) || '</EndToEndId></PmtId>') WHERE id = 22;
UPDATE second SET memo = 'y' WHERE id = 22;
UPDATE second SET id = 23 WHERE id = 22;
UPDATE second SET id = 22 WHERE id = 23;
SELECT id, length(doc) > 10000 AS long FROM second WHERE id = 22;
-- without a key a row counts alone once it was changed, also where it has moved to
CREATE TABLE moves (payer text, payee text, amount numeric, currency text, day int, home protaddr.address, doc text) PARTITION BY LIST (day);
CREATE TABLE moves_1 PARTITION OF moves FOR VALUES IN (1);
CREATE TABLE moves_2 PARTITION OF moves FOR VALUES IN (2);
SELECT protaddr.install_gate('moves', 'linked', 'payer', payee => 'payee', amount => 'amount', currency => 'currency', messages => '{"doc": "xml"}');
INSERT INTO moves VALUES ('P', 'U', 60, 'EUR', 1, home('P')), ('P', 'U', 30, 'EUR', 1, home('P')), ('F', 'U', 30, 'EUR', 1, home('F'));
UPDATE moves SET day = 2 WHERE amount = 30;
UPDATE moves SET amount = 90 WHERE amount = 60;
INSERT INTO moves VALUES ('P', 'T', 10, 'EUR', 1, NULL, pacs(10));
UPDATE moves SET doc = pacs(11) WHERE payee = 'T';
SELECT tableoid::regclass, payer, amount, protaddr.show(home) FROM moves ORDER BY payer, amount;
SELECT * FROM linked WHERE relation = 'moves'::regclass ORDER BY amount;
SELECT row_key, payee, amount, count(*) FROM protaddr.held_rows() WHERE table_name ~ 'first|second|moves' GROUP BY 1, 2, 3 ORDER BY 2, 3, 1::text;
DROP TABLE first, second, moves;

-- one column, one table of each kind
SELECT protaddr.set_channel('small on record', 'hold', route => 'union', small_amount => 100, small_currency => 'EUR', when_small => 'disclose', when_unknown => 'leave', description => 't', legal_basis => 'b') \g /dev/null
CREATE TABLE alone (payer text, payee text, amount numeric, home protaddr.address);
CREATE TABLE others (id int PRIMARY KEY, payer text, payee text, amount numeric, home protaddr.address);
CREATE TABLE recorded (id int PRIMARY KEY, payer text, payee text, amount numeric, home protaddr.address, office protaddr.address);
SELECT protaddr.install_gate(t, c, 'payer', payee => 'payee', amount => 'amount', currency_code => 'EUR') FROM (VALUES ('alone'::regclass, 'small'), ('others', 'linked')) v(t, c);
SELECT protaddr.install_gate('recorded', 'small on record', 'payer', payee => 'payee', amount => 'amount', currency_code => 'EUR', persons => '{"office": "payee"}');
CREATE TABLE single (id int PRIMARY KEY, payer text, payee text, amount numeric, home protaddr.address);
SELECT protaddr.install_gate('single', 'small on record', 'payer', payee => 'payee', amount => 'amount', currency_code => 'EUR');
CREATE TABLE family (one text, other text, home protaddr.address);
SELECT protaddr.bind_column('family', 'home', 'one'), protaddr.bind_column('family', 'home', 'other');
INSERT INTO family VALUES ('P1', 'P', 'Prøvevej 7');
INSERT INTO single SELECT n, 'P', 'Q', n, home FROM family, unnest('{40,400}'::int[]) n;
INSERT INTO alone VALUES ('P', 'Q', 40, home('P'));
UPDATE alone SET amount = 400;
INSERT INTO others VALUES (1, 'P', 'V', 90, home('P')), (2, 'P', 'V', 20, home('P'));
SELECT refusal('UPDATE others SET id = NULL'), refusal('UPDATE others SET id = 3');
INSERT INTO recorded VALUES (1, 'P', 'P1', 40, home('P'), home('P1')), (2, 'P1', 'P', 40, home('P'), NULL), (3, 'P', 'P1', 400, home('P'), home('P1')), (4, 'P', 'Q', 40, NULL, home('P'));
-- on record it leaves whole, though the town be hidden
INSERT INTO protaddr.register_person (source, subject) VALUES ('DK-CPR', 'T');
SELECT protaddr.protect('T', 'manual', 'address_and_town');
INSERT INTO recorded VALUES (5, 'T', 'Q', 40, home('T'), NULL);
SELECT 'alone' AS of, 0 AS id, protaddr.show(home), NULL AS office FROM alone UNION ALL SELECT 'others', id, protaddr.show(home), NULL FROM others UNION ALL SELECT 'recorded', id, protaddr.show(home), protaddr.show(office) FROM recorded ORDER BY 1, 2;
SELECT payer, payee, amount, subjects FROM protaddr.disclosure WHERE relation ~ 'recorded|single' ORDER BY 1, 2, 3, 4;
SELECT table_name, row_key FROM protaddr.held_rows() WHERE table_name ~ 'alone|others|recorded|single' ORDER BY 1, 2::text;
DROP TABLE alone, others, recorded, single, family;
-- a column that is computed after the gate has looked
CREATE TABLE computed (id int PRIMARY KEY, payer text, home protaddr.address, doc text GENERATED ALWAYS AS ('<' || payer) STORED);
SELECT refusal('SELECT protaddr.install_gate(''computed'', ''lost'', ''payer'', messages => ''{"doc": "xml"}'')');
DROP TABLE computed;

-- ---- in the place of another row, and within another command ---------------------------------------------
CREATE TABLE waiting (id int PRIMARY KEY, part int NOT NULL, payer text, state text, note text, home protaddr.address);
CREATE TABLE parted (id int, part int, payer text, state text, note text, home protaddr.address, PRIMARY KEY (id, part)) PARTITION BY LIST (part);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1);
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES IN (2);
SELECT protaddr.install_gate(t, 'held', 'payer', hold_column => 'state', hold_value => 'held') FROM unnest('{waiting,parted}'::regclass[]) t;
CREATE FUNCTION put() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.note = 'put' THEN NEW.home := public.home('P'); END IF; RETURN NEW; END $$;
CREATE TRIGGER a_put BEFORE INSERT ON parted FOR EACH ROW EXECUTE FUNCTION put();
INSERT INTO parted VALUES (1, 1, 'P', 'new', '', NULL), (2, 1, 'F', 'new', '', home('F'));
SELECT refusal('UPDATE parted SET part = 2, note = ''put'' WHERE id = 1'), refusal('UPDATE parted SET part = 2 WHERE id = 2');
SELECT tableoid::regclass, id, state, home IS NOT NULL AS home FROM parted ORDER BY id;
-- a command within one that has passed something, and none of it
CREATE TABLE outer_one (id int PRIMARY KEY, payer text, doc text, home protaddr.address);
SELECT protaddr.install_gate('outer_one', 'lost', 'payer', messages => '{"doc": "xml"}');
CREATE FUNCTION within() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public.waiting VALUES (NEW.id, 1, 'F', 'new', 'within', public.home('F'));
    UPDATE public.waiting SET note = 'twice' WHERE id = NEW.id;
    UPDATE public.parted SET note = 'within' WHERE id = 2;
    INSERT INTO public.waiting VALUES (NEW.id, 1, 'F', 'new', 'again', public.home('F')) ON CONFLICT (id) DO UPDATE SET note = excluded.note;
    RETURN NULL;
END
$$;
CREATE TRIGGER a_within AFTER INSERT ON outer_one FOR EACH ROW EXECUTE FUNCTION within();
INSERT INTO outer_one VALUES (1, 'F', pacs(1), home('F')), (2, 'F', pacs(2), NULL);
SELECT w.id, w.note, o.doc IS NOT NULL AS doc FROM waiting w JOIN outer_one o ON o.id = w.id ORDER BY 1;
DROP TABLE waiting, parted, outer_one;

-- ---- whose birth data ------------------------------------------------------------------------------------
SELECT protaddr.set_channel('birth', 'withhold', route => 'union', when_unknown => 'leave', birth_data => true, description => 't', legal_basis => 'b') \g /dev/null
SELECT protaddr.set_birth_data('P', '1970-01-02', 'Opdigtet By', 'DK'), protaddr.set_birth_data('P1', '1971-01-02', 'Opdigtet By', 'DK');
SELECT ids, protaddr.release_message(replace(pacs(1), '<Othr><Id>P</Id></Othr>', (SELECT string_agg('<Othr><Id>' || i || '</Id></Othr>', '') FROM unnest(ids) i)), 'birth') ~ 'BirthDt' AS born FROM (VALUES (1, '{P}'::text[]), (2, '{P,P,A}'), (3, '{P,P1,A}'), (4, '{P,P1}'), (5, '{J}')) v(n, ids) ORDER BY n;
-- of two times, if both give them
SELECT protaddr.set_channel('birth', 'minimum', valid_from => '2100-01-01'), protaddr.set_channel('birth', birth_data => false, valid_from => '2200-01-01'), protaddr.set_channel('town', birth_data => true, valid_from => '2100-01-01');
SELECT year, protaddr.release_message(pacs(1), 'birth', make_timestamptz(year, 6, 1, 0, 0, 0)) ~ 'BirthDt' AS born, protaddr.release_message(pacs(1), 'town', make_timestamptz(year, 6, 1, 0, 0, 0)) ~ 'BirthDt' AS never FROM unnest('{2099,2100,2200}'::int[]) year;

-- ---- behind the gate: the first of two columns is to blame ----------------------------------------------
CREATE TABLE pair (id int PRIMARY KEY, payer text, home protaddr.address, office protaddr.address);
SELECT protaddr.install_gate('pair', 'lost', 'payer');
CREATE FUNCTION behind() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.home := public.home('P'); NEW.office := public.home('P'); RETURN NEW; END $$;
CREATE TRIGGER behind BEFORE INSERT ON pair FOR EACH ROW EXECUTE FUNCTION behind();
-- the gate lets nobody make such a trigger, so a superuser forges one
UPDATE pg_trigger SET tgname = 'zzz_behind' WHERE tgrelid = 'pair'::regclass AND tgname = 'behind';
ALTER TABLE pair ALTER id SET STATISTICS 10;
SELECT refusal('INSERT INTO pair VALUES (1, ''P'')');
DROP TABLE pair;
-- the two triggers that a superuser has told different things
CREATE TABLE forged (id int PRIMARY KEY, payer text, home protaddr.address);
SELECT protaddr.install_gate('forged', 'lost', 'payer');
CREATE FUNCTION forge(trigger name, more int) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    UPDATE pg_trigger SET tgnargs = tgnargs + more * 2, tgargs = CASE WHEN more > 0 THEN tgargs || '\x6e6f746500746f6f00'::bytea ELSE substr(tgargs, 1, length(tgargs) - 9) END WHERE tgrelid = 'forged'::regclass AND tgname = trigger;
    ALTER TABLE public.forged ALTER id SET STATISTICS 10;
    RETURN refusal(format('INSERT INTO forged VALUES (%s, ''P'', home(''P''))', (SELECT count(*) FROM forged)));
END
$$;
SELECT tgname, forge(tgname, 1) AS told_more, forge(tgname, -1) AS as_it_was FROM (SELECT tgname FROM pg_trigger WHERE tgrelid = 'forged'::regclass AND tgtype & 1 = 1 ORDER BY tgname) t;
DROP TABLE forged;
DROP FUNCTION forge;

-- ---- as many numbers as one person may have ---------------------------------------------------------------
SELECT refusal(format('SELECT protaddr.link_identity(%L, %L, %L)', 'N' || n, 'N' || n + 1, 'replaced number')) AS link, count(*) FROM generate_series(1, 70) n GROUP BY 1 ORDER BY 1;

-- ---- who is known is forgotten when people are removed ------------------------------------------------------
INSERT INTO protaddr.register_person (source, subject) SELECT 'DK-CPR', 'G' || n FROM generate_series(1, 300) n;
-- so many that the session reads them all
SELECT count(*) FROM generate_series(1, 300) n WHERE protaddr.show(home('G' || n)) = 'Prøvevej 7, Prøveby';
DELETE FROM protaddr.register_person WHERE subject = 'G299';
SELECT protaddr.show(home('G299')), protaddr.show(home('G300'));

-- ---- what is shown, if its rule changes by itself, and without one ---------------------------------------
SELECT protaddr.set_channel('show', 'minimum', valid_from => '2100-01-01');
SELECT protaddr.show(home('P')), protaddr.show(home('P')) AS again FROM generate_series(1, 2);
SELECT protaddr.set_channel('show', 'minimum');
SELECT protaddr.show(home('P')), protaddr.show(home('P')) AS again FROM generate_series(1, 2);
SELECT protaddr.end_channel('show');
SELECT protaddr.show(home('F')), protaddr.show(home('F')) AS again FROM generate_series(1, 2);
DROP FUNCTION refusal, release(int, text), held, other_byte, pacs, again, later, one_more, put, within, behind;
DROP EXTENSION protaddr CASCADE;
