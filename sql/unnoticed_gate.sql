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

DROP TABLE payment, behind;
DROP FUNCTION try, later, home, pacs;
DROP EXTENSION protaddr CASCADE;
