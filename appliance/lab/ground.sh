# SPDX-License-Identifier: Apache-2.0
# What the front doors stand on: packages, toolchain, build. Sourced, from the top of the checkout.
# Everything it says goes to standard error.

# To build both planes.
GROUND_BUILD="pkg-config libdpdk-dev libuv1-dev libyaml-dev libsqlite3-dev libmnl-dev
    libbpf-dev libnuma-dev linux-libc-dev python3"
# To run the fast path.
GROUND_RUN="librte-net-af-packet23 librte-net-af-xdp23 librte-net-memif23 librte-net-pcap23
    librte-mempool-ring23 librte-bus-vdev23 iproute2 iptables ethtool"
# To run the laboratory.
GROUND_LAB="$GROUND_RUN procps sip-tester"
# For the tests only.
GROUND_TESTS="dpdk-dev baresip-core tcpdump valgrind"

say() {
    printf '%s\n' "$*" >&2
}

# Ends with a sentence unless root.
ground_root() {
    if [ "$(id -u)" != 0 ]; then
        say "$0 makes network namespaces and installs packages: run it as root (sudo $0)."
        exit 1
    fi
}

# Installs those of the named Debian packages that are missing.
ground_install() {
    local missing=() name
    for name in "$@"; do
        dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null | grep -qx installed ||
            missing+=("$name")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    say "installing: ${missing[*]}"
    if [ "$(id -u)" != 0 ]; then
        say "packages are missing and only root can install them: sudo apt-get install ${missing[*]}"
        exit 1
    fi
    apt-get update -qq >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
        "${missing[@]}" >&2
}

# Finds the Swift toolchain, or says how to get it.
ground_swift() {
    local folder
    command -v swift >/dev/null && return 0
    for folder in /opt/swift/usr/bin /usr/local/swift/usr/bin "$HOME/.local/share/swiftly/bin"; do
        if [ -x "$folder/swift" ]; then
            export PATH="$folder:$PATH"
            return 0
        fi
    done
    say "Swift $(cat .swift-version) is missing. Get the Debian 12 toolchain from swift.org/install,"
    say "unpack it to /opt/swift (so that /opt/swift/usr/bin/swift exists), and run this again."
    exit 1
}

# Builds both planes: ground_build release|debug. On a terminal it shows how far it is.
ground_build() {
    say "building ($1); the first time takes some minutes"
    local log status=0 builder options=(-c "$1")
    [ "$1" != release ] || options+=(--static-swift-stdlib)
    log=$(mktemp)
    swift build "${options[@]}" >"$log" 2>&1 &
    builder=$!
    while kill -0 "$builder" 2>/dev/null; do
        sleep 1
        [ ! -t 2 ] || printf '\r  %s\033[K' "$(tail -n 1 "$log" | cut -c 1-72)" >&2
    done
    wait "$builder" || status=$?
    [ ! -t 2 ] || printf '\r\033[K' >&2
    if [ $status != 0 ]; then
        tail -n 40 "$log" >&2
        rm -f "$log"
        say "the build failed"
        exit 1
    fi
    rm -f "$log"
}
