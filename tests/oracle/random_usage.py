"""Random histories: when and how much first, then, once the tariff is known, registers, terms and events."""

from __future__ import annotations

import datetime as dt
from random import Random
from zoneinfo import ZoneInfo

from days import MINUTE, local, midnight
from random_tariff import quantity
from rules import BANDS, ONE_DAY, months_later

ZONES = ("Asia/Shanghai",) * 20 + ("Asia/Urumqi", "Asia/Kathmandu", "UTC", "Europe/Berlin")
NASTY_DAYS = ("2024-02-28", "2024-02-29", "2023-02-28", "2023-12-30", "2024-12-31", "2025-12-25", "2024-03-30", "2025-10-25",
              "2026-02-13", "2025-01-27", "2024-04-30", "2025-09-27", "2026-06-30", "2024-01-31", "2025-06-30", "2023-09-28")
FIRST, LAST = dt.date(2023, 3, 1), dt.date(2026, 10, 20)
FORMS = ("intervals", "grid", "readings", "quantities")


class UsageMaker:
    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.form = rng.choices(FORMS, (45, 20, 25, 10))[0]
        self.zone = rng.choice(ZONES)
        self.day = (dt.date.fromisoformat(rng.choice(NASTY_DAYS)) if rng.random() < 0.4
                    else FIRST + rng.randrange((LAST - FIRST).days) * ONE_DAY)
        self.times: list[tuple[int, int]] = []
        self.minutes: int | None = None  # of each interval of a grid
        self.size = rng.choice((1, 20, 10_000, 500_000))  # 10^-4 units in an interval, at most a few of it
        getattr(self, f"_{self.form}")()
        self.ratios = [1] * len(self.times)
        self.moved = [self._moved() for _ in self.times]
        if self.form == "readings":
            self._meters()
        self.last = local(self.zone, self.times[-1][1] - 1).date() if self.times else self.day
        self.sums, total = [], 0
        for moved, ratio in zip(self.moved, self.ratios):
            total += moved * ratio
            self.sums.append(total)

    # when

    def _begin(self) -> int:
        minute = self.rng.choice((0, 0, self.rng.randrange(0, 1440, 15), self.rng.randrange(1440)))
        return midnight(self.zone, self.day) + minute * MINUTE

    def _intervals(self) -> None:
        rng, at = self.rng, self._begin()
        sparse = rng.random() < 0.3  # over many months
        for _ in range(rng.choice((4, 8, 12) if sparse else (1, 3, 8, 12, 20, 40))):
            if rng.random() < (0.8 if sparse else 0.2):
                at += rng.choice((1, 30, 1440, 1440 * 10, 1440 * 24)[2 if sparse else 0:]) * MINUTE
            length = rng.choice((1, 15, 30, 60, 90, 300, 720, 1440, 2880, rng.randint(1, 4320), rng.randint(1, 4320))) * MINUTE
            if rng.random() < 0.05:
                length += rng.randint(-MINUTE + 1, MINUTE)
            self.times.append((at, at + length))
            at += length

    def _grid(self) -> None:
        rng = self.rng
        self.minutes = rng.choice((5, 10, 15, 15, 30, 30, 60))
        hour = rng.randrange(24)
        if rng.random() < 0.4:
            self.day = months_later(self.day.replace(day=1), 1) - ONE_DAY
            hour = rng.randint(20, 23)
        at = midnight(self.zone, self.day) + hour * 60 * MINUTE
        for _ in range(rng.choice((4, 24, 60))):
            self.times.append((at, at + self.minutes * MINUTE))
            at += self.minutes * MINUTE

    def _readings(self) -> None:
        rng, at = self.rng, self._begin()
        for _ in range(rng.choice((1, 3, 6, 12))):
            length = rng.choice((15, 60, 1440, 1440, 2880, 1440 * 15, rng.randint(1, 4320), rng.randint(1, 4320))) * MINUTE
            self.times.append((at, at + length))
            at += length

    def _quantities(self) -> None:
        if self.rng.random() < 0.5:
            self.day = self.day.replace(day=1)
        self.times = [(self._begin(), self._begin() + MINUTE)] * self.rng.randint(1, 8)

    def _moved(self) -> int:
        rng = self.rng
        return rng.choice((0, 1, self.size, rng.randint(0, 4 * self.size), rng.randint(0, 4 * self.size),
                           rng.randint(0, 4) * 10_000))

    def shown(self, at: int) -> str:
        wall = local(self.zone, at)
        form = self.rng.random()
        if form < 0.5 or self.zone == "Europe/Berlin":
            return wall.isoformat()
        if form < 0.7:
            return wall.astimezone(ZoneInfo("UTC")).isoformat().replace("+00:00", "Z")
        naive = wall.replace(tzinfo=None)
        return naive.isoformat(sep=" " if form < 0.85 else "T")

    # meters

    def _meters(self) -> None:
        rng, count = self.rng, len(self.times)
        self.exchange = rng.randint(1, count - 1) if count > 1 and rng.random() < 0.3 else None
        self.names = ["A", "B"] if self.exchange is not None else ["A"]
        self.first_ratio = {name: rng.choice((1, 1, 1, 20, 80)) for name in self.names}
        self.ratio_events: list[dict] = []
        if rng.random() < 0.3:
            begin, end = rng.choice(self.times)
            at = begin if rng.random() < 0.5 else rng.randint(begin // MINUTE, end // MINUTE) * MINUTE
            name = self._meter_at(max(0, sum(b <= at for b, _ in self.times) - 1))
            self.ratio_events.append({"at": at, "meter": name, "ratio": rng.choice((1, 3, 40, 120))})
        for i, (begin, _) in enumerate(self.times):
            self.ratios[i] = self.first_ratio[self._meter_at(i)]
            for event in self.ratio_events:
                if event["meter"] == self._meter_at(i) and event["at"] <= begin:
                    self.ratios[i] = event["ratio"]

    def _meter_at(self, index: int) -> str:
        return "B" if self.exchange is not None and index >= self.exchange else "A"

    # the object

    def finished(self, documents: list[dict]) -> dict:
        rng = self.rng
        self.bands = {p["band"] for d in documents for t in [
            *([d] if "periods" in d else []), *(t for s in d.get("seasons", []) for t in s["tables"]),
            *d.get("exceptions", [])] for p in t["periods"]} or {"flat"}
        found: dict = {"zone": self.zone} if self.zone != "Asia/Shanghai" or rng.random() < 0.3 else {}
        self.events: list[dict] = []
        if self.form == "quantities":
            self._finish_quantities(found, documents)
        elif self.form == "readings":
            self._finish_readings(found)
        else:
            self._finish_intervals(found)
        self._terms(found, documents)
        if "tier_cycle" in documents[0] and rng.random() < 0.5:
            near = rng.choice([d for d in documents if "tier_cycle" in d])
            limits = near.get("tier_limits") or near["tier_limits_by_month"][0]["limits"]
            found["cycle_before"] = rng.choice((rng.choice(limits), quantity(rng.randint(0, 2 * max(self.sums) + 1))))
        self._changes(documents)
        self._months(found, documents)
        if self.events:
            rng.shuffle(self.events)
            found["events"] = self._events_in_order()
        return found

    def _events_in_order(self) -> list[dict]:
        """Any order, but corrections as they were made."""
        corrections = iter([e for e in self.corrections if e]) if self.form == "readings" else iter(())
        return [next(corrections) if e["kind"] == "correction" else e for e in self.events]

    def _finish_quantities(self, found: dict, documents: list[dict]) -> None:
        bands = self._bands_on(documents)
        found["quantities"] = []
        for moved in self.moved:
            entry = {"band": self.rng.choice(bands), "quantity": quantity(moved)}
            if entry["band"] == "flat" and self.rng.random() < 0.5:
                del entry["band"]
            found["quantities"].append(entry)
        if dt.date.fromisoformat(documents[0]["effective_from"]) != self.day or self.rng.random() < 0.5:
            found["on"] = self.day.isoformat()

    def _bands_on(self, documents: list[dict]) -> list[str]:
        document = [d for d in documents if d["effective_from"] <= self.day.isoformat()][-1]
        tables = [t for s in document.get("seasons", []) for t in s["tables"]] + document.get("exceptions", [])
        tables += [document] if "periods" in document else []
        used = {p["band"] for t in tables for p in t["periods"]}
        return sorted(used | (set() if {"seasons", "periods"} & set(document) else {"flat"}))

    def _registers(self, moved: int) -> dict[str, int]:
        """A division of what moved; at times one that does not add up, or a band that cannot have moved."""
        rng = self.rng
        pool = sorted(self.bands) if rng.random() < 0.9 else list(BANDS)
        bands = rng.sample(pool, rng.randint(1, min(3, len(pool))))
        cuts = sorted(rng.randint(0, moved) for _ in bands[1:])
        parts = {band: b - a for band, a, b in zip(bands, [0, *cuts], [*cuts, moved])}
        if rng.random() < 0.08:
            parts[bands[0]] += 1
        return parts

    def _finish_intervals(self, found: dict) -> None:
        rng = self.rng
        if self.form == "grid" and rng.random() < 0.5:
            found["intervals"] = {"start": self.shown(self.times[0][0]), "minutes": self.minutes,
                                  "values": [quantity(m) for m in self.moved]}
            return
        registers = rng.choice((0.0, 0.0, 0.9))
        entries = []
        for (begin, end), moved in zip(self.times, self.moved):
            entry: dict = {"from": self.shown(begin), "to": self.shown(end), "quantity": quantity(moved)}
            if rng.random() < registers:
                entry["registers"] = {band: quantity(part) for band, part in self._registers(moved).items()}
            entries.append(entry)
        rng.shuffle(entries)
        found["intervals"] = entries

    def _finish_readings(self, found: dict) -> None:
        rng = self.rng
        with_bands = sorted(self.bands) if rng.random() < 0.5 else []
        modulus = {name: rng.choices((None, 10_000_000_000, 100_000_000, 1_000_000), (9, 9, 9, 1))[0] for name in self.names}
        entries: list[dict] = []
        self.corrections: list[dict] = []
        parts = {name: [i for i in range(len(self.times)) if self._meter_at(i) == name] for name in self.names}
        for name in self.names:
            shown = self._shown_values(parts[name], with_bands, modulus[name])
            moments = [self.times[parts[name][0]][0], *(self.times[i][1] for i in parts[name])]
            for number, (at, values) in enumerate(zip(moments, shown)):
                exchanged = self.exchange is not None and number == (len(moments) - 1 if name == "A" else 0)
                if exchanged:
                    self._exchange(at, name, values)
                else:
                    self._reading(entries, name, at, values)
        if with_bands and rng.random() < 0.85:
            found["registers_match"] = True
        meters = [{"id": n, **({"ratio": self.first_ratio[n]} if self.first_ratio[n] != 1 or rng.random() < 0.3 else {}),
                   **({"modulus": quantity(modulus[n])} if modulus[n] else {}),
                   **({"max_power_kw": "1000000000"} if rng.random() < 0.2 else {})} for n in self.names]
        bare = len(self.names) == 1 and not self.events and not self.ratio_events and rng.random() < 0.5
        if bare and set(meters[0]) == {"id"}:
            for entry in entries:
                del entry["meter"]
            for event in self.corrections:
                del event["meter"]
        else:
            found["meters"] = meters
        rng.shuffle(entries)
        found["readings"] = entries
        self.events += self.corrections
        self.events += [{"kind": "ratio", "meter": e["meter"], "from": self.shown(e["at"]), "ratio": e["ratio"]}
                        for e in self.ratio_events]

    def _shown_values(self, indices: list[int], bands: list[str], modulus: int | None) -> list[dict[str, int]]:
        rng = self.rng
        total = rng.randint(0, 10**9)
        if modulus is not None:  # often near the end, also where the last tenth begins, also so that it ends at 0
            to_zero = max(0, modulus - max(1, self.moved[indices[0]]))
            total = rng.choice((0, modulus * 9 // 10, modulus - rng.randint(1, modulus // 20), to_zero))
        values = {"total": total, **{band: rng.randint(0, 10**8) for band in bands}}
        found = [dict(values)]
        falling = rng.random() < 0.02
        for i in indices:
            values["total"] += self.moved[i]
            if modulus is not None:
                values["total"] %= modulus
            if falling and rng.random() < 0.3:
                values["total"] = values["total"] // 2
            if bands:
                for band, part in self._registers(self.moved[i]).items():
                    if band in values:
                        values[band] += part
                if rng.random() < 0.02:
                    values[bands[0]] = max(0, values[bands[0]] - 5)
            found.append(dict(values))
        return found

    def _exchange(self, at: int, name: str, values: dict[str, int]) -> None:
        shown = {key: quantity(value) for key, value in values.items()}
        if name == "A":
            self.events.append({"kind": "exchange", "at": self.shown(at), "old": "A", "old_final": shown, "new": "B"})
        else:
            self.events[-1]["new_first"] = shown

    def _reading(self, entries: list[dict], name: str, at: int, values: dict[str, int]) -> None:
        rng = self.rng
        entry = {"meter": name, "at": self.shown(at), **{key: quantity(value) for key, value in values.items()}}
        wrong = {**entry, "total": quantity(max(0, values["total"] - rng.randint(0, 30_000)))}
        form = rng.random()
        if form < 0.1:
            entries += [entry, {**wrong, "estimated": True}]
        elif form < 0.15:
            entries.append({**entry, "estimated": True})
        elif form < 0.25:
            entries.append(wrong)
            made = [entry] if rng.random() < 0.6 else [{**wrong, "total": "1"}, entry]
            self.corrections += [{"kind": "correction", **one} for one in made]
        else:
            entries.append(entry)

    # what the agreement knows

    def _terms(self, found: dict, documents: list[dict]) -> None:
        rng = self.rng
        terms: dict = {}
        if rng.random() < 0.6:
            terms["household"] = rng.randint(1, 9)
        if any(f["per"] == "m2_month" for d in documents for f in d.get("fixed", [])) or rng.random() < 0.1:
            terms["area_m2"] = quantity(rng.randint(1, 2_000_000))
        if any(d.get("demand", {}).get("basis") == "capacity" for d in documents):
            terms["capacity_kva"] = quantity(rng.choice((3_150_000, rng.randint(1, 10_000_000))))
        earliest = dt.date.fromisoformat(documents[0]["effective_from"])
        self.begin, self.end = self.day, self.last + ONE_DAY
        if rng.random() < 0.4:
            self.begin = max(earliest, self.day - rng.choice((0, 1, 5, 30, 70, 400)) * ONE_DAY)
            terms["in_service_from"] = self.begin.isoformat()
        if rng.random() < 0.4:
            self.end = self.last + rng.choice((1, 2, 10, 40, 100)) * ONE_DAY
            terms["in_service_to"] = self.end.isoformat()
        if terms:
            found["terms"] = terms

    def _between(self) -> dt.date:
        return self.day + self.rng.randint(-5, (self.last - self.day).days + 1) * ONE_DAY

    def _changes(self, documents: list[dict]) -> None:
        rng = self.rng
        if any("household" in d for d in documents) and rng.random() < 0.5:
            days = {self._between() if rng.random() < 0.6 else self._between().replace(day=1)
                    for _ in range(rng.randint(1, 3))}
            self.events += [{"kind": "household", "from": day.isoformat(), "people": rng.randint(1, 9)}
                            for day in sorted(days)]
        if self.form == "quantities" or self.last <= self.day or rng.random() > 0.25:
            return
        days = {self.day + rng.randint(1, (self.last - self.day).days) * ONE_DAY for _ in range(rng.randint(1, 2))}
        by_month = any("power_factor" in d or "demand" in d for d in documents)
        if by_month:  # what is told by month cannot be told of two occupants of one month
            days = {day.replace(day=1) for day in days if day.replace(day=1) > self.day}
        for day in sorted(days):
            event = {"kind": "occupant", "at": day.isoformat()}
            if rng.random() < 0.7:
                event["keeps_tiers"] = rng.random() < 0.7
            self.events.append(event)

    def _months(self, found: dict, documents: list[dict]) -> None:
        rng = self.rng
        begin, end = (self.day.replace(day=1), self.day + ONE_DAY) if self.form == "quantities" else (self.begin, self.end)
        days = [begin + i * ONE_DAY for i in range((end - begin).days)]
        months = sorted({f"{day:%Y-%m}" for day in days})
        forget = rng.random() < 0.04
        measured = any(d.get("demand", {}).get("basis") == "measured" for d in documents)
        if measured and not (self.form == "grid" and rng.random() < 0.9):
            found["demand_kw"] = {m: quantity(rng.randint(0, 5_000_000)) for m in months if not (forget and rng.random() < 0.5)}
        if any("power_factor" in d for d in documents):
            name = rng.choice(("reactive_kvarh", "reactive_kvarh", "power_factor"))
            spread = max(self.sums) * 2
            found[name] = {m: quantity(rng.choice((0, rng.randint(0, spread), rng.randint(0, spread // 3 + 1))))
                           if name == "reactive_kvarh" else f"{rng.randint(0, 100) / 100:.2f}"
                           for m in months if not (forget and rng.random() < 0.5)}
