# shellcheck shell=bash
# ipvlanctl beside the programs that operators feed it to: Prometheus's checker, and shells that complete its commands.

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

test_operator_fish_completes_verbs_and_options() {
  mkdir -p /tmp/home/.config/fish/completions
  ipvlanctl --generate-completion-script fish >/tmp/home/.config/fish/completions/ipvlanctl.fish
  complete_with() { HOME=/tmp/home PATH="$repository/dist:$PATH" fish -c "complete --do-complete '$*'"; }
  [[ $(complete_with "ipvlanctl doc") == doctor* ]]
  complete_with "ipvlanctl gc --d" | grep -q ^--dry-run
}

# zsh completes only on a terminal: one that it makes itself (zshmodules(1), zpty).
test_operator_zsh_completes_verbs_and_options() {
  mkdir -p /tmp/functions
  ipvlanctl --generate-completion-script zsh >/tmp/functions/_ipvlanctl
  cat >/tmp/complete.zsh <<'END'
zmodload zsh/zpty
zpty shell zsh --no-rcs --interactive
zpty -w shell 'PROMPT= TERM=dumb; fpath=(/tmp/functions /usr/share/zsh/functions/Completion{,/Base,/Zsh} /usr/share/zsh/functions/Misc); autoload -U compinit; compinit -u'
# ^T shows what stands in the line.
zpty -w shell 'show() { print -r -- "<$BUFFER>"; }; zle -N show; bindkey "^T" show; print rea""dy'
zpty -r -m shell answer '*ready*'
for line in 'ipvlanctl doc' 'ipvlanctl gc --d'; do
  zpty -w -n shell $'\x15'"$line"$'\t\x14'
  zpty -r -m shell answer '*<*>*'
  print -r -- "$answer"
done
zpty -d shell
END
  timeout 300 zsh --no-rcs /tmp/complete.zsh >/tmp/completed
  cat -v /tmp/completed
  grep -q "<ipvlanctl doctor >" /tmp/completed
  grep -q "<ipvlanctl gc --dry-run >" /tmp/completed
}

test_operator_links_are_a_table() {
  operator_node
  # Without the counters, which stand behind the state.
  ipvlanctl links | sed -E 's/ (STATE|up|down) .*/ \1/' >/tmp/links
  diff /tmp/links - <<'END'
NAME     MASTER  MODE  NETNS  POD            CONTAINER  ADDRESSES        MTU  STATE
ih-ens5  ens5    l3s   node   (host access)  -          -               9001  up
eth0     ens5    l3s   pod    -              pod        172.31.16.4/20  9001  up
END
  on_list DEL 10-ipvlan-ens5.conflist pod
}

test_operator_colours_are_for_terminals() {
  operator_node
  # script(1) makes a terminal.
  on_terminal() { env -u NO_COLOR "$@" script --quiet --return --command "$repository/dist/ipvlanctl links" /dev/null; }
  on_terminal TERM=xterm >/tmp/terminal
  grep -q $'\e\\[32mup' /tmp/terminal
  on_terminal TERM=xterm NO_COLOR=1 >/tmp/plain
  env -u NO_COLOR "$repository/dist/ipvlanctl" links >>/tmp/plain
  if grep -q $'\e' /tmp/plain; then return 1; fi
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

# The kernel has ipvlan as a module: one that cannot be loaded is a kernel without it.
test_operator_kernel_without_ipvlan() {
  use_network ipvlan-ens5
  modprobe -r ipvlan
  # Restored in the end, whatever comes.
  loader=$(cat /proc/sys/kernel/modprobe)
  trap 'echo "$loader" >/proc/sys/kernel/modprobe' EXIT
  echo /bin/false >/proc/sys/kernel/modprobe
  expect_equal "$(findings)" kernelWithoutIPVLAN "findings without ipvlan"
  expect_equal "$(remedy kernelWithoutIPVLAN)" "modprobe ipvlan" "the remedy"
  modprobe ipvlan
  expect_equal "$(findings)" "" "findings with ipvlan"
}
