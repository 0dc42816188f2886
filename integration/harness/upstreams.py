"""Real name servers to forward to, each with the zone example.org, and one of ours that misbehaves as it is told."""

import os
import socket
import struct
import threading

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rrset

from .programs import Program
from .waiting import wait_until

ZONE = """$ORIGIN example.org.
$TTL 300
@ SOA ns hostmaster 1 7200 1800 86400 60
@ NS ns
ns A 127.0.0.1
www A 192.0.2.1
www A 192.0.2.2
www AAAA 2001:db8::1
alias CNAME www
mail MX 10 www
_http._tcp SRV 0 5 80 www
text TXT "one" "two"
""" + "".join(f'large TXT "{i} {"x" * 200}"\n' for i in range(20))


class Server(Program):
    """A process that serves example.org on 127.0.0.1, `port`."""

    def __init__(self, words, directory, port):
        super().__init__(words, directory / "log")
        self.port = port
        wait_until(self.answers, f"{words[0]} to answer\n{self.log()}")

    def answers(self):
        assert self.process.poll() is None, self.log()
        try:
            query = dns.message.make_query("www.example.org.", "A")
            return dns.query.udp(query, "127.0.0.1", port=self.port, timeout=0.5).answer
        except (dns.exception.Timeout, OSError):
            return False


def write(path, text):
    path.write_text(text)
    return str(path)


def knot(directory, port):
    write(directory / "zone", ZONE)
    config = f"""server:
  rundir: {directory}
  listen: 127.0.0.1@{port}
database:
  storage: {directory}/db
zone:
  - domain: example.org
    storage: {directory}
    file: zone
    zonefile-load: whole
"""
    return Server(["knotd", "-c", write(directory / "knot.conf", config)], directory, port)


def bind9(directory, port):
    write(directory / "zone", ZONE)
    config = f"""options {{ directory "{directory}"; pid-file none; session-keyfile none; recursion no;
  listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; }};
controls {{ }};
zone "example.org" {{ type primary; file "zone"; }};
"""
    return Server(["named", "-f", "-c", write(directory / "named.conf", config)], directory, port)


def unbound(directory, port):
    """A resolver, with the zone as its own data."""
    write(directory / "zone", ZONE)
    config = f"""server:
  interface: 127.0.0.1@{port}
  do-daemonize: no
  username: ""
  chroot: ""
  directory: "{directory}"
  pidfile: ""
  use-syslog: no
auth-zone:
  name: example.org
  zonefile: "{directory}/zone"
  for-upstream: no
  for-downstream: yes
remote-control:
  control-enable: no
"""
    return Server(["unbound", "-d", "-c", write(directory / "unbound.conf", config)], directory, port)


def dnsmasq(directory, port):
    """Knows no zone files: some of its records."""
    words = ["dnsmasq", "--keep-in-foreground", "--no-resolv", "--no-hosts", "--conf-file=/dev/null", "--log-facility=-"]
    words += [f"--port={port}", "--listen-address=127.0.0.1", "--bind-interfaces", "--pid-file=", "--user="]
    words += ["--host-record=www.example.org,192.0.2.1,2001:db8::1", "--mx-host=mail.example.org,www.example.org,10"]
    words += ["--cname=alias.example.org,www.example.org", "--auth-ttl=300", "--local-ttl=300", "--local=/example.org/"]
    return Server(words, directory, port)


REAL = {"knot": knot, "bind9": bind9, "unbound": unbound, "dnsmasq": dnsmasq}


def bind_both():
    """A UDP and a TCP socket on one port."""
    while True:
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            udp.bind(("127.0.0.1", 0))
            tcp.bind(("127.0.0.1", udp.getsockname()[1]))
            return udp, tcp
        except OSError:
            udp.close()
            tcp.close()


class Liar:
    """A name server of a few lines. `reply(query, octets)` gives the datagrams to send, each octets or a message; over
    TCP the first of them."""

    def __init__(self):
        self.udp, self.tcp = bind_both()
        self.port = self.udp.getsockname()[1]
        self.queries = []
        self.clients = []
        self.reply = lambda query: [answer(query)]
        self.tcp_reply = None
        self.sockets = [self.udp, self.tcp]
        threading.Thread(target=self.serve_udp, daemon=True).start()
        self.tcp.listen()
        threading.Thread(target=self.serve_tcp, daemon=True).start()

    def serve_udp(self):
        while True:
            try:
                octets, client = self.udp.recvfrom(65535)
                query = dns.message.from_wire(octets)
                self.queries.append(query)
                self.clients.append(client)
                for message in self.reply(query):
                    self.udp.sendto(wire(message), client)
            except OSError:
                return

    def serve_tcp(self):
        while True:
            try:
                connection, _ = self.tcp.accept()
            except OSError:
                return
            threading.Thread(target=self.serve_connection, args=(connection,), daemon=True).start()

    def serve_connection(self, connection):
        with connection:
            while True:
                prefix = connection.recv(2, socket.MSG_WAITALL)
                if len(prefix) < 2:
                    return
                query = dns.message.from_wire(connection.recv(struct.unpack("!H", prefix)[0], socket.MSG_WAITALL))
                messages = (self.tcp_reply or self.reply)(query)
                if not messages:
                    return
                octets = wire(messages[0])
                connection.sendall(struct.pack("!H", len(octets)) + octets)

    def close(self):
        for one in self.sockets:
            one.close()


def wire(message):
    return message if isinstance(message, bytes) else message.to_wire()


def answer(query, address="192.0.2.1", ttl=300):
    reply = dns.message.make_response(query)
    reply.flags |= dns.flags.RA
    question = query.question[0]
    reply.answer = [dns.rrset.from_text(question.name, ttl, "IN", "A", address)]
    return reply


def refusal(query, rcode=dns.rcode.SERVFAIL):
    reply = dns.message.make_response(query)
    reply.set_rcode(rcode)
    return reply


def make(kind, directory, port):
    path = directory / f"{kind}-{port}"
    os.makedirs(path)
    return REAL[kind](path, port)
