#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the C fuzzers and runs each on its corpus for a while.
# Usage: Tests/Fuzz/run.sh [seconds, default 10] [name, default both]
# New inputs go to .build/fuzz/<name>; a crash stays there and is named in the output. Put what is
# worth keeping into Tests/Fuzz/corpus/<name>.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
: "${CLANG:=$(dirname "$(readlink -f "$(command -v swift)")")/clang}"
out=${BUILD_DIR:-$root/.build/fuzz}
shims=$root/CShims
mkdir -p "$out"
for name in ${2:-rtp command}; do
    "$CLANG" -std=gnu17 -O1 -g -march=x86-64-v3 -fno-strict-aliasing -fuse-ld=lld \
        -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
        -I"$shims/CFlowABI/include" -I"$shims/CTables/include" -I"$shims/CStages/include" \
        "$here/${name}_fuzz.c" "$shims"/CFlowABI/*.c "$shims"/CTables/*.c "$shims"/CStages/*.c \
        -o "$out/${name}_fuzz"
    mkdir -p "$out/$name" "$here/corpus/$name"
    "$out/${name}_fuzz" -max_total_time="${1:-10}" -max_len=4096 -print_final_stats=1 \
        -artifact_prefix="$out/${name}-" "$out/$name" "$here/corpus/$name" 2>&1 |
        grep -E 'stat::number|ERROR|SUMMARY|runtime error|Test unit|libFuzzer' || true
    if ls "$out/${name}"-crash-* "$out/${name}"-timeout-* >/dev/null 2>&1; then
        echo "${name}_fuzz: found something, see $out"
        exit 1
    fi
done
