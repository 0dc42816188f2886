"""What podnamed must answer, case by case: cases/*.yaml on the servers of configs.yaml, over UDP and over TCP.

harness/cases.py says how a case is written. Every (configuration, cluster) is one server for all of its cases, started
when the first of them runs; with `--dist loadgroup` they all run in one process.
"""

import os
import shutil
import socket
import struct

import dns.message
import dns.name
import dns.rcode
import dns.reversename
import pytest

from conftest import free_port
from harness.cases import Question, Record, Reply, load, to_name
from harness.programs import Podnamed
from harness.waiting import wait_until

HERE = os.path.dirname(os.path.abspath(__file__))
CASES, CONFIGS = load(HERE)

DEADLINE = 5.0  # seconds for a reply on loopback; a case that is right waits for none of it


class Servers:
    """The servers of this process, by the name of their configuration."""

    def __init__(self, tmp_path_factory):
        self.tmp_path_factory = tmp_path_factory
        self.running = {}

    def on(self, name):
        if name not in self.running:
            self.running[name] = self.start(name)
        return self.running[name]

    def start(self, name):
        config = CONFIGS[name]
        directory = self.tmp_path_factory.mktemp(name)
        (directory / "cluster").mkdir()
        if "cluster" in config:
            shutil.copy(os.path.join(HERE, "clusters", f"{config['cluster']}.yaml"), directory / "cluster")
        port = free_port()
        corefile = config["corefile"]
        for variable, value in (("PORT", port), ("CLUSTER", directory / "cluster"), ("DIRECTORY", directory)):
            corefile = corefile.replace(f"{{${variable}}}", str(value))
        server = Podnamed(corefile, directory, name, ("-workers", "1"), port=port)
        try:
            server.wait_for_log("is serving")
            if "cluster" in config:
                self.wait_until_synced(server, config)
        except BaseException:
            server.kill()
            raise
        return server

    @staticmethod
    def wait_until_synced(server, config):
        name = config.get("synced_by", "kubernetes.default.svc.cluster.local.")
        wait_until(lambda: server.addresses(name, timeout=1.0) not in (None, "SERVFAIL"), f"{name}\n{server.log()}")

    def stop(self):
        for server in self.running.values():
            server.stop()


@pytest.fixture(scope="session")
def servers(tmp_path_factory):
    started = Servers(tmp_path_factory)
    yield started
    started.stop()


# --- asking


LIFE = dns.message.make_query("cluster.local.", "SOA", id=0x4C4C, use_edns=False).to_wire()


def is_life(wire):
    return wire[:2] == LIFE[:2]


def ask_udp(port, wire, source):
    """The reply; None if the server did not send one. Its proof of life comes after the query through the same socket,
    so the server, which has them in one queue, has passed over the query when it answers that."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.settimeout(DEADLINE)
        udp.bind((source, 0))
        udp.connect(("127.0.0.1", port))
        udp.send(wire)
        udp.send(LIFE)
        first = udp.recv(65535)
        if is_life(first):
            return None
        assert is_life(udp.recv(65535)), "it lives, and says nothing twice"
        return first


def ask_tcp(port, wire, source):
    """The reply; None if the server closed the connection instead, or passed over the query."""
    with socket.create_connection(("127.0.0.1", port), DEADLINE, (source, 0)) as tcp:
        tcp.sendall(struct.pack("!H", len(wire)) + wire)
        tcp.sendall(struct.pack("!H", len(LIFE)) + LIFE)
        first = read_message(tcp)
        if first is not None and not is_life(first):
            second = read_message(tcp)
            assert second is not None and is_life(second), "it lives, and says nothing twice"
            return first
    with socket.create_connection(("127.0.0.1", port), DEADLINE) as tcp:
        tcp.sendall(struct.pack("!H", len(LIFE)) + LIFE)
        assert is_life(read_message(tcp)), "it lives"
    return None


def read_message(tcp):
    """The next message; None at the connection's end."""
    prefix = read_octets(tcp, 2)
    return None if prefix is None else read_octets(tcp, struct.unpack("!H", prefix)[0])


def read_octets(tcp, count):
    octets = b""
    while len(octets) < count:
        try:
            more = tcp.recv(count - len(octets))
        except ConnectionResetError:
            return None
        if not more:
            return None
        octets += more
    return octets


# --- the cases


def parameters():
    for case in CASES:
        for over in as_transports(case):
            yield pytest.param(case, over, id=f"{case['id']}-{over}", marks=pytest.mark.xdist_group(case["config"]))


def as_transports(case):
    return [case["over"]] if "over" in case else ["udp", "tcp"]


@pytest.mark.parametrize("case, over", parameters())
def test_case(case, over, servers):
    server, config = servers.on(case["config"]), CONFIGS[case["config"]]
    question = Question(case)
    ask = ask_udp if over == "udp" else ask_tcp
    wire = ask(server.port, question.wire, case.get("from", "127.0.0.1"))
    if case.get("expect") == "DROP":
        assert wire is None, "no reply"
        return
    assert wire is not None, "there is no reply"
    reply = Reply(case, question, wire, over, config)
    if wrong := reply.what_is_wrong():
        pytest.fail(
            f"{case['id']} over {over}, config {case['config']}\nsource: {case['source']}\n{wrong}\n\n{reply.message}",
            pytrace=False,
        )


# --- what follows from the cases together


def every_config(test):
    used = sorted({case["config"] for case in CASES})
    parameters_ = [pytest.param(name, id=name, marks=pytest.mark.xdist_group(name)) for name in used]
    return pytest.mark.parametrize("name", parameters_)(test)


def names_that_exist(config):
    """The questions that a case answers with records, and the names that those records bear or point to."""
    for case in CASES:
        if case["config"] != config or "answer" not in case or "ask" not in case:
            continue
        yield to_name(case["ask"].split()[0])
        for section in ("answer", "additional"):
            for record in Record.of(case.get(section), CONFIGS[config]["ttl"]):
                yield record.name
                if record.target is not None:
                    yield record.target


def ask(server, name, rdtype="A"):
    """Over TCP, so that nothing is cut."""
    wire = ask_tcp(server.port, dns.message.make_query(name, rdtype, use_edns=False).to_wire(), "127.0.0.1")
    return dns.message.from_wire(wire)


@every_config
def test_no_ancestor_of_a_name_is_said_not_to_exist(name, servers):
    """From NXDOMAIN a resolver concludes that nothing is below (RFC 8020)."""
    zones = [dns.name.from_text(zone) for zone in CONFIGS[name]["zones"]]
    below = {n for n in names_that_exist(name) for zone in zones if n.is_subdomain(zone)}
    ancestors = set()
    for existing in below:
        zone = max((zone for zone in zones if existing.is_subdomain(zone)), key=len)
        while existing != zone:
            ancestors.add(existing)
            existing = existing.parent()
    server = servers.on(name)
    denied = [n.to_text() for n in sorted(ancestors) if ask(server, n).rcode() == dns.rcode.NXDOMAIN]
    assert not denied


@every_config
def test_what_a_record_points_to_exists(name, servers):
    """Targets of SRV, PTR and NS records in our zones have addresses, and those of PTR lead back."""
    server, config = servers.on(name), CONFIGS[name]
    zones = [dns.name.from_text(zone) for zone in config["zones"]]
    for case in CASES:
        if case["config"] != name or "ask" not in case:
            continue
        for record in Record.of(case.get("answer"), config["ttl"]):
            if record.target is None or not any(record.target.is_subdomain(zone) for zone in zones):
                continue
            found = [ask(server, record.target, rdtype) for rdtype in ("A", "AAAA")]
            rdatas = [rdata for reply in found for rrset in reply.answer for rdata in rrset]
            addresses = [rdata.address for rdata in rdatas if hasattr(rdata, "address")]
            assert addresses, f"{case['id']}: {record.target} has no address"
            if record.rdtype == "PTR":
                back = dns.reversename.to_address(record.name)
                assert back in addresses, f"{case['id']}: {record.target} leads elsewhere"
