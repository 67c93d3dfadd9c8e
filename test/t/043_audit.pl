#
# 043_audit.pl
#		Does the audit trail hold what happened, whatever is done to it, to the server or its copies?
#
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ProtaddrTest;
use Test::More;

my $verifier = "$FindBin::RealBin/../../doc/audit_verify.py";
my $tell = q(SELECT count(protaddr.release(home, 'cross_border', 5000, 'EUR', 'P9')) FROM customer);
my $node = cluster(PostgreSQL::Test::Cluster->new('audit'), allows_streaming => 1);
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'protaddr'\nprotaddr.audit_rotate_size = 64kB\nprotaddr.audit_sync = off\nrestart_after_crash = on");
$node->start;
new_database($node, 'bank');
$node->safe_psql('bank', q(
	CREATE TABLE customer (id int, cpr text, home protaddr.address);
	SELECT protaddr.bind_column('customer', 'home', 'cpr');
	INSERT INTO customer VALUES (1, 'P1', '{"StrtNm": "Kanariegade", "BldgNb": "1", "TwnNm": "Testby", "Ctry": "DK"}');
	SELECT protaddr.protect('P1', 'DK-CPR', '0001')));

my $trail = $node->data_dir . '/protaddr_audit';
# files() are the paths of the trail's files, in their order
sub files { return sort glob("$_[0]/*.trail"); }
sub verdict { return $_[0]->safe_psql('bank', q(SELECT verdict FROM protaddr.audit_verify() WHERE own)); }
sub records { return $_[0]->safe_psql('bank', "SELECT count(*) FROM protaddr.audit_trail() WHERE kind = '$_[1]'"); }

# ---- many writers, files that follow each other --------------------------------------------

my @sessions = map { $node->background_psql('bank') } 1 .. 8;
begun($_, "DO \$\$ BEGIN FOR i IN 1 .. 1 LOOP PERFORM 1; END LOOP; END \$\$") foreach @sessions;
ended($_) foreach @sessions;
begun($_, join('; ', ($tell) x 100)) foreach @sessions;
ended($_) foreach @sessions;
$_->quit foreach @sessions;
is(records($node, 'disclosing'), 800, '8 sessions: each statement has its first record');
is(records($node, 'disclosed'), 800, '... and its last one');
my @made = files($trail);
cmp_ok(scalar(@made), '>', 5, '... in files that follow each other');
is(verdict($node), 'whole', '... and the chain is whole');

# ---- without the database ------------------------------------------------------------------

my $anchor = $node->safe_psql('bank', 'SELECT protaddr.audit_checkpoint(); SELECT protaddr.audit_anchor()');
$anchor =~ s/.*\n//;
my $copy = PostgreSQL::Test::Utils::tempdir() . '/copy';
system_or_bail('cp', '-r', $trail, $copy);
sub by_verifier { my ($out, $err); run_log([ 'python3', $verifier, @_ ], '>', \$out, '2>', \$err); return ($out // '') . ($err // ''); }
like(by_verifier('--anchor', $anchor, $copy), qr/: whole;/, 'whoever has a copy finds it whole, with public tools alone');
like(by_verifier('--key', '0' x 64, $copy), qr/: forged at record/, '... but not for whoever believes another key');

# changed(file, function, what) changes a copy's file, and both verifiers tell
sub changed
{
	my ($path, $change) = @_;
	my $before = slurp_file($path);
	my $after = $change->($before);
	open(my $out, '>:raw', $path) or die $path;
	print $out $after;
	close $out;
	my $said = by_verifier('--anchor', $anchor, $copy);
	open($out, '>:raw', $path) or die $path;
	print $out $before;
	close $out;
	return $said;
}
my ($middle) = (files($copy))[2];
like(changed($middle, sub { $_[0] =~ s/minimum/maximum/r }), qr/: altered at record/, 'a word that is changed');
like(changed($middle, sub { $_[0] =~ s/^(?:.*\n){5}\K.*\n//r }), qr/: missing at record/, 'a record that is taken away');
like(changed($middle, sub { $_[0] =~ s/^((?:.*\n){5})(.*\n)(.*\n)/$1$3$2/r }), qr/: (?:missing|repeated) at record/, 'two that change places');
like(changed($middle, sub { $_[0] =~ s/^(?:.*\n){5}(.*\n)\K/$1/r }), qr/: repeated at record/, 'one that is there twice');
like(changed((files($copy))[-1], sub { substr($_[0], 0, -700) }), qr/: (?:torn|missing) at record/, 'an end that is cut off');
{
	my @all = files($copy);
	unlink $all[3] or die;
	like(by_verifier($copy), qr/: missing at record/, 'a file that is gone');
	system_or_bail('cp', (files($trail))[3], $all[3]);
	like(by_verifier('--anchor', $anchor, $copy), qr/: whole;/, '... until it is back');
}

# ---- what somebody does to the server's own files ----------------------------------------------

my $last = (files($trail))[-1];
my $whole = slurp_file($last);
open(my $out, '>:raw', $last) or die; print $out substr($whole, 0, length($whole) - 10); close $out;
is(verdict($node), 'missing', 'the server misses what was cut off its last file');
$node->safe_psql('bank', $tell);
isnt(verdict($node), 'whole', '... and for ever, though it goes on');
# as it was, for what follows: the trail begins anew
$node->stop;
system_or_bail('rm', '-rf', $trail, $node->data_dir . '/protaddr.node');
$node->start;
$node->safe_psql('bank', $tell);
is(verdict($node), 'whole', 'a new trail begins, with a node of its own');
like(by_verifier('--anchor', $anchor, $trail), qr/missing/, '... which an anchor of the old one gives away');

# ---- a crash -----------------------------------------------------------------------------------

my $session = $node->background_psql('bank');
my $pid = $session->query('SELECT pg_backend_pid()');
$session->query("BEGIN; $tell");
my $told = records($node, 'disclosing');
crashed($node, $pid);
is(records($node, 'disclosing'), $told, 'what was on record is there after a crash');
open($out, '>>:raw', (files($trail))[-1]) or die; print $out 'a piece of a rec'; close $out;
$node->safe_psql('bank', $tell);
is(verdict($node), 'whole', 'a torn end is gone on from');
is(records($node, 'torn'), 1, '... on record');
like(by_verifier($trail), qr/: whole;/, '... which the other verifier understands');

# ---- no room, no folder: nothing is disclosed -----------------------------------------------------

SKIP:
{
	skip 'whoever is root may write anywhere', 2 if $> == 0;
	chmod(0500, $trail) or die;
	# a session that has nothing open, and a file that cannot be made
	$node->safe_psql('postgres', "ALTER SYSTEM SET protaddr.audit_directory = 'protaddr_audit/deeper'");
	reloaded($node);
	is(psql_error($node, 'bank', $tell), '53000', 'a folder that cannot be made: nothing is disclosed');
	is($node->safe_psql('bank', "SELECT protaddr.show(home) FROM customer"), WITHHELD, '... and what needs no record goes on');
	chmod(0700, $trail) or die;
	$node->safe_psql('postgres', 'ALTER SYSTEM RESET protaddr.audit_directory');
	reloaded($node);
}
is($node->safe_psql('bank', $tell), 1, 'then it goes on');
is(verdict($node), 'whole', '... with a whole chain');

# ---- a signature from elsewhere ---------------------------------------------------------------------

my $mark = $node->safe_psql('bank', 'SELECT protaddr.audit_mark()');
my $folder = PostgreSQL::Test::Utils::tempdir();
append_to_file("$folder/mark", $mark);
system_or_bail('openssl', 'genpkey', '-algorithm', 'ed25519', '-out', "$folder/key");
system_or_bail('openssl', 'pkey', '-in', "$folder/key", '-pubout', '-outform', 'DER', '-out', "$folder/public");
system_or_bail('openssl', 'pkeyutl', '-sign', '-inkey', "$folder/key", '-rawin', '-in', "$folder/mark", '-out', "$folder/signature");
my $public = substr(unpack('H*', slurp_file("$folder/public")), -64);
my $signature = unpack('H*', slurp_file("$folder/signature"));
$node->safe_psql('bank', $tell);
my $signed = $node->safe_psql('bank', "SELECT protaddr.audit_sign('$mark', '$public', '$signature')");
my $own_key = (slurp_file((files($trail))[0]) =~ /"key":"([0-9a-f]{64})","signature"/)[0];
is($node->safe_psql('bank', "SELECT verdict, signed_to >= $signed FROM protaddr.audit_verify(public_keys => ARRAY['$own_key', '$public']) WHERE own"),
	'whole|t', 'a key that lives elsewhere signs the chain');
like(by_verifier('--key', $own_key, '--key', $public, $trail), qr/: whole;/, '... which the other verifier understands');

# ---- a standby, and a base backup ---------------------------------------------------------------------

$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('audit_standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
# the test framework copies without modes
chmod(0600, map { $standby->data_dir . "/protaddr.$_" } qw(kek audit_key)) == 2 or die $!;
$standby->start;
$node->safe_psql('bank', $tell);
$node->wait_for_catchup($standby);
is($standby->safe_psql('bank', $tell), 1, 'a standby discloses, too');
is($standby->safe_psql('bank', 'SELECT verdict, copy_of IS NOT NULL, records > 2 FROM protaddr.audit_verify() WHERE own'), 'whole|t|t',
	'... on record, as a node of its own that names the one it was copied from');
is($standby->safe_psql('bank', "SELECT count(DISTINCT node) FROM protaddr.audit_trail() WHERE kind = 'disclosed'"), 2, '... beside the records it came with');
is(verdict($node), 'whole', "... and the primary's chain goes on");
$standby->promote;
$standby->safe_psql('bank', $tell);
is(verdict($standby), 'whole', 'promoted, it goes on as well');
unlike(by_verifier($trail, $standby->data_dir . '/protaddr_audit'), qr/forked|altered|missing|repeated/, 'both folders agree');

# one that was made a copy of by hand, with the same node: a fork
my $fork = "$folder/fork";
system_or_bail('cp', '-r', $trail, $fork);
$node->safe_psql('bank', $tell);
my ($tail) = (files($fork))[-1];
my $text = slurp_file($tail);
my ($hash, $json) = $text =~ /([0-9a-f]{64}) ([^\n]*)\n\z/;
my ($before) = $text =~ /([0-9a-f]{64}) [^\n]*\n[^\n]*\n\z/;
require Digest::SHA;
(my $other = $json) =~ s/"login":"[^"]*"/"login":"nobody"/;
my $forged = Digest::SHA::sha256_hex(pack('H*', $before) . $other);
open($out, '>:raw', $tail) or die; print $out $text =~ s/\Q$hash $json\E\n\z/$forged $other\n/r; close $out;
like(by_verifier($trail, $fork), qr/fork: .*(?:forked|forged) at record/, 'two histories of one node are told apart');

# ---- nothing of it is an address -------------------------------------------------------------------------

my $all = join('', map { slurp_file($_) } files($trail), files($standby->data_dir . '/protaddr_audit'));
unlike($all, qr/Kanariegade|"P1"/, 'no record holds an address or an identifier');

$standby->stop;
$node->stop;
done_testing();
