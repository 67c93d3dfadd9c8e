/*
 * words.c
 *		Which words of addresses does each language have?
 */
#include "postgres.h"

#include "base/base.h"
#include "guard/guard_int.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "common/hashfn.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/rel.h"

/* columns of protaddr.address_word */
enum
{
	WORD_LANGUAGE = 1,
	WORD_KIND,
	WORD_WORD,
	WORD_MEANS,
	WORD_SHIPPED
};

static const char *const word_columns[] = {
	[WORD_LANGUAGE] = "language",
	[WORD_KIND] = "kind",
	[WORD_WORD] = "word",
	[WORD_MEANS] = "means",
	[WORD_SHIPPED] = "shipped",
};

static const ProtaddrOwnTable tables[] = {
	{.name = "address_word", PROTADDR_COLUMNS(word_columns)},
};

const ProtaddrPart protaddr_guard_words_part = {
	PROTADDR_TABLES(tables),
};

static bool
kind_of(const text *t, PaWordKind *kind)
{
	static const char *const kinds[PA_WORD_KINDS] = {
		[PA_WORD_STREET] = "street",
		[PA_WORD_BEFORE] = "before",
		[PA_WORD_ENDING] = "ending",
		[PA_WORD_UNIT] = "unit",
		[PA_WORD_NUMBER] = "number",
		[PA_WORD_BOX] = "box",
		[PA_WORD_COMMON] = "common",
		[PA_WORD_POST_CODE] = "post_code",
		[PA_WORD_TITLE] = "title",
	};

	for (int i = 0; i < PA_WORD_KINDS; i++)
		if (VARSIZE_ANY_EXHDR(t) == strlen(kinds[i]) && memcmp(VARDATA_ANY(t), kinds[i], strlen(kinds[i])) == 0)
		{
			*kind = (PaWordKind) i;
			return true;
		}
	return false;
}

/* word_text gives a value as UTF-8, in the current memory context. */
static PaText
word_text(Datum value, bool isnull)
{
	PaText		result = {"", 0};
	char	   *plain;

	if (isnull)
		return result;
	plain = TextDatumGetCString(value);
	result.data = pg_server_to_any(plain, strlen(plain), PG_UTF8);
	result.len = strlen(result.data);
	return result;
}

/*
 * protaddr_guard_words reads the words of all languages into the current memory context,
 * unless word is NULL; gives a hash of all rows, in whatever order they stand.
 */
uint64
protaddr_guard_words(PaGuardWord **word, size_t *nwords)
{
	Relation	rel = table_open(protaddr_table(PROTADDR_ADDRESS_WORD), AccessShareLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	size_t		room = 4096;
	uint64		hash = 0;
	HeapTuple	tuple;

	if (word != NULL)
	{
		*word = palloc(room * sizeof(PaGuardWord));
		*nwords = 0;
	}
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		TupleDesc	desc = RelationGetDescr(rel);
		const char *bytes = (char *) tuple->t_data + tuple->t_data->t_hoff;
		bool		isnull;
		Datum		value;
		PaGuardWord one;

		hash += hash_bytes_extended((const unsigned char *) bytes, (char *) tuple->t_data + tuple->t_len - bytes, 1);
		if (word == NULL)
			continue;
		value = heap_getattr(tuple, WORD_KIND, desc, &isnull);
		if (isnull || !kind_of(DatumGetTextPP(value), &one.kind))
			continue;
		value = heap_getattr(tuple, WORD_WORD, desc, &isnull);
		one.word = word_text(value, isnull);
		value = heap_getattr(tuple, WORD_MEANS, desc, &isnull);
		one.means = word_text(value, isnull);
		if (*nwords == room)
			*word = repalloc_huge(*word, (room *= 2) * sizeof(PaGuardWord));
		(*word)[(*nwords)++] = one;
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return hash;
}
