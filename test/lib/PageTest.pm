#
# PageTest.pm
#		Runs the blocks of a page of documentation as they are printed.
#
# A sql block below a line "<!-- run -->" is run, in order, one session a block, in one
# database.  A line "--> text" is what the statement above it prints; "--> ERROR:  text" is
# how it fails.  A statement without such lines must only succeed.  A block below
# "<!-- file NAME -->" is a file that later blocks may read.  A page that says
# "<!-- after the tour -->" begins where the blocks "<!-- run tour -->" of the README end.
#
package PageTest;

use strict;
use warnings;
use utf8;

use Cwd qw(getcwd);
use Encode qw(decode encode);
use Exporter 'import';
use File::Copy qw(copy);
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(page_node page_files run_page);

my ($root, $folder);

# page_node($node, $root) starts a server on which pages can be run: the deliveries in its
# data directory, and a folder for psql in which test/ is where the README wants it.
sub page_node
{
	(my $node, $root) = @_;

	$node->init(extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
	$node->append_conf('postgresql.conf', "shared_preload_libraries = 'protaddr'");
	$node->start;
	copy("$root/test/data/cpr_fixture.txt", $node->data_dir . '/extract') or die $!;
	copy("$root/test/data/cpr_fixture_next.txt", $node->data_dir . '/extract_next') or die $!;
	$folder = $node->basedir . '/folder';
	mkdir $folder or die $!;
	symlink "$root/test", "$folder/test" or die $!;
	return $node;
}

# page_files($page) writes the files that a page shows, and gives their names.
sub page_files
{
	my ($page) = @_;
	my %file = decode('UTF-8', slurp_file("$root/$page")) =~ /^<!-- file (\S+) -->\n```\w*\n(.*?)^```$/msg;

	append_to_file("$folder/$_", encode('UTF-8', $file{$_})) for keys %file;
	return map { "$folder/$_" } sort keys %file;
}

# run_page($node, $page) runs a page in a database of its own, and gives the name of the
# database and the number of blocks.
sub run_page
{
	my ($node, $page) = @_;
	my $text     = decode('UTF-8', slurp_file("$root/$page"));
	my $database = $page =~ s{^.*/|\.md$}{}gr;
	my $before   = getcwd();
	my $blocks   = 0;

	$node->safe_psql('postgres', qq{CREATE DATABASE "$database"});
	chdir $folder or die $!;
	page_files($page);
	if ($text =~ /^<!-- after the tour -->$/m)
	{
		my ($tour) = decode('UTF-8', slurp_file("$root/README.md")) =~ /^<!-- run tour -->\n```sql\n(.*?)^```$/ms;
		$node->safe_psql($database, encode('UTF-8', $tour));
	}
	while ($text =~ /^<!-- run(?: tour)? -->\n```sql\n(.*?)^```$/msg)
	{
		run_block($node, $database, "$page, block " . ++$blocks, $1);
	}
	chdir $before or die $!;
	return ($database, $blocks);
}

sub run_block
{
	my ($node, $database, $name, $block) = @_;
	my ($script, $text, @statements, @errors) = ('', '');

	# a statement ends with its line, at a semicolon that only a comment may follow
	foreach my $line (split /\n/, $block)
	{
		if ($line =~ /^--> ERROR:  (.*)/)
		{
			push @errors, $1;
			next;
		}
		if ($line =~ /^--> ?(.*)/)
		{
			push @{ $statements[-1]{expected} }, $1;
			next;
		}
		$text .= "$line\n";
		next if $line !~ /;\s*(--.*)?$/ && $line !~ /^\\/;
		push @statements, { text => $text };
		$text = '';
	}
	is($text =~ s/^\s*(--.*)?\n//mgr, '', "$name ends with a statement");

	$script .= $statements[$_]{text} . "\\echo \@\@$_\n" for 0 .. $#statements;
	my ($stdout, $stderr) = ('', '');
	my $status = $node->psql($database, encode('UTF-8', $script),
		stdout => \$stdout, stderr => \$stderr, on_error_stop => 0,
		extra_params => [ '-v', 'VERBOSITY=verbose' ]);
	my @output = split /^\@\@\d+\n?/m, decode('UTF-8', $stdout);

	is($status, 0, "$name: psql ends well");
	is(join("\n", $stderr =~ /(?:ERROR|FATAL|PANIC|error): +(?:\w{5}: )?(.*)/g), join("\n", @errors),
		"$name: no error that it does not show") or diag($stderr);
	foreach my $i (0 .. $#statements)
	{
		next if !$statements[$i]{expected};
		my ($first) = grep { !/^--/ } split /\n/, $statements[$i]{text};
		is($output[$i] // '', join('', map { "$_\n" } @{ $statements[$i]{expected} }), encode('UTF-8', "$name: $first"));
	}
	return;
}

1;
