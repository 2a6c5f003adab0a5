"""Energy: intervals cut at every bound, divided, given to allowances and tiers. The whole history at once, never step by step."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import groupby
from typing import NamedTuple

from days import day_parts, local, midnight
from document import Version
from numbers_text import UNITS, Refused
from rules import BANDS, ONE_DAY, Rules
from usage import Interval, Use


class Place(NamedTuple):
    """What a day's use belongs to; a billing stretch is the time in which it stays the same."""

    occupant: int
    month: dt.date
    version: int  # index
    base: int | None  # index of the base price
    cycle: tuple[str, dt.date] | None


@dataclass
class Piece:
    begin: int
    end: int
    place: Place
    band: str
    quantity: int = 0


@dataclass
class Grant:
    occupant: int
    kind: str
    name: str
    month: dt.date
    since: dt.date  # first day in service of that month
    ends: dt.date
    left: int | Fraction


@dataclass
class Line:
    occupant: int
    month: dt.date
    kind: str  # energy, free, per_unit, fixed, demand, power_factor, subsidy
    item: str
    version: int  # index
    price: Fraction
    quantity: Fraction = Fraction(0)
    unit: str = ""
    position: int = 0  # within per_unit and fixed
    base: int | None = None
    tier: int | None = None
    band: str | None = None
    in_factor: bool = False
    exact: Fraction = Fraction(0)
    amount: Fraction = Fraction(0)


@dataclass
class Rating:
    versions: list[Version]
    use: Use
    rules: Rules
    places: dict[dt.date, Place] = field(default_factory=dict)
    parts: dict[dt.date, list] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.beginnings = [v.effective_from for v in self.versions]

    # where a use belongs

    def version_on(self, day: dt.date) -> int:
        index = self.rules.version_on(self.beginnings, day)
        if index < 0 and self.use.quantities is not None:
            return 0  # the whole month counts, also what lies before the first version
        if index < 0:
            raise Refused("rate.no_version", day)
        return index

    def place_of(self, day: dt.date) -> Place:
        if day not in self.places:
            index = self.version_on(day)
            version = self.versions[index]
            begin = self.rules.cycle_begin(day, version.tier_cycle, version.tier_start)
            occupant = max((o.number for o in self.use.occupants if o.begin <= day), default=1)
            self.places[day] = Place(occupant, day.replace(day=1), index, version.base_index(day),
                                     None if begin is None else (version.tier_cycle, begin))
        return self.places[day]

    def parts_of(self, day: dt.date) -> list[tuple[int, int, str]]:
        if day not in self.parts:
            table, gathered = self.versions[self.version_on(day)].band_table(day)
            self.parts[day] = day_parts(self.use.zone, day, table, gathered)
        return self.parts[day]

    def pieces(self) -> list[Piece]:
        if self.use.quantities is not None:
            return self._stated()
        return [piece for interval in self.use.intervals for piece in self.divided(interval)]

    def _stated(self) -> list[Piece]:
        place = self.place_of(self.use.on)
        found = []
        for i, (band, quantity) in enumerate(self.use.quantities):
            if band not in (self.versions[place.version].bands):
                raise Refused("rate.unknown_band", band)
            found.append(Piece(i, i + 1, place, band, quantity))
        return found

    def cut(self, interval: Interval) -> list[Piece]:
        found: list[Piece] = []
        day = local(self.use.zone, interval.begin).date()
        while midnight(self.use.zone, day) < interval.end:
            for begin, end, band in self.parts_of(day):
                begin, end = max(begin, interval.begin), min(end, interval.end)
                if begin >= end:
                    continue
                place = self.place_of(day)
                if found and found[-1].place == place and found[-1].band == band:
                    found[-1].end = end
                else:
                    found.append(Piece(begin, end, place, band))
            day += ONE_DAY
        return found

    def divided(self, interval: Interval) -> list[Piece]:
        pieces = self.cut(interval)
        groups = [(pieces, interval.quantity)]
        bands = {piece.band for piece in pieces}
        if len(pieces) > 1 and self.rules.registers_serve(interval.registers, interval.quantity, bands):
            groups = [([p for p in pieces if p.band == b], interval.registers.get(b, 0)) for b in bands]
        for group, quantity in groups:
            for piece, part in zip(group, self.rules.shares(quantity, [p.end - p.begin for p in group])):
                piece.quantity = part
        return pieces

    # limits

    def limits(self, version: Version, cycle: tuple[str, dt.date], occupant: int) -> list[int]:
        use, rules = self.use, self.rules

        def on(day: dt.date, base: list[int]) -> list[int]:
            people = rules.household_on(use.household, use.household_changes, day)
            return [a + b for a, b in zip(base, rules.household_add(version.household, people, len(base)))]

        name, begin = cycle
        if name == "month":
            return on(begin, version.limits_by_month.get(rules.limits_month(begin), version.limits))
        service = use.occupants[occupant - 1].tier_service
        months = [m for m in rules.cycle_months(begin)
                  if not version.months_in_service or rules.month_counts(m, service)]
        each = [on(first, version.limits) for first, _ in months]
        return [rules.twelfths(sum(one[i] for one in each)) for i in range(len(version.limits))]

    # lines

    def energy(self, grants: list[Grant]) -> list[Line]:
        """Lines of energy, free and per_unit; takes from the grants what is free."""
        found: dict[tuple, Line] = {}
        counters: dict[tuple, int] = {}
        first = True
        pieces = sorted(self.pieces(), key=lambda p: p.begin)
        for place, group in groupby(pieces, key=lambda p: p.place):
            stretch = list(group)
            version = self.versions[place.version]
            key = (self.use.occupants[place.occupant - 1].chain, place.cycle)
            before = counters.get(key, self.rules.cycle_before(self.use.cycle_before, first))
            first = False
            paid, free, counted = self.without_free(stretch, version, grants)
            for band, quantity in free.items():
                self.add(found, place, "free", "free", Fraction(0), quantity, band=band)
            limits = self.limits(version, place.cycle, place.occupant) if place.cycle else []
            for (band, tier), quantity in self.tiers(paid, counted, before, limits, version).items():
                if quantity == 0:
                    continue
                price = version.price(band, tier, place.base)
                self.add(found, place, "energy", "energy", price, quantity, place.base, tier, band)
            quantity = sum(quantity for _, quantity in paid)
            counters[key] = self.rules.counter_after(before, quantity, sum(counted))
            for position, item in enumerate(version.per_unit):
                share = self.rules.per_unit_price(Fraction(item["price"]), Fraction(item.get("share", "1")))
                charged = self.rules.per_unit_quantity(quantity, sum(free.values()))
                line = self.add(found, place, "per_unit", item["item"], share, charged)
                line.position, line.in_factor = position, item.get("in_power_factor", False)
        return [line for line in found.values() if line.quantity]

    def add(self, found: dict[tuple, Line], place: Place, kind: str, item: str, price: Fraction, quantity: int,
            base: int | None = None, tier: int | None = None, band: str | None = None) -> Line:
        key = (place.occupant, place.month, item, place.version, base, tier, band)
        if key not in found:
            found[key] = Line(place.occupant, place.month, kind, item, place.version, price,
                              unit=self.versions[place.version].unit, base=base, tier=tier, band=band)
        line = found[key]
        line.quantity += Fraction(quantity, UNITS)
        line.exact = line.quantity * line.price
        return line

    def without_free(self, stretch: list[Piece], version: Version,
                     grants: list[Grant]) -> tuple[list[tuple[str, int]], dict[str, int], list[int]]:
        """What is left of each piece (band, quantity), what was free of each band, and what of it each piece's tiers count."""
        paid, free, counted = [], {}, []
        for piece in stretch:
            left, seen = piece.quantity, 0
            day = local(self.use.zone, piece.begin).date() if self.use.quantities is None else self.use.on
            for allowance in version.allowances:
                if allowance["kind"] != "quantity":
                    continue
                for grant in self.usable(grants, allowance["name"], "quantity", piece.place.occupant, day):
                    taken = min(left, grant.left)
                    grant.left -= taken
                    left -= taken
                    free[piece.band] = free.get(piece.band, 0) + taken
                    seen += self.rules.free_counted(taken, allowance.get("counts_in_tiers", False))
            paid.append((piece.band, left))
            counted.append(seen)
        return paid, free, counted

    def usable(self, grants: list[Grant], name: str, kind: str, occupant: int, day: dt.date) -> list[Grant]:
        """The grants of this allowance that may be used that day, in order: every version since the grant still names it."""
        last = self.version_on(day)
        found = [g for g in grants if (g.name, g.kind, g.occupant) == (name, kind, occupant)
                 and g.since <= day < g.ends
                 and all(v.allowance(name, kind) for v in self.versions[self.version_on(g.since):last + 1])]
        return self.rules.grants_in_order(found)

    def tiers(self, paid: list[tuple[str, int]], counted: list[int], before: int, limits: list[int],
              version: Version) -> dict[tuple[str, int], int]:
        bounds = [0, *limits, None]
        found: dict[tuple[str, int], int] = {}
        if version.tier_split == "time_order":
            for (band, quantity), free in zip(paid, counted):
                begin = before + free
                for tier, (lower, upper) in enumerate(zip(bounds, bounds[1:]), 1):
                    part = self.rules.in_tier(begin, begin + quantity, lower, upper)
                    found[band, tier] = found.get((band, tier), 0) + part
                before = begin + quantity
            return found
        begin = before + sum(counted)  # what is free comes first in its month, so also first in the stretch
        used = [sum(q for b, q in paid if b == band) for band in BANDS]
        left = list(used)
        for tier, (lower, upper) in enumerate(zip(bounds, bounds[1:]), 1):
            part = self.rules.in_tier(begin, begin + sum(q for _, q in paid), lower, upper)
            if part == 0:
                continue
            shares = self.rules.shares(part, self.rules.share_weights(used, left))
            found.update({(band, tier): share for band, share in zip(BANDS, shares)})
            left = [rest - share for rest, share in zip(left, shares)]
        return found
