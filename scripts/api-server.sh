# shellcheck shell=bash
# An API server with etcd: keys, kubeconfigs and processes. Sourced, never run. Whoever sources it sets $directory, where all of
# it lies, $api_address and $api_port, where the server listens, and $etcd_port.

make_authority() { # NAME
  quietly openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj "/CN=$1" \
    -keyout "$directory/$1.key" -out "$directory/$1.crt"
}

# sign NAME SUBJECT EXTENSION: by the authority "ca".
sign() {
  quietly openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "$2" \
    -keyout "$directory/$1.key" -out "$directory/$1.csr"
  quietly openssl x509 -req -in "$directory/$1.csr" -CA "$directory/ca.crt" -CAkey "$directory/ca.key" \
    -CAcreateserial -days 3650 -extfile <(echo "$3") -out "$directory/$1.crt"
}

# What the server itself needs: who it is, what signs the tokens of service accounts, and its administrator.
make_server_keys() {
  make_authority ca
  sign server /CN=kube-apiserver "subjectAltName=DNS:localhost,DNS:kubernetes.default.svc,IP:127.0.0.1,IP:10.0.0.1,IP:$api_address"
  sign_client admin /O=system:masters/CN=admin
  quietly openssl ecparam -name prime256v1 -genkey -noout -out "$directory/accounts.key"
}

# sign_client NAME SUBJECT: a certificate and the kubeconfig of whom the server knows by it.
sign_client() {
  sign "$1" "$2" extendedKeyUsage=clientAuth
  kubeconfig "$1" "{client-certificate: $1.crt, client-key: $1.key}"
}

# kubeconfig NAME USER-AS-JSON
kubeconfig() {
  cat >"$directory/$1.kubeconfig" <<END
apiVersion: v1
kind: Config
clusters:
  - name: test
    cluster: {server: "https://$api_address:$api_port", certificate-authority: ca.crt}
users:
  - name: $1
    user: $2
contexts:
  - name: test
    context: {cluster: test, user: $1}
current-context: test
END
}

# daemon NAME PROGRAM...: in the background and a session of its own, without the descriptors of whoever called: some wait
# until all copies of theirs are closed.
daemon() {
  local descriptor
  (
    for descriptor in /proc/"$BASHPID"/fd/*; do
      descriptor=${descriptor##*/}
      [ "$descriptor" -le 2 ] || eval "exec $descriptor>&-"
    done
    exec setsid "${@:2}"
  ) >>"$directory/$1.log" 2>&1 </dev/null &
  echo $! >"$directory/$1.pid"
  # Its end is nobody's surprise.
  disown $!
}

# start_etcd PROGRAM PEER-PORT
start_etcd() {
  local client=http://$api_address:$etcd_port peer=http://$api_address:$2
  daemon etcd "$1" --name test --data-dir "$directory/etcd" --unsafe-no-fsync --listen-client-urls "$client" \
    --advertise-client-urls "$client" --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" \
    --initial-cluster "test=$peer"
  await etcd '"health"' curl --silent --max-time 5 "$client/health"
}

# start_api PROGRAM [OPTION...]
start_api() {
  daemon apiserver "$1" --etcd-servers "http://$api_address:$etcd_port" --bind-address "$api_address" --advertise-address "$api_address" \
    --secure-port "$api_port" --client-ca-file "$directory/ca.crt" --tls-cert-file "$directory/server.crt" \
    --tls-private-key-file "$directory/server.key" --service-account-issuer https://kubernetes.default.svc \
    --service-account-key-file "$directory/accounts.key" --service-account-signing-key-file "$directory/accounts.key" \
    --service-cluster-ip-range 10.0.0.0/24 "${@:2}"
}

api_ready() {
  await kube-apiserver '^ok$' curl --silent --max-time 5 --cacert "$directory/ca.crt" --cert "$directory/admin.crt" \
    --key "$directory/admin.key" "https://$api_address:$api_port/readyz"
}

# await PROGRAM PATTERN COMMAND...: until the command prints what matches the pattern.
await() {
  local program=$1 pattern=$2 tries
  for ((tries = 0; tries < 600; tries++)); do
    if "${@:3}" 2>/dev/null | grep -q "$pattern"; then return; fi
    kill -0 "$(<"$directory/${program#kube-}.pid")" 2>/dev/null || break
    sleep 0.2
  done
  tail -n 20 "$directory/${program#kube-}.log" >&2
  fail "$program did not start; its log is $directory/${program#kube-}.log"
}

# end NAME SIGNAL: by its number, and waits until it is gone.
end() {
  local pid
  pid=$(cat "$directory/$1.pid" 2>/dev/null) || return 0
  kill "-$2" "$pid" 2>/dev/null || true
  while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
  rm -f "$directory/$1.pid"
}
