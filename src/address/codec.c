/*
 * codec.c
 *		How does an address look as bytes inside the seal?
 *
 *		version		1 byte, PLAIN_VERSION
 *		release		1 byte, PaRelease
 *		subjects	1 byte count; each: 1 byte length, bytes
 *		channel		1 byte length, bytes; only if release is not 0
 *		disclosure	8 bytes, big endian, not 0; only if release is PA_RELEASED_DISCLOSED
 *		entries		tag, length, bytes; elements in ascending order, then lines, then
 *					the typist
 *		padding		zero bytes up to a multiple of PA_PLAIN_BLOCK
 *
 * The version repeats that of the seal around it.  It is authenticated here,
 * inside, so the seal's header needs no additional authenticated data: a
 * forged version there no longer agrees with the one here, a forged key id or
 * nonce no longer opens.
 *
 * A tag is an element's number plus one, LINE_TAG or TYPIST_TAG.  A length below 128
 * takes one byte, a longer one two, big endian, with the top bit set.  A zero
 * tag, which is where the padding begins, ends the entries; so does the end.
 *
 * Every address has exactly one encoding, and decoding refuses all others.
 * That is what makes a value read and written back the same value, and leaves
 * no room inside a seal for anything that we would not show.
 */
#include <string.h>

#include "address/address.h"
#include "text/text.h"

#define PLAIN_VERSION	PA_SEAL_VERSION
#define HEADER_SIZE		3
#define DISCLOSURE_SIZE	8
#define LINE_TAG		0x40
#define TYPIST_TAG		0x50
#define LONG_LENGTH		128		/* from here on a length takes two bytes */

#define MAX_LINE_BYTES	(4 * PA_ADRLINE_CHARS)

/*
 * The longest encoding: 1,299 characters of elements and 7 lines of 70, of 4
 * bytes each; 3 bytes before each of those; all subjects and a channel.
 */
_Static_assert(PA_MAX_PLAIN % PA_PLAIN_BLOCK == 0, "PA_MAX_PLAIN is not whole blocks");
_Static_assert(HEADER_SIZE + PA_MAX_SUBJECTS * (1 + PA_SUBJECT_SIZE) + 1 + PA_CHANNEL_SIZE + DISCLOSURE_SIZE +
			   4 * (1299 + PA_MAX_LINES * PA_ADRLINE_CHARS) +
			   3 * (PA_NELEMENTS + PA_MAX_LINES) + 2 + PA_TYPIST_SIZE <= PA_MAX_PLAIN,
			   "PA_MAX_PLAIN does not hold every address");
_Static_assert(PA_NELEMENTS < LINE_TAG, "element tags run into the line tag");
_Static_assert(PA_TYPIST_SIZE < LONG_LENGTH, "a typist's length takes one byte");
_Static_assert(PA_SUBJECT_SIZE < 256 && PA_CHANNEL_SIZE < 256,
			   "lengths of subjects and channels take one byte");

/*
 * The entries, in the order in which they stand: each element, each line, the typist.
 * Encoding and decoding both go by these three functions.
 */
#define FIRST_LINE	PA_NELEMENTS
#define TYPIST		(FIRST_LINE + PA_MAX_LINES)
#define NFIELDS		(TYPIST + 1)

static int
field_tag(int field)
{
	if (field < FIRST_LINE)
		return field + 1;
	return field < TYPIST ? LINE_TAG : TYPIST_TAG;
}

static size_t
field_max_bytes(int field)
{
	if (field < FIRST_LINE)
		return 4 * (size_t) protaddr_elements[field].max_chars;
	return field < TYPIST ? MAX_LINE_BYTES : PA_TYPIST_SIZE;
}

static const PaText *
field_text(const PaAddress *address, int field)
{
	if (field < FIRST_LINE)
		return &address->element[field];
	return field < TYPIST ? &address->line[field - FIRST_LINE] : &address->typist;
}

/* Bytewise order; of two that begin alike the shorter one comes first. */
static int
compare_texts(PaText a, PaText b)
{
	int			cmp = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);

	if (cmp != 0)
		return cmp;
	return a.len < b.len ? -1 : a.len > b.len;
}

/*
 * Puts the subjects into ascending order and checks them.  Returns their
 * encoded size, or -1 if one is empty, too long or there twice.
 */
static int
sort_subjects(const PaAddress *address, PaText sorted[PA_MAX_SUBJECTS])
{
	int			size = 0;

	for (int i = 0; i < address->nsubjects; i++)
	{
		PaText		subject = address->subject[i];
		int			at = i;

		if (subject.len == 0 || subject.len > PA_SUBJECT_SIZE)
			return -1;
		for (; at > 0; at--)
		{
			int			cmp = compare_texts(sorted[at - 1], subject);

			if (cmp == 0)
				return -1;
			if (cmp < 0)
				break;
			sorted[at] = sorted[at - 1];
		}
		sorted[at] = subject;
		size += 1 + (int) subject.len;
	}
	return size;
}

/* The size of all entries; 0 if there is no element and no line, or one is not as it must be. */
static size_t
entries_size(const PaAddress *address)
{
	size_t		size = 0;

	for (int field = 0; field < NFIELDS; field++)
	{
		size_t		len = field_text(address, field)->len;
		bool		is_line = field >= FIRST_LINE && field < TYPIST;

		if (is_line && field - FIRST_LINE >= address->nlines)
			continue;
		if (len > field_max_bytes(field) || (is_line && len == 0) || (field == TYPIST && size == 0))
			return 0;
		if (len > 0)
			size += 1 + (len < LONG_LENGTH ? 1 : 2) + len;
	}
	return size;
}

/* Writes a text of at most 255 bytes with its length in front. */
static uint8_t *
put_short(uint8_t *p, PaText text)
{
	*p++ = (uint8_t) text.len;
	memcpy(p, text.data, text.len);
	return p + text.len;
}

static uint8_t *
put_entry(uint8_t *p, int tag, PaText text)
{
	*p++ = (uint8_t) tag;
	if (text.len >= LONG_LENGTH)
		*p++ = (uint8_t) (0x80 | text.len >> 8);
	*p++ = (uint8_t) text.len;
	memcpy(p, text.data, text.len);
	return p + text.len;
}

/* The size of everything before the entries; 0 if a part of it is not as it must be. */
static size_t
head_size(const PaAddress *address, PaText subject[PA_MAX_SUBJECTS])
{
	bool		released = address->release != PA_NOT_RELEASED;
	bool		disclosed = address->release == PA_RELEASED_DISCLOSED;
	int			subjects_size;

	if (address->nsubjects < 0 || address->nsubjects > PA_MAX_SUBJECTS ||
		address->nlines < 0 || address->nlines > PA_MAX_LINES ||
		(unsigned int) address->release > PA_RELEASED_DISCLOSED ||
		released != (address->channel.len > 0) || address->channel.len > PA_CHANNEL_SIZE ||
		disclosed != (address->disclosure != 0))
		return 0;
	subjects_size = sort_subjects(address, subject);
	if (subjects_size < 0)
		return 0;
	return HEADER_SIZE + (size_t) subjects_size + (released ? 1 + (size_t) address->channel.len : 0) +
		(disclosed ? DISCLOSURE_SIZE : 0);
}

static uint8_t *
put_head(uint8_t *p, const PaAddress *address, const PaText subject[PA_MAX_SUBJECTS])
{
	*p++ = PLAIN_VERSION;
	*p++ = (uint8_t) address->release;
	*p++ = (uint8_t) address->nsubjects;
	for (int i = 0; i < address->nsubjects; i++)
		p = put_short(p, subject[i]);
	if (address->release != PA_NOT_RELEASED)
		p = put_short(p, address->channel);
	if (address->release == PA_RELEASED_DISCLOSED)
		for (int shift = 56; shift >= 0; shift -= 8)
			*p++ = (uint8_t) (address->disclosure >> shift);
	return p;
}

/*
 * protaddr_encode
 *		Write the address as padded plaintext and return its length.
 *
 * 0, and nothing written, if the address has no element and no line, breaks a
 * limit of address.h, names a subject twice, or does not fit into outsize.
 * Subjects may come in any order.
 */
size_t
protaddr_encode(const PaAddress *address, uint8_t *out, size_t outsize)
{
	PaText		subject[PA_MAX_SUBJECTS];
	size_t		head = head_size(address, subject);
	size_t		entries = head == 0 ? 0 : entries_size(address);
	size_t		size = head + entries;
	size_t		padded = (size + PA_PLAIN_BLOCK - 1) / PA_PLAIN_BLOCK * PA_PLAIN_BLOCK;
	uint8_t    *p;

	if (entries == 0 || padded > outsize)
		return 0;

	p = put_head(out, address, subject);
	for (int field = 0; field < NFIELDS; field++)
	{
		bool		is_line = field >= FIRST_LINE && field < TYPIST;
		const PaText *text = field_text(address, field);

		/* what stands behind the last line was never set */
		if (!(is_line && field - FIRST_LINE >= address->nlines) && text->len > 0)
			p = put_entry(p, field_tag(field), *text);
	}
	memset(p, 0, padded - size);
	return padded;
}

/*
 * Reads a text of 1 to max bytes with its length in front; returns where it
 * ends, or NULL.
 */
static const uint8_t *
get_short(const uint8_t *p, const uint8_t *end, size_t max, PaText *text)
{
	size_t		len;

	if (p == end)
		return NULL;
	len = *p++;
	if (len == 0 || len > max || len > (size_t) (end - p))
		return NULL;
	text->data = (const char *) p;
	text->len = (uint32_t) len;
	return p + len;
}

/* Reads the length of an entry, in its one valid form; returns where its text begins, or NULL. */
static inline const uint8_t *
get_length(const uint8_t *p, const uint8_t *end, size_t *len)
{
	if (p == end)
		return NULL;
	*len = *p++;
	if (*len >= LONG_LENGTH)
	{
		if (p == end)
			return NULL;
		*len = (*len & 0x7F) << 8 | *p++;
		if (*len < LONG_LENGTH)
			return NULL;
	}
	return *len == 0 || *len > (size_t) (end - p) ? NULL : p;
}

/* Reads what stands before the entries; returns where they begin, or NULL. */
static const uint8_t *
get_head(const uint8_t *p, const uint8_t *end, PaAddress *address)
{
	if (p[0] != PLAIN_VERSION || p[1] > PA_RELEASED_DISCLOSED || p[2] > PA_MAX_SUBJECTS)
		return NULL;
	address->release = (PaRelease) p[1];
	address->nsubjects = p[2];
	address->channel.len = 0;
	address->disclosure = 0;
	p += HEADER_SIZE;

	for (int i = 0; i < address->nsubjects; i++)
	{
		p = get_short(p, end, PA_SUBJECT_SIZE, &address->subject[i]);
		if (p == NULL)
			return NULL;
		if (i > 0 && compare_texts(address->subject[i - 1], address->subject[i]) >= 0)
			return NULL;
	}
	if (address->release != PA_NOT_RELEASED)
	{
		p = get_short(p, end, PA_CHANNEL_SIZE, &address->channel);
		if (p == NULL)
			return NULL;
	}
	if (address->release == PA_RELEASED_DISCLOSED)
	{
		if (end - p < DISCLOSURE_SIZE)
			return NULL;
		for (int i = 0; i < DISCLOSURE_SIZE; i++)
			address->disclosure = address->disclosure << 8 | *p++;
		if (address->disclosure == 0)
			return NULL;
	}
	return p;
}

/* The field that a tag begins after nlines lines, or NFIELDS. */
static inline int
field_of_tag(int tag, int nlines)
{
	if (tag <= PA_NELEMENTS)
		return tag - 1;
	if (tag == LINE_TAG && nlines < PA_MAX_LINES)
		return FIRST_LINE + nlines;
	return tag == TYPIST_TAG ? TYPIST : NFIELDS;
}

/*
 * protaddr_decode
 *		Read an encoded address; the pieces point into plain.
 *
 * Runs for every row that is shown.  It looks at the structure only: what the
 * texts hold was judged before they were sealed, and nobody else can seal.
 * After false the address holds nothing of use.
 */
bool
protaddr_decode(const uint8_t *plain, size_t len, PaAddress *address)
{
	const uint8_t *end = plain + len;
	const uint8_t *p;
	int			last = -1;		/* field read last */

	if (len < PA_PLAIN_BLOCK || len > PA_MAX_PLAIN || len % PA_PLAIN_BLOCK != 0)
		return false;

	/* lines and subjects are counted: what lies past their number is nobody's */
	memset(address->element, 0, sizeof(address->element));
	address->nlines = 0;
	address->typist.len = 0;
	p = get_head(plain, end, address);
	if (p == NULL)
		return false;

	while (p < end && *p != 0)
	{
		int			field = field_of_tag(*p++, address->nlines);
		size_t		text_len;
		PaText	   *text;

		p = get_length(p, end, &text_len);
		if (p == NULL || field <= last || field == NFIELDS || text_len > field_max_bytes(field) ||
			(field == TYPIST && last < 0))
			return false;
		last = field;
		text = (PaText *) field_text(address, field);
		text->data = (const char *) p;
		text->len = (uint32_t) text_len;
		p += text_len;
		if (field >= FIRST_LINE && field < TYPIST)
			address->nlines++;
	}

	if (last < 0 || end - p >= PA_PLAIN_BLOCK)
		return false;

	/* all zero: the first byte is, and every other one equals its neighbour */
	return !(p < end && memcmp(p, p + 1, (size_t) (end - p) - 1) != 0);
}
