#
# 040_reference.pl
#		Are doc/reference.md and doc/errors.md what doc/generate.pl makes of this build?
#
use strict;
use warnings;
use FindBin;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $generate = "$FindBin::RealBin/../../doc/generate.pl";
my $node     = PostgreSQL::Test::Cluster->new('reference');
$node->init(extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
$node->start;
$ENV{PGHOST}     = $node->host;
$ENV{PGPORT}     = $node->port;
$ENV{PGDATABASE} = 'postgres';

sub generate
{
	my ($out, $err) = ('', '');

	IPC::Run::run([ 'perl', $generate, '--check', @_ ], '>', \$out, '2>', \$err);
	return ($? >> 8, $out, $err);
}

my ($status, $out, $err) = generate();
is("$status $err", '0 ', 'everything has its comment, and each error code its meaning');
is($out, '', 'reference.md and errors.md are current');
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_database WHERE datname LIKE 'protaddr%'}), 0, 'and no database is left');

# what the check is there for
$node->safe_psql('postgres', q{CREATE DATABASE mute});
$node->safe_psql('mute', q{CREATE EXTENSION protaddr; COMMENT ON FUNCTION protaddr.show IS NULL; COMMENT ON COLUMN protaddr.channel.route IS NULL});
($status, $out, $err) = generate('--database', 'mute');
is(join("\n", $status, sort split /\n/, $err), "1\nno COMMENT: column channel.route\nno COMMENT: function show(address protaddr.address)",
	'a comment that is missing is told');
$node->safe_psql('mute', q{COMMENT ON FUNCTION protaddr.show IS 'Something else.'; COMMENT ON COLUMN protaddr.channel.route IS 'Where it leads.'});
($status, $out, $err) = generate('--database', 'mute');
is($status, 1, 'a comment that is another one is told');
like($out, qr{^doc/reference\.md is not current; run doc/generate\.pl\n(?s:.*)^\+Something else\. \*For everybody\.\*$}m, 'with the line');
$node->stop;
done_testing();
