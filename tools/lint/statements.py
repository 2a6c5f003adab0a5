"""One SQL for two engines and for Citus: each key starts with project_id, each statement names its project, nothing is dialect."""

from __future__ import annotations

import dataclasses
import re

from tree import Finding, Tree

# Tables of the installation as a whole (design §6). What belongs to a login goes with it.
GLOBAL = {"organisation", "login", "login_role", "login_code", "session", "api_key", "schema_migration", "writer_lease",
          "channel_account", "business_clock"}
# Statement -> why it may go over all projects.
ACROSS = {
    "logged_projects": "a start has to find what there is to load",
    "next_project": "verify goes from project to project, also to those that only a damaged row names",
}
FUNCTIONS = {"count", "sum", "min", "max", "coalesce", "lower", "length", "cast", "filter", "over", "exists", "in", "values"}

CATALOGUE = "src/store/statements/"
DRIVERS = ("src/store/sqlite/", "src/store/postgres/")

DIALECT = {
    r"::": "a :: cast",
    r"\b(now|current_timestamp|current_date|current_time|clock_timestamp|unixepoch|julianday|strftime|datetime|random|randomblob|"
    r"gen_random_uuid|uuid_generate_v4|nextval|currval|last_insert_rowid|changes)\b": "a clock, chance or counter of the engine",
    r"\btrigger\b": "a trigger",
    r"\b(procedure|function)\b": "code in the database",
    r"\bskip\s+locked\b|\bfor\s+(update|share)\b": "row locks",
    r"\bmerge\b": "MERGE",
    r"\b(insert|update)\s+or\s+\w+|\breplace\s+into\b": "INSERT OR …",
    r"\b_?rowid_?\b|\boid\b": "row numbers",
    r"\bautoincrement\b|\bserial\b|\bidentity\b|\bsequence\b": "ids made by the database",
    r"\bjson_\w+|\bjsonb_\w+|->": "JSON inside the database",
    r"\bany\s*\(\s*\$": "array parameters",
    r"\busing\b": "USING",
    r"\b(ilike|glob|regexp|similar)\b|~": "pattern matching of one engine",
    r"\b(ifnull|iif|group_concat|string_agg|total|printf|nvl|greatest|least)\b": "a function of one engine",
    r"\bpragma\b|\battach\b|\bvacuum\b|\banalyze\b": "administration",
    r"\b(advisory|listen|notify)\b": "node-local locks and messages",
}
BARE_TYPES = re.compile(r"\b(integer|int|bigint|smallint|text|varchar|char|blob|bytea|real|float|double|numeric|decimal|boolean|timestamp|"
                        r"timestamptz|date|json|jsonb|uuid|strict|without)\b", re.I)
TOKENS = {"i64", "text", "blob", "clustered", "heap"}


@dataclasses.dataclass
class Piece:
    """One SQL statement and where it stands."""
    path: str
    line: int
    name: str
    sql: str


def without_text(sql: str) -> str:
    """Comments gone, string contents empty; same line count."""
    sql = re.sub(r"--[^\n]*", "", sql)
    return re.sub(r"'(?:[^']|'')*'", "''", sql)


def squeeze(sql: str) -> str:
    return re.sub(r"\s+", " ", sql).strip()


def closing(text: str, start: int) -> int:
    """Index of the bracket that closes the one at `start`."""
    depth = 0
    for i in range(start, len(text)):
        depth += (text[i] == "(") - (text[i] == ")")
        if depth == 0:
            return i
    return len(text)


def split_list(text: str) -> list[str]:
    out, depth, current = [], 0, ""
    for c in text:
        depth += (c == "(") - (c == ")")
        if c == "," and depth == 0:
            out.append(current.strip())
            current = ""
        else:
            current += c
    return [*out, current.strip()] if current.strip() else out


def columns_of(text: str) -> list[str]:
    return [squeeze(c).split(" ")[0].lower() for c in split_list(text)]


# ---- schema --------------------------------------------------------------------------------------------------------


def migration_pieces(tree: Tree) -> list[Piece]:
    pieces = []
    for path in tree.under(("migrations",), (".sql",)):
        text, line = without_text(tree.text(path)), 1
        for part in text.split(";"):
            lead = len(part) - len(part.lstrip())
            if part.strip():
                pieces.append(Piece(path, line + part[:lead].count("\n"), "", part.strip()))
            line += part.count("\n")
    return pieces


class Schema:
    def __init__(self, pieces: list[Piece]):
        self.tables: dict[str, set[str]] = {}
        self.views: set[str] = set()
        for piece in pieces:
            if match := re.match(r"create\s+table\s+(?:if\s+not\s+exists\s+)?(\w+)\s*\(", piece.sql, re.I):
                body = piece.sql[match.end():closing(piece.sql, match.end() - 1)]
                self.tables[match[1].lower()] = set(columns_of(body))
            elif match := re.match(r"alter\s+table\s+(\w+)\s+add\s+column\s+(\w+)", piece.sql, re.I):
                self.tables.setdefault(match[1].lower(), set()).add(match[2].lower())
            elif match := re.match(r"create\s+view\s+(\w+)", piece.sql, re.I):
                self.views.add(match[1].lower())

    def is_project(self, table: str) -> bool:
        return table not in GLOBAL

    def knows(self, table: str) -> bool:
        return table in self.tables or table in self.views


def check_column(table: str, flat: str) -> list[tuple[str, str]]:
    found = []
    if re.search(r"\b(primary key|unique|references|default|collate|generated)\b", flat, re.I):
        found.append((f"column '{flat}' of {table} carries a key, reference or default", "write keys on lines of their own; the application fills columns"))
    if not re.search(r"\{(i64|text|blob)\}", flat):
        found.append((f"column '{flat}' of {table} has no type token", "use {i64}, {text} or {blob}"))
    return found


def check_table(piece: Piece, name: str, body: str) -> list[tuple[str, str]]:
    found = []
    is_global = name in GLOBAL
    items = split_list(body)
    if not is_global and columns_of(body)[0] != "project_id":
        found.append((f"table {name} does not start with project_id", "make it the first column, or name the table in GLOBAL with its reason"))
    if not any(re.match(r"primary\s+key", item, re.I) for item in items):
        found.append((f"table {name} has no primary key of its own line", "add PRIMARY KEY (project_id, …)"))
    for item in items:
        flat = squeeze(item)
        if match := re.match(r"(primary key|unique|foreign key) ?\(([^)]*)\)", flat, re.I):
            keys = columns_of(match[2])
            if not is_global and keys[0] != "project_id":
                found.append((f"{match[1].lower()} of {name} does not start with project_id", "put project_id first"))
            if target := re.search(r"references (\w+) ?\(([^)]*)\)", flat, re.I):
                other = target[1].lower()
                if is_global != (other in GLOBAL):
                    found.append((f"foreign key from {name} to {other} joins a project's table with a global one", "check it in the code instead"))
                elif not is_global and columns_of(target[2])[0] != "project_id":
                    found.append((f"foreign key of {name} does not refer to project_id first", "refer to (project_id, …)"))
        elif not flat.lower().startswith("check"):
            found += check_column(name, flat)
    if not re.search(r"\)\s*\{(clustered|heap)\}\s*$", piece.sql):
        found.append((f"table {name} does not say how its rows lie", "end it with ){clustered} or ){heap}"))
    return found


def check_view(name: str, sql: str) -> list[tuple[str, str]]:
    found = []
    for alias, table in aliases(sql):
        joined = re.search(rf"\b{alias}\.project_id = \w+\.project_id|\w+\.project_id = {alias}\.project_id", squeeze(sql), re.I)
        if table not in GLOBAL and not joined:
            found.append((f"view {name} joins {table} {alias} without its project_id", f"add {alias}.project_id = …"))
    return found


def check_migration(piece: Piece) -> list[tuple[str, str]]:
    sql = piece.sql
    found = dialect(re.sub(r"\{\w+\}", "", sql))
    for token in re.findall(r"\{(\w+)\}", sql):
        if token not in TOKENS:
            found.append((f"unknown token {{{token}}}", "tokens: " + ", ".join(sorted(TOKENS))))
    if match := BARE_TYPES.search(re.sub(r"\{\w+\}", "", sql)):
        found.append((f"'{match[0]}' is a type or option of one engine", "use the tokens of store/migrations.hpp"))
    if match := re.match(r"create\s+table\s+(?:if\s+not\s+exists\s+)?(\w+)\s*\(", sql, re.I):
        found += check_table(piece, match[1].lower(), sql[match.end():closing(sql, match.end() - 1)])
    elif match := re.match(r"create\s+(?:unique\s+)?index\s+\w+\s+on\s+(\w+)\s*\(([^)]*)\)", sql, re.I):
        if match[1].lower() not in GLOBAL and columns_of(match[2])[0] != "project_id":
            found.append((f"index on {match[1]} does not start with project_id", "put project_id first"))
    elif match := re.match(r"create\s+view\s+(\w+)", sql, re.I):
        found += check_view(match[1].lower(), sql)
    elif match := re.match(r"alter\s+table\s+(\w+)\s+add\s+column\s+(.+)$", sql, re.I | re.S):
        found += check_column(match[1].lower(), squeeze(match[2]))
    elif not re.match(r"(alter\s+table\s+\w+\s+(add|drop)\s+column|drop\s+(index|view)|insert\s+into|update|delete\s+from)\b", sql, re.I):
        found.append((f"'{squeeze(sql)[:40]}' is no statement the lint knows", "teach tools/lint/statements.py to judge it"))
    return found


# ---- statements ----------------------------------------------------------------------------------------------------


def statement_pieces(tree: Tree) -> list[Piece]:
    pieces = []
    for path in tree.under((CATALOGUE.rstrip("/"),), (".hpp", ".cpp")):
        text = tree.text(path)
        for match in re.finditer(r'(\w+)\s*\{\s*R"sql\((.*?)\)sql"', text, re.S):
            pieces.append(Piece(path, text[:match.start()].count("\n") + 1, match[1], without_text(match[2]).strip()))
    return pieces


def dialect(sql: str) -> list[tuple[str, str]]:
    found = []
    for pattern, what in DIALECT.items():
        if match := re.search(pattern, sql, re.I):
            found.append((f"'{squeeze(match[0])}': {what}", "both engines and Citus must take it: design §6, reference/stack.md §4"))
    return found


def aliases(select: str) -> list[tuple[str, str]]:
    """(alias, table) of every table named in FROM, JOIN, INTO, UPDATE."""
    keyword = r"(?!(?:on|where|set|join|left|right|cross|inner|full|order|group|limit|union|values|as|select)\b)"
    out = []
    for match in re.finditer(rf"\b(?:from|join|into|update)\s+(\w+)(?:\s+(?:as\s+)?{keyword}(\w+))?", select, re.I):
        out.append(((match[2] or match[1]).lower(), match[1].lower()))
    return out


def scopes(sql: str) -> list[str]:
    """The statement and each sub-select, with what lies inside taken out."""
    out = []
    while match := re.search(r"\(\s*select\b", sql, re.I):
        start = match.start()
        # The innermost one: no further sub-select behind this bracket before it closes.
        while True:
            end = closing(sql, start)
            inner = re.search(r"\(\s*select\b", sql[start + 1:end], re.I)
            if not inner:
                break
            start = start + 1 + inner.start()
        out.append(sql[start + 1:end])
        sql = sql[:start] + "()" + sql[end + 1:]
    out.append(sql)
    return [part for scope in out for part in re.split(r"\b(?:union(?:\s+all)?|except|intersect)\b", scope, flags=re.I)]


def check_pins(piece: Piece, schema: Schema) -> list[tuple[str, str]]:
    found = []
    for scope in scopes(piece.sql):
        flat = squeeze(scope)
        named = aliases(flat)
        if insert := re.match(r"insert into (\w+) ?\(([^)]*)\) ?values ?\(([^)]*)\)(.*)", flat, re.I):
            found += check_insert(insert, schema)
            continue
        for alias, table in named:
            if not schema.knows(table):
                found.append((f"table {table} is in no migration", "add it there first"))
            elif schema.is_project(table) and piece.name not in ACROSS:
                pin = rf"\b{alias}\.project_id = \$\d+"
                if len(named) == 1:
                    pin = rf"(?:\b{alias}\.)?(?<![\w.])project_id = \$\d+|" + pin
                if not re.search(pin, flat, re.I):
                    found.append((f"{table} {alias} is not pinned to a project", f"add {alias}.project_id = $1, or name the statement in ACROSS with its reason"))
    return found


def check_insert(insert: re.Match[str], schema: Schema) -> list[tuple[str, str]]:
    found = []
    table, columns, values, rest = insert[1].lower(), columns_of(insert[2]), split_list(insert[3]), insert[4]
    if not schema.knows(table):
        return [(f"table {table} is in no migration", "add it there first")]
    if unknown := [c for c in columns if table in schema.tables and c not in schema.tables[table]]:
        found.append((f"{table} has no column {unknown[0]}", "name the columns of the migration"))
    if len(columns) != len(values):
        found.append((f"{len(columns)} columns of {table} get {len(values)} values", "one value each"))
    if values != [f"${i}" for i in range(1, len(values) + 1)]:
        found.append(("values are not $1 … $n in order", "rows are bound in the order of their columns"))
    if schema.is_project(table):
        if columns[0] != "project_id":
            found.append((f"the first column put into {table} is not project_id", "put it first"))
        if (target := re.search(r"on conflict ?\(([^)]*)\)", rest, re.I)) and columns_of(target[1])[0] != "project_id":
            found.append((f"conflict of {table} is not on a key that starts with project_id", "name the whole key"))
        if re.search(r"\bset\b.*\bproject_id =", rest, re.I):
            found.append(("a row changes its project", "rows never move between projects"))
    if re.search(r"on conflict (do|where)", rest, re.I):
        found.append(("ON CONFLICT without a key hides every mistake", "name the key"))
    return found


def check_statement(piece: Piece, schema: Schema) -> list[tuple[str, str]]:
    sql = squeeze(piece.sql)
    found = dialect(sql) + check_pins(piece, schema)
    if ";" in sql:
        found.append(("more than one statement", "one text, one statement"))
    if not re.match(r"(select|insert into|update|delete from)\b", sql, re.I):
        found.append((f"'{sql[:20]}' is no statement of the catalogue", "SELECT, INSERT, UPDATE or DELETE"))
    if re.search(r"select (\w+\.)?\*|, ?\w+\.\*", sql, re.I):
        found.append(("SELECT * changes with the schema", "name the columns"))
    for scope in scopes(sql):
        if re.search(r"\blimit\b", scope, re.I) and not re.search(r"\border by\b", scope, re.I):
            found.append(("LIMIT without ORDER BY gives whatever comes first", "add ORDER BY"))
    numbers = sorted({int(n) for n in re.findall(r"\$(\d+)", sql)})
    if numbers != list(range(1, len(numbers) + 1)):
        found.append((f"placeholders {numbers} are not $1 … $n", "number them without gaps"))
    for function in re.findall(r"\b([a-z_]\w*)\s?\(", sql, re.I):
        word = function.lower()
        if word not in FUNCTIONS and not schema.knows(word) and word not in ("and", "or", "not", "on", "from", "join", "where", "conflict", "by", "as", "then", "when", "else"):
            found.append((f"function {function} is not in the common subset", "add it to FUNCTIONS once it was tried on both engines"))
    return found


STRAY = re.compile(r'R"sql\(|"\s*(SELECT\s+[\w*]|INSERT\s+INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s)')


def check_strays(tree: Tree) -> list[Finding]:
    findings = []
    for path in tree.under(("src",), (".hpp", ".cpp")):
        if path.startswith((CATALOGUE, *DRIVERS)) or path.endswith("_test.cpp") or "/test_" in path:
            continue
        for number, line in enumerate(tree.lines(path), 1):
            if STRAY.search(line):
                findings.append(Finding(path, number, "SQL outside the catalogue", f"move it to {CATALOGUE}, where it is judged"))
    return findings


def check(tree: Tree) -> list[Finding]:
    migrations = migration_pieces(tree)
    schema = Schema(migrations)
    findings = [Finding(p.path, p.line, what, way) for p in migrations for what, way in check_migration(p)]
    findings += [Finding(p.path, p.line, f"{p.name}: {what}", way)
                 for p in statement_pieces(tree) for what, way in check_statement(p, schema)]
    return findings + check_strays(tree)
