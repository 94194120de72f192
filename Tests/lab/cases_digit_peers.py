# SPDX-License-Identifier: Apache-2.0
"""Digits from and to clients that others wrote: SIPp on plain legs, linphonec with SRTP. At the
other side are parties of ours, which have the forms that no client has."""

import audioop
import os
import random
import signal
import subprocess
import time
import wave

import digit_parties
from digit_parties import FORMS, NAMES, Parties, address_of, look
from digit_media import Hearing
from harness import box, case, expect_empty
from lab import MEDIA_PORTS
from linphone import Linphone
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
    digit_parties.go_first(lab)
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


def write_silence(path, seconds):
    with wave.open(path, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(16000 * seconds))


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


LINPHONE_NAMES = "0123456789*#"  # it has no keys A to D
LINPHONE_DIGITS = 50
# It sleeps a second after each, and where the next one waits by then it does not look at its
# sockets: what it wants to send comes all at once at the end.
LINPHONE_EVERY_S = 1.3


def linphone_report(client, form, dialled):
    """As that of digit_party.py. It records the tones that it plays for who dials, too."""
    told, infos = client.digits_told(), client.digits_in_infos()
    if form == "info-relay":
        assert told == infos, f"{client.name} got {infos} in INFO and told of {told}"
        told = ""
    hearing = Hearing()
    with wave.open(client.heard(), "rb") as file:
        assert (file.getframerate(), file.getnchannels()) == (8000, 1)
        hearing.take(audioop.lin2alaw(file.readframes(file.getnframes()), 2))
    tones = hearing.digits()
    hearing.close()
    return {
        "who": "linphonec", "rfc4733": told, "tones": tones.removeprefix(dialled),
        "info-relay": infos, "info": "", "notify": "", "kpml": "", "digits": dialled, "faults": {},
        "own": {},
        "short": [], "refused": [], "lost": 0, "jumps": 0,
        # All three ends have one sequence number: the second and the third are replays.
        "cut": list(range(len(dialled)))}


def linphone(form, digits=LINPHONE_DIGITS):
    """linphonec with SRTP and one form against each of ours; it calls every second one, and is
    called by the others. It dials before it is dialled to: while its own INFO has no answer it
    refuses those that come."""
    rows = [(form, other, SDES, {}) for other in FORMS]
    generator = random.Random(FORMS.index(form) + 50)
    with box(start=False, discard=False) as lab:
        speech = prepare(lab, rows)
        silence = os.path.join(lab.folder, "silence.wav")
        write_silence(silence, 2)
        described = [digit_parties.party(
            lab, OURS, place, row[1], False, some_digits(generator, digits), speech,
            number_there(place) if place % 2 else None, ends=True)
            for place, row in enumerate(rows)]
        theirs = [Linphone(
            lab, THEIRS, f"linphone-{place}", silence, number_there(place), digits=form,
            address=address_of(lab, THEIRS, place), jitter=200) for place in range(len(rows))]
        dialled = [some_digits(generator, digits, LINPHONE_NAMES) for _ in rows]
        ours = Parties(lab, OURS, described, False)
        ours.tell("call")
        ours.finish("call", 60)
        for place in range(0, len(rows), 2):
            theirs[place].call(f"sip:{digit_parties.number_of(place)}@{lab.address(THEIRS, 'box')}")
        for word, seconds in (("wait", 30), ("subscribe", 60)):
            ours.tell(word)
            ours.finish(word, seconds)
        time.sleep(2)
        begin = time.monotonic()
        for number in range(digits):
            time.sleep(max(0, begin + number * LINPHONE_EVERY_S - time.monotonic()))
            for client, said in zip(theirs, dialled):
                client.command(said[number])
        time.sleep(SETTLE)
        ours.tell("dial", on_ms=ON_MS, off_ms=OFF_MS)
        ours.finish("dial", 60 + digits)
        time.sleep(SETTLE)
        found = ours.report()
        ours.tell("hang-up")
        ours.finish("hang-up", 60)
        ours.close()
        for client in theirs:
            client.close()
        expect_all(
            rows,
            [{**found[one["name"]], "digits": one["digits"], "who": "ours"} for one in described],
            [linphone_report(client, form, said) for client, said in zip(theirs, dialled)])
        expect_empty(lab)
        figures = lab.settled()
        assert figures["exact"], f"the accounting identity does not hold: {figures}"
        security = lab.ask("status")["security"]
        replays = figures["drops"]["srtp_replay"]
        expected = 2 * digits * len(rows) if form == "rfc4733" else 0
        assert replays == expected, f"{replays} replays, {expected} ends that were repeated"
        assert security["srtp_opened"] > 0 and security["srtp_sealed"] > 0, security
        print(f"  {len(rows)} calls, {2 * len(rows) * digits} digits, none lost, none doubled")


@case(long=True)
def digits_of_a_linphone_by_events():
    linphone("rfc4733")


@case()
def digits_of_a_linphone_by_info_relay():
    linphone("info-relay")


@case(long=True)
def digits_of_a_linphone_by_tones():
    linphone("tones")
