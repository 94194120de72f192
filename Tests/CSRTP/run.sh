#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds and runs the C tests of CSRTP: plain, and with the address and undefined behaviour
# sanitizers.
#   Tests/CSRTP/run.sh [NAME]             one test, as in test_<name>.c
#   Tests/CSRTP/run.sh differential N     N packets through CSRTP and libsrtp2, plain only
#   Tests/CSRTP/run.sh speed [KEYS [N]]   nanoseconds a packet: srtp_speed.c
# The last line is `N passed, N failed, N skipped`; skipped is test data that was not there.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
: "${CLANG:=$(dirname "$(readlink -f "$(command -v swift)")")/clang}"
: "${TRUNKLINE_TESTDATA:=$root/../shared/testdata}"
export TRUNKLINE_TESTDATA
# libsrtp2 stands on NSS, which keeps what it allocates.
export LSAN_OPTIONS="suppressions=$here/leaks.txt:print_suppressions=0"
out=${BUILD_DIR:-$root/.build/csrtp}
shims=$root/CShims
flags="-std=gnu17 -D_GNU_SOURCE -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wvla
    -Wimplicit-fallthrough -Werror -march=x86-64-v3 -fno-strict-aliasing -g
    -I$shims/CFlowABI/include -I$shims/CDTMF/include -I$shims/CTables/include -I$shims/CSRTP/include -I$shims/CSRTP
    -I$here"

objects_build() { # variant, flags
    mkdir -p "$out/$1"
    objects=
    for source in "$shims"/CFlowABI/*.c "$shims"/CDTMF/*.c "$shims"/CTables/*.c "$shims"/CSRTP/*.c "$here"/../checks/checks.c "$here"/harness.c; do
        object=$out/$1/$(basename "$(dirname "$source")")-$(basename "$source" .c).o
        "$CLANG" $flags -Wfunction-effects $2 -c "$source" -o "$object"
        objects="$objects $object"
    done
}

program_build() { # variant, flags, source
    "$CLANG" $flags $2 -fuse-ld=lld "$3" $objects -lIPSec_MB -lcrypto -lm -lsrtp2 \
        -o "$out/$1/$(basename "$3" .c)"
}

if [ "${1:-}" = speed ]; then
    objects_build plain -O2
    program_build plain -O2 "$here/srtp_speed.c"
    shift
    exec "$out/plain/srtp_speed" "$@"
fi

wanted=${1:-*}
[ $# = 0 ] || shift
passed=0 failed=0 skipped=0
build_and_run() { # variant, flags, arguments of the test...
    variant=$1 more=$2
    shift 2
    objects_build "$variant" "$more"
    for test in "$here"/test_${wanted}.c; do
        name=$(basename "$test" .c)
        program_build "$variant" "$more" "$test"
        if "$out/$variant/$name" "$@" >"$out/$variant/$name.log" 2>&1; then
            passed=$((passed + 1))
        else
            failed=$((failed + 1))
        fi
        sed "s/^/$variant: /" "$out/$variant/$name.log"
        without=$(sed -n 's/.*checks, \([0-9]*\) left out$/\1/p' "$out/$variant/$name.log")
        skipped=$((skipped + ${without:-0}))
    done
}

[ $# -gt 0 ] ||
    build_and_run sanitized "-O1 -fsanitize=address,undefined -fno-sanitize-recover=all"
build_and_run plain "-O2" "$@"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
