#
# 037_export_fuzz.pl
#		Does a view that the lineage calls clean ever show what it must not?
#
# Random views over a small schema: columns, expressions, joins, set operations, subqueries,
# CTEs, recursion, aggregates, windows, views on views.  Of each the verdict is asked; one that
# may leave is read twice, with two different secrets in the columns that nobody declared
# free.  If any character of it differs, the secret has come out.
#
#	PA_FUZZ_VIEWS=100000 PA_FUZZ_SEED=7	how many, and which
#
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ProtaddrTest;
use Test::More;

my $views = $ENV{PA_FUZZ_VIEWS} || 2000;
my $seed  = $ENV{PA_FUZZ_SEED} // int(rand(1 << 30));
srand($seed);
note "PA_FUZZ_SEED=$seed";

my $node = cluster(PostgreSQL::Test::Cluster->new('fuzz'));
$node->append_conf('postgresql.conf', "log_statement = none\nlog_min_messages = fatal\nfsync = off\nautovacuum = off\njit = off");
$node->start;
new_database($node, 'fuzz');
$node->safe_psql('fuzz', <<'SQL');
CREATE TABLE a (id int, free text, secret text, n int, doc jsonb, tags text[]);
CREATE TABLE b (id int, free text, secret text, made text GENERATED ALWAYS AS (upper(free)) STORED, hidden text GENERATED ALWAYS AS (lower(secret)) STORED);
SELECT protaddr.declare_free(t, 'free', 'fuzz') FROM (VALUES ('a'), ('b')) x(t);
CREATE FUNCTION same(t text) RETURNS text LANGUAGE sql IMMUTABLE BEGIN ATOMIC SELECT t; END;
CREATE FUNCTION second(t text, u text) RETURNS text LANGUAGE sql IMMUTABLE BEGIN ATOMIC SELECT u; END;
CREATE FUNCTION pair_of(i int) RETURNS TABLE (p text, q text) LANGUAGE sql STABLE BEGIN ATOMIC SELECT a.free, a.secret FROM a WHERE a.id = i; END;
CREATE FUNCTION told(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN t; END';
-- how long a text is, and which are the same, may leave: so the two are alike in that, and in nothing else
CREATE FUNCTION secrets(s text, up bool) RETURNS void LANGUAGE sql AS $$
    DELETE FROM a; DELETE FROM b;
    INSERT INTO a SELECT i, 'free' || i, s || x, i, jsonb_build_object('k', s || x, 'n', x), ARRAY[s, s || x] FROM generate_series(1, 3) i, LATERAL (SELECT CASE WHEN up THEN i ELSE 5 - i END AS x) y;
    INSERT INTO b SELECT i, 'open' || i, s || CASE WHEN up THEN i ELSE 5 - i END FROM generate_series(2, 4) i;
$$;
CREATE TABLE clean (n int, definition text);
CREATE TABLE leak (n int, definition text);
CREATE TABLE outcome (what text);
-- what a view shows, in the order of its text: an order by a secret is not looked at
CREATE FUNCTION shown() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    all_of_it text;
BEGIN
    EXECUTE 'SELECT string_agg(t, E''\n'' ORDER BY t COLLATE "C") FROM (SELECT v::text AS t FROM v LIMIT 1000) x' INTO all_of_it;
    RETURN coalesce(all_of_it, '');
EXCEPTION WHEN OTHERS OR query_canceled THEN
    RETURN SQLSTATE;
END
$$;
CREATE FUNCTION try(k int, definition text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    one text;
    other text;
BEGIN
    BEGIN
        EXECUTE 'CREATE VIEW v AS ' || definition;
    EXCEPTION WHEN OTHERS THEN
        INSERT INTO outcome VALUES ('no view');
        RETURN;
    END;
    IF EXISTS (SELECT FROM protaddr.explain_export('v', 'file_extract') e WHERE e.verdict <> 'may leave') THEN
        INSERT INTO outcome VALUES ('refused');
    ELSE
        PERFORM secrets('Kxq Bakken1', true);
        one := shown();
        PERFORM secrets('Zvw Stien 9', false);
        other := shown();
        INSERT INTO outcome VALUES (CASE WHEN '57014' IN (one, other) THEN 'slow' WHEN one = '' THEN 'empty' WHEN one ~ '^[0-9A-Z]{5}$' THEN 'error' ELSE 'clean' END);
        IF one <> other AND '57014' NOT IN (one, other) THEN
            INSERT INTO leak VALUES (k, definition);
        END IF;
    END IF;
    DROP VIEW v;
END
$$;
SQL

# ---- random queries ----------------------------------------------------------------------

sub pick { return $_[ int rand @_ ] }
sub chance { return rand() < $_[0] }

my $names = 0;
sub fresh { return 'x' . ++$names }

# A scope is a list of [expression, type]; types are t (text), i (int), b (bool).
sub of_type { my ($type, $scope) = @_; return grep { $_->[1] eq $type } @$scope }

sub text_of
{
	my ($scope, $depth) = @_;
	my @here = of_type('t', $scope);
	return @here && chance(0.75) ? pick(@here)->[0] : pick("'c'", "'free1'", "'K'") if $depth <= 0 || chance(0.35);
	my $again = sub { text_of($scope, $depth - 1) };
	my $kind = int rand 22;
	return 'lower(' . $again->() . ')' if $kind == 0;
	return '(' . $again->() . ' || ' . $again->() . ')' if $kind == 1;
	return 'substr(' . $again->() . ', ' . int_of($scope, $depth - 1) . ', 1)' if $kind == 2;
	return 'coalesce(' . $again->() . ', ' . $again->() . ')' if $kind == 3;
	return 'CASE WHEN ' . bool_of($scope, $depth - 1) . ' THEN ' . $again->() . ' ELSE ' . $again->() . ' END' if $kind == 4;
	return 'CASE ' . $again->() . " WHEN 'K' THEN " . $again->() . " WHEN 'free1' THEN 'F' END" if $kind == 5;
	return 'nullif(' . $again->() . ', ' . $again->() . ')' if $kind == 6;
	return 'md5(' . $again->() . ')' if $kind == 7;
	return 'same(' . $again->() . ')' if $kind == 8;
	return 'second(' . $again->() . ', ' . $again->() . ')' if $kind == 9;
	return 'reverse(' . $again->() . ')' if $kind == 10;
	return '(ARRAY[' . $again->() . ', ' . $again->() . '])[' . pick(1, 2) . ']' if $kind == 11;
	return "(jsonb_build_object('k', " . $again->() . ") ->> 'k')" if $kind == 12;
	return 'greatest(' . $again->() . ', ' . $again->() . ')' if $kind == 13;
	return 'protaddr.guard(' . $again->() . ", 'sepa')" if $kind == 14 && chance(0.1);
	return '(' . subquery($scope, 't', $depth - 1) . ')' if $kind == 15;
	return '(ROW(' . $again->() . ', 1)::text)' if $kind == 16;
	return '(' . int_of($scope, $depth - 1) . ')::text' if $kind == 17;
	return 'told(' . $again->() . ')' if $kind == 18 && chance(0.2);
	return 'replace(' . $again->() . ", 'e', " . $again->() . ')' if $kind == 19;
	return 'split_part(' . $again->() . ", 'e', 1)" if $kind == 20;
	return '(' . $again->() . '::varchar(3))';
}

sub int_of
{
	my ($scope, $depth) = @_;
	my @here = of_type('i', $scope);
	return @here && chance(0.7) ? pick(@here)->[0] : pick(1, 2, 3) if $depth <= 0 || chance(0.5);
	my $kind = int rand 8;
	return 'length(' . text_of($scope, $depth - 1) . ')' if $kind == 0 && chance(0.3);
	return 'ascii(' . text_of($scope, $depth - 1) . ')' if $kind == 1;
	return 'strpos(' . text_of($scope, $depth - 1) . ', ' . text_of($scope, $depth - 1) . ')' if $kind == 2;
	return '(' . int_of($scope, $depth - 1) . ' + ' . int_of($scope, $depth - 1) . ')' if $kind == 3;
	return 'CASE WHEN ' . bool_of($scope, $depth - 1) . ' THEN ' . int_of($scope, $depth - 1) . ' ELSE 0 END' if $kind == 4;
	return 'hashtext(' . text_of($scope, $depth - 1) . ')' if $kind == 5;
	return '(' . subquery($scope, 'i', $depth - 1) . ')' if $kind == 6;
	return 'coalesce(' . int_of($scope, $depth - 1) . ', 0)';
}

sub bool_of
{
	my ($scope, $depth) = @_;
	return int_of($scope, 0) . pick(' < ', ' = ', ' <> ') . int_of($scope, 0) if $depth <= 0;
	my $kind = int rand 9;
	return text_of($scope, $depth - 1) . ' = ' . text_of($scope, $depth - 1) if $kind == 0;
	return text_of($scope, $depth - 1) . pick(' < ', ' LIKE ', ' ~ ') . text_of($scope, $depth - 1) if $kind == 1;
	return text_of($scope, $depth - 1) . ' IS NOT NULL' if $kind == 2;
	return '(' . bool_of($scope, $depth - 1) . pick(' AND ', ' OR ') . bool_of($scope, $depth - 1) . ')' if $kind == 3;
	return 'EXISTS (' . subquery($scope, 't', $depth - 1) . ')' if $kind == 4;
	return text_of($scope, $depth - 1) . ' IN (' . subquery($scope, 't', $depth - 1) . ')' if $kind == 5;
	return '(' . bool_of($scope, $depth - 1) . ') IS NOT TRUE' if $kind == 6;
	return text_of($scope, $depth - 1) . ' = ANY (ARRAY[' . text_of($scope, $depth - 1) . ", 'K'])" if $kind == 7;
	return int_of($scope, $depth - 1) . pick(' < ', ' = ') . int_of($scope, $depth - 1);
}

sub expression { my ($type, $scope, $depth) = @_; return $type eq 't' ? text_of($scope, $depth) : $type eq 'i' ? int_of($scope, $depth) : bool_of($scope, $depth) }

# source(...) gives something for FROM, and what is in scope by it.
sub source
{
	my ($outer, $depth) = @_;
	my $name = fresh();
	my $kind = $depth <= 0 ? int rand 2 : int rand 9;
	return ("a AS $name", map { [ "$name.$_->[0]", $_->[1] ] } [ 'id', 'i' ], [ 'free', 't' ], [ 'secret', 't' ], [ 'n', 'i' ], [ "doc ->> 'k'", 't' ], [ 'tags[1]', 't' ]) if $kind == 0;
	return ("b AS $name", map { [ "$name.$_->[0]", $_->[1] ] } [ 'id', 'i' ], [ 'free', 't' ], [ 'secret', 't' ], [ 'made', 't' ], [ 'hidden', 't' ]) if $kind == 1;
	return ("pair_of(" . pick(1, 2) . ") AS $name", [ "$name.p", 't' ], [ "$name.q", 't' ]) if $kind == 2;
	return ("generate_series(1, 3) AS $name", [ $name, 'i' ]) if $kind == 3;
	return ("unnest(ARRAY['K', 'free1', 'x']) AS $name", [ $name, 't' ]) if $kind == 4;
	return ("(VALUES ('K', 1), ('Z', 2)) AS $name(t, i)", [ "$name.t", 't' ], [ "$name.i", 'i' ]) if $kind == 5;
	my @types = map { pick('t', 't', 'i') } 1 .. 1 + int rand 3;
	my $query = query($outer, \@types, $depth - 1);
	my @columns = map { "c$_" } 1 .. @types;
	return ("LATERAL ($query) AS $name(" . join(', ', @columns) . ')', map { [ "$name.$columns[$_]", $types[$_] ] } 0 .. $#types);
}

sub from
{
	my ($outer, $depth) = @_;
	my ($text, @scope) = source($outer, $depth);
	for (1 .. pick(0, 0, 1, 1, 2))
	{
		my ($more, @new) = source([ @$outer, @scope ], $depth);
		my $join = pick(', ', ' JOIN ', ' LEFT JOIN ', ' CROSS JOIN ');
		my @both = (@scope, @new);
		$text .= $join . $more . ($join =~ / JOIN / && $join !~ /CROSS/ ? ' ON ' . (chance(0.6) ? bool_of(\@both, 1) : 'true') : '');
		@scope = @both;
	}
	return ($text, @scope);
}

# subquery(...) gives one value.
sub subquery
{
	my ($outer, $type, $depth) = @_;
	my ($from, @scope) = from($outer, $depth);
	@scope = (@scope, @$outer);
	return 'SELECT ' . pick('min', 'max') . '(' . expression($type, \@scope, $depth) . ") FROM $from" . (chance(0.5) ? ' WHERE ' . bool_of(\@scope, $depth) : '') if $type ne 'b' && chance(0.6);
	return 'SELECT ' . expression($type, \@scope, $depth) . " FROM $from" . (chance(0.6) ? ' WHERE ' . bool_of(\@scope, $depth) : '') . ' ORDER BY 1 LIMIT 1';
}

# query(...) gives columns of these types.
sub query
{
	my ($outer, $types, $depth) = @_;
	my $kind = int rand 12;
	if ($depth > 0 && $kind == 0)
	{
		return '(' . query($outer, $types, $depth - 1) . ')' . pick(' UNION ALL ', ' UNION ', ' EXCEPT ', ' INTERSECT ') . '(' . query($outer, $types, $depth - 1) . ')';
	}
	if ($depth > 0 && $kind == 1)
	{
		my $name = fresh();
		my @inner = map { pick('t', 't', 'i') } 1 .. 2;
		my @scope = map { [ "$name.c$_", $inner[ $_ - 1 ] ] } 1 .. @inner;
		my $with = 'WITH ' . "$name(c1, c2) AS " . pick('', 'MATERIALIZED ') . '(' . query($outer, \@inner, $depth - 1) . ') ';
		return $with . 'SELECT ' . join(', ', map { expression($_, \@scope, 1) } @$types) . " FROM $name" . (chance(0.4) ? ' WHERE ' . bool_of(\@scope, 1) : '');
	}
	if ($depth > 0 && $kind == 2 && !@$outer)
	{
		my $name = fresh();
		my $start = query([], [ 't', 't' ], $depth - 1);
		my @scope = ([ "$name.p", 't' ], [ "$name.q", 't' ], [ "$name.k", 'i' ]);
		my ($from, @more) = chance(0.5) ? source([], 0) : ('a AS y', [ 'y.free', 't' ], [ 'y.secret', 't' ]);
		my @all = (@scope, @more);
		my $with = "WITH RECURSIVE $name(p, q, k) AS (SELECT s.p::text, s.q::text, 1 FROM ($start LIMIT 3) AS s(p, q) UNION ALL SELECT (" . text_of(\@all, 1) . ')::text, (' . text_of(\@all, 1) . ")::text, $name.k + 1 FROM $name" . (chance(0.5) ? ", $from" : '') . " WHERE $name.k < 3) ";
		@all = @scope;
		$with =~ s/ FROM \Q$name\E WHERE/ FROM $name, $from WHERE/;
		return $with . 'SELECT ' . join(', ', map { expression($_, \@scope, 1) } @$types) . " FROM $name";
	}
	my ($from, @scope) = from($outer, $depth);
	@scope = (@scope, @$outer);
	my $where = chance(0.5) ? ' WHERE ' . bool_of(\@scope, $depth) : '';
	if ($kind == 3)
	{
		return 'SELECT ' . join(', ', map { $_ eq 't' ? pick('min', 'max') . '(' . text_of(\@scope, $depth) . ')' : $_ eq 'i' ? pick('count(*)::int', 'max(' . int_of(\@scope, $depth) . ')', 'count(' . text_of(\@scope, 1) . ')::int') : 'bool_or(' . bool_of(\@scope, $depth) . ')' } @$types)
		  . " FROM $from$where" . (chance(0.3) ? ' HAVING max(' . text_of(\@scope, 1) . ") > 'm'" : '');
	}
	if ($kind == 4)
	{
		return 'SELECT ' . join(', ', map { $_ eq 't' ? pick('lag', 'max', 'first_value') . '(' . text_of(\@scope, 1) . ') OVER (ORDER BY ' . text_of(\@scope, 1) . ')' : expression($_, \@scope, 1) } @$types) . " FROM $from$where";
	}
	return 'SELECT ' . (chance(0.1) ? 'DISTINCT ' : '') . join(', ', map { expression($_, \@scope, $depth) } @$types) . " FROM $from$where" . (chance(0.15) && !chance(0.9) ? ' LIMIT 2' : '');
}

my $done = 0;
while ($done < $views)
{
	my $batch = '';
	for (1 .. 500)
	{
		last if $done == $views;
		$done++;
		$names = 0;
		my @types = map { pick('t', 't', 'i', 'b') } 1 .. 1 + int rand 2;
		my $query = query([], \@types, pick(0, 1, 1, 2));
		my $columns = join(', ', map { "o$_" } 1 .. @types);
		$batch .= "SELECT try($done, \$fuzz\$SELECT * FROM ($query) AS o($columns)\$fuzz\$);\n";
	}
	# one that takes too long is left out; that enough are tried is looked at below
	$node->psql('fuzz', "SET statement_timeout = '10s'; SET client_min_messages = error;\n$batch", on_error_stop => 0, on_error_die => 0);
}

my %outcome = map { split /\|/ } split /\n/, $node->safe_psql('fuzz', 'SELECT what, count(*) FROM outcome GROUP BY what');
note join ', ', map { "$_ $outcome{$_}" } sort keys %outcome;
is($node->safe_psql('fuzz', 'SELECT n, definition FROM leak ORDER BY length(definition) LIMIT 20'), '', "no secret out of $views views (PA_FUZZ_SEED=$seed)");
my $tried = 0;
$tried += $_ for values %outcome;
cmp_ok($tried, '>=', $views * 0.99, 'all but a few were tried');
cmp_ok($outcome{clean} // 0, '>', $views / 20, 'enough of them may leave, and show something');
cmp_ok($outcome{refused} // 0, '>', $views / 10, 'and enough are refused');
$node->stop;
done_testing();
