"""reload: a changed Corefile takes effect without a query lost; loop: a server that forwards to itself ends."""

import contextlib
import os
import re
import select
import signal
import socket
import subprocess
import threading
import time

import dns.message
import dns.query
import dns.rcode
import pytest

from conftest import free_port
from harness import upstreams
from harness.corefile import block
from harness.manifests import headless, pod
from harness.metrics import scrape
from harness.programs import Program
from harness.upstreams import answer
from harness.waiting import stays, wait_for_looks, wait_until

COMPLETE = "[INFO] Reloading complete"


class Reloading:
    """A server whose Corefile a test changes."""

    def __init__(self, lab, text, port, name="podnamed", **options):
        self.server = lab.serve(text, port, name, **options)
        self.path = self.server.process.args[2]
        self.server.wait_for_log("is serving with")

    def write(self, text):
        with open(self.path + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(self.path + ".new", self.path)

    def count(self, line=COMPLETE):
        return self.server.log().count(line)

    def reload(self, text=None, with_signal=signal.SIGHUP, line=COMPLETE):
        """Returns when it is done, or `line` says otherwise."""
        before = self.count(line)
        if text is not None:
            self.write(text)
        self.server.process.send_signal(with_signal)
        wait_until(lambda: self.count(line) > before, f"a line {line!r} in:\n{self.server.log()}")


def is_open(port):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def start_cluster(lab):
    """The source of a cluster with one pod. A controller of its own: Debian's protobuf has no maps under
    ThreadSanitizer, and reading manifests needs them."""
    lab.manifests.write("nginx.yaml", headless("nginx"), pod("web-0", "10.244.0.1", service="nginx"))
    lab.controller()
    return lab.feed_source()


def kubernetes(lab):
    return f"kubernetes cluster.local in-addr.arpa {{\n {start_cluster(lab)}\n fallthrough in-addr.arpa\n }}"


def exchange(connection, name):
    query = dns.message.make_query(name, "A")
    dns.query.send_tcp(connection, query)
    reply, _ = dns.query.receive_tcp(connection, time.time() + 5)
    assert query.is_response(reply)
    return reply


def test_kubeadms_corefile_gains_a_stub_domain_by_itself_and_by_a_signal(lab):
    port, http = free_port(), [free_port() for _ in range(3)]
    upstream = lab.keep(upstreams.make("knot", lab.directory, free_port()))
    corefile = f""".:{port} {{
    errors
    health 127.0.0.1:{http[0]} {{
       lameduck 1s
    }}
    ready 127.0.0.1:{http[1]}
    kubernetes cluster.local in-addr.arpa ip6.arpa {{
       {start_cluster(lab)}
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }}
    prometheus 127.0.0.1:{http[2]}
    forward . 127.0.0.1:{free_port()} {{
       max_concurrent 1000
    }}
    cache 30 {{
       disable success cluster.local
       disable denial cluster.local
    }}
    loop
    reload 2s 1s
    loadbalance
}}
"""
    loading = Reloading(lab, corefile, port)
    server = loading.server
    server.wait_for("web-0.nginx.default.svc.cluster.local", ["10.244.0.1"])
    assert re.search(r"^\[INFO\] plugin/reload: Running configuration SHA512 = [0-9a-f]{128}$", server.log(), re.M)
    stub = f"example.org:{port} {{\n errors\n cache 30\n forward . 127.0.0.1:{upstream.port}\n}}\n"
    loading.write(corefile + stub)
    server.wait_for("www.example.org", ["192.0.2.1", "192.0.2.2"], timeout=10)
    server.wait_for_log(r"\[INFO\] Reloading\n")
    server.wait_for("web-0.nginx.default.svc.cluster.local", ["10.244.0.1"])
    code, text = server.ctl("status")
    assert code == 0 and "example.org." in text, text
    loading.reload(corefile, signal.SIGUSR1)
    assert server.addresses("www.example.org") != ["192.0.2.1", "192.0.2.2"]
    loading.reload()
    assert "is as it was when it was read last" in server.log()


def test_a_bad_file_changes_nothing_until_it_is_mended(lab):
    port, page = free_port(), free_port()
    good = block(port, f"prometheus 127.0.0.1:{page}\n reload 2s 0\n whoami")
    loading = Reloading(lab, good, port)

    def failures():
        return scrape(page).value("coredns_reload_failed_total")

    def versions():
        return len(scrape(page).series("coredns_reload_version_info"))

    assert failures() == 0 and versions() == 1
    loading.write(good.replace("whoami", "whoami\n frobnicate\n any x"))
    line = r"\[ERROR\] plugin/reload: Corefile changed but reload failed.*:6:2: unknown plugin \"frobnicate\".*; .*:7:6: any takes no argument"
    loading.server.wait_for_log(line)
    assert failures() == 1
    wait_for_looks(loading.path, 3)  # at the same errors, two of them to their end
    assert failures() == 1 and loading.count("reload failed") == 1
    assert loading.server.ask("example.org").rcode() == dns.rcode.NOERROR
    # A port that somebody else has: the configuration is good, and cannot be served.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        taken = other.getsockname()[1]
        loading.reload(good + block(taken, "whoami"), line="address already in use")
        assert failures() == 2 and loading.count("reload failed") == 2
        assert loading.server.ask("example.org").rcode() == dns.rcode.NOERROR
    loading.reload(good + block(taken, "whoami"))
    assert failures() == 2 and versions() == 1


def test_a_config_map_changes_by_its_link(lab):
    port = free_port()
    volume = lab.directory / "volume"
    volume.mkdir()

    def publish(version, text):
        (volume / version).mkdir()
        (volume / version / "Corefile").write_text(text)
        (volume / "..data_tmp").symlink_to(version)
        os.replace(volume / "..data_tmp", volume / "..data")

    publish("..1", block(port, "reload 2s 0\n whoami", zone="a"))
    (volume / "Corefile").symlink_to("..data/Corefile")
    loading = Reloading(lab, f"import {volume}/Corefile\n", port)
    assert loading.server.ask("a.").rcode() == dns.rcode.NOERROR
    publish("..2", block(port, "reload 2s 0\n whoami", zone="b"))
    wait_until(lambda: loading.server.ask("b.").rcode() == dns.rcode.NOERROR, "the new zone")
    assert loading.server.ask("a.").rcode() == dns.rcode.REFUSED


def test_sockets_and_connections_stay_and_ports_come_and_go(lab):
    kept, gone, new = free_port(), free_port(), free_port()
    page, next_page = free_port(), free_port()

    def corefile(*ports, health):
        blocks = [block(port, "hosts {\n 192.0.2.7 host.example\n }") for port in ports]
        blocks.append(block(free_port(), f"health 127.0.0.1:{health}\n whoami"))
        return "".join(blocks)

    loading = Reloading(lab, corefile(kept, gone, health=page), kept)
    with socket.create_connection(("127.0.0.1", kept)) as stays, socket.create_connection(("127.0.0.1", gone)) as goes:
        for connection in stays, goes:
            assert exchange(connection, "host.example").answer
        begun = dns.message.make_query("host.example", "A")
        octets = len(begun.to_wire()).to_bytes(2, "big") + begun.to_wire()
        goes.sendall(octets[:20])
        loading.reload(corefile(kept, new, health=next_page))
        assert exchange(stays, "host.example").answer
        goes.sendall(octets[20:])
        reply, _ = dns.query.receive_tcp(goes, time.time() + 5)
        assert begun.is_response(reply) and reply.answer
        assert goes.recv(1) == b""
    loading.server.port = new
    assert loading.server.addresses("host.example") == ["192.0.2.7"]
    assert loading.server.addresses("host.example", tcp=True) == ["192.0.2.7"]
    wait_until(lambda: not is_open(gone), "the port to close")
    assert is_open(next_page) and not is_open(page)
    # And back at once.
    loading.reload(corefile(kept, gone, health=page))
    loading.server.port = gone
    assert loading.server.addresses("host.example") == ["192.0.2.7"]
    # The same port at another address: with and without one.
    everywhere = corefile(kept, health=page).replace(" bind 127.0.0.1\n hosts", " hosts")
    loading.reload(everywhere)
    loading.reload(corefile(kept, health=page))
    loading.server.port = kept
    assert loading.server.addresses("host.example") == ["192.0.2.7"]


class Stream:
    """Queries one after the other, so many at a time under way; who has had no reply in 4 s is lost."""

    def __init__(self, port, names, under_way):
        self.port, self.names, self.under_way = port, names, under_way
        self.sent, self.lost, self.rcodes = 0, 0, {}
        self.stopping = False
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(self.under_way)]
        poll, waits = select.poll(), {}
        for one in sockets:
            one.connect(("127.0.0.1", self.port))
            poll.register(one, select.POLLIN)
        by_number = {one.fileno(): one for one in sockets}
        octets = [dns.message.make_query(name, "A").to_wire() for name in self.names]

        def send(one):
            one.send((self.sent & 0xFFFF).to_bytes(2, "big") + octets[self.sent % len(octets)][2:])
            waits[one.fileno()] = (self.sent & 0xFFFF, time.monotonic())
            self.sent += 1

        for one in sockets:
            send(one)
        while waits:
            for number, _ in poll.poll(200):
                reply = by_number[number].recv(65535)
                if number not in waits or int.from_bytes(reply[:2], "big") != waits[number][0]:
                    continue
                del waits[number]
                rcode = reply[3] & 15
                self.rcodes[rcode] = self.rcodes.get(rcode, 0) + 1
                if not self.stopping:
                    send(by_number[number])
            late = [number for number, (_, since) in waits.items() if time.monotonic() - since > 4]
            for number in late:
                del waits[number]
                self.lost += 1
        for one in sockets:
            one.close()

    def stop(self):
        self.stopping = True
        self.thread.join()


def test_twenty_reloads_under_load_lose_no_query(lab, liar):
    port, page = free_port(), free_port()
    upstream = liar()

    # One reply at a time would be slower than the load: each has a timer, and its own client.
    def reply(query):
        client = upstream.clients[-1]
        threading.Timer(0.05, lambda: upstream.udp.sendto(answer(query).to_wire(), client)).start()
        return []

    upstream.reply = reply
    text = block(
        port, f"errors\n prometheus 127.0.0.1:{page}\n {kubernetes(lab)}\n forward . 127.0.0.1:{upstream.port}"
    )
    loading = Reloading(lab, text, port)
    loading.server.wait_for("web-0.nginx.default.svc.cluster.local", ["10.244.0.1"])
    cluster = Stream(port, ["web-0.nginx.default.svc.cluster.local"], 4)
    forwarded = Stream(port, [f"name{i}.example" for i in range(500)], 16)
    for i in range(20):
        # One changes nothing, one a directive that the forwarded ones go through, one `forward` itself.
        change = ["", "\n minimal", "\n nsid x"][i % 3]
        changed = text.replace("errors", "errors" + change)
        loading.reload(changed.replace(f":{upstream.port}", f":{upstream.port} {{\n max_fails {2 + i % 2}\n }}"))
    cluster.stop()
    forwarded.stop()
    for stream in cluster, forwarded:
        assert stream.lost == 0 and set(stream.rcodes) == {dns.rcode.NOERROR}, (stream.lost, stream.rcodes)
    assert cluster.sent > 1000 and forwarded.sent > 200
    # The counters have never begun anew.
    counted = sum(scrape(page).series("coredns_dns_requests_total").values())
    assert counted >= cluster.sent + forwarded.sent


@pytest.mark.parametrize("trouble", ["reloads", "upstreams"])
def test_dnsperf_loses_nothing_while(lab, trouble):
    """10,000 queries a second for the cluster, the cache and two upstreams, while the Corefile changes every half second, or
    while one upstream and then the other is killed and comes back."""
    seconds, port = 5, free_port()
    (lab.directory / "0").mkdir()
    (lab.directory / "1").mkdir()
    ports = [free_port(), free_port()]
    knots = [lab.keep(upstreams.knot(lab.directory / str(i), ports[i])) for i in range(2)]
    lines = f"cache 30\n {kubernetes(lab)}\n forward . 127.0.0.1:{ports[0]} 127.0.0.1:{ports[1]} {{\n health_check 100ms\n }}"
    loading = Reloading(lab, block(port, lines), port)
    loading.server.wait_for("web-0.nginx.default.svc.cluster.local", ["10.244.0.1"])
    names = ["web-0.nginx.default.svc.cluster.local", "none.nginx.default.svc.cluster.local", "www.example.org"]
    names += [f"no-{i}.example.org" for i in range(30_000)]  # of the upstreams, most of the time
    asked = [names[i % 3] if i % 8 else names[3 + i // 8] for i in range(240_000)]
    (lab.directory / "queries").write_text("".join(f"{name} A\n" for name in asked))
    load = Program(
        ["dnsperf", "-s", "127.0.0.1", "-p", str(port), "-d", str(lab.directory / "queries"), "-l", str(seconds), "-Q", "10000",
         "-c", "20", "-t", "4"],
        lab.directory / "dnsperf.log",
    )
    lab.keep(load)
    number = 0
    while load.process.poll() is None:
        number += 1
        if trouble == "reloads":
            loading.reload(block(port, f"{lines}\n hosts {{\n 192.0.2.{number % 250} host.example\n fallthrough\n }}"))
        else:
            knots[number % 2].kill()
            knots[number % 2] = lab.keep(upstreams.knot(lab.directory / str(number % 2), ports[number % 2]))
        with contextlib.suppress(subprocess.TimeoutExpired):
            load.process.wait(0.5)
    report = load.log()
    assert number >= 5 and load.process.returncode == 0, report
    assert int(re.search(r"Queries sent: +(\d+)", report)[1]) > 1000 * seconds, report
    assert re.search(r"Queries lost: +0 ", report), report
    assert set(re.findall(r"(\w+) \d+ \(", re.search(r"Response codes: (.*)", report)[1])) == {"NOERROR", "NXDOMAIN"}, report


def test_what_is_cached_stays_and_upstreams_are_known(lab, liar):
    port, upstream = free_port(), liar()
    text = block(port, f"cache 300\n forward . 127.0.0.1:{upstream.port}")
    loading = Reloading(lab, text, port)
    assert loading.server.addresses("kept.example") == ["192.0.2.1"]
    loading.reload(text.replace("cache", "errors\n cache"))
    assert loading.server.addresses("kept.example") == ["192.0.2.1"]
    assert len(upstream.queries) == 1
    loading.reload(text.replace("cache 300", "cache 200"))
    assert loading.server.addresses("kept.example") == ["192.0.2.1"]
    assert len(upstream.queries) == 2


def test_memory_does_not_grow_with_reloads(lab, liar):
    port, upstream = free_port(), liar()
    text = block(port, f"prometheus 127.0.0.1:{free_port()}\n {kubernetes(lab)}\n cache\n forward . 127.0.0.1:{upstream.port}")
    loading = Reloading(lab, text, port)

    def resident():
        with open(f"/proc/{loading.server.process.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * 4096

    def reload(times):
        for i in range(times):
            loading.reload(text.replace("cache", f"cache {30 + i % 2}").replace("forward .", f"forward {'. a.'.split()[i % 2]}"))

    reload(60)
    before = resident()
    reload(140)
    assert resident() - before < 140 * 40_000, "40 KB for each reload"
    threads = len(os.listdir(f"/proc/{loading.server.process.pid}/task"))
    files = len(os.listdir(f"/proc/{loading.server.process.pid}/fd"))
    reload(10)
    wait_until(lambda: len(os.listdir(f"/proc/{loading.server.process.pid}/task")) <= threads, "threads to end")
    assert len(os.listdir(f"/proc/{loading.server.process.pid}/fd")) <= files + 8


def test_stdin_is_not_read_again(lab):
    port = free_port()
    path = lab.directory / "stdin"
    path.write_text(block(port, "whoami"))
    server = lab.serve(block(port, "whoami"), port, flags=("-workers", "1"), prefix=("sh", "-c", f'exec "$1" -conf stdin -inspect off < {path}', "sh"))
    server.wait_for_log("is serving with")
    server.process.send_signal(signal.SIGHUP)
    server.wait_for_log(r"\[WARNING\] plugin/reload: SIGHUP: what was read from stdin cannot be read again")
    assert server.ask("example.org").rcode() == dns.rcode.NOERROR


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_loop_ends_the_process(lab, workers):
    port = free_port()
    text = block(port, f"loop\n forward . 127.0.0.1:{port}")
    server = lab.serve(text, port, flags=("-workers", workers))
    wait_until(lambda: server.process.poll() is not None, "the end", timeout=20)
    assert server.process.returncode == 1
    last = server.log().splitlines()[-1]
    name = r"[0-9]+\.[0-9]+\."
    assert re.fullmatch(
        rf'\[FATAL\] plugin/loop: Loop \(127\.0\.0\.1:\d+ -> 127\.0\.0\.1:{port}\) detected for zone "\.", '
        rf'see https://coredns\.io/plugins/loop#troubleshooting\. Query: "HINFO {name}"',
        last,
    ), last


def test_no_loop_no_end(lab, liar):
    port, upstream = free_port(), liar()
    server = lab.serve(block(port, f"loop\n forward . 127.0.0.1:{upstream.port}"), port)
    server.wait_for_log("is serving with")
    wait_until(lambda: upstream.queries, "its query")
    assert [str(query.question[0]) for query in upstream.queries][0].endswith(" IN HINFO")
    within = 3  # longer than it looks for what circles after a reply
    stays(lambda: len(upstream.queries) == 1 and server.process.poll() is None, within, "one query, and no end")


def test_one_zone_at_two_addresses(lab):
    port = free_port()
    text = "".join(
        block(port, f"hosts {{\n 192.0.2.{i} host.example\n }}", bind=f"127.0.0.{i}") for i in (1, 2)
    )
    lab.serve(text, port).wait_for_log("is serving with")
    for i in (1, 2):
        query = dns.message.make_query("host.example", "A")
        reply = dns.query.udp(query, f"127.0.0.{i}", port=port, timeout=5)
        assert reply.answer[0][0].to_text() == f"192.0.2.{i}"
