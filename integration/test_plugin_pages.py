"""The pages of docs/plugins: each example is served as it stands there, and a person types what the page shows.

A page's example is its ```corefile fence, with the files of its ```text NAME fences in /etc/coredns, and what the commands of its
```setup fence make there; its ```console fences:
commands behind "$", each with its output; its ```log fence: all that the server tells of these. Other ports and
another /etc/coredns stand in for the page's; blanks count as one, "…" stands for anything.
"""

import os
import re
import subprocess

import pytest

from conftest import free_port
from harness.programs import BINARIES, ROOT, Podnamed
from harness.waiting import wait_until

PAGES = os.path.join(ROOT, "docs", "plugins")
PORTS = ("1053", "9153")
FENCE = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OF_THE_PROGRAM = re.compile(r"((?:\w+=\S+ )*)podnamed ")
OF_THE_SERVERS_PARTS = re.compile(r"\[\w+\] (server|web|inspect|feed|config): ")


class Example:
    """What a page shows: `corefile`, `files` by name, lines of `setup`, `commands` with the lines that each prints, lines of the `log`."""

    def __init__(self, page):
        self.corefile, self.files, self.setup, self.commands, self.log = None, {}, [], [], []
        for kind, name, content in FENCE.findall(page):
            if kind == "corefile":
                self.corefile = content
            elif kind == "text" and name:
                self.files[name] = content
            elif kind == "setup":
                self.setup = content.splitlines()
            elif kind == "console":
                for command in re.split(r"^\$ ", content, flags=re.MULTILINE)[1:]:
                    line, *output = command.splitlines()
                    self.commands.append((line, output))
            elif kind == "log":
                self.log = content.splitlines()


def examples():
    found = []
    for name in sorted(os.listdir(PAGES)):
        with open(os.path.join(PAGES, name), encoding="utf-8") as file:
            example = Example(file.read())
        if example.corefile and example.commands:
            found.append(pytest.param(example, id=name.removesuffix(".md")))
    return found


def lines_of(text):
    """Without blank lines; blanks count as one."""
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def check_output(command, expected, output):
    def matches(line, printed):
        return re.fullmatch(re.escape(line).replace("…", ".*"), printed)

    expected, printed = lines_of("\n".join(expected)), lines_of(output)
    assert len(printed) == len(expected) and all(map(matches, expected, printed)), f"{command}:\n" + "\n".join(printed)


@pytest.mark.parametrize("example", examples())
def test_a_pages_example(lab, example):
    ours = {port: str(free_port()) for port in PORTS} | {"/etc/coredns": str(lab.directory)}

    def here(text):
        return re.sub(rf"\b({'|'.join(PORTS)})\b|/etc/coredns", lambda found: ours[found[0]], text)

    os.symlink(os.path.join(ROOT, "examples"), lab.directory / "examples")
    for name, content in example.files.items():
        path = lab.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(here(content))
    for command in example.setup:
        subprocess.run(["/bin/sh", "-c", command], cwd=lab.directory, capture_output=True, timeout=20, check=True)
    server = None
    for command, expected in example.commands:
        line = here(command)
        if OF_THE_PROGRAM.match(line):
            (lab.directory / "Corefile").write_text(here(example.corefile))
            line = OF_THE_PROGRAM.sub(rf"\1{BINARIES}/podnamed ", line)
        elif server is None:
            server = lab.keep(Podnamed(here(example.corefile), lab.directory, flags=("-workers", "1"), cwd=lab.directory))
            server.wait_for_log("is serving with")
            if "kubernetes " in example.corefile:
                server.wait_for_log("feed: synced")
        words = ["/bin/sh", "-c", line]
        done = subprocess.run(words, cwd=lab.directory, capture_output=True, text=True, timeout=20, check=False)
        check_output(command, map(here, expected), done.stdout + done.stderr)
    if server is None:
        return

    def told():
        return [line for line in server.log().splitlines() if not OF_THE_SERVERS_PARTS.match(line)]

    if example.log:
        wait_until(lambda: len(told()) >= len(example.log), "as many lines as the page has")
        check_output("the log", example.log, "\n".join(told()))
    assert server.stop() == 0
