#!/usr/bin/env python3
"""What the binary refuses, with which exit code, and what a stop and a start may not change."""

from __future__ import annotations

import argparse
import hashlib
import os
import pathlib
import re
import sys
import time
from datetime import datetime

from meterbook import Console, Report, Sandbox, Server, call, children, expect, folder, run, until
from stores import PostgresStore, add_store, stores

PHONE = "13900000009"
MONEY_TABLES = ("orders", "posting", "bill_line", "account", "agreement", "command", "inbox", "daily_proof", "alarm")


def ended(words: list[str], code: int, *texts: str) -> str:
    """Runs to its end and expects this exit code, and these texts on standard error."""
    done = run(*words)
    said = done.stdout + done.stderr
    expect(done.returncode == code, f"{words} ended with {done.returncode}: {said}")
    for text in texts:
        expect(text in done.stderr, f"{words}: no '{text}' in: {said}")
    return said


def second_server(server: Server, console: Console) -> None:
    """One server a folder. The refused one changes nothing, not even the channel's files."""
    sandbox = Sandbox(server)
    order = console.order(console.meters()[0]["id"], "5.00", "second-server-1").json["no"]
    kept = {name: (server.data / name).read_bytes() for name in ("channel.port", "campus.json", "sandbox.secret")}
    before = children(server.pid)
    where = ["--data", str(server.data), *server.store.words]
    began = time.monotonic()
    for words in (["serve", *where], ["demo", *where, "--port", "0", "--web", ""]):
        ended(words, 1, "store.in_use", f"process {server.pid}")
    expect(time.monotonic() - began < 20, "the refusals took", time.monotonic() - began, "s")
    for name, content in kept.items():
        expect((server.data / name).read_bytes() == content, name, "was changed by a refused server")
    expect(children(server.pid) == before, "children of the first server changed")
    expect(sandbox.query(order).status == 200, "the channel lost an order")
    expect(console.get("/me").status == 200, "the first server stopped serving")


def second_folder(server: Server, console: Console, base: pathlib.Path) -> None:
    """One server a database, wherever the other keeps its folder: the heartbeat of the writer lease says who it is."""
    epoch = server.one("SELECT epoch FROM writer_lease")
    for name in ("serve", "demo"):
        data = base / f"second-{name}"
        data.mkdir()
        began = time.monotonic()
        ended([name, "--data", str(data), *server.store.words], 1, "store.in_use", f"process {server.pid}")
        expect(time.monotonic() - began < 15, f"{name} was refused after {time.monotonic() - began:.1f} s")
    expect(server.one("SELECT epoch FROM writer_lease") == epoch, "a refused server took the lease")
    expect(console.order(console.meters()[0]["id"], "5.00", "second-folder-1").status == 201, "the first server")


def configuration(base: pathlib.Path) -> None:
    """Unknown keys get a suggestion; nothing is created before the file is good."""
    cases = (("[http]\nprot = 8080\n", "config.unknown_key", "http.prot", "http.port"),
             ("[metres]\nimei_port = 1\n", "config.unknown_key", "metres.imei_port", "meters.imei_port"),
             ("[http]\nport = \"8080\"\n", "config.wrong_type", "http.port"),
             ("[http]\nport = 70000\n", "config.out_of_range", "http.port"),
             ("[http\n", "config.malformed", "line"),
             ("[http]\naddress = \"0.0.0.0\"\n", "config.plain_http", "0.0.0.0"))
    for number, (text, *expected) in enumerate(cases):
        file, data = base / f"bad{number}.toml", base / f"never{number}"
        file.write_text(text)
        ended(["serve", "--config", str(file), "--data", str(data)], 1, *expected)
        expect(not data.exists(), f"{expected[0]}: a data folder was made")
    ended(["serve", "--config", str(base / "missing.toml"), "--data", str(base / "never")], 1, "file.missing")


def wrong_usage(base: pathlib.Path) -> None:
    data = str(base / "never")
    for words in ([], ["bogus"], ["serve", "--prot", "1"], ["demo", "--speed", "500", "--data", data],
                  ["demo", "--speed", "0", "--data", data], ["demo", "--meters", "1", "--data", data],
                  ["demo", "--port", "70000", "--data", data], ["user"], ["user", "add"],
                  ["user", "add", "12345", "--project", "1", "--data", data],
                  ["user", "add", "not-a-phone", "--project", "1", "--data", data],
                  ["user", "add", PHONE, "--project", "0", "--data", data], ["user", "add", PHONE, "--data", data],
                  ["user", "code"], ["user", "code", "12"], ["decode"], ["fleet"]):
        expect(ended(words, 2).strip(), words, "said nothing")
    expect(not pathlib.Path(data).exists(), "wrong usage made a data folder")
    for words in (["--help"], ["serve", "--help"], ["user", "add", "--help"], ["--version"]):
        ended(words, 0)


def users_without_server(base: pathlib.Path, server: Server) -> None:
    data, store = str(server.data), server.store.words
    ended(["user", "add", PHONE, "--project", "1", "--data", str(base / "nowhere"), *store], 1, "data.missing")
    ended(["user", "code", PHONE, "--data", data], 1, "control.not_running")
    said = ended(["user", "add", PHONE, "--project", "1", "--name", "值班员", "--data", data, *store], 0)
    expect(PHONE in said, said)


def sign_in_without_demo(server: Server) -> None:
    """Codes are seen nowhere but on the command line; the cookie is Secure, plain http only on loopback."""
    console = Console(server)
    health = call(console.base, "GET", "/healthz")
    expect(health.status == 200 and health.json["status"] == "ok", health)
    asked = console.post("/auth/code", {"phone": "13900000001"})
    expect(asked.status == 200 and asked.json["demo_code"] is None, asked)
    data = str(server.data)
    # Through the running server:
    ended(["user", "add", "13900000010", "--project", "1", "--data", data, *server.store.words], 0)
    for phone in (PHONE, "13900000010"):
        done = run("user", "code", phone, "--data", data)
        code = done.stdout.strip()
        expect(done.returncode == 0 and re.fullmatch(r"\d{6}", code), "user code said", done.stdout, done.stderr)
        wrong = f"{(int(code) + 1) % 1_000_000:06}"
        refused = console.post("/auth/sign-in", {"phone": phone, "code": wrong})
        expect(refused.status == 401 and refused.code == "auth.bad_code", refused)
        answer = console.post("/auth/sign-in", {"phone": phone, "code": code})
        expect(answer.status == 200 and answer.json["demo"] is False, answer)
        cookie = answer.headers["set-cookie"]
        expect("HttpOnly" in cookie and "SameSite=Lax" in cookie and "Secure" in cookie, cookie)
        again = console.post("/auth/sign-in", {"phone": phone, "code": code})
        expect(again.status == 401, "a code worked twice:", again)
        expect(code not in server.output(), "the code is in the log")
    ended(["user", "code", "13900000099", "--data", data], 1, "user.unknown")  # once it printed a code nobody could use
    unknown = console.order("1", "1.00", "no-session-1")
    expect(unknown.status == 401, "an order without a session:", unknown)
    expect(call(console.base, "POST", "/callbacks/sandbox/1", b"{}").status == 404, "the sandbox exists without --demo")


def dump(server: Server) -> dict[str, str]:
    """By table: a hash of its rows in order, each with its columns."""
    out = {}
    for table in MONEY_TABLES:
        rows = sorted(repr(tuple(row)) for row in server.rows(f"SELECT * FROM {table}"))
        out[table] = f"{len(rows)} rows {hashlib.sha256(chr(10).join(rows).encode()).hexdigest()[:16]}"
    return out


def business_us(console: Console) -> int:
    return int(datetime.fromisoformat(console.get("/me").json["clock"]["business_now"]).timestamp() * 1e6)


def stop_and_start(server: Server, console: Console) -> None:
    """Nothing lost, nothing changed, and business time stood still in between."""
    sandbox = Sandbox(server)
    meters = [meter["id"] for meter in console.meters()]
    numbers = [console.order(meter, "7.50", f"stop-and-start-{meter}").json["no"] for meter in meters[:6]]
    for number in numbers[:4]:
        expect(sandbox.pay(number).status == 200, "the cashier")
    expect(console.command(meters[7], "trip", "stop and start", "stop-and-start-trip").status == 202, "a trip")
    until(lambda: server.one("SELECT count(*) FROM posting WHERE cause = 'payment'") == 4, 20, "four credits")
    told = business_us(console)
    at_stop = time.monotonic()
    expect(server.stop() == 0, "exit code of a clean stop")
    took = time.monotonic() - at_stop
    before = dump(server)
    logged = server.one("SELECT max(business_at) FROM event_log")
    time.sleep(1.5)  # wall time in which no business time may pass
    began = time.monotonic()
    server.start()
    up = time.monotonic() - began
    now = business_us(console)
    expect(dump(server) == before, "money changed over a restart:", before, dump(server))
    expect(now >= told and now >= logged, f"business time went back: {told} told, {logged} logged, then {now}")
    most = (took + up + 1.0) * 60 * 1e6
    expect(now - told < most, f"business time ran on while the server was down: {(now - told) / 1e6:.0f} s")
    for number in numbers:
        state = console.get(console.at(f"/orders/{number}")).json["state"]
        expect(state in (("completed", "crediting") if number in numbers[:4] else ("pending_payment",)), number, state)
    expect(server.stop() == 0, "exit code of the second stop")
    expect(dump(server) == before, "money changed by a second stop")


def clock_behind(server: Server) -> None:
    """The demo's time may lie ahead of life: then `serve` on its folder refuses to set it back."""
    saved = server.one("SELECT max(business_at) FROM event_log") / 1e6
    if saved > time.time() + 3600:
        ended(["serve", "--data", str(server.data), *server.store.words], 1, "clock.behind", "saved")
        return
    plain = Server.serve_at(server.data, store=server.store)
    try:
        plain.start()
        expect(plain.stop() == 0, "exit code of serve")
    finally:
        plain.close()


def main() -> int:
    given = add_store(argparse.ArgumentParser(description=__doc__)).parse_args()
    report = Report()
    with folder("refusals") as base, stores(given.store) as store:
        for name in ("demo", "served"):
            (base / name).mkdir()
        demo = Server.demo_at(base / "demo", fleet=False, store=store.at(base / "demo"))
        served = Server.serve_at(base / "served", store=store.at(base / "served"))
        try:
            with report.case("wrong usage ends with 2"):
                wrong_usage(base)
            with report.case("bad configuration ends with 1 and says why"):
                configuration(base)
            with report.case("users without a server"):
                users_without_server(base, served)
            with report.case("sign-in without --demo"):
                sign_in_without_demo(served.start())
                expect(served.stop() == 0, "exit code")
            with report.case("a second server on the folder"):
                console = Console(demo.start()).sign_in()
                second_server(demo, console)
            if isinstance(demo.store, PostgresStore):
                with report.case("a second server on the database, with a folder of its own"):
                    second_folder(demo, console, base)
            with report.case("a clean stop and a start change nothing"):
                stop_and_start(demo, console)
            with report.case("business time is never set back"):
                clock_behind(demo)
            if report.failed:
                print(demo.output()[-2000:], served.output()[-2000:], sep="\n")
        finally:
            demo.close()
            served.close()
    return report.finish()


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
