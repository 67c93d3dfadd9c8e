#!/usr/bin/env bash
# audit.sh
#		What does the audit trail cost?  Prints Markdown.
#
#	bash test/bench/audit.sh [-s SECONDS] [-c CLIENTS]
#
# A point read that releases one address: of somebody free, which leaves no record, and of
# somebody protected, which leaves two; with each value of protaddr.audit_sync, one client
# and CLIENTS (4), SECONDS (5) each.  Beside them, if it is installed, pgaudit's record of
# the same statement in the server log.  The cost of a record is half of the difference
# of one client's statements.
#
# Runs like run.sh: in a private copy, on a server of its own, which syncs.

. "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/lib.sh"

arguments=("$@")
seconds=5 clients=4
while getopts s:c: option; do
	case $option in
		s) seconds=$OPTARG ;;
		c) clients=$OPTARG ;;
		*) pa_fail "usage: bash test/bench/audit.sh [-s SECONDS] [-c CLIENTS]" ;;
	esac
done
bench_begin "${arguments[@]}"
pgaudit=
[ ! -e "$(pg_config --pkglibdir)/pgaudit.so" ] || pgaudit=,pgaudit
bench_server "shared_preload_libraries = 'protaddr$pgaudit'
fsync = on"
sql -c "CREATE EXTENSION protaddr" -c "SELECT protaddr.confirm_register('bench', new_source => true)" >/dev/null
sql >/dev/null <<'SQL'
CREATE TABLE customer (id int PRIMARY KEY, who text, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', 'who');
INSERT INTO customer SELECT i, 'P' || i, '{"StrtNm": "Vestergade", "BldgNb": "1", "TwnNm": "Testby", "Ctry": "DK"}' FROM generate_series(1, 1000) i;
SELECT protaddr.protect('P' || i, 'DK-CPR', '0001') FROM generate_series(1, 500) i;
SQL
for who in "protected 1 500" "free 501 1000"; do
	set -- $who
	printf '%s\n' "\\set id random($2, $3)" \
		"SELECT protaddr.release(home, 'cross_border', 5000, 'EUR', 'P9') IS NOT NULL FROM customer WHERE id = :id;" >"$F/$1.sql"
done

# tps SCRIPT CLIENTS
tps() { pgbench -n -M prepared -T "$seconds" -c "$2" -j "$2" -f "$F/$1.sql" 2>/dev/null | sed -n 's/^tps = \([0-9.]*\).*/\1/p'; }
setting() { sql -d postgres -c "ALTER SYSTEM SET $1" -c "SELECT pg_reload_conf()" >/dev/null; sleep 1; }

echo "| | statements/s, 1 client | $clients clients | us a record |"
echo "|---|---|---|---|"
free=$(tps free 1)
printf '| free: no record | %.0f | %.0f | |\n' "$free" "$(tps free "$clients")"
for sync in off statement always; do
	setting "protaddr.audit_sync = $sync"
	one=$(tps protected 1)
	printf '| protected, `audit_sync = %s`: two records | %.0f | %.0f | %s |\n' "$sync" "$one" "$(tps protected "$clients")" \
		"$(perl -e 'printf "%.1f", (1e6 / $ARGV[0] - 1e6 / $ARGV[1]) / 2' "$one" "$free")"
done
if [ -n "$pgaudit" ]; then
	setting "protaddr.audit_sync = off"
	setting "pgaudit.log = 'read'"
	one=$(tps free 1)
	printf '| free, pgaudit: one line of the log | %.0f | %.0f | %s |\n' "$one" "$(tps free "$clients")" \
		"$(perl -e 'printf "%.1f", 1e6 / $ARGV[0] - 1e6 / $ARGV[1]' "$one" "$free")"
fi
sql -c "SELECT verdict || ', ' || records || ' records' FROM protaddr.audit_verify() WHERE own"
