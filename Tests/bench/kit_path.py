# SPDX-License-Identifier: Apache-2.0
"""Where the kit's modules are."""

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "Benchmarks/kit"), os.path.join(ROOT, "appliance/lab")]
