"""The servers that are measured: how each is configured for one worker, started, found ready and stopped.

Each runs as an ordinary process on loopback, on a free port, with a configuration and a directory of its own, pinned to
the server's CPU. `Server.start` returns after the first right answer and tells how long that took from exec.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

import dns.exception
import dns.message
import dns.rcode

from harness import machine

ZONES = ("cluster.local", "in-addr.arpa")
START_DEADLINE = 60.0  # seconds
STOP_DEADLINE = 10.0


class Unavailable(Exception):
    """A server that cannot be measured here; the text says why and what to do."""


@dataclass(frozen=True)
class Setting:
    """What all servers share in one run."""

    tools: Path  # the programs of bench/load
    podnamed: Path
    data: Path  # the zone files and query files
    feed: str  # address of the feed that serves the same cluster
    server_cpu: int
    probe: str  # a name with one A record, for readiness


def free_port() -> int:
    """A loopback port that is free for UDP and TCP; a moment later somebody else may have it."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            port = tcp.getsockname()[1]
            try:
                udp.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def program(name: str, package: str) -> str:
    """Path of an installed program. Servers lie in sbin, which an ordinary user's PATH may lack."""
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if path is None:
        raise Unavailable(f"{name} is not installed: apt-get install {package}")
    return path


class Process:
    """One program on one CPU, in a directory of its own, with its output in a file there."""

    def __init__(self, command: list[str], cpu: int, directory: Path):
        directory.mkdir(parents=True, exist_ok=True)
        self.log = directory / "output.log"
        with self.log.open("wb") as output:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=directory,
                start_new_session=True,
                preexec_fn=lambda: os.sched_setaffinity(0, {cpu}),
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def check_alive(self) -> None:
        if self._process.poll() is not None:
            tail = self.log.read_text(errors="replace").strip()[-2000:]
            raise Unavailable(f"{self._process.args[0]} ended with {self._process.returncode}: {tail}")

    def stop(self) -> None:
        """Ends the process, and whatever it left of its session when it does not go in time."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_DEADLINE)
            except subprocess.TimeoutExpired:
                pass
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()


class Server(ABC):
    """One server under measurement. `name` is its row in the tables."""

    name: str
    echo = False  # it knows no DNS: only what the kernel costs is measured
    keeps_connections = True  # a client may ask on one TCP connection for as long as it likes

    def __init__(self, setting: Setting):
        self.setting = setting
        self.version = self.find()
        self.port = 0
        self.process: Process | None = None

    @abstractmethod
    def find(self) -> str:
        """Its version; raises Unavailable where it is not installed."""

    @abstractmethod
    def command(self, directory: Path) -> list[str]:
        """Writes the configuration into the directory; returns the command that runs it in the foreground."""

    def start(self, directory: Path) -> float:
        """Starts it; returns the seconds from exec to the first right answer."""
        self.port = free_port()
        directory.mkdir(parents=True, exist_ok=True)
        command = self.command(directory)
        begin = time.monotonic()
        self.process = Process(command, self.setting.server_cpu, directory)
        try:
            self._wait_until_right(begin + START_DEADLINE)
        except BaseException:
            self.stop()
            raise
        return time.monotonic() - begin

    def stop(self) -> None:
        if self.process is not None:
            self.process.stop()
            self.process = None

    def cpu_seconds(self) -> float:
        self.process.check_alive()
        return machine.cpu_seconds(self.process.pid)

    def pss_mib(self) -> float:
        return machine.pss_mib(self.process.pid)

    def _wait_until_right(self, deadline: float) -> None:
        query = dns.message.make_query(self.setting.probe, "A", use_edns=False)
        wire = query.to_wire()
        with socket.socket(type=socket.SOCK_DGRAM) as client:
            client.connect(("127.0.0.1", self.port))
            client.settimeout(0.002)
            while time.monotonic() < deadline:
                self.process.check_alive()
                try:
                    client.send(wire)
                    if self._is_right(client.recv(4096)):
                        return
                except TimeoutError:
                    pass
                except ConnectionRefusedError:
                    time.sleep(0.001)  # no socket yet
        raise Unavailable(f"{self.name} gave no right answer for {self.setting.probe} in {START_DEADLINE:.0f} s")

    def _is_right(self, wire: bytes) -> bool:
        if self.echo:
            return True
        try:
            reply = dns.message.from_wire(wire)
        except dns.exception.DNSException:
            return False
        return reply.rcode() == dns.rcode.NOERROR and len(reply.answer) == 1


class Floor(Server):
    """The kernel's own cost: every query echoed."""

    name = "floor"
    echo = True
    keeps_connections = False

    def find(self) -> str:
        return "recvmmsg/sendmmsg echo"

    def command(self, directory: Path) -> list[str]:
        return [str(self.setting.tools / "bench_echo"), str(self.port)]


class Podnamed(Server):
    """On one address, as its peers and the floor."""

    name = "podnamed"
    workers = 1
    bind = "    bind 127.0.0.1\n"

    def find(self) -> str:
        if not os.access(self.setting.podnamed, os.X_OK):
            raise Unavailable(f"podnamed is not built at {self.setting.podnamed}: run ./dev bench")
        return first_line_of([str(self.setting.podnamed), "-version"])

    def command(self, directory: Path) -> list[str]:
        corefile = directory / "Corefile"
        corefile.write_text(
            f".:{self.port} {{\n"
            f"{self.bind}"
            f"    kubernetes {' '.join(ZONES)} {{\n"
            f"        feed {self.setting.feed}\n"
            "    }\n"
            "}\n"
        )
        return [str(self.setting.podnamed), "-workers", str(self.workers), "-conf", str(corefile)]


class PodnamedAnywhere(Podnamed):
    """Without `bind`, as most Corefiles are: each reply must leave from the address that was asked."""

    name = "podnamed [::]"
    bind = ""


class Knot(Server):
    name = "Knot"

    def find(self) -> str:
        self.path = program("knotd", "knot")
        return first_line_of([self.path, "--version"])

    def command(self, directory: Path) -> list[str]:
        zones = "".join(f'  - domain: {zone}\n    file: "{self.setting.data}/{zone}.zone"\n' for zone in ZONES)
        configuration = directory / "knot.conf"
        configuration.write_text(
            f"""\
server:
    rundir: "{directory}"
    listen: 127.0.0.1@{self.port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
log:
  - target: stderr
    any: warning
database:
    storage: "{directory}"
template:
  - id: default
    semantic-checks: off
    journal-content: none
    zonefile-sync: -1
zone:
{zones}"""
        )
        return [self.path, "-c", str(configuration)]


class Nsd(Server):
    name = "NSD"

    def find(self) -> str:
        self.path = program("nsd", "nsd")
        return first_line_of([self.path, "-v"])

    def command(self, directory: Path) -> list[str]:
        zones = "".join(f'zone:\n    name: {zone}\n    zonefile: "{self.setting.data}/{zone}.zone"\n' for zone in ZONES)
        configuration = directory / "nsd.conf"
        configuration.write_text(
            f"""\
server:
    ip-address: 127.0.0.1
    port: {self.port}
    server-count: 1
    username: ""
    database: ""
    zonesdir: "{directory}"
    pidfile: "{directory}/nsd.pid"
    xfrdfile: "{directory}/xfrd.state"
    xfrdir: "{directory}"
    zonelistfile: "{directory}/zone.list"
    minimal-responses: yes
    tcp-timeout: 120
    rrl-ratelimit: 0
remote-control:
    control-enable: no
{zones}"""
        )
        return [self.path, "-d", "-c", str(configuration)]


class Bind(Server):
    name = "BIND"

    def find(self) -> str:
        self.path = program("named", "bind9")
        return first_line_of([self.path, "-v"])

    def command(self, directory: Path) -> list[str]:
        zones = "".join(f'zone "{zone}" {{ type primary; file "{self.setting.data}/{zone}.zone"; }};\n' for zone in ZONES)
        configuration = directory / "named.conf"
        configuration.write_text(
            f"""\
options {{
    directory "{directory}";
    pid-file none;
    session-keyfile none;
    listen-on port {self.port} {{ 127.0.0.1; }};
    listen-on-v6 {{ none; }};
    recursion no;
    minimal-responses yes;
    notify no;
    check-names primary ignore;
    tcp-idle-timeout 1200;
}};
controls {{ }};
{zones}"""
        )
        return [self.path, "-g", "-n", "1", "-c", str(configuration)]


class Unbound(Server):
    name = "unbound"

    def find(self) -> str:
        self.path = program("unbound", "unbound")
        return first_line_of([self.path, "-V"])

    def command(self, directory: Path) -> list[str]:
        zones = "".join(
            f'auth-zone:\n    name: "{zone}"\n    zonefile: "{self.setting.data}/{zone}.zone"\n    for-upstream: no\n'
            for zone in ZONES
        )
        configuration = directory / "unbound.conf"
        configuration.write_text(
            f"""\
server:
    interface: 127.0.0.1
    port: {self.port}
    num-threads: 1
    do-daemonize: no
    do-ip6: no
    username: ""
    chroot: ""
    directory: "{directory}"
    pidfile: ""
    use-syslog: no
    module-config: "iterator"
    local-zone: "10.in-addr.arpa." nodefault
    minimal-responses: yes
    tcp-idle-timeout: 120000
remote-control:
    control-enable: no
{zones}"""
        )
        return [self.path, "-d", "-c", str(configuration)]


class CoreDns(Server):
    """Debian has none: it is measured where COREDNS says which one. Its zones come from the same files, since its
    `kubernetes` plugin wants an API server; that plugin makes its answers anew for each query and is slower still."""

    name = "CoreDNS"

    def find(self) -> str:
        self.path = os.environ.get("COREDNS", "")
        if not self.path:
            raise Unavailable("no CoreDNS: COREDNS=/path/to/coredns names one")
        if not os.access(self.path, os.X_OK):
            raise Unavailable(f"COREDNS={self.path} is no program")
        return first_line_of([self.path, "-version"])

    def command(self, directory: Path) -> list[str]:
        zones = "".join(f"    file {self.setting.data}/{zone}.zone {zone}\n" for zone in ZONES)
        corefile = directory / "Corefile"
        corefile.write_text(f".:{self.port} {{\n    bind 127.0.0.1\n    minimal\n{zones}}}\n")
        # One CPU, as the others have one worker.
        return ["/usr/bin/env", "GOMAXPROCS=1", self.path, "-conf", str(corefile)]


def first_line_of(words: list[str]) -> str:
    output = subprocess.run(words, capture_output=True, text=True, timeout=10)
    return (output.stdout + output.stderr).strip().splitlines()[0]


ALL: dict[str, type[Server]] = {
    "floor": Floor,
    "podnamed": Podnamed,
    "podnamed-anywhere": PodnamedAnywhere,
    "knot": Knot,
    "nsd": Nsd,
    "bind": Bind,
    "unbound": Unbound,
    "coredns": CoreDns,
}
