#include "bench/project.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>

#include "base/check.hpp"

namespace mb::bench {

namespace {

constexpr std::int32_t rooms_per_floor = 40;
constexpr std::int32_t rooms_per_building = 2'000;
constexpr std::size_t loaded_at_once = 8'192;

/// Tiers that every meter crosses twice in a run of `bench ingest`.
rules::tariff::TariffDocument tariff(CivilDate from) {
    rules::tariff::TariffDocument out;
    out.code = "tiers";
    out.name = "bench";
    out.version = 1;
    out.effective_from = from;
    out.tier_cycle = rules::tariff::TierCycle::month;
    out.tier_limits = {Quantity::parse("100").value(), Quantity::parse("250").value()};
    out.prices = {{{}, 1, Price::parse("0.5380").value()},
                  {{}, 2, Price::parse("0.5880").value()},
                  {{}, 3, Price::parse("0.8380").value()}};
    return out;
}

void add_room(std::vector<engine::Event>& out, const ProjectShape& shape, std::int32_t id) {
    out.emplace_back(engine::ServicePointSet{place_of(id), {}});
    out.emplace_back(engine::AccountSet{{AccountId{id}, name_of(id), ""}, {}});
    out.emplace_back(engine::AgreementStarted{{AgreementId{id},
                                               ServicePointId{id},
                                               AccountId{id},
                                               shape.tariff ? shape.tariff->code : "tiers",
                                               engine::PaymentMode::prepaid,
                                               shape.start,
                                               {}},
                                              {}});
    engine::Meter meter;
    meter.id = MeterId{id};
    meter.service_point = ServicePointId{id};
    meter.link.address = fmt::format("{:012}", id);
    if (shape.link) {
        meter.link = shape.link(id);
    }
    meter.from = shape.start;
    meter.max_power_w = 0;  // registers may turn faster here than in life
    out.emplace_back(engine::MeterInstalled{meter, shape.registers(id), {}});
    const Money balance = shape.opening_balance ? shape.opening_balance(id) : Money{1'000'000};
    out.emplace_back(engine::OpeningBalance{AccountId{id}, balance, "b" + std::to_string(id), {}});
}

}  // namespace

engine::ServicePoint place_of(std::int32_t id) {
    const std::int32_t index = id - 1;
    const std::int32_t floor = index % rooms_per_building / rooms_per_floor + 1;
    return {ServicePointId{id},
            engine::Commodity::electricity,
            fmt::format("{}号楼", index / rooms_per_building + 1),
            fmt::format("{}层", floor),
            std::to_string(floor * 100 + index % rooms_per_floor + 1),
            rules::relay::RestoreMode::direct};
}

std::string name_of(std::int32_t id) {
    constexpr std::array<std::string_view, 10> family{"王", "李", "张", "刘", "陈",
                                                      "杨", "赵", "黄", "周", "吴"};
    constexpr std::array<std::string_view, 10> given{"伟", "芳", "娜", "敏", "静",
                                                     "丽", "强", "磊", "军", "洋"};
    const auto digit = [&](std::int32_t worth) {
        return static_cast<std::size_t>(id / worth % 10);
    };
    return fmt::format("{}{}{}", family[digit(1)], given[digit(10)], given[digit(100)]);
}

std::vector<engine::Event> set_up(const ProjectShape& shape) {
    std::vector<engine::Event> out;
    engine::ProjectConfig config;
    config.name = "bench";
    const CivilDate tariff_from = Zone{}.date(shape.start) + -40;
    out.emplace_back(engine::ProjectConfigured{config, {}});
    const auto document = shape.tariff ? *shape.tariff : tariff(tariff_from);
    out.emplace_back(engine::TariffPublished{TariffId{1}, document, {}});
    for (std::int32_t id = 1; id <= shape.meters; ++id) {
        add_room(out, shape, id);
    }
    return out;
}

void load(writer::Writer& writer, std::vector<engine::Event> events, Instant now) {
    const auto run = [&] {
        while (writer.queued() > 0) {
            CHECK(writer.run_batch({now, now, 1}));
        }
    };
    for (engine::Event& event : events) {
        CHECK(writer.submit({bench_project, std::move(event), {}, {}}));
        if (writer.queued() >= loaded_at_once) {
            run();
        }
    }
    run();
    writer.stop(now);
}

}  // namespace mb::bench
