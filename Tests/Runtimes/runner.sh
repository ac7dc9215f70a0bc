# shellcheck shell=bash
# Runs the functions test_*, each in a shell of its own on a node that was cleared before. Sourced.

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
    # The test's own words first: a node with many pods has much to show.
    tail -n 40 "$log" >&2
    { show_node 2>&1 || true; } | tail -n 100 >&2
  fi
  clear_node
}

# run_tests FILTER CONDITION: those tests whose name matches the regular expression and for which the command succeeds. The
# last line says how many passed and failed.
run_tests() {
  local name
  for name in $(compgen -A function test_); do
    if [[ $name =~ $1 ]] && "$2" "$name"; then run_test "$name"; fi
  done
  [ $((passed + failed)) -gt 0 ] || say "no test is named like $1"
  echo "$passed passed, $failed failed"
  [ "$failed" = 0 ] && [ "$passed" -gt 0 ]
}
