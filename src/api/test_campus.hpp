// A campus in memory behind the API's ports, and an API server on a real socket: what tests talk
// to.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "api/api_server.hpp"
#include "base/json.hpp"
#include "net/http_client.hpp"
#include "writer/store.hpp"

namespace mb::api::test {

constexpr ProjectId campus{1};
constexpr ProjectId market{2};
/// 2026-11-23 09:30 in Shanghai; wall time lies elsewhere.
constexpr Instant morning{1'795'397'400'000'000};
constexpr Instant wall_start{1'795'311'000'000'000};

class FakeClock {
public:
    [[nodiscard]] engine::Now now() const {
        const std::lock_guard lock(mutex_);
        return now_;
    }
    void advance(Duration wall) {
        const std::lock_guard lock(mutex_);
        now_.wall = now_.wall + wall;
        now_.business = now_.business + wall * now_.speed;
    }

private:
    mutable std::mutex mutex_;
    engine::Now now_{morning, wall_start, 60};
};

class FakePeople final : public People {
public:
    std::optional<LoginRecord> login_by_phone(const std::string& phone) override {
        const std::lock_guard lock(mutex);
        for (const auto& [id, login] : logins) {
            if (login.phone == phone) return login;
        }
        return std::nullopt;
    }
    std::optional<LoginRecord> login(LoginId id) override {
        const std::lock_guard lock(mutex);
        const auto found = logins.find(id);
        if (found == logins.end()) return std::nullopt;
        return found->second;
    }
    void add_session(const SessionRecord& session) override {
        const std::lock_guard lock(mutex);
        sessions[session.token_hash] = session;
    }
    bool redeem_stored_code(LoginId login, const std::string& code, Instant) override {
        const std::lock_guard lock(mutex);
        const auto found = stored_codes.find(login);
        if (found == stored_codes.end() || found->second != code) return false;
        stored_codes.erase(found);
        return true;
    }
    std::optional<SessionRecord> session(const crypto::Digest& token_hash, Instant wall) override {
        const std::lock_guard lock(mutex);
        const auto found = sessions.find(token_hash);
        if (found == sessions.end() || found->second.expires_wall_at <= wall) return std::nullopt;
        return found->second;
    }
    void touch_session(const crypto::Digest& token_hash, Instant seen, Instant expires) override {
        const std::lock_guard lock(mutex);
        sessions[token_hash].seen_wall_at = seen;
        sessions[token_hash].expires_wall_at = expires;
    }
    void end_session(const crypto::Digest& token_hash) override {
        const std::lock_guard lock(mutex);
        sessions.erase(token_hash);
    }
    void purge_sessions(Instant wall) override {
        const std::lock_guard lock(mutex);
        std::erase_if(sessions,
                      [&](const auto& entry) { return entry.second.expires_wall_at <= wall; });
    }

    std::mutex mutex;
    std::map<LoginId, LoginRecord> logins;
    std::map<crypto::Digest, SessionRecord> sessions;
    std::map<LoginId, std::string> stored_codes;
};

class FakeAnswers final : public Answers {
public:
    std::optional<KeptAnswer> find(ProjectId project, LoginId login,
                                   const std::string& key) override {
        const std::lock_guard lock(mutex);
        const auto found = kept.find({project, login, key});
        if (found == kept.end()) return std::nullopt;
        return found->second;
    }
    void keep(ProjectId project, LoginId login, const std::string& key,
              const KeptAnswer& answer) override {
        const std::lock_guard lock(mutex);
        if (broken) throw writer::StoreUnavailable("on purpose", false, false);
        kept.try_emplace({project, login, key}, answer);
    }

    std::mutex mutex;
    std::map<std::tuple<ProjectId, LoginId, std::string>, KeptAnswer> kept;
    bool broken = false;
};

/// The rows of one project.
struct FakeProject {
    engine::ProjectConfig config;
    std::vector<MeterRecord> meters;
    std::vector<OrderRecord> orders;  // newest first
    std::vector<engine::CommandRow> commands;
    std::vector<engine::TimelineRow> timeline;
    std::vector<rules::metering::DayReading> readings;
    Figures figures;
};

struct FakeCampus {
    std::mutex mutex;
    std::map<ProjectId, FakeProject> projects;
    bool broken = false;  // the store is gone
    MeterQuery last_meter_query;
    OrderQuery last_order_query;
};

class FakeReads final : public Reads {
public:
    explicit FakeReads(FakeCampus& all) : all_(all), lock_(all.mutex) {}

    std::optional<engine::ProjectConfig> project(ProjectId id) override {
        const FakeProject* found = find(id);
        return found == nullptr ? std::nullopt : std::optional(found->config);
    }
    MeterSlice meters(ProjectId id, const MeterQuery& query, Instant) override {
        all_.last_meter_query = query;
        MeterSlice out;
        out.items = find(id)->meters;
        out.total = static_cast<std::int64_t>(out.items.size());
        out.counts.online = out.total;
        return out;
    }
    std::optional<MeterRecord> meter(ProjectId id, MeterId meter, Instant) override {
        for (const MeterRecord& record : find(id)->meters) {
            if (record.meter.id == meter) return record;
        }
        return std::nullopt;
    }
    std::vector<OrderRecord> orders_of(ProjectId id, ServicePointId point,
                                       const std::string& before, std::int64_t limit) override {
        std::vector<OrderRecord> out;
        bool started = before.empty();
        for (const OrderRecord& record : find(id)->orders) {
            if (started && record.row.service_point == point &&
                static_cast<std::int64_t>(out.size()) < limit) {
                out.push_back(record);
            }
            started = started || record.row.no == before;
        }
        return out;
    }
    OrderSlice orders(ProjectId id, const OrderQuery& query) override {
        all_.last_order_query = query;
        return {find(id)->orders, static_cast<std::int64_t>(find(id)->orders.size())};
    }
    std::optional<OrderRecord> order(ProjectId id, const std::string& no) override {
        for (const OrderRecord& record : find(id)->orders) {
            if (record.row.no == no) return record;
        }
        return std::nullopt;
    }
    std::vector<engine::CommandRow> commands_of(ProjectId id, ServicePointId point,
                                                CommandId before, std::int64_t limit) override {
        std::vector<engine::CommandRow> out;
        for (const engine::CommandRow& row : find(id)->commands) {
            if (row.service_point == point && (!before || row.id < before) &&
                static_cast<std::int64_t>(out.size()) < limit) {
                out.push_back(row);
            }
        }
        return out;
    }
    std::optional<engine::CommandRow> command(ProjectId id, CommandId command) override {
        for (const engine::CommandRow& row : find(id)->commands) {
            if (row.id == command) return row;
        }
        return std::nullopt;
    }
    std::vector<engine::TimelineRow> timeline(ProjectId id, ServicePointId point,
                                              std::int64_t before, std::int64_t limit) override {
        std::vector<engine::TimelineRow> out;
        for (const engine::TimelineRow& row : find(id)->timeline) {
            if (row.service_point == point && (before == 0 || row.seq < before) &&
                static_cast<std::int64_t>(out.size()) < limit) {
                out.push_back(row);
            }
        }
        return out;
    }
    std::vector<rules::metering::DayReading> readings(ProjectId id, MeterId, CivilDate) override {
        return find(id)->readings;
    }
    std::vector<std::pair<MeterId, ServicePointId>> meters_in_force(ProjectId id,
                                                                    Instant) override {
        std::vector<std::pair<MeterId, ServicePointId>> out;
        for (const MeterRecord& record : find(id)->meters) {
            out.emplace_back(record.meter.id, record.service_point.id);
        }
        return out;
    }
    std::vector<std::pair<MeterId, std::int64_t>> versions(ProjectId id) override {
        std::vector<std::pair<MeterId, std::int64_t>> out;
        for (const MeterRecord& record : find(id)->meters) {
            out.emplace_back(record.meter.id, record.view.version);
        }
        return out;
    }
    Figures figures(ProjectId id, Instant) override { return find(id)->figures; }

private:
    FakeProject* find(ProjectId id) {
        const auto found = all_.projects.find(id);
        return found == all_.projects.end() ? nullptr : &found->second;
    }

    FakeCampus& all_;
    std::lock_guard<std::mutex> lock_;
};

class FakeReadPort final : public ReadPort {
public:
    explicit FakeReadPort(FakeCampus& all) : all_(all) {}
    std::unique_ptr<Reads> open() override {
        if (all_.broken) throw writer::StoreUnavailable("on purpose", false, false);
        return std::make_unique<FakeReads>(all_);
    }

private:
    FakeCampus& all_;
};

/// Notes what it is asked and answers what the test says.
class FakeEngine final : public EngineDoor {
public:
    using Respond = std::function<engine::EventOutcome(ProjectId, const engine::Event&)>;

    void submit(ProjectId project, engine::Event event,
                std::function<void(engine::EventOutcome)> done) override {
        engine::EventOutcome outcome;
        {
            const std::lock_guard lock(mutex);
            events.emplace_back(project, event);
            if (hold) {
                held.emplace_back(std::move(done));
                return;
            }
        }
        if (respond) outcome = respond(project, event);
        done(std::move(outcome));
    }
    std::size_t count() {
        const std::lock_guard lock(mutex);
        return events.size();
    }

    std::mutex mutex;
    std::vector<std::pair<ProjectId, engine::Event>> events;
    Respond respond;
    bool hold = false;
    std::vector<std::function<void(engine::EventOutcome)>> held;
};

class FakeCallbacks final : public Callbacks {
public:
    void on_callback(const std::string& channel, ProjectId project, const net::HttpRequest& request,
                     std::function<void(net::HttpResponse)> answer) override {
        seen.push_back(channel + " " + project.text() + " " + request.body);
        // From another thread, after the handler has returned.
        std::thread([answer = std::move(answer)] {
            net::HttpResponse response;
            response.status = 204;
            answer(std::move(response));
        }).detach();
    }
    std::vector<std::string> seen;
};

inline engine::Step step(std::int64_t minutes) {
    return {morning + Duration::minutes(minutes), wall_start + Duration::seconds(minutes)};
}

inline MeterRecord meter_record(std::int64_t id) {
    MeterRecord out;
    out.meter.id = MeterId{id};
    out.meter.service_point = ServicePointId{id + 1000};
    out.meter.link.address = "00000000" + std::to_string(1000 + id);
    out.service_point.id = out.meter.service_point;
    out.service_point.building = "1号宿舍";
    out.service_point.floor = "3层";
    out.service_point.room = std::to_string(300 + id);
    out.account = {AccountId{id + 2000}, "王小明", "13900000000"};
    out.view.meter = out.meter.id;
    out.view.balance = Money{-340};
    out.view.balance_as_of = morning;
    out.view.registers.value[0] = Quantity{12'345'600};
    out.view.reading_at = morning;
    out.view.online = true;
    out.view.in_arrears = true;
    out.view.credit = engine::CreditLevel::tripped;
    out.view.power_dw = 12'345;
    out.view.power_at = morning;
    out.view.days_left_tenths = 27;
    out.view.version = 7;
    out.relay.service_point = out.service_point.id;
    out.relay.position = rules::relay::Position::open;
    out.relay.position_at = morning;
    out.relay.reasons.set(rules::relay::Reason::arrears, true);
    out.tariff = {"dorm", 2, "学生宿舍"};
    return out;
}

inline engine::CommandRow command_row(std::int64_t id, std::int64_t meter) {
    engine::CommandRow out;
    out.id = CommandId{id};
    out.meter = MeterId{meter};
    out.service_point = ServicePointId{meter + 1000};
    out.kind = engine::CommandKind::trip;
    out.state = engine::CommandState::verified;
    out.reasons.set(rules::relay::Reason::arrears, true);
    out.cause = "arrears";
    out.deadline = morning + Duration::minutes(30);
    out.created = step(1);
    out.sent = step(2);
    out.acked = step(3);
    out.ended = step(4);
    return out;
}

inline OrderRecord order_record(const std::string& no, std::int64_t meter) {
    OrderRecord out;
    out.meter = MeterId{meter};
    out.service_point = meter_record(meter).service_point;
    out.row.no = no;
    out.row.service_point = out.service_point.id;
    out.row.account = AccountId{meter + 2000};
    out.row.amount = Money{5000};
    out.row.channel = "sandbox";
    out.row.source = "console";
    out.row.actor = {engine::ActorKind::staff, LoginId{1}, "演示经理"};
    out.row.created = step(0);
    return out;
}

/// Two projects with the same ids inside, a manager for each, and an API server over them.
class ApiTest : public ::testing::Test {
protected:
    struct Client {
        net::HttpClient http;
        std::string cookie;
        std::string csrf;
    };

    ApiTest() : read_port(all) {
        people.logins[LoginId{1}] = {LoginId{1}, "13800000001", "演示经理", false, {campus}};
        people.logins[LoginId{2}] = {LoginId{2}, "13800000002", "市场经理", false, {market}};
        for (const ProjectId project : {campus, market}) {
            FakeProject& rows = all.projects[project];
            rows.config.name = project == campus ? "云杉园区" : "东门市场";
            rows.meters = {meter_record(17), meter_record(18)};
            rows.commands = {command_row(9, 17), command_row(8, 17)};
            rows.orders = {order_record("1X0000000002", 17), order_record("1X0000000001", 17)};
            for (std::int64_t seq = 3; seq > 0; --seq) {
                engine::TimelineRow row;
                row.seq = seq;
                row.service_point = ServicePointId{1017};
                row.when = step(seq);
                row.kind = "notice.pretrip";
                row.params = R"({"balance":"1.84"})";
                rows.timeline.push_back(row);
            }
            rows.figures.meters = 2;
            rows.figures.online = 2;
        }
        options.demo = true;
        options.secure_cookie = false;
        options.channels = {"sandbox"};
        options.sign_in.resend_after = Duration::seconds(0);
    }

    void open() {
        Ports ports;
        ports.now = [this] { return clock.now(); };
        ports.engine = &engine;
        ports.people = &people;
        ports.answers = &answers;
        ports.reads = &read_port;
        ports.callbacks = &callbacks;
        auto opened = ApiServer::open(reactor, options, ports);
        ASSERT_TRUE(opened) << opened.error().text();
        server = std::move(*opened);
        thread = std::thread([this] { reactor.run(); });
    }
    void TearDown() override {
        if (!thread.joinable()) return;
        reactor.post([this] {
            server.reset();
            reactor.stop();
        });
        thread.join();
    }

    [[nodiscard]] std::string url(const std::string& path) const {
        return "http://127.0.0.1:" + std::to_string(server->port()) + path;
    }

    net::HttpResponse call(Client& client, const std::string& method, const std::string& path,
                           const std::string& body = "", const net::HttpHeaders& extra = {}) const {
        net::HttpCall call;
        call.method = method;
        call.url = url(path);
        call.body = body;
        call.headers = extra;
        if (!body.empty() && !extra.has("content-type")) {
            call.headers.add("Content-Type", "application/json");
        }
        if (!client.cookie.empty() && !extra.has("cookie")) {
            call.headers.add("Cookie", client.cookie);
        }
        if (!client.csrf.empty() && method != "GET" && !extra.has("x-csrf-token")) {
            call.headers.add("X-CSRF-Token", client.csrf);
        }
        auto answer = client.http.call(call);
        EXPECT_TRUE(answer) << answer.error().text();
        return answer ? std::move(*answer) : net::HttpResponse{};
    }
    net::HttpResponse get(Client& client, const std::string& path) const {
        return call(client, "GET", path);
    }
    net::HttpResponse post(Client& client, const std::string& path, const std::string& body,
                           const std::string& key) const {
        return call(client, "POST", path, body, {{"Idempotency-Key", key}});
    }

    /// A member of an answer's JSON object, as text; numbers and literals as written.
    static std::string member(const std::string& json, const std::string& name) {
        const auto document = JsonDocument::parse(json);
        if (!document || document->root().type() != JsonNode::Type::object) return "not JSON";
        const auto found = document->root().find(name);
        if (!found) return "absent";
        switch (found->type()) {
            case JsonNode::Type::string: return std::string(found->string());
            case JsonNode::Type::integer: return std::to_string(found->integer());
            case JsonNode::Type::boolean: return found->boolean() ? "true" : "false";
            case JsonNode::Type::null: return "null";
            default: return "compound";
        }
    }
    static std::string code(const net::HttpResponse& answer) { return member(answer.body, "code"); }

    void sign_in(Client& client, const std::string& phone = "13800000001") const {
        const auto asked =
            call(client, "POST", "/api/v1/auth/code", R"({"phone":")" + phone + R"("})");
        ASSERT_EQ(asked.status, 200) << asked.body;
        const auto entered = call(
            client, "POST", "/api/v1/auth/sign-in",
            R"({"phone":")" + phone + R"(","code":")" + member(asked.body, "demo_code") + R"("})");
        ASSERT_EQ(entered.status, 200) << entered.body;
        const std::string_view set = entered.headers.get("set-cookie");
        client.cookie = std::string(set.substr(0, set.find(';')));
        client.csrf = member(entered.body, "csrf");
    }

    net::Reactor reactor;
    FakeClock clock;
    FakePeople people;
    FakeAnswers answers;
    FakeCampus all;
    FakeReadPort read_port;
    FakeEngine engine;
    FakeCallbacks callbacks;
    ApiOptions options;
    std::unique_ptr<ApiServer> server;
    std::thread thread;
};

}  // namespace mb::api::test
