"""Makes a case smaller as long as it still fails: members are left out, lists are halved and thinned."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator

TRIES = 400
KEPT = {"code", "name", "version", "effective_from", "commodity", "tariffs", "usage"}


def smaller(value: object) -> Iterator[object]:
    """Every value with one part left out, the large parts first."""
    if isinstance(value, dict):
        for key in list(value):
            if key not in KEPT:
                yield {k: v for k, v in value.items() if k != key}
        for key, inner in value.items():
            for less in smaller(inner):
                yield {**value, key: less}
    elif isinstance(value, list) and value:
        size = len(value)
        while size > 1:
            size //= 2
            for first in range(0, len(value), size):
                if size < len(value):
                    yield value[:first] + value[first + size:]
        for i, inner in enumerate(value):
            for less in smaller(inner):
                yield [*value[:i], less, *value[i + 1:]]


def reduced(case: dict, fails: Callable[[dict], bool]) -> dict:
    """A part of the case that still fails; a candidate that breaks the oracle is no candidate."""
    best, tries = copy.deepcopy(case), 0
    while True:
        for candidate in smaller(best):
            tries += 1
            if tries > TRIES:
                return best
            if candidate["tariffs"] and still(candidate, fails):
                best = candidate
                break
        else:
            return best


def still(candidate: dict, fails: Callable[[dict], bool]) -> bool:
    try:
        return fails(candidate)
    except (KeyError, IndexError, ValueError, StopIteration, TypeError, ZeroDivisionError):
        return False
