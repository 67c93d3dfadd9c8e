-- demo.sql
--		What would a plain table have sent, and what leaves now?
--
-- Causes of the Danish case (Datatilsynet 2019-431-0044), each carried out
-- twice: on plain tables with a marking column, as the bank's systems had, and on
-- tables with protaddr.  Everybody in it is invented.  The story judges itself: it
-- ends with an error if an address of a protected person leaves, if one of another
-- person is lost, or if the plain tables leak nothing and so prove nothing.
--
-- psql variables: fixtures (folder of test/data); extract (optional: a delivery of the
-- population register to tell it with as well).

\set ON_ERROR_STOP on
\set QUIET on
\pset format unaligned
\pset tuples_only on
\pset pager off
SET client_min_messages = error;
CREATE EXTENSION protaddr;

-- ---- the two banks and the stage ----------------------------------------------------

CREATE SCHEMA old_bank;			-- plain tables, the protection is a column
CREATE SCHEMA new_bank;			-- the same, with protaddr
CREATE SCHEMA story;

-- The deliveries come from the client's side, the server may not read the files.
-- They are ISO-8859-1, so they travel as bytes.
CREATE TABLE story.delivery (name text PRIMARY KEY, bytes bytea NOT NULL);
\set delivery `base64 < :'fixtures'/cpr_fixture.txt | tr -d '\n'`
INSERT INTO story.delivery VALUES ('monday', decode(:'delivery', 'base64'));
\set delivery `base64 < :'fixtures'/cpr_fixture_next.txt | tr -d '\n'`
INSERT INTO story.delivery VALUES ('tuesday', decode(:'delivery', 'base64'));
\unset delivery

-- The people of a delivery, read here a second time and without protaddr, so that the
-- judge of the story does not depend on the judged.
CREATE FUNCTION story.people(delivery bytea, OUT cpr text, OUT name text, OUT street text, OUT number text,
	OUT floor text, OUT door text, OUT post_code text, OUT town text, OUT protected boolean, OUT replaced_by text) RETURNS SETOF record
BEGIN ATOMIC
	SELECT p.cpr,
		   btrim(substr(p.name, 160, 34)),
		   nullif(btrim(substr(p.home, 230, 20)), ''), nullif(ltrim(btrim(substr(p.home, 216, 4)), '0'), ''),
		   nullif(ltrim(btrim(substr(p.home, 220, 2)), '0'), ''), nullif(btrim(substr(p.home, 222, 4)), ''),
		   nullif(btrim(substr(p.home, 184, 4)), ''), nullif(btrim(substr(p.home, 188, 20)), ''),
		   p.protected, p.replaced_by
	FROM (SELECT substr(l, 4, 10) AS cpr,
				 -- a number that took the place of this one; blank or zeros: none
				 max(substr(l, 14, 10)) FILTER (WHERE l ~ '^001.{10}(?!0{10})[0-9]{10}') AS replaced_by,
				 max(l) FILTER (WHERE l LIKE '008%') AS name,
				 max(l) FILTER (WHERE l LIKE '003%') AS home,
				 -- directory, marketing, research and credit codes hide nothing; an unknown code does
				 coalesce(bool_or(substr(l, 14, 4) NOT IN ('0002', '0003', '0004', '0005')) FILTER (WHERE l LIKE '004%'), false) AS protected
		  FROM string_to_table(replace(convert_from(people.delivery, 'LATIN1'), chr(13), ''), chr(10)) l
		  GROUP BY substr(l, 4, 10)
		  HAVING bool_or(l LIKE '001%')) p;
END;

-- The cast: four customers who pay.
CREATE TABLE story.payer (
	cpr text PRIMARY KEY, place int UNIQUE, role text, note text, protected boolean, special text
);

-- One screen: what the plain table sent, what leaves now, and the verdict.
CREATE FUNCTION story.screen(cause text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	line record;
	leaks int := 0;
BEGIN
	RETURN NEXT format(' %s  %s  %s', rpad('payment from', 26), rpad('the plain table sent', 34), 'leaves now');
	RETURN NEXT format(' %s  %s  %s', repeat('-', 26), repeat('-', 34), repeat('-', 32));
	FOR line IN
		SELECT p.role, p.note, p.protected, o.address AS sent, protaddr.show(n.address) AS leaves,
			   n.address IS NOT NULL AS any_address
		FROM story.payer p
		JOIN old_bank.outbound_payment o ON o.cause = screen.cause AND o.payer = p.cpr
		JOIN new_bank.outbound_payment n ON n.cause = screen.cause AND n.payer = p.cpr
		ORDER BY p.place
	LOOP
		IF line.protected AND (line.any_address OR line.leaves IS NOT NULL) THEN
			RAISE EXCEPTION 'cause %: an address of a protected person leaves', cause;
		ELSIF NOT line.protected AND line.leaves IS DISTINCT FROM line.sent THEN
			RAISE EXCEPTION 'cause %: an address of a person who is not protected is lost', cause;
		END IF;
		leaks := leaks + (line.protected AND line.sent IS NOT NULL)::int;
		-- two lines each: street, then town
		RETURN NEXT rtrim(format(' %s  %s  %s', rpad(line.role, 26),
			rpad(coalesce(regexp_replace(line.sent, ', [^,]*$', ''), 'no address'), 34),
			coalesce(regexp_replace(line.leaves, ', [^,]*$', ''), 'no address')));
		RETURN NEXT rtrim(format(' %s  %s  %s', rpad('  ' || line.note, 26),
			rpad(coalesce(regexp_replace(line.sent, '^.*, ', '')
						  || CASE WHEN line.protected THEN '  <== LEAK' ELSE '' END, ''), 34),
			coalesce(regexp_replace(line.leaves, '^.*, ', ''), '')));
	END LOOP;
	IF leaks = 0 THEN
		RAISE EXCEPTION 'cause %: the plain table leaks nothing, so this shows nothing', cause;
	END IF;
	RETURN NEXT '';
	RETURN NEXT format(' Protected addresses sent to strangers:  before %s, now 0.', leaks);
END
$$;

\echo
\echo '================================================================================================'
\echo ' How 20,000 protected addresses reached strangers, and why they cannot any more'
\echo '================================================================================================'
\echo
\echo ' A bank''s transfers carry the payer''s address. Some payers live at an address that nobody may'
\echo ' be told: the population register marks them. Below, the same mistakes happen twice: in a'
\echo ' bank whose tables hold addresses as text and the protection as a column, and in one that keeps'
\echo ' addresses in protaddr. Everything you see is computed now; the people are invented.'
\echo

-- ---- Monday: the delivery ----------------------------------------------------------

CREATE TABLE story.monday AS
SELECT * FROM protaddr.load_cpr((SELECT bytes FROM story.delivery WHERE name = 'monday'));

CREATE TABLE old_bank.customer (cpr text PRIMARY KEY, name text, home text, protected boolean NOT NULL DEFAULT false);
CREATE TABLE new_bank.customer (cpr text PRIMARY KEY, name text, home protaddr.address);
SELECT protaddr.bind_column('new_bank.customer', 'home', subject => 'cpr') \g /dev/null

-- the old bank copies the register's mark into its column; the new one copies nothing
INSERT INTO new_bank.customer
SELECT cpr, name, protaddr.address(StrtNm => street, BldgNb => number, Flr => floor, Room => door,
								   PstCd => post_code, TwnNm => town, Ctry => 'DK')
FROM story.people((SELECT bytes FROM story.delivery WHERE name = 'monday'))
WHERE street IS NOT NULL;
INSERT INTO old_bank.customer
SELECT cpr, name, concat_ws(', ', street || ' ' || number, nullif(concat_ws(' ', floor || '.', door), ''), post_code || ' ' || town),
	   protected
FROM story.people((SELECT bytes FROM story.delivery WHERE name = 'monday'))
WHERE street IS NOT NULL;

-- every payment either bank sends, and the one door out of the new bank
CREATE TABLE old_bank.outbound_payment (cause text, payer text, amount numeric, address text);
CREATE TABLE new_bank.outbound_payment (cause text, payer text, amount numeric, address protaddr.address);
SELECT protaddr.install_gate('new_bank.outbound_payment', channel => 'sumclearing', subject => 'payer') \g /dev/null

-- On Monday four customers queue a payment.  On Tuesday one of them is protected.
INSERT INTO old_bank.outbound_payment
SELECT 'queue', cpr, 100, CASE WHEN NOT protected THEN home END FROM old_bank.customer
WHERE cpr IN ('6101704001', '6201704002', '6902714009', '8005744020');
INSERT INTO new_bank.outbound_payment
SELECT 'queue', cpr, 100, home FROM new_bank.customer
WHERE cpr IN ('6101704001', '6201704002', '6902714009', '8005744020');

-- ---- Tuesday -----------------------------------------------------------------------

SELECT format(' Monday, the register delivers:  %s people, %s protected, %s of them by a code nobody knows.',
	persons, protected, unknown_codes) FROM story.monday;
SELECT format(' Tuesday, it delivers again:     %s newly protected, %s lifted.', newly_protected, lifted)
FROM protaddr.load_cpr((SELECT bytes FROM story.delivery WHERE name = 'tuesday'));
\echo

UPDATE old_bank.customer c SET protected = p.protected
FROM story.people((SELECT bytes FROM story.delivery WHERE name = 'tuesday')) p
WHERE p.cpr = c.cpr AND p.protected IS DISTINCT FROM c.protected;

INSERT INTO story.payer
SELECT p.cpr, c.place, c.role, c.note, p.protected, c.special
FROM (VALUES ('6101704001', 1, 'an ordinary customer', 'not protected', NULL),
			 ('6201704002', 2, 'a protected customer', 'protected', NULL),
			 ('6902714009', 3, 'one with a special address', 'protected', 'Feriebakken 7, 9991 Ferieby'),
			 ('8005744020', 4, 'a just-protected customer', 'protected since Tuesday', NULL)) c (cpr, place, role, note, special)
JOIN story.people((SELECT bytes FROM story.delivery WHERE name = 'tuesday')) p ON p.cpr = c.cpr;

-- ---- a -----------------------------------------------------------------------------

\echo '------------------------------------------------------------------------------------------------'
\echo ' a. An older system had no address protection at all.'
\echo '    The loan system keeps its own copy of the address, and no mark. It pays out each night.'
\echo

CREATE TABLE old_bank.loan (account int, borrower text, address text);
CREATE TABLE new_bank.loan (account int, borrower text, address protaddr.address);
SELECT protaddr.bind_column('new_bank.loan', 'address', subject => 'borrower') \g /dev/null
INSERT INTO old_bank.loan SELECT p.place, p.cpr, c.home FROM story.payer p JOIN old_bank.customer c USING (cpr);
INSERT INTO new_bank.loan SELECT p.place, p.cpr, c.home FROM story.payer p JOIN new_bank.customer c USING (cpr);

INSERT INTO old_bank.outbound_payment SELECT 'a', borrower, 250, address FROM old_bank.loan;
INSERT INTO new_bank.outbound_payment SELECT 'a', borrower, 250, address FROM new_bank.loan;
SELECT story.screen('a');
\echo ' Why: nobody has to remember. Whatever system writes the payment, the gate asks the register.'
\echo
\echo '    Nor does it know any type but text. What it writes into the remittance line is read at the gate.'
\echo

CREATE TABLE old_bank.outbound_text (id int PRIMARY KEY, payer text, remittance text);
CREATE TABLE new_bank.outbound_text (id int PRIMARY KEY, payer text, remittance text);
SELECT protaddr.install_gate('new_bank.outbound_text', channel => 'sumclearing', subject => 'payer') \g /dev/null
INSERT INTO old_bank.outbound_text SELECT p.place, p.cpr, format('Loan %s, %s', p.place, upper(l.address)) FROM story.payer p JOIN old_bank.loan l ON l.borrower = p.cpr;
INSERT INTO new_bank.outbound_text SELECT * FROM old_bank.outbound_text;
CREATE FUNCTION story.text_screen() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	line record;
	leaks int := 0;
BEGIN
	FOR line IN
		SELECT p.role, p.protected, o.remittance AS sent, n.remittance AS leaves
		FROM story.payer p JOIN old_bank.outbound_text o ON o.payer = p.cpr JOIN new_bank.outbound_text n ON n.payer = p.cpr ORDER BY p.place
	LOOP
		IF line.protected AND line.leaves <> regexp_replace(line.sent, ', .*', ', [address withheld]') THEN
			RAISE EXCEPTION 'cause a: an address of a protected person leaves in a text';
		ELSIF NOT line.protected AND line.leaves <> line.sent THEN
			RAISE EXCEPTION 'cause a: a text of a person who is not protected was changed';
		END IF;
		leaks := leaks + line.protected::int;
		RETURN NEXT format(' %s  %s%s', rpad(line.role, 26), line.sent, CASE WHEN line.protected THEN '  <== LEAK' ELSE '' END);
		RETURN NEXT format(' %s  %s', rpad('  leaves now', 26), line.leaves);
	END LOOP;
	IF leaks = 0 THEN
		RAISE EXCEPTION 'cause a: the texts leak nothing, so this shows nothing';
	END IF;
END
$$;
SELECT story.text_screen();
\echo
\echo ' Why: the guard knows the addresses of all who are protected, however they are written.'
\echo

-- ---- b -----------------------------------------------------------------------------

\echo '------------------------------------------------------------------------------------------------'
\echo ' b. A conversion to a new system lost the marking.'
\echo '    Customers are copied to new tables, column by column. The mark is not on the list.'
\echo

CREATE TABLE old_bank.customer_converted (cpr text PRIMARY KEY, name text, home text, protected boolean NOT NULL DEFAULT false);
INSERT INTO old_bank.customer_converted (cpr, name, home) SELECT cpr, name, home FROM old_bank.customer;
-- not even bound anew
CREATE TABLE new_bank.customer_converted (cpr text PRIMARY KEY, name text, home protaddr.address);
INSERT INTO new_bank.customer_converted (cpr, name, home) SELECT cpr, name, home FROM new_bank.customer;

INSERT INTO old_bank.outbound_payment
SELECT 'b', c.cpr, 120, CASE WHEN NOT c.protected THEN c.home END
FROM old_bank.customer_converted c WHERE c.cpr IN (SELECT cpr FROM story.payer);
INSERT INTO new_bank.outbound_payment
SELECT 'b', cpr, 120, home FROM new_bank.customer_converted JOIN story.payer USING (cpr);
SELECT story.screen('b');
\echo ' Why: there is no mark to lose. A sealed address says whom it concerns, the register says'
\echo '      who is protected.'
\echo

-- ---- c -----------------------------------------------------------------------------

\echo '------------------------------------------------------------------------------------------------'
\echo ' c. A customer''s change in the online bank reset the marking.'
\echo '    They change the amount of a standing order. The form saves the whole record, mark included.'
\echo

CREATE TABLE old_bank.standing_order (id int PRIMARY KEY, payer text, amount numeric, address text, protected boolean);
CREATE TABLE new_bank.standing_order (id int PRIMARY KEY, payer text, amount numeric, address protaddr.address);
INSERT INTO old_bank.standing_order SELECT p.place, cpr, 75, c.home, c.protected FROM story.payer p JOIN old_bank.customer c USING (cpr);
INSERT INTO new_bank.standing_order SELECT p.place, cpr, 75, c.home FROM story.payer p JOIN new_bank.customer c USING (cpr);

-- What the form sends back: every field as text, and the mark at its default, since the
-- form does not show it.  In the new bank it holds the sealed token, as read.
CREATE TABLE old_bank.form (id int, amount text, address text, protected text NOT NULL DEFAULT 'false');
CREATE TABLE new_bank.form (id int, amount text, address text);
INSERT INTO old_bank.form (id, amount, address) SELECT id, '80', address FROM old_bank.standing_order;
INSERT INTO new_bank.form (id, amount, address) SELECT id, '80', address::text FROM new_bank.standing_order;
UPDATE old_bank.standing_order o SET amount = f.amount::numeric, address = f.address, protected = f.protected::boolean
FROM old_bank.form f WHERE f.id = o.id;
UPDATE new_bank.standing_order o SET amount = f.amount::numeric, address = f.address::protaddr.address
FROM new_bank.form f WHERE f.id = o.id;

INSERT INTO old_bank.outbound_payment SELECT 'c', payer, amount, CASE WHEN NOT protected THEN address END FROM old_bank.standing_order;
INSERT INTO new_bank.outbound_payment SELECT 'c', payer, amount, address FROM new_bank.standing_order;
SELECT story.screen('c');
\echo ' Why: an update cannot touch the register, and a value written back is the same value.'
\echo

-- ---- d -----------------------------------------------------------------------------

\echo '------------------------------------------------------------------------------------------------'
\echo ' d. A "special address" on an account was never checked.'
\echo '    A customer had letters sent elsewhere. The transfer takes that address first and asks nobody.'
\echo

CREATE TABLE old_bank.account (id int, owner text, special text);
CREATE TABLE new_bank.account (id int, owner text, special protaddr.address);
SELECT protaddr.bind_column('new_bank.account', 'special', subject => 'owner') \g /dev/null
INSERT INTO old_bank.account SELECT place, cpr, special FROM story.payer;
INSERT INTO new_bank.account SELECT place, cpr, special::protaddr.address FROM story.payer;

INSERT INTO old_bank.outbound_payment
SELECT 'd', cpr, 500, coalesce(a.special, CASE WHEN NOT c.protected THEN c.home END)
FROM old_bank.account a JOIN old_bank.customer c ON c.cpr = a.owner;
INSERT INTO new_bank.outbound_payment
SELECT 'd', cpr, 500, coalesce(a.special, c.home)
FROM new_bank.account a JOIN new_bank.customer c ON c.cpr = a.owner;
SELECT story.screen('d');
\echo ' Why: every address is bound to the people it concerns, wherever it stands.'
\echo

-- ---- e -----------------------------------------------------------------------------

\echo '------------------------------------------------------------------------------------------------'
\echo ' e. File extracts for business customers held addresses of transfers inside the bank. 22 October 2019.'
\echo '    The extract was right when it was checked. Years later, its view gets one more column.'
\echo

CREATE TABLE old_bank.own_transfer (payer text, amount numeric);
CREATE TABLE new_bank.own_transfer (payer text, amount numeric);
INSERT INTO old_bank.own_transfer SELECT cpr, 40 FROM story.payer;
INSERT INTO new_bank.own_transfer SELECT cpr, 40 FROM story.payer;
CREATE VIEW old_bank.extract AS SELECT t.amount FROM old_bank.own_transfer t;
CREATE VIEW new_bank.extract AS SELECT t.amount FROM new_bank.own_transfer t;
SELECT protaddr.declare_export('new_bank.extract', 'file_extract', reason => 'transfers of the day, for business customers') \g /dev/null
-- who paid is a number here, and no address
SELECT protaddr.declare_free('new_bank.own_transfer', 'payer', 'numbers of customers') \g /dev/null

CREATE OR REPLACE VIEW old_bank.extract AS SELECT t.amount, t.payer, c.home FROM old_bank.own_transfer t JOIN old_bank.customer c ON c.cpr = t.payer;
DO $$
BEGIN
	CREATE OR REPLACE VIEW new_bank.extract AS SELECT t.amount, t.payer, protaddr.show(c.home) AS home FROM new_bank.own_transfer t JOIN new_bank.customer c ON c.cpr = t.payer;
	RAISE EXCEPTION 'cause e: the view of an export was changed, and nobody was asked';
EXCEPTION WHEN SQLSTATE '23PA1' THEN
	PERFORM set_config('story.refused', SQLERRM, false);
END
$$;
SELECT format(' The author of the new view is told:  %s.', current_setting('story.refused'));
\echo ' So the address is released for the extract, and the file is made.'
\echo
CREATE OR REPLACE VIEW new_bank.extract AS
SELECT t.amount, t.payer, protaddr.show(protaddr.release(c.home, 'file_extract')) AS home FROM new_bank.own_transfer t JOIN new_bank.customer c ON c.cpr = t.payer;
CREATE FUNCTION story.extract_screen() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	line record;
	leaks int := 0;
BEGIN
	RETURN NEXT format(' %s  %s  %s', rpad('transfer of', 26), rpad('the old file told', 34), 'the file tells now');
	RETURN NEXT format(' %s  %s  %s', repeat('-', 26), repeat('-', 34), repeat('-', 32));
	FOR line IN
		SELECT p.role, p.protected, o.home AS sent, n.home AS leaves
		FROM story.payer p JOIN old_bank.extract o ON o.payer = p.cpr JOIN new_bank.extract n ON n.payer = p.cpr
		ORDER BY p.place
	LOOP
		IF line.protected AND line.leaves IS NOT NULL THEN
			RAISE EXCEPTION 'cause e: an address of a protected person leaves';
		ELSIF NOT line.protected AND line.leaves IS DISTINCT FROM line.sent THEN
			RAISE EXCEPTION 'cause e: an address of a person who is not protected is lost';
		END IF;
		leaks := leaks + (line.protected AND line.sent IS NOT NULL)::int;
		RETURN NEXT rtrim(format(' %s  %s  %s', rpad(line.role, 26), rpad(regexp_replace(line.sent, ', [^,]*$', ''), 34),
			coalesce(regexp_replace(line.leaves, ', [^,]*$', ''), 'no address')));
		RETURN NEXT rtrim(format(' %s  %s  %s', rpad('', 26), rpad(regexp_replace(line.sent, '^.*, ', '') || CASE WHEN line.protected THEN '  <== LEAK' ELSE '' END, 34),
			coalesce(regexp_replace(line.leaves, '^.*, ', ''), '')));
	END LOOP;
	IF leaks = 0 THEN
		RAISE EXCEPTION 'cause e: the old file leaks nothing, so this shows nothing';
	END IF;
END
$$;
SELECT story.extract_screen();
\echo
\echo ' Why: a view that becomes a file is declared so, and judged each time it is read: whoever wrote it.'
\echo

-- ---- f -----------------------------------------------------------------------------

\echo '------------------------------------------------------------------------------------------------'
\echo ' f. Transfers abroad had to carry information on the payer, and carried all there was.'
\echo '    Each payer sends EUR 2,500 to a third country: a pacs.008 message, written as before.'
\echo

-- an account stands for its holder; the date and place of birth is what the law takes instead of an address
SELECT protaddr.link_identity('DK00' || cpr, cpr, kind => 'account'), protaddr.set_birth_data(cpr, '1970-01-01', 'Opdigtet By', 'DK') FROM story.payer \g /dev/null
CREATE FUNCTION story.pacs008(cpr text, name text, street text, number text, post_code text, town text) RETURNS text
RETURN format('<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"><FIToFICstmrCdtTrf><CdtTrfTxInf>'
	'<IntrBkSttlmAmt Ccy="EUR">2500</IntrBkSttlmAmt><Dbtr><Nm>%s</Nm><PstlAdr><StrtNm>%s</StrtNm><BldgNb>%s</BldgNb><PstCd>%s</PstCd><TwnNm>%s</TwnNm><Ctry>DK</Ctry></PstlAdr></Dbtr>'
	'<DbtrAcct><Id><IBAN>DK00%s</IBAN></Id></DbtrAcct><Cdtr><Nm>Sam Sample</Nm></Cdtr><CdtrAcct><Id><Othr><Id>US00 1</Id></Othr></Id></CdtrAcct>'
	'</CdtTrfTxInf></FIToFICstmrCdtTrf></Document>', name, street, number, post_code, town, cpr);
CREATE TABLE story.home AS
SELECT p.* FROM story.people((SELECT bytes FROM story.delivery WHERE name = 'tuesday')) p WHERE p.cpr IN (SELECT cpr FROM story.payer);
CREATE TABLE old_bank.foreign_message (payer text, message xml);
CREATE TABLE new_bank.foreign_message (payer text, message xml);
SELECT protaddr.install_gate('new_bank.foreign_message', channel => 'cross_border', subject => 'payer', messages => '{"message": "xml"}') \g /dev/null
INSERT INTO old_bank.foreign_message SELECT cpr, story.pacs008(cpr, name, street, number, post_code, town)::xml FROM story.home;
INSERT INTO new_bank.foreign_message SELECT cpr, story.pacs008(cpr, name, street, number, post_code, town)::xml FROM story.home;

-- what a message tells of where its payer lives, or was born
CREATE FUNCTION story.element(message xml, name text) RETURNS text
RETURN nullif((xpath(format('string(//*[local-name() = "%s"])', name), message))[1]::text, '');
CREATE FUNCTION story.told(message xml) RETURNS text
RETURN concat_ws(', ', story.element(message, 'StrtNm') || ' ' || story.element(message, 'BldgNb'),
	story.element(message, 'TwnNm') || ' ' || story.element(message, 'Ctry'), 'born ' || story.element(message, 'BirthDt'));
CREATE FUNCTION story.message_screen() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	line record;
	leaks int := 0;
BEGIN
	RETURN NEXT format(' %s  %s  %s', rpad('payment from', 26), rpad('the old message told', 34), 'leaves now');
	RETURN NEXT format(' %s  %s  %s', repeat('-', 26), repeat('-', 34), repeat('-', 32));
	FOR line IN
		SELECT p.role, p.protected, h.street, story.told(o.message) AS sent, story.told(n.message) AS leaves, o.message::text = n.message::text AS whole
		FROM story.payer p JOIN story.home h USING (cpr)
		JOIN old_bank.foreign_message o ON o.payer = p.cpr JOIN new_bank.foreign_message n ON n.payer = p.cpr
		ORDER BY p.place
	LOOP
		IF line.protected AND position(line.street IN line.leaves) > 0 THEN
			RAISE EXCEPTION 'cause f: an address of a protected person leaves';
		ELSIF NOT line.protected AND NOT line.whole THEN
			RAISE EXCEPTION 'cause f: a message of a person who is not protected was changed';
		END IF;
		leaks := leaks + line.protected::int;
		RETURN NEXT rtrim(format(' %s  %s  %s', rpad(line.role, 26), rpad(regexp_replace(line.sent, ', [^,]*$', ''), 34), line.leaves));
		RETURN NEXT rtrim(format(' %s  %s', rpad('', 26), regexp_replace(line.sent, '^.*, ', '') || CASE WHEN line.protected THEN '  <== LEAK' ELSE '' END));
	END LOOP;
	IF leaks = 0 THEN
		RAISE EXCEPTION 'cause f: the old messages leak nothing, so this shows nothing';
	END IF;
END
$$;
SELECT story.message_screen();
\echo
\echo ' Why: the law is a table. Over EUR 1,000 a third country gets the scheme''s minimum, and the date of'
\echo '      birth in place of the street (Reg. (EU) 2023/1113 art. 4); up to EUR 1,000, nothing (art. 6).'
\echo

-- ---- g -----------------------------------------------------------------------------

\echo '------------------------------------------------------------------------------------------------'
\echo ' g. 20,000 entries of the years before had to be found and deleted, and 2,000 more after that.'
\echo '    The old bank''s texts are in the new one''s archive. They are found, taken out, and counted.'
\echo

CREATE SCHEMA archive;
CREATE TABLE archive.entry (id int PRIMARY KEY, booked date, remittance text);
INSERT INTO archive.entry
SELECT 1000 * t.id + i, '2018-12-01'::date + i, CASE WHEN i % 50 = 0 THEN t.remittance ELSE 'Loan ' || t.id END FROM old_bank.outbound_text t, generate_series(1, 500) i;
-- one system wrote the street and the place into columns of their own, another without a key
CREATE TABLE archive.letter (id int PRIMARY KEY, street text, place text);
INSERT INTO archive.letter SELECT id, regexp_replace(remittance, '^Loan ., (.*), [^,]*$', '\1'), regexp_replace(remittance, '^.*, ', '') FROM old_bank.outbound_text;
CREATE TABLE archive.log (line text);
INSERT INTO archive.log SELECT remittance FROM old_bank.outbound_text;
CALL protaddr.sweep(schema => 'archive', action => 'redact') \gset
SELECT format(' Searched: %s rows of %s tables. Found: %s addresses. Taken out: %s. Left to somebody: %s.', rows, tables, exact + safe + doubtful, changed, to_do)
FROM protaddr.sweep_status WHERE run = :run;
SELECT format('   %s  %s  %s', rpad(relation, 15), rpad(count(*) || ' x ' || columns, 18), regexp_replace(reason, ':.*', '')) FROM protaddr.sweep_todo WHERE run = :run GROUP BY relation, columns, reason ORDER BY 1;
SELECT format(' An entry now:   %s', remittance) FROM archive.entry WHERE remittance LIKE '%withheld%' ORDER BY id LIMIT 1;
-- what is on the list is done by hand, and the proof is a sweep that finds nothing
UPDATE archive.letter l SET street = NULL FROM story.payer p WHERE p.place = l.id AND p.protected;
DELETE FROM archive.log;
SELECT protaddr.sweep_done(item, 'street removed, log deleted') FROM protaddr.sweep_todo WHERE run = :run \g /dev/null
CALL protaddr.sweep(schema => 'archive') \gset proof_
DO $$
BEGIN
	IF NOT EXISTS (SELECT FROM protaddr.sweep_status WHERE action = 'redact' AND changed > 0 AND to_do = 0 AND ended_at IS NOT NULL)
	   OR EXISTS (SELECT FROM protaddr.sweep_report WHERE run = (SELECT max(run) FROM protaddr.sweep_run)) THEN
		RAISE EXCEPTION 'cause g: an address of a protected person is left in the archive';
	ELSIF (SELECT count(*) FROM archive.entry WHERE remittance LIKE 'Loan 1, %' AND remittance NOT LIKE '%withheld%') <> 10 THEN
		RAISE EXCEPTION 'cause g: a text of a person who is not protected was changed';
	END IF;
END
$$;
SELECT format(E' The rest was done by hand. Searched again: %s rows, %s addresses.\n An old value can be put back for 30 days: it is kept sealed.', rows, exact + safe + doubtful) FROM protaddr.sweep_status WHERE run = :proof_run;
\echo
\echo ' Why: a sweep finds what the guard finds, says what it could not change, and can be undone.'
\echo

-- ---- i -----------------------------------------------------------------------------

\echo '------------------------------------------------------------------------------------------------'
\echo ' i. Payees saw the payer''s address in the online bank.'
\echo '    Another bank''s message comes in with its customer''s address. Nobody here knows that person.'
\echo

CREATE TABLE story.incoming AS
SELECT '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"><BkToCstmrDbtCdtNtfctn><Ntfctn><Ntry><NtryDtls><TxDtls><RltdPties>'
	'<Dbtr><Pty><Nm>Sam Sample</Nm><PstlAdr><StrtNm>Sample Street</StrtNm><BldgNb>9</BldgNb><TwnNm>Sampleton</TwnNm><Ctry>GB</Ctry></PstlAdr></Pty></Dbtr>'
	'</RltdPties></TxDtls></NtryDtls></Ntry></Ntfctn></BkToCstmrDbtCdtNtfctn></Document>'::xml AS message;
SELECT format(' The old online bank showed:  %s', concat_ws(', ', 'Sam Sample', nullif(story.told(message), ''))) FROM story.incoming;
SELECT format(' It shows now:                %s', concat_ws(', ', 'Sam Sample', nullif(story.told(protaddr.release_message(message, 'payee_display')), ''))) FROM story.incoming;
DO $$
BEGIN
	IF (SELECT protaddr.release_message(message, 'payee_display')::text ~ 'Sample Street' FROM story.incoming) THEN
		RAISE EXCEPTION 'cause i: an address of another bank''s customer is shown';
	END IF;
END
$$;
\echo
\echo ' Why: whom no register lists, nobody can say that they are not protected.'
\echo

-- ---- the queue ---------------------------------------------------------------------

\echo '------------------------------------------------------------------------------------------------'
\echo ' And: a payment queued on Monday, a protection that came on Tuesday.'
\echo '    The queued row was right when it was written. Before it is sent, it passes the gate again.'
\echo

UPDATE new_bank.outbound_payment SET address = address WHERE cause = 'queue';
SELECT story.screen('queue');
\echo ' Why: protection counts from the moment the register''s delivery is loaded, in every session.'
\echo

-- ---- a delivery of your own ----------------------------------------------------------

\if :{?extract}
\set delivery `base64 < :'extract' | tr -d '\n'`
INSERT INTO story.delivery VALUES ('yours', decode(:'delivery', 'base64'));
\unset delivery
\echo '------------------------------------------------------------------------------------------------'
\echo ' The delivery you gave: every person in it pays once through the gate. Nobody is printed.'
\echo
CREATE TABLE story.yours_loaded AS
SELECT * FROM protaddr.load_cpr((SELECT bytes FROM story.delivery WHERE name = 'yours'), source => 'your delivery');
SELECT format(' Its records: %s. People: %s. Protection records: %s. Protected people: %s. Unknown codes: %s.',
	records, persons, protections, protected, unknown_codes)
FROM story.yours_loaded;

-- Every customer has an address: what the register tells, or else one they gave the bank.
CREATE TABLE story.yours AS
SELECT * FROM story.people((SELECT bytes FROM story.delivery WHERE name = 'yours'));
-- The story reads deliveries of one record a line.  Of others it takes whom the register found.
INSERT INTO story.yours (cpr, protected)
SELECT DISTINCT p.subject, true FROM protaddr.protection p, story.delivery d
WHERE p.source = 'your delivery' AND p.kind <> 'none' AND d.name = 'yours' AND position('\x0a'::bytea IN d.bytes) = 0;
-- Numbers of one person, by what each says of the other: who is protected under one is so under both.
ALTER TABLE story.yours ADD COLUMN by_number boolean NOT NULL DEFAULT false;
WITH RECURSIVE number AS (
	SELECT y.cpr, y.replaced_by FROM story.yours y WHERE y.replaced_by IS NOT NULL
), same AS (
	SELECT y.cpr FROM story.yours y WHERE y.protected
		AND (y.replaced_by IS NOT NULL OR y.cpr IN (SELECT n.replaced_by FROM number n))
	UNION
	SELECT CASE s.cpr WHEN n.cpr THEN n.replaced_by ELSE n.cpr END FROM same s JOIN number n ON s.cpr IN (n.cpr, n.replaced_by)
)
UPDATE story.yours y SET by_number = true FROM same s WHERE s.cpr = y.cpr AND NOT y.protected;
CREATE TABLE new_bank.your_customer (cpr text PRIMARY KEY, home protaddr.address);
SELECT protaddr.bind_column('new_bank.your_customer', 'home', subject => 'cpr') \g /dev/null
INSERT INTO new_bank.your_customer
SELECT cpr, CASE WHEN street IS NOT NULL
				 THEN protaddr.address(StrtNm => street, BldgNb => number, Flr => floor, Room => door,
									   PstCd => post_code, TwnNm => town, Ctry => 'DK')
				 ELSE protaddr.address(StrtNm => 'Kundevej', BldgNb => '1', PstCd => '9990', TwnNm => 'Kundeby', Ctry => 'DK') END
FROM story.yours;
INSERT INTO new_bank.outbound_payment SELECT 'yours', cpr, 1, home FROM new_bank.your_customer;
ANALYZE story.yours, new_bank.outbound_payment;

DO $$
DECLARE
	persons bigint := (SELECT l.persons FROM story.yours_loaded l);
	protected bigint := (SELECT l.protected FROM story.yours_loaded l);
	told bigint := (SELECT count(*) FROM story.yours y WHERE y.protected);
	lines boolean := (SELECT position('\x0a'::bytea IN d.bytes) > 0 FROM story.delivery d WHERE d.name = 'yours');
BEGIN
	-- where the story takes whom the register found, it also takes the new numbers of replaced ones
	IF told < protected OR lines AND (told > protected OR (SELECT count(*) FROM story.yours) <> persons) THEN
		RAISE EXCEPTION 'the register and the story''s own reading of the delivery do not agree';
	ELSIF EXISTS (SELECT FROM story.yours y JOIN new_bank.outbound_payment n ON n.cause = 'yours' AND n.payer = y.cpr
				  WHERE (y.protected OR EXISTS (SELECT FROM story.yours o WHERE o.cpr = y.replaced_by AND o.protected))
					AND n.address IS NOT NULL) THEN
		RAISE EXCEPTION 'an address of a protected person leaves';
	ELSIF EXISTS (SELECT FROM story.yours y LEFT JOIN new_bank.outbound_payment n ON n.cause = 'yours' AND n.payer = y.cpr
				  WHERE NOT y.protected AND NOT y.by_number AND protaddr.show(n.address) IS NULL) THEN
		RAISE EXCEPTION 'an address of a person who is not protected is lost';
	END IF;
END
$$;
SELECT format(' Payments of %s %s, of these with an address: %s.',
			  CASE WHEN y.protected THEN 'protected people:      ' WHEN y.by_number THEN 'their other numbers:   ' ELSE 'everybody else:        ' END,
			  lpad(count(*)::text, 8), lpad(count(n.address)::text, 8))
FROM story.yours y JOIN new_bank.outbound_payment n ON n.cause = 'yours' AND n.payer = y.cpr
GROUP BY y.protected, y.by_number ORDER BY y.protected DESC, y.by_number DESC;
\echo
SELECT format(' %s of the protected had a delete date past already. It is no end date: they stay protected.', count(DISTINCT p.subject_key))
FROM protaddr.protection p
WHERE p.source = 'your delivery' AND p.recorded_to = 'infinity' AND p.valid_to = 'infinity' AND p.kind <> 'none'
  AND p.delete_hint < (SELECT l.produced FROM story.yours_loaded l);
\echo
\endif

-- ---- the state of things ---------------------------------------------------------------

\echo '------------------------------------------------------------------------------------------------'
\echo ' What the bank''s own staff can look at, at any time:'
\echo
\pset format aligned
\pset tuples_only off
\pset footer off
\pset null ''
\echo ' Is the register fresh?  (register_status)'
SELECT source, status, age, last_produced, persons, protected, deliveries, refused FROM protaddr.register_status;
\echo ' Are the gates in place?  (gate_status)'
SELECT relation, channel, subject, address_columns, status FROM protaddr.gate_status;
\echo ' Are the keys here?  (key_status)'
SELECT key_id, usable, newest, status FROM protaddr.key_status;
\echo ' And what anybody sees who reads the table itself, a dump, a backup or a replica:'
SELECT cpr, left(home::text, 60) || '...' AS home FROM new_bank.customer WHERE cpr = '6201704002';
\pset format unaligned
\pset tuples_only on
SELECT format(' In all: %s payments of protected people. With an address: before %s, now %s.',
	count(*), count(o.address), count(n.address))
FROM story.payer p
JOIN old_bank.outbound_payment o ON o.payer = p.cpr
JOIN new_bank.outbound_payment n ON n.payer = p.cpr AND n.cause = o.cause
WHERE p.protected;
\echo
