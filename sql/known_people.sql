--
-- A session remembers whom the registers have told of: until somebody is removed, and not
-- what is rolled back.
--
SET client_min_messages = warning;
\set VERBOSITY terse
CREATE EXTENSION protaddr;
SELECT (protaddr.load_register('DK-CPR', (SELECT jsonb_agg(jsonb_build_object('subject', 'K' || i, 'protections', '[]'::jsonb)) FROM generate_series(1, 2000) i))).persons;
CREATE TABLE home (id int PRIMARY KEY, who text, address protaddr.address);
INSERT INTO home SELECT i, 'K' || i, protaddr.address(strtnm => 'Vej', bldgnb => i::text, subject => 'K' || i) FROM generate_series(1, 2100) i;
CREATE FUNCTION shown(OUT shown bigint, OUT withheld bigint) LANGUAGE sql AS $$
    SELECT count(*) FILTER (WHERE s = 'Vej ' || id), count(*) FILTER (WHERE s = '[address withheld]')
    FROM (SELECT id, protaddr.show(address) s FROM home) x
$$;
-- few, then so many that all are read, then from memory
SELECT protaddr.show(address) FROM home WHERE id IN (1, 2001) ORDER BY id;
SELECT * FROM shown();
SELECT * FROM shown();
-- one protected, one linked: nobody else is forgotten, both count at once
SELECT protaddr.protect('K5', 'DK-CPR', '0001') IS NOT NULL AS protected, protaddr.link_identity('K2050', 'K7') AS linked;
SELECT protaddr.show(address) FROM home WHERE id IN (5, 2050, 2051) ORDER BY id;
SELECT * FROM shown();
SELECT protaddr.unlink_identity('K2050', 'K7') AS unlinked;
SELECT * FROM shown();
-- told of, and taken back before it held
BEGIN;
INSERT INTO protaddr.register_person (source, subject) VALUES ('DK-CPR', 'K2001');
SELECT protaddr.show(address) FROM home WHERE id = 2001;
SAVEPOINT s;
INSERT INTO protaddr.register_person (source, subject) VALUES ('DK-CPR', 'K2002');
SELECT protaddr.show(address) FROM home WHERE id = 2002;
ROLLBACK TO s;
SELECT protaddr.show(address) FROM home WHERE id IN (2001, 2002) ORDER BY id;
ROLLBACK;
SELECT protaddr.show(address) FROM home WHERE id IN (2001, 2002) ORDER BY id;
-- told of
INSERT INTO protaddr.register_person (source, subject) VALUES ('DK-CPR', 'K2001');
SELECT protaddr.show(address) FROM home WHERE id IN (2001, 2002) ORDER BY id;
-- removed by the one who may: forgotten, in the transaction and after it
BEGIN;
DELETE FROM protaddr.register_person WHERE subject IN ('K1', 'K2001');
SELECT protaddr.show(address) FROM home WHERE id IN (1, 2001) ORDER BY id;
ROLLBACK;
SELECT protaddr.show(address) FROM home WHERE id IN (1, 2001) ORDER BY id;
DELETE FROM protaddr.register_person WHERE subject IN ('K1', 'K2001');
SELECT protaddr.show(address) FROM home WHERE id IN (1, 2001) ORDER BY id;
UPDATE protaddr.register_person SET subject = 'K2002' WHERE subject = 'K2';
SELECT protaddr.show(address) FROM home WHERE id IN (2, 2002) ORDER BY id;
SELECT * FROM shown();
-- an account is known once every holder is: by any of their numbers, or by being protected
SELECT protaddr.link_identity(f, t, k) FROM (VALUES ('A-1', 'K3', 'account'), ('A-1', 'K2060', 'account'), ('A-2', 'C-2', 'account'), ('C-2', 'K3', 'customer'), ('C-2', 'K2061', 'customer'), ('A-3', 'K3', 'account'), ('A-3', 'K4', 'account')) l(f, t, k);
CREATE TABLE account (id int, no text, address protaddr.address);
INSERT INTO account SELECT right(no, 1)::int, no, protaddr.address(strtnm => 'Vej', bldgnb => '1', subject => no) FROM unnest('{A-1,A-2,A-3}'::text[]) no;
CREATE FUNCTION told(OUT shown text, OUT unknown bigint) LANGUAGE sql AS $$
    SELECT (SELECT string_agg(no, ' ' ORDER BY no) FROM account WHERE protaddr.show(address) = 'Vej 1'), protaddr.unknown_people('account', 'no')
$$;
SELECT * FROM told();
BEGIN;
SELECT protaddr.link_identity('K2060', 'K2070', 'replaced number');
INSERT INTO protaddr.register_person (source, subject) VALUES ('DK-CPR', 'K2070'), ('DK-CPR', 'K2061');
SELECT * FROM told();
ROLLBACK;
SELECT * FROM told();
-- a channel that discloses of the protected, and withholds of the unknown, withholds of both
SELECT protaddr.set_channel('disclosing', 'disclose', route => 'union', when_unknown => 'withhold', description => 'test', legal_basis => 'test') IS NOT NULL AS channel;
SELECT protaddr.protect('K3', 'DK-CPR', '0001') IS NOT NULL AS protected;
SELECT no, action, rule, protaddr.is_protected(no) FROM account, protaddr.explain_release(address, 'disclosing') ORDER BY no;
SELECT protaddr.protect('K2060', 'DK-CPR', '0001') IS NOT NULL AS protected;
SELECT no, action, rule FROM account, protaddr.explain_release(address, 'disclosing') ORDER BY no;
-- in a message, that one holder is known does not make the account known
SELECT count(protaddr.link_identity(f, t)) FROM (VALUES ('A-4', 'K7'), ('A-4', 'K8'), ('A-5', 'K7'), ('A-5', 'K2062')) l(f, t);
SELECT account, person, protaddr.release_message(format('<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"><CdtTrfTxInf><Cdtr><Nm>Navn</Nm><PstlAdr><StrtNm>Vej</StrtNm></PstlAdr><Id><PrvtId><Othr><Id>%s</Id></Othr></PrvtId></Id></Cdtr><CdtrAcct><Id><Othr><Id>%s</Id></Othr></Id></CdtrAcct></CdtTrfTxInf></Document>', person, account)::xml, 'sumclearing')::text LIKE '%StrtNm%' AS leaves
FROM (VALUES ('A-4', 'K7'), ('A-4', 'K2062'), ('A-5', 'K7'), ('linked to nobody', 'K7'), ('linked to nobody', 'K2062')) x(account, person);
SELECT protaddr.lift('K3', 'DK-CPR', '0001'), protaddr.lift('K2060', 'DK-CPR', '0001');
DROP FUNCTION told();
DROP TABLE account;
-- where nobody lists people, everybody is known
DELETE FROM protaddr.register_person;
SELECT * FROM shown();
DROP TABLE home;
DROP FUNCTION shown();
DROP EXTENSION protaddr;
