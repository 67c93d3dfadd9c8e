/*
 * match_int.h
 *		What is at hand while a text is searched.  Pure.
 */
#ifndef PROTADDR_GUARD_MATCH_INT_H
#define PROTADDR_GUARD_MATCH_INT_H

#include "guard/matcher_int.h"

/* how much of a text is at hand at once */
#define PA_SEARCH_PIECES	1024

#define PA_AROUND_PLACES	24
#define PA_HEAD_PIECES		7	/* before a street */

typedef struct PaSearch
{
	const PaGuardIndex *index;
	PaReader	reader;
	PaPiece		piece[PA_SEARCH_PIECES];
	int			n;
	PaGuardFound found;
	PaGuardPause pause;
	void	   *arg;
	bool		stop;
	PaGuardMatch last;			/* that was told of */
	int			depth;
	uint32_t	decoded_to;		/* what stands before has been looked at as base64 */
	uint32_t	told_number;	/* where the number of the last address told of ends */

	/* of base64: the whole of it is the stretch */
	bool		outer;
	size_t		outer_start;
	size_t		outer_length;
} PaSearch;

/* A post code or town that stands somewhere. */
typedef struct PaPlace
{
	uint32_t	code;			/* or 0 */
	uint32_t	town;			/* or 0 */
	bool		part;			/* of the town's name: Aarhus for Aarhus C */
	int			first;			/* pieces */
	int			last;
} PaPlace;

/* What stands behind, or before, a street and its number. */
typedef struct PaAround
{
	PaUnit		unit;
	int			unit_end;		/* the last piece of it */
	PaPlace		place[PA_AROUND_PLACES];
	int			nplaces;
	bool		other_code;		/* there is something like a post code */
	bool		code_apart;		/* words stand before it that nobody knows */
} PaAround;

/* ---- match.c: the search ------------------------------------------------------------------ */

extern void protaddr_search(PaSearch *search);

/* ---- encoded.c: base64 and hexadecimal ---------------------------------------------------- */

/* so many letters and digits without a gap may be either */
#define PA_ENCODED_RUN	16

extern void protaddr_search_encoded(PaSearch *search, const PaPiece *piece);

/* ---- place.c: what stands around a street and its number --------------------------------- */

extern bool protaddr_read_towns(const PaSearch *search, int at, int end, PaAround *around);
extern bool protaddr_is_word_of(const PaTable *table, const PaGuardIndex *index, const PaPiece *first, const PaPiece *last);
extern bool protaddr_code_begins(const PaSearch *search, int at, const PaAround *around);
extern bool protaddr_is_line_tag(const PaSearch *search, const PaPiece *piece, int n);
extern void protaddr_read_tail(const PaSearch *search, int from, PaAround *around);
extern bool protaddr_stands_in_place(const PaSearch *search, int first, const PaAround *head);
extern void protaddr_read_head(const PaSearch *search, int before, PaAround *around);

#endif							/* PROTADDR_GUARD_MATCH_INT_H */
