/*
 * words.c
 *		What are the law's actions and rules called, and which action is stricter?
 *
 * The vocabulary stands here once.  The rows of protaddr.channel, explanations, the
 * reasons of held rows and errors use these words; sql/channel.sql compares them with
 * the domain protaddr.channel_action.
 */
#include "postgres.h"

#include "base/base.h"
#include "law/law.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(protaddr_channel_action_words);

static const struct
{
	const char *word;
	int			strictness;		/* the larger, the less leaves */
	const char *meaning;		/* a sentence */
}	actions[PROTADDR_NACTIONS] =

{
	[PROTADDR_WITHHOLD] = {"withhold", 4, "Nothing of it leaves."},
	[PROTADDR_BLOCK] = {"block", 6, "The row is refused."},
	[PROTADDR_HOLD] = {"hold", 5, "The row is held until somebody decides."},
	[PROTADDR_MINIMUM] = {"minimum", 3, "Town and country leave."},
	[PROTADDR_SUBSTITUTE] = {"substitute", 2, "The registered substitute address leaves."},
	[PROTADDR_DISCLOSE] = {"disclose", 1, "It leaves all the same, on record in protaddr.disclosure."},
	[PROTADDR_LEAVE] = {"leave", 0, "It leaves."},
};

static const struct
{
	const char *column;			/* of protaddr.channel, that decided */
	const char *why;			/* a clause; "it" is the address, or the message */
}	rules[PROTADDR_NRULES] =

{
	[PROTADDR_RULE_NOT_READY] = {"when_unbound", "no register can be asked"},
	[PROTADDR_RULE_NO_CHANNEL] = {"none", "its channel is not in force"},
	[PROTADDR_RULE_UNBOUND] = {"when_unbound", "it concerns nobody, or the row names nobody"},
	[PROTADDR_RULE_PROTECTED] = {"when_protected", "somebody whom it concerns is protected"},
	[PROTADDR_RULE_SMALL] = {"when_small", "somebody whom it concerns is protected, and the amount is small or not known"},
	[PROTADDR_RULE_UNKNOWN] = {"when_unknown", "it concerns somebody whom no register lists"},
	[PROTADDR_RULE_OWN] = {"when_own", "it concerns the receiver, and nobody else who is protected"},
	[PROTADDR_RULE_FREE] = {"none", "nobody whom it concerns is protected"},
	[PROTADDR_RULE_NO_SUBSTITUTE] = {"without_substitute", "somebody whom it concerns is protected, and no substitute address can take its place"},
	[PROTADDR_RULE_UNREADABLE] = {"when_unreadable", "it cannot be read"},
	[PROTADDR_RULE_RELEASED] = {"none", "a channel has released it"},
	[PROTADDR_RULE_HELD] = {"none", "somebody decided on the held row"},
	[PROTADDR_RULE_STOPPED] = {"none", "the contract of the processor that asks has ended, or its review is overdue"},
	[PROTADDR_RULE_UNLOCKED] = {"none", "the transaction is unlocked for a purpose"},
};

/* protaddr_action_word gives the word for an action. */
const char *
protaddr_action_word(ProtaddrAction action)
{
	return actions[action].word;
}

/* protaddr_action_meaning gives a sentence that says what happens. */
const char *
protaddr_action_meaning(ProtaddrAction action)
{
	return actions[action].meaning;
}

/* protaddr_action_of_word reads a word; false if it is not one of the vocabulary. */
bool
protaddr_action_of_word(const char *word, size_t len, ProtaddrAction *action)
{
	for (int i = 0; i < PROTADDR_NACTIONS; i++)
		if (strlen(actions[i].word) == len && memcmp(actions[i].word, word, len) == 0)
		{
			*action = (ProtaddrAction) i;
			return true;
		}
	return false;
}

/* protaddr_stricter gives the one of two actions that lets less leave. */
ProtaddrAction
protaddr_stricter(ProtaddrAction a, ProtaddrAction b)
{
	return actions[b].strictness > actions[a].strictness ? b : a;
}

/* protaddr_as_strict is true if a lets no more leave than b. */
bool
protaddr_as_strict(ProtaddrAction a, ProtaddrAction b)
{
	return actions[a].strictness >= actions[b].strictness;
}

/* protaddr_rule_column names the column of protaddr.channel that holds a rule; "none" if none does. */
const char *
protaddr_rule_column(ProtaddrRule rule)
{
	return rules[rule].column;
}

/* protaddr_rule_why says in a clause why a rule applied. */
const char *
protaddr_rule_why(ProtaddrRule rule)
{
	return rules[rule].why;
}

/* protaddr_action_array gives the words of a set of actions as text[], the strictest first. */
Datum
protaddr_action_array(ProtaddrActionSet set)
{
	Datum		words[PROTADDR_NACTIONS];
	int			n = 0;

	for (int strictness = PROTADDR_NACTIONS - 1; strictness >= 0; strictness--)
		for (int i = 0; i < PROTADDR_NACTIONS; i++)
			if (actions[i].strictness == strictness && (set & PROTADDR_ACTION_BIT(i)) != 0)
				words[n++] = CStringGetTextDatum(actions[i].word);
	return PointerGetDatum(construct_array(words, n, TEXTOID, -1, false, TYPALIGN_INT));
}

/* protaddr_channel_action_words is protaddr.channel_action_words(): the whole vocabulary. */
Datum
protaddr_channel_action_words(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(protaddr_action_array(~(ProtaddrActionSet) 0));
}
