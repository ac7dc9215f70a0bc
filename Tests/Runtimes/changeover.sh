# shellcheck shell=bash
# A node changes over from the reference plugins, with pods running, and back.

use_reference() {
  rm -f /opt/cni/bin/ipvlan /opt/cni/bin/ippool
  cp /usr/lib/cni/ipvlan /opt/cni/bin/ipvlan
}

add_office_pod() {
  ip netns add "$1"
  on_list ADD 10-office.conflist "$1" >/dev/null
}
office_leases() { find /var/lib/cni/networks/office -name '172.*' -printf '%f\n' | sort | tr '\n' ' '; }
stays_up() { ip netns exec "$1" ping -n -q -c 1 -W 5 172.31.16.1 >/dev/null; }

test_changeover_from_the_reference_and_back() {
  reference_network
  use_reference
  add_office_pod a
  add_office_pod b
  expect_equal "$(office_leases)" "172.31.16.4 172.31.16.5 " "leases of the reference"

  "$repository/scripts/install"
  [ -e /opt/cni/bin/ipvlan.reference ]
  stays_up a
  # Ours reads what the reference left: CHECK is content, new pods get the next address, DEL frees the old one.
  on_list CHECK 10-office.conflist a
  add_office_pod c
  expect_equal "$(pod_address c)" 172.31.16.6 "the next address"
  on_list DEL 10-office.conflist a
  expect_equal "$(office_leases)" "172.31.16.5 172.31.16.6 " "leases after DEL by ours"
  expect_equal "$(ip -n a -json link show | jq length)" 1 "links of a"
  # A pod of the reference that died without DEL: GC of ours frees it, the living stay.
  ip netns delete b
  # What was given a moment ago may belong to an ADD at work.
  find /var/lib/cni/networks/office -name '1*' -exec touch -d '1 hour ago' {} +
  collect_office
  expect_equal "$(office_leases)" "172.31.16.6 " "leases after GC"
  stays_up c
  add_office_pod d
  expect_equal "$(pod_address d)" 172.31.16.7 "the address after the last one given"

  "$repository/scripts/install" --restore
  cmp /opt/cni/bin/ipvlan /usr/lib/cni/ipvlan
  stays_up c
  on_list CHECK 10-office.conflist c
  add_office_pod e
  expect_equal "$(pod_address e)" 172.31.16.8 "the next address, by the reference"
  on_list DEL 10-office.conflist c
  on_list DEL 10-office.conflist d
  on_list DEL 10-office.conflist e
  expect_equal "$(office_leases)" "" "leases after all"
}

# GC with the attachments that the runtime knows: what is in libcni's cache, less the dead pod.
collect_office() {
  jq '.plugins[0] + {name, cniVersion: "1.1.0", "cni.dev/valid-attachments": [{containerID: "c", ifname: "eth0"}]}' \
    /etc/cni/net.d/10-office.conflist |
    CNI_COMMAND=GC CNI_PATH=/opt/cni/bin /opt/cni/bin/ipvlan
}

# The reference's ipvlan with ours as its IPAM plugin, and ours with the reference's host-local.
test_changeover_of_one_half() {
  reference_network
  sed -i 's/"ipam": {/"ipam": { "inProcess": false,/' /etc/cni/net.d/10-office.conflist
  add_office_pod a
  expect_equal "$(office_leases)" "172.31.16.4 " "lease written by the reference's host-local"
  sed -i 's/ "inProcess": false,//' /etc/cni/net.d/10-office.conflist
  on_list CHECK 10-office.conflist a
  add_office_pod b
  on_list DEL 10-office.conflist a
  on_list DEL 10-office.conflist b
  expect_equal "$(office_leases)" "" "leases after all"
}
