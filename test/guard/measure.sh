#!/usr/bin/env bash
#
# measure.sh
#		What does the guard find, and what does it take for an address that is none?
#
#	bash test/guard/measure.sh [-k] [-v N] [TEXTS]
#
# Writes TEXTS (default 200,000) texts with protected addresses in Danish, and so many in
# other languages, with other addresses and with none as doc/guard.md says, has the
# matcher look for the protected ones, and prints the table of doc/guard.md.  Needs a C
# compiler, Perl and the libraries of the extension; no server.
#
#	-k		a line for each rule as well
#	-v N	shows up to N texts of each kind that were not found as they should
#
# Environment: PROTADDR_DATA, public reference data (default ../shared/data beside the
# root, if there): official Danish addresses, and the labelled cases.

set -u
export LC_ALL=C.UTF-8
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 2
kinds=
shown=0
while getopts kv: option; do
	case $option in
		k) kinds=1 ;;
		v) shown=$OPTARG ;;
		*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
texts=${1:-200000}
data=${PROTADDR_DATA:-../shared/data}
[ -f "$data/addresses/dawa/dar_adressebetegnelse.csv" ] || data=

work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
# shellcheck disable=SC2046
${CC:-cc} -std=gnu11 -O2 -Isrc -o "$work/measure" test/guard/measure.c \
	$(grep -oE 'src/(text|address|guard)/[a-z_]+\.c' Makefile | sort -u) -lcrypto || exit 2

# measure PART COUNT writes what came of a part to the work folder.
measure()
{
	perl test/guard/generate.pl --part "$1" --count "$2" --data "$data" |
		"$work/measure" -v "$shown" src/guard/words.sql >"$work/out" || { echo "$1: failed" >&2; exit 1; }
	grep '^#' "$work/out"
	grep -v '^#' "$work/out" | sed "s/^/$1\t/" >>"$work/all"
}

if [ -n "$data" ]; then
	measure datavask 1
	measure dawa "$texts"
else
	echo "skipped: no public reference data" >&2
fi
measure da "$texts"
for language in sv nb de fi; do measure "$language" $((texts / 4)); done
for language in nl en fr; do measure "$language" $((texts / 16)); done
if [ -n "$data" ]; then
	measure others $((texts * 3))
	measure dawa_others $((texts * 2))
else
	measure others $((texts * 5))
fi
measure none $((texts / 2))

perl -CSD -Mutf8 - "$kinds" "$work/all" <<'PERL'
use strict;
use warnings;
my ($kinds, $file) = @ARGV;
my %part = (da => 'Danish', sv => 'Swedish', nb => 'Norwegian', de => 'German', fi => 'Finnish', nl => 'Dutch', en => 'English', fr => 'French', dawa => 'Danish, official', datavask => 'labelled cases',
	others => 'nine languages', dawa_others => 'Danish, official', none => 'nine languages');
my %class = (exact => 'as it is kept', safe => 'written otherwise', doubtful => 'a letter or a part differs', twice => 'two doubts at once', beyond => 'what nothing promises',
	none => 'other addresses', near => 'streets a letter away', empty => 'no address');
my (@lines, %kind, %speed);

sub n { my ($n) = @_; 1 while $n =~ s/^(\d+)(\d{3})/$1,$2/; return $n }
sub share { my ($n, $of) = @_; return $of == 0 ? '' : $n == $of ? '100 %' : sprintf '%.*f %%', ($n * 50 > $of * 49 ? 3 : 1), 100 * $n / $of }

open my $in, '<', $file or die;
while (<$in>)
{
	chomp;
	my ($part, $what, @f) = split /\t/;
	if ($what eq 'class') { push @lines, [$part, @f] }
	elsif ($what eq 'kind') { my ($class, $name, @n) = @f; $kind{$class}{$name}[$_] += $n[$_] for 0 .. $#n }
	elsif ($what eq 'speed') { $speed{$part} = \@f }
}
print "| texts | what is in them | texts | exact | safe | doubtful | missed | found | cut short |\n|---|---|--:|--:|--:|--:|--:|--:|--:|\n";
for (grep { $_->[1] !~ /^(?:none|near|empty)$/ } @lines)
{
	my ($part, $class, undef, $texts, $exact, $safe, $doubtful, $missed, undef, undef, $cut) = @$_;
	my $found = $class =~ /^(?:exact|safe)$/ ? $exact + $safe : $texts - $missed;
	printf "| %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", $part{$part}, $class{$class}, map({ n($_) } $texts, $exact, $safe, $doubtful, $missed), share($found, $texts), n($cut);
}
print "\n| texts | what is in them | texts | taken as exact or safe | doubted |\n|---|---|--:|--:|--:|\n";
for (grep { $_->[1] =~ /^(?:none|near|empty)$/ } @lines)
{
	my ($part, $class, undef, $texts, undef, undef, undef, undef, $sure, $doubted) = @$_;
	printf "| %s | %s | %s | %s | %s |\n", $part{$part}, $class{$class}, map { n($_) } $texts, $sure, $doubted;
}
if ($kinds)
{
	print "\n| rule | owed | texts | exact | safe | doubtful | missed | found | cut short |\n|---|---|--:|--:|--:|--:|--:|--:|--:|\n";
	for my $class (grep { $kind{$_} } qw(exact safe doubtful twice beyond))
	{
		for my $name (sort keys %{ $kind{$class} })
		{
			my ($texts, $exact, $safe, $doubtful, $missed, undef, undef, $cut) = @{ $kind{$class}{$name} };
			my $found = $class =~ /^(?:exact|safe)$/ ? $exact + $safe : $texts - $missed;
			printf "| %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", $name, $class, map({ n($_) } $texts, $exact, $safe, $doubtful, $missed), share($found, $texts), n($cut);
		}
	}
	print "\n| other texts | owed | texts | taken as exact or safe | doubted |\n|---|---|--:|--:|--:|\n";
	for my $class (grep { $kind{$_} } qw(none near empty))
	{
		printf "| %s | %s | %s | %s | %s |\n", $_, $class, map { n($_) } @{ $kind{$class}{$_} }[0, 5, 6] for sort keys %{ $kind{$class} };
	}
}
print "\n";
printf "%s: %s addresses in %s bytes each, %s MB/s\n", $_, n($speed{$_}[0]), n($speed{$_}[1]), $speed{$_}[2] for grep { $_ eq 'da' || $_ eq 'others' || $_ eq 'none' } sort keys %speed;
PERL
