#!/usr/bin/env python3
"""The disk fills up under a running server (F55): writes are refused, reads go on, it recovers by itself.

Needs a small file system of its own (tmpfs, as root). Where that is not to be had the case counts as skipped. On SQLite
only: PostgreSQL's disk is that of another machine.
"""

from __future__ import annotations

import argparse
import errno
import os
import pathlib
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from journal import Deed, Journal
from meterbook import Answer, Lost, Report, Server, call, expect, folder, until, verify

SIZE_MIB = 24


@contextmanager
def small_disk(at: pathlib.Path) -> Iterator[str]:
    """Gives why it could not be mounted, or nothing."""
    at.mkdir()
    if os.geteuid() != 0:
        yield "mounting a tmpfs needs root"
        return
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE_MIB}m,mode=0700", "tmpfs", str(at)],
                          capture_output=True, text=True)
    if done.returncode != 0:
        yield f"mount -t tmpfs: {done.stderr.strip()}"
        return
    try:
        yield ""
    finally:
        subprocess.run(["umount", "-l", str(at)], check=False)


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


def write_some(journal: Journal, count: int) -> list[Deed]:
    """Orders, payments and protection; gives those that were refused for the time being, with 503."""
    unanswered = []
    for number in range(count):
        meter = journal.meters[number % len(journal.meters)]
        kind = "protect" if number % 3 == 2 else "order"
        deed = Deed(kind, journal.new_key(kind), meter, 100 + number, not journal.locked.get(meter, False))
        try:
            journal.do(deed, 0)
        except Lost as why:
            expect(why.code == "503 store.read_only", why)
            unanswered.append(deed)
        if number % 2:
            journal.pay_one(0)
    return unanswered


def refused_when_full(journal: Journal, filler: Filler) -> list[Deed]:
    """Fills until writes are refused: what the store's own files have left is used up first."""
    unanswered: list[Deed] = []

    def refused() -> bool:
        filler.fill()
        unanswered.extend(write_some(journal, 4))
        return len(unanswered) >= 3

    until(refused, 60, "a refused write")
    return unanswered


def reads_go_on(server: Server, journal: Journal) -> None:
    console = journal.console
    deed = next(deed for deed in journal.deeds if deed.kind == "order" and deed.done)
    assert deed.answer
    for path in ("/me", console.at("/summary"), console.at("/meters"), console.at(f"/meters/{deed.meter}"),
                 console.at(f"/meters/{deed.meter}/timeline"), console.at("/orders"),
                 console.at(f"/orders/{deed.answer.json['no']}")):
        answer = console.get(path)
        expect(answer.status == 200, f"{path} while the disk is full: {answer}")
    expect("store.disk_full" in problems(server), "healthz:", health(server))
    expect(health(server).json["status"] == "degraded", "healthz:", health(server))
    metrics = call(console.base, "GET", "/metrics")
    expect(metrics.status == 200, "metrics:", metrics)


def recovers(server: Server, journal: Journal, filler: Filler, unanswered: list[Deed]) -> None:
    pid = server.pid
    filler.free()
    began = time.monotonic()
    until(lambda: not write_some(journal, 1), 30, "a write after space came back")
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
    refused_when_full(journal, filler)
    server.kill()
    filler.free()
    server.start()
    journal.retry_unknown()
    journal.compare()
    journal.all_credited(60)


def stopped_while_full(server: Server, journal: Journal, filler: Filler) -> None:
    """The stop once waited for ever for the checkpoint that a full disk would not take."""
    refused_when_full(journal, filler)
    began = time.monotonic()
    server.stop(within_s=30)
    print(f"note: stopped on a full disk after {time.monotonic() - began:.1f} s")
    filler.free()
    server.start()
    journal.retry_unknown()
    journal.compare()


def start_while_full(server: Server, journal: Journal, filler: Filler) -> None:
    """A start without room says so and ends; nothing hangs, nothing is harmed."""
    expect(server.stop() == 0, "exit code")
    filler.fill()
    offset = server.spawn()
    assert server.process
    code = server.process.wait(40)
    said = server.output(offset)
    server.process = None
    expect(code == 1 and said.strip(), f"a start on a full disk ended with {code}: {said}")
    filler.free()
    server.start()
    journal.compare()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", choices=("sqlite",), default="sqlite")
    parser.parse_args()
    report = Report()
    name = "disk full"
    with folder("full") as base, small_disk(base / "disk") as why:
        if why:
            report.skip(name, why)
            return report.finish()
        data = base / "disk" / "data"
        data.mkdir()
        server = Server.demo_at(data)
        server.log = base / "server.log"
        filler = Filler(base / "disk")
        try:
            journal = Journal(server.start(), 1, int(time.time()))
            expect(not write_some(journal, 30), "a write was refused on an empty disk")
            unanswered: list[Deed] = []
            with report.case("writes are refused with 503 store.read_only"):
                unanswered = refused_when_full(journal, filler)
            with report.case("reads go on and /healthz says degraded, store.disk_full"):
                reads_go_on(server, journal)
                time.sleep(2)  # wall seconds of readings, flushes and saved clocks on a full disk
                filler.fill()
                reads_go_on(server, journal)
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
        except Exception as broken:
            with report.case(name):
                raise broken
        finally:
            server.close()
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
