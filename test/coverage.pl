#!/usr/bin/env perl
# coverage.pl FOLDER...
#		Which lines of src did the tests run, room by room?
#
# FOLDER: where something was built with COVERAGE=1 and has run; a line counts if it ran
# in one of them.  Prints a line of TAP for each room and, of the files that decide, the
# lines that nothing ran.  Exit status 1 if a room has less than it must have.
#
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Find;
use JSON::PP;

# percent of its lines that must run; of the rooms that are not here, none
my %least = map { $_ => 95 } qw(base binding door gate keys law person register);

# every line of these that does not run is told
my $decide = qr{^src/(?:law/|gate/held|gate/ledger|door/(?:release|ledger|disclosure))};

my (%runs, @notes);
for my $folder (map { abs_path($_) // die "$_: $!\n" } @ARGV)
{
	find(sub { push @notes, [ $folder, $File::Find::name ] if /\.gcno$/ }, $folder);
}
die "nothing in @ARGV was built with COVERAGE=1\n" if !@notes;
for my $note (@notes)
{
	my ($folder, $file) = @$note;
	open(my $gcov, '-|', 'sh', '-c', 'cd "$1" && exec gcov --json-format --stdout "$2" 2>/dev/null', 'sh', $folder, $file) or die "gcov: $!\n";
	while (my $line = <$gcov>)
	{
		my $json = decode_json($line);
		for my $source (@{ $json->{files} })
		{
			my $name = $source->{file} =~ s{^\Q$folder\E/}{}r =~ s{^(?:\./+)+}{}r =~ s{//+}{/}gr;
			next if $name !~ m{^src/};
			$runs{$name}{ $_->{line_number} } += $_->{count} for @{ $source->{lines} };
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

my (%lines, %ran);
for my $name (sort keys %runs)
{
	my ($room) = $name =~ m{^src/(\w+)/};
	$room //= 'module';
	my @never = grep { !$runs{$name}{$_} } keys %{ $runs{$name} };
	$lines{$room} += keys %{ $runs{$name} };
	$ran{$room} += keys(%{ $runs{$name} }) - @never;
	printf("# %s: not run: %s\n", $name, ranges(@never)) if @never && ($name =~ $decide || $ENV{ALL_FILES});
}
my $status = 0;
for my $room (sort keys %lines)
{
	my $percent = 100 * $ran{$room} / $lines{$room};
	my $enough = $percent >= ($least{$room} // 0);
	$status = 1 if !$enough;
	printf("%s - coverage of %s: %.1f %% of %d lines%s\n", $enough ? 'ok' : 'not ok', $room, $percent, $lines{$room},
		$least{$room} ? ", at least $least{$room} %" : '');
}
for my $room (grep { !$lines{$_} } sort keys %least)
{
	print "not ok - coverage of $room: there is no such room\n";
	$status = 1;
}
exit $status;
