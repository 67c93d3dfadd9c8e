/*
 * fuzz_guard.c
 *		Does the guard's matcher keep its promises for any bytes whatever?
 *
 * The input is fields, each ended by a byte 0x1E: street, number, floor, door, post code,
 * town, house, box, a line, a word of the language tables and what it means; the rest is
 * the text.
 *
 *		- every match lies inside the text
 *		- the same text gives the same matches
 *		- an index that stands on the image of another gives the same as one that has all
 *		- what is left once the stretches are taken out, again and again, ends without any
 *
 * A broken promise aborts.  The text has exactly its size, so that the address sanitizer
 * sees a byte too many.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guard/matcher.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PROMISE(condition) \
	do { \
		if (!(condition)) \
		{ \
			fprintf(stderr, "broken promise at line %d: %s\n", __LINE__, #condition); \
			abort(); \
		} \
	} while (0)

#define MOST_MATCHES 64

typedef struct Found
{
	size_t		len;			/* of the text */
	int			n;
	PaGuardMatch match[MOST_MATCHES];
}			Found;

static void *
resize(void *arg, void *old, size_t size)
{
	void	   *memory = realloc(old, size > 0 ? size : 1);

	if (memory == NULL)
		exit(1);
	return memory;
}

static void
release(void *arg, void *old)
{
	free(old);
}

static size_t
decompose(void *arg, uint32_t c, uint32_t *out, size_t max)
{
	/* as compatible characters of full width are */
	if (c < 0xFF01 || c > 0xFF5E || max < 1)
		return 0;
	out[0] = c - 0xFF01 + '!';
	return 1;
}

static bool
keep(void *arg, const PaGuardMatch *match)
{
	Found	   *found = arg;

	PROMISE(match->id != 0);
	PROMISE(match->length > 0 && match->start <= found->len && match->length <= found->len - match->start);
	PROMISE(match->certainty >= PA_DOUBTFUL && match->certainty <= PA_EXACT);
	if (found->n < MOST_MATCHES)
		found->match[found->n++] = *match;
	return found->n < MOST_MATCHES;
}

static void
find(const PaGuardIndex *index, const char *text, size_t len, Found *found)
{
	memset(found, 0, sizeof(*found));
	found->len = len;
	protaddr_guard_find(index, text, len, keep, NULL, found);
}

/* field takes the next field off the input. */
static PaText
field(const uint8_t **data, size_t *size)
{
	const uint8_t *end = memchr(*data, 0x1E, *size);
	PaText		text = {(const char *) *data, 0};

	if (end == NULL)
		return text;
	text.len = (uint32_t) (end - *data);
	*size -= text.len + 1;
	*data = end + 1;
	return text;
}

/* above_image gives an index with an address under 2, on the image of one that has it under 1. */
static PaGuardIndex *
above_image(const PaGuardMemory *memory, const uint8_t *key, const PaGuardWord *word, const PaAddress *address,
			PaGuardIndex **below, void **image)
{
	PaGuardIndex *index = protaddr_guard_index_new(memory, key, word, PA_WORD_KINDS, 1);
	size_t		size;

	PROMISE(index != NULL);
	(void) protaddr_guard_index_add(index, 1, address);
	size = protaddr_guard_image_size(index);
	*image = malloc(size);
	PROMISE(*image != NULL);
	protaddr_guard_image_write(index, *image);
	protaddr_guard_index_free(index);
	*below = protaddr_guard_image_read(memory, *image);
	index = protaddr_guard_index_above(memory, *below, 1);
	PROMISE(*below != NULL && index != NULL);
	(void) protaddr_guard_index_add(index, 2, address);
	return index;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const PaElement elements[] = {PA_STRTNM, PA_BLDGNB, PA_FLR, PA_UNITNB, PA_PSTCD, PA_TWNNM, PA_BLDGNM, PA_PSTBX};
	static const PaGuardMemory memory = {.resize = resize,.release = release,.decompose = decompose};
	static const uint8_t key[PA_GUARD_KEY_SIZE] = "fuzzers know it";
	PaGuardWord word[PA_WORD_KINDS];
	PaGuardIndex *index;
	PaGuardIndex *above;
	PaGuardIndex *below;
	void	   *image;
	PaAddress	address;
	Found		found;
	Found		again;
	char	   *text;
	size_t		len;

	if (size > 20000)
		return 0;
	memset(&address, 0, sizeof(address));
	for (size_t i = 0; i < sizeof(elements) / sizeof(elements[0]); i++)
		address.element[elements[i]] = field(&data, &size);
	address.line[0] = field(&data, &size);
	address.nlines = address.line[0].len > 0 ? 1 : 0;
	for (int kind = 0; kind < PA_WORD_KINDS; kind++)
	{
		word[kind].kind = (PaWordKind) kind;
		word[kind].word = kind == 0 ? field(&data, &size) : word[0].word;
		word[kind].means = kind == 0 ? field(&data, &size) : word[0].means;
	}

	index = protaddr_guard_index_new(&memory, key, word, PA_WORD_KINDS, 1);
	PROMISE(index != NULL);
	(void) protaddr_guard_index_add(index, 1, &address);

	len = size;
	text = malloc(len > 0 ? len : 1);
	if (text == NULL)
		exit(1);
	memcpy(text, data, len);
	find(index, text, len, &found);
	find(index, text, len, &again);
	PROMISE(memcmp(&found, &again, sizeof(found)) == 0);

	/* the address twice: below, and above what is below */
	(void) protaddr_guard_index_add(index, 2, &address);
	find(index, text, len, &found);
	above = above_image(&memory, key, word, &address, &below, &image);
	find(above, text, len, &again);
	PROMISE(memcmp(&found, &again, sizeof(found)) == 0);
	protaddr_guard_index_free(above);
	protaddr_guard_image_leave(below);
	free(image);

	/* one stretch at a time, so that what it hid is looked for as well */
	for (size_t rounds = 0; found.n > 0; rounds++)
	{
		size_t		start = found.match[0].start;
		size_t		end = start + found.match[0].length;

		PROMISE(rounds <= size);
		memmove(text + start, text + end, len - end);
		len -= end - start;
		find(index, text, len, &found);
	}
	free(text);
	protaddr_guard_index_free(index);
	return 0;
}
