#
# 015_shapes.pl
#		Do the same people give the same register, whatever the shape they come in?
#
# Generated deliveries in three shapes, in two encodings, and as a stream or whole;
# and the real files that the register and its users publish for developers, from the
# public reference data that PROTADDR_DATA names.
#
use strict;
use warnings;
use Encode qw(decode encode);
use FindBin;
use lib "$FindBin::RealBin/../lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ProtaddrTest;
use RegisterTest;
use Test::More;

my $node = cluster(PostgreSQL::Test::Cluster->new('shapes'));
my $dir  = $node->basedir;
$node->start;
new_database($node, 'bank');

# ---- generated ------------------------------------------------------------------------

for my $seed (1 .. 6)
{
	my @options = ('--people', 700 * $seed, '--seed', $seed, '--protected', $seed * 0.1);
	my %made    = map { $_ => make_cpr(@options, '--shape', $_) } qw(newline fixed padded);

	# and what transfers do to lines
	($made{crlf}   = $made{newline}) =~ s/\n/\r\n/g;
	($made{blanks} = $made{newline}) =~ s/^(008.*)$/$1  /mg;
	$made{utf8}   = encode('UTF-8', decode('ISO-8859-1', $made{fixed}));
	is(scalar(keys %{ { reverse %made } }), 6, "seed $seed: the files differ");

	my ($people, %protected) = (0);
	for my $line (split /\n/, $made{newline})
	{
		$people++ if substr($line, 0, 3) eq '001';
		$protected{ substr($line, 3, 10) } = 1 if substr($line, 0, 3) eq '004' && substr($line, 13, 4) eq '0001';
	}
	for my $shape (sort { ($b eq 'newline') <=> ($a eq 'newline') || $a cmp $b } keys %made)
	{
		my $file     = spew("$dir/$shape.txt", $made{$shape});
		my %argument = (source => "'$shape $seed'");
		$argument{encoding} = q('UTF-8') if $shape eq 'utf8';
		is($node->safe_psql('bank', 'SELECT persons, protected, outcome, produced FROM ' . load_file($file, %argument)),
			"$people|" . keys(%protected) . '|loaded|2026-11-20', "seed $seed, $shape: loaded");
		is($node->safe_psql('bank', in_force("$shape $seed")), $node->safe_psql('bank', in_force("newline $seed")), "seed $seed, $shape: the same register")
		  if $shape ne 'newline';
		is($node->safe_psql('bank', "SELECT string_agg(subject_key, ',' ORDER BY subject_key) FROM protaddr.protection WHERE source = '$shape $seed' AND kind <> 'none'"),
			join(',', sort keys %protected), "seed $seed, $shape: the right people");

		# the client's way
		my $arguments = join('', map { ", $_ => $argument{$_}" } sort keys %argument);
		is($node->safe_psql('bank', "SELECT outcome FROM protaddr.load_cpr(pg_read_binary_file('$file')$arguments)"),
			'already loaded', "seed $seed, $shape: as bytes it is the same delivery");
	}
}

# ---- the real ones ------------------------------------------------------------------------

# put_right($file) has every name below its person, and the count that it should have
sub put_right
{
	my ($number, $count, $right) = ('', 0, '');

	for my $line (split /\r?\n/, $_[0])
	{
		$number = $1 if $line =~ /^001(\d{10})/;
		$line =~ s/^(02[01])\d{10}/$1$number/;
		$line = sprintf('999%08d', $count) if $line =~ /^999/;
		$count++ if $line =~ /^(?!000|999)\d/;
		$right .= "$line\n";
	}
	return $right;
}

my $data = ($ENV{PROTADDR_DATA} // '') . '/cpr';
my $extract = "$data/cprbroker/U12170-P_opgavenr_110901_ADRNVN_FE.txt";
SKIP:
{
	skip 'THE REAL FILES ARE NOT TESTED: PROTADDR_DATA names no folder with them', 1 if !-r $extract;

	# what they say, read here and not by protaddr
	my %in_extract;
	for my $line (split /\r?\n/, slurp_file($extract))
	{
		$in_extract{$1}{$2} = 1 if $line =~ /^004(\d{10})(\d{4})/;
	}
	is($node->safe_psql('bank', 'SELECT persons FROM ' . load_file($extract, source => q('extract'))), '80', 'the real extract is loaded');

	# 40 of its people one by one, each reply into the same source and into another
	my @replies = glob("$data/cprbroker/persons/PNR_*.txt");
	cmp_ok(scalar(@replies), '>', 30, 'there are replies');
	my (%in_replies, @asked);
	for my $reply (@replies)
	{
		my ($number) = $reply =~ /PNR_(\d{10})/;
		my %codes;
		for my $line (split /\r?\n/, slurp_file($reply)) { $codes{$1} = 1 if $line =~ /^004$number(\d{4})/; }
		$in_replies{$number} = join(' ', sort keys %codes);
		push @asked, $number;
		is(psql_error($node, 'bank', 'SELECT ' . load_file($reply, source => q('wrong'))), '22P02', "$number: a reply is no delivery");
		is($node->safe_psql('bank', 'SELECT persons, outcome FROM ' . load_file($reply, source => q('replies'), kind => q('reply'))), '1|loaded', "$number: loaded");
	}
	my $codes = sub { $node->safe_psql('bank', "SELECT string_agg(n || ':' || coalesce((SELECT string_agg(code, ' ' ORDER BY code) FROM protaddr.protection
		WHERE source = '$_[0]' AND subject_key = protaddr.subject_key(n) AND recorded_to = 'infinity' AND valid_to = 'infinity'), ''), ',' ORDER BY n) FROM unnest('{@{[ join(',', @asked) ]}}'::text[]) n") };
	is($codes->('replies'), join(',', map { "$_:$in_replies{$_}" } sort @asked), 'the replies say what they say');
	is($codes->('extract'), join(',', map { "$_:" . join(' ', sort keys %{ $in_extract{$_} || {} }) } sort @asked), 'and so does the extract');
	is($node->safe_psql('bank', q(SELECT count(*) FROM protaddr.register_source WHERE source = 'replies')), '0', 'replies alone make no register');

	# A reply between two deliveries says nothing of these.
	my $produced = substr(slurp_file($extract), 19, 8);
	my $reply    = spew("$dir/reply.txt", redated(slurp_file($replies[0]), $produced + 2, $produced + 1));
	is($node->safe_psql('bank', 'SELECT outcome FROM ' . load_file($reply, source => q('extract'), kind => q('reply'))), 'loaded', 'a later reply into the source of the extract');
	my $next = spew("$dir/next.txt", redated(slurp_file($extract), $produced + 1, $produced));
	is($node->safe_psql('bank', 'SELECT outcome FROM ' . load_file($next, source => q('extract'))), 'loaded', 'the delivery of the next day is not thought to be amiss');
	is(scalar(grep { $node->safe_psql('bank', "SELECT protaddr.is_protected('$_')") eq 't' } grep { $in_extract{$_}{'0001'} } keys %in_extract), 9, 'and the 9 are protected');

	# The bitemporal files: from 015 what holds, from 016 when it ended.  Three were cut
	# down by hand before they were published, and are refused until that is put right.
	my %slip = ('personWithParentRelation.txt' => 'Record 36,', 'persondata.txt' => 'Record 22,', 'persondata2.txt' => 'Record 8,');
	for my $name (qw(GLBASETEST2 personWithParentRelation.txt persondata.txt persondata2.txt))
	{
		my $file = "$data/datafordeler/$name";
		my $kind = slurp_file($file) =~ /^000/ ? 'delivery' : 'bitemporal';
		if ($slip{$name})
		{
			my ($code, $message) = error_of($node, 'bank', 'SELECT ' . load_file($file, source => "'$name'", kind => "'$kind'"));
			is($code, '22P02', "$name: refused");
			ok(index($message, $slip{$name}) >= 0, "$name: where its slip is") or diag($message);
			$file = spew("$dir/$name", put_right(slurp_file($file)));
		}
		my (%holds, %ended, %people);
		for my $line (split /\r?\n/, slurp_file($file))
		{
			$people{$1} = 1 if $line =~ /^001(\d{10})/;
			$holds{"$1 $2"} = 1 if $line =~ /^015(\d{10})(\d{4})/;
			$ended{"$1 $2 $3"} = 1 if $line =~ /^016(\d{10})(\d{4}).{55}(\d{4}-\d\d-\d\d)/;
		}
		my $source = "'$name'";
		is($node->safe_psql('bank', 'SELECT persons, outcome FROM ' . load_file($file, source => $source, kind => "'$kind'")),
			keys(%people) . '|loaded', "$name: loaded");
		is($node->safe_psql('bank', "SELECT coalesce(string_agg(subject || ' ' || code, ',' ORDER BY subject, code), '') FROM protaddr.protection WHERE source = $source AND recorded_to = 'infinity' AND valid_to = 'infinity'"),
			join(',', sort keys %holds), "$name: what holds");
		# the day it ended is a day of protection still
		is($node->safe_psql('bank', "SELECT coalesce(string_agg(subject || ' ' || code || ' ' || ((valid_to AT TIME ZONE 'Europe/Copenhagen')::date - 1), ',' ORDER BY subject, code, valid_to), '')
				FROM protaddr.protection WHERE source = $source AND recorded_to = 'infinity' AND valid_to < 'infinity'"),
			join(',', sort keys %ended), "$name: what has ended, and when");
	}
}
$node->stop;
done_testing();
