# SPDX-License-Identifier: Apache-2.0
"""What an operator can see of a call afterwards: ladder, capture file, copies to a collector."""

import base64
import os
import re
import shutil
import struct
import subprocess
import sys
import time

from harness import Skipped, box, case, expect_empty, wait_until

COLLECTOR_PORT = 5990  # below the ports that the peers drop as media
# Writes each datagram with its length in front.
COLLECTOR = f"""
import socket, struct, sys
inbox = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
inbox.bind((sys.argv[1], {COLLECTOR_PORT}))
with open(sys.argv[2], "ab", buffering=0) as file:
    while True:
        datagram = inbox.recv(65536)
        file.write(struct.pack("!I", len(datagram)) + datagram)
"""


def datagrams(path):
    with open(path, "rb") as file:
        data = file.read()
    while len(data) >= 4:
        length = struct.unpack("!I", data[:4])[0]
        yield data[4:4 + length]
        data = data[4 + length:]


def chunks(datagram):
    """A HEP3 datagram as its specification lays it out: {type: value}."""
    assert datagram[:4] == b"HEP3", datagram[:16]
    assert struct.unpack("!H", datagram[4:6])[0] == len(datagram)
    found, rest = {}, datagram[6:]
    while rest:
        vendor, kind, length = struct.unpack("!HHH", rest[:6])
        assert vendor == 0 and 6 <= length <= len(rest), rest[:6]
        found[kind] = rest[6:length]
        rest = rest[length:]
    return found


def text_of(lab, *words):
    """What a verb prints for people."""
    return lab.inside("box", os.path.join(lab.bin, "trunkline"), *words,
                      "--directory", lab.runtime, timeout=30).stdout


def call_once(lab, seconds=2):
    """A call whose messages are in the trace when it is over; its identifier."""
    answering = lab.sipp("service", "answer.xml")
    time.sleep(0.3)
    calling = lab.sipp("carrier", "call.xml", target=lab.address("carrier", "box"),
                       seconds=seconds, port=5070)
    call = wait_until("a call is up", 20, lambda: lab.ask("calls"))[0]["id"]
    assert calling.wait(seconds + 30) == 0, calling.errors()[:500]
    answering.stop()
    expect_empty(lab)
    return call


@case()
def what_happened_to_a_call():
    with box(start=False) as lab:
        collector = lab.address("service")
        with open(lab.config, "a") as file:
            file.write(f"trace: {{ memory-mb: 4, hep: \"{collector}:{COLLECTOR_PORT}\", "
                       "hep-capture-id: 77, mask-digits: 4 }\n")
        copies = os.path.join(lab.folder, "copies")
        open(copies, "w").close()
        lab.spawn("service", sys.executable, "-c", COLLECTOR, collector, copies)
        lab.start()
        time.sleep(0.5)
        call = call_once(lab)

        trace = lab.ask("trace", call)
        messages = [r for r in trace["records"] if "title" in r]
        events = [r["event"] for r in trace["records"] if "event" in r]
        assert trace["from"] == "carrier" and trace["to"] == "service", trace
        titles = [(r["side"], r["direction"], r["title"]) for r in messages]
        for wanted in [("a", "in", "INVITE"), ("b", "out", "INVITE"), ("a", "out", "200 OK"),
                       ("b", "out", "ACK"), ("a", "in", "BYE"), ("b", "in", "200 OK (BYE)")]:
            assert wanted in titles, (wanted, titles)
        assert {"media_installed", "media_ended", "call_ended"} <= set(events), events
        ended = [r["text"] for r in trace["records"] if r.get("event") == "media_ended"]
        assert len(ended) == 2 and all("packets in" in text for text in ended), ended

        ladder = text_of(lab, "call", call, "--ladder")
        bars = [line for line in ladder.splitlines() if line.endswith("|")]
        assert len(bars) >= len(messages) and len({len(line) for line in bars}) == 1, ladder
        assert "-- INVITE -" in ladder and "PCMA" in ladder, ladder
        assert "5550100" not in ladder and "+1555xxx" in ladder.replace("xxxx", "xxx"), ladder
        assert "Call-ID:" in text_of(lab, "call", call, "--messages")
        listed = lab.ask("trace", "--number", "5550100", "--last", "3")
        assert [row["id"] for row in listed] == [call], listed

        capture = os.path.join(lab.folder, "call.pcapng")
        text_of(lab, "call", call, "--pcapng", capture)
        if shutil.which("tshark"):
            read = subprocess.run(
                ["tshark", "-n", "-r", capture, "-T", "fields", "-e", "ip.src", "-e", "sip.Method",
                 "-e", "sip.Status-Code"], capture_output=True, text=True, timeout=60).stdout
            rows = read.splitlines()
            assert len(rows) == len(messages), read
            assert rows[0].split("\t")[:2] == [lab.address("carrier"), "INVITE"], read
        else:
            print("  there is no tshark: the capture file was not read by another program")

        found = [chunks(datagram) for datagram in datagrams(copies)]
        sip = [c for c in found if c[11] == b"\1"]
        own = [c for c in sip if c.get(17) == call.encode()]
        assert len(own) == len(messages), (len(own), len(messages), len(sip))
        assert all(c[12] == struct.pack("!I", 77) for c in found)
        assert any(c[11] == b"\x64" and b"media installed" in c[15] for c in found)
        assert not any(b"5550100" in c[15] for c in found), "a number was not masked"
        first = own[0]
        assert first[15].startswith(b"INVITE ") and first[2] == b"\x11", first
        assert struct.unpack("!H", first[8])[0] == 5060, first
        status = lab.ask("status")["trace"]
        assert status["hep_sent"] == len(found) and status["hep_dropped"] == 0, status


SECRETS = ("6629fae49393a05397450978507c4ef1", "asd88fgpdd777uzjYhagZg",
           "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz")
# Calls once with a digest, ICE and SDES; prints what it got. {0} its address, {1} the box's.
CALLER = """
import re, socket
own, box = "{0}", "{1}"
line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
line.bind((own, 5060)); line.connect((box, 5060)); line.settimeout(10)
sdp = "\\r\\n".join(["v=0", "o=- 1 1 IN IP4 " + own, "s=-", "c=IN IP4 " + own, "t=0 0",
    "m=audio 15000 RTP/SAVP 8", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{4}|2^31",
    "a=ice-ufrag:abcd", "a=ice-pwd:{3}", "a=candidate:1 1 UDP 2130706431 " + own
    + " 15000 typ host", ""])
def send(method, number, to, body=""):
    line.send("\\r\\n".join([method + " sip:+15550100@" + box + " SIP/2.0",
        "Via: SIP/2.0/UDP " + own + ":5060;branch=z9hG4bK" + method, "Max-Forwards: 70",
        "From: <sip:+445550199@" + own + ">;tag=1", to, "Call-ID: secret-call", "CSeq: "
        + number, "Contact: <sip:" + own + ":5060>", 'Proxy-Authorization: Digest username="u",'
        ' realm="r", nonce="n", uri="sip:x", response="{2}"']
        + (["Content-Type: application/sdp"] if body else [])
        + ["Content-Length: " + str(len(body)), "", body]).encode())
def get(start):
    while True:
        text = line.recv(65536).decode()
        if text.startswith(start):
            print(text)
            return text
send("INVITE", "1 INVITE", "To: <sip:+15550100@" + box + ">", sdp)
to = re.search("To:[^\\r]*", get("SIP/2.0 200"))[0]
send("ACK", "1 ACK", to)
send("BYE", "2 BYE", to)
get("SIP/2.0 200")
"""


@case()
def secrets_are_in_no_output():
    """Keys, ICE passwords and proofs of passwords of a real call, looked for in everything that
    the node says, writes and sends; then one call is unlocked, which is in the log."""
    secure = {"srtp": "required", "ice": "lite"}
    with box(start=False, trunks={"carrier": secure}) as lab:
        collector = lab.address("service")
        with open(lab.config, "a") as file:
            file.write(f"trace: {{ hep: \"{collector}:{COLLECTOR_PORT}\" }}\n")
        copies = os.path.join(lab.folder, "copies")
        open(copies, "w").close()
        lab.spawn("service", sys.executable, "-c", COLLECTOR, collector, copies)
        lab.start()
        answering = lab.sipp("service", "answer.xml")
        time.sleep(0.5)
        script = CALLER
        for index, value in enumerate((lab.address("carrier"), lab.address("carrier", "box"))
                                      + SECRETS):
            script = script.replace(f"{{{index}}}", value)
        heard = lab.inside("carrier", sys.executable, "-c", script, timeout=30).stdout
        answering.stop()
        expect_empty(lab)
        secrets = list(SECRETS) + re.findall(r"inline:([^|\s]+)", heard) \
            + re.findall(r"a=ice-pwd:(\S+)", heard)
        assert len(secrets) == 5, heard
        call = lab.ask("trace", "secret-call")["id"]
        capture = os.path.join(lab.folder, "call.pcapng")
        outputs = {" ".join(words): text_of(lab, *words).encode() for words in (
            ("status",), ("records", "--json"), ("drops",), ("doctor",), ("trace",),
            ("call", call, "--ladder"), ("call", call, "--messages"), ("trace", call, "--json"),
            ("call", call, "--pcapng", capture))}
        for name, path in (("pcapng", capture), ("hep", copies), ("log", lab.control.log_path),
                           ("fast path's log", lab.fastpath.log_path)):
            with open(path, "rb") as file:
                outputs[name] = file.read()
        assert b"INVITE" in outputs["pcapng"] and b"INVITE" in outputs["hep"], outputs.keys()
        for name, text in outputs.items():
            for secret in secrets:
                assert secret.encode() not in text, f"{secret} is in {name}"
            # In JSON messages are in base64.
        decoded = b"".join(base64.b64decode(r.get("message", ""))
                           for r in lab.ask("trace", call)["records"])
        assert b"inline:xxxx" in decoded and not any(s.encode() in decoded for s in secrets)

        refused = lab.inside("box", os.path.join(lab.bin, "trunkline"), "call", call, "--messages",
                             "--raw", "--directory", lab.runtime, check=False)
        assert refused.returncode == 1 and "unlock" in refused.stderr, refused
        text_of(lab, "trace", "unlock", call, "--minutes", "1", "--reason", "a test")
        raw = text_of(lab, "call", call, "--messages", "--raw")
        assert all(secret in raw for secret in secrets), raw
        log = lab.control.log()
        assert f"audit: user root unlocks the secrets of call {call} for 1 min: a test" in log, log
        assert f"audit: user root reads call {call} with its secrets" in log, log
        assert not any(secret in log for secret in secrets)


@case()
def copies_that_sngrep_reads():
    """Another program listens where the copies go, and finds the call in them."""
    if not shutil.which("sngrep") or not shutil.which("tshark"):
        raise Skipped("sngrep or tshark is not installed")
    with box(start=False) as lab:
        collector = lab.address("service")
        with open(lab.config, "a") as file:
            file.write(f"trace: {{ hep: \"{collector}:{COLLECTOR_PORT}\" }}\n")
        heard = os.path.join(lab.folder, "heard.pcap")
        sngrep = lab.spawn("service", "sngrep", "-N", "-L", f"udp:{collector}:{COLLECTOR_PORT}",
                           "-O", heard, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        lab.start()
        time.sleep(1)
        call = call_once(lab)
        messages = [r for r in lab.ask("trace", call)["records"] if "title" in r]
        time.sleep(1)
        sngrep.send_signal(2)
        sngrep.wait(10)
        read = subprocess.run(["tshark", "-n", "-r", heard, "-T", "fields", "-e", "sip.Method",
                               "-e", "sip.Status-Code"],
                              capture_output=True, text=True, timeout=60).stdout
        methods = [row.split("\t")[0] for row in read.splitlines()]
        sent = [r["method"] for r in messages if r["method"]]
        for method in ("INVITE", "ACK", "BYE"):
            assert methods.count(method) >= sent.count(method) > 0, (methods, sent)


@case()
def without_a_collector_nothing_waits():
    """A collector that is not there costs a count and nothing else."""
    with box(start=False) as lab:
        with open(lab.config, "a") as file:
            file.write(f"trace: {{ hep: \"{lab.address('service')}:9\" }}\n")
        lab.start()
        call_once(lab)
        status = lab.ask("status")["trace"]
        assert status["hep_sent"] + status["hep_dropped"] > 10, status


@case()
def a_call_goes_on_in_the_trace_after_a_restart():
    """What was kept is gone with the process; what follows finds its call again."""
    with box(start=False) as lab:
        lab.start()
        answering = lab.sipp("service", "answer.xml")
        time.sleep(0.3)
        calling = lab.sipp("carrier", "call.xml", target=lab.address("carrier", "box"),
                           seconds=7, port=5070)
        call = wait_until("the call stands", 20, lambda: [
            call for call in lab.ask("calls") if call["state"] == "established"])[0]["id"]
        before = lab.control.pid()
        lab.control.kill()
        wait_until("another process serves", 20, lambda: lab.control.pid() != before)
        lab.wait_ready()
        assert calling.wait(30) == 0, calling.errors()[:500]
        answering.stop()
        expect_empty(lab)
        trace = lab.ask("trace", call)
        titles = [(r["side"], r["direction"], r["title"]) for r in trace["records"]
                  if "title" in r]
        assert titles == [("a", "in", "BYE"), ("a", "out", "200 OK (BYE)"), ("b", "out", "BYE"),
                          ("b", "in", "200 OK (BYE)")], titles
        assert (trace["from"], trace["to"]) == ("carrier", "service"), trace
