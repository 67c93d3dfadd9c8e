#
# 033_standby_picture.pl
#		What answers on a standby, where no picture can be shared, and in how much memory?
#
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ProtaddrTest;
use Test::More;

my $people  = 50_000;
my $protected = $people / 5;	# a tenth of them, by number and by account
my $primary = cluster(PostgreSQL::Test::Cluster->new('primary'), allows_streaming => 1);
$primary->append_conf('postgresql.conf', "shared_preload_libraries = 'protaddr'\nprotaddr.shared_picture_size = 4");
$primary->start;
new_database($primary, 'bank');
# every tenth is protected; each has an account
$primary->safe_psql('bank', <<"SQL");
SELECT outcome FROM protaddr.load_register('DK-CPR', (SELECT jsonb_agg(jsonb_build_object('subject', 'K' || i,
	'protections', CASE WHEN i % 10 = 0 THEN '[{"code": "0001"}]'::jsonb ELSE '[]' END)) FROM generate_series(1, $people) i));
INSERT INTO protaddr.identity_link (identifier, subject) SELECT 'A' || i, 'K' || i FROM generate_series(1, $people) i;
CREATE TABLE asked AS SELECT 'K' || i AS who FROM generate_series(1, $people) i UNION ALL SELECT 'A' || i FROM generate_series(1, $people) i;
CREATE TABLE home AS SELECT 'K' || i AS who, protaddr.address(strtnm => 'Vej', subject => 'K' || i) AS home FROM generate_series(1, 100) i;
SQL
is($primary->safe_psql('bank', 'SELECT protaddr.build_shared_picture(); SELECT state FROM protaddr.shared_picture'), "t\nready", 'the primary has a picture');

$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->append_conf('postgresql.conf', "hot_standby_feedback = on\nwal_receiver_status_interval = 1");
chmod(0600, $standby->data_dir . '/protaddr.kek') or die $!;	# the test framework copies without modes
$standby->start;
$primary->wait_for_catchup($standby, 'replay');

my $state   = 'SELECT state, reason FROM protaddr.shared_picture';
my $answers = q(SELECT count(*) FILTER (WHERE protaddr.is_protected(who)), md5(string_agg(who, ',' ORDER BY who) FILTER (WHERE protaddr.is_protected(who))) FROM asked);
my $shown   = q(SELECT count(*) FILTER (WHERE protaddr.show(home) = 'Vej') FROM home);

is($standby->safe_psql('bank', $state), 'none|the server is a standby', 'the standby has none, and says why');
is($standby->safe_psql('bank', 'SELECT protaddr.build_shared_picture()'), 'f', 'nor can it be built there');
like($primary->safe_psql('bank', $answers), qr/^$protected\|/, 'the primary answers');

my $session = $standby->background_psql('bank');
my $pid = $session->query_safe('SELECT pg_backend_pid();');
$session->query_safe('SELECT protaddr.register_ready();');
my $before = memory_of($standby, $pid, sub { $session->query_safe('SELECT 1;') });
is($session->query_safe("$answers;"), $primary->safe_psql('bank', $answers), 'the standby gives the same answers about everybody');
is($session->query_safe("$shown;"), '90', 'and shows the same');
is($session->query_safe(q(SELECT protaddr.unknown_people('asked', 'who');)), '0', 'and knows the same');
my $more = memory_of($standby, $pid, sub { $session->query_safe('SELECT 1;') }) - $before;
note("memory of a session on a standby that has asked of $people people and as many accounts: $more bytes");
cmp_ok($more, '<', 40 * 2 * $people, 'in no more than 40 bytes for each of them');

# a change of the primary counts once it is replayed, in a session that knew better
$primary->safe_psql('bank', q(SELECT protaddr.protect('K1', 'DK-CPR', '0001')));
$primary->wait_for_catchup($standby, 'replay');
is($session->query_safe(q(SELECT protaddr.is_protected('K1'), protaddr.is_protected('A1'), protaddr.is_protected('K2');)), 't|t|f', 'who is protected on the primary is protected here');
is($session->query_safe("$shown;"), '89', 'and withheld');
$primary->safe_psql('bank', q(SELECT protaddr.lift('K1', 'DK-CPR', '0001')));
$primary->wait_for_catchup($standby, 'replay');
is($session->query_safe(q(SELECT protaddr.is_protected('K1'), protaddr.is_protected('A1');)), 'f|f', 'and free once that is over');
is($session->query_safe("$answers;"), $primary->safe_psql('bank', $answers), 'all answers are the same again');

# promoted, it builds one
$primary->stop;
$standby->promote;
is($session->query_safe('SELECT protaddr.build_shared_picture();'), 't', 'promoted, it builds a picture');
is($standby->safe_psql('bank', $state), 'ready|', 'which is ready');
is($session->query_safe("$shown;"), '90', 'and answers as before');
$standby->safe_psql('bank', q(SELECT protaddr.protect('K1', 'DK-CPR', '0001')));
is($session->query_safe("$shown;"), '89', 'and knows who is protected from here on');
is($standby->safe_psql('bank', 'SELECT changes > 0 FROM protaddr.shared_picture'), 't', 'by a note in the picture');
$session->quit;
$standby->stop;
done_testing();
