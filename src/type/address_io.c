/*
 * address_io.c
 *		How does type protaddr.address go in and out, compare and hash?
 *
 * Out and send carry the sealed value for every role and setting: they depend on
 * nothing, so every path through PostgreSQL carries the same token and takes it
 * back unchanged.  Comparisons are over the sealed bytes, which begin with random
 * ones: enough for DISTINCT and unique, nothing to learn from.
 */
#include "postgres.h"

#include "address/address.h"
#include "base/base.h"
#include "keys/keys.h"
#include "type/type.h"

#include "common/hashfn.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(protaddr_address_in);
PG_FUNCTION_INFO_V1(protaddr_address_out);
PG_FUNCTION_INFO_V1(protaddr_address_recv);
PG_FUNCTION_INFO_V1(protaddr_address_send);
PG_FUNCTION_INFO_V1(protaddr_address_cmp);
PG_FUNCTION_INFO_V1(protaddr_address_eq);
PG_FUNCTION_INFO_V1(protaddr_address_ne);
PG_FUNCTION_INFO_V1(protaddr_address_lt);
PG_FUNCTION_INFO_V1(protaddr_address_le);
PG_FUNCTION_INFO_V1(protaddr_address_ge);
PG_FUNCTION_INFO_V1(protaddr_address_gt);
PG_FUNCTION_INFO_V1(protaddr_address_hash);
PG_FUNCTION_INFO_V1(protaddr_address_hash_extended);

/* protaddr_address_in: a token, a JSON object or plain lines. */
Datum
protaddr_address_in(PG_FUNCTION_ARGS)
{
	const char *text = PG_GETARG_CSTRING(0);

	return protaddr_seal_text(text, strlen(text), protaddr_soft(fcinfo));
}

/* protaddr_address_out: the token, for everyone, always. */
Datum
protaddr_address_out(PG_FUNCTION_ARGS)
{
	struct varlena *seal = PG_GETARG_VARLENA_PP(0);
	size_t		len = VARSIZE_ANY_EXHDR(seal);
	char	   *token = palloc(protaddr_token_length(len) + 5);

	token[protaddr_token_write((uint8 *) VARDATA_ANY(seal), len, token)] = '\0';
	PG_RETURN_CSTRING(token);
}

/* protaddr_address_recv: sealed bytes and nothing else; hostile input. */
Datum
protaddr_address_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int			len = buf->len - buf->cursor;
	const char *bytes;
	ProtaddrSeal *seal;

	if (len < 0 || len > PA_MAX_SEAL ||
		!protaddr_seal_shape((const uint8 *) buf->data + buf->cursor, len))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid binary value for type protaddr.address"),
				 errdetail("The binary form is the sealed one, as sent by this type; clear addresses go as text."),
				 protaddr_errprivate()));

	bytes = pq_getmsgbytes(buf, len);
	seal = (ProtaddrSeal *) palloc(VARHDRSZ + len);
	SET_VARSIZE(seal, VARHDRSZ + len);
	memcpy(VARDATA(seal), bytes, len);
	PG_RETURN_POINTER(seal);
}

/* protaddr_address_send: the sealed bytes. */
Datum
protaddr_address_send(PG_FUNCTION_ARGS)
{
	struct varlena *seal = PG_GETARG_VARLENA_PP(0);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbytes(&buf, VARDATA_ANY(seal), VARSIZE_ANY_EXHDR(seal));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

static int
compare(FunctionCallInfo fcinfo)
{
	struct varlena *a = PG_GETARG_VARLENA_PP(0);
	struct varlena *b = PG_GETARG_VARLENA_PP(1);
	int			alen = VARSIZE_ANY_EXHDR(a);
	int			blen = VARSIZE_ANY_EXHDR(b);
	int			result = memcmp(VARDATA_ANY(a), VARDATA_ANY(b), Min(alen, blen));

	if (result == 0 && alen != blen)
		result = alen < blen ? -1 : 1;
	PG_FREE_IF_COPY(a, 0);
	PG_FREE_IF_COPY(b, 1);
	return result;
}

Datum
protaddr_address_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(compare(fcinfo));
}

Datum
protaddr_address_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare(fcinfo) == 0);
}

Datum
protaddr_address_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare(fcinfo) != 0);
}

Datum
protaddr_address_lt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare(fcinfo) < 0);
}

Datum
protaddr_address_le(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare(fcinfo) <= 0);
}

Datum
protaddr_address_ge(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare(fcinfo) >= 0);
}

Datum
protaddr_address_gt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare(fcinfo) > 0);
}

Datum
protaddr_address_hash(PG_FUNCTION_ARGS)
{
	struct varlena *seal = PG_GETARG_VARLENA_PP(0);
	uint32		hash = hash_bytes((unsigned char *) VARDATA_ANY(seal), VARSIZE_ANY_EXHDR(seal));

	PG_FREE_IF_COPY(seal, 0);
	PG_RETURN_UINT32(hash);
}

Datum
protaddr_address_hash_extended(PG_FUNCTION_ARGS)
{
	struct varlena *seal = PG_GETARG_VARLENA_PP(0);
	uint64		hash = hash_bytes_extended((unsigned char *) VARDATA_ANY(seal),
										   VARSIZE_ANY_EXHDR(seal), PG_GETARG_INT64(1));

	PG_FREE_IF_COPY(seal, 0);
	PG_RETURN_UINT64(hash);
}
