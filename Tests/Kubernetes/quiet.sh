# shellcheck shell=bash
# What agents and controllers ask of an API server while nothing happens.

test_x_while_nothing_happens_watches_are_renewed_and_no_more() { with_controllers quiet; }

# has_at_most POOL COUNT: blocks.
has_at_most() { [ "$(blocks_of_pool "$1" | jq length)" -le "$2" ]; }

# With IPVLAN_IDLE_SECONDS for so long (20).
quiet() {
  guides_pools | kubectl apply -f -
  guides_networks | kubectl apply -f -
  shared_pool quiet 10.50.0.65-10.50.0.128
  local node requests
  for node in master worker1; do
    within 60 has_blocks "$node"
    [ -n "$(until_given "$node" quiet "quiet-$node")" ]
    within 60 reports "$node" quiet 1
    within 60 in_step "$node"
  done
  within 60 counts quiet 2/64
  # What was claimed while pods waited leaves the file after 20 seconds, and is given back a minute later.
  sleep 100
  within 100 has_at_most quiet 10
  if [ "${IPVLAN_IDLE_SECONDS:-20}" -gt 20 ]; then sleep 60; else sleep 10; fi
  requests=$(/usr/bin/python3 "$repository/scripts/bench.d/kubernetes.py" requests idle "$cluster" "${IPVLAN_IDLE_SECONDS:-20}")
  say "$requests"
  # A Lease is how controllers know which of them leads. The server itself gets its own namespaces every minute; agents and
  # controllers get no single one.
  expect_equal "$(sed -n 's/^idle-requests //p' <<<"$requests" | tr ',' '\n' | sed 's/^ *//' | grep -Ev '^(none$|WATCH |[A-Z]+ leases |GET namespaces )' || true)" '' \
    'what was asked besides watches and the Lease'
  for node in master worker1; do ippool DEL "$node" quiet "quiet-$node"; done
}
