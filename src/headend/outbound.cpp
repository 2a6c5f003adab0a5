#include "headend/outbound.hpp"

namespace mb::headend {

bool Outbound::room_for(const engine::Event& event) {
    const std::size_t most = settings_.events_max;
    if (std::holds_alternative<engine::SampleTaken>(event)) {
        if (waiting_.size() < most / 4) return true;
        ++counters_.samples_dropped;
        return false;
    }
    const auto* status = std::get_if<engine::StatusRead>(&event);
    if (status != nullptr && !status->command) {
        if (waiting_.size() < most / 2) return true;
        ++counters_.samples_dropped;
        return false;
    }
    if (std::holds_alternative<engine::ReadingTaken>(event)) {
        if (waiting_.size() < most) return true;
        ++counters_.readings_dropped;
        return false;
    }
    return true;
}

void Outbound::report(ProjectId project, engine::Event&& event) {
    if (waiting_.empty() && sink_.submit(project, std::move(event))) return;
    if (room_for(event)) waiting_.emplace_back(project, std::move(event));
}

void Outbound::flush() {
    while (!waiting_.empty()) {
        auto& [project, event] = waiting_.front();
        if (!sink_.submit(project, std::move(event))) return;
        waiting_.pop_front();
    }
}

}  // namespace mb::headend
