#include "bench/list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <ostream>
#include <thread>

#include "api/api_server.hpp"
#include "api/store_ports.hpp"
#include "base/check.hpp"
#include "bench/project.hpp"
#include "bench/show.hpp"
#include "bench/stream.hpp"
#include "bench/threads.hpp"
#include "net/http_client.hpp"
#include "store/logins.hpp"

namespace mb::bench {

namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

constexpr const char* phone = "13800000001";
constexpr const char* list_path = "/api/v1/projects/1/meters";
constexpr Instant business_start{1'790'038'800'000'000};  // 09:00 of a working day in China
constexpr std::int32_t page_size = 20;                    // the console's
constexpr std::int32_t arrears_every = 20;
constexpr std::int32_t open_every = 100;

Instant wall_now() {
    using namespace std::chrono;
    return {duration_cast<microseconds>(system_clock::now().time_since_epoch()).count()};
}

StreamShape stream_of(const ListOptions& options) {
    StreamShape out;
    out.meters = options.meters - options.meters / 20;
    out.slots = INT32_MAX;
    out.start = business_start;
    out.interval = Duration{std::int64_t{out.meters} * 1'000'000 / options.rate};
    return out;
}

/// The project, each contact, and a first reading of each meter that speaks.
std::vector<engine::Event> events_of(const ListOptions& options, const Stream& stream) {
    ProjectShape shape;
    shape.meters = options.meters;
    shape.start = business_start;
    shape.registers = [&](std::int32_t id) { return stream.first(id); };
    shape.opening_balance = [](std::int32_t id) {
        return Money{id % arrears_every == 0 ? 1 : 1'000'000};
    };
    std::vector<engine::Event> out = set_up(shape);
    const std::int32_t speaking = stream.shape().meters;
    for (std::int32_t id = 1; id <= speaking; ++id) {
        out.emplace_back(engine::ContactChanged{{MeterId{id}}, true});
        engine::StatusRead status;
        status.meter = MeterId{id};
        status.at = stream.time_of(0);
        status.relay_open = status.commanded_open = id % open_every == 0;
        out.emplace_back(status);
    }
    for (std::int64_t i = 0; i < speaking; ++i) {
        out.emplace_back(stream.at(i));
    }
    return out;
}

/// Readings at an even pace from their second round on, until it goes.
class Feeder {
public:
    Feeder(const Stream& stream, std::int32_t rate, writer::WriterThread& writer)
        : stream_(stream), rate_(rate), writer_(writer), thread_([this] { run(); }) {}
    ~Feeder() {
        stopping_ = true;
        thread_.join();
    }

private:
    void run() {
        const auto begun = SteadyClock::now();
        const std::int64_t first = stream_.shape().meters;
        std::int64_t sent = 0;
        while (!stopping_) {
            const std::int64_t due = (SteadyClock::now() - begun) / 1us * rate_ / 1'000'000;
            while (sent < due &&
                   writer_.submit({bench_project, stream_.at(first + sent), {}, {}})) {
                ++sent;
            }
            std::this_thread::sleep_for(2ms);
        }
    }

    const Stream& stream_;
    std::int32_t rate_;
    writer::WriterThread& writer_;
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

/// Writer and API over one store, as app wires them.
class Office {
public:
    static Result<std::unique_ptr<Office>> make(Place& place, const ListOptions& options,
                                                const Stream& stream) {
        std::unique_ptr<Office> out(new Office);
        TRY_VOID(out->open(place, options, stream));
        return out;
    }
    ~Office() {
        if (threads_) {
            threads_->stop();
        }
        api_.reset();
    }

    /// The cookie of a manager who has just signed in. Errors: net.*, bench.answer.
    Result<std::string> sign_in(net::HttpClient& client) {
        const std::string code = TRY(api_->issue_code(phone));
        net::HttpCall call;
        call.method = "POST";
        call.url = url("/api/v1/auth/sign-in");
        call.headers.add("Content-Type", "application/json");
        call.body = fmt::format(R"({{"phone":"{}","code":"{}"}})", phone, code);
        const net::HttpResponse answer = TRY(client.call(call));
        const std::string cookie(answer.headers.get("set-cookie"));
        if (answer.status != 200) {
            return fail(error("bench.answer", ErrorKind::internal)
                            .with("query", "sign-in")
                            .with("status", std::to_string(answer.status)));
        }
        return cookie.substr(0, cookie.find(';'));
    }
    [[nodiscard]] std::string url(const std::string& target) const {
        return fmt::format("http://127.0.0.1:{}{}", api_->port(), target);
    }
    [[nodiscard]] ServerThreads& threads() { return *threads_; }

private:
    Result<void> open(Place& place, const ListOptions& options, const Stream& stream) {
        const Instant second_round = stream.time_of(stream.shape().meters);
        threads_ = TRY(ServerThreads::make(place, events_of(options, stream), second_round));
        place.settle();
        const Instant begun = wall_now();
        // A reading is sent up to a round after the time it bears, never before.
        const auto now = [begun, second_round] {
            const Instant wall = wall_now();
            return engine::Now{second_round + (wall - begun), wall, 1};
        };
        threads_->set_clock(now);
        door_ = std::make_unique<api::WriterDoor>(threads_->writer());
        reads_ = std::make_unique<api::StoreReads>(threads_->database(), threads_->lists());
        people_ = std::make_unique<api::StorePeople>(threads_->database());
        answers_ = std::make_unique<api::StoreAnswers>(threads_->database());
        const store::Logins logins(threads_->database());
        const store::Login login = TRY(logins.add(phone, "bench", begun));
        TRY_VOID(logins.grant(login.id, bench_project, "manager", begun));
        api::Ports ports;
        ports.now = now;
        ports.engine = door_.get();
        ports.people = people_.get();
        ports.answers = answers_.get();
        ports.reads = reads_.get();
        ports.health = [] { return api::Health{}; };
        api_ = TRY(api::ApiServer::open(threads_->reactor(), {}, ports));
        threads_->on_commit(
            [this](ProjectId of, const engine::Now& at, const engine::Effects& effects) {
                api_->on_commit(of, at, effects);
            });
        threads_->start();
        return {};
    }

    std::unique_ptr<ServerThreads> threads_;
    std::unique_ptr<api::WriterDoor> door_;
    std::unique_ptr<api::StoreReads> reads_;
    std::unique_ptr<api::StorePeople> people_;
    std::unique_ptr<api::StoreAnswers> answers_;
    std::unique_ptr<api::ApiServer> api_;
};

struct Kind {
    std::string name;
    std::string target;
    std::int64_t total = 0;
    std::vector<std::int64_t> us;
};

std::vector<Kind> kinds(std::int32_t meters) {
    const std::string list = fmt::format("{}?page_size={}", list_path, page_size);
    const std::int32_t some = meters * 2 / 3;
    const engine::ServicePoint place = place_of(some);
    const auto escaped = [](const std::string& text) { return net::percent_encode(text); };
    return {
        {"one meter", fmt::format("{}/{}", list_path, some), 0, {}},
        {"first page", list, 0, {}},
        {"middle page",
         fmt::format("{}&page={}", list, std::max(1, meters / 2 / page_size)),
         0,
         {}},
        {"last page", fmt::format("{}&page={}", list, (meters + page_size - 1) / page_size), 0, {}},
        {"arrears: yes", list + "&arrears=yes", 0, {}},
        {"arrears: no", list + "&arrears=no", 0, {}},
        {"online", list + "&online=online", 0, {}},
        {"lost", list + "&online=lost", 0, {}},
        {"switch: open", list + "&relay=open", 0, {}},
        {"switch: closed", list + "&relay=closed", 0, {}},
        {"building", list + "&building=" + escaped(place.building), 0, {}},
        {"search: address", fmt::format("{}&q={:012}", list, some), 0, {}},
        {"search: digits", fmt::format("{}&q={}", list, some), 0, {}},
        {"search: building", list + "&q=" + escaped(place.building), 0, {}},
        {"search: room", list + "&q=" + escaped(place.room), 0, {}},
        {"search: phrase", list + "&q=" + escaped(place.floor + " " + place.room), 0, {}},
        {"search: name", list + "&q=" + escaped(name_of(some)), 0, {}},
        {"search: filtered", list + "&arrears=yes&q=" + escaped(place.building), 0, {}},
        {"by balance", list + "&sort=-balance", 0, {}},
        {"by code, middle",
         fmt::format("{}&sort=code&page={}", list, std::max(1, meters / 2 / page_size)),
         0,
         {}},
    };
}

/// The number behind `"total":`, 0 when there is none.
std::int64_t total_in(std::string_view body) {
    constexpr std::string_view name = R"("total":)";
    std::int64_t out = 0;
    const std::size_t at = body.find(name);
    if (at != std::string_view::npos) {
        std::from_chars(body.data() + at + name.size(), body.data() + body.size(), out);
    }
    return out;
}

Result<void> ask(net::HttpClient& client, const Office& office, const std::string& cookie,
                 Kind& kind) {
    net::HttpCall call;
    call.url = office.url(kind.target);
    call.headers.add("Cookie", cookie);
    call.timeout = Duration::seconds(60);
    const auto begun = SteadyClock::now();
    const net::HttpResponse answer = TRY(client.call(call));
    kind.us.push_back((SteadyClock::now() - begun) / 1us);
    if (answer.status != 200) {
        return fail(error("bench.answer", ErrorKind::internal)
                        .with("query", kind.target)
                        .with("status", std::to_string(answer.status)));
    }
    kind.total = total_in(answer.body);
    return {};
}

/// Nearest rank: the smallest that at least `percent` of all do not exceed.
std::int64_t percentile(const std::vector<std::int64_t>& sorted, std::size_t percent) {
    CHECK(!sorted.empty());
    return sorted[(sorted.size() * percent + 99) / 100 - 1];
}

std::vector<ListTimes> times_of(std::vector<Kind> kinds) {
    std::vector<ListTimes> out;
    std::int64_t one_us = 0;
    for (Kind& kind : kinds) {
        std::ranges::sort(kind.us);
        const std::int64_t p50 = percentile(kind.us, 50);
        one_us = out.empty() ? std::max<std::int64_t>(1, p50) : one_us;
        out.push_back({kind.name, kind.target, kind.total, format_decimal(p50 / 10, 2),
                       format_decimal(percentile(kind.us, 99) / 10, 2),
                       format_decimal(p50 * 10 / one_us, 1)});
    }
    return out;
}

Result<ListResult> measure(const ListOptions& options) {
    const Stream stream(stream_of(options));
    const auto place = TRY(Place::make(options.store, options.folder));
    const auto office = TRY(Office::make(*place, options, stream));
    net::HttpClient client;
    const std::string cookie = TRY(office->sign_in(client));
    std::vector<Kind> asked = kinds(options.meters);
    Kind first{"the first of all", asked.at(1).target, 0, {}};
    TRY_VOID(ask(client, *office, cookie, first));
    const Feeder feeder(stream, options.rate, office->threads().writer());
    const std::int64_t readings = office->threads().durable_readings();
    const auto begun = SteadyClock::now();
    for (std::int32_t i = 0; i < options.requests; ++i) {
        for (Kind& kind : asked) {
            TRY_VOID(ask(client, *office, cookie, kind));
        }
    }
    const auto us = (SteadyClock::now() - begun) / 1us;
    if (office->threads().failed()) {
        return fail("bench.store_broke", ErrorKind::unavailable);
    }
    ListResult out;
    out.meters = options.meters;
    out.requests = std::int64_t{options.requests} * std::ssize(asked);
    out.ingest_wanted = options.rate;
    out.ingest_per_s = (office->threads().durable_readings() - readings) * 1'000'000 /
                       std::max<std::int64_t>(1, us);
    out.first_ms = format_decimal(first.us.front() / 10, 2);
    out.lists = times_of(std::move(asked));
    return out;
}

void print(const ListResult& r, std::ostream& out) {
    out << fmt::format("list             {} meters, {} requests; meanwhile {} of {} readings/s\n",
                       r.meters, r.requests, r.ingest_per_s, r.ingest_wanted);
    out << fmt::format("the first of all, which reads the list from the store: {} ms\n",
                       r.first_ms);
    for (const ListTimes& times : r.lists) {
        out << fmt::format("{:<16} {:>7} meters   p50 {:>8} ms   p99 {:>8} ms   ratio_meter = {}\n",
                           times.name, times.total, times.p50_ms, times.p99_ms, times.ratio_meter);
    }
}

}  // namespace

int run_list(const ListOptions& options, std::ostream& out, std::ostream& err) {
    const auto result = measure(options);
    return show(result, options.json, print, out, err) ? 0 : 1;
}

}  // namespace mb::bench
