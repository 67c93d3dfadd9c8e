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
    a protaddr.address := protaddr.address(StrtNm => 'Kanariegade', BldgNb => '2', PstCd => '8000', TwnNm => 'Aarhus C', Ctry => 'DK', subject => subjects[1]);
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

DROP TABLE payment, large, letter, abroad, holder;
DROP FUNCTION home;
DROP EXTENSION protaddr CASCADE;
DROP FUNCTION try;
