#!/usr/bin/env python3
"""A wrong answer of the program is found: a filter stands between program and comparison and makes one answer wrong.

    python3 tests/oracle/plant_in_program.py --meterbook build/meterbook --seed 1

For each kind of error a block of random cases is compared with one answer changed; the comparison must report that case and no other.
"""

from __future__ import annotations

import argparse
import copy
import json
import multiprocessing
import pathlib
import subprocess
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from random import Random

from compare import CODES, Program, block, read_answer
from random_cases import case

COUNT = 120


def add(line: dict, member: str, text: str) -> None:
    line[member] = format(Decimal(line[member]) + Decimal(text), "f")


def one_line(rng: Random, answer: dict, change: Callable[[dict], None], fits: Callable[[dict], bool] = lambda line: True) -> bool:
    """False when no line of the answer fits."""
    lines = [line for line in answer.get("lines", []) if fits(line)]
    if lines:
        change(rng.choice(lines))
    return bool(lines)


def in_line(change: Callable[[dict], None], fits: Callable[[dict], bool] = lambda line: True) -> Callable[[Random, dict], bool]:
    return lambda rng, answer: one_line(rng, answer, change, fits)


def fen_moved(rng: Random, answer: dict) -> bool:
    """A fen from one line to another: the total stays."""
    lines = answer.get("lines", [])
    if len(lines) > 1:
        one, other = rng.sample(lines, 2)
        add(one, "amount", "0.01")
        add(other, "amount", "-0.01")
    return len(lines) > 1


def total(rng: Random, answer: dict) -> bool:
    if "total" in answer:
        add(answer, "total", rng.choice(("0.01", "-0.01")))
    return "total" in answer


def line_lost(rng: Random, answer: dict) -> bool:
    lines = answer.get("lines", [])
    if lines:
        del lines[rng.randrange(len(lines))]
        return True
    return False


def line_twice(rng: Random, answer: dict) -> bool:
    lines = answer.get("lines", [])
    if lines:
        at = rng.randrange(len(lines))
        lines.insert(at, lines[at])
    return bool(lines)


def lines_turned(rng: Random, answer: dict) -> bool:
    lines = answer.get("lines", [])
    for i in range(len(lines) - 1):
        if lines[i] != lines[i + 1]:
            lines[i], lines[i + 1] = lines[i + 1], lines[i]
            return True
    return False


def refused(rng: Random, answer: dict) -> bool:
    priced = "lines" in answer
    if priced:
        answer.clear()
        answer["error"] = {"code": "rate.overlap"}
    return priced


def not_refused(rng: Random, answer: dict) -> bool:
    was = "error" in answer
    if was:
        answer.clear()
        answer.update(code="x", total="0.00", lines=[], notes=[])
    return was


def another_reason(rng: Random, answer: dict) -> bool:
    was = answer.get("error", {}).get("code") in CODES
    if was:
        answer["error"]["code"] = "rate.overlap"
    return was


def no_number(rng: Random, answer: dict) -> bool:
    return one_line(rng, answer, lambda line: line.update(amount=float(line["amount"])))


def other_band(line: dict) -> None:
    line["band"] = "valley" if line["band"] == "peak" else "peak"


def other_tier(line: dict) -> None:
    line["tier"] = 2 if line["tier"] == 1 else 1


def raised(member: str) -> Callable[[dict], None]:
    def change(line: dict) -> None:
        line[member] += 1
    return change


def added(member: str, text: str) -> Callable[[dict], None]:
    return lambda line: add(line, member, text)


CHANGES: dict[str, Callable[[Random, dict], bool]] = {
    "a fen in a line": in_line(added("amount", "0.01")),
    "a fen moved between lines": fen_moved,
    "a fen in the total": total,
    "the smallest quantity": in_line(added("quantity", "0.0001")),
    "the smallest price": in_line(added("price", "0.0000000000001")),
    "the smallest exact amount": in_line(added("exact", "0.00000000000000001")),
    "a tier": in_line(other_tier, lambda line: line["tier"] is not None),
    "a band": in_line(other_band, lambda line: line["band"] is not None),
    "a version": in_line(raised("version")),
    "an occupant": in_line(raised("occupant")),
    "a month": in_line(lambda line: line.update(cycle="2019-01")),
    "an item": in_line(lambda line: line.update(item=line["item"] + "_")),
    "a unit": in_line(lambda line: line.update(unit="MWh")),
    "a line lost": line_lost,
    "a line twice": line_twice,
    "two lines turned": lines_turned,
    "a number that is no text": no_number,
    "a refusal instead of a price": refused,
    "a price instead of a refusal": not_refused,
    "another reason": another_reason,
}


def stand_between(kind: str, words: list[str]) -> int:
    """The filter: the program's answers, one of them wrong."""
    done = subprocess.run(words, stdin=sys.stdin, capture_output=True, check=True)
    answers = [read_answer(line) for line in done.stdout.decode().splitlines()]
    rng = Random(f"{kind}:{len(done.stdout)}")
    for at in rng.sample(range(len(answers)), len(answers)):
        changed = copy.deepcopy(answers[at])
        if CHANGES[kind](rng, changed):
            answers[at] = changed
            break
    sys.stdout.write("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in answers))
    return 0


def check(work: tuple[str, int, int, str]) -> tuple[str, str]:
    """(kind, what is wrong, empty when the error was found)."""
    kind, seed, first, meterbook = work
    words = [meterbook, "rate", "--batch"]
    between = [sys.executable, __file__, "--between", kind, *words]
    cases = [case(seed, first + i) for i in range(COUNT)]
    pairs = zip(Program(words).answers(cases), Program(between).answers(cases))
    planted = [first + i for i, (true, false) in enumerate(pairs) if true != false]
    if len(planted) != 1:
        return kind, f"planted in {len(planted)} answers of {COUNT}, not in one"
    found = [index for index, _ in block((seed, first, COUNT, between))]
    return kind, "" if found == planted else f"planted in case {planted[0]} of seed {seed}, reported {found}"


def main() -> int:
    if sys.argv[1:2] == ["--between"]:
        return stand_between(sys.argv[2], sys.argv[3:])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--meterbook", type=pathlib.Path, default=pathlib.Path("build/meterbook"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    chosen = parser.parse_args()
    began = time.monotonic()
    works = [(kind, chosen.seed, number * COUNT, str(chosen.meterbook)) for number, kind in enumerate(CHANGES)]
    failed = 0
    with multiprocessing.Pool(chosen.jobs) as pool:
        for kind, problem in pool.imap(check, works):
            print(f"FAIL {kind}: {problem}" if problem else f"ok   {kind}")
            failed += bool(problem)
    print(f"{time.monotonic() - began:.1f} s", file=sys.stderr)
    print(f"passed={len(CHANGES) - failed} failed={failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
