# Rules.pm
#		In how many ways is an address written?
#
# A rule changes an address before it is written (stage address), says how it is written
# (stage form), or changes the text (stage text).  Of rules with the same slot one is taken.
# class says what the guard owes a text written so: exact, safe or doubtful.  A rule that
# does not concern an address returns false, or leaves the text as it was.
#
package Rules;
use strict;
use warnings;
use utf8;
use Encode qw(encode_utf8 decode);
use Exporter 'import';
use MIME::Base64 qw(encode_base64);
use Unicode::Normalize qw(NFD);
use Invented;
our @EXPORT = qw(@RULES written elements misspelt);

# The borders of the address in a text that is being made.
use constant { FIRST => "\x{E000}", LAST => "\x{E001}" };

# ---- streets ---------------------------------------------------------------------------

my %short_word = (
	da => { Gammel => 'Gl', Gamle => 'Gl', Sankt => 'Skt', Store => 'St', Lille => 'Ll', Nordre => 'Ndr', Søndre => 'Sdr', Nørre => 'Nr', Vester => 'V', Øster => 'Ø',
		Borgmester => 'Borgm', Professor => 'Prof', Doktor => 'Dr', Kaptajn => 'Kapt', Dronning => 'Dr' },
	sv => { Gamla => 'Gla', Sankt => 'S:t', Stora => 'St', Lilla => 'L', Norra => 'N', Södra => 'S', Östra => 'Ö', Västra => 'V', Doktor => 'Dr', Professor => 'Prof', Kapten => 'Kapt' },
	nb => { Gamle => 'Gml', Sankt => 'St', Store => 'St', Lille => 'L', Nordre => 'N', Søndre => 'S', Østre => 'Ø', Vestre => 'V', Professor => 'Prof', Kaptein => 'Kapt', Doktor => 'Dr' },
	de => { Große => 'Gr', Kleine => 'Kl', Sankt => 'St', Doktor => 'Dr', Professor => 'Prof' },
	fi => { Professori => 'Prof', Kenraali => 'Kenr' },
	nl => { Oude => 'O', Nieuwe => 'N', Sint => 'St', Burgemeester => 'Burg', Professor => 'Prof', Prins => 'Pr', Koningin => 'Kon' },
	en => { Saint => 'St', Great => 'Gt', Little => 'Lt', North => 'N', South => 'S', East => 'E', West => 'W', Doctor => 'Dr', Upper => 'Upr' },
	fr => { avenue => 'av', boulevard => 'bd', place => 'pl', impasse => 'imp', chemin => 'ch', route => 'rte', Général => 'Gal', Docteur => 'Dr', Sainte => 'Ste', Grand => 'Gd' });
my %short_end = (
	da => { vej => 'v', gade => ['g', 'gd'], allé => 'all', plads => 'pl', boulevard => 'boul', stræde => 'str' },
	sv => { gatan => 'g', vägen => 'v', gata => 'g', väg => 'v' },
	nb => { veien => ['vn', 'v'], vegen => 'vn', gata => 'gt', gate => 'gt', vei => 'v', plass => 'pl' },
	de => { straße => 'str', platz => 'pl' },
	fi => { katu => 'k', tie => 't', polku => 'p' },
	nl => { straat => 'str', laan => 'ln', plein => 'pln', gracht => 'gr' },
	en => { road => 'Rd', street => 'St', lane => 'Ln', avenue => 'Ave', close => 'Cl', drive => 'Dr', square => 'Sq', crescent => 'Cres', gardens => 'Gdns', terrace => 'Terr', court => 'Ct' },
	fr => {});

sub short_word
{
	my ($lang, $street, $dot) = @_;
	my $any = join '|', map { quotemeta } sort keys %{ $short_word{$lang} };
	return $street if $any eq '';
	my $n = $street =~ s/(?<!\w)($any)(?!\w)/$short_word{$lang}{$1}$dot/r;
	return $n;
}

sub short_end
{
	my ($lang, $street, $dot) = @_;
	for my $end (sort keys %{ $short_end{$lang} })
	{
		my $short = $short_end{$lang}{$end};
		$short = pick(@$short) if ref $short;
		next unless $street =~ /^(.+)$end$/i && length $1 > 1;
		my $before = $1;
		return $before . ($before =~ / $/ ? ucfirst $short : $short) . $dot;
	}
	return $street;
}

my %apart = (da => 'vej|gade|allé|plads|stræde|vænget|parken|haven|toften|bakken', sv => 'gatan|vägen|gränd|stigen|torget', nb => 'veien|vegen|gata|gate|bakken', de => 'straße|weg|platz|allee', fi => 'katu|tie|kuja', nl => 'straat|weg|laan|plein');

# One letter is another, is missing, too many, or has changed place with its neighbour.
sub misspelt
{
	my ($word, $how) = @_;
	my @at = grep { substr($word, $_, 1) =~ /\p{L}/ } 0 .. length($word) - 1;
	return $word if @at < 6;
	for (1 .. 20)
	{
		my $i = pick(@at);
		my $is = substr $word, $i, 1;
		my $new = pick('a' .. 'z');
		my $out = $word;
		if    ($how eq 'other')   { substr($out, $i, 1) = $is eq uc $is ? uc $new : $new }
		elsif ($how eq 'missing') { substr($out, $i, 1) = '' }
		elsif ($how eq 'more')    { substr($out, $i, 0) = $new }
		else
		{
			next unless $i + 1 < length $word && substr($word, $i + 1, 1) =~ /\p{L}/;
			$out = substr($word, 0, $i) . substr($word, $i + 1, 1) . $is . substr($word, $i + 2);
		}
		return $out if lc $out ne lc $word && $out !~ /^\s|\s$/;
	}
	return $word;
}

# ---- floors and doors --------------------------------------------------------------------

sub unit_official
{
	my ($a) = @_;
	my ($l, $f, $u) = @$a{qw(lang floor unit)};
	return $f eq '' ? ($u eq '' ? '' : ", $u") : ", $f." . ($u eq '' ? '' : " $u") if $l eq 'da';
	return $u eq '' ? '' : " lgh $u" if $l eq 'sv';
	return $u eq '' ? '' : ", $u" if $l eq 'nb';
	return join '', map { ", $_" } ($f eq '' ? () : $f =~ /^\d/ ? "$f. OG" : $f), ($u eq '' ? () : $u) if $l eq 'de';
	return $u eq '' ? '' : " $u" if $l eq 'fi';
	return $u eq '' ? '' : $u =~ /^\d/ ? "-$u" : " $u" if $l eq 'nl';
	return $u eq '' ? '' : $l eq 'en' ? "Flat $u, " : "Appt $u, ";
}

my %side = (
	da => { th => ['t.h', 't.h.', 'til højre', 'højre'], tv => ['t.v', 't.v.', 'til venstre', 'venstre'], mf => ['m.f', 'm.f.', 'midt for', 'midtfor'] },
	de => { links => ['li', 'li.', 'l.', 'lks.'], rechts => ['re', 're.', 'r.'], Mitte => ['mi.', 'mitte'] });
my %storey = (da => { st => ['stuen', 'stueplan', 'stue', 'st'], kl => ['kld.', 'kælder', 'kælderen', 'kl'] }, de => { EG => ['Erdgeschoss', 'Erdgeschoß', 'Parterre'], DG => ['Dachgeschoss', 'Dachgeschoß'] });

# name => what floor and door become, or undef; of floor and door as the address has them
my @unit_rules = (
	'floor: 4,1 tv'          => sub { my ($l, $f, $u) = @_; $l eq 'da' && $f ne '' ? ",$f" . ($u eq '' ? '' : " $u") : undef },
	'floor: 004 01 tv'       => sub { my ($l, $f, $u) = @_; $l eq 'da' && $f =~ /\d/ ? " 0$f" . ($u eq '' ? '' : '  ' . $u) : undef },
	'floor: 2tv'             => sub { my ($l, $f, $u) = @_; $l eq 'da' && $f =~ /\d/ && $u =~ /^\D/ ? pick(', ', ' ') . "$f$u" : undef },
	'floor: 2.tv.'           => sub { my ($l, $f, $u) = @_; $l eq 'da' && $f ne '' && $u ne '' ? pick(', ', ' ') . "$f.$u." : undef },
	'floor: 2 tv'            => sub { my ($l, $f, $u) = @_; $l eq 'da' && $f ne '' ? pick(', ', ' ') . ($u eq '' ? $f : "$f $u") : undef },
	'floor: 2. sal tv'       => sub { my ($l, $f, $u) = @_; $l eq 'da' && $f =~ /\d/ ? pick(', ', ' ') . "$f. " . pick('sal', 'sAl', 'SAL') . ($u eq '' ? '' : " $u") : undef },
	'floor: 2 sal, tv'       => sub { my ($l, $f, $u) = @_; $l eq 'da' && $f =~ /\d/ ? pick(', ', ' ') . "$f sal" . ($u eq '' ? '' : ", $u") : undef },
	'floor: 2. etage'        => sub { my ($l, $f, $u) = @_; $l eq 'da' && $f =~ /\d/ ? ", $f. " . pick('etage', 'etg.') . ($u eq '' ? '' : " $u") : undef },
	'floor: 02'              => sub { my ($l, $f, $u) = @_; $l eq 'da' && $f =~ /\d/ ? ", 0$f." . ($u eq '' ? '' : " $u") : undef },
	'floor: stuen, kld.'     => sub { my ($l, $f, $u) = @_; $storey{$l}{$f} ? ', ' . pick(@{ $storey{$l}{$f} }) . ($u eq '' ? '' : " $u") : undef },
	'door: t.h, til højre'   => sub { my ($l, $f, $u) = @_; $side{$l}{$u} ? ', ' . ($f eq '' ? '' : $l eq 'da' ? "$f. " : $f =~ /^\d/ ? "$f. OG " : "$f ") . pick(@{ $side{$l}{$u} }) : undef },
	'door: dør 5'            => sub { my ($l, $f, $u) = @_; $l eq 'da' && $u =~ /^\d/ ? ', ' . ($f eq '' ? '' : "$f. ") . pick('dør ', 'dør nr. ', 'lejl. ', 'lejlighed ', 'værelse ') . $u : undef },
	'door: -0121'            => sub { my ($l, $f, $u) = @_; $l eq 'da' && $u =~ /^\d/ ? ', ' . ($f eq '' ? '' : "$f. ") . pick('-0', '0', '-') . $u : undef },
	'flat: other words'      => sub { my ($l, $f, $u) = @_; $u eq '' ? undef
		: $l eq 'sv' ? pick(', lgh ', ' lgh. ', ' lägenhet ', ' LGH', ' lgh nr ', ' ') . $u
		: $l eq 'nb' ? pick(' ', ', leil. ', ', leilighet ', ', bolig ', ' bolignr. ') . pick($u, lc $u)
		: $l eq 'fi' ? do { my ($s, $n) = split / /, $u; pick(" $s$n", " $s as. $n", " $s as $n", " $s-$n", ' ' . lc($s) . " $n", " $s-$n", ", $s $n", " rappu $s as. $n") }
		: $l eq 'nl' ? ($u =~ /^\d/ ? pick(" $u", "/$u", " bus $u", ", app. $u") : pick("-$u", "$u"))
		: undef },
	'floor: other words'     => sub { my ($l, $f, $u) = @_; $l eq 'de' && $f =~ /\d/ ? pick(" $f. OG", ", $f.OG", ", $f. Stock", ", $f. Etage", " $f.Obergeschoss") . ($u eq '' ? '' : " $u") : undef });

my %unit_before = (
	en => ['Flat %s ', 'Apt %s, ', 'Apartment %s, ', 'Unit %s, ', 'flat %s, '],
	fr => ['Appt. %s, ', 'appartement %s, ', 'Apt %s, ']);

# ---- places, forms ------------------------------------------------------------------------

my %box_words = (da => 'nr. ', sv => 'nr ', nb => 'nr. ', de => 'Nr. ', fi => 'no ', nl => 'nr. ', en => 'No. ', fr => 'n° ');

sub number_first { return $_[0] eq 'en' || $_[0] eq 'fr' }

# The address as pieces in the order of its country, with commas.
sub written
{
	my ($a) = @_;
	my $form = $a->{form} // '';
	my $unit = $a->{unit_text} // unit_official($a);
	my $number = $a->{number_text} // $a->{number};
	my $first = number_first($a->{lang});
	my $before = $first ? $unit : '';
	my $after = $a->{unit_after} // ($first ? '' : $unit);
	my $comma = $a->{no_comma} ? ' ' : ', ';
	$first = !$first if $form eq 'number first';
	$after =~ s/^ (?=\d)/, / if $form eq 'number first';
	my $house = $before . ($first ? "$number $a->{street}" : "$a->{street} $number") . $after;
	my $place = join ' ', grep { $_ ne '' } $a->{lang} eq 'en' ? ($a->{town}, $a->{code}) : ($a->{code} . ($a->{code} ne '' && $a->{town_misspelt} && $form !~ /^(?:code|xml|json|csv)/ ? LAST : ''), $a->{town});
	my @part = grep { $_ ne '' } $house, $a->{locality}, $place;
	@part = grep { $_ ne '' } $place, $house, $a->{locality} if $form eq 'code first';

	return structured($a, $form) if $form =~ /^(?:xml|json|csv)/;
	my $last = $place =~ LAST ? '' : LAST;
	return ($a->{careof} ? "$a->{careof}$comma" : '') . FIRST . join($form eq 'lines' ? "\n" : $form eq 'cells' ? "\t" : $form eq '50F' ? "\r\n3/$a->{country}/" : $comma, @part) . $last;
}

# As elements: what a message or a table has.
sub elements
{
	my ($a) = @_;
	my ($l, $f, $u) = @$a{qw(lang floor unit)};
	return grep { $_->[1] ne '' } ['StrtNm', $a->{street}], ['BldgNb', $a->{number_text} // $a->{number}], ['Flr', $f], [$l eq 'da' || $l eq 'de' ? 'Room' : 'UnitNb', $u],
		['PstCd', $a->{code}], ['TwnNm', $a->{town}], ['TwnLctnNm', $a->{locality}], ['Ctry', $a->{country}];
}

my %own_key = (StrtNm => 'street', BldgNb => 'number', Flr => 'floor', Room => 'door', UnitNb => 'flat', PstCd => 'zip', TwnNm => 'city', TwnLctnNm => 'place', Ctry => 'country');

# The borders stand around the first and the last value that are the address's own.
sub structured
{
	my ($address, $form) = @_;
	my @e = elements($address);
	my @value;

	@e = sort { $a->[0] cmp $b->[0] } @e if $form eq 'json, sorted';
	@e = sort { $own_key{ $a->[0] } cmp $own_key{ $b->[0] } } @e if $form eq 'json, own names';
	@e = grep { $_->[0] ne 'Ctry' } @e if $form eq 'csv';
	my @own = grep { $e[$_][0] ne 'Ctry' } 0 .. $#e;
	$e[ $own[0] ][1] = FIRST . $e[ $own[0] ][1];
	$e[ $own[-1] ][1] .= LAST;
	@value = map { $form eq 'xml' ? "<$_->[0]>" . $_->[1] =~ s/&/&amp;/gr . "</$_->[0]>" : $form eq 'csv' ? "\"$_->[1]\"" : $form eq 'json, own names' ? "\"$own_key{$_->[0]}\": \"$_->[1]\"" : "\"$_->[0]\":\"$_->[1]\"" } @e;
	return $form eq 'xml' ? '<PstlAdr>' . join('', @value) . '</PstlAdr>' : $form eq 'csv' ? join(';', @value) : '{' . join(', ', @value) . '}';
}

# ---- texts ---------------------------------------------------------------------------------

my %ascii = (æ => 'ae', ø => 'oe', å => 'aa', ä => 'ae', ö => 'oe', ü => 'ue', ß => 'ss', é => 'e', è => 'e', ê => 'e', à => 'a', â => 'a', É => 'E', Â => 'A', ô => 'o', î => 'i', û => 'u', ù => 'u', ç => 'c', ë => 'e', ï => 'i', È => 'E', Ê => 'E',
	Æ => 'AE', Ø => 'OE', Å => 'AA', Ä => 'AE', Ö => 'OE', Ü => 'UE');
my %plain = (%ascii, æ => 'a', ø => 'o', å => 'a', ä => 'a', ö => 'o', ü => 'u', Æ => 'A', Ø => 'O', Å => 'A', Ä => 'A', Ö => 'O', Ü => 'U');
my %named = (æ => 'aelig', ø => 'oslash', å => 'aring', ä => 'auml', ö => 'ouml', ü => 'uuml', ß => 'szlig', é => 'eacute', Æ => 'AElig', Ø => 'Oslash', Å => 'Aring', Ä => 'Auml', Ö => 'Ouml', Ü => 'Uuml');
my %cyrillic = (a => 'а', e => 'е', o => 'о', p => 'р', c => 'с', x => 'х', y => 'у', A => 'А', B => 'В', E => 'Е', K => 'К', M => 'М', H => 'Н', O => 'О', P => 'Р', C => 'С', T => 'Т');

sub letters { my ($text, $by) = @_; return $text =~ s/([^\x00-\x7F\x{E000}\x{E001}])/$by->{$1} \/\/ $1/ger }
# What is done to the address alone; in a structure the values would no longer be told from the names.
sub inside { my ($text, $do) = @_; return $text if $text =~ /[<{]|";"/; return $text =~ s/\x{E000}([^\x{E000}\x{E001}]*)\x{E001}/FIRST . $do->($1) . LAST/ger }
sub coded { my ($text, $do) = @_; return join '', map { /[\x{E000}\x{E001}]/ ? $_ : $do->($_) } split /([\x{E000}\x{E001}])/, $text }

sub wrapped
{
	my ($text) = @_;
	my ($n, $out) = (0, '');
	for my $c (split //, $text)
	{
		if ($c !~ /[\x{E000}\x{E001}]/ && $n++ == 35) { $out .= "\r\n"; $n = 1 }
		$out .= $c;
	}
	return $out;
}

sub percent { return join '', map { /[A-Za-z0-9_.~-]/ ? $_ : $_ eq ' ' ? $_[1] : sprintf '%%%02X', ord } split //, encode_utf8($_[0]) }

# ---- the rules -----------------------------------------------------------------------------

our @RULES;
sub rule { my ($stage, $slot, $class, $name, $do) = @_; push @RULES, { stage => $stage, slot => $slot, class => $class, name => $name, do => $do } }
sub on_address { rule('address', @_) }
sub on_text { rule('text', @_) }
sub form { my ($class, $name, @for) = @_; rule('address', 'form', $class, "form: $name", sub { my ($a) = @_; return 0 if @for && !$for[0]->($a); $a->{form} = $name; 1 }) }

rule('address', 'official', 'exact', 'official', sub { 1 });
for my $dot ('.', '')
{
	on_address('word', 'safe', 'street: Gammel, Gl' . $dot, sub { my ($a) = @_; my $is = $a->{street}; $a->{street} = short_word($a->{lang}, $is, $dot); $a->{street} ne $is });
	on_address('end', 'safe', 'street: -vej, -v' . $dot, sub { my ($a) = @_; my $is = $a->{street}; $a->{street} = short_end($a->{lang}, $is, $dot); $a->{street} ne $is });
}
on_address('end', 'safe', 'street: end apart', sub { my ($a) = @_; my $any = $apart{ $a->{lang} } or return 0; $a->{street} =~ s/(?<=\p{Ll}\p{Ll})(\Q$_\E)$/ $1/ and return 1 for split /\|/, $any; 0 });
on_address('end', 'safe', 'street: end joined', sub { my ($a) = @_; my $any = $apart{ $a->{lang} } or return 0; $a->{street} =~ s/ ($any)$/lc $1/ie });
on_address('end', 'safe', 'street: with hyphens', sub { my ($a) = @_; $a->{lang} =~ /^(?:de|fr)$/ && $a->{street} =~ s/(?<=\w) (?=\w)/-/g });
on_address('end', 'doubtful', 'street: 20 letters', sub { my ($a) = @_; return 0 unless $a->{lang} eq 'da' && length $a->{street} > 20; $a->{street} = substr($a->{street}, 0, 20) =~ s/ +$//r; 1 });
on_address('end', 'safe', 'street: short for 20 letters', sub {
		my ($a) = @_;
		return 0 unless $a->{lang} eq 'da' && length $a->{street} > 20;
		my $dot = pick('.', '');
		my $s = short_word('da', $a->{street}, $dot);
		$s = short_end('da', $s, $dot) if length $s > 20;
		return 0 if length $s > 20;
		$a->{street} = $s;
		1;
	});
on_address('end', 'doubtful', 'street: end left out', sub { my ($a) = @_; my $any = $apart{ $a->{lang} } or return 0; length $a->{street} > 17 && $a->{street} =~ /^(.{11,}?) ?(?:$any)$/i or return 0; $a->{street} = $1; 1 });
for my $how ('other', 'missing', 'more', 'swapped')
{
	on_address('misspelt', 'doubtful', "street: a letter $how", sub { my ($a) = @_; my $is = $a->{street}; $a->{street} = misspelt($is, $how); $a->{street} ne $is });
}
on_address('number', 'safe', 'number: 0121', sub { my ($a) = @_; $a->{number_text} = pick('0', '00') . $a->{number}; 1 });
on_address('number', 'safe', 'number: nr. 12', sub { my ($a) = @_; $a->{number_text} = ($box_words{ $a->{lang} }) . $a->{number}; !number_first($a->{lang}) });
on_address('number', 'safe', 'number: 12 B', sub { my ($a) = @_; $a->{number} =~ /^(\d+) ?(\w+)$/ && $2 !~ /^\d/ or return 0; my $n = "$1 $2"; $n = "$1$2" if $n eq $a->{number}; $a->{number_text} = $n; 1 });
on_address('number', 'exact', 'number: 12b', sub { my ($a) = @_; my $n = $a->{number}; $n = $n =~ /[A-Z]/ ? lc $n : uc $n; $a->{number_text} = $n; $n ne $a->{number} });
while (my ($name, $do) = splice @unit_rules, 0, 2)
{
	on_address('unit', 'safe', $name, sub { my ($a) = @_; my $t = $do->(@$a{qw(lang floor unit)}); $a->{unit_text} = $t; defined $t });
}
on_address('unit', 'safe', 'flat: Apt before', sub { my ($a) = @_; my $any = $unit_before{ $a->{lang} }; return 0 unless $any && $a->{unit} ne ''; $a->{unit_text} = sprintf pick(@$any), $a->{unit}; 1 });
on_address('unit', 'safe', 'flat: behind', sub { my ($a) = @_; return 0 unless number_first($a->{lang}) && $a->{unit} ne ''; $a->{unit_text} = ''; $a->{unit_after} = ($a->{lang} eq 'en' ? pick(', Flat ', ' Flat ') : pick(', appt ', ' appt. ')) . $a->{unit}; 1 });
on_address('unit', 'doubtful', 'floor and door missing', sub { my ($a) = @_; return 0 if "$a->{floor}$a->{unit}" eq ''; @$a{qw(floor unit)} = ('', ''); 1 });
on_address('unit', 'doubtful', 'door missing', sub { my ($a) = @_; return 0 if $a->{floor} eq '' || $a->{unit} eq ''; $a->{unit} = ''; 1 });
on_address('unit', 'doubtful', 'floor and door too many', sub { my ($a) = @_; return 0 if $a->{lang} ne 'da' || "$a->{floor}$a->{unit}" ne ''; @$a{qw(floor unit)} = (pick('st', 1 .. 4), pick('th', 'tv', 'mf')); 1 });
on_address('place', 'doubtful', 'post code missing', sub { my ($a) = @_; $a->{code} = ''; 1 });
on_address('place', 'safe', 'town missing', sub { my ($a) = @_; $a->{town} = ''; 1 });
on_address('place', 'doubtful', 'post code and town missing', sub { my ($a) = @_; return 0 if $a->{common} || $a->{shared}; @$a{qw(code town)} = ('', ''); 1 });
on_address('place', 'safe', 'post code of the same place', sub { my ($a) = @_; return 0 unless $a->{alias}; $a->{code} = $a->{alias}; 1 });
on_address('place', 'safe', 'country before post code', sub { my ($a) = @_; return 0 if $a->{lang} =~ /en|fr|nl/; my $c = $a->{lang} eq 'de' ? pick('D', 'DE') : $a->{lang} eq 'sv' ? pick('S', 'SE') : $a->{lang} eq 'nb' ? pick('N', 'NO') : $a->{country}; $a->{code} = $c . pick('-', ' ', '') . $a->{code}; 1 });
on_address('place', 'safe', 'post code without its blank', sub { my ($a) = @_; $a->{code} =~ s/ //; });
on_address('place', 'safe', 'town without district', sub { my ($a) = @_; $a->{town} =~ s/ [A-ZØ]{1,2}$// });
on_address('place', 'safe', 'town: a letter other', sub { my ($a) = @_; my $is = $a->{town}; $a->{town} = misspelt($is, pick('other', 'missing', 'more', 'swapped')); $a->{town_misspelt} = 1; $a->{town} ne $is });
on_address('locality', 'safe', 'supplementary town left out', sub { my ($a) = @_; return 0 if $a->{locality} eq ''; $a->{locality} = ''; 1 });
on_address('locality', 'safe', 'supplementary town unknown', sub { my ($a) = @_; return 0 if $a->{locality} ne '' || $a->{lang} ne 'da'; $a->{locality} = pick('Vrøvlestrup', 'Nissemose', 'Ærtebjerg'); 1 });
on_address('careof', 'exact', 'c/o line', sub { my ($a) = @_; $a->{careof} = pick('c/o Prøvine Opdigtsen', 'C/O Fabelius', 'Att. Drageslava Eksempelsen', 'c/o Fabelhjemmet'); 1 });
on_address('commas', 'exact', 'commas missing', sub { my ($a) = @_; $a->{no_comma} = 1 });
form('safe', 'number first', sub { !number_first($_[0]{lang}) });
form('safe', 'code first', sub { $_[0]{code} ne '' });
form('exact', 'lines');
form('exact', 'cells');
form('safe', '50F', sub { $_[0]{code} ne '' && $_[0]{locality} eq '' });
form('safe', 'xml');
form('doubtful', 'json, sorted');
form('doubtful', 'json, own names');
form('safe', 'csv');

on_text('letters', 'safe', 'letters: ae oe aa', sub { letters($_[0], \%ascii) });
on_text('letters', 'safe', 'letters: a o a', sub { letters($_[0], \%plain) });
on_text('letters', 'safe', 'letters: Swedish, Danish', sub { $_[0] =~ tr/æøÆØäöÄÖ/äöÄÖæøÆØ/r });
on_text('letters', 'safe', 'letters: charset X', sub { uc(letters($_[0], \%ascii)) =~ s/[^A-Z0-9\/?:().,'+\r\n\t <>"{};\x{E000}\x{E001}-]/ /gr });
on_text('letters', 'doubtful', 'letters: lost, a ? instead', sub { $_[0] =~ s/[^\x00-\x7F\x{E000}\x{E001}]/?/gr });
on_text('letters', 'doubtful', 'letters: lost', sub { $_[0] =~ s/[^\x00-\x7F\x{E000}\x{E001}]//gr });
on_text('letters', 'beyond', 'letters: UTF-8 read as Latin-1', sub { coded($_[0], sub { decode('cp1252', encode_utf8($_[0])) }) });
on_text('case', 'exact', 'case: upper', sub { $_[0] =~ /[<{]/ ? $_[0] : uc $_[0] });
on_text('case', 'exact', 'case: lower', sub { $_[0] =~ /[<{]/ ? $_[0] : lc $_[0] });
on_text('marks', 'exact', 'dots and commas missing', sub { inside($_[0], sub { $_[0] =~ s/[.,](?=\w)/ /gr =~ s/[.,]//gr }) });
on_text('blanks', 'exact', 'blanks: many', sub { inside($_[0], sub { $_[0] =~ s/ /' ' x (1 + int rand 3)/ger }) });
on_text('blanks', 'exact', 'blanks: tabs, lines, no-break', sub { inside($_[0], sub { $_[0] =~ s/ /pick("\t", "\n", "\r\n", "\x{A0}", "\x{2009}")/ger }) });
on_text('blanks', 'safe', 'lines of 35', sub { $_[0] =~ /[<{]/ ? $_[0] : wrapped($_[0]) });
on_text('hidden', 'safe', 'hidden: zero width', sub { inside($_[0], sub { my $t = $_[0]; substr($t, 1 + int rand(length($t) - 1), 0) = pick("\x{200B}", "\x{200D}", "\x{2060}", "\x{FEFF}") for 1 .. 4; $t }) });
on_text('hidden', 'safe', 'hidden: soft hyphens', sub { inside($_[0], sub { $_[0] =~ s/(?<=\p{Ll})(?=\p{Ll})/chance(0.2) ? "\x{AD}" : ''/ger }) });
on_text('hidden', 'safe', 'letters of Cyrillic', sub { inside($_[0], sub { $_[0] =~ s/([aeopcxyABEKMHOPCT])/chance(0.4) ? $cyrillic{$1} : $1/ger }) });
on_text('hidden', 'safe', 'digits: full width', sub { inside($_[0], sub { $_[0] =~ tr/0-9/０-９/r }) });
on_text('hidden', 'exact', 'letters: decomposed', sub { NFD($_[0]) });
on_text('code', 'safe', 'coded: &#230;', sub { $_[0] =~ s/([^\x00-\x7F\x{E000}\x{E001}])/'&#' . ord($1) . ';'/ger });
on_text('code', 'safe', 'coded: &#xE6;', sub { $_[0] =~ s/([^\x00-\x7F\x{E000}\x{E001}])/sprintf '&#x%X;', ord $1/ger });
on_text('code', 'safe', 'coded: &aelig;', sub { $_[0] =~ s/([^\x00-\x7F\x{E000}\x{E001}])/$named{$1} ? "&$named{$1};" : $1/ger });
on_text('code', 'safe', 'coded: %C3%A6', sub { coded($_[0], sub { percent($_[0], '%20') }) });
on_text('code', 'safe', 'coded: %C3%A6 and +', sub { coded($_[0], sub { percent($_[0], '+') }) });
on_text('code', 'safe', 'coded: \u00e6', sub { $_[0] =~ s/([^\x00-\x7F\x{E000}\x{E001}])/sprintf '\\u%04x', ord $1/ger });
on_text('code', 'safe', 'coded: =C3=A6', sub { coded($_[0], sub { join '', map { ord > 126 || $_ eq '=' ? sprintf '=%02X', ord : $_ } split //, encode_utf8($_[0]) }) });
on_text('code', 'safe', 'coded: base64', sub { FIRST . encode_base64(encode_utf8($_[0] =~ s/[\x{E000}\x{E001}]//gr), '') . LAST });

1;
