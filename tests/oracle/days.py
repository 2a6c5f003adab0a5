"""Local time: the zone's midnights, and the statutory calendar as it stands in data/cn_holidays.csv."""

from __future__ import annotations

import csv
import datetime as dt
import pathlib
from functools import lru_cache
from zoneinfo import ZoneInfo

ROOT = pathlib.Path(__file__).resolve().parents[2]
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)
MICROSECOND = dt.timedelta(microseconds=1)
MINUTE = 60_000_000
DAY = 1440 * MINUTE
HOLIDAYS = {"元旦": "new_year", "春节": "spring_festival", "清明": "tomb_sweeping", "劳动节": "labour_day",
            "端午": "dragon_boat", "中秋": "mid_autumn", "国庆节": "national_day"}


@lru_cache(maxsize=None)
def statutory() -> dict[dt.date, tuple[str, str]]:
    """Date → (kind in the file, name of the holiday)."""
    with open(ROOT / "data/cn_holidays.csv", encoding="utf-8-sig", newline="") as file:
        return {dt.date.fromisoformat(row["date"]): (row["kind"], HOLIDAYS[row["name_zh"]]) for row in csv.DictReader(file)}


@lru_cache(maxsize=None)
def calendar_years() -> frozenset[int]:
    return frozenset(day.year for day in statutory())


def microseconds(moment: dt.datetime) -> int:
    return (moment - EPOCH) // MICROSECOND


@lru_cache(maxsize=200_000)
def midnight(zone: str, day: dt.date) -> int:
    return microseconds(dt.datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)))


@lru_cache(maxsize=200_000)
def local(zone: str, at: int) -> dt.datetime:
    return (EPOCH + at * MICROSECOND).astimezone(ZoneInfo(zone))


def instant(text: str, zone: str) -> int:
    """RFC 3339, or local time without an offset."""
    moment = dt.datetime.fromisoformat(text)
    return microseconds(moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone)))


def cuts(table: list[str]) -> list[tuple[int, int, str]]:
    """A day's minutes gathered where the band stays the same: (from, to, band)."""
    bounds = [0, *(m for m in range(1, len(table)) if table[m] != table[m - 1]), len(table)]
    return [(begin, end, table[begin]) for begin, end in zip(bounds, bounds[1:])]


def day_parts(zone: str, day: dt.date, table: list[str], gathered: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """The instants at which the band changes: (begin, end, band). `table` has the band of each minute of the clock."""
    begin, end = midnight(zone, day), midnight(zone, day + dt.timedelta(days=1))
    if end - begin == DAY:
        return [(begin + first * MINUTE, begin + last * MINUTE, band) for first, last, band in gathered]
    moments = range(begin, end, MINUTE)  # clocks are put forward or back: what the clock on the wall shows counts
    walls = [local(zone, at) for at in moments]
    shown = [table[wall.hour * 60 + wall.minute] for wall in walls]
    return [(begin + first * MINUTE, begin + last * MINUTE, band) for first, last, band in cuts(shown)]
