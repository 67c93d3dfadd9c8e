/*
 * gate.h
 *		Gates: the triggers of outbound tables, and what protects them.
 */
#ifndef PROTADDR_GATE_H
#define PROTADDR_GATE_H

#include "access/htup.h"
#include "lib/stringinfo.h"
#include "utils/relcache.h"
#include "utils/reltrigger.h"

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
 *	held T				the table that holds rows, qualified and quoted
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
	const char *held;
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

/* A gate on one relation; good until the transaction ends. */
typedef struct ProtaddrGate
{
	MemoryContext context;
	ProtaddrGateArgs args;
	Oid			relation;
	Oid			root;			/* the table that the gate was installed on */
	Oid			held;			/* InvalidOid: there is none */
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
	int			nkey;			/* the root's primary key; 0: none to hash */
	AttrNumber *key;
	FmgrInfo   *key_hash;
	Oid		   *key_collation;
} ProtaddrGate;

extern const ProtaddrPart protaddr_gate_plan_part;
extern const ProtaddrGate *protaddr_gate_of_trigger(Relation rel, const Trigger *trigger);
extern const ProtaddrGate *protaddr_gate_of_table(Relation rel);
extern Oid	protaddr_gate_held(Relation rel);
extern const ProtaddrChannel *protaddr_gate_channel(const ProtaddrGate *gate, HeapTuple row,
													TupleDesc desc, bool missing_ok);
extern void protaddr_gate_transfer(const ProtaddrGate *gate, HeapTuple row, TupleDesc desc,
								   ProtaddrTransfer *transfer);
extern text *protaddr_gate_words(const ProtaddrGateArgs *args);
extern void protaddr_gate_person(const ProtaddrGate *gate, int person, HeapTuple row,
								 TupleDesc desc, ProtaddrTransfer *transfer);

/* ---- gate/message_column.c: a message in a column, and back ---------------- */

#define PROTADDR_DIGEST_SIZE	32

/* first byte of what is sealed: anybody can write a message, and none must pass for digests */
#define PROTADDR_SEALED_MESSAGE	'm'
#define PROTADDR_SEALED_DIGESTS	'd'

typedef struct ProtaddrDigest
{
	uint8		bytes[PROTADDR_DIGEST_SIZE];
} ProtaddrDigest;

extern ProtaddrAction protaddr_gate_message(ProtaddrMode mode, const ProtaddrGateMessage *column,
											Datum value, const ProtaddrChannel *channel,
											const ProtaddrTransfer *transfer, Datum *leaves,
											ProtaddrAnswer *answer);
extern bool protaddr_is_blank(const char *word);
extern void protaddr_value_digest(Oid relation, const char *column, const ProtaddrChannel *channel,
								  const ProtaddrTransfer *transfer, Datum value,
								  ProtaddrDigest *digest);
extern void protaddr_row_digest(const ProtaddrGate *gate, HeapTuple row, TupleDesc desc,
								const ProtaddrChannel *channel, const ProtaddrTransfer *transfer,
								StringInfo digests);
extern Datum protaddr_seal_message(Datum value);
extern bytea *protaddr_open_message(Datum value);

/* ---- gate/ledger.c: what happened to a row in the command that is running --- */

typedef enum ProtaddrRowEvent
{
	PROTADDR_ROW_PASSED = 1,	/* the gate let it through as it is */
	PROTADDR_ROW_DECIDED,		/* the same, and something in it because of a decision */
	PROTADDR_ROW_LINKED			/* its transfer is recorded once it is stored */
} ProtaddrRowEvent;

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
extern void protaddr_ledger_emptied(Oid root);
extern void protaddr_ledger_departs(Oid root, Relation rel, HeapTuple before,
									const ProtaddrDeparture *departure);
extern bool protaddr_ledger_arrives(Oid root, Relation rel, ProtaddrDeparture *departure);

/* ---- gate/held.c: rows that wait for a decision ---------------------------- */

/* What was decided about the row that is being released. */
typedef struct ProtaddrHeldDecision
{
	Oid			root;
	ProtaddrAction action;
	const char *reason;
	bool		decided;		/* the gate has seen it */
	bool		proved;			/* and proved what is stored */
	StringInfo	digest;			/* of the messages that leave; NULL: there is none */
	HeapTuple	row;			/* as it was held, in columns of the root */
	TupleDesc	desc;
} ProtaddrHeldDecision;

extern const ProtaddrPart protaddr_held_part;
extern ProtaddrHeldDecision *protaddr_held_decision(const ProtaddrGate *gate);
extern void protaddr_hold_row(const ProtaddrGate *gate, Relation rel, HeapTuple row,
							  const ProtaddrChannel *channel, const char *why);
extern bool protaddr_held_released(const ProtaddrGate *gate, const bytea *digest);

/* ---- gate/scan.c: is what is stored released? ------------------------------ */

/* where verify_gate shows how far it is (protaddr.verify_progress); the flag tells it from COPY */
#define PROTADDR_PROGRESS_VERIFIED		10
#define PROTADDR_PROGRESS_PROBLEMS		11
#define PROTADDR_PROGRESS_PARTITION		12
#define PROTADDR_PROGRESS_IS_VERIFY		15

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
extern void protaddr_gate_broken(Oid relation);
extern void protaddr_gate_enter(Oid relation);
extern bool protaddr_gate_leave(Oid relation, const char *why, bool always);

/* ---- gate/unchecked.c: columns that no gate checks ------------------------- */

extern bool protaddr_type_is_unchecked(Oid type);

/* ---- gate/hooks.c: hooks that keep the gates in place ---------------------- */

extern const ProtaddrPart protaddr_gate_hooks_part;
extern void protaddr_gate_require_hooks(void);

#endif							/* PROTADDR_GATE_H */
