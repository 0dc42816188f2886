"""Asks a name server over UDP from a process of its own: when does a change answer, and is an answer ever missing?

Two kinds of questions, both few, so that asking does not disturb what is measured. A *sample* is the name of a pod that
has just changed, with its new address: it is asked again every POLL until that is the answer. A *steady* question is a
name that does not change, asked at a fixed rate, and every answer but the right one counts as missing.

The parent writes JSON lines, the process answers each "report" by one, and ends with its input. Times are those of
time.monotonic(), which all processes of a machine share."""

import copy
import heapq
import json
import random
import select
import socket
import struct
import subprocess
import sys
import time

import dns.message
import dns.rcode

POLL = 0.001  # seconds between two questions for one sample
MAX_SAMPLES = 16  # under way at once; what comes beyond is not sampled
SAMPLE_DEADLINE = 20.0
REPLY_DEADLINE = 2.0  # of a steady question
SAMPLE_REPLY_DEADLINE = 0.05  # of one for a sample, which is then asked again
KEPT_EXAMPLES = 3


class Prober:
    """The parent's side."""

    def __init__(self, port: int):
        self._process = subprocess.Popen(
            [sys.executable, "-B", __file__, str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def _tell(self, **words) -> None:
        self._process.stdin.write(json.dumps(words) + "\n")
        self._process.stdin.flush()

    def sample(self, name: str, address: str, since: float) -> None:
        self._tell(sample=[name, address, since])

    def ask_steadily(self, answers: dict[str, str], rate: float) -> None:
        """`answers`: addresses by name; none: no more."""
        self._tell(steady=list(answers.items()), rate=rate)

    def report(self) -> dict:
        """What has come since the last report, once no sample is under way."""
        self._tell(report=True)
        return json.loads(self._process.stdout.readline())

    def stop(self) -> None:
        self._process.stdin.close()
        self._process.wait(SAMPLE_DEADLINE + 10)
        self._process.stdout.close()


class Question:
    """A query that is asked once or again and again. `since` is None for a steady one."""

    def __init__(self, name: str, address: str, since: float | None):
        self.name, self.since = name, since
        self.octets = socket.inet_aton(address)
        self.wire = dns.message.make_query(name, "A", use_edns=False).to_wire()[2:]
        self.asked = 0.0

    def is_answered_by(self, reply: bytes) -> bool:
        """One record, which is the last of the message."""
        return reply[3] & 0xF == dns.rcode.NOERROR and reply[6:8] == b"\0\1" and reply[-4:] == self.octets


class Asking:
    """The process's side."""

    def __init__(self, port: int):
        self._socket = socket.socket(type=socket.SOCK_DGRAM)
        self._socket.connect(("127.0.0.1", port))
        self._socket.setblocking(False)
        self._under_way: dict[int, Question] = {}  # by the query's id
        self._due: list[tuple[float, int, Question]] = []
        self._samples = 0
        self._id = 0
        self._steady: list[Question] = []
        self._steady_interval = self._steady_due = 0.0
        self._reports = 0
        self._input = b""
        self._reset()

    def _reset(self) -> None:
        self._counts = {"sampled": 0, "skipped": 0, "late": [], "steady": 0, "missing": 0, "examples": [], "ms": []}

    def run(self) -> None:
        while True:
            moment = time.monotonic()
            self._ask_what_is_due(moment)
            if self._reports and self._samples == 0:
                self._report()
            readable, _, _ = select.select([self._socket, sys.stdin.buffer], [], [], self._wait(moment))
            if self._socket in readable:
                self._receive()
            if sys.stdin.buffer in readable and not self._read_input():
                return

    def _wait(self, moment: float) -> float:
        until = [moment + SAMPLE_REPLY_DEADLINE]
        if self._due:
            until.append(self._due[0][0])
        if self._steady:
            until.append(self._steady_due)
        return max(0.0, min(until) - moment)

    def _ask_what_is_due(self, moment: float) -> None:
        while self._due and self._due[0][0] <= moment:
            self._ask(heapq.heappop(self._due)[2], moment)
        while self._steady and self._steady_due <= moment:
            self._steady_due = max(self._steady_due + self._steady_interval, moment - 1)
            self._ask(random.choice(self._steady), moment)
        for number, question in list(self._under_way.items()):
            patience = REPLY_DEADLINE if question.since is None else SAMPLE_REPLY_DEADLINE
            if question.asked + patience <= moment:
                del self._under_way[number]
                self._take(question, b"", moment)

    def _ask(self, question: Question, moment: float) -> None:
        while True:
            self._id = (self._id + 1) & 0xFFFF
            if self._id not in self._under_way:
                break
        if question.since is None:
            question = copy.copy(question)
        question.asked = moment
        self._under_way[self._id] = question
        try:
            self._socket.send(struct.pack(">H", self._id) + question.wire)
        except OSError:
            pass  # as good as lost

    def _receive(self) -> None:
        while True:
            try:
                reply = self._socket.recv(4096)
            except OSError:
                return
            question = self._under_way.pop(struct.unpack(">H", reply[:2])[0], None)
            if question is not None:
                self._take(question, reply, time.monotonic())

    def _take(self, question: Question, reply: bytes, moment: float) -> None:
        """An empty reply is none."""
        is_right = len(reply) > 12 and question.is_answered_by(reply)
        if question.since is None:
            self._counts["steady"] += 1
            if not is_right:
                self._counts["missing"] += 1
                if len(self._counts["examples"]) < KEPT_EXAMPLES:
                    what = f"{dns.rcode.to_text(reply[3] & 0xF)}, not the address" if reply else "no reply"
                    self._counts["examples"].append(f"{question.name}: {what}")
        elif is_right:
            self._counts["ms"].append((moment - question.since) * 1000)
            self._samples -= 1
        elif moment - question.since > SAMPLE_DEADLINE:
            self._counts["late"].append((question.name, socket.inet_ntoa(question.octets)))
            self._samples -= 1
        else:
            heapq.heappush(self._due, (question.asked + POLL, id(question), question))

    def _report(self) -> None:
        self._reports -= 1
        print(json.dumps(self._counts), flush=True)
        self._reset()

    def _read_input(self) -> bool:
        octets = sys.stdin.buffer.read1(65536)
        *lines, self._input = (self._input + octets).split(b"\n")
        for line in lines:
            self._obey(json.loads(line))
        return bool(octets)

    def _obey(self, words: dict) -> None:
        if "sample" in words:
            if self._samples == MAX_SAMPLES:
                self._counts["skipped"] += 1
                return
            self._samples += 1
            self._counts["sampled"] += 1
            self._ask(Question(*words["sample"]), time.monotonic())
        elif "steady" in words:
            self._steady = [Question(name, address, None) for name, address in words["steady"]]
            self._steady_interval, self._steady_due = 1 / words["rate"], time.monotonic()
        else:
            self._reports += 1


if __name__ == "__main__":
    Asking(int(sys.argv[1])).run()
