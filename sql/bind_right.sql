--
-- Who may say whom an address concerns that concerns nobody yet?
--
SET client_min_messages = warning;
CREATE EXTENSION protaddr;
-- the officer and Mallory have names of the same length
CREATE ROLE regress_bind_engineer;
CREATE ROLE regress_bind_officer;
CREATE ROLE regress_bind_mallory;
GRANT CREATE ON SCHEMA public TO regress_bind_engineer, regress_bind_officer, regress_bind_mallory;
GRANT EXECUTE ON FUNCTION protaddr.bind_column, protaddr.bind_row TO regress_bind_engineer;
SELECT protaddr.confirm_register('hand');
SELECT protaddr.protect('6201704002', 'DK-CPR', '0001');

SET SESSION AUTHORIZATION regress_bind_engineer;
CREATE TABLE customer (cpr text PRIMARY KEY, note text, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', 'cpr');
GRANT SELECT, INSERT, UPDATE ON customer TO regress_bind_officer, regress_bind_mallory;
-- functions that others may call: one takes a value, one takes what is typed
CREATE FUNCTION put(cpr text, note text, home protaddr.address) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS
    'INSERT INTO customer VALUES ($1, $2, $3)';
CREATE FUNCTION put_text(cpr text, note text, home text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
    'BEGIN INSERT INTO customer VALUES ($1, $2, $3::protaddr.address); END';
RESET SESSION AUTHORIZATION;

-- the clerk typed an address in, where it is not bound yet; Mallory may read the table
SET SESSION AUTHORIZATION regress_bind_officer;
CREATE TABLE staging (home protaddr.address);
INSERT INTO staging VALUES ('Strandgade 4711');
GRANT SELECT ON staging TO regress_bind_mallory, regress_bind_engineer;
RESET SESSION AUTHORIZATION;

-- Mallory himself, by whatever way is his own
SET SESSION AUTHORIZATION regress_bind_mallory;
INSERT INTO customer SELECT 'free-1', 'plain', home FROM staging;
SELECT put('free-2', 'through a function of somebody who may', home) FROM staging;
SELECT put_text('free-3', 'as text, through one', home::text) FROM staging;
CREATE FUNCTION steal(free text, how text) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public.customer SELECT free, how || ', as ' || current_user, home FROM public.staging ON CONFLICT (cpr) DO NOTHING;
    RETURN 1;
END
$$;
CREATE FUNCTION steal_put(free text, how text) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    PERFORM public.put(free, how, home) FROM public.staging WHERE NOT EXISTS (SELECT FROM public.customer WHERE cpr = free);
    RETURN 1;
END
$$;
CREATE FUNCTION greet() RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN PERFORM public.steal('free-4', 'definer'); RETURN 'hello'; END $$;
CREATE FUNCTION greet_put() RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN PERFORM public.steal_put('free-5', 'definer in a definer'); RETURN 'hello'; END $$;
-- maintenance runs an index's expressions, a foreign key's action a trigger
CREATE FUNCTION expression(i int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF session_user <> 'regress_bind_mallory' THEN
        RETURN public.steal('free-6' || i, 'maintenance');
    END IF;
    RETURN 1;
END
$$;
CREATE TABLE analyzed (i int);
CREATE INDEX ON analyzed (expression(i));
INSERT INTO analyzed VALUES (1);
CREATE MATERIALIZED VIEW refreshed AS SELECT expression(i + 1) FROM analyzed;
CREATE TABLE referenced (i int PRIMARY KEY);
CREATE TABLE referencing (i int REFERENCES referenced ON DELETE CASCADE);
CREATE FUNCTION cascaded() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM public.steal('free-7', 'foreign key'), public.steal_put('free-8', 'foreign key, definer'); RETURN OLD; END $$;
CREATE TRIGGER cascaded BEFORE DELETE ON referencing FOR EACH ROW EXECUTE FUNCTION cascaded();
INSERT INTO referenced VALUES (1);
INSERT INTO referencing VALUES (1);
GRANT SELECT, DELETE ON referenced TO regress_bind_engineer;
RESET SESSION AUTHORIZATION;

-- somebody who may is made to do it
ANALYZE analyzed;
REINDEX TABLE analyzed;
REFRESH MATERIALIZED VIEW refreshed;
SET SESSION AUTHORIZATION regress_bind_engineer;
SELECT greet(), greet_put();
DELETE FROM referenced;
RESET SESSION AUTHORIZATION;
SELECT greet(), greet_put();
-- who typed it in is made to do it
SET SESSION AUTHORIZATION regress_bind_officer;
SELECT greet(), greet_put();
RESET SESSION AUTHORIZATION;
SELECT cpr, note, protaddr.subjects_of(home), protaddr.show(home) FROM customer ORDER BY cpr;
DELETE FROM customer;

-- what is right stays possible: typed in and bound by one role; in a function of somebody who may; by who may
SET SESSION AUTHORIZATION regress_bind_officer;
INSERT INTO customer VALUES ('6101704001', 'typed', 'Vestergade 1');
INSERT INTO customer SELECT '6101704002', 'typed before', home FROM staging;
SELECT put_text('6101704003', 'typed in a function', 'Vestergade 3');
SELECT put('6101704004', 'typed for a function', 'Vestergade 4'::text::protaddr.address);
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION regress_bind_engineer;
INSERT INTO customer SELECT '6101704005', 'may bind', home FROM staging;
SELECT put('6101704006', 'may bind, in a function', home) FROM staging;
RESET SESSION AUTHORIZATION;
SET ROLE regress_bind_engineer;
INSERT INTO customer SELECT '6101704007', 'SET ROLE', home FROM staging;
RESET ROLE;
INSERT INTO customer SELECT '6101704008', 'a superuser', home FROM staging;
SELECT cpr, note, protaddr.subjects_of(home), protaddr.show(home) FROM customer ORDER BY cpr;
-- typed in by a function, handed out, and bound by who called it: not by the two that typed it
SET SESSION AUTHORIZATION regress_bind_mallory;
CREATE FUNCTION vault() RETURNS protaddr.address LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN RETURN 'Strandgade 9'::text::protaddr.address; END $$;
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION regress_bind_officer;
INSERT INTO customer VALUES ('6101704009', 'typed by another''s function', vault());
RESET SESSION AUTHORIZATION;
SELECT cpr, note, protaddr.subjects_of(home), protaddr.show(home) FROM customer WHERE cpr = '6101704009';

-- rows that are there: bound as they are stored, not as a trigger of the table makes them meanwhile
SET SESSION AUTHORIZATION regress_bind_engineer;
CREATE TABLE other (cpr text, home protaddr.address);
INSERT INTO other VALUES ('6101704010', 'Vestergade 10'), ('610170-4011', 'Vestergade 11'), ('6101704012', 'Vestergade 12');
INSERT INTO other SELECT '6101704013', home FROM staging;
CREATE FUNCTION swap() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.cpr = '6101704010' THEN
        NEW.home := (SELECT home FROM public.staging);
    ELSIF NEW.cpr = '6101704012' THEN
        NEW.cpr := 'free-12';
    ELSE
        NEW.cpr := replace(NEW.cpr, '-', '');
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER aa_swap BEFORE UPDATE ON other FOR EACH ROW EXECUTE FUNCTION swap();
SELECT protaddr.bind_column('other', 'home', 'cpr');
RESET SESSION AUTHORIZATION;
SELECT cpr, protaddr.subjects_of(home), protaddr.show(home) FROM other ORDER BY cpr;

-- bind_rows: who may not is refused before there is a lock
CREATE FUNCTION refused(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM || CASE WHEN EXISTS (SELECT FROM pg_locks WHERE pid = pg_backend_pid() AND relation = 'other'::regclass AND mode <> 'AccessShareLock') THEN ', locked' ELSE '' END;
END
$$;
BEGIN;
SET LOCAL ROLE regress_bind_mallory;
SELECT refused('SELECT protaddr.bind_rows(''other'', ''home'')'), refused('SELECT protaddr.bind_rows(0, ''home'')'), refused('SELECT protaddr.bind_column(''other'', ''home'', ''cpr'')');
COMMIT;
GRANT regress_bind_engineer TO regress_bind_officer;
SET SESSION AUTHORIZATION regress_bind_engineer;
CREATE FUNCTION bind_it() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS $$ SELECT protaddr.bind_rows('public.other', 'home') $$;
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION regress_bind_mallory;
SELECT refused('SELECT bind_it()');
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION regress_bind_engineer;
SELECT bind_it();
RESET SESSION AUTHORIZATION;

-- a substitute address is chosen by the same right
SELECT protaddr.substitute_fits(home, '6201704002') AS superuser FROM staging;
CREATE FUNCTION fits() RETURNS boolean LANGUAGE sql SECURITY DEFINER AS $$ SELECT protaddr.substitute_fits(home, '6201704002') FROM public.staging $$;
GRANT EXECUTE ON FUNCTION protaddr.substitute_fits TO regress_bind_mallory;
ALTER FUNCTION fits() OWNER TO regress_bind_mallory;
SELECT fits() AS through_mallory;

DROP TABLE customer, staging, analyzed, referenced, referencing, other CASCADE;
DROP FUNCTION fits, refused;
DROP OWNED BY regress_bind_engineer, regress_bind_officer, regress_bind_mallory;
DROP EXTENSION protaddr CASCADE;
DROP ROLE regress_bind_engineer, regress_bind_officer, regress_bind_mallory;
