# shellcheck shell=bash
# The daemons that look after a node's network, beside the plugin: Debian's own systemd-networkd and NetworkManager.

# Where sysfs is read-only they do not wait for udev, which is not here.
start_daemon() { # PROGRAM [ARGUMENT...]
  mkdir -p /run/dbus
  [ -S /run/dbus/system_bus_socket ] || dbus-daemon --system --fork
  unshare --mount sh -c 'mount -o remount,bind,ro /sys && exec "$@"' sh "$@" &
  daemon=$!
}

# What a test that has failed leaves.
stop_daemons() {
  pkill -x systemd-network || true
  pkill -x NetworkManager || true
  local directory
  for directory in /etc/systemd /etc/NetworkManager/conf.d; do ! mountpoint -q "$directory" || umount "$directory"; done
  rm -rf /run/systemd/netif /run/systemd/network /run/systemd/networkd.conf.d
}
cleanups+=(stop_daemons)

stop_daemon() {
  kill "$daemon"
  wait "$daemon" || true
}

start_networkd() {
  mkdir -p /run/systemd/netif/{links,leases,lldp}
  chown -R systemd-network: /run/systemd/netif
  local capabilities=+net_admin,+net_raw,+net_bind_service,+net_broadcast
  start_daemon setpriv --reuid systemd-network --regid systemd-network --clear-groups \
    --inh-caps "$capabilities" --ambient-caps "$capabilities" /lib/systemd/systemd-networkd
  until_true 60 networkd_says ens5 configured
}

networkd_says() { grep -qx "ADMIN_STATE=$2" "/run/systemd/netif/links/$(cat "/sys/class/net/$1/ifindex")"; }

# A pod that the node reaches.
add_pod() {
  use_network ipvlan-ens5
  sysctl -qw net.ipv4.ip_forward=1
  ip netns add pod
  on_list ADD 10-ipvlan-ens5.conflist pod
}

# The node's network as people keep it, with networkd looking after every link.
manage_all_by_networkd() {
  mount -t tmpfs systemd /etc/systemd
  mkdir /etc/systemd/network
  cat >/etc/systemd/network/80-all.network <<END
[Match]
Name=*

[Network]
LinkLocalAddressing=no
IPv6AcceptRA=no
END
  sed 's/\*/ens5/' /etc/systemd/network/80-all.network >/etc/systemd/network/50-ens5.network
  printf 'Address=172.31.22.228/20\nGateway=172.31.16.1\n' >>/etc/systemd/network/50-ens5.network
  ip -4 address flush dev ens5
  start_networkd
}

# systemctl is what the remedy calls; there is no systemd here.
restart_networkd() {
  stop_daemon
  start_networkd
}

# networkd takes the master's address away for a moment, and then the kernel empties the master's table. Rules and the
# routes to pods stay, and the rest can be restored.
reconfigure_master() {
  local before
  before=$(ip rule; ip route show proto 118)
  networkctl reconfigure ens5
  sleep 2
  until_true 60 networkd_says ens5 configured
  expect_equal "$(ip rule; ip route show proto 118)" "$before" "rules and host routes after networkd has configured the master anew"
  ipvlanctl doctor --fix
  expect_equal "$(findings)" "" "findings after networkd has configured the master anew"
}

test_daemons_networkd_takes_nothing_after_the_remedies() {
  manage_all_by_networkd
  add_pod
  until_true 60 networkd_says ih-ens5 configured
  # On a busy machine networkd has taken a part already when it configures the slave for the first time.
  expect_equal "$(findings | sed 's/ hostAccessIncomplete//')" "foreignRoutesManaged linkManaged" "findings beside networkd"

  # The harm is real: what is not networkd's own goes when it configures a link anew.
  networkctl reconfigure ens5 ih-ens5
  until_true 60 bash -c '! ip rule | grep -q 4101'
  [[ " $(findings) " == *" hostAccessIncomplete "* ]]

  local command
  command=$(remedy foreignRoutesManaged)
  [[ $command == *" && systemctl restart systemd-networkd" ]]
  bash -c "${command% && systemctl restart systemd-networkd}"
  restart_networkd
  bash -c "$(remedy linkManaged)"
  until_true 60 networkd_says ih-ens5 unmanaged
  ipvlanctl doctor --fix
  expect_equal "$(findings)" "" "findings after the remedies"

  reconfigure_master
  on_list DEL 10-ipvlan-ens5.conflist pod
}

test_daemons_network_manager_leaves_the_slave_after_the_remedy() {
  add_pod
  mount -t tmpfs conf /etc/NetworkManager/conf.d
  # The node's name is that of its pools.
  printf '[main]\nhostname-mode=none\n' >/etc/NetworkManager/conf.d/00-name.conf
  start_daemon NetworkManager --no-daemon
  until_true 60 test -e "/run/NetworkManager/devices/$(cat /sys/class/net/ens5/ifindex)"
  # Without anybody's wish it leaves links alone that have no address.
  expect_equal "$(findings)" "" "findings beside NetworkManager"
  printf '[device-all]\nmatch-device=*\nmanaged=1\n' >/etc/NetworkManager/conf.d/90-all.conf
  stop_daemon
  start_daemon NetworkManager --no-daemon
  until_true 60 bash -c "nmcli -g GENERAL.STATE device show ih-ens5 | grep -v unmanaged"
  until_true 60 grep -qx managed=true "/run/NetworkManager/devices/$(cat /sys/class/net/ih-ens5/ifindex)"
  expect_equal "$(findings)" linkManaged "findings beside a NetworkManager that wants everything"
  bash -c "$(remedy linkManaged)"
  until_true 60 bash -c "nmcli -g GENERAL.STATE device show ih-ens5 | grep unmanaged"
  ipvlanctl doctor --fix
  expect_equal "$(findings)" "" "findings after the remedy"
  on_list DEL 10-ipvlan-ens5.conflist pod
}

# With the files of the package nothing has to be mended.
test_daemons_networkd_with_the_packages_settings() {
  mkdir -p /run/systemd/networkd.conf.d /run/systemd/network
  cp "$repository/scripts/package.d/system/10-ipvlan-networkd.conf" /run/systemd/networkd.conf.d/10-ipvlan.conf
  cp "$repository/scripts/package.d/system/10-ipvlan.network" /run/systemd/network/
  manage_all_by_networkd
  add_pod
  until_true 60 networkd_says ih-ens5 unmanaged
  expect_equal "$(findings)" "" "findings beside networkd"
  reconfigure_master
  serve pod
  expect_equal "$(from_node "$(pod_address pod)")" pod "the node asks the pod"
  stop_serving pod
  on_list DEL 10-ipvlan-ens5.conflist pod
}
