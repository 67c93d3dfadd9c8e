/*
 * show.c
 *		What does a reader see of an address?
 *
 * One line, JSON with the ISO names, or one element; or, for whoever may not be
 * shown, the same withheld text whatever the reason.
 */
#include "postgres.h"

#include "address/address.h"
#include "base/base.h"
#include "door/door.h"
#include "keys/keys.h"
#include "text/text.h"

#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

PG_FUNCTION_INFO_V1(protaddr_show);
PG_FUNCTION_INFO_V1(protaddr_show_iso);

static char line_buffer[PA_LINE_SIZE];
static size_t line_used = 0;	/* made, and not known yet whether it may be shown */

static void show_xact_end(void);

const ProtaddrPart protaddr_show_part = {
	.xact_end = show_xact_end,
};

/* wipe_line forgets a line that may not be shown. */
static void
wipe_line(void)
{
	explicit_bzero(line_buffer, line_used);
	line_used = 0;
}

/* An error may come instead of the answer. */
static void
show_xact_end(void)
{
	wipe_line();
}

static text *
server_text(const char *utf8, size_t len)
{
	char	   *server;
	text	   *result;

	if (likely(GetDatabaseEncoding() == PG_UTF8))
		return cstring_to_text_with_len(utf8, (int) len);
	server = pg_any_to_server(utf8, (int) len, PG_UTF8);
	if (server == utf8)
		return cstring_to_text_with_len(utf8, (int) len);
	result = cstring_to_text(server);
	pfree(server);
	return result;
}

static text *
withheld(void)
{
	return cstring_to_text_with_len(PA_WITHHELD, sizeof(PA_WITHHELD) - 1);
}

/* nothing is known of a transfer */
static const ProtaddrTransfer no_transfer = {0};

/* reveal goes through the door for a reader. */
static inline bool
reveal(const ProtaddrSeal *seal, ProtaddrRevealed *revealed)
{
	return protaddr_reveal(PROTADDR_SHOWN, seal, NULL, &no_transfer, revealed);
}

/* protaddr_show is protaddr.show(address): one line in the country's order. */
Datum
protaddr_show(PG_FUNCTION_ARGS)
{
	struct varlena *seal = PG_GETARG_VARLENA_PP(0);
	ProtaddrRevealed revealed;
	text	   *result;

	protaddr_reveal_begin(seal, &revealed);
	line_used = protaddr_format_line(&revealed.opened.address, line_buffer);
	if (likely(protaddr_reveal_end(PROTADDR_SHOWN, NULL, &no_transfer, &revealed)))
	{
		if (unlikely(revealed.cut))
		{
			wipe_line();
			line_used = protaddr_format_line(&revealed.opened.address, line_buffer);
		}
		result = server_text(line_buffer, line_used);
		line_used = 0;
		protaddr_shut(&revealed.opened);
	}
	else
	{
		wipe_line();
		result = withheld();
	}

	PG_FREE_IF_COPY(seal, 0);
	PG_RETURN_TEXT_P(result);
}

/* ---- accessors ----------------------------------------------------------------- */

static Datum
show_element(FunctionCallInfo fcinfo, PaElement element)
{
	struct varlena *seal = PG_GETARG_VARLENA_PP(0);
	ProtaddrRevealed revealed;
	text	   *result;

	if (likely(reveal(seal, &revealed)))
	{
		PaText		value = revealed.opened.address.element[element];

		result = value.len > 0 ? server_text(value.data, value.len) : NULL;
		protaddr_shut(&revealed.opened);
	}
	else
		result = withheld();

	if (result == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(result);
}

#define ACCESSOR(function, element) \
PG_FUNCTION_INFO_V1(function); \
Datum \
function(PG_FUNCTION_ARGS) \
{ \
	return show_element(fcinfo, element); \
}

ACCESSOR(protaddr_street_name, PA_STRTNM)
ACCESSOR(protaddr_building_number, PA_BLDGNB)
ACCESSOR(protaddr_building_name, PA_BLDGNM)
ACCESSOR(protaddr_floor, PA_FLR)
ACCESSOR(protaddr_room, PA_ROOM)
ACCESSOR(protaddr_post_box, PA_PSTBX)
ACCESSOR(protaddr_post_code, PA_PSTCD)
ACCESSOR(protaddr_town_name, PA_TWNNM)
ACCESSOR(protaddr_town_location_name, PA_TWNLCTNNM)
ACCESSOR(protaddr_country_subdivision, PA_CTRYSUBDVSN)
ACCESSOR(protaddr_country, PA_CTRY)
ACCESSOR(protaddr_care_of, PA_CAREOF)

/* ---- JSON ------------------------------------------------------------------------ */

static void
push_key(JsonbParseState **state, const char *key)
{
	JsonbValue	value;

	value.type = jbvString;
	value.val.string.val = unconstify(char *, key);
	value.val.string.len = strlen(key);
	pushJsonbValue(state, WJB_KEY, &value);
}

static void
push_text(JsonbParseState **state, JsonbIteratorToken how, const char *utf8, size_t len)
{
	text	   *t = server_text(utf8, len);
	JsonbValue	value;

	value.type = jbvString;
	value.val.string.val = VARDATA(t);
	value.val.string.len = VARSIZE_ANY_EXHDR(t);
	pushJsonbValue(state, how, &value);
}

static void
push_element(JsonbParseState **state, const char *key, const PaText *value)
{
	if (value->len == 0)
		return;
	push_key(state, key);
	push_text(state, WJB_VALUE, value->data, value->len);
}

static void
push_address_type(JsonbParseState **state, const PaText *element)
{
	if (element[PA_ADRTP].len == 0 && element[PA_ADRTP_ID].len == 0)
		return;
	push_key(state, "AdrTp");
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	push_element(state, "Cd", &element[PA_ADRTP]);
	if (element[PA_ADRTP_ID].len > 0)
	{
		push_key(state, "Prtry");
		pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
		push_element(state, "Id", &element[PA_ADRTP_ID]);
		push_element(state, "Issr", &element[PA_ADRTP_ISSR]);
		push_element(state, "SchmeNm", &element[PA_ADRTP_SCHMENM]);
		pushJsonbValue(state, WJB_END_OBJECT, NULL);
	}
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

static void
push_address(JsonbParseState **state, const PaAddress *address)
{
	push_address_type(state, address->element);
	for (int i = PA_CAREOF; i < PA_NELEMENTS; i++)
		push_element(state, protaddr_elements[i].name, &address->element[i]);
	if (address->nlines == 0)
		return;
	push_key(state, "AdrLine");
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	for (int i = 0; i < address->nlines; i++)
		push_text(state, WJB_ELEM, address->line[i].data, address->line[i].len);
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

/*
 * protaddr_show_iso is protaddr.show_iso(address): an object with the ISO names.
 * Withheld, it is an object too, with the withheld text as its only line.
 */
Datum
protaddr_show_iso(PG_FUNCTION_ARGS)
{
	struct varlena *seal = PG_GETARG_VARLENA_PP(0);
	JsonbParseState *state = NULL;
	JsonbValue *result;
	ProtaddrRevealed revealed;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	if (reveal(seal, &revealed))
	{
		push_address(&state, &revealed.opened.address);
		protaddr_shut(&revealed.opened);
	}
	else
	{
		push_key(&state, "AdrLine");
		pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
		push_text(&state, WJB_ELEM, PA_WITHHELD, sizeof(PA_WITHHELD) - 1);
		pushJsonbValue(&state, WJB_END_ARRAY, NULL);
	}
	result = pushJsonbValue(&state, WJB_END_OBJECT, NULL);

	PG_RETURN_JSONB_P(JsonbValueToJsonb(result));
}
