#include "api/store_ports.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>

#include "base/check.hpp"

namespace mb::api {

namespace {

constexpr std::int32_t page_max = 500;
constexpr std::string_view manager = "manager";

store::MeterSort sort_of(MeterOrder order) {
    switch (order) {
        case MeterOrder::place: return store::MeterSort::place;
        case MeterOrder::code: return store::MeterSort::code;
        case MeterOrder::balance: return store::MeterSort::balance;
        case MeterOrder::last_contact_at: return store::MeterSort::last_contact;
        case MeterOrder::power_kw: break;
    }
    return store::MeterSort::power;
}

MeterRecord record(store::MeterItem item) {
    MeterRecord out;
    out.meter = std::move(item.meter);
    out.service_point = std::move(item.place);
    out.account = std::move(item.account);
    out.view = std::move(item.view);
    out.relay = item.relay;
    out.tariff = {std::move(item.tariff.code), item.tariff.version, std::move(item.tariff.name)};
    out.command = std::move(item.command);
    return out;
}

class StoreMoment final : public Reads {
public:
    StoreMoment(store::Database& database, store::MeterLists& lists) : reader_(database, lists) {}

    std::optional<engine::ProjectConfig> project(ProjectId project) override {
        return reader_.project(project);
    }
    MeterSlice meters(ProjectId project, const MeterQuery& query, Instant business) override;
    std::optional<MeterRecord> meter(ProjectId project, MeterId meter, Instant business) override {
        auto found = reader_.meter(project, meter, business);
        if (!found) return std::nullopt;
        return record(std::move(*found));
    }
    std::vector<OrderRecord> orders_of(ProjectId project, ServicePointId service_point,
                                       const std::string& before, std::int64_t limit) override;
    OrderSlice orders(ProjectId project, const OrderQuery& query) override;
    std::optional<OrderRecord> order(ProjectId project, const std::string& no) override {
        auto found = reader_.order(project, no);
        if (!found) return std::nullopt;
        return order_record(project, std::move(*found));
    }
    std::vector<engine::CommandRow> commands_of(ProjectId project, ServicePointId service_point,
                                                CommandId before, std::int64_t limit) override {
        return reader_.commands_of(project, service_point,
                                   before ? before.value : store::from_newest,
                                   static_cast<std::int32_t>(limit));
    }
    std::optional<engine::CommandRow> command(ProjectId project, CommandId command) override {
        return reader_.command(project, command);
    }
    std::vector<engine::TimelineRow> timeline(ProjectId project, ServicePointId service_point,
                                              std::int64_t before, std::int64_t limit) override {
        return reader_.timeline_of(project, service_point, before > 0 ? before : store::from_newest,
                                   static_cast<std::int32_t>(limit));
    }
    std::vector<rules::metering::DayReading> readings(ProjectId project, MeterId meter,
                                                      CivilDate on) override {
        return reader_.day(project, meter, on);
    }
    std::vector<std::pair<MeterId, ServicePointId>> meters_in_force(ProjectId project,
                                                                    Instant) override {
        return reader_.meters_in_place(project);
    }
    std::vector<std::pair<MeterId, std::int64_t>> versions(ProjectId project) override {
        return reader_.view_versions(project);
    }
    Figures figures(ProjectId project, Instant business) override;

private:
    OrderRecord order_record(ProjectId project, store::OrderItem item) const;

    store::Reader reader_;
};

MeterSlice StoreMoment::meters(ProjectId project, const MeterQuery& query, Instant business) {
    CHECK(query.limit >= 1 && query.limit <= page_max && query.offset % query.limit == 0);
    store::MeterFilter filter;
    filter.text = query.q;
    filter.building = query.building;
    filter.in_arrears = query.arrears;
    filter.online = query.online;
    filter.relay = query.relay;
    filter.sort = sort_of(query.order);
    filter.page = static_cast<std::int32_t>(query.offset / query.limit + 1);
    filter.page_size = static_cast<std::int32_t>(query.limit);
    filter.descending = query.descending;
    store::MeterPage page = reader_.meters(project, filter, business);
    MeterSlice out;
    for (store::MeterItem& item : page.items) out.items.push_back(record(std::move(item)));
    out.total = page.total;
    out.counts = {page.listed.online, page.listed.meters - page.listed.online,
                  page.listed.relay_closed, page.listed.relay_open, page.listed.in_arrears};
    return out;
}

OrderRecord StoreMoment::order_record(ProjectId project, store::OrderItem item) const {
    OrderRecord out;
    out.row = std::move(item.order);
    out.meter = item.meter;
    out.service_point = std::move(item.place);
    if (!out.row.paid && out.row.state == engine::OrderState::pending_payment && out.meter) {
        const auto meter = reader_.meter(project, out.meter, out.row.created.at);
        out.cut_for_arrears = meter && meter->relay.reasons.has(rules::relay::Reason::arrears);
    }
    return out;
}

std::vector<OrderRecord> StoreMoment::orders_of(ProjectId project, ServicePointId service_point,
                                                const std::string& before, std::int64_t limit) {
    store::OrderCursor cursor;
    if (!before.empty()) {
        const auto last = reader_.order(project, before);
        if (!last) return {};
        cursor = {last->order.created.at, before};
    }
    std::vector<OrderRecord> out;
    for (store::OrderItem& item :
         reader_.orders_of(project, service_point, cursor, static_cast<std::int32_t>(limit))) {
        out.push_back(order_record(project, std::move(item)));
    }
    return out;
}

OrderSlice StoreMoment::orders(ProjectId project, const OrderQuery& query) {
    CHECK(query.limit >= 1 && query.limit <= page_max && query.offset % query.limit == 0);
    OrderSlice out;
    store::OrderFilter filter;
    filter.text = query.q;
    std::vector<store::OrderItem> items;
    if (query.states.size() <= 1) {
        if (!query.states.empty()) filter.state = query.states.front();
        filter.page = static_cast<std::int32_t>(query.offset / query.limit + 1);
        filter.page_size = static_cast<std::int32_t>(query.limit);
        store::OrderPage page = reader_.orders(project, filter);
        items = std::move(page.items);
        out.total = page.total;
    } else {
        // Several states: the lists of each, merged, newest first; as deep as the page asked for.
        std::vector<engine::OrderState> states = query.states;
        std::sort(states.begin(), states.end());
        states.erase(std::unique(states.begin(), states.end()), states.end());
        const std::int64_t deep = query.offset + query.limit;
        filter.page_size = page_max;
        for (const engine::OrderState state : states) {
            filter.state = state;
            filter.page = 1;
            for (std::int64_t seen = 0; seen < deep; seen += page_max, ++filter.page) {
                store::OrderPage page = reader_.orders(project, filter);
                if (filter.page == 1) out.total += page.total;
                if (page.items.empty()) break;
                std::move(page.items.begin(), page.items.end(), std::back_inserter(items));
            }
        }
        std::sort(items.begin(), items.end(), [](const auto& a, const auto& b) {
            return std::tie(b.order.created.at, b.order.no) <
                   std::tie(a.order.created.at, a.order.no);
        });
        const auto begin = std::min<std::int64_t>(query.offset, std::ssize(items));
        const auto end = std::min<std::int64_t>(deep, std::ssize(items));
        items = {std::make_move_iterator(items.begin() + begin),
                 std::make_move_iterator(items.begin() + end)};
    }
    for (store::OrderItem& item : items) {
        out.items.push_back(order_record(project, std::move(item)));
    }
    return out;
}

Figures StoreMoment::figures(ProjectId project, Instant business) {
    const store::ProjectSummary summary = reader_.summary(project, business);
    Figures out;
    out.meters = summary.counts.meters;
    out.online = summary.counts.online;
    out.relay_open = summary.counts.relay_open;
    out.relay_closed = summary.counts.relay_closed;
    out.in_arrears = summary.counts.in_arrears;
    out.receipts_today = summary.receipts_today;
    out.energy_today = summary.energy_today;
    out.trips_today = summary.trips_today;
    out.restores_today = summary.restores_today;
    return out;
}

}  // namespace

std::unique_ptr<Reads> StoreReads::open() {
    return std::make_unique<StoreMoment>(database_, lists_);
}

LoginRecord StorePeople::record(store::Login login) const {
    LoginRecord out;
    out.id = login.id;
    out.phone = std::move(login.phone);
    out.name = std::move(login.name);
    out.disabled = login.disabled;
    for (const store::LoginRole& role : logins_.roles(login.id)) {
        if (role.role == manager) out.projects.push_back(role.project);
    }
    return out;
}

std::optional<LoginRecord> StorePeople::login_by_phone(const std::string& phone) {
    auto found = logins_.find_by_phone(phone);
    if (!found) return std::nullopt;
    return record(std::move(*found));
}

std::optional<LoginRecord> StorePeople::login(LoginId id) {
    auto found = logins_.find(id);
    if (!found) return std::nullopt;
    return record(std::move(*found));
}

bool StorePeople::redeem_stored_code(LoginId login, const std::string& code, Instant wall) {
    if (!logins_.code(login)) return false;  // no write transaction for the usual case
    return logins_.try_code(login, crypto::sha256(code), wall).verdict ==
           store::Logins::CodeVerdict::accepted;
}

void StorePeople::add_session(const SessionRecord& session) {
    // The column csrf stays empty: the token follows from the session's own, which is not stored.
    logins_.put_session({session.token_hash, session.login, "", session.created_wall_at,
                         session.seen_wall_at, session.expires_wall_at});
}

std::optional<SessionRecord> StorePeople::session(const crypto::Digest& token_hash, Instant wall) {
    const auto found = logins_.session(token_hash, wall);
    if (!found) return std::nullopt;
    return SessionRecord{found->token_hash, found->login, found->created_at, found->last_seen_at,
                         found->expires_at};
}

void StorePeople::touch_session(const crypto::Digest& token_hash, Instant seen_wall_at,
                                Instant expires_wall_at) {
    // It may have ended meanwhile: then there is nothing to touch.
    (void)logins_.touch_session(token_hash, seen_wall_at, expires_wall_at);
}

void StorePeople::end_session(const crypto::Digest& token_hash) {
    logins_.drop_session(token_hash);
}

void StorePeople::purge_sessions(Instant wall) { (void)logins_.drop_expired_sessions(wall); }

std::optional<KeptAnswer> StoreAnswers::find(ProjectId project, LoginId login,
                                             const std::string& key) {
    auto kept = logins_.kept(project, login, key);
    if (!kept) return std::nullopt;
    return KeptAnswer{kept->body_hash, kept->status, std::move(kept->body), kept->kept_at};
}

void StoreAnswers::keep(ProjectId project, LoginId login, const std::string& key,
                        const KeptAnswer& answer) {
    logins_.keep(project, login, key,
                 {answer.body_hash, answer.status, answer.body, answer.wall_at});
}

void WriterDoor::submit(ProjectId project, engine::Event event,
                        std::function<void(engine::EventOutcome)> done) {
    writer::Submission submission;
    submission.project = project;
    submission.event = std::move(event);
    submission.done = done;
    if (writer_.submit(std::move(submission))) return;
    engine::EventOutcome full;
    full.refused = true;
    full.error = error("store.busy", ErrorKind::unavailable).with("retry_after_s", "1");
    full.error.retryable = true;
    done(std::move(full));
}

}  // namespace mb::api
