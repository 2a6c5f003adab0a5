#include "app/migrate_command.hpp"

#include "app/business_clock.hpp"
#include "store/open_store.hpp"
#include "store/postgres/citus.hpp"
#include "writer/replay.hpp"
#include "writer/writer.hpp"

#include <fmt/format.h>
#include <ostream>

namespace mb::app {

int run_migrate(const MigrateOptions& options, std::ostream& out, std::ostream& err) {
    constexpr int refused = 1;
    if (options.citus) {
        out << store::postgres::citus_distribution();
        return 0;
    }
    if (!std::filesystem::exists(options.data)) {
        err << fmt::format("migrate: {} is not there\n", options.data.string());
        return refused;
    }
    try {
        const auto store = store::open_store({options.store, options.data.string()},
                                             store::holder_name("migrate"), wall_now());
        if (!store) {
            err << "migrate: " << store.error().text() << "\n";
            return refused;
        }
        writer::Writer writer((*store)->writer_store(), {}, {});
        writer.load();
        writer.stop(wall_now());
        out << fmt::format("the schema is {}; {} projects end with a checkpoint\n",
                           store::migration_files().back().name, writer.projects().size());
        return 0;
    } catch (const std::runtime_error& broken) {  // of the store, or of the replay
        err << "migrate: " << broken.what() << "\n";
        return refused;
    }
}

}  // namespace mb::app
