#include "app/command_line.hpp"

#include "app/amend_command.hpp"
#include "app/backup_command.hpp"
#include "app/decode_command.hpp"
#include "app/demo.hpp"
#include "app/explain_command.hpp"
#include "app/fleet_command.hpp"
#include "app/migrate_command.hpp"
#include "app/rate_command.hpp"
#include "app/rerate_command.hpp"
#include "app/rerate_measured.hpp"
#include "app/serve_command.hpp"
#include "app/simulate_command.hpp"
#include "app/verify_command.hpp"
#include "app/verify_steps.hpp"
#include "bench/ingest.hpp"
#include "bench/list.hpp"
#include "bench/rate.hpp"
#include "bench/wire.hpp"

#include <unistd.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <iostream>
#include <memory>

namespace mb::app {

namespace {

constexpr int wrong_usage = 2;

void add_store(CLI::App* sub, std::string& store) {
    sub->add_option("--store", store, "sqlite, or where PostgreSQL is: \"host=… dbname=…\"")
        ->capture_default_str();
}

void add_serve(CLI::App& cli, int& code) {
    CLI::App* sub = cli.add_subcommand("serve", "Run the server on a data folder");
    auto options = std::make_shared<ServeCommandOptions>();
    add_store(sub, options->store);
    sub->add_option("--config", options->config, "TOML file; see docs/reference/configuration.md");
    sub->add_option("--data", options->data, "Data folder")->capture_default_str();
    sub->callback([options, &code] { code = run_serve(*options, std::cout, std::cerr); });
}

void add_demo(CLI::App& cli, int& code) {
    CLI::App* sub =
        cli.add_subcommand("demo", "Run the demo campus: server, fleet, sandbox channel");
    auto options = std::make_shared<DemoCommandOptions>();
    sub->add_option("--data", options->data, "Where the campus is kept")->capture_default_str();
    add_store(sub, options->store);
    sub->add_option("--web", options->console, "Built console")->capture_default_str();
    sub->add_option("--speed", options->speed, "Business seconds per wall second, 1 … 120")
        ->capture_default_str();
    sub->add_option("--meters", options->meters, "Virtual meters, 3 … 5000")->capture_default_str();
    sub->add_option("--port", options->port, "Of the console; 0: any free one")
        ->capture_default_str();
    sub->add_flag("!--no-fleet", options->fleet, "Without virtual meters");
    sub->callback([options, &code] { code = run_demo(*options, std::cout, std::cerr); });
}

void add_rate(CLI::App& cli, int& code) {
    CLI::App* sub = cli.add_subcommand("rate", "Price a use by tariff documents, without a store");
    auto options = std::make_shared<RateOptions>();
    sub->add_option("--tariff", options->tariffs,
                    "Tariff document; again for further versions, see docs/reference/tariff.md");
    sub->add_option("--usage", options->usage, "JSON or CSV, see docs/reference/rate.md");
    sub->add_option("--zone", options->zone, "Time zone of the use")->capture_default_str();
    sub->add_flag("--json", options->json, "Print one JSON object");
    sub->add_flag("--explain", options->explain, "With the parts of intervals behind each line");
    sub->add_flag("--batch", options->batch,
                  "Cases {\"tariffs\": […], \"usage\": {…}} from standard input, one a line");
    sub->callback([options, &code] { code = run_rate(*options, std::cin, std::cout, std::cerr); });
}

void add_rerate(CLI::App& cli, int& code) {
    CLI::App* sub = cli.add_subcommand(
        "rerate", "Rate months anew from the stored readings, or by another tariff. Reads only");
    auto options = std::make_shared<RerateOptions>();
    sub->add_option("--project", options->project, "Id; not needed when there is one");
    sub->add_option("--from", options->from, "A day of the first month")->required();
    sub->add_option("--to", options->to, "A day of the last month")->required();
    sub->add_option("--tariff", options->tariff,
                    "Who would pay more, who less: a document, an id, or CODE@VERSION");
    sub->add_flag("--dry-run", options->dry_run, "Without a look into the books");
    sub->add_option("--threads", options->threads, "1 … 8; 0: as many as the machine has")
        ->check(CLI::Range(0, 8))
        ->capture_default_str();
    sub->add_option("--data", options->data, "Data folder")->capture_default_str();
    add_store(sub, options->store);
    sub->add_flag("--json", options->json, "JSON, a line each, the total last");
    sub->callback([options, &code] { code = run_rerate(*options, std::cout, std::cerr); });
}

void add_explain(CLI::App& cli, int& code) {
    CLI::App* sub = cli.add_subcommand(
        "explain", "Where each sum of an account comes from, down to the readings. Reads only");
    auto options = std::make_shared<ExplainOptions>();
    sub->add_option("account", options->account, "Its id, name, or the code of its meter")
        ->required();
    sub->add_option("--from", options->from, "First day; without: the present month");
    sub->add_option("--to", options->to, "Last day");
    sub->add_option("--project", options->project, "Id; not needed when there is one");
    sub->add_option("--data", options->data, "Data folder")->capture_default_str();
    add_store(sub, options->store);
    sub->add_flag("--json", options->json, "Print one JSON object");
    sub->callback([options, &code] { code = run_explain(*options, std::cout, std::cerr); });
}

void add_decode(CLI::App& cli, int& code) {
    CLI::App* sub = cli.add_subcommand("decode", "Explain the bytes of a meter protocol");
    auto options = std::make_shared<DecodeOptions>();
    sub->add_option("protocol", options->protocol, "dlt645")->required();
    sub->add_option("hex", options->hex, "Bytes in hex, blanks allowed; - reads standard input");
    sub->add_flag("--json", options->json, "Print one JSON object");
    sub->callback(
        [options, &code] { code = run_decode(*options, std::cin, std::cout, std::cerr); });
}

void add_fleet(CLI::App& cli, int& code) {
    CLI::App* sub = cli.add_subcommand("fleet", "Run virtual meters that dial in over TCP");
    auto options = std::make_shared<FleetCommandOptions>();
    sub->add_option("--campus", options->campus, "campus.json, as `demo` writes it");
    sub->add_option("--state-file", options->state_file, "Registers, relays and clocks");
    sub->add_option("--clock", options->clock, "clock.json instead of the campus's clock");
    sub->add_option("--swarm", options->swarm, "Instead of a campus: so many meters, a link each");
    sub->add_option("--head-end", options->head_end, "HOST:PORT instead of the campus's");
    sub->add_option("--api-base", options->api_base, "Address of the API for virtual tenants");
    sub->add_flag("--with-parent", options->with_parent, "Stop when the parent process ends");
    sub->callback([options, &code] { code = run_fleet(*options, std::cout, std::cerr); });
}

void add_sandbox_channel(CLI::App& cli, int& code) {
    CLI::App* sub = cli.add_subcommand("sandbox-channel", "The demo's payment channel");
    sub->group("");  // hidden: `demo` starts it
    auto options = std::make_shared<SandboxChannelOptions>();
    sub->add_option("--address", options->address);
    sub->add_option("--port", options->port);
    sub->add_option("--public-base", options->public_base);
    sub->add_option("--secret-file", options->secret_file)->required();
    sub->add_option("--state-file", options->state_file);
    sub->add_flag("--with-parent", options->with_parent);
    sub->callback([options, &code] { code = run_sandbox_channel(*options, std::cout, std::cerr); });
}

void add_simulate(CLI::App& cli, int& code) {
    CLI::App* sub =
        cli.add_subcommand("simulate", "Simulate a site with faults, and prove the invariants");
    auto options = std::make_shared<SimulateOptions>();
    sub->add_option("--seed", options->seed)->capture_default_str();
    sub->add_option("--days", options->days)->capture_default_str();
    sub->add_option("--meters", options->meters)->capture_default_str();
    sub->add_option("--faults", options->faults, "all, none, or names and F-numbers with commas")
        ->capture_default_str();
    sub->add_option("--canary", options->canary, "A changed behaviour, or all: is it noticed?");
    sub->add_option("--store-keep", options->store_keep,
                    "Folder that gets the database at the end");
    sub->add_flag("--json", options->json, "Print one JSON object as the last line");
    sub->callback([options, &code] { code = run_simulate(*options, std::cout, std::cerr); });
}

void add_verify(CLI::App& cli, int& code) {
    CLI::App* sub = cli.add_subcommand("verify", "Is what is stored sound? Reads only");
    auto options = std::make_shared<VerifyOptions>();
    sub->add_option("--data", options->data, "Data folder")->capture_default_str();
    add_store(sub, options->store);
    sub->add_flag("--json", options->json, "Print one JSON object as the last line");
    sub->callback(
        [options, &code] { code = run_verify(*options, std::cout, std::cerr, engine_steps()); });
}

void add_backup(CLI::App& cli, int& code) {
    CLI::App* sub = cli.add_subcommand("backup", "Copy the books, also of a running server");
    auto options = std::make_shared<BackupCommandOptions>();
    sub->add_option("--data", options->data, "Data folder")->required();
    add_store(sub, options->store);
    sub->add_option("to", options->to, "Folder to make; must not exist")->required();
    sub->add_flag("--verify", options->verify, "The copy goes through the whole of verify");
    sub->callback(
        [options, &code] { code = run_backup(*options, std::cout, std::cerr, engine_steps()); });
}

void add_restore(CLI::App& cli, int& code) {
    CLI::App* sub = cli.add_subcommand("restore", "Make a store of a backup, in an empty place");
    auto options = std::make_shared<RestoreCommandOptions>();
    sub->add_option("from", options->from, "What `backup` made")->required();
    sub->add_option("--data", options->data, "Data folder without books")->required();
    add_store(sub, options->store);
    sub->callback(
        [options, &code] { code = run_restore(*options, std::cout, std::cerr, engine_steps()); });
}

void add_migrate(CLI::App& cli, int& code) {
    CLI::App* sub =
        cli.add_subcommand("migrate", "Bring the schema up to this program, leave a checkpoint");
    auto options = std::make_shared<MigrateOptions>();
    sub->add_option("--data", options->data, "Data folder")->capture_default_str();
    add_store(sub, options->store);
    sub->add_flag("--citus", options->citus,
                  "Print the SQL that distributes the schema over Citus instead");
    sub->callback([options, &code] { code = run_migrate(*options, std::cout, std::cerr); });
}

/// What `bench ingest` asks after its run.
std::int64_t verify_bench(store::Database& database) {
    return verify_database(database, false, std::cerr, engine_steps());
}

void add_user(CLI::App& cli, int& code) {
    CLI::App* sub = cli.add_subcommand("user", "Managers and their sign-in codes");
    sub->require_subcommand(1);
    auto options = std::make_shared<UserCommandOptions>();
    sub->add_option("--data", options->data, "Data folder")->capture_default_str();
    add_store(sub, options->store);
    CLI::App* add = sub->add_subcommand("add", "Authorise a manager's phone");
    add->fallthrough();  // --data may come last
    add->add_option("phone", options->phone)->required();
    add->add_option("--project", options->project, "Project id")->required();
    add->add_option("--name", options->name);
    add->callback([options, &code] { code = run_user_add(*options, std::cout, std::cerr); });
    CLI::App* made = sub->add_subcommand("code", "Print a sign-in code for a phone");
    made->fallthrough();
    made->add_option("phone", options->phone)->required();
    made->callback([options, &code] { code = run_user_code(*options, std::cout, std::cerr); });
}

constexpr const char* bench_folder = "Of SQLite, kept afterwards; default: a temporary one";

void add_bench_ingest(CLI::App* bench, int& code) {
    CLI::App* sub = bench->add_subcommand("ingest", "Readings through engine, writer and store");
    auto options = std::make_shared<bench::IngestOptions>();
    sub->add_option("--meters", options->shape.meters)->capture_default_str();
    sub->add_option("--readings", options->shape.slots, "Per meter")->capture_default_str();
    add_store(sub, options->store);
    sub->add_option("--folder", options->folder, bench_folder);
    sub->add_flag("--json", options->json, "Print one JSON object");
    sub->callback([options, &code] {
        code = bench::run_ingest(*options, verify_bench, std::cout, std::cerr);
    });
}

void add_bench_wire(CLI::App* bench, int& code) {
    CLI::App* sub = bench->add_subcommand(
        "wire", "Readings from bytes on loopback TCP through head-end, engine, writer and store");
    auto options = std::make_shared<bench::WireOptions>();
    sub->add_option("--meters", options->meters, "Virtual meters, a link each, 1 … 9000")
        ->check(CLI::Range(1, 9'000))
        ->capture_default_str();
    sub->add_option("--seconds", options->seconds, "Measured, once all were read; 1 … 300")
        ->check(CLI::Range(1, 300))
        ->capture_default_str();
    add_store(sub, options->store);
    sub->add_option("--folder", options->folder, bench_folder);
    sub->add_flag("--json", options->json, "Print one JSON object");
    sub->callback(
        [options, &code] { code = bench::run_wire(*options, verify_bench, std::cout, std::cerr); });
}

void add_bench_list(CLI::App* bench, int& code) {
    CLI::App* sub = bench->add_subcommand(
        "list", "The API's list of meters by page, filter and search, beside running ingest");
    auto options = std::make_shared<bench::ListOptions>();
    sub->add_option("--meters", options->meters, "100 … 1000000")
        ->check(CLI::Range(100, 1'000'000))
        ->capture_default_str();
    sub->add_option("--requests", options->requests, "Of each kind")
        ->check(CLI::Range(1, 100'000))
        ->capture_default_str();
    sub->add_option("--rate", options->rate, "Readings a second meanwhile")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
    add_store(sub, options->store);
    sub->add_option("--folder", options->folder, bench_folder);
    sub->add_flag("--json", options->json, "Print one JSON object");
    sub->callback([options, &code] { code = bench::run_list(*options, std::cout, std::cerr); });
}

void add_bench_rate(CLI::App* bench, int& code) {
    CLI::App* sub = bench->add_subcommand(
        "rate", "Rating: the kernel in memory, and a month of a project from the store");
    auto options = std::make_shared<bench::RateBenchOptions>();
    sub->add_option("--kernel-meters", options->kernel.meters, "0 … 10000000; 0: without")
        ->check(CLI::Range(0, 10'000'000))
        ->capture_default_str();
    sub->add_option("--kernel-quarters", options->kernel.quarters, "Quarter hours; 1 … 960")
        ->check(CLI::Range(1, 960))
        ->capture_default_str();
    sub->add_option("--meters", options->month.meters, "Of the project, 0 … 1000000; 0: without")
        ->check(CLI::Range(0, 1'000'000))
        ->capture_default_str();
    sub->add_option("--threads", options->month.threads, "0: as many as the machine has")
        ->check(CLI::Range(0, 8))
        ->capture_default_str();
    add_store(sub, options->month.store);
    sub->add_option("--folder", options->month.folder, bench_folder);
    sub->add_flag("--json", options->json, "Print one JSON object");
    sub->callback([options, &code] {
        code = bench::run_rate_bench(*options, rerate_measured, std::cout, std::cerr);
    });
}

void add_bench(CLI::App& cli, int& code) {
    CLI::App* sub = cli.add_subcommand("bench", "Measure, as ratios within one run");
    sub->require_subcommand(1);
    add_bench_ingest(sub, code);
    add_bench_wire(sub, code);
    add_bench_list(sub, code);
    add_bench_rate(sub, code);
}

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
    std::shared_ptr<AmendOptions> options;
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

}  // namespace

int run_command_line(int argc, char** argv) {
    CLI::App cli{"Meterbook 能源计费云平台: meters, bills, cuts and restores energy", "meterbook"};
    cli.require_subcommand(1);
    cli.set_version_flag("--version", "meterbook 0.1.0");
    int code = 0;
    for (const auto add : {add_serve, add_demo, add_rate, add_rerate, add_amend, add_explain,
                           add_decode, add_fleet, add_sandbox_channel, add_simulate, add_verify,
                           add_backup, add_restore, add_migrate, add_user, add_bench}) {
        add(cli, code);
    }
    try {
        cli.parse(argc, argv);
    } catch (const CLI::ParseError& why) {
        return cli.exit(why) == 0 ? code : wrong_usage;
    } catch (const std::exception& why) {
        std::cerr << "meterbook: " << why.what() << "\n";
        return 1;
    }
    return code;
}

}  // namespace mb::app
