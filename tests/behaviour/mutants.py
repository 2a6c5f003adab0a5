"""Documents with one thing changed, to ask the schema and the program the same question."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass

WRONG_TYPE = {str: 1, int: "1", bool: "true", list: {}, dict: []}
VALUES = {str: ("", "?", "-1", "0.12345678901234"), int: (-1, 1_000_000_000, 3_000_000_000), bool: (), list: (), dict: ()}
EACH = 3  # of one change at one kind of place


@dataclass(frozen=True)
class Mutant:
    place: str  # a pointer, the same for all entries of a list
    change: str
    document: dict
    part: str = "tariff"


def steps(value: object, path: tuple = ()) -> Iterator[tuple]:
    """Paths of all values below; of a list its first entries stand for all."""
    entries = value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    for key, inner in entries:
        yield (*path, key)
        yield from steps(inner, (*path, key))


def place_of(document: dict, path: tuple) -> str:
    """One entry of a list stands for all of its kind, one month of a map for all months."""
    place, value = "", document
    for step in path:
        value = value[step]
        if isinstance(step, int):
            place += f"/{value.get('kind', '*') if isinstance(value, dict) else '*'}"
        else:
            place += "/*" if re.fullmatch(r"\d{4}-\d\d", step) else f"/{step}"
    return place


def with_value(document: dict, path: tuple, value: object) -> dict:
    out = copy.deepcopy(document)
    at = out
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return out


def without(document: dict, path: tuple) -> dict:
    out = copy.deepcopy(document)
    at = out
    for step in path[:-1]:
        at = at[step]
    del at[path[-1]]
    return out


def changes(document: dict, path: tuple, value: object) -> Iterator[tuple[str, dict]]:
    if isinstance(path[-1], str):
        yield "left out", without(document, path)
    yield "null", with_value(document, path, None)
    yield "another type", with_value(document, path, WRONG_TYPE[type(value)])
    for other in VALUES[type(value)]:
        yield repr(other), with_value(document, path, other)
    if isinstance(value, dict):
        yield "an unknown member", with_value(document, path, {**value, "unknwon": 1})


class Mutants:
    """Of one kind of document; each kind of change at each kind of place only a few times."""

    def __init__(self) -> None:
        self.times: dict[tuple[str, str], int] = {}

    def of(self, document: dict) -> Iterator[Mutant]:
        yield Mutant("", "an unknown member", {**document, "unknwon": 1})
        for path in list(steps(document)):
            value = document
            for step in path:
                value = value[step]
            if value is None:
                continue
            for change, changed in changes(document, path, value):
                key = place_of(document, path), change
                if self.times.get(key, 0) < EACH:
                    self.times[key] = self.times.get(key, 0) + 1
                    yield Mutant(*key, changed)

    def places(self) -> set[str]:
        return {place for place, _ in self.times}
