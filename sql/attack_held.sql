--
-- Can a held row be changed, forged or taken away while it waits?
--
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE EXTENSION protaddr;
CREATE ROLE regress_attack_held_owner;
CREATE ROLE regress_attack_held_writer;
CREATE FUNCTION refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text;
BEGIN
    EXECUTE statement;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN concat_ws(' ', SQLSTATE, SQLERRM, '(' || nullif(detail, '') || ')');
END
$$;
CREATE TABLE customer (cpr text PRIMARY KEY, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', 'cpr') \g /dev/null
INSERT INTO customer VALUES ('6101704001', 'Vestergade 1'), ('6201704002', '{"StrtNm":"Kanariegade","BldgNb":"2","TwnNm":"Aarhus C","Ctry":"DK"}'), ('6401704004', '{"StrtNm":"Kanariegade","BldgNb":"4","TwnNm":"Odense C","Ctry":"DK"}');
SELECT persons, protected FROM protaddr.load_register('DK-CPR', '[{"subject": "6101704001", "protections": []}, {"subject": "6201704002", "protections": [{"code": "0001"}]}, {"subject": "6401704004", "protections": []}]'), protaddr.protect('6401704004', 'manual', 'address');
CREATE FUNCTION home(cpr text) RETURNS protaddr.address LANGUAGE sql STABLE SECURITY DEFINER AS 'SELECT home FROM public.customer WHERE cpr = $1';
CREATE FUNCTION pacs(dbtr text) RETURNS text LANGUAGE sql AS $$
SELECT '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"><FIToFICstmrCdtTrf><CdtTrfTxInf><IntrBkSttlmAmt Ccy="EUR">5000</IntrBkSttlmAmt>'
    '<Dbtr><Nm>Prøve</Nm><PstlAdr><StrtNm>Skjultvej</StrtNm><TwnNm>Aarhus C</TwnNm><Ctry>DK</Ctry></PstlAdr><Id><PrvtId><Othr><Id>' || dbtr || '</Id></Othr></PrvtId></Id></Dbtr></CdtTrfTxInf></FIToFICstmrCdtTrf></Document>' $$;
GRANT EXECUTE ON FUNCTION protaddr.install_gate, protaddr.remove_gate, protaddr.gate_row, protaddr.gate_check TO regress_attack_held_owner;
GRANT CREATE ON SCHEMA public TO regress_attack_held_owner;

SET ROLE regress_attack_held_owner;
CREATE TABLE payment (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, payer text NOT NULL, home protaddr.address, note text DEFAULT 'new', doc xml);
SELECT protaddr.install_gate('payment', 'psp_request', 'payer', messages => '{"doc":"xml"}');
RESET ROLE;
SET client_min_messages = notice;
INSERT INTO payment (payer, home) VALUES ('6201704002', home('6201704002'));

-- nobody writes the held table by hand, the owner included
SET ROLE regress_attack_held_owner;
SELECT refusal(s) FROM unnest(ARRAY['DELETE FROM payment_held', 'TRUNCATE payment_held', 'UPDATE payment_held SET held_status = ''held''', 'UPDATE payment_held SET payer = ''6101704001''', 'INSERT INTO payment_held (held_by, held_operation, held_channel, held_why) VALUES (''x'', ''x'', ''x'', ''x'')',
    'SELECT protaddr.install_gate(''payment_held'', ''sepa'', ''payer'')']) WITH ORDINALITY u(s, n) ORDER BY n;
RESET ROLE;
-- nor does who passes for a replica
SET session_replication_role = replica;
SELECT refusal(s) FROM unnest(ARRAY['DELETE FROM payment_held', 'TRUNCATE payment_held', 'UPDATE payment_held SET payer = ''6101704001''']) WITH ORDINALITY u(s, n) ORDER BY n;
RESET session_replication_role;

-- and should he take the trigger away: what is released is what was held
INSERT INTO payment (payer, home, doc) VALUES ('6201704002', home('6201704002'), pacs('6201704002')::xml), ('6401704004', home('6401704004'), NULL);
SELECT max(held_id) AS last FROM payment_held \gset
CREATE FUNCTION tampered(statement text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN
    BEGIN
        SET LOCAL ROLE regress_attack_held_owner;
        ALTER TABLE payment_held DISABLE TRIGGER zz_protaddr_held;
        EXECUTE statement;
        ALTER TABLE payment_held ENABLE ALWAYS TRIGGER zz_protaddr_held;
        RESET ROLE;
        RAISE EXCEPTION 'back: %', refusal(format('SELECT protaddr.release_held(''payment'', %s, ''court'', ''disclose'')', (SELECT max(held_id) FROM payment_held)));
    EXCEPTION WHEN raise_exception THEN RETURN SQLERRM;
    END;
END $$;
SELECT tampered(replace(s, '$', format('WHERE h.held_id = %s', :last))) FROM unnest(ARRAY['UPDATE payment_held h SET payer = ''6201704002'', home = o.home FROM payment_held o $ AND o.held_id = h.held_id - 1', 'UPDATE payment_held h SET payer = NULL $', 'UPDATE payment_held h SET note = ''x'' $',
    'UPDATE payment_held h SET doc = o.doc FROM payment_held o $ AND o.held_id = h.held_id - 1', 'UPDATE payment_held h SET note = note $', 'ALTER TABLE payment_held ALTER held_seal DROP NOT NULL; UPDATE payment_held h SET held_seal = NULL $',
    'UPDATE payment_held h SET held_seal = ''x'' $', 'CREATE FUNCTION pg_temp.f() RETURNS trigger LANGUAGE plpgsql AS ''BEGIN RETURN NEW; END''; CREATE TRIGGER aaa BEFORE UPDATE ON payment_held FOR EACH ROW EXECUTE FUNCTION pg_temp.f()',
    'CREATE RULE r AS ON UPDATE TO payment_held DO ALSO NOTHING']) WITH ORDINALITY u(s, n) ORDER BY n;
SELECT tampered(format(s, :last)) FROM unnest(ARRAY['UPDATE payment_held SET held_channel = ''sepa'' WHERE held_id = %s', 'UPDATE payment_held SET held_why = ''court order'' WHERE held_id = %s', 'UPDATE payment_held SET held_by = ''somebody'' WHERE held_id = %s',
    'ALTER TABLE payment_held ALTER held_id SET GENERATED BY DEFAULT; UPDATE payment_held SET held_id = 99 WHERE held_id = %s', 'ALTER TABLE payment_held ALTER held_id DROP IDENTITY']) WITH ORDINALITY u(s, n) ORDER BY n;
SELECT tampered('SELECT 1');
-- a gate that reads the columns otherwise does not let leave what another one has held
SET client_min_messages = warning;
SELECT a, tampered('SELECT protaddr.remove_gate(''payment''); SELECT protaddr.install_gate(''payment'', ' || a || ')') FROM unnest(ARRAY['''psp_request'', ''id'', messages => ''{"doc":"xml"}''', '''psp_request'', ''note'', messages => ''{"doc":"xml"}''',
    '''sepa'', ''payer'', messages => ''{"doc":"xml"}'', held => ''payment_held''', '''psp_request'', ''payer'', persons => ''{"home":"note"}'', messages => ''{"doc":"xml"}''', '''psp_request'', ''payer'', payee => ''note'', messages => ''{"doc":"xml"}''',
    '''psp_request'', ''payer'', messages => ''{"doc":"xml"}''']) WITH ORDINALITY u(a, n) ORDER BY n;
SET client_min_messages = notice;
-- nor is a decision of another row than the one that was held
SELECT home('6201704002') AS hers \gset
SELECT a, tampered('CREATE FUNCTION pg_temp.f() RETURNS trigger LANGUAGE plpgsql AS $f$BEGIN ' || replace(a, 'hers', quote_literal(:'hers')) || '; RETURN NEW; END$f$; CREATE TRIGGER aaa BEFORE INSERT ON payment FOR EACH ROW EXECUTE FUNCTION pg_temp.f()') AS told
FROM unnest(ARRAY['NEW.home := hers', 'NEW.home := NULL', 'NEW.payer := $$6201704002$$', 'NEW.doc := $$<a/>$$', 'NEW.note := $$x$$']) WITH ORDINALITY u(a, n) ORDER BY n;
BEGIN;
SET LOCAL ROLE regress_attack_held_owner;
ALTER TABLE payment_held DISABLE TRIGGER zz_protaddr_held;
RESET ROLE;
SELECT refusal('INSERT INTO payment (payer, home) VALUES (''6201704002'', home(''6201704002''))');
ROLLBACK;
-- a gate that names somebody else's held table holds nothing there
SET ROLE regress_attack_held_writer;
SET client_min_messages = warning;
CREATE TEMP TABLE forged (id bigint, payer text, home protaddr.address, note text, doc xml);
SELECT refusal('CREATE TRIGGER zz_protaddr_gate BEFORE INSERT OR UPDATE ON forged FOR EACH ROW EXECUTE FUNCTION protaddr.gate_row(''channel'', ''psp_request'', ''subject'', ''payer'', ''message'', ''doc'', ''format'', ''xml'', ''held'', ''public.payment_held'')');
RESET ROLE;
GRANT EXECUTE ON FUNCTION protaddr.gate_row, protaddr.gate_check TO regress_attack_held_writer;
SET ROLE regress_attack_held_writer;
CREATE TRIGGER zz_protaddr_gate BEFORE INSERT OR UPDATE ON forged FOR EACH ROW EXECUTE FUNCTION protaddr.gate_row('channel', 'psp_request', 'subject', 'payer', 'message', 'doc', 'format', 'xml', 'held', 'public.payment_held');
CREATE TRIGGER zz_protaddr_gate_check AFTER INSERT OR UPDATE ON forged FOR EACH ROW EXECUTE FUNCTION protaddr.gate_check('channel', 'psp_request', 'subject', 'payer', 'message', 'doc', 'format', 'xml', 'held', 'public.payment_held');
ALTER TABLE forged ENABLE ALWAYS TRIGGER zz_protaddr_gate, ENABLE ALWAYS TRIGGER zz_protaddr_gate_check;
SELECT refusal('INSERT INTO forged (payer, home) VALUES (''6201704002'', home(''6201704002''))');
RESET ROLE;
SET client_min_messages = notice;

-- a trigger of the held table writes into another gated one, and into its own
CREATE TABLE copied (payer text, home protaddr.address);
SELECT protaddr.install_gate('copied', 'psp_request', 'payer');
CREATE FUNCTION copy_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF current_setting('regress.way', true) = 'own' THEN INSERT INTO public.payment (payer, home) VALUES (NEW.payer, NEW.home); ELSE INSERT INTO public.copied VALUES (NEW.payer, NEW.home); END IF; RETURN NULL; END $$;
CREATE TRIGGER copy_it AFTER INSERT ON payment_held FOR EACH ROW EXECUTE FUNCTION copy_it();
ALTER TABLE copied OWNER TO regress_attack_held_owner;
ALTER TABLE copied_held OWNER TO regress_attack_held_owner;
INSERT INTO payment (payer, home) VALUES ('6201704002', home('6201704002'));
SELECT of_table, count(*) FROM protaddr.held_rows() WHERE of_table = 'copied'::regclass GROUP BY 1;
SET regress.way = 'own';
SELECT left(refusal('INSERT INTO payment (payer, home) VALUES (''6201704002'', home(''6201704002''))'), 5);
RESET regress.way;
DROP TRIGGER copy_it ON payment_held;
DROP TABLE copied, copied_held;
DROP FUNCTION copy_it;

-- names of ours that others have made first
CREATE SCHEMA hostile;
CREATE TABLE hostile.paid (id int, payer text, home protaddr.address);
SELECT protaddr.install_gate('hostile.paid', 'psp_request', 'payer', held => '"Waiting"');
CREATE SCHEMA more_hostile;
CREATE FUNCTION more_hostile.no(bigint, bigint) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'operator of a stranger'; END $$;
CREATE FUNCTION more_hostile.no(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'operator of a stranger'; END $$;
CREATE FUNCTION more_hostile.clock_timestamp() RETURNS timestamptz LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'function of a stranger'; END $$;
CREATE OPERATOR more_hostile.= (FUNCTION = more_hostile.no, LEFTARG = bigint, RIGHTARG = bigint);
CREATE OPERATOR more_hostile.= (FUNCTION = more_hostile.no, LEFTARG = text, RIGHTARG = text);
CREATE TABLE more_hostile."Waiting" (LIKE hostile."Waiting");
SELECT home('6201704002') AS hidden \gset
SET search_path = more_hostile, hostile, pg_catalog, public;
INSERT INTO paid VALUES (1, '6201704002', :'hidden');
SELECT protaddr.release_held('paid', held_id, 'x', 'minimum') FROM protaddr.held_rows('paid');
SELECT of_table, status FROM protaddr.held_rows();
SELECT * FROM protaddr.verify_gate('paid');
RESET search_path;
SELECT payer, protaddr.show(home) FROM hostile.paid;
SET client_min_messages = warning;
DROP SCHEMA hostile, more_hostile CASCADE;
SET client_min_messages = notice;

SET client_min_messages = warning;
-- who decides needs no right on the table, and is not told what is in the row if that is not stored
CREATE TABLE checked (id integer UNIQUE CHECK (id < 5), payer text, note text, home protaddr.address);
SELECT protaddr.install_gate('checked', 'psp_request', 'payer') \g /dev/null
INSERT INTO checked VALUES (9, '6201704002', 'a note to nobody', home('6201704002')), (1, '6201704002', 'a note to nobody', home('6201704002'));
INSERT INTO checked VALUES (1, '6201704002');
SELECT held_id, refusal(format('SELECT protaddr.release_held(''checked'', %s, ''x'')', held_id)) FROM protaddr.held_rows('checked') ORDER BY held_id;
SELECT held_id, status FROM protaddr.held_rows('checked') ORDER BY held_id;
DROP TABLE checked, checked_held;
DROP FUNCTION home;
DROP EXTENSION protaddr CASCADE;
DROP TABLE customer, payment, payment_held, forged CASCADE;
DROP FUNCTION refusal, pacs, tampered;
REVOKE CREATE ON SCHEMA public FROM regress_attack_held_owner;
DROP ROLE regress_attack_held_owner, regress_attack_held_writer;
