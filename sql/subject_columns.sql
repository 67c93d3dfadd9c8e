--
-- Which columns can name people?  Those whose text is the same in every session.
--
SET client_min_messages = warning;
CREATE EXTENSION protaddr;
-- what is accepted is undone, too
CREATE FUNCTION refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RAISE SQLSTATE 'UNDO1';
EXCEPTION WHEN SQLSTATE 'UNDO1' THEN
    RETURN 'accepted';
WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
SELECT protaddr.confirm_register('hand');
SELECT protaddr.protect('6201704002', 'DK-CPR', '0001');
CREATE DOMAIN cpr AS text CHECK (length(VALUE) >= 10);
CREATE DOMAIN cprs AS cpr[];
CREATE DOMAIN account AS numeric(14, 2);
CREATE TYPE person AS (cpr text, name text);
CREATE TYPE colour AS ENUM ('6201704002', 'red');

-- at install
SELECT t, coalesce(protaddr.subject_type(t::regtype), '-') AS names,
       refusal(format('CREATE TABLE one (s %s, home protaddr.address); SELECT protaddr.bind_column(''one'', ''home'', ''s'')', t)) AS bind_column,
       refusal(format('CREATE TABLE one (s %s, home protaddr.address); SELECT protaddr.install_gate(''one'', ''sepa'', ''s'')', t)) AS gate
FROM unnest('{text,varchar,char(12),smallint,integer,bigint,numeric,uuid,cpr,account,"text[]","varchar[]","bigint[]","uuid[]","cpr[]",cprs,"account[]",
    real,double precision,date,timestamptz,interval,boolean,bytea,json,jsonb,xml,money,name,oid,regclass,"\"char\"",inet,bit(8),int4range,int4multirange,person,colour,
    "person[]","date[]","jsonb[]",protaddr.address,"protaddr.address[]"}'::text[]) WITH ORDINALITY u(t, n) ORDER BY n;
SELECT what, t, refusal(format('CREATE TABLE %1$I (n int, s text, c %2$s, v %3$s, a %4$s, p %5$s, home protaddr.address);
        SELECT protaddr.install_gate(%1$L, subject => ''s'', channel_column => ''c'', amount => ''a'', currency => ''v'', payee => ''p'')',
    what || '_' || n, CASE what WHEN 'channel' THEN t ELSE 'text' END, CASE what WHEN 'currency' THEN t ELSE 'text' END,
    CASE what WHEN 'amount' THEN t ELSE 'numeric' END, CASE what WHEN 'payee' THEN t ELSE 'text' END)) AS gate
FROM unnest('{channel,currency,amount,payee}'::text[]) WITH ORDINALITY w(what, i), unnest('{text,colour,bigint,date,json,"text[]",double precision}'::text[]) WITH ORDINALITY u(t, n) ORDER BY i, n;

-- what they name
CREATE TABLE named (n int PRIMARY KEY, t text, c char(14), i bigint, d numeric, u uuid, home protaddr.address);
SELECT protaddr.bind_column('named', 'home', s) FROM unnest('{t,c,i,d,u}'::name[]) s;
INSERT INTO named VALUES (1, '620170-4002', '6201704002', 6201704002, 6201704002.000, NULL, 'Kanariegade 1'), (2, NULL, NULL, -1, 0, '62017040-0200-0000-0000-000000000000', 'Vestergade 2');
INSERT INTO named VALUES (3, NULL, NULL, NULL, NULL, '00000000-0000-0000-0000-006201704002', 'Kanariegade 3'), (4, NULL, NULL, NULL, 1e20, 'c0ffee00-0000-0000-0000-000000000000', 'Vestergade 4');
SELECT n, protaddr.subjects_of(home), protaddr.show(home) FROM named ORDER BY n;
SELECT refusal(format('INSERT INTO named (n, d, home) VALUES (9, %s, ''Vestergade 9'')', v)) FROM unnest('{''NaN'',''Infinity'',12.5,0.1,1e70}'::text[]) v;
-- no setting changes whom
SET extra_float_digits = -10;
SET DateStyle = 'SQL, DMY';
SET IntervalStyle = sql_standard;
SET bytea_output = escape;
INSERT INTO named VALUES (5, NULL, NULL, 6201704002, 6201704002.0, NULL, 'Kanariegade 5');
RESET ALL;
SET client_min_messages = warning;
SELECT n, protaddr.subjects_of(home), protaddr.show(home) FROM named WHERE n = 5;

-- an array: each element is a person
CREATE TABLE joint (n int PRIMARY KEY, holders cprs, accounts bigint[], home protaddr.address);
SELECT protaddr.bind_column('joint', 'home', 'holders'), protaddr.bind_column('joint', 'home', 'accounts');
INSERT INTO joint VALUES (1, '{6101704001,620170-4002}', NULL, 'Kanariegade 1'), (2, '{6101704001,NULL,0610170-4001}', '{}', 'Vestergade 2'),
    (3, '{{6101704001,6101704003},{6101704004,6201704002}}', NULL, 'Kanariegade 3'), (4, '{NULL,"          "}', '{NULL}', 'Kanariegade 4'), (5, NULL, '{6101704001,6201704002}', 'Kanariegade 5');
SELECT n, protaddr.subjects_of(home), protaddr.show(home) FROM joint ORDER BY n;
SELECT * FROM protaddr.bound_values('joint', 'home', 'holders');
UPDATE joint SET holders = '{6101704001,6201704002}' WHERE n = 2;
SELECT n, protaddr.show(home) FROM joint WHERE n = 2;
-- 16 people and not one more, in one array or over time
INSERT INTO joint SELECT 6, array_agg('person 000' || i), NULL, 'Vestergade 6' FROM generate_series(1, 16) i;
INSERT INTO joint SELECT 7, array_agg('person 000' || i % 16), NULL, 'Vestergade 7' FROM generate_series(1, 500) i;
SELECT n, cardinality(protaddr.subjects_of(home)) AS people, protaddr.show(home) FROM joint WHERE n IN (6, 7) ORDER BY n;
SELECT refusal('INSERT INTO joint SELECT 8, array_agg(''person 000'' || i), NULL, ''Vestergade 8'' FROM generate_series(1, 17) i'), refusal('UPDATE joint SET holders = ''{person 00017}'' WHERE n = 6');

-- a column that changes its type afterwards: nothing is written, and the status says so
CREATE TABLE later (n int, who text, channel text, currency text, amount numeric, payee text, home protaddr.address, sent protaddr.address);
SELECT protaddr.bind_column('later', 'home', 'who');
INSERT INTO later (n, who, home) VALUES (1, '2026-11-28', 'Vestergade 1');
ALTER TABLE later ALTER who TYPE date USING who::date;
SELECT refusal('INSERT INTO later (n, who, home) VALUES (2, ''2026-11-28'', ''Vestergade 2'')');
SELECT relation, column_name, status FROM protaddr.bound_column WHERE relation = 'later'::regclass;
ALTER TABLE later ALTER who TYPE text;
SELECT protaddr.unbind_column('later', 'home');
SELECT protaddr.install_gate('later', subject => 'who', channel_column => 'channel', currency => 'currency', amount => 'amount', payee => 'payee');
CREATE FUNCTION turned(col name, type text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE later ALTER %I TYPE %s USING NULL', col, type);
    EXECUTE 'INSERT INTO later (n, sent) VALUES (3, NULL)';
    RETURN 'written';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
SELECT turned(c, t) FROM (VALUES (1, 'who', 'date'), (2, 'who', 'text[]'), (3, 'payee', 'jsonb'), (4, 'channel', 'bigint'), (5, 'currency', 'bytea'), (6, 'amount', 'money')) v(n, c, t) ORDER BY n;

DROP TABLE named, joint, later;
DROP TABLE IF EXISTS later_held;
DROP FUNCTION refusal, turned;
DROP TYPE person, colour CASCADE;
DROP DOMAIN cprs, cpr, account;
DROP EXTENSION protaddr CASCADE;
