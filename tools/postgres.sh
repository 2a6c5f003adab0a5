# A PostgreSQL cluster of our own below a folder, for `./run --store postgres`. Sourced by bash after common.sh.
# PostgreSQL refuses to run as root: then it runs as the user postgres that its package brings.

postgres_programs=/usr/lib/postgresql/15/bin

as_postgres() {
    if [ "$(id -u)" = 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}

# postgres_home FOLDER : where the cluster lives: FOLDER, or a place below /var/lib when its user may not go there
postgres_home() {
    mkdir -p "$1" || return 1
    if as_postgres test -x "$1"; then
        printf '%s' "$1"
    else
        printf '/var/lib/postgresql/meterbook-%s' "$(printf '%s' "$1" | sha256sum | cut -c1-12)"
    fi
}

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# postgres_make HOME : a new cluster, its one role `meterbook` with a random password in HOME/password
postgres_make() {
    say "· making a PostgreSQL cluster in $1"
    mkdir -p "$1"
    [ "$(id -u)" != 0 ] || chown postgres: "$1" || return 1
    (umask 077 && od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"$1/password") || return 1
    [ "$(id -u)" != 0 ] || chown postgres: "$1/password" || return 1
    as_postgres "$postgres_programs/initdb" -D "$1/data.new" -U meterbook --pwfile "$1/password" -A scram-sha-256 \
        -E UTF8 --locale=C.UTF-8 --data-checksums >"$logs/postgres-init.log" 2>&1 || return 1
    mv "$1/data.new" "$1/data"
}

# postgres_start FOLDER : starts the cluster when it does not run, makes the database, and prints the conninfo
postgres_start() {
    local home port pass
    home=$(postgres_home "$1") || return 1
    if [ ! -d "$home/data" ]; then
        rm -rf "$home/data.new"
        postgres_make "$home" || return 1
    fi
    if ! as_postgres "$postgres_programs/pg_ctl" -D "$home/data" status >/dev/null 2>&1; then
        port=$(free_port)
        as_postgres "$postgres_programs/pg_ctl" -D "$home/data" -l "$home/log" -w -t 60 -o \
            "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=" start >/dev/null || return 1
    fi
    port=$(sed -n 4p "$home/data/postmaster.pid") || return 1
    pass=$1/pgpass
    (umask 077 && printf '127.0.0.1:%s:*:meterbook:%s\n' "$port" "$(cat "$home/password")" >"$pass") || return 1
    if ! PGPASSFILE=$pass psql -h 127.0.0.1 -p "$port" -U meterbook -d meterbook -qc 'SELECT 1' >/dev/null 2>&1; then
        PGPASSFILE=$pass createdb -h 127.0.0.1 -p "$port" -U meterbook meterbook || return 1
    fi
    printf "host=127.0.0.1 port=%s user=meterbook dbname=meterbook passfile='%s'" "$port" "$pass"
}

# postgres_stop FOLDER : waits until everything is on the disk
postgres_stop() {
    local home
    home=$(postgres_home "$1") || return 1
    as_postgres "$postgres_programs/pg_ctl" -D "$home/data" -m fast -w stop >/dev/null 2>&1
}
