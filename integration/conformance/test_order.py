"""What no single answer shows: that nobody is preferred, and what is left of a set that no message can hold."""

import collections
import socket
import struct

import dns.message
import dns.query
import dns.rdatatype
import pytest

from conftest import Lab
from harness.manifests import endpoint_slices, headless

NAME = "crowd.default.svc.cluster.local."

# The servers stay for all tests of this file, so one process runs them.
pytestmark = pytest.mark.xdist_group("order")


@pytest.fixture(scope="module")
def crowd_of(tmp_path_factory):
    """A server with one headless Service of so many endpoints."""
    labs, servers = [], {}

    def start(count):
        if count not in servers:
            lab = Lab(tmp_path_factory.mktemp(f"crowd-{count}"))
            labs.append(lab)
            lab.manifests.write("crowd.yaml", headless("crowd"), *endpoint_slices("crowd", count))
            servers[count] = lab.podnamed(flags=("-workers", "1"))
            servers[count].wait_for(f"crowd-0.{NAME}", ["10.0.0.0"])
        return servers[count]

    yield start
    for lab in labs:
        lab.stop_all()


def ask_often(port, query, times):
    """The replies to the same query, asked so often; a few at a time, so that no buffer overflows."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.settimeout(5)
        udp.connect(("127.0.0.1", port))
        for _ in range(times // 20):
            for _ in range(20):
                udp.send(query)
            for _ in range(20):
                yield udp.recv(4096)


def addresses_of(reply, question_length):
    """The A records of a reply whose owners are all pointers, in order."""
    count = struct.unpack("!H", reply[6:8])[0]
    at = 12 + question_length
    for _ in range(count):
        yield reply[at + 12 : at + 16]
        at += 16


def chi_squared(counts, expected, variance):
    return sum((count - expected) ** 2 / variance for count in counts)


def test_every_address_comes_first_equally_often(crowd_of):
    """8 endpoints, 4000 answers. Chi-squared with 7 degrees of freedom exceeds 43 once in three million runs."""
    query = dns.message.make_query(NAME, "A").to_wire()
    first = collections.Counter(
        next(addresses_of(reply, len(query) - 12)) for reply in ask_often(crowd_of(8).port, query, 4000)
    )
    assert len(first) == 8
    assert chi_squared(first.values(), 500, 500) < 43, first


def test_every_order_of_two_is_equally_likely(crowd_of):
    """Not only the first place: the first two are each of the 56 pairs. 55 degrees of freedom: 122, as often."""
    query = dns.message.make_query(NAME, "A").to_wire()
    pairs = collections.Counter(
        tuple(addresses_of(reply, len(query) - 12))[:2] for reply in ask_often(crowd_of(8).port, query, 5600)
    )
    assert len(pairs) == 56
    assert chi_squared(pairs.values(), 100, 100) < 122, pairs


def test_every_address_is_as_often_among_those_that_fit(crowd_of):
    """300 endpoints, of which 28 or so fit: none is left out more often than another."""
    query = dns.message.make_query(NAME, "A").to_wire()
    times = 3000
    seen, total = collections.Counter(), 0
    for reply in ask_often(crowd_of(300).port, query, times):
        assert reply[2] & 2, "TC"
        shown = list(addresses_of(reply, len(query) - 12))
        assert len(shown) == len(set(shown)) > 20
        seen.update(shown)
        total += len(shown)
    assert len(seen) == 300
    expected = total / 300
    assert chi_squared(seen.values(), expected, expected * (1 - expected / times)) < 450, seen


def test_srv_records_stay_in_the_order_of_the_ordinals(crowd_of):
    server = crowd_of(8)
    for _ in range(20):
        reply = server.ask(f"_http._tcp.{NAME}", "SRV", tcp=True)
        assert [record.target.labels[0] for record in reply.answer[0]] == [f"crowd-{i}".encode() for i in range(8)]


def ask_tcp(server, name, rdtype):
    return dns.query.tcp(dns.message.make_query(name, rdtype), "127.0.0.1", timeout=10, port=server.port)


def test_a_set_too_large_for_tcp_is_cut_fairly_and_says_nothing_of_it(crowd_of):
    """5000 addresses take 80,000 octets. TC over TCP would make some clients drop all of them (Go's resolver); so the
    answer holds as many as fit, and which ones differs from query to query."""
    server = crowd_of(5000)
    everyone, shown = {f"10.0.{i // 250}.{i % 250}" for i in range(5000)}, set()
    for _ in range(20):
        reply = ask_tcp(server, NAME, "A")
        assert not reply.flags & 0x0200, "no TC"
        addresses = [record.address for record in reply.answer[0]]
        assert len(addresses) == len(set(addresses)) >= 4000
        assert set(addresses) <= everyone
        shown.update(addresses)
    assert shown == everyone, "in twenty answers, everyone"


def test_srv_records_too_many_for_tcp_are_cut_without_tc(crowd_of):
    reply = ask_tcp(crowd_of(5000), f"_http._tcp.{NAME}", "SRV")
    assert not reply.flags & 0x0200, "no TC"
    assert len(reply.answer[0]) > 900
    assert not reply.additional


def test_srv_records_too_many_for_tcp_are_cut_fairly(crowd_of):
    """The answer holds a run of the ordinals that begins somewhere else in each query, the first after the last."""
    server, shown = crowd_of(5000), set()
    for _ in range(50):
        reply = ask_tcp(server, f"_http._tcp.{NAME}", "SRV")
        ordinals = [int(record.target.labels[0].removeprefix(b"crowd-")) for record in reply.answer[0]]
        assert all((after - before) % 5000 == 1 for before, after in zip(ordinals, ordinals[1:]))
        shown.update(ordinals)
    # A fifth of them each time: of fifty runs one begins in nearly every hundredth.
    assert len(shown) > 4500
