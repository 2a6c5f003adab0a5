"""Where a server under test keeps its facts: SQLite in the data folder, or a PostgreSQL of the test's own.

A test asks the Stores it was given for one store per data folder, and reads through it as an auditor would: by SQL,
past the server. Standard library only; PostgreSQL is reached through libpq, which the binary needs anyway.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import pathlib
import pwd
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

# Of a binary that takes so many times as long, one with sanitizers: each time-out is as much longer.
SLOWER = float(os.environ.get("SLOWER", "1"))
START_S = 40.0 * SLOWER
PR_SET_PDEATHSIG = 1


class SqliteStore:
    """`meterbook.db` in the data folder."""

    name = "sqlite"

    def __init__(self, data: pathlib.Path) -> None:
        self.data = data

    @property
    def words(self) -> list[str]:
        return []

    def database(self) -> sqlite3.Connection:
        """Read-only, one snapshot per statement."""
        connection = sqlite3.connect(f"file:{self.data}/meterbook.db?mode=ro", uri=True, timeout=10)
        connection.row_factory = sqlite3.Row
        return connection

    def written(self) -> object:
        """Changes as soon as something is written, most often before it is committed."""
        return (self.data / "meterbook.db-wal").stat().st_size

    @contextmanager
    def altered(self, statement: str) -> Iterator[tuple[SqliteStore, int]]:
        """A copy of what a stopped server left, with this change, and how many rows that was."""
        copy = self.data.with_name("altered")
        shutil.copytree(self.data, copy, ignore=shutil.ignore_patterns("*.sock"))
        try:
            database = sqlite3.connect(copy / "meterbook.db")
            changed = database.execute(statement).rowcount
            database.commit()
            database.close()
            yield SqliteStore(copy), changed
        finally:
            shutil.rmtree(copy)


class SqliteStores:
    name = "sqlite"

    def at(self, data: pathlib.Path) -> SqliteStore:
        return SqliteStore(data)


class Row(dict):
    """By name, and by position like a sqlite3.Row."""

    def __getitem__(self, key: object) -> object:
        return list(self.values())[key] if isinstance(key, int) else super().__getitem__(key)

    def __iter__(self) -> Iterator[object]:
        return iter(self.values())


class PostgresError(Exception):
    """PostgreSQL said no, or is not there."""


class Libpq:
    """The few functions of libpq that reading takes."""

    def __init__(self) -> None:
        self.library = ctypes.CDLL("libpq.so.5")
        for name, result in (("PQconnectdb", ctypes.c_void_p), ("PQexecParams", ctypes.c_void_p),
                             ("PQgetvalue", ctypes.c_char_p), ("PQfname", ctypes.c_char_p),
                             ("PQcmdTuples", ctypes.c_char_p), ("PQerrorMessage", ctypes.c_char_p)):
            getattr(self.library, name).restype = result

    def call(self, name: str, pointer: int | None, *rest: object) -> object:
        return getattr(self.library, name)(ctypes.c_void_p(pointer), *rest)


class PostgresConnection:
    """Each statement its own transaction; placeholders are ?, as for sqlite3."""

    integers = {16, 20, 21, 23, 1700}  # bool, int8, int2, int4, numeric

    def __init__(self, conninfo: str) -> None:
        self.libpq = Libpq()
        self.handle: int | None = self.libpq.library.PQconnectdb(conninfo.encode())
        if self.libpq.call("PQstatus", self.handle) != 0:
            why = self.error()
            self.close()
            raise PostgresError(why)

    def error(self) -> str:
        return self.libpq.call("PQerrorMessage", self.handle).decode(errors="replace").strip()

    def send(self, sql: str, values: Sequence[object]) -> int:
        """The answer of libpq; the caller clears it."""
        for number in range(1, len(values) + 1):
            sql = sql.replace("?", f"${number}", 1)
        texts = (ctypes.c_char_p * max(1, len(values)))(*[str(value).encode() for value in values])
        answer = self.libpq.call("PQexecParams", self.handle, sql.encode(), len(values), None, texts, None, None, 0)
        if self.libpq.call("PQresultStatus", answer) not in (1, 2):  # done, rows
            self.libpq.call("PQclear", answer)
            raise PostgresError(f"{sql}: {self.error()}")
        return answer

    def execute(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        answer = self.send(sql, values)
        ask = self.libpq.call
        try:
            columns = [(ask("PQfname", answer, i).decode(), ask("PQftype", answer, i) in self.integers)
                       for i in range(ask("PQnfields", answer))]
            return [Row((name, self.value(answer, row, column, integer))
                        for column, (name, integer) in enumerate(columns))
                    for row in range(ask("PQntuples", answer))]
        finally:
            ask("PQclear", answer)

    def value(self, answer: int, row: int, column: int, integer: bool) -> object:
        if self.libpq.call("PQgetisnull", answer, row, column):
            return None
        text = self.libpq.call("PQgetvalue", answer, row, column).decode()
        if not integer:
            return text
        return int(text) if text not in ("t", "f") else text == "t"

    def change(self, sql: str) -> int:
        """How many rows it changed."""
        answer = self.send(sql, ())
        rows = self.libpq.call("PQcmdTuples", answer).decode()
        self.libpq.call("PQclear", answer)
        return int(rows or 0)

    def close(self) -> None:
        if self.handle is not None:
            self.libpq.call("PQfinish", self.handle)
        self.handle = None


class PostgresStore:
    """A database of the cluster."""

    name = "postgres"

    def __init__(self, cluster: PostgresCluster, database: str, more: str = "") -> None:
        """`more`: words of --store that only the server takes."""
        self.cluster, self.dbname, self.more = cluster, database, more
        self.kept: PostgresConnection | None = None

    @property
    def conninfo(self) -> str:
        return self.cluster.conninfo(self.dbname)

    @property
    def words(self) -> list[str]:
        return ["--store", f"{self.conninfo} {self.more}".strip()]

    def database(self) -> PostgresConnection:
        return PostgresConnection(self.conninfo)

    def written(self) -> object:
        if self.kept is None:
            self.kept = self.cluster.connect()
        return self.kept.execute("SELECT pg_current_wal_insert_lsn() AS lsn")[0]["lsn"]

    @contextmanager
    def altered(self, statement: str) -> Iterator[tuple[PostgresStore, int]]:
        self.cluster.change(f"CREATE DATABASE altered TEMPLATE {self.dbname}")
        try:
            copy = PostgresStore(self.cluster, "altered")
            database = copy.database()
            database.change("SET session_replication_role = replica")  # foreign keys would notice first
            changed = database.change(statement)
            database.close()
            yield copy, changed
        finally:
            self.cluster.change("DROP DATABASE altered WITH (FORCE)")


class PostgresCluster:
    """A PostgreSQL of this run: unix socket only, fsync on, an ordinary user; it ends with this process."""

    name = "postgres"

    def __init__(self, folder: pathlib.Path, data: pathlib.Path | None = None,
                 wal: pathlib.Path | None = None) -> None:
        """In `folder`; on other disks the whole of it (`data`) or its write-ahead log (`wal`)."""
        self.folder, self.data, self.databases = folder, data or folder / "data", 0
        self.process: subprocess.Popen[bytes] | None = None
        found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        if not found:
            raise PostgresError("PostgreSQL is not installed: apt-get install postgresql-15")
        self.programs = found[-1].parent
        self.user: dict[str, object] = {}
        if os.geteuid() == 0:  # which PostgreSQL refuses
            one = pwd.getpwnam("postgres")
            self.user = {"user": one.pw_uid, "group": one.pw_gid, "extra_groups": []}
            for path in (folder, data, wal):
                if path:
                    os.chown(path, one.pw_uid, one.pw_gid)
        # Small segments, used again only when a checkpoint is asked for: a small disk is full of them soon.
        elsewhere = ["-X", str(wal), "--wal-segsize=1"] if wal else []
        self.settings = ["-c", "min_wal_size=2MB", "-c", "max_wal_size=1GB"] if wal else []
        made = subprocess.run([str(self.programs / "initdb"), "-D", str(self.data), "-U", "meterbook",
                               "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N", "--data-checksums", *elsewhere],
                              capture_output=True, text=True, cwd="/", **self.user)
        if made.returncode != 0:
            raise PostgresError(f"initdb: {made.stdout}{made.stderr}")

    def conninfo(self, database: str = "postgres") -> str:
        return f"host={self.folder} user=meterbook dbname={database}"

    def spawn(self) -> None:
        """Starts without waiting."""
        end_with_parent = ctypes.CDLL(None).prctl
        with (self.folder / "log").open("ab") as out:
            self.process = subprocess.Popen(
                [str(self.programs / "postgres"), "-D", str(self.data), "-k", str(self.folder),
                 "-c", "listen_addresses=", "-c", "fsync=on", "-c", "max_connections=60", "-c", "shared_buffers=64MB",
                 *self.settings],
                stdout=out, stderr=out, stdin=subprocess.DEVNULL, cwd="/",
                preexec_fn=lambda: end_with_parent(PR_SET_PDEATHSIG, signal.SIGQUIT), **self.user)

    def start(self) -> PostgresCluster:
        self.spawn()
        self.wait()
        return self

    def wait(self) -> None:
        """Until it answers, behind recovery."""
        end = time.monotonic() + START_S
        while True:
            try:
                self.connect().close()
                return
            except PostgresError as why:
                assert self.process
                if self.process.poll() is not None or time.monotonic() > end:
                    raise PostgresError(f"PostgreSQL does not start: {why}\n{self.log()[-2000:]}") from why
            time.sleep(0.02)

    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def connect(self) -> PostgresConnection:
        return PostgresConnection(self.conninfo())

    def change(self, sql: str) -> None:
        connection = self.connect()
        try:
            connection.change(sql)
        finally:
            connection.close()

    def at(self, data: pathlib.Path, more: str = "") -> PostgresStore:
        """A new, empty database; the folder keeps the rest."""
        self.databases += 1
        name = f"store_{self.databases}"
        self.change(f"CREATE DATABASE {name}")
        return PostgresStore(self, name, more)

    def processes(self) -> list[int]:
        """Those that serve, without the postmaster."""
        assert self.process
        path = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in path.read_text().split()]

    def freeze(self) -> list[int]:
        """Stops every process of it: it neither answers nor hangs up. Gives them, the postmaster first."""
        assert self.process
        self.process.send_signal(signal.SIGSTOP)
        frozen = [self.process.pid, *self.processes()]
        for pid in frozen[1:]:
            os.kill(pid, signal.SIGSTOP)
        return frozen

    def go_on(self, frozen: list[int]) -> None:
        for pid in reversed(frozen):
            os.kill(pid, signal.SIGCONT)

    def end(self, how: signal.Signals) -> None:
        """SIGINT: fast; SIGQUIT: immediate, as `pg_ctl stop -m immediate`; SIGKILL: every process of it."""
        assert self.process
        others = self.processes() if how == signal.SIGKILL else []
        self.process.send_signal(how)
        for pid in others:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait(START_S)
        self.process = None
        end = time.monotonic() + START_S
        while any(pathlib.Path(f"/proc/{pid}/cmdline").exists() and pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
                  for pid in others) and time.monotonic() < end:
            time.sleep(0.01)


@contextmanager
def stores(kind: str, data: pathlib.Path | None = None,
           wal: pathlib.Path | None = None) -> Iterator[SqliteStores | PostgresCluster]:
    """For one run of a test; a cluster is stopped and removed with it, unless KEEP is set. See PostgresCluster."""
    if kind == "sqlite":
        yield SqliteStores()
        return
    path = pathlib.Path(tempfile.mkdtemp(prefix="meterbook-postgres-"))
    cluster = PostgresCluster(path, data, wal)
    try:
        yield cluster.start()
    finally:
        if cluster.process:
            cluster.end(signal.SIGINT if os.environ.get("KEEP") else signal.SIGQUIT)
        if os.environ.get("KEEP"):
            print(f"kept: {path}")
        else:
            shutil.rmtree(path, ignore_errors=True)


def add_store(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("--store", choices=("sqlite", "postgres"), default="sqlite",
                        help="postgres: the test brings up a cluster of its own")
    return parser
