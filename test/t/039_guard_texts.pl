#
# What does the guard find in texts, and what does it take for a protected address?
#
# measure.sh's texts, fewer of them and always the same: no server is needed.  The goals
# are those of doc/guard.md, and measure.c judges.
#
use strict;
use warnings;
use FindBin;
use File::Temp qw(tempdir);
use Test::More;

my $root = "$FindBin::RealBin/../..";
my $data = $ENV{PROTADDR_DATA} // "$root/../shared/data";
my $work = tempdir(CLEANUP => 1);
my $cc = $ENV{CC} // 'cc';

sub slurp { open my $in, '<', $_[0] or return ''; local $/; return <$in> }

my %source = map { $_ => 1 } slurp("$root/Makefile") =~ m{\bsrc/(?:text|address|guard)/\w+\.c\b}g;
my @sources = map { "'$root/$_'" } 'test/guard/measure.c', sort keys %source;
is(system("$cc -std=gnu11 -O1 -g -I'$root/src' -o $work/measure @sources -lcrypto >$work/cc.log 2>&1"), 0, 'the program is built') or do { diag(slurp("$work/cc.log")); done_testing(); exit };

# Each line that measure.c judges is a test of ours; what it says of a miss is shown.
sub goals
{
	my ($part, $count, $more) = @_;
	my $tests = 0;

	$more //= '';

	is(system("perl '$root/test/guard/generate.pl' --part $part --count $count --seed 7 --data '$data' >$work/texts 2>$work/log"), 0, "$part: the texts are made") or return diag(slurp("$work/log"));
	is(system("'$work/measure' $more -v 2 -t '$part' '$root/src/guard/words.sql' <$work/texts >$work/tap 2>$work/log; test \$? -le 1"), 0, "$part: they are measured") or diag(slurp("$work/log"));
	for my $line (split /\n/, slurp("$work/tap"))
	{
		if ($line =~ /^(not )?ok \d+ - (.*)/) { ok(!$1, $2); $tests++ }
		elsif ($line =~ /^#/) { diag($line) }
	}
	cmp_ok($tests, '>', 0, "$part: was judged");
}

goals($_, 4000) for qw(da sv nb de fi);
goals($_, 2000, '-b') for qw(nl en fr);
goals('others', 10000);
goals('none', 10000);
SKIP:
{
	skip 'no public reference data', 1 unless -f "$data/addresses/dawa/dar_adressebetegnelse.csv";
	goals('dawa', 4000);
	goals('dawa_others', 10000);
}

done_testing();
