/*
 * alias.c
 *		In which ways is the name of a street, or of a town, written?
 *
 * A text is read one simple way (text/piece.c); whatever else people, banks and
 * registers make of a name is made of it here, once for each name: other letters for
 * those that not every alphabet has, words cut short as the language tables say, and, of
 * long names, what is left when they have to fit into twenty characters.
 */
#include "guard/matcher_int.h"

#include <string.h>

/* so many ways to write one word, and a whole name in one form */
#define WAYS_OF_WORD	12
#define WAYS_OF_NAME	96
#define WORDS_CHANGED	3
#define CANDIDATES		256

/* registers cut longer names, and people do */
#define LONG_NAME		17
#define CUT_AT_LEAST	11

typedef struct Way
{
	char		letters[PA_NAME_SIZE];
	int			len;
} Way;

typedef struct Ways
{
	Way			way[WAYS_OF_WORD];
	int			n;
} Ways;

static void
add_way(Ways *ways, const char *a, int alen, const char *b, int blen)
{
	Way		   *way = &ways->way[ways->n];

	if (ways->n == WAYS_OF_WORD || alen + blen > PA_NAME_SIZE || alen + blen == 0)
		return;
	memcpy(way->letters, a, (size_t) alen);
	memcpy(way->letters + alen, b, (size_t) blen);
	way->len = alen + blen;
	for (int i = 0; i < ways->n; i++)
		if (ways->way[i].len == way->len && memcmp(ways->way[i].letters, way->letters, (size_t) way->len) == 0)
			return;
	ways->n++;
}

static inline bool
same(const char *a, int alen, const PaFolded *b, int form)
{
	return alen == b->len[form] && (alen == 0 || a[0] == b->letters[form][0]) && memcmp(a, b->letters[form], (size_t) alen) == 0;
}

static inline bool
ends_with(const char *a, int alen, const PaFolded *b, int form)
{
	int			blen = b->len[form];

	/* most words differ in their last letter already */
	return blen > 0 && alen > blen && a[alen - 1] == b->letters[form][blen - 1] &&
		memcmp(a + alen - blen, b->letters[form], (size_t) blen) == 0;
}

/* Words of the language tables, by their numbers. */
typedef struct Candidates
{
	uint32_t	word[CANDIDATES];
	int			n;
} Candidates;

static void
add_candidate(Candidates *candidates, uint32_t word)
{
	int			at = candidates->n;

	while (at > 0 && candidates->word[at - 1] > word)
		at--;
	if ((at > 0 && candidates->word[at - 1] == word) || candidates->n == CANDIDATES)
		return;
	memmove(&candidates->word[at + 1], &candidates->word[at], (size_t) (candidates->n - at) * sizeof(uint32_t));
	candidates->word[at] = word;
	candidates->n++;
}

/* find_candidates finds the words that some letters are or end with, in some form, as they are or cut short. */
static void
find_candidates(const PaGuardIndex *words, const char *letters, int len, Candidates *candidates)
{
	candidates->n = 0;
	if (words == NULL)
		return;
	for (int part = 1; part <= len && part < 64; part++)
	{
		PaHits		hits;
		uint32_t	word;

		if ((words->part_lengths >> part & 1) == 0)
			continue;
		hits = protaddr_hits(words, PA_NAME_PARTS, protaddr_name_hash(&words->key, letters + len - part, (size_t) part), 0);
		while (protaddr_next_hit(&hits, &word))
			add_candidate(candidates, word);
	}
}

/* ways_of_word gives the ways to write one word of a name; the first is the word itself. */
static void
ways_of_word(const PaGuardIndex *words, const PaFolded *name, int form, int which, Ways *ways)
{
	const char *letters = name->letters[form] + name->word[which].start[form];
	int			len = name->word[which + 1].start[form] - name->word[which].start[form];
	bool		last = which == name->nwords - 1;
	bool		is_long = name->len[PA_FORM_PAIRS] + name->nwords - 1 > LONG_NAME;
	Candidates	candidates;

	ways->n = 0;
	add_way(ways, letters, len, "", 0);
	find_candidates(words, letters, len, &candidates);
	for (int i = 0; i < candidates.n; i++)
	{
		const PaWordForms *w = &words->word[candidates.word[i]];

		if (w->kind == PA_WORD_STREET)
		{
			if (same(letters, len, &w->word, form))
				add_way(ways, w->means.letters[form], w->means.len[form], "", 0);
			if (same(letters, len, &w->means, form))
				add_way(ways, w->word.letters[form], w->word.len[form], "", 0);
		}
		else if (w->kind == PA_WORD_ENDING && last && w->means.len[form] > 0)
		{
			if (ends_with(letters, len, &w->word, form) || same(letters, len, &w->word, form))
				add_way(ways, letters, len - w->word.len[form], w->means.letters[form], w->means.len[form]);
			else if (same(letters, len, &w->means, form) ||
					 (ends_with(letters, len, &w->means, form) && len - w->means.len[form] >= 3))
				add_way(ways, letters, len - w->means.len[form], w->word.letters[form], w->word.len[form]);
		}
	}
	if (is_long && !last && name->nwords > 1)
	{
		static const int cut[] = {1, 4, 5, 3};

		for (size_t i = 0; i < sizeof(cut) / sizeof(cut[0]); i++)
			if (len > cut[i])
				add_way(ways, letters, cut[i], "", 0);
	}
}

/* tell_cuts tells of the beginnings of a long name. */
static bool
tell_cuts(const char *letters, int len, const int *start, int nwords, PaAliasFound found, void *arg)
{
	int			from = len * 3 / 5 > CUT_AT_LEAST ? len * 3 / 5 : CUT_AT_LEAST;

	for (int cut = from; cut < len; cut++)
	{
		int			last = nwords - 1;

		while (last > 0 && start[last] >= cut)
			last--;
		if (!found(arg, PA_ALIAS_CUT, letters, cut, cut, letters + start[last], cut - start[last]))
			return false;
	}
	return true;
}

/*
 * tell tells of one alias: with its last word, the last two written as one, and, if it
 * ends as streets do, the ending apart.
 */
static bool
tell(const PaGuardIndex *words, PaAliasKind kind, const char *letters, int len,
	 int first_len, int last, int last_two, PaAliasFound found, void *arg)
{
	if (!found(arg, kind, letters, len, first_len, letters + last, len - last) ||
		(last_two < last && !found(arg, kind, letters, len, first_len, letters + last_two, len - last_two)))
		return false;
	for (int ending = 1; words != NULL && ending < len - last && ending < 64; ending++)
	{
		uint32_t	ignored;

		if ((words->ending_lengths >> ending & 1) != 0 &&
			protaddr_hit(words, PA_ENDINGS, protaddr_name_hash(&words->key, letters + len - ending, (size_t) ending), &ignored) &&
			!found(arg, kind, letters, len, first_len, letters + len - ending, ending))
			return false;
	}
	return true;
}

/* A name that is being written in one form. */
typedef struct Writing
{
	const PaGuardIndex *words;
	const PaFolded *name;
	int			form;
	Ways		ways[PA_NAME_WORDS];
	int			at[PA_NAME_WORDS];	/* which of them */
	int			told;
	PaAliasFound found;
	void	   *arg;
} Writing;

/* write_name tells of the name with its words written as is said; false if found has given false. */
static bool
write_name(Writing *writing)
{
	const PaFolded *name = writing->name;
	char		letters[PA_NAME_SIZE];
	int			start[PA_NAME_WORDS] = {0};
	int			nwords = name->nwords < PA_NAME_WORDS ? name->nwords : PA_NAME_WORDS;
	int			len = 0;

	for (int i = 0; i < nwords; i++)
	{
		const Way  *way = &writing->ways[i].way[writing->at[i]];

		start[i] = len;
		if (writing->ways[i].n == 0)
			continue;			/* nothing but letters that were lost */
		if (len + way->len > PA_NAME_SIZE)
			return true;
		memcpy(letters + len, way->letters, (size_t) way->len);
		len += way->len;
	}
	if (len == 0)
		return true;
	if (!tell(writing->words,
			  writing->form == PA_FORM_PAIRS && writing->told == 0 ? PA_ALIAS_NAME : PA_ALIAS_OTHERWISE,
			  letters, len, nwords > 1 ? start[1] : len, start[nwords > 1 ? nwords - 1 : 0],
			  start[nwords > 1 ? nwords - 2 : 0], writing->found, writing->arg))
		return false;
	writing->told++;
	return writing->form == PA_FORM_LOST || len <= CUT_AT_LEAST ||
		name->len[PA_FORM_PAIRS] + name->nwords - 1 <= LONG_NAME ||
		tell_cuts(letters, len, start, nwords, writing->found, writing->arg);
}

/* write_otherwise writes so many words otherwise, from one on; false if found has given false. */
static bool
write_otherwise(Writing *writing, int from, int changed)
{
	if (changed == 0)
		return write_name(writing);
	for (int i = from; i < writing->name->nwords; i++)
	{
		for (int way = 1; way < writing->ways[i].n && writing->told < WAYS_OF_NAME; way++)
		{
			writing->at[i] = way;
			if (!write_otherwise(writing, i + 1, changed - 1))
				return false;
		}
		writing->at[i] = 0;
	}
	return true;
}

/*
 * protaddr_aliases
 *		Tell of each way in which a name is written, those in which the fewest words are
 *		written otherwise first; false if found has given false.  words: whose words of
 *		languages count; NULL: none do.
 */
bool
protaddr_aliases(const PaGuardIndex *words, const PaFolded *name, PaAliasFound found, void *arg)
{
	for (int form = 0; form < PA_FORMS; form++)
	{
		Writing		writing = {.words = words, .name = name, .form = form, .found = found, .arg = arg};

		if (name->len[form] < 2)
			continue;
		for (int i = 0; i < name->nwords; i++)
			ways_of_word(words, name, form, i, &writing.ways[i]);
		for (int changed = 0; changed <= WORDS_CHANGED && changed <= name->nwords; changed++)
			if (!write_otherwise(&writing, 0, changed))
				return false;
	}
	return true;
}
