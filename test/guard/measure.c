/*
 * measure.c
 *		How much of what generate.pl writes does the matcher find, and how sure is it?
 *
 *	generate.pl ... | measure [-v N] [-p] [-t NAME] WORDS.SQL
 *
 * Prints a line for each kind of text, tab-separated: class, kind, texts, found as exact,
 * safe and doubtful, missed, found somebody else's as exact or safe, and how many stretches
 * found leave something of the address out; then a line for each class, and one of speed.
 *
 *	-v N	shows up to N texts of each kind that were not found as they should
 *	-p		a line for each pair of rules as well
 *	-t NAME	prints TAP instead, for the goals of doc/guard.md, its tests named after NAME
 *	-b		the goals are those of languages with numbers before streets
 */
#include "guard/matcher.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- what is owed ---------------------------------------------------------------------- */

typedef enum Class
{
	CLASS_EXACT = 0, CLASS_SAFE, CLASS_DOUBTFUL, CLASS_TWICE, CLASS_BEYOND, CLASS_NONE, CLASS_NEAR, CLASS_EMPTY, CLASSES
} Class;

static const char *const class_names[CLASSES] = {"exact", "safe", "doubtful", "twice", "beyond", "none", "near", "empty"};

typedef struct Kind
{
	char	   *name;
	Class		class;
	long		texts;
	long		found[4];		/* by certainty; 0: missed */
	long		others[4];		/* addresses told of that the text does not have, by certainty */
	long		cut;
	int			shown;
} Kind;

static Kind *kinds = NULL;
static size_t nkinds = 0;

static Kind *
kind_named(const char *name, Class class)
{
	static size_t place[1 << 18];
	size_t		hash = class;

	for (const char *c = name; *c != '\0'; c++)
		hash = hash * 31 + (unsigned char) *c;
	for (hash &= (1 << 18) - 1; place[hash] != 0; hash = (hash + 1) & ((1 << 18) - 1))
		if (kinds[place[hash] - 1].class == class && strcmp(kinds[place[hash] - 1].name, name) == 0)
			return &kinds[place[hash] - 1];
	if (nkinds > (1 << 17))
		exit(2);
	kinds = realloc(kinds, (nkinds + 1) * sizeof(Kind));
	memset(&kinds[nkinds], 0, sizeof(Kind));
	kinds[nkinds].name = strdup(name);
	kinds[nkinds].class = class;
	place[hash] = ++nkinds;
	return &kinds[nkinds - 1];
}

/* ---- the index ---------------------------------------------------------------------------- */

static void *
resize(void *arg, void *old, size_t size)
{
	return realloc(old, size);
}

static void
release(void *arg, void *old)
{
	free(old);
}

static const PaGuardMemory memory = {.resize = resize, .release = release};

static PaGuardWord *words = NULL;
static size_t nwords = 0;
static char **line_of = NULL;	/* the address with each id, as it was given */
static size_t nlines = 0;

static PaText
text_of(const char *s)
{
	PaText		text = {s, (uint32_t) strlen(s)};

	return text;
}

static void
add_word(const char *kind, const char *word, const char *means)
{
	static const char *const names[PA_WORD_KINDS] = {"street", "before", "ending", "unit", "number", "box", "common", "post_code", "title"};

	for (int i = 0; i < PA_WORD_KINDS; i++)
		if (strcmp(kind, names[i]) == 0)
		{
			words = realloc(words, (nwords + 1) * sizeof(PaGuardWord));
			words[nwords].kind = (PaWordKind) i;
			words[nwords].word = text_of(strdup(word));
			words[nwords++].means = text_of(strdup(means));
			return;
		}
	fprintf(stderr, "unknown kind of word: %s\n", kind);
	exit(2);
}

/* read_literal reads one quoted string of SQL; NULL if there is none. */
static const char *
read_literal(const char *at, char *out, size_t size)
{
	size_t		n = 0;

	if ((at = strchr(at, '\'')) == NULL)
		return NULL;
	for (at++; *at != '\0' && n + 1 < size; at++)
	{
		if (*at == '\'' && *++at != '\'')
			break;
		out[n++] = *at;
	}
	out[n] = '\0';
	return at;
}

/* The rows of words.sql: one a line, ('da', 'street', 'gammel', 'gl'), */
static void
read_words(const char *path)
{
	FILE	   *in = fopen(path, "r");
	char	   *line = NULL;
	size_t		room = 0;

	if (in == NULL)
	{
		perror(path);
		exit(2);
	}
	while (getline(&line, &room, in) > 0)
	{
		char		field[4][256];
		const char *at = line;
		int			n = 0;

		if (strncmp(line, "    ('", 6) != 0)
			continue;
		while (n < 4 && (at = read_literal(at, field[n], sizeof(field[n]))) != NULL)
			n++;
		if (n == 4)
			add_word(field[1], field[2], field[3]);
	}
	free(line);
	fclose(in);
	if (nwords < 1000)
	{
		fprintf(stderr, "%s: only %zu words read\n", path, nwords);
		exit(2);
	}
}

static PaGuardAdded
add_address(PaGuardIndex *index, uint32_t id, char **field, int n)
{
	PaAddress	address;

	memset(&address, 0, sizeof(address));
	for (int i = 0; i < n; i++)
	{
		char	   *value = strchr(field[i], '=');
		int			element;

		if (value == NULL)
			exit(2);
		*value++ = '\0';
		element = protaddr_element_by_name(field[i], strlen(field[i]));
		if (strcmp(field[i], "AdrLine") == 0)
			address.line[address.nlines++] = text_of(value);
		else if (element < 0)
			exit(2);
		else
			address.element[element] = text_of(value);
	}
	return protaddr_guard_index_add(index, id, &address);
}

/* ---- the texts -------------------------------------------------------------------------------- */

typedef struct Found
{
	uint32_t	id;				/* who is looked for */
	PaCertainty certainty;
	size_t		start;
	size_t		end;
	int			others[4];
	uint32_t	other_id;
} Found;

static bool
found_one(void *arg, const PaGuardMatch *match)
{
	Found	   *found = arg;

	if (match->id != found->id)
	{
		found->others[match->certainty]++;
		found->other_id = match->id;
		return true;
	}
	if (match->certainty > found->certainty)
		found->certainty = match->certainty;
	if (found->end == 0 || match->start < found->start)
		found->start = match->start;
	if (match->start + match->length > found->end)
		found->end = match->start + match->length;
	return true;
}

static size_t
unescape(char *text)
{
	char	   *out = text;

	for (const char *in = text; *in != '\0'; in++)
	{
		if (*in == '\\' && in[1] != '\0')
		{
			in++;
			*out++ = *in == 'n' ? '\n' : *in == 'r' ? '\r' : *in == 't' ? '\t' : *in;
		}
		else
			*out++ = *in;
	}
	*out = '\0';
	return (size_t) (out - text);
}

/* owed is true if the class promises at least this certainty. */
static bool
as_owed(Class class, PaCertainty certainty)
{
	return class <= CLASS_SAFE ? certainty >= PA_SAFE : certainty >= PA_DOUBTFUL;
}

static void
show(const Kind *kind, const Found *found, const char *text, size_t start, size_t length)
{
	static const char *const certainties[] = {"missed", "doubtful", "safe", "exact"};

	printf("# [%s] %s: %s", class_names[kind->class], kind->name, certainties[found->certainty]);
	if (found->end > 0)
		printf(" %zu+%zu", found->start, found->end - found->start);
	if (found->other_id != 0)
		printf(", other: %d doubtful, %d safe, %d exact, %u", found->others[1], found->others[2], found->others[3], found->other_id);
	printf("\n#   kept %s\n#   text %s\n#   at %zu+%zu\n", line_of[found->id != 0 ? found->id : found->other_id],
		   text, start, length);
}

/* ---- what comes of it ---------------------------------------------------------------------------- */

static void
add_up(Kind *sum, const Kind *kind)
{
	sum->texts += kind->texts;
	sum->cut += kind->cut;
	for (int i = 0; i < 4; i++)
	{
		sum->found[i] += kind->found[i];
		sum->others[i] += kind->others[i];
	}
}

static void
print_kind(const char *what, const Kind *kind)
{
	printf("%s\t%s\t%s\t%ld\t%ld\t%ld\t%ld\t%ld\t%ld\t%ld\t%ld\n", what, class_names[kind->class], kind->name, kind->texts,
		   kind->found[3], kind->found[2], kind->found[1], kind->found[0],
		   kind->others[3] + kind->others[2], kind->others[1], kind->cut);
}

static int
by_class_and_name(const void *a, const void *b)
{
	const Kind *x = a;
	const Kind *y = b;

	return x->class != y->class ? (int) x->class - (int) y->class : strcmp(x->name, y->name);
}

static int	tests = 0;
static int	failures = 0;

static void
ok(bool good, const char *name, const char *what, const Kind *sum)
{
	if (!good)
	{
		failures++;
		printf("# %ld texts: exact %ld, safe %ld, doubtful %ld, missed %ld, others %ld and doubtful %ld, cut %ld\n", sum->texts,
			   sum->found[3], sum->found[2], sum->found[1], sum->found[0], sum->others[2] + sum->others[3], sum->others[1], sum->cut);
	}
	printf("%sok %d - %s: %s\n", good ? "" : "not ", ++tests, name, what);
}

/*
 * The goals: everything exact and safe, 95 % of the doubtful (94 in a sample), nobody else;
 * where numbers stand before streets, which leaves more to guess, 98 and 90 %.
 */
static void
judge(const char *name, const Kind *sum, bool before)
{
	const Kind *s;

	if ((s = &sum[CLASS_EXACT])->texts > 0)
		ok(s->found[3] + s->found[2] == s->texts, name, "what is written as it is kept is found", s);
	if ((s = &sum[CLASS_SAFE])->texts > 0)
		ok((s->found[3] + s->found[2]) * 100 >= s->texts * (before ? 98 : 100), name, "what is the same written otherwise is found", s);
	if ((s = &sum[CLASS_DOUBTFUL])->texts > 0)
		ok((s->texts - s->found[0]) * 100 >= s->texts * (before ? 90 : 94), name, "most of what may be the same is found", s);
	if ((s = &sum[CLASS_EXACT])->texts + sum[CLASS_SAFE].texts > 0)
		ok((s->cut + sum[CLASS_SAFE].cut) * 25 <= s->texts + sum[CLASS_SAFE].texts, name, "nothing of it is left out, but for parts of towns", s);
	if ((s = &sum[CLASS_NONE])->texts > 0)
	{
		ok(s->others[3] + s->others[2] == 0, name, "no other address is taken for one that is looked for", s);
		ok(s->others[1] * 1000 <= s->texts, name, "nor doubted, but one in 1,000", s);
	}
	if ((s = &sum[CLASS_EMPTY])->texts > 0)
		ok(s->others[3] + s->others[2] == 0 && s->others[1] * 10000 <= s->texts, name, "a text without an address has none, or one in 10,000 is doubted", s);
}

int
main(int argc, char **argv)
{
	PaGuardIndex *index = NULL;
	char	   *line = NULL;
	size_t		room = 0;
	ssize_t		len;
	int			shown = 0;
	bool		pairs = false;
	const char *tap = NULL;
	bool		before = false;
	double		seconds = 0;
	double		bytes = 0;
	Kind		sum[CLASSES];

	while (argc > 2)
	{
		if (strcmp(argv[1], "-p") == 0)
			pairs = true;
		else if (strcmp(argv[1], "-b") == 0)
			before = true;
		else if (strcmp(argv[1], "-v") == 0)
		{
			shown = atoi(argv[2]);
			argc--, argv++;
		}
		else if (strcmp(argv[1], "-t") == 0)
		{
			tap = argv[2];
			argc--, argv++;
		}
		argc--, argv++;
	}
	if (argc != 2)
	{
		fprintf(stderr, "usage: measure [-v N] [-p] [-t NAME] words.sql <texts\n");
		return 2;
	}
	read_words(argv[1]);
	line_of = calloc(1, sizeof(char *));
	line_of[0] = strdup("");

	while ((len = getline(&line, &room, stdin)) > 0)
	{
		char	   *field[32];
		int			n = 0;

		if (line[len - 1] == '\n')
			line[len - 1] = '\0';
		if (line[0] == 'P')
		{
			line_of = realloc(line_of, (nlines + 2) * sizeof(char *));
			line_of[++nlines] = strdup(line + 2);
			if ((size_t) atol(line + 2) != nlines)
				return 2;
			continue;
		}
		for (char *at = line; at != NULL && n < 32; n++)
		{
			field[n] = at;
			if ((at = strchr(at, '\t')) != NULL)
				*at++ = '\0';
		}
		if (field[0][0] == 'W' && n == 4 && index == NULL)
			add_word(field[1], field[2], field[3]);
		else if (field[0][0] == 'T' && n == 7)
		{
			Found		found = {.id = (uint32_t) atol(field[3])};
			size_t		start = (size_t) atol(field[4]);
			size_t		length = (size_t) atol(field[5]);
			Class		class = 0;
			Kind	   *kind;
			struct timespec before;
			struct timespec after;
			char	   *whole = shown > 0 ? strdup(field[6]) : NULL;
			size_t		size = unescape(field[6]);

			if (index == NULL)
			{
				static const uint8_t key[PA_GUARD_KEY_SIZE] = {1, 7, 3, 9, 5, 2, 8, 4, 6, 11, 13, 12, 17, 19, 23, 29};

				index = protaddr_guard_index_new(&memory, key, words, nwords, nlines);
				if (index == NULL)
					return 2;
				for (size_t i = 1; i <= nlines; i++)
				{
					char	   *copy = strdup(line_of[i]);
					char	   *part[32];
					int			nparts = 0;

					for (char *at = strchr(copy, '\t'); at != NULL && nparts < 32; at = strchr(at, '\t'))
					{
						*at++ = '\0';
						part[nparts++] = at;
					}
					if (add_address(index, (uint32_t) i, part, nparts) != PA_GUARD_ADDED)
					{
						fprintf(stderr, "not added: %s\n", line_of[i]);
						return 2;
					}
				}
			}
			while (class < CLASSES && strcmp(class_names[class], field[2]) != 0)
				class++;
			if (class == CLASSES || found.id > nlines)
				return 2;
			kind = kind_named(field[1], class);

			clock_gettime(CLOCK_MONOTONIC, &before);
			protaddr_guard_find(index, field[6], size, found_one, NULL, &found);
			clock_gettime(CLOCK_MONOTONIC, &after);
			seconds += (double) (after.tv_sec - before.tv_sec) + (double) (after.tv_nsec - before.tv_nsec) / 1e9;
			bytes += (double) size;

			kind->texts++;
			kind->found[found.certainty]++;
			for (int i = 1; i < 4; i++)
				kind->others[i] += found.others[i] > 0;
			if (found.certainty != 0 && (found.start > start || found.end < start + length))
			{
				kind->cut++;
				if (shown < 0)
					found.certainty = 0;
			}
			if (kind->shown < abs(shown) &&
				(found.id != 0 ? !as_owed(class, found.certainty) : found.other_id != 0))
			{
				kind->shown++;
				show(kind, &found, whole, start, length);
			}
			free(whole);
		}
		else
		{
			fprintf(stderr, "unread line: %s\n", line);
			return 2;
		}
	}
	free(line);

	memset(sum, 0, sizeof(sum));
	for (size_t i = 0; i < nkinds; i++)
		add_up(&sum[kinds[i].class], &kinds[i]);
	if (tap != NULL)
	{
		judge(tap, sum, before);
		printf("1..%d\n", tests);
		return failures > 0;
	}

	qsort(kinds, nkinds, sizeof(Kind), by_class_and_name);
	for (size_t i = 0; i < nkinds; i++)
		if (pairs || strstr(kinds[i].name, " + ") == NULL)
			print_kind("kind", &kinds[i]);
	for (int i = 0; i < CLASSES; i++)
	{
		Kind		two = {.name = "two rules", .class = i};

		sum[i].name = "all";
		sum[i].class = i;
		for (size_t k = 0; k < nkinds; k++)
			if (kinds[k].class == i && strstr(kinds[k].name, " + ") != NULL)
				add_up(&two, &kinds[k]);
		if (two.texts > 0)
			print_kind("kind", &two);
		if (sum[i].texts > 0)
			print_kind("class", &sum[i]);
	}
	printf("speed\t%zu\t%.0f\t%.0f\t%.3f\n", nlines, (double) protaddr_guard_index_bytes(index) / (double) (nlines > 0 ? nlines : 1), bytes / seconds / 1e6, seconds);
	protaddr_guard_index_free(index);
	return 0;
}
