#!/usr/bin/env python3
"""Proves that ./test tells failure from success: the real runner over stages made up here."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Runner(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = pathlib.Path(self.folder.name)
        (self.root / "tools").mkdir()
        (self.root / "tests/stages").mkdir(parents=True)
        shutil.copy(ROOT / "test", self.root / "test")
        shutil.copy(ROOT / "tools/common.sh", self.root / "tools/common.sh")

    def stage(self, name: str, body: str, needs: str = "") -> None:
        (self.root / "tests/stages" / f"{name}.sh").write_text(
            f"#!/usr/bin/env bash\n# title: {name}\n# needs: {needs}\n# minutes: 1\n{body}\n")

    def run_test(self, *arguments: str) -> tuple[int, list[str]]:
        done = subprocess.run(["bash", str(self.root / "test"), *arguments], capture_output=True, text=True,
                              check=False, stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout.splitlines()

    def test_all_good(self) -> None:
        self.stage("10-a", "echo passed=3 failed=0")
        self.stage("20-b", "echo note: small; echo passed=4 failed=0 skipped=2")
        code, lines = self.run_test()
        self.assertEqual((0, "7 passed, 0 failed, 2 skipped"), (code, lines[-1]))
        self.assertIn("note: 20-b: small".replace("20-", ""), lines)

    def test_counted_failure_goes_on(self) -> None:
        self.stage("10-a", "echo passed=3 failed=2; exit 1")
        self.stage("20-b", "echo passed=4 failed=0")
        code, lines = self.run_test()
        self.assertEqual((1, "7 passed, 2 failed"), (code, lines[-1]))

    def test_death_silence_and_bare_exit_code_are_failures(self) -> None:
        self.stage("10-dies", "kill -9 $$")
        self.stage("20-silent", "true")
        self.stage("30-code", "echo passed=1 failed=0; exit 3")
        code, lines = self.run_test()
        self.assertEqual((1, "1 passed, 3 failed"), (code, lines[-1]))

    def test_what_needs_a_failed_stage_is_not_run(self) -> None:
        self.stage("10-a", "echo passed=0 failed=1")
        self.stage("20-b", "touch ran; echo passed=1 failed=0", needs="a")
        code, lines = self.run_test()
        self.assertEqual((1, "0 passed, 2 failed"), (code, lines[-1]))
        self.assertFalse((self.root / "ran").exists())

    def test_named_stages_bring_what_they_need(self) -> None:
        self.stage("10-a", "echo passed=1 failed=0")
        self.stage("20-b", "echo passed=1 failed=0", needs="a")
        self.stage("30-c", "echo passed=1 failed=0")
        self.assertEqual("2 passed, 0 failed", self.run_test("b")[1][-1])
        self.assertEqual(2, self.run_test("nonsense")[0])


class Packages(unittest.TestCase):
    def listed(self, text: str, *sections: str) -> list[str]:
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "tools").mkdir()
            (pathlib.Path(folder) / "tools/packages.txt").write_text(text)
            return subprocess.run(
                ["bash", "-c", f"root={folder}; . {ROOT}/tools/common.sh; packages {' '.join(sections)}"],
                capture_output=True, text=True, check=True).stdout.split()

    def test_sections_comments_and_commands(self) -> None:
        text = "# head\n[run]\ng++ # c\nshell unless bash\nodd unless no-such-command\n\n[test]\nclang\n"
        self.assertEqual(["g++", "odd"], self.listed(text, "run"))
        self.assertEqual(["g++", "odd", "clang"], self.listed(text, "run", "test"))


if __name__ == "__main__":
    unittest.main()
