# shellcheck shell=bash
# What is shown and what is checked. Sourced.

passed=0 failed=()

heading() { printf '\n== %s\n' "$*"; }

# Shows a command, then runs it.
shown() {
  printf '\n$ %s\n' "$*"
  "$@"
}

# check WHAT NEXT COMMAND...: one line; where the command fails, its words, and the command to run next.
check() {
  local what=$1 next=$2 said status=0
  shift 2
  said=$("$@" 2>&1) || status=$?
  if [ "$status" = 0 ]; then
    passed=$((passed + 1))
    echo "ok      $what"
    return
  fi
  failed+=("$what")
  echo "FAILED  $what"
  printf '%s\n' "$said" | tail -n 20 | sed 's/^/        /'
  echo "        look: $next"
}

# within SECONDS COMMAND...: until it succeeds; what it said last, where it never does.
within() {
  local deadline=$((SECONDS + $1)) said
  shift
  until said=$("$@" 2>&1); do
    [ "$SECONDS" -lt "$deadline" ] || { printf 'not in time: %s\n%s\n' "$*" "$said" && return 1; }
    sleep 0.5
  done
}

# equal ACTUAL EXPECTED
equal() { [ "$1" = "$2" ] || { printf "expected '%s', found '%s'\n" "$2" "$1" && return 1; }; }

# Not wget: that of Debian's static busybox crashes.
http_request() { printf 'printf "GET / HTTP/1.0\\r\\n\\r\\n" | busybox nc -w 10 %s %s' "$1" "${2-80}"; }

# answer WHERE... -- ADDRESS [PORT]: what the server there says, asked by a program that WHERE starts.
answer() {
  local where=()
  while [ "$1" != -- ]; do where+=("$1") && shift; done
  shift
  "${where[@]}" sh -c "$(http_request "$@")" | tail -n 1
}

from_outside() { ip netns exec outside "$@"; }
# in_pod POD COMMAND...
in_pod() { kubectl exec "$1" -- "${@:2}"; }
