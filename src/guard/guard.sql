-- ---------------------------------------------------------------------------
-- guard/: protected addresses in any text
-- ---------------------------------------------------------------------------
CREATE FUNCTION protaddr.guarded_address_written() RETURNS trigger
    AS 'MODULE_PATHNAME', 'protaddr_guarded_address_written' LANGUAGE C VOLATILE CALLED ON NULL INPUT;
REVOKE ALL ON FUNCTION protaddr.guarded_address_written() FROM PUBLIC;
COMMENT ON FUNCTION protaddr.guarded_address_written() IS
'Trigger of protaddr.guarded_address: has each row tell which transaction wrote it, here, whatever a restore or replication brings.';

CREATE TABLE protaddr.guarded_address (
    id bigint DEFAULT protaddr.new_id() PRIMARY KEY,
    subject_key text COLLATE "C",
    address protaddr.address NOT NULL,
    origin text NOT NULL CHECK (origin IN ('bound', 'declared', 'listed')),
    relation text,
    column_name text,
    reason text,
    valid_to timestamptz NOT NULL DEFAULT 'infinity',
    recorded_by text NOT NULL DEFAULT session_user,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    written_in xid8 NOT NULL,
    CHECK ((origin = 'listed') = (subject_key IS NULL)),
    CHECK (origin <> 'listed' OR reason IS NOT NULL)
);
COMMENT ON TABLE protaddr.guarded_address IS
'The addresses that the guard looks for in texts: those of protected people, from every bound column and every declared one, and those that were listed with protaddr.guard_address(). Kept by whoever changes registers, links and addresses, in the same transaction. Sealed like all addresses; nothing in a row tells one. A row too many does no harm: a match counts only while its person is protected.';
COMMENT ON COLUMN protaddr.guarded_address.id IS 'Number of the row.';
COMMENT ON COLUMN protaddr.guarded_address.subject_key IS 'Canonical identifier under which it stands in its column; NULL: an address of nobody that a register lists.';
COMMENT ON COLUMN protaddr.guarded_address.address IS 'The address, sealed.';
COMMENT ON COLUMN protaddr.guarded_address.origin IS 'bound, declared, listed: where it comes from.';
COMMENT ON COLUMN protaddr.guarded_address.relation IS 'The table it was first found in; NULL if listed.';
COMMENT ON COLUMN protaddr.guarded_address.column_name IS 'Its address column there, or the first of them.';
COMMENT ON COLUMN protaddr.guarded_address.reason IS 'Why it was listed; else NULL.';
COMMENT ON COLUMN protaddr.guarded_address.valid_to IS 'Until when a listed address is looked for; infinity: until it is ended.';
COMMENT ON COLUMN protaddr.guarded_address.recorded_by IS 'Login role in whose session it came in.';
COMMENT ON COLUMN protaddr.guarded_address.recorded_at IS 'When.';
COMMENT ON COLUMN protaddr.guarded_address.written_in IS 'The transaction that wrote the row, in this database: sessions find by it what is new.';
CREATE INDEX guarded_address_subject ON protaddr.guarded_address (subject_key);
COMMENT ON INDEX protaddr.guarded_address_subject IS 'The addresses of a person.';
CREATE INDEX guarded_address_written_in ON protaddr.guarded_address (written_in);
COMMENT ON INDEX protaddr.guarded_address_written_in IS 'What has been added since a session last looked.';
CREATE TRIGGER guarded_address_written BEFORE INSERT OR UPDATE ON protaddr.guarded_address
    FOR EACH ROW EXECUTE FUNCTION protaddr.guarded_address_written();
SELECT protaddr.make_own_table('guarded_address', dumped => '');

-- ---- sources ---------------------------------------------------------------------

CREATE FUNCTION protaddr.bound_row_written() RETURNS trigger
    AS 'MODULE_PATHNAME', 'protaddr_bound_row_written' LANGUAGE C VOLATILE CALLED ON NULL INPUT;
COMMENT ON FUNCTION protaddr.bound_row_written() IS
'Trigger that protaddr.bind_column() installs, AFTER ROW; arguments: column, subject column. Has the guard look for the addresses of protected people that are written, from the same transaction on. Does nothing where the column is not bound so. Raises 42703, 42804 if a column is gone or has changed its type.';

CREATE FUNCTION protaddr.declared_row_written() RETURNS trigger
    AS 'MODULE_PATHNAME', 'protaddr_declared_row_written' LANGUAGE C VOLATILE CALLED ON NULL INPUT;
REVOKE ALL ON FUNCTION protaddr.declared_row_written() FROM PUBLIC;
COMMENT ON FUNCTION protaddr.declared_row_written() IS
'Trigger that protaddr.declare_address_columns() installs, AFTER ROW; arguments: subject column, then ISO 20022 element names and the columns that hold them. Has the guard look for the addresses of protected people that are written. Raises 42703, 42804 if a column is gone or has changed its type.';

CREATE FUNCTION protaddr.index_identifiers(relation regclass, subject name) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF (SELECT protaddr.subject_type(a.atttypid) FROM pg_attribute a
        WHERE a.attrelid = relation AND a.attname = subject AND NOT a.attisdropped) IS DISTINCT FROM 'person'
       OR EXISTS (SELECT FROM pg_index i
                  WHERE i.indrelid = relation AND i.indisvalid AND i.indpred IS NULL AND i.indkey[0] = 0
                    AND pg_get_indexdef(i.indexrelid, 1, true) = format('protaddr.identifier_key(%I)', subject))
    THEN
        RETURN false;
    END IF;
    PERFORM protaddr.lock_own_table(relation);
    EXECUTE format('CREATE INDEX ON %s (protaddr.identifier_key(%I))', relation, subject);
    RETURN true;
END
$$;
COMMENT ON FUNCTION protaddr.index_identifiers(regclass, name) IS
'Makes the index by which the guard finds a person''s rows in a table: on protaddr.identifier_key() of the column that names the person. True if it made one, false if it is there or the column is an array. protaddr.bind_column() and protaddr.declare_address_columns() call it; without the index the guard reads the table. The caller must own the table.';

CREATE FUNCTION protaddr.add_bound_source(relation regclass, column_name name, subject name) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    trigger_name text;
BEGIN
    -- what is elsewhere, or seen by one session alone, nobody could look through
    IF NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = relation AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't') THEN
        RETURN false;
    END IF;
    PERFORM protaddr.lock_own_table(relation);
    PERFORM protaddr.index_identifiers(relation, subject);
    trigger_name := format('zz_protaddr_guard_%s_%s',
                           (SELECT a.attnum FROM pg_attribute a WHERE a.attrelid = relation AND a.attname = column_name),
                           (SELECT a.attnum FROM pg_attribute a WHERE a.attrelid = relation AND a.attname = subject));
    EXECUTE format('CREATE TRIGGER %I AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION protaddr.bound_row_written(%L, %L)',
                   trigger_name, relation, column_name, subject);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', relation, trigger_name);
    RETURN true;
END
$$;
COMMENT ON FUNCTION protaddr.add_bound_source(regclass, name, name) IS
'Part of protaddr.bind_column(): has the guard look for the addresses of a bound column. False for a foreign or temporary table, of which it knows nothing. The caller must own the table.';

CREATE FUNCTION protaddr.declare_address_columns(
    relation regclass, subject name,
    street name DEFAULT NULL, number name DEFAULT NULL, floor name DEFAULT NULL, door name DEFAULT NULL,
    post_code name DEFAULT NULL, town name DEFAULT NULL, line name DEFAULT NULL
) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    elements text[] := '{}';
    part record;
    trigger_name text;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = relation AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't') THEN
        RAISE EXCEPTION USING
            ERRCODE = 'wrong_object_type',
            MESSAGE = 'only columns of a table can be declared',
            DETAIL = 'A table of its own, not a view, a foreign or a temporary one.';
    END IF;
    PERFORM protaddr.lock_own_table(relation);
    IF relation IS NULL OR subject IS NULL OR (street IS NULL AND line IS NULL) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'null_value_not_allowed',
            MESSAGE = 'the column that names the person, and one with the street or the whole address, must be named',
            HINT = 'declare_address_columns(table, subject => column, street => column, number => column, post_code => column, town => column), or line => column';
    END IF;
    FOR part IN SELECT * FROM (VALUES (1, subject, NULL), (2, street, 'StrtNm'), (3, number, 'BldgNb'), (4, floor, 'Flr'), (5, door, 'Room'),
                                      (6, post_code, 'PstCd'), (7, town, 'TwnNm'), (8, line, 'AdrLine')) p(n, name, element)
                WHERE p.name IS NOT NULL ORDER BY p.n
    LOOP
        IF NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = relation AND a.attname = part.name AND a.attnum > 0 AND NOT a.attisdropped) THEN
            RAISE EXCEPTION USING
                ERRCODE = 'undefined_column',
                MESSAGE = format('column "%s" of %s does not exist', part.name, relation),
                HINT = format('Columns: %s.', (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a
                                               WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped));
        END IF;
        IF (SELECT protaddr.subject_type(a.atttypid) IS NULL OR a.attgenerated = 'v' OR part.element IS NOT NULL AND protaddr.subject_type(a.atttypid) <> 'person'
            FROM pg_attribute a WHERE a.attrelid = relation AND a.attname = part.name AND NOT a.attisdropped) THEN
            RAISE EXCEPTION USING
                ERRCODE = 'datatype_mismatch',
                MESSAGE = format('column %I of %s cannot hold %s', part.name, relation, coalesce('part of an address as text', CASE WHEN part.element IS NULL THEN 'a person''s identifier' END)),
                HINT = 'A declared column is of type text, varchar, char, smallint, integer, bigint, numeric or uuid. For a column of type protaddr.address see protaddr.bind_column().';
        END IF;
        IF part.element IS NOT NULL THEN
            elements := elements || part.element::text || part.name::text;
        END IF;
    END LOOP;
    IF EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = relation AND t.tgfoid = 'protaddr.declared_row_written()'::regprocedure
               AND protaddr.trigger_arguments(t.oid) = subject::text || elements) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'duplicate_object',
            MESSAGE = format('these columns of %s are declared already', relation);
    END IF;
    PERFORM protaddr.index_identifiers(relation, subject);
    trigger_name := format('zz_protaddr_declared_%s',
                           (SELECT count(*) + 1 FROM pg_trigger t WHERE t.tgrelid = relation AND t.tgname LIKE 'zz\_protaddr\_declared\_%'));
    EXECUTE format('CREATE TRIGGER %I AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION protaddr.declared_row_written(%L%s)',
                   trigger_name, relation, subject, (SELECT string_agg(', ' || quote_literal(e), '' ORDER BY n) FROM unnest(elements) WITH ORDINALITY u(e, n)));
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', relation, trigger_name);
END
$$;
REVOKE ALL ON FUNCTION protaddr.declare_address_columns(regclass, name, name, name, name, name, name, name, name) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.declare_address_columns(regclass, name, name, name, name, name, name, name, name) IS
'Tells the guard that columns of a table hold addresses of the person whom another column (subject) names: a legacy table, or the history of one. Those of protected people are looked for in every text from then on, those written later too (a trigger, ENABLE ALWAYS). Nothing in the table changes but that its subject column is indexed. line: a column with the whole address. What it found there is in protaddr.guard_status(), for those who may see it. The caller must own the table and have EXECUTE on protaddr.declared_row_written(): whoever declares decides what is withheld as whose address. Raises 22004, 42501, 42703, 42804, 42809, 42710, and 55PA1 if no address can be sealed.';

CREATE FUNCTION protaddr.undeclare_address_columns(relation regclass, subject name DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    declared record;
    removed bigint := 0;
BEGIN
    PERFORM protaddr.lock_own_table(relation, true);
    FOR declared IN
        SELECT t.tgname FROM pg_trigger t
        WHERE t.tgrelid = relation AND t.tgfoid = 'protaddr.declared_row_written()'::regprocedure AND t.tgparentid = 0
          AND (undeclare_address_columns.subject IS NULL OR (protaddr.trigger_arguments(t.oid))[1] = undeclare_address_columns.subject)
    LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', declared.tgname, relation);
        removed := removed + 1;
    END LOOP;
    RETURN removed;
END
$$;
REVOKE ALL ON FUNCTION protaddr.undeclare_address_columns(regclass, name) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.undeclare_address_columns(regclass, name) IS
'Ends what protaddr.declare_address_columns() began, for one subject column or (NULL) all, and returns how many declarations there were. Addresses that were found there are looked for until protaddr.refresh_guard(), or until something of their person changes. The index of the subject column stays. The caller must own the table.';

-- ---- the list ---------------------------------------------------------------------

CREATE FUNCTION protaddr.guard_address(address protaddr.address, reason text, valid_to timestamptz DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    number bigint;
BEGIN
    IF guard_address.address IS NULL OR btrim(coalesce(guard_address.reason, ''), E' \t\r\n') = '' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'null_value_not_allowed',
            MESSAGE = 'an address to guard needs an address and a reason';
    END IF;
    IF guard_address.valid_to <= clock_timestamp() THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'the end of what is to be guarded must be in the future';
    END IF;
    INSERT INTO protaddr.guarded_address (address, origin, reason, valid_to)
    VALUES (guard_address.address, 'listed', guard_address.reason, coalesce(guard_address.valid_to, 'infinity'))
    RETURNING id INTO number;
    RETURN number;
END
$$;
REVOKE ALL ON FUNCTION protaddr.guard_address(protaddr.address, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.guard_address(protaddr.address, text, timestamptz) IS
'Has the guard look for an address that is in no column and of nobody whom a register lists: a shelter, a safe house. It is withheld everywhere until it ends, whatever a channel says. Returns its number, for protaddr.unguard_address(). reason: why; no address. valid_to: until when; NULL: until it is ended. Recorded with the login role in protaddr.guarded_address. Raises 22004, 22023.';

CREATE FUNCTION protaddr.unguard_address(id bigint, reason text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF btrim(coalesce(unguard_address.reason, ''), E' \t\r\n') = '' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'null_value_not_allowed',
            MESSAGE = 'a reason must be given';
    END IF;
    UPDATE protaddr.guarded_address g
    SET valid_to = clock_timestamp(), reason = format('%s; ended by %s: %s', g.reason, session_user, unguard_address.reason)
    WHERE g.id = unguard_address.id AND g.origin = 'listed' AND g.valid_to > clock_timestamp();
    RETURN FOUND;
END
$$;
REVOKE ALL ON FUNCTION protaddr.unguard_address(bigint, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.unguard_address(bigint, text) IS
'Ends a listed address, by its number; true if it was in force. Holds once committed, and the transaction that does it is told nothing until then. The row stays, with who ended it and why. Raises 22004.';

-- ---- finding ------------------------------------------------------------------------

CREATE FUNCTION protaddr.find_protected(text text, OUT subject text, OUT start integer, OUT length integer, OUT certainty text) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'protaddr_find_protected' LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION protaddr.find_protected(text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.find_protected(text) IS
'The protected addresses in a text, however they are written: canonical identifier of the person under which the address stands in its column (NULL: a listed address), where it begins (1: the first character) and how many characters it takes, and certainty: exact, safe (written otherwise), doubtful (a letter differs, or place, floor or door is missing). By what is committed now. It tells whether an address is protected, and whose it is: grant it to few. No rows for NULL. Raises 55PA1 while the register is not ready, if a data key is missing, or if the addresses do not fit into protaddr.guard_memory: never is nothing found instead.';

CREATE FUNCTION protaddr.guard(text text, channel text) RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_guard' LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION protaddr.guard(text, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.guard(text, text) IS
'A text as it may leave through a channel: each protected address in it, doubtful ones too, is replaced by [address withheld], unless the channel discloses that person''s address, which is recorded. All else stays byte for byte. For extracts and views. With chosen input it tells whether an address is protected, so grant it to few; and whoever reads a view calls its functions, so put it into a SECURITY DEFINER function that takes the key of a row, not a text. NULL for NULL. Raises 22023 for a channel that does not exist, 55PA1 as protaddr.find_protected(), 0A000 where a text of another encoding than UTF-8 cannot be taken apart.';

CREATE FUNCTION protaddr.guard(value anyelement, channel text) RETURNS anyelement
    AS 'MODULE_PATHNAME', 'protaddr_guard_value' LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION protaddr.guard(anyelement, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.guard(anyelement, text) IS
'The same for a value of another type that could hold an address as text: json, jsonb, xml, citext, hstore, arrays and composites of these and of text. The structure stays, and all else in it: json and xml byte for byte, key order included, of jsonb and hstore every other value. An address within one string, element or field is replaced there; one that goes across the elements of an array or the fields of a composite in each of them. JSON, XML and bytes in which it goes across values, or is a key or a number, are withheld whole: the value is then the string "[address withheld]". Raises 42804 for a type without text, 23PA1 where neither can be done (a key of hstore, a field that is too short), and as protaddr.guard(text, text).';

CREATE FUNCTION protaddr.guard(value bytea, channel text, encoding text DEFAULT NULL) RETURNS bytea
    AS 'MODULE_PATHNAME', 'protaddr_guard_bytes' LANGUAGE C CALLED ON NULL INPUT VOLATILE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION protaddr.guard(bytea, text, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.guard(bytea, text, text) IS
'The same for bytes that are text. encoding: as iconv --list names it; NULL: UTF-16 and UTF-32 if the bytes show it (a byte order mark, or every second byte 0), what an XML declaration says, else one in which ASCII is as it is. All other bytes stay. Raises 42704 for an encoding that does not exist.';

CREATE FUNCTION protaddr.text_encoding_known(encoding text) RETURNS boolean
    AS 'MODULE_PATHNAME', 'protaddr_text_encoding_known' LANGUAGE C STRICT STABLE PARALLEL SAFE;
COMMENT ON FUNCTION protaddr.text_encoding_known(text) IS
'Part of protaddr.install_gate(): whether bytes in this encoding can be read.';

CREATE FUNCTION protaddr.refresh_guard() RETURNS bigint
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM protaddr.derive_guard_anew();
    RETURN (SELECT count(*) FROM protaddr.guarded_address g WHERE g.valid_to > clock_timestamp());
END
$$;
REVOKE ALL ON FUNCTION protaddr.refresh_guard() FROM PUBLIC;
COMMENT ON FUNCTION protaddr.refresh_guard() IS
'Reads all sources for everybody who is protected, adds what is missing in protaddr.guarded_address and removes what nothing stands behind any more: after TRUNCATE, undeclare_address_columns(), a dropped table or a restore in parts. Returns how many addresses are looked for. Says every 5 seconds how far it is (NOTICE), as does a load that reads a whole source. Blocks nobody.';

CREATE FUNCTION protaddr.derive_guard_anew() RETURNS void
    AS 'MODULE_PATHNAME', 'protaddr_refresh_guard' LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION protaddr.derive_guard_anew() FROM PUBLIC;
COMMENT ON FUNCTION protaddr.derive_guard_anew() IS 'Part of protaddr.refresh_guard().';

CREATE FUNCTION protaddr.guard_session(OUT addresses bigint, OUT bytes bigint, OUT built_at timestamptz, OUT shared_addresses bigint,
    OUT shared_bytes bigint, OUT not_shared_because text) RETURNS record
    AS 'MODULE_PATHNAME', 'protaddr_guard_session' LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED;
REVOKE ALL ON FUNCTION protaddr.guard_session() FROM PUBLIC;
COMMENT ON FUNCTION protaddr.guard_session() IS
'What this session looks for: how many addresses, the bytes of its own memory that they take, and when they were read from the table; of them, how many are in shared memory, and the bytes of that, which all sessions of the database read. NULL before it has looked for anything. not_shared_because: why nothing is shared, if something is in the way (a session that has read for itself shares after the next attempt, ten seconds later).';

CREATE FUNCTION protaddr.guard_status(OUT origin text, OUT relation text, OUT columns text, OUT subject text, OUT addresses bigint, OUT status text) RETURNS SETOF record
    LANGUAGE sql STABLE STRICT SECURITY DEFINER PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH source AS (
        SELECT t.tgrelid, t.tgname, t.tgenabled, f.proname = 'bound_row_written' AS bound,
               CASE WHEN f.proname = 'bound_row_written' THEN a.args[2] ELSE a.args[1] END AS subject,
               CASE WHEN f.proname = 'bound_row_written' THEN a.args[1:1]
                    ELSE ARRAY(SELECT a.args[i] FROM generate_series(3, cardinality(a.args), 2) i ORDER BY i) END AS columns
        FROM pg_trigger t JOIN pg_proc f ON f.oid = t.tgfoid, LATERAL (SELECT protaddr.trigger_arguments(t.oid) AS args) a
        WHERE f.pronamespace = 'protaddr'::regnamespace AND f.proname IN ('bound_row_written', 'declared_row_written') AND t.tgparentid = 0
    ), known AS (
        SELECT g.relation, g.column_name, g.origin, count(*) AS addresses FROM protaddr.guarded_address g WHERE g.origin <> 'listed' GROUP BY 1, 2, 3
    )
    SELECT CASE WHEN s.bound THEN 'bound' ELSE 'declared' END, s.tgrelid::regclass::text, array_to_string(s.columns, ', '), s.subject,
           (SELECT coalesce(sum(k.addresses), 0)::bigint FROM known k
            WHERE k.column_name = s.columns[1] AND (k.origin = 'bound') = s.bound
              AND k.relation IN (SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                                 WHERE c.oid = s.tgrelid OR c.oid IN (SELECT p.relid FROM pg_partition_tree(s.tgrelid) p))),
           CASE WHEN s.bound AND NOT EXISTS (SELECT FROM protaddr.bound_column b WHERE b.relation = s.tgrelid AND b.column_name = s.columns[1] AND b.subject = s.subject)
                THEN 'not bound: does not count'
                WHEN EXISTS (SELECT FROM unnest(s.columns || s.subject) c (name)
                             WHERE NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = s.tgrelid AND a.attname = c.name AND NOT a.attisdropped))
                THEN 'a column is gone or renamed: nothing can be written'
                WHEN EXISTS (SELECT FROM pg_partition_tree(s.tgrelid) p JOIN pg_trigger t ON t.tgrelid = p.relid
                             WHERE t.tgname = s.tgname AND t.tgenabled <> 'A') OR s.tgenabled <> 'A'
                THEN 'not always enabled: new addresses are not looked for'
                WHEN NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = s.tgrelid AND i.indisvalid AND i.indpred IS NULL AND i.indkey[0] = 0
                                   AND pg_get_indexdef(i.indexrelid, 1, true) = format('protaddr.identifier_key(%I)', s.subject))
                THEN 'in place, without an index: see protaddr.index_identifiers()'
                ELSE 'in place' END
    FROM source s
    UNION ALL
    SELECT 'bound', b.relation::text, b.column_name, b.subject, NULL, 'not a source: foreign, temporary, or its trigger was dropped'
    FROM protaddr.bound_column b
    WHERE NOT EXISTS (SELECT FROM source s WHERE s.bound AND s.tgrelid = b.relation AND s.columns[1] = b.column_name AND s.subject = b.subject)
    UNION ALL
    SELECT g.origin, NULL, NULL, NULL, count(*), CASE WHEN g.valid_to > clock_timestamp() THEN 'in force' ELSE 'ended' END
    FROM protaddr.guarded_address g WHERE g.origin = 'listed' GROUP BY g.origin, 6
    UNION ALL
    SELECT 'session', NULL, NULL, NULL, s.addresses, format('%s kB in memory%s, read at %s', s.bytes / 1024, nullif(format(' and %s kB shared', s.shared_bytes / 1024), ' and 0 kB shared'), s.built_at)
    FROM protaddr.guard_session() s WHERE s.built_at IS NOT NULL
    ORDER BY 1, 2, 3, 4, 6;
END;
REVOKE ALL ON FUNCTION protaddr.guard_status() FROM PUBLIC;
COMMENT ON FUNCTION protaddr.guard_status() IS
'Where the addresses come from that the guard looks for: each bound column and each declaration, with how many addresses of protected people were first found there and what is wrong; the list; and what this session has in memory. It tells how many protected people a table names: grant it to few.';
