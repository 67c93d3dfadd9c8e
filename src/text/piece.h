/*
 * piece.h
 *		A text as the words and numbers that stand in it, however it is written.
 *
 * Pure.  A piece is a run of letters, or of digits.  Case, accents, the ways in which
 * letters of one alphabet are written in another, invisible characters, look-alikes of
 * other alphabets, XML entities, percent and quoted-printable encoding and escapes of JSON make
 * no difference; names of XML elements and keys of JSON objects are left out.  Positions
 * are those of the text as it is.
 */
#ifndef PROTADDR_PIECE_H
#define PROTADDR_PIECE_H

#include "text/text.h"

/* What stands before a piece, the weakest first. */
typedef enum PaGap
{
	PA_GAP_NONE = 0,			/* a letter after a digit or the reverse */
	PA_GAP_BLANK,				/* blanks, tabs, line breaks, the + of forms */
	PA_GAP_MARK,				/* punctuation */
	PA_GAP_FIELD				/* the border of an element, a value or a column */
} PaGap;

typedef struct PaPiece
{
	uint32_t	start;			/* bytes from the beginning of the text */
	uint32_t	end;
	uint64_t	sum;			/* of all letters and digits up to its end: protaddr_pieces_hash */
	uint64_t	own;			/* of its own */
	uint32_t	count;			/* letters and digits up to its end */
	uint32_t	number;			/* of digits: their value, PA_LONG_NUMBER if there are more than 9 */
	uint32_t	size;			/* its letters or digits */
	uint8_t		gap;			/* PaGap */
	bool		digits;
	char		first;			/* its first letter, small */
} PaPiece;

#define PA_LONG_NUMBER	UINT32_MAX

/* The column border that callers put between texts which they join. */
#define PA_FIELD_BORDER '\x1F'

/* as many letters and digits as a name may have */
#define PA_NAME_SIZE	64

typedef struct PaPieceKey
{
	uint64_t	base;			/* odd */
	uint64_t	mix;
	uint64_t	power[PA_NAME_SIZE + 1];	/* of base */
} PaPieceKey;

extern void protaddr_piece_key(PaPieceKey *key, const uint8_t bytes[16]);

/*
 * How characters that neither ASCII nor the Latin alphabets have are written in
 * simpler ones (Unicode's compatibility decomposition); gives how many, 0 if no others.
 */
typedef size_t (*PaDecompose) (void *arg, uint32_t c, uint32_t *out, size_t max);

typedef struct PaReader
{
	const PaPieceKey *key;
	PaDecompose decompose;		/* NULL: there is nobody to ask */
	void	   *arg;
	const char *text;
	uint32_t	len;
	uint32_t	at;				/* what is read next */
	uint64_t	sum;
	uint32_t	count;
	uint8_t		gap;			/* before the next piece */
	uint8_t		last;			/* the last letter read */
	bool		quoted;			/* there was a quotation mark */
	uint32_t	since_quote;	/* pieces since the last one */
} PaReader;

extern void protaddr_reader_begin(PaReader *reader, const PaPieceKey *key, const char *text, uint32_t len);

/*
 * Reads pieces behind the n that are there until there is no room for more or the text
 * ends, and gives how many there are.  Those of a JSON object's key are taken away again.
 */
extern int	protaddr_read_pieces(PaReader *reader, PaPiece *piece, int n, int room);

/* Of some letters and digits, whatever stands between them; never 0. */
extern uint64_t protaddr_hash_end(const PaPieceKey *key, uint64_t sum, uint32_t count);

/* The same of the pieces first to last of one text; 0 if they are longer than a name. */
static inline uint64_t
protaddr_pieces_hash(const PaPieceKey *key, const PaPiece *first, const PaPiece *last)
{
	uint32_t	before = first->count - first->size;
	uint32_t	count = last->count - before;
	uint64_t	sum;

	if (count > PA_NAME_SIZE)
		return 0;

	sum = last->sum - (first->sum - first->own) * key->power[last->count - first->count];
	return protaddr_hash_end(key, sum, count);
}

/* ---- names: in the forms that what has been written comes to ---------------------------- */

typedef enum PaForm
{
	PA_FORM_PAIRS = 0,			/* ae, oe, aa, ue: what the pieces of a text have */
	PA_FORM_SINGLE,				/* a, o, u */
	PA_FORM_PLAIN,				/* a, o, u for letters that are none of ASCII's alone */
	PA_FORM_LOST,				/* without the letters that are none of ASCII's */
	PA_FORMS
} PaForm;

#define PA_NAME_WORDS	10

typedef struct PaFolded
{
	char		letters[PA_FORMS][PA_NAME_SIZE];	/* small letters and digits, without blanks */
	int			len[PA_FORMS];
	struct
	{
		int			start[PA_FORMS];
	}			word[PA_NAME_WORDS + 1];	/* one more: where the last one ends */
	int			nwords;
	bool		too_long;
} PaFolded;

extern bool protaddr_fold_name(PaDecompose decompose, void *arg, const char *text, size_t len, PaFolded *folded);

/* A quick hash of one piece, or of two as one word: enough to ask whether more is worth it. */
static inline uint64_t
protaddr_quick_hash(const PaPieceKey *key, uint64_t sum, uint32_t count)
{
	return ((sum ^ key->mix) + count) * UINT64_C(0x9e3779b97f4a7c15);
}

extern uint64_t protaddr_quick_name_hash(const PaPieceKey *key, const char *name, size_t len);

/* Of a name given as small letters and digits; 0 if it is longer than a name. */
extern uint64_t protaddr_name_hash(const PaPieceKey *key, const char *name, size_t len);

/* A letter or digit in a sum. */
static inline uint64_t
protaddr_sign(char c)
{
	return protaddr_is_digit(c) ? (uint64_t) (c - '0' + 27) : (uint64_t) (c - 'a' + 1);
}

/* ---- text/look_alike.c ------------------------------------------------------------------ */

/* The small Latin letter or digit that a character of another alphabet looks like; 0: none. */
extern char protaddr_looks_like(uint32_t c);

#endif							/* PROTADDR_PIECE_H */
