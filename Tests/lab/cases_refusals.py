# SPDX-License-Identifier: Apache-2.0
"""What the box refuses, and how."""

import time

from harness import box, case, expect_empty, expect_exact, wait_until
from wires import udp_in


def refused(lab, scenario, number="+15550100"):
    calling = lab.sipp("carrier", scenario, target=lab.address("carrier", "box"), number=number,
                       port=5080, media_port=40000)
    assert calling.wait(15) == 0, calling.errors()[:800]


@case()
def no_free_media_port():
    """Two ports in each realm: one call fits, the next gets 503 and leaks nothing."""
    with box(ports=(20000, 20003)) as lab:
        answering = lab.sipp("service", "answer-silent.xml", calls=10)
        time.sleep(0.3)
        # Each call takes one even port in each realm; both ranges hold two.
        up = [lab.sipp("carrier", "call-silent.xml", target=lab.address("carrier", "box"),
                       seconds=4, port=5070 + i * 20, media_port=30000 + i * 100)
              for i in range(2)]
        wait_until("both calls are up", 10, lambda: len(lab.ask("calls")) == 2)
        refused(lab, "call-refused-503.xml")
        for calling in up:
            assert calling.wait(20) == 0, calling.errors()[:500]
        answering.stop()
        expect_empty(lab)
        expect_exact(lab)


@case()
def no_common_codec():
    with box(codecs=["PCMA", "PCMU", "telephone-event"]) as lab:
        refused(lab, "call-refused-488.xml")
        expect_empty(lab)


@case()
def full_trunk():
    with box(max_calls=1) as lab:
        answering = lab.sipp("service", "answer-silent.xml", calls=1)
        time.sleep(0.3)
        calling = lab.sipp("carrier", "call-silent.xml", target=lab.address("carrier", "box"),
                           seconds=2, port=5070)
        wait_until("the call is up", 10, lambda: len(lab.ask("calls")) == 1)
        refused(lab, "call-refused-503.xml")
        assert calling.wait(20) == 0, calling.errors()[:500]
        answering.stop()
        expect_empty(lab)


@case()
def draining():
    """A draining node refuses new calls and lets the old one end."""
    with box() as lab:
        answering = lab.sipp("service", "answer-silent.xml", calls=10)
        time.sleep(0.3)
        calling = lab.sipp("carrier", "call-silent.xml", target=lab.address("carrier", "box"),
                           seconds=5, port=5070)
        wait_until("the call is up", 10, lambda: len(lab.ask("calls")) == 1)
        said = lab.ask("drain", "node", "--no-wait")
        assert said["calls"] == 1, said
        assert lab.ask("status")["state"] == "draining"
        refused(lab, "call-refused-503.xml")
        assert calling.wait(20) == 0, calling.errors()[:500]
        answering.stop()
        expect_empty(lab)


@case()
def bad_configuration_keeps_the_old_one():
    with box() as lab:
        good = open(lab.config).read()
        with open(lab.config, "w") as file:
            file.write(good.replace("ports: 20000", "ports: banana", 1))
        checked = lab.inside("box", f"{lab.bin}/trunkline", "check", "--config", lab.config,
                             check=False)
        assert checked.returncode == 2, checked
        line = good[:good.index("ports: 20000")].count("\n") + 1
        assert f"{lab.config}:{line}: " in checked.stderr + checked.stdout, checked
        assert "ports" in checked.stderr + checked.stdout, checked
        pid = lab.control.pid()
        lab.control.kill(1)
        wait_until("the refusal is on the status", 5, lambda: any(
            "ports" in text for text in lab.ask("status")["conditions"]))
        assert lab.control.pid() == pid and not lab.control.exits
        # And calls still go.
        answering = lab.sipp("service", "answer-silent.xml", calls=1)
        time.sleep(0.3)
        calling = lab.sipp("carrier", "call-silent.xml", target=lab.address("carrier", "box"),
                           seconds=1, port=5070)
        assert calling.wait(15) == 0, calling.errors()[:500]
        answering.stop()


@case()
def fast_path_away():
    """A killed fast path leaves its file behind; calls are refused all the same."""
    with box() as lab:
        lab.fastpath.stopping = True
        lab.fastpath.kill()
        wait_until("the status says so", 5, lambda: any(
            "fast path is away" in text for text in lab.ask("status")["conditions"]))
        refused(lab, "call-refused-503.xml")
        expect_empty(lab)


GCM_ONLY = {"srtp": "required", "keying": "[sdes]", "suites": "[AEAD_AES_256_GCM]"}


@case()
def no_acceptable_suite():
    """The Warning says which suites were offered and which are allowed; nothing is left behind."""
    with box(trunks={"carrier": GCM_ONLY}) as lab:
        refused(lab, "call-no-suite-488.xml")
        expect_empty(lab)


@case()
def plain_media_where_srtp_is_required():
    with box(trunks={"carrier": GCM_ONLY}) as lab:
        refused(lab, "call-plain-488.xml")
        expect_empty(lab)


@case()
def long_sip_message_in_fragments():
    """A request longer than a packet arrives: the rule that keeps media from the kernel leaves
    the later fragments of text alone."""
    for attach in ("xdp", "packet"):
        with box(attach, discard=False) as lab:
            own, there = lab.address("carrier"), lab.address("carrier", "box")
            phone = udp_in(lab.namespace("carrier"), own, 5060)
            phone.settimeout(2)
            padding = "".join(f"X-Padding: {'x' * 80}\r\n" for _ in range(30))
            phone.sendto((f"OPTIONS sip:{there} SIP/2.0\r\n"
                          f"Via: SIP/2.0/UDP {own}:5060;branch=z9hG4bKlong\r\n"
                          "From: <sip:a@example.org>;tag=1\r\nTo: <sip:b@example.org>\r\n"
                          "Call-ID: long\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n"
                          f"{padding}Content-Length: 0\r\n\r\n").encode(), (there, 5060))
            answer = phone.recv(4000)
            assert answer.startswith(b"SIP/2.0 200"), answer
            phone.close()
