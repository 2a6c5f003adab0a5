"""A tariff document read for pricing. Documents are not validated here, only what would make a silent guess."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

from days import calendar_years, cuts, statutory
from numbers_text import Refused, exact, units
from rules import BANDS, WEEKDAYS, Rules

GROUPS = {"workday": {"mon", "tue", "wed", "thu", "fri", "makeup"}, "weekend": {"sat", "sun"},
          "restday": {"sat", "sun", "holiday"}}
KINDS = {*WEEKDAYS, "holiday", "makeup"}
CALENDAR_WORDS = {"holiday", "makeup", "workday", "restday"}


def day_text(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise Refused("tariff.malformed_date", text) from error


def clock(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


def month_day(text: str) -> tuple[int, int]:
    return int(text[:2]), int(text[3:])


def kinds(words: list[str] | None) -> set[str]:
    if words is None:
        return set(KINDS)
    return set().union(*(GROUPS.get(word, {word}) for word in words))


def spans(dates: list[dict] | None) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    whole_year = [{"from": "01-01", "to": "12-31"}]
    return [(month_day(s["from"]), month_day(s["to"])) for s in (whole_year if dates is None else dates)]


def periods(entries: list[dict]) -> list[tuple[int, int, str]]:
    return [(clock(p["from"]), clock(p["to"]), p["band"]) for p in entries]


class OtherPeriods:
    """Other periods on the days that fulfil all conditions given."""

    def __init__(self, entry: dict) -> None:
        self.dates = spans(entry["dates"]) if "dates" in entry else None
        self.on = {day_text(day) for day in entry["on"]} if "on" in entry else None
        self.days = kinds(entry["days"]) if "days" in entry else None
        self.holidays = set(entry["holidays"]) if "holidays" in entry else None
        self.periods = periods(entry["periods"])

    def holds(self, day: dt.date, kind: str, rules: Rules) -> bool:
        if self.dates is not None and not any(rules.span_holds(*s, (day.month, day.day)) for s in self.dates):
            return False
        if self.on is not None and day not in self.on:
            return False
        if self.days is not None and kind not in self.days:
            return False
        entry = statutory().get(day)
        return self.holidays is None or (entry is not None and entry[0] == "holiday" and entry[1] in self.holidays)


class Version:
    def __init__(self, document: dict, rules: Rules) -> None:
        self.rules, self.code, self.number = rules, document["code"], document["version"]
        self.effective_from = day_text(document["effective_from"])
        self.unit = "kWh" if document["commodity"] == "electricity" else "m³"
        self.rounding = document.get("rounding", "line")
        self._read_days(document)
        self._read_prices(document)
        self._read_tiers(document)
        self.per_unit, self.fixed = document.get("per_unit", []), document.get("fixed", [])
        self.demand, self.power_factor = document.get("demand"), document.get("power_factor")
        self.allowances = document.get("allowances", [])
        self._tables: dict[object, tuple] = {}

    def _read_days(self, document: dict) -> None:
        seasons = document.get("seasons")
        if seasons is None:
            whole = [{"from": "00:00", "to": "24:00", "band": "flat"}]
            seasons = [{"tables": [{"periods": document.get("periods", whole)}]}]
        self.seasons = [(spans(s.get("dates")), [(kinds(t.get("days")), periods(t["periods"])) for t in s["tables"]])
                        for s in seasons]
        self.exceptions = [OtherPeriods(e) for e in document.get("exceptions", [])]
        tables = [t for s in seasons for t in s["tables"]] + document.get("exceptions", [])
        words = {word for t in tables for word in t.get("days", [])}
        self.needs_calendar = bool(words & CALENDAR_WORDS) or any("holidays" in t for t in tables)
        if self.needs_calendar and self.effective_from.year not in calendar_years():
            raise Refused("tariff.no_calendar", self.effective_from.year)
        self.bands = [b for b in BANDS if any(p["band"] == b for t in tables for p in t["periods"])]

    def _read_prices(self, document: dict) -> None:
        self.prices = document.get("prices", [])
        self.base_prices = [(day_text(b["from"]), day_text(b["to"]) if "to" in b else None, exact(b["price"]))
                            for b in document.get("base_prices", [])]
        self.ratios = {r["band"]: exact(r["ratio"]) for r in document.get("ratios", [])}
        self.price_decimals = document.get("price_decimals")

    def _read_tiers(self, document: dict) -> None:
        self.tier_cycle = document.get("tier_cycle", "none")
        start = document.get("tier_start", "01-01" if self.tier_cycle == "year" else "01")
        self.tier_start = month_day(start) if self.tier_cycle == "year" else (1, int(start))
        self.limits = [units(limit) for limit in document.get("tier_limits", [])]
        self.limits_by_month = {month: [units(limit) for limit in entry["limits"]]
                                for entry in document.get("tier_limits_by_month", []) for month in entry["months"]}
        self.household = [{"people": e["people"], "add": [units(a) for a in e["add"]]}
                          for e in document.get("household", [])]
        self.months_in_service = document.get("months_in_service", False)
        self.tier_split = document.get("tier_split", "share")
        count = 1 + (len(next(iter(self.limits_by_month.values()))) if self.limits_by_month else len(self.limits))
        self.tier_add = [exact(a) for a in document.get("tier_add", ["0"] * count)]

    def band_table(self, day: dt.date) -> tuple[list[str], list[tuple[int, int, str]]]:
        """The band of each of the 1440 minutes, and the same gathered to (from, to, band)."""
        if self.needs_calendar and day.year not in calendar_years():
            raise Refused("rate.no_calendar", day.year)
        kind = self.rules.kind_of_day(day, statutory().get(day, (None,))[0], self.needs_calendar)
        season, table = self._table_on(day, kind)
        over = [i for i, e in enumerate(self.exceptions) if e.holds(day, kind, self.rules)]
        key = (season, table, tuple(over))
        if key not in self._tables:
            minutes = [""] * 1440
            named = [self.exceptions[i].periods for i in over]
            for layer in [self.seasons[season][1][table][1], *self.rules.painted(named)]:
                for begin, end, band in layer:
                    named_minutes = self.rules.period_minutes(begin, min(end, 1440))
                    minutes[named_minutes.start:named_minutes.stop] = [band] * len(named_minutes)
            self._tables[key] = (minutes[:1440], cuts(minutes[:1440]))
        return self._tables[key]

    def _table_on(self, day: dt.date, kind: str) -> tuple[int, int]:
        for i, (dates, tables) in enumerate(self.seasons):
            if any(self.rules.span_holds(*span, (day.month, day.day)) for span in dates):
                for j, (days, _) in enumerate(tables):
                    if kind in days:
                        return i, j
        raise Refused("tariff.hole", f"{day} ({kind})")

    def base_index(self, day: dt.date) -> int | None:
        if not self.base_prices:
            return None
        for i, (begin, end, _) in enumerate(self.base_prices):
            if self.rules.base_holds(begin, end, day):
                return i
        raise Refused("rate.no_base_price", day)

    def price(self, band: str, tier: int, base: int | None) -> Fraction:
        """Yuan per unit; `tier` counts from 1."""
        if base is not None:
            price = self.rules.derived_price(self.base_prices[base][2], self.ratios[band], self.price_decimals)
        else:
            named = [p for p in self.prices if p.get("band", band) == band and p.get("tier", tier) == tier]
            if len(named) != 1:
                raise Refused("tariff.missing_price", f"{band}, tier {tier}")
            price = exact(named[0]["price"])
        return price + self.tier_add[tier - 1]

    def allowance(self, name: str, kind: str) -> dict | None:
        return next((a for a in self.allowances if a["name"] == name and a["kind"] == kind), None)
