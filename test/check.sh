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
#	STAGES			which stages to run, default build vpath lint unit fuzz regress isolation tap asserts
#					demo leaks; beside them scan, clang's analyzer, which .ci/run runs by itself, and
#					coverage, which has regress, isolation, TAP and demo run on a build that counts
#	FUZZ_SECONDS	per fuzzer, default 20
#	JOBS			how much runs side by side, default one more than there are cores
#	TAP_TESTS		TAP files to run, default test/t/*.pl
#
# After the build the stages run side by side, and each TAP file by itself; a stage is
# reported when it ends.  Its seconds are its own, with whatever ran beside it: together
# they are more than the last line but one tells, which is what all of it took.

. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

PA_NEED=check PA_WERROR=1
export PA_NEED PA_WERROR
pa_enter "$0" "$@"
unset PA_CARRY_FILE

ALL_STAGES="build vpath lint unit fuzz regress isolation tap asserts demo leaks"
LOGS=$PA_WORK/logs
EVIDENCE=$PA_WORK/evidence
PGXS_DIR=$(dirname "$("$PG_CONFIG" --pgxs)")/..
JOBS=${JOBS:-$(($(nproc) + 1))}
total_passed=0 total_failed=0 total_skipped=0
built=0
# functions run by xargs need them
export PA_TREE PA_BIN PGXS_DIR EVIDENCE LOGS

[ -n "${PROTADDR_DATA:-}" ] && pa_say "reference data: $PROTADDR_DATA" ||
	pa_say "no reference data (PROTADDR_DATA, ../shared/data): tests that need it are skipped"

# ---- counting -----------------------------------------------------------------

# A stage prints "ok ...", "not ok ..." and "... # SKIP why" lines to $tally, one per
# test, and may print anything to standard output, which is shown if it fails.
tally=

pass() { printf 'ok - %s\n' "$*" >>"$tally"; }
miss() { printf 'not ok - %s\n' "$*" >>"$tally"; }
skip() { printf 'ok - %s # SKIP\n' "$*" >>"$tally"; }

# tally_tap FILE counts the lines of a TAP stream, subtests included.
tally_tap()
{
	grep -aE '^[[:space:]]*(not )?ok([[:space:]]|$)' "$1" | sed -E 's/^[[:space:]]+//; s/^not ok(.*# T[O]DO)/ok\1/' >>"$tally"
	sed -nE 's/^1\.\.0( # SKIP.*)/ok - all of it\1/ip' "$1" >>"$tally"
}

# run_stage NAME COMMAND... runs one stage, or a part of it that has a name of its own.
run_stage()
{
	local name=$1 started=$SECONDS

	shift
	tally=$LOGS/$name.tally
	: >"$tally"
	"$@" >"$LOGS/$name.out" 2>&1
	echo $((SECONDS - started)) >"$LOGS/$name.took"
}

# report NAME WORDS says how a stage went that has run.
report()
{
	local name=$1 passed failed skipped words

	tally=$LOGS/$name.tally
	skipped=$(grep -ciE '^ok.*# SKIP' "$tally")
	failed=$(grep -c '^not ok' "$tally")
	passed=$(($(grep -c '^ok' "$tally") - skipped))
	words="$passed passed, $failed failed"
	[ "$skipped" = 0 ] || words="$words, $skipped skipped"
	printf '%-10s%s (%d s%s)\n' "$name" "$words" "$(<"$LOGS/$name.took")" "$2"
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

# stage NAME runs a stage by itself, if it is wanted.
stage()
{
	wanted "$1" || return
	run_stage "$1" "stage_$1"
	report "$1" ''
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

# From a tree in which nothing was ever built, or make would find the objects there.  With
# the extension's own Asserts, for the stage that runs it.
vpath_build()
{
	pa_copy_tree "$PA_TREE" "$PA_WORK/vpath" && mkdir -p "$PA_WORK/vpath/b" && cd "$PA_WORK/vpath/b" &&
		pa_guarded make -f ../Makefile VPATH=.. PG_CONFIG="$PG_CONFIG" WERROR=1 COPT=-DUSE_ASSERT_CHECKING &&
		pa_guarded make -f ../Makefile VPATH=.. PG_CONFIG="$PG_CONFIG" install DESTDIR="$PA_WORK/vpath/installed" || return 1
	cd "$PA_WORK/vpath" || return 1
	[ -n "$(find installed -name 'protaddr--*.sql')" ] && [ -n "$(find installed -name protaddr.so)" ] &&
		[ -n "$(find installed -name protaddr.control)" ] || { echo "not everything was installed:"; find installed -type f; return 1; }
	[ -z "$(find src -name '*.o')" ] || { echo "objects landed in the source tree"; return 1; }
}

stage_vpath() { one "builds and installs out of tree, with asserts, without a warning" vpath_build; cd "$PA_TREE" || exit 1; }

stage_scan() { one "clang's analyzer finds nothing" pa_guarded make -C "$PA_TREE" -k -j"$(wanted tap && echo 1 || nproc)" scan PG_CONFIG="$PG_CONFIG"; }

stage_lint()
{
	# of the sources alone, whatever the other stages write meanwhile
	pa_copy_tree "$PA_TREE" "$PA_WORK/lint"
	pa_guarded bash "$PA_WORK/lint/test/lint.sh" >"$LOGS/lint.tap" 2>&1
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
	pa_guarded make -C "$PA_TREE" -k WERROR=1 COVERAGE="$(wanted coverage && echo 1)" PG_CONFIG="$PG_CONFIG" unit-programs >"$LOGS/unit-build.log" 2>&1 || {
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
	pa_guarded make -C "$PA_TREE" WERROR=1 PG_CONFIG="$PG_CONFIG" \
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

# need_build NAME is true if the extension is there; else the stage has failed.
need_build() { [ "$built" = 1 ] || { miss "$1: not run, protaddr does not build"; return 1; }; }

# need_server NAME is true if the server is there that pg_regress and isolation share.
need_server() { [ "$server" = 1 ] || { miss "$1: no server"; return 1; }; }

# prepare makes what the stages with a server share, if one of them is to run: a build, one
# that counts which lines run if that is asked for, and a server that keeps its log and data as evidence.
counted=0 server=0
prepare()
{
	wanted regress || wanted isolation || wanted demo || wanted tap || return
	[ "$built" = 1 ] || { pa_build && built=1; } || return
	if wanted coverage; then
		counted=1
		pa_copy_tree "$PA_TREE" "$PA_WORK/counted"
		pa_guarded make -C "$PA_WORK/counted" -j"$(nproc)" PG_CONFIG="$PG_CONFIG" WERROR=1 COVERAGE=1 COPT='-O0 -Wno-cpp' &&
			make -C "$PA_WORK/counted" PG_CONFIG="$PG_CONFIG" COVERAGE=1 install || miss "builds with COVERAGE=1"
	fi
	if wanted regress || wanted isolation; then
		pa_start_server "$EVIDENCE/regress" && server=1
	fi
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
	need_build regress && need_server regress || return
	run_regress regress "$EVIDENCE/regress" "$PA_TREE" ISOLATION=
}

stage_isolation()
{
	if [ -z "$(named ISOLATION)" ]; then
		skip "the Makefile names no ISOLATION test"
		return
	fi
	need_build isolation && need_server isolation || return
	run_regress isolation "$EVIDENCE/regress" "$PA_TREE" REGRESS=
}

# The other ways to run it: the library preloaded, a superuser of another name, and the
# extension's own Asserts compiled in.  A server without asserts has what they need.
stage_asserts()
{
	local PG_CONFIG=$PG_CONFIG PA_BIN=$PA_BIN PATH=$PATH PGHOST PGPORT PGUSER tree=$PA_WORK/vpath dir=$EVIDENCE/asserts

	[ -d "$tree" ] || vpath_build
	cp -a "$PA_WORK/pg" "$PA_WORK/pg-asserts" || { miss "cannot copy"; return; }
	PG_CONFIG=$PA_WORK/pg-asserts${PG_CONFIG#"$PA_WORK/pg"}
	PA_BIN=$("$PG_CONFIG" --bindir)
	PATH=$PA_BIN:$PATH
	if make -C "$tree/b" -f ../Makefile VPATH=.. PG_CONFIG="$PG_CONFIG" WERROR=1 COPT=-DUSE_ASSERT_CHECKING install &&
		readelf -W --dyn-syms "$("$PG_CONFIG" --pkglibdir)/protaddr.so" | grep -q ExceptionalCondition; then
		pass "the asserts are compiled in"
	else
		miss "the asserts are compiled in"
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

# tap_file FILE runs one TAP file the way PGXS does, its data and logs kept as evidence.
tap_file()
{
	local log=$LOGS/tap-${1##*/}.log

	mkdir -p "$EVIDENCE/tap/tmp_check/log"
	pa_guarded env -u PGHOST -u PGUSER -u MAKEFLAGS PGPORT=65432 PG_REGRESS="$PGXS_DIR/test/regress/pg_regress" \
		TESTDIR="$EVIDENCE/tap" TESTDATADIR="$EVIDENCE/tap/tmp_check" TESTLOGDIR="$EVIDENCE/tap/tmp_check/log" \
		PG_TEST_NOCLEAN=1 PATH="$PA_BIN:$PA_TREE:$PATH" \
		prove -v -I "$PGXS_DIR/test/perl" -I . "$1" >"$log" 2>&1
	tally_tap "$log"
	if ! grep -q '^Result: \(PASS\|NOTESTS\)' "$log"; then
		# died, or the plan was not kept, though no single test failed
		grep -qE '^[[:space:]]*not ok' "$log" && ! grep -q 'Parse errors\|No plan found' "$log" ||
			miss "$1: $(grep -m1 -E 'Parse errors|Dubious|No plan|Non-zero' "$log" || echo 'did not finish')"
		echo "---- $1"
		grep -avE '^[[:space:]]*ok' "$log" | tail -n 150
	fi
}

# What takes longest begins first, or it would be waited for alone.  Their names without numbers.
LONG_TAP="round_trip replication guard_texts shared_picture guard shapes log_leaks keys real_extract nightly"

# tap_files prints the files to run, in that order.
tap_files()
{
	local -a files=(${TAP_TESTS:-test/t/*.pl})
	local name

	[ -f "${files[0]}" ] || return
	for name in $LONG_TAP; do
		printf '%s\n' "${files[@]}" | grep "/[0-9]*_$name\.pl\$"
	done
	printf '%s\n' "${files[@]}" | grep -vE "/[0-9]*_(${LONG_TAP// /|})\.pl\$"
}

# The parts have run; what each said is put together, in the order of their names.
stage_tap()
{
	local file

	if [ -z "$(tap_files)" ]; then
		skip "no test/t/*.pl"
		return
	fi
	need_build tap || return
	for file in $(tap_files | sort); do
		cat "$LOGS/tap-${file##*/}.tally" >>"$tally" || miss "$file: not run"
		cat "$LOGS/tap-${file##*/}.out"
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
	local PGHOST PGPORT PGUSER dir=$EVIDENCE/demo

	need_build demo || return
	pa_start_server "$dir" "shared_preload_libraries = 'protaddr'" || { miss "demo: no server"; return; }
	one "the demo: no protected address leaves" tell_story
	pa_stop_server "$dir"
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
	if [ "$server" = 1 ]; then
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
	if [ "$server" = 1 ]; then
		pa_stop_server "$EVIDENCE/regress"
	fi
	cat "$LOGS/prepare.tally" >>"$tally"
	perl "$PA_TREE/test/coverage.pl" "${folders[@]}" >"$LOGS/coverage.tap"
	set -- $?
	tally_tap "$LOGS/coverage.tap"
	[ "$1" = 0 ] || grep -q '^not ok' "$tally" || miss "coverage.pl ended with status $1"
	cat "$LOGS/coverage.tap"
}

# ---- all of it ----------------------------------------------------------------------

# The rest runs side by side, in this order, as soon as there is room.  What uses what
# another has built or left, or its server, begins when that has ended.
declare -A after=([vpath]=asserts [regress]=isolation [isolation]=demo [unit]=fuzz)
queue=(scan vpath regress unit lint)
declare -A job_of=()

# begin_jobs begins what there is room for.
begin_jobs()
{
	local name

	while [ ${#queue[@]} != 0 ] && [ ${#job_of[@]} -lt "$JOBS" ]; do
		name=${queue[0]}
		queue=("${queue[@]:1}")
		if [[ $name == */* ]]; then
			pa_job run_stage "tap-${name##*/}" tap_file "$name"
		elif wanted "$name"; then
			pa_job run_stage "$name" "stage_$name"
		else
			# but what comes after it may be
			[ -z "${after[$name]:-}" ] || queue=("${after[$name]}" "${queue[@]}")
			continue
		fi
		job_of[$!]=$name
	done
}

cd "$PA_TREE" || exit 1
stage build
run_stage prepare prepare
! wanted tap || [ "$built" != 1 ] || queue+=($(tap_files))
left=$(tap_files | wc -l) tap_took=0
begin_jobs
while [ ${#job_of[@]} != 0 ]; do
	wait -n -p ended "${!job_of[@]}"
	name=${job_of[$ended]}
	unset "job_of[$ended]"
	if [[ $name == */* ]]; then
		tap_took=$((tap_took + $(<"$LOGS/tap-${name##*/}.took")))
		left=$((left - 1))
	else
		report "$name" ''
		[ -z "${after[$name]:-}" ] || queue=("${after[$name]}" "${queue[@]}")
	fi
	if wanted tap && [ "$left" = 0 ]; then
		run_stage tap stage_tap
		echo "$tap_took" >"$LOGS/tap.took"
		report tap " in $(tap_files | wc -l) files"
		left=
	fi
	begin_jobs
done
[ -z "$left" ] || stage tap
stage leaks
stage coverage

result="$total_passed passed, $total_failed failed"
[ "$total_skipped" = 0 ] || result="$result, $total_skipped skipped"
printf '%d s\n%s\n' "$SECONDS" "$result"
[ "$total_failed" = 0 ] && [ "$total_passed" != 0 ]
