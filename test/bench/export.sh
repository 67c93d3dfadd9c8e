#!/usr/bin/env bash
# export.sh
#		What does it cost that an export is judged, and put on record, whenever it is read?  Prints a
#		Markdown table.
#
#	bash test/bench/export.sh [-n EXECUTIONS] [-r ROUNDS]
#
# A prepared query reads one row of a view of ten columns with two joins, EXECUTIONS (20,000)
# times a round: on a server without the library; with it, where the view is no export; and
# where it is one.  The three take turns in ROUNDS (9) rounds, and each figure is the median with
# its quartiles; what is compared is of the same round.
#
# Runs like run.sh: in a private copy, on servers of its own.  Takes two minutes.

. "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/lib.sh"

arguments=("$@")
executions=20000 rounds=9
while getopts n:r: option; do
	case $option in
		n) executions=$OPTARG ;;
		r) rounds=$OPTARG ;;
		*) pa_fail "usage: bash test/bench/export.sh [-n EXECUTIONS] [-r ROUNDS]" ;;
	esac
done

bench_begin "${arguments[@]}"
export PGOPTIONS="$PGOPTIONS -c plan_cache_mode=force_generic_plan"

# took NAME STATEMENT appends how long a statement took, after one like it that does not count
took()
{
	printf '%s\n' "${2//EXECUTIONS/$((executions / 10))};" '\timing on' "${2//EXECUTIONS/$executions};" |
		sql | milliseconds >>"$F/$1"
}

# ratio NAME OF prints the median of the ratios of the rounds
ratio()
{
	paste "$F/$1" "$F/$2" | perl -ne 'my ($a, $b) = split; push @v, $a / $b; END { @v = sort { $a <=> $b } @v; printf "%.2f", $v[$#v / 2] }'
}

fill()
{
	sql -d postgres -c 'CREATE DATABASE bench'
	sql -d bench <<'SQL'
CREATE TABLE customer (id int PRIMARY KEY, name text, segment int, opened date, code text);
CREATE TABLE account (id int PRIMARY KEY, customer int, iban text, balance numeric, currency text);
CREATE TABLE branch (id int PRIMARY KEY, town text, region text);
INSERT INTO customer SELECT i, 'name' || i, i % 7, '2020-01-01', 'c' || i FROM generate_series(1, 1000) i;
INSERT INTO account SELECT i, i, 'DK' || i, i, 'DKK' FROM generate_series(1, 1000) i;
INSERT INTO branch SELECT i, 'Opdigtby', 'east' FROM generate_series(0, 6) i;
CREATE VIEW plain AS SELECT a.id, a.iban, a.balance, a.currency, c.name, c.opened, c.code, c.segment, b.town, b.region
FROM account a JOIN customer c ON c.id = a.customer JOIN branch b ON b.id = c.segment;
CREATE VIEW extract AS SELECT a.id, a.iban, a.balance, a.currency, c.name, c.opened, c.code, c.segment, b.town, b.region
FROM account a JOIN customer c ON c.id = a.customer JOIN branch b ON b.id = c.segment;
CREATE FUNCTION read_plain(n int) RETURNS void LANGUAGE plpgsql AS $$ DECLARE r record; BEGIN FOR i IN 1 .. n LOOP SELECT * INTO r FROM plain WHERE id = i % 1000 + 1; END LOOP; END $$;
CREATE FUNCTION read_extract(n int) RETURNS void LANGUAGE plpgsql AS $$ DECLARE r record; BEGIN FOR i IN 1 .. n LOOP SELECT * INTO r FROM extract WHERE id = i % 1000 + 1; END LOOP; END $$;
VACUUM ANALYZE;
SQL
}

pa_start_server "$PA_WORK/without" "autovacuum = off" && without=$PGHOST && fill
pa_start_server "$PA_WORK/bench" "shared_preload_libraries = 'protaddr'
autovacuum = off" && with=$PGHOST && fill
export PGDATABASE=bench
sql >/dev/null <<'SQL'
CREATE EXTENSION protaddr;
SELECT protaddr.declare_free(t, c, 'bench') FROM (VALUES ('customer', 'name'), ('customer', 'code'), ('account', 'iban'), ('account', 'currency'), ('branch', 'town'), ('branch', 'region')) v(t, c);
SELECT protaddr.declare_export('extract', 'file_extract', reason => 'bench');
SQL
[ "$(sql -c 'SELECT status FROM protaddr.export_status')" = 'may leave' ] || pa_fail "the export may not be read"

for ((round = 0; round < rounds; round++)); do
	PGHOST=$without took without 'SELECT read_plain(EXECUTIONS)'
	PGHOST=$with took beside 'SELECT read_plain(EXECUTIONS)'
	PGHOST=$with took export 'SELECT read_extract(EXECUTIONS)'
	PGHOST=$with took series "DO 'BEGIN FOR i IN 1 .. EXECUTIONS LOOP PERFORM count(*) FROM generate_series(1, 10); END LOOP; END'"
	PGHOST=$with took anew "DO 'BEGIN FOR i IN 1 .. EXECUTIONS LOOP PERFORM count(*) FROM protaddr.explain_export(''extract''); END LOOP; END'"
done

us=$(perl -e 'printf "%.9f", 1000 / shift' "$executions")
echo
echo "| ten columns, two joins, one row, prepared; load $(cut -d' ' -f1-3 /proc/loadavg) | us, median (quartiles) |"
echo '|---|---|'
echo "| without the library | $(figure "$us" without) |"
echo "| with it, no export | $(figure "$us" beside); ratio $(ratio beside without) |"
echo "| an export, judged and put on record | $(figure "$us" export); ratio $(ratio export without) |"
echo "| what an export costs beyond the same query without the library | $(figure "$us" export without) |"
echo "| beyond a view that is no export | $(figure "$us" export beside) |"
echo "| at most, when something has changed: judged anew, and explained in words | $(figure "$us" anew series) |"
pa_stop_server "$PA_WORK/without"
pa_stop_server "$PA_WORK/bench"
