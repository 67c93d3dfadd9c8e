#
# 036_export.pl
#		Is an export judged whatever reads it, and whatever was changed behind it?
#
# Every statement comes from a session of its own, unless it says otherwise.  A leak would
# show the street of a protected person.
#
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ProtaddrTest;
use Test::More;

my $node = cluster(PostgreSQL::Test::Cluster->new('export'));
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'protaddr'\nmax_prepared_transactions = 2");
$node->start;
new_database($node, 'bank');

my $clear = 'Skjulebakken';
$node->safe_psql('bank', <<"SQL");
CREATE ROLE regress_author;
CREATE ROLE regress_reader;
CREATE SCHEMA shop AUTHORIZATION regress_author;
CREATE SCHEMA files;
CREATE TABLE shop.customer (id int PRIMARY KEY, cpr text, note text, code text, amount numeric, home protaddr.address);
SELECT protaddr.bind_column('shop.customer', 'home', 'cpr');
INSERT INTO shop.customer (id, cpr, home, code, amount) VALUES (1, 'P1', '$clear 1', 'C1', 10), (2, 'P2', 'Vej 2', 'C2', 20);
SELECT protaddr.protect('P1', 'DK-CPR', '0001');
ALTER TABLE shop.customer OWNER TO regress_author;
SELECT protaddr.declare_free('shop.customer', 'code', 'codes of products');
GRANT EXECUTE ON FUNCTION protaddr.guard(text, text), protaddr.release TO regress_author, regress_reader;
GRANT USAGE ON SCHEMA shop, files TO regress_reader;
GRANT ALL ON SCHEMA files TO regress_author;
SQL
# a token is no address: the notes are
$node->safe_psql('bank', "UPDATE shop.customer SET note = 'lives at $clear 1' WHERE id = 1; UPDATE shop.customer SET note = 'nothing' WHERE id = 2");

my $good = q(SELECT id, code, amount, protaddr.guard(note, 'file_extract') AS note FROM shop.customer);
my $bad  = q(SELECT id, code, amount, note FROM shop.customer);
$node->safe_psql('bank', <<"SQL");
SET ROLE regress_author;
CREATE VIEW shop.extract AS $good;
CREATE VIEW shop.leaky AS $bad;
CREATE VIEW shop.plain AS $bad;
CREATE VIEW shop.around AS SELECT note FROM shop.leaky;
CREATE VIEW shop.few AS $bad;
CREATE FUNCTION shop.read_leaky() RETURNS SETOF text LANGUAGE plpgsql AS 'BEGIN RETURN QUERY SELECT note FROM shop.leaky; END';
CREATE FUNCTION shop.read_leaky_as_owner() RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN (SELECT note FROM shop.leaky LIMIT 1); END';
CREATE FUNCTION shop.cursor_of() RETURNS refcursor LANGUAGE plpgsql AS 'DECLARE c refcursor := ''c''; BEGIN OPEN c FOR SELECT note FROM shop.leaky; RETURN c; END';
CREATE FUNCTION shop.tag(i int) RETURNS text LANGUAGE sql VOLATILE BEGIN ATOMIC SELECT c.code FROM shop.customer c WHERE c.id = i; END;
CREATE VIEW shop.tagged AS SELECT id, shop.tag(id) AS tag FROM shop.customer;
CREATE VIEW shop.under AS SELECT id, code FROM shop.customer;
CREATE VIEW shop.over AS SELECT id, code FROM shop.under;
CREATE MATERIALIZED VIEW shop.copy AS SELECT id, code, amount FROM shop.customer;
CREATE MATERIALIZED VIEW shop.copy_of_leaky AS SELECT * FROM shop.leaky WITH NO DATA;
CREATE TABLE shop.target (note text);
GRANT ALL ON ALL TABLES IN SCHEMA shop TO regress_reader;
SQL
my (undef, undef, $warned) = $node->psql('bank', <<"SQL");
SELECT protaddr.declare_export('shop.extract', 'file_extract', reason => 'to the customer');
SELECT protaddr.declare_export('shop.leaky', 'file_extract', reason => 'to the customer');
SELECT protaddr.declare_export('shop.tagged', 'file_extract', reason => 'to the customer');
SELECT protaddr.declare_export('shop.over', 'file_extract', reason => 'to the customer');
SELECT protaddr.declare_export('shop.copy', 'file_extract', '{id,amount}', 'to the customer');
SELECT protaddr.declare_export('shop.few', 'file_extract', '{id,code}', 'to the customer');
SELECT protaddr.declare_export_schema('files', 'file_extract', 'everything in it');
SQL
like($warned, qr/WARNING:  export shop\.leaky cannot be read yet: refused: column note/, 'whoever declares what cannot be read is told');
unlike($warned, qr/ERROR/, 'the others are as they should be');

# outcome($role, $sql) is "refused", or what came out.
sub outcome
{
	my ($role, $sql) = @_;
	my (undef, $out, $err) = $node->psql('bank', ($role ? "SET ROLE $role;\n" : '') . $sql, on_error_stop => 1);
	$out //= '';
	return "LEAKED $out $err" if $out =~ /$clear/ || $err =~ /$clear/;
	return 'refused' if $err =~ /ERROR:  (?:column "[^"]+" of export \S+ may hold a protected address)/;
	return "error: $1" if $err =~ /ERROR:  (.*)/;
	return $out;
}

# ---- every way to read one ---------------------------------------------------------------

is(outcome('regress_reader', 'SELECT * FROM shop.extract ORDER BY id'), "1|C1|10|lives at [address withheld]\n2|C2|20|nothing", 'a good export is read');
for my $role ('regress_reader', '')
{
	is(outcome($role, $_), 'refused', "refused to " . ($role || 'a superuser') . ": $_")
	  for 'SELECT * FROM shop.leaky', 'SELECT id FROM shop.leaky', 'SELECT count(*) FROM shop.leaky', 'TABLE shop.leaky',
	  'COPY (SELECT note FROM shop.leaky) TO STDOUT', 'EXPLAIN ANALYZE SELECT * FROM shop.leaky', 'EXPLAIN SELECT * FROM shop.leaky',
	  'CREATE TEMP TABLE t AS SELECT * FROM shop.leaky', 'SELECT * INTO TEMP t FROM shop.leaky', 'INSERT INTO shop.target SELECT note FROM shop.leaky',
	  'BEGIN; DECLARE c CURSOR FOR SELECT note FROM shop.leaky; FETCH c', 'BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT note FROM shop.leaky; COMMIT; FETCH c',
	  'BEGIN; DECLARE c BINARY CURSOR FOR SELECT note FROM shop.leaky; FETCH c', 'SELECT * FROM shop.around', 'SELECT * FROM shop.read_leaky()', 'SELECT shop.read_leaky_as_owner()',
	  'BEGIN; SELECT shop.cursor_of(); FETCH c', 'PREPARE p AS SELECT note FROM shop.leaky; EXECUTE p', 'SET plan_cache_mode = force_generic_plan; PREPARE p AS SELECT note FROM shop.leaky; EXECUTE p; EXECUTE p',
	  'PREPARE p AS SELECT note FROM shop.leaky; CREATE TEMP TABLE t AS EXECUTE p', 'WITH x AS (SELECT note FROM shop.leaky) SELECT * FROM x', 'SELECT (SELECT note FROM shop.leaky LIMIT 1)', 'SELECT 1 WHERE EXISTS (SELECT FROM shop.leaky)',
	  'SELECT c.id FROM shop.customer c LEFT JOIN shop.leaky l ON l.id = c.id', 'SELECT note FROM shop.leaky UNION SELECT code FROM shop.extract', 'SELECT leaky FROM shop.leaky',
	  'SELECT query_to_xml(\'SELECT note FROM shop.leaky\', true, false, \'\')', 'SELECT table_to_xml(\'shop.leaky\', true, false, \'\')',
	  'UPDATE shop.leaky SET amount = 1 WHERE note LIKE \'%\' RETURNING note', 'DELETE FROM shop.leaky RETURNING note',
	  'SET force_parallel_mode = on; SELECT note FROM shop.leaky', "DO \$\$ BEGIN EXECUTE 'SELECT note FROM shop.leaky'; END \$\$"
	  ;
}
is(outcome('', 'CREATE MATERIALIZED VIEW shop.copy_of_extract AS SELECT * FROM shop.extract; SELECT count(*) FROM shop.copy_of_extract; DROP MATERIALIZED VIEW shop.copy_of_extract'), '2', 'a materialized view of a good export');
is(outcome('', 'CREATE TEMP TABLE t AS SELECT * FROM shop.extract; SELECT count(*) FROM t'), '2', 'and a table');
is(outcome('', 'REFRESH MATERIALIZED VIEW shop.copy_of_leaky'), 'refused', 'REFRESH');
is(outcome('', 'BEGIN; SET LOCAL session_replication_role = replica; SELECT * FROM shop.leaky'), 'refused', 'not in replication role');
is(outcome('', 'SET row_security = off; SET protaddr.guard_memory = 1; SELECT * FROM shop.leaky') =~ /^(?:refused|error)/ ? 'refused' : 'read', 'refused', 'no setting helps');
is(outcome('', 'ALTER VIEW shop.leaky OWNER TO regress_reader; SELECT * FROM shop.leaky'), 'refused', 'nor another owner');

# ---- columns, tables, schemas ----------------------------------------------------------------

is(outcome('regress_reader', 'SELECT id, code FROM shop.few ORDER BY id'), "1|C1\n2|C2", 'the declared columns are read');
is(outcome('regress_reader', 'SELECT amount FROM shop.few'), 'error: column "amount" is not among the columns of export shop.few', 'and no others');
is(outcome('regress_reader', 'SELECT id FROM shop.few WHERE note LIKE \'l%\''), 'error: column "note" is not among the columns of export shop.few', 'not in a condition either');
is(outcome('regress_reader', 'SELECT s FROM shop.few s'), 'error: export shop.few cannot be read as a whole row', 'nor with the row');
is(outcome('regress_reader', 'SELECT id, amount FROM shop.copy ORDER BY 1'), "1|10\n2|20", 'a materialized view: its numbers');
is(outcome('regress_reader', 'COPY shop.copy TO STDOUT'), 'error: column "code" is not among the columns of export shop.copy', 'COPY of it');
is(outcome('', "CREATE TABLE files.list (id int, line text); INSERT INTO files.list VALUES (1, 'x'); SELECT id FROM files.list"), 'refused', 'a table of an export schema');
is(outcome('', 'COPY files.list TO STDOUT'), 'refused', 'COPY of the table');
is(outcome('', 'COPY files.list (id) TO STDOUT'), 'refused', 'of a column of it');
is(outcome('', "SELECT protaddr.declare_free('files.list', 'line', 'lines')"), '', 'declared free ...');
is(outcome('', 'COPY files.list TO STDOUT'), "1\tx", '... it is read');
is(outcome('', "BEGIN; SELECT protaddr.declare_free('shop.customer', 'note', 'I want to see them'); SELECT note FROM shop.leaky; ROLLBACK"),
	'error: export shop.leaky cannot be read in a transaction that has changed what may leave', 'not before that is committed');
is(outcome('', "BEGIN; SELECT protaddr.undeclare_export('shop.leaky', 'I want to see it'); SELECT note FROM shop.leaky; ROLLBACK"),
	'error: export shop.leaky cannot be read in a transaction that has changed what may leave', 'nor undeclared, read and rolled back');
is(outcome('', "BEGIN; SAVEPOINT a; SELECT protaddr.undeclare_export('shop.leaky', 'I want to see it'); ROLLBACK TO a; SELECT note FROM shop.leaky"),
	'error: export shop.leaky cannot be read in a transaction that has changed what may leave', 'nor after a savepoint');
is(outcome('', 'SELECT * FROM shop.leaky'), 'refused', 'afterwards it is what it was');

# ---- made and changed -------------------------------------------------------------------------

is(outcome('regress_author', "CREATE VIEW files.bad AS $bad"), 'refused', 'a view that would be refused is not made in an export schema');
is(outcome('regress_author', "CREATE VIEW files.good AS SELECT id, code FROM shop.customer; SELECT count(*) FROM files.good"), '2', 'one that leaves is');
is(outcome('regress_author', "CREATE OR REPLACE VIEW shop.extract AS SELECT id, code, amount, note FROM shop.customer"), 'refused', 'nor replaces an export');
is(outcome('regress_author', "DROP VIEW shop.around; DROP VIEW shop.tagged; CREATE VIEW shop.tagged AS SELECT note FROM shop.customer"), 'refused', 'nor one that was dropped');
is(outcome('regress_author', "CREATE VIEW shop.tagged AS SELECT id, shop.tag(id) AS tag FROM shop.customer; SELECT string_agg(tag, ',' ORDER BY id) FROM shop.tagged"), 'C1,C2', 'made as it was, it is read');
is(outcome('regress_author', "BEGIN; ALTER VIEW shop.extract RENAME TO file; CREATE VIEW shop.extract AS $bad"), 'refused', 'a renamed export keeps its name ...');
is(outcome('regress_author', "ALTER VIEW shop.leaky RENAME TO other; SELECT note FROM shop.other"), 'error: must be owner of view leaky', '(of somebody else)');
is(outcome('', "ALTER VIEW shop.leaky RENAME TO other; SELECT note FROM shop.other"), 'refused', '... and has the new one, too');
is(outcome('', "ALTER VIEW shop.other SET SCHEMA public; SELECT note FROM public.other"), 'refused', 'in another schema, too');
is(outcome('', "ALTER SCHEMA files RENAME TO filed; SELECT line FROM filed.list; CREATE VIEW filed.bad AS $bad"), 'refused', 'and what is in a renamed schema');
is(outcome('regress_author', "CREATE OR REPLACE VIEW shop.under AS SELECT id, note AS code FROM shop.customer; SELECT * FROM shop.over"), 'refused', 'a view inside, replaced');
is(outcome('regress_author', "CREATE OR REPLACE VIEW shop.under AS SELECT id, code FROM shop.customer; SELECT count(*) FROM shop.over"), '2', 'and replaced again');
is(outcome('regress_author', <<'SQL'), 'refused', 'a function replaced between two executions');
PREPARE p AS SELECT tag FROM shop.tagged;
EXECUTE p;
CREATE OR REPLACE FUNCTION shop.tag(i int) RETURNS text LANGUAGE sql VOLATILE BEGIN ATOMIC SELECT c.note FROM shop.customer c WHERE c.id = i; END;
EXECUTE p;
SQL
$node->safe_psql('bank', 'CREATE OR REPLACE FUNCTION shop.tag(i int) RETURNS text LANGUAGE sql VOLATILE BEGIN ATOMIC SELECT c.code FROM shop.customer c WHERE c.id = i; END');
is(outcome('regress_author', <<'SQL'), 'refused', 'a function replaced under an open cursor');
BEGIN;
DECLARE c CURSOR FOR SELECT tag FROM shop.tagged;
CREATE OR REPLACE FUNCTION shop.tag(i int) RETURNS text LANGUAGE sql VOLATILE BEGIN ATOMIC SELECT c.note FROM shop.customer c WHERE c.id = i; END;
FETCH c;
SQL
$node->safe_psql('bank', <<'SQL');
SET ROLE regress_author;
CREATE FUNCTION shop.replacing() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'CREATE OR REPLACE FUNCTION shop.tag(i int) RETURNS text LANGUAGE sql VOLATILE BEGIN ATOMIC SELECT c.note FROM shop.customer c WHERE c.id = i; END';
    RETURN '';
END $$;
SQL
is(outcome('regress_author', 'SELECT shop.replacing(), tag FROM shop.tagged'), 'error: functions and views cannot be made or changed while an export is being read', 'a function replaced while it is read');
is(outcome('regress_author', 'SELECT string_agg(tag, \',\' ORDER BY id) FROM shop.tagged; CREATE VIEW shop.later AS SELECT 1 AS one'), 'C1,C2', 'and afterwards they can be changed');
is(outcome('regress_author', "BEGIN; SAVEPOINT a; SELECT 1 / (id - 1) FROM shop.tagged; ROLLBACK TO a; CREATE VIEW shop.later_2 AS SELECT 1 AS one") =~ s/^error: //r, 'division by zero', 'an error ends a reading');

# another session replaces what an open one has prepared
my $open = $node->background_psql('bank', on_error_stop => 0) if $node->can('background_psql');
SKIP:
{
	skip 'this PostgreSQL::Test::Cluster has no background_psql that gives an object', 2 unless ref $open && $open->can('query');
	$open->query('PREPARE p AS SELECT tag FROM shop.tagged ORDER BY id');
	is($open->query('EXECUTE p'), "C1\nC2", 'prepared here');
	$node->safe_psql('bank', 'CREATE OR REPLACE FUNCTION shop.tag(i int) RETURNS text LANGUAGE sql VOLATILE BEGIN ATOMIC SELECT c.note FROM shop.customer c WHERE c.id = i; END');
	unlike($open->query('EXECUTE p'), qr/$clear/, 'replaced there: refused here');
	$open->quit;
}
$node->safe_psql('bank', 'CREATE OR REPLACE FUNCTION shop.tag(i int) RETURNS text LANGUAGE sql VOLATILE BEGIN ATOMIC SELECT c.code FROM shop.customer c WHERE c.id = i; END');

# ---- declarations: changed, ended, restored --------------------------------------------------------

is(outcome('', "SELECT protaddr.undeclare_free('shop.customer', 'code', 'they hold more')"), 't', 'a column that is not free any more');
is(outcome('regress_reader', 'SELECT * FROM shop.extract'), 'refused', 'refuses the exports that show it');
is(outcome('', "SELECT protaddr.declare_free('shop.customer', 'code', 'codes again')"), '', 'free again');
is(outcome('regress_reader', 'SELECT count(*) FROM shop.extract'), '2', 'read again');
is(outcome('', "SELECT protaddr.undeclare_export('public.other', 'test'), protaddr.undeclare_export('public.other', 'test')"), 't|f', 'undeclared');
is(outcome('', 'SELECT count(*) FROM public.other'), '2', 'and read');
is(outcome('', "SELECT what, object FROM protaddr.export_change WHERE object LIKE '%other' ORDER BY id"), "renamed|shop.other\nrenamed|public.other\nundeclared|public.other", 'all on record');
is(outcome('', "SELECT protaddr.undeclare_export('shop.extract.x', 'test')"), 'error: an export is named as schema.relation, or a schema by itself', 'not by any name');
is(outcome('', "SELECT protaddr.declare_export('shop.extract', 'nowhere', reason => 'x')"), 'error: channel "nowhere" does not exist', 'for no channel');
is(outcome('', "SELECT protaddr.declare_export('shop.extract', 'file_extract')"), 'error: a reason must be given', 'not without a reason');
is(outcome('', "SELECT protaddr.declare_export('protaddr.channel', 'file_extract', reason => 'x')"), 'error: protaddr.channel belongs to the system and cannot be an export', 'nor ours');
is(outcome('', "SELECT protaddr.declare_export('shop.extract', 'file_extract', '{id,none}', 'x')"), 'error: column "none" of shop."extract" does not exist', 'nor columns that are not there');

# ---- written for you ---------------------------------------------------------------------------------

$node->safe_psql('bank', <<'SQL');
CREATE TABLE shop.legacy (cpr text, id int, street text, number text, remark text);
INSERT INTO shop.legacy VALUES ('P1', 1, 'Skjulebakken', '1', 'lives at Skjulebakken 1'), ('P2', 2, 'Vej', '2', 'nothing');
SELECT protaddr.declare_address_columns('shop.legacy', 'cpr', street => 'street', number => 'number');
SELECT protaddr.create_export('shop.legacy', 'file_extract', 'shop.legacy_file', 'to the customer');
GRANT SELECT ON shop.legacy_file TO regress_reader;
SQL
is(outcome('regress_reader', 'SELECT * FROM shop.legacy_file ORDER BY id'), "P1|1|lives at [address withheld]\nP2|2|nothing", 'create_export: parts of addresses are left out, texts guarded');
is(outcome('', "SELECT obj_description('shop.legacy_file'::regclass)"), 'Export of shop.legacy through channel file_extract: to the customer. Left out: street, number', 'and it says so');
is(outcome('regress_reader', "SELECT protaddr.create_export('shop.legacy', 'file_extract', 'shop.mine', 'x')"), 'error: permission denied for function create_export', 'not for everybody');

# names, and what tells where somebody lives
$node->safe_psql('bank', <<'SQL');
CREATE TABLE shop.member (id int, cpr text, name text, branch int);
INSERT INTO shop.member VALUES (1, 'P1', 'Anna Skjult', 17), (2, 'P2', 'Bo Friis', 18), (3, NULL, 'Nobody', 19);
SELECT protaddr.declare_name('shop.member', 'name', '{cpr}', 'names'), protaddr.declare_location('shop.member', 'branch', 'the nearest branch', '{cpr}'), protaddr.declare_free('shop.member', 'cpr', 'numbers');
SELECT protaddr.protect('P1', 'manual', 'name_and_address');
SELECT protaddr.create_export('shop.member', 'file_extract', 'shop.member_file', 'to the club');
GRANT SELECT ON shop.member_file TO regress_reader;
GRANT EXECUTE ON FUNCTION protaddr.show_name, protaddr.show_location TO regress_reader;
SQL
is(outcome('regress_reader', 'SELECT id, name, branch FROM shop.member_file ORDER BY id'), "1|[name withheld]|\n2|Bo Friis|18\n3|[name withheld]|", 'create_export: names and places are shown by their own functions');
is(outcome('', 'CREATE OR REPLACE VIEW shop.member_file AS SELECT id, cpr, name, branch FROM shop.member'),
	'refused', 'and by nothing else');
is(outcome('', 'BEGIN; ALTER TABLE shop.member RENAME name TO called; ALTER VIEW shop.member_file RENAME name TO called; CREATE OR REPLACE VIEW shop.member_file AS SELECT id, cpr, called, branch FROM shop.member; COMMIT'),
	'refused', 'nor by another name');

my $proxies = q(SELECT schema_name, relation_name, column_name, kind, subjects, reason, status FROM protaddr.proxy_status);
my $proxies_before = $node->safe_psql('bank', $proxies);
like($proxies_before, qr/^shop\|member\|name\|name\|\{cpr\}\|names\|declared$/m, 'proxy_status tells');
my $status = q(SELECT schema_name, relation_name, kind, channel, columns, status FROM protaddr.export_status ORDER BY 1, 2);
my $before = $node->safe_psql('bank', $status);
like($before, qr/^shop\|extract\|view\|file_extract\|\|may leave$/m, 'export_status tells');
like($before, qr/^shop\|leaky\|\|file_extract\|\|no relation goes by its name$/m, 'also of names without a relation');
my $dump = $node->basedir . '/bank.sql';
$node->command_ok([ 'pg_dump', '-f', $dump, '-d', $node->connstr('bank') ], 'dumped');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $dump, '-d', $node->connstr('restored') ], 'and restored');
is($node->safe_psql('restored', $status), $before, 'the exports are what they were');
is($node->safe_psql('restored', 'SELECT count(*) FROM shop.over'), '2', 'read there, too');
is($node->safe_psql('restored', $proxies), $proxies_before, 'so are names and places');
is($node->safe_psql('restored', q(SELECT id, name FROM shop.member_file WHERE id = 1)), '1|[name withheld]', 'withheld there, too');
my (undef, undef, $refused) = $node->psql('restored', 'CREATE OR REPLACE VIEW shop.over AS SELECT id, note AS code FROM shop.customer');
like($refused, qr/ERROR:  column "code" of export shop\.over may hold a protected address/, 'and kept there');

# ---- without preloading --------------------------------------------------------------------------------

$node->append_conf('postgresql.conf', "shared_preload_libraries = ''");
$node->restart;
is(outcome('', "SELECT protaddr.declare_export('shop.extract', 'file_extract', reason => 'x')"), 'error: an export cannot be declared: protaddr is not in shared_preload_libraries', 'not declared without preloading');
is(outcome('', "LOAD 'protaddr'; SELECT id FROM shop.extract"), 'error: export shop."extract" cannot be read: protaddr is not in shared_preload_libraries', 'nor read');
is(outcome('', 'SELECT bool_or(kept) FROM protaddr.export_status'), 'f', 'export_status says so');

$node->stop;
done_testing();
