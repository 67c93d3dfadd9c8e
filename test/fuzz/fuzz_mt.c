/*
 * fuzz_mt.c
 *		Can any SWIFT MT text make the rewriter read outside it, lose a byte that is
 *		no address, or leave an address that it has found?
 *
 *		make fuzz-programs; build_fuzz/fuzz_mt -dict=test/fuzz/mt.dict test/fuzz/corpus_mt
 *
 * What must hold is in fuzz_rewriting.h.
 */
#include "fuzz_rewriting.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check(protaddr_rewrite_mt, (const char *) data, size, 256 * 1024);
	return 0;
}
