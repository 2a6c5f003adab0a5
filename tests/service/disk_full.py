#!/usr/bin/env python3
"""The disk fills up under a running server (F55): writes are refused, reads go on, it recovers by itself.

On SQLite that is the disk of the data folder; on PostgreSQL its own: once that of the tables, once that of the
write-ahead log, which PostgreSQL itself does not outlive. Needs small file systems of its own (tmpfs, as root). Where
these are not to be had the case counts as skipped.
"""

from __future__ import annotations

import argparse
import errno
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from journal import Deed, Journal
from meterbook import Answer, Lost, Report, Server, call, expect, folder, until, verify
from stores import SLOWER, PostgresCluster, PostgresStore, add_store, stores

LITTLE_MIB = 24
TABLES_MIB = 128
SHARED = pathlib.Path("/dev/shm")
SHARED_MOST_MIB = 256


@contextmanager
def small_disk(at: pathlib.Path, size_mib: int) -> Iterator[str]:
    """Gives why there is none, or nothing. Where mounting is refused, a container's own little /dev/shm will do."""
    at.mkdir()
    if os.geteuid() != 0:
        yield "mounting a tmpfs needs root"
        return
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_mib}m,mode=0711", "tmpfs", str(at)],
                          capture_output=True, text=True)
    if done.returncode == 0:
        try:
            yield ""
        finally:
            subprocess.run(["umount", "-l", str(at)], check=False)
        return
    room = shutil.disk_usage(SHARED).total if SHARED.is_dir() else 0
    if not 0 < room <= SHARED_MOST_MIB << 20:
        yield f"mount -t tmpfs: {' '.join(done.stderr.split())}; {SHARED} has {room >> 20} MiB"
        return
    with tempfile.TemporaryDirectory(dir=SHARED, prefix="meterbook-") as small:
        os.chmod(small, 0o711)
        at.rmdir()
        at.symlink_to(small)
        yield ""


class Filler:
    """Takes every byte that is left, again and again, as the server's own files shrink and grow."""

    def __init__(self, at: pathlib.Path) -> None:
        self.path = at / "filler"

    def fill(self) -> None:
        with self.path.open("ab", buffering=0) as out:
            for size in (1 << 20, 1 << 12):
                block = b"x" * size
                try:
                    while True:
                        if out.write(block) < size:
                            break
                except OSError as why:
                    if why.errno != errno.ENOSPC:
                        raise

    def free(self) -> None:
        self.path.unlink(missing_ok=True)


def health(server: Server) -> Answer:
    return call(f"http://127.0.0.1:{server.port}", "GET", "/healthz")


def problems(server: Server) -> list[str]:
    answer = health(server)
    return answer.json.get("problems", []) if answer.status == 200 else [f"status {answer.status}"]


def write_some(journal: Journal, count: int, *, refusal: str = "503 store.read_only") -> list[Deed]:
    """Orders, payments and protection; gives those that were refused for the time being, with 503."""
    unanswered = []
    for number in range(count):
        meter = journal.meters[number % len(journal.meters)]
        kind = "protect" if number % 3 == 2 else "order"
        deed = Deed(kind, journal.new_key(kind), meter, 100 + number, not journal.locked.get(meter, False))
        try:
            journal.do(deed, 0)
        except Lost as why:
            expect(why.code == refusal, why)
            unanswered.append(deed)
        if number % 2:
            journal.pay_one(0)
    return unanswered


def refused_when_full(server: Server, journal: Journal, filler: Filler) -> list[Deed]:
    """Fills until writes are refused: what the store's own files have left is used up first."""
    unanswered: list[Deed] = []

    def refused() -> bool:
        filler.fill()
        unanswered.extend(write_some(journal, 4))
        return len(unanswered) >= 3

    until(refused, 60, "a refused write")
    expect("its disk is full" in server.output(), "the server's log does not say what to do")
    return unanswered


def reads_go_on(server: Server, journal: Journal, filler: Filler) -> None:
    console = journal.console
    deed = next(deed for deed in journal.deeds if deed.kind == "order" and deed.done)
    assert deed.answer
    for path in ("/me", console.at("/summary"), console.at("/meters"), console.at(f"/meters/{deed.meter}"),
                 console.at(f"/meters/{deed.meter}/timeline"), console.at("/orders"),
                 console.at(f"/orders/{deed.answer.json['no']}")):
        answer = console.get(path)
        expect(answer.status == 200, f"{path} while the disk is full: {answer}")

    def says_so() -> bool:
        """A batch may still fit into what old rows left in the pages; the next one that does not tells."""
        filler.fill()
        write_some(journal, 4)
        said = health(server).json
        return "store.disk_full" in said["problems"] and said["status"] == "degraded"

    until(says_so, 30, lambda: f"a full disk at healthz: {health(server)}")
    metrics = call(console.base, "GET", "/metrics")
    expect(metrics.status == 200, "metrics:", metrics)


def recovers(server: Server, journal: Journal, filler: Filler, unanswered: list[Deed],
             refusal: str = "503 store.read_only") -> None:
    pid = server.pid
    filler.free()
    began = time.monotonic()
    until(lambda: not write_some(journal, 1, refusal=refusal), 30, "a write after space came back")
    print(f"note: written again {time.monotonic() - began:.1f} s after space came back, without a restart")
    until(lambda: problems(server) == [], 20, lambda: f"a healthy server: {health(server)}")
    expect(server.pid == pid and server.process and server.process.poll() is None, "the server was restarted")
    journal.retry_unknown()
    expect(all(deed.answer for deed in unanswered), "no answer even now")
    write_some(journal, 12)
    journal.compare()
    journal.all_credited(60)


def killed_while_full(server: Server, journal: Journal, filler: Filler) -> None:
    """Dies on a full disk; with space again the next start has everything."""
    refused_when_full(server, journal, filler)
    server.kill()
    filler.free()
    server.start()
    journal.retry_unknown()
    journal.compare()
    journal.all_credited(60)


def stopped_while_full(server: Server, journal: Journal, filler: Filler) -> None:
    """The stop once waited for ever for the checkpoint that a full disk would not take."""
    refused_when_full(server, journal, filler)
    began = time.monotonic()
    server.stop(within_s=30)
    print(f"note: stopped on a full disk after {time.monotonic() - began:.1f} s")
    filler.free()
    server.start()
    journal.retry_unknown()
    journal.compare()


def start_while_full(server: Server, journal: Journal, filler: Filler) -> None:
    """A start without room says so and ends, or serves what it can; nothing hangs, nothing is harmed."""
    expect(server.stop() == 0, "exit code")
    filler.fill()
    if isinstance(server.store, PostgresStore):  # old rows make room for the lease: it comes up
        server.start()
        unanswered = refused_when_full(server, journal, filler)
        reads_go_on(server, journal, filler)
        filler.free()
        journal.retry_unknown()
        expect(all(deed.answer for deed in unanswered), "no answer even now")
    else:
        offset = server.spawn()
        assert server.process
        code = server.process.wait(40 * SLOWER)
        said = server.output(offset)
        server.process = None
        expect(code == 1 and said.strip(), f"a start on a full disk ended with {code}: {said}")
        filler.free()
        server.start()
    journal.compare()


def ended_by_full_log(server: Server, cluster: PostgresCluster, journal: Journal, filler: Filler) -> None:
    """PostgreSQL ends itself when it cannot write its log, and stays down; until then everything works."""
    def over() -> bool:
        filler.fill()
        try:
            journal.do(Deed("order", journal.new_key("order"), journal.meters[0], 1230), 0)
            journal.pay_one(0)
        except Lost as why:
            expect(why.code in ("503 store.read_only", "503 store.unavailable"), why)
        assert cluster.process
        return cluster.process.poll() is not None

    until(over, 60, lambda: f"the end of PostgreSQL: {cluster.log()[-2000:]}")
    expect("PANIC" in cluster.log() and "No space left on device" in cluster.log(), cluster.log()[-2000:])
    expect("No space left on device" in server.output(), "the server's log does not tell why")


def refused_without_postgres(server: Server, journal: Journal) -> None:
    console = journal.console
    for answer in (console.order(journal.meters[0], "1.00", journal.new_key("order")), console.get("/me")):
        expect((answer.status, answer.code) == (503, "store.unavailable"), "without PostgreSQL:", answer)
    until(lambda: "store.unavailable" in health(server).body.decode(), 5, lambda: f"healthz: {health(server)}")
    expect(server.process and server.process.poll() is None, "the server ended with PostgreSQL")


def started_again(server: Server, cluster: PostgresCluster, journal: Journal, filler: Filler) -> None:
    pid = server.pid
    filler.free()
    cluster.start()
    recovers(server, journal, filler, [], "503 store.unavailable")  # until it is asked again
    expect(server.pid == pid, "the server was restarted")


def disk_of_store(report: Report, base: pathlib.Path, server: Server, disk: pathlib.Path) -> None:
    """The disk on which rows are written."""
    server.log = base / "server.log"
    filler = Filler(disk)
    try:
        journal = Journal(server.start(), 1, int(time.time()))
        expect(not write_some(journal, 30), "a write was refused on an empty disk")
        unanswered: list[Deed] = []
        with report.case("writes are refused with 503 store.read_only"):
            unanswered = refused_when_full(server, journal, filler)
        with report.case("reads go on and /healthz says degraded, store.disk_full"):
            reads_go_on(server, journal, filler)
            time.sleep(2)  # wall seconds of readings, flushes and saved clocks on a full disk
            filler.fill()
            reads_go_on(server, journal, filler)
        with report.case("it recovers without a restart, and nothing acknowledged is lost"):
            recovers(server, journal, filler, unanswered)
        with report.case("killed on a full disk"):
            killed_while_full(server, journal, filler)
        with report.case("stopped on a full disk"):
            stopped_while_full(server, journal, filler)
        with report.case("started on a full disk"):
            start_while_full(server, journal, filler)
        with report.case("a clean stop, then verify"):
            expect(server.stop() == 0, "exit code")
            verify(server)
        if report.failed:
            print(server.output()[-6000:])
    finally:
        server.close()


def on_sqlite(report: Report) -> None:
    with folder("full") as base, small_disk(base / "disk", LITTLE_MIB) as why:
        if why:
            report.skip("disk full", why)
            return
        data = base / "disk" / "data"
        data.mkdir()
        disk_of_store(report, base, Server.demo_at(data), base / "disk")


@contextmanager
def postgres_on(base: pathlib.Path, data: pathlib.Path, wal: pathlib.Path) -> Iterator[tuple[PostgresCluster, Server]]:
    os.chmod(base, 0o711)  # PostgreSQL is not root
    data.mkdir()
    wal.mkdir()
    books = base / "books"
    books.mkdir()
    with stores("postgres", data, wal) as cluster:
        assert isinstance(cluster, PostgresCluster)
        yield cluster, Server.demo_at(books, store=cluster.at(books))


def on_postgres_tables(report: Report) -> None:
    with folder("full") as base, small_disk(base / "disk", TABLES_MIB) as why:
        if why:
            report.skip("disk of the tables full", why)
            return
        with postgres_on(base, base / "disk" / "tables", base / "wal") as (_, server):
            disk_of_store(report, base, server, base / "disk")


def on_postgres_log(report: Report) -> None:
    with folder("full") as base, small_disk(base / "disk", LITTLE_MIB) as why:
        if why:
            report.skip("disk of the write-ahead log full", why)
            return
        with postgres_on(base, base / "tables", base / "disk" / "wal") as (cluster, server):
            server.log = base / "server.log"
            filler = Filler(base / "disk")
            try:
                journal = Journal(server.start(), 1, int(time.time()))
                expect(not write_some(journal, 30), "a write was refused on an empty disk")
                with report.case("PostgreSQL ends on a full log, the server says why"):
                    ended_by_full_log(server, cluster, journal, filler)
                with report.case("without it 503 store.unavailable, and the server stays"):
                    refused_without_postgres(server, journal)
                with report.case("with space, and PostgreSQL started again, it goes on"):
                    started_again(server, cluster, journal, filler)
                with report.case("a clean stop, then verify"):
                    expect(server.stop() == 0, "exit code")
                    verify(server)
            finally:
                if report.failed:
                    print(server.output()[-6000:], cluster.log()[-3000:])
                server.close()


def main() -> int:
    given = add_store(argparse.ArgumentParser(description=__doc__)).parse_args()
    report = Report()
    parts = {"sqlite": (on_sqlite,), "postgres": (on_postgres_tables, on_postgres_log)}[given.store]
    for part in parts:
        try:
            part(report)
        except Exception as broken:
            with report.case(part.__name__.replace("_", " ")):
                raise broken
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
