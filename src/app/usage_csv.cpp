#include "app/usage_csv.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace mb::app {

namespace {

using rules::billing::Usage;
using rules::billing::UsageInterval;
using rules::billing::UsageQuantity;
using rules::billing::UsageReading;
using rules::tariff::Band;

using Fields = std::vector<std::string_view>;

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '"')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '"' || text.back() == '\r')) {
        text.remove_suffix(1);
    }
    return text;
}

Fields split(std::string_view line) {
    Fields out;
    for (;;) {
        const std::size_t comma = std::min(line.find(','), line.size());
        out.push_back(trimmed(line.substr(0, comma)));
        if (comma == line.size()) {
            return out;
        }
        line.remove_prefix(comma + 1);
    }
}

struct Line {
    int number = 0;
    Fields fields;
};

struct Table {
    Fields header;
    std::vector<Line> lines;

    [[nodiscard]] bool has(std::string_view column) const {
        return std::find(header.begin(), header.end(), column) != header.end();
    }
    [[nodiscard]] bool only(const std::vector<std::string_view>& columns) const {
        return std::all_of(header.begin(), header.end(), [&](std::string_view name) {
            return std::find(columns.begin(), columns.end(), name) != columns.end();
        });
    }
    /// "" when there is no such column.
    [[nodiscard]] std::string_view field(const Line& line, std::string_view column) const {
        const auto at = std::find(header.begin(), header.end(), column);
        return at == header.end() ? std::string_view()
                                  : line.fields[static_cast<std::size_t>(at - header.begin())];
    }
};

Error located(Error e, const Line& line, std::string_view column) {
    return std::move(e)
        .with("line", std::to_string(line.number))
        .with("column", std::string(column));
}

Result<Quantity> quantity_of(const Table& table, const Line& line, std::string_view column) {
    auto out = Quantity::parse(table.field(line, column));
    if (!out) {
        return fail(located(std::move(out).error(), line, column));
    }
    return out;
}

Result<Table> read_table(std::string_view text) {
    if (text.starts_with("\xEF\xBB\xBF")) {
        text.remove_prefix(3);
    }
    Table out;
    int number = 0;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        ++number;
        if (trimmed(line).empty()) {
            continue;
        }
        if (out.header.empty()) {
            out.header = split(line);
            continue;
        }
        out.lines.push_back({number, split(line)});
        if (out.lines.back().fields.size() != out.header.size()) {
            return fail(error("csv.fields")
                            .with("line", std::to_string(number))
                            .with("expected", std::to_string(out.header.size())));
        }
    }
    return out;
}

Result<Usage> quantities(const Table& table) {
    Usage out;
    out.quantities.emplace();
    for (const Line& line : table.lines) {
        UsageQuantity entry;
        const auto band = enum_value<Band>(table.field(line, "band"));
        if (!band) {
            return fail(located(error("tariff.unknown_band"), line, "band"));
        }
        entry.band = *band;
        entry.quantity = TRY(quantity_of(table, line, "quantity"));
        out.quantities->push_back(entry);
    }
    return out;
}

Result<Usage> intervals(const Table& table) {
    std::vector<UsageInterval> list;
    for (const Line& line : table.lines) {
        UsageInterval entry;
        entry.from = table.field(line, "from");
        entry.to = table.field(line, "to");
        entry.quantity = TRY(quantity_of(table, line, "quantity"));
        list.push_back(std::move(entry));
    }
    Usage out;
    out.intervals.text = to_json(list);
    return out;
}

Result<Usage> readings(const Table& table) {
    Usage out;
    out.readings.emplace();
    for (const Line& line : table.lines) {
        UsageReading entry;
        entry.meter = table.field(line, "meter");
        entry.at = table.field(line, "at");
        entry.total = TRY(quantity_of(table, line, "total"));
        const auto band = [&](std::string_view name,
                              std::optional<Quantity>& target) -> Result<void> {
            if (!table.field(line, name).empty()) {
                target = TRY(quantity_of(table, line, name));
            }
            return {};
        };
        TRY_VOID(band("sharp", entry.sharp));
        TRY_VOID(band("peak", entry.peak));
        TRY_VOID(band("flat", entry.flat));
        TRY_VOID(band("valley", entry.valley));
        TRY_VOID(band("deep_valley", entry.deep_valley));
        out.readings->push_back(std::move(entry));
    }
    return out;
}

}  // namespace

Result<Usage> parse_usage_csv(std::string_view text) {
    const Table table = TRY(read_table(text));
    if (table.has("band") && table.has("quantity") && table.only({"band", "quantity"})) {
        return quantities(table);
    }
    if (table.has("from") && table.has("to") && table.has("quantity") &&
        table.only({"from", "to", "quantity"})) {
        return intervals(table);
    }
    if (table.has("at") && table.has("total") &&
        table.only({"meter", "at", "total", "sharp", "peak", "flat", "valley", "deep_valley"})) {
        return readings(table);
    }
    return fail(error("csv.header")
                    .with("line", "1")
                    .with("expected", "band,quantity | from,to,quantity | at,total[,meter,bands]"));
}

}  // namespace mb::app
