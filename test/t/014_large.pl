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

my $people = 300_000;
my $node   = cluster(PostgreSQL::Test::Cluster->new('large'));
my $dir    = $node->basedir;
$node->start;
new_database($node, 'bank');
$node->safe_psql('bank', 'CREATE ROLE watcher LOGIN; GRANT pg_monitor TO watcher; GRANT USAGE ON SCHEMA protaddr TO watcher');
my $large = spew("$dir/large.txt", make_cpr('--people', $people, '--shape', 'fixed'));
my $bytes = -s $large;

# start_load($file) runs in a session of its own: [session, pid]
sub start_load
{
	my ($file, %arguments) = @_;
	my $session = $node->background_psql('bank', on_error_stop => 0);
	my $pid = $session->query_safe('SELECT pg_backend_pid();');
	$session->{stdin} .= "\\set VERBOSITY verbose\nSELECT outcome || ' ' || persons FROM " . load_file($file, %arguments) . ";\n\\echo ended\n";
	$session->{run}->pump_nb;
	return ($session, $pid);
}

sub end_of
{
	my ($session) = @_;
	$session->{run}->pump until index($session->{stdout}, 'ended') >= 0;
	my ($out, $err) = @$session{qw(stdout stderr)};
	$session->{stdout} = $session->{stderr} = '';
	return ($out, $err);
}

my $watcher = $node->background_psql('bank', extra_params => [ '-U', 'watcher' ]);

# what the other session sees of the load: [people, a second, percent, bytes in all], or undef
sub watch
{
	my $row = $watcher->query_safe('SELECT persons, persons_per_second, percent, bytes_total FROM protaddr.load_progress;');
	return $row eq '' ? undef : [ split /\|/, $row, -1 ];
}

# ---- watched from begin to end, and held once, so that it takes long enough to tell ------------

my ($session, $pid) = start_load($large);
my (@anonymous, @seen, $held);
my $deadline = time + 120;
while (time < $deadline && index($session->{stdout}, 'ended') < 0)
{
	$session->{run}->pump_nb;
	my $seen = watch();
	if ($seen)
	{
		push @seen, $seen;
		push @anonymous, proc_file($pid, 'status', 'RssAnon') if $seen->[2] ne '' && $seen->[2] >= 10;
		if (!$held && $seen->[2] ne '' && $seen->[2] >= 30)
		{
			kill('STOP', $pid);
			my $is = watch();
			sleep(5.2);
			is_deeply([ @{ watch() }[ 0, 2, 3 ] ], [ @$is[ 0, 2, 3 ] ], 'a load that is held gets no further');
			$held = $is;
			kill('CONT', $pid);
		}
	}
	sleep(0.02);
}
my ($out, $err) = end_of($session);
push @anonymous, proc_file($pid, 'status', 'RssAnon');
ok(index($out, "loaded $people") >= 0, "$people people are loaded") or diag($err);
cmp_ok(scalar(@seen), '>', 10, 'it was watched');
is($held->[3], $bytes, 'its size is told');
cmp_ok($held->[0], '>', $people / 20, 'and the people so far');
cmp_ok($held->[1], '>', 1000, 'and the rate');
cmp_ok($seen[-1][2], '>', 70, 'and the share, to the end');
is(scalar(grep { $seen[$_][0] < $seen[ $_ - 1 ][0] } 1 .. $#seen), 0, 'people only become more');
is(watch(), undef, 'a load that has ended is not seen');
my ($notice) = $err =~ /(NOTICE: .*)/;
my ($told, $rate, $share) = ($notice // '') =~ /load_cpr: (\d+) people, (\d+) a second, (\d+) % of the delivery/;
ok(defined $told && $told >= $held->[0] && $told <= $people && $rate > 0 && $share >= 30 && $share <= 100, 'who loads is told, too')
  or diag($notice // 'nothing was told');
@anonymous = sort { $a <=> $b } @anonymous;
cmp_ok($anonymous[-1] - $anonymous[0], '<', 8192, 'memory stays the same from 10 to 100 % (kB)');
note("$anonymous[0] to $anonymous[-1] kB of its own");

# ---- cancelled ---------------------------------------------------------------------------------

my $state = state_of($node, 'bank');
my $other = spew("$dir/other.txt", redated(make_cpr('--people', $people, '--shape', 'fixed', '--protected', 0.05), '20261121', '20261120'));
my $change = sub { return start_load($other, max_lifted => 1_000_000) };
for my $how ('cancel', 'terminate')
{
	($session, $pid) = $change->();
	my $seen;
	$deadline = time + 60;
	do { sleep(0.02); $seen = watch(); } until time > $deadline || $seen && $seen->[2] ne '' && $seen->[2] > 15;
	my $begun = time;
	$node->safe_psql('bank', "SELECT pg_${how}_backend($pid)");
	if ($how eq 'cancel')
	{
		($out, $err) = end_of($session);
		ok(index($err, '57014') >= 0, 'a load can be cancelled') or diag($err);
		note(sprintf('cancelled within %.2f s', time - $begun));
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

($session, $pid) = $change->();
my $seen;
$deadline = time + 60;
do { sleep(0.01); $seen = watch(); } until time > $deadline || $seen && $seen->[2] ne '' && $seen->[2] > 10;
kill('STOP', $pid);
truncate($other, int($bytes * 0.9)) or die $!;
kill('CONT', $pid);
($out, $err) = end_of($session);
ok(index($err, '22P02') >= 0 && index($err, 'it is cut off') >= 0, 'a file that shrinks is refused') or diag($err);
is(state_of($node, 'bank'), $state, 'and the register is as it was');
$session->quit;
unlink($large, $other);

# ---- garbage ---------------------------------------------------------------------------------------

# sparse($name, $begin) is a file of 4 GB that takes no room
sub sparse
{
	my ($name, $begin) = @_;
	truncate(spew("$dir/$name", $begin), 4 << 30) or die "$name: $!";
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
($session) = $node->background_psql('bank', on_error_stop => 0);
$pid = $session->query_safe('SELECT pg_backend_pid();');
for my $name (sort keys %garbage)
{
	my $file  = sparse('garbage', $garbage{$name});
	my $read  = proc_file($pid, 'io', 'rchar');
	my $begun = time;

	$session->query("\\set VERBOSITY verbose\nSELECT * FROM " . load_file($file));
	my $took = time - $begun;
	ok(index($session->{stderr}, '22P02') >= 0, "$name: refused") or diag($session->{stderr});
	$session->{stderr} = '';
	cmp_ok(proc_file($pid, 'io', 'rchar') - $read, '<', 1 << 20, "$name: at once");
	cmp_ok($took, '<', 5, sprintf('%s: in %.3f s', $name, $took));
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
	my ($code, $message) = error_of($node, 'bank', 'SET statement_timeout = 5000; SELECT ' . load_file($name));
	my $shown = length $name > 40 ? substr($name, 0, 1) . '...' : $name =~ s/\Q$dir\E/dir/r;
	ok($code eq $no_file{$name} || $no_file{$name} eq 'any' && $code ne 'none' && $code ne '57014', "\"$shown\" is no delivery: $code") or diag($message);
}
is(state_of($node, 'bank'), $state, 'after all of it the register is as it was');
$node->stop;
done_testing();
