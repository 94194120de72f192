# SPDX-License-Identifier: Apache-2.0
"""Shared memory with another process: testpmd carries a capture to the box and back."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

from fastpath import PATIENCE, ROOT, FastPath, cores, wait

sys.path.insert(0, os.path.join(ROOT, "Tests/packet"))
import wire  # noqa: E402

TESTPMD = shutil.which("dpdk-testpmd")
COUNT = 200
BOX_A, BOX_B = ("198.18.1.1", 20000), ("2001:db8:1::1", 20002)
A, B = ("198.18.1.2", 6000), ("2001:db8:1::2", 7000)
GATEWAY = "02:00:00:00:00:09"


def party(count, stream):
    packets = []
    for i in range(count):
        time = wire.START + i * 20_000_000
        packets.append((time, wire.datagram(A, BOX_A, wire.rtp(i, 160 * i, stream))))
        packets.append((time, wire.datagram(B, BOX_B, wire.rtp(i, 160 * i, stream + 1))))
    packets.append((wire.START, wire.datagram(("198.18.1.66", 6000), BOX_A, wire.rtp(1, 2))))
    return packets


@unittest.skipUnless(TESTPMD, "dpdk-testpmd is not installed (package dpdk-dev)")
class Memif(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="trunkline-memif-")
        self.figures = os.path.join(self.folder, "probe.json")
        self.box = FastPath([
            "name=a,attach=memif,interface={folder}/a.sock,address=198.18.1.1,"
            f"address=2001:db8:1::1,ports=20000-20511,gateway-mac={GATEWAY}"],
            options=["--probe", self.figures])
        self.peer = None

    def tearDown(self):
        if self.peer is not None:
            self.end_peer(kill=True)
        self.assertEqual(self.box.stop(), 0)
        shutil.rmtree(self.folder)

    def start_peer(self, packets):
        paths = [os.path.join(self.folder, name) for name in ("in.pcap", "out.pcap")]
        wire.write_capture(paths[0], packets)
        main, other = cores()
        with open(os.path.join(self.folder, "log"), "wb") as log:
            self.peer = subprocess.Popen(
                [TESTPMD, "--lcores", f"0@{main},1@{other}", "--no-huge", "-m", "128",
                 "--no-pci", "--no-shconf", "--file-prefix", f"trunkline-{os.getpid()}",
                 "--vdev", f"net_memif0,role=client,id=0,socket={self.box.path('a.sock')},"
                 "socket-abstract=no", "--vdev",
                 f"net_pcap0,rx_pcap={paths[0]},tx_pcap={paths[1]}", "--", "-i",
                 "--total-num-mbufs=4096", "--no-mlockall", "--forward-mode=io", "--no-flush-rx"],
                stdin=subprocess.PIPE, stdout=log, stderr=log)
        wait(lambda: f"memif did not connect: {self.peer_log()}", self.is_connected)
        return paths[1]

    def peer_log(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def is_connected(self):
        if self.peer.poll() is not None:
            raise AssertionError(f"testpmd ended: {self.peer_log()}")
        return "link 1" in self.box.poke("realms")

    def say(self, line):
        self.peer.stdin.write(line + b"\n")
        self.peer.stdin.flush()

    def end_peer(self, kill=False):
        if kill:
            self.peer.kill()
        else:
            self.say(b"stop")
            self.say(b"quit")
        try:
            self.peer.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.peer.kill()
            self.peer.wait()
        try:
            self.peer.stdin.close()
        except BrokenPipeError:
            pass
        self.peer = None

    def carry(self, stream, first):
        """One capture there and back; sequences begin at `first`."""
        packets = party(COUNT, stream)
        before = self.box.received()
        output = self.start_peer(packets)
        self.say(b"start")
        wait(lambda: f"not all arrived: {self.box.poke('counters')}",
             lambda: self.box.received() == before + len(packets))
        self.end_peer()
        sent = [wire.take_apart(*packet) for packet in wire.read_capture(output)]
        self.assertEqual(len(sent), 2 * COUNT)
        for source, party_address, ssrc in [(BOX_A, A, 0x1000), (BOX_B, B, 0x1001)]:
            one = [packet for packet in sent if packet.destination == party_address]
            self.assertEqual({packet.source for packet in one}, {source})
            self.assertEqual({packet.rtp.ssrc for packet in one}, {ssrc})
            self.assertEqual({packet.dscp for packet in one}, {46})
            self.assertEqual({packet.destination_mac.hex(":") for packet in one}, {GATEWAY})
            self.assertEqual([packet.rtp.sequence for packet in one],
                             list(range(first, first + COUNT)))

    def test_there_and_back(self):
        self.box.poke("call", 0, 0, BOX_A[1], f"{A[0]}/{A[1]}", 1, BOX_B[1], f"{B[0]}/{B[1]}")
        self.carry(0x100, 100)
        # The peer dies and comes back; streams go on where they were.
        self.start_peer(party(1, 0x200))
        self.end_peer(kill=True)
        self.assertTrue(self.box.is_alive())
        wait(lambda: "the peer's death was not seen",
             lambda: "link 0" in self.box.poke("realms"))
        self.carry(0x300, 100 + COUNT)
        counters = self.box.poke("counters")
        self.assertIn("drop:wrong_source 2 ", counters)
        self.assertIn("identity exact", counters)
        self.box.process.send_signal(signal.SIGUSR1)
        wait(lambda: "no figures of the probe", lambda: os.path.exists(self.figures))
        with open(self.figures, encoding="utf-8") as file:
            worker, = json.load(file)["workers"]
        self.assertEqual(worker["packets"], 4 * COUNT)
        stayed = worker["residence_us"]
        self.assertTrue(0 < stayed["p50"] <= stayed["p99_9"] <= stayed["max"], stayed)
        self.assertGreater(worker["computation_us"]["p50"], 0)
        self.assertGreater(worker["busy_share"], 0)
