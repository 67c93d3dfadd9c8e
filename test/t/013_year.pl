#
# 013_year.pl
#		How many people were protected at each payment of a year: known then, known now?
#
# 365 nightly deliveries.  Some tell of a protection days after it began, some put its
# first day right, some end it.  What is known after each is kept here, too, and every
# answer of the register is compared with that.
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

my ($people, $payments, $nights) = (1000, 100_000, 365);
my $first = 1_735_689_600;		# 2025-01-01 00:00 UTC; night n is loaded n days and 3 hours later
my $node  = cluster(PostgreSQL::Test::Cluster->new('year'));
my $dir   = $node->basedir;
$node->start;
new_database($node, 'bank');
srand(365);

sub date    { my ($n) = @_; return strftime('%Y-%m-%d', gmtime($first + $n * 86400 + 7200)); }
sub compact { return date($_[0]) =~ tr/-//dr; }
sub number  { return sprintf('%02d%02d40%04d', 61 + $_[0] % 28, 1 + int($_[0] / 28) % 12, 1000 + $_[0]); }

# begins($day) is when a day of the year begins in Copenhagen: summer time from 31 March to 26 October
sub begins { my ($n) = @_; return $first + $n * 86400 - ($n >= 89 && $n < 299 ? 7200 : 3600); }
sub loaded { my ($n) = @_; return $first + $n * 86400 + 10800; }

# ---- a year, as the register tells it ------------------------------------------------------

# Per person: the first day of the protection in force or undef; [first moment, last, known
# from, known to] of all that was ever known; and the one of these in force.
my (%since, %facts, %current);
my ($script, $told) = ('', 0);
for my $night (0 .. $nights - 1)
{
	my @told;
	for my $p ($night == 0 ? 1 .. $people : map { 1 + int(rand($people)) } 1 .. 8)
	{
		next if $night > 0 && grep { $_->[0] eq number($p) } @told;
		my $was = $since{$p};
		my $dice = rand();

		if ($night == 0) { $since{$p} = -int(rand(300)) if $dice < .2; }
		elsif (!defined $was) { $since{$p} = $night - int(rand(15)) if $dice < .6; }
		elsif ($dice < .4) { $since{$p} = undef; }
		elsif ($dice < .7) { $since{$p} = $was - 5 + int(rand(11)); }
		my $is = $since{$p};
		push @told, [ number($p), defined $is ? ('0001', date($is)) : (), '0003', '2020-01-01' ];

		next if defined $was == defined $is && (!defined $is || $was == $is);
		$current{$p}[3] = loaded($night) if defined $was;
		push @{ $facts{$p} }, [ $current{$p}[0], loaded($night), loaded($night), 9e9 ] if defined $was && !defined $is;
		push @{ $facts{$p} }, $current{$p} = [ begins($is), 9e9, loaded($night), 9e9 ] if defined $is;
	}
	$told += @told;
	my $file = spew("$dir/$night.txt", small_cpr(compact($night), compact($night - 1), @told));
	$script .= "INSERT INTO outcome SELECT $night, outcome, persons FROM " . load_file($file, max_lifted => 1000) . ";\n"
	  . "INSERT INTO moment SELECT $night, current_as_of FROM protaddr.register_source WHERE source = 'DK-CPR';\n";
}

# ---- loaded ----------------------------------------------------------------------------------

# The night of 3 July is left out at first: what follows it is refused.
my $lost = 183;
my ($before, $after) = split /^(?=INSERT INTO outcome SELECT $lost,)/m, $script;
my ($left_out) = $after =~ /\A(.*\n.*\n)/;
$node->safe_psql('bank', 'CREATE TABLE outcome (night int, outcome text, persons int); CREATE TABLE moment (night int, at timestamptz)');
$node->safe_psql('bank', $before);

my $next = "$dir/" . ($lost + 1) . '.txt';
my ($state, $message) = error_of($node, 'bank', 'SELECT ' . load_file($next));
is($state, '55000', 'with a night left out, the next is refused');
ok(index($message, 'a delivery is missing') >= 0, 'because one is missing');
is(psql_error($node, 'bank', 'SELECT ' . load_file($next, after_gap => 'true')), '22004', 'after_gap needs a reason');
is($node->safe_psql('bank', 'BEGIN; SELECT outcome FROM ' . load_file($next, after_gap => 'true', reason => q('lost'), max_lifted => 1000) . '; ROLLBACK'), 'loaded', 'and then loads it');

$node->safe_psql('bank', $left_out . substr($after, length $left_out));
is($node->safe_psql('bank', q(SELECT count(*) || ' ' || sum(persons) FROM outcome WHERE outcome = 'loaded')),
	"$nights $told", 'every night is loaded');
is($node->safe_psql('bank', q(SELECT deliveries || ' loaded, ' || gaps || ' gaps, ' || refused || ' refused, ' || persons || ' people, last ' || last_produced FROM protaddr.register_status WHERE source = 'DK-CPR')),
	"$nights loaded, 0 gaps, 1 refused, $people people, last " . date($nights - 1), 'register_status says so');
is($node->safe_psql('bank', q(SELECT protected FROM protaddr.register_status WHERE source = 'DK-CPR')),
	scalar(grep { defined $since{$_} } keys %since), 'as many are protected as must be');

# What was recorded now, a year's nights in a few seconds, is put where it belongs.
$node->safe_psql('bank', <<"SQL");
BEGIN;
ALTER TABLE protaddr.protection DISABLE TRIGGER own_table_changed;
CREATE FUNCTION belongs(timestamptz) RETURNS timestamptz LANGUAGE sql
	RETURN coalesce((SELECT to_timestamp($first + night * 86400 + 10800) FROM moment WHERE at = \$1), \$1);
UPDATE protaddr.protection SET valid_to = belongs(valid_to), recorded_from = belongs(recorded_from), recorded_to = belongs(recorded_to);
ALTER TABLE protaddr.protection ENABLE ALWAYS TRIGGER own_table_changed;
COMMIT;
SQL
is($node->safe_psql('bank', "SELECT count(*) FROM protaddr.protection WHERE recorded_from > to_timestamp(@{[ loaded($nights) ]})"), '0', 'every row was recorded by one of the nights');

# ---- BEC's question ---------------------------------------------------------------------------

my (@payment, %answer);
for my $id (1 .. $payments)
{
	my $p = 1 + int(rand($people));
	my $at = $first + int(rand($nights * 86400));
	my ($then, $now) = (0, 0);

	for my $fact (@{ $facts{$p} || [] })
	{
		my ($from, $to, $known_from, $known_to) = @$fact;
		next if $at < $from || $at >= $to;
		$then = 1 if $at >= $known_from && $at < $known_to;
		$now  = 1 if $known_to == 9e9;
	}
	push @payment, "$id\t" . number($p) . "\t" . strftime('%Y-%m-%d %H:%M:%S+00', gmtime($at)) . "\n";
	$answer{"$then$now"}++;
	$answer{$_}++ for ($then ? 'then' : ()), ($now ? 'now' : ());
	$answer{people}{$p} = 1 if $now && !$then;
	$answer{ids} += $id * ($then + 2 * $now);
}
spew("$dir/payment.txt", join('', @payment));
$node->safe_psql('bank', "CREATE TABLE payment (id int PRIMARY KEY, payer text, at timestamptz); COPY payment FROM '$dir/payment.txt'");

my $question = <<'SQL';
WITH asked AS (
	SELECT y.id, y.payer,
		coalesce(bool_or(p.recorded_from <= y.at AND y.at < p.recorded_to), false) AS known_then,
		coalesce(bool_or(p.recorded_to = 'infinity'), false) AS known_now
	FROM payment y LEFT JOIN protaddr.protection p ON p.subject_key = protaddr.subject_key(y.payer)
		AND p.kind <> 'none' AND p.valid_from <= y.at AND y.at < p.valid_to
	GROUP BY y.id)
SELECT count(*) FILTER (WHERE known_then) || ' then, ' || count(*) FILTER (WHERE known_now) || ' now, '
	|| count(*) FILTER (WHERE known_then AND known_now) || ' both, ' || count(DISTINCT payer) FILTER (WHERE known_now AND NOT known_then)
	|| ' people known too late, check ' || sum(id::bigint * (known_then::int + 2 * known_now::int))
FROM asked
SQL
is($node->safe_psql('bank', $question),
	sprintf('%d then, %d now, %d both, %d people known too late, check %d', @answer{qw(then now 11)}, scalar(keys %{ $answer{people} }), $answer{ids}),
	'payments of protected people, as known then and as known now');
cmp_ok($answer{'01'}, '>', 50, 'some were known too late');
cmp_ok($answer{'10'}, '>', 5, 'and of some it was thought that they were protected');

# The whole register at each moment: one sweep over its changes.
my @change;
for my $fact (map { @$_ } values %facts)
{
	my ($from, $to, $known_from, $known_to) = @$fact;
	my ($begin, $end) = ($from > $known_from ? $from : $known_from, $to < $known_to ? $to : $known_to);
	push @change, [ $begin, 1, 0 ], [ $end, -1, 0 ] if $begin < $end;
	push @change, [ $from, 0, 1 ], [ $to, 0, -1 ] if $known_to == 9e9 && $from < $to;
}
my ($noon_then, $noon_now) = (0, 0);
for my $night (0 .. $nights - 1)
{
	my $at = $first + $night * 86400 + 43200;
	for my $change (@change) { next if $change->[0] > $at; $noon_then += $change->[1]; $noon_now += $change->[2]; }
}
is($node->safe_psql('bank', <<"SQL"), "$noon_then $noon_now", 'people protected at noon, over all days: then and now');
SELECT count(*) FILTER (WHERE p.recorded_from <= n.at AND n.at < p.recorded_to) || ' ' || count(*) FILTER (WHERE p.recorded_to = 'infinity')
FROM (SELECT to_timestamp($first + d * 86400 + 43200) AS at FROM generate_series(0, $nights - 1) d) n
JOIN protaddr.protection p ON p.kind <> 'none' AND p.valid_from <= n.at AND n.at < p.valid_to
SQL
isnt($noon_then, $noon_now, 'which are not the same');
$node->stop;
done_testing();
