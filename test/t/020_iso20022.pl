#
# 020_iso20022.pl
#		Does a whole message come out as it was, but for the addresses that were decided?
#
# Over our own messages and the public samples in PROTADDR_DATA: for every party in
# turn its address is withheld, or reduced to town and country, and all others kept.
# Where the addresses stand is found here a second time, without the rewriter; the
# result must be the message with exactly that one replaced.  xmllint says whether it
# is well-formed, and valid by the message's schema where there is one.  Needs no server.
#
use strict;
use warnings;
use Encode qw(decode);
use File::Basename;
use File::Temp qw(tempdir);
use FindBin;
use Test::More;

my $root = "$FindBin::RealBin/../..";
my $work = tempdir(CLEANUP => 1);
my $xmllint = grep({ -x "$_/xmllint" } split(/:/, $ENV{PATH}));
my $samples = ($ENV{PROTADDR_DATA} // '') . '/iso20022';
my %schema = map { basename($_, '.xsd') => $_ } glob("$samples/*/*.xsd");

my %character = (amp => '&', lt => '<', gt => '>', apos => "'", quot => '"');

my @sources = map { "'$root/$_'" } 'test/lib/rewrite_tool.c', (map { "src/message/xml/iso_$_.c" } qw(xml name party write)), 'src/text/town.c', 'src/text/character.c', 'src/address/element.c', 'src/address/country.c';
my $cc = $ENV{CC} // 'cc';
is(system("$cc -std=gnu11 -O1 -g -I'$root/src' -o $work/tool @sources -lexpat >$work/cc.log 2>&1"), 0, 'the tool is built') or do { diag(slurp("$work/cc.log")); done_testing(); exit };

sub slurp { my ($file) = @_; open(my $in, '<:raw', $file) or die "$file: $!"; local $/; return scalar <$in> }
sub spew { my ($file, $bytes) = @_; open(my $out, '>:raw', $file) or die "$file: $!"; print $out $bytes; close($out) }

sub is_address { my ($name) = @_; return $name =~ /Adr$/ && $name !~ /(?:Elctrnc|Email)Adr$/ }

# The places of a message, each with the range that goes, what stays if it is withheld,
# and what stands there if it is reduced.
sub places
{
	my ($xml) = @_;
	my (@open, @found);
	while ($xml =~ /\G(?:[^<]|<!--.*?-->|<\?.*?\?>|<!\[CDATA\[.*?\]\]>)*+(<(\/?)([^\s>\/]+)[^>]*?(\/?)>)/gcs)
	{
		my ($tag, $end, $name, $empty, $at, $behind) = ($1, $2, $3, $4, $-[1], $+[1]);
		my $local = $name =~ s/^.*://r;
		push @open, { name => $name, local => $local, start => $at, inside => $behind, children => [] } if !$end;
		next if !$end && !$empty;
		my $element = pop @open;
		@$element{qw(end text)} = ($behind, $empty ? '' : substr($xml, $element->{inside}, $at - $element->{inside}));
		push @{ $open[-1]{children} }, $element if @open;
		next if !is_address($local) || grep { is_address($_->{local}) || $_->{local} =~ /^(?:FinInstnId|BrnchId)$/ } @open;
		my @children = @{ $element->{children} };
		my ($inner) = grep { $_->{local} eq 'Adr' } @children;
		($element, @children) = ($inner, @{ $inner->{children} }) if $inner;
		my $prefix = $element->{name} =~ s/[^:]*$//r;
		my ($town) = map { $_->{text} } grep { $_->{local} eq 'TwnNm' } @children;
		my ($country) = map { $_->{text} } grep { $_->{local} eq 'Ctry' } @children;
		my $stays = $element->{local} eq 'Adr' ? "<${prefix}Adr/>" : '';
		my $minimum = $stays;
		$town = decode('UTF-8', $town) =~ s/&(?:#(\d+)|(\w+));/$1 ? chr($1) : $character{$2}/ger if defined $town;
		if (defined $town && defined $country && $country =~ /^[A-Z]{2}$/ && $town !~ m{[\d,;/]} && $town =~ /\pL/)
		{
			$town = join('', map { my $c = ord($_); $c > 127 || /[&<>"]/ ? "&#$c;" : $_ } split(//, $town));
			$minimum = "<$element->{name}><${prefix}TwnNm>$town</${prefix}TwnNm><${prefix}Ctry>$country</${prefix}Ctry></$element->{name}>";
		}
		push @found, { start => $element->{start}, end => $element->{end}, withhold => $stays, minimum => $minimum,
			texts => [ grep { length > 5 } map { $_->{text} } @children ] };
	}
	return @found;
}

# The message alone, without its envelope, for its schema.
sub document
{
	my ($xml) = @_;
	return $xml =~ /(<(\w+:)?Document\b.*<\/(?:\w+:)?Document>)/s ? $1 : '';
}

# xmllint's verdict over many files at once: those that it complains of.
sub complaints
{
	my ($option, @files) = @_;
	return '' if !@files;
	my $said = `xmllint --noout --nonet $option @files 2>&1`;
	return join("\n", grep { !/ validates$/ } split(/\n/, $said));
}

my ($messages, $rewritten, $valid) = (0, 0, 0);

sub check
{
	my ($file, $name) = @_;
	my $xml = slurp($file);
	my @asked = split(/\n/, `$work/tool list '$file' 2>$work/refused`);
	if ($?)
	{
		# what has no namespace is no message, whatever else it looks like
		like(slurp("$work/refused"), qr/^refused 5 /, "$name is refused: no namespace") if $xml !~ /\bxmlns(?::\w+)?=["']urn:iso:std:iso:20022:/;
		fail("$name is read") if $xml =~ /\bxmlns(?::\w+)?=["']urn:iso:std:iso:20022:/;
		return;
	}
	my @places = places($xml);
	is(scalar(@asked), scalar(@places), "$name: asked about each of " . scalar(@places) . ' addresses');
	$messages++;
	is(scalar(`$work/tool rewrite '$file' keep`), $xml, "$name: all kept");

	my ($namespace) = document($xml) =~ /xmlns(?::\w+)?=["']urn:iso:std:iso:20022:tech:xsd:([a-z.0-9]+)/;
	my $schema = $schema{ $namespace // '' };
	my (@results, @documents, %where, @wrong, @left);
	for my $action (qw(withhold minimum substitute birth))
	{
		for my $party (0 .. $#asked)
		{
			my $result = `$work/tool rewrite '$file' keep $party=$action`;
			my $stem = "$work/" . scalar(@results);
			spew($results[@results] = "$stem.xml", $result);
			spew($documents[@documents] = "$stem.document.xml", document($result));
			$rewritten++;
			next if $action !~ /withhold|minimum/;
			my @expected = grep { substr($xml, 0, $_->{start}) . $_->{$action} . substr($xml, $_->{end}) eq $result } @places;
			if ($action eq 'withhold' && @expected) { $where{ $expected[0]{start} }++; }
			push @wrong, "$action of party $party" if !@expected;
			for my $text (@expected ? @{ $expected[0]{texts} } : ())
			{
				my $before = () = $xml =~ /\Q$text\E/g;
				push @left, $text if $action eq 'withhold' && $before == 1 && index($result, $text) >= 0;
			}
		}
	}
	is_deeply(\@wrong, [], "$name: each alone withheld or reduced, and no other byte changed");
	is(scalar(keys %where), scalar(@places), "$name: each at a place of its own");
	is_deeply(\@left, [], "$name: nothing of it is left");

	SKIP:
	{
		skip("$name: WHETHER IT IS WELL-FORMED AND VALID IS NOT TESTED: no xmllint", 1) if !$xmllint;
		is(complaints('', @results), '', "$name: well-formed");
		last SKIP if !$schema || !@documents;
		spew("$work/original.xml", document($xml));
		skip("$name is itself not valid", 1) if complaints("--schema $schema", "$work/original.xml") ne '';
		is(complaints("--schema $schema", @documents), '', "$name: valid");
		$valid += @documents;
	}
}

check($_, basename($_)) for sort glob("$root/test/data/iso20022/*.xml");
is($messages, 4, 'our own messages');

SKIP:
{
	skip('THE PUBLIC SAMPLES ARE NOT TESTED: PROTADDR_DATA names no folder with them', 1) if !-d $samples;
	check($_, basename(dirname($_)) . '/' . basename($_)) for sort glob("$samples/*/*.xml");
	cmp_ok($messages, '>', 20, 'and the public samples');
}
note("$messages messages, rewritten $rewritten times, of which $valid validated");
done_testing();
