#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Starts fast paths on a tmpfs whose files are allocated in huge pages, on a machine whose free
memory holds what another process left there, and looks at their records as they see them.

Run it as root in a mount namespace of its own: it mounts over /dev/shm.
Usage: fresh_file.py always|within_size TURNS FLOWS. Prints a line for each turn; exit 1 when a record was not zero."""

import os
import struct
import subprocess
import sys

from fastpath import FastPath

REALM = ("name=a,attach=memif,interface={folder}/a.sock,address=198.18.1.1,"
         "ports=20000-20511,gateway-mac=02:00:00:00:00:09")
RECORDS, LEFT_BEHIND = 224, 512 << 20
# Huge pages of its own, so that whole ones are free when it ends.
LEAVE = ("import mmap; m = mmap.mmap(-1, %d); m.madvise(mmap.MADV_HUGEPAGE); "
         "[m.write(b'\\xa5' * (1 << 20)) for _ in range(%d)]" % (LEFT_BEHIND, LEFT_BEHIND >> 20))


def records(box):
    """All records, through the fast path's own page tables: a read of the file would clear them."""
    with open(box.path("fastpath.shm"), "rb") as file:
        offset, stride, count = struct.unpack_from("<QII", file.read(512), RECORDS)
    with open(f"/proc/{box.process.pid}/maps", encoding="utf-8") as file:
        base = next(int(line.split("-")[0], 16) for line in file if "fastpath.shm" in line)
    with open(f"/proc/{box.process.pid}/mem", "rb", buffering=0) as memory:
        memory.seek(base + offset)
        data = bytearray()
        while len(data) < stride * count:
            data += memory.read(stride * count - len(data))
    return data


def main():
    huge, turns, flows = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"huge={huge},mode=1777", "tmpfs", "/dev/shm"],
                   check=True)
    faults = 0
    for turn in range(turns):
        subprocess.run([sys.executable, "-c", LEAVE], check=True)
        box = FastPath([REALM], options=["--flows-per-worker", flows])
        try:
            data = records(box)
            foreign = len(data) - data.count(0)
            exact = "identity exact" in box.poke("counters")
        finally:
            code = box.stop()
        faults += foreign != 0 or not exact or code != 0
        print(f"turn {turn}: {len(data)} bytes of records, {foreign} not zero, "
              f"identity {'exact' if exact else 'broken'}, exit {code}", flush=True)
    return 1 if faults else 0


if __name__ == "__main__":
    os.chdir("/")
    sys.exit(main())
