# SPDX-License-Identifier: Apache-2.0
"""Workers' tables and the shared file lie in huge pages, on any tmpfs, and hold nothing foreign."""

import os
import subprocess
import sys
import unittest

from fastpath import FastPath

REALM = ("name=a,attach=memif,interface={folder}/a.sock,address=198.18.1.1,"
         "ports=20000-20511,gateway-mac=02:00:00:00:00:09")


def can_collapse():
    """Whether MADV_COLLAPSE is known, and shared memory not barred from huge pages."""
    version = tuple(int(part) for part in os.uname().release.split(".")[:2])
    try:
        with open("/sys/kernel/mm/transparent_hugepage/shmem_enabled", encoding="ascii") as file:
            return version >= (6, 1) and "[deny]" not in file.read()
    except FileNotFoundError:
        return False


@unittest.skipUnless(can_collapse(), "this kernel cannot be asked for huge pages")
class Memory(unittest.TestCase):
    def setUp(self):
        self.box = FastPath([REALM], options=["--flows-per-worker", "65536"])

    def tearDown(self):
        self.assertEqual(self.box.stop(), 0)

    def huge_kilobytes(self, name, figure):
        with open(f"/proc/{self.box.process.pid}/smaps", encoding="utf-8") as file:
            parts = file.read().split("VmFlags:")
        return sum(int(line.split()[1]) for part in parts if name in part
                   for line in part.splitlines() if line.startswith(figure))

    def test_records_and_tables(self):
        # 65,536 records of 192 bytes are 12 MiB, of which the file's first page may be small.
        self.assertGreaterEqual(self.huge_kilobytes("fastpath.shm", "ShmemPmdMapped:"), 10 << 10)
        self.assertGreaterEqual(self.huge_kilobytes("", "AnonHugePages:"), 14 << 10)
        self.assertIn("records in huge pages", self.box.log())
        self.assertIn("memory node", self.box.log())
        # A file that is kept is in them already, and says what it held.
        self.box.poke("call", 0, 0, 20000, "198.18.1.2/6000", 0, 20002, "198.18.1.3/6000")
        self.box.process.kill()
        self.box.process.wait()
        self.box.start()
        self.assertGreaterEqual(self.huge_kilobytes("fastpath.shm", "ShmemPmdMapped:"), 10 << 10)
        self.assertIn("state 2", self.box.poke("record", 20000, 0))


class FreshFile(unittest.TestCase):
    @unittest.skipUnless(os.geteuid() == 0, "mounts a tmpfs (needs root)")
    @unittest.skipUnless(can_collapse(), "this kernel cannot be asked for huge pages")
    def test_records_hold_nothing_of_other_processes(self):
        program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fresh_file.py")
        for huge in ("always", "within_size"):
            run = subprocess.run(["unshare", "--mount", "--propagation", "private",
                                  sys.executable, program, huge, "4", "262144"],
                                 capture_output=True, timeout=300, check=False)
            said = run.stdout.decode() + run.stderr.decode()
            self.assertEqual(run.returncode, 0, said)
            self.assertEqual(said.count(" 0 not zero"), 4, said)
            self.assertEqual(said.count("50331648 bytes"), 4, said)
