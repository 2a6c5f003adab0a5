// Without statistics SQLite takes every first column for selective. Ours is the project, which most
// often is the only one, and then a scan of the primary key wins over the right index.
#include <string>
#include <vector>

#include "store/sqlite/connection.hpp"

namespace mb::store::sqlite {

namespace {

// The primary key of a table without row numbers goes by the table's name.
constexpr Sql indexes{R"sql(
SELECT
    t.name,
    CASE WHEN i.origin = 'pk' AND t.wr = 1 THEN t.name ELSE i.name END,
    i.partial,
    (SELECT count(*) FROM pragma_index_info(i.name)),
    (SELECT c.name FROM pragma_index_info(i.name) c WHERE c.seqno = 0)
FROM pragma_table_list t, pragma_index_list(t.name) i
WHERE t.schema = 'main' AND t.type = 'table'
)sql"};

constexpr Sql put{R"sql(INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ($1, $2, $3))sql"};

constexpr int rows_log2 = 20;          // of a table
constexpr int partial_rows_log2 = 13;  // of a partial index

/// "rows r1 r2 … rk": how many rows share the first one, two … k columns, falling evenly to one.
std::string stat(std::int64_t columns, bool partial) {
    const int log2 = partial ? partial_rows_log2 : rows_log2;
    std::string out = std::to_string(1 << log2);
    for (std::int64_t column = 1; column <= columns; ++column) {
        const std::int64_t left = columns == 1 ? 0 : log2 * (columns - column) / (columns - 1);
        out += " " + std::to_string(1LL << left);
    }
    return out;
}

}  // namespace

void Connection::fix_plan_statistics() {
    struct Line {
        std::string table;
        std::string index;
        std::string stat;
    };
    std::vector<Line> lines;
    Statement& row = statement(indexes);
    while (row.next()) {
        if (row.text(4) == "project_id") {
            lines.push_back({std::string(row.text(0)), std::string(row.text(1)),
                             stat(row.integer(3), row.integer(2) != 0)});
        }
    }
    Transaction transaction(*this);
    script("ANALYZE schema_migration");  // makes the table of statistics
    script("DELETE FROM sqlite_stat1");
    for (const Line& line : lines) {
        Statement& insert = statement(put);
        insert.bind_text(1, line.table);
        insert.bind_text(2, line.index);
        insert.bind_text(3, line.stat);
        insert.run();
    }
    transaction.commit();
    script("ANALYZE sqlite_schema");  // reads them anew
}

}  // namespace mb::store::sqlite
