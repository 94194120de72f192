#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Builds all fuzzers (or those named), replays the kept inputs of each, then runs each for a while.
#   Tests/Fuzz/run.sh [SECONDS, default 20] [NAME ...]
#       NAME: rtp stun command srtp sip sdp dns rules
# What is built and found goes to .build/fuzz: new inputs to .build/fuzz/NAME, a failing one beside
# it, named in the output. Put what is worth keeping into Tests/Fuzz/corpus/NAME.
# The last line is `N passed, N failed, N skipped`.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
seconds=${1:-20}
[ $# -gt 0 ] && shift
: "${CLANG:=$(dirname "$(readlink -f "$(command -v swift)")")/clang}"
out=${BUILD_DIR:-$root/.build/fuzz}
shims=$root/CShims
passed=0 failed=0
# A trap is libFuzzer's to report, with the input.
export SWIFT_BACKTRACE=enable=no
mkdir -p "$out"

build_c() { # name
    "$CLANG" -std=gnu17 -O1 -g -march=x86-64-v3 -fno-strict-aliasing -fuse-ld=lld \
        -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
        -I"$shims/CFlowABI/include" -I"$shims/CSRTP/include" -I"$shims/CTables/include" \
        -I"$shims/CStages/include" "$here/${1}_fuzz.c" "$shims"/CFlowABI/*.c \
        "$shims"/CSRTP/*.c "$shims"/CTables/*.c "$shims"/CStages/*.c -lIPSec_MB -lcrypto \
        -o "$out/${1}_fuzz"
}

build_srtp() {
    "$CLANG" -std=gnu17 -O1 -g -march=x86-64-v3 -fno-strict-aliasing -fuse-ld=lld \
        -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
        -I"$shims/CFlowABI/include" -I"$shims/CSRTP/include" \
        "$here/srtp_fuzz.c" "$shims"/CSRTP/*.c -lIPSec_MB -lcrypto -o "$out/srtp_fuzz"
}

# Into one module with the sources that it tests, behind NetworkAddress as a module of its own.
build_swift() { # name, module, sources
    local features="-swift-version 6 -enable-upcoming-feature InternalImportsByDefault
        -enable-upcoming-feature MemberImportVisibility -enable-experimental-feature Lifetimes"
    mkdir -p "$out/modules"
    swiftc -O -parse-as-library -sanitize=address -module-name NetworkAddress $features \
        -emit-module -emit-module-path "$out/modules/NetworkAddress.swiftmodule" \
        -wmo -c "$root"/Sources/NetworkAddress/*.swift -o "$out/modules/NetworkAddress.o" &&
        swiftc -O -parse-as-library -use-ld=lld -sanitize=fuzzer,address -I "$out/modules" -module-name "$2" \
            $features "${@:3}" "$here/${2}Fuzz.swift" \
            "$out/modules/NetworkAddress.o" -o "$out/${1}_fuzz"
}

# The same behind SIPMessage as well.
build_rules() {
    local name features="-swift-version 6 -enable-upcoming-feature InternalImportsByDefault
        -enable-upcoming-feature MemberImportVisibility -enable-experimental-feature Lifetimes"
    mkdir -p "$out/modules"
    for name in NetworkAddress SIPMessage; do
        swiftc -O -parse-as-library -sanitize=address -module-name $name $features \
            -I "$out/modules" -emit-module -emit-module-path "$out/modules/$name.swiftmodule" \
            -wmo -c "$root"/Sources/$name/*.swift -o "$out/modules/$name.o" || return 1
    done
    swiftc -O -parse-as-library -use-ld=lld -sanitize=fuzzer,address -I "$out/modules" \
        -module-name Manipulation $features "$root"/Sources/Manipulation/*.swift \
        "$here/ManipulationFuzz.swift" "$out/modules/NetworkAddress.o" \
        "$out/modules/SIPMessage.o" -o "$out/rules_fuzz"
}

# Builds unless what is there was made of the same sources.
build() { # name
    local sources digest
    case $1 in
    rtp | stun | command) sources="$shims/CFlowABI $shims/CSRTP $shims/CTables $shims/CStages $here/fuzz_world.h
        $here/${1}_fuzz.c" ;;
    srtp) sources="$shims/CFlowABI $shims/CSRTP $here/srtp_fuzz.c" ;;
    sip) sources="$root/Sources/NetworkAddress $root/Sources/SIPMessage
        $here/SIPMessageFuzz.swift" ;;
    rules) sources="$root/Sources/NetworkAddress $root/Sources/SIPMessage
        $root/Sources/Manipulation $here/ManipulationFuzz.swift" ;;
    sdp) sources="$root/Sources/NetworkAddress $root/Sources/SDP $here/SDPFuzz.swift" ;;
    dns) sources="$root/Sources/NetworkAddress $root/Sources/SIPLocation
        $here/DNSMessageFuzz.swift" ;;
    esac
    digest=$(cd "$root" && find $sources "$here/run.sh" -type f -print0 | sort -z |
        xargs -0 sha256sum | sha256sum)
    [ -x "$out/${1}_fuzz" ] && [ "$digest" = "$(cat "$out/$1.sources" 2>/dev/null)" ] && return 0
    echo "building ${1}_fuzz"
    case $1 in
    rtp | stun | command) build_c "$1" ;;
    srtp) build_srtp ;;
    sip) build_swift sip SIPMessage "$root"/Sources/SIPMessage/*.swift ;;
    sdp) build_swift sdp SDP "$root"/Sources/SDP/*.swift ;;
    dns) build_swift dns DNSMessage "$root"/Sources/SIPLocation/D*.swift ;;
    rules) build_rules ;;
    esac || return 1
    printf '%s\n' "$digest" >"$out/$1.sources"
}

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

names="rtp stun command srtp sip sdp dns rules"
for name in ${*:-$names}; do
    if [ ! -d "$here/corpus/$name" ]; then
        echo "Tests/Fuzz/run.sh: there is no fuzzer $name; write one of: $names" >&2
        exit 2
    fi
    if ! build "$name"; then
        count "$name: build" 1
        continue
    fi
    fuzz "$name" -runs=0 "$here/corpus/$name"
    count "$name: $(find "$here/corpus/$name" -type f | wc -l) kept inputs" $?
    mkdir -p "$out/$name"
    fuzz "$name" "-max_total_time=$seconds" -print_final_stats=1 "$out/$name" "$here/corpus/$name"
    status=$?
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$out/$name.log")
    count "$name: ${runs:-?} inputs in $seconds s" $status
done
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
