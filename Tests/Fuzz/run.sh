#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Builds all fuzzers (or those named), replays the kept inputs of each, then runs each for a while.
#   Tests/Fuzz/run.sh [SECONDS, default 20] [NAME ...]
#       NAME: rtp stun command event digits srtp sip uri multipart sdp dns rules
# What is built and found goes to .build/fuzz: new inputs to .build/fuzz/NAME, a failing one beside
# it, named in the output. Put what is worth keeping into Tests/Fuzz/corpus/NAME.
# The last line is `N passed, N failed, N skipped`.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
seconds=${1:-20}
[ $# -gt 0 ] && shift
out=${BUILD_DIR:-$root/.build/fuzz}
shims=$root/CShims
passed=0 failed=0
# A trap is libFuzzer's to report, with the input.
export SWIFT_BACKTRACE=enable=no
. "$here/build.sh"

count() { # what, status
    if [ "$2" = 0 ]; then
        passed=$((passed + 1))
        echo "$1: passed"
    else
        failed=$((failed + 1))
        echo "$1: FAILED"
    fi
}

# Libfuzzer's words, without those about every new input.
fuzz() { # name, arguments...
    local name=$1 words=()
    shift
    [ ! -f "$here/$name.dict" ] || words+=("-dict=$here/$name.dict")
    "$out/${name}_fuzz" -max_len=4096 -timeout=20 "-artifact_prefix=$out/$name-" "${words[@]}" \
        "$@" >"$out/$name.log" 2>&1 && return 0
    grep -vE '^#[0-9]+[[:space:]]+(NEW|REDUCE|pulse)' "$out/$name.log" | tail -n 60
    return 1
}

for name in ${*:-$fuzz_names}; do
    if [ ! -d "$here/corpus/$name" ]; then
        echo "Tests/Fuzz/run.sh: there is no fuzzer $name; write one of: $fuzz_names" >&2
        exit 2
    fi
    if ! build "$name"; then
        count "$name: build" 1
        continue
    fi
    fuzz "$name" -runs=0 -max_len=65536 "$here/corpus/$name"
    status=$?
    count "$name: $(find "$here/corpus/$name" -type f | wc -l) kept inputs" $status
    mkdir -p "$out/$name"
    fuzz "$name" "-max_total_time=$seconds" -print_final_stats=1 "$out/$name" "$here/corpus/$name"
    status=$?
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$out/$name.log")
    count "$name: ${runs:-?} inputs in $seconds s" $status
done
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
