"""From energy to bills: fees, demand, power factor and subsidies of each month, and where amounts become whole fen."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

from days import MINUTE, local, midnight
from document import Version
from numbers_text import UNITS, Refused, decimal_text, exact, units
from rating import Grant, Line, Rating
from rules import BANDS, ONE_DAY

ORDER = ("energy", "free", "per_unit", "fixed", "demand", "power_factor", "subsidy")


class Bills:
    def __init__(self, rating: Rating) -> None:
        self.rating, self.rules, self.use, self.versions = rating, rating.rules, rating.use, rating.versions
        self.days = self._days_in_service()
        self.grants = [grant for (occupant, month), days in self.days.items()
                       for grant in self._granted(occupant, month, days)]
        self.items: dict[str, int] = {}
        for version in self.versions:
            for item in version.per_unit:
                self.items.setdefault(item["item"], len(self.items))

    def _days_in_service(self) -> dict[tuple[int, dt.date], list[dt.date]]:
        found: dict[tuple[int, dt.date], list[dt.date]] = {}
        for occupant in self.use.occupants:
            day = occupant.begin
            while day < occupant.end:
                found.setdefault((occupant.number, day.replace(day=1)), []).append(day)
                day += ONE_DAY
        return found

    def _version(self, day: dt.date) -> Version:
        return self.versions[self.rating.version_on(day)]

    def _granted(self, occupant: int, month: dt.date, days: list[dt.date]) -> list[Grant]:
        first = self.rules.grant_day(days)
        found = []
        for allowance in self._version(first).allowances:
            left = units(allowance["amount"]) if allowance["kind"] == "quantity" else exact(allowance["amount"])
            ends = self.rules.grant_ends(month, allowance.get("expires_after_months", 1))
            found.append(Grant(occupant, allowance["kind"], allowance["name"], month, first, ends, left))
        return found

    def lines(self) -> list[Line]:
        energy = self.rating.energy(self.grants)
        found: list[Line] = []
        months = sorted({*self.days, *((line.occupant, line.month) for line in energy)})
        for occupant, month in months:
            lines = [line for line in energy if (line.occupant, line.month) == (occupant, month)]
            lines.sort(key=self._order)
            self._round(lines)
            if (occupant, month) in self.days:
                lines += self._month(occupant, month, lines)
            found += lines
        return found

    def _order(self, line: Line) -> tuple:
        base = -1 if line.base is None else line.base
        position = self.items[line.item] if line.kind == "per_unit" else line.position
        band = -1 if line.band is None else BANDS.index(line.band)
        return (ORDER.index(line.kind), position, line.version, base, line.tier or 0, band)

    def _round(self, lines: list[Line]) -> None:
        """Energy, free and per_unit lines of one month, in their order."""
        together = [line for line in lines if self.versions[line.version].rounding == "total"]
        for line in lines:
            line.amount = self.rules.fen(line.exact)
        for line, amount in zip(together, self.rules.fen_shares([line.exact for line in together])):
            line.amount = amount

    def _month(self, occupant: int, month: dt.date, energy: list[Line]) -> list[Line]:
        days = self.days[occupant, month]
        last = self.rules.fee_day(days)
        index = self.rating.version_on(last)
        version = self.versions[index]
        found = self._fixed(occupant, month, len(days), index)
        if version.demand is not None:
            line = self._demand(occupant, month, days, index)
            found += [line] if line.quantity else []
        factor = self._factor(occupant, month, version, energy)
        if factor is not None:
            basis = sum((line.exact for line in [*energy, *found] if self.rules.in_basis(line)), Fraction(0))
            line = Line(occupant, month, "power_factor", "power_factor", index, self._percent(version, factor),
                        Fraction(factor, 100), "pf")
            line.exact = basis * line.price / 100
            line.amount = self.rules.fen(line.exact)
            found.append(line)
        subsidy = self._subsidy(occupant, month, index, last, [*energy, *found])
        return found + ([subsidy] if subsidy is not None else [])

    def _fixed(self, occupant: int, month: dt.date, days: int, index: int) -> list[Line]:
        found = []
        for position, item in enumerate(self.versions[index].fixed):
            line = Line(occupant, month, "fixed", item["item"], index, exact(item["price"]), Fraction(1), "month",
                        position, in_factor=item.get("in_power_factor", False))
            if item["per"] == "m2_month":
                if "area_m2" not in self.use.terms:
                    raise Refused("rate.area_missing", item["item"])
                line.quantity, line.unit = exact(self.use.terms["area_m2"]), "m²"
            line.exact = line.quantity * line.price
            if item.get("prorate", False):
                line.exact = self.rules.prorated(line.exact, days, month)
            line.amount = self.rules.fen(line.exact)
            found += [line] if line.quantity else []
        return found

    # demand

    def _demand(self, occupant: int, month: dt.date, days: list[dt.date], index: int) -> Line:
        demand = self.versions[index].demand
        capacity = demand["basis"] == "capacity"
        line = Line(occupant, month, "demand", "capacity" if capacity else "demand", index, exact(demand["price"]),
                    unit="kVA" if capacity else "kW")
        if capacity:
            if "capacity_kva" not in self.use.terms:
                raise Refused("rate.capacity_missing")
            line.quantity = exact(self.use.terms["capacity_kva"])
        elif f"{month:%Y-%m}" in self.use.demand_kw:
            line.quantity = self.use.demand_kw[f"{month:%Y-%m}"]
        else:
            line.quantity = self._largest_mean(demand, days[0], days[-1] + ONE_DAY)
        line.exact = line.quantity * line.price
        line.amount = self.rules.fen(line.exact)
        return line

    def _largest_mean(self, demand: dict, first: dt.date, end: dt.date) -> Fraction:
        if self.use.quantities is not None:
            raise Refused("rate.demand_unknown", "quantities have no windows")
        zone = self.use.zone
        minutes = demand.get("window_minutes", 15)
        window, step = minutes * MINUTE, demand.get("slide_minutes", minutes) * MINUTE
        month_begin, month_end = midnight(zone, first), midnight(zone, end)
        steps: dict[int, int] = {}
        for interval in self.use.intervals:
            day = midnight(zone, local(zone, interval.begin).date())
            step_at = day + (interval.begin - day) // step * step
            if interval.end > step_at + step:
                if interval.begin < month_end and interval.end > month_begin:
                    raise Refused("rate.demand_unknown", local(zone, interval.begin).isoformat())
                continue
            steps[step_at] = steps.get(step_at, 0) + interval.quantity
        starts = {at for step_at in steps for at in self.rules.window_starts(step_at, step, window)
                  if self.rules.window_counts(at, at + window, month_begin, month_end)}
        most = max((sum(steps.get(at, 0) for at in range(start, start + window, step)) for start in starts), default=0)
        return Fraction(most, UNITS) * 60 / minutes

    # power factor

    def _factor(self, occupant: int, month: dt.date, version: Version, energy: list[Line]) -> int | None:
        if version.power_factor is None:
            return None
        name = f"{month:%Y-%m}"
        active = sum((line.quantity for line in energy if line.kind in ("energy", "free")), Fraction(0))
        if name in self.use.factors:
            return int(self.use.factors[name] * 100)
        if name not in self.use.reactive:
            if active:
                raise Refused("rate.reactive_missing", name)
            return None
        reactive = self.use.reactive[name]
        both = int(active * UNITS), int(reactive * UNITS)
        return self.rules.hundredths(*both) if any(both) else None

    def _percent(self, version: Version, factor: int) -> Fraction:
        if "standard" in version.power_factor:
            return self.rules.percent(int(exact(version.power_factor["standard"]) * 100), factor)
        for row in version.power_factor["table"]:
            if self.rules.row_holds(row["from"], row["to"], factor):
                return exact(row["percent"])
        raise Refused("tariff.hole", f"power factor {factor}")

    # subsidies

    def _subsidy(self, occupant: int, month: dt.date, index: int, day: dt.date, lines: list[Line]) -> Line | None:
        room = used = self.rules.subsidy_room(lines)
        for allowance in self.versions[index].allowances:
            if allowance["kind"] == "money":
                for grant in self.rating.usable(self.grants, allowance["name"], "money", occupant, day):
                    taken = max(Fraction(0), min(room, grant.left))
                    grant.left -= taken
                    room -= taken
        if used <= room:
            return None
        line = Line(occupant, month, "subsidy", "subsidy", index, Fraction(-1), used - room, "yuan")
        line.exact = line.amount = -line.quantity
        return line


def answer(rating: Rating) -> dict:
    """The JSON object of `meterbook rate --json`."""
    lines = Bills(rating).lines()
    return {"code": rating.versions[0].code,
            "total": decimal_text(sum((line.amount for line in lines), Fraction(0))),
            "lines": [_line(line, rating.versions[line.version]) for line in lines], "notes": []}


def _line(line: Line, version: Version) -> dict:
    least = {"fixed": 0, "power_factor": 2, "subsidy": 2}.get(line.kind, 4)
    found = {"cycle": f"{line.month:%Y-%m}", "occupant": line.occupant, "item": line.item, "band": line.band,
             "tier": line.tier, "version": version.number}
    if line.base is not None:
        found["base_from"] = version.base_prices[line.base][0].isoformat()
    return found | {"quantity": decimal_text(line.quantity, least), "unit": line.unit,
                    "price": decimal_text(line.price), "exact": decimal_text(line.exact),
                    "amount": decimal_text(line.amount)}
