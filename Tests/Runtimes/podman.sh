# shellcheck shell=bash
# podman with its CNI backend.

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

# start_podman NAME NETWORK [OPTION...]
start_podman() {
  podman run --detach --name "$1" --network "$2" "${@:3}" "$pod_image" \
    /bin/sh -c "echo $1 >/www/index.html; exec httpd -f -h /www"
}

# network_address NAME NETWORK
podman_address() { podman inspect "$1" | jq -er --arg network "$2" '.[0].NetworkSettings.Networks[$network].IPAddress'; }

test_podman_containers_reach_each_other_and_the_fabric() {
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

test_podman_container_on_both_networks() {
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
test_podman_asks_for_an_address() {
  use_network ipvlan-ens5
  podman_configuration
  podman load --quiet --input "$image/busybox.tar"
  start_podman a ipvlan-ens5 --ip 172.31.16.7
  expect_equal "$(podman_address a ipvlan-ens5)" 172.31.16.7 "the address asked for"
  podman rm --force --time 0 a
  expect_nothing_left
}

test_podman_removes_a_container_whose_monitor_was_killed() {
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
