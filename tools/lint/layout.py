"""C++ is laid out as .clang-format says."""

from __future__ import annotations

import re
import subprocess

from tree import Finding, Tree

TOOL = "clang-format-19"
WARNING = re.compile(r"^(.*?):(\d+):\d+: (?:error|warning): ")


def check(tree: Tree) -> list[Finding]:
    files = tree.cpp()
    if not files:
        return []
    try:
        done = subprocess.run([TOOL, "--dry-run", "--Werror", *files], cwd=tree.root, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return [Finding("tools/packages.txt", 1, f"{TOOL} is not installed", "./test packages installs it")]
    first: dict[str, int] = {}
    for line in done.stderr.splitlines():
        if match := WARNING.match(line):
            first.setdefault(match[1], int(match[2]))
    return [Finding(path, number, "is not laid out as .clang-format says", f"tools/format {path}") for path, number in first.items()]
