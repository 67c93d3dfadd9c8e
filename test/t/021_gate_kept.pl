#
# 021_gate_kept.pl
#		Is a gate kept in every session once protaddr is in shared_preload_libraries?
#
# Every statement comes from a session of its own, which has used nothing of protaddr
# before: only preloading puts the hooks there.
#
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ProtaddrTest;
use Test::More;

my $node = cluster(PostgreSQL::Test::Cluster->new('kept'), allows_streaming => 'logical');
# others before us and after us
$node->append_conf('postgresql.conf', <<'CONF');
shared_preload_libraries = 'pg_stat_statements, protaddr, auto_explain'
auto_explain.log_min_duration = 0
auto_explain.log_nested_statements = on
max_prepared_transactions = 2
CONF
$node->start;
new_database($node, 'bank');
my ($host, $port) = ($node->host, $node->port);

$node->safe_psql('bank', <<'SQL');
CREATE EXTENSION pg_stat_statements;
CREATE EXTENSION postgres_fdw;
CREATE ROLE regress_teller;
GRANT CREATE ON SCHEMA public TO regress_teller;
CREATE TABLE customer (cpr text PRIMARY KEY, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', subject => 'cpr');
INSERT INTO customer VALUES ('P1', 'Kanariegade 1'), ('P2', 'Vej 2');
SELECT protaddr.protect('P1', 'DK-CPR', '0001');
GRANT SELECT ON customer TO regress_teller;
GRANT EXECUTE ON FUNCTION protaddr.gate_row, protaddr.gate_check TO regress_teller;	-- whoever attaches a partition clones triggers
CREATE TABLE payment (id int, payer text, home protaddr.address);
CREATE TABLE ledger (id int, payer text, home protaddr.address) PARTITION BY LIST (id);
CREATE TABLE ledger_1 PARTITION OF ledger FOR VALUES IN (1) PARTITION BY LIST (id);
CREATE TABLE ledger_1_1 PARTITION OF ledger_1 FOR VALUES IN (1);
CREATE TABLE filled AS SELECT 2 AS id, cpr AS payer, home FROM customer;
ALTER TABLE payment OWNER TO regress_teller;
ALTER TABLE ledger OWNER TO regress_teller;
ALTER TABLE ledger_1 OWNER TO regress_teller;
ALTER TABLE ledger_1_1 OWNER TO regress_teller;
ALTER TABLE filled OWNER TO regress_teller;
CREATE FUNCTION put() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.home := (SELECT home FROM customer WHERE cpr = 'P1'); RETURN NEW; END $$;
SQL
$node->safe_psql('bank', "SELECT protaddr.install_gate('payment', channel => 'sumclearing', subject => 'payer')");
$node->safe_psql('bank', "SELECT protaddr.install_gate('ledger', channel => 'sumclearing', subject => 'payer')");

my $pay    = 'INSERT INTO payment SELECT 1, cpr, home FROM customer';
my $post   = 'INSERT INTO ledger SELECT 1, cpr, home FROM customer';
my $stored = q(SELECT string_agg(payer || ' ' || (home IS NOT NULL), ',' ORDER BY payer) FROM );
my $right  = 'P1 false,P2 true';
my $status = q(SELECT string_agg(relation || ' ' || status || ' ' || kept, ',' ORDER BY relation::text) FROM protaddr.gate_status);

$node->safe_psql('bank', "$pay; $post");
is($node->safe_psql('bank', "$stored payment"), $right, 'what the gate lets through');
is($node->safe_psql('bank', $status), 'ledger in place true,payment in place true', 'the gates are in place, and kept');

# ---- DDL, each from a fresh session, by owner and by superuser ------------------------------

my @refused = (
	'ALTER TABLE payment DISABLE TRIGGER ALL',
	'ALTER TABLE payment DISABLE TRIGGER zz_protaddr_gate',
	'ALTER TABLE payment ENABLE REPLICA TRIGGER zz_protaddr_gate_check',
	'DROP TRIGGER zz_protaddr_gate ON payment',
	'ALTER TRIGGER zz_protaddr_gate ON payment RENAME TO x',
	'CREATE TRIGGER zzzz BEFORE INSERT ON payment FOR EACH ROW EXECUTE FUNCTION put()',
	'CREATE OR REPLACE TRIGGER zz_protaddr_gate BEFORE INSERT OR UPDATE ON payment FOR EACH ROW EXECUTE FUNCTION put()',
	'CREATE RULE r AS ON INSERT TO payment DO INSTEAD NOTHING',
	'ALTER TABLE payment RENAME TO x',
	'ALTER TABLE payment ALTER home TYPE text',
	"ALTER TABLE payment ALTER home TYPE protaddr.address USING 'Kanariegade 1'::protaddr.address",
	'ALTER TABLE payment RENAME home TO x',
	'ALTER TABLE payment DROP home',
	"ALTER TABLE payment ADD more protaddr.address DEFAULT 'Kanariegade 1'",
	'CREATE TABLE x () INHERITS (payment)',
	'ALTER TABLE ledger_1_1 DISABLE TRIGGER USER',
	'ALTER TABLE ledger ATTACH PARTITION filled FOR VALUES IN (2)',
	'ALTER TABLE ledger_1 DETACH PARTITION ledger_1_1',
	'ALTER TABLE ledger DETACH PARTITION ledger_1 CONCURRENTLY',
	q(BEGIN; ALTER TABLE payment DISABLE TRIGGER USER; PREPARE TRANSACTION 'x'));
for my $role ('regress_teller', superuser($node))
{
	for my $statement (@refused)
	{
		next if $role eq 'regress_teller' && $statement =~ /PREPARE TRANSACTION/;
		is(psql_error($node, 'bank', "SET SESSION AUTHORIZATION \"$role\";\n$statement"), '55000', "$role: $statement");
	}
}
is($node->safe_psql('bank', $status), 'ledger in place true,payment in place true', 'all as it was');

# a trigger that hangs on an extension would go with it
$node->safe_psql('bank', 'CREATE EXTENSION dblink; ALTER TRIGGER zz_protaddr_gate ON payment DEPENDS ON EXTENSION dblink');
is(psql_error($node, 'bank', 'DROP EXTENSION dblink'), '55000', 'an extension that a gate was made to depend on cannot be dropped');
$node->safe_psql('bank', 'ALTER TRIGGER zz_protaddr_gate ON payment NO DEPENDS ON EXTENSION dblink; DROP EXTENSION dblink');

# ---- what no hook sees --------------------------------------------------------------------------

my $open = $node->background_psql('bank', on_error_stop => 0);
$open->query_safe($pay);
for my $broken (
	"UPDATE pg_trigger SET tgenabled = 'D' WHERE tgrelid = 'payment'::regclass",
	"UPDATE pg_trigger SET tgenabled = 'O' WHERE tgrelid = 'payment'::regclass AND tgname = 'zz_protaddr_gate_check'",
	"UPDATE pg_trigger SET tgfoid = 'put'::regproc WHERE tgrelid = 'payment'::regclass",
	"UPDATE pg_class SET relhastriggers = false WHERE oid = 'payment'::regclass")
{
	my $mend = $broken =~ /pg_class/ ? "UPDATE pg_class SET relhastriggers = true WHERE oid = 'payment'::regclass" :
	  "UPDATE pg_trigger SET tgenabled = 'A', tgfoid = CASE tgname WHEN 'zz_protaddr_gate' THEN 'protaddr.gate_row'::regproc WHEN 'zz_protaddr_gate_check' THEN 'protaddr.gate_check'::regproc ELSE 'protaddr.gate_summary'::regproc END WHERE tgrelid = 'payment'::regclass";
	$node->safe_psql('bank', $broken);
	is(psql_error($node, 'bank', $pay), '23PA1', "refused after $broken");
	is(psql_error($node, 'bank', q(DO $$ BEGIN UPDATE payment SET home = NULL; END $$)), '23PA1', 'in a function too');
	is(psql_error($node, 'bank', "COPY payment FROM PROGRAM 'echo 1'"), '23PA1', 'and by COPY');
	$open->query("$pay;");
	like($open->{stderr}, qr/the gate of table "payment" is not complete/, 'in a session that was open before');
	$open->{stderr} = '';
	like($node->safe_psql('bank', $status), qr/payment .*: refuses every row true/, 'gate_status says so');
	$node->safe_psql('bank', $mend);
	is(psql_error($node, 'bank', $pay), 'none', 'good again');
}
$open->quit;
$node->safe_psql('bank', "UPDATE pg_trigger SET tgenabled = 'D' WHERE tgrelid = 'ledger_1_1'::regclass");
is(psql_error($node, 'bank', $post), '23PA1', 'a partition of a partition: refused through the table');
is(psql_error($node, 'bank', 'INSERT INTO ledger_1_1 SELECT 1, cpr, home FROM customer'), '23PA1', 'and directly');
$node->safe_psql('bank', 'ALTER TABLE ledger ENABLE ALWAYS TRIGGER zz_protaddr_gate, ENABLE ALWAYS TRIGGER zz_protaddr_gate_check');
$node->safe_psql('bank', "TRUNCATE payment, ledger; $pay; $post");
is($node->safe_psql('bank', "$stored payment") . ' ' . $node->safe_psql('bank', "$stored ledger"), "$right $right", 'the gates let through what they should');

# ---- dump and restore ----------------------------------------------------------------------------------

my $dump = $node->basedir . '/bank.dump';
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, $node->connstr('bank') ], 'a database with gates is dumped');
$node->safe_psql('postgres', 'CREATE DATABASE bank2');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr('bank2'), $dump ], 'and restored where gates are kept');
is($node->safe_psql('bank2', $status), 'ledger in place true,payment in place true', 'the restored gates are in place');
is($node->safe_psql('bank2', q(SELECT string_agg(g.relation::regclass::text, ',' ORDER BY relation_name) FROM protaddr.gate g JOIN pg_class c ON c.oid = g.relation)),
	'ledger,payment', 'and have entered themselves');
is($node->safe_psql('bank2', q(SELECT string_agg(relation || ' ' || what, ',' ORDER BY id) FROM protaddr.gate_change)),
	'public.payment installed,public.ledger installed,public.ledger installed,public.payment installed', 'the record of changes goes on');
is(psql_error($node, 'bank2', 'ALTER TABLE ledger_1_1 DISABLE TRIGGER USER'), '55000', 'they keep themselves');
is($node->safe_psql('bank2', 'SELECT count(DISTINCT id), count(*) FROM protaddr.gate_change'), '4|4', 'with a number for each');
is(psql_error($node, 'bank2', $pay), 'none', 'and work');
$node->command_fails([ 'pg_restore', '--exit-on-error', '--data-only', '--disable-triggers', '-t', 'payment', '-d', $node->connstr('bank2'), $dump ],
	'rows are not restored past a gate');

# ---- logical replication into a gated table ------------------------------------------------------------------

$node->safe_psql('postgres', 'CREATE DATABASE publisher');
my $tokens = $node->safe_psql('bank', q(SELECT string_agg(format('(%L, %L)', cpr, home), ', ') FROM customer));
$node->safe_psql('publisher', "CREATE TABLE inbox (id int PRIMARY KEY, payer text, home text);
	INSERT INTO inbox SELECT row_number() OVER (), * FROM (VALUES $tokens) v; CREATE PUBLICATION p FOR TABLE inbox");
$node->safe_psql('publisher', q(SELECT pg_create_logical_replication_slot('s', 'pgoutput')));
$node->safe_psql('bank', 'CREATE TABLE inbox (id int PRIMARY KEY, payer text, home protaddr.address)');
$node->safe_psql('bank', "SELECT protaddr.install_gate('inbox', channel => 'sumclearing', subject => 'payer')");
$node->safe_psql('bank', "CREATE SUBSCRIPTION s CONNECTION 'host=$host port=$port dbname=publisher' PUBLICATION p WITH (create_slot = false, slot_name = 's')");
$node->poll_query_until('bank', 'SELECT count(*) = 2 FROM inbox') or die 'no initial copy';
is($node->safe_psql('bank', "$stored inbox"), $right, 'the initial copy passes the gate');
$node->safe_psql('publisher', "INSERT INTO inbox SELECT 10 + id, payer, home FROM inbox; UPDATE inbox SET id = id + 100, home = (SELECT home FROM inbox i WHERE i.payer = 'P1' LIMIT 1)");
$node->poll_query_until('bank', 'SELECT count(*) = 4 AND min(id) > 100 FROM inbox') or die 'no apply';
is($node->safe_psql('bank', 'SELECT count(home) FROM inbox'), '0', 'and what is applied');
$node->safe_psql('bank', 'ALTER SUBSCRIPTION s DISABLE; ALTER SUBSCRIPTION s SET (slot_name = NONE); DROP SUBSCRIPTION s');
$node->poll_query_until('publisher', q(SELECT NOT active FROM pg_replication_slots WHERE slot_name = 's')) or die;
$node->safe_psql('publisher', q(SELECT pg_drop_replication_slot('s')));

# ---- foreign tables ------------------------------------------------------------------------------------------------

$node->safe_psql('bank', <<"SQL");
CREATE SERVER loop FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '$host', port '$port', dbname 'bank');
CREATE USER MAPPING FOR CURRENT_USER SERVER loop;
CREATE TABLE far (id int, payer text, home protaddr.address);
CREATE FOREIGN TABLE away (id int, payer text, home protaddr.address) SERVER loop OPTIONS (table_name 'far');
CREATE TABLE routed (id int, payer text, home protaddr.address) PARTITION BY LIST (id);
CREATE FOREIGN TABLE routed_1 PARTITION OF routed FOR VALUES IN (1) SERVER loop OPTIONS (table_name 'far');
SELECT protaddr.install_gate('away', channel => 'sumclearing', subject => 'payer');
SELECT protaddr.install_gate('routed', channel => 'sumclearing', subject => 'payer');
SQL
for my $statement (
	'ALTER FOREIGN TABLE away DISABLE TRIGGER zz_protaddr_gate', 'DROP TRIGGER zz_protaddr_gate_check ON away',
	'ALTER FOREIGN TABLE away RENAME TO x', 'ALTER FOREIGN TABLE away ALTER home TYPE text', 'ALTER FOREIGN TABLE away RENAME payer TO x',
	'ALTER FOREIGN TABLE routed_1 DISABLE TRIGGER USER', 'ALTER TABLE routed DETACH PARTITION routed_1')
{
	is(psql_error($node, 'bank', $statement), '55000', $statement);
}
$node->safe_psql('bank', 'INSERT INTO away SELECT 1, cpr, home FROM customer');
is($node->safe_psql('bank', "$stored far"), $right, 'a foreign table is gated');
$node->safe_psql('bank', 'TRUNCATE far; INSERT INTO routed SELECT 1, cpr, home FROM customer');
is($node->safe_psql('bank', "$stored far"), $right, 'and so is a foreign partition');
$node->safe_psql('bank', "UPDATE pg_trigger SET tgenabled = 'D' WHERE tgrelid IN ('away'::regclass, 'routed_1'::regclass)");
is(psql_error($node, 'bank', 'INSERT INTO away SELECT 1, cpr, home FROM customer'), '23PA1', 'a broken one writes nothing');
is(psql_error($node, 'bank', 'INSERT INTO routed SELECT 1, cpr, home FROM customer'), '23PA1', 'nor its table');
$node->safe_psql('bank', 'DROP FOREIGN TABLE away; DROP TABLE routed; DROP SERVER loop CASCADE');

# ---- everything else goes on as ever ------------------------------------------------------------------------------------

my $ddl = <<'SQL';
CREATE TABLE a (id int PRIMARY KEY, b text) PARTITION BY RANGE (id);
CREATE TABLE a_1 (LIKE a);
INSERT INTO a_1 VALUES (1, 'x');
ALTER TABLE a ATTACH PARTITION a_1 FOR VALUES FROM (0) TO (10);
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER zzzz BEFORE INSERT ON a FOR EACH ROW EXECUTE FUNCTION nothing();
ALTER TABLE a DISABLE TRIGGER ALL;
ALTER TABLE a ALTER b TYPE varchar USING upper(b), ADD c int DEFAULT 1, ADD d text GENERATED ALWAYS AS ('x') STORED;
ALTER TABLE a RENAME b TO e;
ALTER TABLE a RENAME TO f;
ALTER TABLE f DETACH PARTITION a_1;
CREATE TABLE heir () INHERITS (a_1);
CREATE RULE r AS ON INSERT TO heir DO INSTEAD NOTHING;
CREATE SCHEMA s;
ALTER TABLE a_1 SET SCHEMA s;
ALTER SCHEMA s RENAME TO s2;
ALTER FUNCTION nothing() RENAME TO nothing2;
INSERT INTO s2.a_1 VALUES (2, 'y');
UPDATE s2.a_1 SET id = - id;
DROP TABLE f, s2.a_1 CASCADE;
DROP SCHEMA s2;
DROP FUNCTION nothing2;
SQL
is(psql_error($node, 'bank', $ddl), 'none', 'DDL on other tables, where there are gates');
is($node->safe_psql('bank', q(SELECT count(*) > 10 FROM pg_stat_statements WHERE query ~ '^(ALTER|CREATE) ')), 't', 'pg_stat_statements sees it');
is($node->safe_psql('bank', q(SELECT sum(calls) > 0 FROM pg_stat_statements WHERE query ~ '^UPDATE s2.a_1')), 't', 'and what is executed');
ok(holds($node->logfile, 'Query Text: UPDATE s2.a_1'), 'auto_explain too');
$node->safe_psql('postgres', 'CREATE DATABASE plain');
is(psql_error($node, 'plain', $ddl), 'none', 'DDL in a database without protaddr');
is(psql_error($node, 'plain', "CREATE SCHEMA protaddr; CREATE TABLE protaddr.gate (relation text);\n$ddl"), 'none', 'or with something that is called so');
is(psql_error($node, 'bank2', 'DROP EXTENSION protaddr CASCADE; ALTER TABLE payment RENAME TO x; INSERT INTO x (id) VALUES (1); ALTER TABLE x DISABLE TRIGGER ALL'), 'none', 'DROP EXTENSION leaves no hook behind');

# ---- a server that does not preload ------------------------------------------------------------------------------------------

$node->append_conf('postgresql.conf', "shared_preload_libraries = ''\nprotaddr.require_preload = on");
$node->restart;
is($node->safe_psql('bank', $status), 'inbox in place false,ledger in place false,payment in place false', 'not preloaded: gate_status says that nothing keeps them');
is(psql_error($node, 'bank', $pay), '55PA1', 'not preloaded, though required: every row is refused');
is(psql_error($node, 'bank', "SET protaddr.require_preload = off;\n$pay"), '55PA1', 'whatever a session sets before the library is there');
is(psql_error($node, 'bank', "LOAD 'protaddr'; SET protaddr.require_preload = off"), '55P02', 'or after');
$node->append_conf('postgresql.conf', 'protaddr.require_preload = off');
reloaded($node);
is(psql_error($node, 'bank', $pay), 'none', 'not required: rows pass the gate');
is(psql_error($node, 'bank', 'ALTER TABLE payment DISABLE TRIGGER USER'), 'none', 'and a fresh session can take it down');

# restored where no hook is, gates enter themselves when they first fire, and nobody waits for another to commit
$node->safe_psql('postgres', 'CREATE DATABASE bank3');
# (but for the index of a bound column, whose expression loads the library, and with it the hooks)
my ($contents) = run_command([ 'pg_restore', '-l', $dump ]);
$contents =~ s/^.* INDEX .*identifier_key.*\n?//mg;
my $list = $node->basedir . '/without_that_index';
append_to_file($list, "$contents\n");
$node->command_ok([ 'pg_restore', '--exit-on-error', "--section=$_", '-L', $list, '-d', $node->connstr('bank3'), $dump ], "a dump is restored where nothing keeps gates: $_")
  for 'pre-data', 'data', 'post-data';
is($node->safe_psql('bank3', 'SELECT count(*) FROM protaddr.gate'), '0', 'no gate has entered itself yet');
$node->safe_psql('bank3', q(SELECT protaddr.confirm_register('test', new_source => true)));
my @payer = map { $node->background_psql('bank3', on_error_stop => 0) } 1 .. 2;
$_->query_safe("SET lock_timeout = '100s'; BEGIN; $pay; SAVEPOINT s; $post; $post; ROLLBACK TO s; $pay;") for @payer;
is($_->{stderr} =~ /ERROR/ ? 1 : 0, 0, 'two first payments at the same time') for @payer;
$_->query_safe('COMMIT;') for @payer;
$node->safe_psql('bank3', $post);
is($node->safe_psql('bank3', 'SELECT string_agg(relation::regclass::text, chr(44) ORDER BY relation_name) FROM protaddr.gate'), 'ledger,payment', 'each gate has entered itself once');
$_->quit for @payer;

$node->safe_psql('bank', 'ALTER TABLE inbox RENAME TO old_inbox; CREATE TABLE inbox (LIKE old_inbox)');
is(psql_error($node, 'bank', 'INSERT INTO inbox (id) VALUES (1000)'), 'none', 'or put another table in its place');
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'protaddr'\nprotaddr.require_preload = on");
$node->restart;
is(psql_error($node, 'bank', $pay), '23PA1', 'preloaded again, that is noticed');
is(psql_error($node, 'bank', 'INSERT INTO inbox (id) VALUES (1001)'), '23PA1', 'so is a table that goes by the name of a gated one');
is(psql_error($node, 'bank', 'DROP TABLE inbox; INSERT INTO old_inbox (id) VALUES (1001); CREATE TABLE inbox (); INSERT INTO inbox DEFAULT VALUES'), 'none', 'until the gated one has entered itself by its new name');
$node->safe_psql('bank', q(SELECT protaddr.remove_gate('payment'); SELECT protaddr.install_gate('payment', channel => 'sumclearing', subject => 'payer'); TRUNCATE payment));
is(psql_error($node, 'bank', $pay), 'none', 'and put right');
is($node->safe_psql('bank', "$stored payment"), $right, 'with what it should let through');
is($node->safe_psql('bank', q(SELECT string_agg(what, ',' ORDER BY id) FROM protaddr.gate_change WHERE relation = 'public.payment')),
	'installed,removed,installed', 'which is on record');
$node->stop;
done_testing();
