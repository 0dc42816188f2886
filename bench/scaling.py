#!/usr/bin/python3
"""Measures how podnamed grows: what `./dev bench scaling` runs.

With pods, with Services, with workers, and with the replicas that one controller feeds. One CPU is the server's, with
all its workers, one is the load's and the feed's. A full run writes docs/scaling.md.
"""

import argparse
import contextlib
import os
import shlex
import sys
from pathlib import Path

from harness import command, machine, report
from harness.command import ROOT, say
from harness.load import SUITES, Loader
from harness.moving_feed import MovingFeed
from harness.servers import Podnamed, Server, Setting, free_port

COMMAND = "bench scaling"
SCALING_PAGE = ROOT / "docs" / "scaling.md"
USUAL = {"namespaces": 200, "cluster-ip-services": 40, "stateful-sets": 10, "replicas": 75, "small-services": 10}
NAMESPACES = (20, 200, 1334)
CLUSTER_IP_SERVICES = (40, 200, 400)  # of each of 200 namespaces
WORKERS = (1, 2, 4, 8)
REPLICAS = (1, 4, 16)
MOVES = 200  # pods a second; all replicas follow on one CPU
LOADS = [suite for suite in SUITES if suite.name in ("q1", "q2", "miss")]


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog=f"./dev {COMMAND}", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=3.0, help="of each load, %(default)g by default")
    parser.add_argument("--smoke", action="store_true", help="tiny clusters, seconds: does the harness itself work?")
    parser.add_argument("--tools", type=Path, default=ROOT / "build" / "bin", help="where the bench_… programs are")
    parser.add_argument("--podnamed", type=Path, default=ROOT / "build" / "bin" / "podnamed", help="what is measured")
    return parser.parse_args()


def counts_of(options: list[str]) -> list[int]:
    """Pods and Services of a cluster with these options (bench/load/cluster.h)."""
    size = USUAL | {name.removeprefix("--"): int(value) for name, value in zip(options[::2], options[1::2])}
    sets = size["namespaces"] * size["stateful-sets"]
    services = size["cluster-ip-services"] + size["stateful-sets"] + size["small-services"]
    return [sets * size["replicas"], size["namespaces"] * services]


class Bench:
    """Clusters one after another, each with servers on it."""

    def __init__(self, arguments: argparse.Namespace, directory: Path):
        self._arguments, self._directory = arguments, directory
        self._server_cpu, load_cpu = machine.choose_cpus()
        os.sched_setaffinity(0, {load_cpu})  # and with it the feed and every load
        self._clusters = self._servers = 0

    @contextlib.contextmanager
    def cluster(self, sizes: list[str]):
        """(setting, feed, pods and Services) of a cluster of that size."""
        self._clusters += 1
        data = self._directory / f"cluster-{self._clusters}"
        setting = Setting(
            tools=self._arguments.tools.resolve(),
            podnamed=self._arguments.podnamed.resolve(),
            data=data,
            feed=f"127.0.0.1:{free_port()}",
            server_cpu=self._server_cpu,
            probe="web-0.web.tenant-0.svc.cluster.local.",
        )
        options = command.TINY if self._arguments.smoke else sizes
        command.generate(setting.tools, options, data)
        with contextlib.closing(MovingFeed(setting, options)) as feed:
            yield setting, feed, counts_of(options)

    @contextlib.contextmanager
    def server(self, setting: Setting, workers: int = 1):
        """(server, milliseconds from exec to the first right answer)"""
        server = Podnamed(setting)
        server.workers = workers
        self._servers += 1
        try:
            yield server, server.start(setting.data / f"podnamed-{self._servers}") * 1000
        finally:
            server.stop()

    def cpu_per_query(self, setting: Setting, server: Server) -> list[str]:
        """Cells, ns, by LOADS."""
        loader = Loader(setting.tools, setting.data)
        runs = [loader.run(suite, server, self._arguments.seconds) for suite in LOADS]
        return [f"{run.cpu_ns:,.0f}" for run in runs]

    def grown(self, option: str, value: int) -> list[str]:
        """A row of one cluster: its counts, the start, memory, and what queries cost on it."""
        with self.cluster([option, str(value)]) as (setting, _, counts), self.server(setting) as (server, start_ms):
            costs = self.cpu_per_query(setting, server)
            pid = server.process.pid
            memory = [server.pss_mib(), machine.status_mib(pid, "VmHWM")]
            say(f"{counts}: {memory[0]:.1f} MiB, {start_ms:,.0f} ms")
            return [*(f"{count:,}" for count in counts), f"{start_ms:,.0f}", *(f"{m:,.1f}" for m in memory), *costs]

    def worker_rows(self) -> list[list[str]]:
        rows = []
        with self.cluster([]) as (setting, _, _):
            for workers in WORKERS:
                with self.server(setting, workers) as (server, _):
                    rows.append([str(workers), f"{server.pss_mib():.1f}", *self.cpu_per_query(setting, server)])
        return rows

    def replica_rows(self) -> list[list[str]]:
        seconds = 3 * self._arguments.seconds
        rows = []
        with self.cluster([]) as (setting, feed, _):
            for replicas in REPLICAS:
                with contextlib.ExitStack() as stack:
                    servers = [stack.enter_context(self.server(setting))[0] for _ in range(replicas)]
                    cpu, octets = feed.cpu_seconds(), machine.loopback_octets()
                    run = feed.move(MOVES, seconds, servers[0].port)
                    cpu = (feed.cpu_seconds() - cpu) / seconds
                    # Those who are asked for samples add some: 50 questions a second, of one replica.
                    octets = (machine.loopback_octets() - octets) / run["moved"] / replicas
                    rows.append(
                        [str(replicas), f"{100 * cpu:.1f}", f"{octets:,.0f}"]
                        + [f"{run['latency_ms'][q]:.2f}" for q in ("p50", "p99")]
                    )
        return rows


def run(arguments: argparse.Namespace, directory: Path) -> int:
    facts = command.facts()
    bench = Bench(arguments, directory)
    loads = [f"{suite.title} ns" for suite in LOADS]
    growth = ["start ms", "PSS MiB", "peak RSS MiB", *loads]
    of_a_kind = 1 if arguments.smoke else None
    of_pods = [bench.grown("--namespaces", count) for count in NAMESPACES[:of_a_kind]]
    of_services = [bench.grown("--cluster-ip-services", count) for count in CLUSTER_IP_SERVICES[:of_a_kind]]
    sections = {
        "Growth with pods, one worker, fed over TCP": report.table(["pods", "Services", *growth], of_pods),
        "Growth with Services": report.table(["pods", "Services", *growth], of_services),
        "Workers, all on one CPU": report.table(["workers", "PSS MiB", *loads], bench.worker_rows()),
        f"Replicas of podnamed on one controller, {MOVES} pods a second move": report.table(
            ["replicas", "controller's CPU %", "octets per move and replica", "p50 ms", "p99 ms"],
            bench.replica_rows(),
        ),
    }
    line = shlex.join(["./dev", *COMMAND.split(), *sys.argv[1:]])
    text = (
        f"Made by `{line}` on {facts['cpu']}, {facts['cpus']} CPUs, {facts['kernel']}, {facts['system']}, load\n"
        f"average {facts['load average']} before the run; {arguments.seconds:g} s a load, one run of each.\n\n"
        + "\n\n".join(f"{title}\n\n{table}" for title, table in sections.items())
    )
    print(text)
    if len(sys.argv) == 1:
        report.write_section(SCALING_PAGE, COMMAND, text)
        say(f"wrote {SCALING_PAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    chosen = parse_arguments()
    sys.exit(command.main(COMMAND, lambda directory, cleanup: run(chosen, directory)))
