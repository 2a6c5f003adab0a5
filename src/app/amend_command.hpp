// `meterbook amend`: facts about the past, through the running server (docs/reference/amend.md).
#pragma once

#include "app/amend_form.hpp"

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <string>

namespace mb::app {

struct AmendOptions {
    std::filesystem::path data = "var/meterbook";
    std::int64_t project = 0;  // 0: the only one
    bool yes = false;          // do it; else only the effect is shown, or the terminal is asked
    bool json = false;
    bool may_ask = false;  // a person sits at `in`
    AmendForm form;
    std::filesystem::path file;  // of `tariff`
};

/// Shows the effect, then does it and waits up to 30 s until the bills are rated anew. The exit
/// code: 0 done or shown, 1 refused, 2 wrong usage.
int run_amend(AmendOptions options, std::istream& in, std::ostream& out, std::ostream& err);

/// What was amended and adjusted at the service point of `options.form.meter`.
int run_amend_list(const AmendOptions& options, std::ostream& out, std::ostream& err);

/// The name of whoever runs this program, for the books.
std::string user_name();

}  // namespace mb::app
