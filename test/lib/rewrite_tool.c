/*
 * rewrite_tool.c
 *		Rewrites one message of ISO 20022, for tests that look at whole files.
 *
 *		rewrite_tool list FILE
 *		rewrite_tool rewrite FILE ACTION [NUMBER=ACTION]...
 *
 * list prints a line for every party with an address, in the order in which they are
 * decided: unit, role, name, identifiers, town, country, whether it takes a birth,
 * amount, currency, payer, payee; between bars.  rewrite writes the message with the
 * first ACTION for every party but those that are named by NUMBER, the first being 0.
 * Actions: keep, withhold, minimum, country, substitute, birth (which withholds).
 * A refused message ends with status 1 and "refused VERDICT OFFSET LINE".
 */
#include "address/address.h"
#include "message/rewrite.h"
#include "text/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT(s) {s, sizeof(s) - 1}

static const PaAddress substitute = {
	.element = {
		[PA_STRTNM] = TEXT("Erstatningsvej"),
		[PA_BLDGNB] = TEXT("1"),
		[PA_PSTCD] = TEXT("0001"),
		[PA_TWNNM] = TEXT("\303\205by"),
		[PA_CTRY] = TEXT("DK")
	},
	.line = {TEXT("Att. & Co")},
	.nlines = 1
};

static const PaBirth birth = {TEXT("1970-01-02"), {NULL, 0}, TEXT("\303\205by"), TEXT("DK")};

typedef struct Run
{
	bool		list;
	const char *standard;
	int			nchoices;
	char	  **choice;
	int			unit;
	int			party;
} Run;

static void
show(PaText text)
{
	if (text.len > 0)
		fwrite(text.data, 1, text.len, stdout);
	putchar('|');
}

static void
act(PaParty *party, const char *action)
{
	if (strcmp(action, "keep") == 0)
		party->action = PA_PLACE_KEEP;
	else if (strcmp(action, "minimum") == 0)
		party->action = PA_PLACE_MINIMUM;
	else if (strcmp(action, "country") == 0)
		party->action = PA_PLACE_COUNTRY;
	else if (strcmp(action, "substitute") == 0)
	{
		party->action = PA_PLACE_SUBSTITUTE;
		party->substitute = &substitute;
	}
	else if (strcmp(action, "birth") == 0)
		party->birth = &birth;
	else if (strcmp(action, "withhold") != 0)
	{
		fprintf(stderr, "no action %s\n", action);
		exit(2);
	}
}

static bool
decide(void *arg, PaUnit *unit)
{
	Run		   *run = arg;

	run->unit++;
	for (int i = 0; i < unit->nparties; i++)
	{
		PaParty    *party = &unit->party[i];
		const char *action = run->standard;

		if (run->list)
		{
			printf("%d|%s|", run->unit, party->role);
			show(party->name);
			for (int j = 0; j < party->nidentifiers; j++)
				printf("%s%.*s", j > 0 ? "," : "", (int) party->identifier[j].len, party->identifier[j].data);
			printf("%s|", party->more_identifiers ? ",..." : "");
			show(party->town);
			show(party->country);
			printf("%s|", party->takes_birth ? "birth" : "");
			show(unit->amount);
			show(unit->currency);
			show(unit->payer);
			show(unit->payee);
			putchar('\n');
		}
		for (int j = 0; j < run->nchoices; j++)
		{
			char	   *equals = strchr(run->choice[j], '=');

			if (equals != NULL && atoi(run->choice[j]) == run->party)
				action = equals + 1;
		}
		act(party, action);
		run->party++;
	}
	return true;
}

static bool
write_out(void *arg, const char *data, size_t len)
{
	Run		   *run = arg;

	return run->list || fwrite(data, 1, len, stdout) == len;
}

static void *
allocate(void *arg, size_t size)
{
	return malloc(size);
}

static void *
reallocate(void *arg, void *ptr, size_t size)
{
	return realloc(ptr, size);
}

static void
release(void *arg, void *ptr)
{
	free(ptr);
}

int
main(int argc, char **argv)
{
	Run			run = {0};
	PaRewriter	rewriter = {&run, decide, write_out, allocate, reallocate, release, NULL};
	PaRewritten rewritten;
	PaMessageVerdict verdict;
	FILE	   *file = argc > 2 ? fopen(argv[2], "rb") : NULL;
	char	   *message = NULL;
	long		size;

	if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0 ||
		fseek(file, 0, SEEK_SET) != 0 || (message = malloc((size_t) size + 1)) == NULL ||
		fread(message, 1, (size_t) size, file) != (size_t) size)
	{
		fprintf(stderr, "usage: rewrite_tool list FILE | rewrite FILE ACTION [NUMBER=ACTION]...\n");
		return 2;
	}
	fclose(file);
	run.list = strcmp(argv[1], "list") == 0;
	run.standard = argc > 3 ? argv[3] : "keep";
	run.nchoices = argc > 4 ? argc - 4 : 0;
	run.choice = argv + 4;
	verdict = protaddr_rewrite_xml(message, (size_t) size, NULL, &rewriter, &rewritten);
	free(message);
	if (verdict != PA_MESSAGE_OK)
	{
		fprintf(stderr, "refused %d %llu %llu\n", (int) verdict,
				(unsigned long long) rewritten.offset, (unsigned long long) rewritten.line);
		return 1;
	}
	return fflush(stdout) == 0 ? 0 : 2;
}
