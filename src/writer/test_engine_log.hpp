// The recorded event log of tests/fixtures/engine_log, for the tests that replay it.
#pragma once

#include "base/check.hpp"
#include "tests/support/source_dir.hpp"
#include "writer/store.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace mb::writer::testing {

struct EngineLogFixture {
    std::vector<LogRow> rows;
    Hash state{};  // of the engine's image behind the last row
};

inline std::filesystem::path engine_log_path() {
    return test::source_dir() / "tests/fixtures/engine_log/site.log";
}

inline Hash hash_of(const std::string& text) {
    Hash out{};
    const Bytes bytes = parse_hex(text).value();
    CHECK(bytes.size() == out.size());
    std::copy(bytes.begin(), bytes.end(), out.begin());
    return out;
}

inline EngineLogFixture load_engine_log(const std::filesystem::path& path) {
    EngineLogFixture out;
    std::ifstream in(path);
    std::string line;
    while (std::getline(in, line)) {
        std::istringstream words(line);
        std::string kind;
        std::string bytes;
        std::string hash;
        words >> kind;
        if (kind == "row") {
            LogRow row;
            row.project = ProjectId{1};
            words >> row.seq >> row.engine_version >> row.now.business.us >> row.now.wall.us >>
                row.now.speed >> row.event_count >> bytes >> hash;
            row.events = parse_hex(bytes).value();
            row.effects = hash_of(hash);
            out.rows.push_back(std::move(row));
        } else if (kind == "state") {
            words >> hash;
            out.state = hash_of(hash);
        }
    }
    return out;
}

}  // namespace mb::writer::testing
