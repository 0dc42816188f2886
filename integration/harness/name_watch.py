"""Asks names without pause while something happens, and remembers every answer with its time."""

import threading
import time

from .waiting import wait_until


class NameWatch:
    def __init__(self, server, *names):
        self._server, self._names = server, names
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.answers = {name: [] for name in names}  # of a name: (before it was asked, after the answer came, answer)

    def _run(self):
        while not self._stopping.is_set():
            for name in self._names:
                before = time.monotonic()
                answer = self._server.addresses(name, timeout=1.0)
                self.answers[name].append((before, time.monotonic(), answer))

    def see(self, more=50):
        """Waits for so many more answers to the last name."""
        name = self._names[-1]
        target = len(self.answers[name]) + more
        wait_until(lambda: len(self.answers[name]) >= target, f"{more} more answers to {name}")

    def of(self, name):
        """What it answered, in order, each time that it changed."""
        changes = []
        for _, _, answer in self.answers[name]:
            if not changes or changes[-1] != answer:
                changes.append(answer)
        return changes

    def asked_after(self, name, moment):
        return [answer for before, _, answer in self.answers[name] if before > moment]

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stopping.set()
        self._thread.join()
