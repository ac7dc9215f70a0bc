# shellcheck shell=bash
# Runs the functions test_* of this directory on the guide's node "master": as root, in a network, mount and UTS namespace
# of its own, on a kernel with ipvlan. Called by scripts/test-runtimes with the Debian that it runs in and a filter.

tests=$(cd "$(dirname "$0")" && pwd -P)
readonly tests debian=$1 filter=$2
. "$tests/../../scripts/lib.sh"
. "$tests/../../scripts/site.sh"
readonly image=$repository/.build/runtimes
. "$tests/node.sh"
. "$tests/runner.sh"
for file in containerd cri networks podman chains changeover installation operator daemons; do . "$tests/$file.sh"; done

# What does not depend on the runtimes is tested where they are the machine's; podman drives plugins of CNI up to version
# 4; containerd since 2.0 and libcni since 1.2 know CNI 1.1.
runs_here() {
  case $1 in
    test_podman_cni_*) [ "$debian" = bookworm ] ;;
    test_cri_status_* | test_cri_user_namespace_* | test_libcni_gc_* | test_libcni_status_*) [ "$debian" = testing ] ;;
    test_containerd_* | test_cri_* | test_podman_* | test_chain_* | test_libcni_* | test_changeover_*) ;;
    *) [ "$debian" = bookworm ] ;;
  esac
}

say "Linux $(uname -r)"
make_node
run_tests "$filter" runs_here
