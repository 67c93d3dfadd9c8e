/*
 * matcher.h
 *		Which protected addresses stand in a text, however they are written.
 *
 * Pure: no PostgreSQL header, no global state, and memory only from whom it is given.
 * Text is UTF-8.
 *
 * What is looked for is kept as keyed 64-bit fingerprints: of each street name in all
 * the ways it is written (alias.c), and of each street with its number.  A text is read
 * once (piece.c); only where a word is the last one of some street's name is more done
 * (match.c).
 */
#ifndef PROTADDR_GUARD_MATCHER_H
#define PROTADDR_GUARD_MATCHER_H

#include "address/address.h"
#include "text/piece.h"

/* ---- the words of languages: rows of protaddr.address_word -------------------------- */

typedef enum PaWordKind
{
	PA_WORD_STREET = 0,			/* a word of street names, and another way to write it: gammel, gl */
	PA_WORD_BEFORE,				/* makes another street of the name behind it: gamle */
	PA_WORD_ENDING,				/* how names of streets end, and how that is cut short: vej, v */
	PA_WORD_UNIT,				/* of floors and doors, and its shortest form; empty: says nothing */
	PA_WORD_NUMBER,				/* may stand between a street and its number: nr */
	PA_WORD_BOX,				/* what a post office box is called: postboks */
	PA_WORD_COMMON,				/* a street's name that many towns have */
	PA_WORD_POST_CODE,			/* another post code of the same place */
	PA_WORD_TITLE,				/* may make another street of the name behind it: doktor */
	PA_WORD_KINDS
} PaWordKind;

typedef struct PaGuardWord
{
	PaWordKind	kind;
	PaText		word;
	PaText		means;
} PaGuardWord;

/* ---- the index ------------------------------------------------------------------------ */

/* Gives memory of another size in the place of old (NULL: none yet); NULL if there is no more. */
typedef struct PaGuardMemory
{
	void	   *(*resize) (void *arg, void *old, size_t size);
	void		(*release) (void *arg, void *old);
	PaDecompose decompose;		/* of Unicode; NULL: Latin alphabets and look-alikes alone are
								 * known */
	void	   *arg;
} PaGuardMemory;

#define PA_GUARD_KEY_SIZE	16

typedef struct PaGuardIndex PaGuardIndex;

/*
 * An index of nothing; the words are read, and need not stay.  expected is how many
 * addresses there will be: with many more it takes more memory and time.  NULL: no memory.
 */
extern PaGuardIndex *protaddr_guard_index_new(const PaGuardMemory *memory,
											  const uint8_t key[PA_GUARD_KEY_SIZE],
											  const PaGuardWord *word, size_t nwords,
											  size_t expected);

/*
 * An index that finds what one below it finds, which stays, is only read and stands on no
 * other, and what is added to it: the same as if all were in one.  expected: how many that
 * will be.  NULL: no memory.
 */
extern PaGuardIndex *protaddr_guard_index_above(const PaGuardMemory *memory, const PaGuardIndex *below,
												size_t expected);
extern void protaddr_guard_index_free(PaGuardIndex *index);

typedef enum PaGuardAdded
{
	PA_GUARD_ADDED = 0,
	PA_GUARD_NOTHING,			/* nothing in the address can be looked for: no street, box or
								 * house */
	PA_GUARD_NO_MEMORY			/* the index is as it was */
} PaGuardAdded;

/* Adds an address; id (not 0) is what matches will name. */
extern PaGuardAdded protaddr_guard_index_add(PaGuardIndex *index, uint32_t id,
											 const PaAddress *address);
extern size_t protaddr_guard_index_bytes(const PaGuardIndex *index);

/* ---- image.c: an index that many processes read ----------------------------------------- */

/* Of an index with none below: how large its image is, and the image, aligned to 8 bytes. */
extern size_t protaddr_guard_image_size(const PaGuardIndex *index);
extern void protaddr_guard_image_write(const PaGuardIndex *index, void *image);

/* The index of an image, wherever it lies: it has no memory of its own, and nothing can be added. */
extern PaGuardIndex *protaddr_guard_image_read(const PaGuardMemory *memory, void *image);
extern void protaddr_guard_image_leave(PaGuardIndex *index);

/* ---- matching --------------------------------------------------------------------------- */

typedef enum PaCertainty
{
	PA_DOUBTFUL = 1,			/* a letter differs, or place, floor or door is missing */
	PA_SAFE,					/* the same address, written otherwise */
	PA_EXACT					/* as it is kept, but for case and punctuation */
} PaCertainty;

typedef struct PaGuardMatch
{
	uint32_t	id;
	PaCertainty certainty;
	size_t		start;			/* bytes from the beginning of the text */
	size_t		length;			/* bytes */
} PaGuardMatch;

/* Told of each match, by where it ends; false stops the search. */
typedef bool (*PaGuardFound) (void *arg, const PaGuardMatch *match);

/* Called now and then while a long text is read; may not return. */
typedef void (*PaGuardPause) (void *arg);

extern void protaddr_guard_find(const PaGuardIndex *index, const char *text, size_t len,
								PaGuardFound found, PaGuardPause pause, void *arg);

#endif							/* PROTADDR_GUARD_MATCHER_H */
