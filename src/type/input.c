/*
 * input.c
 *		How does text become a sealed address?
 *
 * A token is kept byte for byte.  A JSON object with ISO 20022 names, or up to
 * seven plain lines, is checked and sealed at once.  No refusal repeats anything
 * of the input; what it names are elements, and those are ours.
 */
#include "postgres.h"

#include "address/address.h"
#include "base/base.h"
#include "keys/keys.h"
#include "person/person.h"
#include "text/text.h"
#include "type/type.h"

#include "catalog/pg_type.h"
#include "common/jsonapi.h"
#include "common/unicode_norm.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

/* Longer than any address can be, escapes included; bounds all that follows. */
#define INPUT_MAX_BYTES	(128 * 1024)

#define TOKEN_MAX	(PA_TOKEN_PREFIX_LEN + (PA_MAX_SEAL + 2) / 3 * 4)

PG_FUNCTION_INFO_V1(protaddr_address);

/* What is wrong with an input, in the order it was found. */
typedef enum InputError
{
	INPUT_OK = 0,
	INPUT_NOT_JSON,				/* not one well-formed JSON object */
	INPUT_UNKNOWN_ELEMENT,		/* a name that PostalAddress27 does not have */
	INPUT_TWICE,				/* an element given twice */
	INPUT_NOT_A_STRING,			/* a value that is no string */
	INPUT_TOO_MANY_LINES,
	INPUT_TOKEN_INSIDE,			/* a token as part of an address */
	INPUT_BAD_TEXT,				/* see verdict */
	INPUT_EMPTY
} InputError;

typedef struct Input
{
	PaAddress	address;
	InputError	error;
	PaTextVerdict verdict;
	const char *element;		/* ISO name of the element at fault, or NULL */
	int			max_chars;
} Input;

static bool is_other_version(const char *text, size_t len);
static void input_fail(Input *input, InputError error, const char *element);
static void input_element(Input *input, PaElement element, const char *text, size_t len);
static void input_line(Input *input, const char *text, size_t len);
static bool input_text(Input *input, const char *text, size_t len, PaText *out);
static void input_judge(Input *input, PaTextVerdict verdict, const char *element, int max_chars);
static void input_json(Input *input, const char *text, size_t len);
static void input_plain(Input *input, const char *text, size_t len);
static Datum input_seal(Input *input, Node *escontext);
static Datum input_refuse(const Input *input, Node *escontext);

/*
 * protaddr_seal_text reads what may stand where an address is expected; the
 * result is palloc'd.  Refuses with 22P02, 22001 or 22021, softly if escontext
 * allows it: then the result is NULL.
 */
Datum
protaddr_seal_text(const char *text, size_t len, Node *escontext)
{
	Input		input;

	while (len > 0 && strchr(" \t\r\n", text[0]) != NULL)
		text	  ++,
					len--;

	while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL)
		len--;

	if (len >= PA_TOKEN_PREFIX_LEN && memcmp(text, PA_TOKEN_PREFIX, PA_TOKEN_PREFIX_LEN) == 0)
	{
		ProtaddrSeal *seal;
		size_t		size = 0;

		if (len <= TOKEN_MAX)
		{
			/* a token is longer than what it stands for */
			seal = (ProtaddrSeal *) palloc(VARHDRSZ + len + 3);
			size = protaddr_token_parse(text, len, (uint8 *) VARDATA(seal));
			SET_VARSIZE(seal, VARHDRSZ + size);
		}
		if (size == 0)
			protaddr_ereturn(escontext, (Datum) 0,
							 (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
							  errmsg("invalid token for type protaddr.address"),
							  errdetail("A token begins with \"%s\" and was cut, changed or made by something else.",
										PA_TOKEN_PREFIX),
							  protaddr_errprivate_unless(escontext)));
		return PointerGetDatum(seal);
	}

	if (is_other_version(text, len))
		protaddr_ereturn(escontext, (Datum) 0,
						 (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
						  errmsg("invalid token for type protaddr.address"),
						  errdetail("It was made by another version of protaddr."),
						  errhint("ALTER EXTENSION protaddr UPDATE, with a newer library."),
						  protaddr_errprivate_unless(escontext)));

	/* from here on, the statement holds an address in clear */
	protaddr_clear_text_seen();
	memset(&input, 0, sizeof(input));

	if (len > INPUT_MAX_BYTES)
		input_judge(&input, PA_TEXT_TOO_LONG, NULL, 0);
	else if (len == 0)
		input_fail(&input, INPUT_EMPTY, NULL);
	else if (protaddr_looks_withheld(text, len))
		input_judge(&input, PA_TEXT_WITHHELD, NULL, 0);
	else if (text[0] == '[' || text[0] == '"')
		input_fail(&input, INPUT_NOT_JSON, NULL);
	else if (text[0] == '{')
		input_json(&input, text, len);
	else
		input_plain(&input, text, len);

	return input_seal(&input, escontext);
}

/* is_other_version sees "pa", a number and a dot: no street is called so. */
static bool
is_other_version(const char *text, size_t len)
{
	size_t		at = 2;

	if (len < 4 || memcmp(text, "pa", 2) != 0)
		return false;
	while (at < len && text[at] >= '0' && text[at] <= '9')
		at++;
	return at > 2 && at < len && text[at] == '.';
}

/*
 * protaddr_address is protaddr.address(...), the constructor with named
 * arguments.  Not strict: an element that is NULL or empty is absent.
 */
Datum
protaddr_address(PG_FUNCTION_ARGS)
{
	static const PaElement order[] = {
		PA_STRTNM, PA_BLDGNB, PA_FLR, PA_ROOM, PA_PSTCD, PA_TWNNM, PA_CTRY,
		PA_BLDGNM, PA_UNITNB, PA_PSTBX, PA_TWNLCTNNM, PA_DSTRCTNM, PA_CTRYSUBDVSN,
		PA_CAREOF, PA_DEPT, PA_SUBDEPT, PA_ADRTP
	};
	const int	adrline = lengthof(order);
	const int	subject = lengthof(order) + 1;
	Input		input;

	protaddr_clear_text_seen();
	memset(&input, 0, sizeof(input));

	for (int i = 0; i < lengthof(order); i++)
	{
		text	   *t;

		if (PG_ARGISNULL(i))
			continue;
		t = PG_GETARG_TEXT_PP(i);
		input_element(&input, order[i], VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t));
	}
	if (!PG_ARGISNULL(adrline))
	{
		Datum	   *lines;
		bool	   *nulls;
		int			nlines;

		deconstruct_array(PG_GETARG_ARRAYTYPE_P(adrline), TEXTOID, -1, false, TYPALIGN_INT,
						  &lines, &nulls, &nlines);
		for (int i = 0; i < nlines; i++)
		{
			text	   *t;

			if (nulls[i])
				continue;
			t = DatumGetTextPP(lines[i]);
			input_line(&input, VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t));
		}
	}
	if (!PG_ARGISNULL(subject))
	{
		text	   *t = PG_GETARG_TEXT_PP(subject);
		ProtaddrIdentifier *id = palloc(sizeof(ProtaddrIdentifier));

		if (protaddr_identifier_from_text(VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t), id))
		{
			input.address.subject[0].data = id->key;
			input.address.subject[0].len = id->len;
			input.address.nsubjects = 1;
		}
	}
	return input_seal(&input, NULL);
}

/* input_fail notes the first thing that is wrong. */
static void
input_fail(Input *input, InputError error, const char *element)
{
	if (input->error == INPUT_OK)
	{
		input->error = error;
		input->element = element;
	}
}

static void
input_judge(Input *input, PaTextVerdict verdict, const char *element, int max_chars)
{
	if (verdict == PA_TEXT_OK || input->error != INPUT_OK)
		return;
	input->error = INPUT_BAD_TEXT;
	input->verdict = verdict;
	input->element = element;
	input->max_chars = max_chars;
}

static void
input_element(Input *input, PaElement element, const char *text, size_t len)
{
	const PaElementInfo *info = &protaddr_elements[element];
	PaText		value;

	if (input->address.element[element].len > 0)
	{
		input_fail(input, INPUT_TWICE, info->name);
		return;
	}
	if (!input_text(input, text, len, &value))
		return;
	input_judge(input, protaddr_check_element(element, value.data, value.len),
				info->name, info->max_chars);
	input->address.element[element] = value;
}

static void
input_line(Input *input, const char *text, size_t len)
{
	PaText		value;

	if (!input_text(input, text, len, &value))
		return;
	if (input->address.nlines == PA_MAX_LINES)
	{
		input_fail(input, INPUT_TOO_MANY_LINES, "AdrLine");
		return;
	}
	input_judge(input, protaddr_check_line(value.data, value.len), "AdrLine", PA_ADRLINE_CHARS);
	input->address.line[input->address.nlines++] = value;
}

/*
 * input_text brings a piece of text from the server's encoding to UTF-8 in
 * Unicode's composed form (NFC), without blanks around it.  False if nothing is
 * left, or if it cannot be part of an address at all.
 */
static bool
input_text(Input *input, const char *text, size_t len, PaText *out)
{
	char	   *utf8;

	while (len > 0 && text[0] == ' ')
		text	  ++,
					len--;

	while (len > 0 && text[len - 1] == ' ')
		len--;
	if (len == 0)
		return false;
	if (len >= PA_TOKEN_PREFIX_LEN && memcmp(text, PA_TOKEN_PREFIX, PA_TOKEN_PREFIX_LEN) == 0)
	{
		input_fail(input, INPUT_TOKEN_INSIDE, NULL);
		return false;
	}

	utf8 = pg_server_to_any(text, (int) len, PG_UTF8);
	if (utf8 != text)
		len = strlen(utf8);

	/* only a database in SQL_ASCII can get here with anything else */
	if (!pg_verify_mbstr(PG_UTF8, utf8, (int) len, true))
	{
		input_judge(input, PA_TEXT_NOT_UTF8, NULL, 0);
		return false;
	}

	for (size_t i = 0; i < len; i++)
	{
		pg_wchar   *wide;

		if (!IS_HIGHBIT_SET(utf8[i]))
			continue;

		wide = palloc((len + 1) * sizeof(pg_wchar));
		(void) pg_encoding_mb2wchar_with_len(PG_UTF8, utf8, wide, (int) len);
		if (unicode_is_normalized_quickcheck(UNICODE_NFC, wide) != UNICODE_NORM_QC_YES)
		{
			pg_wchar   *composed = unicode_normalize(UNICODE_NFC, wide);
			unsigned char *end;
			int			chars = 0;

			while (composed[chars] != 0)
				chars++;
			utf8 = palloc(chars * 4 + 1);
			end = (unsigned char *) utf8;
			for (int c = 0; c < chars; c++)
			{
				unicode_to_utf8(composed[c], end);
				end += pg_utf_mblen(end);
			}
			*end = '\0';
			len = (char *) end - utf8;
		}
		break;
	}

	out->data = utf8;
	out->len = len;
	return true;
}

/* ---- plain lines ------------------------------------------------------------- */

static void
input_plain(Input *input, const char *text, size_t len)
{
	while (len > 0 && input->error == INPUT_OK)
	{
		const char *newline = memchr(text, '\n', len);
		size_t		line = newline ? newline - text : len;
		size_t		used = newline ? line + 1 : len;

		if (line > 0 && text[line - 1] == '\r')
			line--;
		input_line(input, text, line);
		text	  +=used;

		len -= used;
	}
}

/* ---- JSON ----------------------------------------------------------------------- */

/* Where in {"AdrTp":{"Prtry":{"Id":..}},"AdrLine":[..]} the parser is. */
typedef enum JsonPlace
{
	JSON_OUTSIDE = 0,
	JSON_ADDRESS,
	JSON_ADRTP,
	JSON_PRTRY,
	JSON_LINES
} JsonPlace;

/* What the next value belongs to, beside the elements' numbers. */
#define JSON_FIELD_NONE		(-1)
#define JSON_FIELD_LINES	(-2)
#define JSON_FIELD_PRTRY	(-3)

typedef struct JsonInput
{
	Input	   *input;
	JsonPlace	place;
	int			field;
	bool		lines_seen;
} JsonInput;

static ProtaddrJsonResult
json_object_start(void *state)
{
	JsonInput  *json = (JsonInput *) state;

	if (json->place == JSON_OUTSIDE)
		json->place = JSON_ADDRESS;
	else if (json->place == JSON_ADDRESS && json->field == PA_ADRTP)
		json->place = JSON_ADRTP;
	else if (json->place == JSON_ADRTP && json->field == JSON_FIELD_PRTRY)
		json->place = JSON_PRTRY;
	else
		input_fail(json->input, INPUT_NOT_A_STRING, NULL);
	PROTADDR_JSON_GO_ON;
}

static ProtaddrJsonResult
json_object_end(void *state)
{
	JsonInput  *json = (JsonInput *) state;

	json->field = JSON_FIELD_NONE;
	if (json->place == JSON_PRTRY)
		json->place = JSON_ADRTP;
	else if (json->place == JSON_ADRTP)
		json->place = JSON_ADDRESS;
	else if (json->place == JSON_ADDRESS)
		json->place = JSON_OUTSIDE;
	PROTADDR_JSON_GO_ON;
}

static ProtaddrJsonResult
json_array_start(void *state)
{
	JsonInput  *json = (JsonInput *) state;

	if (json->place == JSON_ADDRESS && json->field == JSON_FIELD_LINES)
		json->place = JSON_LINES;
	else
		input_fail(json->input, INPUT_NOT_A_STRING, NULL);
	PROTADDR_JSON_GO_ON;
}

static ProtaddrJsonResult
json_array_end(void *state)
{
	JsonInput  *json = (JsonInput *) state;

	json->field = JSON_FIELD_NONE;
	if (json->place == JSON_LINES)
		json->place = JSON_ADDRESS;
	PROTADDR_JSON_GO_ON;
}

static ProtaddrJsonResult
json_field_start(void *state, char *name, bool isnull)
{
	JsonInput  *json = (JsonInput *) state;

	json->field = JSON_FIELD_NONE;
	switch (json->place)
	{
		case JSON_ADDRESS:
			if (strcmp(name, "AdrLine") == 0)
			{
				if (json->lines_seen)
					input_fail(json->input, INPUT_TWICE, "AdrLine");
				json->lines_seen = true;
				json->field = JSON_FIELD_LINES;
			}
			else if (strchr(name, '/') == NULL)
				json->field = protaddr_element_by_name(name, strlen(name));
			break;
		case JSON_ADRTP:
			if (strcmp(name, "Cd") == 0)
				json->field = PA_ADRTP;
			else if (strcmp(name, "Prtry") == 0)
				json->field = JSON_FIELD_PRTRY;
			break;
		case JSON_PRTRY:
			if (strcmp(name, "Id") == 0)
				json->field = PA_ADRTP_ID;
			else if (strcmp(name, "Issr") == 0)
				json->field = PA_ADRTP_ISSR;
			else if (strcmp(name, "SchmeNm") == 0)
				json->field = PA_ADRTP_SCHMENM;
			break;
		case JSON_OUTSIDE:
		case JSON_LINES:
			break;
	}
	if (json->field == JSON_FIELD_NONE)
		input_fail(json->input, INPUT_UNKNOWN_ELEMENT, NULL);
	PROTADDR_JSON_GO_ON;
}

static ProtaddrJsonResult
json_scalar(void *state, char *token, JsonTokenType type)
{
	JsonInput  *json = (JsonInput *) state;
	Input	   *input = json->input;

	if (input->error != INPUT_OK || type == JSON_TOKEN_NULL)
		 /* nothing to take in */ ;
	else if (type != JSON_TOKEN_STRING || json->place == JSON_OUTSIDE)
		input_fail(input, INPUT_NOT_A_STRING,
				   json->field >= 0 ? protaddr_elements[json->field].name : NULL);
	else if (json->field == JSON_FIELD_LINES)
		input_line(input, token, strlen(token));
	else if (json->field >= 0)
		input_element(input, (PaElement) json->field, token, strlen(token));
	else
		input_fail(input, INPUT_NOT_A_STRING, "AdrTp");
	PROTADDR_JSON_GO_ON;
}

static void
input_json(Input *input, const char *text, size_t len)
{
	JsonInput	json = {input, JSON_OUTSIDE, JSON_FIELD_NONE, false};
	JsonSemAction actions;
	JsonLexContext *lexer;
	char	   *copy = pnstrdup(text, len);
	PaText	   *element = input->address.element;

	memset(&actions, 0, sizeof(actions));
	actions.semstate = &json;
	actions.object_start = json_object_start;
	actions.object_end = json_object_end;
	actions.array_start = json_array_start;
	actions.array_end = json_array_end;
	actions.object_field_start = json_field_start;
	actions.scalar = json_scalar;

	lexer = protaddr_json_lexer(copy, (int) len, true);
	if (pg_parse_json(lexer, &actions) != JSON_SUCCESS)
		input_fail(input, INPUT_NOT_JSON, NULL);

	/* AdrTp is a choice: a code, or somebody's own with an id */
	if ((element[PA_ADRTP_ISSR].len > 0 || element[PA_ADRTP_SCHMENM].len > 0) &&
		element[PA_ADRTP_ID].len == 0)
		input_judge(input, PA_TEXT_EMPTY, protaddr_elements[PA_ADRTP_ID].name, 0);
	if (element[PA_ADRTP].len > 0 && element[PA_ADRTP_ID].len > 0)
		input_fail(input, INPUT_TWICE, protaddr_elements[PA_ADRTP].name);
}

/* ---- the end: a seal or a refusal --------------------------------------------------- */

static Datum
input_seal(Input *input, Node *escontext)
{
	bool		empty = input->address.nlines == 0;

	for (int i = 0; i < PA_NELEMENTS && empty; i++)
		empty = input->address.element[i].len == 0;
	if (empty)
		input_fail(input, INPUT_EMPTY, NULL);
	if (input->error != INPUT_OK)
		return input_refuse(input, escontext);
	if (input->address.nsubjects == 0)
	{
		input->address.typist.data = protaddr_callers_name();
		input->address.typist.len = strlen(input->address.typist.data);
	}
	return PointerGetDatum(protaddr_seal(&input->address));
}

static Datum
input_refuse(const Input *input, Node *escontext)
{
	int			sqlstate = ERRCODE_INVALID_TEXT_REPRESENTATION;
	const char *what = NULL;
	const char *hint = NULL;

	switch (input->error)
	{
		case INPUT_OK:
			elog(ERROR, "nothing is wrong with the address");
			break;
		case INPUT_NOT_JSON:
			what = "It begins like JSON but is not one JSON object.";
			hint = "Give one JSON object with ISO 20022 names, such as StrtNm, BldgNb, PstCd, TwnNm and Ctry.";
			break;
		case INPUT_UNKNOWN_ELEMENT:
			what = "It has a name that ISO 20022 PostalAddress27 does not have.";
			hint = "Names are case-sensitive: AdrTp, CareOf, Dept, SubDept, StrtNm, BldgNb, BldgNm, Flr, UnitNb, PstBx, Room, PstCd, TwnNm, TwnLctnNm, DstrctNm, CtrySubDvsn, Ctry, AdrLine.";
			break;
		case INPUT_TWICE:
			what = "An element is given twice.";
			break;
		case INPUT_NOT_A_STRING:
			what = "An element's value is not a string.";
			hint = "Write numbers as strings too: {\"PstCd\": \"8000\"}. AdrLine is a list of strings.";
			break;
		case INPUT_TOO_MANY_LINES:
			what = "It has more than 7 lines.";
			break;
		case INPUT_TOKEN_INSIDE:
			what = "A sealed address stands inside it.";
			hint = "A token is a whole address: give it alone, and cast it with ::protaddr.address.";
			break;
		case INPUT_EMPTY:
			what = "It is empty.";
			hint = "Store NULL where there is no address.";
			break;
		case INPUT_BAD_TEXT:
			switch (input->verdict)
			{
				case PA_TEXT_OK:
				case PA_TEXT_EMPTY:
					what = "An element is missing.";
					break;
				case PA_TEXT_TOO_LONG:
					sqlstate = ERRCODE_STRING_DATA_RIGHT_TRUNCATION;
					what = "It is longer than ISO 20022 allows.";
					break;
				case PA_TEXT_NOT_UTF8:
					sqlstate = ERRCODE_CHARACTER_NOT_IN_REPERTOIRE;
					what = "It is not valid UTF-8.";
					break;
				case PA_TEXT_CONTROL:
					what = "It has a control character or an invisible one.";
					break;
				case PA_TEXT_WITHHELD:
					what = "It is the text that stands for a withheld address.";
					hint = "A masked export cannot be loaded as data; load the tokens instead.";
					break;
				case PA_TEXT_NOT_A_CODE:
					what = "A code is not in its list.";
					hint = "Ctry is an ISO 3166 code of two capital letters; AdrTp is one of ADDR, PBOX, HOME, BIZZ, MLTO, DLVY.";
					break;
			}
			break;
	}

	protaddr_ereturn(escontext, (Datum) 0,
					 (errcode(sqlstate),
					  input->element != NULL ?
					  errmsg("invalid input for type protaddr.address in element %s", input->element) :
					  errmsg("invalid input for type protaddr.address"),
					  input->max_chars > 0 && input->verdict == PA_TEXT_TOO_LONG ?
					  errdetail("It is longer than the %d characters that ISO 20022 allows.", input->max_chars) :
					  errdetail("%s", what),
					  hint != NULL ? errhint("%s", hint) : 0,
					  protaddr_errprivate_unless(escontext)));
}
