#
# 026_neighbours.pl
#		Does protaddr work beside other libraries, whichever is loaded first?
#
# pg_stat_statements and auto_explain come with PostgreSQL; test/setup.sh installs pgaudit and
# set_user where Debian has them.
#
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ProtaddrTest;
use Test::More;

my $libraries = `pg_config --pkglibdir`;
chomp($libraries);
my @others = grep { -e "$libraries/$_.so" } qw(pgaudit set_user pg_stat_statements auto_explain);
my %here = map { $_ => 1 } @others;
note("beside @others");
cmp_ok(scalar(@others), '>=', 2, 'there are neighbours');

my $node = cluster(PostgreSQL::Test::Cluster->new('neighbours'));
$node->append_conf('postgresql.conf', <<'CONF');
log_statement = none
log_min_duration_statement = 0
auto_explain.log_min_duration = 0
auto_explain.log_verbose = on
auto_explain.log_nested_statements = on
pgaudit.log = 'all'
pgaudit.log_parameter = on
pgaudit.log_relation = on
set_user.superuser_allowlist = '*'
CONF
$node->start;
new_database($node, 'bank');
$node->safe_psql('bank', <<'SQL');
CREATE ROLE regress_teller LOGIN;
CREATE TABLE customer (cpr text PRIMARY KEY, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', subject => 'cpr');
INSERT INTO customer VALUES ('P1', 'Skjulvej 1'), ('P2', 'Vej 2');
SELECT protaddr.protect('P1', 'manual', 'address');
CREATE TABLE payment (id int PRIMARY KEY, payer text, home protaddr.address);
SELECT protaddr.install_gate('payment', channel => 'sumclearing', subject => 'payer');
GRANT ALL ON customer, payment TO regress_teller;
SQL
$node->safe_psql('bank', join('; ', map { "CREATE EXTENSION $_" } grep { $here{$_} } qw(pg_stat_statements)));

my $number = 0;
for my $order ([ 'protaddr first', join(', ', 'protaddr', @others) ], [ 'protaddr last', join(', ', @others, 'protaddr') ],
	[ 'protaddr in between', join(', ', @others[ 0 .. 1 ], 'protaddr', @others[ 2 .. $#others ]) ])
{
	my ($name, $preload) = @$order;
	$node->append_conf('postgresql.conf', "shared_preload_libraries = '$preload'");
	$node->restart;
	my $log_start = -s $node->logfile;
	my $log = sub { return substr(slurp_file($node->logfile), $log_start); };
	if ($number == 0)
	{
		$node->safe_psql('bank', "CREATE EXTENSION $_") for grep { $here{$_} } qw(pgaudit set_user);
	}
	$number++;

	# the gate holds, in a session that has used nothing of protaddr
	my $as = [ '-U', 'regress_teller' ];
	is($node->safe_psql('bank', "DELETE FROM payment; INSERT INTO payment SELECT 1 + row_number() OVER (), cpr, home FROM customer WHERE length(cpr) = 2; SELECT string_agg(payer || ' ' || (home IS NOT NULL), ', ' ORDER BY payer) FROM payment", extra_params => $as),
		'P1 false, P2 true', "$name: the gate withholds");
	is(psql_error($node, 'bank', 'ALTER TABLE payment DISABLE TRIGGER ALL'), '55000', "$name: the gate is kept");
	is(psql_error($node, 'bank', 'ALTER TABLE payment RENAME TO away'), '55000', "$name: by its name, too");
	is(psql_error($node, 'bank', 'BEGIN; DROP TABLE payment; ROLLBACK; SELECT 1'), 'none', "$name: a table may go");
	is($node->safe_psql('bank', 'SELECT bool_and(kept) FROM protaddr.gate_status'), 't', "$name: preloaded");

	# a change elsewhere reaches an open session
	my $session = $node->background_psql('bank');
	is($session->query_safe(q(SELECT protaddr.show(home) FROM customer WHERE cpr = 'P2';)), 'Vej 2', "$name: shown");
	$node->safe_psql('bank', q(SELECT protaddr.protect('P2', 'manual', 'address')));
	is($session->query_safe(q(SELECT protaddr.show(home) FROM customer WHERE cpr = 'P2';)), WITHHELD, "$name: withheld from the next statement on");
	$node->safe_psql('bank', q(SELECT protaddr.lift('P2', 'manual', 'address')));
	$session->quit;

	# the neighbours do their work
	my $typed = 'Naboskel ' . (100 + $number);
	$node->safe_psql('bank', "INSERT INTO customer VALUES ('P$typed', '$typed')");
	is(join("\n", grep { index($_, $typed) >= 0 } split(/\n/, $log->())), '', "$name: what was typed is not in the log");
	# what is no line of pgaudit's stays whole
	is(psql_error($node, 'bank', "INSERT INTO customer VALUES ('P$typed', '$typed')"), '23505', "$name: refused");
	like($log->(), qr/ERROR:  duplicate key value violates unique constraint "customer_pkey"$/m, "$name: and the log says why");
	if ($here{auto_explain})
	{
		like($log->(), qr/Query Text: /, "$name: auto_explain logs");
	}
	if ($here{pg_stat_statements})
	{
		is($node->safe_psql('bank', q(SELECT count(*) FROM pg_stat_statements WHERE query LIKE 'INSERT INTO customer VALUES ($1, $2)%')), '1', "$name: pg_stat_statements counts");
	}
	if ($here{set_user})
	{
		is($node->safe_psql('bank', "SELECT set_user('regress_teller'); SELECT current_user, protaddr.show(home) FROM customer WHERE cpr = 'P1'; SELECT reset_user()") =~ s/\n?OK\n?//gr,
			'regress_teller|' . WITHHELD, "$name: set_user changes the user");
	}
	if ($here{pgaudit})
	{
		like($log->(), qr/AUDIT: SESSION,\d+,1,WRITE,INSERT,TABLE,public\.customer,<withheld by protaddr>$/m, "$name: pgaudit logs what was done to what");
		like($log->(), qr/AUDIT: SESSION,\d+,1,READ,SELECT,.*SELECT current_user, protaddr\.show/, "$name: and other statements as they are") if $here{set_user};
	}
}

# ---- pgaudit told to log no statements -----------------------------------------------------
SKIP:
{
	skip 'NOT TESTED BESIDE PGAUDIT: install its package', 2 unless $here{pgaudit};
	$node->append_conf('postgresql.conf', "pgaudit.log_statement = off\npgaudit.log_parameter = off");
	$node->restart;
	my $log_start = -s $node->logfile;
	$node->safe_psql('bank', q(INSERT INTO customer VALUES ('P9', 'Naboskel 900')));
	my $log = substr(slurp_file($node->logfile), $log_start);
	like($log, qr/AUDIT: SESSION,\d+,\d+,WRITE,INSERT,TABLE,public\.customer,</, 'pgaudit without statements says what was done to what');
	unlike($log, qr/Naboskel/, 'and not what was typed');
}
SKIP:
{
	skip 'NOT TESTED BESIDE SET_USER: install its package', 1 unless $here{set_user};
	is(psql_error($node, 'bank', q(SELECT set_user('regress_teller'); SELECT protaddr.is_protected('P1'))), '42501', 'set_user takes rights away');
}
$node->stop;
done_testing();
