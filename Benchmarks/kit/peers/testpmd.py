# SPDX-License-Identifier: Apache-2.0
"""dpdk-testpmd with macswap: DPDK's own forwarder, which looks at nothing but two addresses. What
it reaches through a port is the practical limit of that port."""

import os
import shutil

from children import BenchError

PATIENCE_S = 20
MEMIF_MAC = "02:54:4c:00:00:99"


class Testpmd:
    """A testpmd that waits behind a memif socket. Bursts, ring and buffer numbers are the
    product's."""

    def __init__(self, bench, socket):
        program = shutil.which("dpdk-testpmd")
        if program is None:
            raise BenchError("dpdk-testpmd is not installed (package dpdk-dev)")
        core = bench.relay_core
        memory = ["--in-memory"] if bench.huge_pages else ["--no-huge", "--no-shconf"]
        self.socket = socket
        self.child = bench.children.start(
            "testpmd", program, "--lcores", f"0@{core},1@{core}", "--no-pci", "--no-telemetry",
            *memory, "-m", "256", "--vdev",
            f"net_memif0,role=server,id=0,socket={socket},socket-abstract=no,mac={MEMIF_MAC}",
            "--", "--auto-start", "--nb-cores=1", "--forward-mode=macswap", "--no-flush-rx",
            "--burst=32", "--rxd=1024", "--txd=1024", "--total-num-mbufs=16384",
            "--no-mlockall", "--disable-link-check", cores=[core], open_input=True)
        self.child.until(lambda: os.path.exists(socket), PATIENCE_S, "no memif socket")

    @property
    def pid(self):
        return self.child.pid

    def stop(self):
        self.child.stop()
        if os.path.exists(self.socket):
            os.unlink(self.socket)
