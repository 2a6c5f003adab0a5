# Shared by ./run, ./test and the stages: messages, the package list, input stamps, the Node of web/. Sourced by bash.

say() { printf '%s\n' "$*" >&2; }

# die MESSAGE [WHAT TO DO]
die() {
    say "✗ $1"
    [ -z "${2:-}" ] || say "  $2"
    exit 1
}

# packages SECTION… : the package names of tools/packages.txt in those sections, less those whose command is there
packages() {
    local name command
    awk -v wanted=" $* " '
        { sub(/#.*/, "") }
        /^\[.*\]/ { section = substr($1, 2, length($1) - 2); next }
        NF && index(wanted, " " section " ") { print $1, ($2 == "unless" ? $3 : "-") }' "$root/tools/packages.txt" |
        while read -r name command; do
            [ "$command" != - ] && command -v "$command" >/dev/null || printf '%s\n' "$name"
        done
}

# missing_packages SECTION… : those of them that are not installed
missing_packages() {
    local names
    mapfile -t names < <(packages "$@")
    { dpkg-query -W -f '${Package} ${db:Status-Status}\n' "${names[@]}" 2>/dev/null || true; } |
        awk -v names="${names[*]}" '
            $2 == "installed" { have[$1] = 1 }
            END { n = split(names, all, " "); for (i = 1; i <= n; ++i) if (!(all[i] in have)) print all[i] }'
}

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# install_packages SECTION… : installs what is missing, as root or through sudo
install_packages() {
    local missing
    mapfile -t missing < <(missing_packages "$@")
    [ ${#missing[@]} -gt 0 ] || return 0
    command -v apt-get >/dev/null ||
        die "this system has no apt-get" "Meterbook builds on Debian 12; the list is tools/packages.txt."
    [ "$(id -u)" = 0 ] || command -v sudo >/dev/null ||
        die "Debian packages are missing, and this is neither root nor is there sudo" \
            "As root, once: apt-get update && apt-get install -y --no-install-recommends ${missing[*]}"
    say "· installing ${#missing[@]} Debian packages: ${missing[*]}"
    mkdir -p "$logs"
    local log="$logs/packages.log" lock=(-o DPkg::Lock::Timeout=300)
    # A bundle of authorities that the owner of the machine put there without the package (a container behind a
    # company's proxy) must outlive the package, which npm pulls in and which writes that very file.
    local bundle=/etc/ssl/certs/ca-certificates.crt own_bundle=''
    if [ -f "$bundle" ] && ! dpkg-query -W -f '${db:Status-Status}' ca-certificates 2>/dev/null | grep -qx installed; then
        own_bundle=$(mktemp) && cp "$bundle" "$own_bundle"
    fi
    if ! { as_root env DEBIAN_FRONTEND=noninteractive apt-get "${lock[@]}" -q update &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get "${lock[@]}" -q -y \
            --no-install-recommends install "${missing[@]}"; } >"$log" 2>&1 </dev/null; then
        tail -n 15 "$log" >&2
        die "apt-get could not install the packages" "The whole log is $log."
    fi
    if [ -n "$own_bundle" ]; then
        as_root install -m 644 "$own_bundle" "$bundle"
        rm -f "$own_bundle"
    fi
    mapfile -t missing < <(missing_packages "$@")
    [ ${#missing[@]} -eq 0 ] || die "still missing after installing: ${missing[*]}" "The log is $log."
}

# install_postgres : the PostgreSQL server's programs, without the cluster that Debian would start on port 5432
install_postgres() {
    local settings=/etc/postgresql-common/createcluster.conf
    [ -n "$(missing_packages postgres-common postgres)" ] || return 0
    install_packages postgres-common || return 1
    as_root sed -i 's/^#*create_main_cluster.*/create_main_cluster = false/' "$settings" || return 1
    install_packages postgres
}

# hash_of PATH… : one hash over the names and contents below the paths, without what builds leave there
hash_of() {
    (cd "$root" && find "$@" \( -name node_modules -o -name dist \) -prune -o -type f -print0 |
        LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1)
}

# unchanged STAMP HASH : true when the step that wrote the stamp last saw this very hash
unchanged() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }

# configure PRESET : runs cmake when the build folder is new or the preset changed; later changes ninja sees itself
configure() {
    local preset=$1 folder stamp hash
    folder=$(build_folder "$preset")
    stamp="$folder/preset.stamp"
    hash=$(hash_of CMakePresets.json)
    if [ ! -f "$folder/build.ninja" ] || ! unchanged "$stamp" "$hash"; then
        cmake --preset "$preset" -S "$root" >/dev/null || return 1
        printf '%s\n' "$hash" >"$stamp"
    fi
}

build_folder() { [ "$1" = release ] && printf '%s/build' "$root" || printf '%s/build-%s' "$root" "$1"; }

# jobs : compilers at once; each may take a gigabyte
jobs_at_once() {
    local cores memory
    cores=$(nproc)
    memory=$(awk '/^MemAvailable:/ {print int($2 / 1048576)}' /proc/meminfo 2>/dev/null)
    [ "${memory:-0}" -ge 1 ] && [ "$memory" -lt "$cores" ] && cores=$memory
    printf '%s' "$cores"
}

# web_packages : npm ci when the lock changed; it brings the pinned Node along (node_modules/.bin/node), which then
# runs everything else, so that the Node of the system only has to be able to run npm ci
web_packages() {
    local stamp="$root/web/node_modules/.meterbook.stamp" hash log="$logs/web-packages.log"
    hash=$(cd "$root/web" && sha256sum package-lock.json package.json .npmrc | sha256sum | cut -d' ' -f1)
    unchanged "$stamp" "$hash" && return 0
    say "· installing the web's packages (npm ci)"
    if ! (cd "$root/web" && npm ci --include=dev) >"$log" 2>&1 </dev/null; then
        tail -n 15 "$log" >&2
        return 1
    fi
    printf '%s\n' "$hash" >"$stamp"
}

# web_npm ARGS… : npm in web/ under the pinned Node
web_npm() { (cd "$root/web" && PATH="$root/web/node_modules/.bin:$PATH" npm "$@" </dev/null); }

# web_build : web/console/dist, unless its inputs are those of the last build
web_build() {
    local stamp="$root/web/console/dist/.inputs" hash log="$logs/web-build.log"
    hash=$(hash_of web api)
    unchanged "$stamp" "$hash" && return 0
    say "· building the console"
    if ! web_npm run build >"$log" 2>&1; then
        tail -n 25 "$log" >&2
        return 1
    fi
    printf '%s\n' "$hash" >"$stamp"
}
