// What the server tells `meterbook amend`: one JSON object a request (docs/reference/amend.md).
#pragma once

#include "app/amend_form.hpp"
#include "base/json.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mb::app {

struct AmendRequest {
    std::optional<std::string> project;  // id; not needed when there is one
    bool dry_run = true;
    std::string key;  // idempotency
    std::string by;   // who asks
    AmendForm amendment;
};
MB_DESCRIBE(AmendRequest, (project, dry_run, key, by, amendment))

/// A bill line before and after. Amounts in yuan.
struct ChangedLine {
    std::string month;  // 2026-11
    std::string item;
    std::string band;          // energy: else ""
    std::int32_t tier = 0;     // energy: from 1
    std::int32_t version = 0;  // of the tariff
    Quantity quantity_before;
    Quantity quantity;
    Money amount_before;
    Money amount;
};
MB_DESCRIBE(ChangedLine,
            (month, item, band, tier, version, quantity_before, quantity, amount_before, amount))

struct ShownAdjustment {
    AgreementId agreement;
    AccountId account;
    ServicePointId service_point;
    std::string made;  // "" while it is only a preview
    Money amount;      // > 0: charged; < 0: given back
    Quantity quantity;
    std::vector<ChangedLine> lines;
};
MB_DESCRIBE(ShownAdjustment, (agreement, account, service_point, made, amount, quantity, lines))

struct ShownBalance {
    AccountId account;
    std::string name;
    Money before;
    Money after;
    Money charged;  // before − after
};
MB_DESCRIBE(ShownBalance, (account, name, before, after, charged))

struct AmendAnswer {
    std::string kind;
    bool done = false;  // false: a preview, nothing was changed
    std::string ref;  // the amendment, the new meter, agreement or tariff version; of a preview ""
    std::vector<ServicePointId> service_points;  // rated anew
    std::int64_t adjustments_before = 0;         // the last adjustment before it
    std::int64_t agreements_changed = 0;
    std::int64_t accounts_changed = 0;
    std::int64_t accounts_up = 0;  // charged more
    std::int64_t accounts_down = 0;
    Money charged;  // over all accounts
    std::vector<ShownBalance> largest;
    std::vector<ShownAdjustment> adjustments;  // of one service point; of more: none
};
MB_DESCRIBE(AmendAnswer,
            (kind, done, ref, service_points, adjustments_before, agreements_changed,
             accounts_changed, accounts_up, accounts_down, charged, largest, adjustments))

struct AmendStatusRequest {
    std::optional<std::string> project;
    std::vector<ServicePointId> service_points;
    std::int64_t after = 0;  // adjustments with higher ids
};
MB_DESCRIBE(AmendStatusRequest, (project, service_points, after))

struct FailedPoint {
    ServicePointId service_point;
    std::string why;
};
MB_DESCRIBE(FailedPoint, (service_point, why))

struct AmendStatus {
    std::int64_t waiting = 0;  // of the service points
    std::int64_t agreements_changed = 0;
    Money charged;
    std::vector<ShownAdjustment> adjustments;  // of one service point
    std::vector<FailedPoint> failed;
};
MB_DESCRIBE(AmendStatus, (waiting, agreements_changed, charged, adjustments, failed))

struct AmendListRequest {
    std::optional<std::string> project;
    std::string meter;
};
MB_DESCRIBE(AmendListRequest, (project, meter))

struct ShownAmendment {
    AmendmentId id;
    std::string kind;
    std::string from;  // what it changes begins then
    std::string entered;
    std::string by;
    std::string reason;
    std::map<std::string, std::string> params;
};
MB_DESCRIBE(ShownAmendment, (id, kind, from, entered, by, reason, params))

struct AmendList {
    ServicePointId service_point;
    std::string place;
    std::vector<ShownAmendment> amendments;    // newest first
    std::vector<ShownAdjustment> adjustments;  // newest first
};
MB_DESCRIBE(AmendList, (service_point, place, amendments, adjustments))

}  // namespace mb::app
