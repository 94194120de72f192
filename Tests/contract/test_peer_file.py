# SPDX-License-Identifier: Apache-2.0
"""The other side's file as nobody should write it: the fast path refuses it by name, or ends by
name, and serves the next control plane."""

import os
import random
import re
import struct
import time
import unittest

from fastpath import FastPath, wait

HEADER = 512
CURSOR_START, INCARNATION, CHANNELS, COMMANDS = 60, 64, 160, 176
PEER_FILE = 70
CONTRACT = os.path.join(
    os.path.dirname(__file__), "../../CShims/CFlowABI/include/CFlowABI.h")
REALMS = [
    "name=a,attach=memif,interface={folder}/a.sock,address=192.0.2.1,ports=20000-20511,"
    "gateway-mac=02:00:00:00:00:01",
]


class PeerFile(unittest.TestCase):
    def setUp(self):
        self.box = FastPath(REALMS)
        self.box.poke("ping")
        with open(self.box.path("control.shm"), "rb") as file:
            self.good = bytearray(file.read())
        # Its rings as they are at the start: else a cursor would be a fault of its own.
        for end in range(4):
            struct.pack_into("<I", self.good, self.channel() + 64 * end, self.cursor_start())
        self.incarnation = struct.unpack_from("<Q", self.good, INCARNATION)[0]
        self.offered = 0

    def tearDown(self):
        self.box.stop()

    def check_serves(self):
        """The box lives, and a control plane that does everything right finds it so."""
        self.assertTrue(self.box.is_alive(), self.box.log())
        self.assertIn("ok", self.box.poke("ping"))
        self.assertIn("identity exact", self.box.poke("counters"))

    def fresh(self, data):
        """The same with an incarnation that was not seen yet."""
        self.offered += 1
        data = bytearray(data)
        struct.pack_into("<Q", data, INCARNATION, (self.incarnation + self.offered) % (1 << 64))
        return data

    def offer(self, data):
        """Puts a file in place. The sentence with which it is refused, or "attached"."""
        said = len(self.box.log())
        wanted = struct.unpack_from("<Q", data, INCARNATION)[0]
        with open(self.box.path("control.new"), "wb") as file:
            file.write(data)
        os.rename(self.box.path("control.new"), self.box.path("control.shm"))

        def verdict():
            self.assertTrue(self.box.is_alive(), self.box.log())
            news = self.box.log()[said:]
            if "control.shm is not used: " in news:
                return news.split("control.shm is not used: ")[1].splitlines()[0]
            return "attached" if self.box.peer_incarnation() == wanted else None

        return wait(lambda: f"no verdict: {self.box.log()[said:]}", verdict)

    def test_versions(self):
        with open(CONTRACT) as file:
            version = int(re.search(r"#define TL_ABI_VERSION (\d+)u", file.read())[1])
        self.assertEqual(struct.unpack_from("<I", self.good, 8)[0], version)
        too_old = "the file is of a version too old for this program"
        too_new = "the file needs a newer program to read it"
        for written, oldest, expected in [
                (0, 0, too_old),
                (1, 1, too_old),  # other layouts
                (1, 2, too_old),
                (version - 2, 2, too_old),
                (version - 1, 2, "attached"),
                (version - 1, version - 1, "attached"),
                (version, version - 1, "attached"),
                (version, version, "attached"),
                (version + 1, version, "attached"),  # newer, and this one may read it
                (version + 1, version + 1, too_new),
                (version + 2, version + 1, too_new),
                (0xFFFFFFFF, 0xFFFFFFFF, too_new)]:
            data = self.fresh(self.good)
            struct.pack_into("<II", data, 8, written, oldest)
            self.assertEqual(self.offer(data), expected, (written, oldest))
            # A refusal is said once for each cause.
            self.assertEqual(self.offer(self.fresh(self.good)), "attached")
        self.check_serves()

    def test_every_byte_of_the_header(self):
        values = random.Random(1)
        refused = {}
        for place in range(HEADER):
            data = self.fresh(self.good)
            data[place] ^= values.randrange(1, 256)
            verdict = self.offer(data)
            if verdict != "attached":
                refused.setdefault(verdict, []).append(place)
                self.assertEqual(self.offer(self.fresh(self.good)), "attached")
        places = sorted(place for group in refused.values() for place in group)
        self.assertEqual(refused["the file is not one of this contract"], list(range(8)))
        # All of geometry and sections is checked; the line of liveness and what is reserved is not.
        self.assertTrue(set(range(128, 320)) <= set(places), refused)
        self.assertFalse(set(places) & (set(range(64, 128)) | set(range(320, HEADER))), refused)
        self.assertNotIn("is faulty", self.box.log())
        self.check_serves()

    def test_cut_short_before_it_is_mapped(self):
        for size in (0, 1, 511, 512, 4096, len(self.good) - 1):
            self.assertEqual(self.offer(self.fresh(self.good)), "attached")
            data = self.fresh(self.good)
            with open(self.box.path("control.new"), "wb") as file:
                file.write(data[:size])
            said = len(self.box.log())
            os.rename(self.box.path("control.new"), self.box.path("control.shm"))
            wait(lambda: f"{size} bytes: no verdict",
                 lambda: "shorter than its header or its sections say" in self.box.log()[said:])
        self.check_serves()

    def test_cut_short_while_it_is_mapped(self):
        for size in (0, 64, 4096):
            holder = self.box.hold()
            said = len(self.box.log())
            os.truncate(self.box.path("control.shm"), size)

            def verdict():
                news = self.box.log()[said:]
                return not self.box.is_alive() or "is not used" in news

            wait(lambda: "no verdict", verdict)
            self.box.kill(holder)
            news = self.box.log()[said:]
            if self.box.is_alive():  # housekeeping saw it before a worker looked
                self.assertIn("shorter than its header", news)
                continue
            self.assertEqual(self.box.process.returncode, PEER_FILE)
            self.assertIn("the shared file of control plane was cut short", news)
            self.box.start()
            self.check_serves()

    def test_own_file_cut_short(self):
        os.truncate(self.box.path("fastpath.shm"), 0)
        wait(lambda: "still there", lambda: not self.box.is_alive())
        self.assertEqual(self.box.process.returncode, PEER_FILE)
        self.assertIn("the shared file of this process was cut short", self.box.log())
        self.box.start()
        self.check_serves()

    def write_live(self, place, data):
        file = os.open(self.box.path("control.shm"), os.O_WRONLY)
        os.pwrite(file, data, place)
        os.close(file)

    def cursor_start(self):
        return struct.unpack_from("<I", self.good, CURSOR_START)[0]

    def channel(self):
        return struct.unpack_from("<Q", self.good, CHANNELS)[0]

    def test_live_cursors(self):
        names = ["command_cursor", "event_cursor", "packet_cursor", "inject_cursor"]
        for end, name in enumerate(names):
            holder = self.box.hold()
            said = len(self.box.log())
            self.write_live(self.channel() + 64 * end, struct.pack("<I", 0x12345678))
            wait(lambda: f"{name} was not noticed",
                 lambda: f"is faulty ({name}: " in self.box.log()[said:])
            self.box.kill(holder)
            self.check_serves()

    def test_live_header(self):
        holder = self.box.hold()
        for place in range(HEADER):
            self.write_live(place, bytes([self.good[place] ^ 0xFF]))
            time.sleep(0.003)
            self.assertTrue(self.box.is_alive(), place)
        self.box.kill(holder)
        self.check_serves()

    def test_garbage_for_commands(self):
        values = random.Random(2)
        holder = self.box.hold()
        offset, stride, _ = struct.unpack_from("<QII", self.good, COMMANDS)
        slots = struct.unpack_from("<I", self.good, 140)[0]
        before = struct.unpack_from("<I", self.read_live(self.channel(), 4))[0]
        garbage = bytearray(values.randbytes(stride * slots))
        for slot in range(slots):
            # Half of them with a size and an operation that exist, so that more is looked at.
            if slot % 2:
                struct.pack_into("<II", garbage, slot * stride, 256, 1 + slot % 5)
        self.write_live(offset, bytes(garbage))
        self.write_live(self.channel(), struct.pack("<I", before + slots & 0xFFFFFFFF))
        wait(lambda: "not answered", lambda: self.consumed() == before + slots & 0xFFFFFFFF)
        self.box.kill(holder)
        self.check_serves()
        self.assertIn("commands_refused", self.box.poke("counters"))

    def read_live(self, place, count, name="control.shm"):
        with open(self.box.path(name), "rb") as file:
            file.seek(place)
            return file.read(count)

    def consumed(self):
        self.assertTrue(self.box.is_alive(), self.box.log())
        header = self.read_live(0, HEADER, "fastpath.shm")
        place = struct.unpack_from("<Q", header, CHANNELS)[0]
        return struct.unpack("<I", self.read_live(place, 4, "fastpath.shm"))[0]


class Restart(unittest.TestCase):
    def test_a_killed_one_leaves_a_socket_that_is_taken_away(self):
        box = FastPath(REALMS)
        try:
            for _ in range(3):
                box.process.kill()
                box.process.wait()
                self.assertTrue(os.path.exists(box.path("a.sock")))
                box.start()
                box.poke("ping")
        finally:
            self.assertEqual(box.stop(), 0)

    def test_a_live_socket_is_not_taken_away(self):
        box = FastPath(REALMS)
        other = None
        try:
            with self.assertRaises(AssertionError) as refused:
                other = FastPath([REALMS[0].replace("{folder}", box.folder)])
            self.assertIn("ended with 71", str(refused.exception))
            self.assertIn("hold no socket of another process", str(refused.exception))
            box.poke("ping")
        finally:
            if other is not None:
                other.stop()
            self.assertEqual(box.stop(), 0)
