/*
 * blank.c
 *		Does a text that somebody must give say anything?
 */
#include "postgres.h"

#include "base/base.h"
#include "text/text.h"

#include "mb/pg_wchar.h"

/*
 * protaddr_is_blank tells whether a text in the database's encoding has no visible
 * character.  In a database without an encoding its bytes may be anything: those that
 * are no UTF-8 are not blank.
 */
bool
protaddr_is_blank(const char *word)
{
	const char *utf8 = pg_server_to_any(word, strlen(word), PG_UTF8);

	return protaddr_shows_nothing(utf8, strlen(utf8));
}
