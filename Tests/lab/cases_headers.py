# SPDX-License-Identifier: Apache-2.0
"""What passes between the legs, between two SIPp that say and check it."""

import time

from harness import box, case, expect_empty
from scenes import caller, callee, expect, respond, sdp, send, write, COPIED

LOCATION = """--b
      Content-Type: application/sdp

      {sdp}
      --b
      Content-Type: application/pidf+xml
      Content-ID: &lt;loc@here.example&gt;

      &lt;presence entity="pres:x"/&gt;
      --b--""".replace("&lt;", "<").replace("&gt;", ">")


def passes(calling, called, trunks):
    """Both scenarios end well, with these keys of the trunks."""
    with box(trunks=trunks) as lab:
        answering = lab.sipp("service", write(lab, "callee", called), calls=1)
        time.sleep(0.3)
        call = lab.sipp("carrier", write(lab, "caller", calling), seconds=1, port=5070,
                        target=lab.address("carrier", "box"))
        assert call.wait(30) == 0, call.errors()[:1500] + answering.errors()[:1500]
        assert answering.wait(10) == 0, answering.errors()[:1500]
        expect_empty(lab)


def any_ringing():
    return expect("180", optional=True) + expect("183", optional=True) + expect("200")


@case()
def locations_pass():
    """The description is ours, the location is the caller's."""
    passes(
        caller("Geolocation: <cid:loc@here.example>", LOCATION.format(sdp=sdp()),
               "multipart/mixed;boundary=b", any_ringing()),
        callee(["Content-Type: multipart/mixed;boundary=b", "Geolocation: <cid:loc@here.example>",
                "Content-ID: <loc@here.example>", "<presence entity=\"pres:x\"/>",
                "![ =]127\\.0\\.0\\.1"]), {})


@case()
def locations_are_stripped():
    passes(
        caller("Geolocation: <cid:loc@here.example>", LOCATION.format(sdp=sdp()),
               "multipart/mixed;boundary=b", any_ringing()),
        callee(["Content-Type: application/sdp", "!Geolocation", "!presence"]),
        {"service": {"multipart": "strip"}})


@case()
def diversion_becomes_history_info():
    passes(
        caller("Diversion: <sip:+1222@x.example>;reason=no-answer", sdp(), responses=any_ringing()),
        callee(["History-Info: <sip:\\+1222@[^>]*>;index=1", "cause=408>;index=1\\.1;mp=1",
                "!Diversion", "!x\\.example"]),
        {"service": {"diversion": "history-info"}})


@case()
def history_info_becomes_diversion():
    passes(
        caller("History-Info: <sip:+1222@x.example?Reason=SIP%3Bcause%3D302>;index=1, "
               "<sip:+15550100@x.example>;index=1.1", sdp(), responses=any_ringing()),
        callee(["Diversion: <sip:\\+1222@[^>]*>;reason=unconditional", "!History-Info"]),
        {"service": {"diversion": "diversion"}})


@case()
def identity_of_the_caller():
    passes(
        caller("Remote-Party-ID: <sip:+1777@[local_ip]>;party=calling;screen=yes", sdp(),
               responses=any_ringing()),
        callee(["P-Asserted-Identity: <sip:\\+1777@", "!Remote-Party-ID", "X-MS-SBC: A/B/1"]),
        {"carrier": {"identity-from": "[P-Asserted-Identity, Remote-Party-ID]"},
         "service": {"x-ms-sbc": "\"A/B/1\""}})


@case()
def national_numbers():
    passes(
        caller(body=sdp(), responses=any_ringing()),
        callee(["INVITE sip:0115550100@|INVITE sip:5550100@", "From: <sip:5550199@"]),
        {"service": {"numbers": "national", "country-code": "\"1\""}})


@case()
def ringing_is_strict():
    """183 without a description is 180, 180 with one is 183."""
    passes(
        caller(body=sdp(), responses=expect("180", ["!m=audio"]) + expect("183", ["m=audio"])
               + expect("200")),
        callee(responses=respond(183) + "<pause milliseconds=\"300\"/>\n" + respond(180, sdp())
               + "<pause milliseconds=\"300\"/>\n"),
        {"carrier": {"ringing": "strict"}})


@case()
def an_offer_is_made():
    """A caller without one; it takes one codec of two, and the callee is offered that."""
    again = (expect("INVITE", ["RTP/AVP 0 "]) + send(
        f"SIP/2.0 200 OK\n      {COPIED}".replace(";tag=[pid]s[call_number]", ""),
        body=sdp("0 101"), repeats=True) + expect("ACK"))
    passes(
        caller(responses=any_ringing(), ack_body=sdp("0 101")),
        callee(["m=audio", "RTP/AVP 8 0 101"], more=again),
        {"service": {"offer": "early", "codecs": "[PCMA, PCMU, telephone-event]"}})


@case()
def hold_is_inactive():
    """A caller that only sends is, for the service, inactive."""
    passes(
        caller(body=sdp() + "\n      a=sendonly", responses=any_ringing()),
        callee(["a=inactive"], body=sdp() + "\n      a=inactive"), {"service": {"hold": "inactive"}})
