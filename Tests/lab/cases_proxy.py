# SPDX-License-Identifier: Apache-2.0
"""Kamailio as the carrier's proxy, with Record-Route and forks, in front of SIPp phones."""

import contextlib
import shutil
import time

from agents import Agent
from harness import Skipped, box, case, expect_empty, wait_until
from kamailio import BOTH, CALLER, FIRST, IN_TURN, ONE, SECOND, Kamailio
from secure import (HELD, NUMBERS, TALK, established, expect_share, hold_and_resume, packets_out,
                    speech_files, uri)
from sipp_leg import SippLeg


@contextlib.contextmanager
def proxied_box(transport="udp"):
    """The carrier's trunk leads to Kamailio, over this transport; the service speaks UDP."""
    if not shutil.which("kamailio"):
        raise Skipped("kamailio is not installed (Debian)")
    with box(start=False, discard=False, rtcp_interval_ms=500) as lab:
        text = lab.config_text(rtcp_interval_ms=500)
        own = lab.address("carrier")
        text = text.replace(
            f"listener: carrier-udp\n    realm: carrier\n    peer: \"sip:{own}:5060;transport=udp",
            f"listener: carrier-{transport}\n    realm: carrier\n"
            f"    peer: \"sip:{own}:5060;transport={transport}")
        with open(lab.config, "w") as file:
            file.write(text)
        proxy = Kamailio(lab, transport)
        lab.start()
        yield lab, proxy
        proxy.stop()


def sipp_transport(transport):
    return {"udp": "u1", "tcp": "t1"}[transport]


def phone(lab, said, scenario=None, port=FIRST, transport="udp", talks=None, **more):
    """A SIPp behind the proxy; `talks`: the seconds after which it ends the call itself."""
    if talks:
        more["extra"] = ("-d", str(int(talks * 1000)))
    return SippLeg(lab, "carrier", said["carrier"], 20, scenario=scenario, port=port,
                   transport=sipp_transport(transport), **more)


def agent(lab, said, number=None):
    return Agent(lab, "service", "agent", "plain", said["service"], number, rtp_port=31000)


def expect_through(proxy, *methods, transport="udp"):
    """Requests within the dialog passed the proxy, and from both sides where told twice."""
    seen = [(method, protocol) for method, protocol, _, tag, _ in proxy.seen() if tag != "<null>"]
    for method in methods:
        assert (method, transport) in seen, (method, proxy.seen())


def calls_a_phone(transport):
    with proxied_box(transport) as (lab, proxy):
        said = speech_files(lab)
        callee, caller = phone(lab, said, transport=transport), agent(lab, said)
        caller.call(uri(lab, "service", ONE))
        established(lab)
        time.sleep(TALK)
        hold_and_resume(lab, caller, [])  # its re-INVITEs pass the proxy
        before = packets_out(lab)
        assert min(before) >= 100, before
        caller.hang_up()
        callee.close()
        caller.close()
        expect_share(callee, said["service"])
        expect_share(caller, said["carrier"])
        expect_through(proxy, "ACK", "INVITE", "BYE", transport=transport)
        expect_empty(lab)


def is_called_by_a_phone(transport):
    """The SIPp behind the proxy calls, and ends the call: its BYE goes by the route set."""
    with proxied_box(transport) as (lab, proxy):
        said = speech_files(lab)
        callee = agent(lab, said, NUMBERS["service"])
        caller = phone(lab, said, "call.xml", CALLER, transport, number=NUMBERS["service"],
                       target=lab.address("carrier"), talks=TALK + HELD)
        established(lab)
        time.sleep(TALK)
        assert min(packets_out(lab)) >= 80, packets_out(lab)
        callee.wait_for("closed", 20)
        caller.close()
        callee.close()
        expect_share(caller, said["service"])
        expect_share(callee, said["carrier"])
        expect_through(proxy, "ACK", "BYE", transport=transport)
        expect_empty(lab)


@case()
def proxy_calls_a_phone_over_udp():
    calls_a_phone("udp")


@case()
def proxy_calls_a_phone_over_tcp():
    calls_a_phone("tcp")


@case()
def proxy_is_called_by_a_phone_over_udp():
    is_called_by_a_phone("udp")


@case()
def proxy_is_called_by_a_phone_over_tcp():
    is_called_by_a_phone("tcp")


@case()
def proxy_called_phone_hangs_up():
    """The BYE of the SIPp that was called passes the proxy back to the box."""
    with proxied_box() as (lab, proxy):
        said = speech_files(lab)
        callee = phone(lab, said, "answer-bye.xml", talks=TALK + 1)
        caller = agent(lab, said)
        caller.call(uri(lab, "service", ONE))
        established(lab)
        caller.wait_for("closed", 15)
        callee.close()
        caller.close()
        expect_share(callee, said["service"], blocks=40)
        bye = [row for row in proxy.seen() if row[0] == "BYE"]
        assert bye and bye[0][2].endswith(f":{FIRST}"), proxy.seen()
        expect_empty(lab)


def forks(number, other_scenario):
    """Two phones ring, the first answers; what becomes of the other."""
    with proxied_box() as (lab, proxy):
        said = speech_files(lab)
        other = lab.sipp("carrier", other_scenario, port=SECOND, media_port=50_000)
        answering = phone(lab, said, "answer-slow.xml" if number == BOTH else None)
        caller = agent(lab, said)
        caller.call(uri(lab, "service", number))
        established(lab)
        time.sleep(TALK)
        assert min(packets_out(lab)) >= 80, packets_out(lab)
        assert other.wait(10) == 0, other.errors()[:800]
        assert len(lab.ask("calls")) == 1, proxy.seen()
        caller.hang_up()
        answering.close()
        caller.close()
        expect_share(answering, said["service"], blocks=40)
        expect_share(caller, said["carrier"], blocks=40)
        wait_until("the call is counted", 5,
                   lambda: lab.ask("status")["calls"]["answered"] == 1)
        expect_empty(lab)


@case()
def proxy_forks_and_one_answers():
    forks(BOTH, "ring-until-cancel.xml")


@case()
def proxy_forks_and_a_late_answer_is_ended():
    forks(BOTH, "answer-late.xml")


@case()
def proxy_forks_in_turn():
    forks(IN_TURN, "answer-busy.xml")
