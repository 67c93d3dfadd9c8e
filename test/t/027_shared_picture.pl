#
# 027_shared_picture.pl
#		Is the picture that all sessions share never older than the last committed change?
#
# The library is preloaded here.  After each change the picture's answer is held against
# the tables', by a session that knew another answer before.
#
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ProtaddrTest;
use Test::More;

my $node = cluster(PostgreSQL::Test::Cluster->new('shared'), allows_streaming => 'logical');
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'protaddr'\nprotaddr.shared_picture_size = 4\nmax_prepared_transactions = 5\nwal_level = logical");
$node->start;
new_database($node, 'bank');
$node->safe_psql('bank', <<'SQL');
SELECT protaddr.load_register('DK-CPR', (SELECT jsonb_agg(jsonb_build_object('subject', 'K' || i, 'protections', '[]'::jsonb)) FROM generate_series(1, 1000) i));
SELECT count(protaddr.protect('K' || i, 'DK-CPR', '0001')) FROM generate_series(901, 1000) i;
SELECT protaddr.protect('K50', 'DK-CPR', '0003'); -- which hides nothing
SELECT protaddr.link_identity('A1', 'K1'), protaddr.link_identity('A2', 'K901'), protaddr.link_identity('K2', 'K902');
CREATE TABLE home (who text PRIMARY KEY, home protaddr.address);
INSERT INTO home SELECT w, protaddr.address(strtnm => 'Vej', subject => w) FROM (SELECT 'K' || i FROM generate_series(1, 1005) i UNION ALL VALUES ('A1'), ('A2'), ('A3'), ('B4'), ('C4'), ('J'), ('L1')) x(w);
SQL

sub state_of { return $_[0]->safe_psql('bank', 'SELECT state FROM protaddr.shared_picture') }
sub reason   { return $_[0]->safe_psql('bank', 'SELECT reason FROM protaddr.shared_picture') }

sub built
{
	my ($what) = @_;
	is($node->safe_psql('bank', 'SELECT protaddr.build_shared_picture()'), 't', "$what: it is built");
	is(state_of($node), 'ready', "$what: it is ready");
	return;
}

is(state_of($node), 'none', 'there is none at first');
built('first');
is($node->safe_psql('bank', 'SELECT people, protections, links, identifiers, changes FROM protaddr.shared_picture'),
	'1000|100|3|1000|0', 'it holds what the tables do');

is($node->safe_psql('bank', q(SELECT protaddr.is_protected('K901'), protaddr.is_protected('K90'), protaddr.is_protected('K901'), protaddr.is_protected('K9011'), protaddr.is_protected('K90'))), 't|f|t|f|f',
	'an identifier is not taken for one that begins with it, or with which it begins');

# two sessions that ask all the time: what they see of some people, and of all
my @asking = map { $node->background_psql('bank') } 1 .. 2;
$asking[1]->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM protaddr.protection');
my $SHOWN    = q(SELECT string_agg(who, ',' ORDER BY who) FROM home WHERE protaddr.show(home) = 'Vej' AND who IN (%s));
my $WITHHELD = q(SELECT count(*) FROM home WHERE protaddr.show(home) <> 'Vej');

sub shows
{
	my ($expected, $what, @who) = @_;
	my $sql = sprintf($SHOWN, join(',', map { "'$_'" } @who));
	is($asking[$_]->query_safe($sql), $expected, "$what, " . $_ ? 'repeatable read' : 'read committed') for 0, 1;
	return;
}

# As the tables have it, by SQL of this test's own.
sub as_in_tables
{
	my ($what) = @_;
	my $tables = $node->safe_psql('bank', <<'SQL');
SELECT count(*) FROM home h WHERE EXISTS (SELECT FROM protaddr.people_of(h.who) p JOIN protaddr.protection r ON r.subject_key = p
    WHERE r.recorded_to = 'infinity' AND r.valid_to = 'infinity' AND r.kind <> 'none')
   OR EXISTS (WITH RECURSIVE way AS (SELECT protaddr.subject_key(h.who) COLLATE "C" AS who UNION
        SELECT CASE WHEN l.identifier_key = way.who THEN l.subject_key ELSE l.identifier_key END FROM way JOIN protaddr.identity_link l
            ON l.recorded_to = 'infinity' AND (l.identifier_key = way.who OR (l.subject_key = way.who AND l.kind = 'replaced number'))
        WHERE NOT EXISTS (SELECT FROM protaddr.register_person r WHERE r.subject_key = way.who))
      SELECT FROM way WHERE NOT EXISTS (SELECT FROM protaddr.people_of(way.who) p WHERE EXISTS (SELECT FROM protaddr.register_person r WHERE r.subject_key = p)
        OR EXISTS (SELECT FROM protaddr.protection r WHERE r.subject_key = p AND r.recorded_to = 'infinity' AND r.valid_to = 'infinity' AND r.kind <> 'none')))
SQL
	is($asking[$_]->query_safe($WITHHELD), $tables, "$what: $tables withheld as in the tables, session $_") for 0, 1;
	return;
}

as_in_tables('first');
shows('A1,K1,K900', 'first', qw(A1 A2 A3 K1 K2 K900 K901 K1001));

# ---- one change after the other -----------------------------------------------------------

$node->safe_psql('bank', q(SELECT protaddr.protect('K1', 'DK-CPR', '0001')));
shows('K900', 'protected, with its account', qw(A1 A2 K1 K900));
$node->safe_psql('bank', q(SELECT protaddr.lift('K1', 'DK-CPR', '0001')));
shows('A1,K1,K900', 'lifted', qw(A1 A2 K1 K900));
$node->safe_psql('bank', q(SELECT protaddr.link_identity('K900', 'K903'), protaddr.link_identity('A3', 'K3')));
shows('A1,A3,K1', 'linked', qw(A1 A2 A3 K1 K900));
$node->safe_psql('bank', q(SELECT protaddr.unlink_identity('K900', 'K903'), protaddr.unlink_identity('A3', 'K3')));
shows('A1,K1,K900', 'unlinked', qw(A1 A2 A3 K1 K900));
$node->safe_psql('bank', q(INSERT INTO protaddr.register_person (source, subject) VALUES ('DK-CPR', 'K1001')));
shows('K1001', 'told of', qw(K1001 K1002));
$node->safe_psql('bank', q(UPDATE protaddr.identity_link SET recorded_to = now() WHERE identifier = 'A1'));
shows('K1', 'a link ended by a superuser', qw(A1 K1));
as_in_tables('after single changes');
is(state_of($node), 'ready', 'the same picture all the time');
cmp_ok($node->safe_psql('bank', 'SELECT least(changes, settled) FROM protaddr.shared_picture'), '>', 3, 'in which changes were noted and taken in');

$node->safe_psql('bank', q(SELECT protaddr.protect('K51', 'DK-CPR', '0003')));
shows('K50,K51', 'of whom something is told that hides nothing', qw(K50 K51));

# ---- over several links ------------------------------------------------------------------------

$node->safe_psql('bank', q(SELECT protaddr.link_identity('C4', 'B4'), protaddr.link_identity('B4', 'K4'), protaddr.link_identity('J', 'K5'), protaddr.link_identity('J', 'K6')));
shows('B4,C4,J,K4', 'a chain and a joint account', qw(C4 B4 K4 J));
$node->safe_psql('bank', q(SELECT protaddr.protect('K4', 'DK-CPR', '0001'), protaddr.protect('K6', 'DK-CPR', '0001')));
shows('K5', 'the end of each protected', qw(C4 B4 K4 J K5 K6));
shows('K5', 'and from memory', qw(C4 B4 K4 J K5 K6));
$node->safe_psql('bank', q(SELECT protaddr.unlink_identity('J', 'K6'), protaddr.unlink_identity('B4', 'K4'), protaddr.link_identity('B4', 'K7')));
shows('B4,C4,J', 'both linked elsewhere', qw(C4 B4 K4 J));
shows('B4,C4,J', 'and from memory', qw(C4 B4 K4 J));
$node->safe_psql('bank', q(SELECT protaddr.lift('K4', 'DK-CPR', '0001'), protaddr.unlink_identity('B4', 'K7')));
shows('J,K4', 'linked to nobody', qw(C4 B4 K4 J));
# each holder has to be known, by any number
$node->safe_psql('bank', q(SELECT protaddr.link_identity('J', 'K2005'), protaddr.link_identity('A2', 'K2006'), protaddr.link_identity('C4', 'B4'), protaddr.link_identity('B4', 'J')));
shows('', 'a holder nobody told of', qw(J B4 C4 A2)) for 1 .. 2;
as_in_tables('with a holder nobody told of');
$node->safe_psql('bank', q(SELECT protaddr.link_identity('K2005', 'K8', 'replaced number')));
shows('B4,C4,J', 'told of by another number', qw(J B4 C4 A2)) for 1 .. 2;
as_in_tables('told of by another number');
$node->safe_psql('bank', q(SELECT protaddr.unlink_identity('K2005', 'K8'); SELECT protaddr.link_identity('K8', 'K2005', 'replaced number')));
shows('B4,C4,J', 'or by an older one', qw(J B4 C4 A2)) for 1 .. 2;
$node->safe_psql('bank', q(SELECT protaddr.unlink_identity('K8', 'K2005'), protaddr.unlink_identity('J', 'K2005'), protaddr.unlink_identity('A2', 'K2006'), protaddr.unlink_identity('B4', 'J'), protaddr.unlink_identity('C4', 'B4')));
shows('J', 'no holder any more', qw(J B4 C4 A2)) for 1 .. 2;
# as many as one may stand for
$node->safe_psql('bank', q(SELECT count(protaddr.link_identity('L1', 'K' || i)) FROM generate_series(101, 164) i; SELECT protaddr.link_identity('C4', 'L1')));
shows('C4,L1', 'of 64 nobody is protected', qw(L1 C4));
$node->safe_psql('bank', q(SELECT protaddr.protect('K164', 'DK-CPR', '0001')));
shows('', 'the last of 64', qw(L1 C4)) for 1 .. 2;
$node->safe_psql('bank', q(SELECT protaddr.lift('K164', 'DK-CPR', '0001')));
shows('C4,L1', 'lifted', qw(L1 C4)) for 1 .. 2;
as_in_tables('after links');
is(state_of($node), 'ready', 'still the same picture');

# ---- a transaction sees its own, nobody else before it has committed ---------------------------

my $writer = $node->background_psql('bank');
$writer->query_safe(q(BEGIN; SELECT protaddr.protect('K10', 'DK-CPR', '0001'); SAVEPOINT s; SELECT protaddr.protect('K11', 'DK-CPR', '0001')));
is($writer->query_safe(q(SELECT protaddr.is_protected('K10'), protaddr.is_protected('K11'), protaddr.is_protected('K12'))), 't|t|f', 'its own');
shows('K10,K11,K12', 'not committed', qw(K10 K11 K12));
$writer->query_safe('ROLLBACK TO s');
is($writer->query_safe(q(SELECT protaddr.is_protected('K10'), protaddr.is_protected('K11'))), 't|f', 'its own, but what it took back');
$writer->query_safe('COMMIT');
shows('K11,K12', 'committed', qw(K10 K11 K12));
$writer->query_safe(q(BEGIN; SELECT protaddr.protect('K11', 'DK-CPR', '0001'); SELECT protaddr.lift('K10', 'DK-CPR', '0001')));
shows('K11,K12', 'not committed either', qw(K10 K11 K12));
$writer->query_safe('ROLLBACK');
shows('K11,K12', 'rolled back', qw(K10 K11 K12));

# two change the same person; nothing one of them has settled is the other's
my $other = $node->background_psql('bank');
$writer->query_safe(q(BEGIN; SELECT protaddr.protect('K20', 'DK-CPR', '0001')));
$other->query_safe(q(BEGIN; SELECT protaddr.protect('K20', 'NO-FREG', 'klientadresse')));
$writer->query_safe('ROLLBACK');
shows('K20', 'one of two rolled back', 'K20');
$other->query_safe('COMMIT');
shows('', 'the other committed', 'K20');

# ---- somebody who has begun before the picture was there -----------------------------------------

$writer->query_safe(q(BEGIN; SELECT protaddr.protect('K30', 'DK-CPR', '0001')));
$node->safe_psql('bank', 'ALTER TABLE protaddr.protection SET (fillfactor = 100)');
is(state_of($node), 'none', 'a change of a table ends it');
$node->safe_psql('bank', q(SELECT protaddr.is_protected('K' || i) FROM generate_series(1, 300) i));
like(reason($node), qr/has not ended/, 'it is not built while a writer is left who could not note anything');
shows('K30', 'asked of the tables meanwhile', 'K30');
$writer->query_safe('COMMIT');
shows('', 'and at once', 'K30');
built('again');
as_in_tables('again');

# ---- two-phase commit ------------------------------------------------------------------------------

$writer->query_safe(q(BEGIN; SELECT protaddr.protect('K40', 'DK-CPR', '0001'); PREPARE TRANSACTION 'p40'));
is(state_of($node), 'none', 'a prepared transaction ends it');
is($node->safe_psql('bank', 'SELECT protaddr.build_shared_picture()'), 'f', 'and none is built');
like(reason($node), qr/prepared transaction/, 'as it says');
shows('K40', 'prepared', 'K40');
$node->stop('immediate');
$node->start;
@asking = map { $node->background_psql('bank') } 1 .. 2;
is($node->safe_psql('bank', 'SELECT protaddr.build_shared_picture()'), 'f', 'nor after a crash');
$node->safe_psql('bank', q(COMMIT PREPARED 'p40'));
built('after the prepared transaction');
shows('', 'and its protection is in it', 'K40');
as_in_tables('after a crash');

# ---- a load that moves a protection along a link that it makes: it is met at one end or the other --

$node->safe_psql('bank', q(SELECT protaddr.load_register('DK-CPR', '[{"subject": "K25", "protections": [{"code": "0001"}]}]')));
$other = $node->background_psql('bank');
$other->query_safe(q(BEGIN; LOCK TABLE protaddr.protection IN ACCESS EXCLUSIVE MODE));
$other->query_safe(q(SELECT protaddr.load_register('DK-CPR', '[{"subject": "K25", "replaced_by": "K26", "protections": []}, {"subject": "K26", "protections": []}]')));
my $between = $node->background_psql('bank');
$between->query_until(qr/now/, "\\echo now\nSELECT protaddr.is_protected('K25');\n");
ok($node->poll_query_until('bank', q(SELECT count(*) = 1 FROM pg_stat_activity WHERE query LIKE 'SELECT protaddr.is_protected_''K25%' AND wait_event_type = 'Lock')), 'somebody asks while it is not committed');
$other->query_safe('COMMIT');
is($between->query_safe('SELECT 1'), "t\n1", 'a protection that moves from an old number to the new one is seen');
$_->quit for $between, $other;
is($node->safe_psql('bank', q(SELECT protaddr.is_protected('K25'), protaddr.is_protected('K26'))), 't|t', 'as before and after');

# ---- a trigger that is replaced, and a database in the place of another ----------------------------

$node->safe_psql('bank', q(CREATE FUNCTION tells_nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'));
built('before a trigger');
$node->safe_psql('bank', q(CREATE TRIGGER zz BEFORE INSERT ON protaddr.protection FOR EACH ROW EXECUTE FUNCTION tells_nothing()));
is(state_of($node), 'none', 'a trigger that is made ends it');
built('before it is replaced');
$node->safe_psql('bank', q(CREATE OR REPLACE TRIGGER zz BEFORE INSERT OR UPDATE ON protaddr.protection FOR EACH ROW EXECUTE FUNCTION tells_nothing()));
is(state_of($node), 'none', 'so does one that is replaced');
$node->safe_psql('bank', 'DROP TRIGGER zz ON protaddr.protection; DROP FUNCTION tells_nothing');
built('without it');

sub copied
{
	my ($name) = @_;
	$node->safe_psql('postgres', "CREATE DATABASE $name TEMPLATE model OID = 77777");
	$node->safe_psql($name, q(SELECT protaddr.confirm_register(source) FROM protaddr.register_source));
	return $node->safe_psql($name, q(SELECT protaddr.is_protected('M1'), protaddr.build_shared_picture(), protaddr.is_protected('M1')));
}
new_database($node, 'model');
$node->safe_psql('model', q(SELECT protaddr.load_register('DK-CPR', '[{"subject": "M1", "protections": []}]')));
is(copied('copy_one'), 'f|t|f', 'a copy of a database');
$node->safe_psql('model', q(SELECT protaddr.protect('M1', 'DK-CPR', '0001')));
$node->safe_psql('postgres', 'DROP DATABASE copy_one');
is(copied('copy_two'), 't|t|t', 'a later one under the same OID has a picture of its own');
$node->safe_psql('postgres', "DROP DATABASE $_") for qw(copy_two model);

# ---- what cannot be followed ------------------------------------------------------------------------

$node->safe_psql('bank', q(ALTER TABLE protaddr.protection DISABLE TRIGGER own_table_changed));
is(state_of($node), 'none', 'a disabled trigger ends it');
$node->safe_psql('bank', q(INSERT INTO protaddr.protection (subject, regime, code, source, kind) VALUES ('K50', 'DK-CPR', '0001', 'hand', 'address')));
is($node->safe_psql('bank', 'SELECT protaddr.build_shared_picture()'), 'f', 'and none is built');
like(reason($node), qr/trigger .* disabled/, 'as it says');
$node->safe_psql('bank', q(ALTER TABLE protaddr.protection ENABLE ALWAYS TRIGGER own_table_changed));
built('with the trigger');
$node->safe_psql('bank', 'DROP TRIGGER own_table_changed ON protaddr.protection');
is(state_of($node), 'none', 'one that is gone ends it, too');
$node->safe_psql('bank', q(CREATE TRIGGER own_table_changed BEFORE INSERT OR UPDATE OR DELETE ON protaddr.protection FOR EACH ROW EXECUTE FUNCTION protaddr.own_table_changed();
	ALTER TABLE protaddr.protection ENABLE ALWAYS TRIGGER own_table_changed));
built('with a trigger again');
shows('', 'what was written meanwhile is in it', 'K50');
# all in one transaction, as pg_restore --single-transaction does
$node->safe_psql('bank', q(BEGIN; ALTER TABLE protaddr.protection DISABLE TRIGGER ALL;
	INSERT INTO protaddr.protection (subject, regime, code, source, kind) VALUES ('K51', 'DK-CPR', '0001', 'hand', 'address');
	ALTER TABLE protaddr.protection ENABLE ALWAYS TRIGGER own_table_changed; ALTER TABLE protaddr.protection ENABLE ALWAYS TRIGGER own_table_truncated; COMMIT));
shows('', 'written while it was disabled in the same transaction', 'K51');
built('once more');
$node->safe_psql('bank', q(DELETE FROM protaddr.register_person WHERE subject = 'K60'));
shows('K61', 'a person removed', qw(K60 K61));
built('after a removal');
shows('K61', 'and it is known in the picture', qw(K60 K61));

# more than can be noted one by one
$node->safe_psql('bank', q(SELECT count(protaddr.protect('N' || i, 'DK-CPR', '0001')) FROM generate_series(1, 2000) i));
is(state_of($node), 'none', 'many changes end it');
as_in_tables('after many changes');
ok($node->poll_query_until('bank', q(SELECT state = 'ready' FROM (SELECT count(protaddr.is_protected('K' || i)) FROM generate_series(1, 200) i) asked, protaddr.shared_picture)),
	'and asking many builds it again');

# larger than there is room for: the tables answer
$node->safe_psql('bank', q(INSERT INTO protaddr.register_person (source, subject) SELECT 'DK-CPR', 'M' || i FROM generate_series(1, 400000) i; ANALYZE protaddr.register_person));
is($node->safe_psql('bank', 'SELECT protaddr.build_shared_picture()'), 'f', 'too large a register has no picture');
like(reason($node), qr/shared_picture_size/, 'and the view says why');
as_in_tables('without a picture');
$node->append_conf('postgresql.conf', 'protaddr.shared_picture_size = 16');
$node->restart;
@asking = map { $node->background_psql('bank') } 1 .. 2;

# a large one is built by a process of its own, when enough was asked
$node->safe_psql('bank', q(SELECT count(protaddr.is_protected('K' || i)) FROM generate_series(1, 3000) i));
ok($node->poll_query_until('bank', q(SELECT state = 'ready' FROM protaddr.shared_picture)), 'a large one is built in the background');
as_in_tables('the large one');

# ---- another database, and the extension made anew --------------------------------------------------

new_database($node, 'other');
is($node->safe_psql('other', 'SELECT protaddr.build_shared_picture()'), 't', 'another database has its own');
$node->safe_psql('other', q(SELECT protaddr.protect('K7', 'DK-CPR', '0001')));
is($node->safe_psql('other', q(SELECT protaddr.is_protected('K7'))), 't', 'a protection there');
shows('K7', 'is none here', 'K7');
$node->safe_psql('other', 'DROP EXTENSION protaddr; CREATE EXTENSION protaddr');
$node->safe_psql('other', q(SELECT protaddr.confirm_register('test', new_source => true)));
is($node->safe_psql('other', q(SELECT protaddr.is_protected('K7'))), 'f', 'nothing is left of what was dropped with the extension');
$node->safe_psql('postgres', 'DROP DATABASE other');
new_database($node, "other$_") for 1 .. 2;
is($node->safe_psql("other$_", 'SELECT protaddr.build_shared_picture()'), 't', "the place of a dropped database is used again ($_)") for 1 .. 2;

# ---- logical replication brings changes --------------------------------------------------------------

$node->safe_psql('other1', q(CREATE PUBLICATION p FOR TABLE protaddr.protection, protaddr.register_person, protaddr.identity_link));
$node->safe_psql('bank', q(SELECT protaddr.confirm_register('test')));
my $from = $node->connstr('other1') =~ s/'/''/gr;
$node->safe_psql('other1', q(SELECT pg_create_logical_replication_slot('s', 'pgoutput')));
$node->safe_psql('bank', "CREATE SUBSCRIPTION s CONNECTION '$from' PUBLICATION p WITH (create_slot = false, slot_name = s, copy_data = false)");
is($node->safe_psql('bank', 'SELECT protaddr.build_shared_picture()'), 't', 'a subscriber has a picture');
shows('K70', 'before the publisher tells', qw(K70 K1003));
$node->safe_psql('other1', q(SELECT protaddr.protect('K70', 'DK-CPR', '0001'); INSERT INTO protaddr.register_person (source, subject) VALUES ('test', 'K1003')));
$node->wait_for_catchup('s');
shows('K1003', 'a protection and a person that replication brought', qw(K70 K1003));
is(state_of($node), 'ready', 'noted in the picture');
$node->safe_psql('bank', 'DROP SUBSCRIPTION s');

# ---- a standby, and the standby promoted ---------------------------------------------------------------

$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
chmod(0600, $standby->data_dir . '/protaddr.kek') or die $!;
$standby->start;
$node->wait_for_catchup('standby', 'replay');
is($standby->safe_psql('bank', q(SELECT protaddr.build_shared_picture(), (SELECT count(protaddr.is_protected('K' || i)) FROM generate_series(1, 2000) i))), 'f|2000', 'a standby has none');
like(reason($standby), qr/standby/, 'and says so');
my $there = $standby->background_psql('bank');
is($there->query_safe(q(SELECT protaddr.is_protected('K80'), protaddr.is_protected('K901'))), 'f|t', 'a standby answers from its tables');
$node->safe_psql('bank', q(SELECT protaddr.protect('K80', 'DK-CPR', '0001')));
$node->wait_for_catchup('standby', 'replay');
is($there->query_safe(q(SELECT protaddr.is_protected('K80'))), 't', 'at once');
$standby->promote;
$standby->poll_query_until('bank', 'SELECT NOT pg_is_in_recovery()') or die 'not promoted';
is($standby->safe_psql('bank', 'SELECT protaddr.build_shared_picture()'), 't', 'once promoted it has one');
is($there->query_safe(q(SELECT protaddr.is_protected('K80'), protaddr.is_protected('K81'))), 't|f', 'which a session from before reads');
$standby->safe_psql('bank', q(SELECT protaddr.protect('K81', 'DK-CPR', '0001')));
is($there->query_safe(q(SELECT protaddr.is_protected('K81'))), 't', 'and which is kept');
$there->quit;
$standby->stop;
$_->quit for @asking;

# ---- under load -------------------------------------------------------------------------------------------

# Eight sessions protect and lift people of their own and look at once what the others'
# last committed answer is: each notes in a table, in the transaction of the change, what
# has become of the person; who reads that note must get no weaker an answer afterwards.
# Each change goes from free to protected and never back while a reader compares, so a
# reader that finds the note committed and the person free has found a stale answer.
my $changes = $ENV{PROTADDR_STRESS} // 2000;
$node->safe_psql('bank', 'CREATE TABLE note (who text PRIMARY KEY)');
$node->safe_psql('bank', q(CREATE FUNCTION stress(nr int, n int, OUT stale bigint, OUT read bigint) LANGUAGE plpgsql AS $$
DECLARE who text; others text[];
BEGIN
    stale := 0; read := 0;
    FOR i IN 1 .. n LOOP
        who := 'S' || nr || '-' || i;
        PERFORM protaddr.is_protected(who);
        IF i % 3 = 0 THEN
            PERFORM protaddr.link_identity(who, CASE WHEN i % 2 = 0 THEN 'K901' ELSE 'A2' END);
        ELSE
            PERFORM protaddr.protect(who, 'DK-CPR', '0001');
        END IF;
        INSERT INTO note VALUES (who);
        IF i % 7 = 0 THEN ROLLBACK; ELSE COMMIT; END IF;
        SELECT array_agg(o.who) INTO others FROM (SELECT x.who FROM note x TABLESAMPLE SYSTEM (10) LIMIT 20) o;
        SELECT stale + count(*) FILTER (WHERE NOT protaddr.is_protected(o)), read + count(*) INTO stale, read FROM unnest(others) o;
        -- whom the others change next
        PERFORM protaddr.is_protected('S' || m || '-' || i + 1) FROM generate_series(1, 8) m;
        IF i % 200 = 0 AND nr = 1 THEN PERFORM protaddr.build_shared_picture(); END IF;
        COMMIT;
    END LOOP;
END $$;) =~ s/CREATE FUNCTION stress\(nr int, n int, OUT stale bigint, OUT read bigint\)/CREATE PROCEDURE stress(nr int, n int, INOUT stale bigint DEFAULT 0, INOUT read bigint DEFAULT 0)/r);
built('before the load');
my @load = map {
	my $out = '';
	my $run = IPC::Run::start([ 'psql', '-XqAt', '-d', $node->connstr('bank'), '-c', "CALL stress($_, " . int($changes / 8) . ")" ], '>', \$out, '2>&1');
	{ run => $run, out => \$out }
} 1 .. 8;
my ($stale, $read) = (0, 0);
for my $l (@load)
{
	$l->{run}->finish;
	ok(${ $l->{out} } =~ /^(\d+)\|(\d+)$/m, 'a session under load ends well') or diag(${ $l->{out} });
	$stale += $1 // 1;
	$read  += $2 // 0;
}
is($stale, 0, "no stale answer among $read while $changes changes were made");
cmp_ok($read, '>', $changes, 'and answers there were');
is($node->safe_psql('bank', 'SELECT count(*) FROM note WHERE NOT protaddr.is_protected(who)'), '0', 'nor afterwards');
is($node->safe_psql('bank', q(SELECT count(*) FROM generate_series(1, 8) nr, generate_series(7, 70, 7) i WHERE protaddr.is_protected('S' || nr || '-' || i))),
	'0', 'nobody is protected by what was rolled back');
note($node->safe_psql('bank', 'SELECT changes, settled FROM protaddr.shared_picture'));

done_testing();
