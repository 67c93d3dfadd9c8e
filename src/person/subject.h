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
 * Nothing here knows whose number it is, so each country's ways of writing are folded for all:
 *
 *	DK	070761-4285, 0707614285, 707614285			one
 *	SE	19570413-3106, 195704133106, 570413-3106,
 *		and with a day over 60						one: the century is no part of the key
 *		19120413-3106, 120413+3106					one, and another than the next
 *		20120413-3106, 120413-3106					one
 *	NO	210570 11111, 21057011111					one
 *	FI	010190-123A, 010190+123A, 010190A123A,
 *		010190Y123A									four people; "-" is not kept, the others are
 *	IS	120174-3399, 1201743399						one
 *	NL	012345672, 12345672							one
 *	CH	756.1234.5678.97, 7561234567897				one, also if the last two are 00
 *
 * So the century of a Swede counts where it tells somebody of a hundred years (born in 1926
 * or before) from a child.  A Finn of the 19th century and one of the 20th may be one key, if
 * their last character is a digit and not a letter.  What protects one of them then protects
 * both.  A customer number of twelve digits that reads like a
 * Swedish birth number falls together with that person, as any number that reads like a
 * person's does: give such numbers a prefix.
 *
 * So 070761-4285, '0707614285 and the bigint 707614285 are one person; two that fall
 * together are protected too much, never too little.
 */
extern int	protaddr_subject_key(const char *text, size_t len, char out[PA_SUBJECT_SIZE]);

#endif							/* PROTADDR_SUBJECT_H */
