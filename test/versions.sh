#!/usr/bin/env bash
# versions.sh [VERSION...]
#		Does it build without a warning, and pass, on PostgreSQL 17 and 18 too?
#
# Each is built and tested (pg_regress and isolation) in a root folder of its own, made
# from the Debian release that has it; nothing is mounted, the server runs as user
# postgres.  Needs root, or sudo without password.  Skipped, loudly, is a release whose
# mirror does not answer; one that answers and cannot be installed has failed.  The last
# line is "N passed, N failed[, N skipped]", the exit status 1 if anything failed.
# check.sh has the version of the machine itself.
#
# Environment:
#	DEBIAN_MIRROR	default http://deb.debian.org/debian
#	PA_ROOTS		a folder (outside this tree) where the root folders are kept, to be used again

. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

declare -A RELEASE=([17]=trixie [18]=forky)
MIRROR=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P) || exit 1
WORK=$(mktemp -d "${TMPDIR:-/tmp}/protaddr-versions-XXXXXX") && chmod 755 "$WORK" || exit 1
ROOTS=${PA_ROOTS:-$WORK}
pa_as_root mkdir -p "$ROOTS"
versions=("$@")
[ $# != 0 ] || versions=(17 18)

# inside VERSION USER COMMAND... runs it in that root folder.
inside()
{
	local root=$ROOTS/$1 user=$2

	shift 2
	pa_as_root chroot "--userspec=$user" "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/build TMPDIR=/tmp \
		LC_ALL=C.UTF-8 PGHOST=/build PGPORT=5432 PGUSER=postgres PG_CONFIG="/usr/lib/postgresql/$version/bin/pg_config" \
		PGISOLATIONTIMEOUT="$PGISOLATIONTIMEOUT" PGCTLTIMEOUT="$PGCTLTIMEOUT" timeout --foreground -k 60 "$PA_HANGS" "$@" </dev/null
}

clean_up()
{
	local version job

	trap - EXIT
	trap '' INT TERM HUP
	for job in $(jobs -p); do pa_as_root kill -- "-$job" 2>/dev/null; done
	wait
	for version in "${versions[@]}"; do
		[ ! -f "$ROOTS/$version/build/data/postmaster.pid" ] ||
			inside "$version" postgres "/usr/lib/postgresql/$version/bin/pg_ctl" -D /build/data -m immediate -w stop >/dev/null 2>&1
	done
	pa_as_root rm -rf --one-file-system "$WORK"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# not_answered LOG is true if a package manager's log tells that the mirror was at fault:
# silent, or short of a file that its own list names.
not_answered()
{
	grep -qE 'Failed to fetch|Could not (resolve|connect)|Unable to connect|Temporary failure resolving|Connection (timed out|failed)|Network is unreachable|Hash Sum mismatch|File has unexpected size' "$1"
}

# make_root VERSION makes the root folder.  The package of the server's headers depends on
# a compiler of half a gigabyte that nothing here needs, so it is only unpacked.  Who may
# not mount leaves no mount behind, however it ends; what a package would have made for systemd
# needs /proc, and nobody misses it.  apt looks for programs where DPkg::Path says, and nowhere else.
make_root()
{
	local version=$1

	[ ! -x "$ROOTS/$version/usr/lib/postgresql/$version/bin/pg_config" ] || return 0
	pa_as_root rm -rf --one-file-system "$ROOTS/$version" "$ROOTS/$version.new"
	pa_as_root timeout --foreground -k 60 "$PA_HANGS" setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin mmdebstrap --variant=apt --mode=root \
		--aptopt='Acquire::Check-Valid-Until "false"' --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Retries "3"' \
		--aptopt='DPkg::Path "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"' \
		--dpkgopt=force-unsafe-io --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
		--include="postgresql-$version,gcc,libc6-dev,make,perl,libssl-dev,libexpat1-dev,libsodium-dev" \
		--essential-hook='printf "#!/bin/sh\nexit 0\n" >"$1/usr/local/bin/systemd-tmpfiles" && chmod 755 "$1/usr/local/bin/systemd-tmpfiles"' \
		--customize-hook="chroot \"\$1\" sh -c 'cd /tmp && apt-get download postgresql-server-dev-$version && dpkg-deb -x postgresql-server-dev-*.deb / && rm postgresql-server-dev-*.deb'" \
		"${RELEASE[$version]}" "$ROOTS/$version.new" "$MIRROR" </dev/null &&
		pa_as_root mv "$ROOTS/$version.new" "$ROOTS/$version"
}

# took PART prints to $WORK/VERSION.times how long that part took, of the variable version.
took()
{
	printf '%s%s %d s' "$([ -s "$WORK/$version.times" ] && echo ', ')" "$1" $((SECONDS - began)) >>"$WORK/$version.times"
	began=$SECONDS
}

# test_version VERSION prints one line for each test to $WORK/VERSION.tally, everything
# else to $WORK/VERSION.log.
test_version()
{
	local began=$SECONDS version=$1 bin=/usr/lib/postgresql/$1/bin root=$ROOTS/$1 what

	if [ -z "${RELEASE[$version]:-}" ]; then
		echo "not ok - $version: no Debian release is known to have it" >"$WORK/$version.tally"
		return
	fi
	if ! make_root "$version" >"$WORK/$version.log" 2>&1; then
		if not_answered "$WORK/$version.log"; then
			echo "ok - $version: all of it # SKIP $MIRROR does not answer as a mirror of Debian ${RELEASE[$version]}" >"$WORK/$version.tally"
		else
			echo "not ok - $version: a root folder of Debian ${RELEASE[$version]} can be made from $MIRROR" >"$WORK/$version.tally"
		fi
		pa_as_root rm -rf --one-file-system "$root.new"
		return
	fi
	took 'root folder'
	{
		pa_as_root rm -rf "$root/build"
		pa_as_root mkdir -p "$root/build/tree"
		tar -C "$WORK/tree" -cf - . | pa_as_root tar -C "$root/build/tree" -xf - --no-same-owner
		inside "$version" root chown -R postgres:postgres /build
		if inside "$version" postgres make -C /build/tree -j"$(nproc)" WERROR=1 PG_CONFIG="$bin/pg_config" &&
			inside "$version" root make -C /build/tree PG_CONFIG="$bin/pg_config" install; then
			echo "ok - $version: builds without a warning" >>"$WORK/$version.tally"
		else
			echo "not ok - $version: builds without a warning" >>"$WORK/$version.tally"
			return
		fi
		took build
		inside "$version" postgres "$bin/initdb" -D /build/data -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync &&
			inside "$version" postgres sh -c "printf '%s\n' \"listen_addresses = ''\" \"unix_socket_directories = '/build'\" \
				'fsync = off' \"lc_messages = 'C'\" >>/build/data/postgresql.conf" &&
			inside "$version" postgres "$bin/pg_ctl" -D /build/data -l /build/server.log -w start ||
			{ echo "not ok - $version: the server starts" >>"$WORK/$version.tally"; return; }
		for what in ISOLATION= REGRESS=; do
			inside "$version" postgres make -C /build/tree PG_CONFIG="$bin/pg_config" TAP_TESTS= "$what" installcheck >"$WORK/$version.check" 2>&1
			set -- $?
			cat "$WORK/$version.check"
			pa_tally_regress "$WORK/$version.check" | sed -E "s/^((not )?ok - )/\1$version: /" >"$WORK/$version.lines"
			cat "$WORK/$version.lines" >>"$WORK/$version.tally"
			[ "$1" = 0 ] && [ -s "$WORK/$version.lines" ] || grep -q '^not ok' "$WORK/$version.lines" ||
				echo "not ok - $version: installcheck $what ended with status $1" >>"$WORK/$version.tally"
			took "$([ "$what" = ISOLATION= ] && echo regress || echo isolation)"
		done
		cat "$root/build/tree/regression.diffs" "$root/build/tree/output_iso/regression.diffs" 2>/dev/null
		inside "$version" postgres "$bin/pg_ctl" -D /build/data -m fast -w stop
	} >>"$WORK/$version.log" 2>&1
}

# what is needed to make them
why='' broken=''
if [ "$(id -u)" != 0 ] && ! sudo -n true 2>/dev/null; then
	why="needs root, or sudo without password"
elif ! command -v mmdebstrap >/dev/null; then
	pa_say "apt-get install mmdebstrap"
	{ pa_as_root env DEBIAN_FRONTEND=noninteractive apt-get update &&
		pa_as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends mmdebstrap; } </dev/null >"$WORK/apt.log" 2>&1 ||
		{
			tail -n 20 "$WORK/apt.log"
			if not_answered "$WORK/apt.log"; then why="mmdebstrap cannot be fetched"; else broken="mmdebstrap can be installed"; fi
		}
fi

pa_copy_tree "$ROOT" "$WORK/tree"
set -m	# each in a process group of its own, which can be stopped
for version in "${versions[@]}"; do
	: >"$WORK/$version.tally"
	if [ -n "$why" ]; then
		echo "ok - $version: all of it # SKIP $why" >"$WORK/$version.tally"
	elif [ -n "$broken" ]; then
		echo "not ok - $version: $broken" >"$WORK/$version.tally"
	else
		test_version "$version" &
	fi
done
wait

passed=0 failed=0 skipped=0
for version in "${versions[@]}"; do
	p=$(grep '^ok' "$WORK/$version.tally" | grep -vc '# SKIP') f=$(grep -c '^not ok' "$WORK/$version.tally") s=$(grep -c '# SKIP' "$WORK/$version.tally")
	[ "$((p + f + s))" != 0 ] || { echo "not ok - $version: nothing was run" >>"$WORK/$version.tally"; f=1; }
	printf 'PostgreSQL %s: %d passed, %d failed (%s)\n' "$version" "$p" "$f" "$(cat "$WORK/$version.times" 2>/dev/null)"
	if [ "$f" != 0 ] || [ "$s" != 0 ]; then
		sed -n 's/^not ok/!!   &/p; s/^ok - \(.*\) # SKIP \(.*\)/!! SKIPPED: \1: \2/p' "$WORK/$version.tally"
		[ ! -f "$WORK/$version.log" ] || grep -vE '^[a-z0-9_-]*gcc |^make.*(Entering|Leaving)' "$WORK/$version.log" | tail -n 200 | sed 's/^/   | /'
	fi
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
done
result="$passed passed, $failed failed"
[ "$skipped" = 0 ] || result="$result, $skipped skipped"
printf '%d s\n%s\n' "$SECONDS" "$result"
[ "$failed" = 0 ]
