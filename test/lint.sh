#!/usr/bin/env bash
# lint.sh
#		Does the source keep the house rules that a machine can see?  Needs no server.
#
#	lint.sh				judges
#	lint.sh indent		rewrites the C files as the last rule wants them
#
# Prints what is wrong, then "ok - name" or "not ok - name" for each rule; exit
# status 1 if one is broken.

set -u
export LC_ALL=C.UTF-8
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 2
status=0

# rule NAME COMMAND... holds if the command prints nothing and does not fail to run.
rule()
{
	local name=$1 found

	shift
	found=$("$@" 2>&1)
	if [ -z "$found" ]; then
		echo "ok - $name"
	else
		printf '%s\n' "$found" | head -n 60 | sed 's/^/# /'
		echo "not ok - $name"
		status=1
	fi
}

# skipped NAME WHY says that a rule cannot be judged here.  Where nobody looks, that is a failure.
skipped()
{
	if [ "${CI:-}" = true ]; then
		echo "# $2"
		echo "not ok - $1"
		status=1
	else
		echo "ok - $1 # SKIP $2"
	fi
}

sources() { find src -name '*.[ch]' | sort; }
all_files() { find . -path ./.git -prune -o -path './build_*' -prune -o -type f -print | sort; }

version_tests() { sources | grep -vxF src/compat.h | xargs -r grep -nE '\bPG_VERSION_NUM\b|\bPG_MAJORVERSION_NUM\b'; }

# A pattern that is empty matches everything.
empty_patterns() { find test -name '*.p[lm]' -exec grep -nE 'qr(//|\{\}|\(\)|,,)' {} +; }

# Every error that a user can see has a code; elog is for what cannot happen.
errors_without_code()
{
	sources | xargs -r perl -0777 -ne '
		s{"(?:[^"\\\n]|\\.)*"|/\*.*?\*/}{ my $t = $&; $t =~ s/[^\n]//g if substr($t, 0, 1) eq "/"; $t }ges;
		while (/\b(ereport|errsave|ereturn)\s*(\()/g)
		{
			my ($call, $start, $at) = ($1, $-[0], $+[0]);
			my $line = 1 + (substr($_, 0, $start) =~ tr/\n//);
			next if substr($_, 0, $start) =~ /\n[ \t]*#[ \t]*define[^\n]*(\\\n[^\n]*)*\z/;
			my $depth = 1; pos($_) = $at;
			$depth += $1 eq "(" ? 1 : $1 eq ")" ? -1 : 0
				while $depth > 0 && /\G[^()"\x27]*+(?:([()])|"(?:[^"\\]|\\.)*+"|\x27(?:[^\x27\\]|\\.)*+\x27)/gcs;
			my $statement = substr($_, $at, (pos($_) // $at) - $at);
			next if $call eq "ereport" && $statement =~ /^\s*(?:LOG|LOG_SERVER_ONLY|COMMERROR|DEBUG\d|INFO|NOTICE)\s*,/;
			print "$ARGV:$line: $call without errcode\n" unless $statement =~ /\berrcode\w*\s*\(/;
		}' | sort -u
}

# Overloads are counted: as many comments as there are objects of that name.
objects_without_comment()
{
	local script

	for script in $(find src -name '*.sql'); do
		[ -f "$script" ] || { echo "no SQL in src"; return; }
		perl -0777 -ne '
			my $file = $ARGV;
			s{(\$\w*\$).*?\1|/\*.*?\*/|--[^\n]*|\x27(?:[^\x27]|\x27\x27)*\x27}{ substr($&, 0, 2) =~ /^(?:--|\/\*)/ ? " " : "\x27\x27" }ges;
			my $kind = qr/OPERATOR\s+CLASS|FUNCTION|PROCEDURE|AGGREGATE|MATERIALIZED\s+VIEW|VIEW|TABLE|TYPE|DOMAIN|OPERATOR/;
			my (%made, %said);
			while (/\bCREATE\s+(?:OR\s+REPLACE\s+)?(?:UNLOGGED\s+)?($kind)\s+(?:IF\s+NOT\s+EXISTS\s+)?([^\s(;]+)/gi)
			{ my ($k, $n) = (uc $1, $2); $k =~ s/\s+/ /g; $n =~ s/^(?:protaddr|\@extschema\@)\.//; $made{"$k $n"}++; $made{"$k $n"} = 1 if $k =~ /TYPE|DOMAIN/; }
			while (/\bCOMMENT\s+ON\s+($kind)\s+([^\s(;]+)/gi)
			{ my ($k, $n) = (uc $1, $2); $k =~ s/\s+/ /g; $n =~ s/^(?:protaddr|\@extschema\@)\.//; $said{"$k $n"}++; }
			for (sort keys %made)
			{ my $s = $said{$_} // 0; print "$file: $_: made $made{$_}, with a comment $s\n" if $s < $made{$_}; }
			' "$script"
	done
}

long_files()
{
	find src -name '*.[ch]' -exec wc -l {} + | awk '$2 != "total" && $1 > 1000 { print $2 ": " $1 " lines" }'
}

left_open() { all_files | grep -v '^\./test/lint.sh$' | xargs -r -d '\n' grep -nIE '\b(TODO|FIXME|XXX)\b'; }

# Nothing may depend on, or tell of, the machine it was written on.
machine_paths()
{
	all_files | grep -v '^\./test/lint.sh$' | xargs -r -d '\n' grep -nIE '(^|[^A-Za-z0-9_.$}*-])/w[o]rk/|\.\./shared(/[^d]|/d[^a]|[^/]|$)|/home/[a-z]+/'
}

# words VARIABLE prints the words of a variable of the Makefile.
words()
{
	perl -0777 -ne 's/\\\n/ /g; while (/^'"$1"'[ \t]*\+?=[ \t]*(.*)$/mg) { print "$_\n" for split " ", $1 }' Makefile | grep -v '^\$' | sort
}

# both NAME LIST LIST compares what is there with what is named.
both() { diff <(printf '%s\n' "$2") <(printf '%s\n' "$3") | sed -nE "s/^< (.+)/\1: a file that $1 does not name/p; s/^> (.+)/\1: named in $1, no such file/p"; }

unnamed_sources()
{
	local made

	made=$(for variable in $(perl -ne 'print "$1\n" if /^(\w*OBJS)\s*=/' Makefile); do words "$variable"; done | sort -u | sed 's/\.o$/.c/')
	both OBJS "$(find src -name '*.c' | sort)" "$made"
	both SQL_PARTS "$(find src -name '*.sql' -not -path 'src/upgrade/*' | sort)" "$(words SQL_PARTS | sort)"
}

unnamed_tests()
{
	local test

	both REGRESS "$(find sql -name '*.sql' 2>/dev/null | sed 's|.*/||; s|\.sql$||' | sort)" "$(words REGRESS)"
	both ISOLATION "$(find test/specs -name '*.spec' 2>/dev/null | sed 's|.*/||; s|\.spec$||' | sort)" "$(words ISOLATION)"
	for test in $(words REGRESS); do [ -f "expected/$test.out" ] || ls "expected/${test}"_*.out >/dev/null 2>&1 || echo "expected/$test.out is missing"; done
	for test in $(words ISOLATION); do [ -f "test/expected/$test.out" ] || echo "test/expected/$test.out is missing"; done
}

versions_differ()
{
	local control meta

	control=$(sed -nE "s/^default_version = '([^']+)'.*/\1/p" protaddr.control)
	[ "$(words DATA_built)" = "protaddr--$control.sql" ] || echo "the Makefile makes no script of version $control"
	meta=$(perl -MJSON::PP -0777 -ne 'print decode_json($_)->{version}' META.json) || return
	case $meta in
		"$control"|"$control".*) ;;
		*) echo "META.json says $meta, protaddr.control says $control" ;;
	esac
	grep -qF "## $control" CHANGELOG.md || echo "CHANGELOG.md has no section $control"
}

# The floors, the lowest first: a room knows only those before it.  doc/architecture.md draws
# them (text and address are one), and names the exception.
floors="text address base audit keys person type register feed binding clearance law door guard message gate sweep export"
looks_up()
{
	local room below=' '

	for room in $floors; do
		below+="$room "
		find "src/$room" -name '*.[ch]' -exec grep -HnoE "#include \"(${floors// /|})/" {} + | while IFS=: read -r file line included; do
			included=${included#*\"}
			case "$below" in *" ${included%/} "*) continue ;; esac
			case "$file $included" in src/law/*" message/" | src/text/*" address/") continue ;; esac
			echo "$file:$line: $room looks up to ${included%/}"
		done
	done
	for room in src/*/; do
		room=${room#src/}
		case " $floors upgrade " in *" ${room%/} "*) ;; *) echo "src/$room: a room without a floor" ;; esac
	done
}

# The README's and doc/'s links among themselves: the file is there, and has that heading.
broken_links()
{
	perl -CSD -Mutf8 -0777 -e '
		for my $page ("README.md", "CHANGELOG.md", glob("*.md doc/*.md"))
		{
			open(my $in, "<", $page) or die "$page: $!\n";
			my $text = <$in> =~ s/^```.*?^```$//gmsr;
			my $folder = $page =~ m{^(.*/)} ? $1 : "";
			while ($text =~ /\]\(([^)\s#]*)(?:#([^)\s]*))?\)/g)
			{
				my ($file, $heading) = ($1, $2);
				next if $file =~ /^https?:/;
				my $path = $file eq "" ? $page : "$folder$file";
				$path =~ s{[^/]+/\.\./}{};
				if (!-e $path) { print "$page: $file is not there\n"; next; }
				next if !defined $heading;
				open(my $target, "<", $path) or die "$path: $!\n";
				my $there = <$target> =~ s/^```.*?^```$//gmsr;
				my %is = map { lc() =~ s/[^\w\- ]//gr =~ s/ /-/gr => 1 } $there =~ /^#+ (.*)$/mg;
				print "$page: $path has no heading #$heading\n" if !$is{$heading};
			}
		}' | sort -u
}

broken_scripts() { for script in $(find . -path ./.git -prune -o -name '*.sh' -print) .ci/run; do bash -n "$script"; done; }

# type_names FOLDER... prints the names of the types made there: the indenter must know them.
type_names()
{
	find "$@" -name '*.[ch]' -print0 |
		xargs -0 perl -0777 -ne '
			s{/\*.*?\*/}{}gs; s{\\\n}{}g; s{^\s*#.*$}{}mg;
			my $braces; $braces = qr/\{(?:[^{}]++|(??{$braces}))*\}/;
			print "$1\n" while /\btypedef\s+(?:struct|union|enum)\s*\w*\s*$braces\s*(\w+)\s*;/g;
			print "$1\n" while /\btypedef\b[^;{}()]*?\b(\w+)\s*(?:\[[^\]]*\])*;/g;
			print "$1\n" while /\btypedef\b[^;{}()]*\(\s*\*?\s*(\w+)\s*\)\s*\(/g;
			print "$1\n" while /\b(?:struct|union|enum)\s+(\w+)\s*\{/g;' | grep -vxE '.' | sort -u
	printf '%s\n' bool size_t ssize_t int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t FILE time_t pid_t va_list \
		remembered_hash people_hash known_hash EVP_CIPHER EVP_CIPHER_CTX EVP_MAC EVP_MAC_CTX EVP_MD EVP_MD_CTX OSSL_PARAM XML_Char XML_Parser
}

# pg_bsd_indent does most of pgindent's work; this is the rest of it that matters here.
indented()
{
	perl -0777 -pe 's{/\* +---}{/*---X_X}g' "$1" |
		pg_bsd_indent -bad -bap -bbb -bc -bl -cli1 -cp33 -cdb -nce -d0 -di12 -nfc1 -i4 -l100 -lp -lpl -nip -npro -sac -tpg -ts4 -U"$2" 2>&1 |
		perl -0777 -pe '
			s{/\*---X_X}{/* ---}g;
			s{^\}\t[ \t]+}{\}\t}gm;
			s{^(\w+)[ \t]+\*\n(?=\w+\()}{$1 *\n}gm;
			s{(\t*\{\n)\n([ \t]+/\*)}{$1$2}g;
			s{(\S)(/\*.*\*/)$}{$1\t$2}gm;
			s{^(#endif)[ \t]+/\*}{$1\t\t\t\t\t\t\t/*}gm;
			s{,(\.[a-z_]\w*\s*=)}{, $1}g;
			s{\n\n+(#else|#elif|#endif)}{\n$1}g;
			s{\n(#endif.*)\n\z}{\n\n$1\n};
			s{\n{3,}}{\n\n}g;'
}

# Pure code knows nothing of PostgreSQL: there "text" is a good name for a variable.
not_indented()
{
	local pure all new file

	new=$(mktemp)
	pure=$(mktemp)
	all=$(mktemp)
	type_names src >"$pure"
	type_names "$(${PG_CONFIG:-pg_config} --includedir-server)" src >"$all"
	for file in $(sources); do
		# a room's header knows PostgreSQL if it stands on base
		if grep -qE '#include "(postgres|compat|base/base|(audit|law|person|keys|message|type)/(audit|law|person|keys|message|type))\.h"' "$file"; then
			indented "$file" "$all"
		else
			indented "$file" "$pure"
		fi >"$new"
		if [ "${1:-}" = rewrite ]; then
			cmp -s "$file" "$new" || cat "$new" >"$file"
		else
			diff -u --label "$file" --label "$file, indented" "$file" "$new"
		fi
	done
	rm -f "$pure" "$all" "$new"
}

if [ "${1:-}" = indent ]; then
	not_indented rewrite
	exit
fi

rule "PostgreSQL's version is tested in src/compat.h only" version_tests
rule "no test matches the empty pattern" empty_patterns
rule "every ereport of an error or warning has an errcode" errors_without_code
rule "every object of the SQL scripts has its COMMENT ON" objects_without_comment
rule "no C file is longer than 1,000 lines" long_files
rule "nothing is left open" left_open
rule "no path of the developers' machines" machine_paths
rule "every source is named in the Makefile, and the other way round" unnamed_sources
rule "every test is named in the Makefile and has its expected output" unnamed_tests
rule "control file, META.json, CHANGELOG.md and scripts agree on the version" versions_differ
rule "a room looks only at rooms below it" looks_up
rule "every link of the README and of doc/ leads somewhere" broken_links
rule "the shell scripts parse" broken_scripts
if command -v pg_bsd_indent >/dev/null && [ -d "$(${PG_CONFIG:-pg_config} --includedir-server 2>/dev/null)" ]; then
	rule "the sources are indented by pg_bsd_indent" not_indented
else
	skipped "the sources are indented by pg_bsd_indent" "pg_bsd_indent or PostgreSQL's headers are not installed"
fi
exit $status
