# SPDX-License-Identifier: Apache-2.0
"""How long a start reads the store of tenants and numbers. Of this, the most goes into writing the
store's file, once: it runs only by its name."""

import os
import tempfile

from profiles.tenancy import NUMBERS
from result import LOWER, OURS

TITLE = "a start that reads the tables of tenants from a store's file"
SECONDS = (135, 11)
BY_NAME = True
PATIENCE_S = 600
ROWS = {"tenancy.start_s": ("s", LOWER)}


def run(bench):
    numbers = bench.pick(*NUMBERS)
    bench.say(f"{numbers:,} numbers in a store's file")
    with tempfile.TemporaryDirectory(prefix="trunkline-tenancy-") as folder:
        child = bench.children.start(
            "trunkline-tenancy", bench.program("trunkline-tenancy"), "--store",
            os.path.join(folder, "provisioning.db"), "--numbers", numbers, cores=bench.cores,
            pipes=True)
        found = child.report(PATIENCE_S)
        child.end()
    bench.record("start with tenants", {"report": found})
    lost = f"{OURS}{found['refused']:,} were refused" if found["refused"] else None
    bench.row("tenancy.start_s", found["start_s"], void=lost,
              conditions=f"from a store's file of {found['file_bytes'] / 1e6:.0f} MB, just written, "
              f"to tables of {found['numbers']:,} numbers of {found['accounts']:,} accounts; run "
              f"time {found['start_run_s']:.1f} s; writing the file took {found['fill_s']:.0f} s")
