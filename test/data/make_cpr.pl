#!/usr/bin/perl
#
# make_cpr.pl
#		Which deliveries of the Danish population register do the tests read?
#
# Writes a delivery of invented people to standard output:
#
#	--fixture				cpr_fixture.txt, the first delivery of the tests
#	--next					cpr_fixture_next.txt, the one of the day after
#	--people N				N people made from --seed (default 1)
#	--protected SHARE		share of them with code 0001 (default 0.025)
#	--night N				not all of them: who changed in the Nth night after, that
#							is who moved, or began or ceased to be protected
#	--truth					no delivery: who has been protected up to that night, as
#							number, first day, and the day it was over (or nothing)
#	--produced YYYYMMDD		production date of night 0 (default 20261120)
#	--task NUMBER			its task (default 990001)
#	--shape SHAPE			newline (default), fixed or padded; or another kind of file:
#							reply (of --person K, default 1), bitemporal (no start and
#							end record) or bitemporal-delivery
#
# A delivery says that it follows the one of the night before; night 0 is all people.
# cpr_reply.txt is --fixture --shape reply --person 3, and cpr_bitemporal.txt is
# --next --shape bitemporal.
#
# Same options, same bytes.  No number can be a person's: 60 is added to the
# day of birth, as the register does for test numbers.
#
use strict;
use warnings;
use utf8;
use Encode qw(encode);
use Getopt::Long;
use POSIX qw(strftime);
use Time::Local qw(timegm);

my %length = (
	'000' => 35,  '001' => 106, '002' => 306, '003' => 249, '004' => 37,
	'008' => 193, '012' => 95,  '099' => 45,  '999' => 21);

my ($fixture, $next, $people, $seed, $share, $shape) = (0, 0, undef, 1, 0.025, 'newline');
my ($night, $truth, $first_day, $task, $only) = (0, 0, '20261120', '990001', 1);
GetOptions(
	'fixture'     => \$fixture,
	'next'        => \$next,
	'night=i'     => \$night,
	'people=i'    => \$people,
	'person=i'    => \$only,
	'produced=s'  => \$first_day,
	'seed=i'      => \$seed,
	'protected=f' => \$share,
	'shape=s'     => \$shape,
	'task=s'      => \$task,
	'truth'       => \$truth) && !@ARGV
  && $fixture + $next + defined($people) == 1
  && $shape =~ /^(newline|fixed|padded|reply|bitemporal|bitemporal-delivery)$/
  && (!defined $people || $people >= 0)
  && (defined $people || !$night && !$truth)
  && $night >= 0
  && $only >= 1
  && $first_day =~ /^\d{8}$/
  && $task =~ /^\d{6}$/
  && $task != 0
  && $seed >= 0 && $seed < 1 << 31
  && $share >= 0
  && $share <= 1
  or die "usage: $0 --fixture | --next | --people N [--seed N] [--protected SHARE]\n"
  . "       [--night N] [--truth] [--produced YYYYMMDD] [--task NUMBER]\n"
  . "       [--shape newline|fixed|padded|reply|bitemporal|bitemporal-delivery] [--person K]\n";

my $bitemporal = $shape =~ /^bitemporal/;

binmode STDOUT;

my $out     = '';
my $records = 0;

# One record, in the shape asked for.  Text is ISO-8859-1 bytes by now.
sub put
{
	my ($record) = @_;

	if ($shape ne 'fixed' && $shape ne 'padded')
	{
		$record =~ s/ +\z//;
		$out .= $record . "\n";
	}
	else
	{
		my $type = substr($record, 0, 3);

		# without a length in common with the reader, it could not be read
		return if !exists $length{$type};
		$out .= $record . ' ' x ($length{$type} - length $record);
	}
	$records++;
	if (length $out > 1 << 20)
	{
		print $out;
		$out = '';
	}
	return;
}

sub latin1
{
	return encode('iso-8859-1', $_[0], Encode::FB_CROAK | Encode::LEAVE_SRC);
}

sub put_start
{
	my ($task, $produced, $previous) = @_;

	put($bitemporal ? "000$task$produced" : "000" . '0' x 10 . $task . $produced . $previous)
	  if $shape ne 'bitemporal';
	$records = 0;
	return;
}

sub put_end
{
	my $count = $records;

	# the count of a reply is that of the file it was taken from
	$count += 1000 if $shape eq 'reply';
	put(sprintf('999%s%08d', $bitemporal ? '' : '9' x 10, $count)) if $shape ne 'bitemporal';
	$out .= ' ' x 100 . "\0" x 100 . "\x1a\r\n" if $shape eq 'padded';
	print $out;
	return;
}

# All records of a person but the clear-text address, which comes later.
sub put_person
{
	my ($p) = @_;
	my $pnr = $p->{pnr};

	return put_bitemporal($p) if $bitemporal;
	put(sprintf '001%s%-10s%s%s %s%s %s %-10s %-34s',
		$pnr, $p->{replaced_by} || '', $p->{status}, '0' x 12, $p->{sex}, $p->{born},
		$p->{born}, '', $p->{job});
	put(sprintf '002%s%s%s%-4s%-2s%4s%4s%-34s%s ',
		$pnr, '0990', $p->{street_code}, $p->{house}, $p->{floor}, $p->{door}, '', '',
		'201501011200')
	  if $p->{street};
	put("004$pnr" . join('', map { defined $_ && $_ ne '' ? $_ : ' ' x 10 } @$_))
	  foreach @{ $p->{protections} || [] };
	put(sprintf '008%s%-50s %-40s %-40s %s %-34s',
		$pnr, $p->{first}, '', $p->{last}, '201501011200', "$p->{first} $p->{last}");
	put(sprintf '012%sU%-10s %-10s %-34s %12s ', $pnr, '', '', '', '000000000000')
	  if $p->{civil};
	put("077${pnr}noget nyt") if $p->{unknown};
	put("099${pnr}202611191200A01");
	return;
}

# The same in the bitemporal layout, and what has ended, which only that one has.
sub put_bitemporal
{
	my ($p) = @_;
	my $pnr   = $p->{pnr};
	my $stamp = '201501011200';

	put(sprintf '001%s%-10s%s%s%s %s%s%s%s %s%s%s %-10s %s%-12s%-34s'
		  . '%s%s%-10s %-10s%-10s %-34s %s%-15s' x 2,
		$pnr, $p->{replaced_by} || '', $stamp, $p->{status}, '0' x 12, '0000', $stamp, $p->{sex},
		$p->{born}, '00.00.00', '0000', $p->{born}, '', '0000', '', $p->{job},
		($stamp, '0000', '', '0' x 10, '', '', '0000', '') x 2);
	foreach (@{ $p->{protections} || [] })
	{
		my ($code, $from, $delete) = @$_;
		put("015$pnr${code}0000"
			  . stamp_of($from, '1200') . blank_date($from) . 'JA ' . blank_date($delete));
	}
	foreach (@{ $p->{history} || [] })
	{
		my ($code, $from, $delete, $to) = @$_;
		put("016$pnr${code}0173"
			  . stamp_of($from, '1611') . blank_date($from) . 'JA ' . blank_date($delete)
			  . '0001' . stamp_of($to, '1339') . $to);
	}
	put(sprintf '020%s0000%s%-50s %-40s %-40s', $pnr, $stamp, $p->{first}, '', $p->{last});
	put(sprintf '025%s0000%s%s%s%-4s%-2s%4s',
		$pnr, $stamp, '0990', $p->{street_code}, $p->{house}, $p->{floor}, $p->{door})
	  if $p->{street};
	put("077${pnr}noget nyt") if $p->{unknown};
	put("900${pnr}202611191200A01");
	return;
}

sub blank_date
{
	return $_[0] || ' ' x 10;
}

sub stamp_of
{
	my ($date, $time) = @_;

	return $date ? $date =~ tr/-//dr . $time : '0' x 12;
}

sub put_address
{
	my ($p) = @_;

	return if !$p->{street} || $bitemporal;
	put(sprintf '003%s%-34s%-34s%-34s%-34s%-34s%s%-20s%s%s%-4s%-2s%4s%4s%-20s',
		$p->{pnr}, "$p->{first} $p->{last}", '', '', $p->{address}, '', '9990',
		$p->{town}, '0990', $p->{street_code}, $p->{house}, $p->{floor}, $p->{door}, '',
		$p->{street});
	return;
}

# ---- the fixtures -----------------------------------------------------------

# number, status, first name, last name, street, house, floor, door, protections
# (code, start, delete date), and what else is special.
sub fixture_people
{
	my ($day) = @_;
	my @hidden = ([ '0001', '2026-03-01', '2027-03-01' ]);

	my @rows = (
		[ '6101704001', '01', 'Test', 'Person', 'Opdigtet Allé', '001', '', '', [] ],
		[ '6201704002', '01', 'Prøve', 'Beskyttet', 'Opdigtet Allé', '002', '', '',
			[ [ '0001', '2026-06-15', '2027-06-15' ] ] ],
		[ '6301704003', '01', 'Prøve', 'Overskredet', 'Opdigtet Allé', '003', 'st', 'tv',
			[ [ '0001', '2024-02-29', '2025-02-28' ] ] ],
		[ '6401704004', '01', 'Prøve', 'Udenslut', 'Opdigtet Allé', '004', '01', 'th',
			[ [ '0001', '2026-01-02', '' ] ] ],
		[ '6501704005', '01', 'Test', 'Udendatoer', 'Opdigtet Allé', '005', '', '',
			[ [ '0001', '', '' ] ] ],
		[ '6602714006', '01', 'Test', 'Vejviser', 'Påfundsvej', '012A', '', '',
			[ [ '0002', '2020-05-05', '2120-05-05' ] ] ],
		[ '6702714007', '01', 'Test', 'Robinson', 'Påfundsvej', '014', '', '',
			[ [ '0003', '2021-05-05', '2121-05-05' ] ] ],
		[ '6802714008', '01', 'Test', 'Reklamefri', 'Påfundsvej', '016', '02', 'mf',
			[ [ '0002', '2022-05-05', '2122-05-05' ], [ '0003', '2022-05-05', '2122-05-05' ] ] ],
		[ '6902714009', '01', 'Prøve', 'Altbeskyttet', 'Påfundsvej', '018', 'kl', '',
			[ [ '0001', '2026-07-01', '2027-07-01' ], [ '0002', '2026-07-01', '2126-07-01' ],
			  [ '0003', '2026-07-01', '2126-07-01' ], [ '0005', '2026-07-01', '2126-07-01' ] ] ],
		[ '7003724010', '01', 'Test', 'Ukendtkode', 'Påfundsvej', '020', '', '',
			[ [ '0009', '2026-08-01', '2027-08-01' ] ] ],
		[ '7103724011', '60', 'Prøve', 'Gammeltnummer', '', '', '', '', [],
			{ replaced_by => '7203724012' } ],
		[ '7203724012', '01', 'Prøve', 'Nytnummer', 'Ukendt Stræde', '007', '', '', [ @hidden ] ],
		[ '7303724013', '80', 'Test', 'Udrejst', '', '', '', '', [ @hidden ] ],
		[ '7403724014', '80', 'Test', 'Fraflyttet', '', '', '', '', [] ],
		[ '7504734015', '90', 'Test', 'Afdød', '', '', '', '', [] ],
		[ '7604734016', '90', 'Prøve', 'Afdødbeskyttet', '', '', '', '', [ @hidden ] ],
		[ '7704734017', '03', 'Test', 'Førstebarn', 'Ukendt Stræde', '009', '', '', [] ],
		[ '7804734018', '03', 'Test', 'Søskende', 'Ukendt Stræde', '009', '', '', [] ],
		[ '7904734019', '01', 'Prøve', 'Ophævet', 'Ukendt Stræde', '011', '', '',
			$day == 1 ? [ [ '0001', '2025-11-25', '2026-11-25' ] ] : [],
			{ history => [ [ '0001', '2008-07-22', '2013-07-22', '2016-11-03' ] ] } ],
		[ '8005744020', '01', 'Test', 'Nybeskyttet', 'Ukendt Stræde', '013', '01', 'tv',
			$day == 1 ? [] : [ [ '0001', '2026-11-21', '2027-11-21' ] ] ],
		[ '8105744021', '01', 'Test', 'Nyrecord', 'Ukendt Stræde', '015', '', '', [],
			{ unknown => 1 } ],
		[ '8205744022', '05', 'Test', 'Grønland', 'Iskold Gade', '001', '', '', [] ],
		[ '8305744023', '01', 'Prøve', 'Dobbelt', 'Iskold Gade', '003', '', '',
			[ [ '0001', '2025-01-01', '2026-01-01' ], [ '0001', '2026-01-01', '2027-01-01' ] ] ],
		[ '8405744024', '01', 'Test', 'Sidst', 'Iskold Gade', '005', '', '', [] ]);

	my @list;
	foreach my $row (@rows)
	{
		my ($pnr, $status, $first, $last, $street, $house, $floor, $door, $protections, $more) =
		  @$row;
		my $number = $house =~ s/^0+//r;

		push @list, {
			pnr         => $pnr,
			status      => $status,
			first       => latin1($first),
			last        => latin1($last),
			street      => latin1($street),
			street_code => '9901',
			house       => $house,
			floor       => $floor,
			door        => $door,
			address     => latin1("$street $number" . ($floor ? ", $floor. $door" : '')),
			town        => latin1('Opdigtet By Ø'),
			job         => latin1(@list % 3 ? '' : 'Prøveklud'),
			sex         => substr($pnr, 9) % 2 ? 'M' : 'K',
			born        => sprintf('19%s-%s-%02d', substr($pnr, 4, 2), substr($pnr, 2, 2),
				substr($pnr, 0, 2) - 60),
			civil       => @list % 2,
			protections => $protections,
			%{ $more || {} }
		};
	}
	return @list;
}

# ---- any number of people ---------------------------------------------------

my @first   = map { latin1($_) } qw(Test Prøve Opdigtet Påfund Ærø Øreløs Åben Uden Ægte Falsk);
my @last    = map { latin1($_) } qw(Person Beskyttet Prøvesen Testrup Ingenmand Åbenlys Ukendt);
my @streets = map { latin1($_) } ('Opdigtet Allé', 'Påfundsvej', 'Ukendt Stræde', 'Iskold Gade',
	'Øde Boulevard', 'Ærlig Plads', 'Åløs Kaj');
my $town = latin1('Opdigtet By Ø');

# A number of 32 bits from the seed and two more; person by person, so that the
# addresses can be written after the people without keeping either.
sub draw
{
	my ($person, $what) = @_;
	my $x = ($seed * 2654435761 + $person * 40503 + $what * 2246822519 + 1) & 0xffffffff;

	$x ^= $x >> 16;
	$x = ($x * 73244475) & 0xffffffff;
	$x ^= $x >> 16;
	$x = ($x * 73244475) & 0xffffffff;
	return $x ^ ($x >> 16);
}

# The day of a night, as YYYYMMDD.
sub produced
{
	my ($n) = @_;
	my ($year, $month, $day) = $first_day =~ /^(\d{4})(\d\d)(\d\d)$/;

	# noon, so that no leap second of anybody's matters
	return strftime('%Y%m%d', gmtime(timegm(0, 0, 12, $day, $month - 1, $year) + $n * 86400));
}

sub hyphens
{
	return $_[0] =~ s/^(....)(..)(..)$/$1-$2-$3/r;
}

sub next_year
{
	my ($year, $rest) = split /-/, $_[0], 2;

	return ($year + 1) . '-' . ($rest eq '02-29' ? '02-28' : $rest);
}

# What has happened to a person up to a night: since when they are protected ('' if
# they are not), how often they moved, whether anything happened that very night, and
# every protection they have had, as [first day, day it was over].  Each year three in
# ten who are protected cease to be, and as many begin; one in seven moves.
sub life
{
	my ($i, $up_to) = @_;
	my $since   = '';
	my $moves   = 0;
	my $tonight = 0;
	my @had;

	if (draw($i, 2) < $share * 4294967296)
	{
		$since = substr($first_day, 0, 4) . '-01-01';
		push @had, [ hyphens(produced(0)), '' ];
	}
	for (my $begin = 0; $begin < $up_to; $begin += 365)
	{
		my $what   = 16 + $begin / 365 * 8;
		my $chance = $since ? 0.3 : 0.3 * $share;
		my @turns;

		if (draw($i, $what) < $chance * 4294967296)
		{
			push @turns, draw($i, $what + 1) % 365 + 1;
			push @turns, draw($i, $what + 2) % 365 + 1 if draw($i, $what + 3) % 4 == 0;
			@turns = () if @turns == 2 && $turns[0] == $turns[1];
		}
		foreach my $turn (sort { $a <=> $b } @turns)
		{
			my $n = $begin + $turn;

			last if $n > $up_to;
			my $day = hyphens(produced($n));
			if ($since)
			{
				$since = '';
				$had[-1][1] = $day;
			}
			else
			{
				$since = $day;
				push @had, [ $day, '' ];
			}
			$tonight = 1 if $n == $up_to;
		}
		if (draw($i, $what + 4) % 7 == 0)
		{
			my $n = $begin + draw($i, $what + 5) % 365 + 1;

			$moves++ if $n <= $up_to;
			$tonight = 1 if $n == $up_to;
		}
	}
	return ($since, $moves, $tonight, \@had);
}

sub made_person
{
	my ($i) = @_;

	# a prime step over all test numbers meets each of them once
	my $n      = ($i * 104729 + $seed) % (28 * 12 * 100 * 9000);
	my $day    = $n % 28 + 1;
	my $month  = int($n / 28) % 12 + 1;
	my $year   = int($n / 336) % 100;
	my $serial = int($n / 33600) + 1000;
	my $r      = draw($i, 1);
	my $street = $streets[ ($r >> 4) % @streets ];
	my $house  = ($r >> 8) % 199 + 1;
	my $floor  = $r & 1 ? sprintf('%02d', ($r >> 1) % 4 + 1) : '';
	my $door   = $floor ? ('tv', 'th')[ ($r >> 3) & 1 ] : '';
	my @protections;

	# the address of tonight, and the last protection that has begun by then
	my ($since, $moves) = (life($i, $night))[ 0, 1 ];
	$house += $moves;
	push @protections, [ '0001', $since, next_year($since) ] if $since;
	push @protections, [ '0003', '2020-01-01', '2120-01-01' ]
	  if draw($i, 3) % 8 == 0;

	return {
		pnr         => sprintf('%02d%02d%02d%04d', $day + 60, $month, $year, $serial),
		status      => '01',
		first       => $first[ ($r >> 12) % @first ],
		last        => $last[ ($r >> 16) % @last ],
		street      => $street,
		street_code => '9901',
		house       => sprintf('%03d', $house),
		floor       => $floor,
		door        => $door,
		address     => "$street $house" . ($floor ? ", $floor. $door" : ''),
		town        => $town,
		job         => '',
		sex         => $serial % 2 ? 'M' : 'K',
		born        => sprintf('19%02d-%02d-%02d', $year, $month, $day),
		protections => \@protections
	};
}

# ---- what was asked for -----------------------------------------------------

if ($truth)
{
	foreach my $i (1 .. $people)
	{
		my $had = (life($i, $night))[3];

		print made_person($i)->{pnr}, "\t$_->[0]\t$_->[1]\n" foreach @$had;
	}
}
elsif (defined $people)
{
	die "no more than 9,000,000 people: 999 counts in 8 digits\n" if $people > 9_000_000;
	my @who = $shape eq 'reply' ? ($only) : ();

	# all of them are not kept: there may be millions
	@who = grep { (life($_, $night))[2] } 1 .. $people if $night && !@who;
	my $all = !$night && !@who;

	put_start($task, produced($night), produced($night - 1));
	foreach my $put (\&put_person, \&put_address)
	{
		$put->(made_person($_)) foreach $all ? () : @who;
		if ($all)
		{
			$put->(made_person($_)) foreach 1 .. $people;
		}
	}
	put_end();
}
else
{
	my @list = fixture_people($next ? 2 : 1);
	my $day  = $next ? 1 : 0;

	@list = ($list[ $only - 1 ] || die "there is no such person\n") if $shape eq 'reply';
	put_start($task, produced($day), produced($day - 1));
	put_person($_) foreach @list;
	put_address($_) foreach @list;
	put_end();
}
