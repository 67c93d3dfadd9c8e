--
-- Who receives an address, and what is on record of those that were disclosed?
--
SET client_min_messages = warning;
CREATE EXTENSION protaddr;
CREATE FUNCTION refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
-- 61 is free, 62 and 64 are protected, 63 is in no register; 61 and 62 hold an account together, 62 has one alone
SELECT persons, protected FROM protaddr.load_register('DK-CPR', '[{"subject": "6101704001", "protections": []}, {"subject": "6201704002", "protections": [{"code": "0001"}]}, {"subject": "6401704004", "protections": [{"code": "0001"}]}]');
SELECT count(protaddr.link_identity(i, s, 'account')) FROM (VALUES ('DK01OPDI00000000000001', '6101704001'), ('DK01OPDI00000000000001', '6201704002'), ('DK02OPDI00000000000002', '6201704002'),
    ('C-62', '6201704002'), ('C-61', '6101704001'), ('Prøve Beskyttet', '6201704002')) l(i, s);
CREATE FUNCTION home(VARIADIC subjects text[]) RETURNS protaddr.address LANGUAGE plpgsql AS $$
DECLARE
    a protaddr.address;
BEGIN
    CREATE TEMPORARY TABLE one (a text, b text, home protaddr.address);
    PERFORM protaddr.bind_column('one', 'home', 'a');
    INSERT INTO one VALUES (subjects[1], subjects[2], protaddr.address(StrtNm => 'Kanarie' || 'gade', BldgNb => '2', PstCd => '8000', TwnNm => 'Aarhus C', Ctry => 'DK'));
    IF subjects[2] IS NOT NULL THEN
        UPDATE one SET a = b, home = home;
    END IF;
    SELECT o.home INTO a FROM one o;
    DROP TABLE one;
    RETURN a;
END
$$;
CREATE TABLE asked (n integer PRIMARY KEY, of_whom text, home protaddr.address);
INSERT INTO asked VALUES (1, 'the protected one', home('6201704002')), (2, 'by the account', home('DK02OPDI00000000000002')), (3, 'of both holders', home('DK01OPDI00000000000001')),
    (4, 'of two in a house', home('6201704002', '6101704001')), (5, 'of two protected', home('6201704002', '6401704004')), (6, 'the free one', home('6101704001')),
    (7, 'an unknown one', home('6301704003')), (8, 'of nobody', protaddr.address(StrtNm => 'Kanariegade')), (9, 'with an unknown one', home('6201704002', '6301704003'));
SELECT of_whom, protaddr.subjects_of(home) FROM asked ORDER BY n;

-- who receives: the person, by any name; the other holder; the account, which is two people; somebody else; nobody
SELECT a.of_whom, r.receiver, l.action AS letter, j.action AS joint_holder, p.action AS representative, l.rule
FROM asked a, (VALUES (1, 'C-62'), (2, '6101704001'), (3, 'DK01OPDI00000000000001'), (4, '6301704003'), (5, NULL)) r(n, receiver),
     protaddr.explain_release(a.home, 'letter', receiver => r.receiver) l, protaddr.explain_release(a.home, 'joint_holder', receiver => r.receiver) j,
     protaddr.explain_release(a.home, 'representative', receiver => r.receiver) p ORDER BY a.n, r.n;
SELECT because FROM asked, protaddr.explain_release(home, 'letter', receiver => '620170-4002') WHERE n = 1;
-- the payee, if nobody else is named; and a receiver in place of the payee
SELECT (protaddr.explain_release(home, 'letter', payee => 'C-62')).action AS payee, (protaddr.explain_release(home, 'letter', payee => 'C-62', receiver => 'C-61')).action AS receiver FROM asked WHERE n = 1;
-- an account of many holders is nobody's own
SELECT count(protaddr.link_identity('DK03OPDI00000000000003', 'holder ' || n, 'account')) FROM generate_series(1, 50) n;
SELECT count(protaddr.link_identity('DK03OPDI00000000000003', '6201704002', 'account')), (SELECT (protaddr.explain_release(home, 'letter', receiver => 'DK03OPDI00000000000003')).action FROM asked WHERE n = 1);
-- the rules of another time count, too
SELECT protaddr.set_channel('letter', when_own => 'withhold', valid_from => '2099-01-01');
SELECT protaddr.release(home, 'letter', at => '2099-06-01', receiver => 'C-62') IS NULL AS withheld FROM asked WHERE n = 1;
-- a link that ends, ends it; a letter leaves on record, and its address is shown once that is committed
SELECT protaddr.unlink_identity('C-62', '6201704002'), protaddr.link_identity('C-62', '6401704004', 'customer');
SELECT protaddr.release(home, 'letter', receiver => 'C-62') IS NULL AS not_theirs FROM asked WHERE n = 1;
CREATE TABLE letter (id integer PRIMARY KEY, customer text, address protaddr.address);
SELECT protaddr.install_gate('letter', 'letter', subject => 'customer', payee => 'customer');
INSERT INTO letter VALUES (1, '6201704002', home('6201704002')), (2, 'DK02OPDI00000000000002', home('6201704002')), (3, 'DK01OPDI00000000000001', home('DK01OPDI00000000000001')), (4, '6101704001', home('6201704002')), (5, '6301704003', home('6301704003'));
SELECT id, protaddr.show(address) FROM letter ORDER BY id;
SELECT channel, kind, subjects, payer, payee, relation, row_key, reason FROM protaddr.disclosure ORDER BY row_key;
SELECT * FROM protaddr.verify_gate('letter');
-- what may not be asked of such a rule, and what the privilege to change it is
SELECT refusal('SELECT protaddr.set_channel(''letter'', when_own => ''' || action || ''')') FROM unnest('{leave,hold,block}'::text[]) action;
SELECT refusal('SELECT protaddr.set_channel(''joint_holder'', when_own => ''disclose'')'), refusal('SELECT protaddr.set_channel(''show'', when_own => ''disclose'', legal_basis => ''none'')');

-- on record: one for each payment and payee
SELECT protaddr.set_channel('court', 'disclose', route => 'extract', description => 'Test', legal_basis => 'Invented Act s. 1');
CREATE VIEW recorded AS SELECT kind, subjects, payer, payee, amount, currency, relation, row_key FROM protaddr.disclosure WHERE channel = 'court' ORDER BY disclosed_at, row_key;
CREATE TABLE payment (id integer PRIMARY KEY, payer text, payee text, amount numeric, note text, address protaddr.address);
SELECT protaddr.install_gate('payment', 'court', subject => 'payer', payee => 'payee', amount => 'amount', currency_code => 'EUR');
INSERT INTO payment VALUES (1, 'DK02OPDI00000000000002', 'COURT', 100, NULL, home('6201704002'));
SELECT * FROM recorded;
-- to five others; then to somebody else, another amount, another key; what does not make it another payment is none
INSERT INTO payment SELECT 1 + n, payer, 'STRANGER-' || n, amount, NULL, address FROM payment, generate_series(1, 5) n WHERE id = 1;
SELECT count(*), count(DISTINCT payee) AS payees FROM recorded;
UPDATE payment SET note = 'sent' WHERE id = 1;
UPDATE payment SET address = address WHERE id = 1;
UPDATE payment SET address = home('6201704002') WHERE id = 1;
SELECT count(*) AS the_same FROM recorded;
UPDATE payment SET payee = 'STRANGER-0' WHERE id = 1;
UPDATE payment SET amount = 101 WHERE id = 1;
UPDATE payment SET id = 100 WHERE id = 1;
SELECT payee, amount, row_key FROM recorded OFFSET 6;
SELECT id, payee, protaddr.show(address) FROM payment WHERE id IN (2, 100) ORDER BY id;
-- without a payee column any other column could name the payee; without a key every row is another one
CREATE TABLE answer (id integer PRIMARY KEY, payer text, name text, address protaddr.address);
CREATE TABLE keyless (payer text, payee text, address protaddr.address);
SELECT protaddr.install_gate('answer', 'court', subject => 'payer'), protaddr.install_gate('keyless', 'court', subject => 'payer', payee => 'payee');
INSERT INTO answer VALUES (1, '6201704002', 'COURT', home('6201704002'));
UPDATE answer SET name = 'STRANGER';
UPDATE answer SET name = 'STRANGER';
INSERT INTO keyless VALUES ('6201704002', 'COURT', home('6201704002'));
INSERT INTO keyless SELECT * FROM keyless;
SELECT relation, row_key, payee, count(*) FROM recorded WHERE relation <> 'public.payment' GROUP BY 1, 2, 3 ORDER BY 1;
-- by hand: the value names its record, and for another payee there is another
SELECT protaddr.release(home, 'court', payee => 'COURT') AS by_hand FROM asked WHERE n = 1 \gset
SELECT protaddr.release(:'by_hand', 'court', payee => 'COURT')::text = :'by_hand' AS the_same, protaddr.release(:'by_hand', 'court', payee => 'STRANGER')::text = :'by_hand' AS another;
SELECT payer, payee FROM recorded WHERE relation IS NULL;
-- what says which payment it is does not run together
SELECT payee, receiver, protaddr.release(:'by_hand', 'court', payee => payee, receiver => receiver)::text = :'by_hand' AS the_same FROM (VALUES (1, 'COURT', NULL), (2, 'COUR', 'T'), (3, 'COU', 'RTCOURT'), (4, 'C', 'OURTCOURT')) v(n, payee, receiver) ORDER BY n;
-- of two laws that both allow it, the one of today is on record
SELECT protaddr.set_channel('two_laws', 'disclose', route => 'extract', description => 'Test', legal_basis => 'Invented Act s. 1');
SELECT protaddr.set_channel('two_laws', legal_basis => 'A later Act s. 2', valid_from => '2099-01-01');
SELECT protaddr.release(home, 'two_laws', payee => 'LATER', at => '2099-06-01') IS NOT NULL AS released FROM asked WHERE n = 1;
SELECT payee, legal_basis FROM protaddr.disclosure WHERE payee = 'LATER';
-- what is rolled back was not disclosed
BEGIN;
INSERT INTO payment VALUES (200, '6201704002', 'COURT', 1, NULL, home('6201704002'));
SELECT protaddr.show(address) FROM payment WHERE id = 200;
ROLLBACK;
SELECT count(*) FROM recorded WHERE amount = 1;

-- messages: the people, as of addresses, whatever they are known by; once if they stand in several places
CREATE FUNCTION message(debtor text, account text DEFAULT 'GB00OPDI00000000000009', ultimate text DEFAULT NULL, payee text DEFAULT 'GB00OPDI00000000000001') RETURNS text LANGUAGE sql AS $$
SELECT '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"><FIToFICstmrCdtTrf><CdtTrfTxInf><IntrBkSttlmAmt Ccy="EUR">50</IntrBkSttlmAmt>' || coalesce('<UltmtDbtr><Nm>' || ultimate || '</Nm><PstlAdr><StrtNm>Skjultvej</StrtNm></PstlAdr></UltmtDbtr>', '')
    || '<Dbtr><Nm>' || debtor || '</Nm><PstlAdr><StrtNm>Skjultvej</StrtNm></PstlAdr></Dbtr><DbtrAcct><Id><IBAN>' || account || '</IBAN></Id></DbtrAcct>'
    || '<Cdtr><Nm>Sam Sample</Nm></Cdtr><CdtrAcct><Id><IBAN>' || payee || '</IBAN></Id></CdtrAcct></CdtTrfTxInf></FIToFICstmrCdtTrf></Document>'
$$;
SELECT protaddr.set_channel('court', when_unknown => 'leave');
CREATE TABLE sent (id integer PRIMARY KEY, payer text, message xml);
SELECT protaddr.install_gate('sent', 'court', subject => 'payer', messages => '{"message": "xml"}');
SELECT n, count(protaddr.release_message(m, 'court')) FROM (VALUES (1, message('A', 'DK02 OPDI 0000 0000 0000 02')), (2, message('Prøve Beskyttet')), (3, message('A', 'DK01OPDI00000000000001')), (4, message('PRØVE BESKYTTET', 'DK02OPDI00000000000002', 'Prøve Beskyttet'))) v(n, m) GROUP BY n ORDER BY n;
SELECT kind, subjects, payer, payee, amount, currency, count(*) FROM recorded WHERE kind = 'message' GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY payer, subjects;
INSERT INTO sent VALUES (1, '6201704002', message('A', 'DK02OPDI00000000000002')::xml);
UPDATE sent SET message = message;
UPDATE sent SET message = message('A', 'DK02OPDI00000000000002', payee => 'GB00OPDI00000000000002')::xml;
SELECT subjects, payer, payee, relation, row_key, count(*) FROM recorded WHERE relation = 'public.sent' GROUP BY 1, 2, 3, 4, 5 ORDER BY payee;
-- somebody else between two places of one person: one record for each of them
SELECT protaddr.protect('6601704006', 'manual', 'address');
SELECT count(protaddr.release_message('<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"><FIToFICstmrCdtTrf><CdtTrfTxInf><IntrBkSttlmAmt Ccy="EUR">70</IntrBkSttlmAmt>'
    '<Dbtr><Nm>B</Nm><PstlAdr><StrtNm>Skjultvej</StrtNm></PstlAdr></Dbtr><DbtrAcct><Id><IBAN>DK02OPDI00000000000002</IBAN></Id></DbtrAcct>'
    '<Cdtr><Nm>A</Nm><PstlAdr><StrtNm>Skjultvej</StrtNm></PstlAdr><Id><PrvtId><Othr><Id>6601704006</Id></Othr></PrvtId></Id></Cdtr>'
    '<UltmtCdtr><Nm>B</Nm><PstlAdr><StrtNm>Skjultvej</StrtNm></PstlAdr><Id><PrvtId><Othr><Id>6201704002</Id></Othr></PrvtId></Id></UltmtCdtr></CdtTrfTxInf></FIToFICstmrCdtTrf></Document>', 'court'));
SELECT subjects, payer, count(*) FROM recorded WHERE amount = 70 GROUP BY 1, 2 ORDER BY 1;

DROP VIEW recorded;
DROP TABLE asked, letter, payment, answer, keyless, sent;
DROP TABLE IF EXISTS payment_held, letter_held, answer_held, keyless_held, sent_held;
DROP FUNCTION refusal, home, message;
DROP EXTENSION protaddr CASCADE;
