#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Tests of the benchmark kit itself: no root, no DPDK, no clock.
# The last line is `N passed, N failed, N skipped`.
set -uo pipefail
exec python3 "$(dirname "$0")/../packet/run" "$(cd "$(dirname "$0")" && pwd)" "$@"
