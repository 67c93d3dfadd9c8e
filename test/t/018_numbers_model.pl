#
# 018_numbers_model.pl
#		Is everybody protected who must be, when two registers, people at desks and
#		changing numbers meet in any order?
#
# Sixteen numbers, two registers and a desk.  Each step says something at random: a register
# delivers people, replaces a number, takes that back or takes a delivery back, a desk
# protects, lifts, links or unlinks.  A model of hashes, which knows of no table, says after
# each step who is protected.  Every number is asked about, and an account linked to each.
# PROTADDR_MODEL_SEED and PROTADDR_MODEL_STEPS make it run otherwise.
#
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use POSIX qw(strftime);
use ProtaddrTest;
use RegisterTest;
use Test::More;

my $steps   = $ENV{PROTADDR_MODEL_STEPS} // 500;
my @numbers = map { sprintf('6101704%03d', $_) } 1 .. 16;

# ---- the model ----------------------------------------------------------------------

# what is said: of which numbers by a register, at a desk (undef, "person", or of a load that
# parted numbers); which number a register, or a desk, says took the place of another
my (%said, %desk, %link, %desk_link, %before, $load);

sub set_of
{
	my ($number) = @_;
	my %in = ($number => 1);
	my @todo = ($number);

	while (defined(my $at = shift @todo))
	{
		my @next = map { my $of = $link{$_}; map { $_ eq $at ? $of->{$_} : $of->{$_} eq $at ? $_ : () } keys %$of } keys %link;
		push @next, map { my ($old, $new) = split / /; $old eq $at ? $new : $new eq $at ? $old : () } keys %desk_link;
		push @todo, grep { !$in{$_}++ } @next;
	}
	return sort keys %in;
}

sub others_say
{
	my ($source, @set) = @_;
	return grep { my $n = $_; defined $desk{$n} || grep { $_ ne $source && $said{$_}{$n} } keys %said } @set;
}

sub is_protected { return scalar others_say('', set_of($_[0])); }

# keep($of, $to, $source, $own): what protected the one goes on to protect the other
sub keep
{
	my ($of, $to, $source, $own) = @_;
	my (@theirs, @mine);

	return if grep { $_ eq $to } (@theirs = set_of($of));
	@mine = set_of($to);
	$said{$source}{$to} = 2 if $own && !(grep { $said{$source}{$_} } @mine) &&
	  grep { $before{$_} || ($said{$source}{$_} // 0) == 2 } @theirs;
	$desk{$to} //= "load $load" if others_say($source, @theirs) && !others_say($source, @mine);
	return;
}

sub part
{
	my ($source, $own, @pairs) = @_;
	for (1, 2)
	{
		for my $pair (@pairs)
		{
			keep(@$pair, $source, $own);
			keep(reverse(@$pair), $source, $own);
		}
	}
	return;
}

# delivered($source, $own_is_told, [number, is protected, replaced by], ...)
sub delivered
{
	my ($source, $own_is_told, @people) = @_;
	my ($links, @parted) = ($link{$source} //= {});
	my %told = map { $_->[0] => $_ } @people;
	my %was  = %$links;

	%before = %{ $said{$source} //= {} };
	$load++;
	if ($own_is_told)
	{
		push @parted, map { [ $_, delete $links->{$_} ] } grep { !$told{$_}[2] && $links->{$_} } sort keys %told;
	}
	for my $old (grep { $told{$_}[2] } sort keys %told)
	{
		my $new = $links->{ $told{$old}[2] } // $told{$old}[2];
		next if $new eq $old || ($links->{$old} // '') eq $new;
		if ($links->{$old}) { push @parted, [ $old, $links->{$old} ]; }
		else { $_ eq $old and $_ = $new for values %$links; }
		$links->{$old} = $new;
	}
	my %newest = map { ($links->{$_} // $_) => 1 } keys %told;
	for my $newest (keys %newest)
	{
		my @set     = ($newest, grep { $links->{$_} eq $newest } keys %$links);
		my @told    = grep { $told{$_} } @set;
		my $changed = grep { $_ eq $newest ? $was{$_} : ($was{$_} // '') ne $newest } @told;
		my $ends    = $told{$newest} && !$told{$newest}[2] && !$changed;
		my @say     = grep { $told{$_}[1] } @told;

		for my $number (@set)
		{
			my $own = grep { $_ eq $number } @say;
			delete $said{$source}{$number}
			  if !$own && ($number ne $newest && grep { $_ eq $newest } @say or !@say && $ends);
		}
		$said{$source}{$_} = 1 for @say;
	}
	part($source, 1, @parted);
	$_ and $_ = 1 for values %{ $said{$source} };
	return;
}

# ---- what happens -------------------------------------------------------------------

# of each register: how it was before its last delivery, and the last delivery's name
my (%undo, %day);

sub some { my @from = @_ ? @_ : @numbers; return $from[ int(rand(@from)) ]; }

sub undo
{
	my ($source) = @_;
	my $undo = delete $undo{$source} or return;
	my %now  = %{ $link{$source} };
	$day{flat}-- if $source eq 'flat';
	my @ended;

	$said{$source} = { %{ $undo->{said} } };
	$link{$source} = { %{ $undo->{link} } };
	$desk{$_} eq "load $undo->{load}" and delete $desk{$_} for grep { defined $desk{$_} } keys %desk;
	$load++;
	# its links are ended, and those before are there again
	@ended = map { [ $_, $now{$_} ] } grep { ($undo->{link}{$_} // '') ne $now{$_} } sort keys %now;
	part($source, 0, @ended);
	return "SELECT protaddr.undo_delivery('$source', '$undo->{name}', 'model')";
}

sub load
{
	my ($source) = @_;
	my %people;

	$people{$_} = [ $_, rand() < .25 ? 1 : 0, rand() < .13 ? some() : undef ] for map { some() } 1 .. 1 + int(rand(3));
	delete $_->[2] for grep { defined $_->[2] && $_->[2] eq $_->[0] } values %people;
	my @people = map { $people{$_} } sort keys %people;
	$undo{$source} = { said => { %{ $said{$source} // {} } }, link => { %{ $link{$source} // {} } }, load => $load + 1, name => "load " . ($load + 1) };
	my $name = $undo{$source}{name};
	if ($source eq 'flat')
	{
		my $date = sub { strftime('%Y%m%d', gmtime(946_684_800 + 86400 * $_[0])) };
		my ($before, $now) = map { $date->($_) } $day{flat} // 0, ($day{flat} // 0) + 1;
		my ($records, $out) = (0, '000' . '0' x 10 . "990001$now" . ($day{flat} ? $before : '0' x 8) . "\n");

		$day{flat}++;
		for my $person (@people)
		{
			$out .= sprintf("001%s%-10s01000000000000 M1970-01-01 1970-01-01\n", $person->[0], $person->[2] // '');
			$out .= "004$person->[0]0001\n" if $person->[1];
			$records += 1 + $person->[1];
		}
		$out .= sprintf("999%s%08d\n", '9' x 10, $records);
		delivered($source, 1, @people);
		return sprintf("SELECT outcome FROM protaddr.load_cpr('\\x%s', 'flat', max_lifted => 1000, name => '%s')", unpack('H*', $out), $name);
	}
	delivered($source, 0, @people);
	return sprintf("SELECT outcome FROM protaddr.load_register('DK-CPR', '[%s]', 'rows', max_lifted => 1000, name => '%s')",
		join(', ', map { sprintf('{"subject": "%s", "protections": [%s]%s}', $_->[0], $_->[1] ? '{"code": "0001"}' : '', $_->[2] ? qq(, "replaced_by": "$_->[2]") : '') } @people), $name);
}

sub step
{
	my $dice = rand();
	my ($one, $other) = (some(), some());

	return load(rand() < .5 ? 'flat' : 'rows') if $dice < .55;
	return undo(rand() < .5 ? 'flat' : 'rows') // step() if $dice < .6;
	if ($dice < .67)
	{
		$desk{$one} = 'person';
		return "SELECT protaddr.protect('$one', 'DK-CPR', '0001')";
	}
	if ($dice < .87)
	{
		my @said = grep { defined $desk{$_} } @numbers;
		$one = some(@said) if @said;
		delete $desk{$one};
		return "SELECT protaddr.lift('$one', 'DK-CPR', '0001')";
	}
	if ($dice < .91 && $one ne $other)
	{
		$desk_link{"$one $other"} = 1;
		return "SELECT protaddr.link_identity('$one', '$other', 'replaced number')";
	}
	my @linked = sort keys(%desk_link), map { my $of = $link{$_}; map { "$_ $of->{$_}" } keys %$of } keys %link;
	return step() if !@linked;
	($one, $other) = split / /, some(@linked);
	delete $desk_link{"$one $other"};
	for my $of (values %link) { delete $of->{$one} if ($of->{$one} // '') eq $other; }
	# what was taken back at a desk is not there to be undone
	%undo = ();
	$load++;
	part('', 0, [ $one, $other ]);
	return "SELECT protaddr.unlink_identity('$one', '$other')";
}

# ---- the comparison -----------------------------------------------------------------

my $ask = join(' || ', map { "CASE WHEN protaddr.is_protected('$_') THEN '1' ELSE '0' END" } @numbers, map { "A-$_" } @numbers);
# history tells the same, and so does a session that reads everybody at once
my $more = q(SELECT 'history ' || n || ' ' || how FROM (
	SELECT n, CASE WHEN protaddr.protection_at(n, clock_timestamp()) IS DISTINCT FROM protaddr.is_protected(n) THEN 'at'
		WHEN EXISTS (SELECT FROM protaddr.protection_period p WHERE p.identifier = n AND recorded_to = 'infinity' AND valid_to = 'infinity') IS DISTINCT FROM protaddr.is_protected(n) THEN 'period' END AS how
	FROM unnest(ARRAY[%s]) n) h WHERE how IS NOT NULL;
SELECT 'crowd' FROM generate_series(1, 300) i HAVING count(*) FILTER (WHERE protaddr.is_protected('C' || i)) > 0;
);
$more = sprintf($more, join(', ', map { "'$_'" } @numbers));

sub run_model
{
	my ($node, $seed, $how) = @_;
	my (@what, @expected);
	my $db = "model$seed";

	srand($seed);
	(%said, %desk, %link, %desk_link, %before, %undo, %day) = ();
	$load = 0;
	new_database($node, $db);
	my $sql = "SET client_min_messages = error;\n\\o /dev/null\n" .
	  "SELECT protaddr.declare_feed('flat', '{001,004}', '990001');\n" .
	  "SELECT protaddr.load_register('DK-CPR', '[{\"subject\": \"6101705000\", \"protections\": []}]', 'rows', new_source => true);\n" .
	  "SELECT protaddr.link_identity('A-' || n, n, 'account') FROM unnest(ARRAY['" . join("','", @numbers) . "']) n;\n" .
	  "SELECT protaddr.build_shared_picture();\n";
	for my $i (1 .. $steps)
	{
		push @what, step();
		my $is = join('', map { is_protected($_) ? 1 : 0 } @numbers);
		push @expected, $is . $is;
		$sql .= "\\o /dev/null\n$what[-1];\n\\o\nSELECT 'step ' || $i || ' ' || $ask;\n";
		$sql .= $more . "SELECT 'step ' || $i || ' ' || $ask;\n" if $i % 100 == 0;
	}
	$sql .= q(SELECT 'counts of ' || s.source FROM protaddr.register_source s WHERE s.protections <>
		(SELECT count(*) FROM protaddr.protection p WHERE p.source = s.source AND p.recorded_to = 'infinity' AND p.valid_to = 'infinity'););
	my $file = $node->basedir . "/$db.sql";
	spew($file, $sql);
	my ($out, $err) = run_command([ 'psql', '-XqAt', '-h', $node->host, '-p', $node->port, '-v', 'ON_ERROR_STOP=1', '-d', $db, '-f', $file ]);
	my ($good, @wrong) = (0);
	for my $line (split /\n/, $out)
	{
		if ($line !~ /^step (\d+) (\d+)$/) { push @wrong, $line; next; }
		$good++, next if $2 eq $expected[ $1 - 1 ];
		push @wrong, "step $1: $2, expected $expected[$1 - 1]\n" . join("\n", @what[ ($1 > 12 ? $1 - 12 : 0) .. $1 - 1 ]);
		last;
	}
	is($err, '', "$how: nothing was refused");
	is("@wrong", '', "$how: everybody is protected who must be, and nobody else (seed $seed)");
	is($good, $steps + int($steps / 100), "$how: after each of $steps steps");
	my $protected = grep { /1/ && /0/ } @expected;
	cmp_ok($protected, '>', $steps / 2, "$how: mostly some are protected and some are not");
	return;
}

my $node = cluster(PostgreSQL::Test::Cluster->new('model'));
$node->append_conf('postgresql.conf', "fsync = off\nprotaddr.shared_picture_size = 4\nshared_preload_libraries = 'protaddr'");
$node->start;
run_model($node, $ENV{PROTADDR_MODEL_SEED} // 1, 'one picture for all');
is($node->safe_psql('model' . ($ENV{PROTADDR_MODEL_SEED} // 1), 'SELECT state FROM protaddr.shared_picture'), 'ready', 'which was there to the end');
$node->append_conf('postgresql.conf', "shared_preload_libraries = ''\nprotaddr.shared_picture_size = 0");
$node->restart;
run_model($node, ($ENV{PROTADDR_MODEL_SEED} // 1) + 1, 'each session for itself');
$node->stop;
done_testing();
