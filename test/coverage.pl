#!/usr/bin/env perl
# coverage.pl FOLDER...
#		Which lines of src did the tests run, room by room?
#
# FOLDER: where something was built with COVERAGE=1 and has run; a line counts if it ran
# in one of them.  Prints a line of TAP for each room and, of the rooms that must have some,
# the lines that nothing ran; of the files that decide also the lines of which a branch was
# never taken.  Exit status 1 if a room has less than it must have.
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
my $decide = qr{^src/(?:law/|gate/(?:held|ledger|decision|row)|door/(?:release|reveal|disclosure))};

# of these, a branch is PostgreSQL's own, or for what cannot happen
my $not_ours = qr/\b(?:ereport|elog|CHECK_FOR_INTERRUPTS|Assert|PG_\w+|StaticAssert\w*|foreach|EVP_\w+|pfree)\b|errmsg|errdetail|errhint|errcode/;

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
				my ($number, $taken) = ($line->{line_number}, $branches{$name}{ $line->{line_number} } //= []);
				$runs{$name}{$number} += $line->{count};
				# a line that stands for several, in a macro or inlined, cannot be taken together
				$taken->[$_] += $line->{branches}[$_]{count} for 0 .. $#{ $line->{branches} };
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

# half_taken($name, $never) gives the lines that ran, and of which some way was never gone.
sub half_taken
{
	my ($name, $never) = @_;
	my %never = map { $_ => 1 } @$never;

	open(my $in, '<', "$root/$name") or die "$name: $!\n";
	my @source = ('', <$in>);
	return grep { my $n = $_; !$never{$n} && $source[$n] !~ $not_ours && grep { !$_ } @{ $branches{$name}{$n} } } keys %{ $branches{$name} };
}

my (%lines, %ran, %told);
for my $name (sort keys %runs)
{
	my ($room) = $name =~ m{^src/(\w+)/};
	$room //= 'module';
	my @never = grep { !$runs{$name}{$_} } keys %{ $runs{$name} };
	$lines{$room} += keys %{ $runs{$name} };
	$ran{$room} += keys(%{ $runs{$name} }) - @never;
	$told{$room} .= sprintf("#   %s: not run: %s\n", $name, ranges(@never)) if @never;
	my @half = $name =~ $decide ? half_taken($name, \@never) : ();
	$told{$room} .= sprintf("#   %s: a branch not taken: %s\n", $name, ranges(@half)) if @half;
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
exit $status;
