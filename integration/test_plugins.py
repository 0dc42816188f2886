"""The pages of docs/plugins: each example is served as it stands there, and asked by dig.

A page's example is its ```corefile fence, with the files of its ```text NAME fences in /etc/coredns, and a ```console
fence: commands behind "$", each with its output. Port 1053 and /etc/coredns are others here; blanks count as one,
"…" stands for anything.
"""

import os
import re
import socket
import subprocess
import time

import dns.flags
import pytest

from conftest import free_port
from harness.programs import BINARIES, ROOT
from harness.waiting import wait_until

PAGES = os.path.join(ROOT, "docs", "plugins")
ELSEWHERE = ("errors", "log", "prometheus")  # test_plugins_that_tell.py, with what is logged
FENCE = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Example:
    """What a page shows: `corefile`, `files` by name, `commands` with the lines that each prints."""

    def __init__(self, page):
        self.corefile, self.files, self.commands = None, {}, []
        for kind, name, content in FENCE.findall(page):
            if kind == "corefile":
                self.corefile = content
            elif kind == "text" and name:
                self.files[name] = content
            elif kind == "console":
                for command in re.split(r"^\$ ", content, flags=re.MULTILINE)[1:]:
                    line, *output = command.splitlines()
                    self.commands.append((line, output))


def examples():
    found = []
    for name in sorted(os.listdir(PAGES)):
        with open(os.path.join(PAGES, name), encoding="utf-8") as file:
            example = Example(file.read())
        if example.corefile and example.commands and name.removesuffix(".md") not in ELSEWHERE:
            found.append(pytest.param(example, id=name.removesuffix(".md")))
    return found


def lines_of(text):
    """Without blank lines; blanks count as one."""
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def matches(expected, line):
    return re.fullmatch(re.escape(" ".join(expected.split())).replace("…", ".*"), line)


def check_output(command, expected, output):
    lines = lines_of(output)
    assert len(lines) == len(expected) and all(map(matches, expected, lines)), f"{command}:\n" + "\n".join(lines)


@pytest.mark.parametrize("example", examples())
def test_a_pages_example(lab, example):
    port = free_port()

    def here(text):
        return text.replace("1053", str(port)).replace("/etc/coredns", str(lab.directory))

    for name, content in example.files.items():
        path = lab.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    (lab.directory / "Corefile").write_text(here(example.corefile))
    server = None
    for command, expected in example.commands:
        line = here(command)
        if line.startswith("podnamed "):
            line = os.path.join(BINARIES, line)
        elif server is None:
            server = lab.serve(here(example.corefile), port)
            server.wait_for_log("is serving with")
        words = ["/bin/sh", "-c", line]
        done = subprocess.run(words, cwd=lab.directory, capture_output=True, text=True, timeout=20, check=False)
        check_output(command, expected, done.stdout + done.stderr)
    if server is not None:
        assert server.stop() == 0


def corefile(port, directives, zone="."):
    return f"{zone}:{port} {{\n bind 127.0.0.1\n {directives}\n}}\n"


def test_hosts_follows_its_file(lab):
    """The file may come late, change, go away and come back; names that it had stay."""
    port, path = free_port(), lab.directory / "hosts"
    server = lab.serve(corefile(port, f"hosts {path} {{\n reload 100ms\n fallthrough\n }}"), port)
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
    server = lab.serve(corefile(port, rules), port)
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
    text = corefile(port, "chaos", "a.example") + corefile(port, "whoami") + corefile(other, "whoami")
    server = lab.serve(text, port)
    server.wait_for_log("is serving with")
    ask = {"rdclass": "CH"}
    assert server.addresses("version.bind.", "TXT", **ask) == "SERVFAIL", "let in, and known to nobody"
    server.port = other
    assert server.addresses("version.bind.", "TXT", **ask) == "REFUSED"


def test_loadbalance_shuffles(lab):
    port = free_port()
    lines = "\n".join(f"10.0.0.{i} www.example.org" for i in range(1, 5))
    server = lab.serve(corefile(port, f"loadbalance\n hosts /dev/null {{\n {lines}\n }}"), port)
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
    server = lab.serve(corefile(port, f"bufsize 600\n hosts /dev/null {{\n {lines}\n }}"), port)
    server.wait_for_log("is serving with")
    reply = server.ask("www.example.org.", use_edns=0, payload=4096)
    assert reply.flags & dns.flags.TC
    assert 550 < len(reply.to_wire()) <= 600
    assert len(server.addresses("www.example.org.", tcp=True)) == 60


def test_timeouts_end_idle_connections(lab):
    port = free_port()
    server = lab.serve(corefile(port, "timeouts {\n read 1s\n }\n whoami"), port)
    server.wait_for_log("is serving with")
    with socket.create_connection(("127.0.0.1", port), timeout=5) as silent:
        started = time.monotonic()
        assert silent.recv(1) == b""
        assert 0.9 < time.monotonic() - started < 2.5, "3 s without the directive"


def test_warnings_say_what_changes_nothing(lab):
    port = free_port()
    server = lab.serve(corefile(port, "debug\n bufsize 4096"), port)
    for text in ("debug changes nothing", "bufsize 4096: a reply of podnamed over UDP has at most 1232 octets"):
        server.wait_for_log(rf"\[WARNING\] config: \S+Corefile:\d:\d+: {text}")
    wait_until(lambda: server.addresses("a.example.") == "SERVFAIL", "an answer")
