"""Waiting for a condition, with a deadline; never sleeping for luck."""

import ctypes
import os
import time


def wait_until(condition, what, timeout=15.0):
    """Returns the first true value of condition(); fails with `what` after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout} s in vain: {what}")
        time.sleep(0.01)


def stays(condition, seconds, what):
    """Fails with `what` as soon as condition() is not true any more, within these seconds: for what must not happen."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert condition(), what
        time.sleep(0.01)


def wait_for_looks(path, count, timeout=15.0):
    """Returns when somebody has opened the file `count` times from now on."""
    opened, size_of_event = 0x20, 16  # IN_OPEN; struct inotify_event without a name
    libc = ctypes.CDLL(None, use_errno=True)
    events = libc.inotify_init1(os.O_NONBLOCK)
    looks = 0

    def enough():
        nonlocal looks
        try:
            looks += len(os.read(events, 4096)) // size_of_event
        except BlockingIOError:
            pass
        return looks >= count

    try:
        assert libc.inotify_add_watch(events, os.fsencode(path), opened) >= 0, os.strerror(ctypes.get_errno())
        wait_until(enough, f"{path} to be looked at {count} times", timeout)
    finally:
        os.close(events)
