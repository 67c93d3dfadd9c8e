-- ---------------------------------------------------------------------------
-- gate/: gates, and what keeps them in place
-- ---------------------------------------------------------------------------
CREATE FUNCTION protaddr.gate_row() RETURNS trigger
    AS 'MODULE_PATHNAME', 'protaddr_gate_row' LANGUAGE C VOLATILE CALLED ON NULL INPUT;
REVOKE ALL ON FUNCTION protaddr.gate_row() FROM PUBLIC;
COMMENT ON FUNCTION protaddr.gate_row() IS
'BEFORE ROW trigger that protaddr.install_gate() creates, with pairs of a key and a value as arguments. Releases every address column and every message for the row''s channel, or holds the row. Raises 23PA1 if the channel blocks, or if the row cannot be held; 22023 if the row does not name a channel.';
CREATE FUNCTION protaddr.gate_check() RETURNS trigger
    AS 'MODULE_PATHNAME', 'protaddr_gate_check' LANGUAGE C VOLATILE CALLED ON NULL INPUT;
REVOKE ALL ON FUNCTION protaddr.gate_check() FROM PUBLIC;
COMMENT ON FUNCTION protaddr.gate_check() IS
'AFTER ROW trigger that protaddr.install_gate() creates, with the same arguments. Proves that every stored address is released for the row''s channel, and every stored message is the one that the gate let through. Raises 23PA1 if not.';
CREATE FUNCTION protaddr.gate_summary() RETURNS trigger
    AS 'MODULE_PATHNAME', 'protaddr_gate_summary' LANGUAGE C VOLATILE CALLED ON NULL INPUT;
COMMENT ON FUNCTION protaddr.gate_summary() IS
'Trigger after the statement that protaddr.install_gate() installs: says in a NOTICE how many rows of it are held, if any.';
CREATE FUNCTION protaddr.held_kept() RETURNS trigger
    AS 'MODULE_PATHNAME', 'protaddr_held_kept' LANGUAGE C VOLATILE CALLED ON NULL INPUT;
COMMENT ON FUNCTION protaddr.held_kept() IS
'Trigger of a held table: its rows are written by the gate, release_held() and reject_held(), never by hand, and never removed. Raises 55000.';

CREATE FUNCTION protaddr.gate_column(relation regclass, column_name name, what text) RETURNS pg_catalog.pg_attribute
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found_column pg_attribute;
    kind "char";
    base oid;
    fits boolean;
BEGIN
    SELECT a.* INTO found_column FROM pg_attribute a
    WHERE a.attrelid = relation AND a.attname = column_name AND a.attnum > 0 AND NOT a.attisdropped;
    IF found_column.attnum IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'undefined_column',
            MESSAGE = format('%s has no such column', relation),
            DETAIL = format('It should be the %s.', what),
            HINT = 'install_gate(table, channel, subject => column that names the person whose addresses the row holds)';
    END IF;
    -- the type under its domains
    base := found_column.atttypid;
    LOOP
        SELECT t.typtype INTO kind FROM pg_type t WHERE t.oid = base;
        EXIT WHEN kind <> 'd';
        SELECT t.typbasetype INTO base FROM pg_type t WHERE t.oid = base;
    END LOOP;
    fits := CASE what
        WHEN 'amount' THEN base IN ('numeric'::regtype, 'int2'::regtype, 'int4'::regtype, 'int8'::regtype)
        WHEN 'address' THEN protaddr.address_column(found_column.atttypid) = 'address'
        WHEN 'message' THEN base IN ('xml'::regtype, 'text'::regtype, 'varchar'::regtype, 'bytea'::regtype, 'json'::regtype, 'jsonb'::regtype)
        WHEN 'channel' THEN kind = 'e' OR base IN ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype, 'name'::regtype)
        WHEN 'currency' THEN kind = 'e' OR base IN ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype, 'name'::regtype)
        ELSE protaddr.subject_type(found_column.atttypid) = 'person' END;
    -- the gate fires before generated columns have their value
    IF fits IS NOT TRUE OR (found_column.attgenerated <> '' AND what <> 'address') THEN
        RAISE EXCEPTION USING
            ERRCODE = 'datatype_mismatch',
            MESSAGE = CASE WHEN what IN ('subject', 'person', 'payee') THEN format('column %I of %s cannot name a person', column_name, relation)
                           ELSE format('column %I of %s cannot be the %s', column_name, relation, what) END,
            HINT = CASE what
                WHEN 'amount' THEN 'An amount is of type numeric or an integer type, and not generated.'
                WHEN 'address' THEN 'An address is of type protaddr.address.'
                WHEN 'message' THEN 'A message is of type xml, text, varchar, bytea, json or jsonb, and not generated.'
                WHEN 'channel' THEN 'A channel is named by a column of text, and not generated.'
                WHEN 'currency' THEN 'A currency is a code of three letters in a column of text, and not generated.'
                ELSE 'A person is named by one identifier in a column of type text, varchar, char, smallint, integer, bigint, numeric or uuid, and not generated.' END;
    END IF;
    RETURN found_column;
END
$$;
COMMENT ON FUNCTION protaddr.gate_column(regclass, name, text) IS
'Part of protaddr.install_gate(), with the rights of who calls it: a column that a gate is to use. Raises 42703 or 42804.';

CREATE FUNCTION protaddr.make_held(relation regclass, held text, message_columns name[]) RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    gated pg_class;
    schema name;
    table_name name;
    suffix constant text := '_held';
    room integer;
    parts text[];
    there pg_class;
    full_name text;
    grantee oid;
    col record;
    own_columns constant text[] := '{held_id,held_at,held_by,held_operation,held_channel,held_why,held_status,held_seal,decided_at,decided_by,decided_reason,decided_action,decided_digest}';
    culprit name;
BEGIN
    SELECT c.* INTO gated FROM pg_class c WHERE c.oid = relation;
    SELECT n.nspname INTO schema FROM pg_namespace n WHERE n.oid = gated.relnamespace;
    IF held IS NULL THEN
        -- a name has 63 bytes: cut between characters
        room := length(gated.relname::text);
        WHILE octet_length(left(gated.relname::text, room) || suffix) > 63 LOOP
            room := room - 1;
        END LOOP;
        table_name := left(gated.relname::text, room) || suffix;
    ELSE
        parts := parse_ident(held);
        IF cardinality(parts) > 2 THEN
            RAISE EXCEPTION USING ERRCODE = 'invalid_name', MESSAGE = 'a held table is named as table or schema.table';
        END IF;
        table_name := parts[cardinality(parts)];
        schema := coalesce(CASE WHEN cardinality(parts) = 2 THEN parts[1] END, schema);
    END IF;
    full_name := format('%I.%I', schema, table_name);

    SELECT a.attname INTO culprit FROM pg_attribute a
    WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped AND a.attname::text = ANY (own_columns)
    ORDER BY a.attnum LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'duplicate_column',
            MESSAGE = format('column %I of %s has a name that the held table needs', culprit, relation),
            HINT = 'Rename the column.';
    END IF;

    SELECT c.* INTO there FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = schema AND c.relname = table_name;
    IF there.oid IS NULL THEN
        EXECUTE format('CREATE TABLE %s (held_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,'
            'held_at timestamptz NOT NULL DEFAULT clock_timestamp(), held_by text NOT NULL, held_operation text NOT NULL,'
            'held_channel text NOT NULL, held_why text NOT NULL,'
            'held_status text NOT NULL DEFAULT ''held'' CHECK (held_status IN (''held'', ''released'', ''rejected'')),'
            'held_seal bytea NOT NULL, decided_at timestamptz, decided_by text, decided_reason text, decided_action text, decided_digest bytea)', full_name);
        SELECT c.* INTO there FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = schema AND c.relname = table_name;
        IF there.relowner <> gated.relowner THEN
            EXECUTE format('ALTER TABLE %s OWNER TO %s', full_name, gated.relowner::regrole);
        END IF;
        -- what default privileges have given
        EXECUTE format('REVOKE ALL ON %s FROM PUBLIC', full_name);
        FOR grantee IN SELECT DISTINCT a.grantee FROM pg_class c, aclexplode(c.relacl) a
            WHERE c.oid = there.oid AND a.grantee <> 0 AND a.grantee <> gated.relowner
        LOOP
            EXECUTE format('REVOKE ALL ON %s FROM %s', full_name, grantee::regrole);
        END LOOP;
        EXECUTE format('CREATE TRIGGER zz_protaddr_held BEFORE INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION protaddr.held_kept()', full_name);
        EXECUTE format('CREATE TRIGGER zz_protaddr_held_truncate BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION protaddr.held_kept()', full_name);
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER zz_protaddr_held, ENABLE ALWAYS TRIGGER zz_protaddr_held_truncate', full_name);
        EXECUTE format('COMMENT ON TABLE %s IS %L', full_name,
            format('Rows of %s that wait for a decision (protaddr.release_held(), reject_held()), and those decided. Messages are sealed.', relation));
    ELSIF there.relkind <> 'r' OR there.relowner <> gated.relowner
          OR NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = there.oid AND t.tgfoid = 'protaddr.held_kept()'::regprocedure)
          OR EXISTS (SELECT FROM unnest(own_columns) o(name) WHERE NOT EXISTS (
                SELECT FROM pg_attribute a WHERE a.attrelid = there.oid AND a.attname = o.name AND NOT a.attisdropped)) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'duplicate_table',
            MESSAGE = format('%s is there already and is no held table of the owner of %s', full_name, relation),
            HINT = 'install_gate(..., held => ''another name'')';
    END IF;

    -- as in the table; messages sealed, so bytes; what is generated will be again
    FOR col IN
        SELECT a.attname AS name, CASE WHEN a.attname = ANY (message_columns) THEN 'bytea' ELSE format_type(a.atttypid, a.atttypmod) END AS type,
               CASE WHEN a.attname = ANY (message_columns) THEN 'bytea'::regtype ELSE a.atttypid END AS type_oid,
               CASE WHEN a.attcollation <> 0 AND a.attcollation <> t.typcollation AND a.attname <> ALL (message_columns)
                    THEN format(' COLLATE %I.%I', n.nspname, l.collname) ELSE '' END AS collation,
               h.atttypid AS held_type
        FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
        LEFT JOIN pg_collation l ON l.oid = a.attcollation LEFT JOIN pg_namespace n ON n.oid = l.collnamespace
        LEFT JOIN pg_attribute h ON h.attrelid = there.oid AND h.attname = a.attname AND NOT h.attisdropped
        WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
        ORDER BY a.attnum
    LOOP
        IF col.held_type IS NULL THEN
            EXECUTE format('ALTER TABLE %s ADD COLUMN %I %s%s', full_name, col.name, col.type, col.collation);
        ELSIF col.held_type <> col.type_oid THEN
            RAISE EXCEPTION USING
                ERRCODE = 'datatype_mismatch',
                MESSAGE = format('column %I of held table %s is not of type %s', col.name, full_name, col.type),
                HINT = 'install_gate(..., held => ''another name''): what is held already stays where it is.';
        END IF;
    END LOOP;
    RETURN full_name;
END
$$;
COMMENT ON FUNCTION protaddr.make_held(regclass, text, name[]) IS
'Part of protaddr.install_gate(), with the rights of who calls it: makes the table that holds a gated table''s rows, or adds the columns that it lacks, and gives its name, qualified and quoted. It belongs to the table''s owner, and nobody else has a right on it. Raises 42701, 42P07, 42804, 42602.';

CREATE FUNCTION protaddr.install_gate(
    relation regclass,
    channel text DEFAULT NULL,
    subject name DEFAULT NULL,
    channel_column name DEFAULT NULL,
    amount name DEFAULT NULL,
    currency name DEFAULT NULL,
    currency_code text DEFAULT NULL,
    payee name DEFAULT NULL,
    persons jsonb DEFAULT NULL,
    messages jsonb DEFAULT NULL,
    held text DEFAULT NULL
) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    kind "char" := (SELECT c.relkind FROM pg_class c WHERE c.oid = relation);
    alter_table text;
    used_column pg_attribute;
    pair record;
    message_columns name[] := '{}';
    culprit record;
    arguments text[] := '{}';
    unchecked text;
    filled boolean := false;
    stored_column name;
    gate_trigger text;
    people_column name;
    unknown_rows bigint;
BEGIN
    IF kind IS NULL OR kind NOT IN ('r', 'p', 'f') THEN
        RAISE EXCEPTION USING
            ERRCODE = 'wrong_object_type',
            MESSAGE = 'a gate can be installed only on a table';
    END IF;
    IF kind <> 'p' AND EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = relation) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'feature_not_supported',
            MESSAGE = format('%s has tables that inherit from it', relation),
            DETAIL = 'They would have no gate, so every row would be refused.',
            HINT = 'ALTER TABLE ... NO INHERIT, or use partitions.';
    END IF;
    IF (channel IS NULL) = (channel_column IS NULL) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = CASE WHEN channel IS NULL THEN 'there is no such channel' ELSE 'channel and channel_column cannot be used together' END,
            HINT = CASE WHEN channel IS NULL THEN 'Give a channel of protaddr.channel, or channel_column if each row names its own.' ELSE '' END;
    END IF;
    IF channel IS NOT NULL AND NOT EXISTS (SELECT FROM protaddr.channel c
        WHERE c.channel = install_gate.channel AND c.valid_from <= now() AND now() < c.valid_to) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'there is no such channel',
            HINT = 'See protaddr.channel for the channels that exist.';
    END IF;
    IF EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = relation
               AND t.tgfoid IN ('protaddr.gate_row()'::regprocedure, 'protaddr.gate_check()'::regprocedure)) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'duplicate_object',
            MESSAGE = format('%s already has a gate', relation),
            HINT = 'protaddr.remove_gate() removes it.';
    END IF;

    -- the columns, as pairs of trigger arguments
    IF channel IS NOT NULL THEN
        arguments := arguments || ARRAY['channel', channel];
    ELSE
        used_column := protaddr.gate_column(relation, channel_column, 'channel');
        arguments := arguments || ARRAY['channel_column', channel_column::text];
    END IF;
    IF subject IS NOT NULL THEN
        used_column := protaddr.gate_column(relation, subject, 'subject');
        arguments := arguments || ARRAY['subject', subject::text];
    ELSIF messages IS NULL OR persons IS NOT NULL
          OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
                     AND protaddr.address_column(a.atttypid) IS NOT NULL) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'undefined_column',
            MESSAGE = format('%s has no such column', relation),
            DETAIL = 'A gate needs a subject unless the table has messages and no addresses.',
            HINT = 'install_gate(table, channel, subject => column that names the person whose addresses the row holds)';
    END IF;
    IF amount IS NOT NULL THEN
        used_column := protaddr.gate_column(relation, amount, 'amount');
        arguments := arguments || ARRAY['amount', amount::text];
    END IF;
    IF num_nonnulls(currency, currency_code) > 1 OR (amount IS NULL) <> (num_nonnulls(currency, currency_code) = 0) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'amount and currency must be given together',
            HINT = 'install_gate(..., amount => column, currency => column), or currency_code => ''EUR'' if it is the same for every row.';
    END IF;
    IF currency IS NOT NULL THEN
        used_column := protaddr.gate_column(relation, currency, 'currency');
        arguments := arguments || ARRAY['currency', currency::text];
    ELSIF currency_code !~ '^[A-Z]{3}$' THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'a currency code has three capital letters';
    ELSIF currency_code IS NOT NULL THEN
        arguments := arguments || ARRAY['currency_code', currency_code];
    END IF;
    IF payee IS NOT NULL THEN
        used_column := protaddr.gate_column(relation, payee, 'payee');
        arguments := arguments || ARRAY['payee', payee::text];
    END IF;
    IF jsonb_typeof(persons) <> 'object' OR jsonb_typeof(messages) <> 'object'
       OR EXISTS (SELECT FROM jsonb_each(persons) e WHERE jsonb_typeof(e.value) <> 'string')
       OR EXISTS (SELECT FROM jsonb_each(messages) e WHERE jsonb_typeof(e.value) <> 'string' OR e.value #>> '{}' NOT IN ('xml', 'mt', 'json')) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'persons or messages has an invalid form',
            HINT = 'persons => ''{"address column": "column that names its person"}'', messages => ''{"column": "xml"}'', or "mt" or "json".';
    END IF;
    IF (SELECT count(*) FROM jsonb_object_keys(persons)) > 32 OR (SELECT count(*) FROM jsonb_object_keys(messages)) > 32 THEN
        RAISE EXCEPTION USING ERRCODE = 'program_limit_exceeded', MESSAGE = 'a gate has at most 32 persons and 32 messages';
    END IF;
    FOR pair IN SELECT e.key, e.value FROM jsonb_each_text(persons) e ORDER BY e.key COLLATE "C" LOOP
        used_column := protaddr.gate_column(relation, pair.key, 'address');
        used_column := protaddr.gate_column(relation, pair.value, 'person');
        arguments := arguments || ARRAY['address', pair.key, 'of', pair.value];
    END LOOP;
    FOR pair IN SELECT e.key, e.value FROM jsonb_each_text(messages) e ORDER BY e.key COLLATE "C" LOOP
        used_column := protaddr.gate_column(relation, pair.key, 'message');
        IF pair.value <> 'json' AND used_column.atttypid IN ('json'::regtype, 'jsonb'::regtype)
           OR pair.value <> 'xml' AND used_column.atttypid = 'xml'::regtype THEN
            RAISE EXCEPTION USING
                ERRCODE = 'datatype_mismatch',
                MESSAGE = format('column %I of %s cannot hold messages of format %s', pair.key, relation, pair.value);
        END IF;
        message_columns := message_columns || pair.key::name;
        arguments := arguments || ARRAY['message', pair.key, 'format', pair.value];
    END LOOP;

    SELECT a.attname AS name INTO culprit FROM pg_attribute a
    WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
      AND protaddr.address_column(a.atttypid) = 'inside' ORDER BY a.attnum LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'feature_not_supported',
            MESSAGE = format('column %I of %s holds addresses inside an array or composite', culprit.name, relation),
            DETAIL = 'A gate cannot release such values.',
            HINT = 'Give each address a column of its own, of type protaddr.address.';
    END IF;
    -- by the channel as it is now, or by a change that is entered already
    SELECT a.attname AS name, c.channel INTO culprit
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid, protaddr.channel c
    WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
      AND protaddr.address_column(a.atttypid) = 'address' AND (a.attnotnull OR t.typnotnull)
      AND (install_gate.channel IS NULL OR c.channel = install_gate.channel) AND c.valid_to > now() AND protaddr.channel_actions(c) && '{withhold,minimum}'
    ORDER BY a.attnum, c.channel LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('column %I of %s is NOT NULL, but channel "%s" withholds', culprit.name, relation, culprit.channel),
            DETAIL = 'A withheld address is NULL, so such a payment could not be stored.',
            HINT = format('ALTER TABLE %s ALTER COLUMN %I DROP NOT NULL, or use a channel that blocks or holds, unknown people too.', relation, culprit.name);
    END IF;
    -- BEFORE ROW (2 | 1), and by its name after the gate's
    SELECT t.tgname AS name, t.tgrelid::regclass AS relation INTO culprit
    FROM pg_trigger t
    WHERE t.tgrelid IN (SELECT relation UNION SELECT p.relid FROM pg_partition_tree(relation) p)
      AND NOT t.tgisinternal AND t.tgenabled <> 'D' AND t.tgtype & 3 = 3 AND t.tgtype & 20 <> 0 AND t.tgname::text COLLATE "C" > 'zz_protaddr_gate'
    ORDER BY t.tgname LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('trigger %I of %s would fire after the gate', culprit.name, culprit.relation),
            DETAIL = 'Triggers before the row fire by name, and the gate must see the row as the other triggers leave it.',
            HINT = format('ALTER TRIGGER %I ON %s RENAME TO a name before zz_protaddr_gate.', culprit.name, culprit.relation);
    END IF;

    -- Unless no row can be held, somewhere to hold it.  A name once made is kept: a later rule may hold.
    IF held IS NOT NULL OR EXISTS (SELECT FROM protaddr.channel c
        WHERE (install_gate.channel IS NULL OR c.channel = install_gate.channel) AND c.valid_to > now() AND 'hold' = ANY (protaddr.channel_actions(c))) THEN
        arguments := arguments || ARRAY['held', protaddr.make_held(relation, held, message_columns)];
    END IF;

    alter_table := CASE kind WHEN 'f' THEN 'ALTER FOREIGN TABLE' ELSE 'ALTER TABLE' END;
    -- zz: triggers fire in the order of their names, and the gate must be the last
    FOR pair IN SELECT t.* FROM (VALUES
        ('zz_protaddr_gate', 'BEFORE INSERT OR UPDATE', 'ROW', 'gate_row', arguments),
        ('zz_protaddr_gate_check', 'AFTER INSERT OR UPDATE', 'ROW', 'gate_check', arguments),
        ('zz_protaddr_gate_summary', 'AFTER INSERT', 'STATEMENT', 'gate_summary', '{}'::text[])) t(name, fires, level, function, arguments)
    LOOP
        gate_trigger := pair.name;
        EXECUTE format('CREATE TRIGGER %I %s ON %s FOR EACH %s EXECUTE FUNCTION protaddr.%I(%s)', gate_trigger, pair.fires, relation, pair.level, pair.function,
                       (SELECT string_agg(quote_literal(a.value), ', ' ORDER BY a.n) FROM unnest(pair.arguments) WITH ORDINALITY a(value, n)));
        EXECUTE format('%s %s ENABLE ALWAYS TRIGGER %I', alter_table, relation, gate_trigger);
    END LOOP;

    IF num_nulls(amount, payee) > 0 AND EXISTS (SELECT FROM protaddr.channel c
        WHERE (install_gate.channel IS NULL OR c.channel = install_gate.channel) AND c.valid_to > now() AND c.small_amount IS NOT NULL)
       AND (channel IS NOT NULL OR amount IS NULL) THEN
        IF amount IS NULL THEN
            RAISE NOTICE 'the amounts in % are not known: the stricter of the rules for small and other amounts applies', relation
                USING HINT = 'install_gate(..., amount => column, currency => column, payee => column)';
        ELSE
            RAISE NOTICE 'the payees in % are not known: transfers are not linked, so each counts alone', relation
                USING HINT = 'install_gate(..., payee => column)';
        END IF;
    END IF;
    IF num_nulls(amount, payee) = 0 AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = relation AND i.indisprimary)
       AND EXISTS (SELECT FROM protaddr.channel c
           WHERE (install_gate.channel IS NULL OR c.channel = install_gate.channel) AND c.valid_to > now() AND c.linked_within IS NOT NULL) THEN
        RAISE NOTICE '% has no primary key: a linked transfer that is updated counts alone', relation
            USING HINT = 'With a primary key, a row that is updated or moves to another partition is known to be the same transfer.';
    END IF;
    unchecked := (SELECT string_agg(quote_ident(g.column_name), ', ' ORDER BY g.column_name)
                  FROM protaddr.unchecked_columns(relation) g
                  WHERE g.column_name <> ALL (message_columns || array_remove(ARRAY[subject, channel_column, currency, payee], NULL))
                    AND g.column_name <> ALL (SELECT e.value::name FROM jsonb_each_text(coalesce(persons, '{}')) e));
    IF unchecked IS NOT NULL THEN
        RAISE NOTICE 'the gate of % does not check these columns, which could hold an address as text: %', relation, unchecked;
    END IF;
    FOR stored_column IN
        SELECT a.attname FROM pg_attribute a
        WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
          AND (protaddr.address_column(a.atttypid) = 'address' OR a.attname = ANY (message_columns))
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE %I IS NOT NULL)', relation, stored_column) INTO filled;
        EXIT WHEN filled;
    END LOOP;
    IF filled THEN
        RAISE NOTICE 'rows that are already in % were not checked', relation
            USING HINT = 'protaddr.verify_gate() finds what is not released, and says what an UPDATE of the row would do: an address that the channel withholds is then gone from the row.';
    END IF;
    -- who may not ask of single people is not told of them
    IF has_function_privilege('protaddr.unknown_people(regclass, name)', 'EXECUTE') THEN
        FOR people_column IN SELECT subject WHERE subject IS NOT NULL UNION SELECT e.value::name FROM jsonb_each_text(persons) e ORDER BY 1 LOOP
            BEGIN
                unknown_rows := protaddr.unknown_people(relation, people_column);
            EXCEPTION WHEN string_data_right_truncation THEN
                -- a value too long to name anybody: verify_gate() finds its row
                unknown_rows := NULL;
            END;
            IF unknown_rows > 0 THEN
                RAISE NOTICE 'no register has told of the person that column % names: in % rows of %', quote_ident(people_column), unknown_rows, relation
                    USING HINT = 'Load a register that lists them, or link their identifiers: protaddr.link_identity(). Until then their addresses are treated by the channel''s rule when_unknown.';
            END IF;
        END LOOP;
    END IF;
END
$$;
REVOKE ALL ON FUNCTION protaddr.install_gate(regclass, text, name, name, name, name, text, name, jsonb, jsonb, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.install_gate(regclass, text, name, name, name, name, text, name, jsonb, jsonb, text) IS
'Puts the gate on an outbound table: whatever is written, each address column is released for the channel, or withheld (NULL), reduced, held or refused as protaddr.channel says. channel: for every row, or channel_column: the column that names it. subject: the column with the payer''s identifier; a row where it is NULL has its addresses withheld. persons: address columns that are somebody else''s, {"address column": "column that names the person"}. amount, currency (a column) or currency_code, and payee (a column): what tells a small amount; without them the stricter rule counts. messages: columns with payment messages, {"column": "xml" (ISO 20022), "mt" (SWIFT MT) or "json"}, of type xml, text, varchar, bytea, json or jsonb. held: the name of the table that holds rows, else the table''s with _held; made, for the table''s owner alone, if the channel, now or by a change entered already, can hold, or if held is given. Three triggers, ENABLE ALWAYS, on partitions too. The caller must own the table. Refuses (55000) a NOT NULL address column for a channel that withholds, and a trigger that would fire after the gate, and (0A000) a table that others inherit from; names in a NOTICE the text, XML, JSON and bytea columns that it does not check; tells who may ask protaddr.unknown_people() how many rows name a person of whom no register has told. Raises 22023, 42602, 42701, 42703, 42710, 42804, 42809, 42P07, 54000, 0A000.';

CREATE FUNCTION protaddr.release_held(relation regclass, held_id bigint, reason text, action text DEFAULT 'withhold') RETURNS void
    AS 'MODULE_PATHNAME', 'protaddr_release_held' LANGUAGE C VOLATILE CALLED ON NULL INPUT;
REVOKE ALL ON FUNCTION protaddr.release_held(regclass, bigint, text, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.release_held(regclass, bigint, text, text) IS
'Sends a held row on its way: it is inserted into its gated table, through the gate and every other trigger, with the rights of the table''s owner. action: what happens to the addresses that held it: withhold, minimum, substitute or disclose (on record in protaddr.disclosure, with the reason). Where the channel''s rule for the address no longer holds it, that rule counts: of people free meanwhile the address leaves whole. If the insert fails, the row stays held. Needs EXECUTE and no right on the tables; whoever has it decides what leaves. Raises 22004 without a reason, 22023 for an action there is not, 42809 for a table without a gate, 23PA1 if another trigger changes on the way what the gate asks, 55000 if no such row waits or if another gate has held it, XX001 if somebody has changed it since it was held.';
CREATE FUNCTION protaddr.reject_held(relation regclass, held_id bigint, reason text) RETURNS void
    AS 'MODULE_PATHNAME', 'protaddr_reject_held' LANGUAGE C VOLATILE CALLED ON NULL INPUT;
REVOKE ALL ON FUNCTION protaddr.reject_held(regclass, bigint, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.reject_held(regclass, bigint, text) IS
'Decides that a held row does not leave. It stays in the held table, as rejected. Needs EXECUTE. Raises as protaddr.release_held().';
CREATE FUNCTION protaddr.held_rows(
    relation regclass DEFAULT NULL,
    OUT of_table regclass, OUT held_id bigint, OUT held_at timestamptz, OUT held_by text, OUT operation text, OUT channel text, OUT why text,
    OUT status text, OUT decided_at timestamptz, OUT decided_by text, OUT decided_action text
) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'protaddr_held_rows' LANGUAGE C VOLATILE CALLED ON NULL INPUT;
REVOKE ALL ON FUNCTION protaddr.held_rows(regclass) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.held_rows(regclass) IS
'The held rows of a gated table, or of all if NULL: where, since when, through which channel, why, and what became of them (status: held, released, rejected), without a value of any. Needs EXECUTE and no right on the tables.';

CREATE FUNCTION protaddr.verify_gate(
    relation regclass, continue_in regclass DEFAULT NULL, after tid DEFAULT NULL,
    OUT partition regclass, OUT row_tid tid, OUT column_name name, OUT problem text, OUT if_updated text, OUT because text
) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'protaddr_verify_gate' LANGUAGE C VOLATILE CALLED ON NULL INPUT;
REVOKE ALL ON FUNCTION protaddr.verify_gate(regclass, regclass, tid) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.verify_gate(regclass, regclass, tid) IS
'Reads all rows of a gated table, its partitions and inheriting tables, and gives a row for each address or message that is not released for its channel by the register as it is now; no rows if all is well. Shows no value. Amounts are not weighed again. if_updated: what an UPDATE that sends the row through the gate again would do with the address or message: leave, reduce (a message), minimum, substitute, withhold (it becomes NULL), disclose (on record), hold or block (the UPDATE is refused); because: by which rule. Both NULL where that is not known. row_tid: NULL of a foreign table. Takes as long as reading the table and opening each address does; says every 5 seconds how far it is (protaddr.verify_progress); locks out no writer. Cancelled, it says where to go on: continue_in and after. Needs EXECUTE, and SELECT on the table. Raises 42501, also if a policy hides rows; 42809 for a table without a gate; 22023.';

CREATE VIEW protaddr.verify_progress AS
SELECT c.pid, a.usename AS verified_by, c.relid::regclass AS relation, c.param13::oid::regclass AS partition,
       date_trunc('second', clock_timestamp() - a.query_start) AS running,
       c.param11 AS rows,
       round(c.param11 / greatest(extract(epoch FROM clock_timestamp() - a.query_start), 0.001)) AS rows_per_second,
       c.param12 AS problems
FROM pg_stat_get_progress_info('COPY') c JOIN pg_stat_activity a USING (pid)
WHERE c.param16 = 1 AND a.datname = current_database();
GRANT SELECT ON protaddr.verify_progress TO pg_monitor;
COMMENT ON VIEW protaddr.verify_progress IS 'Running verifications, to watch from another session.';
COMMENT ON COLUMN protaddr.verify_progress.pid IS 'Process that verifies.';
COMMENT ON COLUMN protaddr.verify_progress.verified_by IS 'Login role.';
COMMENT ON COLUMN protaddr.verify_progress.relation IS 'The gated table.';
COMMENT ON COLUMN protaddr.verify_progress.partition IS 'The partition that is being read, or the table itself.';
COMMENT ON COLUMN protaddr.verify_progress.running IS 'How long its statement has run.';
COMMENT ON COLUMN protaddr.verify_progress.rows IS 'Rows verified so far.';
COMMENT ON COLUMN protaddr.verify_progress.rows_per_second IS 'The rate.';
COMMENT ON COLUMN protaddr.verify_progress.problems IS 'Problems so far.';

CREATE FUNCTION protaddr.unchecked_type(type oid) RETURNS boolean
    AS 'MODULE_PATHNAME', 'protaddr_unchecked_type' LANGUAGE C STRICT STABLE PARALLEL SAFE;
COMMENT ON FUNCTION protaddr.unchecked_type(oid) IS
'Part of protaddr.unchecked_columns(): whether values of a type could hold an address as text, which no gate checks.';

CREATE FUNCTION protaddr.unchecked_columns(relation regclass, OUT column_name name, OUT type text) RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT a.attname, format_type(a.atttypid, a.atttypmod)
    FROM pg_attribute a
    WHERE a.attrelid = unchecked_columns.relation AND a.attnum > 0 AND NOT a.attisdropped
      AND protaddr.unchecked_type(a.atttypid)
    ORDER BY a.attname;
END;
COMMENT ON FUNCTION protaddr.unchecked_columns(regclass) IS
'The columns of a table that could hold an address as text and that a gate does not check: text types, XML, JSON, bytea, hstore, composites, and arrays and domains of these.';

CREATE TABLE protaddr.gate (
    relation oid PRIMARY KEY,
    relation_name text NOT NULL,
    arguments bytea NOT NULL,
    installed_at timestamptz NOT NULL,
    installed_by text NOT NULL
);
COMMENT ON TABLE protaddr.gate IS
'The tables whose gate was complete once, so that a gate is missed even if its triggers were removed unnoticed. Only gates write it, and no role can by SQL. Not dumped: a restored gate enters itself.';
COMMENT ON COLUMN protaddr.gate.relation IS 'The outbound table.';
COMMENT ON COLUMN protaddr.gate.relation_name IS 'Its qualified name. If the relation with this OID has another name, it is another table, and the gated one was dropped unnoticed.';
COMMENT ON COLUMN protaddr.gate.arguments IS 'The arguments of its triggers, as pg_trigger has them.';
COMMENT ON COLUMN protaddr.gate.installed_at IS 'When the gate was entered.';
COMMENT ON COLUMN protaddr.gate.installed_by IS 'Login role of the session that entered it.';
CREATE TRIGGER own_table_changed BEFORE INSERT OR UPDATE OR DELETE ON protaddr.gate
    FOR EACH ROW EXECUTE FUNCTION protaddr.own_table_changed();
CREATE TRIGGER own_table_truncated BEFORE TRUNCATE ON protaddr.gate
    FOR EACH STATEMENT EXECUTE FUNCTION protaddr.own_table_changed();
ALTER TABLE protaddr.gate ENABLE ALWAYS TRIGGER own_table_changed;
ALTER TABLE protaddr.gate ENABLE ALWAYS TRIGGER own_table_truncated;
REVOKE ALL ON protaddr.gate FROM PUBLIC;

CREATE TABLE protaddr.gate_change (
    -- no key: a parallel restore may add rows of gates before those of the dump are there
    id bigint GENERATED BY DEFAULT AS IDENTITY,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_by text NOT NULL DEFAULT session_user,
    relation text NOT NULL,
    what text NOT NULL CONSTRAINT gate_change_what CHECK (what IN ('installed', 'removed', 'dropped')),
    detail text
);
COMMENT ON TABLE protaddr.gate_change IS
'Installed and removed gates. Rows are added, never changed or removed. A gate that is restored from a dump counts as installed.';
COMMENT ON COLUMN protaddr.gate_change.id IS 'Number of the row.';
COMMENT ON COLUMN protaddr.gate_change.changed_at IS 'When.';
COMMENT ON COLUMN protaddr.gate_change.changed_by IS 'Login role.';
COMMENT ON COLUMN protaddr.gate_change.relation IS 'Name of the outbound table at that time.';
COMMENT ON COLUMN protaddr.gate_change.what IS 'installed; removed by protaddr.remove_gate(); dropped with its table.';
COMMENT ON COLUMN protaddr.gate_change.detail IS 'The gate''s arguments: pairs of a key and a value.';
CREATE TRIGGER own_table_changed BEFORE INSERT OR UPDATE OR DELETE ON protaddr.gate_change
    FOR EACH ROW EXECUTE FUNCTION protaddr.own_table_changed();
CREATE TRIGGER own_table_truncated BEFORE TRUNCATE ON protaddr.gate_change
    FOR EACH STATEMENT EXECUTE FUNCTION protaddr.own_table_changed();
ALTER TABLE protaddr.gate_change ENABLE ALWAYS TRIGGER own_table_changed;
ALTER TABLE protaddr.gate_change ENABLE ALWAYS TRIGGER own_table_truncated;
REVOKE ALL ON protaddr.gate_change FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('protaddr.gate_change', '');
SELECT pg_catalog.pg_extension_config_dump('protaddr.gate_change_id_seq', '');

CREATE FUNCTION protaddr.remove_gate(relation regclass) RETURNS boolean
    AS 'MODULE_PATHNAME', 'protaddr_remove_gate' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION protaddr.remove_gate(regclass) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.remove_gate(regclass) IS
'Removes the gate of a table, complete or not; true if it had one. Stored rows do not change; the removal is recorded in protaddr.gate_change. The caller must own the table. Raises 42501, 42809 for a partition, which has the gate of its table.';
CREATE FUNCTION protaddr.gate_state(relation oid) RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_gate_state_sql' LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION protaddr.gate_state(oid) IS
'State of a table''s gate, its own or that of a table above it: none; whole; or broken, and then nothing can be written. Raises 42P01 if the table does not exist.';
CREATE FUNCTION protaddr.gates_are_kept() RETURNS boolean
    AS 'MODULE_PATHNAME', 'protaddr_gates_are_kept' LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION protaddr.gates_are_kept() IS
'True if protaddr is in shared_preload_libraries, so that gates are enforced in every session. Otherwise a session that has not used protaddr yet can remove a gate by DDL.';

CREATE VIEW protaddr.gate_status AS
SELECT g.relation, g.channel, g.subject,
       (SELECT array_agg(a.attname ORDER BY a.attname) FROM pg_attribute a
        WHERE a.attrelid = g.relation AND a.attnum > 0 AND NOT a.attisdropped
          AND protaddr.address_column(a.atttypid) = 'address') AS address_columns,
       (SELECT array_agg(u.column_name ORDER BY u.column_name) FROM protaddr.unchecked_columns(g.relation) u
        WHERE u.column_name <> ALL (coalesce(g.named, '{}'))) AS unchecked_columns,
       CASE WHEN g.functions <> 2 THEN 'incomplete: a trigger is missing'
            WHEN g.channel IS NOT NULL AND NOT EXISTS (SELECT FROM protaddr.channel c WHERE c.channel = g.channel) THEN 'its channel is gone'
            WHEN g.channel IS NOT NULL AND NOT EXISTS (SELECT FROM protaddr.channel c WHERE c.channel = g.channel AND c.valid_to > now()) THEN 'its channel has ended'
            WHEN g.channel IS NOT NULL AND NOT EXISTS (SELECT FROM protaddr.channel c WHERE c.channel = g.channel AND c.valid_from <= now() AND c.valid_to > now())
            THEN 'its channel is not in force yet'
            WHEN g.subject IS NOT NULL AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = g.relation AND a.attname = g.subject AND NOT a.attisdropped)
            THEN 'its subject column is gone or renamed'
            WHEN EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = g.relation AND a.attnum > 0 AND NOT a.attisdropped
                         AND protaddr.address_column(a.atttypid) = 'inside') THEN 'an address inside an array or composite'
            WHEN NOT g.always THEN 'not always enabled'
            WHEN EXISTS (SELECT FROM pg_partition_tree(g.relation) p
                         WHERE (SELECT count(DISTINCT t.tgfoid) FROM pg_trigger t
                                WHERE t.tgrelid = p.relid AND t.tgenabled = 'A'
                                  AND t.tgfoid IN ('protaddr.gate_row()'::regprocedure, 'protaddr.gate_check()'::regprocedure)) <> 2)
            THEN 'incomplete on a partition'
            WHEN EXISTS (SELECT FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhparent
                         WHERE i.inhparent = g.relation AND c.relkind = 'r') AND protaddr.gate_state(g.relation) <> 'whole'
            THEN 'not on a table that inherits from it'
            WHEN protaddr.gate_state(g.relation) <> 'whole' THEN 'not as it was installed'
            ELSE 'in place' END
       || CASE WHEN protaddr.gate_state(g.relation) = 'whole'
               AND (g.channel IS NULL OR EXISTS (SELECT FROM protaddr.channel c WHERE c.channel = g.channel AND c.valid_from <= now() AND c.valid_to > now()))
               AND (g.subject IS NULL OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = g.relation AND a.attname = g.subject AND NOT a.attisdropped))
               AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = g.relation AND a.attnum > 0 AND NOT a.attisdropped
                               AND protaddr.address_column(a.atttypid) = 'inside')
          THEN '' ELSE ': refuses every row' END AS status,
       protaddr.gates_are_kept() AS kept
FROM (SELECT t.relation::regclass AS relation,
             min(a.value) FILTER (WHERE a.key = 'channel') AS channel,
             min(a.value) FILTER (WHERE a.key = 'subject')::name AS subject,
             array_agg(a.value::name) FILTER (WHERE a.key IN ('channel_column', 'subject', 'of', 'amount', 'currency', 'payee', 'message')) AS named,
             count(DISTINCT t.tgfoid) AS functions,
             coalesce(bool_and(t.tgenabled = 'A'), false) AS always
      FROM (SELECT tgrelid AS relation, oid, tgfoid, tgenabled FROM pg_trigger
            WHERE tgfoid IN ('protaddr.gate_row()'::regprocedure, 'protaddr.gate_check()'::regprocedure) AND tgparentid = 0
            UNION ALL
            -- one whose triggers are gone
            SELECT r.relation, 0, NULL, NULL
            FROM protaddr.gate r JOIN pg_class c ON c.oid = r.relation JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE r.relation_name = format('%I.%I', n.nspname, c.relname)) t
      LEFT JOIN LATERAL (SELECT p.args[i] AS key, p.args[i + 1] AS value
                         FROM protaddr.trigger_arguments(t.oid) p(args), generate_series(1, cardinality(p.args), 2) i) a ON true
      GROUP BY t.relation) g
ORDER BY g.relation::text;
GRANT SELECT ON protaddr.gate_status TO PUBLIC;
COMMENT ON VIEW protaddr.gate_status IS 'The gates, from the catalogs; partitions are part of their table. How many rows name a person of whom no register has told: protaddr.unknown_people().';
COMMENT ON COLUMN protaddr.gate_status.relation IS 'The outbound table.';
COMMENT ON COLUMN protaddr.gate_status.channel IS 'The channel for which addresses are released; NULL: each row names its own.';
COMMENT ON COLUMN protaddr.gate_status.subject IS 'The column that names the payer; NULL: the table has only messages.';
COMMENT ON COLUMN protaddr.gate_status.address_columns IS 'The columns that the gate releases.';
COMMENT ON COLUMN protaddr.gate_status.unchecked_columns IS 'Columns that could hold an address as text and are not checked; NULL if none.';
COMMENT ON COLUMN protaddr.gate_status.status IS '"in place", or what is wrong.';
COMMENT ON COLUMN protaddr.gate_status.kept IS 'Whether the gate is enforced in every session: false while protaddr is not in shared_preload_libraries.';
