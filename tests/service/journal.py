"""What a client was told: every request with its key, and the answer when one came. Compared with the store."""

from __future__ import annotations

import json
import random
import sqlite3
import threading
import time
from collections import Counter
from dataclasses import dataclass

from meterbook import Answer, Console, Lost, Sandbox, Server, expect, until
from stores import SLOWER, PostgresConnection


@dataclass
class Deed:
    """One request. `answer` is empty while its outcome is unknown."""

    kind: str  # order trip close read protect
    key: str
    meter: str
    fen: int = 0
    flag: bool = False
    answer: Answer | None = None

    @property
    def done(self) -> bool:
        return self.answer is not None and self.answer.status in (200, 201, 202)

    @property
    def refused(self) -> bool:
        """Nothing was done. `relay.already` is none of these: the wish is recorded, nothing had to be sent."""
        return self.answer is not None and not self.done and self.answer.code != "relay.already"

    def send(self, console: Console) -> Answer:
        """Raises Lost. A refusal that asks to come again leaves the outcome open, as a lost answer does."""
        if self.kind == "order":
            answer = console.order(self.meter, f"{self.fen // 100}.{self.fen % 100:02}", self.key)
        elif self.kind == "protect":
            answer = console.protect(self.meter, self.key, self.key, lock_out=self.flag)
        else:
            answer = console.command(self.meter, self.kind, self.key, self.key)
        if answer.status >= 500 or answer.code == "idempotency.in_progress":
            lost = Lost(f"{self.kind} {self.key}: {answer}")
            lost.code = f"{answer.status} {answer.code}"
            raise lost
        return answer


class Client(threading.Thread):
    """Does one thing after another on meters of its own until it is told to stop or loses the server."""

    def __init__(self, journal: Journal, number: int, seed: int) -> None:
        super().__init__(daemon=True)
        self.journal, self.number, self.dice = journal, number, random.Random(seed)
        self.meters = journal.meters[number::journal.clients]
        self.ending = threading.Event()
        self.lost: Lost | None = None  # what ended it
        self.broken: BaseException | None = None

    def finish(self, within_s: float = 60) -> None:
        """Ends it; raises what broke it, other than a lost server."""
        self.ending.set()
        self.join(within_s * SLOWER)
        expect(not self.is_alive(), "a client hangs")
        if self.broken:
            raise self.broken

    def run(self) -> None:
        try:
            while not self.ending.is_set():
                self.act()
        except Lost as why:
            self.lost = why
        except BaseException as why:  # shown by the main thread
            self.broken = why

    def act(self) -> None:
        journal, dice = self.journal, self.dice
        kind = dice.choices(["order", "pay", "trip", "close", "read", "protect"], [4, 4, 1, 1, 1, 2])[0]
        meter = dice.choice(self.meters)
        if kind == "pay":
            journal.pay_one(self.number)
            return
        flag = kind == "protect" and not journal.locked.get(meter, False)
        deed = Deed(kind, journal.new_key(kind), meter, dice.randint(1, 30_000), flag)
        journal.do(deed, self.number)


class Journal:
    def __init__(self, server: Server, clients: int, seed: int) -> None:
        self.server, self.clients, self.seed = server, clients, seed
        self.console = Console(server).sign_in()
        self.sandbox = Sandbox(server)
        self.meters = [meter["id"] for meter in self.console.meters()]
        self.deeds: list[Deed] = []
        self.locked: dict[str, bool] = {}  # by meter: what the last request, answered or not, wanted
        self.unpaid: dict[str, int] = {}   # order number → client
        self.paid: list[str] = []          # the cashier said so
        self.count = 0
        self.mutex = threading.Lock()
        self.last_business_us = 0

    def new_key(self, kind: str) -> str:
        with self.mutex:
            self.count += 1
            return f"{kind}-{self.seed}-{self.count:06}"

    def do(self, deed: Deed, client: int) -> None:
        with self.mutex:
            self.deeds.append(deed)
            if deed.kind == "protect":
                self.locked[deed.meter] = deed.flag
        deed.answer = deed.send(self.console)
        expect(deed.done or deed.answer.status in (409, 423), deed.kind, "was answered", deed.answer)
        if deed.kind == "order":
            with self.mutex:
                self.unpaid[deed.answer.json["no"]] = client

    def pay_one(self, client: int) -> None:
        with self.mutex:
            number = next((no for no, owner in self.unpaid.items() if owner == client), None)
            if number is None:
                return
            del self.unpaid[number]
        try:
            answer = self.sandbox.pay(number)
        except Lost:
            answer = None
        with self.mutex:
            if answer is not None and answer.status == 200:
                expect(answer.json["state"] == "paid", answer)
                self.paid.append(number)
            else:  # unknown to the channel as yet, or the channel is gone: tried again later
                self.unpaid[number] = client
        if answer is None:
            time.sleep(0.05)

    def retry_unknown(self) -> int:
        """The same request with the same key, until each has an answer."""
        open_ones = [deed for deed in self.deeds if deed.answer is None]
        for deed in open_ones:
            def again(deed: Deed = deed) -> bool:
                try:
                    self.do_again(deed)
                except Lost:
                    return False
                return True
            until(again, 20, f"an answer to {deed}")
        return len(open_ones)

    def do_again(self, deed: Deed) -> None:
        deed.answer = deed.send(self.console)
        if deed.kind == "order" and deed.done:
            with self.mutex:
                self.unpaid[deed.answer.json["no"]] = hash(deed.meter) % self.clients

    def repeat_known(self, dice: random.Random, how_many: int) -> None:
        """An acknowledged request once more: the same answer, byte for byte; with another body: a conflict."""
        known = [deed for deed in self.deeds if deed.done]
        for deed in dice.sample(known, min(how_many, len(known))):
            again = deed.send(self.console)
            assert deed.answer
            expect(again.body == deed.answer.body and again.status == deed.answer.status,
                   f"{deed.key} repeated: {again}, first: {deed.answer}")
            expect(again.headers.get("idempotent-replayed") == "true", "not marked as repeated:", deed.key)
            other = Deed(deed.kind, deed.key, deed.meter, deed.fen + 1, not deed.flag)
            if deed.kind in ("order", "protect"):
                refused = other.send(self.console)
                expect(refused.code == "idempotency.conflict", f"{deed.key} with another body: {refused}")

    # ---- against the store ---------------------------------------------------------------------

    def compare(self) -> None:
        """Every acknowledged fact is there, none is there twice, and what was refused left no trace."""
        database = self.server.store.database()
        try:
            self.compare_requests(database)
            self.compare_protection(database)
            self.compare_time(database)
        finally:
            database.close()
        self.compare_money()

    def compare_requests(self, database: sqlite3.Connection | PostgresConnection) -> None:
        orders = {row["order_no"]: row for row in database.execute("SELECT * FROM orders")}
        commands = {str(row["command_id"]): row for row in database.execute("SELECT * FROM command")}
        reasons: Counter[str] = Counter()
        for row in database.execute("SELECT params FROM timeline WHERE kind LIKE 'relay.%_ordered'"
                                    " OR kind LIKE 'protection.%'"):
            reasons[json.loads(row["params"]).get("reason", "")] += 1
        causes = Counter(row["cause"] for row in commands.values())
        created = Counter(row["order_no"] for row in database.execute(
            "SELECT order_no FROM timeline WHERE kind = 'order.created'"))
        for deed in self.deeds:
            traces = causes[deed.key] if deed.kind == "read" else reasons[deed.key]
            if deed.kind == "order":
                traces = created[deed.answer.json["no"]] if deed.done and deed.answer else 0
            if deed.done:
                expect(traces == 1, f"{deed.key} was acknowledged and is there {traces} times")
            else:
                expect(traces <= (0 if deed.refused else 1), f"{deed.key} is there {traces} times: {deed.answer}")
            if not deed.done or deed.answer is None or deed.kind == "protect":
                continue
            if deed.kind == "order":
                row = orders.get(deed.answer.json["no"])
                expect(row is not None and row["amount"] == deed.fen, f"order of {deed.key} is lost or altered")
            else:
                row = commands.get(deed.answer.json["id"])
                expect(row is not None and row["kind"] == deed.answer.json["kind"], f"command of {deed.key} is lost")

    def compare_protection(self, database: sqlite3.Connection | PostgresConnection) -> None:
        flags = {str(row[0]): bool(row[1]) for row in database.execute(
            "SELECT m.meter_id, r.lock_out FROM meter m JOIN relay_state r"
            " ON r.project_id = m.project_id AND r.service_point_id = m.service_point_id")}
        wanted: dict[str, tuple[bool, bool]] = {}  # meter → last flag, known
        for deed in self.deeds:
            if deed.kind == "protect":
                wanted[deed.meter] = (deed.flag, deed.done)
        for meter, (flag, known) in wanted.items():
            if known:
                expect(flags.get(meter) == flag, f"lock-out of meter {meter} was acknowledged as {flag}")

    def compare_time(self, database: sqlite3.Connection | PostgresConnection) -> None:
        """Business time of what is stored never goes back, nor behind what a client was told."""
        before = 0
        for row in database.execute("SELECT seq, business_at FROM event_log WHERE project_id = 1 ORDER BY seq"):
            expect(row["business_at"] >= before, f"business time goes back at log row {row['seq']}")
            before = row["business_at"]
        expect(before >= self.last_business_us, "business time lies behind that of an earlier round")
        self.last_business_us = before

    def compare_money(self) -> None:
        """A payment is one posting, and there is no posting without a payment."""
        for row in self.server.rows(
                "SELECT o.order_no, count(p.posting_id) AS n, coalesce(sum(p.amount), 0) AS fen, o.paid_amount"
                " FROM orders o LEFT JOIN posting p ON p.project_id = o.project_id"
                " AND p.idempotency = 'pay:sandbox:' || o.transaction_no"
                " WHERE o.transaction_no <> '' GROUP BY o.order_no, o.paid_amount"):
            expect(row["n"] == 1 and row["fen"] == row["paid_amount"],
                   f"order {row['order_no']}: {row['n']} postings of {row['fen']} for {row['paid_amount']}")
        counts = self.server.rows("SELECT (SELECT count(*) FROM posting WHERE cause LIKE '%payment') AS postings,"
                                  " (SELECT count(*) FROM orders WHERE transaction_no <> '') AS orders")[0]
        expect(counts["postings"] == counts["orders"], f"{counts['postings']} payments for {counts['orders']} orders")

    def all_credited(self, within_s: float) -> None:
        """Every payment the cashier acknowledged reaches the ledger."""
        for number in self.paid:
            answer = self.sandbox.query(number)
            expect(answer.status == 200 and answer.json["state"] == "paid", f"the channel forgot {number}: {answer}")

        def missing() -> list[str]:
            there = {row["order_no"] for row in self.server.rows(
                "SELECT o.order_no FROM orders o JOIN posting p ON p.project_id = o.project_id"
                " AND p.idempotency = 'pay:sandbox:' || o.transaction_no WHERE o.transaction_no <> ''")}
            return [number for number in self.paid if number not in there]

        until(lambda: not missing(), within_s, lambda: f"not credited: {missing()}")
