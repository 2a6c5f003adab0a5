#include "app/demo_campus.hpp"

#include "app/calendar.hpp"

#include <fmt/format.h>
#include <algorithm>

namespace mb::app {

namespace {

namespace tariff = rules::tariff;
using sim::fleet::LinkKind;
using sim::meter::LoadKind;

/// splitmix64: the campus is the same for the same seed everywhere.
class Dice {
public:
    explicit Dice(std::uint64_t seed) : state_(seed) {}
    /// low … high, both possible.
    std::int64_t roll(std::int64_t low, std::int64_t high) {
        state_ += 0x9E3779B97F4A7C15U;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
        z ^= z >> 31;
        return low + static_cast<std::int64_t>(z % static_cast<std::uint64_t>(high - low + 1));
    }

private:
    std::uint64_t state_;
};

tariff::TariffPrice price(std::optional<tariff::Band> band, std::optional<std::int32_t> tier,
                          const char* yuan) {
    return {band, tier, Price::parse(yuan).value()};
}

tariff::TariffDocument document(const char* code, const char* name, CivilDate from) {
    tariff::TariffDocument out;
    out.code = code;
    out.name = name;
    out.version = 1;
    out.effective_from = from;
    return out;
}

/// Dormitory: tiers by the month. Mall: time of use. Offices: flat.
std::vector<tariff::TariffDocument> demo_tariffs(CivilDate from) {
    auto dorm = document("dorm", "学生公寓阶梯电价", from);
    dorm.tier_cycle = tariff::TierCycle::month;
    dorm.tier_limits = {Quantity::parse("200").value(), Quantity::parse("400").value()};
    dorm.prices = {price({}, 1, "0.5380"), price({}, 2, "0.5880"), price({}, 3, "0.8380")};
    auto mall = document("mall", "商业分时电价", from);
    using tariff::Band;
    mall.periods = {{"00:00", "08:00", Band::valley}, {"08:00", "10:00", Band::flat},
                    {"10:00", "12:00", Band::peak},   {"12:00", "16:00", Band::flat},
                    {"16:00", "22:00", Band::peak},   {"22:00", "24:00", Band::flat}};
    mall.prices = {price(Band::peak, {}, "1.2646"), price(Band::flat, {}, "0.7439"),
                   price(Band::valley, {}, "0.2842")};
    auto office = document("office", "办公单一制电价", from);
    office.prices = {price({}, {}, "0.8260")};
    return {dorm, mall, office};
}

struct Building {
    const char* name;
    const char* tariff;
    std::int32_t share;  // of 20
    std::int32_t rooms_per_floor;
};

constexpr Building buildings[] = {
    {"学生公寓", "dorm", 10, 20}, {"商场", "mall", 6, 12}, {"办公楼", "office", 4, 10}};

constexpr const char* shops[] = {"兴旺火锅", "小满面馆", "海鲜大排档", "烘焙工坊",
                                 "连锁超市", "健身中心", "洗衣工厂",   "影音广场",
                                 "川味酒楼", "冰品屋",   "鲜果码头",   "数码体验店"};
constexpr const char* firms[] = {"云启科技", "明理律所", "宏图设计",
                                 "启航教育", "博远咨询", "安信会计"};
constexpr const char* students[] = {"李明", "王芳", "张伟", "刘洋", "陈静",
                                    "杨帆", "赵磊", "周婷", "吴昊", "孙悦"};

/// What the meter counts by: the tariff's own periods; one band where the tariff knows none.
sim::meter::DayTable day_table(std::string_view tariff) {
    constexpr std::int32_t peak = 2;
    constexpr std::int32_t flat = 3;
    constexpr std::int32_t valley = 4;
    if (tariff != "mall") return {{0, flat}};
    return {{0, valley}, {480, flat}, {600, peak}, {720, flat}, {960, peak}, {1320, flat}};
}

template <std::size_t N>
std::string pick(const char* const (&names)[N], std::int64_t i) {
    return names[static_cast<std::size_t>(i) % N];
}

class Builder {
public:
    explicit Builder(const DemoOptions& options)
        : options_(options), dice_(options.seed), zone_(Zone::find(options.zone).value()) {
        out_.campus.project = out_.project.text();
        out_.campus.seed = options.seed;
    }

    DemoCampus build() {
        project();
        std::int32_t made = 0;
        for (std::size_t b = 0; b < std::size(buildings); ++b) {
            const bool last = b + 1 == std::size(buildings);
            const std::int32_t rooms = last
                                           ? options_.meters - made
                                           : std::max(1, options_.meters * buildings[b].share / 20);
            for (std::int32_t i = 0; i < rooms; ++i) {
                room(buildings[b], i);
            }
            made += rooms;
        }
        return std::move(out_);
    }

private:
    void project() {
        engine::ProjectConfig config;
        config.name = "示范园区";
        config.zone = options_.zone;
        config.credit = demo_policy();
        config.calendar = china_calendar();
        out_.events.emplace_back(engine::ProjectConfigured{config, {}});
        std::int64_t id = 0;
        const CivilDate from = zone_.date(options_.start) + -365;
        for (const auto& doc : demo_tariffs(from)) {
            out_.events.emplace_back(engine::TariffPublished{TariffId{++id}, doc, {}});
        }
    }

    void room(const Building& building, std::int32_t index) {
        const std::int64_t id = ++rooms_;
        const std::int32_t floor = index / building.rooms_per_floor + 1;
        const std::int32_t number = floor * 100 + index % building.rooms_per_floor + 1;
        const bool dorm = building.tariff == std::string_view("dorm");
        const bool mall = building.tariff == std::string_view("mall");
        const auto restore = mall && index % 6 == 5 ? rules::relay::RestoreMode::permit
                                                    : rules::relay::RestoreMode::direct;
        out_.events.emplace_back(engine::ServicePointSet{
            {ServicePointId{id}, engine::Commodity::electricity, building.name,
             fmt::format("{}层", floor), std::to_string(number), restore},
            {}});
        const std::string name = dorm   ? pick(students, dice_.roll(0, 9)) + "等4人"
                                 : mall ? pick(shops, index)
                                        : pick(firms, index);
        const std::string phone = fmt::format("139{:08}", 10'000'000 + id);
        out_.events.emplace_back(engine::AccountSet{{AccountId{id}, name, phone}, {}});
        out_.events.emplace_back(engine::AgreementStarted{{AgreementId{id},
                                                           ServicePointId{id},
                                                           AccountId{id},
                                                           building.tariff,
                                                           engine::PaymentMode::prepaid,
                                                           options_.start,
                                                           {}},
                                                          {}});
        meter(building, id, index, floor, dorm, mall, restore);
        money(id, index, mall);
        if (building.tariff == std::string_view("office") && index == 0) {
            engine::ProtectionSet keep;
            keep.service_point = ServicePointId{id};
            keep.no_disconnect = true;
            keep.reason = "消防控制室，禁止断电";
            keep.idempotency = "demo-protect-" + std::to_string(id);
            out_.events.emplace_back(keep);
        }
    }

    void meter(const Building& building, std::int64_t id, std::int32_t index, std::int32_t floor,
               bool dorm, bool mall, rules::relay::RestoreMode restore) {
        sim::fleet::CampusMeter field;
        field.address = fmt::format("{:012}", 260'900'000'000 + id);
        field.password = "000000";
        field.initial_total = Energy{dice_.roll(100, 90'000) * 1'000'000 / 100};
        field.day_table = day_table(building.tariff);
        field.phases = mall ? 3 : 1;
        field.clock_error_s = dice_.roll(-20, 20);
        field.drift_ppb = dice_.roll(-15'000, 15'000);
        if (restore == rules::relay::RestoreMode::permit) {
            field.key_press_after_s = static_cast<std::int32_t>(dice_.roll(60, 240));
        }
        // A shop loses at least 2 yuan a poll at every price of the day but the night's.
        field.load = mall   ? sim::fleet::CampusLoad{LoadKind::flat, dice_.roll(13'000, 26'000)}
                     : dorm ? sim::fleet::CampusLoad{LoadKind::h0, dice_.roll(180, 700)}
                            : sim::fleet::CampusLoad{LoadKind::g1, dice_.roll(400, 1'800)};
        engine::MeterLink link;
        link.address = field.address;
        if (dorm) {
            link.profile = "gateway";
            link.gateway = fmt::format("GWDORM{:02}", floor);
            field.gateway = link.gateway;
            field.profile = LinkKind::gateway;
            gateway(link.gateway);
        } else if (mall || index % 2 == 0) {
            link.profile = "imei";
            link.imei = fmt::format("8612345{:08}", id);
            field.imei = link.imei;
            field.profile = LinkKind::imei;
        }
        engine::Meter installed;
        installed.id = MeterId{id};
        installed.service_point = ServicePointId{id};
        installed.link = link;
        installed.max_power_w = mall ? 80'000 : 15'000;
        installed.from = options_.start;
        rules::metering::Registers first;
        // The registers show hundredths; what the meter holds below them counts from there.
        first.value[0] = Quantity{field.initial_total.units / 100 * 100};
        first.count = 1;
        out_.events.emplace_back(engine::MeterInstalled{installed, first, {}});
        tenant(field, mall);
        out_.campus.meters.push_back(std::move(field));
        (void)building;
    }

    void gateway(const std::string& id) {
        auto& gateways = out_.campus.gateways;
        if (gateways.empty() || gateways.back().id != id) {
            gateways.push_back({id});
        }
    }

    void tenant(const sim::fleet::CampusMeter& field, bool mall) {
        sim::fleet::CampusTenant out;
        out.meter = field.address;
        out.phone = demo_tenant_phone;
        // Long enough at the usual speed for a person at the page to be first.
        out.topup_min_business_min = 10;
        out.topup_max_business_min = 25;
        out.amounts = mall ? std::vector<Money>{Money{6'000}, Money{10'000}, Money{15'000}}
                           : std::vector<Money>{Money{3'000}, Money{5'000}, Money{10'000}};
        out_.campus.tenants.push_back(std::move(out));
    }

    /// Shops run out one after another, the first within four polls; the others have months.
    void money(std::int64_t id, std::int32_t index, bool mall) {
        const std::int64_t fen =
            mall ? 700 + index * 1'300 + dice_.roll(0, 400) : dice_.roll(4'000, 30'000);
        engine::OpeningBalance balance;
        balance.account = AccountId{id};
        balance.amount = Money{fen};
        balance.idempotency = "demo-open-" + std::to_string(id);
        out_.events.emplace_back(balance);
    }

    DemoOptions options_;
    Dice dice_;
    Zone zone_;
    DemoCampus out_;
    std::int64_t rooms_ = 0;
};

}  // namespace

rules::credit::CreditPolicy demo_policy() {
    rules::credit::CreditPolicy policy;
    policy.notice_before_trip_min = 10;
    policy.allowed_from_min = 0;
    policy.allowed_to_min = 1440;
    policy.working_days_only = false;
    policy.notices_per_day_max = 60;  // business days pass in minutes here
    return policy;
}

DemoCampus make_demo_campus(const DemoOptions& options) { return Builder(options).build(); }

}  // namespace mb::app
