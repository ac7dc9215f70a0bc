# shellcheck shell=bash
# Runs the functions test_* of this directory on the guide's node "master": as root, in a network, mount and UTS namespace
# of its own, on a kernel with ipvlan. Called by scripts/test-runtimes with the directory of its images and a filter.

tests=$(cd "$(dirname "$0")" && pwd -P)
readonly tests image=$1 filter=$2
. "$tests/../../scripts/lib.sh"
. "$tests/../../scripts/site.sh"
. "$tests/node.sh"
for file in containerd podman chains changeover installation operator daemons; do . "$tests/$file.sh"; done

passed=0 failed=0

# A test ends at its first failing command; what it left behind is cleared before the next.
run_test() {
  local status=0 log=/tmp/test.log started=$SECONDS
  set +e
  (
    set -e
    trap 'say "line $LINENO of ${BASH_SOURCE[0]##*/} failed: $BASH_COMMAND"' ERR
    set -E
    "$1"
  ) >"$log" 2>&1 </dev/null
  status=$?
  set -e
  if [ "$status" = 0 ]; then
    passed=$((passed + 1))
    say "passed: ${1#test_} ($((SECONDS - started)) s)"
  else
    failed=$((failed + 1))
    say "FAILED: ${1#test_} ($((SECONDS - started)) s)"
    show_node >>"$log" 2>&1 || true
    tail -n 100 "$log" >&2
  fi
  clear_node
}

make_node
for name in $(compgen -A function test_); do
  [[ $name =~ $filter ]] || continue
  run_test "$name"
done
[ $((passed + failed)) -gt 0 ] || fail "no test is named like $filter"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
