#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds and runs the C tests of CTables and CStages: plain, and with the address and undefined
# behaviour sanitizers.
#   Tests/CStages/run.sh [NAME]                  one test, as in test_<name>.c
#   Tests/CStages/run.sh speed [FLOWS [ROUNDS]]  STUN answers a second: stun_speed.c
# The last line is `N passed, N failed, N skipped`; skipped is test data that was not there.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
: "${CLANG:=$(dirname "$(readlink -f "$(command -v swift)")")/clang}"
: "${TRUNKLINE_TESTDATA:=$root/../shared/testdata}"
export TRUNKLINE_TESTDATA
out=${BUILD_DIR:-$root/.build/cstages}
shims=$root/CShims
flags="-std=gnu17 -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wvla
    -Wimplicit-fallthrough -Werror -march=x86-64-v3 -fno-strict-aliasing -g
    -I$shims/CFlowABI/include -I$shims/CSRTP/include -I$shims/CDTMF/include -I$shims/CTables/include
    -I$shims/CStages/include -I$here"

objects_build() { # variant, flags
    mkdir -p "$out/$1"
    objects=
    for source in "$shims"/CFlowABI/*.c "$shims"/CSRTP/*.c "$shims"/CDTMF/*.c "$shims"/CTables/*.c \
        "$shims"/CStages/*.c "$here"/../checks/checks.c "$here"/harness.c "$here"/frames.c; do
        object=$out/$1/$(basename "$(dirname "$source")")-$(basename "$source" .c).o
        "$CLANG" $flags -Wfunction-effects $2 -c "$source" -o "$object"
        objects="$objects $object"
    done
}

build_and_run() { # variant, flags
    objects_build "$1" "$2"
    for test in "$here"/test_${wanted}.c; do
        name=$(basename "$test" .c)
        "$CLANG" $flags $2 -fuse-ld=lld "$test" $objects -lIPSec_MB -lcrypto -lm -o "$out/$1/$name"
        if "$out/$1/$name" >"$out/$1/$name.log"; then
            passed=$((passed + 1))
        else
            failed=$((failed + 1))
        fi
        sed "s/^/$1: /" "$out/$1/$name.log"
        without=$(sed -n 's/.*checks, \([0-9]*\) left out$/\1/p' "$out/$1/$name.log")
        skipped=$((skipped + ${without:-0}))
    done
}

if [ "${1:-}" = speed ]; then
    shift
    objects_build plain -O2
    "$CLANG" $flags -O2 -fuse-ld=lld "$here/stun_speed.c" $objects -lIPSec_MB -lcrypto -lm -o "$out/stun_speed"
    exec "$out/stun_speed" "$@"
fi
mkdir -p "$out"
STUN_CASES=$out/stun_cases.txt
export STUN_CASES
: >"$STUN_CASES"
if [ -f "$TRUNKLINE_TESTDATA/teams/stun-ice-lite.json" ]; then
    python3 "$here/stun_cases.py" "$TRUNKLINE_TESTDATA/teams/stun-ice-lite.json" >"$STUN_CASES"
fi
wanted=${1:-*}
passed=0 failed=0 skipped=0
build_and_run sanitized "-O1 -fsanitize=address,undefined -fno-sanitize-recover=all"
build_and_run plain "-O2"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
