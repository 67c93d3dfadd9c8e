/*
 * gate.h
 *		Gates: the triggers of outbound tables, and what protects them.
 */
#ifndef PROTADDR_GATE_H
#define PROTADDR_GATE_H

#include "access/htup.h"
#include "lib/stringinfo.h"
#include "nodes/bitmapset.h"
#include "utils/relcache.h"
#include "utils/reltrigger.h"

#include "guard/guard.h"
#include "keys/keys.h"
#include "law/law.h"
#include "message/message.h"

/* ---- gate/arguments.c: what a gate's triggers are told --------------------- */

/*
 * The triggers' arguments are pairs: a key, and its value.
 *
 *	channel C			the channel; or
 *	channel_column N	the column that names it, row by row
 *	subject N			the column that names whom the row's addresses belong to
 *	address N of S		this address column belongs to whom column S names, the others to
 *						subject
 *	amount N, currency N, payee N	the columns of the transfer
 *	currency_code C		in place of currency: the same for every row, EUR
 *	message N format F	a column with a message to be rewritten: xml, mt or json
 *	ignore N because R	a column in which nobody looks for addresses, and why
 *	encoding N is E		a column with bytes that are text in this encoding
 *	hold_column N, hold_value V	rows that wait stay in the table, with this value there
 *
 * They are dumped and restored with the trigger, so a gate depends on no row of a table.
 */
#define PROTADDR_GATE_MAX_COLUMNS	32

typedef struct ProtaddrGateArgs
{
	const char *channel;		/* NULL if by column */
	const char *channel_column;
	const char *subject;		/* NULL: messages only */
	const char *amount;
	const char *currency;		/* a column */
	const char *currency_code;	/* or a code */
	const char *payee;
	const char *hold_column;	/* NULL: rows are held aside */
	const char *hold_value;
	int			naddresses;
	struct
	{
		const char *column;
		const char *of;
	}			address[PROTADDR_GATE_MAX_COLUMNS];
	int			nmessages;
	struct
	{
		const char *column;
		ProtaddrFormat format;
	}			message[PROTADDR_GATE_MAX_COLUMNS];
	int			nignored;
	const char *ignored[PROTADDR_GATE_MAX_COLUMNS];
	int			nencodings;
	struct
	{
		const char *column;
		const char *encoding;
	}			encoding[PROTADDR_GATE_MAX_COLUMNS];
} ProtaddrGateArgs;

extern bool protaddr_gate_args(char **args, int nargs, ProtaddrGateArgs *gate);
extern bool protaddr_gate_names_column(const ProtaddrGateArgs *gate, const char *column);

/* ---- gate/plan.c: which columns of a gated table mean what ----------------- */

typedef struct ProtaddrGateColumn
{
	AttrNumber	number;			/* InvalidAttrNumber: there is none */
	Oid			type;			/* under its domains */
} ProtaddrGateColumn;

typedef struct ProtaddrGateMessage
{
	AttrNumber	number;
	Oid			type;			/* under its domains */
	Oid			domain;			/* InvalidOid: not a domain */
	int32		typmod;
	ProtaddrFormat format;
} ProtaddrGateMessage;

typedef struct ProtaddrGateAddress
{
	AttrNumber	number;
	Oid			domain;			/* InvalidOid: not a domain */
	int			person;			/* whose it is: of people */
} ProtaddrGateAddress;

/* A column that could hold an address as text. */
typedef struct ProtaddrGateText
{
	AttrNumber	number;
	ProtaddrForm form;
} ProtaddrGateText;

/* A gate on one relation; good until the transaction ends. */
typedef struct ProtaddrGate
{
	MemoryContext context;
	ProtaddrGateArgs args;
	Oid			relation;
	Oid			root;			/* the table that the gate was installed on */
	ProtaddrGateColumn channel;
	ProtaddrGateColumn amount;
	ProtaddrGateColumn currency;
	ProtaddrGateColumn payee;
	int			npeople;
	ProtaddrGateColumn *people; /* the first is the subject */
	int			naddresses;
	ProtaddrGateAddress *addresses;
	int		   *addresses_by_name;	/* places in addresses: the same order in every partition */
	int			nmessages;
	ProtaddrGateMessage *messages;
	int			ntexts;
	ProtaddrGateText *texts;
	bool		texts_may_change;	/* after the gate has seen them: generated, or by a trigger */
	AttrNumber	hold_column;	/* InvalidAttrNumber: rows are held aside */
	Datum		hold_value;
	int			nkey;			/* the root's primary key; 0: none to hash */
	AttrNumber *key;
	FmgrInfo   *key_hash;
	Oid		   *key_collation;
	Bitmapset  *partition_key;	/* columns that say where a row stands, and not which one it is */
} ProtaddrGate;

extern const ProtaddrPart protaddr_gate_plan_part;
extern const ProtaddrGate *protaddr_gate_of_trigger(Relation rel, const Trigger *trigger);
extern const ProtaddrGate *protaddr_gate_of_table(Relation rel);
extern const ProtaddrChannel *protaddr_gate_channel(const ProtaddrGate *gate, HeapTuple row,
													TupleDesc desc, bool missing_ok);
extern void protaddr_gate_transfer(const ProtaddrGate *gate, HeapTuple row, TupleDesc desc,
								   ProtaddrTransfer *transfer);
extern text *protaddr_gate_words(const ProtaddrGateArgs *args);
extern void protaddr_gate_person(const ProtaddrGate *gate, int person, HeapTuple row,
								 TupleDesc desc, ProtaddrTransfer *transfer);

/* ---- gate/message_column.c: a message in a column, and back ---------------- */

typedef struct ProtaddrDigest
{
	uint8		bytes[PROTADDR_DIGEST_SIZE];
} ProtaddrDigest;

extern ProtaddrAction protaddr_gate_message(ProtaddrMode mode, const ProtaddrGateMessage *column,
											Datum value, const ProtaddrChannel *channel,
											const ProtaddrTransfer *transfer, Datum *leaves,
											ProtaddrAnswer *answer, ProtaddrTaken **taken);
extern void protaddr_value_digest(Oid relation, const char *column, const ProtaddrChannel *channel,
								  const ProtaddrTransfer *transfer, Datum value,
								  ProtaddrDigest *digest);

/* ---- gate/text_column.c: addresses in the texts of a row -------------------- */

/* Gives the value of a column as the row will have it. */
typedef Datum (*ProtaddrValueOf) (const void *row, AttrNumber column, bool *isnull);

/* What is to happen to the text of a column. */
typedef struct ProtaddrTextFound
{
	const ProtaddrGateText *column;
	ProtaddrAction action;		/* HOLD, BLOCK, DISCLOSE, or WITHHOLD: what is found is taken out */
	const char *why;			/* HOLD */
	Datum		value;			/* WITHHOLD: what is left */
	List	   *people;			/* whose addresses leave in it all the same: ProtaddrIdentifier */
	ProtaddrAnswer disclosed;	/* of these */
} ProtaddrTextFound;

extern void protaddr_gate_read_texts(ProtaddrGate *gate, Relation rel);
extern List *protaddr_gate_texts(const ProtaddrGate *gate, ProtaddrValueOf value_of, const void *row,
								 const ProtaddrChannel *channel, const ProtaddrTransfer *transfer,
								 const ProtaddrTaken *taken, bool unchecked);
extern void protaddr_gate_take(ProtaddrTaken **taken, ProtaddrSeal *seal, ProtaddrSeal *released);
extern HeapTuple protaddr_gate_mask(const ProtaddrGate *gate, Relation rel, HeapTuple row,
									const ProtaddrChannel *channel, const ProtaddrTransfer *transfer);
extern bool protaddr_gate_text_is_masked(const ProtaddrGate *gate, AttrNumber column, Datum value);

/* ---- gate/ledger.c: what happened to a row in the command that is running --- */

typedef enum ProtaddrRowEvent
{
	PROTADDR_ROW_PASSED = 1,	/* the gate let it through as it is */
	PROTADDR_ROW_DECIDED,		/* the same, and something in it because of a decision */
	PROTADDR_ROW_LINKED,		/* its transfer is recorded once it is stored */
	PROTADDR_ROW_WAITS			/* what it carries is held; an INSERT may end in a conflict */
} ProtaddrRowEvent;

/* What is held of a row that is to wait in its table. */
typedef struct ProtaddrWaits
{
	int64		held_id;
	ItemPointerData tuple;		/* of protaddr.held */
	ProtaddrDigest bare;		/* see protaddr_bare_digest */
} ProtaddrWaits;

/* What an update has made of a row that may move to another partition. */
typedef struct ProtaddrDeparture
{
	bool		is_released;	/* need not be released again if its digest is still row */
	bool		by_decision;
	bool		counts_alone;	/* no linked transfer is counted with it */
	ProtaddrDigest row;
} ProtaddrDeparture;

extern const ProtaddrPart protaddr_ledger_part;

extern bool protaddr_ledger_is_blank(void);
extern void protaddr_ledger_note(ProtaddrRowEvent event, Relation rel, HeapTuple before,
								 const ProtaddrDigest *row);
extern bool protaddr_ledger_take(ProtaddrRowEvent event, Relation rel, HeapTuple before,
								 HeapTuple stored, const ProtaddrDigest *row);
extern void protaddr_ledger_waits(Relation rel, const ProtaddrDigest *place, const ProtaddrWaits *waits);
extern bool protaddr_ledger_waited(Relation rel, HeapTuple stored, const ProtaddrDigest *place,
								   const ProtaddrDigest *bare, ProtaddrWaits *waits);
extern bool protaddr_ledger_proposed(Relation rel, HeapTuple stored, const ProtaddrDigest *place,
									 ProtaddrWaits *waits);
extern bool protaddr_ledger_awaits(Relation rel, HeapTuple stored);
extern void protaddr_ledger_emptied(Oid root);
extern void protaddr_ledger_departs(Oid root, Relation rel, HeapTuple before,
									const ProtaddrDeparture *departure);
extern bool protaddr_ledger_arrives(Oid root, Relation rel, ProtaddrDeparture *departure);

/* ---- gate/payment.c: which payment is a row -------------------------------- */

extern int	protaddr_plain_settings(void);
extern char *protaddr_value_text(Oid type, Datum value);
extern char *protaddr_row_key(const ProtaddrGate *gate, HeapTuple row, TupleDesc desc);
extern bool protaddr_gate_checks(const ProtaddrGate *gate, AttrNumber column);
extern bool protaddr_payment_tells(const ProtaddrGate *gate, Form_pg_attribute att, bool with_addresses);
extern void protaddr_payment_digest(const ProtaddrGate *gate, HeapTuple row, TupleDesc desc,
									bool with_addresses, ProtaddrDigest *digest);
extern void protaddr_bare_digest(const ProtaddrGate *gate, HeapTuple row, TupleDesc desc,
								 ProtaddrDigest *digest);
extern void protaddr_gate_describe(const ProtaddrTransfer *transfer, ProtaddrPayment *payment);
extern void protaddr_place_digest(const char *relation, const char *key, ProtaddrDigest *digest);

/* ---- gate/held_row.c: a held row, sealed ----------------------------------- */

/* how sealed bytes begin: neither can be taken for the other */
#define PROTADDR_SEALED_HELD		'h'
#define PROTADDR_SEALED_DECISION	'd'

typedef struct ProtaddrHeldColumn
{
	const char *name;
	const char *type;			/* qualified */
	const char *value;			/* as text; NULL for NULL */
} ProtaddrHeldColumn;

typedef struct ProtaddrHeldRow
{
	const char *gate_words;		/* what the gate was told */
	int			ncolumns;
	ProtaddrHeldColumn *columns;
} ProtaddrHeldRow;

extern void protaddr_put_word(StringInfo out, const char *word);
extern void protaddr_put_words(StringInfo out, char tag, const char *const *words, int nwords);
extern bool protaddr_take_words(StringInfo in, char tag, const char *const *words, int nwords,
								int *encoding);
extern bytea *protaddr_seal_held_row(const ProtaddrGate *gate, Relation rel, HeapTuple row,
									 const char *const *words, int nwords);
extern ProtaddrSealState protaddr_open_held_row(const bytea *sealed, const char *const *words,
												int nwords, ProtaddrHeldRow *held);
extern bool protaddr_reseal_held_row(char *data, size_t len);
extern HeapTuple protaddr_held_tuple(const ProtaddrHeldRow *held, Relation rel, bool *has);

/* ---- gate/held.c: rows that wait for a decision ---------------------------- */

/* columns of protaddr.held; those up to "why" are sealed with the row, as words */
enum
{
	PROTADDR_HELD_ID = 1,
	PROTADDR_HELD_AT,
	PROTADDR_HELD_BY,
	PROTADDR_HELD_RELATION,
	PROTADDR_HELD_OPERATION,
	PROTADDR_HELD_MODE,
	PROTADDR_HELD_KEY,
	PROTADDR_HELD_CHANNEL,
	PROTADDR_HELD_PAYER,
	PROTADDR_HELD_PAYEE,
	PROTADDR_HELD_AMOUNT,
	PROTADDR_HELD_CURRENCY,
	PROTADDR_HELD_WHY,
	PROTADDR_HELD_NWORDS = PROTADDR_HELD_WHY,
	PROTADDR_HELD_PLACE,
	PROTADDR_HELD_SEALED,
	PROTADDR_HELD_COLUMNS = PROTADDR_HELD_SEALED
};

#define PROTADDR_MODE_ASIDE		"aside"
#define PROTADDR_MODE_IN_PLACE	"in place"

extern const ProtaddrPart protaddr_held_part;
extern char *protaddr_column_word(HeapTuple tuple, TupleDesc desc, int column);
extern void protaddr_held_words(HeapTuple tuple, TupleDesc desc, const char **words);
extern HeapTuple protaddr_held_row(Relation rel, int64 held_id);
extern void protaddr_held_lock(Relation rel, HeapTuple tuple);
extern void protaddr_hold_row(const ProtaddrGate *gate, Relation rel, HeapTuple row, bool is_update,
							  HeapTuple stored, const ProtaddrChannel *channel,
							  const ProtaddrTransfer *transfer, const char *why);

extern void protaddr_unhold_row(const ProtaddrWaits *waits);
extern void protaddr_count_held(const ProtaddrGate *gate);

/* ---- gate/in_place.c: a row that waits in its own table -------------------- */

extern bool protaddr_waits_in_place(const ProtaddrGate *gate, HeapTuple row, TupleDesc desc);
extern bool protaddr_is_bare(const ProtaddrGate *gate, HeapTuple row, TupleDesc desc);
extern HeapTuple protaddr_hold_in_place(const ProtaddrGate *gate, Relation rel, HeapTuple row,
										bool is_update, const ProtaddrChannel *channel,
										const ProtaddrTransfer *transfer, const char *why);
extern void protaddr_stored_in_place(const ProtaddrGate *gate, Relation rel, HeapTuple before, HeapTuple row,
									 const ProtaddrChannel *channel, const ProtaddrTransfer *transfer);
extern HeapTuple protaddr_update_in_place(const ProtaddrGate *gate, Relation rel, HeapTuple before,
										  HeapTuple row, const ProtaddrChannel *channel,
										  const ProtaddrTransfer *transfer);

/* ---- gate/decision.c: what has been decided of a held row ------------------ */

typedef enum ProtaddrHeldStatus
{
	PROTADDR_HELD_WAITS = 0,
	PROTADDR_HELD_DECIDED,		/* to be released, and not carried out yet */
	PROTADDR_HELD_REJECTED,
	PROTADDR_HELD_RELEASED,
	PROTADDR_HELD_REPLACED,		/* held anew, as another payment */
	PROTADDR_HELD_NO_KEY		/* nobody can tell without the key */
} ProtaddrHeldStatus;

typedef struct ProtaddrHeldState
{
	ProtaddrHeldStatus status;
	int64		last;			/* act; 0: none */
	const char *action;
	const char *reason;
	TimestampTz decided_at;
	const char *decided_by;
	TimestampTz ended_at;		/* carried out, or replaced */
	const char *ended_by;
} ProtaddrHeldState;

extern const ProtaddrPart protaddr_decision_part;
extern bool protaddr_held_action(const char *word, ProtaddrAction *action);
extern int64 protaddr_held_act(int64 held_id, int64 follows, ProtaddrHeldStatus what,
							   const char *action, const char *reason, const ProtaddrDigest *covers);
extern void protaddr_held_state(int64 held_id, ProtaddrHeldState *standing);
extern void protaddr_held_refuse_state(int64 held_id, ProtaddrHeldStatus status, const char *hint);
extern HeapTuple protaddr_held_take(Relation rel, int64 held_id, const char **words,
									ProtaddrHeldRow *held);
extern int64 protaddr_held_decide(int64 held_id, const char *action, const char *reason, bool again);
extern bool protaddr_held_covers(const ProtaddrGate *gate, HeapTuple row, TupleDesc row_desc);

/* ---- gate/carry_out.c: a held row goes on its way -------------------------- */

/* What was decided about the row that is being released. */
typedef struct ProtaddrHeldDecision
{
	Oid			root;
	int64		held_id;
	bool		in_place;
	const List *may_put_off;	/* constraints */
	ProtaddrAction action;
	const char *reason;
	TimestampTz decided_at;
	bool		decided;		/* the gate has seen it */
	bool		proved;			/* and proved what is stored */
	ProtaddrDigest covers;		/* what is stored */
	HeapTuple	row;			/* as it was held, in columns of the root */
	const bool *has;			/* the columns that it had */
	TupleDesc	desc;
} ProtaddrHeldDecision;

extern bool protaddr_error_tells_nothing(const ErrorData *error);
extern int	protaddr_settle(Relation rel);
extern ProtaddrHeldDecision *protaddr_held_decision(const ProtaddrGate *gate, bool is_update);
extern void protaddr_held_passes(const ProtaddrHeldDecision *decision, const ProtaddrGate *gate,
								 HeapTuple before, HeapTuple row, TupleDesc desc);
extern void protaddr_held_proved(ProtaddrHeldDecision *decision, const ProtaddrGate *gate,
								 HeapTuple row, TupleDesc desc);

/* ---- gate/put_off.c: which checks has it put off? -------------------------- */

extern List *protaddr_may_put_off(Oid gated);
extern void protaddr_put_off_no_longer(const List *may_put_off);

/* ---- gate/scan.c: is what is stored released? ------------------------------ */

/* where verify_gate shows how far it is (protaddr.verify_progress); the flag tells it from COPY */
#define PROTADDR_PROGRESS_VERIFIED		10
#define PROTADDR_PROGRESS_PROBLEMS		11
#define PROTADDR_PROGRESS_PARTITION		12
#define PROTADDR_PROGRESS_IS_VERIFY		15

extern bool protaddr_gate_is_released(const ProtaddrGate *gate, HeapTuple row, TupleDesc desc, ProtaddrSeal *seal,
									  const ProtaddrChannel *channel, const ProtaddrTransfer *transfer);

/* ---- gate/state.c: which tables have a gate, and is it whole --------------- */

typedef enum ProtaddrGateState
{
	PROTADDR_GATE_NONE = 0,		/* not gated */
	PROTADDR_GATE_WHOLE,
	PROTADDR_GATE_BROKEN		/* gated, but a part is missing or changed */
} ProtaddrGateState;

/* the triggers' names: triggers fire in the order of names, and a gate must fire last */
#define PROTADDR_GATE_TRIGGER		"zz_protaddr_gate"
#define PROTADDR_GATE_CHECK_TRIGGER "zz_protaddr_gate_check"

typedef enum ProtaddrGateFunction
{
	PROTADDR_GATE_ROW = 0,
	PROTADDR_GATE_CHECK,
	PROTADDR_GATE_SUMMARY,
	PROTADDR_GATE_NFUNCTIONS
} ProtaddrGateFunction;

extern const ProtaddrPart protaddr_gate_state_part;
extern Oid	protaddr_gate_register(void);
extern Oid	protaddr_gate_function(ProtaddrGateFunction which);
extern bool protaddr_gate_function_named(const char *name);
extern List *protaddr_gate_triggers(Oid relation, bool *cloned);
extern bool protaddr_gate_names(Oid relation, const char *column);
extern bool protaddr_gate_in_schema(Oid schema);
extern ProtaddrGateState protaddr_gate_state(Oid relation);
extern ProtaddrGateState protaddr_gate_writes(Oid relation);
extern bool protaddr_gate_takes_texts(Oid relation);
extern void protaddr_gate_broken(Oid relation);
extern void protaddr_gate_enter(Oid relation);
extern bool protaddr_gate_leave(Oid relation, const char *why, bool always);

/* ---- gate/hooks.c: hooks that keep the gates in place ---------------------- */

extern const ProtaddrPart protaddr_gate_hooks_part;
extern void protaddr_gate_require_hooks(void);

#endif							/* PROTADDR_GATE_H */
