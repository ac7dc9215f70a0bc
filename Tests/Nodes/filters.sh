# shellcheck shell=bash
# Rules of others.

# As a firewall script or an old Docker leaves them: nothing is forwarded, and what comes in is only what was asked for.
test_legacy_iptables_rules_of_others() {
  iptables-legacy -P FORWARD DROP
  iptables-legacy -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
  iptables-legacy -A INPUT -p icmp -j ACCEPT
  iptables-legacy -t nat -A POSTROUTING -s 10.244.0.0/16 -j MASQUERADE
  local before
  before=$(iptables-legacy-save | grep '^-')
  expect_host_access_works
  forget_network ipvlan-ens5
  expect_office_works
  expect_equal "$(iptables-legacy-save | grep '^-')" "$before" "rules of others"
}
forget_legacy() {
  [ -e /proc/net/ip_tables_names ] || return 0
  iptables-legacy -P FORWARD ACCEPT
  local table
  for table in filter nat; do iptables-legacy -t $table -F; done
}
cleanups+=(forget_legacy)
