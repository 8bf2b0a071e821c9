#!/usr/bin/env bash
# Installs what the project needs and this machine lacks; silent if nothing is missing.
# Each of the following sets includes what compiling needs:
#   setup.sh build        nothing more
#   setup.sh run          curl, to join the room that `make run` starts
#   setup.sh test         the tools of the tests and pictures
#   setup.sh durability   those, and the tools of one more file system
#   setup.sh bench        the programs that chatroom is compared with
#   setup.sh clients      the proxies and runtimes of `make test-clients`
#   setup.sh dist         the tools that make other systems, to try the downloaded file on
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")/..

build_packages=(
    cmake g++ make pkg-config
    libx11-dev libxext-dev libxft-dev libxinerama-dev libxcursor-dev libxrender-dev libxfixes-dev
    libpango1.0-dev libcairo2-dev
)
# A virtual display, a window manager and tools that click and type; a desktop's bus for notifications; a
# terminal to type into (tmux, and `script` from bsdutils); fonts for every script; checkers for man pages
# and menu entries, and a program that opens links as desktops do; a viewer for man pages; shells with
# completion (39 MB); a counter of instructions; disks whose power can be cut (python3 makes the one system
# call for that which has no command, and runs the bot of the documents); the proxies that the documents
# have configurations for (nginx 2 MB, Caddy 36 MB), and a tool that makes their certificate; a browser to
# view pages in.
test_packages=(
    xvfb openbox xdotool xclip x11-xkb-utils imagemagick dbus-daemon
    tmux bsdutils util-linux iproute2 strace curl
    fonts-dejavu-core fonts-noto-core fonts-noto-cjk fonts-noto-color-emoji
    man-db mandoc less bash-completion zsh fish desktop-file-utils libglib2.0-bin valgrind libc6-dbg
    e2fsprogs mount python3 nginx caddy openssl chromium
)
# A client for a room without a window.
run_packages=(curl)
# `make test-durability` cuts the power of ext4 disks, whose tools the tests have, and of xfs disks.
durability_packages=(xfsprogs)
# The other servers, and tools that count their writes and make a disk slow; for the window's benchmark a
# virtual display, the other window, and fonts; for replay's the search tool that is hardest to beat.
bench_packages=(
    nats-server ngircd nginx libnginx-mod-nchan iproute2 strace
    ripgrep bsdutils
    xvfb openbox hexchat xclip util-linux fonts-dejavu-core fonts-noto-core fonts-noto-cjk fonts-noto-color-emoji
)
# For the downloaded file: other Debians, and tools that inspect executables and windows.
dist_packages=(debootstrap systemd-container mount util-linux iproute2 binutils curl xvfb openbox xdotool imagemagick fonts-dejavu-core)
# The proxies of `make test-clients`, and the runtimes of its clients, which come from PyPI and npm.
# Node may come from another source than Debian, with its own npm.
clients_packages=(nginx haproxy caddy apache2-bin python3-venv)
command -v node >/dev/null || clients_packages+=(nodejs)
command -v npm >/dev/null || clients_packages+=(npm)
# The same for systems without dpkg: commands to look for, libraries that pkg-config must know.
build_commands=(cmake g++ make pkg-config)
libraries=(x11 xext xft xinerama xcursor xrender xfixes pangoxft pangocairo cairo)
test_commands=(Xvfb openbox xdotool xclip setxkbmap import dbus-daemon tmux script unshare nsenter ip strace curl man mandoc less zsh fish desktop-file-validate gio valgrind mkfs.ext4 mount python3 nginx caddy openssl chromium mkfifo)
run_commands=(curl)
durability_commands=(mkfs.xfs)
clients_commands=(nginx haproxy caddy apache2 python3 node npm)
dist_commands=(debootstrap systemd-nspawn unshare nsenter ip readelf curl Xvfb openbox xdotool import)
bench_commands=(nats-server ngircd nginx ss strace Xvfb openbox hexchat xclip setpriv rg script taskset)

fail() {
    printf 'setup: %s\n' "$@" >&2
    exit 1
}

# The oldest version that will do, from Cargo.toml.
oldest_rust() {
    sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$here/Cargo.toml"
}

check_rust() {
    local own=${CARGO_HOME:-$HOME/.cargo}
    if ! command -v cargo >/dev/null; then
        if [ -x "$own/bin/cargo" ]; then
            fail "Rust is installed, but this shell does not find it." \
                "Run this and try again:  . \"$own/env\""
        fi
        fail "Rust is missing: there is no 'cargo' command." \
            "Install rustup (https://www.rust-lang.org/tools/install), open a new shell and try again."
    fi
    local found oldest
    oldest=$(oldest_rust)
    found=$(cargo --version 2>/dev/null | cut -d ' ' -f 2)
    if [ "$(printf '%s\n' "$oldest" "${found%%-*}" | sort -V | head -n 1)" != "$oldest" ]; then
        # If both are installed, the system's may come first.
        if command -v rustup >/dev/null && [ "$(command -v cargo)" -ef "$(command -v rustup)" ]; then
            fail "Rust is too old: this is $found, and $oldest is needed." "Run this and try again:  rustup update"
        elif [ -x "$own/bin/rustup" ]; then
            fail "$(command -v cargo) is too old: this is $found, and $oldest is needed. There is another one in $own." \
                "Run this and try again:  . \"$own/env\"; rustup update"
        fi
        fail "$(command -v cargo) is too old: this is $found, and $oldest is needed. This system's packages have no newer one." \
            "Install rustup (https://www.rust-lang.org/tools/install), open a new shell and try again."
    fi
    [ "$1" = test ] || return 0
    if ! cargo fmt --version >/dev/null 2>&1 || ! cargo clippy --version >/dev/null 2>&1; then
        fail "Rust's formatter or linter is missing. Run this and try again:" \
            "  rustup component add rustfmt clippy"
    fi
}

# Tests use their own networks, file systems and processes. Root can usually make such namespaces, and
# anybody else within a user namespace.
check_namespaces() {
    local words=(--net --mount --pid --fork) said
    [ "$(id -u)" -eq 0 ] || words=(--user --map-root-user "${words[@]}")
    ! said=$(unshare "${words[@]}" sh -c 'mount -t tmpfs none /mnt' 2>&1) || return 0
    [ "$(id -u)" -ne 0 ] || fail "The tests make their own networks and file systems, and this container does not let root do that ($said)." \
        "Allow it with: docker run --privileged (or --cap-add SYS_ADMIN --cap-add NET_ADMIN --security-opt seccomp=unconfined --security-opt apparmor=unconfined)."
    local switch
    for switch in kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0 user.max_user_namespaces=15000; do
        local now=/proc/sys/${switch%=*}
        now=$(cat "${now//.//}" 2>/dev/null) || continue
        case $switch in
            kernel.unprivileged_userns_clone=1 | user.*) [ "$now" = 0 ] || continue ;;
            *) [ "$now" != 0 ] || continue ;;
        esac
        fail "The tests make their own networks and file systems, and this machine does not let ordinary users do that. Allow it until the next reboot with:  sudo sysctl $switch"
    done
    fail "The tests make their own networks and file systems, and only root may do that here ($said)." \
        "Run them as root, with your Rust:  sudo env \"PATH=\$PATH\" \"HOME=\$HOME\" make test"
}

# The packages among the arguments that are not installed, one a line.
missing_packages() {
    local installed package
    installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
        sed -n 's/^installed //p' || true)
    for package in "$@"; do
        grep -qxF -e "$package" <<<"$installed" || printf '%s\n' "$package"
    done
}

install_packages() {
    local as_root=() apt=(apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || fail "These packages are missing: $*" \
            "Ask an administrator to run:  apt-get install --no-install-recommends $*"
        as_root=(sudo)
        [ -t 0 ] || as_root+=(-n) # nobody can type a password
        "${as_root[@]}" true || fail "sudo did not let $(id -un) become root (see its message above), so nothing was installed. These packages are missing: $*" \
            "Ask an administrator to run:  apt-get install --no-install-recommends $*"
    fi
    as_root+=(env DEBIAN_FRONTEND=noninteractive)
    echo "setup: installing missing packages: $*" >&2
    "${as_root[@]}" "${apt[@]}" update >&2 ||
        echo "setup: the package list could not be updated; trying with the present one." >&2
    local before status=0
    before=$(installed_packages)
    no_services "${as_root[@]}"
    "${as_root[@]}" "${apt[@]}" install -y --no-install-recommends "$@" </dev/null >&2 || status=$?
    # Including packages that were installed before something went wrong.
    mapfile -t new < <(comm -13 <(printf '%s\n' "$before") <(installed_packages))
    [ ${#new[@]} -eq 0 ] || "${as_root[@]}" "$here/scripts/by-hand.sh" "${new[@]}" >&2 ||
        fail "The new packages could not be kept from starting by themselves at the next boot; see the lines above." \
            "Remove them, or check with: systemctl list-unit-files --state=enabled"
    [ "$status" -eq 0 ] ||
        fail "The packages could not be installed; see the lines above." \
            "Fix that, or install them yourself, and try again: $*"
}

# All installed packages, sorted.
installed_packages() {
    dpkg-query -W -f='${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p' | sort
}

# The servers that are tested and measured come as services, and none of them may start by itself. Unless
# this machine has its own start policy, one that forbids starting is in place during the installation.
no_services() {
    local policy=/usr/sbin/policy-rc.d
    [ ! -e "$policy" ] || return 0
    # shellcheck disable=SC2064 # expand now
    trap "$* rm -f $policy" EXIT
    printf '#!/bin/sh\nexit 101\n' | "$@" tee "$policy" >/dev/null
    "$@" chmod 755 "$policy"
}

# On other systems nothing is installed: this lists what is missing.
check_other_system() {
    local missing=() item
    for item in "${build_commands[@]}"; do
        command -v "$item" >/dev/null || missing+=("$item")
    done
    if command -v pkg-config >/dev/null; then
        for item in "${libraries[@]}"; do
            pkg-config --exists "$item" || missing+=("the headers of $item")
        done
    fi
    local more=()
    [ "$1" != run ] || more=("${run_commands[@]}")
    [ "$1" != test ] || more=("${test_commands[@]}")
    [ "$1" != durability ] || more=("${test_commands[@]}" "${durability_commands[@]}")
    [ "$1" != bench ] || more=("${bench_commands[@]}")
    [ "$1" != dist ] || more=("${dist_commands[@]}")
    [ "$1" != clients ] || more=("${clients_commands[@]}")
    for item in "${more[@]}"; do
        command -v "$item" >/dev/null || missing+=("$item")
    done
    [ ${#missing[@]} -eq 0 ] && return
    fail "This is neither Debian nor Ubuntu, so nothing was installed. Missing:" \
        "${missing[@]/#/  }" \
        "Install these with this system's package manager and try again."
}

main() {
    local set=${1:-} packages missing
    case $set in
        build) packages=("${build_packages[@]}") ;;
        run) packages=("${build_packages[@]}" "${run_packages[@]}") ;;
        test) packages=("${build_packages[@]}" "${test_packages[@]}") ;;
        durability) packages=("${build_packages[@]}" "${test_packages[@]}" "${durability_packages[@]}") ;;
        bench) packages=("${build_packages[@]}" "${bench_packages[@]}") ;;
        clients) packages=("${build_packages[@]}" "${clients_packages[@]}") ;;
        dist) packages=("${build_packages[@]}" "${dist_packages[@]}") ;;
        *)
            echo "What for? scripts/setup.sh build, run, test, durability, bench, clients or dist." >&2
            exit 2
            ;;
    esac
    check_rust "$set"
    [ "$set" != test ] || check_namespaces
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        check_other_system "$set"
        return
    fi
    mapfile -t missing < <(missing_packages "${packages[@]}")
    [ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}"
}

main "$@"
