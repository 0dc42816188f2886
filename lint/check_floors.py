#!/usr/bin/env python3
"""Do the include lines follow the picture of rooms and floors in docs/architecture.md?

Prints each arrow that goes up, sideways or through no door as one line, `file:line: who may not include what: why`, and
exits 1 if there was one. The tables below are that picture; a new room is drawn here first.
"""
import pathlib
import re
import sys

# Each house's floors, from low to high; rooms on one floor are neighbours. A file includes its own room and the floors
# below it in its house.
SERVER = [
    ["server/base"],
    ["server/dns", "server/tls", "server/web"],
    ["server/state"],
    ["server/resolve"],
    ["server/net", "server/upstream", "server/feed", "server/admin", "server/zone"],
    ["server/plugins"],
    ["server/service"],
    ["server"],
]
CONTROLLER = [
    ["controller/identity", "controller/kube"],
    ["controller/source", "controller/feed"],
    ["controller"],
]
CONTROLLER_ROOMS = [room for floor in CONTROLLER for room in floor]
TESTING = ["server/testing", "controller/testing"]
OUTSIDE = ["fuzz", "bench"]
HOUSES = [SERVER, CONTROLLER, *([[room]] for room in ["proto", "config", "ctl", *TESTING, *OUTSIDE])]
ROOMS = [room for house in HOUSES for floor in house for room in floor]

# Between houses: what a room may include besides, a room or a single file.
DOORS = {
    "proto": ["server/base"],
    "config": ["server/base", "server/dns", "server/resolve/options.h", "server/resolve/reverse_name.h",
               "server/state/label_selector.h"],
    "server/plugins": ["config"],
    "server/feed": ["proto"],
    "server/admin": ["proto"],
    "server": ["config", "controller/controller.h", "proto"],
    "server/testing": ["server/base", "server/dns", "server/state", "server/resolve"],
    "controller/testing": ["server/base", "proto", "controller/identity"],
    "ctl": ["server/base", "proto"],
    **{room: ["server/base", "proto"] for room in CONTROLLER_ROOMS},
    "controller/kube": ["server/base", "server/tls", "proto"],
    "controller": ["server/base", "server/web", "proto"],
}
# TESTING is open to every *_test.cc and test_*.h. Nobody includes OUTSIDE, and it may include everything.

# Foreign words stop at the adapter: which rooms may say them. Boost.Beast is Asio's family, *.pb.h protobuf's.
FOREIGN = [
    ("Asio", re.compile(r"boost/(asio|beast)\b"),
     ["server/net", "server/web", "server/upstream", "server/admin", "server/service", "server", *CONTROLLER_ROOMS]),
    ("gRPC and protobuf", re.compile(r"(grpc|grpcpp|google/protobuf)/|.*\.pb\.h$"),
     ["proto", "server/feed", "server/admin", "server", *CONTROLLER_ROOMS, "controller/testing", "ctl"]),
    ("TLS", re.compile(r"openssl/(ssl|x509)|boost/asio/ssl\b"),
     ["server/tls", "server/net", "server/upstream", "controller/kube", *TESTING]),
    ("Prometheus", re.compile(r"prometheus/"), ["server/web", "server/feed", "server", *CONTROLLER_ROOMS]),
    ("c-ares", re.compile(r"ares(_\w+)?\.h$"), ["server/upstream"]),
]
# These need the standard library and Abseil alone (inet_pton knows no sockets), and GoogleTest in their tests.
PURE = ["server/dns", "server/state", "server/resolve", "server/zone"]
STANDARD = re.compile(r"[a-z_0-9]+$|arpa/inet\.h$|absl/")
TEST_FRAMEWORK = re.compile(r"(gtest|gmock)/")

IS_TEST = re.compile(r"(_test\.cc|/test_\w+\.h)$")

INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^">]+)[">]')


def room_of(path):
    """The room that a file lies in, None if it is not drawn.

    A room's subfolders belong to it; but those of `server` and `controller`, which hold the others, are drawn by name.
    """
    parents = [parent.as_posix() for parent in pathlib.PurePosixPath(path).parents]
    room = next((parent for parent in parents if parent in ROOMS), None)
    holds_rooms = any(other.startswith(f"{room}/") for other in ROOMS)
    return None if holds_rooms and room != parents[0] else room


def is_ours(path):
    return any(path.startswith(room.split("/")[0] + "/") for room in ROOMS)


def name(room):
    return room.removeprefix("server/")


def why_not_own(source, included):
    """Why the file `source` may not include `included`, both ours; None if it may."""
    from_room, to_room = room_of(source), room_of(included)
    if to_room is None:
        return "it lies in no room that lint/check_floors.py draws"
    if from_room in OUTSIDE or from_room == to_room:
        return None
    if to_room in TESTING:
        return None if IS_TEST.search(source) else "only tests may"
    if {included, to_room} & set(DOORS.get(from_room, [])):
        return None
    for house in HOUSES:
        floor = {room: number for number, rooms in enumerate(house, start=1) for room in rooms}
        if from_room in floor and to_room in floor:
            return why_not_arrow(from_room, floor[from_room], to_room, floor[to_room])
    return f"there is no door from {from_room} to it"


def why_not_arrow(from_room, from_floor, to_room, to_floor):
    if to_floor < from_floor:
        return None
    if to_floor == from_floor:
        return f"an arrow sideways on floor {from_floor}, from {name(from_room)} to {name(to_room)}"
    return f"an arrow up from floor {from_floor} ({name(from_room)}) to floor {to_floor} ({name(to_room)})"


def why_not_foreign(source, included):
    """Why the file `source` may not include the library header `included`; None if it may."""
    room = room_of(source)
    if room in OUTSIDE:
        return None
    for word, pattern, rooms in FOREIGN:
        if pattern.match(included) and room not in rooms:
            return f"{word} is a word of {', '.join(map(name, rooms))} alone"
    pure = STANDARD.match(included) or (source.endswith("_test.cc") and TEST_FRAMEWORK.match(included))
    if room in PURE and not pure:
        return f"{name(room)} needs the standard library and Abseil alone"
    return None


def why_not(source, bracket, included):
    if is_ours(included):
        return why_not_own(source, included)
    if bracket == '"' and "/" not in included:
        return "write the path from the repository's root"
    return why_not_foreign(source, included)


def check(source, text):
    """One sentence for each include line of the file `source` that the picture does not have."""
    room = room_of(source)
    if room is None:
        return [f"{source}:1: lies in no room that lint/check_floors.py draws"]
    errors = []
    for number, line in enumerate(text.splitlines(), start=1):
        if match := INCLUDE.match(line):
            bracket, included = match.groups()
            if why := why_not(source, bracket, included):
                errors.append(f"{source}:{number}: {room} may not include {included}: {why}")
    return errors


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    houses = sorted({room.split("/")[0] for room in ROOMS})
    sources = [path for house in houses for path in sorted((root / house).rglob("*")) if path.suffix in {".h", ".cc"}]
    errors = [error for path in sources for error in check(path.relative_to(root).as_posix(), path.read_text())]
    print("\n".join([*errors, f"floors: {len(sources)} files, {len(errors)} wrong arrows"]))
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
