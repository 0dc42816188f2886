"""forward and cache against real name servers that are killed, frozen and slow, and against one that lies."""

import os
import signal
import socket
import time

import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest

from conftest import free_port
from harness import upstreams
from harness.metrics import scrape
from harness.upstreams import answer, refusal
from harness.waiting import wait_until


@pytest.fixture
def upstream(lab):
    def start(kind="knot"):
        return lab.keep(upstreams.make(kind, lab.directory, free_port()))

    return start


class Asked:
    """A query over UDP whose reply is waited for later."""

    def __init__(self, port, name):
        self.query = dns.message.make_query(name, "A")
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(("127.0.0.1", port))
        self.socket.send(self.query.to_wire())

    def wait_until_read(self):
        """What a client asks after it is answered at once: then the server has read this."""
        self.socket.settimeout(5)
        self.socket.send(dns.message.make_query("version.bind.", "TXT", "CH").to_wire())
        assert dns.message.from_wire(self.socket.recv(65535)).answer

    def rcode(self, timeout=5.0):
        """None if no reply comes."""
        self.socket.settimeout(timeout)
        with self.socket:
            try:
                reply = dns.message.from_wire(self.socket.recv(65535))
            except TimeoutError:
                return None
        assert self.query.is_response(reply)
        return reply.rcode()


def forward_to(*targets, options=""):
    return "forward . " + " ".join(f"127.0.0.1:{one.port}" for one in targets) + f" {{\n policy sequential\n {options}\n }}"


def direct(port, name, rdtype, tcp=False):
    query = dns.message.make_query(name, rdtype, use_edns=0, payload=1232)
    return (dns.query.tcp if tcp else dns.query.udp)(query, "127.0.0.1", port=port, timeout=5)


def records(section):
    """In no order, and with no letters of their own: some upstreams shuffle, some answer with those of their zone."""
    return sorted(f"{rrset.name} {rrset.ttl} {rdata}".lower() for rrset in section for rdata in rrset)


QUESTIONS = [("www", "A"), ("www", "AAAA"), ("WwW", "A"), ("alias", "A"), ("mail", "MX"), ("_http._tcp", "SRV"),
             ("text", "TXT"), ("large", "TXT"), ("nobody", "A"), ("www", "MX"), ("", "SOA"), ("", "NS")]  # fmt: skip


@pytest.mark.parametrize("kind", upstreams.REAL)
def test_what_a_real_upstream_says_is_what_the_client_hears(lab, upstream, kind):
    """All of it: rcode, flags, records with their TTLs; what is too long is cut, and whole over TCP."""
    real = upstream(kind)
    server = lab.serve_block(forward_to(real))
    for name, rdtype in QUESTIONS:
        name = f"{name}.example.org.".lstrip(".")
        for tcp in (False, True):
            ours, theirs = direct(server.port, name, rdtype, tcp), direct(real.port, name, rdtype, tcp)
            assert ours.rcode() == theirs.rcode(), name
            assert ours.question == theirs.question, name
            if not theirs.flags & dns.flags.TC:
                assert records(ours.answer) == records(theirs.answer), name
                assert records(ours.authority) == records(theirs.authority), name
            for flag in (dns.flags.AA, dns.flags.RA, dns.flags.TC):
                assert ours.flags & flag == theirs.flags & flag, f"{name} {rdtype} {dns.flags.to_text(flag)}"


def test_an_upstream_that_is_killed_or_frozen_is_passed_over(lab, upstream):
    first, second = upstream(), upstream("bind9")
    server = lab.serve_block(forward_to(first, second))
    os.kill(first.process.pid, signal.SIGSTOP)
    start = time.monotonic()
    assert server.addresses("www.example.org.", timeout=6) == ["192.0.2.1", "192.0.2.2"]
    assert time.monotonic() - start < 4.5
    wait_until(lambda: asked_in(server, 0.5), "the frozen one to be left out")
    os.kill(first.process.pid, signal.SIGCONT)
    second.kill()
    wait_until(lambda: asked_in(server, 1.0), "the thawed one to be asked again", timeout=20)


def asked_in(server, seconds):
    start = time.monotonic()
    return server.addresses("www.example.org.", timeout=6) == ["192.0.2.1", "192.0.2.2"] and time.monotonic() - start < seconds


def test_nobody_answers(lab, liar):
    silent = liar()
    silent.reply = lambda query: []
    server = lab.serve_block(forward_to(silent))
    start = time.monotonic()
    reply = server.ask("www.example.org.", timeout=8, use_edns=0)
    assert reply.rcode() == dns.rcode.SERVFAIL
    assert time.monotonic() - start < 6
    assert [option.code for option in reply.options] == [22], "No Reachable Authority"
    server.wait_for_log(r"\[ERROR\] plugin/errors: 2 www\.example\.org\. A: .*i/o timeout")


def test_a_second_opinion(lab, liar):
    broken, sound = liar(), liar()
    broken.reply = lambda query: [refusal(query)]
    server = lab.serve_block(forward_to(broken, sound))
    assert server.addresses("www.example.org.") == ["192.0.2.1"]
    sound.reply = lambda query: [refusal(query, dns.rcode.REFUSED)]
    assert server.addresses("other.example.org.") == "SERVFAIL", "what the first said"


def test_lies_are_not_believed(lab, liar):
    """A wrong id, another question, other letters, half a message: each before the truth."""
    one = liar()
    server = lab.serve_block(forward_to(one))

    def before(lie):
        one.reply = lambda query: [lie(query), answer(query)]

    def wrong_id(query):
        reply = answer(query, "203.0.113.1")
        reply.id ^= 1
        return reply

    def wrong_question(query):
        return answer(dns.message.make_query("evil.example.", "A", id=query.id), "203.0.113.1")

    def wrong_letters(query):
        octets = bytearray(answer(query, "203.0.113.1").to_wire())
        octets[12:] = octets[12:].lower()
        return bytes(octets)

    for i, lie in enumerate([wrong_id, wrong_question, wrong_letters]):
        before(lie)
        one.tcp_reply = lambda query: [answer(query)]
        assert server.addresses(f"a-name-with-many-letters-{i}.example.org.") == ["192.0.2.1"], lie.__name__
    one.reply = one.tcp_reply = lambda query: [answer(query).to_wire()[:-3]]
    assert server.addresses("half.example.org.") == "SERVFAIL"


def test_queries_are_hard_to_guess(lab, liar):
    one = liar()
    server = lab.serve_block(forward_to(one))
    for i in range(50):
        server.addresses(f"name-{i}.with.letters.example.org.")
    assert len({port for _, port in one.clients}) > 45
    assert len({query.id for query in one.queries}) > 45
    names = [query.question[0].name.to_text() for query in one.queries]
    assert sum(name != name.lower() for name in names) > 45


def test_letters_that_an_upstream_folds_do_not_matter(lab, liar):
    one = liar()

    def folded(query):
        octets = bytearray(answer(query).to_wire())
        octets[12:-16] = octets[12:-16].lower()
        return [bytes(octets)]

    one.reply = folded
    server = lab.serve_block(forward_to(one))
    for i in range(5):
        assert server.addresses(f"Name-{i}.example.org.") == ["192.0.2.1"]


def test_the_same_question_is_asked_once(lab, liar):
    one = liar()
    held = []
    one.reply = lambda query: held.append(query) or []
    server = lab.serve_block(f"chaos\n {forward_to(one)}")
    clients = [Asked(server.port, "www.example.org.") for _ in range(20)]
    wait_until(lambda: held, "the question")
    for client in clients:
        client.wait_until_read()
    assert len(held) <= 2, "one of each worker"
    for query, client in zip(one.queries, one.clients):
        one.udp.sendto(answer(query).to_wire(), client)
    assert [client.rcode() for client in clients] == [dns.rcode.NOERROR] * 20


def test_too_many_at_once_are_refused(lab, liar):
    one = liar()
    one.reply = lambda query: []
    server = lab.serve_block(forward_to(one, options="max_concurrent 2"))
    waiting = [Asked(server.port, f"name-{i}.example.org.") for i in range(8)]
    refused = sum(client.rcode(timeout=1.5) == dns.rcode.REFUSED for client in waiting)
    assert 4 <= refused <= 6, "two of each of two workers are under way at most"


def test_except_and_two_forwards(lab, liar):
    inside, outside = liar(), liar()
    inside.reply = lambda query: [answer(query, "10.0.0.1")]
    directives = f"forward corp.example 127.0.0.1:{inside.port}\n " + forward_to(outside, options="except local")
    server = lab.serve_block(directives)
    assert server.addresses("www.corp.example.") == ["10.0.0.1"]
    assert server.addresses("www.example.org.") == ["192.0.2.1"]
    assert server.addresses("www.local.") == "SERVFAIL"


# ---- cache


def test_a_reply_is_kept_for_its_time_and_counts_down(lab, liar):
    one = liar()
    server = lab.serve_block(f"cache 30\n {forward_to(one)}")
    first = server.ask("www.example.org.")
    assert first.answer[0].ttl == 30, "no longer than the Corefile says"
    wait_until(lambda: server.ask("WWW.example.org.").answer[0].ttl < 30, "the TTL to count down")
    assert len(one.queries) == 1
    assert server.ask("www.example.org.").flags & dns.flags.AA


def test_denials_and_failures_are_kept(lab, upstream, liar):
    real = upstream()
    server = lab.serve_block(f"cache\n {forward_to(real)}")
    assert server.addresses("nobody.example.org.") == "NXDOMAIN"
    real.kill()
    assert server.addresses("nobody.example.org.") == "NXDOMAIN"
    broken = liar()
    broken.reply = lambda query: [refusal(query)]
    server = lab.serve_block(f"cache\n {forward_to(broken)}", "other")
    for _ in range(3):
        assert server.addresses("www.example.org.") == "SERVFAIL"
    assert len(broken.queries) == 1


def test_stale_is_better_than_nothing(lab, liar):
    one = liar()
    one.reply = lambda query: [answer(query, ttl=5)]
    server = lab.serve_block(f"cache {{\n success 100 1 1\n serve_stale 1h verify\n servfail 0\n }}\n {forward_to(one)}")
    assert server.addresses("www.example.org.") == ["192.0.2.1"]
    one.reply = lambda query: [refusal(query)]

    def is_stale():
        reply = server.ask("www.example.org.", use_edns=0)
        return reply.rcode() == 0 and [option.code for option in reply.options] == [3]

    wait_until(is_stale, "a stale answer, which says so")
    one.reply = lambda query: [answer(query, "192.0.2.9")]
    wait_until(lambda: server.addresses("www.example.org.") == ["192.0.2.9"], "the new answer")


def test_who_thinks_for_too_long_is_not_waited_for(lab, liar):
    one = liar()
    one.reply = lambda query: [answer(query, ttl=5)]
    server = lab.serve_block(f"cache {{\n success 100 1 1\n serve_stale 1h verify 100ms\n }}\n {forward_to(one)}")
    assert server.addresses("www.example.org.") == ["192.0.2.1"]
    held = []
    one.reply = lambda query: held.append((query, one.clients[-1])) or []
    wait_until(lambda: server.addresses("www.example.org.") == ["192.0.2.1"] and held, "a second question")
    reply = server.ask("www.example.org.", use_edns=0)
    assert reply.answer and [option.code for option in reply.options] == [3], "stale, and it says so"
    one.reply = lambda query: [answer(query, "192.0.2.9")]
    for query, client in held:
        one.udp.sendto(answer(query, "192.0.2.9").to_wire(), client)
    wait_until(lambda: server.addresses("www.example.org.") == ["192.0.2.9"], "the new answer")


def test_the_cluster_is_never_kept(lab, liar):
    one = liar()
    cluster = f"kubernetes cluster.local {{\n manifests {lab.cluster_directory}\n }}"
    server = lab.serve_block(f"cache 30\n {cluster}\n {forward_to(one)}")
    wait_until(lambda: server.addresses("nobody.default.svc.cluster.local.") == "NXDOMAIN", "the cluster")
    assert server.addresses("www.example.org.") == ["192.0.2.1"]
    assert not any("cluster" in query.question[0].name.to_text().lower() for query in one.queries)


def test_metrics(lab, liar):
    one, page = liar(), free_port()
    server = lab.serve_block(f"prometheus 127.0.0.1:{page}\n cache 30\n {forward_to(one)}")
    for _ in range(3):
        server.addresses("www.example.org.")
    read = scrape(page)
    kept = {"server": f"dns://127.0.0.1:{server.port}", "zones": ".", "view": ""}
    assert read.value("coredns_cache_hits_total", type="success", **kept) == 2
    assert read.value("coredns_cache_entries", type="success", **kept) == 1
    assert read.value("coredns_cache_requests_total", **kept) == 3
    assert read.value("coredns_cache_misses_total", **kept) == 1
    to = {"proxy_name": "forward", "to": f"127.0.0.1:{one.port}"}
    assert read.value("coredns_proxy_request_duration_seconds_count", rcode="NOERROR", **to) == 1
    assert read.value("coredns_proxy_conn_cache_misses_total", proto="udp", **to) == 1
    assert read.value("coredns_forward_healthcheck_broken_total") == 0
    plugins = {dict(labels)["plugin"] for labels in read.series("coredns_dns_responses_total")}
    assert plugins == {"cache", "forward"}


def test_a_file_of_name_servers_is_followed(lab, liar):
    """As /etc/resolv.conf is, whose name servers have port 53: here nobody is there but the one of the Corefile."""
    one, path = liar(), lab.directory / "resolv.conf"
    path.write_text("nameserver 127.0.0.53\n")
    server = lab.serve_block(f"forward . 127.0.0.1:{one.port} {path} {{\n policy sequential\n }}")
    assert server.addresses("www.example.org.") == ["192.0.2.1"]
    path.write_text("# nobody\n")
    server.wait_for_log(r"\[WARNING\] plugin/forward: \S+ names no name server; the name servers that it named before")
    assert server.addresses("other.example.org.") == ["192.0.2.1"]
