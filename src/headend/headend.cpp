#include "headend/headend.hpp"

#include <algorithm>
#include <chrono>

#include "base/json.hpp"
#include "base/log.hpp"

namespace mb::headend {

using engine::Now;

namespace {

constexpr std::size_t problem_lines_max = 20;
constexpr std::int32_t log_lines_max = 30;                  // a minute
constexpr Duration timer_wait_max = Duration::seconds(60);  // wall; looks again at least so often

std::int64_t steady_us() {
    using namespace std::chrono;
    return duration_cast<microseconds>(steady_clock::now().time_since_epoch()).count();
}

}  // namespace

Headend::Headend(net::Reactor& reactor, const HeadendSettings& settings,
                 const LinkProfiles& profiles, const Clock& clock, EventSink& sink)
    : clock_(clock),
      profiles_(profiles),
      wall_anchor_(clock.now().wall),
      steady_anchor_us_(steady_us()),
      timer_(reactor),
      board_(settings, profiles, *this, sink),
      reactor_(reactor) {}

Headend::~Headend() = default;

Now Headend::now() const {
    Now out = clock_.now();
    out.wall = wall_anchor_ + Duration{steady_us() - steady_anchor_us_};
    return out;
}

Result<std::uint16_t> Headend::listen(const HeadendListen& where) {
    if (!profiles_.find(where.profile)) {
        return fail(error("headend.no_such_profile")
                        .with("profile", where.profile)
                        .with("did_you_mean", did_you_mean(where.profile, profiles_.names())));
    }
    auto on_link = [this, profile = where.profile](net::LinkPtr link) {
        this->on_link(profile, std::move(link));
    };
    listeners_.push_back(TRY(net::TcpListener::open(reactor_, where.tcp, std::move(on_link))));
    return listeners_.back()->port();
}

void Headend::stop() {
    stopped_ = true;
    listeners_.clear();
    timer_.cancel();
    links_.clear();
}

std::vector<net::TcpListenCounters> Headend::listen_counters() const {
    std::vector<net::TcpListenCounters> out;
    for (const auto& listener : listeners_) out.push_back(listener->counters());
    return out;
}

// ---- links -----------------------------------------------------------------------------------

void Headend::on_link(const std::string& profile, net::LinkPtr link) {
    if (stopped_) return;
    const LinkId id{next_link_++};
    const Now at = now();
    const std::string peer = link->peer();
    net::Link& kept = *links_.emplace(id.value, std::move(link)).first->second;
    if (!board_.opened(id, profile, peer, at)) {
        links_.erase(id.value);  // a flood of new links: the device dials again later
        return;
    }
    if (links_.contains(id.value)) {
        kept.start([this, id](ByteView bytes) { on_bytes(id, bytes); },
                   [this, id](const Error&) { on_closed(id); });
    }
    arm(at);
}

void Headend::on_bytes(LinkId id, ByteView bytes) {
    const Now at = now();
    board_.bytes(id, bytes, at);
    arm(at);
}

void Headend::on_closed(LinkId id) {
    const Now at = now();
    links_.erase(id.value);
    board_.closed(id, at);
    arm(at);
}

void Headend::send(LinkId link, ByteView bytes) {
    const auto found = links_.find(link.value);
    // A full queue or a dead socket ends the link by its own callback.
    if (found != links_.end()) found->second->send(bytes);
}

void Headend::close(LinkId link, std::string_view reason) {
    log_closed(link, reason);
    links_.erase(link.value);
}

void Headend::log_closed(LinkId link, std::string_view reason) {
    const Instant wall = now().wall;
    if (wall - log_minute_at_ > Duration::minutes(1)) {
        if (log_lines_ > log_lines_max) {
            log::warn("headend: {} further links closed by us in a minute",
                      log_lines_ - log_lines_max);
        }
        log_minute_at_ = wall;
        log_lines_ = 0;
    }
    if (++log_lines_ > log_lines_max) return;
    const auto found = links_.find(link.value);
    log::warn("headend: closed link {} from {}: {}", link.value,
              found == links_.end() ? "?" : found->second->peer(), reason);
}

// ---- configuration, tasks --------------------------------------------------------------------

void Headend::configure(ProjectId project, const ProjectMeters& meters) {
    const Now at = now();
    board_.configure(project, meters, at);
    log_problems(project);
    arm(at);
}

void Headend::log_problems(ProjectId project) {
    std::vector<std::string> lines;
    for (const ConfigProblem& problem : board_.problems()) {
        if (problem.key.project != project) continue;
        lines.push_back(fmt::format("headend: project {} meter {} cannot be reached: {}",
                                    project.text(), problem.key.meter.text(),
                                    problem.error.text()));
    }
    std::vector<std::string>& known = problems_[project];
    if (lines == known) return;
    for (std::size_t i = 0; i < lines.size() && i < problem_lines_max; ++i) {
        log::warn("{}", lines[i]);
    }
    if (lines.size() > problem_lines_max) {
        log::warn("headend: project {}: {} meters cannot be reached", project.text(), lines.size());
    }
    known = std::move(lines);
}

void Headend::remove(ProjectId project) {
    const Now at = now();
    board_.remove(project, at);
    arm(at);
}

void Headend::submit(ProjectId project, const engine::OutboxRow& task, bool redelivered) {
    const Now at = now();
    board_.submit(project, task, redelivered, at);
    arm(at);
}

bool Headend::supersede(ProjectId project, CommandId command) {
    const Now at = now();
    const bool out = board_.supersede(project, command, at);
    arm(at);
    return out;
}

// ---- time ------------------------------------------------------------------------------------

void Headend::arm(const Now& at) {
    if (stopped_) return;
    const Instant next = std::min(board_.next_timer(), at.wall + timer_wait_max);
    if (armed_at_ && armed_at_ <= next) return;
    armed_at_ = next;
    timer_.after(next - at.wall, [this] { on_timer(); });
}

void Headend::on_timer() {
    armed_at_ = {};
    const Now at = now();
    board_.timer(at);
    arm(at);
}

}  // namespace mb::headend
