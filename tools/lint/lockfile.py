"""The web's lock file names no download address, and its .npmrc keeps it so."""

from __future__ import annotations

import re

from tree import Finding, Tree

ADDRESS = re.compile(r'"resolved": "http')
OPTION = "omit-lockfile-registry-resolved=true"


def check(tree: Tree) -> list[Finding]:
    findings = []
    for path in tree.files:
        if path.endswith("package-lock.json"):
            for number, line in enumerate(tree.lines(path), 1):
                if ADDRESS.search(line):
                    findings.append(Finding(path, number, "a download address in the lock file",
                                            f"keep {OPTION} in the .npmrc beside it and run npm install again"))
            npmrc = path.replace("package-lock.json", ".npmrc")
            if npmrc not in tree.files or OPTION not in tree.text(npmrc).split():
                findings.append(Finding(npmrc, 1, f"lacks {OPTION}", "add that line"))
    return findings
