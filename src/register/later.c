/*
 * later.c
 *		What is written only once it is known that the whole delivery may be loaded?
 *
 * A delivery that is refused, or only tried, must leave nothing behind: rows that an error
 * takes back fill our tables all the same until VACUUM comes.  So what a load closes and
 * adds waits in a temporary file until everybody has been judged.  Every night that is next
 * to nothing; a load that nothing can refuse any more writes at once.
 */
#include "postgres.h"

#include "base/base.h"
#include "register/register_int.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "storage/buffile.h"
#include "utils/memutils.h"

struct ProtaddrLater
{
	ProtaddrWriter *writer;
	ProtaddrPeople *known;
	bool		at_once;		/* nothing has to wait */
	BufFile    *file;			/* NULL: nothing waits yet */
	MemoryContext context;
	StringInfoData buffer;		/* the entry that is written or read */
};

typedef enum What
{
	A_PERSON,					/* subject */
	A_CLOSED_ROW,				/* Closed */
	AN_ADDED_ROW				/* ProtaddrNewRow, and its texts */
} What;

/* An entry: this, and as many bytes. */
typedef struct Head
{
	What		what;
	int			len;
} Head;

typedef struct Closed
{
	int64		id;
	bool		end;			/* it has ended */
} Closed;

/* protaddr_later_begin readies the writing.  at_once: nothing has to wait. */
ProtaddrLater *
protaddr_later_begin(ProtaddrWriter *writer, ProtaddrPeople *known, bool at_once)
{
	ProtaddrLater *later = palloc0(sizeof(ProtaddrLater));

	later->writer = writer;
	later->known = known;
	later->at_once = at_once;
	later->context = CurrentMemoryContext;
	initStringInfo(&later->buffer);
	return later;
}

static void
put_text(ProtaddrLater *later, const char *text)
{
	appendBinaryStringInfo(&later->buffer, text, strlen(text) + 1);
}

/* put writes an entry, which stands in the buffer. */
static void
put(ProtaddrLater *later, What what)
{
	Head		head = {.what = what, .len = later->buffer.len};

	if (later->file == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(later->context);

		later->file = BufFileCreateTemp(false);
		MemoryContextSwitchTo(old);
	}
	BufFileWrite(later->file, (void *) &head, sizeof(head));
	BufFileWrite(later->file, (void *) later->buffer.data, later->buffer.len);
}

/*
 * protaddr_later_person notes one more of whom the source tells, unless that is known: who
 * comes after those before.
 */
void
protaddr_later_person(ProtaddrLater *later, const char *subject, const ProtaddrIdentifier *id)
{
	if (protaddr_people_noted(later->known, id))
		return;
	if (later->at_once)
	{
		protaddr_people_add(later->known, subject, id);
		return;
	}
	resetStringInfo(&later->buffer);
	put_text(later, subject);
	put(later, A_PERSON);
}

/* protaddr_later_close closes a row, see protaddr_writer_close. */
void
protaddr_later_close(ProtaddrLater *later, int64 id, bool end)
{
	Closed		closed = {.id = id, .end = end};

	if (later->at_once)
	{
		protaddr_writer_close(later->writer, id, end);
		return;
	}
	resetStringInfo(&later->buffer);
	appendBinaryStringInfo(&later->buffer, (char *) &closed, sizeof(closed));
	put(later, A_CLOSED_ROW);
}

/* protaddr_later_add adds a row, see protaddr_writer_add. */
void
protaddr_later_add(ProtaddrLater *later, const ProtaddrNewRow *row)
{
	if (later->at_once)
	{
		protaddr_writer_add(later->writer, row);
		return;
	}
	resetStringInfo(&later->buffer);
	appendBinaryStringInfo(&later->buffer, (char *) row, sizeof(*row));
	put_text(later, row->subject);
	put_text(later, row->kind);
	put_text(later, row->regime);
	put_text(later, row->code);
	if (row->reason != NULL)
		put_text(later, row->reason);
	put(later, AN_ADDED_ROW);
}

/* get reads an entry into the buffer; false at the end. */
static bool
get(ProtaddrLater *later, What *what)
{
	Head		head;
	size_t		got = BufFileRead(later->file, &head, sizeof(head));

	if (got == 0)
		return false;
	if (got == sizeof(head))
	{
		resetStringInfo(&later->buffer);
		enlargeStringInfo(&later->buffer, head.len);
		got = BufFileRead(later->file, later->buffer.data, head.len);
		later->buffer.len = head.len;
		*what = head.what;
		if (got == (size_t) head.len)
			return true;
	}
	elog(ERROR, "what a load has to write is cut off");
	return false;
}

/* next_text gives a text of the entry and goes on behind it. */
static const char *
next_text(const char **at)
{
	const char *text = *at;

	*at += strlen(text) + 1;
	return text;
}

/* write_row adds the row of an entry. */
static void
write_row(ProtaddrLater *later)
{
	ProtaddrNewRow row;
	const char *at = later->buffer.data + sizeof(row);

	memcpy(&row, later->buffer.data, sizeof(row));
	row.subject = next_text(&at);
	row.kind = next_text(&at);
	row.regime = next_text(&at);
	row.code = next_text(&at);
	if (row.reason != NULL)
		row.reason = next_text(&at);
	protaddr_writer_add(later->writer, &row);
}

/* write_entry does what was put off. */
static void
write_entry(ProtaddrLater *later, What what)
{
	ProtaddrIdentifier id;
	Closed		closed;

	switch (what)
	{
		case A_PERSON:
			if (!protaddr_identifier_from_text(later->buffer.data, later->buffer.len - 1, &id))
				elog(ERROR, "an identifier has changed");
			protaddr_people_add(later->known, later->buffer.data, &id);
			break;
		case A_CLOSED_ROW:
			memcpy(&closed, later->buffer.data, sizeof(closed));
			protaddr_writer_close(later->writer, closed.id, closed.end);
			break;
		case AN_ADDED_ROW:
			write_row(later);
			break;
	}
}

/* protaddr_later_write writes what waits; from here on nothing does. */
void
protaddr_later_write(ProtaddrLater *later)
{
	MemoryContext scratch;
	MemoryContext old;
	What		what;

	later->at_once = true;
	if (later->file == NULL)
		return;
	if (BufFileSeek(later->file, 0, 0, SEEK_SET) != 0)
		elog(ERROR, "could not read what a load has to write");
	scratch = AllocSetContextCreate(CurrentMemoryContext, "protaddr load, one row",
									ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(scratch);
	while (get(later, &what))
	{
		CHECK_FOR_INTERRUPTS();
		write_entry(later, what);
		MemoryContextReset(scratch);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}

/* protaddr_later_end gives back the file: what still waits is never written. */
void
protaddr_later_end(ProtaddrLater *later)
{
	if (later->file != NULL)
		BufFileClose(later->file);
	pfree(later->buffer.data);
	pfree(later);
}
