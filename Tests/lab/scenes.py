# SPDX-License-Identifier: Apache-2.0
"""SIPp scenarios written for one case: what a caller says, what a callee has to have got."""

import os
from xml.sax.saxutils import quoteattr

SDP = """v=0
      o=- 1 1 IN IP[local_ip_type] [local_ip]
      s=-
      c=IN IP[media_ip_type] [media_ip]
      t=0 0
      m=audio [quiet] RTP/AVP {formats}
      a=rtpmap:101 telephone-event/8000"""

DIALOG = """Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
      [routes]
      From: <sip:+15550199@[local_ip]:[local_port]>;tag=[pid]c[call_number]
      To: <sip:[service]@[remote_ip]:[remote_port]>{tag}
      Call-ID: [call_id]
      CSeq: {sequence}
      Contact: <sip:+15550199@[local_ip]:[local_port];transport=[transport]>
      Max-Forwards: 70"""

COPIED = """[last_Via:]
      [last_From:]
      [last_To:];tag=[pid]s[call_number]
      [last_Call-ID:]
      [last_CSeq:]
      [last_Record-Route:]
      Contact: <sip:[local_ip]:[local_port];transport=[transport]>"""


def sdp(formats="8 0 101"):
    return SDP.format(formats=formats)


def send(first, headers="", body=None, content_type="application/sdp", repeats=False):
    """One message; `body` has the indentation of the scenario."""
    lines = [first] + ([headers] if headers else [])
    if body:
        lines.append(f"Content-Type: {content_type}")
    lines.append("Content-Length: [len]" if body else "Content-Length: 0")
    text = "\n      ".join(lines) + "\n\n" + (f"      {body}\n" if body else "")
    mark = ' retrans="500"' if repeats else ""
    return f"<send{mark}><![CDATA[\n      {text}\n]]></send>\n"


def expect(what, checks=(), optional=False):
    """A message that comes, and regular expressions that it has (or, with "!", has not)."""
    actions = "".join(
        f"<ereg regexp={quoteattr(c.lstrip('!'))} search_in=\"msg\" "
        f"{'check_it_inverse' if c.startswith('!') else 'check_it'}=\"true\" "
        f"assign_to=\"{index + 1}\"/>" for index, c in enumerate(checks))
    kind = "response" if what.isdigit() else "request"
    more = ' optional="true"' if optional else ""
    if what in ("200", "INVITE"):
        more += ' rrs="true"'
    body = f"<action>{actions}</action>" if actions else ""
    names = ",".join(str(index + 1) for index in range(len(checks)))
    return f"<recv {kind}=\"{what}\"{more}>{body}</recv>\n" + (
        f"<Reference variables=\"{names}\"/>\n" if checks else "")


def caller(headers="", body=None, content_type="application/sdp", responses="", ack_body=None):
    """Calls, expects these responses, acknowledges and hangs up."""
    def request(method, sequence, tag="[peer_tag_param]"):
        first = "INVITE sip:[service]@[remote_ip]:[remote_port]" if method == "INVITE" else (
            f"{method} [next_url]")
        return (f"{first} SIP/2.0\n      "
                + DIALOG.format(tag=tag, sequence=f"{sequence} {method}"))
    return (send(request("INVITE", 1, ""), headers, body, content_type, repeats=True)
            + expect("100", optional=True) + responses
            + send(request("ACK", 1), body=ack_body) + "<pause/>\n"
            + send(request("BYE", 2), repeats=True) + expect("200"))


def callee(checks=(), responses="", body=None, more=""):
    """Answers an INVITE that has what is checked, and waits for the end."""
    return (expect("INVITE", checks) + responses
            + send(f"SIP/2.0 200 OK\n      {COPIED}", body=body or sdp(), repeats=True)
            + expect("ACK") + more + expect("BYE")
            + send(f"SIP/2.0 200 OK\n      {COPIED}".replace(";tag=[pid]s[call_number]", "")))


def respond(status, body=None):
    return send(f"SIP/2.0 {status} Progress\n      {COPIED}", body=body)


def write(lab, name, text):
    """Writes a scenario into the case's folder and gives its path."""
    path = os.path.join(lab.folder, f"{name}.xml")
    with open(path, "w") as file:
        file.write(f"<?xml version=\"1.0\" encoding=\"ISO-8859-1\" ?>\n<scenario name=\"{name}\">\n"
                   f"{text}</scenario>\n")
    return path
