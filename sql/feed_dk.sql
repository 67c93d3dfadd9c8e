--
-- Denmark beside CPR's own files: Datafordeleren, MitID.  What identifiers look like.
--
\getenv abs_srcdir PG_ABS_SRCDIR
\set start :abs_srcdir '/test/regress/feed.psql'
\set ECHO none
\i :start
CREATE TABLE document (name text PRIMARY KEY, body jsonb);
INSERT INTO customer SELECT id, 'Prøvevej 1' FROM unnest('{010170-0001,0101700002,101700003,010170-0004,610170-0004,010170-0005}'::text[]) id;
INSERT INTO document VALUES ('graphql', '{"data": {"CPRCustom_PrivateSectorPerson": {"nodes": [
 {"id": "1", "status": "bopael_i_danmark", "personnumre": [{"personnummer": "0101700001", "status": "aktuel"}], "beskyttelser": [{"beskyttelsestype": "navne_og_adresse", "status": "aktuel", "virkningfra": "2026-01-01T00:00:00+01:00", "virkningtil": "2026-06-01T00:00:00+02:00"}, {"beskyttelsestype": "markedsfoering", "status": "aktuel"}]},
 {"id": "2", "personnumre": [{"personnummer": "0101700002", "status": "aktuel"}], "beskyttelser": []},
 {"id": "3", "personnumre": [{"personnummer": "0101700003", "status": "aktuel"}], "beskyttelser": [{"beskyttelsestype": "navne_og_adresse", "status": "historisk", "virkningfra": "2020-01-01T00:00:00+01:00", "virkningtil": "2021-01-01T00:00:00+01:00"}, {"beskyttelsestype": "kreditadvarsel", "status": "aktuel"}, {"beskyttelsestype": "lokal_vejviser", "status": "historisk"}]},
 {"id": "4", "personnumre": [{"personnummer": "6101700004", "status": "historisk"}, {"personnummer": "0101700004", "status": "aktuel"}], "beskyttelser": [{"beskyttelsestype": "navne_og_adresse", "virkningtil": "9999-12-31T23:59:59Z"}]},
 {"id": "5", "personnumre": [{"personnummer": "0101700005", "status": "aktuel"}], "beskyttelser": [{"beskyttelsestype": "ny_beskyttelse", "status": "aktuel"}]}]}}}'),
 ('rest', '{"Personer": [{"Person": {"id": "1", "Personnumre": [{"Personnummer": {"personnummer": "0101700002", "status": "aktuel"}}], "Beskyttelser": [{"Beskyttelse": {"beskyttelsestype": "navne_og_adresse", "status": "aktuel", "virkningFra": "2026-01-01T00:00:00+01:00"}}]}}]}');
SELECT name, jsonb_array_elements(protaddr.read_datafordeler(body)) AS person FROM document ORDER BY name;
SELECT persons, protected, unknown_codes, replaced_numbers FROM protaddr.load_register('DK-CPR', (SELECT protaddr.read_datafordeler(body) FROM document WHERE name = 'graphql'));
SELECT * FROM answer ORDER BY id;
SELECT newly_protected, lifted FROM protaddr.load_register('DK-CPR', (SELECT protaddr.read_datafordeler(body) FROM document WHERE name = 'rest'), mode => 'reply');
SELECT n, refusal(format('SELECT protaddr.read_datafordeler(%L)', d)) AS refused FROM document, LATERAL (SELECT '{data,CPRCustom_PrivateSectorPerson,nodes}'::text[] AS nodes) p, LATERAL (VALUES
    (1, '{}'::jsonb), (2, '[]'), (3, body || '{"errors": [{"message": "kanarie"}]}'), (4, jsonb_set(body, nodes, '[]')), (5, body #- (nodes || '{0,personnumre}')), (6, body #- (nodes || '{0,personnumre,0,personnummer}')), (7, body #- (nodes || '{0,personnumre,0,status}')),
    (8, jsonb_set(body, nodes || '{0,personnumre,0,status}', '"historisk"')), (9, body #- (nodes || '{0,beskyttelser}')), (10, body #- (nodes || '{0,beskyttelser,0,beskyttelsestype}')), (11, jsonb_set(body, nodes || '{0}', '"kanarie"')), (12, '{"Personer": ["kanarie"]}'), (13, '{"Personer": []}')) v (n, d)
WHERE name = 'graphql' ORDER BY n;

-- MitID: a reply about whoever has logged in
SELECT told, protaddr.read_mitid(jsonb_build_object('ssn.details.status', 'success', 'ssn.details.name_address_protected', told, 'dk.cpr', '0101700005'), '010170-0005') AS person FROM jsonb_array_elements('["true", "false", true, false, "True", "ja"]') told;
SELECT lifted, outcome FROM protaddr.load_register('DK-CPR', protaddr.read_mitid('{"ssn.details.status": "success", "ssn.details.name_address_protected": "false"}', '010170-0005'), mode => 'reply');
SELECT * FROM answer WHERE id IN ('0101700002', '010170-0005') ORDER BY id;
SELECT n, refusal(format('SELECT protaddr.read_mitid(%L, %L)', d, '0101700005')) AS refused FROM (VALUES (1, '{}'), (2, '{"ssn.details.status": "unable_to_lookup"}'), (3, '{"ssn.details.status": "success"}'), (4, '{"ssn.details.status": "success", "ssn.details.name_address_protected": ""}'),
    (5, '{"ssn.details.status": "success", "ssn.details.name_address_protected": null}'), (6, '{"ssn.details.status": "success", "ssn.details.name_address_protected": "false", "dk.cpr": "0101700004"}'), (7, '[]')) v (n, d) ORDER BY n;
SELECT refusal($$SELECT protaddr.read_mitid('{"ssn.details.status": "success", "ssn.details.name_address_protected": "false"}')$$) AS nobody;

-- check digits are told of, and refuse nothing
SELECT regime, subject, protaddr.identifier_problem(regime, subject) AS problem FROM (VALUES ('DK-CPR', '070761-4285'), ('DK-CPR', '707614285'), ('DK-CPR', '670761-4285'), ('DK-CPR', '073261-4285'), ('DK-CPR', '07076142855'),
    ('NO-FREG', '01010750160'), ('NO-FREG', '01010750161'), ('SE-FOLK', '811228-9874'), ('SE-FOLK', '19811228-9874'), ('SE-FOLK', '811228-9875'), ('SE-FOLK', '811228-987'), ('FI-VTJ', '131052-308T'), ('FI-VTJ', '131052A308T'), ('FI-VTJ', '131052-308U'), ('FI-VTJ', '010170X'),
    ('FI-VTJ', '010101-1010'), ('NL-BRP', '111222333'), ('NL-BRP', '111222334'), ('NL-BRP', '12345678'), ('CH-ECH', '756.9217.0769.85'), ('CH-ECH', '756.9217.0769.86'), ('CH-ECH', '757.9217.0769.85'), ('IS-THJODSKRA', '120174-3399'), ('IS-THJODSKRA', '120174-3389'), ('DE-MELDE', 'x'), (NULL, '1'), ('DK-CPR', ' ')) v (regime, subject);
DROP VIEW answer;
DROP TABLE customer, document;
DROP FUNCTION refusal;
DROP EXTENSION protaddr CASCADE;
