# shellcheck shell=bash
# Runs a command inside of another Debian: as root, in a mount namespace of its own.
#
#   bash enter.sh ROOT PROGRAMS COMMAND...
#
# ROOT is seen through a layer on tmpfs, which gets copies of PROGRAMS, as they start faster from there. The kernel's file
# systems, its modules, /tmp and the directory of the repository are those outside.

set -euo pipefail
readonly root=$1 programs=$2
shift 2
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)

mount --make-rprivate /
readonly layer=/run/debian
mkdir -p $layer
mount -t tmpfs -o mode=755 debian $layer
mkdir $layer/{upper,work,root}
for program in $programs; do
  for directory in usr/bin usr/sbin; do
    if [ ! -f "$root/$directory/$program" ] || [ -L "$root/$directory/$program" ]; then continue; fi
    mkdir -p "$layer/upper/$directory"
    cp "$root/$directory/$program" "$layer/upper/$directory/"
  done
done
mount -t overlay -o "lowerdir=$root,upperdir=$layer/upper,workdir=$layer/work" debian $layer/root
for directory in /proc /sys /dev /tmp /usr/lib/modules "$repository"; do
  mkdir -p "$layer/root$directory"
  mount --rbind "$directory" "$layer/root$directory"
done
# Without the layer itself, which would be inside of itself.
mount -t tmpfs -o mode=755 run $layer/root/run
mkdir $layer/root/run/{lock,netns}
mkdir $layer/root/outside
cd $layer/root
pivot_root . outside
umount -l /outside
rmdir /outside
cd "$repository"
exec bash "$@"
