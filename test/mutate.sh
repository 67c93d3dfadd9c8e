#!/usr/bin/env bash
# mutate.sh [-n COUNT] [-s SEED] [-r "ROOM..."] [-j WORKERS] [-t MINUTES]
#		Do the tests notice small mistakes?  Run by hand.
#
# Puts COUNT (default 40) mutants of mutate.pl, picked by SEED (default 1) and of all its
# operators alike, one after the other into the code of the rooms, builds what changed, and
# runs tests until one fails: then the mutant is killed.  First those that the table below
# names for the room, then all other regression tests.  A mutant that does not compile is
# not counted.  Prints each that survives as a diff, and at the end a summary by room.
# Mutants that no test can tell from the original stand in test/mutants.equivalent, with
# the reason, and are counted apart.  After MINUTES none is begun.
# Exit status 1 if a mutant survived that is not there, or a test fails without any.

. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

# ---- which tests tell of which room, the most likely ones first ---------------------------

declare -A REGRESS ISOLATION TAP UNIT
REGRESS[base]="install privileges own_tables attack_session attack_errors"
ISOLATION[base]="register"
TAP[base]="005_log_leaks 002_replication"
REGRESS[text]="address_type message"
UNIT[text]="address_unit town_unit"
REGRESS[address]="address_type address_ops show_format"
UNIT[address]="address_unit"
REGRESS[type]="address_type address_ops show_format attack_binary"
REGRESS[keys]="keys reseal address_type bind attack_binary"
TAP[keys]="004_keys 025_reseal"
UNIT[keys]="aead_unit"
REGRESS[person]="identity subject_columns register bind law attack_identity"
ISOLATION[person]="identity linked protect register"
TAP[person]="016_register_replication"
UNIT[person]="address_unit"
REGRESS[register]="register load_cpr staging delivery_rules delivery_kinds history review regime_codes attack_register"
ISOLATION[register]="register history protect"
TAP[register]="016_register_replication 017_nightly"
UNIT[register]="cpr_unit cpr_kinds_unit cpr_property_unit"
REGRESS[binding]="bind bind_right subject_columns gate attack_writing attack_stored_code"
ISOLATION[binding]="bind"
TAP[binding]="001_round_trip 015_shapes"
REGRESS[law]="law channel gate gate_hold message attack_outbound"
ISOLATION[law]="linked"
TAP[law]="022_held"
REGRESS[door]="law message show_format channel gate attack_reading attack_inference"
ISOLATION[door]="bind linked"
TAP[door]="024_pgbouncer"
REGRESS[message]="message gate gate_columns law"
TAP[message]="020_iso20022 023_messages"
UNIT[message]="iso_xml_unit iso_json_unit iso_write_unit swift_mt_unit"
REGRESS[gate]="gate gate_hold gate_columns gate_move gate_kept gate_install gate_verify gate_warnings attack_held attack_move"
ISOLATION[gate]="gate gate_hold gate_kept gate_move"
TAP[gate]="021_gate_kept 022_held"

# A test that takes longer than this hangs: far more than any takes where only this runs.
HANGS=300

count=40 seed=1 rooms="base binding door gate keys law person register" workers=1 minutes=100000
while getopts n:s:r:j:t: option; do
	case $option in
		n) count=$OPTARG ;;
		s) seed=$OPTARG ;;
		r) rooms=$OPTARG ;;
		j) workers=$OPTARG ;;
		t) minutes=$OPTARG ;;
		*) exit 2 ;;
	esac
done

pa_enter "$0" "$@"
cd "$PA_TREE" || exit 1
for room in $rooms; do
	[ -d "src/$room" ] && [ -n "${REGRESS[$room]:-}" ] || pa_fail "no room $room, or no tests are named for it in mutate.sh"
	for file in $(printf 'sql/%s.sql ' ${REGRESS[$room]}) $([ -z "${ISOLATION[$room]:-}" ] || printf 'test/specs/%s.spec ' ${ISOLATION[$room]}) \
		$([ -z "${TAP[$room]:-}" ] || printf 'test/t/%s.pl ' ${TAP[$room]}) $([ -z "${UNIT[$room]:-}" ] || printf 'test/unit/%s.c ' ${UNIT[$room]}); do
		[ -f "$file" ] || pa_fail "mutate.sh names $file for room $room, which is not there"
	done
done

# ---- the mutants ------------------------------------------------------------------------------

# FILE NUMBER LINE OPERATOR, shuffled, the operators taking turns
for room in $rooms; do find "src/$room" -name '*.c' -o -name '*.sql'; done | sort | xargs perl test/mutate.pl list |
	perl -e '
		srand(shift);
		my (%of, @picked);
		while (<STDIN>) { push @{ $of{ (split " ", $_, 4)[3] } }, $_; }
		for my $o (sort keys %of) { my $l = $of{$o}; for my $i (reverse 1 .. $#$l) { my $j = int rand($i + 1); @$l[$i, $j] = @$l[$j, $i]; } }
		while (my @left = grep { @{ $of{$_} } } sort keys %of) { print shift @{ $of{$_} } for @left; }' "$seed" >"$PA_WORK/mutants"
pa_say "$(wc -l <"$PA_WORK/mutants") mutants of $rooms; $count of them, seed $seed"

# ---- one worker ----------------------------------------------------------------------------------

# fresh makes the worker's server one that no test has touched.
fresh()
{
	"$BIN/pg_ctl" -D "$DIR/data" -m immediate -w stop >/dev/null 2>&1
	rm -rf "$DIR/data" && cp -a "$DIR/clean" "$DIR/data" &&
		"$BIN/pg_ctl" -D "$DIR/data" -l "$DIR/server.log" -w start >/dev/null 2>&1 </dev/null
}

# build and install what has changed
remake()
{
	make -C "$DIR/tree" -j"$(nproc)" PG_CONFIG="$CONFIG" COPT=-O1 >"$DIR/build.log" 2>&1 &&
		make -C "$DIR/tree" PG_CONFIG="$CONFIG" COPT=-O1 install >>"$DIR/build.log" 2>&1
}

# regress KIND TEST runs one test.
regress()
{
	local kind=$1 input=$DIR/tree program=regress/pg_regress database=contrib_regression

	[ "$kind" = regress ] || { input=$DIR/tree/test program=isolation/pg_isolation_regress database=isolation_regression; }
	(cd "$DIR/out" && timeout -k 10 "$HANGS" "$PGXS/$program" --inputdir="$input" --bindir="$BIN" --dbname="$database" "$2") >"$DIR/test.log" 2>&1
}

tap()
{
	(cd "$DIR/tree" && env -u PGHOST -u PGUSER PGPORT=65432 PG_REGRESS="$PGXS/regress/pg_regress" TESTDIR="$DIR/tap" TESTDATADIR="$DIR/tap/tmp_check" \
		TESTLOGDIR="$DIR/tap/tmp_check/log" PATH="$BIN:$PATH" timeout -k 60 "$((HANGS * 3))" prove -I "$PGXS/perl" -I . "test/t/$1.pl") >"$DIR/test.log" 2>&1
}

# once WORD... prints each word once, in this order.
once() { printf '%s\n' "$@" | awk '!seen[$0]++'; }

# first_failure REGRESS ISOLATION TAP runs these tests and prints the first that fails.
first_failure()
{
	local test

	for test in $1; do regress regress "$test" || { echo "regress $test"; return; }; done
	for test in $2; do regress isolation "$test" || { echo "isolation $test"; return; }; done
	for test in $3; do tap "$test" || { echo "tap $test"; return; }; done
}

# notice ROOM FILE prints the first test that fails.
notice()
{
	local test

	for test in ${UNIT[$1]:-}; do
		words_of PURE_SRCS | grep -qxF "$2" || continue
		make -C "$DIR/tree" PG_CONFIG="$CONFIG" "build_unit/$test" >"$DIR/test.log" 2>&1 &&
			(cd "$DIR/tree" && ASAN_OPTIONS=detect_leaks=0 timeout -k 10 "$HANGS" "build_unit/$test" test/data >>"$DIR/test.log" 2>&1) &&
			! grep -q '^[[:space:]]*not ok' "$DIR/test.log" || { echo "unit $test"; return; }
	done
	first_failure "$(once ${REGRESS[$1]} $(words_of REGRESS))" "${ISOLATION[$1]:-}" "${TAP[$1]:-}"
}

words_of() { make -s -C "$DIR/tree" PG_CONFIG="$CONFIG" --eval "pa-named: ; @printf '%s\\n' \$($1)" pa-named 2>/dev/null; }

# next_mutant prints the next line of the list; the workers share it.
next_mutant()
{
	(
		flock 9
		[ "$(cat "$PA_WORK/valid")" -lt "$count" ] && [ "$SECONDS" -lt $((minutes * 60)) ] || exit 1
		head -n 1 "$PA_WORK/mutants"
		sed -i 1d "$PA_WORK/mutants"
		echo $(($(cat "$PA_WORK/valid") + 1)) >"$PA_WORK/valid"
	) 9>"$PA_WORK/lock"
}

not_valid() { (flock 9; echo $(($(cat "$PA_WORK/valid") - 1)) >"$PA_WORK/valid") 9>"$PA_WORK/lock"; }

# is_equivalent FILE prints the reason, if the mutant in DIR/diff stands among the equivalent ones.
is_equivalent()
{
	perl -e '
		my ($file, $diff, $known) = @ARGV;
		my $changes = sub { my ($text) = @_; return join "\n", map { s/\s+/ /gr =~ s/ $//r } grep { /^[-+] *\S/ && !/^(?:---|\+\+\+)/ } split /\n/, $text; };
		local $/;
		open(my $in, "<", $diff) or die; my $is = $changes->(<$in>);
		open($in, "<", $known) or exit;
		for my $block (split /\n\n+/, <$in>)
		{
			$block =~ s/^#.*\n//gm;
			my ($of, $reason) = ($block =~ /^(src\S+)/m, $block =~ /^because (.*)/ms);
			next if ($of // "") ne $file;
			if ($changes->($block =~ s/^because.*//msr) eq $is) { print $reason =~ s/\s+/ /gr; last; }
		}' "$1" "$DIR/diff" "$DIR/tree/test/mutants.equivalent"
}

# place N says where worker N works.
place() { DIR=$PA_WORK/worker$1 CONFIG=$PA_WORK/worker$1/pg${PG_CONFIG#"$PA_WORK/pg"}; }

worker()
{
	local file n line operator room by reason

	place "$1"
	cp -a "$PA_WORK/worker0" "$DIR" || exit 1
	mkdir -p "$DIR/out" "$DIR/tap/tmp_check/log"
	BIN=$("$CONFIG" --bindir) PGXS=$(dirname "$("$CONFIG" --pgxs)")/../test
	export PGHOST=$DIR PGPORT=$((54400 + $1)) PGUSER=postgres PG_CONFIG=$CONFIG
	printf '%s\n' "listen_addresses = ''" "unix_socket_directories = '$DIR'" "port = $PGPORT" 'fsync = off' "lc_messages = 'C'" >>"$DIR/clean/postgresql.conf"

	# a test that fails without a mutant would kill them all
	if [ "$1" = 1 ]; then
		fresh || exit 1
		by=$(first_failure "$(words_of REGRESS)" "$(for room in $rooms; do once ${ISOLATION[$room]:-}; done | sort -u)" \
			"$(for room in $rooms; do once ${TAP[$room]:-}; done | sort -u)")
		[ -z "$by" ] || { echo "!! $by fails without any mutant" | tee -a "$PA_WORK/unsound"; tail -n 40 "$DIR/test.log"; }
	fi

	while read -r file n line operator < <(next_mutant); do
		room=${file#src/} room=${room%%/*}
		perl test/mutate.pl apply "$file" "$n" >"$DIR/tree/$file"
		diff -u --label "$file" --label "$file, mutant $n: $operator" "$file" "$DIR/tree/$file" >"$DIR/diff"
		if ! remake; then
			not_valid
		else
			reason=$(is_equivalent "$file")
			if [ -n "$reason" ]; then
				echo "$room equivalent" >>"$PA_WORK/verdicts"
				printf 'equivalent  %s:%s %s (%s)\n' "$file" "$line" "$operator" "$reason"
			else
				fresh
				by=$(notice "$room" "$file")
				if [ -n "$by" ]; then
					echo "$room killed" >>"$PA_WORK/verdicts"
					printf 'killed      %s:%s %s, by %s\n' "$file" "$line" "$operator" "$by"
				else
					echo "$room survived" >>"$PA_WORK/verdicts"
					(flock 9; printf 'SURVIVED    %s:%s %s\n' "$file" "$line" "$operator"; cat "$DIR/diff") 9>"$PA_WORK/lock"
				fi
			fi
		fi
		cp "$file" "$DIR/tree/$file"
	done
	"$BIN/pg_ctl" -D "$DIR/data" -m immediate -w stop >/dev/null 2>&1
}

# ---- all of them -------------------------------------------------------------------------------

echo 0 >"$PA_WORK/valid"
: >"$PA_WORK/verdicts"
place 0
mkdir "$DIR" && cp -a "$PA_WORK/pg" "$DIR/pg" && pa_copy_tree "$PA_TREE" "$DIR/tree" || exit 1
remake || pa_fail "protaddr does not build" "$DIR/build.log"
"$PA_BIN/initdb" -D "$DIR/clean" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync >"$DIR/initdb.log" 2>&1 || pa_fail "initdb failed" "$DIR/initdb.log"
trap 'kill $(jobs -p) 2>/dev/null; pa_inside_end' EXIT
for ((w = 1; w <= workers; w++)); do
	worker "$w" &
done
wait
awk '{ n[$1]++; n["all"]++; v[$1 " " $2]++; v["all " $2]++ }
	 END {
		printf "%-10s %8s %8s %9s %11s %7s\n", "room", "mutants", "killed", "survived", "equivalent", "score"
		for (r in n) {
			real = v[r " killed"] + v[r " survived"]
			printf "%-10s %8d %8d %9d %11d %6.1f%%\n", r, n[r], v[r " killed"], v[r " survived"], v[r " equivalent"], real ? 100 * v[r " killed"] / real : 100 | "sort"
		} }' "$PA_WORK/verdicts"
echo "$SECONDS s"
[ ! -e "$PA_WORK/unsound" ] && ! grep -q survived "$PA_WORK/verdicts"
