-- attack_writing: written and read back, gates and what stands round them (ATTACKS.md, G).
\getenv abs_srcdir PG_ABS_SRCDIR
\set harness :abs_srcdir '/test/regress/attack.psql'
\set ECHO none
\i :harness

SELECT attack('regress_u', 'INSERT INTO plain SELECT id + 10, cpr, addr FROM plain RETURNING *') AS control;

-- as the owner: the same value must stand there, and stay withheld
SELECT a.attack, a.way, attack('regress_u', VARIADIC a.statements || 'SELECT addr, protaddr.show(addr) FROM t ORDER BY id'::text) AS saw
FROM (VALUES
	(1, 'UPDATE with itself', ARRAY['UPDATE t SET addr = addr']),
	(2, 'UPDATE with its text', ARRAY['UPDATE t SET addr = addr::text::protaddr.address']),
	(3, 'whole row, through JSON', ARRAY['UPDATE t SET (id, cpr, addr) = (SELECT r.id, r.cpr, r.addr FROM jsonb_populate_record(NULL::t, to_jsonb(t)) r)']),
	(4, 'UPSERT', ARRAY['INSERT INTO t SELECT * FROM t ON CONFLICT (id) DO UPDATE SET addr = EXCLUDED.addr']),
	(5, 'MERGE', ARRAY['MERGE INTO t USING (SELECT * FROM t) s ON s.id = t.id WHEN MATCHED THEN UPDATE SET addr = s.addr']),
	(6, 'DELETE and INSERT', ARRAY['CREATE TABLE c AS TABLE t', 'DELETE FROM t', 'INSERT INTO t TABLE c']),
	(7, 'another column', ARRAY['UPDATE t SET id = id']),
	(8, 'NULL and back', ARRAY['CREATE TABLE c AS TABLE t', 'UPDATE t SET addr = NULL', 'UPDATE t SET addr = c.addr FROM c WHERE c.id = t.id']),
	(9, 'unbind', ARRAY['SELECT protaddr.unbind_column(''t'', ''addr'')']),
	(10, 'type there and back on a copy', ARRAY['CREATE TABLE c AS TABLE t', 'ALTER TABLE c ALTER addr TYPE text USING addr::text', 'ALTER TABLE c ALTER addr TYPE protaddr.address USING addr::protaddr.address', 'SELECT addr, protaddr.show(addr) FROM c']),
	(11, 'conversion by CTAS', ARRAY['CREATE TABLE c AS SELECT id, addr::text AS a, cpr FROM t', 'DELETE FROM t', 'INSERT INTO t SELECT id, cpr, a::protaddr.address FROM c']),
	(12, 'person changed', ARRAY['UPDATE t SET cpr = ''0202022222'' WHERE id = 1', 'SELECT ''then''']),
	(13, 'person removed', ARRAY['UPDATE t SET cpr = NULL', 'UPDATE t SET cpr = ''0202022222''']),
	(14, 'swapped between people', ARRAY['UPDATE t SET addr = (SELECT addr FROM t o WHERE o.id <> t.id)']),
	(15, 'copied to somebody free', ARRAY['INSERT INTO t SELECT 3, ''0202022222'', addr FROM t WHERE id = 1']),
	(16, 'borrowed by somebody protected', ARRAY['INSERT INTO t SELECT 3, ''0707614285'', addr FROM t WHERE id = 2']),
	(17, 'triggers disabled', ARRAY['ALTER TABLE t DISABLE TRIGGER USER', 'UPDATE t SET cpr = ''0202022222''']),
	(18, 'trigger dropped', ARRAY['DO $$BEGIN EXECUTE format(''DROP TRIGGER %I ON t'', (SELECT tgname FROM pg_trigger WHERE tgrelid = ''t''::regclass AND tgfoid = ''protaddr.bind_row()''::regprocedure)); END$$', 'UPDATE t SET cpr = ''0202022222''']),
	(19, 'columns renamed', ARRAY['ALTER TABLE t RENAME cpr TO x', 'ALTER TABLE t ADD cpr text DEFAULT ''0202022222''', 'UPDATE t SET id = id']),
	(20, 'subject dropped', ARRAY['ALTER TABLE t DROP cpr', 'UPDATE t SET addr = addr']),
	(21, 'RETURNING', ARRAY['UPDATE t SET cpr = ''0202022222'' RETURNING addr, protaddr.show(addr)']),
	(22, 'withheld text written back', ARRAY['UPDATE t SET addr = protaddr.show(addr)::protaddr.address']),
	(23, 'withheld JSON written back', ARRAY['UPDATE t SET addr = protaddr.show_iso(addr)::text::protaddr.address']),
	(24, 'withheld element written back', ARRAY['UPDATE t SET addr = json_build_object(''StrtNm'', protaddr.street_name(addr), ''TwnNm'', ''Aarhus C'')::text::protaddr.address']),
	(25, 'partly withheld line', ARRAY['UPDATE t SET addr = (''c/o '' || protaddr.show(addr))::protaddr.address'])
) a(attack, way, statements)
ORDER BY 1;

-- an address that concerns nobody yet is bound by who typed it or may bind, not by whoever has its token
SELECT attack('regress_u', 'SELECT protaddr.show(token::protaddr.address) FROM tokens WHERE id = 0') AS unbound,
	attack('regress_u', 'INSERT INTO t SELECT 3, ''0202022222'', token::protaddr.address FROM tokens WHERE id = 0', 'SELECT protaddr.show(addr) FROM t WHERE id = 3') AS bound_by_its_writer,
	attack('regress_u', 'INSERT INTO t VALUES (3, ''0202022222'', ''Aabenvej 3'')', 'SELECT protaddr.show(addr) FROM t WHERE id = 3') AS typed_by_its_writer,
	attack('regress_m', 'CREATE TABLE c (a protaddr.address)', 'INSERT INTO c VALUES (''Aabenvej 4'')', 'GRANT SELECT ON c TO regress_u', 'SET LOCAL SESSION AUTHORIZATION regress_u', 'INSERT INTO t SELECT 3, ''0202022222'', a FROM c', 'SELECT protaddr.show(addr) FROM t WHERE id = 3') AS typed_by_another;

-- the gate: of two outbound tables, one for a channel that withholds, one for the legal minimum
CREATE TABLE o (id integer PRIMARY KEY, cpr text, addr protaddr.address);
CREATE TABLE abroad (id integer PRIMARY KEY, cpr text, addr protaddr.address);
CREATE TABLE o_part (id integer, cpr text, addr protaddr.address) PARTITION BY LIST (id);
CREATE TABLE o_free PARTITION OF o_part FOR VALUES IN (1);
CREATE TABLE o_gated PARTITION OF o_part FOR VALUES IN (2);
ALTER TABLE o OWNER TO regress_u;
ALTER TABLE abroad OWNER TO regress_u;
ALTER TABLE o_part OWNER TO regress_u;
ALTER TABLE o_free OWNER TO regress_u;
ALTER TABLE o_gated OWNER TO regress_u;
SELECT protaddr.install_gate('o', 'sumclearing', 'cpr') \g /dev/null
SELECT protaddr.install_gate('abroad', 'cross_border_union', 'cpr') \g /dev/null
SELECT protaddr.install_gate('o_gated', 'sumclearing', 'cpr') \g /dev/null
INSERT INTO o SELECT 2, cpr, addr FROM t WHERE id = 2;

-- a function of the owner that puts an old or foreign value into NEW, for his triggers
CREATE FUNCTION put() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	NEW.addr := current_setting('regress.put')::protaddr.address;
	RETURN NEW;
END
$$;
CREATE FUNCTION put_later() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	UPDATE regress_attack.o SET addr = current_setting('regress.put')::protaddr.address WHERE id = NEW.id AND addr IS NULL;
	RETURN NULL;
END
$$;
SELECT set_config('regress.put', addr::text, false) FROM t WHERE id = 1 \g /dev/null

-- what stands in o beside the row of person 2
SELECT a.attack, a.way, attack('regress_u', VARIADIC a.statements ||
	'SELECT CASE WHEN addr IS NULL THEN ''[null]'' ELSE ''[stored] '' || protaddr.show(addr) END FROM o WHERE id <> 2'::text) AS saw
FROM (VALUES
	(0, 'somebody free', ARRAY['INSERT INTO o SELECT 1, cpr, addr FROM t WHERE id = 2']),
	(1, 'INSERT', ARRAY['INSERT INTO o SELECT * FROM t WHERE id = 1']),
	(2, 'without a person', ARRAY['INSERT INTO o SELECT 1, NULL, addr FROM t WHERE id = 2']),
	(3, 'for somebody free', ARRAY['INSERT INTO o SELECT 1, ''0202022222'', addr FROM t WHERE id = 1']),
	(4, 'of somebody free, for her', ARRAY['INSERT INTO o SELECT 1, ''0707614285'', addr FROM t WHERE id = 2']),
	(5, 'unbound', ARRAY['INSERT INTO o SELECT 1, ''0202022222'', token::protaddr.address FROM tokens WHERE id = 0']),
	(6, 'UPDATE', ARRAY['INSERT INTO o VALUES (1, ''0707614285'', NULL)', 'UPDATE o SET addr = t.addr FROM t WHERE t.id = 1']),
	(7, 'person changed to hers', ARRAY['UPDATE o SET cpr = ''0707614285'', id = 1']),
	(8, 'ON CONFLICT', ARRAY['INSERT INTO o VALUES (1, ''0707614285'', NULL)', 'INSERT INTO o SELECT * FROM t WHERE id = 1 ON CONFLICT (id) DO UPDATE SET addr = EXCLUDED.addr']),
	(9, 'ON CONFLICT, from elsewhere', ARRAY['INSERT INTO o VALUES (1, ''0707614285'', NULL)', 'INSERT INTO o SELECT * FROM t WHERE id = 1 ON CONFLICT (id) DO UPDATE SET addr = (SELECT addr FROM t WHERE id = 1)']),
	(10, 'MERGE', ARRAY['MERGE INTO o USING t ON o.id = t.id WHEN MATCHED THEN UPDATE SET addr = t.addr WHEN NOT MATCHED THEN INSERT VALUES (t.id, t.cpr, t.addr)']),
	(11, 'view', ARRAY['CREATE VIEW v AS SELECT * FROM o', 'INSERT INTO v SELECT * FROM t WHERE id = 1']),
	(12, 'rule', ARRAY['CREATE TABLE c (LIKE t)', 'CREATE RULE r AS ON INSERT TO c DO INSTEAD INSERT INTO o VALUES (NEW.id, NEW.cpr, NEW.addr)', 'INSERT INTO c SELECT * FROM t WHERE id = 1']),
	(13, 'later BEFORE trigger, of a table above', ARRAY['CREATE TABLE q (LIKE o) PARTITION BY RANGE (id)', 'ALTER TABLE q ATTACH PARTITION o DEFAULT', 'CREATE TRIGGER zzzz BEFORE INSERT ON q FOR EACH ROW EXECUTE FUNCTION put()', 'INSERT INTO o SELECT * FROM t WHERE id = 1']),
	(14, 'AFTER trigger that updates', ARRAY['CREATE TRIGGER zzzz AFTER INSERT ON o FOR EACH ROW EXECUTE FUNCTION put_later()', 'INSERT INTO o SELECT * FROM t WHERE id = 1']),
	(15, 'later trigger, released for another channel', ARRAY['CREATE TABLE q (LIKE o) PARTITION BY RANGE (id)', 'ALTER TABLE q ATTACH PARTITION o DEFAULT', 'INSERT INTO abroad SELECT * FROM t WHERE id = 2', 'SELECT set_config(''regress.put'', addr::text, true) IS NULL FROM abroad', 'CREATE TRIGGER zzzz BEFORE INSERT ON q FOR EACH ROW EXECUTE FUNCTION put()', 'INSERT INTO o SELECT * FROM t WHERE id = 1']),
	(16, 'later trigger, released for somebody else', ARRAY['CREATE TABLE q (LIKE o) PARTITION BY RANGE (id)', 'ALTER TABLE q ATTACH PARTITION o DEFAULT', 'SELECT set_config(''regress.put'', addr::text, true) IS NULL FROM o', 'CREATE TRIGGER zzzz BEFORE INSERT ON q FOR EACH ROW EXECUTE FUNCTION put()', 'INSERT INTO o SELECT * FROM t WHERE id = 1']),
	(17, 'generated column, lying function', ARRAY['CREATE FUNCTION f(text) RETURNS protaddr.address LANGUAGE sql IMMUTABLE AS ''SELECT addr FROM regress_attack.t WHERE cpr = $1''', 'ALTER TABLE o ADD g protaddr.address GENERATED ALWAYS AS (f(cpr)) STORED', 'INSERT INTO o SELECT * FROM t WHERE id = 1']),
	(18, 'array column', ARRAY['ALTER TABLE o ADD g protaddr.address[]', 'INSERT INTO o SELECT *, ARRAY[addr] FROM t WHERE id = 1']),
	(20, 'foreign key that cascades', ARRAY['CREATE TABLE k (a protaddr.address UNIQUE)', 'INSERT INTO k SELECT addr FROM o', 'ALTER TABLE o ADD FOREIGN KEY (addr) REFERENCES k (a) ON UPDATE CASCADE', 'UPDATE o SET id = 1', 'UPDATE k SET a = (SELECT addr FROM t WHERE id = 1)']),
	(21, 'policy that hides the row', ARRAY['ALTER TABLE o ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', 'CREATE POLICY p ON o USING (id = 2) WITH CHECK (true)', 'INSERT INTO o SELECT * FROM t WHERE id = 1']),
	(22, 'a default, by a function', ARRAY['CREATE FUNCTION f() RETURNS protaddr.address LANGUAGE sql AS ''SELECT addr FROM regress_attack.t WHERE id = 1''', 'ALTER TABLE o ALTER addr SET DEFAULT f()', 'INSERT INTO o (id, cpr) VALUES (1, ''0707614285'')']),
	-- what its owner could do to a gated table by DDL, where the library is not loaded
	(29, 'later BEFORE trigger', ARRAY['CREATE TRIGGER zzzz BEFORE INSERT ON o FOR EACH ROW EXECUTE FUNCTION put()', 'INSERT INTO o SELECT * FROM t WHERE id = 1']),
	(30, 'child table', ARRAY['CREATE TABLE c () INHERITS (o)', 'INSERT INTO c SELECT * FROM t WHERE id = 1']),
	(31, 'triggers disabled', ARRAY['ALTER TABLE o DISABLE TRIGGER USER', 'INSERT INTO o SELECT * FROM t WHERE id = 1']),
	(32, 'type altered', ARRAY['CREATE FUNCTION f(text) RETURNS protaddr.address LANGUAGE sql AS ''SELECT addr FROM regress_attack.t WHERE cpr = $1''', 'INSERT INTO o VALUES (1, ''0707614285'', NULL)', 'ALTER TABLE o ALTER addr TYPE protaddr.address USING f(cpr)']),
	(33, 'swapped by name', ARRAY['ALTER TABLE o RENAME TO o_old', 'CREATE TABLE o AS TABLE t', 'DELETE FROM o WHERE id = 2'])
) a(attack, way, statements)
ORDER BY 1;

-- a value released while its person was free does not come back once she is protected
INSERT INTO t VALUES (4, '0404044444', protaddr.address(strtnm => 'Kanariegade', twnnm => 'Aarhus C'));
INSERT INTO o SELECT * FROM t WHERE id = 4;
SELECT set_config('regress.put', addr::text, false) FROM o WHERE id = 4 \g /dev/null
SELECT protaddr.protect('0404044444', 'DK-CPR', '0001');
SELECT attack('regress_u', 'CREATE TABLE q (LIKE o) PARTITION BY RANGE (id)', 'ALTER TABLE q ATTACH PARTITION o DEFAULT', 'CREATE TRIGGER zzzz BEFORE INSERT OR UPDATE ON q FOR EACH ROW EXECUTE FUNCTION put()', 'INSERT INTO o VALUES (5, ''0404044444'', NULL)') AS re_added,
	attack('regress_u', 'INSERT INTO o SELECT 5, cpr, addr FROM o WHERE id = 4', 'SELECT addr IS NULL AS withheld, protaddr.show(addr) FROM o WHERE id = 5') AS copied;

-- the legal minimum of somebody whose town is hidden, too
SELECT protaddr.protect('0707614285', 'manual', 'address_and_town');
INSERT INTO abroad SELECT * FROM t;
SELECT id, protaddr.show(addr) FROM abroad ORDER BY id;

-- rows that move between a partition without a gate and one with
INSERT INTO o_part SELECT 1, cpr, addr FROM t WHERE id = 1;
UPDATE o_part SET id = 2;
SELECT tableoid::regclass, addr IS NULL AS withheld FROM o_part ORDER BY 1;

\c -
SET client_min_messages = warning;
DROP SCHEMA regress_attack CASCADE;
DROP EXTENSION protaddr CASCADE;
DROP ROLE regress_m, regress_u, regress_super;
