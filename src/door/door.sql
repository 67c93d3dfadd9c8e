-- ---------------------------------------------------------------------------
-- door/: the one way to an address's content
-- ---------------------------------------------------------------------------
CREATE FUNCTION protaddr.subjects_of(address protaddr.address) RETURNS text[]
    AS 'MODULE_PATHNAME', 'protaddr_subjects_of' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION protaddr.subjects_of(protaddr.address) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.subjects_of(protaddr.address) IS
'Canonical keys of the people whom an address concerns; empty if nobody, NULL for NULL and if the value''s key is not here. Tells nothing of the address. Raises XX001 if the value was tampered with.';

CREATE FUNCTION protaddr.show(address protaddr.address) RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_show' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION protaddr.show(protaddr.address) IS
'The address on one line in its country''s order (Denmark: the official form, Vestergade 12, 2. th, 8000 Aarhus C), or [address withheld] if the row show of protaddr.channel says so: as shipped, if anybody it concerns is protected, or if registers list people, but not somebody it concerns; and always if it concerns nobody, or while the register is not ready. The minimum, the substitute or what was disclosed on record, as a gate released it, is shown nevertheless. NULL for NULL. Raises 55PA1 if the value''s key is not here, XX001 if the value was tampered with.';

CREATE FUNCTION protaddr.show_iso(address protaddr.address) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'protaddr_show_iso' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION protaddr.show_iso(protaddr.address) IS
'The address as a JSON object with ISO 20022 PostalAddress27 names, or {"AdrLine": ["[address withheld]"]}. When it is withheld, NULLs and errors: as protaddr.show().';

CREATE FUNCTION protaddr.street_name(address protaddr.address) RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_street_name' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION protaddr.street_name(protaddr.address) IS
'ISO element StrtNm (street), NULL if the address has none, or [address withheld]. When it is withheld and errors: as protaddr.show().';

CREATE FUNCTION protaddr.building_number(address protaddr.address) RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_building_number' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION protaddr.building_number(protaddr.address) IS
'ISO element BldgNb (house number), NULL if the address has none, or [address withheld]. When it is withheld and errors: as protaddr.show().';

CREATE FUNCTION protaddr.building_name(address protaddr.address) RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_building_name' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION protaddr.building_name(protaddr.address) IS
'ISO element BldgNm (name of the building), NULL if the address has none, or [address withheld]. When it is withheld and errors: as protaddr.show().';

CREATE FUNCTION protaddr.floor(address protaddr.address) RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_floor' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION protaddr.floor(protaddr.address) IS
'ISO element Flr (floor), NULL if the address has none, or [address withheld]. When it is withheld and errors: as protaddr.show().';

CREATE FUNCTION protaddr.room(address protaddr.address) RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_room' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION protaddr.room(protaddr.address) IS
'ISO element Room (room or door), NULL if the address has none, or [address withheld]. When it is withheld and errors: as protaddr.show().';

CREATE FUNCTION protaddr.post_box(address protaddr.address) RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_post_box' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION protaddr.post_box(protaddr.address) IS
'ISO element PstBx (post box), NULL if the address has none, or [address withheld]. When it is withheld and errors: as protaddr.show().';

CREATE FUNCTION protaddr.post_code(address protaddr.address) RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_post_code' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION protaddr.post_code(protaddr.address) IS
'ISO element PstCd (postcode), NULL if the address has none, or [address withheld]. When it is withheld and errors: as protaddr.show().';

CREATE FUNCTION protaddr.town_name(address protaddr.address) RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_town_name' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION protaddr.town_name(protaddr.address) IS
'ISO element TwnNm (town), NULL if the address has none, or [address withheld]. When it is withheld and errors: as protaddr.show().';

CREATE FUNCTION protaddr.town_location_name(address protaddr.address) RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_town_location_name' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION protaddr.town_location_name(protaddr.address) IS
'ISO element TwnLctnNm (supplementary town name), NULL if the address has none, or [address withheld]. When it is withheld and errors: as protaddr.show().';

CREATE FUNCTION protaddr.country_subdivision(address protaddr.address) RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_country_subdivision' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION protaddr.country_subdivision(protaddr.address) IS
'ISO element CtrySubDvsn (country subdivision), NULL if the address has none, or [address withheld]. When it is withheld and errors: as protaddr.show().';

CREATE FUNCTION protaddr.country(address protaddr.address) RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_country' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION protaddr.country(protaddr.address) IS
'ISO element Ctry (country, ISO 3166-1 alpha-2), NULL if the address has none, or [address withheld]. When it is withheld and errors: as protaddr.show().';

CREATE FUNCTION protaddr.care_of(address protaddr.address) RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_care_of' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION protaddr.care_of(protaddr.address) IS
'ISO element CareOf (c/o), NULL if the address has none, or [address withheld]. When it is withheld and errors: as protaddr.show().';

CREATE TABLE protaddr.disclosure (
    id bigint PRIMARY KEY,
    disclosed_at timestamptz NOT NULL,
    disclosed_by text NOT NULL,
    disclosed_as text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('address', 'message', 'text')),
    channel text NOT NULL,
    valid_from timestamptz NOT NULL,
    subjects text[] NOT NULL,
    payer text,
    payee text,
    receiver text,
    amount numeric,
    currency text,
    relation text,
    row_key jsonb,
    held_id bigint,
    payment bytea NOT NULL,
    legal_basis text NOT NULL,
    reason text
);
COMMENT ON TABLE protaddr.disclosure IS
'The protected addresses that left through a channel that discloses, or from a held row that somebody decided to disclose: one row for each payment and payee. A disclosed address is shown while its row stands here, committed. Rows are never changed.';
COMMENT ON COLUMN protaddr.disclosure.id IS 'Number of the disclosure, random; the value names it.';
COMMENT ON COLUMN protaddr.disclosure.disclosed_at IS 'When.';
COMMENT ON COLUMN protaddr.disclosure.disclosed_by IS 'Login role.';
COMMENT ON COLUMN protaddr.disclosure.disclosed_as IS 'The role it worked as.';
COMMENT ON COLUMN protaddr.disclosure.kind IS 'What left: an address of its own (address), one in a message, or one in another text.';
COMMENT ON COLUMN protaddr.disclosure.channel IS 'Through which channel.';
COMMENT ON COLUMN protaddr.disclosure.valid_from IS 'Which row of protaddr.channel: the one valid from then.';
COMMENT ON COLUMN protaddr.disclosure.subjects IS 'The people whom the address concerns: canonical identifiers, links followed to their ends.';
COMMENT ON COLUMN protaddr.disclosure.payer IS 'Whom the row or the message names as payer; without either, whom the address concerns first.';
COMMENT ON COLUMN protaddr.disclosure.payee IS 'The payee; NULL if not known.';
COMMENT ON COLUMN protaddr.disclosure.receiver IS 'Who was to see it, if that was said; NULL: the payee.';
COMMENT ON COLUMN protaddr.disclosure.amount IS 'Amount of the payment; NULL if not known.';
COMMENT ON COLUMN protaddr.disclosure.currency IS 'Its currency; NULL if not known.';
COMMENT ON COLUMN protaddr.disclosure.relation IS 'Name of the gated table; NULL without one.';
COMMENT ON COLUMN protaddr.disclosure.row_key IS 'Primary key of its row; NULL if it has none.';
COMMENT ON COLUMN protaddr.disclosure.held_id IS 'Number of the held row, if somebody decided; else NULL.';
COMMENT ON COLUMN protaddr.disclosure.payment IS 'Digest of the payment: another payee, amount or row is another disclosure.';
COMMENT ON COLUMN protaddr.disclosure.legal_basis IS 'The channel''s legal basis, as it read then.';
COMMENT ON COLUMN protaddr.disclosure.reason IS 'Why, of a held row; else NULL.';
CREATE INDEX disclosure_at ON protaddr.disclosure (disclosed_at);
COMMENT ON INDEX protaddr.disclosure_at IS 'Disclosures by time.';
CREATE INDEX disclosure_payment ON protaddr.disclosure (payment);
COMMENT ON INDEX protaddr.disclosure_payment IS 'The disclosures of a payment.';
SELECT protaddr.make_own_table('disclosure', dumped => '');

CREATE FUNCTION protaddr.release(
    address protaddr.address,
    channel text,
    amount numeric DEFAULT NULL,
    currency text DEFAULT NULL,
    payee text DEFAULT NULL,
    at timestamptz DEFAULT NULL,
    receiver text DEFAULT NULL
) RETURNS protaddr.address
    AS 'MODULE_PATHNAME', 'protaddr_release_sql' LANGUAGE C CALLED ON NULL INPUT VOLATILE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION protaddr.release(protaddr.address, text, numeric, text, text, timestamptz, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.release(protaddr.address, text, numeric, text, text, timestamptz, text) IS
'What of an address may leave through a channel, sealed as released for it: all of it if registers list everybody it concerns and none of them is protected; else what protaddr.channel says, which may be NULL. amount, currency (ISO 4217) and payee (an identifier) decide whether the amount is small; NULL: not known. at: when it is to leave; it must pass the rules of now and of that time. receiver: an identifier of whoever gets to see it, the payee if NULL; a channel may give people their own address (when_own). NULL for a NULL address or channel. Raises 22023 for a channel that does not exist, 23PA1 if the channel blocks or holds, 55PA1 if the value''s key is not here.';

CREATE FUNCTION protaddr.explain_release(
    address protaddr.address,
    channel text,
    amount numeric DEFAULT NULL,
    currency text DEFAULT NULL,
    payee text DEFAULT NULL,
    at timestamptz DEFAULT NULL,
    receiver text DEFAULT NULL,
    OUT action text, OUT because text, OUT rule text, OUT rule_of text, OUT valid_from timestamptz, OUT legal_basis text
) RETURNS record
    AS 'MODULE_PATHNAME', 'protaddr_explain_release' LANGUAGE C CALLED ON NULL INPUT STABLE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION protaddr.explain_release(protaddr.address, text, numeric, text, text, timestamptz, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.explain_release(protaddr.address, text, numeric, text, text, timestamptz, text) IS
'What release() would do, and why, in words: the action, the reason, the column of protaddr.channel that decides (rule) in the row of channel rule_of valid from valid_from, and its legal basis. at: by the rules of that time. It tells whether a person is protected: grant it to few. Nothing is released or recorded. NULL for a NULL address or channel. Errors as release(), without 23PA1.';
