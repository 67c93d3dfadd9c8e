-- tables.sql
--		What do the benchmarks read?  The same people, in plain text and sealed.
--
-- psql variables: delivery (file made by make_cpr.pl, loaded into the register by
-- run.sh), rows.

CREATE EXTENSION IF NOT EXISTS pgcrypto;

CREATE UNLOGGED TABLE delivered (line text);
COPY delivered FROM :'delivery' (DELIMITER E'\x01', ENCODING 'LATIN1') WHERE left(line, 3) = '003';

CREATE UNLOGGED TABLE person AS
SELECT row_number() OVER () AS id, cpr, part[1] AS street, part[2] AS number, part[3] AS floor, part[4] AS door, postcode, town
FROM (SELECT substr(line, 4, 10) AS cpr,
             regexp_match(rtrim(substr(line, 116, 34)), '^(.*?) (\d+)(?:, 0*(\d+)\. (\w+))?$') AS part,
             substr(line, 184, 4) AS postcode,
             rtrim(substr(line, 188, 20)) AS town
      FROM delivered) d;

-- one address column
CREATE TABLE plain (id bigint PRIMARY KEY, cpr text NOT NULL, home text NOT NULL);
INSERT INTO plain
SELECT id, cpr, concat(street, ' ', number, ', ' || floor || '. ' || door, ', ', postcode, ' ', town) FROM person ORDER BY id;

CREATE TABLE sealed (id bigint PRIMARY KEY, cpr text NOT NULL, home protaddr.address NOT NULL);
INSERT INTO sealed
SELECT id, cpr, protaddr.address(strtnm => street, bldgnb => number, flr => floor, room => door, pstcd => postcode,
                                 twnnm => town, ctry => 'DK', subject => cpr) FROM person ORDER BY id;

-- the same in rows of ten columns, the address last
CREATE TABLE plain10 AS
SELECT (id % 97)::integer AS branch, id * 7 AS account, now() AS opened, 'DK' AS country, (id % 1000) / 10.0 AS balance,
       'customer ' || id AS name, date '2026-01-01' + (id % 365)::integer AS seen, id, cpr, home
FROM plain ORDER BY id;
CREATE TABLE sealed10 AS
SELECT p.branch, p.account, p.opened, p.country, p.balance, p.name, p.seen, p.id, p.cpr, s.home
FROM plain10 p JOIN sealed s USING (id) ORDER BY id;

-- who is protected, as a home-made solution would keep it
CREATE TABLE protected_person (cpr text PRIMARY KEY);
INSERT INTO protected_person
SELECT DISTINCT subject FROM protaddr.protection
WHERE kind <> 'none' AND recorded_to = 'infinity' AND valid_to = 'infinity' ORDER BY subject;

CREATE FUNCTION mask(cpr text, home text) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF EXISTS (SELECT FROM protected_person p WHERE p.cpr = mask.cpr) THEN
        RETURN '[address withheld]';
    END IF;
    RETURN home;
END
$$;

-- pgcrypto, encrypted where it stands; without any look-up
CREATE TABLE pgcrypto_raw AS
SELECT id, encrypt_iv(convert_to(home, 'UTF8'), decode(repeat('0123456789abcdef', 4), 'hex'), substr(sha256(cpr::bytea), 1, 16), 'aes-cbc/pad:pkcs') AS home,
       substr(sha256(cpr::bytea), 1, 16) AS iv
FROM plain WHERE id <= 100000 ORDER BY id;
CREATE VIEW pgcrypto_raw_decrypted AS
SELECT id, convert_from(decrypt_iv(home, decode(repeat('0123456789abcdef', 4), 'hex'), iv, 'aes-cbc/pad:pkcs'), 'UTF8') AS home FROM pgcrypto_raw;

CREATE TABLE pgcrypto_pgp AS
SELECT id, pgp_sym_encrypt(home, 'a pass phrase of the bench') AS home FROM plain WHERE id <= 3000 ORDER BY id;
CREATE VIEW pgcrypto_pgp_decrypted AS
SELECT id, pgp_sym_decrypt(home, 'a pass phrase of the bench') AS home FROM pgcrypto_pgp;

CREATE TABLE pgcrypto_mode0 AS
SELECT id, pgp_sym_encrypt(home, 'a pass phrase of the bench', 's2k-mode=0') AS home FROM plain WHERE id <= 50000 ORDER BY id;
CREATE VIEW pgcrypto_mode0_decrypted AS
SELECT id, pgp_sym_decrypt(home, 'a pass phrase of the bench') AS home FROM pgcrypto_mode0;

-- look-ups
CREATE TABLE same_person AS SELECT cpr FROM (SELECT cpr FROM plain WHERE id = 1) p, generate_series(1, :rows);
CREATE TABLE only_protected AS SELECT cpr FROM generate_series(1, 1 + :rows / (SELECT count(*) FROM protected_person)), protected_person LIMIT :rows;

-- payments: the same columns, the address sealed or in plain text
CREATE TABLE payment_ungated (id bigint GENERATED ALWAYS AS IDENTITY, payer text, amount numeric, payer_address protaddr.address);
CREATE TABLE payment_gate (LIKE payment_ungated INCLUDING IDENTITY);
SELECT protaddr.install_gate('payment_gate', channel => 'sumclearing', subject => 'payer') \g /dev/null
-- of a channel that asks the register of nobody unless protected
SELECT protaddr.set_channel('unprotected', 'withhold', route => 'domestic', when_unknown => 'leave', description => 'Bench', legal_basis => 'none') \g /dev/null
CREATE TABLE payment_gate_unprotected (LIKE payment_ungated INCLUDING IDENTITY);
SELECT protaddr.install_gate('payment_gate_unprotected', channel => 'unprotected', subject => 'payer') \g /dev/null
CREATE TABLE payment_text (id bigint GENERATED ALWAYS AS IDENTITY, payer text, amount numeric, payer_address text);
CREATE TABLE payment_plpgsql (LIKE payment_text INCLUDING IDENTITY);
CREATE FUNCTION withhold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM protected_person p WHERE p.cpr = NEW.payer) THEN
        NEW.payer_address := NULL;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER withhold BEFORE INSERT ON payment_plpgsql FOR EACH ROW EXECUTE FUNCTION withhold();

VACUUM (ANALYZE, FREEZE);
CHECKPOINT;
