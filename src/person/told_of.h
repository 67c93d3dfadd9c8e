/*
 * told_of.h
 *		Have the registers told of everybody an identifier stands for?  Pure.
 */
#ifndef PROTADDR_TOLD_OF_H
#define PROTADDR_TOLD_OF_H

#include <stdbool.h>

/* One of some identifiers leads to another: it stands for it, or is a number of the same person. */
typedef struct PaLead
{
	int			from;
	int			to;
} PaLead;

/* what is worked out of each identifier, beside its facts (fact_table.h) */
#define PA_TOLD_ASKED		0x40	/* the question is about it */
#define PA_TOLD_OF			0x80	/* it is told of, or leads to somebody who is */

extern bool protaddr_all_told_of(unsigned char *facts, int n, const PaLead *lead, int nleads);

#endif							/* PROTADDR_TOLD_OF_H */
