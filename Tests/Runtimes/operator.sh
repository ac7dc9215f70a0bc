# shellcheck shell=bash
# ipvlanctl beside the programs that operators feed it to: Prometheus's checker, and shells that complete its commands.

ipvlanctl() { "$repository/dist/ipvlanctl" "$@"; }

operator_node() {
  use_network ipvlan-ens5
  ip netns add pod
  on_list ADD 10-ipvlan-ens5.conflist pod
}

test_operator_metrics_are_what_prometheus_reads() {
  operator_node
  ipvlanctl metrics >/tmp/metrics
  promtool check metrics </tmp/metrics
  # One address of the guide's five is held.
  grep -qF 'ipvlan_pool_addresses{pool="master-v4-ens5",state="held"} 1' /tmp/metrics || { cat /tmp/metrics && return 1; }
  on_list DEL 10-ipvlan-ens5.conflist pod
}

test_operator_bash_completes_verbs_and_options() {
  ipvlanctl --generate-completion-script bash >/tmp/completion
  # What the shell does when the tab key is pressed.
  complete_with() (
    set +eu
    . /tmp/completion
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE} COMPREPLY=()
    "$(complete -p ipvlanctl | sed 's/.* -F \([^ ]*\) .*/\1/')" ipvlanctl "${*: -1}" "${*: -2:1}"
    echo "${COMPREPLY[@]}"
  )
  expect_equal "$(complete_with ipvlanctl doc)" doctor "completion of doc"
  [[ " $(complete_with ipvlanctl gc --) " == *" --dry-run "* ]]
}

test_operator_without_root_says_what_is_not_shown() {
  operator_node
  install -m 755 "$repository/dist/ipvlanctl" /tmp/ipvlanctl
  chmod 755 /tmp
  setpriv --reuid 65534 --regid 65534 --clear-groups /tmp/ipvlanctl links >/tmp/shown 2>/tmp/remarks
  grep -q "without root only the namespaces of your own processes" /tmp/remarks
  # The node's own namespace is seen, and what stands in it.
  grep -q ih-ens5 /tmp/shown
  on_list DEL 10-ipvlan-ens5.conflist pod
}
