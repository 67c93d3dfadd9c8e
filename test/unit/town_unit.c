/*
 * town_unit.c
 *		Which texts may stay in a message as a town?
 *
 * Prints TAP.
 */
#include "text/text.h"

#include <stdio.h>
#include <string.h>

static int	tests = 0;
static int	failures = 0;

static void
ok(bool good, const char *name)
{
	tests++;
	if (!good)
		failures++;
	printf("%sok %d - %s\n", good ? "" : "not ", tests, name);
}

static const char *const towns[] = {
	"By", "A", "\xc3\x85", "Testby N", "Testby-p\xc3\xa5-Mosen", "St. Testby", "L'Essai", "L\xe2\x80\x99" "Essai",
	"Testby (Prove)", "\xce\x94\xce\xbf\xce\xba\xce\xb9\xce\xbc\xce\xae", "\xe8\xa9\xa6\xe5\xb8\x82", "\xf0\xa0\x80\x80",
	"\xd0\x9f\xd1\x80\xd0\xbe\xd0\xb1\xd0\xb0", "\xef\xbc\xa1"
};

#define NO(name, text) {name, text, sizeof(text) - 1}

static const struct
{
	const char *name;
	const char *text;
	size_t		len;
}			others[] = {
	NO("nothing", ""),
	NO("a blank", " "),
	NO("signs", "-.'()"),
	NO("signs of Unicode", "\xe2\x80\x93\xc3\x97\xe3\x80\x80"),
	NO("an accent alone", "\xcc\x81"),
	NO("digits", "8000"),
	NO("a digit before", "2 Vej"),
	NO("a digit behind", "Vej 2"),
	NO("private use", "Vej \xf3\xb0\x80\x80"),
	NO("a tag", "Vej\xf3\xa0\x81\xa1"),
	NO("a raised digit", "Vej \xc2\xb2"),
	NO("a fraction", "Vej \xc2\xbd"),
	NO("a lowered digit", "Vej \xe2\x82\x82"),
	NO("a Roman number", "Vej \xe2\x85\xa7"),
	NO("a digit in a circle", "Vej \xe2\x91\xa0"),
	NO("an Arabic digit", "Vej \xd9\xa2"),
	NO("a Persian digit", "Vej \xdb\xb2"),
	NO("a digit of Devanagari", "Vej \xe0\xa5\xa8"),
	NO("a Thai digit", "Vej \xe0\xb9\x92"),
	NO("a wide digit", "Vej \xef\xbc\x92"),
	NO("the first wide digit", "Vej \xef\xbc\x90"),
	NO("the last wide digit", "Vej \xef\xbc\x99"),
	NO("a mathematical digit", "Vej \xf0\x9d\x9f\xa7"),
	NO("a picture", "Vej \xf0\x9f\x84\x82"),
	NO("a comma", "Vej, By"),
	NO("a semicolon", "Vej; By"),
	NO("a slash", "Vej/By"),
	NO("a wide comma", "Vej\xef\xbc\x8c" "By"),
	NO("a wide slash", "Vej\xef\xbc\x8f" "By"),
	NO("a wide semicolon", "Vej\xef\xbc\x9b" "By"),
	NO("an Arabic comma", "Vej\xd8\x8c" "By"),
	NO("an ideographic comma", "Vej\xe3\x80\x81" "By"),
	NO("a fraction slash", "Vej\xe2\x81\x84" "By"),
	NO("a line end", "Vej\nBy"),
	NO("a tab", "Vej\tBy"),
	NO("NUL", "Vej\0By"),
	NO("a line separator", "Vej\xe2\x80\xa8" "By"),
	NO("a blank that shows as nothing", "Vej\xe2\x80\x8b" "By"),
	NO("no UTF-8", "Vej\xf8"),
	NO("our mask", "[address withheld]"),
};

int
main(void)
{
	char		text[600];

	for (size_t i = 0; i < sizeof(towns) / sizeof(towns[0]); i++)
		ok(protaddr_is_town(towns[i], strlen(towns[i])), towns[i]);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		ok(!protaddr_is_town(others[i].text, others[i].len), others[i].name);

	for (size_t i = 0; i < sizeof(text); i += 2)
		memcpy(text + i, "\xc3\xb8", 2);
	ok(protaddr_is_town(text, 280), "140 characters");
	ok(!protaddr_is_town(text, 282), "and one more");

	printf("1..%d\n", tests);
	return failures != 0;
}
