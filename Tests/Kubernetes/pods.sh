# shellcheck shell=bash
# Pools for pods and namespaces with certain labels: dist/ipvlan-agent brings what the API server knows of the node's
# pods, and dist/ippool reads it.

# label_pools SPEC...: a pool of master on network "labels" for each, with addresses 10.N.0.4 and 10.N.0.5.
label_pools() {
  local number=0 spec
  for spec in "$@"; do
    number=$((number + 1))
    kubectl apply -f - <<END
apiVersion: spiderpool.spidernet.io/v2beta1
kind: SpiderIPPool
metadata: {name: labels-$number}
spec: {subnet: 10.$number.0.0/24, ips: [10.$number.0.4-10.$number.0.5], default: true, nodeName: [master], multusName: [default/labels], $spec}
END
  done
  within 60 has_label_pools "$number"
}

# has_label_pools NUMBER: in the node's file, which is written once for several changes.
has_label_pools() {
  [ "$(jq '[.items[] | select(.metadata.name | startswith("labels-"))] | length' "$cluster/agents/master/ippool.d/zz-kubernetes.json")" = "$1" ]
}

# pod NAME NAMESPACE LABELS-AS-JSON [ANNOTATIONS-AS-JSON]: prints its uid.
pod() {
  kubectl get namespace "$2" >/dev/null 2>&1 || kubectl create namespace "$2" >&2
  # There is no controller that makes it.
  kubectl --namespace "$2" get serviceaccount default >/dev/null 2>&1 || kubectl --namespace "$2" create serviceaccount default >&2
  # They may be longer than an argument.
  jq -c --arg name "$1" --arg namespace "$2" --slurp '{apiVersion: "v1", kind: "Pod",
    metadata: {name: $name, namespace: $namespace, labels: .[0], annotations: .[1]},
    spec: {nodeName: "master", automountServiceAccountToken: false, containers: [{name: "a", image: "a"}]}}' <<<"$3 ${4-"{}"}" |
    kubectl create -f - -o json | jq -r .metadata.uid
}

# labelled COMMAND POD NAMESPACE UID [MEMBERS]: an address; or the code and the words of the error.
labelled() { answer "$1" master labels "$2" "$3" "$4" "${5-}" | jq -r '.ips[]?.address, (select(.code) | "\(.code) \(.msg) \(.details)")'; }

# served POD NAMESPACE UID POOL [MEMBERS]: whether ADD gives an address of that pool, whichever comes next.
served() {
  local text
  text=$(labelled ADD "$1" "$2" "$3" "${5-}")
  [[ $text =~ ^10\.$4\.0\.[45]/24$ ]] || { printf '%s\n' "pod $1 gets" "$text" "instead of an address of pool labels-$4" && return 1; }
}

# refused COMMAND POD NAMESPACE UID CODE PATTERN
refused() {
  local text
  text=$(labelled "$1" "$2" "$3" "$4")
  [[ $text =~ ^$5\ .*$6 ]] || { printf '%s\n' "the answer is" "$text" "instead of code $5 and $6" && return 1; }
}

is_there() { [ -s "$cluster/agents/master/run/pods/$1.json" ]; }
is_gone() { ! is_there "$1"; }
pods_condition() {
  [ "$(kubectl get ivn master -o json | jq -r '.status.conditions[] | select(.type == "PoolsInSync") | "\(.status) \(.reason)"')" = "$1" ]
}

clear_labels() {
  local namespace
  kubectl delete sp --ignore-not-found labels-1 labels-2 labels-3 || true
  for namespace in default ml; do
    kubectl --namespace "$namespace" delete pods --all --grace-period=0 --force || true
  done
  apply_chart || true
}

with_master() {
  prepare_agents
  # The pools are no values of the chart.
  apply_chart 'agent: {podAccess: true}'
  # What is printed is shown when the test fails.
  trap 'tail -n 20 "$cluster/agents/master/log"; end_agents; clear_labels' EXIT
  start_agent master
  "$@"
}

test_l_pools_are_for_pods_with_their_labels() { with_master pods_of_pools; }

pods_of_pools() {
  local web db train late
  label_pools 'podAffinity: {matchLabels: {app: web}}' 'namespaceAffinity: {matchLabels: {team: ml}}'
  web=$(pod web default '{"app": "web"}')
  db=$(pod db default '{"app": "db"}')
  train=$(pod train ml '{}')
  kubectl label namespace ml team=ml
  within 60 is_there "$web"
  within 60 is_there "$db"
  within 60 grep -q '"team":"ml"' "$cluster/agents/master/run/pods/$train.json"
  served web default "$web" 1
  served train ml "$train" 2
  refused ADD db default "$db" 104 'pool labels-1: podAffinity asks for app in \(web\), and there is app=db.*pool labels-2: namespaceAffinity asks for team'
  # Other labels, other pools.
  kubectl label pod db app=web --overwrite
  within 60 grep -q '"app":"web"' "$cluster/agents/master/run/pods/$db.json"
  served db default "$db" 1
  labelled DEL db default "$db"
  kubectl label namespace ml team-
  within 60 grep -qv '"team"' "$cluster/agents/master/run/pods/$train.json"
  labelled DEL train ml "$train"
  refused ADD train ml "$train" 104 'asks for team in \(ml\)'
  # A pod that the agent learns of while its ADD waits.
  kill -STOP "$(<"$cluster/agents/master/pid")"
  late=$(pod late default '{"app": "web"}')
  (sleep 0.3 && kill -CONT "$(<"$cluster/agents/master/pid")") &
  # Later than half a second on a busy machine: then it is to come again.
  until text=$(labelled ADD late default "$late") && [[ $text =~ ^10\.1\.0\.[45]/24$ ]]; do
    [[ $text =~ ^11\ .*$late.json ]] || { echo "$text" && return 1; }
  done
  labelled DEL late default "$late"
  # Pods that are known get addresses whatever has died; others are to come again.
  end_agent master KILL
  labelled DEL web default "$web"
  served web default "$web" 1
  refused ADD new default 11111111-1111-4111-8111-111111111111 11 'pod default/new.*1111.json.*systemctl status ipvlan-agent'
  refused ADD new default '' 104 K8S_POD_UID
  refused ADD new default ../../agent 104 'is no uid'
  # Who is gone meanwhile has no file after a while; not tried to the end, which takes five minutes.
  start_agent master
  within 60 in_step master
  is_there "$web"
  # Nobody asks any more.
  kubectl delete sp labels-1 labels-2
  within 60 is_gone "$web"
  labelled DEL web default "$web"
}

test_l_annotations_count_where_no_runtime_hands_them_on() { with_master annotated_pods; }

annotated_pods() {
  local plain chooser
  label_pools 'podAffinity: {matchExpressions: [{key: app, operator: Exists}]}' 'excludeIPs: []' 'excludeIPs: []'
  plain=$(pod plain default '{}')
  chooser=$(pod chooser default '{}' '{"ipam.spidernet.io/ippool": "{\"ipv4\": [\"labels-3\"]}"}')
  within 60 is_there "$plain"
  within 60 is_there "$chooser"
  served plain default "$plain" 2
  served chooser default "$chooser" 3
  labelled DEL plain default "$plain"
  labelled DEL chooser default "$chooser"
  # containerd says that there are none.
  served chooser default "$chooser" 2 '"runtimeConfig": {"io.kubernetes.cri.pod-annotations": null},'
  labelled DEL chooser default "$chooser"
}

test_l_a_role_for_pods_that_is_missing_is_told() { with_master without_pod_role; }

without_pod_role() {
  local web
  label_pools 'podAffinity: {matchLabels: {app: web}}'
  web=$(pod web default '{"app": "web"}')
  within 60 is_there "$web"
  kubectl delete clusterrolebinding ipvlan-agent-pods
  # The watches end after minutes; a new agent asks at once.
  end_agent master TERM
  start_agent master
  within 60 pods_condition 'False PodsNotFollowed'
  local message user
  message=$(kubectl get ivn master -o json | jq -r '.status.conditions[] | select(.type == "PoolsInSync") | .message')
  grep 'cannot \(list\|watch\) resource "\(pods\|namespaces\)".*agent.podAccess=true' <<<"$message"
  served web default "$web" 1
  labelled DEL web default "$web"
  # The command of the message, with the user that the server names.
  user=$(sed 's/.*User "\([^"]*\)".*/\1/' <<<"$message")
  eval "$(sed 's/.*run: \(kubectl .*--user=\)USER.*/\1/' <<<"$message")$user"
  within 120 pods_condition 'True InStep'
}

test_l_a_pod_may_have_any_labels_and_annotations() { with_master hostile_pod; }

hostile_pod() {
  local many large annotations
  label_pools 'podAffinity: {matchLabels: {app: web}}'
  # All that Kubernetes allows: 256 KiB with the names.
  annotations=$(head -c 262000 /dev/zero | tr '\0' x | jq -R '{"example.dev/a": .}')
  many=$(pod many default "$(jq -cn '[range(1000) | {key: "example.dev/label-\(.)", value: "value-\(.)"}] | from_entries + {app: "web"}')" "$annotations")
  large=$(pod large default '{"app": "web"}' "$(jq -c '{"ipam.spidernet.io/ippool": .["example.dev/a"]}' <<<"$annotations")")
  within 60 is_there "$many"
  within 60 is_there "$large"
  served many default "$many" 1
  refused ADD large default "$large" 104 '64 KiB'
  [ "$(stat -c %s "$cluster/agents/master/run/pods"/*.json | sort -n | tail -n 1)" -le 65536 ]
  labelled DEL many default "$many"
}
