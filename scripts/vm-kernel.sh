# shellcheck shell=bash
# The kernels of scripts/vm: Debian's packages, unpacked once below .vm and never installed. Sourced, never run.

. "$repository/scripts/debian.sh"

readonly kernel_cache=$debian_cache

# The suite of Debian that has a kernel; empty: the machine's own, with the updates that it follows.
kernel_suite() {
  case $1 in
    6.1) ;;
    6.12) echo bookworm-backports ;;
    newest) echo trixie-backports ;;
    *) usage_error "--kernel is 6.1, 6.12 or newest, not $1" ;;
  esac
}

# kernel NAME: unpacks a kernel where that was not done yet, and prints its directory: vmlinux and lib/modules.
kernel() {
  local name=$1 suite package directory
  suite=$(kernel_suite "$name")
  mkdir -p "$kernel_cache"
  # One of several that start together does the work, the others wait for it.
  exec 9>"$kernel_cache/lock"
  flock 9
  [ -z "$suite" ] || use_suite "$suite"
  package=$(kernel_package)
  if [ -z "$package" ]; then
    quietly apt-get -q update
    package=$(kernel_package)
  fi
  [ -n "$package" ] || fail "Debian's package linux-image-amd64 is not to be found${suite:+ in $suite}"
  [ "$name" = newest ] || [[ $package == "linux-image-$name".* ]] ||
    fail "Linux $name is not to be found: ${suite:-this machine\'s Debian} has $package"
  directory=$kernel_cache/$package
  if [ ! -d "$directory" ]; then
    say "unpacking $package"
    rm -rf "$kernel_cache/new"
    mkdir "$kernel_cache/new"
    unpack_kernel "$package" "$kernel_cache/new"
    mv "$kernel_cache/new" "$directory"
  fi
  printf '%s\n' "$directory"
}

kernel_package() {
  apt-cache depends linux-image-amd64 2>/dev/null | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p'
}

# The packages that a kernel consists of: the image, and since 7.0 what was cut off it (linux-binary, linux-modules,
# linux-base with modules.builtin).
kernel_parts() {
  echo "$1"
  apt-cache depends "$1" | sed -n "s/.*Depends: \(linux-.*-${1#linux-image-}\)$/\1/p"
}

unpack_kernel() (
  version=${1#linux-image-}
  mapfile -t parts < <(kernel_parts "$1")
  cd "$2"
  mkdir all
  (cd all && apt_get download "${parts[@]}")
  for package in all/*.deb; do
    dpkg -x "$package" all
    rm "$package"
  done
  # Before 7.0 a kernel lay in /boot and its modules in /lib.
  for path in all/usr/lib/modules all/lib/modules; do
    [ ! -d "$path/$version" ] || modules=$path/$version
  done
  for path in "$modules/vmlinuz" "all/boot/vmlinuz-$version"; do
    [ ! -f "$path" ] || image=$path
  done
  pick_modules "$modules" "lib/modules/$version"
  depmod -b . "$version"
  unpack_image "$image" vmlinux
  rm -rf all
)

# Of the modules only what the guest can use, no hardware drivers; and as they are when loaded, since the busybox of the
# initramfs knows no xz.
pick_modules() {
  local name
  mkdir -p "$2/kernel/drivers/net" "$2/kernel/fs"
  mv "$1"/modules.* "$2/"
  rm -rf "$1"/kernel/drivers/net/{ethernet,wireless}
  for name in arch block crypto lib mm net drivers/net drivers/virtio fs/{9p,fscache,fuse,netfs,overlayfs}; do
    [ ! -d "$1/kernel/$name" ] || mv -T "$1/kernel/$name" "$2/kernel/$name"
  done
  find "$2/kernel" -name '*.ko.xz' -print0 | xargs -0r xz -d
}

# The compressed kernel unpacks itself in the guest, which takes seconds under emulation: do it here. The offsets are
# those of the x86 boot protocol: setup_sects at 0x1f1, payload_offset at 0x248, payload_length at 0x24c; the payload's
# last four bytes are the size of what it unpacks to. xz before 6.12, zstd since.
unpack_image() {
  local setup payload length
  setup=$(od -An -tu1 -j 497 -N 1 "$1")
  read -r payload length < <(od -An -tu4 -j 584 -N 8 "$1")
  dd if="$1" of="$2.packed" iflag=skip_bytes,count_bytes bs=1M status=none \
    skip=$(((setup + 1) * 512 + payload)) count=$((length - 4))
  case $(od -An -tx1 -N 4 "$2.packed") in
    ' 28 b5 2f fd') zstd -dcq "$2.packed" ;;
    *) xz -dc "$2.packed" ;;
  esac >"$2"
  rm "$2.packed"
}
