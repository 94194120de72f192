# SPDX-License-Identifier: Apache-2.0
"""Calls of SIPp and Kamailio's, how long messages stay, and TLS between them."""

import os
import socket
import subprocess
import sys
import tempfile
import unittest

import kit_path  # noqa: F401
import sip_capture
import sip_latency
import sipp
from children import crash_of
from peers import kamailio
from profiles import all_of, load, sip
from sip_box import config_text, make_certificates

KIT = os.path.dirname(os.path.abspath(sipp.__file__))
INVITE = (b"INVITE sip:+17@198.18.1.1 SIP/2.0\r\nTo: <sip:+17@198.18.1.1>\r\n"
          b"CSeq: 1 INVITE\r\n\r\nTo: <sip:+18@x>\r\n")
STATISTICS = ("TotalCallCreated;SuccessfulCall(C);FailedCall(C);CurrentCall;Retransmissions(C);"
              "CallRate(P)\n0;0;0;0;0;0\n900;0;0;900;0;900\n1900;0;0;1900;1;1000\n"
              "2900;500;2;2398;3;1000\n2900;2898;2;0;3;0\n")


class FakeLab:
    def address(self, side, who="peer"):
        return f"198.18.{1 if side == 'carrier' else 2}.{1 if who == 'box' else 2}"


def load_of(**changes):
    found = sipp.Load(calls=1000, rate=100, hold_s=4, successful=1000, offered=100)
    for name, value in changes.items():
        setattr(found, name, value)
    return found


class Parties(unittest.TestCase):
    def test_statistics(self):
        self.assertEqual(sipp.figures(STATISTICS), {
            "created": 2900, "successful": 2898, "failed": 2, "current": 0, "repeated": 3})
        self.assertEqual(sipp.offered(STATISTICS), 1000)

    def test_half_a_line_is_no_figure(self):
        for text in ("", "TotalCallCreated;SuccessfulCall(C)", STATISTICS + "12"):
            self.assertEqual(sum(sipp.figures(text).values()), 0, text)
        self.assertEqual(sipp.offered("CallRate(P)\nx\n"), 0)

    def test_what_spoils_a_load(self):
        self.assertEqual(sipp.fault(load_of()), (None, None))
        void, wrong = sipp.fault(load_of(successful=999))
        self.assertIsNone(void)
        self.assertIn("1 of 1,000 calls", wrong)
        self.assertIn("only 94", sipp.fault(load_of(offered=94))[0])
        for who in ("sipp_share", "forwarder_share"):
            self.assertIn("90 % of its core", sipp.fault(load_of(**{who: 0.9}))[0])

    def test_cpu_of_a_call(self):
        self.assertEqual(load_of(cpu_ns={"control": 5e8}).cpu_us("control"), 500)

    def test_failed_calls_are_no_crash_of_sipp(self):
        self.assertIsNone(crash_of("sipp", ["sipp"], 1, False, (sipp.SOME_FAILED,)))
        self.assertEqual(crash_of("sipp", ["sipp"], 97, False, (sipp.SOME_FAILED,))["how"],
                         "exit code 97")

    def test_scenarios_are_there(self):
        for name in ("sip-call.xml", "sip-answer.xml"):
            self.assertTrue(os.path.exists(os.path.join(KIT, "scenarios", name)))


class Stays(unittest.TestCase):
    NOTES = ["100 in to-carrier +17 INVITE", "150 out to-carrier +17 100/INVITE",
             "600 out to-service +17 INVITE", "650 out to-service +17 INVITE",
             "900 in to-service +17 200/INVITE", "1300 out to-carrier +17 200/INVITE",
             "1400 in to-carrier +17 INVITE", "2000 in to-carrier +18 INVITE"]

    def test_from_first_arrival_to_first_departure(self):
        found, left = sip_latency.stays(sip_latency.read(self.NOTES))
        self.assertEqual(found, [(100, 600, "INVITE"), (900, 1300, "200/INVITE")])
        self.assertEqual(left, 1)

    def test_gaps_are_left_out(self):
        found = [(100, 600, "INVITE"), (900, 1300, "BYE"), (2000, 2100, "BYE")]
        kept = sip_latency.outside(found, [(550, 560), (1310, 1999), (5000, 6000)])
        self.assertEqual(kept, found[1:])
        self.assertEqual(sip_latency.outside(found, [(0, 9000)]), [])
        self.assertEqual(sip_latency.outside(found, []), found)

    def test_percentiles(self):
        self.assertEqual(sip_latency.percentile(range(1, 101), 50), 50)
        self.assertEqual(sip_latency.percentile(range(1, 101), 99), 99)
        self.assertEqual(sip_latency.percentile([7], 99), 7)
        self.assertEqual(sip_latency.by_kind([(0, 2_000_000, "BYE")]), "BYE 2.00/2.00")

    def test_kinds(self):
        self.assertEqual(sip_capture.kind_of(INVITE), ("+17", "INVITE"))
        answer = INVITE.replace(INVITE.split(b"\r\n")[0], b"SIP/2.0 200 OK")
        self.assertEqual(sip_capture.kind_of(answer), ("+17", "200/INVITE"))
        for other in (b"", b"\r\n\r\n", b"INVITE sip:a SIP/2.0\r\nCSeq: 1 INVITE\r\n\r\n"):
            self.assertIsNone(sip_capture.kind_of(other))


class Boxes(unittest.TestCase):
    def test_our_configuration(self):
        plain = config_text(FakeLab(), "/run/x", 0, 100, False)
        self.assertIn("transport: udp, address: \"198.18.1.1:5060\"", plain)
        self.assertNotIn("trace:", plain)
        secure = config_text(FakeLab(), "/run/x", 0, 100, True, trace_mb=0, certificates="/c")
        self.assertIn("peer: \"sip:198.18.2.2:5061;transport=tls\"", secure)
        self.assertIn("trust: /c/ca.pem", secure)
        self.assertIn("memory-mb: 0", secure)

    def test_kamailios(self):
        text = kamailio.config_text({"carrier": "198.18.1.1", "service": "198.18.2.1"},
                                    "198.18.2.2")
        for word in ("dlg_manage", "record_route", "rtpengine_offer", "rtpengine_answer",
                     "rtpengine_delete", "listen=udp:198.18.2.1:5060", "sip:198.18.2.2:5060"):
            self.assertIn(word, text)

    def test_calls_are_held_as_long_as_descriptors_last(self):
        self.assertEqual(kamailio.calls_at_most(20000), 4875)
        self.assertEqual(sip.hold_for(20000, 800), 4)
        self.assertEqual(sip.hold_for(10 ** 6, 800), 32)
        self.assertEqual(sip.hold_for(1024, 800), 0)

    def test_it_is_measured_by_its_name(self):
        for quick in (False, True):
            self.assertNotIn("sip", all_of(quick))
        self.assertTrue(load("sip").BY_NAME)


class Forwarder(unittest.TestCase):
    """Two forwarders back to back, as the box would stand between them."""

    def start(self, folder, *words):
        child = subprocess.Popen(
            [sys.executable, os.path.join(KIT, "tls_forwarder.py"), folder, *words],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.addCleanup(child.stdout.close)
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        self.assertEqual(child.stdout.readline(), b"ready\n")

    def test_there_and_back(self):
        with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as end:
            make_certificates(folder)
            ports = []
            for _ in range(2):
                with socket.create_server(("127.0.0.1", 0)) as free:
                    ports.append(free.getsockname()[1])
            tls, plain = (f"127.0.0.1:{port}" for port in ports)
            self.start(folder, "accept", tls, f"127.0.0.1:{end.getsockname()[1]}")
            self.start(folder, "connect", plain, tls)
            with socket.create_connection(("127.0.0.1", ports[1]), 10) as near:
                near.settimeout(10)
                end.settimeout(10)
                far, _ = end.accept()
                with far:
                    far.settimeout(10)
                    self.pass_on(near, far, os.urandom(200_000))
                    self.pass_on(far, near, os.urandom(300_000))
                self.assertEqual(near.recv(1), b"")

    def pass_on(self, source, target, data):
        got = bytearray()
        sent = 0
        while len(got) < len(data):
            if sent < len(data):
                sent += source.send(data[sent:sent + 20_000])
            got += target.recv(65536)
        self.assertEqual(bytes(got), data)


if __name__ == "__main__":
    unittest.main()
