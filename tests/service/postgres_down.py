#!/usr/bin/env python3
"""PostgreSQL dies or hangs under a running server: it refuses, waits, goes on, and nothing acknowledged is lost (F58, F59).

usage: postgres_down.py --store postgres [--rounds 5] [--seed N]
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import time

from journal import Client, Deed, Journal
from meterbook import Answer, Lost, Report, Server, call, expect, folder, until, verify
from stores import SLOWER, PostgresCluster, stores

CLIENTS = 3
FROZEN = "all of PostgreSQL frozen"
WAYS = ("all of PostgreSQL killed", "PostgreSQL stopped immediately", "a backend killed", FROZEN, "both killed")
UNAVAILABLE = "503 store.unavailable"
PATIENCE = "answer_timeout_s=2"


def health(server: Server) -> Answer:
    return call(f"http://127.0.0.1:{server.port}", "GET", "/healthz")


def write_one(journal: Journal) -> str:
    """Orders something; gives the code when that was refused for the time being."""
    try:
        journal.do(Deed("order", journal.new_key("order"), journal.meters[0], 1230), 0)
    except Lost as why:
        expect(why.code == UNAVAILABLE, "a write without PostgreSQL:", why)
        return why.code
    return ""


def strike(server: Server, cluster: PostgresCluster, way: str, dice: random.Random) -> None:
    if way == "a backend killed":  # then PostgreSQL ends all the others, and recovers by itself
        connection = cluster.connect()
        pids = [row["pid"] for row in connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'meterbook' ORDER BY pid")]
        connection.close()
        os.kill(dice.choice(pids), signal.SIGKILL)
        return
    if way == "both killed":
        server.kill()
    cluster.end(signal.SIGQUIT if way == "PostgreSQL stopped immediately" else signal.SIGKILL)


def refuses(server: Server, journal: Journal) -> None:
    """Reads and writes get an answer that asks to come again; the server stays."""
    expect(write_one(journal) == UNAVAILABLE, "a write was accepted without PostgreSQL")
    console = journal.console
    for path in ("/me", console.at("/meters"), console.at("/orders")):
        answer = console.get(path)
        expect((answer.status, answer.code) == (503, "store.unavailable"), f"{path} without PostgreSQL: {answer}")
    until(lambda: "store.unavailable" in health(server).body.decode(), 5, lambda: f"healthz: {health(server)}")
    expect(server.process and server.process.poll() is None, "the server ended with PostgreSQL")


def frozen(server: Server, journal: Journal, cluster: PostgresCluster, clients: list[Client]) -> None:
    """It neither answers nor hangs up: the server gives it up, and says so; then it wakes with old work in hand."""
    pids = cluster.freeze()
    try:
        began = time.monotonic()
        for client in clients:
            client.finish()
        refuses(server, journal)
        print(f"note: a frozen PostgreSQL was given up; refused and told within {time.monotonic() - began:.1f} s")
    finally:
        cluster.go_on(pids)


def burst(server: Server, journal: Journal, cluster: PostgresCluster, way: str, dice: random.Random) -> None:
    """A short load, and in the middle of it the end of PostgreSQL; afterwards both run again."""
    clients = [Client(journal, number, dice.getrandbits(32)) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    time.sleep(dice.uniform(0.3, 1.5))
    if way == FROZEN:
        frozen(server, journal, cluster, clients)
    else:
        strike(server, cluster, way, dice)
    both = way == "both killed"
    if way not in ("a backend killed", FROZEN):
        if not both:
            refuses(server, journal)
            time.sleep(dice.uniform(0, 1.5))
        cluster.start()
    for client in clients:
        client.finish()
        expect(both or client.lost is None or client.lost.code == UNAVAILABLE, "the load got", client.lost)
    if both:
        server.start()


def repeat_forgotten(server: Server, journal: Journal) -> None:
    """Done and answered, but PostgreSQL went before the answer could be kept: asked again, it is the same deed."""
    kept = {row["idem_key"] for row in server.rows("SELECT idem_key FROM idempotency")}
    gone = [deed for deed in journal.deeds if deed.done and deed.key not in kept]
    told = server.output().count("an answer could not be kept")
    expect(len(gone) <= told, f"{[deed.key for deed in gone]} are not kept, the log tells of {told}")
    for deed in gone:
        first, deed.answer = deed.answer, deed.send(journal.console)
        assert first
        expect(deed.answer.status == first.status, f"{deed.key} repeated: {deed.answer}, first: {first}")
        for name in ("no", "id", "meter_id"):
            expect(deed.answer.json.get(name) == first.json.get(name), f"{deed.key} repeated: {deed.answer}")


def goes_on(server: Server, journal: Journal, dice: random.Random) -> float:
    began = time.monotonic()
    until(lambda: not write_one(journal), 30, lambda: f"a write with PostgreSQL back: {health(server)}")
    took = time.monotonic() - began
    expect(server.process and server.process.poll() is None, "the server ended")
    journal.compare()
    answer = journal.console.get("/me")
    expect(answer.status == 200, "the session did not survive:", answer)
    journal.retry_unknown()
    repeat_forgotten(server, journal)
    journal.repeat_known(dice, 6)
    journal.compare()
    until(lambda: health(server).json["status"] == "ok", 20, lambda: f"a healthy server: {health(server)}")
    return took


def stop_without(server: Server, journal: Journal, cluster: PostgresCluster) -> None:
    """A stop does not wait for a PostgreSQL that may never come; a start without it says so and ends."""
    cluster.end(signal.SIGKILL)
    write_one(journal)
    began = time.monotonic()
    server.stop(within_s=30)
    print(f"note: stopped without PostgreSQL after {time.monotonic() - began:.1f} s")
    offset = server.spawn()
    assert server.process
    code = server.process.wait(40 * SLOWER)
    said = server.output(offset)
    server.process = None
    expect(code == 1 and "postgres: connect" in said, f"a start without PostgreSQL ended with {code}: {said}")
    cluster.start()
    server.start()
    journal.retry_unknown()
    journal.compare()


def loop(report: Report, cluster: PostgresCluster, rounds: int, seed: int) -> None:
    dice = random.Random(seed)
    with folder("down") as base:
        data = base / "data"
        data.mkdir()
        server = Server.demo_at(data, store=cluster.at(data, PATIENCE))
        try:
            journal = Journal(server.start(), CLIENTS, seed)
            longest = 0.0
            for number in range(rounds):
                if report.failed:  # a round starts from answered requests
                    break
                way, before = WAYS[number % len(WAYS)], len(journal.deeds)
                with report.case(f"round {number + 1}: {way}"):
                    pid = server.pid
                    burst(server, journal, cluster, way, dice)
                    expect((server.pid == pid) == (way != "both killed"), "the server was restarted")
                    longest = max(longest, goes_on(server, journal, dice))
                    expect(len(journal.deeds) > before + CLIENTS, "there was no load")
            with report.case("a stop and a start without PostgreSQL"):
                stop_without(server, journal, cluster)
            with report.case("every acknowledged payment is credited once"):
                journal.all_credited(60)
                journal.compare()
            with report.case("a clean stop, then verify"):
                expect(server.stop() == 0, "exit code of the server")
                verify(server)
            done = sum(deed.done for deed in journal.deeds)
            print(f"note: PostgreSQL ended {rounds} times, {len(journal.deeds)} requests, {done} acknowledged,"
                  f" {len(journal.paid)} payments, seed {seed};"
                  f" written again at most {longest:.1f} s after it was back")
        finally:
            if report.failed:
                said = [line for line in server.output().splitlines() if " error " in line or "internal" in line]
                print(f"the server's log tells of:\n{chr(10).join(said[-40:])}")
            server.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", choices=("postgres",), default="postgres")
    parser.add_argument("--rounds", type=int, default=len(WAYS))
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    report = Report()
    with report.case("the loop itself"), stores(given.store) as cluster:
        assert isinstance(cluster, PostgresCluster)
        loop(report, cluster, given.rounds, given.seed)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
