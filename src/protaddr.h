/*
 * protaddr.h
 *		The one internal header of the PostgreSQL side: a section per file.
 *
 * Dependencies point one way: address and keys know nothing above them, the
 * register knows nothing of them, the door knows all three, outbound knows the
 * door, module.c knows all.
 */
#ifndef PROTADDR_H
#define PROTADDR_H

#include "postgres.h"

#include "access/attnum.h"
#include "commands/trigger.h"
#include "datatype/timestamp.h"
#include "fmgr.h"
#include "utils/date.h"
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
	PROTADDR_NTABLES
} ProtaddrTable;

extern Oid	protaddr_protection_one_index(void);
extern Oid	protaddr_identity_index(bool reverse);
extern Oid	protaddr_register_person(void);
extern Oid	protaddr_register_person_index(void);

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

extern bool protaddr_identity_may_link(const ProtaddrIdentifier *from,
									   const ProtaddrIdentifier *to);

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

extern ProtaddrSeal *protaddr_release(ProtaddrSeal *seal, const ProtaddrChannel *channel,
									  const ProtaddrIdentifier *payer);
extern bool protaddr_is_released(ProtaddrSeal *seal, const ProtaddrChannel *channel,
								 const ProtaddrIdentifier *payer);

/* ---- door/row_trigger.c: what a trigger of ours knows about its table ----------------- */

/*
 * One per trigger and relation, kept between statements.  For a bind trigger
 * addresses holds the one bound column, for a gate every address column.
 */
typedef struct ProtaddrRowTrigger
{
	Oid			trigger;		/* hash key */
	Oid			relation;
	bool		valid;
	AttrNumber	subject;
	Oid			subject_type;
	FmgrInfo	subject_out;
	int			naddresses;
	AttrNumber *addresses;
} ProtaddrRowTrigger;

extern void protaddr_row_trigger_init(void);
extern ProtaddrRowTrigger *protaddr_row_trigger(TriggerData *trigdata, const char *subject,
												const char *column);
extern void protaddr_check_row_trigger(FunctionCallInfo fcinfo, const char *function,
									   TriggerEvent when, int nargs);

/* ---- outbound/channel.c: the law, as rows ----------------------------------------------- */

typedef enum ProtaddrAction
{
	PROTADDR_WITHHOLD = 0,
	PROTADDR_MINIMUM,
	PROTADDR_BLOCK
} ProtaddrAction;

struct ProtaddrChannel
{
	char		name[PA_CHANNEL_SIZE + 1];
	int			name_len;
	ProtaddrAction protected_action;
};

extern void protaddr_channel_init(void);
extern const ProtaddrChannel *protaddr_channel(const char *name, size_t len);

#endif							/* PROTADDR_H */
