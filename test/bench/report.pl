#!/usr/bin/perl
#
# report.pl
#		Which of the bench's goals are met?
#
# Reads results.tsv of run.sh (part, round, case, value) and prints Markdown: the
# median of each case, its spread (distance of the quartiles, in per cent of the
# median), the best round and the ratio to the part's first case; then the goals.
# A ratio is the median of the ratios within the rounds.  Beside it stands the
# ratio of the best rounds: other work on the machine only ever makes slower, so
# where the two differ, the machine was busy.
#
use strict;
use warnings;
use utf8;

binmode STDOUT, ':encoding(UTF-8)';
@ARGV == 3 or die "usage: $0 FILE ROWS ROUNDS\n";
my ($file, $rows, $rounds) = @ARGV;

my (%value, %cases);
open my $in, '<', $file or die "$file: $!\n";
while (<$in>)
{
	chomp;
	my ($part, $round, $case, $value) = split /\t/;

	push @{ $cases{$part} }, $case if !exists $value{$part}{$case};
	$value{$part}{$case}{$round} = $value;
}
close $in;

sub quantile
{
	my ($q, @sorted) = @_;
	my $at   = $q * $#sorted;
	my $low  = int $at;
	my $high = $low < $#sorted ? $low + 1 : $low;

	return $sorted[$low] + ($at - $low) * ($sorted[$high] - $sorted[$low]);
}

sub median
{
	return quantile(0.5, sort { $a <=> $b } @_);
}

# What $f makes of the cases of one part, round by round; nothing if one is missing.
sub of_rounds
{
	my ($part, $f, @names) = @_;
	my @of = map { $value{$part}{$_} } @names;

	return if grep { !defined } @of;
	return map { my $round = $_; $f->(map { $_->{$round} } @of) } sort { $a <=> $b } keys %{ $of[0] };
}

sub ratio
{
	my ($part, @names) = @_;
	my @ratios = of_rounds($part, sub { $_[0] / $_[1] }, @names);

	return @ratios ? median(@ratios) : undef;
}

# The least of a part's values, or the greatest where more is better.
sub best
{
	my ($part, $name) = @_;
	my @sorted = sort { $a <=> $b } values %{ $value{$part}{$name} };

	return $part eq 'point' || $part eq 'insert' || $name =~ /a second$/ ? $sorted[-1] : $sorted[0];
}

sub best_ratio
{
	my ($part, @names) = @_;

	return if grep { !$value{$part}{$_} } @names;
	return best($part, $names[0]) / best($part, $names[1]);
}

sub grouped
{
	my ($number, $decimals) = @_;
	my $text = sprintf "%.${decimals}f", $number;

	1 while $text =~ s/^(\d+)(\d{3})/$1,$2/;
	return $text;
}

sub table
{
	my ($part, $title, $decimals, $wanted, $first) = @_;
	my @names = grep { $_ =~ $wanted } @{ $cases{$part} || [] };

	return if !@names;
	print "\n| $title | median | spread | best |", $first ? " ratio to $first | of the best |\n" : "\n";
	print '|---|---|---|---|', $first ? "---|---|\n" : "\n";
	foreach my $name (@names)
	{
		my @sorted = sort { $a <=> $b } values %{ $value{$part}{$name} };
		my $median = median(@sorted);

		printf '| %s | %s | %.0f %% | %s |', $name, grouped($median, $decimals),
		  $median ? 100 * (quantile(0.75, @sorted) - quantile(0.25, @sorted)) / $median : 0,
		  grouped(best($part, $name), $decimals);
		printf ' %.*f | %.*f |', map { $_ < 100 ? 2 : 0, $_ } ratio($part, $name, $first), best_ratio($part, $name, $first)
		  if $first;
		print "\n";
	}
	return;
}

my $any    = qr/./;
my $ten    = qr/^ten columns/;
my $single = qr/^(?!ten columns)/;

printf "%s people, %d rounds.\n", grouped($rows, 0), $rounds;
table('copy', 'COPY to /dev/null, id and address: ns a row', 0, $single, 'plain text');
table('copy', 'COPY to /dev/null, ten columns: ns a row', 0, $ten, 'ten columns: plain text');
table('point', 'read by key, 2 clients: transactions a second', 0, $any, 'plain text');
table('point cpu', "the same: \x{b5}s of the session's processor time for each", 1, $any, 'plain text');
foreach my $kind ('literal, synchronous_commit on', 'literal, synchronous_commit off',
	'picked, synchronous_commit on', 'picked, synchronous_commit off')
{
	table('insert', 'single-row insert, 2 clients: transactions a second', 0, qr/^\Q$kind\E/, "$kind: ungated");
	table('insert cpu', "the same: \x{b5}s of the session's processor time for each", 1, qr/^\Q$kind\E/, "$kind: ungated");
}
table('trigger', 'single-row inserts of one session in one transaction: ns each', 0, $any, 'one transaction: ungated');
table('gate', 'COPY FROM into an outbound table, payer, amount and address: ns a row', 0, $any, 'COPY FROM: ungated');
table('message', 'messages in memory, one core', 0, $any, undef);
table('lookup', 'look-up: ns a row, scan and count included', 0, $any, undef);
table('cold', 'a new session: ms', 3, $any, undef);
table('load', 'register delivery', 2, $any, undef);

# ---- goals ---------------------------------------------------------------------

my @goals;

# A goal is met or missed if the quartiles of its figure in the rounds lie on one
# side of the limit; else the run cannot tell.
sub goal
{
	my ($what, $sense, $limit, $best, $decimals, @figures) = @_;

	return if !@figures;
	@figures = sort { $a <=> $b } @figures;
	my @quartiles = map { quantile($_, @figures) } 0.25, 0.75;
	my $good = grep { $sense eq 'at most' ? $_ <= $limit : $_ >= $limit } @quartiles;
	push @goals, sprintf "| %s | %s %s | %s | %s to %s | %s | %s |\n", $what, $sense,
	  grouped($limit, $limit < 10 ? 2 : 0),
	  map({ grouped($_, $decimals) } median(@figures), @quartiles, $best),
	  ('**missed**', 'undecided', 'met')[$good];
	return;
}

sub goal_ratio
{
	my ($what, $sense, $limit, $decimals, $part, @names) = @_;

	goal($what, $sense, $limit, best_ratio($part, @names), $decimals,
		of_rounds($part, sub { $_[0] / $_[1] }, @names));
	return;
}

goal_ratio('show, single column, to plain text', 'at most', 2.5, 2, 'copy', 'show', 'plain text');
goal_ratio('show, ten columns, to plain text', 'at most', 1.6, 2, 'copy', 'ten columns: show', 'ten columns: plain text');
goal_ratio('pgp_sym_decrypt with defaults to show', 'at least', 100, 0,
	'copy', 'pgcrypto pgp_sym_decrypt view, defaults, no look-up', 'show');
my @show = of_rounds('copy', sub { 9000 / $_[0] }, 'show');
goal("9 \x{b5}s of a pgsodium-style view to show", 'at least', 8, 9000 / best('copy', 'show'), 1, @show) if @show;
goal_ratio('plpgsql mask on plain text to show', 'at least', 1, 1, 'copy', 'plpgsql mask on plain text', 'show');
goal_ratio('show by key, to plain text', 'at least', 0.97, 3, 'point', 'show', 'plain text');
foreach my $how ('literal', 'picked')
{
	foreach my $commit ('on', 'off')
	{
		my $kind = "$how, synchronous_commit $commit";

		goal_ratio("gated insert ($kind) to ungated", 'at least', $commit eq 'on' ? 0.95 : 0.75, 3,
			'insert', "$kind: gate", "$kind: ungated");
		goal_ratio("gated insert ($kind) to plpgsql trigger", 'at least', 1, 3,
			'insert', "$kind: gate", "$kind: plpgsql");
	}
}
goal_ratio('COPY FROM: plpgsql trigger on plain text to gate', 'at least', 1, 2, 'gate', 'COPY FROM: plpgsql', 'COPY FROM: gate');
foreach my $kind ('pacs008', 'camt054')
{
	my @names = ("$kind, an Expat parse that does nothing: MB a second", "$kind, rewritten, every address withheld: MB a second");
	my @rate = of_rounds('message', sub { $_[0] }, $names[1]);

	goal("$kind rewritten: MB a second", 'at least', 150, best('message', $names[1]), 0, @rate) if @rate;
	goal_ratio("$kind: time of rewriting to that of a parse that does nothing", 'at most', 1.5, 2, 'message', @names);
}
foreach my $who ('distinct people', 'one person', 'protected people')
{
	my @names = ("octet_length, $who", "is_protected, $who");
	my @more = of_rounds('lookup', sub { $_[1] - $_[0] }, @names);

	goal("warm look-up, $who: ns more than octet_length", 'at most', 100,
		best('lookup', $names[1]) - best('lookup', $names[0]), 0, @more) if @more;
}
my $parser = 'parser alone, in memory: people a second';
my @parsed = of_rounds('load', sub { $_[0] }, $parser);
goal('parsing: people a second', 'at least', 300_000, best('load', $parser), 0, @parsed) if @parsed;

print "\n| goal | | median | quartiles | best | |\n|---|---|---|---|---|---|\n", @goals if @goals;
