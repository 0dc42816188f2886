#!/usr/bin/python3
"""Measures podnamed fed by a Kubernetes API server: what `./dev bench kubernetes` runs.

The API server is the one of our integration tests, which speaks the real one's protocol, with a cluster of 150,000
pods. Each setup is started and asked until it answers, then lives through changes at a fixed rate, and through a
restart of the API server after which everything must be listed anew. Memory and CPU are read from /proc; a prober in
a process of its own (harness/prober.py) tells when a change answers, and whether an answer is ever missing.

One CPU is the measured programs', one is the API server's and the prober's. A full run writes docs/performance.md.
"""

import argparse
import contextlib
import gc
import json
import os
import shlex
import shutil
import statistics
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from harness import command, machine, report
from harness.command import PAGE, ROOT, say
from harness.prober import Prober
from harness.servers import Process, Unavailable, free_port

sys.path.append(str(ROOT))  # for the API server of the integration tests

from integration.harness.api_server import ApiServer  # noqa: E402
from integration.harness.api_wire import PROTOBUF  # noqa: E402
from integration.harness.large_cluster import LargeCluster  # noqa: E402

COMMAND = "bench kubernetes"
DEADLINE = 180.0  # seconds, of any wait
READ = ("namespaces", "services", "pods", "endpointslices")
SAMPLES_PER_SECOND = 50
STEADY_NAMES = 2000
STEADY_RATE = 500.0
# The changing and the serving thread of the API server take turns; the default of 5 ms would be most of the latency.
SWITCH_INTERVAL = 0.0002
# The API server cuts off whom it would have to keep more events for. Here it does not, so that a machine that is short
# of CPU for a second does not make a run another one.
WATCH_QUEUE = 1_000_000


@dataclass(frozen=True)
class Setup:
    name: str
    is_sidecar: bool
    has_pods: bool


SETUPS = (
    Setup("embedded", False, False),
    Setup("embedded, pods verified", False, True),
    Setup("sidecar", True, False),
    Setup("sidecar, pods verified", True, True),
)


@dataclass
class Memory:
    """Of one program, MiB."""

    pss: float
    rss: float
    peak_rss: float  # since the phase began


@dataclass
class Result:
    """All of one setup. Programs by their names, in the order of the tables."""

    setup: str
    load_average: float
    ready_s: float = 0.0  # from exec to the first right answer
    sync_cpu_s: dict[str, float] = field(default_factory=dict)
    sync_memory: dict[str, Memory] = field(default_factory=dict)
    changes: int = 0
    change_s: float = 0.0
    change_cpu: dict[str, float] = field(default_factory=dict)  # share of one CPU
    change_ms: dict[str, float] = field(default_factory=dict)  # quantiles
    change_samples: int = 0
    change_late: int = 0
    change_memory: dict[str, Memory] = field(default_factory=dict)
    relist_s: float = 0.0
    relist_cpu_s: dict[str, float] = field(default_factory=dict)
    relist_memory: dict[str, Memory] = field(default_factory=dict)
    relist_peak_ratio: dict[str, float] = field(default_factory=dict)
    relist_asked: int = 0
    relist_missing: int = 0
    examples: list[str] = field(default_factory=list)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog=f"./dev {COMMAND}", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [setup.name for setup in SETUPS]
    parser.add_argument("--setup", action="append", choices=names, help="all by default; may be given several times")
    parser.add_argument("--seconds", type=float, default=60.0, help="of changes, %(default)g by default")
    parser.add_argument("--rate", type=float, default=1000.0, help="changes per second, %(default)g by default")
    parser.add_argument("--smoke", action="store_true", help="a tiny cluster, seconds: does the harness itself work?")
    parser.add_argument("--programs", type=Path, default=ROOT / "build" / "bin", help="where podnamed is")
    parser.add_argument("--controller", type=Path, help="podname-controller, where it lies elsewhere")
    parser.add_argument("--logs", type=Path, help="directory in which the programs' output stays")
    parser.add_argument("--json", type=Path, help="where all figures go; build/bench-kubernetes.json for a full run")
    arguments = parser.parse_args()
    # The programs run in directories of their own.
    arguments.programs = arguments.programs.resolve()
    if arguments.controller:
        arguments.controller = arguments.controller.resolve()
    return arguments


# ---- the programs


class Programs:
    """The processes of a setup."""

    def __init__(self, setup: Setup, kubeconfig: str, arguments: argparse.Namespace, cpu: int, directory: Path):
        directory.mkdir()
        self._setup, self._logs = setup, arguments.logs
        self.port = free_port()
        self.processes: dict[str, Process] = {}
        if setup.is_sidecar:
            feed = f"unix://{directory}/feed.sock"
            source = f"feed {feed}"
            controller = arguments.controller or arguments.programs / "podname-controller"
            command = [str(controller), "-kubernetes", "-kubeconfig", kubeconfig, "-listen", feed]
            self._start("podname-controller", command + ["-pods"] * setup.has_pods, cpu, directory / "controller")
        else:
            source = f"kubeconfig {kubeconfig}\n        startup_timeout {DEADLINE:g}s"
        zones = "cluster.local in-addr.arpa"
        corefile = directory / "Corefile"
        corefile.write_text(
            f"""{", ".join(f"{zone}:{self.port}" for zone in zones.split())} {{
    bind 127.0.0.1
    kubernetes {zones} {{
        {source}
        {"pods verified" if setup.has_pods else "pods disabled"}
    }}
}}
"""
        )
        command = [str(arguments.programs / "podnamed"), "-conf", str(corefile), "-workers", "1"]
        self._start("podnamed", command, cpu, directory / "podnamed")

    def _start(self, name: str, command: list[str], cpu: int, directory: Path) -> None:
        try:
            self.processes[name] = Process(command, cpu, directory)
        except OSError as error:
            self.stop()
            raise Unavailable(f"{command[0]} is not built: run ./dev {COMMAND}") from error

    def stop(self) -> None:
        for name, process in reversed(self.processes.items()):
            process.stop()
            if self._logs:
                self._logs.mkdir(parents=True, exist_ok=True)
                shutil.copy(process.log, self._logs / f"{self._setup.name}-{name}.log")

    def cpu_seconds(self) -> dict[str, float]:
        for process in self.processes.values():
            process.check_alive()
        return {name: machine.cpu_seconds(process.pid) for name, process in self.processes.items()}

    def memory(self) -> dict[str, Memory]:
        return {
            name: Memory(
                machine.pss_mib(process.pid),
                machine.status_mib(process.pid, "VmRSS"),
                machine.status_mib(process.pid, "VmHWM"),
            )
            for name, process in self.processes.items()
        }

    def reset_peaks(self) -> None:
        for process in self.processes.values():
            machine.reset_peak(process.pid)

    def settle(self) -> None:
        """Waits until they have done what there is to do."""
        deadline = time.monotonic() + DEADLINE
        busy = 1.0
        while busy > 0.03:
            before = sum(self.cpu_seconds().values())
            time.sleep(1)
            busy = sum(self.cpu_seconds().values()) - before
            if time.monotonic() > deadline:
                raise Unavailable(f"the programs do not come to rest in {DEADLINE:.0f} s")


def since(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    return {name: after[name] - before[name] for name in after}


# ---- the phases


def wait_for(prober: Prober, name: str, address: str, begin: float) -> float:
    """Seconds from `begin` until the name has that address."""
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        prober.sample(name, address, begin)
        if found := prober.report()["ms"]:
            return found[0] / 1000
    raise Unavailable(f"{name} does not become {address} in {DEADLINE:.0f} s")


class SampledChanges(list):
    """Tells the prober of some of the changes, at once."""

    def __init__(self, prober: Prober, rate: float):
        super().__init__()
        self._prober, self._step = prober, max(1, round(rate / SAMPLES_PER_SECOND))

    def append(self, change) -> None:
        super().append(change)
        if len(self) % self._step == 0:
            self._prober.sample(change.name, change.address, change.slice_time)


def measure_changes(programs: Programs, prober: Prober, cluster, arguments: argparse.Namespace, result: Result) -> None:
    programs.reset_peaks()
    before, begin = programs.cpu_seconds(), time.monotonic()
    changes = cluster.change_pods(arguments.rate, arguments.seconds, SampledChanges(prober, arguments.rate))
    result.changes, result.change_s = len(changes), time.monotonic() - begin
    cpu = since(before, programs.cpu_seconds())
    result.change_cpu = {name: seconds / result.change_s for name, seconds in cpu.items()}
    found = prober.report()
    times = sorted(found["ms"])
    last = {change.name: change.address for change in changes}
    result.change_samples = len(times)
    # One that was changed again before it was seen is not late.
    result.change_late = sum(last[name] == address for name, address in found["late"])
    if times:
        result.change_ms = {
            "p50": statistics.median(times),
            "p99": times[min(len(times) - 1, len(times) * 99 // 100)],
            "max": times[-1],
        }
    # It is seen last; nothing is to be late when the next phase begins.
    wait_for(prober, changes[-1].name, changes[-1].address, time.monotonic())
    programs.settle()
    result.change_memory = programs.memory()


def measure_relist(programs: Programs, prober: Prober, server: ApiServer, cluster, result: Result) -> None:
    """The API server goes, forgets its history, and comes back: all that was seen is too old to go on from."""
    programs.reset_peaks()
    steady = {name: memory.rss for name, memory in programs.memory().items()}
    before = programs.cpu_seconds()
    server.go_down()
    change = cluster.move_pod(*cluster.random_name())
    server.compact()
    others = cluster.addresses(STEADY_NAMES)
    others.pop(change.name, None)
    prober.ask_steadily(others, STEADY_RATE)
    begin = time.monotonic()
    server.go_up()
    result.relist_s = wait_for(prober, change.name, change.address, begin)
    programs.settle()
    time.sleep(1)
    prober.ask_steadily({}, 1)
    time.sleep(0.1)
    result.relist_cpu_s = since(before, programs.cpu_seconds())
    result.relist_memory = programs.memory()
    result.relist_peak_ratio = {name: memory.peak_rss / steady[name] for name, memory in result.relist_memory.items()}


class Totals(Prober):
    """A prober that adds up what its reports say of steady questions."""

    def __init__(self, port: int):
        super().__init__(port)
        self.steady = self.missing = 0
        self.examples: list[str] = []

    def report(self) -> dict:
        found = super().report()
        self.steady += found["steady"]
        self.missing += found["missing"]
        self.examples += found["examples"]
        return found


def measure(setup: Setup, server: ApiServer, cluster, kubeconfig: str, arguments, cpu: int, directory: Path) -> Result:
    result = Result(setup.name, machine.facts()["load average"])
    name, address = next(iter(cluster.addresses(1).items()))
    with contextlib.ExitStack() as cleanup:
        begin = time.monotonic()
        programs = Programs(setup, kubeconfig, arguments, cpu, directory)
        cleanup.callback(programs.stop)
        prober = Totals(programs.port)
        cleanup.callback(prober.stop)
        result.ready_s = wait_for(prober, name, address, begin)
        result.sync_cpu_s = programs.cpu_seconds()
        programs.settle()
        result.sync_memory = programs.memory()
        say(f"{setup.name}: ready after {result.ready_s:.2f} s, {describe_memory(result.sync_memory)}")
        if arguments.rate > 0 and arguments.seconds > 0:
            measure_changes(programs, prober, cluster, arguments, result)
            times = ", ".join(f"{name} {ms:.1f}" for name, ms in result.change_ms.items())
            say(
                f"{setup.name}: {result.changes / result.change_s:,.0f} changes/s, {describe_cpu(result.change_cpu)}, "
                f"ms {times}, {result.change_late} late of {result.change_samples + result.change_late}, "
                f"{describe_memory(result.change_memory)}"
            )
        measure_relist(programs, prober, server, cluster, result)
        prober.report()
        result.relist_asked, result.relist_missing, result.examples = prober.steady, prober.missing, prober.examples
        say(
            f"{setup.name}: listed anew after {result.relist_s:.2f} s, {describe_memory(result.relist_memory)}, "
            f"{result.relist_missing} of {result.relist_asked} answers missing"
        )
        for example in result.examples:
            say(f"  {example}")
    return result


def describe_memory(memory: dict[str, Memory]) -> str:
    return ", ".join(f"{name} PSS {m.pss:.1f} RSS {m.rss:.1f} peak {m.peak_rss:.1f} MiB" for name, m in memory.items())


def describe_cpu(cpu: dict[str, float]) -> str:
    return ", ".join(f"{name} {100 * share:.1f} % CPU" for name, share in cpu.items())


# ---- the page


def tables(results: list[Result]) -> str:
    def rows(cells):
        return [
            [result.setup, name, *cells(result, name)] for result in results for name in result.sync_memory
        ]

    def sync(result, name):
        m = result.sync_memory[name]
        return [
            f"{result.ready_s:.2f}",
            f"{result.sync_cpu_s[name]:.2f}",
            *(f"{mib:.1f}" for mib in (m.peak_rss, m.rss, m.pss)),
        ]

    def change(result, name):
        m, ms = result.change_memory[name], result.change_ms
        return [
            f"{result.changes / result.change_s:,.0f}",
            f"{100 * result.change_cpu[name]:.1f}",
            str(result.change_samples),
            *(f"{ms[quantile]:.1f}" for quantile in ("p50", "p99", "max")),
            f"{m.peak_rss:.1f}",
            f"{m.pss:.1f}",
        ]

    def relist(result, name):
        m = result.relist_memory[name]
        return [
            f"{result.relist_s:.2f}",
            f"{result.relist_cpu_s[name]:.2f}",
            f"{m.peak_rss:.1f}",
            f"{result.relist_peak_ratio[name]:.2f}",
            f"{m.pss:.1f}",
            f"{result.relist_missing} of {result.relist_asked:,}",
        ]

    head = ["setup", "program"]
    parts = [
        "First sync; memory in MiB, the steady one once all is at rest\n\n"
        + report.table([*head, "exec to answer s", "CPU s", "peak RSS", "RSS", "PSS"], rows(sync))
    ]
    if all(result.change_ms for result in results):
        parts.append(
            "Changes of pods; latency in ms from the EndpointSlice's commit to the changed answer\n\n"
            + report.table([*head, "changes/s", "CPU %", "samples", "p50", "p99", "max", "peak RSS", "PSS after"], rows(change))
        )
    parts.append(
        "The API server restarts with its history compacted: everything is listed anew\n\n"
        + report.table([*head, "listed s", "CPU s", "peak RSS", "peak / steady", "PSS after", "missing"], rows(relist))
    )
    return "\n\n".join(parts)


def run(arguments: argparse.Namespace, directory: Path, cleanup: contextlib.ExitStack) -> int:
    sizes = {"namespaces": 2, "cluster_services": 3, "sets": 2, "pods": 20} if arguments.smoke else {}
    if arguments.smoke:
        arguments.rate, arguments.seconds = min(arguments.rate, 100), min(arguments.seconds, 0.5)
    facts = command.facts()
    program_cpu, load_cpu = machine.choose_cpus()
    os.sched_setaffinity(0, {load_cpu})
    sys.setswitchinterval(SWITCH_INTERVAL)
    server = cleanup.enter_context(ApiServer(watch_queue=WATCH_QUEUE))
    cluster = LargeCluster(server, **sizes)
    # A collection walks all the objects that the server holds, a second long; what a run leaves behind is little.
    gc.freeze()
    gc.disable()
    server.encode_ahead(PROTOBUF, *READ)
    kubeconfig = server.write_kubeconfig(directory / "kubeconfig")
    say(f"the API server has {cluster.size():,} pods and {len(server.objects('services')):,} Services")
    setups = [setup for setup in SETUPS if not arguments.setup or setup.name in arguments.setup]
    results = []
    for number, setup in enumerate(setups):
        results.append(measure(setup, server, cluster, kubeconfig, arguments, program_cpu, directory / str(number)))
        server.encode_ahead(PROTOBUF, *READ)

    line = shlex.join(["./dev", *COMMAND.split(), *sys.argv[1:]])
    section = (
        f"Made by `{line}` on {facts['cpu']}, {facts['cpus']} CPUs, {facts['kernel']}, {facts['system']}, load\n"
        f"average {facts['load average']} before the run (others worked on the machine where it is above 1): one CPU\n"
        f"for the programs, one for the API server and the prober; one run of each setup.\n\n" + tables(results)
    )
    print(section)
    is_whole = not arguments.setup and not arguments.smoke
    if is_whole:
        report.write_section(PAGE, COMMAND, section)
        say(f"wrote {PAGE.relative_to(ROOT)}")
    path = arguments.json or (ROOT / "build" / "bench-kubernetes.json" if is_whole else None)
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        figures = {"command": line, "machine": facts, "setups": [asdict(result) for result in results]}
        path.write_text(json.dumps(figures, indent=1))
        say(f"wrote {path}")
    return 1 if any(result.relist_missing or not result.change_ms for result in results) else 0


if __name__ == "__main__":
    chosen = parse_arguments()
    sys.exit(command.main(COMMAND, lambda directory, cleanup: run(chosen, directory, cleanup)))
