# SPDX-License-Identifier: Apache-2.0
"""Manipulation rules of a running box, and users that it asks for their password."""

import hashlib
import os
import re
import secrets
import signal
import time

from harness import box, case, expect_empty, wait_until

RULES = """
rules:
  - name: national
    methods: [INVITE]
    when:
      - {{ part: "request-uri.user", matches: "^0([1-9][0-9]+)$" }}
    then:
      - {{ set: "request-uri.user", to: "{prefix}$1" }}
"""


def counts(lab, rule):
    figures = [entry for entry in lab.ask("status")["rules"]
               if entry["rule"] == rule and entry["trunk"] == "carrier"]
    assert len(figures) == 1, figures
    return figures[0]


def silent_call(lab, number, scenario="call-silent.xml"):
    calling = lab.sipp("carrier", scenario, target=lab.address("carrier", "box"), number=number,
                       seconds=1, port=5070)
    assert calling.wait(20) == 0, calling.errors()[:800]


@case()
def rules_change_messages_and_are_read_again():
    """What a rule makes of a number is what is routed; a faulty file changes nothing."""
    with box(start=False, trunks={"carrier": {"rules-in": "[in.yaml]"}}) as lab:
        path = os.path.join(lab.folder, "in.yaml")

        def write(text):
            with open(path, "w") as file:
                file.write(text)
        write(RULES.format(prefix="+99"))
        lab.start()
        # No route begins with +99.
        silent_call(lab, "05550100", "call-refused-404.xml")
        assert counts(lab, "national")["applied"] >= 1
        write(RULES.format(prefix="+1").replace("matches", "matchs"))
        lab.control.kill(signal.SIGHUP)
        wait_until("the fault is on the status", 5, lambda: any(
            "in.yaml:6" in text and "matchs" in text
            for text in lab.ask("status")["conditions"]))
        write(RULES.format(prefix="+1"))
        lab.control.kill(signal.SIGHUP)
        wait_until("the rules are read again", 5, lambda: not lab.ask("status")["conditions"])
        answering = lab.sipp("service", "answer-silent.xml", calls=1)
        time.sleep(0.3)
        silent_call(lab, "05550100")
        assert answering.wait(10) == 0, answering.errors()[:800]
        figures = counts(lab, "national")
        assert figures["applied"] == 1 and figures["faults"] == 0, figures
        expect_empty(lab)


CLIENT = """
import socket, sys
own, box, seconds = sys.argv[1], sys.argv[2], 3
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind((own, 5090))
udp.settimeout(seconds)
udp.sendto(sys.stdin.buffer.read(), (box, 5060))
while True:
    data = udp.recv(65536)
    if not data.startswith(b"SIP/2.0 1"):
        sys.stdout.buffer.write(data)
        break
"""


def ask(lab, method, number, credentials=None):
    """Sends one request and gives its final response."""
    own, target = lab.address("carrier"), lab.address("carrier", "box")
    lines = [f"{method} sip:+15550100@{target} SIP/2.0",
             f"Via: SIP/2.0/UDP {own}:5090;branch=z9hG4bK{secrets.token_hex(6)}",
             f"From: <sip:alice@{own}>;tag={secrets.token_hex(4)}",
             f"To: <sip:+15550100@{target}>", f"Call-ID: {secrets.token_hex(8)}",
             f"CSeq: {number} {method}", "Max-Forwards: 70", f"Contact: <sip:alice@{own}:5090>"]
    if credentials:
        lines.append(f"Authorization: {credentials}")
    data = "\r\n".join(lines + ["Content-Length: 0", "", ""])
    return lab.inside("carrier", "python3", "-c", CLIENT, own, target, input=data).stdout


def answer(challenge, method, uri, user, password, count=1):
    """Digest of RFC 7616 with SHA-256, computed by Python."""
    def h(text):
        return hashlib.sha256(text.encode()).hexdigest()
    fields = dict(re.findall(r'(\w+)="?([^",]*)"?', challenge))
    cnonce, nc = secrets.token_hex(8), f"{count:08x}"
    response = h(":".join((h(f"{user}:{fields['realm']}:{password}"), fields["nonce"], nc, cnonce,
                           "auth", h(f"{method}:{uri}"))))
    return (f'Digest username="{user}", realm="{fields["realm"]}", nonce="{fields["nonce"]}", '
            f'uri="{uri}", response="{response}", algorithm=SHA-256, qop=auth, nc={nc}, '
            f'cnonce="{cnonce}"')


@case()
def a_trunk_shows_who_it_is():
    """401 with three challenges, 403 for a wrong password, stale for what is replayed; OPTIONS is
    not asked. INFO without a dialog stands for requests that need no answer of a person."""
    with box(start=False, trunks={"carrier": {"authenticate": "true",
                                              "users-file": "users"}}) as lab:
        with open(os.path.join(lab.folder, "users"), "w") as file:
            file.write("alice:se:cret\n")
        lab.start()
        assert ask(lab, "OPTIONS", 1).startswith("SIP/2.0 200 "), "OPTIONS was asked"
        said = ask(lab, "INFO", 1)
        assert said.startswith("SIP/2.0 401 "), said
        challenges = re.findall(r"WWW-Authenticate: (Digest .*)", said)
        assert [re.search(r"algorithm=([\w-]+)", text).group(1) for text in challenges] == [
            "SHA-512-256", "SHA-256", "MD5"], said
        uri = f"sip:+15550100@{lab.address('carrier', 'box')}"
        wrong = answer(challenges[1], "INFO", uri, "alice", "secret")
        assert ask(lab, "INFO", 2, wrong).startswith("SIP/2.0 403 ")
        right = answer(challenges[1], "INFO", uri, "alice", "se:cret")
        # Let in, it finds no dialog.
        assert ask(lab, "INFO", 3, right).startswith("SIP/2.0 481 ")
        again = ask(lab, "INFO", 4, right)
        assert again.startswith("SIP/2.0 401 ") and "stale=true" in again, again
        second = answer(challenges[1], "INFO", uri, "alice", "se:cret", count=2)
        assert ask(lab, "INFO", 5, second).startswith("SIP/2.0 481 ")
        figures = lab.ask("status")["sip"]
        assert figures["challenges_sent"] == 2 and figures["credentials_wrong"] == 1, figures
        expect_empty(lab)
