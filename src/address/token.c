/*
 * token.c
 *		What shape has a sealed value, and how does it look as text?
 *
 * As text it is "pa1." and the sealed bytes in base64url without padding
 * (RFC 4648, section 5): letters, digits, hyphen and underscore, which pass
 * unquoted through CSV, JSON, XML, URLs and COPY.
 *
 * One sealed value has one token.  A token with whitespace, with padding or
 * with stray bits behind the last byte is refused, not repaired.
 */
#include <string.h>

#include <openssl/evp.h>

#include "address/address.h"

#define MAX_BODY_LEN	((PA_MAX_SEAL * 8 + 5) / 6)

/* Characters decoded at a time, a multiple of 4. */
#define PARSE_CHUNK		1024

/*
 * Characters translated at a time when writing.  A loop of so many rounds,
 * without branches, becomes a few vector instructions under -O2; a loop up to
 * a length known only at run time does not.
 */
#define LANES			16

/* base64's letter for each one of base64url; 0 for any other byte */
#define SAME(letter)	[letter] = letter

static const unsigned char base64_letter[256] = {
	SAME('A'), SAME('B'), SAME('C'), SAME('D'), SAME('E'), SAME('F'),
	SAME('G'), SAME('H'), SAME('I'), SAME('J'), SAME('K'), SAME('L'),
	SAME('M'), SAME('N'), SAME('O'), SAME('P'), SAME('Q'), SAME('R'),
	SAME('S'), SAME('T'), SAME('U'), SAME('V'), SAME('W'), SAME('X'),
	SAME('Y'), SAME('Z'), SAME('a'), SAME('b'), SAME('c'), SAME('d'),
	SAME('e'), SAME('f'), SAME('g'), SAME('h'), SAME('i'), SAME('j'),
	SAME('k'), SAME('l'), SAME('m'), SAME('n'), SAME('o'), SAME('p'),
	SAME('q'), SAME('r'), SAME('s'), SAME('t'), SAME('u'), SAME('v'),
	SAME('w'), SAME('x'), SAME('y'), SAME('z'), SAME('0'), SAME('1'),
	SAME('2'), SAME('3'), SAME('4'), SAME('5'), SAME('6'), SAME('7'),
	SAME('8'), SAME('9'),
	['-'] = '+',['_'] = '/'
};

#undef SAME

_Static_assert(PARSE_CHUNK % 4 == 0, "a chunk is not whole groups of base64");

/*
 * protaddr_seal_shape
 *		True if these bytes have the shape of a sealed value.
 */
bool
protaddr_seal_shape(const uint8_t *seal, size_t len)
{
	return len >= PA_SEAL_OVERHEAD + PA_PLAIN_BLOCK &&
		len <= PA_MAX_SEAL &&
		(len - PA_SEAL_OVERHEAD) % PA_PLAIN_BLOCK == 0 &&
		seal[0] == PA_SEAL_VERSION;
}

/*
 * protaddr_token_length
 *		Length of the token for a seal of len bytes.
 */
size_t
protaddr_token_length(size_t len)
{
	return PA_TOKEN_PREFIX_LEN + len / 3 * 4 + (len % 3 == 0 ? 0 : len % 3 + 1);
}

/* Turns n characters of base64 into those of base64url. */
static inline void
to_base64url(char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
	{
		char		c = text[i];

		c = c == '+' ? '-' : c;
		c = c == '/' ? '_' : c;
		text[i] = c;
	}
}

/*
 * protaddr_token_write
 *		Write the token for a seal and return its length.
 *
 * 0 if there are more bytes than a seal can have.  EVP_EncodeBlock pads with
 * up to two "=" and ends with a NUL: three of the four spare bytes.
 */
size_t
protaddr_token_write(const uint8_t *seal, size_t len, char *out)
{
	char	   *body = out + PA_TOKEN_PREFIX_LEN;
	size_t		body_len;
	size_t		done = 0;

	if (len > PA_MAX_SEAL)
		return 0;

	body_len = protaddr_token_length(len) - PA_TOKEN_PREFIX_LEN;
	memcpy(out, PA_TOKEN_PREFIX, PA_TOKEN_PREFIX_LEN);
	(void) EVP_EncodeBlock((unsigned char *) body, seal, (int) len);
	for (; body_len - done >= LANES; done += LANES)
		to_base64url(body + done, LANES);
	to_base64url(body + done, body_len - done);
	return PA_TOKEN_PREFIX_LEN + body_len;
}

/*
 * Turns n characters of base64url into those of base64; false if one of them
 * is not of that alphabet.
 */
static bool
from_base64url(const char *in, size_t n, unsigned char *out)
{
	unsigned int strangers = 0;

	for (size_t i = 0; i < n; i++)
	{
		unsigned char c = base64_letter[(unsigned char) in[i]];

		strangers += c == 0;
		out[i] = c;
	}
	return strangers == 0;
}

/*
 * protaddr_token_parse
 *		Read a token and return the seal's length; 0 if it is not a token.
 *
 * The last group is filled up with "A", which stands for six zero bits, and
 * not with "=": so the surplus bytes show whether the stray bits were zero,
 * and nothing depends on how OpenSSL treats padding.  They are at most two
 * of the three spare bytes.
 */
size_t
protaddr_token_parse(const char *token, size_t len, uint8_t *out)
{
	unsigned char chunk[PARSE_CHUNK];
	const char *body = token + PA_TOKEN_PREFIX_LEN;
	size_t		body_len;
	size_t		seal_len;
	size_t		surplus;
	uint8_t    *at = out;

	if (len <= PA_TOKEN_PREFIX_LEN || len > PA_TOKEN_PREFIX_LEN + MAX_BODY_LEN ||
		memcmp(token, PA_TOKEN_PREFIX, PA_TOKEN_PREFIX_LEN) != 0)
		return 0;
	body_len = len - PA_TOKEN_PREFIX_LEN;
	if (body_len % 4 == 1)
		return 0;
	surplus = (4 - body_len % 4) % 4;
	seal_len = (body_len + surplus) / 4 * 3 - surplus;

	for (size_t done = 0; done < body_len; done += PARSE_CHUNK)
	{
		size_t		n = body_len - done;
		int			decoded;

		if (n > PARSE_CHUNK)
			n = PARSE_CHUNK;
		if (!from_base64url(body + done, n, chunk))
			return 0;
		while (n % 4 != 0)
			chunk[n++] = 'A';
		decoded = EVP_DecodeBlock(at, chunk, (int) n);
		if (decoded != (int) (n / 4 * 3))
			return 0;
		at += decoded;
	}

	for (size_t i = 0; i < surplus; i++)
	{
		if (out[seal_len + i] != 0)
			return 0;
	}
	return protaddr_seal_shape(out, seal_len) ? seal_len : 0;
}
