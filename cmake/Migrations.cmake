# The migrations become part of the program, so that it runs from anywhere: every file of migrations/ ends up
# in one generated source of mb_store. A changed file configures anew.
function(meterbook_embed_migrations target)
    file(GLOB files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/migrations/*.sql)
    list(SORT files)
    set(entries "")
    foreach(file IN LISTS files)
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
        get_filename_component(name ${file} NAME_WE)
        file(READ ${file} text)
        string(APPEND entries "    {\"${name}\", R\"sql(${text})sql\"},\n")
    endforeach()
    set(source ${PROJECT_BINARY_DIR}/generated/migrations.cpp)
    file(CONFIGURE OUTPUT ${source} @ONLY CONTENT
[[#include "store/migrations.hpp"

namespace mb::store {

namespace {
constexpr MigrationFile files[] = {
@entries@};
}  // namespace

std::span<const MigrationFile> migration_files() { return files; }

}  // namespace mb::store
]])
    target_sources(${target} PRIVATE ${source})
endfunction()
