"""Money and energy are never floating point: no float or double where they live."""

from __future__ import annotations

import re

from tree import Finding, Tree, without_comments_and_strings

FOLDERS = ("src/base", "src/rules", "src/engine", "src/writer", "src/store", "src/payment")
WORD = re.compile(r"\b(float|double|long double|stod|stof|strtod|from_chars<double>)\b|(?<![\w.])\d[\d']*\.\d[\d']*f?\b")
# file -> why no money or energy passes through it
EXEMPT: dict[str, str] = {}


def check(tree: Tree) -> list[Finding]:
    findings = []
    for path in tree.under(FOLDERS, (".hpp", ".cpp")):
        if path.endswith("_test.cpp") or path in EXEMPT:
            continue
        for number, line in enumerate(without_comments_and_strings(tree.text(path)).splitlines(), 1):
            if match := WORD.search(line):
                findings.append(Finding(path, number, f"floating point '{match[0]}' in a room of money",
                                        "use Money, Price, Energy or whole microseconds and basis points; a file no money "
                                        "passes through may be named in EXEMPT of tools/lint/floats.py with its reason"))
    return findings
