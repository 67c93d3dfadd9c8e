/*
 * sealed_column.c
 *		Where in this database do sealed values stand, and under which data keys?
 *
 * In columns of type protaddr.address, or of arrays, ranges and composites with it; and
 * in our own tables in columns of type bytea that are called "sealed".  Only the header
 * of a value is looked at: nothing is opened, and nobody's code runs.
 */
#include "postgres.h"

#include "base/base.h"
#include "keys/keys.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "port/pg_bswap.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/multirangetypes.h"
#include "utils/rangetypes.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/typcache.h"

#define SEAL_ID_END	(1 + sizeof(uint64))

static bool holds_address(Oid type, Oid address);

/* protaddr_is_own_relation tells whether a relation stands in our schema. */
bool
protaddr_is_own_relation(Oid relation)
{
	return get_rel_namespace(relation) == get_namespace_oid("protaddr", true);
}

/* protaddr_sealed_column tells what stands in a column. */
ProtaddrSealedColumn
protaddr_sealed_column(Relation rel, AttrNumber column)
{
	Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel), column - 1);
	Oid			address = protaddr_address_type();

	if (att->attisdropped || !OidIsValid(address))
		return PROTADDR_NOT_SEALED;
	if (getBaseType(att->atttypid) == address)
		return PROTADDR_SEALED;
	if (att->atttypid == BYTEAOID && strcmp(NameStr(att->attname), "sealed") == 0 &&
		protaddr_is_own_relation(RelationGetRelid(rel)))
		return PROTADDR_SEALED;
	return holds_address(att->atttypid, address) ? PROTADDR_SEALED_INSIDE : PROTADDR_NOT_SEALED;
}

/* holds_address looks into arrays, ranges, domains and composites. */
static bool
holds_address(Oid type, Oid address)
{
	Oid			part;

	check_stack_depth();
	type = getBaseType(type);
	if (type == address)
		return true;
	part = get_element_type(type);
	if (!OidIsValid(part))
		part = get_range_subtype(type_is_multirange(type) ? get_multirange_range(type) : type);
	if (OidIsValid(part))
		return holds_address(part, address);
	if (OidIsValid(get_typ_typrelid(type)))
	{
		TupleDesc	desc = lookup_rowtype_tupdesc(type, -1);
		bool		holds = false;

		for (int i = 0; i < desc->natts && !holds; i++)
			holds = !TupleDescAttr(desc, i)->attisdropped &&
				holds_address(TupleDescAttr(desc, i)->atttypid, address);
		ReleaseTupleDesc(desc);
		return holds;
	}
	return false;
}

/* protaddr_type_holds_address tells whether a value of the type is or holds an address. */
bool
protaddr_type_holds_address(Oid type)
{
	Oid			address = protaddr_address_type();

	return OidIsValid(address) && holds_address(type, address);
}

/* protaddr_sealed_key gives the data key of a value, which may be toasted; 0 if it is no seal. */
uint64
protaddr_sealed_key(Datum value)
{
	struct varlena *head = PG_DETOAST_DATUM_SLICE(value, 0, SEAL_ID_END);
	uint64		id = 0;

	if (VARSIZE_ANY_EXHDR(head) >= SEAL_ID_END)
		memcpy(&id, VARDATA_ANY(head) + 1, sizeof(id));
	if ((Pointer) head != DatumGetPointer(value))
		pfree(head);
	return pg_ntoh64(id);
}

/* count_inside counts the values under a key within a value of any type that holds some. */
static int64
count_inside(Datum value, Oid type, Oid address, uint64 id)
{
	int64		count = 0;
	Oid			part;

	check_stack_depth();
	type = getBaseType(type);
	if (type == address)
		return protaddr_sealed_key(value) == id;
	part = get_element_type(type);
	if (OidIsValid(part))
	{
		int16		len;
		bool		byval;
		char		align;
		Datum	   *elements;
		bool	   *nulls;
		int			n;

		get_typlenbyvalalign(part, &len, &byval, &align);
		deconstruct_array(DatumGetArrayTypeP(value), part, len, byval, align, &elements, &nulls, &n);
		for (int i = 0; i < n; i++)
			if (!nulls[i])
				count += count_inside(elements[i], part, address, id);
	}
	else if (type_is_range(type) || type_is_multirange(type))
	{
		bool		many = type_is_multirange(type);
		TypeCacheEntry *range = lookup_type_cache(many ? get_multirange_range(type) : type, TYPECACHE_RANGE_INFO);
		MultirangeType *ranges = many ? DatumGetMultirangeTypeP(value) : NULL;

		part = range->rngelemtype->type_id;
		for (int i = 0; i < (many ? (int) ranges->rangeCount : 1); i++)
		{
			RangeBound	lower;
			RangeBound	upper;
			bool		empty = false;

			if (many)
				multirange_get_bounds(range, ranges, i, &lower, &upper);
			else
				range_deserialize(range, DatumGetRangeTypeP(value), &lower, &upper, &empty);
			if (!empty && !lower.infinite)
				count += count_inside(lower.val, part, address, id);
			if (!empty && !upper.infinite)
				count += count_inside(upper.val, part, address, id);
		}
	}
	else if (OidIsValid(get_typ_typrelid(type)))
	{
		HeapTupleHeader row = DatumGetHeapTupleHeader(value);
		TupleDesc	desc = lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(row), HeapTupleHeaderGetTypMod(row));
		HeapTupleData tuple;

		tuple.t_len = HeapTupleHeaderGetDatumLength(row);
		ItemPointerSetInvalid(&tuple.t_self);
		tuple.t_tableOid = InvalidOid;
		tuple.t_data = row;
		for (int i = 0; i < desc->natts; i++)
		{
			Form_pg_attribute att = TupleDescAttr(desc, i);
			bool		isnull;
			Datum		field;

			if (att->attisdropped || !holds_address(att->atttypid, address))
				continue;
			field = heap_getattr(&tuple, i + 1, desc, &isnull);
			if (!isnull)
				count += count_inside(field, att->atttypid, address, id);
		}
		ReleaseTupleDesc(desc);
	}
	return count;
}

/* count_in_relation counts, by column, the values under a key in one relation. */
static int64
count_in_relation(Relation rel, uint64 id, StringInfo where)
{
	TupleDesc	desc = RelationGetDescr(rel);
	Oid			address = protaddr_address_type();
	int64	   *counts = palloc0(desc->natts * sizeof(int64));
	ProtaddrSealedColumn *kinds = palloc(desc->natts * sizeof(ProtaddrSealedColumn));
	bool		any = false;
	int64		all = 0;
	TableScanDesc scan;
	TupleTableSlot *slot;
	Snapshot	snapshot;
	MemoryContext context;
	MemoryContext old;

	for (int i = 0; i < desc->natts; i++)
	{
		kinds[i] = protaddr_sealed_column(rel, i + 1);
		any = any || kinds[i] != PROTADDR_NOT_SEALED;
	}
	if (!any)
		return 0;

	context = AllocSetContextCreate(CurrentMemoryContext, "protaddr sealed values", ALLOCSET_DEFAULT_SIZES);
	snapshot = RegisterSnapshot(GetLatestSnapshot());
	slot = table_slot_create(rel, NULL);
	scan = table_beginscan(rel, snapshot, 0, NULL);
	old = MemoryContextSwitchTo(context);
	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < desc->natts; i++)
		{
			bool		isnull;
			Datum		value;

			if (kinds[i] == PROTADDR_NOT_SEALED)
				continue;
			value = slot_getattr(slot, i + 1, &isnull);
			if (isnull)
				continue;
			counts[i] += kinds[i] == PROTADDR_SEALED ? protaddr_sealed_key(value) == id :
				count_inside(value, TupleDescAttr(desc, i)->atttypid, address, id);
		}
		MemoryContextReset(context);
	}
	MemoryContextSwitchTo(old);
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	UnregisterSnapshot(snapshot);
	MemoryContextDelete(context);

	for (int i = 0; i < desc->natts; i++)
	{
		if (counts[i] > 0)
			appendStringInfo(where, "%s%s.%s (" INT64_FORMAT ")", where->len > 0 ? ", " : "",
							 RelationGetRelationName(rel), NameStr(TupleDescAttr(desc, i)->attname), counts[i]);
		all += counts[i];
	}
	return all;
}

/*
 * protaddr_count_sealed counts the values of this database that are sealed with a key;
 * where names the columns.  What cannot be searched, foreign tables and other sessions'
 * temporary tables with such columns, is named in not_searched.
 */
int64
protaddr_count_sealed(uint64 id, StringInfo where, StringInfo not_searched)
{
	Relation	classes = table_open(RelationRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(classes, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;
	List	   *relations = NIL;
	ListCell   *cell;
	int64		count = 0;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_class class = (Form_pg_class) GETSTRUCT(tuple);

		if (class->oid >= FirstNormalObjectId &&
			(class->relkind == RELKIND_RELATION || class->relkind == RELKIND_MATVIEW ||
			 class->relkind == RELKIND_FOREIGN_TABLE))
			relations = lappend_oid(relations, class->oid);
	}
	systable_endscan(scan);
	table_close(classes, AccessShareLock);

	list_sort(relations, list_oid_cmp);
	foreach(cell, relations)
	{
		Relation	rel = try_relation_open(lfirst_oid(cell), AccessShareLock);

		if (rel == NULL)
			continue;
		if (rel->rd_rel->relkind == RELKIND_FOREIGN_TABLE || RELATION_IS_OTHER_TEMP(rel))
		{
			for (int i = 1; i <= RelationGetDescr(rel)->natts; i++)
				if (protaddr_sealed_column(rel, i) != PROTADDR_NOT_SEALED)
				{
					appendStringInfo(not_searched, "%s%s", not_searched->len > 0 ? ", " : "",
									 RelationGetRelationName(rel));
					break;
				}
		}
		else
			count += count_in_relation(rel, id, where);
		relation_close(rel, AccessShareLock);
	}
	return count;
}
