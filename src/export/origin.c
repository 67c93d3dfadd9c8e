/*
 * origin.c
 *		What do the origins of two values come to, taken together?
 */
#include "postgres.h"

#include "export/lineage_int.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool same_origin(const ProtaddrOrigin *a, const ProtaddrOrigin *b);

static bool
holds_all(const List *all, const List *some)
{
	ListCell   *cell;

	foreach(cell, some)
	{
		ListCell   *other;
		bool		found = false;

		foreach(other, all)
		{
			if ((found = same_origin(lfirst(cell), lfirst(other))))
				break;
		}
		if (!found)
			return false;
	}
	return true;
}

static bool
same_origin(const ProtaddrOrigin *a, const ProtaddrOrigin *b)
{
	check_stack_depth();
	return a == b ||
		(a->kind == b->kind && a->relation == b->relation && a->column == b->column && a->type == b->type &&
		 a->whole == b->whole && a->condition == b->condition && same_text(a->channel, b->channel) &&
		 same_text(a->why, b->why) && holds_all(a->inside, b->inside) && holds_all(b->inside, a->inside));
}

/* add gives true if the origin was not among them yet. */
static bool
add(ProtaddrLineage *to, const ProtaddrOrigin *origin)
{
	ListCell   *cell;

	foreach(cell, to->origins)
	{
		if (same_origin(lfirst(cell), origin))
			return false;
	}
	to->origins = lappend(to->origins, (void *) origin);
	return true;
}

/* protaddr_add_origin adds an origin, once. */
void
protaddr_add_origin(ProtaddrLineage *to, const ProtaddrOrigin *origin)
{
	ProtaddrOrigin *copy = palloc(sizeof(*copy));

	*copy = *origin;
	(void) add(to, copy);
}

/* protaddr_add_through notes a function that a value goes through. */
void
protaddr_add_through(ProtaddrLineage *to, const char *name)
{
	ListCell   *cell;

	foreach(cell, to->through)
	{
		if (strcmp(lfirst(cell), name) == 0)
			return;
	}
	to->through = lappend(to->through, (void *) name);
}

/* protaddr_add_unseen notes that something cannot be seen through; why: in words, kept. */
void
protaddr_add_unseen(ProtaddrLineage *to, char *why)
{
	ProtaddrOrigin origin = {.kind = PROTADDR_FROM_UNSEEN, .why = why};

	protaddr_add_origin(to, &origin);
}

static void
add_all_through(ProtaddrLineage *to, const ProtaddrLineage *from)
{
	ListCell   *cell;

	foreach(cell, from->through)
		protaddr_add_through(to, lfirst(cell));
}

/* protaddr_add_lineage adds what a part comes from, as it is; true if any of it is new. */
bool
protaddr_add_lineage(ProtaddrLineage *to, const ProtaddrLineage *from)
{
	ListCell   *cell;
	bool		grown = false;

	foreach(cell, from->origins)
		grown |= add(to, lfirst(cell));
	add_all_through(to, from);
	return grown;
}

/* protaddr_add_changed adds what a part comes from that does not stay as it is: cut, turned round, encoded. */
void
protaddr_add_changed(ProtaddrLineage *to, const ProtaddrLineage *from)
{
	ListCell   *cell;

	foreach(cell, from->origins)
	{
		ProtaddrOrigin origin = *(ProtaddrOrigin *) lfirst(cell);

		origin.whole = false;
		protaddr_add_origin(to, &origin);
	}
	add_all_through(to, from);
}

/*
 * protaddr_add_condition adds what decides over a value.  Numbers and times may; and a whole
 * text may be held against others, whether it is the same.  Letter by letter that spells
 * the text out, so anything else that is asked of a text counts as the text itself.  Of a
 * declared name or place nothing may be asked.
 */
void
protaddr_add_condition(ProtaddrLineage *to, const ProtaddrLineage *from, bool compared_whole)
{
	ListCell   *cell;

	foreach(cell, from->origins)
	{
		ProtaddrOrigin origin = *(ProtaddrOrigin *) lfirst(cell);

		if (origin.kind == PROTADDR_FROM_COLUMN && !origin.condition && origin.proxy == PROTADDR_NO_PROXY &&
			(protaddr_cannot_hold_text(origin.type) || (compared_whole && origin.whole)))
			continue;
		origin.condition = true;
		protaddr_add_origin(to, &origin);
	}
}

/*
 * protaddr_cannot_hold_text is true of types whose values cannot hold text, whatever they are
 * made of: numbers, truth values, times, enums, and arrays, ranges and domains of these.
 */
bool
protaddr_cannot_hold_text(Oid type)
{
	Oid			inside;

	for (;;)
	{
		type = getBaseType(type);
		inside = get_element_type(type);
		if (!OidIsValid(inside))
			inside = get_range_subtype(type);
		if (!OidIsValid(inside))
			inside = get_multirange_range(type);
		if (!OidIsValid(inside))
			break;
		type = inside;
	}
	switch (type)
	{
		case BOOLOID:
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case FLOAT4OID:
		case FLOAT8OID:
		case NUMERICOID:
		case MONEYOID:
		case DATEOID:
		case TIMEOID:
		case TIMETZOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
		case INTERVALOID:
		case UUIDOID:
		case OIDOID:
		case XIDOID:
		case XID8OID:
		case CIDOID:
		case TIDOID:
		case PG_LSNOID:
		case INETOID:
		case CIDROID:
		case MACADDROID:
		case MACADDR8OID:
		case POINTOID:
		case LSEGOID:
		case LINEOID:
		case BOXOID:
		case PATHOID:
		case POLYGONOID:
		case CIRCLEOID:
			return true;
		default:
			return get_typtype(type) == TYPTYPE_ENUM;
	}
}
