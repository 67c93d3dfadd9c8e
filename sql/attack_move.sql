--
-- Does a row that moves between partitions open the gate for any other?
--
-- A decision let two payments leave with a protected address.  Each attack brings an
-- update of them, or a true move, together with an insert of the same address for a
-- stranger.  The one who reads this wants "nothing" or an error, never "a stranger has it".
--
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION protaddr;
CREATE TABLE customer (cpr text PRIMARY KEY, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', 'cpr') \g /dev/null
INSERT INTO customer VALUES ('6201704002', '{"StrtNm":"Kanariegade","BldgNb":"2","TwnNm":"Aarhus C","Ctry":"DK"}');
SELECT persons, protected FROM protaddr.load_register('DK-CPR', '[{"subject": "6201704002", "protections": [{"code": "0001"}]}]');
CREATE FUNCTION pacs(dbtr text) RETURNS text LANGUAGE sql AS $$
SELECT '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"><FIToFICstmrCdtTrf><CdtTrfTxInf><IntrBkSttlmAmt Ccy="EUR">5000</IntrBkSttlmAmt>'
    '<Dbtr><Nm>Prøve</Nm><PstlAdr><StrtNm>Skjultvej</StrtNm><TwnNm>Aarhus C</TwnNm><Ctry>DK</Ctry></PstlAdr><Id><PrvtId><Othr><Id>' || dbtr || '</Id></Othr></PrvtId></Id></Dbtr></CdtTrfTxInf></FIToFICstmrCdtTrf></Document>' $$;
CREATE TABLE answer (id int, day int, payer text, payee text, home protaddr.address, doc xml, note text, PRIMARY KEY (id, day)) PARTITION BY LIST (day);
CREATE TABLE answer_1 PARTITION OF answer FOR VALUES IN (1);
-- the columns of another partition stand elsewhere
CREATE TABLE answer_2 (gone int, doc xml, note text, payee text, home protaddr.address, payer text, day int NOT NULL, id int NOT NULL);
ALTER TABLE answer_2 DROP gone;
ALTER TABLE answer ATTACH PARTITION answer_2 FOR VALUES IN (2);
CREATE TABLE answer_3 PARTITION OF answer FOR VALUES IN (3, 4) PARTITION BY LIST (day);
CREATE TABLE answer_3a PARTITION OF answer_3 FOR VALUES IN (3);
CREATE TABLE answer_4a PARTITION OF answer_3 FOR VALUES IN (4);
CREATE TABLE elsewhere (id int);
SELECT protaddr.install_gate('answer', 'psp_request', 'payer', payee => 'payee', messages => '{"doc":"xml"}');
INSERT INTO answer (id, day, payer, payee, home) SELECT 1, 1, cpr, 'PSP A', home FROM customer;
INSERT INTO answer (id, day, payer, payee, doc) VALUES (2, 1, '6201704002', 'PSP A', pacs('6201704002')::xml);
SELECT protaddr.release_held(held_id, 'disclose', 'request') FROM protaddr.held_rows('answer');
CREATE VIEW told AS SELECT id, day, payee, home IS NOT NULL AS home, doc::text ~ 'Skjultvej' AS doc FROM answer;
SELECT * FROM told ORDER BY id;
SELECT count(*) AS disclosed FROM protaddr.disclosure \gset

-- runs statements, says whether a stranger has it then, and undoes them
CREATE FUNCTION tried(VARIADIC statements text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    statement text;
    result text;
BEGIN
    FOREACH statement IN ARRAY statements LOOP
        EXECUTE statement;
    END LOOP;
    SET CONSTRAINTS ALL IMMEDIATE;
    SELECT coalesce(min('a stranger has it'), 'nothing') INTO result FROM public.told t WHERE t.payee = 'STRANGER' AND (t.home OR t.doc);
    RAISE EXCEPTION USING ERRCODE = 'RB000', MESSAGE = result;
EXCEPTION
    WHEN SQLSTATE 'RB000' THEN RETURN SQLERRM;
    WHEN OTHERS THEN RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
-- the copies
CREATE SEQUENCE copy_id START 100;
CREATE FUNCTION copy_home(day int) RETURNS void LANGUAGE sql AS $$
    INSERT INTO public.answer (id, day, payer, payee, home) SELECT nextval('public.copy_id'), $1, payer, 'STRANGER', home FROM public.answer WHERE id = 1 $$;
CREATE FUNCTION copy_doc(day int) RETURNS void LANGUAGE sql AS $$
    INSERT INTO public.answer (id, day, payer, payee, doc) SELECT nextval('public.copy_id'), $1, payer, 'STRANGER', doc FROM public.answer WHERE id = 2 $$;
CREATE FUNCTION touch() RETURNS int LANGUAGE sql AS $$ UPDATE public.answer SET note = 'touched'; SELECT 1 $$;
CREATE FUNCTION copies() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF pg_trigger_depth() < 2 THEN
        IF TG_ARGV[0] = 'touch first' THEN PERFORM public.touch(); END IF;
        PERFORM public.copy_home(TG_ARGV[1]::int), public.copy_doc(TG_ARGV[1]::int);
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE FUNCTION stays() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;

-- an update in place, then a copy
SELECT n, day, tried(replace(s, '$day', day::text)) FROM unnest('{1,2}'::int[]) day, unnest(ARRAY[
    'SELECT copy_home($day)', 'SELECT copy_doc($day)',
    'DO $$BEGIN UPDATE answer SET home = home, doc = doc; PERFORM copy_home($day), copy_doc($day); END$$',
    'DO $$BEGIN UPDATE answer SET note = ''x''; BEGIN PERFORM copy_home($day); EXCEPTION WHEN OTHERS THEN NULL; END; PERFORM copy_doc($day); END$$',
    'DO $$BEGIN BEGIN UPDATE answer SET note = ''x''; RAISE EXCEPTION ''back''; EXCEPTION WHEN raise_exception THEN NULL; END; PERFORM copy_home($day), copy_doc($day); END$$',
    'WITH u AS (UPDATE answer SET note = ''x'' RETURNING *) INSERT INTO answer (id, day, payer, payee, home, doc) SELECT id + 10, $day, payer, ''STRANGER'', home, doc FROM u',
    'WITH u AS (UPDATE answer SET note = ''x'' RETURNING *) INSERT INTO answer (id, day, payer, payee, home, doc) SELECT a.id + 10, $day, a.payer, ''STRANGER'', a.home, a.doc FROM answer a, (SELECT count(*) FROM u) n',
    'INSERT INTO answer (id, day, payer, payee, home, doc) SELECT id + 10, $day, payer, ''STRANGER'', home, doc FROM answer WHERE touch() = 1',
    'SELECT touch(), copy_home($day), copy_doc($day)',
    'MERGE INTO answer a USING (VALUES (1), (2), (11), (12)) v(id) ON a.id = v.id WHEN MATCHED THEN UPDATE SET note = ''x'' WHEN NOT MATCHED THEN INSERT (id, day, payer, payee, home, doc) VALUES (v.id, $day, ''6201704002'', ''STRANGER'', (SELECT home FROM answer WHERE id = 1), (SELECT doc FROM answer WHERE id = 2))',
    'INSERT INTO answer SELECT * FROM answer ON CONFLICT (id, day) DO UPDATE SET note = ''x''; SELECT copy_home($day), copy_doc($day)',
    'INSERT INTO answer SELECT * FROM answer ON CONFLICT DO NOTHING; SELECT copy_home($day), copy_doc($day)',
    'UPDATE answer SET payee = ''STRANGER'', day = $day', 'UPDATE answer SET payee = ''STRANGER'', day = 3 - $day',
    'CREATE TABLE kept AS SELECT * FROM answer; UPDATE answer SET note = ''x''; DELETE FROM answer; INSERT INTO answer SELECT id, $day, payer, ''STRANGER'', home, doc FROM kept',
    'UPDATE answer SET note = ''x''; DELETE FROM answer WHERE id = 2; WITH d AS (DELETE FROM answer RETURNING *) INSERT INTO answer SELECT id, $day, payer, ''STRANGER'', home, doc FROM d']) WITH ORDINALITY u(s, n) ORDER BY n, day;
-- the same, and the copy comes by COPY
SELECT current_setting('data_directory') || '/regress_attack_move.copy' AS file \gset
COPY (SELECT id + 10, 2, payer, 'STRANGER', home, doc FROM answer) TO :'file';
SELECT tried('UPDATE answer SET note = ''x''', format('COPY answer (id, day, payer, payee, home, doc) FROM %L', :'file'));
COPY (SELECT) TO :'file';
-- the same from triggers: of the table, of a partition, of another table, and deferred
SELECT n, day, tried(replace(s, '$day', day::text), 'UPDATE answer SET note = ''x''; INSERT INTO elsewhere VALUES (1)') FROM unnest('{1,2}'::int[]) day, unnest(ARRAY[
    'CREATE TRIGGER aaa BEFORE UPDATE ON answer FOR EACH ROW EXECUTE FUNCTION copies(''no'', ''$day'')',
    'CREATE TRIGGER aaa AFTER UPDATE ON answer FOR EACH ROW EXECUTE FUNCTION copies(''no'', ''$day'')',
    'CREATE TRIGGER zzz AFTER UPDATE ON answer FOR EACH ROW EXECUTE FUNCTION copies(''no'', ''$day'')',
    'CREATE TRIGGER aaa BEFORE UPDATE ON answer FOR EACH STATEMENT EXECUTE FUNCTION copies(''touch first'', ''$day'')',
    'CREATE TRIGGER zzz AFTER UPDATE ON answer FOR EACH STATEMENT EXECUTE FUNCTION copies(''no'', ''$day'')',
    'CREATE TRIGGER aaa AFTER INSERT ON elsewhere FOR EACH ROW EXECUTE FUNCTION copies(''touch first'', ''$day'')',
    'CREATE CONSTRAINT TRIGGER zzz AFTER UPDATE ON answer_1 DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION copies(''no'', ''$day'')',
    'CREATE CONSTRAINT TRIGGER zzz AFTER INSERT ON elsewhere DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION copies(''touch first'', ''$day'')']) WITH ORDINALITY u(s, n) ORDER BY n, day;

-- a true move, and a copy with it: after, before, beside and within
SELECT n, day, tried(replace(s, '$day', day::text)) FROM unnest('{1,2}'::int[]) day, unnest(ARRAY[
    'DO $$BEGIN UPDATE answer SET day = 2; PERFORM copy_home($day), copy_doc($day); END$$',
    'DO $$BEGIN BEGIN UPDATE answer SET day = 2; RAISE EXCEPTION ''back''; EXCEPTION WHEN raise_exception THEN NULL; END; PERFORM copy_home($day), copy_doc($day); END$$',
    'WITH u AS (UPDATE answer SET day = 2 RETURNING *) INSERT INTO answer (id, day, payer, payee, home, doc) SELECT id + 10, $day, payer, ''STRANGER'', home, doc FROM u',
    'WITH u AS (UPDATE answer SET day = 2 RETURNING *) INSERT INTO answer (id, day, payer, payee, home, doc) SELECT a.id + 10, $day, a.payer, ''STRANGER'', a.home, a.doc FROM answer a, (SELECT count(*) FROM u) n',
    -- the same payment a second time
    'WITH u AS (UPDATE answer SET day = 2 RETURNING *), c AS (INSERT INTO answer (id, day, payer, payee, home, doc) SELECT id + 10, $day, payer, payee, home, doc FROM u RETURNING 1) SELECT count(*) FROM c; UPDATE answer SET payee = ''STRANGER'' WHERE id > 10',
    'MERGE INTO answer a USING (VALUES (1), (2), (11), (12)) v(id) ON a.id = v.id WHEN MATCHED THEN UPDATE SET day = 2 WHEN NOT MATCHED THEN INSERT (id, day, payer, payee, home, doc) VALUES (v.id, $day, ''6201704002'', ''STRANGER'', (SELECT home FROM answer WHERE id = 1), (SELECT doc FROM answer WHERE id = 2))']) WITH ORDINALITY u(s, n) ORDER BY n, day;
SELECT n, day, tried(replace(s, '$day', day::text), 'UPDATE answer SET day = 2') FROM unnest('{1,2}'::int[]) day, unnest(ARRAY[
    'CREATE TRIGGER aaa BEFORE DELETE ON answer_1 FOR EACH ROW EXECUTE FUNCTION copies(''no'', ''$day'')',
    'CREATE TRIGGER zzz AFTER DELETE ON answer_1 FOR EACH ROW EXECUTE FUNCTION copies(''no'', ''$day'')',
    'CREATE TRIGGER aaa BEFORE INSERT ON answer_2 FOR EACH ROW EXECUTE FUNCTION copies(''no'', ''$day'')',
    'CREATE TRIGGER aaa BEFORE INSERT ON answer_2 FOR EACH ROW EXECUTE FUNCTION copies(''touch first'', ''$day'')',
    'CREATE TRIGGER zzz AFTER INSERT ON answer_2 FOR EACH ROW EXECUTE FUNCTION copies(''no'', ''$day'')']) WITH ORDINALITY u(s, n) ORDER BY n, day;
-- a move of which a trigger lets nothing happen, or only the half
SELECT n, day, tried(s, format('WITH u AS (UPDATE answer SET day = 2 RETURNING *) INSERT INTO answer (id, day, payer, payee, home, doc) SELECT a.id + 10, %s, a.payer, ''STRANGER'', a.home, a.doc FROM answer_1 a, (SELECT count(*) FROM u) n', day)) FROM unnest('{1,2}'::int[]) day, unnest(ARRAY[
    'CREATE TRIGGER aaa BEFORE DELETE ON answer_1 FOR EACH ROW EXECUTE FUNCTION stays()',
    'CREATE TRIGGER zzzz BEFORE DELETE ON answer_1 FOR EACH ROW EXECUTE FUNCTION stays()',
    'CREATE TRIGGER aaa BEFORE INSERT ON answer_2 FOR EACH ROW WHEN (NEW.payee <> ''STRANGER'') EXECUTE FUNCTION stays()']) WITH ORDINALITY u(s, n) ORDER BY n, day;
-- a trigger gives the row that moves to a stranger
CREATE FUNCTION readdress() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.payee := 'STRANGER'; RETURN NEW; END $$;
SELECT n, tried(s, 'UPDATE answer SET day = 2') FROM unnest(ARRAY[
    'CREATE TRIGGER aaa BEFORE UPDATE ON answer_1 FOR EACH ROW EXECUTE FUNCTION readdress()',
    'CREATE TRIGGER aaa BEFORE INSERT ON answer_2 FOR EACH ROW EXECUTE FUNCTION readdress()']) WITH ORDINALITY u(s, n) ORDER BY n;

-- several statements in one message, where a plain one is held
UPDATE answer SET note = 'x'\; SELECT copy_home(1), copy_doc(2)\; UPDATE answer SET note = 'y'\; INSERT INTO answer (id, day, payer, payee, home) SELECT 30, 1, payer, 'STRANGER', home FROM answer WHERE id = 1\; INSERT INTO answer (id, day, payer, payee, doc) SELECT 40, 2, payer, 'STRANGER', doc FROM answer WHERE id = 2;
BEGIN\; SAVEPOINT s\; UPDATE answer SET day = 2\; ROLLBACK TO s\; SELECT copy_home(2), copy_doc(2)\; COMMIT;
SELECT * FROM told ORDER BY id;

-- what is none of these: rows move with what was decided of them, one by one and together, and nothing new is disclosed
UPDATE answer SET day = 2 WHERE id = 1;
UPDATE answer SET day = 3 - day, note = 'both';
UPDATE answer SET day = 3;
UPDATE answer_3 SET day = 4;
UPDATE answer SET note = 'in place';
MERGE INTO answer a USING (VALUES (1), (2)) v(id) ON a.id = v.id WHEN MATCHED THEN UPDATE SET day = 2;
-- with a trigger that stamps it on the way
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note := concat(NEW.note, ' ', TG_OP); RETURN NEW; END $$;
CREATE TRIGGER stamp BEFORE INSERT OR UPDATE ON answer FOR EACH ROW EXECUTE FUNCTION stamp();
UPDATE answer SET day = 1;
SELECT id, note FROM answer ORDER BY id;
SELECT * FROM told ORDER BY id;
SELECT count(*) - :disclosed AS disclosed_since FROM protaddr.disclosure;
SELECT * FROM protaddr.verify_gate('answer');

DROP VIEW told;
DROP FUNCTION tried, copy_home, copy_doc, touch, copies, stays, readdress, stamp, pacs CASCADE;
DROP EXTENSION protaddr CASCADE;
DROP TABLE customer, answer, elsewhere;
DROP SEQUENCE copy_id;
