#!/usr/bin/env python3
"""Prices a use as docs/reference says, and shares no code with the program that does the same.

    python3 tests/oracle/oracle.py --tariff T.json [--tariff T2.json …] --usage U.(json|csv) [--zone Asia/Shanghai]

prints the object of `meterbook rate --json`; exit 1 and {"error": {"code": …}} when it refuses.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import sys

from charges import answer
from document import Version, day_text
from numbers_text import Refused
from rating import Rating
from rules import Rules
from usage import ZONE, from_file, read


def rate(documents: list[dict], usage: dict, rules: Rules | None = None, zone: str = ZONE) -> dict:
    """The answer, or {"error": {"code": …, "detail": …}}."""
    rules = rules or Rules()
    try:
        return rate_strictly(documents, usage, rules, zone)
    except Refused as refused:
        return {"error": {"code": refused.code, "detail": refused.detail}}


def rate_strictly(documents: list[dict], usage: dict, rules: Rules, zone: str = ZONE) -> dict:
    versions = sorted((Version(document, rules) for document in documents), key=lambda v: v.effective_from)
    if len({v.code for v in versions}) != 1:
        raise Refused("tariff.code_differs")
    use = read(usage, day_text(min(d["effective_from"] for d in documents)), rules, zone)
    return answer(Rating(versions, use, rules))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tariff", type=pathlib.Path, action="append")
    parser.add_argument("--usage", type=pathlib.Path)
    parser.add_argument("--batch", action="store_true", help="a case a line on standard input, as random_cases.py writes them")
    parser.add_argument("--zone", default=ZONE)
    chosen = parser.parse_args()
    if chosen.batch:
        for line in sys.stdin:
            case = json.loads(line)
            print(json.dumps(rate(case["tariffs"], case["usage"], zone=chosen.zone), ensure_ascii=False))
        return 0
    if not chosen.tariff or not chosen.usage:
        parser.error("--tariff and --usage, or --batch")
    found = rate([from_file(path) for path in chosen.tariff], from_file(chosen.usage), zone=chosen.zone)
    print(json.dumps(found, ensure_ascii=False))
    return 1 if "error" in found else 0


if __name__ == "__main__":
    sys.exit(main())
