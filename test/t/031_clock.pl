#
# 031_clock.pl
#		Does a clock that is wrong, or is put right, disclose anything?
#
# The server's clock is libfaketime's, and steps as a file tells it: years ahead while the
# register is confirmed or loaded, back again, and days behind.
#
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use POSIX qw(strftime);
use ProtaddrTest;
use RegisterTest;
use Test::More;

my ($library) = glob('/usr/lib/*/faketime/libfaketime.so.1');
if (!defined $library)
{
	diag('NOT TESTED: steps of the clock: libfaketime (Debian package faketime) is not installed');
	plan skip_all => 'libfaketime is not installed';
}

my $node  = cluster(PostgreSQL::Test::Cluster->new('clock'));
my $clock = $node->basedir . '/clock';
sub clock { my ($is) = @_; spew($clock, "$is\n"); return; }
clock('+0');
{
	local $ENV{LD_PRELOAD} = $library;
	local $ENV{FAKETIME_TIMESTAMP_FILE} = $clock;
	local $ENV{FAKETIME_NO_CACHE} = 1;
	local $ENV{FAKETIME_DONT_FAKE_MONOTONIC} = 1;
	$node->start;
}
$node->safe_psql('postgres', 'CREATE DATABASE bank');
$node->safe_psql('bank', <<'SQL');
CREATE EXTENSION protaddr;
CREATE TABLE customer (cpr text PRIMARY KEY, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', subject => 'cpr');
INSERT INTO customer VALUES ('P1', 'Testvej 1'), ('P2', 'Testvej 2');
SELECT protaddr.load_register('NO-FREG', '[{"subject": "P1", "protections": []}, {"subject": "P2", "protections": []}]');
SQL
my $load = q(SELECT outcome FROM protaddr.load_register('NO-FREG', '[{"subject": "P1", "protections": []}, {"subject": "P2", "protections": []}]'));
my $ask  = q(SET client_min_messages = error; SELECT (SELECT string_agg(status, ',') FROM protaddr.register_status), string_agg(protaddr.show(home), ',' ORDER BY cpr) FROM customer);
my $none = WITHHELD . ',' . WITHHELD;
my $open = $node->background_psql('bank');
sub is_shown
{
	my ($status, $shown, $name) = @_;
	is($node->safe_psql('bank', $ask), "$status|$shown", $name);
	is($open->query_safe($ask), "$status|$shown", "$name, in a session that was there before");
	return;
}

like($node->safe_psql('bank', 'SELECT now()'), qr/^@{[ strftime('%Y', gmtime) ]}-/, 'the clock is right');
is_shown('fresh', 'Testvej 1,Testvej 2', 'a right clock');

clock('+3600d');
cmp_ok($node->safe_psql('bank', q(SELECT extract(year FROM now()))), '>', strftime('%Y', gmtime) + 8, 'the clock steps ahead');
is_shown('stale', $none, 'ten years ahead the register is old');
$node->safe_psql('bank', q(SELECT protaddr.confirm_register('NO-FREG')));
is_shown('fresh', 'Testvej 1,Testvej 2', 'confirmed by that clock it is fresh');
$node->safe_psql('bank', q(SELECT protaddr.protect('P2', 'NO-FREG', '6')));
clock('+0');
is_shown('ahead of time', $none, 'the clock is put right: its newest word is of a time to come');
clock('+1800d');
is_shown('ahead of time', $none, 'nor does it get fresh by waiting for years');
clock('+0');
$node->safe_psql('bank', q(SELECT protaddr.confirm_register('NO-FREG')));
is_shown('fresh', 'Testvej 1,' . WITHHELD, 'confirmed anew it is fresh, and what was entered meanwhile holds');

clock('+3600d');
is($node->safe_psql('bank', $load), 'loaded', 'loaded by a clock that is ahead');
clock('+0');
is_shown('ahead of time', $none, 'put right');
is($node->safe_psql('bank', $load), 'loaded', 'loaded again');
is_shown('fresh', 'Testvej 1,' . WITHHELD, 'it is believed no longer');

clock('-2d');
is_shown('ahead of time', $none, 'a clock that steps back two days');
my $day = strftime('%Y%m%d', gmtime(time + 86400));
is(psql_error($node, 'bank', 'SELECT ' . load_file(spew($node->basedir . '/ahead.txt', small_cpr($day, '0' x 8, [ '6101704001', '0001', '2020-01-01' ])))), '55000', 'a delivery of days to come is refused');
clock('-30s');
is_shown('fresh', 'Testvej 1,' . WITHHELD, 'half a minute is what clocks differ');
clock('+0');
is($node->safe_psql('bank', q(SELECT protaddr.lift('P2', 'NO-FREG', '6'))), 't', 'what was entered ahead of time can be lifted');
is_shown('fresh', 'Testvej 1,Testvej 2', 'and is');
$open->quit;
$node->stop;
done_testing();
