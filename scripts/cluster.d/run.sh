# shellcheck shell=bash
# Runs the control plane, and the nodes in a kernel with ipvlan beside it: as root in a network namespace of its own.
#
#   run.sh WORK

. "$(dirname "$0")/../lib.sh"
readonly work=$1 directory=$1/control
. "$work/settings"
. "$repository/scripts/api-server.sh"
. "$repository/scripts/cluster.d/checks.sh"
. "$repository/scripts/cluster.d/control-plane.sh"

stop() {
  local name
  for name in scheduler controller-manager apiserver etcd; do end "$name" KILL; done
}

# Does what the nodes' side asks for, which sees this directory.
serve() {
  local request
  while sleep 0.2; do
    request=$(cat "$directory/request" 2>/dev/null) || continue
    case $request in
      kill-api) end apiserver KILL ;;
      start-api) start_cluster_api ;;
    esac
    rm "$directory/request"
  done
}

# wire: as soon as the other end is there.
wire() {
  until ip link show vpc >/dev/null 2>&1; do sleep 0.1; done
  ip link set vpc mtu 9001 up
  ip address add "$(control_network 1)" dev vpc
  ip route add default via "$(control_network 2 | cut -d / -f 1)"
}

rm -rf "$directory"
mkdir -p "$directory"
trap stop EXIT
say "starting the control plane"
start_control_plane
apply_definitions
wire &
serve &
server=$!
say "starting the nodes; this takes several minutes"
status=0
"$repository/scripts/vm" "${vm_options[@]}" --link vpc --out "$directory" -- bash "$repository/scripts/cluster.d/guest.sh" "$work" || status=$?
kill "$server" 2>/dev/null || true
exit "$status"
