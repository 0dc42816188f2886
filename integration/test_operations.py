"""What an operator meets: starting, stopping, and every way in which a start fails."""

import os
import signal
import socket
import subprocess
import threading

import dns.edns
import dns.message
import dns.query
import pytest

from conftest import free_port
from harness.manifests import headless, pod
from harness.programs import BINARIES, Program
from harness.waiting import wait_until

PODNAMED = os.path.join(BINARIES, "podnamed")
CONTROLLER = os.path.join(BINARIES, "podname-controller")
NAME = "web-0.nginx.default.svc.cluster.local."


def run(*words, text=None, cwd=None):
    done = subprocess.run(words, capture_output=True, text=True, timeout=20, check=False, input=text, cwd=cwd)
    return done.returncode, done.stdout, done.stderr


def corefile(tmp_path, port, body):
    path = tmp_path / "Corefile"
    path.write_text(f"cluster.local:{port} {{\n    bind 127.0.0.1\n{body}}}\n", encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_signal_ends_it_in_order(lab, ending):
    lab.manifests.write("nginx.yaml", headless("nginx"), pod("web-0", "10.244.1.10", "nginx"))
    server = lab.podnamed()
    server.wait_for(NAME, ["10.244.1.10"])
    assert server.stop(ending) == 0
    controller = lab.controller()
    controller.wait_for_log("serving")
    assert controller.stop(ending) == 0


def test_what_is_in_flight_is_answered_before_the_end(lab):
    """Queries that have reached a socket when the signal comes all get their answers, over UDP and TCP."""
    lab.manifests.write("nginx.yaml", headless("nginx"), pod("web-0", "10.244.1.10", "nginx"))
    server = lab.podnamed(flags=("-workers", "1"))
    server.wait_for(NAME, ["10.244.1.10"])
    count = 100
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.create_connection(
        ("127.0.0.1", server.port)
    ) as tcp:
        tcp.settimeout(10)
        udp.settimeout(10)
        udp.connect(("127.0.0.1", server.port))
        dns.query.send_tcp(tcp, dns.message.make_query(NAME, "A"))
        dns.query.receive_tcp(tcp)  # the connection is served by now
        server.process.send_signal(signal.SIGSTOP)
        for _ in range(count):
            udp.send(dns.message.make_query(NAME, "A").to_wire())
            dns.query.send_tcp(tcp, dns.message.make_query(NAME, "A"))
        server.process.send_signal(signal.SIGTERM)
        server.process.send_signal(signal.SIGCONT)
        for _ in range(count):
            assert dns.message.from_wire(udp.recv(4096)).answer
            reply, _ = dns.query.receive_tcp(tcp)
            assert reply.answer
        assert tcp.recv(1) == b"", "then the connection is closed"
    assert server.process.wait(10) == 0


def test_an_idle_connection_does_not_delay_the_end(lab):
    server = lab.podnamed()
    server.wait_for("cluster.local.", [], rdtype="MX")
    with socket.create_connection(("127.0.0.1", server.port)):
        assert server.stop(timeout=3) == 0


def test_a_port_that_is_taken_is_one_sentence(lab, tmp_path):
    first = lab.podnamed()
    first.wait_for_log("is serving")
    code, _, error = run(
        PODNAMED, "-conf", corefile(tmp_path, first.port, f"    kubernetes {{\n manifests {lab.cluster_directory}\n }}\n")
    )
    assert code == 1
    assert f"127.0.0.1:{first.port}" in error and "in use" in error
    assert len(error.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "body, expected",
    [
        ("    kubernets\n", 'did you mean "kubernetes"'),
        ("    kubernetes {\n        manifest x\n    }\n", 'did you mean "manifests"'),
        ("    kubernetes\n", "manifests"),
        ("    secondary\n", "not supported by podnamed; forward the zone to its primary server"),
        ("    kubernetes {\n        manifests x\n        ttl soon\n    }\n", "ttl"),
    ],
)
def test_a_bad_corefile_says_where_and_what(tmp_path, body, expected):
    path = corefile(tmp_path, free_port(), body)
    code, _, error = run(PODNAMED, "-conf", path)
    assert code == 1
    assert f"{path}:" in error and expected in error


def test_missing_files_are_one_sentence(tmp_path):
    for words in (
        (PODNAMED, "-conf", str(tmp_path / "none")),
        (PODNAMED, "-conf", corefile(tmp_path, free_port(), f"    kubernetes {{\n manifests {tmp_path}/none\n }}\n")),
        (CONTROLLER, "-manifests", str(tmp_path / "none"), "-listen", f"unix://{tmp_path}/feed.sock"),
        (CONTROLLER, "-manifests", str(tmp_path), "-listen", "unix:///nowhere/feed.sock"),
        (CONTROLLER, "-manifests", str(tmp_path), "-listen", "not an address"),
    ):
        code, _, error = run(*words)
        assert code == 1, words
        assert len(error.strip().splitlines()) == 1, error


def test_without_a_corefile_it_serves_what_coredns_serves_then(tmp_path, lab):
    """`.:53 { whoami log }`; once there is a Corefile, it is needed."""
    port = free_port()
    words = [PODNAMED, "-dns.port", str(port), "-inspect", "off", "-workers", "1"]
    code, output, error = run(PODNAMED, "-conf", "Corefile", "-check", cwd=tmp_path)
    assert (code, output) == (1, "") and error == "podnamed: Corefile cannot be read: No such file or directory\n"
    code, output, error = run(*words, "-check", cwd=tmp_path)
    assert code == 0 and output.split() == [f".:{port}", "{", "log", "whoami", "}"]
    assert error.startswith("podnamed: there is no Corefile in the working directory"), error

    server = lab.keep(Program(words, tmp_path / "podnamed.log", cwd=tmp_path))
    server.wait_for_log("is serving with")
    assert "[WARNING] server: there is no Corefile in the working directory and no -conf: whoami and log" in server.log()

    def ask():
        return dns.query.udp(dns.message.make_query("who.example.", "A"), "127.0.0.1", port=port, timeout=5)

    assert [record.to_text() for record in ask().additional[0]] == ["127.0.0.1"]
    server.wait_for_log(r'"A IN who\.example\. udp')

    corefile_of_here = tmp_path / "Corefile"
    corefile_of_here.write_text(f".:{port} {{\n hosts /dev/null {{\n 192.0.2.1 who.example\n }}\n}}\n")
    server.process.send_signal(signal.SIGHUP)
    server.wait_for_log("Reloading complete")
    assert [record.to_text() for record in ask().answer[0]] == ["192.0.2.1"]
    corefile_of_here.unlink()
    server.process.send_signal(signal.SIGHUP)
    server.wait_for_log("reload failed, what was served before goes on: Corefile cannot be read: No such file")
    assert [record.to_text() for record in ask().answer[0]] == ["192.0.2.1"]
    assert server.stop() == 0


@pytest.mark.parametrize("flag", [
    "-labels=app", "-kubeconfig=/nowhere", "-pods", "-serviceimports", "-hold-removals=50", "-hold-removals=100"
])
def test_manifests_take_no_flags_of_an_api_server(tmp_path, flag):
    code, _, error = run(CONTROLLER, "-manifests", str(tmp_path), "-listen", f"unix://{tmp_path}/feed.sock", flag)
    assert code == 1
    assert error == f"podname-controller: {flag.split('=')[0]} belongs to -kubernetes\n"


def test_the_controller_says_what_is_held():
    code, output, _ = run(CONTROLLER, "-help")
    assert code == 0
    assert "percentage of the records of one kind, and more than 100, wait for a second list" in " ".join(output.split())


def test_flags_are_those_of_coredns(tmp_path, lab):
    for flag in ("-version", "--version"):
        code, output, _ = run(PODNAMED, flag)
        assert code == 0 and output.startswith("podnamed-")
    code, output, _ = run(PODNAMED, "-plugins")
    assert code == 0 and "kubernetes" in output.split()
    code, output, _ = run(PODNAMED, "-help")
    assert code == 0 and "-conf" in output
    code, _, error = run(PODNAMED, "-config", "x")
    assert code == 1 and "config" in error

    port = free_port()
    path = tmp_path / "Corefile"
    path.write_text(f"cluster.local {{\n bind 127.0.0.1\n kubernetes {{\n manifests {lab.cluster_directory}\n }}\n}}\n")
    for flag in ("-dns.port", "-p"):
        process = subprocess.Popen(
            [PODNAMED, "-conf", "stdin", flag, str(port), "-quiet", "-pidfile", str(tmp_path / "pid")],
            stdin=open(path, encoding="utf-8"),
        )
        try:
            query = dns.message.make_query("cluster.local.", "NS")
            deadline = threading.Event()
            for _ in range(200):
                try:
                    reply = dns.query.udp(query, "127.0.0.1", port=port, timeout=0.5)
                    if reply.rcode() == 0:
                        break
                except OSError:
                    deadline.wait(0.02)
                except dns.exception.Timeout:
                    pass
            assert reply.answer
            assert (tmp_path / "pid").read_text().strip() == str(process.pid)
        finally:
            process.terminate()
            assert process.wait(10) == 0


def reasons(server, name):
    """The extended DNS errors of a reply (RFC 8914), as (code, text)."""
    query = dns.message.make_query(name, "A", use_edns=0)
    reply = dns.query.udp(query, "127.0.0.1", port=server.port, timeout=2)
    assert reply.answer, "the last state goes on answering"
    return [(int(option.code), option.text) for option in reply.options if option.otype == dns.edns.OptionType.EDE]


def test_answers_say_for_how_long_nothing_was_heard(lab):
    lab.manifests.write("nginx.yaml", headless("nginx"), pod("web-0", "10.244.1.10", "nginx"))
    controller = lab.controller()
    server = lab.podnamed(lab.feed_source())
    server.wait_for(NAME, ["10.244.1.10"])
    assert reasons(server, NAME) == []
    controller.kill()

    def stale():
        found = reasons(server, NAME)
        return found and found[0][0] == dns.edns.EDECode.STALE_ANSWER and found[0][1].startswith("stale: cluster not followed for ")

    wait_until(stale, "an answer that says that it is stale")
    lab.controller(name="controller-2")
    wait_until(lambda: reasons(server, NAME) == [], "an answer that is fresh again")
