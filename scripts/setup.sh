#!/usr/bin/env bash
# Sees to it that this machine has what the project needs. `setup.sh build`: what compiling needs;
# `setup.sh test`: that and what the tests use; `setup.sh pictures`: that and a browser;
# `setup.sh bench`: what compiling needs and the programs that chatroom is measured beside; `setup.sh
# dist`: what compiling needs and what makes other systems to try the downloaded file on. Installs only
# what is missing, and says nothing when nothing is.
set -euo pipefail

build_packages=(
    cmake g++ make pkg-config
    libx11-dev libxext-dev libxft-dev libxinerama-dev libxcursor-dev libxrender-dev libxfixes-dev
    libpango1.0-dev libcairo2-dev
)
# A display without a screen, a window manager and hands to use windows with; a desktop's bus for
# notifications; a terminal to type into (tmux, and `script` of bsdutils); fonts for every script; the
# checkers of man pages and of menu entries, and what opens a link as desktops do; what shows man pages;
# shells that complete (39 MB); a counter of instructions; disks whose power is cut (python3 makes the
# one system call for it that has no command, and runs the documents' bot); the proxies that the
# documents have configurations for (nginx 2 MB, Caddy 36 MB), and what makes them a certificate.
test_packages=(
    xvfb openbox xdotool xclip x11-xkb-utils imagemagick dbus-daemon
    tmux bsdutils util-linux iproute2 strace curl
    fonts-dejavu-core fonts-noto-core fonts-noto-cjk fonts-noto-color-emoji
    man-db mandoc less bash-completion zsh fish desktop-file-utils libglib2.0-bin valgrind libc6-dbg
    e2fsprogs mount python3 nginx caddy openssl
)
# The browser that pages are looked at in.
picture_packages=(chromium)
# The others' servers, what counts their writes, and what makes a disk slow; for the window's
# benchmark a screen without a screen, the other window, and what shows it all; for replay's the search
# that is hardest to beat.
bench_packages=(
    nats-server ngircd nginx libnginx-mod-nchan iproute2 strace
    ripgrep bsdutils
    xvfb openbox hexchat xclip util-linux fonts-dejavu-core fonts-noto-core fonts-noto-cjk fonts-noto-color-emoji
)
# For the file that is downloaded: other Debians, and what looks at executables and at windows.
dist_packages=(debootstrap systemd-container mount util-linux iproute2 binutils curl xvfb openbox xdotool imagemagick fonts-dejavu-core)
# The same on systems without dpkg: commands to find, libraries that pkg-config must know.
build_commands=(cmake g++ make pkg-config)
libraries=(x11 xext xft xinerama xcursor xrender xfixes pangoxft pangocairo cairo)
test_commands=(Xvfb openbox xdotool xclip setxkbmap import dbus-daemon tmux script unshare nsenter ip strace curl man mandoc less zsh fish desktop-file-validate gio valgrind mkfs.ext4 mount python3 nginx caddy openssl)
picture_commands=(chromium mkfifo)
dist_commands=(debootstrap systemd-nspawn unshare nsenter ip readelf curl Xvfb openbox xdotool import)
bench_commands=(nats-server ngircd nginx ss strace Xvfb openbox hexchat xclip setpriv rg script taskset)

fail() {
    printf 'setup: %s\n' "$@" >&2
    exit 1
}

check_rust() {
    if ! command -v cargo >/dev/null; then
        if [ -x "${CARGO_HOME:-$HOME/.cargo}/bin/cargo" ]; then
            fail "Rust is installed, but this shell does not find it." \
                "Run this and try again:  . \"${CARGO_HOME:-$HOME/.cargo}/env\""
        fi
        fail "Rust is missing: there is no 'cargo' command." \
            "Install Rust as https://www.rust-lang.org/tools/install says, open a new shell and try again."
    fi
    [ "$1" = test ] || return 0
    if ! cargo fmt --version >/dev/null 2>&1 || ! cargo clippy --version >/dev/null 2>&1; then
        fail "Rust's formatter or linter is missing. Run this and try again:" \
            "  rustup component add rustfmt clippy"
    fi
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
            "Ask an administrator to run:  apt-get install $*"
        as_root=(sudo)
        [ -t 0 ] || as_root+=(-n) # nobody is there to type a password
    fi
    as_root+=(env DEBIAN_FRONTEND=noninteractive)
    echo "setup: installing what is missing: $*" >&2
    "${as_root[@]}" "${apt[@]}" update >&2 ||
        echo "setup: the list of packages could not be renewed; trying with the one that is here." >&2
    no_services "${as_root[@]}"
    "${as_root[@]}" "${apt[@]}" install -y --no-install-recommends "$@" </dev/null >&2 ||
        fail "The packages could not be installed; the lines above say why." \
            "Mend that, or install them yourself, and try again: $*"
}

# The servers that are tested and measured come as services; none of them is to run by itself. Unless this
# machine has a policy of its own for what starts, one that says no is there while they are installed.
no_services() {
    [ "$set" != build ] || return 0
    local policy=/usr/sbin/policy-rc.d
    [ ! -e "$policy" ] || return 0
    # shellcheck disable=SC2064 # what it is now
    trap "$* rm -f $policy" EXIT
    printf '#!/bin/sh\nexit 101\n' | "$@" tee "$policy" >/dev/null
    "$@" chmod 755 "$policy"
}

# Elsewhere nothing is installed: what is missing is named.
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
    [ "$1" != test ] || more=("${test_commands[@]}")
    [ "$1" != pictures ] || more=("${test_commands[@]}" "${picture_commands[@]}")
    [ "$1" != bench ] || more=("${bench_commands[@]}")
    [ "$1" != dist ] || more=("${dist_commands[@]}")
    for item in "${more[@]}"; do
        command -v "$item" >/dev/null || missing+=("$item")
    done
    [ ${#missing[@]} -eq 0 ] && return
    fail "This is neither Debian nor Ubuntu, so nothing was installed. Missing here:" \
        "${missing[@]/#/  }" \
        "Install these with this system's package manager and try again."
}

main() {
    local set=${1:-} packages missing
    case $set in
        build) packages=("${build_packages[@]}") ;;
        test) packages=("${build_packages[@]}" "${test_packages[@]}") ;;
        pictures) packages=("${build_packages[@]}" "${test_packages[@]}" "${picture_packages[@]}") ;;
        bench) packages=("${build_packages[@]}" "${bench_packages[@]}") ;;
        dist) packages=("${build_packages[@]}" "${dist_packages[@]}") ;;
        *)
            echo "Say what to set up for: scripts/setup.sh build, test, pictures, bench or dist." >&2
            exit 2
            ;;
    esac
    check_rust "$set"
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        check_other_system "$set"
        return
    fi
    mapfile -t missing < <(missing_packages "${packages[@]}")
    [ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}"
}

main "$@"
