#
# 042_export_file.pl
#		Is a file of an export what COPY would write, its manifest true, and nothing in it that must not be?
#
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Digest::SHA ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ProtaddrTest;
use Test::More;

my $node = cluster(PostgreSQL::Test::Cluster->new('file'));
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'protaddr'\nautovacuum = off");
$node->start;
new_database($node, 'bank');

my $clear = 'Skjulebakken';
$node->safe_psql('bank', <<"SQL");
CREATE ROLE regress_reader;
CREATE TABLE customer (id int PRIMARY KEY, cpr text, note text, code text, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', 'cpr');
INSERT INTO customer (id, cpr, home, code) VALUES (1, 'P1', '$clear 1', 'C1'), (2, 'P2', 'Vej 2, 8000 Aarhus', 'C2'), (3, 'P3', 'Vej 3', 'C3');
SELECT protaddr.protect('P1', 'DK-CPR', '0001');
SELECT protaddr.declare_free('customer', 'code', 'codes of products');
CREATE TABLE odd (id int, a text, b text, n numeric, j json, gone int);
ALTER TABLE odd DROP gone;
SELECT protaddr.declare_free('odd', c, 'odd texts') FROM unnest('{a,b,j}'::name[]) c;
SQL
$node->safe_psql('bank', <<"SQL");
UPDATE customer SET note = 'lives at $clear 1' WHERE id = 1;
INSERT INTO odd VALUES (1, 'x,y', NULL, -1.5, E'{"a":\\n 1}'), (2, '', 'he said "no"', 2, NULL), (3, E'two\\nlines', '=1+1', NULL, '[1]'), (4, E'\\r', '\@a', 0, NULL), (5, 'c:\\d', 'x;y', 0, NULL), (6, U&'\\FF1Da', '-2', 0, NULL);
CREATE VIEW file AS SELECT id, code, protaddr.guard(note, 'file_extract') AS note, protaddr.show(protaddr.release(home, 'file_extract')) AS home FROM customer;
CREATE VIEW leaky AS SELECT id, note FROM customer;
CREATE VIEW few AS SELECT id, code, note FROM customer;
CREATE VIEW none AS SELECT id FROM customer;
CREATE VIEW failing AS SELECT id, 1 / (id - 3) AS x FROM customer;
SELECT protaddr.declare_export('odd', 'file_extract', reason => 'x'), protaddr.declare_export('file', 'file_extract', reason => 'x'), protaddr.declare_export('leaky', 'file_extract', reason => 'x'),
    protaddr.declare_export('few', 'file_extract', '{code,id}', 'x'), protaddr.declare_export('failing', 'file_extract', reason => 'x');
CREATE SCHEMA "Odd Schema";
CREATE VIEW "Odd Schema"."a ""view""" AS SELECT id AS "the, id", code AS "=code" FROM customer;
SELECT protaddr.declare_export('"Odd Schema"."a ""view"""', 'file_extract', reason => 'x');
GRANT SELECT ON few TO regress_reader;
GRANT SELECT (id) ON file TO regress_reader;
SQL

my $path = $node->basedir . '/out';

# file($call, $before) has psql write a file and gives it; the manifest is compared with it.
sub file
{
	my ($call, $before) = @_;
	unlink $path;
	my ($code, $out, $err) = $node->psql('bank', ($before // '') . "\nSELECT protaddr.$call \\g $path\nSELECT rows, withheld, bytes, sha256 FROM protaddr.last_export()");
	return "error: $1" if $err =~ /ERROR:  ([^\n]*)/;
	my $content = slurp_file($path);
	my ($rows, $withheld, $bytes, $sha256) = split /\|/, (split /\n/, $out)[-1];
	is("$bytes $sha256", length($content) . ' ' . Digest::SHA::sha256_hex($content), "$call: the manifest has the length and the digest of the file");
	unlike($content, qr/$clear/, 'nothing protected is in it');
	return "$rows $withheld\n$content";
}

# ---- CSV ------------------------------------------------------------------------------------

my $odd = <<'CSV';
id,a,b,n,j
1,"x,y",,-1.5,"{""a"":
 1}"
2,"","he said ""no""",2,
3,"two
lines",=1+1,,[1]
CSV
$odd .= "4,\"\r\",\@a,0,\n5,c:\\d,x;y,0,\n6,\xEF\xBC\x9Da,-2,0,\n";
is(file("export_csv('odd')"), "6 0\n$odd", 'CSV: quotes where they belong, NULL and the empty text apart');
my $copied = $node->basedir . '/copied';
$node->safe_psql('bank', "\\copy (SELECT * FROM odd) TO $copied (FORMAT csv, HEADER)");
is(slurp_file($copied), $odd, 'as COPY writes it');
$node->safe_psql('bank', "CREATE TEMP TABLE again (LIKE odd);\n\\copy again FROM $path (FORMAT csv, HEADER)\nDO \$\$ BEGIN ASSERT (SELECT count(*) FROM again a JOIN odd o USING (id) WHERE a.a IS NOT DISTINCT FROM o.a AND a.b IS NOT DISTINCT FROM o.b AND a.n IS NOT DISTINCT FROM o.n) = 6; END \$\$");
my $safe = <<'CSV' . "4;\"'\r\";\"'\@a\";0;\n5;c:\\d;\"x;y\";0;\n6;\"'\xEF\xBC\x9Da\";\"'-2\";0;\n";
1;x,y;;-1.5;"{""a"":
 1}"
2;"";"he said ""no""";2;
3;"two
lines";"'=1+1";;[1]
CSV
is(file("export_csv('odd', header => false, delimiter => ';', escape_formulas => true)"), "6 0\n$safe", 'no formulas, another delimiter, no header');
is(file(q{export_csv('"Odd Schema"."a ""view"""', escape_formulas => true, order_by => '{"the, id"}')}), qq(3 0\n"the, id","'=code"\n1,C1\n2,C2\n3,C3\n), 'names that have to be quoted');
is(file("export_csv('file', '{id}')"), qq(3 2\nid,code,note,home\n1,C1,lives at [address withheld],\n2,C2,,"Vej 2, 8000 Aarhus"\n3,C3,,Vej 3\n), 'what is protected is withheld, and counted');
is(file("export_csv('few', '{id}')"), "3 0\ncode,id\nC1,1\nC2,2\nC3,3\n", 'the declared columns, in their order');
is(file("export_csv('few', '{id}')", 'SET ROLE regress_reader;') =~ s/.*\n//r, "code,id\nC1,1\nC2,2\nC3,3\n", 'for whoever may read it');
is(file("export_csv('odd')", "SET client_encoding = 'LATIN1'; UPDATE odd SET a = U&'\\00E6' WHERE id = 6;") =~ /\n6,\xE6,/ ? 'latin' : 'other', 'latin', 'the digest is of what the client gets');

# ---- JSON Lines ----------------------------------------------------------------------------

is(file("export_jsonl('odd', '{id}')"), "6 0\n" . <<'JSON', 'JSON Lines: no line ends within an object');
{"id":1,"a":"x,y","b":null,"n":-1.5,"j":{"a":  1}}
{"id":2,"a":"","b":"he said \"no\"","n":2,"j":null}
{"id":3,"a":"two\nlines","b":"=1+1","n":null,"j":[1]}
{"id":4,"a":"\r","b":"@a","n":0,"j":null}
{"id":5,"a":"c:\\d","b":"x;y","n":0,"j":null}
{"id":6,"a":"æ","b":"-2","n":0,"j":null}
JSON
is(file("export_jsonl('file', '{id}')") =~ s/\n.*//sr, '3 2', 'what is withheld is counted');
my $manifest = $node->safe_psql('bank', "SELECT count(*) FROM protaddr.export_jsonl('file'); SELECT m - 'made' - 'sha256' FROM protaddr.export_manifest() m");
is((split /\n/, $manifest)[-1], '{"rows": 3, "bytes": 179, "export": "public.file", "format": "jsonl", "channel": "file_extract", "made_by": "postgres", "database": "bank", "withheld": 2}', 'the manifest');

# ---- what is no file -----------------------------------------------------------------------

is(file("export_csv('leaky')"), 'error: column "note" of export public.leaky may hold a protected address', 'a refused export');
is(file("export_csv('none')"), 'error: public."none" is not declared an export', 'no export');
is(file("export_csv('customer')"), 'error: public.customer is not declared an export', 'a table');
is(file("export_csv('leaky')", 'SET ROLE regress_reader;'), 'error: permission denied for view leaky', 'not without SELECT');
is(file("export_csv('file')", 'SET ROLE regress_reader;'), 'error: permission denied for view file', 'nor with SELECT on one column');
is(file("export_csv('few', '{note}')"), 'error: column "note" is not among the columns of export public.few', 'not in the order of what it may not tell');
is(file("export_csv('few', delimiter => '$_')"), 'error: a delimiter is one character that is neither a letter, a digit, a quote, a point, a backslash nor the end of a line', "delimiter $_") for '', ',,', 'a', '"', '\\', 'æ';
is(file("export_csv('odd')", "BEGIN; SELECT protaddr.declare_free('customer', 'note', 'I want to see it');"), 'error: export public.odd cannot be read in a transaction that has changed what may leave', 'not in a transaction that loosens');
is(file("export_jsonl('failing', '{id}')"), 'error: division by zero', 'an error half way');
is(file("export_csv('few') LIMIT 2"), 'error: no export was written to its end in this session', 'a file that is cut off has no manifest');
is(file("export_csv('few')", "SELECT count(*) FROM protaddr.export_csv('few'); SELECT protaddr.export_csv('few') LIMIT 1; SELECT rows FROM protaddr.last_export();"), 'error: no export was written to its end in this session', 'nor has it the manifest of the one before');

# ---- long, and in pieces ---------------------------------------------------------------------

$node->safe_psql('bank', "CREATE TABLE long (id int, t text); INSERT INTO long SELECT i, repeat('x', i % 500) FROM generate_series(1, 20000) i; SELECT protaddr.declare_free('long', 't', 'x'), protaddr.declare_export('long', 'file_extract', reason => 'x')");
is(file("export_csv('long', '{id}')", '\set FETCH_COUNT 100') =~ s/\n.*//sr, '20000 0', 'fetched in pieces');
is($node->safe_psql('bank', "SELECT count(*), count(DISTINCT l) FROM protaddr.export_csv('long', header => false) l"), '20000|20000', 'and as a table');
is($node->safe_psql('bank', "BEGIN; DECLARE c CURSOR FOR SELECT protaddr.export_csv('few', '{id}'); FETCH 2 FROM c; CLOSE c; SELECT count(*) FROM pg_cursors; COMMIT") =~ s/.*\n//sr, '0', 'a cursor that is closed early leaves none behind');

$node->stop;
done_testing();
