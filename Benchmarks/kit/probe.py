# SPDX-License-Identifier: Apache-2.0
"""What the machine takes from a core on which nothing but a probe runs."""

import json


def machine_gaps(bench, seconds):
    """The report of `trunkline-bench probe` on the generator's core."""
    child = bench.children.start(
        "probe", bench.program("trunkline-bench"), "probe", "--seconds", seconds, "--core",
        bench.generator_core, cores=[bench.generator_core], pipes=True)
    report = json.loads(child.line(seconds + 20))
    child.end()
    bench.record("machine's gaps", {"report": report})
    return report
