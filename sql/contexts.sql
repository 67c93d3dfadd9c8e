-- What does an error say of the way that it took through our own functions?  Nothing; of the caller's, everything.
\set SHOW_CONTEXT errors
SET client_min_messages = warning;
CREATE EXTENSION protaddr;
SELECT protaddr.confirm_register('regress', new_source => true);
CREATE TABLE payment (id int PRIMARY KEY, payer text, note text, home protaddr.address);
CREATE TABLE customer (id int PRIMARY KEY, cpr text, home protaddr.address);

-- ---- called as they are -------------------------------------------------------------------------
SELECT protaddr.install_gate('payment', channel => 'sepia', subject => 'payer');
SELECT protaddr.install_gate('payment', channel => 'sepa', subject => 'paier');
SELECT protaddr.bind_column('customer', 'home', 'cp');
SELECT protaddr.protect('P1', 'manual', 'nonsense');
SELECT protaddr.protect('P1', 'no such regime', 'address');
SELECT protaddr.load_register('DK-CPR', '{"a": 1}');
SELECT protaddr.release_held(1, 'withhold', 'asked');
SELECT protaddr.set_channel('new');
SELECT protaddr.link_identity('P1', 'P1');

-- ---- through functions of the caller's ------------------------------------------------------------
CREATE FUNCTION mine() RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM protaddr.install_gate('payment', channel => 'sepia',
    subject => 'payer'); END $$;
CREATE FUNCTION outside() RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM mine(); END $$;
SELECT outside();
DO $$ BEGIN EXECUTE 'SELECT protaddr.bind_column(''customer'', ''home'', ''cp'')'; END $$;

-- ---- a trigger of the table's, fired by what our function does ------------------------------------
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not this one'; END $$;
INSERT INTO customer VALUES (1, 'P1', 'Vej 1');
CREATE TRIGGER refuse BEFORE UPDATE ON customer FOR EACH ROW EXECUTE FUNCTION refuse();
SELECT protaddr.bind_column('customer', 'home', 'cpr');
-- the server's own errors
CREATE TRIGGER zz_protaddr_gate BEFORE DELETE ON payment FOR EACH ROW EXECUTE FUNCTION refuse();
SELECT protaddr.install_gate('payment', channel => 'sepa', subject => 'payer');

-- ---- a statement of ours that is an expression, or an assignment ------------------------------------
CREATE FUNCTION protaddr.regress_expression(x int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT 1 / (x - count(*))
    FROM pg_class WHERE false); END $$;
CREATE FUNCTION protaddr.regress_assignment(x int) RETURNS int LANGUAGE plpgsql AS $$ DECLARE y int; BEGIN y := (SELECT 1 / (x - count(*))
    FROM pg_class WHERE false); RETURN y; END $$;
CREATE FUNCTION my_expression(x int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT protaddr.regress_expression(x)); END $$;
CREATE FUNCTION my_assignment(x int) RETURNS int LANGUAGE plpgsql AS $$ DECLARE y int; BEGIN y := (SELECT protaddr.regress_assignment(x)); RETURN y; END $$;
SELECT protaddr.regress_expression(0);
SELECT protaddr.regress_assignment(0);
SELECT my_expression(0);
SELECT my_assignment(0);
-- a function of the caller's that ours calls without a statement
CREATE FUNCTION protaddr.regress_calls(x int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN public.my_statement(x); END $$;
CREATE FUNCTION my_statement(x int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM 1 / x FROM pg_class LIMIT 1; RETURN 1; END $$;
SELECT protaddr.regress_calls(0);
DROP FUNCTION protaddr.regress_calls(int), my_statement(int);
DROP FUNCTION protaddr.regress_expression(int), protaddr.regress_assignment(int), my_expression(int), my_assignment(int);

DROP TABLE payment, customer;
DROP FUNCTION mine(), outside(), refuse();
DROP EXTENSION protaddr;
