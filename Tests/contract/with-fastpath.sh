#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The contract between the Swift side and the real trunkline-fastpath, each killed again and again.
# Needs no privileges beyond those of memif, no huge pages and no NIC. A killed fast path leaves its
# memif sockets behind; the next one takes them away.
# Usage: Tests/contract/with-fastpath.sh DIRECTORY-OF-THE-BINARIES [rounds]
set -u
bin=$1
rounds=${2:-5}
directory=$(mktemp -d /dev/shm/trunkline-contract.XXXXXX)
fastpath=
control=

start_fastpath() {
    "$bin/trunkline-fastpath" --directory "$directory" --cores 1 --no-huge \
        --flows-per-worker 256 --command-slots 8 --event-slots 8 --packet-slots 2 \
        --realm "name=a,attach=memif,interface=$directory/a.sock,address=192.0.2.1,ports=20000-24095,gateway-mac=02:00:00:00:00:01" \
        --realm "name=b,attach=memif,interface=$directory/b.sock,address=192.0.2.2,ports=20000-24095,gateway-mac=02:00:00:00:00:02" \
        >>"$directory/log" 2>&1 &
    fastpath=$!
}

# Only what this script started.
clean_up() {
    for process in $fastpath $control; do kill -9 "$process" 2>/dev/null; done
    rm -rf "$directory"
}
trap clean_up EXIT

failed=0
expect() { # the last line of a file, within ten seconds
    waited=0
    while [ "$(tail -n 1 "$2")" != "$1" ]; do
        waited=$((waited + 1))
        if [ "$waited" -gt 100 ]; then
            echo "expected '$1', have '$(tail -n 1 "$2")'; last words of the fast path:"
            tail -n 3 "$directory/log"
            failed=1
            return
        fi
        sleep 0.1
    done
    echo "$1"
}

start_fastpath
mkfifo "$directory/in"
"$bin/contract-control" run "$directory" 50 polls=2000000 <"$directory/in" >"$directory/out" &
control=$!
exec 7>"$directory/in"
expect "installed 50 0" "$directory/out"
echo hold >&7
expect "held 50" "$directory/out"

round=0
while [ "$round" -lt "$rounds" ]; do
    round=$((round + 1))
    kill -9 "$fastpath"
    wait "$fastpath" 2>/dev/null
    start_fastpath
    : >"$directory/out"
    echo rematch >&7
    expect "reinstalled 50" "$directory/out"
done

kill -9 "$control"
wait "$control" 2>/dev/null
exec 7>&-
# Forty of the fifty calls live on: twenty flows have no call.
printf 'end\n' | "$bin/contract-control" run "$directory" 40 restore=1 polls=100000 \
    >"$directory/out"
if ! grep -qx "installed 40 20" "$directory/out" || ! grep -qx "ended 40" "$directory/out"; then
    echo "after the restart of the control plane:"
    cat "$directory/out"
    failed=1
fi
kill "$fastpath"
wait "$fastpath" || failed=1
fastpath=
control=
[ "$failed" = 0 ] && echo "contract with the fast path: passed, $rounds restarts"
exit "$failed"
