--
-- What do the codes of each country's register hide?
--
SET client_min_messages = warning;
CREATE EXTENSION protaddr;
CREATE TABLE customer (id text PRIMARY KEY, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', 'id');

-- every code that is shipped, and where it is documented
SELECT regime, kind, string_agg(code, ', ' ORDER BY code COLLATE "C") AS codes FROM protaddr.regime_code GROUP BY regime, kind ORDER BY regime COLLATE "C", kind;
SELECT count(*) AS codes, count(*) FILTER (WHERE shipped) AS shipped, count(*) FILTER (WHERE btrim(description) = '' OR btrim(legal_basis) = '' OR btrim(source) = '') AS undocumented FROM protaddr.regime_code;
-- the Netherlands: 4 to 7 are sums of the first three; 2, churches, is no concern of a bank
SELECT code, kind, kind <> 'none' AS protects, (code::int IN (1, 4, 5, 7) OR code::int IN (3, 5, 6, 7)) AS with_1_or_3 FROM protaddr.regime_code WHERE regime = 'NL-BRP' AND code ~ '^[0-9]$' ORDER BY code;
-- Norway: the stricter the grading, the more is hidden; words and numbers agree
SELECT w.code AS word, n.code AS number, w.kind, w.kind = n.kind AS agree
FROM (VALUES (1, 'UGRADERT', NULL), (2, 'FORTROLIG', '7'), (3, 'STRENGT_FORTROLIG', '6'), (4, 'STRENGT_FORTROLIG_UTLAND', '19')) v(rank, word, number)
JOIN protaddr.regime_code w ON w.regime = 'NO-FREG' AND w.code = word LEFT JOIN protaddr.regime_code n ON n.regime = 'NO-FREG' AND n.code = number ORDER BY rank;
-- Denmark: in records four digits, in GCTP five
SELECT a.code, b.code AS gctp, a.kind, a.kind = b.kind AS agree FROM protaddr.regime_code a JOIN protaddr.regime_code b ON b.regime = a.regime AND b.code = '0' || a.code WHERE a.regime = 'DK-CPR' ORDER BY a.code;
-- a code is one of its own register: another one's, another spelling, none at all protect name and address
SELECT regime, code, protaddr.kind_of(regime, code) FROM (VALUES (1, 'NL-BRP', '2'), (2, 'NO-FREG', '2'), (3, 'NL-BRP', '02'), (4, 'NL-BRP', '8'), (5, 'FI-VTJ', 'false'), (6, 'FI-VTJ', 'FALSE'), (7, 'xx', '0'), (8, 'NL-BRP', NULL), (9, NULL, '0')) v(n, regime, code) ORDER BY n;

-- delivered: who is protected
SELECT d.* FROM (VALUES (1, 'NO-FREG', '[{"subject": "no 0", "protections": [{"code": "UGRADERT"}]}, {"subject": "no 7", "protections": [{"code": "FORTROLIG"}]},
        {"subject": "no 6", "protections": [{"code": "STRENGT_FORTROLIG"}]}, {"subject": "no 19", "protections": [{"code": "19"}]}, {"subject": "no both", "protections": [{"code": "7"}, {"code": "6"}]}]'),
    (2, 'NL-BRP', '[{"subject": "nl 0", "protections": [{"code": "0"}]}, {"subject": "nl 1", "protections": [{"code": "1"}]}, {"subject": "nl 2", "protections": [{"code": "2"}]}, {"subject": "nl 6", "protections": [{"code": "6"}]}]'),
    (3, 'FI-VTJ', '[{"subject": "fi 1", "protections": [{"code": "turvakielto"}]}, {"subject": "fi 2", "protections": []}]'),
    (4, 'SE-FOLK', '[{"subject": "se 1", "protections": [{"code": "Sekretessmarkering NEJ"}, {"code": "SkyddadFolkbokforing JA"}]}, {"subject": "se 2", "protections": [{"code": "Sekretessmarkering J"}]}, {"subject": "se 3", "protections": [{"code": "Ingen"}]}]'),
    (5, 'CH-ECH', '[{"subject": "ch 0", "protections": [{"code": "0"}]}, {"subject": "ch 1", "protections": [{"code": "1"}]}, {"subject": "ch 9", "protections": [{"code": "9"}]}]')) v(n, regime, people),
    LATERAL (SELECT v.regime, l.persons, l.protected, l.unknown_codes FROM protaddr.load_register(v.regime, v.people::jsonb) l) d ORDER BY n;
SELECT s, protaddr.is_protected(s) FROM unnest('{no 0,no 7,no 6,no 19,no both,nl 0,nl 1,nl 2,nl 6,fi 1,fi 2,se 1,se 2,se 3,ch 0,ch 1,ch 9}'::text[]) WITH ORDINALITY u(s, n) ORDER BY n;
-- what leaves for a third country: town and country, but where the town is hidden, the country alone
INSERT INTO customer SELECT s, format('{"StrtNm": "Kanariegade", "BldgNb": "1", "PstCd": "1000", "TwnNm": "Prøveby", "Ctry": "%s"}', upper(left(s, 2)))::protaddr.address
FROM unnest('{no 7,no 6,no 19,no both,nl 6,fi 1,se 1,ch 9}'::text[]) s;
SELECT id, protaddr.show(home), protaddr.show_iso(protaddr.release(home, 'cross_border', 5000, 'EUR')) AS abroad, protaddr.release(home, 'sepa') IS NULL AS withheld_in_the_union FROM customer ORDER BY id;

-- yours to extend and change, within the closed vocabulary; what is changed is dumped
\set VERBOSITY terse
INSERT INTO protaddr.regime_code VALUES ('FO-LANDSFOLKAYVIRLIT', 'x', 'hidden', 'invented', 'invented', 'invented');
INSERT INTO protaddr.regime_code VALUES ('FO-LANDSFOLKAYVIRLIT', 'x', 'address', 'invented', 'invented');
INSERT INTO protaddr.regime_code VALUES ('FO-LANDSFOLKAYVIRLIT', 'x', 'address', 'invented', 'invented', 'invented');
UPDATE protaddr.regime_code SET kind = 'address' WHERE regime = 'CH-ECH' AND code = '2';
SELECT regime, code, kind FROM protaddr.regime_code WHERE NOT shipped ORDER BY regime;
SELECT count(*) AS unknown_before FROM protaddr.register_review WHERE what = 'unknown code';
INSERT INTO protaddr.regime_code VALUES ('CH-ECH', '9', 'none', 'invented', 'invented', 'invented');
SELECT protaddr.is_protected('ch 9') AS until_delivered_again, (SELECT count(*) FROM protaddr.register_review WHERE what = 'unknown code') AS unknown_now;
SELECT lifted FROM protaddr.load_register('CH-ECH', '[{"subject": "ch 9", "protections": [{"code": "9"}]}]');
SELECT protaddr.is_protected('ch 9') AS delivered_again;

DROP TABLE customer;
DROP EXTENSION protaddr CASCADE;
