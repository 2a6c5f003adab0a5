// Figures for Prometheus in its text format 0.0.4. Rooms below keep plain counters; app adds a
// collector that writes them when somebody asks.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.hpp"

namespace mb::api {

using Labels = std::vector<std::pair<std::string, std::string>>;

/// Writes samples; those of one name belong together and are given one after another.
class MetricsWriter {
public:
    void counter(std::string_view name, std::string_view help, const Labels& labels,
                 std::uint64_t value) {
        sample(name, help, "counter", labels, std::to_string(value));
    }
    void gauge(std::string_view name, std::string_view help, const Labels& labels,
               std::int64_t value) {
        sample(name, help, "gauge", labels, std::to_string(value));
    }
    /// `counts[i]`: observations ≤ `bounds_us[i]`, not cumulative; the last one is above all
    /// bounds.
    void histogram(std::string_view name, std::string_view help, const Labels& labels,
                   const std::vector<std::int64_t>& bounds_us,
                   const std::vector<std::uint64_t>& counts, std::int64_t sum_us);
    [[nodiscard]] std::string take() { return std::move(out_); }

private:
    void sample(std::string_view name, std::string_view help, std::string_view type,
                const Labels& labels, const std::string& value);
    void head(std::string_view name, std::string_view help, std::string_view type);
    void line(const std::string& name, const Labels& labels, const std::string& value);

    std::string out_;
    std::string last_;
};

using Collector = std::function<void(MetricsWriter& out)>;

/// The API's own figures: requests by route and status, and how long they took.
class RequestMetrics {
public:
    void note(const std::string& route, int status, Duration took);
    void collect(MetricsWriter& out) const;

private:
    struct Times {
        std::vector<std::uint64_t> counts;
        std::int64_t sum_us = 0;
    };
    mutable std::mutex mutex_;
    std::map<std::pair<std::string, int>, std::uint64_t> requests_;
    std::map<std::string, Times> times_;
};

}  // namespace mb::api
