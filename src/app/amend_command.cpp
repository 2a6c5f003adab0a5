#include "app/amend_command.hpp"

#include "app/amend_answer.hpp"
#include "app/control_socket.hpp"
#include "app/error_json.hpp"
#include "crypto/digest.hpp"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>
#include <chrono>
#include <fstream>
#include <istream>
#include <iterator>
#include <ostream>
#include <thread>

namespace mb::app {

namespace {

constexpr int done = 0;
constexpr int refused = 1;

constexpr int preview_patience_ms = 600'000;  // all points of a tariff are rated
constexpr std::chrono::milliseconds between_looks{200};
constexpr std::chrono::seconds rerate_patience{30};

/// The server's JSON, or the error in it.
template <class T>
Result<T> ask(const AmendOptions& options, const std::string& verb, const std::string& request) {
    const std::string answer =
        TRY(ask_server(control_path(options.data), verb + " " + request, preview_patience_ms));
    const JsonDocument document = TRY(JsonDocument::parse(answer));
    if (const auto why = document.root().find("error")) {
        Error out;
        for (std::size_t i = 0; i < why->size(); ++i) {
            const std::string text(why->value(i).string());
            if (why->key(i) == "code") {
                out.code = text;
            } else {
                out.params.emplace_back(std::string(why->key(i)), text);
            }
        }
        return fail(std::move(out));
    }
    return from_json<T>(answer);
}

/// So that the reader finds the place of an error in the document by its pointer.
Result<void> read_document(const std::filesystem::path& path, AmendForm& form) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        return fail(error("file.unreadable").with("path", path.string()));
    }
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    form.document = TRY(from_json<rules::tariff::TariffDocument>(text));
    return {};
}

int refuse(const AmendOptions& options, Error why, std::ostream& out, std::ostream& err) {
    const bool of_document = !options.file.empty() &&
                             (why.code.starts_with("tariff.") || why.code.starts_with("json.") ||
                              why.code.starts_with("decimal.") || why.code.starts_with("date."));
    err << "meterbook amend: " << (of_document ? options.file.string() + ": " : "") << why.text()
        << "\n";
    if (options.json) {
        if (of_document) {
            why.params.emplace_back("file", options.file.string());
        }
        out << error_json(why) << "\n";
    }
    return refused;
}

std::string words_of(Money charged) {
    return charged.fen > 0   ? charged.text() + " yuan charged"
           : charged.fen < 0 ? (-charged).text() + " yuan given back"
                             : "no money moves";
}

template <class T>
std::string signed_text(T value) {
    return (value > T{} ? "+" : "") + value.text();
}

void print_lines(const std::vector<ShownAdjustment>& adjustments, std::ostream& out) {
    for (const ShownAdjustment& one : adjustments) {
        out << fmt::format("agreement {} of account {}: {}, use {}{}\n", one.agreement.text(),
                           one.account.text(), words_of(one.amount), signed_text(one.quantity),
                           one.made.empty() ? "" : ", made " + one.made);
        for (const ChangedLine& line : one.lines) {
            const std::string what =
                line.item + (line.tier > 0 ? fmt::format(" {} tier {}", line.band, line.tier) : "");
            out << fmt::format("  {}  {:<28} {:>14} → {:>14}  {:>10} → {:>10}  {:>10}\n",
                               line.month, what, line.quantity_before.text(), line.quantity.text(),
                               line.amount_before.text(), line.amount.text(),
                               signed_text(line.amount - line.amount_before));
        }
    }
}

void print_preview(const AmendAnswer& answer, std::ostream& out) {
    out << fmt::format("{}: accounts that change {} ({} charged more, {} given back); in all {}\n",
                       answer.kind, answer.accounts_changed, answer.accounts_up,
                       answer.accounts_down, words_of(answer.charged));
    out << fmt::format("service points to be rated anew {}, agreements with other bills {}\n",
                       answer.service_points.size(), answer.agreements_changed);
    for (const ShownBalance& one : answer.largest) {
        out << fmt::format("  account {:<8} {:>12} → {:>12}  {:>12}  {}\n", one.account.text(),
                           one.before.text(), one.after.text(), signed_text(one.after - one.before),
                           one.name);
    }
    print_lines(answer.adjustments, out);
}

void print_outcome(const AmendAnswer& answer, const AmendStatus& status, std::ostream& out) {
    out << fmt::format("{} entered: {}\n", answer.kind, answer.ref);
    if (status.waiting > 0) {
        out << fmt::format("{} of {} service points are still being rated; the server goes on\n",
                           status.waiting, answer.service_points.size());
        return;
    }
    for (const FailedPoint& one : status.failed) {
        out << fmt::format("service point {} could not be rated: {}\n", one.service_point.text(),
                           one.why);
    }
    out << fmt::format("agreements adjusted {}: {}\n", status.agreements_changed,
                       words_of(status.charged));
    print_lines(status.adjustments, out);
}

Result<AmendStatus> wait_rerated(const AmendOptions& options, const AmendAnswer& answer,
                                 const std::optional<std::string>& project) {
    const auto end = std::chrono::steady_clock::now() + rerate_patience;
    const std::string request =
        to_json(AmendStatusRequest{project, answer.service_points, answer.adjustments_before});
    for (;;) {
        AmendStatus status = TRY(ask<AmendStatus>(options, "amend-status", request));
        if (status.waiting == 0 || std::chrono::steady_clock::now() >= end) {
            return status;
        }
        std::this_thread::sleep_for(between_looks);
    }
}

bool says_yes(std::istream& in, std::ostream& out) {
    out << "Enter it? [y/N] ";
    out.flush();
    std::string line;
    std::getline(in, line);
    return line == "y" || line == "Y" || line == "yes";
}

/// The last line of `--json`.
struct AmendReport {
    AmendAnswer amendment;
    std::optional<AmendStatus> adjusted;
};
MB_DESCRIBE(AmendReport, (amendment, adjusted))

Result<AmendReport> amend(const AmendOptions& options, std::istream& in, std::ostream& out) {
    AmendRequest request;
    if (options.project > 0) {
        request.project = std::to_string(options.project);
    }
    request.dry_run = true;
    request.key = "amend:" + crypto::random_token(16);
    request.by = user_name();
    request.amendment = options.form;
    AmendAnswer answer = TRY(ask<AmendAnswer>(options, "amend", to_json(request)));
    if (!options.json) {
        print_preview(answer, out);
    }
    if (!options.yes && (!options.may_ask || options.json || !says_yes(in, out))) {
        if (!options.json) {
            out << "Nothing was changed" << (options.may_ask ? "" : "; --yes enters it") << ".\n";
        }
        return AmendReport{std::move(answer), std::nullopt};
    }
    request.dry_run = false;
    answer = TRY(ask<AmendAnswer>(options, "amend", to_json(request)));
    const AmendStatus status = TRY(wait_rerated(options, answer, request.project));
    if (!options.json) {
        print_outcome(answer, status, out);
    }
    return AmendReport{std::move(answer), status};
}

}  // namespace

std::string user_name() {
    const passwd* entry = ::getpwuid(::getuid());
    return entry == nullptr ? "uid " + std::to_string(::getuid()) : entry->pw_name;
}

int run_amend(AmendOptions options, std::istream& in, std::ostream& out, std::ostream& err) {
    if (!options.file.empty()) {
        const auto document = read_document(options.file, options.form);
        if (!document) {
            return refuse(options, document.error(), out, err);
        }
    }
    const auto report = amend(options, in, out);
    if (!report) {
        return refuse(options, report.error(), out, err);
    }
    if (options.json) {
        out << to_json(*report) << "\n";
    }
    return report->adjusted && !report->adjusted->failed.empty() ? refused : done;
}

int run_amend_list(const AmendOptions& options, std::ostream& out, std::ostream& err) {
    AmendListRequest request;
    if (options.project > 0) {
        request.project = std::to_string(options.project);
    }
    request.meter = options.form.meter.value_or("");
    const auto list = ask<AmendList>(options, "amend-list", to_json(request));
    if (!list) {
        return refuse(options, list.error(), out, err);
    }
    if (options.json) {
        out << to_json(*list) << "\n";
        return done;
    }
    out << fmt::format("service point {} ({})\n", list->service_point.text(), list->place);
    for (const ShownAmendment& one : list->amendments) {
        out << fmt::format("amendment {} {} from {}, entered {} by {}: {}", one.id.text(), one.kind,
                           one.from, one.entered, one.by, one.reason);
        for (const auto& [name, value] : one.params) {
            out << fmt::format("  {}={}", name, value);
        }
        out << "\n";
    }
    print_lines(list->adjustments, out);
    if (list->amendments.empty() && list->adjustments.empty()) {
        out << "nothing was amended here, nothing adjusted\n";
    }
    return done;
}

}  // namespace mb::app
