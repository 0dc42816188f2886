#!/usr/bin/python3
"""Measures podnamed while its pods move: what `./dev bench churn` runs.

The generated cluster of 150,000 pods comes over a feed whose pods get another address, each by a change of its own.
Three questions: how long it takes from a change to its answer, few at a time and many; what changes do to those who ask
meanwhile (rounds with and without them, in turn); and whether memory grows. It is read at even distances while pods
move without pause, and the slope of a line through the second half is what a longer run would add.

One CPU is the server's, one is the load's and the feed's. A full run writes docs/performance.md.
"""

import argparse
import contextlib
import os
import shlex
import statistics
import sys
import threading
import time
from pathlib import Path

from harness import command, machine, report
from harness.command import PAGE, ROOT, say
from harness.load import Loader, Suite
from harness.moving_feed import MovingFeed
from harness.servers import Podnamed, Setting

COMMAND = "bench churn"
IDLE_RATE = 50  # pods a second, on a server that does nothing else
QUERIES = Suite("q2-rate", "Q2 at 30k q/s", "q2", rate=30_000)
ALL_QUERIES = Suite("q2", "Q2", "q2")
LOOKS = 60  # at memory


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog=f"./dev {COMMAND}", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rate", type=float, default=5000.0, help="pods that move a second, %(default)g by default")
    parser.add_argument("--minutes", type=float, default=5.0, help="of changes for the slope, %(default)g by default")
    parser.add_argument("--rounds", type=int, default=5, help="with and without changes, %(default)d by default")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each round, %(default)g by default")
    parser.add_argument("--smoke", action="store_true", help="a tiny cluster, seconds: does the harness itself work?")
    parser.add_argument("--tools", type=Path, default=ROOT / "build" / "bin", help="where the bench_… programs are")
    parser.add_argument("--podnamed", type=Path, default=ROOT / "build" / "bin" / "podnamed", help="what is measured")
    arguments = parser.parse_args()
    if arguments.smoke:
        arguments.rate, arguments.minutes, arguments.rounds, arguments.seconds = 10.0, 0.02, 1, 0.3
    return arguments


def slope(points: list[tuple[float, float]]) -> float:
    """Of the line through the points, by least squares."""
    x, y = zip(*points)
    return statistics.linear_regression(x, y).slope


def watch_memory(server: Podnamed, feed: MovingFeed, rate: float, minutes: float) -> dict:
    """Memory in MiB while pods move without pause."""
    before = server.pss_mib()
    result: dict = {}
    mover = threading.Thread(target=lambda: result.update(feed.move(rate, minutes * 60, server.port)))
    begin = time.monotonic()
    mover.start()
    points = []
    while mover.is_alive():
        mover.join(minutes * 60 / LOOKS)
        points.append(((time.monotonic() - begin) / 3600, server.pss_mib()))
    later = points[len(points) // 2 :]
    return {
        "moved": result["moved"],
        "before_mib": before,
        "half_mib": later[0][1],
        "after_mib": points[-1][1],
        "peak_mib": machine.status_mib(server.process.pid, "VmHWM"),
        "mib_per_hour": slope(later) if len(later) > 1 else 0.0,
    }


def ask_meanwhile(server: Podnamed, feed: MovingFeed, loader: Loader, rate: float, rounds: int, seconds: float) -> dict:
    """Both loads with and without changes, in turn."""
    found: dict = {name: {"still": [], "moving": []} for name in (QUERIES.name, ALL_QUERIES.name)}
    for number in range(rounds):
        for suite in (QUERIES, ALL_QUERIES):
            found[suite.name]["still"].append(loader.run(suite, server, seconds))
            feed.begin(rate, seconds, server.port)
            found[suite.name]["moving"].append(loader.run(suite, server, seconds))
            feed.end()
        say(f"round {number + 1} of {rounds} is over")
    return found


def tables(rate: float, latency: dict, found: dict, memory: dict) -> str:
    rows = [
        [name, f"{run['moved'] / run['seconds']:,.0f}", f"{run['samples']}"]
        + [f"{run['latency_ms'][q]:.2f}" for q in ("p50", "p99", "max")]
        for name, run in latency.items()
    ]
    text = "From the change of the feed's log to the new answer, ms\n\n"
    text += report.table(["while", "moves/s", "samples", "p50", "p99", "max"], rows)
    rows = []
    for kind, title in (("still", "nothing moves"), ("moving", f"{rate:,.0f} pods a second move")):
        fixed, full = found[QUERIES.name][kind], found[ALL_QUERIES.name][kind]
        median = lambda runs, value: statistics.median(value(run) for run in runs)  # noqa: E731
        rows.append(
            [title]
            + [f"{median(fixed, lambda run: run.latency_us[q]):,.0f}" for q in ("p50", "p99", "p99.9")]
            + [f"{median(full, lambda run: run.qps):,.0f}", f"{sum(run.wrong + run.lost for run in fixed + full)}"]
        )
    text += "\n\nThose who ask meanwhile: latency at 30,000 queries a second, µs; and queries a second of a closed loop\n\n"
    text += report.table(["while", "p50", "p99", "p99.9", "q/s", "wrong or lost"], rows)
    text += "\n\nMemory while pods move without pause, MiB of PSS (the peak is of RSS)\n\n"
    return text + report.table(
        ["moved", "before", "half way", "after", "peak", "growth per hour, second half"],
        [[f"{memory['moved']:,}", *(f"{memory[key]:.1f}" for key in
          ("before_mib", "half_mib", "after_mib", "peak_mib", "mib_per_hour"))]],
    )  # fmt: skip


def run(arguments: argparse.Namespace, directory: Path, cleanup: contextlib.ExitStack) -> int:
    facts = command.facts()
    server_cpu, load_cpu = machine.choose_cpus()
    os.sched_setaffinity(0, {load_cpu})  # and with it the feed and every load
    setting = Setting(
        tools=arguments.tools.resolve(),
        podnamed=arguments.podnamed.resolve(),
        data=directory / "data",
        feed=f"unix:{directory}/feed.sock",
        server_cpu=server_cpu,
        probe="web-0.web.tenant-0.svc.cluster.local.",
    )
    sizes = command.TINY if arguments.smoke else []
    command.generate(setting.tools, sizes, setting.data)
    feed = MovingFeed(setting, sizes)
    cleanup.callback(feed.close)
    server = Podnamed(setting)
    cleanup.callback(server.stop)
    start_ms = server.start(directory / "podnamed") * 1000
    say(f"{server.version} answered right after {start_ms:,.0f} ms")

    latency = {"idle": feed.move(IDLE_RATE, 5 * arguments.seconds, server.port),
               "moving": feed.move(arguments.rate, 5 * arguments.seconds, server.port)}  # fmt: skip
    loader = Loader(setting.tools, setting.data)
    found = ask_meanwhile(server, feed, loader, arguments.rate, arguments.rounds, arguments.seconds)
    memory = watch_memory(server, feed, arguments.rate, arguments.minutes)

    line = shlex.join(["./dev", *COMMAND.split(), *sys.argv[1:]])
    section = (
        f"Made by `{line}` on {facts['cpu']}, {facts['cpus']} CPUs, {facts['kernel']}, {facts['system']}, load\n"
        f"average {facts['load average']} before the run; medians of {arguments.rounds} round(s), "
        f"{arguments.seconds:g} s a load; {arguments.minutes:g} minutes for memory.\n\n"
        + tables(arguments.rate, latency, found, memory)
    )
    print(section)
    if len(sys.argv) == 1:
        report.write_section(PAGE, COMMAND, section)
        say(f"wrote {PAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    chosen = parse_arguments()
    sys.exit(command.main(COMMAND, lambda directory, cleanup: run(chosen, directory, cleanup)))
