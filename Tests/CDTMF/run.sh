#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds and runs the C tests of digits: plain, and with the address and undefined behaviour
# sanitizers. spandsp is the judge beside ours wherever tones are.
#   Tests/CDTMF/run.sh [NAME]     one test, as in test_<name>.c
#   Tests/CDTMF/run.sh table      what both find over the tolerance mask
#   Tests/CDTMF/run.sh speed [FLOWS [ROUNDS]]   what both take for a packet
# The last line is `N passed, N failed, N skipped`; skipped is test data that was not there.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../checks/run.sh"
sources="$shims/CDTMF/*.c $here/tones.c $here/judge.c"
includes="$shims/CFlowABI/include $shims/CDTMF/include $shims/CDTMF"
libraries="-lspandsp -lm"

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

if [ "${1:-}" = speed ]; then
    shift
    sources="$sources $shims/CFastPath/load_audio.c" includes="$includes $shims/CFastPath"
    objects_build plain -O2
    program_build plain -O2 "$here/speed.c"
    exec "$out/plain/speed" "$@"
fi

audio_make
if [ "${1:-}" = table ]; then
    objects_build plain -O2
    program_build plain -O2 "$here/table.c"
    exec "$out/plain/table" "$out/audio"
fi
wanted=${1:-*}
tests_run sanitized "$sanitizers -DSANITIZED" "$out/audio"
tests_run plain -O2 "$out/audio"
tests_end
