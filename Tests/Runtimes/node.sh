# shellcheck shell=bash
# The node of these tests and those of Tests/Nodes, and what they ask of it. Sourced.

# What runtimes and plugins write lies on tmpfs, so that a machine whose own kernel has ipvlan keeps its files, and each
# test begins with none.
readonly node_directories=(
  /etc/cni /opt/cni /var/lib/cni /var/lib/containerd /run/containerd /var/lib/containers /run/containers
)
readonly pod_image=localhost/busybox:test
# What ends the programs that a failed test leaves.
cleanups=()

make_node() {
  local directory
  # The pools of the guide belong to the node of this name.
  hostname master
  for directory in "${node_directories[@]}"; do
    mkdir -p "$directory"
    mount -t tmpfs -o mode=755 node "$directory"
  done
  # scripts/vm may have given the node a sysfs of its own, without what lies on it.
  [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ] || mount -t cgroup2 cgroup2 /sys/fs/cgroup
  make_site
  fill_node
}

fill_node() {
  mkdir -p /etc/cni/net.d
  cp -r "$repository/cni-conf/ippool.d" /etc/cni/ippool.d
  "$repository/scripts/install" >/dev/null
  # The reference plugins stand beside it, as packages of the runtimes bring them.
  local plugin
  for plugin in /usr/lib/cni/*; do
    [ -e "/opt/cni/bin/${plugin##*/}" ] || cp "$plugin" /opt/cni/bin/
  done
}

clear_node() {
  local directory name cleanup
  for cleanup in "${cleanups[@]}"; do "$cleanup"; done
  for name in $(ip netns list | awk '$1 != "fabric" { print $1 }'); do
    # What still runs in a namespace keeps it, with its links, after its name is gone.
    stop_serving "$name"
    ip netns delete "$name"
  done
  # Host access, with its routes.
  for name in $(ip -json link show | jq -r '.[].ifname | select(startswith("ih-"))'); do ip link delete "$name"; done
  for directory in "${node_directories[@]}"; do find "$directory" -mindepth 1 -delete 2>/dev/null || true; done
  fill_node
}

# use_network NETWORK...: the networks of the node are these of cni-conf.
use_network() {
  local network
  for network in "$@"; do cp "$repository"/cni-conf/*-"$network".conflist /etc/cni/net.d/; done
}

# The networks of the node are of CNI 1.1, which has GC and STATUS. cni-conf says 1.0.0, which older runtimes read too.
speak_cni_1_1() { sed -i 's/"cniVersion": "1.0.0"/"cniVersion": "1.1.0"/' /etc/cni/net.d/*.conflist; }

# make_network FILE: a configuration list on standard input becomes a network of the node.
make_network() { cat >"/etc/cni/net.d/$1"; }

# until_true SECONDS COMMAND...: waits for what takes its time.
until_true() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || { say "not in time: $*"; return 1; }
    sleep 0.2
  done
}

ipvlanctl() { "$repository/dist/ipvlanctl" "$@"; }

# What the doctor finds, by kind, and the command that it prints for one of them.
findings() { (ipvlanctl doctor -o json || true) | jq -r '.[].kind' | sort -u | xargs; }
remedy() { (ipvlanctl doctor -o json || true) | jq -r --arg kind "$1" 'map(select(.kind == $kind))[0].remedy'; }

pod_address() { ip -n "$1" -json -4 address show dev eth0 | jq -r '.[].addr_info[0].local'; }

serve() { ip netns exec "$1" busybox httpd -p "${2-80}" -h "$(page "$1")"; }
page() {
  mkdir -p "/tmp/www-$1"
  echo "$1" >"/tmp/www-$1/index.html"
  echo "/tmp/www-$1"
}
stop_serving() {
  local pid
  for pid in $(ip netns pids "$1"); do kill -KILL "$pid"; done
}

# expect_equal ACTUAL EXPECTED WHAT
expect_equal() {
  [ "$1" = "$2" ] || { say "$3: expected '$2', found '$1'"; return 1; }
}

# refused COMMAND...: the command must fail; its words are kept in $refusal.
refused() {
  if refusal=$("$@" 2>&1); then
    say "should have been refused: $*"
    return 1
  fi
}

# What libcni keeps of an attachment: its result.
cached_result() { jq -e .result /var/lib/cni/results/"$1"-"$2"-eth0; }
cached_address() { cached_result "$1" "$2" | jq -r '.ips[0].address | split("/")[0]'; }

# No link of a pod, no host route to one, no cached attachment is left on the node.
expect_nothing_left() {
  local found
  found=$(find /var/lib/cni/results -type f 2>/dev/null || true)
  expect_equal "$found" "" "attachments in libcni's cache"
  found=$(ip -json route show table all | jq -r '.[].dst' | grep -E '^(172\.31\.16\.[4-8]|210\.22\.16\.1[1-5])$' || true)
  expect_equal "$found" "" "host routes to pods"
  found=$(ipvlanctl links -o json | jq -r '.. | objects | select(has("netns")) | .name | select(startswith("ih-") | not)')
  expect_equal "$found" "" "links in pods"
}

# http_request ADDRESS [PORT]: the command that asks a pod over TCP for its name, which is the answer's last line. Not
# wget: that of Debian's static busybox crashes.
http_request() { printf 'printf "GET / HTTP/1.0\\r\\n\\r\\n" | busybox nc -w 10 %s %s' "$1" "${2-80}"; }
from_fabric() { ip netns exec fabric sh -c "$(http_request "$@")" | tail -n 1; }
from_node() { sh -c "$(http_request "$@")" | tail -n 1; }

# What is there when a test has failed.
show_node() {
  ip -brief address
  ip route show
  ip rule
  local name
  for name in $(ip netns list | awk '$1 != "fabric" { print $1 }'); do
    echo "in $name:"
    ip -n "$name" -brief address
    ip -n "$name" route show table all | grep -v -e '^local' -e '^broadcast' -e '^multicast'
    ip netns exec "$name" ss -ltn
  done
  find /var/lib/cni -type f
}

# The usual set-up of the reference plugins: no key of ours is in it.
reference_network() {
  make_network 10-office.conflist <<'END'
{
  "cniVersion": "1.0.0",
  "name": "office",
  "plugins": [
    {
      "type": "ipvlan",
      "master": "ens5",
      "ipam": {
        "type": "host-local",
        "ranges": [[{ "subnet": "172.31.16.0/20", "rangeStart": "172.31.16.4", "rangeEnd": "172.31.16.8", "gateway": "172.31.16.1" }]],
        "routes": [{ "dst": "0.0.0.0/0" }]
      }
    }
  ]
}
END
}
