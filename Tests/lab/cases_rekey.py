# SPDX-License-Identifier: Apache-2.0
"""The box itself asks a phone for new keys, by a re-INVITE: the fast path has lost its file, and with
it the count of what was sent under the old ones.

No packaged phone does that with DTLS. baresip 1.0 answers the re-INVITE with a=setup:actpass, which
no answer may have (RFC 5763 section 5), and an ICE restart with the credentials that it had (RFC 8839
section 4.4.1.1); linphone 5.1 answers the other role with no fingerprint at all, and takes an ICE
restart for what it is by RFC 8842 section 3.3: no reason for a handshake. aiortc answers with the
transports that it has; that our phone asks for new keys by itself is in cases_dtls.py. The box then
ends the call. Nor is baresip here with keys in SDP: it goes on opening with the old key ("failed to
decrypt RTP packet" from the re-INVITE on), where linphone and our own phone open with the new one.
"""

import os
import time

from agent_media import SUITES
from agents import Agent
from cases_restart import attached
from harness import case, expect_empty, wait_until
from linphone import Linphone
from secure import (NUMBERS, SDES, TALK, established, expect_share, hold_and_resume, packets_out,
                    secure_box, speech_files, uri)

# Of each direction after new keys; a stream has 125 packets in this time.
PACKETS_AGAIN = int(TALK * 50 * 0.8)
HEARD = 150  # blocks of 40 ms, by both to the end: less than half of them are of before new keys
# linphonec puts in and takes out frames at the ends of every pause; here are twice as many of them.
LINPHONE_SHARE = 0.85
NEVER = ("srtp_authentication", "srtp_index", "srtp_replay")


def lose_counts(lab):
    """The fast path ends and its file with it: nobody knows how far a key was used."""
    os.unlink(os.path.join(lab.runtime, "fastpath.shm"))
    lab.fastpath.kill()
    wait_until("both planes are back", 10, lambda: attached(lab))


def new_keys(lab, phone, plain, count):
    """New keys, and both parties hear each other under them."""
    lose_counts(lab)

    def has_new_keys():
        security = lab.ask("status")["security"]
        return security["rekeys"] == count and security["without_keys_yet"] == 0

    wait_until("the phone has given new keys", 10, has_new_keys)
    time.sleep(0.5)
    first, sent = plain.figures(), packets_out(lab)
    time.sleep(TALK)
    last, more = plain.figures(), [n - o for n, o in zip(packets_out(lab), sent)]
    assert last["packets"] >= first["packets"] + PACKETS_AGAIN, f"{phone.name} is not heard: {last}"
    assert min(more) >= PACKETS_AGAIN, f"one side gets no media under the new keys: {more}"
    dropped = lab.ask("drops")["drops"]
    allowed = getattr(phone, "odd_drops", ())
    bad = {k: v for k, v in dropped.items() if k in NEVER and v and k not in allowed}
    assert not bad, f"dropped under the new keys: {bad}"


def gives_new_keys(make, called=False, share=0.97):
    with secure_box(carrier=SDES) as lab:
        said = speech_files(lab)
        phone = make(lab, said["carrier"], NUMBERS["carrier"] if called else None)
        plain = Agent(lab, "service", "plain", "plain", said["service"],
                      None if called else NUMBERS["service"], rtp_port=31000)
        if called:
            plain.call(uri(lab, "service", NUMBERS["carrier"]))
        else:
            phone.call(uri(lab, "carrier", NUMBERS["service"]))
        established(lab)
        time.sleep(TALK)
        new_keys(lab, phone, plain, 1)
        hold_and_resume(lab, phone, [plain])
        new_keys(lab, phone, plain, 2)
        phone.hang_up()
        plain.wait_for("closed")
        plain.close()
        phone.close()
        expect_share(plain, said["carrier"], HEARD, share=share)
        expect_share(phone, said["service"], HEARD, share=share)
        expect_empty(lab)


def linphone(lab, speech, number):
    return Linphone(lab, "carrier", "lin", speech, number, suites="AES_CM_128_HMAC_SHA1_80")


@case(long=True)
def sdes_linphone_gives_new_keys():
    gives_new_keys(linphone, share=LINPHONE_SHARE)


@case(long=True)
def sdes_linphone_gives_new_keys_while_called():
    gives_new_keys(linphone, called=True, share=LINPHONE_SHARE)


@case(long=True)
def sdes_agent_gives_new_keys():
    gives_new_keys(lambda lab, speech, number: Agent(
        lab, "carrier", "alice", "sdes", speech, number, suites=list(SUITES)))
