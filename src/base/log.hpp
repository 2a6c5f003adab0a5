// The log: one line a record on standard error, fmt syntax. Levels: debug, info, warn, error.
#pragma once

#include <fmt/format.h>
#include <cstdint>
#include <string_view>

namespace mb::log {

enum class Level : std::uint8_t { debug, info, warn, error, off };

void set_level(Level level);
[[nodiscard]] bool enabled(Level level);
/// Line breaks and control characters in `text` are made visible, so that no input can forge a
/// record.
void write(Level level, std::string_view text);

template <class... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
    if (enabled(Level::debug)) {
        write(Level::debug, fmt::format(format, std::forward<Args>(args)...));
    }
}
template <class... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
    if (enabled(Level::info)) {
        write(Level::info, fmt::format(format, std::forward<Args>(args)...));
    }
}
template <class... Args>
void warn(fmt::format_string<Args...> format, Args&&... args) {
    if (enabled(Level::warn)) {
        write(Level::warn, fmt::format(format, std::forward<Args>(args)...));
    }
}
template <class... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
    if (enabled(Level::error)) {
        write(Level::error, fmt::format(format, std::forward<Args>(args)...));
    }
}

}  // namespace mb::log
