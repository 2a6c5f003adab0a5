#include "app/rate_command.hpp"

#include "app/calendar.hpp"
#include "app/error_json.hpp"
#include "app/usage_csv.hpp"
#include "base/json.hpp"
#include "rules/billing/rating.hpp"

#include <fmt/format.h>

#include <fstream>
#include <istream>
#include <iterator>
#include <ostream>

namespace mb::app {

namespace {

using rules::billing::RatedBill;
using rules::billing::RatedLine;
using rules::billing::Usage;
using rules::tariff::TariffDocument;

constexpr int done = 0;
constexpr int refused = 1;
constexpr int wrong_usage = 2;

/// The documents as text, so that a refusal points into the one it is about.
struct RateCase {
    std::vector<RawJson> tariffs;
    RawJson usage;
};
MB_DESCRIBE(RateCase, (tariffs, usage))

/// A refusal and the file it is about; "" when it is about both.
struct Refusal {
    Error why;
    std::string file;
};

Result<std::string> read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        return fail(error("file.unreadable").with("path", path));
    }
    return std::string(std::istreambuf_iterator<char>(file), {});
}

Result<Usage> parse_usage(const std::string& path, std::string_view text) {
    return path.ends_with(".csv") ? parse_usage_csv(text) : from_json<Usage>(text);
}

std::string cell(const std::optional<rules::tariff::Band>& band) {
    return band ? std::string(enum_text(*band)) : "";
}

void print_lines(const RatedBill& bill, std::ostream& out) {
    out << fmt::format("{:<8} {:<14} {:<12} {:>4} {:>16} {:<6} {:>18} {:>26} {:>14}\n", "month",
                       "item", "band", "tier", "quantity", "unit", "price", "exact", "amount");
    for (const RatedLine& line : bill.lines) {
        out << fmt::format("{:<8} {:<14} {:<12} {:>4} {:>16} {:<6} {:>18} {:>26} {:>14}\n",
                           line.cycle, line.item, cell(line.band),
                           line.tier ? std::to_string(*line.tier) : "", line.quantity, line.unit,
                           line.price, line.exact, line.amount.text());
    }
    out << fmt::format("{:<8} {:>117}\n", "total", bill.total.text());
}

void print_slices(const RatedBill& bill, std::ostream& out) {
    out << "\nfrom what:\n";
    for (const auto& slice : bill.slices) {
        const std::string how = slice.estimated       ? "  estimated"
                                : slice.split_by_time ? "  split by time"
                                                      : "";
        out << fmt::format(
            "{} … {}  {} {} {}  {}{}{}\n", slice.from, slice.to, slice.item, cell(slice.band),
            slice.tier && *slice.tier > 0 ? std::to_string(*slice.tier) : "", slice.quantity,
            slice.exact.empty() ? "" : " × " + slice.price + " = " + slice.exact, how);
    }
}

void print_notes(const RatedBill& bill, std::ostream& out) {
    for (const auto& note : bill.notes) {
        const std::string_view what = note.code == "estimated_reading"
                                          ? "comes from an estimated reading"
                                          : "was divided by time";
        out << fmt::format("note: {} … {}: {} {} ({})\n", note.from, note.to, note.quantity, what,
                           note.code);
    }
}

int refuse(const Refusal& refusal, bool json, std::ostream& out, std::ostream& err) {
    err << "meterbook rate: ";
    if (!refusal.file.empty()) {
        err << refusal.file << ": ";
    }
    err << refusal.why.text() << '\n';
    if (json) {
        Error why = refusal.why;
        if (!refusal.file.empty()) {
            why.params.emplace_back("file", refusal.file);
        }
        out << error_json(why) << '\n';
    }
    return refused;
}

tl::expected<RatedBill, Refusal> rate_files(const RateOptions& options, const Zone& zone) {
    const auto refusal = [](Error why, std::string file) {
        return tl::unexpected<Refusal>(Refusal{std::move(why), std::move(file)});
    };
    std::vector<TariffDocument> documents;
    for (const std::string& path : options.tariffs) {
        auto document = read_file(path).and_then(
            [](const std::string& text) { return from_json<TariffDocument>(text); });
        if (!document) {
            return refusal(std::move(document).error(), path);
        }
        documents.push_back(std::move(*document));
    }
    auto usage = read_file(options.usage).and_then([&](const std::string& text) {
        return parse_usage(options.usage, text);
    });
    if (!usage) {
        return refusal(std::move(usage).error(), options.usage);
    }
    auto bill = rules::billing::rate(documents, *usage, zone, china_calendar());
    if (!bill) {
        const bool of_tariff = bill.error().code.starts_with("tariff.");
        return refusal(std::move(bill).error(), of_tariff && options.tariffs.size() == 1
                                                    ? options.tariffs[0]
                                                : of_tariff ? ""
                                                            : options.usage);
    }
    return std::move(*bill);
}

Result<RatedBill> rate_case(const RateCase& one, const Zone& zone) {
    std::vector<TariffDocument> documents;
    for (const RawJson& tariff : one.tariffs) {
        documents.push_back(TRY(from_json<TariffDocument>(tariff.text)));
    }
    const Usage usage = TRY(from_json<Usage>(one.usage.text));
    return rules::billing::rate(documents, usage, zone, china_calendar());
}

int run_batch(const Zone& zone, bool explain, std::istream& in, std::ostream& out) {
    std::string line;
    while (std::getline(in, line)) {
        const auto answer = from_json<RateCase>(line).and_then(
            [&](const RateCase& one) { return rate_case(one, zone); });
        out << (answer ? bill_json(*answer, explain) : error_json(answer.error())) << '\n';
    }
    return done;
}

}  // namespace

int run_rate(const RateOptions& options, std::istream& in, std::ostream& out, std::ostream& err) {
    const auto zone = Zone::find(options.zone);
    if (!zone) {
        err << "meterbook rate: --zone " << options.zone << ": there is no such time zone\n";
        return wrong_usage;
    }
    if (options.batch) {
        return run_batch(*zone, options.explain, in, out);
    }
    if (options.tariffs.empty() || options.usage.empty()) {
        err << "meterbook rate: name the tariff with --tariff and the use with --usage\n";
        return wrong_usage;
    }
    const auto bill = rate_files(options, *zone);
    if (!bill) {
        return refuse(bill.error(), options.json, out, err);
    }
    if (options.json) {
        out << bill_json(*bill, options.explain) << '\n';
        return done;
    }
    print_lines(*bill, out);
    if (options.explain) {
        print_slices(*bill, out);
    }
    print_notes(*bill, out);
    return done;
}

}  // namespace mb::app
