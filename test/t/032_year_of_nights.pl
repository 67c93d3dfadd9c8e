#
# 032_year_of_nights.pl
#		Do the nights of a year, loaded one after the other, give the same answer for
#		everybody as one load of what the register says at the end?
#
# Each night tells of people who moved, were protected or cease to be, got another number,
# were born or died.  PROTADDR_YEAR="PEOPLE NIGHTS CHANGES" has more of them, by hand: the
# year of a country is "6000000 365 10000" and needs 6 GB of disk.  What it took, and how the
# tables grew, is printed as a table (prove -v).
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
use Time::HiRes qw(time);

my ($people, $nights, $changes) = split(' ', $ENV{PROTADDR_YEAR} // '3000 30 60');
my $node = cluster(PostgreSQL::Test::Cluster->new('nights'));
my $dir  = $node->basedir;
# a country's: what is asked of millions at the end is answered by the shared picture
$node->append_conf('postgresql.conf', "shared_buffers = 1GB\nmax_wal_size = 8GB\nshared_preload_libraries = 'protaddr'\nprotaddr.shared_picture_size = 256") if $people > 100_000;
$node->start;
new_database($node, $_) for 'nightly', 'once';
srand(366);

sub date { my ($n) = @_; return strftime('%Y-%m-%d', gmtime(1_735_689_600 + $n * 86400)); }

# The number of a person: 60 is added to the day of birth, so that it is nobody's.
sub number { my ($p) = @_; return sprintf('%02d%02d%02d%04d', 61 + $p % 28, 1 + int($p / 28) % 12, int($p / 336) % 100, 1000 + int($p / 33600)); }

# ---- what the register knows -------------------------------------------------------------------

# By person: the night before which the protection began, or 0 (16 bits each, since there are
# millions); whether dead; the number that has replaced theirs.  And who is protected and
# alive, with the place of each in that list.
my ($since, $dead, %replaced_by) = ('', '');
my (@protected, %place);
my ($numbers, @newest) = (0);

sub protect_person
{
	my ($p, $night) = @_;
	vec($since, $p, 16) = $night + 1;
	$place{$p} = @protected;
	push @protected, $p;
	return;
}

# free($p) takes a person out of the list
sub free
{
	my ($p) = @_;
	my $at = delete $place{$p} // return;
	my $last = pop @protected;
	@protected[$at] = ($last), $place{$last} = $at if $last != $p;
	return;
}

# records($p) is what the register delivers of a number: (how many records, the records)
sub records
{
	my ($p) = @_;
	my $number = number($p);
	my $new    = $replaced_by{$p};
	my $status = $new ? '60' : vec($dead, $p, 1) ? '90' : '01';
	my $from   = vec($since, $p, 16);
	my $of = sprintf("001%s%-10s%s\n", $number, $new ? number($new) : '', $status);

	return (1, $of) if $new;
	my @codes = ($from ? '0001' . date($from - 1) : (), $p % 10 ? () : '00032020-01-01');
	return (1 + @codes, join('', $of, map { "004$number$_\n" } @codes));
}

# deliver($night, @people) writes a delivery of them; of everybody if @people is empty
sub deliver
{
	my ($night, @people) = @_;
	my $file  = "$dir/delivery";
	my $count = 0;

	open(my $out, '>:raw', $file) or die "$file: $!";
	print $out '000' . '0' x 10 . '990001' . join('', map { date($_) =~ tr/-//dr } $night, $night - 1) . "\n";
	my $one = sub { my ($records, $of) = records($_[0]); $count += $records; print $out $of; };
	if (@people) { $one->($_) for @people }
	else { $one->($_) for 1 .. $numbers }
	printf $out "999%s%08d\n", '9' x 10, $count;
	close($out) or die "$file: $!";
	return $file;
}

# ---- loaded -------------------------------------------------------------------------------------

my (@table, $told);
my @relations = qw(register_person protection identity_link);

# load($database, $night, @people) gives how long it took
sub load
{
	my ($database, $night, @people) = @_;
	my $file  = deliver($night, @people);
	my $begin = time;
	my $got = $node->safe_psql($database, 'SELECT outcome, persons FROM ' . load_file($file, max_lifted => 1_000_000));

	$begin = time - $begin;
	is($got, 'loaded|' . (@people || $numbers), "night $night: loaded into $database") if $got ne 'loaded|' . (@people || $numbers);
	unlink($file);
	return $begin;
}

# measured($database, $what, $took) adds a line to the table
sub measured
{
	my ($database, $what, $took) = @_;
	my @size = split /\n/, $node->safe_psql($database, join(';', map {
		"SELECT (SELECT count(*) FROM protaddr.$_) || '|' || pg_table_size('protaddr.$_') || '|' || pg_indexes_size('protaddr.$_')" } @relations));
	push @table, [ $what, $took, map { [ split /\|/ ] } @size ];
	return;
}

protect_person($_, 0) for grep { rand() < .025 } 1 .. $people;
$numbers = $people;
measured('nightly', 'everybody, first', sprintf('%.1f s', load('nightly', 0)));
my @took;
for my $night (1 .. $nights)
{
	my (%tonight, @tonight);
	my $take = sub { my ($p) = @_; return 0 if $tonight{$p}++; push @tonight, $p; return 1; };
	my $some = sub { my ($share) = @_; return 1 .. (int($changes * $share) || 1); };
	my $anybody = sub {
		while (1)
		{
			my $p = 1 + int(rand($numbers));
			return $p if !$tonight{$p} && !$replaced_by{$p} && !vec($dead, $p, 1);
		}
	};

	# protections begin, and end
	for ($some->(.02)) { my $p = $anybody->(); $take->($p); protect_person($p, $night) if !vec($since, $p, 16); }
	for ($some->(.016))
	{
		my $p = $protected[ rand @protected ];
		next if !$take->($p);
		free($p);
		vec($since, $p, 16) = 0;
	}

	# other numbers: one of somebody protected, every fourth of the rest of somebody who had another before
	for my $n ($some->(.0005), 0)
	{
		my $p = rand() < .25 && @newest ? splice(@newest, rand @newest, 1) : $anybody->();
		$p = $protected[ rand @protected ] if $n == 0;
		next if vec($dead, $p, 1) || $replaced_by{$p} || !$take->($p);
		$replaced_by{$p} = ++$numbers;
		$take->($numbers);
		if (vec($since, $p, 16)) { protect_person($numbers, vec($since, $p, 16) - 1); free($p); }
		push @newest, $numbers;
	}

	# births and deaths: a protection stands on in the register
	for ($some->(.04)) { $take->(++$numbers); protect_person($numbers, $night) if rand() < .02; }
	for ($some->(.016)) { my $p = $anybody->(); $take->($p); vec($dead, $p, 1) = 1; free($p); }

	# all others moved, a few of whom are protected
	$take->($anybody->()) while @tonight < $changes;
	$take->($protected[ rand @protected ]) for $some->(.01);
	@tonight = sort { $a <=> $b } @tonight;
	push @took, load('nightly', $night, @tonight);
	$told += @tonight;
	measured('nightly', "after $night nights", sprintf('median of the nights %.2f s, longest %.2f s', (sort { $a <=> $b } @took)[ $#took / 2, -1 ]))
	  if $night == $nights || ($people > 100_000 && $night % 91 == 0);
}
measured('once', 'one load of the last day', sprintf('%.1f s', load('once', $nights)));

# ---- asked ------------------------------------------------------------------------------------

# Every number that there ever was, with whether its person is protected.
open(my $out, '>', "$dir/numbers") or die $!;
my $protected = 0;
for my $p (1 .. $numbers)
{
	my $who = $p;
	$who = $replaced_by{$who} while $replaced_by{$who};
	my $is = vec($since, $who, 16) ? 't' : 'f';
	$protected++ if $is eq 't';
	print $out number($p), "\t$is\n";
}
close($out) or die $!;
cmp_ok(scalar(grep { $replaced_by{ $replaced_by{$_} } } keys %replaced_by), '>', 0, 'some numbers were replaced more than once');
cmp_ok(scalar(grep { vec($since, $_, 16) } values %replaced_by), '>', 0, 'some numbers of protected people were');
for my $database ('nightly', 'once')
{
	$node->safe_psql($database, "CREATE UNLOGGED TABLE everybody (who text, protected boolean); COPY everybody FROM '$dir/numbers'");
	is($node->safe_psql($database, 'SELECT count(*), count(*) FILTER (WHERE protaddr.is_protected(who)), count(*) FILTER (WHERE protaddr.is_protected(who) IS DISTINCT FROM protected) FROM everybody'),
		"$numbers|$protected|0", "$database: as many are protected as must be, and each of $numbers answers is right");
	is($node->safe_psql($database, q(SELECT protaddr.unknown_people('everybody', 'who'))), '0', "$database: everybody is known");
	is($node->safe_psql($database, q(INSERT INTO everybody VALUES ('6101019999', false); SELECT protaddr.unknown_people('everybody', 'who'))), '1', "$database: but for who is not");
}
is($node->safe_psql('nightly', q(SELECT deliveries || ' loaded, ' || gaps || ' gaps, ' || refused || ' refused' FROM protaddr.register_status WHERE source = 'DK-CPR')),
	($nights + 1) . ' loaded, 0 gaps, 0 refused', 'every night was loaded');

# What is in force is what one load makes; the rest is history.
for my $of ('register_person', "identity_link WHERE recorded_to = 'infinity'")
{
	my ($nightly, $once) = map { $node->safe_psql($_, "SELECT count(*) FROM protaddr.$of") } 'nightly', 'once';
	is($nightly, $once, "$of: as many rows as one load makes");
}

note("| $people people, $nights nights, $told told of, $numbers numbers at the end | time | " . join(' | ', map { "$_: rows, table, indexes" } @relations) . ' |');
note('|---|---|' . '---|' x @relations);
note("| $_->[0] | $_->[1] | " . join(' | ', map { sprintf('%d, %.1f MB, %.1f MB', $_->[0], $_->[1] / 1e6, $_->[2] / 1e6) } @$_[ 2 .. 4 ]) . ' |') for @table;
$node->stop;
done_testing();
