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
#	--shape SHAPE			newline (default), fixed or padded
#
# Same options, same bytes.  No number can be a person's: 60 is added to the
# day of birth, as the register does for test numbers.
#
use strict;
use warnings;
use utf8;
use Encode qw(encode);
use Getopt::Long;

my %length = (
	'000' => 35,  '001' => 106, '002' => 306, '003' => 249, '004' => 37,
	'008' => 193, '012' => 95,  '099' => 45,  '999' => 21);

my ($fixture, $next, $people, $seed, $share, $shape) = (0, 0, undef, 1, 0.025, 'newline');
GetOptions(
	'fixture'     => \$fixture,
	'next'        => \$next,
	'people=i'    => \$people,
	'seed=i'      => \$seed,
	'protected=f' => \$share,
	'shape=s'     => \$shape) && !@ARGV
  && $fixture + $next + defined($people) == 1
  && $shape =~ /^(newline|fixed|padded)$/
  && (!defined $people || $people >= 0)
  && $seed >= 0 && $seed < 1 << 31
  && $share >= 0
  && $share <= 1
  or die "usage: $0 --fixture | --next | --people N [--seed N] [--protected SHARE]\n"
  . "       [--shape newline|fixed|padded]\n";

binmode STDOUT;

my $out     = '';
my $records = 0;

# One record, in the shape asked for.  Text is ISO-8859-1 bytes by now.
sub put
{
	my ($record) = @_;

	if ($shape eq 'newline')
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

	put("000" . '0' x 10 . $task . $produced . $previous);
	$records = 0;
	return;
}

sub put_end
{
	my $count = $records;

	put(sprintf('999%s%08d', '9' x 10, $count));
	$out .= ' ' x 100 . "\0" x 100 . "\x1a\r\n" if $shape eq 'padded';
	print $out;
	return;
}

# All records of a person but the clear-text address, which comes later.
sub put_person
{
	my ($p) = @_;
	my $pnr = $p->{pnr};

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

sub put_address
{
	my ($p) = @_;

	return if !$p->{street};
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
			$day == 1 ? [ [ '0001', '2025-11-25', '2026-11-25' ] ] : [] ],
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

	push @protections, [ '0001', '2026-01-01', '2027-01-01' ]
	  if draw($i, 2) < $share * 4294967296;
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

if (defined $people)
{
	die "no more than 9,000,000 people: 999 counts in 8 digits\n" if $people > 9_000_000;
	put_start('990001', '20261120', '20261119');
	put_person(made_person($_)) foreach 1 .. $people;
	put_address(made_person($_)) foreach 1 .. $people;
}
else
{
	my @list = fixture_people($next ? 2 : 1);

	put_start('990001', $next ? ('20261121', '20261120') : ('20261120', '20261119'));
	put_person($_) foreach @list;
	put_address($_) foreach @list;
}
put_end();
