#!/usr/bin/env python3
"""`meterbook explain` of every account of a demo, added up again by hand: slice, day, line, month, ledger.

usage: explain.py --store sqlite|postgres
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from decimal import ROUND_HALF_UP, Decimal

from meterbook import Report, Server, expect, folder, run, until
from stores import add_store, stores

FEN = Decimal("0.01")


def explained(server: Server, account: int) -> dict:
    done = run("explain", str(account), "--data", str(server.data), *server.store.words, "--json")
    expect(done.returncode == 0, f"account {account}: {done.stdout[-2000:]} {done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def total(parts: list[dict], member: str) -> Decimal:
    return sum((Decimal(part[member]) for part in parts), Decimal(0))


def add_up_line(line: dict) -> None:
    for day in line["days"]:
        for member in ("quantity", "exact"):
            expect(total(day["slices"], member) == Decimal(day[member]), "a day's", member, line["item"], day["on"])
        for piece in day["slices"]:
            step = (Decimal(piece["register_to"]) - Decimal(piece["register_from"])) * piece["ratio"]
            expect(step == Decimal(piece["step"]) >= Decimal(piece["quantity"]), "a step:", piece)
    quantity, exact = Decimal(line["quantity"]), Decimal(line["exact"])
    expect(total(line["days"], "quantity") == quantity, "the days' quantity:", line["item"])
    expect(total(line["days"], "exact") == exact, "the days' exact sum:", line["item"])
    expect(quantity * Decimal(line["price"]) == exact, "quantity × price:", line["item"])
    amount = Decimal(line["amount"])
    expect(exact.quantize(FEN, ROUND_HALF_UP) == amount, "the rounding:", line["item"])
    expect(exact - amount == Decimal(line["carry"]), "the carry:", line["item"])


def add_up(server: Server) -> tuple[int, int]:
    """Every account; gives how many lines and slices there were."""
    lines = slices = 0
    for (account,) in server.rows("SELECT account_id FROM account ORDER BY account_id"):
        told = explained(server, account)
        expect(told["agreements"], f"account {account} has no agreement")
        for agreement in told["agreements"]:
            expect(not agreement["problems"], agreement["problems"])
            for month in agreement["months"]:
                for line in month["lines"]:
                    add_up_line(line)
                    lines += 1
                    slices += sum(len(day["slices"]) for day in line["days"])
                expect(total(month["lines"], "amount") == Decimal(month["amount"]), "a month:", month["month"])
                expect(total(month["lines"], "posted") == Decimal(month["posted"]), "a month's postings:", month["month"])
            expect(total(agreement["months"], "amount") == Decimal(agreement["amount"]), "an agreement")
    return lines, slices


def refusals(server: Server) -> None:
    where = ["--data", str(server.data), *server.store.words]
    for words, text in ((["nobody"], "account.not_found"), (["1", "--from", "2026-13-01"], "date.malformed"),
                        (["1", "--from", "2026-02-01", "--to", "2026-01-01"], "explain.reversed")):
        done = run("explain", *words, *where)
        expect(done.returncode == 1 and text in done.stderr, words, done.returncode, done.stderr)


def main() -> int:
    given = add_store(argparse.ArgumentParser(description=__doc__)).parse_args()
    report = Report()
    with stores(given.store) as kept, folder("explain") as base:
        data = base / "data"
        data.mkdir()
        server = Server.demo_at(data, meters=12, speed=120, store=kept.at(data))
        try:
            server.start()
            with report.case("beside the server every account's bill adds up, down to the registers"):
                until(lambda: server.one("SELECT count(*) FROM meter_view WHERE reading_at > 0") >= 12, 60, "readings")
                time.sleep(20)  # forty business minutes: some readings of each meter
                lines, slices = add_up(server)
                expect(lines >= 6 and slices >= 12, "only", lines, "lines and", slices, "slices")
                print(f"note: {lines} lines, {slices} slices")
            with report.case("what cannot be explained is refused by its name"):
                refusals(server)
            with report.case("the same after a clean stop"):
                expect(server.stop() == 0, "exit code")
                expect(add_up(server)[1] >= slices, "there is less to explain")
        finally:
            if report.failed:
                print(server.output()[-4000:])
            server.close()
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
