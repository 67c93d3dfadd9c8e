#
# RegisterTest.pm
#		What do the TAP files about the register's deliveries share?
#
package RegisterTest;

use strict;
use warnings;

use Exporter 'import';
use File::Basename qw(dirname);
use PostgreSQL::Test::Utils;

our @EXPORT = qw(make_cpr redated spew state_of in_force small_cpr load_file);

# make_cpr(@options) gives a delivery of test/data/make_cpr.pl.
sub make_cpr
{
	my $maker = dirname(__FILE__) . '/../data/make_cpr.pl';

	open(my $in, '-|:raw', $^X, $maker, @_) or die "make_cpr.pl: $!";
	local $/;
	my $made = <$in>;
	close($in) or die "make_cpr.pl @_ failed";
	return $made;
}

# redated($delivery, $produced, $previous) is the same, said to be of another day.
# Dates are YYYYMMDD.
sub redated
{
	my ($delivery, $produced, $previous) = @_;

	substr($delivery, 19, 16) = $produced . $previous;
	return $delivery;
}

# small_cpr($produced, $previous, @people) is a delivery of little more than
# protections: each of @people is [number, code, start, code, start, ...].
sub small_cpr
{
	my ($produced, $previous, @people) = @_;
	my ($out, $records) = ('000' . '0' x 10 . "990001$produced$previous\n", 0);

	for my $person (@people)
	{
		my ($number, @protections) = @$person;
		$out .= "001$number" . ' ' x 10 . "01\n";
		$records++;
		while (my ($code, $start) = splice(@protections, 0, 2))
		{
			$out .= "004$number$code$start\n";
			$records++;
		}
	}
	return $out . sprintf("999%s%08d\n", '9' x 10, $records);
}

# spew($file, $bytes) writes them.
sub spew
{
	my ($file, $bytes) = @_;

	open(my $out, '>:raw', $file) or die "$file: $!";
	print $out $bytes;
	close($out) or die "$file: $!";
	return $file;
}

# load_file($file, %arguments) is the SQL that loads it.
sub load_file
{
	my ($file, %arguments) = @_;

	return "protaddr.load_cpr_file('$file'" . join('', map { ", $_ => $arguments{$_}" } sort keys %arguments) . ')';
}

# in_force($source) is the SQL of one string for what a source says is in force.
sub in_force
{
	my ($source) = @_;

	return "SELECT count(*) || ' ' || coalesce(md5(string_agg(concat_ws(' ', subject_key, code, kind, valid_from, delete_hint), ','
			ORDER BY subject_key, code)), 'nothing')
		FROM protaddr.protection WHERE source = '$source' AND recorded_to = 'infinity' AND valid_to = 'infinity'";
}

# state_of($node, $db, $source) is that string.
sub state_of
{
	my ($node, $db, $source) = @_;

	return $node->safe_psql($db, in_force($source // 'DK-CPR'));
}

1;
