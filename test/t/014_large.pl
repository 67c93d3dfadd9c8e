#
# 014_large.pl
#		Can a large delivery be loaded, watched and cancelled, and garbage do no harm?
#
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use POSIX qw(mkfifo);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ProtaddrTest;
use RegisterTest;
use Test::More;
use Time::HiRes qw(sleep time);

my $people = 200_000;
my $node   = cluster(PostgreSQL::Test::Cluster->new('large'));
my $dir    = $node->basedir;
# the people of a delivery are sorted in as much memory as this, and on disk beyond it
$node->append_conf('postgresql.conf', 'maintenance_work_mem = 4MB');
$node->start;
new_database($node, 'bank');
$node->safe_psql('bank', 'CREATE ROLE watcher LOGIN; GRANT pg_monitor TO watcher; GRANT USAGE ON SCHEMA protaddr TO watcher');
my $large = spew("$dir/large.txt", make_cpr('--people', $people, '--shape', 'fixed'));
my $bytes = -s $large;

# start_load($file) runs in a transaction of a session of its own: [session, pid]
sub start_load
{
	my ($file, %arguments) = @_;
	my $session = $node->background_psql('bank', on_error_stop => 0);
	my $pid = $session->query_safe('SELECT pg_backend_pid();');
	$session->query_safe("\\set VERBOSITY verbose\nBEGIN;");
	begun($session, "SELECT outcome || ' ' || persons FROM " . load_file($file, %arguments));
	return ($session, $pid);
}

my $watcher = $node->background_psql('bank', extra_params => [ '-U', 'watcher' ]);

# what the other session sees of the load: [people, a second, percent, bytes in all], or undef
sub watch
{
	my $row = $watcher->query_safe('SELECT persons, persons_per_second, percent, bytes_total FROM protaddr.load_progress;');
	return $row eq '' ? undef : [ split /\|/, $row, -1 ];
}

# halted($session, $pid, $share) stops the backend once it has so many percent, and gives
# what is seen of it then; undef if the load has ended before.  A backend that is stopped
# while it holds what the watcher needs goes on for a moment.
sub halted
{
	my ($session, $pid, $share) = @_;
	while (1)
	{
		my $seen = watch();
		if ($seen && $seen->[2] ne '' && $seen->[2] >= $share)
		{
			kill('STOP', $pid);
			begun($watcher, 'SELECT persons, persons_per_second, percent, bytes_total FROM protaddr.load_progress');
			for (my $until = time + 5; time < $until && index($watcher->{stdout}, 'ended') < 0; sleep(0.01)) { $watcher->{run}->pump_nb; }
			my $waits = index($watcher->{stdout}, 'ended') < 0;
			kill('CONT', $pid) if $waits;
			my ($row) = ended($watcher);
			return [ split /\|/, $row, -1 ] if !$waits && $row ne '';
			kill('CONT', $pid);
		}
		$session->{run}->pump_nb;
		return if index($session->{stdout}, 'ended') >= 0;
		sleep(0.002);
	}
}

# halted_load($file, $share, %arguments) is a load that was stopped there: [session, pid, seen].
# On a machine where the watcher came too late for it, it begins again.
sub halted_load
{
	my ($file, $share, %arguments) = @_;
	while (1)
	{
		my ($session, $pid) = start_load($file, %arguments);
		my $seen = halted($session, $pid, $share);
		return ($session, $pid, $seen) if $seen;
		note('the load had ended before it could be stopped');
		$session->query('ROLLBACK;');
		$session->quit;
	}
}

# ---- watched from begin to end, and held once, so that it takes long enough to tell ------------

my (@seen, @memory, $session, $pid, $out, $err);
while (1)
{
	($session, $pid, $seen[0]) = halted_load($large, 10);
	for my $share (50, 90)
	{
		# it says so where it stands
		push @memory, memory_of($node, $pid, sub { kill('CONT', $pid) });
		push @seen, halted($session, $pid, $share) // last;
		if ($share == 50)
		{
			sleep(5.2);
			is_deeply([ @{ watch() }[ 0, 2, 3 ] ], [ @{ $seen[1] }[ 0, 2, 3 ] ], 'a load that is held gets no further');
		}
	}
	last if @seen == 3;
	ended($session);
	$session->query('ROLLBACK;');
	$session->quit;
	@seen = @memory = ();
}
push @memory, memory_of($node, $pid, sub { kill('CONT', $pid) });
($out, $err) = ended($session);
ok(index($out, "loaded $people") >= 0, "$people people are loaded") or diag($err);
my $held = $seen[1];
is($held->[3], $bytes, 'its size is told');
cmp_ok($held->[0], '>', $people / 20, 'and the people so far');
cmp_ok($held->[1], '>', 0, 'and the rate');
cmp_ok($seen[2][2], '<=', 100, 'and the share, to the end');
ok($seen[0][0] < $seen[1][0] && $seen[1][0] < $seen[2][0], 'people only become more');
is(watch(), undef, 'a load that has ended is not seen');
my ($told, $rate, $share) = $err =~ /.*load_cpr: (\d+) people, (\d+) a second, (\d+) % of the delivery/s;
ok(defined $told && $told >= $held->[0] && $told <= $people && $rate > 0 && $share >= 50 && $share <= 100, 'who loads is told, too')
  or diag($err);
$session->query_safe('COMMIT;');
$session->quit;
note("bytes in use at 10, 50 and 90 %: @memory");
cmp_ok(abs($memory[$_] - $memory[0]), '<', 8 << 20, 'memory stays the same') for 1, 2;

# ---- cancelled ---------------------------------------------------------------------------------

my $state = state_of($node, 'bank');
my $other = spew("$dir/other.txt", redated(slurp_file($large), '20261121', '20261120'));
for my $how ('cancel', 'terminate')
{
	($session, $pid) = halted_load($other, 15, max_lifted => 1_000_000);
	$node->safe_psql('bank', "SELECT pg_${how}_backend($pid)");
	kill('CONT', $pid);
	if ($how eq 'cancel')
	{
		($out, $err) = ended($session);
		ok(index($err, '57014') >= 0, 'a load can be cancelled') or diag($err);
		$session->query_safe('ROLLBACK;');
		is($session->query_safe('SELECT 1;'), '1', 'its session lives on');
		$session->quit;
	}
	else
	{
		$session->{stdin} .= "\\q\n";
		eval { $session->{run}->finish; };
		ok(index($session->{stderr}, '57P01') >= 0, 'and terminated') or diag($session->{stderr});
	}
	is(state_of($node, 'bank'), $state, "$how: the register is as it was");
	is(watch(), undef, "$how: nothing is seen to load");
}

# ---- a file that changes while it is read --------------------------------------------------------

($session, $pid) = halted_load($other, 10, max_lifted => 1_000_000);
truncate($other, int($bytes * 0.9)) or die $!;
kill('CONT', $pid);
($out, $err) = ended($session);
ok(index($err, '22P02') >= 0 && index($err, 'it is cut off') >= 0, 'a file that shrinks is refused') or diag($err);
$session->query_safe('ROLLBACK;');
is(state_of($node, 'bank'), $state, 'and the register is as it was');
$session->quit;
unlink($large, $other);

# ---- garbage ---------------------------------------------------------------------------------------

# sparse($name, $begin) is a file that takes no room, and so large that to read all of it
# would take minutes
sub sparse
{
	my ($name, $begin) = @_;
	spew("$dir/$name", $begin);
	truncate("$dir/$name", 1 << 40) or truncate("$dir/$name", 16 << 30) or die "$name: $!";
	return "$dir/$name";
}

my $noise = join('', map { pack('N', int(rand(4294967296))) } 1 .. 65536);
my $start = '000' . '0' x 10 . "9900012026112220261120\n";
$start = '000' . '0' x 10 . '990001' . '20261121' . '20261120';
my %garbage = (
	'zeros'                             => '',
	'noise'                             => $noise,
	'noise after the start record'      => "$start\n$noise",
	'zeros after the start record'      => "$start\n",
	'noise where records are fixed'     => $start . $noise,
	'zeros where records are fixed'     => $start,
	'one line without end'              => "$start\n001" . 'x' x 1_000_000,
	'digits without end'                => "$start\n" . '1' x 1_000_000);
for my $name (sort keys %garbage)
{
	my ($code, $message) = error_of($node, 'bank', "SET statement_timeout = '100s'; SELECT " . load_file(sparse('garbage', $garbage{$name})));
	is($code, '22P02', "$name: refused, and not read to its end") or diag($message);
}
is($node->safe_psql('bank', q(SELECT refused FROM protaddr.register_status WHERE source = 'DK-CPR')), keys(%garbage) + 1, 'all of them are on record');

# A delivery that is whole, but for one byte.
my $good = redated(make_cpr('--people', 50), '20261121', '20261120');
my $at   = index($good, "\n008") + 40;
for my $bad (0, 7, 0x80, 0x9f)
{
	substr($good, $at, 1) = chr($bad);
	my ($code, $message) = error_of($node, 'bank', 'SELECT ' . load_file(spew("$dir/byte.txt", $good)));
	is($code, '22P02', "a byte $bad in a name: refused");
	ok($message =~ /Record (\d+), at byte (\d+)/ && $2 < $at && $2 > $at - 60 && $1 == 1 + (substr($good, 0, $at) =~ tr/\n//), 'and its place told') or diag($message);
}

# ---- what is no file ---------------------------------------------------------------------------------

mkfifo("$dir/pipe", 0600) or die $!;
my %no_file = (
	'/dev/zero' => '42809', $dir => '42809', "$dir/pipe" => '42809', "$dir/not there" => '58P01', '' => '58P01', 'x' x 5000 => 'any',
	"$dir/byte.txt/x" => 'any');
for my $name (sort keys %no_file)
{
	my ($code, $message) = error_of($node, 'bank', "SET statement_timeout = '100s'; SELECT " . load_file($name));
	my $shown = length $name > 40 ? substr($name, 0, 1) . '...' : $name =~ s/\Q$dir\E/dir/r;
	ok($code eq $no_file{$name} || $no_file{$name} eq 'any' && $code ne 'none' && $code ne '57014', "\"$shown\" is no delivery: $code") or diag($message);
}
is(state_of($node, 'bank'), $state, 'after all of it the register is as it was');
$node->stop;
done_testing();
