-- ---------------------------------------------------------------------------
-- door/: names, and what tells where somebody lives without an address
-- ---------------------------------------------------------------------------
CREATE FUNCTION protaddr.show_name(name text, channel text, VARIADIC subjects text[] DEFAULT '{}') RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_show_name' LANGUAGE C CALLED ON NULL INPUT STABLE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION protaddr.show_name(text, text, text[]) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.show_name(text, text, text[]) IS
'What of somebody''s name may leave through a channel: all of it, the initials, or [name withheld], as name_when_protected says if the protection of any of the subjects covers the name, and name_when_unknown if no register lists one of them. Without subjects, and while the register is not ready, it is withheld, unless the channel lets every name leave. subjects: identifiers of whoever the name is of; NULL and blank ones name nobody. NULL for a NULL name; withheld for a NULL channel. It tells whether somebody is protected: grant it to roles of that purpose. Raises 22023 for a channel that does not exist, 22001 for an identifier that is too long.';

CREATE FUNCTION protaddr.show_location(value anyelement, channel text, VARIADIC subjects text[] DEFAULT '{}') RETURNS anyelement
    AS 'MODULE_PATHNAME', 'protaddr_show_location' LANGUAGE C CALLED ON NULL INPUT STABLE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION protaddr.show_location(anyelement, text, text[]) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.show_location(anyelement, text, text[]) IS
'A value that tells where somebody lives without an address (branch, town of a shop, telephone number, coordinates), if the channel would let the whole address of all subjects leave, and without a record; else NULL. subjects: identifiers of whom it tells; NULL and blank ones name nobody; without any it is withheld. NULL for a NULL value or channel. It tells whether somebody is protected: grant it to roles of that purpose. Raises 22023 for a channel that does not exist, 23PA1 if the channel blocks or holds, 22001 for an identifier that is too long.';

CREATE FUNCTION protaddr.vop_answer(typed text, name text) RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_vop_answer' LANGUAGE C CALLED ON NULL INPUT STABLE PARALLEL SAFE;
REVOKE ALL ON FUNCTION protaddr.vop_answer(text, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.vop_answer(text, text) IS
'Answer to a payer''s bank (Verification of Payee): whether the name that a payer has typed is the payee''s: match, close_match or no_match; not_possible if either is NULL, or the channel vop_answer is not in force. Never a name: neither with a close match. It does not ask whether the payee is protected, so nothing of the answer depends on it. Letters count as banks write them (Å as AA, é as e), capitals and punctuation do not count. close_match: initials for names, names left out, another order, a letter or two wrong.';
