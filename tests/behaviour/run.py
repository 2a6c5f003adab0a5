#!/usr/bin/env python3
"""Runs the behaviour cases: prices each tariff and use, and compares with what the case expects.

    python3 tests/behaviour/run.py --meterbook build/meterbook [CASE …]
    python3 tests/behaviour/run.py --oracle tests/oracle/oracle.py [CASE …]

A case is a folder (README.md). All go through one `meterbook rate --batch`, but those with a usage.csv or with
"via": "files" in expected.json, which go through `meterbook rate --tariff … --usage … --json`. The oracle prices documents and does not
publish them: with it the refusals of tariff.* and json.* count as skipped, and of a refusal only the code is compared.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import subprocess
import sys

from case import BadCase, Case, load
from compare import differences

HERE = pathlib.Path(__file__).parent


def last_object(text: str, status: int) -> dict:
    """The last line of the output; its status must agree: 0 priced, 1 refused."""
    lines = [line for line in text.splitlines() if line.strip()]
    try:
        answer = json.loads(lines[-1])
    except (IndexError, ValueError):
        return {"broken": f"exit {status} and no object on the last line"}
    if not isinstance(answer, dict) or status != (1 if "error" in answer else 0):
        return {"broken": f"exit {status} does not fit the answer {lines[-1][:200]}"}
    return answer


def through_files(program: list[str], case: Case) -> dict:
    command = list(program)
    for tariff in case.tariffs:
        command += ["--tariff", str(tariff)]
    done = subprocess.run([*command, "--usage", str(case.usage)], capture_output=True, text=True, check=False)
    answer = last_object(done.stdout, done.returncode)
    if "broken" in answer and done.stderr.strip():
        answer["broken"] += ": " + done.stderr.strip().splitlines()[-1]
    return answer


def through_batch(program: list[str], cases: list[Case]) -> list[dict]:
    """One line in, one line out; lines that do not come back are broken."""
    done = subprocess.run([*program, "--batch"], capture_output=True, text=True, check=False,
                          input="".join(case.batch_line() + "\n" for case in cases))
    answers: list[dict] = []
    for line in done.stdout.splitlines():
        try:
            answer = json.loads(line)
        except ValueError:
            answer = None
        answers.append(answer if isinstance(answer, dict) else {"broken": f"no object: {line[:200]}"})
    error = done.stderr.strip().splitlines()
    missing = f"rate --batch: exit {done.returncode}, {len(answers)} answers to {len(cases)} lines" + (f": {error[-1]}" if error else "")
    if len(answers) > len(cases) or done.returncode != 0:
        return [{"broken": missing} for _ in cases]
    return answers + [{"broken": missing}] * (len(cases) - len(answers))


def choose(names: list[str]) -> list[pathlib.Path]:
    if names:
        return [HERE / pathlib.Path(name).name for name in names]
    return sorted(path for path in HERE.iterdir() if path.is_dir() and path.name != "__pycache__")


class Tally:
    def __init__(self) -> None:
        self.passed, self.failed, self.skipped = 0, 0, 0

    def note(self, name: str, found: list[str]) -> None:
        if found:
            self.failed += 1
            print(f"FAIL {name}", *found, sep="\n  ")
        else:
            self.passed += 1


def run_meterbook(path: str, cases: list[Case], tally: Tally) -> None:
    program = [path, "rate"]
    batch = [case for case in cases if not case.by_files]
    for case, answer in zip(batch, through_batch(program, batch) if batch else []):
        tally.note(case.name, differences(case.expected, answer))
    for case in cases:
        if case.by_files:
            tally.note(case.name, differences(case.expected, through_files([*program, "--json"], case)))


def run_oracle(path: str, cases: list[Case], tally: Tally) -> None:
    for case in cases:
        expected = dict(case.expected)
        if "error" in expected:
            expected["error"] = {"code": expected["error"]["code"]}
            if not expected["error"]["code"].startswith("rate."):
                tally.skipped += 1
                continue
        expected.pop("notes", None)
        tally.note(case.name, differences(expected, through_files([sys.executable, path], case)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--meterbook", metavar="PROGRAM")
    which.add_argument("--oracle", metavar="SCRIPT")
    parser.add_argument("cases", nargs="*", metavar="CASE")
    chosen = parser.parse_args()
    tally, cases = Tally(), []
    for folder in choose(chosen.cases):
        try:
            cases.append(load(folder))
        except BadCase as bad:
            tally.note(folder.name, [str(bad)])
    if chosen.meterbook:
        run_meterbook(chosen.meterbook, cases, tally)
    else:
        run_oracle(chosen.oracle, cases, tally)
    if tally.passed + tally.failed == 0:
        print("no case was run")
    skipped = f" skipped={tally.skipped}" if tally.skipped else ""
    print(f"passed={tally.passed} failed={tally.failed}{skipped}")
    return 0 if tally.passed and not tally.failed else 1


if __name__ == "__main__":
    sys.exit(main())
