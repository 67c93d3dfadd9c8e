#
# 034_failing.pl
#		What if a library that protaddr stands on fails?
#
# Nothing is sealed, nothing is disclosed, and what failed works again once it does not fail.
#
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ProtaddrTest;
use Test::More;

my $node = cluster(PostgreSQL::Test::Cluster->new('failing'));
my $dir  = $node->basedir;
my $cc   = $ENV{CC} // 'cc';
is(system("$cc -shared -fPIC -o '$dir/failing.so' '$FindBin::RealBin/../lib/failing.c' -ldl"), 0, 'the functions that fail are built');
mkdir("$dir/failing") or die "mkdir: $!";
$node->append_conf('postgresql.conf', "protaddr.crypto = openssl");
{
	local $ENV{LD_PRELOAD}       = "$dir/failing.so";
	local $ENV{PROTADDR_FAILING} = "$dir/failing";
	$node->start;
}
new_database($node, 'bank');
$node->safe_psql('bank', <<'SQL');
CREATE TABLE customer (id int PRIMARY KEY, cpr text, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', subject => 'cpr');
INSERT INTO customer VALUES (1, 'free', 'Vej 1'), (2, 'P', 'Vej 2');
SELECT protaddr.protect('P', 'manual', 'address');
SELECT protaddr.set_channel('court', 'disclose', route => 'extract', description => 'Test', legal_basis => 'Invented Act s. 1');
SQL

# while($function, $code) runs it while the function fails.
sub while_fails
{
	my ($function, $code) = @_;
	append_to_file("$dir/failing/$function", '');
	my @result = $code->();
	unlink("$dir/failing/$function") or die "unlink: $!";
	return @result;
}

# said($session, $sql) is what it answers in an open session, and what it complains of.
sub said
{
	my ($session, $sql) = @_;
	$session->{stderr} = '';
	my ($out) = $session->query($sql);
	my $told = $session->{stderr};
	$session->{stderr} = '';
	return "$out$told";
}
my $insert = q(INSERT INTO customer VALUES (%d, 'free', 'Vej ' || %1$d));
my $show   = q(SELECT protaddr.show(home) FROM customer WHERE id = 1);

# ---- a library that computes wrongly ------------------------------------------------------
while_fails('EVP_EncryptUpdate', sub {
	my ($state, $told) = error_of($node, 'bank', sprintf($insert, 10));
	is($state, '55PA1', 'a library that fails its test seals nothing');
	like($told, qr/AES-256-GCM of OpenSSL is not available or failed its self-test/, 'and that is said');
	is(psql_error($node, 'bank', $show), '55PA1', 'nor does it open anything');
});
is($node->safe_psql('bank', $show), 'Vej 1', 'in a session in which it passes it does');

# ---- no memory for a key --------------------------------------------------------------------
my $session = $node->background_psql('bank', on_error_stop => 0);
is(said($session, 'SELECT protaddr.crypto_library();'), 'OpenSSL', 'a session that holds no key yet');
while_fails('EVP_CIPHER_CTX_new', sub {
	like(said($session, sprintf($insert, 11) . ';'), qr/could not prepare a key/, 'a key that cannot be made ready: nothing is sealed');
	like(said($session, "$show;"), qr/could not prepare a key/, 'nor opened');
});
is(said($session, "$show;"), 'Vej 1', 'the session goes on');

# ---- no random bytes ---------------------------------------------------------------------------
is(said($session, sprintf($insert, 12) . ';'), '', 'it seals');
while_fails('RAND_bytes', sub {
	like(said($session, q(SELECT protaddr.release(home, 'court', payee => 'COURT') IS NOT NULL FROM customer WHERE id = 2;)), qr/could not draw random bytes/, 'without random bytes nothing is put on record, so nothing is disclosed');
	like(said($session, 'SELECT protaddr.rotate_data_key();'), qr/could not make a data key/, 'no data key is made');
	like(said($session, q(INSERT INTO customer SELECT n, 'free', ('Vej ' || n)::protaddr.address FROM generate_series(1000, 3000) n;)), qr/could not draw random bytes/, 'nothing is sealed with a nonce that was used');
});
is(said($session, 'SELECT count(*) FROM protaddr.disclosure;'), '0', 'nothing is on record');
is(said($session, q(SELECT protaddr.release(home, 'court', payee => 'COURT') IS NOT NULL FROM customer WHERE id = 2;)), 't', 'with random bytes it is disclosed');
is(said($session, 'SELECT count(*) FROM protaddr.disclosure;'), '1', 'and on record');
$session->quit;

# ---- no process for the command that gives the outer key ------------------------------------------
my $kek = $node->data_dir . '/protaddr.kek';
$node->append_conf('postgresql.conf', "protaddr.kek_command = 'cat ''$kek'''");
reloaded($node);
$session = $node->background_psql('bank', on_error_stop => 0);
is(said($session, 'SELECT protaddr.crypto_library();'), 'OpenSSL', 'a session that has asked for no key');
while_fails('pipe', sub {
	like(said($session, sprintf($insert, 13) . ';'), qr/could not run the outer key command: Too many open files/, 'a command that cannot be run');
});
# after a failure a session does not run the command again at once, but for a new key
is(said($session, 'SELECT protaddr.rotate_data_key() IS NOT NULL;'), 't', 'once it can be, it is');
is(said($session, "$show;"), 'Vej 1', 'and the session goes on');
$session->quit;
is($node->safe_psql('bank', 'SELECT string_agg(id::text, $$ $$ ORDER BY id) FROM customer'), '1 2 12', 'only what was sealed is stored');
is($node->safe_psql('bank', 'SELECT string_agg(protaddr.show(home), $$, $$ ORDER BY id) FROM customer WHERE id <> 2'), 'Vej 1, Vej 12', 'and is whole');
$node->stop;
done_testing();
