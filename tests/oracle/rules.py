"""The sentences of the contract that decide something, one method each.

A mutation (mutations.py) is a class that overrides one of them; nothing here knows of the others.
Quantities are whole 10^-4 units, money and prices exact fractions of a yuan.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from fractions import Fraction
from math import floor

BANDS = ("sharp", "peak", "flat", "valley", "deep_valley")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ONE_DAY = dt.timedelta(days=1)

# standard: hundredths at which a step begins, going away from the standard, and percent per hundredth
REDUCTION = {90: ((91, 95, "0.15"),), 85: ((86, 90, "0.1"), (91, 94, "0.15")), 80: ((81, 90, "0.1"), (91, 92, "0.15"))}
SURCHARGE = {90: ((70, 89, "0.5"), (65, 69, "1"), (0, 64, "2")), 85: ((65, 84, "0.5"), (60, 64, "1"), (0, 59, "2")),
             80: ((60, 79, "0.5"), (55, 59, "1"), (0, 54, "2"))}


def month_length(day: dt.date) -> int:
    following = (day.replace(day=28) + 4 * ONE_DAY).replace(day=1)
    return (following - ONE_DAY).day


def months_later(day: dt.date, count: int) -> dt.date:
    """The same day of a later month, or that month's last."""
    index = day.year * 12 + day.month - 1 + count
    first = dt.date(index // 12, index % 12 + 1, 1)
    return first.replace(day=min(day.day, month_length(first)))


class Rules:
    REFUSES = False  # a mutation may show itself by refusing what can be priced
    # when

    def period_minutes(self, begin: int, end: int) -> range:
        return range(begin, end)

    def painted(self, exceptions: list) -> list:
        """Exceptions in the order in which they are painted over the table: the later wins."""
        return exceptions

    def span_holds(self, begin: tuple[int, int], end: tuple[int, int], day: tuple[int, int]) -> bool:
        if begin <= end:
            return begin <= day <= end
        return day >= begin or day <= end

    def kind_of_day(self, day: dt.date, entry: str | None, needs_calendar: bool) -> str:
        """`entry` is the calendar's kind of the day."""
        if needs_calendar and entry is not None:
            return {"holiday": "holiday", "workday": "makeup"}[entry]
        return WEEKDAYS[day.weekday()]

    def version_on(self, beginnings: Sequence[dt.date], day: dt.date) -> int:
        """Index of the version in force, −1 before the first."""
        return sum(begin <= day for begin in beginnings) - 1

    # prices

    def base_holds(self, begin: dt.date, end: dt.date | None, day: dt.date) -> bool:
        return begin <= day and (end is None or day <= end)

    def rounded(self, value: Fraction, places: int) -> Fraction:
        """Ties away from zero."""
        size = floor(abs(value) * 10**places + Fraction(1, 2))
        return Fraction(size if value >= 0 else -size, 10**places)

    def derived_price(self, base: Fraction, ratio: Fraction, places: int | None) -> Fraction:
        product = base * ratio
        return product if places is None else self.rounded(product, places)

    def fen(self, value: Fraction) -> Fraction:
        return self.rounded(value, 2)

    # tiers

    def cycle_begin(self, day: dt.date, cycle: str, start: tuple[int, int]) -> dt.date | None:
        if cycle == "none":
            return None
        if cycle == "month":
            begin = day.replace(day=start[1])
            return begin if begin <= day else months_later(begin, -1)
        begin = dt.date(day.year, *start)
        return begin if begin <= day else dt.date(day.year - 1, *start)

    def cycle_months(self, begin: dt.date) -> list[tuple[dt.date, dt.date]]:
        return [(months_later(begin, i), months_later(begin, i + 1)) for i in range(12)]

    def month_counts(self, month: tuple[dt.date, dt.date], service: tuple[dt.date | None, dt.date | None]) -> bool:
        """Do the month and the time of service share a day?"""
        begin, end = service
        return begin is None or (begin < month[1] and (end is None or end > month[0]))

    def twelfths(self, total: int) -> int:
        return floor(Fraction(total, 12) + Fraction(1, 2))

    def household_add(self, entries: list, people: int | None, count: int) -> Sequence[int]:
        fitting = [e for e in entries if people is not None and e["people"] <= people]
        return max(fitting, key=lambda e: e["people"])["add"] if fitting else [0] * count

    def household_on(self, first: int | None, changes: list[tuple[dt.date, int]], day: dt.date) -> int | None:
        people = first
        for since, size in sorted(changes):
            if since <= day:
                people = size
        return people

    def limits_month(self, begin: dt.date) -> int:
        """The month whose limits a monthly cycle has."""
        return begin.month

    def counter_goes_on(self, keeps_tiers: bool) -> bool:
        """After a change of occupant."""
        return keeps_tiers

    def share_weights(self, used: list[int], left: list[int]) -> list[int]:
        """What a tier is divided by among the bands."""
        return left

    def cycle_before(self, told: int, first: bool) -> int:
        return told if first else 0

    def in_tier(self, begin: int, end: int, lower: int, upper: int | None) -> int:
        """How much of the counter's way from `begin` to `end` lies above `lower` and up to `upper`."""
        top = end if upper is None else min(end, upper)
        return max(0, top - max(begin, lower))

    def free_counted(self, free: int, counts: bool) -> int:
        return free if counts else 0

    def counter_after(self, counter: int, paid: int, free_counted: int) -> int:
        return counter + paid + free_counted

    # division

    def shares(self, total: int, weights: Sequence[int]) -> list[int]:
        """Largest remainder; the earlier first on equal remainders."""
        whole = sum(weights)
        exact = [Fraction(total * weight, whole) for weight in weights]
        parts = [floor(share) for share in exact]
        order = sorted(range(len(exact)), key=lambda i: (parts[i] - exact[i], i))
        for i in order[:total - sum(parts)]:
            parts[i] += 1
        return parts

    def fen_shares(self, values: list[Fraction]) -> list[Fraction]:
        """A rounded total divided again among its lines."""
        down = [Fraction(floor(value * 100)) for value in values]
        missing = int(self.fen(sum(values, Fraction(0))) * 100 - sum(down))
        order = sorted(range(len(values)), key=lambda i: (down[i] - values[i] * 100, i))
        for i in order[:missing]:
            down[i] += 1
        return [fen / 100 for fen in down]

    def registers_serve(self, registers: dict[str, int] | None, total: int, bands: set[str]) -> bool:
        if registers is None or any(moved < 0 for moved in registers.values()):
            return False
        return sum(registers.values()) == total and all(b in bands for b, moved in registers.items() if moved)

    def is_rollover(self, earlier: int, later: int, modulus: int | None) -> bool:
        return modulus is not None and 10 * earlier >= 9 * modulus and 10 * later < modulus

    def zero_is_no_rollover(self, later: int) -> bool:
        """Of a total: a meter that starts shows zero for a moment."""
        return later == 0

    def ratio_at(self, first: Fraction, changes: list[tuple[int, Fraction]], at: int) -> Fraction:
        for since, value in changes:
            if since <= at:
                first = value
        return first

    def in_force(self, entry: dict) -> bool:
        """Does this reading stand when there is another of the same time?"""
        return not entry.get("estimated", False)

    # besides the energy

    def fee_day(self, days: list[dt.date]) -> dt.date:
        return days[-1]

    def grant_day(self, days: list[dt.date]) -> dt.date:
        return days[0]

    def prorated(self, amount: Fraction, days: int, month: dt.date) -> Fraction:
        return self.fen(amount * days / month_length(month))

    def grant_ends(self, month: dt.date, count: int) -> dt.date:
        """First day on which the grant may not be used any more."""
        return months_later(month, count)

    def grants_in_order(self, grants: list) -> list:
        """Of one allowance, the oldest first."""
        return sorted(grants, key=lambda grant: grant.month)

    def per_unit_price(self, price: Fraction, share: Fraction) -> Fraction:
        return price * share

    def per_unit_quantity(self, paid: int, free: int) -> int:
        return paid

    def subsidy_room(self, lines: list) -> Fraction:
        """What the subsidy may come to at most: whole fen of all lines but the fixed ones."""
        return sum((line.amount for line in lines if line.kind != "fixed"), Fraction(0))

    # demand

    def window_counts(self, begin: int, end: int, month_begin: int, month_end: int) -> bool:
        return month_begin <= begin and end <= month_end

    def window_starts(self, step_at: int, step: int, window: int) -> range:
        """Windows that hold the step at `step_at` whole (times in microseconds)."""
        return range(step_at + step - window, step_at + 1, step)

    # power factor

    def hundredths(self, active: int, reactive: int) -> int:
        """P ÷ √(P² + Q²) to hundredths, ties up: the largest h with (h − ½)/100 ≤ factor."""
        square = active**2 + reactive**2
        return max(h for h in range(101) if h == 0 or (2 * h - 1)**2 * square <= 40_000 * active**2)

    def percent(self, standard: int, factor: int) -> Fraction:
        """Positive is a surcharge: every hundredth between the standard and the factor pays its step."""
        total = Fraction(0)
        for low, high, each in SURCHARGE[standard]:
            total += Fraction(each) * max(0, high - max(low, factor) + 1)
        for low, high, each in REDUCTION[standard]:
            total -= Fraction(each) * max(0, min(high, factor) - low + 1)
        return total

    def row_holds(self, low: int, high: int, factor: int) -> bool:
        return low <= factor <= high

    def in_basis(self, line: object) -> bool:
        return line.kind in ("energy", "free", "demand") or (line.kind in ("per_unit", "fixed") and line.in_factor)
