#!/usr/bin/env bash
# register.sh
#		What does the register cost at the size of a country?  Prints Markdown.
#
#	bash test/bench/register.sh [-n PEOPLE] [-r ROUNDS] [load] [size]
#
# load: PEOPLE (1,000,000) people from the fixed-length form against COPY of the same
# rows into plain tables with the same indexes, ROUNDS (5) times in turn, each into an
# empty register; the same people delivered again against reading the file; and the
# loader's memory at a tenth and at the end.  6,000,000 people need 15 GB of disk.
# size: six times PEOPLE known, 15 % of PEOPLE protected, twelve times PEOPLE identity
# links; a new session's first look-up, the look-ups after it, its memory, and readers
# beside a nightly delivery of 50,000 people.
#
# Runs like run.sh: in a private copy, on a server of its own.  size needs 10 GB of disk.

. "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/lib.sh"

ticks=$(getconf CLK_TCK)
arguments=("$@")
people=1000000 rounds=5
while getopts n:r: option; do
	case $option in
		n) people=$OPTARG ;;
		r) rounds=$OPTARG ;;
		*) pa_fail "usage: bash test/bench/register.sh [-n PEOPLE] [-r ROUNDS] [load] [size]" ;;
	esac
done
shift $((OPTIND - 1))
parts=("$@")
[ $# -gt 0 ] || parts=(load size)

export PA_NEED=demo
pa_setup "$0" "${arguments[@]}"

# elapsed COMMAND... prints how long it took
elapsed()
{
	local from=$(date +%s%N)

	"$@" >/dev/null
	echo $((($(date +%s%N) - from) / 1000000))
}

# timed NAME STATEMENT... runs them in a session of its own: how long they took goes to the file NAME,
# the session's processor time to NAME.cpu, both in ms
timed()
{
	local name=$1 i

	shift
	{
		echo "CREATE TEMP TABLE begun AS SELECT clock_timestamp() AS at, pg_read_file('/proc/self/stat') AS stat;"
		for i in "$@"; do printf '%s;\n' "$i"; done
		echo "SELECT round(extract(epoch FROM clock_timestamp() - at) * 1000), (now.s[1]::int + now.s[2]::int - was.s[1]::int - was.s[2]::int) * 1000 / $ticks
			FROM begun, LATERAL (SELECT (regexp_split_to_array(regexp_replace(stat, '.*\\) ', ''), ' '))[12:13]) was (s),
				LATERAL (SELECT (regexp_split_to_array(regexp_replace(pg_read_file('/proc/self/stat'), '.*\\) ', ''), ' '))[12:13]) now (s);"
	} | sql | tail -n 1 | tr '|' ' ' >"$PA_WORK/timed"
	cut -d' ' -f1 "$PA_WORK/timed" >>"$PA_WORK/$name"
	cut -d' ' -f2 "$PA_WORK/timed" >>"$PA_WORK/$name.cpu"
}

median()
{
	sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# figures WHAT NAME is a line of the table; ratios are those to COPY within a round
figures()
{
	local kind

	printf '| %s |' "$1"
	for kind in '' .cpu; do
		printf ' %.0f |' "$(median <"$PA_WORK/$2$kind")"
		paste "$PA_WORK/$2$kind" "$PA_WORK/copy$kind" | awk '{ print $1 / $2 }' | sort -n |
			awk -v quartiles="$kind" '{ v[NR] = $1 } END { printf " %.2f", v[int((NR + 1) / 2)]; if (quartiles) printf " (%.2f to %.2f)", v[int((NR + 3) / 4)], v[int((3 * NR + 1) / 4)]; printf " |" }'
	done
	echo
}

pa_start_server "$PA_WORK/bench" "shared_buffers = 2GB
max_wal_size = 16GB
checkpoint_timeout = 1h
autovacuum = off
synchronous_commit = off"
sql -d postgres -c 'CREATE DATABASE bench' && export PGDATABASE=bench

part_load()
{
	local delivery=$PA_WORK/delivery.fixed round

	perl "$PA_TREE/test/data/make_cpr.pl" --people "$people" --protected 0.025 --shape fixed >"$delivery"
	rm -f "$PA_WORK"/{load,copy,repeated,read,sum}{,.cpu}
	for ((round = 1; round <= rounds; round++)); do
		sql -c 'DROP EXTENSION IF EXISTS protaddr CASCADE' -c 'CREATE EXTENSION protaddr' 2>/dev/null
		# the day it was produced, and that of the one before it
		printf '2026112000000000' | dd of="$delivery" bs=1 seek=19 conv=notrunc status=none
		timed load "SELECT protaddr.load_cpr_file('$delivery')"
		if [ "$round" = 1 ]; then
			sql -c "COPY (SELECT subject_key, source, subject, known_since FROM protaddr.register_person) TO '$PA_WORK/people.copy'" \
				-c "COPY (SELECT subject_key, kind, id, subject, regime, code, source, valid_from, valid_to, delete_hint, recorded_from, recorded_to, recorded_by, reason FROM protaddr.protection) TO '$PA_WORK/protection.copy'"
		fi
		sql -c 'DROP TABLE IF EXISTS plain_person, plain_protection' \
			-c 'CREATE TABLE plain_person (k text COLLATE "C", source text, subject text, since timestamptz, PRIMARY KEY (k, source))' \
			-c 'CREATE TABLE plain_protection (k text COLLATE "C", kind text, id bigint PRIMARY KEY, subject text, regime text, code text, source text, valid_from timestamptz, valid_to timestamptz, delete_hint date, recorded_from timestamptz, recorded_to timestamptz, recorded_by text, reason text)' \
			-c "CREATE UNIQUE INDEX ON plain_protection (k, source, regime, code) WHERE recorded_to = 'infinity'" \
			-c "CREATE INDEX ON plain_protection (k) WHERE kind <> 'none'" -c 'CREATE INDEX ON plain_protection (k, recorded_from)' 2>/dev/null
		timed copy "COPY plain_person FROM '$PA_WORK/people.copy'" "COPY plain_protection FROM '$PA_WORK/protection.copy'"
		printf '2026112120261120' | dd of="$delivery" bs=1 seek=19 conv=notrunc status=none
		# as autovacuum would by the next night
		sql -c 'VACUUM ANALYZE protaddr.register_person' -c 'VACUUM ANALYZE protaddr.protection'
		timed repeated "SELECT protaddr.load_cpr_file('$delivery')"
		# a value has 1 GB at most
		[ "$people" -gt 1000000 ] || timed read "SELECT octet_length(pg_read_binary_file('$delivery'))"
		TIMEFORMAT='%R %U %S'
		{ time sha256sum "$delivery" >/dev/null; } 2>&1 | awk -v F="$PA_WORK/sum" '{ print $1 * 1000 >> F; print ($2 + $3) * 1000 >> (F ".cpu") }'
	done
	echo
	echo "| $people people, fixed-length form, medians of $rounds: ms | elapsed | ratio | processor time of the session | ratio (quartiles) |"
	echo '|---|---|---|---|---|'
	figures 'COPY of the same rows into plain tables with the same indexes' copy
	figures 'load_cpr_file, into an empty register' load
	figures 'the same people delivered again, nothing new' repeated
	[ ! -e "$PA_WORK/read" ] || figures 'reading the file: pg_read_binary_file' read
	figures 'reading the file: sha256sum' sum
	echo
	echo "Ratios are medians of those within a round; load $(cut -d' ' -f1-3 /proc/loadavg); delivery $(($(stat -c %s "$delivery") / 1000000)) MB."
	echo
	elapsed sql -c "SELECT protaddr.load_cpr_file('$delivery', source => 'again')" >/dev/null
	sql -c "SELECT protaddr.load_cpr_file('$delivery', source => 'watched')" &
	local loader=$! pid='' peak_early=0 peak=0 size rss
	while kill -0 $loader 2>/dev/null; do
		pid=${pid:-$(sql -c "SELECT pid FROM protaddr.load_progress")}
		if [ -n "$pid" ] && [ -r "/proc/$pid/status" ]; then
			rss=$(awk '/RssAnon/ { print $2 }' "/proc/$pid/status" 2>/dev/null)
			[ "$peak_early" != 0 ] || peak_early=${rss:-0}
			[ "${rss:-0}" -le "$peak" ] || peak=$rss
		fi
		sleep 0.1
	done
	echo "The loader's own memory when first seen: $peak_early kB; at its peak: $peak kB."
}

part_size()
{
	local known=$((people * 6)) protected=$((people * 15 / 100)) links=$((people * 12))

	pa_say "$known people, $protected protected, $links links"
	sql -c 'DROP EXTENSION IF EXISTS protaddr CASCADE' -c 'CREATE EXTENSION protaddr' 2>/dev/null
	sql -c "INSERT INTO protaddr.register_person (subject, source) SELECT 'P' || i, 'DK-CPR' FROM generate_series(1, $known) i" \
		-c "INSERT INTO protaddr.protection (kind, subject, regime, code, source) SELECT 'name_and_address', 'P' || i * 40, 'DK-CPR', '0001', 'DK-CPR' FROM generate_series(1, $protected) i" \
		-c "COPY (SELECT prefix || i, 'P' || i, kind FROM generate_series(1, $known) i, (VALUES ('K', 'customer'), ('A', 'account')) k (prefix, kind)) TO '$PA_WORK/links'"
	local took=$(elapsed sql -c "COPY protaddr.identity_link (identifier, subject, kind) FROM '$PA_WORK/links'")
	rm -f "$PA_WORK/links"
	sql -c 'VACUUM ANALYZE protaddr.protection' -c 'VACUUM ANALYZE protaddr.identity_link' -c "SELECT protaddr.confirm_register('DK-CPR')" >/dev/null
	echo
	echo "| $known people known, $protected protected, $links identity links | |"
	echo '|---|---|'
	echo "| COPY of the links | $((links * 1000 / took)) a second |"
	for ((i = 1; i <= rounds; i++)); do
		psql -XAtq -c 'SELECT protaddr.register_max_age()' -c '\timing on' -c "SELECT protaddr.is_protected('A$((i * 977))')" | awk '/^Time/ { print $2 }'
	done | median | sed 's/.*/| a new session'\''s first look-up, an account, library loaded | & ms |/'
	psql -XAtq <<SQL | awk '/^Time/ { t[++n] = $2 } /^[0-9]+$/ { kb = $1 } END {
	printf "| first %d look-ups of different accounts, one statement | %.0f ms |\n", 200000, t[1]
	printf "| warm: each of 200,000 different accounts | %.0f ns over octet_length |\n", (t[3] - t[4]) * 1e6 / 200000
	printf "| warm: one account | %.0f ns over octet_length |\n", (t[5] - t[6]) * 1e6 / 2000000
	printf "| memory of the whole set in a session | %.1f MB |\n", kb / 1048576 }'
\timing on
SELECT count(protaddr.is_protected('A' || i)) FILTER (WHERE i > 0) > 0 FROM generate_series(1, 200000) i;
SELECT 1 WHERE false;
SELECT count(protaddr.is_protected('A' || i)) FILTER (WHERE i > 0) > 0 FROM generate_series(1, 200000) i;
SELECT count(octet_length('A' || i)) FILTER (WHERE i > 0) > 0 FROM generate_series(1, 200000) i;
SELECT count(protaddr.is_protected(x)) > 0 FROM (SELECT 'A977'::text AS x FROM generate_series(1, 2000000) OFFSET 0) s;
SELECT count(octet_length(x)) > 0 FROM (SELECT 'A977'::text AS x FROM generate_series(1, 2000000) OFFSET 0) s;
\timing off
SELECT sum(total_bytes)::bigint FROM pg_backend_memory_contexts WHERE name LIKE 'protaddr%';
SQL
	perl "$PA_TREE/test/data/make_cpr.pl" --people 50000 --protected 0.05 --shape fixed >"$PA_WORK/night"
	echo "SELECT protaddr.is_protected('A' || (random() * $known)::int);" >"$PA_WORK/read.sql"
	pgbench -n -f "$PA_WORK/read.sql" -T 12 -l --log-prefix="$PA_WORK/reads" >/dev/null 2>&1 &
	sleep 3
	took=$(elapsed sql -c "SELECT protaddr.load_cpr_file('$PA_WORK/night', max_lifted => 1000000)")
	wait
	cat "$PA_WORK"/reads* | awk -v took="$took" '{ if ($3 > worst) worst = $3; sum += $3 } END {
		printf "| a nightly delivery of 50,000 people | %d ms |\n| reads beside it: mean, longest | %.2f ms, %.1f ms |\n", took, sum / NR / 1000, worst / 1000 }'
}

for part in "${parts[@]}"; do
	"part_$part"
done
pa_stop_server "$PA_WORK/bench"
