/*
 * held_row.c
 *		How is a row sealed while it is held, and how does it come out again?
 *
 * A held row is one sealed value: all that protaddr.held tells of it in clear, what the
 * gate was told, and every column by name and type, as pg_dump writes it.  So it says the
 * same after a restore, where types have other OIDs.  What stands beside it in clear is
 * believed only if the seal says the same.
 *
 * Its addresses stay sealed inside, always under the key that the row itself is sealed
 * with: whoever asks what a key is still needed for looks at the row's key alone.
 */
#include "postgres.h"

#include "address/address.h"
#include "base/base.h"
#include "gate/gate.h"
#include "keys/keys.h"

#include "access/htup_details.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#define NO_WORD		((uint32) 0xffffffff)

/* before each column: whether its value is an address, as a token */
#define IS_ADDRESS		'a'
#define IS_NO_ADDRESS	'-'

static const char *next_word(StringInfo in, int encoding);
static char *token_of(const ProtaddrSeal *seal);
static void put_columns(StringInfo out, Relation rel, HeapTuple row);

/* protaddr_put_word appends a word, or that there is none. */
void
protaddr_put_word(StringInfo out, const char *word)
{
	pq_sendint32(out, word == NULL ? NO_WORD : (uint32) strlen(word));
	if (word != NULL)
		appendBinaryStringInfo(out, word, strlen(word));
}

/* protaddr_put_words writes the words that a seal begins with; the tag says of what it is. */
void
protaddr_put_words(StringInfo out, char tag, const char *const *words, int nwords)
{
	appendStringInfoChar(out, tag);
	pq_sendint32(out, (uint32) GetDatabaseEncoding());
	pq_sendint32(out, (uint32) nwords);
	for (int i = 0; i < nwords; i++)
		protaddr_put_word(out, words[i]);
}

static bool
same_word(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/*
 * protaddr_take_words reads them again; false if they are others than these.  encoding is
 * that of the words that follow.
 */
bool
protaddr_take_words(StringInfo in, char tag, const char *const *words, int nwords, int *encoding)
{
	if (in->len - in->cursor < 9 || pq_getmsgbyte(in) != tag)
		return false;
	*encoding = (int) pq_getmsgint(in, 4);
	if (pq_getmsgint(in, 4) != (unsigned int) nwords)
		return false;
	for (int i = 0; i < nwords; i++)
		if (!same_word(next_word(in, *encoding), words[i]))
			return false;
	return true;
}

static const char *
next_word(StringInfo in, int encoding)
{
	uint32		len = pq_getmsgint(in, 4);
	char	   *word;

	if (len == NO_WORD)
		return NULL;
	word = pnstrdup(pq_getmsgbytes(in, (int) len), len);
	/* a dump may be restored into a database of another encoding */
	return pg_any_to_server(word, (int) len, encoding);
}

/*
 * protaddr_seal_held_row seals the row, with the words that stand beside it.
 */
bytea *
protaddr_seal_held_row(const ProtaddrGate *gate, Relation rel, HeapTuple row,
					   const char *const *words, int nwords)
{
	StringInfoData out;
	bytea	   *sealed;
	uint64		newest;

	/* a newer key that comes meanwhile is for all of it */
	do
	{
		int			level = protaddr_plain_settings();

		newest = protaddr_key_for_sealing()->id;
		initStringInfo(&out);
		protaddr_put_words(&out, PROTADDR_SEALED_HELD, words, nwords);
		protaddr_put_word(&out, text_to_cstring(protaddr_gate_words(&gate->args)));
		put_columns(&out, rel, row);
		AtEOXact_GUC(false, level);
		sealed = protaddr_seal_bytes(out.data, out.len);
		explicit_bzero(out.data, out.len);
		pfree(out.data);
	} while (protaddr_seal_key((ProtaddrSeal *) sealed) != newest);
	return sealed;
}

/* token_of_newest writes an address that is held: under the newest key, like the row around it. */
static char *
token_of_newest(ProtaddrSeal *seal)
{
	ProtaddrSealState state;
	ProtaddrOpened opened;
	struct varlena *anew;

	if (protaddr_seal_key(seal) == protaddr_key_for_sealing()->id)
		return token_of(seal);
	anew = protaddr_reseal((struct varlena *) seal, &state);
	if (anew == NULL)
	{
		/* raises what is wrong */
		(void) protaddr_open(seal, false, &opened);
		elog(ERROR, "could not reseal an address");
	}
	return token_of((ProtaddrSeal *) anew);
}

static char *
token_of(const ProtaddrSeal *seal)
{
	size_t		size = VARSIZE_ANY_EXHDR(seal);
	char	   *token = palloc(protaddr_token_length(size) + 4);

	token[protaddr_token_write((const uint8_t *) VARDATA_ANY(seal), size, token)] = '\0';
	return token;
}

static void
put_columns(StringInfo out, Relation rel, HeapTuple row)
{
	TupleDesc	desc = RelationGetDescr(rel);
	int			ncolumns = 0;

	for (int i = 0; i < desc->natts; i++)
		ncolumns += !TupleDescAttr(desc, i)->attisdropped && TupleDescAttr(desc, i)->attgenerated == '\0';
	pq_sendint32(out, ncolumns);
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		bool		is_address;
		bool		isnull;
		Datum		value;

		/* what is generated will be again */
		if (att->attisdropped || att->attgenerated != '\0')
			continue;
		is_address = getBaseType(att->atttypid) == protaddr_address_type();
		value = heap_getattr(row, i + 1, desc, &isnull);
		appendStringInfoChar(out, is_address ? IS_ADDRESS : IS_NO_ADDRESS);
		protaddr_put_word(out, NameStr(att->attname));
		protaddr_put_word(out, format_type_extended(att->atttypid, -1, FORMAT_TYPE_FORCE_QUALIFY));
		protaddr_put_word(out, isnull ? NULL :
						  is_address ? token_of_newest((ProtaddrSeal *) PG_DETOAST_DATUM_PACKED(value)) :
						  protaddr_value_text(att->atttypid, value));
	}
}

/*
 * protaddr_open_held_row gives what was sealed.  PROTADDR_SEAL_ALTERED if it is no held
 * row, or says another thing than the words that stand beside it.
 */
ProtaddrSealState
protaddr_open_held_row(const bytea *sealed, const char *const *words, int nwords,
					   ProtaddrHeldRow *held)
{
	bytea	   *plain;
	ProtaddrSealState seal = protaddr_try_open_bytes(sealed, &plain);
	StringInfoData in;
	int			encoding;

	if (seal != PROTADDR_SEAL_WHOLE)
		return seal;
	in.data = VARDATA(plain);
	in.len = in.maxlen = VARSIZE(plain) - VARHDRSZ;
	in.cursor = 0;
	if (!protaddr_take_words(&in, PROTADDR_SEALED_HELD, words, nwords, &encoding))
		return PROTADDR_SEAL_ALTERED;
	if (held == NULL)
	{
		explicit_bzero(VARDATA(plain), in.len);
		pfree(plain);
		return seal;
	}
	held->gate_words = next_word(&in, encoding);
	held->ncolumns = (int) pq_getmsgint(&in, 4);
	held->columns = palloc0(Max(held->ncolumns, 1) * sizeof(ProtaddrHeldColumn));
	for (int i = 0; i < held->ncolumns; i++)
	{
		(void) pq_getmsgbyte(&in);
		held->columns[i].name = next_word(&in, encoding);
		held->columns[i].type = next_word(&in, encoding);
		held->columns[i].value = next_word(&in, encoding);
	}
	explicit_bzero(VARDATA(plain), in.len);
	pfree(plain);
	return seal;
}

/* ---- its addresses come under another key, with it ---------------------------------------- */

/* word_in_place gives a word as it stands; NULL for NULL. */
static char *
word_in_place(StringInfo in, size_t *len)
{
	uint32		n = pq_getmsgint(in, 4);

	*len = n == NO_WORD ? 0 : n;
	return n == NO_WORD ? NULL : (char *) pq_getmsgbytes(in, (int) n);
}

/* reseal_token writes a token anew, under the newest key: it is as long as before. */
static bool
reseal_token(char *token, size_t len)
{
	struct varlena *seal = palloc(VARHDRSZ + PA_MAX_SEAL + 3);
	size_t		size = protaddr_token_parse(token, len, (uint8_t *) VARDATA(seal));
	ProtaddrSealState state;
	struct varlena *anew;
	char	   *written;

	if (size == 0)
		return false;
	SET_VARSIZE(seal, VARHDRSZ + size);
	anew = protaddr_reseal(seal, &state);
	if (anew == NULL)
		return false;
	written = token_of((ProtaddrSeal *) anew);
	if (strlen(written) != len)
		return false;
	memcpy(token, written, len);
	return true;
}

/* protaddr_reseal_held_row reseals the addresses of an opened held row, in place. */
bool
protaddr_reseal_held_row(char *data, size_t len)
{
	StringInfoData in;
	size_t		word_len;
	int			nwords;
	int			ncolumns;

	in.data = data;
	in.len = in.maxlen = (int) len;
	in.cursor = 0;
	if (len == 0 || pq_getmsgbyte(&in) != PROTADDR_SEALED_HELD)
		return true;
	(void) pq_getmsgint(&in, 4);
	nwords = (int) pq_getmsgint(&in, 4);
	/* and what the gate was told */
	for (int i = 0; i < nwords + 1; i++)
		(void) word_in_place(&in, &word_len);
	ncolumns = (int) pq_getmsgint(&in, 4);
	for (int i = 0; i < ncolumns; i++)
	{
		bool		is_address = pq_getmsgbyte(&in) == IS_ADDRESS;
		char	   *value;

		(void) word_in_place(&in, &word_len);
		(void) word_in_place(&in, &word_len);
		value = word_in_place(&in, &word_len);
		if (is_address && value != NULL && !reseal_token(value, word_len))
			return false;
	}
	return true;
}

static void
cannot_take(const char *column, const char *why)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROTADDR_REFUSED),
			 errmsg("the held row has a column \"%s\" that its table cannot take", column),
			 errdetail("%s The row stays held.", why),
			 errhint("Change the table back, or decide again: protaddr.decide_held(held_id, 'reject', reason, again => true)."),
			 protaddr_errprivate()));
}

static Form_pg_attribute
attribute_of(TupleDesc desc, const char *name)
{
	for (int i = 0; i < desc->natts; i++)
		if (!TupleDescAttr(desc, i)->attisdropped &&
			strcmp(NameStr(TupleDescAttr(desc, i)->attname), name) == 0)
			return TupleDescAttr(desc, i);
	return NULL;
}

/*
 * protaddr_held_tuple makes the row that was held, in the table's columns as they are
 * now.  has, if not NULL, is set for each column that the held row had.  Raises 23PA1 if a
 * value has no column any more that can take it.
 */
HeapTuple
protaddr_held_tuple(const ProtaddrHeldRow *held, Relation rel, bool *has)
{
	TupleDesc	desc = RelationGetDescr(rel);
	Datum	   *values = palloc0(desc->natts * sizeof(Datum));
	bool	   *nulls = palloc(desc->natts * sizeof(bool));
	int			level = protaddr_plain_settings();
	HeapTuple	tuple;

	memset(nulls, true, desc->natts * sizeof(bool));
	for (int i = 0; i < held->ncolumns; i++)
	{
		const ProtaddrHeldColumn *column = &held->columns[i];
		Form_pg_attribute att = attribute_of(desc, column->name);
		Oid			in;
		Oid			param;

		if (att == NULL || att->attgenerated != '\0')
		{
			if (column->value != NULL)
				cannot_take(column->name, "It was dropped, or is generated now.");
			continue;
		}
		if (strcmp(column->type, format_type_extended(att->atttypid, -1, FORMAT_TYPE_FORCE_QUALIFY)) != 0)
			cannot_take(column->name, "It is of another type now.");
		if (has != NULL)
			has[att->attnum - 1] = true;
		if (column->value == NULL)
			continue;
		getTypeInputInfo(att->atttypid, &in, &param);
		values[att->attnum - 1] = OidInputFunctionCall(in, (char *) column->value, param, att->atttypmod);
		nulls[att->attnum - 1] = false;
		/* a type that came to hold less would say less than what was decided on */
		if (strcmp(protaddr_value_text(att->atttypid, values[att->attnum - 1]), column->value) != 0)
			cannot_take(column->name, "It would change the value.");
	}
	AtEOXact_GUC(false, level);
	tuple = heap_form_tuple(desc, values, nulls);
	return tuple;
}
