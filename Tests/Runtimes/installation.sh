# shellcheck shell=bash
# The ways onto a node.

# A runtime starts pods without a pause while the plugin is installed again and again: each ADD finds a whole plugin.
test_install_while_pods_start() {
  use_network ipvlan-ens5
  sed -i 's/"type": "ippool",/"type": "ippool", "cooldownSeconds": 0,/' /etc/cni/net.d/*.conflist
  ip netns add pod
  (
    while [ ! -e /tmp/installed ]; do
      on_list ADD 10-ipvlan-ens5.conflist pod >/dev/null && on_list DEL 10-ipvlan-ens5.conflist pod || exit 1
      echo >>/tmp/attached
    done
  ) >/tmp/attaching 2>&1 &
  local attaching=$!
  until_true 60 test -s /tmp/attached
  for _ in {1..20}; do "$repository/scripts/install" >/dev/null; done
  touch /tmp/installed
  wait "$attaching" || { cat /tmp/attaching; return 1; }
  [ "$(wc -l </tmp/attached)" -ge 5 ]
  expect_equal "$(find /opt/cni/bin -name '.ipvlan.new*')" "" "unfinished files"
  expect_nothing_left
}

# A clean Debian, seen through a layer of its own.
enter_debian() {
  mkdir -p /tmp/debian/{upper,work,root}
  mount -t tmpfs debian /tmp/debian
  mkdir -p /tmp/debian/{upper,work,root}
  mount -t overlay -o "lowerdir=$image/debian,upperdir=/tmp/debian/upper,workdir=/tmp/debian/work" debian /tmp/debian/root
  mount --rbind /proc /tmp/debian/root/proc
  mount --bind /sys /tmp/debian/root/sys
  mkdir -p /tmp/debian/root/run/netns
  mount --bind /run/netns /tmp/debian/root/run/netns
  cp "$image/ipvlan.deb" /tmp/debian/root/tmp/
}
leave_debian() { umount -R /tmp/debian; }
in_debian() { chroot /tmp/debian/root /usr/bin/env PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }

test_package_installs_in_a_clean_debian_and_attaches_a_pod() {
  enter_debian
  in_debian dpkg --install /tmp/ipvlan.deb
  in_debian test -s /usr/share/man/man1/ipvlanctl.1.gz
  in_debian test -s /usr/share/bash-completion/completions/ipvlanctl
  in_debian test -s /lib/systemd/system/ipvlan-gc.timer
  in_debian test -s /lib/systemd/system/ipvlan-follow.service
  in_debian test -s /lib/systemd/system/ipvlan-agent.service
  in_debian ipvlan-agent --version
  in_debian test -s /usr/lib/systemd/networkd.conf.d/10-ipvlan.conf
  # One conflist and the pools, and that is all.
  in_debian mkdir -p /etc/cni/net.d /etc/cni/ippool.d
  in_debian cp /usr/share/doc/ipvlan-cni/examples/10-ipvlan-ens5.conflist /etc/cni/net.d/
  in_debian cp -r /usr/share/doc/ipvlan-cni/examples/ippool.d /etc/cni/
  ip netns add pod
  cp "$image/lists-$debian" /tmp/debian/root/tmp/lists
  in_debian env CNI_PATH=/opt/cni/bin /tmp/lists ADD /etc/cni/net.d/10-ipvlan-ens5.conflist pod /run/netns/pod eth0
  serve pod
  expect_equal "$(from_fabric "$(pod_address pod)")" pod "the fabric asks the pod"
  stop_serving pod
  in_debian ipvlanctl links
  in_debian env CNI_PATH=/opt/cni/bin /tmp/lists DEL /etc/cni/net.d/10-ipvlan-ens5.conflist pod /run/netns/pod eth0
  in_debian dpkg --purge ipvlan-cni
  in_debian test ! -e /opt/cni/bin/ipvlan
  leave_debian
}

# The reference plugin of kubernetes-cni lies at the same path, and comes back.
test_package_keeps_a_reference_plugin_aside() {
  enter_debian
  in_debian mkdir -p /opt/cni/bin
  cp /usr/lib/cni/ipvlan /tmp/debian/root/opt/cni/bin/
  in_debian dpkg --install /tmp/ipvlan.deb
  cmp /tmp/debian/root/opt/cni/bin/ipvlan "$repository/dist/ipvlan"
  in_debian dpkg --install /tmp/ipvlan.deb
  cmp /tmp/debian/root/opt/cni/bin/ipvlan.reference /usr/lib/cni/ipvlan
  in_debian dpkg --remove ipvlan-cni
  cmp /tmp/debian/root/opt/cni/bin/ipvlan /usr/lib/cni/ipvlan
  leave_debian
}

# The guide's documents, rendered, are the manifests that are shipped.
test_rendered_manifests_are_those_of_cni_conf() {
  local shipped=$repository/cni-conf/kubernetes name
  mkdir /tmp/rendered
  "$repository/dist/ipvlanctl" render --file "$shipped/spidermultusconfig.yaml" --as nad --directory /tmp/rendered
  for name in ipvlan-ens5 ipvlan-ens6; do diff -u "$shipped/$name.yaml" "/tmp/rendered/$name.yaml"; done
}
