--
-- What in the law, and in what the door and the gate do by it, did no other test decide?
--
SET client_min_messages = warning;
\set VERBOSITY terse
SET timezone = 'UTC';
CREATE FUNCTION try(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE statement INTO result;
    RETURN coalesce(result, 'NULL');
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
CREATE EXTENSION protaddr;
-- 61 and 66 are free, 62 and 63 protected
SELECT persons FROM protaddr.load_register('DK-CPR', '[{"subject": "6101704001", "protections": []}, {"subject": "6201704002", "protections": [{"code": "0001"}]}, {"subject": "6301704003", "protections": [{"code": "0001"}]}, {"subject": "6601704006", "protections": []}]');
CREATE FUNCTION home(VARIADIC subjects text[]) RETURNS protaddr.address LANGUAGE plpgsql AS $$
DECLARE
    a protaddr.address := protaddr.address(StrtNm => 'Kanarie' || 'gade', BldgNb => '2', PstCd => '8000', TwnNm => 'Aarhus C', Ctry => 'DK', subject => subjects[1]);
BEGIN
    IF cardinality(subjects) > 1 THEN
        INSERT INTO holder VALUES (subjects[1], subjects[2], a) RETURNING address INTO a;
    END IF;
    RETURN a;
END
$$;
CREATE TABLE holder (first text, second text, address protaddr.address);
SELECT protaddr.bind_column('holder', 'address', 'first'), protaddr.bind_column('holder', 'address', 'second');

-- ---- a small amount that may leave where a large one may not: the row stays what it was let through as
SELECT protaddr.set_channel('small', 'withhold', route => 'union', small_amount => 100, small_currency => 'EUR', when_small => 'disclose', when_unknown => 'leave', description => 't', legal_basis => 'b');
CREATE TABLE payment (id int PRIMARY KEY, payer text, payee text, amount numeric, note text, address protaddr.address);
SELECT protaddr.install_gate('payment', 'small', 'payer', amount => 'amount', currency_code => 'EUR', payee => 'payee');
INSERT INTO payment VALUES (1, '6201704002', 'P', 100, '', home('6201704002')), (2, '6201704002', 'P', 101, '', home('6201704002'));
SELECT id, protaddr.show_iso(address) IS NOT NULL AS left_with_it FROM payment ORDER BY id;
SELECT count(*) AS on_record FROM protaddr.disclosure;
SELECT count(*) AS wrong FROM protaddr.verify_gate('payment');
UPDATE payment SET note = 'seen';
SELECT id, address IS NOT NULL AS left_with_it FROM payment ORDER BY id;
-- the amount grows: now it is a large one
UPDATE payment SET amount = 101 WHERE id = 1;
SELECT id, address IS NOT NULL AS left_with_it FROM payment ORDER BY id;
-- and where the large one may leave and the small one may not, either may stand in a row
SELECT protaddr.set_channel('large', 'disclose', route => 'union', small_amount => 100, small_currency => 'EUR', when_small => 'withhold', when_unknown => 'leave', description => 't', legal_basis => 'b');
CREATE TABLE large (id int PRIMARY KEY, payer text, payee text, amount numeric, address protaddr.address);
SELECT protaddr.install_gate('large', 'large', 'payer', amount => 'amount', currency_code => 'EUR', payee => 'payee');
INSERT INTO large VALUES (1, '6201704002', 'P', 100, home('6201704002')), (2, '6201704002', 'P', 101, home('6201704002'));
SELECT id, address IS NOT NULL AS left_with_it FROM large ORDER BY id;
SELECT count(*) AS wrong FROM protaddr.verify_gate('large');

-- ---- held because there is no substitute, and released with another part of it
SELECT protaddr.set_channel('box', 'substitute', route => 'union', without_substitute => 'hold', when_unknown => 'leave', description => 't', legal_basis => 'b');
CREATE TABLE letter (id int PRIMARY KEY, payer text, address protaddr.address);
SELECT protaddr.install_gate('letter', 'box', 'payer');
SET client_min_messages = error;
INSERT INTO letter SELECT i, '6201704002', home('6201704002') FROM generate_series(1, 4) i;
SET client_min_messages = warning;
SELECT row_key, why, status FROM protaddr.held_rows('letter') ORDER BY row_key;
SELECT row_key, v.action, try(format('SELECT protaddr.release_held(%s, %L, %L)', held_id, v.action, 'asked for ' || id)) AS released
FROM protaddr.held_rows('letter') JOIN (VALUES (1, 'minimum'), (2, 'disclose'), (3, 'withhold'), (4, 'substitute')) v(id, action) ON row_key = jsonb_build_object('id', id::text) ORDER BY id;
SELECT id, protaddr.show(address) FROM letter ORDER BY id;
SELECT count(*) AS disclosed FROM protaddr.disclosure WHERE channel = 'box';
SELECT count(*) AS wrong FROM protaddr.verify_gate('letter');

-- what is told of it
SELECT action, rule FROM protaddr.explain_release(home('6201704002'), 'box');
SELECT subject, protaddr.substitute_fits(home('6201704002'), subject) AS fits FROM (VALUES (1, '6201704002'), (2, '62-01704002'), (3, '6301704003'), (4, ''), (5, NULL)) v(n, subject) ORDER BY n;

-- ---- whose substitute
SELECT protaddr.set_substitute('6201704002', protaddr.address(StrtNm => 'Postboks', BldgNb => '62', PstCd => '1000', TwnNm => 'Testby', Ctry => 'DK'), 'box') AS of_62;
SELECT protaddr.set_channel('box', 'substitute', without_substitute => 'withhold');
SELECT people, protaddr.show(protaddr.release(home(VARIADIC people), 'box')) AS leaves
FROM (VALUES (1, '{6201704002}'::text[]), (2, '{6101704001}'), (3, '{6101704001,6201704002}'), (4, '{6201704002,6101704001}'), (5, '{6201704002,6301704003}'), (6, '{6301704003,6201704002}')) v(n, people) ORDER BY n;
-- an account is as many as it has holders
SELECT protaddr.link_identity('ACC-1', '6101704001', 'account'), protaddr.link_identity('ACC-1', '6201704002', 'account'),
       protaddr.link_identity('ACC-2', '6201704002', 'account'), protaddr.link_identity('ACC-2', '6301704003', 'account');
SELECT account, protaddr.show(protaddr.release(home(account), 'box')) AS leaves FROM unnest('{ACC-1,ACC-2}'::text[]) account ORDER BY account;
SELECT protaddr.set_substitute('6301704003', protaddr.address(StrtNm => 'Postboks', BldgNb => '63', PstCd => '1000', TwnNm => 'Testby', Ctry => 'DK'), 'box') AS of_63;
SELECT protaddr.show(protaddr.release(home('ACC-2'), 'box')) IN ('Postboks 62, 1000 Testby', 'Postboks 63, 1000 Testby') AS one_of_theirs;
-- one that is registered for the account stands for each of them
SELECT protaddr.link_identity('ACC-3', 'C-64', 'account'), protaddr.link_identity('C-64', '6401704004', 'customer'), protaddr.link_identity('ACC-3', '6501704005', 'account'),
       protaddr.protect('6401704004', 'manual', 'address') IS NOT NULL AS protected, protaddr.protect('6501704005', 'manual', 'address') IS NOT NULL AS protected;
CREATE VIEW leaves AS SELECT name, protaddr.show(protaddr.release(home(name), 'box')) FROM unnest('{ACC-3,C-64,6401704004,6501704005}'::text[]) WITH ORDINALITY u(name, n) ORDER BY n;
SELECT protaddr.set_substitute('C-64', protaddr.address(StrtNm => 'Postboks', BldgNb => '64', PstCd => '1000', TwnNm => 'Testby', Ctry => 'DK'), 'of the customer') AS anew;
TABLE leaves;
SELECT protaddr.set_substitute('ACC-3', protaddr.address(StrtNm => 'Postboks', BldgNb => '3', PstCd => '1000', TwnNm => 'Testby', Ctry => 'DK'), 'of the account') AS anew;
TABLE leaves;
DROP VIEW leaves;

-- ---- which channel: what could be a name is told, anything else is not; and each is another one
SELECT name, try(format('SELECT protaddr.release(home(''6201704002''), %L) IS NOT NULL', name)) FROM unnest(ARRAY['bo', 'box', 'boxx', 'Box', 'b-x', 'b_9', '_box', '9box', 'b{x', 'b`x', 'b:x', 'b/x', 'b@x', 'b[x', '{ox', '`ox', '', ' ', repeat('b', 63), repeat('b', 64), repeat('b', 65), 'Vestergade 1'])
    WITH ORDINALITY u(name, n) ORDER BY n;
-- the first moment of a rule is its own, the last one is not
SELECT protaddr.set_channel('timed', 'withhold', route => 'union', when_unknown => 'leave', description => 't', legal_basis => 'b');
SELECT protaddr.set_channel('timed', 'minimum', valid_from => '2100-01-01 00:00:00+00');
SELECT at, protaddr.show(protaddr.release(home('6201704002'), 'timed', at => at)) AS leaves, legal_basis, e.action FROM unnest('{2099-12-31 23:59:59.999999+00,2100-01-01 00:00:00+00,2100-01-01 00:00:00.000001+00}'::timestamptz[]) at, protaddr.explain_release(home('6201704002'), 'timed', at => at) e ORDER BY at;
UPDATE protaddr.channel SET valid_to = '2101-01-01 00:00:00+00' WHERE channel = 'timed' AND valid_from = '2100-01-01 00:00:00+00';
SELECT at, try(format('SELECT action FROM protaddr.explain_release(home(''6201704002''), ''timed'', at => %L)', at)) AS action FROM unnest('{2100-12-31 23:59:59.999999+00,2101-01-01 00:00:00+00}'::timestamptz[]) at ORDER BY at;

-- ---- an account is known if all of its holders are, whichever is not
SELECT protaddr.link_identity(account, holder, 'account') FROM (VALUES (1, 'ACC-5', '6601704006'), (2, 'ACC-5', '0707070707'), (3, 'ACC-6', '0707070707'), (4, 'ACC-6', '6601704006'), (5, 'ACC-7', '0707070707'), (6, 'ACC-7', '0808080808')) v(n, account, holder) ORDER BY n;
SELECT protaddr.set_channel('told', 'withhold', route => 'union', when_unknown => 'withhold', description => 't', legal_basis => 'b');
SELECT account, protaddr.release(home(account), 'told') IS NOT NULL AS known FROM unnest('{ACC-5,ACC-6,ACC-7,6601704006,0707070707}'::text[]) WITH ORDINALITY u(account, n) ORDER BY n;

-- ---- what was released as the minimum, and whose town has come to be hidden since
CREATE TABLE abroad (id int PRIMARY KEY, payer text, address protaddr.address);
SELECT protaddr.set_channel('town', 'minimum', route => 'third_country', when_unknown => 'leave', description => 't', legal_basis => 'b');
SELECT protaddr.install_gate('abroad', 'town', 'payer');
INSERT INTO abroad VALUES (1, '6201704002', home('6201704002')), (2, '6301704003', home('6301704003'));
SELECT id, protaddr.show(address) FROM abroad ORDER BY id;
SELECT protaddr.protect('6301704003', 'manual', 'address_and_town') IS NOT NULL AS town_hidden;
SELECT a.id, v.column_name, v.problem, v.if_updated FROM protaddr.verify_gate('abroad') v JOIN abroad a ON a.ctid = v.row_tid ORDER BY 1, 2;
UPDATE abroad SET id = id + 10;
SELECT id, protaddr.show(address) FROM abroad ORDER BY id;
SELECT count(*) AS wrong FROM protaddr.verify_gate('abroad');

-- ---- a payee or receiver that is no identifier is one that is not known
SELECT protaddr.set_channel('own', 'withhold', route => 'display', when_own => 'disclose', when_unknown => 'leave', description => 't', legal_basis => 'b');
SELECT payee, receiver, protaddr.release(home('6201704002'), 'own', payee => payee, receiver => receiver) IS NOT NULL AS own
FROM (VALUES (1, '6201704002', NULL), (2, NULL, '6201704002'), (3, '', NULL), (4, NULL, ''), (5, '--', NULL), (6, '6201704002', '6301704003'), (7, '6301704003', '6201704002'), (8, '6201704002', '')) v(n, payee, receiver) ORDER BY n;
-- the receiver is one of them, and the others are free; or protected; or of an account with another holder
SELECT people, receiver, protaddr.release(home(VARIADIC people), 'own', receiver => receiver) IS NOT NULL AS own
FROM (VALUES (1, '{6201704002,6101704001}'::text[], '6201704002'), (2, '{6201704002,6301704003}', '6201704002'), (3, '{6201704002,0101010101}', '6201704002'), (4, '{ACC-1}', '6201704002'), (5, '{ACC-2}', '6201704002'), (6, '{ACC-1}', 'ACC-1'), (7, '{6201704002}', 'ACC-1'))
v(n, people, receiver) ORDER BY n;

-- what is said of an amount, and of the town, is said where it matters
SELECT protaddr.set_channel('told', 'withhold', route => 'union', small_amount => 100, small_currency => 'EUR', when_small => 'minimum', when_unknown => 'leave', description => 't', legal_basis => 'b');
SELECT protaddr.protect('7701704007', 'manual', 'address_and_town') IS NOT NULL AS protected;
SELECT subject, amount, (protaddr.explain_release(home(subject), 'told', amount, 'EUR')).because FROM (VALUES (1, '7701704007', 100), (2, '7701704007', 101), (3, '6201704002', 101), (4, '6101704001', 101)) v(n, subject, amount) ORDER BY n;

-- ---- linked transfers: what is noted of a row follows it, term by term
SELECT protaddr.set_channel('linked', 'withhold', route => 'third_country', small_amount => 1000, small_currency => 'EUR', when_small => 'minimum', linked_within => interval '1 day', when_unknown => 'leave', description => 't', legal_basis => 'b');
SELECT protaddr.set_exchange_rate('USD', 0.5);
-- the first and the last letter of the alphabet are letters
SELECT count(protaddr.set_exchange_rate(c, 1)) FROM unnest('{AAA,ZZZ}'::text[]) c;
SELECT c, (protaddr.explain_release(home('6201704002'), 'linked', 1, c)).action FROM unnest('{AAA,ZZZ,AAB,aAA,AaA,AAa,AA,AAAA}'::text[]) WITH ORDINALITY u(c, n) ORDER BY n;
CREATE TABLE transfer (id int PRIMARY KEY, payer text, payee text, amount numeric, currency text, note text, address protaddr.address);
SELECT protaddr.install_gate('transfer', 'linked', 'payer', amount => 'amount', currency => 'currency', payee => 'payee');
CREATE FUNCTION after_it(VARIADIC statements text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
    s text;
BEGIN
    FOREACH s IN ARRAY statements LOOP
        EXECUTE s;
    END LOOP;
    SELECT concat_ws('; ', (SELECT string_agg(concat_ws(' ', payee_key, payer_keys::text, amount, currency), ', ' ORDER BY payee_key, payer_keys, amount) FROM protaddr.linked_transfer),
        'leaves: ' || (SELECT string_agg(concat(id, ' ', coalesce(protaddr.show(address), '-')), ', ' ORDER BY id) FROM transfer)) INTO result;
    RAISE EXCEPTION USING ERRCODE = 'no_data_found', MESSAGE = result;
EXCEPTION WHEN no_data_found THEN
    RETURN SQLERRM;
END
$$;
INSERT INTO transfer VALUES (1, '6201704002', 'P1', 600, 'EUR', '', home('6201704002'));
SELECT statement, after_it(statement) FROM (VALUES (1, 'SELECT 1'),
    (2, 'UPDATE transfer SET note = ''x'''), (3, 'UPDATE transfer SET amount = 601'), (4, 'UPDATE transfer SET currency = ''USD'''), (5, 'UPDATE transfer SET amount = NULL'), (6, 'UPDATE transfer SET currency = NULL'), (7, 'UPDATE transfer SET currency = ''XAU'''),
    (8, 'UPDATE transfer SET payee = ''P2'''), (9, 'UPDATE transfer SET payee = NULL'), (10, 'UPDATE transfer SET payer = ''6301704003'''), (11, 'UPDATE transfer SET payer = ''6101704001'', address = NULL'), (12, 'UPDATE transfer SET id = 2'), (13, 'UPDATE transfer SET amount = ''NaN'''),
    (14, 'UPDATE transfer SET amount = -600'), (15, 'UPDATE transfer SET amount = 600.00'), (16, 'DELETE FROM transfer'), (17, 'UPDATE transfer SET payer = ''C-62''')) v(n, statement) ORDER BY n;
-- and what counts with another
SELECT second, after_it(format('INSERT INTO transfer VALUES (2, %s, '''', home(''6201704002''))', second)) FROM (VALUES (1, $$'6201704002', 'P1', 400, 'EUR'$$), (2, $$'6201704002', 'P1', 400.01, 'EUR'$$),
    (3, $$'6201704002', 'P1', 800, 'USD'$$), (4, $$'6201704002', 'P1', 800.01, 'USD'$$), (5, $$'6201704002', 'P2', 900, 'EUR'$$), (6, $$'6301704003', 'P1', 900, 'EUR'$$), (7, $$'ACC-2', 'P1', 500, 'EUR'$$), (8, $$'6201704002', 'P1', -400, 'EUR'$$), (9, $$'6201704002', 'P1', -401, 'EUR'$$),
    (10, $$'6201704002', 'P1', NULL, 'EUR'$$), (11, $$'6201704002', 'P1', 1, NULL$$), (12, $$'6201704002', 'P1', 1, 'XAU'$$), (13, $$'6201704002', NULL, 1, 'EUR'$$), (14, $$'6201704002', 'p1', 401, 'EUR'$$)) v(n, second) ORDER BY n;
-- one of unknown size makes all it is linked to of unknown size, and an update of a row counts it once
SELECT after_it('INSERT INTO transfer VALUES (2, ''6201704002'', ''P3'', 1, ''XAU'', '''', home(''6201704002''))', 'INSERT INTO transfer VALUES (3, ''6201704002'', ''P3'', 1, ''EUR'', '''', home(''6201704002''))') AS no_rate;
SELECT after_it('UPDATE transfer SET amount = 1000', 'UPDATE transfer SET note = ''again''') AS once, after_it('UPDATE transfer SET amount = 1000', 'INSERT INTO transfer VALUES (2, ''6201704002'', ''P1'', 1, ''EUR'', '''', home(''6201704002''))') AS twice,
       after_it('INSERT INTO transfer VALUES (1, ''6201704002'', ''P1'', 1000, ''EUR'', '''', home(''6201704002'')) ON CONFLICT (id) DO UPDATE SET amount = excluded.amount, address = excluded.address') AS on_conflict_update,
       after_it('INSERT INTO transfer VALUES (1, ''6201704002'', ''P1'', 1000, ''EUR'', '''', home(''6201704002'')) ON CONFLICT (id) DO NOTHING') AS on_conflict_nothing;
-- a row without a key: it is noted, and what an update makes of it counts alone
CREATE TABLE keyless (payer text, payee text, amount numeric, currency text, address protaddr.address);
SELECT protaddr.install_gate('keyless', 'linked', 'payer', amount => 'amount', currency => 'currency', payee => 'payee');
INSERT INTO keyless VALUES ('6201704002', 'P9', 600, 'EUR', home('6201704002')), ('6201704002', 'P9', 400, 'EUR', home('6201704002')), ('6201704002', 'P9', 1, 'EUR', home('6201704002'));
SELECT amount, protaddr.show(address) FROM keyless ORDER BY amount;
UPDATE keyless SET amount = amount + 1;
SELECT amount, protaddr.show(address) FROM keyless ORDER BY amount;
SELECT payee_key, amount, reference IS NULL AS without_reference FROM protaddr.linked_transfer WHERE payee_key = 'P9' ORDER BY amount;
-- ... and so does a message in it
CREATE TABLE keyless_message (payer text, payee text, amount numeric, currency text, doc xml);
SELECT protaddr.install_gate('keyless_message', 'linked', 'payer', amount => 'amount', currency => 'currency', payee => 'payee', messages => '{"doc": "xml"}');
CREATE FUNCTION pacs(amount numeric) RETURNS xml LANGUAGE sql AS $$
    SELECT ('<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"><FIToFICstmrCdtTrf><CdtTrfTxInf><IntrBkSttlmAmt Ccy="EUR">' || amount || '</IntrBkSttlmAmt><Dbtr><Nm>A</Nm><PstlAdr><StrtNm>Skjultvej</StrtNm>'
        '<TwnNm>Testby</TwnNm><Ctry>DK</Ctry></PstlAdr><Id><PrvtId><Othr><Id>6201704002</Id></Othr></PrvtId></Id></Dbtr><CdtrAcct><Id><IBAN>GB00OPDI00000000000001</IBAN></Id></CdtrAcct></CdtTrfTxInf></FIToFICstmrCdtTrf></Document>')::xml
$$;
INSERT INTO keyless_message SELECT '6201704002', 'GB00OPDI00000000000001', n, 'EUR', pacs(n) FROM unnest('{300,400,500}'::int[]) n;
SELECT amount, doc::text ~ 'Skjultvej' AS street, doc::text ~ 'Testby' AS town FROM keyless_message ORDER BY amount;
UPDATE keyless_message SET amount = amount + 300, doc = pacs(amount + 300);
SELECT amount, doc::text ~ 'Skjultvej' AS street, doc::text ~ 'Testby' AS town FROM keyless_message ORDER BY amount;
SELECT payee_key, payer_keys, amount FROM protaddr.linked_transfer WHERE payee_key NOT LIKE 'P_' ORDER BY 1, 3;

DROP TABLE payment, large, letter, abroad, holder, transfer, keyless, keyless_message;
DROP FUNCTION home, after_it, pacs;
DROP EXTENSION protaddr CASCADE;
DROP FUNCTION try;
