#
# 041_export_reading.pl
#		Is each reading of an export on record, whole, whatever became of it?
#
# Each case is a session of its own that reads, and what was then added to the audit trail: how many
# rows were given out, how many the steps of the statement came by, how many values were withheld, and
# whether it came to its end.
#
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use JSON::PP ();
use ProtaddrTest;
use Test::More;

my $node = cluster(PostgreSQL::Test::Cluster->new('reading'));
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'protaddr'\nmax_prepared_transactions = 2\nautovacuum = off\nrestart_after_crash = on");
$node->start;
new_database($node, 'bank');

my $clear = 'Skjulebakken';
$node->safe_psql('bank', <<"SQL");
CREATE ROLE regress_reader;
CREATE TABLE customer (id int PRIMARY KEY, cpr text, note text, code text, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', 'cpr');
INSERT INTO customer (id, cpr, home, code) SELECT i, 'P' || i, 'Opdigtedvej ' || i, 'C' || i FROM generate_series(1, 98) i;
INSERT INTO customer (id, cpr, home, code) VALUES (99, 'P99', '$clear 99', 'C99'), (100, 'P100', '$clear 100', 'C100');
SELECT protaddr.protect('P99', 'DK-CPR', '0001'), protaddr.protect('P100', 'DK-CPR', '0001');
SELECT protaddr.declare_free('customer', 'code', 'codes of products');
SQL
$node->safe_psql('bank', "UPDATE customer SET note = 'lives at $clear ' || id WHERE id > 98");
$node->safe_psql('bank', <<'SQL');
CREATE VIEW file AS SELECT id, code, protaddr.guard(note, 'file_extract') AS note, protaddr.show(protaddr.release(home, 'file_extract')) AS home FROM customer;
CREATE TABLE holder (id int, cpr text, name text, branch text);
INSERT INTO holder SELECT i, 'P' || i, 'Opdigt ' || i, 'Branch ' || i FROM generate_series(96, 100) i;
SELECT protaddr.declare_name('holder', 'name', '{cpr}', 'names'), protaddr.declare_location('holder', 'branch', 'the nearest branch', '{cpr}');
CREATE VIEW holders AS SELECT id, protaddr.show_name(name, 'file_extract', cpr) AS name, protaddr.show_location(branch, 'file_extract', cpr) AS branch FROM holder;
SELECT protaddr.declare_export('holders', 'file_extract', reason => 'to the customer');
CREATE VIEW codes AS SELECT id, code FROM customer;
CREATE VIEW over_codes AS SELECT id, code FROM codes WHERE id > 50;
CREATE TABLE list (id int, cpr text, twice int GENERATED ALWAYS AS (id * 2) STORED);
INSERT INTO list SELECT i, 'P' || i FROM generate_series(1, 10) i;
CREATE TABLE target (id int, note text);
SELECT protaddr.declare_free('list', 'cpr', 'numbers');
SELECT protaddr.declare_export('file', 'file_extract', reason => 'to the customer'), protaddr.declare_export('codes', 'file_extract', reason => 'to the customer'),
    protaddr.declare_export('over_codes', 'file_extract', reason => 'to the customer'), protaddr.declare_export('list', 'file_extract', reason => 'to the customer');
CREATE FUNCTION loop_over() RETURNS int LANGUAGE plpgsql AS $$
DECLARE r record; n int := 0;
BEGIN
    FOR r IN SELECT * FROM file LOOP n := n + 1; EXIT WHEN n = 60; END LOOP;
    RETURN n;
END $$;
CREATE FUNCTION fails_at(i int, n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN IF i = n THEN RAISE EXCEPTION 'enough'; END IF; RETURN i; END $$;
CREATE FUNCTION caught() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM fails_at(id, 30), note FROM file ORDER BY id;
    RETURN 'not caught';
EXCEPTION WHEN raise_exception THEN
    RETURN 'caught';
END $$;
CREATE FUNCTION as_owner() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$ BEGIN RETURN (SELECT count(*) FROM codes); END $$;
CREATE FUNCTION first_three() RETURNS SETOF text LANGUAGE sql AS 'SELECT note FROM file ORDER BY id DESC';
GRANT EXECUTE ON FUNCTION protaddr.guard(text, text), protaddr.release TO regress_reader;
GRANT SELECT ON file, codes TO regress_reader;
GRANT EXECUTE ON FUNCTION as_owner() TO regress_reader;
SQL
# records($sql) runs it in a session of its own and gives what was added: relation, rows, rows read, withheld, a word.
sub records
{
	my ($sql) = @_;
	my (undef, $out) = $node->psql('bank', $sql);
	unlike($out // '', qr/$clear/, 'nothing protected came out');
	return added();
}

# trail() gives the records of readings that were added to the audit trail
my $seen = 0;
sub trail
{
	my @lines = map { split /\n/, slurp_file($_) } sort glob($node->data_dir . '/protaddr_audit/*.trail');
	my @records = map { JSON::PP->new->utf8->decode(s/^\S+ //r) } @lines[ $seen .. $#lines ];
	$seen = @lines;
	return grep { $_->{kind} =~ /^export_read/ } @records;
}

# each that has begun is over, in the words above
sub added
{
	my %begun;
	my @added;
	for my $record (trail())
	{
		if ($record->{kind} eq 'export_reading') { $begun{ $record->{reading} } = $record->{relation}; next; }
		my $begun = delete $begun{ $record->{reading} };
		push @added, ($begun // '') ne $record->{relation} ? 'not begun' : "$record->{relation} $record->{rows} $record->{rows_read} $record->{withheld}" . ($record->{failed} ? ' failed' : '');
	}
	push @added, map { "$_ not over" } values %begun;
	return join ', ', sort @added;
}
added();

# ---- every way to read ------------------------------------------------------------------------

is(records('SELECT * FROM file'), 'public.file 100 100 4', 'a query: its rows, and what was withheld');
is(records('SELECT * FROM holders'), 'public.holders 5 5 4', 'names and places that were withheld count as well');
is(records('SELECT id, code FROM file'), 'public.file 100 100 4', 'what the view withholds counts, also of a column that is not asked for');
is(records('SELECT note FROM file WHERE id = 99'), 'public.file 1 1 2', 'one row');
is(records('SELECT note FROM file WHERE id = 1000'), 'public.file 0 0 0', 'none');
is(records("SELECT string_agg(note, ' ') FROM file"), 'public.file 1 100 4', 'folded into one row: read are all');
is(records('SELECT count(*) FROM (SELECT DISTINCT code FROM codes) x'), 'public.codes 1 100 0', 'counted');
is(records("SELECT to_jsonb(array_agg(f)) FROM file f"), 'public.file 1 100 4', 'as one JSON value');
is(records("SELECT query_to_xml('SELECT id FROM codes', true, false, '')"), 'public.codes 100 100 0', 'as XML, by a query in a text');
is(records('COPY (SELECT * FROM file) TO STDOUT'), 'public.file 100 100 4', 'COPY of a query');
is(records('COPY list TO STDOUT'), 'public.list 10 10 0', 'COPY of a table');
is(records('COPY list (id) TO STDOUT (FORMAT csv, HEADER)'), 'public.list 10 10 0', 'of a column');
is($node->safe_psql('bank', 'COPY list TO STDOUT (FORMAT csv, HEADER, FORCE_QUOTE (cpr))') =~ s/\n.*//sr, 'id,cpr', 'it takes the columns that it took before');
is(added(), 'public.list 10 10 0', 'and is on record');
is(records('CREATE TEMP TABLE t AS SELECT * FROM file'), 'public.file 100 100 4', 'CREATE TABLE AS');
is(records('CREATE MATERIALIZED VIEW m AS SELECT id, note FROM file'), 'public.file 100 100 4', 'a materialized view');
is(records('REFRESH MATERIALIZED VIEW m'), 'public.file 100 100 4', 'REFRESH');
is(records('INSERT INTO target SELECT id, note FROM file'), 'public.file 100 100 4', 'INSERT ... SELECT');
is(records('WITH w AS (INSERT INTO target SELECT id, note FROM file RETURNING id) SELECT 1'), 'public.file 1 100 4', 'within WITH, behind the last row');
is(records('DELETE FROM target USING file f WHERE f.id = target.id'), 'public.file 200 200 4', 'DELETE ... USING');
is(records("UPDATE list SET cpr = f.code FROM codes f WHERE f.id = list.id"), 'public.codes 10 100 0, public.list 10 100 0', 'UPDATE ... FROM: both that it reads');
is(records('EXPLAIN SELECT * FROM file'), '', 'EXPLAIN reads nothing');
is(records('EXPLAIN ANALYZE SELECT * FROM file'), 'public.file 100 100 4', 'EXPLAIN ANALYZE does');
is(records('PREPARE p AS SELECT note FROM file WHERE id > $1; EXECUTE p(90); EXECUTE p(98)'), 'public.file 10 10 4, public.file 2 2 4', 'each execution of a prepared statement is one');
is(records('SELECT * FROM over_codes'), 'public.codes 50 50 0, public.over_codes 50 50 0', 'an export over an export: both');
is(records('SELECT count(*) FROM codes a JOIN codes b USING (id)'), 'public.codes 1 100 0', 'twice in one statement: once');
is(records('SELECT loop_over()'), 'public.file 60 60 0', 'a loop that stops: what it took');
is(records('SELECT as_owner()'), 'public.codes 1 100 0', 'inside a function');
is(records('SET ROLE regress_reader; SELECT as_owner()'), 'public.codes 1 100 0', 'inside one of its owner');
is(records('SELECT first_three() LIMIT 3'), 'public.file 3 100 4', 'a function whose rows are not all taken');
is(records('SELECT (SELECT note FROM file WHERE id = c.id) FROM codes c WHERE c.id > 97'), 'public.codes 3 3 4, public.file 3 3 4', 'a subquery');
is(records('SET min_parallel_table_scan_size = 0; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; ALTER TABLE customer SET (parallel_workers = 2); SELECT count(*) FROM file; SELECT note FROM file WHERE length(code) > 3'),
	'public.file 1 1 2, public.file 1 100 4', 'parallel workers');

# ---- cursors ----------------------------------------------------------------------------------------

is(records('BEGIN; DECLARE c CURSOR FOR SELECT * FROM file ORDER BY id; FETCH 10 FROM c; FETCH 10 FROM c; CLOSE c; COMMIT'), 'public.file 20 100 4', 'a cursor: one reading, what was fetched');
is(records('BEGIN; DECLARE c CURSOR FOR SELECT * FROM file; FETCH 10 FROM c; FETCH 10 FROM c; COMMIT'), 'public.file 20 20 0', 'closed by COMMIT');
is(records('BEGIN; DECLARE c CURSOR FOR SELECT * FROM file; FETCH 30 FROM c; ROLLBACK'), 'public.file 30 30 0 failed', 'rolled back: what was fetched all the same');
is(records('BEGIN; DECLARE c CURSOR FOR SELECT * FROM file; FETCH 30 FROM c'), 'public.file 30 30 0 failed', 'the session ends');
is(records('BEGIN; DECLARE c CURSOR FOR SELECT * FROM file; ROLLBACK'), '', 'nothing was fetched');
is(records('BEGIN; SAVEPOINT a; DECLARE c CURSOR FOR SELECT * FROM file; FETCH 30 FROM c; ROLLBACK TO a; COMMIT'), 'public.file 30 30 0 failed', 'rolled back to a savepoint');
is(records('BEGIN; DECLARE c CURSOR FOR SELECT * FROM file; SAVEPOINT a; FETCH 30 FROM c; ROLLBACK TO a; FETCH 5 FROM c; COMMIT'), 'public.file 30 30 0 failed, public.file 5 35 0', 'opened before it, and gone on with after it');
is(records('BEGIN; SAVEPOINT a; DECLARE c CURSOR FOR SELECT * FROM file; FETCH 30 FROM c; RELEASE a; FETCH 5 FROM c; COMMIT'), 'public.file 35 35 0', 'a savepoint released');
is(records('BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT * FROM file; COMMIT; FETCH 3 FROM c'), 'public.file 100 100 4', 'WITH HOLD: all of it was read to be kept');
is(records('BEGIN; DECLARE c SCROLL CURSOR FOR SELECT id FROM codes; FETCH 10 FROM c; FETCH BACKWARD 5 FROM c; COMMIT'), 'public.codes 15 15 0', 'what is fetched twice counts twice');
is(records('BEGIN; DECLARE c CURSOR FOR SELECT * FROM file; DECLARE d CURSOR FOR SELECT * FROM codes; FETCH 2 FROM c; FETCH 3 FROM d; FETCH 2 FROM c; COMMIT'), 'public.codes 3 3 0, public.file 4 4 0', 'two at a time');

# ---- what goes wrong half way -------------------------------------------------------------------------

is(records('SELECT fails_at(id, 40), note FROM file ORDER BY id'), 'public.file 39 100 4 failed', 'an error half way: the rows before it have left');
is(records('COPY (SELECT fails_at(id, 40), note FROM file ORDER BY id) TO STDOUT'), 'public.file 39 100 4 failed', 'in COPY');
is(records('SELECT caught()'), 'public.file 29 100 4 failed', 'caught: on record all the same');
is(records('BEGIN; SELECT count(*) FROM file; ROLLBACK'), 'public.file 1 100 4', 'a transaction that is rolled back');
is(records("BEGIN; SELECT note FROM file; PREPARE TRANSACTION 'x'") . records("ROLLBACK PREPARED 'x'"), 'public.file 100 100 4', 'one that is prepared');
is(records('BEGIN READ ONLY; SELECT note FROM file'), 'public.file 100 100 4', 'one that only reads');
is(records("SET statement_timeout = '200ms'; SELECT CASE WHEN id = 50 THEN pg_sleep(5) END, id FROM codes ORDER BY id") =~ s/ \d+ 0 failed/ all 0 failed/r, 'public.codes 49 all 0 failed', 'cancelled');
is(records("SELECT id, CASE WHEN id = 50 THEN pg_terminate_backend(pg_backend_pid()) END FROM codes ORDER BY id") =~ s/ (?:49|50) \d+ 0 failed/ some 0 failed/r, 'public.codes some 0 failed', 'terminated');
is(records('SELECT count(note) FROM customer'), '', 'what is no export is on no record');

# killed in the middle: what has begun stays on record; the server starts again
SKIP:
{
	skip 'no processes to kill by a signal here', 1 if $PostgreSQL::Test::Utils::windows_os;
	my $pid = $node->safe_psql('bank', 'SELECT 1') && IPC::Run::start([ 'psql', '-X', '-q', '-d', $node->connstr('bank'), '-c', 'SELECT pg_sleep(0.2), id FROM codes' ], '>', \my $out, '2>', \my $err);
	$node->poll_query_until('bank', "SELECT count(*) = 1 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(0.2)%'");
	kill 'KILL', $node->safe_psql('bank', "SELECT pid FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(0.2)%'");
	$pid->finish;
	$node->poll_query_until('postgres', 'SELECT true');
	is(added(), 'public.codes not over', 'killed: that it has begun is on record');
}

# who read
$node->safe_psql('bank', 'SET ROLE regress_reader; SELECT count(*) FROM file');
my ($begun, $over) = trail();
is("$begun->{kind} $begun->{login} $begun->{role} $begun->{database} $begun->{channel}", 'export_reading postgres regress_reader bank file_extract', 'who, as whom, where and for which channel');
is("$over->{kind} $over->{login} $over->{role}", 'export_read postgres regress_reader', 'when it was over, too');
is(records("SELECT note FROM no_such"), '', 'an error before it reads');

# what cannot be put on record is not read
my $folder = $node->data_dir . '/protaddr_audit';
rename $folder, "$folder.away" or die;
append_to_file($folder, 'in the way');
my (undef, $out, $err) = $node->psql('bank', 'SELECT id FROM codes');
is($out, '', 'no row leaves while the trail cannot be written');
like($err, qr/ERROR:  the audit trail cannot be written/, 'and it says so');
is($node->safe_psql('bank', 'SELECT count(*) FROM customer'), '100', 'other tables are read');
unlink $folder;
rename "$folder.away", $folder or die;
added();

$node->stop;
done_testing();
