"""DNS over TLS: clients that are Knot's kdig, Python's ssl and podnamed's own forward, and what goes wrong on the way."""

import os
import shutil
import socket
import ssl
import struct
import subprocess

import dns.exception
import dns.message
import dns.query
import dns.rcode
import pytest

from conftest import free_port
from harness.background import Background
from harness.certificates import Authority
from harness.metrics import scrape
from harness.programs import Podnamed
from harness.waiting import wait_until

NAME, ADDRESS = "www.example.org", "10.0.0.1"


class Served:
    """podnamed over TLS, and over UDP and TCP on another port, with certificates from an authority of its own."""

    def __init__(self, lab, options="", directives="", workers=2):
        self.authority = Authority(lab.directory)
        self.certificate, self.key = (str(lab.directory / name) for name in ("cert.pem", "key.pem"))
        self.renew()
        self.tls_port = free_port()
        port = free_port()
        text = f"""tls://.:{self.tls_port} .:{port} {{
    bind 127.0.0.1
    tls cert.pem key.pem {options}
    root {lab.directory}
    log
    {directives}
    hosts /dev/null {{
        {ADDRESS} {NAME}
    }}
}}
"""
        self.server = lab.serve(text, port, flags=("-workers", str(workers)))
        self.server.wait_for_log("is serving with")

    def renew(self, authority=None):
        certificate, key = (authority or self.authority).issue_server(["DNS:dns.example.org", "IP:127.0.0.1"])
        shutil.copy(certificate, self.certificate + ".new")
        shutil.copy(key, self.key + ".new")
        os.replace(self.key + ".new", self.key)
        os.replace(self.certificate + ".new", self.certificate)

    def context(self, authority=None, client=None):
        context = ssl.create_default_context(cafile=(authority or self.authority).certificate)
        if client:
            context.load_cert_chain(*client)
        return context

    def connect(self, context=None, timeout=10):
        plain = socket.create_connection(("127.0.0.1", self.tls_port), timeout=timeout)
        try:
            return (context or self.context()).wrap_socket(plain, server_hostname="dns.example.org")
        except Exception:
            plain.close()
            raise

    def kdig(self, *words):
        done = subprocess.run(
            ["kdig", "@127.0.0.1", "-p", str(self.tls_port), f"+tls-ca={self.authority.certificate}",
             "+tls-hostname=dns.example.org", "+timeout=5", *words, NAME],
            capture_output=True, text=True, timeout=20, check=False,
        )
        return done.stdout + done.stderr


def framed(name=NAME):
    wire = dns.message.make_query(name, "A").to_wire()
    return struct.pack("!H", len(wire)) + wire


def receive(stream):
    """The next reply's address; None when the connection has ended."""
    octets = b""
    while len(octets) < 2 or len(octets) < 2 + struct.unpack("!H", octets[:2])[0]:
        more = stream.recv(2 if len(octets) < 2 else 2 + struct.unpack("!H", octets[:2])[0] - len(octets))
        if not more:
            return None
        octets += more
    return dns.message.from_wire(octets[2:]).answer[0][0].address


def ask(stream):
    stream.sendall(framed())
    return receive(stream)


def test_kdig_asks_over_tls(lab):
    metrics_port = free_port()
    served = Served(lab, directives=f"prometheus 127.0.0.1:{metrics_port}")
    assert served.kdig("+short").split() == [ADDRESS]
    assert "TLS session (TLS1.3)" in served.kdig()
    wrong = served.kdig("+tls-hostname=other.example.org")
    assert "handshake failed" in wrong and ADDRESS not in wrong
    assert served.kdig("+keepopen", "+short", *[NAME] * 49).split() == [ADDRESS] * 50
    # Padded to a block, because kdig pads; an unpadded query has an unpadded reply.
    assert "468 B" in served.kdig("+padding") and "468 B" not in served.kdig("+nopadding")
    # On its port there is no UDP, and no DNS in the clear.
    query = dns.message.make_query(NAME, "A")
    with pytest.raises((dns.exception.Timeout, ConnectionError)):
        dns.query.udp(query, "127.0.0.1", port=served.tls_port, timeout=0.5)
    with pytest.raises((EOFError, ConnectionError)):
        dns.query.tcp(query, "127.0.0.1", port=served.tls_port, timeout=5)
    assert served.server.addresses(NAME) == served.server.addresses(NAME, tcp=True) == [ADDRESS]
    assert f'"A IN {NAME}. tcp ' in served.server.log()
    requests = [dict(labels) for labels in scrape(metrics_port).series("coredns_dns_requests_total")]
    proto_of = {(labels["server"], labels["proto"]) for labels in requests}
    plain = f"dns://127.0.0.1:{served.server.port}"
    assert proto_of == {(f"tls://127.0.0.1:{served.tls_port}", "tcp"), (plain, "udp"), (plain, "tcp")}


def test_queries_sent_ahead_and_a_client_that_closes_its_half(lab):
    served = Served(lab)
    with served.connect() as stream:
        stream.sendall(framed() * 500)
        assert [receive(stream) for _ in range(500)] == [ADDRESS] * 500
        stream.sendall(framed() * 3)
        with socket.socket(fileno=os.dup(stream.fileno())) as beneath:  # SSLSocket.shutdown would forget the session
            beneath.shutdown(socket.SHUT_WR)
        assert [receive(stream) for _ in range(4)] == [ADDRESS] * 3 + [None]


def test_a_connection_asks_as_often_as_it_may(lab):
    served = Served(lab, directives="timeouts {\n maxtcpqueries 3\n }")
    with served.connect() as stream:
        assert [ask(stream) for _ in range(3)] == [ADDRESS] * 3
        assert receive(stream) is None


def test_handshakes_that_are_garbage_or_stall_harm_nobody(lab):
    served = Served(lab, directives="timeouts {\n read 1s\n }", workers=1)
    with served.connect() as stream:
        stalled = [socket.create_connection(("127.0.0.1", served.tls_port), timeout=10) for _ in range(200)]
        for i, one in enumerate(stalled):
            one.sendall([b"", b"\x16\x03\x01\x02\x00\x01", b"\xff" * 1000, framed(), b"GET / HTTP/1.1\r\n\r\n"][i % 5])
        assert ask(stream) == ADDRESS
        assert served.kdig("+short").split() == [ADDRESS]
        for one in stalled:  # ended by the deadline of a handshake, or at once
            try:
                while one.recv(1000):
                    pass
            except ConnectionResetError:
                pass
            one.close()
        assert ask(stream) == ADDRESS
    assert served.server.stop() == 0


class Client(Background):
    """Connects and asks, again and again."""

    def __init__(self, served, context):
        super().__init__()
        self.served, self.context, self.count = served, context, 0

    def step(self):
        with self.served.connect(self.context) as stream:
            assert [ask(stream) for _ in range(10)] == [ADDRESS] * 10
        self.count += 1


def test_a_renewed_certificate_under_load(lab):
    served = Served(lab, directives="timeouts {\n idle 1m\n }")
    kept = served.connect()
    assert ask(kept) == ADDRESS
    with Client(served, served.context()) as client:

        def serial():
            with served.connect() as stream:
                return stream.getpeercert()["serialNumber"]

        first = serial()
        served.renew()
        wait_until(lambda: serial() != first, "the renewed certificate")
        second = serial()
        with open(served.certificate, "w", encoding="utf-8") as file:
            file.write("broken\n")
        served.server.wait_for_log(r"\[ERROR\] plugin/tls: .*cert.pem: found no certificate in PEM: .*; the certificate before it stays")
        assert serial() == second
        served.renew()
        wait_until(lambda: serial() not in (first, second), "the next one")
        wait_until(lambda: client.count > 20, "some connections")
    assert ask(kept) == ADDRESS, "a connection from before goes on"
    kept.close()
    assert served.server.stop() == 0


def test_clients_with_certificates(lab):
    served = Served(lab, options=f"{lab.directory}/authority-ca.pem {{\n client_auth require_and_verify\n }}")
    client = served.authority.issue_client("a")
    (lab.directory / "other").mkdir()
    stranger = Authority(lab.directory / "other", "other").issue_client("b")
    with served.connect(served.context(client=client)) as stream:
        assert ask(stream) == ADDRESS
    certificate, key = client
    assert served.kdig(f"+tls-certfile={certificate}", f"+tls-keyfile={key}", "+short").split() == [ADDRESS]
    assert ADDRESS not in served.kdig("+short")
    for context in (served.context(), served.context(client=stranger)):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            with served.connect(context) as stream:
                assert ask(stream) is None
                raise ConnectionError


def test_a_zone_is_transferred(lab):
    lines = "".join(f"host-{i} A 10.0.{i // 250}.{i % 250}\n" for i in range(5000))
    start = "@ 3600 SOA ns.example.com. hostmaster.example.com. 1 7200 3600 86400 60\n@ NS ns\n"
    (lab.directory / "zone").write_text(start + lines)
    served = Served(lab, directives="file zone example.com\n transfer {\n to 127.0.0.1\n }")
    transferred = served.kdig("example.com", "AXFR")
    assert transferred.count("host-") == 5000 and transferred.count("\tSOA\t") == 2


def test_forward_asks_podnamed_over_tls(lab):
    served = Served(lab)
    port = free_port()
    text = f""".:{port} {{
    bind 127.0.0.1
    forward . tls://127.0.0.1:{served.tls_port} {{
        tls {served.authority.certificate}
        tls_servername dns.example.org
    }}
}}
"""
    client = lab.serve(text, port, name="client")
    client.wait_for_log("is serving with")
    assert client.addresses(NAME) == [ADDRESS]
    # The server is restarted: the connections that it closed are opened anew.
    assert served.server.stop() == 0
    with open(lab.directory / "podnamed.Corefile", encoding="utf-8") as file:
        again = lab.serve(file.read(), served.server.port, name="again")
    again.wait_for_log("is serving with")
    assert client.addresses(NAME) == [ADDRESS]
    assert again.stop() == 0 and client.stop() == 0


def test_a_reload_changes_what_is_over_tls(lab):
    served = Served(lab)
    path = lab.directory / "podnamed.Corefile"
    both = path.read_text()
    plain = both.replace("tls://.", "dns://.")
    kept = served.connect()
    assert ask(kept) == ADDRESS

    def reload(text):
        before = served.server.log().count("Reloading complete")
        path.write_text(text)
        served.server.process.send_signal(10)  # SIGUSR1
        wait_until(lambda: served.server.log().count("Reloading complete") > before, served.server.log)

    reload(both.replace("    log\n", "    log\n    nsid x\n"))
    assert ask(kept) == ADDRESS, "the connection stays"
    reload(plain)
    query = dns.message.make_query(NAME, "A")
    assert dns.query.udp(query, "127.0.0.1", port=served.tls_port, timeout=5).rcode() == dns.rcode.NOERROR
    assert dns.query.tcp(query, "127.0.0.1", port=served.tls_port, timeout=5).rcode() == dns.rcode.NOERROR
    reload(both)
    assert served.kdig("+short").split() == [ADDRESS]
    # Once it is said to be complete nobody meets what was there before.
    for _ in range(10):
        reload(plain)
        assert dns.query.tcp(query, "127.0.0.1", port=served.tls_port, timeout=5).rcode() == dns.rcode.NOERROR
        reload(both)
        again = served.connect()
        assert ask(again) == ADDRESS
        again.close()
    kept.close()
    assert served.server.stop() == 0


def test_a_start_without_a_certificate_says_what_is_wrong(lab):
    (lab.directory / "cert.pem").write_text("nothing\n")
    (lab.directory / "key.pem").write_text("nothing\n")
    for line, why in (
        ("tls none.pem key.pem", "2:5: tls: {}/none.pem cannot be read: "),
        ("tls cert.pem key.pem", "2:5: tls: {}/cert.pem: found no certificate in PEM: "),
    ):
        text = f"tls://.:{free_port()} {{\n    {line}\n    root {lab.directory}\n    whoami\n}}\n"
        server = lab.keep(Podnamed(text, lab.directory, "failing"))
        assert server.process.wait(timeout=15) == 1
        assert why.format(lab.directory) in server.log()
