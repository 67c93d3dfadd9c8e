#
# 028_copies.pl
#		Does a copy of a database show what its original protects meanwhile?
#
# A database made from a template, one that is published as a whole, a base backup that is
# started on its own: none of them hears of protections any more.  And what an upgrade script
# changes of the shipped rules is no rule of the bank's own.
#
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ProtaddrTest;
use Test::More;

my $node = cluster(PostgreSQL::Test::Cluster->new('copies'));
$node->append_conf('postgresql.conf', "wal_level = logical\nmax_wal_senders = 10\nshared_preload_libraries = 'protaddr'");
$node->start;
my ($host, $port) = ($node->host, $node->port);
new_database($node, 'bank');
$node->safe_psql('bank', <<'SQL');
CREATE TABLE customer (cpr text PRIMARY KEY, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', subject => 'cpr');
INSERT INTO customer VALUES ('P1', 'Testvej 1'), ('P2', 'Testvej 2');
SELECT protaddr.load_register('DK-CPR', '[{"subject": "P1", "protections": []}, {"subject": "P2", "protections": []}]');
SQL
my $show = 'SELECT string_agg(protaddr.show(home), chr(44) ORDER BY cpr) FROM customer';
my $status = 'SELECT string_agg(DISTINCT status, chr(44)) FROM protaddr.register_status';
my $quiet = 'SET client_min_messages = error';
is($node->safe_psql('bank', $show), 'Testvej 1,Testvej 2', 'the original shows whom it knows to be free');

# ---- CREATE DATABASE ... TEMPLATE ------------------------------------------------------------------

$node->safe_psql('postgres', 'CREATE DATABASE clone TEMPLATE bank');
$node->safe_psql('bank', q(SELECT protaddr.protect('P1', 'DK-CPR', '0001')));
my $token = $node->safe_psql('bank', q(SELECT home FROM customer WHERE cpr = 'P1'));
is($node->safe_psql('clone', $status), 'not confirmed here', 'the clone: its register is not confirmed');
is($node->safe_psql('clone', "$quiet; $show"), WITHHELD . ',' . WITHHELD, 'and shows nobody');
is($node->safe_psql('clone', "$quiet; SELECT protaddr.show('$token')"), WITHHELD, 'nor a value that is brought there');
like(($node->psql('clone', $show))[2], qr/not ready.*in another database, of which this one is a copy/s, 'and says why');
$node->safe_psql('clone', 'SELECT protaddr.confirm_register(source) FROM protaddr.register_source');
is($node->safe_psql('clone', $show), 'Testvej 1,Testvej 2', 'until somebody has confirmed what it holds');
is($node->safe_psql('bank', $show), WITHHELD . ',Testvej 2', 'the original protects');

# one that has not all of what the original vouches for cannot be confirmed
for my $lost ([ 'a person', q(DELETE FROM protaddr.register_person WHERE subject = 'P2') ],
	[ 'a protection', q(UPDATE protaddr.protection SET recorded_to = clock_timestamp() WHERE subject = 'P3' AND recorded_to = 'infinity') ])
{
	my ($what, $sql) = @$lost;
	$node->safe_psql('bank', q(SELECT protaddr.load_register('DK-CPR', '[{"subject": "P3", "protections": [{"code": "0001"}]}]')));
	$node->safe_psql('postgres', 'CREATE DATABASE part TEMPLATE bank');
	$node->safe_psql('part', $sql);
	my ($code, $message) = error_of($node, 'part', q(SELECT protaddr.confirm_register('DK-CPR')));
	is($code, '55000', "a copy without $what cannot be confirmed") or diag($message);
	is($node->safe_psql('part', $status), 'not confirmed here', 'and shows nobody');
	$node->safe_psql('postgres', 'DROP DATABASE part');
}

# ---- FOR ALL TABLES -----------------------------------------------------------------------------------

$node->safe_psql('postgres', 'CREATE DATABASE subscriber');
$node->safe_psql('subscriber', 'CREATE EXTENSION protaddr; CREATE TABLE customer (cpr text PRIMARY KEY, home protaddr.address)');
$node->safe_psql('bank', q(CREATE PUBLICATION everything FOR ALL TABLES));
$node->safe_psql('bank', q(SELECT pg_create_logical_replication_slot('everything', 'pgoutput')));
$node->safe_psql('subscriber', "CREATE SUBSCRIPTION everything CONNECTION 'host=$host port=$port dbname=bank' PUBLICATION everything WITH (create_slot = false)");
$node->poll_query_until('subscriber', q(SELECT bool_and(srsubstate = 'r') FROM pg_subscription_rel)) or die 'no initial copy';
pass('all tables, ours too, are copied');
is($node->safe_psql('subscriber', $status), 'not confirmed here', 'the subscriber: its register is not confirmed');
like(($node->psql('subscriber', $show))[2], qr/a copy or a subscriber/, 'and it says that it is a subscriber');
is($node->safe_psql('subscriber', "$quiet; $show"), WITHHELD . ',' . WITHHELD, 'and shows nobody');
$node->safe_psql('bank', <<'SQL');
SELECT protaddr.protect('P2', 'DK-CPR', '0001');
SELECT protaddr.set_channel('sepa', description => 'changed here');
SELECT protaddr.link_identity('account', 'P2');
SQL
$node->safe_psql('bank', q(UPDATE customer SET home = 'Testvej 3' WHERE cpr = 'P1'));
$node->wait_for_catchup('everything');
is($node->safe_psql('subscriber', q(SELECT protaddr.is_protected('P1'), protaddr.is_protected('account'))), 't|t', 'protections and links arrive');
is($node->safe_psql('subscriber', q(SELECT count(*), min(description) FROM protaddr.channel WHERE channel = 'sepa' AND valid_to = 'infinity')), '1|changed here', 'a changed channel takes the place of the shipped one');
is($node->safe_psql('subscriber', 'SELECT count(*) FROM protaddr.gate'), '0', 'the register of gates is each server\'s own');
$node->safe_psql('subscriber', 'SELECT protaddr.confirm_register(source) FROM protaddr.register_source');
is($node->safe_psql('subscriber', $show), WITHHELD . ',' . WITHHELD, 'confirmed, it protects whom the publisher protects');
# ---- a subscriber that hears nothing ----

my $own = q(SELECT string_agg(DISTINCT status, ' ') FROM protaddr.register_status);
is($node->safe_psql('subscriber', $own), 'fresh', 'a subscriber that has word is not behind');
$node->safe_psql('subscriber', 'ALTER SUBSCRIPTION everything DISABLE');
ok($node->poll_query_until('subscriber', $own, 'behind'), 'one whose subscription is disabled is');
like(($node->psql('subscriber', q(SELECT protaddr.is_protected('P0'))))[2], qr/not ready.*from which there is no word/s, 'and says why');
$node->safe_psql('subscriber', 'ALTER SUBSCRIPTION everything ENABLE');
ok($node->poll_query_until('subscriber', $own, 'fresh'), 'enabled, it has word again');
$node->safe_psql('subscriber', 'ALTER SUBSCRIPTION everything DISABLE; ALTER SUBSCRIPTION everything SET (slot_name = NONE); DROP SUBSCRIPTION everything');

# ---- a base backup that is started on its own --------------------------------------------------------

$node->backup('base');
my $alone = PostgreSQL::Test::Cluster->new('alone');
$alone->init_from_backup($node, 'base');
chmod(0600, $alone->data_dir . '/protaddr.kek') or die $!;	# the test framework copies without modes
$alone->start;
is($alone->safe_psql('bank', $status), 'fresh', 'the same cluster, as far as anybody can tell: its register counts');
is($alone->safe_psql('bank', $show), WITHHELD . ',' . WITHHELD, 'as of the backup');
is($alone->safe_psql('clone', $show), 'Testvej 1,Testvej 2', 'so that it shows what it knew then');
$alone->safe_psql('clone', q(UPDATE protaddr.register_source SET current_as_of = current_as_of - interval '5 days'));
is($alone->safe_psql('clone', "$quiet; $show"), WITHHELD . ',' . WITHHELD, 'no longer than protaddr.register_max_age');
$alone->stop;

# ---- an upgrade script changes shipped rows ------------------------------------------------------------

my $folder = $node->config_data('--sharedir') . '/extension';
my $script = "$folder/protaddr--1.0--1.0test.sql";
SKIP:
{
	skip 'NOT TESTED: the extension\'s folder cannot be written', 6 unless -w $folder;
	append_to_file($script, <<'SQL');
UPDATE protaddr.channel SET legal_basis = 'a new law' WHERE channel = 'own_bank';
INSERT INTO protaddr.channel (channel, route, description, legal_basis, shipped) VALUES ('invented', 'union', 'of the new version', 'a new law', true);
UPDATE protaddr.regime_code SET description = 'of the new version' WHERE regime = 'NO-FREG';
SQL
	$node->safe_psql('bank', q(SELECT protaddr.set_channel('file_extract', description => 'the bank''s own')));
	$node->safe_psql('bank', q(ALTER EXTENSION protaddr UPDATE TO '1.0test'));
	is($node->safe_psql('bank', q(SELECT string_agg(channel || ' ' || shipped, chr(44) ORDER BY channel) FROM protaddr.channel WHERE channel IN ('own_bank', 'invented', 'file_extract') AND valid_to = 'infinity')),
		'file_extract false,invented true,own_bank true', 'what the script changes stays shipped; what the bank has changed is its own');
	is($node->safe_psql('bank', q(SELECT count(*) > 0, bool_and(shipped) FROM protaddr.regime_code WHERE regime = 'NO-FREG')), 't|t', 'codes, too');
	my ($dump) = run_command([ 'pg_dump', '-d', $node->connstr('bank') ]);
	my @rules = $dump =~ /^COPY protaddr\.(?:channel|regime_code) .*?^\\\.$/msg;
	is(scalar(@rules), 2, 'pg_dump knows both tables');
	unlike("@rules", qr/a new law|of the new version/, 'and leaves what the script did to the next server\'s script');
	like("@rules", qr/the bank's own/, 'and takes what the bank has changed');
	$node->safe_psql('bank', q(UPDATE protaddr.channel SET description = 'by hand' WHERE channel = 'own_bank'));
	is($node->safe_psql('bank', q(SELECT shipped FROM protaddr.channel WHERE channel = 'own_bank')), 'f', 'a change that no script makes is the bank\'s own');
}
$node->stop;
done_testing();

END { unlink $script if defined $script; }
