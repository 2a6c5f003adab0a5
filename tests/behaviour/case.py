"""A behaviour case: a folder with tariffs, a use, an expectation and the reason."""

from __future__ import annotations

import json
import pathlib
import re
from dataclasses import dataclass

FILE = re.compile(r"tariff(-[1-9][0-9]*)?\.json|usage\.(json|csv)|expected\.json|why\.md")
EXPECTED = {"total", "lines", "notes", "error", "via"}
LINE = {"cycle", "occupant", "item", "band", "tier", "version", "base_from", "quantity", "unit", "price", "exact", "amount"}
ERROR = {"code", "pointer", "field", "did_you_mean", "year", "with", "cap", "class", "from", "price", "expected", "got"}


class BadCase(Exception):
    """The case itself is wrong."""


@dataclass
class Case:
    name: str
    tariffs: list[pathlib.Path]
    usage: pathlib.Path
    expected: dict

    @property
    def by_files(self) -> bool:
        return self.usage.suffix == ".csv" or self.expected.get("via") == "files"

    def batch_line(self) -> str:
        return json.dumps({"tariffs": [read(path) for path in self.tariffs], "usage": read(self.usage)}, ensure_ascii=False)


def read(path: pathlib.Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadCase(f"{path.name}: {error}") from error


def known(where: str, found: object, names: set[str], needed: set[str]) -> None:
    if not isinstance(found, dict):
        raise BadCase(f"expected.json: {where} must be an object")
    if unknown := sorted(found.keys() - names):
        raise BadCase(f"expected.json: {where} has unknown members: {', '.join(unknown)}")
    if missing := sorted(needed - found.keys()):
        raise BadCase(f"expected.json: {where} lacks {', '.join(missing)}")


def check_expectation(expected: object) -> dict:
    known("the object", expected, EXPECTED, set())
    assert isinstance(expected, dict)
    if "error" in expected:
        known("the object", expected, {"error", "via"}, {"error"})
        known("error", expected["error"], ERROR, {"code"})
    else:
        known("the object", expected, EXPECTED, {"total", "lines"})
        if not isinstance(expected["lines"], list):
            raise BadCase("expected.json: lines must be a list")
        for index, line in enumerate(expected["lines"]):
            known(f"lines[{index}]", line, LINE, {"item", "quantity", "price", "exact", "amount"})
    if not isinstance(expected.get("notes", True), bool):
        raise BadCase("expected.json: notes is true (there are some) or false (there are none)")
    if expected.get("via", "files") != "files":
        raise BadCase('expected.json: via can only be "files"')
    return expected


def load(folder: pathlib.Path) -> Case:
    if not folder.is_dir():
        raise BadCase("there is no such case")
    names = sorted(path.name for path in folder.iterdir())
    if strange := [name for name in names if not FILE.fullmatch(name)]:
        raise BadCase(f"unknown files: {', '.join(strange)}")
    tariffs = [folder / name for name in names if name.startswith("tariff")]
    uses = [folder / name for name in names if name.startswith("usage")]
    if not tariffs or len(uses) != 1:
        raise BadCase("a case has one tariff.json (or tariff-1.json, tariff-2.json, …) and one usage.json or usage.csv")
    for needed in ("expected.json", "why.md"):
        if needed not in names:
            raise BadCase(f"there is no {needed}")
    case = Case(folder.name, tariffs, uses[0], check_expectation(read(folder / "expected.json")))
    if not case.by_files:
        case.batch_line()
    return case
