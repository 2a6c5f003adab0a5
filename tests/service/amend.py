#!/usr/bin/env python3
"""The past corrected on a running demo by `meterbook amend`: money follows, what was posted stays, the books are sound.

usage: amend.py --store sqlite|postgres
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from decimal import Decimal

from meterbook import Report, Server, binary, expect, folder, run, until, verify
from stores import add_store, stores

METERS = 60  # half of them with the tariff whose jobs a kill must come between
SHANGHAI = timezone(timedelta(hours=8))
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def local(instant_us: int) -> str:
    return (EPOCH + timedelta(microseconds=instant_us)).astimezone(SHANGHAI).isoformat()


def amend(server: Server, *words: str, refused: str = "", enter: bool = True) -> dict:
    """Its `--json` object. `refused`: the code it must be refused with."""
    extra = ["--yes"] if enter else []
    done = run("amend", *words, *extra, "--data", str(server.data), "--json", timeout=120)
    expect(done.stdout, "amend", words, done.stderr)
    told = json.loads(done.stdout.splitlines()[-1])
    if refused:
        expect(done.returncode == 1 and told.get("error", {}).get("code") == refused, words, done.returncode, told)
    else:
        expect(done.returncode == 0, words, done.returncode, done.stderr, told)
    return told


def adjusted(told: dict) -> Decimal:
    expect(told["adjusted"]["waiting"] == 0 and not told["adjusted"]["failed"], told["adjusted"])
    expect(told["amendment"]["done"], told)
    return Decimal(told["adjusted"]["charged"])


def postings(server: Server) -> list[tuple]:
    return [tuple(row) for row in server.rows(
        "SELECT posting_id, idempotency, amount, debit_kind, debit_owner, credit_kind, credit_owner FROM posting "
        "ORDER BY posting_id")]


def explained(server: Server, account: int) -> dict:
    done = run("explain", str(account), "--data", str(server.data), *server.store.words, "--json")
    expect(done.returncode == 0, f"account {account}: {done.stdout[-1500:]} {done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def steps(server: Server, account: int) -> list[dict]:
    found = [piece for agreement in explained(server, account)["agreements"] for month in agreement["months"]
             for line in month["lines"] for day in line["days"] for piece in day["slices"]]
    return sorted(found, key=lambda piece: piece["from"])


def first_steps(server: Server, account: int, count: int) -> list[dict]:
    return until(lambda: (found := steps(server, account)) and len(found) >= count and found, 90, "readings to explain")


def previewed(server: Server) -> None:
    before = postings(server)
    step = first_steps(server, 1, 2)[0]
    words = ["ratio", "--meter", "1", "--from", step["from"], "--ratio", "50", "--reason", "只看看"]
    told = amend(server, *words, enter=False)
    expect(not told["amendment"]["done"] and told["adjusted"] is None, told)
    expect(Decimal(told["amendment"]["charged"]) > 0 and told["amendment"]["adjustments"][0]["lines"], told)
    expect(server.one("SELECT count(*) FROM amendment") == 0, "a preview was entered")
    expect(postings(server)[:len(before)] == before, "a preview changed postings")


def corrected_reading(server: Server) -> None:
    """Someone read 1.2 kWh too much, five minutes after the last poll; the correction gives it back."""
    known = len(first_steps(server, 1, 3))
    last = until(lambda: (found := steps(server, 1)) and len(found) > known and found[-1], 60, "a fresh reading")
    at = (datetime.fromisoformat(last["to"]) + timedelta(seconds=299)).isoformat()
    where = ["reading", "--meter", last["meter"], "--at", at, "--total"]
    right = Decimal(last["register_to"])
    wrong = amend(server, *where, str(right + Decimal("1.2")), "--reason", "抄错了")
    charged = Decimal(wrong["amendment"]["charged"])
    expect(charged > Decimal("0.5"), wrong)
    posted = postings(server)
    told = amend(server, *where, str(right), "--reason", "更正抄表")
    expect(Decimal(told["amendment"]["charged"]) == -charged == adjusted(told), told, wrong)
    expect(postings(server)[:len(posted)] == posted, "posted entries changed")
    kinds = [row["kind"] for row in server.rows("SELECT kind FROM amendment ORDER BY amendment_id")]
    expect(kinds == ["reading", "reading"], kinds)
    until(lambda: datetime.fromisoformat(steps(server, 1)[-1]["to"]) > datetime.fromisoformat(at), 60,
          "later readings after the correction")
    explained(server, 1)


def impossible(server: Server) -> None:
    found = first_steps(server, 2, 3)
    where = ["--meter", "2", "--at", found[0]["to"]]
    entered = server.one("SELECT count(*) FROM amendment")
    amend(server, "reading", *where, "--total", "0.5", "--reason", "x", refused="rating.does_not_fit")
    amend(server, "reading", *where, "--total", "5", "--reason", "", refused="amendment.reason_required")
    amend(server, "reading", "--meter", "nobody", "--at", found[0]["to"], "--total", "5", "--reason", "x",
          refused="meter.unknown")
    amend(server, "reading", "--meter", "2", "--at", "2099-01-01T00:00", "--total", "5", "--reason", "x",
          refused="reading.future")
    expect(server.one("SELECT count(*) FROM amendment") == entered, "something that was refused got in")
    done = run("amend", "reading", "--meter", "2", "--data", str(server.data))
    expect(done.returncode == 2, "wrong usage ends with", done.returncode)


def ratio_back_dated(server: Server) -> None:
    found = first_steps(server, 2, 3)
    posted = postings(server)
    there = adjusted(amend(server, "ratio", "--meter", "2", "--from", found[0]["from"], "--ratio", "20",
                           "--reason", "互感器倍率录错"))
    expect(there > 0, there)
    money = sum(Decimal(row["amount"]) for row in explained(server, 2)["agreements"][0]["adjustments"])
    expect(money == there, "explain tells", money, "and not", there)
    back = adjusted(amend(server, "ratio", "--meter", "2", "--from", found[0]["from"], "--ratio", "1",
                          "--reason", "原来没错"))
    expect(back < 0, back)
    # What the job finds unchanged may still post what was used: each under a key of its own.
    for again in range(3):
        adjusted(amend(server, "ratio", "--meter", "2", "--from", found[0]["from"], "--ratio", "1",
                       "--reason", f"再核对 {again}"))
        until(lambda: len(steps(server, 2)) > len(found) + again, 60, "one more reading")
    expect(postings(server)[:len(posted)] == posted, "posted entries changed")


def exchanged_late(server: Server) -> None:
    """The meter of room 3 was changed some time ago; nobody had told."""
    found = first_steps(server, 3, 4)
    at, final = found[1]["to"], found[1]["register_to"]
    posted = postings(server)
    told = amend(server, "exchange", "--meter", "3", "--at", at, "--old-final", final,
                 "--new", "260900990003", "--new-first", "0", "--reason", "电表故障更换")
    expect(told["amendment"]["ref"] == str(METERS + 1), told)
    expect(adjusted(told) <= 0, "what the old meter still told is not charged", told)
    expect(postings(server)[:len(posted)] == posted, "posted entries changed")
    listed = json.loads(run("amend", "list", "--meter", "260900990003", "--data", str(server.data),
                            "--json").stdout.splitlines()[-1])
    expect([one["kind"] for one in listed["amendments"]] == ["exchange"], listed)
    expect(listed["amendments"][0]["by"] and listed["amendments"][0]["reason"] == "电表故障更换", listed)


def cheaper(server: Server, name: str, version: int, on: str) -> list[str]:
    """The arguments of a back-dated version of the dormitory's tariff."""
    document = {"code": "dorm", "name": "学生公寓电价", "version": version, "commodity": "electricity",
                "effective_from": on, "prices": [{"price": "0.1"}]}
    path = server.data.parent / name
    path.write_text(json.dumps(document))
    return ["tariff", "--file", str(path)]


def tariff_back_dated(server: Server) -> None:
    on = local(server.one("SELECT min(from_at) FROM agreement"))[:10]
    words = cheaper(server, "v2.json", 2, on)
    bad = server.data.parent / "bad.json"
    bad.write_text(json.dumps({"code": "dorm", "price": 1}))
    done = run("amend", "tariff", "--file", str(bad), "--data", str(server.data))
    expect(done.returncode == 1 and str(bad) in done.stderr and "did_you_mean=prices" in done.stderr, done.stderr)
    amend(server, *words, refused="tariff.reason_required")
    shown = amend(server, *words, "--reason", "发改委通知", enter=False)["amendment"]
    points = len(shown["service_points"])
    expect(points >= 3 and shown["accounts_down"] >= 1, shown)
    told = amend(server, *words, "--reason", "发改委通知")
    expect(adjusted(told) < 0, told)
    expect(told["adjusted"]["agreements_changed"] >= 1, told["adjusted"])


def waiting(server: Server) -> int:
    return server.one("SELECT count(*) FROM outbox WHERE kind = 'rerate'")


def outbox_after_kill(server: Server) -> None:
    """kill -9 between a tariff's publication and the jobs it asks for: they are tasks in the store, and run later."""
    on = datetime.fromisoformat(local(server.one("SELECT min(from_at) FROM agreement"))[:10])
    for version in range(3, 9):  # the jobs may have been faster than the kill
        entered = server.one("SELECT count(*) FROM amendment")
        day = (on - timedelta(days=version)).date().isoformat()
        words = cheaper(server, f"v{version}.json", version, day)
        asking = subprocess.Popen([str(binary()), "amend", *words, "--reason", "更早生效", "--yes", "--data",
                                   str(server.data)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda: server.one("SELECT count(*) FROM amendment") > entered, 60, "the publication")
        server.kill()
        asking.wait(60)
        left = waiting(server)
        server.start()
        until(lambda: waiting(server) == 0, 60, "the tasks to rate anew")
        if left > 0:
            print(f"note: {left} tasks waited when the server was killed")
            break
    expect(left > 0, "no task was left by any kill")
    explained(server, 1)


def main() -> int:
    given = add_store(argparse.ArgumentParser(description=__doc__)).parse_args()
    report = Report()
    with stores(given.store) as kept, folder("amend") as base:
        data = base / "data"
        data.mkdir()
        server = Server.demo_at(data, meters=METERS, speed=120, store=kept.at(data))
        try:
            server.start()
            for name, case in (
                    ("the effect is shown first, and nothing is entered", previewed),
                    ("a corrected reading gives the money back, posted entries stay", corrected_reading),
                    ("what cannot be is refused before it gets in", impossible),
                    ("a ratio set back in time, and taken back", ratio_back_dated),
                    ("a meter exchanged late is charged from the change on", exchanged_late),
                    ("a back-dated tariff needs a reason and re-rates all", tariff_back_dated),
                    ("after kill -9 the job still runs", outbox_after_kill)):
                with report.case(name):
                    case(server)
            with report.case("the books are sound beside the server and after a clean stop"):
                verify(server)
                expect(server.stop() == 0, "exit code")
                verify(server)
                for (account,) in server.rows("SELECT account_id FROM account ORDER BY account_id"):
                    explained(server, account)
        finally:
            if report.failed:
                print(server.output()[-4000:])
            server.close()
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
