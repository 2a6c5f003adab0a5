// Documents for tests, written as the JSON that people write.
#pragma once

#include "base/json.hpp"
#include "rules/tariff/document.hpp"

#include <string>
#include <string_view>

namespace mb::rules::tariff::test {

inline CivilDate on(std::string_view text) { return CivilDate::parse(text).value(); }
inline Quantity amount(std::string_view text) { return Quantity::parse(text).value(); }
inline Price yuan(std::string_view text) { return Price::parse(text).value(); }

/// `members`: all but code, name, version, effective_from and commodity.
inline TariffDocument document(std::string_view members, std::string_view from = "2026-01-01",
                               int version = 1) {
    const std::string text = R"({"code": "t", "name": "T", "commodity": "electricity", )"
                             R"("version": )" +
                             std::to_string(version) + R"(, "effective_from": ")" +
                             std::string(from) + "\", " + std::string(members) + "}";
    return from_json<TariffDocument>(text).value();
}

/// "code pointer=… …", or "" when there is no error.
template <class T>
std::string why(const Result<T>& result) {
    return result ? "" : result.error().text();
}

}  // namespace mb::rules::tariff::test
