--
-- Switzerland: locks of eCH-0021
--
\getenv abs_srcdir PG_ABS_SRCDIR
\set start :abs_srcdir '/test/regress/feed.psql'
\set ECHO none
\i :start
CREATE TABLE document (name text PRIMARY KEY, body text);
INSERT INTO customer SELECT id, 'Prøvevej 1' FROM unnest('{756.1234.5678.00,7560000000002,7560000000003,7560000000004,7560000000005,Veka:77}'::text[]) id;
CREATE FUNCTION delivery(version integer, VARIADIC people text[]) RETURNS text LANGUAGE sql RETURN format('<d:delivery xmlns:d="http://www.ech.ch/xmlns/eCH-0020/%s" xmlns:e="http://www.ech.ch/xmlns/eCH-0021/%s" xmlns:i="http://www.ech.ch/xmlns/eCH-0044/4"><d:baseDelivery><d:messages>%s</d:messages></d:baseDelivery></d:delivery>', CASE version WHEN 7 THEN 3 ELSE 5 END, version, array_to_string(people, ''));
CREATE FUNCTION person(id text, locks text) RETURNS text LANGUAGE sql RETURN format('<d:baseDeliveryPerson><d:personIdentification>%s</d:personIdentification><d:maritalRelationship><e:partner><d:personIdentification><i:vn>7560000000099</i:vn></d:personIdentification></e:partner></d:maritalRelationship>%s</d:baseDeliveryPerson>', CASE WHEN id LIKE '756%' THEN '<i:vn>' || id || '</i:vn><i:localPersonId><i:personIdCategory>Veka</i:personIdCategory><i:personId>1</i:personId></i:localPersonId>' ELSE '<i:localPersonId><i:personIdCategory>Veka</i:personIdCategory><i:personId>' || id || '</i:personId></i:localPersonId>' END, '<d:lockData>' || locks || '</d:lockData>');
CREATE FUNCTION lock7(data text) RETURNS text LANGUAGE sql RETURN '<e:dataLock>' || data || '</e:dataLock><e:dataLockValidFrom>2026-01-01</e:dataLockValidFrom><e:dataLockValidTill>2027-01-01</e:dataLockValidTill><e:paperLock>1</e:paperLock>';
CREATE FUNCTION lock8(address text, data text) RETURNS text LANGUAGE sql RETURN coalesce('<e:addressLock>' || address || '</e:addressLock><e:addressLockValidTill>2027-02-30</e:addressLockValidTill>', '') || coalesce('<e:dataLock>' || data || '</e:dataLock>', '') || '<e:paperLock>0</e:paperLock>';
-- version 7: one lock of three values; version 8: two of two
INSERT INTO document VALUES ('v7', delivery(7, person('7561234567800', lock7('0')), person('7560000000002', lock7('1')), person('7560000000003', lock7('2')), person('77', lock7('1')), person('7560000000004', NULL), person('7560000000005', lock7('9')))),
    ('v8', delivery(8, person('7561234567800', lock8('0', '0')), person('7560000000002', lock8('1', '0')), person('7560000000003', lock8('0', '1'))));
SELECT name, jsonb_array_elements(protaddr.read_ech(protaddr.xml_document(body))) AS person FROM document ORDER BY name, 2;
SELECT persons, protected, unknown_codes FROM protaddr.load_register('CH-ECH', (SELECT protaddr.read_ech(protaddr.xml_document(body)) FROM document WHERE name = 'v7'));
SELECT * FROM answer ORDER BY id;
SELECT persons, protected FROM protaddr.load_register('CH-ECH', (SELECT protaddr.read_ech(protaddr.xml_document(body)) FROM document WHERE name = 'v8'));
SELECT p.subject, p.code, p.kind FROM protaddr.protection p WHERE p.recorded_to = 'infinity' AND p.valid_to = 'infinity' AND p.kind <> 'none' ORDER BY 1, 2;
-- who has no lockData, where it is declared that then there is none
SELECT persons, protected FROM protaddr.load_register('CH-ECH', (SELECT protaddr.read_ech(protaddr.xml_document(body), absent_is_none => true) FROM document WHERE name = 'v7'));
SELECT * FROM answer WHERE id = '7560000000004';
-- events; what comes after version 8 is unknown, and protects
SELECT protaddr.read_ech('<d:eventDelivery xmlns:d="http://www.ech.ch/xmlns/eCH-0020/3" xmlns:i="http://www.ech.ch/xmlns/eCH-0044/4"><d:dataLock><d:dataLockPerson><i:vn>7560000000002</i:vn></d:dataLockPerson><d:dataLock>2</d:dataLock></d:dataLock></d:eventDelivery>'::xml) AS event,
       protaddr.read_ech(protaddr.xml_document(replace(body, 'eCH-0021/8', 'eCH-0021/9'))) -> 0 AS v9 FROM document WHERE name = 'v8';
SELECT n, refusal(format('SELECT protaddr.read_ech(protaddr.xml_document(%L))', d)) AS refused FROM (VALUES (1, delivery(8, person('7560000000002', lock8('1', NULL)))), (2, delivery(8, person('7560000000002', lock8(NULL, '0')))), (3, delivery(7, person('7560000000002', NULL))),
    (4, delivery(7, person('', lock7('0')))), (5, delivery(7, person('7560000000002', lock7('')))), (6, delivery(7, person('7560000000002', lock7('0')), person('7560000000002', lock7('1')))), (7, replace(delivery(7, person('7560000000002', lock7('0'))), 'www.ech.ch', 'kanarie.ch')),
    (8, delivery(7, person('7560000000002', lock8('1', '1')))), (9, '<kanarie/>'), (10, replace(delivery(7, person('7560000000002', lock7('0'))), 'eCH-0021/7', 'eCH-0021/kanarie')), (11, '<!DOCTYPE d><d/>')) v (n, d) ORDER BY n;
DROP FUNCTION delivery, person, lock7, lock8;
DROP VIEW answer;
DROP TABLE customer, document;
DROP FUNCTION refusal;
DROP EXTENSION protaddr CASCADE;
