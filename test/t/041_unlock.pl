#
# 041_unlock.pl
#		Is a clearance's limit kept by sessions that race, through rollback and crash; and who has
#		it in another cluster, on a standby, in an export?
#
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ProtaddrTest;
use Test::More;

my $node = cluster(PostgreSQL::Test::Cluster->new('unlock'), allows_streaming => 1);
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'protaddr'\nrestart_after_crash = on");
$node->start;
new_database($node, 'bank');

my $street = 'Skjulebakken';
$node->safe_psql('bank', <<"SQL");
CREATE ROLE clerk LOGIN;
CREATE ROLE boss LOGIN;
CREATE TABLE home (n int PRIMARY KEY, cpr text, address protaddr.address);
SELECT protaddr.bind_column('home', 'address', 'cpr');
INSERT INTO home SELECT n, 'P' || n, '$street ' || n FROM generate_series(1, 40) n;
SELECT count(protaddr.protect('P' || n, 'DK-CPR', '0001')) FROM generate_series(1, 40) n;
GRANT SELECT ON home TO PUBLIC;
GRANT SELECT ON protaddr.clearance_status, protaddr.unlock_request_status TO clerk;
GRANT EXECUTE ON FUNCTION protaddr.approve_unlock TO boss;
SELECT protaddr.grant_clearance('clerk', 'incident', now() + '1 hour', 10, 'C-1'), protaddr.grant_clearance('clerk', 'own_data', now() + '1 hour', 1000, 'C-1'),
       protaddr.grant_clearance('clerk', 'authority_order', now() + '1 hour', 1000, 'C-1');
SQL

# as_clerk($sql) runs it in a session of the clerk, and gives what it printed and its error.
sub as_clerk
{
	my ($sql, $on) = @_;
	my (undef, $out, $err) = ($on // $node)->psql('bank', $sql, extra_params => [ '-U', 'clerk' ]);
	return ($out // '', $err // '');
}

# clear($text) counts the protected addresses in it.
sub clear { my ($text) = @_; return scalar(() = $text =~ /\Q$street\E/g); }

# used($purpose) is how many of the clerk's were counted today.
sub used
{
	my ($purpose) = @_;
	return $node->safe_psql('bank', "SELECT used_today FROM protaddr.clearance_status WHERE role = 'clerk' AND purpose = '$purpose'");
}

sub clerks_session
{
	return $node->background_psql('bank', on_error_stop => 0, extra_params => [ '-U', 'clerk' ]);
}

# ---- a limit, and many sessions that were all unlocked before anything is shown -------------------
my @sessions = map { clerks_session() } 1 .. 8;
$sessions[$_]->query("BEGIN; SELECT protaddr.unlock('incident', 'R-$_')") for 0 .. $#sessions;
begun($sessions[ $_ - 1 ], join('; ', map { "SELECT protaddr.show(address) FROM home WHERE n = $_" } ($_ * 5 - 4) .. ($_ * 5)) . ($_ % 2 ? '; ROLLBACK' : '; COMMIT')) for 1 .. 8;
my ($shown, $refused) = (0, 0);
for my $session (@sessions)
{
	my ($out, $err) = ended($session);
	$shown += clear($out);
	$refused += () = $err =~ /is used up/g;
}
is($shown, 10, 'eight sessions together are shown as many as the clearance allows');
cmp_ok($refused, '>=', 6, 'the others are told that it is used up');
is(used('incident'), 10, 'and so many are counted, rolled back or not');

# ---- a crash ------------------------------------------------------------------------------------------
my $session = clerks_session();
$session->query("BEGIN; SELECT protaddr.unlock('own_data', 'R-1')");
is(clear($session->query('SELECT protaddr.show(address) FROM home WHERE n <= 7')), 7, 'a session is shown seven');
my $pid = $session->query('SELECT pg_backend_pid()');
$_->quit for @sessions;
crashed($node, $pid);
eval { $session->quit };
is(used('own_data'), 7, 'that were counted stay counted when the server crashes');
is(used('incident'), 10, 'those of the other clearance, too');
like((as_clerk("BEGIN; SELECT protaddr.unlock('incident', 'R-1')"))[1], qr/is used up/, 'and the limit is still reached');

# ---- an approval, and two sessions that use it --------------------------------------------------------------
my ($request) = as_clerk("SELECT protaddr.request_unlock('authority_order', 'R-9', 'order of a court', 2)");
$node->psql('bank', "SELECT protaddr.approve_unlock($request)", extra_params => [ '-U', 'boss' ]);
@sessions = map { clerks_session() } 1 .. 4;
$_->query('BEGIN') for @sessions;
begun($_, "SELECT protaddr.unlock('authority_order', 'R-9', $request); SELECT protaddr.show(address) FROM home WHERE n = 1; ROLLBACK") for @sessions;
$shown = 0;
$shown += clear((ended($_))[0]) for @sessions;
is($shown, 1, 'one session uses a request, and no other, though it was rolled back');
$_->quit for @sessions;

# ---- taken away while everything is open -----------------------------------------------------------------------
for my $isolation ('READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE')
{
	$session = clerks_session();
	$session->query('PREPARE look AS SELECT protaddr.show(address) FROM home WHERE n = 1');
	$session->query("BEGIN ISOLATION LEVEL $isolation; SELECT protaddr.unlock('own_data', 'R-1')");
	$session->query('DECLARE c CURSOR FOR SELECT protaddr.show(address) FROM home ORDER BY n');
	is(clear($session->query('FETCH 2 c') . $session->query('EXECUTE look')), 3, "$isolation: shown");
	$node->safe_psql('bank', "SELECT protaddr.revoke_clearance('clerk', 'own_data')");
	is(clear($session->query('FETCH 5 c') . $session->query('EXECUTE look') . $session->query('SELECT protaddr.show(address) FROM home')), 0,
		"$isolation: nothing more once the clearance is taken away");
	$node->safe_psql('bank', "SELECT protaddr.grant_clearance('clerk', 'own_data', now() + '1 hour', 1000, 'C-2')");
	is(clear($session->query('EXECUTE look')), 0, "$isolation: a new clearance unlocks nothing by itself");
	is(clear($session->query("SELECT protaddr.unlock('own_data', 'R-2')") . $session->query('EXECUTE look')), 1, "$isolation: but can be used");
	$node->safe_psql('bank', "SELECT protaddr.set_purpose('own_data', needs_approval => true)");
	is(clear($session->query('EXECUTE look')), 0, "$isolation: nothing once the purpose needs approval");
	$node->safe_psql('bank', "SELECT protaddr.set_purpose('own_data', needs_approval => false)");
	$session->quit;
}

# ---- two-phase commit, and pools ------------------------------------------------------------------------------------
$session = clerks_session();
$session->query("BEGIN; SELECT protaddr.unlock('own_data', 'R-1'); COMMIT");
is(clear($session->query('SELECT protaddr.show(address) FROM home WHERE n = 1')), 0, 'the next transaction of a pooled session is not unlocked');
$session->quit;

# ---- exports ---------------------------------------------------------------------------------------------------------
$node->safe_psql('bank', <<"SQL");
CREATE VIEW extract AS SELECT n FROM home;
GRANT SELECT ON extract TO clerk;
SELECT protaddr.declare_export('extract', 'file_extract', reason => 'to the customer');
SQL
like((as_clerk('SELECT count(*) FROM extract'))[0], qr/^40$/, 'an export can be read');
like((as_clerk("BEGIN; SELECT protaddr.unlock('own_data', 'R-1'); SELECT count(*) FROM extract"))[1], qr/cannot be read in a transaction that has been unlocked/, 'not where a transaction is unlocked');
like((as_clerk("BEGIN; SAVEPOINT a; SELECT protaddr.unlock('own_data', 'R-1'); ROLLBACK TO a; COPY (SELECT * FROM extract) TO STDOUT"))[1],
	qr/cannot be read in a transaction that has been unlocked/, 'nor where it was');
like((as_clerk("BEGIN; DECLARE c CURSOR FOR SELECT * FROM extract; SELECT protaddr.unlock('own_data', 'R-1'); FETCH 1 c"))[1],
	qr/cannot be read in a transaction that has been unlocked/, 'nor by a cursor of before');

# ---- what cannot be counted or put on record is not shown ---------------------------------------------------------------
my $spent = $node->data_dir . '/protaddr_spent';
my ($counter) = $node->safe_psql('bank', "SELECT DISTINCT to_hex(counter) FROM protaddr.clearance WHERE purpose = 'own_data'");
my $file = sprintf('%s/%016s', $spent, $counter) =~ s/ /0/gr;
ok(-s $file, 'a count is a file');
chmod(0400, $file);
SKIP:
{
	skip 'whoever runs this may write anything', 2 if -w $file;
	my ($out, $err) = as_clerk("BEGIN; SELECT protaddr.unlock('own_data', 'R-1'); SELECT protaddr.show(address) FROM home WHERE n = 1");
	is(clear($out), 0, 'an address that cannot be counted is not shown');
	like($err, qr/could not count what is shown/, 'and the error says so');
}
chmod(0600, $file);
my $whole = slurp_file($file);
append_to_file($file, 'x');
like((as_clerk("BEGIN; SELECT protaddr.unlock('own_data', 'R-1')"))[0], qr/^\d+$/, 'what stands behind the count makes no difference');
open(my $out, '>', $file) or die;
print $out substr($whole, 0, 8) . "\x00\x00\x00\x00" . substr($whole, 12);
close($out);
like((as_clerk("BEGIN; SELECT protaddr.unlock('own_data', 'R-1')"))[1], qr/is broken/, 'a count that somebody has changed is found out');
open($out, '>', $file) or die;
print $out $whole;
close($out);
my $trail = $node->data_dir . '/protaddr_audit';
rename($trail, "$trail.away") or die;
open($out, '>', $trail) or die;
close($out);
{
	my ($seen, $err) = as_clerk("BEGIN; SELECT protaddr.unlock('own_data', 'R-1'); SELECT protaddr.show(address) FROM home WHERE n = 1");
	is(clear($seen), 0, 'without the audit trail nothing is unlocked');
	like($err, qr/the audit trail cannot be written/, 'and the error says so');
}
unlink($trail);
rename("$trail.away", $trail) or die;
is(clear((as_clerk("BEGIN; SELECT protaddr.unlock('own_data', 'R-1'); SELECT protaddr.show(address) FROM home WHERE n = 1"))[0]), 1, 'with it, it is');
my $records = join('', map { slurp_file($_) } glob("$trail/*.trail"));
like($records, qr/"kind":"$_"/, "the trail has $_") for qw(unlock unlock_refused unlock_limit unlock_requested unlock_decided clearance_granted clearance_ended purpose_changed);
like($records, qr/"kind":"disclosing"[^\n]*"action":"disclose"[^\n]*"unlock":\{"purpose":"incident","legal_basis":"[^"]+","reference":"R-\d","clearance":\d+\}/,
	'what was shown is there with its purpose and reference');
like($records, qr/"kind":"disclosing"[^\n]*"unlock":\{"purpose":"authority_order"[^\n]*"request":\d+\}/, 'and with the request that somebody approved');
unlike($records, qr/\Q$street\E/, 'and no address');
unlike($records, qr/\Q$street\E/, 'and no address');

# ---- a standby -----------------------------------------------------------------------------------------------------------
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('unlock_standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
$node->wait_for_catchup($standby, 'replay', $node->lsn('flush'));
like((as_clerk("BEGIN; SELECT protaddr.unlock('own_data', 'R-1')", $standby))[1], qr/a standby cannot be unlocked/, 'a standby cannot be unlocked');
is(clear((as_clerk('SELECT protaddr.show(address) FROM home', $standby))[0]), 0, 'and shows nothing protected');
$standby->stop;

# ---- a dump, restored in this cluster and in another -------------------------------------------------------------------------
my $dump = $node->data_dir . '/../unlock.dump';
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, '-d', $node->connstr('bank') ], 'dumped');
$node->safe_psql('postgres', 'CREATE DATABASE again');
$node->command_ok([ 'pg_restore', '-d', $node->connstr('again'), $dump ], 'restored beside itself');
is($node->safe_psql('again', "SELECT DISTINCT status FROM protaddr.clearance_status WHERE role = 'clerk'"), 'in force', 'there the roles are the same');
is($node->safe_psql('again', "SELECT used_today FROM protaddr.clearance_status WHERE purpose = 'incident'"), 10, 'and the day is the same');

my $oid = $node->safe_psql('bank', "SELECT 'clerk'::regrole::oid");
my $other = cluster(PostgreSQL::Test::Cluster->new('unlock_other'));
$other->append_conf('postgresql.conf', "shared_preload_libraries = 'protaddr'");
$other->start;
# another role gets the clerk's OID there, and a clerk another one
$other->safe_psql('postgres', <<"SQL");
DO \$\$
DECLARE
    last oid;
    n int := 0;
BEGIN
    LOOP
        n := n + 1;
        EXECUTE format('CREATE ROLE teller_%s LOGIN', n);
        SELECT oid INTO last FROM pg_roles WHERE rolname = 'teller_' || n;
        EXIT WHEN last >= $oid;
        EXECUTE format('DROP ROLE teller_%s', n);
    END LOOP;
END
\$\$;
CREATE ROLE clerk LOGIN;
CREATE ROLE boss LOGIN;
CREATE DATABASE bank;
SQL
my ($teller) = $other->safe_psql('postgres', "SELECT rolname FROM pg_roles WHERE oid = $oid");
like($teller, qr/^teller_\d+$/, 'in another cluster another role has the OID');
$other->run_log([ 'pg_restore', '--no-owner', '-d', $other->connstr('bank'), $dump ]);
is($other->safe_psql('bank', 'SELECT DISTINCT status FROM protaddr.clearance_status'), 'not this role', 'there the clearances are nobody\'s');
for my $role ('clerk', $teller)
{
	my (undef, undef, $err) = $other->psql('bank', "SELECT protaddr.unlock('own_data', 'R-1')", extra_params => [ '-U', $role ]);
	like($err, qr/permission denied to unlock/, "not $role" =~ s/_\d+//r . "'s");
}

done_testing();
