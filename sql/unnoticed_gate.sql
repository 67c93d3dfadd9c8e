--
-- What does the gate prove after a row was stored: that it is the very row it let through?
--
SET client_min_messages = warning;
\set VERBOSITY terse
CREATE EXTENSION protaddr;
-- 61 is free, 62 and 63 are protected
SELECT persons FROM protaddr.load_register('DK-CPR', '[{"subject": "6101704001", "protections": []}, {"subject": "6201704002", "protections": [{"code": "0001"}]}, {"subject": "6301704003", "protections": [{"code": "0001"}]}]');
SELECT protaddr.set_channel(c, 'disclose', route => 'union', small_amount => 100, small_currency => 'EUR', when_small => 'withhold', when_unknown => 'leave', description => 't', legal_basis => 'b') FROM unnest('{one,two}'::text[]) c;
CREATE FUNCTION pacs(street text) RETURNS xml LANGUAGE sql AS $$
    SELECT ('<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"><FIToFICstmrCdtTrf><CdtTrfTxInf><Dbtr><Nm>A</Nm><PstlAdr><StrtNm>' || street ||
        '</StrtNm><TwnNm>Testby</TwnNm></PstlAdr><Id><PrvtId><Othr><Id>6101704001</Id></Othr></PrvtId></Id></Dbtr></CdtTrfTxInf></FIToFICstmrCdtTrf></Document>')::xml
$$;
CREATE FUNCTION home(subject text) RETURNS protaddr.address LANGUAGE sql AS $$ SELECT protaddr.address(StrtNm => 'Kanarie' || 'gade', TwnNm => 'Testby', Ctry => 'DK', subject => subject) $$;
CREATE TABLE payment (id int PRIMARY KEY, channel text, payer text, payee text, second text, amount numeric, currency text, note text, home protaddr.address, doc xml);
SELECT protaddr.install_gate('payment', channel_column => 'channel', subject => 'payer', amount => 'amount', currency => 'currency', payee => 'payee', persons => '{"home": "second"}', messages => '{"doc": "xml"}');
-- fires behind the gate, and puts one value in the place of another
CREATE FUNCTION later() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW := jsonb_populate_record(NEW, current_setting('regress.later')::jsonb);
    IF NEW.note = 'home' THEN
        NEW.home := home('6201704002');
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER later BEFORE INSERT OR UPDATE ON payment FOR EACH ROW WHEN (current_setting('regress.later', true) <> '') EXECUTE FUNCTION later();
-- the gate lets nobody make such a trigger, so a superuser forges one
UPDATE pg_trigger SET tgname = 'zzz_later' WHERE tgrelid = 'payment'::regclass AND tgname = 'later';
ALTER TABLE payment ALTER note SET STATISTICS 10;
CREATE FUNCTION try(statement text, behind text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
BEGIN
    PERFORM set_config('regress.later', behind, true);
    EXECUTE statement;
    RETURN 'stored';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN concat_ws(' ', SQLSTATE, SQLERRM, detail);
END
$$;
CREATE TABLE behind (n int, change text);
INSERT INTO behind VALUES (1, '{}'), (2, '{"note": "x"}'), (3, '{"amount": 500.00}'), (4, '{"channel": "two"}'), (5, '{"payer": "6301704003"}'), (6, '{"payee": "Q"}'), (7, '{"second": "6301704003"}'), (8, '{"amount": 501}'), (9, '{"amount": null}'), (10, '{"currency": "SEK"}'),
    (11, jsonb_build_object('doc', pacs('Skjultvej'))::text), (12, '{"note": "home"}'), (13, '{"payer": "62-01704002"}');
-- a message: nothing of what it was let through by may change
SELECT left(change, 30) AS change, try(format('INSERT INTO payment VALUES (%s, ''one'', ''6201704002'', ''P'', ''6101704001'', 500, ''EUR'', '''', home(''6101704001''), pacs(''Frivej''))', n), change) FROM behind ORDER BY n;
SELECT count(*) FROM payment;
DELETE FROM payment;
INSERT INTO payment SELECT n, 'one', '6201704002', 'P', '6101704001', 500, 'EUR', '', home('6101704001'), pacs('Frivej') FROM behind;
SELECT left(change, 30) AS change, try(format('UPDATE payment SET note = ''u'' WHERE id = %s', n), change) FROM behind ORDER BY n;
DELETE FROM payment;
-- an address alone: it may stand in whatever it could have been released for
SELECT left(change, 30) AS change, try(format('INSERT INTO payment VALUES (%s, ''one'', ''6201704002'', ''P'', ''6201704002'', 500, ''EUR'', '''', home(''6201704002''))', n), change) FROM behind WHERE n <> 11 ORDER BY n;
SELECT id, home IS NOT NULL AS disclosed FROM payment ORDER BY id;
DELETE FROM payment;

-- ---- held, decided, and let through: of that row, and of no other
SELECT protaddr.set_channel(c, 'hold', when_small => 'hold') FROM unnest('{one,two}'::text[]) c;
SET client_min_messages = error;
SET regress.later = '';
INSERT INTO payment SELECT n, 'one', '6201704002', 'P', '6201704002', 500, 'EUR', '', home('6201704002') FROM behind WHERE n <> 11;
SET client_min_messages = warning;
SELECT left(change, 30) AS change, try(format('SELECT protaddr.release_held(%s, ''disclose'', ''asked'')', held_id), change) FROM behind JOIN protaddr.held_rows('payment') ON row_key = jsonb_build_object('id', n::text) ORDER BY n;
SELECT id, home IS NOT NULL AS disclosed FROM payment ORDER BY id;
-- once released, it stays released for as long as it is that payment
INSERT INTO behind VALUES (20, '');
SELECT left(change, 30) AS change, try($$UPDATE payment SET note = 'v' WHERE id = 1$$, change) FROM behind WHERE n NOT IN (3, 11, 13) ORDER BY n;
SELECT column_name, value, try(format('UPDATE payment SET %I = %s WHERE id = 2', column_name, value), '') FROM (VALUES
    (1, 'note', '''w'''), (4, 'payee', '''Q'''), (5, 'payer', '''6301704003'''), (6, 'second', '''6301704003'''), (7, 'amount', '499'), (8, 'currency', '''SEK'''), (9, 'channel', '''two'''), (10, 'id', '22'), (11, 'home', 'home(''6201704002'')')) v(n, column_name, value) ORDER BY n;
SELECT id, payer, payee, amount, currency, channel, home IS NOT NULL AS disclosed FROM payment ORDER BY id;
SELECT row_key, status, count(*) FROM protaddr.held_rows('payment') GROUP BY 1, 2 ORDER BY 1, 2;
-- a decision stands in the place of holding alone: what the law of another day withholds it does not allow
SELECT column_name, problem, if_updated, count(*) FROM protaddr.verify_gate('payment') GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
SELECT protaddr.set_channel('one', 'withhold', when_small => 'withhold', without_substitute => 'hold');
SELECT column_name, problem, if_updated, count(*) FROM protaddr.verify_gate('payment') GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;

-- ---- a row without a key counts alone once its message was changed, with no column that tells the amount
SELECT protaddr.set_channel('linked', 'hold', route => 'union', small_amount => 1000, small_currency => 'EUR', when_small => 'minimum', linked_within => '1 day', when_unknown => 'leave', description => 't', legal_basis => 'b');
CREATE FUNCTION letter(amount numeric, payee text, town text DEFAULT 'Testby') RETURNS text LANGUAGE sql AS $$
    SELECT '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"><FIToFICstmrCdtTrf><CdtTrfTxInf><IntrBkSttlmAmt Ccy="EUR">' || amount || '</IntrBkSttlmAmt><Dbtr><Nm>A</Nm><PstlAdr><StrtNm>Kanarievej</StrtNm><TwnNm>' || town ||
        '</TwnNm><Ctry>DK</Ctry></PstlAdr><Id><PrvtId><Othr><Id>6201704002</Id></Othr></PrvtId></Id></Dbtr><CdtrAcct><Id><Othr><Id>' || payee || '</Id></Othr></Id></CdtrAcct></CdtTrfTxInf></FIToFICstmrCdtTrf></Document>'
$$;
CREATE TABLE keyless (payer text, doc text);
CREATE TABLE keyed (id int PRIMARY KEY, payer text, doc text);
SELECT protaddr.install_gate(t, 'linked', 'payer', messages => '{"doc": "xml"}') FROM unnest('{keyless,keyed}'::regclass[]) t;
INSERT INTO keyless VALUES ('6201704002', letter(600, 'DK7'));
INSERT INTO keyed VALUES (1, '6201704002', letter(600, 'DK8'));
UPDATE keyless SET doc = letter(600, 'DK7', 'Other');
UPDATE keyed SET doc = letter(600, 'DK8', 'Other');
UPDATE keyed SET id = 2, doc = letter(600, 'DK8', 'Third');
SELECT substring(doc, '<TwnNm>(\w+)') AS keyless FROM keyless;
SELECT id, substring(doc, '<TwnNm>(\w+)') AS keyed FROM keyed;
SELECT amount, relation::regclass, reference IS NOT NULL AS found_again FROM protaddr.linked_transfer ORDER BY 2, 1;
DROP TABLE keyless, keyed;

-- ---- a released row is noted in a table that has constraints which can be put off, and others
SELECT protaddr.set_channel('waits', 'hold', route => 'union', description => 't', legal_basis => 'b');
CREATE TABLE number (n int PRIMARY KEY);
INSERT INTO number VALUES (1);
CREATE TABLE noted (n int REFERENCES number, later int REFERENCES number DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE waiting (id int PRIMARY KEY, payer text, home protaddr.address);
SELECT protaddr.install_gate('waiting', 'waits', 'payer');
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO noted VALUES (1, NEW.id); RETURN NEW; END $$;
CREATE TRIGGER note AFTER INSERT ON waiting FOR EACH ROW EXECUTE FUNCTION note();
SET client_min_messages = error;
INSERT INTO waiting SELECT n, '6201704002', home('6201704002') FROM generate_series(1, 2) n;
SET client_min_messages = warning;
SELECT row_key, try(format('SELECT protaddr.release_held(%s, ''disclose'', ''asked'')', held_id), '') FROM protaddr.held_rows('waiting') ORDER BY row_key::text;
SELECT id, home IS NOT NULL AS disclosed FROM waiting;
TABLE noted;
-- what cannot be put off is not asked for: in a schema that its user may not look into that would be all there is
CREATE ROLE regress_waiting;
CREATE SCHEMA hidden;
ALTER TABLE noted ADD UNIQUE (n);
CREATE TABLE hidden.elsewhere (n int REFERENCES noted (n));
CREATE TABLE mine (n int REFERENCES number DEFERRABLE INITIALLY DEFERRED);
ALTER TABLE waiting OWNER TO regress_waiting;
GRANT ALL ON number, noted, mine TO regress_waiting;
GRANT EXECUTE ON FUNCTION protaddr.carry_out_held TO regress_waiting;
SELECT protaddr.decide_held(held_id, 'disclose', 'asked') FROM protaddr.held_rows('waiting') WHERE status = 'held' \g /dev/null
TRUNCATE noted, hidden.elsewhere;
INSERT INTO number VALUES (2);
SET ROLE regress_waiting;
BEGIN;
INSERT INTO mine VALUES (7);
SELECT protaddr.carry_out_held('waiting');
INSERT INTO number VALUES (7);
COMMIT;
RESET ROLE;
TABLE mine;
DROP TABLE hidden.elsewhere, mine;
DROP SCHEMA hidden;
DROP TABLE waiting, noted, number;
DROP FUNCTION note;
REVOKE ALL ON FUNCTION protaddr.carry_out_held FROM regress_waiting;
DROP ROLE regress_waiting;

-- ---- words of ours stand in columns of each type that holds words
CREATE TYPE word AS ENUM ('sepa', 'EUR');
CREATE DOMAIN short_word AS varchar(10);
SELECT protaddr.set_channel('sepa', 'minimum', when_small => 'withhold', small_amount => 100, small_currency => 'EUR');
CREATE FUNCTION words_of(type text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE format('CREATE TABLE words (id int, route %s, payer text, amount numeric, currency %1$s, home protaddr.address)', type);
    PERFORM protaddr.install_gate('words', channel_column => 'route', subject => 'payer', amount => 'amount', currency => 'currency');
    INSERT INTO words VALUES (1, 'sepa', '6201704002', 100, 'EUR', home('6201704002')), (2, 'sepa', '6201704002', 101, 'EUR', home('6201704002'));
    SELECT string_agg(coalesce(protaddr.show(home), 'withheld'), ', ' ORDER BY id) INTO result FROM words;
    RAISE EXCEPTION USING MESSAGE = result;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLERRM;
END
$$;
SELECT type, words_of(type) FROM unnest('{text,varchar,varchar(10),char(10),name,word,short_word,int,bytea}'::text[]) type;
SELECT protaddr.set_channel('sepa', 'withhold', when_small => NULL, small_amount => NULL, small_currency => NULL);
DROP FUNCTION words_of;
DROP TYPE word;
DROP DOMAIN short_word;

-- ---- a gate's triggers as a dump brings them: with arguments that install_gate() does not write nothing passes
CREATE TABLE template (payer text, home protaddr.address, other text, amount numeric, currency text, doc xml);
SELECT protaddr.install_gate('template', 'sepa', 'payer');
CREATE FUNCTION make_triggers(relation regclass, arguments text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    name name;
    definition text;
BEGIN
    FOR name, definition IN SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = 'template'::regclass LOOP
        EXECUTE regexp_replace(replace(definition, 'public.template', relation::text), $q$\('.*'\)$q$, '(' || arguments || ')');
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', relation, name);
    END LOOP;
END
$$;
CREATE FUNCTION as_restored(arguments text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    CREATE TABLE restored (LIKE template);
    PERFORM make_triggers('restored', arguments);
    INSERT INTO restored VALUES ('6101704001', home('6201704002'), '6101704001', 1, 'EUR');
    RAISE EXCEPTION 'passed, % address', (SELECT count(home) FROM restored);
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
SELECT a, as_restored(a) FROM unnest(ARRAY[
    '''channel'', ''sepa'', ''subject'', ''payer''', '''subject'', ''payer''', '''channel'', ''sepa''', '''channel'', ''sepa'', ''subject'', ''''', '''channel'', ''sepa'', ''subject'', ''payer'', ''amount''',
    '''channel'', ''sepa'', ''channel'', ''sepa'', ''subject'', ''payer''', '''channel'', ''sepa'', ''channel_column'', ''other'', ''subject'', ''payer''', '''channel_column'', ''other'', ''subject'', ''payer''',
    '''channel'', ''sepa'', ''subject'', ''payer'', ''when'', ''other''',
    '''channel'', ''sepa'', ''subject'', ''payer'', ''address'', ''home'', ''of'', ''other''', '''channel'', ''sepa'', ''subject'', ''payer'', ''address'', ''home'', ''off'', ''other''', '''channel'', ''sepa'', ''subject'', ''payer'', ''address'', ''home'', ''of'', ''''',
    '''channel'', ''sepa'', ''subject'', ''payer'', ''address'', ''home''', '''channel'', ''sepa'', ''address'', ''home'', ''of'', ''other''', '''channel'', ''sepa'', ''address'', ''home'', ''of'', ''other'', ''message'', ''doc'', ''format'', ''xml''',
    '''channel'', ''sepa'', ''message'', ''doc'', ''format'', ''xml''', '''channel'', ''sepa'', ''message'', ''doc'', ''form'', ''xml''', '''channel'', ''sepa'', ''message'', ''doc'', ''format'', ''xml2''', '''channel'', ''sepa'', ''message'', ''doc''',
    '''channel'', ''sepa'', ''subject'', ''payer'', ''currency_code'', ''EUR''', '''channel'', ''sepa'', ''subject'', ''payer'', ''currency_code'', ''EURx''', '''channel'', ''sepa'', ''subject'', ''payer'', ''currency_code'', ''EU''', '''channel'', ''sepa'', ''subject'', ''payer'', ''currency_code'', ''EUR'', ''currency'', ''currency''',
    '''channel'', ''sepa'', ''subject'', ''payer'', ''hold_column'', ''other''', '''channel'', ''sepa'', ''subject'', ''payer'', ''hold_value'', ''x''']) a;

-- a payment that only reads the database does not enter the gate that it finds
CREATE TEMPORARY TABLE brought (LIKE template);
SELECT make_triggers('brought', '''channel'', ''sepa'', ''subject'', ''payer''');
DROP TABLE brought;
\c -
SET client_min_messages = warning;
\set VERBOSITY terse
CREATE TEMPORARY TABLE brought (LIKE template);
SELECT make_triggers('brought', '''channel'', ''sepa'', ''subject'', ''payer''');
CREATE TEMPORARY TABLE entered AS SELECT count(*) AS n FROM protaddr.gate WHERE relation = 'brought'::regclass;
BEGIN READ ONLY;
INSERT INTO brought VALUES ('6101704001', home('6201704002'));
SELECT count(*) = (SELECT n FROM entered) AS as_before FROM protaddr.gate WHERE relation = 'brought'::regclass;
COMMIT;
INSERT INTO brought VALUES ('6101704001', home('6201704002'));
SELECT count(*) AS entered FROM protaddr.gate WHERE relation = 'brought'::regclass;
DROP TABLE brought, template;
DROP FUNCTION make_triggers, as_restored, letter;

DROP TABLE payment, behind;
DROP FUNCTION try, later, home, pacs;
DROP EXTENSION protaddr CASCADE;

-- ---- a library that was there before the extension -------------------------------------------
\c -
SET client_min_messages = warning;
LOAD 'protaddr';
CREATE FUNCTION as_it_is() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TABLE payment (id int, payer text);
CREATE TRIGGER zzz BEFORE INSERT ON payment FOR EACH ROW EXECUTE FUNCTION as_it_is();
DROP TRIGGER zzz ON payment;
CREATE EXTENSION protaddr;
ALTER TABLE payment ADD home protaddr.address;
SELECT protaddr.protect('P', 'manual', 'address') IS NOT NULL AS protected, protaddr.install_gate('payment', 'sepa', 'payer');
INSERT INTO payment VALUES (1, 'P', 'Prøve' || 'vej 1');
SELECT home IS NULL AS withheld, (SELECT protaddr.gate_state('payment'::regclass)) FROM payment;
ALTER TABLE payment DISABLE TRIGGER zz_protaddr_gate;
CREATE TRIGGER zzz BEFORE INSERT ON payment FOR EACH ROW EXECUTE FUNCTION as_it_is();
DROP TABLE payment;
DROP FUNCTION as_it_is;
DROP EXTENSION protaddr CASCADE;

-- ---- a library that comes with a function that acts for its owner -------------------------------
CREATE EXTENSION protaddr;
CREATE FUNCTION loads() RETURNS bool LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN RETURN protaddr.is_protected('P'); END $$;
CREATE FUNCTION asks() RETURNS bool LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN RETURN protaddr.is_protected('P'); END $$;
\c -
SELECT loads(), asks(), loads() FROM generate_series(1, 2);
SELECT asks();
DROP FUNCTION loads, asks;
SET client_min_messages = warning;
DROP EXTENSION protaddr CASCADE;
