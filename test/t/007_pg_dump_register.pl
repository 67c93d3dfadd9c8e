#
# 007_pg_dump_register.pl
#		Does a dump carry the register, the policy, the bindings and the gates?
#
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ProtaddrTest;
use Test::More;

my $node = cluster(PostgreSQL::Test::Cluster->new('register'));
my $dir  = $node->basedir;
my $data = "$FindBin::RealBin/../data";
$node->start;
new_database($node, 'bank');
$node->safe_psql('bank', <<"SQL");
CREATE ROLE regress_owner LOGIN;
CREATE ROLE regress_reader LOGIN;
GRANT CREATE ON SCHEMA public TO regress_owner;
GRANT EXECUTE ON FUNCTION protaddr.bind_column, protaddr.install_gate, protaddr.bind_row, protaddr.gate_row, protaddr.gate_check, protaddr.gate_summary, protaddr.address TO regress_owner;

UPDATE protaddr.regime_code SET kind = 'address' WHERE regime = 'DK-CPR' AND code = '0002';
SELECT protaddr.load_cpr(pg_read_binary_file('$data/cpr_fixture.txt'));
SELECT protaddr.load_cpr(pg_read_binary_file('$data/cpr_fixture_next.txt'));
SELECT protaddr.protect('H1', 'manual', 'address', valid_from => '2026-01-01', delete_hint => '2027-01-01', reason => 'by hand');
SELECT protaddr.protect('H2', 'manual', 'address_and_town');
SELECT protaddr.lift('H2', 'manual', 'address_and_town', reason => 'over');
SELECT protaddr.confirm_register('branch office', new_source => true);
SELECT protaddr.set_birth_data('H1', '1970-01-02', 'By', 'DK'), protaddr.set_exchange_rate('DKK', 0.134);

UPDATE protaddr.channel SET when_protected = 'minimum', legal_basis = 'ours' WHERE channel = 'sepa';
INSERT INTO protaddr.channel (channel, route, when_protected, description, legal_basis) VALUES ('post', 'extract', 'block', 'Letters', 'ours');
INSERT INTO protaddr.regime_code (regime, code, kind, description, legal_basis, source) VALUES ('XX-REG', '7', 'address_and_town', 'Own', 'ours', 'ours');
SELECT protaddr.load_register('XX-REG', '[{"subject": "free", "protections": []}]');
SELECT protaddr.link_identity('K1', 'H1', 'customer');
SELECT protaddr.link_identity('K2', 'H1', 'customer');
SELECT protaddr.unlink_identity('K2', 'H1');
SELECT protaddr.link_identity('H1', 'K2', 'turned round');

SET SESSION AUTHORIZATION regress_owner;
CREATE TABLE customer (cpr text PRIMARY KEY, joint text, home protaddr.address, special protaddr.address);
CREATE TABLE payment (id int, payer text, home protaddr.address) PARTITION BY LIST (id);
CREATE TABLE payment_1 PARTITION OF payment FOR VALUES IN (1);
CREATE TABLE payment_2 PARTITION OF payment FOR VALUES IN (2);
CREATE TABLE "Odd ""name'" ("the 'payer" text, "home ""x" protaddr.address DEFAULT 'Default 1');
SELECT protaddr.bind_column('customer', 'home', subject => 'cpr');
SELECT protaddr.bind_column('customer', 'home', subject => 'joint');
SELECT protaddr.bind_column('customer', 'special', subject => 'cpr');
SELECT protaddr.install_gate('payment', channel => 'sepa', subject => 'payer');
SELECT protaddr.bind_column('"Odd ""name''"', 'home "x', subject => 'the ''payer');
SELECT protaddr.install_gate('"Odd ""name''"', channel => 'post', subject => 'the ''payer');
INSERT INTO customer VALUES ('H1', 'H9', 'Vej 1', NULL), ('free', NULL, protaddr.address(strtnm => 'Vej', bldgnb => '2', twnnm => 'By', ctry => 'DK'), 'Vej 3');
INSERT INTO payment SELECT 1, cpr, home FROM customer;
GRANT SELECT ON customer TO regress_reader;
SQL

my %state = (
	'protections' => q(SELECT string_agg(p::text, E'\n' ORDER BY id) FROM protaddr.protection p),
	'links'       => q(SELECT string_agg(l::text, E'\n' ORDER BY identifier, subject, recorded_from) FROM protaddr.identity_link l),
	'deliveries'  => q(SELECT string_agg(d::text, E'\n' ORDER BY id) FROM protaddr.register_delivery d),
	'people'      => q(SELECT string_agg(p::text, E'\n' ORDER BY subject_key, source) FROM protaddr.register_person p),
	'births'      => q(SELECT string_agg(b::text, E'\n' ORDER BY subject) FROM protaddr.birth_data b),
	'rates'       => q(SELECT string_agg(r::text, E'\n' ORDER BY currency) FROM protaddr.exchange_rate r),
	'channels'    => q(SELECT string_agg(c::text, E'\n' ORDER BY channel) FROM protaddr.channel c),
	'regime codes' => q(SELECT string_agg(r::text, E'\n' ORDER BY regime, code) FROM protaddr.regime_code r),
	'gates'       => q(SELECT string_agg(g::text, E'\n' ORDER BY relation::text) FROM protaddr.gate_status g),
	'bindings'    => q(SELECT string_agg(b::text, E'\n' ORDER BY relation::text, column_name, subject) FROM protaddr.bound_column b),
	'triggers'    => q(SELECT string_agg(tgrelid::regclass || ' ' || tgname || ' ' || tgenabled::text, E'\n' ORDER BY tgrelid::regclass::text, tgname) FROM pg_trigger WHERE NOT tgisinternal OR tgparentid <> 0),
	'customers'   => q(SELECT string_agg(c::text || protaddr.show(home), E'\n' ORDER BY cpr) FROM customer c),
	'payments'    => q(SELECT string_agg(p::text, E'\n' ORDER BY payer) FROM payment p),
	'protected'   => q(SELECT string_agg(DISTINCT subject, ' ' ORDER BY subject) FROM protaddr.protection WHERE protaddr.is_protected(subject)));
my %before = map { $_ => $node->safe_psql('bank', $state{$_}) } keys %state;
is($before{gates} =~ tr/\n// + 1, 2, 'there are two gates');
is(() = $before{gates} =~ /"in place"/g, 2, 'both in place') or diag($before{gates});
is(() = $before{bindings} =~ /"in place"/g, 4, 'and four bindings');
like($before{protections}, qr/by hand/, 'there is a protection by hand');
like($before{protected}, qr/\bH1\b/, 'which is in force');

sub restore
{
	my ($db, $format, @options) = @_;
	my $file = "$dir/$db.dump";
	command_ok([ 'pg_dump', '-F', $format, '-f', $file, @options, $node->connstr('bank') ], "$db: dumped");
	$node->safe_psql('postgres', "CREATE DATABASE $db");
	command_ok($format eq 'p' ? [ 'psql', '-qX', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr($db), '-f', $file ] : [ 'pg_restore', '-e', '-d', $node->connstr($db), $file ],
		"$db: restored without an error");
	is($node->safe_psql($db, 'SELECT protaddr.register_ready()'), 'f', "$db: nothing is told before the register is confirmed");
	$node->safe_psql($db, q(SELECT protaddr.confirm_register('restored', new_source => true)));
	for my $what (sort keys %state)
	{
		is($node->safe_psql($db, $state{$what}), $before{$what}, "$db: same $what");
	}
}
restore('from_plain', 'p');
restore('from_custom', 'c');
restore('from_inserts', 'p', '--inserts');

# after it, everything goes on
my $db = 'from_plain';
$node->safe_psql($db, q(INSERT INTO payment SELECT 2, cpr, home FROM customer));
is($node->safe_psql($db, q(SELECT string_agg(payer || ' ' || coalesce(protaddr.show(home), 'nothing'), ', ' ORDER BY payer) FROM payment WHERE id = 2)),
	'H1 nothing, free Vej 2, By', 'restored: the gate holds back');
is($node->safe_psql($db, q(SELECT protaddr.protect('H3', 'manual', 'address'))), 't', 'restored: somebody else can be protected');
is($node->safe_psql($db, q(SELECT protaddr.lift('H1', 'manual', 'address'))), 't', 'restored: a protection can be lifted');
is($node->safe_psql($db, q(SELECT max(n) FROM (SELECT count(*) AS n FROM protaddr.protection GROUP BY id) c)), '1', 'restored: no number is given out twice');
is(psql_error($node, $db, q(DELETE FROM protaddr.protection)), '55000', 'restored: history cannot be removed');
is($node->safe_psql($db, qq(SELECT persons > 0 AND lifted = 0 AND newly_protected = 0 FROM protaddr.load_cpr(pg_read_binary_file('$data/cpr_fixture_next.txt')))), 't',
	'restored: the last delivery again changes nobody');

# one table, by who may read it
for my $role (qw(regress_owner regress_reader))
{
	my $file = "$dir/table_$role.dump";
	command_ok([ 'pg_dump', '-U', $role, '-t', 'customer', '-f', $file, $node->connstr('bank') ], "$role dumps its table");
	my $dumped = slurp_file($file);
	is(() = $dumped =~ /pa1\./g, 3, "$role: the dump has the tokens");
	is(() = $dumped =~ /Vej/g, 0, "$role: and nothing else of the addresses");
	is(() = $dumped =~ /ENABLE ALWAYS TRIGGER zz_protaddr_bind/g, 3, "$role: and the bindings");
	$node->safe_psql('from_custom', 'DROP TABLE IF EXISTS customer');
	command_ok([ 'psql', '-qX', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('from_custom'), '-f', $file ], "$role: it is restored");
	is($node->safe_psql('from_custom', $state{$_}), $before{$_}, "$role: same $_") for qw(customers bindings);
}
command_fails_like([ 'pg_dump', '-U', 'regress_reader', '-t', 'customer', '-e', 'protaddr', '-f', "$dir/all_reader.dump", $node->connstr('bank') ],
	qr/permission denied for (table|sequence) (data_key|protection|birth_data|address_word|guarded_address)/, 'an ordinary role cannot dump register and keys');
$node->stop;
done_testing();
