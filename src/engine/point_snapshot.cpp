#include "engine/point_snapshot.hpp"

#include "engine/context.hpp"
#include "engine/engine.hpp"

#include <algorithm>

namespace mb::engine {

namespace {

rules::billing::PointMeter meter_of(const MeterState& meter) {
    rules::billing::PointMeter out;
    out.id = meter.config.id;
    out.spec = {meter.config.modulus,
                meter.ratios.empty() ? meter.config.ratio : meter.ratios.front().ratio,
                meter.config.max_power_w};
    out.ratios = meter.ratios;
    out.registers_match_table = meter.config.registers_match_table;
    out.from = meter.config.from;
    out.to = meter.config.to;
    for (const OpenDay& day : meter.days) {
        const auto readings = day.block.readings();
        out.readings.insert(out.readings.end(), readings.begin(), readings.end());
    }
    return out;
}

}  // namespace

PointSnapshot Engine::snapshot(ServicePointId point) const {
    const ServicePointState& sp = state_->service_points.at(point);
    PointSnapshot out;
    out.service_point = point;
    out.basis = sp.basis;
    out.task = sp.rerate;
    out.book = state_->tariffs;
    out.calendar = state_->config.calendar;
    out.zone = derived_->zone;
    for (const MeterId id : sp.meters) {
        const MeterState& meter = state_->meters.at(id);
        out.history.meters.push_back(meter_of(meter));
        out.closed_to.push_back(meter.closed_to);
    }
    for (const AgreementId id : sp.agreements) {
        const AgreementState& agreement = state_->agreements.at(id);
        out.history.agreements.push_back({id, agreement.accrual.tariff_code_index, agreement.terms,
                                          agreement.config.from, agreement.config.to,
                                          agreement.continues, agreement.settle_to});
        out.present.push_back(agreement.accrual);
    }
    for (const DayRow& row : derived_->ready_days) {
        if (std::find(sp.meters.begin(), sp.meters.end(), row.meter) != sp.meters.end()) {
            out.unflushed.push_back(row);
        }
    }
    return out;
}

}  // namespace mb::engine
