#!/usr/bin/env bash
# Inside of the kernel with ipvlan: counts the system calls of one ADD of each contender.
#
#   calls.sh PLAN OUTPUT

set -euo pipefail
plan=$1 output=$2
while read -r master index number; do
  ip link add "$master" index "$index" type dummy
  ip addr add "10.$number.255.254/16" dev "$master"
  ip link set "$master" up
done <"$plan/masters"
ln -sfn "$plan" /plan

calls() {
  local label=$1 program=$2 configuration=$3 pod="calls-${1// /-}"
  ip netns add "$pod"
  CNI_COMMAND=ADD CNI_CONTAINERID=$pod CNI_NETNS=/run/netns/$pod CNI_IFNAME=eth0 CNI_PATH=/usr/lib/cni \
    strace -c -f -o /run/calls "$program" <"$configuration" >/dev/null
  printf '| %s | %s | %s |\n' "$label" "$(awk '$NF == "total" { print $(NF - 2) }' /run/calls)" \
    "$(awk 'NR > 2 && $NF != "total" && $1 ~ /^[0-9]/ { print $4, $NF }' /run/calls | sort -rn | head -6 | awk '{ printf "%s%s %s", sep, $2, $1; sep = ", " }')"
}

{
  printf '\n| ADD, l3s, IPv4 | system calls | most of them |\n|---|---|---|\n'
  for name in ippool host-local; do calls "$name" "$plan/ipvlan" "$plan/conf/2-$name"; done
  calls static "$plan/ipvlan" "$plan/conf/2-static-0"
  calls "go host-local" /usr/lib/cni/ipvlan "$plan/conf/2-go-host-local"
  calls "go static" /usr/lib/cni/ipvlan "$plan/conf/2-go-static-0"
} >"$output/calls"
