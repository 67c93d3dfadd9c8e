#!/usr/bin/env bash
# run.sh
#		What does protection cost?  Prints Markdown tables of medians and ratios.
#
#	bash test/bench/run.sh [-n ROWS] [-r ROUNDS] [-t SECONDS] [-q SECONDS] [-d DELIVERY] [PART...]
#
# PART: copy, point, insert, gate, message, lookup, load; default all.  ROWS (1,000,000) people
# are generated, 2.5 % of them protected.  Every case of a part runs once in each
# of ROUNDS (7) rounds, backwards in every second one, so that noise hits all;
# ratios are taken within a round, and medians over the rounds.  Each pgbench run
# takes SECONDS (3) after a first one that does not count; beside the rate stands
# the processor time of the sessions for each transaction, start included, which
# suffers less from other work on the machine.
# With -q each measurement waits up to so many seconds for the machine to be idle.
# DELIVERY is a delivery of ROWS people made before, to save its making.
#
# Runs like check.sh: in a private copy, as an ordinary user, on a server of its
# own with fsync on.  Needs 4 GB of disk in TMPDIR and 4 GB of memory.
# KEEP=1 keeps the single measurements (results.tsv) and the log.

. "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/lib.sh"

usage()
{
	echo "usage: bash test/bench/run.sh [-n ROWS] [-r ROUNDS] [-t SECONDS] [-q SECONDS] [-d DELIVERY] [copy|point|insert|gate|message|lookup|load]..." >&2
	exit 2
}

arguments=("$@")
rows=1000000 rounds=7 seconds=3 patience=0 delivery=''
while getopts n:r:t:q:d: option; do
	case $option in
		n) rows=$OPTARG ;;
		r) rounds=$OPTARG ;;
		t) seconds=$OPTARG ;;
		q) patience=$OPTARG ;;
		d) delivery=$OPTARG ;;
		*) usage ;;
	esac
done
shift $((OPTIND - 1))
parts=("$@")
[ $# -gt 0 ] || parts=(copy point insert gate message lookup load)
for part in "${parts[@]}"; do
	case $part in copy | point | insert | gate | message | lookup | load) ;; *) usage ;; esac
done
case $rows$rounds$seconds$patience in *[!0-9]*) usage ;; esac
[ "$rows" -ge 100000 ] || pa_fail "no fewer than 100,000 rows: the slow cases read up to so many"

export PA_NEED=demo
if [ -z "${PA_INSIDE:-}" ] && [ -n "$delivery" ]; then
	export PA_CARRY_FILE=$delivery
fi
pa_setup "$0" "${arguments[@]}"
delivery=${PA_CARRY_FILE:-}

RESULTS=$PA_WORK/results.tsv
ticks=$(getconf CLK_TCK)
SCRIPTS=$PA_WORK/pgbench
mkdir -p "$SCRIPTS"
: >"$RESULTS"

# record PART ROUND CASE VALUE
record()
{
	printf '%s\t%s\t%s\t%s\n' "$@" >>"$RESULTS"
}

# ---- the server and its tables -----------------------------------------------

if [ -z "$delivery" ]; then
	delivery=$PA_WORK/delivery.txt
	pa_say "making a delivery of $rows people"
	perl "$PA_TREE/test/data/make_cpr.pl" --people "$rows" --protected 0.025 --shape newline >"$delivery" ||
		pa_fail "no delivery"
fi

pa_start_server "$PA_WORK/bench" "fsync = on
synchronous_commit = off
shared_buffers = 2GB
maintenance_work_mem = 512MB
max_wal_size = 16GB
checkpoint_timeout = 1h
autovacuum = off
jit = off
max_parallel_workers_per_gather = 0
synchronize_seqscans = off" || exit 1
export PGDATABASE=bench PGOPTIONS='-c client_min_messages=warning'

needs_tables=0
for part in "${parts[@]}"; do
	case $part in load | message) ;; *) needs_tables=1 ;; esac
done
if [ "$needs_tables" = 1 ]; then
	pa_say "making the tables"
	createdb bench || pa_fail "createdb failed"
	sql -c "CREATE EXTENSION protaddr"
	sql -v delivery="$delivery" >/dev/null <<-'EOF'
		SELECT protaddr.load_cpr(pg_read_binary_file(:'delivery'));
	EOF
	sql -v delivery="$delivery" -v rows="$rows" -f "$PA_TREE/test/bench/tables.sql" >/dev/null
	# what is shown is what stands in plain text, or it is withheld
	sql -F ' ' -c "SELECT count(*) FILTER (WHERE protaddr.show(s.home) = p.home), count(*) FILTER (WHERE protaddr.show(s.home) = '[address withheld]'),
		count(*), (SELECT count(*) FROM protected_person) FROM sealed s JOIN plain p USING (id)" >"$PA_WORK/shown"
	read -r shown withheld all protected <"$PA_WORK/shown"
	[ "$((shown + withheld))" = "$rows" ] && [ "$all" = "$rows" ] && [ "$withheld" = "$protected" ] && [ "$protected" -gt 0 ] ||
		pa_fail "of $all addresses $shown are shown and $withheld withheld, with $protected people protected"
fi

# quiet waits, up to $patience seconds, for a second in which nine tenths of the machine were idle.
quiet()
{
	local until=$((SECONDS + patience))
	local -a before after

	while [ "$SECONDS" -lt "$until" ]; do
		before=($(head -n 1 /proc/stat))
		sleep 1
		after=($(head -n 1 /proc/stat))
		[ $((after[4] - before[4])) -lt $((ticks * $(nproc) * 9 / 10)) ] || return
	done
}

# ---- timed statements: ns a row ------------------------------------------------

# Has the session look the register up whole, as it does after some thousand people.
WARM="SELECT count(protaddr.is_protected(cpr)) FROM (SELECT cpr FROM plain LIMIT 20000) p \\g /dev/null
SELECT count(protaddr.show(home)) FROM (SELECT home FROM sealed LIMIT 1000) s \\g /dev/null"

# turned ROUND turns its input around in every second round.
turned()
{
	if [ $(($1 % 2)) = 0 ]; then tac; else cat; fi
}

# timed PART ROUND reads lines "case<TAB>rows<TAB>statement" and runs them in one session.
timed()
{
	local part=$1 round=$2 name n statement
	local -a names=() counts=()
	local script=$PA_WORK/timed.sql

	echo "$WARM" >"$script"
	echo '\timing on' >>"$script"
	while IFS=$'\t' read -r name n statement; do
		names+=("$name") counts+=("$n")
		echo "$statement;" >>"$script"
	done < <(turned "$round")
	quiet
	sql -f "$script" >"$PA_WORK/timed.out"
	sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' "$PA_WORK/timed.out" >"$PA_WORK/timed.ms"
	[ "$(wc -l <"$PA_WORK/timed.ms")" = "${#names[@]}" ] || pa_fail "a statement was not timed" "$PA_WORK/timed.out"
	for n in "${!names[@]}"; do
		read -r statement
		record "$part" "$round" "${names[n]}" "$(perl -e 'printf "%.1f", $ARGV[0] * 1e6 / $ARGV[1]' "$statement" "${counts[n]}")"
	done <"$PA_WORK/timed.ms"
}

# case_line NAME ROWS STATEMENT
case_line()
{
	printf '%s\t%s\t%s\n' "$@"
}

bench_copy()
{
	local round=$1 ten='branch, account, opened, country, balance, name, seen, id, cpr'
	local to="TO '/dev/null'"

	{
		case_line 'plain text' "$rows" "COPY (SELECT id, home FROM plain) $to"
		case_line 'token' "$rows" "COPY (SELECT id, home FROM sealed) $to"
		case_line 'token, binary format' "$rows" "COPY (SELECT id, home FROM sealed) $to (FORMAT binary)"
		case_line 'show' "$rows" "COPY (SELECT id, protaddr.show(home) FROM sealed) $to"
		case_line 'plpgsql mask on plain text' 100000 "COPY (SELECT id, mask(cpr, home) FROM plain WHERE id <= 100000) $to"
		case_line 'pgcrypto decrypt_iv view, no look-up' 100000 "COPY (SELECT id, home FROM pgcrypto_raw_decrypted) $to"
		case_line 'pgcrypto pgp_sym_decrypt view, s2k-mode 0, no look-up' 50000 "COPY (SELECT id, home FROM pgcrypto_mode0_decrypted) $to"
		case_line 'pgcrypto pgp_sym_decrypt view, defaults, no look-up' 3000 "COPY (SELECT id, home FROM pgcrypto_pgp_decrypted) $to"
		case_line 'ten columns: plain text' "$rows" "COPY (SELECT $ten, home FROM plain10) $to"
		case_line 'ten columns: token' "$rows" "COPY (SELECT $ten, home FROM sealed10) $to"
		case_line 'ten columns: token, binary format' "$rows" "COPY (SELECT $ten, home FROM sealed10) $to (FORMAT binary)"
		case_line 'ten columns: show' "$rows" "COPY (SELECT $ten, protaddr.show(home) FROM sealed10) $to"
		case_line 'ten columns: plpgsql mask on plain text' 100000 "COPY (SELECT $ten, mask(cpr, home) FROM plain10 LIMIT 100000) $to"
	} | timed copy "$round" || exit 1
}

bench_lookup()
{
	local round=$1 
	local -a key ms

	{
		case_line 'octet_length, distinct people' "$rows" "SELECT count(octet_length(cpr)) FROM plain"
		case_line 'is_protected, distinct people' "$rows" "SELECT count(protaddr.is_protected(cpr)) FROM plain"
		case_line 'octet_length, one person' "$rows" "SELECT count(octet_length(cpr)) FROM same_person"
		case_line 'is_protected, one person' "$rows" "SELECT count(protaddr.is_protected(cpr)) FROM same_person"
		case_line 'octet_length, protected people' "$rows" "SELECT count(octet_length(cpr)) FROM only_protected"
		case_line 'is_protected, protected people' "$rows" "SELECT count(protaddr.is_protected(cpr)) FROM only_protected"
	} | timed lookup "$round" || exit 1

	# a session that has asked nothing yet: first question, second person, everybody
	sql -c "SELECT cpr FROM plain WHERE id IN ($round, $round + 1000) ORDER BY id" >"$PA_WORK/keys"
	key=($(<"$PA_WORK/keys"))
	sql >"$PA_WORK/cold" <<-EOF
		SELECT 1 \\g /dev/null
		\\timing on
		SELECT octet_length('${key[0]}');
		SELECT protaddr.is_protected('${key[0]}');
		SELECT protaddr.is_protected('${key[1]}');
		SELECT count(protaddr.is_protected(cpr)) FROM (SELECT cpr FROM plain LIMIT 20000) p;
		SELECT count(protaddr.is_protected(cpr)) FROM (SELECT cpr FROM plain LIMIT 20000) p;
	EOF
	ms=($(sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' "$PA_WORK/cold"))
	record cold "$round" 'cold session: octet_length' "${ms[0]}"
	record cold "$round" 'cold session: first look-up' "${ms[1]}"
	record cold "$round" 'cold session: second person' "${ms[2]}"
	record cold "$round" 'cold session: 20,000 people' "${ms[3]}"
	record cold "$round" 'the same 20,000 again' "${ms[4]}"
}

# ---- pgbench: transactions a second --------------------------------------------

# session_ticks prints the processor time of all sessions that have ended, in ticks.
session_ticks()
{
	local -a stat

	# after the name: state is field 3, the children's user and system time 16 and 17
	stat=($(sed 's/.*) //' "/proc/$(head -n 1 "$PA_WORK/bench/data/postmaster.pid")/stat"))
	echo $((stat[13] + stat[14]))
}

# transactions PART ROUND CASE OPTION...
transactions()
{
	local part=$1 round=$2 name=$3 run=$((seconds + 1)) tps count before after

	shift 3
	quiet
	before=$(session_ticks)
	pgbench -n -M prepared -c 2 -j 2 -T "$run" -P 1 "$@" >"$PA_WORK/pgbench.out" 2>&1 ||
		pa_fail "pgbench failed" "$PA_WORK/pgbench.out"
	# without the first second, in which the session looks the register up
	tps=$(perl -ne '$n++ > 0 and $sum += $1 if /^progress: [\d.]+ s, ([\d.]+) tps/; END { printf "%.1f", $sum / ($n - 1) if $n > 1 }' "$PA_WORK/pgbench.out")
	count=$(sed -n 's/^number of transactions actually processed: \([0-9]*\).*/\1/p' "$PA_WORK/pgbench.out")
	[ -n "$tps" ] && [ -n "$count" ] || pa_fail "pgbench told no rate" "$PA_WORK/pgbench.out"
	record "$part" "$round" "$name" "$tps"
	# pgbench leaves before its sessions do
	for after in $(seq 50); do
		[ "$(sql -c "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pgbench'")" != 0 ] || break
		sleep 0.1
	done
	after=$(session_ticks)
	record "$part cpu" "$round" "$name" "$(perl -e 'printf "%.2f", 1e6 * ($ARGV[0] - $ARGV[1]) / $ARGV[2] / $ARGV[3]' "$after" "$before" "$ticks" "$count")"
}

point_scripts()
{
	local what

	for what in 'plain:home FROM plain' 'show:protaddr.show(home) FROM sealed' 'token:home FROM sealed' 'plpgsql:mask(cpr, home) FROM plain'; do
		printf '\\set id random(1, %s)\nSELECT %s WHERE id = :id;\n' "$rows" "${what#*:}" >"$SCRIPTS/point_${what%%:*}"
	done
}

bench_point()
{
	local round=$1 name script

	while IFS=: read -r script name; do
		transactions point "$round" "$name" -f "$SCRIPTS/point_$script" </dev/null
	done < <(printf '%s\n' 'plain:plain text' token:token show:show 'plpgsql:plpgsql mask on plain text' | turned "$round")
}

# Two ways for an address into a payment: from the customer's row, by key, or as
# a literal; 60 literals of 60 people, one of them protected at least, since
# pgbench has no strings in its variables.
insert_scripts()
{
	local kind from n cpr token home

	for kind in ungated gate plpgsql; do
		from=sealed
		[ "$kind" != plpgsql ] || from=plain
		printf '\\set id random(1, %s)\nINSERT INTO payment_%s (payer, amount, payer_address) SELECT cpr, 100, home FROM %s WHERE id = :id;\n' \
			"$rows" "$kind" "$from" >"$SCRIPTS/picked_$kind"
	done
	n=0
	sql -F '|' -c "(SELECT s.cpr, s.home, p.home FROM sealed s JOIN plain p USING (id) WHERE s.cpr IN (SELECT cpr FROM protected_person LIMIT 2))
		UNION ALL (SELECT s.cpr, s.home, p.home FROM sealed s JOIN plain p USING (id) WHERE s.id % ($rows / 60) = 1 LIMIT 58)" >"$PA_WORK/literals"
	while IFS='|' read -r cpr token home; do
		n=$((n + 1))
		for kind in ungated gate; do
			echo "INSERT INTO payment_$kind (payer, amount, payer_address) VALUES ('$cpr', 100, '$token');" >"$SCRIPTS/literal_${kind}_$n"
		done
		echo "INSERT INTO payment_plpgsql (payer, amount, payer_address) VALUES ('$cpr', 100, '$home');" >"$SCRIPTS/literal_plpgsql_$n"
	done <"$PA_WORK/literals"
}

bench_insert()
{
	local round=$1 how commit kind script table
	local -a files

	# the triggers alone: single-row statements in one transaction
	sql -c "TRUNCATE payment_ungated, payment_gate, payment_text, payment_plpgsql"
	for kind in ungated:sealed gate:sealed text:plain plpgsql:plain; do
		table=${kind#*:} kind=${kind%%:*}
		case_line "one transaction: $kind" 50000 "DO \$\$ DECLARE r $table; BEGIN FOR r IN SELECT * FROM $table WHERE id <= 50000 LOOP INSERT INTO payment_$kind (payer, amount, payer_address) VALUES (r.cpr, 100, r.home); END LOOP; END \$\$"
	done | timed trigger "$round" || exit 1

	for commit in on off; do
		for how in literal picked; do
			for kind in $(printf '%s\n' ungated gate plpgsql | turned "$round"); do
				files=()
				for script in "$SCRIPTS/${how}_$kind"*; do
					files+=(-f "$script")
				done
				sql -c "TRUNCATE payment_$kind"
				PGOPTIONS="-c synchronous_commit=$commit" transactions insert "$round" "$how, synchronous_commit $commit: $kind" "${files[@]}"
			done
		done
	done
}

# ---- a payment run: COPY into outbound tables -----------------------------------

bench_gate()
{
	local round=$1 kind table file

	for kind in sealed plain; do
		file=$PA_WORK/payments_$kind.copy
		[ -s "$file" ] || sql -c "COPY (SELECT cpr, 100, home FROM $kind) TO '$file'"
	done
	for kind in ungated:sealed gate:sealed gate_unprotected:sealed text:plain plpgsql:plain; do
		table=payment_${kind%%:*}
		case_line "COPY FROM: ${kind%%:*}" "$rows" "TRUNCATE $table \\; COPY $table (payer, amount, payer_address) FROM '$PA_WORK/payments_${kind#*:}.copy'"
	done | timed gate "$round" || exit 1
	sql -c "TRUNCATE payment_ungated, payment_gate, payment_gate_unprotected, payment_text, payment_plpgsql"
}

# ---- messages: beside an Expat parse of the same bytes -----------------------------

bench_message()
{
	local round=$1 kind alone rewritten

	if [ ! -x "$PA_WORK/message" ]; then
		gcc -O2 -std=gnu11 -I "$PA_TREE/src" -o "$PA_WORK/message" "$PA_TREE/test/bench/message.c" "$PA_TREE"/src/message/xml/*.c "$PA_TREE"/src/text/*.c \
			"$PA_TREE/src/address/element.c" "$PA_TREE/src/address/country.c" -lexpat >"$PA_WORK/logs/message.log" 2>&1 ||
			pa_fail "the message benchmark does not build" "$PA_WORK/logs/message.log"
	fi
	for kind in pacs008 camt054; do
		quiet
		"$PA_WORK/message" "$kind" 50 >"$PA_WORK/message.out" || pa_fail "the message benchmark failed" "$PA_WORK/message.out"
		read -r alone rewritten < <(sed -n 's/.*alone \([0-9.]*\) MB.*rewritten \([0-9.]*\) MB.*/\1 \2/p' "$PA_WORK/message.out")
		record message "$round" "$kind, an Expat parse that does nothing: MB a second" "$alone"
		record message "$round" "$kind, rewritten, every address withheld: MB a second" "$rewritten"
	done
}

# ---- deliveries --------------------------------------------------------------

bench_load()
{
	local round=$1 read first second

	if [ ! -x "$PA_WORK/parse_cpr" ]; then
		gcc -O2 -std=gnu11 -I "$PA_TREE/src" -o "$PA_WORK/parse_cpr" "$PA_TREE/test/bench/parse_cpr.c" \
			"$PA_TREE"/src/register/cpr_{extract,field}.c "$PA_TREE/src/person/subject.c" "$PA_TREE"/src/address/{element,country}.c "$PA_TREE"/src/text/*.c >"$PA_WORK/logs/parse_cpr.log" 2>&1 ||
			pa_fail "parse_cpr does not build" "$PA_WORK/logs/parse_cpr.log"
	fi
	quiet
	record load "$round" 'parser alone, in memory: people a second' "$("$PA_WORK/parse_cpr" "$delivery" | sort -n | sed -n 3p)"

	dropdb --if-exists bench_load && createdb bench_load || pa_fail "createdb failed"
	sql -d bench_load -v delivery="$delivery" >"$PA_WORK/load.out" <<-'EOF'
		CREATE EXTENSION protaddr;
		CHECKPOINT;
		SELECT octet_length(pg_read_binary_file(:'delivery')) \g /dev/null
		\timing on
		SELECT octet_length(pg_read_binary_file(:'delivery'));
		SELECT persons FROM protaddr.load_cpr(pg_read_binary_file(:'delivery'));
		SELECT persons FROM protaddr.load_cpr(pg_read_binary_file(:'delivery'));
	EOF
	[ "$(grep -cx "$rows" "$PA_WORK/load.out")" = 2 ] || pa_fail "the load did not load $rows people" "$PA_WORK/load.out"
	{
		read -r read && read -r first && read -r second
	} < <(sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' "$PA_WORK/load.out")
	record load "$round" 'reading the file: seconds' "$(perl -e 'printf "%.2f", $ARGV[0] / 1000' "$read")"
	record load "$round" 'first load: seconds' "$(perl -e 'printf "%.2f", $ARGV[0] / 1000' "$first")"
	record load "$round" 'first load: people a second' "$(perl -e 'printf "%.0f", $ARGV[0] / $ARGV[1] * 1000' "$rows" "$first")"
	record load "$round" 'second load, nothing new: seconds' "$(perl -e 'printf "%.2f", $ARGV[0] / 1000' "$second")"
	record load "$round" 'second load, nothing new: people a second' "$(perl -e 'printf "%.0f", $ARGV[0] / $ARGV[1] * 1000' "$rows" "$second")"
	dropdb bench_load
}

# ---- all of it -------------------------------------------------------------------

point_scripts
[ "$needs_tables" = 0 ] || insert_scripts
for part in "${parts[@]}"; do
	for round in $(seq "$rounds"); do
		pa_say "$part, round $round of $rounds"
		"bench_$part" "$round"
	done
done
pa_stop_server "$PA_WORK/bench"
perl "$PA_TREE/test/bench/report.pl" "$RESULTS" "$rows" "$rounds"
