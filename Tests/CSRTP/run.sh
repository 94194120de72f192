#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds and runs the C tests of CSRTP: plain, and with the address and undefined behaviour
# sanitizers.
#   Tests/CSRTP/run.sh [NAME]             one test, as in test_<name>.c
#   Tests/CSRTP/run.sh differential N     N packets through CSRTP and libsrtp2, plain only
#   Tests/CSRTP/run.sh speed [KEYS [N]]   nanoseconds a packet: srtp_speed.c
# The last line is `N passed, N failed, N skipped`; skipped is test data that was not there.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../checks/run.sh"
sources="$shims/CFlowABI/*.c $shims/CDTMF/*.c $shims/CTables/*.c $shims/CSRTP/*.c $here/harness.c"
includes="$shims/CFlowABI/include $shims/CDTMF/include $shims/CTables/include $shims/CSRTP/include
    $shims/CSRTP"
libraries="-lIPSec_MB -lcrypto -lm -lsrtp2"
# libsrtp2 stands on NSS, which keeps what it allocates.
export LSAN_OPTIONS="suppressions=$here/leaks.txt:print_suppressions=0"

if [ "${1:-}" = speed ]; then
    shift
    objects_build plain -O2
    program_build plain -O2 "$here/srtp_speed.c"
    exec "$out/plain/srtp_speed" "$@"
fi
wanted=${1:-*}
[ $# = 0 ] || shift
[ $# -gt 0 ] || tests_run sanitized "$sanitizers"
tests_run plain -O2 "$@"
tests_end
