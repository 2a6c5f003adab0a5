// Runs one of PostgreSQL's own programs.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace mb::store::postgres {

/// A conninfo for a command line, which every process can read, and the password that stood in it.
struct Address {
    std::string conninfo;
    std::string password;  // "" = none was given: libpq finds it in the passfile

    /// Both, for libpq.
    [[nodiscard]] std::string whole() const;
};

/// Errors: store.conninfo {why}.
Result<Address> address_of(const std::string& conninfo);

/// Waits for `name args…`; `password` goes by the environment. `meanwhile` is called five times a
/// second. The child ends with this process. Errors: backup.no_program {program, package},
/// backup.program_failed {program, why}: why is the last of its error output.
Result<void> run_program(const std::string& name, const std::vector<std::string>& args,
                         const std::string& password = {},
                         const std::function<void()>& meanwhile = {});

}  // namespace mb::store::postgres
