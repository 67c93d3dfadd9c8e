--
-- What does the door say: in each country's order, element by element, and withheld?
--
SET client_min_messages = warning;
CREATE EXTENSION protaddr;
-- nothing is told before the register has been loaded or confirmed
\set VERBOSITY terse
SET client_min_messages = notice;
SELECT protaddr.show(protaddr.address(strtnm => 'Vestergade', bldgnb => '12', subject => '6101704001'));
SELECT protaddr.confirm_register('regress', new_source => true);

-- Denmark: the official form
SELECT protaddr.show(protaddr.address(strtnm, bldgnb, flr, room, pstcd, twnnm, 'DK', subject => '6101704001'))
FROM (VALUES
    (1, 'Vestergade', '12', '2', 'th', '8000', 'Aarhus C'), (2, 'Vestergade', '12', '2.', 'th.', '8000', 'Aarhus C'),
    (3, 'Vestergade', '12', 'st', 'tv', '8000', 'Aarhus C'), (4, 'Vestergade', '12', 'kl', NULL, '8000', 'Aarhus C'),
    (5, 'Vestergade', '12A', '1', 'mf', '8000', 'Aarhus C'), (6, 'Vestergade', '12', '14', '1', '8000', 'Aarhus C'),
    (7, 'Vestergade', '12', NULL, '8', '8000', 'Aarhus C'), (8, 'Vestergade', '12', NULL, NULL, '8000', 'Aarhus C'),
    (9, 'Vestergade', NULL, NULL, NULL, '8000', 'Aarhus C'), (10, NULL, '12', NULL, NULL, '8000', 'Aarhus C'),
    (11, 'Vestergade', '12', NULL, NULL, NULL, 'Aarhus C'), (12, 'Vestergade', '12', NULL, NULL, '8000', NULL),
    (13, 'Vestergade', '12', NULL, NULL, NULL, NULL), (14, NULL, NULL, NULL, NULL, '8000', NULL),
    (15, NULL, NULL, '2', 'th', NULL, NULL), (16, 'Åboulevarden', '1', 'kl', 'tv', '8000', 'Aarhus C'))
    v(n, strtnm, bldgnb, flr, room, pstcd, twnnm) ORDER BY n;
SELECT protaddr.show(protaddr.address(strtnm => 'Vestergade', bldgnb => '12', pstcd => '8230', twnnm => 'Åbyhøj', ctry => 'DK',
                                      twnlctnnm => 'Ny Prøveby', subject => '6101704001')) AS town_location,
       protaddr.show(protaddr.address(careof => 'Test Person', strtnm => 'Vestergade', bldgnb => '12', ctry => 'DK', subject => '6101704001')) AS care_of,
       protaddr.show(protaddr.address(careof => 'C/O Test Person', strtnm => 'Vestergade', ctry => 'DK', subject => '6101704001')) AS care_of_once,
       protaddr.show(protaddr.address(pstbx => '17', pstcd => '8100', twnnm => 'Aarhus C', ctry => 'DK', subject => '6101704001')) AS post_box;
SELECT protaddr.show(protaddr.address(bldgnm => 'Rådhuset', dept => 'Økonomi', subdept => 'Løn', strtnm => 'Vestergade', bldgnb => '12',
                                      flr => '2', unitnb => '201', room => 'th', dstrctnm => 'Midtbyen', ctrysubdvsn => 'Midtjylland',
                                      pstcd => '8000', twnnm => 'Aarhus C', ctry => 'DK', adrline => ARRAY['Baghuset', 'Porten'], subject => '6101704001'));

-- the same elements in many countries' orders
SELECT ctry, protaddr.show(protaddr.address('Main', '12', '2', NULL, '12345', 'Town', ctry, subject => '6101704001')) AS floor,
       protaddr.show(protaddr.address('Main', '12', pstcd => '12345', twnnm => 'Town', ctry => ctry, unitnb => '3', ctrysubdvsn => 'XX', subject => '6101704001')) AS unit
FROM unnest('{DK,NO,SE,FI,IS,DE,AT,CH,NL,BE,LU,FR,ES,PT,IT,PL,CZ,EE,LV,GB,IE,US,CA,AU,NZ,IN,JP,BR,MX,ZA,TR,NULL}'::text[]) WITH ORDINALITY u(ctry, n) ORDER BY n;
-- as their posts write them
SELECT protaddr.show(protaddr.address(strtnm => s, bldgnb => b, flr => f, unitnb => u, pstcd => p, twnnm => t, ctry => c, ctrysubdvsn => r, subject => '6101704001'))
FROM (VALUES
    (1, 'Storgata', '5', NULL, 'H0201', '0155', 'Oslo', 'NO', NULL), (2, 'Sveavägen', '10', NULL, '1201', '111 57', 'Stockholm', 'SE', NULL),
    (3, 'Mannerheimintie', '1', NULL, 'A 4', '00100', 'Helsinki', 'FI', NULL), (4, 'Hauptstraße', '7', '3', NULL, '10115', 'Berlin', 'DE', NULL),
    (5, 'Keizersgracht', '12', NULL, '3', '1015 CX', 'Amsterdam', 'NL', NULL), (6, 'rue de la Paix', '8', NULL, NULL, '75002', 'Paris', 'FR', NULL),
    (7, 'High Street', '12', NULL, '3', 'SW1A 1AA', 'London', 'GB', NULL), (8, 'Main St', '500', NULL, '4B', '62701', 'Springfield', 'US', 'IL'),
    (9, 'Via Roma', '3', NULL, NULL, '20121', 'Milano', 'IT', 'MI'), (10, 'High Street', '12', NULL, '3', '6000', 'Perth', 'AU', 'WA'),
    (11, 'Calle Mayor', '5', '2', NULL, '28013', 'Madrid', 'ES', NULL), (12, 'Brīvības iela', '5', NULL, '12', 'LV-1010', 'Rīga', 'LV', NULL))
    v(n, s, b, f, u, p, t, c, r) ORDER BY n;
-- plain lines, and no country
SELECT protaddr.show(protaddr.address(adrline => ARRAY['Test Person', 'Vestergade 12', '8000 Aarhus C'], subject => '6101704001')) AS lines,
       protaddr.show(protaddr.address(twnnm => 'Aarhus', adrline => ARRAY['Vestergade 12'], subject => '6101704001')) AS hybrid,
       protaddr.show(protaddr.address(ctry => 'DK', subject => '6101704001')) AS country_alone;

-- each element by itself
CREATE TABLE customer (n int PRIMARY KEY, cpr text, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', 'cpr');
CREATE VIEW door AS
SELECT n, protaddr.show(home) AS show, protaddr.show_iso(home) AS show_iso,
       ARRAY[protaddr.street_name(home), protaddr.building_number(home), protaddr.building_name(home), protaddr.floor(home), protaddr.room(home),
             protaddr.post_box(home), protaddr.post_code(home), protaddr.town_name(home), protaddr.town_location_name(home),
             protaddr.country_subdivision(home), protaddr.country(home), protaddr.care_of(home)] AS elements
FROM customer;
INSERT INTO customer VALUES
    (1, '6101704001', protaddr.address('s', 'bnb', 'f', 'r', 'pc', 't', 'DK', 'bnm', 'u', 'pb', 'tl', 'd', 'reg', 'co', 'de', 'sd', 'BIZZ', ARRAY['line'])),
    (2, '6101704001', 'Vestergade 12'),
    (3, '6101704001', NULL);
\pset null NULL
SELECT n, elements FROM door ORDER BY n;
SELECT n, show_iso FROM door ORDER BY n;

-- withheld is withheld: the same answer whatever the reason, whatever is asked
INSERT INTO customer VALUES
    (11, '6201704002', protaddr.address('Kanariegade', '1', '2', 'th', '8000', 'Aarhus C', 'DK')),	-- to be protected
    (12, '6201704002', '{"Ctry":"DK"}'),
    (13, NULL, protaddr.address('Kanariegade', '1', pstcd => '8000')),							-- of nobody
    (14, ' - ', 'Kanariegade 1'),
    (15, '6101704001', protaddr.address('Kanariegade', '1', subject => '6201704002'));			-- of somebody else, too
SELECT protaddr.protect('6201704002', 'DK-CPR', '0001');
SELECT count(*) AS rows, count(DISTINCT (show, show_iso, elements)) AS answers, min(show) AS show, min(show_iso::text) AS show_iso,
       (SELECT array_agg(DISTINCT e) FROM door, unnest(elements) e WHERE n > 10) AS elements
FROM door WHERE n > 10;
SELECT count(*) FILTER (WHERE show = '[address withheld]') AS withheld FROM door WHERE n <= 10;
-- and the same for all when the register is not ready
SELECT protaddr.retire_register('regress');
SELECT count(*) AS rows, count(DISTINCT (show, show_iso, elements)) AS answers, min(show) AS show FROM door WHERE show IS NOT NULL;
SELECT protaddr.show(NULL), protaddr.show_iso(NULL), protaddr.street_name(NULL), protaddr.country(NULL);
SELECT protaddr.confirm_register('regress', new_source => true);
-- masked output is no input
SELECT (show_iso::text)::protaddr.address FROM door WHERE n = 11;
SELECT show::protaddr.address FROM door WHERE n = 11;
-- what is shown in clear is, and makes another value with the same address
INSERT INTO customer SELECT 4, '6101704001', show_iso::text::protaddr.address FROM door WHERE n = 1;
SELECT a.show_iso = b.show_iso AS same_address, c.home OPERATOR(protaddr.!==) d.home AS another_value
FROM door a, door b, customer c, customer d WHERE a.n = 1 AND b.n = 4 AND c.n = 1 AND d.n = 4;
SELECT protaddr.lift('6201704002', 'DK-CPR', '0001');
SELECT n, show FROM door WHERE n IN (11, 12, 13, 15) ORDER BY n;

SET client_min_messages = warning;
DROP VIEW door;
DROP TABLE customer;
DROP EXTENSION protaddr CASCADE;
