#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Everything that takes two real processes, or the real fast path and a capture, with the binaries
# of $TRUNKLINE_BIN (default .build/debug; `swift build` makes all of them):
#   counters   the operators' page of counters is the one that the lists make
#   units      systemd finds nothing wrong with the units
#   run        tl_poke and the fast path on packet and xdp, in namespaces (needs root)
#   restarts   the Swift programmer and the fast path, each killed again and again
#   contract   test_*.py here: the peer's file garbled or cut, privileges, memif
#   packets    ../packet: captures in, captures out
# Usage: Tests/contract/run.sh [PART ...]. The last line is `N passed, N failed, N skipped`.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
TRUNKLINE_BIN=$(realpath -m "${TRUNKLINE_BIN:-$root/.build/debug}")
export TRUNKLINE_BIN PYTHONDONTWRITEBYTECODE=1
: "${CLANG:=$(dirname "$(readlink -f "$(command -v swift)")")/clang}"
export CLANG CC=$CLANG
export SWIFT_BACKTRACE=enable=no # of a process that is killed on purpose nobody wants to read
passed=0 failed=0 skipped=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

for name in trunkline trunkline-fastpath trunkline-sessions contract-control; do
    if [ ! -x "$TRUNKLINE_BIN/$name" ]; then
        echo "$TRUNKLINE_BIN/$name is missing: swift build makes it, or set TRUNKLINE_BIN" >&2
        exit 2
    fi
done

one() { # command... that is one test
    if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}

# A command that counts for itself, in its last line or by a line `-- ...` for each step.
many() {
    local status steps
    "$@" 2>&1 | tee "$log"
    status=${PIPESTATUS[0]}
    if grep -qE '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$log"; then
        set -- $(grep -E '^[0-9]+ passed, ' "$log" | tail -n 1 | tr -cd '0-9 ')
        passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
        [ "$status" = 0 ] || [ "$2" != 0 ] || failed=$((failed + 1))
        return
    fi
    steps=$(grep -c '^-- ' "$log")
    skipped=$((skipped + $(grep -c '^left out' "$log")))
    if [ "$status" != 0 ]; then failed=$((failed + 1)) steps=$((steps - 1)); fi
    [ "$steps" -le 0 ] || passed=$((passed + steps))
}

compile_poke() {
    mkdir -p "$root/.build/contract"
    "$CLANG" -std=gnu17 -Wall -Wextra -Werror -O1 -fuse-ld=lld \
        -I"$root/CShims/CFlowABI/include" "$here/tl_poke.c" "$root"/CShims/CFlowABI/*.c \
        -o "$root/.build/contract/tl_poke"
}

for part in ${*:-counters units run restarts contract packets}; do
    echo "--- $part"
    case $part in
    counters) one "$root/appliance/docs/generate" --check ;;
    units)
        if command -v systemd-analyze >/dev/null; then
            one "$here/units.sh"
        else
            echo "left out: systemd is not installed"
            skipped=$((skipped + 1))
        fi
        ;;
    run) many "$here/run" "$TRUNKLINE_BIN/trunkline-fastpath" ;;
    restarts) one "$here/with-fastpath.sh" "$TRUNKLINE_BIN" 20 ;;
    contract)
        if compile_poke; then
            many "$here/../packet/run" "$here"
        else
            failed=$((failed + 1))
        fi
        ;;
    packets) many "$here/../packet/run" ;;
    *)
        echo "Tests/contract/run.sh: there is no part $part" >&2
        exit 2
        ;;
    esac
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
