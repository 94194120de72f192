# SPDX-License-Identifier: Apache-2.0
"""Floods: no call that is up is harmed, and new calls of the trunks complete."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time

from cases_tls import SIDE, figures, openssl, tls_box
from floods import Bystanders, Flood, request
from harness import Skipped, box, case
from wires import read_capture

STRANGERS, STRANGER_COUNT = "198.18.64.1", 65_000
SHORT, LONG = 6, 60


@contextlib.contextmanager
def flooded_box(unknown="drop", transport="udp", **config):
    # Calls that are held for a minute say nothing.
    with box(start=False, discard=False, transport=transport, timeout_seconds=90,
             **config) as lab:
        with open(lab.config, "a") as file:
            file.write(f"limits: {{ unknown-sources: {unknown} }}\n")
        lab.start()
        yield lab


def strangers_texts(lab):
    own, there = STRANGERS, lab.address("carrier", "box")
    body = "v=0\r\no=- 1 1 IN IP4 198.18.64.1\r\ns=-\r\nc=IN IP4 198.18.64.1\r\nt=0 0\r\n" \
        "m=audio 6000 RTP/AVP 8\r\n"
    return [request("INVITE", own, there, extra="Content-Type: application/sdp\r\n", body=body),
            request("OPTIONS", own, there), request("REGISTER", own, there), b"\0junk########"]


def expect_offered(offered, rate, seconds):
    """A short run on a busy machine offers less; it is shown."""
    least = rate * (0.9 if seconds == LONG else 0.3)
    assert offered["sent"] >= least * seconds, f"the flood was no flood: {offered}"


def flooded_by_strangers(unknown, seconds, rate=100_000):
    with flooded_box(unknown) as lab:
        calls = Bystanders(lab, seconds)
        flood = Flood(lab, "carrier", strangers_texts(lab), rate, seconds, STRANGERS,
                      STRANGER_COUNT)
        calls.call()
        offered = flood.result()
        kernel, product = calls.account(offered)
        calls.expect_unharmed()
        expect_offered(offered, rate, seconds)
        return kernel, product


@case()
def flood_of_strangers_that_are_dropped():
    flooded_by_strangers("drop", SHORT)


@case()
def flood_of_strangers_that_are_answered():
    flooded_by_strangers("refuse", SHORT)


@case(long=True)
def long_flood_of_strangers_that_are_dropped():
    flooded_by_strangers("drop", LONG)


@case(long=True)
def long_flood_of_strangers_that_are_answered():
    flooded_by_strangers("refuse", LONG)


def flooded_from_a_trunk(texts, seconds, rate=10_000):
    """With the address and the port of the carrier itself."""
    with flooded_box() as lab:
        calls = Bystanders(lab, seconds, prepare=texts)
        own = lab.address("carrier")
        flood = Flood(lab, "carrier", calls.prepared, rate, seconds, own, port=5090)
        calls.call()
        offered = flood.result()
        kernel, product = calls.account(offered)
        calls.expect_unharmed()
        expect_offered(offered, rate, seconds)
        return kernel, product


def malformed(lab):
    good = request("INVITE", lab.address("carrier"), lab.address("carrier", "box"))
    return [good.replace(b"CSeq: 1", b"CSeq: x"), good.replace(b"SIP/2.0", b"SIP/9.0"),
            good.replace(b"Call-ID", b"Caller"), good.replace(b"Content-Length: 0", b"l: 99999"),
            good.replace(b"\r\n", b"\n").replace(b"sip:", b"sip\xff\xfe:"),
            b"\x16\x03\x01" + b"\xff" * 400, good[:90], b"SIP/2.0 200 OK\r\n" + good]


def replayed(lab):
    """What the carrier said in a call of its own, heard on the wire, again and again."""
    trace = os.path.join(lab.folder, "replay.pcap")
    sniffer = lab.spawn("carrier", "tcpdump", "--immediate-mode", "-U", "-i", "to-box", "-w", trace, "-Q", "out",
                        "udp", "dst", "port", "5060", stderr=subprocess.DEVNULL)
    time.sleep(0.7)
    calling = lab.sipp("carrier", "call-silent.xml", target=lab.address("carrier", "box"),
                       seconds=0.2, port=5099, media_port=48_000)
    assert calling.wait(15) == 0, calling.errors()[:500]
    time.sleep(0.3)
    os.killpg(sniffer.pid, signal.SIGINT)
    sniffer.wait(10)
    texts = [frame[42:] for _, frame in read_capture(trace) if b":5099" in frame]
    assert {text.split()[0] for text in texts} == {b"INVITE", b"ACK", b"BYE"}, texts
    return texts


@case()
def flood_of_malformed_messages_from_a_trunk():
    flooded_from_a_trunk(malformed, SHORT)


@case()
def flood_of_replayed_messages_from_a_trunk():
    flooded_from_a_trunk(replayed, SHORT)


@case(long=True)
def long_flood_of_malformed_messages_from_a_trunk():
    flooded_from_a_trunk(malformed, LONG)


@case(long=True)
def long_flood_of_replayed_messages_from_a_trunk():
    flooded_from_a_trunk(replayed, LONG)


# Handshakes --------------------------------------------------------------------------------------

HANDSHAKES, SILENT = 500, 1000
OWN_SOURCES = [f"198.18.1.{last}" for last in range(100, 120)]  # of the carrier's trunk
OTHER_SOURCES = [f"198.18.1.{last}" for last in range(150, 170)]  # of nobody


GENERATORS = 3  # processes


class TLSFlood:
    """Connections of TLS: silent ones from the start, handshakes from `begin` on."""

    def __init__(self, lab, sources, seconds, certificate=None):
        for source in sources:
            lab.inside(SIDE, "ip", "addr", "add", f"{source}/24", "dev", "to-box")
        program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tls_flooder.py")
        self.processes = [lab.spawn(
            SIDE, "prlimit", "--nofile=8192", sys.executable, program, json.dumps({
                "target": [lab.address(SIDE, "box"), 5061], "sources": sources[n::GENERATORS],
                "certificate": certificate, "silent": len(range(n, SILENT, GENERATORS)),
                "rate": HANDSHAKES / GENERATORS, "seconds": seconds}),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE) for n in range(GENERATORS)]
        self.silent = self._sum()

    def _sum(self):
        told = [json.loads(process.stdout.readline()) for process in self.processes]
        return {name: sum(one[name] for one in told) for name in told[0]}

    def begin(self):
        for process in self.processes:
            process.stdin.write(b"\n")
            process.stdin.flush()

    def result(self):
        figures = self._sum()
        figures["seconds"] = round(figures["seconds"] / GENERATORS, 2)
        return dict(figures, standing=self.silent)


def make_quick_certificates(folder):
    """Keys on P-256, as a busy edge has them; the authority stays."""
    for name in ("box", "phone"):
        openssl(folder, "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                "-CAcreateserial", "-days", "60", "-extfile", f"{name}.ext", "-out", f"{name}.pem")
    with open(os.path.join(folder, "phone-both.pem"), "w") as both:
        for part in ("pem", "key"):
            with open(os.path.join(folder, f"phone.{part}")) as file:
                both.write(file.read())


@contextlib.contextmanager
def handshake_box():
    """The carrier's calls come over TLS, from several addresses; a second trunk of it speaks UDP
    and has the call whose media is looked at."""
    if not shutil.which("socat"):
        raise Skipped("socat is not installed (Debian)")
    with tls_box(timeout_seconds=90) as lab:
        own = lab.address(SIDE)
        with open(lab.config) as file:
            text = file.read()
        sources = f"    sources: [\"{own}\"]\n"
        text = text.replace(sources, "    sources: [" + ", ".join(
            f"\"{one}\"" for one in [own, *OWN_SOURCES]) + "]\n", 1)
        text = text.replace("routes:\n", (
            f"  - name: plain\n    listener: carrier-udp\n    realm: {SIDE}\n"
            f"    peer: \"sip:{own}:5060\"\n{sources}routes:\n"))
        text = text.replace("prefix: \"+44\", to: carrier ", "prefix: \"+44\", to: plain ")
        with open(lab.config, "w") as file:
            file.write(text + "limits: { unknown-sources: drop }\n")
        make_quick_certificates(lab.folder)
        lab.control.kill(signal.SIGHUP)
        time.sleep(0.5)
        assert not lab.ask("status")["conditions"], lab.ask("status")["conditions"]
        yield lab


def flooded_by_handshakes(sources, seconds):
    """The new calls are SIPp's, carried on by socat over TLS connections of their own."""
    with handshake_box() as lab:
        own = lab.address(SIDE)
        tunnel = lab.spawn(
            SIDE, "socat", f"TCP-LISTEN:5060,bind={own},fork,reuseaddr",
            f"OPENSSL:{lab.address(SIDE, 'box')}:5061,bind={own},verify=0,"
            f"cert={lab.folder}/phone.pem,key={lab.folder}/phone.key",
            stderr=subprocess.DEVNULL)
        time.sleep(0.3)
        calls = Bystanders(lab, seconds, transport="t1", via=own)
        flood = TLSFlood(lab, sources, seconds, certificate=f"{lab.folder}/phone-both.pem")
        flood.begin()
        calls.call()
        offered = flood.result()
        calls.account(offered)
        calls.expect_unharmed()
        assert tunnel.poll() is None
        # A short run on a busy machine offers less; both figures are shown.
        least = HANDSHAKES * (0.8 if seconds == LONG else 0.2)
        assert offered["begun"] >= least * seconds, offered
        return offered, figures(lab)


@case()
def flood_of_handshakes_of_strangers():
    """Nobody's address: refused before OpenSSL hears of it."""
    offered, tls = flooded_by_handshakes(OTHER_SOURCES, SHORT)
    assert offered["done"] == 0, offered
    assert tls["handshakes"] <= 4, tls


@case()
def flood_of_handshakes_from_a_trunk():
    offered, tls = flooded_by_handshakes(OWN_SOURCES, SHORT)
    assert offered["standing"]["silent"] + offered["standing"]["refused"] == SILENT, offered
    assert offered["done"] + offered["refused"] + offered["failed"] == offered["begun"], offered
    assert tls["displaced"] > 0, tls


@case(long=True)
def long_flood_of_handshakes_of_strangers():
    flooded_by_handshakes(OTHER_SOURCES, LONG)


@case(long=True)
def long_flood_of_handshakes_from_a_trunk():
    flooded_by_handshakes(OWN_SOURCES, LONG)
