# shellcheck shell=bash
# What the scripts of this directory share. Sourced, never run.

set -euo pipefail

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
readonly repository

# Debian packages that `swift build` needs: headers and static archives of what Package.swift links.
# shellcheck disable=SC2034 # used by the scripts that build
readonly build_packages=(
  pkg-config libnl-3-dev libyaml-dev liblmdb-dev
)

say() { printf '%s\n' "$*" >&2; }

fail() {
  say "${0##*/}: $*"
  exit 1
}

usage_error() {
  say "${0##*/}: $* (see ${0##*/} --help)"
  exit 2
}

# The comment at the top of a script is its help text: one text to keep true, not two.
help_text() { sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0"; }

# For options that take a value: called with the option and what follows it.
need_value() { [ $# -ge 2 ] || usage_error "$1 needs a value"; }

need_root() { [ "$(id -u)" = 0 ] || fail "needs root: run it with sudo"; }

# Runs a command whose output matters only when it fails.
quietly() {
  local log
  log=$(mktemp)
  if "$@" >"$log" 2>&1 </dev/null; then
    rm -f "$log"
  else
    local status=$?
    say "failed: $*"
    cat "$log" >&2
    rm -f "$log"
    return "$status"
  fi
}

# Runs an apt-get command; package lists that are missing or out of date are fetched once, then it runs again.
apt_get() {
  export DEBIAN_FRONTEND=noninteractive
  # Another script of ours may be installing.
  local apt=(apt-get -q -o DPkg::Lock::Timeout=600)
  "${apt[@]}" "$@" >/dev/null 2>&1 </dev/null && return
  quietly "${apt[@]}" update
  quietly "${apt[@]}" "$@"
}

# Installs those of the named Debian packages that are not there yet.
need_packages() {
  local package missing=()
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null)" = "ii " ] || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  [ "$(id -u)" = 0 ] || fail "missing packages, install them as root: apt-get install ${missing[*]}"
  say "installing ${missing[*]}"
  apt_get install -y --no-install-recommends "${missing[@]}" || fail "cannot install ${missing[*]}"
}

# Puts the Swift toolchain into PATH.
need_swift() {
  command -v swift >/dev/null || PATH=/opt/swift/usr/bin:$PATH
  command -v swift >/dev/null ||
    fail "no Swift toolchain: unpack Swift 6.3 or later for Debian 12 (https://www.swift.org/install/linux/)" \
      "to /opt/swift, or put its usr/bin into PATH"
  export PATH
}

# The part of the embedded standard library that is linked, where the toolchain has it for this machine's architecture.
embedded_library() {
  local toolchain
  toolchain=$(dirname "$(dirname "$(readlink -f "$(command -v swiftc)")")")
  echo "$toolchain/lib/swift/embedded/$(uname -m)-unknown-linux-gnu/libswiftUnicodeDataTables.a"
}

# count_tests WHAT COMMAND...: adds what the command's last line says, "N passed, N failed", to $passed and $failed; another
# last line is a failure.
count_tests() {
  local what=$1 last
  shift
  last=$("$@" | tail -n 1) || true
  say "$what: $last"
  if [[ $last =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
    passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2]))
  else
    failed=$((failed + 1))
  fi
}
