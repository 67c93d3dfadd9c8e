#!/usr/bin/env perl
#
# generate.pl
#		Writes doc/reference.md and doc/errors.md.
#
# The reference comes from the COMMENTs in a database with the extension, and from
# pg_settings; errors.md from what the sources raise.  psql connects as its environment
# says, as a superuser, to a server on which this build is installed:
#
#	generate.pl						writes both, by a database of its own
#	generate.pl --check				says where the files are not what would be written
#	generate.pl ... --database NAME	asks a database that is there
#
# Anything without a COMMENT, and any error code without its meaning below, is an error.
#
use strict;
use warnings;
use utf8;

use Cwd qw(abs_path);
use Encode qw(decode encode);
use File::Basename qw(dirname);
use File::Find qw(find);
use File::Temp qw(tempfile);
use Getopt::Long qw(GetOptions);
use JSON::PP ();

my $root = dirname(dirname(abs_path($0)));
my @missing;

# The rooms in the order in which their users meet them.
my @rooms = (
	[ type     => 'The type' ],
	[ door     => 'The door: what may be told, and what may leave' ],
	[ clearance => 'Clearances: who may see a protected address, and until when' ],
	[ binding  => 'Binding: whom a column concerns' ],
	[ gate     => 'Gates and held rows' ],
	[ sweep    => 'The sweep: protected addresses in what is stored' ],
	[ export   => 'Exports: relations from which nothing protected gets out' ],
	[ message  => 'Messages' ],
	[ guard    => 'The guard: protected addresses in any text' ],
	[ feed     => 'Feeds: documents of registers' ],
	[ law      => 'Law: channels, amounts, substitutes, birth data' ],
	[ register => 'The register: deliveries and history' ],
	[ person   => 'People: identifiers, links, who is protected' ],
	[ keys     => 'Keys' ],
	[ audit    => 'The audit trail' ],
	[ base     => 'What all stand on' ]);

# What each code means here.  A code that no source raises is one of PostgreSQL's own.
my %meaning = (
	'01000' => 'A warning. A delivery has codes that are not in `protaddr.regime_code`. They protect.',
	'22001' => 'An element is longer than ISO 20022 allows, an identifier longer than 64 bytes.',
	'22004' => 'Something that is needed is NULL: who, what, or why.',
	'22007' => 'Text that is not a valid date or time.',
	'22021' => 'A character that cannot be in an address.',
	'22023' => 'An argument that does not fit, or names nothing that exists.',
	'22P02' => 'Text that is neither an address nor a token; a delivery that is cut off, miscounted, malformed or of another kind.',
	'22P03' => 'Binary input that is not a sealed value.',
	'23502' => 'A column of one of protaddr\'s tables that must have a value has none, since a trigger that somebody added has emptied it.',
	'23505' => 'A row that is there already. Raised by PostgreSQL, for a link or a staged row entered by `COPY` or `INSERT`.',
	'23514' => 'A word, amount, rate or code that a column cannot have. Raised by PostgreSQL, for the constraints of protaddr\'s tables.',
	'23P01' => 'Two rules of one channel would hold at the same time.',
	'23PA1' => 'The gate, `release` or its like refuses: the channel blocks, or what is asked cannot be proved safe. The row is not written. An export is not read, or its view not made: a column of it may hold a protected address.',
	'25001' => 'It commits by itself, and so cannot run in a transaction block.',
	'39P01' => 'A trigger function is used otherwise than protaddr\'s own functions use it.',
	'3F000' => 'There is no such schema, or it is the system\'s.',
	'40001' => 'The register was changed meanwhile. Run the transaction again.',
	'42501' => 'A right is missing. Also raised by PostgreSQL, where EXECUTE was not granted.',
	'42602' => 'A name is not of the form that is asked for.',
	'42701' => 'Two columns would have one name.',
	'42703' => 'There is no such column, or it is gone.',
	'42704' => 'There is no such object.',
	'42710' => 'There is one already.',
	'42804' => 'A column is of a type that cannot serve.',
	'42809' => 'The wrong kind of object: not a table, a table without a gate, a partition, not a regular file.',
	'42883' => '`=` on addresses. Raised by PostgreSQL: see [Write addresses](payments.md#write-addresses).',
	'42P01' => 'There is no such table.',
	'42P06' => 'Schema `protaddr` holds something else.',
	'42P07' => 'Another table is in the way.',
	'0A000' => 'Not supported.',
	'53000' => 'As an error: the audit trail cannot be written, so what must be on record does not happen. As a warning: something could not be recorded for want of a background worker.',
	'53100' => 'There is no room for the audit trail, so what must be on record does not happen.',
	'53200' => 'Out of memory.',
	'53PA1' => 'A clearance\'s number of protected addresses for the day, or what was approved, is used up.',
	'54000' => 'A limit: people of a value, links, protections, columns of a gate, size of a message.',
	'55000' => 'Not in this state: the object does not allow it now.',
	'55006' => 'Something is in use; a function or view is not changed while an export is being read.',
	'55P03' => 'Somebody else holds a lock, and it is not waited for.',
	'55PA1' => 'Not ready. As a warning, once a transaction: the register is not, and nothing is disclosed. As an error: a key is not here, gates are not enforced and `protaddr.require_preload` is on, or an export needs protaddr in `shared_preload_libraries`.',
	'58P01' => 'A file cannot be read; the code is the system\'s.',
	'XX000' => 'Something failed that should not.',
	'XX001' => 'A value, a data key or a row was altered.',
	'Any other' => 'The code of what PostgreSQL or a trigger, constraint or type of yours raised, passed on.');
my %of_postgres = map { $_ => 1 } qw(23505 23514 42883);

my ($check, $database);
GetOptions('check' => \$check, 'database=s' => \$database) && !@ARGV or die "usage: generate.pl [--check] [--database NAME]\n";
my $own = defined $database ? undef : "protaddr_generate_$$";
$database //= $own;
if (defined $own)
{
	system('createdb', $own) == 0 or exit 2;
	END { local $?; system('dropdb', '--if-exists', $own) if defined $own }
	system('psql', '-X', '-q', '-d', $own, '-v', 'ON_ERROR_STOP=1', '-c', 'CREATE EXTENSION protaddr') == 0 or exit 2;
}

my %room = room_of_objects();
my %text = ('reference.md' => reference(), 'errors.md' => errors());
if (@missing)
{
	print STDERR map { "$_\n" } @missing;
	exit 1;
}
my $differ = 0;
foreach my $file (sort keys %text)
{
	my $path = "$root/doc/$file";
	my $was  = -e $path ? slurp($path) : '';

	next if $was eq $text{$file};
	if (!$check)
	{
		open(my $out, '>', $path) or die "$path: $!\n";
		print $out encode('UTF-8', $text{$file});
		close($out) or die "$path: $!\n";
		next;
	}
	$differ = 1;
	my @old = split /\n/, $was;
	my %old = map { $_ => 1 } @old;
	my %new = map { $_ => 1 } split /\n/, $text{$file};
	print "doc/$file is not current; run doc/generate.pl\n";
	print encode('UTF-8', "-$_\n") foreach grep { !$new{$_} } @old;
	print encode('UTF-8', "+$_\n") foreach grep { !$old{$_} } split /\n/, $text{$file};
}
exit $differ;

sub slurp
{
	my ($path) = @_;

	open(my $in, '<', $path) or die "$path: $!\n";
	local $/;
	return decode('UTF-8', <$in>);
}

sub sources
{
	my ($ending) = @_;
	my @found;

	find({ no_chdir => 1, wanted => sub { push @found, $_ if /\.$ending$/ && !m{/upgrade/} } }, "$root/src");
	return sort @found;
}

# in_room($path) is the room of a source; the module's own files are base's.
sub in_room
{
	my ($path) = @_;

	return $path =~ m{/src/(\w+)/} ? $1 : 'base';
}

# ---- the reference ----------------------------------------------------------------

# room_of_objects() says in which room each object is made.
sub room_of_objects
{
	my %made;

	foreach my $path (sources('sql'))
	{
		my $sql = slurp($path) =~ s/--[^\n]*//gr;

		while ($sql =~ /\bCREATE\s+(?:UNLOGGED\s+)?(FUNCTION|PROCEDURE|TABLE|VIEW|TYPE|DOMAIN|OPERATOR CLASS|OPERATOR)\s+protaddr\.([^\s(;]+)/g)
		{
			my ($kind, $name) = ($1 eq 'PROCEDURE' ? 'FUNCTION' : $1, $2);
			$made{ ($kind =~ /^(?:FUNCTION|OPERATOR)/ ? $kind : 'RELATION') . " $name" } = in_room($path);
		}
		# of one wording, made in a loop
		while ($sql =~ /FOREACH\s+\w+\s+IN ARRAY\s+ARRAY\[(.*?)\](?:(?!END LOOP).)*?CREATE (FUNCTION|TABLE|VIEW) protaddr\.%I/gs)
		{
			my ($names, $kind) = ($1, $2);

			$made{ ($kind eq 'FUNCTION' ? $kind : 'RELATION') . " $_" } = in_room($path) foreach $names =~ /'(\w+)'/g;
		}
	}
	return %made;
}

# asked($sql) gives the rows of a query, as hashes.
sub asked
{
	my ($sql) = @_;
	my ($out, $file) = tempfile(UNLINK => 1);

	print $out "SET search_path = pg_catalog;\nLOAD 'protaddr';\nSELECT coalesce(json_agg(r), '[]') FROM ($sql) r;\n";
	close($out);
	my $json = `psql -X -q -A -t -d $database -v ON_ERROR_STOP=1 -f $file`;
	die "psql failed\n" if $?;
	return @{ JSON::PP->new->utf8->decode($json) };
}

# commented($what, $comment) is the comment; that there is none is noted.
sub commented
{
	my ($what, $comment) = @_;

	push @missing, "no COMMENT: $what" if !defined $comment || $comment !~ /\S/;
	return $comment // '';
}

# cell($text) is text in a cell of a table.
sub cell
{
	my ($text) = @_;

	return $text =~ s/\s*\n\s*/ /gr =~ s/\|/\\|/gr;
}

# prose($text) is a comment as Markdown: names as code, and nothing else is markup.
sub prose
{
	my ($text) = @_;

	return cell($text) =~ s/([*<])/\\$1/gr =~ s/(?<![\w`.'"])((?:protaddr\.)?\w+\(\)|protaddr\.\w+|(?:\w+\.)*\w*_\w+(?:\.\w+)*)(?![\w`'"])/`$1`/gr;
}

# plain_types($signature) is it without what goes without saying.
sub plain_types
{
	my ($signature) = @_;

	return $signature =~ s/\bprotaddr\.//gr =~ s/((?:NULL|'[^']*'))::[a-z ]+(?:\[\])?/$1/gr =~ s/timestamp with time zone/timestamptz/gr;
}

sub rights
{
	my ($object, $what) = @_;

	return $what if $object->{everybody};
	return "For $object->{roles}, and whom you grant it." if $object->{roles};
	return 'Granted by you.';
}

sub reference
{
	my $public = q{EXISTS (SELECT FROM aclexplode(%s) a WHERE a.grantee = 0 AND a.privilege_type = '%s') AS everybody,
		(SELECT string_agg(DISTINCT a.grantee::regrole::text, ', ') FROM aclexplode(%1$s) a WHERE a.grantee <> 0 AND a.grantee <> %s AND a.privilege_type = '%2$s') AS roles};
	# what is only read at the start of the server may be set at any time where the library is not preloaded, and does nothing
	my @settings = asked(q{SELECT name, vartype, unit, boot_val, CASE name WHEN 'protaddr.shared_picture_size' THEN 'postmaster' ELSE context END AS context, short_desc, extra_desc, min_val, max_val, enumvals
		FROM pg_settings WHERE name LIKE 'protaddr.%' ORDER BY name});
	my @functions = asked('SELECT p.proname AS name, pg_get_function_arguments(p.oid) AS arguments, coalesce(pg_get_function_result(p.oid), \'procedure\') AS result,
		obj_description(p.oid, \'pg_proc\') AS comment, ' . sprintf($public, 'p.proacl', 'EXECUTE', 'p.proowner') . q{
,
		EXISTS (SELECT FROM pg_operator o WHERE o.oprcode = p.oid) OR EXISTS (SELECT FROM pg_amproc a WHERE a.amproc = p.oid)
		OR EXISTS (SELECT FROM pg_type t WHERE p.oid IN (t.typinput, t.typoutput, t.typreceive, t.typsend)) AS part
		FROM pg_proc p WHERE p.pronamespace = 'protaddr'::regnamespace ORDER BY p.proname, p.oid});
	my @relations = asked('SELECT c.relname AS name, c.relkind AS kind, c.reltype, obj_description(c.oid, \'pg_class\') AS comment, obj_description(c.reltype, \'pg_type\') AS type_comment, '
		  . sprintf($public, 'c.relacl', 'SELECT', 'c.relowner') . q{,
		(SELECT string_agg(a.attname, ', ' ORDER BY k.n) FROM pg_index i, unnest(i.indkey) WITH ORDINALITY k(attnum, n), pg_attribute a
		 WHERE i.indrelid = c.oid AND i.indisprimary AND a.attrelid = c.oid AND a.attnum = k.attnum) AS key,
		array_position(e.extconfig, c.oid) IS NOT NULL AS dumped, nullif(e.extcondition[array_position(e.extconfig, c.oid)], '') AS condition,
		(SELECT json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'comment', col_description(c.oid, a.attnum)) ORDER BY a.attnum)
		 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns
		FROM pg_class c, pg_extension e WHERE e.extname = 'protaddr' AND c.relnamespace = 'protaddr'::regnamespace AND c.relkind IN ('r', 'v', 'c') ORDER BY c.relname});
	my @types = asked(q{SELECT t.typname AS name, obj_description(t.oid, 'pg_type') AS comment FROM pg_type t
		WHERE t.typnamespace = 'protaddr'::regnamespace AND t.typtype IN ('b', 'd', 'e') AND t.typelem = 0 ORDER BY t.typname});
	my @operators = asked(q{SELECT o.oprname AS name, obj_description(o.oid, 'pg_operator') AS comment FROM pg_operator o
		WHERE o.oprnamespace = 'protaddr'::regnamespace ORDER BY o.oprname});
	my @classes = asked(q{SELECT c.opcname AS name, m.amname AS method, obj_description(c.oid, 'pg_opclass') AS comment FROM pg_opclass c JOIN pg_am m ON m.oid = c.opcmethod
		WHERE c.opcnamespace = 'protaddr'::regnamespace ORDER BY m.amname});
	my @casts = asked(q{SELECT format_type(c.castsource, NULL) AS source, format_type(c.casttarget, NULL) AS target, c.castcontext AS context, obj_description(c.oid, 'pg_cast') AS comment
		FROM pg_cast c JOIN pg_type s ON s.oid = c.castsource JOIN pg_type t ON t.oid = c.casttarget
		WHERE 'protaddr'::regnamespace IN (s.typnamespace, t.typnamespace) ORDER BY 1, 2});
	my %in = (type => { casts => \@casts });

	push @{ $in{ $room{"FUNCTION $_->{name}"} // 'nowhere' }{functions} }, $_ foreach @functions;
	push @{ $in{ $room{"RELATION $_->{name}"} // 'nowhere' }{relations} }, $_ foreach @relations;
	push @{ $in{ $room{"RELATION $_->{name}"} // 'nowhere' }{types} }, $_ foreach @types;
	push @{ $in{ $room{"OPERATOR $_->{name}"} // 'nowhere' }{operators} }, $_ foreach @operators;
	push @{ $in{ $room{"OPERATOR CLASS $_->{name}"} // 'nowhere' }{classes} }, $_ foreach @classes;
	push @missing, "no source makes $_->{name}" foreach map { @$_ } values %{ $in{nowhere} // {} };

	my $out = <<'HEAD' . settings(@settings);
# Reference

Generated by `doc/generate.pl` from the comments in the database, which `\df+` and `\d+` show, too. Every object is in schema `protaddr`.
"For everybody" and "granted by you" say who may call a function or read a table: [roles](roles.md).

HEAD
	$out =~ s/(?=## Settings)/"- [Settings](#settings)\n" . join('', map { my ($name, $title) = @$_; $in{$name} ? "- [$title](#" . anchor($title) . ")\n" : '' } @rooms) . "\n"/e;
	foreach (@rooms)
	{
		my ($name, $title) = @$_;
		my $room = $in{$name} or next;

		$out .= "## $title\n\n" . types($room) . functions(@{ $room->{functions} // [] }) . relations(@{ $room->{relations} // [] });
	}
	return $out =~ s/\n+\z/\n/r;
}

# anchor($title) is what GitHub makes of a heading.
sub anchor
{
	my ($title) = @_;

	return lc($title) =~ s/[^\w\- ]//gr =~ s/ /-/gr;
}

sub settings
{
	my %when = (
		sighup     => 'the configuration, and a reload',
		postmaster => 'the configuration, and a restart',
		suset      => 'a superuser, or the configuration',
		user       => 'anybody');
	my $out = "## Settings\n\n| setting | type | default | set by | meaning |\n|---|---|---|---|---|\n";

	foreach (@_)
	{
		my $default = defined $_->{boot_val} && $_->{boot_val} ne '' ? "`$_->{boot_val}`" . ($_->{unit} ? " $_->{unit}" : '') : 'empty';
		my $type    = $_->{vartype} eq 'bool' ? 'boolean' : $_->{enumvals} ? join(', ', map { "`$_`" } @{ $_->{enumvals} }) : $_->{vartype};

		$type .= " from $_->{min_val}" if $_->{vartype} eq 'integer';
		$out .= sprintf("| `%s` | %s | %s | %s | %s |\n", $_->{name}, $type, $default, $when{ $_->{context} } // $_->{context},
			prose(join(' ', map { commented("setting", $_) =~ s/(?<![.])$/./r } $_->{short_desc}, grep { defined && $_ ne '' } $_->{extra_desc})));
	}
	return "$out\n";
}

sub types
{
	my ($room) = @_;
	my $out = '';

	$out .= "**Type `$_->{name}`.** " . prose(commented("type $_->{name}", $_->{comment})) . "\n\n" foreach @{ $room->{types} // [] };
	$out .= "| operator | |\n|---|---|\n" . join('', map { "| `$_->{name}` | " . prose(commented("operator $_->{name}", $_->{comment})) . " |\n" } @{ $room->{operators} }) . "\n"
	  if $room->{operators};
	$out .= "**Cast of `$_->{source}` to `$_->{target}`**"
	  . ({ a => ', in assignments', i => ', implicit', e => '' }->{ $_->{context} }) . '. ' . prose(commented("cast $_->{source} to $_->{target}", $_->{comment})) . "\n\n"
	  foreach @{ $room->{casts} // [] };
	$out .= "**Operator class `$_->{name}`** ($_->{method}). " . prose(commented("operator class $_->{name}", $_->{comment})) . "\n\n" foreach @{ $room->{classes} // [] };
	return $out;
}

# A function that is part of another, or a trigger, is for nobody: they come last, in a table.
sub functions
{
	my ($out, $parts, $last) = ('', '', '');

	foreach (@_)
	{
		my $comment   = commented("function $_->{name}($_->{arguments})", $_->{comment});
		my $arguments = plain_types($_->{arguments});
		my $result    = plain_types($_->{result});

		if ($comment =~ /^Part of/ || $_->{part} || $_->{result} =~ /^(?:event_)?trigger$/)
		{
			$parts .= "| `$_->{name}($arguments)` | " . prose($comment) . " |\n";
			next;
		}
		$out .= "### $_->{name}\n\n" if $_->{name} ne $last;
		$last = $_->{name};
		$out .= "```\n" . wrapped(($result eq 'procedure' ? 'CALL ' : '') . "$_->{name}($arguments)", $result eq 'procedure' || $result eq 'record' && $arguments =~ /OUT / ? '' : "returns $result") . "\n```\n" . prose($comment) . ' *' . rights($_, 'For everybody.') . "*\n\n";
	}
	$out .= "### Parts of these, and triggers\n\n| function | |\n|---|---|\n$parts\n" if $parts ne '';
	return $out;
}

# wrapped($signature, $result) breaks what is too long for a line at its commas.
sub wrapped
{
	my ($signature, $result) = @_;

	return "$signature $result" =~ s/ $//r if length("$signature $result") <= 110;
	return join("\n    ", map { s/(.{70,}?,) /$1\n    /gr } grep { $_ ne '' } $signature, $result);
}

sub relations
{
	my %kind = (r => 'table', v => 'view', c => 'composite type');
	my $out = '';

	foreach (@_)
	{
		my ($name, $kind) = ($_->{name}, $kind{ $_->{kind} });

		$out .= "### $name\n\n\u$kind. " . prose(commented("$kind $name", $_->{kind} eq 'c' ? $_->{type_comment} // $_->{comment} : $_->{comment}));
		$out .= ' *' . rights($_, 'Everybody may read it.') . '*' if $_->{kind} ne 'c';
		$out .= " Key: `$_->{key}`." if $_->{key};
		$out .= ' ' . (!$_->{dumped} ? 'Not dumped.' : $_->{condition} ? "Dumped: `$_->{condition}`." : 'Dumped.') if $_->{kind} eq 'r';
		$out .= "\n\n| column | type | |\n|---|---|---|\n";
		$out .= sprintf("| `%s` | %s | %s |\n", $_->{name}, plain_types($_->{type}), prose(commented("column $name.$_->{name}", $_->{comment}))) foreach @{ $_->{columns} };
		$out .= "\n";
	}
	return $out;
}

# ---- errors ------------------------------------------------------------------------

# codes() gives the SQLSTATE of each name of C and of PL/pgSQL.
sub codes
{
	my $share = `${\($ENV{PG_CONFIG} || 'pg_config')} --sharedir`;
	my %code;

	chomp $share;
	foreach (split /\n/, slurp("$share/errcodes.txt"))
	{
		next if !/^(\w{5})\s+\w\s+(\w+)(?:\s+(\w+))?/;
		$code{$2} = $1;
		$code{$3} //= $1 if defined $3;
	}
	foreach my $path (sources('h'))
	{
		my $header = slurp($path);

		while ($header =~ /#define\s+(ERRCODE_\w+)\s+MAKE_SQLSTATE\(([^)]*)\)/g)
		{
			my ($name, $letters) = ($1, $2);

			$code{$name} = $letters =~ s/\W//gr;
		}
	}
	return %code;
}

# balanced($text, $at) is what stands between the parenthesis before $at and its partner.
sub balanced
{
	my ($text, $at) = @_;
	my $depth = 1;

	pos($text) = $at;
	$depth += ($1 // '') eq '(' ? 1 : ($1 // '') eq ')' ? -1 : 0
	  while $depth > 0 && $text =~ /\G[^()"']*+(?:([()])|"(?:[^"\\]|\\.)*+"|'(?:[^'\\]|\\.)*+')/gcs;
	return substr($text, $at, (pos($text) // $at) - $at - 1);
}

# strings($call) are the strings of C in a call; those that PostgreSQL's macros break are put
# together, those that ? and : choose between stay apart.
sub strings
{
	my ($call) = @_;
	my (@found, $next);

	while ($call =~ /\G\s*(?:"((?:[^"\\]|\\.)*)"|([A-Z]\w*_FORMAT)|(.))/gcs)
	{
		my ($string, $format) = ($1, $2);

		if (defined $string || defined $format)
		{
			$found[ $next || !@found ? scalar @found : $#found ] .= $string // '%s';
			$next = 0;
		}
		else
		{
			$next = 1;
		}
	}
	return grep { $_ ne '%s' && $_ ne '' } @found;
}

# worded($format) is a message as a reader sees it.
sub worded
{
	my ($format) = @_;

	return $format =~ s/\\"/"/gr =~ s/%%/\x01/gr =~ s/%(?:\.?\*?\d*)?(?:[lzh]*[dufsxc]|[ILs])/.../gr =~ s/%m/(what the system says)/gr
	  =~ s/(?:\.\.\.){2,}/.../gr =~ s/\x01/%/gr;
}

sub errors
{
	my %code = codes();
	my $passed_on = 'Any other';
	my %raised;    # code, then message: what belongs to it
	my $add = sub {
		my ($room, $code, $level, $messages, $details, $hints) = @_;
		foreach my $message (@$messages)
		{
			my $entry = $raised{$code}{ worded($message) } //= { room => {}, level => {}, detail => {}, hint => {} };
			$entry->{room}{$room}   = 1;
			$entry->{level}{$level} = 1;
			$entry->{detail}{ worded($_) } = 1 foreach grep { / .*[.)]$/ } @$details;
			$entry->{hint}{ worded($_) }   = 1 foreach grep { / / || /\(\.\.\./ } @$hints;
		}
	};

	foreach my $path (sources('c'))
	{
		my $source = slurp($path) =~ s{/\*.*?\*/}{ }gsr =~ s/^[ \t]*#[ \t]*define\b.*?(?<!\\)$//gmsr;
		my $where  = $path =~ s{.*/src/}{src/}r;

		while ($source =~ /\b(?:ereport|errsave|ereturn|protaddr_ereturn)\s*\(/g)
		{
			my ($start, $call) = ($-[0], balanced($source, $+[0]));
			my ($function) = substr($source, 0, $start) =~ /.*\n\{\n(.*)\z/s;
			my %part;
			my ($level) = $call =~ /^\s*(WARNING|NOTICE|LOG|LOG_SERVER_ONLY|INFO|DEBUG\d)\b/;

			$level //= 'ERROR';
			next if $level =~ /^(?:NOTICE|LOG|INFO|DEBUG)/;
			while ($call =~ /\b(errmsg|errmsg_internal|errmsg_plural|errdetail|errdetail_internal|errdetail_plural|errhint)\s*\(/g)
			{
				my ($key, $at) = ($1, $+[0]);

				push @{ $part{ $key =~ s/_\w+$//r } }, grep { / / } strings(balanced($call, $at));
			}
			# what is chosen before stands in the function
			my @names = $call =~ /\b(ERRCODE_\w+)/g;
			my ($chosen) = $call =~ /\berrcode\(\s*([a-z][\w>.-]*)\s*\)/;
			if (defined $chosen && $chosen =~ /\bsqlerrcode$/)
			{
				$add->(in_room($path), $passed_on, $level, $part{errmsg} // [], $part{errdetail} // [], $part{errhint} // []);
				next;
			}
			if (defined $chosen)
			{
				@names = ($function // '') =~ /\b\Q$chosen\E\s*=[^;]*?\b(ERRCODE_\w+)/g;
				$part{errdetail} = $part{errhint} = [];
			}
			@names = ('ERRCODE_UNDEFINED_FILE') if $call =~ /\berrcode_for_file_access\(/;
			push @missing, "$where: no message of an error is in sight:$call" if !$part{errmsg};
			foreach my $name (@names)
			{
				push @missing, "$where: no code $name" if !$code{$name};
				$add->(in_room($path), $code{$name} // '?????', $level, $part{errmsg} // [], $part{errdetail} // [], $part{errhint} // []);
			}
			push @missing, "$where: no code of an error is in sight:$call" if !@names;
		}
	}
	foreach my $path (sources('sql'))
	{
		my $sql = slurp($path) =~ s/--[^\n]*//gr;

		while ($sql =~ /\bRAISE\s+(EXCEPTION|WARNING)\s+USING\b(.*?);\s*\n/gs)
		{
			my ($level, $using) = ($1, $2);
			my %part = (ERRCODE => [], MESSAGE => [], DETAIL => [], HINT => []);
			my $key;

			# what follows a key, up to the next one
			while ($using =~ /\G(?:\s*\b(ERRCODE|MESSAGE|DETAIL|HINT|SCHEMA|TABLE|COLUMN|CONSTRAINT|DATATYPE)\s*=|'((?:[^']|'')*)'|([^']))/gcs)
			{
				my ($word, $string) = ($1, $2);

				$key = $word if defined $word;
				push @{ $part{$key} }, $string =~ s/''/'/gr if defined $string && defined $key && length($string) > 2;
			}
			my $name = $part{ERRCODE}[0] // '';
			$name = $passed_on if $using =~ /\bERRCODE\s*=\s*SQLSTATE\b/;
			my $code = $name eq $passed_on ? $name : $name =~ /^[0-9A-Z]{5}$/ ? $name : $code{$name};

			next if defined $code && $code =~ /^PA[A-Z]{3}$/;    # an exit of our own, caught again
			push @missing, "$path: no code $name" if !defined $code;
			# words that a CASE compares with are no messages
			$add->(in_room($path), $code // '?????', $level eq 'WARNING' ? 'WARNING' : 'ERROR',
				[ grep { / / } @{ $part{MESSAGE} } ], [ grep { / / } @{ $part{DETAIL} } ], [ grep { / / } @{ $part{HINT} } ]);
		}
	}

	my $out = <<'HEAD';
# Errors

Generated by `doc/generate.pl` from what the sources raise. `...` stands for the name of an object, a number, or a place in a file: **no message
holds an address, a name or a person's identifier.** Branch on the code, never on the words.

HEAD
	foreach my $code (sort keys %raised, grep { !$raised{$_} } keys %of_postgres)
	{
		push @missing, "no meaning of $code in doc/generate.pl" if !$meaning{$code};
		$out .= "## $code\n\n" . ($meaning{$code} // '') . "\n\n";
		next if !$raised{$code};
		$out .= "| message | detail and hint | room |\n|---|---|---|\n";
		foreach my $message (sort keys %{ $raised{$code} })
		{
			my $entry = $raised{$code}{$message};
			my @more  = ((sort keys %{ $entry->{detail} }), map { "*$_*" } sort keys %{ $entry->{hint} });
			$out .= sprintf("| %s%s | %s | %s |\n", $entry->{level}{WARNING} && !$entry->{level}{ERROR} ? 'Warning: ' : '',
				quoted($message), join('<br>', map { cell($_) =~ s/</&lt;/gr =~ s/(?<=\w)_/\\_/gr =~ s/&lt;br>/<br>/gr } @more), join(', ', sort keys %{ $entry->{room} }));
		}
		$out .= "\n";
	}
	return $out =~ s/\n+\z/\n/r;
}

sub quoted { return '`' . cell($_[0]) . '`'; }
