/*
 * message_column.c
 *		How does the message in a column get to the rewriter, and back?
 *
 * The rewriter works on bytes; a column has a type, an encoding and a length.
 */
#include "postgres.h"

#include "base/base.h"
#include "gate/gate.h"
#include "keys/keys.h"
#include "law/law.h"
#include "message/message.h"
#include "message/rewrite.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"

static char *convert(const char *message, size_t *len, int from, int to);
static Datum column_value(const ProtaddrGateMessage *column, const char *message, size_t len);

/*
 * protaddr_gate_message gives what may leave of a message, in the column's type; leaves
 * is value itself if that is all of it.  PROTADDR_LEAVE, or as protaddr_release_message
 * says, and answer why.  Raises 23PA1 if it is blocked, 22001 if what may leave is too long for the column, 0A000 if
 * the database's encoding cannot be read.  The addresses that do not stay are added to taken,
 * unless it is NULL.
 */
ProtaddrAction
protaddr_gate_message(ProtaddrMode mode, const ProtaddrGateMessage *column, Datum value,
					  const ProtaddrChannel *channel, const ProtaddrTransfer *transfer,
					  Datum *leaves, ProtaddrAnswer *answer, ProtaddrTaken **taken)
{
	const char *message;
	size_t		len;
	StringInfoData out;
	ProtaddrAction action;

	if (column->type == JSONBOID)
	{
		Jsonb	   *json = DatumGetJsonbP(value);

		message = JsonbToCString(NULL, &json->root, VARSIZE(json));
		len = strlen(message);
	}
	else
	{
		struct varlena *stored = PG_DETOAST_DATUM_PACKED(value);

		message = VARDATA_ANY(stored);
		len = VARSIZE_ANY_EXHDR(stored);
	}
	if (column->type != BYTEAOID)
		message = convert(message, &len, GetDatabaseEncoding(), PG_UTF8);

	initStringInfo(&out);
	action = protaddr_release_message(mode, column->format, message, len,
									  column->type == BYTEAOID ? NULL : "UTF-8", channel, transfer,
									  &out, NULL, answer, taken);
	if (action != PROTADDR_LEAVE)
		return action;
	if (out.len == len && memcmp(out.data, message, len) == 0)
		*leaves = value;
	else
	{
		message = out.data;
		len = out.len;
		if (column->type != BYTEAOID)
			message = convert(message, &len, PG_UTF8, GetDatabaseEncoding());
		*leaves = column_value(column, message, len);
	}
	return PROTADDR_LEAVE;
}

/* convert gives the message itself if there is nothing to convert, else a NUL-terminated copy. */
static char *
convert(const char *message, size_t *len, int from, int to)
{
	Oid			conversion;
	unsigned char *converted;

	if (from == to)
		return (char *) message;
	if (from == PG_SQL_ASCII || to == PG_SQL_ASCII)
	{
		/* the bytes have no declared encoding: accepted if they are valid UTF-8 */
		if (*len <= MaxAllocSize && pg_encoding_verifymbstr(PG_UTF8, message, (int) *len) == *len)
			return (char *) message;
	}
	else
	{
		conversion = FindDefaultConversionProc(from, to);
		if (OidIsValid(conversion) && *len < MaxAllocSize / MAX_CONVERSION_GROWTH)
		{
			int			size = (int) *len * MAX_CONVERSION_GROWTH + 1;

			converted = palloc(size);
			if (pg_do_encoding_conversion_buf(conversion, from, to, (unsigned char *) message,
											  (int) *len, converted, size, true) == *len)
			{
				*len = strlen((char *) converted);
				return (char *) converted;
			}
		}
	}
	/* the server's own errors would quote the bytes */
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("a message cannot be converted between UTF-8 and the database's encoding"),
			 errhint("Keep messages in a column of type bytea, in the encoding that they declare."),
			 protaddr_errprivate()));
	return NULL;
}

static Datum
column_value(const ProtaddrGateMessage *column, const char *message, size_t len)
{
	Datum		value;

	if (column->type == VARCHAROID && column->typmod >= VARHDRSZ &&
		pg_mbstrlen_with_len(message, (int) len) > column->typmod - VARHDRSZ)
		ereport(ERROR,
				(errcode(ERRCODE_STRING_DATA_RIGHT_TRUNCATION),
				 errmsg("the released message is too long for its column"),
				 errhint("A substitute address may be longer than the address that it replaces."),
				 protaddr_errprivate()));
	if (column->type == JSONBOID)
		value = DirectFunctionCall1(jsonb_in, CStringGetDatum(pnstrdup(message, len)));
	else
		value = PointerGetDatum(cstring_to_text_with_len(message, (int) len));
	if (OidIsValid(column->domain))
		domain_check(value, false, column->domain, NULL, NULL);
	return value;
}

/*
 * protaddr_value_digest computes a digest of a value, its column, its channel and its payer.  value
 * is a varlena: a message or an address.
 */
void
protaddr_value_digest(Oid relation, const char *column, const ProtaddrChannel *channel,
					  const ProtaddrTransfer *transfer, Datum value, ProtaddrDigest *digest)
{
	struct varlena *bytes = PG_DETOAST_DATUM_PACKED(value);
	pg_cryptohash_ctx *context = protaddr_digest_begin();
	struct
	{
		uint32		relation;
		uint32		column_len;
		uint32		channel_len;
		uint32		payer_len;
	}			where = {relation, strlen(column), channel->name_len, transfer->payer.len};

	protaddr_digest_add(context, &where, sizeof(where));
	protaddr_digest_add(context, column, where.column_len);
	protaddr_digest_add(context, channel->name, channel->name_len);
	protaddr_digest_add(context, transfer->payer.key, transfer->payer.len);
	protaddr_digest_add(context, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	protaddr_digest_end(context, digest->bytes);
	if ((Pointer) bytes != DatumGetPointer(value))
		pfree(bytes);
}
