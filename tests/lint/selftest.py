#!/usr/bin/env python3
"""Proves that each lint can fail: tiny trees, the finding each must give, and that clean ones pass."""

from __future__ import annotations

import importlib
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "lint"))
sys.dont_write_bytecode = True

from tree import Finding, Tree, without_comments_and_strings  # noqa: E402


def lint(name: str, files: dict[str, str]) -> list[Finding]:
    """Findings of one lint over a tree made of these files."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
        return importlib.import_module(name).check(Tree(root))


class LintCase(unittest.TestCase):
    name = ""

    def finds(self, files: dict[str, str], path: str, what: str, count: int = 1) -> None:
        findings = lint(self.name, files)
        self.assertEqual(count, len(findings), findings)
        self.assertTrue(any(f.path == path and what in f.what for f in findings), findings)
        self.assertTrue(all(f.way_out for f in findings))

    def passes(self, files: dict[str, str]) -> None:
        self.assertEqual([], lint(self.name, files))


HEADER = "#pragma once\n"


class Includes(LintCase):
    name = "includes"

    def test_room_may_not_look_up(self) -> None:
        self.finds({"src/base/a.hpp": HEADER + '#include "engine/state.hpp"\n', "src/engine/state.hpp": HEADER},
                   "src/base/a.hpp", "base must not include")

    def test_floor_3_rooms_do_not_see_one_another(self) -> None:
        self.finds({"src/notify/a.cpp": '#include "store/db.hpp"\n', "src/store/db.hpp": HEADER},
                   "src/notify/a.cpp", "notify must not include")

    def test_floor_3_sees_only_the_doors_of_the_engine(self) -> None:
        doors = {"src/engine/events.hpp": HEADER, "src/engine/effects.hpp": HEADER, "src/engine/state.hpp": HEADER}
        self.passes({**doors, "src/store/a.cpp": '#include "engine/events.hpp"\n#include "engine/effects.hpp"\n'})
        self.finds({**doors, "src/store/a.cpp": '#include "engine/state.hpp"\n'}, "src/store/a.cpp", "store must not include")

    def test_the_one_named_exception(self) -> None:
        self.passes({"src/store/a.cpp": '#include "writer/store.hpp"\n', "src/writer/store.hpp": HEADER})
        self.finds({"src/store/a.cpp": '#include "writer/batch.hpp"\n', "src/writer/batch.hpp": HEADER},
                   "src/store/a.cpp", "store must not include")
        self.finds({"src/notify/a.cpp": '#include "writer/store.hpp"\n', "src/writer/store.hpp": HEADER},
                   "src/notify/a.cpp", "notify must not include")

    def test_only_app_sees_sim(self) -> None:
        self.passes({"src/app/a.cpp": '#include "sim/run.hpp"\n', "sim/run.hpp": HEADER})
        self.finds({"src/api/a.cpp": '#include "sim/run.hpp"\n', "sim/run.hpp": HEADER}, "src/api/a.cpp", "api must not include")

    def test_virtual_meters_use_no_codec_of_ours(self) -> None:
        codec = {"src/codec/frame.hpp": HEADER}
        self.finds({**codec, "sim/meter/a.cpp": '#include "codec/frame.hpp"\n'}, "sim/meter/a.cpp", "sim/meter must not include")
        self.passes({**codec, "sim/meter/a_test.cpp": '#include "codec/frame.hpp"\n'})

    def test_folders_of_rules(self) -> None:
        files = {"src/rules/ledger/l.hpp": HEADER, "src/rules/billing/b.hpp": HEADER, "src/rules/common.hpp": HEADER}
        self.passes({**files, "src/rules/billing/b.cpp": '#include "rules/ledger/l.hpp"\n#include "rules/common.hpp"\n'})
        self.finds({**files, "src/rules/ledger/l.cpp": '#include "rules/billing/b.hpp"\n'},
                   "src/rules/ledger/l.cpp", "rules/ledger must not include")
        self.finds({**files, "src/rules/common.cpp": '#include "rules/billing/b.hpp"\n'},
                   "src/rules/common.cpp", "rules/ must not include")

    def test_cycle(self) -> None:
        self.finds({"src/base/a.hpp": HEADER + '#include "base/b.hpp"\n', "src/base/b.hpp": HEADER + '#include "base/a.hpp"\n'},
                   "src/base/b.hpp", "include cycle")

    def test_missing_and_relative(self) -> None:
        self.finds({"src/base/a.cpp": '#include "base/gone.hpp"\n'}, "src/base/a.cpp", "does not exist")
        self.finds({"src/base/a.cpp": '#include "a.hpp"\n', "src/base/a.hpp": HEADER}, "src/base/a.cpp", "names no room", count=2)

    def test_third_party_places(self) -> None:
        self.passes({"src/store/sqlite/a.cpp": "#include <sqlite3.h>\n"})
        self.finds({"src/api/a.cpp": "#include <sqlite3.h>\n"}, "src/api/a.cpp", "outside its named place")
        self.finds({"src/api/a.cpp": "#include <mysql/mysql.h>\n"}, "src/api/a.cpp", "no header the project knows")
        self.finds({"src/base/a.cpp": "#include <spdlog/spdlog.h>\n", "src/base/b.cpp": "#include <spdlog/spdlog.h>\n"},
                   "src/base/a.cpp", "in 2 files", count=2)
        self.finds({"src/base/a.cpp": "#include <gtest/gtest.h>\n"}, "src/base/a.cpp", "outside its named place")

    def test_what_tests_share_stays_with_them(self) -> None:
        shared = {"src/engine/testing.hpp": HEADER + "#include <gtest/gtest.h>\n"}
        self.passes({**shared, "src/engine/a_test.cpp": '#include "engine/testing.hpp"\n'})
        self.finds({**shared, "src/engine/a.cpp": '#include "engine/testing.hpp"\n'}, "src/engine/a.cpp", "is for tests")

    def test_pure_rooms(self) -> None:
        self.finds({"src/engine/a.cpp": "#include <thread>\n"}, "src/engine/a.cpp", "must not include <thread>")
        self.finds({"src/codec/a.cpp": "#include <unistd.h>\n"}, "src/codec/a.cpp", "must not include <unistd.h>")
        self.passes({"src/writer/a.cpp": "#include <thread>\n#include <unistd.h>\n"})


class Headers(LintCase):
    name = "headers"

    def test_header_that_needs_another_first(self) -> None:
        self.finds({"src/base/a.hpp": HEADER + "std::string name();\n"}, "src/base/a.hpp", "does not compile alone")

    def test_guard(self) -> None:
        self.finds({"src/base/a.hpp": "struct A {};\n"}, "src/base/a.hpp", "", count=2)

    def test_self_contained(self) -> None:
        self.passes({"src/base/a.hpp": HEADER + "#include <string>\nstd::string name();\n"})

    def test_first_include_is_proved_by_the_build(self) -> None:
        broken = {"src/base/a.hpp": HEADER + "std::string name();\n"}
        self.passes({**broken, "src/base/a.cpp": '#include "base/a.hpp"\n'})
        self.finds({**broken, "src/base/a.cpp": '#include <string>\n#include "base/a.hpp"\n'},
                   "src/base/a.hpp", "does not compile alone")

    def test_a_change_behind_a_header_is_seen(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "src/base").mkdir(parents=True)
            (root / "src/base/b.hpp").write_text(HEADER + "struct B {};\n")
            (root / "src/base/a.hpp").write_text(HEADER + '#include "base/b.hpp"\ninline B make() { return {}; }\n')
            module = importlib.import_module("headers")
            self.assertEqual([], module.check(Tree(root)))
            importlib.import_module("tree")._read.cache_clear()
            (root / "src/base/b.hpp").write_text(HEADER + "struct C {};\n")
            self.assertEqual(["src/base/a.hpp"], [f.path for f in module.check(Tree(root))])


class Floats(LintCase):
    name = "floats"

    def test_types_and_literals(self) -> None:
        self.finds({"src/rules/a.cpp": "double price;\n"}, "src/rules/a.cpp", "'double'")
        self.finds({"src/store/a.cpp": "auto share = 0.5;\n"}, "src/store/a.cpp", "'0.5'")

    def test_comments_strings_tests_and_other_rooms(self) -> None:
        self.passes({"src/rules/a.cpp": '// never a double\nauto text = "0.5 float";\n/* float\n double */\n',
                     "src/rules/a_test.cpp": "double x;\n", "src/net/a.cpp": "double seconds;\n"})


class Lengths(LintCase):
    name = "lengths"

    def test_hard_limit(self) -> None:
        self.passes({"src/base/a.cpp": "x\n" * 800})
        self.finds({"src/base/a.cpp": "x\n" * 801}, "src/base/a.cpp", "over 800")

    def test_nine_in_ten(self) -> None:
        few = {f"src/base/s{i}.cpp": "x\n" for i in range(18)}
        long = {f"src/base/l{i}.cpp": "x\n" * 450 for i in range(2)}
        self.passes({**few, **long})
        self.finds({**few, **long, "src/base/l2.cpp": "x\n" * 451}, "src/base/l2.cpp", "over one in 10")


class Words(LintCase):
    name = "words"

    def test_later(self) -> None:
        self.finds({"src/base/a.cpp": "// TODO: mend\n"}, "src/base/a.cpp", "TODO")
        self.finds({"web/console/src/a.vue": "<!-- good enough for now -->\n"}, "web/console/src/a.vue", "for now")
        self.passes({"src/base/a.cpp": "// for nowhere else\n"})

    def test_hollow(self) -> None:
        self.finds({"src/base/a_test.cpp": "EXPECT_TRUE(true);\n"}, "src/base/a_test.cpp", "cannot fail")
        self.finds({"src/base/a_test.cpp": "TEST(A, DISABLED_b) {}\n"}, "src/base/a_test.cpp", "cannot fail")
        self.finds({"web/shared/a.test.ts": "it.skip('x')\n"}, "web/shared/a.test.ts", "cannot fail")


class Lockfile(LintCase):
    name = "lockfile"

    def test_address(self) -> None:
        npmrc = {"web/.npmrc": "omit-lockfile-registry-resolved=true\n"}
        self.passes({**npmrc, "web/package-lock.json": '{"resolved": "shared"}\n'})
        self.finds({**npmrc, "web/package-lock.json": '{"resolved": "https://example.invalid/a.tgz"}\n'},
                   "web/package-lock.json", "download address")

    def test_option(self) -> None:
        self.finds({"web/package-lock.json": "{}\n"}, "web/.npmrc", "lacks")


class Layout(LintCase):
    name = "layout"
    style = (ROOT / ".clang-format").read_text()

    def test_layout(self) -> None:
        self.passes({".clang-format": self.style, "src/base/a.cpp": "int f(int& x) {\n    return x;\n}\n".replace("{\n    return x;\n}", "{ return x; }")})
        self.finds({".clang-format": self.style, "src/base/a.cpp": "int x;\nint  f( int a ){ return a; }\n"},
                   "src/base/a.cpp", "not laid out")


class Masking(unittest.TestCase):
    def test_lines_stay(self) -> None:
        text = 'a /* x\ny */ b "str\\" // no" c // end\nR"(raw\n1.5)" d\'1\'000\n'
        masked = without_comments_and_strings(text)
        self.assertEqual(text.count("\n"), masked.count("\n"))
        self.assertNotIn("1.5", masked)
        self.assertIn("b", masked)
        self.assertIn("d", masked)


class Runner(unittest.TestCase):
    def run_lints(self, folder: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, str(ROOT / "tools/lint/run.py"), "--root", folder, *arguments],
                              capture_output=True, text=True, check=False)

    def test_exit_codes(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            source = pathlib.Path(folder) / "src" / "base" / "a.cpp"
            source.parent.mkdir(parents=True)
            source.write_text("int x;\n")
            self.assertEqual(0, self.run_lints(folder, "words", "floats").returncode)
            source.write_text("int x; // FIXME\n")
            done = self.run_lints(folder, "words", "floats")
            self.assertEqual(1, done.returncode)
            self.assertIn("src/base/a.cpp:1:", done.stdout)
            self.assertEqual(2, self.run_lints(folder, "nonsense").returncode)


if __name__ == "__main__":
    unittest.main()
