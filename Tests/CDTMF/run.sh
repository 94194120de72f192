#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds and runs the C tests of digits: plain, and with the address and undefined behaviour
# sanitizers. spandsp is the judge beside ours wherever tones are.
#   Tests/CDTMF/run.sh [NAME]     one test, as in test_<name>.c
#   Tests/CDTMF/run.sh table      what both find over the tolerance mask
#   Tests/CDTMF/run.sh speed [FLOWS [ROUNDS]]   what both take for a packet
# The last line is `N passed, N failed, N skipped`; skipped is test data that was not there.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
: "${CLANG:=$(dirname "$(readlink -f "$(command -v swift)")")/clang}"
: "${TRUNKLINE_TESTDATA:=$root/../shared/testdata}"
export TRUNKLINE_TESTDATA
out=${BUILD_DIR:-$root/.build/cdtmf}
shims=$root/CShims
flags="-std=gnu17 -D_GNU_SOURCE -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wvla
    -Wimplicit-fallthrough -Werror -march=x86-64-v3 -fno-strict-aliasing -g
    -I$shims/CFlowABI/include -I$shims/CDTMF/include -I$shims/CDTMF -I$here/../checks -I$here"

# Raw audio, 8,000 samples of 16 bits a second, under $out/audio: the recordings of the test data,
# and Debian's 568 files of speech, one behind the other, at seven speeds.
audio_make() {
    mkdir -p "$out/audio/digits" "$out/audio/speech"
    for file in "$TRUNKLINE_TESTDATA"/dtmf/*/*.wav "$TRUNKLINE_TESTDATA"/dtmf/*/*.ogg; do
        [ -e "$file" ] || continue
        raw=$out/audio/digits/$(basename "$(dirname "$file")")+$(basename "$file").raw
        [ -e "$raw" ] ||
            sox "$file" -t raw -e signed -b 16 -r 8000 "$raw" remix - 2>/dev/null ||
            rm -f "$raw"
    done
    sounds=/usr/share/asterisk/sounds/en_US_f_Allison
    [ -d "$sounds" ] || return 0
    for speed in 0.85 0.90 0.95 1.00 1.05 1.10 1.15; do
        raw=$out/audio/speech/$speed.raw
        [ -e "$raw" ] || {
            find "$sounds" -name '*.wav' | sort | tr '\n' '\0' | xargs -0 sh -c \
                'speed=$1 raw=$2; shift 2; sox "$@" -t raw -e signed -b 16 -r 8000 -c 1 "$raw" \
                    speed "$speed" rate 8000' sh "$speed" "$raw.new" 2>/dev/null &&
                mv "$raw.new" "$raw"
        } || rm -f "$raw.new"
    done
}

objects_build() { # variant, flags
    mkdir -p "$out/$1"
    objects=
    for source in "$shims"/CDTMF/*.c "$here"/../checks/checks.c "$here"/tones.c "$here"/judge.c; do
        object=$out/$1/$(basename "$(dirname "$source")")-$(basename "$source" .c).o
        "$CLANG" $flags -Wfunction-effects $2 -c "$source" -o "$object"
        objects="$objects $object"
    done
}

program_build() { # variant, flags, source
    "$CLANG" $flags $2 -fuse-ld=lld "$3" $objects -lspandsp -lm -o "$out/$1/$(basename "$3" .c)"
}

if [ "${1:-}" = speed ]; then
    objects_build plain -O2
    program_build plain -O2 "$here/speed.c"
    shift
    exec "$out/plain/speed" "$@"
fi

audio_make
if [ "${1:-}" = table ]; then
    objects_build plain -O2
    program_build plain -O2 "$here/table.c"
    exec "$out/plain/table" "$out/audio"
fi

wanted=${1:-*}
passed=0 failed=0 skipped=0
build_and_run() { # variant, flags
    objects_build "$1" "$2"
    for test in "$here"/test_${wanted}.c; do
        name=$(basename "$test" .c)
        program_build "$1" "$2" "$test"
        if "$out/$1/$name" "$out/audio" >"$out/$1/$name.log" 2>&1; then
            passed=$((passed + 1))
        else
            failed=$((failed + 1))
        fi
        sed "s/^/$1: /" "$out/$1/$name.log"
        without=$(sed -n 's/.*checks, \([0-9]*\) left out$/\1/p' "$out/$1/$name.log")
        skipped=$((skipped + ${without:-0}))
    done
}

build_and_run sanitized "-O1 -fsanitize=address,undefined -fno-sanitize-recover=all -DSANITIZED"
build_and_run plain "-O2"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
