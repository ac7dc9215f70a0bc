#!/bin/busybox sh
# The guest of scripts/vm: /init of its initramfs, and, once the machine's root is in place, the runner of the command.
# Modules, mounts and the command come from scripts/vm through the initramfs and the directory shared as "control".

export PATH=/bin
b=/bin/busybox

mount_9p() { $b mount -t 9p -o "trans=virtio,version=9p2000.L,msize=512000,$1" "$2" "$3"; }

# Leaves the emulator at once through its debug-exit device; a real power-off takes a second.
end() {
  $b sync
  $b printf '\0' | $b dd of=/dev/port bs=1 seek=244 2>/dev/null
  $b reboot -f
}

# A directory that tmpfs covers shows through again where the command needs it: the repository may lie in /tmp.
keep() {
  while read -r path; do
    $b mkdir -p "/new$path"
    $b mount --bind "/under$path" "/new$path"
  done </control/keep
}

boot() {
  $b mkdir -p /proc /dev /control /base /layer /new /under
  $b mount -t proc proc /proc
  $b mount -t devtmpfs dev /dev
  while read -r module; do $b insmod "/modules/$module"; done </modules/order

  # The command's output goes to files in control, so that nothing of it may be cached here.
  mount_9p cache=none control /control
  mount_9p cache=loose,ro root /base
  $b mount -t tmpfs -o size=80% layer /layer
  $b mkdir /layer/upper /layer/work
  $b mount -t overlay -o lowerdir=/base,upperdir=/layer/upper,workdir=/layer/work,index=off,xino=off root /new

  kernel=$($b uname -r)
  modules=$($b cat /control/modules)
  $b mkdir -p "/new/usr/lib/modules/$kernel"
  $b mount --bind "/new$modules" "/new/usr/lib/modules/$kernel"

  $b mount --bind /new /under
  $b mount -t tmpfs -o mode=1777,size=50% tmp /new/tmp
  $b mount -t tmpfs -o mode=755 run /new/run
  keep
  $b umount -l /under
  $b mkdir -p /new/run/vm /new/run/lock /new/run/netns
  $b cp /bin/busybox /init /new/run/vm/
  $b mkdir /new/run/vm/control
  $b mount --move /control /new/run/vm/control
  $b mount -t sysfs sys /new/sys
  $b mount -t cgroup2 cgroup2 /new/sys/fs/cgroup
  $b mount --move /proc /new/proc
  $b mount --move /dev /new/dev
  # Elsewhere udev makes these; shells and scripts use them.
  $b ln -s /proc/self/fd /new/dev/fd
  for name in 0:stdin 1:stdout 2:stderr; do $b ln -s "/proc/self/fd/${name%:*}" "/new/dev/${name#*:}"; done
  $b mkdir -p /new/dev/pts /new/dev/shm
  $b mount -t devpts -o gid=5,mode=620,ptmxmode=666 pts /new/dev/pts
  $b mount -t tmpfs -o mode=1777 shm /new/dev/shm
  exec $b switch_root /new /run/vm/busybox sh /run/vm/init run
}

# Programs start several times faster from tmpfs than from 9p.
copy() {
  while read -r path; do
    $b mkdir -p "/run/vm/copy$path"
    if [ -d "$path" ]; then
      $b cp -a "$path/." "/run/vm/copy$path"
    else
      $b rmdir "/run/vm/copy$path"
      $b cp -a "$path" "/run/vm/copy$path"
    fi
    $b mount --bind "/run/vm/copy$path" "$path"
  done <"$control/copy"
}

# Linux patches its own code when the machine's first filter of a kind, or its first socket with SO_TIMESTAMP (each ping has
# one), is made and when the last one goes (static keys); an emulated CPU that is just there finds a breakpoint that the
# other one has removed already, and the kernel panics. Such filters and such a socket that are there all the time, in a
# namespace of their own, leave nothing to patch.
hold_static_keys() {
  # bash, since in busybox's own shell tc is an applet, and lacks this.
  # shellcheck disable=SC2016
  unshare --net /bin/bash -ec '
    tc qdisc add dev lo clsact
    tc filter add dev lo ingress matchall action pass
    for hook in prerouting input forward output postrouting; do
      echo "add chain inet held $hook { type filter hook $hook priority 0; }"
    done | sed "1i add table inet held" | nft -f -
    # $^F: the socket stays open in sleep.
    exec perl -MSocket -e "
      \$^F = 255;
      socket(HELD, PF_INET, SOCK_DGRAM, 0) or die qq(socket: \$!);
      setsockopt(HELD, SOL_SOCKET, Socket::SO_TIMESTAMP(), pack(q(i), 1)) or die qq(SO_TIMESTAMP: \$!);
      open(READY, q(>), q(/run/vm/held)) or die qq(held: \$!);
      close(READY);
      exec(q(sleep), q(1000000));
    "' >/dev/null 2>/run/vm/holding &
  holder=$!
  # Only what comes after may trust in them, however slow the machine is.
  until [ -e /run/vm/held ]; do
    if ! $b kill -0 "$holder" 2>/dev/null; then
      { echo "vm: what keeps the guest from patching its code was refused:" && $b cat /run/vm/holding; } >>$control/stderr
      return
    fi
    $b usleep 50000
  done
}

run() {
  b=/run/vm/busybox
  control=/run/vm/control
  export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8

  $b hostname "$($b cat $control/hostname)"
  $b ip link set lo up
  $b cat $control/preload | $b xargs modprobe -a
  # The module brings a link of its own, which a machine does not have.
  $b ip link delete dummy0
  out=$($b cat $control/out)
  if [ -n "$out" ]; then
    $b mkdir -p "$out"
    mount_9p cache=none out "$out"
  fi
  copy
  [ "$($b nproc)" = 1 ] || hold_static_keys

  # Through pipes, since a program may open /dev/stdout again, which would empty a file.
  $b mkfifo /run/vm/stdout /run/vm/stderr
  $b cat </run/vm/stdout >>$control/stdout &
  readers=$!
  if [ -e $control/merged ]; then
    $b setsid /bin/bash $control/command </dev/null >/run/vm/stdout 2>&1
  else
    $b cat </run/vm/stderr >>$control/stderr &
    readers="$readers $!"
    $b setsid /bin/bash $control/command </dev/null >/run/vm/stdout 2>/run/vm/stderr
  fi
  status=$?
  # A daemon that the command left behind may hold the pipes: what it still says is not waited for.
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    # shellcheck disable=SC2086 # one or two process numbers
    $b kill -0 $readers 2>/dev/null || break
    $b usleep 50000
  done
  echo "$status" >$control/status
}

if [ "${1-}" = run ]; then
  run
  end
else
  boot
  end
fi
