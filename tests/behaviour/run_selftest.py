#!/usr/bin/env python3
"""The runner of the behaviour cases tells right from wrong: a copy of it, made-up cases, a program that says what it is told."""

from __future__ import annotations

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable

HERE = pathlib.Path(__file__).parent
TARIFF = {"code": "x"}
LINE = {"item": "energy", "band": "flat", "tier": 1, "quantity": "1.0000", "price": "0.50", "exact": "0.50", "amount": "0.50"}
PRICED = {"code": "x", "total": "0.50", "lines": [LINE], "notes": []}
REFUSED = {"error": {"code": "tariff.hole", "pointer": "/periods/1"}}
PROGRAM = """#!/usr/bin/env python3
import json, pathlib, sys
if "--batch" in sys.argv:
    for line in sys.stdin:
        print(json.dumps(json.loads(line)["usage"]["says"]))
else:
    usage = json.loads(pathlib.Path(sys.argv[sys.argv.index("--usage") + 1]).read_text())
    print("words first", json.dumps(usage["says"]), sep="\\n")
    sys.exit(usage.get("status", 1 if "error" in usage["says"] else 0))
"""


class Bench:
    def __init__(self, folder: pathlib.Path) -> None:
        self.folder, self.program = folder, folder.parent / "program"
        folder.mkdir()
        for name in ("run.py", "case.py", "compare.py"):
            shutil.copy(HERE / name, folder / name)
        self.program.write_text(PROGRAM)
        self.program.chmod(0o755)

    def case(self, name: str, says: dict, expected: dict | None, **usage: object) -> pathlib.Path:
        place = self.folder / name
        place.mkdir()
        (place / "tariff.json").write_text(json.dumps(TARIFF))
        (place / "usage.json").write_text(json.dumps({"says": says, **usage}))
        (place / "why.md").write_text("because\n")
        if expected is not None:
            (place / "expected.json").write_text(json.dumps(expected))
        return place

    def run(self, *names: str) -> tuple[int, str]:
        done = subprocess.run([sys.executable, str(self.folder / "run.py"), "--meterbook", str(self.program), *names],
                              capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr


def wanted(**changes: object) -> dict:
    return {"total": "0.50", "lines": [LINE | changes]}


def good(bench: Bench) -> None:
    bench.case("priced", PRICED, wanted(quantity="1", price="0.5"))
    bench.case("refused", REFUSED, REFUSED)
    bench.case("family", REFUSED, {"error": {"code": "tariff.*"}})
    bench.case("files", REFUSED, REFUSED | {"via": "files"})


FAILURES: dict[str, tuple[Callable[[Bench], object], str]] = {
    "no cases": (lambda b: None, "no case was run"),
    "no expectation": (lambda b: b.case("a", PRICED, None), "there is no expected.json"),
    "an empty expectation": (lambda b: b.case("a", PRICED, {}), "lacks lines, total"),
    "an unknown key": (lambda b: b.case("a", PRICED, wanted() | {"totals": "1"}), "unknown members: totals"),
    "an unknown key of a line": (lambda b: b.case("a", PRICED, wanted(amont="1")), "unknown members: amont"),
    "an unknown key of a refusal": (lambda b: b.case("a", REFUSED, {"error": {"code": "x.y", "place": "/"}}), "unknown members: place"),
    "an unknown file": (lambda b: (b.case("a", PRICED, wanted()) / "tarif-2.json").write_text("{}"), "unknown files: tarif-2.json"),
    "another total": (lambda b: b.case("a", PRICED | {"total": "0.51"}, wanted()), "answer.total: expected '0.50', got '0.51'"),
    "another amount": (lambda b: b.case("a", PRICED, wanted(amount="0.5")), "lines[0].amount: expected '0.5', got '0.50'"),
    "another quantity": (lambda b: b.case("a", PRICED, wanted(quantity="1.0001")), "lines[0].quantity"),
    "a number that is no text": (lambda b: b.case("a", PRICED | {"lines": [LINE | {"price": 0.5}]}, wanted()), "lines[0].price"),
    "one line more": (lambda b: b.case("a", PRICED | {"lines": [LINE, LINE]}, wanted()), "lines: expected 1, got 2"),
    "no notes": (lambda b: b.case("a", PRICED, wanted() | {"notes": True}), "notes: expected some, got []"),
    "a refusal": (lambda b: b.case("a", REFUSED, wanted()), "got the refusal"),
    "no refusal": (lambda b: b.case("a", PRICED, REFUSED), "expected the refusal tariff.hole"),
    "another place": (lambda b: b.case("a", {"error": {"code": "tariff.hole", "pointer": ""}}, REFUSED), "error.pointer"),
    "another family": (lambda b: b.case("a", REFUSED, {"error": {"code": "rate.*"}}), "error.code"),
    "a wrong status": (lambda b: b.case("a", REFUSED, REFUSED | {"via": "files"}, status=0), "exit 0 does not fit"),
    "a program that answers nothing": (lambda b: (b.case("a", PRICED, wanted()), b.program.write_text("#!/bin/sh\n")), "0 answers to 1 lines"),
}


def main() -> int:
    bad = 0
    for name, (prepare, words) in {"good cases": (good, "passed=4 failed=0"), **FAILURES}.items():
        with tempfile.TemporaryDirectory() as place:
            bench = Bench(pathlib.Path(place) / "cases")
            prepare(bench)
            status, said = bench.run()
            if status != (0 if prepare is good else 1) or words not in said:
                bad += 1
                print(f"{name}: exit {status}, wanted '{words}' in:\n{said}")
    with tempfile.TemporaryDirectory() as place:
        status, said = Bench(pathlib.Path(place) / "cases").run("nobody")
        if status == 0 or "there is no such case" not in said:
            bad += 1
            print(f"an unknown name: exit {status}\n{said}")
    print(f"passed={len(FAILURES) + 2 - bad} failed={bad}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
