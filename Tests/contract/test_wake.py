# SPDX-License-Identifier: Apache-2.0
"""A worker without flows sleeps, a command wakes it, and a bell that lies does no harm."""

import ctypes
import os
import struct
import unittest

from fastpath import FastPath, wait

REALM = ("name=a,attach=memif,interface={folder}/a.sock,address=198.18.1.1,"
         "ports=20000-20511,gateway-mac=02:00:00:00:00:09")

SYS_SCHED_GETATTR = 315  # x86-64
ATTRIBUTES = struct.Struct("IIQiIQQQ")


def slice_ns(task):
    """What a thread asked for, or got without asking; zero where the kernel does not say."""
    text = ctypes.create_string_buffer(ATTRIBUTES.size)
    if ctypes.CDLL(None).syscall(SYS_SCHED_GETATTR, task, text, ATTRIBUTES.size, 0) != 0:
        return 0
    return ATTRIBUTES.unpack(text.raw)[5]


class Wake(unittest.TestCase):
    def setUp(self):
        self.box = FastPath([REALM])

    def tearDown(self):
        self.assertEqual(self.box.stop(), 0)

    def counter(self, name):
        words = self.box.poke("counters").split()
        return int(words[words.index(name) + 1]) if name in words else 0

    def test_a_command_ends_the_sleep(self):
        def woken():
            self.box.poke("ping", "ping")
            return self.counter("wakes") > 0
        wait(lambda: "no command woke the worker", woken)

    def test_without_a_control_plane_it_sleeps(self):
        before = self.counter("sleeps")
        wait(lambda: "it does not sleep", lambda: self.counter("sleeps") > before + 20)
        self.assertEqual(self.counter("wakes"), 0)

    def test_it_asks_for_short_slices(self):
        """So that it need not wait for the end of another thread's. Linux since 6.12."""
        tasks = f"/proc/{self.box.process.pid}/task"
        slices = {}
        for task in os.listdir(tasks):
            with open(f"{tasks}/{task}/comm", encoding="ascii") as name:
                slices[name.read().strip()] = slice_ns(int(task))
        own = slice_ns(0)
        if own == 0:
            self.skipTest("this kernel has no slices to ask for")
        self.assertEqual(slices["worker-0"], 100_000)

    def test_a_bell_that_nobody_rang_is_not_waited_for(self):
        """A control plane that changes the bell all the time keeps the worker awake, no more."""
        holder = self.box.hold()
        path = self.box.path("control.shm")
        with open(path, "rb") as file:
            header = file.read(176)
        channels, = struct.unpack_from("<Q", header, 160)
        descriptor = os.open(path, os.O_WRONLY)
        try:
            for number in range(2000):
                os.pwrite(descriptor, struct.pack("<I", number), channels + 4)
        finally:
            os.close(descriptor)
            self.box.kill(holder)
        self.box.poke("ping", "call", 0, 0, 20000, "198.18.1.2/6000", 0, 20002, "198.18.1.3/6000")
        self.assertIn("identity exact", self.box.poke("counters"))
