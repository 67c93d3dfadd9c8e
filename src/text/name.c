/*
 * name.c
 *		Is this the name, nearly the name, or another one?
 *
 * What a payee's bank tells of a name that a payer has typed: Verification of Payee.
 * Letters are folded as banks do.  Pure: bytes in (UTF-8), an answer out, which depends on
 * the two names and on nothing else.
 */
#include <string.h>

#include "text/text.h"

#define MAX_WORDS	16
#define WORD_SIZE	64
#define NAME_SIZE	560			/* 140 characters: more than ISO 20022 takes */

typedef struct Words
{
	int			n;
	int			len[MAX_WORDS];
	char		word[MAX_WORDS][WORD_SIZE];
} Words;

static inline int
smaller(int a, int b)
{
	return a < b ? a : b;
}

/* add_letters adds to the last word, or begins one; false if there is no room. */
static bool
add_letters(Words *words, bool *inside, const char *letters, size_t n)
{
	int			last;

	if (!*inside)
	{
		if (words->n == MAX_WORDS)
			return false;
		words->len[words->n++] = 0;
		*inside = true;
	}
	last = words->n - 1;
	if (words->len[last] + n > WORD_SIZE)
		return false;
	memcpy(words->word[last] + words->len[last], letters, n);
	words->len[last] += (int) n;
	return true;
}

/* read_words folds a name and takes it apart; false if it is too long for a name, or not UTF-8. */
static bool
read_words(const char *name, size_t len, Words *words)
{
	size_t		at = 0;
	bool		inside = false;

	words->n = 0;
	if (len > NAME_SIZE)
		return false;
	while (at < len)
	{
		uint32_t	c;
		size_t		size = protaddr_read_character(name + at, len - at, &c);
		char		letters[3] = {0};
		const char *letter = name + at;
		size_t		n = size;

		if (size == 0)
			return false;
		if (protaddr_fold_letter(letter, size, letters) > 0)
		{
			letter = letters;
			n = strlen(letters);
		}
		else if (c >= 'a' && c <= 'z')
		{
			letters[0] = (char) (c - 'a' + 'A');
			letter = letters;
		}
		/* letters of other scripts stay as they are */
		else if (c < 0x80 && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9'))
			n = 0;
		if (n > 0 && !add_letters(words, &inside, letter, n))
			return false;
		/* O'Neill is one word */
		if (n == 0 && c != '\'')
			inside = false;
		at += size;
	}
	return true;
}

/* distance counts the letters to put in, take out or change to make one word of another. */
static int
distance(const char *a, int alen, const char *b, int blen)
{
	int			row[WORD_SIZE + 1];

	row[0] = 0;
	for (int j = 1; j <= blen; j++)
		row[j] = j;
	for (int i = 1; i <= alen; i++)
	{
		int			before = row[0];

		row[0] = i;
		for (int j = 1; j <= blen; j++)
		{
			int			changed = before + (a[i - 1] != b[j - 1]);

			before = row[j];
			row[j] = smaller(changed, smaller(row[j], row[j - 1]) + 1);
		}
	}
	return row[blen];
}

typedef enum Likeness
{
	UNLIKE,
	INITIAL,
	ALIKE,
	SAME
} Likeness;

static Likeness
likeness(const Words *a, int i, const Words *b, int j)
{
	int			shorter = smaller(a->len[i], b->len[j]);

	if (a->len[i] == b->len[j] && memcmp(a->word[i], b->word[j], shorter) == 0)
		return SAME;
	if (shorter == 1)
		return a->word[i][0] == b->word[j][0] ? INITIAL : UNLIKE;
	if (shorter < 4)
		return UNLIKE;
	return distance(a->word[i], a->len[i], b->word[j], b->len[j]) <= (shorter < 8 ? 1 : 2) ? ALIKE : UNLIKE;
}

/* all_alike is true if each word of the shorter name has one of its own in the other. */
static bool
all_alike(const Words *few, const Words *many)
{
	bool		taken[MAX_WORDS] = {false};
	bool		any_word = false;

	for (int i = 0; i < few->n; i++)
	{
		Likeness	best = UNLIKE;
		int			which = 0;

		for (int j = 0; j < many->n; j++)
		{
			Likeness	like = taken[j] ? UNLIKE : likeness(few, i, many, j);

			if (like > best)
			{
				best = like;
				which = j;
			}
		}
		if (best == UNLIKE)
			return false;
		taken[which] = true;
		any_word = any_word || best == SAME || best == ALIKE;
	}
	return any_word;
}

/* joined_same is true if the letters are the same, however they are divided into words. */
static bool
joined_same(const Words *a, const Words *b)
{
	int			i = 0;
	int			j = 0;
	int			at = 0;
	int			bt = 0;

	for (;;)
	{
		if (i < a->n && at == a->len[i])
		{
			i++;
			at = 0;
		}
		if (j < b->n && bt == b->len[j])
		{
			j++;
			bt = 0;
		}
		if (i == a->n || j == b->n)
			return i == a->n && j == b->n;
		if (a->word[i][at++] != b->word[j][bt++])
			return false;
	}
}

/* protaddr_compare_names tells whether a name that somebody has typed is the name. */
PaNameAnswer
protaddr_compare_names(const char *typed, size_t typed_len, const char *name, size_t name_len)
{
	Words		a;
	Words		b;
	bool		same;

	if (!read_words(typed, typed_len, &a) || !read_words(name, name_len, &b) || a.n == 0 || b.n == 0)
		return PA_NAME_NO_MATCH;
	same = a.n == b.n;
	for (int i = 0; same && i < a.n; i++)
		same = a.len[i] == b.len[i] && memcmp(a.word[i], b.word[i], a.len[i]) == 0;
	if (same)
		return PA_NAME_MATCH;
	if (joined_same(&a, &b) ||
		(smaller(a.n, b.n) >= 2 && (a.n <= b.n ? all_alike(&a, &b) : all_alike(&b, &a))))
		return PA_NAME_CLOSE_MATCH;
	return PA_NAME_NO_MATCH;
}
