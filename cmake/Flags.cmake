# Compiler flags for our own code. Third-party headers come in as SYSTEM and are not judged by them.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_POSITION_INDEPENDENT_CODE OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

option(METERBOOK_FUZZ "Build the fuzz targets (clang only)" OFF)
set(METERBOOK_SANITIZE "" CACHE STRING "Comma separated list for -fsanitize, or empty")
option(METERBOOK_SANITIZE_ALL "UBSan with the checks that are slow to compile" OFF)

add_library(mb_flags INTERFACE)
target_include_directories(mb_flags INTERFACE
    ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/generated)
target_compile_options(mb_flags INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough
    -Werror -fno-omit-frame-pointer)

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # g++ 12.2 reports std::string concatenation as overlapping memcpy (GCC bug 105651).
    target_compile_options(mb_flags INTERFACE -Wno-restrict)
    if(METERBOOK_SANITIZE)
        # Sanitizer instrumentation makes the flow analysis of g++ 12 guess wrong; the plain build judges warnings.
        target_compile_options(mb_flags INTERFACE
            -Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-array-bounds -Wno-nonnull -Wno-error)
    endif()
    if(METERBOOK_SANITIZE STREQUAL "thread")
        # Asio's fences are invisible to TSan; what they order is ordered by its mutexes too.
        target_compile_options(mb_flags INTERFACE -Wno-tsan)
    endif()
else()
    target_compile_options(mb_flags INTERFACE
        -Wno-gnu-zero-variadic-macro-arguments -Wno-gnu-statement-expression
        # stable_sort of libstdc++ 12 uses what it deprecates itself.
        -Wno-deprecated-declarations)
endif()

if(METERBOOK_SANITIZE)
    set(sanitize -fsanitize=${METERBOOK_SANITIZE} -fno-sanitize-recover=all)
    if(METERBOOK_SANITIZE MATCHES "undefined" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND NOT METERBOOK_SANITIZE_ALL)
        # Checks of every pointer for null and alignment double the time to compile; ASan ends on the use of a null
        # pointer anyway. ./test --nightly has them.
        list(APPEND sanitize -fno-sanitize=null,alignment)
    endif()
    target_compile_options(mb_flags INTERFACE ${sanitize})
    target_link_options(mb_flags INTERFACE ${sanitize})
    if(METERBOOK_FUZZ)
        target_compile_options(mb_flags INTERFACE -fsanitize=fuzzer-no-link)
    endif()
endif()

# Boost: no deprecated interfaces, and std::source_location instead of macros in error codes.
target_compile_definitions(mb_flags INTERFACE BOOST_ASIO_NO_DEPRECATED BOOST_BEAST_USE_STD_STRING_VIEW)

find_program(METERBOOK_MOLD mold)
if(METERBOOK_MOLD)
    target_link_options(mb_flags INTERFACE -fuse-ld=mold)
endif()

# ccache is shared by every build folder of this tree and by fresh clones: paths are taken relative to the tree.
find_program(METERBOOK_CCACHE ccache)
if(METERBOOK_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER
        env CCACHE_NOHASHDIR=1 CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} ${METERBOOK_CCACHE})
endif()
