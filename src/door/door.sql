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
'The address on one line in its country''s order (Denmark: the official form, Vestergade 12, 2. th, 8000 Aarhus C), or [address withheld] if anybody it concerns is protected, if it concerns nobody, or while the register is not ready. The minimum, the substitute or what was disclosed on record, as a gate released it, is told all the same. NULL for NULL. Raises 55PA1 if the value''s key is not here, XX001 if the value was tampered with.';

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
    channel text NOT NULL,
    valid_from timestamptz NOT NULL,
    subjects text[] NOT NULL,
    payer text,
    relation oid,
    legal_basis text NOT NULL,
    reason text
);
COMMENT ON TABLE protaddr.disclosure IS
'Each protected address that left through a channel that discloses, or from a held row that somebody decided to disclose. A disclosed address is told while its row stands here, committed. Rows are never changed.';
COMMENT ON COLUMN protaddr.disclosure.id IS 'Number of the disclosure, random; the value names it.';
COMMENT ON COLUMN protaddr.disclosure.disclosed_at IS 'When.';
COMMENT ON COLUMN protaddr.disclosure.disclosed_by IS 'Login role.';
COMMENT ON COLUMN protaddr.disclosure.disclosed_as IS 'The role it worked as.';
COMMENT ON COLUMN protaddr.disclosure.channel IS 'Through which channel.';
COMMENT ON COLUMN protaddr.disclosure.valid_from IS 'Which row of protaddr.channel: the one valid from then.';
COMMENT ON COLUMN protaddr.disclosure.subjects IS 'Whom the address concerns: canonical identifiers.';
COMMENT ON COLUMN protaddr.disclosure.payer IS 'Whom the row names; NULL without a row.';
COMMENT ON COLUMN protaddr.disclosure.relation IS 'The gated table; NULL without one, or if it was not known.';
COMMENT ON COLUMN protaddr.disclosure.legal_basis IS 'The channel''s legal basis, as it read then.';
COMMENT ON COLUMN protaddr.disclosure.reason IS 'Why, of a held row; else NULL.';
CREATE INDEX disclosure_at ON protaddr.disclosure (disclosed_at);
COMMENT ON INDEX protaddr.disclosure_at IS 'Disclosures by time.';
CREATE TRIGGER own_table_changed BEFORE INSERT OR UPDATE OR DELETE ON protaddr.disclosure
    FOR EACH ROW EXECUTE FUNCTION protaddr.own_table_changed();
CREATE TRIGGER own_table_truncated BEFORE TRUNCATE ON protaddr.disclosure
    FOR EACH STATEMENT EXECUTE FUNCTION protaddr.own_table_changed();
ALTER TABLE protaddr.disclosure ENABLE ALWAYS TRIGGER own_table_changed;
ALTER TABLE protaddr.disclosure ENABLE ALWAYS TRIGGER own_table_truncated;
SELECT pg_catalog.pg_extension_config_dump('protaddr.disclosure', '');

CREATE FUNCTION protaddr.release(
    address protaddr.address,
    channel text,
    amount numeric DEFAULT NULL,
    currency text DEFAULT NULL,
    payee text DEFAULT NULL,
    at timestamptz DEFAULT NULL
) RETURNS protaddr.address
    AS 'MODULE_PATHNAME', 'protaddr_release_sql' LANGUAGE C CALLED ON NULL INPUT VOLATILE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION protaddr.release(protaddr.address, text, numeric, text, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.release(protaddr.address, text, numeric, text, text, timestamptz) IS
'What of an address may leave through a channel, sealed as released for it: all of it if registers have told of everybody it concerns and none is protected; else what protaddr.channel says, which may be NULL. amount, currency (ISO 4217) and payee (an identifier) decide whether the amount is small; NULL: not known. at: when it is to leave; the rules of now and of then must both let it. NULL for a NULL address or channel. Raises 22023 for a channel there is not, 23PA1 if the channel blocks or holds, 55PA1 if the value''s key is not here.';

CREATE FUNCTION protaddr.explain_release(
    address protaddr.address,
    channel text,
    amount numeric DEFAULT NULL,
    currency text DEFAULT NULL,
    payee text DEFAULT NULL,
    at timestamptz DEFAULT NULL,
    OUT action text, OUT because text, OUT rule text, OUT rule_of text, OUT valid_from timestamptz, OUT legal_basis text
) RETURNS record
    AS 'MODULE_PATHNAME', 'protaddr_explain_release' LANGUAGE C CALLED ON NULL INPUT STABLE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION protaddr.explain_release(protaddr.address, text, numeric, text, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.explain_release(protaddr.address, text, numeric, text, text, timestamptz) IS
'What release() would do, and why, in words: the action, the reason, the column of protaddr.channel that decides (rule) in the row of channel rule_of valid from valid_from, and its legal basis. at: by the rules of that time. It tells whether a person is protected: grant it to few. Nothing is released or recorded. NULL for a NULL address or channel. Errors as release(), without 23PA1.';
