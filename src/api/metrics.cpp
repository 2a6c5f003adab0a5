#include "api/metrics.hpp"

#include <algorithm>

#include "base/decimal.hpp"

namespace mb::api {

namespace {

const std::vector<std::int64_t> bounds_us = {1'000,   3'000,   10'000,    30'000,
                                             100'000, 300'000, 1'000'000, 10'000'000};

std::string seconds(std::int64_t us) { return format_decimal(us, 6, 0); }

void append_escaped(std::string& out, std::string_view text) {
    for (const char c : text) {
        if (c == '\\' || c == '"') out += '\\';
        if (c == '\n') {
            out += "\\n";
        } else {
            out += c;
        }
    }
}

}  // namespace

void MetricsWriter::head(std::string_view name, std::string_view help, std::string_view type) {
    if (last_ == name) return;
    last_ = name;
    out_ += "# HELP ";
    out_ += name;
    out_ += ' ';
    out_ += help;
    out_ += "\n# TYPE ";
    out_ += name;
    out_ += ' ';
    out_ += type;
    out_ += '\n';
}

void MetricsWriter::line(const std::string& name, const Labels& labels, const std::string& value) {
    out_ += name;
    if (!labels.empty()) {
        out_ += '{';
        bool first = true;
        for (const auto& [label, text] : labels) {
            if (!first) out_ += ',';
            first = false;
            out_ += label;
            out_ += "=\"";
            append_escaped(out_, text);
            out_ += '"';
        }
        out_ += '}';
    }
    out_ += ' ';
    out_ += value;
    out_ += '\n';
}

void MetricsWriter::sample(std::string_view name, std::string_view help, std::string_view type,
                           const Labels& labels, const std::string& value) {
    head(name, help, type);
    line(std::string(name), labels, value);
}

void MetricsWriter::histogram(std::string_view name, std::string_view help, const Labels& labels,
                              const std::vector<std::int64_t>& bounds,
                              const std::vector<std::uint64_t>& counts, std::int64_t sum_us) {
    head(name, help, "histogram");
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
        total += counts[i];
        Labels with_bound = labels;
        with_bound.emplace_back("le", i < bounds.size() ? seconds(bounds[i]) : "+Inf");
        line(std::string(name) + "_bucket", with_bound, std::to_string(total));
    }
    line(std::string(name) + "_sum", labels, seconds(sum_us));
    line(std::string(name) + "_count", labels, std::to_string(total));
}

void RequestMetrics::note(const std::string& route, int status, Duration took) {
    const auto slot = std::lower_bound(bounds_us.begin(), bounds_us.end(), took.us);
    const std::lock_guard lock(mutex_);
    ++requests_[{route, status}];
    Times& times = times_[route];
    times.counts.resize(bounds_us.size() + 1);
    ++times.counts.at(static_cast<std::size_t>(slot - bounds_us.begin()));
    times.sum_us += took.us;
}

void RequestMetrics::collect(MetricsWriter& out) const {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, count] : requests_) {
        out.counter("meterbook_http_requests_total", "Requests answered, by route and status.",
                    {{"route", key.first}, {"status", std::to_string(key.second)}}, count);
    }
    for (const auto& [route, times] : times_) {
        out.histogram("meterbook_http_request_seconds", "Time from request to answer.",
                      {{"route", route}}, bounds_us, times.counts, times.sum_us);
    }
}

}  // namespace mb::api
