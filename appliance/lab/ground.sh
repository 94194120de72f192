# SPDX-License-Identifier: Apache-2.0
# What the front doors stand on: packages, toolchain, build. Sourced, from the top of the checkout.
# Everything it says goes to standard error.

# To build both planes.
GROUND_BUILD="pkg-config libdpdk-dev libuv1-dev libyaml-dev libmnl-dev
    libsqlite3-dev libbpf-dev libnuma-dev libipsec-mb-dev libssl-dev libc-ares-dev linux-libc-dev python3"
# To run the fast path.
GROUND_RUN="libipsec-mb1 librte-net-af-packet23 librte-net-af-xdp23 librte-net-memif23 librte-net-pcap23
    librte-mempool-ring23 librte-bus-vdev23 iproute2 iptables ethtool"
# To run the laboratory.
GROUND_LAB="$GROUND_RUN procps sip-tester"
# For the tests only.
GROUND_TESTS="dpdk-dev baresip-core linphone-cli kamailio sipsak sipvicious socat tcpdump tshark sngrep
    valgrind libsrtp2-dev python3-venv libspandsp-dev asterisk-core-sounds-en-wav sox libsox-fmt-base"
# From PyPI, for the tests only.
GROUND_PEERS="aiortc==1.16.0"

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

# Makes .build/peers: a Python with aiortc, a browser's media stack, and libsrtp2 behind pylibsrtp.
# Without it the laboratory leaves the cases out that need them, and says so.
ground_peers() {
    local folder=.build/peers
    [ ! -x "$folder/bin/python" ] || return 0
    say "installing aiortc into $folder"
    mkdir -p .build
    if ! { python3 -m venv "$folder.new" && timeout 300 "$folder.new/bin/pip" install -q \
        --disable-pip-version-check "$GROUND_PEERS"; } >&2; then
        rm -rf "$folder.new"
        say "PyPI could not be reached: calls with aiortc (WebRTC) and with keys that change are left out"
        return 0
    fi
    mv "$folder.new" "$folder"
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

# Ends a build that was interrupted: ground_build_ends PROCESS LOG.
ground_build_ends() {
    trap '' INT TERM HUP
    [ -z "$1" ] || kill -TERM -- "-$1" 2>/dev/null || true
    [ -z "$1" ] || wait "$1" 2>/dev/null || true
    rm -f "$2"
    say "interrupted; the build is ended"
    exit 130
}

# Builds both planes: ground_build release|debug. On a terminal it shows how far it is; what is
# built already it passes in silence.
ground_build() {
    local log status=0 builder= said= held= options=(-c "$1")
    [ "$1" != release ] || options+=(--static-swift-stdlib)
    log=$(mktemp)
    trap 'ground_build_ends "$builder" "$log"' INT TERM HUP
    set -m # a process group of its own: compilers end with it
    swift build "${options[@]}" >"$log" 2>&1 </dev/null &
    builder=$!
    set +m
    while kill -0 "$builder" 2>/dev/null; do
        sleep 0.3
        if [ -z "$said" ] && tail -n 1 "$log" | grep -q '^Another instance'; then
            [ -n "$held" ] || say "another build holds the folder .build: waiting for its end"
            held=yes
        elif [ -z "$said" ] && grep -qE '^\[[0-9]+/[0-9]+\] (Compil|Emit|Link)' "$log"; then
            say "building ($1); the first time takes some minutes"
            said=yes
        fi
        [ ! -t 2 ] || printf '\r  %s\033[K' "$(tail -n 1 "$log" | cut -c 1-72)" >&2
    done
    wait "$builder" || status=$?
    trap - INT TERM HUP
    [ ! -t 2 ] || printf '\r\033[K' >&2
    [ $status = 0 ] || tail -n 40 "$log" >&2
    rm -f "$log"
    if [ $status != 0 ]; then
        say "the build failed"
        exit 1
    fi
}
