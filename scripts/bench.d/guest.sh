#!/usr/bin/env bash
# Inside of the kernel with ipvlan: makes the masters of a plan, runs its jobs, and leaves the measurements and what
# an independent reader saw of the pods.
#
#   guest.sh PLAN OUTPUT
#
# The jobs run in a root file system of their own on tmpfs: nothing that they touch may wait for the machine outside,
# during which the guest's clock would run on.

set -euo pipefail
plan=$1 output=$2
root=/run/bench

while read -r master index number; do
  ip link add "$master" index "$index" type dummy
  ip addr add "10.$number.255.254/16" dev "$master"
  ip link set "$master" up
done <"$plan/masters"

# Modules that hostAccess needs: loading one takes the machine outside.
nft -f - <<<'table ip bench {
  chain c { type nat hook postrouting priority 0; ct status dnat ct mark set 1 masquerade; }
}
delete table ip bench'
modprobe -a sch_ingress cls_u32 cls_matchall act_gact

mkdir -p "$root"/{proc,sys,dev,tmp,run/netns,etc,usr/sbin,usr/lib/cni,lib64}
cp -r "$plan" "$root/plan"
cp /usr/lib/cni/{ipvlan,host-local,static} "$root/usr/lib/cni/"
for library in $(ldd /usr/lib/cni/ipvlan /usr/lib/cni/host-local /usr/sbin/nft | grep -o '/[^ ]*' | grep -v ':$' | sort -u); do
  mkdir -p "$root${library%/*}"
  cp -L "$library" "$root$library"
done
cp -L /usr/sbin/nft "$root/usr/sbin/"
mount -t proc proc "$root/proc"
mount --bind /sys "$root/sys"
mount --bind /dev "$root/dev"

while read -r directory; do mkdir -p "$root$directory"; done <"$plan/logs"

ulimit -n 65536
chroot "$root" /plan/driver /plan/jobs /tmp/answers >/run/measurements
cp /run/measurements "$output/measurements"
[ ! -d "$root/tmp/logs" ] || cp -r "$root/tmp/logs" "$output/logs"
