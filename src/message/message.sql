-- ---------------------------------------------------------------------------
-- message/: payment messages
-- ---------------------------------------------------------------------------
CREATE FUNCTION protaddr.release_message(message text, channel text, at timestamptz DEFAULT NULL) RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_release_message_text' LANGUAGE C CALLED ON NULL INPUT VOLATILE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION protaddr.release_message(text, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.release_message(text, text, timestamptz) IS
'What of an ISO 20022 message (pain, pacs, camt; XML, alone or in an envelope) may leave through a channel: each party''s postal address becomes what protaddr.channel says, according to the person its account, identification or name stands for; one that stands for nobody we know is an unknown person. Agents'' addresses and all other bytes stay. Amounts, currencies and payees are the message''s own. Text is in the database''s encoding, which must be UTF8. at: as of release(). NULL for a NULL message or channel. Raises 22023 for a channel that does not exist; 23PA1 if the channel blocks or holds, or if the message is malformed, has a document type, another namespace, parts of an address outside of one or markup in a text, or is no message at all.';
CREATE FUNCTION protaddr.release_message(message xml, channel text, at timestamptz DEFAULT NULL) RETURNS xml
    AS 'MODULE_PATHNAME', 'protaddr_release_message_text' LANGUAGE C CALLED ON NULL INPUT VOLATILE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION protaddr.release_message(xml, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.release_message(xml, text, timestamptz) IS 'As release_message(text, text, timestamptz).';
CREATE FUNCTION protaddr.release_message(message bytea, channel text, at timestamptz DEFAULT NULL) RETURNS bytea
    AS 'MODULE_PATHNAME', 'protaddr_release_message_bytea' LANGUAGE C CALLED ON NULL INPUT VOLATILE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION protaddr.release_message(bytea, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.release_message(bytea, text, timestamptz) IS
'As release_message(text, text, timestamptz), for a message in the encoding that it declares: UTF-8, UTF-16, ISO-8859-1 or US-ASCII.';
CREATE FUNCTION protaddr.release_mt(message text, channel text, at timestamptz DEFAULT NULL) RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_release_mt_text' LANGUAGE C CALLED ON NULL INPUT VOLATILE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION protaddr.release_mt(text, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.release_mt(text, text, timestamptz) IS
'The same for SWIFT MT text: the ordering and beneficiary customers, fields 50K, 50F, 59 and 59F. In 50K and 59 nothing says which line is the town, so that a minimum is nothing. Fields with free text (70, 72, 77, 79, 86) and agents stay. NULL and errors as release_message(): 23PA1 too for parties in other fields (42D, 82 to 88, 95Q), tags within lines and unknown blocks.';
CREATE FUNCTION protaddr.release_json(message text, channel text, at timestamptz DEFAULT NULL) RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_release_json_text' LANGUAGE C CALLED ON NULL INPUT VOLATILE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION protaddr.release_json(text, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.release_json(text, text, timestamptz) IS
'The same for JSON that has the ISO 20022 names: PstlAdr, PostalAddress, debtorAddress and the like, in any case of letters and anywhere. What stands inside a string is not looked into. NULL and errors as release_message(): 23PA1 too for other names that say address, street, post code or town.';
CREATE FUNCTION protaddr.release_json(message json, channel text, at timestamptz DEFAULT NULL) RETURNS json
    AS 'MODULE_PATHNAME', 'protaddr_release_json_text' LANGUAGE C CALLED ON NULL INPUT VOLATILE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION protaddr.release_json(json, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.release_json(json, text, timestamptz) IS 'As release_json(text, text, timestamptz).';
CREATE FUNCTION protaddr.release_json(message jsonb, channel text, at timestamptz DEFAULT NULL) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'protaddr_release_json_jsonb' LANGUAGE C CALLED ON NULL INPUT VOLATILE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION protaddr.release_json(jsonb, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.release_json(jsonb, text, timestamptz) IS 'As release_json(text, text, timestamptz).';
