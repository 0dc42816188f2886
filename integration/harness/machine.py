"""A throw-away copy of this machine to install packages on: its files under an overlay in memory, a network of its own with
loopback alone. Only root can make one. It is gone when it is closed and nothing runs in it any more."""

import os
import subprocess

import pytest

from .programs import ROOT

# Its last word goes to stdout when the copy is ready; it then lives for as long as its standard input is open.
SETUP = """
set -e
mount -t tmpfs none "$1"
mkdir "$1/changes" "$1/work" "$1/root"
mount -t overlay -o "lowerdir=/,upperdir=$1/changes,workdir=$1/work" none "$1/root"
mount -t proc none "$1/root/proc"
mount --rbind /dev "$1/root/dev"
mount -t tmpfs none "$1/root/run"
mount -t tmpfs none "$1/root/tmp"
mkdir -p "$1/root$2"
mount --bind "$2" "$1/root$2"
ip link set lo up
echo ready
exec cat
"""


class Machine:
    def __init__(self, directory):
        self.directory = str(directory)
        self.holder = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "--net", "sh", "-c", SETUP, "sh", self.directory, ROOT],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        if self.holder.stdout.readline() != "ready\n":
            pytest.skip(f"no copy of this machine can be made: {self.holder.communicate()[1].strip()}")

    def prefix(self, directory="/"):
        """Words to put in front of a command that runs there as root."""
        namespaces = ["nsenter", "--target", str(self.holder.pid), "--mount", "--net"]
        return [*namespaces, "env", "--chdir=/", "chroot", f"{self.directory}/root", "env", f"--chdir={directory}"]

    def run(self, command, directory="/"):
        """What a shell command prints; it must succeed."""
        done = subprocess.run(
            [*self.prefix(directory), "sh", "-c", command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=120, check=False,
        )
        assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def changes(self):
        """The files that are other than this machine's, without their first "/"."""
        found = subprocess.run(
            ["nsenter", "--target", str(self.holder.pid), "--mount", "find", f"{self.directory}/changes",
             "-mindepth", "1", "!", "-type", "d", "-printf", "%P\\n"],
            capture_output=True, text=True, timeout=20, check=True,
        )
        return set(found.stdout.splitlines())

    def close(self):
        self.holder.stdin.close()
        self.holder.wait(10)


def make_machine(directory):
    if os.geteuid() != 0:
        pytest.skip("only root can make a copy of this machine")
    return Machine(directory)
