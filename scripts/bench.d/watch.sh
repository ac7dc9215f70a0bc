#!/usr/bin/env bash
# Inside of the kernel with ipvlan: how long `ipvlanctl watch` takes to tell of a change.
#
#   watch.sh IPVLANCTL OUTPUT ROUNDS
#
# Leaves lines of KIND and microseconds, from before ip(8) is started that makes the change to the line that tells of it:
# "address", in a namespace that is known; "namespace", a slave that is born into one that only a process holds.

set -euo pipefail
export LC_ALL=C
tool=$1 output=$2 rounds=$3
told=/run/told

now() { printf '%s\n' "${EPOCHREALTIME/./}"; }

# await TEXT: when the first line with it was told, in microseconds.
await() {
  local _
  for _ in {1..3000}; do
    awk -v text="$1" 'index($0, text) { print $1; found = 1; exit } END { exit !found }' "$told" && return
    sleep 0.01
  done
  echo "watch did not tell of $1" >&2
  return 1
}

# make_pod NAME: a namespace that only a process holds, whose number is left in $pod.
make_pod() {
  unshare --net sleep 1000000 &
  pod=$!
  until [ "$(readlink "/proc/$pod/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
}

ip link add m0 type dummy
ip link set m0 up
: >"$told"
"$tool" watch -o json --rescan 86400 | while read -r line; do printf '%s %s\n' "$(now)" "$line" >>"$told"; done &

make_pod
known=$pod
ip link add eth0 netns "$known" link m0 type ipvlan mode l3s
await eth0 >/dev/null  # watch is at work.
for ((round = 1; round <= rounds; round++)); do
  before=$(now)
  nsenter --net="/proc/$known/ns/net" ip address add "10.0.0.$round/32" dev eth0
  echo "address $(($(await "10.0.0.$round/32 on eth0") - before))"
  make_pod
  before=$(now)
  ip link add "slave$round" netns "$pod" link m0 type ipvlan mode l3s
  echo "namespace $(($(await "slave$round") - before))"
done >"$output/watch"
kill $(jobs -p) 2>/dev/null || true
