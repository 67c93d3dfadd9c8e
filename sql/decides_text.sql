--
-- Every turn that a decision about texts can take: what gate_text leaves over.
--
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION protaddr;
CREATE FUNCTION refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
CREATE TABLE customer (cpr text PRIMARY KEY, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', 'cpr');
INSERT INTO customer VALUES
    ('6101704001', '{"StrtNm":"Solsikkevænget","BldgNb":"1","PstCd":"8000","TwnNm":"Aarhus C"}'),
    ('6201704002', '{"StrtNm":"Opdigtetstien","BldgNb":"4","Flr":"2","UnitNb":"tv","PstCd":"8000","TwnNm":"Aarhus C"}');
SELECT persons, protected FROM protaddr.load_register('DK-CPR', '[{"subject": "6101704001", "protections": []}, {"subject": "6201704002", "protections": [{"code": "0001"}]}]');
SELECT protaddr.guard_address('{"StrtNm":"Tilflugtsvej","BldgNb":"7","PstCd":"5000","TwnNm":"Odense C"}', 'shelter') > 0 AS listed;
SELECT protaddr.set_channel('asks', 'withhold', 'third_country', when_unreadable => 'hold', description => 'Test', legal_basis => 'none but this test');
SELECT protaddr.set_channel('tells', 'disclose', 'third_country', when_unreadable => 'hold', description => 'Test', legal_basis => 'none but this test');

-- ---- held aside: two columns, and what a decision can do about them ----------------------------------
CREATE TABLE asked (id int PRIMARY KEY, payer text, home protaddr.address, note text, line text);
SELECT protaddr.install_gate('asked', 'asks', 'payer');
INSERT INTO asked VALUES
    -- both disclosed, by one decision
    (1, '6101704001', NULL, 'Opdigtetstien 4, 8000 Aarhus C', 'nu Opdigtetstien 4, 8000 Aarhus C'),
    -- over two columns: nothing can be taken out, so that the decision to withhold cannot be carried out
    (2, '6101704001', NULL, 'Opdigtetstien 4, 2. tv', '8000 Aarhus C'),
    -- a listed address is disclosed, and is nobody's
    (3, '6101704001', NULL, 'Opdigtetstien 4, 8000 Aarhus C; Tilflugtsvei 7, 5000 Odense C', NULL);
SELECT id FROM asked;
SELECT row_key, why FROM protaddr.held_rows('asked') ORDER BY row_key::text;
SELECT protaddr.decide_held(held_id, CASE row_key ->> 'id' WHEN '2' THEN 'withhold' ELSE 'disclose' END, 'as agreed with the payer') FROM protaddr.held_rows('asked') ORDER BY row_key::text \g /dev/null
-- the warning names a number that is never the same
SET client_min_messages = error;
SELECT protaddr.carry_out_held('asked');
SET client_min_messages = warning;
SELECT id, note, line FROM asked ORDER BY id;
SELECT row_key, status FROM protaddr.held_rows('asked') ORDER BY row_key::text;
SELECT subjects, row_key FROM protaddr.disclosure ORDER BY row_key::text;

-- ---- behind the gate: what a generated column makes ---------------------------------------------------
CREATE TABLE made (id int PRIMARY KEY, payer text, note text, first text, second text, made text GENERATED ALWAYS AS (first || second) STORED);
SELECT protaddr.install_gate('made', 'tells', 'payer');
-- disclosed before and behind
INSERT INTO made VALUES (1, '6101704001', 'Opdigtetstien 4, 2. tv, 8000 Aarhus C', '', '');
SELECT note FROM made;
SELECT protaddr.remove_gate('made');
SELECT protaddr.install_gate('made', 'asks', 'payer');
-- held, unless it was decided on
SELECT refusal('INSERT INTO made VALUES (2, ''6101704001'', '''', ''bor vest 4, 8000 Aarhus C, Op'', ''digtetstien 4, 8000 Aarhus C'')');
INSERT INTO made VALUES (3, '6101704001', 'Opdigtetstien 4, 8000 Aarhus C', 'bor vest 4, 8000 Aarhus C, Op', 'digtetstien 4, 8000 Aarhus C');
SELECT protaddr.decide_held(held_id, 'disclose', 'as agreed with the payer') FROM protaddr.held_rows('made') \g /dev/null
SELECT protaddr.carry_out_held('made');
SELECT id, note, made FROM made WHERE id = 3;
SELECT refusal('UPDATE made SET id = id WHERE id = 3'), refusal('UPDATE made SET note = '''' WHERE id = 3');
SELECT id, note FROM made WHERE id = 3;

-- ---- one column alone ---------------------------------------------------------------------------------
CREATE TABLE one (id int PRIMARY KEY, payer bigint, note text);
SELECT protaddr.install_gate('one', 'tells', 'payer');
INSERT INTO one VALUES (1, 6101704001, 'Opdigtetstien 4, 2. tv, 8000 Aarhus C'), (2, 6101704001, 'Tak') RETURNING note;
SELECT subjects, row_key FROM protaddr.disclosure WHERE relation ~ 'one$';

-- ---- held in place: a text that is no plain one waits as it is -------------------------------------------
CREATE TABLE placed (id int PRIMARY KEY, payer text, home protaddr.address, note text, doc jsonb, status text);
SELECT protaddr.install_gate('placed', 'asks', 'payer', hold_column => 'status', hold_value => 'waits');
INSERT INTO placed VALUES (1, '6101704001', NULL, 'ved Opdigtetstien 4, 8000 Aarhus C', '{"n": "tak"}', 'new') RETURNING note, doc, status;
SELECT protaddr.decide_held(held_id, 'disclose', 'as agreed with the payer') FROM protaddr.held_rows('placed') WHERE status = 'held' \g /dev/null
SELECT protaddr.carry_out_held('placed');
SELECT note, doc, status FROM placed;

-- ---- a substitute for nobody -----------------------------------------------------------------------------
SELECT subject, refusal(format('INSERT INTO protaddr.substitute_address (subject, address, description) VALUES (%L, ''{"AdrLine":["Boks 7"]}'', ''x'')', subject)) FROM (VALUES (NULL), (''), ('  ')) v(subject);

DROP EXTENSION protaddr CASCADE;
DROP TABLE customer, asked, made, one, placed;
DROP FUNCTION refusal;
