#
# 016_register_replication.pl
#		Does a standby know of links and deliveries as soon as it has replayed them, and
#		is its register whole if it is promoted while a load runs?
#
use strict;
use warnings;
use FindBin;
use IO::Socket::INET;
use lib "$FindBin::RealBin/../lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ProtaddrTest;
use RegisterTest;
use Test::More;

my $primary = cluster(PostgreSQL::Test::Cluster->new('primary'), allows_streaming => 1);
my $dir     = $primary->basedir;
$primary->start;
new_database($primary, 'bank');
$primary->safe_psql('bank', <<'SQL');
CREATE TABLE account (id int PRIMARY KEY, holder text, home protaddr.address);
SELECT protaddr.bind_column('account', 'home', subject => 'holder');
INSERT INTO account SELECT i, 'account ' || i, protaddr.address(strtnm => 'Vej', bldgnb => i::text) FROM generate_series(1, 300) i;
SELECT protaddr.link_identity('account ' || i, 'customer ' || i, 'account') FROM generate_series(1, 300) i WHERE i <> 3;
SELECT protaddr.protect('customer 300', 'DK-CPR', '0001');
-- the deliveries below tell of one person alone: the others are known from another register, and so are shown
SELECT protaddr.load_register('NO-FREG', jsonb_agg(jsonb_build_object('subject', 'account ' || i, 'protections', '[]'::jsonb))) FROM generate_series(1, 300) i;
SQL
my $number = '6101704001';

$primary->backup('base');
sub standby
{
	my ($name) = @_;
	my $standby = PostgreSQL::Test::Cluster->new($name);
	$standby->init_from_backup($primary, 'base', has_streaming => 1);
	$standby->append_conf('postgresql.conf', "hot_standby_feedback = on\nwal_receiver_status_interval = 1");
	chmod(0600, $standby->data_dir . '/protaddr.kek') or die $!;	# the test framework copies without modes
	$standby->start;
	return $standby;
}
my $standby = standby('standby');
my $spare   = standby('spare');
sub replayed { $primary->wait_for_catchup($_, 'replay') for @_; return; }
replayed($standby, $spare);

# ---- links and deliveries take effect in transactions that are open -------------------------

my %read = (
	'one person'  => 'SELECT string_agg(protaddr.show(home), $$, $$ ORDER BY id) FROM account WHERE id IN (2, 3);',
	'many people' => q(SELECT coalesce(string_agg(id::text, ', ' ORDER BY id), 'none') FROM account WHERE protaddr.show(home) = '[address withheld]' AND id < 300;));

# Two sessions of each kind: those that ask all the time, and for every change new ones
# that have begun before it and ask after it for the first time.
my %warm;
sub begin_all
{
	my %session;
	for my $path (keys %read)
	{
		for my $level ('READ COMMITTED', 'REPEATABLE READ')
		{
			my $s = $standby->background_psql('bank');
			$s->query_safe("BEGIN ISOLATION LEVEL $level; SELECT count(*) FROM protaddr.protection;");
			$session{"$level, $path"} = [ $s, $path ];
		}
	}
	return %session;
}

sub ask
{
	my ($session, $name, %expected) = @_;
	is($session->[0]->query_safe($read{ $session->[1] }), $expected{ $session->[1] }, $name);
	return;
}

sub takes_effect
{
	my ($what, $sql, %expected) = @_;
	my %cold = begin_all();

	$primary->safe_psql('bank', $sql);
	replayed($standby);
	ask($warm{$_}, "standby, $_, warm: $what", %expected) for sort keys %warm;
	ask($cold{$_}, "standby, $_, cold: $what", %expected) for sort keys %cold;
	$cold{$_}[0]->quit for keys %cold;
	return;
}

%warm = begin_all();
my %free = ('one person' => 'Vej 2, Vej 3', 'many people' => 'none');
ask($warm{$_}, "standby, $_: shown before", %free) for sort keys %warm;

takes_effect('a protection of somebody without a link', q(SELECT protaddr.protect('person 2', 'DK-CPR', '0001')), %free);
takes_effect('the link to that person', q(SELECT protaddr.link_identity('customer 2', 'person 2', 'customer')),
	'one person' => WITHHELD . ', Vej 3', 'many people' => '2');
takes_effect('the protection of a joint holder', q(SELECT protaddr.link_identity('account 3', 'customer 300')),
	'one person' => WITHHELD . ', ' . WITHHELD, 'many people' => '2, 3');
takes_effect('the end of a link', q(SELECT protaddr.unlink_identity('account 3', 'customer 300')),
	'one person' => WITHHELD . ', Vej 3', 'many people' => '2');
takes_effect('the end of the protection behind a link', q(SELECT protaddr.lift('person 2', 'DK-CPR', '0001')), %free);

takes_effect('a link to a number that the register does not know', "SELECT protaddr.link_identity('account 3', '$number')", %free);
my @file = map { spew("$dir/day$_.txt", small_cpr("2026112$_", '2026112' . ($_ - 1), [ $number, $_ == 1 ? ('0001', '2026-11-01') : () ])) } 1, 2;
takes_effect('a delivery that protects', 'SELECT ' . load_file($file[0]), 'one person' => 'Vej 2, ' . WITHHELD, 'many people' => '3');
takes_effect('the delivery after it', 'SELECT ' . load_file($file[1], confirm_lifted => 1), %free);

is($standby->safe_psql('bank', q(SELECT string_agg(source || ' ' || status || ' ' || deliveries, ', ' ORDER BY source) FROM protaddr.register_status)),
	'DK-CPR fresh 2, NO-FREG fresh 1, test fresh 0', 'the standby knows its sources');
$primary->safe_psql('bank', q(SELECT protaddr.confirm_register('short', interval '1 hour', new_source => true);
	UPDATE protaddr.register_source SET current_as_of = current_as_of - interval '2 hours' WHERE source = 'short'));
replayed($standby);
for my $name (sort keys %warm)
{
	my ($s, $path) = @{ $warm{$name} };
	is($s->query_safe("SET client_min_messages = error; $read{$path}"), $path eq 'one person' ? WITHHELD . ', ' . WITHHELD : join(', ', 1 .. 299), "standby, $name: a source that is too old closes the register");
}
takes_effect('its retirement', q(SELECT protaddr.retire_register('short')), %free);
$warm{$_}[0]->quit for keys %warm;

# ---- one that lags is not asked --------------------------------------------------------------

my $status = q(SELECT string_agg(DISTINCT status, ' ') FROM protaddr.register_status);
my $shown  = q(SELECT protaddr.show(home) FROM account WHERE id = 7);
sub lag { my ($setting) = @_; $spare->append_conf('postgresql.conf', "protaddr.max_replay_lag = $setting"); reloaded($spare); return; }
sub is_behind { my ($why, $name) = @_; like(($spare->psql('bank', $shown))[2], qr/not ready.*\Q$why\E/s, $name); return; }

# A second may pass on a busy machine before the primary's word arrives: so it is asked until the answer comes.
sub comes_to
{
	my ($session, $sql, $expected, $name) = @_;
	my $answer;
	for (1 .. 1800)
	{
		$answer = ref $session eq 'CODE' ? $session->($sql) : $session->query_safe($sql);
		last if $answer eq $expected;
		select(undef, undef, undef, 0.1);
	}
	is($answer, $expected, $name);
	return;
}
my $anew = sub { $spare->safe_psql('bank', $_[0]) };

replayed($spare);
lag('1s');
sleep 3;
comes_to($anew, "$status; $shown", "fresh\nVej 7", 'a standby of an idle primary is not behind');
$spare->safe_psql('bank', 'SELECT pg_wal_replay_pause()');
$spare->poll_query_until('bank', q(SELECT pg_get_wal_replay_pause_state() = 'paused')) or die 'not paused';
my $asking = $spare->background_psql('bank');
comes_to($asking, "SET client_min_messages = error; $shown", 'Vej 7', 'paused: shown as long as nothing waits');
$primary->safe_psql('bank', q(SELECT protaddr.protect('account 7', 'DK-CPR', '0001')));
$primary->wait_for_catchup($spare, 'flush');
ok($spare->poll_query_until('bank', $status, 'behind'), 'what has been received and waits makes it lag');
is_behind('a standby that is behind its primary', 'and it says why');
sleep 2;	# a session looks once a second
is($asking->query_safe("SET client_min_messages = error; $shown"), WITHHELD, 'a session that was there withholds all');
lag('1h');
is($spare->safe_psql('bank', $shown), 'Vej 7', 'it may lag an hour');
$spare->safe_psql('bank', 'SELECT pg_wal_replay_resume()');
replayed($spare);
lag('1s');
comes_to($anew, "$status; $shown", "fresh\n" . WITHHELD, 'replayed, it is asked again');
my ($conninfo) = $spare->safe_psql('bank', 'SHOW primary_conninfo');
$spare->append_conf('postgresql.conf', q(primary_conninfo = ''));
reloaded($spare);
ok($spare->poll_query_until('bank', $status, 'behind'), 'one that receives nothing is not asked');
is_behind('receives nothing', 'and says so');
lag('0');
is($spare->safe_psql('bank', "$status; $shown"), "fresh\n" . WITHHELD, 'but if it is not to be asked for');

# a listener that never answers: the receiver is there, and has been told nothing
my $silent = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1') or die $!;
$spare->append_conf('postgresql.conf', sprintf(q(primary_conninfo = 'host=127.0.0.1 port=%d') . "\nprotaddr.max_replay_lag = '120s'", $silent->sockport));
reloaded($spare);
$spare->poll_query_until('bank', q(SELECT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'walreceiver') AND NOT EXISTS (SELECT FROM pg_stat_wal_receiver))) or die 'no receiver';
sleep 2;
is($spare->safe_psql('bank', $status), 'behind', 'one that tries to connect has had no word yet');
is_behind('no word', 'and says so');
close $silent;
$conninfo =~ s/'/''/g;
$spare->append_conf('postgresql.conf', "primary_conninfo = '$conninfo'\nprotaddr.max_replay_lag = '1s'");
# there is much to catch up with, and at its end a protection of two seconds ago
$primary->safe_psql('bank', q(CREATE TABLE much AS SELECT i, repeat('x', 900) FROM generate_series(1, 100000) i; SELECT protaddr.protect('account 8', 'DK-CPR', '0001')));
(my $other = $shown) =~ s/= 7/= 8/;
sleep 2;
is($asking->query_safe("SET client_min_messages = error; $other"), WITHHELD, 'before it receives again');
reloaded($spare);
my %answer;
for (1 .. 150) { $answer{ $asking->query_safe($other) }++; select(undef, undef, undef, 0.02); }
is(join(', ', keys %answer), WITHHELD, 'one that catches up is behind, however fast it replays what it receives');
ok($spare->poll_query_until('bank', $status, 'fresh'), 'and one that receives again is asked');
$primary->safe_psql('bank', q(DROP TABLE much; SELECT protaddr.lift('account 8', 'DK-CPR', '0001')));
$asking->quit;
lag('120s');
$primary->safe_psql('bank', q(SELECT protaddr.lift('account 7', 'DK-CPR', '0001')));

# ---- nothing is loaded on a standby -----------------------------------------------------------

my $bytes = "pg_read_binary_file('$file[0]')";
my %refused = (
	'load_cpr'      => "SELECT protaddr.load_cpr($bytes)",
	'load_cpr_file' => 'SELECT ' . load_file($file[0]),
	'load_register' => q(SELECT protaddr.load_register('NO-FREG', '[{"subject": "x", "protections": []}]')),
	'load_staged'   => q(SELECT protaddr.load_staged('NO-FREG', 'NO-FREG')),
	'link_identity' => q(SELECT protaddr.link_identity('account 1', 'person 2')));
for my $name (sort keys %refused)
{
	my ($code, $message) = error_of($standby, 'bank', "SET statement_timeout = '100s'; $refused{$name}");
	is($code, '25006', "$name is refused on a standby, without waiting for anything") or diag($message);
}
is(state_of($standby, 'bank'), state_of($primary, 'bank'), 'both have the same register');

# ---- promoted while a load runs -----------------------------------------------------------------

my @made = map { make_cpr('--people', 20000, '--seed', 16, '--protected', $_) } 0.3, 0.6;
my @large = map { spew("$dir/large$_.txt", redated($made[$_], '2026112' . ($_ + 3), '2026112' . ($_ + 2))) } 0, 1;
my $load = sub { 'SELECT outcome FROM ' . load_file($large[ $_[0] ], max_lifted => 100_000) };
is($primary->safe_psql('bank', $load->(0)), 'loaded', 'the old register');
my $old = state_of($primary, 'bank');
replayed($standby, $spare);

my $loading = $primary->background_psql('bank', on_error_stop => 0);
$loading->query_safe('BEGIN;');
$loading->query_safe($load->(1) . ';');
my $new = $loading->query_safe(in_force('DK-CPR') . ';');
isnt($new, $old, 'the load changes it');

# all of it has been replayed but the commit
$primary->safe_psql('bank', 'CREATE TABLE after_the_load ()');
replayed($standby, $spare);
$primary->stop('immediate');
eval { $loading->{stdin} .= "\\q\n"; $loading->{run}->finish; };
$standby->promote;
is(state_of($standby, 'bank'), $old, 'promoted before the commit: the old register');
is($standby->safe_psql('bank', q(SELECT string_agg(produced::text, ',' ORDER BY id) FROM protaddr.register_delivery WHERE outcome = 'loaded')),
	'2026-11-21,2026-11-22,2026-11-23', 'and its deliveries');
is($standby->safe_psql('bank', $load->(1)), 'loaded', 'the promoted one loads the delivery');
is(state_of($standby, 'bank'), $new, 'and has the new register');
is(psql_error($standby, 'bank', 'SELECT ' . load_file($file[0])), '55000', 'it refuses what is older');
is($standby->safe_psql('bank', q(SELECT refused FROM protaddr.register_status WHERE source = 'DK-CPR')), '1', 'and has that on record');
$standby->stop;

# and once more: the other standby is promoted at the very moment of the commit
$primary->start;
is(state_of($primary, 'bank'), $old, 'the primary that died has the old register');
is($primary->safe_psql('bank', $load->(1)), 'loaded', 'it loads the delivery');
$primary->stop('immediate');
$spare->promote;
my $is = state_of($spare, 'bank');
ok($is eq $old || $is eq $new, 'promoted beside the commit: wholly the ' . ($is eq $old ? 'old' : 'new') . ' register') or diag($is);
is($spare->safe_psql('bank', $load->(1)), $is eq $new ? 'already loaded' : 'loaded', 'and it knows which');
is(state_of($spare, 'bank'), $new, 'in the end it is the new one');
$spare->stop;
done_testing();
