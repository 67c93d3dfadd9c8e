#!/usr/bin/env bash
# check.sh
#		Does everything hold?  Runs every check, goes on after failures, and ends
#		with one line: "N passed, N failed[, N skipped]".
#
# Counted are single tests: each pg_regress and isolation test, each line of
# TAP, each unit assertion, each fuzzer, each lint.  Exit status 1 if anything
# failed or nothing ran.
#
# Environment, beside that of setup.sh:
#	STAGES			which stages to run, default all but the last, in this order:
#					build vpath scan lint unit fuzz regress isolation tap asserts demo leaks
#					coverage; that one has regress, isolation, TAP and demo run on a build
#					that counts
#	FUZZ_SECONDS	per fuzzer, default 20
#	TAP_JOBS		TAP files at a time, default 2
#	TAP_TESTS		TAP files to run, default test/t/*.pl

. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

PA_NEED=check PA_WERROR=1
export PA_NEED PA_WERROR
pa_enter "$0" "$@"
unset PA_CARRY_FILE

ALL_STAGES="build vpath scan lint unit fuzz regress isolation tap asserts demo leaks"
LOGS=$PA_WORK/logs
EVIDENCE=$PA_WORK/evidence
PGXS_DIR=$(dirname "$("$PG_CONFIG" --pgxs)")/..
total_passed=0 total_failed=0 total_skipped=0
built=0
# functions run by xargs need them
export PA_TREE PA_BIN PGXS_DIR EVIDENCE LOGS

[ -n "${PROTADDR_DATA:-}" ] && pa_say "reference data: $PROTADDR_DATA" ||
	pa_say "no reference data (PROTADDR_DATA, ../shared/data): tests that need it are skipped"

# ---- counting -----------------------------------------------------------------

# A stage prints "ok ...", "not ok ..." and "... # SKIP why" lines to $tally, one per
# test, and may print anything to standard output, which is shown if it fails.
tally=$LOGS/tally

pass() { printf 'ok - %s\n' "$*" >>"$tally"; }
miss() { printf 'not ok - %s\n' "$*" >>"$tally"; }
skip() { printf 'ok - %s # SKIP\n' "$*" >>"$tally"; }

# tally_tap FILE counts the lines of a TAP stream, subtests included.
tally_tap()
{
	grep -aE '^[[:space:]]*(not )?ok([[:space:]]|$)' "$1" | sed -E 's/^[[:space:]]+//; s/^not ok(.*# T[O]DO)/ok\1/' >>"$tally"
	sed -nE 's/^1\.\.0( # SKIP.*)/ok - all of it\1/ip' "$1" >>"$tally"
}

# stage NAME FUNCTION runs one stage and says how it went.
stage()
{
	local name=$1 run=$2 started=$SECONDS passed failed skipped words

	wanted "$name" || return
	: >"$tally"
	printf '%-10s' "$name"
	"$run" >"$LOGS/$name.out" 2>&1
	skipped=$(grep -ciE '^ok.*# SKIP' "$tally")
	failed=$(grep -c '^not ok' "$tally")
	passed=$(($(grep -c '^ok' "$tally") - skipped))
	words="$passed passed, $failed failed"
	[ "$skipped" = 0 ] || words="$words, $skipped skipped"
	printf '%s (%d s)\n' "$words" $((SECONDS - started))
	if [ "$failed" != 0 ]; then
		printf '!! %s failed:\n' "$name"
		grep '^not ok' "$tally" | sed 's/^/!!   /'
		sed 's/^/   | /' "$LOGS/$name.out"
	elif [ "$name" = coverage ]; then
		sed 's/^/   /' "$LOGS/$name.out"
	fi
	grep -iE '^ok.*# SKIP' "$tally" | sed -E 's/^ok( [0-9]+)?( -)? ?/   skipped: /'
	total_passed=$((total_passed + passed))
	total_failed=$((total_failed + failed))
	total_skipped=$((total_skipped + skipped))
}

# one NAME COMMAND... is a stage of one test: the command's exit status.
one()
{
	local name=$1

	shift
	if "$@"; then pass "$name"; else miss "$name"; fi
}

# ---- stages without a server -----------------------------------------------------

# hardened LIBRARY prints what it lacks.
hardened()
{
	readelf -lW "$1" | grep -q GNU_RELRO || echo "no read-only relocations (-z relro)"
	readelf -dW "$1" | grep -qE 'BIND_NOW|FLAGS_1.*NOW' || echo "symbols are bound late (-z now is missing)"
	readelf -W --dyn-syms "$1" | grep -q '__stack_chk_fail' || echo "no stack protector"
	readelf -W --dyn-syms "$1" | grep -qE '__(mem|str|s?n?printf)[a-z]*_chk' || echo "no _FORTIFY_SOURCE"
}

stage_build()
{
	local lacks

	if pa_build; then
		pass "builds without a warning and installs"
		built=1
	else
		miss "builds without a warning and installs"
		# a warning alone must not hide what the tests have to say
		PA_WERROR=0 pa_build && built=1
	fi
	grep -E 'error|warning|note:|\*\*\*' -A4 "$LOGS/build.log" | head -n 200
	lacks=$(hardened "$PA_TREE/protaddr.so" 2>&1)
	if [ -z "$lacks" ]; then pass "the library is hardened"; else miss "the library is hardened"; printf '%s\n' "$lacks"; fi
}

# From a tree in which nothing was ever built, or make would find the objects there.
vpath_build()
{
	pa_copy_tree "$PA_TREE" "$PA_WORK/vpath" && mkdir -p "$PA_WORK/vpath/b" && cd "$PA_WORK/vpath/b" &&
		pa_guarded make -j"$(nproc)" -f ../Makefile VPATH=.. PG_CONFIG="$PG_CONFIG" &&
		pa_guarded make -f ../Makefile VPATH=.. PG_CONFIG="$PG_CONFIG" install DESTDIR="$PA_WORK/vpath/installed" || return 1
	cd "$PA_WORK/vpath" || return 1
	[ -n "$(find installed -name 'protaddr--*.sql')" ] && [ -n "$(find installed -name protaddr.so)" ] &&
		[ -n "$(find installed -name protaddr.control)" ] || { echo "not everything was installed:"; find installed -type f; return 1; }
	[ -z "$(find src -name '*.o')" ] || { echo "objects landed in the source tree"; return 1; }
}

stage_vpath() { one "builds and installs out of tree" vpath_build; cd "$PA_TREE" || exit 1; }

stage_scan() { one "scan-build finds nothing" pa_guarded make -C "$PA_TREE" scan PG_CONFIG="$PG_CONFIG"; }

stage_lint()
{
	pa_guarded bash "$PA_TREE/test/lint.sh" >"$LOGS/lint.tap" 2>&1
	set -- $?
	tally_tap "$LOGS/lint.tap"
	[ "$1" -le 1 ] || miss "lint.sh ended with status $1"
	grep -v '^ok' "$LOGS/lint.tap"
}

stage_unit()
{
	local log=$LOGS/unit.tap

	if ! ls test/unit/*.c >/dev/null 2>&1; then
		skip "no test/unit/*.c"
		return
	fi
	pa_guarded make -C "$PA_TREE" -k -j"$(nproc)" WERROR=1 COVERAGE="$(wanted coverage && echo 1)" PG_CONFIG="$PG_CONFIG" unit-programs >"$LOGS/unit-build.log" 2>&1 || {
		miss "unit tests build without a warning"
		grep -E 'error|warning|undefined|\*\*\*' -A4 "$LOGS/unit-build.log" | head -n 200
		return
	}
	pa_guarded make -C "$PA_TREE" WERROR=1 COVERAGE="$(wanted coverage && echo 1)" PG_CONFIG="$PG_CONFIG" unit >"$log" 2>&1
	set -- $?
	tally_tap "$log"
	# a program that says nothing of its tests is one test; one may also fail after its last test
	awk '/^# unit / { name = $3; names[name]; next }
		 /^# .* failed$/ && $2 == name { fell[name]; next }
		 /^[ \t]*not ok/ { bad[name]; said[name] }
		 /^[ \t]*ok/ { said[name] }
		 END { for (n in names)
				   if (n in fell && !(n in bad)) print "not ok - " n " ended with an error"
				   else if (!(n in said)) print "ok - " n }' "$log" >>"$tally"
	[ "$1" = 0 ] || grep -q '^not ok' "$tally" || miss "make unit ended with status $1"
	grep -vE '^[[:space:]]*ok' "$log" | tail -n 300
}

stage_fuzz()
{
	local seconds=${FUZZ_SECONDS:-20} count

	count=$(ls test/fuzz/fuzz_*.c 2>/dev/null | wc -l)
	if [ "$count" = 0 ]; then
		skip "no test/fuzz/fuzz_*.c"
		return
	fi
	pa_guarded make -C "$PA_TREE" -j1 WERROR=1 PG_CONFIG="$PG_CONFIG" \
		FUZZ_SECONDS="$seconds" fuzz-smoke >"$LOGS/fuzz.tap" 2>&1
	set -- $?
	tally_tap "$LOGS/fuzz.tap"
	[ "$1" = 0 ] || grep -q '^not ok' "$tally" || miss "make fuzz-smoke ended with status $1"
	grep -v '^ok' "$LOGS/fuzz.tap" | tail -n 300
}

# ---- stages with a server --------------------------------------------------------

# wanted NAME is true if that stage is to run.
wanted()
{
	case " ${STAGES:-$ALL_STAGES} " in
		*" $1 "*) ;;
		*) return 1 ;;
	esac
}

# need_build NAME is true if the extension is there; else the stage has failed.  From the
# first stage that needs a server on it is the build that counts, if it is to be counted.
counted=0
need_build()
{
	[ "$built" = 1 ] || { [ -n "${STAGES:-}" ] && pa_build && built=1; } || { miss "$1: not run, protaddr does not build"; return 1; }
	[ "$counted" = 0 ] && wanted coverage || return 0
	counted=1
	pa_copy_tree "$PA_TREE" "$PA_WORK/counted"
	pa_guarded make -C "$PA_WORK/counted" -j"$(nproc)" PG_CONFIG="$PG_CONFIG" WERROR=1 COVERAGE=1 COPT='-O0 -Wno-cpp' &&
		make -C "$PA_WORK/counted" PG_CONFIG="$PG_CONFIG" COVERAGE=1 install || miss "builds with COVERAGE=1"
}

# One server for pg_regress, isolation and the demo.  It keeps its log and data as evidence.
server_up()
{
	[ "${server:-0}" = 1 ] || pa_start_server "$EVIDENCE/regress" || return 1
	server=1
}

# run_regress NAME SERVER TREE MAKEARG... runs one of PGXS's installchecks.
run_regress()
{
	local name=$1 dir=$2 tree=$3 status before

	shift 3
	before=$(wc -l <"$tally")
	pa_guarded make -C "$tree" PG_CONFIG="$PG_CONFIG" TAP_TESTS= "$@" installcheck >"$LOGS/$name.log" 2>&1
	status=$?
	pa_tally_regress "$LOGS/$name.log" >>"$tally"
	if [ "$status" != 0 ]; then
		grep -q '^not ok' "$tally" || miss "$name ended with status $status"
		cat "$LOGS/$name.log"
		cat "$tree/regression.diffs" "$tree/output_iso/regression.diffs" 2>/dev/null
		echo "the end of the server's log:"
		tail -n 60 "$dir/server.log"
	elif [ "$(wc -l <"$tally")" = "$before" ]; then
		miss "$name: nothing was run"
	fi
}

# named VARIABLE prints a variable of the Makefile.
named()
{
	make -s -C "$PA_TREE" PG_CONFIG="$PG_CONFIG" --eval "pa-named: ; @echo \$($1)" pa-named 2>/dev/null
}

stage_regress()
{
	if [ -z "$(named REGRESS)" ]; then
		skip "the Makefile names no REGRESS test"
		return
	fi
	need_build regress || return
	server_up || { miss "regress: no server"; return; }
	run_regress regress "$EVIDENCE/regress" "$PA_TREE" ISOLATION=
}

stage_isolation()
{
	if [ -z "$(named ISOLATION)" ]; then
		skip "the Makefile names no ISOLATION test"
		return
	fi
	need_build isolation || return
	server_up || { miss "isolation: no server"; return; }
	run_regress isolation "$EVIDENCE/regress" "$PA_TREE" REGRESS=
}

# The other ways to run it: the library preloaded, a superuser of another name, and the
# extension's own Asserts compiled in.  A server without asserts has what they need.
stage_asserts()
{
	local PG_CONFIG=$PG_CONFIG PA_BIN=$PA_BIN PATH=$PATH PGHOST PGPORT PGUSER tree=$PA_WORK/asserts dir=$EVIDENCE/asserts

	cp -a "$PA_WORK/pg" "$PA_WORK/pg-asserts" && pa_copy_tree "$PA_TREE" "$tree" || { miss "cannot copy"; return; }
	PG_CONFIG=$PA_WORK/pg-asserts${PG_CONFIG#"$PA_WORK/pg"}
	PA_BIN=$("$PG_CONFIG" --bindir)
	PATH=$PA_BIN:$PATH
	if pa_guarded make -C "$tree" -j"$(nproc)" PG_CONFIG="$PG_CONFIG" WERROR=1 COPT=-DUSE_ASSERT_CHECKING &&
		make -C "$tree" PG_CONFIG="$PG_CONFIG" install && readelf -W --dyn-syms "$tree/protaddr.so" | grep -q ExceptionalCondition; then
		pass "builds without a warning with -DUSE_ASSERT_CHECKING"
	else
		miss "builds without a warning with -DUSE_ASSERT_CHECKING"
		return
	fi
	pa_start_server "$dir" "shared_preload_libraries = 'protaddr'" chief || { miss "asserts: no server"; return; }
	run_regress asserts-regress "$dir" "$tree" ISOLATION=
	run_regress asserts-isolation "$dir" "$tree" REGRESS=
	pa_stop_server "$dir"
	if grep -q 'TRAP: ' "$dir/server.log"; then
		miss "no Assert fails"
		grep 'TRAP: ' "$dir/server.log"
	else
		pass "no Assert fails"
	fi
}

# tap_one FILE runs one TAP file the way PGXS does, its data and logs kept as evidence.
tap_one()
{
	cd "$PA_TREE" &&
		env -u PGHOST -u PGUSER -u MAKEFLAGS PGPORT=65432 PG_REGRESS="$PGXS_DIR/test/regress/pg_regress" \
			TESTDIR="$EVIDENCE/tap" TESTDATADIR="$EVIDENCE/tap/tmp_check" TESTLOGDIR="$EVIDENCE/tap/tmp_check/log" \
			PG_TEST_NOCLEAN=1 PATH="$PA_BIN:$PA_TREE:$PATH" \
			prove -v -I "$PGXS_DIR/test/perl" -I . "$1" >"$LOGS/tap-${1##*/}.log" 2>&1
}

stage_tap()
{
	local file log
	local -a files

	files=(${TAP_TESTS:-test/t/*.pl})
	if [ ! -f "${files[0]}" ]; then
		skip "no test/t/*.pl"
		return
	fi
	need_build tap || return
	mkdir -p "$EVIDENCE/tap/tmp_check/log"
	export -f tap_one
	printf '%s\n' "${files[@]}" >"$LOGS/tap-files"
	pa_guarded xargs -a "$LOGS/tap-files" -P "${TAP_JOBS:-2}" -I{} bash -c 'tap_one "$1"; true' - {}
	for file in "${files[@]}"; do
		log=$LOGS/tap-${file##*/}.log
		[ -f "$log" ] || { miss "$file: not run"; continue; }
		tally_tap "$log"
		if ! grep -q '^Result: \(PASS\|NOTESTS\)' "$log"; then
			# died, or the plan was not kept, though no single test failed
			grep -qE '^[[:space:]]*not ok' "$log" && ! grep -q 'Parse errors\|No plan found' "$log" ||
				miss "$file: $(grep -m1 -E 'Parse errors|Dubious|No plan|Non-zero' "$log" || echo 'did not finish')"
			echo "---- $file"
			grep -avE '^[[:space:]]*ok' "$log" | tail -n 150
		fi
	done
}

# The story judges itself: psql ends with an error if anything protected leaves.
tell_story()
{
	local extract=${PROTADDR_DATA:-}/cpr/cprbroker/U12170-P_opgavenr_110901_ADRNVN_FE.txt
	local -a variables=(-v "fixtures=$PA_TREE/test/data")

	[ ! -r "$extract" ] || variables+=(-v "extract=$extract")
	createdb demo && pa_guarded psql -X -q -d demo -v ON_ERROR_STOP=1 "${variables[@]}" -f test/demo/demo.sql
}

stage_demo()
{
	need_build demo || return
	server_up || { miss "demo: no server"; return; }
	one "the demo: no protected address leaves" tell_story
}

# ---- what the suite left behind ---------------------------------------------------

# Nothing in the logs, data directories and dumps below $EVIDENCE may hold a string of
# test/canaries.  In a server log the client's own statement is its own affair; messages,
# details and contexts are ours.  To extend: one more leak_test with its files and judge.

# leaked_log FILE... prints the lines of server logs that hold a canary and are no statement.
leaked_log()
{
	perl -e '
		open(my $c, "<", shift) or die; my @canary = grep { !/^\s*(#|$)/ } <$c>; chomp @canary;
		my $any = join "|", map { quotemeta } @canary;
		for my $file (@ARGV) {
			open(my $log, "<", $file) or die "$file: $!\n"; my $own = 0;
			while (my $line = <$log>) {
				# a new entry begins with the time, a continuation with a tab
				if ($line =~ /^\d{4}-\d\d-\d\d .*?\b(?:[A-Z]+\d?):  /) {
					$own = $line =~ /\bSTATEMENT:  / || $line =~ /\bLOG:  (?:duration: \S+ ms  )?(?:statement|execute [^:]*|parse [^:]*|bind [^:]*): /;
				}
				print "$file:$.: $line" if !$own && $line =~ /$any/;
			}
		}' test/canaries "$@"
}

# leaked_bytes FILE... prints the files that hold a canary anywhere.
leaked_bytes()
{
	grep -vE '^[[:space:]]*(#|$)' test/canaries >"$LOGS/canaries" && grep -a -l -F -f "$LOGS/canaries" -- "$@"
}

# leak_test NAME JUDGE FIND-EXPRESSION... is one test over the files found.
leak_test()
{
	local name=$1 judge=$2 found

	shift 2
	find "$EVIDENCE" -type f "$@" -print0 >"$LOGS/leak-files"
	if [ ! -s "$LOGS/leak-files" ]; then
		skip "leaks: the suite left no $name"
		return
	fi
	export -f leaked_log leaked_bytes
	found=$(xargs -0 -a "$LOGS/leak-files" bash -c '"$0" "$@"' "$judge" 2>&1)
	if [ -z "$found" ]; then
		pass "no canary in $(tr -cd '\0' <"$LOGS/leak-files" | wc -c) $name"
	else
		miss "canary in $name"
		printf '%s\n' "$found" | head -n 100
	fi
}

stage_leaks()
{
	local database

	if ! grep -qvE '^[[:space:]]*(#|$)' test/canaries 2>/dev/null; then
		miss "test/canaries names no string"
		return
	fi
	if [ "${server:-0}" = 1 ]; then
		for database in $(psql -X -At -d postgres -c "SELECT datname FROM pg_database WHERE datallowconn AND datname <> 'template1' ORDER BY 1"); do
			pg_dump -d "$database" -f "$EVIDENCE/$database.dump.sql" || miss "pg_dump of $database"
		done
		pa_stop_server "$EVIDENCE/regress"
	fi
	if [ -z "$(find "$EVIDENCE" -type f -print -quit)" ]; then
		skip "leaks: no server ran"
		return
	fi
	# or this stage could not fail
	grep -vE '^[[:space:]]*(#|$)' test/canaries | while read -r canary; do
		if grep -rqF -- "$canary" sql test/t test/specs test/data; then
			pass "a test uses $canary"
		else
			miss "no test uses the canary $canary"
		fi
	done
	leak_test "server logs" leaked_log -name '*.log' ! -name 'regress_log_*' ! -name pg_ctl.log ! -name initdb.log ! -path '*/data/*' ! -path '*/pgdata/*'
	leak_test "data files" leaked_bytes \( -path '*/data/*' -o -path '*/pgdata/*' \)
	leak_test "dumps" leaked_bytes -name '*dump*' ! -path '*/data/*' ! -path '*/pgdata/*' ! -name 'regress_log_*'
}

# What everything above ran.
stage_coverage()
{
	local folders=()

	[ "$counted" = 0 ] || folders+=("$PA_WORK/counted")
	[ ! -d "$PA_TREE/build_unit" ] || folders+=("$PA_TREE")
	if [ "${server:-0}" = 1 ]; then
		pa_stop_server "$EVIDENCE/regress"
	fi
	perl "$PA_TREE/test/coverage.pl" "${folders[@]}" >"$LOGS/coverage.tap"
	set -- $?
	tally_tap "$LOGS/coverage.tap"
	[ "$1" = 0 ] || grep -q '^not ok' "$tally" || miss "coverage.pl ended with status $1"
	cat "$LOGS/coverage.tap"
}

# ---- all of it ----------------------------------------------------------------------

cd "$PA_TREE" || exit 1
for name in $ALL_STAGES coverage; do
	stage "$name" "stage_$name"
done

result="$total_passed passed, $total_failed failed"
[ "$total_skipped" = 0 ] || result="$result, $total_skipped skipped"
printf '%d s\n%s\n' "$SECONDS" "$result"
[ "$total_failed" = 0 ] && [ "$total_passed" != 0 ]
