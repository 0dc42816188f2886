#!/usr/bin/python3
"""Counts the instructions that five standard queries cost, from octets to octets: what `./dev bench instructions` runs.

Valgrind counts them, so that the figures are the same on every machine and at every load. Each is compared with the one
in bench/instructions.json: one that is more than 2 % above it fails, and CI with it. A change that is worth its price
records the new ones by `./dev bench instructions --record`, and says why in its commit.
"""

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RECORD = ROOT / "bench" / "instructions.json"
QUERIES = {
    "pod": "web-0.nginx.NS.svc.Z A",
    "service": "a cluster IP's A, with EDNS",
    "miss": "what a search path makes of www.example.com A",
    "ptr": "PTR of a pod's address",
    "srv": "_peer._tcp of a cluster IP, with EDNS",
}
FEW, MANY = 3200, 9600  # whole batches; the difference is of queries alone
TOLERANCE = 1.02  # what another patch level of a library may make of it


def total(program: Path, query: str, count: int) -> int:
    words = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", str(program), query, str(count)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or not found:
        sys.exit(f"{' '.join(words)} ended with {done.returncode}:\n{done.stderr}")
    return int(found[1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true", help=f"write the figures to {RECORD.relative_to(ROOT)}")
    parser.add_argument("--tools", type=Path, default=ROOT / "build" / "bin", help="where bench_query_instructions is")
    arguments = parser.parse_args()
    program = arguments.tools / "bench_query_instructions"
    recorded = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    found, failed = {}, False
    for query, meaning in QUERIES.items():
        found[query] = round((total(program, query, MANY) - total(program, query, FEW)) / (MANY - FEW))
        before = recorded.get(query, 0)
        is_dearer = found[query] > before * TOLERANCE
        failed |= is_dearer
        verdict = "DEARER" if is_dearer else "cheaper: record it" if found[query] < before / TOLERANCE else "as recorded"
        print(f"{query:8} {found[query]:6,} instructions, {before:6,} recorded: {verdict} ({meaning})", flush=True)
    if arguments.record:
        RECORD.write_text(json.dumps(found, indent=1) + "\n")
        print(f"wrote {RECORD.relative_to(ROOT)}")
        return 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
