// What there is in a project (design §2). These structs are at once parts of events, of the
// engine's state and of stored rows. All instants are business time unless they say wall.
#pragma once

#include "base/binary.hpp"
#include "base/ids.hpp"
#include "base/money.hpp"
#include "base/time.hpp"
#include "rules/calendar.hpp"
#include "rules/credit/policy.hpp"
#include "rules/relay/relay.hpp"
#include "rules/tariff/document.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace mb::engine {

/// Time of one batch. The engine reads no clock: it comes in with the batch and lies in the log.
struct Now {
    Instant business;
    Instant wall;
    std::int32_t speed = 1;  // business seconds per wall second, 1…120
};
MB_DESCRIBE(Now, (business, wall, speed))

enum class ActorKind : std::uint8_t { system, staff, tenant, meter, channel };
MB_ENUM(ActorKind, system, staff, tenant, meter, channel)

/// Who caused an event; kept with it (the audit log is built on it).
struct Actor {
    ActorKind kind = ActorKind::system;
    LoginId login;     // staff and tenants
    std::string name;  // shown; "" for system
};
MB_DESCRIBE(Actor, (kind, login, name))

using rules::tariff::Commodity;

struct ProjectConfig {
    std::string name;
    std::string zone = "Asia/Shanghai";  // IANA
    rules::credit::CreditPolicy credit;
    rules::Calendar calendar;
    std::int32_t day_close_min = 120;    // a meter's day closes so long after midnight
    std::int32_t order_expiry_min = 30;  // an unpaid order is closed at the channel, then here
};
MB_DESCRIBE(ProjectConfig, (name, zone, credit, calendar, day_close_min, order_expiry_min))

/// A room's supply of one commodity.
struct ServicePoint {
    ServicePointId id;
    Commodity commodity = Commodity::electricity;
    std::string building;
    std::string floor;
    std::string room;
    rules::relay::RestoreMode restore_mode = rules::relay::RestoreMode::direct;
};
MB_DESCRIBE(ServicePoint, (id, commodity, building, floor, room, restore_mode))

/// A payer.
struct Account {
    AccountId id;
    std::string name;
    std::string phone;
};
MB_DESCRIBE(Account, (id, name, phone))

enum class PaymentMode : std::uint8_t { prepaid, postpaid };
MB_ENUM(PaymentMode, prepaid, postpaid)

/// Service point × tariff × payer, over [from, to); to = 0: open.
struct Agreement {
    AgreementId id;
    ServicePointId service_point;
    AccountId account;
    std::string tariff_code;
    PaymentMode mode = PaymentMode::prepaid;
    Instant from;
    Instant to;
};
MB_DESCRIBE(Agreement, (id, service_point, account, tariff_code, mode, from, to))

/// How the platform reaches a meter; read by the head-end.
struct MeterLink {
    std::string protocol = "dlt645";    // a folder of codec/
    std::string profile = "plain";      // a file of meters/links
    std::string address;                // 12 digits: the device code (设备识别码)
    std::string gateway;                // id of the gateway it hangs behind; "" = a link of its own
    std::string imei;                   // of the link's modem, when the profile names it
    std::string password = "02000000";  // relay control: level and password, hex, as shown on paper
};
MB_DESCRIBE(MeterLink, (protocol, profile, address, gateway, imei, password))

/// A meter installation [from, to) at a service point. Readings belong to it.
struct Meter {
    MeterId id;
    ServicePointId service_point;
    std::int64_t modulus = 10'000'000'000;  // register modulus in 10⁻⁴ units; 1 000 000.00 kWh
    std::int32_t ratio = 1;                 // CT × PT
    std::int64_t max_power_w = 60'000;      // a faster register is implausible
    bool registers_match_table = false;     // the meter's own band table equals the tariff's
    Instant from;
    Instant to;
    MeterLink link;
};
MB_DESCRIBE(Meter,
            (id, service_point, link, modulus, ratio, max_power_w, registers_match_table, from, to))

}  // namespace mb::engine
