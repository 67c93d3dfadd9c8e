#!/usr/bin/env bash
# guard.sh
#		What does it cost to look for protected addresses in texts?  Prints a Markdown table.
#
#	bash test/bench/guard.sh [-n ADDRESSES] [-s STREETS] [-r ROUNDS]
#
# ADDRESSES (1,000,000) of protected people in STREETS (80,000) streets, as many as Denmark has
# names of, are looked for in payment texts of 200 characters and in messages of 3.6 kB, none of
# which has one; some name another house.  Beside it stand length(), to_tsvector() and a regular
# expression over the same columns, and inserts through a gate that leaves the text out.  What
# is compared runs in turn, ROUNDS (9) times in one session, and each figure is the median
# with its quartiles.  Times are those the client sees.  The addresses are invented.
#
# Runs like run.sh: in a private copy, on a server of its own.  Needs 4 GB of disk, 4 GB of
# memory, and for the defaults ten minutes.

. "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/lib.sh"

arguments=("$@")
addresses=1000000 streets=80000 rounds=9 texts=20000 messages=2000
while getopts n:s:r: option; do
	case $option in
		n) addresses=$OPTARG ;;
		s) streets=$OPTARG ;;
		r) rounds=$OPTARG ;;
		*) pa_fail "usage: bash test/bench/guard.sh [-n ADDRESSES] [-s STREETS] [-r ROUNDS]" ;;
	esac
done

bench_begin "${arguments[@]}"

bench_server "shared_preload_libraries = 'protaddr'
protaddr.guard_memory = 2GB"
pa_say "filling the tables"
sql >/dev/null <<SQL
CREATE EXTENSION protaddr;
SELECT protaddr.confirm_register('DK-CPR', new_source => true);
-- names of two to four parts that no word of the language tables is
CREATE FUNCTION street(n bigint) RETURNS text LANGUAGE sql IMMUTABLE RETURN
	initcap((ARRAY['opdigt','fantasi','lovsang','moseko','skovfe','birketop','engpip','havrebo'])[1 + n % 8] || (ARRAY['ba','de','fi','go','hu','ky','la','me','ni','po'])[1 + n / 8 % 10]
		|| (ARRAY['s','r','l','n','t','k','m','d','f','b'])[1 + n / 80 % 10] || (ARRAY['ea','io','ua','ei','oa','ae','ie','uo','au','ou'])[1 + n / 800 % 10]) || (ARRAY['vej','gade','stien','vænget','alle','parken','toften','bakken','marken','dalen'])[1 + n / 8000 % 10];
CREATE TABLE customer (cpr text PRIMARY KEY, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', 'cpr');
ALTER TABLE customer DISABLE TRIGGER ALL;
INSERT INTO customer SELECT 6000000000 + n, protaddr.address(strtnm => street(n % $streets), bldgnb => (1 + n / $streets * 2 % 90)::text,
	flr => CASE WHEN n % 3 = 0 THEN (n / 3 % 5)::text END, unitnb => CASE WHEN n % 3 = 0 THEN (ARRAY['tv','mf','th'])[1 + n % 7 % 3] END,
	pstcd => (1000 + n % $streets % 900 * 10)::text, twnnm => 'Opdigtby' || n % $streets % 900, ctry => 'DK', subject => (6000000000 + n)::text) FROM generate_series(1::bigint, $addresses) n;
DO \$\$
DECLARE t record;
BEGIN
    FOR t IN SELECT tgname FROM pg_trigger WHERE tgrelid = 'customer'::regclass AND NOT tgisinternal LOOP
        EXECUTE format('ALTER TABLE customer ENABLE ALWAYS TRIGGER %I', t.tgname);
    END LOOP;
END \$\$;
ALTER TABLE protaddr.protection DISABLE TRIGGER USER;
INSERT INTO protaddr.protection (subject, regime, code, source, kind) SELECT cpr, 'DK-CPR', '0001', 'DK-CPR', 'name_and_address' FROM customer;
DO \$\$
DECLARE t record;
BEGIN
    FOR t IN SELECT tgname FROM pg_trigger WHERE tgrelid = 'protaddr.protection'::regclass AND NOT tgisinternal LOOP
        EXECUTE format('ALTER TABLE protaddr.protection ENABLE ALWAYS TRIGGER %I', t.tgname);
    END LOOP;
END \$\$;
CREATE TABLE said AS SELECT n AS id, rpad(format('Betaling for faktura %s af %s, kundenr %s, ydelse efter aftale med %s og %s i %s. Se også brev af 3. maj.%s Beløbet er inkl. moms og fragt, ', n, date '2026-01-01' + n % 300, 4711 + n,
	(ARRAY['Hansen','Jensen','Opdigtsen','Fantasi ApS'])[1 + n % 4], (ARRAY['Sørensen','Aagaard','Müller'])[1 + n % 3], (ARRAY['forsommeren','marts','uge 12'])[1 + n % 3],
	CASE WHEN n % 5 = 0 THEN format(' %s %s, %s.', street(n * 7 % $streets), 1 + n % 45 * 2 + 1, 'Odense') ELSE '' END), 200, 'og betales hver måned indtil videre, tak. ') AS t FROM generate_series(1, $texts) n;
CREATE TABLE message AS SELECT n AS id, '<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"><FIToFICstmrCdtTrf><GrpHdr><MsgId>' || n || '</MsgId></GrpHdr>' ||
	(SELECT string_agg(format('<CdtTrfTxInf><PmtId><EndToEndId>E%s-%s</EndToEndId></PmtId><IntrBkSttlmAmt Ccy="DKK">%s.00</IntrBkSttlmAmt><ChrgBr>SLEV</ChrgBr><Dbtr><Nm>Opdigt Opdigtsen</Nm><PstlAdr><StrtNm>%s</StrtNm><BldgNb>%s</BldgNb><PstCd>%s</PstCd><TwnNm>Odense C</TwnNm><Ctry>DK</Ctry></PstlAdr></Dbtr><DbtrAcct><Id><IBAN>DK5000400440116243</IBAN></Id></DbtrAcct><Cdtr><Nm>Fantasi ApS</Nm></Cdtr><RmtInf><Ustrd>%s</Ustrd></RmtInf></CdtTrfTxInf>',
		n, k, 100 + k, street((n * 11 + k) % $streets), 1 + k * 2 + 1, 5000 + k, (SELECT t FROM said WHERE id = 1 + (n * 5 + k) % $texts)), '') FROM generate_series(1, 5) k) || '</FIToFICstmrCdtTrf></Document>' AS x FROM generate_series(1, $messages) n;
CREATE TABLE covered (id bigint, payer text, remittance text);
CREATE TABLE ignored (LIKE covered);
SELECT protaddr.install_gate('covered', 'sepa', 'payer', ignore => '{"payer":"identifier"}');
SELECT protaddr.install_gate('ignored', 'sepa', 'payer', ignore => '{"payer":"identifier","remittance":"to compare"}');
CREATE TABLE paid AS SELECT id, (6000000000 + 1 + id % 5000)::text AS payer, t FROM said;
VACUUM (ANALYZE, FREEZE);
SQL
pa_say "finding out what is looked for"
sql -c '\timing on' -c 'SELECT protaddr.refresh_guard()' >"$F/refreshed"
milliseconds <"$F/refreshed" >"$F/refresh"
[ "$(sed -n 1p "$F/refreshed")" = "$addresses" ] || pa_fail "not all are looked for: $(cat "$F/refreshed")"
pa_say "making the shared copy"
sql -c '\timing on' -c "SELECT protaddr.guard('nothing', 'file_extract')" | milliseconds >"$F/build"
read -r own shared < <(printf '%s\n' "SELECT protaddr.guard('nothing', 'file_extract') \\g /dev/null" 'SELECT bytes, shared_bytes FROM protaddr.guard_session();' | sql -F ' ')
[ "$shared" -gt 0 ] || pa_fail "no shared copy"
for ((i = 0; i < 3 * rounds; i++)); do
	printf '%s\n' 'SELECT 1;' '\timing on' "SELECT protaddr.guard('nothing', 'file_extract');" | sql | milliseconds >>"$F/first"
done
found=$(sql -c "SELECT count(*) FROM said, protaddr.find_protected(t)")
[ "$(sql -c "SELECT certainty FROM protaddr.find_protected((SELECT 'Til ' || street(5) || ' 1, 1050 Opdigtby5' )) LIMIT 1")" != '' ] || pa_fail "an address is not found"

pa_say "texts and messages"
expression="'(opdigtbasea|fantasidesea|lovsangfisea)(vej|gade) [0-9]+'"
for what in said:t message:x; do
	c=${what#*:} table=${what%:*}
	in_turn "SELECT protaddr.guard('nothing', 'file_extract');" \
		"length_$c" "SELECT count(length($c)) FROM $table" \
		"guard_$c" "SELECT count(protaddr.guard($c, 'file_extract')) FROM $table" \
		"expression_$c" "SELECT count(*) FILTER (WHERE $c ~* $expression) FROM $table" \
		"vector_$c" "SELECT count(to_tsvector('simple', $c)) FROM $table"
done
pa_say "inserts"
in_turn "SELECT protaddr.guard('nothing', 'file_extract');" \
	empty_i "TRUNCATE ignored" many_i "INSERT INTO ignored SELECT * FROM paid" \
	empty_c "TRUNCATE covered" many_c "INSERT INTO covered SELECT * FROM paid" \
	single_i "DO 'DECLARE r paid; BEGIN FOR r IN SELECT * FROM paid LOOP INSERT INTO ignored VALUES (r.id, r.payer, r.t); END LOOP; END'" \
	single_c "DO 'DECLARE r paid; BEGIN FOR r IN SELECT * FROM paid LOOP INSERT INTO covered VALUES (r.id, r.payer, r.t); END LOOP; END'"

# ratio NAME OF prints the median of the ratios of the rounds
ratio()
{
	paste "$F/$1" "$F/$2" | perl -ne 'my ($a, $b) = split; push @v, $a / $b; END { @v = sort { $a <=> $b } @v; printf "%.2f", $v[$#v / 2] }'
}

echo
echo "| $addresses addresses in $streets streets; load $(cut -d' ' -f1-3 /proc/loadavg) | median (quartiles) |"
echo '|---|---|'
echo "| \`refresh_guard()\`: all of them found out | $(figure 0.001 refresh) s |"
echo "| the shared copy, made by the first session that looks | $(figure 0.001 build) s |"
echo "| its memory, an address | $((shared / addresses)) bytes; of a session itself $((own / 1000)) kB |"
echo "| a new session's first look | $(figure 1 first) ms |"
echo "| a text of 200 characters, \`guard()\` beyond \`length()\` | $(figure $((1000000 * 1000 / texts))e-6 guard_t length_t) us |"
echo "| \`length()\`, \`guard()\`, a regular expression, \`to_tsvector()\` of it | $(figure $((1000000 * 1000 / texts))e-6 length_t), $(figure $((1000000 * 1000 / texts))e-6 guard_t), $(figure $((1000000 * 1000 / texts))e-6 expression_t), $(figure $((1000000 * 1000 / texts))e-6 vector_t) us |"
echo "| a message of $(sql -c 'SELECT round(avg(octet_length(x))) FROM message') bytes, \`guard()\` beyond \`length()\` | $(figure $((1000000 * 1000 / messages))e-6 guard_x length_x) us |"
echo "| \`length()\`, \`guard()\`, a regular expression, \`to_tsvector()\` of it | $(figure $((1000000 * 1000 / messages))e-6 length_x), $(figure $((1000000 * 1000 / messages))e-6 guard_x), $(figure $((1000000 * 1000 / messages))e-6 expression_x), $(figure $((1000000 * 1000 / messages))e-6 vector_x) us; ratio $(ratio guard_x length_x) |"
echo "| texts that something was found in | $found of $texts |"
echo "| gated insert of many rows, text looked through and not | $(figure $((1000000 * 1000 / texts))e-6 many_c), $(figure $((1000000 * 1000 / texts))e-6 many_i) us; ratio $(ratio many_c many_i) |"
echo "| gated insert, single statements in one transaction | $(figure $((1000000 * 1000 / texts))e-6 single_c), $(figure $((1000000 * 1000 / texts))e-6 single_i) us; ratio $(ratio single_c single_i) |"
pa_stop_server "$PA_WORK/bench"
