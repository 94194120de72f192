#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds and runs the C tests of CTables and CStages: plain, and with the address and undefined
# behaviour sanitizers.
#   Tests/CStages/run.sh [NAME]                  one test, as in test_<name>.c
#   Tests/CStages/run.sh speed [FLOWS [ROUNDS]]  STUN answers a second: stun_speed.c
# The last line is `N passed, N failed, N skipped`; skipped is test data that was not there.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../checks/run.sh"
sources="$shims/CFlowABI/*.c $shims/CSRTP/*.c $shims/CDTMF/*.c $shims/CTables/*.c $shims/CStages/*.c
    $here/harness.c $here/frames.c"
includes="$shims/CFlowABI/include $shims/CSRTP/include $shims/CDTMF/include $shims/CTables/include
    $shims/CStages/include"
libraries="-lIPSec_MB -lcrypto -lm"

if [ "${1:-}" = speed ]; then
    shift
    objects_build plain -O2
    program_build plain -O2 "$here/stun_speed.c"
    exec "$out/plain/stun_speed" "$@"
fi
mkdir -p "$out"
STUN_CASES=$out/stun_cases.txt
export STUN_CASES
: >"$STUN_CASES"
if [ -f "$TRUNKLINE_TESTDATA/teams/stun-ice-lite.json" ]; then
    python3 "$here/stun_cases.py" "$TRUNKLINE_TESTDATA/teams/stun-ice-lite.json" >"$STUN_CASES"
fi
wanted=${1:-*}
tests_run sanitized "$sanitizers"
tests_run plain -O2
tests_end
