/*
 * keys.h
 *		The outer key, the data keys, and the seal they make.
 */
#ifndef PROTADDR_KEYS_H
#define PROTADDR_KEYS_H

#include "address/address.h"
#include "base/base.h"

typedef struct varlena ProtaddrSeal;	/* a datum of type protaddr.address */

/* ---- keys/kek.c: the outer key --------------------------------------------- */

#define PROTADDR_KEY_SIZE		32
#define PROTADDR_KEK_NAME_SIZE	17	/* 16 hex digits and NUL */

typedef struct ProtaddrKek
{
	unsigned char key[PROTADDR_KEY_SIZE];
	char		name[PROTADDR_KEK_NAME_SIZE];
} ProtaddrKek;

extern const ProtaddrPart protaddr_kek_part;
extern bool protaddr_kek_fetch(ProtaddrKek *kek, int elevel);
extern void protaddr_kek_fetch_from(ProtaddrKek *kek, const char *path);
extern void protaddr_kek_make_default(void);
extern void protaddr_kek_wipe(ProtaddrKek *kek);

/* ---- keys/aead.c: AES-256-GCM ---------------------------------------------- */

typedef struct ProtaddrAead ProtaddrAead;

extern const ProtaddrPart protaddr_aead_part;
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
extern bytea *protaddr_seal_bytes(const char *data, size_t len);
extern bytea *protaddr_open_bytes(const bytea *sealed);
extern ProtaddrSealState protaddr_try_open_bytes(const bytea *sealed, bytea **opened);

#endif							/* PROTADDR_KEYS_H */
