#!/usr/bin/env bash
# title: build everything with ASan and UBSan
# needs: packages
# minutes: 40
. "$(dirname "$0")/stage.sh"
# Nightly with the checks that are slow to compile (cmake/Flags.cmake).
all=OFF
[ "$NIGHTLY" = 0 ] || all=ON
choose_checks() {
    local folder
    folder=$(build_folder asan)
    configure asan || return 1
    grep -q "^METERBOOK_SANITIZE_ALL:BOOL=$all\$" "$folder/CMakeCache.txt" ||
        cmake "-DMETERBOOK_SANITIZE_ALL=$all" "$folder" >/dev/null
}
step "asan configure" choose_checks
step "asan build" build asan all
finish
