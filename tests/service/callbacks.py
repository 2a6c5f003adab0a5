#!/usr/bin/env python3
"""Payment callbacks over real HTTP: repeated, forged, strange, cut off by a kill (F01, F04–F07)."""

from __future__ import annotations

import argparse
import http.client
import json
import random
import sys
import threading
import time
from collections import Counter

from meterbook import Answer, Console, Report, Sandbox, Server, call, expect, folder, signature, until
from stores import SLOWER, add_store, stores

PATH = "/callbacks/sandbox/1"


class Desk:
    """Whoever knows the channel's secret can call back."""

    def __init__(self, server: Server) -> None:
        self.server, self.secret = server, server.secret()
        self.console = Console(server).sign_in()
        self.meter = self.console.meters()[0]["id"]
        self.count = 0

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    def order(self, amount: str = "12.30") -> str:
        self.count += 1
        answer = self.console.order(self.meter, amount, f"callback-order-{self.count}")
        expect(answer.status == 201, answer)
        return answer.json["no"]

    def body(self, order: str, transaction: str, fen: int = 1230, **other: object) -> bytes:
        fact = {"event_id": "E" + transaction, "event_type": "payment.succeeded", "channel": "sandbox",
                "merchant": "meterbook-demo", "project": "1", "order_no": order, "transaction_id": transaction,
                "amount_fen": fen, "currency": "CNY", "paid_at": "2026-11-22T01:30:00Z"}
        return json.dumps(fact | other).encode()

    def headers(self, body: bytes, age_s: int = 0, secret: str = "") -> dict[str, str]:
        signed = signature(secret or self.secret, int(time.time()) - age_s, body)
        return signed | {"Content-Type": "application/json"}

    def send(self, body: bytes, path: str = PATH, headers: dict[str, str] | None = None) -> Answer:
        return call(self.base, "POST", path, body, headers or self.headers(body))

    def facts(self) -> tuple[int, int, int]:
        """What a callback may leave: inbox rows, postings of payments, paid orders."""
        return (self.server.one("SELECT count(*) FROM inbox"),
                self.server.one("SELECT count(*) FROM posting WHERE cause LIKE '%payment'"),
                self.server.one("SELECT count(*) FROM orders WHERE transaction_no <> ''"))

    def postings(self, transaction: str) -> list[tuple[str, int]]:
        return [(row["credit_kind"], row["amount"]) for row in self.server.rows(
            "SELECT credit_kind, amount FROM posting WHERE idempotency = ?", f"pay:sandbox:{transaction}")]

    def alarms(self, kind: str) -> list[str]:
        return [row["params"] for row in self.server.rows("SELECT params FROM alarm WHERE kind = ?", kind)]


def repeated(desk: Desk) -> None:
    """F01: the same one 200 times on 8 threads."""
    order, before = desk.order(), desk.facts()
    body = desk.body(order, "TSAME")
    headers = desk.headers(body)
    statuses: Counter[int] = Counter()
    mutex, gate = threading.Lock(), threading.Barrier(8)

    def worker() -> None:
        gate.wait()
        for _ in range(25):
            status = desk.send(body, headers=headers).status
            with mutex:
                statuses[status] += 1

    threads = [threading.Thread(target=worker) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expect(statuses == {204: 200}, "answers:", dict(statuses))
    expect(desk.postings("TSAME") == [("cash", 1230)], desk.postings("TSAME"))
    expect(desk.facts() == tuple(n + 1 for n in before), before, "became", desk.facts())


def same_transaction_in_two_events(desk: Desk) -> None:
    order = desk.order()
    for event in ("E-first", "E-second"):
        expect(desk.send(desk.body(order, "TTWOEVENTS", event_id=event)).status == 204, event)
    expect(desk.postings("TTWOEVENTS") == [("cash", 1230)], desk.postings("TTWOEVENTS"))


def refused(desk: Desk) -> None:
    """F04: whatever is not signed by the channel for this merchant leaves nothing behind."""
    order = desk.order()
    good = desk.body(order, "TREFUSED")
    altered = good.replace(b"1230", b"9999")
    expect(altered != good, "the amount was not altered")
    flipped = desk.headers(good)
    flipped["Meterbook-Signature"] = flipped["Meterbook-Signature"][::-1]
    signed = [
        ("forged signature", good, flipped, 401, "payment.bad_signature"),
        ("foreign secret", good, desk.headers(good, secret="x" * 43), 401, "payment.bad_signature"),
        ("no signature", good, {"Content-Type": "application/json"}, 401, "payment.bad_signature"),
        ("altered amount", altered, desk.headers(good), 401, "payment.bad_signature"),
        ("old time stamp", good, desk.headers(good, age_s=301), 401, "payment.stale_timestamp"),
        ("time stamp ahead", good, desk.headers(good, age_s=-310), 401, "payment.stale_timestamp"),
    ]
    for name, change, status, code in (
            ("other merchant", {"merchant": "somebody-else"}, 401, "payment.other_merchant"),
            ("other project", {"project": "2"}, 401, "payment.other_merchant"),
            ("other channel", {"channel": "wechat"}, 401, "payment.other_merchant"),
            ("other currency", {"currency": "USD"}, 400, "payment.malformed"),
            ("nothing paid", {"amount_fen": 0}, 400, "payment.malformed"),
            ("less than nothing", {"amount_fen": -5}, 400, "payment.malformed"),
            ("broken amount", {"amount_fen": 12.5}, 400, "payment.malformed"),
            ("no transaction", {"transaction_id": ""}, 400, "payment.malformed"),
            ("unknown field", {"balance": 99}, 400, "payment.malformed")):
        body = desk.body(order, "TREFUSED", **change)
        signed.append((name, body, desk.headers(body), status, code))
    for name, raw in (("empty", b""), ("no JSON", b"paid!"), ("half", good[:40]), ("deep", b"[" * 60_000)):
        signed.append((name, raw, desk.headers(raw), 400, "payment.malformed"))
    before = desk.facts()
    for name, body, headers, status, code in signed:
        answer = desk.send(body, headers=headers)
        expect((answer.status, answer.code) == (status, code), f"{name}: {answer}")
    expect(desk.send(good, "/callbacks/nowhere/1").status == 404, "an unknown channel")
    expect(desk.send(good, "/callbacks/sandbox/2").status == 401, "another project's address")
    large = desk.body(order, "TREFUSED", padding="x" * 3_000_000)
    expect(desk.send(large).status in (400, 413), "three megabytes")
    expect(desk.facts() == before, before, "became", desk.facts())
    expect(desk.postings("TREFUSED") == [], desk.postings("TREFUSED"))


def unknown_order(desk: Desk) -> None:
    """A payment fact is never dropped: it waits in suspense, with an alarm."""
    expect(desk.send(desk.body("1XNOBODYKNOWS0001", "TUNKNOWN")).status == 204, "the answer")
    expect(desk.postings("TUNKNOWN") == [("suspense", 1230)], desk.postings("TUNKNOWN"))
    expect(any("1XNOBODYKNOWS0001" in text for text in desk.alarms("payment.unknown_order")), "no alarm")


def two_transactions(desk: Desk) -> None:
    """F06: both are recorded, the second in suspense."""
    order = desk.order()
    for transaction in ("TONE", "TTWO", "TONE", "TTWO"):
        expect(desk.send(desk.body(order, transaction)).status == 204, transaction)
    expect(desk.postings("TONE") == [("cash", 1230)], desk.postings("TONE"))
    expect(desk.postings("TTWO") == [("suspense", 1230)], desk.postings("TTWO"))
    expect(any(order in text for text in desk.alarms("payment.second_payment")), "no alarm")


def other_amount(desk: Desk) -> None:
    """F05: what was paid is credited, and flagged."""
    order = desk.order()
    expect(desk.send(desk.body(order, "TOTHER", fen=1000)).status == 204, "the answer")
    expect(desk.postings("TOTHER") == [("cash", 1000)], desk.postings("TOTHER"))
    expect(any(order in text for text in desk.alarms("payment.other_amount")), "no alarm")


def killed(desk: Desk, seed: int, tries: int) -> None:
    """F07: the process dies while a callback is under way; the channel repeats it; one posting."""
    dice = random.Random(seed)
    between = 0
    store = desk.server.store
    for number in range(tries):
        order = desk.order()
        transaction = f"TKILL{number}"
        body = desk.body(order, transaction)
        connection = http.client.HTTPConnection(desk.base.removeprefix("http://"), timeout=10 * SLOWER)
        before = store.written()
        connection.request("POST", PATH, body, desk.headers(body))
        if number % 2:
            time.sleep(dice.uniform(0, 0.012))
        else:  # as soon as something is written: most often that is the commit, before its answer
            end = time.monotonic() + 0.05
            while store.written() == before and time.monotonic() < end:
                pass
        desk.server.kill()
        try:
            answered = connection.getresponse().status == 204
        except (OSError, http.client.HTTPException):
            answered = False
        connection.close()
        desk.server.start()
        there = desk.postings(transaction)
        expect(there in ([], [("cash", 1230)]), there)
        expect(there or not answered, f"{transaction} was answered 204 and is lost")
        between += bool(there) and not answered
        expect(desk.send(body, headers=desk.headers(body)).status == 204, "the repeated callback")
        expect(desk.postings(transaction) == [("cash", 1230)], desk.postings(transaction))
        expect(desk.server.one("SELECT count(*) FROM inbox WHERE dedup_key = ?", "E" + transaction) == 1, "inbox rows")
    print(f"note: {tries} callbacks under way when the server was killed, {between} of them committed and unanswered")


def odd_bytes(desk: Desk) -> None:
    """PostgreSQL takes neither as text. They once were refused twice over, and that ended the server."""
    order, pid = desk.order(), desk.server.pid
    body = desk.body(order, "TLATIN")
    expect(desk.send(body, headers=desk.headers(body) | {"X-Note": "caf\xe9"}).status == 204, "a header in Latin-1")
    expect(desk.postings("TLATIN") == [("cash", 1230)], desk.postings("TLATIN"))
    kept = desk.server.rows("SELECT headers FROM inbox WHERE dedup_key = 'ETLATIN'")[0]["headers"]
    expect("caf\xe9" in json.loads(kept).values(), "the header was kept as", kept)
    body = desk.body(desk.order(), "TNUL", event_id="E\0NUL")
    expect(desk.send(body).status == 204, "an event id with NUL")
    expect(desk.postings("TNUL") == [("cash", 1230)], desk.postings("TNUL"))
    expect(desk.server.pid == pid and desk.server.process and desk.server.process.poll() is None, "the server ended")
    expect(desk.order(), "an order afterwards")


def through_the_channel(desk: Desk) -> None:
    """The channel itself misbehaves: twice, forged first, wrong amount, never (F01, F03–F05)."""
    sandbox = Sandbox(desk.server)

    def paid(fen: int, within_s: float, **faults: int) -> str:
        order = desk.order()
        sandbox.faults(**faults)
        expect(sandbox.pay(order).status == 200, "the cashier")
        until(lambda: desk.postings(sandbox.query(order).json["transaction_id"]) == [("cash", fen)], within_s,
              f"a credit of {fen} with {faults}")
        return order

    paid(1230, 20, duplicate=5)
    paid(1230, 30, forged=3)
    paid(1235, 20, wrong_amount_fen=5)
    began = time.monotonic()
    order = paid(1230, 60, lost=1)
    print(f"note: a payment whose callback never came was found by asking after {time.monotonic() - began:.0f} s")
    sandbox.faults()
    answer = desk.console.get(desk.console.at(f"/orders/{order}"))
    expect(answer.json["state"] in ("completed", "crediting"), answer)


def main() -> int:
    given = add_store(argparse.ArgumentParser(description=__doc__)).parse_args()
    report = Report()
    seed = int(time.time())
    print(f"seed {seed}", flush=True)
    with folder("callbacks") as base, stores(given.store) as store:
        data = base / "data"
        data.mkdir()
        server = Server.demo_at(data, fleet=False, store=store.at(data))
        try:
            desk = Desk(server.start())
            for name, case in (("the same callback 200 times on 8 threads", repeated),
                               ("one transaction in two events", same_transaction_in_two_events),
                               ("what is not signed for us is refused and leaves nothing", refused),
                               ("unknown order", unknown_order),
                               ("two transactions of one order", two_transactions),
                               ("another amount than ordered", other_amount),
                               ("bytes that are no text", odd_bytes),
                               ("a channel that repeats, forges, errs and forgets", through_the_channel)):
                with report.case(name):
                    case(desk)
            with report.case("killed while a callback is under way"):
                killed(desk, seed, 16)
            with report.case("clean stop"):
                expect(server.stop() == 0, "exit code")
            if report.failed:
                print(server.output()[-3000:])
        finally:
            server.close()
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
