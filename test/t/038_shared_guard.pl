#
# 038_shared_guard.pl
#		Do all sessions find the same by the copy that they share, whatever happens to it?
#
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ProtaddrTest;
use Test::More;

my $node = cluster(PostgreSQL::Test::Cluster->new('main'), allows_streaming => 1);
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'protaddr'\nprotaddr.max_replay_lag = 0\nrestart_after_crash = on");
$node->start;
new_database($node, 'bank');
$node->safe_psql('bank', <<'SQL');
CREATE TABLE customer (id int PRIMARY KEY, cpr text NOT NULL, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', 'cpr');
-- in streets of their own and in one that many share, with and without floors
INSERT INTO customer SELECT i, 'P' || i, protaddr.address(strtnm => CASE WHEN i % 3 = 0 THEN 'Opdigtet Moseager' ELSE 'Opdigtet' || chr(97 + i % 26) || chr(97 + i / 26 % 26) || 'vej' END,
	bldgnb => (i % 50 + 1)::text, flr => CASE WHEN i % 5 = 0 THEN '2' END, unitnb => CASE WHEN i % 5 = 0 THEN 'tv' END,
	pstcd => (5000 + i % 7)::text, twnnm => 'Opdigtby ' || chr(65 + i % 7)) FROM generate_series(1, 2400) i;
SELECT count(protaddr.protect('P' || i, 'DK-CPR', '0001')) FROM generate_series(1, 300) i;
CREATE TABLE said (id int, line text);
INSERT INTO said SELECT 10 * i + v, CASE v
	WHEN 0 THEN format('%s %s, %s Opdigtby %s', s, n, 5000 + i % 7, chr(65 + i % 7))
	WHEN 1 THEN format('Til %s %s, Opdigtby %s', upper(s), n, chr(65 + i % 7))
	WHEN 2 THEN format('%s %s', s, n)
	WHEN 3 THEN format('%s %s, 2. tv, %s Opdigtby %s', replace(s, 'vej', 'v.'), n, 5000 + i % 7, chr(65 + i % 7))
	WHEN 4 THEN format('%s %s, %s Opdigtby %s', replace(s, 'dig', 'dg'), n, 5000 + i % 7, chr(65 + i % 7))
	ELSE format('%s %s, %s Opdigtby %s', s, n + 1, 5000 + i % 7, chr(65 + i % 7)) END
	FROM (SELECT i, CASE WHEN i % 3 = 0 THEN 'Opdigtet Moseager' ELSE 'Opdigtet' || chr(97 + i % 26) || chr(97 + i / 26 % 26) || 'vej' END AS s, i % 50 + 1 AS n FROM generate_series(1, 1200) i) x, generate_series(0, 5) v;
SQL

# what is found in everything that was said, in one line
my $found = q(SELECT md5(string_agg(format('%s %s %s %s %s', id, f.subject, f.start, f.length, f.certainty), E'\n' ORDER BY id, f.start, f.length, f.subject)), count(*) FROM said, protaddr.find_protected(line) f);
my $session = q(SELECT addresses || ' addresses, ' || shared_addresses || ' shared' || CASE WHEN shared_addresses = 0 THEN '' WHEN bytes < 200000 THEN ', small' ELSE ', large' END FROM protaddr.guard_session());
my $look = q(SELECT count(*) FROM protaddr.find_protected('nothing'));

sub waits_for
{
	my ($server, $what, $name) = @_;
	my $last = '';
	for (1 .. 600)
	{
		$last = $server->safe_psql('bank', "$look; $session");
		last if $last =~ $what;
		select(undef, undef, undef, 0.1);
	}
	like($last, $what, $name);
}

# ---- made once, read by all --------------------------------------------------------------

like($node->safe_psql('bank', "$look; $session"), qr/^0\n300 addresses, 300 shared, small$/, 'the first session that looks has it made');
my $made = $node->safe_psql('bank', "$look; SELECT built_at FROM protaddr.guard_session()");
is($node->safe_psql('bank', "$look; SELECT built_at FROM protaddr.guard_session()"), $made, 'the next one reads the same');

# the same addresses half in the copy and half above it, all in it, and all read by one session alone
my $old = $node->background_psql('bank');
$old->query_safe($look);
$node->safe_psql('bank', q(SELECT count(protaddr.protect('P' || i, 'DK-CPR', '0001')) FROM generate_series(301, 900) i));
is($old->query_safe("$look; $session"), "0\n900 addresses, 300 shared, large", 'what others have added is read by each session');
my $half = $old->query_safe($found);
like($half, qr/\|\d{3,}$/, 'much is found');
$old->quit;
$node->restart;
like($node->safe_psql('bank', "$look; $session"), qr/^0\n900 addresses, 900 shared, small$/, 'after a restart another one is made');
is($node->safe_psql('bank', $found), $half, 'with the same answers');
$node->append_conf('postgresql.conf', "shared_preload_libraries = ''");
$node->restart;
is($node->safe_psql('bank', "$look; $session"), "0\n900 addresses, 0 shared", 'without preloading each session reads for itself');
is($node->safe_psql('bank', $found), $half, 'with the same answers');
is($node->safe_psql('bank', 'SELECT not_shared_because FROM protaddr.guard_session()'), 'the library is not in shared_preload_libraries', 'and says why');
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'protaddr'");
$node->restart;

# ---- changes -------------------------------------------------------------------------------

my $reader = $node->background_psql('bank');
$reader->query_safe($look);
my $one = q(SELECT certainty FROM protaddr.find_protected('Opdigtet Moseager 77, 5003 Opdigtby D'));
is($reader->query_safe($one), '', 'an address of nobody who is protected');
$node->safe_psql('bank', q(SELECT protaddr.protect('P1401', 'DK-CPR', '0001'); UPDATE customer SET home = protaddr.address(strtnm => 'Opdigtet Moseager', bldgnb => '77', pstcd => '5003', twnnm => 'Opdigtby D') WHERE id = 1401));
is($reader->query_safe($one), 'exact', 'is found once one who is protected moves there');
$node->safe_psql('bank', q(SELECT protaddr.lift('P1401', 'DK-CPR', '0001')));
is($reader->query_safe($one), '', 'and no more once they are not');
is($reader->query_safe(q(SELECT count(*) FROM protaddr.find_protected('Opdigtet Moseager 4, 5003 Opdigtby D'))), '1', 'an address of the copy');
$node->safe_psql('bank', q(SELECT protaddr.lift('P3', 'DK-CPR', '0001')));
is($reader->query_safe(q(SELECT count(*) FROM protaddr.find_protected('Opdigtet Moseager 4, 5003 Opdigtby D'))), '0', 'whose person is not protected any more');

# a transaction that is rolled back, and one that nobody sees yet
$reader->query_safe(q(BEGIN; SELECT protaddr.protect('P1402', 'DK-CPR', '0001')));
is($reader->query_safe(q(SELECT count(*) FROM protaddr.find_protected((SELECT 'Opdigtet' || chr(97 + 1402 % 26) || chr(97 + 1402 / 26 % 26) || 'vej ' || (1402 % 50 + 1) || ', ' || (5000 + 1402 % 7) || ' Opdigtby ' || chr(65 + 1402 % 7))) f WHERE f.subject = 'P1402')), '1', 'a session finds whom its own transaction protects');
my $new = $node->safe_psql('bank', "$look; $session");
like($new, qr/^0\n\d+ addresses, 900 shared/, 'which others do not read');
$reader->query_safe('ROLLBACK');

# words
$node->safe_psql('bank', q(INSERT INTO protaddr.address_word (language, kind, word, means) VALUES ('xx', 'street', 'opdigtet', 'opd')));
is($reader->query_safe(q(SELECT certainty FROM protaddr.find_protected('Opd Moseager 7, 5006 Opdigtby G'))), 'safe', 'other words count in every session');
like($node->safe_psql('bank', "$look; $session"), qr/^0\n\d+ addresses, (?!900)\d+ shared, small$/, 'and have another copy made');
$reader->query_safe(q(BEGIN; INSERT INTO protaddr.address_word (language, kind, word, means) VALUES ('xx', 'street', 'moseager', 'mosea')));
is($reader->query_safe(q(SELECT certainty FROM protaddr.find_protected('Opdigtet Mosea 7, 5006 Opdigtby G'))), 'safe', 'words of a transaction count in it');
like($reader->query_safe($session), qr/ 0 shared$/, 'which reads for itself');
$reader->query_safe('ROLLBACK');
is($reader->query_safe(q(SELECT certainty FROM protaddr.find_protected('Opdigtet Mosea 7, 5006 Opdigtby G') WHERE certainty = 'safe')), '', 'and count no more when it is rolled back');

# much is added: another copy is made, and sessions go over to it
$node->safe_psql('bank', q(INSERT INTO customer SELECT i, 'P' || i, protaddr.address(strtnm => 'Opdigtet Moseager', bldgnb => (i % 900 + 100)::text, pstcd => (5000 + i % 7)::text, twnnm => 'Opdigtby ' || chr(65 + i % 7)) FROM generate_series(10001, 15000) i;
	SELECT count(protaddr.protect('P' || i, 'DK-CPR', '0001')) FROM generate_series(10001, 15000) i));
waits_for($node, qr/^0\n\d+ addresses, (5[89]|60)\d\d shared, small$/, 'with much added another copy is made');
is($reader->query_safe("$look; $session"), $node->safe_psql('bank', "$look; $session"), 'and a session goes over to it');
my $all = $node->safe_psql('bank', $found);

# ---- what can go wrong -------------------------------------------------------------------------

# a lock that the worker would wait for
$node->restart;
my $locker = $node->background_psql('bank');
$locker->query_safe('BEGIN; LOCK TABLE protaddr.address_word IN ACCESS EXCLUSIVE MODE');
like($locker->query_safe("$look; $session"), qr/ 0 shared$/, 'who locks what the worker needs does not wait for it');
$locker->query_safe('ROLLBACK');
$locker->quit;
waits_for($node, qr/, small$/, 'and later sessions share');

# the postmaster starts everything anew
$reader->quit;
crashed($node, $node->safe_psql('postgres', q(SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter')));
like($node->safe_psql('bank', "$look; $session"), qr/, small$/, 'after a crash another copy is made');
is($node->safe_psql('bank', $found), $all, 'with the same answers');

# another database of the same OID
my $oid = $node->safe_psql('bank', q(SELECT oid FROM pg_database WHERE datname = 'bank'));
$node->safe_psql('bank', "$look");
my $dump = $node->basedir . '/bank.sql';
$node->command_ok([ 'pg_dump', '-f', $dump, $node->connstr('bank') ], 'a dump');
$node->safe_psql('postgres', "CREATE DATABASE other TEMPLATE bank");
like($node->safe_psql('other', "SELECT protaddr.confirm_register('test'); $look; $session"), qr/, small$/, 'a database made of another one has a copy of its own');
$node->safe_psql('other', q(SELECT count(protaddr.lift('P' || i, 'DK-CPR', '0001')) FROM generate_series(1, 6) i));
is($node->safe_psql('bank', $found), $all, 'that changes nothing in the first');
$node->safe_psql('postgres', 'DROP DATABASE bank');
$node->safe_psql('postgres', "CREATE DATABASE bank TEMPLATE other OID $oid");
$node->safe_psql('bank', q(SELECT protaddr.confirm_register('test')));
isnt($node->safe_psql('bank', $found), $all, 'a database made with the OID of another one has its own');

# a standby
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
chmod(0600, $standby->data_dir . '/protaddr.kek') or die $!;	# the test framework copies without modes
$standby->start;
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
like($standby->safe_psql('bank', "$look; $session"), qr/, small$/, 'the sessions of a standby share a copy');
is($standby->safe_psql('bank', $found), $node->safe_psql('bank', $found), 'with the answers of the primary');
my $far = $standby->background_psql('bank');
$far->query_safe($look);
$node->safe_psql('bank', q(SELECT protaddr.guard_address('{"StrtNm":"Opdigtet Tilflugt","BldgNb":"7","PstCd":"5000","TwnNm":"Opdigtby A"}', reason => 'test')));
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
is($far->query_safe(q(SELECT certainty FROM protaddr.find_protected('Opdigtet Tilflugt 7, 5000 Opdigtby A'))), 'exact', 'what the primary adds is found there');
$far->quit;
$standby->stop;

# no process to be had
$node->append_conf('postgresql.conf', "max_worker_processes = 0\nmax_logical_replication_workers = 0\nmax_parallel_workers = 0");
$node->restart;
like($node->safe_psql('bank', "$look; $session"), qr/ 0 shared$/, 'without a worker each session reads for itself');
like($node->safe_psql('bank', "SELECT not_shared_because FROM protaddr.guard_session()"), qr/^no background worker/, 'and says why');
$node->append_conf('postgresql.conf', "max_worker_processes = 8");

# a key that is missing
$node->stop;
rename($node->data_dir . '/protaddr.kek', $node->basedir . '/kek') or die $!;
$node->start;
like(error_of($node, 'bank', $look), qr/55PA1/, 'what cannot be read is an error, shared or not');
is($node->safe_psql('bank', 'SELECT not_shared_because FROM protaddr.guard_session()'), 'the background worker failed: see the server log', 'that the worker has met first');
$node->stop;

done_testing();
