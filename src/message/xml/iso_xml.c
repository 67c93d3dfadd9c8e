/*
 * iso_xml.c
 *		Where in a message of ISO 20022 does the postal address of a party stand?
 *
 * Walks through the message with Expat and goes by local names, never by paths:
 * the same party is Dbtr/PstlAdr in one version and Dbtr/Pty/PstlAdr in the next,
 * and a return has it once more in OrgnlTxRef.  Found is every PstlAdr, every Adr
 * (of a name and address: RmtLctnDtls, cheques) and LglAdr or the like outside of
 * agents, that is FinInstnId and BrnchId.  What looks like a part of an address and
 * stands elsewhere refuses the message; so does text that is markup itself, since a
 * whole message could be in it.
 *
 * Nothing is copied that is not asked about: of an undecided address we remember
 * where it begins and ends, and write from the message itself.
 *
 * Refused are document type declarations, so there are no entities; and whatever
 * is of a namespace that we do not know, because an address in it would not be
 * found.  Around the message there may be an envelope: elements of no namespace or
 * of Swift's, none that sounds like an address; in Sgntr a signature.
 */
#include <string.h>

#include "iso_message.h"

#define SIGNATURE_NAMESPACE	"http://www.w3.org/2000/09/xmldsig#"

/* ---- memory ------------------------------------------------------------------ */

/*
 * In front of each allocation.  It asks for no more alignment than palloc gives, and what
 * Expat keeps needs no more.
 */
typedef union Header
{
	size_t		size;
	double		number;
	int64_t		integer;
	void	   *pointer;
} Header;

/*
 * Expat's memory suite has no argument, so this says whose call it is.  It is set
 * before every call of Expat and after every callback that could have come back here,
 * and so never is that of a call that was left by a jump.
 */
static IsoWalk *current = NULL;

/* protaddr_iso_grow is realloc within our limits; NULL if there is no more. */
void *
protaddr_iso_grow(IsoWalk *walk, void *ptr, size_t size)
{
	Header	   *old = ptr != NULL ? (Header *) ptr - 1 : NULL;
	size_t		before = old != NULL ? old->size : 0;
	size_t		whole = size + sizeof(Header);
	Header	   *header;

	if (size > ISO_ALLOCATION || walk->memory - before + whole > ISO_MEMORY)
		return NULL;
	if (old == NULL)
		header = walk->rewriter->alloc(walk->rewriter->arg, whole);
	else
		header = walk->rewriter->realloc(walk->rewriter->arg, old, whole);
	if (header == NULL)
		return NULL;
	walk->memory = walk->memory - before + whole;
	header->size = whole;
	return header + 1;
}

static void
give_back(IsoWalk *walk, void *ptr)
{
	if (ptr != NULL)
	{
		Header	   *header = (Header *) ptr - 1;

		walk->memory -= header->size;
		walk->rewriter->free(walk->rewriter->arg, header);
	}
}

static void *
expat_malloc(size_t size)
{
	return protaddr_iso_grow(current, NULL, size);
}

static void *
expat_realloc(void *ptr, size_t size)
{
	return protaddr_iso_grow(current, ptr, size);
}

static void
expat_free(void *ptr)
{
	give_back(current, ptr);
}

/* ---- refusals ------------------------------------------------------------------ */

/* note_position says where in the message we are; its begin, if Expat knows of no place. */
static void
note_position(IsoWalk *walk)
{
	size_t		at = pa_byte_index(walk->parser);

	walk->rewritten->offset = at <= walk->len ? at : 0;
	walk->rewritten->line = pa_line_number(walk->parser);
}

/* protaddr_iso_refuse ends the walk, here; the first verdict counts. */
void
protaddr_iso_refuse(IsoWalk *walk, PaMessageVerdict verdict)
{
	if (walk->verdict != PA_MESSAGE_OK)
		return;
	walk->verdict = verdict;
	note_position(walk);
	XML_StopParser(walk->parser, XML_FALSE);
}

/* protaddr_iso_callback asks for a decision. */
bool
protaddr_iso_callback(IsoWalk *walk, PaUnit *unit)
{
	bool		go_on = walk->rewriter->decide(walk->rewriter->arg, unit);

	current = walk;
	walk->rewritten->units++;
	return go_on;
}

/* protaddr_iso_write hands over bytes of the result. */
void
protaddr_iso_write(IsoWalk *walk, const char *data, size_t len)
{
	if (len == 0 || walk->verdict != PA_MESSAGE_OK)
		return;
	if (!walk->rewriter->write(walk->rewriter->arg, data, len))
		protaddr_iso_refuse(walk, PA_MESSAGE_STOPPED);
	current = walk;
}

/* ---- names ----------------------------------------------------------------------- */

/* first_and_last gives both ends of a name, which up to 16 bytes are all of it. */
static inline void
first_and_last(const char *name, size_t len, uint64_t *first, uint64_t *last)
{
	uint32_t	half[2];

	if (len >= sizeof(*first))
	{
		memcpy(first, name, sizeof(*first));
		memcpy(last, name + len - sizeof(*last), sizeof(*last));
	}
	else if (len >= sizeof(half[0]))
	{
		memcpy(&half[0], name, sizeof(half[0]));
		memcpy(&half[1], name + len - sizeof(half[1]), sizeof(half[1]));
		*first = half[0];
		*last = half[1];
	}
	else
	{
		*first = (unsigned char) name[0];
		*last = (uint64_t) (unsigned char) name[len / 2] << 8 | (unsigned char) name[len - 1];
	}
}

/* kind_of says what an element of a message is to us; most have been met lately. */
static IsoKind
kind_of(IsoWalk *walk, const char *name, size_t len)
{
	IsoName    *met;
	uint64_t	first;
	uint64_t	last;

	if (len == 0 || len > 2 * sizeof(first))
		return protaddr_iso_classify(name, len);
	first_and_last(name, len, &first, &last);
	met = &walk->met[((first * 31 + last + len) * UINT64_C(0x9E3779B97F4A7C15)) >> 32 & (ISO_NAMES - 1)];
	if (met->len != len || met->first != first || met->last != last)
	{
		met->first = first;
		met->last = last;
		met->len = (uint8_t) len;
		met->kind = (uint8_t) protaddr_iso_classify(name, len);
	}
	return (IsoKind) met->kind;
}

/* space_of says what a namespace is to us. */
static IsoSpace
space_of(const char *uri, size_t len)
{
#define BEGINS(text) (len > sizeof(text) - 1 && memcmp(uri, text, sizeof(text) - 1) == 0)
	if (BEGINS(ISO_NAMESPACE))
		return ISO_SPACE_MESSAGE;
	if (BEGINS("urn:swift:") || BEGINS("urn:cma:stp:"))
		return ISO_SPACE_ENVELOPE;
	if (len == sizeof(SIGNATURE_NAMESPACE) - 1 && memcmp(uri, SIGNATURE_NAMESPACE, len) == 0)
		return ISO_SPACE_SIGNATURE;
	return ISO_SPACE_UNKNOWN;
}

/*
 * split_name gives the local part of a name and its namespace.  Nearly always that is
 * the one before.
 */
static const char *
split_name(IsoWalk *walk, const char *name, size_t len, IsoSpace *space)
{
	const char *separator;

	if (walk->uri_len > 0 && len > walk->uri_len && name[walk->uri_len] == ISO_SEPARATOR &&
		memcmp(name, walk->uri, walk->uri_len) == 0)
	{
		*space = walk->uri_space;
		return name + walk->uri_len + 1;
	}
	separator = strrchr(name, ISO_SEPARATOR);
	if (separator == NULL)
	{
		*space = ISO_SPACE_NONE;
		return name;
	}
	*space = ISO_SPACE_UNKNOWN;
	if ((size_t) (separator - name) < ISO_URI)
	{
		walk->uri_len = (size_t) (separator - name);
		memcpy(walk->uri, name, walk->uri_len);
		*space = walk->uri_space = space_of(walk->uri, walk->uri_len);
	}
	return separator + 1;
}

/* may_stand is true if an element of this namespace may stand where it does. */
static bool
may_stand(IsoSpace space, const IsoFrame *parent)
{
	switch (space)
	{
		case ISO_SPACE_MESSAGE:
			return true;
		case ISO_SPACE_NONE:
		case ISO_SPACE_ENVELOPE:
			return parent->space == ISO_SPACE_NONE || parent->space == ISO_SPACE_ENVELOPE;
		case ISO_SPACE_SIGNATURE:
			return parent->space == ISO_SPACE_SIGNATURE || parent->kind == ISO_SGNTR;
		default:
			return false;
	}
}

/* says_address is true of an attribute that is called as an address or a part of one. */
static bool
says_address(const XML_Char *name)
{
	const char *local = strrchr(name, ISO_SEPARATOR);

	local = local == NULL ? name : local + 1;
	switch (protaddr_iso_classify(local, strlen(local)))
	{
		case ISO_PSTLADR:
		case ISO_ADR:
		case ISO_ADDRESS_PART:
		case ISO_LIKE_ADDRESS:
		case ISO_TWNNM:
			return true;
		default:
			return false;
	}
}

/* Attributes are of no namespace, but for those of XML itself and of schemas. */
static bool
known_attributes(const XML_Char **attribute)
{
	static const char instance[] = "http://www.w3.org/2001/XMLSchema-instance\n";
	static const char xml[] = "http://www.w3.org/XML/1998/namespace\n";

	for (; attribute[0] != NULL; attribute += 2)
	{
		if (strchr(attribute[0], ISO_SEPARATOR) != NULL &&
			strncmp(attribute[0], instance, sizeof(instance) - 1) != 0 &&
			strncmp(attribute[0], xml, sizeof(xml) - 1) != 0)
			return false;
	}
	return true;
}

/* ---- markup in texts --------------------------------------------------------------- */

/* is_markup is true for a text in which an element could begin. */
static bool
is_markup(const char *text, size_t len, bool *less_than)
{
	for (size_t i = 0; i < len; i++)
	{
		char		c = (char) (text[i] | 0x20);

		if (*less_than && ((c >= 'a' && c <= 'z') || text[i] == '_' || (text[i] & 0x80) != 0))
			return true;
		*less_than = text[i] == '<';
	}
	return false;
}

/* outside_address is true where a text is not part of an address. */
static bool
outside_address(const IsoWalk *walk)
{
	return walk->address == 0 || (walk->capture != 0 && walk->capture_as == ISO_FACT_NAME);
}

/* check_aside looks at what is neither element nor text: attributes, comments, instructions. */
static void
check_aside(IsoWalk *walk, const char *text)
{
	bool		less_than = false;

	if (walk->verdict == PA_MESSAGE_OK && walk->address == 0 && is_markup(text, strlen(text), &less_than))
		protaddr_iso_refuse(walk, PA_MESSAGE_UNKNOWN_FORMAT);
}

static void
comment(void *arg, const XML_Char *data)
{
	check_aside(arg, data);
}

static void
instruction(void *arg, const XML_Char *target, const XML_Char *data)
{
	check_aside(arg, data);
}

/* refers_to_less_than is true if the reference that begins there could be one to "<". */
static bool
refers_to_less_than(const IsoWalk *walk, size_t at)
{
	const char *text = walk->message + at + 1;
	size_t		left = walk->len - at - 1;
	bool		hexadecimal;

	if (walk->width > 1)
		return true;
	if (left < 2 || text[0] != '#')
		return left >= 2 && memcmp(text, "lt", 2) == 0;
	hexadecimal = text[1] == 'x';
	text += hexadecimal ? 2 : 1;
	left -= hexadecimal ? 2 : 1;
	for (; left > 0 && *text == '0'; left--)
		text++;
	return left >= 2 && (hexadecimal ? text[0] == '3' && (text[1] | 0x20) == 'c' : memcmp(text, "60", 2) == 0);
}

/* ---- texts --------------------------------------------------------------------------- */

/* text_data keeps a piece of the text that is being read, and looks for markup in any. */
static void
text_data(void *arg, const XML_Char *data, int len)
{
	IsoWalk    *walk = arg;

	if (walk->verdict != PA_MESSAGE_OK)
		return;
	if (walk->watch && outside_address(walk) && is_markup(data, (size_t) len, &walk->less_than))
	{
		protaddr_iso_refuse(walk, PA_MESSAGE_UNKNOWN_FORMAT);
		return;
	}
	if (walk->capture == 0 || walk->capture_unfit)
		return;
	if (walk->arena_used - walk->capture_at + (uint32_t) len > ISO_TEXT)
	{
		walk->capture_unfit = true;
		walk->arena_used = walk->capture_at;
		return;
	}
	protaddr_iso_append(walk, data, (size_t) len);
}

/* watch_texts begins to read all texts, if it did not yet. */
static void
watch_texts(void *arg)
{
	IsoWalk    *walk = arg;

	walk->watch = true;
	XML_SetCharacterDataHandler(walk->parser, text_data);
}

/*
 * look_for_references sees whether there could be "<" in a text of the bytes up to
 * there; it cannot without a reference, but in CDATA.
 */
static void
look_for_references(IsoWalk *walk, size_t end)
{
	const char *at = walk->message + walk->watched;

	while (!walk->watch && (at = memchr(at, '&', end - (size_t) (at - walk->message))) != NULL)
	{
		if (refers_to_less_than(walk, (size_t) (at - walk->message)))
			watch_texts(walk);
		at++;
	}
	walk->watched = end;
}

/* begin_text reads the text of the element that has just begun. */
static void
begin_text(IsoWalk *walk, int as, int owner)
{
	walk->capture = walk->depth;
	walk->capture_as = as;
	walk->capture_owner = owner;
	walk->capture_unfit = false;
	walk->capture_at = walk->arena_used;
	XML_SetCharacterDataHandler(walk->parser, text_data);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* end_text does with the text what it was read for.  Blanks around it do not count. */
static void
end_text(IsoWalk *walk)
{
	IsoText		text = {walk->capture_at, walk->arena_used - walk->capture_at};
	bool		unfit = walk->capture_unfit;
	IsoPlace   *place;
	IsoFact		fact = {0};

	if (!walk->watch)
		XML_SetCharacterDataHandler(walk->parser, NULL);
	walk->capture = 0;
	if (unfit)
		text.len = 0;
	while (text.len > 0 && is_blank(walk->arena[text.at]))
	{
		text.at++;
		text.len--;
	}
	while (text.len > 0 && is_blank(walk->arena[text.at + text.len - 1]))
		text.len--;

	switch (walk->capture_as)
	{
		case ISO_CAPTURE_TOWN:
			place = iso_last_place(walk);
			place->ntown++;
			place->town = text;
			break;
		case ISO_CAPTURE_COUNTRY:
			place = iso_last_place(walk);
			place->ncountry++;
			place->country = text;
			break;
		default:
			fact.kind = (uint8_t) walk->capture_as;
			fact.owner = (uint8_t) walk->capture_owner;
			fact.unfit = unfit;
			fact.text = text;
			if (fact.kind == ISO_FACT_AMOUNT)
			{
				fact.rank = (uint8_t) walk->capture_rank;
				fact.role = walk->capture_role;
			}
			if (text.len > 0 || unfit)
				protaddr_iso_fact(walk, &fact);
			break;
	}
}

/*
 * begin_identifier reads an identifier of the party or account around: above it stand
 * Id, PrvtId or OrgId, Othr, Prxy, as many as there are.
 */
static void
begin_identifier(IsoWalk *walk)
{
	int			owner = walk->depth - 1;

	while (owner > 1 && (walk->frame[owner].kind == ISO_OTHR ||
						 walk->frame[owner].kind == ISO_PRXY ||
						 walk->frame[owner].kind == ISO_PRVTID ||
						 walk->frame[owner].kind == ISO_ORGID))
		owner--;
	if (owner > 1 && walk->frame[owner].kind == ISO_ID)
		owner--;
	begin_text(walk, ISO_FACT_ID, owner);
}

/* begin_amount reads an amount of the transfer that we are in, if we are in one. */
static void
begin_amount(IsoWalk *walk, int rank, const XML_Char **attribute)
{
	IsoText		currency = {0};

	if (walk->frame[walk->depth].transfer == 0)
		return;
	for (; attribute[0] != NULL; attribute += 2)
	{
		if (strcmp(attribute[0], "Ccy") == 0 && strlen(attribute[1]) <= 3)
		{
			currency.at = walk->arena_used;
			currency.len = (uint32_t) strlen(attribute[1]);
			if (!protaddr_iso_append(walk, attribute[1], currency.len))
				return;
		}
	}
	walk->capture_role = currency;
	walk->capture_rank = rank;
	begin_text(walk, ISO_FACT_AMOUNT, walk->frame[walk->depth].transfer);
}

/* ---- elements ------------------------------------------------------------------------ */

/*
 * within_address looks at an element in an address.  PstlAdr may hold a name and an
 * Adr instead of an address, and then the Adr is the place.
 */
static void
within_address(IsoWalk *walk, IsoKind kind)
{
	IsoPlace   *place = iso_last_place(walk);
	IsoFrame   *frame = &walk->frame[walk->depth];
	int			level = walk->depth - walk->address;

	if (kind == ISO_TRANSACTION || kind == ISO_BATCH || kind == ISO_PMTINF)
	{
		protaddr_iso_refuse(walk, PA_MESSAGE_ORDER);
		return;
	}
	if (level == 1 && kind == ISO_ADR && !place->mandatory)
	{
		place->inner++;
		place->inner_start = frame->start;
		place->inner_declares = frame->declares;
		return;
	}
	if (level == 1 && kind == ISO_NM && !place->mandatory)
	{
		begin_text(walk, ISO_FACT_NAME, place->holder);
		return;
	}
	if (level == 1)
		place->plain = true;
	if (level == 1 || (level == 2 && frame[-1].kind == ISO_ADR))
	{
		if (kind == ISO_TWNNM)
			begin_text(walk, ISO_CAPTURE_TOWN, 0);
		else if (kind == ISO_CTRY)
			begin_text(walk, ISO_CAPTURE_COUNTRY, 0);
	}
}

/* identification looks at an element that identifies a party or an account. */
static void
identification(IsoWalk *walk, IsoKind kind)
{
	IsoFrame   *frame = &walk->frame[walk->depth];
	IsoFrame   *parent = frame - 1;

	switch (kind)
	{
		case ISO_ID:
			parent->has_id = true;
			if (parent->kind == ISO_OTHR || parent->kind == ISO_PRXY)
				begin_identifier(walk);
			break;
		case ISO_IDENTIFIER:
			begin_identifier(walk);
			break;
		case ISO_ORGID:
			if (parent->kind == ISO_ID)
				parent[-1].has_orgid = true;
			break;
		case ISO_PRVTID:
			if (parent->kind == ISO_ID)
			{
				parent[-1].nprvtid += parent[-1].nprvtid < 2;
				parent[-1].prvtid = frame->start;
				parent[-1].prvtid_end = frame->start + pa_byte_count(walk->parser);
			}
			break;
		case ISO_BIRTH:
			if (parent->kind == ISO_PRVTID && parent[-1].kind == ISO_ID)
				parent[-2].has_birth = true;
			break;
		default:
			break;
	}
}

/* within_message looks at an element of the message that is in no address and no agent. */
static void
within_message(IsoWalk *walk, IsoKind kind, const char *local, const XML_Char **attribute)
{
	IsoFrame   *frame = &walk->frame[walk->depth];
	IsoFrame   *parent = frame - 1;

	switch (kind)
	{
		case ISO_DOCUMENT:
			walk->found = true;
			break;
		case ISO_AGENT:
			walk->agent = walk->depth;
			break;
		case ISO_PSTLADR:
		case ISO_ADR:
			protaddr_iso_begin_place(walk, kind, local);
			break;
		case ISO_ADDRESS_PART:
		case ISO_TWNNM:
		case ISO_LIKE_ADDRESS:
			protaddr_iso_refuse(walk, PA_MESSAGE_UNKNOWN_FORMAT);
			break;
		case ISO_NM:
			begin_text(walk, ISO_FACT_NAME, walk->depth - 1);
			break;
		case ISO_ID:
		case ISO_IDENTIFIER:
		case ISO_ORGID:
		case ISO_PRVTID:
		case ISO_BIRTH:
			identification(walk, kind);
			break;
		case ISO_TRANSACTION:
			frame->transfer = (uint8_t) walk->depth;
			protaddr_iso_transaction_begins(walk);
			break;
		case ISO_BATCH:
		case ISO_PMTINF:
			protaddr_iso_transaction_begins(walk);
			break;
		case ISO_ORIGINAL:
		case ISO_UNDERLYING:
			frame->transfer = (uint8_t) walk->depth;
			break;
		case ISO_RETURNED:
		case ISO_SETTLED:
		case ISO_INSTRUCTED:
			begin_amount(walk, kind, attribute);
			break;
		case ISO_AMT:
			if (parent->kind == ISO_INSTRUCTED || parent->kind == ISO_EQUIVALENT ||
				parent->kind == ISO_OF_TRANSACTION)
				begin_amount(walk, parent->kind, attribute);
			else if (parent->kind == ISO_TRANSACTION)
				begin_amount(walk, kind, attribute);
			break;
		default:
			break;
	}
}

/*
 * open_frame notes the element that has just begun; false if it may not stand here,
 * and then the message is refused.
 */
static bool
open_frame(IsoWalk *walk, IsoSpace space, IsoKind kind, const char *local, size_t len)
{
	IsoFrame   *parent = &walk->frame[walk->depth - 1];
	IsoFrame   *frame = parent + 1;

	memset(frame, 0, sizeof(*frame));
	frame->start = pa_byte_index(walk->parser);
	frame->arena = walk->arena_used;
	frame->facts = walk->nfacts;
	frame->kind = (uint8_t) kind;
	frame->space = (uint8_t) space;
	frame->transfer = parent->transfer;
	frame->declares = walk->declares;
	frame->supplement = parent->supplement || kind == ISO_SUPPLEMENT;
	frame->original = parent->original || (len > 5 && memcmp(local, "Orgnl", 5) == 0);
	walk->declares = false;

	if (space != ISO_SPACE_MESSAGE)
	{
		if (kind == ISO_ADDRESS_PART || kind == ISO_TWNNM || protaddr_iso_sounds_like_address(local, len))
			protaddr_iso_refuse(walk, PA_MESSAGE_NAMESPACE);
		else if (kind != ISO_SGNTR)
			frame->kind = ISO_OTHER;
		return walk->verdict == PA_MESSAGE_OK;
	}
	if (walk->depth == 1)
		walk->found = true;
	if (walk->agent == 0 && walk->address == 0 && frame->supplement &&
		protaddr_iso_sounds_like_address(local, len))
	{
		/* whose it is cannot be seen */
		protaddr_iso_refuse(walk, PA_MESSAGE_UNKNOWN_FORMAT);
		return false;
	}
	return true;
}

static void
start_element(void *arg, const XML_Char *name, const XML_Char **attribute)
{
	IsoWalk    *walk = arg;
	IsoFrame   *parent = &walk->frame[walk->depth];
	const char *local;
	size_t		len;
	IsoSpace	space;
	IsoKind		kind;

	if (walk->verdict != PA_MESSAGE_OK)
		return;
	walk->less_than = false;
	if (walk->capture != 0)
	{
		/* an element where a text should be */
		walk->capture_unfit = true;
		end_text(walk);
	}
	if (walk->depth == PA_MESSAGE_DEPTH)
	{
		protaddr_iso_refuse(walk, PA_MESSAGE_TOO_DEEP);
		return;
	}
	walk->depth++;
	len = strlen(name);
	local = split_name(walk, name, len, &space);
	len -= (size_t) (local - name);
	if (!may_stand(space, parent) ||
		(attribute[0] != NULL && !known_attributes(attribute)))
	{
		protaddr_iso_refuse(walk, PA_MESSAGE_NAMESPACE);
		return;
	}
	for (const XML_Char **a = attribute; a[0] != NULL; a += 2)
	{
		check_aside(walk, a[1]);
		if (walk->agent == 0 && walk->address == 0 && says_address(a[0]))
			protaddr_iso_refuse(walk, PA_MESSAGE_UNKNOWN_FORMAT);
	}
	kind = kind_of(walk, local, len);
	if (!open_frame(walk, space, kind, local, len) || space != ISO_SPACE_MESSAGE || walk->agent != 0)
		return;
	if (walk->address != 0)
		within_address(walk, kind);
	else
		within_message(walk, kind, local, attribute);
}

/* The end of the tag at hand. */
static size_t
tag_end(IsoWalk *walk)
{
	return pa_byte_index(walk->parser) +
		pa_byte_count(walk->parser);
}

static void
end_element(void *arg, const XML_Char *name)
{
	IsoWalk    *walk = arg;
	IsoFrame   *frame = &walk->frame[walk->depth];

	if (walk->verdict != PA_MESSAGE_OK)
		return;
	walk->less_than = false;
	if (walk->capture == walk->depth)
		end_text(walk);
	if (walk->agent == walk->depth)
		walk->agent = 0;
	if (walk->address != 0)
	{
		if (walk->address == walk->depth)
			protaddr_iso_end_place(walk, tag_end(walk));
		else if (walk->address == walk->depth - 1 && frame->kind == ISO_ADR)
			iso_last_place(walk)->inner_end = tag_end(walk);
	}
	if (frame->holder || frame->scope || walk->nfacts > frame->facts)
		protaddr_iso_close(walk);
	if (walk->verdict != PA_MESSAGE_OK)
		return;
	if (walk->nfacts == frame->facts && walk->nplaces == 0)
		walk->arena_used = frame->arena;
	walk->depth--;
}

static void
start_namespace(void *arg, const XML_Char *prefix, const XML_Char *uri)
{
	IsoWalk    *walk = arg;

	walk->declares = true;
	if (uri != NULL && strchr(uri, ISO_SEPARATOR) != NULL)
		protaddr_iso_refuse(walk, PA_MESSAGE_NAMESPACE);
}

static void
start_doctype(void *arg, const XML_Char *name, const XML_Char *system_id,
			  const XML_Char *public_id, int has_internal_subset)
{
	protaddr_iso_refuse(arg, PA_MESSAGE_DOCTYPE);
}

/* xml_declaration refuses what is not XML 1.0: 1.1 has other characters. */
static void
xml_declaration(void *arg, const XML_Char *version, const XML_Char *encoding, int standalone)
{
	if (version != NULL && strcmp(version, "1.0") != 0)
		protaddr_iso_refuse(arg, PA_MESSAGE_MALFORMED);
}

/* ---- the message ----------------------------------------------------------------------- */

/*
 * find_width sees by its first two bytes whether the message is UTF-16, as Expat does
 * whatever the caller says; false if that is not what the caller says.
 */
static bool
find_width(IsoWalk *walk, const char *encoding)
{
	const unsigned char *first = (const unsigned char *) walk->message;
	bool		big = walk->len >= 2 && ((first[0] == 0xFE && first[1] == 0xFF) || first[0] == 0);
	bool		little = walk->len >= 2 && ((first[0] == 0xFF && first[1] == 0xFE) || first[1] == 0);

	walk->width = big || little ? 2 : 1;
	walk->low = big ? 1 : 0;
	return encoding == NULL || (walk->width == 1 && strncmp(encoding, "UTF-16", 6) != 0);
}

/* verdict_of says what Expat's refusal is to us. */
static PaMessageVerdict
verdict_of(IsoWalk *walk, uint64_t offset)
{
	switch (XML_GetErrorCode(walk->parser))
	{
		case XML_ERROR_NO_MEMORY:
			return PA_MESSAGE_TOO_LARGE;
		case XML_ERROR_UNKNOWN_ENCODING:
		case XML_ERROR_INCORRECT_ENCODING:
		case XML_ERROR_PARTIAL_CHAR:
			return PA_MESSAGE_ENCODING;
		case XML_ERROR_INVALID_TOKEN:
			/* what is above 127 is wrong here only if it is no character */
			if (walk->width == 1 && offset < walk->len && (walk->message[offset] & 0x80) != 0)
				return PA_MESSAGE_ENCODING;
			return PA_MESSAGE_MALFORMED;
		default:
			return PA_MESSAGE_MALFORMED;
	}
}

static void
parse(IsoWalk *walk)
{
	size_t		at = 0;
	bool		last;

	do
	{
		size_t		piece = walk->len - at < ISO_PIECE ? walk->len - at : ISO_PIECE;

		last = at + piece == walk->len;
		current = walk;
		if (!walk->watch)
			look_for_references(walk, at + piece);
		if (XML_Parse(walk->parser, walk->message + at, (int) piece, last) != XML_STATUS_OK)
		{
			if (walk->verdict == PA_MESSAGE_OK)
			{
				note_position(walk);
				walk->verdict = verdict_of(walk, walk->rewritten->offset);
			}
			return;
		}
		at += piece;

		/* all before the innermost element, if nothing is undecided there */
		if (walk->nplaces == 0 && walk->depth > 0)
			protaddr_iso_flush(walk, walk->frame[walk->depth].start);
	} while (!last && walk->verdict == PA_MESSAGE_OK);

	if (walk->verdict == PA_MESSAGE_OK && !walk->found)
		walk->verdict = PA_MESSAGE_NAMESPACE;
	if (walk->verdict == PA_MESSAGE_OK)
		protaddr_iso_flush(walk, walk->len);
}

/*
 * protaddr_rewrite_xml
 *		Copy a message, with every party's address as the caller decides.
 */
PaMessageVerdict
protaddr_rewrite_xml(const char *message, size_t len, const char *encoding,
					 const PaRewriter *rewriter, PaRewritten *rewritten)
{
	static const XML_Memory_Handling_Suite memory = {expat_malloc, expat_realloc, expat_free};
	static const char separator[] = {ISO_SEPARATOR, '\0'};
	PaMessageVerdict verdict = PA_MESSAGE_TOO_LARGE;
	IsoWalk    *before = current;
	IsoWalk    *walk;

	memset(rewritten, 0, sizeof(*rewritten));
	walk = rewriter->alloc(rewriter->arg, sizeof(*walk));
	if (walk != NULL)
	{
		memset(walk, 0, sizeof(*walk));
		walk->rewriter = rewriter;
		walk->rewritten = rewritten;
		walk->message = message;
		walk->len = len;
		current = walk;
		if (!find_width(walk, encoding))
			verdict = PA_MESSAGE_ENCODING;
		else if ((walk->parser = XML_ParserCreate_MM(encoding, &memory, separator)) != NULL)
		{
			XML_SetUserData(walk->parser, walk);
			XML_SetElementHandler(walk->parser, start_element, end_element);
			XML_SetStartNamespaceDeclHandler(walk->parser, start_namespace);
			XML_SetStartDoctypeDeclHandler(walk->parser, start_doctype);
			XML_SetXmlDeclHandler(walk->parser, xml_declaration);
			XML_SetCommentHandler(walk->parser, comment);
			XML_SetProcessingInstructionHandler(walk->parser, instruction);
			XML_SetStartCdataSectionHandler(walk->parser, watch_texts);
			parse(walk);
			verdict = walk->verdict;
			current = walk;
			XML_ParserFree(walk->parser);
		}
		give_back(walk, walk->arena);
		give_back(walk, walk->fact);
		give_back(walk, walk->place);
		give_back(walk, walk->party);
		rewriter->free(rewriter->arg, walk);
	}
	current = before;
	rewritten->verdict = verdict;
	return verdict;
}
