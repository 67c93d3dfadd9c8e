#
# 030_mutations.pl
#		Is anybody less protected because a delivery was damaged on its way?
#
# The fixtures' second delivery, in each of its shapes, is damaged in 5,000 ways: records
# dropped, doubled near and far, swapped, the file cut off, spliced, a type, a digit, a byte
# or a length garbled, half of the time with the count in the end record put right.  Each is
# loaded over the first delivery, and taken back.  It may be refused.  If not, whoever is
# protected by the true delivery is protected: but for a code that became another one.
# Events of a feed are put in another order, repeated and left out.
#
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ProtaddrTest;
use RegisterTest;
use Test::More;

my $mutations = $ENV{PROTADDR_MUTATIONS} // 5000;
my @shapes    = qw(newline fixed padded bitemporal-delivery reply);
my $seed      = $ENV{PROTADDR_MUTATION_SEED} // 30;
srand($seed);

# the codes that hide nothing: one that becomes such is said, for all that anybody can tell
my $hides_nothing = qr/^000[2-5]$/;
my %length = ('000' => 35, '001' => 106, '002' => 306, '003' => 249, '004' => 37, '008' => 193, '012' => 95, '099' => 45, '999' => 21);

my $node = cluster(PostgreSQL::Test::Cluster->new('mutations'));
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off");
$node->start;
new_database($node, 'bank');
$node->safe_psql('bank', <<'SQL');
CREATE TABLE mutant (id int PRIMARY KEY, kind text, what text, exempt text, file bytea);
CREATE TABLE truth (kind text, subject text);
CREATE TABLE event (id int PRIMARY KEY, people jsonb, missed text[]);
CREATE FUNCTION is_in_force(who text) RETURNS boolean LANGUAGE sql AS $$
	SELECT EXISTS (SELECT FROM protaddr.protection WHERE subject_key IN (SELECT protaddr.numbers_of(who)) AND kind <> 'none' AND recorded_to = 'infinity' AND valid_to = 'infinity')
$$;
-- who of those that are protected by the true reading is not after this one
CREATE FUNCTION lost(what_kind text) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(t.subject, ' ' ORDER BY t.subject) FROM truth t WHERE t.kind = what_kind AND NOT is_in_force(t.subject)
$$;
CREATE FUNCTION try(file bytea, what_kind text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM protaddr.load_cpr_bytes(file, 'DK-CPR', 'ISO-8859-1', CASE what_kind WHEN 'reply' THEN 'reply' ELSE 'delivery' END, true, '{}',
		ROW('DK-CPR', what_kind, false, 0, true, false, NULL, false, 1000000, NULL, false));
	RAISE EXCEPTION USING ERRCODE = 'PATRY', MESSAGE = coalesce('lost ' || lost(what_kind), 'none lost');
EXCEPTION WHEN OTHERS THEN
	RETURN CASE WHEN SQLSTATE = 'PATRY' THEN SQLERRM ELSE 'refused ' || SQLSTATE END;
END
$$;
CREATE FUNCTION try_events(people jsonb) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM protaddr.load_rows('NO-FREG', 'NO-FREG', 'events', people, 100, 200,
		ROW('NO-FREG', 'events', false, 0, true, false, NULL, false, 1000000, NULL, false));
	RAISE EXCEPTION USING ERRCODE = 'PATRY', MESSAGE = coalesce(lost('events'), '');
EXCEPTION WHEN OTHERS THEN
	RETURN CASE WHEN SQLSTATE = 'PATRY' THEN SQLERRM ELSE 'refused ' || SQLSTATE END;
END
$$;
SQL

# ---- a delivery and its records ------------------------------------------------------

# records($file, $fixed) are [where it begins, its bytes], line ends among them
sub records
{
	my ($file, $fixed) = @_;
	my @records;

	pos($file) = 0;
	while (pos($file) < length($file))
	{
		my $at = pos($file);
		if ($fixed) { pos($file) = $at + ($length{ substr($file, $at, 3) } // die 'a type without a length'); }
		else { $file =~ /\G[^\n]*\n?/gc; }
		push @records, [ $at, substr($file, $at, pos($file) - $at) ];
	}
	return @records;
}

sub some { my ($n) = @_; return int(rand($n)); }

# counted($file, $more) is the file with the count of its end record put right
sub counted
{
	my ($file, $more) = @_;
	$file =~ s/^(.*999\d{10})(\d{8})/$1 . sprintf('%08d', $2 + $more)/se;
	return $file;
}

# mutate($file, $fixed) gives what was done, the damaged file, and whose code became another one
sub mutate
{
	my ($file, $fixed) = @_;
	my @record = records($file, $fixed);
	my ($one, $other) = map { 1 + some(@record - 2) } 1, 2;
	my $right  = rand() < .5;
	my $bytes  = sub { return join('', map { $_->[1] } @record) };
	my $what   = qw(drop near far swap cut splice type digit digit byte insert remove)[ some(12) ];

	if ($what eq 'drop')
	{
		# of a delivery without it and with another count nobody could tell
		my $tells = $record[$one][1] =~ /^(?:004|015|016|001|025)/;
		splice(@record, $one, 1);
		return ($what, $right && !$tells ? counted($bytes->(), -1) : $bytes->());
	}
	if ($what eq 'near' || $what eq 'far')
	{
		splice(@record, $what eq 'near' ? $one : $other, 0, $record[$one]);
		return ($what, $right ? counted($bytes->(), 1) : $bytes->());
	}
	if ($what eq 'swap')
	{
		@record[ $one, $other ] = @record[ $other, $one ];
		return ($what, $bytes->());
	}
	return ($what, substr($file, 0, some(length $file))) if $what eq 'cut';
	return ($what, substr($file, 0, some(length $file)) . substr($file, some(length $file))) if $what eq 'splice';
	my $record = $record[ some(scalar @record) ];
	if ($what eq 'type')
	{
		substr($file, $record->[0], 3) = sprintf('%03d', some(1000));
		return ($what, $file);
	}
	my $at = $record->[0] + some(length $record->[1]);
	if ($what eq 'insert' || $what eq 'remove')
	{
		substr($file, $at, $what eq 'insert' ? 0 : 1) = $what eq 'insert' ? chr(32 + some(95)) : '';
		return ($what, $file);
	}
	if ($what eq 'digit')
	{
		my @digits = grep { substr($record->[1], $_, 1) =~ /\d/ } 0 .. length($record->[1]) - 1;
		$at = $record->[0] + $digits[ some(scalar @digits) ] if @digits;
	}
	substr($file, $at, 1) = $what eq 'digit' ? some(10) : chr(some(256));
	my $is = substr($file, $record->[0], length $record->[1]);
	my ($whose, $code) = $is =~ /^004(\d{10})(\d{4})/;
	my $exempt = defined $code && $code =~ $hides_nothing ? $whose : undef;
	# the same of the bitemporal layout, whose code stands elsewhere
	$exempt = $1 if $is =~ /^015(\d{10})/ && $is ne $record->[1];
	return ($what, $file, $exempt);
}

# ---- deliveries ----------------------------------------------------------------------

my $first = make_cpr('--fixture');
is($node->safe_psql('bank', 'SELECT outcome FROM protaddr.load_cpr(' . "'\\x" . unpack('H*', $first) . "', 'DK-CPR', 'ISO-8859-1')"), 'loaded', 'the first delivery');
my $id = 0;
for my $shape (@shapes)
{
	my $file  = make_cpr('--next', '--shape', $shape, $shape eq 'reply' ? ('--person', 3) : ());
	my $hex   = unpack('H*', $file);
	my $truth = $node->safe_psql('bank', <<"SQL");
		BEGIN;
		DO \$\$ BEGIN PERFORM protaddr.load_cpr_bytes('\\x$hex', 'DK-CPR', 'ISO-8859-1', '@{[ $shape eq 'reply' ? 'reply' : 'delivery' ]}', true, '{}', ROW('DK-CPR', 'delivery', false, 0, true, false, NULL, false, 1000000, NULL, false)); END \$\$;
		SELECT string_agg(DISTINCT subject, ' ') FROM protaddr.protection WHERE kind <> 'none' AND recorded_to = 'infinity' AND valid_to = 'infinity';
		ROLLBACK;
SQL
	my @protected = split / /, $truth;
	my ($only)    = $file =~ /^001(\d{10})/m;
	cmp_ok(scalar(@protected), '>', 2, "$shape: the true delivery protects some");
	$node->safe_psql('bank', "INSERT INTO truth SELECT '$shape', unnest('{" . join(',', @protected) . "}'::text[])");
	for my $round (1 .. int($mutations / @shapes / 250 + 0.5) || 1)
	{
		my $sql = "TRUNCATE mutant;\nCOPY mutant FROM stdin;\n";
		for (1 .. ($mutations < 1250 ? $mutations / @shapes : 250))
		{
			my ($what, $mutant, $exempt) = mutate($file, $shape eq 'fixed');
			# nothing shows that a record is missing from within a reply
			$exempt = $only if $shape eq 'reply' && (() = $mutant =~ /^004\d{10}0001/mg) < (() = $file =~ /^004\d{10}0001/mg) && $what =~ /drop|splice|cut/;
			$sql .= join("\t", $id++, $shape, $what, $exempt // '\\N', '\\\\x' . unpack('H*', $mutant)) . "\n";
		}
		$sql .= "\\.\nVACUUM protaddr.protection, protaddr.identity_link, protaddr.register_person;\n" .
		  "SET client_min_messages = error;\nSELECT id, what, coalesce(exempt, '-'), try(file, kind) FROM mutant ORDER BY id;\n";
		my ($out, $err) = run_command([ 'psql', '-XqAt', '-F', "\t", '-h', $node->host, '-p', $node->port, '-d', 'bank', '-f', spew($node->basedir . "/$shape$round.sql", $sql) ]);
		is($err, '', "$shape $round: all were tried");
		my (%tally, @lost);
		for my $line (split /\n/, $out)
		{
			my ($which, $what, $exempt, $result) = split /\t/, $line;
			$tally{ $result =~ s/ .*//r }++;
			my @of = grep { $_ ne $exempt } $result =~ /^lost (.*)/ ? split(/ /, $1) : ();
			push @lost, "$which $what @of" if @of;
		}
		is("@lost", '', "$shape $round: nobody is less protected (seed $seed)");
		cmp_ok($tally{refused}, '>', 0, "$shape $round: some were refused");
		cmp_ok(($tally{none} // 0) + ($tally{lost} // 0), '>', 0, "$shape $round: and some were not");
	}
}

# ---- events --------------------------------------------------------------------------

my @people = map { "E$_" } 1 .. 12;
my @events = map { { subject => $people[ some(12) ], protections => rand() < .6 ? '[{"code": "6"}]' : '[]', position => 101 + $_ } } 0 .. 39;
my $json = sub { return '[' . join(', ', map { qq({"subject": "$_->{subject}", "protections": $_->{protections}, "position": $_->{position}}) } @_) . ']' };
$node->safe_psql('bank', q(SELECT protaddr.load_register('NO-FREG', '[{"subject": "E1", "protections": [{"code": "7"}]}, {"subject": "E2", "protections": [{"code": "7"}]}]')));
my %last;
$last{ $_->{subject} } = $_->{protections} for @events;
my @protected = grep { ($last{$_} // ($_ eq 'E1' || $_ eq 'E2' ? 'since before' : '[]')) ne '[]' } @people;
cmp_ok(scalar(@protected), '>', 2, 'the true events protect some');
$node->safe_psql('bank', "INSERT INTO truth SELECT 'events', unnest('{" . join(',', @protected) . "}'::text[])");
my $sql = '';
my @missed;
for my $i (1 .. $mutations / 10)
{
	my @mutant = @events;
	my $missed = '';
	for (1 .. 1 + some(4)) { my ($a, $b) = (some(40), some(40)); @mutant[ $a, $b ] = @mutant[ $b, $a ]; }
	push @mutant, $mutant[ some(40) ] for 1 .. some(3);
	# of one that is left out, its person may be as before
	$missed = (splice(@mutant, some(scalar @mutant), 1))->{subject} if $i % 2;
	push @missed, $missed;
	$sql .= sprintf("SELECT try_events('%s');\n", $json->(@mutant));
	$sql .= "VACUUM protaddr.protection, protaddr.register_person;\n" if $i % 100 == 0;
}
my ($out, $err) = run_command([ 'psql', '-XqAt', '-h', $node->host, '-p', $node->port, '-d', 'bank', '-f', spew($node->basedir . '/events.sql', $sql) ]);
is($err, '', 'events: all were tried');
my @results = split /\n/, $out, -1;
my @lost    = grep { my $missed = shift @missed; grep { $_ ne $missed } split / / } @results[ 0 .. $mutations / 10 - 1 ];
is("@lost", '', 'events in another order, repeated and left out: nobody is less protected');
$node->stop;
done_testing();
