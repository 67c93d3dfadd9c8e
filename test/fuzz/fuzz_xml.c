/*
 * fuzz_xml.c
 *		Can any message make the XML rewriter read outside it, lose memory, keep an
 *		address that is withheld, or change anything else?
 *
 *		clang -g -O1 -fsanitize=fuzzer,address,undefined -Isrc -o fuzz_xml \
 *			test/fuzz/fuzz_xml.c src/message/iso_[nwxp]*.c src/message/town.c \
 *			src/address/element.c src/address/country.c -lexpat
 *		./fuzz_xml -dict=test/fuzz/xml.dict -max_len=4096 test/fuzz/corpus_xml
 *
 * The input is a message as it stands, read as it declares and as UTF-8.  With
 * everything kept it must come out as it is; with everything withheld it must be such
 * that doing it again changes nothing; with whatever its hash gives, it must be a
 * message again.  All three are asked the same.
 */
#include "../unit/iso_rewriting.h"

#define MEMORY	(32 * 1024 * 1024)

#define TEXT(s) {s, sizeof(s) - 1}

static const PaAddress address = {
	.element = {
		[PA_ADRTP] = TEXT("HOME"),
		[PA_CAREOF] = TEXT("B\303\270rge <&> \"Co\""),
		[PA_STRTNM] = TEXT("Erstatningsvej"),
		[PA_TWNNM] = TEXT("\303\205by"),
		[PA_CTRY] = TEXT("DK")
	},
	.line = {TEXT("\360\237\217\240 ]]> --")},
	.nlines = 1
};

static const PaBirth birth = {TEXT("1970-01-02"), TEXT("\303\230en"), TEXT("\303\205by"), TEXT("DK")};

static char asked[2][65536];

static void
require(bool good)
{
	if (!good)
		abort();
}

static uint64_t
hash_bytes(const uint8_t *data, size_t len)
{
	uint64_t	hash = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ data[i]) * UINT64_C(1099511628211);
	return hash;
}

static void
run(Rewriting *r, const char *actions, const char *message, size_t len, const char *encoding)
{
	r->actions = actions;
	r->substitute = &address;
	r->birth = &birth;
	rewriting_run(r, message, len, encoding);
	require(r->in_use == 0 && r->most < MEMORY);
	require(r->verdict == r->rewritten.verdict);
	require(r->rewritten.offset <= len);
	require(r->rewritten.withheld + r->rewritten.reduced + r->rewritten.substituted <= r->rewritten.places);
}

static void
compare(const char *message, size_t len, const char *encoding, uint64_t hash)
{
	Rewriting	keep = {.asked = asked[0],.asked_size = sizeof(asked[0])};
	Rewriting	other = {.asked = asked[1],.asked_size = sizeof(asked[1])};
	Rewriting	again = {0};
	char		actions[16];

	run(&keep, "k", message, len, encoding);
	if (keep.verdict == PA_MESSAGE_OK)
		require(keep.len == len && memcmp(keep.data, message, len) == 0);

	run(&other, "w", message, len, encoding);
	require(other.verdict == keep.verdict && strcmp(asked[0], asked[1]) == 0);
	if (other.verdict == PA_MESSAGE_OK)
	{
		require(other.rewritten.withheld == other.rewritten.places);
		require(other.rewritten.places == keep.rewritten.places);
		run(&again, "w", other.data, other.len, encoding);
		require(again.verdict == PA_MESSAGE_OK);
		require(again.len == other.len && memcmp(again.data, other.data, other.len) == 0);
	}

	for (size_t i = 0; i + 1 < sizeof(actions); i++, hash /= 6)
		actions[i] = "kwmcsb"[hash % 6];
	actions[sizeof(actions) - 1] = '\0';
	run(&other, actions, message, len, encoding);
	require(other.verdict == keep.verdict && strcmp(asked[0], asked[1]) == 0);
	if (other.verdict == PA_MESSAGE_OK && other.rewritten.places > 0)
	{
		/* what is new may stand deeper than what was there */
		run(&again, "k", other.data, other.len, encoding);
		require(again.verdict == PA_MESSAGE_OK || again.verdict == PA_MESSAGE_TOO_DEEP);
	}
	free(keep.data);
	free(other.data);
	free(again.data);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t	hash = hash_bytes(data, size);

	compare((const char *) data, size, NULL, hash);
	compare((const char *) data, size, "UTF-8", hash);
	return 0;
}
