#!/usr/bin/env python3
"""Runs the lints over the tree, or those named: tools/lint/run.py [--counts FILE] [LINT…]"""

from __future__ import annotations

import argparse
import importlib
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from tree import Tree  # noqa: E402

LINTS = ("includes", "headers", "floats", "lengths", "words", "lockfile", "layout", "statements")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counts", type=pathlib.Path, help="write 'passed failed' there")
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[2])
    parser.add_argument("lints", nargs="*", metavar="LINT", help=", ".join(LINTS))
    arguments = parser.parse_args()
    unknown = set(arguments.lints) - set(LINTS)
    if unknown:
        parser.error(f"no lint {', '.join(sorted(unknown))}; there are {', '.join(LINTS)}")
    tree, failed = Tree(arguments.root), 0
    chosen = arguments.lints or list(LINTS)
    for name in chosen:
        start = time.monotonic()
        findings = sorted(set(importlib.import_module(name).check(tree)))
        print(f"{'FAIL' if findings else 'ok  '} {name}: {len(findings)} findings, {time.monotonic() - start:.1f} s")
        for finding in findings:
            print("  " + str(finding).replace("\n", "\n  "))
        failed += bool(findings)
    if arguments.counts:
        arguments.counts.parent.mkdir(parents=True, exist_ok=True)
        arguments.counts.write_text(f"{len(chosen) - failed} {failed}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
