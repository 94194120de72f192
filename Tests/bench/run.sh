#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Tests of the load generator: its parts, with the address and undefined behaviour sanitizers and
# without, and then the program against a reflector and a relay (Tests/bench/live.py).
# The last line is `N passed, N failed, N skipped`.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
: "${CLANG:=$(dirname "$(readlink -f "$(command -v swift)")")/clang}"
out=${BUILD_DIR:-$root/.build/bench}
generator=$root/Benchmarks/Generator
program=$root/CShims/CProgram
flags="-std=gnu17 -D_GNU_SOURCE -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wvla
    -Wimplicit-fallthrough -Werror -march=x86-64-v3 -fno-strict-aliasing -g -I$generator
    -I$program/include -I$here"
parts="plan schedule histogram frame check junk"

build_and_run() { # variant, flags
    mkdir -p "$out"
    sources=$program/say.c
    for part in $parts; do sources="$sources $generator/$part.c"; done
    for test in "$here"/test_*.c; do
        name=$(basename "$test" .c)
        "$CLANG" $flags $2 -fuse-ld=lld "$test" $sources -lm -o "$out/$1-$name"
        printf '%s: ' "$1"
        if "$out/$1-$name" 2>"$out/$1-$name.said"; then
            passed=$((passed + 1))
        else
            cat "$out/$1-$name.said"
            failed=$((failed + 1))
        fi
    done
}

passed=0 failed=0 skipped=0
build_and_run sanitized "-O1 -fsanitize=address,undefined -fno-sanitize-recover=all"
build_and_run plain "-O2"
if live=$(python3 "$here/live.py"); then :; else failed=$((failed + 1)); fi
printf '%s\n' "$live"
set -- $(printf '%s\n' "$live" | tail -n 1 | tr -cd '0-9 ')
passed=$((passed + ${1:-0})) skipped=$((skipped + ${3:-0}))
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
