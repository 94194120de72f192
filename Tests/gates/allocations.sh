#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Counts what operations of the product allocate, and compares with Tests/gates/allocations.txt.
# `--accept` takes what was counted for the new thresholds.
# The last line is `N passed, N failed, N skipped`.
set -euo pipefail
cd "$(dirname "$0")/../.."
. appliance/lab/ground.sh
ground_swift
ground_build release
exec python3 Tests/gates/allocations.py "$PWD/.build/release/allocations" "$@"
