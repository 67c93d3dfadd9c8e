#
# 003_fdw.pl
#		Do addresses pass through foreign tables and dblink as what they are?
#
# The foreign server is the same database over a connection of its own.
#
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ProtaddrTest;
use Test::More;

my $node = cluster(PostgreSQL::Test::Cluster->new('fdw'));
$node->start;
new_database($node, 'bank');
new_database($node, 'elsewhere');
my ($host, $port) = ($node->host, $node->port);
write_customers($node->basedir . '/customers.txt', 1000);
$node->safe_psql('bank', <<"SQL");
CREATE EXTENSION postgres_fdw;
CREATE EXTENSION dblink;
CREATE TABLE customer (id int PRIMARY KEY, holder text NOT NULL, joint text, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', subject => 'holder');
SELECT protaddr.bind_column('customer', 'home', subject => 'joint');
COPY customer FROM '@{[ $node->basedir ]}/customers.txt';
SELECT protaddr.protect(h, 'DK-CPR', '0001') FROM (SELECT DISTINCT holder AS h FROM customer) c WHERE h LIKE '%7';
CREATE TABLE written (LIKE customer);
SELECT protaddr.bind_column('written', 'home', subject => 'holder');
CREATE TABLE payment (id int, payer text, home protaddr.address);
SELECT protaddr.install_gate('payment', channel => 'sumclearing', subject => 'payer');
CREATE TABLE outbox (id int, payer text, home protaddr.address);

CREATE SERVER loop FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '$host', port '$port', dbname 'bank', extensions 'protaddr');
CREATE SERVER loop_plain FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '$host', port '$port', dbname 'bank');
CREATE SERVER away FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '$host', port '$port', dbname 'elsewhere');
CREATE USER MAPPING FOR CURRENT_USER SERVER loop;
CREATE USER MAPPING FOR CURRENT_USER SERVER loop_plain;
CREATE USER MAPPING FOR CURRENT_USER SERVER away;
CREATE SCHEMA shipped;
CREATE SCHEMA plain;
IMPORT FOREIGN SCHEMA public FROM SERVER loop INTO shipped;
IMPORT FOREIGN SCHEMA public FROM SERVER loop_plain INTO plain;
SQL

my $tokens = tokens($node, 'bank', 'customer');
my $shown  = shown($node, 'bank', 'customer');
for my $schema (qw(shipped plain))
{
	is($node->safe_psql('bank', "SELECT atttypid::regtype FROM pg_attribute WHERE attrelid = '$schema.customer'::regclass AND attname = 'home'"),
		'protaddr.address', "$schema: imported with the type");
	is(tokens($node, 'bank', "$schema.customer"), $tokens, "$schema: same tokens read");
	is(shown($node, 'bank', "$schema.customer"), $shown, "$schema: shown the same");
	is($node->safe_psql('bank', "SELECT count(*) FROM $schema.customer WHERE protaddr.show(home) = '[address withheld]'"),
		$node->safe_psql('bank', "SELECT count(*) FROM customer WHERE protaddr.show(home) = '[address withheld]'"), "$schema: and searched the same");
	is($node->safe_psql('bank', "SELECT count(*) FROM $schema.customer f JOIN customer c USING (id) WHERE f.home OPERATOR(protaddr.===) c.home"), '1000', "$schema: the very same values");

	$node->safe_psql('bank', "TRUNCATE written; INSERT INTO $schema.written SELECT * FROM customer");
	is(tokens($node, 'bank', 'written'), $tokens, "$schema: same tokens written");
	$node->safe_psql('bank', "UPDATE $schema.written SET joint = 'seen', home = home; UPDATE $schema.written w SET home = c.home FROM customer c WHERE c.id = w.id");
	is(tokens($node, 'bank', 'written'), $tokens, "$schema: and updated");
	is($node->safe_psql('bank', "INSERT INTO $schema.written SELECT id, holder, joint, home FROM customer WHERE id = 5 RETURNING (SELECT home::text FROM customer WHERE id = 5) = home::text"), 't', "$schema: RETURNING too");
}

# which of them is told to the other side, with or without "extensions"
my $remote = $node->safe_psql('bank', "EXPLAIN (VERBOSE, COSTS off) SELECT id FROM shipped.customer WHERE protaddr.show(home) = 'x'");
unlike($remote, qr/Remote SQL: .*WHERE.*show/, 'show() is not run on the other side: it is not immutable');

# ---- the gate, from both ends -----------------------------------------------------------

my $free = $node->safe_psql('bank', q(SELECT count(*) FROM customer WHERE protaddr.show(home) <> '[address withheld]'));
my $stored = q(SELECT count(home) || ' of ' || count(*) || ' ' || bool_and(home IS NULL OR protaddr.show(home) <> '[address withheld]') FROM );
$node->safe_psql('bank', 'INSERT INTO plain.payment SELECT id, holder, home FROM customer');
is($node->safe_psql('bank', "$stored payment"), "$free of 1000 true", 'a gate on the other side holds back what is written to it');
$node->safe_psql('bank', 'UPDATE plain.payment p SET home = c.home FROM customer c WHERE c.id = p.id');
is($node->safe_psql('bank', "$stored payment"), "$free of 1000 true", 'and updated there');

# A foreign table may have a gate of its own: what leaves through it is released here.
$node->safe_psql('elsewhere', 'CREATE TABLE outbox (id int, payer text, home protaddr.address)');
$node->safe_psql('bank', q(CREATE FOREIGN TABLE gated (id int, payer text, home protaddr.address) SERVER loop_plain OPTIONS (schema_name 'public', table_name 'outbox');
	SELECT protaddr.install_gate('gated', channel => 'sumclearing', subject => 'payer')));
is($node->safe_psql('bank', q(SELECT status FROM protaddr.gate_status WHERE relation = 'gated'::regclass)), 'in place', 'a foreign table has a gate');
$node->safe_psql('bank', 'INSERT INTO gated SELECT id, holder, home FROM customer');
is($node->safe_psql('bank', "$stored outbox"), "$free of 1000 true", 'it holds back');
$node->safe_psql('bank', 'DELETE FROM outbox');
$node->safe_psql('bank', q(COPY (SELECT id, holder, home FROM customer) TO '/dev/null'));
$node->safe_psql('bank', "COPY (SELECT id, holder, home FROM customer) TO '@{[ $node->basedir ]}/copy.txt'; COPY gated FROM '@{[ $node->basedir ]}/copy.txt'");
is($node->safe_psql('bank', "$stored outbox"), "$free of 1000 true", 'COPY too');
$node->safe_psql('bank', "DELETE FROM outbox; INSERT INTO outbox SELECT id, holder, NULL FROM customer");
$node->safe_psql('bank', 'UPDATE gated g SET home = c.home FROM customer c WHERE c.id = g.id');
is($node->safe_psql('bank', "$stored outbox"), "$free of 1000 true", 'UPDATE too');
is($node->safe_psql('bank', 'SELECT count(DISTINCT o.home) FROM outbox o JOIN customer c ON o.home OPERATOR(protaddr.===) c.home'), '0', 'what left is released, not the stored values');

# a foreign partition of a gated table
$node->safe_psql('bank', <<'SQL');
CREATE TABLE routed (id int, payer text, home protaddr.address) PARTITION BY LIST (id);
CREATE TABLE routed_out (id int, payer text, home protaddr.address);
CREATE FOREIGN TABLE routed_1 PARTITION OF routed FOR VALUES IN (1) SERVER loop_plain OPTIONS (schema_name 'public', table_name 'routed_out');
SELECT protaddr.install_gate('routed', channel => 'sumclearing', subject => 'payer');
INSERT INTO routed SELECT 1, holder, home FROM customer;
SQL
is($node->safe_psql('bank', "$stored routed_out"), "$free of 1000 true", 'a foreign partition is behind the gate of its table');
$node->safe_psql('bank', 'DELETE FROM routed_out; INSERT INTO routed_1 SELECT 1, holder, home FROM customer');
is($node->safe_psql('bank', "$stored routed_out"), "$free of 1000 true", 'also when it is written to directly');

# ---- another database, without the keys ---------------------------------------------------

$node->safe_psql('bank', q(CREATE FOREIGN TABLE outbox_away (id int, payer text, home protaddr.address) SERVER away OPTIONS (schema_name 'public', table_name 'outbox');
	INSERT INTO outbox_away SELECT id, holder, home FROM customer));
is(tokens($node, 'elsewhere', 'outbox'), $tokens, 'a database without the keys holds the same tokens');
is(tokens($node, 'bank', 'outbox_away'), $tokens, 'and gives them back');
is(psql_error($node, 'elsewhere', 'SELECT protaddr.show(home) FROM outbox'), '55PA1', 'but cannot show them');

# ---- dblink ---------------------------------------------------------------------------------

my $dblink = "SELECT * FROM dblink('host=$host port=$port dbname=bank', 'SELECT id, home FROM customer') AS t(id int, home protaddr.address)";
$node->safe_psql('bank', "CREATE TABLE by_dblink AS $dblink");
is(tokens($node, 'bank', 'by_dblink'), $tokens, 'dblink: same tokens');
is(shown($node, 'bank', 'by_dblink'), $shown, 'dblink: shown the same');
$node->safe_psql('bank', "DELETE FROM payment; SELECT dblink_exec('host=$host port=$port dbname=bank', 'INSERT INTO payment SELECT id, holder, home FROM customer')");
is($node->safe_psql('bank', "$stored payment"), "$free of 1000 true", 'dblink: the gate holds back');
$node->stop;
done_testing();
