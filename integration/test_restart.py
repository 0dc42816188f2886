"""Restarts that lose nothing: -takeover, systemd's sockets, and an end that waits until traffic has stopped."""

import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time

import dns.exception
import dns.message
import dns.query
import dns.rcode
import pytest

from conftest import free_port
from harness.background import Background
from harness.manifests import headless, pod
from harness.programs import BINARIES, Podnamed, Program
from harness.upstreams import answer
from harness.waiting import stays, wait_until

NAME = "web-0.nginx.default.svc.cluster.local."
ADDRESS = "10.244.1.10"
NO_TIME_WAIT = struct.pack("ii", 1, 0)  # of thousands of connections: other tests want ports as well
RATE, SECONDS = 20_000, 8


class Generation:
    """One podnamed after the other in the same place, each with the same Corefile but for what a test changes."""

    def __init__(self, lab, more="", source=None):
        lab.manifests.write("nginx.yaml", headless("nginx"), pod("web-0", ADDRESS, "nginx"))
        self.lab, self.port, self.health, self.number = lab, free_port(), free_port(), 0
        self.path = str(lab.directory / "takeover")
        self.corefile = self.with_source(source or f"manifests {lab.cluster_directory}", more)

    def with_source(self, source, more=""):
        return f"""cluster.local:{self.port} {{
    bind 127.0.0.1
    ready 127.0.0.1:{self.health}
    kubernetes {{
        {source}
    }}
}}
{more}"""

    def start(self, *flags, workers=2, corefile=None, prefix=()):
        """Does not wait for it to serve."""
        self.number += 1
        words = ("-workers", str(workers), "-inspect", f"unix://{self.lab.directory}/inspect", "-takeover", self.path, *flags)
        program = Podnamed(
            corefile or self.corefile, self.lab.directory, f"podnamed-{self.number}", words, prefix, port=self.port
        )
        return self.lab.keep(program)

    def serve(self, *flags, **options):
        program = self.start(*flags, **options)
        program.wait_for_log("is serving with")
        return program

    def succeed(self, old, *flags, **options):
        """The next one in the place of `old`, which ends."""
        program = self.serve(*flags, **options)
        assert "has taken over" in program.log()
        assert old.process.wait(10) == 0, old.log()
        assert "a successor has taken over" in old.log()
        return program


class Load:
    """dnsperf for `seconds`."""

    def __init__(self, directory, port, rate, seconds):
        queries = directory / "queries"
        queries.write_text(f"{NAME} A\n")
        words = ["dnsperf", "-s", "127.0.0.1", "-p", str(port), "-d", str(queries), "-Q", str(rate), "-l", str(seconds)]
        self.full = receive_buffers_full()
        self.process = subprocess.Popen(
            [*words, "-c", "20", "-q", "5000", "-b", "1024"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def is_running(self):
        return self.process.poll() is None

    def check(self, others_lost=0):
        """Every query had its answer. Those that the kernel had no room for, on a machine too busy to run us, are the
        kernel's."""
        output, _ = self.process.communicate(timeout=60)
        sent, lost = (int(re.search(rf"Queries {word}: +(\d+)", output)[1]) for word in ("sent", "lost"))
        assert lost + others_lost <= receive_buffers_full() - self.full, output
        assert f"NOERROR {sent - lost} (100.00%)" in output, output
        return sent


def receive_buffers_full():
    with open("/proc/net/snmp", encoding="ascii") as file:
        words, numbers = [line.split() for line in file if line.startswith("Udp:")]
    return int(numbers[words.index("RcvbufErrors")])


class Asker(Background):
    """Asks one query after the other, each over a new socket, and checks the address in each answer."""

    def __init__(self, port, tcp):
        super().__init__()
        self.port, self.tcp, self.answers, self.lost = port, tcp, 0, 0

    def step(self):
        query = dns.message.make_query(NAME, "A")
        if self.tcp:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_TIME_WAIT)
                reply = dns.query.tcp(query, "127.0.0.1", timeout=5, sock=connection)
        else:
            try:
                reply = dns.query.udp(query, "127.0.0.1", port=self.port, timeout=5)
            except dns.exception.Timeout:
                self.lost += 1
                return
        assert [record.address for record in reply.answer[0]] == [ADDRESS]
        self.answers += 1


class Keeper(Background):
    """Asks over a connection that it keeps for as long as it may, as a node's cache does; when it ends, asks again over the
    next one (RFC 7766 section 6.2.4)."""

    def __init__(self, port):
        super().__init__()
        self.port, self.answers, self.connections, self.connection = port, 0, 0, None

    def step(self):
        if self.connection is None:
            self.connection = socket.create_connection(("127.0.0.1", self.port), timeout=5)
            self.connections += 1
        query = dns.message.make_query(NAME, "A")
        try:
            dns.query.send_tcp(self.connection, query)
            reply, _ = dns.query.receive_tcp(self.connection, time.time() + 5)
        except (EOFError, ConnectionError):
            self.close()
            return
        assert query.is_response(reply) and reply.answer[0][0].address == ADDRESS
        self.answers += 1
        time.sleep(0.001)

    def close(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None


def wait_for_more(*askers):
    """Until each has had some answers from now on."""
    before = [asker.answers for asker in askers]
    wait_until(lambda: all(asker.answers > number + 20 for asker, number in zip(askers, before)), "answers")


def is_ready(port):
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        client.sendall(b"GET /ready HTTP/1.0\r\n\r\n")
        return client.recv(4096).startswith(b"HTTP/1.0 200")


# --- takeover


def test_a_rolling_restart_under_load_loses_no_query(lab):
    generation = Generation(lab)
    server = generation.serve()
    load = Load(lab.directory, generation.port, RATE, SECONDS)
    keeper = Keeper(generation.port)
    with Asker(generation.port, tcp=True) as tcp, Asker(generation.port, tcp=False) as udp, keeper:
        for workers in (2, 3, 1, 2):
            wait_for_more(udp, tcp, keeper)
            server = generation.succeed(server, workers=workers)
        assert load.is_running(), "all of it under load"
        assert load.check(udp.lost) > 0.99 * SECONDS * RATE
    keeper.close()
    assert min(tcp.answers, udp.answers, keeper.answers) > 100
    assert keeper.connections <= 5, "one for each server"
    assert is_ready(generation.health)
    assert server.stop() == 0
    assert not os.path.exists(generation.path)


def test_what_is_in_flight_comes_from_the_old_one_and_its_idle_connections_end(lab, liar):
    upstream = liar()
    asked, known = threading.Event(), threading.Event()

    def reply(query):
        asked.set()
        known.wait(10)
        return [answer(query)]

    upstream.reply = reply
    generation = Generation(lab)
    generation.corefile += f"example.org:{generation.port} {{\n bind 127.0.0.1\n forward . 127.0.0.1:{upstream.port}\n}}\n"
    old = generation.serve()
    server = ("127.0.0.1", generation.port)
    with socket.create_connection(server) as idle, socket.create_connection(server) as waiting, socket.socket(
        socket.AF_INET, socket.SOCK_DGRAM
    ) as udp:
        udp.connect(server)
        udp.settimeout(10)
        dns.query.send_tcp(idle, dns.message.make_query(NAME, "A"))
        assert dns.query.receive_tcp(idle, time.time() + 10)[0].answer
        query = dns.message.make_query("www.example.org.", "A")
        dns.query.send_tcp(waiting, query)
        udp.send(query.to_wire())
        assert asked.wait(10)
        new = generation.start()
        old.wait_for_log("a successor has taken over")
        idle.settimeout(10)
        assert idle.recv(1) == b"", "the end, not a reset"
        assert new.addresses(NAME) == [ADDRESS]
        known.set()
        assert dns.query.receive_tcp(waiting, time.time() + 10)[0].answer
        assert dns.message.from_wire(udp.recv(4096)).answer
        assert old.process.wait(10) == 0
    new.wait_for_log("is serving with")


def test_a_successor_that_cannot_serve_changes_nothing(lab):
    generation = Generation(lab)
    old = generation.serve()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for corefile, expected in (
            (generation.corefile.replace("kubernetes", "kubernets"), 'did you mean "kubernetes"'),
            (generation.with_source("manifests /none"), "/none"),
            (generation.corefile.replace("    ready", f"    health 127.0.0.1:{port}\n    ready"), "another program listens there"),
            (generation.with_source("feed unix:///none"), 'the cluster of "feed unix:///none" is not known after 1s'),
        ):
            failed = generation.start("-takeover-wait", "1", corefile=corefile)
            assert failed.process.wait(10) == 1
            assert expected in failed.log()
            assert old.addresses(NAME) == old.addresses(NAME, tcp=True) == [ADDRESS]
            assert is_ready(generation.health)
    new = generation.succeed(old)
    assert new.addresses(NAME) == [ADDRESS]
    assert new.ctl("status")[0] == 1, "no socket of that name"


def test_a_successor_that_is_killed_in_the_middle_changes_nothing(lab):
    generation = Generation(lab)
    old = generation.serve()
    with Asker(generation.port, tcp=True) as tcp, Asker(generation.port, tcp=False) as udp:
        for _ in range(3):
            killed = generation.start(corefile=generation.with_source("feed unix:///none"))
            gone = old.log().count("going on")
            wait_until(lambda: old.log().count("about to take over") == generation.number - 1, "a successor")
            killed.kill()
            wait_until(lambda seen=gone: old.log().count("who wanted to take over has gone; going on") > seen, "its end")
        generation.succeed(old)
    assert min(tcp.answers, udp.answers) > 10


def test_a_predecessor_that_was_killed_is_not_missed(lab):
    generation = Generation(lab)
    old = generation.serve()
    old.kill()
    assert os.path.exists(generation.path)
    alone = generation.serve()
    assert "take over" not in alone.log() and alone.addresses(NAME) == [ADDRESS]
    # And one that is killed while its successor waits to know the cluster: better an answer without it than none.
    heir = generation.start(corefile=generation.with_source("feed unix:///none"))
    alone.wait_for_log("about to take over")
    alone.kill()
    heir.wait_for_log("is serving with")
    assert heir.addresses(NAME) == "SERVFAIL"
    assert heir.stop() == 0


def test_a_successor_serves_the_addresses_of_its_own_corefile(lab):
    generation = Generation(lab)
    second, third = free_port(), free_port()
    kept = generation.corefile
    block = "cluster.local:{0} {{\n bind {1}\n kubernetes {{\n manifests " + str(lab.cluster_directory) + "\n }}\n}}\n"
    old = generation.serve(corefile=kept + block.format(second, "127.0.0.1") + block.format(third, "0.0.0.0"))
    new = generation.succeed(old, corefile=kept + block.format(third, "127.0.0.1"))
    for kind in ("UDP", "TCP"):
        assert f"the socket on {kind} 127.0.0.1:{second} was passed and no server block has it: it is closed" in new.log()
    assert new.addresses(NAME) == [ADDRESS]
    new.port = third
    assert new.addresses(NAME) == new.addresses(NAME, tcp=True) == [ADDRESS], "within what the old one had whole"
    new.port = second
    assert new.addresses(NAME) is None


def test_a_path_that_cannot_be_used_is_one_sentence(lab):
    for path, expected in (
        (str(lab.directory / "none" / "takeover"), "cannot wait for a successor at"),
        ("x" * 108, "expected a path of 1 to 107 octets"),
        (str(lab.cluster_directory / "nginx.yaml"), "nginx.yaml"),
    ):
        generation = Generation(lab)
        generation.path = path
        failed = generation.start()
        assert failed.process.wait(10) == 1
        assert expected in failed.log().splitlines()[-1], failed.log()
    assert os.path.exists(lab.cluster_directory / "nginx.yaml"), "a file is nobody's socket"


# --- systemd's sockets


class Manager:
    """Holds the sockets of one port as systemd does for podnamed.socket, and starts servers with them."""

    def __init__(self, lab, port):
        self.lab, self.number = lab, 0
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for one in (self.udp, self.tcp):
            one.bind(("127.0.0.1", port))
        self.tcp.listen(100)

    def start(self, generation, workers=2):
        """As sd_listen_fds(3) has it: from descriptor 3 on, for the process of that id."""
        self.number += 1
        path = self.lab.directory / f"activated-{self.number}.Corefile"
        path.write_text(generation.corefile)
        words = [os.path.join(BINARIES, "podnamed"), "-conf", str(path), "-inspect", "off", "-workers", str(workers)]
        shell = f"exec 3<&{self.udp.fileno()} 4<&{self.tcp.fileno()}; LISTEN_FDS=2 LISTEN_PID=$$ exec \"$@\""
        for one in (self.udp, self.tcp):
            one.set_inheritable(True)
        program = self.lab.keep(
            Inheriting(["bash", "-c", shell, "bash", *words], self.lab.directory / f"activated-{self.number}.log")
        )
        program.wait_for_log("is serving with")
        return program

    def close(self):
        self.udp.close()
        self.tcp.close()


class Inheriting(Program):
    def __init__(self, words, log_path):
        self.log_path = str(log_path)
        self.log_file = open(self.log_path, "ab")
        self.process = subprocess.Popen(
            words, stdout=self.log_file, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, close_fds=False
        )


def test_queries_of_before_the_start_are_answered(lab):
    generation = Generation(lab)
    manager = Manager(lab, generation.port)
    server = ("127.0.0.1", generation.port)
    query = dns.message.make_query(NAME, "A")
    with socket.create_connection(server) as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.connect(server)
        udp.settimeout(10)
        udp.send(query.to_wire())
        dns.query.send_tcp(tcp, query)
        program = manager.start(generation)
        assert dns.message.from_wire(udp.recv(4096)).answer
        assert dns.query.receive_tcp(tcp, time.time() + 10)[0].answer
    assert program.stop() == 0
    manager.close()


def test_a_restart_with_sockets_of_the_service_manager_loses_no_query(lab):
    """They stay open between one process and the next, and keep what comes."""
    generation = Generation(lab)
    manager = Manager(lab, generation.port)
    program = manager.start(generation)
    load = Load(lab.directory, generation.port, RATE // 10, 3)
    with Asker(generation.port, tcp=True) as tcp, Asker(generation.port, tcp=False) as udp:
        for workers in (1, 3):
            wait_for_more(udp, tcp)
            assert program.stop() == 0, program.log()
            program = manager.start(generation, workers)
    assert load.is_running()
    load.check(udp.lost)
    assert program.stop() == 0
    manager.close()


@pytest.mark.parametrize("kind", ["udp", "tcp"])
def test_systemd_itself_starts_it_with_the_first_query(lab, kind):
    if shutil.which("systemd-socket-activate") is None:
        pytest.skip("systemd-socket-activate is not here")
    generation = Generation(lab)
    path = lab.directory / "Corefile"
    path.write_text(generation.corefile)
    words = ["systemd-socket-activate", *(["--datagram"] if kind == "udp" else []), f"--listen=127.0.0.1:{generation.port}"]
    words += [os.path.join(BINARIES, "podnamed"), "-conf", str(path), "-inspect", "off"]
    activator = lab.keep(Program(words, lab.directory / "activated.log"))
    activator.wait_for_log("Listening on")
    ask = dns.query.udp if kind == "udp" else dns.query.tcp
    reply = ask(dns.message.make_query(NAME, "A"), "127.0.0.1", port=generation.port, timeout=10)
    assert reply.answer, activator.log()
    assert activator.stop() == 0


def test_sockets_that_are_none_of_ours_are_one_sentence(lab):
    generation = Generation(lab)
    path = lab.directory / "Corefile"
    path.write_text(generation.corefile)
    shell = 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$@" 3</dev/null'
    words = ["bash", "-c", shell, "bash", os.path.join(BINARIES, "podnamed"), "-conf", str(path), "-inspect", "off"]
    failed = lab.keep(Program(words, lab.directory / "failed.log"))
    assert failed.process.wait(10) == 1
    assert failed.log() == (
        "podnamed: descriptor 3 was passed and is no socket of ours; expected bound UDP and listening TCP sockets\n"
    )


# --- lameduck


def with_lameduck(generation, least):
    return generation.corefile.replace("    ready", f"    health 127.0.0.1:{free_port()} {{\n lameduck {least}\n }}\n    ready")


def test_an_end_waits_until_traffic_has_stopped(lab):
    generation = Generation(lab)
    server = generation.serve(corefile=with_lameduck(generation, "2s"))
    began = time.monotonic()
    with Asker(generation.port, tcp=True), Asker(generation.port, tcp=False):
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: not is_ready(generation.health), "no longer ready")
        stays(lambda: server.process.poll() is None, 2, "it goes on while it is asked")
    assert server.process.wait(10) == 0
    assert 2.9 < time.monotonic() - began < 4
    assert re.search(r"SIGTERM: last query 1\.\d s ago; answering what has arrived, then stopping", server.log()), server.log()


def test_an_end_does_not_wait_for_ever(lab):
    generation = Generation(lab)
    server = generation.serve(corefile=with_lameduck(generation, "1s"))
    with Load(lab.directory, generation.port, 200, 20).process as deaf:
        began = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(10) == 0
        assert 1.9 < time.monotonic() - began < 3
        deaf.kill()
    assert re.search(r"SIGTERM: still \d+ queries per second after 2\.\d s;", server.log()), server.log()


def test_a_takeover_ends_lameduck(lab):
    generation = Generation(lab)
    old = generation.serve(corefile=with_lameduck(generation, "1h"))
    with Asker(generation.port, tcp=True), Asker(generation.port, tcp=False):
        old.process.send_signal(signal.SIGTERM)
        old.wait_for_log("going on for 1h at least, no longer ready")
        generation.succeed(old)
    assert is_ready(generation.health)
