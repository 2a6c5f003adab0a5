#!/usr/bin/env python3
"""kill -9 at random points under load; after each, everything acknowledged is there, once (F07, F08, F58).

usage: kill_loop.py [--store sqlite|postgres] [--rounds 20] [--seed N] [--verify-each 10]
The seed is printed; the same seed gives the same requests and moments, though not the same interleaving.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import random
import signal
import sys
import time

from journal import Client, Journal
from meterbook import Console, Report, Server, children, expect, folder, until, verify
from stores import PostgresCluster, SqliteStores, add_store, stores

CLIENTS = 3
METERS = 40


def burst(server: Server, journal: Journal, dice: random.Random) -> str:
    """A short load that ends with the death of the server; says how it died."""
    clients = [Client(journal, number, dice.getrandbits(32)) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    time.sleep(dice.uniform(0.3, 2.5))
    how = dice.choice(["server", "server", "fleet", "sandbox-channel", "stopping", "starting"])
    if how in ("fleet", "sandbox-channel"):
        os.kill(children(server.pid)[how], signal.SIGKILL)
        time.sleep(dice.uniform(0, 0.6))
    elif how == "stopping":
        assert server.process
        server.process.send_signal(signal.SIGINT)
        time.sleep(dice.uniform(0, 0.2))
    server.kill()
    for client in clients:
        client.finish()
    if how == "starting":
        server.spawn()
        time.sleep(dice.uniform(0.01, 0.25))
        server.kill()
    return how


def check(journal: Journal, dice: random.Random) -> None:
    journal.compare()
    answer = journal.console.get("/me")
    expect(answer.status == 200, "the session did not survive:", answer)
    journal.retry_unknown()
    journal.repeat_known(dice, 6)
    journal.compare()


def loop(report: Report, store: SqliteStores | PostgresCluster, rounds: int, seed: int, verify_each: int) -> None:
    dice = random.Random(seed)
    with folder("kill") as base:
        data = base / "data"
        data.mkdir()
        server = Server.demo_at(data, METERS, store=store.at(data))
        try:
            journal = Journal(server.start(), CLIENTS, seed)
            for number in range(1, rounds + 1):
                before = len(journal.deeds)
                how = burst(server, journal, dice)
                if number % verify_each == 0:
                    with report.case(f"verify after round {number}"):
                        verify(server)
                with report.case(f"round {number}: {how} killed, {len(journal.deeds) - before} requests"):
                    server.start()
                    check(journal, dice)
            with report.case("every acknowledged payment is credited once"):
                journal.all_credited(60)
                journal.compare()
            with report.case("a clean stop, then verify"):
                expect(server.stop() == 0, "exit code of the server")
                verify(server)
            with report.case("the comparison notices what is wrong"):
                tampered(journal)
            done = sum(deed.done for deed in journal.deeds)
            print(f"note: {rounds} kills, {len(journal.deeds)} requests, {done} acknowledged,"
                  f" {len(journal.paid)} payments, seed {seed}")
            if report.failed:
                keep(server.log, data)
        finally:
            server.close()


TAMPERINGS = (
    ("a lost order", "DELETE FROM orders WHERE order_no = (SELECT order_no FROM timeline WHERE kind = 'order.created'"
                     " AND actor_kind = 'staff' LIMIT 1)"),
    ("an altered order", "UPDATE orders SET amount = amount + 1"),
    ("a lost command", "DELETE FROM command WHERE cause LIKE 'read-%'"),
    ("a command given twice", "INSERT INTO timeline SELECT project_id, seq + 1000000, service_point_id, entry_at,"
                              " entry_wall_at, kind, params, order_no, command_id, actor_kind, actor_login_id,"
                              " actor_name, row_check FROM timeline WHERE kind LIKE 'relay.%_ordered'"),
    ("another lock-out", "UPDATE relay_state SET lock_out = 1 - lock_out"),
    ("a lost credit", "DELETE FROM posting WHERE posting_id = (SELECT max(posting_id) FROM posting"
                      " WHERE cause = 'payment')"),
    ("a second credit", "INSERT INTO posting SELECT project_id, posting_id + 1000000, posted_at, posted_on, debit_kind,"
                        " debit_owner, credit_kind, credit_owner, amount, cause, cause_id, idempotency || 'x',"
                        " row_check FROM posting WHERE cause = 'payment' LIMIT 1"),
    ("time set back", "UPDATE event_log SET business_at = 1 WHERE seq = (SELECT max(seq) FROM event_log)"),
)


def tampered(journal: Journal) -> None:
    """The comparison itself: each of these changes of the data must be noticed."""
    journal.compare()
    sound = journal.server.store
    for name, statement in TAMPERINGS:
        with sound.altered(statement) as (copy, changed):
            journal.server.store = copy
            try:
                journal.compare()
                noticed = False
            except AssertionError:
                noticed = True
            finally:
                journal.server.store = sound
        expect(changed > 0 and noticed, f"{name} ({changed} rows) went unnoticed")


def keep(log: pathlib.Path, data: pathlib.Path) -> None:
    print(f"the server's log ends:\n{log.read_text(errors='replace')[-4000:]}")
    if os.environ.get("KEEP"):
        print(f"kept: {data}")


def killed_at_birth(report: Report, store: SqliteStores | PostgresCluster, seed: int, tries: int) -> None:
    """The first start makes the campus: whenever it dies, the next start has all of it."""
    dice = random.Random(seed ^ 0x5EED)
    for number in range(1, tries + 1):
        after = dice.uniform(0.05, 0.6)
        with report.case(f"first start killed after {after:.2f} s, time {number}"), folder("birth") as base:
            data = base / "data"
            data.mkdir()
            server = Server.demo_at(data, METERS, fleet=False, store=store.at(data))
            try:
                server.spawn()
                until(lambda: (data / "sandbox.secret").exists() or time.sleep(0.01), 20, "a first file")
                time.sleep(after)
                server.kill()
                server.start()
                console = Console(server).sign_in()
                expect(len(console.meters()) == METERS, len(console.meters()), "meters of", METERS)
                counts = [server.one(f"SELECT count(*) FROM {table}") for table in ("agreement", "account", "posting")]
                expect(counts == [METERS] * 3, "agreements, accounts, opening balances:", counts)
            finally:
                server.close()


def killed_with_young_children(report: Report, store: SqliteStores | PostgresCluster, tries: int) -> None:
    """A fleet that had not come up yet once outlived the server that was starting it."""
    with report.case("killed at the moment its children appear"), folder("young") as base:
        data = base / "data"
        data.mkdir()
        server = Server.demo_at(data, METERS, store=store.at(data))
        try:
            for number in range(tries):
                name = ("sandbox-channel", "fleet")[number % 2]
                server.spawn()
                until(lambda name=name: name in children(server.pid), 20, f"a {name}")
                server.kill()
        finally:
            server.close()


def main() -> int:
    parser = add_store(argparse.ArgumentParser(description=__doc__))
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--verify-each", type=int, default=10)
    parser.add_argument("--births", type=int, default=3)
    given = parser.parse_args()
    print(f"seed {given.seed}: kill_loop.py --store {given.store} --seed {given.seed} --rounds {given.rounds}"
          " repeats this", flush=True)
    report = Report()
    with stores(given.store) as store:
        killed_at_birth(report, store, given.seed, given.births)
        killed_with_young_children(report, store, 2 * given.births)
        with report.case("the loop itself"):
            loop(report, store, given.rounds, given.seed, given.verify_each)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
