# shellcheck shell=bash
# ipvlanctl beside the programs that operators feed it to: Prometheus's checker, a shell's completion, tar.

ipvlanctl() { "$repository/dist/ipvlanctl" "$@"; }

operator_node() {
  use_network ipvlan-ens5
  ip netns add pod
  on_list ADD 10-ipvlan-ens5.conflist pod
}

test_operator_metrics_are_what_prometheus_reads() {
  operator_node
  ipvlanctl metrics >/tmp/metrics
  promtool check metrics </tmp/metrics
  # One address of the guide's five is held.
  grep -qF 'ipvlan_pool_addresses{pool="master-v4-ens5",state="held"} 1' /tmp/metrics || { cat /tmp/metrics && return 1; }
  on_list DEL 10-ipvlan-ens5.conflist pod
}

test_operator_bash_completes_verbs_and_options() {
  ipvlanctl --generate-completion-script bash >/tmp/completion
  # What the shell does when the tab key is pressed.
  complete_with() (
    set +eu
    . /tmp/completion
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE} COMPREPLY=()
    "$(complete -p ipvlanctl | sed 's/.* -F \([^ ]*\) .*/\1/')" ipvlanctl "${*: -1}" "${*: -2:1}"
    echo "${COMPREPLY[@]}"
  )
  expect_equal "$(complete_with ipvlanctl doc)" doctor "completion of doc"
  [[ " $(complete_with ipvlanctl gc --) " == *" --dry-run "* ]]
}

test_operator_bundle_is_an_archive_without_secrets() {
  operator_node
  jq '.plugins[0].apiToken = "tell-nobody"' /etc/cni/net.d/10-ipvlan-ens5.conflist | make_network 20-other.conflist
  echo '{"apiToken": "tell-nobody",' >/etc/cni/net.d/30-broken.conflist
  ipvlanctl bundle --to /tmp/bundle.tar.gz
  tar -tzf /tmp/bundle.tar.gz
  mkdir /tmp/bundle
  tar -C /tmp/bundle -xzf /tmp/bundle.tar.gz
  grep -rq 172.31.16.4 /tmp/bundle
  # A command after "!" never ends a test.
  if grep -r tell-nobody /tmp/bundle; then return 1; fi
  [ "$(stat -c %a /tmp/bundle.tar.gz)" = 600 ]
  on_list DEL 10-ipvlan-ens5.conflist pod
}

test_operator_without_root_says_what_is_not_shown() {
  operator_node
  install -m 755 "$repository/dist/ipvlanctl" /tmp/ipvlanctl
  chmod 755 /tmp
  setpriv --reuid 65534 --regid 65534 --clear-groups /tmp/ipvlanctl links >/tmp/shown 2>/tmp/remarks
  grep -q "without root only the namespaces of your own processes" /tmp/remarks
  # The node's own namespace is seen, and what stands in it.
  grep -q ih-ens5 /tmp/shown
  on_list DEL 10-ipvlan-ens5.conflist pod
}

# serve_metadata DIRECTORY: EC2's instance metadata service, version 2, over the files of a directory.
serve_metadata() {
  perl -MIO::Socket::INET -e '
    my ($directory) = @ARGV;
    my $server = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => 8111, Listen => 5, ReuseAddr => 1) or die $!;
    while (my $client = $server->accept) {
      while (defined(my $line = <$client>)) {
        my ($method, $path) = split / /, $line;
        my %headers;
        while (($line = <$client>) =~ /^([^:\r]+): *([^\r]*)/) { $headers{lc $1} = $2 }
        my ($status, $body) = (404, "");
        if ($method eq "PUT" and $path eq "/latest/api/token" and $headers{"x-aws-ec2-metadata-token-ttl-seconds"}) {
          ($status, $body) = -e "$directory/token" ? (200, "secret") : (403, "");
        } elsif (($headers{"x-aws-ec2-metadata-token"} // "") ne "secret") {
          $status = 401;
        } else {
          (my $file = $path) =~ s{/}{_}g;
          if (open my $handle, "<", "$directory/$file") { local $/; ($status, $body) = (200, <$handle>) }
        }
        print $client "HTTP/1.1 $status Whatever\r\nContent-Length: " . length($body) . "\r\n\r\n$body";
      }
    }' "$1" >/dev/null 2>&1 &
  metadata_server=$!
  until_true 10 bash -c 'exec 3<>/dev/tcp/127.0.0.1/8111'
}

# own_interface LINK SUBNET ADDRESS...: what the service tells of a NIC.
own_interface() {
  local mac base
  mac=$(cat "/sys/class/net/$1/address")
  base=/tmp/metadata/_latest_meta-data_network_interfaces_macs_${mac}
  echo "$mac/" >>/tmp/metadata/_latest_meta-data_network_interfaces_macs_
  echo "eni-$1" >"${base}_interface-id"
  echo "${1#ens}" >"${base}_device-number"
  echo "$2" >"${base}_subnet-ipv4-cidr-block"
  printf '%s\n' "${@:3}" >"${base}_local-ipv4s"
}

test_operator_pools_come_from_the_instance_metadata() {
  local endpoint=http://127.0.0.1:8111
  mkdir /tmp/metadata
  touch /tmp/metadata/token
  own_interface ens5 172.31.16.0/20 172.31.22.228 172.31.16.4 172.31.16.5
  own_interface ens6 210.22.16.0/24 210.22.16.10 210.22.16.11
  echo 210.22.16.32/28 >"/tmp/metadata/_latest_meta-data_network_interfaces_macs_$(cat /sys/class/net/ens6/address)_ipv4-prefix"
  echo 02:de:ad:00:00:01/ >>/tmp/metadata/_latest_meta-data_network_interfaces_macs_
  serve_metadata /tmp/metadata

  use_network ipvlan-ens5
  rm -f /etc/cni/ippool.d/*
  ipvlanctl pools --from-imds --imds-endpoint "$endpoint" >/etc/cni/ippool.d/this-node.yaml 2>/tmp/remarks
  grep -q 02:de:ad:00:00:01 /tmp/remarks
  cat /etc/cni/ippool.d/this-node.yaml
  # What the NICs own, whole prefixes too, and not the node's own addresses.
  expect_equal "$(ipvlanctl pools -o json | jq -c '[.[] | [.total, .free]]')" '[["2","2"],["17","17"]]' "totals of the pools"
  ip netns add pod
  on_list ADD 10-ipvlan-ens5.conflist pod
  expect_equal "$(pod_address pod)" 172.31.16.4 "the address of the pod"
  on_list DEL 10-ipvlan-ens5.conflist pod

  rm /tmp/metadata/token
  refused ipvlanctl pools --from-imds --imds-endpoint "$endpoint"
  [[ $refusal == *"gives no token: status 403"* ]]
  kill -STOP "$metadata_server"
  refused ipvlanctl pools --from-imds --imds-endpoint "$endpoint"
  [[ $refusal == *"did not answer"* ]]
  kill -KILL "$metadata_server"
  wait "$metadata_server" || true
  refused ipvlanctl pools --from-imds --imds-endpoint "$endpoint"
  [[ $refusal == *"does not answer"* ]]
}
