#!/usr/bin/env python3
"""The books are lost and come back from a backup (F62, F63).

Acknowledged before the backup: there. Acknowledged after it: gone, and the same requests with the same keys bring it
back, money included, once. A command that was open at the backup and carried out afterwards is read back, not sent again.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import random
import shutil
import signal
import sys

from disk_full import small_disk
from journal import Client, Journal
from meterbook import Lost, Report, Server, Sandbox, children, expect, folder, run, until, verify
from stores import SLOWER, PostgresCluster, PostgresStore, SqliteStore, SqliteStores, add_store, stores

METERS = 40
CLIENTS = 2


def load(journal: Journal, while_doing: object = None) -> None:
    """Two clients, until `while_doing` has returned and enough was acknowledged."""
    dice = random.Random(62)
    before = len(journal.deeds)
    clients = [Client(journal, number, dice.getrandbits(32)) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    if callable(while_doing):
        while_doing()
    until(lambda: len(journal.deeds) >= before + 40, 60, "forty requests")
    for client in clients:
        client.ending.set()
    for client in clients:
        client.join(30 * SLOWER)
        if client.broken:
            raise client.broken


def backup(server: Server, to: pathlib.Path) -> None:
    done = run("backup", "--data", str(server.data), *server.store.words, "--verify", str(to), timeout=120)
    expect(done.returncode == 0, f"backup: {done.stdout}{done.stderr}")


def restore(source: pathlib.Path, data: pathlib.Path, store: SqliteStore | PostgresStore) -> str:
    done = run("restore", str(source), "--data", str(data), *store.words, timeout=120)
    return f"exit {done.returncode}\n{done.stdout}{done.stderr}"


def open_trip(server: Server, journal: Journal) -> str:
    """A trip that nobody carries out: the virtual meters are gone until the next start."""
    os.kill(children(server.pid)["fleet"], signal.SIGKILL)
    meter = next(meter for meter in journal.meters
                 if server.one("SELECT count(*) FROM command c JOIN meter m ON m.meter_id = c.meter_id"
                               " WHERE m.meter_id = ? AND c.ended_wall_at = 0", int(meter)) == 0
                 and not journal.locked.get(meter, False)
                 and server.one("SELECT r.position = 'closed' AND r.keep_power = 0 AND r.no_disconnect = 0"
                                " FROM relay_state r JOIN meter m"
                                " ON m.service_point_id = r.service_point_id WHERE m.meter_id = ?", int(meter)))
    answer = journal.console.command(meter, "trip", "drill", "drill-trip-0001")
    expect(answer.status in (200, 201, 202), answer)
    return answer.json["id"]


def command(server: Server, number: str) -> dict:
    return dict(server.rows("SELECT * FROM command WHERE command_id = ?", int(number))[0])


def ended(server: Server, number: str) -> dict:
    until(lambda: command(server, number)["ended_wall_at"] != 0, 60, lambda: f"an end of {command(server, number)}")
    return command(server, number)


def lose(server: Server) -> None:
    """The server dies and its books are gone; meters, channel and clock are a world of their own."""
    server.kill()
    gone = [path for path in server.data.iterdir() if path.name.startswith("meterbook.")]
    for path in gone:
        path.unlink()
    if isinstance(server.store, PostgresStore):
        cluster, name = server.store.cluster, server.store.dbname
        cluster.change(f"DROP DATABASE {name} WITH (FORCE)")
        cluster.change(f"CREATE DATABASE {name}")
    else:
        expect(any(path.name == "meterbook.db" for path in gone), gone)


def drill(report: Report, base: pathlib.Path, server: Server) -> None:
    data, shelf = server.data, base / "shelf"
    shelf.mkdir()
    journal = Journal(server.start(), CLIENTS, 62)
    with report.case("a backup beside a server under load"):
        load(journal, lambda: backup(server, shelf / "loaded"))
    with report.case("a backup with a command open"):
        load(journal)
        journal.all_credited(60)
        trip = open_trip(server, journal)
        kept, paid = list(journal.deeds), list(journal.paid)
        last_seq = server.one("SELECT max(seq) FROM event_log")
        backup(server, shelf / "daily")
        server.kill()
    server.start()
    with report.case("the command is carried out, more is acknowledged"):
        sent = ended(server, trip)
        expect(sent["state"] == "verified" and sent["sent_wall_at"] != 0, sent)
        load(journal)
        journal.all_credited(60)
        expect(len(journal.deeds) > len(kept) and len(journal.paid) > len(paid), "nothing came behind the backup")
    lose(server)
    with report.case("restored: what was acknowledged before the backup is there"):
        text = restore(shelf / "daily", data, server.store)
        expect("exit 0" in text and "verify clean" in text and "project 1: up to log row" in text, text)
        expect(server.one("SELECT max(seq) FROM event_log") >= last_seq, "the backup lacks its last rows")
        text = restore(shelf / "daily", data, server.store)
        expect("exit 1" in text and "store.not_empty" in text, "restored over books:", text)
        database = server.store.database()
        everything, journal.deeds = journal.deeds, kept
        journal.compare_requests(database)
        journal.deeds = everything
        database.close()
        journal.compare_money()
    with report.case("started: the command is found done, and not sent again"):
        journal.last_business_us = 0
        server.start()
        again = ended(server, trip)
        expect(again["state"] == "verified" and again["sent_wall_at"] == 0, again)
    with report.case("everybody signs in again"):
        expect(journal.console.get("/me").status == 401, "a session came back")
        journal.console.sign_in()
        journal.sandbox = Sandbox(server)
    with report.case("the lost requests with their old keys bring everything back, once"):
        for deed in everything[len(kept):]:
            deed.answer = None
        expect(journal.retry_unknown() > 0, "no lost request")
        journal.repeat_known(random.Random(63), 10)
        journal.all_credited(90)
        journal.compare()
    with report.case("verify after all that"):
        expect(server.stop() == 0, "exit code")
        verify(server)


def damaged(report: Report, base: pathlib.Path, store: SqliteStores | PostgresCluster) -> None:
    """Every nightly restore says so when the backup rots."""
    dice = random.Random(64)
    good, scratch = base / "shelf" / "daily", base / "scratch"
    place = store.at(scratch)
    for name in sorted(path.name for path in good.iterdir()):
        with report.case(f"a flipped byte in {name} is refused"):
            bad = base / "rotten"
            shutil.copytree(good, bad)
            content = bytearray((bad / name).read_bytes())
            content[dice.randrange(len(content) - 1)] ^= 1
            (bad / name).write_bytes(content)
            text = restore(bad, scratch, place)
            expect("exit 1" in text and "backup.damaged" in text, text)
            expect(not scratch.exists(), "something was written")
            shutil.rmtree(bad)
    with report.case("the sound one is taken by the same place, and so is the one made under load"):
        expect("exit 0" in (text := restore(good, scratch, place)), text)
        other = base / "other"
        expect("exit 0" in (text := restore(base / "shelf" / "loaded", other, store.at(other))), text)


def no_room(report: Report, base: pathlib.Path, server: Server) -> None:
    with small_disk(base / "small", 24) as why:
        if why:
            report.skip("no room for a backup", why)
            return
        with report.case("no room for a backup: said before, nothing left behind"):
            filler = base / "small" / "filler"
            with filler.open("wb") as out:
                out.write(b"x" * (23 * 1024 * 1024 + 900 * 1024))
            done = run("backup", "--data", str(server.data), *server.store.words, str(base / "small" / "backup"))
            expect(done.returncode == 1 and "backup.no_space" in done.stderr, done)
            expect([path.name for path in (base / "small").iterdir()] == ["filler"], "something is left")


def main() -> int:
    given = add_store(argparse.ArgumentParser(description=__doc__)).parse_args()
    report = Report()
    with report.case("the drill itself"), stores(given.store) as store, folder("drill") as base:
        data = base / "data"
        data.mkdir()
        server = Server.demo_at(data, METERS, speed=20, store=store.at(data))
        try:
            drill(report, base, server)
            damaged(report, base, store)
            no_room(report, base, server)
        except Lost:
            print(server.output()[-3000:])
            raise
        finally:
            server.close()
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
