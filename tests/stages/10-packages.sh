#!/usr/bin/env bash
# title: Debian packages, and the web's by npm ci
# minutes: 15
. "$(dirname "$0")/stage.sh"
step "Debian packages" install_packages run test
step "PostgreSQL" install_postgres
[ ! -f web/package-lock.json ] || step "npm ci" web_packages
finish
