// What the API needs of the rest of the house; app wires it, tests put fakes here. All of it may be
// called from any thread. What the environment broke comes as an exception and becomes a 503.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "crypto/digest.hpp"
#include "engine/effects.hpp"
#include "engine/events.hpp"
#include "engine/rows.hpp"
#include "net/http.hpp"

namespace mb::api {

/// The way into the engine. `done` comes from any thread, once, after the event's batch is
/// committed (or refused). When the store cannot commit, the outcome is refused with
/// store.unavailable.
class EngineDoor {
public:
    virtual ~EngineDoor() = default;
    virtual void submit(ProjectId project, engine::Event event,
                        std::function<void(engine::EventOutcome)> done) = 0;
};

// ---- people (global tables login, session) -----------------------------------------------------

struct LoginRecord {
    LoginId id;
    std::string phone;
    std::string name;
    bool disabled = false;
    std::vector<ProjectId> projects;  // as manager
};

/// The token itself is nowhere stored. Wall time.
struct SessionRecord {
    crypto::Digest token_hash{};
    LoginId login;
    Instant created_wall_at;
    Instant seen_wall_at;
    Instant expires_wall_at;
};

class People {
public:
    virtual ~People() = default;
    virtual std::optional<LoginRecord> login_by_phone(const std::string& phone) = 0;
    virtual std::optional<LoginRecord> login(LoginId id) = 0;
    /// One try of a code that the command line left in the store; true uses it up.
    virtual bool redeem_stored_code(LoginId login, const std::string& code, Instant wall) = 0;

    virtual void add_session(const SessionRecord& session) = 0;
    /// Not expired.
    virtual std::optional<SessionRecord> session(const crypto::Digest& token_hash,
                                                 Instant wall) = 0;
    virtual void touch_session(const crypto::Digest& token_hash, Instant seen_wall_at,
                               Instant expires_wall_at) = 0;
    virtual void end_session(const crypto::Digest& token_hash) = 0;
    virtual void purge_sessions(Instant wall) = 0;
};

// ---- answers kept for replays ---------------------------------------------------------------

struct KeptAnswer {
    crypto::Digest body_hash{};  // of method, path and body
    int status = 0;
    std::string body;
    Instant wall_at;
};

class Answers {
public:
    virtual ~Answers() = default;
    virtual std::optional<KeptAnswer> find(ProjectId project, LoginId login,
                                           const std::string& key) = 0;
    /// The first one stays.
    virtual void keep(ProjectId project, LoginId login, const std::string& key,
                      const KeptAnswer& answer) = 0;
};

// ---- reading a project ----------------------------------------------------------------------

struct TariffBrief {
    std::string code;
    std::int32_t version = 0;
    std::string name;
};

/// A meter in force with all that a list shows of it.
struct MeterRecord {
    engine::Meter meter;
    engine::ServicePoint service_point;
    engine::Account account;  // id 0: no agreement
    engine::MeterViewRow view;
    engine::RelayRow relay;
    TariffBrief tariff;                         // in force at the business time asked for
    std::optional<engine::CommandRow> command;  // the relay command that runs now
};

enum class MeterOrder : std::uint8_t { place, code, balance, last_contact_at, power_kw };
MB_ENUM(MeterOrder, place, code, balance, last_contact_at, power_kw)

struct MeterQuery {
    std::string q;         // part of place, tenant's name or device code
    std::string building;  // whole name
    std::optional<bool> arrears;
    std::optional<bool> online;
    std::optional<rules::relay::Position> relay;
    MeterOrder order = MeterOrder::place;
    bool descending = false;
    std::int64_t offset = 0;
    std::int64_t limit = 20;
};

struct MeterCounts {
    std::int64_t online = 0;
    std::int64_t lost = 0;
    std::int64_t closed = 0;
    std::int64_t open = 0;
    std::int64_t arrears = 0;
};

struct MeterSlice {
    std::vector<MeterRecord> items;
    std::int64_t total = 0;
    MeterCounts counts;  // under q and building only
};

struct OrderRecord {
    engine::OrderRow row;
    MeterId meter;  // in force at the order's service point
    engine::ServicePoint service_point;
    bool cut_for_arrears = false;  // now
};

struct OrderQuery {
    std::vector<engine::OrderState> states;  // empty: all
    std::string q;                           // part of number, place or device code
    std::int64_t offset = 0;
    std::int64_t limit = 20;
};

struct OrderSlice {
    std::vector<OrderRecord> items;
    std::int64_t total = 0;
};

struct Figures {
    std::int64_t meters = 0;
    std::int64_t online = 0;
    std::int64_t relay_open = 0;
    std::int64_t relay_closed = 0;
    std::int64_t in_arrears = 0;  // meters
    Money receipts_today;
    Quantity energy_today;
    std::int64_t trips_today = 0;     // verified
    std::int64_t restores_today = 0;  // verified
};

/// Everything read through one object is of one moment. Used by one thread.
class Reads {
public:
    virtual ~Reads() = default;
    virtual std::optional<engine::ProjectConfig> project(ProjectId project) = 0;
    virtual MeterSlice meters(ProjectId project, const MeterQuery& query, Instant business) = 0;
    virtual std::optional<MeterRecord> meter(ProjectId project, MeterId meter,
                                             Instant business) = 0;
    /// Newest first. `before`: only what is older than this order number ("": from the newest).
    virtual std::vector<OrderRecord> orders_of(ProjectId project, ServicePointId service_point,
                                               const std::string& before, std::int64_t limit) = 0;
    virtual OrderSlice orders(ProjectId project, const OrderQuery& query) = 0;
    virtual std::optional<OrderRecord> order(ProjectId project, const std::string& no) = 0;
    /// Newest first; `before` 0: from the newest.
    virtual std::vector<engine::CommandRow> commands_of(ProjectId project,
                                                        ServicePointId service_point,
                                                        CommandId before, std::int64_t limit) = 0;
    virtual std::optional<engine::CommandRow> command(ProjectId project, CommandId command) = 0;
    /// Newest first; `before` 0: from the newest.
    virtual std::vector<engine::TimelineRow> timeline(ProjectId project,
                                                      ServicePointId service_point,
                                                      std::int64_t before, std::int64_t limit) = 0;
    /// All readings kept for that day, as they came in.
    virtual std::vector<rules::metering::DayReading> readings(ProjectId project, MeterId meter,
                                                              CivilDate on) = 0;
    virtual std::vector<std::pair<MeterId, ServicePointId>> meters_in_force(ProjectId project,
                                                                            Instant business) = 0;
    /// Changes with every change of what a list shows of the meter.
    virtual std::vector<std::pair<MeterId, std::int64_t>> versions(ProjectId project) = 0;
    /// Of the business day of `business`.
    virtual Figures figures(ProjectId project, Instant business) = 0;
};

class ReadPort {
public:
    virtual ~ReadPort() = default;
    virtual std::unique_ptr<Reads> open() = 0;
};

// ---- the rest --------------------------------------------------------------------------------

/// Payment callbacks. Verification, the inbox and the event behind it are the channel's.
class Callbacks {
public:
    virtual ~Callbacks() = default;
    /// Runs on a worker thread; `answer` once, from any thread.
    virtual void on_callback(const std::string& channel, ProjectId project,
                             const net::HttpRequest& request,
                             std::function<void(net::HttpResponse)> answer) = 0;
};

struct Health {
    std::string status = "ok";          // ok | degraded | down
    std::vector<std::string> problems;  // stable codes
};
MB_DESCRIBE(Health, (status, problems))

struct Ports {
    std::function<engine::Now()> now;  // both clocks (design §2); from any thread
    EngineDoor* engine = nullptr;
    People* people = nullptr;
    Answers* answers = nullptr;
    ReadPort* reads = nullptr;
    Callbacks* callbacks = nullptr;
    std::function<Health()> health;  // from any thread
};

}  // namespace mb::api
