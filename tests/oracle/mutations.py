"""Planted errors: each class overrides one rule. compare.py --plant proves that the random cases notice every one."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from math import floor

from rules import ONE_DAY, Rules, month_length, months_later


class TiesToEven(Rules):
    def rounded(self, value: Fraction, places: int) -> Fraction:
        return round(value, places)


class AmountsCutOff(Rules):
    def fen(self, value: Fraction) -> Fraction:
        return Fraction(floor(value * 100), 100)


class PeriodEndInclusive(Rules):
    def period_minutes(self, begin: int, end: int) -> range:
        return range(begin, min(end + 1, 1440))


class EarlierExceptionWins(Rules):
    def painted(self, exceptions: list) -> list:
        return exceptions[::-1]


class LastDayOfSpanLost(Rules):
    REFUSES = True

    def span_holds(self, begin: tuple[int, int], end: tuple[int, int], day: tuple[int, int]) -> bool:
        return super().span_holds(begin, end, day) and (day != end or begin == end)


class MakeupDayIsWeekend(Rules):
    def kind_of_day(self, day: dt.date, entry: str | None, needs_calendar: bool) -> str:
        return super().kind_of_day(day, None if entry == "workday" else entry, needs_calendar)


class HolidayIsWeekday(Rules):
    def kind_of_day(self, day: dt.date, entry: str | None, needs_calendar: bool) -> str:
        return super().kind_of_day(day, None if entry == "holiday" else entry, needs_calendar)


class VersionADayLate(Rules):
    def version_on(self, beginnings: list[dt.date], day: dt.date) -> int:
        return max(0, super().version_on(beginnings, day - ONE_DAY))


class BasePriceADayLate(Rules):
    def base_holds(self, begin: dt.date, end: dt.date | None, day: dt.date) -> bool:
        # the first that holds counts, so the old one stays a day longer
        return begin <= day and (end is None or day <= end + ONE_DAY)


class DerivedPriceNotRounded(Rules):
    def derived_price(self, base: Fraction, ratio: Fraction, places: int | None) -> Fraction:
        return base * ratio


class CycleADayLate(Rules):
    def cycle_begin(self, day: dt.date, cycle: str, start: tuple[int, int]) -> dt.date | None:
        return super().cycle_begin(day - ONE_DAY, cycle, start)


class CycleMonthsFromTheFirst(Rules):
    def cycle_months(self, begin: dt.date) -> list[tuple[dt.date, dt.date]]:
        return super().cycle_months(begin.replace(day=1))


class StartedMonthDoesNotCount(Rules):
    def month_counts(self, month: tuple[dt.date, dt.date], service: tuple[dt.date | None, dt.date | None]) -> bool:
        begin, end = service
        return begin is None or (begin <= month[0] and (end is None or end >= month[1]))


class TwelfthsCutOff(Rules):
    def twelfths(self, total: int) -> int:
        return total // 12


class HouseholdNeedsOneMore(Rules):
    def household_add(self, entries: list, people: int | None, count: int) -> list[int]:
        return super().household_add(entries, None if people is None else people - 1, count)


class SmallestHouseholdEntry(Rules):
    def household_add(self, entries: list, people: int | None, count: int) -> list[int]:
        return super().household_add(entries[:1], people, count)


class HouseholdADayLate(Rules):
    def household_on(self, first: int | None, changes: list[tuple[dt.date, int]], day: dt.date) -> int | None:
        return super().household_on(first, changes, day - ONE_DAY)


class LimitBelongsToUpperTier(Rules):
    def in_tier(self, begin: int, end: int, lower: int, upper: int | None) -> int:
        return super().in_tier(begin, end, lower - 1 if lower else 0, None if upper is None else upper - 1)


class LimitsOfNextMonth(Rules):
    def limits_month(self, begin: dt.date) -> int:
        return months_later(begin, 1).month


class FreeAlwaysCounts(Rules):
    def free_counted(self, free: int, counts: bool) -> int:
        return free


class FreeNeverCounts(Rules):
    def free_counted(self, free: int, counts: bool) -> int:
        return 0


class FreeForgottenByTheCounter(Rules):
    """Counted within its stretch, lost for the next."""

    def counter_after(self, counter: int, paid: int, free_counted: int) -> int:
        return counter + paid


class CounterAlwaysGoesOn(Rules):
    def counter_goes_on(self, keeps_tiers: bool) -> bool:
        return True


class CounterNeverGoesOn(Rules):
    def counter_goes_on(self, keeps_tiers: bool) -> bool:
        return False


class CycleBeforeInEachCycle(Rules):
    def cycle_before(self, told: int, first: bool) -> int:
        return told


class TiersDividedByWhatWasUsed(Rules):
    def share_weights(self, used: list[int], left: list[int]) -> list[int]:
        return used


class ShareTiesReversed(Rules):
    def shares(self, total: int, weights: list[int]) -> list[int]:
        return super().shares(total, weights[::-1])[::-1]


class FenTiesReversed(Rules):
    def fen_shares(self, values: list[Fraction]) -> list[Fraction]:
        return super().fen_shares(values[::-1])[::-1]


class TotalRoundedByLine(Rules):
    def fen_shares(self, values: list[Fraction]) -> list[Fraction]:
        return [self.fen(value) for value in values]


class RegistersIgnored(Rules):
    def registers_serve(self, registers: dict[str, int] | None, total: int, bands: set[str]) -> bool:
        return False


class RegistersNeedNoSum(Rules):
    def registers_serve(self, registers: dict[str, int] | None, total: int, bands: set[str]) -> bool:
        return registers is not None and super().registers_serve(registers, sum(registers.values()), bands)


class RegistersOfAnyBand(Rules):
    def registers_serve(self, registers: dict[str, int] | None, total: int, bands: set[str]) -> bool:
        return registers is not None and super().registers_serve(registers, total, set(registers))


class RatioAReadingLate(Rules):
    def ratio_at(self, first: Fraction, changes: list[tuple[int, Fraction]], at: int) -> Fraction:
        return super().ratio_at(first, changes, at - 1)


class EstimatedStands(Rules):
    def in_force(self, entry: dict) -> bool:
        return entry.get("estimated", False)


class NoRollover(Rules):
    REFUSES = True

    def is_rollover(self, earlier: int, later: int, modulus: int | None) -> bool:
        return False


class FeesOfTheFirstDay(Rules):
    def fee_day(self, days: list[dt.date]) -> dt.date:
        return days[0]


class GrantOfTheLastDay(Rules):
    def grant_day(self, days: list[dt.date]) -> dt.date:
        return days[-1]


class ProratedByThirty(Rules):
    def prorated(self, amount: Fraction, days: int, month: dt.date) -> Fraction:
        return self.fen(amount * days / 30)


class ProratedNotRounded(Rules):
    def prorated(self, amount: Fraction, days: int, month: dt.date) -> Fraction:
        return self.rounded(amount * days / month_length(month), 4)


class GrantAMonthTooLong(Rules):
    def grant_ends(self, month: dt.date, count: int) -> dt.date:
        return months_later(month, count + 1)


class NewestGrantFirst(Rules):
    def grants_in_order(self, grants: list) -> list:
        return super().grants_in_order(grants)[::-1]


class ShareIgnored(Rules):
    def per_unit_price(self, price: Fraction, share: Fraction) -> Fraction:
        return price


class PerUnitOnFree(Rules):
    def per_unit_quantity(self, paid: int, free: int) -> int:
        return paid + free


class SubsidyBeforeRounding(Rules):
    def subsidy_room(self, lines: list) -> Fraction:
        return self.fen(sum((line.exact for line in lines if line.kind != "fixed"), Fraction(0)))


class SubsidyPaysFixed(Rules):
    def subsidy_room(self, lines: list) -> Fraction:
        return sum((line.amount for line in lines), Fraction(0))


class WindowsAcrossTheMonth(Rules):
    def window_counts(self, begin: int, end: int, month_begin: int, month_end: int) -> bool:
        return month_begin < end and begin < month_end


class WindowsDoNotSlide(Rules):
    def window_starts(self, step_at: int, step: int, window: int) -> range:
        return range(step_at // window * window, step_at + 1, window)


class FactorCutOff(Rules):
    def hundredths(self, active: int, reactive: int) -> int:
        square = active**2 + reactive**2
        return max(h for h in range(101) if h == 0 or h**2 * square <= 10_000 * active**2)


class StepAHundredthLate(Rules):
    def percent(self, standard: int, factor: int) -> Fraction:
        return super().percent(standard, min(100, factor + 1))


class RowEndsAHundredthLate(Rules):
    def row_holds(self, low: int, high: int, factor: int) -> bool:
        return low <= factor <= high + 1


class BasisTakesAllPerUnit(Rules):
    def in_basis(self, line: object) -> bool:
        return line.kind == "per_unit" or super().in_basis(line)


class BasisWithoutFixed(Rules):
    def in_basis(self, line: object) -> bool:
        return line.kind != "fixed" and super().in_basis(line)


MUTATIONS: tuple[type[Rules], ...] = tuple(Rules.__subclasses__())
