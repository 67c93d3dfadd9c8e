--
-- Does a database in another encoding than UTF-8 say the same?
--
SET client_min_messages = warning;
SELECT current_database() AS db \gset
DROP DATABASE IF EXISTS regress_encoding;
CREATE DATABASE regress_encoding TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C';
\c regress_encoding
SET client_min_messages = warning;
SET client_encoding = 'UTF8';
\set VERBOSITY terse
CREATE EXTENSION protaddr;
SELECT protaddr.confirm_register('regress', new_source => true) IS NOT NULL AS confirmed;
CREATE TABLE customer (name text, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', 'name');
INSERT INTO customer VALUES ('Åse Søgård', protaddr.address(StrtNm => 'Gåsevænget', BldgNb => '2', PstCd => '8000', TwnNm => 'Århus Ø', Ctry => 'DK'));
INSERT INTO customer VALUES ('Frits', '{"StrtNm": "Rue du Château", "TwnNm": "Orléans", "Ctry": "FR"}');
-- identifiers are written alike however the database writes them
SELECT name, protaddr.subjects_of(home), protaddr.subjects_of(home) = ARRAY[protaddr.subject_key(name)] AS same FROM customer ORDER BY name COLLATE "C";
SELECT protaddr.set_channel('show', when_unknown => 'leave');
SELECT protaddr.show(home), protaddr.show_iso(home), protaddr.town_name(home), octet_length(protaddr.show(home)) = length(protaddr.show(home)) AS one_byte_each FROM customer ORDER BY name COLLATE "C";
SELECT protaddr.protect('ÅSE SØGÅRD', 'manual', 'address') IS NOT NULL AS protected;
SELECT name, protaddr.is_protected(name), protaddr.show(home) FROM customer ORDER BY name COLLATE "C";
-- what the encoding has no letter for is refused, and the message does not tell it
INSERT INTO customer VALUES ('Łukasz', NULL);
SELECT protaddr.show(protaddr.address(StrtNm => U&'\0141'));
-- a message as text is in UTF-8, whatever its characters
SELECT position('Gåsevænget' IN m) > 0 AS kept FROM protaddr.release_message('<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"><FIToFICstmrCdtTrf><CdtTrfTxInf><Dbtr><Nm>Frits</Nm><PstlAdr><StrtNm>Gåsevænget</StrtNm></PstlAdr><Id><PrvtId><Othr><Id>Frits</Id></Othr></PrvtId></Id></Dbtr></CdtTrfTxInf></FIToFICstmrCdtTrf></Document>'::text, 'payee_display') m;
\c :db
DROP DATABASE regress_encoding;
