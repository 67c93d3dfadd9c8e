/*
 * format.c
 *		How is an address written on one line, in its own country's order?
 *
 * Every element's text stands in the line as it was given, except AdrTp and
 * Ctry: the country decides the order and is not written.  What is absent
 * leaves no comma and no blank behind.
 *
 *		c/o, Dept, SubDept, BldgNm, street, AdrLine, TwnLctnNm, town
 *
 * is the order everywhere.  Countries differ in how the street is put together
 * from StrtNm, BldgNb, Flr, UnitNb and Room, and the town from PstCd, TwnNm,
 * DstrctNm and CtrySubDvsn; those differences are the table below.
 *
 * A floor, flat or box given as a bare number gets the country's word ("2" in
 * Norway: "2. etg."), because a number alone between commas would tell the
 * reader nothing.  One that is already worded is left alone.
 */
#include <string.h>

#include "address/address.h"
#include "text/text.h"

/*
 * Why a line never overflows: pieces of a decoded address hold at most 4 bytes
 * for each of the 1,299 characters of its elements and the 490 of its lines,
 * and each of the 27 pieces brings at most one separator (3 bytes) and one
 * word of the table on either side.  MAX_WORD bounds the words.  append()
 * checks nevertheless: address.h does not say that an address was decoded.
 */
#define MAX_WORD	20

_Static_assert(4 * (1299 + PA_MAX_LINES * PA_ADRLINE_CHARS) +
			   (PA_NELEMENTS + PA_MAX_LINES) * (3 + 2 * MAX_WORD) <= PA_LINE_SIZE,
			   "PA_LINE_SIZE does not hold every address");

/* Where floor and flat stand. */
typedef enum PaUnitPlace
{
	UNIT_AFTER = 0,				/* Storgata 5, 2. etg., H0201 */
	UNIT_DOOR,					/* Vestergade 12, 2. th: one phrase of floor and door */
	UNIT_JOINED,				/* Keizersgracht 12-3: the flat belongs to the number */
	UNIT_BEFORE,				/* Flat 3, Rose House, 12 High Street */
	UNIT_SLASH					/* 3/12 High Street, else as UNIT_BEFORE */
} PaUnitPlace;

typedef struct PaLayout
{
	bool		number_first;	/* 12 High Street */
	bool		code_last;		/* London SW1A 1AA */
	bool		dotted_floor;	/* st. and kl. as well as 2. */
	PaUnitPlace unit_place;
	PaText		number_sep;		/* between street and number */
	PaText		region_sep;		/* before CtrySubDvsn */
	PaText		code_sep;		/* before PstCd, if it comes last */
	PaText		before_floor;	/* words around a bare floor number */
	PaText		after_floor;
	PaText		before_unit;	/* word before a bare UnitNb */
	PaText		before_room;	/* word before a bare Room */
	PaText		before_box;		/* word before a bare PstBx */
} PaLayout;

#define T(literal)	{literal, sizeof(literal) - 1}

typedef enum PaLayoutNumber
{
	LAYOUT_DEFAULT = 0,
	LAYOUT_DENMARK,
	LAYOUT_NORWAY,
	LAYOUT_SWEDEN,
	LAYOUT_FINLAND,
	LAYOUT_ICELAND,
	LAYOUT_GERMANY,
	LAYOUT_AUSTRIA,
	LAYOUT_SWITZERLAND,
	LAYOUT_NETHERLANDS,
	LAYOUT_BELGIUM,
	LAYOUT_LUXEMBOURG,
	LAYOUT_FRANCE,
	LAYOUT_MAGHREB,
	LAYOUT_SPAIN,
	LAYOUT_PORTUGAL,
	LAYOUT_ITALY,
	LAYOUT_POLAND,
	LAYOUT_CZECHIA,
	LAYOUT_SLOVAKIA,
	LAYOUT_ESTONIA,
	LAYOUT_LATVIA,
	LAYOUT_RUSSIA,
	LAYOUT_BRITAIN,
	LAYOUT_IRELAND,
	LAYOUT_USA,
	LAYOUT_CANADA,
	LAYOUT_AUSTRALIA,
	LAYOUT_INDIA,
	LAYOUT_EAST_ASIA,
	LAYOUT_MALAYSIA,
	LAYOUT_PHILIPPINES,
	LAYOUT_INDONESIA,
	LAYOUT_BRAZIL,
	LAYOUT_MEXICO,
	LAYOUT_NLAYOUTS
} PaLayoutNumber;

static const PaLayout layouts[LAYOUT_NLAYOUTS] = {
	/* street number, postcode town: most of the world, and any unknown country */
	[LAYOUT_DEFAULT] = {
		.number_sep = T(" "), .region_sep = T(", "),
		.before_floor = T("Floor "), .before_unit = T("Unit "),
		.before_room = T("Room "), .before_box = T("PO Box ")
	},

	/* the official adressebetegnelse: Vestergade 12, 2. th, 8000 Aarhus C */
	[LAYOUT_DENMARK] = {
		.unit_place = UNIT_DOOR, .dotted_floor = true,
		.number_sep = T(" "), .region_sep = T(", "),
		.after_floor = T("."), .before_box = T("Postboks ")
	},
	[LAYOUT_NORWAY] = {
		.number_sep = T(" "), .region_sep = T(", "),
		.after_floor = T(". etg."), .before_unit = T("leil. "),
		.before_room = T("rom "), .before_box = T("Postboks ")
	},
	[LAYOUT_SWEDEN] = {
		.unit_place = UNIT_JOINED,
		.number_sep = T(" "), .region_sep = T(", "),
		.after_floor = T(" tr"), .before_unit = T(" lgh "),
		.before_room = T("rum "), .before_box = T("Box ")
	},
	[LAYOUT_FINLAND] = {
		.unit_place = UNIT_JOINED,
		.number_sep = T(" "), .region_sep = T(", "),
		.after_floor = T(". krs"), .before_unit = T(" "),
		.before_room = T("huone "), .before_box = T("PL ")
	},
	[LAYOUT_ICELAND] = {
		.number_sep = T(" "), .region_sep = T(", "),
		.after_floor = T(". hæð"), .before_unit = T("íbúð "),
		.before_room = T("herbergi "), .before_box = T("Pósthólf ")
	},
	[LAYOUT_GERMANY] = {
		.number_sep = T(" "), .region_sep = T(", "),
		.after_floor = T(". OG"), .before_unit = T("Whg. "),
		.before_room = T("Zimmer "), .before_box = T("Postfach ")
	},
	[LAYOUT_AUSTRIA] = {
		.unit_place = UNIT_JOINED,
		.number_sep = T(" "), .region_sep = T(", "),
		.after_floor = T(". Stock"), .before_unit = T("/"),
		.before_room = T("Zimmer "), .before_box = T("Postfach ")
	},

	/* countries of several languages get words that are read in each */
	[LAYOUT_SWITZERLAND] = {
		.number_sep = T(" "), .region_sep = T(", "),
		.before_floor = T("Etage "), .before_unit = T("App. "),
		.before_room = T("App. "), .before_box = T("Postfach ")
	},
	[LAYOUT_NETHERLANDS] = {
		.unit_place = UNIT_JOINED,
		.number_sep = T(" "), .region_sep = T(", "),
		.after_floor = T("e verdieping"), .before_unit = T("-"),
		.before_room = T("kamer "), .before_box = T("Postbus ")
	},
	[LAYOUT_BELGIUM] = {
		.unit_place = UNIT_JOINED,
		.number_sep = T(" "), .region_sep = T(", "),
		.before_floor = T("Et. "), .before_unit = T(" b "),
		.before_room = T("App. "), .before_box = T("PB ")
	},
	[LAYOUT_LUXEMBOURG] = {
		.number_first = true,
		.number_sep = T(", "), .region_sep = T(", "),
		.before_floor = T("Étage "), .before_unit = T("App. "),
		.before_room = T("Chambre "), .before_box = T("BP ")
	},

	/* La Poste goes from the smallest to the largest: flat, floor, building, street */
	[LAYOUT_FRANCE] = {
		.number_first = true, .unit_place = UNIT_BEFORE,
		.number_sep = T(" "), .region_sep = T(", "),
		.before_floor = T("Étage "), .before_unit = T("Appt "),
		.before_room = T("Chambre "), .before_box = T("BP ")
	},
	[LAYOUT_MAGHREB] = {
		.number_first = true, .unit_place = UNIT_BEFORE,
		.number_sep = T(", "), .region_sep = T(", "),
		.before_floor = T("Étage "), .before_unit = T("Appt "),
		.before_room = T("Chambre "), .before_box = T("BP ")
	},
	[LAYOUT_SPAIN] = {
		.unit_place = UNIT_DOOR,
		.number_sep = T(", "), .region_sep = T(", "),
		.after_floor = T("º"), .before_box = T("Apartado ")
	},
	[LAYOUT_PORTUGAL] = {
		.unit_place = UNIT_DOOR,
		.number_sep = T(" "), .region_sep = T(", "),
		.after_floor = T("º"), .before_box = T("Apartado ")
	},

	/* the two letters of the province follow the town: 20121 Milano MI */
	[LAYOUT_ITALY] = {
		.number_sep = T(" "), .region_sep = T(" "),
		.before_floor = T("piano "), .before_unit = T("int. "),
		.before_room = T("stanza "), .before_box = T("Casella Postale ")
	},
	[LAYOUT_POLAND] = {
		.unit_place = UNIT_JOINED,
		.number_sep = T(" "), .region_sep = T(", "),
		.before_floor = T("piętro "), .before_unit = T("/"),
		.before_room = T("pokój "), .before_box = T("skr. poczt. ")
	},
	[LAYOUT_CZECHIA] = {
		.number_sep = T(" "), .region_sep = T(", "),
		.after_floor = T(". patro"), .before_unit = T("byt "),
		.before_room = T("pokoj "), .before_box = T("P.O. Box ")
	},
	[LAYOUT_SLOVAKIA] = {
		.number_sep = T(" "), .region_sep = T(", "),
		.after_floor = T(". poschodie"), .before_unit = T("byt "),
		.before_room = T("izba "), .before_box = T("P.O. Box ")
	},

	/* Estonia and Lithuania: Pärnu mnt 5-12 */
	[LAYOUT_ESTONIA] = {
		.unit_place = UNIT_JOINED,
		.number_sep = T(" "), .region_sep = T(", "),
		.before_floor = T("Floor "), .before_unit = T("-"),
		.before_room = T("Room "), .before_box = T("PO Box ")
	},
	[LAYOUT_LATVIA] = {
		.unit_place = UNIT_JOINED, .code_last = true,
		.number_sep = T(" "), .region_sep = T(", "), .code_sep = T(", "),
		.before_floor = T("Floor "), .before_unit = T("-"),
		.before_room = T("Room "), .before_box = T("PO Box ")
	},

	/* Russia and Ukraine: Lesnaya ul., 5, kv. 12, Moskva, 125075 */
	[LAYOUT_RUSSIA] = {
		.code_last = true,
		.number_sep = T(", "), .region_sep = T(", "), .code_sep = T(", "),
		.before_floor = T("et. "), .before_unit = T("kv. "),
		.before_room = T("komn. "), .before_box = T("a/ya ")
	},
	[LAYOUT_BRITAIN] = {
		.number_first = true, .code_last = true, .unit_place = UNIT_BEFORE,
		.number_sep = T(" "), .region_sep = T(", "), .code_sep = T(" "),
		.before_floor = T("Floor "), .before_unit = T("Flat "),
		.before_room = T("Room "), .before_box = T("PO Box ")
	},
	[LAYOUT_IRELAND] = {
		.number_first = true, .code_last = true, .unit_place = UNIT_BEFORE,
		.number_sep = T(" "), .region_sep = T(", "), .code_sep = T(", "),
		.before_floor = T("Floor "), .before_unit = T("Apartment "),
		.before_room = T("Room "), .before_box = T("PO Box ")
	},
	[LAYOUT_USA] = {
		.number_first = true, .code_last = true,
		.number_sep = T(" "), .region_sep = T(", "), .code_sep = T(" "),
		.before_floor = T("Floor "), .before_unit = T("Unit "),
		.before_room = T("Room "), .before_box = T("PO Box ")
	},
	[LAYOUT_CANADA] = {
		.number_first = true, .code_last = true,
		.number_sep = T(" "), .region_sep = T(" "), .code_sep = T(" "),
		.before_floor = T("Floor "), .before_unit = T("Unit "),
		.before_room = T("Room "), .before_box = T("PO Box ")
	},

	/* Australia and New Zealand: 3/12 High Street, Perth WA 6000 */
	[LAYOUT_AUSTRALIA] = {
		.number_first = true, .code_last = true, .unit_place = UNIT_SLASH,
		.number_sep = T(" "), .region_sep = T(" "), .code_sep = T(" "),
		.before_floor = T("Level "), .before_unit = T("Unit "),
		.before_room = T("Room "), .before_box = T("PO Box ")
	},
	[LAYOUT_INDIA] = {
		.number_first = true, .code_last = true, .unit_place = UNIT_BEFORE,
		.number_sep = T(" "), .region_sep = T(", "), .code_sep = T(" "),
		.before_floor = T("Floor "), .before_unit = T("Flat "),
		.before_room = T("Room "), .before_box = T("PO Box ")
	},

	/* in Latin letters: 5 Nanjing Road, Unit 3, Shanghai 200001 */
	[LAYOUT_EAST_ASIA] = {
		.number_first = true, .code_last = true,
		.number_sep = T(" "), .region_sep = T(", "), .code_sep = T(" "),
		.before_floor = T("Floor "), .before_unit = T("Unit "),
		.before_room = T("Room "), .before_box = T("PO Box ")
	},
	[LAYOUT_MALAYSIA] = {
		.number_first = true, .unit_place = UNIT_BEFORE,
		.number_sep = T(", "), .region_sep = T(", "),
		.before_floor = T("Floor "), .before_unit = T("Unit "),
		.before_room = T("Room "), .before_box = T("PO Box ")
	},
	[LAYOUT_PHILIPPINES] = {
		.number_first = true, .unit_place = UNIT_BEFORE,
		.number_sep = T(" "), .region_sep = T(", "),
		.before_floor = T("Floor "), .before_unit = T("Unit "),
		.before_room = T("Room "), .before_box = T("PO Box ")
	},

	/* the street before its number, the postcode after the town */
	[LAYOUT_INDONESIA] = {
		.code_last = true,
		.number_sep = T(" "), .region_sep = T(", "), .code_sep = T(" "),
		.before_floor = T("Floor "), .before_unit = T("Unit "),
		.before_room = T("Room "), .before_box = T("PO Box ")
	},
	[LAYOUT_BRAZIL] = {
		.code_last = true,
		.number_sep = T(", "), .region_sep = T(" - "), .code_sep = T(", "),
		.before_floor = T("andar "), .before_unit = T("apto. "),
		.before_room = T("sala "), .before_box = T("Caixa Postal ")
	},
	[LAYOUT_MEXICO] = {
		.number_sep = T(" "), .region_sep = T(", "),
		.before_floor = T("Piso "), .before_unit = T("Int. "),
		.before_room = T("Cuarto "), .before_box = T("Apartado Postal ")
	}
};

/* Two letters of a country as an index. */
#define COUNTRY(first, second)	(((first) - 'A') * 26 + ((second) - 'A'))

static const uint8_t layout_of[26 * 26] = {
	[COUNTRY('D', 'K')] = LAYOUT_DENMARK,
	[COUNTRY('F', 'O')] = LAYOUT_DENMARK,
	[COUNTRY('G', 'L')] = LAYOUT_DENMARK,
	[COUNTRY('N', 'O')] = LAYOUT_NORWAY,
	[COUNTRY('S', 'J')] = LAYOUT_NORWAY,
	[COUNTRY('B', 'V')] = LAYOUT_NORWAY,
	[COUNTRY('S', 'E')] = LAYOUT_SWEDEN,
	[COUNTRY('F', 'I')] = LAYOUT_FINLAND,
	[COUNTRY('A', 'X')] = LAYOUT_FINLAND,
	[COUNTRY('I', 'S')] = LAYOUT_ICELAND,
	[COUNTRY('D', 'E')] = LAYOUT_GERMANY,
	[COUNTRY('A', 'T')] = LAYOUT_AUSTRIA,
	[COUNTRY('C', 'H')] = LAYOUT_SWITZERLAND,
	[COUNTRY('L', 'I')] = LAYOUT_SWITZERLAND,
	[COUNTRY('N', 'L')] = LAYOUT_NETHERLANDS,
	[COUNTRY('B', 'E')] = LAYOUT_BELGIUM,
	[COUNTRY('L', 'U')] = LAYOUT_LUXEMBOURG,

	[COUNTRY('F', 'R')] = LAYOUT_FRANCE,
	[COUNTRY('B', 'L')] = LAYOUT_FRANCE,
	[COUNTRY('G', 'F')] = LAYOUT_FRANCE,
	[COUNTRY('G', 'P')] = LAYOUT_FRANCE,
	[COUNTRY('M', 'C')] = LAYOUT_FRANCE,
	[COUNTRY('M', 'F')] = LAYOUT_FRANCE,
	[COUNTRY('M', 'Q')] = LAYOUT_FRANCE,
	[COUNTRY('N', 'C')] = LAYOUT_FRANCE,
	[COUNTRY('P', 'F')] = LAYOUT_FRANCE,
	[COUNTRY('P', 'M')] = LAYOUT_FRANCE,
	[COUNTRY('R', 'E')] = LAYOUT_FRANCE,
	[COUNTRY('T', 'F')] = LAYOUT_FRANCE,
	[COUNTRY('W', 'F')] = LAYOUT_FRANCE,
	[COUNTRY('Y', 'T')] = LAYOUT_FRANCE,
	[COUNTRY('D', 'Z')] = LAYOUT_MAGHREB,
	[COUNTRY('M', 'A')] = LAYOUT_MAGHREB,
	[COUNTRY('T', 'N')] = LAYOUT_MAGHREB,

	[COUNTRY('A', 'D')] = LAYOUT_SPAIN,
	[COUNTRY('E', 'S')] = LAYOUT_SPAIN,
	[COUNTRY('P', 'T')] = LAYOUT_PORTUGAL,
	[COUNTRY('I', 'T')] = LAYOUT_ITALY,
	[COUNTRY('S', 'M')] = LAYOUT_ITALY,
	[COUNTRY('V', 'A')] = LAYOUT_ITALY,
	[COUNTRY('P', 'L')] = LAYOUT_POLAND,
	[COUNTRY('C', 'Z')] = LAYOUT_CZECHIA,
	[COUNTRY('S', 'K')] = LAYOUT_SLOVAKIA,
	[COUNTRY('E', 'E')] = LAYOUT_ESTONIA,
	[COUNTRY('L', 'T')] = LAYOUT_ESTONIA,
	[COUNTRY('L', 'V')] = LAYOUT_LATVIA,
	[COUNTRY('R', 'U')] = LAYOUT_RUSSIA,
	[COUNTRY('U', 'A')] = LAYOUT_RUSSIA,

	[COUNTRY('G', 'B')] = LAYOUT_BRITAIN,
	[COUNTRY('A', 'I')] = LAYOUT_BRITAIN,
	[COUNTRY('B', 'M')] = LAYOUT_BRITAIN,
	[COUNTRY('F', 'K')] = LAYOUT_BRITAIN,
	[COUNTRY('G', 'G')] = LAYOUT_BRITAIN,
	[COUNTRY('G', 'I')] = LAYOUT_BRITAIN,
	[COUNTRY('G', 'S')] = LAYOUT_BRITAIN,
	[COUNTRY('I', 'M')] = LAYOUT_BRITAIN,
	[COUNTRY('I', 'O')] = LAYOUT_BRITAIN,
	[COUNTRY('J', 'E')] = LAYOUT_BRITAIN,
	[COUNTRY('K', 'Y')] = LAYOUT_BRITAIN,
	[COUNTRY('M', 'S')] = LAYOUT_BRITAIN,
	[COUNTRY('M', 'T')] = LAYOUT_BRITAIN,
	[COUNTRY('P', 'N')] = LAYOUT_BRITAIN,
	[COUNTRY('S', 'H')] = LAYOUT_BRITAIN,
	[COUNTRY('T', 'C')] = LAYOUT_BRITAIN,
	[COUNTRY('V', 'G')] = LAYOUT_BRITAIN,
	[COUNTRY('Z', 'A')] = LAYOUT_BRITAIN,
	[COUNTRY('I', 'E')] = LAYOUT_IRELAND,

	[COUNTRY('U', 'S')] = LAYOUT_USA,
	[COUNTRY('A', 'S')] = LAYOUT_USA,
	[COUNTRY('G', 'U')] = LAYOUT_USA,
	[COUNTRY('M', 'P')] = LAYOUT_USA,
	[COUNTRY('P', 'R')] = LAYOUT_USA,
	[COUNTRY('U', 'M')] = LAYOUT_USA,
	[COUNTRY('V', 'I')] = LAYOUT_USA,
	[COUNTRY('C', 'A')] = LAYOUT_CANADA,
	[COUNTRY('A', 'U')] = LAYOUT_AUSTRALIA,
	[COUNTRY('C', 'C')] = LAYOUT_AUSTRALIA,
	[COUNTRY('C', 'K')] = LAYOUT_AUSTRALIA,
	[COUNTRY('C', 'X')] = LAYOUT_AUSTRALIA,
	[COUNTRY('H', 'M')] = LAYOUT_AUSTRALIA,
	[COUNTRY('N', 'F')] = LAYOUT_AUSTRALIA,
	[COUNTRY('N', 'U')] = LAYOUT_AUSTRALIA,
	[COUNTRY('N', 'Z')] = LAYOUT_AUSTRALIA,
	[COUNTRY('T', 'K')] = LAYOUT_AUSTRALIA,

	[COUNTRY('B', 'D')] = LAYOUT_INDIA,
	[COUNTRY('I', 'N')] = LAYOUT_INDIA,
	[COUNTRY('L', 'K')] = LAYOUT_INDIA,
	[COUNTRY('N', 'G')] = LAYOUT_INDIA,
	[COUNTRY('P', 'K')] = LAYOUT_INDIA,
	[COUNTRY('A', 'E')] = LAYOUT_EAST_ASIA,
	[COUNTRY('C', 'N')] = LAYOUT_EAST_ASIA,
	[COUNTRY('E', 'G')] = LAYOUT_EAST_ASIA,
	[COUNTRY('H', 'K')] = LAYOUT_EAST_ASIA,
	[COUNTRY('I', 'L')] = LAYOUT_EAST_ASIA,
	[COUNTRY('J', 'P')] = LAYOUT_EAST_ASIA,
	[COUNTRY('K', 'R')] = LAYOUT_EAST_ASIA,
	[COUNTRY('M', 'O')] = LAYOUT_EAST_ASIA,
	[COUNTRY('S', 'A')] = LAYOUT_EAST_ASIA,
	[COUNTRY('S', 'G')] = LAYOUT_EAST_ASIA,
	[COUNTRY('T', 'H')] = LAYOUT_EAST_ASIA,
	[COUNTRY('T', 'W')] = LAYOUT_EAST_ASIA,
	[COUNTRY('V', 'N')] = LAYOUT_EAST_ASIA,
	[COUNTRY('M', 'Y')] = LAYOUT_MALAYSIA,
	[COUNTRY('P', 'H')] = LAYOUT_PHILIPPINES,
	[COUNTRY('I', 'D')] = LAYOUT_INDONESIA,
	[COUNTRY('P', 'E')] = LAYOUT_INDONESIA,
	[COUNTRY('B', 'R')] = LAYOUT_BRAZIL,
	[COUNTRY('M', 'X')] = LAYOUT_MEXICO
};

/* The line being written. */
typedef struct PaLine
{
	char	   *start;
	char	   *at;
	char	   *end;
	bool		full;			/* something did not fit */
} PaLine;

/*
 * copy_text is memcpy without the call for the lengths that addresses have: first
 * and last half may overlap.
 */
static inline void
copy_text(char *to, const char *from, size_t len)
{
	if (len >= 8 && len <= 16)
	{
		uint64_t	first;
		uint64_t	last;

		memcpy(&first, from, 8);
		memcpy(&last, from + len - 8, 8);
		memcpy(to, &first, 8);
		memcpy(to + len - 8, &last, 8);
	}
	else if (len >= 4 && len < 8)
	{
		uint32_t	first;
		uint32_t	last;

		memcpy(&first, from, 4);
		memcpy(&last, from + len - 4, 4);
		memcpy(to, &first, 4);
		memcpy(to + len - 4, &last, 4);
	}
	else if (len < 4)
	{
		for (size_t i = 0; i < len; i++)
			to[i] = from[i];
	}
	else
		memcpy(to, from, len);
}

static inline void
append(PaLine *line, PaText text)
{
	if (text.len > (size_t) (line->end - line->at))
	{
		line->full = true;
		return;
	}
	copy_text(line->at, text.data, text.len);
	line->at += text.len;
}

/* Begins a new part of the line: a comma, unless it is the first. */
static inline void
begin_part(PaLine *line)
{
	if (line->at == line->start)
		return;
	if (line->end - line->at < 2)
	{
		line->full = true;
		return;
	}
	*line->at++ = ',';
	*line->at++ = ' ';
}

static inline void
append_part(PaLine *line, PaText text)
{
	if (text.len == 0)
		return;
	begin_part(line);
	append(line, text);
}

/* True for a number and nothing else: "2". */
static bool
is_number(PaText text)
{
	for (uint32_t i = 0; i < text.len; i++)
	{
		if (!protaddr_is_digit(text.data[i]))
			return false;
	}
	return text.len > 0;
}

/* True for a number, perhaps with letters, or a single letter: "12", "3B", "C". */
static bool
is_bare(PaText text)
{
	if (text.len == 0 || (text.len > 1 && !protaddr_is_digit(text.data[0])))
		return false;
	for (uint32_t i = 0; i < text.len; i++)
	{
		if (!protaddr_is_digit(text.data[i]) && !protaddr_is_letter(text.data[i]))
			return false;
	}
	return true;
}

/* True if a part begins with "c/o" already. */
static bool
has_care_of(PaText text)
{
	return text.len >= 3 &&
		(text.data[0] == 'c' || text.data[0] == 'C') &&
		text.data[1] == '/' &&
		(text.data[2] == 'o' || text.data[2] == 'O');
}

/* A part of its own, behind the country's word if it is bare. */
static void
append_worded(PaLine *line, PaText word, PaText text)
{
	if (text.len == 0)
		return;
	begin_part(line);
	if (is_bare(text))
		append(line, word);
	append(line, text);
}

/* A box number may hold blanks ("123 45"), so its first character decides. */
static void
append_box(PaLine *line, const PaLayout *layout, PaText box)
{
	if (box.len == 0)
		return;
	begin_part(line);
	if (protaddr_is_digit(box.data[0]) || is_bare(box))
		append(line, layout->before_box);
	append(line, box);
}

/*
 * Denmark writes a dot after any floor that is one word: "2.", "st.", "kl.".
 * What is longer ("2. sal") speaks for itself.
 */
static bool
takes_dot(PaText floor)
{
	return floor.data[floor.len - 1] != '.' && memchr(floor.data, ' ', floor.len) == NULL;
}

/* The floor with its words, where a part has been begun. */
static void
append_floor(PaLine *line, const PaLayout *layout, PaText floor)
{
	bool		worded = is_number(floor) || (layout->dotted_floor && takes_dot(floor));

	if (worded)
		append(line, layout->before_floor);
	append(line, floor);
	if (worded)
		append(line, layout->after_floor);
}

static void
append_floor_part(PaLine *line, const PaLayout *layout, PaText floor)
{
	if (floor.len == 0)
		return;
	begin_part(line);
	append_floor(line, layout, floor);
}

/* The floor and the door of a DOOR country: "2. th", "th", "2." */
static void
append_door(PaLine *line, const PaLayout *layout, const PaText *element)
{
	PaText		floor = element[PA_FLR];
	PaText		door = element[PA_ROOM];
	PaText		rest = element[PA_UNITNB];

	/* senders put a door into either element */
	if (door.len == 0)
	{
		door = rest;
		rest.len = 0;
	}

	append_floor_part(line, layout, floor);
	if (floor.len > 0 && door.len > 0)
	{
		append(line, (PaText) T(" "));
		append(line, door);
	}
	else
		append_part(line, door);
	append_part(line, rest);
}

/* Street, number, and the flat where it belongs to the number, as one part. */
static void
append_street(PaLine *line, const PaLayout *layout, const PaText *element)
{
	PaText		street = element[PA_STRTNM];
	PaText		number = element[PA_BLDGNB];
	PaText		unit = element[PA_UNITNB];

	if (street.len == 0 && number.len == 0)
	{
		/* nothing to join the flat to */
		if (layout->unit_place == UNIT_JOINED)
			append_part(line, unit);
		return;
	}

	begin_part(line);
	if (layout->number_first)
	{
		if (layout->unit_place == UNIT_SLASH && number.len > 0 && is_bare(unit))
		{
			append(line, unit);
			append(line, (PaText) T("/"));
		}
		append(line, number);
		if (street.len > 0 && number.len > 0)
			append(line, layout->number_sep);
		append(line, street);
	}
	else
	{
		append(line, street);
		if (street.len > 0 && number.len > 0)
			append(line, layout->number_sep);
		append(line, number);
	}
	if (layout->unit_place == UNIT_JOINED && unit.len > 0)
	{
		append(line, is_bare(unit) ? layout->before_unit : (PaText) T(" "));
		append(line, unit);
	}
}

/* Flat and floor before the building, from the smallest. */
static void
append_unit_before(PaLine *line, const PaLayout *layout, const PaText *element)
{
	append_worded(line, layout->before_room, element[PA_ROOM]);
	if (layout->unit_place != UNIT_SLASH || element[PA_BLDGNB].len == 0 ||
		!is_bare(element[PA_UNITNB]))
		append_worded(line, layout->before_unit, element[PA_UNITNB]);
	append_floor_part(line, layout, element[PA_FLR]);
}

/* Floor and flat after the street. */
static void
append_unit_after(PaLine *line, const PaLayout *layout, const PaText *element)
{
	if (layout->unit_place == UNIT_DOOR)
	{
		append_door(line, layout, element);
		return;
	}
	append_floor_part(line, layout, element[PA_FLR]);
	if (layout->unit_place == UNIT_AFTER)
		append_worded(line, layout->before_unit, element[PA_UNITNB]);
	append_worded(line, layout->before_room, element[PA_ROOM]);
}

/* Postcode, town, district and region, as the country orders them. */
static void
append_town(PaLine *line, const PaLayout *layout, const PaText *element)
{
	PaText		code = element[PA_PSTCD];
	PaText		town = element[PA_TWNNM];
	PaText		district = element[PA_DSTRCTNM];
	PaText		region = element[PA_CTRYSUBDVSN];
	bool		begun = town.len > 0 || district.len > 0;

	if (!layout->code_last && code.len > 0)
	{
		begin_part(line);
		append(line, code);
		if (town.len > 0)
		{
			append(line, (PaText) T(" "));
			append(line, town);
		}
		begun = true;
	}
	else
		append_part(line, town);

	append_part(line, district);

	if (region.len > 0)
	{
		if (begun)
		{
			append(line, layout->region_sep);
			append(line, region);
		}
		else
			append_part(line, region);
		begun = true;
	}

	if (layout->code_last && code.len > 0)
	{
		if (begun)
		{
			append(line, layout->code_sep);
			append(line, code);
		}
		else
			append_part(line, code);
	}
}

static const PaLayout *
layout_for(PaText country)
{
	unsigned int first;
	unsigned int second;

	if (country.len != 2)
		return &layouts[LAYOUT_DEFAULT];
	first = (unsigned char) country.data[0] - (unsigned int) 'A';
	second = (unsigned char) country.data[1] - (unsigned int) 'A';
	if (first >= 26 || second >= 26)
		return &layouts[LAYOUT_DEFAULT];
	return &layouts[layout_of[first * 26 + second]];
}

/*
 * protaddr_format_line
 *		Write the address as one line and return its length.
 *
 * 0 if it does not fit into PA_LINE_SIZE, which no decoded address can do: an
 * address with a piece missing would be a wrong address.
 */
size_t
protaddr_format_line(const PaAddress *address, char *out)
{
	const PaText *element = address->element;
	const PaLayout *layout = layout_for(element[PA_CTRY]);
	PaLine		line = {out, out, out + PA_LINE_SIZE, false};
	bool		unit_before = layout->unit_place == UNIT_BEFORE ||
	layout->unit_place == UNIT_SLASH;

	if (element[PA_CAREOF].len > 0)
	{
		if (!has_care_of(element[PA_CAREOF]))
			append(&line, (PaText) T("c/o "));
		append(&line, element[PA_CAREOF]);
	}
	append_part(&line, element[PA_DEPT]);
	append_part(&line, element[PA_SUBDEPT]);
	if (unit_before)
		append_unit_before(&line, layout, element);
	append_part(&line, element[PA_BLDGNM]);
	append_street(&line, layout, element);
	if (!unit_before)
		append_unit_after(&line, layout, element);
	append_box(&line, layout, element[PA_PSTBX]);
	for (int i = 0; i < address->nlines; i++)
		append_part(&line, address->line[i]);
	append_part(&line, element[PA_TWNLCTNNM]);
	append_town(&line, layout, element);

	/* all there is to say of a value reduced to its country */
	if (line.at == line.start)
		append(&line, element[PA_CTRY]);

	return line.full ? 0 : (size_t) (line.at - line.start);
}
