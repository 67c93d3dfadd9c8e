#
# 025_reseal.pl
#		Is a table resealed whole, however it is interrupted and whoever writes meanwhile?
#
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ProtaddrTest;
use Test::More;

my $node = cluster(PostgreSQL::Test::Cluster->new('reseal'));
$node->append_conf('postgresql.conf', "wal_level = logical\nautovacuum = off");
$node->start;
new_database($node, 'bank');
$node->safe_psql('bank', <<'SQL');
CREATE TABLE customer (id int PRIMARY KEY, cpr text, home protaddr.address, note text) PARTITION BY RANGE (id);
CREATE TABLE customer_1 PARTITION OF customer FOR VALUES FROM (1) TO (10001);
CREATE TABLE customer_2 PARTITION OF customer FOR VALUES FROM (10001) TO (30001);
SELECT protaddr.bind_column('customer', 'home', subject => 'cpr');
INSERT INTO customer SELECT i, 'free', ('Vej ' || i)::protaddr.address FROM generate_series(1, 20000) i;
CREATE PUBLICATION p FOR TABLE customer;
SQL
sub sql { return $node->safe_psql('bank', $_[0]) }
my $under = q(SELECT count(*) FROM customer WHERE substr(protaddr.address_send(home), 2, 8) = decode('%s', 'hex'));
my $old = sql('SELECT key_id FROM protaddr.key_status WHERE newest');
my $new = sql('SELECT protaddr.rotate_data_key()');
my $slot = sql(q(SELECT slot_name FROM pg_create_logical_replication_slot('s', 'pgoutput')));

# ---- interrupted --------------------------------------------------------------------------

# it waits for the second partition until it is cancelled
my $locker = $node->background_psql('bank');
$locker->query_safe('BEGIN; LOCK TABLE customer_2 IN SHARE MODE;');
my ($out, $err) = ('', '');
my $reseal = IPC::Run::start([ 'psql', '-X', '-d', $node->connstr('bank'), '-c', q(CALL protaddr.reseal('customer', 'home', 1000)) ], '>', \$out, '2>', \$err);
ok($node->poll_query_until('bank', q(SELECT coalesce(max(rows), 0) = 10000 FROM protaddr.reseal_progress JOIN pg_stat_activity USING (pid) WHERE relation = 'customer'::regclass AND partition = 'customer_1'::regclass AND pass = 1 AND wait_event_type = 'Lock')), 'progress is seen from outside')
	or diag($err);
sql(q(SELECT pg_cancel_backend(pid) FROM protaddr.reseal_progress));
$reseal->finish;
like($err, qr/canceling statement due to user request/, 'cancelled');
$locker->query_safe('ROLLBACK;');
$locker->quit;
is(sql(sprintf($under, $new)), '10000', 'what was committed stays, and the rest is to be done');
is(sql(q(SELECT count(*) FROM customer WHERE protaddr.show(home) = 'Vej ' || id)), '20000', 'everything can be read meanwhile');
is(sql('SELECT count(*) FROM protaddr.reseal_progress'), '0', 'and nothing is going on');

# ---- with others at work -------------------------------------------------------------------

my $writer = $node->background_psql('bank');
$writer->query_safe('BEGIN; UPDATE customer SET note = $$x$$ WHERE id IN (10007, 19999); UPDATE customer SET cpr = cpr WHERE id = 10008;');
($out, $err) = ('', '');
$node->psql('bank', q(CALL protaddr.reseal('customer')), stderr => \$err);
like($err, qr/NOTICE:  9997 rows resealed .* of 20000 values, 3 are under older keys/, 'it does not wait for rows that others have locked');
like($err, qr/values left under older keys, because others keep their rows locked: 3/, 'and says so');
$writer->query_safe('COMMIT;');
sql(q(CALL protaddr.reseal('customer')));
is(sql(sprintf($under, $new)), '20000', 'and comes back to them');
is(sql(q(SELECT count(*) FROM customer WHERE protaddr.show(home) = 'Vej ' || id)), '20000', 'saying the same');
is(sql(q(SELECT count(*) FROM customer WHERE note = 'x')), '2', 'and what they wrote stays');
$writer->quit;
($out, $err) = ('', '');
$node->psql('bank', q(CALL protaddr.reseal('customer')), stderr => \$err);
like($err, qr/NOTICE:  0 rows resealed in [0-9.]+ s; of 20000 values, 0 are under older keys/, 'called again, it proves it');

# ---- elsewhere ------------------------------------------------------------------------------

cmp_ok(sql(q(SELECT count(*) FROM pg_logical_slot_peek_binary_changes('s', NULL, NULL, 'proto_version', '1', 'publication_names', 'p') WHERE get_byte(data, 0) = ascii('U'))),
	'>=', 20000, 'logical replication gets each row');
sql(q(SELECT pg_drop_replication_slot('s')));
# other sessions stop using a key at once when it is retired
sql(<<'SQL');
CREATE FUNCTION shown() RETURNS text LANGUAGE plpgsql AS $$
BEGIN RETURN protaddr.show(home) FROM kept; EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE; END $$;
SQL
my $reader = $node->background_psql('bank');
sql('CREATE TABLE kept AS SELECT home FROM customer WHERE id = 1');
my $third = sql('SELECT protaddr.rotate_data_key()');
is($reader->query_safe('SELECT shown();'), 'Vej 1', 'an open session has the key');
sql("SET client_min_messages = error; SELECT protaddr.retire_data_key('$new', 'test', force => true)");
is($reader->query_safe('SELECT shown();'), '55PA1', 'and shows nothing once it is retired');
sql("SELECT protaddr.reinstate_data_key('$new', 'test')");
is($reader->query_safe('SELECT shown();'), 'Vej 1', 'until it is reinstated');
$reader->quit;
is(psql_error($node, 'bank', "SELECT protaddr.retire_data_key('$old', 'test')"), 'none', 'the old key is needed by nothing');
$node->stop;
done_testing();
