-- ---------------------------------------------------------------------------
-- binding/: columns bound to people
-- ---------------------------------------------------------------------------
CREATE FUNCTION protaddr.bind_row() RETURNS trigger
    AS 'MODULE_PATHNAME', 'protaddr_bind_row' LANGUAGE C VOLATILE CALLED ON NULL INPUT;
REVOKE ALL ON FUNCTION protaddr.bind_row() FROM PUBLIC;
COMMENT ON FUNCTION protaddr.bind_row() IS
'Trigger that protaddr.bind_column() installs; arguments: column, subject column. Adds the people whom the row names to the value, if it concerns somebody already, or if the client and the owner of every SECURITY DEFINER function on the way may say whom it concerns: each has typed it in or may EXECUTE this function. In maintenance (ANALYZE, REINDEX, materialized views) and in actions of foreign keys nobody may. Raises 54000 if the value would concern more than 16 people, 42804 if a column has changed its type, 22001, 22023.';

CREATE FUNCTION protaddr.bind_rows(relation regclass, column_name name) RETURNS bigint
    AS 'MODULE_PATHNAME', 'protaddr_bind_rows' LANGUAGE C STRICT VOLATILE;
COMMENT ON FUNCTION protaddr.bind_rows(regclass, name) IS
'Part of protaddr.bind_column(): sends the rows of a table through its triggers by updating a column to itself, with the rights of the table''s owner. Returns how many rows held a value. Raises 42501, before it takes any lock, unless the caller owns the table and may EXECUTE protaddr.bind_row(), and so may everybody through whose functions the call came.';

CREATE FUNCTION protaddr.address_column(type oid) RETURNS text
    AS 'MODULE_PATHNAME', 'protaddr_address_column' LANGUAGE C STRICT STABLE PARALLEL SAFE;
COMMENT ON FUNCTION protaddr.address_column(oid) IS
'What a column of this type holds: ''address'' (the type or a domain over it), ''inside'' (an array, range or composite with addresses in it), or NULL.';

CREATE FUNCTION protaddr.trigger_arguments(trigger oid) RETURNS text[]
    AS 'MODULE_PATHNAME', 'protaddr_trigger_arguments' LANGUAGE C STRICT STABLE PARALLEL SAFE;
COMMENT ON FUNCTION protaddr.trigger_arguments(oid) IS
'The arguments of a trigger (pg_trigger.tgargs), one text each. NULL if no trigger has this OID.';

CREATE FUNCTION protaddr.bind_column(relation regclass, column_name name, subject name) RETURNS bigint
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    kind "char" := (SELECT c.relkind FROM pg_class c WHERE c.oid = relation);
    bound pg_attribute;
    person pg_attribute;
    trigger_name text;
    addresses bigint;
    unknown bigint;
    nobody bigint;
BEGIN
    IF kind IS NULL OR kind NOT IN ('r', 'p', 'f') THEN
        RAISE EXCEPTION USING
            ERRCODE = 'wrong_object_type',
            MESSAGE = 'only a column of a table can be bound';
    END IF;
    -- rows that others commit after our snapshot could neither be seen nor bound
    IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
        RAISE EXCEPTION USING
            ERRCODE = 'feature_not_supported',
            MESSAGE = 'a column can only be bound in a READ COMMITTED transaction',
            HINT = 'BEGIN ISOLATION LEVEL READ COMMITTED first.';
    END IF;
    PERFORM protaddr.lock_own_table(relation);
    SELECT a.* INTO bound FROM pg_attribute a
    WHERE a.attrelid = relation AND a.attname = column_name AND a.attnum > 0 AND NOT a.attisdropped;
    SELECT a.* INTO person FROM pg_attribute a
    WHERE a.attrelid = relation AND a.attname = subject AND a.attnum > 0 AND NOT a.attisdropped;
    IF column_name IS NULL OR subject IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'null_value_not_allowed',
            MESSAGE = 'a column to bind and its subject column must be named',
            HINT = 'bind_column(table, column of type protaddr.address, subject => column that names the person)';
    END IF;
    IF bound.attnum IS NULL OR person.attnum IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'undefined_column',
            MESSAGE = format('column "%s" of %s does not exist', CASE WHEN bound.attnum IS NULL THEN column_name ELSE subject END, relation),
            HINT = format('bind_column(table, column of type protaddr.address, subject => column that names the person). Columns: %s.',
                          (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a
                           WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped));
    END IF;
    IF protaddr.address_column(bound.atttypid) IS DISTINCT FROM 'address' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'datatype_mismatch',
            MESSAGE = format('column %I of %s is not of type protaddr.address', column_name, relation);
    END IF;
    IF protaddr.subject_type(person.atttypid) IS NULL OR person.attgenerated <> '' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'datatype_mismatch',
            MESSAGE = format('column %I of %s cannot name a person', subject, relation),
            HINT = 'The subject column holds the person''s identifier, as text, varchar, char, smallint, integer, bigint, numeric or uuid, or an array of these, stored in the row and not generated.';
    END IF;
    IF EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = relation AND t.tgfoid = 'protaddr.bind_row()'::regprocedure
               AND protaddr.trigger_arguments(t.oid) = ARRAY[column_name::text, subject::text]) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'duplicate_object',
            MESSAGE = format('column %I of %s is already bound to %I', column_name, relation, subject);
    END IF;

    -- zz: triggers fire by name, and this one is to see what others made of the row
    trigger_name := format('zz_protaddr_bind_%s_%s', bound.attnum, person.attnum);
    EXECUTE format('CREATE TRIGGER %I BEFORE INSERT OR UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION protaddr.bind_row(%L, %L)',
                   trigger_name, relation, column_name, subject);
    EXECUTE format('ALTER %s TABLE %s ENABLE ALWAYS TRIGGER %I',
                   CASE kind WHEN 'f' THEN 'FOREIGN' ELSE '' END, relation, trigger_name);
    addresses := protaddr.bind_rows(relation, column_name);
    PERFORM protaddr.add_bound_source(relation, column_name, subject);
    EXECUTE format('SELECT count(*) FROM %s WHERE %I IS NOT NULL AND %I IS NULL', relation, column_name, subject) INTO nobody;
    -- who may not ask of single people is not told of them
    IF has_function_privilege('protaddr.unknown_people(regclass, name)', 'EXECUTE') THEN
        unknown := protaddr.unknown_people(relation, subject);
    END IF;
    IF unknown > 0 OR nobody > 0 THEN
        RAISE NOTICE 'column % of %: % rows name a person whom no register lists, % rows name nobody', quote_ident(subject), relation, coalesce(unknown::text, 'an unknown number of'), nobody
            USING HINT = 'Addresses of these rows are withheld, unless protaddr.channel (when_unknown) says otherwise. protaddr.link_identity() links a customer or account number to the person; protaddr.unknown_people() counts again.';
    END IF;
    RETURN addresses;
END
$$;
REVOKE ALL ON FUNCTION protaddr.bind_column(regclass, name, name) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.bind_column(regclass, name, name) IS
'Binds an address column to the people that another column of the row names: the stored rows now, and every row written later by a trigger (ENABLE ALWAYS). Returns the number of rows that held an address. A NOTICE counts the rows that name a person whom no register lists (for callers with EXECUTE on protaddr.unknown_people()) and the addresses in rows that name nobody. Binding only adds people. A column can be bound to several subject columns (joint holders), and a subject column can be an array in which each element names a person. For the types of a subject column see protaddr.subject_type(). The caller must own the table and have EXECUTE on protaddr.bind_row(), since whoever binds decides whom an unbound address concerns. For a role without it the trigger binds only addresses that this role has typed in itself. Raises 22004, 42703, 42804, 42809 or 42710, and 0A000 under REPEATABLE READ or SERIALIZABLE, where rows committed meanwhile could not be seen.';

CREATE FUNCTION protaddr.unbind_column(relation regclass, column_name name, subject name DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    bind_trigger record;
    removed bigint := 0;
BEGIN
    PERFORM protaddr.lock_own_table(relation, true);
    FOR bind_trigger IN
        SELECT t.tgname, c.relkind FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        WHERE t.tgrelid = relation AND t.tgfoid = 'protaddr.bind_row()'::regprocedure
          AND (protaddr.trigger_arguments(t.oid))[1] = column_name
          AND (unbind_column.subject IS NULL OR (protaddr.trigger_arguments(t.oid))[2] = unbind_column.subject)
    LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', bind_trigger.tgname, relation);
        -- with what tells the guard of its values
        IF EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = relation AND t.tgname = replace(bind_trigger.tgname, 'zz_protaddr_bind_', 'zz_protaddr_guard_')) THEN
            EXECUTE format('DROP TRIGGER %I ON %s', replace(bind_trigger.tgname, 'zz_protaddr_bind_', 'zz_protaddr_guard_'), relation);
        END IF;
        removed := removed + 1;
    END LOOP;
    RETURN removed;
END
$$;
REVOKE ALL ON FUNCTION protaddr.unbind_column(regclass, name, name) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.unbind_column(regclass, name, name) IS
'Removes the binding of a column (to one subject column, or to all if subject is NULL) and returns how many there were. Values keep the people they were bound to; new ones stay unbound, and so withheld.';

CREATE FUNCTION protaddr.rebind_column(relation regclass, column_name name) RETURNS bigint
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = relation AND t.tgfoid = 'protaddr.bind_row()'::regprocedure
                   AND (protaddr.trigger_arguments(t.oid))[1] = column_name) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'undefined_object',
            MESSAGE = format('column %I of %s is not bound', column_name, relation),
            HINT = 'See protaddr.bound_column and protaddr.bind_column().';
    END IF;
    RETURN protaddr.bind_rows(relation, column_name);
END
$$;
REVOKE ALL ON FUNCTION protaddr.rebind_column(regclass, name) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.rebind_column(regclass, name) IS
'Sends the rows of a bound column through its binding triggers again, and returns how many held an address: for values that were stored while their data key was not here, once it is. The caller must own the table. Raises 42704 if the column is not bound.';

CREATE FUNCTION protaddr.bound_values(relation regclass, column_name name, subject name, OUT addresses bigint, OUT unbound bigint, OUT without_key bigint)
    AS 'MODULE_PATHNAME', 'protaddr_bound_values' LANGUAGE C STRICT STABLE PARALLEL UNSAFE SET row_security = off;
REVOKE ALL ON FUNCTION protaddr.bound_values(regclass, name, name) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.bound_values(regclass, name, name) IS
'Counts, with the caller''s right to read the table, the addresses in a column of it; among them those that do not concern the person whom the subject column of their row names (where it names nobody: those that concern nobody), and those whose data key is not here, of which nobody can tell. Reads the whole table. Ask it of each row of protaddr.bound_column. Raises 42P01, 42804, and 42501 where row security would hide rows.';

CREATE VIEW protaddr.bound_column AS
SELECT t.tgrelid::regclass AS relation,
       a.args[1]::name AS column_name,
       a.args[2]::name AS subject,
       CASE WHEN NOT EXISTS (SELECT FROM pg_attribute c WHERE c.attrelid = t.tgrelid AND c.attname = a.args[1] AND NOT c.attisdropped)
              OR NOT EXISTS (SELECT FROM pg_attribute c WHERE c.attrelid = t.tgrelid AND c.attname = a.args[2] AND NOT c.attisdropped)
            THEN 'a column is gone or renamed: bind again'
            WHEN EXISTS (SELECT FROM pg_attribute c WHERE c.attrelid = t.tgrelid AND NOT c.attisdropped
                         AND (c.attname = a.args[1] AND protaddr.address_column(c.atttypid) IS DISTINCT FROM 'address'
                              OR c.attname = a.args[2] AND protaddr.subject_type(c.atttypid) IS NULL))
            THEN 'a column has changed its type: nothing can be written'
            WHEN EXISTS (SELECT FROM pg_partition_tree(t.tgrelid) p JOIN pg_trigger pt ON pt.tgrelid = p.relid
                         WHERE pt.tgfoid = t.tgfoid AND pt.tgname = t.tgname AND pt.tgenabled <> 'A')
              OR t.tgenabled <> 'A'
            THEN 'not always enabled: new values may stay unbound'
            ELSE 'in place' END AS status
FROM pg_trigger t, LATERAL (SELECT protaddr.trigger_arguments(t.oid) AS args) a
WHERE t.tgfoid = 'protaddr.bind_row()'::regprocedure AND t.tgparentid = 0
ORDER BY t.tgrelid::regclass::text, 2, 3;
GRANT SELECT ON protaddr.bound_column TO PUBLIC;
COMMENT ON VIEW protaddr.bound_column IS 'The bound columns, as the catalogs have them; partitions stand under their parent. protaddr.bound_values() counts what is in them.';
COMMENT ON COLUMN protaddr.bound_column.relation IS 'The table.';
COMMENT ON COLUMN protaddr.bound_column.column_name IS 'The address column.';
COMMENT ON COLUMN protaddr.bound_column.subject IS 'The column that names the person.';
COMMENT ON COLUMN protaddr.bound_column.status IS 'in place, or what is wrong.';
