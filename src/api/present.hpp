// Rows to the JSON of the contract.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/dto.hpp"
#include "api/ports.hpp"

namespace mb::api {

/// Texts of one project: instants in its zone. One thread.
class Presenter {
public:
    explicit Presenter(const engine::ProjectConfig& config);

    [[nodiscard]] dto::Meter meter(const MeterRecord& record) const;
    /// MeterDetail as JSON.
    [[nodiscard]] std::string meter_detail(
        const MeterRecord& record, const std::vector<rules::metering::DayReading>& today) const;
    [[nodiscard]] dto::Order order(const OrderRecord& record) const;
    [[nodiscard]] dto::Command command(const engine::CommandRow& row) const;
    [[nodiscard]] dto::TimelineEntry timeline(const engine::TimelineRow& row) const;
    [[nodiscard]] dto::NoticeSent notice(const engine::NoticeRow& row, MeterId meter) const;
    [[nodiscard]] dto::Summary summary(const Figures& figures, const engine::Now& now,
                                       bool demo) const;
    [[nodiscard]] dto::Clock clock(const engine::Now& now) const;
    [[nodiscard]] std::string text(Instant at) const { return zone_.text(at); }
    [[nodiscard]] const Zone& zone() const { return zone_; }

private:
    [[nodiscard]] std::optional<std::string> maybe(Instant at) const;
    [[nodiscard]] dto::OrderStep step(std::string name, const engine::Step& when) const;
    [[nodiscard]] dto::MeterMore more(const MeterRecord& record,
                                      const std::vector<rules::metering::DayReading>& today) const;

    const engine::ProjectConfig& config_;
    Zone zone_;
};

/// "1号宿舍 3层 305"
std::string place_of(const engine::ServicePoint& point);
/// "system" for what nobody ordered.
std::string name_of(const engine::Actor& actor);

}  // namespace mb::api
