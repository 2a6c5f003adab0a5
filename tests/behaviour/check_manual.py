#!/usr/bin/env python3
"""The walk-through of docs/reference/tariff.md, block by block, as an operator would follow it in an empty folder.

    python3 tests/behaviour/check_manual.py --meterbook build/meterbook

```json NAME and ```csv NAME blocks are files, ```sh blocks run, ```sh refused blocks must end with 1. The ```text block that follows is what they print.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "reference" / "tariff.md"
TITLE = "## A new city's tariff, step by step\n"
BLOCK = re.compile(r"^```(json|csv|sh|text)(?: (\S+))?\n(.*?)^```$", re.M | re.S)


def run(text: str, refused: bool, folder: pathlib.Path, path: str) -> tuple[str, str]:
    """(what it printed, what is wrong)"""
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", text], cwd=folder, env=os.environ | {"PATH": path}, text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=60)
    return done.stdout, "" if done.returncode == (1 if refused else 0) else f"ended with {done.returncode}:\n{done.stdout}"


def follow(blocks: list[tuple[str, str, str]], folder: pathlib.Path, path: str) -> list[tuple[str, str]]:
    """Of each command its last line and what is wrong, empty when nothing is."""
    results = []
    printed: str | None = None
    for kind, word, text in blocks:
        if kind in ("json", "csv"):
            (folder / word).write_text(text)
        elif kind == "sh":
            printed, problem = run(text, word == "refused", folder, path)
            results.append((text.splitlines()[-1], problem))
        else:
            told = "\n".join(line.rstrip() for line in (printed or "").splitlines())
            wanted = "\n".join(line.rstrip() for line in text.splitlines())
            results.append(("  prints what the page says", "" if told == wanted else f"the page:\n{wanted}\nthe program:\n{told}"))
            printed = None
    return results


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--meterbook", type=pathlib.Path, default=pathlib.Path("build/meterbook"))
    program = parser.parse_args().meterbook.resolve()
    blocks = BLOCK.findall(PAGE.read_text().partition(TITLE)[2])
    with tempfile.TemporaryDirectory() as base:
        programs, folder = pathlib.Path(base) / "bin", pathlib.Path(base) / "work"
        programs.mkdir()
        folder.mkdir()
        (programs / "meterbook").symlink_to(program)
        results = follow(blocks, folder, f"{programs}:{os.environ['PATH']}")
    commands = sum(kind == "sh" for kind, _, _ in blocks)
    results.append(("every command has its answer", "" if len(results) == 2 * commands and commands >= 6 else f"{commands} commands"))
    for name, problem in results:
        print(f"FAIL {name}\n{problem}" if problem else f"ok   {name}")
    failed = sum(bool(problem) for _, problem in results)
    print(f"passed={len(results) - failed} failed={failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
