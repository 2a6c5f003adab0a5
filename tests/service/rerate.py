#!/usr/bin/env python3
"""`meterbook rerate` of a demo: the books, beside the server and after it; one output for each number of threads; the
lines added up by hand; the preview of another tariff.

usage: rerate.py --store sqlite|postgres
"""

from __future__ import annotations

import argparse
import hashlib
import json
import pathlib
import subprocess
import sys
import time
from decimal import ROUND_HALF_UP, Decimal

from meterbook import Report, Server, expect, folder, run, until
from stores import add_store, stores

FEN = Decimal("0.01")


class Rerating:
    def __init__(self, server: Server) -> None:
        self.server = server
        self.days = ["--from", time.strftime("%Y-%m-01", time.gmtime(time.time() - 10 * 86400)),
                     "--to", time.strftime("%Y-%m-%d", time.gmtime(time.time() + 10 * 86400))]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return run("rerate", "--project", "1", *self.days, "--data", str(self.server.data), *self.server.store.words, *words)

    def lines(self, *words: str) -> tuple[list[dict], dict, str]:
        """The lines, the total, and everything as it was printed."""
        done = self.run("--json", *words)
        expect(done.returncode == 0, done.returncode, done.stdout[-2000:], done.stderr)
        expect("as of log row " in done.stderr, done.stderr)
        told = [json.loads(line) for line in done.stdout.splitlines()]
        return told[:-1], told[-1], done.stdout


def add_up(rerating: Rerating) -> dict:
    lines, total, text = rerating.lines()
    expect(total["differing"] == 0 and total["refused"] == 0, total)
    expect(len(lines) == total["lines"] >= 6, "only", total["lines"], "lines")
    for line in lines:
        exact = Decimal(line["exact"])
        expect(Decimal(line["quantity"]) * Decimal(line["price"]) == exact, "quantity × price:", line)
        expect(exact.quantize(FEN, ROUND_HALF_UP) == Decimal(line["amount"]), "the rounding:", line)
    expect(sum(Decimal(line["amount"]) for line in lines) == Decimal(total["amount"]), "the total")
    hashed = hashlib.sha256("".join(line + "\n" for line in text.splitlines()[:-1]).encode()).hexdigest()
    expect(hashed == total["sha256"], "the hash of the lines is", hashed)
    expect([int(line["agreement"]) for line in lines] == sorted(int(line["agreement"]) for line in lines), "the order")
    return total


def same_for_threads(rerating: Rerating) -> None:
    told = {threads: rerating.lines("--threads", threads)[2] for threads in ("1", "2", "4")}
    expect(told["1"] == told["2"] == told["4"], "the output differs by threads")


def preview(rerating: Rerating, base: pathlib.Path) -> None:
    server = rerating.server
    published = [json.loads(row[0]) for row in server.rows("SELECT document FROM tariff_version ORDER BY tariff_id")]
    document = next(one for one in published if one["prices"])
    document.update(version=document["version"] + 1, examples=[], caps=[])
    path = base / "new.json"
    for price in document["prices"]:
        price["price"] = str(Decimal(price["price"]) * 2)
    path.write_text(json.dumps(document))
    done = rerating.run("--tariff", str(path), "--json")
    expect(done.returncode == 0, done.stdout, done.stderr)
    told = json.loads(done.stdout)
    expect(told["more"] >= 1 and told["less"] == 0, told)
    old, new = Decimal(told["old_amount"]), Decimal(told["new_amount"])
    expect(old < new <= 2 * old + told["accounts"] * Decimal("0.10"), told)
    expect(new - old == Decimal(told["difference"]), told)
    rise = told["largest_rise"]
    expect(Decimal(rise["new_amount"]) - Decimal(rise["old_amount"]) == Decimal(rise["difference"]) > 0, rise)
    named = json.loads(rerating.run("--tariff", f"{document['code']}@{document['version'] - 1}", "--json").stdout)
    expect(named["same"] == named["accounts"] >= 1, named)
    path.write_text(json.dumps(document)[:-1] + ', "prise": 1}')
    wrong = rerating.run("--tariff", str(path))
    expect(wrong.returncode == 1 and str(path) in wrong.stderr and "json." in wrong.stderr, wrong.stderr)


def refusals(rerating: Rerating) -> None:
    where = ["--data", str(rerating.server.data), *rerating.server.store.words]
    for words, code, text in ((["--from", "2026-13-01", "--to", "2026-12-01"], 2, "date.malformed"),
                              (["--from", "2026-02-01", "--to", "2026-01-01"], 2, "rerate.reversed"),
                              (["--from", "2026-02-01", "--to", "2026-02-01", "--project", "77"], 1, "project.not_found"),
                              (["--to", "2026-01-01"], 2, "--from")):
        done = run("rerate", *words, *where)
        expect(done.returncode == code and text in done.stderr, words, done.returncode, done.stderr)


def measured(server: Server) -> None:
    done = run("bench", "rate", "--kernel-meters", "300", "--meters", "25", "--threads", "2", *server.store.words, "--json")
    expect(done.returncode == 0, done.stdout, done.stderr)
    told = json.loads(done.stdout)
    expect(told["kernel"]["differing"] == 0 and told["kernel"]["crossing"] == 150, told["kernel"])
    expect(told["month"]["same"] and told["month"]["readings"] == 25 * 2976, told["month"])
    expect(told["month"]["lines"] >= 25 * 5, told["month"])


def main() -> int:
    given = add_store(argparse.ArgumentParser(description=__doc__)).parse_args()
    report = Report()
    with stores(given.store) as kept, folder("rerate") as base:
        data = base / "data"
        data.mkdir()
        server = Server.demo_at(data, meters=12, speed=120, store=kept.at(data))
        rerating = Rerating(server)
        try:
            server.start()
            with report.case("beside the server the books come out again, and add up by hand"):
                until(lambda: server.one("SELECT count(*) FROM meter_view WHERE reading_at > 0") >= 12, 60, "readings")
                time.sleep(15)  # half a business hour: some readings of each meter
                add_up(rerating)
            with report.case("after a kill, when rows are behind the log, too"):
                server.kill()
                before = add_up(rerating)
                server.start()
                expect(server.stop() == 0, "exit code")
                after = add_up(rerating)
                expect(Decimal(after["amount"]) >= Decimal(before["amount"]), before, after)
            with report.case("the same bytes for each number of threads"):
                same_for_threads(rerating)
            with report.case("another tariff is previewed, a wrong one refused by file and place"):
                preview(rerating, base)
            with report.case("the bench's month comes to the sum of its registers"):
                measured(server)
            with report.case("what cannot be rerated is refused by its name"):
                refusals(rerating)
        finally:
            if report.failed:
                print(server.output()[-4000:])
            server.close()
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
