--
-- What do comparisons of protaddr.address mean, and which are there at all?
--
SET client_min_messages = warning;
CREATE EXTENSION protaddr;
CREATE TABLE customer (n int, home protaddr.address);
INSERT INTO customer SELECT n, 'Kanariegade 1' FROM generate_series(1, 20) n;
-- one literal is one value, one call of the constructor is one value each
SELECT count(*) AS rows, count(DISTINCT home) AS values FROM customer;
UPDATE customer SET home = protaddr.address(strtnm => 'Kanariegade', bldgnb => '1');
SELECT count(*) AS rows, count(DISTINCT home) AS values FROM customer;

-- there is no =, nor anything that means it
\set VERBOSITY terse
SELECT count(*) FROM customer WHERE home = 'Kanariegade 1';
\set VERBOSITY sqlstate
SELECT count(*) FROM customer WHERE home = home;
SELECT count(*) FROM customer WHERE home <> 'Kanariegade 1';
SELECT count(*) FROM customer WHERE home < 'Kanariegade 1';
SELECT count(*) FROM customer WHERE home IN ('Kanariegade 1');
SELECT count(*) FROM customer WHERE home NOT IN (SELECT home FROM customer);
SELECT count(*) FROM customer WHERE home = ANY (ARRAY['Kanariegade 1']::protaddr.address[]);
SELECT count(*) FROM customer WHERE home IS DISTINCT FROM 'Kanariegade 1';
SELECT count(NULLIF(home, 'Kanariegade 1')) FROM customer;
SELECT CASE home WHEN 'Kanariegade 1' THEN 1 END FROM customer;
SELECT count(*) FROM customer WHERE home LIKE 'Kanarie%';
SELECT count(*) FROM customer a JOIN customer b USING (home);
SELECT count(*) FROM customer WHERE home BETWEEN 'Kanariegade 1' AND 'Kanariegade 2';
SELECT max(home) FROM customer;
SELECT ROW(home) = ROW(home) FROM customer;
\set VERBOSITY default
-- || makes text, of the token
SELECT bool_and(home || ', Danmark' LIKE 'pa1.%, Danmark') AS token FROM customer;

-- the very same value: reflexive, symmetric, a total order
SELECT bool_and(a.home OPERATOR(protaddr.===) b.home) FILTER (WHERE a.n = b.n) AS same,
       bool_or(a.home OPERATOR(protaddr.===) b.home) FILTER (WHERE a.n <> b.n) AS other,
       bool_and((a.home OPERATOR(protaddr.!==) b.home) = (a.n <> b.n)) AS not_same,
       bool_and((a.home OPERATOR(protaddr.<<<) b.home) = (b.home OPERATOR(protaddr.>>>) a.home)) AS commute,
       bool_and((a.home OPERATOR(protaddr.<<=) b.home) <> (a.home OPERATOR(protaddr.>>>) b.home)) AS negate,
       bool_and((a.home OPERATOR(protaddr.>>=) b.home) <> (a.home OPERATOR(protaddr.<<<) b.home)) AS negate_too,
       bool_and(sign(protaddr.address_cmp(a.home, b.home)) = CASE WHEN a.n = b.n THEN 0
                WHEN protaddr.address_send(a.home) < protaddr.address_send(b.home) THEN -1 ELSE 1 END) AS bytes,
       bool_and((protaddr.address_hash(a.home) = protaddr.address_hash(b.home)) OR a.n <> b.n) AS hash,
       bool_and(protaddr.address_hash_extended(a.home, 7) = protaddr.address_hash_extended(b.home, 7) OR a.n <> b.n) AS hash_extended
FROM customer a, customer b;
SELECT protaddr.address_hash_extended(home, 0)::bit(32)::int = protaddr.address_hash(home) AS hashes_agree FROM customer WHERE n = 1;
SELECT home OPERATOR(protaddr.===) NULL AS with_null FROM customer WHERE n = 1;

-- two seals of one address have nothing in common but version, key and length
SELECT substr(protaddr.address_send(a.home), 1, 9) = substr(protaddr.address_send(b.home), 1, 9) AS header,
       substr(protaddr.address_send(a.home), 10, 12) <> substr(protaddr.address_send(b.home), 10, 12) AS nonce,
       substr(protaddr.address_send(a.home), 22, 64) <> substr(protaddr.address_send(b.home), 22, 64) AS ciphertext,
       octet_length(protaddr.address_send(a.home)) = octet_length(protaddr.address_send(b.home)) AS length
FROM customer a, customer b WHERE a.n = 1 AND b.n = 2;
-- lengths are padded: one for every short address, and all a multiple of 64 and the overhead
SELECT count(*) AS addresses, count(DISTINCT octet_length(protaddr.address_send(a))) AS lengths,
       bool_and((octet_length(protaddr.address_send(a)) - 37) % 64 = 0) AS padded
FROM (SELECT protaddr.address(strtnm => repeat('x', n)) AS a FROM generate_series(1, 40) n) t;
SELECT count(*) AS addresses, count(DISTINCT octet_length(protaddr.address_send(a))) <= 4 AS lengths,
       bool_and((octet_length(protaddr.address_send(a)) - 37) % 64 = 0) AS padded
FROM (SELECT protaddr.address(strtnm => repeat('x', n)) AS a FROM generate_series(1, 140) n) t;

CREATE TABLE doubled AS SELECT * FROM customer UNION ALL SELECT * FROM customer;
ANALYZE doubled, customer;
-- what ANALYZE keeps is as sealed as the rest: tokens, and no two alike
SELECT n_distinct, most_common_vals IS NULL AS no_common, bool_and(v LIKE 'pa1.%') AS histogram_of_tokens
FROM pg_stats LEFT JOIN LATERAL unnest(histogram_bounds::text::text[]) v ON true
WHERE tablename = 'customer' AND attname = 'home' GROUP BY 1, 2;

-- by sort
SET enable_hashagg = off;
SELECT count(*) FROM (SELECT DISTINCT home FROM doubled) t;
SELECT count(*) FROM (SELECT home FROM customer UNION SELECT home FROM doubled) t;
SELECT count(*), min(c), max(c) FROM (SELECT count(*) AS c FROM doubled GROUP BY home) t;
RESET enable_hashagg;
-- by hash
SET enable_sort = off;
SELECT count(*) FROM (SELECT DISTINCT home FROM doubled) t;
SELECT count(*) FROM (SELECT home FROM customer UNION SELECT home FROM doubled) t;
SELECT count(*) FROM (SELECT home FROM customer EXCEPT SELECT home FROM doubled WHERE n > 5) t;
SELECT count(*), min(c), max(c) FROM (SELECT count(*) AS c FROM doubled GROUP BY home) t;
RESET enable_sort;
SELECT count(*) FROM (SELECT DISTINCT ON (home) n FROM doubled ORDER BY home, n) t;
SELECT max(c) FROM (SELECT count(*) OVER (PARTITION BY home) AS c FROM doubled) t;
WITH RECURSIVE r AS (SELECT home FROM customer UNION SELECT d.home FROM r JOIN doubled d ON d.home OPERATOR(protaddr.===) r.home)
SELECT count(*) FROM r;

-- joins on ===, each way
SET enable_nestloop = off; SET enable_mergejoin = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM customer a JOIN doubled b ON a.home OPERATOR(protaddr.===) b.home;
SELECT count(*) FROM customer a JOIN doubled b ON a.home OPERATOR(protaddr.===) b.home;
SET enable_mergejoin = on; SET enable_hashjoin = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM customer a JOIN doubled b ON a.home OPERATOR(protaddr.===) b.home;
SELECT count(*) FROM customer a JOIN doubled b ON a.home OPERATOR(protaddr.===) b.home;
RESET enable_nestloop; RESET enable_mergejoin; RESET enable_hashjoin;

-- indexes
CREATE UNIQUE INDEX customer_home ON customer (home);
CREATE INDEX customer_home_hash ON customer USING hash (home);
\set VERBOSITY sqlstate
INSERT INTO customer SELECT 21, home FROM customer WHERE n = 1;
\set VERBOSITY default
INSERT INTO customer SELECT 21, home FROM customer WHERE n = 1 ON CONFLICT (home) DO UPDATE SET n = 22 RETURNING n;
SET enable_seqscan = off;
SELECT count(*) FROM customer a WHERE a.home OPERATOR(protaddr.===) (SELECT home FROM doubled WHERE n = 2 LIMIT 1);
DROP INDEX customer_home;
SELECT count(*) FROM customer a WHERE a.home OPERATOR(protaddr.===) (SELECT home FROM doubled WHERE n = 2 LIMIT 1);
RESET enable_seqscan;
SELECT amvalidate(oid) FROM pg_opclass WHERE opcnamespace = 'protaddr'::regnamespace ORDER BY opcname;

-- rows as wholes: triggers that look whether anything changed
CREATE FUNCTION changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE 'changed: % %', OLD.* IS DISTINCT FROM NEW.*, OLD IS DISTINCT FROM NEW;
    RETURN NEW;
END
$$;
CREATE TRIGGER changed BEFORE UPDATE ON customer FOR EACH ROW EXECUTE FUNCTION changed();
CREATE TRIGGER suppressed BEFORE UPDATE ON customer FOR EACH ROW WHEN (OLD.n = 5) EXECUTE FUNCTION suppress_redundant_updates_trigger();
SET client_min_messages = notice;
UPDATE customer SET home = home WHERE n = 3;
UPDATE customer SET home = home::text::protaddr.address WHERE n = 3;
UPDATE customer SET home = 'Kanariegade 1' WHERE n = 3;
UPDATE customer SET home = NULL WHERE n = 4;
UPDATE customer SET home = home::text::protaddr.address WHERE n = 5 RETURNING n;
SELECT c = c AS record_equal FROM customer c WHERE n = 6;

-- hash partitions
CREATE TABLE spread (home protaddr.address) PARTITION BY HASH (home);
CREATE TABLE spread_0 PARTITION OF spread FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE spread_1 PARTITION OF spread FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO spread SELECT home FROM doubled WHERE home IS NOT NULL;
SELECT count(*) AS rows, count(DISTINCT home) AS values FROM spread;

SET client_min_messages = warning;
DROP TABLE customer, doubled, spread;
DROP FUNCTION changed;
DROP EXTENSION protaddr CASCADE;
