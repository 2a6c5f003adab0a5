#!/usr/bin/env python3
"""The oracle against the program, on random cases; or, with --plant, against itself with planted errors.

    python3 tests/oracle/compare.py --count 10000 --seed 1 --meterbook build/meterbook --jobs 2
    python3 tests/oracle/compare.py --plant --count 4000 --jobs 2

The program reads one case a line (`meterbook rate --batch`) and answers one object a line.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import pathlib
import subprocess
import sys
import time
from fractions import Fraction

from mutations import MUTATIONS
from numbers_text import DECIMAL
from oracle import rate
from random_cases import case
from reduce_case import reduced
from rules import Rules

FIELDS = ("cycle", "occupant", "item", "band", "tier", "version", "base_from", "unit", "quantity", "price", "exact", "amount")
EXACT = ("quantity", "price", "exact", "amount")
CODES = ("rate.backward", "rate.demand_unknown", "rate.reactive_missing")  # the contract names them
BLOCK = 250
SHOWN = 5


class Program:
    """`meterbook rate --batch`: a case a line in, an answer a line out."""

    def __init__(self, words: list[str]) -> None:
        self.words = words

    def answers(self, cases: list[dict]) -> list[dict]:
        lines = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in cases)
        done = subprocess.run(self.words, input=lines.encode(), capture_output=True, check=False, timeout=600)
        answers = [read_answer(line) for line in done.stdout.decode().splitlines() if line.strip()]
        if len(answers) != len(cases):
            ended = f"ended with {done.returncode} after {len(answers)} of {len(cases)} cases"
            said = done.stderr.decode(errors="replace").strip()[-500:]
            answers += [{"broken": f"{ended}: {said}"}] * (len(cases) - len(answers))
        return answers


def read_answer(line: str) -> dict:
    try:
        found = json.loads(line)
        return found if isinstance(found, dict) else {"broken": line}
    except ValueError:
        return {"broken": line}


def number(text: object) -> Fraction | str:
    return Fraction(text) if isinstance(text, str) and DECIMAL.fullmatch(text) else f"no decimal text: {text!r}"


def difference(ours: dict, theirs: dict) -> str:
    """Empty when they agree, else the first place where they do not."""
    if "error" in ours and "error" in theirs:
        codes = ours["error"]["code"], theirs["error"].get("code")
        return f"refused: oracle {codes[0]}, program {codes[1]}" if codes[0] in CODES and codes[0] != codes[1] else ""
    if "error" in ours or "lines" not in theirs:
        return f"oracle {ours.get('error', 'prices')}, program {theirs.get('error', theirs.get('broken', 'prices'))}"
    for i, (own, other) in enumerate(zip(ours["lines"], theirs["lines"])):
        for name in FIELDS:
            a, b = own.get(name), other.get(name)
            if name in EXACT:
                a, b = number(a), number(b)
            if a != b:
                return f"line {i}, {name}: oracle {own.get(name)}, program {other.get(name)}\n    {own}\n    {other}"
    if len(ours["lines"]) != len(theirs["lines"]):
        longer, name = (ours, "oracle") if len(ours["lines"]) > len(theirs["lines"]) else (theirs, "program")
        extra = longer["lines"][min(len(ours["lines"]), len(theirs["lines"]))]
        return f"{len(ours['lines'])} lines, program {len(theirs['lines'])}; only {name}: {extra}"
    for name in ("code", "total"):
        if (ours[name] != theirs.get(name)) if name == "code" else (number(ours[name]) != number(theirs.get(name))):
            return f"{name}: oracle {ours[name]}, program {theirs.get(name)}"
    return ""


def kind(text: str) -> str:
    """What stays the same while a case is reduced, so that it does not turn into a document that is merely invalid."""
    head = text.partition("\n")[0]
    return head.split(", ")[1].split(":")[0] if head.startswith("line ") else head.split("'detail'")[0].split(";")[0]


def block(work: tuple[int, int, int, list[str]]) -> list[tuple[int, str]]:
    """One block of cases through both: (number, difference) of those that differ."""
    seed, first, count, words = work
    cases = [case(seed, first + i) for i in range(count)]
    answers = Program(words).answers(cases)
    told = [(first + i, difference(rate(c["tariffs"], c["usage"]), a)) for i, (c, a) in enumerate(zip(cases, answers))]
    return [(index, text) for index, text in told if text]


def show(seed: int, index: int, text: str, program: Program, folder: pathlib.Path) -> None:
    """The difference, and the smallest case that still differs in a file."""
    def differs(c: dict) -> bool:
        return kind(difference(rate(c["tariffs"], c["usage"]), program.answers([c])[0])) == kind(text)

    smaller = reduced(case(seed, index), differs)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"case-{seed}-{index}.json"
    path.write_text(json.dumps(smaller, ensure_ascii=False) + "\n")
    now = difference(rate(smaller["tariffs"], smaller["usage"]), program.answers([smaller])[0])
    print(f"case {index} of seed {seed}: {text}\n  reduced, {path}: {now}")


def against_program(chosen: argparse.Namespace) -> int:
    words = [str(chosen.meterbook), "rate", "--batch"]
    works = [(chosen.seed, first, min(BLOCK, chosen.count - first), words) for first in range(0, chosen.count, BLOCK)]
    with multiprocessing.Pool(chosen.jobs) as pool:
        different = sorted(one for found in pool.imap_unordered(block, works) for one in found)
    for index, text in different[:SHOWN]:
        show(chosen.seed, index, text, Program(words), chosen.keep)
    if different:
        print("differing cases:", *(index for index, _ in different[:50]))
    print(f"passed={chosen.count - len(different)} failed={len(different)}")
    return 1 if different else 0


def plant(work: tuple[type[Rules], int, int]) -> tuple[str, int, int]:
    """(mutation, first case that notices it or −1, how many of the cases up to it were tried)."""
    mutation, seed, count = work
    for index in range(count):
        one = case(seed, index)
        true = rate(one["tariffs"], one["usage"])
        false = rate(one["tariffs"], one["usage"], mutation())
        if difference(true, false) and ("error" not in false or mutation.REFUSES):
            return mutation.__name__, index, index + 1
    return mutation.__name__, -1, count


def planted(chosen: argparse.Namespace) -> int:
    missed = len(MUTATIONS)  # until noticed
    with multiprocessing.Pool(chosen.jobs) as pool:
        for name, index, tried in pool.imap(plant, [(one, chosen.seed, chosen.count) for one in MUTATIONS], chunksize=1):
            print(f"{'ok  ' if index >= 0 else 'FAIL'} {name}: "
                  + (f"noticed by case {index}" if index >= 0 else f"not noticed by {tried} cases: strengthen the generator"))
            missed -= index >= 0
    print(f"passed={len(MUTATIONS) - missed} failed={missed}")
    return 1 if missed else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--meterbook", type=pathlib.Path, default=pathlib.Path("build/meterbook"))
    parser.add_argument("--keep", type=pathlib.Path, default=pathlib.Path("build/oracle"), help="reduced cases go there")
    parser.add_argument("--plant", action="store_true", help="check that planted errors are noticed; needs no program")
    chosen = parser.parse_args()
    began = time.monotonic()
    code = planted(chosen) if chosen.plant else against_program(chosen)
    print(f"{time.monotonic() - began:.1f} s", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
