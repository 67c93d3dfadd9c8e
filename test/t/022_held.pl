#
# 022_held.pl
#		Is every row either in its table or held, once, whatever happens in between?
#
# Backends and servers killed while rows are held, released and rejected; COPY, the
# apply worker of logical replication, a foreign table, a dump and its restore.
#
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ProtaddrTest;
use Test::More;
use Time::HiRes qw(sleep time);

my $node = cluster(PostgreSQL::Test::Cluster->new('held'), allows_streaming => 'logical');
$node->append_conf('postgresql.conf',
	"log_statement = none\nrestart_after_crash = on\nsynchronous_commit = on\nmax_prepared_transactions = 5");
$node->start;
new_database($node, 'bank');
$node->safe_psql('bank', <<"SQL");
CREATE TABLE customer (cpr text PRIMARY KEY, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', subject => 'cpr');
INSERT INTO customer SELECT 'P' || i, protaddr.address(strtnm => CASE WHEN i % 2 = 0 THEN '@{[CANARY]}' ELSE 'Vej' END, bldgnb => i::text, twnnm => 'By', ctry => 'DK') FROM generate_series(1, 20) i;
SELECT persons FROM protaddr.load_register('DK-CPR', (SELECT jsonb_agg(jsonb_build_object('subject', 'P' || i, 'protections', CASE WHEN i % 2 = 0 THEN '[{"code": "0001"}]'::jsonb ELSE '[]' END)) FROM generate_series(1, 20) i));
CREATE TABLE payment (id int PRIMARY KEY, payer text, home protaddr.address, doc text);
SELECT protaddr.install_gate('payment', channel => 'psp_request', subject => 'payer', messages => '{"doc":"xml"}');
CREATE FUNCTION doc(cpr text) RETURNS text LANGUAGE sql IMMUTABLE AS \$\$
SELECT '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"><FIToFICstmrCdtTrf><CdtTrfTxInf><Dbtr><Nm>Test</Nm><PstlAdr><StrtNm>Skjultvej</StrtNm><Ctry>DK</Ctry></PstlAdr>'
	|| '<Id><PrvtId><Othr><Id>' || cpr || '</Id></Othr></PrvtId></Id></Dbtr></CdtTrfTxInf></FIToFICstmrCdtTrf></Document>' \$\$;
SQL

# ---- COPY of many rows -------------------------------------------------------------------

my $file = $node->basedir . '/payments.txt';
$node->safe_psql('bank', "COPY (SELECT i, cpr, home FROM generate_series(1, 2000) i JOIN customer ON cpr = 'P' || (1 + i % 20)) TO '$file'");
my ($out, $err) = ('', '');
$node->psql('bank', "COPY payment (id, payer, home) FROM '$file'", stdout => \$out, stderr => \$err);
like($err, qr/NOTICE:  1000 rows of public\.payment are held/, 'COPY says once how many rows it holds');
is($node->safe_psql('bank', 'SELECT count(*) FROM payment'), '1000', 'COPY: half of them are stored');
$node->safe_psql('bank', q(CREATE VIEW waiting AS SELECT (row_key->>'id')::int AS id, h.* FROM protaddr.held_rows('payment') h));
is($node->safe_psql('bank', 'SELECT count(*), count(DISTINCT id) FROM waiting'), '1000|1000', 'COPY: half of them are held');
$node->safe_psql('bank', q(SELECT protaddr.decide_held(held_id, 'minimum', 'all of them') FROM protaddr.held_rows('payment')));
is($node->safe_psql('bank', q(SELECT protaddr.carry_out_held('payment'))), '1000', 'and carried out in one go');
is($node->safe_psql('bank', q(SELECT count(*), count(DISTINCT id), count(*) FILTER (WHERE protaddr.show(home) = 'By') FROM payment)), '2000|2000|1000', 'all are released');
is($node->safe_psql('bank', q(SELECT count(*) FROM protaddr.verify_gate('payment'))), '0', 'and verified');

# ---- two-phase commit ---------------------------------------------------------------------

$node->safe_psql('bank', q(BEGIN; INSERT INTO payment SELECT 2001, cpr, home FROM customer WHERE cpr = 'P2'; PREPARE TRANSACTION 'two'));
is($node->safe_psql('bank', q(SELECT count(*) FROM waiting WHERE id = 2001)), '0', 'prepared: not held yet');
$node->stop('immediate');
$node->start;
$node->safe_psql('bank', q(COMMIT PREPARED 'two'));
is($node->safe_psql('bank', q(SELECT count(*) FROM waiting WHERE id = 2001)), '1', 'held when it is committed, after a crash too');

# ---- killed in between -----------------------------------------------------------------------

# Whatever was answered is so; whatever was not is so, or not at all.
my $next  = 3000;
my $story = q(SELECT
	(SELECT count(*) FROM (SELECT id FROM payment UNION ALL SELECT id FROM waiting WHERE status <> 'released') a) || ' ' ||
	(SELECT count(DISTINCT id) FROM (SELECT id FROM payment UNION ALL SELECT id FROM waiting WHERE status <> 'released') a) || ' ' ||
	(SELECT count(*) FROM waiting h WHERE status = 'released' AND NOT EXISTS (SELECT FROM payment p WHERE p.id = h.id)) || ' ' ||
	(SELECT count(*) FROM waiting h JOIN payment p USING (id) WHERE status <> 'released'));

# by the table itself: to list what is held opens each seal
$node->safe_psql('bank', q(CREATE VIEW held_now AS SELECT (row_key->>'id')::int AS id, held_id FROM protaddr.held WHERE relation = 'public.payment'));
my ($cut, $done, $stored_before) = (0, 0, 0);
for my $round (1 .. 12)
{
	my $session   = $node->background_psql('bank', on_error_stop => 0);
	my $backend   = $session->query_safe('SELECT pg_backend_pid();');
	my $immediate = $round % 3 == 0;
	my $last      = $next + 119;

	# each statement a transaction of its own: hold, release every other one, reject some
	my $work = '';
	for my $id ($next .. $last)
	{
		$work .= "INSERT INTO payment SELECT $id, cpr, home, doc(cpr) FROM customer WHERE cpr = 'P" . (1 + $id % 20) . "' RETURNING 'stored ' || id;\n";
		$work .= "SELECT protaddr.release_held(held_id, 'minimum', 'x'), 'released ' || id FROM held_now WHERE id = $id AND id % 4 = 1;\n";
		$work .= "SELECT protaddr.decide_held(held_id, 'reject', 'x'), 'rejected ' || id FROM held_now WHERE id = $id AND id % 8 = 7;\n";
	}
	$session->{stdin} .= $work . "SELECT 'end of work';\n";
	my $enough = 1 + int(rand(40));
	while ((() = $session->{stdout} =~ /stored \d/g) < $enough && index($session->{stdout}, 'end of work') < 0)
	{
		$session->{run}->pump_nb;
		sleep(0.002);
	}
	$immediate ? $node->stop('immediate') : crashed($node, $backend);
	eval { $session->{run}->pump_nb; $session->{stdin} .= "\\q\n"; $session->{run}->finish; };
	my $told = $session->{stdout};
	index($told, 'end of work') >= 0 ? $done++ : $cut++;
	$node->start if $immediate;

	my ($rows, $ids, $lost, $twice) = split / /, $node->safe_psql('bank', $story);
	is("$rows $lost $twice", "$ids 0 0", "round $round: each row stands in one place");
	my @stored   = $told =~ /stored (\d+)/g;
	$stored_before += @stored;
	my @released = $told =~ /released (\d+)/g;
	my @rejected = $told =~ /rejected (\d+)/g;
	is($node->safe_psql('bank', 'SELECT count(*) FROM payment WHERE id = ANY (\'{' . join(',', @stored, @released) . '}\')'), scalar(@stored) + scalar(@released), "round $round: what was told to be stored is");
	is($node->safe_psql('bank', 'SELECT count(*) FROM waiting WHERE status = \'rejected\' AND id = ANY (\'{' . join(',', @rejected) . '}\')'), scalar(@rejected), "round $round: what was told to be rejected is");
	$next = $last + 1;
}
note("$cut rounds cut short, $done not");
cmp_ok($cut, '>', 0, 'some rounds were cut short');
cmp_ok($stored_before, '>', 0, 'some messages of people who are free were stored at once');
is($node->safe_psql('bank', q(SELECT count(*) FROM payment WHERE doc ~ 'Skjultvej' AND substr(payer, 2)::int % 2 = 0)), '0', 'no message of a protected person tells');
is($node->safe_psql('bank', q(SELECT count(*) FROM protaddr.verify_gate('payment'))), '0', 'all that is stored is released');

# ---- cancelled verification goes on where it stopped --------------------------------------------

$node->safe_psql('bank', q(CREATE TABLE much (id int, payer text, home protaddr.address);
	INSERT INTO much SELECT i, 'P1', h FROM (SELECT home AS h FROM customer WHERE cpr = 'P1' OFFSET 0) c, generate_series(1, 60000) i;
	SELECT protaddr.install_gate('much', 'sepa', 'payer')));
my $all = $node->safe_psql('bank', q(SELECT count(*) FROM protaddr.verify_gate('much')));
is($all, '60000', 'nothing that stood there before is released');
my $verifying = $node->background_psql('bank', on_error_stop => 0);
my $verifier = $verifying->query_safe('SELECT pg_backend_pid();');
do
{
	begun($verifying, q(SELECT count(*) FROM protaddr.verify_gate('much')));
	1 until do { $verifying->{run}->pump_nb; index($verifying->{stdout}, 'ended') >= 0 }
	  || $node->safe_psql('bank', "SELECT rows > 0 AND pg_cancel_backend(pid) FROM protaddr.verify_progress WHERE pid = $verifier") eq 't';
	($out, $err) = ended($verifying);
} while $out ne '';
$verifying->quit;
my ($hint) = $err =~ /To go on: (.*)/;
my ($rows) = $err =~ /verified (\d+) rows of much/;
ok(defined $hint && defined $rows && $rows > 0, 'cancelled, it says how many rows it has verified, and how to go on');
is($node->safe_psql('bank', "SELECT count(*) FROM $hint"), $all - ($rows // 0), 'and goes on right there');

# ---- a foreign table: what is held is held here -------------------------------------------------

my ($host, $port) = ($node->host, $node->port);
new_database($node, 'elsewhere');
$node->safe_psql('elsewhere', 'CREATE TABLE outbox (id int, payer text, home protaddr.address)');
$node->safe_psql('bank', qq(CREATE EXTENSION postgres_fdw;
	CREATE SERVER away FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '$host', port '$port', dbname 'elsewhere', batch_size '10');
	CREATE USER MAPPING FOR CURRENT_USER SERVER away;
	CREATE FOREIGN TABLE outbox (id int, payer text, home protaddr.address) SERVER away;
	SELECT protaddr.install_gate('outbox', 'psp_request', 'payer')));
($out, $err) = ('', '');
$node->psql('bank', q(INSERT INTO outbox SELECT row_number() OVER (), cpr, home FROM customer), stdout => \$out, stderr => \$err);
like($err, qr/10 rows of public\.outbox are held/, 'rows of a foreign table are held');
is($node->safe_psql('bank', 'SELECT count(*) FROM outbox'), '10', 'the others are sent');
is($node->safe_psql('bank', q(SELECT count(*) FROM protaddr.verify_gate('outbox'))), '0', 'and verified');
$node->safe_psql('bank', q(SELECT protaddr.release_held(held_id, 'minimum', 'x') FROM (SELECT held_id FROM protaddr.held_rows('outbox') LIMIT 3) h));
is($node->safe_psql('bank', q(SELECT count(*) || ' ' || count(*) FILTER (WHERE protaddr.show(home) = 'By') FROM outbox)), '13 3', 'released to the foreign table');

# ---- the apply worker holds, too -----------------------------------------------------------------

new_database($node, 'branch');
$node->safe_psql('bank', q(CREATE TABLE transfer (id int PRIMARY KEY, payer text, home protaddr.address, doc text); CREATE PUBLICATION transfers FOR TABLE transfer;
	SELECT pg_create_logical_replication_slot('transfers', 'pgoutput')));
$node->safe_psql('branch', q(CREATE TABLE transfer (id int PRIMARY KEY, payer text, home protaddr.address, doc text);
	SELECT protaddr.install_gate('transfer', 'psp_request', 'payer', messages => '{"doc":"xml"}')));
# the keys are the same database's: the branch reads what the bank has sealed
$node->safe_psql('bank', "COPY protaddr.data_key TO '@{[ $node->basedir ]}/keys.txt'");
$node->safe_psql('branch', "COPY protaddr.data_key FROM '@{[ $node->basedir ]}/keys.txt'");
$node->safe_psql('branch', q(SELECT persons FROM protaddr.load_register('DK-CPR', (SELECT jsonb_agg(jsonb_build_object('subject', 'P' || i, 'protections', CASE WHEN i % 2 = 0 THEN '[{"code": "0001"}]'::jsonb ELSE '[]' END)) FROM generate_series(1, 20) i))));
$node->safe_psql('branch', "CREATE SUBSCRIPTION transfers CONNECTION 'host=$host port=$port dbname=bank' PUBLICATION transfers WITH (create_slot = false, copy_data = false)");
$node->safe_psql('bank', q(INSERT INTO transfer SELECT substr(cpr, 2)::int, cpr, home, doc(cpr) FROM customer));
$node->wait_for_catchup('transfers');
is($node->safe_psql('branch', q(SELECT count(*) || ' ' || count(*) FILTER (WHERE doc ~ '<StrtNm>') FROM transfer)), '10 10', 'the apply worker stores what is free');
is($node->safe_psql('branch', q(SELECT count(*), count(DISTINCT row_key), min(status) FROM protaddr.held_rows('transfer'))), '10|10|held', 'and holds the others');
$node->safe_psql('branch', q(SELECT protaddr.release_held(held_id, 'minimum', 'x') FROM (SELECT held_id FROM protaddr.held_rows('transfer') LIMIT 4) h));
is($node->safe_psql('branch', q(SELECT count(*) || ' ' || count(*) FILTER (WHERE doc ~ '<StrtNm>') FROM transfer)), '14 10', 'released there');
$node->safe_psql('branch', 'ALTER SUBSCRIPTION transfers DISABLE; ALTER SUBSCRIPTION transfers SET (slot_name = NONE); DROP SUBSCRIPTION transfers');
$node->safe_psql('bank', q(SELECT pg_drop_replication_slot('transfers')));

# ---- a dump takes the held rows along, and they can be decided where it is restored ------------------

$node->safe_psql('bank', 'CHECKPOINT');
for my $relation ('protaddr.held', $node->safe_psql('bank', q(SELECT reltoastrelid::regclass FROM pg_class WHERE oid = 'protaddr.held'::regclass)))
{
	my $path = $node->data_dir . '/' . $node->safe_psql('bank', "SELECT pg_relation_filepath('$relation')");
	ok(!holds($path, $_), "a file of protaddr.held does not tell $_") for CANARY, 'Skjultvej';
}
$node->safe_psql('bank', q(INSERT INTO payment SELECT 8000 + i, cpr, home, doc(cpr) FROM customer, generate_series(1, 6) i WHERE cpr = 'P2';
	SELECT protaddr.decide_held(held_id, 'reject', 'x') FROM waiting WHERE id = 8006));
# some decided, and not carried out yet
$node->safe_psql('bank', q(SELECT protaddr.decide_held(held_id, 'minimum', 'before the dump') FROM (SELECT held_id FROM waiting WHERE status = 'held' LIMIT 3) h));
my $waiting = $node->safe_psql('bank', q(SELECT string_agg(status || ' ' || n, ', ' ORDER BY status) FROM (SELECT status, count(*) AS n FROM waiting GROUP BY 1) w));
like($waiting, qr/decided 3, held \d+, rejected \d+, released \d+/, 'some rows wait');
$node->safe_psql('bank', q(DROP FOREIGN TABLE outbox; DROP TABLE much));
$node->command_ok([ 'pg_dump', '-Fc', '-f', $node->basedir . '/bank.dump', '-d', $node->connstr('bank') ], 'dumped');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr('restored'), $node->basedir . '/bank.dump' ], 'restored');
is($node->safe_psql('restored', q(SELECT string_agg(status || ' ' || n, ', ' ORDER BY status) FROM (SELECT status, count(*) AS n FROM waiting GROUP BY 1) w)), $waiting, 'what waited waits, and what was decided is');
$node->safe_psql('restored', q(SELECT protaddr.confirm_register(source) FROM (SELECT DISTINCT source FROM protaddr.protection) s; SELECT protaddr.confirm_register('test', new_source => true)));
$node->safe_psql('restored', q(SELECT protaddr.decide_held(held_id, 'minimum', 'restored') FROM waiting WHERE status = 'held'; SELECT protaddr.carry_out_held('payment')));
is($node->safe_psql('restored', q(SELECT count(*) FROM waiting WHERE status IN ('held', 'decided'))), '0', 'all of it is carried out there');
is($node->safe_psql('restored', q(SELECT count(*) FROM protaddr.verify_gate('payment'))), '0', 'released there, all is well');
# a row whose message was released by decision can still be updated there
$node->safe_psql('restored', q(UPDATE payment SET id = id));

# ---- who carries out is shown nothing of what passes ------------------------------------------------

$node->append_conf('postgresql.conf', "session_preload_libraries = 'auto_explain'\nauto_explain.log_min_duration = 0\nauto_explain.log_nested_statements = on\nauto_explain.log_verbose = on\nlog_min_duration_statement = 0\nlog_parameter_max_length = -1");
$node->reload;
$node->safe_psql('bank', q(CREATE ROLE job LOGIN; CREATE ROLE officer LOGIN; CREATE TABLE seen (id int, doc text);
	CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO seen VALUES (NEW.id, NEW.doc); RETURN NEW; END $$;
	CREATE TRIGGER see BEFORE INSERT ON payment FOR EACH ROW EXECUTE FUNCTION see();
	GRANT INSERT ON payment, seen TO job; GRANT EXECUTE ON FUNCTION protaddr.carry_out_held TO job; GRANT EXECUTE ON FUNCTION protaddr.decide_held, protaddr.release_held TO officer));
$node->safe_psql('bank', "INSERT INTO payment SELECT 9001, cpr, home, doc(cpr) FROM customer WHERE cpr = 'P2'");
my $held = $node->safe_psql('bank', 'SELECT held_id FROM waiting WHERE id = 9001');
my $nosy = 'SET client_min_messages = debug5; SET debug_print_parse = on; SET debug_print_rewritten = on; SET debug_print_plan = on; SET plan_cache_mode = force_custom_plan;';
$node->psql('bank', "$nosy SELECT protaddr.release_held($held, 'withhold', 'x')", extra_params => [ '-U', 'officer' ], stdout => \$out, stderr => \$err);
like($err, qr/permission denied for table payment/, 'an officer without rights on the table carries nothing out');
unlike($err, qr/Skjultvej|@{[CANARY]}/, 'and is shown nothing');
$node->safe_psql('bank', "SELECT protaddr.decide_held($held, 'withhold', 'x')");
is($node->psql('bank', "$nosy SELECT protaddr.carry_out_held('payment', $held)", extra_params => [ '-U', 'job' ], stdout => \$out, stderr => \$err), 0, 'a job carries it out') or diag(substr($err, 0, 2000));
cmp_ok(length($err), '>', 1000, 'with all that it asked to see');
unlike($err, qr/Skjultvej|@{[CANARY]}/, 'which tells nothing');
is($node->safe_psql('bank', q(SELECT count(*) FROM seen WHERE doc ~ 'Skjultvej')), '2', q(though the table's own trigger has seen it, when it was held and now));

$node->stop;
ok(!holds($node->logfile, CANARY), 'the log tells nothing');
ok(!holds($node->logfile, 'Skjultvej 4'), 'nor of messages');
done_testing();
