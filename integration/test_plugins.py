"""Plugins of the Corefile at work; the examples of their pages are typed in test_plugin_pages.py."""

import os
import socket
import time

import dns.exception
import dns.flags
import pytest

from conftest import free_port
from harness.corefile import block
from harness.metrics import scrape
from harness.waiting import wait_until


def test_what_small_plugins_count(lab):
    page, path = free_port(), lab.directory / "hosts"
    path.write_text("10.0.0.1 www.example.org\n10.0.0.2 www.example.org\n")
    os.utime(path, (1, 1_700_000_000))
    server = lab.serve_block(
        f"prometheus 127.0.0.1:{page}\n local\n acl example.org {{\n filter type MX\n block type TXT\n drop type ANY\n }}\n"
        f"hosts {path} {{\n 10.0.0.3 db.example.org\n }}"
    )
    for name, rdtype in (("www.example.org.", "A"), ("example.org.", "MX"), ("www.example.org.", "TXT"), ("localhost.test.", "A")):
        assert server.ask(name, rdtype) is not None
    with pytest.raises(dns.exception.Timeout):
        server.ask("www.example.org.", "ANY", timeout=0.3)
    counted = scrape(page)
    where = {"server": f"dns://127.0.0.1:{server.port}", "view": ""}
    assert counted.value("coredns_acl_allowed_requests_total", **where) == 1
    for action in ("blocked", "filtered", "dropped"):
        assert counted.value(f"coredns_acl_{action}_requests_total", zone="example.org.", **where) == 1, action
    assert counted.value("coredns_hosts_entries", hostsfile=str(path)) == 6
    assert counted.value("coredns_hosts_reload_timestamp_seconds") == 1_700_000_000
    assert counted.value("coredns_local_localhost_requests_total") == 1


def test_hosts_follows_its_file(lab):
    """The file may come late, change, go away and come back; names that it had stay."""
    port, path = free_port(), lab.directory / "hosts"
    server = lab.serve(block(port, f"hosts {path} {{\n reload 100ms\n fallthrough\n }}"), port)
    server.wait_for_log(r"\[WARNING\] plugin/hosts: \S+ cannot be read: No such file or directory; going on without it")
    server.wait_for("www.example.org.", "SERVFAIL")
    for address in ("10.0.0.1", "10.0.0.22"):
        path.write_text(f"{address} www.example.org\n")
        server.wait_for("www.example.org.", [address])
    path.unlink()
    server.wait_for_log("what was read before stays")
    assert server.addresses("www.example.org.") == ["10.0.0.22"]
    path.write_text("10.0.0.3 www.example.org\n")
    server.wait_for("www.example.org.", ["10.0.0.3"])


def test_acl_drops_and_blocks(lab):
    port = free_port()
    rules = "acl drop.example {\n drop\n }\n acl block.example {\n block net 127.0.0.1\n }\n whoami"
    server = lab.serve(block(port, rules), port)
    server.wait_for_log("is serving with")
    assert server.addresses("a.drop.example.", timeout=0.5) is None
    with pytest.raises(EOFError):
        server.ask("a.drop.example.", tcp=True)
    reply = server.ask("a.block.example.", use_edns=0)
    assert [option.code for option in reply.options] == [15]
    assert server.addresses("a.block.example.") == "REFUSED"
    assert server.addresses("a.example.") == []


def test_other_classes_are_for_chaos_on_its_port_alone(lab):
    port, other = free_port(), free_port()
    text = block(port, "chaos", "a.example") + block(port, "whoami") + block(other, "whoami")
    server = lab.serve(text, port)
    server.wait_for_log("is serving with")
    ask = {"rdclass": "CH"}
    assert server.addresses("version.bind.", "TXT", **ask) == "SERVFAIL", "let in, and known to nobody"
    server.port = other
    assert server.addresses("version.bind.", "TXT", **ask) == "REFUSED"


def test_loadbalance_shuffles(lab):
    port = free_port()
    lines = "\n".join(f"10.0.0.{i} www.example.org" for i in range(1, 5))
    server = lab.serve(block(port, f"loadbalance\n hosts /dev/null {{\n {lines}\n }}"), port)
    server.wait_for_log("is serving with")
    first = set()
    for _ in range(100):
        [records] = server.ask("www.example.org.").answer
        assert len(records) == 4
        first.add(records[0].to_text())
    assert len(first) == 4


def test_bufsize_cuts_what_is_longer(lab):
    port = free_port()
    lines = "\n".join(f"10.0.0.{i} www.example.org" for i in range(1, 61))
    server = lab.serve(block(port, f"bufsize 600\n hosts /dev/null {{\n {lines}\n }}"), port)
    server.wait_for_log("is serving with")
    reply = server.ask("www.example.org.", use_edns=0, payload=4096)
    assert reply.flags & dns.flags.TC
    assert 550 < len(reply.to_wire()) <= 600
    assert len(server.addresses("www.example.org.", tcp=True)) == 60


def test_timeouts_end_idle_connections(lab):
    port = free_port()
    server = lab.serve(block(port, "timeouts {\n read 1s\n }\n whoami"), port)
    server.wait_for_log("is serving with")
    with socket.create_connection(("127.0.0.1", port), timeout=5) as silent:
        started = time.monotonic()
        assert silent.recv(1) == b""
        assert 0.9 < time.monotonic() - started < 2.5, "3 s without the directive"


def test_warnings_say_what_changes_nothing(lab):
    port = free_port()
    server = lab.serve(block(port, "debug\n bufsize 4096"), port)
    for text in ("debug changes nothing", "bufsize 4096: a reply of podnamed over UDP has at most 1232 octets"):
        server.wait_for_log(rf"\[WARNING\] config: \S+Corefile:\d:\d+: {text}")
    wait_until(lambda: server.addresses("a.example.") == "SERVFAIL", "an answer")
