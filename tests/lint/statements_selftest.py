#!/usr/bin/env python3
"""Proves that the statement lint finds each kind of bad schema and bad statement, and passes good ones."""

from __future__ import annotations

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

from selftest import LintCase  # noqa: E402

TABLE = """
CREATE TABLE thing (
    project_id {i64} NOT NULL,
    thing_id {i64} NOT NULL,
    name {text} NOT NULL,
    PRIMARY KEY (project_id, thing_id)
){clustered};
CREATE TABLE part (
    project_id {i64} NOT NULL,
    part_id {i64} NOT NULL,
    thing_id {i64} NOT NULL,
    PRIMARY KEY (project_id, part_id),
    UNIQUE (project_id, thing_id),
    FOREIGN KEY (project_id, thing_id) REFERENCES thing (project_id, thing_id)
){heap};
CREATE TABLE login (login_id {i64} NOT NULL, PRIMARY KEY (login_id)){clustered};
"""


class Schema(LintCase):
    name = "statements"

    def bad(self, sql: str, what: str, count: int = 1) -> None:
        self.finds({"migrations/0001_a.sql": sql}, "migrations/0001_a.sql", what, count)

    def test_good(self) -> None:
        self.passes({"migrations/0001_a.sql": TABLE + "CREATE INDEX part_thing ON part (project_id, thing_id);"
                     "CREATE VIEW all_parts AS SELECT p.project_id, t.name FROM part p JOIN thing t"
                     " ON t.project_id = p.project_id AND t.thing_id = p.thing_id;"})

    def test_keys_start_with_the_project(self) -> None:
        self.bad(TABLE.replace("PRIMARY KEY (project_id, part_id)", "PRIMARY KEY (part_id)"), "primary key of part does not start")
        self.bad(TABLE.replace("PRIMARY KEY (project_id, part_id)", "PRIMARY KEY (part_id, project_id)"), "primary key of part does not start")
        self.bad(TABLE.replace("UNIQUE (project_id, thing_id)", "UNIQUE (thing_id)"), "unique of part does not start")
        self.bad(TABLE.replace("FOREIGN KEY (project_id, thing_id)", "FOREIGN KEY (thing_id, project_id)"), "foreign key of part does not start")
        self.bad(TABLE.replace("REFERENCES thing (project_id, thing_id)", "REFERENCES thing (thing_id, project_id)"), "does not refer to project_id first")
        self.bad(TABLE + "CREATE INDEX part_thing ON part (thing_id);", "index on part")
        self.bad(TABLE + "CREATE UNIQUE INDEX part_thing ON part (thing_id);", "index on part")

    def test_added_columns_are_columns(self) -> None:
        self.passes({"migrations/0001_a.sql": TABLE, "migrations/0002_b.sql": "ALTER TABLE thing ADD COLUMN size {i64};",
                     "src/store/statements/a.hpp": 'Sql a{R"sql(INSERT INTO thing (project_id, size) VALUES ($1, $2))sql"};'})
        self.bad(TABLE + "ALTER TABLE thing ADD COLUMN size money;", "has no type token")
        self.bad(TABLE + "ALTER TABLE thing ADD COLUMN size {i64} DEFAULT 0;", "carries a key, reference or default")

    def test_tables_carry_the_project(self) -> None:
        self.bad("CREATE TABLE a (x {i64} NOT NULL, PRIMARY KEY (x)){heap};", "", 2)
        self.bad("CREATE TABLE a (project_id {i64} NOT NULL){heap};", "no primary key")

    def test_global_and_project_tables_do_not_join(self) -> None:
        self.bad(TABLE.replace("REFERENCES thing (project_id, thing_id)", "REFERENCES login (login_id, x)"), "with a global one")

    def test_keys_stand_on_lines_of_their_own(self) -> None:
        self.bad(TABLE.replace("name {text} NOT NULL", "name {text} NOT NULL UNIQUE"), "carries a key")
        self.bad(TABLE.replace("name {text} NOT NULL", "name {text} NOT NULL DEFAULT ''"), "carries a key")

    def test_types_are_tokens(self) -> None:
        self.bad(TABLE.replace("name {text}", "name text"), "", 2)
        self.bad(TABLE.replace("name {text}", "name {json}"), "", 2)
        self.bad(TABLE.replace("){heap}", ") STRICT"), "", 2)

    def test_dialect(self) -> None:
        self.bad(TABLE + "CREATE TRIGGER t AFTER INSERT ON thing BEGIN SELECT 1;", "", 2)
        self.bad(TABLE + "CREATE EXTENSION citus;", "no statement the lint knows")
        self.bad("CREATE TABLE a (project_id {i64} NOT NULL, a_id {i64} AUTOINCREMENT, PRIMARY KEY (project_id, a_id)){heap};", "ids made by the database")

    def test_views_keep_projects_apart(self) -> None:
        self.bad(TABLE + "CREATE VIEW v AS SELECT p.project_id, t.name FROM part p JOIN thing t ON t.thing_id = p.thing_id;", "view v joins", 2)


class Statements(LintCase):
    name = "statements"

    def tree(self, sql: str, name: str = "some") -> dict[str, str]:
        return {"migrations/0001_a.sql": TABLE,
                "src/store/statements/a.hpp": f'#pragma once\n\ninline constexpr Sql {name}{{R"sql(\n{sql}\n)sql"}};\n'}

    def bad(self, sql: str, what: str, count: int = 1) -> None:
        self.finds(self.tree(sql), "src/store/statements/a.hpp", what, count)

    def good(self, sql: str) -> None:
        self.passes(self.tree(sql))

    def test_good(self) -> None:
        self.good("SELECT name FROM thing WHERE project_id = $1 AND thing_id = $2")
        self.good("SELECT t.name FROM thing t JOIN part p ON p.project_id = $1 AND p.thing_id = t.thing_id WHERE t.project_id = $1")
        self.good("INSERT INTO thing (project_id, thing_id, name) VALUES ($1, $2, $3) "
                  "ON CONFLICT (project_id, thing_id) DO UPDATE SET name = excluded.name RETURNING name")
        self.good("DELETE FROM part WHERE project_id = $1")
        self.good("UPDATE thing SET name = $2 WHERE project_id = $1")
        self.good("SELECT login_id FROM login ORDER BY login_id LIMIT 1")
        self.good("SELECT CAST(coalesce(sum(thing_id) FILTER (WHERE name <> 'now()'), 0) AS bigint) FROM thing WHERE project_id = $1")
        self.good("SELECT name FROM thing WHERE project_id = $1 AND thing_id NOT IN (SELECT thing_id FROM part WHERE project_id = $1)")
        self.passes(self.tree("SELECT project_id FROM thing ORDER BY project_id", "logged_projects"))

    def test_unpinned(self) -> None:
        self.bad("SELECT name FROM thing", "thing is not pinned")
        self.bad("SELECT name FROM thing WHERE thing_id = $1", "thing is not pinned")
        self.bad("SELECT name FROM thing WHERE project_id > $1", "thing is not pinned")
        self.bad("SELECT name FROM thing WHERE project_id = 1", "thing is not pinned")
        self.bad("SELECT name FROM thing -- WHERE project_id = $1\n", "thing is not pinned")
        self.bad("DELETE FROM part WHERE part_id = $1", "part is not pinned")
        self.bad("UPDATE thing SET name = $1", "thing is not pinned")
        self.bad("SELECT t.name FROM thing t JOIN part p ON p.project_id = t.project_id AND p.thing_id = t.thing_id WHERE t.project_id = $1",
                 "part p is not pinned")
        self.bad("SELECT name FROM thing WHERE project_id = $1 AND thing_id IN (SELECT thing_id FROM part)", "part is not pinned")
        self.bad("SELECT name FROM thing WHERE project_id = $1 UNION SELECT name FROM thing", "thing is not pinned")
        self.bad("SELECT t.name FROM thing t CROSS JOIN part p WHERE project_id = $1", "is not pinned", 2)

    def test_inserts(self) -> None:
        self.bad("INSERT INTO thing (thing_id, project_id, name) VALUES ($1, $2, $3)", "not project_id")
        self.bad("INSERT INTO thing (project_id, thing_id, name) VALUES ($1, $2)", "3 columns")
        self.bad("INSERT INTO thing (project_id, thing_id, name) VALUES ($1, $3, $2)", "in order")
        self.bad("INSERT INTO thing (project_id, thing_id, colour) VALUES ($1, $2, $3)", "no column colour")
        self.bad("INSERT INTO nothing (project_id) VALUES ($1)", "in no migration", 2)
        self.bad("INSERT INTO thing (project_id, thing_id, name) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", "hides every mistake")
        self.bad("INSERT INTO thing (project_id, thing_id, name) VALUES ($1, $2, $3) ON CONFLICT (thing_id) DO NOTHING", "not on a key")
        self.bad("INSERT INTO thing (project_id, thing_id, name) VALUES ($1, $2, $3) ON CONFLICT (project_id, thing_id) DO UPDATE SET project_id = excluded.project_id",
                 "changes its project")

    def test_dialect(self) -> None:
        pinned = "FROM thing WHERE project_id = $1"
        for sql, what in {
            f"SELECT name::text {pinned}": "cast",
            f"SELECT name {pinned} FOR UPDATE SKIP LOCKED": "row locks",
            f"SELECT rowid {pinned}": "row numbers",
            f"SELECT name->>'a' {pinned}": "JSON",
            f"SELECT name {pinned} AND thing_id = ANY($2)": "array",
        }.items():
            with self.subTest(sql):
                self.assertTrue(any(what in f.what for f in self.findings(sql)), self.findings(sql))
        self.assertTrue(any("clock" in f.what for f in self.findings(f"SELECT now() {pinned}")))
        self.assertTrue(any("clock" in f.what for f in self.findings(f"SELECT random() {pinned}")))
        self.assertTrue(any("INSERT OR" in f.what for f in self.findings("INSERT OR REPLACE INTO thing (project_id, thing_id, name) VALUES ($1, $2, $3)")))
        self.assertTrue(any("MERGE" in f.what for f in self.findings("MERGE INTO thing USING part ON 1 = 1")))
        self.assertTrue(any("JSON" in f.what for f in self.findings(f"SELECT json_each(name) {pinned}")))
        self.bad(f"SELECT soundex(name) {pinned}", "not in the common subset")

    def findings(self, sql: str):
        from selftest import lint
        return lint("statements", self.tree(sql))

    def test_form(self) -> None:
        self.bad("SELECT name FROM thing WHERE project_id = $1 LIMIT 1", "LIMIT without ORDER BY")
        self.bad("SELECT * FROM thing WHERE project_id = $1", "SELECT *")
        self.bad("SELECT name FROM thing WHERE project_id = $1 AND thing_id = $3", "are not $1")
        self.bad("SELECT name FROM thing WHERE project_id = $1; SELECT 1", "more than one")

    def test_sql_elsewhere(self) -> None:
        self.finds({"src/api/a.cpp": 'auto text = "SELECT name FROM thing";\n'}, "src/api/a.cpp", "outside the catalogue")
        self.finds({"src/store/a.cpp": 'Sql s{R"sql(SELECT 1)sql"};\n'}, "src/store/a.cpp", "outside the catalogue")
        self.passes({"src/store/sqlite/a.cpp": 'Sql s{R"sql(SELECT 1)sql"};\n', "src/store/a_test.cpp": 'Sql s{R"sql(SELECT 1)sql"};\n',
                     "src/api/a.cpp": 'auto text = "Select a meter";\n'})


if __name__ == "__main__":
    unittest.main()
