#include "store/postgres/citus.hpp"

#include <fmt/format.h>

#include <regex>
#include <string>

namespace mb::store::postgres {

std::string citus_distribution(std::span<const MigrationFile> files) {
    static const std::regex table(R"(CREATE TABLE (?:IF NOT EXISTS )?(\w+) \(\s*(\w+))");
    std::string reference;
    std::string distributed;
    std::string first;  // the table whose group the others join
    for (const MigrationFile& file : files) {
        const std::string text(file.text);
        for (std::sregex_iterator at(text.begin(), text.end(), table), end; at != end; ++at) {
            const std::string name = (*at)[1];
            if ((*at)[2] != "project_id") {
                reference += fmt::format("SELECT create_reference_table('{}');\n", name);
            } else if (first.empty()) {
                first = name;
                distributed +=
                    fmt::format("SELECT create_distributed_table('{}', 'project_id');\n", name);
            } else {
                distributed += fmt::format(
                    "SELECT create_distributed_table('{}', 'project_id', colocate_with => '{}');\n",
                    name, first);
            }
        }
    }
    return "BEGIN;\n" + reference + distributed + "COMMIT;\n";
}

}  // namespace mb::store::postgres
