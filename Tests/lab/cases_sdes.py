# SPDX-License-Identifier: Apache-2.0
"""SRTP with keys from SDP (RFC 4568): packaged phones and our own, to and from plain RTP."""

import time

from agent_media import SUITES
from agents import Agent, crypto_of
from harness import case
from linphone import Linphone
from phones import Baresip
from secure import (NUMBERS, REQUIRED, SDES, TALK, call_from_plain, call_to_sipp, established,
                    expect_clean, expect_secure, expect_share, secure_box, speech_files, uri)

# linphonec puts in and takes out frames at the ends of every pause.
LINPHONE_SHARE = 0.9


@case()
def sdes_baresip_calls_a_sipp():
    with secure_box(carrier=SDES, discard=["service"]) as lab:
        said = speech_files(lab)
        call_to_sipp(lab, Baresip(lab, "carrier", "alice", said["carrier"],
                                  options=["mediaenc=srtp-mand"]), said)


@case(long=True)
def sdes_baresip_is_called():
    with secure_box(carrier=SDES) as lab:
        said = speech_files(lab)
        call_from_plain(lab, Baresip(lab, "carrier", "alice", said["carrier"], NUMBERS["carrier"],
                                     options=["mediaenc=srtp-mand"]), said)


def linphone_calls(suite):
    with secure_box(carrier=dict(SDES, suites=f"[{suite}]"), discard=["service"]) as lab:
        said = speech_files(lab)
        call_to_sipp(lab, Linphone(lab, "carrier", "lin", said["carrier"], suites=suite), said,
                     share=LINPHONE_SHARE)


@case(long=True)
def sdes_linphone_calls_with_aes_128_80():
    linphone_calls("AES_CM_128_HMAC_SHA1_80")


@case(long=True)
def sdes_linphone_calls_with_aes_128_32():
    linphone_calls("AES_CM_128_HMAC_SHA1_32")


@case(long=True)
def sdes_linphone_calls_with_aes_256_80():
    linphone_calls("AES_256_CM_HMAC_SHA1_80")


@case()
def sdes_linphone_calls_with_aes_256_32():
    linphone_calls("AES_256_CM_HMAC_SHA1_32")


@case(long=True)
def sdes_linphone_is_called():
    with secure_box(carrier=SDES) as lab:
        said = speech_files(lab)
        call_from_plain(lab, Linphone(lab, "carrier", "lin", said["carrier"], NUMBERS["carrier"],
                                      suites="AES_256_CM_HMAC_SHA1_80"), said,
                        share=LINPHONE_SHARE)


def new_keys(suite):
    """Our own phone, which gives a new key in a re-INVITE; the old one is opened meanwhile."""
    with secure_box(carrier=dict(SDES, suites=f"[{suite}]"), discard=["service"]) as lab:
        said = speech_files(lab)
        call_to_sipp(lab, Agent(lab, "carrier", "alice", "sdes", said["carrier"],
                                suites=[suite]), said, rekey=True)


@case()
def sdes_new_keys_aes_128_80():
    new_keys("AES_CM_128_HMAC_SHA1_80")


@case(long=True)
def sdes_new_keys_aes_128_32():
    new_keys("AES_CM_128_HMAC_SHA1_32")


@case(long=True)
def sdes_new_keys_gcm_128():
    new_keys("AEAD_AES_128_GCM")


@case(long=True)
def sdes_new_keys_gcm_256():
    new_keys("AEAD_AES_256_GCM")


@case(long=True)
def sdes_new_keys_while_called():
    """The plain side holds, the secure side gives new keys: the direction that did not change
    goes on with its key, and no key is used for two streams."""
    with secure_box(carrier=SDES) as lab:
        said = speech_files(lab)
        alice = Agent(lab, "carrier", "alice", "sdes", said["carrier"], NUMBERS["carrier"],
                      suites=list(SUITES))
        bob = Agent(lab, "service", "bob", "plain", said["service"], rtp_port=31000)
        bob.call(uri(lab, "service", NUMBERS["carrier"]))
        first = crypto_of(alice.wait_for("established"))
        established(lab)
        time.sleep(TALK)
        keys = [crypto_of(alice.rekey()) for _ in range(3) if not time.sleep(1)]
        time.sleep(TALK)
        assert all(len(k) == 1 for k in keys), keys
        assert {k[0][0] for k in keys} <= {suite for suite, _ in first}, (first, keys)
        ends = (expect_clean(alice, changes=3), bob.figures())
        assert ends[0]["lost"] <= 6 and ends[1]["lost"] == 0, f"lost to the change of keys: {ends}"
        dropped = lab.ask("drops")["drops"]
        assert not dropped.get("rtp_sequence") and not dropped.get("srtp_authentication"), dropped
        bob.hang_up()
        alice.wait_for("closed")
        alice.close()
        bob.close()
        expect_share(alice, said["service"], 120)
        expect_share(bob, said["carrier"], 120)
        expect_secure(lab)


@case()
def srtp_to_srtp_with_other_suites():
    """AEAD_AES_256_GCM on one side, AES_CM_128_HMAC_SHA1_32 on the other."""
    sides = {"carrier": "AEAD_AES_256_GCM", "service": "AES_CM_128_HMAC_SHA1_32"}
    with secure_box(**{s: dict(SDES, suites=f"[{n}]") for s, n in sides.items()}) as lab:
        said = speech_files(lab)
        alice = Agent(lab, "carrier", "alice", "sdes", said["carrier"], suites=list(SUITES))
        bob = Agent(lab, "service", "bob", "sdes", said["service"], NUMBERS["service"],
                    suites=list(SUITES), rtp_port=31000)
        alice.call(uri(lab, "carrier", NUMBERS["service"]))
        established(lab)
        time.sleep(TALK)
        for phone in (alice, bob):
            phone.rekey()
            time.sleep(TALK)
        for phone, side in ((alice, "carrier"), (bob, "service")):
            figures = expect_clean(phone, changes=2)
            assert figures["suite"] == sides[side] and figures["lost"] <= 4, figures
            assert figures["rtcp"] > 0, f"no RTCP reached {phone.name}: {figures}"
        alice.hang_up()
        alice.close()
        bob.close()
        expect_share(alice, said["service"], 120)
        expect_share(bob, said["carrier"], 120)
        expect_secure(lab)


@case(long=True)
def srtp_preferred_takes_what_there_is():
    """A trunk that prefers SRTP: a plain phone gets plain calls, one with keys gets SRTP."""
    policy = {"srtp": "preferred", "keying": "[sdes]"}
    for kind in ("plain", "sdes"):
        with secure_box(carrier=policy, service=REQUIRED) as lab:
            said = speech_files(lab)
            alice = Agent(lab, "carrier", "alice", kind, said["carrier"], suites=list(SUITES))
            bob = Agent(lab, "service", "bob", "sdes", said["service"], NUMBERS["service"],
                        suites=list(SUITES), rtp_port=31000)
            event = alice.call(uri(lab, "carrier", NUMBERS["service"]))
            assert ("a=crypto" in event["sdp"]) == (kind == "sdes"), event["sdp"]
            time.sleep(TALK)
            expect_clean(alice)
            expect_clean(bob)
            alice.hang_up()
            alice.close()
            bob.close()
            expect_share(alice, said["service"], 40)
            expect_share(bob, said["carrier"], 40)
            expect_secure(lab)
