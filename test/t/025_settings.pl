#
# 025_settings.pl
#		Does the configuration's value of each setting count, whatever a session said before
#		the library was there?
#
# Every setting of protaddr that there is, every way to give a name a value, and the three
# places where the configuration may stand.  The library is not preloaded: a session's
# first use of a function loads it.
#
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ProtaddrTest;
use Test::More;

my $node = cluster(PostgreSQL::Test::Cluster->new('settings'));
$node->start;
new_database($node, 'bank');
$node->safe_psql('bank', q(CREATE ROLE regress_clerk LOGIN IN ROLE pg_read_all_settings; CREATE ROLE regress_boss LOGIN SUPERUSER));

# a value that the configuration gives, and one that a session tries
my %kinds = (bool => [ 'on', 'off' ], integer => [ '7777', '99999' ], string => [ '/configured', '/tried' ]);
my %value;
for my $row (split /\n/, $node->safe_psql('bank', q(SELECT protaddr.register_ready() \g /dev/null
	SELECT name, vartype, boot_val, coalesce(array_to_string(enumvals, ','), '') FROM pg_settings WHERE name LIKE 'protaddr.%' ORDER BY name)))
{
	my ($name, $type, $default, $words) = split /\|/, $row;
	my ($configured, $tried) = $type eq 'enum' ? (grep { $_ ne $default } split(/,/, $words))[0] : @{ $kinds{$type} };
	$tried //= $default;
	$configured = 'off' if $type eq 'bool' && $default eq 'on';
	$tried = $configured eq 'on' ? 'off' : 'on' if $type eq 'bool';
	$value{$name} = [ $configured, $tried ];
}
cmp_ok(scalar(keys %value), '>=', 4, join(', ', sort keys %value));

my @names = sort keys %value;

# each_of($format) is the statement for every setting, NAME and TRIED put in.
sub each_of
{
	my ($format) = @_;
	return join('; ', map { $format =~ s/NAME/$_/r =~ s/TRIED/$value{$_}[1]/r } @names);
}

# is_configured($how, %try) is a test for each setting and user, in one session a user:
# starting one costs more than all that it asks.
sub is_configured
{
	my ($how, %try) = @_;
	for my $user (qw(regress_clerk regress_boss))
	{
		local $ENV{PGOPTIONS} = $try{options} // '';
		my $said = $node->safe_psql('bank', ($try{sql} // '') . ";\nSET client_min_messages = error; SELECT protaddr.register_ready() \\g /dev/null\n"
			  . ($try{after} // '') . "; SELECT 'is ' || name || ' ' || setting FROM pg_settings WHERE name LIKE 'protaddr.%' ORDER BY name", extra_params => [ '-U', $user ]);
		my %is = $said =~ /^is (\S+) (.*)$/mg;
		is($is{$_}, $value{$_}[0], "$how, $_ of $user: " . ($try{name} // 'nothing tried')) for @names;
	}
	return;
}

sub try_all
{
	my ($how) = @_;
	my $options = join(' ', map { "-c $_=$value{$_}[1]" } @names);
	my $set = each_of("SET NAME = 'TRIED'");

	is_configured($how);
	is_configured($how, name => 'PGOPTIONS', options => $options);
	is_configured($how, name => 'SET', sql => $set);
	is_configured($how, name => 'SET, rolled back', sql => "BEGIN; $set", after => 'ROLLBACK');
	is_configured($how, name => 'SET LOCAL', sql => 'BEGIN; ' . each_of("SET LOCAL NAME = 'TRIED'"), after => 'COMMIT');
	is_configured($how, name => 'in a subtransaction', sql => "BEGIN; $set; SAVEPOINT s; $set", after => 'ROLLBACK TO s; COMMIT');
	is_configured($how, name => 'RESET behind it', options => $options, after => 'SET client_min_messages = error; RESET ALL');
	for my $where ('ROLE regress_clerk', 'ROLE regress_boss', 'DATABASE bank', 'ROLE ALL')
	{
		$node->safe_psql('postgres', each_of("ALTER $where SET NAME = 'TRIED'"));
		is_configured($how, name => "ALTER $where");
		$node->safe_psql('postgres', "ALTER $where RESET ALL");
	}
	return;
}

$node->append_conf('postgresql.conf', join('', map { "$_ = '$value{$_}[0]'\n" } sort keys %value));
$node->reload;
try_all('postgresql.conf');

# ALTER SYSTEM writes postgresql.auto.conf, which comes behind it
$node->append_conf('postgresql.conf', join('', map { "$_ = '$value{$_}[1]'\n" } sort keys %value));
$node->append_conf('postgresql.auto.conf', join('', map { "$_ = '$value{$_}[0]'\n" } sort keys %value));
$node->reload;
is_configured('ALTER SYSTEM', name => 'PGOPTIONS', options => join(' ', map { "-c $_=$value{$_}[1]" } @names));

# and the command line counts more than either
$node->append_conf('postgresql.auto.conf', join('', map { "$_ = '$value{$_}[1]'\n" } sort keys %value));
$node->stop;
command_ok([ 'pg_ctl', '-w', '-D', $node->data_dir, '-l', $node->logfile, '-o', join(' ', map { "-c $_='$value{$_}[0]'" } sort keys %value), 'start' ], 'started with settings');
$node->_update_pid(1);
is_configured('command line');
is_configured('command line', name => 'PGOPTIONS', options => join(' ', map { "-c $_=$value{$_}[1]" } @names));
$node->stop;

# what cannot be read is not guessed
$node->append_conf('postgresql.auto.conf', join('', map { "$_ = '$value{$_}[0]'\n" } sort keys %value));
$node->start;
append_to_file($node->data_dir . '/postgresql.conf', "this is no setting\n");
{
	local $ENV{PGOPTIONS} = "-c protaddr.register_max_age=99999";
	is(psql_error($node, 'bank', 'SELECT protaddr.register_ready()'), '55PA1', 'files that cannot be read: the library is not loaded');
}
is($node->safe_psql('bank', 'SELECT protaddr.register_max_age()'), '02:09:37', 'nobody in the way: the files are not read');
$node->stop;
done_testing();
