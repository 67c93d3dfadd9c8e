#!/usr/bin/env bash
# picture.sh
#		What does it cost to ask who is protected and known, and to tell it, with a country in
#		the register?  Prints a Markdown table.
#
#	bash test/bench/picture.sh [-n PEOPLE] [-p PROTECTED] [-l LINKS] [-r ROUNDS]
#
# PEOPLE (6,000,000) known people, PROTECTED (100,000) of them protected, LINKS (12,000,000)
# accounts linked to them; the picture that all sessions share holds them.  What is compared
# runs in turn, ROUNDS (9) times, and each figure is the median with its quartiles; those of
# new sessions and single events are of five times as many.  Times are those the client sees.
# The tables are filled with their triggers off, as a restore may; the people are invented.
#
# Runs like run.sh: in a private copy, on a server of its own.  Needs 8 GB of disk, 4 GB of
# memory, and for the defaults a quarter of an hour.

. "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/lib.sh"

arguments=("$@")
people=6000000 protected=100000 links=12000000 rounds=9
while getopts n:p:l:r: option; do
	case $option in
		n) people=$OPTARG ;;
		p) protected=$OPTARG ;;
		l) links=$OPTARG ;;
		r) rounds=$OPTARG ;;
		*) pa_fail "usage: bash test/bench/picture.sh [-n PEOPLE] [-p PROTECTED] [-l LINKS] [-r ROUNDS]" ;;
	esac
done

rows=$((people < 1000000 ? people : 1000000)) few=$((people < 300000 ? people : 300000))

bench_begin "${arguments[@]}"

bench_server "shared_preload_libraries = 'protaddr'
protaddr.shared_picture_size = $(((people * 14 + links * 28) / 1000000 + 16))"
pa_say "filling the tables"
sql <<SQL
CREATE EXTENSION protaddr;
SELECT protaddr.confirm_register('DK-CPR', new_source => true) \g /dev/null
ALTER TABLE protaddr.register_person DISABLE TRIGGER USER;
ALTER TABLE protaddr.protection DISABLE TRIGGER USER;
ALTER TABLE protaddr.identity_link DISABLE TRIGGER USER;
INSERT INTO protaddr.register_person (source, subject) SELECT 'DK-CPR', 1000000000 + i * 7 FROM generate_series(1, $people) i;
INSERT INTO protaddr.protection (subject, regime, code, source, kind)
SELECT 1000000000 + i * 7 * ($people / $protected), 'DK-CPR', '0001', 'DK-CPR', 'name_and_address' FROM generate_series(1, $protected) i;
INSERT INTO protaddr.identity_link (identifier, subject) SELECT 'ACC' || i, 1000000000 + (i % $people + 1) * 7 FROM generate_series(1, $links) i;
DO \$\$
DECLARE t record;
BEGIN
    FOR t IN SELECT tgrelid::regclass AS relation, tgname FROM pg_trigger
             WHERE tgrelid IN ('protaddr.register_person'::regclass, 'protaddr.protection'::regclass, 'protaddr.identity_link'::regclass) AND NOT tgisinternal LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', t.relation, t.tgname);
    END LOOP;
END \$\$;
-- who is asked about, in no order; and a plain table with a btree to compare with
CREATE TABLE person AS SELECT (1000000000 + i * 7)::text AS who FROM generate_series(1, $people) i ORDER BY hashint4(i) LIMIT $rows;
CREATE TABLE account AS SELECT 'ACC' || i AS who FROM generate_series(1, $links) i ORDER BY hashint4(i) LIMIT $rows;
CREATE TABLE few AS SELECT who FROM person LIMIT $few;
CREATE TABLE plain_known (who text COLLATE "C" PRIMARY KEY);
INSERT INTO plain_known SELECT subject_key FROM protaddr.register_person;
CREATE TABLE sealed AS SELECT protaddr.address(strtnm => 'Example street', bldgnb => '1', pstcd => '0000', twnnm => 'Nowhere', ctry => 'DK', subject => who) AS home FROM few;
SELECT protaddr.set_channel('asks', 'withhold', route => 'domestic', description => 'Bench', legal_basis => 'none'),
       protaddr.set_channel('asks_not', 'withhold', route => 'domestic', when_unknown => 'leave', description => 'Bench', legal_basis => 'none') \g /dev/null
VACUUM (ANALYZE, FREEZE);
CHECKPOINT;
SQL
sql -c '\timing on' -c 'SELECT protaddr.build_shared_picture()' >"$F/built"
grep -q '^t' "$F/built" || pa_fail "no picture: $(sql -c 'SELECT reason FROM protaddr.shared_picture')"
milliseconds <"$F/built" >"$F/build"
bytes=$(sql -c 'SELECT bytes FROM protaddr.shared_picture')
goal=$((people * 16 + links * 24 + protected * 40))

pa_say "look-ups"
in_turn 'SELECT count(protaddr.is_protected(who)) FROM person; SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_memoize = off;' \
	none 'SELECT count(octet_length(who)) FROM person' \
	form 'SELECT count(protaddr.subject_key(who)) FROM person' \
	person 'SELECT count(protaddr.is_protected(who)) FROM person' \
	btree 'SELECT count(k.who) FROM person p LEFT JOIN plain_known k ON k.who = p.who COLLATE "C"' \
	none_a 'SELECT count(octet_length(who)) FROM account' \
	account 'SELECT count(protaddr.is_protected(who)) FROM account'

# The clock is read before and after the look-up in one statement, since a new session's statements
# take the longer to plan.
pa_say "new sessions"
for ((i = 0; i < 5 * rounds; i++)); do
	for who in $((1000000000 + i * 7 + 7)) $((1000000000 + i * 7 + 77)); do
		echo "SELECT extract(epoch FROM clock_timestamp()), protaddr.is_protected('$who'), extract(epoch FROM clock_timestamp());"
	done | sql | awk -F'|' -v F="$F" '{ printf "%.0f\n", ($3 - $1) * 1e6 > F "/look" NR }'
	first_of first 'SELECT 1;' "SELECT protaddr.is_protected('$((1000000000 + i * 7 + 7))')"
	first_of plain 'SELECT 1;' "SELECT count(*) FROM plain_known WHERE who = '$((1000000000 + i * 7 + 7))'"
	cat "$F/look1" >>"$F/cold"
	cat "$F/look2" >>"$F/second"
done
pa_say "$few people, each once, in new sessions"
for ((i = 0; i < rounds; i++)); do
	first_of unknown "SELECT protaddr.is_protected('1000000007');" "SELECT protaddr.unknown_people('few', 'who')"
	first_of scan "SELECT protaddr.is_protected('1000000007');" 'SELECT count(octet_length(who)) FROM few'
	first_of release "SELECT protaddr.release(home, 'asks') FROM sealed LIMIT 1;" "SELECT count(protaddr.release(home, 'asks')) FROM sealed"
	first_of release_not "SELECT protaddr.release(home, 'asks_not') FROM sealed LIMIT 1;" "SELECT count(protaddr.release(home, 'asks_not')) FROM sealed"
	sql -c "SELECT protaddr.protect('$((1000000000 + i * 7 + 14))', 'DK-CPR', '0001')" >/dev/null
	first_of unknown_after "SELECT protaddr.is_protected('1000000007');" "SELECT protaddr.unknown_people('few', 'who')"
done

# Single events, a transaction each, in a session that has loaded one of each kind before: about
# people in no order, of whom every other is lifted after it was protected.
pa_say "single events"
tell()
{
	printf "SELECT outcome FROM protaddr.load_register('DK-CPR', '[{%s\"subject\": \"%s\", \"protections\": [%s]}]', mode => '%s'%s);\n" "$@"
}
{
	position=0
	for ((i = -1; i < 5 * rounds; i++)); do
		who=$((1000000000 + 7 * ((i + 2) * 104729 % people + 3)))
		[ "$i" != 0 ] || echo '\timing on'
		tell '' "$who" '' reply ''
		for code in '' '{"code": "0001"}' ''; do
			position=$((position + 1))
			tell "\"position\": $position, " "$who" "$code" events ", upto => $position, as_of => now(), max_lifted => 1000000$([ "$position" = 1 ] || echo ", after => $((position - 1))")"
		done
	done
} >"$F/events.sql"
sql -f "$F/events.sql" >"$F/events.out"
[ "$(grep -c '^loaded$' "$F/events.out")" = $((4 * (5 * rounds + 1))) ] || pa_fail "an event was not loaded" "$F/events.out"
milliseconds <"$F/events.out" | awk -v F="$F" '{ print > F "/event" (NR - 1) % 4 }'

echo
echo "| $people people, $protected protected, $links links; load $(cut -d' ' -f1-3 /proc/loadavg) | median (quartiles) |"
echo '|---|---|'
echo "| building the picture | $(figure 0.001 build) s |"
echo "| its memory | $((bytes / 1000000)) MB; 16 bytes a person, 24 a link, 40 a protection are $((goal / 1000000)) |"
echo "| look-up of a person, warm, beyond \`octet_length\` | $(figure $((1000000 * 1000 / rows))e-3 person none) ns |"
echo "| of that: \`subject_key\`, the call and the identifier's form alone | $(figure $((1000000 * 1000 / rows))e-3 form none) ns |"
echo "| plain table, nested loop over its btree | $(figure $((1000000 * 1000 / rows))e-3 btree none) ns |"
echo "| look-up of an account and its holder, warm | $(figure $((1000000 * 1000 / rows))e-3 account none_a) ns |"
echo "| first look-up of a new session | $(figure 1 cold) us |"
echo "| its second, of somebody else | $(figure 1 second) us |"
echo "| a new session's first statement as a whole: a look-up | $(figure 1000 first) us |"
echo "| the same: one person by key in a plain table | $(figure 1000 plain) us |"
echo "| are $few different people known, new session, each | $(figure $((1000000 * 1000 / few))e-3 unknown scan) ns |"
echo "| the same just after a \`protect()\` elsewhere | $(figure $((1000000 * 1000 / few))e-3 unknown_after scan) ns |"
echo "| \`release\` of $few different people's addresses, new session, each | $(figure $((1000000 * 1000 / few))e-3 release) ns |"
echo "| of that: is the payer known | $(figure $((1000000 * 1000 / few))e-3 release release_not) ns |"
echo "| one reply that changes nothing | $(figure 1 event0) ms |"
echo "| one event that changes nothing | $(figure 1 event1) ms |"
echo "| one event that protects somebody | $(figure 1 event2) ms |"
echo "| one event that lifts somebody | $(figure 1 event3) ms |"
pa_stop_server "$PA_WORK/bench"
