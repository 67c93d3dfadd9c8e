--
-- What may leave through which channel, and who says so?
--
SET client_min_messages = warning;
CREATE EXTENSION protaddr;
CREATE ROLE regress_channel_keeper;
CREATE ROLE regress_channel_writer;
CREATE FUNCTION refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
CREATE TABLE customer (cpr text PRIMARY KEY, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', 'cpr');
INSERT INTO customer SELECT s, '{"StrtNm":"Kanariegade","BldgNb":"2","PstCd":"8000","TwnNm":"Aarhus C","Ctry":"DK"}'
FROM unnest('{6101704001,6201704002,6301704003,6401704004}'::text[]) s;
-- 61 is free, 62 and 64 are protected, of 63 the town is hidden too
SELECT protaddr.protect('6201704002', 'DK-CPR', '0001'), protaddr.protect('6301704003', 'manual', 'address_and_town'),
       protaddr.protect('6401704004', 'DK-CPR', '0001'), protaddr.confirm_register('regress', new_source => true);
CREATE FUNCTION leaves(channel text, amount numeric DEFAULT NULL, currency text DEFAULT 'EUR', at timestamptz DEFAULT NULL) RETURNS TABLE (cpr text, leaves text) LANGUAGE plpgsql AS $$
BEGIN
    FOR cpr, leaves IN SELECT c.cpr, c.home FROM customer c ORDER BY c.cpr LOOP
        BEGIN
            leaves := coalesce(protaddr.show(protaddr.release(leaves::protaddr.address, channel, amount, currency, at => at)), '(nothing)');
        EXCEPTION WHEN OTHERS THEN
            leaves := SQLSTATE || ' ' || SQLERRM;
        END;
        RETURN NEXT;
    END LOOP;
END
$$;

-- a shipped rule that is changed, or restored, is the bank's own
BEGIN;
UPDATE protaddr.channel SET description = 'changed' WHERE channel = 'sepa';
INSERT INTO protaddr.channel SELECT (jsonb_populate_record(c, '{"shipped": false, "description": "restored"}')).* FROM protaddr.channel c WHERE channel = 'own_bank';
SELECT channel, description, shipped FROM protaddr.channel WHERE channel IN ('sepa', 'own_bank') ORDER BY 1;
ROLLBACK;
-- as shipped
SELECT channel, route, when_protected AS protected, small_amount AS small, when_small, linked_within AS linked, when_unknown AS unknown, when_unbound AS unbound,
       when_unreadable AS unreadable, birth_data AS birth, shipped AND valid_from = '-infinity' AND valid_to = 'infinity' AS always FROM protaddr.channel ORDER BY route::text, channel;
-- the vocabulary of actions stands once, in C; the domain's constraint has the same words
SELECT protaddr.channel_action_words() AS strictest_first, (SELECT array_agg(w ORDER BY w) FROM unnest(protaddr.channel_action_words()) w) =
       (SELECT array_agg(m[1] ORDER BY m[1]) FROM pg_constraint c, regexp_matches(pg_get_constraintdef(c.oid), $$'(\w+)'$$, 'g') m WHERE c.conname = 'channel_action_vocabulary') AS domain_agrees;
-- everything that a channel can come to, whoever is asked about
SELECT channel, protaddr.channel_actions(c) FROM protaddr.channel c WHERE channel IN ('sepa', 'psp_request', 'cross_border') ORDER BY channel;
SELECT a.what, protaddr.channel_actions(jsonb_populate_record(c, a.change)) FROM protaddr.channel c, (VALUES
    (1, 'a substitute, else held', '{"when_protected": "substitute", "without_substitute": "hold"}'::jsonb), (2, 'blocks; unknown people, too', '{"when_protected": "block", "when_unknown": "block"}'),
    (3, 'unknown people leave', '{"when_unknown": "leave"}'), (4, 'holds what cannot be read', '{"when_unreadable": "hold"}')) a(n, what, change) WHERE c.channel = 'sepa' ORDER BY a.n;
SELECT count(*) AS without_basis FROM protaddr.channel WHERE legal_basis !~ '(2023/1113|GDPR|CPR Act)';

-- each action
SELECT protaddr.set_channel('test', route => 'domestic', description => 'Test', legal_basis => 'none but this test');
SELECT * FROM leaves('test');
SELECT protaddr.set_channel('test', 'minimum');
SELECT * FROM leaves('test');
SELECT protaddr.set_channel('test', 'block');
SELECT * FROM leaves('test');
SELECT protaddr.set_channel('test', 'hold');
SELECT * FROM leaves('test');
-- a substitute: 64 has none; then the country and town, if the channel says so
SELECT protaddr.set_substitute('6201704002', '{"PstBx":"2820","PstCd":"8100","TwnNm":"Opdigtet By"}', 'test'), protaddr.set_substitute('6301704003', '{"PstBx":"7","TwnNm":"Opdigtet By"}', 'test');
SELECT protaddr.set_channel('test', 'substitute');
SELECT * FROM leaves('test');
SELECT protaddr.set_channel('test', without_substitute => 'minimum');
SELECT * FROM leaves('test');
SELECT protaddr.drop_substitute('6201704002');
SELECT * FROM leaves('test') WHERE cpr = '6201704002';
-- a substitute that left stays what it is, and is told while its person is protected
SELECT protaddr.release(home, 'test')::text AS box FROM customer WHERE cpr = '6301704003' \gset
SELECT protaddr.show(:'box') AS told, protaddr.show(protaddr.release(:'box', 'cross_border', 5000, 'EUR')) AS elsewhere, protaddr.release(:'box', 'sepa') AS not_there;

-- to disclose needs a basis, and is on record; who rolls back has seen nothing
SELECT refusal($$SELECT protaddr.set_channel('test', 'disclose')$$);
SELECT protaddr.set_channel('test', 'disclose', legal_basis => 'Invented Act s. 1: the test asks for it');
BEGIN;
SELECT * FROM leaves('test');
SELECT channel, disclosed_by = session_user AS by_me, subjects, payer, legal_basis, reason FROM protaddr.disclosure ORDER BY subjects;
ROLLBACK;
SELECT count(*) AS disclosures FROM protaddr.disclosure;
CREATE TABLE letter AS SELECT cpr, protaddr.release(home, 'test') AS address FROM customer;
SELECT cpr, protaddr.show(address) FROM letter ORDER BY cpr;
SELECT subjects, channel FROM protaddr.disclosure ORDER BY subjects;
-- the same value again is the same disclosure; for another channel it is none
SELECT count(*) AS same FROM letter WHERE protaddr.release(address, 'test') OPERATOR(protaddr.===) address;
SELECT count(*) AS disclosures FROM protaddr.disclosure;
SELECT cpr, protaddr.show(protaddr.release(address, 'sepa')) FROM letter ORDER BY cpr;
SELECT refusal('UPDATE protaddr.disclosure SET reason = ''x'''), refusal('DELETE FROM protaddr.disclosure'), refusal('TRUNCATE protaddr.disclosure');
-- bound to somebody else it is no longer disclosed
SELECT protaddr.bind_column('letter', 'address', 'cpr');
INSERT INTO letter SELECT '6101704001', address FROM letter WHERE cpr = '6201704002';
SELECT cpr, protaddr.show(address) FROM letter ORDER BY 1, 2;

-- people whom no register lists: once a register lists people
SELECT protaddr.set_channel('test', 'withhold', legal_basis => 'none but this test');
SELECT * FROM leaves('test') WHERE cpr = '6101704001';
SELECT persons, protected FROM protaddr.load_register('FI-VTJ', '[{"subject": "131052-308T", "protections": []}]');
SELECT * FROM leaves('test');
SELECT protaddr.set_channel('test', when_unknown => 'leave');
SELECT * FROM leaves('test') WHERE cpr = '6101704001';
SELECT protaddr.set_channel('test', when_unknown => 'minimum');
SELECT * FROM leaves('test') WHERE cpr = '6101704001';
SELECT protaddr.set_channel('test', when_unknown => 'block');
SELECT * FROM leaves('test') WHERE cpr = '6101704001';
SELECT protaddr.link_identity('6101704001', '131052-308T', 'customer');
SELECT * FROM leaves('test') WHERE cpr = '6101704001';
SELECT protaddr.unlink_identity('6101704001', '131052-308T');
SELECT * FROM leaves('test') WHERE cpr = '6101704001';
SELECT persons FROM protaddr.load_register('DK-CPR', '[{"subject": "6101704001", "protections": []}]');
SELECT * FROM leaves('test') WHERE cpr = '6101704001';
-- values of nobody
SELECT protaddr.release('Vestergade 1', 'test') IS NULL AS withheld, protaddr.set_channel('test', when_unbound => 'block');
SELECT refusal($$SELECT protaddr.release('Vestergade 1', 'test')$$);
SELECT protaddr.set_channel('test', when_unbound => 'hold');
SELECT refusal($$SELECT protaddr.release('Vestergade 1', 'test')$$);
SELECT protaddr.set_channel('test', 'block', when_unbound => 'withhold');
SELECT refusal($$SELECT protaddr.release('Vestergade 1', 'test')$$) AS at_least_that;

-- small amounts
SELECT protaddr.set_channel('test', 'minimum', small_amount => 1000, small_currency => 'EUR', when_small => 'withhold', when_unknown => 'leave', legal_basis => 'none but this test');
SELECT amount, currency, (SELECT leaves FROM leaves('test', amount, currency) WHERE cpr = '6201704002')
FROM (VALUES (1, 1000, 'EUR'), (2, 1000.01, 'EUR'), (3, -1000.01, 'EUR'), (4, 0, 'EUR'), (5, 'NaN'::numeric, 'EUR'), (6, 'infinity', 'EUR'), (7, 5000, 'DKK'), (8, 5000, NULL), (9, NULL, 'EUR'), (10, 5000, 'eur'), (11, 5000, 'EURO')) v(n, amount, currency) ORDER BY n;
SELECT protaddr.set_exchange_rate('DKK', 0.134), protaddr.set_exchange_rate('EUR', 1.1, in_currency => 'USD');
SELECT amount, currency, (SELECT leaves FROM leaves('test', amount, currency) WHERE cpr = '6201704002')
FROM (VALUES (1, 7462, 'DKK'), (2, 7463, 'DKK'), (3, 1100, 'USD'), (4, 1101, 'USD'), (5, 5000, 'GBP')) v(n, amount, currency) ORDER BY n;
SELECT refusal(s) FROM unnest(ARRAY['SELECT protaddr.set_exchange_rate(''DKK'', 0)', 'SELECT protaddr.set_exchange_rate(''dkk'', 1)', 'SELECT protaddr.set_exchange_rate(''EUR'', 1)', 'SELECT protaddr.set_exchange_rate(''DKK'', ''NaN'')', 'DELETE FROM protaddr.exchange_rate']) WITH ORDINALITY u(s, n) ORDER BY n;
SELECT protaddr.set_channel('test', no_small_amount => true, when_unknown => 'leave');
SELECT * FROM leaves('test', 10) WHERE cpr = '6201704002';

-- a change of law entered ahead; the past stays known; a time of one's own choice loosens nothing
SELECT protaddr.set_channel('law', 'withhold', route => 'union', description => 'Test', legal_basis => 'Invented Act of 2020', when_unknown => 'leave');
SELECT protaddr.set_channel('law', 'minimum', valid_from => '2099-01-01', legal_basis => 'Invented Act of 2099');
SELECT protaddr.set_channel('law', 'block', valid_from => '2199-01-01', legal_basis => 'Invented Act of 2199');
SELECT channel, valid_from, valid_to, when_protected, legal_basis FROM protaddr.channel WHERE channel = 'law' ORDER BY valid_from;
SELECT at, (SELECT leaves FROM leaves('law', at => at) WHERE cpr = '6201704002') FROM unnest('{2026-01-01,2098-12-31,2099-01-01,2200-01-01}'::timestamptz[]) at ORDER BY at;
SELECT action, rule, valid_from, legal_basis FROM unnest('{2026-01-01,2099-01-01,2200-01-01}'::timestamptz[]) at, protaddr.explain_release((SELECT home FROM customer WHERE cpr = '6201704002'), 'law', at => at);
SELECT protaddr.set_channel('law', 'disclose', valid_from => '2299-01-01', legal_basis => 'Invented Act of 2299');
SELECT leaves AS still_nothing FROM leaves('law', at => '2300-01-01') WHERE cpr = '6201704002';
SELECT refusal($$SELECT protaddr.set_channel('law', 'minimum', valid_from => '2020-01-01')$$), refusal($$SELECT protaddr.end_channel('law', '2020-01-01')$$);
SELECT protaddr.end_channel('law', '2150-01-01');
SELECT valid_from, valid_to, when_protected FROM protaddr.channel WHERE channel = 'law' ORDER BY valid_from;
SELECT refusal($$SELECT protaddr.release((SELECT home FROM customer WHERE cpr = '6101704001'), 'law', at => '2200-01-01')$$);
SELECT protaddr.end_channel('law'), protaddr.end_channel('law') AS again, protaddr.end_channel('nowhere') AS nowhere;
SELECT protaddr.release(home, 'nowhere') FROM customer LIMIT 1;
SELECT refusal($$SELECT protaddr.release((SELECT home FROM customer WHERE cpr = '6101704001'), 'law')$$);
-- two rules at one time: not even by hand
SELECT refusal($$INSERT INTO protaddr.channel (channel, valid_from, route, description, legal_basis) VALUES ('test', now(), 'union', 'x', 'x')$$);

-- bad words
SELECT s, refusal('SELECT protaddr.set_channel(' || s || ')') FROM unnest(ARRAY['NULL', '''new''', '''new'', route => ''union'', description => ''x''', '''new'', route => ''moon'', description => ''x'', legal_basis => ''x''',
    '''test'', ''leave''', '''test'', ''reveal''', '''test'', when_unknown => ''disclose''', '''test'', when_unbound => ''minimum''', '''test'', when_unreadable => ''withhold''', '''test'', without_substitute => ''disclose''',
    '''test'', small_amount => 1', '''test'', small_amount => -1, small_currency => ''EUR'', when_small => ''withhold''', '''test'', small_amount => 1, small_currency => ''eur'', when_small => ''withhold''',
    '''test'', linked_within => ''1 day''', '''test'', legal_basis => '' ''', 'repeat(''x'', 65), route => ''union'', description => ''x'', legal_basis => ''x''']) WITH ORDINALITY u(s, n) ORDER BY n;

-- in words
SELECT (e).action, (e).because, (e).rule FROM (VALUES (1, '6101704001', 'sepa', NULL::numeric), (2, '6201704002', 'sepa', NULL), (3, '6301704003', 'cross_border', 5000), (4, '6201704002', 'cross_border', 10), (5, '6201704002', 'cross_border', NULL), (6, '6201704002', 'psp_request', NULL)) v(n, cpr, channel, amount)
JOIN customer c USING (cpr), LATERAL (SELECT protaddr.explain_release(c.home, v.channel, v.amount, 'EUR') AS e) x ORDER BY n;
SELECT action, because, rule FROM protaddr.explain_release('Vestergade 1', 'sepa');
SELECT action, because, legal_basis FROM protaddr.explain_release(protaddr.address(strtnm => 'Vestergade', subject => 'nobody we know'), 'payee_display');
SELECT * FROM protaddr.explain_release(NULL, 'sepa');
SELECT refusal($$SELECT protaddr.explain_release('Vestergade 1', 'nowhere')$$);

-- who, when, before, after
SELECT channel, changed_by = session_user AS by_me, before ->> 'when_protected' AS before, after ->> 'when_protected' AS after FROM protaddr.channel_change WHERE channel = 'law' ORDER BY changed_at;
SELECT refusal('UPDATE protaddr.channel_change SET changed_by = ''nobody'''), refusal('DELETE FROM protaddr.channel_change'), refusal('TRUNCATE protaddr.channel_change');
-- its own privilege: not that of who may write into the tables
GRANT INSERT, UPDATE, DELETE ON protaddr.channel TO regress_channel_writer;
GRANT pg_write_all_data TO regress_channel_writer;
SET ROLE regress_channel_writer;
SELECT refusal($$UPDATE protaddr.channel SET when_protected = 'minimum' WHERE channel = 'sepa'$$), refusal($$INSERT INTO protaddr.channel (channel, route, description, legal_basis) VALUES ('mine', 'union', 'x', 'x')$$),
       refusal($$DELETE FROM protaddr.channel$$), refusal($$SELECT protaddr.set_channel('sepa', 'minimum')$$), refusal($$INSERT INTO protaddr.exchange_rate VALUES ('DKK', 'EUR', now(), 1)$$);
RESET ROLE;
GRANT EXECUTE ON FUNCTION protaddr.set_channel TO regress_channel_keeper;
SET ROLE regress_channel_keeper;
SELECT protaddr.set_channel('sepa', 'minimum');
SELECT refusal($$SELECT protaddr.end_channel('sepa')$$), refusal($$SELECT count(*) FROM protaddr.channel_change$$);
RESET ROLE;
-- what the law becomes holds once it is committed
BEGIN;
SELECT protaddr.set_channel('sepa', 'disclose', legal_basis => 'none');
SELECT leaves AS within FROM leaves('sepa') WHERE cpr = '6201704002';
ROLLBACK;
SELECT leaves AS rolled_back FROM leaves('sepa') WHERE cpr = '6201704002';

-- birth data
SELECT protaddr.set_birth_data('6201704002', '1970-01-02', 'Opdigtet By', 'DK'), protaddr.set_birth_data('620170-4002', '1970-01-02', 'Opdigtet By', 'DK', 'Opdigtet Amt') AS replaced;
SELECT subject_key, birth_date, province, city, country, recorded_to = 'infinity' AS counts FROM protaddr.birth_data ORDER BY id;
SELECT refusal(s) FROM unnest(ARRAY['SELECT protaddr.set_birth_data('' - '', ''1970-01-02'', ''x'', ''DK'')', 'SELECT protaddr.set_birth_data(''1'', NULL, ''x'', ''DK'')', 'SELECT protaddr.set_birth_data(''1'', ''infinity'', ''x'', ''DK'')',
    'SELECT protaddr.set_birth_data(''1'', ''1970-01-02'', ''Kanariegade'', ''dk'')', 'SELECT protaddr.set_birth_data(''1'', ''1970-01-02'', repeat(''x'', 36), ''DK'')', 'DELETE FROM protaddr.birth_data']) WITH ORDINALITY u(s, n) ORDER BY n;
SELECT protaddr.drop_birth_data('6201704002'), protaddr.drop_birth_data('6201704002') AS again;
SELECT protaddr.forget_subject('6201704002', now(), 'test') AS forgotten, (SELECT count(*) FROM protaddr.birth_data) AS left;

DROP TABLE customer, letter CASCADE;
DROP FUNCTION refusal, leaves;
DROP EXTENSION protaddr CASCADE;
DROP ROLE regress_channel_keeper, regress_channel_writer;
