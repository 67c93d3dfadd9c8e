#
# 036_sweep.pl
#		Does a sweep find the same, however it is killed and whoever writes meanwhile; does it
#		put back what it has taken out; and does the log tell anything of it?
#
# PROTADDR_SWEEP=10000000: rows; 30,000 otherwise.
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

my $rows  = $ENV{PROTADDR_SWEEP} // 30000;
my $batch = $rows < 1000000 ? 200 : 10000;
my $seed  = $ENV{PROTADDR_SEED} // int(time);
srand($seed);
note("seed $seed");

my $node = cluster(PostgreSQL::Test::Cluster->new('sweep'));
$node->append_conf('postgresql.conf', "autovacuum = off\nrestart_after_crash = on\nmax_wal_size = 8GB");
$node->start;
new_database($node, 'bank');
sub sql { return $node->safe_psql($_[1] // 'bank', $_[0]) }

# ---- ten years of history -------------------------------------------------------------------

sql(<<'SQL');
CREATE TABLE customer (cpr text PRIMARY KEY, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', 'cpr');
INSERT INTO customer SELECT '62017040' || lpad(i::text, 2, '0'), protaddr.address(StrtNm => 'Skjulvej', BldgNb => i::text, Flr => '2', Room => 'tv', PstCd => '5000', TwnNm => 'Odense C') FROM generate_series(1, 20) i;
SELECT protaddr.protect(cpr, 'DK-CPR', '0001') FROM customer;
SQL
my $text = q(CASE WHEN i % 61 = 0 THEN format('Rent, Skjulvej %s, 2. tv, 5000 Odense C, month %s', i % 20 + 1, i)
	WHEN i % 173 = 0 THEN format('to Skjulvaj %s, 2. tv, 5000 Odense C', i % 20 + 1) ELSE 'Rent of Synlig Alle ' || i END);
my $quarter = int($rows / 4);
sql(<<"SQL");
CREATE TABLE plain (id int PRIMARY KEY, txt text);
INSERT INTO plain SELECT i, $text FROM generate_series(1, $quarter) i;
CREATE TABLE keyless (txt text);
INSERT INTO keyless SELECT $text FROM generate_series(1, $quarter) i;
CREATE TABLE wide (a int, b text, txt jsonb, other varchar(200), PRIMARY KEY (a, b));
INSERT INTO wide SELECT i, 'k' || i, jsonb_build_object('text', $text), $text FROM generate_series(1, $quarter) i;
CREATE TABLE parted (id int PRIMARY KEY, txt text) PARTITION BY HASH (id);
CREATE TABLE parted_0 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO parted SELECT i, $text FROM generate_series(1, $quarter) i;
VACUUM plain, keyless, wide, parted;
SQL
my @tables = qw(plain keyless wide parted_0 parted_1);
sub content { return join(' ', map { sql("SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM $_ t") } @tables) }
my $content = content();

# ---- sweeps, and what they have found ----------------------------------------------------------

# begin_sweep(CALL) begins a sweep, and gives the process.
my @out;
sub begin_sweep
{
	my ($call) = @_;
	push @out, '';
	return IPC::Run::start([ 'psql', '-X', '-q', '-d', $node->connstr('bank'), '-c', "CALL protaddr.$call" ], '>', \$out[-1], '2>&1');
}

sub newest { return sql('SELECT max(run) FROM protaddr.sweep_run') }

# swept(ARGUMENTS) sweeps without being interrupted, and gives the number.
sub swept
{
	my ($arguments) = @_;
	my ($stdout, $stderr) = ('', '');
	is($node->psql('bank', "CALL protaddr.sweep($arguments)", stdout => \$stdout, stderr => \$stderr), 0, "sweep($arguments)") or diag($stderr);
	return $stdout;
}

# The report without numbers and times.
sub report
{
	my ($run, $database) = @_;
	return sql("SELECT string_agg(format('%s %s %s %s %s', relation, columns, coalesce(row_key::text, row_tid::text), subject, certainty), E'\\n' ORDER BY relation, columns, row_key::text, row_tid, subject, certainty) FROM protaddr.sweep_report WHERE run = $run", $database);
}

# until_ended($run) kills whoever sweeps, at random, and goes on, until all is searched; gives how often it was killed.
sub until_ended
{
	my ($run, $most) = @_;
	my $killed = 0;

	while (sql("SELECT tables_left FROM protaddr.sweep_status WHERE run = $run") > 0)
	{
		my $process = begin_sweep("sweep(run => $run, batch_size => $batch" . ($killed < $most ? q(, pause => '5 ms') : '') . ')');
		if ($killed < $most)
		{
			$killed++;
			sleep(0.05 + rand(0.35));
			if ($killed % 5 == 3)
			{
				$node->stop('immediate');
				$process->finish;
				$node->start;
				next;
			}
			sql("SELECT count(pg_terminate_backend(pid)) FROM protaddr.sweep_progress WHERE run = $run");
		}
		$process->finish;
	}
	return $killed;
}

my $whole    = swept("schema => 'public'");
my $expected = report($whole);
my $finds    = sql("SELECT exact + safe FROM protaddr.sweep_status WHERE run = $whole");
cmp_ok($finds, '>', $rows / 100, "$finds addresses are found");
cmp_ok(sql("SELECT doubtful FROM protaddr.sweep_status WHERE run = $whole"), '>', $rows / 250, 'and doubtful ones');
is(sql("SELECT rows FROM protaddr.sweep_status WHERE run = $whole"), 4 * $quarter + 20, 'in all rows');
unlike($expected, qr/Skjulv/, 'no text stands in the report');
is(content(), $content, 'and nothing is changed');

# ---- killed at random -----------------------------------------------------------------------------

my $process = begin_sweep("sweep(schema => 'public', batch_size => $batch, pause => '20 ms')");
ok($node->poll_query_until('bank', "SELECT count(*) > 0 FROM protaddr.sweep_table WHERE run > $whole AND next_block > 0"), 'it is at it');
sql('SELECT pg_terminate_backend(pid) FROM protaddr.sweep_progress');
$process->finish;
my $killed_run = newest();
cmp_ok($killed_run, '>', $whole, 'another sweep');
cmp_ok(until_ended($killed_run, 8), '>', 1, 'killed and gone on with');
is(report($killed_run), $expected, 'what it finds is what one finds that was never interrupted');
is(sql("SELECT rows FROM protaddr.sweep_status WHERE run = $killed_run"), sql("SELECT rows FROM protaddr.sweep_status WHERE run = $whole"), 'in as many rows');

# a table that is rewritten meanwhile is begun anew
$process = begin_sweep("sweep('keyless', batch_size => $batch, pause => '100 ms')");
ok($node->poll_query_until('bank', "SELECT count(*) > 0 FROM protaddr.sweep_table WHERE run > $killed_run AND next_block > 5"), 'it is in the middle');
sql('SELECT pg_terminate_backend(pid) FROM protaddr.sweep_progress');
$process->finish;
sql('DELETE FROM keyless WHERE txt LIKE $$%Alle 1%$$; INSERT INTO keyless SELECT $$Rent of Synlig Alle $$ || i FROM generate_series(1, 10) i; VACUUM FULL keyless');
my $rewritten = newest();
until_ended($rewritten, 0);
is(report($rewritten), report(swept("'keyless'")), 'a table that was rewritten meanwhile is found as it is now');
$content = content();

# ---- a row that moves to where the sweep has been ---------------------------------------------------

# the first pages are empty, and there is no room for it on the last
sql("CREATE TABLE moves (id int PRIMARY KEY, txt text); ALTER TABLE moves ALTER txt SET STORAGE PLAIN; INSERT INTO moves SELECT i, repeat('x', 500) FROM generate_series(1, 500) i");
sql("DELETE FROM moves WHERE id <= 100");
sql('VACUUM moves');
is(sql('SELECT ctid FROM moves WHERE id = 500'), sql('SELECT max(ctid) FROM moves'), 'a row at the end');
$process = begin_sweep("sweep('moves', batch_size => 100, pause => '1 s')");
ok($node->poll_query_until('bank', "SELECT count(*) > 0 FROM protaddr.sweep_table WHERE relation = 'public.moves' AND next_block > 0"), 'the sweep has passed the first block');
sql(q(UPDATE moves SET txt = 'Skjulvej 3, 2. tv, 5000 Odense C' || repeat(' .', 3500) WHERE id = 500));
is(sql(q(SELECT (ctid::text::point)[0]::int < 7 FROM moves WHERE id = 500)), 't', 'moves to the beginning');
$process->finish;
like(report(newest()), qr/\{"id": "500"\} 6201704003 exact/, 'and is found all the same');
sql('DROP TABLE moves');

# ---- several at once -----------------------------------------------------------------------------------

$process = begin_sweep("sweep(schema => 'public', batch_size => $batch, pause => '150 ms')");
ok($node->poll_query_until('bank', 'SELECT count(*) = 1 FROM protaddr.sweep_progress'), 'one sweeps');
my $together = newest();
my @others = map { begin_sweep("sweep(run => $together, batch_size => $batch, pause => '150 ms')") } 1 .. 2;
ok($node->poll_query_until('bank', 'SELECT count(DISTINCT relation) = 3 FROM protaddr.sweep_progress'), 'three sessions at three tables');
$_->finish for $process, @others;
is(sql("SELECT tables_left FROM protaddr.sweep_status WHERE run = $together"), '0', 'all tables are searched');
my $alone = swept("schema => 'public'");
is(report($together), report($alone), 'and what they find is what one finds');
is(sql("SELECT rows FROM protaddr.sweep_status WHERE run = $together"), sql("SELECT rows FROM protaddr.sweep_status WHERE run = $alone"), 'each row once');

# ---- taken out, killed at random, and put back; the log tells nothing -------------------------------------

sql(q(ALTER SYSTEM SET log_statement = 'all'; ALTER SYSTEM SET log_min_duration_statement = 0; ALTER SYSTEM SET debug_print_plan = on; ALTER SYSTEM SET log_min_messages = debug1; ALTER SYSTEM SET log_parameter_max_length_on_error = -1));
$node->restart;
sql(q(ALTER TABLE wide ADD CONSTRAINT even CHECK (a % 2 = 0 OR other NOT LIKE '%withheld%')));
my $from = -s $node->logfile;
$process = begin_sweep("sweep(schema => 'public', action => 'redact', batch_size => $batch, pause => '20 ms')");
ok($node->poll_query_until('bank', "SELECT count(*) > 0 FROM protaddr.sweep_change"), 'rows are changed');
sql('SELECT pg_terminate_backend(pid) FROM protaddr.sweep_progress');
$process->finish;
my $redacted = newest();
until_ended($redacted, 6);
is(report($redacted), report($alone), 'the report is the same');
my $left = swept("schema => 'public'");
is(sql("SELECT count(*) FROM protaddr.sweep_report WHERE run = $left AND certainty <> 'doubtful' AND relation NOT IN ('public.keyless', 'public.wide')"), '0', 'nothing that could be taken out is left');
is(sql("SELECT count(*) FROM protaddr.sweep_report WHERE run = $left AND certainty <> 'doubtful'"),
	sql("SELECT count(*) FROM protaddr.sweep_todo WHERE run = $redacted AND certainty <> 'doubtful'"), 'and the rest is on the list');
is(sql("SELECT string_agg(DISTINCT reason, '; ' ORDER BY reason) FROM protaddr.sweep_todo WHERE run = $redacted"),
	'constraint "even" refused it (SQLSTATE 23514); doubtful: somebody has to judge it; the table has no primary key by which the row could be found again to undo it', 'with reasons');
isnt(content(), $content, 'something was changed');

# a copy of the database holds it all, and can put it back
sql('CREATE DATABASE copied', 'postgres');
command_ok([ 'pg_dump', '-Fc', '-d', $node->connstr('bank'), '-f', $node->basedir . '/dump' ], 'dumped');
command_ok([ 'pg_restore', '-d', $node->connstr('copied'), $node->basedir . '/dump' ], 'restored');
is(report($redacted, 'copied'), report($redacted), 'with its report');
my $changes = sql("SELECT count(*) FROM protaddr.sweep_change WHERE run = $redacted");
is(sql("SELECT undone FROM protaddr.undo_sweep($redacted)", 'copied'), $changes, 'and the old values');
is(sql("SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM plain t", 'copied'), (split / /, $content)[0], 'which are put back there');

is(sql("SELECT undone FROM protaddr.undo_sweep($redacted)"), $changes, 'undone');
is(content(), $content, 'every byte is as it was');
my $log = substr(slurp_file($node->logfile), $from);
like($log, qr/CALL protaddr.sweep/, 'the log is there');
unlike($log, qr/Skjulv/, 'and holds no address');

$node->stop;
done_testing();
