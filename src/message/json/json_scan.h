/*
 * json_scan.h
 *		What json_scan.c, which knows JSON, gives iso_json.c, which knows payments.
 *
 * Everything but protaddr_json_check is for text that has passed it: positions are
 * those of values, and nothing can fail.
 */
#ifndef PROTADDR_JSON_SCAN_H
#define PROTADDR_JSON_SCAN_H

#include "message/rewrite.h"
#include "text/text.h"

#define PA_JSON_NAME	48		/* bytes; no name that we know is as long */
#define PA_JSON_LONGEST_NAME	1024	/* what is longer has no name */

/* A member of an object, or an element of an array (no name). */
typedef struct PaMember
{
	size_t		start;			/* of the name, or the element */
	size_t		name_end;		/* behind the name's closing quote */
	size_t		value;
	size_t		end;			/* of the value */
	size_t		comma;			/* before the member; 0 if it is the first */
	size_t		next_comma;		/* behind it; 0 if it is the last */
} PaMember;

/* A walk over the members of an object or the elements of an array. */
typedef struct PaMembers
{
	const char *json;
	size_t		at;
	size_t		comma;
	bool		object;
} PaMembers;

/* protaddr_json_check judges a whole text; *at is where it is refused. */
extern PaMessageVerdict protaddr_json_check(const char *json, size_t len, size_t *at);

/* protaddr_json_begin starts a walk at an object or array; over another value there is none. */
extern void protaddr_json_begin(PaMembers *members, const char *json, size_t value);
extern bool protaddr_json_next(PaMembers *members, PaMember *member);

/*
 * protaddr_json_decode writes the text of the string at value as it is meant, and
 * returns its length; SIZE_MAX if it does not fit.
 */
extern size_t protaddr_json_decode(const char *json, size_t value, char *out, size_t outsize);

/*
 * protaddr_json_name writes a member's name plainly: without a prefix (ns:), blanks,
 * dots, hyphens and the signs of XML converters (@ $ # _), in small letters of plain
 * width; of a long one the end.  protaddr_json_whole_name writes all of it, with the
 * prefix, and returns its length; SIZE_MAX for one that is too long.
 */
extern size_t protaddr_json_whole_name(const char *json, size_t start,
									   char out[PA_JSON_LONGEST_NAME]);
extern void protaddr_json_name(const char *json, size_t start, char out[PA_JSON_NAME]);

/* A list of names ends with NULL. */
extern bool protaddr_json_is_name(const char *name, const char *const *names);
extern int	protaddr_json_ends_with(const char *name, const char *end);

/* What stands in a value. */
extern size_t protaddr_json_unwrap(const char *json, size_t value);
extern bool protaddr_json_is_empty(const char *json, size_t value);
extern size_t protaddr_json_text_value(const char *json, size_t value);
extern PaText protaddr_json_plain_text(const char *json, size_t value, bool *escaped);

#endif							/* PROTADDR_JSON_SCAN_H */
