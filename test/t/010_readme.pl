#
# 010_readme.pl
#		Does the README run as printed?
#
# Every sql block below a line "<!-- run -->" is run, in order, on a fresh server: one
# session a block, in one database.  A line "--> text" is what the statement above it
# prints.  A statement without such lines must only succeed.
#
use strict;
use warnings;
use utf8;
use Encode qw(decode encode);
use File::Copy qw(copy);
use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $root   = "$FindBin::RealBin/../..";
my $readme = decode('UTF-8', slurp_file("$root/README.md"));
my @blocks = $readme =~ /^<!-- run -->\n```sql\n(.*?)^```$/msg;

ok(@blocks >= 5, 'the README has blocks to run');
my $before = substr($readme, 0, index($readme, '```sql'));
cmp_ok(($before =~ tr/\n//), '<', 60, 'its first SQL comes within 60 lines');

my $node = PostgreSQL::Test::Cluster->new('readme');
$node->init(extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE bank');

# "extract" is in the data directory, and in the folder that psql runs in
copy("$root/test/data/cpr_fixture.txt", $node->data_dir . '/extract') or die $!;
chdir $node->data_dir or die $!;

my $number = 0;
foreach my $block (@blocks)
{
	my ($script, $text, @statements) = ('', '');

	# a statement ends with its line, at a semicolon that only a comment may follow
	foreach my $line (split /\n/, $block)
	{
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
	is($text =~ s/^\s*(--.*)?\n//mgr, '', 'block ' . ++$number . ' ends with a statement');

	$script .= $statements[$_]{text} . "\\echo \@\@$_\n" for 0 .. $#statements;
	my ($stdout, $stderr) = ('', '');
	my $status = $node->psql('bank', encode('UTF-8', $script),
		stdout => \$stdout, stderr => \$stderr, on_error_stop => 0,
		extra_params => [ '-v', 'VERBOSITY=verbose' ]);
	my @output = split /^\@\@\d+\n?/m, decode('UTF-8', $stdout);

	is($status, 0, "block $number: psql ends well");
	unlike($stderr, qr/ERROR|FATAL/, "block $number: no error") or diag($stderr);
	foreach my $i (0 .. $#statements)
	{
		next if !$statements[$i]{expected};
		my ($first) = grep { !/^--/ } split /\n/, $statements[$i]{text};
		is($output[$i] // '', join('', map { "$_\n" } @{ $statements[$i]{expected} }),
			encode('UTF-8', "block $number: $first"));
	}
}
chdir $root;

# The roles of "Who gets EXECUTE on what" can do their work with what they were granted.
my $fixture = unpack('H*', slurp_file("$root/test/data/cpr_fixture.txt"));
my %work = (
	register_loader => "SELECT persons FROM protaddr.load_cpr('\\x$fixture'); SELECT protaddr.confirm_register('DK-CPR')",
	data_protection_officer => q{SELECT protaddr.protect('1-2', 'manual', 'address'), protaddr.is_protected('12');
		SELECT protaddr.lift('12', 'manual', 'address'), protaddr.retire_register('no such'); SELECT count(*) FROM protaddr.protection;
		SELECT status FROM protaddr.register_status},
	payment_engineer => q{CREATE TABLE engineer.payment (payer text, home protaddr.address);
		INSERT INTO engineer.payment VALUES ('12', 'Prøvevej 1');
		SELECT protaddr.bind_column('engineer.payment', 'home', subject => 'payer');
		SELECT protaddr.install_gate('engineer.payment', channel => 'sepa', subject => 'payer');
		UPDATE engineer.payment SET home = home;
		SELECT protaddr.release(home, 'sepa'), status FROM engineer.payment, protaddr.gate_status;
		SELECT protaddr.remove_gate('engineer.payment'), protaddr.unbind_column('engineer.payment', 'home')},
	key_keeper => 'SELECT protaddr.rotate_data_key()',
	channel_keeper => q{UPDATE protaddr.channel SET when_protected = 'block' WHERE channel = 'sepa';
		INSERT INTO protaddr.channel (channel, route, description, legal_basis) VALUES ('fax', 'domestic', 'Fax', 'none')});
$node->safe_psql('bank', q{CREATE SCHEMA engineer AUTHORIZATION payment_engineer; CREATE ROLE channel_keeper;
	GRANT SELECT, UPDATE, INSERT, DELETE ON protaddr.channel, protaddr.regime_code TO channel_keeper});
foreach my $role (sort keys %work)
{
	my $stderr;

	is($node->psql('bank', encode('UTF-8', "SET ROLE $role; $work{$role}"), stderr => \$stderr), 0, "$role can work")
	  or diag($stderr);
}
foreach my $role (sort keys %work)
{
	my $stderr;

	next if $role eq 'key_keeper';
	$node->psql('bank', "SET ROLE $role; SELECT protaddr.rotate_data_key()", stderr => \$stderr);
	is((split /\n/, $stderr)[0], 'psql:<stdin>:1: ERROR:  permission denied for function rotate_data_key', "$role cannot do what is another's");
}
$node->stop;
done_testing();
