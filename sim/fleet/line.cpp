#include "sim/fleet/line.hpp"

#include <algorithm>
#include <chrono>

namespace mb::sim::fleet {
namespace {

constexpr Duration inter_byte_max = Duration::seconds(1);
constexpr std::size_t waiting_max = 64;  // a flooded line drops answers

Instant wall_now() {
    using namespace std::chrono;
    return {duration_cast<microseconds>(steady_clock::now().time_since_epoch()).count()};
}

}  // namespace

Line::Line(net::Reactor& reactor, LineOptions options, std::vector<meter::MeterModel*> meters,
           BusinessNow business_now, LineCounters& counters)
    : reactor_(reactor),
      options_(std::move(options)),
      meters_(std::move(meters)),
      business_now_(std::move(business_now)),
      counters_(counters),
      dial_timer_(reactor),
      beat_timer_(reactor),
      answer_timer_(reactor),
      random_(meter::mix(options_.seed)) {}

std::uint64_t Line::draw() { return random_ = meter::mix(random_); }

void Line::begin(Duration wait) {
    dial_timer_.after(wait, [this] { dial(); });
}

void Line::dial() {
    net::TcpConnectOptions to;
    to.host = options_.host;
    to.port = options_.port;
    connecting_.emplace(reactor_, to,
                        [this](Result<net::LinkPtr> link) { on_link(std::move(link)); });
}

void Line::dial_again() {
    ++counters_.failures;
    // Doubles per failure; from half to one and a half times that, so that a restart of the
    // head-end is not answered by everybody at once.
    const std::int64_t longest = options_.backoff_max.us;
    const std::int64_t wait =
        std::min(longest, options_.backoff_min.us * (std::int64_t{1} << std::min(failures_, 10)));
    ++failures_;
    const auto jitter = static_cast<std::int64_t>(draw() % static_cast<std::uint64_t>(wait + 1));
    dial_timer_.after(Duration{wait / 2 + jitter}, [this] { dial(); });
}

void Line::on_link(Result<net::LinkPtr> link) {
    if (!link) return dial_again();
    link_ = std::move(*link);
    ++counters_.connects;
    ++counters_.up;
    scanner_.clear();
    waiting_.clear();
    link_->start([this](ByteView bytes) { on_bytes(bytes); },
                 [this](const Error&) { on_closed(); });
    if (options_.kind != LinkKind::plain) {
        const std::string hello = options_.id + "\r\n";
        if (link_->send(as_bytes(hello))) {
            beat_timer_.after(options_.heartbeat, [this] { beat(); });
        }
    }
}

void Line::beat() {
    const std::string_view bytes =
        options_.kind == LinkKind::imei ? std::string_view("\0", 1) : std::string_view("HB");
    if (!link_ || !link_->send(as_bytes(bytes))) return;
    beat_timer_.after(options_.heartbeat, [this] { beat(); });
}

void Line::on_closed() {
    beat_timer_.cancel();
    answer_timer_.cancel();
    waiting_.clear();
    link_.reset();
    --counters_.up;
    dial_again();
}

void Line::on_bytes(ByteView bytes) {
    failures_ = 0;  // somebody talks to us
    const Instant now = wall_now();
    if (now - last_bytes_at_ > inter_byte_max) scanner_.clear();
    last_bytes_at_ = now;
    scanner_.feed(bytes);
    while (const auto frame = scanner_.next()) on_frame(*frame);
}

void Line::on_frame(const meter::wire::Frame& frame) {
    const Instant business = business_now_();
    const bool to_all = frame.address == meter::wire::broadcast;
    std::vector<meter::MeterModel*> meant;
    for (meter::MeterModel* m : meters_) {
        if (to_all || meter::wire::meant_for(frame.address, m->address())) meant.push_back(m);
    }
    counters_.frames += meant.empty() ? 0 : 1;
    std::vector<std::vector<meter::Answer>> replies;
    for (meter::MeterModel* m : meant) {
        auto answers = m->on_frame(frame, business);
        if (!answers.empty()) replies.push_back(std::move(answers));
    }
    // Several at once on one bus drown each other: nothing readable arrives.
    if (replies.size() != 1) return;
    const Instant now = wall_now();
    for (meter::Answer& answer : replies.front()) queue(std::move(answer), now);
    send_due();
}

void Line::queue(meter::Answer answer, Instant now) {
    if (waiting_.size() >= waiting_max) return;
    Waiting entry{now + answer.delay, std::move(answer.bytes)};
    const auto at =
        std::upper_bound(waiting_.begin(), waiting_.end(), entry,
                         [](const Waiting& a, const Waiting& b) { return a.due < b.due; });
    waiting_.insert(at, std::move(entry));
}

void Line::send_due() {
    const Instant now = wall_now();
    while (link_ && !waiting_.empty() && waiting_.front().due <= now) {
        const Bytes bytes = std::move(waiting_.front().bytes);
        waiting_.pop_front();
        if (!link_->send(bytes)) return;  // on_closed follows
        ++counters_.answers;
    }
    if (!waiting_.empty()) {
        answer_timer_.after(waiting_.front().due - now, [this] { send_due(); });
    }
}

}  // namespace mb::sim::fleet
