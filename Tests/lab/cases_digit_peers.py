# SPDX-License-Identifier: Apache-2.0
"""Digits from and to clients that others wrote: SIPp on plain legs, linphonec with SRTP. At the
other side are parties of ours, which have the forms that no client has."""

import os
import random
import signal
import subprocess
import time

import digit_parties
from digit_parties import FORMS, NAMES, Parties, address_of, look
from harness import box, case, expect_empty
from lab import MEDIA_PORTS
from phones import make_speech
from secure import SDES
from sipp_digits import BEFORE_S, INFO_EVERY_MS, SippDigits, media_by_address

DIGITS = 100
ON_MS, OFF_MS = 100, 100
SETTLE = 6
THEIRS, OURS = "carrier", "service"


def number_there(place):
    return f"+44{place:03}5550100"


def configuration(lab, rows):
    """`rows`: (form of theirs, form of ours, more keys of their trunk, of ours) of each call."""
    text = lab.config_text().split("trunks:\n")[0] + "trunks:\n"
    routes = "routes:\n"
    for place, (theirs, ours, more_there, more_here) in enumerate(rows):
        for side, form, more in ((THEIRS, theirs, more_there), (OURS, ours, more_here)):
            text += digit_parties.trunk(
                lab, side, f"{side}-{place}", address_of(lab, side, place), form, more)
        routes += f"  - {{ prefix: \"+1{place:03}\", to: {OURS}-{place} }}\n"
        routes += f"  - {{ prefix: \"+44{place:03}\", to: {THEIRS}-{place} }}\n"
    return text + routes + "media:\n  timeout-seconds: 60\n"


def some_digits(generator, count, names=NAMES):
    return "".join(generator.choice(names) for _ in range(count))


def prepare(lab, rows):
    with open(lab.config, "w") as file:
        file.write(configuration(lab, rows))
    for side in (THEIRS, OURS):
        digit_parties.add_addresses(lab, side, len(rows))
    lab.start()
    speech = os.path.join(lab.folder, "speech.wav")
    make_speech(speech, 1, 0)
    return speech


class Sniffer:
    """What comes to a side from the box's media ports."""

    def __init__(self, lab, side):
        self.trace = os.path.join(lab.folder, f"{side}-media.pcap")
        low, high = MEDIA_PORTS
        self.process = lab.spawn(side, "tcpdump", "-U", "-i", "to-box", "-B", "16384", "-w",
                                 self.trace, "-Q", "in", "udp", "and", "src", "portrange",
                                 f"{low}-{high}", stderr=subprocess.DEVNULL)
        time.sleep(0.7)  # until it listens

    def packets(self):
        os.killpg(self.process.pid, signal.SIGINT)
        self.process.wait(10)
        return media_by_address(self.trace)


def expect_all(rows, ours, theirs):
    """Every digit of every call in the form that is wanted and in no other."""
    faults = []
    for place, row in enumerate(rows):
        for form, wanted, sent, got in ((row[0], row[1], theirs[place], ours[place]),
                                        (row[1], row[0], ours[place], theirs[place])):
            faults += [f"call {place}, {form} to {wanted}, from {sent['who']}: {fault}"
                       for fault in look(sent, got, form, wanted)]
    assert not faults, f"{len(faults)} faults:\n" + "\n".join(faults[:60])


def sipp(form, digits=DIGITS):
    """SIPp with one form against each of ours, plain and with SRTP; it calls, and is called."""
    rows, roles = [], []
    for it_calls in (True, False):
        for secure in ({}, SDES):
            for other in FORMS:
                rows.append((form, other, {}, secure))
                roles.append((it_calls, bool(secure)))
    generator = random.Random(FORMS.index(form))
    with box(start=False, discard=[THEIRS]) as lab:
        speech = prepare(lab, rows)
        sniffer = Sniffer(lab, THEIRS)
        described = [digit_parties.party(
            lab, OURS, place, rows[place][1], secure, some_digits(generator, digits), speech,
            None if it_calls else number_there(place), ends=True)
            for place, (it_calls, secure) in enumerate(roles)]
        ours = Parties(lab, OURS, described, True)
        clients = [SippDigits(
            lab, THEIRS, place, form, some_digits(generator, digits), number_there(place),
            digit_parties.number_of(place) if it_calls else None, ON_MS, OFF_MS)
            for place, (it_calls, _) in enumerate(roles)]
        time.sleep(1)
        ours.tell("call")
        ours.finish("call", 60)
        for word, seconds in (("wait", 30), ("subscribe", 60)):
            ours.tell(word)
            ours.finish(word, seconds)
        begin = time.monotonic()
        ours.tell("dial", on_ms=ON_MS, off_ms=OFF_MS)
        ours.finish("dial", 60 + digits)
        # What a request and its answer take comes to the pause between two of SIPp's.
        lasts = BEFORE_S + digits * (INFO_EVERY_MS + 20) / 1000 + SETTLE
        time.sleep(max(0, begin + lasts - time.monotonic()))
        found = ours.report()
        ours.tell("hang-up")
        ours.finish("hang-up", 60)
        ours.close()
        for client in clients:
            client.close()
        came = sniffer.packets()
        expect_all(
            rows,
            [{**found[one["name"]], "digits": one["digits"], "who": "ours"} for one in described],
            [{**client.report(came.get(client.address, [])), "who": "SIPp"} for client in clients])
        expect_empty(lab)
        figures = lab.settled()
        assert figures["exact"], f"the accounting identity does not hold: {figures}"
        print(f"  {len(rows)} calls, {2 * len(rows) * digits} digits, none lost, none doubled")


@case()
def digits_of_a_sipp_by_events():
    sipp("rfc4733")


@case()
def digits_of_a_sipp_by_tones():
    sipp("tones")


@case()
def digits_of_a_sipp_by_info_relay():
    sipp("info-relay")


@case()
def digits_of_a_sipp_by_info():
    sipp("info")
