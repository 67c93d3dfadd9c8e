#
# 002_replication.pl
#		Do a standby and a subscriber hold the same values, and know who is protected now?
#
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use File::Copy qw(copy);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ProtaddrTest;
use Test::More;

my $people  = 400;
my $primary = cluster(PostgreSQL::Test::Cluster->new('primary'), allows_streaming => 'logical');
$primary->start;
new_database($primary, 'bank');
write_customers($primary->basedir . '/customers.txt', $people);
$primary->safe_psql('bank', <<"SQL");
CREATE TABLE customer (id int PRIMARY KEY, holder text NOT NULL, joint text, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', subject => 'holder');
SELECT protaddr.bind_column('customer', 'home', subject => 'joint');
COPY customer FROM '@{[ $primary->basedir ]}/customers.txt';
CREATE TABLE crowd (id int PRIMARY KEY, person text, home protaddr.address);
SELECT protaddr.bind_column('crowd', 'home', subject => 'person');
INSERT INTO crowd SELECT i, 'P' || i, protaddr.address(strtnm => 'Vej', bldgnb => i::text) FROM generate_series(1, 300) i;
SELECT protaddr.protect(h, 'DK-CPR', '0001') FROM (SELECT DISTINCT holder AS h FROM customer) c WHERE h LIKE '%7';
SQL

# ---- a hot standby -----------------------------------------------------------------

$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
# our long transactions are not to hold up replay when the primary prunes a page
$standby->append_conf('postgresql.conf', "hot_standby_feedback = on\nwal_receiver_status_interval = 1");
chmod(0600, $standby->data_dir . "/protaddr.kek") or die $!;	# the test framework copies without modes
$standby->start;
$primary->wait_for_catchup($standby, 'replay');

my $tokens = tokens($primary, 'bank', 'customer');
my $shown  = shown($primary, 'bank', 'customer');
is(tokens($standby, 'bank', 'customer'), $tokens, 'standby: same tokens');
is(shown($standby, 'bank', 'customer'), $shown, 'standby: shown the same');
is($standby->safe_psql('bank', q(SELECT string_agg(source || ' ' || status, ',') FROM protaddr.register_status)),
	'test fresh', 'standby: the register is as fresh as the primary\'s');
is(psql_error($standby, 'bank', q(SELECT protaddr.protect('P1', 'DK-CPR', '0001'))), '25006', 'standby: nobody can be protected on it');
is(psql_error($standby, 'bank', q(SELECT protaddr.rotate_data_key())), '25006', 'standby: no key can be made on it');
is($standby->safe_psql('bank', q(SELECT 'Sealed here'::protaddr.address::text LIKE 'pa1.%')), 't', 'standby: an address can be sealed');

my $one  = q(SELECT protaddr.show(home) FROM crowd WHERE id = 2;);
my $all  = q(SELECT count(*) FILTER (WHERE protaddr.show(home) = '[address withheld]') FROM crowd;);
my %read = ('one person' => $one, 'many people' => $all);
my %free = ('one person' => 'Vej 2', 'many people' => '0');
my %hidden = ('one person' => WITHHELD, 'many people' => '1');

# Every session is open all the time, and each has asked before, but for the cold one.
my %session;
for my $path (keys %read)
{
	for my $level ('READ COMMITTED', 'REPEATABLE READ')
	{
		for my $cache ('warm', 'cold')
		{
			my $s = $standby->background_psql('bank');
			$s->query_safe("BEGIN ISOLATION LEVEL $level; SELECT 1;");
			is($s->query_safe($read{$path}), $free{$path}, "standby, $level, $path: shown before") if $cache eq 'warm';
			$session{"$level, $path, $cache"} = [ $s, $path ];
		}
	}
	my $s = $standby->background_psql('bank');
	is($s->query_safe($read{$path}), $free{$path}, "standby, no transaction, $path: shown before");
	$session{"no transaction, $path, warm"} = [ $s, $path ];
}

sub all_see
{
	my ($expected, $when, $only_warm) = @_;
	for my $name (sort keys %session)
	{
		my ($s, $path) = @{ $session{$name} };
		next if $only_warm && $name =~ /cold/;
		is($s->query_safe($read{$path}), $expected->{$path}, "standby, $name: $when");
	}
}

my $writer = $primary->background_psql('bank');
$writer->query_safe(q(BEGIN; SELECT protaddr.protect('P2', 'DK-CPR', '0001');));
$primary->safe_psql('bank', 'CREATE TABLE something_else ()');
$primary->wait_for_catchup($standby, 'replay');
all_see(\%free, 'shown while the protection is not committed', 1);
$writer->query_safe('COMMIT;');
$primary->wait_for_catchup($standby, 'replay');
all_see(\%hidden, 'withheld as soon as the protection is replayed');

$writer->query_safe(q(BEGIN; SELECT protaddr.lift('P2', 'DK-CPR', '0001');));
$primary->safe_psql('bank', 'DROP TABLE something_else');
$primary->wait_for_catchup($standby, 'replay');
all_see(\%hidden, 'withheld while the lift is not committed');
$writer->query_safe('COMMIT;');
$primary->wait_for_catchup($standby, 'replay');
all_see(\%free, 'shown again as soon as the lift is replayed');

# a protection of a subtransaction that is rolled back never was
$writer->query_safe(q(BEGIN; SAVEPOINT s; SELECT protaddr.protect('P2', 'DK-CPR', '0001'); ROLLBACK TO s; SELECT protaddr.protect('P3', 'DK-CPR', '0001'); COMMIT;));
$primary->wait_for_catchup($standby, 'replay');
is($session{'REPEATABLE READ, one person, warm'}[0]->query_safe($one), 'Vej 2', 'standby: a rolled back savepoint protects nobody');
is($session{'REPEATABLE READ, many people, warm'}[0]->query_safe($all), '1', 'and the rest of its transaction does');

# so does a new data key
$primary->safe_psql('bank', 'SELECT protaddr.rotate_data_key()');
$primary->safe_psql('bank', q(INSERT INTO crowd VALUES (1000, 'P1000', 'New key 1')));
$primary->wait_for_catchup($standby, 'replay');
is($session{'no transaction, one person, warm'}[0]->query_safe('SELECT protaddr.show(home) FROM crowd WHERE id = 1000;'),
	'New key 1', 'standby: a value under a new data key is shown in an open session');

# the register going stale or away is seen too
$writer->query_safe(q(SELECT protaddr.retire_register('test');));
$primary->wait_for_catchup($standby, 'replay');
is($session{'REPEATABLE READ, one person, warm'}[0]->query_safe("SET client_min_messages = error; $one"), WITHHELD, 'standby: withheld once no source counts');
$writer->query_safe(q(SELECT protaddr.confirm_register('test', new_source => true);));
$primary->wait_for_catchup($standby, 'replay');
is($session{'REPEATABLE READ, one person, warm'}[0]->query_safe($one), 'Vej 2', 'standby: shown once the register is confirmed');
$_->[0]->quit for values %session;
$writer->quit;

# ---- promoted ------------------------------------------------------------------------

$shown = shown($primary, 'bank', 'customer');
$standby->promote;
is(tokens($standby, 'bank', 'customer'), $tokens, 'promoted: same tokens');
is(shown($standby, 'bank', 'customer'), $shown, 'promoted: shown the same');
$standby->safe_psql('bank', q(SELECT protaddr.rotate_data_key()));
$standby->safe_psql('bank', q(INSERT INTO crowd VALUES (2000, 'P2000', 'After promotion 1')));
is($standby->safe_psql('bank', q(SELECT protaddr.show(home) FROM crowd WHERE id = 2000)), 'After promotion 1', 'promoted: it seals under a key of its own');
$standby->safe_psql('bank', q(SELECT protaddr.protect('P2000', 'DK-CPR', '0001')));
is($standby->safe_psql('bank', q(SELECT protaddr.show(home) FROM crowd WHERE id = 2000)), WITHHELD, 'promoted: it protects');
is(psql_error($primary, 'bank', "SELECT protaddr.show('" . $standby->safe_psql('bank', 'SELECT home FROM crowd WHERE id = 2000') . "')"),
	'55PA1', 'the old primary does not have the promoted one\'s new key');
$standby->stop;

# ---- logical replication ---------------------------------------------------------------

# The register and the data keys are published too.  So the subscriber knows who is
# protected, and what it lacks is the outer key alone.
$primary->safe_psql('bank', <<'SQL');
CREATE TABLE outgoing (id int PRIMARY KEY, payer text, home protaddr.address, note text);
INSERT INTO outgoing SELECT id, holder, home FROM customer WHERE joint IS NULL AND id <= 200;
CREATE TABLE unbound (id int PRIMARY KEY, person text, home protaddr.address);
INSERT INTO unbound VALUES (1, 'free', 'Unbound 1');
CREATE TABLE identity_full (id int, home protaddr.address);
ALTER TABLE identity_full REPLICA IDENTITY FULL;
INSERT INTO identity_full SELECT id, home FROM customer;
CREATE PUBLICATION register FOR TABLE protaddr.data_key, protaddr.protection, protaddr.register_source;
CREATE PUBLICATION customers FOR TABLE customer, unbound, identity_full;
CREATE PUBLICATION payments FOR TABLE outgoing;
SQL
my $free_payers = $primary->safe_psql('bank', 'SELECT count(*) FROM outgoing WHERE NOT protaddr.is_protected(payer)');
cmp_ok($free_payers, '<', 150, 'some payers are protected');

my $subscriber = cluster(PostgreSQL::Test::Cluster->new('subscriber'), allows_streaming => 'logical');
$subscriber->append_conf('postgresql.conf', "max_logical_replication_workers = 8\nmax_worker_processes = 12");
copy($primary->data_dir . '/protaddr.kek', $subscriber->data_dir . '/protaddr.kek') or die $!;
chmod(0600, $subscriber->data_dir . '/protaddr.kek') or die $!;
$subscriber->start;

for my $binary ('false', 'true')
{
	my $db = "binary_$binary";
	$subscriber->safe_psql('postgres', "CREATE DATABASE $db");
	$subscriber->safe_psql($db, <<'SQL');
CREATE EXTENSION protaddr;
CREATE TABLE customer (id int PRIMARY KEY, holder text NOT NULL, joint text, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', subject => 'holder');
SELECT protaddr.bind_column('customer', 'home', subject => 'joint');
CREATE TABLE unbound (id int PRIMARY KEY, person text, home protaddr.address);
SELECT protaddr.bind_column('unbound', 'home', subject => 'person');
CREATE TABLE identity_full (id int, home protaddr.address);
CREATE TABLE outgoing (id int PRIMARY KEY, payer text, home protaddr.address, note text);
SELECT protaddr.install_gate('outgoing', channel => 'sumclearing', subject => 'payer');
SQL
	my $subscribe = sub {
		my ($publication) = @_;
		$subscriber->safe_psql($db, "CREATE SUBSCRIPTION ${publication}_$binary CONNECTION \$c\$"
			  . $primary->connstr('bank') . "\$c\$ PUBLICATION $publication WITH (binary = $binary)");
		$subscriber->wait_for_subscription_sync($primary, "${publication}_$binary", $db);
	};
	my $name = $binary eq 'true' ? 'subscriber, binary' : 'subscriber, text';
	$subscribe->('register');
	my $sources = q(SELECT string_agg(source || ': ' || status, ', ') FROM protaddr.register_status);
	is($subscriber->safe_psql($db, $sources), 'test: not confirmed here', "$name: the publisher's word on its register does not count here");
	is($subscriber->safe_psql($db, "SELECT protaddr.confirm_register('test', new_source => true); $sources"), "\ntest: fresh", "$name: confirmed here, once");
	$subscribe->($_) for qw(customers payments);

	my $caught_up = sub { $primary->wait_for_catchup("${_}_$binary") for qw(register customers payments) };

	is(tokens($subscriber, $db, 'customer'), tokens($primary, 'bank', 'customer'), "$name: same tokens after the first copy");
	is(shown($subscriber, $db, 'customer'), shown($primary, 'bank', 'customer'), "$name: shown the same after the first copy");
	is(tokens($subscriber, $db, 'identity_full'), tokens($primary, 'bank', 'identity_full'), "$name: same tokens in a table without a key");
	is($subscriber->safe_psql($db, 'SELECT protaddr.show(home) FROM unbound WHERE id = 1'), 'Unbound 1', "$name: an unbound value is bound where the column is");
	is($subscriber->safe_psql($db, 'SELECT count(*) || $$ of $$ || (SELECT count(*) FROM outgoing) FROM outgoing WHERE home IS NOT NULL'),
		"$free_payers of " . $primary->safe_psql('bank', 'SELECT count(*) FROM outgoing'), "$name: the gate held back the protected in the first copy");

	# live
	my $base = $binary eq 'true' ? 20000 : 10000;
	my $who  = "new $base";
	$primary->safe_psql('bank', <<"SQL");
INSERT INTO customer SELECT id + $base, holder, joint, home FROM customer WHERE id <= $people;
UPDATE customer SET joint = 'another' WHERE id % 7 = 0;
UPDATE customer SET home = protaddr.address(strtnm => 'Moved', subject => 'x') WHERE id % 11 = 0;
UPDATE customer SET holder = holder || 'a' WHERE id = $base + 200;
DELETE FROM customer WHERE id % 13 = 0;
UPDATE identity_full SET id = id + 1 WHERE id % 3 = 0;
DELETE FROM identity_full WHERE id % 5 = 0;
INSERT INTO unbound VALUES ($base, '$who', 'Unbound $base'), ($base + 1, '$who', 'Opdigtetholm 7, 5000 Odense C');
SQL
	$caught_up->();
	is(tokens($subscriber, $db, 'customer'), tokens($primary, 'bank', 'customer'), "$name: same tokens after changes");
	is(shown($subscriber, $db, 'customer'), shown($primary, 'bank', 'customer'), "$name: shown the same after changes");
	is(tokens($subscriber, $db, 'identity_full'), tokens($primary, 'bank', 'identity_full'), "$name: rows are found by their sealed bytes");
	is($subscriber->safe_psql($db, "SELECT protaddr.show(home) FROM unbound WHERE id = $base"), "Unbound $base", "$name: the apply worker binds");

	# what the publisher says of its register from now on comes after what it loaded
	$primary->safe_psql('bank', q(SELECT protaddr.confirm_register('test', new_source => true)));
	$caught_up->();
	my $as_of = q(SELECT current_as_of FROM protaddr.register_source);
	is($subscriber->safe_psql($db, $as_of), $primary->safe_psql('bank', $as_of), "$name: the publisher's source is confirmed again");
	is($subscriber->safe_psql($db, $sources), 'test: fresh', "$name: and counts here");

	# a protection, and only then a payment
	my $warm = $subscriber->background_psql($db);
	is($warm->query_safe("SELECT protaddr.show(home) FROM unbound WHERE id = $base;"), "Unbound $base", "$name: shown before");
	$primary->safe_psql('bank', "SELECT protaddr.protect('$who', 'DK-CPR', '0001')");
	$caught_up->();
	is($warm->query_safe("SELECT protaddr.show(home) FROM unbound WHERE id = $base;"), WITHHELD, "$name: a published protection counts in an open session");
	$warm->quit;
	$primary->safe_psql('bank', <<"SQL");
INSERT INTO outgoing SELECT $base, '$who', protaddr.address(strtnm => 'Vej', subject => '$who');
INSERT INTO outgoing SELECT $base + 1, 'free $base', protaddr.address(strtnm => 'Vej', subject => 'free $base');
INSERT INTO outgoing SELECT $base + 2, 'free $base', protaddr.address(strtnm => 'Vej', subject => '$who');
INSERT INTO outgoing VALUES ($base + 3, 'free $base', NULL, 'til Opdigtetholm 7, 5000 Odense C'),
    ($base + 4, '$who', protaddr.address(strtnm => 'Opdigtetdal', bldgnb => '3', pstcd => '5000', twnnm => 'Odense C', subject => '$who'), 'fra Opdigtetdal 3, 5000 Odense C'),
    ($base + 5, 'free $base', NULL, 'til Opdigtetholm 8, 5000 Odense C');
UPDATE outgoing SET note = 'seen' WHERE id < 100;
SQL
	$caught_up->();
	is($subscriber->safe_psql($db, "SELECT string_agg(id - $base || coalesce(' ' || protaddr.show(home), ''), ', ' ORDER BY id) FROM outgoing WHERE id BETWEEN $base AND $base + 2"),
		'0, 1 Vej, 2', "$name: the gate holds back what the apply worker writes");
	is($subscriber->safe_psql($db, "SELECT string_agg(note, ', ' ORDER BY id) FROM outgoing WHERE id > $base + 2"),
		'til [address withheld], fra [address withheld], til Opdigtetholm 8, 5000 Odense C', "$name: and takes addresses out of its texts");
	is($subscriber->safe_psql($db, "SELECT count(*) FROM outgoing o WHERE protaddr.is_protected(payer) AND home IS NOT NULL"), '0', "$name: after an update too");
	is($subscriber->safe_psql($db, "SELECT count(*) FROM outgoing WHERE note = 'seen'"),
		$primary->safe_psql('bank', "SELECT count(*) FROM outgoing WHERE note = 'seen'"), "$name: and the updates arrived");
	$primary->safe_psql('bank', "DELETE FROM outgoing WHERE id >= $base");
	$caught_up->();
	$subscriber->safe_psql($db, "DROP SUBSCRIPTION ${_}_$binary") for qw(register customers payments);
}

is($subscriber->safe_psql('binary_true', q(SELECT count(*) FROM pg_catalog.pg_stat_subscription_stats WHERE apply_error_count > 0 OR sync_error_count > 0)),
	'0', 'subscriber: no change was refused');
$subscriber->stop;
$primary->stop;
done_testing();
