--
-- The Netherlands: Haal Centraal, LO3
--
\getenv abs_srcdir PG_ABS_SRCDIR
\set start :abs_srcdir '/test/regress/feed.psql'
\set ECHO none
\i :start
CREATE TABLE document (name text PRIMARY KEY, body jsonb);
INSERT INTO customer SELECT id, 'Prøvevej 1' FROM unnest('{000000012,000000024,000000036,000000048,000000061,000000073,000000085}'::text[]) id;
INSERT INTO document VALUES ('first', '{"type": "RaadpleegMetBurgerservicenummer", "personen": [
 {"burgerservicenummer": "000000012", "geheimhoudingPersoonsgegevens": true}, {"burgerservicenummer": "000000024"}, {"burgerservicenummer": "000000036", "geheimhoudingPersoonsgegevens": 2}, {"burgerservicenummer": "000000048", "geheimhoudingPersoonsgegevens": "7"},
 {"burgerservicenummer": "000000061", "opschortingBijhouding": {"reden": {"code": "F"}}}, {"burgerservicenummer": "000000073", "geheimhoudingPersoonsgegevens": 9}, {"burgerservicenummer": "000000085", "geheimhoudingPersoonsgegevens": false}]}');
SELECT jsonb_array_elements(protaddr.read_haal_centraal(body)) AS person FROM document;
SELECT persons, protected, unknown_codes FROM protaddr.load_register('NL-BRP', (SELECT protaddr.read_haal_centraal(body, absent_is_none => true) FROM document));
SELECT * FROM answer ORDER BY id;
SELECT protaddr.read_haal_centraal('{"burgerservicenummer": 24, "geheimhoudingPersoonsgegevens": true}') AS one, protaddr.read_haal_centraal('{"_embedded": {"ingeschrevenpersonen": [{"burgerservicenummer": "000000024", "geheimhoudingPersoonsgegevens": true}]}}') AS embedded;
SELECT n, refusal(format('SELECT protaddr.read_haal_centraal(%L)', d)) AS refused FROM document, LATERAL (VALUES (1, '{}'::jsonb), (2, '[]'), (3, '{"personen": []}'), (4, '{"personen": ["kanarie"]}'), (5, body #- '{personen,1,burgerservicenummer}'),
    (6, jsonb_set(body, '{personen,0,geheimhoudingPersoonsgegevens}', '"  "')), (7, jsonb_set(body, '{personen,0,geheimhoudingPersoonsgegevens}', '["kanarie"]')), (8, '{"status": 403, "title": "kanarie"}')) v (n, d) ORDER BY n;

-- LO3: header, length of the rest, categories, elements
CREATE FUNCTION lo3(header text, VARIADIC categories text[]) RETURNS text LANGUAGE sql RETURN header || lpad(length(array_to_string(categories, ''))::text, 5, '0') || array_to_string(categories, '');
CREATE FUNCTION category(name text, VARIADIC elements text[]) RETURNS text LANGUAGE sql RETURN name || lpad(length(array_to_string(elements, ''))::text, 3, '0') || array_to_string(elements, '');
CREATE FUNCTION element(name text, value text) RETURNS text LANGUAGE sql RETURN name || lpad(length(value)::text, 3, '0') || value;
CREATE FUNCTION ag01(bsn text, secret text) RETURNS text LANGUAGE sql RETURN lo3('00000000Ag01A20260901', category('01', element('0110', '1234567890'), element('0120', bsn), element('0240', 'Kanarie')), category('02', element('0120', '000000097')), category('07', element('6810', '19940930'), COALESCE(element('7010', secret), '')), category('08', element('1110', 'Kanariestraat')));
SELECT protaddr.read_lo3(string_agg(ag01(bsn, secret), E'\r\n' ORDER BY bsn)) AS people FROM (VALUES ('000000012', '0'), ('000000024', '1'), ('000000036', '2'), ('000000048', '7'), ('000000061', '8')) v (bsn, secret);
SELECT jsonb_array_elements(protaddr.read_lo3(lo3('00000000Gv011234567890', category('01', element('0120', '000000024')), category('07', element('7010', '3')), category('57', element('7010', '0'))) || E'\n' || ag01('000000012', NULL) || E'\n\n' || ag01('000000036', ''))) AS person;
SELECT lifted, newly_protected FROM protaddr.load_register('NL-BRP', protaddr.read_lo3(ag01('000000012', '0') || E'\n' || ag01('000000024', '5')));
SELECT * FROM answer WHERE id IN ('000000012', '000000024') ORDER BY id;
SELECT n, refusal(format('SELECT protaddr.read_lo3(%L)', d)) AS refused FROM (VALUES (1, ''), (2, E'\n \n'), (3, 'kanarie'), (4, left(ag01('000000012', '0'), -1)), (5, ag01('000000012', '0') || 'x'), (6, ag01('', '0')),
    (7, replace(ag01('000000012', '0'), '7010001', '7010002')), (8, replace(ag01('000000012', '0'), '0120009', '01200x9')), (9, lo3('00000000Ag01A20260901', category('07', element('7010', '0')))), (10, lo3('00000000Ag01A20260901', '')),
    (11, lo3('00000000Ag01A20260901', category('01', element('0120', '000000012')), category('01', element('0120', '000000024'))))) v (n, d) ORDER BY n;
DROP FUNCTION lo3, category, element, ag01;
DROP VIEW answer;
DROP TABLE customer, document;
DROP FUNCTION refusal;
DROP EXTENSION protaddr CASCADE;
