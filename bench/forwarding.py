#!/usr/bin/python3
"""Measures what podnamed forwards and keeps, beside unbound, dnsmasq and Knot Resolver: what `./dev bench forwarding` runs.

All of them forward to one Knot that has the names. With a cache that has been filled, every answer is a hit; without one,
every query goes upstream. Each server has one CPU; the load and the upstream share another one, and are never what is
measured. Prints the tables; a full run writes them to docs/performance.md.
"""

import argparse
import contextlib
import itertools
import json
import os
import shlex
import sys
from pathlib import Path

from harness import command, machine, report
from harness.command import PAGE, ROOT, say
from harness.load import Loader, Suite
from harness.resolvers import ALL, Resolver
from harness.servers import Knot, Setting

NAME = "bench forwarding"
HOT_NAMES = 5000  # each of the caches has room for them
HITS = (
    Suite("hit", "hit", "hot"),
    Suite("hit-edns", "hit EDNS", "hot", edns=True),
    Suite("hit-rate", "hit at 30k q/s", "hot", rate=30_000),
    Suite("hit-tcp", "TCP hit", "hot", tcp=True),
)
FORWARDED = (
    Suite("forwarded", "forwarded", "q1"),
    Suite("forwarded-rate", "forwarded at 5k q/s", "q1", rate=5_000),
)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", default=",".join(ALL), help="comma-separated, %(default)s by default")
    parser.add_argument("--rounds", type=int, default=3, help="of all loads")
    parser.add_argument("--seconds", type=float, default=3, help="of each load")
    parser.add_argument("--smoke", action="store_true", help="a tiny cluster, seconds")
    parser.add_argument("--tools", type=Path, default=ROOT / "build" / "bin", help="where the bench_… programs are")
    parser.add_argument("--podnamed", type=Path, default=ROOT / "build" / "bin" / "podnamed", help="what is measured")
    arguments = parser.parse_args()
    unknown = set(arguments.servers.split(",")) - set(ALL)
    if unknown:
        parser.error(f"no such server: {', '.join(sorted(unknown))}")
    return arguments


def generate(tools: Path, directory: Path, is_tiny: bool) -> None:
    """Zone files and query files, and the query file of the few names that are asked for again and again."""
    sizes = ["--namespaces", "3", "--stateful-sets", "2", "--replicas", "5", "--small-services", "2"] if is_tiny else []
    command.generate(tools, sizes, directory)
    with (directory / "q1.queries").open() as queries:
        (directory / "hot.queries").write_text("".join(itertools.islice(queries, HOT_NAMES)))


def measure(group: list[Resolver], suites: tuple[Suite, ...], loader: Loader, arguments: argparse.Namespace, directory: Path,
            cleanup: contextlib.ExitStack) -> report.Report:
    result = report.Report({server.name: server.version for server in group}, list(suites))
    for server in group:
        cleanup.callback(server.stop)
        result.start_ms[server.name].append(server.start(directory / server.name) * 1000)
        if server.caches:
            loader.run(suites[0], server, max(arguments.seconds, 1))  # fills it
    command.measure(group, suites, loader, arguments.rounds, arguments.seconds, result)
    for server in group:
        result.pss_mib[server.name] = server.pss_mib()
        server.stop()
    for complaint in result.complaints():
        say(f"mind: {complaint}")
    return result


def run(arguments: argparse.Namespace, directory: Path, cleanup: contextlib.ExitStack) -> int:
    if arguments.smoke:
        arguments.rounds, arguments.seconds = 1, 0.2
    facts = command.facts()
    server_cpu, load_cpu = machine.choose_cpus()
    os.sched_setaffinity(0, {load_cpu})  # and with it every load
    data = directory / "data"
    generate(arguments.tools.resolve(), data, arguments.smoke)
    setting = Setting(
        tools=arguments.tools.resolve(),
        podnamed=arguments.podnamed.resolve(),
        data=data,
        feed="",
        server_cpu=server_cpu,
        probe="web-0.web.tenant-0.svc.cluster.local.",
    )
    upstream = Knot(Setting(**{**vars(setting), "server_cpu": load_cpu}))
    cleanup.callback(upstream.stop)
    upstream.start(directory / "upstream")
    loader = Loader(setting.tools, data)
    results = []
    for caches, suites in ((True, HITS), (False, FORWARDED)):
        group = [ALL[name](setting, upstream.port, caches) for name in arguments.servers.split(",")]
        where = directory / ("with-cache" if caches else "without-cache")
        results.append(measure(group, suites, loader, arguments, where, cleanup))

    line = shlex.join(["./dev", *NAME.split(), *sys.argv[1:]])
    section = (
        f"Made by `{line}` on {facts['cpu']}, {facts['cpus']} CPUs, {facts['kernel']}, {facts['system']}, load\n"
        f"average {facts['load average']} before the run: one CPU for the server, one for the load and the upstream;\n"
        f"medians of {arguments.rounds} round(s), {arguments.seconds:g} s a load.\n\n"
        f"### {HOT_NAMES:,} names, all in the cache\n\n{results[0].tables()}\n\n"
        f"### Without a cache\n\n{results[1].tables()}"
    )
    print(section)
    if not arguments.smoke and set(arguments.servers.split(",")) == set(ALL):
        report.write_section(PAGE, NAME, section)
        say(f"wrote {PAGE.relative_to(ROOT)}")
        path = ROOT / "build" / "bench-forwarding.json"
        figures = {"command": line, "machine": facts, "hit": results[0].to_json(), "forwarded": results[1].to_json()}
        path.write_text(json.dumps(figures, indent=1))
    return 1 if any(each.wrong for result in results for each in result.results) else 0


if __name__ == "__main__":
    chosen = parse_arguments()
    sys.exit(command.main(NAME, lambda directory, cleanup: run(chosen, directory, cleanup)))
