# A room is a folder: its sources become one static library, its tests one executable.

# Keeps of ARGN those rooms that exist as targets, as mb_<room>.
function(meterbook_existing_rooms out)
    set(found)
    foreach(room IN LISTS ARGN)
        if(TARGET mb_${room})
            list(APPEND found mb_${room})
        endif()
    endforeach()
    set(${out} ${found} PARENT_SCOPE)
endfunction()

function(meterbook_test name)
    cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
    add_executable(${name} ${arg_SOURCES} ${PROJECT_BINARY_DIR}/generated/source_dir.cpp)
    target_link_libraries(${name} PRIVATE
        ${arg_LINK} mb_flags GTest::gmock GTest::gtest_main rapidcheck Threads::Threads)
    add_test(NAME ${name} COMMAND ${name} --gtest_brief=1 WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
endfunction()

# meterbook_room(NAME [ROOT] DEPS rooms… LIBS libraries…)
#   src/NAME/**.cpp but main.cpp and *_test.cpp -> mb_NAME (INTERFACE when there are only headers, nothing when empty)
#   src/NAME/**_test.cpp                        -> NAME_test
# ROOT: the folder lies beside src/.
function(meterbook_room room)
    cmake_parse_arguments(arg "ROOT" "" "DEPS;LIBS" ${ARGN})
    set(folder ${PROJECT_SOURCE_DIR}/src/${room})
    if(arg_ROOT)
        set(folder ${PROJECT_SOURCE_DIR}/${room})
    endif()
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${folder}/*.cpp)
    file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${folder}/*.hpp)
    set(tests ${sources})
    list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
    list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
    list(REMOVE_ITEM sources ${folder}/main.cpp)
    meterbook_existing_rooms(deps ${arg_DEPS})
    if(sources)
        add_library(mb_${room} STATIC ${sources})
        target_link_libraries(mb_${room} PUBLIC ${deps} ${arg_LIBS} mb_flags)
    elseif(headers)
        add_library(mb_${room} INTERFACE)
        target_link_libraries(mb_${room} INTERFACE ${deps} ${arg_LIBS} mb_flags)
    else()
        return()
    endif()
    if(tests)
        meterbook_test(${room}_test SOURCES ${tests} LINK mb_${room})
    endif()
endfunction()

# meterbook_program(NAME main.cpp DEPS rooms…) -> <binary folder>/NAME
function(meterbook_program name main)
    cmake_parse_arguments(arg "" "" "DEPS" ${ARGN})
    if(NOT EXISTS ${PROJECT_SOURCE_DIR}/${main})
        return()
    endif()
    meterbook_existing_rooms(deps ${arg_DEPS})
    add_executable(${name} ${main})
    target_link_libraries(${name} PRIVATE ${deps} CLI11::CLI11 mb_flags)
endfunction()

# tests/NAME/**_test.cpp -> tests_NAME, linked with every room. These need a process, a database or a socket;
# the stages in tests/stages/ start them, ctest does not.
function(meterbook_system_tests folder)
    cmake_parse_arguments(arg "" "" "DEPS" ${ARGN})
    meterbook_existing_rooms(deps ${arg_DEPS})
    file(GLOB suites CONFIGURE_DEPENDS LIST_DIRECTORIES true ${PROJECT_SOURCE_DIR}/${folder}/*)
    foreach(suite IN LISTS suites)
        file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${suite}/*.cpp)
        set(tests ${sources})
        list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
        if(NOT tests OR suite MATCHES "/lint$")
            continue()
        endif()
        get_filename_component(name ${suite} NAME)
        add_executable(tests_${name} ${sources} ${PROJECT_BINARY_DIR}/generated/source_dir.cpp)
        target_link_libraries(tests_${name} PRIVATE
            ${deps} mb_flags GTest::gmock GTest::gtest_main rapidcheck Threads::Threads)
    endforeach()
endfunction()

# fuzz/NAME_fuzz.cpp -> fuzz_NAME, linked with the rooms whose headers it includes.
function(meterbook_fuzzers folder)
    cmake_parse_arguments(arg "" "" "DEPS" ${ARGN})
    file(GLOB targets CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/*_fuzz.cpp)
    foreach(source IN LISTS targets)
        get_filename_component(name ${source} NAME_WE)
        string(REGEX REPLACE "_fuzz$" "" name ${name})
        file(STRINGS ${source} includes REGEX "^#include \"[a-z]+/")
        set(rooms)
        foreach(line IN LISTS includes)
            string(REGEX REPLACE "^#include \"([a-z]+)/.*" "\\1" room ${line})
            list(APPEND rooms ${room})
        endforeach()
        list(REMOVE_DUPLICATES rooms)
        meterbook_existing_rooms(deps ${rooms})
        add_executable(fuzz_${name} ${source})
        target_link_libraries(fuzz_${name} PRIVATE ${deps} mb_flags)
        target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    endforeach()
endfunction()

# tests/support/source_dir.hpp: where the tree is, for tests that read fixtures. One generated file, so that a clone
# elsewhere recompiles nothing but it.
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/generated/source_dir.cpp @ONLY CONTENT
[[#include "tests/support/source_dir.hpp"
namespace mb::test {
std::filesystem::path source_dir() { return "@PROJECT_SOURCE_DIR@"; }
}  // namespace mb::test
]])
