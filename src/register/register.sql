-- ---------------------------------------------------------------------------
-- register/: who is protected
-- ---------------------------------------------------------------------------
-- a domain's error does not print the row, a table constraint's does
CREATE DOMAIN protaddr.protection_kind AS text
    CONSTRAINT protection_kind_vocabulary CHECK (VALUE IN ('none', 'address', 'address_and_town', 'name_and_address', 'everything'));
COMMENT ON DOMAIN protaddr.protection_kind IS
'What a protection hides: none, address, address_and_town, name_and_address, everything (name, address and town: what a code hides that nobody knows).';

CREATE TABLE protaddr.regime_code (
    regime text NOT NULL,
    code text NOT NULL,
    kind protaddr.protection_kind NOT NULL,
    description text NOT NULL,
    legal_basis text NOT NULL,
    source text NOT NULL,
    shipped boolean NOT NULL DEFAULT false,
    PRIMARY KEY (regime, code)
);
COMMENT ON TABLE protaddr.regime_code IS
'What the codes of each regime mean. A code that is not here hides everything. Yours to extend and change (grant SELECT, INSERT, UPDATE and DELETE to whoever answers for it): such rows are dumped, and hold for what is recorded from then on; what is in force keeps its kind until a delivery says it again.';
COMMENT ON COLUMN protaddr.regime_code.regime IS 'Country and register, such as DK-CPR.';
COMMENT ON COLUMN protaddr.regime_code.code IS 'The code as the register delivers it.';
COMMENT ON COLUMN protaddr.regime_code.kind IS 'What it hides; none: stored, but hides nothing.';
COMMENT ON COLUMN protaddr.regime_code.description IS 'The register''s name for it.';
COMMENT ON COLUMN protaddr.regime_code.legal_basis IS 'The law it rests on.';
COMMENT ON COLUMN protaddr.regime_code.source IS 'Where the code is documented: the register''s guide, interface or the law.';
COMMENT ON COLUMN protaddr.regime_code.shipped IS 'As shipped with protaddr; false once changed or added here.';

INSERT INTO protaddr.regime_code (regime, code, kind, description, legal_basis, source, shipped) VALUES
    ('DK-CPR', '0001', 'name_and_address', 'Navne- og adressebeskyttelse',
     'CPR Act s. 28', 'CPR extract guide, record 004 (BESKYTTYPE)', true),
    ('DK-CPR', '0002', 'none', 'Lokalvejviserbeskyttelse (directory)',
     'CPR Act s. 29', 'CPR extract guide, record 004 (BESKYTTYPE)', true),
    ('DK-CPR', '0003', 'none', 'Markedsfoeringsbeskyttelse (marketing)',
     'CPR Act s. 29', 'CPR extract guide, record 004 (BESKYTTYPE)', true),
    ('DK-CPR', '0004', 'none', 'Forskerbeskyttelse (research, discontinued)',
     'CPR Act s. 29, repealed', 'CPR extract guide, record 004 (BESKYTTYPE)', true),
    ('DK-CPR', '0005', 'none', 'Kreditadvarsel (credit warning)',
     'CPR Act s. 29(3)', 'CPR extract guide, record 004 (BESKYTTYPE)', true),
    ('DK-CPR', '00001', 'name_and_address', 'Navne- og adressebeskyttelse',
     'CPR Act s. 28', 'CPR guide to formats, GCTP: five digits', true),
    ('DK-CPR', '00002', 'none', 'Lokalvejviserbeskyttelse (directory)',
     'CPR Act s. 29', 'CPR guide to formats, GCTP: five digits', true),
    ('DK-CPR', '00003', 'none', 'Markedsfoeringsbeskyttelse (marketing)',
     'CPR Act s. 29', 'CPR guide to formats, GCTP: five digits', true),
    ('DK-CPR', '00004', 'none', 'Forskerbeskyttelse (research, discontinued)',
     'CPR Act s. 29, repealed', 'CPR guide to formats, GCTP: five digits', true),
    ('DK-CPR', '00005', 'none', 'Kreditadvarsel (credit warning)',
     'CPR Act s. 29(3)', 'CPR guide to formats, GCTP: five digits', true),
    ('DK-CPR', 'navne_og_adresse', 'name_and_address', 'Navne- og adressebeskyttelse',
     'CPR Act s. 28', 'Datafordeler, Beskyttelse.beskyttelsestype', true),
    ('DK-CPR', 'lokal_vejviser', 'none', 'Lokalvejviserbeskyttelse (directory)',
     'CPR Act s. 29', 'Datafordeler, Beskyttelse.beskyttelsestype', true),
    ('DK-CPR', 'markedsfoering', 'none', 'Markedsfoeringsbeskyttelse (marketing)',
     'CPR Act s. 29', 'Datafordeler, Beskyttelse.beskyttelsestype', true),
    ('DK-CPR', 'kreditadvarsel', 'none', 'Kreditadvarsel (credit warning)',
     'CPR Act s. 29(3)', 'Datafordeler, Beskyttelse.beskyttelsestype', true),
    ('DK-CPR', 'name_address_protected true', 'name_and_address', 'Navne- og adressebeskyttelse: yes',
     'CPR Act s. 28', 'SSN details of a MitID broker, ssn.details.name_address_protected', true),
    ('DK-CPR', 'name_address_protected false', 'none', 'Navne- og adressebeskyttelse: no',
     'CPR Act s. 28', 'SSN details of a MitID broker, ssn.details.name_address_protected', true),
    ('NO-FREG', 'UGRADERT', 'none', 'Ugradert (no grading)',
     'Population Register Act (folkeregisterloven)', 'Folkeregisteret, adressebeskyttelse.gradering', true),
    ('NO-FREG', 'FORTROLIG', 'address', 'Fortrolig: not to private parties',
     'Population Register Act (folkeregisterloven)', 'Folkeregisteret, adressebeskyttelse.gradering', true),
    ('NO-FREG', 'STRENGT_FORTROLIG', 'address_and_town', 'Strengt fortrolig: nor to most authorities; the area is hidden too',
     'Population Register Act (folkeregisterloven)', 'Folkeregisteret, adressebeskyttelse.gradering', true),
    ('NO-FREG', 'STRENGT_FORTROLIG_UTLAND', 'address_and_town', 'Strengt fortrolig, the person lives abroad',
     'Population Register Act (folkeregisterloven)', 'Folkeregisteret, adressebeskyttelse.gradering', true),
    ('NO-FREG', '7', 'address', 'Kode 7: fortrolig',
     'Population Register Act (folkeregisterloven)', 'Folkeregisteret, kode 6, 7 and 19', true),
    ('NO-FREG', '6', 'address_and_town', 'Kode 6: strengt fortrolig',
     'Population Register Act (folkeregisterloven)', 'Folkeregisteret, kode 6, 7 and 19', true),
    ('NO-FREG', '19', 'address_and_town', 'Kode 19: strengt fortrolig, abroad',
     'Population Register Act (folkeregisterloven)', 'Folkeregisteret, kode 6, 7 and 19', true),
    ('NO-FREG', 'ugradert', 'none', 'Ugradert (no grading)',
     'Population Register Act (folkeregisterloven)', 'Folkeregisteret, adressebeskyttelse.graderingsnivaa and adressegradering', true),
    ('NO-FREG', 'klientadresse', 'address_and_town', 'Klientadresse: the address of an institution that keeps whom it houses to itself; what it hides is not documented, so its town is hidden too',
     'Population Register Act (folkeregisterloven)', 'Folkeregisteret, adressebeskyttelse.graderingsnivaa and adressegradering', true),
    ('NO-FREG', 'fortrolig', 'address', 'Fortrolig: not to private parties',
     'Population Register Act (folkeregisterloven)', 'Folkeregisteret, adressebeskyttelse.graderingsnivaa and adressegradering', true),
    ('NO-FREG', 'strengtFortrolig', 'address_and_town', 'Strengt fortrolig: nor to most authorities; the area is hidden too',
     'Population Register Act (folkeregisterloven)', 'Folkeregisteret, adressebeskyttelse.graderingsnivaa and adressegradering', true),
    ('NO-FREG', 'strengtFortroligUtland', 'address_and_town', 'Strengt fortrolig, the person lives abroad',
     'Population Register Act (folkeregisterloven)', 'Folkeregisteret, adressebeskyttelse.graderingsnivaa and adressegradering', true),
    ('NO-FREG', 'KLIENTADRESSE', 'address_and_town', 'Klientadresse',
     'Population Register Act (folkeregisterloven)', 'PDL (NAV), Adressegradering', true),
    ('NO-FREG', '4', 'address_and_town', 'Kode 4: klientadresse',
     'Population Register Act (folkeregisterloven)', 'The former register (DSF), SPES-KD 4, 6 and 7', true),
    ('SE-FOLK', 'Sekretessmarkering', 'everything', 'Sekretessmarkering: the marker is set',
     'Public Access to Information and Secrecy Act (2009:400) ch. 22 s. 1', 'Navet and SPAR, element Sekretessmarkering', true),
    ('SE-FOLK', 'Sekretessmarkering JA', 'everything', 'Sekretessmarkering: yes',
     'Public Access to Information and Secrecy Act (2009:400) ch. 22 s. 1', 'Navet and SPAR, element Sekretessmarkering', true),
    ('SE-FOLK', 'Sekretessmarkering J', 'everything', 'Sekretessmarkering: yes',
     'Public Access to Information and Secrecy Act (2009:400) ch. 22 s. 1', 'Navet and SPAR, element Sekretessmarkering', true),
    ('SE-FOLK', 'Sekretessmarkering NEJ', 'none', 'Sekretessmarkering: no',
     'Public Access to Information and Secrecy Act (2009:400) ch. 22 s. 1', 'Navet and SPAR, element Sekretessmarkering', true),
    ('SE-FOLK', 'Sekretessmarkering N', 'none', 'Sekretessmarkering: no',
     'Public Access to Information and Secrecy Act (2009:400) ch. 22 s. 1', 'Navet and SPAR, element Sekretessmarkering', true),
    ('SE-FOLK', 'sattAvSPAR JA', 'everything', 'Sekretessmarkering that SPAR has set',
     'Public Access to Information and Secrecy Act (2009:400) ch. 22 s. 1', 'SPAR, attribute sattAvSPAR of Sekretessmarkering', true),
    ('SE-FOLK', 'sattAvSPAR J', 'everything', 'Sekretessmarkering that SPAR has set',
     'Public Access to Information and Secrecy Act (2009:400) ch. 22 s. 1', 'SPAR, attribute sattAvSPAR of Sekretessmarkering', true),
    ('SE-FOLK', 'SkyddadFolkbokforing', 'address_and_town', 'Skyddad folkbokforing: the marker is set',
     'Population Registration Act (folkbokforingslagen)', 'Navet and SPAR, element SkyddadFolkbokforing', true),
    ('SE-FOLK', 'SkyddadFolkbokforing JA', 'address_and_town', 'Skyddad folkbokforing: yes',
     'Population Registration Act (folkbokforingslagen)', 'Navet and SPAR, element SkyddadFolkbokforing', true),
    ('SE-FOLK', 'SkyddadFolkbokforing J', 'address_and_town', 'Skyddad folkbokforing: yes',
     'Population Registration Act (folkbokforingslagen)', 'Navet and SPAR, element SkyddadFolkbokforing', true),
    ('SE-FOLK', 'SkyddadFolkbokforing NEJ', 'none', 'Skyddad folkbokforing: no',
     'Population Registration Act (folkbokforingslagen)', 'Navet and SPAR, element SkyddadFolkbokforing', true),
    ('SE-FOLK', 'SkyddadFolkbokforing N', 'none', 'Skyddad folkbokforing: no',
     'Population Registration Act (folkbokforingslagen)', 'Navet and SPAR, element SkyddadFolkbokforing', true),
    ('SE-FOLK', 'Skyddad folkbokf' || chr(246) || 'ring', 'address_and_town', 'Skyddad folkbokforing',
     'Population Registration Act (folkbokforingslagen)', 'SS12000, securityMarking', true),
    ('SE-FOLK', 'Ingen', 'none', 'No marking',
     'Public Access to Information and Secrecy Act (2009:400) ch. 22 s. 1', 'SS12000, securityMarking', true),
    ('SE-FOLK', 'FINGERADE', 'name_and_address', 'Fingerade personuppgifter (new identity)',
     'Act (1991:483) on fictitious personal data', 'No register delivers it: entered by hand where it is known', true),
    ('FI-VTJ', 'turvakielto', 'address_and_town', 'Turvakielto: the municipality of residence is hidden too',
     'Act 661/2009 s. 36', 'Population Information System (VTJ), turvakielto', true),
    ('FI-VTJ', 'true', 'address_and_town', 'Turvakielto: yes',
     'Act 661/2009 s. 36', 'Population Information System (VTJ), turvakielto', true),
    ('FI-VTJ', 'false', 'none', 'Turvakielto: no',
     'Act 661/2009 s. 36', 'Population Information System (VTJ), turvakielto', true),
    ('FI-VTJ', '1', 'address_and_town', 'Turvakielto: yes',
     'Act 661/2009 s. 36', 'VTJ query service, TurvakieltoTieto', true),
    ('FI-VTJ', '0', 'none', 'Turvakielto: no',
     'Act 661/2009 s. 36', 'VTJ query service, TurvakieltoTieto', true),
    ('DE-MELDE', '3', 'name_and_address', 'Auskunftssperre, on application or ex officio',
     'BMG s. 51(1)', 'DSMeld, annex 1', true),
    ('DE-MELDE', '11', 'name_and_address', 'Auskunftssperre, at the request of a security authority',
     'BMG s. 51(1) and (3)', 'DSMeld, annex 1', true),
    ('DE-MELDE', 'bedingter Sperrvermerk', 'address', 'Bedingter Sperrvermerk: lives in a home for care or children, a shelter or an addiction clinic',
     'BMG s. 52', 'BMG s. 52: DSMeld''s own key is not known to us', true),
    ('DE-MELDE', 'auskunftssperre Ja', 'name_and_address', 'Auskunftssperre: yes',
     'BMG s. 51', 'Person services in JSON, element auskunftssperre', true),
    ('DE-MELDE', 'auskunftssperre Nein', 'none', 'Auskunftssperre: no',
     'BMG s. 51', 'Person services in JSON, element auskunftssperre', true),
    ('NL-BRP', '0', 'none', 'Geen beperking (no restriction)',
     'Wet basisregistratie personen, secrecy at the person''s request', 'BRP element 07.70.10, indicatie geheim', true),
    ('NL-BRP', '1', 'name_and_address', 'Not without consent to third parties that carry out a general binding rule',
     'Wet basisregistratie personen, secrecy at the person''s request', 'BRP element 07.70.10, indicatie geheim', true),
    ('NL-BRP', '2', 'none', 'Not to churches',
     'Wet basisregistratie personen, secrecy at the person''s request', 'BRP element 07.70.10, indicatie geheim', true),
    ('NL-BRP', '3', 'name_and_address', 'Not to free third parties',
     'Wet basisregistratie personen, secrecy at the person''s request', 'BRP element 07.70.10, indicatie geheim', true),
    ('NL-BRP', '4', 'name_and_address', '1 and 2',
     'Wet basisregistratie personen, secrecy at the person''s request', 'BRP element 07.70.10, indicatie geheim', true),
    ('NL-BRP', '5', 'name_and_address', '1 and 3',
     'Wet basisregistratie personen, secrecy at the person''s request', 'BRP element 07.70.10, indicatie geheim', true),
    ('NL-BRP', '6', 'name_and_address', '2 and 3',
     'Wet basisregistratie personen, secrecy at the person''s request', 'BRP element 07.70.10, indicatie geheim', true),
    ('NL-BRP', '7', 'name_and_address', '1, 2 and 3',
     'Wet basisregistratie personen, secrecy at the person''s request', 'BRP element 07.70.10, indicatie geheim', true),
    ('NL-BRP', 'true', 'name_and_address', 'Geheimhouding: one of 1 to 7',
     'Wet basisregistratie personen, secrecy at the person''s request', 'Haal Centraal BRP, geheimhoudingPersoonsgegevens', true),
    ('NL-BRP', 'false', 'none', 'Geheimhouding: no',
     'Wet basisregistratie personen, secrecy at the person''s request', 'Haal Centraal BRP, geheimhoudingPersoonsgegevens', true),
    ('IS-THJODSKRA', 'dulid_logheimili', 'address', 'Dulid logheimili: unspecified in the municipality',
     'Act 80/2018 art. 7; Regulation 1588/2021', 'Thjodskra (skra.is); no code is published, so we name them', true),
    ('IS-THJODSKRA', 'dulid_nafn', 'name_and_address', 'Dulid nafn',
     'Act 80/2018 art. 7; Regulation 1588/2021', 'Thjodskra (skra.is); no code is published, so we name them', true),
    ('IS-THJODSKRA', 'dulid_nafn_og_logheimili', 'name_and_address', 'Dulid nafn og logheimili',
     'Act 80/2018 art. 7; Regulation 1588/2021', 'Thjodskra (skra.is); no code is published, so we name them', true),
    ('CH-ECH', '0', 'none', 'Keine Sperre',
     'Law of the canton on residents'' registers', 'eCH, DataLock', true),
    ('CH-ECH', '1', 'address', 'Adresssperre',
     'Law of the canton on residents'' registers', 'eCH, DataLock', true),
    ('CH-ECH', '2', 'name_and_address', 'Auskunftssperre',
     'Law of the canton on residents'' registers', 'eCH, DataLock', true),
    ('CH-ECH', 'dataLock 0', 'none', 'Keine Sperre',
     'Law of the canton on residents'' registers', 'eCH-0021 up to version 7, dataLock', true),
    ('CH-ECH', 'dataLock 1', 'address', 'Adresssperre',
     'Law of the canton on residents'' registers', 'eCH-0021 up to version 7, dataLock', true),
    ('CH-ECH', 'dataLock 2', 'name_and_address', 'Auskunftssperre',
     'Law of the canton on residents'' registers', 'eCH-0021 up to version 7, dataLock', true),
    ('CH-ECH', 'dataLock/8 0', 'none', 'Keine Auskunftssperre',
     'Law of the canton on residents'' registers', 'eCH-0021 version 8, dataLock', true),
    ('CH-ECH', 'dataLock/8 1', 'name_and_address', 'Auskunftssperre',
     'Law of the canton on residents'' registers', 'eCH-0021 version 8, dataLock', true),
    ('CH-ECH', 'addressLock 0', 'none', 'Keine Adresssperre',
     'Law of the canton on residents'' registers', 'eCH-0021 version 8, addressLock', true),
    ('CH-ECH', 'addressLock 1', 'address', 'Adresssperre',
     'Law of the canton on residents'' registers', 'eCH-0021 version 8, addressLock', true),
    ('CH-ECH', 'paperLock 0', 'none', 'Keine Schriftensperre (papers)',
     'Law of the canton on residents'' registers', 'eCH-0021, paperLock', true),
    ('CH-ECH', 'paperLock 1', 'none', 'Schriftensperre: no papers are given out',
     'Law of the canton on residents'' registers', 'eCH-0021, paperLock', true),
    ('UK-AER', 'N', 'name_and_address', 'Anonymous entry: name and address are off the register',
     'Anonymous electoral registration', 'Electoral register, letter N after the elector number', true),
    ('US-ACP', 'ACP', 'address', 'Address confidentiality programme: a substitute address is used',
     'Address confidentiality programme of the state; FinCEN FIN-2009-R003', 'Programme card of the state', true),
    ('US-ACP', 'Safe at Home', 'address', 'Safe at Home: a substitute address is used',
     'Address confidentiality programme of the state; FinCEN FIN-2009-R003', 'Programme card of the state', true),
    ('manual', 'address', 'address', 'Entered by hand: the address',
     'GDPR art. 32', 'protaddr', true),
    ('manual', 'address_and_town', 'address_and_town', 'Entered by hand: the address and the town',
     'GDPR art. 32', 'protaddr', true),
    ('manual', 'name_and_address', 'name_and_address', 'Entered by hand: name and address',
     'GDPR art. 32', 'protaddr', true);

CREATE TABLE protaddr.protection (
    subject_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (protaddr.subject_key(subject)) STORED,
    kind protaddr.protection_kind NOT NULL,
    id bigint DEFAULT protaddr.new_id() PRIMARY KEY,
    subject text NOT NULL,
    regime text NOT NULL,
    code text NOT NULL,
    source text NOT NULL,
    valid_from timestamptz NOT NULL DEFAULT '-infinity',
    valid_to timestamptz NOT NULL DEFAULT 'infinity',
    delete_hint date,
    recorded_from timestamptz NOT NULL DEFAULT clock_timestamp(),
    recorded_to timestamptz NOT NULL DEFAULT 'infinity',
    recorded_by text NOT NULL DEFAULT session_user,
    reason text,
    ends_at timestamptz
);
COMMENT ON TABLE protaddr.protection IS
'Who is, was and was known to be protected: valid time (when it held) and recorded time (when this database knew). Rows are never changed or removed; a change closes the recorded period and adds a row. In force: recorded_to and valid_to are both infinity.';
COMMENT ON COLUMN protaddr.protection.subject_key IS 'Canonical form of subject, see protaddr.subject_key(); what look-ups compare.';
COMMENT ON COLUMN protaddr.protection.kind IS 'What it hides, as regime_code said when it was recorded.';
COMMENT ON COLUMN protaddr.protection.id IS 'Number of the row.';
COMMENT ON COLUMN protaddr.protection.subject IS 'The person''s identifier as delivered or entered.';
COMMENT ON COLUMN protaddr.protection.regime IS 'Country and register, such as DK-CPR.';
COMMENT ON COLUMN protaddr.protection.code IS 'The register''s code.';
COMMENT ON COLUMN protaddr.protection.source IS 'Who said so: a register source, or hand. A delivery replaces only what its own source said.';
COMMENT ON COLUMN protaddr.protection.valid_from IS 'Since when it holds; -infinity: not told.';
COMMENT ON COLUMN protaddr.protection.valid_to IS 'When it ended by a lift or a complete delivery without it; infinity: it has not. Never a planned end.';
COMMENT ON COLUMN protaddr.protection.delete_hint IS 'The register''s delete date (CPR: SLET_DT). A hint for people; it ends nothing (CPR''s guide to extracts).';
COMMENT ON COLUMN protaddr.protection.recorded_from IS 'Since when this database knows it.';
COMMENT ON COLUMN protaddr.protection.recorded_to IS 'Until when this row was what this database knew; infinity: it still is.';
COMMENT ON COLUMN protaddr.protection.recorded_by IS 'Login role that recorded it.';
COMMENT ON COLUMN protaddr.protection.reason IS 'Why, in words: for entries by hand, and for what goes on although its source does not say it any more; NULL for what is said.';
COMMENT ON COLUMN protaddr.protection.ends_at IS 'A true end that is to come, told by a source whose valid_to is declared to be one (protaddr.register_source); NULL: none. The protection holds until protaddr.end_planned(), or a load of the source, records that it has ended.';

-- one row at most of each protection of a person is known to be in force
CREATE UNIQUE INDEX protection_one ON protaddr.protection (subject_key, source, regime, code)
    WHERE recorded_to = 'infinity' AND valid_to = 'infinity';
COMMENT ON INDEX protaddr.protection_one IS 'What is in force, every kind: a concurrent change cannot fork a person''s history.';
CREATE INDEX protection_current ON protaddr.protection (subject_key)
    WHERE recorded_to = 'infinity' AND valid_to = 'infinity' AND kind <> 'none';
COMMENT ON INDEX protaddr.protection_current IS 'Exactly the protections that hide something now: what the look-up reads.';
CREATE INDEX protection_history ON protaddr.protection (subject_key, recorded_from);
COMMENT ON INDEX protaddr.protection_history IS 'A person''s whole history.';
CREATE INDEX protection_ending ON protaddr.protection (source, ends_at)
    WHERE recorded_to = 'infinity' AND valid_to = 'infinity' AND ends_at IS NOT NULL;
COMMENT ON INDEX protaddr.protection_ending IS 'True ends that are to come.';

SELECT protaddr.make_own_table('protection', dumped => '');

CREATE TABLE protaddr.register_source (
    source text PRIMARY KEY,
    current_as_of timestamptz NOT NULL,
    max_age interval,
    regime text,
    confirmed_by text NOT NULL DEFAULT session_user,
    recorded_in text,
    persons bigint,
    protections bigint,
    max_lifts integer NOT NULL DEFAULT 20,
    max_lifts_share numeric NOT NULL DEFAULT 0.01,
    lift_window interval NOT NULL DEFAULT '24 hours',
    fresh_from text NOT NULL DEFAULT 'load',
    counted bigint,
    counted_at timestamptz,
    valid_to_is_true boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE protaddr.register_source IS
'The register sources that count. Nothing is disclosed while there is none, while one is older than its max_age, or while one was last loaded or confirmed in another database: a copy (CREATE DATABASE ... TEMPLATE), a cluster after pg_upgrade and a logical subscriber must each be told once that what they hold is complete.';
COMMENT ON COLUMN protaddr.register_source.source IS 'Name of the source, such as DK-CPR.';
COMMENT ON COLUMN protaddr.register_source.current_as_of IS 'Up to when its word is known: when it was last loaded or confirmed complete, or with fresh_from register, of when the register says its last delivery is.';
COMMENT ON COLUMN protaddr.register_source.max_age IS 'How old it may be; NULL: protaddr.register_max_age.';
COMMENT ON COLUMN protaddr.register_source.regime IS 'Whose codes it delivers, such as DK-CPR; NULL if it was only ever confirmed by hand.';
COMMENT ON COLUMN protaddr.register_source.confirmed_by IS 'Login role that last loaded or confirmed it.';
COMMENT ON COLUMN protaddr.register_source.recorded_in IS 'The database in which that was done, see protaddr.this_database(); in another one the row does not count. What logical replication brings later counts where the source was loaded or confirmed once.';
COMMENT ON COLUMN protaddr.register_source.persons IS 'How many people the source has told of: a copy that has fewer is not complete.';
COMMENT ON COLUMN protaddr.register_source.protections IS 'How many of its protections are in force, of every kind: a copy that has fewer is not complete.';
COMMENT ON COLUMN protaddr.register_source.max_lifts IS 'So many people may lose their protection within lift_window without a confirmation, or max_lifts_share if that is more.';
COMMENT ON COLUMN protaddr.register_source.max_lifts_share IS 'The same as a share of those whom the source protects.';
COMMENT ON COLUMN protaddr.register_source.lift_window IS 'Over how long lifts are counted, in however many deliveries they come.';
COMMENT ON COLUMN protaddr.register_source.fresh_from IS 'What counts as its newest word: load (when a delivery was loaded) or register (the production date, or the as_of given with the load).';
COMMENT ON COLUMN protaddr.register_source.counted IS 'How many people it protected when they were last counted for max_lifts_share.';
COMMENT ON COLUMN protaddr.register_source.counted_at IS 'When that was: it holds for one lift_window.';
COMMENT ON COLUMN protaddr.register_source.valid_to_is_true IS 'Whether a valid_to that is to come ends a protection when it comes; else it is a plan, kept as delete_hint, which ends nothing. See protaddr.set_register().';
SELECT protaddr.make_own_table('register_source');
-- not dumped: what a restored database knows is of the day of the dump, and nothing
-- is disclosed until its sources are loaded or confirmed


CREATE TABLE protaddr.register_delivery (
    id bigint DEFAULT protaddr.new_id() PRIMARY KEY,
    source text NOT NULL,
    regime text,
    task text,
    produced date,
    previous date,
    loaded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    loaded_by text NOT NULL DEFAULT session_user,
    outcome text NOT NULL,
    persons bigint,
    records bigint,
    protections bigint,
    protected bigint,
    newly_protected bigint,
    lifted bigint,
    unknown_codes bigint,
    replaced_numbers bigint,
    skipped bigint,
    digest bytea,
    after_gap boolean NOT NULL DEFAULT false,
    reason text,
    name text,
    mode text,
    moment timestamptz,
    kept bigint,
    absent bigint,
    lifts_confirmed boolean NOT NULL DEFAULT false,
    types text[],
    position_after bigint,
    position_upto bigint,
    fresh_before timestamptz
);
COMMENT ON TABLE protaddr.register_delivery IS 'Every delivery that was loaded, tried or refused, in order. Counts only, no person.';
COMMENT ON COLUMN protaddr.register_delivery.id IS 'Number of the delivery.';
COMMENT ON COLUMN protaddr.register_delivery.source IS 'Name of the register source.';
COMMENT ON COLUMN protaddr.register_delivery.regime IS 'Whose codes it holds.';
COMMENT ON COLUMN protaddr.register_delivery.task IS 'The register''s task number (CPR: OPGAVENR); NULL if it has none.';
COMMENT ON COLUMN protaddr.register_delivery.produced IS 'Production date (CPR: PRODDTO).';
COMMENT ON COLUMN protaddr.register_delivery.previous IS 'Production date of the delivery before it (CPR: PRODDTOFORRIG).';
COMMENT ON COLUMN protaddr.register_delivery.loaded_at IS 'When it was loaded or refused.';
COMMENT ON COLUMN protaddr.register_delivery.loaded_by IS 'Login role that did so.';
COMMENT ON COLUMN protaddr.register_delivery.outcome IS 'loaded, dry run, undone (see protaddr.undo_delivery()), undo (that was done), or refused: SQLSTATE and why.';
COMMENT ON COLUMN protaddr.register_delivery.persons IS 'People in it; NULL if refused.';
COMMENT ON COLUMN protaddr.register_delivery.records IS 'Data records in it.';
COMMENT ON COLUMN protaddr.register_delivery.protections IS 'Protection records in it, of every kind.';
COMMENT ON COLUMN protaddr.register_delivery.protected IS 'People in it who are protected.';
COMMENT ON COLUMN protaddr.register_delivery.newly_protected IS 'People newly protected by it.';
COMMENT ON COLUMN protaddr.register_delivery.lifted IS 'People whose protection ended with it.';
COMMENT ON COLUMN protaddr.register_delivery.unknown_codes IS 'Records with a code that regime_code does not have.';
COMMENT ON COLUMN protaddr.register_delivery.replaced_numbers IS 'Person numbers that another number took the place of.';
COMMENT ON COLUMN protaddr.register_delivery.skipped IS 'Records that could not be read: of types unknown to us, or not of their type''s form.';
COMMENT ON COLUMN protaddr.register_delivery.digest IS 'SHA-256 of the delivery as it came.';
COMMENT ON COLUMN protaddr.register_delivery.after_gap IS 'Loaded although a delivery before it is missing.';
COMMENT ON COLUMN protaddr.register_delivery.reason IS 'Why it was loaded all the same, or undone.';
COMMENT ON COLUMN protaddr.register_delivery.name IS 'What it is called: as the load named it, or its task and production date, or the time.';
COMMENT ON COLUMN protaddr.register_delivery.mode IS 'delivery, reply, bitemporal; replace, snapshot, merge or events; planned ends: see protaddr.end_planned().';
COMMENT ON COLUMN protaddr.register_delivery.moment IS 'The time under which everything it changed is recorded; NULL unless it was loaded.';
COMMENT ON COLUMN protaddr.register_delivery.kept IS 'People whose protection goes on although it is not said any more; see protaddr.register_review.';
COMMENT ON COLUMN protaddr.register_delivery.absent IS 'Protected people who are not in a snapshot; they stay protected.';
COMMENT ON COLUMN protaddr.register_delivery.lifts_confirmed IS 'Its lifts were confirmed, and do not count within the window.';
COMMENT ON COLUMN protaddr.register_delivery.types IS 'The types of its records; with a b in front those of the bitemporal layout.';
COMMENT ON COLUMN protaddr.register_delivery.position_after IS 'The feed''s position before its first event.';
COMMENT ON COLUMN protaddr.register_delivery.position_upto IS 'The feed''s position of its last event.';
COMMENT ON COLUMN protaddr.register_delivery.fresh_before IS 'What current_as_of of its source was before.';
CREATE INDEX register_delivery_last ON protaddr.register_delivery (source, task, id);
COMMENT ON INDEX protaddr.register_delivery_last IS 'The last delivery of a task.';
CREATE INDEX register_delivery_lifts ON protaddr.register_delivery (source, loaded_at)
    WHERE outcome = 'loaded' AND lifted > 0 AND NOT lifts_confirmed;
COMMENT ON INDEX protaddr.register_delivery_lifts IS 'Lifts that count within the window of their limit.';
CREATE INDEX register_delivery_produced ON protaddr.register_delivery (source, produced) WHERE outcome = 'loaded';
COMMENT ON INDEX protaddr.register_delivery_produced IS 'The newest production date of a source.';
SELECT protaddr.make_own_table('register_delivery', dumped => '');

CREATE TABLE protaddr.register_feed (
    source text NOT NULL,
    task text NOT NULL DEFAULT '',
    declared text[],
    learned text[] NOT NULL DEFAULT '{}',
    "position" bigint,
    PRIMARY KEY (source, task)
);
COMMENT ON TABLE protaddr.register_feed IS
'What each task or feed of a source delivers, and how far it has come. See protaddr.declare_feed().';
COMMENT ON COLUMN protaddr.register_feed.source IS 'Name of the register source.';
COMMENT ON COLUMN protaddr.register_feed.task IS 'The register''s task number; empty: the source has one feed, without a number.';
COMMENT ON COLUMN protaddr.register_feed.declared IS 'Record types that it is declared to deliver; NULL: not declared.';
COMMENT ON COLUMN protaddr.register_feed.learned IS 'Record types of which its deliveries had any.';
COMMENT ON COLUMN protaddr.register_feed."position" IS 'The position of the last event that was loaded: where to go on.';
SELECT protaddr.make_own_table('register_feed', dumped => '');

CREATE TABLE protaddr.register_person (
    subject_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (protaddr.subject_key(subject)) STORED,
    source text NOT NULL,
    subject text NOT NULL,
    known_since timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (subject_key, source)
);
COMMENT ON TABLE protaddr.register_person IS 'The people that each register source lists, protected or not.';
COMMENT ON COLUMN protaddr.register_person.subject_key IS 'Canonical form of subject.';
COMMENT ON COLUMN protaddr.register_person.source IS 'Name of the register source.';
COMMENT ON COLUMN protaddr.register_person.subject IS 'The person''s identifier as first delivered.';
COMMENT ON COLUMN protaddr.register_person.known_since IS 'When the source first told of the person.';
SELECT protaddr.make_own_table('register_person', dumped => '', changed_by => 'UPDATE OR DELETE');
-- whose address may leave hangs on it; once for a load of millions
CREATE TRIGGER own_table_filled BEFORE INSERT ON protaddr.register_person
    FOR EACH STATEMENT EXECUTE FUNCTION protaddr.own_table_changed();
CREATE TRIGGER own_row_added AFTER INSERT ON protaddr.register_person
    FOR EACH ROW EXECUTE FUNCTION protaddr.register_person_added();

CREATE FUNCTION protaddr.kind_of(regime text, code text) RETURNS protaddr.protection_kind
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce((SELECT r.kind FROM protaddr.regime_code r
                     WHERE r.regime = kind_of.regime AND r.code = kind_of.code), 'everything');
END;
REVOKE ALL ON FUNCTION protaddr.kind_of(text, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.kind_of(text, text) IS
'What a code hides: as protaddr.regime_code says; a code that is not there, or NULL, hides everything.';

CREATE FUNCTION protaddr.protect(
    subject text, regime text, code text,
    valid_from timestamptz DEFAULT NULL, delete_hint date DEFAULT NULL, reason text DEFAULT NULL,
    new_regime boolean DEFAULT false
) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    in_force text;
BEGIN
    IF protaddr.subject_key(protect.subject) IS NULL OR protect.regime IS NULL OR protect.code IS NULL OR protect.new_regime IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'null_value_not_allowed',
            MESSAGE = 'a protection needs a subject, a regime and a code',
            HINT = 'subject is the identifier that bound columns name, such as a CPR number.';
    END IF;
    IF NOT protect.new_regime AND NOT EXISTS (SELECT FROM protaddr.regime_code r WHERE r.regime = protect.regime) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'undefined_object',
            MESSAGE = format('regime "%s" does not exist', left(protect.regime, 63)),
            HINT = format('Regimes: %s. new_regime => true protects under one that protaddr.regime_code does not have.',
                          (SELECT string_agg(DISTINCT r.regime, ', ' ORDER BY r.regime) FROM protaddr.regime_code r));
    END IF;
    -- recorded while regime_code said of this code that it hides less, or of another number
    UPDATE protaddr.protection p SET recorded_to = clock_timestamp()
    WHERE p.subject_key = protaddr.subject_key(protect.subject)
      AND p.source = 'hand' AND p.regime = protect.regime AND p.code = protect.code
      AND p.recorded_to = 'infinity' AND p.valid_to = 'infinity'
      AND (((p.kind IN ('none', 'address') OR protaddr.kind_of(protect.regime, protect.code) = 'everything')
            AND protaddr.kind_of(protect.regime, protect.code) NOT IN ('none', p.kind))
           OR (p.kind = protaddr.kind_of(protect.regime, protect.code)
               AND p.reason IN ('a replacement of the number was taken back', 'the number was replaced, but cannot be linked')));
    -- in force already is the one thing that may keep it from being recorded
    INSERT INTO protaddr.protection (kind, subject, regime, code, source, valid_from, delete_hint, reason)
    VALUES (protaddr.kind_of(protect.regime, protect.code), btrim(protect.subject), protect.regime, protect.code, 'hand',
            coalesce(protect.valid_from, '-infinity'), protect.delete_hint, protect.reason)
    ON CONFLICT (subject_key, source, regime, code) WHERE recorded_to = 'infinity' AND valid_to = 'infinity' DO NOTHING;
    IF NOT FOUND THEN
        RAISE NOTICE 'this protection is in force already';
    END IF;

    SELECT p.kind INTO in_force FROM protaddr.protection p
    WHERE p.subject_key = protaddr.subject_key(protect.subject)
      AND p.source = 'hand' AND p.regime = protect.regime AND p.code = protect.code
      AND p.recorded_to = 'infinity' AND p.valid_to = 'infinity';
    -- under REPEATABLE READ one that another transaction has committed since is not seen
    IF in_force IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'serialization_failure',
            MESSAGE = 'the protection was not recorded',
            HINT = 'Protect again in a READ COMMITTED transaction.';
    END IF;
    IF in_force = 'none' THEN
        RAISE NOTICE 'code % of % hides nothing: nobody is protected by it', protect.code, protect.regime
            USING HINT = 'See protaddr.regime_code.';
    END IF;
    RETURN in_force <> 'none';
END
$$;
REVOKE ALL ON FUNCTION protaddr.protect(text, text, text, timestamptz, date, text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.protect(text, text, text, timestamptz, date, text, boolean) IS
'Records by hand that a person is protected; holds in every session from its next statement after commit, and no delivery ends it, only protaddr.lift(). regime and code: see protaddr.regime_code; an unknown code protects, an unknown regime only with new_regime. valid_from NULL: since ever. delete_hint: a planned end, which ends nothing. It holds under every number of the person (identity links of kind ''replaced number''), and is lifted under the one it was entered of. True if the person is protected by it now, recorded anew or in force already (a NOTICE says so); false only for a code that hides nothing. Raises 22004 if subject, regime or code is missing, 42704 for an unknown regime, 40001 if it could not be recorded.';

CREATE FUNCTION protaddr.lift(subject text, regime text, code text, reason text DEFAULT NULL) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    lifted protaddr.protection;
    moment timestamptz := clock_timestamp();
BEGIN
    IF protaddr.subject_key(lift.subject) IS NULL OR lift.regime IS NULL OR lift.code IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'null_value_not_allowed',
            MESSAGE = 'lifting a protection needs its subject, regime and code';
    END IF;
    UPDATE protaddr.protection p SET recorded_to = moment
    WHERE p.subject_key = protaddr.subject_key(lift.subject)
      AND p.source = 'hand' AND p.regime = lift.regime AND p.code = lift.code
      AND p.recorded_to = 'infinity' AND p.valid_to = 'infinity'
    RETURNING p.* INTO lifted;
    IF NOT FOUND THEN
        IF EXISTS (SELECT FROM protaddr.protection p
                   WHERE p.subject_key IN (SELECT protaddr.numbers_of(lift.subject))
                     AND p.source = 'hand' AND p.regime = lift.regime AND p.code = lift.code
                     AND p.recorded_to = 'infinity' AND p.valid_to = 'infinity') THEN
            RAISE NOTICE 'this protection was entered of another number of the person'
                USING HINT = 'Lift it under that one: see protaddr.numbers_of().';
        END IF;
        RETURN false;
    END IF;
    -- one at most can be in force: protection_one
    INSERT INTO protaddr.protection (kind, subject, regime, code, source, valid_from, valid_to, delete_hint, recorded_from, reason)
    VALUES (lifted.kind, lifted.subject, lifted.regime, lifted.code, lifted.source, lifted.valid_from, moment,
            lifted.delete_hint, moment, lift.reason);
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION protaddr.lift(text, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.lift(text, text, text, text) IS
'Records that a protection entered by hand has ended; what a register delivered ends only by a delivery. Holds once committed; the transaction that lifts is shown nothing until then. True if it was in force, false if there was none; a NOTICE says that there is one of another number of the person. Raises 22004 if subject, regime or code is missing.';

CREATE FUNCTION protaddr.keep_of_number("of" text, "to" text, source text, own text, moment timestamptz, reason text) RETURNS bigint
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    theirs text[] := ARRAY(SELECT protaddr.numbers_of("of"));
    mine text[] := ARRAY(SELECT protaddr.numbers_of("to"));
    added bigint := 0;
BEGIN
    IF theirs && mine THEN
        RETURN 0;
    END IF;
    -- what the source itself says, or did before this moment, for it to end
    IF own IS NOT NULL THEN
        INSERT INTO protaddr.protection (kind, subject, regime, code, source, valid_from, delete_hint, recorded_from, reason)
        SELECT DISTINCT ON (p.regime, p.code) p.kind, "to", p.regime, p.code, p.source, p.valid_from, p.delete_hint, moment, reason
        FROM protaddr.protection p
        WHERE p.subject_key = ANY (theirs) AND p.source = source AND p.kind <> 'none' AND p.valid_to = 'infinity'
          AND CASE own WHEN 'before' THEN (p.recorded_from < moment OR p.reason = reason) AND p.recorded_to IN ('infinity', moment)
                       ELSE p.recorded_to = 'infinity' END
          AND NOT EXISTS (SELECT FROM protaddr.protection q
                          WHERE q.subject_key = ANY (mine) AND q.source = p.source AND q.regime = p.regime AND q.code = p.code
                            AND q.kind <> 'none' AND q.recorded_to = 'infinity' AND q.valid_to = 'infinity')
        ORDER BY p.regime, p.code, p.id
        ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS added = ROW_COUNT;
    END IF;
    -- what others say is theirs, and counted as theirs: here it is entered by hand, and ended by hand
    INSERT INTO protaddr.protection (kind, subject, regime, code, source, valid_from, delete_hint, recorded_from, reason)
    SELECT DISTINCT ON (p.regime, p.code) p.kind, "to", p.regime, p.code, 'hand', p.valid_from, p.delete_hint, moment, reason
    FROM protaddr.protection p
    WHERE p.subject_key = ANY (theirs) AND p.source IS DISTINCT FROM source AND p.kind <> 'none'
      AND p.recorded_to = 'infinity' AND p.valid_to = 'infinity'
      AND NOT EXISTS (SELECT FROM protaddr.protection q
                      WHERE q.subject_key = ANY (mine) AND q.source IS DISTINCT FROM source AND q.regime = p.regime AND q.code = p.code
                        AND q.kind <> 'none' AND q.recorded_to = 'infinity' AND q.valid_to = 'infinity')
    ORDER BY p.regime, p.code, p.id
    ON CONFLICT DO NOTHING;
    RETURN added;
END
$$;
REVOKE ALL ON FUNCTION protaddr.keep_of_number(text, text, text, text, timestamptz, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.keep_of_number(text, text, text, text, timestamptz, text) IS
'Part of the load functions: lets one number go on being protected by what is in force of another that is, or is no longer, of the same person: what others than the source say as entered by hand, and what the source itself says (own: now) or said until this moment (before). Returns how many rows are the source''s own.';

CREATE FUNCTION protaddr.part_numbers(ones text[], others text[], source text, own text, moment timestamptz) RETURNS bigint
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    added bigint := 0;
BEGIN
    -- twice: of several that were parted from one number, each was protected by all
    FOR pass IN 1 .. 2 LOOP
        FOR i IN 1 .. coalesce(cardinality(ones), 0) LOOP
            added := added
                + protaddr.keep_of_number(ones[i], others[i], source, own, moment, 'a replacement of the number was taken back')
                + protaddr.keep_of_number(others[i], ones[i], source, own, moment, 'a replacement of the number was taken back');
        END LOOP;
    END LOOP;
    RETURN added;
END
$$;
REVOKE ALL ON FUNCTION protaddr.part_numbers(text[], text[], text, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.part_numbers(text[], text[], text, text, timestamptz) IS
'Part of the load functions and protaddr.unlink_identity(): pairs of numbers were one person''s and are no longer. Nobody loses a protection by that alone: each keeps what protected the other, as protaddr.keep_of_number() does.';

CREATE FUNCTION protaddr.confirm_register(source text, max_age interval DEFAULT NULL, new_source boolean DEFAULT false) RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF btrim(confirm_register.source, E' \t\r\n') IS NOT DISTINCT FROM '' OR confirm_register.source IS NULL OR confirm_register.new_source IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'null_value_not_allowed',
            MESSAGE = 'a register source needs a name';
    END IF;
    IF NOT confirm_register.max_age BETWEEN interval '1 minute' AND interval '1 year' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'max_age must be between a minute and a year';
    END IF;
    -- hand: what protaddr.protect() enters; a restored database knows the others by their deliveries
    IF NOT confirm_register.new_source AND confirm_register.source <> 'hand'
       AND NOT EXISTS (SELECT FROM protaddr.register_source s WHERE s.source = confirm_register.source)
       AND NOT EXISTS (SELECT FROM protaddr.register_delivery d WHERE d.source = confirm_register.source AND d.outcome = 'loaded') THEN
        RAISE EXCEPTION USING
            ERRCODE = 'undefined_object',
            MESSAGE = format('register source "%s" does not exist', left(confirm_register.source, 63)),
            HINT = format('Sources: %s. new_source => true confirms one that is new.',
                          (SELECT string_agg(k.source, ', ' ORDER BY k.source)
                           FROM (SELECT 'hand' AS source
                                 UNION SELECT s.source FROM protaddr.register_source s
                                 UNION SELECT d.source FROM protaddr.register_delivery d WHERE d.outcome = 'loaded') k));
    END IF;
    -- of what another database vouched for, all must have arrived
    IF EXISTS (SELECT FROM protaddr.register_source s
               WHERE s.source = confirm_register.source AND s.recorded_in IS DISTINCT FROM protaddr.this_database()
                 AND (s.persons > (SELECT count(*) FROM protaddr.register_person p WHERE p.source = s.source)
                      OR s.protections > (SELECT count(*) FROM protaddr.protection p
                                          WHERE p.source = s.source AND p.recorded_to = 'infinity' AND p.valid_to = 'infinity'))) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = 'the register of this source is not complete here',
            DETAIL = 'It has fewer people or protections than the database it comes from.',
            HINT = 'Wait until all of it has arrived, or load it here.';
    END IF;
    INSERT INTO protaddr.register_source AS s (source, current_as_of, max_age)
    VALUES (confirm_register.source, clock_timestamp(), confirm_register.max_age)
    ON CONFLICT ON CONSTRAINT register_source_pkey
    DO UPDATE SET current_as_of = EXCLUDED.current_as_of, confirmed_by = EXCLUDED.confirmed_by,
                  max_age = coalesce(EXCLUDED.max_age, s.max_age);
END
$$;
REVOKE ALL ON FUNCTION protaddr.confirm_register(text, interval, boolean) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.confirm_register(text, interval, boolean) IS
'Confirms that what the register holds from this source is complete as of now, so that addresses of people who are not protected may be disclosed for max_age (NULL: as before, or protaddr.register_max_age). For sources kept by hand, and for a change delivery that had nothing to say. source: hand (what protaddr.protect() enters), one that was loaded or confirmed before, or with new_source another: a mistyped name makes none. Holds once committed. Raises 22004 without a name, 22023 for an age under a minute or over a year, 42704 for an unknown source, 55000 in a copy or a subscriber that has not all of what the source vouches for.';

CREATE FUNCTION protaddr.retire_register(source text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    DELETE FROM protaddr.register_source s WHERE s.source = retire_register.source;
    RETURN FOUND;
END
$$;
REVOKE ALL ON FUNCTION protaddr.retire_register(text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.retire_register(text) IS
'Takes a source off the list of those that must be fresh, such as one confirmed under a wrong name. Its protections stay in force. True if it was there. With no source left nothing is disclosed.';

CREATE VIEW protaddr.load_progress AS
SELECT c.pid, a.usename AS loaded_by, date_trunc('second', clock_timestamp() - a.query_start) AS running,
       c.param11 AS persons,
       round(c.param11 / greatest(extract(epoch FROM clock_timestamp() - a.query_start), 0.001)) AS persons_per_second,
       c.param12 AS bytes_processed, c.param13 AS bytes_total,
       CASE WHEN c.param13 > 0 THEN round(100.0 * c.param12 / c.param13, 1) END AS percent
FROM pg_stat_get_progress_info('COPY') c JOIN pg_stat_activity a USING (pid)
WHERE c.relid = 'protaddr.protection'::regclass AND a.datname = current_database();
GRANT SELECT ON protaddr.load_progress TO pg_monitor;
COMMENT ON VIEW protaddr.load_progress IS 'The register loads running now, to watch from another session.';
COMMENT ON COLUMN protaddr.load_progress.pid IS 'Process that loads.';
COMMENT ON COLUMN protaddr.load_progress.loaded_by IS 'Login role.';
COMMENT ON COLUMN protaddr.load_progress.running IS 'How long its statement has run.';
COMMENT ON COLUMN protaddr.load_progress.persons IS 'People replaced so far.';
COMMENT ON COLUMN protaddr.load_progress.persons_per_second IS 'The rate.';
COMMENT ON COLUMN protaddr.load_progress.bytes_processed IS 'Bytes of the delivery read.';
COMMENT ON COLUMN protaddr.load_progress.bytes_total IS 'Bytes of the delivery; 0 if not known.';
COMMENT ON COLUMN protaddr.load_progress.percent IS 'Share read, in percent; NULL if not known.';

CREATE FUNCTION protaddr.take_over_shipped_row() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- A changed row is the user's own, so that a dump carries it; restored, it
    -- takes the place of the row that CREATE EXTENSION has shipped.  What our own
    -- scripts change is shipped so.
    IF TG_OP = 'UPDATE' THEN
        NEW.shipped := OLD.shipped AND protaddr.own_script_runs();
    ELSIF NEW.shipped AND TG_TABLE_NAME = 'channel' THEN
        -- logical replication brings what another server has shipped
        DELETE FROM protaddr.channel c WHERE c.channel = NEW.channel AND c.valid_from = NEW.valid_from AND c.shipped;
    ELSIF NEW.shipped AND TG_TABLE_NAME = 'regime_code' THEN
        DELETE FROM protaddr.regime_code r WHERE r.regime = NEW.regime AND r.code = NEW.code AND r.shipped;
    ELSIF TG_TABLE_NAME = 'purpose' THEN
        DELETE FROM protaddr.purpose p WHERE p.purpose = NEW.purpose AND p.shipped;
    ELSIF TG_TABLE_NAME = 'address_word' THEN
        DELETE FROM protaddr.address_word w
        WHERE w.language = NEW.language AND w.kind = NEW.kind AND w.word = NEW.word AND w.means = NEW.means AND w.shipped;
    ELSIF NOT NEW.shipped AND TG_TABLE_NAME = 'channel' THEN
        DELETE FROM protaddr.channel c WHERE c.channel = NEW.channel AND c.shipped;
    ELSIF NOT NEW.shipped AND TG_TABLE_NAME = 'regime_code' THEN
        DELETE FROM protaddr.regime_code r WHERE r.regime = NEW.regime AND r.code = NEW.code AND r.shipped;
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION protaddr.take_over_shipped_row() FROM PUBLIC;
COMMENT ON FUNCTION protaddr.take_over_shipped_row() IS
'Trigger of tables with shipped rows: a changed row counts as the user''s own and is dumped, unless protaddr''s own upgrade script changes it; restored or replicated, it replaces the shipped one.';
CREATE TRIGGER take_over_shipped_row BEFORE INSERT OR UPDATE ON protaddr.regime_code
    FOR EACH ROW EXECUTE FUNCTION protaddr.take_over_shipped_row();
SELECT pg_catalog.pg_extension_config_dump('protaddr.regime_code', 'WHERE NOT shipped');

CREATE VIEW protaddr.register_status AS
SELECT s.source, s.regime,
       CASE WHEN s.recorded_in IS DISTINCT FROM protaddr.this_database() THEN 'not confirmed here'
            WHEN protaddr.replica_behind() THEN 'behind'
            WHEN s.current_as_of > clock_timestamp() + interval '1 minute' THEN 'ahead of time'
            WHEN s.current_as_of + coalesce(s.max_age, protaddr.register_max_age()) > clock_timestamp() THEN 'fresh' ELSE 'stale' END AS status,
       date_trunc('second', clock_timestamp() - s.current_as_of) AS age,
       s.current_as_of + coalesce(s.max_age, protaddr.register_max_age()) AS stale_at,
       l.task AS last_task, l.produced AS last_produced, l.loaded_at AS last_loaded,
       (SELECT count(*) FROM protaddr.register_person p WHERE p.source = s.source) AS persons,
       (SELECT count(DISTINCT p.subject_key) FROM protaddr.protection p
        WHERE p.source = s.source AND p.recorded_to = 'infinity' AND p.valid_to = 'infinity' AND p.kind <> 'none') AS protected,
       (SELECT count(*) FROM protaddr.protection p
        WHERE p.source = s.source AND p.recorded_to = 'infinity' AND p.valid_to = 'infinity') AS protections,
       (SELECT count(*) FROM protaddr.register_delivery d WHERE d.source = s.source AND d.outcome = 'loaded' AND d.mode IS DISTINCT FROM 'planned ends') AS deliveries,
       (SELECT count(*) FROM protaddr.register_delivery d WHERE d.source = s.source AND d.after_gap) AS gaps,
       (SELECT count(*) FROM protaddr.register_delivery d WHERE d.source = s.source AND d.outcome LIKE 'refused%') AS refused,
       (SELECT string_agg(concat_ws(' ', CASE WHEN f.task <> '' THEN 'task ' || f.task || ':' END,
                                    CASE WHEN cardinality(coalesce(f.declared, f.learned)) > 0 THEN
                                        array_to_string(coalesce(f.declared, f.learned), ' ') || CASE WHEN f.declared IS NULL THEN ' (learned)' ELSE ' (declared)' END END,
                                    'up to position ' || f."position"), '; ' ORDER BY f.task)
        FROM protaddr.register_feed f WHERE f.source = s.source) AS delivers,
       (SELECT sum(d.lifted) FROM protaddr.register_delivery d
        WHERE d.source = s.source AND d.outcome = 'loaded' AND NOT d.lifts_confirmed
          AND d.loaded_at > clock_timestamp() - s.lift_window) AS lifted_in_window
FROM protaddr.register_source s
LEFT JOIN LATERAL (SELECT d.* FROM protaddr.register_delivery d WHERE d.source = s.source AND d.outcome = 'loaded' AND d.mode IS DISTINCT FROM 'planned ends'
                   ORDER BY d.id DESC LIMIT 1) l ON true
ORDER BY s.source;
GRANT SELECT ON protaddr.register_status TO pg_monitor;
COMMENT ON VIEW protaddr.register_status IS
'The register sources: how fresh each is, its last delivery, and how many were loaded, loaded after a gap, and refused. Counts only, no person. Empty: nothing is disclosed.';
COMMENT ON COLUMN protaddr.register_status.source IS 'Name of the source.';
COMMENT ON COLUMN protaddr.register_status.regime IS 'Whose codes it delivers.';
COMMENT ON COLUMN protaddr.register_status.status IS 'fresh; stale; ahead of time: its newest word is of a time to come, so a clock was or is wrong; behind: this server is a replica that lags (protaddr.max_replay_lag); or not confirmed here: last loaded or confirmed in another database, of which this one is a copy or a subscriber. Load it, or call protaddr.confirm_register().';
COMMENT ON COLUMN protaddr.register_status.age IS 'How long ago it was loaded or confirmed.';
COMMENT ON COLUMN protaddr.register_status.stale_at IS 'From when on nothing is disclosed unless it is loaded or confirmed again.';
COMMENT ON COLUMN protaddr.register_status.last_task IS 'Task number of the last delivery.';
COMMENT ON COLUMN protaddr.register_status.last_produced IS 'Production date of the last delivery.';
COMMENT ON COLUMN protaddr.register_status.last_loaded IS 'When the last delivery was loaded.';
COMMENT ON COLUMN protaddr.register_status.persons IS 'People it lists.';
COMMENT ON COLUMN protaddr.register_status.protected IS 'People it protects now.';
COMMENT ON COLUMN protaddr.register_status.protections IS 'Protection rows in force, of every kind.';
COMMENT ON COLUMN protaddr.register_status.deliveries IS 'Deliveries loaded.';
COMMENT ON COLUMN protaddr.register_status.gaps IS 'Deliveries loaded although one before was missing.';
COMMENT ON COLUMN protaddr.register_status.refused IS 'Deliveries refused.';
COMMENT ON COLUMN protaddr.register_status.delivers IS 'The record types that each task delivers, declared or learned from its deliveries, and the position of its feed.';
COMMENT ON COLUMN protaddr.register_status.lifted_in_window IS 'People who have lost their protection within the window of the limit, unless it was confirmed.';

CREATE FUNCTION protaddr.protection_history(subject text) RETURNS TABLE (
    regime text, code text, kind text, source text,
    valid_from timestamptz, valid_to timestamptz, delete_hint date,
    recorded_from timestamptz, recorded_to timestamptz, recorded_by text, reason text, in_force boolean
)
    LANGUAGE sql STABLE STRICT SECURITY DEFINER PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT p.regime, p.code, p.kind, p.source, p.valid_from, p.valid_to, p.delete_hint,
           p.recorded_from, p.recorded_to, p.recorded_by, p.reason,
           p.recorded_to = 'infinity' AND p.valid_to = 'infinity'
    FROM protaddr.protection p
    WHERE p.subject_key IN (SELECT protaddr.people_of(protection_history.subject))
    ORDER BY p.recorded_from, p.id;
END;
REVOKE ALL ON FUNCTION protaddr.protection_history(text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.protection_history(text) IS
'All that was ever recorded of whoever the identifier stands for now, in the order it was learned, codes that hide nothing included. valid: when it held; recorded: when this database knew; recorded_to infinity: it still is what is known; delete_hint ends nothing; in_force: holds now. No rows for NULL and for people whom the register does not know. Raises 22001. For readers of history.';

CREATE FUNCTION protaddr.protection_at(
    subject text, valid_at timestamptz, known_at timestamptz DEFAULT clock_timestamp()
) RETURNS boolean
    LANGUAGE sql STABLE STRICT SECURITY DEFINER PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH RECURSIVE people (key) AS (
        SELECT k COLLATE "C" FROM protaddr.subject_key(protection_at.subject) k WHERE k IS NOT NULL
        UNION
        SELECT l.key
        FROM people p JOIN LATERAL (
            SELECT i.subject_key, i.recorded_from FROM protaddr.identity_link i
            WHERE i.identifier_key = p.key AND i.recorded_to = 'infinity'
            UNION ALL
            SELECT i.subject_key, i.recorded_from FROM protaddr.identity_link i
            WHERE i.identifier_key = p.key AND i.recorded_to <> 'infinity' AND i.recorded_to > protection_at.valid_at
            -- and the older numbers
            UNION ALL
            SELECT i.identifier_key, i.recorded_from FROM protaddr.identity_link i
            WHERE i.subject_key = p.key AND i.recorded_to = 'infinity' AND i.kind = 'replaced number'
            UNION ALL
            SELECT i.identifier_key, i.recorded_from FROM protaddr.identity_link i
            WHERE i.subject_key = p.key AND i.recorded_to <> 'infinity' AND i.recorded_to > protection_at.valid_at
              AND i.kind = 'replaced number'
        ) l (key, recorded_from) ON l.recorded_from <= protection_at.known_at
    )
    SELECT bool_or(EXISTS (
        SELECT FROM protaddr.protection r
        WHERE r.subject_key = p.key AND r.kind <> 'none'
          AND r.recorded_from <= protection_at.known_at
          AND (r.recorded_to > protection_at.known_at OR r.recorded_to = 'infinity')
          AND r.valid_from <= protection_at.valid_at
          AND (r.valid_to > protection_at.valid_at OR r.valid_to = 'infinity')))
    FROM people p;
END;
REVOKE ALL ON FUNCTION protaddr.protection_at(text, timestamptz, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.protection_at(text, timestamptz, timestamptz) IS
'Was the person protected at valid_at, by what this database knew at known_at (default: by what it knows now)? Resolves the identity links it knew then; one that has ended counts for the time before its end. False for people whom the register did not know; nothing is known from before the installation. A protection counts as known from the load that brought it, which may be seconds before its commit. NULL for NULL and for an identifier with nothing in it. Raises 22001. For readers of history; what holds now is asked with protaddr.is_protected(), and for many at once with protaddr.protection_period.';

CREATE FUNCTION protaddr.protected_between(
    from_time timestamptz, to_time timestamptz, known_at timestamptz DEFAULT clock_timestamp()
) RETURNS TABLE (subject text, kind text, since timestamptz, until timestamptz)
    LANGUAGE sql STABLE STRICT SECURITY DEFINER PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT s.subject, s.kind, lower(u.period), upper(u.period)
    FROM (SELECT max(p.subject) AS subject, p.kind, range_agg(tstzrange(p.valid_from, p.valid_to)) AS periods
          FROM protaddr.protection p
          WHERE p.kind <> 'none' AND p.valid_from < p.valid_to
            AND p.recorded_from <= protected_between.known_at
            AND (p.recorded_to > protected_between.known_at OR p.recorded_to = 'infinity')
          GROUP BY p.subject_key, p.kind) s,
         LATERAL unnest(s.periods) AS u (period)
    WHERE upper(u.period) > protected_between.from_time
      AND (lower(u.period) < protected_between.to_time OR lower(u.period) <= protected_between.from_time)
    ORDER BY s.subject, lower(u.period), s.kind;
END;
REVOKE ALL ON FUNCTION protaddr.protected_between(timestamptz, timestamptz, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.protected_between(timestamptz, timestamptz, timestamptz) IS
'Everybody who was protected at some moment from from_time until before to_time (the same twice: at that moment), by what this database knew at known_at (default: knows now). One row for each unbroken period of each kind, of whatever codes and sources; since and until tell the whole of it: -infinity: not told since when; infinity: still in force. subject: as delivered. No rows for a NULL. For readers of history.';

-- The same for many at once: from the protected, who are few, back to what stands for
-- them, and to their other numbers.  A link that has ended goes on telling whom the
-- identifier stood for before.  Of ended links between numbers two in a row are followed,
-- and those of a pair count as one: there may be one for each night of a year.
CREATE VIEW protaddr.protection_period AS
WITH RECURSIVE period (identifier, subject, kind, valid_from, valid_to, recorded_from, recorded_to, numbers, ended) AS (
    SELECT p.subject_key, p.subject_key, p.kind::text, p.valid_from, p.valid_to, p.recorded_from, p.recorded_to, 0, false
    FROM protaddr.protection p
    WHERE p.kind <> 'none' AND p.valid_from < p.valid_to AND p.recorded_from < p.recorded_to
    UNION
    SELECT l.key, p.subject, p.kind, p.valid_from, least(p.valid_to, l.recorded_to),
           greatest(p.recorded_from, l.recorded_from), p.recorded_to,
           CASE WHEN l.is_number THEN least(p.numbers + 1, 2) ELSE p.numbers END,
           p.ended OR (l.is_number AND l.recorded_to <> 'infinity')
    FROM period p JOIN LATERAL (
        SELECT i.identifier_key, i.recorded_from, i.recorded_to, coalesce(i.kind = 'replaced number', false) FROM protaddr.identity_link i
        WHERE i.subject_key = p.identifier AND i.recorded_to = 'infinity'
        UNION ALL
        SELECT i.identifier_key, i.recorded_from, i.recorded_to, false FROM protaddr.identity_link i
        WHERE i.subject_key = p.identifier AND i.recorded_to <> 'infinity' AND i.kind IS DISTINCT FROM 'replaced number'
        UNION ALL
        SELECT i.subject_key, i.recorded_from, i.recorded_to, true FROM protaddr.identity_link i
        WHERE i.identifier_key = p.identifier AND i.recorded_to = 'infinity' AND i.kind = 'replaced number'
        UNION ALL
        SELECT i.identifier_key, min(i.recorded_from), max(i.recorded_to), true FROM protaddr.identity_link i
        WHERE i.subject_key = p.identifier AND i.recorded_to <> 'infinity' AND i.kind = 'replaced number'
        GROUP BY i.identifier_key
        UNION ALL
        SELECT i.subject_key, min(i.recorded_from), max(i.recorded_to), true FROM protaddr.identity_link i
        WHERE i.identifier_key = p.identifier AND i.recorded_to <> 'infinity' AND i.kind = 'replaced number'
        GROUP BY i.subject_key
    ) l (key, recorded_from, recorded_to, is_number)
      ON p.valid_from < l.recorded_to AND l.recorded_from < p.recorded_to AND l.key <> p.subject
      AND (NOT l.is_number OR p.numbers < 2 OR (NOT p.ended AND l.recorded_to = 'infinity'))
)
SELECT DISTINCT identifier, subject, kind, valid_from, valid_to, recorded_from, recorded_to FROM period;
COMMENT ON VIEW protaddr.protection_period IS
'Every period of protection under every identifier that stood for its person, and under each of their numbers: to be joined with payments, in one go. Protected at time t as known at time k: valid_from <= t AND t < valid_to AND recorded_from <= k AND k < recorded_to; as known now: recorded_to = ''infinity''. Join on identifier = protaddr.subject_key(payments.payer). Codes that hide nothing are left out. A link that has ended counts for the time before its end, also one that was wrong; between numbers, two in a row. For readers of history: GRANT SELECT.';
COMMENT ON COLUMN protaddr.protection_period.identifier IS 'Canonical key of an identifier: the person''s own, another of their numbers, or one linked to them.';
COMMENT ON COLUMN protaddr.protection_period.subject IS 'Canonical key of the protected person.';
COMMENT ON COLUMN protaddr.protection_period.kind IS 'What is hidden.';
COMMENT ON COLUMN protaddr.protection_period.valid_from IS 'Since when it holds; -infinity: not told.';
COMMENT ON COLUMN protaddr.protection_period.valid_to IS 'When it, or the identifier''s link, ended; infinity: neither has.';
COMMENT ON COLUMN protaddr.protection_period.recorded_from IS 'Since when this database knows the protection and the link.';
COMMENT ON COLUMN protaddr.protection_period.recorded_to IS 'Until when it took them for true; infinity: it still does.';

CREATE TABLE protaddr.register_forgotten (
    id bigint DEFAULT protaddr.new_id() PRIMARY KEY,
    forgotten_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    forgotten_by text NOT NULL DEFAULT session_user,
    before timestamptz NOT NULL,
    rows bigint NOT NULL,
    reason text NOT NULL
);
COMMENT ON TABLE protaddr.register_forgotten IS 'That history was removed, when, by whom and why: not whose.';
COMMENT ON COLUMN protaddr.register_forgotten.id IS 'Number of the row.';
COMMENT ON COLUMN protaddr.register_forgotten.forgotten_at IS 'When.';
COMMENT ON COLUMN protaddr.register_forgotten.forgotten_by IS 'Login role that did so.';
COMMENT ON COLUMN protaddr.register_forgotten.before IS 'What was closed or had ended before this time was removed.';
COMMENT ON COLUMN protaddr.register_forgotten.rows IS 'How many rows: protections, identity links, substitute addresses.';
COMMENT ON COLUMN protaddr.register_forgotten.reason IS 'Why, in words, such as the retention rule. No identifier.';
SELECT protaddr.make_own_table('register_forgotten', dumped => '');

CREATE FUNCTION protaddr.forget_rows(key text, before timestamptz) RETURNS bigint
    AS 'MODULE_PATHNAME', 'protaddr_forget_rows' LANGUAGE C STRICT VOLATILE SET search_path = pg_catalog, pg_temp;
REVOKE ALL ON FUNCTION protaddr.forget_rows(text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.forget_rows(text, timestamptz) IS
'Part of protaddr.forget_subject(): removes history without the record. Raises 42501 unless the caller is a superuser, 22023 for a time without end.';

CREATE FUNCTION protaddr.forget_subject(subject text, before timestamptz, reason text) RETURNS bigint
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    removed bigint;
BEGIN
    IF protaddr.subject_key(forget_subject.subject) IS NULL OR forget_subject.before IS NULL
       OR btrim(coalesce(forget_subject.reason, ''), E' \t\r\n') = '' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'null_value_not_allowed',
            MESSAGE = 'forgetting needs a subject, a time and a reason';
    END IF;
    IF NOT isfinite(forget_subject.before) OR forget_subject.before > clock_timestamp() THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'history can only be forgotten up to a time in the past';
    END IF;
    removed := protaddr.forget_rows(protaddr.subject_key(forget_subject.subject), forget_subject.before);
    INSERT INTO protaddr.register_forgotten (before, rows, reason)
    VALUES (forget_subject.before, removed, forget_subject.reason);
    RETURN removed;
END
$$;
REVOKE ALL ON FUNCTION protaddr.forget_subject(text, timestamptz, text) FROM PUBLIC;
COMMENT ON FUNCTION protaddr.forget_subject(text, timestamptz, text) IS
'Removes from history what was recorded of this subject and was closed, or had ended, before the time: protections, identity links, substitute addresses. Never what is in force, so nothing is disclosed by it. Follows no links: name each identifier. Returns the number of rows; protaddr.register_forgotten records that it was done, but not for whom. A delivery that tells the same history again brings it back. reason: in words, such as the retention rule. Raises 22004 for a NULL, 22023 for a time in the future, 22001.';

CREATE VIEW protaddr.register_review AS
SELECT 'delete date passed' AS what, p.subject, least(p.delete_hint, p.ends_at::date) AS since,
       format('%s %s of %s is still in force', p.regime, p.code, p.source) AS detail
FROM protaddr.protection p
WHERE p.recorded_to = 'infinity' AND p.valid_to = 'infinity' AND p.kind <> 'none' AND (p.delete_hint < current_date OR p.ends_at <= now())
UNION ALL
SELECT 'unknown code', p.subject, p.recorded_from::date,
       format('%s %s of %s: see regime_code', p.regime, p.code, p.source)
FROM protaddr.protection p
WHERE p.recorded_to = 'infinity' AND p.valid_to = 'infinity'
  AND NOT EXISTS (SELECT FROM protaddr.regime_code r WHERE r.regime = p.regime AND r.code = p.code)
UNION ALL
SELECT CASE WHEN p.reason LIKE 'the number%' OR p.reason LIKE 'a replacement%' THEN 'number replaced' ELSE 'not said any more' END,
       p.subject, p.recorded_from::date, format('%s %s of %s: %s', p.regime, p.code, p.source, p.reason)
FROM protaddr.protection p
WHERE p.recorded_to = 'infinity' AND p.valid_to = 'infinity' AND p.kind <> 'none' AND p.reason IS NOT NULL
  AND (p.source <> 'hand' OR p.reason IN ('a replacement of the number was taken back', 'the number was replaced, but cannot be linked'))
UNION ALL
SELECT 'linked to nobody', l.subject, l.since, format('%s identifiers, such as %s', l.identifiers, l.identifier)
FROM (SELECT min(i.subject) AS subject, min(i.recorded_from)::date AS since,
             count(*) AS identifiers, min(i.identifier) AS identifier
      FROM protaddr.identity_link i
      WHERE i.recorded_to = 'infinity'
        AND NOT EXISTS (SELECT FROM protaddr.register_person p WHERE p.subject_key = i.subject_key)
        AND NOT EXISTS (SELECT FROM protaddr.identity_link o
                        WHERE o.identifier_key = i.subject_key AND o.recorded_to = 'infinity')
        AND NOT EXISTS (SELECT FROM protaddr.protection p
                        WHERE p.subject_key = i.subject_key AND p.recorded_to = 'infinity' AND p.valid_to = 'infinity')
        -- nor by an older number
        AND NOT EXISTS (SELECT FROM protaddr.identity_link o
                        WHERE o.subject_key = i.subject_key AND o.recorded_to = 'infinity' AND o.kind = 'replaced number'
                          AND (EXISTS (SELECT FROM protaddr.register_person p WHERE p.subject_key = o.identifier_key)
                               OR EXISTS (SELECT FROM protaddr.protection p WHERE p.subject_key = o.identifier_key
                                            AND p.recorded_to = 'infinity' AND p.valid_to = 'infinity')))
      GROUP BY i.subject_key) l;
COMMENT ON VIEW protaddr.register_review IS
'What a person must look at, one row each. Counts: SELECT what, count(*) FROM protaddr.register_review GROUP BY what. What protaddr.register_review_values() adds takes reading every bound value. Names people: for readers of history (GRANT SELECT), not for monitoring.';
COMMENT ON COLUMN protaddr.register_review.what IS
'delete date passed (the register still delivers it: it holds, ask why; or a true end that has come waits for protaddr.end_planned()); unknown code (not in regime_code, or a record that could not be read: it hides name, address and town); not said any more (its source has stopped telling of it, in a way that may not be an end: it holds); number replaced (it holds although the number''s own record set does not have it, since the number took another''s place or lost its own); linked to nobody (identity links end at a subject no register lists).';
COMMENT ON COLUMN protaddr.register_review.subject IS 'The person''s identifier as delivered or entered.';
COMMENT ON COLUMN protaddr.register_review.since IS 'The delete date, or the day it was recorded.';
COMMENT ON COLUMN protaddr.register_review.detail IS 'Code and source, or the identifiers.';

CREATE FUNCTION protaddr.register_review_values() RETURNS TABLE (what text, subject text, since date, detail text)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_nestloop = off SET jit = off
AS $$
DECLARE
    identifiers text[];
    people text[];
    place record;
    name text;
    label text;
    found_keys text[];
    no_key bigint;
    unbound bigint;
    held_key text[] := '{}';
    held_in text[] := '{}';
BEGIN
    SELECT array_agg(i.identifier), array_agg(i.subject) INTO identifiers, people
    FROM (SELECT DISTINCT p.identifier, p.subject FROM protaddr.protection_period p
          WHERE p.recorded_to = 'infinity' AND p.valid_to = 'infinity') i;

    FOR place IN
        SELECT DISTINCT c.oid AS relation, c.relkind, n.nspname, c.relname, b.column_name
        FROM protaddr.bound_column b JOIN pg_class c ON c.oid = b.relation JOIN pg_namespace n ON n.oid = c.relnamespace
        ORDER BY n.nspname, c.relname, b.column_name
    LOOP
        name := format('%I.%I', place.nspname, place.relname);
        label := format('%s.%I', CASE place.nspname WHEN 'public' THEN quote_ident(place.relname) ELSE name END, place.column_name);
        BEGIN
            -- locked first, then looked at: what is read is the table that is bound
            IF place.relkind IN ('r', 'p') THEN
                EXECUTE format('LOCK TABLE %s IN ACCESS SHARE MODE', name);
            END IF;
            IF NOT EXISTS (SELECT FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
                           WHERE c.oid = place.relation AND c.oid = to_regclass(name) AND c.relkind IN ('r', 'p')
                             AND a.attname = place.column_name AND a.attnum > 0 AND NOT a.attisdropped
                             AND protaddr.address_column(a.atttypid) = 'address')
               OR EXISTS (WITH RECURSIVE child (oid) AS (
                              SELECT i.inhrelid FROM pg_inherits i WHERE i.inhparent = place.relation
                              UNION SELECT i.inhrelid FROM child JOIN pg_inherits i ON i.inhparent = child.oid)
                          SELECT FROM child JOIN pg_class c USING (oid) WHERE c.relkind = 'f')
            THEN
                RETURN QUERY SELECT 'not looked at', NULL::text, NULL::date,
                    format('%s: foreign, gone or renamed', label);
                CONTINUE;
            END IF;
            EXECUTE format('SELECT array_agg(DISTINCT i.subject) FILTER (WHERE i.subject IS NOT NULL),'
                           '       count(*) FILTER (WHERE v.people IS NULL), count(*) FILTER (WHERE v.people = ''{}'')'
                           ' FROM (SELECT protaddr.subjects_of(%I) AS people FROM %s WHERE %1$I IS NOT NULL OFFSET 0) v'
                           ' LEFT JOIN LATERAL unnest(v.people) AS k (key) ON true'
                           ' LEFT JOIN unnest($1, $2) AS i (identifier, subject) ON i.identifier = k.key',
                           place.column_name, name)
            INTO found_keys, no_key, unbound USING identifiers, people;
        EXCEPTION WHEN OTHERS THEN
            RETURN QUERY SELECT 'not looked at', NULL::text, NULL::date,
                format('%s: error %s', label, SQLSTATE);
            CONTINUE;
        END;
        held_key := held_key || coalesce(found_keys, '{}');
        held_in := held_in || array_fill(label, ARRAY[coalesce(cardinality(found_keys), 0)]);
        IF unbound > 0 THEN
            RETURN QUERY SELECT 'bound to nobody', NULL::text, NULL::date,
                format('%s: values withheld: %s', label, unbound);
        END IF;
        IF no_key > 0 THEN
            RETURN QUERY SELECT 'cannot be opened', NULL::text, NULL::date,
                format('%s: values without their key: %s', label, no_key);
        END IF;
    END LOOP;

    RETURN QUERY
    WITH person AS (
        SELECT p.subject_key, max(p.subject) AS subject, bool_or(p.source <> 'hand') AS delivered,
               min(CASE WHEN isfinite(p.valid_from) THEN p.valid_from ELSE p.recorded_from END)::date AS since,
               string_agg(DISTINCT format('%s %s of %s', p.regime, p.code, p.source), ', ') AS codes
        FROM protaddr.protection p
        WHERE p.recorded_to = 'infinity' AND p.valid_to = 'infinity' AND p.kind <> 'none'
        GROUP BY p.subject_key
    ), held AS (
        SELECT h.key, string_agg(h.place, ', ' ORDER BY h.place) AS places
        FROM unnest(held_key, held_in) AS h (key, place) GROUP BY h.key
    )
    SELECT CASE WHEN h.key IS NULL THEN 'no address held' ELSE 'stale address' END, p.subject, p.since,
           coalesce(h.places, p.codes)
    FROM person p LEFT JOIN held h ON h.key = p.subject_key
    WHERE h.key IS NULL OR p.delivered
    ORDER BY 1, 2;
END
$$;
REVOKE ALL ON FUNCTION protaddr.register_review_values() FROM PUBLIC;
COMMENT ON FUNCTION protaddr.register_review_values() IS
'What a person must look at, from every value of the bound columns (protaddr.bound_column): no address held (protected, but no value concerns them: is one of theirs bound to nobody, or to another identifier?); stale address (a register protects them and so has stopped sending their address: what we hold is from before; write to a substitute, not there); bound to nobody and cannot be opened (counts); not looked at (foreign tables, and what could not be read). since: when the protection began. Opens values to see whom they concern, not what they say. Reads whole tables: run it at night. For readers of history.';

REVOKE ALL ON protaddr.protection_period, protaddr.register_forgotten, protaddr.register_review
    FROM PUBLIC, pg_monitor;
