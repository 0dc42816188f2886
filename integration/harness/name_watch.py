"""Asks names without pause while something happens, and remembers every answer with its time."""

import time

from .background import Background
from .waiting import wait_until


class NameWatch(Background):
    def __init__(self, server, *names):
        super().__init__()
        self._server, self._names = server, names
        self.answers = {name: [] for name in names}  # of a name: (before it was asked, after the answer came, answer)

    def step(self):
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
