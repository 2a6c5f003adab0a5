#!/usr/bin/env python3
"""The commands of docs/operations.md, block by block, as an operator would type them.

```sh blocks run in order beside a demo on SQLite; ```sh postgres blocks beside one on a PostgreSQL of the test's own.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import re
import subprocess
import sys
import time

from meterbook import ROOT, Report, Server, binary, expect, folder
from stores import SLOWER

BLOCK = re.compile(r"^```sh( postgres)?\n(.*?)^```$", re.M | re.S)


def bash(text: str, environment: dict[str, str], timeout: float = 180) -> str:
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", text], env=os.environ | environment, cwd=ROOT,
                          capture_output=True, text=True, timeout=timeout * SLOWER, stdin=subprocess.DEVNULL)
    expect(done.returncode == 0, f"exit {done.returncode}:\n{text}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def title(block: str) -> str:
    return next(line for line in block.splitlines() if line.startswith("meterbook"))


def on_sqlite(report: Report, blocks: list[str], base: pathlib.Path, names: dict[str, str]) -> None:
    server = Server.demo_at(base / "data", 3)
    try:
        server.start()
        for block in blocks:
            if "DATA.lost" in block:
                server.kill()
            with report.case(title(block)):
                bash(block, names)
        with report.case("the restored server starts"):
            server.start()
            expect(server.stop() == 0, "exit code")
    finally:
        server.close()


def on_postgres(report: Report, blocks: list[str], base: pathlib.Path, names: dict[str, str]) -> None:
    tools = 'logs=$SHELF; . tools/common.sh; logs=$SHELF; . tools/postgres.sh; '
    cluster = {"CLUSTER": str(base / "cluster")}
    store = bash(tools + 'postgres_start "$CLUSTER"', names | cluster).splitlines()[-1]
    names = names | {"DATA": str(base / "pgdata"), "STORE": store,
                     "STORE_AGAIN": store.replace("dbname=meterbook", "dbname=meterbook_again")}
    server = Server.demo_at(base / "pgdata", 3)
    server.arguments += ["--store", store]
    try:
        server.start()
        time.sleep(1)
        for block in blocks:
            with report.case(title(block) + " (PostgreSQL)"):
                bash(block, names)
        with report.case("the server starts on the restored database"):
            expect(server.stop() == 0, "exit code")
            server.arguments[-1] = names["STORE_AGAIN"]
            server.start()
            expect(server.stop() == 0, "exit code")
    finally:
        server.close()
        bash(tools + 'postgres_stop "$CLUSTER"; home=$(postgres_home "$CLUSTER"); rm -rf "$home"', names | cluster)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", choices=("both",), default="both")
    parser.parse_args()
    report = Report()
    found = BLOCK.findall((ROOT / "docs" / "operations.md").read_text())
    with report.case("the manual has blocks to run"):
        expect(len([1 for kind, _ in found if not kind]) >= 3 and any(kind for kind, _ in found), found)
    with report.case("the manual itself"), folder("manual") as base:
        programs = base / "bin"
        for path in (programs, base / "shelf"):
            path.mkdir()
        (programs / "meterbook").symlink_to(binary().resolve())
        names = {"DATA": str(base / "data"), "SHELF": str(base / "shelf"),
                 "PATH": f"{programs}:{os.environ['PATH']}"}
        (base / "data").mkdir()
        (base / "pgdata").mkdir()
        on_sqlite(report, [text for kind, text in found if not kind], base, names)
        on_postgres(report, [text for kind, text in found if kind], base, names)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
