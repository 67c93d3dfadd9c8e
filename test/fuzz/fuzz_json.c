/*
 * fuzz_json.c
 *		Can any JSON make the rewriter read outside it, lose a byte that is no address,
 *		or leave an address?
 *
 *		make fuzz-programs; build_fuzz/fuzz_json -dict=test/fuzz/json.dict test/fuzz/corpus_json
 *
 * What must hold is in fuzz_rewriting.h.  Here also: where nothing is said of an agent,
 * no PstlAdr, address or street with something in it is left, which a plain search for
 * it can tell.
 */
#include "fuzz_rewriting.h"

/* contains finds a text in any case of letters. */
static bool
contains(const char *text, size_t len, const char *what)
{
	size_t		n = strlen(what);

	for (size_t i = 0; i + n <= len; i++)
	{
		size_t		same = 0;

		while (same < n && (text[i + same] | 0x20) == what[same])
			same++;
		if (same == n)
			return true;
	}
	return false;
}

static void
require_no_address(const char *text, size_t len, const char *name)
{
	const size_t n = strlen(name);

	for (size_t i = 0; i + n < len; i++)
	{
		size_t		at = i + n;

		if (memcmp(text + i, name, n) != 0)
			continue;
		while (at < len && memchr(" \t\r\n", text[at], 4) != NULL)
			at++;
		if (at == len || text[at] != ':')
			continue;			/* a value, not a name */
		for (at++; at < len && memchr(" \t\r\n", text[at], 4) != NULL; at++)
			;
		require(at < len && (text[at] == '{' || text[at] == '[' || text[at] == '"' ||
							 text[at] == 'n'));
		if (text[at] == 'n')
			continue;
		/* a name and address keeps the name */
		if (text[at] == '{' && contains(text + at, len - at, "adr"))
			continue;
		for (at++; at < len && memchr(" \t\r\n", text[at], 4) != NULL; at++)
			;
		require(at < len && (text[at] == '}' || text[at] == ']' || text[at] == '"'));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *) data;

	check(protaddr_rewrite_json, text, size, 4 * 1024 * 1024);

	if (!contains(text, size, "agt") && !contains(text, size, "agent") &&
		!contains(text, size, "fininstnid") && !contains(text, size, "brnchid") &&
		!contains(text, size, "identification") && memchr(text, '\\', size) == NULL)
	{
		Outcome		withheld = run(protaddr_rewrite_json, text, size, PA_PLACE_WITHHOLD, 0, 0,
								   4 * 1024 * 1024);

		if (withheld.rewritten.verdict == PA_MESSAGE_OK)
		{
			require_no_address(withheld.text, withheld.len, "\"PstlAdr\"");
			require_no_address(withheld.text, withheld.len, "\"address\"");
			require_no_address(withheld.text, withheld.len, "\"homeAddress\"");
			require_no_address(withheld.text, withheld.len, "\"street\"");
		}
		free(withheld.text);
	}
	return 0;
}
