/*
 * json_write.c
 *		What is written in JSON in place of an address?
 *
 * In the manner of the text: with the prefix of the address's own name, in ISO's short
 * names or the ones in full, capital or small, in an array if the address was in one.
 * Town and country that stay are copied as they stand.
 */
#include <string.h>

#include "iso_json.h"

#define PREFIX_BYTES	32

/* ---- writing ------------------------------------------------------------------------ */

static void
put(PaJson *walk, const char *data, size_t len)
{
	if (len > sizeof(walk->result) - walk->result_len)
		walk->too_long = true;
	else
	{
		memcpy(walk->result + walk->result_len, data, len);
		walk->result_len += len;
	}
}

static void
put_string(PaJson *walk, const char *text)
{
	put(walk, text, strlen(text));
}

/* put_quoted writes a text as a string. */
static void
put_quoted(PaJson *walk, PaText text)
{
	put_string(walk, "\"");
	for (uint32_t i = 0; i < text.len; i++)
	{
		unsigned char c = (unsigned char) text.data[i];

		if (c == '"' || c == '\\')
			put_string(walk, "\\");
		if (c < 0x20)
			walk->too_long = true;	/* no address has any */
		put(walk, text.data + i, 1);
	}
	put_string(walk, "\"");
}

/* How the names of a text look, after that of the address. */
typedef struct PaStyle
{
	char		prefix[PREFIX_BYTES];
	bool		small;			/* pstlAdr */
	bool		in_full;		/* PostalAddress */
} PaStyle;

static void
read_style(const PaJson *walk, const PaSpot *spot, PaStyle *style)
{
	bool		escaped;
	PaText		name = protaddr_json_plain_text(walk->json, spot->member.start, &escaped);
	char		plain[PA_JSON_NAME];
	uint32_t	n = 0;

	memset(style, 0, sizeof(*style));
	protaddr_json_name(walk->json, spot->member.start, plain);
	style->in_full = protaddr_json_ends_with(plain, "adr") < 0;
	if (escaped)
		return;
	for (uint32_t i = 0; i < name.len; i++)
	{
		if (name.data[i] == ':')
			n = i + 1;
	}
	if (n < sizeof(style->prefix))
		memcpy(style->prefix, name.data, n);
	style->small = n < name.len && name.data[n] >= 'a' && name.data[n] <= 'z';
}

/* put_name writes a member's name, with a comma before it unless it is the first. */
static void
put_name(PaJson *walk, const PaStyle *style, const char *name)
{
	char		first = *name;

	if (style->small && first >= 'A' && first <= 'Z')
		first |= 0x20;
	if (walk->result_len > 0 && walk->result[walk->result_len - 1] != '{' &&
		walk->result[walk->result_len - 1] != ',')
		put_string(walk, ",");
	put_string(walk, "\"");
	put_string(walk, style->prefix);
	put(walk, &first, 1);
	put_string(walk, name + 1);
	put_string(walk, "\":");
}

static void
put_member(PaJson *walk, const PaStyle *style, const char *name, PaText text)
{
	if (text.len > 0)
	{
		put_name(walk, style, name);
		put_quoted(walk, text);
	}
}

/* put_brackets writes as many as the address stood in. */
static void
put_brackets(PaJson *walk, const PaSpot *spot, const char *bracket)
{
	for (size_t value = spot->member.value; value != protaddr_json_unwrap(walk->json, value);)
	{
		PaMembers	members;
		PaMember	member;

		put_string(walk, bracket);
		protaddr_json_begin(&members, walk->json, value);
		protaddr_json_next(&members, &member);
		value = member.value;
	}
}

/* put_substitute writes an address. */
static void
put_substitute(PaJson *walk, const PaStyle *style, const PaAddress *address)
{
	static const char *const in_full[PA_NELEMENTS] = {
		[PA_CAREOF] = "CareOf",
		[PA_DEPT] = "Department",
		[PA_SUBDEPT] = "SubDepartment",
		[PA_STRTNM] = "StreetName",
		[PA_BLDGNB] = "BuildingNumber",
		[PA_BLDGNM] = "BuildingName",
		[PA_FLR] = "Floor",
		[PA_UNITNB] = "UnitNumber",
		[PA_PSTBX] = "PostBox",
		[PA_ROOM] = "Room",
		[PA_PSTCD] = "PostCode",
		[PA_TWNNM] = "TownName",
		[PA_TWNLCTNNM] = "TownLocationName",
		[PA_DSTRCTNM] = "DistrictName",
		[PA_CTRYSUBDVSN] = "CountrySubDivision",
		[PA_CTRY] = "Country"
	};
	const PaText *element = address->element;

	put_string(walk, "{");
	if (!style->in_full && (element[PA_ADRTP].len > 0 || element[PA_ADRTP_ID].len > 0))
	{
		put_name(walk, style, "AdrTp");
		put_string(walk, "{");
		put_member(walk, style, "Cd", element[PA_ADRTP]);
		if (element[PA_ADRTP].len == 0)
		{
			put_name(walk, style, "Prtry");
			put_string(walk, "{");
			put_member(walk, style, "Id", element[PA_ADRTP_ID]);
			put_member(walk, style, "Issr", element[PA_ADRTP_ISSR]);
			put_member(walk, style, "SchmeNm", element[PA_ADRTP_SCHMENM]);
			put_string(walk, "}");
		}
		put_string(walk, "}");
	}
	for (int i = PA_CAREOF; i < PA_NELEMENTS; i++)
		put_member(walk, style, style->in_full ? in_full[i] : protaddr_elements[i].name, element[i]);
	if (address->nlines > 0)
	{
		put_name(walk, style, style->in_full ? "AddressLine" : "AdrLine");
		put_string(walk, "[");
		for (int i = 0; i < address->nlines; i++)
		{
			if (i > 0)
				put_string(walk, ",");
			put_quoted(walk, address->line[i]);
		}
		put_string(walk, "]");
	}
	put_string(walk, "}");
}

/* put_birth writes DtAndPlcOfBirth with its name. */
static void
put_birth(PaJson *walk, const PaStyle *style, const PaBirth *birth)
{
	put_name(walk, style, "DtAndPlcOfBirth");
	put_string(walk, "{");
	put_member(walk, style, "BirthDt", birth->date);
	put_member(walk, style, "PrvcOfBirth", birth->province);
	put_member(walk, style, "CityOfBirth", birth->city);
	put_member(walk, style, "CtryOfBirth", birth->country);
	put_string(walk, "}");
}

/* ---- what was decided ----------------------------------------------------------------- */

static bool
is_country(PaText text)
{
	return text.len == 2 && text.data[0] >= 'A' && text.data[0] <= 'Z' &&
		text.data[1] >= 'A' && text.data[1] <= 'Z';
}

/* put_kept writes a member as it stands, without what a converter put beside its text. */
static void
put_kept(PaJson *walk, const PaMember *member)
{
	const char *json = walk->json;
	bool		escaped;

	if (walk->result[walk->result_len - 1] != '{')
		put_string(walk, ",");
	put(walk, json + member->start, member->name_end - member->start);
	put_string(walk, ":");
	if (json[protaddr_json_unwrap(json, member->value)] == '"')
		put(walk, json + member->value, member->end - member->value);
	else
	{
		PaText		text = protaddr_json_plain_text(json, protaddr_json_text_value(json, member->value),
													&escaped);

		put_string(walk, "\"");
		put(walk, text.data, text.len);
		put_string(walk, "\"");
	}
}

/*
 * put_decided writes what stands in place of the address's value, nothing if the address
 * goes or stays as it is; gives what of it came to pass.
 */
static PaPlaceAction
put_decided(PaJson *walk, const PaSpot *spot, const PaParty *party, const PaStyle *style)
{
	bool		country = spot->ncountries == 1 && is_country(party->country);

	switch (party->action)
	{
		case PA_PLACE_KEEP:
			return PA_PLACE_KEEP;
		case PA_PLACE_MINIMUM:
		case PA_PLACE_COUNTRY:
			if (!country || (party->action == PA_PLACE_MINIMUM &&
							 (spot->ntowns != 1 || !protaddr_is_town(party->town.data, party->town.len))))
				break;
			put_brackets(walk, spot, "[");
			put_string(walk, "{");
			if (party->action == PA_PLACE_MINIMUM)
				put_kept(walk, &spot->town);
			put_kept(walk, &spot->country);
			put_string(walk, "}");
			put_brackets(walk, spot, "]");
			break;
		case PA_PLACE_SUBSTITUTE:
			if (party->substitute == NULL)
				break;
			put_brackets(walk, spot, "[");
			put_substitute(walk, style, party->substitute);
			put_brackets(walk, spot, "]");
			break;
		case PA_PLACE_WITHHOLD:
			break;
	}
	return walk->result_len > 0 && !walk->too_long ? party->action : PA_PLACE_WITHHOLD;
}

/* add_edit remembers what has been put as a change of the text; the next one is last. */
static void
add_edit(PaJson *walk, size_t start, size_t end)
{
	const PaRewriter *rewriter = walk->rewriter;
	PaEdit		edit = {start, end, NULL, walk->result_len};
	size_t		i;

	if (walk->nedits == walk->edits_size)
	{
		size_t		size = walk->edits_size == 0 ? 16 : 2 * walk->edits_size;
		PaEdit	   *more = rewriter->realloc(rewriter->arg, walk->edit, size * sizeof(PaEdit));

		if (more == NULL)
		{
			protaddr_json_refuse(walk, PA_MESSAGE_TOO_LARGE, start);
			return;
		}
		walk->edit = more;
		walk->edits_size = size;
	}
	if (edit.len > 0)
	{
		edit.text = rewriter->alloc(rewriter->arg, edit.len);
		if (edit.text == NULL)
		{
			protaddr_json_refuse(walk, PA_MESSAGE_TOO_LARGE, start);
			return;
		}
		memcpy(edit.text, walk->result, edit.len);
	}
	for (i = walk->nedits; i > 0 && walk->edit[i - 1].start <= start; i--)
		walk->edit[i] = walk->edit[i - 1];
	walk->edit[i] = edit;
	walk->nedits++;
}

/* True if a change that is decided already takes this byte away. */
static bool
is_taken(const PaJson *walk, size_t at)
{
	for (size_t i = 0; i < walk->nedits; i++)
	{
		if (walk->edit[i].start <= at && at < walk->edit[i].end)
			return true;
	}
	return false;
}

/*
 * remove_member takes a member out with one comma, the one before it if there is one.
 * If another address has taken that comma the name stays, with null.
 */
static void
remove_member(PaJson *walk, const PaMember *member)
{
	size_t		comma = member->comma != 0 ? member->comma : member->next_comma;

	if (comma != 0 && is_taken(walk, comma))
	{
		put_string(walk, "null");
		add_edit(walk, member->value, member->end);
	}
	else if (member->comma != 0)
		add_edit(walk, comma, member->end);
	else
		add_edit(walk, member->start, comma != 0 ? comma + 1 : member->end);
}

/*
 * protaddr_json_settle
 *		Make changes of what was decided about a spot.
 */
void
protaddr_json_settle(PaJson *walk, const PaSpot *spot, const PaParty *party)
{
	const PaBirth *birth = party->takes_birth ? party->birth : NULL;
	const PaMember *member = &spot->member;
	PaRewritten *rewritten = walk->rewritten;
	PaPlaceAction action;
	PaStyle		style;
	bool		gone;

	if (birth != NULL &&
		(birth->date.len == 0 || birth->city.len == 0 || !is_country(birth->country)))
		birth = NULL;
	read_style(walk, spot, &style);
	walk->result_len = 0;
	walk->too_long = false;
	action = put_decided(walk, spot, party, &style);
	gone = action == PA_PLACE_WITHHOLD;
	if (action != PA_PLACE_KEEP && walk->rewriter->taken != NULL &&
		(walk->result_len != member->end - member->value ||
		 memcmp(walk->result, walk->json + member->value, walk->result_len) != 0))
		walk->rewriter->taken(walk->rewriter->arg, member->value, member->end);
	rewritten->withheld += gone;
	rewritten->reduced += action == PA_PLACE_MINIMUM || action == PA_PLACE_COUNTRY;
	rewritten->substituted += action == PA_PLACE_SUBSTITUTE;
	if (gone)
	{
		walk->result_len = 0;
		walk->too_long = false;
	}

	if (gone && spot->mandatory)
	{
		char		c = walk->json[member->value];

		put_string(walk, c == '{' ? "{}" : c == '[' ? "[]" : "\"\"");
	}
	if (birth != NULL && spot->new_id)
	{
		if (action == PA_PLACE_KEEP)
			put_string(walk, ",");
		put_name(walk, &style, "Id");
		put_string(walk, "{");
		put_name(walk, &style, "PrvtId");
		put_string(walk, "{");
		put_birth(walk, &style, birth);
		put_string(walk, "}}");
		rewritten->births++;
	}

	if (action == PA_PLACE_KEEP && walk->result_len > 0)
		add_edit(walk, member->end, member->end);
	else if (gone && walk->result_len > 0 && !spot->mandatory)
		add_edit(walk, member->start, member->end);
	else if (gone && walk->result_len == 0)
		remove_member(walk, member);
	else if (action != PA_PLACE_KEEP)
		add_edit(walk, member->value, member->end);

	if (birth != NULL && !spot->new_id)
	{
		walk->result_len = 0;
		put_birth(walk, &style, birth);
		if (!protaddr_json_is_empty(walk->json, spot->prvtid))
			put_string(walk, ",");
		add_edit(walk, spot->prvtid + 1, spot->prvtid + 1);
		rewritten->births++;
	}
	if (walk->too_long)
		protaddr_json_refuse(walk, PA_MESSAGE_TOO_LARGE, member->start);
}

/* write_bytes writes bytes, and remembers if it may not. */
static void
write_bytes(PaJson *walk, const char *data, size_t len)
{
	if (len > 0 && walk->verdict == PA_MESSAGE_OK &&
		!walk->rewriter->write(walk->rewriter->arg, data, len))
		protaddr_json_refuse(walk, PA_MESSAGE_STOPPED, walk->copied);
}

/*
 * protaddr_json_flush
 *		Write the text up to here, with the changes on the way.
 */
void
protaddr_json_flush(PaJson *walk, size_t end)
{
	while (walk->nedits > 0 && walk->edit[walk->nedits - 1].start < end)
	{
		PaEdit	   *edit = &walk->edit[--walk->nedits];

		write_bytes(walk, walk->json + walk->copied, edit->start - walk->copied);
		if (edit->text != NULL)
		{
			write_bytes(walk, edit->text, edit->len);
			walk->rewriter->free(walk->rewriter->arg, edit->text);
		}
		walk->copied = edit->end;
	}
	if (walk->nedits == 0 && end == walk->len)
	{
		write_bytes(walk, walk->json + walk->copied, end - walk->copied);
		walk->copied = end;
	}
}
