#
# 006_real_extract.pl
#		Does a real delivery of the population register protect whom it should?
#
# The test extract that the Danish CPR office gives to developers, from the public
# reference data that PROTADDR_DATA names.
#
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ProtaddrTest;
use Test::More;

my $extract = ($ENV{PROTADDR_DATA} // '') . '/cpr/cprbroker/U12170-P_opgavenr_110901_ADRNVN_FE.txt';
plan skip_all => 'THE REAL EXTRACT IS NOT TESTED: PROTADDR_DATA names no folder with it' if !-r $extract;

# What is in it, counted here and not by protaddr.
open(my $in, '<:encoding(iso-8859-1)', $extract) or die "$extract: $!";
my (%person, %code, %hint, $produced);
while (my $line = <$in>)
{
	$produced = substr($line, 19, 8) if $line =~ /^000/;
	$person{ substr($line, 3, 10) } = $line =~ /^001.{10}(\d{10})/ ? $1 : '' if $line =~ /^001/;
	next if $line !~ /^004(\d{10})(\d{4})(?:.{10})?(\d{4}-\d\d-\d\d)?/;
	push @{ $code{$2} }, $1;
	$hint{$1} = $3 if $2 eq '0001';
}
close($in);
my @protected = sort @{ $code{'0001'} };
# a number that another took the place of stands for the same person
my %is_protected = map { $_ => 1 } @protected;
my @withheld = sort(@protected, grep { !$is_protected{$_} && $is_protected{ $person{$_} } } keys %person);
is(scalar(keys %person), 80, '80 people');
is(scalar(@protected), 9, '9 of them with code 0001');

my $node = cluster(PostgreSQL::Test::Cluster->new('real'));
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION protaddr');
$node->safe_psql('postgres', q(CREATE TABLE customer (cpr text PRIMARY KEY, home protaddr.address); SELECT protaddr.bind_column('customer', 'home', subject => 'cpr')));
$node->safe_psql('postgres', "INSERT INTO customer VALUES ('$_', 'Vej 1')") for sort keys %person;
is($node->safe_psql('postgres', q(SET client_min_messages = error; SELECT count(*) FROM customer WHERE protaddr.show(home) <> '[address withheld]')),
	'0', 'before the delivery nothing is shown');

my $load = "SELECT persons, protected, newly_protected, lifted, unknown_codes, to_char(produced, 'YYYYMMDD') FROM protaddr.load_cpr(pg_read_binary_file('$extract'))";
is($node->safe_psql('postgres', $load), "80|9|9|0|0|$produced", 'the delivery is loaded');
is($node->safe_psql('postgres', q(SELECT string_agg(cpr, ',' ORDER BY cpr) FROM customer WHERE protaddr.is_protected(cpr))),
	join(',', @withheld), 'exactly the 9 are protected, and the old numbers of theirs');
is($node->safe_psql('postgres', q(SELECT string_agg(cpr, ',' ORDER BY cpr) FROM customer WHERE protaddr.show(home) = '[address withheld]')),
	join(',', @withheld), 'and their addresses withheld');

my $day = $produced =~ s/(....)(..)(..)/$1-$2-$3/r;
my @past = sort grep { defined $hint{$_} && $hint{$_} lt $day } @protected;
is(scalar(@past), 4, 'the delete date of 4 of them is past when the delivery is made');
is($node->safe_psql('postgres', "SELECT string_agg(subject, ',' ORDER BY subject) FROM protaddr.protection WHERE code = '0001' AND delete_hint < '$day' AND recorded_to = 'infinity'"),
	join(',', @past), 'protaddr has kept these dates');
is($node->safe_psql('postgres', "SELECT bool_and(protaddr.is_protected(s)) FROM unnest('{" . join(',', @past) . "}'::text[]) s"), 't', 'and they are protected all the same');
is($node->safe_psql('postgres', q(SELECT status || ' ' || persons || ' ' || protected FROM protaddr.register_status)), 'fresh 80 9', 'register_status says so');

is($node->safe_psql('postgres', $load), "80|9|0|0|0|$produced", 'the same delivery again changes nobody');

# cut off anywhere, it is refused whole
my $bytes = -s $extract;
for my $length (int($bytes / 2), $bytes - 30)
{
	is(psql_error($node, 'postgres', "SELECT protaddr.load_cpr(pg_read_binary_file('$extract', 0, $length))"), '22P02', "cut off after $length bytes it is refused");
}
is($node->safe_psql('postgres', 'SELECT count(*) FROM customer WHERE protaddr.is_protected(cpr)'), scalar(@withheld), 'and the register is as it was');
$node->stop;
done_testing();
