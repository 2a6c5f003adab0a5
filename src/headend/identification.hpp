// Finds out who dials in from the first bytes of a link, cut anywhere.
#pragma once

#include <optional>
#include <string>

#include "headend/link_profile.hpp"

namespace mb::headend {

/// For registrations of kind line and bytes. Looks at a window of the last bytes, so that noise in
/// front does no harm.
class RegistrationReader {
public:
    /// The id, when `byte` completes a registration.
    std::optional<std::string> feed(std::uint8_t byte, const Registration& how);
    [[nodiscard]] std::size_t consumed() const { return consumed_; }

private:
    [[nodiscard]] std::optional<std::string> line(const Registration& how) const;
    [[nodiscard]] std::optional<std::string> fixed(const Registration& how) const;

    Bytes window_;
    std::size_t consumed_ = 0;
};

/// A device that has sent so much without a registration is not going to.
constexpr std::size_t registration_bytes_max = 512;

}  // namespace mb::headend
