#!/usr/bin/env bash
# mutate.sh [-n COUNT] [-s SEED] [-r "ROOM..."] [-j WORKERS]
#		Do the tests notice small mistakes?  Run by hand.
#
# Puts COUNT (default 40) mutants of mutate.pl, picked by SEED (default 1) and of all its
# operators alike, one after the other into the code of the rooms, builds what changed, and
# runs the tests that the table below names for the room until one fails: then the mutant is
# killed.  A mutant that does not compile is not counted.  Prints each that survives as a
# diff, and at the end a summary by room.  Mutants that no test can tell from the original
# stand in test/mutants.equivalent, with the reason, and are counted apart.
# Exit status 1 if a mutant survived that is not there.

. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

# ---- which tests tell of which room, the most likely ones first ---------------------------

declare -A REGRESS ISOLATION TAP UNIT
REGRESS[law]="law channel gate gate_hold review delivery_rules message gate_columns install privileges attack_outbound attack_register"
ISOLATION[law]="linked"
TAP[law]="022_held"
REGRESS[gate]="gate gate_hold gate_columns gate_kept gate_install gate_verify message law attack_held attack_writing attack_outbound privileges install"
ISOLATION[gate]="gate gate_hold gate_kept"
TAP[gate]="021_gate_kept 022_held"
REGRESS[door]="law message show_format bind channel gate gate_hold attack_reading attack_session attack_planner attack_outbound privileges install"
ISOLATION[door]="bind linked"
TAP[door]="024_pgbouncer"
REGRESS[binding]="bind address_type gate attack_writing attack_stored_code attack_held privileges install"
ISOLATION[binding]="bind"
TAP[binding]="001_round_trip 015_shapes"
REGRESS[person]="identity register history bind load_cpr staging law attack_identity attack_register attack_session privileges install"
ISOLATION[person]="identity protect register linked"
TAP[person]="016_register_replication"
REGRESS[register]="register load_cpr delivery_rules delivery_kinds staging history review identity regime_codes attack_register privileges install"
ISOLATION[register]="history protect register"
TAP[register]="017_nightly 016_register_replication"
UNIT[register]="cpr_unit cpr_kinds_unit"
REGRESS[keys]="keys address_type bind install privileges attack_binary"
TAP[keys]="004_keys"
REGRESS[base]="install privileges attack_session attack_errors attack_identity register bind gate keys attack_stored_code"
ISOLATION[base]="register"
TAP[base]="005_log_leaks"
REGRESS[type]="address_type address_ops show_format bind attack_binary attack_errors privileges"
REGRESS[message]="message gate gate_columns law attack_outbound"
TAP[message]="020_iso20022 023_messages"
UNIT[message]="iso_xml_unit iso_json_unit iso_write_unit swift_mt_unit"
# other rooms have no tests of their own to choose
declare -A REASONS

count=40 seed=1 rooms="base binding door gate keys law person register" workers=1
while getopts n:s:r:j: option; do
	case $option in
		n) count=$OPTARG ;;
		s) seed=$OPTARG ;;
		r) rooms=$OPTARG ;;
		j) workers=$OPTARG ;;
		*) exit 2 ;;
	esac
done

pa_enter "$0" "$@"
cd "$PA_TREE" || exit 1
for room in $rooms; do
	[ -d "src/$room" ] && [ -n "${REGRESS[$room]:-}" ] || pa_fail "no room $room, or no tests are named for it in mutate.sh"
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
	make -C "$DIR/tree" PG_CONFIG="$CONFIG" COPT=-O1 >"$DIR/build.log" 2>&1 &&
		make -C "$DIR/tree" PG_CONFIG="$CONFIG" COPT=-O1 install >>"$DIR/build.log" 2>&1
}

# regress KIND TEST runs one test.
regress()
{
	local kind=$1 input=$DIR/tree program=regress/pg_regress

	[ "$kind" = regress ] || { input=$DIR/tree/test program=isolation/pg_isolation_regress; }
	(cd "$DIR/out" && timeout -k 10 900 "$PGXS/$program" --inputdir="$input" --bindir="$BIN" --dbname=mutant "$2") >"$DIR/test.log" 2>&1
}

tap()
{
	(cd "$DIR/tree" && env -u PGHOST -u PGUSER PGPORT=65432 PG_REGRESS="$PGXS/regress/pg_regress" TESTDIR="$DIR/tap" TESTDATADIR="$DIR/tap/tmp_check" \
		TESTLOGDIR="$DIR/tap/tmp_check/log" PATH="$BIN:$PATH" timeout -k 60 1800 prove -I "$PGXS/perl" -I . "test/t/$1.pl") >"$DIR/test.log" 2>&1
}

# notice ROOM FILE prints the first test that fails.
notice()
{
	local test

	for test in ${UNIT[$1]:-}; do
		words_of PURE_SRCS | grep -qxF "$2" || continue
		make -C "$DIR/tree" PG_CONFIG="$CONFIG" "build_unit/$test" >"$DIR/test.log" 2>&1 &&
			(cd "$DIR/tree" && ASAN_OPTIONS=detect_leaks=0 timeout -k 10 900 "build_unit/$test" test/data >>"$DIR/test.log" 2>&1) &&
			! grep -q '^[[:space:]]*not ok' "$DIR/test.log" || { echo "unit $test"; return; }
	done
	for test in ${REGRESS[$1]:-}; do regress regress "$test" || { echo "regress $test"; return; }; done
	for test in ${ISOLATION[$1]:-}; do regress isolation "$test" || { echo "isolation $test"; return; }; done
	for test in ${TAP[$1]:-}; do tap "$test" || { echo "tap $test"; return; }; done
}

words_of() { make -s -C "$DIR/tree" PG_CONFIG="$CONFIG" --eval "pa-named: ; @printf '%s\\n' \$($1)" pa-named 2>/dev/null; }

# next_mutant prints the next line of the list; the workers share it.
next_mutant()
{
	(
		flock 9
		[ "$(cat "$PA_WORK/valid")" -lt "$count" ] || exit 1
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

worker()
{
	local file n line operator room by reason

	DIR=$PA_WORK/worker$1
	CONFIG=$DIR/pg${PG_CONFIG#"$PA_WORK/pg"}
	mkdir -p "$DIR/out" "$DIR/tap/tmp_check/log"
	cp -a "$PA_WORK/pg" "$DIR/pg" && pa_copy_tree "$PA_TREE" "$DIR/tree" || exit 1
	BIN=$("$CONFIG" --bindir) PGXS=$(dirname "$("$CONFIG" --pgxs)")/../test
	export PGHOST=$DIR PGPORT=$((54400 + $1)) PGUSER=postgres PG_CONFIG=$CONFIG
	remake || { cat "$DIR/build.log"; exit 1; }
	"$BIN/initdb" -D "$DIR/clean" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync >"$DIR/initdb.log" 2>&1 || exit 1
	printf '%s\n' "listen_addresses = ''" "unix_socket_directories = '$DIR'" "port = $PGPORT" 'fsync = off' "lc_messages = 'C'" >>"$DIR/clean/postgresql.conf"

	# a test that fails without a mutant would kill them all
	fresh || exit 1
	for room in $rooms; do
		[ ! -e "$PA_WORK/sound.$room" ] || continue
		: >"$PA_WORK/sound.$room"
		by=$(notice "$room" "")
		[ -z "$by" ] || { echo "!! $by fails without any mutant" | tee -a "$PA_WORK/unsound"; tail -n 40 "$DIR/test.log"; }
	done

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
