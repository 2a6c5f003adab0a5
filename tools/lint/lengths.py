"""Files stay readable: none over 800 lines, nine in ten under 450 (columns are for the layout lint)."""

from __future__ import annotations

from tree import CODE_FOLDERS, Finding, Tree

HARD, LONG, SHARE = 800, 450, 10
GENERATED = ("schema.d.ts", "components.d.ts", "auto-imports.d.ts", "package-lock.json")
SUFFIXES = (".hpp", ".cpp", ".ts", ".vue", ".py", ".sh", ".mjs", ".cmake")


def check(tree: Tree) -> list[Finding]:
    findings = []
    files = [f for f in tree.under((*CODE_FOLDERS, "web", "tools", "cmake"), SUFFIXES) if not f.endswith(GENERATED)]
    long = []
    for path in files:
        lines = tree.lines(path)
        if len(lines) > HARD:
            findings.append(Finding(path, HARD, f"{len(lines)} lines, over {HARD}", "split it by responsibility"))
        if len(lines) >= LONG:
            long.append((len(lines), path))
    if files and len(long) * SHARE > max(len(files), SHARE):
        longest = sorted(long, reverse=True)
        findings.append(Finding(longest[0][1], LONG, f"{len(long)} of {len(files)} files have {LONG} lines or more, over one in {SHARE}",
                                "split some of: " + ", ".join(p for _, p in longest[:8])))
    return findings
