#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Counts instructions a packet, for each stage, with valgrind's callgrind, and compares them with
# what was accepted (instructions.txt). Times are noise on a shared machine; this is none.
# Usage: Tests/gates/instructions.sh [--accept]
#   --accept  takes what is counted now as accepted
# No debug information: valgrind 3.19 cannot read that of newer compilers.
# Built twice, for x86-64-v3 without DPDK: as it is shipped (the stages are one function, of which
# only the total can be told), and with each stage kept a function of its own.
# The last line is `N passed, N failed, N skipped`.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
: "${CLANG:=$(dirname "$(readlink -f "$(command -v swift)")")/clang}"
if ! command -v valgrind >/dev/null; then
    echo "instructions: valgrind is not installed"
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
fi
out=${BUILD_DIR:-$root/.build/gates}
shims=$root/CShims
flags="-std=gnu17 -O2 -g0 -march=x86-64-v3 -mno-avx512f -fno-strict-aliasing -Wall -Wextra -Werror
    -I$shims/CFlowABI/include -I$shims/CSRTP/include -I$shims/CDTMF/include
    -I$shims/CTables/include -I$shims/CStages/include"

build() { # name, flags
    mkdir -p "$out/$1"
    objects=
    for source in "$shims"/CFlowABI/*.c "$shims"/CSRTP/*.c "$shims"/CDTMF/*.c "$shims"/CTables/*.c "$shims"/CStages/*.c \
        "$root"/Tests/checks/checks.c "$root"/Tests/CStages/harness.c "$root"/Tests/CStages/frames.c \
        "$here"/instructions.c; do
        object=$out/$1/$(basename "$(dirname "$source")")-$(basename "$source" .c).o
        "$CLANG" $flags "$2" -c "$source" -o "$object"
        objects="$objects $object"
    done
    "$CLANG" -fuse-ld=lld $objects -lIPSec_MB -lcrypto -lm -o "$out/$1/instructions"
}

build whole -DTL_GATE_WHOLE
build apart '-DTL_STAGE_CODE=static __attribute__((noinline,unused))'
exec python3 "$here/instructions.py" "$out/apart/instructions" "$out/whole/instructions" "$out" \
    "$here/instructions.txt" "$@"
