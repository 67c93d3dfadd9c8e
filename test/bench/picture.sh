#!/usr/bin/env bash
# picture.sh
#		What does the picture cost that all sessions share, and what is a look-up in it?
#
#	bash test/bench/picture.sh [PEOPLE [PROTECTED [LINKS]]]
#
# Default 6,000,000, 100,000 and 12,000,000.  Against the running server that psql connects
# to, as a superuser: with the library preloaded, protaddr.shared_picture_size of 14 bytes for
# each of the people and 27 for each link, and 3 GB of disk.  Makes and drops the database
# bench_picture.  The tables are filled with their triggers off, as a restore may; the people
# are invented numbers.  Each figure is the best of five.

set -euo pipefail
people=${1:-6000000} protected=${2:-100000} links=${3:-12000000}
export PGDATABASE=bench_picture PGOPTIONS='-c client_min_messages=warning -c jit=off -c max_parallel_workers_per_gather=0'

sql()
{
	psql -XqAt -v ON_ERROR_STOP=1 "$@"
}

# best STATEMENT: ms, the best of five in one session
best()
{
	{
		echo '\timing on'
		for _ in 1 2 3 4 5; do echo "$1;"; done
	} | sql | sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' | sort -n | head -n 1
}

# first STATEMENT: us, the best of five new sessions that have run another statement
first()
{
	for _ in 1 2 3 4 5; do
		printf '%s\n' "SELECT octet_length('1');" "$2" '\timing on' "$1;" | sql | sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p'
	done | sort -n | head -n 1 | perl -ne 'printf "%.0f\n", $_ * 1000'
}

psql -XqAt -d postgres -c 'DROP DATABASE IF EXISTS bench_picture' -c 'CREATE DATABASE bench_picture'
sql <<SQL
CREATE EXTENSION protaddr;
SELECT protaddr.confirm_register('bench', new_source => true) \g /dev/null
ALTER TABLE protaddr.register_person DISABLE TRIGGER USER;
ALTER TABLE protaddr.protection DISABLE TRIGGER USER;
ALTER TABLE protaddr.identity_link DISABLE TRIGGER USER;
INSERT INTO protaddr.register_person (source, subject) SELECT 'bench', 1000000000 + i * 7 FROM generate_series(1, $people) i;
INSERT INTO protaddr.protection (subject, regime, code, source, kind)
SELECT 1000000000 + i * 7 * ($people / $protected), 'DK-CPR', '0001', 'hand', 'address' FROM generate_series(1, $protected) i;
INSERT INTO protaddr.identity_link (identifier, subject) SELECT 'ACC' || i, 1000000000 + (i % $people + 1) * 7 FROM generate_series(1, $links) i;
DO \$\$
DECLARE t record;
BEGIN
    FOR t IN SELECT tgrelid::regclass AS relation, tgname FROM pg_trigger
             WHERE tgrelid IN ('protaddr.register_person'::regclass, 'protaddr.protection'::regclass, 'protaddr.identity_link'::regclass) AND NOT tgisinternal LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', t.relation, t.tgname);
    END LOOP;
END \$\$;
CREATE TABLE person AS SELECT (1000000000 + i * 7)::text AS who FROM generate_series(1, $people) i ORDER BY hashint4(i) LIMIT 1000000;
CREATE TABLE account AS SELECT 'ACC' || i AS who FROM generate_series(1, $links) i ORDER BY hashint4(i) LIMIT 1000000;
CREATE TABLE few AS SELECT * FROM person LIMIT 300000;
VACUUM (ANALYZE, FREEZE);
CHECKPOINT;
SQL
rows=$(sql -c 'SELECT count(*) FROM person') accounts=$(sql -c 'SELECT count(*) FROM account')
per_row() { perl -e 'printf "%.0f", ($ARGV[0] - $ARGV[1]) * 1e6 / $ARGV[2]' "$@"; }

echo "| $people people, $protected protected, $links links | |"
echo "|---|---|"
built=$(sql -c '\timing on' -c 'SELECT protaddr.build_shared_picture()')
case $built in t*) ;; *) echo "no picture: $(sql -c 'SELECT reason FROM protaddr.shared_picture')" >&2; exit 1 ;; esac
echo "| building it | $(sed -n 's/^Time: \([0-9]*\).*/\1/p' <<<"$built") ms |"
sql -c "SELECT '| its memory | ' || bytes / 1000000 || ' MB: ' || round(bytes / (people + links)::numeric, 1) || ' bytes for each person and link |' FROM protaddr.shared_picture"
empty=$(best 'SELECT count(octet_length(who)) FROM person')
echo "| look-up of a person, warm, call of the function included | $(per_row "$(best 'SELECT count(protaddr.is_protected(who)) FROM person')" "$empty" "$rows") ns |"
echo "| the same without a look-up: subject_key alone | $(per_row "$(best 'SELECT count(protaddr.subject_key(who)) FROM person')" "$empty" "$rows") ns |"
empty=$(best 'SELECT count(octet_length(who)) FROM account')
echo "| look-up of an account and its holder | $(per_row "$(best 'SELECT count(protaddr.is_protected(who)) FROM account')" "$empty" "$accounts") ns |"
echo "| first look-up of a new session, library and catalog caches warm | $(first "SELECT protaddr.is_protected('1000000077')" 'SELECT protaddr.register_ready(), protaddr.is_protected(NULL);') us |"
echo "| the statement alone | $(first "SELECT protaddr.is_protected(NULL)" 'SELECT protaddr.register_ready(), protaddr.is_protected(NULL);') us |"
echo "| are 300,000 different people known, in a new session, each | $(per_row "$(printf '%s\n' '\timing on' "SELECT protaddr.unknown_people('few', 'who');" | sql | sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p')" 0 300000) ns |"
sql -c "SELECT protaddr.protect('1000000084', 'DK-CPR', '0001')" >/dev/null
echo "| the same after a protect() elsewhere | $(per_row "$(printf '%s\n' '\timing on' "SELECT protaddr.unknown_people('few', 'who');" | sql | sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p')" 0 300000) ns |"
psql -XqAt -d postgres -c 'DROP DATABASE bench_picture'
