--
-- Is what must be on record in the audit trail, and is the trail whole?
--
-- The trail is the server's, so only what this test has done is looked at.
--
SET client_min_messages = warning;
CREATE EXTENSION protaddr;
SELECT protaddr.confirm_register('regress', new_source => true);
CREATE ROLE regress_audit_reader;
GRANT EXECUTE ON FUNCTION protaddr.audit_trail TO regress_audit_reader;
CREATE TEMP TABLE began AS SELECT clock_timestamp() AS at;
CREATE FUNCTION pg_temp.trail() RETURNS SETOF jsonb LANGUAGE sql AS $$
    SELECT record - '{node,at,seq,session,xid,database,database_oid,login,login_oid,client,key}'::text[]
    FROM protaddr.audit_trail(since => (SELECT at FROM pg_temp.began))
    WHERE session = (SELECT to_hex(trunc(extract(epoch FROM backend_start))::bigint) || '.' || to_hex(pid)
                     FROM pg_stat_activity WHERE pid = pg_backend_pid())
      AND kind NOT IN ('checkpoint', 'file')
    ORDER BY seq
$$;

CREATE TABLE customer (id int, cpr text, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', 'cpr');
INSERT INTO customer VALUES (1, 'P1', '{"StrtNm": "Kanariegade", "BldgNb": "1", "TwnNm": "Testby", "Ctry": "DK"}'),
                            (2, 'P2', '{"StrtNm": "Vestergade", "BldgNb": "2", "TwnNm": "Testby", "Ctry": "DK"}');

-- a protection by hand is on record, by whom and of whom: by a keyed id
SELECT protaddr.protect('P1', 'DK-CPR', '0001', reason => E'asked\nfor');
SELECT t ->> 'kind' AS kind, t ->> 'table' AS relation, t ->> 'what' AS what, t #>> '{row,regime}' AS regime, t #>> '{row,reason}' AS reason,
       t #>> '{row,subject}' ~ '^[0-9a-f]{32}$' AS keyed
FROM pg_temp.trail() t;
TRUNCATE began; INSERT INTO began SELECT clock_timestamp();

-- who is free, or withheld, leaves no record
SELECT id, protaddr.show(home) FROM customer ORDER BY id;
SELECT count(*) FROM pg_temp.trail();

-- what of a protected person's address is told leaves two, however many values a statement tells
SELECT id, protaddr.show(protaddr.release(home, 'cross_border', 5000, 'EUR', 'P9')) FROM customer ORDER BY id;
SELECT t - '{first,subject,subjects,channels}'::text[] AS record, jsonb_array_length(t -> 'subjects') AS subjects, t #>> '{channels,0,channel}' AS channel,
       t #>> '{channels,0,legal_basis}' LIKE 'Reg. (EU) 2023/1113%' AS with_basis FROM pg_temp.trail() t;
TRUNCATE began; INSERT INTO began SELECT clock_timestamp();

-- and stay when it is rolled back, to a savepoint or whole; or ends in an error
BEGIN;
SELECT count(protaddr.release(home, 'cross_border', 5000, 'EUR', 'P9')) FROM customer;
ROLLBACK;
BEGIN;
SAVEPOINT s;
SELECT count(protaddr.release(home, 'cross_border', 5000, 'EUR', 'P9')) FROM customer;
ROLLBACK TO s;
COMMIT;
SELECT count(protaddr.release(home, 'cross_border', 5000, 'EUR', 'P9')), 1 / (min(id) - 1) FROM customer;
SELECT t ->> 'kind' AS kind, t ->> 'values' AS values FROM pg_temp.trail() t;
TRUNCATE began; INSERT INTO began SELECT clock_timestamp();

-- a cursor: two for each FETCH that tells something; a block, a function, COPY: two
BEGIN READ ONLY;
DECLARE c CURSOR FOR SELECT protaddr.release(home, 'cross_border', 5000, 'EUR', 'P9') IS NOT NULL FROM customer ORDER BY id;
FETCH c;
FETCH c;
COMMIT;
DO $$
BEGIN
    FOR i IN 1 .. 3 LOOP
        PERFORM protaddr.release(home, 'cross_border', 5000, 'EUR', 'P9') FROM customer;
    END LOOP;
END
$$;
COPY (SELECT protaddr.release(home, 'cross_border', 5000, 'EUR', 'P9') IS NOT NULL FROM customer) TO STDOUT;
SELECT t ->> 'kind' AS kind, t ->> 'values' AS values, t -> 'relations' AS relations FROM pg_temp.trail() t;
TRUNCATE began; INSERT INTO began SELECT clock_timestamp();

-- a change of the law, and that it was rolled back: a savepoint's, and a transaction's
BEGIN;
SELECT protaddr.set_channel('own_bank', 'block', legal_basis => 'regress');
ROLLBACK;
BEGIN;
SAVEPOINT s;
SELECT protaddr.set_channel('own_bank', 'block', legal_basis => 'regress');
ROLLBACK TO s;
SELECT protaddr.set_channel('own_bank', 'hold', legal_basis => 'regress');
COMMIT;
SELECT t ->> 'kind' AS kind, t ->> 'table' AS relation, t ->> 'what' AS what, t #>> '{row,when_protected}' AS protected, jsonb_array_length(t -> 'records') AS records
FROM pg_temp.trail() t;
TRUNCATE began; INSERT INTO began SELECT clock_timestamp();

-- a superuser's own statement, and many rows: a few, and how many there were
UPDATE protaddr.register_source SET max_lifts = 7 WHERE source = 'regress';
INSERT INTO protaddr.protection (subject, kind, regime, code, source) SELECT 'Q' || i, 'address', 'DK-CPR', '0001', 'regress' FROM generate_series(1, 30) i;
SELECT t ->> 'kind' AS kind, t ->> 'table' AS relation, t ->> 'inserted' AS inserted, t #>> '{row,max_lifts}' AS after, t #>> '{before,max_lifts}' AS before, count(*)
FROM pg_temp.trail() t GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2;

-- nobody's address, no identifier
SELECT count(*) > 20 AS records, count(*) FILTER (WHERE record::text ~ 'Kanariegade|Vestergade|"P[12]"') AS with_address
FROM protaddr.audit_trail(since => now() - interval '1 hour') WHERE database = current_database() AND kind <> 'file';

-- the chain is whole, to what was kept of it; and it cannot be other than it was
SELECT protaddr.audit_anchor() AS anchor \gset
SELECT own, verdict, at_seq, records > 20 AS many, signed_to > 0 AS signed, copy_of FROM protaddr.audit_verify(ARRAY[:'anchor']) WHERE own;
SELECT verdict, at_seq IS NOT NULL AS found FROM protaddr.audit_verify(ARRAY[overlay(:'anchor' PLACING CASE right(:'anchor', 1) WHEN '0' THEN '1' ELSE '0' END FROM length(:'anchor'))]) WHERE own;
SELECT verdict FROM protaddr.audit_verify(ARRAY[regexp_replace(:'anchor', ' \d+ (?=[0-9a-f]{64})', ' 999999999 ')]) WHERE own;
SELECT verdict, node = 'ffffffffffffffff' AS other FROM protaddr.audit_verify(ARRAY['protaddr audit 1 ffffffffffffffff 1 ' || repeat('0', 64)]) WHERE NOT own AND verdict = 'missing' AND records = 0;
SELECT verdict FROM protaddr.audit_verify(public_keys => ARRAY[repeat('0', 64)]) WHERE own;
SELECT protaddr.audit_checkpoint() > 0 AS signed;
\set VERBOSITY sqlstate
SELECT protaddr.audit_verify(ARRAY['nothing']);
SELECT protaddr.audit_verify(public_keys => ARRAY['nothing']);
SELECT protaddr.audit_sign(protaddr.audit_mark(), repeat('0', 64), repeat('0', 128));

-- few may read it
SET ROLE regress_audit_reader;
SELECT count(*) > 20 AS records FROM protaddr.audit_trail();
SELECT protaddr.audit_anchor();
RESET ROLE;
\set VERBOSITY default

DROP TABLE customer;
DROP EXTENSION protaddr CASCADE;
DROP ROLE regress_audit_reader;
