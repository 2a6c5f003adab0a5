"""Random tariff documents that are valid, ordinary in shape and nasty in their values."""

from __future__ import annotations

import datetime as dt
from random import Random

from rules import BANDS, ONE_DAY, WEEKDAYS, months_later

MONTH_DAYS = [dt.date(2024, 1, 1) + i * ONE_DAY for i in range(366)]
NAMES = ("new_year", "spring_festival", "tomb_sweeping", "labour_day", "dragon_boat", "mid_autumn", "national_day")
NASTY_PRICES = ("0", "0.005", "0.125", "0.25", "0.5", "0.0001", "0.685070375", "0.333333333", "1", "0.015", "9997.999999999")
NASTY_RATIOS = ("1", "0.5", "2.125", "0.2", "0.3056", "1.85", "0.0001", "0.01")
STANDARDS = ("0.90", "0.85", "0.80")
KINDS_OF_ALLOWANCE = {"甲": "quantity", "乙": "quantity", "丙": "money", "丁": "money"}


def places(rng: Random, value: int, decimals: int) -> str:
    """`value` × 10^-decimals, at times with zeros behind."""
    digits = str(value).rjust(decimals + 1, "0")
    text = f"{digits[:-decimals]}.{digits[-decimals:]}" if decimals else digits
    return text if rng.random() < 0.3 or not decimals else text.rstrip("0").rstrip(".")


def quantity(units: int) -> str:
    whole, rest = divmod(units, 10_000)
    return f"{whole}.{rest:04d}".rstrip("0").rstrip(".")


def price(rng: Random, decimals_max: int = 9) -> str:
    if rng.random() < 0.2:
        return rng.choice([p for p in NASTY_PRICES if len(p.partition(".")[2]) <= decimals_max])
    decimals = rng.choice((2, 3, 4, 6, 9)) if decimals_max >= 9 else rng.randint(0, decimals_max)
    return places(rng, rng.randint(0, 2 * 10**decimals), decimals)


def clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def month_day(day: dt.date) -> str:
    return f"{day:%m-%d}"


class TariffMaker:
    """Versions of one tariff for a use between two dates.

    `sums` are its running sums (10^-4 units), `step` the minutes of its intervals if they are all alike.
    """

    def __init__(self, rng: Random, first: dt.date, last: dt.date, sums: list[int], step: int | None) -> None:
        self.rng, self.first, self.last, self.sums = rng, first, last, [max(1, one) for one in sums]
        self.step = step
        self.commodity = rng.choices(("electricity", "water", "gas"), (20 if step else 6, 1, 1))[0]
        self.cycle = rng.choices(("none", "month", "year"), (3, 4, 4))[0]
        self.start = self._start(self.cycle)
        self.rounding = rng.choice(("line", "total"))

    def document(self, number: int, effective: dt.date) -> dict:
        rng = self.rng
        found = {"code": "random", "name": f"第{number}版", "version": number, "effective_from": effective.isoformat(),
                 "commodity": self.commodity}
        if rng.random() < 0.9:
            found["rounding"] = self.rounding if rng.random() < 0.9 else rng.choice(("line", "total"))
        bands = rng.sample(BANDS, rng.choice((1, 2, 2, 3, 3, 4, 5)))
        self._days(found, bands)
        used = sorted({p["band"] for t in self._tables(found) for p in t["periods"]})
        if "seasons" not in found and "periods" not in found and "flat" not in used:
            used.append("flat")
        tiers = self._tiers(found)
        self._prices(found, used, tiers, effective)
        self._besides(found)
        return found

    # when

    def _tables(self, document: dict) -> list[dict]:
        return [t for s in document.get("seasons", []) for t in s["tables"]] + document.get("exceptions", []) + (
            [document] if "periods" in document else [])

    def _periods(self, bands: list[str]) -> list[dict]:
        rng = self.rng
        fine = 1 if rng.random() < 0.3 else 30
        inner = {rng.randrange(fine, 1440, fine) for _ in range(rng.randint(0, 6))} if len(bands) > 1 else set()
        bounds = [0, *sorted(inner), 1440]
        return [{"from": clock(a), "to": clock(b), "band": rng.choice(bands)} for a, b in zip(bounds, bounds[1:])]

    def _days(self, found: dict, bands: list[str]) -> None:
        rng, form = self.rng, self.rng.random()
        calendar = rng.random() < 0.4
        if form < 0.15:
            pass
        elif form < 0.45:
            found["periods"] = self._periods(bands)
        else:
            found["seasons"] = self._seasons(bands, calendar)
        if rng.random() < 0.5:
            found["exceptions"] = [self._exception(bands, calendar, i) for i in range(rng.randint(1, 3))]

    def _near(self) -> dt.date:
        return self.first + self.rng.randint(-2, (self.last - self.first).days + 2) * ONE_DAY

    def _seasons(self, bands: list[str], calendar: bool) -> list[dict]:
        rng = self.rng
        count = rng.randint(1, 4)
        near = [(self._near().replace(year=2024) if self._near().month != 2 else dt.date(2024, 2, rng.randint(28, 29)))
                for _ in range(4)]
        cuts = sorted(set(rng.sample(MONTH_DAYS, count) + rng.sample(near, rng.randint(0, 2))))
        pieces = [{"from": month_day(a), "to": month_day(MONTH_DAYS[(MONTH_DAYS.index(b) - 1) % 366])}
                  for a, b in zip(cuts, [*cuts[1:], cuts[0]])]
        owners = [i if i < count else rng.randrange(count) for i in range(len(pieces))]
        seasons = [{"name": f"季{i}", "dates": [p for p, o in zip(pieces, owners) if o == i],
                    "tables": self._kinds(bands, calendar)} for i in sorted(set(owners))]
        if len(seasons) == 1 and rng.random() < 0.7:
            del seasons[0]["dates"]
        return seasons

    def _kinds(self, bands: list[str], calendar: bool) -> list[dict]:
        rng = self.rng
        if rng.random() < 0.35:
            return [{"periods": self._periods(bands)}]
        if calendar:
            parts = rng.choice(([["workday"], ["restday"]], [[*WEEKDAYS[:5], "makeup"], ["weekend"], ["holiday"]],
                                [["workday", "weekend"], ["holiday"]], self._parts([*WEEKDAYS, "holiday", "makeup"])))
        else:
            parts = rng.choice(([[*WEEKDAYS[:5]], ["weekend"]], [["sun"], list(WEEKDAYS[:6])], self._parts(list(WEEKDAYS))))
        return [{"days": part, "periods": self._periods(bands)} for part in parts]

    def _parts(self, kinds: list[str]) -> list[list[str]]:
        self.rng.shuffle(kinds)
        cut = self.rng.randint(1, len(kinds) - 1)
        return [kinds[:cut], kinds[cut:]]

    def _exception(self, bands: list[str], calendar: bool, number: int) -> dict:
        rng = self.rng
        found: dict = {"name": f"例外{number}"}
        words = rng.sample(("dates", "on", "days", "holidays"), rng.choices((1, 2), (5, 1))[0])
        if not calendar:
            words = [w for w in words if w != "holidays"] or ["dates"]
        for word in words:
            if word == "dates":
                begin = self._near()
                end = begin + rng.choice((0, 1, 10, 40, 200)) * ONE_DAY
                found["dates"] = [{"from": month_day(begin), "to": month_day(end)}]
            elif word == "on":
                found["on"] = sorted({self._near().isoformat() for _ in range(rng.randint(1, 6))})
            elif word == "days":
                choice = [*WEEKDAYS, "weekend", *(("holiday", "makeup", "restday", "workday") if calendar else ())]
                found["days"] = rng.sample(choice[:7], 3) if rng.random() < 0.4 else [rng.choice(choice)]
            else:
                found["holidays"] = rng.sample(NAMES, rng.randint(2, 7))
        fine = 1 if rng.random() < 0.3 else 30
        bounds = sorted(rng.sample(range(0, 1441, fine), rng.choice((2, 4))))
        found["periods"] = [{"from": clock(a), "to": clock(b), "band": rng.choice(bands)}
                            for a, b in zip(bounds[::2], bounds[1::2])]
        return found

    # tiers and prices

    def _start(self, cycle: str) -> str | None:
        rng = self.rng
        if cycle == "none" or rng.random() < 0.4:
            return None
        near = self._near()
        if cycle == "month":
            return f"{min(28, near.day) if rng.random() < 0.6 else rng.randint(1, 28):02d}"
        day = near if rng.random() < 0.6 else rng.choice(MONTH_DAYS)
        if rng.random() < 0.2:
            day = day.replace(day=1) - ONE_DAY
        return "02-28" if (day.month, day.day) == (2, 29) else month_day(day)

    def _limits(self, count: int) -> list[int]:
        """Ascending; as a rule where the use passes, or a unit beside it."""
        rng = self.rng
        found: set[int] = set()
        while len(found) < count:
            near = rng.choice(self.sums) + rng.choice((-1, 0, 0, 1))
            found.add(max(1, near if rng.random() < 0.6 else rng.randint(1, max(self.sums) + 20)))
        return sorted(found)

    def _tiers(self, found: dict) -> int:
        rng = self.rng
        cycle, start = (self.cycle, self.start)
        if rng.random() < 0.15:
            cycle = rng.choice(("none", "month", "year"))
            start = self._start(cycle)
        if cycle == "none":
            return 1
        found["tier_cycle"] = cycle
        if start is not None:
            found["tier_start"] = start
        count = rng.choice((1, 1, 2, 2, 3))
        lists = [self._limits(count)]
        if cycle == "month" and rng.random() < 0.4:
            months = list(range(1, 13))
            rng.shuffle(months)
            cut = rng.randint(1, 11)
            lists.append(self._limits(count))
            found["tier_limits_by_month"] = [{"months": sorted(m), "limits": [quantity(limit) for limit in limits]}
                                             for m, limits in zip((months[:cut], months[cut:]), lists)]
        else:
            found["tier_limits"] = [quantity(limit) for limit in lists[0]]
        if rng.random() < 0.45:
            found["household"] = self._household(count, lists)
        if cycle == "year" and rng.random() < 0.5:
            found["months_in_service"] = True
        if rng.random() < 0.6:
            found["tier_split"] = rng.choice(("share", "time_order"))
        return count + 1

    def _household(self, count: int, lists: list[list[int]]) -> list[dict]:
        rng = self.rng
        people = sorted(rng.sample(range(2, 9), rng.randint(1, 3)))
        if count > 1 and rng.random() < 0.2 and min(one[1] - one[0] for one in lists) > 2:
            room = min(one[1] - one[0] for one in lists) - 1
            return [{"people": people[0], "add": [quantity(rng.randint(1, room)), *["0"] * (count - 1)]}]
        adds = [[0] * count]
        for _ in people:
            more = sorted(rng.choice((0, 1, 12, 10_000, rng.randint(0, max(self.sums)))) for _ in range(count))
            adds.append([a + b for a, b in zip(adds[-1], more)])
        return [{"people": p, "add": [quantity(a) for a in add]} for p, add in zip(people, adds[1:])]

    def _prices(self, found: dict, bands: list[str], tiers: int, effective: dt.date) -> None:
        rng = self.rng
        added = tiers > 1 and rng.random() < 0.5
        if added:
            found["tier_add"] = [price(rng, 4) if i else "0" for i in range(tiers)]
        if rng.random() < 0.4:
            found["base_prices"] = self._base_prices(effective)
            found["ratios"] = [{"band": band, "ratio": rng.choice(NASTY_RATIOS) if rng.random() < 0.5 else
                                places(rng, rng.randint(1, 30_000), 4)} for band in bands]
            if rng.random() < 0.5:
                found["price_decimals"] = rng.choice((0, 2, 2, 3, 4, 6, 8, 13))
            return
        form = rng.random()
        if form < 0.15:
            found["prices"] = [{"price": price(rng)}]
        elif form < 0.3 and tiers > 1 and not added:
            found["prices"] = [{"tier": tier, "price": price(rng)} for tier in range(1, tiers + 1)]
        else:
            found["prices"] = []
            for band in bands:
                if added or rng.random() < 0.4:
                    found["prices"].append({"band": band, "price": price(rng)})
                else:
                    found["prices"] += [{"band": band, "tier": tier, "price": price(rng)} for tier in range(1, tiers + 1)]
            rng.shuffle(found["prices"])

    def _base_prices(self, effective: dt.date) -> list[dict]:
        rng = self.rng
        begins = [effective - rng.choice((0, 0, 1, 20)) * ONE_DAY]
        inner = {self._near() for _ in range(rng.randint(0, 2))}
        if rng.random() < 0.6:
            inner |= {months_later(self.first.replace(day=1), i) for i in range(1, 4)}
        begins += sorted(day for day in inner if day > begins[0])
        found = [{"from": a.isoformat(), "to": (b - ONE_DAY).isoformat(), "price": self._base_price()}
                 for a, b in zip(begins, [*begins[1:], self.last + 700 * ONE_DAY])]
        if rng.random() < 0.6:
            del found[-1]["to"]
        elif rng.random() < 0.05 and begins[-1] < self.last:
            found[-1]["to"] = max(begins[-1], self.last - ONE_DAY).isoformat()
        return found

    def _base_price(self) -> str:
        text = price(self.rng)
        return "0.685070375" if text.startswith("9997") else text

    # besides the energy

    def _besides(self, found: dict) -> None:
        rng = self.rng
        if rng.random() < 0.45:
            found["per_unit"] = [self._per_unit(item) for item in ("fund", "sewage", "refuse")[:rng.randint(1, 3)]]
        if rng.random() < 0.35:
            found["fixed"] = [self._fixed(item) for item in ("property", "lift")[:rng.randint(1, 2)]]
        electric = self.commodity == "electricity"
        if electric and rng.random() < (0.6 if self.step else 0.3):
            found["demand"] = self._demand()
        if electric and rng.random() < 0.35:
            found["power_factor"] = {"standard": rng.choice(STANDARDS)} if rng.random() < 0.7 else self._factor_table()
        if rng.random() < 0.4:
            names = rng.sample(sorted(KINDS_OF_ALLOWANCE), rng.randint(1, 3))
            found["allowances"] = [self._allowance(name) for name in names]

    def _per_unit(self, item: str) -> dict:
        rng = self.rng
        found = {"item": item, "name": item, "price": price(rng, 6)}
        if rng.random() < 0.4:
            found["share"] = rng.choice(("0.9", "1", "0.3333", "0.5", "0.0001"))
        if rng.random() < 0.4:
            found["in_power_factor"] = rng.random() < 0.8
        return found

    def _fixed(self, item: str) -> dict:
        rng = self.rng
        found = {"item": item, "name": item, "price": places(rng, rng.randint(0, 300_000), 4),
                 "per": rng.choice(("month", "m2_month"))}
        if rng.random() < 0.6:
            found["prorate"] = rng.random() < 0.8
        if rng.random() < 0.4:
            found["in_power_factor"] = rng.random() < 0.8
        return found

    def _demand(self) -> dict:
        rng = self.rng
        cost = places(rng, rng.randint(0, 500_000), 4)
        if rng.random() < 0.25:
            return {"basis": "capacity", "price": cost}
        window = rng.choice((60, 60, 30, 30, 15, 15, 20, 10))
        found = {"basis": "measured", "price": cost, "window_minutes": window}
        if window == 15 and rng.random() < 0.5:
            del found["window_minutes"]
        if rng.random() < 0.7:
            slides = [s for s in (1, 5, 15, 10, 30) if window % s == 0]
            fitting = [s for s in slides if self.step and s % self.step == 0 and s < window]
            found["slide_minutes"] = rng.choice(fitting if fitting and rng.random() < 0.9 else slides)
        return found

    def _factor_table(self) -> dict:
        rng = self.rng
        bounds = [0, *sorted(rng.sample(range(1, 101), rng.randint(1, 8))), 101]
        return {"table": [{"from": a, "to": b - 1, "percent": rng.choice(("", "-")) + places(rng, rng.randint(1, 2_000), 2)}
                          for a, b in zip(bounds, bounds[1:])]}

    def _allowance(self, name: str) -> dict:
        rng, kind = self.rng, KINDS_OF_ALLOWANCE[name]
        found = {"name": name, "kind": kind}
        if kind == "quantity":
            found["amount"] = quantity(rng.choice((rng.choice(self.sums), rng.randint(1, max(self.sums)), 80_000)))
            if rng.random() < 0.5:
                found["counts_in_tiers"] = rng.random() < 0.8
        else:
            found["amount"] = places(rng, rng.randint(1, 20_000), 2)
        if rng.random() < 0.6:
            found["expires_after_months"] = rng.choice((1, 2, 2, 3, 12))
        return found
