#
# ProtaddrTest.pm
#		What do the TAP files share?
#
package ProtaddrTest;

use strict;
use warnings;
use utf8;

use Exporter 'import';
use JSON::PP ();
use PostgreSQL::Test::Utils;

our @EXPORT = qw(CANARY WITHHELD cluster new_database customers write_customers
  tokens shown psql_error error_of holds superuser reloaded crashed
  begun ended memory_of);

# The one string of test/canaries that these tests use.
use constant CANARY   => 'Kanariegade';
use constant WITHHELD => '[address withheld]';

# cluster($node) makes any node one that protaddr's tests can use.
sub cluster
{
	my ($node, %init) = @_;
	$node->init(extra => [ '--encoding=UTF8', '--locale=C.UTF-8' ], %init);
	$node->append_conf('postgresql.conf', "max_connections = 20\nshared_buffers = 16MB");
	return $node;
}

# new_database($node, $name) has the extension and a register that may be asked.
sub new_database
{
	my ($node, $name) = @_;
	$node->safe_psql('postgres', "CREATE DATABASE $name");
	$node->safe_psql($name,
		q(CREATE EXTENSION protaddr; SELECT protaddr.confirm_register('test', new_source => true)));
	return;
}

# superuser($node) is the name of the role that made the cluster: whatever it is.
sub superuser
{
	my ($node) = @_;
	return $node->safe_psql('postgres', 'SELECT rolname FROM pg_roles WHERE oid = 10');
}

# reloaded($node) reloads its configuration: sessions that begin afterwards have the new one.
sub reloaded
{
	my ($node) = @_;
	my $log = -s $node->logfile;
	$node->reload;
	$node->wait_for_log(qr/received SIGHUP/, $log);
	return;
}

# crashed($node, $pid) kills a backend, and returns once the server is there again.
sub crashed
{
	my ($node, $pid) = @_;
	my $log = -s $node->logfile;
	# nothing would be the whole process group, this test's own
	$pid =~ /^[1-9]\d*$/ or die "no process to kill: '$pid'";
	kill('KILL', $pid) or return;
	$node->wait_for_log(qr/database system is ready to accept connections/, $log);
	return $node->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()') || die 'the server did not come back';
}

# ---- what another session does meanwhile -----------------------------------------

# begun($session, $sql) begins a statement and does not wait for it; ended($session)
# does, and gives what it printed and what it complained of.
sub begun
{
	my ($session, $sql) = @_;
	$session->{stdin} .= "$sql;\n\\echo ended\n";
	$session->{run}->pump_nb;
	return $session;
}

sub ended
{
	my ($session) = @_;
	$session->{run}->pump until index($session->{stdout}, 'ended') >= 0;
	my ($out, $err) = @$session{qw(stdout stderr)};
	$session->{stdout} = $session->{stderr} = '';
	return ($out =~ s/\n?ended\n//r, $err);
}

# memory_of($node, $pid) is what a backend has allocated in its memory contexts, in
# bytes, when it next looks whether it is interrupted; undef if there is no such backend.
sub memory_of
{
	my ($node, $pid, $meanwhile) = @_;
	my $log = -s $node->logfile;
	$node->psql('postgres', "SELECT pg_log_backend_memory_contexts($pid)", stdout => \my $sent, stderr => \my $ignored);
	return if ($sent // '') ne 't';
	$meanwhile->() if $meanwhile;
	$node->wait_for_log(qr/\[$pid\].*Grand total: \d+ bytes/, $log);
	my ($bytes) = slurp_file($node->logfile, $log) =~ /\[$pid\].*Grand total: (\d+) bytes/;
	return $bytes;
}

# ---- invented customers --------------------------------------------------------

my @streets = (
	'Vestergade', 'Ågade', 'Sønder Allé', 'Rue de l’Église', 'Straße des 17. Juni',
	'Λεωφόρος Αλεξάνδρας', 'улица Ленина', '千代田', 'Østre "Gamle" vej', 'Żeromskiego',
	'O\'Connell Street', 'Laugavegur', 'Back\\slash Row', 'Þórsgata', 'Comma, Lane', 'Tab{}brace');
my @towns = (
	'Aarhus C', 'Malmö', 'Tromsø', 'München', 'Saint-Étienne', 'London', 'New York',
	'’s-Hertogenbosch', 'Łódź', 'Αθήνα', '東京', 'Reykjavík');
my @countries = qw(DK SE NO DE FR GB US NL PL GR JP IS GL FO FI CH BR IN AU CN);
my %length = (
	CareOf => 140, Dept => 70, SubDept => 70, StrtNm => 140, BldgNb => 16, BldgNm => 140,
	Flr => 70, UnitNb => 16, PstBx => 16, Room => 70, PstCd => 16, TwnNm => 140,
	TwnLctnNm => 140, DstrctNm => 140, CtrySubDvsn => 35);

sub _pick { return $_[ int(rand(@_)) ]; }

sub _address
{
	my ($number, $protected) = @_;

	# everything full of characters of 4 bytes: what a page cannot hold
	return {
		(map { $_ => "\x{20BB7}" x $length{$_} } keys %length),
		Ctry => 'JP', AdrTp => 'HOME', AdrLine => [ ("\x{20BB7}" x 70) x 7 ] }
	  if $number % 200 == 0;

	my $street = $protected ? CANARY : _pick(@streets);
	return { AdrLine => [ "$street $number", map { _pick(@towns) } 1 .. int(rand(7)) ] }
	  if $number % 10 == 1;

	my %address = (
		StrtNm => $street, BldgNb => int(rand(300)) . _pick('', '', 'B'),
		PstCd => sprintf('%04d', rand(10000)), TwnNm => _pick(@towns), Ctry => _pick(@countries));
	$address{Flr}         = _pick('1', '2', '12', 'st')    if rand() < .3;
	$address{Room}        = _pick('th', 'tv', '12') if rand() < .3;
	$address{CareOf}      = 'Søren Ærø'             if rand() < .1;
	$address{BldgNm}      = 'Det Gule Hus'          if rand() < .1;
	$address{CtrySubDvsn} = 'Région'                if rand() < .1;
	$address{TwnLctnNm}   = 'Hvidovre Ø'            if rand() < .1;
	$address{PstBx}       = 'Box ' . int(rand(1000)) if rand() < .05;
	$address{AdrTp}       = { Prtry => { Id => 'SUMM', Issr => 'Bank' } } if rand() < .05;
	$address{AdrLine}     = ['Bagbygningen']        if rand() < .1;
	return \%address;
}

# customers($n) gives n rows [id, holder, joint holder or undef, address as JSON]; the
# same ones each time.  Holders whose number ends in 7 are those to protect, and only
# their addresses hold the canary.
sub customers
{
	my ($n) = @_;
	my $json = JSON::PP->new->canonical->utf8(0);
	my @rows;

	srand(20110901);
	for my $id (1 .. $n)
	{
		my $holder = sprintf('%010d', 1 + int(rand(3000)));
		my $joint  = rand() < .2 ? sprintf('%010d', 1 + int(rand(3000))) : undef;
		push @rows, [ $id, $holder, $joint, $json->encode(_address($id, $holder =~ /7$/)) ];
	}
	return @rows;
}

# write_customers($file, $n) writes them as COPY reads them.
sub write_customers
{
	my ($file, $n) = @_;

	open(my $out, '>:encoding(UTF-8)', $file) or die "$file: $!";
	for my $row (customers($n))
	{
		my @fields = map { my $f = $_; defined $f ? $f =~ s/\\/\\\\/gr : '\N' } @$row;
		print $out join("\t", @fields), "\n";
	}
	close($out) or die "$file: $!";
	return;
}

# ---- what a table holds ----------------------------------------------------------

# tokens($node, $db, $table) is the same string for the same tokens, byte for byte.
sub tokens
{
	my ($node, $db, $table) = @_;
	return $node->safe_psql($db,
		"SELECT count(home) || ' ' || md5(string_agg(id || ' ' || coalesce(home::text, 'NULL'), ',' ORDER BY id)) FROM $table");
}

# shown($node, $db, $table) is the same string if readers see the same.
sub shown
{
	my ($node, $db, $table) = @_;
	return $node->safe_psql(
		$db,
		"SELECT count(*) FILTER (WHERE protaddr.show(home) = '" . WITHHELD . "') || ' of ' || count(*) || ' withheld '
			|| md5(string_agg(id || ' ' || protaddr.show(home) || protaddr.show_iso(home), ',' ORDER BY id)) FROM $table");
}

# error_of($node, $db, $sql) gives the SQLSTATE and all that the client is told.
sub error_of
{
	my ($node, $db, $sql) = @_;
	my ($out, $err) = ('', '');
	my $status = $node->psql($db, "\\set VERBOSITY verbose\n$sql", stdout => \$out, stderr => \$err, on_error_stop => 1);
	my ($state) = $err =~ /ERROR:\s+([0-9A-Z]{5}):/;
	return ($state // ($status ? "status $status" : 'none'), $err);
}

# psql_error($node, $db, $sql) gives the SQLSTATE alone.
sub psql_error
{
	my ($state) = error_of(@_);
	return $state;
}

# holds($file, $string) is true if the file does.
sub holds
{
	my ($file, $string) = @_;
	return index(slurp_file($file), $string) >= 0;
}

1;
