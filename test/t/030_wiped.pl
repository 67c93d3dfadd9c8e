#
# 030_wiped.pl
#		Does a session forget the outer key, and the addresses that it opened?
#
# A library made here looks through the memory of the session itself: what is wiped is not
# to be found there.  What it looks for comes with all bits turned, so that the question
# is not what it finds.
#
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ProtaddrTest;
use Test::More;

plan skip_all => 'no compiler, or a memory that cannot be looked through'
  if !-r '/proc/self/maps' || system('command -v cc >/dev/null 2>&1') != 0;

my $node = cluster(PostgreSQL::Test::Cluster->new('wiped'));
my $dir  = $node->basedir;
open(my $c, '>', "$dir/leftovers.c") or die "leftovers.c: $!";
print $c <<'C';
#include "postgres.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include <fcntl.h>
#include <unistd.h>

PG_MODULE_MAGIC;
PG_FUNCTION_INFO_V1(leftovers);
PG_FUNCTION_INFO_V1(outer_key_leftovers);

/* how often the bytes, all bits turned, are in what this process has written and does not share */
static int
found(const unsigned char *turned, size_t len)
{
	FILE	   *maps = fopen("/proc/self/maps", "r");
	char		line[1024];
	int			n = 0;

	while (maps != NULL && fgets(line, sizeof(line), maps) != NULL)
	{
		unsigned long from, to;
		char		rights[5];

		if (sscanf(line, "%lx-%lx %4s", &from, &to, rights) != 3 || strcmp(rights, "rw-p") != 0)
			continue;
		for (const unsigned char *p = (const unsigned char *) from; p + len <= (const unsigned char *) to; p++)
		{
			size_t		i = 0;

			while (i < len && p[i] == (unsigned char) ~turned[i])
				i++;
			n += i == len;
		}
	}
	if (maps != NULL)
		fclose(maps);
	return n;
}

Datum
leftovers(PG_FUNCTION_ARGS)
{
	bytea	   *turned = PG_GETARG_BYTEA_PP(0);

	PG_RETURN_INT32(found((const unsigned char *) VARDATA_ANY(turned), VARSIZE_ANY_EXHDR(turned)));
}

/* of the key that a file holds: as a text, and as bytes */
Datum
outer_key_leftovers(PG_FUNCTION_ARGS)
{
	static unsigned char digits[64];
	static unsigned char bytes[32];
	int			fd = open(text_to_cstring(PG_GETARG_TEXT_PP(0)), O_RDONLY);

	if (fd < 0 || read(fd, digits, sizeof(digits)) != sizeof(digits))
		elog(ERROR, "no key");
	close(fd);
	for (int i = 0; i < 64; i++)
	{
		int			digit = digits[i] >= 'a' ? digits[i] - 'a' + 10 : digits[i] - '0';

		bytes[i / 2] = (unsigned char) ~(i % 2 == 0 ? digit << 4 : (unsigned char) ~bytes[i / 2] | digit);
		digits[i] = (unsigned char) ~digits[i];
	}
	PG_RETURN_INT32(found(digits, sizeof(digits)) + found(bytes, sizeof(bytes)));
}
C
close($c);
chomp(my $include = `pg_config --includedir-server`);
system_or_bail('cc', '-shared', '-fPIC', '-O2', "-I$include", '-o', "$dir/leftovers.so", "$dir/leftovers.c");
$node->start;
my $kek = $node->data_dir . '/protaddr.kek';
new_database($node, 'bank');
my $street = 'Glemmevej';
$node->safe_psql('bank', <<"SQL");
CREATE FUNCTION public.leftovers(bytea) RETURNS int LANGUAGE c STRICT AS '$dir/leftovers';
CREATE FUNCTION public.outer_key_leftovers(text) RETURNS int LANGUAGE c STRICT AS '$dir/leftovers';
CREATE TABLE customer (id int PRIMARY KEY, cpr text, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', subject => 'cpr'), protaddr.protect('P1', 'manual', 'address');
SELECT protaddr.load_register('NO-FREG', '[{"subject": "P2", "protections": []}]');
INSERT INTO customer VALUES (1, 'P1', protaddr.address(StrtNm => '$street', BldgNb => '1', TwnNm => 'By', Ctry => 'DK')), (2, 'P2', protaddr.address(StrtNm => '$street', BldgNb => '2', TwnNm => 'By', Ctry => 'DK'));
CREATE TABLE payment (id int PRIMARY KEY, payer text, home protaddr.address, state text DEFAULT 'new');
CREATE TABLE copied (id int PRIMARY KEY, who text, home protaddr.address);
SELECT protaddr.install_gate('payment', channel => 'psp_request', subject => 'payer', hold_column => 'state', hold_value => 'held');
SELECT protaddr.bind_column('copied', 'home', subject => 'who');
SQL

sub turned { my ($bytes) = @_; return '\x' . unpack('H*', ~$bytes); }

# left($session, $bytes) is how often they are found.
sub left
{
	my ($session, $bytes) = @_;
	return $session->query_safe("SELECT leftovers('" . turned($bytes) . "');");
}

# whoever looks and finds nothing must be seen to find what is there
my $session = $node->background_psql('bank');
$session->query_safe("SET application_name = 'what is there to be found';");
cmp_ok(left($session, 'what is there to be found'), '>', 0, 'what is there is found');
$session->quit;

# ---- addresses that are opened, and not shown ----------------------------------------------------
for my $use (
	[ 'stored', 'INSERT INTO copied SELECT id, cpr, home FROM customer;' ],
	[ 'bound to somebody else', q(UPDATE copied SET who = 'P3';) ],
	[ 'withheld from a reader', q(SELECT protaddr.show(home) FROM customer WHERE id = 1;) ],
	[ 'cut down for a reader', q(BEGIN; UPDATE protaddr.channel SET when_protected = 'minimum', when_unknown = 'minimum' WHERE channel = 'show'; SELECT protaddr.show(home) FROM customer WHERE id = 1; ROLLBACK;) ],
	[ 'compared', 'SELECT count(*) FROM customer a, customer b WHERE a.home OPERATOR(protaddr.===) b.home;' ],
	[ 'asked for whom it concerns', 'SELECT count(protaddr.subjects_of(home)) FROM customer;' ],
	[ 'asked whether it may leave', q(SELECT count(protaddr.explain_release(home, 'sepa')) FROM customer;) ],
	[ 'released', q(SELECT count(protaddr.release(home, 'sepa')) FROM customer;) ],
	[ 'let through a gate', 'INSERT INTO payment SELECT id, cpr, home FROM customer;' ],
	[ 'looked for by its key', q(SELECT count(*) FROM protaddr.bound_values('customer', 'home', 'cpr');) ],
	[ 'sealed under a new key', q(CALL protaddr.reseal('customer');) ],
	[ 'verified', q(SELECT count(*) FROM protaddr.verify_gate('payment');) ],
	[ 'decided about', q(SELECT protaddr.decide_held(held_id, 'minimum', 'test') FROM protaddr.held_rows('payment');) ],
	[ 'carried out', q(SELECT protaddr.carry_out_held('payment');) ])
{
	my ($what, $sql) = @$use;
	my $session = $node->background_psql('bank');
	$session->query_safe("SET client_min_messages = error;");
	$session->query_safe($sql);
	is(left($session, $street), '0', "an address that was $what is gone");
	$session->quit;
}
# ---- the outer key: taken in for an address, for a look at the keys, for a new one, and for those from elsewhere ----

# Looked for in the same statement, while what was left on the stack is there.
my $hex = slurp_file($kek);
sub write_key
{
	my ($file, $text) = @_;
	open(my $out, '>', $file) or die "$file: $!";
	print $out $text;
	close($out);
	chmod(0600, $file) or die "$file: $!";
	return;
}
write_key("$dir/old.kek", $hex);
for my $use (
	[ 'an address is shown', 'protaddr.show(home) FROM customer WHERE id = 2' ],
	[ 'an address is sealed', q(protaddr.address(StrtNm => 'Vej')) ],
	[ 'the keys are looked at', 'protaddr.data_key_available(id) FROM protaddr.data_key LIMIT 1' ],
	[ 'the outer key is named', 'protaddr.outer_key_name()' ],
	[ 'a data key is made', 'protaddr.rotate_data_key()' ],
	[ 'data keys are adopted', "protaddr.adopt_data_keys('$dir/old.kek')" ])
{
	my ($what, $sql) = @$use;
	my ($call, $from) = $sql =~ /^(.*?)( FROM .*|)$/;
	my $session = $node->background_psql('bank');
	is($session->query_safe("SELECT $call IS NOT NULL, outer_key_leftovers('$kek')$from;"), 't|0', "$what, and the outer key is forgotten");
	$session->quit;
}
# another outer key, which adopts
write_key($kek, join('', map { sprintf('%02x', 7 * $_ % 251) } 1 .. 32) . "\n");
is(psql_error($node, 'bank', "BEGIN; UPDATE protaddr.data_key SET wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1); SELECT protaddr.adopt_data_keys('$dir/old.kek')"),
	'XX001', 'a data key that was altered is not adopted');
$session = $node->background_psql('bank');
is($session->query_safe("SELECT protaddr.adopt_data_keys('$dir/old.kek') > 0, outer_key_leftovers('$kek'), outer_key_leftovers('$dir/old.kek');"), 't|0|0', 'both outer keys are forgotten');
$session->quit;
# what is no key is forgotten, too
write_key("$dir/no.kek", substr($hex, 0, 63) . "x\n");
$session = $node->background_psql('bank');
$session->query_safe(q(CREATE FUNCTION pg_temp.adopt(text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN PERFORM protaddr.adopt_data_keys($1); RETURN false; EXCEPTION WHEN OTHERS THEN RETURN true; END $$;));
is($session->query_safe("SELECT pg_temp.adopt('$dir/no.kek'), leftovers('" . turned(substr($hex, 0, 60)) . "'), leftovers('" . turned(pack('H*', substr($hex, 0, 60))) . "');"), 't|0|0', 'a key with a digit that is none');
$session->quit;
# the first one, which CREATE EXTENSION makes
$node->safe_psql('bank', 'DROP EXTENSION protaddr CASCADE');
unlink($kek);
$session = $node->background_psql('bank');
is($session->query_safe("SET client_min_messages = error; CREATE EXTENSION protaddr; SELECT outer_key_leftovers('$kek');"), '0', 'the outer key that is made is forgotten');
$session->quit;
done_testing();
