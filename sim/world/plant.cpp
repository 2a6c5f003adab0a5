#include "sim/world/plant.hpp"

#include "sim/meter/model.hpp"

#include <fmt/format.h>

namespace mb::sim::world {

namespace {

namespace tariff = rules::tariff;
using rules::relay::RestoreMode;

constexpr std::size_t meters_per_gateway = 18;
constexpr Duration zone_offset = Duration::hours(8);

tariff::TariffPrice price(std::optional<tariff::Band> band, std::optional<std::int32_t> tier,
                          const char* yuan) {
    return {band, tier, Price::parse(yuan).value()};
}

tariff::TariffDocument document(const char* code, std::int32_t version, CivilDate from) {
    tariff::TariffDocument out;
    out.code = code;
    out.name = code;
    out.version = version;
    out.effective_from = from;
    return out;
}

tariff::TariffDocument flat(std::int32_t version, CivilDate from, const char* yuan) {
    auto out = document("flat", version, from);
    out.prices = {price({}, {}, yuan)};
    return out;
}

tariff::TariffDocument tiered(std::int32_t version, CivilDate from) {
    auto out = document("tiered", version, from);
    out.rounding = tariff::RoundingPlace::total;
    out.tier_cycle = tariff::TierCycle::month;
    out.tier_limits = {Quantity::parse("40").value(), Quantity::parse("90").value()};
    out.prices = {price({}, 1, "0.5380"), price({}, 2, "0.5880"), price({}, 3, "0.8380")};
    return out;
}

tariff::TariffDocument time_of_use(std::int32_t version, CivilDate from, const char* peak) {
    using tariff::Band;
    auto out = document("tou", version, from);
    out.periods = {{"00:00", "07:10", Band::valley}, {"07:10", "10:00", Band::flat},
                   {"10:00", "12:00", Band::peak},   {"12:00", "16:00", Band::flat},
                   {"16:00", "22:00", Band::peak},   {"22:00", "24:00", Band::flat}};
    out.prices = {price(Band::peak, {}, peak), price(Band::flat, {}, "0.743912"),
                  price(Band::valley, {}, "0.2842")};
    return out;
}

class Builder {
public:
    Builder(const Random& seed, int meters, const FaultSet& faults)
        : random_(seed.split("plant")), count_(meters), faults_(faults) {}

    Plant build() {
        const CivilDate first =
            CivilDate::from_ymd(2026, 11, 20) + static_cast<int>(random_.range(0, 40));
        out_.start =
            Instant{first.days * Duration::days(1).us + Duration::hours(6).us} - zone_offset;
        out_.config.name = "模拟园区";
        out_.events.emplace_back(engine::ProjectConfigured{out_.config, {}});
        tariffs(first);
        for (int i = 0; i < count_; ++i) {
            room(static_cast<std::size_t>(i));
        }
        return std::move(out_);
    }

private:
    void tariffs(CivilDate first) {
        const CivilDate old = first + -400;
        out_.tariffs = {{TariffId{1}, flat(1, old, "0.8260"), {}},
                        {TariffId{2}, tiered(1, old), {}},
                        {TariffId{3}, time_of_use(1, old, "1.264600001"), {}}};
        out_.later = {{TariffId{4}, flat(2, first + 2, "0.9310"), {}},
                      {TariffId{5}, time_of_use(2, first + 3, "1.5"), {}}};
        for (const auto& published : out_.tariffs) {
            out_.events.emplace_back(published);
        }
    }

    void room(std::size_t place) {
        const auto id = static_cast<std::int64_t>(place) + 1;
        const std::int64_t kind = random_.range(0, 5);
        const RestoreMode mode = kind == 0   ? RestoreMode::permit
                                 : kind == 1 ? RestoreMode::staff
                                             : RestoreMode::direct;
        static constexpr const char* codes[] = {"flat", "tiered", "tou"};
        const std::string code = codes[random_.index(3)];
        out_.tariff_codes.push_back(code);
        out_.events.emplace_back(engine::ServicePointSet{
            {ServicePointId{id}, engine::Commodity::electricity, fmt::format("{}", place / 10), "1",
             std::to_string(100 + id), mode},
            {}});
        out_.events.emplace_back(engine::AccountSet{
            {AccountId{id}, fmt::format("租户{}", id), fmt::format("138{:08}", id)}, {}});
        out_.events.emplace_back(engine::AgreementStarted{{AgreementId{id},
                                                           ServicePointId{id},
                                                           AccountId{id},
                                                           code,
                                                           engine::PaymentMode::prepaid,
                                                           out_.start,
                                                           {}},
                                                          {}});
        meter(place, mode);
        engine::OpeningBalance opening;
        opening.account = AccountId{id};
        opening.amount = Money{random_.range(300, 4'000)};
        opening.idempotency = "open-" + std::to_string(id);
        out_.opening.push_back(opening.amount);
        out_.events.emplace_back(opening);
    }

    void meter(std::size_t place, RestoreMode mode) {
        const auto id = static_cast<std::int64_t>(place) + 1;
        meter::MeterConfig config;
        config.address = fmt::format("{:012}", 260'700'000'000 + id);
        config.seed = random_.next();
        config.load.kind = random_.chance(500'000) ? meter::LoadKind::flat : meter::LoadKind::h0;
        config.load.mean_w = random_.range(200, 3'000);
        const bool small = random_.chance(300'000) || place < 2;
        config.digits = small ? 4 : 6;
        const bool rolls =
            faults_.has(Fault::rollover) && small && (place < 2 || random_.chance(300'000));
        config.initial_total = Energy{rolls ? 100'000'000 - random_.range(1'000, 200'000)
                                            : random_.range(0, 80'000'000)};
        config.clock_error = Duration::seconds(random_.range(-20, 20));
        config.drift_ppb = random_.range(-15'000, 15'000);
        if (mode == RestoreMode::permit) {
            config.key_press_after = Duration::seconds(random_.range(30, 900));
        }
        engine::Meter installed;
        installed.id = MeterId{id};
        installed.service_point = ServicePointId{id};
        installed.modulus = small ? 100'000'000 : 10'000'000'000;
        installed.ratio = random_.chance(150'000) ? 3 : 1;
        installed.max_power_w = 60'000;
        installed.from = out_.start;
        installed.link.address = config.address;
        put_on_line(place, installed.link);
        const meter::MeterModel model(config, out_.start);
        rules::metering::Registers first;
        first.count = 5;
        const std::int64_t modulus = installed.modulus;
        first.value[0] = Quantity{model.total().units % modulus / 100 * 100};
        for (int band = 1; band <= 4; ++band) {
            first.value[static_cast<std::size_t>(band)] =
                Quantity{model.band(band).units % modulus / 100 * 100};
        }
        out_.events.emplace_back(engine::MeterInstalled{installed, first, {}});
        out_.installed.push_back(installed);
        out_.meters.push_back(config);
    }

    /// Most hang behind gateways, every ninth dials in itself, with and without registration.
    void put_on_line(std::size_t place, engine::MeterLink& link) {
        if (place % 18 == 5) {
            link.profile = "imei";
            link.imei = fmt::format("8612345{:08}", place);
            out_.lines.push_back({"imei", link.imei, {place}});
            return;
        }
        if (place % 18 == 11) {
            link.profile = "plain";
            out_.lines.push_back({"plain", "", {place}});
            return;
        }
        link.profile = "gateway";
        if (gateway_ == no_gateway || out_.lines[gateway_].meters.size() >= meters_per_gateway) {
            gateway_ = out_.lines.size();
            out_.lines.push_back({"gateway", fmt::format("GW{:04}", gateway_ + 1), {}});
        }
        link.gateway = out_.lines[gateway_].id;
        out_.lines[gateway_].meters.push_back(place);
    }

    static constexpr std::size_t no_gateway = static_cast<std::size_t>(-1);
    Random random_;
    int count_;
    const FaultSet& faults_;
    Plant out_;
    std::size_t gateway_ = no_gateway;
};

}  // namespace

Plant make_plant(const Random& seed, int meters, const FaultSet& faults) {
    return Builder(seed, meters, faults).build();
}

}  // namespace mb::sim::world
