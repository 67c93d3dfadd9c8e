/*
 * subject.h
 *		One spelling for an identifier.  Pure.
 */
#ifndef PROTADDR_SUBJECT_H
#define PROTADDR_SUBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "address/address.h"

/* what protaddr_subject_key gives for a text that is no identifier */
#define PA_SUBJECT_TOO_LONG	(-1)	/* over PA_SUBJECT_SIZE bytes, leading zeros included */
#define PA_SUBJECT_BROKEN	(-2)	/* not UTF-8 */

/*
 * protaddr_subject_key writes the canonical form of an identifier (UTF-8) and returns
 * its length: 0 if nothing is left of it, or one of the above.
 *
 * Dropped: what makes it readable or came in by accident, of every script and width:
 * blanks, hyphens, dots, slashes, commas, semicolons, quotation marks and apostrophes,
 * control and invisible characters, "+" and "=" in front; and ".0", ".00" and the like
 * behind a number, unless ".000" can be a group of thousands.  Digits of every script
 * become ASCII; letters are in capitals, full-width ones plain, those of Latin-1 and Latin
 * Extended-A as SWIFT messages write them (AE, OE, AA, E), however accents are encoded.
 * Leading zeros are dropped if only digits are left ("0" stays for all zeros).
 *
 * So 070761-4285, '0707614285 and the bigint 707614285 are one person; two that fall
 * together are protected too much, never too little.
 */
extern int	protaddr_subject_key(const char *text, size_t len, char out[PA_SUBJECT_SIZE]);

#endif							/* PROTADDR_SUBJECT_H */
