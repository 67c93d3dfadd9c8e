/*
 * iso_json.h
 *		What iso_json.c, which finds addresses in JSON, and json_write.c, which writes
 *		what goes in their place, have in common.
 */
#ifndef PROTADDR_ISO_JSON_H
#define PROTADDR_ISO_JSON_H

#include "message/rewrite.h"
#include "text/text.h"
#include "json_scan.h"

#define PA_JSON_ACCOUNTS		12	/* of a unit */
#define PA_JSON_ACCOUNT_TEXTS	4	/* of an account */
#define PA_JSON_TEXT_BYTES		1024	/* of a name or an identifier */
#define PA_JSON_DECODED_BYTES	32768	/* of a unit's texts with escapes */
#define PA_JSON_RESULT_BYTES	24576	/* in place of an address */

/* What stands in an object for one of its parties. */
typedef struct PaAccount
{
	char		role[PA_JSON_NAME];
	bool		of_party;		/* not an account, but the party's own Id */
	bool		more;			/* there is more that is not here */
	int			ntexts;
	PaText		text[PA_JSON_ACCOUNT_TEXTS];
} PaAccount;

/* Who has handled the addresses of an object. */
typedef enum PaHandled
{
	HANDLED_NOT,
	HANDLED_SELF,				/* its own, by what is around it */
	HANDLED_PTY					/* and those of its Pty */
} PaHandled;

/* An object that we are in. */
typedef struct PaFrame
{
	size_t		start;
	char		name[PA_JSON_NAME];
	PaHandled	handled;
	bool		element;		/* of an array of several */
	bool		in_array;		/* of any array */
	bool		apart;			/* another transfer than what is around it */
	int			naccounts;
	bool		more_accounts;
	PaAccount	account[PA_JSON_ACCOUNTS];
	int			amount_rank;
	PaText		amount;
	PaText		currency;
} PaFrame;

/* Where an address stands. */
typedef struct PaSpot
{
	PaMember	member;
	size_t		holder;			/* the object that has it */
	bool		flat;			/* its name has the role in it */
	bool		unsure;			/* another party's than the one that has it */
	bool		mandatory;
	char		role[PA_JSON_NAME];
	PaMember	town;
	PaMember	country;
	int			ntowns;
	int			ncountries;
	bool		new_id;
	size_t		prvtid;			/* the object that takes the birth */
} PaSpot;

/* One change of the text. */
typedef struct PaEdit
{
	size_t		start;
	size_t		end;
	char	   *text;			/* NULL if there is none */
	size_t		len;
} PaEdit;

typedef struct PaJson
{
	const char *json;
	size_t		len;
	const PaRewriter *rewriter;
	PaRewritten *rewritten;
	PaMessageVerdict verdict;
	size_t		at;				/* where it is refused */

	int			depth;
	int			nspots;			/* of the unit at hand */
	size_t		decoded_len;

	/* changes that are decided and not reached yet, the next one last */
	PaEdit	   *edit;
	size_t		nedits;
	size_t		edits_size;
	size_t		copied;			/* all before it is written or gone */

	/* what is being written */
	bool		too_long;
	size_t		result_len;

	/* nothing from here on counts before it is set */
	PaFrame		frame[PA_MESSAGE_DEPTH];
	PaSpot		spot[PA_UNIT_PARTIES];
	PaParty		party[PA_UNIT_PARTIES];
	char		decoded[PA_JSON_DECODED_BYTES];
	char		result[PA_JSON_RESULT_BYTES];
} PaJson;

/* What a name says of an address. */
typedef enum PaAddressName
{
	NAME_OTHER = 0,
	NAME_ADDRESS,				/* of ISO */
	NAME_ADR,
	NAME_FLAT,					/* an address, with the role before it */
	NAME_PLAIN,					/* an address, if a party has it */
	NAME_OF_SOMEBODY,			/* the same, if the party has a role that we know */
	NAME_STRAY					/* an address, but not one that we can read */
} PaAddressName;

/*
 * in message/json_names.c: names are those that protaddr_json_name gives;
 * protaddr_json_address_name wants to see the whole one, *role_len is how much of it is
 * the role.
 */
extern bool protaddr_json_is_agent(const char *name);
extern bool protaddr_json_keeps_account(const char *name);
extern const char *protaddr_json_iso_role(const char *role);
extern bool protaddr_json_same_role(const char *role, const char *other);
extern bool protaddr_json_is_party(const char *name);
extern PaAddressName protaddr_json_address_name(const char *json, size_t start, int *role_len);

/* in message/iso_json.c */
extern void protaddr_json_refuse(PaJson *walk, PaMessageVerdict verdict, size_t at);

/*
 * in message/json_write.c: protaddr_json_settle makes changes of what was decided about a
 * spot, protaddr_json_flush writes the text up to here as far as it is not written yet.
 */
extern void protaddr_json_settle(PaJson *walk, const PaSpot *spot, const PaParty *party);
extern void protaddr_json_flush(PaJson *walk, size_t end);

#endif							/* PROTADDR_ISO_JSON_H */
