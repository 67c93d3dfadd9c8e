#!/usr/bin/env perl
# mutate.pl list FILE... | apply FILE NUMBER | pick SEED COUNT | split FILE FOLDER
#		What small mistakes could be made in this code?
#
# "list" prints one line for each: FILE NUMBER LINE OPERATOR.  "apply" prints the file with
# that one made.  What is in comments and strings is left alone.  "pick" reads such a list
# and prints some three times COUNT of it (not all will compile), the rooms and operators
# taking turns.  "split" writes each diff that FILE holds into a file of FOLDER, and prints
# a list in which that file stands for the number.
#
use strict;
use warnings;

# blanked($text, $sql) is the same text, byte for byte as long, with a blank for each byte of
# a comment, a string and a preprocessor line; of SQL, of a function's body, too.
sub blanked
{
	my ($text, $sql) = @_;
	my $blank = sub { my ($s) = @_; return $s =~ s/[^\n]/ /gr; };

	return $text =~ s{(\$\w*\$).*?\1|--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'}{ $blank->($&) }gesr if $sql;
	$text =~ s{/\*.*?\*/|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)+'}{ $blank->($&) }ges;
	$text =~ s{^[ \t]*#(?:[^\n]*\\\n)*[^\n]*}{ $blank->($&) }gem;
	return $text;
}

# operand_end($text, $at) is where the operand that begins there ends; operand_begin the
# other way round.
sub operand_end
{
	my ($text, $at) = @_;
	my $depth = 0;

	for (my $i = $at; $i < length $text; $i++)
	{
		my $c = substr($text, $i, 1);
		if ($c eq '(' || $c eq '[') { $depth++; }
		elsif ($c eq ')' || $c eq ']') { return $i if $depth-- == 0; }
		elsif ($depth == 0) { return $i if $c =~ /[;,?:{}]/ || substr($text, $i, 2) =~ /^(?:&&|\|\|)/; }
	}
	return;
}

sub operand_begin
{
	my ($text, $at) = @_;
	my $depth = 0;

	for (my $i = $at - 1; $i >= 0; $i--)
	{
		my $c = substr($text, $i, 1);
		if ($c eq ')' || $c eq ']') { $depth++; }
		elsif ($c eq '(' || $c eq '[') { return $i + 1 if $depth-- == 0; }
		elsif ($depth == 0)
		{
			return $i + 1 if $c =~ /[;,?:{}]/ || $i > 0 && substr($text, $i - 1, 2) =~ /^(?:&&|\|\|)$/;
			return $i + 1 if $c eq '=' && substr($text, $i - 1, 1) !~ /[=!<>]/ && substr($text, $i + 1, 1) ne '=';
			return $i + 1 if substr($text, 0, $i + 1) =~ /\breturn\z/;
		}
	}
	return 0;
}

# closing($text, $at) is where the parenthesis that opens there closes.
sub closing
{
	my ($text, $at) = @_;
	my $depth = 0;

	for (my $i = $at; $i < length $text; $i++)
	{
		my $c = substr($text, $i, 1);
		$depth++ if $c eq '(';
		return $i if $c eq ')' && --$depth == 0;
	}
	return;
}

# mutants($file) is a list of [begin, length, instead, operator].
sub mutants
{
	my ($file, $text) = @_;
	my $sql  = $file =~ /\.sql$/;
	my $code = blanked($text, $sql);
	my @found;
	my $mutant = sub { push @found, [@_]; };

	if ($sql)
	{
		# not of a table, nor the triggers made to fire always: module.sql does both again for all
		$mutant->($-[0], $+[0] - $-[0], '', 'drop a REVOKE') while $code =~ /^REVOKE\b[^;]* ON (?!protaddr\.)[^;]*;/gm;
		$mutant->($-[0], $+[0] - $-[0], '', 'drop a trigger') while $code =~ /^CREATE (?:CONSTRAINT )?TRIGGER\b[^;]*;/gm;
		$mutant->($-[0], $+[0] - $-[0], '', 'drop a constraint') while $code =~ /,\s*(?:CONSTRAINT \w+ )?(?:CHECK|UNIQUE) \((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)(?=\s*[,)])/g;
		# the rules that are shipped
		$mutant->($-[0], $+[0] - $-[0], "'leave'", 'laxer action') while $text =~ /'(?:withhold|block|hold|minimum)'(?=,|\))/g;
		return @found;
	}

	while ($code =~ /&&|\|\|/g)
	{
		my ($at, $after, $operator) = ($-[0], $+[0], $&);
		my $begin = operand_begin($code, $at);
		my $end   = operand_end($code, $after);
		$mutant->($at, $end - $at, '', "drop the right operand of $operator") if defined $end;
		$begin += length($1) if substr($code, $begin, $at - $begin) =~ /^(\s+)/;
		$mutant->($begin, $after - $begin, '', "drop the left operand of $operator");
	}
	while ($code =~ /\b(?:if|while)\s*\(/g)
	{
		my $open  = $+[0] - 1;
		my $close = closing($code, $open);
		$mutant->($open, $close + 1 - $open, '(!' . substr($text, $open, $close + 1 - $open) . ')', 'negate a condition') if defined $close;
	}
	while ($code =~ /(?<=[\w)\] ])\s(<=|>=|<|>)\s/g)
	{
		my %relaxed = ('<' => '<=', '<=' => '<', '>' => '>=', '>=' => '>');
		$mutant->($-[1], $+[1] - $-[1], $relaxed{$1}, 'move a limit by one');
	}
	$mutant->($-[1], $+[1] - $-[1], $1 eq '==' ? '!=' : '==', 'turn a comparison') while $code =~ /\s(==|!=)\s/g;
	$mutant->($-[0], $+[0] - $-[0], 'PROTADDR_LEAVE', 'laxer action')
	  while $code =~ /\bPROTADDR_(?:WITHHOLD|BLOCK|HOLD|MINIMUM|SUBSTITUTE|DISCLOSE)\b(?!\s*=)/g;
	while ($code =~ /^[ \t]+((?!return\b|else\b|goto\b|if\b|for\b|while\b|typedef\b|static\b|extern\b)[^;{}\n]*;)[ \t]*$/gm)
	{
		my ($begin, $length, $statement) = ($-[1], $+[1] - $-[1], $1);
		# what is only given back goes with its memory context; when a cancellation is heard is not asked
		next if $statement =~ /^(?:pfree|list_free\w*|bms_free|heap_freetuple|SPI_freetuptable|FreeExecutorState|FreeErrorData|PG_FREE_IF_COPY|CHECK_FOR_INTERRUPTS)\(/;
		$mutant->($begin, $length, '(void) 0;', 'skip a reset or an invalidation')
		  if $statement =~ /^(?:\(void\) )?\w*(?:reset|invalidate|forget|clear|unlock|wipe|bzero|cleanse|delete|register|free|check|require|refuse|verify|must|tell|record)\w*\s*\(/i
		  || $statement =~ /^[\w.\[\]]+(?:->[\w.\[\]]+)*\s*=\s*(?:false|true|NULL|NIL|0|-1|Invalid\w+)\s*;/;
	}
	while ($code =~ /\bereport\(ERROR\b/g)
	{
		my $begin = $-[0];
		my $close = closing($code, $begin + length('ereport'));
		$mutant->($begin, $close + 1 - $begin, '(void) 0', 'skip a refusal') if defined $close;
	}
	while ($code =~ /^(?:static\s+)?(?:inline\s+)?bool\n\w+\([^;{}]*\)\n\{\n/gm)
	{
		$mutant->($+[0], 0, "\treturn $_;\n", "return $_ early") for 'true', 'false';
	}
	return @found;
}

sub slurp
{
	my ($file) = @_;
	open(my $in, '<:raw', $file) or die "$file: $!\n";
	local $/;
	return scalar <$in>;
}

# pick($seed, @list) is the list shuffled, the rooms and operators taking turns.
sub pick
{
	my ($seed, @list) = @_;
	my (%of, @picked);

	srand($seed);
	for my $line (@list)
	{
		my ($room, $operator) = $line =~ m{^src/(\w+)/\S+ \d+ \d+ (.*)};
		push @{ $of{$operator}{$room} }, $line;
	}
	for my $list (map { my $o = $of{$_}; map { $o->{$_} } sort keys %$o } sort keys %of)
	{
		for my $i (reverse 1 .. $#$list) { my $j = int rand($i + 1); @$list[ $i, $j ] = @$list[ $j, $i ]; }
	}
	my @operators = sort keys %of;
	for my $turn (0 .. @list)
	{
		for my $o (0 .. $#operators)
		{
			# another room for each operator, so that a short run has all rooms, too
			my $rooms = $of{ $operators[$o] };
			my @rooms = grep { @{ $rooms->{$_} } } sort keys %$rooms or next;
			push @picked, shift @{ $rooms->{ $rooms[ ($turn + $o) % @rooms ] } };
		}
	}
	return @picked;
}

my ($what, @arguments) = @ARGV;
if (($what // '') eq 'list')
{
	for my $file (@arguments)
	{
		my $text = slurp($file);
		my $n = 0;
		printf("%s %d %d %s\n", $file, $n++, 1 + (substr($text, 0, $_->[0]) =~ tr/\n//), $_->[3]) for mutants($file, $text);
	}
}
elsif (($what // '') eq 'apply' && @arguments == 2)
{
	my ($file, $n) = @arguments;
	my $text = slurp($file);
	my $mutant = (mutants($file, $text))[$n] or die "$file has no mutant $n\n";
	substr($text, $mutant->[0], $mutant->[1]) = $mutant->[2];
	print $text;
}
elsif (($what // '') eq 'pick' && @arguments == 2)
{
	my ($seed, $count) = @arguments;
	my @picked = pick($seed, <STDIN>);
	splice(@picked, 3 * $count) if @picked > 3 * $count;
	print @picked;
}
elsif (($what // '') eq 'split' && @arguments == 2)
{
	my ($file, $folder) = @arguments;
	my $n = 0;
	mkdir $folder or die "$folder: $!\n";
	for my $diff (slurp($file) =~ /^(--- src\/.*\n\+\+\+ .*\n(?:@@.*\n(?:(?!--- src)[-+ \\].*\n)+)+)/gm)
	{
		my ($of, $operator, $line) = $diff =~ /^--- (\S+).*\n\+\+\+ (?:\S+ mutant: )?(.*)\n@@ -(\d+)/;
		open(my $out, '>:raw', "$folder/" . ++$n) or die "$folder/$n: $!\n";
		print $out $diff;
		close($out) or die "$folder/$n: $!\n";
		print "$of $folder/$n $line $operator\n";
	}
	die "$file holds no diff of src\n" if !$n;
}
else
{
	die "usage: mutate.pl list FILE... | apply FILE NUMBER | pick SEED COUNT | split FILE FOLDER\n";
}
