--
-- Names, and what tells where somebody lives without an address: what a channel lets leave, what an export may show of them.
-- Exports that are declared so, and read: t/036_export.pl
--
SET client_min_messages = warning;
CREATE EXTENSION protaddr;
CREATE ROLE regress_names_reader;
CREATE FUNCTION refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
CREATE TABLE customer (id int PRIMARY KEY, cpr text, spouse text, name text, branch int, spot point, note text, home protaddr.address);
INSERT INTO customer VALUES (1, '6101704001', NULL, 'Bodil Friis', 17, '(1,1)'), (2, '6201704002', NULL, 'Inga Marie Skjult-Nielsen', 17, '(2,2)'), (3, '6301704003', NULL, 'Karl Åhøj', 18, '(3,3)'),
    (4, 'C-64', NULL, 'Ukendt Person', 19, '(4,4)'), (5, NULL, ' ', 'Nobody Known', 20, '(5,5)'), (6, '6101704001', '6201704002', 'Friis og Skjult', 21, '(6,6)'), (7, '6101704001', NULL, NULL, NULL, NULL);

-- no register: nothing is told, but what a transfer carries whoever it is of
SELECT protaddr.show_name(name, 'file_extract', cpr), protaddr.show_location(branch, 'file_extract', cpr), protaddr.show_name(name, 'sepa', cpr) AS sepa FROM customer WHERE id IN (1, 7) ORDER BY id;
-- 61 is free, of 62 the name is protected, too, of 63 the address alone; C-64 is linked to nobody
SELECT persons, protected FROM protaddr.load_register('DK-CPR', '[{"subject": "6101704001", "protections": []}, {"subject": "6201704002", "protections": [{"code": "0001"}]}, {"subject": "6301704003", "protections": []}]');
SELECT protaddr.protect('6301704003', 'manual', 'address') IS NOT NULL AS protected;
SELECT code, kind FROM protaddr.regime_code WHERE regime = 'DK-CPR' AND code = '0001';
CREATE VIEW shown AS SELECT c.id, h.channel, protaddr.show_name(c.name, h.channel, c.cpr, c.spouse) AS name, protaddr.show_location(c.branch, h.channel, c.cpr, c.spouse) AS branch, protaddr.show_location(c.spot, h.channel, c.cpr, c.spouse) AS spot
FROM customer c, unnest('{file_extract,payee_display,show,straksclearing,joint_holder}'::text[]) h(channel);
SELECT * FROM shown WHERE channel IN ('file_extract', 'straksclearing') ORDER BY channel, id;
-- the rows of the law say so: initials, names of unknown people
SELECT protaddr.set_channel('file_extract', name_when_protected => 'minimum', name_when_unknown => 'leave');
SELECT id, name, branch FROM shown WHERE channel = 'file_extract' ORDER BY id;
SELECT protaddr.set_channel('file_extract', name_when_protected => 'leave', name_when_unknown => 'minimum', when_unknown => 'leave');
SELECT id, name, branch FROM shown WHERE channel = 'file_extract' ORDER BY id;
SELECT refusal($$SELECT protaddr.set_channel('file_extract', name_when_protected => 'disclose')$$), refusal($$SELECT protaddr.set_channel('file_extract', name_when_unknown => 'block')$$);
-- who changes it is told nothing in the same transaction
BEGIN;
SELECT protaddr.set_channel('joint_holder', when_unknown => 'leave', name_when_unknown => 'leave');
SELECT id, name, branch FROM shown WHERE channel = 'joint_holder' AND id IN (1, 4) ORDER BY id;
SELECT protaddr.set_channel('joint_holder', name_when_protected => 'leave', name_when_unknown => 'leave');
SELECT protaddr.show_name('Inga', 'joint_holder', '6101704001');
ROLLBACK;
SELECT protaddr.set_channel('file_extract', name_when_protected => 'withhold', name_when_unknown => 'withhold', when_unknown => 'withhold');
-- a place leaves where the whole address would, and without a record
SELECT protaddr.set_channel('joint_holder', 'disclose', legal_basis => 'a law of this test'), protaddr.set_channel('letter', 'block');
SELECT protaddr.show_location(17, 'joint_holder', '6201704002'), protaddr.show_location(17, 'joint_holder', '6101704001') AS free;
SELECT refusal($$SELECT protaddr.show_location(17, 'letter', '6201704002')$$), refusal($$SELECT protaddr.show_location(17, 'representative', '6201704002')$$), protaddr.show_name('Inga', 'letter', '6201704002');
-- nobody, too many, no channel
SELECT protaddr.show_name('A', 'file_extract') AS nobody, protaddr.show_name('A', 'file_extract', VARIADIC array_fill('6101704001'::text, ARRAY[17])) AS many, protaddr.show_name('A', 'file_extract', VARIADIC array_fill('6101704001'::text, ARRAY[16])) AS sixteen,
       protaddr.show_name('A', NULL, '6101704001') AS no_channel, protaddr.show_name('A', 'file_extract', VARIADIC NULL) AS no_subjects, protaddr.show_location(1, NULL, '6101704001') AS place, protaddr.show_location(1, 'file_extract') AS of_nobody,
       refusal($$SELECT protaddr.show_name('A', 'nowhere', '6101704001')$$), refusal(format('SELECT protaddr.show_name(%L, %L, %L)', 'A', 'file_extract', repeat('9', 300)));
SET ROLE regress_names_reader;
SELECT refusal($$SELECT protaddr.show_name('A', 'file_extract', '6201704002')$$), refusal($$SELECT protaddr.show_location(1, 'file_extract', '6201704002')$$), refusal($$SELECT protaddr.vop_answer('A', 'A')$$),
       refusal($$SELECT protaddr.declare_name('customer', 'name', '{cpr}', 'w')$$), refusal($$SELECT protaddr.declare_location('customer', 'branch', 'w')$$), refusal($$SELECT protaddr.undeclare_name('public.customer', 'name', 'w')$$),
       refusal($$SELECT protaddr.undeclare_location('public.customer', 'branch', 'w')$$), refusal('SELECT * FROM protaddr.proxy_column'), refusal('SELECT * FROM protaddr.proxy_status'), refusal('SELECT protaddr.follow_proxy_columns()');
RESET ROLE;

-- a payee's bank is asked whose name it is: the answer never has a name, and is the same of a protected payee
SELECT left(typed, 20) AS typed, string_agg(protaddr.vop_answer(replace(typed, 'X', who), replace(name, 'X', who)), ' ' ORDER BY who, name NULLS FIRST) AS answers FROM (VALUES
    ('Inga X', 'Inga X'), ('INGA  X', 'Inga X'), ('I. X', 'Inga Marie X'), ('X Inga', 'Inga X'), ('Inga', 'Inga X'), ('Inga Marei X', 'Inga Marie X'), ('X', 'Inga X'), ('I X', 'Inga X'), ('Bo Hansen', 'Inga X'), ('', 'Inga X'),
    ('Søren Ågård', 'SOEREN AAGAARD'), ('O''Neill, Mary-Ann', 'ONeill Mary Ann'), (repeat('a', 600), repeat('a', 600)), ('I M', 'Inga Marie'), (NULL, 'Inga X'), ('Inga X', NULL)) v(typed, name), (VALUES ('Friis'), ('Skjult')) w(who)
GROUP BY typed ORDER BY typed COLLATE "C";
SELECT protaddr.end_channel('vop_answer'), protaddr.vop_answer('Bodil Friis', 'Bodil Friis');

-- declared
CREATE VIEW of_customer AS SELECT * FROM customer;
CREATE TABLE legacy (cpr text, line text, twice text GENERATED ALWAYS AS (lower(cpr)) STORED, share numeric, since date, several text[]);
SELECT protaddr.declare_address_columns('legacy', 'cpr', line => 'line');
SELECT refusal(format('SELECT protaddr.declare_name(%L, %L, %L, %L)', r, c, s, w)) FROM (VALUES
    ('customer', 'name', '{cpr}', NULL), ('customer', 'name', '{cpr}', ' '), ('customer', 'name', NULL, 'w'), ('customer', 'name', '{}', 'w'), ('customer', 'nothing', '{cpr}', 'w'), ('customer', 'name', '{nothing}', 'w'), ('customer', 'branch', '{cpr}', 'w'),
    ('customer', 'home', '{cpr}', 'w'), ('customer', 'name', '{name}', 'w'), ('of_customer', 'name', '{cpr}', 'w'), ('pg_catalog.pg_class', 'relname', '{relname}', 'w'), ('legacy', 'line', '{cpr}', 'w'), ('legacy', 'twice', '{cpr}', 'w'),
    ('legacy', 'cpr', '{share}', 'w'), ('legacy', 'cpr', '{since}', 'w'), ('legacy', 'cpr', '{several,twice}', 'w')) t(r, c, s, w);
SELECT refusal(format('SELECT protaddr.declare_location(%L, %L, %L)', r, c, w)) FROM (VALUES ('customer', 'home', 'w'), ('customer', 'branch', NULL), ('legacy', 'line', 'w')) t(r, c, w);
SELECT protaddr.declare_name('customer', 'name', '{cpr,spouse}', 'names of customers'), protaddr.declare_location('customer', 'branch', 'the nearest branch', '{cpr,spouse}'), protaddr.declare_location('customer', 'spot', 'nobody says whose'),
       protaddr.declare_free('customer', 'cpr', 'numbers'), protaddr.declare_free('customer', 'spouse', 'numbers'), protaddr.declare_free('customer', 'name', 'free of addresses does not make it free');
SELECT schema_name, relation_name, column_name, kind, subjects, reason, status FROM protaddr.proxy_status;

-- what an export may show of them: an attacker writes the view
CREATE FUNCTION verdicts(body text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE r text;
BEGIN
    EXECUTE 'CREATE TEMP VIEW tried AS ' || body;
    SELECT string_agg(CASE WHEN verdict = 'may leave' THEN 'leaves' ELSE regexp_replace(verdict, '^refused: (column public\.)?', '') END, '; ' ORDER BY column_name) INTO r FROM protaddr.explain_export('pg_temp.tried', 'file_extract');
    DROP VIEW pg_temp.tried;
    RETURN r;
END
$$;
CREATE FUNCTION named(customer) RETURNS text STABLE LANGUAGE sql BEGIN ATOMIC SELECT ($1).name; END;
CREATE VIEW same_row AS SELECT id, name AS called, cpr AS who, spouse AS other, branch FROM customer;
CREATE TABLE friend (cpr text, spouse text, name text);
SELECT protaddr.declare_free('friend', 'cpr', 'numbers'), protaddr.declare_free('friend', 'spouse', 'numbers'), protaddr.declare_free('friend', 'name', 'names of others');
CREATE TABLE shape (id serial, body text);
-- these may
INSERT INTO shape (body) VALUES
    ('SELECT protaddr.show_name(name, ''file_extract'', cpr, spouse) AS x FROM customer'),
    ('SELECT protaddr.show_name(c.name, ''file_extract'', c.spouse, c.cpr) AS x FROM customer c JOIN friend f ON f.cpr = c.cpr'),
    ('SELECT protaddr.show_name(called, ''file_extract'', who, other) AS x FROM same_row'),
    ('SELECT protaddr.show_name(n, ''file_extract'', w, o) AS x FROM (SELECT called, who, other FROM same_row) s(n, w, o)'),
    ('WITH s AS (SELECT * FROM customer) SELECT protaddr.show_name(name, ''file_extract'', cpr, spouse) AS x FROM s'),
    ('SELECT protaddr.show_name(name, ''file_extract'', cpr, spouse) AS x FROM (SELECT name, cpr, spouse FROM customer UNION ALL SELECT name, cpr, spouse FROM customer) s'),
    ('SELECT protaddr.show_name(name::varchar, ''file_extract'', cpr::text, spouse::varchar) AS x FROM customer'),
    ('SELECT upper(protaddr.show_name(name, ''file_extract'', cpr, spouse)) AS x FROM customer ORDER BY id'),
    ('SELECT (SELECT protaddr.show_name(c.name, ''file_extract'', c.cpr, c.spouse)) AS x FROM customer c'),
    ('SELECT protaddr.show_name(c.name, ''file_extract'', c.cpr, c.spouse) AS x FROM friend f LEFT JOIN customer c ON c.cpr = f.cpr'),
    ('SELECT protaddr.guard(protaddr.show_name(name, ''file_extract'', cpr, spouse), ''file_extract'') AS x FROM customer'),
    ('SELECT protaddr.show_location(branch, ''file_extract'', cpr, spouse) AS x FROM customer'),
    ('SELECT protaddr.show_location(spot, ''file_extract'') AS x FROM customer'),
    ('SELECT count(*) AS x FROM customer'), ('SELECT id AS x, cpr AS y FROM customer WHERE cpr = ''6101704001''');
SELECT id, verdicts(body), CASE WHEN verdicts(body) ~ '^leaves(; leaves)*$' THEN '' ELSE body END AS wrong FROM shape ORDER BY id;
-- these may not: bare, changed, asked of, ordered and grouped by, told by the company it keeps
TRUNCATE shape;
INSERT INTO shape (body) VALUES
    ('SELECT name AS x FROM customer'), ('SELECT branch AS x FROM customer'), ('SELECT protaddr.guard(name, ''file_extract'') AS x FROM customer'), ('SELECT spot[0] AS x FROM customer'), ('SELECT branch + 0 AS x FROM customer'),
    ('SELECT coalesce(protaddr.show_name(name, ''file_extract'', cpr, spouse), name) AS x FROM customer'),
    ('SELECT coalesce(nullif(protaddr.show_name(name, ''file_extract'', cpr, spouse), ''[name withheld]''), name) AS x FROM customer'),
    ('SELECT CASE WHEN branch = 17 THEN 1 ELSE 0 END AS x FROM customer'), ('SELECT name = ''Inga Skjult'' AS x FROM customer'), ('SELECT name IS NULL AS x FROM customer'), ('SELECT length(name) AS x FROM customer'),
    ('SELECT id AS x FROM customer WHERE branch = 17'), ('SELECT id AS x FROM customer ORDER BY branch'), ('SELECT id AS x FROM customer ORDER BY name LIMIT 1'), ('SELECT min(id) AS x FROM customer GROUP BY branch'),
    ('SELECT array_agg(id ORDER BY name) AS x FROM customer'), ('SELECT count(DISTINCT branch) AS x FROM customer'), ('SELECT count(*) FILTER (WHERE branch = 17) AS x FROM customer'), ('SELECT max(id) AS x FROM customer HAVING max(branch) = 21'),
    ('SELECT row_number() OVER (ORDER BY name) AS x FROM customer'), ('SELECT rank() OVER (PARTITION BY branch ORDER BY id) AS x FROM customer'), ('SELECT DISTINCT ON (branch) id AS x FROM customer'),
    ('SELECT a.id AS x, b.id AS y FROM customer a JOIN customer b USING (branch)'), ('SELECT a.id AS x FROM customer a WHERE EXISTS (SELECT FROM customer b WHERE b.branch = a.branch AND b.id = 1)'),
    ('SELECT id AS x FROM (SELECT id, branch FROM customer EXCEPT SELECT id, 17 FROM customer) s'), ('SELECT id AS x FROM (SELECT id, branch FROM customer EXCEPT ALL SELECT id, 17 FROM customer) s'), ('SELECT id AS x FROM (SELECT id, branch FROM customer UNION SELECT id, 17 FROM customer) s'), ('SELECT id AS x FROM customer WHERE (id, branch) IN (SELECT 2, 17)'),
    ('SELECT g AS x FROM customer, generate_series(1, branch) g'), ('SELECT count(*) AS x FROM customer c, friend f WHERE f.name = c.name'),
    ('SELECT to_jsonb(c) AS x FROM customer c'), ('SELECT c AS x FROM customer c'), ('SELECT c::text AS x FROM customer c'), ('SELECT named(c) AS x FROM customer c'), ('SELECT string_agg(name, '','') AS x FROM customer'), ('SELECT query_to_xml(''TABLE customer'', true, true, '''') AS x'),
    -- somebody else, or nobody, is asked about
    ('SELECT protaddr.show_name(name, ''file_extract'', ''6101704001'') AS x FROM customer'), ('SELECT protaddr.show_name(name, ''file_extract'', cpr) AS x FROM customer'), ('SELECT protaddr.show_name(name, ''file_extract'') AS x FROM customer'),
    ('SELECT protaddr.show_name(name, ''file_extract'', coalesce(cpr, ''6101704001''), spouse) AS x FROM customer'), ('SELECT protaddr.show_name(name, ''file_extract'', replace(cpr, ''62'', ''61''), spouse) AS x FROM customer'),
    ('SELECT protaddr.show_name(name, ''file_extract'', cpr::varchar(4), spouse) AS x FROM customer'), ('SELECT protaddr.show_name(name, ''file_extract'', VARIADIC ARRAY[cpr, spouse, ''6101704001'']) AS x FROM customer'),
    ('SELECT protaddr.show_name(name, ''file_extract'', VARIADIC (SELECT ARRAY[cpr, spouse])) AS x FROM customer'), ('SELECT protaddr.show_name(name, ''file_extract'', spouse, spouse) AS x FROM customer'),
    ('SELECT protaddr.show_name(a.name, ''file_extract'', b.cpr, b.spouse) AS x FROM customer a, customer b'), ('SELECT protaddr.show_name(a.name, ''file_extract'', a.cpr, b.spouse) AS x FROM customer a, customer b'),
    ('SELECT protaddr.show_name(c.name, ''file_extract'', f.cpr, f.spouse) AS x FROM customer c, friend f'), ('SELECT protaddr.show_name(a.called, ''file_extract'', b.who, b.other) AS x FROM same_row a, same_row b'),
    ('SELECT protaddr.show_name(n, ''file_extract'', w, o) AS x FROM (SELECT a.name, b.cpr, b.spouse FROM customer a, customer b) s(n, w, o)'), ('SELECT protaddr.show_name(n, ''file_extract'', w, o) AS x FROM (SELECT a.called, b.who, b.other FROM same_row a, same_row b) s(n, w, o)'),
    ('WITH a AS (SELECT * FROM customer) SELECT protaddr.show_name(x.name, ''file_extract'', y.cpr, y.spouse) AS x FROM a x, a y'),
    ('SELECT protaddr.show_name(name, ''file_extract'', cpr, spouse) AS x FROM (SELECT name, cpr, spouse FROM customer UNION ALL SELECT name, spouse, spouse FROM customer) s'),
    ('SELECT protaddr.show_name(name, ''file_extract'', cpr, spouse) AS x FROM (SELECT name, cpr, spouse FROM customer UNION ALL SELECT c.name, f.cpr, f.spouse FROM customer c, friend f) s'),
    ('SELECT protaddr.show_name(max(name), ''file_extract'', cpr, spouse) AS x FROM customer GROUP BY cpr, spouse'), ('SELECT protaddr.show_name(name, ''file_extract'', cpr, spouse) AS x FROM customer GROUP BY GROUPING SETS ((name, cpr), (name, spouse))'),
    ('SELECT protaddr.show_name(name, ''file_extract'', cpr, spouse) AS x FROM customer a FULL JOIN friend b USING (name, cpr, spouse)'), ('SELECT protaddr.show_name(lag(name) OVER (ORDER BY id), ''file_extract'', cpr, spouse) AS x FROM customer'),
    ('WITH RECURSIVE r AS (SELECT name, cpr, spouse FROM customer UNION ALL SELECT name, spouse, cpr FROM r WHERE false) SELECT protaddr.show_name(name, ''file_extract'', cpr, spouse) AS x FROM r'),
    ('SELECT protaddr.show_name(v.n, ''file_extract'', v.c, v.s) AS x FROM customer, LATERAL (VALUES (name, cpr, spouse)) v(n, c, s)'), ('SELECT protaddr.show_name(substr(name, 2, 1), ''file_extract'', cpr, spouse) AS x FROM customer'),
    ('SELECT protaddr.show_name(name || ''.'', ''file_extract'', cpr, spouse) AS x FROM customer'),
    -- the wrong function, the wrong channel
    ('SELECT protaddr.show_location(name, ''file_extract'', cpr, spouse) AS x FROM customer'), ('SELECT protaddr.show_name(branch::text, ''file_extract'', cpr, spouse) AS x FROM customer'), ('SELECT protaddr.show_location(spot, ''file_extract'', cpr) AS x FROM customer'),
    ('SELECT protaddr.show_name(name, ''straksclearing'', cpr, spouse) AS x FROM customer'), ('SELECT protaddr.show_name(name, lower(''FILE_EXTRACT''), cpr, spouse) AS x FROM customer'), ('SELECT protaddr.show_name(note, ''file_extract'', cpr, spouse) AS x FROM customer'),
    ('SELECT protaddr.vop_answer(''Inga Skjult'', name) AS x FROM customer');
SELECT id, verdicts(body), CASE WHEN verdicts(body) ~ 'leaves' THEN body ELSE '' END AS wrong FROM shape ORDER BY id;
SELECT protaddr.explain_export('same_row', 'file_extract');

-- written for you
CREATE VIEW report AS SELECT c.id, c.name, c.cpr, c.spouse, c.branch FROM customer c;
SELECT regexp_replace(protaddr.suggest_export('report', 'file_extract'), '\mc\.', '', 'g');
CREATE VIEW half AS SELECT c.id, c.name, c.cpr FROM customer c;
SELECT regexp_replace(protaddr.suggest_export('half', 'file_extract'), '\mc\.', '', 'g');
SELECT protaddr.create_display_view('customer', 'public.person');
SELECT id, name, branch, spot FROM person ORDER BY id;

-- the declaration follows its column, and waits for whatever comes to bear its names
ALTER TABLE customer RENAME cpr TO number;
ALTER TABLE customer RENAME name TO called;
ALTER TABLE customer ADD name text;
CREATE SCHEMA other;
ALTER TABLE customer SET SCHEMA other;
ALTER TABLE other.customer RENAME TO client;
SELECT schema_name, relation_name, column_name, kind, subjects, status FROM protaddr.proxy_status WHERE column_name <> 'spot';
SELECT verdicts('SELECT called AS a, branch AS b, protaddr.show_name(called, ''file_extract'', number, spouse) AS c, name AS d FROM other.client');
-- made anew by a system update
CREATE TABLE customer (name text, cpr text, number text, spouse text, branch bigint);
SELECT verdicts('SELECT name AS a, branch AS b, protaddr.show_location(branch, ''file_extract'', number, spouse) AS c FROM customer');
-- renamed where nobody follows it
UPDATE pg_attribute SET attname = 'unnoticed' WHERE attrelid = 'other.client'::regclass AND attname = 'called';
SELECT verdicts('SELECT unnoticed AS a FROM other.client');
-- whom it is of is gone: then it is shown in no way
ALTER TABLE other.client DROP spouse CASCADE;
SELECT verdicts('SELECT unnoticed AS a, protaddr.show_name(unnoticed, ''file_extract'', number) AS b FROM other.client');
ALTER TABLE other.client DROP unnoticed CASCADE;
ALTER TABLE other.client ADD called text;
SELECT verdicts('SELECT called AS a FROM other.client');

-- partitions and heirs, both ways
CREATE TABLE parted (cpr text, name text, at int) PARTITION BY LIST (at);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1);
CREATE TABLE parent (cpr text, name text);
CREATE TABLE heir (more int) INHERITS (parent);
SELECT protaddr.declare_name('parted', 'name', '{cpr}', 'w'), protaddr.declare_name('heir', 'name', '{cpr}', 'w');
SELECT verdicts('SELECT name AS a, protaddr.show_name(name, ''file_extract'', cpr) AS b FROM ' || r) FROM unnest('{parted_1,parted,parent,heir}'::text[]) r;
-- other types of subjects
CREATE TABLE kinds (n bigint, u uuid, c char(12), holders text[], numbers int[], name text, name2 varchar(20), name3 text, name4 text, name5 char(30));
SELECT protaddr.declare_name('kinds', 'name', '{n}', 'w'), protaddr.declare_name('kinds', 'name2', '{u}', 'w'), protaddr.declare_name('kinds', 'name3', '{holders}', 'w'), protaddr.declare_name('kinds', 'name4', '{numbers}', 'w'), protaddr.declare_name('kinds', 'name5', '{c}', 'w');
INSERT INTO kinds VALUES (6101704001, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '6101704001', '{6101704001,6201704002}', '{1,2}', 'A', 'B', 'C', 'D', 'E');
SELECT protaddr.create_display_view('kinds', 'public.kinds_shown');
SELECT name, name2, name3, name4, name5 FROM kinds_shown;
SELECT verdicts(format('SELECT %s AS x FROM kinds', protaddr.proxy_expression('kinds'::regclass, c, 'file_extract'))) FROM unnest('{name,name2,name3,name4,name5}'::name[]) c;

-- taken back, on record
SELECT protaddr.undeclare_name('public.heir', 'name', 'moved'), protaddr.undeclare_name('public.heir', 'name', 'moved'), protaddr.undeclare_location('public.parted', 'name', 'of another kind'), refusal($$SELECT protaddr.undeclare_name('public.parted', 'name', NULL)$$), refusal($$SELECT protaddr.undeclare_name('parted', 'name', 'w')$$);
SELECT verdicts('SELECT name AS a FROM parent');
SELECT what, object, reason FROM protaddr.export_change WHERE what ~ '(name|location)' AND object ~ '(customer|client|heir)' ORDER BY id;
SELECT refusal('TRUNCATE protaddr.proxy_column');

DROP EXTENSION protaddr CASCADE;
DROP SCHEMA other CASCADE;
DROP TABLE customer, legacy, friend, shape, parted, parent, kinds CASCADE;
DROP FUNCTION refusal(text);
DROP FUNCTION verdicts(text);
DROP ROLE regress_names_reader;
