"""What an answer has that the expectation does not say, field by field."""

from __future__ import annotations

import re
from fractions import Fraction

NUMBERS = {"quantity", "price", "exact"}  # compared by value: "0.50" is "0.5"; amounts and totals are compared as text
DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def same(name: str, wanted: object, got: object) -> bool:
    if name in NUMBERS and isinstance(wanted, str) and isinstance(got, str):
        return bool(DECIMAL.fullmatch(wanted) and DECIMAL.fullmatch(got)) and Fraction(wanted) == Fraction(got)
    return type(wanted) is type(got) and wanted == got


def same_code(wanted: str, got: object) -> bool:
    """`rate.*` wants any refusal of that family."""
    return isinstance(got, str) and (got.startswith(wanted[:-1]) if wanted.endswith("*") else got == wanted)


def fields(where: str, wanted: dict, got: dict) -> list[str]:
    return [f"{where}.{name}: expected {value!r}, got {got.get(name)!r}"
            for name, value in wanted.items() if not same(name, value, got.get(name))]


def compare_error(wanted: dict, got: object) -> list[str]:
    if not isinstance(got, dict):
        return [f"error: expected {wanted['code']}, got {got!r}"]
    found = []
    if not same_code(wanted["code"], got.get("code")):
        found.append(f"error.code: expected {wanted['code']!r}, got {got.get('code')!r}")
    rest = {name: value for name, value in wanted.items() if name != "code"}
    return found + fields("error", rest, got)


def differences(expected: dict, answer: dict) -> list[str]:
    """Empty when the answer is as expected."""
    if "broken" in answer:
        return [answer["broken"]]
    if "error" in expected:
        if "error" not in answer:
            return [f"expected the refusal {expected['error']['code']}, got the total {answer.get('total')!r}"]
        return compare_error(expected["error"], answer["error"])
    if "error" in answer:
        return [f"expected the total {expected['total']}, got the refusal {answer['error']}"]
    found = fields("answer", {"total": expected["total"]}, answer)
    if "notes" in expected and bool(answer.get("notes")) != expected["notes"]:
        found.append(f"notes: expected {'some' if expected['notes'] else 'none'}, got {answer.get('notes')!r}")
    lines = answer.get("lines")
    if not isinstance(lines, list) or len(lines) != len(expected["lines"]):
        count = len(lines) if isinstance(lines, list) else "no"
        found.append(f"lines: expected {len(expected['lines'])}, got {count}")
    for index, (wanted, got) in enumerate(zip(expected["lines"], lines if isinstance(lines, list) else [])):
        found += fields(f"lines[{index}]", wanted, got if isinstance(got, dict) else {})
    return found
