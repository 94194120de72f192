# SPDX-License-Identifier: Apache-2.0
# Builds one fuzzer. To be sourced, with $here, $root, $shims and $out set.
#   build NAME [KIND]     $out/NAME_KIND, unless it is there and made of the same sources
# Kinds:
#   fuzz       libFuzzer with sanitizers (the default)
#   coverage   libFuzzer with the regions of the source counted
#   cost       one run of each file named, to be counted by callgrind
: "${CLANG:=$(dirname "$(readlink -f "$(command -v swift)")")/clang}"
fuzz_names="rtp stun command event digits srtp sip uri multipart sdp dns rules"

# Every folder or file that a fuzzer is made of.
fuzz_sources() { # name
    case $1 in
    rtp | stun | command | digits) echo "$shims/CFlowABI $shims/CSRTP $shims/CDTMF
        $shims/CTables $shims/CStages $here/fuzz_world.h $here/${1}_fuzz.c" ;;
    event) echo "$shims/CFlowABI $shims/CDTMF $here/event_fuzz.c" ;;
    srtp) echo "$shims/CFlowABI $shims/CSRTP $here/srtp_fuzz.c" ;;
    sip) echo "$root/Sources/NetworkAddress $root/Sources/SIPMessage
        $here/SIPMessageFuzz.swift $here/SIPValueFuzz.swift" ;;
    uri) echo "$root/Sources/NetworkAddress $root/Sources/SIPMessage $here/URIFuzz.swift" ;;
    multipart) echo "$root/Sources/NetworkAddress $root/Sources/SIPMessage
        $here/MultipartFuzz.swift" ;;
    rules) echo "$root/Sources/NetworkAddress $root/Sources/SIPMessage
        $root/Sources/Manipulation $here/ManipulationFuzz.swift" ;;
    sdp) echo "$root/Sources/NetworkAddress $root/Sources/Sharing $root/Sources/SDP
        $here/SDPFuzz.swift $here/SDPValueFuzz.swift" ;;
    dns) echo "$root/Sources/NetworkAddress $root/Sources/SIPLocation
        $here/DNSMessageFuzz.swift" ;;
    esac
}

build_c() { # name, kind
    local flags files=("$shims"/CFlowABI/*.c "$shims"/CSRTP/*.c) include
    case $2 in
    fuzz) flags="-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all" ;;
    coverage) flags="-fsanitize=fuzzer -fprofile-instr-generate -fcoverage-mapping" ;;
    cost) flags="" files+=("$here/cost.c") ;;
    esac
    [ "$1" = srtp ] || files+=("$shims"/CDTMF/*.c "$shims"/CTables/*.c "$shims"/CStages/*.c)
    for include in CFlowABI CSRTP CDTMF CTables CStages; do flags+=" -I$shims/$include/include"; done
    "$CLANG" -std=gnu17 -O1 -g -march=x86-64-v3 -fno-strict-aliasing -fuse-ld=lld $flags \
        "$here/${1}_fuzz.c" "${files[@]}" -lIPSec_MB -lcrypto -lm -o "$out/${1}_$2"
}

# A module of its own that others stand on.
build_module() { # flags, name
    swiftc -O -parse-as-library $1 -module-name "$2" $swift_features -I "$modules" \
        -emit-module -emit-module-path "$modules/$2.swiftmodule" \
        -wmo -c "$root/Sources/$2"/*.swift -o "$modules/$2.o"
}

# The entry, in one module with the sources that it tests, behind modules of their own.
build_swift() ( # name, kind, module, entry, "modules before it", sources
    local flags before objects=() modules="$out/modules-$2" link=""
    local swift_features="-swift-version 6 -enable-upcoming-feature InternalImportsByDefault
        -enable-upcoming-feature MemberImportVisibility -enable-experimental-feature Lifetimes"
    case $2 in
    fuzz) flags="-sanitize=address" link="-sanitize=fuzzer,address" ;;
    coverage) flags="" link="-sanitize=fuzzer -profile-generate -profile-coverage-mapping" ;;
    cost)
        flags="-D COST -wmo"
        "$CLANG" -O1 -c "$here/cost.c" -o "$out/cost.o" || return 1
        objects+=("$out/cost.o")
        ;;
    esac
    mkdir -p "$modules"
    for before in $5; do
        build_module "$flags" "$before" || return 1
        objects+=("$modules/$before.o")
    done
    # With -g the compiler leaves a module behind, where it is run.
    cd "$modules" || return 1
    swiftc -O -g -parse-as-library -use-ld=lld $flags $link -I "$modules" -module-name "$3" \
        $swift_features "${@:6}" "$here/$4" "${objects[@]}" -o "$out/${1}_$2"
)

build() { # name, kind
    local kind=${2:-fuzz} digest
    mkdir -p "$out"
    digest=$(cd "$root" && find $(fuzz_sources "$1") "$here/build.sh" "$here/cost.c" -type f \
        -print0 | sort -z | xargs -0 sha256sum | sed "s# $root/# #" | sha256sum)
    [ -x "$out/${1}_$kind" ] && [ "$digest" = "$(cat "$out/$1.$kind.sources" 2>/dev/null)" ] &&
        return 0
    echo "building ${1}_$kind"
    local message=("$root"/Sources/SIPMessage/*.swift)
    case $1 in
    rtp | stun | command | event | digits | srtp) build_c "$1" "$kind" ;;
    sip)
        build_swift sip "$kind" SIPMessage SIPMessageFuzz.swift NetworkAddress \
            "$here/SIPValueFuzz.swift" "${message[@]}"
        ;;
    uri) build_swift uri "$kind" SIPMessage URIFuzz.swift NetworkAddress "${message[@]}" ;;
    multipart)
        build_swift multipart "$kind" SIPMessage MultipartFuzz.swift NetworkAddress \
            "${message[@]}"
        ;;
    sdp)
        build_swift sdp "$kind" SDP SDPFuzz.swift "NetworkAddress Sharing" \
            "$here/SDPValueFuzz.swift" "$root"/Sources/SDP/*.swift
        ;;
    dns)
        build_swift dns "$kind" DNSMessage DNSMessageFuzz.swift NetworkAddress \
            "$root"/Sources/SIPLocation/D*.swift
        ;;
    rules)
        build_swift rules "$kind" Manipulation ManipulationFuzz.swift \
            "NetworkAddress SIPMessage" "$root"/Sources/Manipulation/*.swift
        ;;
    *) false ;;
    esac || return 1
    printf '%s\n' "$digest" >"$out/$1.$kind.sources"
}
