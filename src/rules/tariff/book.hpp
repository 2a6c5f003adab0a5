// All published tariff versions of a project. Versions are immutable and effective-dated; the book
// only grows. Agreements name a tariff by its code index, which never changes either.
#pragma once

#include "base/binary.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/shape.hpp"
#include "rules/tariff/compiled.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace mb::rules::tariff {

struct TariffVersion {
    TariffId id;
    std::int32_t code_index = 0;
    TariffDocument document;
    CompiledTariff compiled;
};

/// Copies share the versions.
class TariffBook {
public:
    /// Returns the code index. `calendar`: see compile(). Errors: those of compile();
    /// tariff.duplicate_id; tariff.version_exists and tariff.effective_date_taken {effective_from,
    /// version} (conflict); tariff.commodity_changed.
    Result<std::int32_t> publish(TariffId id, TariffDocument document, const Calendar* calendar);

    /// The version in force on a day, nullptr when none is (before the first, or an unknown index).
    [[nodiscard]] const TariffVersion* version_in_force(std::int32_t code_index,
                                                        CivilDate on) const;
    [[nodiscard]] const CompiledTariff* in_force(std::int32_t code_index, CivilDate on) const {
        const TariffVersion* version = version_in_force(code_index, on);
        return version == nullptr ? nullptr : &version->compiled;
    }
    [[nodiscard]] std::optional<std::int32_t> code_index(std::string_view code) const;
    [[nodiscard]] const TariffVersion* find(TariffId id) const;
    /// Of one code, by effective_from.
    [[nodiscard]] std::vector<const TariffVersion*> versions(std::int32_t code_index) const;
    [[nodiscard]] std::int32_t code_count() const {
        return static_cast<std::int32_t>(by_code_.size());
    }
    /// In order of publication.
    [[nodiscard]] const std::vector<std::shared_ptr<const TariffVersion>>& all() const {
        return all_;
    }
    /// Grows with each publication; whoever caches a version asks again when it has changed.
    [[nodiscard]] std::uint32_t revision() const { return static_cast<std::uint32_t>(all_.size()); }

private:
    std::vector<std::shared_ptr<const TariffVersion>> all_;
    std::vector<std::vector<const TariffVersion*>> by_code_;  // each sorted by effective_from
};

}  // namespace mb::rules::tariff

namespace mb {

/// Ids and documents in order of publication; reading compiles and indexes them again.
template <>
struct BinaryForm<rules::tariff::TariffBook> {
    static void write(ByteWriter& out, const rules::tariff::TariffBook& book);
    static void read(ByteReader& in, rules::tariff::TariffBook& book);
};

template <>
struct ShapeForm<rules::tariff::TariffBook> {
    static std::uint32_t build(ShapeBuilder& builder);
    static void read(ShapedReader& reader, const ShapeNode& node, rules::tariff::TariffBook& book);
};

}  // namespace mb
