# SPDX-License-Identifier: Apache-2.0
"""Secure flows of the product's programmer in the real fast path, which is killed: a packet index
is used once, and no key stays in the files."""

import os
import struct
import subprocess
import unittest

from fastpath import BINARIES, FastPath, WithControl, memif_pair, wait

CALLS = 5
KEY = bytes(range(0xe0, 0xf0))
FREE, LIVE, LEFT = 0, 1, 2


class Secure(WithControl):
    def setUp(self):
        self.box = FastPath(memif_pair("20480-21503"), options=self.options())

    @staticmethod
    def options():
        return []

    def start(self, *words):
        self.control = subprocess.Popen(
            [os.path.join(BINARIES, "contract-control"), "run", self.box.folder, str(CALLS),
             "secure=1", "polls=200000", *words],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def said(self):
        return self.control.stdout.readline().strip()

    def ask(self, line):
        self.control.stdin.write(line + "\n")
        self.control.stdin.flush()

    def records(self):
        """Offset, state, key set and next packet index of the secure flows' records."""
        with open(self.box.path("fastpath.shm"), "rb") as file:
            data = file.read()
        at, stride, count = struct.unpack_from("<QII", data, 224)
        found = []
        for place in range(at, at + count * stride, stride):
            state, key_id = struct.unpack_from("<IQ", data, place + 4)
            address_index = struct.unpack_from("<H", data, place + 36)[0]
            index = struct.unpack_from("<Q", data, place + 128)[0]
            if address_index == 1 and state != FREE:
                found.append((place, state, key_id, index))
        return found

    def kill(self):
        self.box.process.kill()
        self.box.process.wait()

    def key_is_in(self, name):
        with open(self.box.path(name), "rb") as file:
            return KEY in file.read()

    def test_keys_are_installed_and_gone_from_the_files(self):
        self.start()
        self.assertEqual(self.said(), f"installed {CALLS} 0")
        records = self.records()
        self.assertEqual(sorted(key for _, _, key, _ in records),
                         list(range(1000, 1000 + CALLS)))
        for _, state, _, index in records:
            self.assertEqual(state, LIVE)
            self.assertLess(index, 1 << 15)
        for name in ("control.shm", "fastpath.shm"):
            self.assertFalse(self.key_is_in(name), name)

    def test_indexes_go_on_after_a_kill(self):
        self.start()
        self.said()
        self.kill()
        left = {key: 0x30000 + key for _, _, key, _ in self.records()}
        self.assertEqual(len(left), CALLS)
        with open(self.box.path("fastpath.shm"), "r+b") as file:
            for place, _, key, _ in self.records():
                file.seek(place + 128)
                file.write(struct.pack("<Q", left[key]))
        self.ask("rematch")
        self.box.start()
        self.assertEqual(self.said(), f"reinstalled {CALLS}")
        after = self.records()
        self.assertTrue(all(state == LIVE for _, state, _, _ in after))
        self.assertEqual({key: index for _, _, key, index in after}, left)
        self.assertFalse(self.key_is_in("control.shm"))
        self.ask("spent")
        self.assertEqual(self.said(), "spent 0")

    def test_keys_are_not_used_without_the_records(self):
        self.start()
        self.said()
        self.kill()
        os.unlink(self.box.path("fastpath.shm"))
        self.ask("rematch")
        self.box.start()
        self.assertEqual(self.said(), f"reinstalled {CALLS}")
        after = self.records()
        self.assertEqual([(state, key) for _, state, key, _ in after], [(LIVE, 0)] * CALLS)
        self.ask("spent")
        self.assertEqual(self.said(), f"spent {CALLS}")

    def test_control_plane_is_killed(self):
        self.start()
        self.said()
        before = self.records()
        self.kill_control()
        self.start("restore=1")
        self.assertEqual(self.said(), f"installed {CALLS} 0")
        self.assertEqual(self.records(), before)
        self.ask("spent")
        self.assertEqual(self.said(), "spent 0")
        self.assertFalse(self.key_is_in("control.shm"))


class NoContexts(Secure):
    """Room for the keys of three legs."""

    @staticmethod
    def options():
        return ["--secure-flows", "3"]

    def test_keys_are_installed_and_gone_from_the_files(self):
        self.start()
        lines = [self.said() for _ in range(CALLS - 3)]
        self.assertEqual(lines, ["refused no_context"] * (CALLS - 3))
        # A leg without keys is taken down, not left in the clear.
        wait(lambda: f"{self.records()}", lambda: len(self.records()) == 3)
        self.assertTrue(all(key >= 1000 for _, _, key, _ in self.records()))

    test_indexes_go_on_after_a_kill = None
    test_keys_are_not_used_without_the_records = None
    test_control_plane_is_killed = None


if __name__ == "__main__":
    unittest.main()
