/*
 * proxy.c
 *		What is told of a name, and of what says where somebody lives without an address?
 *
 * The value is not sealed, and stands beside those whom it is of: whoever reads its table
 * reads it.  An export, which may show it through these functions alone, sees to it that
 * they get the people of its own row (export/proxy.c).
 */
#include "postgres.h"

#include "address/address.h"
#include "base/base.h"
#include "door/door.h"
#include "law/law.h"
#include "person/person.h"
#include "text/text.h"

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(protaddr_show_name);
PG_FUNCTION_INFO_V1(protaddr_show_location);
PG_FUNCTION_INFO_V1(protaddr_vop_answer);

#define NAME_WITHHELD "[name withheld]"
#define VOP_CHANNEL "vop_answer"

/* What is asked about, in its own memory. */
typedef struct People
{
	ProtaddrIdentifier id[PA_MAX_SUBJECTS];
	PaText text[PA_MAX_SUBJECTS];
	int			n;				/* one more than there is room for: too many */
} People;

/* read_people reads an array of identifiers; elements that are NULL or blank name nobody. */
static void
read_people(ArrayType *array, People *people)
{
	Datum	   *values;
	bool	   *nulls;
	int			nvalues;

	people->n = 0;
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &nvalues);
	for (int i = 0; i < nvalues; i++)
	{
		text	   *one = nulls[i] ? NULL : DatumGetTextPP(values[i]);
		ProtaddrIdentifier id;

		if (one == NULL || !protaddr_identifier_from_text(VARDATA_ANY(one), VARSIZE_ANY_EXHDR(one), &id))
			continue;
		if (people->n == PA_MAX_SUBJECTS)
		{
			people->n++;
			return;
		}
		people->id[people->n] = id;
		people->text[people->n].data = people->id[people->n].key;
		people->text[people->n].len = id.len;
		people->n++;
	}
}

static const ProtaddrChannel *
channel_of(const text *name)
{
	return protaddr_channel(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name), DT_NOBEGIN);
}

/* begins_word tells whether a character may stand for the word that it begins. */
static bool
begins_word(const char *c)
{
	return IS_HIGHBIT_SET(*c) || (*c >= 'A' && *c <= 'Z') || (*c >= 'a' && *c <= 'z');
}

/* initials gives the first letter of each word of a name; NULL if there is none. */
static text *
initials(const text *name)
{
	const char *at = VARDATA_ANY(name);
	const char *end = at + VARSIZE_ANY_EXHDR(name);
	StringInfoData result;
	bool		inside = false;

	initStringInfo(&result);
	while (at < end)
	{
		int			len = Min(pg_mblen(at), (int) (end - at));

		if (isspace((unsigned char) *at) || *at == '-')
			inside = false;
		else if (!inside && begins_word(at))
		{
			appendStringInfo(&result, "%s%.*s.", result.len > 0 ? " " : "", len, at);
			inside = true;
		}
		at += len;
	}
	return result.len == 0 ? NULL : cstring_to_text_with_len(result.data, result.len);
}

/* protaddr_show_name is protaddr.show_name(name, channel, subject, ...). */
Datum
protaddr_show_name(PG_FUNCTION_ARGS)
{
	ProtaddrAction action = PROTADDR_WITHHOLD;
	text	   *result = NULL;
	People		people;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	if (!PG_ARGISNULL(1))
	{
		people.n = 0;
		if (!PG_ARGISNULL(2))
			read_people(PG_GETARG_ARRAYTYPE_P(2), &people);
		action = protaddr_ask_name(channel_of(PG_GETARG_TEXT_PP(1)), people.text, people.n);
	}
	if (action == PROTADDR_LEAVE)
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	protaddr_count_withheld();
	if (action == PROTADDR_MINIMUM)
		result = initials(PG_GETARG_TEXT_PP(0));
	PG_RETURN_TEXT_P(result != NULL ? result : cstring_to_text(NAME_WITHHELD));
}

/* protaddr_show_location is protaddr.show_location(value, channel, subject, ...): the value, or NULL. */
Datum
protaddr_show_location(PG_FUNCTION_ARGS)
{
	const ProtaddrChannel *channel = NULL;
	ProtaddrAction action = PROTADDR_WITHHOLD;
	People		people;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	if (!PG_ARGISNULL(1))
	{
		channel = channel_of(PG_GETARG_TEXT_PP(1));
		people.n = 0;
		if (!PG_ARGISNULL(2))
			read_people(PG_GETARG_ARRAYTYPE_P(2), &people);
		action = protaddr_ask_location(channel, people.text, people.n);
	}
	if (action == PROTADDR_LEAVE)
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	if (action == PROTADDR_BLOCK)
		protaddr_refuse(channel);
	if (action == PROTADDR_HOLD)
		protaddr_refuse_to_hold(channel);
	protaddr_count_withheld();
	PG_RETURN_NULL();
}

static char *
utf8_of(const text *value, size_t *len)
{
	char	   *server = text_to_cstring(value);
	char	   *utf8 = pg_server_to_any(server, strlen(server), PG_UTF8);

	*len = strlen(utf8);
	return utf8;
}

/*
 * protaddr_vop_answer is protaddr.vop_answer(typed, name).  It asks nothing of anybody: so the
 * answer, and how long it takes, is the same whether or not the payee is protected.
 */
Datum
protaddr_vop_answer(PG_FUNCTION_ARGS)
{
	static const char *const words[] = {
		[PA_NAME_NO_MATCH] = "no_match",
		[PA_NAME_CLOSE_MATCH] = "close_match",
		[PA_NAME_MATCH] = "match",
	};
	size_t		typed_len;
	size_t		name_len;
	char	   *typed;
	char	   *name;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) ||
		protaddr_channel_if_any(VOP_CHANNEL, strlen(VOP_CHANNEL), DT_NOBEGIN) == NULL)
		PG_RETURN_TEXT_P(cstring_to_text("not_possible"));
	typed = utf8_of(PG_GETARG_TEXT_PP(0), &typed_len);
	name = utf8_of(PG_GETARG_TEXT_PP(1), &name_len);
	PG_RETURN_TEXT_P(cstring_to_text(words[protaddr_compare_names(typed, typed_len, name, name_len)]));
}
