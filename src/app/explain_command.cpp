#include "app/explain_command.hpp"

#include "app/explanation.hpp"
#include "base/json.hpp"
#include "store/open_store.hpp"
#include "store/point_history.hpp"
#include "store/read.hpp"
#include "store/sql_store.hpp"
#include "writer/replay.hpp"

#include <ostream>

namespace mb::app {

namespace {

constexpr int done = 0;
constexpr int refused = 1;
constexpr int wrong_usage = 2;

struct Explanation {
    AccountId account;
    std::string name;
    std::string from;
    std::string to;
    std::vector<ExplainedAgreement> agreements;
};
MB_DESCRIBE(Explanation, (account, name, from, to, agreements))

/// By id, name, or the code of a meter.
std::vector<AccountId> accounts_of(const engine::State& state, const std::string& wanted) {
    std::vector<AccountId> out;
    state.accounts.each([&](AccountId id, const engine::AccountState& account) {
        if (id.text() == wanted || account.config.name == wanted) {
            out.push_back(id);
        }
    });
    state.service_points.each([&](ServicePointId, const engine::ServicePointState& point) {
        const auto* meter = point.meter ? state.meters.find(point.meter) : nullptr;
        if (meter != nullptr && meter->config.link.address == wanted && point.agreement) {
            out.push_back(state.agreements.find(point.agreement)->config.account);
        }
    });
    return out;
}

Result<ProjectId> project_of(writer::Store& store, std::int64_t wanted) {
    const std::vector<ProjectId> all = store.projects();
    for (const ProjectId project : all) {
        if (wanted == project.value || (wanted == 0 && all.size() == 1)) {
            return project;
        }
    }
    return fail(error("project.not_found").with("project", std::to_string(wanted)));
}

struct Days {
    CivilDate from;
    CivilDate to;
};

/// The month of the last reading when none are named.
Result<Days> days_of(const ExplainOptions& options, CivilDate last) {
    const CivilDate month = rules::tariff::month_of(last);
    Days out{month, last};
    if (!options.from.empty()) {
        out.from = TRY(CivilDate::parse(options.from));
    }
    if (!options.to.empty()) {
        out.to = TRY(CivilDate::parse(options.to));
    }
    if (out.to < out.from) {
        return fail(
            error("explain.reversed").with("from", out.from.text()).with("to", out.to.text()));
    }
    return out;
}

Result<Explanation> explain(store::Database& database, const ExplainOptions& options) {
    store::SqlStore store(database);
    const ProjectId project = TRY(project_of(store, options.project));
    const writer::Loaded now = writer::load_newest(store, project);
    const engine::State& state = now.engine.state();
    const std::vector<AccountId> accounts = accounts_of(state, options.account);
    if (accounts.size() != 1) {
        return fail(error(accounts.empty() ? "account.not_found" : "account.several")
                        .with("account", options.account)
                        .with("found", std::to_string(accounts.size())));
    }
    const Zone zone = TRY(Zone::find(state.config.zone));
    const Days days = TRY(days_of(options, zone.date(now.now.business)));
    const engine::AccountState& account = *state.accounts.find(accounts[0]);
    Explanation out{accounts[0], account.config.name, days.from.text(), days.to.text(), {}};
    for (const AgreementId id : account.agreements) {
        const engine::AgreementState& agreement = *state.agreements.find(id);
        const CivilDate began = zone.date(agreement.config.from);
        const bool over = agreement.config.to && zone.date(agreement.config.to) < days.from;
        if (over || began > days.to) {
            continue;
        }
        engine::PointSnapshot point = now.engine.snapshot(agreement.config.service_point);
        store::load_closed_days(database, project, point);
        const auto rating = TRY(store::rate_history(point, true));
        const auto kept = store::kept_lines(database, project, id, agreement.accrual);
        const auto adjustments =
            store::Reader(database).adjustments_of(project, id, store::from_newest, 500);
        out.agreements.push_back(
            explain_agreement(state, id, rating, kept, adjustments, days.from, days.to));
    }
    return out;
}

}  // namespace

int run_explain(const ExplainOptions& options, std::ostream& out, std::ostream& err) {
    try {
        const auto database = store::open_read_only({options.store, options.data});
        if (!database) {
            err << "meterbook explain: " << options.data << " holds no store ("
                << database.error().text() << ")\n";
            return wrong_usage;
        }
        const auto explanation = explain(**database, options);
        if (!explanation) {
            err << "meterbook explain: " << explanation.error().text() << "\n";
            return refused;
        }
        bool adds_up = true;
        for (const ExplainedAgreement& agreement : explanation->agreements) {
            adds_up = adds_up && agreement.problems.empty();
        }
        if (options.json) {
            out << to_json(*explanation) << "\n";
        } else {
            out << "account " << explanation->account.text() << " (" << explanation->name << "), "
                << explanation->from << " to " << explanation->to << "\n";
            for (const ExplainedAgreement& agreement : explanation->agreements) {
                out << explanation_text(agreement);
            }
        }
        return adds_up ? done : refused;
    } catch (const writer::StoreUnavailable& broken) {
        err << "meterbook explain: " << broken.what() << "\n";
        return refused;
    } catch (const writer::ReplayRefused& why) {
        err << "meterbook explain: " << why.what() << "\n";
        return refused;
    }
}

}  // namespace mb::app
