// Strong ids: 64-bit, made by the application; 0 is "none".
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>

namespace mb {

template <class Tag>
struct Id {
    std::int64_t value = 0;

    explicit operator bool() const { return value != 0; }
    friend auto operator<=>(const Id&, const Id&) = default;
    [[nodiscard]] std::string text() const { return std::to_string(value); }
};

using ProjectId = Id<struct ProjectTag>;
using ServicePointId = Id<struct ServicePointTag>;  // a room's supply of one commodity
using MeterId = Id<struct MeterTag>;                // one meter installation [from, to)
using AccountId = Id<struct AccountTag>;            // a payer
using AgreementId = Id<struct AgreementTag>;        // service point × tariff × payment mode
using TariffId = Id<struct TariffTag>;              // one published, immutable version
using CommandId = Id<struct CommandTag>;
using NoticeId = Id<struct NoticeTag>;
using PostingId = Id<struct PostingTag>;
using OutboxId = Id<struct OutboxTag>;
using InboxId = Id<struct InboxTag>;
using AmendmentId = Id<struct AmendmentTag>;    // a fact about the past, entered by a person
using AdjustmentId = Id<struct AdjustmentTag>;  // what re-rating changed in an agreement's bills
using LoginId = Id<struct LoginTag>;

}  // namespace mb

template <class Tag>
struct std::hash<mb::Id<Tag>> {
    std::size_t operator()(const mb::Id<Tag>& id) const noexcept {
        return std::hash<std::int64_t>{}(id.value);
    }
};
