#include "app/amend_command_line.hpp"

#include "app/amend_command.hpp"

#include <unistd.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <iostream>
#include <memory>

namespace mb::app {

namespace {

using Options = std::shared_ptr<AmendOptions>;

constexpr const char* time_text = "RFC 3339, or local time of the project: 2026-07-01T09:30";
constexpr const char* bands[] = {"sharp", "peak", "flat", "valley", "deep_valley"};

/// A text that stays absent until it is given.
CLI::Option* add_text(CLI::App* sub, const std::string& name, std::optional<std::string>& to,
                      const std::string& what) {
    return sub->add_option_function<std::string>(
        name, [&to](const std::string& text) { to = text; }, what);
}

CLI::Option* add_number(CLI::App* sub, const std::string& name, std::optional<std::int32_t>& to,
                        const std::string& what) {
    return sub->add_option_function<std::int32_t>(
        name, [&to](std::int32_t number) { to = number; }, what);
}

/// --total or another name for it, and the bands: --PREFIXsharp … --PREFIXdeep-valley.
void add_registers(CLI::App* sub, const std::string& total, const std::string& prefix,
                   std::function<void(const std::string&, const std::string&)> put) {
    sub->add_option_function<std::string>(
           total, [put](const std::string& text) { put("total", text); },
           "As the meter shows it, before the ratio")
        ->required();
    for (const std::string band : bands) {
        std::string name = "--" + prefix + band;
        std::replace(name.begin(), name.end(), '_', '-');
        sub->add_option_function<std::string>(
            name, [put, band](const std::string& text) { put(band, text); },
            "Its register of that band; all before it too");
    }
}

void add_shown(CLI::App* sub, const std::string& total, const std::string& prefix,
               std::optional<ShownRegisters>& to) {
    add_registers(sub, total, prefix, [&to](const std::string& name, const std::string& value) {
        if (!to) {
            to.emplace();
        }
        (*to)[name] = value;
    });
}

struct Adding {
    CLI::App* amend;
    Options options;
    int& code;

    /// A subcommand that enters something.
    CLI::App* entering(const char* kind, const char* what) const {
        CLI::App* sub = amend->add_subcommand(kind, what);
        sub->callback([options = options, &code = code, kind] {
            options->form.kind = kind;
            options->may_ask = ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1;
            code = run_amend(*options, std::cin, std::cout, std::cerr);
        });
        return sub;
    }
    [[nodiscard]] AmendForm& form() const { return options->form; }
    CLI::Option* reason(CLI::App* sub) const {
        return add_text(sub, "--reason", form().reason, "Why; it stays in the books");
    }
    CLI::Option* meter(CLI::App* sub) const {
        return add_text(sub, "--meter", form().meter, "Its address, or its id");
    }
    CLI::Option* at(CLI::App* sub, const char* name = "--at") const {
        return add_text(sub, name, form().at, time_text)->required();
    }
};

void add_reading(const Adding& add) {
    CLI::App* sub = add.entering("reading", "Enter a reading, or correct one");
    add.meter(sub)->required();
    add.at(sub);
    add_shown(sub, "--total", "", add.form().registers);
    sub->add_flag_callback(
        "--estimated", [options = add.options] { options->form.estimated = true; },
        "It holds until a reading replaces or contradicts it");
    add.reason(sub)->required();
}

void add_ratio(const Adding& add) {
    CLI::App* sub = add.entering("ratio", "Set the CT × PT ratio from a time on");
    add.meter(sub)->required();
    add.at(sub, "--from");
    add_number(sub, "--ratio", add.form().ratio, "1 … 1000000")->required();
    add.reason(sub)->required();
}

void add_exchange(const Adding& add) {
    CLI::App* sub = add.entering("exchange", "Put another meter in the place of one");
    NewMeter& next = add.form().new_meter.emplace();
    add.meter(sub)->required();
    add.at(sub);
    add_shown(sub, "--old-final", "old-", add.form().registers);
    sub->add_option("--new", next.address, "Address of the meter that comes")->required();
    add_registers(sub, "--new-first", "new-",
                  [options = add.options](const std::string& name, const std::string& value) {
                      options->form.new_meter->first[name] = value;
                  });
    add_number(sub, "--new-ratio", next.ratio, "Of CT × PT; without: as the old one's");
    add_text(sub, "--new-imei", next.imei, "Of its modem; without: as the old one's");
    add.reason(sub)->required();
}

void add_terms(const Adding& add) {
    CLI::App* sub = add.entering("terms", "Household, area or capacity of an agreement");
    add_text(sub, "--agreement", add.form().agreement, "Id")->required();
    CLI::Option* people = add_number(sub, "--household", add.form().people, "People");
    CLI::Option* from =
        add_text(sub, "--from", add.form().people_from, "The household's first day");
    people->needs(from);
    from->needs(people);
    add_text(sub, "--area", add.form().area_m2, "m²");
    add_text(sub, "--capacity", add.form().capacity_kva, "kVA");
    add.reason(sub)->required();
}

void add_end(const Adding& add) {
    CLI::App* sub = add.entering("end", "End an agreement, also in the past");
    add_text(sub, "--agreement", add.form().agreement, "Id")->required();
    add.at(sub);
    add.reason(sub)->required();
}

void add_begin(const Adding& add) {
    CLI::App* sub = add.entering("begin", "Begin an agreement, also in the past");
    CLI::Option* meter = add.meter(sub);
    CLI::Option* point =
        add_text(sub, "--service-point", add.form().service_point, "Id, instead of the meter");
    meter->excludes(point);
    add_text(sub, "--account", add.form().account, "Id of who pays")->required();
    add_text(sub, "--tariff", add.form().tariff, "Code")->required();
    add.at(sub);
    sub->add_flag_callback(
        "--postpaid", [options = add.options] { options->form.postpaid = true; },
        "Else it is prepaid");
    add_text(sub, "--continues", add.form().continues,
             "The agreement before it, whose tier counters go on");
}

void add_tariff(const Adding& add) {
    CLI::App* sub = add.entering("tariff", "Publish a version of a tariff");
    sub->add_option("--file", add.options->file, "Document, see docs/reference/tariff.md")
        ->required();
    add.reason(sub);
}

}  // namespace

void add_amend(CLI::App& cli, int& code) {
    CLI::App* amend = cli.add_subcommand(
        "amend", "Enter or correct facts about the past, through the running server");
    amend->require_subcommand(1);
    // Each kind has options of its own: what one of them binds stays away from the others.
    for (const auto add :
         {add_reading, add_ratio, add_exchange, add_terms, add_end, add_begin, add_tariff}) {
        auto options = std::make_shared<AmendOptions>();
        add({amend, options, code});
        CLI::App* sub = amend->get_subcommands([](const CLI::App*) { return true; }).back();
        sub->add_option("--data", options->data, "Data folder")->capture_default_str();
        sub->add_option("--project", options->project, "Id; not needed when there is one");
        sub->add_flag("--yes", options->yes, "Enter it; without, the effect is shown only");
        sub->add_flag("--json", options->json, "Print one JSON object as the last line");
    }
    auto options = std::make_shared<AmendOptions>();
    CLI::App* list = amend->add_subcommand("list", "What was amended and adjusted at a meter");
    add_text(list, "--meter", options->form.meter, "Its address, or its id")->required();
    list->add_option("--data", options->data, "Data folder")->capture_default_str();
    list->add_option("--project", options->project, "Id; not needed when there is one");
    list->add_flag("--json", options->json, "Print one JSON object as the last line");
    list->callback([options, &code] { code = run_amend_list(*options, std::cout, std::cerr); });
}

}  // namespace mb::app
