"""A loop on a thread of its own, for as long as a `with` lasts."""

import threading


class Background:
    def __init__(self):
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.failure = None  # what ended the loop before its time

    def step(self):
        """Once round the loop."""
        raise NotImplementedError

    def _run(self):
        try:
            while not self._stopping.is_set():
                self.step()
        except Exception as error:  # of a thread: nobody else would see it
            self.failure = error

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, kind, *_):
        self._stopping.set()
        self._thread.join()
        if kind is None and self.failure is not None:
            raise self.failure
