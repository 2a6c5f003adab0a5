// `meterbook backup --data DIR [--store …] [--verify] TO` beside a running server, and
// `meterbook restore FROM --data DIR [--store …]` into an empty place. See docs/operations.md.
#pragma once

#include "store/verify.hpp"

#include <iosfwd>
#include <string>
#include <vector>

namespace mb::app {

struct BackupCommandOptions {
    std::string data = "var";
    std::string store = "sqlite";  // or where PostgreSQL is, see store/open_store.hpp
    std::string to;
    bool verify = false;  // the copy goes through the whole of verify
};

struct RestoreCommandOptions {
    std::string from;
    std::string data;
    std::string store = "sqlite";
};

/// The exit code: 0 done, 1 refused or failed, with the reason and the way out on `err`. `steps`:
/// what of verify needs the engine.
int run_backup(const BackupCommandOptions& options, std::ostream& out, std::ostream& err,
               const std::vector<store::VerifyStep>& steps = {});
int run_restore(const RestoreCommandOptions& options, std::ostream& out, std::ostream& err,
                const std::vector<store::VerifyStep>& steps = {});

}  // namespace mb::app
