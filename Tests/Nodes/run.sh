# shellcheck shell=bash
# Runs the functions test_* of this directory on the guide's node "master": as root, in a network, mount and UTS namespace
# of its own, on an emulated kernel. Called by scripts/test-nodes with the kind of the node and a filter.

tests=$(cd "$(dirname "$0")" && pwd -P)
readonly tests kind=$1 filter=$2
. "$tests/../../scripts/lib.sh"
. "$tests/../../scripts/site.sh"
. "$tests/../Runtimes/node.sh"
. "$tests/../Runtimes/runner.sh"
. "$tests/attachment.sh"
for file in kernels filters settings files namespaces; do . "$tests/$file.sh"; done

# A node without IPv6 and security modules is booted, the others are made.
runs_here() {
  case $1 in
    test_bare_*) [ "$kind" = bare ] ;;
    *) [ "$kind" = plain ] ;;
  esac
}

make_node
sysctl -qw net.ipv4.ip_forward=1
run_tests "$filter" runs_here
