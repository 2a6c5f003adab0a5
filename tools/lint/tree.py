"""The source tree as the lints see it: which files there are, and what a finding is."""

from __future__ import annotations

import dataclasses
import functools
import pathlib
import re
import subprocess

CODE_FOLDERS = ("src", "sim", "bench", "fuzz", "tests")


@dataclasses.dataclass(frozen=True, order=True)
class Finding:
    path: str
    line: int
    what: str
    way_out: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}\n    way out: {self.way_out}"


class Tree:
    """Files known to git or about to be (not ignored); in a plain folder, all files."""

    def __init__(self, root: pathlib.Path):
        self.root = root

    @functools.cached_property
    def files(self) -> list[str]:
        if (self.root / ".git").exists():
            listed = subprocess.run(
                ["git", "ls-files", "-co", "--exclude-standard", "-z"],
                cwd=self.root, check=True, capture_output=True, text=True).stdout
            return sorted({f for f in listed.split("\0") if f and (self.root / f).is_file()})
        return sorted(str(p.relative_to(self.root)) for p in self.root.rglob("*") if p.is_file())

    def under(self, folders: tuple[str, ...], suffixes: tuple[str, ...]) -> list[str]:
        return [f for f in self.files
                if f.endswith(suffixes) and any(f.startswith(folder + "/") for folder in folders)]

    def cpp(self) -> list[str]:
        return self.under(CODE_FOLDERS, (".hpp", ".cpp"))

    def text(self, path: str) -> str:
        return _read(self.root / path)

    def lines(self, path: str) -> list[str]:
        return self.text(path).splitlines()


@functools.lru_cache(maxsize=None)
def _read(path: pathlib.Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


_TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<tag>[^()\\ \n]{0,16})\(.*?\)(?P=tag)"|"(?:\\.|[^"\\\n])*"|'
    r"(?<![0-9a-zA-Z])'(?:\\.|[^'\\\n])+'", re.S)


def without_comments_and_strings(text: str) -> str:
    """Same number of lines; comments, strings and character literals are blank."""
    def blank(match: re.Match[str]) -> str:
        found = match.group(0)
        kept = "" if found.startswith("/") else '""'
        return kept + "\n" * found.count("\n")
    return _TOKEN.sub(blank, text)
