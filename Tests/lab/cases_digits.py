# SPDX-License-Identifier: Apache-2.0
"""Every form of digits to every other, in both directions at once: a call for each pair of forms, a
hundred digits each way, none lost, none doubled, and none in a form that nobody asked for."""

import json
import os
import queue
import random
import subprocess
import sys
import threading
import time

from agents import HERE, peers_python
from harness import box, case, expect_empty, wait_until
from lab import SIDES
from phones import make_speech
from secure import SDES

FORMS = ("rfc4733", "tones", "info-relay", "info", "notify", "kpml")
NAMES = "0123456789*#ABCD"
DIGITS, LONG_DIGITS = 100, 2800
ON_MS, OFF_MS = 100, 100
AT_ONCE = 18  # calls, with a listener of their own at either side
SIP_PORT, RTP_PORT, BOX_PORT = 7000, 20000, 7000
SUITES = ["AES_CM_128_HMAC_SHA1_80", "AEAD_AES_128_GCM"]


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
            side, python, "-W", "ignore", "-u", os.path.join(HERE, "digit_party.py"), path,
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
        found = self._expect("report", 120)["parties"]
        self.finish("report", 10)
        return found

    def close(self):
        self.tell("quit")
        self.process.wait(20)
        self.log.close()


def cells(forms):
    return [(first, second) for first in forms for second in forms]


def configuration(lab, pairs, secure):
    """A trunk on either side for each call, told apart by the box's port."""
    text = lab.config_text().split("listeners:\n")[0] + "listeners:\n"
    for side in SIDES:
        for place in range(len(pairs)):
            text += (f"  - {{ name: {side}-{place}, transport: udp, "
                     f"address: \"{lab.address(side, 'box')}:{BOX_PORT + place}\" }}\n")
    text += "trunks:\n"
    for side, which in zip(SIDES, (0, 1)):
        for place, pair in enumerate(pairs):
            host = lab.address(side)
            text += (f"  - name: {side}-{place}\n    listener: {side}-{place}\n"
                     f"    realm: {side}\n    peer: \"sip:{host}:{SIP_PORT + place};transport=udp\"\n"
                     f"    sources: [\"{host}\"]\n    codecs: [PCMA, telephone-event]\n"
                     f"    dtmf-send: {pair[which]}\n    dtmf-receive: [{pair[which]}]\n")
            for key, value in (SDES if secure else {}).items():
                text += f"    {key}: {value}\n"
    text += "routes:\n"
    for place in range(len(pairs)):
        text += f"  - {{ prefix: \"+1{place:03}\", to: service-{place} }}\n"
    return text + "media:\n  timeout-seconds: 60\n"


def describe(lab, side, pairs, secure, digits, speech, generator, hardships):
    which = SIDES.index(side)
    described = []
    for place, pair in enumerate(pairs):
        number = f"+1{place:03}5550100"
        described.append({
            "name": f"{side}-{place}", "address": lab.address(side), "speech": speech,
            "sip_port": SIP_PORT + place, "rtp_port": RTP_PORT + 2 * place,
            "box": (lab.address(side, "box"), BOX_PORT + place), "number": number,
            "form": pair[which], "wants": pair[which], "suites": SUITES if secure else [],
            "digits": "".join(generator.choice(NAMES) for _ in range(digits)),
            "calls": (f"sip:{number}@{lab.address(side, 'box')}:{BOX_PORT + place}"
                      if side == "carrier" else None), **hardships})
    return described


def look(pair, direction, sent, got, wanted, has_gaps):
    """What one party got of what the other dialled; a sentence for each fault. What was lost before
    it came leaves a gap."""
    faults = []
    if got[wanted] != sent:
        faults.append(f"{len(sent)} dialled, {len(got[wanted])} came: {sent[:20]} {got[wanted][:20]}")
    for form in FORMS:
        if form != wanted and got[form]:
            faults.append(f"{len(got[form])} more came as {form}: {got[form][:20]}")
    if got["error_count"] and not has_gaps:
        faults.append(f"{got['error_count']} faults of the stream: {got['errors'][:3]}")
    if got["refused"]:
        faults.append(f"{len(got['refused'])} requests were refused: {got['refused'][:3]}")
    return [f"{pair[0]} to {pair[1]}, {direction}: {fault}" for fault in faults]


def matrix(secure, forms=FORMS, digits=DIGITS, seed=1, **hardships):
    """All pairs of forms, as many at a time as a node has listeners for."""
    pairs = cells(forms)
    for first in range(0, len(pairs), AT_ONCE):
        calls(pairs[first:first + AT_ONCE], secure, digits, random.Random(seed + first), hardships)


def calls(pairs, secure, digits, generator, hardships):
    with box(start=False, discard=False) as lab:
        with open(lab.config, "w") as file:
            file.write(configuration(lab, pairs, secure))
        lab.start()
        speech = os.path.join(lab.folder, "speech.wav")
        make_speech(speech, 1, 0)
        described = {side: describe(lab, side, pairs, secure, digits, speech, generator, hardships)
                     for side in SIDES}
        parties = {side: Parties(lab, side, described[side], secure) for side in SIDES}
        parties["carrier"].tell("call")
        parties["carrier"].finish("call", 60)
        for word, seconds in (("wait", 30), ("subscribe", 60)):
            for side in SIDES:
                parties[side].tell(word)
            for side in SIDES:
                parties[side].finish(word, seconds)
        time.sleep(1)
        for side in SIDES:
            parties[side].tell("dial", on_ms=ON_MS, off_ms=OFF_MS)
        for side in SIDES:
            parties[side].finish("dial", 60 + digits)
        time.sleep(digits * (ON_MS + OFF_MS) / 1000 + 6)
        found = {side: parties[side].report() for side in SIDES}
        parties["carrier"].tell("hang-up")
        parties["carrier"].finish("hang-up", 60)
        for side in SIDES:
            parties[side].close()
        faults = []
        for place, pair in enumerate(pairs):
            for which, (here, there) in enumerate((SIDES, SIDES[::-1])):
                faults += look(pair, f"from the {here}", described[here][place]["digits"],
                               found[there][f"{there}-{place}"], pair[1 - which],
                               hardships and pair[which] == "rfc4733")
        assert not faults, f"{len(faults)} faults:\n" + "\n".join(faults[:60])
        expect_empty(lab)
        figures = lab.settled()
        assert figures["exact"], f"the accounting identity does not hold: {figures}"
        print(f"  {len(pairs)} calls, {2 * len(pairs) * digits} digits, none lost, none doubled")


@case()
def digits_of_every_form():
    matrix(secure=False)


@case()
def digits_of_every_form_on_secure_legs():
    matrix(secure=True)


@case()
def digits_by_events_that_are_lost_and_swapped():
    """One packet of fifty is lost, another overtaken; a digit has seven."""
    matrix(secure=False, forms=("rfc4733", "tones", "info"), losses=50, swaps=13)


@case(long=True)
def ten_thousand_digits_of_every_form():
    matrix(secure=False, digits=LONG_DIGITS)
    matrix(secure=True, digits=LONG_DIGITS, seed=2)
