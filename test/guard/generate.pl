#!/usr/bin/perl
#
# generate.pl
#		Which texts does the guard have to find an address in, and in which not?
#
#	generate.pl --part PART --count N [--seed N] [--data DIR]
#
# Parts: da sv nb de fi nl en fr (variants of invented addresses), dawa (of the official
# addresses in DIR), datavask (the labelled cases there), others (texts with other
# addresses, of every language), dawa_others, none (texts without an address).
#
# Writes lines of tab-separated fields, for measure.c:
#
#	P id element=value...					a protected address
#	W kind word means						a row of protaddr.address_word
#	T kind class id start length text		a text, \\ \n \r \t escaped
#
# class is what is owed: exact, safe or doubtful; twice (two doubts at once) and beyond
# (what no rule promises); none, near (the street is a letter away) and empty (no address).
# Same options, same bytes.
#
use strict;
use warnings;
use utf8;
use Encode qw(encode_utf8 decode_utf8);
use FindBin;
use Getopt::Long;
use JSON::PP;
use lib $FindBin::Bin;
use Invented;
use Rules;
use Sentences;

my ($part, $count, $seed, $data) = ('da', 1000, 1, $ENV{PROTADDR_DATA} // '');
GetOptions('part=s' => \$part, 'count=i' => \$count, 'seed=i' => \$seed, 'data=s' => \$data) && !@ARGV or die "usage: generate.pl --part PART --count N [--seed N] [--data DIR]\n";
srand $seed;
binmode STDOUT, ':raw';

my %rank = (exact => 0, safe => 1, doubtful => 2, twice => 3, beyond => 4);
my ($first, $last) = ("\x{E000}", "\x{E001}");

sub put { print encode_utf8(join "\t", @_), "\n" }

# A text whose borders are marked becomes a line with the positions in bytes.
sub put_text
{
	my ($kind, $class, $id, $text) = @_;
	my ($before, $own, $after) = $text =~ /^(.*)$first(.*)$last(.*)$/s ? ($1, $2, $3) : ('', '', $text);
	my $whole = $before . $own . $after;
	my ($start, $length) = (length encode_utf8($before), length encode_utf8($own));
	my %escape = ("\\" => "\\\\", "\n" => "\\n", "\r" => "\\r", "\t" => "\\t");

	die "no borders: $kind\n" if $id && $length == 0;
	put('T', $kind, $class, $id, $start, $length, $whole =~ s/([\\\n\r\t])/$escape{$1}/gr);
}

# ---- protected addresses -----------------------------------------------------------------

# The official addresses: street number[, floor.[ door]][, locality], code town.
sub dawa
{
	my (@all, %seen);

	open my $in, '<:encoding(UTF-8)', "$data/addresses/dawa/dar_adressebetegnelse.csv" or die "$data: $!\n";
	while (<$in>)
	{
		my ($line, $floor, $door) = /^[^,]*,"([^"]*)",([^,]*),([^,]*),/ or next;
		my ($street, $number, $rest, $code, $town) = $line =~ /^(.+?) (\d+[A-Z]?)(?:, (.*))?, (\d{4}) (.+)$/ or next;
		$rest = ", " . ($rest // '');
		my $unit = $floor eq '' ? ($door eq '' ? '' : ", $door") : ", $floor." . ($door eq '' ? '' : " $door");
		next if substr($rest, 0, length $unit) ne $unit;
		my $locality = substr($rest, length $unit) =~ s/^, //r;
		next if $seen{$line}++;
		push @all, { lang => 'da', country => 'DK', street => $street, number => $number, floor => $floor, unit => $door, locality => $locality, code => $code, town => $town };
	}
	my %common = map { lc() => 1 } @{ $LANGUAGE{da}{common} }, 'Ringvejen', 'Nygade', 'Bygaden', 'Skolegade', 'Kirkegade', 'Jernbanegade', 'Havnegade', 'Møllegade', 'Parkvej', 'Engvej', 'Bakkevej', 'Strandvej', 'Kirkestræde', 'Skovvejen', 'Toftevej';
	$_->{common} = $common{ lc $_->{street} } // 0 for @all;
	return @all;
}

sub house { my ($a) = @_; return lc "$a->{street}|" . $a->{number} =~ s/ //gr . "|" . $a->{town} =~ s/ [A-ZØ]{1,2}$//r }
sub whole { my ($a) = @_; return lc house($a) . "|$a->{floor}|$a->{unit}" }

my ($next, %protected_house, %protected, %alias, %other_code);

# Some are kept otherwise than as the elements of a message.
sub protect
{
	my ($a) = @_;
	my @e = elements($a);
	my %e = map { @$_ } @e;

	$a->{id} = ++$next;
	$protected_house{ house($a) } = $protected{ whole($a) } = 1;
	if (chance(0.12))
	{
		my ($line) = written($a) =~ s/[$first$last]//gr;
		my $how = pick('one line', 'lines', 'street line', 'abbreviated');
		my $short = { %$a };
		my ($rule) = grep { $_->{name} eq 'street: Gammel, Gl.' } @RULES;
		if ($how eq 'one line')  { @e = (['AdrLine', $line]) }
		elsif ($how eq 'lines')  { @e = map { ['AdrLine', $_] } $line =~ /^(.*), (.*)$/ }
		elsif ($how eq 'street line')
		{
			my $house = { %$a, code => '', town => '', locality => '' };
			@e = (['StrtNm', written($house) =~ s/[$first$last]//gr], grep { $_->[0] =~ /^(?:PstCd|TwnNm|Ctry|TwnLctnNm)$/ } @e);
		}
		elsif ($rule->{do}->($short)) { $e[0][1] = $short->{street} }
		else                          { $how = undef }
		$a->{kept} = $how;
		@e = grep { length $_->[1] <= 70 } @e;
	}
	put('P', $a->{id}, map { "$_->[0]=$_->[1]" } @e);
	if (!exists $alias{ $a->{code} })
	{
		$alias{ $a->{code} } = undef;
		if (chance(0.2) && $a->{lang} eq 'da')
		{
			my $other;
			do { $other = sprintf '%04d', 100 + int rand 800 } while $other_code{$other}++;
			$alias{ $a->{code} } = $other;
			put('W', 'post_code', $other, $a->{code});
		}
	}
	$a->{alias} = $alias{ $a->{code} };
}

sub protect_all
{
	my %streets;
	$streets{ lc $_->{street} }++ for @_;
	for my $a (@_) { $a->{shared} = $streets{ lc $a->{street} } > 1; protect($a) }
	return @_;
}

# ---- texts with a protected address --------------------------------------------------------

# The text in what stands around it.
sub around
{
	my ($text, $lang, $ends) = @_;
	my $shape = $ends ? 0.75 * rand : rand;

	return $text if $shape < 0.3;
	if ($shape < 0.8)
	{
		my $before = sentence($lang);
		# two numbers with nothing but a blank between are one to whoever reads them
		$text = $before . ($before =~ /\d$/ && $text =~ /^$first\d/ ? pick(', ', ': ', "\n") : pick(' ', ', ', ': ', "\n", ' - ', '. ')) . $text;
	}
	$text .= pick('. ', ', ', ' ', "\n", '; ', '  ') . sentence($lang) if $shape > 0.5 && !$ends;
	return $text;
}

# The address written by the rules (in the order of Rules.pm), or undef if one does not concern it.
sub text_by
{
	my ($address, @rule) = @_;
	my $a = { %$address };
	my $text;

	for my $r (grep { $_->{stage} eq 'address' } @rule) { return undef unless $r->{do}->($a) }
	# a bare number of four digits at the end: a post code, for all that one can see
	return undef if ($a->{form} // '') eq 'code first' && ($a->{unit_text} // '') =~ /^ \d{4}$/;
	return undef if ($a->{form} // '') eq 'number first' && $a->{lang} =~ /^(?:fi|nl)$/ && $a->{unit} ne '';
	return undef if ($a->{form} // '') =~ /^(?:xml|json|csv)/ && ($a->{unit_text} || $a->{unit_after} || $a->{careof} || $a->{no_comma});
	$text = around(written($a), $a->{lang}, ($a->{form} // '') eq 'code first');
	for my $r (grep { $_->{stage} eq 'text' } @rule)
	{
		my ($before) = $text =~ /$first(.*)$last/s;
		$text = $r->{do}->($text);
		my ($now) = $text =~ /$first(.*)$last/s;
		return undef if $now eq $before && $r->{slot} ne 'code';
		return undef if $r->{slot} eq 'code' && $now eq $before;
	}
	return $text;
}

sub class_of
{
	my @class = sort { $rank{$b} <=> $rank{$a} } map { $_->{class} } @_;
	return @class > 1 && $class[0] eq 'doubtful' && $class[1] eq 'doubtful' ? 'twice' : $class[0];
}

# A line break between digits may be the end of a number as well.
sub broken_number { my ($text) = @_; my ($own) = $text =~ /$first(.*)$last/s; return $own =~ /\d(?:\r\n|%0D%0A)\d/ || $own =~ m{^[A-Za-z0-9+/=]+$} }

sub variants
{
	my ($n, @protected) = @_;
	my @whole = grep { !$_->{kept} } @protected;
	my @kept = grep { $_->{kept} } @protected;
	my @easy = grep { $rank{ $_->{class} } < 2 && $_->{slot} !~ /^(?:word|end|place|locality)$/ } @RULES;
	my @pairs;

	for my $i (0 .. $#RULES)
	{
		push @pairs, map { [$RULES[$i], $RULES[$_]] } grep { $RULES[$_]{slot} ne $RULES[$i]{slot} && $i > 0 } $i + 1 .. $#RULES;
	}
	for (my $i = 0; $i < $n;)
	{
		# the single rules, the pairs and other ways to keep an address take turns
		my $turn = int rand 20;
		my @rule = $turn < 9 ? $RULES[ int(rand 1e9) % @RULES ] : $turn < 18 ? @{ pick(@pairs) } : pick(@easy);
		for (1 .. 12)
		{
			my $a = $turn < 18 ? pick(@whole) : @kept ? pick(@kept) : last;
			my $text = text_by($a, @rule);
			next if !defined $text;
			my $class = class_of(@rule);
			my $kind = $turn < 18 ? join ' + ', map { $_->{name} } @rule : "kept: $a->{kept}";
			$class = 'safe' if $turn >= 18;
			# a number before the street, and one behind it: who could tell
			$class = 'beyond' if $a->{unit} ne '' && grep({ $_->{name} eq 'form: number first' } @rule) && grep { $_->{name} =~ /commas missing/ } @rule;
			if (grep({ $_->{name} eq 'lines of 35' } @rule) && broken_number($text)) { $class = 'doubtful' if $class eq 'safe'; $kind .= ', in a number' if $turn < 18 }
			put_text($kind, $class, $a->{id}, $text);
			$i++;
			last;
		}
	}
}

# ---- texts with other addresses -------------------------------------------------------------

# One letter is another, too many or missing.
sub a_letter_away
{
	my ($one, $two) = map { lc =~ s/aa/å/gr =~ s/[. -]//gr } @_;
	my $i = 0;

	return 0 if $one eq $two || abs(length($one) - length $two) > 1;
	$i++ while $i < length $one && $i < length $two && substr($one, $i, 1) eq substr($two, $i, 1);
	return 1 if substr($one, $i + 1) eq substr($two, $i + 1) || substr($one, $i) eq substr($two, $i + 1) || substr($one, $i + 1) eq substr($two, $i);
	return substr($one, $i + 2) eq substr($two, $i + 2) && substr($one, $i, 2) eq reverse substr($two, $i, 2);
}

sub others
{
	my ($n, $other, @protected) = @_;
	my @rule = grep { $rank{ $_->{class} } < 2 && $_->{slot} !~ /^(?:word|end|place|locality|number)$/ } @RULES;
	my $l = sub { $LANGUAGE{ $_[0]{lang} } };
	my %of;
	my %at;
	push @{ $of{ $_->{lang} } }, $_ for @protected;
	push @{ $at{"$_->{number}|$_->{code}"} }, $_->{street} for @protected;
	my %change = (
		'other number' => sub { my ($a) = @_; $a->{number} =~ s/^(\d+)/my $new = $1 + pick(-20 .. -1, 1 .. 20); $new > 0 ? $new : $1 + 30/e; 1 },
		'other letter' => sub { my ($a) = @_; return 0 if $a->{lang} eq 'fr' || $a->{lang} eq 'nl' || $a->{lang} eq 'fi'; $a->{number} =~ s/[A-Za-z]+$//; $a->{number} .= pick('A' .. 'F'); 1 },
		'other floor or door' => sub { my ($a) = @_; return 0 if "$a->{floor}$a->{unit}" eq ''; my ($f, $u) = $l->($a)->{unit}->(); return 0 if ($f eq '') != ($a->{floor} eq '') || ($u eq '') != ($a->{unit} eq ''); @$a{qw(floor unit)} = ($f, $u); 1 },
		'other town' => sub { my ($a) = @_; my $b = pick(@{ $of{ $a->{lang} } }); return 0 if $b->{code} eq $a->{code} || substr($b->{town}, 0, 4) eq substr($a->{town}, 0, 4); @$a{qw(code town locality)} = @$b{qw(code town locality)}; 1 },
		'other street' => sub { my ($a) = @_; $a->{street} = pick(@{ $of{ $a->{lang} } })->{street}; 1 },
		'other street and number' => sub { my ($a) = @_; my $b = pick(@{ $of{ $a->{lang} } }); @$a{qw(street number)} = @$b{qw(street number)}; 1 },
		'street a letter away' => sub { my ($a) = @_; $a->{street} = misspelt($a->{street}, pick('other', 'missing', 'more', 'swapped')); 1 },
		'number left out' => sub { my ($a) = @_; $a->{number} = ''; @$a{qw(floor unit)} = ('', ''); 1 },
		'common street, no town' => sub { my ($a) = @_; return 0 unless $a->{common}; @$a{qw(floor unit)} = ('', '') unless "$a->{floor}$a->{unit}" eq ''; @$a{qw(code town locality)} = ('', '', ''); 1 });
	my @kind = ('other number', 'other number', 'other letter', 'other floor or door', 'other floor or door', 'other town', 'other town', 'other street', 'other street', 'other street and number', 'street a letter away', 'number left out', 'common street, no town', 'two addresses', 'neighbour');
	pop @kind if !@$other;

	for (my $i = 0; $i < $n;)
	{
		my $kind = pick(@kind);
		my $of = pick(@protected);
		my $a = { %{ $kind eq 'neighbour' ? pick(@$other) : $of } };
		my $text;

		if ($kind eq 'two addresses')
		{
			# the street of one with the number of the other
			my $b = { %{ pick(@{ $of{ $a->{lang} } }) } };
			my @number = ($a->{number}, $b->{number});
			next if $number[0] eq $number[1] || lc $a->{street} eq lc $b->{street};
			($a->{number}, $b->{number}) = reverse @number;
			next if $protected_house{ house($a) } || $protected_house{ house($b) };
			$_->{unit} = $_->{floor} = '' for $a, $b;
			$text = join pick(', ', "\n", ' og ', '; '), map { written($_) =~ s/[$first$last]//gr } $a, $b;
			put_text('other: two addresses', 'none', 0, around($text, $a->{lang}));
			$i++;
			next;
		}
		next if $kind ne 'neighbour' && !$change{$kind}->($a);
		next if $kind eq 'common street, no town' ? 0 : $kind eq 'other floor or door' || $kind eq 'neighbour' ? $protected{ whole($a) } : $a->{number} ne '' && $protected_house{ house($a) };
		# a house without floors is the whole of what is protected there
		next if $kind eq 'neighbour' && $protected_house{ house($a) } && ("$a->{floor}$a->{unit}" eq '' || $protected{ lc(house($a) . '||') });
		next if $kind eq 'neighbour' && $a->{unit} eq '' && $protected_house{ house($a) };
		next if $kind eq 'street a letter away' && $a->{street} eq $of->{street};
		my $r = chance(0.5) || $kind eq 'number left out' ? $RULES[0] : pick(@rule);
		$text = text_by($a, $r);
		next if !defined $text;
		if ($kind eq 'number left out')
		{
			next if $text =~ /\d\W*$first/;
			$text =~ s/  +/ /g;
		}
		my $near = $kind eq 'street a letter away' || grep { a_letter_away($_, $a->{street}) } @{ $at{"$a->{number}|$a->{code}"} };
		put_text("other: $kind", $near ? 'near' : 'none', 0, $text =~ s/[$first$last]//gr);
		$i++;
	}
}

# ---- the parts --------------------------------------------------------------------------------

if ($LANGUAGE{$part})
{
	variants($count, protect_all(invent($part, 200 + int($count / 50))));
}
elsif ($part eq 'dawa')
{
	my %one;
	variants($count, protect_all(grep { !$one{ house($_) }++ } dawa()));
}
elsif ($part eq 'others')
{
	others($count, [], protect_all(map { invent($_, 200 + int($count / 500)) } sort keys %LANGUAGE));
}
elsif ($part eq 'dawa_others')
{
	my @all = dawa();
	my (%one, @own, @other);
	for my $a (@all) { push @{ !$one{ house($a) }++ && @own <= @other ? \@own : \@other }, $a }
	others($count, \@other, protect_all(@own));
}
elsif ($part eq 'none')
{
	my @lang = sort keys %LANGUAGE;
	protect_all(map { invent($_, 2000) } @lang);
	for (1 .. $count)
	{
		my $lang = pick(@lang);
		put_text("no address, $lang", 'empty', 0, join pick(' ', ', ', '. ', "\n", ' / '), map { sentence($lang) } 1 .. 1 + int rand 4);
	}
}
elsif ($part eq 'datavask')
{
	open my $in, '<:raw', "$data/addresses/dawa/datavask_labelled.json" or die "$data: $!\n";
	my (%known, @texts);
	for my $case (@{ decode_json(do { local $/; <$in> }) })
	{
		next if !$case->{id};
		my $official = $case->{official} // $case->{text} =~ s/plassen|pladsen/pladsen/r =~ s/Århus/Aarhus/r =~ s/4, Aarhus/4, 8000 Aarhus/r =~ s/Margretepl/Margrethepl/r;
		my ($street, $number, $unit, $code, $town) = $official =~ /^(.+?) (\d+[A-Z]?)(?:, (.*))?, (\d{4}) (.+)$/ or die "unread: $official\n";
		my ($floor, $door) = ($unit // '') =~ /^(\w+)\.(?: (\w+))?$/ ? ($1, $2 // '') : ('', $unit // '');
		$street = 'Borgmester Christiansens Gade' if $street =~ /^Borgm Chr/;
		my $a = { lang => 'da', country => 'DK', street => $street, number => $number, floor => $floor, unit => $door, locality => '', code => $code, town => $town };
		$known{ $case->{id} } //= do { $a->{id} = ++$next; put('P', $a->{id}, map { "$_->[0]=$_->[1]" } elements($a)); $a->{id} };
		push @texts, ["datavask, category $case->{category}", $case->{category} eq 'C' ? 'beyond' : $case->{category} eq 'B' ? 'doubtful' : 'safe', $known{ $case->{id} }, "$first$case->{text}$last"];
	}
	put_text(@$_) for @texts;
}
else
{
	die "unknown part $part\n";
}
