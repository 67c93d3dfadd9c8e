/*
 * cpr.h
 *		Deliveries of the Danish population register.  Pure.
 */
#ifndef PROTADDR_CPR_H
#define PROTADDR_CPR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- register/cpr_field.c: the fields of the register's records ------------ */

/* True if all of it are digits; are this character. */
extern bool protaddr_cpr_digits(const char *p, size_t len);
extern bool protaddr_cpr_all(const char *p, size_t len, char c);

/* The value of up to 9 digits that protaddr_cpr_digits has seen. */
extern uint32_t protaddr_cpr_number(const char *p, size_t len);

/* True if a byte is a control character of ISO-8859-1: 00-1F, 7F-9F. */
extern bool protaddr_cpr_control(const char *p, size_t len);

/* The length without the blanks at the end. */
extern size_t protaddr_cpr_trimmed(const char *rec, size_t len);

/*
 * protaddr_cpr_field finds the field of a trimmed record; *value is NULL if it is
 * blank.  False if the record ends within the field: none of those that we read may
 * hold blanks, so that is a record cut short.
 */
extern bool protaddr_cpr_field(const char *rec, size_t len, size_t pos, size_t size,
							   const char **value);

/*
 * Each copies what it read, false if it is not what it should be:
 * protaddr_cpr_compact_date YYYYMMDD as YYYY-MM-DD;
 * protaddr_cpr_date YYYY-MM-DD as it is, NULL and zeros (with or without hyphens) as "";
 * protaddr_cpr_stamp YYYYMMDDHHMM as YYYY-MM-DD HH:MM, NULL and zeros as "", and "" too
 * if the hour or the minute is 99: not known.
 */
extern bool protaddr_cpr_compact_date(char out[11], const char *value);
extern bool protaddr_cpr_date(char out[11], const char *value);
extern bool protaddr_cpr_stamp(char out[17], const char *value);

/* ---- register/cpr_form.c: does a record look like its type? ---------------- */

/*
 * protaddr_cpr_has_form tells whether a record, without the blanks at its end, is of the
 * form of its type, as far as that can be told.  One that is not may be a protection
 * whose type was garbled on the way.
 */
extern bool protaddr_cpr_has_form(const char *rec, size_t len, int type, bool bitemporal);

/* ---- register/cpr_extract.c: deliveries of the Danish population register -- */

/*
 * What the caller says the file is; one that is something else is refused.  It
 * is the caller's word because a damaged delivery can look like the others.
 */
typedef enum PaCprKind
{
	PA_CPR_DELIVERY = 0,		/* 000 and 999, and as many records as 999 counts */
	PA_CPR_REPLY,				/* about exactly one person; its 999 counts another file, so
								 * nothing shows a record missing from within */
	PA_CPR_WITHOUT_END,			/* a delivery whose sender leaves 999 out: nothing shows that it is
								 * whole, so of the last person more may be missing */
	PA_CPR_BITEMPORAL			/* bitemporal records alone, no 000 and 999: nothing shows that it
								 * is whole, of which day, or of which task */
} PaCprKind;

/*
 * One 004, 015 or 016 record.  Of a 004 and a 015 end is "": it is in force.
 * Of a 016 end never is "": it has ended, on that day; whether it still counted
 * on that day the register does not say, so let it.
 */
typedef struct PaCprProtection
{
	char		code[5];		/* BESKYTTYPE, 4 characters, NUL-terminated */
	char		start[11];		/* START_DT, YYYY-MM-DD, "" if blank */
	char		delete_hint[11];	/* SLET_DT: a hint, never an end; "" if blank */
	char		end[11];		/* SLUT_DT, else the day of SLUT_TS: a true end */
	/* when the register learned it, YYYY-MM-DD HH:MM; "" if blank, uncertain or 004 */
	char		start_registered[17];	/* START_TS */
	char		end_registered[17]; /* SLUT_TS */
} PaCprProtection;

#define PA_CPR_MAX_PROTECTIONS 64	/* 0..n records in the guide; more refuses the file */

#define PA_CPR_MAX_UNREAD 8		/* of one person; of more than that, the rest is only counted */

/*
 * One person: a 001 record and what follows it.  Bitemporal: neighbouring ones of one number.
 * A fragment is one record that could not be read and names somebody who is not the person
 * being read: nothing else is said of them.  It counts as one of that person's, too.
 */
typedef struct PaCprPerson
{
	char		pnr[11];
	char		replaced_by[11];	/* PNRGAELD, "" if blank */
	char		status[3];		/* STATUS, "" if blank */
	uint64_t	record;			/* number of the first record */
	bool		fragment;
	bool		last;			/* of a PA_CPR_WITHOUT_END */
	int			nunread;		/* records of unknown types, or not of their type's form */
	char		unread[PA_CPR_MAX_UNREAD][4];	/* their types, each once */
	int			nprotections;
	PaCprProtection protection[PA_CPR_MAX_PROTECTIONS];
} PaCprPerson;

/* What the start record says of the file; all "" of a PA_CPR_BITEMPORAL, and if it was refused. */
typedef struct PaCprHeader
{
	char		task[7];		/* OPGAVENR */
	char		produced[11];	/* PRODDTO as YYYY-MM-DD */
	char		previous[11];	/* PRODDTOFORRIG as YYYY-MM-DD, "" if zeros or blank */
} PaCprHeader;

typedef enum PaCprVerdict
{
	PA_CPR_OK = 0,
	PA_CPR_STOPPED,				/* the callback said so */
	PA_CPR_NO_START,			/* the first record is not 000 */
	PA_CPR_BAD_START,			/* 000 with an impossible task number or date */
	PA_CPR_NO_END,				/* no 999: the file is cut off */
	PA_CPR_AFTER_END,			/* something follows 999 */
	PA_CPR_WRONG_COUNT,			/* 999's count is not the number of data records */
	PA_CPR_BAD_RECORD,			/* a known record type of a wrong length */
	PA_CPR_BAD_TYPE,			/* three characters that are not a record type */
	PA_CPR_BAD_BYTE,			/* a byte that the encoding does not have here (NUL, control) */
	PA_CPR_BAD_PNR,				/* not ten digits */
	PA_CPR_BAD_DATE,			/* not a date and not blank */
	PA_CPR_BAD_CODE,			/* BESKYTTYPE is not four digits, or STATUS not two */
	PA_CPR_NO_PERSON,			/* a protection without its person record */
	PA_CPR_PERSON_TWICE,		/* the same person number in two neighbouring 001 records */
	PA_CPR_TOO_MANY,			/* more protections of one person than PA_CPR_MAX_PROTECTIONS */
	PA_CPR_WRONG_KIND,			/* not the kind of file that the caller said */
	PA_CPR_NOT_ONE_PERSON		/* a reply about nobody, or about more than one */
} PaCprVerdict;

/* Returns false to stop the parser (verdict PA_CPR_STOPPED). */
typedef bool (*PaCprPersonCallback) (void *arg, const PaCprPerson *person);

#define PA_CPR_MAX_RECORD 512

typedef struct PaCprParser
{
	/* results, readable at any time */
	PaCprHeader header;			/* filled before the first callback */
	uint64_t	records;		/* data records seen, 000 and 999 left out */
	uint64_t	record;			/* number of the current record, 1 is the first */
	uint64_t	offset;			/* byte offset of the current record in the delivery */
	uint64_t	persons;		/* people begun; each is called back when complete */
	uint64_t	skipped;		/* records of types unknown to us, or not of their form */
	uint8_t		seen[125];		/* a bit for each type of which there was a record */
	uint64_t	ended_subscriptions;	/* 997 records: no news of a person follow, lifts nothing */
	uint64_t	error_records;	/* 910 records: the register could not do what it was asked */
	bool		bitemporal;		/* with history, from 015 and 016; known before the first callback */
	uint8_t		declared[125];	/* set by the caller after protaddr_cpr_begin: types that it knows
								 * though we do not, and that hold no protections */
	PaCprVerdict verdict;		/* sticky once not OK */

	/* private to cpr_extract.c */
	PaCprKind	kind;
	PaCprPersonCallback callback;
	void	   *callback_arg;
	bool		layout_known;
	size_t		end_len;
	int			shape;
	size_t		block;			/* length of every record, its padding included */
	int			state;
	bool		in_person;
	PaCprPerson person;
	PaCprPerson fragment;
	char		carry[PA_CPR_MAX_RECORD];
	size_t		carry_len;
	uint64_t	consumed;
} PaCprParser;

/*
 * protaddr_cpr_begin readies a parser on the caller's storage;
 * protaddr_cpr_feed takes the delivery in pieces of any size and calls back once
 * per person, in order, when the person is complete; once the verdict is not OK it
 * reads nothing more;
 * protaddr_cpr_end tells that there is no more and gives the verdict.  It may call
 * back for the last person of a PA_CPR_BITEMPORAL.
 * Nothing is known to be true of the delivery until the verdict is PA_CPR_OK.
 */
extern void protaddr_cpr_begin(PaCprParser *parser, PaCprKind kind,
							   PaCprPersonCallback callback, void *arg);
extern PaCprVerdict protaddr_cpr_feed(PaCprParser *parser, const char *data, size_t len);
extern PaCprVerdict protaddr_cpr_end(PaCprParser *parser);

/* True if there was a record of the type. */
extern bool protaddr_cpr_seen(const PaCprParser *parser, int type);

#endif							/* PROTADDR_CPR_H */
