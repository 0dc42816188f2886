"""Resolvers that pods really use, each as a row of a table: the words that ask it, and what it is like.

A client runs in a pod's network namespace, with the resolv.conf that kubelet writes. Whatever it prints is read for the
addresses and names of the test's own cluster, so that no client needs a parser of its own.
"""

import contextlib
import dataclasses
import ipaddress
import os
import re
import shutil
import subprocess

import pytest

from .netns import open_pod_network
from .programs import Podnamed
from .waiting import wait_until

SOURCES = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "clients")
PYTHON = "/usr/bin/python3"  # Debian's, which has dnspython

# The test's pods and Services; not the name server, whose address many clients print.
IPV4 = re.compile(r"(?<![\d.:])(?:10\.244\.\d+\.\d+|10\.96\.5\.\d+)(?![\d.])")
IPV6 = re.compile(r"\bfd00:244:[0-9a-f:]+")
SRV = re.compile(r"\b(\d+) ([a-z0-9-]+\.nginx\.default\.svc\.cluster\.local)\b")
POINTS_TO = re.compile(r"\b[a-z0-9-]+\.nginx\.default\.svc\.cluster\.local\b")


@dataclasses.dataclass(frozen=True)
class Client:
    """The words hold {type} (A, AAAA, SRV), {name} or {address} of what is asked for, and {program} for one that is
    built: the built file, or for Java the directory of its classes."""

    name: str
    lookup: str
    reverse: str = ""
    types: dict = dataclasses.field(default_factory=dict)  # how it calls A, AAAA and SRV, where not so
    service: str = ""  # how it asks for SRV, where not by `lookup`
    no_service: str = ""  # why it cannot ask for SRV
    no_reverse: str = ""  # why it cannot ask for PTR
    searches: str = "always"  # walks the search list; or for names of "one label", or "never"
    searches_services: bool = True  # for SRV as well, if ever
    missing: str = ""  # how it says that there is no such name; by its exit code, if by no word
    no_data: str = ""  # how it says that there are no addresses of this type
    shows: int = 100  # how many it finds of a hundred addresses
    build: str = ""
    source: str = ""

    def searches_for(self, name):
        return self.searches == "always" or (self.searches == "one label" and "." not in name)

    def words_for(self, kind, what):
        asked = {"name": what, "address": what, "type": self.types.get(kind, kind)}
        return {"PTR": self.reverse, "SRV": self.service or self.lookup}.get(kind, self.lookup), asked


NO_ANSWER = r"NOERROR.*\n.*ANSWER: 0"  # as dig and its like print the header

GETADDRINFO = {"source": "getaddrinfo.c", "lookup": "{program} {type} {name}", "reverse": "{program} PTR {address}"}

CLIENTS = [
    # The C libraries. Everything that calls getaddrinfo behaves like the one that it is linked with.
    Client(
        "glibc",
        **GETADDRINFO,
        build="gcc -Wall -Wextra -Werror {source} -o {program}",
        no_service="getaddrinfo asks for addresses only",
        missing="Name or service not known",
        no_data="No address associated with hostname",
    ),
    Client(
        "glibc-res_nsearch",
        "",
        source="res_search.c",
        build="gcc -Wall -Wextra -Werror {source} -o {program} -lresolv",
        service="{program} {name}",
    ),
    Client(
        "glibc-getent",
        "getent {type} {name}",
        "getent hosts {address}",
        types={"A": "ahostsv4", "AAAA": "ahostsv6"},
        no_service="getent asks for addresses only",
        no_data="::ffff:10.244.2.11",  # it asks for IPv4 addresses mapped into IPv6 where there are none
    ),
    Client(
        "musl",
        **GETADDRINFO,
        build="musl-gcc -static -Wall -Wextra -Werror {source} -o {program}",
        no_service="getaddrinfo asks for addresses only",
        missing="Name does not resolve",
        no_data="Name does not resolve",  # before 1.2.4 it has one word for both
        shows=29,  # before 1.2.4 it does not ask again over TCP
    ),
    Client(
        "musl-res_search",
        "",
        source="res_search.c",
        build="musl-gcc -static -Wall -Wextra -Werror {source} -o {program}",
        service="{program} {name}",
        searches_services=False,  # its res_search is res_query
    ),
    # busybox: nslookup has a resolver of its own, which uses the search list for names without a dot only; ping is
    # linked with glibc here. That is why `nslookup web-0.nginx` fails in a pod where `ping web-0.nginx` works.
    Client(
        "busybox-nslookup",
        "busybox nslookup -type={type} {name}",
        "busybox nslookup {address}",
        searches="one label",
        missing="NXDOMAIN",
        no_data="Address:.*53\n+$",
        shows=29,  # it has no TCP
    ),
    Client(
        "busybox-ping",
        "busybox ping {type} -c 1 -W 1 {name}",
        types={"A": "-4", "AAAA": "-6"},
        no_service="ping asks for addresses only",
        no_reverse="ping does not ask for names",
        missing="bad address",
        no_data="bad address",
        shows=1,
    ),
    # BIND
    Client("dig", "dig +search {name} {type}", "dig -x {address}", missing="NXDOMAIN", no_data=NO_ANSWER),
    Client(
        "dig-tcp", "dig +tcp +search {name} {type}", "dig +tcp -x {address}", missing="NXDOMAIN", no_data=NO_ANSWER
    ),
    Client(
        "dig-noedns",
        "dig +noedns +search {name} {type}",
        "dig +noedns -x {address}",
        missing="NXDOMAIN",
        no_data=NO_ANSWER,
    ),
    Client("host", "host -t {type} {name}", "host {address}", missing="NXDOMAIN", no_data="has no AAAA record"),
    Client(
        "nslookup", "nslookup -type={type} {name}", "nslookup {address}", missing="NXDOMAIN", no_data="No answer"
    ),
    Client(
        "nslookup-tcp",
        "nslookup -vc -type={type} {name}",
        "nslookup -vc {address}",
        missing="NXDOMAIN",
        no_data="No answer",
    ),
    # Knot: no search list
    Client(
        "kdig", "kdig {name} {type}", "kdig -x {address}", searches="never", missing="NXDOMAIN", no_data=NO_ANSWER
    ),
    Client(
        "kdig-tcp",
        "kdig +tcp {name} {type}",
        "kdig +tcp -x {address}",
        searches="never",
        missing="NXDOMAIN",
        no_data=NO_ANSWER,
    ),
    Client(
        "khost",
        "khost -t {type} {name}",
        "khost {address}",
        searches="never",
        missing="NXDOMAIN",
        no_data="has no AAAA record",
    ),
    # NLnet Labs: no search list
    Client(
        "drill",
        "drill -a {name} {type}",
        "drill -x {address}",
        searches="never",
        missing="NXDOMAIN",
        no_data=NO_ANSWER,
    ),
    Client(
        "unbound-host",
        "unbound-host -r -v -t {type} {name}",
        no_reverse="libunbound answers for private addresses itself (RFC 6303)",
        searches="never",
        missing="NXDOMAIN",
        no_data="has no IPv6 address",
    ),
    # Libraries of languages
    Client(
        "dnspython",
        f"{PYTHON} {SOURCES}/lookup.py {{type}} {{name}}",
        f"{PYTHON} {SOURCES}/lookup.py PTR {{address}}",
        missing="NXDOMAIN",
        no_data="NoAnswer",
    ),
    Client(
        "c-ares",
        "{program} {type} {name}",
        "{program} PTR {address}",
        source="cares.c",
        build="gcc -Wall -Wextra -Werror {source} -o {program} -lcares",
        missing="Domain name not found",
        no_data="DNS server returned answer with no data|Domain name not found",  # its search list ends in the latter
    ),
    Client(
        "node-lookup",
        f"node {SOURCES}/lookup.js lookup {{type}} {{name}}",
        no_service="lookup is getaddrinfo",
        no_reverse="lookup asks for addresses only",
        missing="ENOTFOUND",
        no_data="ENOTFOUND",
    ),
    Client(
        "node-resolve",
        f"node {SOURCES}/lookup.js resolve {{type}} {{name}}",
        f"node {SOURCES}/lookup.js resolve PTR {{address}}",
        searches="never",
        missing="ENOTFOUND",
        no_data="ENODATA",
    ),
    Client(
        "java",
        "java -XX:TieredStopAtLevel=1 -cp {program} Lookup {type} {name}",
        "java -XX:TieredStopAtLevel=1 -cp {program} Lookup PTR {address}",
        source="Lookup.java",
        build="javac -d {program} {source}",
        searches_services=False,  # JNDI has a resolver of its own
        missing="Name or service not known",
        no_data="no address of this family",
    ),
]


class Pod:
    """Runs clients in a pod's network; those that are built are built when first asked for."""

    def __init__(self, network, directory):
        self.network = network
        self.directory = str(directory)
        self.programs = {}

    def ask(self, client, kind, what):
        """The client's exit code and all it prints. Skips the test on a machine that does not have the client."""
        words, asked = client.words_for(kind, what)
        if "{program}" in words:
            asked["program"] = self.program(client)
        words = [word.format(**asked) for word in words.split()]
        if shutil.which(words[0]) is None:
            pytest.skip(f"{words[0]} is not on this machine")
        return self.network.run_in_pod(*words)

    def program(self, client):
        if client.name not in self.programs:
            program = os.path.join(self.directory, client.name)
            source = os.path.join(SOURCES, client.source)
            words = [word.format(source=source, program=program) for word in client.build.split()]
            if shutil.which(words[0]) is None:
                pytest.skip(f"{words[0]} is not on this machine")
            done = subprocess.run(words, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout + done.stderr
            self.programs[client.name] = program
        return self.programs[client.name]


def addresses(output):
    """The cluster's addresses in it, as text."""
    return {str(ipaddress.ip_address(text)) for pattern in (IPV4, IPV6) for text in pattern.findall(output)}


def targets(output):
    """The SRV records in it, as (port, name)."""
    return {(int(port), name) for port, name in SRV.findall(output)}


def pointed_to(output):
    return set(POINTS_TO.findall(output))


@contextlib.contextmanager
def pod_beside_server(directory, nameserver, corefile, known):
    """A Pod whose resolv.conf names a server of its own, on port 53 beside it, that has read its cluster: `known` is a
    name and the address that it then has."""
    network = open_pod_network(nameserver=nameserver)
    try:
        server = Podnamed(corefile, directory, prefix=network.in_server())
        try:
            server.wait_for_log("is serving")
            name, address = known
            wait_until(lambda: address in network.run_in_pod("dig", "+short", "+time=1", name)[1], name)
            yield Pod(network, directory)
        finally:
            server.stop()
    finally:
        network.close()
