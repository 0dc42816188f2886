"""The generated cluster as a feed whose pods move on demand: the program bench_churn."""

import json
import socket
import subprocess
import time

from harness import machine
from harness.servers import Setting, Unavailable

SAMPLES = 50  # of the pods that move in a second
DEADLINE = 60.0  # seconds, of any wait


class MovingFeed:
    def __init__(self, setting: Setting, sizes: list[str]):
        words = [str(setting.tools / "bench_churn"), "--listen", setting.feed, *sizes]
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        deadline = time.monotonic() + DEADLINE
        while not _can_be_dialled(setting.feed):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.close()
                raise Unavailable(f"{words[0]} does not listen")
            time.sleep(0.01)

    def begin(self, rate: float, seconds: float, port: int) -> None:
        self._process.stdin.write(f"{rate} {SAMPLES} {seconds} {port}\n")
        self._process.stdin.flush()

    def end(self) -> dict:
        """Waits for the end of what was begun; how many moved, and how long it took until they answered."""
        line = self._process.stdout.readline()
        if not line:
            raise Unavailable(f"bench_churn ended with {self._process.wait()}")
        return json.loads(line)

    def move(self, rate: float, seconds: float, port: int) -> dict:
        self.begin(rate, seconds, port)
        return self.end()

    def cpu_seconds(self) -> float:
        return machine.cpu_seconds(self._process.pid)

    def close(self) -> None:
        self._process.stdin.close()
        try:
            self._process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._process.stdout.close()


def _can_be_dialled(feed: str) -> bool:
    """Whether somebody listens on unix:PATH or 127.0.0.1:PORT."""
    path = feed.removeprefix("unix:")
    family, address = (socket.AF_UNIX, path) if path != feed else (socket.AF_INET, ("127.0.0.1", int(feed.split(":")[1])))
    with socket.socket(family) as client:
        return client.connect_ex(address) == 0
