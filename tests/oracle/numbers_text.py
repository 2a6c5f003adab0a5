"""Exact decimals in and out, and the refusal that everything here ends in when it cannot go on."""

from __future__ import annotations

import re
from fractions import Fraction

DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")
UNITS = 10_000  # a quantity is a whole number of 10^-4 of its unit


class Refused(Exception):
    """The use (or the document) cannot be priced; `code` is stable, `detail` is for people."""

    def __init__(self, code: str, detail: object = "") -> None:
        super().__init__(f"{code}: {detail}")
        self.code, self.detail = code, str(detail)


def exact(text: object) -> Fraction:
    if not isinstance(text, str) or not DECIMAL.fullmatch(text):
        raise Refused("json.wrong_type", f"no decimal text: {text!r}")
    return Fraction(text)


def units(text: object) -> int:
    """A quantity in 10^-4 units."""
    value = exact(text) * UNITS
    if value.denominator != 1:
        raise Refused("rate.too_many_decimals", text)
    return value.numerator


def decimal_text(value: Fraction, least: int = 2) -> str:
    """Every digit that the value has, at least `least` behind the point."""
    places, numerator, denominator = least, value.numerator, value.denominator
    while numerator * 10**places % denominator:
        places += 1
        if places > 60:
            raise ValueError(f"{value} has no finite decimal text")
    digits = str(abs(numerator) * 10**places // denominator).rjust(places + 1, "0")
    sign = "-" if value < 0 else ""
    return sign + (f"{digits[:-places]}.{digits[-places:]}" if places else digits)
