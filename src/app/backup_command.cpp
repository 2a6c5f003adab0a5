#include "app/backup_command.hpp"

#include "app/business_clock.hpp"
#include "app/verify_command.hpp"
#include "store/backup.hpp"
#include "store/restore.hpp"

#include <fmt/format.h>
#include <array>
#include <exception>
#include <ostream>
#include <string_view>
#include <utility>

namespace mb::app {

namespace {

constexpr std::int64_t mib = 1024 * 1024;

constexpr std::array<std::pair<std::string_view, std::string_view>, 17> ways_out{{
    {"backup.exists", "nothing is overwritten: name another place, with the date in it"},
    {"backup.no_folder", "make the folder in which the backup shall lie"},
    {"backup.in_progress", "another backup to the same place is running: wait for it"},
    {"backup.no_space", "make room there, or name a place on another disk"},
    {"backup.no_program", "install the package"},
    {"backup.unclean", "the copy is thrown away; run `meterbook verify` on the store itself"},
    {"backup.scratch_taken", "drop or rename that database: it is not from Meterbook"},
    {"backup.no_scratch",
     "let the role make databases (ALTER ROLE … CREATEDB), or leave --verify away and verify by "
     "`meterbook restore` into an empty database"},
    {"backup.not_one", "name the folder that `meterbook backup` made, with its manifest.json"},
    {"backup.damaged", "its bytes are not those that were written: take another backup"},
    {"backup.newer_format", "restore with the program that made it, or a later one"},
    {"backup.newer_schema", "restore with the program that made it, or a later one"},
    {"backup.other_program", "restore with the program that made it, then upgrade from there"},
    {"backup.other_engine", "a backup goes back into the engine it came from: give --store"},
    {"store.not_empty", "restore into a new folder or an empty database; nothing was touched"},
    {"store.in_use", "stop the server that holds it"},
    {"store.missing", "give --data, and --store when it is on PostgreSQL"},
}};

int refused(std::ostream& err, std::string_view command, const Error& why) {
    err << fmt::format("meterbook {}: {}\n", command, why.text());
    for (const auto& [code, way] : ways_out) {
        if (code == why.code) {
            err << "  " << way << "\n";
        }
    }
    return 1;
}

/// A line for each tenth, or where the whole is not known for each further 256 MiB.
class Progress {
public:
    explicit Progress(std::ostream& out) : out_(out) {}
    void operator()(std::int64_t done, std::int64_t total) {
        const std::int64_t step = total > 0 ? done * 10 / total : done / (256 * mib);
        if (step <= last_) {
            return;
        }
        last_ = step;
        out_ << (total > 0 ? fmt::format("{} % of {} MiB\n", step * 10, (total + mib - 1) / mib)
                           : fmt::format("{} MiB\n", done / mib));
        out_.flush();
    }

private:
    std::ostream& out_;
    std::int64_t last_ = 0;
};

void print_marks(const store::BackupManifest& manifest, std::ostream& out) {
    for (const store::ProjectMark& mark : manifest.projects) {
        out << fmt::format("project {}: up to log row {}, business time {}\n", mark.project,
                           mark.last_seq, utc_text(mark.business_at));
    }
}

Result<int> do_backup(const BackupCommandOptions& options, std::ostream& out,
                      const std::vector<store::VerifyStep>& steps) {
    store::BackupOptions wanted;
    wanted.from = {options.store, options.data};
    wanted.to = options.to;
    wanted.wall_now = wall_now();
    wanted.progress = [progress = Progress(out)](std::int64_t done, std::int64_t total) mutable {
        progress(done, total);
    };
    if (options.verify) {
        wanted.verify = steps;
    }
    const auto made = TRY(store::backup(wanted));
    print_marks(made, out);
    out << fmt::format("backup {} is whole, {} MiB, {}\n", options.to,
                       (made.files.front().size + mib - 1) / mib,
                       options.verify ? "verified" : "checked");
    return 0;
}

void print_what_to_know(const store::Restored& restored, std::ostream& out) {
    print_marks(restored.manifest, out);
    out << fmt::format(
        "restored from the backup of {}, verify clean. To know:\n"
        "- What was acknowledged behind these rows is lost here: orders, payments, commands,\n"
        "  readings, changed roles and settings. Enter it again from what people hold.\n"
        "- Money: a payment of an order that is here is found by asking the channel. One of an\n"
        "  order made later stays with the channel until it reports it again (then it lies in\n"
        "  suspense) or the same request makes the order again: compare with its statement.\n"
        "- Meters: registers went on, the next readings charge what was used meanwhile. Commands\n"
        "  that were open are compared with the meter before they are sent again.\n"
        "- Everybody signs in again. A server that ran on these books before cannot write here.\n",
        utc_text(restored.manifest.made_at));
    if (restored.migrations > 0) {
        out << fmt::format("- The backup was older: {} migrations ran.\n", restored.migrations);
    }
}

Result<int> do_restore(const RestoreCommandOptions& options, std::ostream& out, std::ostream& err,
                       const std::vector<store::VerifyStep>& steps) {
    store::RestoreOptions wanted;
    wanted.from = options.from;
    wanted.to = {options.store, options.data};
    wanted.wall_now = wall_now();
    wanted.steps = steps;
    const auto restored = TRY(store::restore(wanted));
    if (restored.report.clean()) {
        print_what_to_know(restored, out);
        return 0;
    }
    print_findings(restored.report, out);
    err << "meterbook restore: what the backup holds is not sound; do not start a server on it\n";
    return 1;
}

template <class Work>
int guarded(std::ostream& err, std::string_view command, const Work& work) {
    try {
        const Result<int> code = work();
        return code ? *code : refused(err, command, code.error());
    } catch (const std::exception& broken) {
        err << fmt::format("meterbook {}: {}\n", command, broken.what());
        return 1;
    }
}

}  // namespace

int run_backup(const BackupCommandOptions& options, std::ostream& out, std::ostream& err,
               const std::vector<store::VerifyStep>& steps) {
    return guarded(err, "backup", [&] { return do_backup(options, out, steps); });
}

int run_restore(const RestoreCommandOptions& options, std::ostream& out, std::ostream& err,
                const std::vector<store::VerifyStep>& steps) {
    return guarded(err, "restore", [&] { return do_restore(options, out, err, steps); });
}

}  // namespace mb::app
