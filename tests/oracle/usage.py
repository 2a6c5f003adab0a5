"""What was used: the JSON object or the CSV file of docs/reference/rate.md, turned into intervals or quantities."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import pathlib
from dataclasses import dataclass, field
from fractions import Fraction

from days import MINUTE, instant, local, midnight
from document import day_text
from numbers_text import Refused, exact, units
from rules import BANDS, ONE_DAY, Rules, month_length

ZONE = "Asia/Shanghai"


@dataclass
class Interval:
    begin: int  # microseconds
    end: int
    quantity: int
    registers: dict[str, int] | None = None  # only if their table is the tariff's


@dataclass
class Occupant:
    number: int
    begin: dt.date  # first day
    end: dt.date  # first day that is not his
    chain: int  # those who share a tier counter
    tier_service: tuple[dt.date | None, dt.date | None] = (None, None)


@dataclass
class Use:
    zone: str
    terms: dict
    intervals: list[Interval] = field(default_factory=list)
    quantities: list[tuple[str, int]] | None = None
    on: dt.date | None = None
    cycle_before: int = 0
    demand_kw: dict[str, Fraction] = field(default_factory=dict)
    reactive: dict[str, Fraction] = field(default_factory=dict)
    factors: dict[str, Fraction] = field(default_factory=dict)
    household: int | None = None
    household_changes: list[tuple[dt.date, int]] = field(default_factory=list)
    occupants: list[Occupant] = field(default_factory=list)


def from_file(path: pathlib.Path) -> dict:
    text = path.read_bytes().decode("utf-8-sig")
    if path.suffix != ".csv":
        return json.loads(text)
    rows = list(csv.DictReader(io.StringIO(text)))
    names = set(rows[0]) if rows else set()
    if names == {"band", "quantity"}:
        return {"quantities": rows}
    if names == {"from", "to", "quantity"}:
        return {"intervals": rows}
    if {"at", "total"} <= names:
        return {"readings": [{k: v for k, v in row.items() if v} for row in rows]}
    raise Refused("rate.unknown_columns", ",".join(sorted(names)))


def interval_list(entries: list | dict, zone: str) -> list[Interval]:
    if isinstance(entries, dict):
        begin, step = instant(entries["start"], zone), entries["minutes"] * MINUTE
        return [Interval(begin + i * step, begin + (i + 1) * step, units(v)) for i, v in enumerate(entries["values"])]
    found = []
    for entry in entries:
        registers = {b: units(q) for b, q in entry["registers"].items()} if "registers" in entry else None
        found.append(Interval(instant(entry["from"], zone), instant(entry["to"], zone), units(entry["quantity"]), registers))
    return found


class Readings:
    """The cumulative registers of the meters, with what the events say about them."""

    def __init__(self, usage: dict, zone: str, rules: Rules) -> None:
        self.zone, self.rules = zone, rules
        self.meters = {m["id"]: m for m in usage.get("meters", [])}
        self.match = usage.get("registers_match", False)
        self.known: dict[str, dict[int, dict]] = {}
        entries, self.events = usage["readings"], usage.get("events", [])
        single = next(iter(self.meters), "")
        for entry in sorted(entries, key=rules.in_force):  # what stands comes last
            self._take(entry.get("meter", single), entry["at"], entry)
        for event in self.events:
            if event["kind"] == "exchange":
                self._take(event["old"], event["at"], event["old_final"])
                self._take(event["new"], event["at"], event["new_first"])
        for event in self.events:
            if event["kind"] == "correction":
                self._take(event.get("meter", single), event["at"], event)
        self.single = single

    def _take(self, meter: str, at: str, entry: dict) -> None:
        values = {name: units(entry[name]) for name in ("total", *BANDS) if name in entry}
        modulus = self.meters.get(meter, {}).get("modulus")
        if any(value < 0 or (modulus and value >= units(modulus)) for value in values.values()):
            raise Refused("rate.malformed", f"meter {meter}, {at}")
        self.known.setdefault(meter, {})[instant(at, self.zone)] = values

    def intervals(self) -> list[Interval]:
        return [part for meter in self.known for part in self._of(meter)]

    def _of(self, meter: str) -> list[Interval]:
        told = self.meters.get(meter, {})
        changes = sorted((instant(e["from"], self.zone), ratio(e["ratio"])) for e in self.events
                         if e["kind"] == "ratio" and e.get("meter", self.single) == meter)
        first = ratio(told.get("ratio", 1))
        readings = sorted(self.known[meter].items())
        registers = {b for _, values in readings for b in values if b != "total"} if self.match else set()
        found = []
        for (begin, earlier), (end, later) in zip(readings, readings[1:]):
            moved = later["total"] - earlier["total"]
            modulus = units(told["modulus"]) if "modulus" in told else None
            if moved < 0:
                if self.rules.zero_is_no_rollover(later["total"]) or not self.rules.is_rollover(earlier["total"], later["total"], modulus):
                    raise Refused("rate.backward", f"meter {meter}, {local(self.zone, end).isoformat()}")
                moved += modulus
            bands = None
            if registers and all(b in earlier and b in later for b in registers):
                bands = {b: self._moved(earlier[b], later[b], modulus) for b in registers}
            found += self._with_ratio(begin, end, moved, bands, first, changes)
        return found

    def _moved(self, earlier: int, later: int, modulus: int | None) -> int:
        rolled = later < earlier and self.rules.is_rollover(earlier, later, modulus)
        return later - earlier + (modulus if rolled else 0)

    def _with_ratio(self, begin: int, end: int, moved: int, bands: dict[str, int] | None, first: Fraction,
                    changes: list[tuple[int, Fraction]]) -> list[Interval]:
        bounds = [begin, *(at for at, _ in changes if begin < at < end), end]
        lengths = [b - a for a, b in zip(bounds, bounds[1:])]
        found = []
        for a, b, part in zip(bounds, bounds[1:], self.rules.shares(moved, lengths)):
            factor = self.rules.ratio_at(first, changes, a)
            own = {n: whole(q * factor) for n, q in bands.items()} if bands and len(lengths) == 1 else None
            found.append(Interval(a, b, whole(part * factor), own))
        return found


def ratio(value: object) -> Fraction:
    return Fraction(value) if isinstance(value, int) else exact(value)


def whole(value: Fraction) -> int:
    if value.denominator != 1:
        raise Refused("rate.too_many_decimals", value)
    return value.numerator


def occupants(use: Use, events: list[dict], told: tuple[dt.date | None, dt.date | None],
              begin: dt.date, end: dt.date, rules: Rules) -> list[Occupant]:
    found = [Occupant(1, begin, end, 1)]
    for event in sorted((e for e in events if e["kind"] == "occupant"), key=lambda e: e["at"]):
        last, at = found[-1], day_text(event["at"])
        chain = last.chain if rules.counter_goes_on(event.get("keeps_tiers", False)) else last.chain + 1
        found.append(Occupant(last.number + 1, at, last.end, chain))
        last.end = at
    for one in found:
        others = [o for o in found if o.chain == one.chain]
        one.tier_service = (told[0] if others[0].number == 1 else others[0].begin,
                            told[1] if others[-1].number == len(found) else others[-1].end)
    return found


def read(usage: dict, default_on: dt.date, rules: Rules, zone: str = ZONE) -> Use:
    zone, terms, events = usage.get("zone", zone), usage.get("terms", {}), usage.get("events", [])
    if len({"quantities", "intervals", "readings"} & set(usage)) != 1:
        raise Refused("rate.which_use", "exactly one of quantities, intervals, readings")
    use = Use(zone, terms, cycle_before=units(usage.get("cycle_before", "0")), household=terms.get("household"))
    for name, place in (("demand_kw", use.demand_kw), ("reactive_kvarh", use.reactive), ("power_factor", use.factors)):
        place.update({month: exact(text) for month, text in usage.get(name, {}).items()})
    use.household_changes = [(day_text(e["from"]), e["people"]) for e in events if e["kind"] == "household"]
    told = (day_text(terms["in_service_from"]) if "in_service_from" in terms else None,
            day_text(terms["in_service_to"]) if "in_service_to" in terms else None)
    if "quantities" in usage:
        use.quantities = [(q.get("band", "flat"), units(q["quantity"])) for q in usage["quantities"]]
        use.on = day_text(usage["on"]) if "on" in usage else default_on
        begin = use.on.replace(day=1)
        end = begin.replace(day=month_length(begin)) + ONE_DAY
    else:
        readings = Readings(usage, zone, rules) if "readings" in usage else None
        use.intervals = readings.intervals() if readings else interval_list(usage["intervals"], zone)
        use.intervals.sort(key=lambda i: i.begin)
        check_intervals(use)
        begin = told[0] or local(zone, use.intervals[0].begin).date()
        end = told[1] or local(zone, max(i.end for i in use.intervals) - 1).date() + ONE_DAY
    use.occupants = occupants(use, events, told, begin, end, rules)
    if use.quantities is None:
        use.intervals = [part for interval in use.intervals for part in of_occupants(use, interval, rules)]
    return use


def of_occupants(use: Use, interval: Interval, rules: Rules) -> list[Interval]:
    """Each occupant's part is an interval of its own; the registers do not tell who used what."""
    changes = [midnight(use.zone, one.begin) for one in use.occupants[1:]]
    bounds = [interval.begin, *(at for at in changes if interval.begin < at < interval.end), interval.end]
    if len(bounds) == 2:
        return [interval]
    parts = rules.shares(interval.quantity, [b - a for a, b in zip(bounds, bounds[1:])])
    return [Interval(a, b, part) for a, b, part in zip(bounds, bounds[1:], parts)]


def check_intervals(use: Use) -> None:
    if not use.intervals:
        raise Refused("rate.no_use")
    if any(i.end <= i.begin or i.quantity < 0 for i in use.intervals):
        raise Refused("rate.bad_interval")
    if any(a.end > b.begin for a, b in zip(use.intervals, use.intervals[1:])):
        raise Refused("rate.overlap", local(use.zone, use.intervals[0].begin).isoformat())
    first, last = use.intervals[0].begin, use.intervals[-1].end
    if first < midnight(use.zone, dt.date(1980, 1, 1)) or last > midnight(use.zone, dt.date(2100, 1, 1)):
        raise Refused("rate.bad_interval", "out of the years that are known")
