#pragma once

#include <filesystem>

namespace mb::test {

/// The root of the source tree this test was built from; fixtures are found relative to it.
[[nodiscard]] std::filesystem::path source_dir();

}  // namespace mb::test
