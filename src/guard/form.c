/*
 * form.c
 *		Which texts are in a value, and what is it without stretches of them?
 *
 * A value of any type is taken apart into leaves: the elements of an array, the fields of a
 * composite, or the value itself.  The texts of the leaves stand side by side, in UTF-8, with
 * borders between them, so that an address is found whose street stands in one and whose
 * place in the next.  What a stretch is taken out of stays byte for byte as it was, and has
 * the same structure: where that cannot be done, nothing is taken out.
 *
 * The keys of JSON objects and of hstore, which the matcher passes over, are looked through
 * behind their leaf; nothing can be taken out of them.
 */
#include "postgres.h"

#include "base/base.h"
#include "guard/guard.h"
#include "guard/guard_int.h"
#include "keys/keys.h"
#include "text/piece.h"

#include <errno.h>
#include <iconv.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

/* SWIFT has no brackets */
#define WITHHELD_MT		"(ADDRESS WITHHELD)"

/* how much of bytes is looked at to tell whether they are UTF-16 */
#define LOOKED_AT		4096

/* of bytes that no character of the encoding is written with */
#define LOST			"\357\277\275"

static const char *told_by_itself(const char *bytes, size_t len);
static void add_value(ProtaddrLeaves *leaves, const ProtaddrForm *form, Datum value);

/* ---- types ---------------------------------------------------------------------------- */

static bool
is_named(Oid type, const char *name)
{
	HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
	bool		is = HeapTupleIsValid(tuple) && ((Form_pg_type) GETSTRUCT(tuple))->typlen == -1 &&
	strcmp(NameStr(((Form_pg_type) GETSTRUCT(tuple))->typname), name) == 0;

	if (HeapTupleIsValid(tuple))
		ReleaseSysCache(tuple);
	return is;
}

static bool
is_array(Oid type)
{
	return OidIsValid(get_element_type(type));
}

static bool
is_composite(Oid type)
{
	return type == RECORDOID || get_typtype(type) == TYPTYPE_COMPOSITE;
}

/* protaddr_form_of tells how addresses can be taken out of values of a type. */
void
protaddr_form_of(Oid type, int32 typmod, ProtaddrForm *form)
{
	memset(form, 0, sizeof(*form));
	form->typmod = typmod;
	form->type = getBaseTypeAndTypmod(type, &form->typmod);
	form->domain = form->type == type ? InvalidOid : type;
	switch (form->type)
	{
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
			form->kind = PROTADDR_TEXT_PLAIN;
			break;
		case JSONOID:
		case JSONBOID:
		case XMLOID:
		case BYTEAOID:
			form->kind = PROTADDR_TEXT_MARKUP;
			break;
		default:
			if (is_array(form->type) || is_composite(form->type))
				form->kind = PROTADDR_TEXT_PARTS;
			else if (is_named(form->type, "citext"))
				form->kind = PROTADDR_TEXT_PLAIN;
			else if (is_named(form->type, "hstore"))
				form->kind = PROTADDR_TEXT_MARKUP;
			else
				form->kind = PROTADDR_TEXT_WHOLE;
			break;
	}
}

/* is_stored_text is true of types whose values are the bytes of their text. */
static bool
is_stored_text(const ProtaddrForm *form)
{
	switch (form->type)
	{
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
		case JSONOID:
		case XMLOID:
		case BYTEAOID:
			return true;
		default:
			return form->kind == PROTADDR_TEXT_PLAIN;	/* citext */
	}
}

/* ---- encodings --------------------------------------------------------------------------- */

/* An encoding that was opened last. */
static iconv_t opened = (iconv_t) - 1;
static char opened_name[NAMEDATALEN];

/* to_utf8 gives the way from an encoding to UTF-8, as it is at the beginning of a text. */
static iconv_t
to_utf8(const char *encoding)
{
	if (opened != (iconv_t) - 1 && strcmp(opened_name, encoding) == 0)
	{
		(void) iconv(opened, NULL, NULL, NULL, NULL);
		return opened;
	}
	if (opened != (iconv_t) - 1)
		iconv_close(opened);
	opened = strlen(encoding) < sizeof(opened_name) ? iconv_open("UTF-8", encoding) : (iconv_t) - 1;
	if (opened == (iconv_t) - 1)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("encoding \"%s\" does not exist", encoding),
				 errhint("See iconv --list.")));
	strcpy(opened_name, encoding);
	return opened;
}

/* protaddr_encoding_known tells whether there is such an encoding. */
bool
protaddr_encoding_known(const char *encoding)
{
	iconv_t		way = strlen(encoding) < sizeof(opened_name) ? iconv_open("UTF-8", encoding) : (iconv_t) - 1;

	if (way == (iconv_t) - 1)
		return false;
	iconv_close(way);
	return true;
}

/* unit_of gives of how many bytes a character is at least. */
static size_t
unit_of(const char *encoding)
{
	return pg_strncasecmp(encoding, "UTF-16", 6) == 0 || pg_strncasecmp(encoding, "UCS-2", 5) == 0 ? 2 :
		pg_strncasecmp(encoding, "UTF-32", 6) == 0 || pg_strncasecmp(encoding, "UCS-4", 5) == 0 ? 4 : 1;
}

/*
 * read_encoded reads bytes until they make upto bytes of UTF-8, and gives how many bytes it
 * has read.  out, unless NULL, is what they are appended to.
 */
static size_t
read_encoded(const char *encoding, const char *bytes, size_t len, size_t upto, StringInfo out)
{
	iconv_t		way = to_utf8(encoding);
	char	   *in = (char *) bytes;
	size_t		left = len;
	size_t		written = 0;

	while (left > 0 && written < upto)
	{
		char		buffer[4096];
		char	   *to = buffer;
		size_t		room = Min(sizeof(buffer), upto - written);
		size_t		before = left;
		bool		all = iconv(way, &in, &left, &to, &room) != (size_t) -1;
		int			why = all ? 0 : errno;

		CHECK_FOR_INTERRUPTS();
		if (out != NULL)
			appendBinaryStringInfo(out, buffer, (int) (to - buffer));
		written += to - buffer;
		if (why == E2BIG && left == before)
			break;
		if (why == 0 || why == E2BIG)
			continue;
		if (upto - written < sizeof(LOST) - 1)
			break;
		if (out != NULL)
			appendStringInfoString(out, LOST);
		written += sizeof(LOST) - 1;
		before = Min(left, unit_of(encoding));
		in += before;
		left -= before;
		(void) iconv(way, NULL, NULL, NULL, NULL);
	}
	return len - left;
}

/*
 * protaddr_read_bytes appends bytes as UTF-8, in the encoding that the whole of which they are
 * a part shows to have.
 */
void
protaddr_read_bytes(const char *whole, size_t whole_len, const char *bytes, size_t len, StringInfo out)
{
	const char *encoding = told_by_itself(whole, whole_len);

	if (encoding == NULL)
		appendBinaryStringInfo(out, bytes, (int) len);
	else
		(void) read_encoded(encoding, bytes, len, SIZE_MAX, out);
}

/* protaddr_reads_as_it_is tells whether bytes show no encoding in which ASCII is written otherwise, and declare none. */
bool
protaddr_reads_as_it_is(const char *bytes, size_t len)
{
	return told_by_itself(bytes, len) == NULL;
}

/* append_encoded appends ASCII in an encoding; false if it has no such characters. */
static bool
append_encoded(const char *encoding, const char *ascii, StringInfo out)
{
	iconv_t		way = iconv_open(encoding, "UTF-8");
	char		buffer[256];
	char	   *in = (char *) ascii;
	size_t		left = strlen(ascii);
	char	   *to = buffer;
	size_t		room = sizeof(buffer);
	bool		done;

	if (way == (iconv_t) - 1)
		return false;
	done = iconv(way, &in, &left, &to, &room) != (size_t) -1;
	iconv_close(way);
	if (done)
		appendBinaryStringInfo(out, buffer, (int) (to - buffer));
	return done;
}

/* declared_in_xml gives the encoding that bytes say of themselves, as XML does; NULL if they do not. */
static const char *
declared_in_xml(const char *bytes, size_t len)
{
	char		head[128];
	size_t		n = Min(len, sizeof(head) - 1);
	char	   *name;
	char	   *end;

	if (n < 6 || memcmp(bytes, "<?xml", 5) != 0)
		return NULL;
	memcpy(head, bytes, n);
	head[n] = '\0';
	if ((end = strstr(head, "?>")) == NULL)
		return NULL;
	*end = '\0';
	if ((name = strstr(head, "encoding")) == NULL || (name = strpbrk(name, "\"'")) == NULL ||
		(end = strchr(name + 1, *name)) == NULL)
		return NULL;
	*end = '\0';
	if (pg_strcasecmp(name + 1, "UTF-8") == 0 || !protaddr_encoding_known(name + 1))
		return NULL;
	return pstrdup(name + 1);
}

/*
 * told_by_itself gives the encoding that bytes show to have; NULL: one in which ASCII is as
 * it is.  UTF-16 shows by its byte order mark, or by every second byte being 0.
 */
static const char *
told_by_itself(const char *bytes, size_t len)
{
	size_t		pairs = Min(len, LOOKED_AT) / 2;
	size_t		zeros[2] = {0, 0};

	if (len >= 4 && memcmp(bytes, "\377\376\0\0", 4) == 0)
		return "UTF-32LE";
	if (len >= 4 && memcmp(bytes, "\0\0\376\377", 4) == 0)
		return "UTF-32BE";
	if (len >= 2 && memcmp(bytes, "\377\376", 2) == 0)
		return "UTF-16LE";
	if (len >= 2 && memcmp(bytes, "\376\377", 2) == 0)
		return "UTF-16BE";
	if (pairs >= 4 && memchr(bytes, 0, pairs * 2) != NULL)
	{
		for (size_t i = 0; i < pairs; i++)
		{
			zeros[0] += bytes[2 * i] == 0;
			zeros[1] += bytes[2 * i + 1] == 0;
		}
		if (zeros[1] * 2 > pairs && zeros[0] * 8 < pairs)
			return "UTF-16LE";
		if (zeros[0] * 2 > pairs && zeros[1] * 8 < pairs)
			return "UTF-16BE";
	}
	return declared_in_xml(bytes, len);
}

/* ---- taking apart --------------------------------------------------------------------------- */

/* protaddr_leaves_begin makes room for the texts of values, in the current memory context. */
void
protaddr_leaves_begin(ProtaddrLeaves *leaves)
{
	memset(leaves, 0, sizeof(*leaves));
	initStringInfo(&leaves->whole);
	leaves->room = 8;
	leaves->leaf = palloc(leaves->room * sizeof(ProtaddrLeaf));
}

/* protaddr_leaves_reset forgets them. */
void
protaddr_leaves_reset(ProtaddrLeaves *leaves)
{
	resetStringInfo(&leaves->whole);
	leaves->n = 0;
}

static ProtaddrLeaf *
new_leaf(ProtaddrLeaves *leaves, const ProtaddrForm *form)
{
	ProtaddrLeaf *leaf;

	if (leaves->n == leaves->room)
	{
		leaves->room *= 2;
		leaves->leaf = repalloc_huge(leaves->leaf, leaves->room * sizeof(ProtaddrLeaf));
	}
	leaf = &leaves->leaf[leaves->n++];
	memset(leaf, 0, sizeof(*leaf));
	leaf->form = *form;
	leaf->keys_of = -1;
	leaf->owner = leaves->owner;
	return leaf;
}

/* begin_text puts a border before a text unless it is the first one. */
static void
begin_text(ProtaddrLeaves *leaves, ProtaddrLeaf *leaf)
{
	if (leaves->whole.len > 0)
		appendStringInfoChar(&leaves->whole, PA_FIELD_BORDER);
	leaf->start = leaf->end = leaves->whole.len;
}

static bool
is_server_utf8(void)
{
	return GetDatabaseEncoding() == PG_UTF8 || GetDatabaseEncoding() == PG_SQL_ASCII;
}

static void
append_server_text(StringInfo out, const char *bytes, size_t len)
{
	const char *utf8 = is_server_utf8() ? bytes : pg_server_to_any(bytes, (int) len, PG_UTF8);

	appendBinaryStringInfo(out, utf8, (int) (utf8 == bytes ? len : strlen(utf8)));
}

/* append_leaf appends what stands in a value. */
static void
append_leaf(ProtaddrLeaves *leaves, ProtaddrLeaf *leaf)
{
	StringInfo	out = &leaves->whole;

	if (is_stored_text(&leaf->form))
	{
		struct varlena *stored = PG_DETOAST_DATUM_PACKED(leaf->value);

		leaf->raw = VARDATA_ANY(stored);
		leaf->raw_len = VARSIZE_ANY_EXHDR(stored);
		if (leaf->form.type == BYTEAOID)
			leaf->encoding = leaf->form.encoding != NULL ? leaf->form.encoding :
				told_by_itself(leaf->raw, leaf->raw_len);
		if (leaf->encoding != NULL)
			(void) read_encoded(leaf->encoding, leaf->raw, leaf->raw_len, SIZE_MAX, out);
		else if (leaf->form.type == BYTEAOID)
			appendBinaryStringInfo(out, leaf->raw, (int) leaf->raw_len);
		else
			append_server_text(out, leaf->raw, leaf->raw_len);
	}
	else
	{
		char	   *shown;

		if (leaf->form.type == JSONBOID)
		{
			Jsonb	   *json = DatumGetJsonbP(leaf->value);

			shown = JsonbToCString(NULL, &json->root, VARSIZE(json));
		}
		else
		{
			Oid			output;
			bool		is_varlena;

			getTypeOutputInfo(leaf->form.type, &output, &is_varlena);
			shown = OidOutputFunctionCall(output, leaf->value);
		}
		append_server_text(out, shown, strlen(shown));
	}
	leaf->end = out->len;
}

/* could_be_address is true of a key with several words, or with letters and digits. */
static bool
could_be_address(const char *key, size_t len)
{
	bool		letter = false;
	bool		digit = false;

	for (size_t i = 0; i < len; i++)
	{
		if (protaddr_is_digit(key[i]))
			digit = true;
		else if (protaddr_is_word_byte(key[i]) || key[i] == '\\')
			letter = true;
		else if (letter && (key[i] == ' ' || key[i] == ','))
			digit = true;
	}
	return letter && digit && len >= 6;
}

/* ends_key is true behind a quotation mark with which a key ends (as piece.c has it). */
static bool
ends_key(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
		at++;
	return at < end && (*at == ':' || (*at == '=' && at + 1 < end && at[1] == '>'));
}

/* add_keys adds the keys in a leaf as one more leaf behind it. */
static void
add_keys(ProtaddrLeaves *leaves, int of)
{
	StringInfo	out = &leaves->whole;
	size_t		end = leaves->leaf[of].end;
	size_t		at = leaves->leaf[of].start;
	size_t		quote = 0;		/* behind the last one; 0: there was none */
	ProtaddrLeaf *keys = NULL;
	ProtaddrForm form = leaves->leaf[of].form;

	form.kind = PROTADDR_TEXT_WHOLE;
	while (at < end)
	{
		const char *next = memchr(out->data + at, '"', end - at);
		size_t		before;

		if (next == NULL)
			return;

		/* an escaped one is none */
		before = next - out->data;
		for (at = before; at > leaves->leaf[of].start && out->data[at - 1] == '\\'; at--)
			;
		if ((before - at) % 2 == 1)
		{
			at = before + 1;
			continue;
		}
		at = before + 1;
		if (quote > 0 && ends_key(out->data + at, out->data + end) &&
			could_be_address(out->data + quote, before - quote))
		{
			char	   *key = pnstrdup(out->data + quote, before - quote);

			if (keys == NULL)
			{
				keys = new_leaf(leaves, &form);
				keys->keys_of = of;
				begin_text(leaves, keys);
			}
			else
				appendStringInfoChar(out, PA_FIELD_BORDER);
			appendStringInfoString(out, key);
			pfree(key);
			keys->end = out->len;
		}
		quote = at;
	}
}

static void
add_leaf(ProtaddrLeaves *leaves, const ProtaddrForm *form, Datum value)
{
	ProtaddrLeaf *leaf = new_leaf(leaves, form);

	leaf->value = value;
	begin_text(leaves, leaf);
	append_leaf(leaves, leaf);
	add_keys(leaves, leaves->n - 1);
}

/* form_of_part gives the form of a part of a value: nothing is taken out of it if not of the whole. */
static void
form_of_part(const ProtaddrForm *whole, Oid type, int32 typmod, ProtaddrForm *part)
{
	protaddr_form_of(type, typmod, part);
	if (whole->kind == PROTADDR_TEXT_WHOLE)
		part->kind = PROTADDR_TEXT_WHOLE;
	part->encoding = whole->encoding;
}

typedef struct Elements
{
	ArrayType  *array;
	ProtaddrForm form;
	int16		length;
	bool		byval;
	char		align;
	Datum	   *value;
	bool	   *isnull;
	int			n;
} Elements;

static void
read_elements(const ProtaddrForm *form, Datum value, Elements *elements)
{
	Oid			type;

	elements->array = DatumGetArrayTypeP(value);
	type = ARR_ELEMTYPE(elements->array);
	get_typlenbyvalalign(type, &elements->length, &elements->byval, &elements->align);
	deconstruct_array(elements->array, type, elements->length, elements->byval, elements->align,
					  &elements->value, &elements->isnull, &elements->n);
	form_of_part(form, type, form->typmod, &elements->form);
}

typedef struct Fields
{
	TupleDesc	desc;
	HeapTupleData tuple;
	Datum	   *value;
	bool	   *isnull;
} Fields;

static void
read_fields(Datum value, Fields *fields)
{
	HeapTupleHeader header = DatumGetHeapTupleHeader(value);

	fields->desc = lookup_rowtype_tupdesc_copy(HeapTupleHeaderGetTypeId(header), HeapTupleHeaderGetTypMod(header));
	fields->tuple.t_len = HeapTupleHeaderGetDatumLength(header);
	ItemPointerSetInvalid(&fields->tuple.t_self);
	fields->tuple.t_tableOid = InvalidOid;
	fields->tuple.t_data = header;
	fields->value = palloc(Max(fields->desc->natts, 1) * sizeof(Datum));
	fields->isnull = palloc(Max(fields->desc->natts, 1) * sizeof(bool));
	heap_deform_tuple(&fields->tuple, fields->desc, fields->value, fields->isnull);
}

/* has_text is true of a field that is a leaf, or is taken apart: not of one that holds protaddr.address. */
static bool
has_text(const Fields *fields, int i)
{
	return !fields->isnull[i] && !TupleDescAttr(fields->desc, i)->attisdropped &&
		!protaddr_type_holds_address(TupleDescAttr(fields->desc, i)->atttypid);
}

static void
add_value(ProtaddrLeaves *leaves, const ProtaddrForm *form, Datum value)
{
	check_stack_depth();
	if (is_array(form->type))
	{
		Elements	elements;

		read_elements(form, value, &elements);
		for (int i = 0; i < elements.n; i++)
			if (!elements.isnull[i])
				add_value(leaves, &elements.form, elements.value[i]);
	}
	else if (is_composite(form->type))
	{
		Fields		fields;

		read_fields(value, &fields);
		for (int i = 0; i < fields.desc->natts; i++)
		{
			Form_pg_attribute att = TupleDescAttr(fields.desc, i);
			ProtaddrForm part;

			if (!has_text(&fields, i))
				continue;
			form_of_part(form, att->atttypid, att->atttypmod, &part);
			add_value(leaves, &part, fields.value[i]);
		}
	}
	else
		add_leaf(leaves, form, value);
}

/*
 * protaddr_leaves_add adds the texts of a value behind those that are there.  owner is what
 * its leaves are to be known by.
 */
void
protaddr_leaves_add(ProtaddrLeaves *leaves, const ProtaddrForm *form, Datum value, int owner)
{
	leaves->owner = owner;
	add_value(leaves, form, value);
}

/* protaddr_leaf_at gives the number of the leaf in which a byte of the whole stands. */
int
protaddr_leaf_at(const ProtaddrLeaves *leaves, size_t at)
{
	int			first = 0;
	int			last = leaves->n - 1;

	while (first < last)
	{
		int			middle = (first + last + 1) / 2;

		if (leaves->leaf[middle].start <= at)
			first = middle;
		else
			last = middle - 1;
	}
	return first;
}

/* ---- without some stretches ----------------------------------------------------------------- */

/*
 * protaddr_leaf_lets_go tells whether a stretch of a leaf can be taken out and leave the rest
 * as it is.
 */
bool
protaddr_leaf_lets_go(const ProtaddrLeaves *leaves, const ProtaddrLeaf *leaf, size_t start, size_t end)
{
	const char *text = leaves->whole.data;

	if (start < leaf->start || end > leaf->end || leaf->form.kind == PROTADDR_TEXT_WHOLE)
		return false;
	for (size_t i = start; i < end; i++)
	{
		if (leaf->form.kind == PROTADDR_TEXT_MARKUP && strchr("<>{}[]\"", text[i]) != NULL)
			return false;
		if (leaf->form.kind == PROTADDR_TEXT_MT &&
			(text[i] == '{' || text[i] == '}' ||
			 (text[i] == '\n' && i + 1 < end && (text[i + 1] == ':' || text[i + 1] == '-'))))
			return false;
	}
	return true;
}

/* Where in the bytes of a leaf we are, and where in its text. */
typedef struct Place
{
	size_t		raw;
	size_t text;				/* of the whole */
} Place;

static int
characters(const char *utf8, size_t len)
{
	int			n = 0;

	for (size_t i = 0; i < len; i++)
		n += (utf8[i] & 0xC0) != 0x80;
	return n;
}

/* go_to goes to a place of the text, in the bytes. */
static void
go_to(const ProtaddrLeaves *leaves, const ProtaddrLeaf *leaf, Place *place, size_t text)
{
	if (leaf->encoding != NULL)
		place->raw += read_encoded(leaf->encoding, leaf->raw + place->raw, leaf->raw_len - place->raw,
								   text -place->text, NULL);
	else if (leaf->raw == NULL || leaf->form.type == BYTEAOID || is_server_utf8())
		place->raw += text -place->text;

	else
	{
		int			n = characters(leaves->whole.data + place->text, text -place->text);

		if (pg_mbstrlen_with_len(leaf->raw, (int) leaf->raw_len) !=
			characters(leaves->whole.data + leaf->start, leaf->end - leaf->start))
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("a protected address in a text of this encoding cannot be replaced"),
					 protaddr_errprivate()));
		while (n-- > 0 && place->raw < leaf->raw_len)
			place->raw += pg_mblen(leaf->raw + place->raw);
		place->raw = Min(place->raw, leaf->raw_len);
	}
	place->text = text;
}

/* value_of makes a value of the bytes, or the text, that is left of it. */
static Datum
value_of(const ProtaddrLeaves *leaves, const ProtaddrForm *form, StringInfo left)
{
	Datum		value;

	if (is_stored_text(form))
		value = PointerGetDatum(cstring_to_text_with_len(left->data, left->len));
	else
	{
		char	   *shown = is_server_utf8() ? left->data : pg_any_to_server(left->data, left->len, PG_UTF8);
		Oid			input;
		Oid			parameter;

		getTypeInputInfo(form->type, &input, &parameter);
		value = OidInputFunctionCall(input, shown, parameter, form->typmod);
	}
	if (OidIsValid(form->domain) && !leaves->unchecked)
		domain_check(value, false, form->domain, NULL, NULL);
	return value;
}

/* fits tells whether a text is short enough for its type. */
static bool
fits(const ProtaddrForm *form, StringInfo left)
{
	if ((form->type != VARCHAROID && form->type != BPCHAROID) || form->typmod < (int) VARHDRSZ)
		return true;
	return pg_mbstrlen_with_len(left->data, left->len) <= form->typmod - (int) VARHDRSZ;
}

/* append_withheld appends what stands for an address; false if the encoding cannot write it. */
static bool
append_withheld(const ProtaddrLeaf *leaf, const char *before, const char *after, StringInfo out)
{
	const char *word = leaf->form.kind == PROTADDR_TEXT_MT ? WITHHELD_MT : PA_WITHHELD;
	char	   *all = psprintf("%s%s%s", before, word, after);

	if (leaf->encoding != NULL)
		return append_encoded(leaf->encoding, all, out) || append_encoded(leaf->encoding, WITHHELD_MT, out);
	appendStringInfoString(out, all);
	return true;
}

/*
 * protaddr_leaf_cut takes stretches of a leaf out, which are in order; false, and nothing is
 * done, if what is left does not fit.
 */
bool
protaddr_leaf_cut(ProtaddrLeaves *leaves, ProtaddrLeaf *leaf, const ProtaddrStretch *stretch, int n)
{
	StringInfoData left;
	Place		place = {0, leaf->start};
	size_t		upto = 0;		/* 0: nothing is taken out yet */

	initStringInfo(&left);
	for (int i = 0; i < n; i++)
	{
		size_t		from = place.raw;

		if (upto > 0 && stretch[i].start <= upto)
		{
			/* they touch */
			if (stretch[i].end > upto)
				go_to(leaves, leaf, &place, upto = stretch[i].end);
			continue;
		}
		go_to(leaves, leaf, &place, stretch[i].start);
		appendBinaryStringInfo(&left, (leaf->raw != NULL ? leaf->raw : leaves->whole.data + leaf->start) + from,
							   (int) (place.raw - from));
		if (!append_withheld(leaf, "", "", &left))
			return false;
		go_to(leaves, leaf, &place, upto = stretch[i].end);
	}
	appendBinaryStringInfo(&left, (leaf->raw != NULL ? leaf->raw : leaves->whole.data + leaf->start) + place.raw,
						   (int) ((leaf->raw != NULL ? leaf->raw_len : leaf->end - leaf->start) - place.raw));
	if (!fits(&leaf->form, &left))
		return false;
	leaf->left = value_of(leaves, &leaf->form, &left);
	leaf->changed = true;
	return true;
}

/* protaddr_leaf_withhold takes the whole text of a leaf out; false if its type cannot say that. */
bool
protaddr_leaf_withhold(ProtaddrLeaves *leaves, ProtaddrLeaf *leaf)
{
	bool		is_json = leaf->form.type == JSONOID || leaf->form.type == JSONBOID;
	StringInfoData left;

	initStringInfo(&left);
	if ((!is_stored_text(&leaf->form) && !is_json) || leaf->form.kind == PROTADDR_TEXT_WHOLE ||
		!append_withheld(leaf, is_json ? "\"" : "", is_json ? "\"" : "", &left) || !fits(&leaf->form, &left))
		return false;
	leaf->left = value_of(leaves, &leaf->form, &left);
	leaf->changed = true;
	return true;
}

static Datum
left_of(const ProtaddrLeaves *leaves, const ProtaddrForm *form, Datum value, int *next, bool *changed)
{
	bool		any = false;

	if (is_array(form->type))
	{
		Elements	elements;

		read_elements(form, value, &elements);
		for (int i = 0; i < elements.n; i++)
			if (!elements.isnull[i])
				elements.value[i] = left_of(leaves, &elements.form, elements.value[i], next, &any);
		if (any)
			value = PointerGetDatum(construct_md_array(elements.value, elements.isnull, ARR_NDIM(elements.array),
													   ARR_DIMS(elements.array), ARR_LBOUND(elements.array),
													   ARR_ELEMTYPE(elements.array), elements.length,
													   elements.byval, elements.align));
	}
	else if (is_composite(form->type))
	{
		Fields		fields;

		read_fields(value, &fields);
		for (int i = 0; i < fields.desc->natts; i++)
		{
			Form_pg_attribute att = TupleDescAttr(fields.desc, i);
			ProtaddrForm part;

			if (!has_text(&fields, i))
				continue;
			form_of_part(form, att->atttypid, att->atttypmod, &part);
			fields.value[i] = left_of(leaves, &part, fields.value[i], next, &any);
		}
		if (any)
			value = HeapTupleGetDatum(heap_form_tuple(fields.desc, fields.value, fields.isnull));
	}
	else
	{
		const ProtaddrLeaf *leaf = &leaves->leaf[*next];

		do
			(*next)++;
		while (*next < leaves->n && leaves->leaf[*next].keys_of >= 0);
		*changed |= leaf->changed;
		return leaf->changed ? leaf->left : value;
	}
	if (any && OidIsValid(form->domain) && !leaves->unchecked)
		domain_check(value, false, form->domain, NULL, NULL);
	*changed |= any;
	return value;
}

/*
 * protaddr_leaves_value gives a value that was added, without what has been taken out of its
 * leaves since.  first is the number of its first leaf.
 */
Datum
protaddr_leaves_value(const ProtaddrLeaves *leaves, const ProtaddrForm *form, Datum value, int first)
{
	bool		changed = false;

	return left_of(leaves, form, value, &first, &changed);
}
