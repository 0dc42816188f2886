"""Correctness before speed: do all servers give the same answers, and those that the query files expect?

A sample of every query file is asked over UDP, over UDP with EDNS and over TCP. What a client acts on (rcode, AA, TC,
the answer section with its TTLs) must agree, or nothing is measured. What servers are free to choose (order, authority
and additional sections) may differ and is reported, since it is part of what a reply costs.
"""

from dataclasses import dataclass, field
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

from harness.servers import Server

TIMEOUT = 3.0
EDNS_PAYLOAD = 1232
WAYS = ("UDP", "UDP with EDNS", "TCP")
MUST_AGREE = ("AA", "the answer section")


@dataclass(frozen=True)
class Question:
    """A line of a query file (bench/load/cluster_files.cc says what its words mean)."""

    name: str
    type: str
    rcode: str
    answers: int
    octets: int

    def __str__(self) -> str:
        return f"{self.name} {self.type}"

    def fits(self, way: str) -> bool:
        return self.octets + 11 <= EDNS_PAYLOAD if way == "UDP with EDNS" else way == "TCP" or self.octets <= 512


@dataclass
class Verdict:
    errors: list[str] = field(default_factory=list)  # a client would notice
    differences: list[str] = field(default_factory=list)  # free to differ


def read_sample(queries: Path, count: int) -> list[Question]:
    """The first questions of a query file, and the first whose answer is too large for UDP, if there is one."""
    sample = []
    with queries.open() as lines:
        for number, line in enumerate(lines):
            name, rdtype, rcode, answers, octets = line.split()
            question = Question(name, rdtype, rcode, int(answers), int(octets))
            if number < count or not question.fits("UDP with EDNS"):
                sample.append(question)
            if number >= count and (not question.fits("UDP with EDNS") or number >= 20 * count):
                break
    return sample


def verify(servers: list[Server], samples: list[Question]) -> Verdict:
    """Asks every server every question; the first server is what the others are compared with."""
    verdict = Verdict()
    differences: dict[tuple[str, str], list[str]] = {}
    for way in WAYS:
        for question in samples:
            replies = [(server, _ask(server, question, way)) for server in servers]
            for server, reply in replies:
                error = _unexpected(question, way, reply)
                if error:
                    verdict.errors.append(f"{server.name}, {question} over {way}: {error}")
            (first, reference), *others = replies
            for server, reply in others:
                if isinstance(reply, str) or isinstance(reference, str):
                    continue  # said above
                for part, example in _differing_parts(reference, reply).items():
                    if part in MUST_AGREE:
                        verdict.errors.append(
                            f"{server.name}, {question} over {way}: {part} is not that of {first.name} ({example})"
                        )
                    else:
                        differences.setdefault((server.name, part), []).append(f"{question} over {way}: {example}")
    asked = len(WAYS) * len(samples)
    for (name, part), questions in sorted(differences.items()):
        verdict.differences.append(
            f"{name} and {servers[0].name} differ in {part} for {len(questions)} of {asked} queries, "
            f"for example {questions[0]} of {servers[0].name}"
        )
    return verdict


def _ask(server: Server, question: Question, way: str) -> dns.message.Message | str:
    """The reply, or why there is none."""
    edns = {"use_edns": 0, "payload": EDNS_PAYLOAD} if way == "UDP with EDNS" else {"use_edns": False}
    query = dns.message.make_query(question.name, question.type, **edns)
    query.flags &= ~dns.flags.RD
    ask = dns.query.tcp if way == "TCP" else dns.query.udp
    try:
        return ask(query, "127.0.0.1", timeout=TIMEOUT, port=server.port)
    except (dns.exception.DNSException, OSError, EOFError) as error:
        return f"no reply ({type(error).__name__}: {error})"


def _unexpected(question: Question, way: str, reply: dns.message.Message | str) -> str:
    """What is not as the query file expects; empty when all is."""
    if isinstance(reply, str):
        return reply
    rcode = dns.rcode.to_text(reply.rcode())
    if rcode != question.rcode:
        return f"expected {question.rcode}, found {rcode}"
    truncated = bool(reply.flags & dns.flags.TC)
    if truncated == question.fits(way):
        return "truncated, though it fits" if truncated else "not truncated, though it does not fit"
    answers = sum(len(rrset) for rrset in reply.answer)
    if not truncated and answers != question.answers:
        return f"expected {question.answers} answers, found {answers}"
    return ""


def _differing_parts(reference: dns.message.Message, reply: dns.message.Message) -> dict[str, str]:
    """What differs, each with what `reply` has instead of what `reference` has."""
    parts = {}

    def compare(part: str, found, expected) -> None:
        if found != expected:
            parts[part] = f"{_show(found)} instead of {_show(expected)}"

    compare("AA", bool(reply.flags & dns.flags.AA), bool(reference.flags & dns.flags.AA))
    compare("RA", bool(reply.flags & dns.flags.RA), bool(reference.flags & dns.flags.RA))
    found, expected = _records(reply.answer), _records(reference.answer)
    if reference.flags & dns.flags.TC:
        compare("how much of a truncated answer is sent", len(found), len(expected))
    else:
        compare("the answer section", sorted(found), sorted(expected))
        if sorted(found) == sorted(expected):
            compare("the order of answers", found, expected)
    for section in ("authority", "additional"):
        compare(
            f"the {section} section",
            sorted(_records(getattr(reply, section))),
            sorted(_records(getattr(reference, section))),
        )
    compare("EDNS", (reply.edns, reply.payload), (reference.edns, reference.payload))
    return parts


def _show(value) -> str:
    """Of a section its first record and how many more there are."""
    if not isinstance(value, list):
        return str(value)
    if not value:
        return "nothing"
    more = f" and {len(value) - 1} more" if len(value) > 1 else ""
    return f"'{' '.join(str(part) for part in value[0])}'{more}"


def _records(section: list) -> list[tuple]:
    """Records as comparable values, in their order. The serial of a SOA is each server's own affair."""
    return [
        (
            rrset.name.to_text().lower(),
            rrset.ttl,
            dns.rdatatype.to_text(rrset.rdtype),
            (rdata.replace(serial=0) if rrset.rdtype == dns.rdatatype.SOA else rdata).to_text().lower(),
        )
        for rrset in section
        for rdata in rrset
    ]
