/*
 * chain.c
 *		Is each record what was written, and does it follow the one before?
 */
#include "audit/trail.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>
#include <sodium.h>

#define NODE_AT		"{\"node\":\""
#define SEQ_AT		"\",\"seq\":"
#define AT_AT		",\"at\":\""
#define KIND_AT		"\",\"kind\":\""

/* protaddr_trail_digest is SHA-256 of two pieces. */
void
protaddr_trail_digest(const uint8_t *first, size_t first_len, const void *bytes, size_t len,
					  uint8_t digest[PA_TRAIL_HASH_SIZE])
{
	static EVP_MD_CTX *context = NULL;
	static EVP_MD *sha256 = NULL;
	unsigned int digest_len = PA_TRAIL_HASH_SIZE;

	/* made once: making one costs more than a digest */
	if (context == NULL)
	{
		sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
		context = EVP_MD_CTX_new();
	}
	if (sha256 != NULL && context != NULL && EVP_DigestInit_ex2(context, sha256, NULL) == 1 &&
		EVP_DigestUpdate(context, first, first_len) == 1 && EVP_DigestUpdate(context, bytes, len) == 1 &&
		EVP_DigestFinal_ex(context, digest, &digest_len) == 1)
		return;
	{
		/* without memory, or without this library: another one */
		crypto_hash_sha256_state state;

		crypto_hash_sha256_init(&state);
		crypto_hash_sha256_update(&state, first, first_len);
		crypto_hash_sha256_update(&state, (const unsigned char *) bytes, len);
		crypto_hash_sha256_final(&state, digest);
	}
}

/* ---- a line ------------------------------------------------------------------------ */

/* at_time writes a time in UTC. */
static void
write_time(char at[PA_TRAIL_AT_SIZE + 1], int64_t us)
{
	time_t		seconds = (time_t) (us / 1000000);
	struct tm	tm;

	gmtime_r(&seconds, &tm);
	(void) snprintf(at, PA_TRAIL_AT_SIZE + 1, "%04u-%02u-%02uT%02u:%02u:%02u.%06uZ",
					(unsigned) (tm.tm_year + 1900) % 10000, (unsigned) (tm.tm_mon + 1) % 100, (unsigned) tm.tm_mday % 100,
					(unsigned) tm.tm_hour % 100, (unsigned) tm.tm_min % 100, (unsigned) tm.tm_sec % 100,
					(unsigned) (us % 1000000));
}

/*
 * protaddr_trail_write_line writes the line of a record, its end included, and gives the
 * length and the record's hash.
 */
size_t
protaddr_trail_write_line(char line[PA_TRAIL_LINE_SIZE], const char *node, uint64_t seq, int64_t at_us,
						  const uint8_t before[PA_TRAIL_HASH_SIZE], const PaTrailRecord *record,
						  uint8_t hash[PA_TRAIL_HASH_SIZE])
{
	char	   *json = line + PA_TRAIL_HASH_HEX + 1;
	char		at[PA_TRAIL_AT_SIZE + 1];
	size_t		len;

	write_time(at, at_us);
	len = (size_t) snprintf(json, PA_TRAIL_JSON_SIZE, NODE_AT "%s" SEQ_AT "%llu" AT_AT "%s" KIND_AT "%s\"",
							node, (unsigned long long) seq, at, record->kind);
	memcpy(json + len, record->data, record->len);
	len += record->len;
	if (record->full)
	{
		memcpy(json + len, ",\"full\":true", 12);
		len += 12;
	}
	json[len++] = '}';
	protaddr_trail_digest(before, PA_TRAIL_HASH_SIZE, json, len, hash);
	protaddr_trail_to_hex(hash, PA_TRAIL_HASH_SIZE, line);
	line[PA_TRAIL_HASH_HEX] = ' ';
	json[len] = '\n';
	return PA_TRAIL_HASH_HEX + 1 + len + 1;
}

/* step_over moves on over what must stand there; false if it does not. */
static bool
step_over(const char **at, const char *end, const char *expected)
{
	size_t		len = strlen(expected);

	if ((size_t) (end - *at) < len || memcmp(*at, expected, len) != 0)
		return false;
	*at += len;
	return true;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* read_number reads a number without leading zeros, up to 19 digits. */
static bool
read_number(const char **at, const char *end, uint64_t *number)
{
	const char *begin = *at;

	*number = 0;
	while (*at < end && is_digit(**at) && *at - begin < 19)
		*number = *number * 10 + (uint64_t) (*(*at)++ - '0');
	return *at > begin && (*begin != '0' || *at == begin + 1) && (*at == end || !is_digit(**at));
}

/* protaddr_trail_parse takes a line apart, without its end; false if it is no record's. */
bool
protaddr_trail_parse(const char *line, size_t len, PaTrailLine *parsed)
{
	const char *end = line + len;
	const char *at = line + PA_TRAIL_HASH_HEX;
	uint8_t		bytes[PA_TRAIL_HASH_SIZE];

	if (len < PA_TRAIL_HASH_HEX + 2 || len > PA_TRAIL_LINE_SIZE ||
		!protaddr_trail_of_hex(line, PA_TRAIL_HASH_SIZE, bytes) || *at != ' ')
		return false;
	parsed->hash = line;
	parsed->json = ++at;
	parsed->json_len = (size_t) (end - at);
	if (end[-1] != '}' || !step_over(&at, end, NODE_AT) || end - at < PA_TRAIL_NODE_SIZE ||
		!protaddr_trail_of_hex(at, PA_TRAIL_NODE_SIZE / 2, bytes))
		return false;
	parsed->node = at;
	at += PA_TRAIL_NODE_SIZE;
	if (!step_over(&at, end, SEQ_AT) || !read_number(&at, end, &parsed->seq) ||
		!step_over(&at, end, AT_AT) || end - at < PA_TRAIL_AT_SIZE)
		return false;
	parsed->at = at;
	at += PA_TRAIL_AT_SIZE;
	if (!step_over(&at, end, KIND_AT))
		return false;
	parsed->kind = at;
	while (at < end && ((*at >= 'a' && *at <= 'z') || *at == '_'))
		at++;
	parsed->kind_len = (size_t) (at - parsed->kind);
	if (!step_over(&at, end, "\""))
		return false;
	parsed->rest = at;
	parsed->rest_len = (size_t) (end - at);
	return true;
}

/* skip_string moves behind a string that begins here; false if it has no end. */
static bool
skip_string(const char **at, const char *end)
{
	for ((*at)++; *at < end; (*at)++)
	{
		if (**at == '\\')
			(*at)++;
		else if (**at == '"')
		{
			(*at)++;
			return true;
		}
	}
	return false;
}

/*
 * protaddr_trail_field finds a field of the record by name, in the object itself: its
 * value as it stands there, a text without quotation marks.
 */
bool
protaddr_trail_field(const PaTrailLine *line, const char *name, const char **value, size_t *len)
{
	const char *at = line->rest;
	const char *end = at + line->rest_len;
	size_t		name_len = strlen(name);
	int			depth = 0;

	while (at < end)
	{
		const char *begin = at;
		bool		found;

		if (*at != '"')
		{
			depth += *at == '{' || *at == '[' ? 1 : *at == '}' || *at == ']' ? -1 : 0;
			at++;
			continue;
		}
		if (!skip_string(&at, end) || at >= end)
			return false;
		if (*at != ':')
			continue;
		found = depth == 0 && (size_t) (at - begin) == name_len + 2 && memcmp(begin + 1, name, name_len) == 0;
		begin = ++at;
		if (at < end && *at == '"')
		{
			if (!skip_string(&at, end))
				return false;
			*value = begin + 1;
			*len = (size_t) (at - begin) - 2;
		}
		else
		{
			while (at < end && *at != ',' && *at != '}' && *at != '{' && *at != '[')
				at++;
			*value = begin;
			*len = (size_t) (at - begin);
		}
		if (found)
			return true;
	}
	return false;
}

bool
protaddr_trail_field_number(const PaTrailLine *line, const char *name, uint64_t *number)
{
	const char *value;
	size_t		len;
	const char *end;

	if (!protaddr_trail_field(line, name, &value, &len))
		return false;
	end = value + len;
	return read_number(&value, end, number) && value == end;
}

/* protaddr_trail_field_hex reads a field of exactly so many bytes. */
bool
protaddr_trail_field_hex(const PaTrailLine *line, const char *name, uint8_t *bytes, size_t len)
{
	const char *value;
	size_t		value_len;

	return protaddr_trail_field(line, name, &value, &value_len) && value_len == len * 2 &&
		protaddr_trail_of_hex(value, len, bytes);
}

static bool
is_kind(const PaTrailLine *line, const char *kind)
{
	return line->kind_len == strlen(kind) && memcmp(line->kind, kind, line->kind_len) == 0;
}

/* ---- the chain ----------------------------------------------------------------------- */

/* protaddr_trail_signed_text says what is signed: that the chain has this hash at this record. */
size_t
protaddr_trail_signed_text(char text[PA_TRAIL_SIGNED_SIZE], const char *node, uint64_t seq,
						   const uint8_t hash[PA_TRAIL_HASH_SIZE])
{
	char		hex[PA_TRAIL_HASH_HEX + 1];

	protaddr_trail_to_hex(hash, PA_TRAIL_HASH_SIZE, hex);
	hex[PA_TRAIL_HASH_HEX] = '\0';
	return (size_t) snprintf(text, PA_TRAIL_SIGNED_SIZE, "protaddr audit %d %s %llu %s", PA_TRAIL_FORMAT, node,
							 (unsigned long long) seq, hex);
}

/* protaddr_trail_follow_begin begins with the first file that there is of a node. */
void
protaddr_trail_follow_begin(PaTrailChain *chain, const char *node, const uint8_t *key)
{
	memset(chain, 0, sizeof(*chain));
	memcpy(chain->node, node, PA_TRAIL_NODE_SIZE);
	if (key != NULL)
	{
		chain->has_key = true;
		memcpy(chain->key, key, PA_TRAIL_KEY_SIZE);
	}
}

/* follow_checkpoint judges a signature of a record that is in its place. */
static PaTrailVerdict
follow_checkpoint(PaTrailChain *chain, const PaTrailLine *line, const uint8_t before[PA_TRAIL_HASH_SIZE])
{
	uint8_t		key[PA_TRAIL_KEY_SIZE];
	uint8_t		signature[PA_TRAIL_SIGNATURE_SIZE];
	char		text[PA_TRAIL_SIGNED_SIZE];
	size_t		len;
	uint64_t	of;
	const uint8_t *hash;

	if (!protaddr_trail_field_number(line, "of", &of) ||
		!protaddr_trail_field_hex(line, "key", key, sizeof(key)) ||
		!protaddr_trail_field_hex(line, "signature", signature, sizeof(signature)))
		return PA_TRAIL_FORGED;
	if (of + 1 == line->seq)
		hash = before;
	else if (of == chain->marked && of != 0)
		hash = chain->marked_hash;
	else
		return PA_TRAIL_FORGED;
	if (!chain->has_key)
	{
		chain->has_key = true;
		memcpy(chain->key, key, sizeof(key));
	}
	len = protaddr_trail_signed_text(text, chain->node, of, hash);
	if (memcmp(key, chain->key, sizeof(key)) != 0 ||
		crypto_sign_verify_detached(signature, (const unsigned char *) text, len, key) != 0)
		return PA_TRAIL_FORGED;
	chain->signed_to = of;
	return PA_TRAIL_WHOLE;
}

/* follow_torn judges the record that says of the line before that a crash has torn it. */
static bool
follow_torn(PaTrailChain *chain, const PaTrailLine *line)
{
	uint64_t	bytes;
	uint8_t		digest[PA_TRAIL_HASH_SIZE];

	if (!chain->open || !is_kind(line, "torn") || !protaddr_trail_field_number(line, "bytes", &bytes) ||
		!protaddr_trail_field_hex(line, "digest", digest, sizeof(digest)) || bytes != chain->open_len ||
		memcmp(digest, chain->open_digest, sizeof(digest)) != 0)
		return false;
	chain->open = false;
	chain->torn++;
	return true;
}

/*
 * protaddr_trail_follow goes on by one line, without its end.  Once it has found
 * something wrong, what follows cannot be judged; chain->seq is the last good record.
 */
PaTrailVerdict
protaddr_trail_follow(PaTrailChain *chain, const char *line, size_t len, PaTrailLine *parsed)
{
	uint8_t		before[PA_TRAIL_HASH_SIZE];
	uint8_t		hash[PA_TRAIL_HASH_SIZE];
	uint8_t		written[PA_TRAIL_HASH_SIZE];
	bool		parses = protaddr_trail_parse(line, len, parsed);

	memcpy(before, chain->hash, sizeof(before));
	if (parses && !chain->begun)
	{
		/* the chain's first record; or the first that is left of it */
		if (parsed->seq != 1 && (!is_kind(parsed, "file") ||
								 !protaddr_trail_field_hex(parsed, "after", before, sizeof(before))))
			return PA_TRAIL_MISSING;
		chain->first = parsed->seq;
		chain->seq = parsed->seq - 1;
		memcpy(chain->hash, before, sizeof(before));
		chain->begun = true;
	}
	if (parses && memcmp(parsed->node, chain->node, PA_TRAIL_NODE_SIZE) != 0)
		return chain->open ? PA_TRAIL_ALTERED : PA_TRAIL_REPEATED;
	if (parses)
	{
		protaddr_trail_digest(before, sizeof(before), parsed->json, parsed->json_len, hash);
		(void) protaddr_trail_of_hex(parsed->hash, sizeof(written), written);
	}
	if (!parses || (memcmp(hash, written, sizeof(hash)) != 0 && parsed->seq == chain->seq + 1))
	{
		if (chain->open)
			return PA_TRAIL_ALTERED;
		chain->open = true;
		chain->open_len = len;
		protaddr_trail_digest(NULL, 0, line, len, chain->open_digest);
		return PA_TRAIL_WHOLE;
	}
	if (memcmp(hash, written, sizeof(hash)) != 0)
		return chain->open ? PA_TRAIL_ALTERED :
			parsed->seq <= chain->seq ? PA_TRAIL_REPEATED : PA_TRAIL_MISSING;
	if (parsed->seq != chain->seq + 1)
		return PA_TRAIL_ALTERED;
	if ((chain->open || is_kind(parsed, "torn")) && !follow_torn(chain, parsed))
		return PA_TRAIL_ALTERED;
	if (is_kind(parsed, "checkpoint"))
	{
		PaTrailVerdict verdict = follow_checkpoint(chain, parsed, before);

		if (verdict != PA_TRAIL_WHOLE)
			return verdict;
	}
	chain->seq = parsed->seq;
	chain->records++;
	memcpy(chain->hash, hash, sizeof(hash));
	if (is_kind(parsed, "mark"))
	{
		chain->marked = parsed->seq;
		memcpy(chain->marked_hash, hash, sizeof(hash));
	}
	return PA_TRAIL_WHOLE;
}

/* protaddr_trail_follow_end judges what has not been judged yet when there are no more lines. */
PaTrailVerdict
protaddr_trail_follow_end(PaTrailChain *chain)
{
	return chain->open ? PA_TRAIL_ALTERED : PA_TRAIL_WHOLE;
}

const char *
protaddr_trail_verdict_word(PaTrailVerdict verdict)
{
	static const char *const words[] = {
		[PA_TRAIL_WHOLE] = "whole",
		[PA_TRAIL_TORN] = "torn",
		[PA_TRAIL_ALTERED] = "altered",
		[PA_TRAIL_MISSING] = "missing",
		[PA_TRAIL_REPEATED] = "repeated",
		[PA_TRAIL_FORKED] = "forked",
		[PA_TRAIL_FORGED] = "forged",
	};

	return words[verdict];
}
