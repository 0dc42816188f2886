"""Zone files served by `file` and `auto`, beside Knot and bind9 with the same file, and transferred to them."""

import os
import signal
import socket
import struct
import subprocess
import threading

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import pytest

from conftest import free_port
from harness import manifests, upstreams
from harness.corefile import block
from harness.programs import Program
from harness.waiting import wait_until

ORIGIN = "example.org"
ZONE = """$ORIGIN example.org.
$TTL 300
@ SOA ns hostmaster 1 7200 1800 86400 60
@ NS ns
@ NS ns.elsewhere.example.
@ MX 10 mail
ns A 127.0.0.1
www A 192.0.2.1
www A 192.0.2.2
www AAAA 2001:db8::1
alias CNAME www
alias2 CNAME alias
lost CNAME nothing
notype CNAME mail
mail A 192.0.2.3
_http._tcp SRV 0 5 80 www
text TXT "one" "two \\"quoted\\" \\001"
long TXT "%s" "%s"
*.wild A 192.0.2.4
*.wild MX 10 mail
a.b.wild A 192.0.2.5
deep.empty A 192.0.2.6
sub NS ns.sub
sub NS ns2.other
ns.sub A 192.0.2.7
other NS ns2.other
ns2.other A 192.0.2.8
below.sub A 192.0.2.9
old DNAME new
www.new A 192.0.2.10
esc\\.aped TXT "x"
caa CAA 0 issue "ca.example.net"
naptr NAPTR 100 10 "S" "SIP+D2U" "" _sip._udp
tlsa TLSA 3 1 1 0123456789abcdef
svc HTTPS 1 . alpn="h2,h3" port=8443 ipv4hint=192.0.2.1
sshfp SSHFP 1 1 0123456789abcdef0123456789abcdef01234567
unknown TYPE65280 \\# 3 abcdef
hinfo HINFO "a" "b"
""" % ("x" * 255, "y" * 200)

GENERATE = "$GENERATE 1-3 gen-${0,2,d} A 192.0.2.3$\n"
GENERATED = "gen-01 A 192.0.2.31\ngen-02 A 192.0.2.32\ngen-03 A 192.0.2.33\n"  # Knot does not know it

NAMES = """@ ns www WWW alias alias2 lost notype mail _http._tcp _tcp text long a.wild a.a.wild b.wild x.b.wild *.wild wild
deep.empty empty sub ns.sub below.sub x.below.sub other ns2.other old www.old nothing.old esc\\.aped caa naptr tlsa svc sshfp
unknown hinfo gen-01 gen-03 gen-4 nothing nothing.www""".split()
TYPES = "A AAAA NS SOA MX TXT SRV CNAME DNAME CAA NAPTR TLSA HTTPS SSHFP TYPE65280 HINFO PTR DS".split()


def lines(section):
    """A section's records, whatever their order and letters."""
    return sorted(f"{rrset.name} {rrset.ttl} {rdata.rdtype} {rdata}".lower() for rrset in section for rdata in rrset)


def seen(reply):
    """What a reply says: without what is there for convenience, and may be left out."""
    rcode = dns.rcode.to_text(reply.rcode())
    denial = [rrset for rrset in reply.authority if rrset.rdtype == dns.rdatatype.SOA]
    if reply.question[0].rdtype == dns.rdatatype.SOA:  # bind9 wants the denial of a SOA forgotten (zero-no-soa-ttl)
        denial = []
    referral = reply.authority if not reply.flags & dns.flags.AA else []
    return rcode, bool(reply.flags & dns.flags.AA), lines(reply.answer), lines(denial), lines(referral)


def ask(port, name, rdtype):
    query = dns.message.make_query(name, rdtype, use_edns=0)
    return seen(dns.query.tcp(query, "127.0.0.1", timeout=5, port=port))


@pytest.mark.parametrize("peer", ["knot", "bind9"])
def test_answers_like_others_with_the_same_file(lab, peer, monkeypatch):
    monkeypatch.setattr(upstreams, "ZONE", ZONE + GENERATED)
    port = free_port()
    (lab.directory / "db").write_text(ZONE + GENERATE)
    server = lab.serve(f"example.org:{port} {{\n bind 127.0.0.1\n file db\n root {lab.directory}\n}}\n", port)
    server.wait_for_log("is serving with")
    other = upstreams.make(peer, lab.directory, free_port())
    try:
        wrong = []
        for name in NAMES:
            full = "example.org." if name == "@" else name + ".example.org."
            for rdtype in TYPES:
                ours = ask(port, full, rdtype)
                theirs = ask(other.port, full, rdtype)
                if ours != theirs:
                    wrong.append(f"{name} {rdtype}\n  {ours}\n  {theirs}")
        assert not wrong, "\n".join(wrong)
    finally:
        other.stop()


def small_zone(serial, address):
    return f"$TTL 60\n@ SOA ns hostmaster {serial} 2 3 4 5\n@ NS ns\nns A 127.0.0.1\nwww A {address}\n"


def test_file_follows_its_serial(lab):
    port, path = free_port(), lab.directory / "db"
    server = lab.serve(block(port, f"file {path} {{\n reload 100ms\n }}", ORIGIN), port)
    server.wait_for_log(r"zone example.org.: \S+ cannot be read: No such file or directory; trying again every 100ms")
    server.wait_for("www.example.org.", "SERVFAIL")
    path.write_text(small_zone(1, "10.0.0.1"))
    server.wait_for("www.example.org.", ["10.0.0.1"])
    path.write_text(small_zone(1, "10.0.0.22"))
    server.wait_for_log("the serial of example.org. is still 1: what was read before stays")
    path.write_text(small_zone(2, "10.0.0.333"))
    server.wait_for_log(r"db:5:7: A: \"10.0.0.333\"; expected an IPv4 address")
    assert server.addresses("www.example.org.") == ["10.0.0.1"]
    path.write_text(small_zone(3, "10.0.0.3"))
    server.wait_for("www.example.org.", ["10.0.0.3"])


def test_a_file_that_is_wrong_ends_the_start(lab):
    port, path = free_port(), lab.directory / "db"
    path.write_text("www A 10.0.0\n$BAD\n")
    server = lab.serve(block(port, f"file {path}", ORIGIN), port)
    wait_until(lambda: server.process.poll() is not None, "the end")
    assert server.process.returncode != 0
    assert "db:1:7: A: \"10.0.0\"; expected an IPv4 address" in server.log()
    assert "db:2:1: \"$BAD\"; expected" in server.log()


def test_aliases_out_of_a_zone_are_followed(lab):
    port, path = free_port(), lab.directory / "db"
    path.write_text(small_zone(1, "10.0.0.1") + "".join(
        f"to-{name} CNAME {target}.\n" for name, target in
        {"hosts": "www.hosts", "nothing": "no.other", "nobody": "www.nobody", "loop": "to-loop.other"}.items()))
    other = lab.directory / "other"
    other.write_text(small_zone(1, "10.0.0.2") + "to-loop CNAME to-loop.example.org.\n")
    text = block(port, f"file {path}", ORIGIN) + block(port, "hosts /dev/null {\n 10.0.0.3 www.hosts\n }", "hosts")
    server = lab.serve(text + block(port, f"file {other}", "other"), port)
    server.wait_for_log("is serving with")
    for tcp in (False, True):
        reply = server.ask("to-hosts.example.org.", tcp=tcp)
        assert [rrset.to_text() for rrset in reply.answer] == [
            "to-hosts.example.org. 60 IN CNAME www.hosts.", "www.hosts. 3600 IN A 10.0.0.3"]
        assert reply.flags & dns.flags.AA
        assert server.addresses("to-nothing.example.org.", tcp=tcp) == "NXDOMAIN"
        reply = server.ask("to-nobody.example.org.", tcp=tcp)
        assert (reply.rcode(), len(reply.answer)) == (0, 1)
        assert len(server.ask("to-loop.example.org.", tcp=tcp).answer) > 1


def test_auto_follows_its_directory(lab):
    port, zones = free_port(), lab.directory / "zones"
    server = lab.serve(block(port, f"auto {{\n directory {zones} (.*)\\.db {{1}}\n reload 100ms\n }}"), port)
    server.wait_for_log(r"\[WARNING\] plugin/auto: \S+ cannot be looked through: No such file or directory")
    (zones / "deep").mkdir(parents=True)
    (zones / "deep" / "a.example.db").write_text(small_zone(1, "10.0.0.1"))
    (zones / "b.example.db").write_text("nonsense\n")
    (zones / "c.example").write_text(small_zone(1, "10.0.0.9"))
    server.wait_for("www.a.example.", ["10.0.0.1"])
    server.wait_for_log(r"b.example.db:1:9: the end; expected a TTL, IN, or the type of a record")
    assert server.addresses("www.b.example.") == "SERVFAIL"
    assert server.addresses("www.c.example.") == "SERVFAIL"
    (zones / "b.example.db").write_text(small_zone(1, "10.0.0.2"))
    (zones / "deep" / "a.example.db").write_text(small_zone(2, "10.0.0.33"))
    server.wait_for("www.b.example.", ["10.0.0.2"])
    server.wait_for("www.a.example.", ["10.0.0.33"])
    (zones / "deep" / "a.example.db").unlink()
    server.wait_for("www.a.example.", "SERVFAIL")


def secondary_knot(directory, port, primary, zone):
    config = f"""server:
  rundir: {directory}
  listen: 127.0.0.1@{port}
database:
  storage: {directory}/db
remote:
  - id: primary
    address: 127.0.0.1@{primary}
acl:
  - id: notify
    address: 127.0.0.1
    action: notify
zone:
  - domain: {zone}
    storage: {directory}
    master: primary
    acl: notify
    zonefile-load: none
"""
    return ["knotd", "-c", upstreams.write(directory / "knot.conf", config)]


def secondary_bind9(directory, port, primary, zone):
    config = f"""options {{ directory "{directory}"; pid-file none; session-keyfile none; recursion no;
  listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; }};
controls {{ }};
zone "{zone}" {{ type secondary; primaries {{ 127.0.0.1 port {primary}; }}; masterfile-format text; }};
"""
    return ["named", "-f", "-c", upstreams.write(directory / "named.conf", config)]


SECONDARIES = {"knot": secondary_knot, "bind9": secondary_bind9}


class Secondary(Program):
    """Knot or bind9, with a zone that comes from `primary`."""

    def __init__(self, lab, kind, port, primary, zone):
        directory = lab.directory / f"secondary-{kind}"
        directory.mkdir()
        super().__init__(SECONDARIES[kind](directory, port, primary, zone), directory / "log")
        self.port = port
        lab.keep(self)

    def wait_for(self, name, expected):
        def matches():
            try:
                reply = dns.query.udp(dns.message.make_query(name, "A"), "127.0.0.1", timeout=1, port=self.port)
            except (dns.exception.Timeout, OSError):
                return False
            return sorted(rdata.to_text() for rrset in reply.answer for rdata in rrset) == expected

        wait_until(matches, f"{name} to be {expected}\n{self.log()}")


@pytest.mark.parametrize("kind", ["knot", "bind9"])
def test_a_secondary_follows_a_zone_file(lab, kind):
    port, other, path = free_port(), free_port(), lab.directory / "db"
    many = "".join(f"host-{i} A 10.1.{i // 256}.{i % 256}\n" for i in range(20000))
    path.write_text(small_zone(1, "10.0.0.1") + many)
    directives = f"file {path} {{\n reload 100ms\n }}\n transfer {{\n to 127.0.0.1:{other}\n }}"
    server = lab.serve(block(port, directives, ORIGIN), port)
    server.wait_for_log("is serving with")
    secondary = Secondary(lab, kind, other, port, "example.org")
    secondary.wait_for("www.example.org.", ["10.0.0.1"])
    secondary.wait_for("host-19999.example.org.", ["10.1.78.31"])
    path.write_text(small_zone(2, "10.0.0.22") + many)
    secondary.wait_for("www.example.org.", ["10.0.0.22"])
    server.wait_for_log(f"127.0.0.1:{other} knows that example.org. has serial 2")


@pytest.mark.parametrize("kind", ["knot", "bind9"])
def test_a_secondary_follows_the_cluster(lab, kind):
    port, other = free_port(), free_port()
    lab.manifests.write("web.yaml", manifests.headless("web") + "---\n" + manifests.pod("web-0", "10.0.0.1", "web"))
    directives = f"kubernetes {{\n manifests {lab.cluster_directory}\n }}\n transfer {{\n to 127.0.0.1:{other}\n }}"
    server = lab.serve(block(port, directives, "cluster.local"), port)
    server.wait_for("web-0.web.default.svc.cluster.local.", ["10.0.0.1"])
    secondary = Secondary(lab, kind, other, port, "cluster.local")
    secondary.wait_for("web-0.web.default.svc.cluster.local.", ["10.0.0.1"])
    lab.manifests.write("more.yaml", manifests.pod("web-1", "10.0.0.2", "web"))
    secondary.wait_for("web.default.svc.cluster.local.", ["10.0.0.1", "10.0.0.2"])
    secondary.wait_for("web-1.web.default.svc.cluster.local.", ["10.0.0.2"])


def memory(server):
    """Octets in RAM."""
    with open(f"/proc/{server.process.pid}/status", encoding="ascii") as file:
        [kilobytes] = [line.split()[1] for line in file if line.startswith("VmRSS:")]
    return int(kilobytes) << 10


def test_transfers_are_for_some_and_slow_ones_cost_little(lab):
    port, path = free_port(), lab.directory / "db"
    many = "".join(f"host-{i} TXT \"{'x' * 200}\"\n" for i in range(100000))
    path.write_text(small_zone(1, "10.0.0.1") + many)
    directives = f"file {path}\n transfer {{\n to 127.0.0.1\n }}\n timeouts {{\n write 1s\n }}"
    server = lab.serve(block(port, directives, ORIGIN), port, flags=("-workers", "1"))
    server.wait_for_log("is serving with")
    for tool in (["dig", "+tcp"], ["kdig"]):
        words = [*tool, "@127.0.0.1", "-p", str(port), "example.org", "AXFR"]
        output = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True).stdout
        assert output.count("host-") == 100000 and output.count("\tSOA\t") == 2, output[:500]
    refused = ["dig", "-b", "127.0.0.2", "@127.0.0.1", "-p", str(port), "example.org", "AXFR"]
    assert "Transfer failed" in subprocess.run(refused, capture_output=True, text=True, timeout=20, check=False).stdout
    assert server.addresses("example.org.", "AXFR") == "REFUSED"
    # Clients that ask and take nothing: the server goes on, and lets go of them.
    query = dns.message.make_query("example.org.", "AXFR").to_wire()
    before, files = memory(server), len(os.listdir(f"/proc/{server.process.pid}/fd"))
    slow = []
    for _ in range(50):
        client = socket.create_connection(("127.0.0.1", port))
        client.sendall(struct.pack("!H", len(query)) + query)
        slow.append(client)
    assert server.addresses("www.example.org.") == ["10.0.0.1"]
    assert memory(server) < before + (64 << 20), "far less than fifty zones of 25 MB"

    wait_until(lambda: len(os.listdir(f"/proc/{server.process.pid}/fd")) <= files, "slow clients to be left")
    for client in slow:
        client.close()


class SlowSecondary:
    """Has asked for a zone, and takes of it what is called for."""

    def __init__(self, port, zone):
        self.query = dns.message.make_query(zone, "AXFR")
        self.connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        self.connection.settimeout(20)
        self.connection.connect(("127.0.0.1", port))
        dns.query.send_tcp(self.connection, self.query)
        self.stream = self.connection.makefile("rb")
        self.messages = []

    def take(self):
        """One more message."""
        (size,) = struct.unpack("!H", self.stream.read(2))
        self.messages.append(self.stream.read(size))
        assert len(self.messages[-1]) == size

    def take_all(self):
        """To the end of the connection, which it asks for."""
        self.connection.shutdown(socket.SHUT_WR)
        with self.stream:
            while self.stream.peek(1):
                self.take()
        self.connection.close()

    def record_count(self):
        return sum(struct.unpack_from("!H", message, 6)[0] for message in self.messages)

    def soas(self):
        """The serials at the beginning and at the end."""
        first, last = (dns.message.from_wire(self.messages[i], one_rr_per_rrset=True) for i in (0, -1))
        return [first.answer[0][0].serial, last.answer[-1][0].serial]


@pytest.mark.parametrize("change", ["another plugin and another zone file", "no zone any more", "no port any more"])
def test_a_transfer_that_runs_is_finished_whole_over_a_reload(lab, change):
    """For dig, whose reader is slow, and for a slow secondary: the zone as it was when they asked, to the last record."""
    port, other, path, count = free_port(), free_port(), lab.directory / "db", 40000
    many = "".join(f"host-{i} TXT \"{'x' * 250}\" \"{'y' * 250}\"\n" for i in range(count))
    path.write_text(small_zone(1, "10.0.0.1") + many)
    zone = f"file {path}\n transfer {{\n to 127.0.0.1\n }}\n timeouts {{\n write 1m\n }}"
    beside = block(other, "whoami")
    server = lab.serve(block(port, zone, ORIGIN) + beside, port)
    server.wait_for_log("is serving with")
    secondary = SlowSecondary(port, ORIGIN)
    secondary.take()
    words = ["dig", "+tcp", "+nocrypto", "@127.0.0.1", "-p", str(port), ORIGIN, "AXFR"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as dig:
        taken = [next(line for line in dig.stdout if "\tSOA\t" in line)]
        path.write_text(small_zone(2, "10.0.0.2"))
        changed = {
            "another plugin and another zone file": block(port, f"nsid x\n {zone}", ORIGIN),
            "no zone any more": block(port, "nsid x"),
            "no port any more": "",  # who is connected then has 5 s
        }[change]
        (lab.directory / "podnamed.Corefile").write_text(changed + beside)
        server.process.send_signal(signal.SIGHUP)
        server.wait_for_log("Reloading complete")
        taking = threading.Thread(target=secondary.take_all)
        taking.start()
        taken += dig.stdout
        taking.join()
    assert dig.returncode == 0
    assert sum(line.startswith("host-") for line in taken) == count
    assert [line.split()[6] for line in taken if "\tSOA\t" in line] == ["1", "1"]
    assert secondary.soas() == [1, 1]
    assert secondary.record_count() == count + len(small_zone(1, "").splitlines())  # without $TTL, with another SOA
    if change.startswith("another"):
        assert server.addresses("www.example.org.") == ["10.0.0.2"], "who asks now gets what is there now"


def test_external_names_are_resolved(lab):
    port = free_port()
    lab.manifests.write("docs.yaml", "".join(f"""apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: default}}
spec: {{type: ExternalName, externalName: {target}}}
---
""" for name, target in {"docs": "www.docs.example", "lost": "no.docs.example", "nobody": "www.nobody.example"}.items()))
    hosts = "hosts /dev/null {\n 10.0.0.3 www.docs.example\n }"
    text = block(port, f"kubernetes {{\n manifests {lab.cluster_directory}\n }}", "cluster.local")
    server = lab.serve(text + block(port, hosts, "docs.example"), port)
    server.wait_for("docs.default.svc.cluster.local.", ["10.0.0.3"])
    for tcp in (False, True):
        reply = server.ask("docs.default.svc.cluster.local.", tcp=tcp)
        assert [rrset.to_text() for rrset in reply.answer] == [
            "docs.default.svc.cluster.local. 5 IN CNAME www.docs.example.", "www.docs.example. 3600 IN A 10.0.0.3"]
        assert reply.flags & dns.flags.AA
        for name in ("lost", "nobody"):
            reply = server.ask(f"{name}.default.svc.cluster.local.", tcp=tcp)
            assert (reply.rcode(), len(reply.answer)) == (0, 1), name
        assert len(server.ask("docs.default.svc.cluster.local.", "CNAME", tcp=tcp).answer) == 1
