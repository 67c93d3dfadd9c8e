/*
 * trail.h
 *		The audit trail as bytes: records, the chain they form, the files they stand in.
 *
 * Pure: no PostgreSQL header, no error raised, so that unit tests and fuzzers run it.
 *
 * A record is a line: 64 hexadecimal digits, a blank, a JSON object in UTF-8.  The digits
 * are SHA-256 of the bytes of the hash before it (32 of 0 before the first) and of the
 * object's.  Each node, that is each running copy of a data directory, has a chain of its
 * own, in files NODE.NUMBER.trail; a file's first record names the hash it goes on from.
 */
#ifndef PROTADDR_TRAIL_H
#define PROTADDR_TRAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PA_TRAIL_FORMAT			1
#define PA_TRAIL_HASH_SIZE		32
#define PA_TRAIL_HASH_HEX		64
#define PA_TRAIL_NODE_SIZE		16	/* hexadecimal digits */
#define PA_TRAIL_KIND_SIZE		32
#define PA_TRAIL_AT_SIZE		27	/* 2026-11-29T03:56:00.123456Z */
#define PA_TRAIL_JSON_SIZE		8192	/* the largest object */
#define PA_TRAIL_LINE_SIZE		(PA_TRAIL_HASH_HEX + 1 + PA_TRAIL_JSON_SIZE + 1)
#define PA_TRAIL_VALUE_SIZE		1000	/* bytes of one text; what is longer is cut */
#define PA_TRAIL_KEY_SIZE		32
#define PA_TRAIL_SIGNATURE_SIZE 64
#define PA_TRAIL_NAME_SIZE		64	/* of a file, NUL included */

/* ---- audit/record.c: the object of a record ---------------------------------- */

/* What a record says behind "kind": its first byte is a comma. */
typedef struct PaTrailRecord
{
	char		kind[PA_TRAIL_KIND_SIZE + 1];
	size_t		len;
	bool		full;			/* something did not fit: that, and all behind it, was left out */
	int			left_out;		/* lists and objects whose beginning did not fit */
	char		data[PA_TRAIL_JSON_SIZE];
} PaTrailRecord;

extern void protaddr_trail_begin(PaTrailRecord *record, const char *kind);

/* name NULL: an item of a list */
extern void protaddr_trail_text(PaTrailRecord *record, const char *name, const char *utf8, size_t len);
extern void protaddr_trail_number(PaTrailRecord *record, const char *name, int64_t number);
extern void protaddr_trail_bool(PaTrailRecord *record, const char *name, bool yes);
extern void protaddr_trail_hex(PaTrailRecord *record, const char *name, const uint8_t *bytes, size_t len);
extern void protaddr_trail_open(PaTrailRecord *record, const char *name, char bracket);
extern void protaddr_trail_close(PaTrailRecord *record, char bracket);

extern void protaddr_trail_to_hex(const uint8_t *bytes, size_t len, char *hex);
extern bool protaddr_trail_of_hex(const char *hex, size_t len, uint8_t *bytes);

/* ---- audit/chain.c: what follows what ---------------------------------------- */

/* A line, taken apart; the pointers are into it. */
typedef struct PaTrailLine
{
	const char *hash;			/* PA_TRAIL_HASH_HEX digits */
	const char *json;
	size_t		json_len;
	const char *node;			/* PA_TRAIL_NODE_SIZE digits */
	uint64_t	seq;
	const char *at;				/* PA_TRAIL_AT_SIZE characters */
	const char *kind;
	size_t		kind_len;
	const char *rest;			/* behind the kind's quotation mark */
	size_t		rest_len;
} PaTrailLine;

typedef enum PaTrailVerdict
{
	PA_TRAIL_WHOLE = 0,
	PA_TRAIL_TORN,				/* the last line has no end: a crash while it was written */
	PA_TRAIL_ALTERED,			/* a line is not what was written */
	PA_TRAIL_MISSING,			/* records before this one */
	PA_TRAIL_REPEATED,			/* a record that stood before, or of another chain */
	PA_TRAIL_FORKED,			/* another record has this number */
	PA_TRAIL_FORGED				/* a signature is wrong, or of a key that nobody named */
} PaTrailVerdict;

/* How far a node's chain has been followed. */
typedef struct PaTrailChain
{
	char		node[PA_TRAIL_NODE_SIZE + 1];
	bool		begun;
	uint64_t	first;			/* the number of its first record, and its hash before */
	uint64_t	seq;			/* of the last record */
	uint8_t		hash[PA_TRAIL_HASH_SIZE];
	uint64_t	records;
	uint64_t	torn;			/* ends of crashes that were gone on from */
	/* of checkpoints */
	bool		has_key;
	uint8_t		key[PA_TRAIL_KEY_SIZE];
	uint64_t	signed_to;		/* the last record that a signature covers; 0: none */
	/* the last record that somebody signs while others go on writing */
	uint64_t	marked;
	uint8_t		marked_hash[PA_TRAIL_HASH_SIZE];
	/* a line that is no record: only the next one can say that it was torn */
	bool		open;
	uint64_t	open_len;
	uint8_t		open_digest[PA_TRAIL_HASH_SIZE];
} PaTrailChain;

extern void protaddr_trail_digest(const uint8_t *first, size_t first_len, const void *bytes, size_t len,
								  uint8_t digest[PA_TRAIL_HASH_SIZE]);
extern bool protaddr_trail_parse(const char *line, size_t len, PaTrailLine *parsed);
extern bool protaddr_trail_field(const PaTrailLine *line, const char *name, const char **value, size_t *len);
extern bool protaddr_trail_field_number(const PaTrailLine *line, const char *name, uint64_t *number);
extern bool protaddr_trail_field_hex(const PaTrailLine *line, const char *name, uint8_t *bytes, size_t len);
extern size_t protaddr_trail_write_line(char line[PA_TRAIL_LINE_SIZE], const char *node, uint64_t seq,
										int64_t at_us, const uint8_t before[PA_TRAIL_HASH_SIZE],
										const PaTrailRecord *record, uint8_t hash[PA_TRAIL_HASH_SIZE]);

/* The text that a checkpoint signs: NUL-terminated. */
#define PA_TRAIL_SIGNED_SIZE	160

extern size_t protaddr_trail_signed_text(char text[PA_TRAIL_SIGNED_SIZE], const char *node, uint64_t seq,
										 const uint8_t hash[PA_TRAIL_HASH_SIZE]);

/* key NULL: the first that a checkpoint names is believed. */
extern void protaddr_trail_follow_begin(PaTrailChain *chain, const char *node, const uint8_t *key);
extern PaTrailVerdict protaddr_trail_follow(PaTrailChain *chain, const char *line, size_t len,
											PaTrailLine *parsed);
extern PaTrailVerdict protaddr_trail_follow_end(PaTrailChain *chain);
extern const char *protaddr_trail_verdict_word(PaTrailVerdict verdict);

/* ---- audit/append.c: one more record in the files ------------------------------ */

typedef enum PaTrailStep
{
	PA_TRAIL_DONE = 0,
	PA_TRAIL_FOLDER,			/* could not be made */
	PA_TRAIL_NODE,				/* the file that says which node this is */
	PA_TRAIL_FILE,				/* could not be opened */
	PA_TRAIL_WRITE,
	PA_TRAIL_SYNC
} PaTrailStep;

typedef struct PaTrailPlace
{
	const char *node_file;
	const char *folder;
	uint64_t	rotate_bytes;	/* 0: never */
	uint64_t	rotate_seconds; /* 0: never */
	bool		sync;			/* new files and full ones must last */
	int64_t		(*now) (void);	/* microseconds since 1970 */
	/* more about the node, for the first record of a file */
	void		(*describe) (PaTrailRecord *record);
} PaTrailPlace;

/* Where the chain stands: what the node's file holds. */
typedef struct PaTrailHead
{
	char		node[PA_TRAIL_NODE_SIZE + 1];
	uint64_t	inode;			/* of the node's file, and when it was born: a copy is another node */
	uint64_t	born;
	uint64_t	file;
	uint64_t	opened_at;		/* seconds since 1970 */
	uint64_t	offset;
	uint64_t	seq;
	uint64_t	signed_to;		/* the last checkpoint's number, and when it was made */
	uint64_t	signed_at;
	uint8_t		hash[PA_TRAIL_HASH_SIZE];
} PaTrailHead;

/* What this process holds open; begins as PA_TRAIL_WRITER_CLOSED. */
typedef struct PaTrailWriter
{
	int			node_fd;
	int			file_fd;
	char		name[PA_TRAIL_NAME_SIZE];	/* of the file that is open */
	PaTrailHead head;			/* after the last record that was written here */
	PaTrailStep failed;
	int			error;			/* errno of that */
} PaTrailWriter;

#define PA_TRAIL_WRITER_CLOSED	{.node_fd = -1, .file_fd = -1}

extern bool protaddr_trail_append(PaTrailWriter *writer, const PaTrailPlace *place, const PaTrailRecord *record);

/* Signs what was written so far; sign gives false if it cannot, and nothing is written. */
typedef bool (*PaTrailSign) (const char *text, size_t len, uint8_t key[PA_TRAIL_KEY_SIZE],
							 uint8_t signature[PA_TRAIL_SIGNATURE_SIZE]);
extern bool protaddr_trail_checkpoint(PaTrailWriter *writer, const PaTrailPlace *place, PaTrailSign sign);
extern bool protaddr_trail_head(PaTrailWriter *writer, const PaTrailPlace *place, PaTrailHead *head);
extern bool protaddr_trail_sync(PaTrailWriter *writer);
extern void protaddr_trail_writer_close(PaTrailWriter *writer);
extern void protaddr_trail_file_name(char name[PA_TRAIL_NAME_SIZE], const char *node, uint64_t file);
extern bool protaddr_trail_is_file_name(const char *name, uint64_t *file);

#endif							/* PROTADDR_TRAIL_H */
