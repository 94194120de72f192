# SPDX-License-Identifier: Apache-2.0
"""The Mobile Control Point between SIPp and SIPp: a serving function on one side, the next hop on
the other, and a consultation service that answers, or does not. In the clear: SIPp's TLS shows no
certificate that a core would have."""

import contextlib
import os
import subprocess
import sys

from harness import box, case, wait_until
from scenes import sdp, write

SERVICE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "consultation_service.py")
NUMBER = "+12025550177"
PORT = 8090


def configuration(lab, timeout_ms):
    """The node's file with an MCP at a listener of its own, port 5070."""
    own = lab.address("carrier", "box")
    text = lab.config_text().replace(
        "trunks:\n", f"  - {{ name: isc, transport: udp, address: \"{own}:5070\" }}\ntrunks:\n")
    return text + f"""mcp:
  listener: isc
  insecure: true
  sources: ["198.18.0.0/16"]
  consultation: "http://{lab.address("carrier")}:{PORT}/consult"
  consultation-timeout-ms: {timeout_ms}
  fmc-originating: MO
  fmc-terminating: MT
  divert-request-uri: "sip:${{number}}@gateway.example;user=phone"
"""


def asked(lab):
    """What the service has printed, line by line."""
    with open(os.path.join(lab.folder, "asked")) as file:
        return file.read().splitlines()


@contextlib.contextmanager
def mcp_box(mode, timeout_ms=500):
    """`mode` of the service; None: nobody listens."""
    with box(start=False) as lab:
        with open(lab.config, "w") as file:
            file.write(configuration(lab, timeout_ms))
        lab.start()
        if mode:
            lab.spawn("carrier", sys.executable, SERVICE, lab.address("carrier"), str(PORT), mode,
                      stdout=open(os.path.join(lab.folder, "asked"), "wb"),
                      stderr=subprocess.STDOUT)
            wait_until("the service listens", 30, lambda: asked(lab)[:1] == ["ready"])
        yield lab


def request(method, sequence, session_case, tag="", first="INVITE tel:+12025550199"):
    route = f"<sip:[remote_ip]:5070;lr>;{session_case}, <sip:198.18.2.2:5060;lr>"
    served = "+12025550123" if session_case == "orig" else "+12025550199"
    return f"""{first} SIP/2.0
      Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
      Max-Forwards: 66
      Route: {route}
      From: <tel:+12025550123>;tag=[pid]c[call_number]
      To: <tel:+12025550199>{tag}
      Call-ID: [call_id]
      CSeq: {sequence} {method}
      Contact: <sip:ue@[local_ip]:[local_port]>
      P-Asserted-Identity: <tel:+12025550123>
      P-Served-User: <tel:{served}>;sescase={session_case};regstate=reg
      P-Charging-Vector: icid-value=one;;two"""


def caller(session_case, mark=None):
    more = f"\n      X-MS-FMC: {mark}" if mark else ""
    return f"""<send retrans="500"><![CDATA[
      {request("INVITE", 1, session_case)}{more}
      Content-Type: application/sdp
      Content-Length: [len]

      {sdp()}
]]></send>
<recv response="100" optional="true"/>
<recv response="180"/>
<recv response="200"/>
<send><![CDATA[
      {request("ACK", 1, session_case, "[peer_tag_param]", "ACK tel:+12025550199")}
      Content-Length: 0

]]></send>
<pause milliseconds="300"/>
<send retrans="500"><![CDATA[
      {request("BYE", 2, session_case, "[peer_tag_param]", "BYE tel:+12025550199")}
      Content-Length: 0

]]></send>
<recv response="200"/>
"""


def answer(status):
    body = f"\n      Content-Type: application/sdp\n      Content-Length: [len]\n\n      {sdp()}" \
        if status == "200 OK" else "\n      Content-Length: 0\n"
    return f"""<send><![CDATA[
      SIP/2.0 {status}
      [last_Via:]
      [last_From:]
      [last_To:];tag=[pid]s[call_number]
      [last_Call-ID:]
      [last_CSeq:]
      Contact: <sip:[local_ip]:[local_port]>{body}
]]></send>
"""


def callee(uri, mark):
    """Answers an INVITE with this Request-URI and this X-MS-FMC, or one that begins so, or none."""
    checks = [f"INVITE {uri} SIP/2.0", "icid-value=one;;two", "Max-Forwards: 65"]
    checks.append(f"X-MS-FMC: {mark}" if mark else "!X-MS-FMC")
    actions = "".join(
        f"<ereg regexp=\"{check.lstrip('!').replace('+', '.')}\" search_in=\"msg\" "
        f"{'check_it_inverse' if check.startswith('!') else 'check_it'}=\"true\" "
        f"assign_to=\"{index + 1}\"/>" for index, check in enumerate(checks))
    names = ",".join(str(index + 1) for index in range(len(checks)))
    end = answer("200 OK").replace(";tag=[pid]s[call_number]", "")
    return (f"<recv request=\"INVITE\"><action>{actions}</action></recv>\n"
            f"<Reference variables=\"{names}\"/>\n" + answer("180 Ringing") + answer("200 OK")
            + "<recv request=\"ACK\"/>\n<recv request=\"BYE\"/>\n" + end)


def figures(lab):
    return lab.ask("status")["mcp"]


def one_call(lab, session_case, uri, mark, sent_mark=None, calls=1):
    answering = lab.sipp("service", write(lab, "callee", callee(uri, mark)), calls=calls)
    calling = lab.sipp("carrier", write(lab, "caller", caller(session_case, sent_mark)),
                       calls=calls, rate=20, target=lab.address("carrier", "box"),
                       extra=("-rsa", f"{lab.address('carrier', 'box')}:5070"))
    for leg in (calling, answering):
        assert leg.wait(30) == 0, (leg.errors()[:1500], figures(lab))
    seen = figures(lab)
    assert seen["refusals"] == 0 and seen["consultations_open"] == 0, seen
    assert lab.ask("status")["calls"]["admitted"] == 0
    return seen


NATIVE = "tel:+12025550199"
DIVERTED = f"sip:{NUMBER}@gateway.example;user=phone"


@case()
def mcp_diverts_a_caller():
    with mcp_box("divert") as lab:
        assert one_call(lab, "orig", DIVERTED, "MO", calls=20)["diverted"] == 20
        first = asked(lab)[1]
        assert '"session-case": "originating"' in first and "+12025550123" in first, first


@case()
def mcp_diverts_a_callee():
    with mcp_box("divert") as lab:
        assert one_call(lab, "term", DIVERTED, "MT")["diverted"] == 1


@case()
def mcp_leaves_a_native_call_alone():
    with mcp_box("native") as lab:
        assert one_call(lab, "orig", NATIVE, None)["native"] == 1


@case()
def mcp_does_not_ask_about_a_call_with_a_mark():
    with mcp_box("divert") as lab:
        seen = one_call(lab, "term", NATIVE, "MT", sent_mark="MT")
        assert seen["marked"] == 1 and seen["consultations"] == 0, seen


@case()
def mcp_goes_on_without_a_silent_service():
    with mcp_box("silent") as lab:
        assert one_call(lab, "orig", NATIVE, None)["consultation_timeouts"] == 1


@case()
def mcp_goes_on_without_a_slow_service():
    with mcp_box("slow", timeout_ms=200) as lab:
        seen = one_call(lab, "term", NATIVE, None)
        assert seen["consultation_timeouts"] == 1 and seen["diverted"] == 0, seen


@case()
def mcp_goes_on_without_any_service():
    with mcp_box(None) as lab:
        assert one_call(lab, "orig", NATIVE, None)["consultation_failures"] == 1


@case()
def mcp_goes_on_when_the_service_fails():
    for mode in ("error", "odd"):
        with mcp_box(mode) as lab:
            assert one_call(lab, "orig", NATIVE, None)["consultation_failures"] == 1
