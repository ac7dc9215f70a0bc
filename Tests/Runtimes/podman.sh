# shellcheck shell=bash
# podman with its CNI backend, which it has up to version 4; later ones take a namespace that somebody else has attached.

# Without systemd: control groups by podman itself, events nowhere.
podman_configuration() {
  mkdir -p /etc/cni/podman
  cat >/etc/cni/podman/containers.conf <<'END'
[network]
network_backend = "cni"
cni_plugin_dirs = ["/opt/cni/bin"]
network_config_dir = "/etc/cni/net.d"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
runtime = "crun"
[containers]
log_driver = "k8s-file"
END
  printf '[storage]\ndriver = "overlay"\nrunroot = "/run/containers/storage"\ngraphroot = "/var/lib/containers/storage"\n' \
    >/etc/cni/podman/storage.conf
  export CONTAINERS_CONF=/etc/cni/podman/containers.conf CONTAINERS_STORAGE_CONF=/etc/cni/podman/storage.conf
}

stop_podman() {
  [ -e /etc/cni/podman ] || return 0
  podman_configuration
  podman rm --all --force --time 0 >/dev/null 2>&1 || true
  umount -l /var/lib/containers/storage/overlay 2>/dev/null || true
}
cleanups+=(stop_podman)

# start_podman NAME NETWORK [OPTION...]
start_podman() {
  podman run --detach --name "$1" --network "$2" "${@:3}" "$pod_image" \
    /bin/sh -c "echo $1 >/www/index.html; exec httpd -f -h /www"
}

# network_address NAME NETWORK
podman_address() { podman inspect "$1" | jq -er --arg network "$2" '.[0].NetworkSettings.Networks[$network].IPAddress'; }

test_podman_cni_containers_reach_each_other_and_the_fabric() {
  use_network ipvlan-ens5
  podman_configuration
  podman load --quiet --input "$image/busybox.tar"
  start_podman a ipvlan-ens5
  start_podman b ipvlan-ens5
  local a b
  a=$(podman_address a ipvlan-ens5)
  b=$(podman_address b ipvlan-ens5)
  expect_equal "$(podman exec a /bin/sh -c "$(http_request "$b")" | tail -n 1)" b "a asks b"
  expect_equal "$(podman exec b /bin/sh -c "$(http_request "$a")" | tail -n 1)" a "b asks a"
  expect_equal "$(from_fabric "$b")" b "the fabric asks b"
  podman rm --force --time 0 a b
  expect_nothing_left
}

test_podman_cni_container_on_both_networks() {
  use_network ipvlan-ens5 ipvlan-ens6
  podman_configuration
  podman load --quiet --input "$image/busybox.tar"
  start_podman a ipvlan-ens5,ipvlan-ens6
  expect_equal "$(from_fabric "$(podman_address a ipvlan-ens5)")" a "the fabric asks by ens5"
  expect_equal "$(from_fabric "$(podman_address a ipvlan-ens6)")" a "the fabric asks by ens6"
  podman rm --force --time 0 a
  expect_nothing_left
}

# `podman run --ip` is the runtime's capability argument "ips".
test_podman_cni_asks_for_an_address() {
  use_network ipvlan-ens5
  podman_configuration
  podman load --quiet --input "$image/busybox.tar"
  start_podman a ipvlan-ens5 --ip 172.31.16.7
  expect_equal "$(podman_address a ipvlan-ens5)" 172.31.16.7 "the address asked for"
  podman rm --force --time 0 a
  expect_nothing_left
}

test_podman_cni_removes_a_container_whose_monitor_was_killed() {
  use_network ipvlan-ens5
  podman_configuration
  podman load --quiet --input "$image/busybox.tar"
  start_podman a ipvlan-ens5
  # The monitor of the container goes first: nobody calls DEL when the container ends.
  local monitor process victim
  read -r monitor process <<<"$(podman inspect a | jq -r '.[0].State | "\(.ConmonPid) \(.Pid)"')"
  for victim in "$monitor" "$process"; do
    kill -KILL "$victim"
    until_true 60 process_is_gone "$victim"
  done
  podman rm --force --time 0 a
  expect_nothing_left
  start_podman a ipvlan-ens5
  expect_equal "$(from_fabric "$(podman_address a ipvlan-ens5)")" a "the fabric asks the next one"
  podman rm --force --time 0 a
  expect_nothing_left
}
process_is_gone() { [ ! -e "/proc/$1" ]; }

# Without a network backend of its own: the pod's namespace is attached before and detached after.
test_podman_joins_an_attached_namespace() {
  use_network ipvlan-ens5
  podman_configuration
  sed -i '/network_backend/d' "$CONTAINERS_CONF"
  podman load --quiet --input "$image/busybox.tar"
  ip netns add pod
  on_list ADD 10-ipvlan-ens5.conflist pod
  start_podman a ns:/run/netns/pod
  until_true 60 answers_as a "$(pod_address pod)"
  expect_equal "$(from_node "$(pod_address pod)")" a "the node asks the container"
  podman exec a ip address show dev eth0 | grep -qF "$(pod_address pod)"
  podman rm --force --time 0 a
  on_list DEL 10-ipvlan-ens5.conflist pod
  expect_nothing_left
}
answers_as() { [ "$(from_fabric "$2")" = "$1" ]; }
