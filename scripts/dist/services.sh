#!/usr/bin/env bash
# Nothing that scripts/setup.sh installs for tests and measurements starts by itself, now or at the next boot:
# tested on a bare Debian with everything that it installs. Takes 1.5 GB of memory.
. "$(dirname "${BASH_SOURCE[0]}")/common.bash"

debian bookworm
mkdir -p "$root/src/scripts" "$root/opt/rust"
cp scripts/*.sh "$root/src/scripts/"
cp Cargo.toml "$root/src/"
# Rust is not under test here.
printf '#!/bin/sh\necho cargo 9999.0.0\n' >"$root/opt/rust/cargo"
chmod +x "$root/opt/rust/cargo"
inside() {
    chroot "$root" /usr/bin/env -i HOME=/root PATH=/opt/rust:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 "$@"
}

# Everything that is enabled in any way, one a line.
by_itself() {
    (
        cd "$root"
        # Not every folder exists.
        find etc/systemd -path '*.wants/*' -o -path '*.requires/*' || true
        find usr/lib/systemd -path '*.wants/*' -name '*.timer' || true
        find etc/rc?.d -name 'S*' || true
        find etc/cron.hourly etc/cron.daily etc/cron.weekly etc/cron.monthly -type f -executable || true
        find etc/cron.d -type f ! -name '*.*' || true
    ) 2>/dev/null | sort
}

# A machine that boots has systemd, and that has units of its own.
inside sh -c 'apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y systemd' >"$here/setup.words" 2>&1 \
    || fail 'installing systemd' "$(tail -n 20 "$here/setup.words")"
by_itself >"$here/before"
for set in test durability clients bench; do
    inside /src/scripts/setup.sh "$set" >"$here/setup.words" 2>&1 || fail "setup.sh $set" "$(tail -n 20 "$here/setup.words")"
    by_itself >"$here/after"
    more=$(comm -13 "$here/before" "$here/after")
    [ -z "$more" ] || fail "after setup.sh $set these start by themselves:" "$more"
done
for server in nginx caddy haproxy apache2 nats-server ngircd; do
    inside sh -c "command -v $server" >/dev/null || fail "$server is not installed: nothing was tested"
done
[ ! -e "$root/usr/sbin/policy-rc.d" ] || fail 'the policy against services was left behind'

# Earlier packages are not touched, and updates do not undo this.
inside dpkg-reconfigure -f noninteractive nginx caddy >/dev/null 2>&1 || fail 'dpkg-reconfigure'
more=$(by_itself | comm -13 "$here/before" -)
[ -z "$more" ] || fail 'after reconfiguring, these start by themselves:' "$more"
less=$(by_itself | comm -23 "$here/before" -)
[ -z "$less" ] || fail 'these started before and no longer do:' "$less"
echo 'Nothing starts by itself.'
