/*
 * cpr_reading.h
 *		What did one reading of a register file give?
 *
 * For the unit tests of the parser: people as text, verdict, place and counts.  A
 * file is also fed byte by byte and in small pieces, and must give the same.
 */
#ifndef CPR_READING_H
#define CPR_READING_H

#include "register/cpr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FILE	(1 << 20)
#define MAX_TEXT	(1 << 16)

/*
 * What one reading gave, with the persons as text, a line each:
 * number,replaced by,status code,start,delete hint,end[,start registered,end registered] ...
 * A ? stands before the type of a record that could not be read, a ~ before a fragment.
 */
typedef struct Reading
{
	PaCprVerdict verdict;
	PaCprHeader header;
	uint64_t	records;
	uint64_t	record;
	uint64_t	offset;
	uint64_t	persons;
	uint64_t	skipped;
	uint64_t	ended_subscriptions;
	uint64_t	error_records;
	bool		bitemporal;
	uint64_t	called;
	uint64_t	stop_at;		/* the callback says no at this person */
	size_t		len;
	char		text[MAX_TEXT];
} Reading;

static int	tests = 0;
static int	failures = 0;

static inline void
ok(bool good, const char *name)
{
	tests++;
	if (!good)
		failures++;
	printf("%sok %d - %s\n", good ? "" : "not ", tests, name);
}

static inline void
add_text(Reading *reading, const char *text)
{
	size_t		len = strlen(text);

	if (reading->len + len < MAX_TEXT)
	{
		memcpy(reading->text + reading->len, text, len + 1);
		reading->len += len;
	}
}

static inline bool
note_person(void *arg, const PaCprPerson *person)
{
	Reading    *reading = arg;
	char		line[96];
	int			i;

	reading->called++;
	snprintf(line, sizeof(line), "%s%s,%s,%s", person->fragment ? "~" : "", person->pnr,
			 person->replaced_by, person->status);
	add_text(reading, line);
	for (i = 0; i < person->nunread; i++)
	{
		snprintf(line, sizeof(line), " ?%s", person->unread[i]);
		add_text(reading, line);
	}
	for (i = 0; i < person->nprotections; i++)
	{
		const PaCprProtection *p = &person->protection[i];

		snprintf(line, sizeof(line), " %s,%s,%s,%s", p->code, p->start, p->delete_hint, p->end);
		add_text(reading, line);
		if (p->start_registered[0] != '\0' || p->end_registered[0] != '\0')
		{
			snprintf(line, sizeof(line), ",%s,%s", p->start_registered, p->end_registered);
			add_text(reading, line);
		}
	}
	add_text(reading, "\n");
	return reading->called != reading->stop_at;
}

static inline void
read_in_pieces(Reading *reading, PaCprKind kind, const char *data, size_t len, size_t piece,
			   uint64_t stop_at)
{
	static PaCprParser parser;
	size_t		at;

	memset(reading, 0, sizeof(*reading));
	reading->stop_at = stop_at;
	protaddr_cpr_begin(&parser, kind, note_person, reading);
	for (at = 0; at < len; at += piece)
	{
		size_t		n = len - at < piece ? len - at : piece;
		char	   *copy = malloc(n);

		/* a piece is all there is: its neighbours in memory are not the file */
		if (copy == NULL)
			abort();
		memcpy(copy, data + at, n);
		protaddr_cpr_feed(&parser, copy, n);
		memset(copy, 'x', n);
		free(copy);
	}
	reading->verdict = protaddr_cpr_end(&parser);
	reading->header = parser.header;
	reading->records = parser.records;
	reading->record = parser.record;
	reading->offset = parser.offset;
	reading->persons = parser.persons;
	reading->skipped = parser.skipped;
	reading->ended_subscriptions = parser.ended_subscriptions;
	reading->error_records = parser.error_records;
	reading->bitemporal = parser.bitemporal;
}

static inline bool
same(const Reading *a, const Reading *b)
{
	return a->verdict == b->verdict && a->records == b->records &&
		a->record == b->record && a->offset == b->offset &&
		a->persons == b->persons && a->skipped == b->skipped &&
		a->ended_subscriptions == b->ended_subscriptions &&
		a->error_records == b->error_records && a->bitemporal == b->bitemporal &&
		a->called == b->called && a->len == b->len &&
		memcmp(&a->header, &b->header, sizeof(a->header)) == 0 &&
		memcmp(a->text, b->text, a->len) == 0;
}

/* read_kind reads at once; false if pieces would have given something else. */
static inline bool
read_kind(Reading *reading, PaCprKind kind, const char *data, size_t len, uint64_t stop_at)
{
	static Reading other;
	static const size_t pieces[] = {1, 7, 36};
	bool		equal = true;
	size_t		i;

	read_in_pieces(reading, kind, data, len, len > 0 ? len : 1, stop_at);
	for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)
	{
		read_in_pieces(&other, kind, data, len, pieces[i], stop_at);
		equal = equal && same(reading, &other);
	}
	return equal;
}

static inline bool
read_all(Reading *reading, const char *data, size_t len, uint64_t stop_at)
{
	return read_kind(reading, PA_CPR_DELIVERY, data, len, stop_at);
}

static inline size_t
read_file(const char *directory, const char *name, char *out)
{
	char		path[8192];
	FILE	   *file;
	size_t		len;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "rb");
	if (file == NULL)
		return 0;
	len = fread(out, 1, MAX_FILE, file);
	fclose(file);
	return len;
}

#endif							/* CPR_READING_H */
