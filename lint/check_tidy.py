#!/usr/bin/env python3
"""Runs clang-tidy over our sources, two at a time, and only over those whose last clean run is out of date.

check_tidy.py BUILD_DIR reads BUILD_DIR/compile_commands.json. A clean run leaves a stamp in BUILD_DIR/tidy, named by the
hash of all that can change the verdict: the tool's version, .clang-tidy, the command, the file and what it includes of
ours. Prints what clang-tidy found, and the slowest files, since a cold run's time is a budget too; exits 1 if it found
anything.
"""
import concurrent.futures
import functools
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
CLANG_TIDY = "clang-tidy-19"
FINDING = re.compile(r"^(?=/\S+:\d+:\d+: (?:error|warning): )", re.MULTILINE)
INCLUDE_OR_IMPORT = re.compile(rb'^\s*(?:#\s*include|import)\s*"([^"]+)"', re.MULTILINE)
GENERATED = re.compile(r"(\.grpc)?\.pb\.h$")


def our_commands(build):
    """{source: command} for what we wrote; generated sources lie below the build directory."""
    entries = json.loads((build / "compile_commands.json").read_text())
    return {entry["file"]: entry["command"] for entry in entries if not entry["file"].startswith(str(build))}


@functools.cache
def read(path):
    return path.read_bytes() if path.is_file() else b""


def closure(path, seen):
    """Adds to `seen` the file and all that it includes of ours; a generated *.pb.h stands for its .proto."""
    if path in seen or not path.is_file():
        return
    seen.add(path)
    for included in INCLUDE_OR_IMPORT.findall(read(path)):
        included = GENERATED.sub(".proto", included.decode())
        closure(ROOT / included, seen)
        closure(ROOT / "proto" / included, seen)


def stamp_name(source, command, version):
    files = set()
    closure(pathlib.Path(source), files)
    digest = hashlib.sha256(f"{version}\n{command}\n".encode() + read(ROOT / ".clang-tidy"))
    for path in sorted(files):
        digest.update(f"{path}\n".encode() + read(path))
    return digest.hexdigest()


def tidy(build, source):
    started = time.monotonic()
    # The commands are GCC's: clang does not know all of its warnings.
    command = [CLANG_TIDY, "--quiet", "--extra-arg=-Wno-unknown-warning-option", "-p", str(build), source]
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    # Standard error counts what it kept back in other people's headers; it matters when clang-tidy itself failed.
    output = run.stdout if run.stdout or run.returncode == 0 else run.stderr
    return source, run.returncode, output, time.monotonic() - started


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    stamps = build / "tidy"
    stamps.mkdir(exist_ok=True)
    version = subprocess.run([CLANG_TIDY, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout
    commands = our_commands(build)
    stamp_of = {source: stamps / stamp_name(source, command, version) for source, command in commands.items()}
    stale = [source for source, stamp in stamp_of.items() if not stamp.exists()]
    print(f"clang-tidy: {len(commands)} files, {len(stale)} to look at", flush=True)
    failed, times, printed = 0, [], set()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = [pool.submit(tidy, build, source) for source in stale]
        for number, run in enumerate(concurrent.futures.as_completed(runs), start=1):
            source, code, output, seconds = run.result()
            times.append((seconds, source))
            print(f"  [{number}/{len(stale)}] {os.path.relpath(source, ROOT)} {seconds:.1f} s", flush=True)
            if code == 0:
                stamp_of[source].touch()
            else:
                failed += 1
                findings = FINDING.split(output)  # those of a header come again with each file that includes it
                print("".join(finding for finding in findings if finding not in printed), flush=True)
                printed.update(findings)
    slowest = ", ".join(f"{os.path.relpath(source, ROOT)} {seconds:.0f} s" for seconds, source in sorted(times)[:-4:-1])
    print(f"clang-tidy: {failed} files with findings" + (f"; slowest: {slowest}" if slowest else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
