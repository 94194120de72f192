# SPDX-License-Identifier: Apache-2.0
# Sourced by the run.sh of a folder of C tests, which has set `here`, the folder. It may set more:
#   sources   files that every test is linked with, beside checks.c
#   includes  folders of headers, beside the folder itself
#   libraries for the linker
#   wanted    the test, as in test_<name>.c; all without it
# and calls objects_build, program_build and tests_run.
set -eu
root=$(cd "$here/../.." && pwd)
shims=$root/CShims
: "${CLANG:=$(dirname "$(readlink -f "$(command -v swift)")")/clang}"
: "${TRUNKLINE_TESTDATA:=$root/../shared/testdata}"
export TRUNKLINE_TESTDATA
out=${BUILD_DIR:-$root/.build/$(basename "$here" | tr 'A-Z' 'a-z')}
flags="-std=gnu17 -D_GNU_SOURCE -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wvla
    -Wimplicit-fallthrough -Werror -march=x86-64-v3 -fno-strict-aliasing -g
    -I$root/Tests/checks -I$here"
sources= includes= libraries= wanted=*
sanitizers="-O1 -fsanitize=address,undefined -fno-sanitize-recover=all"
passed=0 failed=0 skipped=0

objects_build() { # variant, flags
    mkdir -p "$out/$1"
    objects=
    for folder in $includes; do flags="$flags -I$folder"; done
    includes=
    for source in "$root/Tests/checks/checks.c" $sources; do
        object=$out/$1/$(basename "$(dirname "$source")")-$(basename "$source" .c).o
        "$CLANG" $flags -Wfunction-effects $2 -c "$source" -o "$object"
        objects="$objects $object"
    done
}

program_build() { # variant, flags, source
    "$CLANG" $flags $2 -fuse-ld=lld "$3" $objects $libraries -o "$out/$1/$(basename "$3" .c)"
}

# Builds the tests and runs them one by one.
tests_run() { # variant, flags, arguments of each test...
    variant=$1 more=$2
    shift 2
    objects_build "$variant" "$more"
    for test in "$here"/test_${wanted}.c; do
        name=$(basename "$test" .c)
        log=$out/$variant/$name.log
        program_build "$variant" "$more" "$test"
        if "$out/$variant/$name" "$@" >"$log" 2>&1; then
            passed=$((passed + 1))
        else
            failed=$((failed + 1))
        fi
        sed "s/^/$variant: /" "$log"
        without=$(sed -n 's/.*checks, \([0-9]*\) left out$/\1/p' "$log")
        skipped=$((skipped + ${without:-0}))
    done
}

# The last line, and the result.
tests_end() {
    echo "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" = 0 ]
}
