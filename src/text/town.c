/*
 * town.c
 *		May this text stay in a message as the town of somebody protected?
 *
 * The town is read from an address that goes, and nobody but its sender knows what he
 * wrote there.  A number could be that of a house, and a comma, semicolon or slash
 * could part the street from the town, so none of them may be in it, of whatever
 * script; a letter must be.  A street alone without a number cannot be told from a town.
 */
#include "address/address.h"
#include "text/text.h"

/* Numbers that are no decimal digits (No, Nl, up to U+FFFF). */
static const PaRange numbers[] = {
	{0xBC, 0xBE},				/* a quarter, a half */
	{0x9F4, 0x9F9}, {0xB72, 0xB77}, {0xBF0, 0xBF2}, {0xC78, 0xC7E}, {0xD58, 0xD5E}, {0xD70, 0xD78},
	{0xF2A, 0xF33},				/* fractions and tens of Indian scripts, Tibetan */
	{0x1369, 0x137C}, {0x16EE, 0x16F0}, {0x17F0, 0x17F9}, {0x19DA, 0x19DA}, /* Ethiopic, Runic,
																			 * Khmer, New Tai Lue */
	{0x2150, 0x2182}, {0x2185, 0x2189}, /* fractions, Roman */
	{0x2460, 0x249B}, {0x24EA, 0x24FF}, {0x2776, 0x2793},	/* in circles and brackets */
	{0x2CFD, 0x2CFD},			/* Coptic */
	{0x3007, 0x3007}, {0x3021, 0x3029}, {0x3038, 0x303A}, {0x3192, 0x3195}, /* Chinese, Hangzhou */
	{0x3220, 0x3229}, {0x3248, 0x324F}, {0x3251, 0x325F}, {0x3280, 0x3289}, {0x32B1, 0x32BF},	/* the same in brackets */
	{0xA6E6, 0xA6EF}, {0xA830, 0xA835}	/* Bamum, North Indian */
};

/* Comma, semicolon and slash, and their likes of other scripts and widths. */
static const PaRange partings[] = {
	{0x2C, 0x2C}, {0x2F, 0x2F}, {0x3B, 0x3B},
	{0x37E, 0x37E}, {0x55D, 0x55D}, {0x60C, 0x60C}, {0x61B, 0x61B}, {0x7F8, 0x7F8}, /* Greek, Armenian,
																					 * Arabic, N'Ko */
	{0x1363, 0x1364}, {0x1802, 0x1802}, {0x1808, 0x1808},	/* Ethiopic, Mongolian */
	{0x2044, 0x2044}, {0x204F, 0x204F}, {0x2215, 0x2215}, {0x29F8, 0x29F8}, /* fraction, reversed,
																			 * division, big */
	{0x2E32, 0x2E35}, {0x2E41, 0x2E41}, {0x3001, 0x3001},	/* turned, reversed, Chinese */
	{0xA4FE, 0xA4FE}, {0xA60D, 0xA60D}, {0xA6F5, 0xA6F6},	/* Lisu, Vai, Bamum */
	{0xFE10, 0xFE11}, {0xFE14, 0xFE14}, {0xFE50, 0xFE51}, {0xFE54, 0xFE54}, /* upright, small */
	{0xFF0C, 0xFF0C}, {0xFF0F, 0xFF0F}, {0xFF1B, 0xFF1B}, {0xFF64, 0xFF64}	/* wide, half as wide */
};

/* What is no letter from U+00C0 to U+FFFF: signs, accents alone, private use. */
static const PaRange signs[] = {
	{0xD7, 0xD7}, {0xF7, 0xF7}, /* times, divided by */
	{0x2B0, 0x36F},				/* marks of letters, and accents alone */
	{0x2000, 0x2BFF}, {0x2E00, 0x3004}, {0x3008, 0x3020}, {0x3030, 0x3030}, /* punctuation, signs,
																			 * parts of ideographs */
	{0xE000, 0xF8FF},			/* private use */
	{0xFE10, 0xFE6F}, {0xFF00, 0xFF20}, {0xFF3B, 0xFF40}, {0xFF5B, 0xFF65}, {0xFFE0, 0xFFFF}	/* upright, small, wide */
};

/*
 * protaddr_is_town
 *		True for a text that may pass as a town.
 */
bool
protaddr_is_town(const char *text, size_t len)
{
	bool		letter = false;

	/* not empty, UTF-8, 140 characters, no control character, not our mask */
	if (protaddr_check_element(PA_TWNNM, text, len) != PA_TEXT_OK)
		return false;
	for (size_t at = 0; at < len;)
	{
		uint32_t	c;

		at += protaddr_read_character(text + at, len - at, &c);
		/* there are rare ideographs beyond, and many kinds of digits */
		if (c > 0xFFFF && (c < 0x20000 || c > 0x3FFFF))
			return false;
		if (protaddr_digit_of(c) >= 0 || PROTADDR_IS_IN(c, numbers) || PROTADDR_IS_IN(c, partings))
			return false;
		letter |= c < 0x80 ? protaddr_is_letter((char) c) : c >= 0xC0 && !PROTADDR_IS_IN(c, signs);
	}
	return letter;
}
