"""What the commands of the bench share: a directory of their own, and an end that leaves nothing behind."""

import contextlib
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from harness import machine, report
from harness.load import Loader, LoadError, Suite
from harness.servers import Server, Unavailable

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "performance.md"
# A cluster for tests of the harness itself; its wide Services are too small to be truncated.
TINY = "--namespaces 3 --cluster-ip-services 4 --stateful-sets 2 --replicas 5 --small-services 2".split()


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def facts() -> dict[str, str]:
    """The machine's, with a word about what others do on it."""
    found = machine.facts()
    if found["load average"] > 0.5:
        say(f"the machine is busy (load average {found['load average']}): the figures will be noisy")
    return found


def generate(tools: Path, sizes: list[str], directory: Path) -> None:
    """Zone files and query files of a cluster, in a new directory."""
    directory.mkdir()
    words = [str(tools / "bench_cluster_files"), "--out", str(directory), *sizes]
    try:
        subprocess.run(words, check=True, timeout=120)
    except FileNotFoundError as error:
        raise Unavailable(f"{words[0]} is not built: run ./dev bench") from error


def measure(servers: Sequence[Server], suites: Sequence[Suite], loader: Loader, rounds: int, seconds: float,
            result: report.Report) -> None:
    """Every load on every server, in rounds: what changes on the machine meanwhile meets all of them."""
    for number in range(rounds):
        for suite in suites:
            for server in servers:
                if not suite.fits(server):
                    continue
                run = loader.run(suite, server, seconds)
                result.results.append(run)
                say(
                    f"round {number + 1}, {suite.title}, {server.name}: {run.cpu_ns:,.0f} ns of CPU per query, "
                    f"{run.qps:,.0f} q/s, {run.wrong} wrong, {run.lost} lost"
                )


def main(name: str, run: Callable[[Path, contextlib.ExitStack], int]) -> int:
    """Runs it; what it cannot do is one sentence, and exit code 1."""
    # A terminated run must end its programs and remove its files as an interrupted one does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="podnamed-bench-") as directory, contextlib.ExitStack() as cleanup:
        try:
            return run(Path(directory), cleanup)
        except (Unavailable, LoadError) as error:
            say(f"{name}: {error}")
            return 1
