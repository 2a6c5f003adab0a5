"""Every header compiles alone.

A header that is the first include of a source file is proved by the build. The others are compiled here, syntax only;
what compiled once is remembered by the hash of the header and all project headers behind it.
"""

from __future__ import annotations

import concurrent.futures
import hashlib
import json
import os
import pathlib
import subprocess

import includes
from tree import Finding, Tree

COMPILER = ["g++", "-std=gnu++20", "-fsyntax-only", "-x", "c++", "-Wall", "-Wextra", "-Wpedantic", "-Werror",
            "-Wno-restrict", "-DBOOST_ASIO_NO_DEPRECATED", "-DBOOST_BEAST_USE_STD_STRING_VIEW"]
CACHE = pathlib.Path("build/lint/headers.json")
# libpq-fe.h lies in a folder of its own.
LIBRARIES = ["-isystem", "/usr/include/postgresql"]


def proved_by_build(tree: Tree, path: str) -> bool:
    source = path.removesuffix(".hpp") + ".cpp"
    if source not in set(tree.files):
        return False
    found = includes.include_lines(tree, source)
    return bool(found) and found[0][2] and includes.resolve(set(tree.files), found[0][1]) == path


def closure_hash(tree: Tree, path: str, files: set[str]) -> str:
    seen, waiting = set(), [path]
    while waiting:
        header = waiting.pop()
        if header in seen:
            continue
        seen.add(header)
        for _, target, quoted in includes.include_lines(tree, header):
            found = includes.resolve(files, target) if quoted else None
            if found:
                waiting.append(found)
    digest = hashlib.sha256(" ".join(COMPILER).encode())
    for header in sorted(seen):
        digest.update(header.encode() + b"\0" + tree.text(header).encode() + b"\0")
    return digest.hexdigest()


def compile_alone(root: pathlib.Path, path: str) -> Finding | None:
    # Twice, so that a missing #pragma once shows.
    text = f'#include "{path}"\n#include "{path}"\n'
    done = subprocess.run([*COMPILER, f"-I{root}/src", f"-I{root}", *LIBRARIES, "-"],
                          input=text, capture_output=True, text=True, cwd=root, check=False)
    if done.returncode == 0:
        return None
    errors = [line for line in done.stderr.splitlines() if ": error:" in line or "fatal error:" in line]
    return Finding(path, 1, "does not compile alone: " + (errors[0] if errors else done.stderr.strip()[:300]),
                   "include what it uses, or declare it forward; the order of includes must not matter")


def check(tree: Tree) -> list[Finding]:
    cache_file = tree.root / CACHE
    known = set(json.loads(cache_file.read_text())) if cache_file.exists() else set()
    files = set(tree.files)
    findings: list[Finding] = []
    fresh: dict[str, str] = {}
    good: set[str] = set()
    for path in tree.cpp():
        if not path.endswith(".hpp"):
            continue
        if "#pragma once" not in tree.text(path):
            findings.append(Finding(path, 1, "has no #pragma once", "make it the first line"))
        if proved_by_build(tree, path):
            continue
        digest = closure_hash(tree, path, files)
        if digest in known:
            good.add(digest)
        else:
            fresh[path] = digest
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, found in zip(fresh, pool.map(lambda p: compile_alone(tree.root, p), fresh)):
            if found:
                findings.append(found)
            else:
                good.add(fresh[path])
    if cache_file.parent.exists() or fresh:
        cache_file.parent.mkdir(parents=True, exist_ok=True)
        cache_file.write_text(json.dumps(sorted(good)))
    return findings
