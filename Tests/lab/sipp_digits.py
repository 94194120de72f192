# SPDX-License-Identifier: Apache-2.0
"""SIPp as a party of digits: it plays a capture of telephone-events or of tones, or sends INFO by
its scenario. What it got is read from its trace of messages and off the wire."""

import os
import re

from digit_media import PACKET, QUIET, PlainDigits, event_frames, tone_frames
from digit_parties import SIP_PORT, address_of
from wires import read_capture, rtp, write_rtp_capture

MEDIA_PORT = 10000
BEFORE_S = 8  # from the answer to the first digit: subscriptions are made meanwhile
AFTER_S = 20  # of silence behind the last one
INFO_EVERY_MS = 260  # the box makes 160 ms of a digit without a length, and 80 ms between them
ALLOW = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO"

SDP = """
      Content-Type: application/sdp
      Content-Length: [len]

      v=0
      o=- 1 1 IN IP[local_ip_type] [local_ip]
      s=-
      c=IN IP[media_ip_type] [media_ip]
      t=0 0
      m=audio [media_port] RTP/AVP {types}
      a=rtpmap:8 PCMA/8000
"""
EVENTS = """      a=rtpmap:101 telephone-event/8000
      a=fmtp:101 0-15
"""
CALL = """  <send retrans="500"><![CDATA[
      INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
      Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
      From: <sip:{number}@[local_ip]:[local_port]>;tag=[pid]c[call_number]
      To: <sip:[service]@[remote_ip]:[remote_port]>
      Call-ID: [call_id]
      CSeq: 1 INVITE
      Contact: <sip:{number}@[local_ip]:[local_port]>
      Max-Forwards: 70
      Allow: {allow}{sdp}
  ]]></send>
  <recv response="100" optional="true"></recv>
  <recv response="180" optional="true"></recv>
  <recv response="183" optional="true"></recv>
  <recv response="200" rrs="true">
    <action>
      <ereg regexp=".*" search_in="hdr" header="To:" check_it="true" assign_to="remote"/>
    </action>
  </recv>
  <send><![CDATA[
      ACK [next_url] SIP/2.0
      Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
      [routes]
      From: <sip:{number}@[local_ip]:[local_port]>;tag=[pid]c[call_number]
      To:[$remote]
      Call-ID: [call_id]
      CSeq: 1 ACK
      Max-Forwards: 70
      Content-Length: 0

  ]]></send>
  <nop><action>
    <assignstr assign_to="local"
      value=" &lt;sip:{number}@[local_ip]:[local_port]&gt;;tag=[pid]c[call_number]"/>
  </action></nop>
"""
ANSWER = """  <recv request="INVITE" rrs="true">
    <action>
      <ereg regexp=".*" search_in="hdr" header="From:" check_it="true" assign_to="remote"/>
      <ereg regexp=".*" search_in="hdr" header="To:" check_it="true" assign_to="called"/>
    </action>
  </recv>
  <nop><action>
    <assignstr assign_to="local" value="[$called];tag=[pid]s[call_number]"/>
  </action></nop>
  <send retrans="500"><![CDATA[
      SIP/2.0 200 OK
      [last_Via:]
      [last_From:]
      [last_To:];tag=[pid]s[call_number]
      [last_Call-ID:]
      [last_CSeq:]
      [last_Record-Route:]
      Contact: <sip:{number}@[local_ip]:[local_port]>
      Allow: {allow}{sdp}
  ]]></send>
  <recv request="ACK"></recv>
"""
PLAY = """  <nop><action><exec play_pcap_audio="[pcap]"/></action></nop>
  <pause milliseconds="{before}"/>
"""
INFO = """  <send retrans="500"><![CDATA[
      INFO [next_url] SIP/2.0
      Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
      [routes]
      From:[$local]
      To:[$remote]
      Call-ID: [call_id]
      CSeq: {sequence} INFO
      Contact: <sip:{number}@[local_ip]:[local_port]>
      Max-Forwards: 70
      Content-Type: {kind}
      Content-Length: [len]

{body}  ]]></send>
  <recv response="200"></recv>
  <pause milliseconds="{every}"/>
"""
END = """  <recv request="BYE"></recv>
  <send><![CDATA[
      SIP/2.0 200 OK
      [last_Via:]
      [last_From:]
      [last_To:]
      [last_Call-ID:]
      [last_CSeq:]
      Content-Length: 0

  ]]></send>
  <timewait milliseconds="500"/>
  <Reference variables="local,remote{more}"/>
"""


def frames_of(form, digits, on_ms, off_ms):
    """What is played: silence about the digits, or only silence where they go in messages."""
    def quiet(seconds):
        return [QUIET] * (seconds * 50)
    frames = {"rfc4733": event_frames, "tones": tone_frames}.get(form)
    if frames:
        return quiet(BEFORE_S) + list(frames(digits, on_ms, off_ms)) + quiet(AFTER_S)
    return quiet(BEFORE_S + len(digits) * INFO_EVERY_MS // 1000 + AFTER_S)


def packets_of(frames):
    start = 0
    for number, (kind, payload, marker, place, _) in enumerate(frames):
        now = number * PACKET
        start = now if place == 1 else start
        yield rtp(number, start if place else now, 0x5ecd0001, payload, kind, marker)


class Taken(PlainDigits):
    """What somebody else took off the wire for it."""

    def __init__(self):
        self.prepare(True)

    def take_rtcp(self, packet, _):
        pass

    def take_all(self):
        pass


class SippDigits:
    """A call of its own at an address of its own. `calls`: a number; else it is called."""

    def __init__(self, lab, side, place, form, digits, number, calls=None, on_ms=100, off_ms=100):
        self.name = f"{side}-{place}"
        self.address, self.digits, self.form = address_of(lab, side, place), digits, form
        self.number = number
        self.folder = os.path.join(lab.folder, f"sipp-digits-{place}")
        os.mkdir(self.folder)
        capture, scenario, self.messages = (
            os.path.join(self.folder, name) for name in ("said.pcap", "digits.xml", "messages"))
        write_rtp_capture(capture, packets_of(frames_of(form, digits, on_ms, off_ms)))
        with open(scenario, "w") as file:
            file.write(self._scenario(bool(calls)))
        self.sipp = lab.sipp(
            side, scenario, target=lab.address(side, "box") if calls else None,
            number=calls or "", pcap=capture, port=SIP_PORT, media_port=MEDIA_PORT,
            extra=("-i", self.address, "-mi", self.address, "-trace_msg", "-message_file",
                   self.messages))

    def _scenario(self, calls):
        has_events = self.form == "rfc4733"
        sdp = SDP.format(types="8 101" if has_events else "8") + (EVENTS if has_events else "")
        parts = (CALL if calls else ANSWER).format(
            number=self.number, allow=ALLOW, sdp=sdp) + PLAY.format(before=BEFORE_S * 1000)
        if self.form in ("info-relay", "info"):
            for place, digit in enumerate(self.digits):
                kind, body = ("application/dtmf", f"      {digit}\n")
                if self.form == "info-relay":
                    kind, body = ("application/dtmf-relay",
                                  f"      Signal={digit}\n      Duration=100\n")
                parts += INFO.format(sequence=place + 2, number=self.number, kind=kind, body=body,
                                     every=INFO_EVERY_MS)
        parts += END.format(more="" if calls else ",called")
        return ('<?xml version="1.0" encoding="ISO-8859-1" ?>\n'
                f'<scenario name="digits">\n{parts}</scenario>\n')

    def report(self, packets):
        """As that of digit_party.py. `packets`: what came to it."""
        taken = Taken()
        for packet in packets:
            taken.take_rtp(packet, None)
        report = {**taken.heard_digits(), "refused": [], "info-relay": "", "info": "", "notify": "",
                  "kpml": "", "digits": self.digits}
        taken.hearing.close()
        with open(self.messages, errors="replace") as file:
            blocks = re.split(r"^-{20,}.*\n", file.read(), flags=re.MULTILINE)
        seen = set()
        for block in blocks:
            head, _, message = block.partition("\n\n")
            start = message.partition("\n")[0].strip()
            sequence = re.search(r"^CSeq:\s*(.+?)\s*$", message, re.MULTILINE)
            if "received" not in head or not sequence:
                continue
            if start.startswith("SIP/2.0 ") and sequence.group(1).endswith("INFO"):
                if not start.startswith("SIP/2.0 200"):
                    report["refused"].append(int(start.split()[1]))
            elif start.startswith(("INFO ", "NOTIFY ")) and sequence.group(1) not in seen:
                seen.add(sequence.group(1))
                self._count(start, message, report)
        return report

    @staticmethod
    def _count(start, message, report):
        head, _, body = message.replace("\r", "").partition("\n\n")
        kind = re.search(r"^Content-Type:\s*([^\s;]+)", head, re.MULTILINE)
        kind = kind.group(1).lower() if kind else ""
        if start.startswith("NOTIFY "):
            report["notify"] += "?"
        elif kind == "application/dtmf-relay":
            found = re.search(r"Signal\s*=\s*(\S)", body)
            report["info-relay"] += found.group(1) if found else "?"
        elif kind == "application/dtmf":
            report["info"] += body.strip()[:1] or "?"

    def close(self):
        """Ends with an error of its scenario if there was one."""
        status = self.sipp.wait(10)
        if status is None:
            self.sipp.stop()
        assert status == 0, f"{self.name} ended with {status}: {self.sipp.errors()[:800]}"


def media_by_address(capture):
    """{address: [packet]} of what came from the box's media ports."""
    found = {}
    for _, frame in read_capture(capture):
        offset = 14 + (frame[14] & 15) * 4
        packet = frame[offset + 8:offset + int.from_bytes(frame[offset + 4:offset + 6], "big")]
        if len(packet) >= 12:
            found.setdefault(".".join(str(part) for part in frame[30:34]), []).append(packet)
    return found
