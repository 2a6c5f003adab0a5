// Virtual time: what will happen, in order of time, then of planning. No clock, no threads.
#pragma once

#include "base/time.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

namespace mb::sim::world {

class Schedule {
public:
    using Action = std::function<void()>;

    explicit Schedule(Instant start) : now_(start) {}

    [[nodiscard]] Instant now() const { return now_; }
    /// What lies in the past happens now.
    void at(Instant when, Action action) {
        items_.push_back({std::max(when, now_), ++planned_, std::move(action)});
        std::push_heap(items_.begin(), items_.end(), later);
    }
    void after(Duration wait, Action action) { at(now_ + wait, std::move(action)); }
    [[nodiscard]] bool due(Instant end) const { return !items_.empty() && items_.front().at < end; }
    /// The next thing; there must be one.
    Action take() {
        std::pop_heap(items_.begin(), items_.end(), later);
        Item item = std::move(items_.back());
        items_.pop_back();
        now_ = item.at;
        ++steps_;
        return std::move(item.action);
    }
    [[nodiscard]] std::int64_t steps() const { return steps_; }
    void stand_at(Instant when) { now_ = std::max(now_, when); }

private:
    struct Item {
        Instant at;
        std::int64_t number = 0;
        Action action;
    };
    static bool later(const Item& a, const Item& b) {
        return a.at != b.at ? a.at > b.at : a.number > b.number;
    }

    Instant now_;
    std::int64_t planned_ = 0;
    std::int64_t steps_ = 0;
    std::vector<Item> items_;
};

}  // namespace mb::sim::world
