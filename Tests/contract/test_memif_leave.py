# SPDX-License-Identifier: Apache-2.0
"""A memif peer leaves while the worker is in the driver, again and again."""

import socket
import unittest

from fastpath import FastPath, wait
from memif_peer import Peer

LEAVES = 50


class Leave(unittest.TestCase):
    def setUp(self):
        self.box = FastPath([
            "name=a,attach=memif,interface={folder}/a.sock,address=198.18.1.1,ports=20000-20511,"
            "gateway-mac=02:00:00:00:00:09"])
        self.path = self.box.path("a.sock")

    def tearDown(self):
        self.assertEqual(self.box.stop(), 0)

    def assert_serves(self):
        """Whoever comes next is received from."""
        before = self.box.received()
        peer = Peer(self.path)
        peer.fill(b"\xff" * 12)
        wait(lambda: f"nothing was received: {self.box.log()}",
             lambda: self.box.received() > before)
        peer.leave(politely=True)

    def test_with_traffic(self):
        # A burst of large frames keeps the worker in the driver for longer than the driver takes
        # to unmap what they lie in.
        for number in range(LEAVES):
            with self.subTest(number=number):
                peer = Peer(self.path)
                peer.fill(b"\xff" * 12)
                peer.leave(politely=number % 2 == 0)
        self.assert_serves()

    def test_before_the_greeting(self):
        for _ in range(LEAVES):
            visitor = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            visitor.connect(self.path)
            visitor.close()
        self.assert_serves()
