/*
 * guard_unit.c
 *		Are the addresses looked for found, however they are written, and no others?
 *
 * A plain program that speaks TAP.  A few addresses in each of the ways to write them,
 * what must come of it, and properties that hold of any text.  How much is found of many
 * addresses is measured by test/guard/measure.sh.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guard/matcher.h"

static int	tests = 0;
static int	failures = 0;

static void
ok(bool condition, const char *name)
{
	tests++;
	if (!condition)
		failures++;
	printf("%sok %d - %s\n", condition ? "" : "not ", tests, name);
}

/* ---- an index of a few addresses --------------------------------------------------------- */

static size_t memory_left;

static void *
resize(void *arg, void *old, size_t size)
{
	if (size > memory_left)
		return NULL;
	return realloc(old, size);
}

static void
release(void *arg, void *old)
{
	free(old);
}

static const PaGuardMemory memory = {.resize = resize,.release = release};
static const uint8_t key[PA_GUARD_KEY_SIZE] = "unit test's key";

#define WORD(kind, word, means) {kind, {word, sizeof(word) - 1}, {means, sizeof(means) - 1}}

static const PaGuardWord words[] = {
	WORD(PA_WORD_STREET, "gammel", "gl"), WORD(PA_WORD_STREET, "borgmester", "borgm"),
	WORD(PA_WORD_STREET, "haveforeningen", "havef"),
	WORD(PA_WORD_ENDING, "vej", "v"), WORD(PA_WORD_ENDING, "gade", "g"), WORD(PA_WORD_ENDING, "vænget", ""),
	WORD(PA_WORD_UNIT, "sal", ""), WORD(PA_WORD_UNIT, "lgh", ""), WORD(PA_WORD_UNIT, "til højre", "th"),
	WORD(PA_WORD_UNIT, "th", "th"), WORD(PA_WORD_UNIT, "tv", "tv"), WORD(PA_WORD_UNIT, "mf", "mf"),
	WORD(PA_WORD_UNIT, "stuen", "st"), WORD(PA_WORD_UNIT, "kld", "kl"),
	WORD(PA_WORD_NUMBER, "nr", ""), WORD(PA_WORD_BOX, "postboks", ""), WORD(PA_WORD_BOX, "pb", ""),
	WORD(PA_WORD_COMMON, "Nørregade", ""), WORD(PA_WORD_POST_CODE, "0800", "2630"),
	WORD(PA_WORD_BEFORE, "lille", ""), WORD(PA_WORD_TITLE, "doktor", "")
};

static PaText
text_of(const char *text)
{
	PaText		piece = {text, (uint32_t) strlen(text)};

	return piece;
}

typedef struct Home
{
	const char *street;
	const char *number;
	const char *floor;
	const char *unit;
	const char *code;
	const char *town;
}			Home;

/* by id: the first is 1 */
static const Home homes[] = {
	{"Solsikkevænget", "4", "1", "tv", "8000", "Aarhus C"},
	{"Gammel Opdigtetvej", "12A", "", "", "1610", "København V"},
	{"Borgmester Opdigtsens Gade", "45", "st", "th", "2450", "København SV"},
	{"Nørregade", "7", "", "", "5000", "Odense C"},
	{"Tofthøjvej", "20", "", "121", "4130", "Viby Sjælland"},
	{"Keksintie", "5", "", "A 12", "00100", "Helsinki"},
	{"Påhittsvägen", "12", "", "lgh 1203", "12345", "Stockholm"},
	{"Invented Street", "4", "", "", "SW1A 1AA", "London"},
	{"Taarnvej", "3", "", "", "2630", "Taastrup"}
};

#define NHOMES ((int) (sizeof(homes) / sizeof(homes[0])))

#define NADDRESSES	(NHOMES + 5)

/* address_of gives an address by its number, and the id it is looked for under. */
static uint32_t
address_of(int number, PaAddress *address)
{
	memset(address, 0, sizeof(*address));
	if (number < NHOMES)
	{
		const Home *home = &homes[number];

		address->element[PA_STRTNM] = text_of(home->street);
		address->element[PA_BLDGNB] = text_of(home->number);
		address->element[PA_FLR] = text_of(home->floor);
		address->element[PA_UNITNB] = text_of(home->unit);
		address->element[PA_PSTCD] = text_of(home->code);
		address->element[PA_TWNNM] = text_of(home->town);
		return (uint32_t) number + 1;
	}
	switch (number - NHOMES)
	{
		case 0:
			address->nlines = 2;
			address->line[0] = text_of("Fantasistien 9, 2. th");
			address->line[1] = text_of("DK-8200 Aarhus N");
			return 20;
		case 1:
			address->nlines = 1;
			address->line[0] = text_of("Mælkebøtteløkken 17, st. tv, 9000 Aalborg");
			return 21;
		case 2:
			address->element[PA_PSTBX] = text_of("Postboks 123");
			address->element[PA_PSTCD] = text_of("7100");
			address->element[PA_TWNNM] = text_of("Vejle");
			return 22;
		case 3:
			address->element[PA_BLDGNM] = text_of("Opdigtethjemmet");
			address->element[PA_TWNNM] = text_of("Vejle");
			return 23;
		default:
			/* a house without a number in a street that is there already, and in another town */
			address->element[PA_STRTNM] = text_of("Fantasistien");
			address->element[PA_TWNNM] = text_of("Odense C");
			return 24;
	}
}

/* add adds addresses by their numbers, so far apart. */
static bool
add(PaGuardIndex *index, int first, int step)
{
	PaAddress	address;
	bool		added = true;

	for (int i = first; i < NADDRESSES; i += step)
	{
		uint32_t	id = address_of(i, &address);

		added &= protaddr_guard_index_add(index, id, &address) == PA_GUARD_ADDED;
	}
	return added;
}

static PaGuardIndex *
new_index(void)
{
	memory_left = SIZE_MAX;
	return protaddr_guard_index_new(&memory, key, words, sizeof(words) / sizeof(words[0]), 16);
}

/* ---- what is found -------------------------------------------------------------------------- */

typedef struct Best
{
	int			nfound;
	PaGuardMatch match;
	size_t		len;
	bool		outside;
}			Best;

static bool
keep_best(void *arg, const PaGuardMatch *match)
{
	Best	   *best = arg;

	if (match->length == 0 || match->start > best->len || match->length > best->len - match->start)
		best->outside = true;
	if (best->nfound++ == 0 || match->certainty > best->match.certainty)
		best->match = *match;
	return true;
}

typedef struct Case
{
	const char *text;
	uint32_t	id;				/* 0: nothing is found */
	PaCertainty certainty;
	const char *stretch;		/* NULL: the whole text */
}			Case;

static const Case cases[] = {
	/* the same address */
	{"Solsikkevænget 4, 1. tv, 8000 Aarhus C", 1, PA_EXACT, NULL},
	{"Kære Sol, send det til Solsikkevænget 4, 1. tv, 8000 Aarhus C. Hilsen", 1, PA_EXACT, "Solsikkevænget 4, 1. tv, 8000 Aarhus C"},
	{"SOLSIKKEVAENGET 4,1 TV 8000 AARHUS C", 1, PA_EXACT, NULL},
	{"Solsikkevænget 4\n1. tv\n8000 Aarhus C", 1, PA_EXACT, NULL},
	{"8000 Aarhus C, Solsikkevænget 4, 1. tv", 1, PA_EXACT, NULL},
	{"<StrtNm>Solsikkev&#230;nget</StrtNm><BldgNb>4</BldgNb><Flr>1</Flr><Room>tv</Room><PstCd>8000</PstCd><TwnNm>Aarhus C</TwnNm>",
	1, PA_EXACT, "Solsikkev&#230;nget</StrtNm><BldgNb>4</BldgNb><Flr>1</Flr><Room>tv</Room><PstCd>8000</PstCd><TwnNm>Aarhus C"},
	{"Solsikkev&amp;aelig;nget 4, 1. tv, 8000 Aarhus C", 1, PA_EXACT, NULL},
	{"Solsikkev\\u00e6nget 4, 1. tv,\\n8000 Aarhus C", 1, PA_EXACT, NULL},
	{"{\"StrtNm\": \"Solsikkevænget\", \"BldgNb\": \"4\", \"Flr\": \"1\", \"UnitNb\": \"tv\", \"PstCd\": \"8000\", \"TwnNm\": \"Aarhus C\"}",
	1, PA_EXACT, "Solsikkevænget\", \"BldgNb\": \"4\", \"Flr\": \"1\", \"UnitNb\": \"tv\", \"PstCd\": \"8000\", \"TwnNm\": \"Aarhus C"},
	{"Solsikkev%C3%A6nget%204%2C%201.%20tv%2C%208000%20Aarhus%20C", 1, PA_EXACT, NULL},
	{"Solsikkev=C3=A6nget 4, 1. tv, 8000 Aar=\nhus C", 1, PA_EXACT, NULL},
	{"Ref U29sc2lra2V2w6ZuZ2V0IDQsIDEuIHR2LCA4MDAwIEFhcmh1cyBD slut", 1, PA_EXACT, "U29sc2lra2V2w6ZuZ2V0IDQsIDEuIHR2LCA4MDAwIEFhcmh1cyBD"},
	{"Sol\xC2\xADsikke\xE2\x80\x8Bvænget 4, 1. tv, 8000 Aarhus C", 1, PA_EXACT, NULL},
	{"S\xD0\xBElsikkevænget \xEF\xBC\x94, 1. tv, 8000 Aarhus C", 1, PA_EXACT, NULL},
	{"Gammel Opdigtetvej 12 A, 1610 København V", 2, PA_EXACT, NULL},
	{"Tofthøjvej 20, -0121, 4130 Viby Sjælland", 5, PA_EXACT, NULL},
	{"Keksintie 5 A 12, 00100 Helsinki", 6, PA_EXACT, NULL},
	{"Påhittsvägen 12 lgh 1203, 123 45 Stockholm", 7, PA_EXACT, NULL},
	{"4 Invented Street, London SW1A 1AA", 8, PA_EXACT, NULL},
	{"Fantasistien 9 2.TH 8200 Aarhus N", 20, PA_EXACT, NULL},
	{"Mælkebøtteløkken 17 st tv 9000 Aalborg", 21, PA_EXACT, NULL},
	{"Postboks 123, 7100 Vejle", 22, PA_EXACT, NULL},
	{"Opdigtethjemmet, Vejle", 23, PA_EXACT, NULL},

	{"Taarnvej 3, 0800 Høje Taastrup", 9, PA_EXACT, NULL},

	/* written otherwise */
	{"solsikkevanget 4 1tv 8000 Arhus", 1, PA_SAFE, NULL},
	{"Solsikke vænget 04, 01. sal tv., DK-8000 Århus", 1, PA_SAFE, NULL},
	{"Gl. Opdigtetv. 12A, 1610 København V", 2, PA_SAFE, NULL},
	{"Borgm Opdigtsensg 45 stuen til højre 2450 København SV", 3, PA_SAFE, NULL},
	{"N?rregade 7, 5000 Odense C", 4, PA_SAFE, NULL},
	{"Nrregade 7, 5000 Odense C", 4, PA_SAFE, NULL},
	{"PB 123 Vejle", 22, PA_SAFE, NULL},

	/* doubtful: a letter, the place, the floor */
	{"Solsikkevængt 4, 1. tv, 8000 Aarhus C", 1, PA_DOUBTFUL, NULL},
	{"Solsikkevvænget 4, 1. tv, 8000 Aarhus C", 1, PA_DOUBTFUL, NULL},
	{"Solsikkevængte 4, 1. tv, 8000 Aarhus C", 1, PA_DOUBTFUL, NULL},
	{"Solsikkevænget 4, 8000 Aarhus C", 1, PA_DOUBTFUL, NULL},
	{"Solsikkevænget 4, 1., 8000 Aarhus C", 1, PA_DOUBTFUL, NULL},
	{"på Opdigtethjemmet nu", 23, PA_DOUBTFUL, "Opdigtethjemmet"},
	{"bor på Solsikkevænget 4", 1, PA_DOUBTFUL, "Solsikkevænget 4"},
	{"Borgmester Opdigtse 45, st. th, 2450 København SV", 3, PA_DOUBTFUL, NULL},
	{"{\"BldgNb\":\"4\",\"Flr\":\"1\",\"PstCd\":\"8000\",\"StrtNm\":\"Solsikkevænget\",\"TwnNm\":\"Aarhus C\"}", 1, PA_DOUBTFUL,
	"4\",\"Flr\":\"1\",\"PstCd\":\"8000\",\"StrtNm\":\"Solsikkevænget\",\"TwnNm\":\"Aarhus C"},

	{"Taarnvej 3, 2630 Odense C", 9, PA_DOUBTFUL, "Taarnvej 3, 2630"},
	{"50B Taarnvej, 3., 2630 Taastrup", 9, PA_DOUBTFUL, "Taarnvej, 3., 2630 Taastrup"},
	{"Doktor Solsikkevænget 4, 1. tv, 8000 Aarhus C", 1, PA_DOUBTFUL, "Solsikkevænget 4, 1. tv, 8000 Aarhus C"},
	{"4 A Invented Street, London SW1A 1AA", 8, PA_DOUBTFUL, NULL},
	{"4600 Køge, Solsikkevænget 4, 1. tv, Aarhus C", 1, PA_DOUBTFUL, "Solsikkevænget 4, 1. tv, Aarhus C"},

	/* somebody else's, or none */
	{"Lille+Solsikkev%C3%A6nget+4%2C+1.+tv%2C+8000+Aarhus+C", 0, 0, NULL},
	{"4 bis Invented Street, London SW1A 1AA", 0, 0, NULL},
	{"Lille Solsikkevænget 4, 1. tv, 8000 Aarhus C", 0, 0, NULL},
	{"Solsikkevænget 4, 2. tv, 8000 Aarhus C", 0, 0, NULL},
	{"Solsikkevænget 4, 1. th, 8000 Aarhus C", 0, 0, NULL},
	{"Solsikkevænget 6, 1. tv, 8000 Aarhus C", 0, 0, NULL},
	{"Solsikkevænget 14, 1. tv, 8000 Aarhus C", 0, 0, NULL},
	{"Solsikkevænget 4, 1. tv, 5000 Odense C", 0, 0, NULL},
	{"Lille Solsikkevej 4, 1. tv, 8000 Aarhus C", 0, 0, NULL},
	{"Gammel Opdigtetvej 12, 1610 København V", 0, 0, NULL},
	{"Gammel Opdigtetvej 12B, 1610 København V", 0, 0, NULL},
	{"Nørregade 7 tak for lån", 0, 0, NULL},
	{"Nørregade 7, 9000 Aalborg", 0, 0, NULL},
	{"Postboks 123", 0, 0, NULL},
	{"Faktura 4711 af 12.03.2026, kr. 8.000,00 til DK5000400440116243", 0, 0, NULL},
	{"", 0, 0, NULL},
	{"4", 0, 0, NULL}
};

static void
test_cases(const PaGuardIndex *index)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		const Case *c = &cases[i];
		Best		best = {.len = strlen(c->text)};
		char		name[512];
		const char *stretch = c->stretch != NULL ? c->stretch : c->text;
		bool		right;

		protaddr_guard_find(index, c->text, best.len, keep_best, NULL, &best);
		if (c->id == 0)
			right = best.nfound == 0;
		else
			right = best.nfound > 0 && best.match.id == c->id && best.match.certainty == c->certainty &&
				best.match.length == strlen(stretch) && memcmp(c->text + best.match.start, stretch, best.match.length) == 0;
		snprintf(name, sizeof(name), "%.200s: %s", c->text, c->id == 0 ? "nothing" : c->certainty == PA_EXACT ? "exact" :
				 c->certainty == PA_SAFE ? "safe" : "doubtful");
		for (char *at = name; *at != '\0'; at++)
			if (*at == '\n' || *at == '#')
				*at = ' ';
		ok(right && !best.outside, name);
		if (!right)
			printf("# found %d, id %u, certainty %d: %.*s\n", best.nfound, best.match.id, (int) best.match.certainty,
				   best.nfound > 0 ? (int) best.match.length : 0, c->text + best.match.start);
	}
}

/* Wherever in a long text, and wherever what is at hand of it ends. */
static void
test_anywhere(const PaGuardIndex *index)
{
	static const char home[] = "Solsikkevænget 4, 1. tv, 8000 Aarhus C";
	static char text[200000];
	int			missed = 0;
	int			wrong = 0;

	for (size_t before = 1; before < 40000; before = before * 11 / 10 + 1)
	{
		Best		best = {0};
		size_t		len = 0;

		while (len < before)
			len += (size_t) sprintf(text + len, "%s", len % 7 == 0 ? "ord " : "12 ");
		best.len = len;
		memcpy(text + len, home, sizeof(home) - 1);
		best.len += sizeof(home) - 1;
		while (best.len < len + 9000)
			best.len += (size_t) sprintf(text + best.len, " og 7");
		protaddr_guard_find(index, text, best.len, keep_best, NULL, &best);
		missed += best.nfound == 0;
		wrong += best.nfound > 0 && (best.match.start != len || best.match.length != sizeof(home) - 1);
	}
	ok(missed == 0, "found wherever it stands in a long text");
	ok(wrong == 0, "and told where");
}

/* No memory: what is there goes on working, and nothing is lost without a word. */
static void
test_memory(void)
{
	bool		told = true;
	bool		works = true;

	for (size_t left = 1000; left < 3000000; left = left * 5 / 4)
	{
		PaGuardIndex *index;
		PaAddress	address;
		PaGuardAdded added;

		memory_left = left;
		index = protaddr_guard_index_new(&memory, key, words, sizeof(words) / sizeof(words[0]), 16);
		if (index == NULL)
			continue;
		memset(&address, 0, sizeof(address));
		address.element[PA_STRTNM] = text_of("Solsikkevænget");
		address.element[PA_BLDGNB] = text_of("4");
		added = protaddr_guard_index_add(index, 1, &address);
		told &= added == PA_GUARD_ADDED || added == PA_GUARD_NO_MEMORY;
		if (added == PA_GUARD_ADDED)
		{
			Best		best = {.len = 17};

			protaddr_guard_find(index, "Solsikkevænget 4", best.len, keep_best, NULL, &best);
			works &= best.nfound == 1;
		}
		protaddr_guard_index_free(index);
	}
	memory_left = SIZE_MAX;
	ok(told, "without memory an address is not added, and that is told");
	ok(works, "what was added is found");
}

static bool
count(void *arg, const PaGuardMatch *match)
{
	++*(int *) arg;
	return false;
}

static void
test_stop(const PaGuardIndex *index)
{
	static const char twice[] = "Solsikkevænget 4, 1. tv, 8000 Aarhus C; Solsikkevænget 4, 1. tv, 8000 Aarhus C";
	int			n = 0;

	protaddr_guard_find(index, twice, sizeof(twice) - 1, count, NULL, &n);
	ok(n == 1, "who has heard enough is told no more");
}

/* One index that others stand on, as an image that has been moved. */
static void
test_image(const PaGuardIndex *all)
{
	for (int first = 0; first < 3; first++)
	{
		PaGuardIndex *low = new_index();
		PaGuardIndex *read;
		PaGuardIndex *high;
		size_t		size;
		char	   *image;
		char	   *moved;

		/* none, every second, all */
		ok(first == 0 || add(low, 0, 3 - first), "each address was added below");
		size = protaddr_guard_image_size(low);
		image = malloc(size);
		moved = malloc(size);
		protaddr_guard_image_write(low, image);
		protaddr_guard_index_free(low);
		memcpy(moved, image, size);
		memset(image, 0x5A, size);
		free(image);
		read = protaddr_guard_image_read(&memory, moved);
		image = malloc(size);
		memcpy(image, moved, size);
		if (first == 2)
			test_cases(read);
		high = protaddr_guard_index_above(&memory, read, 16);
		ok(first == 2 || add(high, first == 0 ? 0 : 1, first == 0 ? 1 : 2), "each address was added above");
		test_cases(high);
		ok(memcmp(image, moved, size) == 0, "what is below stays as it is");
		protaddr_guard_index_free(high);
		protaddr_guard_image_leave(read);
		free(image);
		free(moved);
	}
}

int
main(void)
{
	PaGuardIndex *index = new_index();
	PaAddress	address;

	ok(add(index, 0, 1), "each address was added");
	memset(&address, 0, sizeof(address));
	address.element[PA_CTRY] = text_of("DK");
	ok(protaddr_guard_index_add(index, 25, &address) == PA_GUARD_NOTHING, "a country alone cannot be looked for");
	test_cases(index);
	test_anywhere(index);
	test_stop(index);
	test_memory();
	test_image(index);
	ok(protaddr_guard_index_bytes(index) > 0, "the index knows its size");
	protaddr_guard_index_free(index);
	printf("1..%d\n", tests);
	return failures == 0 ? 0 : 1;
}
