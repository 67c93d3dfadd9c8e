#
# 012_kill.pl
#		Is the register wholly the old or wholly the new one, whenever a load is killed?
#
# 20 loads that change nearly everybody: the backend is killed, or the server stopped,
# at moments spread at random over the time that a load takes.
#
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ProtaddrTest;
use RegisterTest;
use Test::More;
use Time::HiRes qw(sleep time);

my $rounds = 20;
my $node   = cluster(PostgreSQL::Test::Cluster->new('kill'));
my $dir    = $node->basedir;

# segments of shared memory are files, so that one left behind can be seen
$node->append_conf('postgresql.conf',
	"restart_after_crash = on\nsynchronous_commit = on\ndynamic_shared_memory_type = mmap");
$node->start;
new_database($node, 'bank');
my $segments = segments();

# The same people, others of them protected; whichever is not in force is the next.
my @made = map { make_cpr('--people', 15000, '--seed', 5, '--protected', $_) } 0.3, 0.6;
my $day  = 0;

# segments of shared memory that there are
sub segments
{
	return scalar(grep { $_ ne '.' && $_ ne '..' } slurp_dir($node->data_dir . '/pg_dynshmem'));
}

sub date
{
	my ($n) = @_;
	return sprintf('2026%02d%02d', 1 + int($n / 28), 1 + $n % 28);
}

# the call that loads the delivery of the next day
sub next_delivery
{
	my $file = spew("$dir/delivery.txt", redated($made[ $day % 2 ], date($day + 1), date($day)));
	return 'SELECT outcome FROM ' . load_file($file, max_lifted => 1_000_000);
}

my (@state, @takes);
for my $n (0, 1)
{
	my $started = time;
	is($node->safe_psql('bank', next_delivery()), 'loaded', "delivery $n is loaded");
	push @takes, time - $started;
	$state[$n] = state_of($node, 'bank');
	$day++;
}
isnt($state[0], $state[1], 'the deliveries differ');
my $takes = $takes[1];

my ($old, $new, $answered) = (0, 0, 0);
my $whole = "SELECT count(DISTINCT recorded_from) || ' moments, ' || (SELECT count(*) FROM protaddr.register_delivery WHERE outcome = 'loaded') || ' deliveries, '
	|| (SELECT count(*) FROM (SELECT FROM protaddr.protection WHERE recorded_to = 'infinity' AND valid_to = 'infinity' GROUP BY subject_key, source, regime, code HAVING count(*) > 1) d) || ' forks'
	FROM protaddr.protection";
for my $round (1 .. $rounds)
{
	# the last ones come so late that the load has ended for sure
	my $after   = $round == 1 ? 0 : $round > $rounds - 2 ? $PostgreSQL::Test::Utils::timeout_default : $takes * 1.3 * ($round - rand()) / ($rounds - 2);
	my $immediate = $round % 2;
	my $loading = $node->background_psql('bank', on_error_stop => 0);
	my $backend = $loading->query_safe('SELECT pg_backend_pid();');

	$loading->{stdin} .= next_delivery() . ";\n";
	my $until = time + $after;
	while (time < $until && index($loading->{stdout}, 'loaded') < 0)
	{
		$loading->{run}->pump_nb;
		sleep(0.005);
	}
	$immediate ? $node->stop('immediate') : crashed($node, $backend);
	eval { $loading->{run}->pump_nb; $loading->{stdin} .= "\\q\n"; $loading->{run}->finish; };
	my $told = index($loading->{stdout}, 'loaded') >= 0;
	$node->start if $immediate;

	my $now = state_of($node, 'bank');
	my $is  = $now eq $state[ $day % 2 ] ? 'new' : $now eq $state[ ($day + 1) % 2 ] ? 'old' : "neither: $now";
	my $name = sprintf('round %d, %s %s of %.2f s', $round, $immediate ? 'server stopped' : 'backend killed', $told ? 'after the end' : sprintf('%.2f s', $after), $takes);
	ok($is eq 'old' || $is eq 'new', "$name: the $is register");
	is($is, 'new', "$name: what was told to be loaded is") if $told;
	$answered++ if $told;
	$is eq 'new' ? do { $new++; $day++ } : $old++;

	# every row is of a load that is on record
	is($node->safe_psql('bank', $whole), "$day moments, $day deliveries, 0 forks", "$name: and so is its history");
}
note("$old old, $new new, $answered answered");
cmp_ok($old, '>', 0, 'some loads were cut short');
cmp_ok($new, '>', 0, 'and some were not');
is($node->safe_psql('bank', q(SELECT persons || ' ' || deliveries || ' ' || refused FROM protaddr.register_status WHERE source = 'DK-CPR')),
	"15000 $day 0", 'a load that was killed is none');
is($node->safe_psql('bank', next_delivery()), 'loaded', 'the next delivery is loaded');
is(state_of($node, 'bank'), $state[ $day++ % 2 ], 'and is the register');

# ---- the worker that records a refusal --------------------------------------------------

my $bad = spew("$dir/bad.txt", substr(slurp_file("$dir/delivery.txt"), 0, 2000));
my $refuse = 'SELECT ' . load_file($bad);
my $leftovers = q(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'protaddr refusal');

# more than max_worker_processes of them: a slot that stays taken would be missed
for my $n (1 .. 12)
{
	is(psql_error($node, 'bank', $refuse), '22P02', "refusal $n");
}
is($node->safe_psql('bank', q(SELECT refused FROM protaddr.register_status WHERE source = 'DK-CPR')), '12', 'each is on record');
is($node->safe_psql('bank', $leftovers), '0', 'no worker is left');
is(segments(), $segments, 'nor shared memory');

# killed or cancelled while a worker may be at it
my $refused = 12;
for my $how ('KILL', 'TERM', 'INT')
{
	my $loading = $node->background_psql('bank', on_error_stop => 0);
	my $backend = $loading->query_safe('SELECT pg_backend_pid();');

	$loading->{stdin} .= "$refuse;\n" for 1 .. 20;
	for (1 .. 40) { $loading->{run}->pump_nb; sleep(0.002); }
	$how eq 'KILL' ? crashed($node, $backend) : kill($how, $backend);
	eval { $loading->{stdin} .= "\\q\n"; $loading->{run}->finish; };
	$node->poll_query_until('bank', $leftovers, '0') or die 'a worker stays';
	is(segments(), $segments, "SIG$how: no shared memory is left");
	my $now = $node->safe_psql('bank', q(SELECT refused FROM protaddr.register_status WHERE source = 'DK-CPR'));
	cmp_ok($now, '>=', $refused, "SIG$how: what was on record still is");
	is(state_of($node, 'bank'), $state[ ($day - 1) % 2 ], "SIG$how: the register is as it was");
	is(psql_error($node, 'bank', $refuse), '22P02', "SIG$how: the next one is refused");
	is($node->safe_psql('bank', q(SELECT refused FROM protaddr.register_status WHERE source = 'DK-CPR')), $now + 1, "SIG$how: and on record");
	$refused = $now + 1;
}
$node->stop;
done_testing();
