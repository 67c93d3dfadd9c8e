/*
 * protaddr.h
 *		The one internal header of the PostgreSQL side: a section per file.
 *
 * Dependencies point one way: address and keys know nothing above them, nor does the
 * register of the door.  outbound holds the law: what a channel lets leave.  The door
 * asks it before it releases; messages and gates ask the door.  module.c knows all.
 */
#ifndef PROTADDR_H
#define PROTADDR_H

#include "postgres.h"

#include "access/attnum.h"
#include "commands/trigger.h"
#include "datatype/timestamp.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/date.h"
#include "utils/numeric.h"
#include "utils/relcache.h"

#include "compat.h"
#include "pure.h"

/* ---- SQLSTATEs --------------------------------------------------------- */

/* refused at a gate */
#define ERRCODE_PROTADDR_REFUSED	MAKE_SQLSTATE('2', '3', 'P', 'A', '1')
/* register or key not ready */
#define ERRCODE_PROTADDR_NOT_READY	MAKE_SQLSTATE('5', '5', 'P', 'A', '1')

/* ---- address/discretion.c: keeps clear addresses out of the log ---------- */

extern void protaddr_discretion_init(void);
extern void protaddr_clear_text_seen(void);
extern int	protaddr_discreet(void);
extern void protaddr_rethrow_discreetly(MemoryContext context);

/*
 * Added to every ereport(ERROR) of ours that can be raised while somebody's row is
 * at hand: the log gets no statement, and nobody a context that quotes a value.
 */
#define PROTADDR_DISCREET	protaddr_discreet()
/* the same where the error may be a soft one, which unwinds nothing */
#define PROTADDR_DISCREET_UNLESS(escontext) \
	((escontext) != NULL ? 0 : protaddr_discreet())

/* ---- address/input.c: text to address ------------------------------------ */

typedef struct varlena ProtaddrSeal;	/* a datum of type protaddr.address */

extern Datum protaddr_seal_text(const char *text, size_t len, Node *escontext);
extern const char *protaddr_typist(void);

/* ---- keys/kek.c: the outer key -------------------------------------------- */

#define PROTADDR_KEY_SIZE		32
#define PROTADDR_KEK_NAME_SIZE	17	/* 16 hex digits and NUL */

typedef struct ProtaddrKek
{
	unsigned char key[PROTADDR_KEY_SIZE];
	char		name[PROTADDR_KEK_NAME_SIZE];
} ProtaddrKek;

extern void protaddr_kek_init(void);
extern bool protaddr_kek_fetch(ProtaddrKek *kek, int elevel);
extern void protaddr_kek_fetch_from(ProtaddrKek *kek, const char *path);
extern void protaddr_kek_make_default(void);
extern void protaddr_kek_wipe(ProtaddrKek *kek);

/* ---- keys/aead.c: AES-256-GCM -------------------------------------------- */

typedef struct ProtaddrAead ProtaddrAead;

extern void protaddr_aead_init(void);
extern ProtaddrAead *protaddr_aead_new(const uint8 key[PROTADDR_KEY_SIZE]);
extern void protaddr_aead_free(ProtaddrAead *aead);
extern bool protaddr_aead_seal(ProtaddrAead *aead, const uint8 nonce[PA_NONCE_SIZE],
							   const uint8 *aad, size_t aad_len,
							   const uint8 *plain, size_t len,
							   uint8 *sealed, uint8 tag[PA_TAG_SIZE]);
extern bool protaddr_aead_open(ProtaddrAead *aead, const uint8 nonce[PA_NONCE_SIZE],
							   const uint8 *aad, size_t aad_len,
							   const uint8 *sealed, size_t len,
							   const uint8 tag[PA_TAG_SIZE], uint8 *plain);

/* ---- keys/keyring.c: the data keys ----------------------------------------- */

#define PROTADDR_WRAPPED_SIZE (PA_NONCE_SIZE + PROTADDR_KEY_SIZE + PA_TAG_SIZE)

typedef struct ProtaddrKey
{
	uint64		id;
	ProtaddrAead *aead;			/* NULL: an empty place in the keyring */
} ProtaddrKey;

extern ProtaddrKey *protaddr_key_by_id(uint64 id);
extern ProtaddrKey *protaddr_key_for_sealing(void);

/* ---- keys/seal.c: closing and opening --------------------------------------- */

/*
 * An opened value.  The pieces of address point into plain, which stands in a
 * buffer of seal.c until protaddr_shut or the next protaddr_open.
 */
typedef struct ProtaddrOpened
{
	PaAddress	address;
	uint8	   *plain;
	size_t		len;
} ProtaddrOpened;

extern void protaddr_seal_init(void);
extern ProtaddrSeal *protaddr_seal(const PaAddress *address);
extern bool protaddr_open(const ProtaddrSeal *seal, bool missing_key_ok, ProtaddrOpened *opened);
extern void protaddr_shut(ProtaddrOpened *opened);

typedef enum ProtaddrSealState
{
	PROTADDR_SEAL_WHOLE,
	PROTADDR_SEAL_NO_KEY,
	PROTADDR_SEAL_ALTERED
} ProtaddrSealState;

extern ProtaddrSealState protaddr_seal_state(const ProtaddrSeal *seal);
extern bytea *protaddr_seal_bytes(const char *data, size_t len);
extern bytea *protaddr_open_bytes(const bytea *sealed);

/* ---- register/forget.c: history that may no longer be kept ------------------ */

extern bool protaddr_may_forget(TriggerData *trigdata);

/* ---- register/own_tables.c: our tables' identity and invalidation ----------- */

typedef enum ProtaddrTable
{
	PROTADDR_DATA_KEY = 0,
	PROTADDR_PROTECTION,
	PROTADDR_IDENTITY_LINK,
	PROTADDR_REGISTER_SOURCE,
	PROTADDR_CHANNEL,
	PROTADDR_GATE,
	PROTADDR_NTABLES
} ProtaddrTable;

extern Oid	protaddr_protection_one_index(void);
extern Oid	protaddr_identity_index(bool reverse);
extern Oid	protaddr_register_person(void);
extern Oid	protaddr_register_person_index(void);
extern Oid	protaddr_own_relation(const char *name);

extern void protaddr_own_tables_init(void);
extern Oid	protaddr_table(ProtaddrTable table);
extern Oid	protaddr_table_index(ProtaddrTable table);
extern Oid	protaddr_address_type(void);
extern uint64 protaddr_generation(ProtaddrTable table);
extern uint64 protaddr_generation_seen(ProtaddrTable table);
extern bool protaddr_register_loosened(void);

/* ---- register/lookup.c: who is protected ------------------------------------- */

/* What of a person must not be told: an OR over everything the register says. */
#define PROTADDR_HIDES_NOTHING	0
#define PROTADDR_HIDES_ADDRESS	1
#define PROTADDR_HIDES_TOWN		2
#define PROTADDR_HIDES_NAME		4

extern void protaddr_lookup_init(void);
extern bool protaddr_register_ready(void);
extern int	protaddr_protection_of(const char *key, int len);
extern int	protaddr_protection_of_all(const PaAddress *address);

/* ---- address/identifier.c: identifiers as SQL sees them ----------------------- */

/* The canonical identifier in a column of a row; false if NULL or nothing in it. */
typedef struct ProtaddrIdentifier
{
	char		key[PA_SUBJECT_SIZE];
	int			len;
} ProtaddrIdentifier;

extern bool protaddr_identifier_from_text(const char *text, size_t len, ProtaddrIdentifier *id);
extern bool protaddr_identifier_from_datum(Datum value, Oid type, FmgrInfo *out, ProtaddrIdentifier *id);

extern bool protaddr_identifier_same(const ProtaddrIdentifier *a, const ProtaddrIdentifier *b);

/* ---- register/identity.c: whom an identifier stands for ------------------------ */

#define PROTADDR_IDENTITY_STEPS		4	/* links in a chain */
#define PROTADDR_IDENTITY_PEOPLE	64	/* subjects of one identifier */

extern bool protaddr_identity_step(Relation rel, const ProtaddrIdentifier *key, bool reverse,
								   struct SnapshotData *snapshot, ProtaddrIdentifier *found,
								   int *nfound, int room);

/* Everybody an identifier stands for, itself first; palloc'd. */
extern ProtaddrIdentifier *protaddr_identity_people(const ProtaddrIdentifier *id, int *npeople);

extern bool protaddr_identity_may_link(const ProtaddrIdentifier *from,
									   const ProtaddrIdentifier *to);

/* ---- register/known.c: whom the registers have told of ---------------------------- */

extern bool protaddr_person_known(const char *key, int len);
extern bool protaddr_person_resolved(const char *key, int len);

/* ---- register/people.c: whom a source has told of ------------------------------- */

typedef struct ProtaddrPeople ProtaddrPeople;

extern ProtaddrPeople *protaddr_people_begin(const char *source, TimestampTz moment);
extern void protaddr_people_add(ProtaddrPeople *people, const char *subject,
								const ProtaddrIdentifier *id, uint64 hash);
extern void protaddr_people_end(ProtaddrPeople *people);

/* where a load shows how far it is (protaddr.load_progress): COPY leaves these free */
#define PROTADDR_PROGRESS_PERSONS		10
#define PROTADDR_PROGRESS_BYTES			11
#define PROTADDR_PROGRESS_BYTES_TOTAL	12

/* ---- register/replace.c: a record set takes the place of the one before -------- */

/* One protection as a delivery tells it. */
typedef struct ProtaddrDelivered
{
	const char *code;
	TimestampTz valid_from;		/* DT_NOBEGIN: not told */
	TimestampTz valid_to;		/* DT_NOEND: in force; else a true end */
	DateADT		delete_hint;
	bool		has_delete_hint;
} ProtaddrDelivered;

typedef struct ProtaddrReplaced
{
	int64		persons;
	int64		protections;
	int64		protected;
	int64		newly_protected;
	int64		lifted;
	int64		unknown_codes;
	int64		replaced_numbers;
} ProtaddrReplaced;

typedef struct ProtaddrReplace ProtaddrReplace;

extern ProtaddrReplace *protaddr_replace_begin(const char *source, const char *regime);
extern void protaddr_replace_person(ProtaddrReplace *replace, const char *subject,
									const char *replaced_by,
									const ProtaddrDelivered *delivered, int ndelivered);
extern const ProtaddrReplaced *protaddr_replace_end(ProtaddrReplace *replace);
extern const ProtaddrReplaced *protaddr_replace_so_far(const ProtaddrReplace *replace);
extern TimestampTz protaddr_replace_moment(const ProtaddrReplace *replace);

/* ---- door/decide.c: what may be told -------------------------------------------- */

extern bool protaddr_may_tell(const PaAddress *address);

/* ---- door/release.c: what may leave ------------------------------------------------ */

typedef struct ProtaddrChannel ProtaddrChannel;
typedef struct ProtaddrTransfer ProtaddrTransfer;
typedef struct ProtaddrDecision ProtaddrDecision;

extern ProtaddrSeal *protaddr_release(ProtaddrSeal *seal, const ProtaddrChannel *channel,
									  const ProtaddrTransfer *transfer,
									  ProtaddrDecision *decision);
extern const ProtaddrChannel *protaddr_transfer_from_args(FunctionCallInfo fcinfo,
														  ProtaddrTransfer *transfer);
extern void protaddr_currency_from_text(const text *code, char currency[4]);
extern bool protaddr_is_released(ProtaddrSeal *seal, const ProtaddrChannel *channel,
								 const ProtaddrTransfer *transfer);

/* ---- door/row_trigger.c: what a binding trigger knows about its table ------------------ */

/* One per trigger and relation, kept between statements. */
typedef struct ProtaddrRowTrigger
{
	Oid			trigger;		/* hash key */
	Oid			relation;
	bool		valid;
	AttrNumber	subject;
	Oid			subject_type;
	FmgrInfo	subject_out;
	AttrNumber	address;
} ProtaddrRowTrigger;

extern void protaddr_row_trigger_init(void);
extern bool protaddr_type_holds_address(Oid type);
extern AttrNumber protaddr_trigger_column(Relation rel, const char *name);
extern ProtaddrRowTrigger *protaddr_row_trigger(TriggerData *trigdata, const char *subject,
												const char *column);
extern void protaddr_check_row_trigger(FunctionCallInfo fcinfo, const char *function,
									   TriggerEvent when, int nargs);

/* ---- outbound/channel.c: the law, as rows ----------------------------------------------- */

/* What happens to an address, the strictest first.  0, what nobody decided, is nothing leaves. */
typedef enum ProtaddrAction
{
	PROTADDR_WITHHOLD = 0,		/* the address stays, the row leaves without it */
	PROTADDR_BLOCK,				/* the row is refused */
	PROTADDR_HOLD,				/* the row waits for somebody to decide */
	PROTADDR_MINIMUM,			/* town and country leave; the country alone if the town is hidden */
	PROTADDR_SUBSTITUTE,		/* the registered substitute address leaves */
	PROTADDR_DISCLOSE,			/* the address leaves, on record */
	PROTADDR_LEAVE				/* the address leaves: nobody it concerns is protected */
} ProtaddrAction;

/* Which rule of the channel decided. */
typedef enum ProtaddrRule
{
	PROTADDR_RULE_NOT_READY = 0,	/* the register cannot be asked */
	PROTADDR_RULE_UNBOUND,		/* the value concerns nobody, or the row names nobody */
	PROTADDR_RULE_PROTECTED,
	PROTADDR_RULE_SMALL,		/* protected, and a small amount */
	PROTADDR_RULE_UNKNOWN,		/* no register has told of the person */
	PROTADDR_RULE_FREE,			/* known, and not protected */
	PROTADDR_RULE_HELD			/* a held row that somebody decided on */
} ProtaddrRule;

/* One row of protaddr.channel. */
struct ProtaddrChannel
{
	char		name[PA_CHANNEL_SIZE + 1];
	int			name_len;
	ProtaddrAction when_protected;
	ProtaddrAction when_small;
	ProtaddrAction when_unknown;
	ProtaddrAction when_unbound;
	ProtaddrAction when_unreadable; /* of a message: PROTADDR_BLOCK or PROTADDR_HOLD */
	ProtaddrAction without_substitute;
	bool		has_small;		/* there is a rule for small amounts */
	bool		birth_data;
	Numeric		small_amount;
	char		small_currency[4];
	Interval   *linked_within;	/* NULL: transfers are not linked */
	TimestampTz valid_from;
	TimestampTz valid_to;
	const char *legal_basis;
};

extern void protaddr_channel_init(void);
extern const ProtaddrChannel *protaddr_channel(const char *name, size_t len, TimestampTz at);
extern const ProtaddrChannel *protaddr_channel_if_any(const char *name, size_t len, TimestampTz at);

/* ---- outbound/rule.c: what the channel says of this address ----------------------------- */

/* What is known of the transfer, or the message, that carries an address. */
struct ProtaddrTransfer
{
	bool		has_row;		/* there is a row that names the payer, or nobody */
	ProtaddrIdentifier payer;	/* whom the row names beside those the value concerns */
	ProtaddrIdentifier payee;	/* no key: not known */
	Numeric		amount;			/* NULL: not known */
	char		currency[4];	/* "": not known */
	/* which transfer it is, so that it counts once: a row of a gated table */
	Oid			relation;		/* InvalidOid: not to be recorded */
	bool		has_reference;	/* the row has a key: an update is the same transfer */
	uint64		reference;
	bool		alone;			/* no key tells what was noted of the row: no other one counts */
	/* the rules of another time, which must allow it too; NULL: none */
	const ProtaddrChannel *also;
	/* what somebody decided of a held row, in place of PROTADDR_HOLD */
	bool		hold_decided;
	ProtaddrAction after_hold;
	const char *reason;
};

struct ProtaddrDecision
{
	ProtaddrAction action;
	ProtaddrRule rule;
	ProtaddrAction without_substitute;	/* what happens if there is none */
	int			hides;
	bool		linked;			/* transfers before counted: this one is to be recorded */
};

/* Whom an address, or a party of a message, concerns, as far as a rule asks. */
typedef struct ProtaddrConcerned
{
	bool		anybody;		/* false: nobody is named */
	bool		known;			/* a register has told of each of them, if any rule asks */
	int			hides;			/* what must not be told of any of them */
} ProtaddrConcerned;

extern void protaddr_concern_address(ProtaddrConcerned *concerned, const PaAddress *address,
									 const ProtaddrChannel *channel,
									 const ProtaddrTransfer *transfer);
extern void protaddr_decide(const ProtaddrChannel *channel, const ProtaddrConcerned *concerned,
							const ProtaddrTransfer *transfer, ProtaddrDecision *decision);
extern bool protaddr_may_happen(const ProtaddrChannel *channel, const ProtaddrConcerned *concerned,
								const ProtaddrTransfer *transfer, ProtaddrAction action);
extern ProtaddrAction protaddr_stricter(ProtaddrAction a, ProtaddrAction b);
extern void protaddr_refuse(const ProtaddrChannel *channel);

/* ---- outbound/linked.c: transfers that count together ------------------------------------ */

typedef enum ProtaddrSmall
{
	PROTADDR_NOT_SMALL,
	PROTADDR_SMALL,
	PROTADDR_SMALL_UNKNOWN		/* no amount, or one in a currency without a rate */
} ProtaddrSmall;

extern ProtaddrSmall protaddr_small(const ProtaddrChannel *channel, const ProtaddrTransfer *transfer);
extern bool protaddr_linked_record(const ProtaddrChannel *channel, const ProtaddrTransfer *transfer,
								   bool anew);
extern void protaddr_linked_follow(const ProtaddrTransfer *was, const ProtaddrTransfer *now);

/* ---- outbound/disclosure.c: what was disclosed, on record ------------------------------------ */

extern uint64 protaddr_disclosure_record(const ProtaddrChannel *channel,
										 const ProtaddrTransfer *transfer,
										 const PaText *subject, int nsubjects);
extern bool protaddr_disclosure_is_of(uint64 disclosure, const ProtaddrTransfer *transfer);
extern bool protaddr_disclosure_stands(uint64 disclosure);

/* ---- outbound/substitute.c: what may leave in place of an address ------------------------------ */

/* Sealed values as the table has them, palloc'd; NULL if there is none that fits. */
extern ProtaddrSeal *protaddr_substitute_of(const ProtaddrIdentifier *person, int npersons);

/* ---- outbound/birth.c: when and where somebody was born ---------------------------------------- */

extern PaBirth *protaddr_birth_of(const ProtaddrIdentifier *id);

/* ---- message/message.c: what of a message may leave ---------------------------------------- */

typedef enum ProtaddrFormat
{
	PROTADDR_XML,
	PROTADDR_MT,
	PROTADDR_JSON
} ProtaddrFormat;

/*
 * Appends what may leave to out.  PROTADDR_LEAVE: it is there; PROTADDR_HOLD: a party's
 * rule or an unreadable message holds it, out is of no use.  Raises 23PA1 for one that is
 * blocked.  changed: out is not what came in.  encoding: "UTF-8", or NULL as an XML
 * message declares.
 */
extern ProtaddrAction protaddr_release_message(ProtaddrFormat format, const char *message,
											   size_t len, const char *encoding,
											   const ProtaddrChannel *channel,
											   const ProtaddrTransfer *transfer,
											   StringInfo out, PaRewritten *counts);

/* ---- gate/gate_args.c: what a gate's triggers are told ------------------------------------ */

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
 * Dumped and restored with the trigger; so a gate needs no row anywhere to know itself.
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

/* ---- gate/gate_columns.c: which columns of a gated table mean what ------------------------- */

typedef struct ProtaddrGateColumn
{
	AttrNumber	number;			/* InvalidAttrNumber: there is none */
	Oid			type;			/* under its domains */
	FmgrInfo	out;
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
	int			nmessages;
	ProtaddrGateMessage *messages;
	int			nkey;			/* the root's primary key; 0: none to hash */
	AttrNumber *key;
	FmgrInfo   *key_hash;
	Oid		   *key_collation;
} ProtaddrGate;

extern void protaddr_gate_columns_init(void);
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

/* ---- gate/gate_message.c: a message in a column, and back ----------------------------------- */

#define PROTADDR_DIGEST_SIZE	32

/* how sealed bytes begin: a message is of anybody's making, and never passes for digests */
#define PROTADDR_SEALED_MESSAGE	'm'
#define PROTADDR_SEALED_DIGESTS	'd'

typedef struct ProtaddrDigest
{
	uint8		bytes[PROTADDR_DIGEST_SIZE];
} ProtaddrDigest;

extern void protaddr_gate_message_init(void);
extern ProtaddrAction protaddr_gate_message(const ProtaddrGateMessage *column, Datum value,
											const ProtaddrChannel *channel,
											const ProtaddrTransfer *transfer, Datum *leaves,
											PaRewritten *counts);
extern bool protaddr_is_blank(const char *word);
extern void protaddr_value_digest(Oid relation, const char *column, const ProtaddrChannel *channel,
								  const ProtaddrTransfer *transfer, Datum value,
								  ProtaddrDigest *digest);
extern void protaddr_row_digest(const ProtaddrGate *gate, HeapTuple row, TupleDesc desc,
								const ProtaddrChannel *channel, const ProtaddrTransfer *transfer,
								StringInfo digests);
extern Datum protaddr_seal_message(Datum value);
extern bytea *protaddr_open_message(Datum value);
extern void protaddr_let_through(const ProtaddrDigest *digest);
extern bool protaddr_was_let_through(const ProtaddrDigest *digest);

/* ---- gate/held.c: rows that wait for a decision ----------------------------------------------- */

/* What was decided of the row that is being released; NULL: none is. */
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

extern void protaddr_held_init(void);
extern ProtaddrHeldDecision *protaddr_held_decision(const ProtaddrGate *gate);
extern void protaddr_hold_row(const ProtaddrGate *gate, Relation rel, HeapTuple row,
							  const ProtaddrChannel *channel, const char *why);
extern bool protaddr_held_released(const ProtaddrGate *gate, const bytea *digest);

/* ---- gate/verify.c: is what is stored released? ------------------------------------------------- */

/* where verify_gate shows how far it is (protaddr.verify_progress); the flag tells it from COPY */
#define PROTADDR_PROGRESS_VERIFIED		10
#define PROTADDR_PROGRESS_PROBLEMS		11
#define PROTADDR_PROGRESS_PARTITION		12
#define PROTADDR_PROGRESS_IS_VERIFY		15

/* ---- gate/gated.c: which tables have a gate, and is it whole --------------------------------- */

typedef enum ProtaddrGateState
{
	PROTADDR_GATE_NONE = 0,		/* not gated */
	PROTADDR_GATE_WHOLE,
	PROTADDR_GATE_BROKEN		/* gated, and something of it is missing or changed */
} ProtaddrGateState;

/* the names the triggers have: they fire by name, and a gate sees what others made of the row */
#define PROTADDR_GATE_TRIGGER		"zz_protaddr_gate"
#define PROTADDR_GATE_CHECK_TRIGGER "zz_protaddr_gate_check"

typedef enum ProtaddrGateFunction
{
	PROTADDR_GATE_ROW = 0,
	PROTADDR_GATE_CHECK,
	PROTADDR_GATE_SUMMARY,
	PROTADDR_GATE_NFUNCTIONS
} ProtaddrGateFunction;

extern void protaddr_gated_init(void);
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

/* ---- gate/keeper.c: hooks that keep the gates in place ------------------------------------------ */

extern void protaddr_keeper_init(void);
extern void protaddr_keeper_is_here(void);

#endif							/* PROTADDR_H */
