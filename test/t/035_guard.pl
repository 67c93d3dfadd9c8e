#
# 035_guard.pl
#		Is every address of everybody who is protected looked for, whoever did what at once,
#		and on a standby, after a crash, a prepared transaction and a restore?
#
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ProtaddrTest;
use Test::More;

my $seconds = $ENV{PROTADDR_GUARD_SECONDS} // 2;	# of each round
my $people  = 12;

# whose address stands in a column, is protected, and is not found in a text that holds it
my $missed = q(SELECT count(*) FROM (SELECT cpr, line FROM customer UNION ALL SELECT who, line FROM legacy) c
	WHERE protaddr.is_protected(c.cpr)
	  AND NOT EXISTS (SELECT FROM protaddr.find_protected('To ' || c.line || '.') f WHERE f.subject = protaddr.subject_key(c.cpr)));
# and who is found who is not protected, or does not live there any more
my $too_many = q(SELECT count(*) FROM (SELECT DISTINCT line FROM customer UNION SELECT line FROM legacy) c, protaddr.find_protected(c.line) f WHERE NOT protaddr.is_protected(f.subject));
my $protected = q(SELECT count(*) FROM customer WHERE protaddr.is_protected(cpr));

sub make
{
	my ($node) = @_;
	new_database($node, 'bank');
	$node->safe_psql('bank', <<"SQL");
CREATE TABLE customer (id int PRIMARY KEY, cpr text NOT NULL, line text NOT NULL, home protaddr.address);
CREATE TABLE legacy (id int PRIMARY KEY, who text NOT NULL, line text NOT NULL);
SELECT protaddr.bind_column('customer', 'home', 'cpr');
SELECT protaddr.declare_address_columns('legacy', 'who', line => 'line');
SQL
}

# ---- everything at once -----------------------------------------------------------------

my $script = <<"PGBENCH";
\\set id random(1, $people * 2)
\\set p random(1, $people)
\\set q random(1, $people)
\\set n random(1, 40)
\\set end random(1, 5)
\\set one random(1, 8)
BEGIN;
\\if :one = 1
SELECT protaddr.protect('P' || :p, 'DK-CPR', '0001');
\\elif :one = 2
SELECT protaddr.lift('P' || :p, 'DK-CPR', '0001');
\\elif :one = 3
SELECT protaddr.link_identity('C' || :p, 'P' || :q);
\\elif :one = 4
SELECT protaddr.unlink_identity('C' || :p, 'P' || :q);
\\elif :one = 5
DELETE FROM customer WHERE id = :id;
\\elif :one = 6
UPDATE customer SET line = 'Moseager ' || :n || ', 5000 Odense C', home = protaddr.address(strtnm => 'Moseager', bldgnb => (:n)::text, pstcd => '5000', twnnm => 'Odense C') WHERE id = :id;
\\elif :one = 7
INSERT INTO legacy VALUES (:id, 'C' || :p, 'Bakkestien ' || :n || ', 5000 Odense C') ON CONFLICT (id) DO UPDATE SET who = EXCLUDED.who, line = EXCLUDED.line;
\\else
INSERT INTO customer VALUES (:id, CASE WHEN :n % 2 = 0 THEN 'P' ELSE 'C' END || :p, 'Moseager ' || :n || ', 5000 Odense C',
	protaddr.address(strtnm => 'Moseager', bldgnb => (:n)::text, pstcd => '5000', twnnm => 'Odense C')) ON CONFLICT (id) DO NOTHING;
\\endif
\\if :end = 1
ROLLBACK;
\\else
COMMIT;
\\endif
PGBENCH

for my $preloaded (0, 1)
{
	my $node = cluster(PostgreSQL::Test::Cluster->new("at_once_$preloaded"));
	my $how  = $preloaded ? 'preloaded' : 'not preloaded';
	$node->append_conf('postgresql.conf', "shared_preload_libraries = 'protaddr'") if $preloaded;
	$node->start;
	make($node);
	my $file = $node->basedir . '/script';
	append_to_file($file, $script);
	my @rounds;
	for my $round (1 .. 4)
	{
		$node->command_ok(
			[ 'pgbench', '-n', '-c', '6', '-T', $seconds, '--max-tries=100', '-f', $file, '-d', $node->connstr('bank') ],
			"$how: six sessions protect, lift, link, write and move at once, round $round");
		# whatever the six have left, somebody is
		$node->safe_psql('bank', <<"SQL");
INSERT INTO customer VALUES (1000 + $round, 'P1', 'Moseager 50, 5000 Odense C',
	protaddr.address(strtnm => 'Moseager', bldgnb => '50', pstcd => '5000', twnnm => 'Odense C'));
SELECT protaddr.protect('P1', 'DK-CPR', '0001');
SQL
		push @rounds, $node->safe_psql('bank', $missed) . ' missed, ' . $node->safe_psql('bank', $too_many) . ' too many';
		cmp_ok($node->safe_psql('bank', $protected), '>', 0, "$how: some of them are protected");
	}
	is(join('; ', @rounds), join('; ', ('0 missed, 0 too many') x 4), "$how: the guard finds everybody who is protected, and nobody else");
	my $before = $node->safe_psql('bank', 'SELECT count(*) FROM protaddr.guarded_address');
	my $after  = $node->safe_psql('bank', 'SELECT protaddr.refresh_guard()');
	note("$how: $before addresses looked for, $after needed");
	cmp_ok($after, '<=', $before, "$how: looking anew adds nothing");
	is($node->safe_psql('bank', $missed), '0', "$how: nor does it lose anything");
	$node->stop;
}

# ---- a standby, a prepared transaction, a crash -----------------------------------------------

my $primary = cluster(PostgreSQL::Test::Cluster->new('primary'), allows_streaming => 1);
$primary->append_conf('postgresql.conf', "max_prepared_transactions = 2");
$primary->start;
make($primary);
$primary->safe_psql('bank', q(INSERT INTO customer SELECT i, 'P' || i, 'Moseager ' || i || ', 5000 Odense C', protaddr.address(strtnm => 'Moseager', bldgnb => i::text, pstcd => '5000', twnnm => 'Odense C') FROM generate_series(1, 500) i;
	SELECT count(protaddr.protect('P' || i, 'DK-CPR', '0001')) FROM generate_series(1, 250) i));
is($primary->safe_psql('bank', 'SELECT count(*) FROM protaddr.guarded_address'), '250', 'more people than are looked up one by one');
is($primary->safe_psql('bank', $missed), '0', 'are all looked for');

$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
chmod(0600, $standby->data_dir . '/protaddr.kek') or die $!;	# the test framework copies without modes
$standby->start;
$primary->wait_for_catchup($standby, 'replay');
my $session = $standby->background_psql('bank');
my $asked   = q(SELECT string_agg(f.subject, ' ' ORDER BY f.start) FROM protaddr.find_protected('Moseager 1, 5000 Odense C; Moseager 300, 5000 Odense C; Moseager 301, 5000 Odense C') f;);
is($session->query_safe($asked), 'P1', 'a standby finds the same');
$primary->safe_psql('bank', q(SELECT protaddr.protect('P300', 'DK-CPR', '0001')));
$primary->wait_for_catchup($standby, 'replay');
is($session->query_safe($asked), 'P1 P300', 'and what is protected later, in a session that knew better');
$primary->safe_psql('bank', q(SELECT protaddr.lift('P1', 'DK-CPR', '0001')));
$primary->wait_for_catchup($standby, 'replay');
is($session->query_safe($asked), 'P300', 'and no longer whoever is free again');

$primary->safe_psql('bank', q(BEGIN; SELECT protaddr.protect('P301', 'DK-CPR', '0001'); PREPARE TRANSACTION 'p'));
$primary->safe_psql('bank', q(UPDATE customer SET line = 'Moseager 301 A, 5000 Odense C', home = protaddr.address(strtnm => 'Moseager', bldgnb => '301 A', pstcd => '5000', twnnm => 'Odense C') WHERE id = 301));
$primary->stop('immediate');
$primary->start;
is($primary->safe_psql('bank', $asked), 'P300', 'what is prepared protects nobody');
$primary->safe_psql('bank', q(COMMIT PREPARED 'p'));
is($primary->safe_psql('bank', $missed), '0', 'once it is committed, after a crash, the address is looked for that was written meanwhile');
$session->quit;
$standby->stop;

# ---- a dump ------------------------------------------------------------------------------------

my $dump = $primary->basedir . '/bank.dump';
$primary->command_ok([ 'pg_dump', '-Fc', '-f', $dump, $primary->connstr('bank') ], 'dumped');
unlike(slurp_file($dump), qr/guarded_address[^\0]{0,200}Moseager/i, 'the dump tells nothing of what is looked for');
$primary->safe_psql('postgres', 'CREATE DATABASE restored');
$primary->command_ok([ 'pg_restore', '-d', $primary->connstr('restored'), $dump ], 'and restored');
$primary->safe_psql('restored', q(SELECT protaddr.confirm_register('restored', new_source => true)));
is($primary->safe_psql('restored', $missed), '0', 'after a restore everybody is looked for');
is($primary->safe_psql('restored', 'SELECT count(*) FROM protaddr.guarded_address'), $primary->safe_psql('bank', 'SELECT protaddr.refresh_guard()'), 'each once');
is($primary->safe_psql('restored', q(SELECT count(*) FROM protaddr.guarded_address WHERE written_in > pg_current_xact_id())), '0', 'by transactions of the database it was restored to');
$primary->stop;
done_testing();
