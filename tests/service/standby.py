#!/usr/bin/env python3
"""A primary with a synchronous standby dies under load; the standby is promoted and has all that was acknowledged (F60).

usage: standby.py [--rounds 1] [--seed N]
Each round makes a new standby of what is the primary then. The commands are those of docs/operations.md.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from journal import Client, Journal
from meterbook import Report, Server, expect, folder, until, verify
from stores import PostgresCluster, PostgresError, PostgresStore, add_store, stores

CLIENTS = 3
METERS = 40


class Standby(PostgresCluster):
    """Follows a primary from a base backup on, until it is promoted."""

    def __init__(self, path: pathlib.Path, primary: PostgresCluster) -> None:
        self.folder, self.data, self.databases, self.settings = path, path / "data", primary.databases, primary.settings
        self.process = None
        self.programs, self.user = primary.programs, primary.user
        if self.user:
            os.chown(path, self.user["user"], self.user["group"])
        made = subprocess.run(
            [str(self.programs / "pg_basebackup"), "-D", str(self.data), "-R", "-X", "stream", "-c", "fast",
             "-d", f"host={primary.folder} user=meterbook application_name=standby"],
            capture_output=True, text=True, cwd="/", **self.user)
        if made.returncode != 0:
            raise PostgresError(f"pg_basebackup: {made.stderr}")

    def promote(self) -> None:
        connection = self.connect()
        try:
            promoted = connection.execute("SELECT pg_promote(true, 30) AS done")[0]["done"]
        finally:
            connection.close()
        expect(promoted, "the standby was not promoted\n" + self.log()[-2000:])


@contextmanager
def standby_of(primary: PostgresCluster) -> Iterator[Standby]:
    """Synchronous: a commit is acknowledged when both have it on their disks."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="meterbook-standby-"))
    try:
        standby = Standby(path, primary)
        standby.start()
        try:
            primary.change("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
            primary.change("SELECT pg_reload_conf()")
            until(lambda: followers(primary) == ["sync"], 20, lambda: f"followers: {followers(primary)}")
            yield standby
        finally:
            if standby.process:
                standby.end(signal.SIGQUIT)
    finally:
        shutil.rmtree(path, ignore_errors=True)


def followers(primary: PostgresCluster) -> list[object]:
    connection = primary.connect()
    try:
        return [row["sync_state"] for row in connection.execute("SELECT sync_state FROM pg_stat_replication")]
    finally:
        connection.close()


def load(journal: Journal, dice: random.Random) -> list[Client]:
    clients = [Client(journal, number, dice.getrandbits(32)) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    time.sleep(dice.uniform(1.0, 3.0))
    return clients


def fail_over(report: Report, server: Server, journal: Journal, primary: PostgresCluster, dice: random.Random,
              number: int, left: int) -> None:
    """One round; the next one goes on from the promoted standby."""
    assert isinstance(server.store, PostgresStore)
    name = server.store.dbname
    with standby_of(primary) as standby:
        with report.case(f"round {number}: the primary dies under load, the standby takes its place"):
            before = len(journal.deeds)
            clients = load(journal, dice)
            primary.end(signal.SIGKILL)
            for client in clients:
                client.finish()
            server.kill()
            expect(len(journal.deeds) > before, "there was no load")
            standby.promote()
            standby.change("ALTER SYSTEM RESET synchronous_standby_names")
            standby.change("SELECT pg_reload_conf()")
            server.store = PostgresStore(standby, name)
            server.start()
            journal.compare()
            journal.retry_unknown()
            journal.repeat_known(dice, 6)
            journal.all_credited(60)
            journal.compare()
        if left > 1:
            fail_over(report, server, journal, standby, dice, number + 1, left - 1)
            return
        with report.case("a clean stop on the promoted standby, then verify"):
            expect(server.stop() == 0, "exit code of the server")
            journal.compare()
            verify(server)


def main() -> int:
    parser = add_store(argparse.ArgumentParser(description=__doc__))
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args()
    expect(given.store == "postgres", "a standby is one of PostgreSQL: --store postgres")
    print(f"seed {given.seed}", flush=True)
    report = Report()
    dice = random.Random(given.seed)
    with stores("postgres") as primary, folder("standby") as base:
        assert isinstance(primary, PostgresCluster)
        data = base / "data"
        data.mkdir()
        server = Server.demo_at(data, METERS, store=primary.at(data))
        try:
            journal = Journal(server.start(), CLIENTS, given.seed)
            fail_over(report, server, journal, primary, dice, 1, given.rounds)
            done = sum(deed.done for deed in journal.deeds)
            print(f"note: {given.rounds} fail-overs, {len(journal.deeds)} requests, {done} acknowledged,"
                  f" {len(journal.paid)} payments")
            if report.failed:
                print(f"the server's log ends:\n{server.output()[-4000:]}")
        finally:
            server.close()
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
