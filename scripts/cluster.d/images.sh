# shellcheck shell=bash
# The images of the cluster's pods. Sourced by scripts/cluster, on this machine.

readonly nginx_image=localhost/nginx:busybox echoserver_image=localhost/echoserver:busybox

# A web server that says who it is, and goes at once when it is told to.
server() { # PORT
  jq -nc --arg port "$1" '["/bin/sh", "-c", "hostname >/www/index.html; httpd -f -p \($port) -h /www & trap \"exit 0\" TERM; wait"]'
}

# make_images FILE: for every node's runtime: ours as cni-conf/kubernetes/Containerfile has it, Multus' as its chart expects it.
make_images() {
  local work=$1.work root=$1.root
  begin_images "$work"
  busybox_root "$root" sh httpd hostname nc ip cat sleep ping nslookup wget sed grep cmp cp mv mkdir ln sync chmod rm base64 tr test true
  add_layer "$work" busybox "$root"
  rm -rf "$root"
  mkdir -p "$root/ipvlan-cni/"{dist,scripts}
  cp "$repository"/dist/{ipvlan,ipvlanctl,ipvlan-agent} "$root/ipvlan-cni/dist/"
  ln -s ipvlan-agent "$root/ipvlan-cni/dist/ipvlan-controller"
  cp "$repository"/scripts/{install,multus-node} "$root/ipvlan-cni/scripts/"
  add_layer "$work" ipvlan "$root"
  add_image "$work" localhost/pause:busybox '["/bin/sleep", "1000000"]' busybox
  add_image "$work" "$nginx_image" "$(server 80)" busybox
  add_image "$work" "$echoserver_image" "$(server 8080)" busybox
  add_image "$work" localhost/ipvlan-cni:cluster '["/ipvlan-cni/scripts/install", "--to", "/host/opt/cni/bin"]' busybox ipvlan
  if [ -n "$multus" ]; then
    rm -rf "$root"
    mkdir -p "$root/usr/src/multus-cni/bin" "$root/etc" "$root/var"
    # Multus' daemon asks who it is, and takes the paths of namespaces as the runtime says them.
    echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
    ln -s /run "$root/var/run"
    cp "${multus_programs[@]/#/$KUBE_BIN/}" "$root/usr/src/multus-cni/bin/"
    ln -s usr/src/multus-cni/bin/install_multus "$root/install_multus"
    add_layer "$work" multus "$root"
    add_image "$work" localhost/multus:cluster '["/install_multus"]' busybox multus
  fi
  end_images "$work" "$1"
  rm -rf "$root"
}
