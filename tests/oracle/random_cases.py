#!/usr/bin/env python3
"""Random tariffs and histories, one JSON object a line: {"tariffs": […], "usage": {…}}. The same seed gives the same cases.

    python3 tests/oracle/random_cases.py --seed 1 --count 10
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
from random import Random

from random_tariff import TariffMaker
from random_usage import UsageMaker
from rules import ONE_DAY

CALENDAR_FROM = dt.date(2023, 1, 1)


def case(seed: int, number: int) -> dict:
    rng = Random(f"{seed}:{number}")
    usage = UsageMaker(rng)
    tariff = TariffMaker(rng, usage.day, usage.last, usage.sums, usage.minutes)
    back = rng.choice((0, 1, 10, 60, 400)) if usage.form != "quantities" else usage.day.day - 1
    first = max(CALENDAR_FROM, usage.day - back * ONE_DAY)
    later: set[dt.date] = set()
    if rng.random() < 0.35 and usage.last > first:
        middle = max(first, usage.day)
        later = {middle + rng.randint(1, max(1, (usage.last - middle).days)) * ONE_DAY for _ in range(rng.choice((1, 1, 2)))}
    documents = [tariff.document(number, day) for number, day in enumerate([first, *sorted(later)], 1)]
    return {"tariffs": documents, "usage": usage.finished(documents)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--count", type=int, default=10)
    chosen = parser.parse_args()
    for number in range(chosen.first, chosen.first + chosen.count):
        print(json.dumps(case(chosen.seed, number), ensure_ascii=False))


if __name__ == "__main__":
    main()
