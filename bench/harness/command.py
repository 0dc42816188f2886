"""What the commands of the bench share: a directory of their own, and an end that leaves nothing behind."""

import contextlib
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from harness import machine
from harness.load import LoadError
from harness.servers import Unavailable

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "performance.md"


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def facts() -> dict[str, str]:
    """The machine's, with a word about what others do on it."""
    found = machine.facts()
    if found["load average"] > 0.5:
        say(f"the machine is busy (load average {found['load average']}): the figures will be noisy")
    return found


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
