/*
 * sweep.h
 *		The sweep: protected addresses in what is stored already.
 */
#ifndef PROTADDR_SWEEP_H
#define PROTADDR_SWEEP_H

#include "base/base.h"

/* ---- part, for module.c ------------------------------------------------------------- */

extern const ProtaddrPart protaddr_sweep_part;

#endif							/* PROTADDR_SWEEP_H */
