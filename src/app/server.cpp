#include "app/server.hpp"

#include "api/api_server.hpp"
#include "api/store_ports.hpp"
#include "app/amend_desk.hpp"
#include "app/callbacks.hpp"
#include "app/control_socket.hpp"
#include "app/managers.hpp"
#include "app/outbox_dispatcher.hpp"
#include "app/rerate_desk.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "engine/engine.hpp"
#include "engine/state.hpp"
#include "headend/headend.hpp"
#include "payment/sandbox/sandbox.hpp"
#include "store/logins.hpp"
#include "store/open_store.hpp"
#include "writer/writer_thread.hpp"

#include <fmt/format.h>
#include <atomic>
#include <sstream>

namespace mb::app {

namespace {

class ServerClock final : public headend::Clock {
public:
    explicit ServerClock(BusinessClock clock) : clock_(clock) {}
    [[nodiscard]] engine::Now now() const override { return clock_.now(); }

private:
    BusinessClock clock_;
};

/// From the head-end into the writer.
class Sink final : public headend::EventSink {
public:
    explicit Sink(writer::WriterThread& writer) : writer_(writer) {}

    bool submit(ProjectId project, engine::Event&& event) override {
        writer::Submission submission{project, event, {}, {}};
        return writer_.submit(std::move(submission));
    }

private:
    writer::WriterThread& writer_;
};

headend::ProjectMeters meters_of(const engine::State& state) {
    headend::ProjectMeters out;
    out.zone = state.config.zone;
    state.meters.each([&](MeterId, const engine::MeterState& meter) {
        if (!meter.config.to) {
            out.meters.push_back(meter.config);
        }
    });
    return out;
}

bool changes_meters(const engine::Effects& effects) {
    for (const engine::Row& row : effects.rows()) {
        if (std::holds_alternative<engine::Meter>(row) ||
            std::holds_alternative<engine::ProjectRow>(row)) {
            return true;
        }
    }
    return false;
}

}  // namespace

class Server::Impl {
public:
    explicit Impl(ServerOptions options) : options_(std::move(options)), clock_(options_.clock) {}

    Result<void> open();
    Result<void> seed(ProjectId project, const std::vector<engine::Event>& events);
    int run();

    ServerOptions options_;
    ServerClock clock_;
    ServerPorts ports_;
    net::Reactor reactor_;
    std::unique_ptr<store::OpenStore> store_;
    payment::ChannelBook channels_;
    std::unique_ptr<writer::Writer> writer_;
    std::unique_ptr<writer::WriterThread> thread_;
    std::unique_ptr<Sink> sink_;
    std::unique_ptr<api::WriterDoor> door_;
    std::unique_ptr<headend::Headend> headend_;
    std::unique_ptr<RerateDesk> rerates_;
    std::unique_ptr<AmendDesk> amends_;
    std::unique_ptr<OutboxDispatcher> outbox_;
    std::unique_ptr<CallbackDesk> callbacks_;
    std::unique_ptr<api::StoreReads> reads_;
    std::unique_ptr<api::StorePeople> people_;
    std::unique_ptr<api::StoreAnswers> answers_;
    std::unique_ptr<api::ApiServer> api_;
    std::unique_ptr<net::Timer> clock_timer_;
    std::optional<ControlSocket> control_;
    std::atomic<bool> failed_{false};

private:
    Result<void> open_store();
    Result<void> open_headend();
    Result<void> open_api();
    void open_rerates();
    void open_outbox();
    void on_commit(ProjectId project, const engine::Now& now, const engine::Effects& effects);
    void configure_headend(ProjectId project);
    void save_clock();
    Result<std::string> control(const std::string& line);
    api::Health health() const;
};

Result<void> Server::Impl::open_store() {
    store_ = TRY(store::open_store({options_.store, options_.data.string()},
                                   store::holder_name("server"), wall_now()));
    writer_ = std::make_unique<writer::Writer>(
        store_->writer_store(), writer::WriterOptions{},
        [this](ProjectId project, const engine::Now& now, const engine::Effects& effects) {
            on_commit(project, now, effects);
        });
    writer_->load();
    const Instant business = clock_.now().business;
    if (writer_->last_business() > business + Duration::hours(1)) {
        return fail(error("clock.behind", ErrorKind::conflict)
                        .with("saved", utc_text(writer_->last_business()))
                        .with("now", utc_text(business)));
    }
    thread_ = std::make_unique<writer::WriterThread>(
        *writer_, [this] { return clock_.now(); },
        [this](const std::string& why) {
            log::error("the server stops: {}", why);
            failed_ = true;
            reactor_.stop();
        });
    sink_ = std::make_unique<Sink>(*thread_);
    door_ = std::make_unique<api::WriterDoor>(*thread_);
    return {};
}

Result<void> Server::Impl::open_headend() {
    auto profiles = options_.link_profiles.empty()
                        ? headend::LinkProfiles::built_in()
                        : TRY(headend::LinkProfiles::with_folder(options_.link_profiles));
    headend_ = std::make_unique<headend::Headend>(reactor_, headend::HeadendSettings{}, profiles,
                                                  clock_, *sink_);
    const auto listen = [&](const char* profile, std::uint16_t wanted) -> Result<std::uint16_t> {
        headend::HeadendListen where;
        where.tcp.address = options_.meter_address;
        where.tcp.port = wanted;
        where.profile = profile;
        return headend_->listen(where);
    };
    ports_.imei = TRY(listen("imei", options_.imei_port));
    ports_.plain = TRY(listen("plain", options_.plain_port));
    ports_.gateway = TRY(listen("gateway", options_.gateway_port));
    return {};
}

Result<void> Server::Impl::open_api() {
    reads_ = std::make_unique<api::StoreReads>(store_->database(), store_->lists());
    people_ = std::make_unique<api::StorePeople>(store_->database());
    answers_ = std::make_unique<api::StoreAnswers>(store_->database());
    callbacks_ = std::make_unique<CallbackDesk>(
        channels_, [this](writer::Submission s) { return thread_->submit(std::move(s)); });
    api::ApiOptions api;
    api.http.address = options_.http_address;
    api.http.port = options_.http_port;
    api.console = options_.console;
    api.demo = options_.demo;
    api.secure_cookie = !options_.demo;
    if (options_.sandbox) {
        api.channels.emplace_back("sandbox");
    }
    api::Ports ports;
    ports.now = [this] { return clock_.now(); };
    ports.engine = door_.get();
    ports.people = people_.get();
    ports.answers = answers_.get();
    ports.reads = reads_.get();
    ports.callbacks = callbacks_.get();
    ports.health = [this] { return health(); };
    api_ = TRY(api::ApiServer::open(reactor_, api, ports));
    ports_.http = api_->port();
    return {};
}

void Server::Impl::open_rerates() {
    RerateDeskPorts ports;
    ports.snapshot = [this](ProjectId project,
                            ServicePointId point) -> std::optional<engine::PointSnapshot> {
        std::optional<engine::PointSnapshot> out;
        thread_->inspect([&](const writer::Writer& writer) {
            const engine::Engine* engine = writer.engine(project);
            if (engine != nullptr && engine->state().service_points.find(point) != nullptr) {
                out = engine->snapshot(point);
            }
        });
        return out;
    };
    ports.submit = [this](ProjectId project, engine::Event event) {
        return thread_->submit_and_wait({project, std::move(event), {}, {}}, Duration::seconds(30));
    };
    rerates_ = std::make_unique<RerateDesk>(store_->database(), std::move(ports));
    amends_ =
        std::make_unique<AmendDesk>(store_->database(), *thread_, [this] { return clock_.now(); });
}

void Server::Impl::open_outbox() {
    if (options_.sandbox) {
        payment::sandbox::SandboxConfig config;
        config.base_url = options_.sandbox->base_url;
        config.secret = options_.sandbox->secret;
        channels_.add(std::make_shared<payment::sandbox::SandboxChannel>(config, wall_now));
    }
    OutboxPorts ports;
    const net::Poster poster = reactor_.poster();
    ports.to_meter = [this, poster](ProjectId project, const engine::OutboxRow& row, bool again) {
        (void)poster.post([this, project, row, again] { headend_->submit(project, row, again); });
    };
    ports.supersede = [this, poster](ProjectId project, CommandId command) {
        (void)poster.post([this, project, command] { headend_->supersede(project, command); });
    };
    ports.to_rerate = [this](ProjectId project, const engine::OutboxRow& row) {
        rerates_->put(project, row);
    };
    ports.submit = [this](ProjectId project, engine::Event event) {
        return thread_->submit({project, std::move(event), {}, {}});
    };
    ports.notify_url = [this](ProjectId project, const std::string& channel) {
        const std::string base =
            options_.public_url.empty()
                ? fmt::format("http://{}:{}", options_.http_address, ports_.http)
                : options_.public_url;
        return fmt::format("{}/callbacks/{}/{}", base, channel, project.text());
    };
    outbox_ = std::make_unique<OutboxDispatcher>(channels_, std::move(ports), 2);
}

Result<void> Server::Impl::open() {
    TRY_VOID(open_store());
    open_rerates();
    open_outbox();
    TRY_VOID(open_headend());
    TRY_VOID(open_api());
    for (const ProjectId project : writer_->projects()) {
        configure_headend(project);
        outbox_->redeliver(project, store_->writer_store().outbox(project));
    }
    return {};
}

/// On the writer's thread, or before it runs.
void Server::Impl::configure_headend(ProjectId project) {
    headend::ProjectMeters meters = meters_of(writer_->engine(project)->state());
    reactor_.post(
        [this, project, meters = std::move(meters)] { headend_->configure(project, meters); });
}

void Server::Impl::on_commit(ProjectId project, const engine::Now& now,
                             const engine::Effects& effects) {
    if (changes_meters(effects)) {
        configure_headend(project);
    }
    outbox_->on_commit(project, effects);
    if (api_) {
        api_->on_commit(project, now, effects);
    }
}

Result<void> Server::Impl::seed(ProjectId project, const std::vector<engine::Event>& events) {
    Result<void> result;
    const auto logged = static_cast<std::size_t>(store_->writer_store().last_seq(project));
    for (std::size_t i = logged; i < events.size(); ++i) {
        const engine::Event& event = events[i];
        const auto done = [&](const engine::EventOutcome& outcome) {
            if (outcome.refused && result) {
                result = fail(outcome.error);
            }
        };
        CHECK(writer_->submit({project, event, {}, done}));
        writer_->run_batch(clock_.now());
    }
    writer_->flush_all();
    return result;
}

void Server::Impl::save_clock() {
    const engine::Now now = clock_.now();
    try {
        write_file(options_.data / "clock.json",
                   to_json(ClockFile{now.business.us, now.wall.us, now.speed}));
    } catch (const std::exception& why) {
        log::warn("clock.json: {}", why.what());
    }
    clock_timer_->after(Duration::seconds(1), [this] { save_clock(); });
}

api::Health Server::Impl::health() const {
    api::Health out;
    const writer::WriterCounters counters = thread_->counters();
    if (counters.disk_full) {
        out.problems.emplace_back("store.disk_full");
    }
    if (counters.down) {
        out.problems.emplace_back("store.unavailable");
    }
    if (counters.parked > 0) {
        out.problems.emplace_back("event.parked");
    }
    out.status = counters.down ? "down" : out.problems.empty() ? "ok" : "degraded";
    return out;
}

/// "code PHONE", "add PHONE PROJECT NAME", and "amend… {JSON}" (app/amend_desk.hpp).
Result<std::string> Server::Impl::control(const std::string& line) {
    if (line.starts_with("amend")) {
        const std::size_t blank = std::min(line.find(' '), line.size());
        return amends_->answer(line.substr(0, blank), std::string_view(line).substr(blank));
    }
    std::istringstream words(line);
    std::string verb;
    std::string phone;
    std::int64_t project = 0;
    std::string name;
    words >> verb >> phone;
    if (verb == "code" && !phone.empty()) {
        if (!store::Logins(store_->database()).find_by_phone(phone)) {
            return fail("user.unknown", ErrorKind::not_found);
        }
        return api_->issue_code(phone);
    }
    if (verb == "add" && words >> project) {
        std::getline(words >> std::ws, name);
        mb::app::add_manager(store_->database(), phone, name, ProjectId{project}, wall_now());
        return std::string("added");
    }
    return fail("control.unknown_request");
}

int Server::Impl::run() {
    reactor_.on_stop_signals([this](int) { reactor_.stop(); });
    if (options_.save_clock) {
        clock_timer_ = std::make_unique<net::Timer>(reactor_);
        save_clock();
    }
    thread_->start();
    auto control =
        ControlSocket::listen(control_path(options_.data),
                              [this](const std::string& line) { return this->control(line); });
    if (control) {
        control_.emplace(std::move(*control));
    } else {
        log::warn("no control socket: {}", control.error().text());
    }
    reactor_.run();
    amends_->stop();
    control_.reset();
    log::info("stopping: the queue is drained, rows are flushed, a checkpoint is taken");
    headend_->stop();
    outbox_->stop();
    rerates_->stop();
    thread_->stop();
    if (clock_timer_) {
        save_clock();
        clock_timer_.reset();
    }
    api_.reset();
    return failed_ ? 1 : 0;
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::open(ServerOptions options) {
    auto impl = std::make_unique<Impl>(std::move(options));
    TRY_VOID(impl->open());
    return std::unique_ptr<Server>(new Server(std::move(impl)));
}

ServerPorts Server::ports() const { return impl_->ports_; }

Result<void> Server::seed(ProjectId project, const std::vector<engine::Event>& events) {
    return impl_->seed(project, events);
}

void Server::add_manager(const std::string& phone, const std::string& name, ProjectId project) {
    mb::app::add_manager(impl_->store_->database(), phone, name, project, wall_now());
}

int Server::run() { return impl_->run(); }
void Server::stop() { impl_->reactor_.stop(); }

Result<std::optional<Instant>> saved_business_time(const std::filesystem::path& data) {
    const auto file = TRY(read_clock_file(data / "clock.json"));
    return file ? std::optional(Instant{file->business_us}) : std::nullopt;
}

}  // namespace mb::app
