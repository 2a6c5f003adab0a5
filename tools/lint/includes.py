"""Who may include whom (docs/architecture.md), no include cycles, and third-party headers in their named places."""

from __future__ import annotations

import re

from tree import Finding, Tree

FLOOR_1 = {"base", "crypto", "net", "codec", "rules"}
FLOOR_3 = {"store", "headend", "payment", "notify", "report"}
BELOW_API = FLOOR_1 | FLOOR_3 | {"engine", "writer"}
BELOW_APP = BELOW_API | {"api", "sim", "bench"}

# room -> rooms it may include besides itself. engine/doors = the engine's two doors only.
ROOMS: dict[str, set[str]] = {
    "base": set(),
    "crypto": {"base"},
    "net": {"base"},
    "codec": {"base", "crypto"},
    "rules": {"base"},
    "engine": {"base", "rules"},
    "writer": FLOOR_1 | {"engine"},
    **{room: FLOOR_1 | {"engine/doors"} for room in FLOOR_3},
    "api": BELOW_API,
    "sim": BELOW_APP,
    "bench": BELOW_APP,
    "app": BELOW_APP,
    "fuzz": BELOW_APP,
    "tests": BELOW_APP | {"app", "fuzz"},
}
# Events and effects, and what these two are made of.
DOORS = {"engine/events.hpp", "engine/effects.hpp", "engine/entities.hpp", "engine/rows.hpp", "engine/point_snapshot.hpp",
         "engine/version.hpp"}

# The encoders of the virtual meters and channels are their own, so that a codec never proves itself.
NARROW = {"sim/meter": {"base", "net"}, "sim/channel": {"base", "net"}}

# Inside rules/: folder -> folders it may include besides itself and headers directly in rules/.
RULES: dict[str, set[str]] = {
    "metering": set(), "tariff": set(), "ledger": set(), "notice": set(),
    "billing": {"metering", "tariff", "ledger"},
    "credit": {"ledger"},
    "relay": {"ledger", "credit"},
    "order": {"ledger", "credit"},
}

# (including file, included header) -> why it is allowed against the table.
EXCEPTIONS = {
    ("store", "writer/store.hpp"): "the interface that the writer declares and the store implements",
    ("store", "writer/log_hash.hpp"): "part of that interface: what a log row's hash is",
    ("store", "writer/log_hash.hpp"): "the form of the chain's hash, which the store checks on reading",
}


class Place:
    """Where a third-party header may be included: files matching `where`, at most `most` of them."""

    def __init__(self, where: str, most: int | None = None):
        self.where = re.compile(where)
        self.most = most


# Tests, and headers that only tests share: testing.hpp and test_*.hpp.
TEST_FILES = r"(.*_test\.(cpp|hpp)|(.*/)?(testing|test_[a-z0-9_]+)\.hpp|tests/.*|fuzz/.*)"
ANYWHERE = r".*"
# Longest prefix wins.
THIRD_PARTY: dict[str, Place] = {
    "fmt/": Place(ANYWHERE),
    "tl/expected.hpp": Place(r"src/base/.*"),
    "date/": Place(r"src/base/.*"),
    "spdlog/": Place(r"src/base/.*", most=1),
    "boost/json": Place(r"src/base/.*", most=1),
    "boost/describe": Place(r"src/base/.*"),
    "boost/mp11": Place(r"src/base/.*"),
    "boost/asio": Place(r"(src/net|src/api/http|src/headend|sim)/.*"),
    "boost/beast": Place(r"(src/net|src/api/http)/.*", most=2),
    "boost/url": Place(r"src/api/http/.*"),
    "boost/system": Place(r"src/net/.*"),
    "openssl/": Place(r"src/(crypto|net)/.*"),
    "curl/": Place(r"src/net/.*", most=1),
    "sqlite3.h": Place(r"(src/store/sqlite/.*|sim/.*|bench/.*|tests/.*)"),
    "libpq-fe.h": Place(r"src/store/postgres/.*"),
    "zstd.h": Place(r"src/(store|api)/.*"),
    "zlib.h": Place(r"src/api/.*"),
    "CLI/": Place(r"src/app/.*", most=1),
    "toml++/": Place(r"src/(app|headend)/.*", most=2),
    "gtest/": Place(TEST_FILES),
    "gmock/": Place(TEST_FILES),
    "rapidcheck": Place(TEST_FILES),
    "benchmark/": Place(r"bench/.*"),
}

STANDARD = set("""
algorithm any array atomic barrier bit bitset cassert cctype cerrno cfenv cfloat charconv chrono cinttypes climits
clocale cmath compare complex concepts condition_variable coroutine csetjmp csignal cstdarg cstddef cstdint cstdio
cstdlib cstring ctime cuchar cwchar cwctype deque exception execution filesystem format forward_list fstream functional
future initializer_list iomanip ios iosfwd iostream istream iterator latch limits list locale map memory memory_resource
mutex new numbers numeric optional ostream queue random ranges ratio regex scoped_allocator semaphore set shared_mutex
source_location span sstream stack stdexcept stop_token streambuf string string_view strstream system_error thread
tuple type_traits typeindex typeinfo unordered_map unordered_set utility valarray variant vector version
""".split())
SYSTEM = re.compile(r"(sys|arpa|netinet|net|linux)/[a-z_0-9]+\.h|(unistd|fcntl|signal|poll|spawn|errno|netdb|pthread|"
                    r"sched|time|execinfo|cxxabi|endian|glob|dirent|pwd|termios|pty|ifaddrs|byteswap|dlfcn|ucontext|malloc)\.h|cxxabi\.h")

# The state machine and what it knows do no I/O, read no clock, draw no random number, start no thread.
PURE_ROOMS = {"codec", "rules", "engine"}
IMPURE = set("""
atomic barrier condition_variable ctime filesystem fstream future iostream latch mutex random semaphore shared_mutex
stop_token thread
""".split())

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')


def is_test_file(path: str) -> bool:
    return re.fullmatch(TEST_FILES, path) is not None


def room_of(path: str) -> str:
    parts = path.split("/")
    return parts[1] if parts[0] == "src" and len(parts) > 2 else parts[0]


def include_lines(tree: Tree, path: str) -> list[tuple[int, str, bool]]:
    found = []
    for number, line in enumerate(tree.lines(path), 1):
        if match := INCLUDE.match(line):
            found.append((number, match[1] or match[2], match[1] is not None))
    return found


def resolve(tree_files: set[str], target: str) -> str | None:
    for candidate in (f"src/{target}", target):
        if candidate in tree_files:
            return candidate
    return None


def check_room(path: str, number: int, target: str) -> Finding | None:
    room, other = room_of(path), target.split("/")[0]
    is_test = is_test_file(path)
    if (room, target) in EXCEPTIONS or (is_test and target.startswith("tests/support/")):
        return None
    if is_test_file(target) and not is_test:
        return Finding(path, number, f'"{target}" is for tests', "production code must not include what tests share")
    for folder, allowed in NARROW.items():
        if path.startswith(folder + "/") and not is_test:
            if other in allowed or target.startswith(folder + "/"):
                return None
            return Finding(path, number, f'{folder} must not include "{target}"',
                           f"{folder} has encoders of its own and sees only {', '.join(sorted(allowed))}")
    if room not in ROOMS:
        return Finding(path, number, f"'{room}' is not a room", "add it to ROOMS in tools/lint/includes.py and to the design")
    if other not in ROOMS:
        return Finding(path, number, f'"{target}" names no room',
                       'write project headers as "room/file.hpp" and third-party ones in <>')
    if other == room or other in ROOMS[room]:
        return None
    if other == "engine" and "engine/doors" in ROOMS[room]:
        if target in DOORS:
            return None
        return Finding(path, number, f'{room} must not include "{target}"',
                       "only " + ", ".join(sorted(DOORS)) + " are open to this floor; move the type there or below")
    return Finding(path, number, f'{room} must not include "{target}"',
                   f"declare the interface {room} needs in {room}/ and let app wire it, or move the type to a lower floor")


def check_rules_folders(path: str, number: int, target: str) -> Finding | None:
    parts, other = path.split("/"), target.split("/")
    if parts[:2] != ["src", "rules"] or other[0] != "rules":
        return None
    inside = parts[2] if len(parts) > 3 else None
    wanted = other[1] if len(other) > 2 else None
    if wanted is None or wanted == inside:
        return None
    if inside is not None and wanted in RULES.get(inside, set()):
        return None
    return Finding(path, number, f'rules/{inside or ""} must not include "{target}"',
                   "the table RULES in tools/lint/includes.py keeps these folders free of cycles; move what both need "
                   "below both, to src/rules/*.hpp (which include only base)")


def check_third_party(path: str, number: int, target: str, used: dict[str, dict[str, int]]) -> Finding | None:
    if target in STANDARD:
        if room_of(path) in PURE_ROOMS and target in IMPURE and not is_test_file(path):
            return Finding(path, number, f"{room_of(path)} must not include <{target}>",
                           "this room is pure: time, randomness and I/O come in as arguments from above")
        return None
    if SYSTEM.fullmatch(target):
        if room_of(path) in PURE_ROOMS and not is_test_file(path):
            return Finding(path, number, f"{room_of(path)} must not include <{target}>",
                           "this room is pure; put the system call above it")
        return None
    prefixes = [p for p in THIRD_PARTY if target.startswith(p)]
    if not prefixes:
        return Finding(path, number, f"<{target}> is no header the project knows",
                       "prefer what is there; a new library gets a line in THIRD_PARTY (tools/lint/includes.py) and in "
                       "tools/packages.txt")
    prefix = max(prefixes, key=len)
    place = THIRD_PARTY[prefix]
    if not place.where.fullmatch(path):
        return Finding(path, number, f"<{target}> is included outside its named place",
                       f"only files matching {place.where.pattern} may include it; use what they offer")
    used.setdefault(prefix, {}).setdefault(path, number)
    return None


def find_cycles(graph: dict[str, list[tuple[int, str]]]) -> list[Finding]:
    findings, state = [], {}

    def visit(node: str, trail: list[str]) -> None:
        state[node] = 1
        for number, target in graph.get(node, []):
            if state.get(target) == 1:
                cycle = trail[trail.index(target):] + [target] if target in trail else [node, target]
                findings.append(Finding(node, number, "include cycle: " + " → ".join(cycle),
                                        "move what both need into a third header"))
            elif target not in state:
                visit(target, trail + [target])
        state[node] = 2

    for start in sorted(graph):
        if start not in state:
            visit(start, [start])
    return findings


def check(tree: Tree) -> list[Finding]:
    findings: list[Finding] = []
    used: dict[str, dict[str, int]] = {}
    graph: dict[str, list[tuple[int, str]]] = {}
    files = set(tree.files)
    for path in tree.cpp():
        for number, target, quoted in include_lines(tree, path):
            if not quoted:
                found = check_third_party(path, number, target, used)
                findings += [found] if found else []
                continue
            for found in (check_room(path, number, target), check_rules_folders(path, number, target)):
                findings += [found] if found else []
            resolved = resolve(files, target)
            if resolved is None and not target.startswith("generated/"):
                findings.append(Finding(path, number, f'"{target}" does not exist',
                                        'write the path from src/ (or from the root for sim, bench, tests): "room/file.hpp"'))
            elif resolved is not None:
                graph.setdefault(path, []).append((number, resolved))
    for prefix, places in used.items():
        most = THIRD_PARTY[prefix].most
        if most is not None and len(places) > most:
            for path, number in sorted(places.items()):
                findings.append(Finding(path, number, f"<{prefix}…> is included in {len(places)} files, not {most}",
                                        "heavy headers have one named place; use what it offers: "
                                        + ", ".join(sorted(places))))
    return findings + find_cycles(graph)
