# SPDX-License-Identifier: Apache-2.0
"""digit_party.py from a case: parties in a namespace, each at an address of its own, and what
became of the digits that one dialled and another got."""

import ipaddress
import json
import os
import queue
import subprocess
import sys
import threading

from agents import HERE, peers_python

FORMS = ("rfc4733", "tones", "info-relay", "info", "notify", "kpml")
NAMES = "0123456789*#ABCD"
SUITES = ["AES_CM_128_HMAC_SHA1_80", "AEAD_AES_128_GCM"]
SIP_PORT, RTP_PORT = 5060, 20000
FIRST_HOST = 8  # above the side's own address
# A call is done in time or not at all: who else uses the machine gets what the calls leave.
NICE = -15


def address_of(lab, side, place):
    return str(ipaddress.ip_address(lab.address(side)) + FIRST_HOST + place)


def add_addresses(lab, side, count):
    """An address for each party: by it the box tells its trunk."""
    lab.inside(side, "ip", "-batch", "-", input="".join(
        f"address add {address_of(lab, side, place)}/24 dev to-box\n" for place in range(count)))


def trunk(lab, side, name, host, form, secure):
    """`secure`: more keys of the trunk."""
    return (f"  - name: {name}\n    listener: {side}-udp\n    realm: {side}\n"
            f"    peer: \"sip:{host}:{SIP_PORT};transport=udp\"\n    sources: [\"{host}\"]\n"
            f"    codecs: [PCMA, telephone-event]\n"
            f"    dtmf-send: {form}\n    dtmf-receive: [{form}]\n"
            + "".join(f"    {key}: {value}\n" for key, value in secure.items()))


def number_of(place):
    return f"+1{place:03}5550100"


def party(lab, side, place, form, secure, digits, speech, calls=None, **more):
    """What digit_party.py is told of one; `calls`: a number."""
    box = lab.address(side, "box")
    return {
        "name": f"{side}-{place}", "address": address_of(lab, side, place), "speech": speech,
        "sip_port": SIP_PORT, "rtp_port": RTP_PORT, "box": (box, SIP_PORT),
        "number": number_of(place), "form": form, "wants": form,
        "suites": SUITES if secure else [], "digits": digits,
        "calls": f"sip:{calls}@{box}:{SIP_PORT}" if calls else None, **more}


def go_first(lab):
    """The box before others on the machine, as the parties."""
    for process in (lab.fastpath, lab.control):
        for thread in os.listdir(f"/proc/{process.pid()}/task"):
            os.setpriority(os.PRIO_PROCESS, int(thread), NICE)


class Parties:
    """digit_party.py at one side."""

    def __init__(self, lab, side, described, secure):
        path = os.path.join(lab.folder, f"{side}-parties.json")
        with open(path, "w") as file:
            json.dump(described, file)
        self.side, self.lines, self.troubles = side, queue.Queue(), []
        self.log = open(os.path.join(lab.folder, f"{side}-parties.log"), "wb")
        python = peers_python() if secure else sys.executable
        self.process = lab.spawn(
            side, "nice", "-n", str(NICE), python, "-W", "ignore", "-u",
            os.path.join(HERE, "digit_party.py"), path,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log)
        threading.Thread(target=self._read, daemon=True).start()
        self._expect("ready", 30)

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(json.loads(line))

    def _expect(self, kind, seconds):
        while True:
            try:
                event = self.lines.get(timeout=seconds)
            except queue.Empty:
                with open(self.log.name, errors="replace") as file:
                    raise AssertionError(f"{self.side}: no {kind}: {file.read()[-800:]}")
            if event["event"] == kind:
                return event
            if event["event"] == "error":
                raise AssertionError(f"{self.side}: {event}")
            if event["event"] == "trouble":
                self.troubles.append(event)

    def tell(self, word, **more):
        self.process.stdin.write(json.dumps({"do": word, **more}).encode() + b"\n")
        self.process.stdin.flush()

    def finish(self, what, seconds):
        self._expect("done", seconds)
        assert not self.troubles, f"{self.side}, {what}: {self.troubles[:4]}"

    def report(self):
        self.tell("report")
        event = self._expect("report", 120)
        # Of the clock of its program, in seconds: the most, and what it let go.
        self.late, self.stood = event["late"], event["stood"]
        self.finish("report", 10)
        return event["parties"]

    def close(self):
        self.tell("quit")
        self.process.wait(20)
        self.log.close()


def look(sent, got, form, wanted):
    """What one party got of what the other dialled; a sentence for each fault. `sent`, `got`: their
    reports, `sent` with its "digits". What the sender itself lost, or let another packet overtake,
    leaves its gap, and events that the box only relayed have no more ends than came."""
    faults = []
    digits = sent["digits"]
    if got[wanted] != digits:
        faults.append(f"{len(digits)} dialled, {len(got[wanted])} came, {got['lost']} packets were "
                      f"lost, the time line jumped {got['jumps']} times"
                      f"{where_it_differs(digits, got[wanted])}")
    for other in FORMS:
        if other != wanted and got[other]:
            faults.append(f"{len(got[other])} more came as {other}: {got[other][:20]}")
    for kind, (count, first) in got["faults"].items():
        if count > sent["own"].get(kind, 0):
            faults.append(f"{count} faults of the stream ({kind}): {first}")
    is_relayed = form == wanted == "rfc4733"
    short = set(got["short"]) - set(sent["cut"] if is_relayed else ())
    if short:
        faults.append(f"{len(short)} events without three end packets: {sorted(short)[:5]}")
    if got["refused"]:
        faults.append(f"{len(got['refused'])} requests were refused: {got['refused'][:3]}")
    return faults


def where_it_differs(digits, got):
    place = next((place for place, (one, other) in enumerate(zip(digits, got)) if one != other),
                 min(len(digits), len(got)))
    about = slice(max(0, place - 4), place + 6)
    return f"; place {place} has {digits[about]} {got[about]} about it"
