#!/usr/bin/env perl
# coverage.pl FOLDER...
#		Which lines of src did the tests run, room by room?
#
# FOLDER: where something was built with COVERAGE=1 and has run; a line counts if it ran
# in one of them.  elog() is for what cannot happen, and counts as run.  Prints a line of
# TAP for each room, and of the rooms that must have some the lines that nothing ran.  Then
# a line of TAP for each file that decides: there each branch must have been taken, and not
# taken.  test/branches.unreached lists those that cannot be, with the reason.  Exit status 1
# if a room or a file has less than it must have.
#
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename;
use File::Find;
use JSON::PP;

my $root = dirname(dirname(abs_path($0)));

# percent of its lines that must run; of the rooms that are not here, none
my %least = map { $_ => 95 } qw(base binding door gate keys law person register);

# the files that decide what leaves, and what may be stored
my $decide = qr{^src/(?:law/\w+|gate/(?:held\w*|ledger|decision|carry_out|row)|door/(?:release|reveal|disclosure))\.c$};

# of these, a branch is PostgreSQL's own: it stands in its macro
my $not_ours = qr/\b(?:ereport|CHECK_FOR_INTERRUPTS|Assert|StaticAssert\w*|PG_\w+|foreach|err(?:msg|detail|hint|code)\w*)\b/;

# and so many ways of these macros are not taken, which cannot be told from those of the line
my %hidden = (VARDATA_ANY => 1, VARSIZE_ANY_EXHDR => 8, HeapTupleHeaderGetXmin => 1, HeapTupleHeaderGetUpdateXid => 1,
	HeapTupleHeaderIndicatesMovedPartitions => 1, ReleaseTupleDesc => 1);
my $any_hidden = join '|', sort keys %hidden;

my (%runs, %branches, @notes);
for my $folder (map { abs_path($_) // die "$_: $!\n" } @ARGV)
{
	find(sub { push @notes, [ $folder, $File::Find::name ] if /\.gcno$/ }, $folder);
}
die "nothing in @ARGV was built with COVERAGE=1\n" if !@notes;
for my $note (@notes)
{
	my ($folder, $file) = @$note;
	open(my $gcov, '-|', 'sh', '-c', 'cd "$1" && exec gcov --branch-probabilities --json-format --stdout "$2" 2>/dev/null', 'sh', $folder, $file) or die "gcov: $!\n";
	while (my $line = <$gcov>)
	{
		my $json = decode_json($line);
		for my $source (@{ $json->{files} })
		{
			my $name = $source->{file} =~ s{^\Q$folder\E/}{}r =~ s{^(?:\./+)+}{}r =~ s{//+}{/}gr;
			next if $name !~ m{^src/};
			for my $line (@{ $source->{lines} })
			{
				my $number = $line->{line_number};
				$runs{$name}{$number} += $line->{count};
				# of a unit program, which is built with sanitizers, the branches are others
				next if $file =~ m{/build_unit/};
				$branches{$name}{$number}[$_] += $line->{branches}[$_]{count} for 0 .. $#{ $line->{branches} };
			}
		}
	}
	close($gcov) or die "gcov fails on $file\n";
}

# ranges(@numbers) is "3-5, 9".
sub ranges
{
	my @range;
	for my $n (sort { $a <=> $b } @_)
	{
		if (@range && $range[-1][1] == $n - 1) { $range[-1][1] = $n; }
		else { push @range, [ $n, $n ]; }
	}
	return join(', ', map { $_->[0] == $_->[1] ? $_->[0] : "$_->[0]-$_->[1]" } @range);
}

# source_of($name) gives its lines, from 1 on.
sub source_of
{
	my ($name) = @_;
	open(my $in, '<', "$root/$name") or die "$name: $!\n";
	return ('', map { chomp; $_ } <$in>);
}

sub without_blanks { return $_[0] =~ s{/\*.*?\*/}{}gr =~ s/\s+//gr; }

# unreached() reads test/branches.unreached: {file => {line without blanks => ways}}.
sub unreached
{
	my %ways;
	open(my $in, '<', "$root/test/branches.unreached") or die "branches.unreached: $!\n";
	local $/ = '';
	for (<$in>)
	{
		my ($name, $lines, $why) = /^(?:#.*\n)*(src\S+)\n((?:\d+\t.*\n)+)because (\S.*)/ or /^(?:#.*\n)+\s*\z/ ? next : die "branches.unreached: what is this?\n$_";
		$ways{$name}{ without_blanks($2) } += $1 while $lines =~ /^(\d+)\t(.*)/gm;
	}
	return \%ways;
}

# cannot_happen($at, @source) is true of a condition on which an elog() hangs.
sub cannot_happen
{
	my ($at, @source) = @_;
	$at++ while $at < $#source && $source[$at] =~ /(?:&&|\|\||,|\()\s*$/;
	return $source[$at] =~ /^\s*(?:\}?\s*else )?if \(/ || $source[$at] =~ /\)$/ ? ($source[ $at + 1 ] // '') =~ /^\s*elog\(ERROR/ : 0;
}

# judge_branches($name, $listed) prints a line of TAP; whether each branch was taken.
sub judge_branches
{
	my ($name, $listed) = @_;
	my @source = source_of($name);
	my %there = map { without_blanks($_) => 1 } @source;
	my ($all, $known, @bad) = (0, 0);

	push @bad, "branches.unreached has a line that is not there: $_" for grep { !$there{$_} } sort keys %{ $listed // {} };
	for my $n (sort { $a <=> $b } keys %{ $branches{$name} })
	{
		# what nothing runs hangs on a branch before it
		next if !$runs{$name}{$n} || $source[$n] =~ $not_ours || cannot_happen($n, @source);
		my $never = grep { !$_ } @{ $branches{$name}{$n} };
		$all += @{ $branches{$name}{$n} };
		$never -= $hidden{$1} while $source[$n] =~ /\b($any_hidden)\b/g;
		next if $never <= 0;
		if ($never <= ($listed->{ without_blanks($source[$n]) } // 0)) { $known += $never; }
		else { push @bad, "$n: $never of " . @{ $branches{$name}{$n} } . ' ways not taken: ' . $source[$n] =~ s/^\s+//r; }
	}
	printf("%s - branches of %s: %d ways, %d of them listed as not taken%s\n", @bad ? 'not ok' : 'ok', $name, $all, $known, @bad ? ', and others that were not' : '');
	print "#   $_\n" for @bad;
	return !@bad;
}

my (%lines, %ran, %told);
for my $name (sort keys %runs)
{
	my ($room) = $name =~ m{^src/(\w+)/};
	$room //= 'module';
	my @source = source_of($name);
	my @never = grep { !$runs{$name}{$_} && $source[$_] !~ /^\s*elog\(ERROR/ } keys %{ $runs{$name} };
	$lines{$room} += keys %{ $runs{$name} };
	$ran{$room} += keys(%{ $runs{$name} }) - @never;
	$told{$room} .= sprintf("#   %s: not run: %s\n", $name, ranges(@never)) if @never;
}
my $status = 0;
for my $room (sort keys %lines)
{
	my $percent = 100 * $ran{$room} / $lines{$room};
	my $enough = $percent >= ($least{$room} // 0);
	$status = 1 if !$enough;
	printf("%s - coverage of %s: %.1f %% of %d lines%s\n", $enough ? 'ok' : 'not ok', $room, $percent, $lines{$room},
		$least{$room} ? ", at least $least{$room} %" : '');
	print $told{$room} if $least{$room} && defined $told{$room};
}
for my $room (grep { !$lines{$_} } sort keys %least)
{
	print "not ok - coverage of $room: there is no such room\n";
	$status = 1;
}
my $listed = unreached();
for my $name (grep { $_ =~ $decide } sort keys %branches)
{
	judge_branches($name, $listed->{$name}) or $status = 1;
}
for my $name (grep { !$branches{$_} || $_ !~ $decide } sort keys %$listed)
{
	print "not ok - branches.unreached names $name, which is none of the files that decide\n";
	$status = 1;
}
exit $status;
