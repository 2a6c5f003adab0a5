#!/usr/bin/python3
"""The published schemas (api/tariff.schema.json, api/usage.schema.json) and the program say the same.

    /usr/bin/python3 tests/behaviour/check_schema.py --meterbook build/meterbook

Needs python3-jsonschema of Debian 12 (4.10, which knows JSON Schema 2020-12), hence its Python. What is checked:
- the members and words of document.hpp and usage.hpp are those of the schemas, each with a description;
- the behaviour cases: what is priced validates, what is refused for its shape (json.*) does not;
- the oracle's random cases validate;
- documents with one thing changed: what the program prices validates, what it refuses for its shape does not;
- the examples of docs/reference/tariff.md validate and are priced.
Where the schema is narrower than the program on purpose, NARROWER says so, and each entry is checked to be true.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

from case import BadCase, load, read
from mutants import Mutant, Mutants
from run import choose, last_object

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "oracle"))
from random_cases import case as random_case  # noqa: E402

from jsonschema import Draft202012Validator, FormatChecker, RefResolver  # noqa: E402

HEADERS = ("src/rules/tariff/document.hpp", "src/rules/billing/usage.hpp")
WORDS = (*HEADERS, "src/rules/calendar.hpp")
RANDOM_CASES = 300
SCHEMAS = {name: json.loads((ROOT / "api" / f"{name}.schema.json").read_text()) for name in ("tariff", "usage")}

# Where the schema has the C++ struct: schema, definition ("" is the document itself).
PLACES = {
    "TariffDocument": ("tariff", ""), "TariffPeriod": ("tariff", "period"), "DateRange": ("tariff", "date_range"),
    "SeasonTable": ("tariff", "season_table"), "Season": ("tariff", "season"), "ScheduleException": ("tariff", "exception"),
    "TariffPrice": ("tariff", "price_entry"), "BasePrice": ("tariff", "base_price"), "BandRatio": ("tariff", "band_ratio"),
    "MonthLimits": ("tariff", "month_limits"), "HouseholdLimits": ("tariff", "household"), "PerUnitCharge": ("tariff", "per_unit"),
    "FixedCharge": ("tariff", "fixed"), "DemandCharge": ("tariff", "demand"), "PowerFactorStep": ("tariff", "power_factor_step"),
    "PowerFactorRule": ("tariff", "power_factor"), "Allowance": ("tariff", "allowance"), "PriceCap": ("tariff", "cap"),
    "TariffExample": ("tariff", "example"),
    "Usage": ("usage", ""), "UsageTerms": ("usage", "terms"), "UsageQuantity": ("usage", "band_quantity"),
    "UsageInterval": ("usage", "interval"), "UsageSeries": ("usage", "series"), "UsageReading": ("usage", "reading"),
    "UsageRegisters": ("usage", "registers"), "UsageMeter": ("usage", "meter"), "UsageEvent": ("usage", "event")}

# The refusals that are about the shape alone: a document that gets one must not validate.
SHAPE = re.compile(r"json\.|decimal\.|date\.|time\.|tariff\.(malformed_time|malformed_date|bad_code|bad_version|unknown_value|no_condition)$")

# Cases refused with json.* whose documents validate all the same: name and reason.
CASE_EXCEPTIONS: dict[str, str] = {}

FLAT = {"code": "t", "name": "t", "version": 1, "effective_from": "2026-01-01", "commodity": "electricity", "prices": [{"price": "0.5"}]}
ONE = {"quantities": [{"quantity": "1"}]}


def reading(total: str, day: int) -> dict:
    return {"at": f"2026-01-0{day}T00:00", "total": total}


# What the program takes and the schema, on purpose, does not: why, tariff, use.
NARROWER = (
    ("a sign before a positive number", FLAT | {"prices": [{"price": "+0.5"}]}, ONE),
    ("zeros behind the last decimal", FLAT, {"quantities": [{"quantity": "1.00000"}]}),
    ("a zero with a minus", FLAT, {"quantities": [{"quantity": "-0"}]}),
    ("a member that this kind of event does not have", FLAT,
     ONE | {"events": [{"kind": "household", "from": "2026-01-01", "people": 3, "meter": "A"}]}),
)

# Members left out, as the program writes them: empty or null. Both take them.
WRITTEN_OUT = (
    (FLAT | {"prices": [{"band": None, "tier": None, "price": "0.5"}], "price_decimals": None, "demand": None, "power_factor": None,
             "tier_start": "", "user_class": "", "periods": [], "seasons": [], "exceptions": [], "base_prices": [], "ratios": [], "tier_add": [],
             "tier_limits": [], "tier_limits_by_month": [], "household": [], "per_unit": [], "fixed": [], "allowances": [], "examples": [],
             "caps": [{"class": "shop", "from": "2026-01-01", "to": None, "price": "1", "source": ""}]},
     ONE | {"on": None, "readings": None, "meters": [], "events": [], "zone": "", "demand_kw": {}, "reactive_kvarh": {}, "power_factor": {},
            "terms": {"in_service_from": None, "in_service_to": None}}),
    ({name: value for name, value in FLAT.items() if name != "prices"}
     | {"base_prices": [{"from": "2026-01-01", "to": None, "price": "0.5"}], "ratios": [{"band": "flat", "ratio": "1"}], "prices": [],
        "power_factor": {"standard": "0.90", "table": []}},
     {"quantities": None, "power_factor": {"2026-01": "0.90"}, "meters": [{"id": "A", "modulus": None, "max_power_kw": None}],
      "readings": [reading("1", 1) | dict.fromkeys(("sharp", "peak", "flat", "valley", "deep_valley")), reading("2", 2)]}),
)

# Mutants on which the two differ on purpose: pattern of "part place: change", reason.
MUTANT_EXCEPTIONS: tuple[tuple[str, str], ...] = (
)


class Report:
    def __init__(self) -> None:
        self.passed, self.failed = 0, 0

    def note(self, name: str, problem: str = "") -> None:
        if problem:
            self.failed += 1
            print(f"FAIL {name}\n  {problem}")
        else:
            self.passed += 1


def validator(name: str) -> Draft202012Validator:
    schema = SCHEMAS[name]
    Draft202012Validator.check_schema(schema)
    store = {one["$id"]: one for one in SCHEMAS.values()}
    resolver = RefResolver(base_uri=schema["$id"], referrer=schema, store=store)
    return Draft202012Validator(schema, resolver=resolver, format_checker=FormatChecker(("date",)))


VALIDATORS = {name: validator(name) for name in SCHEMAS}


def fault(name: str, document: object) -> str:
    """Empty when the document validates, else where and why it does not."""
    for error in VALIDATORS[name].iter_errors(document):
        return f"/{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}"
    return ""


# ---- the members -----------------------------------------------------------------------------

def described(text: str, macro: str) -> dict[str, list[str]]:
    found = re.findall(rf"^{macro}\((\w+),\s*\(?([^)]*)\)", text, re.M)
    return {name: [member.strip().removesuffix("_") for member in members.split(",")] for name, members in found}


def all_described(macro: str, headers: tuple[str, ...]) -> dict[str, list[str]]:
    return {name: members for path in headers for name, members in described((ROOT / path).read_text(), macro).items()}


def node(schema: str, definition: str) -> dict:
    return SCHEMAS[schema]["$defs"][definition] if definition else SCHEMAS[schema]


def nodes(value: object) -> list[dict]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return ([value] if isinstance(value, dict) else []) + [one for part in inner for one in nodes(part)]


def check_members(report: Report) -> None:
    structs = all_described("MB_DESCRIBE", HEADERS)
    report.note("every struct has its place", f"{sorted(structs.keys() ^ PLACES.keys())}" if structs.keys() != PLACES.keys() else "")
    for name, place in PLACES.items():
        found, wanted = node(*place), structs.get(name, [])
        members = found.get("properties", {})
        report.note(f"members of {name}", f"only one has {sorted(members.keys() ^ set(wanted))}" if members.keys() != set(wanted) else "")
        bare = [member for member, what in members.items() if "\n" in what.get("description", "\n")]
        report.note(f"descriptions of {name}", f"none, or not one line: {bare}" if bare or not found.get("description") else "")
        report.note(f"{name} is closed", "" if found.get("additionalProperties") is False else "additionalProperties is not false")
    for name, schema in SCHEMAS.items():
        closed = {key for key, what in schema["$defs"].items() if what.get("type") == "object"}
        strange = closed - {definition for one, definition in PLACES.values() if one == name}
        report.note(f"objects of {name}.schema.json", f"no struct has {sorted(strange)}" if strange else "")
    report.note("each struct has a place of its own", "" if len({*PLACES.values()}) == len(PLACES) else "two share one")


def check_words(report: Report) -> None:
    lists = [set(one["enum"]) for schema in SCHEMAS.values() for one in nodes(schema) if isinstance(one.get("enum"), list)]
    for name, words in all_described("MB_ENUM", WORDS).items():
        report.note(f"words of {name}", "" if set(words) in lists else f"no enum of the schemas is {words}")


# ---- the cases -------------------------------------------------------------------------------

def faults(tariffs: list[object], usage: object | None) -> list[str]:
    found = [fault("tariff", tariff) for tariff in tariffs] + ([] if usage is None else [fault("usage", usage)])
    return [one for one in found if one]


def check_case(report: Report, folder: pathlib.Path) -> None:
    expected = read(folder / "expected.json")
    code = expected.get("error", {}).get("code", "")
    try:
        one = load(folder)
        tariffs = [read(path) for path in one.tariffs]
        usage = None if one.usage.suffix == ".csv" else read(one.usage)
    except BadCase as bad:
        report.note(folder.name, "" if code == "json.malformed" else str(bad))
        return
    found = faults([] if code.startswith("tariff.") else tariffs, None if code.startswith("rate.") else usage)
    if not SHAPE.match(code):
        report.note(folder.name, "; ".join(found))
    elif folder.name in CASE_EXCEPTIONS:
        report.note(folder.name, "an exception, but it does not validate" if faults(tariffs, usage) else "")
    else:
        report.note(folder.name, "" if faults(tariffs, usage) else f"is refused with {code}, but validates")


def check_random_cases(report: Report) -> None:
    """The oracle's own idea of what may be written."""
    for number in range(RANDOM_CASES):
        one = random_case(1, number)
        report.note(f"random case {number} of seed 1", "; ".join(faults(one["tariffs"], one["usage"])))


# ---- documents with one thing changed --------------------------------------------------------

class Program:
    def __init__(self, path: str) -> None:
        self.path = path

    def batch(self, cases: list[tuple[list, dict]]) -> list[dict]:
        lines = "".join(json.dumps({"tariffs": tariffs, "usage": usage}) + "\n" for tariffs, usage in cases)
        done = subprocess.run([self.path, "rate", "--batch"], input=lines, capture_output=True, text=True, check=True)
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        if len(answers) != len(cases):
            raise SystemExit(f"rate --batch: {len(answers)} answers to {len(cases)} lines")
        return answers

    def files(self, tariff: dict, usage: dict) -> dict:
        with tempfile.TemporaryDirectory() as folder:
            paths = [pathlib.Path(folder) / name for name in ("tariff.json", "usage.json")]
            for path, document in zip(paths, (tariff, usage)):
                path.write_text(json.dumps(document))
            done = subprocess.run([self.path, "rate", "--tariff", paths[0], "--usage", paths[1], "--json"],
                                  capture_output=True, text=True, check=False)
            return last_object(done.stdout, done.returncode)


def priced_cases() -> list[tuple[list, dict]]:
    """The behaviour cases that are priced, short ones, and one that has what they lack."""
    out = [whole_case()]
    for folder in choose([]):
        one = load(folder) if "error" not in read(folder / "expected.json") else None
        if one and one.usage.suffix == ".json" and one.usage.stat().st_size < 5000:
            out.append(([read(path) for path in one.tariffs], read(one.usage)))
    return out


def whole_case() -> tuple[list, dict]:
    """The members that no priced case gives."""
    tariff = FLAT | {
        "user_class": "shop", "tier_split": "share", "demand": {"basis": "measured", "price": "1", "window_minutes": 15, "slide_minutes": 5},
        "exceptions": [{"name": "e", "dates": [{"from": "01-01", "to": "01-02"}], "on": ["2026-01-01"], "days": ["mon"],
                        "periods": [{"from": "00:00", "to": "24:00", "band": "flat"}]}],
        "fixed": [{"item": "fee", "name": "f", "price": "1", "per": "month", "prorate": True, "in_power_factor": True}],
        "caps": [{"class": "shop", "from": "2026-01-01", "to": "2026-12-31", "price": "1", "source": "s"}],
        "examples": [{"name": "n", "usage": ONE | {"on": "2026-02-01", "terms": {"in_service_from": "2026-02-01"}}, "total": "1.50"}]}
    registers = {"total": "0", "sharp": "0", "peak": "0", "flat": "0", "valley": "0", "deep_valley": "0"}
    usage = {
        "zone": "Asia/Shanghai", "terms": {"household": 3, "area_m2": "1", "capacity_kva": "1", "in_service_from": "2026-01-01", "in_service_to": "2026-02-01"},
        "cycle_before": "1", "demand_kw": {"2026-01": "1"}, "reactive_kvarh": {"2026-01": "1"}, "registers_match": True,
        "meters": [{"id": name, "ratio": 1, "modulus": "1000000", "max_power_kw": "1000"} for name in "AB"],
        "readings": [{"meter": "A", "at": f"2026-01-0{day} 00:00", **registers, "estimated": False} for day in (1, 2)]
        + [{"meter": "B", "at": "2026-01-04 00:00", **registers}],
        "events": [{"kind": "exchange", "at": "2026-01-03 00:00", "old": "A", "old_final": registers, "new": "B", "new_first": registers, "reason": "r"},
                   {"kind": "ratio", "meter": "B", "from": "2026-01-03 12:00", "ratio": 2},
                   {"kind": "correction", "meter": "B", "at": "2026-01-04 00:00", **registers},
                   {"kind": "household", "from": "2026-01-02", "people": 4},
                   {"kind": "occupant", "at": "2026-01-03", "keeps_tiers": True}]}
    return [tariff], usage


def disagreement(mutant: Mutant, answer: dict) -> str:
    found = fault(mutant.part, mutant.document)
    code = answer.get("error", {}).get("code", "")
    if not code and found:
        return f"is priced, but does not validate: {found}"
    return f"is refused ({answer['error']}), but validates" if code and SHAPE.match(code) and not found else ""


def check_mutants(report: Report, program: Program) -> None:
    makers = {"tariff": Mutants(), "usage": Mutants()}
    mutants, cases = [], []
    for tariffs, usage in priced_cases():
        for mutant in makers["tariff"].of(tariffs[0]):
            mutants.append(mutant)
            cases.append(([mutant.document, *tariffs[1:]], usage))
        for mutant in makers["usage"].of(usage):
            mutants.append(Mutant(mutant.place, mutant.change, mutant.document, "usage"))
            cases.append((tariffs, mutant.document))
    excused = set()
    for mutant, answer in zip(mutants, program.batch(cases)):
        name = f"{mutant.part} {mutant.place}: {mutant.change}"
        problem = disagreement(mutant, answer)
        excuse = next((pattern for pattern, _ in MUTANT_EXCEPTIONS if re.fullmatch(pattern, name)), None)
        if problem and excuse:
            excused.add(excuse)
            problem = ""
        report.note(name, problem)
    for pattern, reason in MUTANT_EXCEPTIONS:
        report.note(f"exception {pattern}", "" if pattern in excused else f"is not met any more: {reason}")
    check_every_member_changed(report, {part: maker.places() for part, maker in makers.items()})


def check_every_member_changed(report: Report, places: dict[str, set[str]]) -> None:
    for name, (part, definition) in PLACES.items():
        for member in node(part, definition)["properties"]:
            met = any(place.endswith("/" + member) for place in places[part])
            report.note(f"{name}.{member} was changed", "" if met else "no case that is priced has it")


def check_written_out(report: Report, program: Program) -> None:
    answers = program.batch([([tariff], usage) for tariff, usage in WRITTEN_OUT])
    for number, ((tariff, usage), answer) in enumerate(zip(WRITTEN_OUT, answers), 1):
        report.note(f"left-out members written out, {number}", "; ".join(faults([tariff], usage)) or str(answer.get("error", "")))


def check_narrower(report: Report, program: Program) -> None:
    answers = program.batch([([tariff], usage) for _, tariff, usage in NARROWER])
    for (why, tariff, usage), answer in zip(NARROWER, answers):
        taken = "" if "error" not in answer else f"the program refuses it as well: {answer['error']}"
        report.note(why, taken or ("" if faults([tariff], usage) else "the schema takes it as well"))


# ---- the manual ------------------------------------------------------------------------------

def small_use(tariff: dict) -> dict:
    bands = re.findall(r'"band": "(\w+)"', json.dumps(tariff))
    month = tariff["effective_from"][:7]
    return {"quantities": [{"band": bands[0] if bands else "flat", "quantity": "10"}], "terms": {"area_m2": "10", "capacity_kva": "10"},
            "demand_kw": {month: "10"}, "power_factor": {month: "0.92"}}


def check_manual(report: Report, program: Program) -> None:
    blocks = re.findall(r"^```json\n(.*?)^```$", (ROOT / "docs/reference/tariff.md").read_text(), re.M | re.S)
    tariffs = [one for one in map(json.loads, blocks) if "code" in one]
    report.note("the manual has examples", "" if len(tariffs) >= 7 else f"only {len(tariffs)}")
    for tariff in tariffs:
        name, use = f"tariff.md, {tariff['code']}", small_use(tariff)
        report.note(f"{name} validates", "; ".join(faults([tariff], use)))
        answer = program.files(tariff, use)
        report.note(f"{name} is priced", "" if answer.get("lines") else str(answer))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--meterbook", metavar="PROGRAM", default="build/meterbook")
    program, report = Program(parser.parse_args().meterbook), Report()
    check_members(report)
    check_words(report)
    for folder in choose([]):
        check_case(report, folder)
    check_random_cases(report)
    check_mutants(report, program)
    check_written_out(report, program)
    check_narrower(report, program)
    check_manual(report, program)
    print(f"passed={report.passed} failed={report.failed}")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
