#include "app/rerate_command.hpp"

#include "app/rerate_lines.hpp"
#include "app/rerate_preview.hpp"
#include "base/json.hpp"
#include "rules/billing/rating.hpp"
#include "rules/billing/settle.hpp"
#include "store/open_store.hpp"
#include "store/sql_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <ostream>
#include <thread>

namespace mb::app {

namespace {

using rules::tariff::TariffDocument;

constexpr int done = 0;
constexpr int refused = 1;
constexpr int wrong_usage = 2;
constexpr int threads_max = 8;
constexpr auto progress_after = std::chrono::seconds(2);

/// The last line of JSON, and what ends the text.
struct RerateTotal {
    std::int64_t project = 0;
    std::string from;  // months
    std::string to;
    std::int64_t agreements = 0;
    std::int64_t lines = 0;
    std::int64_t refused = 0;    // agreements that cannot be rated
    std::int64_t differing = 0;  // … whose books have something else; 0 with dry_run
    std::int64_t waiting = 0;    // … not compared: the server has yet to rate their point anew
    bool dry_run = false;
    Money amount;
    std::string sha256;  // of the lines as JSON, each with its line feed
};
MB_DESCRIBE(RerateTotal, (project, from, to, agreements, lines, refused, differing, waiting,
                          dry_run, amount, sha256))

Result<ProjectId> project_of(writer::Store& store, std::int64_t wanted) {
    const std::vector<ProjectId> all = store.projects();
    for (const ProjectId project : all) {
        if (wanted == project.value || (wanted == 0 && all.size() == 1)) {
            return project;
        }
    }
    std::string known;
    for (const ProjectId project : all) {
        known += (known.empty() ? "" : ", ") + project.text();
    }
    return fail(
        error("project.not_found").with("project", std::to_string(wanted)).with("known", known));
}

Result<RerateMonths> months_of(const RerateOptions& options) {
    const auto day = [](const char* name, const std::string& text) -> Result<CivilDate> {
        auto parsed = CivilDate::parse(text);
        return parsed ? parsed : fail(std::move(parsed).error().with("option", name));
    };
    const CivilDate from = TRY(day("--from", options.from));
    const CivilDate to = TRY(day("--to", options.to));
    if (to < from) {
        return fail(error("rerate.reversed").with("from", from.text()).with("to", to.text()));
    }
    return RerateMonths{rules::billing::cycle_of(from), rules::billing::cycle_of(to)};
}

/// A published version by id or CODE@VERSION.
const rules::tariff::TariffVersion* published(const rules::tariff::TariffBook& book,
                                              const std::string& wanted) {
    for (const auto& version : book.all()) {
        const auto& document = version->document;
        if (version->id.text() == wanted ||
            document.code + "@" + std::to_string(document.version) == wanted) {
            return version.get();
        }
    }
    return nullptr;
}

class Rerating {
public:
    Rerating(store::Database& database, ProjectId project, RerateMonths months,
             const RerateOptions& options, std::ostream& out, std::ostream& err)
        : database_(database),
          project_(project),
          months_(months),
          options_(options),
          out_(out),
          err_(err),
          store_(database),
          now_(writer::load_newest(store_, project)),
          readings_(database, project, now_) {
        err_ << fmt::format("as of log row {}, {}\n", now_.seq, utc_text(now_.now.business));
    }

    int lines() {
        const auto rated = rate(state().tariffs, points_to_rate(state(), {}), "rated");
        const auto kept = options_.dry_run ? std::map<AgreementId, KeptLines>()
                                           : all_kept_lines(database_, project_, state());
        RerateTotal total = print_lines(rated);
        for (const RatedAgreement& one : rated) {
            if (one.refused) {
                ++total.refused;
                print_refused(one);
            } else if (!options_.dry_run && one.waiting) {
                ++total.waiting;
            } else if (!options_.dry_run) {
                const auto books = kept.find(one.id);
                compare(one, books == kept.end() ? KeptLines() : books->second, total);
            }
        }
        print_total(total);
        return total.refused + total.differing == 0 ? done : refused;
    }

    /// Errors: of reading, judging and publishing the tariff.
    Result<int> preview() {
        const TariffDocument document = TRY(tariff_document());
        const auto book =
            TRY(book_with(state().tariffs, document, state().config.calendar, months_));
        const std::int32_t code = *state().tariffs.code_index(document.code);
        const auto points = points_to_rate(state(), code);
        const auto of_code = [&](std::vector<RatedAgreement> rated) {
            std::erase_if(rated, [&](const RatedAgreement& one) {
                return state().agreements.find(one.id)->accrual.tariff_code_index != code;
            });
            return rated;
        };
        const auto before = of_code(rate(state().tariffs, points, "rated as it was"));
        if (before.empty()) {
            return fail(error("rerate.no_agreement").with("tariff", document.code));
        }
        const auto after = of_code(rate(book, points, "rated as it would be"));
        Preview preview = preview_of(state(), before, after);
        preview.tariff = document.code;
        preview.version = document.version;
        preview.from = rules::billing::cycle_text(months_.from);
        preview.to = rules::billing::cycle_text(months_.to);
        preview.sha256 = each_line(state(), book, after, [](const auto&, const auto&) {});
        out_ << (options_.json ? to_json(preview) + "\n" : preview_text(preview));
        return preview.refused.empty() ? done : refused;
    }

private:
    [[nodiscard]] const engine::State& state() const { return now_.engine.state(); }

    std::vector<RatedAgreement> rate(const rules::tariff::TariffBook& book,
                                     const std::vector<ServicePointId>& points, const char* what) {
        const auto begun = std::chrono::steady_clock::now();
        const int machine = static_cast<int>(std::thread::hardware_concurrency());
        const int threads =
            options_.threads > 0 ? options_.threads : std::clamp(machine, 1, threads_max);
        auto told = begun;
        return rerate_all(
            {now_.engine, book, readings_, months_}, points, threads, [&](std::size_t count) {
                const auto now = std::chrono::steady_clock::now();
                if (now - told >= progress_after) {
                    told = now;
                    err_ << fmt::format("{} of {} points {}\n", count, points.size(), what);
                    err_.flush();
                }
            });
    }

    RerateTotal print_lines(const std::vector<RatedAgreement>& rated) {
        RerateTotal total;
        total.agreements = static_cast<std::int64_t>(rated.size());
        if (!options_.json) {
            out_ << lines_heading();
        }
        total.sha256 = each_line(state(), state().tariffs, rated,
                                 [&](const RerateLine& line, const std::string& text) {
                                     out_ << (options_.json ? text : line_text(line));
                                     ++total.lines;
                                     total.amount += line.amount;
                                 });
        return total;
    }

    void print_refused(const RatedAgreement& one) {
        if (options_.json) {
            out_ << to_json(RefusedAgreement{one.id, one.refused->code, one.refused->text()})
                 << "\n";
        } else {
            out_ << fmt::format("agreement {} cannot be rated: {}\n", one.id.text(),
                                one.refused->text());
        }
    }

    void compare(const RatedAgreement& one, const KeptLines& kept, RerateTotal& total) {
        const auto difference = compare_with_books(one, kept, months_);
        if (difference) {
            ++total.differing;
            out_ << (options_.json ? to_json(*difference) + "\n" : difference_text(*difference));
        }
    }

    void print_total(RerateTotal& total) {
        total.project = project_.value;
        total.from = rules::billing::cycle_text(months_.from);
        total.to = rules::billing::cycle_text(months_.to);
        total.dry_run = options_.dry_run;
        if (options_.json) {
            out_ << to_json(total) << "\n";
            return;
        }
        out_ << fmt::format("{} agreements, {} lines, {} yuan\n", total.agreements, total.lines,
                            total.amount.text());
        if (!options_.dry_run) {
            out_ << fmt::format("{} differ from the books\n", total.differing);
            if (total.waiting > 0) {
                out_ << fmt::format("{} not compared: the server will rate them anew\n",
                                    total.waiting);
            }
        }
        out_ << fmt::format("sha256 {}\n", total.sha256);
    }

    Result<TariffDocument> tariff_document() const {
        if (const auto* version = published(state().tariffs, options_.tariff)) {
            return version->document;
        }
        std::ifstream file(options_.tariff, std::ios::binary);
        if (!file) {
            return fail(error("rerate.no_tariff", ErrorKind::not_found)
                            .with("expected",
                                  "a file, the id of a published version, or "
                                  "CODE@VERSION"));
        }
        const std::string text(std::istreambuf_iterator<char>(file), {});
        TariffDocument document = TRY(from_json<TariffDocument>(text));
        // As it stands, before it is put into other months.
        rules::tariff::TariffBook alone;
        TRY(alone.publish(TariffId{1}, document, &state().config.calendar));
        const Zone zone = TRY(Zone::find(state().config.zone));
        TRY_VOID(rules::billing::judge_examples(document, zone, state().config.calendar));
        return document;
    }

    store::Database& database_;
    ProjectId project_;
    RerateMonths months_;
    const RerateOptions& options_;
    std::ostream& out_;
    std::ostream& err_;
    store::SqlStore store_;
    writer::Loaded now_;
    StoredReadings readings_;
};

int refuse(const RerateOptions& options, const Error& why, std::ostream& err) {
    const bool of_tariff = why.code.starts_with("tariff.") || why.code.starts_with("json.") ||
                           why.code == "rerate.no_tariff";
    err << "meterbook rerate: "
        << (of_tariff && !options.tariff.empty() ? options.tariff + ": " : "") << why.text()
        << "\n";
    return refused;
}

}  // namespace

int run_rerate(const RerateOptions& options, std::ostream& out, std::ostream& err) {
    try {
        const auto months = months_of(options);
        if (!months) {
            err << "meterbook rerate: " << months.error().text() << "\n";
            return wrong_usage;
        }
        const auto database = store::open_read_only({options.store, options.data});
        if (!database) {
            err << "meterbook rerate: " << options.data << " holds no store ("
                << database.error().text() << ")\n";
            return wrong_usage;
        }
        store::SqlStore store(**database);
        const auto project = project_of(store, options.project);
        if (!project) {
            return refuse(options, project.error(), err);
        }
        Rerating rerating(**database, *project, *months, options, out, err);
        if (options.tariff.empty()) {
            return rerating.lines();
        }
        const auto code = rerating.preview();
        return code ? *code : refuse(options, code.error(), err);
    } catch (const writer::StoreUnavailable& broken) {
        err << "meterbook rerate: " << broken.what() << "\n";
    } catch (const writer::StoreCorrupt& damaged) {
        err << "meterbook rerate: " << damaged.what() << "\n";
    } catch (const writer::ReplayRefused& why) {
        err << "meterbook rerate: " << why.what() << "\n";
    }
    return refused;
}

}  // namespace mb::app
