#
# 005_log_leaks.pl
#		Does an address that a client typed in stand anywhere but in its sealed value?
#
# Every way in and every kind of error, each with a number of its own after the canary.
# Then server log, data directory, statistics, dumps and what the client was told are
# searched.  What the server logs of a statement before anybody has parsed it is the
# client's own affair: see the last section, which uses another name.
#
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use File::Find;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ProtaddrTest;
use Test::More;

my $node = cluster(PostgreSQL::Test::Cluster->new('leaks'));
$node->append_conf('postgresql.conf', <<'CONF');
restart_after_crash = on
log_statement = none
log_min_messages = debug1
autovacuum = off
deadlock_timeout = 100ms
CONF
my $dir = $node->basedir;
$node->start;
new_database($node, 'bank');
$node->safe_psql('bank', <<'SQL');
CREATE EXTENSION pg_stat_statements;
CREATE TABLE customer (id int PRIMARY KEY CHECK (id <> 13), cpr text NOT NULL, home protaddr.address UNIQUE, late int UNIQUE DEFERRABLE INITIALLY DEFERRED);
SELECT protaddr.bind_column('customer', 'home', subject => 'cpr');
CREATE TABLE payment (id int PRIMARY KEY, payer text, home protaddr.address);
INSERT INTO protaddr.channel (channel, route, when_protected, description, legal_basis) VALUES ('blocks', 'domestic', 'block', 'test', 'test');
SELECT protaddr.install_gate('payment', channel => 'blocks', subject => 'payer');
SELECT protaddr.protect('hidden', 'DK-CPR', '0001');
INSERT INTO customer VALUES (1, 'hidden', 'Something else 1', 1);
CREATE TABLE parent (id int) PARTITION BY LIST (id);
CREATE TABLE part PARTITION OF parent FOR VALUES IN (1);
ALTER TABLE parent ADD home protaddr.address;
CREATE TABLE message (id int PRIMARY KEY, payer text, doc text);
SELECT protaddr.install_gate('message', channel => 'sumclearing', subject => 'payer', messages => '{"doc": "json"}');
CREATE VIEW message_view AS SELECT * FROM message;
CREATE TABLE note (id int PRIMARY KEY CHECK (id <> 7), payer text, words text, more text[]);
SELECT protaddr.install_gate('note', channel => 'sepa', subject => 'payer');
CREATE FUNCTION fails(text) RETURNS protaddr.address LANGUAGE plpgsql AS $$ BEGIN RETURN $1::protaddr.address; END $$;
CREATE FUNCTION seals_and_fails(text) RETURNS int LANGUAGE plpgsql AS $$ DECLARE a protaddr.address := $1; BEGIN RETURN 1 / 0; END $$;
SQL

# [name, SQLSTATE or 'none', SQL with %s for the address].  "ours" are errors that protaddr
# raises: of these the client is not told its own input again either.
my $json = '{"StrtNm":"%s","BldgNb":"1","PstCd":"8000","TwnNm":"Aarhus","Ctry":"DK"}';
my @ways = (
	[ 'plain line',            'none',  q(INSERT INTO customer VALUES (%d, 'hidden', '%s')) ],
	[ 'JSON',                  'none',  qq(INSERT INTO customer VALUES (%d, 'hidden', '$json')) ],
	[ 'constructor',           'none',  q(INSERT INTO customer VALUES (%d, 'hidden', protaddr.address(strtnm => '%s', subject => 'hidden'))) ],
	[ 'text cast',             'none',  q(INSERT INTO customer VALUES (%d, 'hidden', '%s'::text::protaddr.address)) ],
	[ 'PREPARE',               'none',  q(PREPARE p AS INSERT INTO customer VALUES ($1, 'hidden', '%2$s'); EXECUTE p(%1$d); EXECUTE p(%1$d + 100000)) ],
	[ 'EXECUTE parameter',     'none',  q(PREPARE p AS INSERT INTO customer VALUES ($1, 'hidden', $2); EXECUTE p(%d, '%s')) ],
	[ 'DO',                    'none',  q(DO $$ BEGIN INSERT INTO customer VALUES (%d, 'hidden', '%s'); END $$) ],
	[ 'DO EXECUTE',            'none',  q(DO $$ BEGIN EXECUTE 'INSERT INTO customer VALUES ($1, $2, $3::protaddr.address)' USING %d, 'hidden', '%s'; END $$) ],
	[ 'function argument',     'none',  q(INSERT INTO customer VALUES (%d, 'hidden', fails('%s'))) ],
	[ 'UPDATE',                'none',  q(SELECT %d; UPDATE customer SET home = '%s' WHERE id = 1) ],
	[ 'COPY text',             'none',  "COPY customer (id, cpr, home) FROM STDIN;\n%d\thidden\t%s\n\\.\n" ],
	[ 'COPY csv',              'none',  "COPY customer (id, cpr, home) FROM STDIN (FORMAT csv);\n%d,hidden,%s\n\\.\n" ],
	[ 'default',               'none',  q(CREATE TABLE d%d (id int, home protaddr.address DEFAULT '%s'); INSERT INTO d%1$d VALUES (1)) ],
	[ 'view',                  'none',  q(CREATE VIEW v%d AS SELECT '%s'::protaddr.address AS home) ],
	[ 'show in a message',     'P0001', q(INSERT INTO customer VALUES (%d, 'hidden', '%s'); DO $$ DECLARE t text; BEGIN SELECT protaddr.show(home) INTO t FROM customer WHERE id = %1$d; RAISE EXCEPTION 'it is %%', t; END $$) ],

	[ 'ours: element unknown', '22P02', q(INSERT INTO customer VALUES (%d, 'hidden', '{"Street":"%s"}')) ],
	[ 'ours: broken JSON',     '22P02', q|INSERT INTO customer VALUES (%d, 'hidden', '{"StrtNm":"%s')| ],
	[ 'ours: too long',        '22001', q{INSERT INTO customer VALUES (%d, 'hidden', '%s } . 'x' x 80 . q{')} ],
	[ 'ours: control',         '22P02', q(INSERT INTO customer VALUES (%d, 'hidden', E'%s\x01')) ],
	[ 'ours: bad country',     '22P02', q(INSERT INTO customer VALUES (%d, 'hidden', protaddr.address(strtnm => '%s', ctry => 'XX'))) ],
	[ 'ours: withheld text',   '22P02', q(INSERT INTO customer VALUES (%d, 'hidden', '%s [address withheld]')) ],
	[ 'ours: bad COPY line',   '22P02', qq(COPY customer (id, cpr, home) FROM STDIN;\n%d\thidden\t{"X":"%s"}\n\\.\n) ],
	[ 'ours: bad in function', '22P02', q(SELECT fails('{"%2$s":%1$d}')) ],
	[ 'ours: bad parameter',   '22P02', q(PREPARE p(text) AS INSERT INTO customer VALUES (%d, 'hidden', $1::protaddr.address); EXECUTE p('{"X":"%s"}')) ],
	[ 'ours: gate',            '23PA1', q(INSERT INTO payment VALUES (%d, 'hidden', '%s')) ],

	[ 'unique',                '23505', q(INSERT INTO customer VALUES (0 * %d + 1, 'hidden', '%s')) ],
	[ 'unique address',        '23505', q(WITH a AS MATERIALIZED (SELECT '%2$s'::protaddr.address AS home) INSERT INTO customer SELECT %1$d + i, 'hidden', protaddr.release(home, 'sumclearing') FROM a, generate_series(1, 2) i; INSERT INTO customer SELECT 200000 + %1$d + i, 'hidden', home FROM customer, generate_series(1, 2) i WHERE id = 1) ],
	[ 'check',                 '23514', q(INSERT INTO customer VALUES (0 * %d + 13, 'hidden', '%s')) ],
	[ 'not null',              '23502', q(INSERT INTO customer VALUES (%d, NULL, '%s')) ],
	[ 'deferred',              '23505', q(BEGIN; INSERT INTO customer VALUES (%d, 'hidden', '%s', 1); COMMIT) ],
	[ 'partition',             '23514', q(INSERT INTO parent VALUES (%d, '%s')) ],
	[ 'cast',                  '42846', q(SELECT %d, '%s'::protaddr.address::int) ],
	[ 'no operator',           '42883', q(SELECT FROM customer WHERE id = %d AND '%s'::protaddr.address = home) ],
	[ 'division in the same',  '22012', q(INSERT INTO customer SELECT %d / (id - 1), 'hidden', '%s' FROM customer WHERE id = 1) ],
	[ 'function fails',        '22012', q(SELECT %d, seals_and_fails('%s')) ],
	[ 'later in transaction',  '22012', q(BEGIN; INSERT INTO customer VALUES (%d, 'hidden', '%s'); SELECT 1 / 0; COMMIT) ],
	[ 'DO RAISE after',        'P0001', q(DO $$ BEGIN INSERT INTO customer VALUES (%d, 'hidden', '%s'); RAISE EXCEPTION 'no'; END $$) ],
	[ 'COPY unique',           '23505', "COPY customer (id, cpr, home) FROM STDIN;\n%d\thidden\t%s\n1\thidden\t%2\$s\n\\.\n" ],
	[ 'COPY check',            '23514', "COPY customer (id, cpr, home) FROM STDIN;\n%d\thidden\t%s\n13\thidden\t%2\$s\n\\.\n" ],
	[ 'COPY next column',      '22P02', "COPY customer (id, cpr, home, late) FROM STDIN;\n%d\thidden\t%s\tno number\n\\.\n" ],
	[ 'COPY extra column',     '22P04', "COPY customer (id, cpr, home) FROM STDIN;\n%d\thidden\tfirst\n%1\$d\thidden\t%s\textra\n\\.\n" ],
	[ 'statement timeout',     '57014', q(SET statement_timeout = 100; SELECT %d, '%s'::protaddr.address, pg_sleep(10)) ],
	[ 'prepared twice',        '23505', q(PREPARE p AS INSERT INTO customer VALUES (%d, 'hidden', '%s'); EXECUTE p; EXECUTE p) ],
);

my $number = 1000;
my %used;			# canary with its number => name

sub canary_for
{
	my ($name, $word) = @_;
	my $canary = ($word || CANARY) . ' ' . ++$number;
	$used{$canary} = $name;
	return ($canary, $number);
}

# log_holds($string) gives the lines of the server log with it, since this section began
my $log_start = 0;
sub log_holds
{
	my ($string, $lines) = @_;
	$lines //= log_lines();
	return join("\n", grep { index($_, $string) >= 0 } @$lines);
}
sub log_lines { return [ split(/\n/, substr(slurp_file($node->logfile), $log_start)) ]; }

# a constant of type text, as debug_print_plan prints it
sub as_node_bytes { return join(' ', map { ord } split(//, $_[0])); }

sub in_every_way
{
	my ($section) = @_;
	%used      = ();
	$log_start = -s $node->logfile;

	for my $way (@ways)
	{
		my ($name, $expected, $sql) = @$way;
		next if $section =~ /chatty/ && $name =~ /^(PREPARE|prepared twice)$/;	# see the last section
		my ($canary, $id) = canary_for($name);
		my ($state, $told) = error_of($node, 'bank', sprintf($sql, $id, $canary));
		is($state, $expected, "$section: $name: ends as expected");
		ok(index($told, CANARY) < 0, "$section: $name: the client is not told what it typed")
		  if $name =~ /^ours/ || $name =~ /show/;
	}

	# parameters of the extended protocol
	for my $mode ('extended', 'prepared')
	{
		for my $fails ('none', 'unique', 'bad')
		{
			my ($canary, $id) = canary_for("pgbench $mode $fails");
			my $script = "$dir/script_$mode.sql";
			open(my $out, '>', $script) or die $!;
			print $out "INSERT INTO customer VALUES (:id, 'hidden', :address);\n";
			close($out);
			my $address = $fails eq 'bad' ? qq({"X":"$canary"}) : $canary;
			$id = 1 if $fails eq 'unique';
			my ($stdout, $stderr);
			my $done = IPC::Run::run(
				[ 'pgbench', '-n', '-t1', '-c1', '-M', $mode, '-D', "id=$id", '-D', "address=$address", '-f', $script, $node->connstr('bank') ],
				'>', \$stdout, '2>', \$stderr);
			is($done ? 'done' : 'failed', $fails eq 'none' ? 'done' : 'failed', "$section: parameter, $mode, $fails: ends as expected");
			ok(index($stderr, CANARY) < 0, "$section: parameter, $mode: the client is not told what it sent") if $fails eq 'bad';
		}
	}

	# a deadlock names the other's statement
	{
		my ($canary, $id) = canary_for('deadlock');
		$node->safe_psql('bank', 'CREATE TABLE IF NOT EXISTS a (); CREATE TABLE IF NOT EXISTS b (home protaddr.address)');
		my $one = $node->background_psql('bank', on_error_stop => 0);
		my $two = $node->background_psql('bank', on_error_stop => 0);
		$two->query('SELECT protaddr.subject_key($$x$$)');
		$two->query(q(SET deadlock_timeout = '10ms'));
		$one->query(q(SET deadlock_timeout = '1h'));
		$one->query('BEGIN; LOCK TABLE a IN ACCESS EXCLUSIVE MODE');
		$two->query('BEGIN; LOCK TABLE b IN ACCESS EXCLUSIVE MODE');
		$one->query_until(qr/now/, "\\echo now\nINSERT INTO b SELECT '$canary'::protaddr.address;\n");
		$node->poll_query_until('bank', q(SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock')) or die;
		$two->query('LOCK TABLE a IN ACCESS EXCLUSIVE MODE');
		isnt(log_holds('deadlock detected'), '', "$section: deadlock: there was one");
		$two->quit;
		$one->query('COMMIT');
		$one->quit;
	}

	# A backend that dies: the postmaster logs what it was running, which only protaddr in
	# the postmaster can keep out of the log.
	{
		my ($canary) = $section =~ /preloaded/ ? canary_for('crash') : 'Undtagelsesvej 0';
		my $dies = $node->background_psql('bank', on_error_stop => 0);
		$dies->query_until(qr/now/, "\\echo now\nSELECT '$canary'::protaddr.address, pg_sleep(100);\n");
		$node->poll_query_until('bank', q(SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep')) or die;
		my $pid = $node->safe_psql('bank', q(SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'));
		crashed($node, $pid);
		$dies->{run}->finish;
		isnt(log_holds('was terminated by signal 9'), '', "$section: crash: there was one");
		is(log_holds('Failed process was running: ') ne '' ? 'logged' : 'not logged', $section =~ /preloaded/ ? 'not logged' : 'logged',
			"$section: crash: the statement is kept from the log where protaddr is preloaded");
	}

	my @found = split(/\n/, log_holds(CANARY));
	for my $canary (sort keys %used)
	{
		my @with = grep { /\Q$canary\E\b/ } @found;
		is(join("\n", @with), '', "$section: $used{$canary}: not in the server log");
	}
	return;
}

my $quiet = <<'CONF';
log_min_duration_statement = -1
CONF
my $chatty = <<'CONF';
log_min_messages = debug2
log_error_verbosity = verbose
log_min_duration_statement = 0
log_parameter_max_length = -1
log_parameter_max_length_on_error = -1
log_lock_waits = on
auto_explain.log_min_duration = 0
auto_explain.log_verbose = on
auto_explain.log_analyze = on
auto_explain.log_nested_statements = on
CONF

for my $section (
	[ 'quiet', '', $quiet ],
	[ 'quiet, preloaded', 'protaddr', $quiet ],
	[ 'chatty', 'pg_stat_statements, auto_explain', $chatty ],
	[ 'chatty, preloaded', 'protaddr, pg_stat_statements, auto_explain', $chatty ])
{
	my ($name, $preload, $conf) = @$section;
	$node->append_conf('postgresql.conf', "shared_preload_libraries = '$preload'\n$conf");
	$node->restart;
	in_every_way($name);
}

# Trees of statements, as debug_print_parse and its like have them.
{
	$node->append_conf('postgresql.conf', "shared_preload_libraries = 'protaddr, pg_stat_statements'\nlog_min_messages = warning\n$quiet");
	$node->restart;
	$log_start = -s $node->logfile;
	my ($literal, $id) = canary_for('printed tree');
	$node->safe_psql('bank', "SET debug_print_parse = on; SET debug_print_rewritten = on; SET debug_print_plan = on; INSERT INTO customer VALUES ($id, 'hidden', '$literal')");
	my $flat = join(' ', @{ log_lines() }) =~ s/\s+/ /gr;
	ok(index($flat, ' parse tree: ') >= 0, 'statements are to be logged as trees');
	ok(index($flat, 'DETAIL: Withheld by protaddr') >= 0, 'but not one with an address');
	ok(index($flat, as_node_bytes($literal)) < 0, 'not as bytes either');
	is(log_holds($literal), '', 'nor does the statement come along');
}

# Nor is what a function reads with its owner's rights shown to whoever may call it.
{
	my $secret = 'ZZHEMMELIGPERSON99';
	$node->safe_psql('bank', qq(CREATE ROLE regress_loader LOGIN; GRANT EXECUTE ON FUNCTION protaddr.load_staged, protaddr.protect, protaddr.lift, protaddr.link_identity TO regress_loader;
		INSERT INTO protaddr.register_staging (source, subject, code) VALUES ('NO-FREG', '$secret', 'FORTROLIG')));
	my ($told, $result) = ('', '');
	$node->psql('bank', q(SET debug_print_parse = on; SET debug_print_rewritten = on; SET debug_print_plan = on; SET debug_pretty_print = off; SET client_min_messages = log;
		SELECT outcome FROM protaddr.load_staged('NO-FREG', 'NO-FREG')), stdout => \$result, stderr => \$told, extra_params => [ '-U', 'regress_loader' ]);
	is($result, 'loaded', 'a loader loads what it may not read');
	isnt(index($told, 'LOG:  plan:'), -1, 'it is shown the plan of its own statement');
	is(index($told, $secret), -1, 'but not what the function reads');
	is(index($told, as_node_bytes($secret)), -1, 'not as bytes either');
}

# ---- what is stored ------------------------------------------------------------------

my $still_there = $node->safe_psql('bank', 'SELECT count(*) FROM customer WHERE home IS NOT NULL');
cmp_ok($still_there, '>', 40, 'the addresses are stored');
$node->safe_psql('bank', 'ANALYZE; CHECKPOINT');
is($node->safe_psql('bank', "SELECT count(*) FROM pg_stat_statements WHERE query LIKE 'INSERT INTO customer%' AND query LIKE '%" . CANARY . "%'"), '0', 'pg_stat_statements has the statements without constants');
is($node->safe_psql('bank', "SELECT count(*) FROM pg_stats s WHERE s::text LIKE '%" . CANARY . "%'"), '0', 'pg_stats does not hold it');
isnt($node->safe_psql('bank', q(SELECT count(*) FROM pg_stats s WHERE attname = 'home')), '0', 'though the columns have statistics');
for my $format (qw(plain directory))
{
	command_ok([ 'pg_dump', '-Z0', '-F', substr($format, 0, 1), '-f', "$dir/leaks_$format.dump", $node->connstr('bank') ], "$format dump");
}
$node->stop;

my @found;
my $files = 0;
find(
	{   no_chdir => 1,
		wanted   => sub {
			return if !-f $_ || $_ =~ m{/script_\w+\.sql$};
			$files++;
			push @found, $File::Find::name if holds($_, CANARY);
		}
	},
	$dir);
cmp_ok($files, '>', 500, 'there are files to search');
is(join("\n", @found), '', 'data files, WAL, statistics and dumps do not hold it');

# ---- the client's own statement --------------------------------------------------------

# log_statement logs before a statement is parsed; a statement that fails before its
# address was read is unknown to us.  The log then has what the client wrote, and with
# pg_stat_statements.track_utility that has utility statements, as the README says.  Only
# as statements, though.  Not the canary: the log is searched for that after the suite.
my $own = 'Undtagelsesvej';
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'protaddr'\nlog_min_messages = warning\nlog_error_verbosity = default\nlog_statement = all\n$quiet");
$node->start;
$log_start = -s $node->logfile;
for my $sql (
	"INSERT INTO customer VALUES (500001, 'hidden', '$own 1')",
	"INSERT INTO nowhere VALUES (500002, 'hidden', '$own 2')",
	"INSERT INTO customer VALUES (500003, 'hidden', '$own 3'",
	"INSERT INTO customer VALUES (500004, 'hidden', '{\"X\":\"$own 4\"}')",
	"INSERT INTO customer VALUES (1, 'hidden', '$own 5')")
{
	$node->psql('bank', $sql);
}
my @lines = split(/\n/, log_holds($own));
is(scalar(grep { /LOG:  statement: / } @lines), 4, 'log_statement has each statement that can be parsed');
is(scalar(grep { /STATEMENT:  / } @lines), 2, 'and the log has it again with an error that comes before the address is read');
is(scalar(@lines), 6, 'and that is all');

# The body of a function that nobody has called yet: nobody has looked at it.
$log_start = -s $node->logfile;
$node->psql("bank", "CREATE FUNCTION fails(text) RETURNS int LANGUAGE plpgsql AS \$\$ BEGIN INSERT INTO customer VALUES (500006, 'hidden', '$own 6'); END \$\$");
is(scalar(grep { /STATEMENT:  / } split(/\n/, log_holds($own))), 1, 'and the body of a function whose definition fails');
$node->stop;

# ---- a text that outlives its transaction, and other libraries' hooks ----------------------

# A log shipper: it writes down what a hook is told, if it is told anything.
my $spy = build_spy();
# Not the canary either: pg_proc has the body of a function as its author wrote it.
my $canary_of = sub { my ($what) = @_; return (canary_for("outlives: $what", 'Efterladtvej'))[0]; };

sub outlives
{
	my ($how, $preload) = @_;
	unlink("$dir/told");
	$node->append_conf('postgresql.conf', "shared_preload_libraries = '$preload'\n" . $chatty . <<"CONF");
log_statement = none
log_min_messages = warning
CONF
	$node->start;
	%used      = ();
	$log_start = -s $node->logfile;
	$node->safe_psql('bank', 'DELETE FROM customer WHERE id BETWEEN 600000 AND 600099; INSERT INTO customer VALUES (600000, $$hidden$$, NULL)');
	my %ways = (
		'SQL prepared'  => q(PREPARE p AS INSERT INTO customer VALUES (600001, 'hidden', '%s'); EXECUTE p;, EXECUTE p),
		'never computed' => q(SELECT ('%s'::text)::protaddr.address WHERE false;, SELECT 1/0 FROM customer WHERE ('%s'::text)::protaddr.address IS NULL OR id > 0),
		'cursor'        => q(BEGIN; DECLARE c CURSOR FOR SELECT 1 / (id - 600000), '%s'::protaddr.address FROM customer WHERE id = 600000;, FETCH c),
		'function'      => q(CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN INSERT INTO customer VALUES (600002, 'hidden', '%s'); RETURN 1 / (SELECT count(*) - 1 FROM customer WHERE id = 600000); END $$; BEGIN; SAVEPOINT s; SELECT pg_temp.f(); ROLLBACK;, SELECT pg_temp.f()),
		'function, inner position' => q(DO $$ BEGIN EXECUTE 'SELECT protaddr.subject_key(''x''), ''%s''::protaddr.address, nowhere'; END $$;, SELECT 1 / 0),
		'message'       => q(PREPARE m AS SELECT protaddr.release_message('<a>%s</a>', 'sepa');, EXECUTE m),
		'array'         => q(SELECT 1 / (id - 600000) FROM customer WHERE id = 600000 AND '{"%s"}'::protaddr.address[] IS NOT NULL;, SELECT 1 / 0, '{"%s"}'::text[]::protaddr.address[]),
		'plan, at another level' => q(SET auto_explain.log_level = warning; SELECT ('%s'::text)::protaddr.address FROM customer;, SELECT count(*) FROM customer WHERE ('%s'::text)::protaddr.address IS NULL),
		'populated'     => q(SELECT 1 / 0, * FROM jsonb_populate_record(NULL::customer, '{"home": "%s"}');, SELECT 1 / 0, * FROM jsonb_to_record('{"home": "%s"}') AS (home protaddr.address)),
		'column of XML' => q(SELECT 1 / 0, * FROM xmltable('/a' PASSING '<a><home>%s</home></a>' COLUMNS home protaddr.address);, SELECT 1),
		'VALUES'        => q(SELECT 1 / 0, v.home::protaddr.address FROM (VALUES ('%s')) v(home);, SELECT 1),
		'parameter of EXECUTE' => q(PREPARE t(text) AS SELECT 1 / 0, $1::protaddr.address;, EXECUTE t('%s')),
		'message that no gate sees' => q(INSERT INTO message VALUES (1 / 0, 'hidden', '{"Dbtr": {"PstlAdr": "%s"}}');, UPDATE message SET doc = '{"Dbtr": {"PstlAdr": "%s"}}' WHERE 1 / 0 = id),
		'message through a view' => q(INSERT INTO message_view VALUES (1 / 0, 'hidden', '{"Dbtr": {"PstlAdr": "%s"}}');, PREPARE m(text) AS INSERT INTO message VALUES (1 / 0, 'hidden', $1); EXECUTE m('{"Dbtr": {"PstlAdr": "%s"}}')),
		'text that no gate sees' => q(INSERT INTO note VALUES (1 / 0, 'hidden', '%s'), (1, 'hidden', NULL);, UPDATE note SET more = '{"%s"}' WHERE 1 / 0 = id),
		'text that a constraint refuses' => q(INSERT INTO note VALUES (7, 'hidden', '%s');, PREPARE n(text) AS INSERT INTO note VALUES (7, 'hidden', $1); EXECUTE n('%s')),
		'text twice'    => q(INSERT INTO note VALUES (1, 'hidden', '%s') ON CONFLICT DO NOTHING;, INSERT INTO note VALUES (1, 'hidden', 'x', ARRAY['%s'])),
		'guard'         => q(SELECT 1 / 0, protaddr.guard('%s', 'sepa');, SELECT 1 / 0 FROM protaddr.find_protected('%s')),
		'verbose plan'  => q(EXPLAIN (VERBOSE, COSTS OFF) SELECT ('%s'::text)::protaddr.address FROM customer;, SELECT count(*) FROM customer WHERE ('%s'::text)::protaddr.address IS NULL),
	);
	for my $what (sort keys %ways)
	{
		my $canary = $canary_of->($what);
		my ($first, $second) = split(/;, /, $ways{$what} =~ s/%s/$canary/gr);
		# the definition of a function is its owner's own text: not logged here
		my $quiet = $what =~ /^function$/ ? "SET log_min_duration_statement = -1; SET auto_explain.log_min_duration = -1; " : '';
		my $session = $node->background_psql('bank', on_error_stop => 0);
		$session->query("$quiet$first;");
		$session->query("RESET log_min_duration_statement; RESET auto_explain.log_min_duration;") if $quiet;
		$session->query("$second;");
		$session->quit;
	}
	# the extended protocol: parsed once, executed in transactions of their own
	my $canary = $canary_of->('named statement');
	append_to_file("$dir/named.sql", '') if !-e "$dir/named.sql";
	{
		open(my $out, '>', "$dir/named.sql") or die $!;
		print $out "INSERT INTO customer VALUES (600003, 'hidden', '$canary');\n";
		close($out);
	}
	IPC::Run::run([ 'pgbench', '-n', '-t3', '-c1', '-M', 'prepared', '-f', "$dir/named.sql", $node->connstr('bank') ], '>', \my $out, '2>', \my $err);
	# what is written comes in a parameter, and the row is refused
	$canary = $canary_of->('parameter for a text');
	{
		open(my $file, '>', "$dir/named.sql") or die $!;
		print $file "INSERT INTO note VALUES (7, 'hidden', :words::text);\n";
		close($file);
	}
	IPC::Run::run([ 'pgbench', '-n', '-t1', '-c1', '-M', 'extended', '-D', "words=$canary", '-f', "$dir/named.sql", $node->connstr('bank') ], '>', \$out, '2>', \$err);
	unlink("$dir/named.sql");
	$node->stop;
	my $told = -e "$dir/told" ? slurp_file("$dir/told") : '';
	cmp_ok(scalar(split /\n/, $told), '>', 20, "$how: the shipper is told") if $preload =~ /spy/;
	isnt(log_holds('Query Text: '), '', "$how: plans are logged") if $preload =~ /auto_explain/;
	for my $canary (sort keys %used)
	{
		is(log_holds($canary), '', "$how, $used{$canary}: not in the log");
		is(join("\n", grep { index($_, $canary) >= 0 } split(/\n/, $told)), '', "$how, $used{$canary}: the shipper is not told");
	}
	return;
}

# build_spy compiles it; '' where that cannot be done
sub build_spy
{
	my $include = `pg_config --includedir-server`;
	chomp($include);
	open(my $out, '>', "$dir/spy.c") or die $!;
	print $out <<"C";
#include "postgres.h"
#include "fmgr.h"
#include "tcop/tcopprot.h"
#include "utils/elog.h"
PG_MODULE_MAGIC;
void _PG_init(void);
static emit_log_hook_type previous = NULL;
static void spy(ErrorData *e)
{
	FILE *f = e->output_to_server ? fopen("$dir/told", "a") : NULL;
	if (f)
	{
		fprintf(f, "%s|%s|%s|%s|%s\\n", e->message ? e->message : "", e->hide_stmt || !debug_query_string ? "" : debug_query_string,
				e->detail_log ? e->detail_log : e->detail ? e->detail : "", e->hide_ctx || !e->context ? "" : e->context,
				e->internalquery ? e->internalquery : "");
		fclose(f);
	}
	if (previous) previous(e);
}
void _PG_init(void) { previous = emit_log_hook; emit_log_hook = spy; }
C
	close($out);
	my $built = system("cc -shared -fPIC -I'$include' -o '$dir/spy.so' '$dir/spy.c' 2>/dev/null") == 0;
	chmod(0755, "$dir/spy.so") if $built;
	return $built ? "$dir/spy.so" : '';
}
SKIP:
{
	skip 'no compiler for the log shipper', 1 unless $spy;
	outlives('shipper first', "$spy, auto_explain, protaddr, pg_stat_statements");
	outlives('shipper last',  "protaddr, pg_stat_statements, auto_explain, $spy");
}
done_testing();
