#
# 024_pgbouncer.pl
#		Does anything of one client's transaction reach the next through a pooler?
#
# pgbouncer in transaction mode gives each transaction whatever server connection is
# free: what a session keeps in C must not outlast the transaction it belongs to.
#
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ProtaddrTest;
use Test::More;

my ($pgbouncer) = grep { -x } map { "$_/pgbouncer" } split(/:/, $ENV{PATH}), '/usr/sbin';
plan skip_all => 'skipped: pgbouncer is not installed' unless $pgbouncer;

my $node = cluster(PostgreSQL::Test::Cluster->new('pooled'));
$node->append_conf('postgresql.conf', 'log_statement = none');
$node->start;
new_database($node, 'bank');
$node->safe_psql('bank', q{
	CREATE ROLE teller LOGIN;
	CREATE ROLE officer LOGIN;
	CREATE TABLE customer (cpr text PRIMARY KEY, home protaddr.address);
	SELECT protaddr.bind_column('customer', 'home', subject => 'cpr');
	INSERT INTO customer VALUES ('6101704001', '{"StrtNm":"Vestergade","TwnNm":"Aarhus C","Ctry":"DK"}'),
		('6201704002', '{"StrtNm":"Kanariegade","TwnNm":"Aarhus C","Ctry":"DK"}');
	SELECT protaddr.protect('6201704002', 'DK-CPR', '0001'), protaddr.protect('6301704003', 'manual', 'address', reason => 'test');
	CREATE TABLE payment (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, client int, payer text, address protaddr.address);
	SELECT protaddr.install_gate('payment', channel => 'sepa', subject => 'payer');
	CREATE TABLE asked (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, payer text, address protaddr.address);
	SELECT protaddr.install_gate('asked', channel => 'psp_request', subject => 'payer');
	GRANT SELECT ON customer TO teller, officer;
	GRANT SELECT, INSERT ON payment, asked TO teller, officer;
	GRANT EXECUTE ON FUNCTION protaddr.lift, protaddr.protect, protaddr.release_held, protaddr.held_rows TO officer;
	ALTER ROLE teller SET client_min_messages = error});

# ---- a pooler with two server connections for many clients ------------------------------

my $dir  = PostgreSQL::Test::Utils::tempdir_short();
my $port = PostgreSQL::Test::Cluster::get_free_port();
my $ini  = "$dir/pgbouncer.ini";
append_to_file("$dir/users.txt", join('', map { qq("$_" ""\n) } qw(teller officer), superuser($node)));
append_to_file($ini, <<"INI");
[databases]
bank = host=${\$node->host} port=${\$node->port} dbname=bank
[pgbouncer]
listen_addr =
listen_port = $port
unix_socket_dir = $dir
auth_type = any
auth_file = $dir/users.txt
pool_mode = transaction
default_pool_size = 2
ignore_startup_parameters = extra_float_digits,options
pidfile = $dir/pgbouncer.pid
logfile = $dir/pgbouncer.log
INI
# "any" makes everybody the configured user: one pool for each login role
my %pool;
foreach my $role (qw(teller officer))
{
	append_to_file("$dir/$role.ini", slurp_file($ini) =~ s/dbname=bank/dbname=bank user=$role/r
		  =~ s/pgbouncer\.(pid|log)/$role.$1/gr =~ s/listen_port = \d+/'listen_port = ' . ($pool{$role} = $role eq 'teller' ? $port : PostgreSQL::Test::Cluster::get_free_port())/er);
	system_or_bail($pgbouncer, '-q', '-d', "$dir/$role.ini");
}
END
{
	foreach my $role (keys %pool)
	{
		kill 'TERM', slurp_file("$dir/$role.pid") =~ /(\d+)/ if -e "$dir/$role.pid";
	}
}

sub through
{
	my ($role, $sql) = @_;
	my ($out, $err);
	run_command_input($sql, \$out, \$err, 'psql', '-X', '-At', '-q', '-v', 'VERBOSITY=verbose',
		"host=$dir port=$pool{$role} dbname=bank user=$role");
	return ($out, $err);
}

sub run_command_input
{
	my ($in, $out, $err, @command) = @_;
	IPC::Run::run(\@command, '<', \$in, '>', $out, '2>', $err);
	$$out =~ s/\n\z//;
	return;
}

my ($out, $err) = through('teller', 'SELECT session_user, count(*) FROM customer');
is($out, 'teller|2', 'a client comes through the pooler') or diag($err);

# ---- twelve clients at once, two server connections -----------------------------------------

append_to_file("$dir/pay.sql", q{
\set mode random(1, 3)
BEGIN;
SAVEPOINT s;
INSERT INTO payment (client, payer, address) SELECT :client_id, cpr, home FROM customer;
\if :mode = 1
ROLLBACK TO s;
INSERT INTO payment (client, payer, address) SELECT :client_id, cpr, home FROM customer;
\endif
SELECT count(protaddr.show(address)) FROM payment WHERE client = :client_id;
COMMIT;
});
$node->command_ok([ 'pgbench', '-n', '-h', $dir, '-p', $pool{teller}, '-U', 'teller', '-c', '12', '-t', '25', '-M', 'simple', '-f', "$dir/pay.sql", 'bank' ],
	'twelve clients pay through two connections');
is($node->safe_psql('bank', q{SELECT payer, count(*), count(address), count(DISTINCT protaddr.show(address)) FROM payment GROUP BY payer ORDER BY payer}),
	"6101704001|300|300|1\n6201704002|300|0|0", 'the one leaves every time, the other never');
cmp_ok($node->safe_psql('bank', q{SELECT count(*) FROM pg_stat_activity WHERE usename = 'teller'}), '<=', 2, 'there were no more connections than that');

# ---- what one transaction is allowed, the next client is not -----------------------------------

# the transaction that lifts is shown nothing; the next one on the same connection is
($out, $err) = through('officer', q{BEGIN; SELECT protaddr.lift('6301704003', 'manual', 'address'); SELECT protaddr.show(home) FROM customer WHERE cpr = '6101704001'; ROLLBACK;});
like($out, qr/^t\n\Q@{[WITHHELD]}\E$/, 'who lifts is shown nothing');
($out, $err) = through('officer', q{SELECT protaddr.show(home) FROM customer ORDER BY cpr});
is($out, "Vestergade, Aarhus C\n" . WITHHELD, 'and the next client everything there is to be shown') or diag($err);

# a held row that somebody decides on opens the gate for that row, in that statement
($out, $err) = through('teller', q{INSERT INTO asked (payer, address) SELECT cpr, home FROM customer WHERE cpr = '6201704002'});
my $held = $node->safe_psql('bank', q{SELECT held_id FROM protaddr.held_rows('asked')});
like($held, qr/^\d+$/, 'a row is held');
($out, $err) = through('officer', qq{SELECT protaddr.release_held($held, 'disclose', 'test'); SELECT 1/0});
like($err, qr/22012/, 'an error comes after it on the same connection');
($out, $err) = through('officer', qq{INSERT INTO asked (payer, address) SELECT cpr, home FROM customer WHERE cpr = '6201704002'}) for 1 .. 4;
is($node->safe_psql('bank', q{SELECT count(*), count(address) FROM asked}), '1|1', 'one row left, and what the next clients write is held');
is($node->safe_psql('bank', q{SELECT status, count(*) FROM protaddr.held_rows('asked') GROUP BY 1 ORDER BY 1}), "held|4\nreleased|1", 'four rows wait');

# nothing of ours can be set, by whatever way a pooler hands settings on
foreach my $set (q{SET protaddr.register_max_age = '1 year'}, q{SET LOCAL protaddr.require_preload = off}, q{SELECT set_config('protaddr.kek_file', '/etc/hostname', false)})
{
	($out, $err) = through('teller', "SELECT protaddr.register_ready(); $set");
	like($err, qr/55P02|42501/, "refused: $set");
}

ok(!holds($node->logfile, CANARY), 'no address in the log');
done_testing();
