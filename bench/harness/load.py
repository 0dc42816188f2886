"""One bounded load on one server: what it is, and what came of it."""

import json
import re
import subprocess
from dataclasses import asdict, dataclass, field
from pathlib import Path

from harness.servers import Server, program

SOCKETS = 8
IN_FLIGHT = 128
# Beyond the time of the load itself: reading the query file, the last replies.
SLACK = 30.0


class LoadError(Exception):
    """A load that could not run; the text says why."""


@dataclass(frozen=True)
class Suite:
    """A load by name: the column that it fills in the tables."""

    name: str
    title: str
    queries: str  # the query file
    tcp: bool = False
    edns: bool = False
    rate: int = 0  # queries per second on schedule; 0: a closed loop
    dnsperf: bool = False  # by the public tool instead of our generator

    def fits(self, server: Server) -> bool:
        return server.keeps_connections or not self.tcp


SUITES = (
    Suite("q1", "Q1", "q1"),
    Suite("q2", "Q2", "q2"),
    Suite("q2-edns", "Q2 EDNS", "q2", edns=True),
    Suite("miss", "miss", "miss"),
    Suite("ptr", "PTR", "ptr"),
    Suite("srv", "SRV", "srv"),
    Suite("q2-rate", "Q2 at 30k q/s", "q2", rate=30_000),
    Suite("q2-tcp", "TCP Q2", "q2", tcp=True),
    Suite("q2-dnsperf", "Q2 by dnsperf", "q2", dnsperf=True),
)


@dataclass
class Result:
    """One run of one suite against one server."""

    server: str
    suite: str
    answered: int
    wrong: int  # of another rcode or count of answers than expected
    lost: int  # not answered in time
    qps: float
    cpu_ns: float  # of the server, per answer
    busy: float  # the share of the time in which the server ran: near 1 it is the bottleneck, not the load
    truncated: int = 0
    first_wrong: str = ""
    latency_us: dict[str, float] = field(default_factory=dict)

    def to_json(self) -> dict:
        return asdict(self)


class Loader:
    def __init__(self, tools: Path, data: Path):
        self._generator = tools / "bench_generator"
        self._data = data

    def run(self, suite: Suite, server: Server, seconds: float) -> Result:
        before = server.cpu_seconds()
        try:
            counts = self._dnsperf(suite, server, seconds) if suite.dnsperf else self._generate(suite, server, seconds)
        except LoadError as error:
            raise LoadError(f"{server.name}, suite {suite.name}: {error}") from error
        cpu = server.cpu_seconds() - before
        if counts["answered"] == 0:
            raise LoadError(f"{server.name}, suite {suite.name}: no answer")
        return Result(
            server=server.name,
            suite=suite.name,
            answered=counts["answered"],
            wrong=counts["wrong"],
            lost=counts["timeouts"],
            qps=counts["qps"],
            cpu_ns=cpu * 1e9 / counts["answered"],
            busy=cpu / counts["seconds"],
            truncated=counts.get("truncated", 0),
            first_wrong=counts.get("first_wrong", ""),
            latency_us=counts.get("latency_us", {}),
        )

    def _generate(self, suite: Suite, server: Server, seconds: float) -> dict:
        command = [self._generator, "--port", server.port, "--queries", self._data / f"{suite.queries}.queries"]
        # A schedule must not wait for a slow reply: enough may be under way for a tenth of a second.
        in_flight = suite.rate // 10 if suite.rate else IN_FLIGHT
        command += ["--seconds", seconds, "--sockets", SOCKETS, "--in-flight", in_flight, "--rate", suite.rate]
        command += ["--tcp"] * suite.tcp + ["--edns"] * suite.edns + ["--echo"] * server.echo
        return json.loads(_output(command, seconds))

    def _dnsperf(self, suite: Suite, server: Server, seconds: float) -> dict:
        command = [program("dnsperf", "dnsperf"), "-s", "127.0.0.1", "-p", server.port, "-l", seconds]
        command += ["-d", self._data / f"{suite.queries}.queries", "-c", SOCKETS, "-q", IN_FLIGHT, "-T", 1, "-t", 1]
        output = _output(command, seconds)
        return {
            "answered": int(_figure(r"Queries completed:\s+(\d+)", output)),
            "timeouts": int(_figure(r"Queries lost:\s+(\d+)", output)),
            "seconds": _figure(r"Run time \(s\):\s+([\d.]+)", output),
            "qps": _figure(r"Queries per second:\s+([\d.]+)", output),
            "wrong": 0,  # dnsperf does not know what to expect
        }


def _output(command: list, seconds: float) -> str:
    arguments = [str(argument) for argument in command]
    try:
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=seconds + SLACK)
    except subprocess.TimeoutExpired as expired:
        raise LoadError(f"{arguments[0]} did not end {SLACK:.0f} s after its time") from expired
    if done.returncode != 0:
        raise LoadError((done.stderr.strip() or done.stdout.strip() or f"{arguments[0]} failed")[-2000:])
    return done.stdout


def _figure(pattern: str, text: str) -> float:
    match = re.search(pattern, text)
    if match is None:
        raise LoadError(f"dnsperf printed no {pattern}: {text[-500:]}")
    return float(match.group(1))
