# SPDX-License-Identifier: Apache-2.0
"""Every form of digits to every other, in both directions at once: a call for each pair of forms, a
hundred digits each way, none lost, none doubled, and none in a form that nobody asked for."""

import os
import random
import time

import digit_parties
from digit_parties import FORMS, NAMES, Parties
from harness import box, case, expect_empty
from lab import SIDES
from phones import make_speech
from secure import SDES

DIGITS = 100
# Three calls a pair of forms at once, which is 108: 10,200 digits a pair and direction.
LONG_CALLS, LONG_DIGITS = 3, 3400
ON_MS, OFF_MS = 100, 100
SETTLE = 10  # seconds: so long may digits wait that are one after the other made longer


def cells(forms):
    return [(first, second) for first in forms for second in forms]


def configuration(lab, pairs, secure):
    """A trunk on either side for each call, told apart by the address of its party."""
    text = lab.config_text().split("trunks:\n")[0] + "trunks:\n"
    for which, side in enumerate(SIDES):
        for place, pair in enumerate(pairs):
            text += digit_parties.trunk(
                lab, side, f"{side}-{place}", digit_parties.address_of(lab, side, place),
                pair[which], SDES if secure else {})
    text += "routes:\n"
    for place in range(len(pairs)):
        text += f"  - {{ prefix: \"+1{place:03}\", to: service-{place} }}\n"
    return text + "media:\n  timeout-seconds: 60\n"


def describe(lab, side, pairs, secure, digits, speech, generator, hardships):
    return [digit_parties.party(
        lab, side, place, pair[SIDES.index(side)], secure,
        "".join(generator.choice(NAMES) for _ in range(digits)), speech,
        digit_parties.number_of(place) if side == "carrier" else None, **hardships)
        for place, pair in enumerate(pairs)]


def matrix(secure, forms=FORMS, digits=DIGITS, seed=1, calls_each=1, **hardships):
    """All pairs of forms at once, `calls_each` of each."""
    pairs = cells(forms) * calls_each
    generator = random.Random(seed)
    with box(start=False, discard=False) as lab:
        with open(lab.config, "w") as file:
            file.write(configuration(lab, pairs, secure))
        for side in SIDES:
            digit_parties.add_addresses(lab, side, len(pairs))
        lab.start()
        digit_parties.go_first(lab)
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
        time.sleep(SETTLE)
        found = {side: parties[side].report() for side in SIDES}
        parties["carrier"].tell("hang-up")
        parties["carrier"].finish("hang-up", 60)
        for side in SIDES:
            parties[side].close()
        faults = []
        for place, pair in enumerate(pairs):
            for which, (here, there) in enumerate((SIDES, SIDES[::-1])):
                sent = {**found[here][f"{here}-{place}"],
                        "digits": described[here][place]["digits"]}
                faults += [f"{pair[0]} to {pair[1]}, from the {here}: {fault}"
                           for fault in digit_parties.look(
                               sent, found[there][f"{there}-{place}"], pair[which],
                               pair[1 - which])]
        assert not faults, f"{len(faults)} faults:\n" + "\n".join(faults[:60])
        expect_empty(lab)
        figures = lab.settled()
        assert figures["exact"], f"the accounting identity does not hold: {figures}"
        behind = ", ".join(f"{p.late * 1000:.0f} ms" for p in parties.values())
        stood = max(p.stood for p in parties.values())
        print(f"  {len(pairs)} calls, {2 * len(pairs) * digits} digits, none lost, none doubled; "
              f"the parties were at most {behind} late, and let {stood:.0f} s go")


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
def ten_thousand_digits_each_way():
    matrix(secure=False, digits=LONG_DIGITS, calls_each=LONG_CALLS)


@case(long=True)
def ten_thousand_digits_each_way_with_srtp():
    matrix(secure=True, digits=LONG_DIGITS, calls_each=LONG_CALLS, seed=2)
