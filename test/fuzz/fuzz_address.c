/*
 * fuzz_address.c
 *		Do the address functions keep their promises for any bytes whatever?
 *
 * The first byte chooses what is tried, the rest is the input:
 *
 *		0	decode: what is accepted is encoded to the same bytes
 *		1	token: what is accepted is written as the same text
 *		2	an address built from the bytes: encoded and decoded it is the same,
 *			and its line holds every element
 *		3	texts and identifiers: verdicts agree with each other
 *
 * A broken promise aborts.  Buffers have exactly the promised size, so that
 * the address sanitizer sees a byte too many.
 *
 *		clang -g -O1 -fsanitize=fuzzer,address,undefined -Isrc \
 *			test/fuzz/fuzz_address.c \
 *			src/address/{element,country,codec,token,format}.c \
 *			src/register/subject.c -lcrypto
 */
#define _GNU_SOURCE				/* memmem */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address/address.h"
#include "person/subject.h"
#include "text/text.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PROMISE(condition) \
	do { \
		if (!(condition)) \
		{ \
			fprintf(stderr, "broken promise at line %d: %s\n", __LINE__, #condition); \
			abort(); \
		} \
	} while (0)

static void *
allocate(size_t size)
{
	void	   *p = malloc(size);

	if (p == NULL)
		exit(1);
	return p;
}

static bool
same_text(PaText a, PaText b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static bool
has_subject(const PaAddress *address, PaText subject)
{
	for (int i = 0; i < address->nsubjects; i++)
	{
		if (same_text(address->subject[i], subject))
			return true;
	}
	return false;
}

static void
check_holds(const char *line, size_t len, PaText text)
{
	if (text.len > 0)
		PROMISE(memmem(line, len, text.data, text.len) != NULL);
}

/* The line holds every element; tidy ones leave no stray comma or blank. */
static void
try_format(const PaAddress *address, bool tidy)
{
	char	   *line = allocate(PA_LINE_SIZE);
	size_t		len = protaddr_format_line(address, line);

	PROMISE(len <= PA_LINE_SIZE);
	for (int i = PA_CAREOF; i < PA_CTRY; i++)
		check_holds(line, len, address->element[i]);
	for (int i = 0; i < address->nlines; i++)
		check_holds(line, len, address->line[i]);

	if (tidy && len > 0)
	{
		PROMISE(line[0] != ' ' && line[0] != ',' && line[0] != '-' && line[0] != '/');
		PROMISE(line[len - 1] != ' ' && line[len - 1] != ',' && line[len - 1] != '-' &&
				line[len - 1] != '/');
		PROMISE(memmem(line, len, "  ", 2) == NULL);
		PROMISE(memmem(line, len, ",,", 2) == NULL);
		PROMISE(memmem(line, len, " ,", 2) == NULL);
		PROMISE(memmem(line, len, "..", 2) == NULL);
	}
	free(line);
}

static void
try_decode(const uint8_t *data, size_t size)
{
	size_t		padded = (size + PA_PLAIN_BLOCK - 1) / PA_PLAIN_BLOCK * PA_PLAIN_BLOCK;
	uint8_t    *plain;
	PaAddress	address;

	/* as it is: nearly always refused, but it must not be read beyond its end */
	(void) protaddr_decode(data, size, &address);

	plain = allocate(padded + 1);
	if (size > 0)
		memcpy(plain, data, size);
	memset(plain + size, 0, padded - size);
	if (protaddr_decode(plain, padded, &address))
	{
		uint8_t    *again = allocate(padded);

		PROMISE(protaddr_encode(&address, again, padded) == padded);
		PROMISE(memcmp(again, plain, padded) == 0);
		PROMISE(protaddr_encode(&address, again, padded - 1) == 0);
		free(again);
		try_format(&address, false);
	}
	free(plain);
}

static void
try_token_text(const char *text, size_t len)
{
	uint8_t    *seal = allocate(PA_MAX_SEAL + 3);
	size_t		seal_len = protaddr_token_parse(text, len, seal);

	if (seal_len > 0)
	{
		char	   *again = allocate(protaddr_token_length(seal_len) + 4);

		PROMISE(protaddr_seal_shape(seal, seal_len));
		PROMISE(protaddr_token_length(seal_len) == len);
		PROMISE(protaddr_token_write(seal, seal_len, again) == len);
		PROMISE(memcmp(again, text, len) == 0);
		free(again);
	}
	free(seal);
}

static void
try_token(const uint8_t *data, size_t size)
{
	char	   *token = allocate(protaddr_token_length(size) + 4);
	size_t		len;

	try_token_text((const char *) data, size);

	/* the bytes as a seal */
	len = protaddr_token_write(data, size, token);
	if (size <= PA_MAX_SEAL)
	{
		PROMISE(len == protaddr_token_length(size));
		if (size > 0 && protaddr_seal_shape(data, size))
		{
			uint8_t    *seal = allocate(PA_MAX_SEAL + 3);

			PROMISE(protaddr_token_parse(token, len, seal) == size);
			PROMISE(memcmp(seal, data, size) == 0);
			free(seal);
		}
		try_token_text(token, len);
	}
	else
		PROMISE(len == 0);
	free(token);
}

/* Takes bytes from the input until it is used up. */
typedef struct Source
{
	const uint8_t *at;
	const uint8_t *end;
} Source;

static unsigned int
take_byte(Source *source)
{
	return source->at < source->end ? *source->at++ : 0;
}

/*
 * A text of at most max bytes: a piece of the input, or of a text of our own
 * that is repeated, so that short inputs make long texts too.
 */
static PaText
take_text(Source *source, size_t max)
{
	static const char filler[] =
		"abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0123456789"
		"abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0123456789"
		"abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0123456789"
		"abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0123456789"
		"abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0123456789"
		"abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0123456789"
		"abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0123456789"
		"abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0123456789";
	PaText		text = {NULL, 0};
	unsigned int how = take_byte(source);
	size_t		len = how & 0x3F;

	if (how & 0x80)
	{
		text.data = filler;
		text.len = (uint32_t) ((how & 0x40) ? max : len < max ? len : max);
		return text;
	}
	if (len > max)
		len = max;
	if (len > (size_t) (source->end - source->at))
		len = (size_t) (source->end - source->at);
	text.data = (const char *) source->at;
	text.len = (uint32_t) len;
	source->at += len;
	return text;
}

/* True if no text can itself be the reason for a stray comma or blank. */
static bool
is_tidy(PaText text)
{
	for (uint32_t i = 0; i < text.len; i++)
	{
		char		c = text.data[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')))
			return false;
	}
	return true;
}

static void
try_address(const uint8_t *data, size_t size)
{
	Source		source = {data, data + size};
	PaAddress	address;
	PaAddress	back;
	uint8_t    *plain = allocate(PA_MAX_PLAIN);
	uint8_t    *exact;
	size_t		len;
	bool		tidy = true;
	bool		empty = true;
	bool		valid = true;

	memset(&address, 0, sizeof(address));
	address.element[PA_CTRY] = take_text(&source, 2);
	for (int i = 0; i < PA_CTRY; i++)
		address.element[i] = take_text(&source, 4 * (size_t) protaddr_elements[i].max_chars);
	address.nlines = (int) (take_byte(&source) % (PA_MAX_LINES + 1));
	for (int i = 0; i < address.nlines; i++)
		address.line[i] = take_text(&source, 4 * PA_ADRLINE_CHARS);
	address.nsubjects = (int) (take_byte(&source) % (PA_MAX_SUBJECTS + 1));
	for (int i = 0; i < address.nsubjects; i++)
		address.subject[i] = take_text(&source, PA_SUBJECT_SIZE);
	address.release = (PaRelease) (take_byte(&source) % 5);
	address.disclosure = take_byte(&source);
	address.channel = take_text(&source, PA_CHANNEL_SIZE);
	address.typist = take_text(&source, PA_TYPIST_SIZE);

	for (int i = 0; i < PA_NELEMENTS; i++)
	{
		empty = empty && address.element[i].len == 0;
		tidy = tidy && is_tidy(address.element[i]);
	}
	for (int i = 0; i < address.nlines; i++)
	{
		empty = false;
		valid = valid && address.line[i].len > 0;
		tidy = tidy && is_tidy(address.line[i]);
	}
	for (int i = 0; i < address.nsubjects; i++)
	{
		valid = valid && address.subject[i].len > 0;
		for (int j = 0; j < i; j++)
			valid = valid && !same_text(address.subject[i], address.subject[j]);
	}
	valid = valid && !empty;
	valid = valid && (address.release != PA_NOT_RELEASED) == (address.channel.len > 0);
	valid = valid && (address.release == PA_RELEASED_DISCLOSED) == (address.disclosure != 0);

	len = protaddr_encode(&address, plain, PA_MAX_PLAIN);
	PROMISE((len > 0) == valid);
	if (len > 0)
	{
		PROMISE(len % PA_PLAIN_BLOCK == 0);
		exact = allocate(len);
		PROMISE(protaddr_encode(&address, exact, len) == len);
		PROMISE(protaddr_decode(exact, len, &back));
		for (int i = 0; i < PA_NELEMENTS; i++)
			PROMISE(same_text(address.element[i], back.element[i]));
		PROMISE(address.nlines == back.nlines);
		for (int i = 0; i < address.nlines; i++)
			PROMISE(same_text(address.line[i], back.line[i]));
		PROMISE(address.nsubjects == back.nsubjects);
		for (int i = 0; i < address.nsubjects; i++)
			PROMISE(has_subject(&back, address.subject[i]));
		PROMISE(address.release == back.release);
		PROMISE(address.disclosure == back.disclosure);
		PROMISE(same_text(address.channel, back.channel));
		PROMISE(same_text(address.typist, back.typist));
		try_format(&back, tidy);
		free(exact);
	}
	free(plain);
}

static void
try_texts(const uint8_t *data, size_t size)
{
	const char *text = (const char *) data;
	PaTextVerdict line = protaddr_check_line(text, size);
	bool		withheld = protaddr_looks_withheld(text, size);
	int			element = protaddr_element_by_name(text, size);
	char		key[PA_SUBJECT_SIZE];
	char		again[PA_SUBJECT_SIZE];
	int			len;

	PROMISE((line == PA_TEXT_EMPTY) >= (size == 0));
	PROMISE(line != PA_TEXT_OK || (!withheld && size <= 4 * PA_ADRLINE_CHARS));
	PROMISE(line != PA_TEXT_WITHHELD || withheld);
	PROMISE(line != PA_TEXT_NOT_A_CODE);
	if (memmem(text, size, "[address withheld", 17) != NULL)
		PROMISE(withheld);
	for (int i = 0; i < PA_NELEMENTS; i++)
	{
		PaTextVerdict verdict = protaddr_check_element((PaElement) i, text, size);

		/* elements of one length differ from a line only in their vocabulary */
		if (protaddr_elements[i].max_chars == PA_ADRLINE_CHARS)
			PROMISE(verdict == line);
		if (verdict == PA_TEXT_OK && protaddr_elements[i].max_chars <= PA_ADRLINE_CHARS)
			PROMISE(line == PA_TEXT_OK);
		if (i == PA_CTRY && verdict == PA_TEXT_OK)
			PROMISE(protaddr_country_known(text, size));
	}
	if (element >= 0)
		PROMISE(strlen(protaddr_elements[element].name) == size &&
				memcmp(protaddr_elements[element].name, text, size) == 0);

	len = protaddr_subject_key(text, size, key);
	PROMISE(len >= PA_SUBJECT_BROKEN && len <= PA_SUBJECT_SIZE);
	if (len > 0)
	{
		PROMISE(protaddr_subject_key(key, (size_t) len, again) == len);
		PROMISE(memcmp(key, again, (size_t) len) == 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	switch (data[0] % 4)
	{
		case 0:
			try_decode(data + 1, size - 1);
			break;
		case 1:
			try_token(data + 1, size - 1);
			break;
		case 2:
			try_address(data + 1, size - 1);
			break;
		default:
			try_texts(data + 1, size - 1);
			break;
	}
	return 0;
}
