/*
 * told_of.c
 *		Have the registers told of everybody an identifier stands for?
 *
 * An account stands for each of its holders, and its address is the address of all of
 * them: that a register has told of one says nothing of the other, who may be protected
 * elsewhere.  The numbers of one person lead to each other, so that a register has told
 * of the person if it has told of any of them.
 */
#include "person/fact_table.h"
#include "person/told_of.h"

/*
 * protaddr_all_told_of takes the facts of everybody an identifier leads to, itself first,
 * and all their leads, which may lead in circles.
 *
 * Somebody is told of by being listed in a register, or protected, or by leading to
 * somebody who is.  The way from an identifier ends where a register lists somebody, since
 * it knows them by that very identifier, and everybody on the way has to be told of.
 */
bool
protaddr_all_told_of(unsigned char *facts, int n, const PaLead *lead, int nleads)
{
	bool		changed = true;

	for (int i = 0; i < n; i++)
		if ((facts[i] & (PA_FACT_KNOWN | PA_FACT_HIDES)) != 0)
			facts[i] |= PA_TOLD_OF;
	facts[0] |= PA_TOLD_ASKED;
	while (changed)
	{
		changed = false;
		for (int i = 0; i < nleads; i++)
		{
			unsigned char *from = &facts[lead[i].from];
			unsigned char *to = &facts[lead[i].to];

			if ((*from & (PA_TOLD_ASKED | PA_FACT_KNOWN)) == PA_TOLD_ASKED && (*to & PA_TOLD_ASKED) == 0)
			{
				*to |= PA_TOLD_ASKED;
				changed = true;
			}
			if ((*to & PA_TOLD_OF) != 0 && (*from & PA_TOLD_OF) == 0)
			{
				*from |= PA_TOLD_OF;
				changed = true;
			}
		}
	}
	for (int i = 0; i < n; i++)
		if ((facts[i] & (PA_TOLD_ASKED | PA_TOLD_OF)) == PA_TOLD_ASKED)
			return false;
	return true;
}
