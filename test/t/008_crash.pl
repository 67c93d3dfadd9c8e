#
# 008_crash.pl
#		Is the register whole if the server dies while a delivery is loaded?
#
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ProtaddrTest;
use Test::More;
use Time::HiRes qw(sleep time);

my $node = cluster(PostgreSQL::Test::Cluster->new('crash'));
my $dir  = $node->basedir;
$node->append_conf('postgresql.conf', "checkpoint_timeout = 30s\nsynchronous_commit = on");
$node->start;
new_database($node, 'bank');

# the same people, others of them protected
my %file = (old => 1, new => 2);
for my $name (keys %file)
{
	my $made = "$dir/delivery_$name.txt";
	system("'$^X' '$FindBin::RealBin/../data/make_cpr.pl' --people 100000 --seed 5 --protected " . ($name eq 'old' ? '0.3' : '0.6') . " > '$made'") == 0 or die 'make_cpr.pl failed';
}
my $load  = sub { "SELECT protected, newly_protected, lifted FROM protaddr.load_cpr(pg_read_binary_file('$dir/delivery_$_[0].txt'))" };
my $state = q(SELECT protected || ' ' || (SELECT count(DISTINCT subject_key) FROM protaddr.protection WHERE recorded_to = 'infinity' AND valid_to = 'infinity' AND kind <> 'none')
	|| ' ' || (SELECT count(DISTINCT subject) FILTER (WHERE protaddr.is_protected(subject)) FROM protaddr.protection) FROM protaddr.register_source WHERE source = 'DK-CPR');

$node->safe_psql('bank', $load->('old'));
my $old     = $node->safe_psql('bank', $state);
my $started = time;
$node->safe_psql('bank', 'BEGIN; ' . $load->('new') . '; COMMIT');
my $takes = time - $started;
my $new   = $node->safe_psql('bank', $state);
isnt($old, $new, 'the deliveries differ');
like($_, qr/^(\d+) \1 \1$/, 'counts agree') for $old, $new;
$node->safe_psql('bank', $load->('old'));
is($node->safe_psql('bank', $state), $old, 'a delivery brings the register back to where it was');

my $interrupted = 0;
for my $round (1 .. 3)
{
	my $after = $takes * (0.2 + rand(0.7));
	my $one   = $node->safe_psql('bank', $state);
	is($one, $old, "round $round: the old register");
	my $loading = $node->background_psql('bank', on_error_stop => 0);
	$loading->query_until(qr/now/, "\\echo now\n" . $load->('new') . ";\n");
	sleep($after);
	$node->stop('immediate');
	eval { $loading->{run}->finish };
	$node->start;
	my $now = $node->safe_psql('bank', $state);
	ok($now eq $old || $now eq $new, sprintf('round %d: ended after %.2f of %.2f s, the register is whole', $round, $after, $takes)) or diag("$now is neither $old nor $new");
	$interrupted++ if $now eq $old;
	is($node->safe_psql('bank', q(SELECT count(*) FROM (SELECT FROM protaddr.protection WHERE recorded_to = 'infinity' AND valid_to = 'infinity' GROUP BY subject_key, source, regime, code HAVING count(*) > 1) d)),
		'0', "round $round: nobody's history has forked");
	$node->safe_psql('bank', $load->('old')) if $now ne $old;
}
cmp_ok($interrupted, '>', 0, 'at least one load was really cut short');
$node->safe_psql('bank', $load->('new'));
is($node->safe_psql('bank', $state), $new, 'the delivery can be loaded after all');
$node->stop;
done_testing();
