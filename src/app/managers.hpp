// Managers' logins as the command line and the demo make them.
#pragma once

#include "store/logins.hpp"

#include <string>

namespace mb::app {

/// New login, or a new role of an existing one; existing ones are left as they are.
void add_manager(store::Database& database, const std::string& phone, const std::string& name,
                 ProjectId project, Instant wall);

}  // namespace mb::app
