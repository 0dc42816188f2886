"""Looks names up with dnspython: lookup.py A|AAAA|SRV NAME, lookup.py PTR ADDRESS."""

import sys

import dns.exception
import dns.resolver

kind, what = sys.argv[1:]
try:
    if kind == "PTR":
        answer = dns.resolver.resolve_address(what)
    else:
        answer = dns.resolver.resolve(what, kind, search=True)
    print("\n".join(record.to_text() for record in answer))
except dns.exception.DNSException as error:
    print(type(error).__name__)
    sys.exit(1)
