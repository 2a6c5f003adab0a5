#include "app/managers.hpp"

namespace mb::app {

void add_manager(store::Database& database, const std::string& phone, const std::string& name,
                 ProjectId project, Instant wall) {
    const store::Logins logins(database);
    auto login = logins.find_by_phone(phone);
    if (!login) {
        const auto made = logins.add(phone, name, wall);
        CHECK_MSG(made, made ? "" : made.error().text());
        login = *made;
    }
    const auto role = logins.role(login->id, project);
    if (!role || role->role != "manager") {
        const auto granted = logins.grant(login->id, project, "manager", wall);
        CHECK_MSG(granted, granted ? "" : granted.error().text());
    }
}

}  // namespace mb::app
