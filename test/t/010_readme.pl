#
# 010_readme.pl
#		Do the README and the pages of doc/ run as printed?
#
# How a page says what is run is in PageTest.pm.
#
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use PageTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $root   = "$FindBin::RealBin/../..";
my $readme = slurp_file("$root/README.md");
my $before = substr($readme, 0, index($readme, '```sql'));
cmp_ok(($before =~ tr/\n//), '<', 60, "the README's first SQL comes within 60 lines");
cmp_ok(($readme =~ tr/\n//), '<=', 250, 'and it has at most 250 lines');

my $node = page_node(PostgreSQL::Test::Cluster->new('readme'), $root);
my %blocks;
foreach my $page ('README.md', map { s{^\Q$root\E/}{}r } sort glob("$root/doc/*.md"))
{
	(undef, $blocks{$page}) = run_page($node, $page);
}
is(join(' ', sort grep { $blocks{$_} } keys %blocks),
	join(' ', 'README.md', map { "doc/$_.md" } qw(audit dba exports feeds guard law messages payments register roles sweep unlock)), 'the pages with blocks to run');
$node->stop;
done_testing();
