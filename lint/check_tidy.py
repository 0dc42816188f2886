#!/usr/bin/env python3
"""Runs clang-tidy over our sources, and only over those whose last clean run is out of date.

check_tidy.py BUILD_DIR reads BUILD_DIR/compile_commands.json. What a file costs is mostly what it includes, read and
matched anew each time, so files that are compiled alike are looked at together, as one source that includes them; those
that define the same name go apart, and where anything is found, each is looked at by itself.

A clean run leaves a stamp in the user's cache, for every checkout, named by the hash of all that can change the verdict:
the tool's version, .clang-tidy, the command, the files and what they include of ours. Prints what clang-tidy found, and
the slowest, since a cold run's time is a budget too; exits 1 if it found anything.
"""
import collections
import concurrent.futures
import functools
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
STAMPS = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "podnamed-tidy"
STAMP_LIFE_S = 30 * 86400
CLANG_TIDY = "clang-tidy-19"
TOGETHER = 6  # more saves little, and makes more to look at again when one of them changes
FINDING = re.compile(r"^(?=/\S+:\d+:\d+: (?:error|warning): )", re.MULTILINE)
INCLUDE_OR_IMPORT = re.compile(rb'^\s*(?:#\s*include|import)\s*"([^"]+)"', re.MULTILINE)
GENERATED = re.compile(r"(\.grpc)?\.pb\.h$")
# What a file defines at the left margin, in our formatting: types, aliases, constants, functions, tests.
DEFINITIONS = re.compile(
    r"^(?:class|struct|enum class|enum) (?P<type>\w+)"
    r"|^using (?P<alias>\w+) ="
    r"|^(?:inline |static )*const\w* [^=({;\n]*?(?P<constant>\w+)(?:\[\w*\])?(?: = |\{|\()"
    r"|^TEST\w*\((?P<test>\w+, \w+)\)"
    r"|^(?!namespace|using|TEST|class|struct|enum|return)\w[^=;(\n]*?[ *&](?<!::)(?P<function>\w+)\(", re.MULTILINE)


def our_groups(build):
    """{command without its file: sources} for what we wrote; generated sources lie below the build directory."""
    groups = collections.defaultdict(set)
    for entry in json.loads((build / "compile_commands.json").read_text()):
        if not entry["file"].startswith(str(build)):
            words = shlex.split(entry["command"])
            compiler = next(place for place, word in enumerate(words) if not word.endswith("ccache"))
            groups[shlex.join(words[compiler:words.index("-o")])].add(pathlib.Path(entry["file"]))
    return groups


def definitions(text):
    return {match[match.lastgroup] for match in DEFINITIONS.finditer(text)}


def batches(sources, most=TOGETHER):
    """Lists of sources that can be included one after another."""
    lists = []
    for source in sorted(sources):
        names = definitions(source.read_text())
        for members, taken in lists:
            if len(members) < most and not names & taken:
                members.append(source)
                taken.update(names)
                break
        else:
            lists.append(([source], names))
    return [members for members, _ in lists]


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


def stamp_name(sources, command, version):
    files = set()
    for source in sources:
        closure(source, files)
    anywhere = command.replace(str(ROOT), ".")
    digest = hashlib.sha256(f"{version}\n{anywhere}\n{[str(s.relative_to(ROOT)) for s in sources]}\n".encode())
    digest.update(read(ROOT / ".clang-tidy"))
    for path in sorted(files):
        digest.update(f"{path.relative_to(ROOT)}\n".encode() + read(path))
    return digest.hexdigest()


def tidy(source, command):
    # The commands are GCC's: clang does not know all of its warnings.
    arguments = [CLANG_TIDY, "--quiet", "--extra-arg=-Wno-unknown-warning-option", f"--config-file={ROOT}/.clang-tidy",
                 str(source), "--", *shlex.split(command)[1:]]
    run = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    # Standard error counts what it kept back in other people's headers; it matters when clang-tidy itself failed.
    return run.returncode, run.stdout if run.stdout or run.returncode == 0 else run.stderr


def look_at(sources, command, scratch):
    """(sources, exit code, what clang-tidy says, seconds)"""
    started = time.monotonic()
    together = scratch / (hashlib.sha256(repr(sources).encode()).hexdigest() + ".cc")
    together.write_text("".join(f'#include "{source}"\n' for source in sources))
    code, output = tidy(together, command)
    if code and len(sources) > 1:  # theirs, or of their being together
        runs = [tidy(source, command) for source in sources]
        code, output = max(code for code, _ in runs), "".join(output for _, output in runs)
    together.unlink()
    return sources, code, output, time.monotonic() - started


def forget_old_stamps():
    for stamp in STAMPS.iterdir():
        if time.time() - stamp.stat().st_mtime > STAMP_LIFE_S:
            stamp.unlink()


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    scratch = build / "tidy"
    scratch.mkdir(exist_ok=True)
    STAMPS.mkdir(parents=True, exist_ok=True)
    forget_old_stamps()
    version = subprocess.run([CLANG_TIDY, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout
    work = {STAMPS / stamp_name(batch, command, version): (batch, command)
            for command, sources in our_groups(build).items() for batch in batches(sources)}
    stale = {stamp: job for stamp, job in work.items() if not stamp.exists()}
    for stamp in work.keys() - stale.keys():
        stamp.touch()
    files = sum(len(batch) for batch, _ in stale.values())
    print(f"clang-tidy: {sum(len(batch) for batch, _ in work.values())} files, {files} to look at", flush=True)
    failed, times, printed, done = 0, [], set(), 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = {pool.submit(look_at, *job, scratch): stamp for stamp, job in stale.items()}
        for run in concurrent.futures.as_completed(runs):
            sources, code, output, seconds = run.result()
            done += len(sources)
            names = " ".join(str(source.relative_to(ROOT)) for source in sources)
            times.append((seconds, names))
            print(f"  [{done}/{files}] {seconds:.1f} s: {names}", flush=True)
            if code == 0:
                runs[run].touch()
            else:
                failed += 1
                findings = FINDING.split(output)  # those of a header come again with each file that includes it
                print("".join(finding for finding in findings if finding not in printed), flush=True)
                printed.update(findings)
    slowest = "; ".join(f"{seconds:.0f} s: {names}" for seconds, names in sorted(times)[:-4:-1])
    print(f"clang-tidy: {failed} with findings" + (f"; slowest: {slowest}" if slowest else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
