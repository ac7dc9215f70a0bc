# shellcheck shell=bash
# Kernel settings as hardening guides want them.

# set_sysctl NAME=VALUE...: until the next test.
set_sysctl() {
  local setting name
  for setting in "$@"; do
    name=${setting%%=*}
    [ -e "/tmp/sysctl-$name" ] || sysctl -n "$name" >"/tmp/sysctl-$name"
    sysctl -qw "$setting"
  done
}
restore_sysctl() {
  local kept
  for kept in /tmp/sysctl-*; do
    [ ! -e "$kept" ] || { sysctl -qw "${kept#/tmp/sysctl-}=$(cat "$kept")" && rm "$kept"; }
  done
}
cleanups+=(restore_sysctl)

test_strict_reverse_path_filtering() {
  set_sysctl net.ipv4.conf.{all,default,ens5,ens6}.rp_filter=1
  expect_host_access_works hostAccessShortfall
  forget_network ipvlan-ens5
  expect_office_works
}

test_no_forwarding() {
  set_sysctl net.ipv4.conf.all.forwarding=0
  expect_host_access_works hostAccessShortfall
  forget_network ipvlan-ens5
  expect_office_works
}
