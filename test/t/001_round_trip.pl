#
# 001_round_trip.pl
#		Does an address come back as the very same value, whichever way it went?
#
# 10,000 of them, under two data keys: through text, binary, COPY, copies inside the
# database, and dumps restored with and without the outer key.
#
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use File::Copy qw(copy);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ProtaddrTest;
use Test::More;

my $people = 10000;
my $node   = cluster(PostgreSQL::Test::Cluster->new('round_trip'));
my $dir    = $node->basedir;
$node->start;
new_database($node, 'bank');

write_customers("$dir/customers.txt", $people);
$node->safe_psql('bank', <<'SQL');
CREATE TABLE customer (id int PRIMARY KEY, holder text NOT NULL, joint text, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', subject => 'holder');
SELECT protaddr.bind_column('customer', 'home', subject => 'joint');
SQL
my $half = int($people / 2);
$node->safe_psql('bank', "COPY customer FROM PROGRAM 'head -n $half $dir/customers.txt'");
$node->safe_psql('bank', 'SELECT protaddr.rotate_data_key()');
my $rest = $half + 1;
$node->safe_psql('bank', "COPY customer FROM PROGRAM 'tail -n +$rest $dir/customers.txt'");

# some that concern as many people as can be
$node->safe_psql('bank',
	join(';', map { "UPDATE customer SET joint = 'joint $_' WHERE id % 500 = 3" } 1 .. 14));
$node->safe_psql('bank',
	q(SELECT protaddr.protect(h, 'DK-CPR', '0001') FROM (SELECT DISTINCT holder AS h FROM customer) c WHERE h LIKE '%7';
	  SELECT protaddr.protect('joint 3', 'DK-CPR', '0001')));

my $tokens = tokens($node, 'bank', 'customer');
my $shown  = shown($node, 'bank', 'customer');
like($tokens, qr/^10000 [0-9a-f]{32}$/, 'all addresses are there');
my ($withheld) = $shown =~ /^(\d+) of 10000 withheld/;
cmp_ok($withheld, '>', 1000, 'addresses of protected people are withheld');
cmp_ok($withheld, '<', 5000, 'and those of others are shown');
is($node->safe_psql('bank', q(SELECT count(DISTINCT substr(protaddr.address_send(home), 2, 8)) FROM customer)),
	'2', 'they are sealed under two data keys');
cmp_ok(
	$node->safe_psql('bank', q(SELECT pg_relation_size(reltoastrelid) FROM pg_class WHERE relname = 'customer')),
	'>', 100000, 'the longest ones are out of line');

# same_in($node, $db, $table, $name) tests both that tokens and what is shown are the same
sub same_in
{
	my ($where, $db, $table, $name) = @_;
	is(tokens($where, $db, $table), $tokens, "$name: same tokens");
	is(shown($where, $db, $table), $shown, "$name: shown the same");
}

# ---- inside the database -------------------------------------------------------------

$node->safe_psql('bank', <<'SQL');
CREATE TABLE by_text AS SELECT id, (home::text)::protaddr.address AS home FROM customer;
CREATE TABLE by_ctas AS TABLE customer;
CREATE MATERIALIZED VIEW by_matview AS SELECT id, home FROM customer;
CREATE TABLE by_json AS SELECT (json_populate_record(NULL::customer, row_to_json(c))).* FROM customer c;
CREATE TABLE by_array AS SELECT id, a[1] AS home FROM (SELECT id, ARRAY[home]::text AS t FROM customer) s, LATERAL (SELECT t::protaddr.address[] AS a) l;
CREATE TABLE by_record AS SELECT (c::text::customer).* FROM customer c;
CREATE TABLE by_column (LIKE customer);
INSERT INTO by_column TABLE customer;
ALTER TABLE by_column ALTER home TYPE text;
ALTER TABLE by_column ALTER home TYPE protaddr.address USING home::protaddr.address;
CREATE TABLE by_write_back (LIKE customer);
SELECT protaddr.bind_column('by_write_back', 'home', subject => 'holder');
SELECT protaddr.bind_column('by_write_back', 'home', subject => 'joint');
INSERT INTO by_write_back TABLE customer;
UPDATE by_write_back SET home = home::text::protaddr.address, holder = holder;
SQL
same_in($node, 'bank', "by_$_", $_) for qw(text ctas matview json array record column write_back);

# ---- through files and the wire --------------------------------------------------------

for my $format (qw(text csv binary))
{
	$node->safe_psql('bank', <<"SQL");
COPY customer TO '$dir/copy_$format.dump' (FORMAT $format);
CREATE TABLE by_copy_$format (LIKE customer);
SELECT protaddr.bind_column('by_copy_$format', 'home', subject => 'holder');
SELECT protaddr.bind_column('by_copy_$format', 'home', subject => 'joint');
COPY by_copy_$format FROM '$dir/copy_$format.dump' (FORMAT $format);
SQL
	same_in($node, 'bank', "by_copy_$format", "COPY $format");
	ok(!holds("$dir/copy_$format.dump", CANARY), "COPY $format: no clear address in the file");
}
{
	my ($binary, $text) = map {
		$node->safe_psql('bank', "BEGIN; DECLARE c $_ CURSOR FOR SELECT home FROM customer WHERE id = 4; FETCH 1 FROM c; COMMIT")
	} ('BINARY', '');
	ok(index($text, 'pa1.') == 0 && index($binary, 'pa1.') < 0, 'a binary cursor gives the bytes themselves');
}

# ---- dumps, restored where the key is ----------------------------------------------------

$node->safe_psql('bank',
	'DROP MATERIALIZED VIEW by_matview; DROP TABLE ' . join(', ', map { "by_$_" } qw(text ctas json array record column write_back copy_text copy_csv copy_binary)));
my %bring_in = (
	plain     => sub { my ($n, $db, $f) = @_; $n->command_ok([ 'psql', '-qX', '-v', 'ON_ERROR_STOP=1', '-d', $n->connstr($db), '-f', $f ], "plain dump restored into $db") },
	custom    => sub { my ($n, $db, $f) = @_; $n->command_ok([ 'pg_restore', '-e', '-d', $n->connstr($db), $f ], "custom dump restored into $db") },
	directory => sub { my ($n, $db, $f) = @_; $n->command_ok([ 'pg_restore', '-e', '-j2', '-d', $n->connstr($db), $f ], "directory dump restored into $db") });

# what a dump knows is of its day: nothing is shown until somebody says that it still holds
my %restore = map {
	my $how = $bring_in{$_};
	$_ => sub {
		my ($n, $db, $f) = @_;
		$how->(@_);
		is($n->safe_psql($db, 'SELECT protaddr.register_ready()'), 'f', "$db: a restored register must be confirmed");
		$n->safe_psql($db, q(SELECT protaddr.confirm_register('restored', new_source => true)));
	};
} keys %bring_in;

sub dump_it
{
	my ($where, $db, $format, $file) = @_;
	$where->command_ok([ 'pg_dump', '-F', substr($format, 0, 1), '-f', $file, $where->connstr($db) ],
		"$format dump of $db");
	return $file;
}

for my $format (qw(plain custom directory))
{
	my $file = dump_it($node, 'bank', $format, "$dir/$format.dump");
	$node->safe_psql('postgres', "CREATE DATABASE from_$format");
	$restore{$format}->($node, "from_$format", $file);
	same_in($node, "from_$format", 'customer', "$format dump");
}
ok(!holds("$dir/plain.dump", CANARY), 'no clear address in a dump');

# the dump of what was restored, over what is there already
my $again = dump_it($node, 'from_custom', 'custom', "$dir/again.dump");
$node->command_ok([ 'pg_restore', '-e', '--clean', '--if-exists', '-d', $node->connstr('from_plain'), $again ],
	'dump of a restored database, restored over another');
$node->safe_psql('from_plain', q(SELECT protaddr.confirm_register('restored', new_source => true)));
same_in($node, 'from_plain', 'customer', 'second restore');
is( $node->safe_psql('from_plain', 'SELECT string_agg(usable::text, $$ $$ ORDER BY created_at) FROM protaddr.key_status'),
	$node->safe_psql('from_custom', q(SELECT string_agg(usable::text, ' ' ORDER BY created_at) || ' true' FROM protaddr.key_status)),
	'each restore brings the data keys along, beside the new database\'s own');

# ---- restored where the key is not --------------------------------------------------------

my $other = cluster(PostgreSQL::Test::Cluster->new('without_key'));
$other->start;
$other->safe_psql('postgres', 'CREATE DATABASE bank');
$restore{custom}->($other, 'bank', "$dir/custom.dump");
is(tokens($other, 'bank', 'customer'), $tokens, 'without the key: same tokens');

my $key_id = $node->safe_psql('bank', q(SELECT encode(substr(protaddr.address_send(home), 2, 8), 'hex') FROM customer WHERE id = 1));
for my $call (qw(protaddr.show protaddr.show_iso protaddr.town_name))
{
	my ($state, $message) = error_of($other, 'bank', "SELECT $call(home) FROM customer WHERE id = 1");
	is($state, '55PA1', "without the key: $call fails");
	ok(index($message, $key_id) >= 0, "and names the key id");
}
is($node->safe_psql('bank', "SELECT count(*) FROM protaddr.key_status WHERE key_id = '$key_id'"), '1', 'the id is that of key_status');

$other->safe_psql('bank', q(CREATE TABLE copied AS TABLE customer; UPDATE copied SET holder = holder || 'x', home = home::text::protaddr.address));
is(tokens($other, 'bank', 'copied'), $tokens, 'without the key: values stay whole after UPDATE');
$other->safe_psql('bank', 'UPDATE customer SET holder = holder, home = home');
is(tokens($other, 'bank', 'customer'), $tokens, 'and of the bound table itself');
$other->safe_psql('bank', q(INSERT INTO customer VALUES (0, 'new', NULL, 'Nygade 1')));
is($other->safe_psql('bank', 'SELECT protaddr.show(home) FROM customer WHERE id = 0'), 'Nygade 1', 'new values are sealed under a key of this cluster');
$other->safe_psql('bank', 'DELETE FROM customer WHERE id = 0');

# a dump of it is as whole as the first
dump_it($other, 'bank', 'custom', "$dir/passed_on.dump");
$node->safe_psql('postgres', 'CREATE DATABASE passed_on');
$restore{custom}->($node, 'passed_on', "$dir/passed_on.dump");
same_in($node, 'passed_on', 'customer', 'passed on by a cluster without the key');

# the one call
my $kek = "$dir/old.kek";
copy($node->data_dir . '/protaddr.kek', $kek) or die $!;
chmod(0600, $kek) or die $!;
my $data_keys = $node->safe_psql('bank', 'SELECT count(*) FROM protaddr.data_key');
is($other->safe_psql('bank', "SELECT protaddr.adopt_data_keys('$kek')"), $data_keys, 'the data keys are adopted');
unlink($kek) or die $!;
same_in($other, 'bank', 'customer', 'after adoption');
$other->restart;
same_in($other, 'bank', 'customer', 'after adoption and a restart');
is($other->safe_psql('bank', 'SELECT count(*) FROM protaddr.key_status WHERE NOT usable'), '0', 'all data keys are usable');

$other->stop;

# ---- pg_upgrade -----------------------------------------------------------------------------

# It moves the data files, and knows nothing of the outer key's: that is to be copied by hand.
$node->stop;
my $upgraded = cluster(PostgreSQL::Test::Cluster->new('upgraded'));
my $bindir   = $node->config_data('--bindir');
chdir($dir) or die $!;
command_ok(
	[   'pg_upgrade', '--no-sync', '-d', $node->data_dir, '-D', $upgraded->data_dir, '-b', $bindir, '-B', $bindir,
		'-s', $upgraded->host, '-p', $node->port, '-P', $upgraded->port ],
	'pg_upgrade');
$upgraded->start;
is(tokens($upgraded, 'bank', 'customer'), $tokens, 'upgraded: same tokens');
is(psql_error($upgraded, 'bank', 'SELECT protaddr.show(home) FROM customer'), '55PA1', 'upgraded: not shown before the outer key is copied');
copy($node->data_dir . '/protaddr.kek', $upgraded->data_dir . '/protaddr.kek') or die $!;
chmod(0600, $upgraded->data_dir . '/protaddr.kek') or die $!;
# another system identifier: what vouched for the register does not vouch for this cluster
is($upgraded->safe_psql('bank', 'SELECT protaddr.register_ready()'), 'f', 'upgraded: the register must be confirmed');
like(shown($upgraded, 'bank', 'customer'), qr/^10000 of 10000 withheld/, 'and nothing is shown before');
$upgraded->safe_psql('bank', 'SELECT protaddr.confirm_register(source) FROM protaddr.register_source');
same_in($upgraded, 'bank', 'customer', 'upgraded, with the outer key, confirmed');
$upgraded->stop;
done_testing();
