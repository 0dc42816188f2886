"""Our programs as processes: started on free ports, ended by their process id, their logs kept for a failing test."""

import json
import os
import re
import signal
import subprocess

import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

from .waiting import wait_until

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARIES = os.environ.get("PODNAMED_BIN", os.path.join(ROOT, "build", "bin"))


def texts(section):
    """The records of a reply's section, a line each, as a zone file has them."""
    return [line for rrset in section for line in rrset.to_text().splitlines()]


class Program:
    """A running process whose output goes to a file."""

    def __init__(self, words, log_path, prefix=(), cwd=None):
        self.log_path = str(log_path)
        self.log_file = open(self.log_path, "ab")
        self.process = subprocess.Popen(
            [*prefix, *words], stdout=self.log_file, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=cwd
        )

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def wait_for_log(self, pattern, timeout=15.0):
        def search():
            if self.process.poll() is not None and not re.search(pattern, self.log()):
                raise AssertionError(f"ended with {self.process.returncode}:\n{self.log()}")
            return re.search(pattern, self.log())

        return wait_until(search, f"a log line like {pattern!r} in:\n{self.log()}", timeout)

    def stop(self, with_signal=signal.SIGTERM, timeout=10.0):
        """Asks it to end and returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(with_signal)
        try:
            return self.process.wait(timeout)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self.log_file.close()

    def kill(self):
        """As kill -9 and the out-of-memory killer do it."""
        self.process.kill()
        self.process.wait()
        self.log_file.close()


class Controller(Program):
    """`source` are the flags that name it, such as -manifests DIR."""

    def __init__(self, source, address, log_path, prefix=()):
        super().__init__(
            [os.path.join(BINARIES, "podname-controller"), *source, "-listen", address], log_path, prefix
        )
        self.address = address


class Podnamed(Program):
    """A server on one port, UDP and TCP, with a socket of its own for podnamectl."""

    def __init__(self, corefile, directory, name="podnamed", flags=(), prefix=(), port=0, cwd=None):
        path = os.path.join(str(directory), f"{name}.Corefile")
        with open(path, "w", encoding="utf-8") as file:
            file.write(corefile)
        self.inspect = f"unix://{directory}/{name}.ctl"
        inspect = () if "-inspect" in flags else ("-inspect", self.inspect)
        super().__init__(
            [os.path.join(BINARIES, "podnamed"), "-conf", path, *inspect, *flags],
            os.path.join(str(directory), f"{name}.log"),
            prefix,
            cwd,
        )
        self.port = port

    def ctl(self, *words, timeout=20):
        """podnamectl on this server: its exit code and what it said."""
        done = subprocess.run(
            [os.path.join(BINARIES, "podnamectl"), "-server", self.inspect, *words],
            capture_output=True, text=True, timeout=timeout, check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def ctl_json(self, *words):
        """The same as an object, whatever the exit code."""
        _, output = self.ctl("-o", "json", *words)
        return json.loads(output)

    def ask(self, name, rdtype="A", tcp=False, timeout=2.0, **options):
        """One query by dnspython; the whole response message."""
        query = dns.message.make_query(name, rdtype, **options)
        ask = dns.query.tcp if tcp else dns.query.udp
        return ask(query, "127.0.0.1", timeout=timeout, port=self.port)

    def addresses(self, name, rdtype="A", **options):
        """The sorted rdata of an answer; the rcode's text where it is not NOERROR; None without a reply."""
        try:
            reply = self.ask(name, rdtype, **options)
        except (dns.exception.Timeout, OSError):
            return None
        if reply.rcode() != dns.rcode.NOERROR:
            return dns.rcode.to_text(reply.rcode())
        wanted = dns.rdatatype.from_text(rdtype)
        return sorted(record.to_text() for rrset in reply.answer if rrset.rdtype == wanted for record in rrset)

    def wait_for(self, name, expected, rdtype="A", timeout=15.0):
        """Waits until `name` answers `expected` (a list of rdata, or an rcode's text)."""
        last = []

        def matches():
            last[:] = [self.addresses(name, rdtype, timeout=1.0)]
            return last[0] == expected

        try:
            wait_until(matches, f"{name} {rdtype}", timeout)
        except AssertionError as error:
            raise AssertionError(f"{name} {rdtype}: expected {expected}, got {last}\n{self.log()}") from error
