/*
 * law.h
 *		The law: what a channel lets happen to an address.
 */
#ifndef PROTADDR_LAW_H
#define PROTADDR_LAW_H

#include "access/htup.h"
#include "access/tupdesc.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "clearance/clearance.h"
#include "keys/keys.h"
#include "message/rewrite.h"
#include "person/person.h"

typedef struct ProtaddrChannel ProtaddrChannel;
typedef struct ProtaddrTransfer ProtaddrTransfer;

/* ---- law/words.c: actions, rules, and what they are called ------------------ */

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

#define PROTADDR_NACTIONS	(PROTADDR_LEAVE + 1)

typedef uint32 ProtaddrActionSet;

#define PROTADDR_ACTION_BIT(action)	(((ProtaddrActionSet) 1) << (action))

/* Which rule of the channel decided. */
typedef enum ProtaddrRule
{
	PROTADDR_RULE_NOT_READY = 0,	/* the register cannot be asked */
	PROTADDR_RULE_NO_CHANNEL,	/* there are no rules */
	PROTADDR_RULE_UNBOUND,		/* the value concerns nobody, or the row names nobody */
	PROTADDR_RULE_PROTECTED,
	PROTADDR_RULE_SMALL,		/* protected, and a small amount */
	PROTADDR_RULE_UNKNOWN,		/* no register lists the person */
	PROTADDR_RULE_OWN,			/* it concerns the receiver, and nobody else who is not free */
	PROTADDR_RULE_FREE,			/* known, and not protected */
	PROTADDR_RULE_NO_SUBSTITUTE,	/* protected, and there is no substitute that fits */
	PROTADDR_RULE_UNREADABLE,	/* a message that cannot be read */
	PROTADDR_RULE_RELEASED,		/* a channel released it, and what it released may be shown */
	PROTADDR_RULE_HELD,			/* a held row that somebody decided on */
	PROTADDR_RULE_UNLOCKED,		/* shown to somebody with a clearance */
	PROTADDR_RULE_STOPPED		/* somebody asks whose contract has ended */
} ProtaddrRule;

#define PROTADDR_NRULES		(PROTADDR_RULE_STOPPED + 1)

extern const char *protaddr_action_word(ProtaddrAction action);
extern const char *protaddr_action_meaning(ProtaddrAction action);
extern bool protaddr_action_of_word(const char *word, size_t len, ProtaddrAction *action);
extern Datum protaddr_action_array(ProtaddrActionSet set);
extern ProtaddrAction protaddr_stricter(ProtaddrAction a, ProtaddrAction b);
extern bool protaddr_as_strict(ProtaddrAction a, ProtaddrAction b);
extern const char *protaddr_rule_column(ProtaddrRule rule);
extern const char *protaddr_rule_why(ProtaddrRule rule);

/* ---- law/channel.c: the law, as rows --------------------------------------- */

/* The channel by which addresses are shown inside the bank. */
#define PROTADDR_CHANNEL_SHOW	"show"

/* One row of protaddr.channel. */
struct ProtaddrChannel
{
	char		name[PA_CHANNEL_SIZE + 1];
	int			name_len;
	bool		closed;			/* stands in for a row that there is not: nothing leaves */
	ProtaddrAction when_protected;
	ProtaddrAction when_small;
	ProtaddrAction when_unknown;
	ProtaddrAction when_own;
	ProtaddrAction when_unbound;
	ProtaddrAction when_unreadable; /* of a message: PROTADDR_BLOCK or PROTADDR_HOLD */
	ProtaddrAction without_substitute;
	bool		has_small;		/* there is a rule for small amounts */
	bool		has_own;		/* there is a rule for the receiver's own address */
	bool		birth_data;
	bool		strangers_unknown;	/* who is linked to nobody is unknown, whatever registers list */
	ProtaddrAction name_when_protected; /* LEAVE, MINIMUM or WITHHOLD */
	ProtaddrAction name_when_unknown;	/* the same */
	Numeric		small_amount;
	char		small_currency[4];
	Interval   *linked_within;	/* NULL: transfers are not linked */
	TimestampTz valid_from;
	TimestampTz valid_to;
	const char *legal_basis;
	ProtaddrActionSet may;		/* everything it can come to: protaddr_channel_may */
};

extern const ProtaddrPart protaddr_channel_part;
extern const ProtaddrChannel *protaddr_channel(const char *name, size_t len, TimestampTz at);
extern const ProtaddrChannel *protaddr_channel_if_any(const char *name, size_t len, TimestampTz at);
extern const ProtaddrChannel *protaddr_channel_show(void);

/* ---- law/ask.c: the one question and its answer ----------------------------- */

/* Which payment a row is, for who records it. */
typedef struct ProtaddrPayment
{
	const char *relation;		/* qualified and quoted */
	const char *key;			/* the row's key, as JSON; NULL: it has none */
	uint8		digest[32];		/* differs for every other payment of the table, but not in another
								 * partition */
} ProtaddrPayment;

/* What is known of the transfer, or the message, that carries an address. */
struct ProtaddrTransfer
{
	bool		has_row;		/* there is a row that names the payer, or nobody */
	ProtaddrIdentifier payer;	/* whom the row names beside those the value concerns */
	ProtaddrIdentifier payee;	/* no key: not known */
	ProtaddrIdentifier receiver;	/* who gets to see it; no key: the payee */
	Numeric		amount;			/* NULL: not known */
	char		currency[4];	/* "": not known */
	/* which transfer it is, so that it counts once: a row of a gated table */
	Oid			relation;		/* InvalidOid: not to be recorded */
	bool		has_reference;	/* the row has a key: an update is the same transfer */
	uint64		reference;
	bool		counts_alone;	/* no key tells what was noted of the row: no other one counts */
	/* the rules of another time, which must allow it too; NULL: none */
	const ProtaddrChannel *law_then;
	/* what somebody decided of a held row, in place of PROTADDR_HOLD */
	bool		hold_decided;
	ProtaddrAction after_hold;
	TimestampTz decided_at;		/* who was protected later it was not decided of; 0: whoever is */
	int64		held_id;		/* 0: not a held row */
	const char *reason;
	/* says which payment the row is; NULL: there is no row */
	void		(*describe) (const ProtaddrTransfer *transfer, ProtaddrPayment *payment);
	const struct ProtaddrGate *gate;
	HeapTuple	row;
	TupleDesc	desc;
};

/* Whom an address, or a party of a message, concerns, as far as a rule asks. */
typedef struct ProtaddrConcerned
{
	bool		anybody;		/* false: nobody is named */
	bool		known;			/* a register lists each of them, if any rule asks */
	bool		strangers;		/* is asked: who is linked to nobody is not known */
	int			hides;			/* what must not be told of any of them */
	bool		own;			/* it is the receiver's own, if any rule asks */
	bool		since;			/* protected since it was decided on, if it was */
} ProtaddrConcerned;

typedef enum ProtaddrSmall
{
	PROTADDR_NOT_SMALL,
	PROTADDR_SMALL,
	PROTADDR_SMALL_UNKNOWN		/* no amount, or one in a currency without a rate */
} ProtaddrSmall;

typedef enum ProtaddrMode
{
	/* May it leave now?  The rules of now and of transfer->law_then both count. */
	PROTADDR_ASK_NOW = 0,

	/*
	 * May it stand in a row that was decided on before?  The answer is the loosest action by which
	 * it may.  The amount is not weighed again: what was linked then is no longer the same.
	 */
	PROTADDR_ASK_AS_STORED,
	/* What do the rules of transfer->law_then say, alone?  Without it, those of now. */
	PROTADDR_ASK_EXPLAIN,
	/* What would the channel say of such people and such an amount?  Nothing is looked up. */
	PROTADDR_ASK_WHAT_IF
} ProtaddrMode;

typedef struct ProtaddrQuestion
{
	ProtaddrMode mode;
	const ProtaddrChannel *channel;
	const ProtaddrConcerned *concerned;
	const ProtaddrTransfer *transfer;
	bool		unreadable;		/* of a message that cannot be read; concerned is not looked at */
	ProtaddrSmall assumed;		/* of PROTADDR_ASK_WHAT_IF */
} ProtaddrQuestion;

typedef struct ProtaddrAnswer
{
	ProtaddrAction action;
	ProtaddrRule rule;			/* that decided */
	const ProtaddrChannel *law; /* the row of protaddr.channel it stands in */
	ProtaddrAction without_substitute;	/* what happens if there is none */
	int			hides;
	bool		linked;			/* transfers before counted: this one is to be recorded */
	bool		birth_data;		/* birth data may take the place of the address */
} ProtaddrAnswer;

extern void protaddr_ask(const ProtaddrQuestion *question, ProtaddrAnswer *answer);
extern void protaddr_answer_without_substitute(ProtaddrAnswer *answer);
extern void protaddr_concern_decision(ProtaddrConcerned *concerned, const char *key, int len,
									  const ProtaddrTransfer *transfer);
extern void protaddr_concern_address(ProtaddrConcerned *concerned, const PaAddress *address,
									 const ProtaddrChannel *channel,
									 const ProtaddrTransfer *transfer);
extern void protaddr_concern_receiver(ProtaddrConcerned *concerned, const PaText *people,
									  int npeople, const ProtaddrChannel *channel,
									  const ProtaddrTransfer *transfer);
extern ProtaddrActionSet protaddr_channel_may(const ProtaddrChannel *channel);
extern void protaddr_refuse(const ProtaddrChannel *channel);

/* ---- law/proxy.c: names, and what tells where somebody lives without an address ---- */

extern ProtaddrAction protaddr_ask_name(const ProtaddrChannel *channel, const PaText *people, int npeople);
extern ProtaddrAction protaddr_ask_location(const ProtaddrChannel *channel, const PaText *people, int npeople);

/* ---- law/event.c: who is told before an address is revealed ----------------- */

typedef enum ProtaddrEventKind
{
	PROTADDR_SHOWN,				/* to a reader */
	PROTADDR_RELEASED,			/* sealed for a channel */
	PROTADDR_IN_MESSAGE,		/* in clear, in a message that leaves */
	PROTADDR_IN_TEXT			/* in clear, in any other text that leaves */
} ProtaddrEventKind;

/*
 * An address, or part of one, is about to be revealed.  What it says is good during the
 * call.  Nothing in it tells of the address itself.
 */
typedef struct ProtaddrEvent
{
	ProtaddrEventKind kind;
	const ProtaddrChannel *channel;
	const ProtaddrAnswer *answer;	/* answer->action: what is revealed, a minimum at least */
	const ProtaddrTransfer *transfer;	/* payer, payee, receiver, amount; the row; the held row */
	const PaText *people;		/* whom it concerns: canonical identifiers */
	int			npeople;
	Oid			login_role;
	Oid			role;			/* that it works as */
	const uint64 *disclosed_before; /* records that may be of this payment: the one that the value
									 * names, those of the message */
	int			ndisclosed_before;
	const ProtaddrUnlock *unlock;	/* for what it is shown though somebody is not free; else NULL */
	uint64		disclosure;		/* set by the observer that records it; 0: not recorded */
	bool		told;
} ProtaddrEvent;

typedef void (*ProtaddrObserver) (ProtaddrEvent *event);

extern void protaddr_observe(ProtaddrObserver observer);
extern void protaddr_tell_event(ProtaddrEvent *event);

/* ---- law/reading.c: who is told that an export is read ----------------------- */

/*
 * An export is about to be read, or was.  What it says is good during the call.
 *
 * Told before the first row, an observer may raise an error, which refuses the reading.  Told
 * that it is over, it may raise one unless the reading failed: then it must neither throw nor
 * read a catalog, since the transaction may be aborted already.  Who is killed in between
 * leaves a beginning without an end.
 */
typedef struct ProtaddrReading
{
	uint64		id;				/* the same when it begins and when it is over */
	bool		over;
	bool		failed;			/* by an error, or rolled back before it came to its end */
	Oid			relation;
	const char *name;			/* of the relation, qualified */
	const char *channel;
	Oid			login_role;
	Oid			role;			/* that it works as */
	uint64		rows;			/* given out or, by INSERT and its like, written */
	uint64		rows_read;		/* the most that any step of the statement came by */
	uint64		withheld;		/* values from which something was withheld */
} ProtaddrReading;

typedef void (*ProtaddrReadingObserver) (const ProtaddrReading *reading);

extern void protaddr_observe_readings(ProtaddrReadingObserver observer);
extern void protaddr_tell_reading(const ProtaddrReading *reading);
extern void protaddr_count_withheld(void);
extern uint64 protaddr_withheld_so_far(void);

/* ---- law/linked.c: transfers that count together --------------------------- */

extern const ProtaddrPart protaddr_linked_part;
extern ProtaddrSmall protaddr_small(const ProtaddrChannel *channel, const ProtaddrTransfer *transfer);
extern bool protaddr_linked_record(const ProtaddrChannel *channel, const ProtaddrTransfer *transfer,
								   bool anew);
extern void protaddr_linked_follow(const ProtaddrTransfer *was, const ProtaddrTransfer *now);

/* ---- law/substitute.c: what may leave in place of an address --------------- */

extern const ProtaddrPart protaddr_substitute_part;

/* Sealed values as the table has them, palloc'd; NULL if there is none that fits. */
extern ProtaddrSeal *protaddr_substitute_of(const ProtaddrIdentifier *person, int npersons);
extern List *protaddr_substitutes_of(const ProtaddrIdentifier *person);

/* ---- law/birth.c: when and where somebody was born ------------------------- */

extern const ProtaddrPart protaddr_birth_part;
extern PaBirth *protaddr_birth_of(const ProtaddrIdentifier *id, int nids);

#endif							/* PROTADDR_LAW_H */
