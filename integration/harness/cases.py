"""Conformance cases as data: a question, a source that says what the answer must be, and that answer.

A file of cases is YAML (integration/conformance/cases/*.yaml):

    about: what the file is about
    source: whose word the cases rest on, unless a case names its own
    config: the one that they run on (of configs.yaml), unless a case names its own
    configs: configurations that only this file needs, as in configs.yaml
    cases:
    - id: headless-lists-ready-endpoints
      ask: nginx.shop.svc A
      answer: nginx.shop.svc A 10.2.0.{10..11}

Names without a final dot are relative to cluster.local., as in a zone file. The question:

    ask      NAME TYPE [CLASS]
    edns     the size that the client advertises, or {size, do, version, options: [[code, hex], …]}; none by default
    flags    of the query's header; RD by default
    packet   the whole message instead: octets in hex, 'a.name.' in quotes as wire form, HEX*N repeated
    from     the client's address (one of 127.0.0.0/8)
    over     udp or tcp; both by default

What must come back, to the record: a section that is not named is empty, and a negative answer has exactly the zone's
SOA, with its TTL and minimum.

    expect      NODATA, NXDOMAIN, or an rcode; DROP: no reply. NOERROR where there is an answer
    answer, authority, additional
                records as OWNER [TTL] TYPE RDATA, a list or one of them; the TTL is the configuration's by default.
                A set: order is free. {1..3} is written out as three records. An SOA's serial is written as 0.
                {some: N, of: records}: just N of them, as many as fit
    in_order    true: the answer's records come in this order
    letters     true: names are compared letter by letter, not ignoring case
    tc          true: truncated
    aa          false where an answer or negative answer is not authoritative
    zone        owner of the SOA of a negative answer, where it is not the longest of the configuration's zones
    question    none: the reply does not repeat the question
    reason      a regular expression that the extended error's text matches (RFC 8914), or {code, text};
                none: there is no extended error

Every reply is held to more than its case says, see Reply.check_manners.
"""

import os
import re
import struct

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import yaml

ORIGIN = dns.name.from_text("cluster.local.")
QUERY_ID = 0x2A2A
OUR_UDP_LIMIT = 1232
SOA_TIMES = "7200 1800 86400"

CASE_KEYS = set(
    "id source why config ask edns flags packet from over"
    " expect answer authority additional in_order letters tc aa zone question reason".split()
)


def load(directory):
    """Every case below `directory`, with its file's defaults filled in, and every configuration by its name."""
    with open(os.path.join(directory, "configs.yaml"), encoding="utf-8") as file:
        configs = yaml.safe_load(file)
    cases = []
    for file_name in sorted(os.listdir(os.path.join(directory, "cases"))):
        with open(os.path.join(directory, "cases", file_name), encoding="utf-8") as file:
            content = yaml.safe_load(file)
        for name, config in content.get("configs", {}).items():
            assert configs.setdefault(name, config) is config, f"{file_name}: {name} is a configuration already"
        for case in content["cases"]:
            unknown = set(case) - CASE_KEYS
            assert not unknown, f"{file_name}: {case.get('id')}: unknown {unknown}"
            merged = {"source": content.get("source"), "config": content.get("config"), **case}
            assert merged["id"] and merged["source"] and merged["config"], f"{file_name}: {merged}"
            cases.append(merged)
    ids = [case["id"] for case in cases]
    twice = {id_ for id_ in ids if ids.count(id_) > 1}
    assert not twice, f"ids that stand twice: {twice}"
    for case in cases:
        assert case["config"] in configs, f"{case['id']}: no configuration {case['config']}"
    return cases, configs


# --- text to DNS


def to_name(text):
    return dns.name.from_text(text, None if text.endswith(".") else ORIGIN)


def expand(text):
    """a{1..3}b as a1b, a2b, a3b; one text with several braces takes the same number in each."""
    found = re.search(r"\{(\d+)\.\.(\d+)\}", text)
    if not found:
        return [text]
    return [text.replace(found[0], str(number)) for number in range(int(found[1]), int(found[2]) + 1)]


class Record:
    """OWNER TTL TYPE RDATA, comparable."""

    def __init__(self, owner, ttl, rdtype, rdata, letters):
        fold = (lambda text: text) if letters else str.lower
        self.name, self.rdtype = owner, rdtype
        # Of SRV, PTR and NS, which we make; where a CNAME points is up to whoever wrote the Service.
        self.target = None if rdtype == "CNAME" else getattr(rdata, "target", None)
        self.text = f"{fold(owner.to_text())} {ttl} {rdtype} {fold(rdata.to_text())}"

    @staticmethod
    def of(written, default_ttl, letters=False):
        """The records of a case's section."""
        if isinstance(written, dict):
            written = written["of"]
        lines = [written] if isinstance(written, str) else written or []
        return [Record.parse(text, default_ttl, letters) for line in lines for text in expand(line)]

    @staticmethod
    def parse(text, default_ttl, letters):
        owner, *rest = text.split(None, 1)[0:1] + text.split(None, 1)[1].split()
        ttl = int(rest.pop(0)) if rest[0].isdigit() else default_ttl
        rdtype, rdata_text = rest[0], " ".join(rest[1:])
        rdata = dns.rdata.from_text("IN", rdtype, rdata_text, origin=ORIGIN, relativize=False)
        return Record(to_name(owner), ttl, rdtype, rdata, letters)

    @staticmethod
    def received(rrset, letters):
        rdata = rrset[0]
        if rrset.rdtype == dns.rdatatype.SOA:
            rdata = rdata.replace(serial=0)  # whatever it is: the time of the last change
        return Record(rrset.name, rrset.ttl, dns.rdatatype.to_text(rrset.rdtype), rdata, letters)


def parse_packet(text):
    """The octets of `packet`."""
    octets = b""
    for token in re.findall(r"'[^']*'|\S+", text):
        if token.startswith("'"):
            octets += dns.name.from_text(token[1:-1]).to_wire()
        else:
            hex_digits, _, count = token.partition("*")
            octets += bytes.fromhex(hex_digits) * int(count or 1)
    return octets


# --- the question


class Question:
    """What goes out, and what a reply to it is held to."""

    def __init__(self, case):
        self.edns = None
        if "packet" in case:
            self.wire = parse_packet(case["packet"])
            self.name = None
            return
        name, rdtype, *rdclass = case["ask"].split()
        self.name = to_name(name)
        self.rdtype = dns.rdatatype.from_text(rdtype)
        message = dns.message.Message(QUERY_ID)
        message.flags = dns.flags.from_text(case.get("flags", "RD"))
        # Not make_query, which would add an OPT record of its own to some.
        question = dns.rrset.RRset(self.name, dns.rdataclass.from_text(rdclass[0] if rdclass else "IN"), self.rdtype)
        message.question.append(question)
        edns = case.get("edns")
        if edns is not None:
            self.edns = edns if isinstance(edns, dict) else {"size": edns}
            options = [
                dns.edns.GenericOption(code, bytes.fromhex(data)) for code, data in self.edns.get("options", [])
            ]
            message.use_edns(
                self.edns.get("version", 0),
                dns.flags.DO if self.edns.get("do") else 0,
                self.edns.get("size", OUR_UDP_LIMIT),
                options=options,
            )
        self.wire = message.to_wire()

    @property
    def header(self):
        return struct.unpack("!HHHHHH", self.wire[:12]) if len(self.wire) >= 12 else None

    def question_octets(self):
        """The question as the client wrote it; None where there is no whole one."""
        at = 12
        while at < len(self.wire) and self.wire[at]:
            if self.wire[at] > 63 or at - 12 > 254:
                return None
            at += self.wire[at] + 1
        end = at + 5
        return self.wire[12:end] if self.header and self.header[2] == 1 and end <= len(self.wire) else None

    def opt(self):
        """Whether it carries an OPT record; True, False, or None for a packet in hex, where only its case knows."""
        return None if self.name is None else self.edns is not None


# --- the reply


class Reply:
    """A received message, checked against its question and its case."""

    def __init__(self, case, question, wire, over, config):
        self.case, self.question, self.wire, self.over, self.config = case, question, wire, over, config
        self.header = struct.unpack("!HHHHHH", wire[:12])
        # dnspython knows some opcodes only, and lays the sections out by them; ours are all laid out as QUERY's.
        as_query = wire[:2] + struct.pack("!H", self.header[1] & 0x87FF) + wire[4:]
        self.message = dns.message.from_wire(as_query, one_rr_per_rrset=True)
        self.rcode = dns.rcode.to_text(self.message.rcode())

    def what_is_wrong(self):
        """A sentence; nothing if it is as it should be."""
        try:
            self.check_manners()
            self.check_case()
        except AssertionError as error:
            return str(error)
        return ""

    # What every reply owes its client, whatever the case.
    def check_manners(self):
        asked, flags = self.question.header, self.header[1]
        assert self.header[0] == asked[0], "the id"
        assert flags & 0x8000, "QR"
        assert flags >> 11 & 15 == asked[1] >> 11 & 15, "the opcode"
        assert flags & 0x0100 == asked[1] & 0x0100, "RD is copied (RFC 1035 §4.1.1)"
        assert flags & 0x0010 == asked[1] & 0x0010, "CD is copied (RFC 4035 §3.1.6)"
        assert not flags & 0x0060, "AD and Z are clear (RFC 6840 §5.8, RFC 1035 §4.1.1)"
        assert not flags & 0x0080, "RA is clear: no recursion here"
        self.check_question()
        self.check_opt()
        self.check_size()
        self.check_records()

    def check_question(self):
        octets = self.question.question_octets()
        if self.header[2] == 0:
            assert self.case.get("question") == "none", "the reply does not repeat the question"
            return
        assert self.case.get("question") != "none", "the reply has a question"
        assert self.header[2] == 1 and octets is not None, "a question where none was"
        assert self.wire[12 : 12 + len(octets)] == octets, "the question comes back letter by letter"

    def check_opt(self):
        if self.question.opt() is not None:
            has_opt = self.message.edns == 0
            assert has_opt == self.question.opt(), "OPT if and only if the query has one (RFC 6891 §6.1.1)"
        if self.message.edns < 0:
            return
        assert self.message.payload >= 512, "the size we advertise"
        asked_do = bool(self.question.edns and self.question.edns.get("do"))
        if self.question.edns is not None:
            assert bool(self.message.ednsflags & dns.flags.DO) == asked_do, "DO is copied (RFC 3225 §3)"
        codes = {option.otype for option in self.message.options}
        assert codes <= {dns.edns.EDE}, "of options only extended errors are ours"

    def check_size(self):
        if self.over == "tcp":
            assert not self.header[1] & 0x0200, "TC over TCP means nothing (RFC 2181 §9)"
            return
        limit = 512
        if self.message.edns >= 0:
            advertised = self.question.edns.get("size", OUR_UDP_LIMIT) if self.question.edns else 65535
            limit = max(512, min(advertised, OUR_UDP_LIMIT))
        assert len(self.wire) <= limit, f"{len(self.wire)} octets of at most {limit}"

    def check_records(self):
        sections = (self.message.answer, self.message.authority, self.message.additional)
        for section in sections:
            texts = [Record.received(rrset, letters=False).text for rrset in section]
            assert len(texts) == len(set(texts)), f"a record stands twice: {texts}"
            ttls = {}
            for rrset in section:
                assert rrset.rdclass == dns.rdataclass.IN, "class IN"
                ttl = ttls.setdefault((rrset.name, rrset.rdtype), rrset.ttl)
                assert ttl == rrset.ttl, "one TTL a set (RFC 2181 §5.2)"
        if self.question.name is not None:
            for rrset in self.message.answer:
                if rrset.name == self.question.name:
                    assert rrset.name.to_text() == self.question.name.to_text(), "an owner has the client's letters"

    # What the case says.
    def check_case(self):
        expect = self.case.get("expect", "NOERROR")
        expected_rcode = "NOERROR" if expect == "NODATA" else expect
        assert self.rcode == expected_rcode, f"the rcode, expected {expected_rcode}"
        authoritative = expected_rcode in ("NOERROR", "NXDOMAIN")
        assert bool(self.header[1] & 0x0400) == self.case.get("aa", authoritative), "AA"
        assert bool(self.header[1] & 0x0200) == (self.case.get("tc", False) and self.over == "udp"), "TC"
        self.check_section("answer", self.message.answer)
        self.check_section("additional", self.message.additional)
        if expect in ("NODATA", "NXDOMAIN") and "authority" not in self.case:
            self.check_negative_soa()
        else:
            self.check_section("authority", self.message.authority)
        self.check_reason()

    def check_section(self, section, received):
        letters = self.case.get("letters", False)
        written = self.case.get(section)
        some = written["some"] if isinstance(written, dict) else None
        wanted = [record.text for record in Record.of(written, self.config["ttl"], letters)]
        got = [Record.received(rrset, letters).text for rrset in received]
        if some is not None and self.over == "udp":
            assert set(got) <= set(wanted), f"{section}: {set(got) - set(wanted)}"
            assert len(got) == some, f"{section}: as many as fit"
        elif self.case.get("in_order") and section == "answer":
            assert got == wanted, section
        else:
            missing, surplus = sorted(set(wanted) - set(got)), sorted(set(got) - set(wanted))
            assert sorted(got) == sorted(wanted), f"{section}: missing {missing}, surplus {surplus}"

    def check_negative_soa(self):
        letters = self.case.get("letters", False)
        zone, ttl = self.zone(), self.config["ttl"]
        assert len(self.message.authority) == 1, "a negative answer has the SOA and nothing else (RFC 2308 §3)"
        below = "" if zone == "." else zone
        wanted = f"{zone} {min(ttl, 300)} SOA ns.dns.{below} hostmaster.{below} 0 {SOA_TIMES} {ttl}"
        got = Record.received(self.message.authority[0], letters).text
        assert got == Record.parse(wanted, ttl, letters).text, f"the SOA: {got}"

    def zone(self):
        if "zone" in self.case:
            return self.case["zone"]
        name = self.question.name or self.message.question[0].name
        zones = [zone for zone in map(dns.name.from_text, self.config["zones"]) if name.is_subdomain(zone)]
        zone = max(zones, key=len)
        return dns.name.Name(name.labels[-len(zone) :]).to_text()  # in the query's letters

    def check_reason(self):
        reason = self.case.get("reason")
        if reason is None:
            return
        errors = [option for option in self.message.options if option.otype == dns.edns.EDE]
        if reason == "none":
            assert not errors, "an extended error, and none is expected"
            return
        if isinstance(reason, str):
            reason = {"text": reason}
        assert len(errors) == 1, "one extended error (RFC 8914)"
        assert re.search(reason["text"], errors[0].text or ""), f"{errors[0].text!r} is not like {reason['text']!r}"
        if "code" in reason:
            assert errors[0].code == reason["code"], f"the extended error's code is {errors[0].code}"


