#
# 011_roles.pl
#		Can the roles of doc/roles.md do their work with what they were granted, and not
#		another's?  Among it the nightly job of doc/register.md.
#
use strict;
use warnings;
use utf8;
use Encode qw(encode);
use FindBin;
use lib "$FindBin::RealBin/../lib";
use PageTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $root = "$FindBin::RealBin/../..";
my $node = page_node(PostgreSQL::Test::Cluster->new('roles'), $root);
my ($database) = run_page($node, 'doc/roles.md');

my $fixture = unpack('H*', slurp_file("$root/test/data/cpr_fixture_next.txt"));
my %work = (
	register_loader => "SELECT persons FROM protaddr.load_cpr('\\x$fixture'); SELECT protaddr.confirm_register('DK-CPR', '3 days');" .
		q{COPY protaddr.register_staging (source, subject, code) FROM STDIN;
SE-FOLK	19121212-1212	Ingen
wrong	19121212-1212	Ingen
\\.
		SELECT protaddr.load_staged('SE-FOLK', 'SE-FOLK'), protaddr.load_register('UK-AER', '[{"subject": "AB1-77", "protections": [{"code": "N"}]}]');
		DELETE FROM protaddr.register_staging WHERE source = 'wrong';
		COPY protaddr.identity_link (identifier, subject, kind) FROM STDIN;
C-77	19121212-1212	customer
\\.
		CREATE TEMP TABLE link (identifier text, subject text);
		INSERT INTO link VALUES ('C-77', '191212121212'), ('C-78', 'C-77');
		INSERT INTO protaddr.identity_link (identifier, subject) SELECT identifier, subject FROM link ON CONFLICT DO NOTHING;
		SELECT protaddr.link_identity('C-79', 'C-77'); SELECT source, status, age FROM protaddr.register_status; SELECT name, outcome FROM protaddr.register_delivery;
		SELECT protaddr.feed_position('NO-FREG')},
	register_file_loader => q{SELECT persons FROM protaddr.load_cpr_file('extract_next')},
	history_reader => q{SELECT protaddr.people_of('C-1001'), protaddr.protection_at('C-1001', now()), protaddr.protected_between(now(), now());
		SELECT * FROM protaddr.protection_history('C-1001'), protaddr.protection_period, protaddr.register_review, protaddr.register_forgotten;
		SELECT * FROM protaddr.register_review_values()},
	data_protection_officer => q{SELECT protaddr.protect('1-2', 'manual', 'address'), protaddr.is_protected('12');
		SELECT protaddr.lift('12', 'manual', 'address'), protaddr.retire_register('no such'); SELECT count(*) FROM protaddr.protection;
		SELECT protaddr.unlink_identity('C-79', 'C-77'), protaddr.set_substitute('12', 'Box 1', 'test'), protaddr.drop_substitute('12');
		SELECT protaddr.forget_subject('12', now(), 'test'); SELECT * FROM protaddr.register_forgotten, protaddr.substitute_address, protaddr.identity_link;
		INSERT INTO protaddr.regime_code (regime, code, kind, description, legal_basis, source) VALUES ('FO', '1', 'address', 'a', 'b', 'c');
		UPDATE protaddr.regime_code SET kind = 'name_and_address' WHERE regime = 'FO'; DELETE FROM protaddr.regime_code WHERE regime = 'FO';
		SELECT status FROM protaddr.register_status},
	payment_engineer => q{CREATE TABLE engineer.payment (payer text, home protaddr.address);
		INSERT INTO engineer.payment VALUES ('12', 'Prøvevej 1');
		SELECT protaddr.bind_column('engineer.payment', 'home', subject => 'payer');
		SELECT protaddr.install_gate('engineer.payment', channel => 'sepa', subject => 'payer');
		UPDATE engineer.payment SET home = home;
		SELECT protaddr.release(home, 'sepa'), status FROM engineer.payment, protaddr.gate_status;
		SELECT protaddr.remove_gate('engineer.payment'), protaddr.unbind_column('engineer.payment', 'home')},
	key_keeper => 'SELECT protaddr.rotate_data_key()',
	channel_keeper => q{SELECT protaddr.set_channel('sepa', 'block'), protaddr.set_channel('fax', route => 'domestic', description => 'Fax', legal_basis => 'none');
		SELECT protaddr.end_channel('fax'); SELECT * FROM protaddr.channel_change, protaddr.exchange_rate;
		SELECT action FROM protaddr.explain_release('Prøvevej 1', 'sepa')},
	rate_keeper => q{SELECT protaddr.set_exchange_rate('SEK', 0.09), protaddr.forget_linked_transfers()},
	payment_officer => q{SELECT * FROM protaddr.held_rows(), protaddr.disclosure; SELECT protaddr.decide_held(held_id, 'reject', 'x') FROM protaddr.held_rows()},
	auditor => q{SELECT * FROM protaddr.held_rows(); SELECT * FROM protaddr.disclosure, protaddr.channel_change, protaddr.gate_change;
		SELECT * FROM protaddr.register_delivery, protaddr.register_forgotten});
$node->safe_psql($database, 'CREATE SCHEMA engineer AUTHORIZATION payment_engineer');
foreach my $role (sort keys %work)
{
	my $stderr;

	is($node->psql($database, encode('UTF-8', "SET ROLE $role; $work{$role}"), stderr => \$stderr), 0, "$role can work")
	  or diag($stderr);
}
my %not_theirs = (
	register_loader => [ 'SELECT FROM protaddr.protection', 'SELECT FROM protaddr.protection_period', 'SELECT protected FROM protaddr.register_status', 'SELECT lifted FROM protaddr.register_delivery', 'SELECT FROM protaddr.register_person',
		'SELECT subject FROM protaddr.register_staging', 'SELECT FROM protaddr.identity_link', q{SELECT protaddr.is_protected('1')},
		q{SELECT protaddr.protection_at('1', now())}, q{SELECT protaddr.lift('1', '1', '1')}, q{SELECT protaddr.unlink_identity('1', '2')},
		q{SELECT protaddr.load_cpr_file('extract')}, q{INSERT INTO protaddr.identity_link (identifier, subject, recorded_to) VALUES ('1', '2', now())},
		'UPDATE protaddr.regime_code SET kind = kind' ],
	register_file_loader => [ 'SELECT FROM protaddr.protection', q{SELECT protaddr.load_cpr_path('extract', 's', 'LATIN1', 'delivery', true, '{}', (SELECT NULL::protaddr.load_asked))} ],
	history_reader => [ q{SELECT protaddr.load_cpr('')}, q{SELECT protaddr.load_register('1', '[]')}, q{SELECT protaddr.confirm_register('1', new_source => true)},
		q{SELECT protaddr.lift('1', '1', '1')}, q{SELECT protaddr.link_identity('1', '2')}, q{INSERT INTO protaddr.register_staging VALUES ('1', '2')},
		q{SELECT protaddr.forget_subject('1', now(), '1')} ],
	data_protection_officer => [ q{SELECT protaddr.load_cpr('')}, q{SELECT protaddr.forget_rows('1', now())}, q{SELECT protaddr.set_channel('sepa', 'minimum')} ],
	channel_keeper => [ q{SELECT protaddr.release('Prøvevej 1', 'sepa')}, q{SELECT protaddr.decide_held(1, 'reject', '1')}, q{SELECT protaddr.set_exchange_rate('SEK', 1)},
		'SELECT FROM protaddr.disclosure', 'SELECT FROM protaddr.linked_transfer', 'SELECT FROM protaddr.birth_data' ],
	auditor => [ q{SELECT protaddr.decide_held(1, 'reject', '1')}, 'SELECT FROM protaddr.protection' ],
	payment_engineer => [ q{SELECT protaddr.set_channel('sepa', 'minimum')}, q{SELECT protaddr.decide_held(1, 'reject', '1')}, q{SELECT protaddr.explain_release('Prøvevej 1', 'sepa')} ],
	nobody => [ q{SELECT protaddr.is_protected('1')}, 'SELECT FROM protaddr.register_status', 'SELECT FROM protaddr.register_review' ]);
$node->safe_psql($database, 'CREATE ROLE nobody');
foreach my $role (sort keys %work, 'nobody')
{
	foreach my $statement (($role eq 'key_keeper' ? () : 'SELECT protaddr.rotate_data_key()'), @{ $not_theirs{$role} // [] })
	{
		my $stderr;

		$node->psql($database, encode('UTF-8', "SET ROLE $role; $statement"), stderr => \$stderr);
		like((split /\n/, $stderr)[0], qr/^psql:<stdin>:1: ERROR:  permission denied for (function|table|view) \w+$/, "$role cannot: $statement");
	}
}

# The nightly job of doc/register.md, as the loader: what comes in order, what is refused, what is late.
my ($script) = grep { /register-nightly.sh$/ } page_files('doc/register.md');
my ($spool, $people) = ($node->basedir . '/spool', "$root/test/data/make_cpr.pl");
$node->safe_psql($database, q{CREATE ROLE nightly LOGIN IN ROLE register_loader; SELECT protaddr.confirm_register('DK-CPR', '4 days')});
sub nightly
{
	my ($out, $err) = ('', '');
	local $ENV{PGHOST} = $node->host;
	local $ENV{PGPORT} = $node->port;
	local $ENV{PGDATABASE} = $database;
	local $ENV{PGUSER} = 'nightly';
	IPC::Run::run([ 'sh', $script, $spool ], '>', \$out, '2>', \$err);
	return ($? >> 8, $out, $err);
}
sub deliver
{
	my ($night) = @_;
	system("perl '$people' --people 50 --task 990002 --night $night >'$spool/D$night'") == 0 or die "make_cpr.pl: $?";
}
mkdir $spool or die $!;
deliver($_) foreach 0, 1;
my ($status, $out, $err) = nightly();
like($out, qr/\Aloaded\|50\|\d+\|0\|0\nloaded\|\d+\|\d+\|\d+\|0\n\z/, 'the nightly job loads what has come');
is("$status $err", '0 ', 'and is content');
is(join(' ', glob("$spool/*")), '', 'and removes it');
is(join(' ', (nightly())[ 0, 1 ]), '0 ', 'nothing has come');
deliver($_) foreach 3, 4;
($status, $out, $err) = nightly();
is("$status $out", '1 ', 'one is missing');
like($err, qr/^(psql:.*)?ERROR:  a delivery is missing$/m, 'and cron mails it');
is(join(' ', map { s/.*\///r } glob("$spool/*")), 'D3 D4', 'and neither is removed');
unlink glob("$spool/*");
$node->safe_psql($database, q{SELECT protaddr.confirm_register('NO-FREG', '1 hour', new_source => true)});
($status, $out, $err) = nightly();
like("$status $out", qr/\A1 stale, or will be within a day: NO-FREG\|fresh\|\d\d:\d\d:\d\d\n\z/, 'a source that will be stale is told');
$node->stop;
done_testing();
