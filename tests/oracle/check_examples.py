#!/usr/bin/env python3
"""The oracle against sums made by hand: the domain's examples S1 to S8, and the examples and sentences of docs/reference."""

from __future__ import annotations

import datetime as dt
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from numbers_text import exact, units
from oracle import rate
from random_cases import case
from rules import Rules
from usage import read

FLAT = {"code": "t", "name": "t", "version": 1, "effective_from": "2026-01-01", "commodity": "electricity"}
ZHEJIANG = FLAT | {
    "periods": [{"from": "00:00", "to": "08:00", "band": "valley"}, {"from": "08:00", "to": "22:00", "band": "peak"},
                {"from": "22:00", "to": "24:00", "band": "valley"}],
    "tier_cycle": "year", "tier_limits": ["2760", "4800"],
    "prices": [{"band": "peak", "price": "0.568"}, {"band": "valley", "price": "0.288"}], "tier_add": ["0", "0.05", "0.3"]}
GUANGDONG = FLAT | {
    "tier_cycle": "month", "tier_limits_by_month": [{"months": [5, 6, 7, 8, 9, 10], "limits": ["260", "600"]},
                                                    {"months": [1, 2, 3, 4, 11, 12], "limits": ["200", "400"]}],
    "household": [{"people": 5, "add": ["100", "100"]}],
    "prices": [{"price": "0.60886875"}], "tier_add": ["0", "0.05", "0.3"]}
TWO_PART = FLAT | {
    "prices": [{"price": "0.70"}], "per_unit": [{"item": "fund", "name": "政府性基金", "price": "0.0273"}],
    "demand": {"basis": "measured", "price": "40"}, "power_factor": {"standard": "0.90"}}
DORM = FLAT | {"prices": [{"price": "0.56"}],
               "allowances": [{"name": "每月免费", "kind": "quantity", "amount": "8", "expires_after_months": 2}]}
WATER = FLAT | {
    "commodity": "water", "prices": [{"price": "3.00"}],
    "per_unit": [{"item": "sewage", "name": "污水处理费", "price": "1.10", "share": "0.9"}],
    "fixed": [{"item": "property", "name": "物业费", "price": "2.50", "per": "m2_month", "prorate": True}]}


def periods(*entries: str) -> list[dict]:
    return [dict(zip(("from", "to", "band"), entry.split())) for entry in entries]


COMMERCIAL = FLAT | {
    "effective_from": "2026-07-01",
    "seasons": [
        {"name": "1、7、8、12月", "dates": [{"from": "12-01", "to": "01-31"}, {"from": "07-01", "to": "08-31"}],
         "tables": [{"periods": periods("00:00 07:00 valley", "07:00 11:00 flat", "11:00 14:00 valley", "14:00 16:00 flat",
                                        "16:00 18:00 peak", "18:00 22:00 sharp", "22:00 23:00 peak", "23:00 24:00 flat")}]},
        {"name": "其他月份", "dates": [{"from": "02-01", "to": "06-30"}, {"from": "09-01", "to": "11-30"}],
         "tables": [{"periods": periods("00:00 07:00 valley", "07:00 11:00 flat", "11:00 14:00 valley", "14:00 16:00 flat",
                                        "16:00 23:00 peak", "23:00 24:00 flat")}]}],
    "exceptions": [{"name": "节假日深谷", "holidays": ["spring_festival", "labour_day", "national_day"],
                    "periods": periods("09:00 15:00 deep_valley")}],
    "base_prices": [{"from": "2026-07-01", "to": "2026-10-31", "price": "0.685070375"}],
    "ratios": [{"band": b, "ratio": r} for b, r in (("sharp", "2.05"), ("peak", "1.85"), ("flat", "1"), ("valley", "0.4"),
                                                    ("deep_valley", "0.2"))]}


def used(*quantities: object, **more: object) -> dict:
    pairs = [q if isinstance(q, tuple) else ("flat", q) for q in quantities]
    return {"quantities": [{"band": band, "quantity": str(q)} for band, q in pairs], **more}


def tiers(*prices: str) -> list[dict]:
    return [{"tier": tier, "price": price} for tier, price in enumerate(prices, 1)]


def reading(at: str, total: str) -> dict:
    return {"meter": "A", "at": at, "total": total}


def span(begin: str, end: str, quantity: str, **more: object) -> dict:
    return {"from": begin, "to": end, "quantity": quantity, **more}


class Examples(unittest.TestCase):
    maxDiff = None

    def total(self, expected: str, documents: dict | list[dict], usage: dict) -> list[dict]:
        found = rate(documents if isinstance(documents, list) else [documents], usage)
        self.assertEqual(expected, found.get("total"), json.dumps(found, ensure_ascii=False, indent=1))
        return found["lines"]

    def amounts(self, lines: list[dict], *names: str) -> dict[tuple, tuple[str, str]]:
        return {tuple(line[n] for n in names): (line["quantity"], line["amount"]) for line in lines}

    def refused(self, code: str, document: dict, usage: dict) -> None:
        self.assertEqual(code, rate([document], usage).get("error", {}).get("code"))


class Domain(Examples):
    def test_s1_tiers(self) -> None:
        document = FLAT | {"tier_cycle": "month", "tier_limits": ["50"], "prices": [{"price": "0.53"}], "tier_add": ["0", "0.05"]}
        self.total("55.50", document, used(100))
        self.total("5.30", document, used(10))

    def test_s2_zhejiang_flat(self) -> None:
        document = FLAT | {"tier_cycle": "year", "tier_limits": ["2760", "4800"],
                           "prices": tiers("0.538", "0.588", "0.838")}
        self.assertEqual([{"cycle": "2026-01", "occupant": 1, "item": "energy", "band": "flat", "tier": 1, "version": 1,
                           "quantity": "1000.0000", "unit": "kWh", "price": "0.538", "exact": "538.00", "amount": "538.00"}],
                         self.total("538.00", document, used(1000)))

    def test_s3_chongqing(self) -> None:
        document = FLAT | {"periods": periods("00:00 08:00 valley", "08:00 11:00 flat", "11:00 17:00 peak", "17:00 20:00 flat",
                                              "20:00 22:00 peak", "22:00 24:00 flat"),
                           "prices": [{"band": b, "price": p} for b, p in (("peak", "0.62"), ("flat", "0.52"), ("valley", "0.34"))]}
        self.total("157.00", document, used(("peak", 100), ("flat", 150), ("valley", 50)))

    def test_s4_shared_meter(self) -> None:
        self.total("163.92", FLAT | {"prices": [{"price": "0.5464"}]}, used(300))

    def test_s5_demand(self) -> None:
        document = FLAT | {"prices": [{"price": "0.70"}], "demand": {"basis": "measured", "price": "40", "window_minutes": 15}}
        self.total("11500.00", document, used(5000, demand_kw={"2026-01": "200"}))

    def test_s6_transformer(self) -> None:
        readings = [reading("2026-01-02T00:00", "100"), reading("2026-01-03T00:00", "112.5")]
        self.total("400.00", FLAT | {"prices": [{"price": "0.80"}]}, {"readings": readings, "meters": [{"id": "A", "ratio": 40}]})

    def test_s7_power_factor(self) -> None:
        document = FLAT | {"prices": [{"price": "1"}], "power_factor": {"standard": "0.90"}}
        lines = self.total("9970.00", document, used(10000, power_factor={"2026-01": "0.92"}))
        self.assertEqual(("0.92", "-0.30", "-30.00", "pf"), tuple(lines[1][n] for n in ("quantity", "price", "amount", "unit")))

    def test_s8_water(self) -> None:
        document = FLAT | {"commodity": "water", "prices": [{"price": "3.00"}],
                           "per_unit": [{"item": "sewage", "name": "污水", "price": "1.10"}]}
        self.total("41.00", document, used(10))


class Documents(Examples):
    def test_smallest(self) -> None:
        self.total("65.00", FLAT | {"prices": [{"price": "0.65"}]}, used(100))

    def test_residential(self) -> None:
        # 2700 before, 100 used: 60 at tier 1 (48 peak, 12 valley by 80:20), 40 at tier 2 (32, 8)
        lines = self.total("53.20", ZHEJIANG, used(("peak", 80), ("valley", 20), cycle_before="2700"))
        self.assertEqual({("peak", 1): ("48.0000", "27.26"), ("valley", 1): ("12.0000", "3.46"),
                          ("peak", 2): ("32.0000", "19.78"), ("valley", 2): ("8.0000", "2.70")},
                         self.amounts(lines, "band", "tier"))
        in_order = ZHEJIANG | {"tier_split": "time_order"}
        lines = self.total("53.20", in_order, used(("peak", 80), ("valley", 20), cycle_before="2700"))
        self.assertEqual({("peak", 1): ("60.0000", "34.08"), ("peak", 2): ("20.0000", "12.36"),
                          ("valley", 2): ("20.0000", "6.76")},
                         self.amounts(lines, "band", "tier"))

    def test_guangdong(self) -> None:
        # July 260/600: 158.31 + 224.02 (340 at 0.65886875) + 0.91; five people 360/700: 219.19 + 158.79 (241)
        self.total("383.24", GUANGDONG, used(601, on="2026-07-15"))
        self.total("377.98", GUANGDONG, used(601, on="2026-07-15", terms={"household": 5}))
        self.total("121.77", GUANGDONG, used(200, on="2026-01-15"))

    def test_two_part(self) -> None:
        # 3500 energy, 8000 demand, 136.50 fund; P = 5000, Q = 2130 is 0.92: −0.3 % of 11500
        usage = used(5000, demand_kw={"2026-01": "200"}, reactive_kvarh={"2026-01": "2130"})
        self.total("11602.00", TWO_PART, usage)
        self.refused("rate.reactive_missing", TWO_PART, used(5000, demand_kw={"2026-01": "200"}))
        self.refused("rate.demand_unknown", TWO_PART, used(5000, reactive_kvarh={"2026-01": "0"}))

    def test_dorm_carries_over(self) -> None:
        # 8 of January, 5 used; in February 3 + 8 are free of 12; in March the 8 of March (February's are used up)
        days = [("2026-01-10", "5"), ("2026-02-10", "12"), ("2026-03-10", "20")]
        usage = {"intervals": [span(f"{d}T00:00", f"{d}T01:00", q) for d, q in days]}
        lines = self.total("7.28", DORM, usage)
        self.assertEqual({("2026-01", "free"): ("5.0000", "0.00"), ("2026-02", "free"): ("11.0000", "0.00"),
                          ("2026-02", "energy"): ("1.0000", "0.56"), ("2026-03", "free"): ("8.0000", "0.00"),
                          ("2026-03", "energy"): ("12.0000", "6.72")}, self.amounts(lines, "cycle", "item"))

    def test_water_shop(self) -> None:
        # 10 m³: 30.00 + 10 × 0.99; 80 m² × 2.50 = 200.00, of which 10 of 31 days: 64.516… → 64.52
        usage = {"intervals": [span("2026-01-05T00:00", "2026-01-06T00:00", "10")],
                 "terms": {"area_m2": "80", "in_service_from": "2026-01-02", "in_service_to": "2026-01-12"}}
        self.total("104.42", WATER, usage)

    def test_commercial(self) -> None:
        # one kWh in an hour; 0.685070375 × 2.05 = 1.40439426875 at 18:00 in July, × 0.2 on 1 October at 9:00
        for begin, expected, band in (("2026-07-01T18:00", "1.40439426875", "sharp"),
                                      ("2026-10-01T09:00", "0.137014075", "deep_valley"),
                                      ("2026-10-10T09:00", "0.685070375", "flat"), ("2026-09-01T18:00", "1.26738019375", "peak")):
            usage = {"intervals": [span(begin, begin[:11] + f"{int(begin[11:13]) + 1:02d}:00", "1")]}
            line = rate([COMMERCIAL], usage)["lines"][0]
            self.assertEqual((expected, expected, band), (line["price"], line["exact"], line["band"]))
            self.assertEqual("2026-07-01", line["base_from"])
        self.refused("rate.no_base_price", COMMERCIAL, {"intervals": [span("2026-11-01T00:00", "2026-11-01T01:00", "1")]})
        self.refused("rate.no_calendar", COMMERCIAL | {"base_prices": [{"from": "2026-07-01", "price": "1"}]},
                     {"intervals": [span("2030-01-01T00:00", "2030-01-01T01:00", "1")]})


class Sentences(Examples):
    def test_split_by_time_and_registers(self) -> None:
        crossing = span("2026-01-01T07:00", "2026-01-01T10:00", "0.0004")
        lines = self.total("0.00", ZHEJIANG, {"intervals": [crossing]})
        self.assertEqual({("valley",): ("0.0001", "0.00"), ("peak",): ("0.0003", "0.00")}, self.amounts(lines, "band"))
        by_register = {"intervals": [crossing | {"registers": {"peak": "0.0001", "valley": "0.0003"}}]}
        lines = self.total("0.00", ZHEJIANG, by_register)
        self.assertEqual({("valley",): ("0.0003", "0.00"), ("peak",): ("0.0001", "0.00")}, self.amounts(lines, "band"))

    def test_rounding_total(self) -> None:
        # 0.0333 × 3 = 0.0999 → 0.10: floors 3 + 3 + 3, the tenth fen to the first of equal rests
        document = FLAT | {"rounding": "total", "prices": [{"price": "0.0333"}],
                           "per_unit": [{"item": i, "name": i, "price": "0.0333"} for i in ("a", "b")]}
        self.assertEqual({("energy",): ("1.0000", "0.04"), ("a",): ("1.0000", "0.03"), ("b",): ("1.0000", "0.03")},
                         self.amounts(self.total("0.10", document, used(1)), "item"))
        self.total("0.09", document | {"rounding": "line"}, used(1))

    def test_yearly_limits_by_months_in_service(self) -> None:
        # in service from 20 March: 10 of 12 months, 1200 × 10 ÷ 12 = 1000
        document = FLAT | {"tier_cycle": "year", "tier_limits": ["1200"], "months_in_service": True,
                           "prices": tiers("1", "2")}
        usage = {"intervals": [span("2026-04-01T00:00", "2026-04-02T00:00", "1001")]}
        self.total("1002.00", document, usage | {"terms": {"in_service_from": "2026-03-20"}})
        self.total("1001.00", document, usage)

    def test_occupants(self) -> None:
        document = FLAT | {"tier_cycle": "month", "tier_limits": ["10"], "prices": tiers("1", "2")}
        days = ("2026-01-09T00:00", "2026-01-10T00:00", "2026-01-11T00:00")
        usage = {"intervals": [span(days[0], days[1], "8"), span(days[1], days[2], "8")]}
        self.total("22.00", document, usage)
        self.total("16.00", document, usage | {"events": [{"kind": "occupant", "at": "2026-01-10"}]})
        self.total("22.00", document, usage | {"events": [{"kind": "occupant", "at": "2026-01-10", "keeps_tiers": True}]})

    def test_demand_windows(self) -> None:
        document = FLAT | {"prices": [{"price": "0"}], "demand": {"basis": "measured", "price": "1", "window_minutes": 30}}
        usage = {"intervals": {"start": "2026-01-01T00:00", "minutes": 15, "values": ["0", "3", "2", "0"]}}
        self.total("6.00", document, usage)
        self.total("10.00", document | {"demand": document["demand"] | {"slide_minutes": 15}}, usage)
        self.refused("rate.demand_unknown", document, {"intervals": [span("2026-01-01T00:15", "2026-01-01T00:45", "1")]})

    def test_readings(self) -> None:
        document = FLAT | {"prices": [{"price": "1"}]}
        readings = [reading("2026-01-01T00:00", "95"), reading("2026-01-02T00:00", "5")]
        self.total("10.00", document, {"readings": readings, "meters": [{"id": "A", "modulus": "100"}]})
        self.refused("rate.backward", document, {"readings": readings})
        correction = [{"kind": "correction", **reading("2026-01-02T00:00", "97")}]
        self.total("2.00", document, {"readings": readings, "events": correction})
        exchange = [{"kind": "exchange", "at": "2026-01-01T12:00", "old": "A", "old_final": {"total": "96"},
                     "new": "B", "new_first": {"total": "3"}}]
        self.total("3.00", document, {"readings": [readings[0], readings[1] | {"meter": "B"}], "events": exchange})
        ratio = [{"kind": "ratio", "meter": "A", "from": "2026-01-01T12:00", "ratio": 3}]
        self.total("20.00", document, {"readings": readings, "meters": [{"id": "A", "modulus": "100"}], "events": ratio})
        estimated = [*readings[:1], readings[1] | {"total": "99", "estimated": True}]
        self.total("4.00", document, {"readings": estimated})
        self.total("1.00", document, {"readings": [*estimated, readings[1] | {"total": "96"}]})

    def test_subsidy(self) -> None:
        document = FLAT | {"prices": [{"price": "0.333"}], "allowances": [{"name": "s", "kind": "money", "amount": "5.00"}],
                           "fixed": [{"item": "lift", "name": "电梯", "price": "1", "per": "month"}]}
        lines = self.total("1.00", document, used(10))
        self.assertEqual({("energy",): ("10.0000", "3.33"), ("lift",): ("1", "1.00"), ("subsidy",): ("3.33", "-3.33")},
                         self.amounts(lines, "item"))

    def test_percent_steps(self) -> None:
        percent = Rules().percent
        expected = {90: "100 -0.75, 95 -0.75, 94 -0.6, 91 -0.15, 90 0, 89 0.5, 70 10, 65 15, 64 17, 0 145",
                    85: "100 -1.1, 94 -1.1, 93 -0.95, 92 -0.8, 91 -0.65, 90 -0.5, 86 -0.1, 85 0, 65 10, 60 15, 59 17",
                    80: "100 -1.3, 92 -1.3, 91 -1.15, 90 -1, 81 -0.1, 80 0, 60 10, 55 15, 54 17"}
        for standard, steps in expected.items():
            for factor, text in (step.split() for step in steps.split(", ")):
                self.assertEqual(exact(text), percent(standard, int(factor)), (standard, factor))

    def test_clocks_put_forward(self) -> None:
        # in Berlin 29 March 2026 has no 02:00 to 03:00: from 01:30 to 03:30 by the wall is one hour
        document = FLAT | {"periods": periods("00:00 03:00 valley", "03:00 24:00 peak"), "prices": [{"price": "1"}]}
        usage = {"zone": "Europe/Berlin", "intervals": [span("2026-03-29T01:30:00+01:00", "2026-03-29T03:30:00+02:00", "2")]}
        lines = self.total("2.00", document, usage)
        self.assertEqual({("valley",): ("1.0000", "1.00"), ("peak",): ("1.0000", "1.00")}, self.amounts(lines, "band"))


class Properties(Examples):
    def test_parts_sum_to_the_whole(self) -> None:
        priced = 0
        for number in range(200):
            one = case(7, number)
            found = rate(one["tariffs"], one["usage"])
            if "error" in found:
                continue
            priced += 1
            use = read(one["usage"], dt.date.fromisoformat(one["tariffs"][0]["effective_from"]), Rules())
            moved = sum(q for _, q in use.quantities) if use.quantities is not None else sum(i.quantity for i in use.intervals)
            lines = found["lines"]
            self.assertEqual(moved, sum(units(line["quantity"]) for line in lines if line["item"] in ("energy", "free")), number)
            self.assertEqual(exact(found["total"]), sum(exact(line["amount"]) for line in lines), number)
        self.assertGreater(priced, 150)

    def test_order_of_facts_does_not_matter(self) -> None:
        for number in range(200):
            one = case(8, number)
            turned = {**one["usage"]}
            for name in ("intervals", "readings"):
                if isinstance(turned.get(name), list):
                    turned[name] = turned[name][::-1]
            # two versions of a reading's correction are applied in the order given, all other events in any
            if not any(event["kind"] == "correction" for event in turned.get("events", [])):
                turned["events"] = turned.get("events", [])[::-1]
            found, again = rate(one["tariffs"], one["usage"]), rate(one["tariffs"][::-1], turned)
            for answer in (found, again):
                answer.get("error", {}).pop("detail", None)  # names whichever fault it met first
            self.assertEqual(found, again, number)

    def test_same_seed_same_cases(self) -> None:
        """Also in another process, where Python hashes otherwise."""
        script = pathlib.Path(__file__).parent / "random_cases.py"
        words = [sys.executable, str(script), "--seed", "9", "--count", "100"]
        found = {subprocess.run(words, capture_output=True, check=True, env={**os.environ, "PYTHONHASHSEED": seed}).stdout
                 for seed in ("1", "2")}
        self.assertEqual(1, len(found))
        self.assertEqual(100, len(set(found.pop().splitlines())))


class CommandLine(Examples):
    def run_oracle(self, usage: str, name: str) -> tuple[int, dict]:
        with tempfile.TemporaryDirectory() as folder:
            tariff, use = pathlib.Path(folder) / "t.json", pathlib.Path(folder) / name
            tariff.write_text(json.dumps(ZHEJIANG))
            use.write_text(usage)
            script = pathlib.Path(__file__).parent / "oracle.py"
            done = subprocess.run([sys.executable, str(script), "--tariff", str(tariff), "--usage", str(use)],
                                  capture_output=True, text=True, check=False)
            return done.returncode, json.loads(done.stdout)

    def test_csv(self) -> None:
        code, found = self.run_oracle("\ufeffband,quantity\npeak,100\nvalley,100\n", "u.csv")
        self.assertEqual((0, "85.60"), (code, found["total"]))
        code, found = self.run_oracle("from,to,quantity\n2026-01-01 08:00,2026-01-01 09:00,100\n", "u.csv")
        self.assertEqual((0, "56.80"), (code, found["total"]))
        code, found = self.run_oracle("at,total\n2026-01-01 08:00,1\n2026-01-01 09:00,0.5\n", "u.csv")
        self.assertEqual((1, "rate.backward"), (code, found["error"]["code"]))


if __name__ == "__main__":
    done = unittest.main(exit=False).result
    bad = len(done.failures) + len(done.errors)
    print(f"passed={done.testsRun - bad} failed={bad}")
    sys.exit(1 if bad or not done.testsRun else 0)
