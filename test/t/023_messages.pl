#
# 023_messages.pl
#		Do large messages leave in the memory of a small one, and does none that is refused leave a trace?
#
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Encode qw(encode);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ProtaddrTest;
use Test::More;

my $node = cluster(PostgreSQL::Test::Cluster->new('messages'));
$node->append_conf('postgresql.conf', 'log_statement = none');
$node->start;
new_database($node, 'bank');
my $canary = CANARY;
$node->safe_psql('bank', encode('UTF-8', q{
	SELECT protaddr.load_register('DK-CPR', '[{"subject": "6101704001", "protections": []}, {"subject": "6201704002", "protections": [{"code": "0001"}]}]');
	SELECT protaddr.link_identity('DK61OPDI00000000000061', '6101704001'), protaddr.link_identity('DK62OPDI00000000000062', '6201704002');
	CREATE TABLE outbound (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, doc xml);
	SELECT protaddr.install_gate('outbound', channel => 'sepa', messages => '{"doc": "xml"}');
	CREATE TABLE raw (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, doc bytea);
	SELECT protaddr.install_gate('raw', channel => 'sepa', messages => '{"doc": "xml"}');
	ALTER TABLE raw ALTER doc SET STORAGE EXTERNAL;
	-- every second transaction is one of the protected person, nothing of whom is told; the payee is nobody we know
	CREATE FUNCTION transactions(n bigint, street text) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg('<CdtTrfTxInf><PmtId><EndToEndId>' || i || '</EndToEndId></PmtId><IntrBkSttlmAmt Ccy="EUR">' || i || '</IntrBkSttlmAmt><Dbtr><Nm>Prøve ' || i || '</Nm><PstlAdr><StrtNm>' ||
		CASE i % 2 WHEN 0 THEN 'Vestergade' ELSE street END || '</StrtNm><BldgNb>' || i || '</BldgNb><TwnNm>Prøveby</TwnNm><Ctry>DK</Ctry></PstlAdr></Dbtr><DbtrAcct><Id><IBAN>' ||
		CASE i % 2 WHEN 0 THEN 'DK61OPDI00000000000061' ELSE 'DK62OPDI00000000000062' END || '</IBAN></Id></DbtrAcct><Cdtr><Nm>Sam Sample</Nm></Cdtr><RmtInf><Ustrd>invoice ' || i || '</Ustrd></RmtInf></CdtTrfTxInf>', E'\n' ORDER BY i)
	FROM generate_series(1, n) i
	$$;
	CREATE FUNCTION document(transactions text) RETURNS text LANGUAGE sql AS $$
	SELECT '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"><FIToFICstmrCdtTrf><GrpHdr><MsgId>1</MsgId></GrpHdr>' || transactions || '</FIToFICstmrCdtTrf></Document>'
	$$}));

# ---- 10,000 transactions in one message ------------------------------------------------------

is($node->safe_psql('bank', qq{
	CREATE TABLE large AS SELECT document(transactions(10000, 'Streetname')) AS doc;
	INSERT INTO outbound (doc) SELECT doc::xml FROM large;
	SELECT count(*) FILTER (WHERE t LIKE '%<StrtNm>Vestergade</StrtNm>%'), count(*) FILTER (WHERE t LIKE '%PstlAdr%'), count(*) FILTER (WHERE t LIKE '%Streetname%'), count(*)
	FROM outbound, regexp_split_to_table(doc::text, E'\\n') t}), '5000|5000|0|10000', 'of 10,000 transactions the 5,000 of one person keep their address');
is($node->safe_psql('bank', q{
	SELECT regexp_replace(l.doc, '<PstlAdr><StrtNm>Streetname.*?</PstlAdr>', '', 'g') = o.doc::text FROM large l, outbound o}), 't',
	'and every other byte is as it was');

# ---- 200 MB: the message, what leaves, and no more ---------------------------------------------

$node->safe_psql('bank', q{
	CREATE TABLE huge AS SELECT convert_to(document(repeat(transactions(1000, 'Streetname'), 530)), 'UTF8') AS doc;
	ALTER TABLE huge ALTER doc SET STORAGE EXTERNAL});
my $size = $node->safe_psql('bank', 'SELECT octet_length(doc) FROM huge');
cmp_ok($size, '>', 200_000_000, "a message of $size bytes");
# Asked again and again while it runs: more than the message and what leaves of it, with
# the room that grows for that, is never allocated.
my $session = $node->background_psql('bank');
my $pid = $session->query_safe('SELECT pg_backend_pid();');
my @memory;
begun($session, q(SELECT octet_length(protaddr.release_message(doc, 'sepa')) FROM huge));
push @memory, memory_of($node, $pid) while do { $session->{run}->pump_nb; index($session->{stdout}, 'ended') < 0 };
my ($left) = ended($session);
$session->quit;
cmp_ok($left, '<', $size - 530 * 500 * 100, 'half of its addresses are gone');
note('MB in use: ' . join(' ', map { int($_ / 1e6) } @memory));
@memory = sort { $a <=> $b } @memory;
cmp_ok($memory[-1], '>', $size, 'it was seen at work');
cmp_ok($memory[-1], '<', 2 * $size + 100e6, 'in the memory of the message and its result');
# cancelled in the middle, it leaves nothing and the session goes on
my ($status, $out, $err) = $node->psql('bank', q{SET statement_timeout = '50ms'; INSERT INTO raw (doc) SELECT doc FROM huge;});
like($err, qr/statement timeout/, 'it can be cancelled');
is($node->safe_psql('bank', 'SELECT count(*) FROM raw'), '0', 'and then nothing has left');
$node->safe_psql('bank', 'DROP TABLE huge');

# ---- refused, and not a word of it in the log ------------------------------------------------------

foreach my $broken (
	"document(transactions(3, '$canary')) || '<'", "replace(document(transactions(3, '$canary')), 'urn:iso', 'urn:invented')",
	"'<!DOCTYPE Document [<!ENTITY a \"$canary\">]>' || document(transactions(3, '&a;'))")
{
	($status, $out, $err) = $node->psql('bank', encode('UTF-8', "PREPARE i AS INSERT INTO raw (doc) VALUES (convert_to($broken, 'UTF8'));") . "\nEXECUTE i", on_error_stop => 0);
	like($err, qr/may not leave through channel/, 'refused');
	unlike($err, qr/DETAIL:.*\Q$canary\E/, 'and told without what it holds');
}
is($node->safe_psql('bank', 'SELECT count(*) FROM raw'), '0', 'nothing has left');
ok(!holds($node->logfile, $canary), 'no address in the log');

$node->stop;
done_testing();
