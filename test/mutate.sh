#!/usr/bin/env bash
# mutate.sh [-n COUNT] [-s SEED] [-r "ROOM..."] [-j WORKERS] [-t MINUTES] [-p FILE] [-q]
#		Do the tests notice small mistakes?  Run by hand.
#
# First runs every test alone on a build that counts, and so learns which lines each runs
# and how long it takes.  Then puts COUNT (default 40) mutants of mutate.pl into the code of
# the rooms, one after the other, picked by SEED (default 1), of all rooms and operators
# alike; or, with -p, those whose diffs FILE holds (what an earlier run printed).  Each is
# built, and the tests that run the changed line are run until one fails: then the mutant
# is killed.  A mutant that does not compile, or compiles to the same code, is not counted.
#
# Prints each that survives as a diff, and at the end a summary by room.  Mutants that no
# test can tell from the original stand in test/mutants.equivalent, with the reason, and
# are counted apart.  After MINUTES none is begun.  -q leaves out TAP, which takes most of
# the time, but for what test/mutate.tap names, and runs for each mutant the 16 likeliest
# of the other tests: what survives that is to be tried again, with all (-p).
# Exit status 1 if a mutant survived, or a test fails without any.

. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

count=40 seed=1 rooms= workers=1 minutes=100000 tap=1 patches=
while getopts n:s:r:j:t:p:q option; do
	case $option in
		n) count=$OPTARG ;;
		s) seed=$OPTARG ;;
		r) rooms=$OPTARG ;;
		j) workers=$OPTARG ;;
		t) minutes=$OPTARG ;;
		p) patches=$OPTARG ;;
		q) tap=0 ;;
		*) exit 2 ;;
	esac
done
if [ -z "${PA_INSIDE:-}" ] && [ -n "$patches" ]; then
	export PA_CARRY_FILE=$patches
fi

pa_enter "$0" "$@"
cd "$PA_TREE" || exit 1
[ -z "$patches" ] || patches=$PA_CARRY_FILE

[ -n "$rooms" ] || rooms=$(cd src && echo */ | tr -d /)
for room in $rooms; do
	[ -d "src/$room" ] || pa_fail "no room $room"
done
if [ -n "$patches" ]; then
	perl test/mutate.pl split "$patches" "$PA_WORK/patches" >"$PA_WORK/mutants" || exit 1
else
	for room in $rooms; do find "src/$room" -name '*.c' -o -name '*.sql'; done | sort | xargs perl test/mutate.pl list |
		perl test/mutate.pl pick "$seed" "$count" >"$PA_WORK/mutants" || exit 1
fi
pa_say "$(wc -l <"$PA_WORK/mutants") mutants to choose from, seed $seed"

# ---- two builds: one that counts, one for the mutants -----------------------------------------

# place NAME MAKEARG... makes a PostgreSQL and a tree of that name, in which all is built.
place()
{
	local dir=$PA_WORK/$1 config=$PA_WORK/$1/pg${PG_CONFIG#"$PA_WORK/pg"}

	shift
	mkdir -p "$dir/out" "$dir/tap/tmp_check/log" && cp -a "$PA_WORK/pg" "$dir/pg" && pa_copy_tree "$PA_TREE" "$dir/tree" || exit 1
	pa_guarded make -C "$dir/tree" -j"$workers" PG_CONFIG="$config" "$@" all unit-programs >"$dir/build.log" 2>&1 &&
		make -C "$dir/tree" PG_CONFIG="$config" "$@" install >>"$dir/build.log" 2>&1 || pa_fail "protaddr does not build" "$dir/build.log"
	make -nB -C "$dir/tree" PG_CONFIG="$config" "$@" all >"$dir/commands" 2>/dev/null
}

place counted COVERAGE=1 COPT=-O0
# asserts may notice what no result shows
place plain COPT='-O1 -g0 -DUSE_ASSERT_CHECKING'
"$PA_BIN/initdb" -D "$PA_WORK/clean" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync >"$PA_WORK/initdb.log" 2>&1 ||
	pa_fail "initdb failed" "$PA_WORK/initdb.log"
printf '%s\n' "listen_addresses = ''" 'fsync = off' "lc_messages = 'C'" 'autovacuum = off' >>"$PA_WORK/clean/postgresql.conf"

tests=
for kind in REGRESS ISOLATION; do
	for name in $(make -s -C "$PA_TREE" PG_CONFIG="$PG_CONFIG" --eval "pa-named: ; @echo \$($kind)" pa-named 2>/dev/null); do
		tests="$tests ${kind,,}/$name"
	done
done
for file in test/unit/*.c; do tests="$tests unit/$(basename "$file" .c)"; done
if [ "$tap" = 1 ]; then
	for file in test/t/*.pl; do tests="$tests tap/$(basename "$file" .pl)"; done
else
	for name in $(sed -n 's/^src[^ ]* //p' test/mutate.tap | sort -u); do tests="$tests tap/$name"; done
	export PA_QUICK=1
fi
trap 'kill $(jobs -p) 2>/dev/null; pa_inside_end' EXIT
export PG_CONFIG PA_WORK
perl test/mutate_run.pl learn $tests &
wait $! || exit 1

# ---- all of them -------------------------------------------------------------------------------

echo 0 >"$PA_WORK/valid"
: >"$PA_WORK/verdicts"
for ((w = 1; w <= workers; w++)); do
	cp -a "$PA_WORK/plain" "$PA_WORK/worker$w" || exit 1
	perl test/mutate_run.pl work "worker$w" "$([ -n "$patches" ] && echo 1000000 || echo "$count")" "$((SECONDS < minutes * 60 ? minutes * 60 - SECONDS : 0))" &
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
