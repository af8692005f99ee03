# PID 1 of new namespaces runs this, as boot.sh DIR KEEP...: it makes a root in DIR,
# in memory, goes there, and becomes systemd. The folders KEEP stay the host's.

base=$1; shift
root=$base/root

# Nothing that is mounted from here on is seen by the host. -n: mount would note it
# in the host's /run else.
mount -n --make-rprivate /
mnt() { mount -n "$@"; }

mnt -t tmpfs -o mode=755 machine "$base"
mkdir "$base/changes" "$base/work" "$root"
mnt -t overlay -o "lowerdir=/,upperdir=$base/changes,workdir=$base/work" machine "$root"

# What the kernel shows. Its settings are the host's as well, but for those of the
# network, which has a namespace.
mnt -t proc -o nosuid,nodev,noexec proc "$root/proc"
for part in sys sysrq-trigger; do
	[ -e "$root/proc/$part" ] || continue
	mnt --bind "$root/proc/$part" "$root/proc/$part"
	mnt -o remount,bind,ro "$root/proc/$part"
done
mnt --bind /proc/sys/net "$root/proc/sys/net"
mnt -t sysfs -o ro,nosuid,nodev,noexec sysfs "$root/sys"

# Devices that do nothing to a host.
mnt -t tmpfs -o mode=755,nosuid machine "$root/dev"
mkdir "$root/dev/pts" "$root/dev/shm"
for node in null zero full random urandom tty; do
	: >"$root/dev/$node"
	mnt --bind "/dev/$node" "$root/dev/$node"
done
mnt -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
mnt -t tmpfs -o mode=1777 machine "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ln -s fd/0 "$root/dev/stdin"
ln -s fd/1 "$root/dev/stdout"
ln -s fd/2 "$root/dev/stderr"

mnt -t tmpfs -o mode=755,nosuid,nodev machine "$root/run"
mnt -t tmpfs -o mode=1777,nosuid,nodev machine "$root/tmp"
for dir in "$@"; do
	mkdir -p "$root$dir"
	mnt --rbind "$dir" "$root$dir"
done

# No unit of the host's but the journal, nor its journal's files. The links are what
# systemd would start.
rm -rf "$root/etc/systemd/system" "$root/var/log/journal"
rm -f "$root/usr/sbin/policy-rc.d" # says, in a container, that packages start nothing
mkdir "$root/etc/systemd/system"
find "$root"/lib/systemd/system/*.wants -type l ! -name 'systemd-journald*' -delete
echo machine >"$root/etc/hostname"

cd "$root"
mkdir -p old
pivot_root . old
umount -n -l /old
rmdir /old
# Units' own mounts, and those that ip netns makes, are to spread; systemd leaves
# that to whoever starts it in a container.
mnt --make-rshared /

# Its cgroup is the root of those that it sees.
exec env -i container=other LANG=C.UTF-8 PATH="$PATH" unshare --cgroup bash -euc '
	mount -n -t cgroup2 -o nosuid,nodev,noexec cgroup2 /sys/fs/cgroup
	exec /lib/systemd/systemd --system --unit=basic.target
' </dev/null
