#
# 029_side_by_side.pl
#		Do loads of several sources, events and entries by hand run side by side?
#
# Only loads of one source may wait for each other, and none may end in a deadlock.  That an
# entry by hand waits for nobody is shown without a clock in specs/register.spec.
# PROTADDR_SIDE_BY_SIDE="SESSIONS SECONDS" has more of them for longer, by hand.
#
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ProtaddrTest;
use RegisterTest;
use Test::More;

my ($sessions, $seconds) = split(' ', $ENV{PROTADDR_SIDE_BY_SIDE} // '10 10');
my $node = cluster(PostgreSQL::Test::Cluster->new('side'));
my $dir  = $node->basedir;
$node->append_conf('postgresql.conf', 'max_connections = ' . ($sessions + 20));
$node->start;
new_database($node, 'bank');
$node->safe_psql('bank', q(
SELECT protaddr.load_register('NO-FREG', (SELECT jsonb_agg(jsonb_build_object('subject', 'P' || i, 'protections', '[]'::jsonb)) FROM generate_series(1, 2000) i))));

my %script = (
	event => q(SELECT protaddr.load_register('NO-FREG', jsonb_build_array(jsonb_build_object('subject', 'P' || :p, 'protections', '[{"code": "7"}]'::jsonb)), mode => 'reply');),
	# and the same people under another source, whose numbers change
	other => q(SELECT protaddr.load_register('SE-FOLK', jsonb_build_array(jsonb_build_object('subject', 'P' || :p, 'protections', '[{"code": "Sekretessmarkering"}]'::jsonb, 'replaced_by', 'P' || (:p + 1))), mode => 'merge');),
	staged => q(BEGIN; INSERT INTO protaddr.register_staging (source, subject, code) VALUES ('FI-VTJ', 'F' || :p, 'turvakielto'); SELECT protaddr.load_staged('FI-VTJ', 'FI-VTJ'); COMMIT;),
	open   => q(BEGIN; INSERT INTO protaddr.register_staging (source, subject, code) VALUES ('elsewhere', 'F' || :p, 'x'); SELECT pg_sleep(0.05); ROLLBACK;),
	hand   => q(SELECT protaddr.protect('P' || :p, 'DK-CPR', '0001');));
my @files;
for my $name (sort keys %script)
{
	push @files, '-f', spew("$dir/$name.sql", "\\set p random(1, 2000)\n$script{$name}\n");
}
my ($out, $err) = run_command([ 'pgbench', '-n', '-h', $node->host, '-p', $node->port, '-c', $sessions, '-T', $seconds, @files, 'bank' ]);
like($out, qr/^number of failed transactions: 0 /m, 'no transaction has failed') or diag($err);
unlike($err, qr/aborted|ERROR/, 'and no session was ended');
my ($done) = $out =~ /^number of transactions actually processed: (\d+)/m;
cmp_ok($done // 0, '>', 100, 'they did not stand still') or diag($out);
is(index(slurp_file($node->logfile), 'deadlock detected'), -1, 'there was no deadlock');

# who was protected by anybody is protected
is($node->safe_psql('bank', q(SELECT protaddr.confirm_register(source) FROM protaddr.register_source;
	SELECT count(*) FROM (SELECT DISTINCT subject FROM protaddr.protection WHERE recorded_to = 'infinity' AND valid_to = 'infinity' AND kind <> 'none') p
	WHERE NOT protaddr.is_protected(subject))) =~ s/\A\n+//r, '0', 'whoever is protected in the tables is protected');
is($node->safe_psql('bank', q(SELECT count(*) FROM protaddr.register_source s WHERE persons IS NOT NULL AND
	(persons <> (SELECT count(*) FROM protaddr.register_person p WHERE p.source = s.source) OR
	 protections <> (SELECT count(*) FROM protaddr.protection p WHERE p.source = s.source AND recorded_to = 'infinity' AND valid_to = 'infinity')))),
	'0', 'each source vouches for exactly the rows that there are');
$node->stop;
done_testing();
