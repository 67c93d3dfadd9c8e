--
-- The law, row by row: what of a payer's address leaves on which route, and at what amount?
--
-- Reg. (EU) 2023/1113 art. 4 to 6, CPR Act s. 28, Datatilsynet 2019-431-0044.
--
SET client_min_messages = warning;
CREATE EXTENSION protaddr;
CREATE TABLE customer (cpr text PRIMARY KEY, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', 'cpr');
INSERT INTO customer SELECT s, '{"StrtNm":"Kanariegade","BldgNb":"2","PstCd":"8000","TwnNm":"Aarhus C","Ctry":"DK"}' FROM unnest('{6101704001,6201704002,6301704003}'::text[]) s;
-- 61 is free, 62 protected, of 63 the town is hidden too
SELECT persons, protected FROM protaddr.load_register('DK-CPR', '[{"subject": "6101704001", "protections": []}, {"subject": "6201704002", "protections": [{"code": "0001"}]}, {"subject": "6301704003", "protections": []}]');
SELECT protaddr.protect('6301704003', 'manual', 'address_and_town');
SELECT protaddr.link_identity('C-62', '6201704002', 'customer'), protaddr.link_identity('DK62OPDI00000000000062', 'C-62', 'account');
CREATE TABLE payment (id bigint PRIMARY KEY, channel text, payer text, payee text, amount numeric, currency text, address protaddr.address);
SELECT protaddr.install_gate('payment', channel_column => 'channel', subject => 'payer', amount => 'amount', currency => 'currency', payee => 'payee');
CREATE FUNCTION pay(id bigint, channel text, payer text, payee text, amount numeric, currency text DEFAULT 'EUR') RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO payment SELECT pay.id, pay.channel, pay.payer, pay.payee, pay.amount, pay.currency, home FROM customer WHERE cpr = CASE WHEN pay.payer ~ '^6' THEN pay.payer ELSE '6201704002' END;
    RETURN (SELECT coalesce(protaddr.show(address), '(nothing)') FROM payment p WHERE p.id = pay.id);
END
$$;
CREATE FUNCTION tell(payment_id bigint) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce((SELECT coalesce(protaddr.show(address), '(nothing)') FROM payment WHERE id = payment_id), '(no such payment)')
$$;

-- inside the bank, the country and the Union: account numbers suffice, whatever the amount (art. 5)
SELECT channel, amount, pay(row_number() OVER (ORDER BY channel, amount), channel, '6201704002', 'IE00PAYEE', amount) AS protected, pay(100 + row_number() OVER (ORDER BY channel, amount), channel, '6101704001', 'IE00PAYEE', amount) AS free
FROM unnest('{own_bank,sumclearing,intradagclearing,straksclearing,sepa}'::text[]) channel, unnest('{10,100000}'::numeric[]) amount ORDER BY channel, amount;
-- neither does it on a file or a screen: nobody asks for it
SELECT channel, pay(row_number() OVER (ORDER BY channel) + 200, channel, '6201704002', 'IE00PAYEE', 100000) FROM unnest('{file_extract,payee_display}'::text[]) channel ORDER BY channel;
-- a third country, up to 1,000 euro and not linked: names and account numbers alone (art. 6(2))
SELECT pay(300, 'cross_border', '6201704002', 'US00PAYEE1', 1000), pay(301, 'sepa_third_country', '6201704002', 'GB00PAYEE1', 1000);
-- over 1,000 euro: the scheme's minimum (CBPR+); the country alone where the town is hidden
SELECT pay(310, 'cross_border', '6201704002', 'US00PAYEE2', 1000.01), pay(311, 'sepa_third_country', '6201704002', 'GB00PAYEE2', 1000.01), pay(312, 'cross_border', '6301704003', 'US00PAYEE2', 1000.01), pay(313, 'cross_border', '6101704001', 'US00PAYEE2', 10);
-- linked: several to one payee count together, whatever name the payer goes by, and whoever is in between
SELECT pay(320, 'cross_border', '6201704002', 'US00PAYEE3', 600) AS first;
SELECT pay(321, 'cross_border', 'C-62', 'US00-PAYEE3', 400) AS together_1000;
SELECT pay(322, 'sepa_third_country', 'DK62OPDI00000000000062', 'us00payee3', 0.01) AS over_it;
SELECT pay(323, 'cross_border', '6201704002', 'US00PAYEE4', 600) AS another_payee, pay(324, 'cross_border', '6301704003', 'US00PAYEE3', 600) AS another_payer;
-- in one statement, too; and the first of them was small when it was written
INSERT INTO payment SELECT 330 + n, 'cross_border', cpr, 'US00PAYEE5', 600, 'EUR', home FROM customer, generate_series(0, 1) n WHERE cpr = '6201704002' ORDER BY n;
SELECT tell(330), tell(331);
-- in another currency
SELECT protaddr.set_exchange_rate('USD', 0.9);
SELECT pay(340, 'cross_border', '6201704002', 'US00PAYEE6', 1111, 'USD') AS "999.90", pay(341, 'cross_border', '6201704002', 'US00PAYEE7', 1112, 'USD') AS "1000.80", pay(342, 'cross_border', '6201704002', 'US00PAYEE8', 100000, 'XAU') AS no_rate, pay(343, 'cross_border', '6201704002', 'US00PAYEE8', NULL) AS no_amount;
-- a payment that is written again is the same payment
UPDATE payment SET currency = currency WHERE id = 320;
INSERT INTO payment VALUES (320, 'cross_border', '6201704002', 'US00PAYEE3', 600, 'EUR') ON CONFLICT (id) DO UPDATE SET amount = EXCLUDED.amount;
SELECT amount, count(*) FROM protaddr.linked_transfer WHERE payee_key = 'US00PAYEE3' AND '6201704002' = ANY (payer_keys) GROUP BY amount ORDER BY amount;
-- a rolled back one was none
BEGIN;
SELECT pay(350, 'cross_border', '6201704002', 'US00PAYEE9', 900);
ROLLBACK;
SELECT pay(350, 'cross_border', '6201704002', 'US00PAYEE9', 900) AS still_small;
-- nor does one count that is longer ago than a day
UPDATE protaddr.linked_transfer SET at = at - interval '25 hours' WHERE payee_key = 'US00PAYEE9';
SELECT pay(351, 'cross_border', '6201704002', 'US00PAYEE9', 900) AS a_day_later;
SELECT pay(352, 'cross_border', '6201704002', 'US00PAYEE9', 900) AS and_soon_after;
-- only of the protected is anything noted
SELECT count(*) FROM protaddr.linked_transfer WHERE '6101704001' = ANY (payer_keys);
-- a request of the payee's bank: somebody decides, on record, and it never reaches the payee's statement (art. 5(2))
SELECT pay(360, 'psp_request', '6201704002', 'IE00PAYEE', 10), pay(361, 'psp_request', '6101704001', 'IE00PAYEE', 10) AS free;
SELECT row_key, channel, payer, payee, amount, currency, why, status FROM protaddr.held_rows('payment');
SELECT protaddr.release_held(held_id, 'disclose', 'request of 20 November') FROM protaddr.held_rows('payment');
SELECT tell(360), (SELECT protaddr.release(address, 'payee_display') IS NULL FROM payment WHERE id = 360) AS not_displayed;
SELECT channel, subjects, legal_basis, reason FROM protaddr.disclosure;
-- nothing of it is in the gift of who writes the row
SELECT pay(370, 'cross_border', '6201704002', 'US00PAYEE10', 1e9, 'ZZZ') AS unknown_currency, pay(371, 'cross_border', '6201704002', 'US00PAYEE10', 'NaN') AS not_a_number, pay(372, 'cross_border', '6201704002', NULL, 1000) AS no_payee;
-- a law to come: FATF Recommendation 16 as revised asks for the address by the end of 2030
SELECT protaddr.set_channel('cross_border', 'disclose', valid_from => '2031-01-01', legal_basis => 'FATF R.16 (2025), as if enacted');
SELECT at::date, action, rule, legal_basis FROM unnest('{2026-11-21,2031-01-01}'::timestamptz[]) at, protaddr.explain_release((SELECT home FROM customer WHERE cpr = '6201704002'), 'cross_border', 5000, 'EUR', at => at);
SELECT pay(380, 'cross_border', '6201704002', 'US00PAYEE11', 5000) AS until_then;
-- the older law let banks choose: what we knew of it stays
SELECT protaddr.set_channel('until_2024', 'withhold', route => 'third_country', description => 'Test', legal_basis => 'Reg. (EU) 2015/847 art. 4: customer number instead', valid_from => now() + interval '1 day');
SELECT count(*) AS kept FROM protaddr.channel_change WHERE channel IN ('until_2024', 'cross_border');

DROP TABLE customer, payment CASCADE;
DROP FUNCTION pay, tell;
DROP EXTENSION protaddr CASCADE;
