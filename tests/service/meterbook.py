"""The real binary as the service tests see it: processes, HTTP, the sandbox channel, the data folder.

Standard library only. Everything binds port 0 and lives in a temporary folder; nothing is shared between tests.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

sys.dont_write_bytecode = True

from stores import SLOWER, PostgresStore, SqliteStore

ROOT = pathlib.Path(__file__).resolve().parents[2]
MANAGER = "13800000001"
START_S = 40.0  # a busy machine included; SLOWER goes on top


class Lost(Exception):
    """No answer came, or one that says nothing: whether it happened is unknown."""

    code = ""  # of a refusal that asks to come again


class Report:
    """Counts cases; the last line it prints is what the stage adds up."""

    def __init__(self) -> None:
        self.passed = self.failed = self.skipped = 0

    @contextmanager
    def case(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        try:
            yield
        except Exception as why:  # a broken case must not end the others
            self.failed += 1
            text = str(why) if isinstance(why, AssertionError) else traceback.format_exc()
            print(f"FAIL {name}: {text}", flush=True)
        else:
            self.passed += 1
            print(f"ok   {name} ({time.monotonic() - began:.1f} s)", flush=True)

    def skip(self, name: str, why: str) -> None:
        self.skipped += 1
        print(f"note: {name} skipped: {why}", flush=True)

    def finish(self) -> int:
        skipped = f" skipped={self.skipped}" if self.skipped else ""
        print(f"passed={self.passed} failed={self.failed}{skipped}", flush=True)
        return 1 if self.failed else 0


def expect(held: object, *what: object) -> None:
    if not held:
        raise AssertionError(" ".join(str(part) for part in what))


def until(held: Callable[[], object], within_s: float, what: object) -> object:
    """Polls until it gives something true, and returns that."""
    end = time.monotonic() + within_s * SLOWER
    while True:
        value = held()
        if value:
            return value
        if time.monotonic() >= end:
            text = what() if callable(what) else what
            raise AssertionError(f"not within {within_s * SLOWER:g} s: {text}")
        time.sleep(0.02)


def binary() -> pathlib.Path:
    given = os.environ.get("METERBOOK")
    path = pathlib.Path(given) if given else ROOT / "build" / "meterbook"
    if not os.access(path, os.X_OK):
        sys.exit(f"{path} is missing: build it, or name another one in METERBOOK")
    return path


@contextmanager
def folder(name: str) -> Iterator[pathlib.Path]:
    """Removed afterwards, unless KEEP is set or the test failed with an exception."""
    path = pathlib.Path(tempfile.mkdtemp(prefix=f"meterbook-{name}-"))
    try:
        yield path
    finally:
        if not os.environ.get("KEEP"):
            shutil.rmtree(path, ignore_errors=True)


def alive(pid: int) -> bool:
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in ("Z", "X")


def doing(pid: int) -> str:
    """What the kernel knows of a process, for a message."""
    out = []
    for name in ("stat", "wchan", "stack"):
        try:
            out.append(pathlib.Path(f"/proc/{pid}/{name}").read_text()[:300])
        except OSError as why:
            out.append(str(why))
    return " | ".join(out)


def children(pid: int) -> dict[str, int]:
    """By subcommand: {"fleet": pid, "sandbox-channel": pid}."""
    found: dict[str, int] = {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
            words = (stat.parent / "cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == pid and len(words) > 1:
            found[words[1].decode()] = int(stat.parent.name)
    return found


class Server:
    """`meterbook demo` or `meterbook serve` on a data folder; killed and started again at will."""

    def __init__(self, data: pathlib.Path, arguments: list[str], demo: bool,
                 store: SqliteStore | PostgresStore | None = None) -> None:
        self.data, self.arguments, self.demo = data, arguments, demo
        self.store = store or SqliteStore(data)
        self.port = 0  # kept over restarts, as pay addresses carry it
        self.log = data.with_name(data.name + ".log")
        self.process: subprocess.Popen[bytes] | None = None
        self.channel = ""

    @classmethod
    def demo_at(cls, data: pathlib.Path, meters: int = 40, speed: int = 60, fleet: bool = True,
                store: SqliteStore | PostgresStore | None = None) -> Server:
        extra = [] if fleet else ["--no-fleet"]
        return cls(data, ["demo", "--meters", str(meters), "--speed", str(speed), "--web", "", *extra], True, store)

    @classmethod
    def serve_at(cls, data: pathlib.Path, config: str = "",
                 store: SqliteStore | PostgresStore | None = None) -> Server:
        path = data.with_name(data.name + ".toml")
        path.write_text(config or "[http]\nport = 0\n")
        return cls(data, ["serve", "--config", str(path)], False, store)

    def spawn(self) -> int:
        """Starts without waiting; returns where its output begins in the log."""
        words = [str(binary()), *self.arguments, "--data", str(self.data), *self.store.words]
        if self.demo:
            words += ["--port", str(self.port)]
        offset = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(words, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
        return offset

    def start(self) -> Server:
        offset = self.spawn()
        console = re.compile(r"http://127\.0\.0\.1:(\d+)/admin/")

        def printed() -> re.Match[str] | None:
            text = self.output(offset)
            if found := console.search(text):
                if not self.demo or "\n  data " in text:
                    return found
            assert self.process
            expect(self.process.poll() is None, f"the server ended with {self.process.returncode}:\n{text[-2000:]}")
            return None

        found = until(printed, START_S, lambda: self.output(offset)[-2000:])
        assert isinstance(found, re.Match)
        self.port = int(found[1])
        if self.demo:
            sandbox = re.search(r"sandbox \S+\s+(http://\S+)", self.output(offset))
            assert sandbox
            self.channel = sandbox[1]
        return self

    def output(self, offset: int = 0) -> str:
        return self.log.read_bytes()[offset:].decode(errors="replace") if self.log.exists() else ""

    @property
    def pid(self) -> int:
        assert self.process
        return self.process.pid

    def kill(self) -> None:
        """SIGKILL; its children must not outlive it."""
        assert self.process
        left = children(self.pid)
        self.process.kill()
        self.process.wait()
        self.process = None
        began = time.monotonic()
        until(lambda: not any(alive(pid) for pid in left.values()), 30,
              lambda: f"children outlive the killed server: {[(n, doing(p)) for n, p in left.items() if alive(p)]}")
        if (took := time.monotonic() - began) > 5:
            print(f"note: children ended {took:.1f} s after the server they belonged to: {left}", flush=True)

    def stop(self, within_s: float = 30) -> int:
        assert self.process
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(within_s * SLOWER)
        self.process = None
        return code

    def close(self) -> None:
        """For the end of a test, however it went."""
        if self.process and self.process.poll() is None:
            left = children(self.pid)
            self.process.kill()
            self.process.wait()
            for pid in left.values():
                if alive(pid):
                    os.kill(pid, signal.SIGKILL)
        self.process = None

    def secret(self) -> str:
        return (self.data / "sandbox.secret").read_text().strip()

    def rows(self, sql: str, *values: object) -> list:
        """Each by name and by position."""
        connection = self.store.database()
        try:
            return list(connection.execute(sql, values))
        finally:
            connection.close()

    def one(self, sql: str, *values: object) -> int:
        return int(self.rows(sql, *values)[0][0])


def run(*words: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(binary()), *words], capture_output=True, text=True, timeout=timeout * SLOWER,
                          stdin=subprocess.DEVNULL)


def verify(server: Server) -> None:
    done = run("verify", "--data", str(server.data), *server.store.words, timeout=120)
    expect(done.returncode == 0, f"verify ended with {done.returncode}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")


class Answer:
    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self) -> dict:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        try:
            return self.json.get("code", "")
        except ValueError:
            return ""

    def __repr__(self) -> str:
        return f"{self.status} {self.body[:400].decode(errors='replace')}"


def call(base: str, method: str, path: str, body: bytes | None = None,
         headers: dict[str, str] | None = None, timeout: float = 10) -> Answer:
    """One request on a connection of its own. Raises Lost."""
    host = base.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=timeout * SLOWER)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        content = answer.read()
        return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, content)
    except (OSError, http.client.HTTPException, socket.timeout) as why:
        raise Lost(f"{method} {path}: {why!r}") from why
    finally:
        connection.close()


class Console:
    """A signed-in manager. The session lives in the store, so it goes on after a restart."""

    def __init__(self, server: Server, project: int = 1) -> None:
        self.server, self.project = server, project
        self.cookie = self.csrf = ""

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    def post(self, path: str, body: object, key: str = "", timeout: float = 10) -> Answer:
        headers = {"Content-Type": "application/json"}
        if self.cookie:
            headers |= {"Cookie": self.cookie, "X-CSRF-Token": self.csrf}
        if key:
            headers["Idempotency-Key"] = key
        return call(self.base, "POST", "/api/v1" + path, json.dumps(body).encode(), headers, timeout)

    def get(self, path: str, timeout: float = 10) -> Answer:
        return call(self.base, "GET", "/api/v1" + path, None, {"Cookie": self.cookie}, timeout)

    def sign_in(self, phone: str = MANAGER, code: str = "") -> Console:
        if not code:
            asked = self.post("/auth/code", {"phone": phone})
            expect(asked.status == 200, "auth/code:", asked)
            code = asked.json["demo_code"]
            expect(code, "no demo code in", asked)
        answer = self.post("/auth/sign-in", {"phone": phone, "code": code})
        expect(answer.status == 200, "auth/sign-in:", answer)
        self.cookie = answer.headers["set-cookie"].partition(";")[0]
        self.csrf = answer.json["csrf"]
        return self

    def at(self, path: str) -> str:
        return f"/projects/{self.project}{path}"

    def meters(self) -> list[dict]:
        answer = self.get(self.at("/meters?page_size=200"))
        expect(answer.status == 200, answer)
        return answer.json["items"]

    def order(self, meter: str, amount: str, key: str) -> Answer:
        return self.post(self.at("/orders"), {"meter_id": meter, "amount": amount, "channel": "sandbox"}, key)

    def command(self, meter: str, kind: str, reason: str, key: str) -> Answer:
        return self.post(self.at(f"/meters/{meter}/commands"), {"kind": kind, "reason": reason}, key)

    def protect(self, meter: str, key: str, reason: str, **flags: bool) -> Answer:
        return self.post(self.at(f"/meters/{meter}/protection"), {**flags, "reason": reason}, key)


def signature(secret: str, timestamp: int, body: bytes) -> dict[str, str]:
    made = hmac.new(secret.encode(), f"{timestamp}\n".encode() + body, hashlib.sha256).hexdigest()
    return {"Meterbook-Timestamp": str(timestamp), "Meterbook-Signature": made}


class Sandbox:
    """The payment channel, seen by the payer and by its own merchant."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def pay(self, order: str) -> Answer:
        return call(self.server.channel, "POST", f"/pay/{order}", b"", {"Accept": "application/json"})

    def query(self, order: str) -> Answer:
        return call(self.server.channel, "GET", f"/v1/orders/{order}", None,
                    signature(self.server.secret(), int(time.time()), b""))

    def faults(self, **wanted: int) -> None:
        all_of_them = {"duplicate": 0, "late_ms": 0, "lost": 0, "forged": 0, "wrong_amount_fen": 0} | wanted
        body = json.dumps(all_of_them).encode()
        headers = signature(self.server.secret(), int(time.time()), body) | {"Content-Type": "application/json"}
        answer = call(self.server.channel, "POST", "/v1/faults", body, headers)
        expect(answer.status in (200, 204), "faults:", answer)
