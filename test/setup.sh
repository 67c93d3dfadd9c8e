# setup.sh
#		Where do the tests and the demo run?  Sourced by check.sh and demo.sh.
#
# On a fresh Debian machine it installs what is missing (as root or through
# sudo); with everything there it needs no root.  Whatever the caller is, the
# work happens in a copy of the tree, as an ordinary user, against a private
# copy of the PostgreSQL installation: nothing is written to the source tree,
# to the system's PostgreSQL or to any existing cluster, and no server is left
# running.
#
#	pa_setup SCRIPT [ARG...]	does all that, by running SCRIPT again inside; returns
#						only there, with the extension built and installed
#	pa_enter, pa_build	its two halves
#	pa_start_server DIR [CONF [SUPERUSER]]	starts a server in DIR, exports PGHOST, PGPORT, PGUSER
#	pa_stop_server DIR		stops it
#	pa_guarded COMMAND...	runs a command that stops when we are stopped
#	pa_job COMMAND...		begins a function beside the others, which stops likewise
#	pa_say, pa_fail			a message; a message, the log it names, and exit
#	pa_tally_regress FILE	what pg_regress said, as TAP
#
# Environment:
#	PG_CONFIG		the PostgreSQL to copy; default the newest one here with headers
#	PROTADDR_DATA	public reference data; default ../shared/data beside the root, if there
#	KEEP=1			keep the work directory
#	PA_NEED			demo, or check (default): which packages are needed
#	PA_WERROR=1		a compiler warning fails the build
#	PA_CARRY_FILE	a file of the caller's that the ordinary user must be able to read

set -u
umask 022
export LC_ALL=C.UTF-8

pa_say()
{
	printf '== %s\n' "$*" >&2
}

# pa_complain MESSAGE [LOG] says why and shows the end of the log; pa_fail exits as well.
pa_complain()
{
	printf '\n!! %s\n' "$1" >&2
	if [ -n "${2:-}" ] && [ -s "$2" ]; then
		printf '!! the end of %s:\n' "$2" >&2
		tail -n 40 "$2" | sed 's/^/   | /' >&2
	fi
}

pa_fail()
{
	pa_complain "$@"
	exit 1
}

# ---- packages ---------------------------------------------------------------

# pa_find_postgres prints the pg_config to use, or nothing.
pa_find_postgres()
{
	local candidate

	if [ -n "${PG_CONFIG:-}" ]; then
		command -v "$PG_CONFIG"
		return
	fi
	for candidate in $(ls -d /usr/lib/postgresql/*/bin/pg_config 2>/dev/null | sort -t/ -k5,5nr); do
		if [ -x "${candidate%/*}/initdb" ] && [ -f "$("$candidate" --includedir-server)/postgres.h" ]; then
			echo "$candidate"
			return
		fi
	done
}

# pa_version_to_install prints the PostgreSQL version to complete or install.
pa_version_to_install()
{
	local version

	for version in $(ls /usr/lib/postgresql 2>/dev/null | grep -E '^[0-9]+$' | sort -nr); do
		[ -x "/usr/lib/postgresql/$version/bin/initdb" ] || continue
		if apt-cache show "postgresql-server-dev-$version" >/dev/null 2>&1; then
			echo "$version"
			return
		fi
	done
	apt-cache pkgnames postgresql-server-dev- 2>/dev/null | sed -n 's/^postgresql-server-dev-\([0-9]\+\)$/\1/p' | sort -nr | head -n 1
}

# pa_fuzzer_runtime is true if clang can link a libFuzzer program.
pa_fuzzer_runtime()
{
	local empty

	empty=$(mktemp -d) || return 1
	echo 'int LLVMFuzzerTestOneInput(const char *d, unsigned long n) { return d && n == 77; }' >"$empty/t.c"
	clang -fsanitize=fuzzer,address,undefined -o "$empty/t" "$empty/t.c" >/dev/null 2>&1
	set -- $?
	rm -rf "$empty"
	return "$1"
}

# pa_missing_tools prints the packages (beside PostgreSQL) that are missing.
pa_missing_tools()
{
	command -v gcc >/dev/null || echo gcc libc6-dev
	command -v make >/dev/null || echo make
	command -v perl >/dev/null || echo perl
	printf '#include <openssl/evp.h>\n' | gcc -E - >/dev/null 2>&1 || echo libssl-dev
	printf '#include <expat.h>\n' | gcc -E - >/dev/null 2>&1 || echo libexpat1-dev
	printf '#include <sodium.h>\n' | gcc -E - >/dev/null 2>&1 || echo libsodium-dev
	[ "${PA_NEED:-check}" = check ] || return 0
	perl -MIPC::Run -e 1 2>/dev/null || echo libipc-run-perl
	command -v prove >/dev/null || echo perl
	[ -x /usr/sbin/pgbouncer ] || command -v pgbouncer >/dev/null || echo pgbouncer
	command -v xmllint >/dev/null || echo libxml2-utils
	ls /usr/lib/*/faketime/libfaketime.so.1 >/dev/null 2>&1 || echo faketime
	command -v clang >/dev/null || echo clang
	pa_fuzzer_runtime || echo libclang-rt-dev
	# from 16 on PostgreSQL's own package has it
	command -v pg_bsd_indent >/dev/null || [ -x "$("$(pa_find_postgres)" --bindir 2>/dev/null)/pg_bsd_indent" ] || echo pg-bsd-indent
	command -v readelf >/dev/null || echo binutils
}

# pa_missing_neighbours VERSION prints the packages of the libraries beside which protaddr is
# tested (test/t/026_neighbours.pl) that this version of Debian's PostgreSQL lacks.
pa_missing_neighbours()
{
	local library

	[ "${PA_NEED:-check}" = check ] && [ -n "$1" ] || return 0
	for library in pgaudit set_user; do
		[ -e "/usr/lib/postgresql/$1/lib/$library.so" ] || echo "postgresql-$1-${library/_/-}"
	done
}

# pa_debian_version PG_CONFIG prints its version if Debian has built it, or nothing.
pa_debian_version()
{
	[ -z "$1" ] || "$1" --pkglibdir | sed -nE 's|^/usr/lib/postgresql/([0-9]+)/lib$|\1|p'
}

pa_as_root()
{
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		sudo -n "$@"
	fi
}

# pa_install_packages installs what is missing, and says what it does.
pa_install_packages()
{
	local missing version log neighbour only_neighbours=0 made_folder=0 made_policy=0
	local drop_in=/etc/postgresql-common/createcluster.d/protaddr-no-cluster.conf policy=/usr/sbin/policy-rc.d

	missing=$(pa_missing_tools | tr '\n' ' ')
	version=$(pa_debian_version "$(pa_find_postgres)")
	if [ -z "$missing" ] && [ -n "$(pa_find_postgres)" ]; then
		[ -n "$(pa_missing_neighbours "$version")" ] || return 0
		# these alone are no reason to stop: their test says what it has not tested
		only_neighbours=1
		command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; } || return 0
	fi

	log=$PA_WORK/apt.log
	command -v apt-get >/dev/null ||
		pa_fail "missing here: ${missing:-}$([ -n "$(pa_find_postgres)" ] || echo 'PostgreSQL with server headers'); this machine has no apt-get, so install it by hand"
	[ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null ||
		pa_fail "missing here: ${missing:-}$([ -n "$(pa_find_postgres)" ] || echo 'PostgreSQL with server headers'); run this once as root (or with sudo without password) to install it"

	pa_say "installing packages (log: $log)"
	if ! pa_as_root env DEBIAN_FRONTEND=noninteractive apt-get update >"$log" 2>&1; then
		[ "$only_neighbours" = 0 ] || { pa_say "NOT TESTED: no package list for $(pa_missing_neighbours "$version" | tr '\n' ' ')"; return 0; }
		pa_fail "apt-get update failed" "$log"
	fi
	if [ -z "$(pa_find_postgres)" ]; then
		version=$(pa_version_to_install)
		[ -n "$version" ] || pa_fail "no postgresql-server-dev-N to be had from apt" "$log"
		# contrib is part of postgresql-N since 10
		[ -x "/usr/lib/postgresql/$version/bin/initdb" ] || missing="$missing postgresql-$version"
		missing="$missing postgresql-server-dev-$version"
	fi
	for neighbour in $(pa_missing_neighbours "$version"); do
		if apt-cache show "$neighbour" >/dev/null 2>&1; then
			missing="$missing $neighbour"
		else
			pa_say "NOT TESTED: there is no package $neighbour"
		fi
	done
	missing=$(printf '%s\n' $missing | sort -u | tr '\n' ' ')
	[ -n "${missing// /}" ] || return 0
	pa_say "apt-get install $missing"

	# A server package would make and start a cluster, a pooler start itself: not here.
	[ -d "${drop_in%/*}" ] || made_folder=1
	pa_as_root mkdir -p "${drop_in%/*}" &&
		echo 'create_main_cluster = false' | pa_as_root tee "$drop_in" >/dev/null ||
		pa_fail "cannot write $drop_in"
	if [ ! -e "$policy" ]; then
		made_policy=1
		printf '#!/bin/sh\nexit 101\n' | pa_as_root tee "$policy" >/dev/null && pa_as_root chmod 755 "$policy"
	fi
	pa_as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing >>"$log" 2>&1
	set -- $?
	pa_as_root rm -f "$drop_in"
	[ "$made_policy" = 0 ] || pa_as_root rm -f "$policy"
	# nor at the next start of the machine
	case " $missing " in *" pgbouncer "*) pa_as_root systemctl disable pgbouncer >>"$log" 2>&1 || true ;; esac
	# the package's own once it is installed
	[ "$made_folder" = 0 ] || dpkg -S "${drop_in%/*}" >/dev/null 2>&1 || pa_as_root rmdir --ignore-fail-on-non-empty "${drop_in%/*}"
	if [ "$1" != 0 ]; then
		[ "$only_neighbours" = 0 ] || { pa_say "NOT TESTED: could not install $missing"; return 0; }
		pa_fail "apt-get install failed" "$log"
	fi

	[ -n "$(pa_find_postgres)" ] || pa_fail "PostgreSQL is still not complete after the installation" "$log"
	missing=$(pa_missing_tools | tr '\n' ' ')
	[ -z "$missing" ] || pa_fail "still missing after the installation: $missing" "$log"
}

# pa_tally_regress FILE prints a line of TAP for each test of an installcheck.  pg_regress
# up to 15 says "test NAME ... ok", from 16 on it speaks TAP.
pa_tally_regress()
{
	sed -nE -e 's/^(test|    )? *([A-Za-z0-9_-]+) +\.\.\. (ok|FAILED|failed \(ignored\)).*/\3 \2/p' \
		-e 's/^ok [0-9]+ +[-+] +([^ ]+).*/ok \1/p' -e 's/^not ok [0-9]+ +[-+] +([^ ]+).*/FAILED \1/p' "$1" |
		sed -E 's/^ok /ok - /; s/^(FAILED|failed \(ignored\)) /not ok - /'
}

# ---- outside: work directory, copies, the ordinary user -----------------------

# pa_copy_tree FROM TO copies the sources without anything built.
pa_copy_tree()
{
	mkdir -p "$2" &&
		tar -C "$1" -cf - --exclude=./.git --exclude='*.o' --exclude='*.so' --exclude='*.bc' \
			--exclude='./build_*' --exclude=./results --exclude=./output_iso --exclude=./tmp_check \
			--exclude=./log --exclude='./protaddr--?.?.sql' --exclude='./regression.*' . | tar -C "$2" -xf - ||
		pa_fail "cannot copy $1 to $2"
}

# pa_copy_postgres copies one installation under $PA_WORK/pg.  The programs find
# their files relative to themselves, so the copy stands on its own.
pa_copy_postgres()
{
	local config=$1 dir

	mkdir -p "$PA_WORK/pg"
	for dir in "$("$config" --bindir)" "$("$config" --pkglibdir)" "$("$config" --sharedir)" \
		"$("$config" --includedir)" "$("$config" --includedir-server)"; do
		[ -d "$dir" ] || continue
		cp -a --parents "$dir" "$PA_WORK/pg/" 2>>"$PA_WORK/copy.log"
	done
	PA_PG_CONFIG=$PA_WORK/pg$("$config" --bindir)/pg_config
	[ -x "$PA_PG_CONFIG" ] && [ -f "$("$PA_PG_CONFIG" --pgxs)" ] ||
		pa_fail "the private copy of $config is not complete" "$PA_WORK/copy.log"
	case $("$PA_PG_CONFIG" --sharedir) in
		"$PA_WORK"/*) ;;
		*) pa_fail "this PostgreSQL cannot be relocated: its copy still uses $("$PA_PG_CONFIG" --sharedir)" ;;
	esac
}

pa_outside_end()
{
	trap - EXIT
	trap '' INT TERM HUP
	if [ -n "${PA_INNER_PID:-}" ] && kill -0 "$PA_INNER_PID" 2>/dev/null; then
		kill -TERM "$PA_INNER_PID" 2>/dev/null
		wait "$PA_INNER_PID" 2>/dev/null
	fi
	rm -rf "$PA_WORK/carried"
	if [ "${KEEP:-0}" = 1 ]; then
		pa_say "kept: $PA_WORK"
	else
		rm -rf "$PA_WORK"
	fi
}

# pa_outside runs the script again in the copy, as an ordinary user, and exits.
pa_outside()
{
	local script=$1 root base user='' data
	local -a as=()

	shift
	root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P) || exit 1
	base=${TMPDIR:-/tmp}
	# a socket's path has 107 bytes
	[ "${#base}" -le 40 ] || base=/tmp
	PA_WORK=$(mktemp -d "$base/protaddr-$(id -un)-XXXXXX") || pa_fail "cannot make a work directory in $base"
	trap pa_outside_end EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP

	if [ -n "${PG_CONFIG:-}" ]; then
		command -v "$PG_CONFIG" >/dev/null || pa_fail "PG_CONFIG=$PG_CONFIG is not there"
		[ -f "$("$PG_CONFIG" --includedir-server)/postgres.h" ] || pa_fail "the PostgreSQL of PG_CONFIG=$PG_CONFIG has no server headers"
	fi
	pa_install_packages
	pa_copy_postgres "$(pa_find_postgres)"
	pa_copy_tree "$root" "$PA_WORK/tree"
	mkdir -p "$PA_WORK/tmp" "$PA_WORK/home" "$PA_WORK/evidence" "$PA_WORK/logs" "$PA_WORK/carried"

	data=${PROTADDR_DATA:-$root/../shared/data}
	data=$(cd "$data" 2>/dev/null && pwd -P) || data=''
	if [ -n "${PROTADDR_DATA:-}" ] && [ -z "$data" ]; then
		pa_fail "PROTADDR_DATA=$PROTADDR_DATA is no folder that can be read"
	fi
	if [ -n "${PA_CARRY_FILE:-}" ]; then
		[ -r "$PA_CARRY_FILE" ] && [ -f "$PA_CARRY_FILE" ] || pa_fail "cannot read the file $PA_CARRY_FILE"
		PA_CARRY_FILE=$(realpath "$PA_CARRY_FILE")
	fi

	if [ "$(id -u)" = 0 ]; then
		# PostgreSQL refuses to run as root
		user=postgres
		id "$user" >/dev/null 2>&1 || user=nobody
		as=(setpriv "--reuid=$user" "--regid=$(id -g "$user")" --clear-groups)
		if [ -n "${PA_CARRY_FILE:-}" ]; then
			cp -- "$PA_CARRY_FILE" "$PA_WORK/carried/" && chmod 600 "$PA_WORK"/carried/* ||
				pa_fail "cannot copy $PA_CARRY_FILE"
			PA_CARRY_FILE=$PA_WORK/carried/${PA_CARRY_FILE##*/}
		fi
		chown -R "$user:$(id -g "$user")" "$PA_WORK" || pa_fail "cannot give $PA_WORK to $user"
		"${as[@]}" test -w "$PA_WORK/tree/Makefile" ||
			pa_fail "user $user cannot work in $PA_WORK; set TMPDIR to a folder that every user can enter"
		if [ -n "$data" ] && [ -n "$("${as[@]}" find "$data" \( ! -readable -o -type d ! -executable \) -print -quit 2>&1)" ]; then
			cp -rL "$data" "$PA_WORK/shared_data" && chown -R "$user" "$PA_WORK/shared_data" ||
				pa_fail "cannot copy $data"
			data=$PA_WORK/shared_data
		fi
	fi

	cd "$PA_WORK/tree" || exit 1
	"${as[@]}" env -u PGDATABASE -u PGSERVICE -u PGPASSFILE -u PGDATA -u PGOPTIONS -u PGHOSTADDR \
		-u PGCLIENTENCODING -u PGSSLMODE -u MAKEFLAGS -u MAKELEVEL -u SUDO_USER \
		HOME="$PA_WORK/home" TMPDIR="$PA_WORK/tmp" PA_INSIDE="$PA_WORK" \
		PG_CONFIG="$PA_PG_CONFIG" PROTADDR_DATA="$data" PA_CARRY_FILE="${PA_CARRY_FILE:-}" \
		bash "$PA_WORK/tree/test/${script##*/}" "$@" <&0 &
	PA_INNER_PID=$!
	wait "$PA_INNER_PID"
	set -- $?
	PA_INNER_PID=
	exit "$1"
}

# ---- inside: build, servers --------------------------------------------------

PA_SERVERS=()
PA_CHILD=

# pa_inside_end stops what runs, and every server below the work directory.
pa_inside_end()
{
	local pidfile pid

	trap - EXIT
	# a second one, as both get who interrupts a terminal, would leave servers behind
	trap '' INT TERM HUP
	for pid in $PA_CHILD $(jobs -p); do
		kill -TERM "$pid" 2>/dev/null
	done
	wait
	find "$PA_WORK" -path "$PA_WORK/pg" -prune -o -name postmaster.pid -print 2>/dev/null | while read -r pidfile; do
		"$PA_BIN/pg_ctl" -D "${pidfile%/*}" -m immediate -w stop >/dev/null 2>&1
	done
}

# How long is something that hangs waited for?  Nothing here may fail because the machine
# is slow or busy, so this is far more than anything takes.
PA_HANGS=3600
# ... and so long do the test frameworks and pg_ctl wait for one thing
export PG_TEST_TIMEOUT_DEFAULT=900 PGISOLATIONTIMEOUT=900 PGCTLTIMEOUT=900

# pa_guarded COMMAND... runs a command in a process group of its own.
pa_guarded()
{
	local status

	timeout -k 60 "$PA_HANGS" "$@" &
	PA_CHILD=$!
	wait "$PA_CHILD"
	status=$?
	PA_CHILD=
	[ "$status" != 124 ] || printf '!! hung, and was stopped after %s seconds: %s\n' "$PA_HANGS" "$*"
	return "$status"
}

# pa_job COMMAND... begins a function beside the others; $! is its process.
pa_job()
{
	(
		trap '[ -z "$PA_CHILD" ] || { kill -TERM "$PA_CHILD"; wait; } 2>/dev/null; exit 143' TERM
		"$@"
	) &
}

# pa_build builds the extension in the copy and installs it into the private PostgreSQL.
pa_build()
{
	local jobs

	jobs=$(nproc 2>/dev/null || echo 1)
	pa_guarded make -C "$PA_TREE" -j"$jobs" PG_CONFIG="$PG_CONFIG" WERROR="${PA_WERROR:-0}" >"$PA_WORK/logs/build.log" 2>&1 &&
		pa_guarded make -C "$PA_TREE" PG_CONFIG="$PG_CONFIG" install >>"$PA_WORK/logs/build.log" 2>&1
}

# pa_enter SCRIPT [ARG...] is pa_setup without the build.
pa_enter()
{
	if [ -z "${PA_INSIDE:-}" ]; then
		pa_outside "$@"
	fi
	PA_WORK=$PA_INSIDE
	PA_TREE=$PA_WORK/tree
	PA_BIN=$("$PG_CONFIG" --bindir)
	PATH=$PA_BIN:$PATH
	[ -n "$PROTADDR_DATA" ] || unset PROTADDR_DATA
	trap pa_inside_end EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	pa_say "$("$PG_CONFIG" --version), private copy in $PA_WORK, as user $(id -un)"
}

pa_setup()
{
	pa_enter "$@"
	pa_say "building protaddr"
	pa_build || pa_fail "protaddr does not build" "$PA_WORK/logs/build.log"
}

# pa_start_server DIR [CONF [SUPERUSER]] makes a cluster in DIR/data and starts it, log in
# DIR/server.log.  Adds test/server.conf, if there, and the lines CONF.  Returns 1, having
# said why, if it does not start.
pa_start_server()
{
	local dir=$1 conf=${2:-}

	PA_SERVERS+=("$dir")
	PGHOST=$PA_WORK/s-${dir##*/}
	PGPORT=54321
	PGUSER=${3:-postgres}
	export PGHOST PGPORT PGUSER
	mkdir -p "$dir" && mkdir -m 700 "$PGHOST" || { pa_complain "cannot make $dir and $PGHOST"; return 1; }
	"$PA_BIN/initdb" -D "$dir/data" -U "$PGUSER" -A trust -E UTF8 --locale=C.UTF-8 --no-sync >"$dir/initdb.log" 2>&1 ||
		{ pa_complain "initdb failed" "$dir/initdb.log"; return 1; }
	{
		echo "listen_addresses = ''"
		echo "unix_socket_directories = '$PGHOST'"
		echo "port = $PGPORT"
		echo "fsync = off"
		echo "log_line_prefix = '%m [%p] %q%u@%d '"
		echo "lc_messages = 'C'"
		[ ! -f "$PA_TREE/test/server.conf" ] || cat "$PA_TREE/test/server.conf"
		printf '%s\n' "$conf"
	} >>"$dir/data/postgresql.conf"
	"$PA_BIN/pg_ctl" -D "$dir/data" -l "$dir/server.log" -w start >"$dir/pg_ctl.log" 2>&1 </dev/null ||
		{ pa_complain "the server does not start" "$dir/server.log"; return 1; }
}

pa_stop_server()
{
	"$PA_BIN/pg_ctl" -D "$1/data" -m fast -w stop >>"$1/pg_ctl.log" 2>&1 ||
		"$PA_BIN/pg_ctl" -D "$1/data" -m immediate -w stop >>"$1/pg_ctl.log" 2>&1
}
