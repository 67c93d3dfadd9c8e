/*
 * keys.h
 *		The outer key, the data keys, and the seal they make.
 */
#ifndef PROTADDR_KEYS_H
#define PROTADDR_KEYS_H

#include "address/address.h"
#include "base/base.h"
#include "keys/aead.h"

#include "lib/stringinfo.h"
#include "utils/relcache.h"

typedef struct varlena ProtaddrSeal;	/* a datum of type protaddr.address */

/* ---- keys/crypto.c: which library does the cryptography -------------------- */

extern const ProtaddrPart protaddr_crypto_part;
extern PaAead *protaddr_aead_ready(const uint8 key[PROTADDR_KEY_SIZE]);

/* ---- keys/kek.c: the outer key --------------------------------------------- */

#define PROTADDR_KEK_NAME_SIZE	17	/* 16 hex digits and NUL */

typedef struct ProtaddrKek
{
	unsigned char key[PROTADDR_KEY_SIZE];
	char		name[PROTADDR_KEK_NAME_SIZE];
} ProtaddrKek;

/* A program that has failed, or that monitoring asks, is not started again before. */
#define PROTADDR_KEK_ASK_AGAIN_MS	5000

extern const ProtaddrPart protaddr_kek_part;
extern bool protaddr_kek_fetch(ProtaddrKek *kek, int elevel);
extern void protaddr_kek_fetch_from(ProtaddrKek *kek, const char *path);
extern bool protaddr_kek_is_program(void);
extern void protaddr_kek_ask_again(void);
extern void protaddr_kek_make_default(void);
extern void protaddr_kek_wipe(ProtaddrKek *kek);

/* ---- keys/kek_program.c: running the program that gives it ----------------- */

typedef enum ProtaddrProgramResult
{
	PROTADDR_PROGRAM_OK,
	PROTADDR_PROGRAM_NOT_STARTED,	/* errno says why */
	PROTADDR_PROGRAM_FAILED,	/* it ended, but not with 0 */
	PROTADDR_PROGRAM_TOO_LATE
} ProtaddrProgramResult;

extern ProtaddrProgramResult protaddr_kek_program(const char *command, int timeout_ms,
												  char *text, size_t size, size_t *len);

/* ---- keys/data_key.c: the data keys of this database ----------------------- */

#define PROTADDR_WRAPPED_SIZE (PA_NONCE_SIZE + PROTADDR_KEY_SIZE + PA_TAG_SIZE)

typedef struct ProtaddrDataKey
{
	uint64		id;
	int64		generation;
	TimestampTz created_at;
	bool		retired;
	bool		erased;			/* retired, and wrapped holds nothing */
	bool		own;			/* made by this transaction */
	uint8		wrapped[PROTADDR_WRAPPED_SIZE];
	char		outer_name[PROTADDR_KEK_NAME_SIZE];
} ProtaddrDataKey;

extern const ProtaddrPart protaddr_data_key_part;
extern ProtaddrDataKey *protaddr_data_keys(int *nkeys);
extern ProtaddrDataKey *protaddr_data_key_find(ProtaddrDataKey *keys, int nkeys, uint64 id);
extern bool protaddr_key_wrap(const ProtaddrKek *kek, uint64 id, const uint8 *key, uint8 *wrapped);
extern bool protaddr_key_unwrap(const ProtaddrKek *kek, const ProtaddrDataKey *row, uint8 *key);

/* ---- keys/keyring.c: the data keys that this session holds ----------------- */

typedef struct ProtaddrKey
{
	uint64		id;
	PaAead	   *aead;			/* NULL: an empty place in the keyring */
	uint8		naming[PROTADDR_KEY_SIZE];	/* derived from it, for keyed ids */
} ProtaddrKey;

extern ProtaddrKey *protaddr_key_by_id(uint64 id);
extern ProtaddrKey *protaddr_key_for_sealing(void);
extern ProtaddrKey *protaddr_key_for_sealing_if_any(int level);
extern void protaddr_keyring_forget(void);

/* ---- keys/keyed_id.c: what stands for a person where no identifier may ---------- */

#define PROTADDR_KEYED_ID_SIZE	16

extern uint64 protaddr_keyed_id_if_any(const char *identifier, size_t len, uint8 id[PROTADDR_KEYED_ID_SIZE]);
extern uint64 protaddr_keyed_id(const char *identifier, size_t len, uint8 id[PROTADDR_KEYED_ID_SIZE]);
extern bool protaddr_keyed_id_under(uint64 key, const char *identifier, size_t len,
									uint8 id[PROTADDR_KEYED_ID_SIZE]);
extern void protaddr_keyed_id_derive(const uint8 *key, uint8 naming[PROTADDR_KEY_SIZE]);

/* ---- keys/seal.c: closing and opening -------------------------------------- */

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

extern const ProtaddrPart protaddr_seal_part;
extern ProtaddrSeal *protaddr_seal(const PaAddress *address);
extern bool protaddr_open(const ProtaddrSeal *seal, bool missing_key_ok, ProtaddrOpened *opened);
extern void protaddr_shut(ProtaddrOpened *opened);

typedef enum ProtaddrSealState
{
	PROTADDR_SEAL_WHOLE,
	PROTADDR_SEAL_NO_KEY,
	PROTADDR_SEAL_ALTERED
} ProtaddrSealState;

extern uint64 protaddr_seal_key(const ProtaddrSeal *seal);
extern ProtaddrSealState protaddr_seal_state(const ProtaddrSeal *seal);
extern bool protaddr_is_whole(const struct varlena *sealed);
extern struct varlena *protaddr_reseal(const struct varlena *sealed, ProtaddrSealState *state);

/* Reseals in place the seals that stand in bytes which were sealed; false if one cannot be. */
typedef bool (*ProtaddrResealInside) (char *data, size_t len);

extern void protaddr_reseals_inside(ProtaddrResealInside function);
extern bytea *protaddr_seal_bytes(const char *data, size_t len);
extern bytea *protaddr_open_bytes(const bytea *sealed);
extern ProtaddrSealState protaddr_try_open_bytes(const bytea *sealed, bytea **opened);

/* ---- keys/sealed_column.c: where sealed values stand ----------------------- */

typedef enum ProtaddrSealedColumn
{
	PROTADDR_NOT_SEALED,
	PROTADDR_SEALED,			/* each value is a seal */
	PROTADDR_SEALED_INSIDE		/* arrays, ranges or composites with seals in them */
} ProtaddrSealedColumn;

extern bool protaddr_is_own_relation(Oid relation);
extern bool protaddr_type_holds_address(Oid type);
extern ProtaddrSealedColumn protaddr_sealed_column(Relation rel, AttrNumber column);
extern uint64 protaddr_sealed_key(Datum value);
extern int64 protaddr_count_sealed(uint64 id, StringInfo where, StringInfo not_searched);

#endif							/* PROTADDR_KEYS_H */
