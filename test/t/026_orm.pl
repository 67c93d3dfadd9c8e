#
# 026_orm.pl
#		Does an application that knows nothing of protaddr notice that a row is held in place?
#
# SQLAlchemy and JDBC write payments, get their keys and counts back, change rows that wait,
# and find them released.  Skipped, loudly, where one of them is not installed.
#
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ProtaddrTest;
use Test::More;

my ($jar) = grep { -e } $ENV{PROTADDR_JDBC} // (), '/usr/share/java/postgresql.jar';
my $python = -x '/usr/bin/python3' ? '/usr/bin/python3' : 'python3';
my $has_sqlalchemy = system("$python -c 'import sqlalchemy, psycopg2' >/dev/null 2>&1") == 0;
my $has_jdbc = defined $jar && system('java -version >/dev/null 2>&1 && javac -version >/dev/null 2>&1') == 0;

my $node = cluster(PostgreSQL::Test::Cluster->new('orm'));
$node->append_conf('postgresql.conf', q(listen_addresses = '127.0.0.1'));
$node->append_conf('pg_hba.conf', 'host all all 127.0.0.1/32 trust');
$node->start;
new_database($node, 'bank');
$node->safe_psql('bank', <<"SQL");
CREATE TABLE customer (cpr text PRIMARY KEY, home protaddr.address);
SELECT protaddr.bind_column('customer', 'home', subject => 'cpr');
INSERT INTO customer SELECT 'P' || i, protaddr.address(strtnm => '@{[CANARY]}', bldgnb => i::text, twnnm => 'By', ctry => 'DK') FROM generate_series(1, 2) i;
SELECT protaddr.load_register('DK-CPR', '[{"subject": "P1", "protections": []}, {"subject": "P2", "protections": [{"code": "0001"}]}]');
CREATE ROLE app LOGIN;
CREATE TABLE payment (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, payer text, payee text, amount numeric, home protaddr.address, status text NOT NULL DEFAULT 'new');
SELECT protaddr.install_gate('payment', channel => 'psp_request', subject => 'payer', payee => 'payee', amount => 'amount', currency_code => 'EUR', hold_column => 'status', hold_value => 'held');
GRANT SELECT, INSERT, UPDATE, DELETE ON payment, customer TO app;
GRANT EXECUTE ON FUNCTION protaddr.carry_out_held TO app;
CREATE VIEW stands AS SELECT string_agg(concat_ws(' ', payer, payee, amount, coalesce(protaddr.show(home), '-'), status), ', ' ORDER BY id) FROM payment;
SQL

# released($name) has an officer disclose what waits, and the application carry it out
sub released
{
	my ($name, $rows) = @_;
	is($node->safe_psql('bank', q(SELECT count(protaddr.decide_held(held_id, 'disclose', 'asked')::text) FROM protaddr.held_rows('payment') WHERE status = 'held')), $rows, "$name: $rows wait");
	is($node->safe_psql('bank', q(SELECT protaddr.carry_out_held('payment')), extra_params => [ '-U', 'app' ]), $rows, "$name: and are carried out");
	return;
}

SKIP:
{
	skip 'SQLALCHEMY IS NOT TESTED: install python3-sqlalchemy and python3-psycopg2', 7 if !$has_sqlalchemy;
	my $script = $node->basedir . '/orm.py';
	append_to_file($script, <<'PY');
import sys
import sqlalchemy as sa
from sqlalchemy.orm import declarative_base, Session
engine = sa.create_engine(sys.argv[1])
Base = declarative_base()
class Payment(Base):
    __tablename__ = "payment"
    id = sa.Column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    payer = sa.Column(sa.Text); payee = sa.Column(sa.Text); amount = sa.Column(sa.Numeric)
    home = sa.Column(sa.Text); status = sa.Column(sa.Text, server_default="new")
with engine.connect() as c:
    homes = dict(c.execute(sa.text("SELECT cpr, home::text FROM customer")).all())
def home(cpr):
    return sa.literal_column("'" + homes[cpr] + "'::protaddr.address")
if sys.argv[2] == "write":
    with Session(engine) as s:
        rows = [Payment(payer=p, payee="BANK", amount=i, home=home(p)) for i, p in enumerate(["P1", "P2", "P2"], 1)]
        s.add_all(rows)
        s.commit()
        print("stored", *(str(r.id) + " " + r.status for r in rows))
    with Session(engine) as s:                      # changed while it waits, whole row loaded and saved
        row = s.get(Payment, rows[2].id)
        row.amount = 33
        s.commit()
        print("changed", row.id, row.amount, row.status)
else:
    with Session(engine) as s:
        for row in s.query(Payment).order_by(Payment.id):
            row.status = "sent"
        s.commit()
        print("sent", s.query(Payment).filter_by(status="sent").count())
PY
	my $url = 'postgresql+psycopg2://app@127.0.0.1:' . $node->port . '/bank';
	my ($out, $err) = run_command([ $python, $script, $url, 'write' ]);
	is($out, "stored 1 new 2 held 3 held\nchanged 3 33 held", 'SQLAlchemy: each row is stored, and its key and status come back') or diag($err);
	is($node->safe_psql('bank', 'TABLE stands'), 'P1 BANK 1 ' . CANARY . ' 1, By new, P2 BANK 2 - held, P2 BANK 33 - held', 'without the address of who is protected');
	released('SQLAlchemy', 2);
	is($node->safe_psql('bank', 'TABLE stands'), join(', ', 'P1 BANK 1 ' . CANARY . ' 1, By new', map { "P2 BANK $_ @{[CANARY]} 2, By new" } 2, 33), 'then with it, and its own status');
	($out, $err) = run_command([ $python, $script, $url, 'send' ]);
	is($out, 'sent 3', 'SQLAlchemy: and they are sent') or diag($err);
	is($node->safe_psql('bank', q(SELECT count(*) FROM protaddr.held_rows('payment') WHERE status = 'held')), '0', 'which is no other payment');
}

SKIP:
{
	skip 'JDBC IS NOT TESTED: install libpostgresql-jdbc-java and default-jdk-headless, or set PROTADDR_JDBC', 5 if !$has_jdbc;
	my $dir = $node->basedir;
	$node->safe_psql('bank', 'DELETE FROM payment');
	append_to_file("$dir/Orm.java", <<'JAVA');
import java.sql.*;
import java.util.Arrays;
public class Orm {
	public static void main(String[] a) throws Exception {
		Connection c = DriverManager.getConnection(a[0], "app", "");
		PreparedStatement p = c.prepareStatement("INSERT INTO payment (payer, payee, amount, home) SELECT cpr, ?, ?, home FROM customer WHERE cpr = ?", Statement.RETURN_GENERATED_KEYS);
		p.setString(1, "BANK"); p.setInt(2, 7); p.setString(3, "P2");
		int n = p.executeUpdate();
		ResultSet keys = p.getGeneratedKeys();
		boolean has = keys.next();
		long id = keys.getLong("id");
		System.out.println(n + " row, key " + has + " " + keys.getString("status") + (p.getWarnings() == null ? "" : ", told"));
		for (int i = 0; i < 3; i++) { p.setString(1, "BANK"); p.setInt(2, 10 + i); p.setString(3, i == 1 ? "P2" : "P1"); p.addBatch(); }
		System.out.println("batch " + Arrays.toString(p.executeBatch()));
		PreparedStatement u = c.prepareStatement("UPDATE payment SET amount = ? WHERE id = ?");
		u.setInt(1, 8); u.setLong(2, id);
		System.out.println("update " + u.executeUpdate());
		Statement s = c.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_UPDATABLE);
		ResultSet r = s.executeQuery("SELECT * FROM payment WHERE id = " + id);
		r.next();
		r.updateString("payee", "OTHER");
		r.updateRow();
		System.out.println("row " + r.getString("payee"));
	}
}
JAVA
	my ($out, $err) = run_command([ 'javac', '-d', $dir, "$dir/Orm.java" ]);
	($out, $err) = run_command([ 'java', '-cp', "$jar:$dir", 'Orm', 'jdbc:postgresql://127.0.0.1:' . $node->port . '/bank' ]);
	is($out, "1 row, key 1 held, told\nbatch [1, 1, 1]\nupdate 1\nrow OTHER" =~ s/key 1/key true/r, 'JDBC: counts and generated keys are right, batches and updates too') or diag($err);
	is($node->safe_psql('bank', 'TABLE stands'), join(', ', 'P2 OTHER 8 - held', 'P1 BANK 10 ' . CANARY . ' 1, By new', 'P2 BANK 11 - held', 'P1 BANK 12 ' . CANARY . ' 1, By new'), 'JDBC: what waits stands without the address');
	released('JDBC', 2);
	is($node->safe_psql('bank', 'TABLE stands'), join(', ', 'P2 OTHER 8 ' . CANARY . ' 2, By new', 'P1 BANK 10 ' . CANARY . ' 1, By new', 'P2 BANK 11 ' . CANARY . ' 2, By new', 'P1 BANK 12 ' . CANARY . ' 1, By new'), 'JDBC: then with it');
}
is($node->safe_psql('bank', q(SELECT count(*) FROM protaddr.verify_gate('payment'))), '0', 'all that is stored is released');

$node->stop;
done_testing();
