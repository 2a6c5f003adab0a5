// What an operator writes behind --store: libpq's connection text and one word of our own.
#pragma once

#include <chrono>
#include <string>

namespace mb::store::postgres {

/// PostgreSQL that is silent for so long in mid-statement counts as gone. Statements of a server
/// take well below a second; who waits for a lock is refused after 10 s.
constexpr std::chrono::milliseconds answer_timeout_default{30'000};

struct StoreText {
    std::string conninfo;                                               // without our word
    std::chrono::milliseconds answer_timeout = answer_timeout_default;  // 0: never
};

/// Takes `answer_timeout_s=2` out of "host=… dbname=…" and "postgresql://…?…" alike; whole seconds
/// up to 86 400. Anything else under that name stays where it is, and libpq refuses it.
StoreText parse_store_text(const std::string& text);

}  // namespace mb::store::postgres
