#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Calls between real clients through the real box: python3 Tests/lab/run.py [--long] [NAME ...]"""

import signal
import sys

import cases_calls  # noqa: F401  each import registers its cases
import cases_dialog  # noqa: F401
import cases_digit_peers  # noqa: F401
import cases_digits  # noqa: F401
import cases_dtls  # noqa: F401
import cases_failover  # noqa: F401
import cases_floods  # noqa: F401
import cases_headers  # noqa: F401
import cases_hub  # noqa: F401
import cases_mcp  # noqa: F401
import cases_media  # noqa: F401
import cases_one_port  # noqa: F401
import cases_peers  # noqa: F401
import cases_proxy  # noqa: F401
import cases_refusals  # noqa: F401
import cases_register  # noqa: F401
import cases_rekey  # noqa: F401
import cases_restart  # noqa: F401
import cases_scanners  # noqa: F401
import cases_sdes  # noqa: F401
import cases_rules  # noqa: F401
import cases_secure_restart  # noqa: F401
import cases_spray  # noqa: F401
import cases_tls  # noqa: F401
import cases_trace  # noqa: F401
import cases_transfer  # noqa: F401
from harness import CASES, run_cases

if __name__ == "__main__":
    # What was made is removed also when somebody ends the run.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGINT, lambda *_: sys.exit(130))
    words = sys.argv[1:]
    odd = [w for w in words if w.startswith("-") and w not in ("--list", "--long")]
    if odd:
        print(__doc__ + "\n--list names the cases; a NAME is any part of one.")
        sys.exit(0 if odd[0] in ("-h", "--help") else 2)
    if "--list" in words:
        print("\n".join(f"{name}{' (long)' if long else ''}" for name, _, long in CASES))
        sys.exit(0)
    sys.exit(run_cases([w for w in words if not w.startswith("--")], "--long" in words))
