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
            MESSAGE = CASE WHEN column_name IS NULL THEN format('the column of %s that is the %s must be named', relation, what)
                           ELSE format('column "%s" of %s does not exist', column_name, relation) END,
            DETAIL = format('It should be the %s.', what),
            HINT = format('Columns: %s.', (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a
                                           WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped));
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
        -- types whose values every session reads and writes alike, and which are equal if their bytes are
        WHEN 'hold_column' THEN kind = 'e' OR base IN ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype, 'name'::regtype, 'int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'bool'::regtype, 'uuid'::regtype)
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
                WHEN 'hold_column' THEN 'A row that waits says so in a status column of type text, varchar, char, name, smallint, integer, bigint, boolean, uuid or an enum, and not generated.'
                ELSE 'A person is named by one identifier in a column of type text, varchar, char, smallint, integer, bigint, numeric or uuid, and not generated.' END;
    END IF;
    RETURN found_column;
END
$$;
COMMENT ON FUNCTION protaddr.gate_column(regclass, name, text) IS
'Part of protaddr.install_gate(), with the caller''s rights: a column that a gate is to use. Raises 42703 or 42804.';

CREATE FUNCTION protaddr.stored_as(relation regclass, column_name name, value text) RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_stored_as' LANGUAGE C STRICT VOLATILE;
COMMENT ON FUNCTION protaddr.stored_as(regclass, name, text) IS
'Part of protaddr.install_gate(): how a column would store a value, as text. Domains are asked with the rights of the table''s owner. The caller must own the table. Raises 42501, 42703, or what the column says of the value.';

CREATE FUNCTION protaddr.check_hold(relation regclass, hold_column name, hold_value text, used_columns name[], message_columns name[]) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    status pg_attribute := protaddr.gate_column(relation, hold_column, 'hold_column');
    stored text;
    culprit record;
BEGIN
    IF hold_column = ANY (used_columns || message_columns)
       OR EXISTS (SELECT FROM pg_index i WHERE i.indrelid = relation AND i.indisprimary AND status.attnum = ANY (i.indkey::int2[]))
       OR EXISTS (SELECT FROM pg_partition_tree(relation) p
                  JOIN pg_partitioned_table t ON t.partrelid = p.relid
                  JOIN pg_attribute a ON a.attrelid = t.partrelid AND a.attname = hold_column
                  WHERE a.attnum = ANY (t.partattrs::int2[])) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('column %I of %s cannot be hold_column', hold_column, relation),
            DETAIL = 'It has another meaning for the gate, or is part of the primary key or the partition key.',
            HINT = 'Use a status column that says nothing else.';
    END IF;
    BEGIN
        stored := protaddr.stored_as(relation, hold_column, hold_value);
        -- name cuts off what is too long, and a row would not be stored with it
        IF rtrim(stored, ' ') <> rtrim(hold_value, ' ')
           AND EXISTS (SELECT FROM pg_type t WHERE t.oid = status.atttypid AND t.typcategory = 'S') THEN
            RAISE EXCEPTION USING ERRCODE = '22001', MESSAGE = 'it is too long for its type';
        END IF;
    EXCEPTION WHEN OTHERS THEN
        RAISE EXCEPTION USING
            ERRCODE = SQLSTATE,
            MESSAGE = format('column %I of %s cannot hold the hold_value', hold_column, relation),
            DETAIL = SQLERRM;
    END;
    IF NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = relation AND i.indisprimary)
       OR EXISTS (SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::int2[])
                  WHERE i.indrelid = relation AND i.indisprimary AND (a.attgenerated <> '' OR protaddr.address_column(a.atttypid) IS NOT NULL OR a.attname = ANY (message_columns))) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('%s has no primary key by which a row held in place could be found', relation),
            HINT = 'Add a primary key that is not generated and holds no address or message; or leave out hold_column: rows are held aside.';
    END IF;
    SELECT a.attname AS name INTO culprit
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped AND (a.attnotnull OR t.typnotnull)
      AND (protaddr.address_column(a.atttypid) = 'address' OR a.attname = ANY (message_columns))
    ORDER BY a.attnum LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('column %I of %s is NOT NULL, but a row held in place has no value in it', culprit.name, relation),
            HINT = format('ALTER TABLE %s ALTER COLUMN %I DROP NOT NULL; or leave out hold_column: rows are held aside.', relation, culprit.name);
    END IF;
END
$$;
COMMENT ON FUNCTION protaddr.check_hold(regclass, name, text, name[], name[]) IS
'Part of protaddr.install_gate(), with the caller''s rights: whether rows of a table can wait in place, with this value in this column. Raises 22023, 42703, 42804, 55000, or what the column says of the value.';

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
    hold_column name DEFAULT NULL,
    hold_value text DEFAULT NULL,
    ignore jsonb DEFAULT NULL,
    encodings jsonb DEFAULT NULL
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
    PERFORM protaddr.lock_own_table(relation);
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
            MESSAGE = CASE WHEN channel IS NULL THEN 'a gate needs a channel or a channel_column' ELSE 'channel and channel_column cannot be used together' END,
            HINT = 'channel: the same for every row; channel_column: each row names its own.';
    END IF;
    IF channel IS NOT NULL AND NOT EXISTS (SELECT FROM protaddr.channel c
        WHERE c.channel = install_gate.channel AND c.valid_from <= now() AND now() < c.valid_to) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('channel "%s" does not exist', channel),
            HINT = format('Channels: %s.', (SELECT string_agg(DISTINCT c.channel, ', ' ORDER BY c.channel) FROM protaddr.channel c
                                            WHERE c.valid_from <= now() AND now() < c.valid_to));
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
            MESSAGE = format('the subject column of %s must be named', relation),
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

    IF jsonb_typeof(ignore) <> 'object' OR EXISTS (SELECT FROM jsonb_each(ignore) e WHERE jsonb_typeof(e.value) <> 'string' OR e.value #>> '{}' !~ '\S')
       OR (SELECT count(*) FROM jsonb_object_keys(ignore)) > 32 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'ignore has an invalid form',
            HINT = 'ignore => ''{"column": "why nobody need look for addresses in it"}'', for at most 32 columns.';
    END IF;
    FOR pair IN SELECT e.key, e.value FROM jsonb_each_text(ignore) e ORDER BY e.key COLLATE "C" LOOP
        IF NOT EXISTS (SELECT FROM protaddr.text_columns(relation) c WHERE c.column_name = pair.key) THEN
            RAISE EXCEPTION USING
                ERRCODE = 'undefined_column',
                MESSAGE = format('%s has no column %I that could hold an address as text', relation, pair.key),
                HINT = format('Columns that could: %s.', (SELECT string_agg(quote_ident(c.column_name), ', ' ORDER BY c.column_name) FROM protaddr.text_columns(relation) c));
        END IF;
        arguments := arguments || ARRAY['ignore', pair.key, 'because', pair.value];
    END LOOP;

    IF jsonb_typeof(encodings) <> 'object' OR EXISTS (SELECT FROM jsonb_each(encodings) e WHERE jsonb_typeof(e.value) <> 'string' OR NOT protaddr.text_encoding_known(e.value #>> '{}'))
       OR (SELECT count(*) FROM jsonb_object_keys(encodings)) > 32 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'encodings has an invalid form, or an encoding that does not exist',
            HINT = 'encodings => ''{"column": "UTF-16LE"}'', for at most 32 columns; iconv --list names the encodings.';
    END IF;
    FOR pair IN SELECT e.key, e.value FROM jsonb_each_text(encodings) e ORDER BY e.key COLLATE "C" LOOP
        IF NOT EXISTS (SELECT FROM protaddr.text_columns(relation) c WHERE c.column_name = pair.key AND c.type IN ('bytea', 'bytea[]')) THEN
            RAISE EXCEPTION USING
                ERRCODE = 'datatype_mismatch',
                MESSAGE = format('%s has no column %I of type bytea', relation, pair.key),
                HINT = 'Text in other columns is in the encoding of the database.';
        END IF;
        arguments := arguments || ARRAY['encoding', pair.key, 'is', pair.value];
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

    IF num_nonnulls(hold_column, hold_value) = 1 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'a gate that holds rows in place needs both hold_column and hold_value',
            HINT = 'install_gate(..., hold_column => ''status'', hold_value => ''held'')';
    END IF;
    IF hold_column IS NOT NULL THEN
        PERFORM protaddr.check_hold(relation, hold_column, hold_value,
            array_remove(ARRAY[subject, channel_column, amount, currency, payee], NULL)
            || ARRAY(SELECT e.value::name FROM jsonb_each_text(coalesce(persons, '{}')) e), message_columns);
        arguments := arguments || ARRAY['hold_column', hold_column::text, 'hold_value', hold_value];
    END IF;

    alter_table := CASE kind WHEN 'f' THEN 'ALTER FOREIGN TABLE' ELSE 'ALTER TABLE' END;
    -- zz: triggers fire in the order of their names, and the gate must be the last
    FOR pair IN SELECT t.* FROM (VALUES
        ('zz_protaddr_gate', 'BEFORE INSERT OR UPDATE', 'ROW', 'gate_row', arguments),
        ('zz_protaddr_gate_check', 'AFTER INSERT OR UPDATE', 'ROW', 'gate_check', arguments),
        ('zz_protaddr_gate_summary', CASE WHEN hold_column IS NULL THEN 'AFTER INSERT' ELSE 'AFTER INSERT OR UPDATE' END, 'STATEMENT', 'gate_summary', '{}'::text[])) t(name, fires, level, function, arguments)
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
            USING HINT = 'protaddr.verify_gate() finds what is not released. protaddr.regate() sends it through the gate, which can be undone; protaddr.regate_dry_run() says before what would become of it.';
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
                RAISE NOTICE 'column % of %: % rows name a person whom no register lists', quote_ident(people_column), relation, unknown_rows
                    USING HINT = 'Load a register that lists them, or link their identifiers: protaddr.link_identity(). Until then their addresses are treated by the channel''s rule when_unknown.';
            END IF;
        END LOOP;
    END IF;
END
$$;
REVOKE ALL ON FUNCTION protaddr.install_gate(regclass, text, name, name, name, name, text, name, jsonb, jsonb, name, text, jsonb, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.install_gate(regclass, text, name, name, name, name, text, name, jsonb, jsonb, name, text, jsonb, jsonb) IS
'Puts the gate on an outbound table: in every row written, each address is released for the row''s channel, withheld (NULL), reduced, held or refused, as protaddr.channel says. channel: the channel of every row; or channel_column: the column that names it. subject: the column with the payer''s identifier; where it is NULL, the row''s addresses are withheld. persons: address columns of somebody else than the payer, {"address column": "column that names the person"}. amount, payee, and currency (a column) or currency_code: needed to recognise small amounts; without them the stricter rule applies. payee is also part of what a decision on a held row covers; without it, a change of any column that could name somebody makes it another payment. messages: columns with payment messages, {"column": "xml" (ISO 20022), "mt" (SWIFT MT) or "json"}, of type xml, text, varchar, bytea, json or jsonb. Rows that the channel holds wait in protaddr.held. Held aside (the default), the row is not stored and the statement counts 0 for it. Held in place (hold_column and hold_value), the row is stored at once without its addresses and messages and with hold_value in hold_column; carrying out a decision puts back its own status and what is missing. In place needs a primary key and nullable address and message columns. Three triggers, ENABLE ALWAYS, on partitions too. The caller must own the table. Refused are a NOT NULL address column for a channel that withholds and a trigger that would fire after the gate (55000), and a table that others inherit from (0A000). Every other column that could hold an address as text (protaddr.text_columns) is looked through for protected addresses, also the messages once they are rewritten, and across columns: what is surely one is treated as the channel says, taken out by [address withheld] if it withholds; what is doubtful, or cannot be taken out, is held or refused by the channel''s when_unreadable. ignore: columns left out, {"column": "reason"}. encodings: columns with bytes that are text in an encoding which does not hold ASCII as it is, {"column": "IBM277"}; UTF-16 is recognised without it. A NOTICE counts the rows that name a person whom no register lists (for callers with EXECUTE on protaddr.unknown_people()). Raises 22023, 42703, 42710, 42804, 42809, 54000, 0A000.';

CREATE TABLE protaddr.held (
    held_id bigint PRIMARY KEY,
    held_at timestamptz NOT NULL,
    held_by text NOT NULL,
    relation text COLLATE "C" NOT NULL,
    operation text NOT NULL CONSTRAINT held_operation CHECK (operation IN ('INSERT', 'UPDATE')),
    mode text NOT NULL CONSTRAINT held_mode CHECK (mode IN ('aside', 'in place')),
    row_key jsonb,
    channel text NOT NULL,
    payer text,
    payee text,
    amount numeric,
    currency text,
    why text NOT NULL,
    place bytea,
    sealed bytea NOT NULL
);
COMMENT ON TABLE protaddr.held IS
'Rows of gated tables that wait for a decision, and those decided: each sealed whole, with what stands beside it in clear. Written by gates alone; rows are added, never changed or removed, and no role has a right on it. See protaddr.held_rows().';
COMMENT ON COLUMN protaddr.held.held_id IS 'Number of the held row, random.';
COMMENT ON COLUMN protaddr.held.held_at IS 'When it was held.';
COMMENT ON COLUMN protaddr.held.held_by IS 'Login role that wrote the row.';
COMMENT ON COLUMN protaddr.held.relation IS 'The gated table, qualified and quoted.';
COMMENT ON COLUMN protaddr.held.operation IS 'INSERT or UPDATE: what was held.';
COMMENT ON COLUMN protaddr.held.mode IS 'aside: the row is not in its table; in place: it is, without what is sealed.';
COMMENT ON COLUMN protaddr.held.row_key IS 'The row''s primary key; NULL if the table has none.';
COMMENT ON COLUMN protaddr.held.channel IS 'The channel that holds it.';
COMMENT ON COLUMN protaddr.held.payer IS 'Whom the row''s subject column names, as the register knows them.';
COMMENT ON COLUMN protaddr.held.payee IS 'Whom its payee column names; NULL if the gate was given none.';
COMMENT ON COLUMN protaddr.held.amount IS 'Its amount; NULL if the gate was given none.';
COMMENT ON COLUMN protaddr.held.currency IS 'The currency of the amount.';
COMMENT ON COLUMN protaddr.held.why IS 'Which columns hold it, and by which rule.';
COMMENT ON COLUMN protaddr.held.place IS 'Digest of table and key, to find the row by; NULL without a key.';
COMMENT ON COLUMN protaddr.held.sealed IS 'Every column of the row as proposed, with all that stands beside it here: what differs counts for nothing.';
CREATE INDEX held_relation ON protaddr.held (relation);
COMMENT ON INDEX protaddr.held_relation IS 'Held rows by table.';
CREATE INDEX held_place ON protaddr.held (place);
COMMENT ON INDEX protaddr.held_place IS 'Held rows by the row in its table.';

CREATE TABLE protaddr.held_decision (
    decision_id bigint PRIMARY KEY,
    held_id bigint NOT NULL,
    follows bigint,
    what text NOT NULL CONSTRAINT held_decision_what CHECK (what IN ('release', 'reject', 'carry out', 'replace')),
    action text CONSTRAINT held_decision_action CHECK (action IN ('withhold', 'minimum', 'substitute', 'disclose')),
    reason text,
    decided_at timestamptz NOT NULL,
    decided_by text NOT NULL,
    covers bytea,
    sealed bytea NOT NULL
);
COMMENT ON TABLE protaddr.held_decision IS
'What was decided of held rows, and what became of it. A row that no gate or decision has sealed counts for nothing. Rows are added, never changed or removed, and no role has a right on it.';
COMMENT ON COLUMN protaddr.held_decision.decision_id IS 'Number of the act, random.';
COMMENT ON COLUMN protaddr.held_decision.held_id IS 'The held row.';
COMMENT ON COLUMN protaddr.held_decision.follows IS 'The act before; NULL for the first.';
COMMENT ON COLUMN protaddr.held_decision.what IS 'release: it is to leave; reject: it is not; carry out: it stands in its table; replace: the row was changed and is held anew.';
COMMENT ON COLUMN protaddr.held_decision.action IS 'Of a release: what happens to the addresses that held the row.';
COMMENT ON COLUMN protaddr.held_decision.reason IS 'Why, in the words of who decided.';
COMMENT ON COLUMN protaddr.held_decision.decided_at IS 'When.';
COMMENT ON COLUMN protaddr.held_decision.decided_by IS 'Login role.';
COMMENT ON COLUMN protaddr.held_decision.covers IS 'Of one carried out: digest of the payment as it was stored, which the decision covers and no other.';
COMMENT ON COLUMN protaddr.held_decision.sealed IS 'The same words, sealed.';
CREATE INDEX held_decision_of ON protaddr.held_decision (held_id);
COMMENT ON INDEX protaddr.held_decision_of IS 'Acts by held row.';
CREATE INDEX held_decision_covers ON protaddr.held_decision (covers);
COMMENT ON INDEX protaddr.held_decision_covers IS 'Acts by the payment that they cover.';

SELECT protaddr.make_own_table('held', dumped => ''), protaddr.make_own_table('held_decision', dumped => '');

CREATE FUNCTION protaddr.held_rows(
    relation regclass DEFAULT NULL,
    OUT of_table regclass, OUT held_id bigint, OUT held_at timestamptz, OUT held_by text, OUT table_name text, OUT operation text, OUT mode text,
    OUT row_key jsonb, OUT channel text, OUT payer text, OUT payee text, OUT amount numeric, OUT currency text, OUT why text,
    OUT status text, OUT action text, OUT reason text, OUT decided_at timestamptz, OUT decided_by text, OUT ended_at timestamptz, OUT ended_by text
) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'protaddr_held_rows' LANGUAGE C VOLATILE CALLED ON NULL INPUT;
REVOKE ALL ON FUNCTION protaddr.held_rows(regclass) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.held_rows(regclass) IS
'The held rows of a gated table, or of all if NULL: what a decision needs, and never an address. of_table: NULL if the table is gone; table_name: as it was called. status: held; decided (to be released, and not carried out yet); released; rejected; replaced (the row was changed and is held anew); altered (somebody has changed it by hand, so it counts for nothing); no key (it was sealed with a key that is not here). action, reason, decided_at, decided_by: the decision that counts. ended_at, ended_by: when it was carried out or replaced, and by whom. For officers and auditors: needs EXECUTE and no right on any table.';

CREATE FUNCTION protaddr.decide_held(held_id bigint, action text, reason text, again boolean DEFAULT false) RETURNS void
    AS 'MODULE_PATHNAME', 'protaddr_decide_held' LANGUAGE C VOLATILE CALLED ON NULL INPUT;
REVOKE ALL ON FUNCTION protaddr.decide_held(bigint, text, text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.decide_held(bigint, text, text, boolean) IS
'Decides on a held row, on record: withhold, minimum, substitute or disclose (what happens to the addresses that held it), or reject (it does not leave; in place, it keeps its hold_value). Touches no table but protaddr''s own, and tells nothing: protaddr.carry_out_held() does what was decided. again: in place of a decision that was not carried out. Where the channel''s rule for the address no longer holds it when it is carried out, that rule counts. Of somebody whose protection, or whose link to somebody protected, is recorded after the decision nothing was decided but to withhold: the row stays held until it is decided again. Needs EXECUTE. Raises 22004 without a reason, 22023 for an action that does not exist, 55000 if no such row waits, XX001 if somebody has changed it by hand, 55PA1 without its key.';

CREATE FUNCTION protaddr.carry_out_held(relation regclass, held_id bigint DEFAULT NULL) RETURNS bigint
    AS 'MODULE_PATHNAME', 'protaddr_carry_out_held' LANGUAGE C VOLATILE CALLED ON NULL INPUT;
REVOKE ALL ON FUNCTION protaddr.carry_out_held(regclass, bigint) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.carry_out_held(regclass, bigint) IS
'Does what was decided of held rows of a table: INSERTs the row, or UPDATEs the one that waits in place, through the gate and every other trigger, with the rights of the caller. One row; or all that are decided if held_id is NULL, each on its own: what cannot be carried out stays as it was decided, with a WARNING. Returns how many were carried out. For the role that writes the table, or a job: needs EXECUTE, INSERT, and for rows in place UPDATE, and SELECT on the key. search_path is the table''s schema meanwhile, deferrable constraints of what is written are checked at once, and errors tell no value. Raises 42501, 42809 for a table without a gate, 23PA1 if the row is another payment by then, somebody was protected since it was decided on, or it does not wait in place any more, 55000 if nothing is decided or another gate has held it, XX001, 55PA1, and what the table raises.';

CREATE FUNCTION protaddr.release_held(held_id bigint, action text, reason text) RETURNS void
    AS 'MODULE_PATHNAME', 'protaddr_release_held' LANGUAGE C VOLATILE CALLED ON NULL INPUT;
REVOKE ALL ON FUNCTION protaddr.release_held(bigint, text, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.release_held(bigint, text, text) IS
'protaddr.decide_held() and protaddr.carry_out_held() in one, for somebody who may do both: needs EXECUTE, and the rights on the table that carrying out needs. If it cannot be carried out, nothing is decided. Raises as they do.';

CREATE FUNCTION protaddr.verify_gate(
    relation regclass, continue_in regclass DEFAULT NULL, after tid DEFAULT NULL,
    OUT partition regclass, OUT row_tid tid, OUT column_name name, OUT problem text, OUT if_updated text, OUT because text
) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'protaddr_verify_gate' LANGUAGE C VOLATILE CALLED ON NULL INPUT;
REVOKE ALL ON FUNCTION protaddr.verify_gate(regclass, regclass, tid) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.verify_gate(regclass, regclass, tid) IS
'Reads all rows of a gated table, its partitions and inheriting tables, and gives a row for each address or message that is not released for its channel by the register as it is now, and for each other text in which a protected address may stand that may not leave through it; no rows if all is well. Shows no value. Amounts are not weighed again. if_updated: what an UPDATE that sends the row through the gate again would do with it: leave, reduce (a message or text: the address is taken out), minimum, substitute, withhold (it becomes NULL), disclose (on record), hold or block (the UPDATE is refused); because: by which rule. Both NULL where that is not known. row_tid: NULL of a foreign table. Takes as long as reading the table and opening each address does; says every 5 seconds how far it is (protaddr.verify_progress); locks out no writer. Cancelled, it says where to go on: continue_in and after. Needs EXECUTE, and SELECT on the table. Raises 42501, also if a policy hides rows; 42809 for a table without a gate; 22023.';

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

CREATE FUNCTION protaddr.text_type(type oid) RETURNS boolean
    AS 'MODULE_PATHNAME', 'protaddr_text_type' LANGUAGE C STRICT STABLE PARALLEL SAFE;
COMMENT ON FUNCTION protaddr.text_type(oid) IS
'Part of protaddr.text_columns(): whether values of a type could hold an address as text.';

CREATE FUNCTION protaddr.text_columns(relation regclass, OUT column_name name, OUT type text) RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT a.attname, format_type(a.atttypid, a.atttypmod)
    FROM pg_attribute a
    WHERE a.attrelid = text_columns.relation AND a.attnum > 0 AND NOT a.attisdropped
      AND protaddr.text_type(a.atttypid)
    ORDER BY a.attname;
END;
COMMENT ON FUNCTION protaddr.text_columns(regclass) IS
'The columns of a table that could hold an address as text, in which its gate looks for protected ones unless it was told to ignore them: text types, XML, JSON, bytea, hstore, composites, and arrays and domains of these.';

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
SELECT protaddr.make_own_table('gate');

CREATE TABLE protaddr.gate_change (
    -- no key: a parallel restore may add rows of gates before those of the dump are there
    id bigint NOT NULL DEFAULT protaddr.new_id(),
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
SELECT protaddr.make_own_table('gate_change', dumped => '');

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
       g.ignored AS ignored_columns,
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
             jsonb_object_agg(a.value, a.reason) FILTER (WHERE a.key = 'ignore') AS ignored,
             count(DISTINCT t.tgfoid) AS functions,
             coalesce(bool_and(t.tgenabled = 'A'), false) AS always
      FROM (SELECT tgrelid AS relation, oid, tgfoid, tgenabled FROM pg_trigger
            WHERE tgfoid IN ('protaddr.gate_row()'::regprocedure, 'protaddr.gate_check()'::regprocedure) AND tgparentid = 0
            UNION ALL
            -- one whose triggers are gone
            SELECT r.relation, 0, NULL, NULL
            FROM protaddr.gate r JOIN pg_class c ON c.oid = r.relation JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE r.relation_name = format('%I.%I', n.nspname, c.relname)) t
      LEFT JOIN LATERAL (SELECT p.args[i] AS key, p.args[i + 1] AS value, p.args[i + 3] AS reason
                         FROM protaddr.trigger_arguments(t.oid) p(args), generate_series(1, cardinality(p.args), 2) i) a ON true
      GROUP BY t.relation) g
ORDER BY g.relation::text;
GRANT SELECT ON protaddr.gate_status TO PUBLIC;
COMMENT ON VIEW protaddr.gate_status IS 'One row for each gated table, read from the catalogs; a partition is part of its table. To count the rows that name a person whom no register lists, call protaddr.unknown_people().';
COMMENT ON COLUMN protaddr.gate_status.relation IS 'The outbound table.';
COMMENT ON COLUMN protaddr.gate_status.channel IS 'The channel for which addresses are released; NULL: each row names its own.';
COMMENT ON COLUMN protaddr.gate_status.subject IS 'The column that names the payer; NULL: the table has only messages.';
COMMENT ON COLUMN protaddr.gate_status.address_columns IS 'The columns that the gate releases.';
COMMENT ON COLUMN protaddr.gate_status.ignored_columns IS 'Columns in which the gate does not look for addresses, and why not, as {"column": "reason"}; NULL: it looks in all that could hold one (protaddr.text_columns).';
COMMENT ON COLUMN protaddr.gate_status.status IS '"in place", or what is wrong.';
COMMENT ON COLUMN protaddr.gate_status.kept IS 'Whether the gate is enforced in every session: false while protaddr is not in shared_preload_libraries.';
