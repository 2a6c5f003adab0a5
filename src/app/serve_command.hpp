// `meterbook serve` and `meterbook user`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <string>

namespace mb::app {

struct ServeCommandOptions {
    std::filesystem::path config;  // TOML; "" = defaults
    std::filesystem::path data = "var/meterbook";
    std::string store = "sqlite";  // or where PostgreSQL is, see store/open_store.hpp
};

int run_serve(const ServeCommandOptions& options, std::ostream& out, std::ostream& err);

struct UserCommandOptions {
    std::filesystem::path data = "var/meterbook";
    std::string store = "sqlite";
    std::string phone;
    std::string name;
    std::int64_t project = 0;
};

/// Through the running server, or with the writer lease when none runs.
int run_user_add(const UserCommandOptions& options, std::ostream& out, std::ostream& err);
/// A sign-in code, valid 5 minutes; the server must run, since it judges the code.
int run_user_code(const UserCommandOptions& options, std::ostream& out, std::ostream& err);

}  // namespace mb::app
