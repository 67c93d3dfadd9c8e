#
# 004_keys.pl
#		Where does the outer key come from, who gets to see it, and what if it is not there?
#
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use File::Copy qw(copy);
use POSIX qw(mkfifo);
use Time::HiRes qw(time);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ProtaddrTest;
use Test::More;

my $node = cluster(PostgreSQL::Test::Cluster->new('keys'));
my $dir  = $node->basedir;
$node->start;
my $kek  = $node->data_dir . '/protaddr.kek';
my $show = 'SELECT protaddr.show(home) FROM customer';

sub write_file
{
	my ($file, $text, $mode) = @_;
	unlink($file);
	open(my $out, '>', $file) or die "$file: $!";
	print $out $text;
	close($out);
	chmod($mode // 0600, $file) or die "$file: $!";
	return;
}

# ---- the default file --------------------------------------------------------------------

ok(!-e $kek, 'there is no outer key before the extension is');
my ($out, $err);
$node->psql('postgres', 'CREATE EXTENSION protaddr', stderr => \$err);
is((stat($kek))[2] & 07777, 0600, 'mode 0600');
my $key = slurp_file($kek);
like($key, qr/^[0-9a-f]{64}\n$/, 'it holds a key');
ok(index($err, substr($key, 0, 8)) < 0, 'which CREATE EXTENSION does not tell');
$node->safe_psql('postgres', 'CREATE DATABASE second');
new_database($node, 'bank');
is(slurp_file($kek), $key, 'a second database makes no other');
$node->safe_psql('bank', <<'SQL');
CREATE TABLE customer (id int PRIMARY KEY, cpr text, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', subject => 'cpr');
INSERT INTO customer VALUES (1, 'free', 'Vej 1');
CREATE ROLE regress_user LOGIN;
CREATE ROLE regress_monitor LOGIN IN ROLE pg_monitor;
SQL
is($node->safe_psql('bank', $show), 'Vej 1', 'and addresses are shown with it');

# ---- unusable files ------------------------------------------------------------------------

my $open_session = $node->background_psql('bank');
is($open_session->query_safe("$show;"), 'Vej 1', 'an open session has its data key');

my %broken = (
	'missing'          => sub { unlink($kek) },
	'open to the group' => sub { write_file($kek, $key, 0640) },
	'open to all'      => sub { write_file($kek, $key, 0604) },
	'empty'            => sub { write_file($kek, '') },
	'short'            => sub { write_file($kek, substr($key, 0, 63)) },
	'long'             => sub { write_file($kek, substr($key, 0, 64) . 'a') },
	'not hexadecimal'  => sub { write_file($kek, 'g' . substr($key, 1)) },
	'two lines'        => sub { write_file($kek, $key . $key) },
	'a FIFO'           => sub { unlink($kek); mkfifo($kek, 0600) or die "mkfifo: $!" },
	'a folder'         => sub { unlink($kek); mkdir($kek, 0700) },
	'another key'      => sub { write_file($kek, "0f" x 32 . "\n") });
for my $what (sort keys %broken)
{
	$broken{$what}->();
	my ($state, $told) = error_of($node, 'bank', $show);
	is($state, '55PA1', "key file $what: not shown");
	ok(index($told, substr($key, 0, 8)) < 0, "key file $what: and no part of it told");
	is(psql_error($node, 'bank', q(INSERT INTO customer VALUES (2, 'free', 'Vej 2'))), '55PA1', "key file $what: nothing is sealed");
	is(psql_error($node, 'bank', q(SELECT protaddr.rotate_data_key())), '55PA1', "key file $what: no data key is made") if $what ne 'another key';
	is($node->safe_psql('bank', 'SELECT bool_or(usable) FROM protaddr.key_status'), 'f', "key file $what: key_status says so");
	is($node->safe_psql('bank', q(SELECT home::text LIKE 'pa1.%' FROM customer)), 't', "key file $what: tokens are read all the same");
	-d $kek ? rmdir($kek) : unlink($kek);
}
write_file($kek, $key);
is($node->safe_psql('bank', $show), 'Vej 1', 'with the file back, shown again');
write_file($kek, uc(substr($key, 0, 64)) . "\r\n");
is($node->safe_psql('bank', $show), 'Vej 1', 'capitals and another line end do not matter');
write_file($kek, substr($key, 0, 64));
is($node->safe_psql('bank', $show), 'Vej 1', 'nor does a missing one');
is($open_session->query_safe("$show;"), 'Vej 1', 'the open session never noticed');
$open_session->quit;

# CREATE EXTENSION over a file that is unusable must not replace it
write_file($kek, 'garbage');
is(psql_error($node, 'second', 'CREATE EXTENSION protaddr'), '55PA1', 'CREATE EXTENSION with a broken key file fails');
is(slurp_file($kek), 'garbage', 'and leaves it alone');
write_file($kek, $key);

# ---- a command ---------------------------------------------------------------------------------

my $program = "$dir/vault";
sub command
{
	my ($script) = @_;
	write_file($program, "#!/bin/sh\n$script\n", 0700);
	return;
}
sub set_conf
{
	my ($conf) = @_;
	$node->append_conf('postgresql.conf', $conf);
	reloaded($node);
	return;
}
my $other = 'a5' x 32;
command("echo run >> '$dir/vault.log'; cat '$kek'");
set_conf("protaddr.kek_command = '$program'");
is($node->safe_psql('bank', $show), 'Vej 1', 'the key comes from a command');
is(slurp_file("$dir/vault.log"), "run\n", 'which runs once for a statement');
$node->safe_psql('bank', q(INSERT INTO customer SELECT i, 'free', protaddr.address(strtnm => 'Vej ' || i, subject => 'free') FROM generate_series(2, 100) i; SELECT protaddr.show(home) FROM customer));
is(slurp_file("$dir/vault.log"), "run\nrun\n", 'and once for a session that reads and writes');
for my $what (
	[ 'fails', "cat '$kek'; exit 3" ], [ 'prints nothing', 'true' ], [ 'prints too much', "cat '$kek' '$kek'" ],
	[ 'prints garbage', "echo secret@{[ substr($key, 0, 64) ]}; echo complaint >&2" ], [ 'is killed', 'kill -9 $$' ], [ 'has another key', "echo $other" ])
{
	command($what->[1]);
	my ($state, $told) = error_of($node, 'bank', $show);
	is($state, '55PA1', "command $what->[0]: not shown");
	my ($again, $why) = error_of($node, 'bank', 'SELECT protaddr.rotate_data_key()');
	is($again, $what->[0] eq 'has another key' ? 'none' : '55PA1', "command $what->[0]: rotation ends as expected");
	ok(index("$told$why", substr($key, 0, 8)) < 0 && index("$told$why", 'a5a5') < 0, "command $what->[0]: no key is told");
}
$node->safe_psql('bank', 'SELECT count(*) FROM protaddr.key_status');

# ---- a command that does not end ------------------------------------------------------------------

# running($what) is the number of processes that run it
sub running
{
	my ($what) = @_;
	my @lines = `ps -e -o args=`;
	return scalar(grep { index($_, $what) >= 0 && index($_, 'ps -e') < 0 } @lines);
}
my $mark = 31000000 + $$;
command("trap '' TERM INT HUP; cat '$kek'; while :; do sleep $mark; done");
set_conf("protaddr.kek_timeout = '700ms'");
my $began = time();
my ($late, $late_told) = error_of($node, 'bank', q(INSERT INTO customer VALUES (600, 'free', 'Vej 600')));
is($late, '55PA1', 'a command that ignores signals: refused');
like($late_told, qr/took longer than 700 ms and was ended/, 'for the time it took');
cmp_ok(time() - $began, '<', 30, 'not for ever');
is(running("sleep $mark"), 0, 'and nothing of it is left');
set_conf("protaddr.kek_timeout = '10min'");
$began = time();
is(psql_error($node, 'bank', q(SET statement_timeout = '500ms'; INSERT INTO customer VALUES (600, 'free', 'Vej 600'))), '57014', 'statement_timeout ends it');
cmp_ok(time() - $began, '<', 30, 'in time');
is(running("sleep $mark"), 0, 'and nothing of it is left');
my $waiting = $node->background_psql('bank', on_error_stop => 0);
$waiting->query_until(qr/go/, "\\echo go\nSELECT pg_backend_pid() AS me \\gset\nINSERT INTO customer VALUES (600, 'free', 'Vej 600');\n");
$node->poll_query_until('bank', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE query LIKE 'INSERT INTO customer VALUES (600%' AND wait_event = 'Extension' AND pid <> pg_backend_pid()}) or die 'nobody waits';
is($node->safe_psql('bank', q{SELECT count(pg_terminate_backend(pid, 60000)) FROM pg_stat_activity WHERE query LIKE 'INSERT INTO customer VALUES (600%' AND pid <> pg_backend_pid()}), '1', 'a waiting session is terminated');
is(running("sleep $mark"), 0, 'and its command with it');
eval { $waiting->{run}->kill_kill; };
command("cat '$kek'; sleep $mark & exit 0");
set_conf("protaddr.kek_timeout = '10s'");
$began = time();
is($node->safe_psql('bank', "$show WHERE id = 1"), 'Vej 1', 'a command that leaves a child behind gives its key');
cmp_ok(time() - $began, '<', 9, 'at once');
is(running("sleep $mark"), 0, 'and the child is ended');
my $parent = $node->background_psql('bank');
$parent->query_safe("$show WHERE id = 1;");
my $backend = $parent->query_safe('SELECT pg_backend_pid();');
is(`ps -o args= --ppid $backend`, '', 'no zombie is left');
$parent->quit;

# monitoring asks for every key at any rate: the command is started once
command("echo run >> '$dir/runs.log'; cat '$kek'");
unlink("$dir/runs.log");
$node->safe_psql('bank', 'SELECT protaddr.rotate_data_key()') for 1 .. 3;
unlink("$dir/runs.log");
$node->safe_psql('bank', 'SELECT * FROM protaddr.key_status;' x 5 . 'SELECT protaddr.outer_key_name();' x 5 . 'SELECT protaddr.data_key_available(id) FROM protaddr.data_key, generate_series(1, 20);', extra_params => []);
is(slurp_file("$dir/runs.log"), "run\n", 'monitoring starts the command once');
command("echo run >> '$dir/runs.log'; exit 1");
unlink("$dir/runs.log");
$node->psql('bank', "SELECT * FROM protaddr.key_status;" x 5 . "$show WHERE id = 1;" x 5, on_error_stop => 0);
is(slurp_file("$dir/runs.log"), "run\n", 'and so does whoever asks while it fails');
command("echo $other");

# ---- which library encrypts --------------------------------------------------------------------------

write_file($kek, $key);
set_conf("protaddr.kek_command = ''");
my $auto = $node->safe_psql('bank', 'SELECT protaddr.crypto_library()');
my $sodium = slurp_file('/proc/cpuinfo') =~ /^flags\s.*\baes\b/m if -r '/proc/cpuinfo';
is($auto, $sodium ? 'libsodium' : 'OpenSSL', 'auto: libsodium where the processor has AES instructions') if defined $sodium;
my $long = $node->background_psql('bank');
$long->query_safe(q(INSERT INTO customer VALUES (500, 'free', protaddr.address(strtnm => 'Vej 500', subject => 'free'));));
set_conf("protaddr.crypto = openssl");
is($long->query_safe('SELECT protaddr.crypto_library();'), 'OpenSSL', 'openssl by reload, in an open session too');
is($long->query_safe("$show WHERE id = 500;"), 'Vej 500', 'which shows what the other library sealed');
is($node->safe_psql('bank', "$show WHERE id = 500"), 'Vej 500', 'as a new session does');
$node->safe_psql('bank', q(INSERT INTO customer VALUES (501, 'free', protaddr.address(strtnm => 'Vej 501', subject => 'free'))));
set_conf("protaddr.crypto = auto");
is($long->query_safe("$show WHERE id = 501;"), 'Vej 501', 'and the other way round');
$long->quit;
is(psql_error($node, 'bank', q(SELECT protaddr.subject_key('x'); SET protaddr.crypto = 'openssl')), '55P02', 'no session chooses for itself');
$node->safe_psql('bank', 'DELETE FROM customer WHERE id >= 500');

# A library that computes otherwise is not used, nor another in its place.
SKIP:
{
	skip 'no compiler, or libsodium is not used', 4 if $auto ne 'libsodium' || system('command -v cc >/dev/null 2>&1') != 0;
	write_file("$dir/bad.c", <<'C');
#include <stddef.h>
int crypto_aead_aes256gcm_encrypt_detached_afternm(unsigned char *c, unsigned char *mac, unsigned long long *maclen,
	const unsigned char *m, unsigned long long len, const unsigned char *ad, unsigned long long adlen,
	const unsigned char *nsec, const unsigned char *npub, const void *ctx)
{
	for (unsigned long long i = 0; i < len; i++)
		c[i] = m[i];
	for (int i = 0; i < 16; i++)
		mac[i] = 0;
	return 0;
}
C
	system_or_bail('cc', '-shared', '-fPIC', '-o', "$dir/bad.so", "$dir/bad.c");
	$node->stop;
	{
		local $ENV{LD_PRELOAD} = "$dir/bad.so";
		$node->start;
	}
	my ($state, $told) = error_of($node, 'bank', q(INSERT INTO customer VALUES (502, 'free', 'Vej 502')));
	is($state, '55PA1', 'a library that fails its self-test seals nothing');
	like($told, qr/libsodium is not available or failed its self-test/, 'and is named');
	is(psql_error($node, 'bank', $show), '55PA1', 'nor does it open anything');
	set_conf("protaddr.crypto = openssl");
	is($node->safe_psql('bank', "$show WHERE id = 1"), 'Vej 1', 'until the other library is chosen');
	$node->append_conf('postgresql.conf', "protaddr.crypto = auto");
	$node->restart;
}
set_conf("protaddr.kek_command = '$program'");
my $twice = $node->background_psql('bank');
is($twice->query_safe(q(SELECT protaddr.address(StrtNm => 'Vej') IS NOT NULL, (SELECT bool_or(usable) FROM protaddr.key_status))), 't|t', 'a session that was given the key is given it again');
$twice->quit;

# ---- changing the outer key -------------------------------------------------------------------------

# The rotation above has made a data key under the command's key; now all get under it.
my $tokens = $node->safe_psql('bank', q(SELECT md5(string_agg(home::text, '' ORDER BY id)) FROM customer));
is($node->safe_psql('bank', q(SELECT string_agg(usable::text, ' ' ORDER BY created_at) FROM protaddr.key_status)), 'false true false false false', 'data keys under two outer keys');
write_file("$dir/third.kek", "3c" x 32 . "\n");
is($node->safe_psql('bank', "SELECT protaddr.adopt_data_keys('$dir/third.kek')"), '0', 'with a key of which there are none, none is adopted');
is($node->safe_psql('bank', "SELECT protaddr.adopt_data_keys('$kek')"), '4', 'the older ones are adopted');
is($node->safe_psql('bank', "SELECT protaddr.adopt_data_keys('$kek')"), '0', 'once');
is($node->safe_psql('bank', q(SELECT bool_and(usable) FROM protaddr.key_status)), 't', 'and all can be used');
is($node->safe_psql('bank', q(SELECT count(DISTINCT outer_key) FROM protaddr.key_status)), '1', 'under one outer key');
is($node->safe_psql('bank', "$show WHERE id = 1"), 'Vej 1', 'shown under the new outer key');
is($node->safe_psql('bank', q(SELECT md5(string_agg(home::text, '' ORDER BY id)) FROM customer)), $tokens, 'and no value was touched');
is(psql_error($node, 'bank', q(SELECT protaddr.adopt_data_keys('protaddr.kek'))), '22023', 'a relative path is refused');
is(psql_error($node, 'bank', "SELECT protaddr.adopt_data_keys('$dir/nothing')"), '55PA1', 'a file that is not there too');
chmod(0644, $kek);
is(psql_error($node, 'bank', "SELECT protaddr.adopt_data_keys('$kek')"), '55PA1', 'and one that is open to others');
unlink($kek);
is($node->safe_psql('bank', "$show WHERE id = 1"), 'Vej 1', 'the old key file is not needed any more');
write_file("$dir/new.kek", "$other\n");
set_conf("protaddr.kek_command = ''\nprotaddr.kek_file = '$dir/new.kek'");
is($node->safe_psql('bank', "$show WHERE id = 1"), 'Vej 1', 'a file elsewhere, by reload');

# ---- who sees what ---------------------------------------------------------------------------------------

for my $setting (qw(protaddr.kek_file protaddr.kek_command))
{
	# the library is loaded by the first use of the type
	my $load = 'SELECT protaddr.subject_key($$X$$); ';
	($out, $err) = ('', '');
	isnt($node->psql('bank', "$load SHOW $setting", extra_params => [ '-U', 'regress_user' ], stderr => \$err), 0, "$setting: an ordinary role cannot SHOW it");
	is($node->safe_psql('bank', "$load SELECT count(*) FROM pg_settings WHERE name = '$setting'", extra_params => [ '-U', 'regress_user' ]), "X\n0", "$setting: nor find it in pg_settings");
	is($node->safe_psql('bank', "$load SELECT count(*) FROM pg_settings WHERE name = '$setting'", extra_params => [ '-U', 'regress_monitor' ]) =~ s/^X\n//r, '1', "$setting: who may read all settings sees the path");
	is(psql_error($node, 'bank', "$load SET $setting = '/tmp/x'"), '55P02', "$setting: not even a superuser can SET it");
}
is($node->safe_psql('bank', q(SELECT count(*) FROM pg_settings s WHERE s::text ~ '(a5){8}')), '0', 'no setting holds the key');
is(psql_error($node, 'bank', q(SET SESSION AUTHORIZATION regress_user; SELECT * FROM protaddr.data_key)), '42501', 'wrapped keys are not for everybody');
is(psql_error($node, 'bank', qq(SET SESSION AUTHORIZATION regress_user; SELECT protaddr.adopt_data_keys('$dir/new.kek'))), '42501', 'nor is adoption');

# ---- settings that a user makes before the library is loaded -------------------------------------------------

write_file("$dir/evil.kek", "00" x 32 . "\n");
my %try = ('kek_file' => "$dir/evil.kek", 'kek_command' => "touch '$dir/evil_ran'", 'register_max_age' => '2000000000');
# The server allows an hour.  Whatever a user tries, it is never more; a setting that was
# tried at the start of the session may leave less, or a session without keys.
$node->append_conf('postgresql.conf', "protaddr.register_max_age = '1h'");
$node->safe_psql('bank', q(UPDATE protaddr.register_source SET current_as_of = now() - interval '2 hours'));
my $hidden = sub
{
	my ($name, $env, @sql) = @_;
	local %ENV = (%ENV, %$env);
	my ($stdout, $stderr) = ('', '');
	$node->psql('bank', join('; ', @sql, "$show WHERE id = 1", 'SELECT protaddr.register_max_age()', "SELECT current_setting('protaddr.register_max_age')"),
		stdout => \$stdout, stderr => \$stderr, on_error_stop => 0, extra_params => [ '-U', 'regress_user' ]);
	like("$stdout\n$stderr", qr/^\Q[address withheld]\E$|ERROR:  the key of this address is not here$/m, "$name: withheld");
	like($stdout, qr/^(01:00:00\n1h|00:01:00\n1min)$/m, "$name: no longer age");
	ok(!-e "$dir/evil_ran", "$name: no program ran");
	return;
};
$node->safe_psql('bank', 'GRANT SELECT ON customer TO regress_user');
for my $preload ('', 'protaddr')
{
	$node->append_conf('postgresql.conf', "shared_preload_libraries = '$preload'");
	$node->restart;
	my $how = $preload ? 'preloaded' : 'not preloaded';
	$hidden->("$how, nothing tried", {});
	for my $setting (sort keys %try)
	{
		my $value = $try{$setting};
		my $quoted = $value =~ s/'/''/gr;
		my $option = $value =~ s/([ \\'])/\\$1/gr;
		$hidden->("$how, $setting by SET", {}, "SET protaddr.$setting = '$quoted'");
		$hidden->("$how, $setting by set_config", {}, "SELECT set_config('protaddr.$setting', '$quoted', false) \\g /dev/null\n");
		# preloaded, the server refuses the connection altogether
		$hidden->("$how, $setting by PGOPTIONS", { PGOPTIONS => "-c protaddr.$setting=$option" }) if !$preload;
		for my $where ('ROLE regress_user', 'DATABASE bank')
		{
			# only placeholders can be set so; once the library is loaded it is refused
			my $set = psql_error($node, 'postgres', "ALTER $where SET protaddr.$setting = '$quoted'");
			isnt($set, 'none', "$how: ALTER $where SET $setting is refused") if $preload;
			$hidden->("$how, $setting by ALTER $where", {});
			$node->safe_psql('postgres', "ALTER $where RESET ALL");
		}
	}
	is($node->safe_psql('bank', 'SELECT count(*) FROM protaddr.key_status WHERE usable'), '5', "$how: the keys are usable");
}

# ---- register_max_age by reload ---------------------------------------------------------------------------------

$node->safe_psql('bank', q(UPDATE protaddr.register_source SET current_as_of = now() - interval '30 days'));
my $session = $node->background_psql('bank');
$session->query_safe('SET client_min_messages = error;');
is($session->query_safe("$show WHERE id = 1;"), WITHHELD, 'a register of 30 days is too old');
set_conf(q(protaddr.register_max_age = '31d'));
is($session->query_safe("$show WHERE id = 1;"), 'Vej 1', 'unless the server says otherwise');
set_conf(q(protaddr.register_max_age = '29d'));
is($session->query_safe("$show WHERE id = 1;"), WITHHELD, 'and back');
$session->query_safe(q(SELECT protaddr.confirm_register('test', new_source => true);));
is($session->query_safe("$show WHERE id = 1;"), 'Vej 1', 'confirmed, it is fresh');
$session->quit;
($out, $err) = ('', '');
$node->safe_psql('bank', q(UPDATE protaddr.register_source SET current_as_of = now() - interval '30 days'));
$node->psql('bank', "BEGIN; $show; $show; COMMIT; $show", stdout => \$out, stderr => \$err);
is(() = $err =~ /WARNING:  the register is not ready/g, 2, 'one warning in each transaction');
is(() = $out =~ /\Q[address withheld]/g, 300, 'and every address withheld');
$node->safe_psql('bank', q(SELECT protaddr.confirm_register('test', new_source => true)));

# ---- rotation while others write -----------------------------------------------------------------------------------

write_file("$dir/load.sql", <<'SQL');
INSERT INTO loaded (who, home) VALUES (:client_id, 'Vej ' || :client_id);
SELECT 1 / (protaddr.show(home) = 'Vej ' || who)::int FROM loaded ORDER BY id DESC LIMIT 1;
SQL
$node->safe_psql('bank', q(CREATE TABLE loaded (id serial PRIMARY KEY, who text, home protaddr.address); SELECT protaddr.bind_column('loaded', 'home', subject => 'who')));
write_file("$dir/load.sql", <<'SQL');
INSERT INTO loaded (who, home) VALUES (:client_id, ('Vej ' || :client_id)::protaddr.address);
SELECT 1 / (protaddr.show(home) = 'Vej ' || who)::int FROM loaded ORDER BY id DESC LIMIT 1;
SQL
my $pgbench = IPC::Run::start([ 'pgbench', '-n', '-T', $PostgreSQL::Test::Utils::timeout_default, '-c2', '-f', "$dir/load.sql", $node->connstr('bank') ], '>', \my $bench_out, '2>', \my $bench_err);
for my $n (1 .. 20)
{
	$node->safe_psql('bank', 'SELECT protaddr.rotate_data_key()');
	last if !$node->poll_query_until('bank', "SELECT count(DISTINCT substr(protaddr.address_send(home), 2, 8)) >= $n FROM loaded");
}
$pgbench->signal('INT');
$pgbench->finish;
is($bench_err =~ /ERROR|aborted/ ? $bench_err : '', '', 'two clients write and read during 20 rotations');
is($node->safe_psql('bank', q(SELECT count(*) FROM loaded WHERE protaddr.show(home) IS DISTINCT FROM 'Vej ' || who)), '0', 'every value can be shown');
cmp_ok($node->safe_psql('bank', q(SELECT count(DISTINCT substr(protaddr.address_send(home), 2, 8)) FROM loaded)), '>=', 20, 'and they are under many keys');
is($node->safe_psql('bank', q(SELECT count(*) FROM protaddr.key_status WHERE newest)), '1', 'one of which is the newest');

# a rotation that is rolled back leaves nothing behind under its key
$node->safe_psql('bank', q(BEGIN; SELECT protaddr.rotate_data_key(); COPY (SELECT 'Vej 9'::protaddr.address) TO ') . "$dir/token" . q('; ROLLBACK));
is($node->safe_psql('bank', "CREATE TABLE t (home protaddr.address); COPY t FROM '$dir/token'; SELECT protaddr.release(home, 'sumclearing') IS NULL FROM t"), 't', 'what was sealed in a rotation that was rolled back can be opened');

# ---- no key in any log ---------------------------------------------------------------------------------------------------

my $log = slurp_file($node->logfile);
for my $secret ($key, $other)
{
	ok(index($log, substr($secret, 0, 16)) < 0, 'no outer key in the server log');
}
$node->stop;
done_testing();
