# Sentences.pm
#		What do payment texts say that is no address?
#
# Sentences of remittance lines, letters and notes in each language, with invented people,
# firms, numbers, dates, amounts and references.
#
package Sentences;
use strict;
use warnings;
use utf8;
use Exporter 'import';
use Invented;
our @EXPORT = qw(sentence reference);

my %sentence = (
	da => ['Faktura {n} af {d}', 'Betaling for {m} {y}, i alt {a} kr.', 'Husleje {m}', 'Kontingent {y} medlem {n}', 'Tak for sidst, {p}', 'Overførsel fra {p} til {p}',
		'Indfrielse af lån nr. {n}', 'Løn {m} {y}', 'Gave til {p}, tillykke med de {s} år', 'Kundenr. {n} fakturanr. {n}', 'Varekøb {d} kl. {t}', '{f}, CVR {c}',
		'Afdrag {s} af {s} på {n}', 'Depositum værelse {s}', 'Refusion af rejse {d}, {s} km à 3,94 kr.', 'El-regning {m} {s}. kvartal', '{s} stk. flyttekasser og {s} ruller tape',
		'Mødet holdes {d} kl. {t} på skolen', 'Årsafregning {y} - aconto {a}', 'Billetter til koncerten i parken {d}', 'Bødenr. {n} parkering ved torvet {d}', 'Vi ses på stranden kl. {t}',
		'Haven {s} m2, skoven {s} ha, marken {s} tdr. land', 'Køb af vej- og kloakanlæg, rate {s}', 'MobilePay {p} {s}{s}{s}{s}', 'Ref. {r}', 'IBAN {i}', 'Telefon {ph}', 'Vejen til {p} er lang, {s} timer', 'Side {s} af {s}',
		'Ny plads {s} i skolen fra {d}', '1. sal udlejes fra {d}', 'st. tv udlejes', 'Byen har {n} indbyggere', 'kl. {t} på plads {s}', 'Række {s} plads {s}', 'Afd. {s} {m} {y}', 'Garage nr. {s} leje {m}', 'Tur {s} vest for {f}'],
	sv => ['Faktura {n} förfaller {d}', 'Hyra {m} {y}', 'Lön {m}', 'OCR {n}', 'Betalning av {a} kr till {p}', 'Swish {ph}', 'Grattis {p} {s} år', 'Kundnummer {n}, {f}', 'Resa {d}, {s} mil', 'Medlemsavgift {y}',
		'Årsavgift {y} nr {n}', 'Möte {d} kl. {t} på torget', 'Parkering plats {s}', '{s} st biljetter, rad {s} plats {s}', 'Lån {n} amortering', 'Ref {r}', 'IBAN {i}', 'Elräkning kvartal {s} {y}', 'Backen är {s} meter lång', 'Vägen till skolan {s} km', 'Lgh {s} hyra {m}'],
	nb => ['Faktura {n} forfall {d}', 'Husleie {m} {y}', 'Lønn {m}', 'KID {n}', 'Betaling til {p}, {a} kr', 'Vipps {ph}', 'Gratulerer {p} {s} år', 'Kundenr. {n}, {f}', 'Reise {d}, {s} km', 'Kontingent {y}',
		'Årsavgift {y} nr. {n}', 'Møte {d} kl. {t} på torget', 'Parkering plass {s}', '{s} stk billetter, rad {s} plass {s}', 'Lån {n} avdrag', 'Ref {r}', 'IBAN {i}', 'Strøm kvartal {s} {y}', 'Veien er {s} meter', 'Bakken {s} m opp', 'Leilighet {s} leie {m}'],
	de => ['Rechnung {n} vom {d}', 'Miete {m} {y}', 'Gehalt {m}', 'Kundennummer {n}, {f}', 'Überweisung an {p}, {a} EUR', 'Vielen Dank {p}', 'Mitgliedsbeitrag {y}', 'Verwendungszweck {r}', 'IBAN {i}', 'Darlehen Nr. {n} Rate {s}',
		'Strom Abschlag {m}', 'Treffen am {d} um {t} Uhr am Markt', 'Fahrt {s} km am {d}', 'Reihe {s} Platz {s}', 'Stellplatz {s} Miete {m}', 'Auf dem Weg {s} Stunden', 'Wohnung {s} Nebenkosten {y}', 'Steuernummer {n}', 'Mandat {r} Gläubiger {r}', 'Telefon {ph}', 'Allee {s} Bäume, Ring {s} Teile'],
	fi => ['Lasku {n} eräpäivä {d}', 'Vuokra {m} {y}', 'Palkka {m}', 'Viite {n}', 'Maksu {p}, {a} euroa', 'Onnea {p} {s} vuotta', 'Asiakasnumero {n}, {f}', 'Matka {d}, {s} km', 'Jäsenmaksu {y}', 'Kokous {d} klo {t} torilla',
		'Autopaikka {s}', '{s} kpl lippuja, rivi {s} paikka {s}', 'Laina {n} lyhennys', 'IBAN {i}', 'Sähkölasku {s}/{y}', 'Puhelin {ph}', 'Ref {r}', 'Tie {s} km, katu {s} m', 'Huoneisto {s} vastike {m}'],
	nl => ['Factuur {n} van {d}', 'Huur {m} {y}', 'Salaris {m}', 'Klantnummer {n}, {f}', 'Betaling aan {p}, {a} EUR', 'Kenmerk {r}', 'IBAN {i}', 'Contributie {y}', 'Afspraak {d} om {t} uur op de markt', 'Rij {s} stoel {s}', 'Weg {s} km', 'Kamer {s} huur {m}'],
	en => ['Invoice {n} of {d}', 'Rent {m} {y}', 'Salary {m}', 'Customer {n}, {f}', 'Payment to {p}, GBP {a}', 'Reference {r}', 'IBAN {i}', 'Membership {y}', 'Meeting on {d} at {t} in the park', 'Row {s} seat {s}', 'Drive {s} miles', 'Flat {s} service charge {m}', 'Happy birthday {p} {s}', 'Phone {ph}', 'Close of business {d}', 'Place {s} of {s}'],
	fr => ['Facture {n} du {d}', 'Loyer {m} {y}', 'Salaire {m}', 'Client {n}, {f}', 'Virement à {p}, {a} EUR', 'Référence {r}', 'IBAN {i}', 'Cotisation {y}', 'Réunion le {d} à {t} place réservée', 'Rang {s} place {s}', 'En route {s} km', 'Appartement {s} charges {m}']);

my %month = (
	da => [qw(januar februar marts april maj juni juli august september oktober november december)],
	sv => [qw(januari februari mars april maj juni juli augusti september oktober november december)],
	nb => [qw(januar februar mars april mai juni juli august september oktober november desember)],
	de => [qw(Januar Februar März April Mai Juni Juli August September Oktober November Dezember)],
	fi => [qw(tammikuu helmikuu maaliskuu huhtikuu toukokuu kesäkuu heinäkuu elokuu syyskuu lokakuu marraskuu joulukuu)],
	nl => [qw(januari februari maart april mei juni juli augustus september oktober november december)],
	en => [qw(January February March April May June July August September October November December)],
	fr => [qw(janvier février mars avril mai juin juillet août septembre octobre novembre décembre)]);

my @given = qw(Prøvine Eksempla Fabelius Drageslava Pandekaja Nonsensia Tryllert Påfundine Önskelina Märchenhild Satuliisa Wizardella Licorneau Opdigta);
my @family = qw(Prøvesen Eksempelsen Opdigtsen Påhittsson Mustermann-Fabel Esimerkkinen Voorbeeldstra Nonsenseworth Chimèreau Trolderup Vrøvlegaard Nissedal);
my @firm = ('Eksempel Ejendomme A/S', 'Prøvebank Invest', 'Pandekagehuset ApS', 'Muster GmbH', 'Påhitts AB', 'Esimerkki Oy', 'Voorbeeld B.V.', 'Nonsense Ltd', 'Chimère SARL', 'Trylleskoven I/S', 'Tankestrand Vand A.m.b.a.');

sub digits { return join '', 1 + int rand 9, map { int rand 10 } 2 .. $_[0] }
sub reference { return join(pick('', '-', '/', ' '), map { chance(0.5) ? digits(2 + int rand 5) : join '', map { pick('A' .. 'Z') } 1 .. 2 + int rand 4 } 1 .. 2 + int rand 3) . int rand 10 }

my %fill = (
	n => sub { digits(4 + int rand 9) },
	s => sub { 1 + int rand 90 },
	y => sub { 2015 + int rand 12 },
	d => sub { my ($d, $m, $y) = (1 + int rand 28, 1 + int rand 12, 2015 + int rand 12); pick("$d.$m.$y", sprintf('%02d-%02d-%d', $d, $m, $y), sprintf('%d-%02d-%02d', $y, $m, $d), "$d/$m") },
	t => sub { sprintf pick('%d.%02d', '%02d:%02d'), int rand 24, 5 * int rand 12 },
	a => sub { my $a = sprintf '%d,%02d', 10 + int rand 90000, int rand 100; chance(0.3) ? $a =~ s/(\d)(\d{3}),/$1.$2,/r : $a },
	i => sub { pick('DK', 'SE', 'NO', 'DE', 'FI') . digits(2) . join pick('', ' '), map { digits(4) } 1 .. 4 },
	r => \&reference,
	p => sub { pick(@given) . (chance(0.7) ? ' ' . pick(@family) : '') },
	f => sub { pick(@firm) },
	c => sub { digits(8) },
	ph => sub { pick('', '+45 ', '+46 ', '+49 ') . join ' ', map { digits(2) } 1 .. 4 });

# A sentence of the language, filled in.
sub sentence
{
	my ($lang) = @_;
	my $text = pick(@{ $sentence{$lang} });

	$text =~ s/\{(\w+)\}/$1 eq 'm' ? pick(@{ $month{$lang} }) : $fill{$1}->()/ge;
	return $text;
}

1;
