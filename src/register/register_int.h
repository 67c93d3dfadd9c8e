/*
 * register_int.h
 *		What the files of register/ share with each other alone.
 */
#ifndef PROTADDR_REGISTER_INT_H
#define PROTADDR_REGISTER_INT_H

#include "register/register.h"

#include "executor/tuptable.h"

/* ---- register/gathered.c: what a delivery says of each person -------------- */

typedef struct ProtaddrGathered ProtaddrGathered;

extern ProtaddrGathered *protaddr_gathered_begin(bool may_repeat, bool again);
extern void protaddr_gathered_add(ProtaddrGathered *gathered, const ProtaddrIdentifier *under,
								  const ProtaddrRecordSet *piece);
extern int64 protaddr_gathered_pieces(const ProtaddrGathered *gathered);
extern void protaddr_gathered_sort(ProtaddrGathered *gathered);
extern void protaddr_gathered_again(ProtaddrGathered *gathered);
extern bool protaddr_gathered_piece(ProtaddrGathered *gathered, ProtaddrIdentifier *under,
									ProtaddrRecordSet *piece);
extern bool protaddr_gathered_next(ProtaddrGathered *gathered, ProtaddrRecordSet *set);
extern void protaddr_gathered_end(ProtaddrGathered *gathered);

/* ---- register/in_order.c: our tables in the order of people ---------------- */

typedef struct ProtaddrInOrder ProtaddrInOrder;

extern ProtaddrInOrder *protaddr_in_order_begin(Oid relation, Oid index);
extern TupleTableSlot * protaddr_in_order_at(ProtaddrInOrder *in_order,
											 const ProtaddrIdentifier *id, bool anywhere);
extern TupleTableSlot * protaddr_in_order_next(ProtaddrInOrder *in_order,
											   const ProtaddrIdentifier *id);
extern bool protaddr_in_order_has(ProtaddrInOrder *in_order, const ProtaddrIdentifier *id,
								  const text * second);
extern TupleTableSlot * protaddr_in_order_walk(ProtaddrInOrder *in_order);
extern void protaddr_in_order_end(ProtaddrInOrder *in_order);

/* ---- register/people.c: whom a source has told of -------------------------- */

typedef struct ProtaddrPeople ProtaddrPeople;

extern ProtaddrPeople *protaddr_people_begin(const char *source, TimestampTz moment);
extern bool protaddr_people_noted(ProtaddrPeople *people, const ProtaddrIdentifier *id);
extern void protaddr_people_add(ProtaddrPeople *people, const char *subject,
								const ProtaddrIdentifier *id);
extern int64 protaddr_people_end(ProtaddrPeople *people);

/* ---- register/difference.c: what a record set changes ---------------------- */

/* A protection in force, as the table has it; one at most of each number, regime and
 * code. */
typedef struct ProtaddrInForce
{
	int64		id;
	int			number;			/* of which of the person's numbers; 0: the newest */
	char	   *subject;
	char	   *regime;
	char	   *code;
	char	   *kind;
	TimestampTz valid_from;
	DateADT		delete_hint;
	bool		no_delete_hint;
	TimestampTz ends_at;		/* DT_NOEND: not told */
	char	   *reason;			/* why it is in force though not said any more; NULL: it is said */
} ProtaddrInForce;

/* What becomes of a protection in force. */
typedef enum ProtaddrFate
{
	PROTADDR_ENDS,				/* said no longer: closed, and its end is recorded */
	PROTADDR_END_TOLD,			/* closed: the record set tells when it ended */
	PROTADDR_SAID_ANEW,			/* goes on with other details: closed, and added anew */
	PROTADDR_KEPT,				/* goes on for a reason: closed, and added with it */
	PROTADDR_UNCHANGED
} ProtaddrFate;

typedef struct ProtaddrDifference
{
	ProtaddrFate *fate;			/* of each protection in force */
	bool	   *added;			/* whether a row is added for what is delivered, of each */
	bool		kept;			/* something that protects goes on although it is not said any more */
	bool		was_protected;
	bool		is_protected;
} ProtaddrDifference;

/* What may be concluded from what a record set does not say. */
typedef struct ProtaddrSilence
{
	bool		ends;			/* what it does not say has ended */
	const char *reason;			/* else why not, on record; NULL: nothing is to be said of it */
} ProtaddrSilence;

extern bool protaddr_protects(const char *kind);
extern bool protaddr_has_ended(const ProtaddrDelivered *one, TimestampTz moment);
extern bool protaddr_goes_on(ProtaddrFate fate);
extern bool protaddr_said_before(const ProtaddrDelivered *delivered, int at, TimestampTz moment);
extern void protaddr_difference(const ProtaddrInForce *in_force, int nin_force,
								const ProtaddrDelivered *delivered, const char *const *kinds,
								int ndelivered, const char *regime, TimestampTz moment,
								const ProtaddrSilence *silence, ProtaddrDifference *difference);

/* ---- register/bulk.c: many rows at once --------------------------------------- */

#define PROTADDR_BULK_ROWS	1000

typedef struct ProtaddrBulk ProtaddrBulk;

extern ProtaddrBulk *protaddr_bulk_begin(Oid relation, const char *callers);
extern bool protaddr_bulk_full(const ProtaddrBulk *bulk);
extern TupleTableSlot * protaddr_bulk_row(ProtaddrBulk *bulk);
extern void protaddr_bulk_add(ProtaddrBulk *bulk);
extern void protaddr_bulk_flush(ProtaddrBulk *bulk);
extern void protaddr_bulk_end(ProtaddrBulk *bulk);

/* ---- register/write.c: rows closed and added -------------------------------- */

/* A row to be added. */
typedef struct ProtaddrNewRow
{
	const char *subject;
	const char *kind;
	const char *regime;
	const char *code;
	TimestampTz valid_from;
	TimestampTz valid_to;
	DateADT		delete_hint;
	bool		no_delete_hint;
	TimestampTz ends_at;		/* DT_NOEND: not told */
	const char *reason;			/* or NULL */
} ProtaddrNewRow;

typedef struct ProtaddrWriter ProtaddrWriter;

extern ProtaddrWriter *protaddr_writer_begin(const char *source, TimestampTz moment);
extern void protaddr_writer_close(ProtaddrWriter *writer, int64 id, bool end);
extern void protaddr_writer_add(ProtaddrWriter *writer, const ProtaddrNewRow *row);
extern void protaddr_writer_flush(ProtaddrWriter *writer);
extern int64 protaddr_writer_end(ProtaddrWriter *writer);

/* ---- register/later.c: what waits until all of it may be written ------------- */

typedef struct ProtaddrLater ProtaddrLater;

extern ProtaddrLater *protaddr_later_begin(ProtaddrWriter *writer, ProtaddrPeople *known,
										   bool at_once);
extern void protaddr_later_person(ProtaddrLater *later, const char *subject,
								  const ProtaddrIdentifier *id);
extern void protaddr_later_close(ProtaddrLater *later, int64 id, bool end);
extern void protaddr_later_add(ProtaddrLater *later, const ProtaddrNewRow *row);
extern void protaddr_later_write(ProtaddrLater *later);
extern void protaddr_later_end(ProtaddrLater *later);

/* ---- register/numbers.c: numbers that took the place of others ---------------- */

typedef struct ProtaddrNumbers ProtaddrNumbers;

/* why a protection goes on that is not said any more, as it stands in protection.reason */
#define PROTADDR_WHY_LINKED		"the number took the place of another one"
#define PROTADDR_WHY_TAKEN_BACK	"a replacement of the number was taken back"
#define PROTADDR_WHY_UNLINKED	"the number was replaced, but cannot be linked"

extern ProtaddrNumbers *protaddr_numbers_begin(const char *source, TimestampTz moment);
extern void protaddr_numbers_named(ProtaddrNumbers *numbers, const char *number);
extern void protaddr_numbers_read(ProtaddrNumbers *numbers);
extern bool protaddr_numbers_concern(ProtaddrNumbers *numbers, const ProtaddrRecordSet *set);
extern bool protaddr_numbers_newest(ProtaddrNumbers *numbers, const ProtaddrIdentifier *id,
									ProtaddrIdentifier *newest, char **subject);
extern ProtaddrIdentifier *protaddr_numbers_older(ProtaddrNumbers *numbers,
												  const ProtaddrIdentifier *newest, int *n);
extern bool protaddr_numbers_take_back(ProtaddrNumbers *numbers, const ProtaddrRecordSet *set);
extern bool protaddr_numbers_replace(ProtaddrNumbers *numbers, const ProtaddrRecordSet *set);
extern bool protaddr_numbers_were(ProtaddrNumbers *numbers, const ProtaddrIdentifier *id,
								  ProtaddrIdentifier *newest);
extern void protaddr_numbers_met(ProtaddrNumbers *numbers, const ProtaddrIdentifier *id);
extern bool protaddr_numbers_were_met(ProtaddrNumbers *numbers, const ProtaddrIdentifier *id);
extern int64 protaddr_numbers_keep(ProtaddrNumbers *numbers);
extern void protaddr_numbers_end(ProtaddrNumbers *numbers);

#endif							/* PROTADDR_REGISTER_INT_H */
