-- attack_outbound: channels, disclosures, linked transfers, held rows, messages (ATTACKS.md, K).
\getenv abs_srcdir PG_ABS_SRCDIR
\set harness :abs_srcdir '/test/regress/attack.psql'
\set ECHO none
\i :harness

CREATE ROLE regress_w;							-- writes payments
CREATE ROLE regress_everything;					-- and into any table
CREATE ROLE regress_release;					-- may release() and nothing else
CREATE ROLE regress_keeper;						-- may change the law
CREATE ROLE regress_decider;					-- may decide on held rows
CREATE ROLE regress_clerk;						-- may enter substitutes
GRANT pg_write_all_data TO regress_everything;
GRANT EXECUTE ON FUNCTION protaddr.release, protaddr.release_message(text, text, timestamptz) TO regress_release;
GRANT EXECUTE ON FUNCTION protaddr.set_channel TO regress_keeper;
GRANT EXECUTE ON FUNCTION protaddr.decide_held TO regress_decider;
GRANT EXECUTE ON FUNCTION protaddr.carry_out_held TO regress_u;
GRANT EXECUTE ON FUNCTION protaddr.set_substitute TO regress_clerk;
-- 3 is protected too, 4 is known to no register, 5 is both hers and his
SELECT protaddr.protect('0303033333', 'DK-CPR', '0001');
SELECT persons FROM protaddr.load_register('DK-CPR', '[{"subject": "0202022222", "protections": []}]');
INSERT INTO t SELECT 3, '0303033333', protaddr.address(strtnm => 'Kanariegade', bldgnb => '4711Q', twnnm => 'Kanarieby', ctry => 'DK');
INSERT INTO t VALUES (4, '0404044444', protaddr.address(strtnm => 'Aabenvej', twnnm => 'Kanarieby', ctry => 'DK'));
INSERT INTO t SELECT 5, '0404044444', addr FROM t WHERE id = 1;
GRANT SELECT ON t TO regress_w, regress_everything, regress_release, regress_keeper, regress_clerk;
INSERT INTO tokens SELECT id, addr::text FROM t WHERE id > 2;

SELECT protaddr.set_channel('mailing', 'disclose', route => 'union', description => 'Test', legal_basis => 'Invented Act'),
	protaddr.set_channel('box', 'substitute', route => 'union', description => 'Test', legal_basis => 'Invented Act', when_unknown => 'minimum'),
	protaddr.set_channel('box later', 'substitute', route => 'union', description => 'Test', legal_basis => 'Invented Act', without_substitute => 'minimum'),
	protaddr.set_channel('ask', 'hold', route => 'union', description => 'Test', legal_basis => 'Invented Act', when_unknown => 'leave', when_unreadable => 'hold');
SELECT protaddr.set_channel('box', 'minimum', valid_from => '2099-01-01'), protaddr.set_channel('box later', without_substitute => 'withhold', valid_from => '2099-01-01');
CREATE TABLE pay (id integer PRIMARY KEY, cpr text, payee text, amount numeric, addr protaddr.address);
CREATE TABLE letter (id integer PRIMARY KEY, cpr text, addr protaddr.address);
CREATE TABLE ask (id integer PRIMARY KEY, cpr text, addr protaddr.address, m text);
CREATE TABLE chosen (id integer, cpr text, channel text, addr protaddr.address);
ALTER TABLE pay OWNER TO regress_u;
ALTER TABLE letter OWNER TO regress_u;
ALTER TABLE ask OWNER TO regress_u;
SELECT protaddr.install_gate('pay', 'cross_border', 'cpr', amount => 'amount', currency_code => 'EUR', payee => 'payee'), protaddr.install_gate('letter', 'mailing', 'cpr'),
	protaddr.install_gate('ask', 'ask', 'cpr', messages => '{"m": "xml"}'), protaddr.install_gate('chosen', channel_column => 'channel', subject => 'cpr') \g /dev/null
GRANT SELECT, INSERT, UPDATE, DELETE ON pay, letter, ask, chosen TO regress_w;
CREATE FUNCTION message(street text, account text DEFAULT 'NOBODY') RETURNS text LANGUAGE sql AS $$
	SELECT '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"><CdtTrfTxInf><IntrBkSttlmAmt Ccy="EUR">2500</IntrBkSttlmAmt><Dbtr><Nm>Somebody</Nm><PstlAdr><StrtNm>'
		|| street || '</StrtNm><TwnNm>Kanarieby</TwnNm><Ctry>DK</Ctry></PstlAdr></Dbtr><DbtrAcct><Id><Othr><Id>' || account || '</Id></Othr></Id></DbtrAcct></CdtTrfTxInf></Document>'
$$;

-- release(): amounts, currencies and times of one's own choice; TOWN is what the law gives of a large amount
SELECT a.attack, a.way, attack('regress_release', 'SELECT coalesce(protaddr.show(protaddr.release(addr, ' || a.arguments || ')), ''[null]'') FROM t WHERE id = ' || a.person) AS saw
FROM (VALUES
	(1, 'large', 1, '''cross_border'', 1000.01, ''EUR'''),
	(2, 'small', 1, '''cross_border'', 1000, ''EUR'''),
	(3, 'negative', 1, '''cross_border'', -1000, ''EUR'''),
	(4, 'NaN', 1, '''cross_border'', ''NaN'', ''EUR'''),
	(5, 'infinity', 1, '''cross_border'', ''infinity'', ''EUR'''),
	(6, 'unknown', 1, '''cross_border'', NULL, ''EUR'''),
	(7, 'smallest there is', 1, '''cross_border'', 1e-16383, ''EUR'''),
	(8, 'largest there is', 1, '''cross_border'', 9e131071, ''EUR'''),
	(9, 'currency without a rate', 1, '''cross_border'', 5000, ''GBP'''),
	(10, 'currency in another case', 1, '''cross_border'', 5000, ''eur'''),
	(11, 'currency with a blank', 1, '''cross_border'', 5000, ''EUR '''),
	(12, 'payee of blanks', 1, '''cross_border'', 10, ''EUR'', '' - '''),
	(13, 'never', 1, '''sepa'', at => ''infinity'''),
	(14, 'always', 1, '''sepa'', at => ''-infinity'''),
	(15, 'holds', 1, '''ask'''),
	(16, 'disclosed, not committed', 1, '''mailing'''),
	(17, 'no substitute', 1, '''box'''),
	(18, 'no substitute, by the looser rule of another day', 1, '''box'', at => ''2100-01-01'''),
	(19, 'no substitute, by the stricter rule of another day', 1, '''box later'', at => ''2100-01-01'''),
	(20, 'no substitute, with somebody unknown', 5, '''box'''),
	(21, 'unknown alone', 4, '''box'''),
	(22, 'unknown where they are withheld', 4, '''sepa'''),
	(23, 'channel with a blank', 2, '''sepa '''),
	(24, 'channel in another case', 2, '''SEPA''')
) a(attack, way, person, arguments)
ORDER BY 1;

-- to disclose, look, and have no record
SELECT a.attack, a.way, attack('regress_w', VARIADIC a.statements) AS saw
FROM (VALUES
	(1, 'in the transaction', ARRAY['INSERT INTO letter SELECT * FROM t WHERE id = 1', 'SELECT protaddr.show(addr), addr FROM letter']),
	(2, 'RETURNING', ARRAY['INSERT INTO letter SELECT * FROM t WHERE id = 1 RETURNING protaddr.show(addr)']),
	(3, 'in a subtransaction, undone', ARRAY['!DO $$ DECLARE a protaddr.address; BEGIN BEGIN INSERT INTO letter SELECT * FROM t WHERE id = 1 RETURNING addr INTO a; RAISE division_by_zero; EXCEPTION WHEN division_by_zero THEN NULL; END; RAISE ''%'', protaddr.show(a); END $$']),
	(4, 'parallel', ARRAY['SELECT set_config(CASE WHEN current_setting(''server_version_num'')::int < 160000 THEN ''force_parallel_mode'' ELSE ''debug_parallel_query'' END, ''on'', true)', 'INSERT INTO letter SELECT * FROM t WHERE id = 1', 'SELECT protaddr.show(addr) FROM letter']),
	(5, 'deferred', ARRAY['CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE ''%'', protaddr.show(NEW.addr); END $$', 'CREATE TABLE c (LIKE t)', 'CREATE CONSTRAINT TRIGGER r AFTER INSERT ON c DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION f()', 'INSERT INTO letter SELECT * FROM t WHERE id = 1', 'INSERT INTO c TABLE letter', 'SET CONSTRAINTS ALL IMMEDIATE']),
	(6, 'the record entered by hand', ARRAY['SET LOCAL SESSION AUTHORIZATION regress_everything', 'INSERT INTO protaddr.disclosure (id, disclosed_at, disclosed_by, disclosed_as, kind, channel, valid_from, subjects, payment, legal_basis) VALUES (1, now(), '''', '''', ''address'', '''', now(), ''{}'', '''', '''')']),
	(7, 'the record altered', ARRAY['SET LOCAL SESSION AUTHORIZATION regress_super', 'INSERT INTO letter SELECT * FROM t WHERE id = 1', 'UPDATE protaddr.disclosure SET subjects = ''{}''']),
	(8, 'the record removed', ARRAY['SET LOCAL SESSION AUTHORIZATION regress_super', 'INSERT INTO letter SELECT * FROM t WHERE id = 1', 'DELETE FROM protaddr.disclosure']),
	(9, 'the law changed for it', ARRAY['SET LOCAL SESSION AUTHORIZATION regress_keeper', 'SELECT protaddr.set_channel(''cross_border_union'', ''disclose'', legal_basis => ''none'')', 'SET LOCAL SESSION AUTHORIZATION regress_w', 'INSERT INTO chosen SELECT 1, cpr, ''cross_border_union'', addr FROM t WHERE id = 1 RETURNING coalesce(addr::text, ''[null]'')'])
) a(attack, way, statements)
ORDER BY 1;
-- committed it is told; what was rolled back is not, and recorded anew when it leaves
SET SESSION AUTHORIZATION regress_w;
BEGIN;
INSERT INTO letter SELECT * FROM t WHERE id = 1;
SELECT addr AS rolled_back FROM letter WHERE id = 1 \gset
DECLARE looked CURSOR WITH HOLD FOR SELECT protaddr.show(addr) AS address FROM letter;
ROLLBACK;
BEGIN;
INSERT INTO letter SELECT * FROM t WHERE id = 3;
DECLARE looked CURSOR WITH HOLD FOR SELECT protaddr.show(addr) AS address FROM letter;
COMMIT;
FETCH ALL FROM looked;
CLOSE looked;
INSERT INTO letter VALUES (1, '0707614285', :'rolled_back');
SELECT id, saw(protaddr.show(addr)) FROM letter ORDER BY id;
SELECT saw(protaddr.show(:'rolled_back')) AS rolled_back;
-- once more with her, with somebody else, for another channel
UPDATE letter SET id = 10 WHERE id = 1;
INSERT INTO letter SELECT 11, '0202022222', addr FROM letter WHERE id = 10;
INSERT INTO chosen SELECT 1, cpr, c, addr FROM letter, unnest('{sepa,cross_border_union}'::text[]) c WHERE id = 10;
SELECT channel, saw(protaddr.show(addr)) FROM chosen ORDER BY channel;
DELETE FROM chosen;
RESET SESSION AUTHORIZATION;
SELECT subjects, payer, disclosed_by, count(*) FROM protaddr.disclosure GROUP BY 1, 2, 3 ORDER BY 1, 2;

-- the law changes while a statement runs: what it writes later goes by the new one
DO $$ BEGIN
	PERFORM protaddr.set_channel('mailing', 'withhold');
	COMMIT;
	INSERT INTO regress_attack.letter SELECT 20, cpr, addr FROM regress_attack.t WHERE id = 1;
END $$;
SELECT id, addr IS NULL AS withheld FROM letter WHERE id = 20;

-- linked transfers: what is no number, another person's or undone makes nothing large
SET SESSION AUTHORIZATION regress_w;
INSERT INTO pay SELECT n, cpr, 'P1', ('{NaN,infinity,10}'::numeric[])[n], addr FROM t, generate_series(1, 3) n WHERE t.id = 1;
INSERT INTO pay SELECT 10, cpr, 'P2', 600, addr FROM t WHERE id = 1;
UPDATE pay SET cpr = t.cpr, addr = t.addr FROM t WHERE pay.id = 10 AND t.id = 3;
INSERT INTO pay SELECT 11, cpr, 'P2', 600, addr FROM t WHERE id = 1;
INSERT INTO pay SELECT 20, cpr, 'P3', 600, addr FROM t WHERE id = 1;
UPDATE pay SET payee = 'P4', addr = t.addr FROM t WHERE pay.id = 20 AND t.id = 1;
INSERT INTO pay SELECT 21, cpr, 'P3', 600, addr FROM t WHERE id = 1;
INSERT INTO pay SELECT 30, cpr, 'P5', 600, addr FROM t WHERE id = 1;
UPDATE pay SET addr = t.addr FROM t WHERE pay.id = 30 AND t.id = 1;
BEGIN;
SAVEPOINT a;
INSERT INTO pay SELECT 31, cpr, 'P5', 900, addr FROM t WHERE id = 1;
ROLLBACK TO a;
INSERT INTO pay SELECT 32, cpr, 'P5', 300, addr FROM t WHERE id = 1;
COMMIT;
INSERT INTO pay SELECT 33, cpr, ' p-5', 300, addr FROM t WHERE id = 1;
SELECT id, payee, amount, saw(protaddr.show(addr)) FROM pay ORDER BY id;
-- nor does what was written again under another key, was not stored, or is no longer what it was
INSERT INTO pay SELECT 40, cpr, 'K1', 600, addr FROM t WHERE id = 1;
UPDATE pay SET id = 41 WHERE id = 40;
UPDATE pay SET id = 42, addr = t.addr FROM t WHERE pay.id = 41 AND t.id = 1;
INSERT INTO pay SELECT 43, cpr, 'K1', 300, addr FROM t WHERE id = 1;
INSERT INTO pay SELECT 50, cpr, 'K2', 100, addr FROM t WHERE id = 1;
INSERT INTO pay SELECT 50, cpr, 'K2', 5000, addr FROM t WHERE id = 1 ON CONFLICT DO NOTHING;
INSERT INTO pay SELECT 50, cpr, 'K2', 5000, addr FROM t WHERE id = 1 ON CONFLICT (id) DO UPDATE SET payee = EXCLUDED.payee;
INSERT INTO pay SELECT 51, cpr, 'K2', 100, addr FROM t WHERE id = 1;
INSERT INTO pay SELECT 60, cpr, 'K3', 900, addr FROM t WHERE id = 1;
UPDATE pay SET amount = 100 WHERE id = 60;
INSERT INTO pay SELECT 61, cpr, 'K3', 800, addr FROM t WHERE id = 1;
INSERT INTO pay SELECT 70, cpr, 'K4', 900, addr FROM t WHERE id = 1;
UPDATE pay SET cpr = '0202022222' WHERE id = 70;
INSERT INTO pay SELECT 71, cpr, 'K4', 900, addr FROM t WHERE id = 1;
-- as far as it is stored, and larger, it does
INSERT INTO pay SELECT 80, cpr, 'K5', 100, addr FROM t WHERE id = 1;
INSERT INTO pay SELECT 80, cpr, 'K5', 900, addr FROM t WHERE id = 1 ON CONFLICT (id) DO UPDATE SET amount = EXCLUDED.amount;
INSERT INTO pay SELECT 81, cpr, 'K5', 200, addr FROM t WHERE id = 1;
DELETE FROM pay WHERE id = 81;
INSERT INTO pay SELECT 81, cpr, 'K6', 900, addr FROM t WHERE id = 1;
INSERT INTO pay SELECT 82, cpr, 'K6', 200, addr FROM t WHERE id = 1;
SELECT id, payee, amount, saw(protaddr.show(addr)) FROM pay WHERE payee ~ 'K' ORDER BY id;
RESET SESSION AUTHORIZATION;
-- moved between partitions, with a key that says where and without one; a table without a key
CREATE TABLE moving (id integer, part integer, cpr text, payee text, amount numeric, addr protaddr.address) PARTITION BY LIST (part);
CREATE TABLE moving_1 PARTITION OF moving FOR VALUES IN (1);
CREATE TABLE moving_2 (addr protaddr.address, amount numeric, payee text, cpr text, part integer NOT NULL, id integer NOT NULL);
ALTER TABLE moving ATTACH PARTITION moving_2 FOR VALUES IN (2);
CREATE TABLE keyless (LIKE pay);
SET client_min_messages = notice;
SELECT protaddr.install_gate(r, 'cross_border', 'cpr', amount => 'amount', currency_code => 'EUR', payee => 'payee') FROM unnest('{moving,keyless}'::regclass[]) WITH ORDINALITY u(r, n) ORDER BY n;
INSERT INTO moving SELECT 1, 1, cpr, 'K7', 600, addr FROM t WHERE id = 1;
UPDATE moving SET part = 2, addr = t.addr FROM t WHERE t.id = 1;
UPDATE moving SET part = 1, addr = t.addr FROM t WHERE t.id = 1;
INSERT INTO keyless SELECT 1, cpr, 'K8', 600, addr FROM t WHERE id = 1;
UPDATE keyless SET addr = t.addr FROM t WHERE t.id = 1;
UPDATE keyless SET addr = t.addr FROM t WHERE t.id = 1;
INSERT INTO keyless SELECT 2, cpr, 'K8', 300, addr FROM t WHERE id = 1;
INSERT INTO keyless SELECT 3, cpr, 'K8', 300, addr FROM t WHERE id = 1;
SELECT id, payee, saw(protaddr.show(addr)) FROM moving UNION ALL SELECT id, payee, saw(protaddr.show(addr)) FROM keyless ORDER BY 2, 1;
DELETE FROM moving;
SELECT protaddr.remove_gate('moving');
ALTER TABLE moving ADD PRIMARY KEY (id, part);
SELECT protaddr.install_gate('moving', 'cross_border', 'cpr', amount => 'amount', currency_code => 'EUR', payee => 'payee');
SET client_min_messages = warning;
INSERT INTO moving SELECT 1, 1, cpr, 'K9', 600, addr FROM t WHERE id = 1;
UPDATE moving SET part = 2, addr = t.addr FROM t WHERE t.id = 1;
UPDATE moving SET part = 1;
INSERT INTO moving SELECT 2, 1, cpr, 'K9', 400, addr FROM t WHERE id = 1;
INSERT INTO moving SELECT 3, 2, cpr, 'K9', 1, addr FROM t WHERE id = 1;
SELECT id, payee, saw(protaddr.show(addr)) FROM moving ORDER BY 1;
-- in a message
CREATE TABLE wire (id integer PRIMARY KEY, cpr text, m text);
SELECT protaddr.install_gate('wire', 'cross_border', 'cpr', messages => '{"m": "xml"}');
CREATE FUNCTION wire(payee text, amount text) RETURNS text LANGUAGE sql AS $$
	SELECT replace(replace(message('Kanarie' || 'gade', '0707614285'), '2500', amount), '</CdtTrfTxInf>', '<CdtrAcct><Id><Othr><Id>' || payee || '</Id></Othr></Id></CdtrAcct></CdtTrfTxInf>') $$;
INSERT INTO wire VALUES (1, '0707614285', wire('M1', '600'));
UPDATE wire SET id = 2, m = wire('M1', '600');
INSERT INTO wire VALUES (3, '0707614285', wire('M1', '300')), (4, '0707614285', wire('M1', '300'));
SELECT id, saw(m) FROM wire ORDER BY id;
CREATE TABLE wired (id integer, part integer, cpr text, m text, PRIMARY KEY (id, part)) PARTITION BY LIST (part);
CREATE TABLE wired_1 PARTITION OF wired FOR VALUES IN (1);
CREATE TABLE wired_2 PARTITION OF wired FOR VALUES IN (2);
SELECT protaddr.install_gate('wired', 'cross_border', 'cpr', messages => '{"m": "xml"}');
INSERT INTO wired VALUES (1, 1, '0707614285', wire('M2', '600'));
UPDATE wired SET part = 2, m = wire('M2', '600');
SELECT id, part, saw(m) FROM wired ORDER BY id;
SELECT payee_key, array_agg(amount ORDER BY amount) FROM protaddr.linked_transfer WHERE payee_key ~ '^[KM]' GROUP BY 1 ORDER BY 1;

INSERT INTO ask SELECT 1, cpr, addr, NULL FROM t WHERE id = 1;
INSERT INTO ask VALUES (2, '0202022222', protaddr.address(strtnm => 'Aabenvej'), NULL);
INSERT INTO ask VALUES (3, '0707614285', NULL, message('Kanariegade'));
INSERT INTO ask VALUES (4, '0707614285', NULL, message('Kanariegade') || '<');

-- who may write into every table makes nobody known or large, nothing told, nothing decided
SELECT a.attack, a.way, attack('regress_everything', VARIADIC a.statements) AS saw
FROM (VALUES
	(1, 'known', ARRAY['INSERT INTO protaddr.register_person (source, subject) VALUES (''DK-CPR'', ''0404044444'')']),
	(2, 'large', ARRAY['INSERT INTO protaddr.linked_transfer VALUES (''P9'', now(), ''{0707614285}'', 5000, ''EUR'', 0)']),
	(3, 'rate', ARRAY['INSERT INTO protaddr.exchange_rate VALUES (''DKK'', ''EUR'', now(), 1000)']),
	(4, 'law', ARRAY['UPDATE protaddr.channel SET when_protected = ''disclose'' WHERE channel = ''sepa''']),
	(5, 'substitute', ARRAY['INSERT INTO protaddr.substitute_address (subject, address, description) SELECT ''0303033333'', addr, ''x'' FROM t WHERE id = 1']),
	(6, 'birth', ARRAY['INSERT INTO protaddr.birth_data (subject, birth_date, city, country) VALUES (''0707614285'', ''1961-07-07'', ''x'', ''DK'')']),
	(7, 'held', ARRAY['UPDATE protaddr.held SET why = ''x'''])
) a(attack, way, statements)
ORDER BY 1;
-- a substitute is one's own, and typed in
SELECT a.attack, attack('regress_clerk', format('SELECT protaddr.set_substitute(''0303033333'', %s, ''x'')', a.value)) AS saw
FROM (VALUES (1, '(SELECT addr FROM t WHERE id = 1)'), (2, '(SELECT addr FROM t WHERE id = 5)'), (3, '(SELECT token FROM tokens WHERE id = 0)::protaddr.address')) a(attack, value) ORDER BY 1;

-- junk in the law, of a superuser who takes its constraints away
SELECT a.attack, attack('regress_super', 'ALTER TABLE protaddr.channel DISABLE TRIGGER ALL', 'ALTER TABLE protaddr.channel DROP CONSTRAINT channel_when_protected_check, DROP CONSTRAINT channel_when_unknown_check, DROP CONSTRAINT channel_when_small_check, DROP CONSTRAINT channel_small_amount_check',
	'ALTER DOMAIN protaddr.channel_action DROP CONSTRAINT channel_action_vocabulary', format('UPDATE protaddr.channel SET %s WHERE channel = ''cross_border_union''', a.junk), 'ALTER TABLE protaddr.channel ENABLE ALWAYS TRIGGER own_table_changed',
	format('SELECT coalesce(protaddr.release(addr, ''cross_border_union'', 5, ''EUR'')::text, ''[null]'') FROM t WHERE id = %s', a.person)) AS saw
FROM (VALUES (1, 1, 'when_protected = ''leave'''), (2, 1, 'when_protected = ''tell'''), (3, 4, 'when_unknown = ''disclose'''), (4, 1, 'when_protected = ''block'', small_amount = ''NaN'', small_currency = ''EUR'', when_small = ''disclose'''),
	(5, 1, 'when_protected = ''withhold'', small_amount = 10, small_currency = ''EUR'', when_small = ''leave'''), (6, 4, 'when_unknown = ''''')) a(attack, person, junk) ORDER BY 1;
-- names that are quoted, and no others
SELECT n, protaddr.set_channel(n, 'withhold', route => 'union', description => 'Test', legal_basis => 'Test') FROM unnest(ARRAY[E'it''s\n"a" \\ channel', repeat('ø', 32)]) WITH ORDINALITY u(n, i) ORDER BY i;
INSERT INTO chosen SELECT 2, cpr, n, addr FROM t, unnest(ARRAY[E'it''s\n"a" \\ channel', repeat('ø', 32)]) n WHERE t.id < 3;
SELECT cpr, count(*), count(addr) FROM chosen GROUP BY 1 ORDER BY 1;
SELECT a.attack, attack('regress_w', format('INSERT INTO chosen SELECT 3, cpr, %L, addr FROM t WHERE id = 1', a.channel)) AS saw FROM (VALUES (1, NULL), (2, ''), (3, 'sepa '), (4, repeat('x', 100000))) a(attack, channel) ORDER BY 1;

-- held: the owner has the table in hand, and somebody else decides
CREATE TABLE waits AS SELECT (row_key->>'id')::int AS id, held_id, why FROM protaddr.held_rows('ask');
SELECT id, why FROM waits ORDER BY 1;
GRANT SELECT ON waits TO PUBLIC;
CREATE FUNCTION put_hers() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.addr := (SELECT addr FROM regress_attack.t WHERE id = 3); RETURN NEW; END $$;
SELECT a.attack, a.way, attack('regress_u', VARIADIC a.statements ||
	'SET LOCAL SESSION AUTHORIZATION regress_decider'::text || format('SELECT protaddr.decide_held(coalesce((SELECT held_id FROM waits WHERE id = %s), 7), %L, ''test'')', a.id, a.action) || 'SET LOCAL SESSION AUTHORIZATION regress_u'::text ||
	('SELECT protaddr.carry_out_held(''ask'', held_id) FROM waits WHERE id = ' || a.id) ||
	'SELECT coalesce(protaddr.show(addr), ''[null]''), m FROM ask'::text) AS saw
FROM (VALUES
	(1, 'nothing done, withheld', 1, 'withhold', '{}'::text[]),
	(2, 'nothing done, reduced', 1, 'minimum', '{}'),
	(3, 'disclosed, not committed', 1, 'disclose', '{}'),
	(4, 'a message reduced', 3, 'withhold', '{}'),
	(5, 'a message that cannot be read', 4, 'minimum', '{}'),
	(6, 'an action there is not', 1, 'leave', '{}'),
	(7, 'an action with more to it', 1, 'disclose'' OR true --', '{}'),
	(8, 'a row there is not', -1, 'withhold', '{}'),
	(9, 'twice', 1, 'withhold', '{SET LOCAL SESSION AUTHORIZATION regress_decider,"SELECT protaddr.decide_held(held_id, ''withhold'', ''test'') FROM waits WHERE id = 1"}'),
	(20, 'what is sealed', 3, 'withhold', '{SELECT sealed FROM protaddr.held}'),
	(21, 'payer changed', 3, 'withhold', '{UPDATE protaddr.held SET payer = ''0202022222''}'),
	(22, 'trigger disabled', 3, 'withhold', '{ALTER TABLE protaddr.held DISABLE TRIGGER USER}'),
	(23, 'a trigger of his own there', 1, 'disclose', '{CREATE TRIGGER zzz BEFORE INSERT ON protaddr.held FOR EACH ROW EXECUTE FUNCTION put_hers()}'),
	(24, 'a trigger of his own on the table', 1, 'disclose', '{CREATE TRIGGER aaa BEFORE INSERT ON ask FOR EACH ROW EXECUTE FUNCTION put_hers()}'),
	(25, 'he decides himself', 1, 'disclose', '{"SELECT protaddr.decide_held(held_id, ''disclose'', ''x'') FROM waits"}'),
	(26, 'a decision of his own making', 1, 'disclose', '{"INSERT INTO protaddr.held_decision SELECT 1, held_id, NULL, ''release'', ''disclose'', ''x'', now(), ''x'', NULL, ''\\x00'' FROM waits"}'),
	(27, 'a policy', 1, 'disclose', '{"ALTER TABLE ask ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"}')
) a(attack, way, id, action, statements)
ORDER BY 1;

-- messages in columns of every type; an index, a key, a generated column, a CHECK
SELECT protaddr.set_channel('mail', 'withhold', route => 'union', description => 'Test', legal_basis => 'Test', when_unknown => 'leave');
CREATE DOMAIN short AS varchar(500) CHECK (VALUE <> '');
CREATE TABLE mail (cpr text, t text PRIMARY KEY, v varchar(500), d short, x xml, j json, jb jsonb, b bytea, g text GENERATED ALWAYS AS (t || v) STORED, CHECK (length(t) > 10));
SELECT protaddr.install_gate('mail', 'mail', 'cpr', messages => '{"t": "xml", "v": "xml", "d": "xml", "x": "xml", "j": "json", "jb": "json", "b": "xml"}') \g /dev/null
INSERT INTO mail SELECT '0707614285', m, m, m, m::xml, j::json, j::jsonb, convert_to(m, 'UTF8') FROM message('Kanariegade') m, format('{"Dbtr": {"PstlAdr": {"StrtNm": "%s"}}}', 'Kanariegade') j;
SELECT saw(mail::text) AS leak, count(*) FILTER (WHERE mail::text ~ 'Somebody') AS rest FROM mail GROUP BY 1;
INSERT INTO mail (cpr, t) VALUES ('0202022222', message('Aabenvej'));
SELECT a.attack, attack('regress_super', VARIADIC a.statements || 'SELECT m::text FROM mail m WHERE cpr = ''0707614285'''::text) AS saw
FROM (VALUES
	(1, ARRAY['INSERT INTO mail (cpr, t) VALUES (''0707614285'', message(''Kanariegade 2''))']),
	(2, ARRAY['UPDATE mail SET t = message(''Kanariegade 3'') WHERE cpr = ''0707614285''']),
	(3, ARRAY['INSERT INTO mail (cpr, t) VALUES (''0707614285'', message(''Kanariegade 4'')) ON CONFLICT (t) DO UPDATE SET t = message(''Kanariegade 5'')']),
	(4, ARRAY['DELETE FROM mail WHERE cpr <> ''0202022222''', 'UPDATE mail SET cpr = ''0707614285'', t = message(''Kanariegade 6'')'])
) a(attack, statements) ORDER BY 1;

-- birth data of one holder of an account are not those of the other
SELECT protaddr.link_identity('ACCOUNT1', '0707614285', 'account'), protaddr.link_identity('ACCOUNT2', '0707614285', 'account'), protaddr.link_identity('ACCOUNT2', '0202022222', 'account'), protaddr.set_birth_data('0707614285', '1961-07-07', 'Opdigtet By', 'DK');
SELECT account, protaddr.release_message(message('Kanariegade', account), 'cross_border') ~ 'BirthDt>1961' AS told FROM unnest('{ACCOUNT1,ACCOUNT2}'::text[]) account ORDER BY 1;

\c -
SET client_min_messages = warning;
DROP SCHEMA regress_attack CASCADE;
DROP EXTENSION protaddr CASCADE;
DROP ROLE regress_m, regress_u, regress_super, regress_w, regress_everything, regress_release, regress_keeper, regress_decider, regress_clerk;
