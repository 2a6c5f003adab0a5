#include "app/amend_desk.hpp"

#include "app/amend_preview.hpp"
#include "app/error_json.hpp"
#include "engine/state.hpp"
#include "rules/billing/adjustment.hpp"
#include "store/read.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <chrono>
#include <thread>

namespace mb::app {

namespace {

constexpr std::size_t largest_shown = 10;
constexpr std::int32_t listed_max = 100;
constexpr int flush_looks_max = 200;
constexpr std::chrono::milliseconds between_looks{50};
constexpr Duration submit_within = Duration::seconds(30);

using rules::billing::AdjustedLine;
using rules::billing::LineItem;

ChangedLine shown(const rules::tariff::TariffBook& book, const AdjustedLine& line) {
    ChangedLine out;
    out.month = fmt::format("{:04}-{:02}", line.key.cycle / 100, line.key.cycle % 100);
    if (const auto* version = book.find(line.key.version)) {
        out.item = item_name(*version, line.key);
        out.version = version->document.version;
    }
    if (line.key.item == LineItem::energy) {
        out.band = enum_text(line.key.band);
        out.tier = line.key.tier;
    }
    out.quantity_before = line.quantity_before;
    out.quantity = line.quantity;
    out.amount_before = line.amount_before;
    out.amount = line.amount;
    return out;
}

Result<ShownAdjustment> shown(const rules::tariff::TariffBook& book, const Zone& zone,
                              const engine::AdjustmentRow& row, bool made) {
    ShownAdjustment out;
    out.agreement = row.agreement;
    out.account = row.account;
    out.service_point = row.service_point;
    out.made = made ? zone.text(row.made.at) : "";
    out.amount = row.amount;
    out.quantity = row.quantity;
    for (const AdjustedLine& line : TRY(from_json<std::vector<AdjustedLine>>(row.lines))) {
        out.lines.push_back(shown(book, line));
    }
    return out;
}

void tell_balances(std::vector<BalanceChange> changes, AmendAnswer& out) {
    for (const BalanceChange& one : changes) {
        out.charged += one.charged();
        ++(one.charged().fen > 0 ? out.accounts_up : out.accounts_down);
    }
    out.accounts_changed = static_cast<std::int64_t>(changes.size());
    const auto size = [](const BalanceChange& one) { return std::abs(one.charged().fen); };
    std::stable_sort(changes.begin(), changes.end(),
                     [&](const auto& a, const auto& b) { return size(a) > size(b); });
    changes.resize(std::min(changes.size(), largest_shown));
    for (const BalanceChange& one : changes) {
        out.largest.push_back({one.account, one.name, one.before, one.after, one.charged()});
    }
}

/// What the look at the engine takes along.
struct Taken {
    rules::tariff::TariffBook book;
    Zone zone;
};

Taken taken(const engine::Engine& engine) {
    return {engine.state().tariffs, Zone::find(engine.state().config.zone).value()};
}

template <class Request, class F>
std::string reply(std::string_view text, F&& handle) {
    const auto answer =
        from_json<Request>(text).and_then([&](const Request& request) { return handle(request); });
    return answer ? to_json(*answer) : error_json(answer.error());
}

}  // namespace

/// Calls `at_engine` on the writer's thread with the project's engine and the time of the last
/// batch over all projects; its Result goes back.
template <class F>
Result<void> AmendDesk::look(const std::optional<std::string>& project, F&& at_engine) {
    Result<void> out = fail("store.busy", ErrorKind::unavailable);
    writer_.inspect([&](const writer::Writer& writer) {
        for (const ProjectId id : writer.projects()) {
            if (project ? id.text() == *project : writer.projects().size() == 1) {
                const engine::Engine* engine = writer.engine(id);
                out = engine == nullptr ? fail("store.busy", ErrorKind::unavailable)
                                        : at_engine(*engine, writer.last_business());
                return;
            }
        }
        out = fail(
            error("project.not_found", ErrorKind::not_found).with("project", project.value_or("")));
    });
    return out;
}

/// Days that were closed before `mark` and waited to be written are in the store then.
Result<void> AmendDesk::wait_flushed(const std::optional<std::string>& project, std::int64_t mark) {
    for (int i = 0; i < flush_looks_max && !stopping_; ++i) {
        bool flushed = false;
        const Result<void> looked =
            look(project, [&](const engine::Engine& engine, Instant) -> Result<void> {
                flushed = engine.flushed_to(mark);
                return {};
            });
        TRY_VOID(looked);
        if (flushed) {
            return {};
        }
        std::this_thread::sleep_for(between_looks);
    }
    return fail("store.busy", ErrorKind::unavailable);
}

Result<AmendAnswer> AmendDesk::amend(const AmendRequest& request) {
    Bytes image;
    ProjectId project;
    std::int64_t flush_mark = 0;
    std::optional<Taken> context;
    engine::Event event;
    engine::Now now = clock_();
    const engine::Actor actor{engine::ActorKind::staff, {}, request.by};
    const Result<void> looked =
        look(request.project, [&](const engine::Engine& engine, Instant last) -> Result<void> {
            event = TRY(amendment_event(engine.state(), request.amendment, request.key, actor));
            now.business = std::max(now.business, last);
            project = engine.project();
            image = engine.image();
            flush_mark = engine.flush_mark();
            context.emplace(taken(engine));
            return {};
        });
    TRY_VOID(looked);
    TRY_VOID(wait_flushed(request.project, flush_mark));
    engine::Engine copy = TRY(engine::Engine::from_image(project, image, false));
    AmendAnswer out;
    out.kind = request.amendment.kind;
    out.adjustments_before = copy.state().counters.adjustment;
    rules::tariff::TariffBook book = context->book;
    if (const auto* published = std::get_if<engine::TariffPublished>(&event)) {
        // Its lines may be in the preview; what is wrong with it the engine says.
        (void)book.publish(published->id, published->document, nullptr);
    }
    const AmendPreview preview = TRY(preview_amendment(database_, std::move(copy), event, now,
                                                       [&] { return !stopping_.load(); }));
    out.service_points = preview.points;
    out.agreements_changed = static_cast<std::int64_t>(preview.adjustments.size());
    tell_balances(preview.balances, out);
    if (preview.points.size() == 1) {
        for (const engine::AdjustmentRow& row : preview.adjustments) {
            out.adjustments.push_back(TRY(shown(book, context->zone, row, false)));
        }
    }
    if (!request.dry_run) {
        const engine::EventOutcome outcome =
            writer_.submit_and_wait({project, std::move(event), {}, {}}, submit_within);
        if (outcome.refused) {
            return fail(outcome.error);
        }
        out.done = true;
        out.ref = outcome.ref;
    }
    return out;
}

Result<AmendStatus> AmendDesk::status(const AmendStatusRequest& request) {
    AmendStatus out;
    std::optional<Taken> context;
    ProjectId project;
    std::vector<AgreementId> agreements;
    const Result<void> looked =
        look(request.project, [&](const engine::Engine& engine, Instant) -> Result<void> {
            project = engine.project();
            context.emplace(taken(engine));
            for (const ServicePointId id : request.service_points) {
                const auto* sp = engine.state().service_points.find(id);
                if (sp == nullptr) {
                    return fail("service_point.unknown", ErrorKind::not_found);
                }
                out.waiting += sp->rerate ? 1 : 0;
                agreements.insert(agreements.end(), sp->agreements.begin(), sp->agreements.end());
                const auto alarm = engine.state().alarms.find(id.text() + ":billing.rerate_failed");
                if (alarm != engine.state().alarms.end()) {
                    out.failed.push_back({id, alarm->second.params});
                }
            }
            return {};
        });
    TRY_VOID(looked);
    if (out.waiting > 0) {
        return out;
    }
    const store::Reader reader(database_);
    for (const AgreementId id : agreements) {
        for (const auto& row : reader.adjustments_of(project, id, store::from_newest, listed_max)) {
            if (row.id.value > request.after) {
                ++out.agreements_changed;
                out.charged += row.amount;
                if (request.service_points.size() == 1) {
                    out.adjustments.push_back(TRY(shown(context->book, context->zone, row, true)));
                }
            }
        }
    }
    return out;
}

Result<AmendList> AmendDesk::list(const AmendListRequest& request) {
    AmendList out;
    std::optional<Taken> context;
    ProjectId project;
    std::vector<AgreementId> agreements;
    std::vector<std::string> codes;
    const Result<void> looked =
        look(request.project, [&](const engine::Engine& engine, Instant) -> Result<void> {
            const engine::State& state = engine.state();
            project = engine.project();
            context.emplace(taken(engine));
            const MeterId meter = TRY(find_meter(state, request.meter));
            out.service_point = state.meters.find(meter)->config.service_point;
            const auto& sp = *state.service_points.find(out.service_point);
            out.place = sp.config.building + " " + sp.config.floor + " " + sp.config.room;
            agreements = sp.agreements;
            for (const AgreementId id : agreements) {
                codes.push_back(state.agreements.find(id)->config.tariff_code);
            }
            return {};
        });
    TRY_VOID(looked);
    const store::Reader reader(database_);
    auto rows = reader.amendments_of(project, out.service_point, store::from_newest, listed_max);
    for (auto& row : reader.amendments_of(project, {}, store::from_newest, listed_max)) {
        rows.push_back(std::move(row));  // of tariffs
    }
    std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.id > b.id; });
    for (const engine::AmendmentRow& row : rows) {
        auto params = TRY((from_json<std::map<std::string, std::string>>(row.params)));
        const bool foreign = row.kind == engine::AmendmentKind::tariff &&
                             std::find(codes.begin(), codes.end(), params["code"]) == codes.end();
        if (!foreign) {
            out.amendments.push_back({row.id, std::string(enum_text(row.kind)),
                                      context->zone.text(row.from),
                                      context->zone.text(row.entered.at), row.actor.name,
                                      row.reason, std::move(params)});
        }
    }
    std::vector<engine::AdjustmentRow> adjustments;
    for (const AgreementId id : agreements) {
        const auto some = reader.adjustments_of(project, id, store::from_newest, listed_max);
        adjustments.insert(adjustments.end(), some.begin(), some.end());
    }
    std::sort(adjustments.begin(), adjustments.end(),
              [](const auto& a, const auto& b) { return a.id > b.id; });
    for (const engine::AdjustmentRow& row : adjustments) {
        out.adjustments.push_back(TRY(shown(context->book, context->zone, row, true)));
    }
    return out;
}

std::string AmendDesk::answer(const std::string& verb, std::string_view request) {
    if (verb == "amend") {
        return reply<AmendRequest>(request, [&](const auto& r) { return amend(r); });
    }
    if (verb == "amend-status") {
        return reply<AmendStatusRequest>(request, [&](const auto& r) { return status(r); });
    }
    return reply<AmendListRequest>(request, [&](const auto& r) { return list(r); });
}

}  // namespace mb::app
