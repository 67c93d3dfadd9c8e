#!/usr/bin/env perl
# mutate_run.pl learn KIND/TEST... | work NAME COUNT SECONDS
#		Which tests run a line, and does one of them notice a mutant?  Called by mutate.sh.
#
# "learn" runs each test alone in $PA_WORK/counted and writes $PA_WORK/lines/KIND.TEST: the
# seconds it took, and the lines it ran.  Exit status 1 if one fails.  "work" takes mutants
# from $PA_WORK/mutants until COUNT are valid or SECONDS are over, builds each in the folder
# NAME, and looks which test notices; it adds to $PA_WORK/verdicts.
#
use strict;
use warnings;
use Fcntl qw(:flock);
use File::Copy;
use List::Util qw(max);
use POSIX qw(setpgid :sys_wait_h);
use Time::HiRes qw(time sleep);

my $work = $ENV{PA_WORK} or die "called by mutate.sh\n";
my ($what, @arguments) = @ARGV;
my ($dir, $tree, $bin, $pgxs, $libdir, $sharedir, %compile, $link);
my $SCRIPT = 'protaddr--1.0.sql';

# ---- a place: a tree, a PostgreSQL and a server ------------------------------------------------

sub slurp
{
	my ($file) = @_;
	open(my $in, '<:raw', $file) or die "$file: $!\n";
	local $/;
	return scalar <$in>;
}

sub spew
{
	my ($file, $text) = @_;
	open(my $out, '>:raw', $file) or die "$file: $!\n";
	print $out $text;
	close($out) or die "$file: $!\n";
}

# in_place($name) says where we work from here on.
sub in_place
{
	my ($name) = @_;
	$dir  = "$work/$name";
	$tree = "$dir/tree";
	$ENV{PG_CONFIG} = "$dir/pg" . ($ENV{PG_CONFIG} =~ s{^\Q$work\E/pg}{}r);
	$bin  = `$ENV{PG_CONFIG} --bindir`;
	$pgxs = `$ENV{PG_CONFIG} --pgxs`;
	chomp($bin, $pgxs);
	$pgxs =~ s{/makefiles/pgxs\.mk$}{/test};
	$libdir   = `$ENV{PG_CONFIG} --pkglibdir`;
	$sharedir = `$ENV{PG_CONFIG} --sharedir`;
	chomp($libdir, $sharedir);
	$ENV{PATH} = "$bin:$ENV{PATH}";
	$ENV{PGHOST} = $dir;
	$ENV{PGPORT} = 54400;
	$ENV{PGUSER} = 'postgres';
}

my $running;
$SIG{TERM} = $SIG{INT} = sub { kill 'KILL', -$running if $running; exit 143; };

# run($seconds, $folder, $each_line, @command) runs a command in a process group of its own
# and calls $each_line with each line it prints, until that returns true.  Returns whether it
# ended with status 0; a group that is silent for that long hangs and is ended, as is one of
# which enough was seen.
sub run
{
	my ($seconds, $folder, $each_line, @command) = @_;
	my $until = time + $seconds;

	pipe(my $from, my $to) or die "pipe: $!\n";
	my $pid = fork // die "fork: $!\n";
	if ($pid == 0)
	{
		setpgid(0, 0);
		chdir $folder or POSIX::_exit(127);
		open(STDIN, '<', '/dev/null');
		open(STDOUT, '>&', $to);
		open(STDERR, '>&', $to);
		exec @command or POSIX::_exit(127);
	}
	setpgid($pid, $pid);
	$running = $pid;
	close($to);
	my ($enough, $buffer) = (0, '');
	while (!$enough)
	{
		my $set = '';
		vec($set, fileno($from), 1) = 1;
		my $left = $until - time;
		last if $left <= 0;
		next if select($set, undef, undef, $left) <= 0;
		sysread($from, $buffer, 65536, length $buffer) or last;
		$until = time + $seconds;
		while ($buffer =~ s/^([^\n]*)\n//) { my $line = $1; $enough ||= $each_line->($line); }
	}
	my $ended = 0;
	while (!$enough && time < $until) { last if $ended = waitpid($pid, WNOHANG) > 0; sleep(0.01); }
	my $status = $?;
	$running = undef;
	return $status == 0 if $ended;
	kill 'TERM', -$pid;
	for (1 .. 100) { return 0 if waitpid($pid, WNOHANG) > 0 && !kill(0, -$pid); sleep(0.05); }
	kill 'KILL', -$pid;
	waitpid($pid, 0);
	return 0;
}

# quietly(@command) is whether it succeeds.
sub quietly { return run(900, $tree, sub { return 0 }, @_); }

# fresh_server() makes the server one that no test has touched.
sub fresh_server
{
	stop_server();
	system('rm', '-rf', "$dir/data") == 0 && system('cp', '-a', "$work/clean", "$dir/data") == 0 or die "cannot copy the cluster\n";
	system("$bin/pg_ctl -D $dir/data -o '-k $dir -p $ENV{PGPORT}' -l $dir/server.log -w start >/dev/null 2>&1 </dev/null") == 0 or die "the server does not start\n";
}

sub stop_server { system("$bin/pg_ctl -D $dir/data -m immediate -w stop >/dev/null 2>&1"); }

# ---- tests ---------------------------------------------------------------------------------------

# failure($seconds, $kind, @tests) runs tests of a kind; the first that fails, or nothing.
sub failure
{
	my ($seconds, $kind, @tests) = @_;

	if ($kind eq 'regress' || $kind eq 'isolation')
	{
		my ($input, $program, $database) = $kind eq 'regress' ? ($tree, 'regress/pg_regress', 'contrib_regression')
		  : ("$tree/test", 'isolation/pg_isolation_regress', 'isolation_regression');
		my ($failed, %passed);
		# pg_regress up to 15 says "test NAME ... ok", from 16 on "ok 1 - NAME"
		my $see = sub {
			my ($line) = @_;
			my ($verdict, $test) = $line =~ /^test\s+(\w+)\s+\.\.\. (\w+)/ ? ($2, $1) : $line =~ /^((?:not )?ok)\s+\d+\s+[-+]\s+(\w+)/ ? ($1, $2) : return 0;
			if ($verdict eq 'ok') { $passed{$test} = 1; }
			else { $failed = $test; }
			return defined $failed;
		};
		return if run($seconds, "$dir/out", $see, "$pgxs/$program", "--inputdir=$input", "--bindir=$bin", "--dbname=$database", @tests);
		return $failed // (grep { !$passed{$_} } @tests)[0] // $tests[-1];
	}
	for my $test (@tests)
	{
		if ($kind eq 'unit')
		{
			local $ENV{ASAN_OPTIONS} = 'detect_leaks=0';
			my $bad = 0;
			my $see = sub { return $bad ||= $_[0] =~ /^\s*not ok/; };
			return $test if !run($seconds, $tree, $see, "build_unit/$test", 'test/data', defined $ENV{PROTADDR_DATA} ? $ENV{PROTADDR_DATA} : ()) || $bad;
		}
		else
		{
			local %ENV = (%ENV, PGPORT => 65432, PG_REGRESS => "$pgxs/regress/pg_regress", TESTDIR => "$dir/tap",
				TESTDATADIR => "$dir/tap/tmp_check", TESTLOGDIR => "$dir/tap/tmp_check/log");
			delete @ENV{qw(PGHOST PGUSER)};
			my $ended = run($seconds, $tree, sub { return 0 }, 'prove', '-I', "$pgxs/perl", '-I', '.', "test/t/$test.pl");
			system("for p in \$(find $dir/tap/tmp_check -name postmaster.pid); do $bin/pg_ctl -D \${p%/*} -m immediate -w stop; done >/dev/null 2>&1; rm -rf $dir/tap/tmp_check/t_*");
			return $test if !$ended;
		}
	}
	return;
}

# ---- which lines a test runs ---------------------------------------------------------------------

# lines_run() is {file => {line => whether it ran}} since the counts were thrown away.
sub lines_run
{
	my (%ran, $file);
	open(my $gcov, '-|', "cd $tree && find . -name '*.gcda' -print0 | xargs -0 -r gcov -t 2>/dev/null") or die "gcov: $!\n";
	while (<$gcov>)
	{
		if (/^\s*-:\s*0:Source:(.*)/) { $file = $1 =~ s{^\Q$tree\E/}{}r =~ s{^(?:\./+)+}{}r =~ s{//+}{/}gr; }
		elsif ($file =~ m{^src/} && /^\s*(?:(\d+)\*?|#####|=====):\s*(\d+):/) { $ran{$file}{$2} |= defined $1 ? 1 : 0; }
	}
	close($gcov);
	return \%ran;
}

sub throw_counts_away { system("find $tree -name '*.gcda' -delete"); }

sub learn
{
	my @tests = @_;
	my ($bad, $begun) = (0, time);

	in_place('counted');
	mkdir "$work/lines";
	fresh_server();
	throw_counts_away();
	for my $name (@tests)
	{
		my ($kind, $test) = split m{/}, $name;
		my $started = time;
		if (defined failure(3600, $kind, $test))
		{
			print "!! $name fails without any mutant\n";
			$bad = 1;
		}
		my $seconds = time - $started;
		# a backend writes its counts when it ends
		sleep(0.1) while $kind =~ /^(?:regress|isolation)$/ && `psql -XAtc "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()" postgres` > 0;
		my $ran = lines_run();
		throw_counts_away();
		spew("$work/lines/$kind.$test", join("\n", sprintf('%.2f', $seconds), map { my $f = $_; map { "$f:$_ $ran->{$f}{$_}" } keys %{ $ran->{$f} } } keys %$ran) . "\n");
	}
	stop_server();
	printf("learned which lines %d tests run (%d s)\n", scalar @tests, time - $begun);
	return $bad;
}

my (%seconds, %runs, %counted);

# read_lines() fills %seconds by test, %runs by file, line and test, and %counted by file and line.
sub read_lines
{
	for my $path (glob "$work/lines/*")
	{
		my $test = $path =~ s{.*/(\w+)\.}{$1/}r;
		my ($seconds, @lines) = split /\n/, slurp($path);
		$seconds{$test} = $seconds;
		for (@lines)
		{
			my ($file, $line, $ran) = /^(\S+):(\d+) (\d)/ or die;
			$counted{$file}{$line} = 1;
			$runs{$file}{$line}{$test} = 1 if $ran;
		}
	}
}

# who_runs($file, $first, $last, $text) is {test => 1} for the tests that run these lines;
# what stands in no function is run by whoever runs anything of the file.
sub who_runs
{
	my ($file, $first, $last, $text) = @_;
	my $sql = $file =~ /\.sql$/;
	my @before = split /\n/, $text;
	$#before = $first - 1;
	my ($brace) = grep { /^[{}]/ } reverse @before;

	return { map { $_ => 1 } grep { !/^unit/ } keys %seconds } if $sql;
	if (!defined $brace || $brace !~ /^\{/)
	{
		return { map { $_ => 1 } map { keys %$_ } values %{ $runs{$file} } };
	}
	# a line without code of its own belongs to the one before
	$first-- while $first > 1 && !$counted{$file}{$first};
	return { map { $_ => 1 } map { keys %{ $runs{$file}{$_} // {} } } $first .. $last };
}

# ---- one worker ------------------------------------------------------------------------------------

# locked($code) runs it while no other worker does.
sub locked
{
	my ($code) = @_;
	open(my $lock, '>', "$work/lock") or die "lock: $!\n";
	flock($lock, LOCK_EX);
	return $code->();
}

# next_mutant($count) takes the next line of the list.
sub next_mutant
{
	my ($count) = @_;
	return locked(sub {
		my ($valid, @list) = (slurp("$work/valid") + 0, split /^/, slurp("$work/mutants"));
		return if $valid >= $count || !@list;
		my $line = shift @list;
		spew("$work/mutants", join('', @list));
		spew("$work/valid", $valid + 1);
		chomp $line;
		return $line;
	});
}

sub not_valid { locked(sub { spew("$work/valid", slurp("$work/valid") - 1); }); }

# read_commands() takes from what make would do how one file is compiled, and all linked.
sub read_commands
{
	my $text = slurp("$work/plain/commands") =~ s/\\\n//gr;
	# PostgreSQL's headers stay where they are: their names are in what is compiled
	for (split /\n/, $text)
	{
		$compile{$1} = $_ if /\s-c\b/ && /\s-o\s+(\S+\.o)\s/ && /(src\/\S+\.c)/;
		$link = $_ if /\s-shared\b/ && /-o\s+protaddr\.so/;
	}
	die "make does not say how to build\n" if !%compile || !$link;
}

# install($file) installs the library, or the script, and puts it in place at once.
sub install
{
	my ($file) = @_;
	my ($built, $to) = $file =~ /\.sql$/ ? ($SCRIPT, "$sharedir/extension") : ('protaddr.so', $libdir);
	copy("$tree/$built", "$to/new") && rename("$to/new", "$to/$built") or die "cannot install: $!\n";
}

# build($file) compiles and installs what has changed: whether there is something to test.
sub build
{
	my ($file) = @_;

	if ($file =~ /\.sql$/) { quietly('make', "PG_CONFIG=$ENV{PG_CONFIG}", $SCRIPT) or die "no install script\n"; }
	else
	{
		my $object = $file =~ s/\.c$/.o/r;
		quietly('sh', '-c', $compile{$file}) or return 0;
		return 0 if slurp("$tree/$object") eq slurp("$work/plain/tree/$object");
		quietly('sh', '-c', $link) or return 0;
	}
	install($file);
	return 1;
}

# makes_extension($file) starts a server for the tests; a script must run through, or what
# was changed is no mistake that anybody could miss.
sub makes_extension
{
	my ($file) = @_;
	fresh_server();
	return $file !~ /\.sql$/ || quietly("$bin/psql", '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-c', 'BEGIN; CREATE EXTENSION protaddr; ROLLBACK', 'postgres');
}

# restore($file) makes it the original again, as built and as installed.
sub restore
{
	my ($file) = @_;
	for my $part ($file, $file =~ /\.sql$/ ? $SCRIPT : ($file =~ s/\.c$/.o/r, 'protaddr.so'))
	{
		copy("$work/plain/tree/$part", "$tree/$part") or die "$part: $!\n";
	}
	install($file);
}

# reason($file, $diff) is why a mutant is equivalent, if it stands among those.
sub reason
{
	my ($file, $diff) = @_;
	my $changes = sub { return join "\n", map { s/\s+/ /gr =~ s/ $//r } grep { /^[-+]\s*\S/ && !/^(?:---|\+\+\+)/ } split /\n/, $_[0]; };
	my $is = $changes->($diff);

	for my $block (split /\n\n+/, slurp("$tree/test/mutants.equivalent"))
	{
		$block =~ s/^#.*\n//gm;
		my ($of, $because) = ($block =~ /^(src\S+)/m, $block =~ /^because (.*)/ms);
		return $because =~ s/\s+/ /gr if ($of // '') eq $file && $changes->($block =~ s/^because.*//msr) eq $is;
	}
	return;
}

# killer($file, $tests) is the first of the tests that fails.  First those that have killed
# mutants of this file before or run much of it, and of these the quick ones.
sub killer
{
	my ($file, $tests) = @_;
	my ($room) = $file =~ m{^src/(\w+)/};
	my (%worth, %kills);

	if (open(my $in, '<', "$work/kills"))
	{
		while (<$in>)
		{
			my ($of, $by) = /^(\S+) (\S+)/ or next;
			$kills{$by} += $of eq $file ? 3 : $of =~ m{^src/$room/} ? 1 : 0.2;
		}
	}
	# of a script, who runs much of its room; what it grants and watches over these look at
	if ($file =~ /\.sql$/) { $worth{"regress/$_"} = 50 for qw(unnoticed privileges own_tables install); }
	for my $of ($file =~ /\.sql$/ ? grep { m{^src/$room/} } keys %runs : $file) { $worth{$_} += 1 / keys %{ $counted{$of} } for map { keys %$_ } values %{ $runs{$of} }; }
	$worth{$_} = (0.1 + ($worth{$_} // 0) + ($kills{$_} // 0)) / (0.3 + $seconds{$_}) for keys %$tests;
	my @order = sort { $worth{$b} <=> $worth{$a} || $a cmp $b } keys %$tests;
	my @tap = grep { m{^tap/} } @order;
	@order = grep { !m{^tap/} } @order;
	if ($ENV{PA_QUICK})
	{
		my %of_file = map { my ($begin, $test) = split / /; index($file, $begin) == 0 ? ("tap/$test" => 1) : () } grep { /^src/ } split /\n/, slurp("$tree/test/mutate.tap");
		splice(@order, 16) if @order > 16;
		unshift @order, grep { $of_file{$_} } @tap;
	}
	else { push @order, @tap; }
	while (@order)
	{
		# as many of one kind as follow each other are run together
		my ($kind) = $order[0] =~ m{^(\w+)/};
		my (@group, $longest);
		while (@order && $order[0] =~ m{^$kind/(.*)}) { push @group, $1; $longest = max($longest // 0, $seconds{ shift @order }); }
		if ($kind eq 'unit') { quietly('make', "PG_CONFIG=$ENV{PG_CONFIG}", "build_unit/$_") or return "unit/$_" for @group; }
		my $by = failure(30 + 5 * $longest, $kind, @group);
		return "$kind/$by" if defined $by;
	}
	return;
}

# changed_lines($diff) gives the first and the last line of the original that differ; where
# something is only added, the lines around it.
sub changed_lines
{
	my ($diff) = @_;
	my ($n) = $diff =~ /^@@ -(\d+)/m;
	my (@gone, $added);

	for (split /\n/, $diff =~ s/.*?^@@[^\n]*\n//msr)
	{
		push @gone, $n if /^-/;
		$added //= $n if /^\+/;
		$n++ if /^[- ]/;
	}
	return @gone ? ($gone[0], $gone[-1]) : ($added - 1, $added);
}

sub mutate
{
	my ($line) = @_;
	my ($file, $which, $at, $operator) = split / /, $line, 4;
	my ($room) = $file =~ m{^src/(\w+)/};
	my $original = "$work/tree/$file";
	my $begun = time;
	my $verdict = sub {
		my ($word, $text) = @_;
		locked(sub {
			open(my $out, '>>', "$work/verdicts") or die; print $out "$room $word\n"; close($out);
			printf("%-11s %s:%d %s%s (%.1f s)\n", $word =~ s/survived/SURVIVED/r, $file, $at, $operator, $text, time - $begun);
		});
	};

	if ($which =~ /^\d+$/) { spew("$tree/$file", scalar `perl $work/tree/test/mutate.pl apply $file $which`); }
	elsif (!quietly('patch', '-s', '-F3', '-o', "$tree/$file", $original, $which))
	{
		locked(sub { print "!! the diff does not apply any more: $file:$at $operator\n"; });
		restore($file);
		return not_valid();
	}
	my $diff = `diff -u --label '$file' --label '$file, mutant: $operator' '$original' '$tree/$file'`;
	my ($first, $last) = changed_lines($diff);
	my $because = reason($file, $diff);
	if (defined $because) { $verdict->('equivalent', " ($because)"); }
	elsif (!build($file) || !makes_extension($file)) { not_valid(); }
	else
	{
		my $tests = who_runs($file, $first, $last, slurp($original));
		my $by = killer($file, $tests);
		if (defined $by)
		{
			open(my $out, '>>', "$work/kills") or die;
			print $out "$file $by\n";
			close($out);
			$verdict->('killed', ", by $by");
			copy("$dir/out/regression.diffs", "$work/why/" . ($file =~ s{/}{.}gr) . ":$at") if -d "$work/why";
		}
		else
		{
			$verdict->('survived', ', ' . (%$tests ? keys(%$tests) . ' tests run it' : 'NO TEST RUNS IT'));
			locked(sub { print $diff; });
		}
	}
	restore($file);
}

sub work
{
	my ($name, $count, $seconds) = @_;
	my $until = time + $seconds;

	in_place($name);
	read_lines();
	read_commands();
	# an order in which a test fails without a mutant would kill them all
	if ($name eq 'worker1')
	{
		fresh_server();
		for my $kind (qw(regress isolation))
		{
			my $by = failure(3600, $kind, reverse sort map { m{^$kind/(.*)} ? $1 : () } keys %seconds) // next;
			spew("$work/unsound", "$by\n");
			print "!! $kind/$by fails without any mutant\n";
		}
	}
	while (time < $until && defined(my $line = next_mutant($count))) { mutate($line); }
	stop_server();
	return 0;
}

$| = 1;
exit learn(@arguments) if ($what // '') eq 'learn' && @arguments;
exit work(@arguments) if ($what // '') eq 'work' && @arguments == 3;
die "usage: mutate_run.pl learn KIND/TEST... | work NAME COUNT SECONDS\n";
