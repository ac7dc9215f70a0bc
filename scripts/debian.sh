# shellcheck shell=bash
# Packages and whole systems of any suite of Debian, from the mirror that this machine's apt uses, kept below .vm: nothing
# of them is installed. Sourced, never run.

# A step that fails inside of $(...) ends the script too.
shopt -s inherit_errexit

# Without symbolic links, which lead elsewhere in a guest's first steps.
debian_cache=$(realpath -m "$repository/.vm")
readonly debian_cache

# Points apt at one suite by lists of its own: the machine's configuration and lists stay as they are. Lists that are
# older than a day are fetched again; without a network the old ones have to do.
use_suite() {
  local apt=$debian_cache/apt/$1
  export APT_CONFIG=$apt/apt.conf
  if [ -n "$(find "$apt/fetched" -mtime -1 2>/dev/null)" ]; then return; fi
  local mirror
  mirror=$(debian_mirror)
  mkdir -p "$apt/state" "$apt/cache"
  : >"$apt/status"
  printf '%s "%s";\n' Dir::State "$apt/state" Dir::State::status "$apt/status" Dir::Cache "$apt/cache" \
    Dir::Etc::sourcelist "$apt/sources.list" Dir::Etc::sourceparts /dev/null Dir::Etc::preferences /dev/null \
    Dir::Etc::preferencesparts /dev/null APT::Architecture amd64 >"$APT_CONFIG"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $1 main" >"$apt/sources.list"
  if apt-get -q update >"$apt/log" 2>&1 </dev/null && ! grep -q '^[WE]:' "$apt/log"; then
    : >"$apt/fetched"
  elif [ -e "$apt/fetched" ]; then
    say "$mirror does not answer: going by the lists of $1 from $(date -r "$apt/fetched" +%F)"
  else
    cat "$apt/log" >&2
    fail "cannot fetch the lists of $1 from $mirror"
  fi
}

# Where this machine's apt has its Debian from.
debian_mirror() {
  local mirror
  mirror=$(
    unset APT_CONFIG
    # shellcheck disable=SC2016 # apt's own variables
    apt-get indextargets --format '$(SITE) $(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' |
      awk 'NR == 1 { print $2 }'
  )
  [ -n "$mirror" ] || fail "apt has no lists of Debian: run apt-get update"
  printf '%s\n' "$mirror"
}

# The directory of what is made of these packages of a suite.
debian_directory() { # KIND SUITE PACKAGE...
  local kind=$1 suite=$2
  printf '%s\n' "$debian_cache/$kind/$suite-$(cksum <<<"${*:3}" | cut -d ' ' -f 1)"
}

# make_once DIRECTORY COMMAND...: the command fills DIRECTORY.new, once; of several that start together one does the work.
# Directories are as old as the day on which they were made: remove one for newer packages.
make_once() {
  local directory=$1 lock
  shift
  mkdir -p "${directory%/*}"
  exec {lock}>"${directory%/*}/lock"
  flock "$lock"
  if [ ! -d "$directory" ]; then
    rm -rf "$directory.new"
    "$@" "$directory.new"
    mv "$directory.new" "$directory"
  fi
  exec {lock}>&-
}

# debian_root SUITE [PACKAGE...]: prints the directory of a minimal Debian with these packages, which takes a minute or two
# where it was not made yet. Nothing may write to it: see it through an overlay.
debian_root() {
  local root
  root=$(debian_directory roots "$@")
  make_once "$root" make_root "$@"
  printf '%s\n' "$root"
}

make_root() { # SUITE PACKAGE... DIRECTORY
  local suite=$1 directory=${*: -1} packages mirror
  packages=$(IFS=, && echo "${*:2:$#-2}")
  mirror=$(debian_mirror)
  say "making a Debian $suite${packages:+ with ${packages//,/ }}"
  quietly debootstrap --variant=minbase ${packages:+"--include=$packages"} "$suite" "$directory" "$mirror"
  rm -rf "$directory/var/cache/apt/archives" "$directory/var/lib/apt/lists" "$directory/usr/share/"{doc,locale,man}
}

# unpacked SUITE PACKAGE...: prints the directory of these packages, unpacked, without those that they depend on.
unpacked() {
  local directory
  directory=$(debian_directory packages "$@")
  make_once "$directory" unpack "$@"
  printf '%s\n' "$directory"
}

unpack() ( # SUITE PACKAGE... DIRECTORY
  directory=${*: -1}
  say "unpacking ${*:2:$#-2} of $1"
  use_suite "$1"
  mkdir "$directory"
  cd "$directory"
  apt_get download "${@:2:$#-2}"
  for package in ./*.deb; do
    dpkg -x "$package" .
    rm "$package"
  done
)
