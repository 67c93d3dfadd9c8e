/*
 * type.h
 *		The type protaddr.address: text and bytes in and out.
 */
#ifndef PROTADDR_TYPE_H
#define PROTADDR_TYPE_H

#include "keys/keys.h"

/* ---- type/input.c: text to address ----------------------------------------- */

extern Datum protaddr_seal_text(const char *text, size_t len, Node *escontext);

#endif							/* PROTADDR_TYPE_H */
