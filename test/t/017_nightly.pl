#
# 017_nightly.pl
#		Does the nightly delivery keep nobody waiting, and do two loads never mix?
#
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use List::Util qw(max sum);
use POSIX qw(strftime);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ProtaddrTest;
use RegisterTest;
use Test::More;
use Time::HiRes qw(sleep time);

sub date { my ($n) = @_; return strftime('%Y%m%d', 0, 0, 12, 20 + $n, 10, 126); }

my $node = cluster(PostgreSQL::Test::Cluster->new('nightly'));
my $dir  = $node->basedir;
$node->start;
new_database($node, 'bank');

# one delivery of all people, and what follows it: the same people, others protected
my $people = 50_000;
my @share  = (0.1, 0.3, 0.2, 0.4);
my @file   = map { spew("$dir/$_.txt", redated(make_cpr('--people', $people, '--seed', 17, '--protected', $share[$_]), '2026112' . ($_ + 1), '2026112' . $_)) } 0 .. $#share;
my $load   = sub { my ($n, %more) = @_; return "SELECT outcome || ' ' || lifted FROM " . load_file($file[$n], max_lifted => 1_000_000, %more) };
is($node->safe_psql('bank', $load->(0)), 'loaded 0', 'all people are loaded');

$node->safe_psql('bank', <<'SQL');
CREATE TABLE customer (id int PRIMARY KEY, cpr text, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', subject => 'cpr');
INSERT INTO customer SELECT row_number() OVER (ORDER BY subject_key), subject, 'Vej 1' FROM protaddr.register_person WHERE source = 'DK-CPR';
ANALYZE customer;
SQL

# begun($session, $sql) begins a statement and does not wait for it; ended($session) does.
sub begun
{
	my ($session, $sql) = @_;
	$session->{stdin} .= "$sql;\n\\echo ended\n";
	$session->{run}->pump_nb;
	return $session;
}

sub ended
{
	my ($session) = @_;
	$session->{run}->pump until index($session->{stdout}, 'ended') >= 0;
	my ($out, $err) = @$session{qw(stdout stderr)};
	$session->{stdout} = $session->{stderr} = '';
	return $out =~ s/\n?ended\n//r . ($err =~ /ERROR:\s+(.*)/ ? $1 : '');
}

my $waits = q(SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'protaddr.protection'::regclass);
sub waiting { return $node->poll_query_until('bank', $waits, '1') ? 1 : 0; }

# ---- two at once ------------------------------------------------------------------------

my @state = (state_of($node, 'bank'));
my ($one, $two) = map { $node->background_psql('bank', on_error_stop => 0) } 1, 2;

# the second is of the day after the first: right only once the first is there
$one->query_safe('BEGIN;');
begun($one, $load->(1));
ok(ended($one) =~ /^loaded \d/, 'one session loads, and has not committed');
begun($two, $load->(2));
ok(waiting(), 'another waits');
is(state_of($node, 'bank'), $state[0], 'a reader meanwhile sees the old register');
is($two->{stdout}, '', 'and nothing of the other has happened');
$state[1] = $one->query_safe(in_force('DK-CPR') . ';');
$one->query_safe('COMMIT;');
my $got = ended($two);
ok($got =~ /^loaded \d/, 'then it is loaded') or diag($got);
$state[2] = state_of($node, 'bank');
is(scalar(keys %{ { map { $_ => 1 } @state } }), 3, 'three registers, all different');

# the first gives up: what follows it is refused
$one->query_safe('BEGIN;');
begun($one, $load->(3));
ended($one);
begun($two, $load->(3));
ok(waiting(), 'the same delivery at once: the second waits');
$one->query_safe('ROLLBACK;');
ok(ended($two) =~ /^loaded \d/, 'and loads it if the first gives up');
$state[3] = state_of($node, 'bank');
$one->query_safe('BEGIN;');
my $again = spew("$dir/again.txt", redated(slurp_file($file[0]), date(5), date(4)));
my $after = spew("$dir/after.txt", redated(slurp_file($file[1]), date(6), date(5)));
begun($one, "SELECT outcome FROM " . load_file($again, max_lifted => 1_000_000));
is(ended($one), 'loaded', 'the next day');
begun($two, "SELECT outcome FROM " . load_file($after, max_lifted => 1_000_000));
ok(waiting(), 'the day after it waits');
$one->query_safe('ROLLBACK;');
is(ended($two), 'a delivery is missing', 'and is refused if the first gives up');
is(state_of($node, 'bank'), $state[3], 'the register is as it was');

# Both without any order between them, each of one transaction, over and over.  Whoever
# comes second finds the same delivery loaded, or goes on from it.
for my $round (1 .. 4)
{
	my $made = sub { my ($day, $n) = @_; return spew("$dir/r$round$day.txt", redated(slurp_file($file[$n]), date(4 + $day), date(3 + $day))); };
	my @next = map { $made->($_, ($_ + $round) % 4) } 2 * $round - 1, 2 * $round;
	begun($one, 'SELECT outcome FROM ' . load_file($next[0], max_lifted => 1_000_000));
	begun($two, 'SELECT outcome FROM ' . load_file($next[1], max_lifted => 1_000_000));
	my @outcome = (ended($one), ended($two));
	my $last = $outcome[1] eq 'loaded' ? 1 : 0;
	is($outcome[0], 'loaded', "round $round: the first day is loaded");
	ok($outcome[1] eq 'loaded' || $outcome[1] eq 'a delivery is missing', "round $round: the second day: $outcome[1]");
	is($node->safe_psql('bank', 'SELECT outcome FROM ' . load_file($next[1], max_lifted => 1_000_000)), $last ? 'already loaded' : 'loaded', "round $round: and is known for what it is");
	is(state_of($node, 'bank'), $state[ (2 * $round + $round) % 4 ], "round $round: the register is that of the second day");
}

# an entry by hand waits for a load, and is none of it
$one->query_safe('BEGIN;');
begun($one, 'SELECT outcome FROM ' . load_file($again, max_lifted => 1_000_000, after_gap => 'true', reason => q('older')));
is(ended($one), 'the delivery is older than the last one of its task', 'an older one is refused, whatever the reason');
$one->query_safe('ROLLBACK;');
$one->query_safe('BEGIN;');
begun($one, 'SELECT outcome FROM ' . load_file($file[0], source => q('another')));
is(ended($one), 'loaded', 'a source of its own');
begun($two, q(SELECT protaddr.protect('somebody', 'DK-CPR', '0001')));
ok(waiting(), 'an entry by hand waits for a load');
$one->query_safe('COMMIT;');
is(ended($two), 't', 'and is made after it');
is($node->safe_psql('bank', q(SELECT protaddr.is_protected('somebody'))), 't', 'it counts');

# ---- readers ----------------------------------------------------------------------------

# Each reads one customer after the other, in a statement of its own.
my $script = spew("$dir/read.sql", "\\set id random(1, $people)\nSELECT protaddr.show(home) FROM customer WHERE id = :id;\n");
my $reader = sub {
	my ($name, $seconds) = @_;
	my ($out, $err);
	return IPC::Run::start([ 'pgbench', '-n', '-c', '2', '-T', $seconds, '-M', 'prepared', '-f', $script, '-l', "--log-prefix=$dir/$name", $node->connstr('bank') ],
		'>', \$out, '2>', \$err);
};
sub latencies
{
	my ($name) = @_;
	my @us = map { (split ' ', $_)[2] } map { split /\n/, slurp_file($_) } glob("$dir/$name.*");
	return @us;
}

my $quiet = $reader->('quiet', 2);
$quiet->finish;
my @quiet = latencies('quiet');
my $big   = spew("$dir/big.txt", redated(slurp_file($file[1]), date(40), date(39)));
my $busy  = $reader->('busy', 6);
sleep(0.5);
my $began = time;
my $outcome = $node->safe_psql('bank', "SELECT persons || ' ' || outcome FROM " . load_file($big, max_lifted => 1_000_000, after_gap => 'true', reason => q('test')));
my $took = time - $began;
is($outcome, "$people loaded", 'a nightly delivery of 50,000 people');
$busy->finish;
my @busy = latencies('busy');
cmp_ok(scalar(@busy), '>', 100, 'readers went on');
my $most = max(@busy) / 1e6;
note(sprintf('loaded in %.1f s; one read: quiet %.3f ms on average, %.1f ms at most; beside the load %.3f ms, %.1f ms (%d reads)',
	$took, sum(@quiet) / @quiet / 1e3, max(@quiet) / 1e3, sum(@busy) / @busy / 1e3, $most * 1e3, scalar(@busy)));
cmp_ok($most, '<', 2, 'no single read had to wait long');
is($node->safe_psql('bank', 'SELECT count(*) FROM customer WHERE (protaddr.show(home) = $$[address withheld]$$) <> protaddr.is_protected(cpr)'), '0', 'what is shown is what the register says');
$_->quit for $one, $two;
$node->stop;
done_testing();
