# meterbook_embed(target FUNCTION f NAMESPACE ns HEADER h GLOB g): files that the program carries inside, as
#   const std::vector<EmbeddedFile>& ns::f()
# declared with EmbeddedFile in h. A changed file makes cmake run again.
function(meterbook_embed target)
    cmake_parse_arguments(arg "" "FUNCTION;NAMESPACE;HEADER;GLOB" "" ${ARGN})
    if(NOT TARGET ${target})
        return()
    endif()
    file(GLOB files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${arg_GLOB})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${files})
    set(entries)
    foreach(path IN LISTS files)
        get_filename_component(name ${path} NAME)
        file(READ ${path} text)
        string(APPEND entries "        {\"${name}\", R\"embedded(${text})embedded\"},\n")
    endforeach()
    set(source ${PROJECT_BINARY_DIR}/generated/${arg_FUNCTION}.cpp)
    file(CONFIGURE OUTPUT ${source} @ONLY CONTENT
"#include \"${arg_HEADER}\"
namespace ${arg_NAMESPACE} {
const std::vector<EmbeddedFile>& ${arg_FUNCTION}() {
    static const std::vector<EmbeddedFile> files{
${entries}    };
    return files;
}
}  // namespace ${arg_NAMESPACE}
")
    target_sources(${target} PRIVATE ${source})
endfunction()
