#!/usr/bin/python3
"""Measures podnamed beside its peers and the kernel's floor on one generated cluster: what `./dev bench` runs.

Every server holds the same 150,000 pods and answers on one CPU with one worker; the load has another CPU. Servers are
started one after another, compared for the same answers, and then loaded in turn, round by round, since a machine's
speed drifts: only figures of the same rounds compare. Prints the tables; a full run writes them to docs/performance.md.
"""

import argparse
import contextlib
import json
import os
import shlex
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness import command, machine, report, verify
from harness.command import PAGE, ROOT, say
from harness.load import SUITES, Loader, Suite
from harness.servers import ALL, Podnamed, Process, Server, Setting, Unavailable

FEED_DEADLINE = 60.0  # seconds
DEFAULT = [name for name in ALL if name != "coredns" or "COREDNS" in os.environ]


@dataclass(frozen=True)
class Scale:
    """How much of everything one run does."""

    seconds: float  # each load
    rounds: int
    starts: int  # of each server; the last one stays
    sample: int  # questions of each query file that are compared before
    cluster: Sequence[str] = ()  # options of the generators, where not the default
    peers_optional: bool = False
    document: bool = False  # the tables go to docs/performance.md


SCALES = {
    "full": Scale(seconds=3, rounds=3, starts=3, sample=100, document=True),
    "quick": Scale(seconds=1, rounds=1, starts=1, sample=30),
    # Seconds, for a test of the harness itself.
    "smoke": Scale(
        seconds=0.2,
        rounds=1,
        starts=1,
        sample=20,
        cluster=command.TINY,
        peers_optional=True,
    ),
}


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [suite.name for suite in SUITES]
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=f"one of {', '.join(names)}; all by default")
    scale = parser.add_mutually_exclusive_group()
    scale.add_argument("--quick", dest="scale", action="store_const", const="quick", help="one short round")
    scale.add_argument("--smoke", dest="scale", action="store_const", const="smoke", help="a tiny cluster, seconds")
    parser.set_defaults(scale="full")
    parser.add_argument("--servers", default=",".join(DEFAULT), help="comma-separated, %(default)s by default")
    parser.add_argument("--rounds", type=int, help="of all loads")
    parser.add_argument("--seconds", type=float, help="of each load")
    parser.add_argument("--tools", type=Path, default=ROOT / "build" / "bin", help="where the bench_… programs are")
    parser.add_argument("--podnamed", type=Path, default=ROOT / "build" / "bin" / "podnamed", help="what is measured")
    parser.add_argument("--json", type=Path, help="where all runs go; build/bench.json for a full run")
    arguments = parser.parse_args()
    unknown = set(arguments.suites) - set(names)
    unknown |= set(arguments.servers.split(",")) - set(ALL)
    if unknown:
        parser.error(f"no such suite or server: {', '.join(sorted(unknown))}")
    return arguments


def find_servers(names: list[str], setting: Setting, peers_optional: bool) -> list[Server]:
    servers = []
    for name in names:
        try:
            servers.append(ALL[name](setting))
        except Unavailable as missing:
            if not peers_optional or ALL[name] is Podnamed:
                raise
            say(f"without {name}: {missing}")
    return servers


def start_feed(setting: Setting, scale: Scale, cpu: int, directory: Path) -> Process:
    """Serves the cluster to podnamed; returns when it can be dialled."""
    socket = setting.feed.removeprefix("unix:")
    words = [str(setting.tools / "bench_cluster_feed"), "--listen", setting.feed, *scale.cluster]
    feed = Process(words, cpu, directory)
    deadline = time.monotonic() + FEED_DEADLINE
    while not os.path.exists(socket):
        feed.check_alive()
        if time.monotonic() > deadline:
            feed.stop()
            raise Unavailable(f"{words[0]} does not listen after {FEED_DEADLINE:.0f} s")
        time.sleep(0.01)
    return feed


def start_all(servers: list[Server], scale: Scale, directory: Path, result: report.Report) -> None:
    for attempt in range(scale.starts):
        for server in servers:
            server.stop()
            seconds = server.start(directory / f"{server.name}-{attempt}")
            result.start_ms[server.name].append(seconds * 1000)
            say(f"{server.name} ({server.version}) answered right after {seconds * 1000:,.0f} ms")


def compare(servers: list[Server], suites: list[Suite], data: Path, sample: int) -> list[str]:
    """The differences that are allowed. Exits when a client would notice one."""
    comparable = [server for server in servers if not server.echo]
    if not comparable:
        return []
    files = sorted({suite.queries for suite in suites})
    questions = [question for name in files for question in verify.read_sample(data / f"{name}.queries", sample)]
    verdict = verify.verify(comparable, questions)
    if verdict.errors:
        shown = "\n  ".join(verdict.errors[:20])
        raise Unavailable(f"the servers do not answer the same, nothing is measured:\n  {shown}")
    say(f"same answers to {len(questions)} questions over {', '.join(verify.WAYS)}")
    for difference in verdict.differences:
        say(f"  {difference}")
    return verdict.differences


def describe(scale: Scale, result: report.Report, line: str, facts: dict[str, str]) -> str:
    """The section of docs/performance.md."""
    differences = "".join(f"\n- {difference}" for difference in result.differences)
    if differences:
        differences = f"\n\nAll answers agree; replies differ in what a server is free to choose:\n{differences}"
    return (
        f"Made by `{line}` on {facts['cpu']}, {facts['cpus']} CPUs, {facts['kernel']}, {facts['system']}, load\n"
        f"average {facts['load average']} before the run: one CPU for the server, one for the load; medians of "
        f"{scale.rounds} round(s), {scale.seconds:g} s a load.\n\n"
        + result.tables()
        + differences
    )


def run(arguments: argparse.Namespace, directory: Path, cleanup: contextlib.ExitStack) -> int:
    scale = SCALES[arguments.scale]
    scale = replace(scale, rounds=arguments.rounds or scale.rounds, seconds=arguments.seconds or scale.seconds)
    suites = [suite for suite in SUITES if not arguments.suites or suite.name in arguments.suites]
    facts = command.facts()
    server_cpu, load_cpu = machine.choose_cpus()
    os.sched_setaffinity(0, {load_cpu})  # and with it every load
    data = directory / "data"
    setting = Setting(
        tools=arguments.tools.resolve(),
        podnamed=arguments.podnamed.resolve(),
        data=data,
        feed=f"unix:{directory}/feed.sock",
        server_cpu=server_cpu,
        probe="web-0.web.tenant-0.svc.cluster.local.",
    )
    servers = find_servers(arguments.servers.split(","), setting, scale.peers_optional)
    command.generate(setting.tools, scale.cluster, data)
    result = report.Report({server.name: server.version for server in servers}, suites)
    if any(isinstance(server, Podnamed) for server in servers):
        feed = start_feed(setting, scale, load_cpu, directory / "feed")
        cleanup.callback(feed.stop)
    for server in servers:
        cleanup.callback(server.stop)
    start_all(servers, scale, directory, result)
    result.differences = compare(servers, suites, data, scale.sample)
    command.measure(servers, suites, Loader(setting.tools, data), scale.rounds, scale.seconds, result)
    for server in servers:
        result.pss_mib[server.name] = server.pss_mib()

    line = shlex.join(["./dev", "bench", *sys.argv[1:]])
    section = describe(scale, result, line, facts)
    print(section)
    complete = not arguments.suites and set(arguments.servers.split(",")) >= set(DEFAULT)
    if scale.document and complete:
        report.write_section(PAGE, "bench", section)
        say(f"wrote {PAGE.relative_to(ROOT)}")
    json_path = arguments.json or (ROOT / "build" / "bench.json" if scale.document else None)
    if json_path:
        json_path.parent.mkdir(parents=True, exist_ok=True)
        json_path.write_text(json.dumps({"command": line, "machine": facts, **result.to_json()}, indent=1))
        say(f"wrote {json_path}")
    for complaint in result.complaints():
        say(f"mind: {complaint}")
    return 1 if any(r.wrong for r in result.results) else 0


if __name__ == "__main__":
    chosen = parse_arguments()
    sys.exit(command.main("bench", lambda directory, cleanup: run(chosen, directory, cleanup)))
