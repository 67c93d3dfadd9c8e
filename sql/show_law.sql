--
-- What is shown inside the bank: the row "show" of the law.
--
SET client_min_messages = warning;
CREATE EXTENSION protaddr;
CREATE ROLE regress_show_reader;
CREATE FUNCTION refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
CREATE TABLE customer (number text PRIMARY KEY, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', 'number');
-- 61 is free, 62 protected, of 63 the town is hidden too; C-64 is a number that is linked to nobody, as is a company's
INSERT INTO customer SELECT s, '{"StrtNm":"Kanariegade","BldgNb":"2","PstCd":"8000","TwnNm":"Aarhus C","Ctry":"DK"}' FROM unnest('{6101704001,6201704002,6301704003,C-64}'::text[]) s;
INSERT INTO customer SELECT 'a company', protaddr.address(StrtNm => 'Skjultvej', TwnNm => 'Aarhus C', Ctry => 'DK');
SELECT protaddr.protect('6201704002', 'manual', 'address'), protaddr.protect('6301704003', 'manual', 'address_and_town'), protaddr.confirm_register('manual', new_source => true);
CREATE VIEW shown AS SELECT number, protaddr.show(home), protaddr.town_name(home) AS town, protaddr.street_name(home) AS street, protaddr.show_iso(home) AS iso FROM customer ORDER BY number;
-- a register kept by hand tells of those alone who are protected: nobody is unknown
SELECT * FROM shown;
-- one that lists people has told of nobody C-64: whoever that is may be protected
SELECT persons, protected FROM protaddr.load_register('DK-CPR', '[{"subject": "6101704001", "protections": []}]');
SELECT * FROM shown;
SELECT protaddr.link_identity('C-64', '6101704001', 'customer');
SELECT protaddr.show(home) FROM customer WHERE number = 'C-64';
SELECT protaddr.unlink_identity('C-64', '6101704001');

-- the row says so, and who may change it says otherwise; it holds once committed
SELECT when_protected, when_unknown, when_unbound, protaddr.channel_actions(c) FROM protaddr.channel c WHERE channel = 'show';
BEGIN;
SELECT protaddr.set_channel('show', when_unknown => 'leave');
SELECT number, show FROM shown;
COMMIT;
SELECT number, show FROM shown;
SELECT protaddr.set_channel('show', when_unknown => 'minimum', when_protected => 'minimum');
SELECT * FROM shown;
-- the substitute, of those who have one
SELECT protaddr.set_channel('show', 'substitute', when_unknown => 'withhold'), protaddr.set_substitute('6201704002', '{"PstBx":"2820","PstCd":"8100","TwnNm":"Opdigtet By","Ctry":"DK"}', 'test');
SELECT * FROM shown;
SELECT protaddr.set_channel('show', without_substitute => 'minimum');
SELECT number, show FROM shown;
-- a reader cannot be held, nor refused; and what is disclosed needs a record, which a reader does not write
SELECT a.what, refusal(format('SELECT protaddr.set_channel(''show'', %s)', a.change)) FROM (VALUES (1, 'disclose', '''disclose'', legal_basis => ''none'''), (2, 'hold', '''hold'''), (3, 'block', '''block'''),
    (4, 'unknown held', 'when_unknown => ''hold'''), (5, 'of nobody held', 'when_unbound => ''hold'''), (6, 'a small amount', 'small_amount => 1, small_currency => ''EUR'', when_small => ''substitute'''),
    (7, 'held without', 'without_substitute => ''hold'''), (8, 'another route', 'route => ''domestic''')) a(n, what, change) ORDER BY n;
-- nor is it in anybody's gift
SET ROLE regress_show_reader;
SELECT refusal('SELECT protaddr.set_channel(''show'', when_unknown => ''leave'')'), refusal('UPDATE protaddr.channel SET when_unknown = ''leave'' WHERE channel = ''show''');
RESET ROLE;

-- what a channel let leave is shown: its minimum, and of unknown people all as long as it lets that leave
SELECT protaddr.set_channel('show', 'withhold'), protaddr.set_channel('open', route => 'domestic', when_unknown => 'leave', description => 'Test', legal_basis => 'Invented Act');
CREATE TABLE payment (id integer PRIMARY KEY, channel text, payer text, address protaddr.address);
SELECT protaddr.install_gate('payment', channel_column => 'channel', subject => 'payer');
INSERT INTO payment SELECT row_number() OVER (ORDER BY c, number), c, number, home FROM customer, unnest('{open,cross_border_union}'::text[]) c;
SELECT channel, payer, protaddr.show(address) FROM payment ORDER BY 1, 2;
SELECT protaddr.set_channel('open', when_unknown => 'withhold');
SELECT channel, payer, protaddr.show(address) FROM payment WHERE payer = 'C-64' ORDER BY 1, 2;
SELECT protaddr.set_channel('open', when_unknown => 'leave'), protaddr.protect('C-64', 'manual', 'address_and_town');
SELECT channel, payer, protaddr.show(address) FROM payment WHERE payer = 'C-64' ORDER BY 1, 2;
-- without the row nothing is shown, of nobody
SELECT protaddr.end_channel('show');
SELECT number, show FROM shown;
SELECT protaddr.set_channel('show', route => 'display', description => 'Test', legal_basis => 'Invented Act', when_unknown => 'leave');
SELECT number, show FROM shown;
SELECT before->>'when_unknown' AS before, after->>'when_unknown' AS after FROM protaddr.channel_change WHERE channel = 'show' ORDER BY changed_at DESC LIMIT 1;

DROP TABLE customer, payment CASCADE;
DROP TABLE IF EXISTS payment_held;
DROP FUNCTION refusal;
DROP EXTENSION protaddr CASCADE;
DROP ROLE regress_show_reader;
