/*
 * swift_mt.c
 *		Which addresses of people stand in SWIFT MT text, and what goes in their
 *		place?
 *
 * Reads whole FIN messages ({1:}{2:}{4: ... -}), one or many, and the bare text of
 * block 4, in which "-" on a line of its own or the next :20: begins another message;
 * lines end in LF or CRLF.  Fields 50 (ordering customer) and 59 (beneficiary) are the
 * ones that hold people; how is swift_party.c's affair.  50A, 50C, 50G and 59A hold a
 * BIC, 50L an identifier, and never an address: one that holds more is refused.
 *
 * A unit is a message, and where :21: begins its transactions (MT101, MT102) each of
 * them; what stands before the first is a unit too.
 *
 * Free text (70, 72, 77, 79, 86) and agents (51 to 58) are left as they are.  Whatever
 * could be a party that is not read as one refuses the text: unknown options of 50 and
 * 59, parties of treasury, credits and securities (82 to 88, 42D, 95), lines that begin
 * as a tag without being one, tags within lines, lines where a field has one alone,
 * text outside of fields, headers with room for an address.
 */
#include <string.h>

#include "message/rewrite.h"
#include "register/cpr.h"
#include "text/text.h"
#include "swift_mt.h"

#define MAX_AMOUNT		15
#define BIC_SHORT		8
#define BIC_LONG		11
#define MAX_HEADER		64		/* bytes of a header, and of a block in a block */

/* What may stand in a field. */
typedef enum PaContent
{
	CONTENT_LINE = 0,			/* one line */
	CONTENT_LINES,
	CONTENT_TEXT				/* lines in which anything may stand */
} PaContent;

/* All that is remembered of a unit. */
typedef struct PaMt
{
	const char *message;
	size_t		len;
	PaSwiftOutput out;

	bool		in_message;		/* the unit has a field */
	bool		before_first;	/* no :21: yet in the message */
	bool		direct_debit;	/* MT104, MT107: 50 is the creditor */
	PaText		payer_of_all;	/* of the transactions that name none */

	PaUnit		unit;
	int			payers;
	int			payees;
	int			amounts;		/* of 32A and 32B */
	bool		second_best;	/* the amount is of 33B */
	char		amount[MAX_AMOUNT + 1];

	PaParty		party[PA_UNIT_PARTIES];
	PaPlace		place[PA_UNIT_PARTIES];
} PaMt;

/* ---- characters ------------------------------------------------------------- */

static bool
is_bic(PaText text)
{
	if (text.len != BIC_SHORT && text.len != BIC_LONG)
		return false;
	for (uint32_t i = 0; i < text.len; i++)
	{
		if (!protaddr_is_capital(text.data[i]) && (!protaddr_is_digit(text.data[i]) || i == 4 || i == 5))
			return false;
	}
	return true;
}

/* without_blanks leaves off what shows as blank at the start. */
static PaText
without_blanks(PaText text)
{
	while (text.len > 0)
	{
		uint32_t	c;
		size_t		n = protaddr_read_character(text.data, text.len, &c);

		if (c != ' ' && c != 0xA0 && c != 0x1680 && !(c >= 0x2000 && c <= 0x200A) &&
			c != 0x202F && c != 0x205F && c != 0x3000)
			break;
		text = behind(text, n);
	}
	return text;
}

/*
 * check_bytes gives the first byte that has no place in such a text.  Characters that
 * do not show would hide a tag from us, or part an address from its field.
 */
static PaMessageVerdict
check_bytes(const char *message, size_t len, size_t *at)
{
	for (*at = 0; *at < len;)
	{
		uint32_t	c;
		size_t		n = protaddr_read_character(message + *at, len - *at, &c);

		if (n == 0)
			return PA_MESSAGE_ENCODING;
		if (c == '\r')
		{
			if (*at + 1 == len || message[*at + 1] != '\n')
				return PA_MESSAGE_MALFORMED;
		}
		else if (c != '\n' && protaddr_is_control(c))
			return PA_MESSAGE_ENCODING;
		*at += n;
	}
	return PA_MESSAGE_OK;
}

/* ---- units ----------------------------------------------------------------------- */

/* end_unit asks about the unit's parties, writes them, and readies the next unit. */
static PaMessageVerdict
end_unit(PaMt *mt)
{
	PaUnit	   *unit = &mt->unit;

	if (mt->payers > 1)
		unit->payer.len = 0;
	else if (mt->payers == 0)
		unit->payer = mt->payer_of_all;
	if (mt->payees > 1)
		unit->payee.len = 0;
	if (mt->amounts > 1)
		unit->amount.len = unit->currency.len = 0;

	if (unit->nparties > 0)
	{
		mt->out.rewritten->units++;
		mt->out.rewritten->places += (uint64_t) unit->nparties;
		if (!mt->out.rewriter->decide(mt->out.rewriter->arg, unit))
			return PA_MESSAGE_STOPPED;
		for (int i = 0; i < unit->nparties; i++)
		{
			if (!protaddr_swift_write(&mt->out, &mt->place[i], &mt->party[i]))
				return PA_MESSAGE_STOPPED;
		}
	}
	if (mt->before_first)
		mt->payer_of_all = unit->payer;

	memset(unit, 0, sizeof(*unit));
	unit->party = mt->party;
	mt->payers = mt->payees = mt->amounts = 0;
	mt->second_best = false;
	return PA_MESSAGE_OK;
}

/* end_message ends the last unit too; nothing is known of the next message. */
static PaMessageVerdict
end_message(PaMt *mt)
{
	PaMessageVerdict verdict = end_unit(mt);

	mt->in_message = false;
	mt->before_first = true;
	mt->payer_of_all.len = 0;
	return verdict;
}

/* read_amount takes CCY and amount (15d) as the unit's. */
static void
read_amount(PaMt *mt, PaText text, bool second_best)
{
	size_t		n = 0;
	bool		comma = false;

	if (second_best && mt->amounts > 0)
		return;
	if (!second_best)
	{
		/* what 33B said before counts no more */
		mt->amounts = mt->second_best ? 1 : mt->amounts + 1;
		mt->second_best = false;
	}
	else
	{
		mt->amounts = 1;
		mt->second_best = true;
	}
	mt->unit.amount.len = 0;
	mt->unit.currency.len = 0;

	if (text.len < 5 || text.len > 3 + MAX_AMOUNT || !protaddr_is_capital(text.data[0]) ||
		!protaddr_is_capital(text.data[1]) || !protaddr_is_capital(text.data[2]) || !protaddr_is_digit(text.data[3]))
		return;
	for (uint32_t i = 3; i < text.len; i++)
	{
		if (text.data[i] == ',' && !comma)
		{
			comma = true;
			mt->amount[n++] = '.';
		}
		else if (protaddr_is_digit(text.data[i]))
			mt->amount[n++] = text.data[i];
		else
			return;
	}
	if (!comma)
		return;
	if (mt->amount[n - 1] == '.')
		n--;
	mt->unit.currency.data = text.data;
	mt->unit.currency.len = 3;
	mt->unit.amount.data = mt->amount;
	mt->unit.amount.len = (uint32_t) n;
}

/* ---- fields ----------------------------------------------------------------------- */

/*
 * party_form tells how field 50 or 59 with this option is written; false for one
 * that we do not know.
 */
static bool
party_form(bool payer, char option, PaForm *form)
{
	switch (option)
	{
		case '\0':
			*form = FORM_FREE;
			return true;
		case 'A':
			*form = FORM_BIC;
			return true;
		case 'F':
			*form = payer ? FORM_NUMBERED : FORM_NUMBERED_SHORT;
			return true;
		case 'H':
		case 'K':
			*form = FORM_FREE;
			return payer;
		case 'C':
		case 'G':
			*form = FORM_BIC;
			return payer;
		case 'L':
			*form = FORM_IDENTIFIER;
			return payer;
		default:
			return false;
	}
}

/* set_account takes a party's first identifier for payer or payee of the unit. */
static void
set_account(PaMt *mt, bool payer, PaText identifier)
{
	if (payer)
	{
		mt->payers++;
		mt->unit.payer = identifier;
	}
	else
	{
		mt->payees++;
		mt->unit.payee = identifier;
	}
}

/* read_bic reads a BIC, and an account before it; false if anything else stands there. */
static bool
read_bic(const PaMt *mt, size_t start, size_t end, PaParty *party)
{
	PaLine		line;

	cut_line(mt->message, start, end, &line);
	if (line.text.len > 0 && line.text.data[0] == '/')
	{
		if (!protaddr_swift_is_account(line.text))
			return false;
		protaddr_swift_read_account(party, line.text);
		cut_line(mt->message, line.next, end, &line);
	}
	return is_bic(line.text) && line.next == end;
}

/* read_bic_field reads a field that can have no address; false if it could all the same. */
static bool
read_bic_field(PaMt *mt, bool payer, char option, PaForm form, size_t start, size_t end)
{
	PaLine		line;
	PaParty		party;

	memset(&party, 0, sizeof(party));
	cut_line(mt->message, start, end, &line);
	if (form == FORM_IDENTIFIER)
		return line.next == end && !is_blank(line.text) && !too_long(line.text);
	if (!read_bic(mt, start, end, &party))
		return false;
	/* 50C instructs and does not pay */
	if (option != 'C')
		set_account(mt, payer, party.identifier[0]);
	return true;
}

/* read_party_field takes note of a field 50 or 59. */
static PaMessageVerdict
read_party_field(PaMt *mt, bool ordering, char option, size_t start, size_t end)
{
	bool		payer = ordering != mt->direct_debit;
	PaPlace    *place = &mt->place[mt->unit.nparties];
	PaParty    *party = &mt->party[mt->unit.nparties];
	PaForm		form;

	if (!party_form(ordering, option, &form))
		return PA_MESSAGE_MALFORMED;
	if (form == FORM_BIC || form == FORM_IDENTIFIER)
		return read_bic_field(mt, payer, option, form, start, end) ?
			PA_MESSAGE_OK : PA_MESSAGE_MALFORMED;

	if (mt->unit.nparties == PA_UNIT_PARTIES)
		return PA_MESSAGE_TOO_LARGE;
	memset(place, 0, sizeof(*place));
	memset(party, 0, sizeof(*party));
	place->form = form;
	place->start = start;
	place->end = end;
	party->role = payer ? "Dbtr" : "Cdtr";
	if (protaddr_swift_read(mt->message, place, party))
		mt->unit.nparties++;
	set_account(mt, payer, party->identifier[0]);
	return PA_MESSAGE_OK;
}

/*
 * check_unread refuses a field of which we do not read that it may name a person with
 * an address: 82 to 88 of treasury with more than a BIC, 42D of credits, 95 of securities
 * with more than a line, or with name and address (Q, U, V).
 */
static PaMessageVerdict
check_unread(const PaMt *mt, const char *tag, char option, size_t start, size_t end)
{
	bool		good = true;
	PaLine		line;
	PaParty		party;

	cut_line(mt->message, start, end, &line);
	if (memcmp(tag, "42", 2) == 0)
		good = option != 'D';
	else if (memcmp(tag, "95", 2) == 0)
		good = option != 'Q' && option != 'U' && option != 'V' && line.next == end;
	else if (tag[0] == '8' && tag[1] >= '2' && tag[1] <= '8' &&
			 (tag[1] != '6' || option != '\0'))
	{
		memset(&party, 0, sizeof(party));
		good = option == 'A' && read_bic(mt, start, end, &party);
	}
	return good ? PA_MESSAGE_OK : PA_MESSAGE_MALFORMED;
}

/* take_field acts on a field: its tag's two characters, option, and content. */
static PaMessageVerdict
take_field(PaMt *mt, const char *tag, char option, size_t start, size_t end)
{
	PaMessageVerdict verdict = PA_MESSAGE_OK;
	PaLine		line;

	cut_line(mt->message, start, end, &line);
	if (memcmp(tag, "20", 2) == 0 && option == '\0' && mt->in_message)
		verdict = end_message(mt);
	else if (memcmp(tag, "21", 2) == 0 && option == '\0')
	{
		verdict = end_unit(mt);
		mt->before_first = false;
	}
	else if (memcmp(tag, "50", 2) == 0)
		verdict = read_party_field(mt, true, option, start, end);
	else if (memcmp(tag, "59", 2) == 0)
		verdict = read_party_field(mt, false, option, start, end);
	else if (memcmp(tag, "32", 2) == 0 && option == 'A')
	{
		PaText		none = {NULL, 0};

		read_amount(mt, line.text.len > 6 && protaddr_cpr_digits(line.text.data, 6) ?
					behind(line.text, 6) : none, false);
	}
	else if (memcmp(tag, "32", 2) == 0 && option == 'B')
		read_amount(mt, line.text, false);
	else if (memcmp(tag, "33", 2) == 0 && option == 'B')
		read_amount(mt, line.text, true);
	else
		verdict = check_unread(mt, tag, option, start, end);
	mt->in_message = true;
	return verdict;
}

/* read_tag gives the length of the tag that a line begins with, 0 if it has none. */
static size_t
read_tag(PaText text, char *option)
{
	*option = '\0';
	if (text.len < 4 || text.data[0] != ':')
		return 0;
	if (!(protaddr_is_digit(text.data[1]) && protaddr_is_digit(text.data[2])) && memcmp(text.data + 1, "NS", 2) != 0)
		return 0;
	if (text.data[3] == ':')
		return 4;
	if (text.len < 5 || !protaddr_is_capital(text.data[3]) || text.data[4] != ':')
		return 0;
	*option = text.data[3];
	return 5;
}

/* content_of tells what may stand in the field with this tag. */
static PaContent
content_of(const char *tag, char option)
{
	static const char text[][3] = {"45", "46", "47", "49", "61", "70", "72", "73", "74", "75", "76",
	"77", "78", "79"};
	static const char lines[][3] = {"NS", "11", "29", "35", "39", "95"};

	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
	{
		if (memcmp(tag, text[i], 2) == 0)
			return CONTENT_TEXT;
	}
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
	{
		if (memcmp(tag, lines[i], 2) == 0)
			return CONTENT_LINES;
	}
	if (tag[0] == '7')
		return option == 'B' || option == 'D' ? CONTENT_TEXT : CONTENT_LINE;
	if (tag[0] == '8' && tag[1] >= '2')
		return tag[1] == '6' && option == '\0' ? CONTENT_TEXT : CONTENT_LINES;
	if (tag[0] == '5' || tag[0] == '4' || (memcmp(tag, "25", 2) == 0 && option == 'P'))
		return CONTENT_LINES;
	return CONTENT_LINE;
}

/* True if a party's field stands at the start of text, behind { or : of its tag. */
static bool
is_party_tag(PaText text)
{
	return text.len >= 2 && text.data[0] == '5' && (text.data[1] == '0' || text.data[1] == '9') &&
		((text.len >= 3 && text.data[2] == ':') || (text.len >= 4 && text.data[3] == ':'));
}

/* may_stand is true for a line, the first or another, that has its place in a field. */
static bool
may_stand(PaContent content, PaText text, bool first)
{
	PaText		shown = without_blanks(text);

	/* "12:30" or "50: OK" can be text, but with an account behind it is a party */
	if (content == CONTENT_TEXT)
	{
		const uint32_t account = shown.len > 2 && shown.data[2] == ':' ? 3 : 4;

		return first || !begins_as_tag(shown) || !is_party_tag(shown) ||
			shown.len <= account || shown.data[account] != '/';
	}
	if (first)
	{
		while (text.len > 0 && text.data[text.len - 1] == ' ')
			text.len--;
		/* a qualifier of securities has a colon too, and a source behind it */
		if (content == CONTENT_LINE && too_long(text) && text.data[0] != ':')
			return false;
	}
	else if ((content == CONTENT_LINE && shown.len > 0) || begins_as_tag(shown))
		return false;
	return !holds_party_tag(text);
}

/*
 * read_fields reads the fields that begin at *at, up to what ends the message; *at is
 * then behind that.  In a block that is "-}", else "-" on a line of its own, "-}" or
 * the end of all.  On failure *at is the line.
 */
static PaMessageVerdict
read_fields(PaMt *mt, bool in_block, size_t *at)
{
	PaMessageVerdict verdict = PA_MESSAGE_OK;
	char		tag[2] = {0, 0};
	char		option = '\0';
	PaContent	content = CONTENT_LINE;
	size_t		start = 0;		/* of the field's content; 0: no field yet */
	size_t		field = 0;
	PaLine		line;
	bool		ended = false;

	while (!ended)
	{
		char		next_option = '\0';
		size_t		tag_len = 0;
		PaText		text = {NULL, 0};

		if (*at < mt->len)
		{
			cut_line(mt->message, *at, mt->len, &line);
			text = line.text;
			tag_len = read_tag(text, &next_option);
			if (tag_len > 0 && mt->out.eol == NULL)
				mt->out.eol = text.len + 2 == line.next - line.start ? "\r\n" : "\n";
			if (text.len >= 2 && text.data[0] == '-' && text.data[1] == '}')
				ended = true;
			else if (!in_block && text.len == 1 && text.data[0] == '-')
				ended = true;
		}
		else if (in_block)
			return PA_MESSAGE_MALFORMED;
		else
			ended = true;

		if (!ended && tag_len == 0)
		{
			PaText		shown = without_blanks(text);

			/* begins like a field or a block without being one, or has no field */
			if (shown.len > 0 &&
				(start == 0 || shown.data[0] == ':' || text.data[0] == '{'))
				return PA_MESSAGE_MALFORMED;
			if (!may_stand(content, text, false))
				return PA_MESSAGE_MALFORMED;
			*at = line.next;
			continue;
		}

		/* the field before ends here */
		if (start > 0)
		{
			verdict = take_field(mt, tag, option, start, *at);
			if (verdict != PA_MESSAGE_OK)
			{
				*at = field;
				return verdict;
			}
		}
		else if (ended)
			return PA_MESSAGE_MALFORMED;
		if (ended)
			break;
		memcpy(tag, text.data + 1, 2);
		option = next_option;
		content = content_of(tag, option);
		if (!may_stand(content, behind(text, tag_len), true))
			return PA_MESSAGE_MALFORMED;
		field = *at;
		start = *at + tag_len;
		*at = line.next;
	}

	/* behind "-}" stands the rest of the message, behind "-" nothing */
	if (*at < mt->len)
		*at = line.text.len > 1 ? *at + 2 : line.next;
	return end_message(mt);
}

/* ---- blocks ------------------------------------------------------------------------- */

/* is_block_tag is true for three digits or capitals and a colon. */
static bool
is_block_tag(PaText text)
{
	if (text.len < 4 || text.data[3] != ':')
		return false;
	for (int i = 0; i < 3; i++)
	{
		if (!protaddr_is_digit(text.data[i]) && !protaddr_is_capital(text.data[i]))
			return false;
	}
	return true;
}

/* skip_header goes behind a block of one line of letters and digits, at most MAX_HEADER. */
static PaMessageVerdict
skip_header(const PaMt *mt, size_t *at)
{
	const size_t start = *at + 3;

	for (*at = start; *at < mt->len && *at - start <= MAX_HEADER; (*at)++)
	{
		char		c = mt->message[*at];

		if (c == '}')
		{
			(*at)++;
			return PA_MESSAGE_OK;
		}
		if (!protaddr_is_digit(c) && !protaddr_is_letter(c))
			break;
	}
	return PA_MESSAGE_MALFORMED;
}

/*
 * skip_blocks goes behind a block of blocks.  No party may stand there, and none of
 * them has room for one: {nnn:...}, at most MAX_HEADER bytes of one line.
 */
static PaMessageVerdict
skip_blocks(const PaMt *mt, size_t *at)
{
	size_t		start = 0;		/* of a block's content; 0: between blocks */

	for (*at += 3; *at < mt->len; (*at)++)
	{
		PaText		rest = {mt->message + *at + 1, (uint32_t) (mt->len - *at - 1)};
		char		c = mt->message[*at];

		if (start > 0)
		{
			if (c == '{')
				return PA_MESSAGE_TOO_DEEP;
			if (c == '}')
				start = 0;
			else if (c == '\n' || *at - start >= MAX_HEADER)
				return PA_MESSAGE_MALFORMED;
		}
		else if (c == '}')
		{
			(*at)++;
			return PA_MESSAGE_OK;
		}
		else if (c == '{')
		{
			if (!is_block_tag(rest) || is_party_tag(rest))
				return PA_MESSAGE_MALFORMED;
			*at += 4;			/* its colon */
			start = *at + 1;
		}
		else if (c != ' ' && c != '\r' && c != '\n')
			return PA_MESSAGE_MALFORMED;
	}
	return PA_MESSAGE_MALFORMED;
}

/*
 * read_block reads the block at *at.  *fields is set if it has the fields of a
 * message, be they lines or, in what the network itself says, blocks.
 */
static PaMessageVerdict
read_block(PaMt *mt, size_t *at, bool *fields)
{
	const char *block = mt->message + *at;
	size_t		left = mt->len - *at;
	PaLine		line;

	if (left < 4 || !((block[1] >= '1' && block[1] <= '5') || block[1] == 'S') ||
		block[2] != ':')
		return PA_MESSAGE_UNKNOWN_FORMAT;
	if (block[1] == '1')
		mt->direct_debit = false;
	if (block[1] == '2')
		mt->direct_debit = left > 7 &&
			(memcmp(block + 4, "104", 3) == 0 || memcmp(block + 4, "107", 3) == 0);
	if (block[1] == '1' || block[1] == '2')
		return skip_header(mt, at);
	if (block[1] != '4')
		return skip_blocks(mt, at);

	*fields = true;
	if (block[3] == '{')
		return skip_blocks(mt, at);
	cut_line(mt->message, *at + 3, mt->len, &line);
	if (!is_blank(line.text) || line.next == mt->len)
		return PA_MESSAGE_MALFORMED;
	*at = line.next;
	return read_fields(mt, true, at);
}

/* read_messages reads the whole text; *at is where it fails. */
static PaMessageVerdict
read_messages(PaMt *mt, size_t *at)
{
	PaMessageVerdict verdict = PA_MESSAGE_OK;
	bool		blocks = false;
	bool		fields = false;

	while (verdict == PA_MESSAGE_OK && *at < mt->len)
	{
		switch (mt->message[*at])
		{
			case ' ':
			case '\r':
			case '\n':
			case '$':			/* between the messages of a file */
				(*at)++;
				break;
			case '{':
				verdict = read_block(mt, at, &fields);
				if (verdict == PA_MESSAGE_UNKNOWN_FORMAT && (blocks || fields))
					verdict = PA_MESSAGE_MALFORMED;
				blocks = true;
				break;
			case ':':
				verdict = read_fields(mt, false, at);
				fields = true;
				break;
			default:
				verdict = blocks || fields ? PA_MESSAGE_MALFORMED : PA_MESSAGE_UNKNOWN_FORMAT;
				break;
		}
	}
	return verdict == PA_MESSAGE_OK && !fields ? PA_MESSAGE_UNKNOWN_FORMAT : verdict;
}

/*
 * protaddr_rewrite_mt
 *		Rewrite SWIFT MT text.
 */
PaMessageVerdict
protaddr_rewrite_mt(const char *message, size_t len, const PaRewriter *rewriter,
					PaRewritten *rewritten)
{
	const size_t mark = len >= 3 && memcmp(message, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
	size_t		at = 0;
	PaMt	   *mt;

	memset(rewritten, 0, sizeof(*rewritten));
	mt = len <= UINT32_MAX ? rewriter->alloc(rewriter->arg, sizeof(*mt)) : NULL;
	if (mt == NULL)
	{
		rewritten->verdict = PA_MESSAGE_TOO_LARGE;
		return PA_MESSAGE_TOO_LARGE;
	}
	memset(mt, 0, sizeof(*mt));
	mt->message = mt->out.message = message;
	mt->len = len;
	mt->out.rewriter = rewriter;
	mt->out.rewritten = rewritten;
	mt->before_first = true;
	mt->unit.party = mt->party;

	rewritten->verdict = check_bytes(message + mark, len - mark, &at);
	at += mark;
	if (rewritten->verdict == PA_MESSAGE_OK)
	{
		at = mark;
		rewritten->verdict = read_messages(mt, &at);
	}
	if (rewritten->verdict == PA_MESSAGE_OK && mt->out.copied < len &&
		!rewriter->write(rewriter->arg, message + mt->out.copied, len - mt->out.copied))
		rewritten->verdict = PA_MESSAGE_STOPPED;
	if (rewritten->verdict != PA_MESSAGE_OK)
	{
		rewritten->offset = at;
		rewritten->line = 1;
		for (size_t i = 0; i < at; i++)
			rewritten->line += message[i] == '\n';
	}
	rewriter->free(rewriter->arg, mt);
	return rewritten->verdict;
}
