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

/*
 * protaddr_subject_key writes the canonical form of an identifier and returns
 * its length: ASCII blanks, hyphens, dots and slashes dropped, and ".0" or ".00" behind
 * a number; letters in upper case, those of Latin-1 and Latin Extended-A as SWIFT
 * messages write them (AE, OE, AA, E); leading zeros dropped if only digits are left
 * ("0" stays for all zeros).
 * So 070761-4285, 0707614285 and the bigint 707614285 are one person; two that
 * fall together are protected too much, never too little.
 * Returns 0 for an identifier with nothing in it, -1 for one over PA_SUBJECT_SIZE.
 */
extern int	protaddr_subject_key(const char *text, size_t len, char out[PA_SUBJECT_SIZE]);

#endif							/* PROTADDR_SUBJECT_H */
