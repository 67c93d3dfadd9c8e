# Invented.pm
#		Which addresses are made up to be looked for?
#
# Streets and towns are put together from parts that no map has, in the forms that each
# language has; only the names that many towns have are real ones.  An address is a hash:
# lang, country, street, number, floor, unit, locality, code, town; what it lacks is ''.
#
package Invented;
use strict;
use warnings;
use utf8;
use Exporter 'import';
our @EXPORT = qw(invent pick chance %LANGUAGE);

sub pick { return $_[ int rand @_ ] }
sub chance { return rand() < $_[0] }

our %LANGUAGE = (
	da => {
		country => 'DK',
		first => [qw(Prøve Eksempel Opdigt Enhjørning Fabel Drage Nisse Regnbue Pandekage Sæbeboble Drømme Ønske Påfund Trylle Blækklat
			Tankespring Gækkebrev Æsel Spøgelse Troldmands Kæmpe Vrøvle Flyvefisk Månestråle Sukkerærte Skørhed Båndsløjfe Tåbe Åkande Øglebo)],
		end => [qw(vej vej vej vej gade gade gade allé stræde plads vænget vangen parken haven toften bakken torv boulevard stien marken krogen lunden)],
		before => ['Gammel', 'Gamle', 'Sankt', 'Store', 'Lille', 'Nordre', 'Søndre', 'Nørre', 'Vester', 'Øster', 'Borgmester', 'Professor', 'Doktor', 'Kaptajn', 'Dronning', 'H.P.', 'Ny'],
		apart => [qw(Gade Vej Allé Plads Boulevard Stræde)], genitive => 's',
		town => [qw(Prøveby Eksempelkøbing Testrup Opdigtslev Ønskebjerg Åndsbæk Fabelløse Trylleborg Ærtestrup Nissehavn Drømmelund Påfundsø)],
		district => ['', '', '', ' C', ' N', ' SV', ' Ø'],
		locality => ['Gækkerup', 'Vrøvlehuse', 'Æseltorp', 'Skørhede', 'Øglemark'],
		common => [qw(Kirkevej Skolevej Nørregade Vestergade Østergade Søndergade Hovedgaden Stationsvej Møllevej Skovvej Strandvejen Lindevej)],
		code => sub { sprintf '%04d', 1000 + int rand 8990 },
		unit => sub {
			my $storey = pick('st', 'kl', 1 .. 5, 1 .. 5);
			return ('', '') if chance(0.35);
			return ($storey, '') if chance(0.15);
			return ($storey, pick('th', 'tv', 'mf', 'th', 'tv', 1 .. 14));
		},
		number => sub { (1 + int rand 180) . (chance(0.2) ? pick('A' .. 'F') : '') },
	},
	sv => {
		country => 'SE',
		first => [qw(Påhitts Exempel Sago Drak Troll Enhörnings Regnbågs Pannkaks Önske Trolleri Nonsens Spök Älvdans Måndröms Åsnehopps Bläckplump Såpbubble Ärtskid Jättekliv Tokeri)],
		end => [qw(gatan gatan gatan vägen vägen vägen gränd stigen torget backen allén plan ringen)],
		before => ['Gamla', 'Sankt', 'Stora', 'Lilla', 'Norra', 'Södra', 'Östra', 'Västra', 'Övre', 'Nedre', 'Doktor', 'Professor', 'Kapten'],
		apart => [qw(gata väg gränd torg)], genitive => 's',
		town => [qw(Påhittsköping Exempelsta Sagoby Drakåsa Önskeholm Trollhamra Ärtemåla Åsneboda Nonsensala)],
		district => [''], locality => [],
		common => [qw(Storgatan Kyrkogatan Drottninggatan Kungsgatan Skolgatan Skolvägen Järnvägsgatan Björkvägen)],
		code => sub { sprintf '%03d %02d', 100 + int rand 880, int rand 100 },
		unit => sub { chance(0.5) ? ('', sprintf '1%d0%d', int rand 8, 1 + int rand 8) : ('', '') },
		number => sub { (1 + int rand 120) . (chance(0.2) ? pick('A' .. 'F') : '') },
	},
	nb => {
		country => 'NO',
		first => [qw(Påfunn Eksempel Eventyr Drage Troll Enhjørning Regnbue Pannekake Ønske Tulle Spøkelses Såpeboble Måneskinns Esel Blekkflekk Ærlighets Kjempe Røverkjøps Åndemaner)],
		end => [qw(veien veien veien vegen gata gata gate bakken svingen stien lia åsen plass faret tunet)],
		before => ['Gamle', 'Sankt', 'Store', 'Lille', 'Nordre', 'Søndre', 'Østre', 'Vestre', 'Øvre', 'Nedre', 'Professor', 'Kaptein', 'Doktor'],
		apart => [qw(vei gate plass)], genitive => 's',
		town => [qw(Påfunnsund Eksempelvik Trollnes Drageøy Ønskefjord Eventyrdal Tullmoen Åndalsby Pannekakeli)],
		district => [''], locality => [],
		common => [qw(Storgata Kirkegata Kirkeveien Skoleveien Jernbaneveien Strandveien Parkveien Stasjonsveien)],
		code => sub { sprintf '%04d', 100 + int rand 9800 },
		unit => sub { chance(0.5) ? ('', sprintf '%s0%d0%d', pick('H', 'H', 'H', 'U', 'L', 'K'), 1 + int rand 6, 1 + int rand 9) : ('', '') },
		number => sub { (1 + int rand 120) . (chance(0.2) ? pick('A' .. 'F') : '') },
	},
	de => {
		country => 'DE',
		first => [qw(Muster Beispiel Märchen Drachen Einhorn Regenbogen Pfannkuchen Wunsch Seifenblasen Quatsch Traumtänzer Gespenster Mondschein Esels Tintenklecks Lügenmärchen Zauberer Närrisch Übermut Tölpel)],
		end => [qw(straße straße straße straße weg weg platz gasse allee ring damm ufer steig)],
		before => ['Große', 'Kleine', 'Alte', 'Neue', 'Obere', 'Untere', 'Sankt', 'Doktor', 'Professor', 'Am', 'An der', 'Hintere'],
		apart => ['Straße', 'Weg', 'Platz', 'Allee'], genitive => 'er',
		town => [qw(Musterstadt Beispielhausen Märchenfeld Drachenbrück Wunschingen Zauberwörth Tölpelsheim Eselsfurt Übermutsbach)],
		district => [''], locality => [],
		common => [qw(Hauptstraße Bahnhofstraße Dorfstraße Schulstraße Gartenstraße Kirchweg Birkenweg Lindenstraße)],
		code => sub { sprintf '%05d', 1000 + int rand 98000 },
		unit => sub { chance(0.3) ? (pick('EG', 'DG', 1 .. 5), pick('', 'links', 'rechts', 'Mitte')) : ('', '') },
		number => sub { (1 + int rand 150) . (chance(0.2) ? pick('a' .. 'f') : '') },
	},
	fi => {
		country => 'FI',
		first => [qw(Esimerkki Satu Peikko Yksisarvis Sateenkaari Lettu Toive Höpsö Kummitus Kuutamo Aasin Mustetahra Lohikäärme Keksintö Hölmö Äänetön Pöllön Jättiläis Saippuakupla Tekaistu)],
		end => [qw(katu katu katu tie tie tie kuja polku tori kaari rinne mäki ranta)],
		before => ['Iso', 'Pieni', 'Vanha', 'Uusi', 'Pyhän', 'Kenraali', 'Professori'],
		apart => [qw(katu tie)], genitive => 'n',
		town => [qw(Esimerkkilä Satukylä Peikkojärvi Toivesaari Höpsölä Kuutamoniemi Hölmölä Keksinvaara)],
		district => [''], locality => [],
		common => [qw(Kauppakatu Kirkkokatu Koulukatu Rantakatu Puistokatu Asematie Koulutie Rantatie)],
		code => sub { sprintf '%05d', 10 * int rand 9999 },
		unit => sub { chance(0.6) ? ('', pick('A' .. 'F') . ' ' . (1 + int rand 60)) : ('', '') },
		number => sub { 1 + int rand 120 },
	},
	nl => {
		country => 'NL',
		first => [qw(Voorbeeld Sprookjes Draken Eenhoorn Regenboog Pannenkoeken Wens Zeepbel Onzin Spook Maneschijn Ezels Inktvlek Tover Kabouter Fantasie)],
		end => [qw(straat straat straat weg weg laan laan plein gracht kade dreef singel hof)],
		before => ['Oude', 'Nieuwe', 'Sint', 'Grote', 'Kleine', 'Lange', 'Korte', 'Burgemeester', 'Professor', 'Prins', 'Koningin'],
		apart => [qw(laan weg plein)], genitive => '',
		town => [qw(Voorbeeldstad Sprookjesdam Drakenveen Wensburg Onzinwijk Toverhaven Ezelsmeer)],
		district => [''], locality => [],
		common => [qw(Kerkstraat Dorpsstraat Schoolstraat Molenstraat Stationsweg Nieuwstraat)],
		code => sub { sprintf '%04d %s', 1000 + int rand 8990, join '', map { pick('A' .. 'Z') } 1, 2 },
		unit => sub { chance(0.4) ? ('', pick(1 .. 9, 'hs', 'bis')) : ('', '') },
		number => sub { 1 + int rand 300 },
	},
	en => {
		country => 'GB',
		first => [qw(Example Madeup Unicorn Dragonfly Rainbow Pancake Wishbone Soapbubble Nonsense Moonbeam Donkey Inkblot Wizard Hobgoblin Daydream Fable)],
		end => [' Road', ' Road', ' Street', ' Street', ' Lane', ' Avenue', ' Close', ' Drive', ' Square', ' Crescent', ' Gardens', ' Terrace', ' Court'],
		before => ['Saint', 'Great', 'Little', 'Old', 'Upper', 'Lower', 'North', 'South', 'East', 'West', 'Doctor'],
		apart => [qw(Road Street Lane)], genitive => "s",
		town => [qw(Exampleton Madeupham Unicornbury Nonsenseworth Pancakeford Fableby Wizardstow)],
		district => [''], locality => [],
		common => ['High Street', 'Station Road', 'Church Lane', 'Park Road', 'Victoria Road', 'Mill Lane'],
		code => sub { sprintf 'ZZ%d %d%s', 1 + int rand 98, int rand 10, join '', map { pick('A' .. 'Z') } 1, 2 },
		unit => sub { chance(0.4) ? ('', 1 + int rand 40) : ('', '') },
		number => sub { (1 + int rand 200) . (chance(0.1) ? pick('A' .. 'C') : '') },
	},
	fr => {
		country => 'FR',
		first => ["de l'Exemple", 'des Licornes', 'du Dragon Rêveur', 'des Fées Inventées', 'de la Crêpe', 'des Bulles de Savon', 'du Songe', 'du Fantôme Égaré', "de l'Âne Bleu",
			"de la Tache d'Encre", 'du Grand Magicien', 'des Lutins', 'du Non-Sens', 'Sainte Fable', 'du Général Chimère', 'du Docteur Farfelu', 'des Élucubrations'],
		end => ['rue ', 'rue ', 'rue ', 'avenue ', 'boulevard ', 'place ', 'allée ', 'impasse ', 'chemin ', 'route ', 'quai ', 'cours '],
		before => [], apart => [], genitive => '',
		town => ['Exempleville', 'Licorne-sur-Fable', 'Chimères', 'Saint-Songe', 'Crêpebourg', 'Élucubrieux'],
		district => [''], locality => [],
		common => ["rue de l'Église", 'rue des Écoles', 'place de la Mairie', 'rue de la Gare', 'avenue de la Gare', 'rue du Moulin'],
		code => sub { sprintf '%05d', 1000 + int rand 94000 },
		unit => sub { chance(0.4) ? ('', 1 + int rand 60) : ('', '') },
		number => sub { (1 + int rand 150) . (chance(0.1) ? pick(' bis', ' ter') : '') },
	});

# The street's name, and whether many towns have it.
sub street
{
	my ($l) = @_;
	return (pick(@{ $l->{common} }), 1) if chance(0.1);
	my $first = pick(@{ $l->{first} });
	my $end = pick(@{ $l->{end} });
	return ($end . $first, 0) if $l->{country} eq 'FR';
	if (@{ $l->{before} } && chance(0.35))
	{
		my $before = pick(@{ $l->{before} });
		return ($before . ' ' . $first . ($first =~ /s$/ ? '' : $l->{genitive}) . ' ' . pick(@{ $l->{apart} }), 0) if chance(0.4);
		return ("$before $first$end", 0);
	}
	# two parts: as many names as a country has
	return ($first . lc(pick(@{ $l->{first} })) . $end, 0) if $l->{country} ne 'GB' && chance(0.7);
	return (pick(@{ $l->{first} }) . ' ' . $first . $end, 0) if $l->{country} eq 'GB' && chance(0.7);
	return ($first . $end, 0);
}

# invent(LANGUAGE, COUNT) makes so many addresses, no two of one house, and towns with codes of their own.
sub invent
{
	my ($lang, $count) = @_;
	my $l = $LANGUAGE{$lang};
	my (@place, %house, @made);

	for my $town (@{ $l->{town} })
	{
		push @place, map { { town => $town . pick(@{ $l->{district} }), code => $l->{code}->() } } 1 .. 8;
	}
	while (@made < $count)
	{
		my ($street, $common) = street($l);
		my $place = pick(@place);
		my $number = $l->{number}->();
		next if $house{ lc "$street $number" . $place->{town} =~ s/ [A-ZØ]+$//r }++;
		my ($floor, $unit) = $l->{unit}->();
		my $locality = @{ $l->{locality} } && chance(0.2) ? pick(@{ $l->{locality} }) : '';
		push @made, { lang => $lang, country => $l->{country}, street => $street, common => $common, number => $number, floor => $floor, unit => $unit,
			locality => $locality, code => $place->{code}, town => $place->{town} };
	}
	return @made;
}

1;
