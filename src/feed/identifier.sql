-- ---------------------------------------------------------------------------
-- feed/: does an identifier look like one of its register?
-- ---------------------------------------------------------------------------
CREATE FUNCTION protaddr.identifier_problem(regime text, subject text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    key text := protaddr.subject_key(subject);
    country text := left(regime, 2);
    len integer := CASE country WHEN 'DK' THEN 10 WHEN 'NO' THEN 11 WHEN 'SE' THEN 10 WHEN 'NL' THEN 9 WHEN 'CH' THEN 13 WHEN 'IS' THEN 10 END;
    digits integer[];
    wrong boolean;
BEGIN
    IF country = 'FI' THEN
        -- a hyphen is no part of the key
        IF key ~ '^[0-9]+$' THEN
            -- and leading zeros are not, where all are digits
            key := lpad(key, 10, '0');
        END IF;
        IF key !~ '^[0-9]{6}[-+A-FU-Y]?[0-9]{3}[0-9A-Y]$' THEN
            RETURN 'form';
        END IF;
        RETURN CASE WHEN right(key, 1) <> substr('0123456789ABCDEFHJKLMNPRSTUVWXY', ((left(key, 6) || left(right(key, 4), 3))::bigint % 31)::int + 1, 1) THEN 'check digit' END;
    ELSIF len IS NULL THEN
        RETURN NULL;
    END IF;
    key := lpad(key, len, '0');
    IF key !~ '^[0-9]+$' OR length(key) <> len THEN
        RETURN 'form';
    END IF;
    digits := string_to_array(key, NULL)::int[];
    CASE country
        WHEN 'DK' THEN
            -- since 2007 numbers are given out that fail the check: the date alone is looked at
            RETURN CASE WHEN substr(key, 1, 2) NOT BETWEEN '01' AND '31' AND substr(key, 1, 2) NOT BETWEEN '61' AND '91'
                          OR substr(key, 3, 2) NOT BETWEEN '01' AND '12' THEN 'form' END;
        WHEN 'NO' THEN
            wrong := (SELECT sum(d * w) FROM unnest(digits, '{3,7,6,1,8,9,4,5,2,1,0}'::int[]) x (d, w)) % 11 <> 0
                  OR (SELECT sum(d * w) FROM unnest(digits, '{5,4,3,2,7,6,5,4,3,2,1}'::int[]) x (d, w)) % 11 <> 0;
        WHEN 'SE' THEN
            wrong := (SELECT sum(CASE WHEN n % 2 = 1 THEN d * 2 / 10 + d * 2 % 10 ELSE d END) FROM unnest(digits) WITH ORDINALITY x (d, n)) % 10 <> 0;
        WHEN 'NL' THEN
            wrong := (SELECT sum(d * w) FROM unnest(digits, '{9,8,7,6,5,4,3,2,-1}'::int[]) x (d, w)) % 11 <> 0;
        WHEN 'CH' THEN
            wrong := left(key, 3) <> '756' OR (SELECT sum(CASE WHEN n % 2 = 0 THEN d * 3 ELSE d END) FROM unnest(digits) WITH ORDINALITY x (d, n)) % 10 <> 0;
        WHEN 'IS' THEN
            wrong := (SELECT sum(d * w) FROM unnest(digits, '{3,2,7,6,5,4,3,2,1,0}'::int[]) x (d, w)) % 11 <> 0;
    END CASE;
    RETURN CASE WHEN wrong THEN 'check digit' END;
END
$$;
GRANT EXECUTE ON FUNCTION protaddr.identifier_problem(text, text) TO PUBLIC;
COMMENT ON FUNCTION protaddr.identifier_problem(text, text) IS
'What is wrong with an identifier of a regime''s register: form, check digit, or NULL for nothing that we know. Nothing is refused for it: test numbers, and numbers to come, fail checks. Of DK the date alone is looked at; DE, UK and US have no number here. NULL for a NULL.';
