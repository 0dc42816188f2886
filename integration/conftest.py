"""Fixtures: a cluster of real programs in a temporary directory, ended after the test whatever happened."""

import os
import random
import socket
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from harness.corefile import block  # noqa: E402
from harness.manifests import Directory  # noqa: E402
from harness.programs import Controller, Podnamed  # noqa: E402
from harness.upstreams import Liar  # noqa: E402


def pytest_sessionstart(session):
    binary = os.path.join(
        os.environ.get("PODNAMED_BIN", os.path.join(os.path.dirname(__file__), "..", "build", "bin")), "podnamed"
    )
    if not os.path.exists(binary):
        raise pytest.UsageError(f"{binary} is missing: ./dev build makes it")


def free_port():
    """A port that is free for UDP and TCP now, below those that the kernel hands out to clients: nobody's query takes it
    between this look and the server's start. Tests run side by side and look at random."""
    while True:
        port = random.randrange(10240, 32768)
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
                try:
                    tcp.bind(("127.0.0.1", port))
                    udp.bind(("127.0.0.1", port))
                except OSError:
                    continue
                return port


class Lab:
    """Starts programs and ends them all."""

    def __init__(self, directory):
        self.directory = directory
        self.running = []
        self.cluster_directory = directory / "cluster"
        self.cluster_directory.mkdir()
        self.manifests = Directory(self.cluster_directory)

    def keep(self, program):
        self.running.append(program)
        return program

    def controller(self, name="controller", address=None, source=None):
        return self.keep(
            Controller(
                source or ("-manifests", str(self.cluster_directory)),
                address or f"unix://{self.directory}/feed.sock",
                self.directory / f"{name}.log",
            )
        )

    def podnamed(
        self, source=None, name="podnamed", flags=("-workers", "2"), zones="cluster.local in-addr.arpa ip6.arpa",
        prefix=(),
    ):
        """`source` are the lines in the kubernetes block: manifests by default."""
        port = free_port()
        keys = ", ".join(f"{zone}:{port}" for zone in zones.split())
        corefile = f"""{keys} {{
    bind 127.0.0.1
    kubernetes {zones} {{
        {source or f"manifests {self.cluster_directory}"}
    }}
}}
"""
        return self.serve(corefile, port, name, flags, prefix)

    def serve(self, corefile, port, name="podnamed", flags=("-workers", "2"), prefix=()):
        """A Corefile that says all by itself, and the port that it names."""
        return self.keep(Podnamed(corefile, self.directory, name, flags, prefix, port=port))

    def serve_block(self, directives, name="podnamed"):
        """One block for all names; it is there when this returns."""
        port = free_port()
        server = self.serve(block(port, f"errors\n {directives}"), port, name)
        server.wait_for_log("is serving with")
        return server

    def feed_source(self):
        return f"feed unix://{self.directory}/feed.sock"

    def stop_all(self):
        for program in self.running:
            if program.process.poll() is None:
                program.kill()


@pytest.fixture
def lab(tmp_path):
    laboratory = Lab(tmp_path)
    yield laboratory
    laboratory.stop_all()


@pytest.fixture
def liar():
    """Starts upstreams that answer as a test says, and ends them."""
    started = []

    def start():
        started.append(Liar())
        return started[-1]

    yield start
    for one in started:
        one.close()
