/*
 * country.c
 *		Is this a country of ISO 3166-1?
 *
 * The 249 officially assigned alpha-2 codes, and XK for Kosovo, which is user
 * assigned in ISO 3166-1 but stands in IBANs and in SEPA payments.
 */
#include "address/address.h"

/* One bit for each second letter. */
#define BIT(letter)	(UINT32_C(1) << ((letter) - 'A'))

static const uint32_t second_letters[26] = {
	['A' - 'A'] =
	BIT('D') | BIT('E') | BIT('F') | BIT('G') | BIT('I') | BIT('L') |
	BIT('M') | BIT('O') | BIT('Q') | BIT('R') | BIT('S') | BIT('T') |
	BIT('U') | BIT('W') | BIT('X') | BIT('Z'),
	['B' - 'A'] =
	BIT('A') | BIT('B') | BIT('D') | BIT('E') | BIT('F') | BIT('G') |
	BIT('H') | BIT('I') | BIT('J') | BIT('L') | BIT('M') | BIT('N') |
	BIT('O') | BIT('Q') | BIT('R') | BIT('S') | BIT('T') | BIT('V') |
	BIT('W') | BIT('Y') | BIT('Z'),
	['C' - 'A'] =
	BIT('A') | BIT('C') | BIT('D') | BIT('F') | BIT('G') | BIT('H') |
	BIT('I') | BIT('K') | BIT('L') | BIT('M') | BIT('N') | BIT('O') |
	BIT('R') | BIT('U') | BIT('V') | BIT('W') | BIT('X') | BIT('Y') |
	BIT('Z'),
	['D' - 'A'] =
	BIT('E') | BIT('J') | BIT('K') | BIT('M') | BIT('O') | BIT('Z'),
	['E' - 'A'] =
	BIT('C') | BIT('E') | BIT('G') | BIT('H') | BIT('R') | BIT('S') |
	BIT('T'),
	['F' - 'A'] =
	BIT('I') | BIT('J') | BIT('K') | BIT('M') | BIT('O') | BIT('R'),
	['G' - 'A'] =
	BIT('A') | BIT('B') | BIT('D') | BIT('E') | BIT('F') | BIT('G') |
	BIT('H') | BIT('I') | BIT('L') | BIT('M') | BIT('N') | BIT('P') |
	BIT('Q') | BIT('R') | BIT('S') | BIT('T') | BIT('U') | BIT('W') |
	BIT('Y'),
	['H' - 'A'] =
	BIT('K') | BIT('M') | BIT('N') | BIT('R') | BIT('T') | BIT('U'),
	['I' - 'A'] =
	BIT('D') | BIT('E') | BIT('L') | BIT('M') | BIT('N') | BIT('O') |
	BIT('Q') | BIT('R') | BIT('S') | BIT('T'),
	['J' - 'A'] =
	BIT('E') | BIT('M') | BIT('O') | BIT('P'),
	['K' - 'A'] =
	BIT('E') | BIT('G') | BIT('H') | BIT('I') | BIT('M') | BIT('N') |
	BIT('P') | BIT('R') | BIT('W') | BIT('Y') | BIT('Z'),
	['L' - 'A'] =
	BIT('A') | BIT('B') | BIT('C') | BIT('I') | BIT('K') | BIT('R') |
	BIT('S') | BIT('T') | BIT('U') | BIT('V') | BIT('Y'),
	['M' - 'A'] =
	BIT('A') | BIT('C') | BIT('D') | BIT('E') | BIT('F') | BIT('G') |
	BIT('H') | BIT('K') | BIT('L') | BIT('M') | BIT('N') | BIT('O') |
	BIT('P') | BIT('Q') | BIT('R') | BIT('S') | BIT('T') | BIT('U') |
	BIT('V') | BIT('W') | BIT('X') | BIT('Y') | BIT('Z'),
	['N' - 'A'] =
	BIT('A') | BIT('C') | BIT('E') | BIT('F') | BIT('G') | BIT('I') |
	BIT('L') | BIT('O') | BIT('P') | BIT('R') | BIT('U') | BIT('Z'),
	['O' - 'A'] =
	BIT('M'),
	['P' - 'A'] =
	BIT('A') | BIT('E') | BIT('F') | BIT('G') | BIT('H') | BIT('K') |
	BIT('L') | BIT('M') | BIT('N') | BIT('R') | BIT('S') | BIT('T') |
	BIT('W') | BIT('Y'),
	['Q' - 'A'] =
	BIT('A'),
	['R' - 'A'] =
	BIT('E') | BIT('O') | BIT('S') | BIT('U') | BIT('W'),
	['S' - 'A'] =
	BIT('A') | BIT('B') | BIT('C') | BIT('D') | BIT('E') | BIT('G') |
	BIT('H') | BIT('I') | BIT('J') | BIT('K') | BIT('L') | BIT('M') |
	BIT('N') | BIT('O') | BIT('R') | BIT('S') | BIT('T') | BIT('V') |
	BIT('X') | BIT('Y') | BIT('Z'),
	['T' - 'A'] =
	BIT('C') | BIT('D') | BIT('F') | BIT('G') | BIT('H') | BIT('J') |
	BIT('K') | BIT('L') | BIT('M') | BIT('N') | BIT('O') | BIT('R') |
	BIT('T') | BIT('V') | BIT('W') | BIT('Z'),
	['U' - 'A'] =
	BIT('A') | BIT('G') | BIT('M') | BIT('S') | BIT('Y') | BIT('Z'),
	['V' - 'A'] =
	BIT('A') | BIT('C') | BIT('E') | BIT('G') | BIT('I') | BIT('N') |
	BIT('U'),
	['W' - 'A'] =
	BIT('F') | BIT('S'),
	['X' - 'A'] =
	BIT('K'),
	['Y' - 'A'] =
	BIT('E') | BIT('T'),
	['Z' - 'A'] =
	BIT('A') | BIT('M') | BIT('W')
};

#undef BIT

/*
 * protaddr_country_known
 *		True for a known alpha-2 code in upper case.
 */
bool
protaddr_country_known(const char *code, size_t len)
{
	if (len != 2 ||
		code[0] < 'A' || code[0] > 'Z' ||
		code[1] < 'A' || code[1] > 'Z')
		return false;
	return (second_letters[code[0] - 'A'] >> (code[1] - 'A') & 1) != 0;
}
