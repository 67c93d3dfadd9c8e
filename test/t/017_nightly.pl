#
# 017_nightly.pl
#		Does the nightly delivery keep nobody waiting, and do two loads never mix?
#
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use POSIX qw(strftime);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ProtaddrTest;
use RegisterTest;
use Test::More;

sub date { my ($n) = @_; return strftime('%Y%m%d', 0, 0, 12, 20 + $n, 5, 126); }

my $node = cluster(PostgreSQL::Test::Cluster->new('nightly'));
my $dir  = $node->basedir;
$node->start;
new_database($node, 'bank');

# one delivery of all people, and what follows it: the same people, others protected
my $people = 50_000;
my @share  = (0.1, 0.3, 0.2, 0.4);
my @file   = map { spew("$dir/$_.txt", redated(make_cpr('--people', $people, '--seed', 17, '--protected', $share[$_]), date($_ + 1), date($_))) } 0 .. $#share;
my $load   = sub { my ($n, %more) = @_; return "SELECT outcome || ' ' || lifted FROM " . load_file($file[$n], max_lifted => 1_000_000, %more) };
is($node->safe_psql('bank', $load->(0)), 'loaded 0', 'all people are loaded');

$node->safe_psql('bank', <<'SQL');
CREATE TABLE customer (id int PRIMARY KEY, cpr text, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', subject => 'cpr');
INSERT INTO customer SELECT row_number() OVER (ORDER BY subject_key), subject, 'Vej 1' FROM protaddr.register_person WHERE source = 'DK-CPR';
ANALYZE customer;
SQL

# told($session) is what a statement that was begun ended with, an error included.
sub told
{
	my ($out, $err) = ended(@_);
	return $out . ($err =~ /ERROR:\s+(.*)/ ? $1 : '');
}

my $waits = q(SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'object' AND classid = 'protaddr.register_source'::regclass);
sub waiting { return $node->poll_query_until('bank', $waits, '1') ? 1 : 0; }

# ---- two at once ------------------------------------------------------------------------

my @state = (state_of($node, 'bank'));
my ($one, $two) = map { $node->background_psql('bank', on_error_stop => 0) } 1, 2;

# the second is of the day after the first: right only once the first is there
$one->query_safe('BEGIN;');
begun($one, $load->(1));
ok(told($one) =~ /^loaded \d/, 'one session loads, and has not committed');
begun($two, $load->(2));
ok(waiting(), 'another waits');
is(state_of($node, 'bank'), $state[0], 'a reader meanwhile sees the old register');
is($two->{stdout}, '', 'and nothing of the other has happened');
$state[1] = $one->query_safe(in_force('DK-CPR') . ';');
$one->query_safe('COMMIT;');
my $got = told($two);
ok($got =~ /^loaded \d/, 'then it is loaded') or diag($got);
$state[2] = state_of($node, 'bank');
is(scalar(keys %{ { map { $_ => 1 } @state } }), 3, 'three registers, all different');

# the first gives up: what follows it is refused
$one->query_safe('BEGIN;');
begun($one, $load->(3));
told($one);
begun($two, $load->(3));
ok(waiting(), 'the same delivery at once: the second waits');
$one->query_safe('ROLLBACK;');
ok(told($two) =~ /^loaded \d/, 'and loads it if the first gives up');
$state[3] = state_of($node, 'bank');
$one->query_safe('BEGIN;');
my $again = spew("$dir/again.txt", redated(slurp_file($file[0]), date(5), date(4)));
my $after = spew("$dir/after.txt", redated(slurp_file($file[1]), date(6), date(5)));
begun($one, "SELECT outcome FROM " . load_file($again, max_lifted => 1_000_000));
is(told($one), 'loaded', 'the next day');
begun($two, "SELECT outcome FROM " . load_file($after, max_lifted => 1_000_000));
ok(waiting(), 'the day after it waits');
$one->query_safe('ROLLBACK;');
is(told($two), 'a delivery is missing', 'and is refused if the first gives up');
is(state_of($node, 'bank'), $state[3], 'the register is as it was');

# Both without any order between them, each of one transaction, over and over.  Whoever
# comes second finds the same delivery loaded, or goes on from it.
for my $round (1 .. 4)
{
	my $made = sub { my ($day, $n) = @_; return spew("$dir/r$round$day.txt", redated(slurp_file($file[$n]), date(4 + $day), date(3 + $day))); };
	my @next = map { $made->($_, ($_ + $round) % 4) } 2 * $round - 1, 2 * $round;
	begun($one, 'SELECT outcome FROM ' . load_file($next[0], max_lifted => 1_000_000));
	begun($two, 'SELECT outcome FROM ' . load_file($next[1], max_lifted => 1_000_000));
	my @outcome = (told($one), told($two));
	my $last = $outcome[1] eq 'loaded' ? 1 : 0;
	is($outcome[0], 'loaded', "round $round: the first day is loaded");
	ok($outcome[1] eq 'loaded' || $outcome[1] eq 'a delivery is missing', "round $round: the second day: $outcome[1]");
	is($node->safe_psql('bank', 'SELECT outcome FROM ' . load_file($next[1], max_lifted => 1_000_000)), $last ? 'already loaded' : 'loaded', "round $round: and is known for what it is");
	is(state_of($node, 'bank'), $state[ (2 * $round + $round) % 4 ], "round $round: the register is that of the second day");
}

# an entry by hand waits for no load, and is none of it
$one->query_safe('BEGIN;');
begun($one, 'SELECT outcome FROM ' . load_file($again, max_lifted => 1_000_000, after_gap => 'true', reason => q('older')));
is(told($one), 'the delivery is older than the last one of its task', 'an older one is refused, whatever the reason');
$one->query_safe('ROLLBACK;');
$one->query_safe('BEGIN;');
begun($one, 'SELECT outcome FROM ' . load_file($file[0], source => q('another')));
is(told($one), 'loaded', 'a source of its own');
is($two->query_safe(q(SET lock_timeout = '1s'; SELECT protaddr.protect('somebody', 'DK-CPR', '0001'); RESET lock_timeout;)), 't', 'an entry by hand does not wait for a load');
is($node->safe_psql('bank', q(SELECT protaddr.is_protected('somebody'))), 't', 'and counts at once');
$one->query_safe('COMMIT;');
is($node->safe_psql('bank', q(SELECT protaddr.is_protected('somebody'))), 't', 'it counts');

# ---- readers ----------------------------------------------------------------------------

# Two read one customer after the other while a delivery is loaded and before it is
# committed, and never wait for it: who has to wait for a lock at all is refused.
my $big = spew("$dir/big.txt", redated(slurp_file($file[1]), date(40), date(39)));
my @reader = map { $node->background_psql('bank') } 1, 2;
my $read = 0;
$_->query_safe("SET client_min_messages = error; SET lock_timeout = '1ms';") for @reader;
$one->query_safe('BEGIN;');
begun($one, "SELECT persons || ' ' || outcome FROM " . load_file($big, max_lifted => 1_000_000, after_gap => 'true', reason => q('test')));
do
{
	$_->query_safe('SELECT protaddr.show(home) FROM customer WHERE id = ' . (1 + int(rand($people))) . ';') for @reader;
	$read += 2;
	$one->{run}->pump_nb;
} while index($one->{stdout}, 'ended') < 0;
is(told($one), "$people loaded", 'a nightly delivery of 50,000 people');
is($reader[0]->query_safe('SELECT count(*) FROM customer WHERE (protaddr.show(home) = $$[address withheld]$$) <> protaddr.is_protected(cpr);'), '0',
	'and before it is committed, all can be read');
note("$read reads meanwhile");
$_->quit for @reader;
$one->query_safe('COMMIT;');
is($node->safe_psql('bank', 'SELECT count(*) FROM customer WHERE (protaddr.show(home) = $$[address withheld]$$) <> protaddr.is_protected(cpr)'), '0', 'what is shown is what the register says');
$_->quit for $one, $two;
$node->stop;
done_testing();
