-- ---------------------------------------------------------------------------
-- export/: files of exports, and what is said of them
-- ---------------------------------------------------------------------------
CREATE FUNCTION protaddr.export_csv(relation regclass, order_by name[] DEFAULT '{}', header boolean DEFAULT true, delimiter text DEFAULT ',', escape_formulas boolean DEFAULT false) RETURNS SETOF text
    AS 'MODULE_PATHNAME', 'protaddr_export_csv' LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION protaddr.export_csv(regclass, name[], boolean, text, boolean) IS
'The lines of an export as a CSV file by RFC 4180, as COPY writes it: NULL is empty, an empty text "", what needs quotes has them. order_by: columns of the export; the order in which rows are stored can tell of an address that is withheld. header: the names of the columns come first. escape_formulas: fields of other columns than numbers that begin with = + - @, a tab or a carriage return get an apostrophe before it, so that no spreadsheet takes them for a formula; leave it off for programs, which would read the apostrophe. Line by line, in the memory of a few rows; a field with line ends makes a line of several. Reads with the rights of the caller, and is on record, as any query of the export. See protaddr.export_manifest(). Raises 55000 if the relation is no export, 23PA1 if it is refused, 22004, 22023 for a delimiter that cannot be one.';

CREATE FUNCTION protaddr.export_jsonl(relation regclass, order_by name[] DEFAULT '{}') RETURNS SETOF text
    AS 'MODULE_PATHNAME', 'protaddr_export_jsonl' LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION protaddr.export_jsonl(regclass, name[]) IS
'The lines of an export as JSON Lines: one object a row, as row_to_json makes it, without line ends inside. Otherwise as protaddr.export_csv(). Raises 55000, 23PA1.';

CREATE FUNCTION protaddr.last_export(OUT export text, OUT channel text, OUT format text, OUT rows bigint, OUT withheld bigint, OUT bytes bigint, OUT sha256 text, OUT begun_at timestamptz) RETURNS record
    AS 'MODULE_PATHNAME', 'protaddr_last_export' LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION protaddr.last_export() IS
'What this session has last written by protaddr.export_csv() or protaddr.export_jsonl(), once all its lines were there: the export, its channel, how many rows, how many values something was withheld from, and bytes and SHA-256 of the file, if each line is ended by a line feed and stands as the client got it. Raises 55000 if there is none.';

CREATE FUNCTION protaddr.export_manifest() RETURNS jsonb
    LANGUAGE sql VOLATILE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT jsonb_build_object('export', l.export, 'channel', l.channel, 'format', l.format, 'rows', l.rows, 'withheld', l.withheld, 'bytes', l.bytes, 'sha256', l.sha256,
                              'made', l.begun_at, 'made_by', session_user, 'database', current_database())
    FROM protaddr.last_export() l;
END;
COMMENT ON FUNCTION protaddr.export_manifest() IS
'protaddr.last_export() as one object, to be put beside the file, with who made it and in which database. Raises 55000.';
