--
-- What must a person look at, and does the review find it without telling an address?
--
SET client_min_messages = warning;
CREATE EXTENSION protaddr;
SET datestyle = 'ISO, YMD';
CREATE ROLE regress_review_reader;
CREATE ROLE regress_review_owner;
GRANT SELECT ON protaddr.register_review TO regress_review_reader;
GRANT EXECUTE ON FUNCTION protaddr.register_review_values TO regress_review_reader;
SELECT protaddr.confirm_register('branch', new_source => true);
SELECT count(*) AS nothing FROM protaddr.register_review;
SELECT count(*) AS nothing FROM protaddr.register_review_values();

SELECT persons, protected, unknown_codes FROM protaddr.load_register('DK-CPR', '[
    {"subject": "6101704001", "protections": [{"code": "0001", "valid_from": "2012-07-22", "delete_hint": "2013-07-22"}]},
    {"subject": "6201704002", "protections": [{"code": "0001", "valid_from": "2020-02-02", "delete_hint": "2099-01-01"}]},
    {"subject": "6301704003", "protections": [{"code": "0003", "delete_hint": "2001-01-01"}]},
    {"subject": "6401704004", "protections": [{"code": "0077", "valid_from": "2021-03-03"}]},
    {"subject": "6501704005", "protections": []}]');
SELECT protaddr.protect('6501704005', 'manual', 'address', '2022-04-04', '2022-05-05', 'threat');
SELECT protaddr.protect('6601704006', 'manual', 'address', '2023-04-04');
SELECT count(*) FILTER (WHERE protaddr.link_identity(i, s, k)) AS links FROM (VALUES ('C 1', '6101704001', 'customer'), ('C 2', '6201704002', 'customer'), ('account 2', 'C 2', 'account'),
    ('C 8', '6801704008', 'customer'), ('C 8b', '6801704008', 'customer'), ('account 8', 'C 8', 'account'), ('C 6', '6601704006', 'customer'), ('C 5', '6501704005', 'customer')) v(i, s, k);

-- delete dates passed, codes unknown, links that lead to nobody
SELECT what, subject, CASE what WHEN 'delete date passed' THEN since::text ELSE 'today' END AS since, detail FROM protaddr.register_review ORDER BY what, subject;
SELECT what, count(*) FROM protaddr.register_review GROUP BY what ORDER BY what;
SELECT count(*) FILTER (WHERE since = current_date) AS today FROM protaddr.register_review WHERE what <> 'delete date passed';

-- values: whom they concern, by whatever identifier, in tables of anybody
CREATE TABLE customer (id text PRIMARY KEY, home protaddr.address);
CREATE TABLE "Odd Table" (cpr bigint, "The Home" protaddr.address, other protaddr.address);
CREATE SCHEMA regress_review AUTHORIZATION regress_review_owner;
SET ROLE regress_review_owner;
CREATE TABLE regress_review.part (account text, a protaddr.address) PARTITION BY LIST (account);
CREATE TABLE regress_review.part1 PARTITION OF regress_review.part DEFAULT;
ALTER TABLE regress_review.part ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION regress_review.spy(text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'ran as %', current_user; END $$;
CREATE POLICY p ON regress_review.part USING (regress_review.spy(account));
RESET ROLE;
SELECT protaddr.bind_column('customer', 'home', 'id'), protaddr.bind_column('"Odd Table"', 'The Home', 'cpr'), protaddr.bind_column('"Odd Table"', 'other', 'cpr');
-- a policy of the owner's forbids binding by UPDATE, not the trigger
CREATE TRIGGER bound BEFORE INSERT OR UPDATE ON regress_review.part FOR EACH ROW EXECUTE FUNCTION protaddr.bind_row('a', 'account');
ALTER TABLE regress_review.part ENABLE ALWAYS TRIGGER bound;
INSERT INTO customer VALUES ('6501704005', 'Vestergade 5'), ('C 6', 'Vestergade 6'), ('C 1', 'Kanariegade 1'), ('6901704009', 'Vestergade 9'), ('C 9', NULL);
INSERT INTO "Odd Table" VALUES (6101704001, 'Kanariegade 1', 'Kanariegade 11'), (NULL, 'Vestergade 0', NULL);
INSERT INTO regress_review.part VALUES ('account-2', 'Kanariegade 2');
SELECT id, protaddr.subjects_of(home) FROM customer ORDER BY id;
SELECT protaddr.subjects_of(NULL) IS NULL AS null_for_null, protaddr.subjects_of('Vestergade 1') AS nobody;
SET ROLE regress_review_reader;
SELECT what, subject, since, detail FROM protaddr.register_review_values() ORDER BY what, subject, detail;
RESET ROLE;

-- a table is gone, a column renamed, a foreign table, a table that is no longer what it was: said, and the rest is read
ALTER TABLE "Odd Table" RENAME other TO another;
CREATE FOREIGN DATA WRAPPER regress_review_nothing;
CREATE SERVER regress_review_nowhere FOREIGN DATA WRAPPER regress_review_nothing;
CREATE FOREIGN TABLE far (id text, home protaddr.address) SERVER regress_review_nowhere;
CREATE TRIGGER bound BEFORE INSERT OR UPDATE ON far FOR EACH ROW EXECUTE FUNCTION protaddr.bind_row('home', 'id');
CREATE TABLE near (id text, home protaddr.address);
CREATE FOREIGN TABLE near_child () INHERITS (near) SERVER regress_review_nowhere;
CREATE TRIGGER bound BEFORE INSERT OR UPDATE ON near FOR EACH ROW EXECUTE FUNCTION protaddr.bind_row('home', 'id');
SELECT what, subject, since, detail FROM protaddr.register_review_values() WHERE what NOT IN ('stale address') ORDER BY what, subject, detail;
-- without their key values cannot be read, and are counted
DROP TABLE near CASCADE;
DROP FOREIGN TABLE far;
UPDATE protaddr.data_key SET wrapped = decode(repeat('00', 60), 'hex');
\c -
SET client_min_messages = error;
SELECT what, subject, detail FROM protaddr.register_review_values() WHERE what = 'cannot be opened' ORDER BY detail;
-- no row of the review has a street in it
SELECT count(*) AS tells_an_address FROM (SELECT r::text FROM protaddr.register_review r UNION ALL SELECT r::text FROM protaddr.register_review_values() r) t(row) WHERE row ~* 'gade';

SET client_min_messages = warning;
DROP SCHEMA regress_review CASCADE;
DROP FOREIGN DATA WRAPPER regress_review_nothing CASCADE;
DROP TABLE customer, "Odd Table";
DROP EXTENSION protaddr CASCADE;
DROP ROLE regress_review_reader, regress_review_owner;
