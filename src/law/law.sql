-- ---------------------------------------------------------------------------
-- law/: channels, amounts, substitutes, birth data
-- ---------------------------------------------------------------------------
CREATE DOMAIN protaddr.channel_route AS text
    CONSTRAINT channel_route_vocabulary CHECK (VALUE IN ('own_bank', 'domestic', 'union', 'third_country', 'extract', 'display', 'customer'));
COMMENT ON DOMAIN protaddr.channel_route IS 'Where a channel leads: own_bank, domestic, union, third_country, extract, display, customer.';
CREATE DOMAIN protaddr.channel_action AS text
    CONSTRAINT channel_action_vocabulary CHECK (VALUE IN ('withhold', 'minimum', 'substitute', 'disclose', 'hold', 'block', 'leave'));
COMMENT ON DOMAIN protaddr.channel_action IS
'What a channel does with an address: withhold (NULL), minimum (town and country; country alone where the town is hidden too), substitute (the registered substitute address), disclose (all of it, on record), hold (the row waits in protaddr.held for a decision), block (the row is refused with 23PA1), leave (all of it; only for people whom no register lists).';

CREATE TABLE protaddr.channel (
    channel text NOT NULL CHECK (octet_length(channel) BETWEEN 1 AND 64),
    valid_from timestamptz NOT NULL DEFAULT '-infinity',
    valid_to timestamptz NOT NULL DEFAULT 'infinity',
    route protaddr.channel_route NOT NULL,
    when_protected protaddr.channel_action NOT NULL DEFAULT 'withhold' CHECK (when_protected <> 'leave'),
    small_amount numeric CHECK (small_amount >= 0 AND small_amount < 'infinity'),
    small_currency text CHECK (small_currency ~ '^[A-Z]{3}$'),
    when_small protaddr.channel_action CHECK (when_small <> 'leave'),
    linked_within interval CHECK (linked_within > '0' AND linked_within <= '1 year'),
    when_unknown protaddr.channel_action NOT NULL DEFAULT 'withhold' CHECK (when_unknown IN ('leave', 'withhold', 'minimum', 'hold', 'block')),
    when_own protaddr.channel_action CHECK (when_own IN ('withhold', 'minimum', 'substitute', 'disclose')),
    when_unbound protaddr.channel_action NOT NULL DEFAULT 'withhold' CHECK (when_unbound IN ('withhold', 'hold', 'block')),
    when_unreadable protaddr.channel_action NOT NULL DEFAULT 'block' CHECK (when_unreadable IN ('hold', 'block')),
    without_substitute protaddr.channel_action NOT NULL DEFAULT 'withhold' CHECK (without_substitute IN ('withhold', 'minimum', 'hold', 'block')),
    birth_data boolean NOT NULL DEFAULT false,
    strangers_unknown boolean NOT NULL DEFAULT false,
    name_when_protected protaddr.channel_action NOT NULL DEFAULT 'withhold' CHECK (name_when_protected IN ('leave', 'minimum', 'withhold')),
    name_when_unknown protaddr.channel_action NOT NULL DEFAULT 'withhold' CHECK (name_when_unknown IN ('leave', 'minimum', 'withhold')),
    description text NOT NULL,
    legal_basis text NOT NULL CHECK (btrim(legal_basis, E' \t\r\n') <> ''),
    shipped boolean NOT NULL DEFAULT false,
    PRIMARY KEY (channel, valid_from),
    CHECK (valid_from < valid_to),
    CHECK (num_nulls(small_amount, small_currency, when_small) IN (0, 3)),
    CHECK (linked_within IS NULL OR small_amount IS NOT NULL),
    CONSTRAINT channel_show CHECK (channel <> 'show' OR (route = 'display' AND when_protected IN ('withhold', 'minimum', 'substitute')
        AND when_unknown IN ('leave', 'withhold', 'minimum') AND when_unbound = 'withhold' AND without_substitute IN ('withhold', 'minimum') AND small_amount IS NULL AND when_own IS NULL))
);
COMMENT ON TABLE protaddr.channel IS
'The law as rows: through which channels addresses may leave, how much of a protected one, and from when to when. When the law changes, these rows change and the code does not: see protaddr.set_channel() and protaddr.end_channel(). If several rules apply to an address, the strictest decides, in this order: block, hold, withhold, minimum, substitute, disclose, leave. The row "show" is the rule for display inside the bank (protaddr.show(), accessors): it can withhold, give the minimum or the substitute, or leave the addresses of unknown people. Without that row nothing is shown.';
COMMENT ON COLUMN protaddr.channel.channel IS 'Name of the channel; what a released value is sealed for. At most 64 bytes.';
COMMENT ON COLUMN protaddr.channel.valid_from IS 'Since when this row applies; in the future for a change entered ahead.';
COMMENT ON COLUMN protaddr.channel.valid_to IS 'Until when this row applies (exclusive); infinity: until changed.';
COMMENT ON COLUMN protaddr.channel.route IS 'Where the channel leads.';
COMMENT ON COLUMN protaddr.channel.when_protected IS 'What it does with the address of a protected person.';
COMMENT ON COLUMN protaddr.channel.small_amount IS 'Up to this amount, counting the transfers linked to it, when_small applies instead of when_protected. NULL: amounts make no difference. If the amount is unknown or in a currency without an exchange rate, the stricter of the two applies.';
COMMENT ON COLUMN protaddr.channel.small_currency IS 'Currency of small_amount, ISO 4217.';
COMMENT ON COLUMN protaddr.channel.when_small IS 'What it does with the address of a protected person who transfers a small amount.';
COMMENT ON COLUMN protaddr.channel.linked_within IS 'Transfers from one payer to one payee within this time are added up. NULL: each counts alone.';
COMMENT ON COLUMN protaddr.channel.when_unknown IS 'What it does with the address of an unknown person, whom no register lists: leave, withhold, minimum, hold or block. An account with several holders is unknown if any of them is. While no register lists people at all, nobody is unknown, except a party of a message whose identifiers lead to nobody.';
COMMENT ON COLUMN protaddr.channel.when_own IS 'What it does with the receiver''s own address, instead of when_protected and when_unknown. The receiver of a gated row is its payee. An address is the receiver''s own if it concerns that one person and nobody else who is protected or unknown. disclose: all of it, on record. NULL: it makes no difference whose it is.';
COMMENT ON COLUMN protaddr.channel.when_unbound IS 'What it does with an address that concerns nobody, with the addresses of a row that names nobody, and with all addresses while the register is not ready: withhold, hold or block. If when_protected is hold or block, it is at least as strict.';
COMMENT ON COLUMN protaddr.channel.when_unreadable IS 'What it does with a message that is malformed or not of its format: hold or block.';
COMMENT ON COLUMN protaddr.channel.without_substitute IS 'What it does instead of substitute if the person has no registered one: withhold, minimum, hold or block.';
COMMENT ON COLUMN protaddr.channel.birth_data IS 'Whether a message gets the payer''s date and place of birth where an address is withheld or reduced, if protaddr.birth_data has them: Reg. (EU) 2023/1113 art. 4(1)(c).';
COMMENT ON COLUMN protaddr.channel.strangers_unknown IS 'Whether a person who is in no register and linked to nobody counts as unknown even while no register lists people. Another bank''s payer is such a person.';
COMMENT ON COLUMN protaddr.channel.name_when_protected IS 'What protaddr.show_name() does with the name of a person whose name is protected, too (CPR''s code 0001): leave, minimum (the initials) or withhold.';
COMMENT ON COLUMN protaddr.channel.name_when_unknown IS 'What it does with the name of an unknown person. Of nobody, and while the register is not ready, a name is withheld, unless both rules say leave.';
COMMENT ON COLUMN protaddr.channel.description IS 'What the channel is, in words.';
COMMENT ON COLUMN protaddr.channel.legal_basis IS 'Why the row may do what it does, with the number of the law.';
COMMENT ON COLUMN protaddr.channel.shipped IS 'As shipped with protaddr; false once changed or added here.';
INSERT INTO protaddr.channel (channel, route, when_protected, small_amount, small_currency, when_small, linked_within, when_unknown, birth_data, description, legal_basis, shipped) VALUES
    ('sumclearing', 'domestic', 'withhold', NULL, NULL, NULL, NULL, 'withhold', false, 'Danish Sumclearing (nightly transfers)',
     'Reg. (EU) 2023/1113 art. 5: inside the Union account numbers suffice; CPR Act s. 28; Datatilsynet 2019-431-0044: no basis to disclose', true),
    ('intradagclearing', 'domestic', 'withhold', NULL, NULL, NULL, NULL, 'withhold', false, 'Danish Intradagclearing (same-day transfers)',
     'Reg. (EU) 2023/1113 art. 5: inside the Union account numbers suffice; CPR Act s. 28; Datatilsynet 2019-431-0044: no basis to disclose', true),
    ('straksclearing', 'domestic', 'withhold', NULL, NULL, NULL, NULL, 'withhold', false, 'Danish Straksclearing (instant transfers)',
     'Reg. (EU) 2023/1113 art. 5: inside the Union account numbers suffice; CPR Act s. 28; Datatilsynet 2019-431-0044: no basis to disclose', true),
    ('sepa', 'union', 'withhold', NULL, NULL, NULL, NULL, 'withhold', false, 'SEPA credit transfer inside the EEA',
     'Reg. (EU) 2023/1113 art. 5: inside the Union account numbers suffice; the payee''s bank may ask for more within three working days', true),
    ('sepa_third_country', 'third_country', 'minimum', 1000, 'EUR', 'withhold', '1 day', 'minimum', true, 'SEPA credit transfer to a country outside the EEA (United Kingdom, Switzerland, ...)',
     'Reg. (EU) 2023/1113 art. 4(1)(c): address, or alternatively date and place of birth; art. 6(2): up to EUR 1,000 and not linked, names and account numbers alone. The scheme asks for an address: town and country are given, and no more', true),
    ('cross_border', 'third_country', 'minimum', 1000, 'EUR', 'withhold', '1 day', 'minimum', true, 'Transfer to a third country',
     'Reg. (EU) 2023/1113 art. 4(1)(c): address, or alternatively date and place of birth; art. 6(2): up to EUR 1,000 and not linked, names and account numbers alone; scheme rules (CBPR+, from 14 November 2026) ask for town and country of the debtor', true),
    ('cross_border_union', 'union', 'minimum', NULL, NULL, NULL, NULL, 'minimum', false, 'Correspondent transfer (CBPR+) inside the Union',
     'Reg. (EU) 2023/1113 art. 5: inside the Union account numbers suffice; scheme rules (CBPR+, from 14 November 2026) ask for town and country of the debtor in cross-jurisdiction payments', true),
    ('psp_request', 'union', 'hold', NULL, NULL, NULL, NULL, 'hold', false, 'Answer to a payee''s bank that asks for the payer''s information',
     'Reg. (EU) 2023/1113 art. 5(2): on request within three working days, from bank to bank only; each answer is decided by a person', true),
    ('own_bank', 'own_bank', 'withhold', NULL, NULL, NULL, NULL, 'withhold', false, 'Transfer between two customers of the bank',
     'No law asks for the payer''s address; CPR Act s. 28; Datatilsynet 2019-431-0044', true),
    ('file_extract', 'extract', 'withhold', NULL, NULL, NULL, NULL, 'withhold', false, 'File extract for a customer or a processor',
     'No law asks for the counterparty''s address; GDPR art. 5(1)(c) and (f), art. 32; Datatilsynet 2019-431-0044', true),
    ('show', 'display', 'withhold', NULL, NULL, NULL, NULL, 'withhold', false, 'What protaddr.show() and its like show inside the bank',
     'GDPR art. 5(1)(c) and (f), art. 25(2), art. 32: who works with an address sees no more than is needed; CPR Act s. 28. Whoever no register lists may be protected', true),
    ('payee_display', 'display', 'withhold', NULL, NULL, NULL, NULL, 'withhold', false, 'What a payee sees in online and mobile bank or on a statement',
     'Reg. (EU) 2023/1113 gives payer information to banks, not to payees; GDPR art. 5(1)(c) and (f). Of payers of other banks nobody knows whether they are protected', true);
CREATE FUNCTION protaddr.channel_action_words() RETURNS text[]
    AS 'MODULE_PATHNAME', 'protaddr_channel_action_words' LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION protaddr.channel_action_words() IS
'The actions of the domain protaddr.channel_action, the strictest first.';
CREATE FUNCTION protaddr.channel_actions(rule protaddr.channel) RETURNS text[]
    AS 'MODULE_PATHNAME', 'protaddr_channel_actions' LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION protaddr.channel_actions(protaddr.channel) IS
'Every action that a row of protaddr.channel can come to, whoever is asked about, the strictest first. NULL for NULL.';
INSERT INTO protaddr.channel (channel, route, when_protected, when_unknown, when_own, description, legal_basis, shipped) VALUES
    ('letter', 'customer', 'withhold', 'withhold', 'disclose', 'Letter to a customer, or what customers see of themselves in the online bank',
     'GDPR art. 15: to the persons themselves, and to nobody else; art. 5(1)(c) and (f). On record', true),
    ('joint_holder', 'customer', 'withhold', 'withhold', NULL, 'What one holder of an account gets to see of another one',
     'GDPR art. 15(4): what somebody may have of their own data does not reach the data of others; art. 5(1)(c) and (f). The other holder may be the one whom a person is protected from', true),
    ('representative', 'customer', 'hold', 'hold', NULL, 'What a guardian or another representative of a customer gets',
     'GDPR art. 5(1)(c) and (f): whether the representative may know the address depends on the mandate, and the person may be protected from the representative; each answer is decided by a person', true);
INSERT INTO protaddr.channel (channel, route, description, legal_basis, shipped) VALUES
    ('vop_answer', 'union', 'Answer to a payer''s bank that asks whether a name is that of the payee (Verification of Payee)',
     'Reg. (EU) No 260/2012 art. 5c, as inserted by Reg. (EU) 2024/886: match, close match or no match. No name with a close match: whoever asks would learn from its absence that somebody is protected; GDPR art. 5(1)(c) and (f)', true);
-- a transfer carries the payer's name, and a payee may know who paid
UPDATE protaddr.channel SET name_when_protected = 'leave', name_when_unknown = 'leave',
    legal_basis = legal_basis || '. Name: Reg. (EU) 2023/1113 art. 4(1)(a)'
WHERE route IN ('own_bank', 'domestic', 'union', 'third_country') AND channel <> 'vop_answer';
UPDATE protaddr.channel SET name_when_protected = 'leave', name_when_unknown = 'leave',
    legal_basis = legal_basis || '. Name: Directive (EU) 2015/2366 art. 58(1)(a): the payee is told who pays', strangers_unknown = true
WHERE channel = 'payee_display';
UPDATE protaddr.channel SET name_when_protected = 'leave', name_when_unknown = 'leave' WHERE channel = 'letter';
SELECT protaddr.make_own_table('channel', dumped => 'WHERE NOT shipped');
CREATE TRIGGER take_over_shipped_row BEFORE INSERT OR UPDATE ON protaddr.channel
    FOR EACH ROW EXECUTE FUNCTION protaddr.take_over_shipped_row();
GRANT SELECT ON protaddr.channel TO PUBLIC;

CREATE TABLE protaddr.channel_change (
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_by text NOT NULL DEFAULT session_user,
    channel text NOT NULL,
    before jsonb,
    after jsonb
);
COMMENT ON TABLE protaddr.channel_change IS 'Who changed which channel, when, and how: a row for each row of protaddr.channel that came, changed or went. A restore of changed channels is one, too. Rows are never changed.';
COMMENT ON COLUMN protaddr.channel_change.changed_at IS 'When.';
COMMENT ON COLUMN protaddr.channel_change.changed_by IS 'Login role.';
COMMENT ON COLUMN protaddr.channel_change.channel IS 'The channel.';
COMMENT ON COLUMN protaddr.channel_change.before IS 'The row before; NULL if it is new.';
COMMENT ON COLUMN protaddr.channel_change.after IS 'The row after; NULL if it is gone.';
SELECT protaddr.make_own_table('channel_change', dumped => '');

CREATE FUNCTION protaddr.note_channel_change() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- no two rows of a channel hold at once; set_channel() sees to it, and here it is seen to of others
    IF TG_OP <> 'DELETE' AND EXISTS (
        SELECT FROM protaddr.channel c WHERE c.channel = NEW.channel AND c.valid_from <> NEW.valid_from
        AND c.valid_from < NEW.valid_to AND NEW.valid_from < c.valid_to) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'exclusion_violation',
            MESSAGE = format('channel "%s" would have two rules at one time', NEW.channel),
            HINT = 'Use protaddr.set_channel(), which ends the one before.';
    END IF;
    INSERT INTO protaddr.channel_change (channel, before, after)
    VALUES (CASE TG_OP WHEN 'DELETE' THEN OLD.channel ELSE NEW.channel END,
            CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END, CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END);
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION protaddr.note_channel_change() FROM PUBLIC;
COMMENT ON FUNCTION protaddr.note_channel_change() IS 'Trigger of protaddr.channel: records each change in protaddr.channel_change. Raises 23P01 for two rules of a channel at one time.';
CREATE CONSTRAINT TRIGGER note_channel_change AFTER INSERT OR UPDATE OR DELETE ON protaddr.channel
    FOR EACH ROW EXECUTE FUNCTION protaddr.note_channel_change();

CREATE FUNCTION protaddr.set_channel(
    channel text,
    when_protected text DEFAULT NULL,
    route text DEFAULT NULL,
    small_amount numeric DEFAULT NULL,
    small_currency text DEFAULT NULL,
    when_small text DEFAULT NULL,
    linked_within interval DEFAULT NULL,
    when_unknown text DEFAULT NULL,
    when_unbound text DEFAULT NULL,
    when_unreadable text DEFAULT NULL,
    without_substitute text DEFAULT NULL,
    birth_data boolean DEFAULT NULL,
    description text DEFAULT NULL,
    legal_basis text DEFAULT NULL,
    valid_from timestamptz DEFAULT NULL,
    no_small_amount boolean DEFAULT false,
    when_own text DEFAULT NULL,
    strangers_unknown boolean DEFAULT NULL,
    name_when_protected text DEFAULT NULL,
    name_when_unknown text DEFAULT NULL
) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    moment timestamptz := clock_timestamp();
    starts timestamptz;
    was protaddr.channel;
    rule protaddr.channel;
BEGIN
    IF set_channel.channel IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed', MESSAGE = 'a channel needs a name';
    END IF;
    starts := coalesce(set_channel.valid_from, moment);
    IF starts < moment THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'a channel cannot be changed for a time that is past',
            HINT = 'Leave valid_from out: from now on.';
    END IF;
    -- two at once wait for each other
    LOCK TABLE protaddr.channel IN SHARE ROW EXCLUSIVE MODE;
    SELECT c.* INTO was FROM protaddr.channel c
    WHERE c.channel = set_channel.channel AND c.valid_from <= starts AND starts < c.valid_to;
    rule := was;
    rule.channel := set_channel.channel;
    rule.valid_from := CASE WHEN was IS NULL AND set_channel.valid_from IS NULL
                                 AND NOT EXISTS (SELECT FROM protaddr.channel c WHERE c.channel = set_channel.channel)
                            THEN '-infinity' ELSE starts END;
    -- up to the next change that is entered already
    rule.valid_to := coalesce((SELECT min(c.valid_from) FROM protaddr.channel c
                               WHERE c.channel = set_channel.channel AND c.valid_from > starts), 'infinity');
    rule.route := coalesce(set_channel.route, was.route);
    rule.when_protected := coalesce(set_channel.when_protected, was.when_protected, 'withhold');
    IF set_channel.no_small_amount THEN
        rule.small_amount := NULL;
        rule.small_currency := NULL;
        rule.when_small := NULL;
        rule.linked_within := NULL;
    ELSE
        rule.small_amount := coalesce(set_channel.small_amount, was.small_amount);
        rule.small_currency := coalesce(set_channel.small_currency, was.small_currency);
        rule.when_small := coalesce(set_channel.when_small, was.when_small);
        rule.linked_within := coalesce(set_channel.linked_within, was.linked_within);
    END IF;
    rule.when_unknown := coalesce(set_channel.when_unknown, was.when_unknown, 'withhold');
    rule.when_own := coalesce(set_channel.when_own, was.when_own);
    rule.when_unbound := coalesce(set_channel.when_unbound, was.when_unbound, 'withhold');
    rule.when_unreadable := coalesce(set_channel.when_unreadable, was.when_unreadable, 'block');
    rule.without_substitute := coalesce(set_channel.without_substitute, was.without_substitute, 'withhold');
    rule.birth_data := coalesce(set_channel.birth_data, was.birth_data, false);
    rule.strangers_unknown := coalesce(set_channel.strangers_unknown, was.strangers_unknown, false);
    rule.name_when_protected := coalesce(set_channel.name_when_protected, was.name_when_protected, 'withhold');
    rule.name_when_unknown := coalesce(set_channel.name_when_unknown, was.name_when_unknown, 'withhold');
    rule.description := coalesce(set_channel.description, was.description);
    rule.legal_basis := coalesce(set_channel.legal_basis, was.legal_basis);
    rule.shipped := false;
    IF rule.route IS NULL OR rule.description IS NULL OR rule.legal_basis IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'null_value_not_allowed',
            MESSAGE = 'a new channel needs a route, a description and a legal basis';
    END IF;
    IF 'disclose' IN (rule.when_protected, rule.when_small, rule.when_own) AND set_channel.legal_basis IS NULL
       AND 'disclose' NOT IN (coalesce(was.when_protected, ''), coalesce(was.when_small, ''), coalesce(was.when_own, '')) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'null_value_not_allowed',
            MESSAGE = 'to disclose, a channel needs a legal basis of its own',
            HINT = 'set_channel(..., legal_basis => ''which law asks for the address, in words'')';
    END IF;

    IF was.valid_from = rule.valid_from THEN
        DELETE FROM protaddr.channel c WHERE c.channel = was.channel AND c.valid_from = was.valid_from;
    ELSIF was.channel IS NOT NULL THEN
        UPDATE protaddr.channel c SET valid_to = starts WHERE c.channel = was.channel AND c.valid_from = was.valid_from;
    END IF;
    INSERT INTO protaddr.channel SELECT rule.*;
    RETURN was.channel IS NOT NULL;
END
$$;
REVOKE ALL ON FUNCTION protaddr.set_channel(text, text, text, numeric, text, text, interval, text, text, text, text, boolean, text, text, timestamptz, boolean, text, boolean, text, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.set_channel(text, text, text, numeric, text, text, interval, text, text, text, text, boolean, text, text, timestamptz, boolean, text, boolean, text, text) IS
'Changes a channel, or makes one; true if it changed one. What is not given stays. valid_from: from when, now if NULL; a time to come enters a change of law ahead, and the rule before holds until then. no_small_amount: the rule for small amounts goes. Needs EXECUTE; whoever has it decides what leaves the bank. Recorded in protaddr.channel_change. Holds once committed, and the transaction that does it is shown nothing until then. To disclose, a legal basis must be given. Raises 22004 without a name, route, description or basis, 22023 for a time past, 23514 for a word out of the vocabulary.';

CREATE FUNCTION protaddr.end_channel(channel text, valid_to timestamptz DEFAULT NULL) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    moment timestamptz := clock_timestamp();
    ends timestamptz := coalesce(end_channel.valid_to, moment);
    ended boolean;
BEGIN
    IF ends < moment THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'a channel cannot be changed for a time that is past',
            HINT = 'Leave valid_to out: from now on.';
    END IF;
    LOCK TABLE protaddr.channel IN SHARE ROW EXCLUSIVE MODE;
    DELETE FROM protaddr.channel c WHERE c.channel = end_channel.channel AND c.valid_from >= ends;
    ended := FOUND;
    UPDATE protaddr.channel c SET valid_to = ends WHERE c.channel = end_channel.channel AND c.valid_from < ends AND ends < c.valid_to;
    RETURN ended OR FOUND;
END
$$;
REVOKE ALL ON FUNCTION protaddr.end_channel(text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.end_channel(text, timestamptz) IS
'Ends a channel, now if valid_to is NULL; true if it was in force after that. A gate for it then refuses every row. Changes entered ahead for later go, too. Recorded in protaddr.channel_change. Raises 22023 for a time past.';

CREATE TABLE protaddr.exchange_rate (
    currency text COLLATE "C" NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    in_currency text COLLATE "C" NOT NULL CHECK (in_currency ~ '^[A-Z]{3}$'),
    valid_from timestamptz NOT NULL DEFAULT clock_timestamp(),
    rate numeric NOT NULL CHECK (rate > 0 AND rate < 'infinity'),
    recorded_by text NOT NULL DEFAULT session_user,
    PRIMARY KEY (currency, in_currency, valid_from),
    CHECK (currency <> in_currency)
);
COMMENT ON TABLE protaddr.exchange_rate IS 'What a currency is worth in another, to tell whether an amount is small. The newest rate that has begun counts, in either direction. Without one an amount in another currency is not known. Changed with protaddr.set_exchange_rate().';
COMMENT ON COLUMN protaddr.exchange_rate.currency IS 'ISO 4217 code.';
COMMENT ON COLUMN protaddr.exchange_rate.in_currency IS 'ISO 4217 code of the currency of a channel''s small amount.';
COMMENT ON COLUMN protaddr.exchange_rate.valid_from IS 'From when it counts.';
COMMENT ON COLUMN protaddr.exchange_rate.rate IS 'How much of in_currency one unit of currency is.';
COMMENT ON COLUMN protaddr.exchange_rate.recorded_by IS 'Login role that entered it.';
SELECT protaddr.make_own_table('exchange_rate', dumped => '');

CREATE FUNCTION protaddr.set_exchange_rate(currency text, rate numeric, in_currency text DEFAULT 'EUR') RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO protaddr.exchange_rate (currency, in_currency, rate)
    VALUES (set_exchange_rate.currency, set_exchange_rate.in_currency, set_exchange_rate.rate);
END
$$;
REVOKE ALL ON FUNCTION protaddr.set_exchange_rate(text, numeric, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.set_exchange_rate(text, numeric, text) IS
'Records what one unit of a currency is worth in another (EUR if not given), from now on. Raises 23514 for a rate that is not positive and for a malformed currency code.';

CREATE TABLE protaddr.linked_transfer (
    payee_key text COLLATE "C" NOT NULL,
    at timestamptz NOT NULL,
    payer_keys text[] NOT NULL,
    amount numeric NOT NULL,
    currency text NOT NULL,
    relation oid NOT NULL,
    reference bigint
);
COMMENT ON TABLE protaddr.linked_transfer IS
'Transfers of protected people through channels whose small amounts are linked (Reg. (EU) 2023/1113 art. 6). The gate writes it. Not dumped: after a restore each transfer begins anew, and less is disclosed. Old ones go with protaddr.forget_linked_transfers().';
COMMENT ON COLUMN protaddr.linked_transfer.payee_key IS 'Canonical identifier of the payee.';
COMMENT ON COLUMN protaddr.linked_transfer.at IS 'When it was first written.';
COMMENT ON COLUMN protaddr.linked_transfer.payer_keys IS 'Canonical identifier of the payer, and everybody it stands for.';
COMMENT ON COLUMN protaddr.linked_transfer.amount IS 'Its amount.';
COMMENT ON COLUMN protaddr.linked_transfer.currency IS 'Its currency.';
COMMENT ON COLUMN protaddr.linked_transfer.relation IS 'The gated table.';
COMMENT ON COLUMN protaddr.linked_transfer.reference IS 'Hash of the row''s primary key, so that a row counts once; NULL if the table has none.';
CREATE INDEX linked_transfer_payee ON protaddr.linked_transfer (payee_key, at);
COMMENT ON INDEX protaddr.linked_transfer_payee IS 'The transfers to a payee.';
CREATE INDEX linked_transfer_reference ON protaddr.linked_transfer (relation, reference);
COMMENT ON INDEX protaddr.linked_transfer_reference IS 'The transfer that a row is.';
SELECT protaddr.make_own_table('linked_transfer', may_be_emptied => true);

CREATE FUNCTION protaddr.forget_linked_transfers(before timestamptz DEFAULT now() - interval '1 year') RETURNS bigint
    LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    gone bigint;
BEGIN
    DELETE FROM protaddr.linked_transfer l WHERE l.at < forget_linked_transfers.before;
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END
$$;
REVOKE ALL ON FUNCTION protaddr.forget_linked_transfers(timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.forget_linked_transfers(timestamptz) IS
'Removes linked transfers older than a time, a year ago if not given, and returns how many. What is within a channel''s linked_within no longer counts once it is gone: less is disclosed.';

CREATE TABLE protaddr.substitute_address (
    subject_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (protaddr.subject_key(subject)) STORED,
    id bigint DEFAULT protaddr.new_id() PRIMARY KEY,
    subject text NOT NULL,
    address protaddr.address NOT NULL,
    description text NOT NULL,
    recorded_from timestamptz NOT NULL DEFAULT clock_timestamp(),
    recorded_to timestamptz NOT NULL DEFAULT 'infinity',
    recorded_by text NOT NULL DEFAULT session_user
);
COMMENT ON TABLE protaddr.substitute_address IS
'What may be disclosed in place of a person''s address: Finland''s yhteysosoite, the box of Skatteverket''s mail service, the agency''s street address of a US address confidentiality programme. Changed with protaddr.set_substitute() and drop_substitute(), which close and add.';
COMMENT ON COLUMN protaddr.substitute_address.subject_key IS 'Canonical form of subject.';
COMMENT ON COLUMN protaddr.substitute_address.id IS 'Number of the row.';
COMMENT ON COLUMN protaddr.substitute_address.subject IS 'The person''s identifier as entered.';
COMMENT ON COLUMN protaddr.substitute_address.address IS 'The substitute, sealed as it was entered.';
COMMENT ON COLUMN protaddr.substitute_address.description IS 'Which substitute it is and who says so. No address.';
COMMENT ON COLUMN protaddr.substitute_address.recorded_from IS 'Since when it is used.';
COMMENT ON COLUMN protaddr.substitute_address.recorded_to IS 'Until when it was used; infinity: it still is.';
COMMENT ON COLUMN protaddr.substitute_address.recorded_by IS 'Login role that entered it.';
CREATE UNIQUE INDEX substitute_address_one ON protaddr.substitute_address (subject_key) WHERE recorded_to = 'infinity';
COMMENT ON INDEX protaddr.substitute_address_one IS 'The one substitute of a person now.';
CREATE INDEX substitute_address_history ON protaddr.substitute_address (subject_key, recorded_from);
COMMENT ON INDEX protaddr.substitute_address_history IS 'The substitutes a person ever had.';
SELECT protaddr.make_own_table('substitute_address', dumped => '');

CREATE FUNCTION protaddr.substitute_fits(address protaddr.address, subject text) RETURNS boolean
    AS 'MODULE_PATHNAME', 'protaddr_substitute_fits' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION protaddr.substitute_fits(protaddr.address, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.substitute_fits(protaddr.address, text) IS
'Part of protaddr.set_substitute(): true if the value concerns this subject alone, or nobody and was typed in by the role that asks or that role may bind. False if the value''s key is not here. NULL for NULL.';

CREATE FUNCTION protaddr.set_substitute(subject text, address protaddr.address, description text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    moment timestamptz;
    replaced boolean;
BEGIN
    IF protaddr.subject_key(set_substitute.subject) IS NULL OR set_substitute.address IS NULL
       OR btrim(coalesce(set_substitute.description, ''), E' \t\r\n') = '' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'null_value_not_allowed',
            MESSAGE = 'a substitute address needs a subject, an address and a description';
    END IF;
    IF NOT protaddr.substitute_fits(set_substitute.address, set_substitute.subject) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'the address cannot stand in for this person''s',
            DETAIL = 'It concerns somebody else, or nobody yet and somebody else typed it in, or its key is not here.',
            HINT = 'Type the substitute in: protaddr.set_substitute(subject, ''{"PstBx": "...", ...}'', description).';
    END IF;
    -- two at once wait for each other
    LOCK TABLE protaddr.substitute_address IN SHARE ROW EXCLUSIVE MODE;
    moment := clock_timestamp();
    UPDATE protaddr.substitute_address s SET recorded_to = moment
    WHERE s.subject_key = protaddr.subject_key(set_substitute.subject) AND s.recorded_to = 'infinity';
    replaced := FOUND;
    INSERT INTO protaddr.substitute_address (subject, address, description, recorded_from)
    VALUES (btrim(set_substitute.subject), set_substitute.address, set_substitute.description, moment);
    RETURN replaced;
END
$$;
REVOKE ALL ON FUNCTION protaddr.set_substitute(text, protaddr.address, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.set_substitute(text, protaddr.address, text) IS
'Registers what may be disclosed in place of a person''s address, in place of what was; true if there was one. Whoever may do so decides what leaves the bank: grant it to few. address: typed in here, or a value that concerns the subject alone. description: which substitute and who says so; no address. Holds once committed, and the transaction that does it is shown nothing until then. Raises 22004 for a NULL, 22023 for a value that concerns somebody else or that another role typed in, 22001.';

CREATE FUNCTION protaddr.drop_substitute(subject text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE protaddr.substitute_address s SET recorded_to = clock_timestamp()
    WHERE s.subject_key = protaddr.subject_key(drop_substitute.subject) AND s.recorded_to = 'infinity';
    RETURN FOUND;
END
$$;
REVOKE ALL ON FUNCTION protaddr.drop_substitute(text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.drop_substitute(text) IS
'Ends a person''s substitute address; it stays in the table''s history. True if there was one. NULL for NULL. Raises 22001.';

CREATE TABLE protaddr.birth_data (
    subject_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (protaddr.subject_key(subject)) STORED,
    id bigint DEFAULT protaddr.new_id() PRIMARY KEY,
    subject text NOT NULL,
    birth_date date NOT NULL CHECK (birth_date BETWEEN '1800-01-01' AND '9999-12-31'),
    province text CHECK (char_length(province) BETWEEN 1 AND 35),
    city text NOT NULL CHECK (char_length(city) BETWEEN 1 AND 35),
    country text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    recorded_from timestamptz NOT NULL DEFAULT clock_timestamp(),
    recorded_to timestamptz NOT NULL DEFAULT 'infinity',
    recorded_by text NOT NULL DEFAULT session_user
);
COMMENT ON TABLE protaddr.birth_data IS
'When and where a person was born: what a transfer to a third country may carry in place of an address (Reg. (EU) 2023/1113 art. 4(1)(c); ISO 20022 DtAndPlcOfBirth). Changed with protaddr.set_birth_data() and drop_birth_data(), which close and add.';
COMMENT ON COLUMN protaddr.birth_data.subject_key IS 'Canonical form of subject.';
COMMENT ON COLUMN protaddr.birth_data.id IS 'Number of the row.';
COMMENT ON COLUMN protaddr.birth_data.subject IS 'The person''s identifier as entered.';
COMMENT ON COLUMN protaddr.birth_data.birth_date IS 'BirthDt.';
COMMENT ON COLUMN protaddr.birth_data.province IS 'PrvcOfBirth, at most 35 characters; NULL: not known.';
COMMENT ON COLUMN protaddr.birth_data.city IS 'CityOfBirth, at most 35 characters.';
COMMENT ON COLUMN protaddr.birth_data.country IS 'CtryOfBirth, ISO 3166-1 alpha-2.';
COMMENT ON COLUMN protaddr.birth_data.recorded_from IS 'Since when it is used.';
COMMENT ON COLUMN protaddr.birth_data.recorded_to IS 'Until when it was used; infinity: it still is.';
COMMENT ON COLUMN protaddr.birth_data.recorded_by IS 'Login role that entered it.';
CREATE UNIQUE INDEX birth_data_one ON protaddr.birth_data (subject_key) WHERE recorded_to = 'infinity';
COMMENT ON INDEX protaddr.birth_data_one IS 'The birth data of a person now.';
SELECT protaddr.make_own_table('birth_data', dumped => '');

CREATE FUNCTION protaddr.set_birth_data(subject text, birth_date date, city text, country text, province text DEFAULT NULL) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    moment timestamptz;
    replaced boolean;
BEGIN
    IF protaddr.subject_key(set_birth_data.subject) IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'null_value_not_allowed',
            MESSAGE = 'birth data need a subject';
    END IF;
    LOCK TABLE protaddr.birth_data IN SHARE ROW EXCLUSIVE MODE;
    moment := clock_timestamp();
    UPDATE protaddr.birth_data b SET recorded_to = moment
    WHERE b.subject_key = protaddr.subject_key(set_birth_data.subject) AND b.recorded_to = 'infinity';
    replaced := FOUND;
    INSERT INTO protaddr.birth_data (subject, birth_date, city, country, province, recorded_from)
    VALUES (btrim(set_birth_data.subject), set_birth_data.birth_date, btrim(set_birth_data.city), set_birth_data.country, nullif(btrim(set_birth_data.province), ''), moment);
    RETURN replaced;
EXCEPTION WHEN check_violation OR not_null_violation THEN
    -- its own message would repeat the row
    RAISE EXCEPTION USING
        ERRCODE = 'invalid_parameter_value',
        MESSAGE = 'invalid birth data',
        HINT = 'A date, a city of at most 35 characters and a country code of two capital letters are needed.';
END
$$;
REVOKE ALL ON FUNCTION protaddr.set_birth_data(text, date, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.set_birth_data(text, date, text, text, text) IS
'Records when and where a person was born, in place of what was recorded; true if there was something. A channel with birth_data puts it into a message where the payer''s address does not leave. Raises 22004 without a subject, 22023 for an invalid date, city (35 characters) or country code.';

CREATE FUNCTION protaddr.drop_birth_data(subject text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE protaddr.birth_data b SET recorded_to = clock_timestamp()
    WHERE b.subject_key = protaddr.subject_key(drop_birth_data.subject) AND b.recorded_to = 'infinity';
    RETURN FOUND;
END
$$;
REVOKE ALL ON FUNCTION protaddr.drop_birth_data(text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.drop_birth_data(text) IS 'Ends the use of a person''s birth data; true if there were any. NULL for NULL.';
