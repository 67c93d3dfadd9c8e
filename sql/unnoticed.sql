--
-- What small changes of the code had no other test notice?  Each statement tells one of them
-- from the original (test/mutate.sh finds more).
--
SET client_min_messages = warning;
\set VERBOSITY terse
SET timezone = 'UTC';
CREATE ROLE regress_unnoticed;
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

-- who may do what is what the script says, whatever the default privileges of who installs it
CREATE FUNCTION granted() RETURNS TABLE (object text, grantee text, privilege text) LANGUAGE sql AS $$
    SELECT o.object, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END, a.privilege_type
    FROM (SELECT c.oid::regclass::text, coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner))
          FROM pg_class c WHERE c.relnamespace = to_regnamespace('protaddr') AND c.relkind IN ('r', 'v', 'm', 'p', 'S')
          UNION ALL
          SELECT p.oid::regprocedure::text, coalesce(p.proacl, acldefault('f', p.proowner))
          FROM pg_proc p WHERE p.pronamespace = to_regnamespace('protaddr')
          UNION ALL
          SELECT t.oid::regtype::text, coalesce(t.typacl, acldefault('T', t.typowner))
          FROM pg_type t WHERE t.typnamespace = to_regnamespace('protaddr') AND t.typrelid = 0 AND t.typelem = 0) o(object, acl), aclexplode(o.acl) a
$$;
CREATE EXTENSION protaddr;
CREATE TABLE as_shipped AS SELECT * FROM granted();
DROP EXTENSION protaddr;
DROP SCHEMA IF EXISTS protaddr;
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO regress_unnoticed, pg_monitor, PUBLIC;
ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO regress_unnoticed, pg_monitor, PUBLIC;
ALTER DEFAULT PRIVILEGES GRANT ALL ON ROUTINES TO regress_unnoticed, pg_monitor;
ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO regress_unnoticed;
CREATE EXTENSION protaddr;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON SCHEMAS FROM regress_unnoticed;
CREATE EXTENSION protaddr;
SELECT count(*) > 100 AS compared FROM as_shipped;
SELECT * FROM granted() EXCEPT TABLE as_shipped ORDER BY 1, 2, 3;
TABLE as_shipped EXCEPT SELECT * FROM granted() ORDER BY 1, 2, 3;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM regress_unnoticed, pg_monitor, PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON SEQUENCES FROM regress_unnoticed, pg_monitor, PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON ROUTINES FROM regress_unnoticed, pg_monitor;
DROP EXTENSION protaddr;
-- nor may everybody make something in its schema
DROP SCHEMA IF EXISTS protaddr;
ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO PUBLIC;
CREATE EXTENSION protaddr;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON SCHEMAS FROM PUBLIC;
SELECT has_schema_privilege('regress_unnoticed', 'protaddr', 'CREATE') AS create, has_schema_privilege('regress_unnoticed', 'protaddr', 'USAGE') AS usage;
DROP EXTENSION protaddr;
-- or takes from everybody what PostgreSQL gives
ALTER DEFAULT PRIVILEGES REVOKE ALL ON ROUTINES FROM PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON TYPES FROM PUBLIC;
CREATE EXTENSION protaddr;
SELECT * FROM granted() EXCEPT TABLE as_shipped ORDER BY 1, 2, 3;
TABLE as_shipped EXCEPT SELECT * FROM granted() ORDER BY 1, 2, 3;
SELECT count(*) AS left_for_others FROM pg_default_acl WHERE defaclnamespace <> 0;
ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON ROUTINES TO PUBLIC;
ALTER DEFAULT PRIVILEGES GRANT USAGE ON TYPES TO PUBLIC;
DROP TABLE as_shipped;
DROP FUNCTION granted;

-- somebody keeps the register by hand
SELECT protaddr.confirm_register('hand-kept', new_source => true) IS NOT NULL AS confirmed, protaddr.protect('6201704002', 'DK-CPR', '0001') IS NOT NULL AS protected;

-- an amount that is not known is no small one: nothing is left of the address; of one that is, show withholds it
SELECT protaddr.set_channel('lax', 'withhold', route => 'union', small_amount => 100, small_currency => 'EUR', when_small => 'disclose', when_unknown => 'leave', description => 't', legal_basis => 'b');
SELECT amount, currency, protaddr.show(protaddr.release(protaddr.address(StrtNm => 'Hemmelig', TwnNm => 'By', Ctry => 'DK', subject => '6201704002'), 'lax', amount, currency))
FROM (VALUES (NULL, NULL), (100, NULL), (NULL, 'EUR'), (100, 'EUR'), (100.01, 'EUR')) v(amount, currency);
-- nor is one by a rate that is not yet in force
INSERT INTO protaddr.exchange_rate (currency, in_currency, valid_from, rate) VALUES ('SEK', 'EUR', now() - interval '1 day', 1000), ('SEK', 'EUR', now() + interval '1 day', 0.0001);
SELECT protaddr.show(protaddr.release(protaddr.address(StrtNm => 'Hemmelig', TwnNm => 'By', Ctry => 'DK', subject => '6201704002'), 'lax', 100, 'SEK'));
SELECT try($$SELECT protaddr.set_channel('sepa', small_amount => 100, small_currency => 'EUR', when_small => 'disclose')$$) AS small_disclosed_without_basis;

-- a party that stands for nobody, on a channel that does not leave unknown people alone
SELECT protaddr.release_message($$<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"><FIToFICstmrCdtTrf><CdtTrfTxInf><Dbtr><Nm>Ukendt Person</Nm><PstlAdr><StrtNm>Fremmedvej</StrtNm></PstlAdr></Dbtr><DbtrAcct><Id><Othr><Id>DK777</Id></Othr></Id></DbtrAcct></CdtTrfTxInf></FIToFICstmrCdtTrf></Document>$$::text, 'sepa') LIKE '%Fremmedvej%' AS unknown_party_disclosed;
-- the last of many identifiers is the protected one; the channel leaves unknown people
SELECT protaddr.set_channel('red', 'minimum', route => 'union', when_unknown => 'leave', description => 't', legal_basis => 'b');
SELECT n, last, message LIKE '%<Nm>N</Nm>%' AS released, message LIKE '%Hemmelig%' AS disclosed
FROM unnest('{1,11,12,13,16,40}'::int[]) n, unnest('{6201704002,X0}'::text[]) last, LATERAL (SELECT try(format('SELECT protaddr.release_message(%L, ''red'')',
    '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"><FIToFICstmrCdtTrf><CdtTrfTxInf><Dbtr><Nm>N</Nm><PstlAdr><StrtNm>Hemmelig</StrtNm></PstlAdr><Id><PrvtId>' ||
    (SELECT string_agg('<Othr><Id>X' || i || '</Id></Othr>', '' ORDER BY i) FROM generate_series(1, n) i) || '<Othr><Id>' || last ||
    '</Id></Othr></PrvtId></Id></Dbtr><DbtrAcct><Id><Othr><Id>DK1</Id></Othr></Id></DbtrAcct></CdtTrfTxInf></FIToFICstmrCdtTrf></Document>'))) m(message) ORDER BY last, n;
-- many words beside the account
SELECT protaddr.release_mt(E'{1:F01BANKDKKKAXXX0000000000}{2:I103BANKDEFFXXXXN}{4:\r\n:20:X\r\n:23B:CRED\r\n:32A:260101EUR5,\r\n:50F:/6201704002\r\n1/PERSON HEMMELIGVEJEN OPGANG B TREDJE SAL\r\n2/VEJ 1\r\n3/DK/BY\r\n:59:/DE1\r\nX\r\n:71A:SHA\r\n-}', 'red') LIKE '%HEMMELIGVEJEN%' AS words_disclosed;

-- a fraction names nobody; noughts behind the point are none
CREATE TABLE fraction (n numeric, a protaddr.address);
SELECT protaddr.bind_column('fraction', 'a', 'n');
INSERT INTO fraction VALUES (12345678.50, 'Vej 1');
INSERT INTO fraction VALUES (12345678.00, 'Vej 1');
SELECT protaddr.subjects_of(a) FROM fraction;
-- nobody enters a link that has ended
GRANT INSERT ON protaddr.identity_link TO regress_unnoticed;
GRANT EXECUTE ON FUNCTION try TO regress_unnoticed;
SET ROLE regress_unnoticed;
SELECT try($$INSERT INTO protaddr.identity_link (identifier, subject, recorded_to) VALUES ('ACC', '6201704002', now())$$) AS ended_link;
RESET ROLE;
-- a data key keeps its number
SELECT try($$UPDATE protaddr.data_key SET id = id + 1$$) AS key_number;
-- four links in a row, and no fifth
SELECT i, try(format('SELECT protaddr.link_identity(%L, %L)', 'L' || i, 'L' || (i + 1))) FROM generate_series(1, 5) i;
-- a protection without a code
SELECT try($$SELECT protaddr.load_register('S', '[{"subject": "8101010101", "protections": [{"code": ""}]}]', 'NO-FREG', new_source => true)$$) AS empty_code, protaddr.is_protected('8101010101');
-- an address of two people is nobody's substitute
CREATE TABLE two (p text, q text, a protaddr.address);
SELECT protaddr.bind_column('two', 'a', 'p'), protaddr.bind_column('two', 'a', 'q');
INSERT INTO two VALUES ('1111111111', '2222222222', 'Vej 1');
SELECT try($$SELECT protaddr.set_substitute('1111111111', (SELECT a FROM two), 'box')$$) AS substitute_of_two;

-- a kind of delivery that there is not
SELECT try($$SELECT protaddr.load_cpr('x', kind => 'weekly')$$) AS load_cpr, try($$SELECT protaddr.load_cpr('x', encoding => 'Klingon')$$) AS encoding;
SELECT try($$SELECT protaddr.load_cpr_bytes('x', 'DK-CPR', 'LATIN1', 'weekly', true, '{}', ROW('DK-CPR', 'weekly', false, 0, true, false, NULL, false, NULL, NULL, false))$$) AS load_cpr_bytes;
-- while a column is bound row by row, a trigger inserts another row: that one is nobody's stored row
CREATE TABLE bound (n int, who text, a protaddr.address);
CREATE FUNCTION copy_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.n < 10 THEN INSERT INTO public.bound VALUES (NEW.n + 10, '2222222222', NEW.a); END IF; RETURN NEW; END $$;
INSERT INTO bound VALUES (1, '1111111111', 'Vej 1'), (2, NULL, 'Vej 2');
CREATE TRIGGER zzz_copy AFTER UPDATE ON bound FOR EACH ROW EXECUTE FUNCTION copy_row();
SELECT try($$SELECT protaddr.bind_column('bound', 'a', 'who')$$);
SELECT n, protaddr.subjects_of(a) FROM bound ORDER BY n;

-- of what has ended each time is told, and one that is told twice once
SELECT persons, protected FROM protaddr.load_register('DK-CPR', '[{"subject": "E", "protections": [{"code": "0001", "valid_from": "2020-01-01", "valid_to": "2021-01-01"}, {"code": "0001", "valid_from": "2022-01-01", "valid_to": "2023-01-01"}, {"code": "0001", "valid_from": "2022-01-01", "valid_to": "2023-01-01"}]}]');
SELECT code, extract(year FROM valid_from) AS from, extract(year FROM valid_to) AS to FROM protaddr.protection WHERE subject = 'E' ORDER BY 2;

DROP TABLE fraction, two, bound;
DROP FUNCTION copy_row;
DROP EXTENSION protaddr CASCADE;
DROP FUNCTION try;
DROP ROLE regress_unnoticed;
