# SPDX-License-Identifier: Apache-2.0
"""DTLS-SRTP and ICE with packaged phones, and with a browser's stack (aiortc)."""

from agents import Agent
from cases_sdes import LINPHONE_SHARE
from harness import case
from linphone import Linphone
from phones import Baresip
from secure import (DTLS, NUMBERS, WEBRTC, call_from_plain, call_to_sipp, secure_box,
                    speech_files)

BARESIP = {False: ["mediaenc=dtls_srtp"], True: ["mediaenc=dtls_srtp", "medianat=ice"]}
ONE_PORT = ["rtcp_mux=yes"]


def trunk(ice):
    return dict(DTLS, ice="lite") if ice else DTLS


def baresip(called, ice, more=()):
    with secure_box(carrier=trunk(ice), discard=[] if called else ["service"]) as lab:
        said = speech_files(lab)
        alice = Baresip(lab, "carrier", "alice", said["carrier"],
                        NUMBERS["carrier"] if called else None, options=[*BARESIP[ice], *more])
        (call_from_plain if called else call_to_sipp)(lab, alice, said)


def linphone(called, ice):
    with secure_box(carrier=trunk(ice), discard=[] if called else ["service"]) as lab:
        said = speech_files(lab)
        phone = Linphone(lab, "carrier", "lin", said["carrier"],
                         NUMBERS["carrier"] if called else None, encryption="dtls", ice=ice)
        (call_from_plain if called else call_to_sipp)(lab, phone, said, share=LINPHONE_SHARE)


@case(long=True)
def dtls_baresip_calls_a_sipp():
    baresip(called=False, ice=False)


@case(long=True)
def dtls_baresip_is_called():
    baresip(called=True, ice=False)


@case()
def dtls_ice_baresip_calls_a_sipp():
    baresip(called=False, ice=True)


@case(long=True)
def dtls_ice_baresip_is_called():
    baresip(called=True, ice=True)


@case(long=True)
def dtls_ice_mux_baresip_calls_a_sipp():
    baresip(called=False, ice=True, more=ONE_PORT)


@case(long=True)
def dtls_ice_mux_baresip_is_called():
    baresip(called=True, ice=True, more=ONE_PORT)


@case()
def dtls_linphone_calls_a_sipp():
    linphone(called=False, ice=False)


@case(long=True)
def dtls_linphone_is_called():
    linphone(called=True, ice=False)


@case(long=True)
def dtls_ice_linphone_calls_a_sipp():
    linphone(called=False, ice=True)


@case(long=True)
def dtls_ice_linphone_is_called():
    linphone(called=True, ice=True)


@case(long=True)
def ice_linphone_without_encryption():
    """ICE and plain RTP on one leg."""
    with secure_box(carrier={"ice": "lite"}, discard=["service"]) as lab:
        said = speech_files(lab)
        call_to_sipp(lab, Linphone(lab, "carrier", "lin", said["carrier"], encryption="none",
                                   ice=True), said, share=LINPHONE_SHARE)


@case()
def webrtc_calls_a_sipp():
    with secure_box(carrier=WEBRTC, discard=["service"]) as lab:
        said = speech_files(lab)
        call_to_sipp(lab, Agent(lab, "carrier", "browser", "webrtc", said["carrier"]), said)


@case()
def webrtc_takes_new_keys():
    with secure_box(carrier=WEBRTC, discard=["service"]) as lab:
        said = speech_files(lab)
        browser = Agent(lab, "carrier", "browser", "webrtc", said["carrier"])
        # Its former ICE agent goes on checking for a moment, with the credentials of before.
        browser.odd_drops = {"stun_authentication"}
        call_to_sipp(lab, browser, said, rekey=True)


@case(long=True)
def webrtc_is_called():
    with secure_box(carrier=WEBRTC) as lab:
        said = speech_files(lab)
        call_from_plain(lab, Agent(lab, "carrier", "browser", "webrtc", said["carrier"],
                                   NUMBERS["carrier"]), said)


@case(long=True)
def webrtc_with_the_teams_bypass_profile():
    """Whatever the profile of a service sets by itself, a browser's stack gets along with it."""
    with secure_box(carrier={"profile": "teams-media-bypass", "keying": "[dtls]",
                             "transport": "udp", "own-host-required": "false", "tenants": "none"},
                    discard=["service"]) as lab:
        said = speech_files(lab)
        call_to_sipp(lab, Agent(lab, "carrier", "browser", "webrtc", said["carrier"]), said)
