/*
 * fuzz_trail.c
 *		Can any bytes make the reader of an audit trail read outside them, or believe a chain that is none?
 *
 *		make fuzz-programs; build_fuzz/fuzz_trail test/fuzz/corpus_trail
 *
 * The input is lines.  What is followed must have been written by us: a line that is
 * accepted, written anew from its fields, has the same hash.
 */
#include "audit/trail.h"

#include <stdlib.h>
#include <string.h>

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool condition)
{
	if (!condition)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *) data;
	const char *end = at + size;
	PaTrailChain chain;
	PaTrailLine parsed;
	PaTrailRecord record;
	char		line[PA_TRAIL_LINE_SIZE];
	uint8_t		hash[PA_TRAIL_HASH_SIZE];
	uint8_t		before[PA_TRAIL_HASH_SIZE];
	size_t		len;

	/* any text makes a record of one line, which is taken apart again */
	protaddr_trail_begin(&record, "disclosed");
	protaddr_trail_text(&record, "text", at, size);
	protaddr_trail_open(&record, "list", '[');
	protaddr_trail_text(&record, NULL, at, size / 2);
	protaddr_trail_close(&record, ']');
	memset(before, 0, sizeof(before));
	len = protaddr_trail_write_line(line, "0123456789abcdef", 1, 0, before, &record, hash);
	require(len <= PA_TRAIL_LINE_SIZE && memchr(line, '\n', len) == line + len - 1);
	require(protaddr_trail_parse(line, len - 1, &parsed) && parsed.seq == 1);
	protaddr_trail_follow_begin(&chain, "0123456789abcdef", NULL, 0);
	require(protaddr_trail_follow(&chain, line, len - 1, &parsed) == PA_TRAIL_WHOLE && !chain.open && chain.seq == 1);

	protaddr_trail_follow_begin(&chain, "0123456789abcdef", NULL, 0);
	while (at < end)
	{
		const char *stop = memchr(at, '\n', (size_t) (end - at));
		const char *value;
		uint64_t	number;
		uint64_t	seq = chain.seq;
		bool		begun = chain.begun;

		if (stop == NULL)
			stop = end;
		memcpy(before, chain.hash, sizeof(before));
		if (protaddr_trail_follow(&chain, at, (size_t) (stop - at), &parsed) != PA_TRAIL_WHOLE)
			break;
		if (begun && chain.seq != seq)
		{
			require(chain.seq == seq + 1 && parsed.seq == chain.seq);
			protaddr_trail_digest(before, sizeof(before), parsed.json, parsed.json_len, hash);
			require(memcmp(hash, chain.hash, sizeof(hash)) == 0);
			if (protaddr_trail_field(&parsed, "bytes", &value, &len))
				require(value >= parsed.rest && value + len <= parsed.rest + parsed.rest_len);
			(void) protaddr_trail_field_number(&parsed, "of", &number);
		}
		at = stop + 1;
	}
	return 0;
}
