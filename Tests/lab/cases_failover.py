# SPDX-License-Identifier: Apache-2.0
"""New calls when the first places that they go to do not answer."""

import time

from harness import box, case, expect_empty, wait_until
from wires import udp_in

SILENT_PORTS = (5071, 5072)


def add_trunks(lab, transport="udp", keys=""):
    """Trunks to ports of the service's host where nobody answers; calls to +1 try them first."""
    host = lab.address("service")
    with open(lab.config) as file:
        text = file.read()
    trunks = "".join(
        f"  - name: silent-{port}\n    listener: service-{transport}\n    realm: service\n"
        f"    peer: \"sip:{host}:{port};transport={transport}\"\n"
        # Requests from there are the service's: a source names one trunk.
        f"    sources: [\"198.18.2.{100 + index}\"]\n{keys}"
        for index, port in enumerate(SILENT_PORTS))
    names = ", ".join(f"silent-{port}" for port in SILENT_PORTS)
    text = text.replace("routes:\n", trunks + "routes:\n", 1)
    text = text.replace("\"+1\", to: service }", f"\"+1\", to: [{names}, service] }}", 1)
    with open(lab.config, "w") as file:
        file.write(text)


def figures(lab):
    return lab.ask("status")["calls"]


@case()
def third_target_answers():
    """Two silent targets and a third that answers: four seconds later than it would have."""
    with box(start=False) as lab:
        add_trunks(lab)
        lab.start()
        quiet = [udp_in(lab.namespace("service"), lab.address("service"), port)
                 for port in SILENT_PORTS]
        answering = lab.sipp("service", "answer-silent.xml", calls=1)
        time.sleep(0.3)
        began = time.monotonic()
        calling = lab.sipp("carrier", "call-silent.xml", target=lab.address("carrier", "box"),
                           seconds=1, port=5070)
        wait_until("the call is up", 10, lambda: any(
            call["state"] == "established" for call in lab.ask("calls")))
        took = time.monotonic() - began
        assert 3.9 <= took <= 6, took
        assert calling.wait(20) == 0, calling.errors()[:500]
        for phone in quiet:
            phone.settimeout(1)
            assert phone.recv(4000).startswith(b"INVITE sip:"), "no INVITE came"
            phone.close()
        assert figures(lab)["targets_tried"] == 2, figures(lab)
        answering.stop()
        expect_empty(lab)


@case()
def nobody_answers():
    """503 eight seconds after the INVITE, while its sender can still try elsewhere."""
    with box(start=False) as lab:
        add_trunks(lab)
        lab.start()
        # Of the service, too, nobody answers.
        quiet = [udp_in(lab.namespace("service"), lab.address("service"), port)
                 for port in (*SILENT_PORTS, 5060)]
        began = time.monotonic()
        calling = lab.sipp("carrier", "call-refused-503.xml",
                           target=lab.address("carrier", "box"), port=5080, media_port=40000)
        assert calling.wait(20) == 0, calling.errors()[:500]
        took = time.monotonic() - began
        assert 7.5 <= took <= 12, took
        assert figures(lab)["searches_failed"] == 1, figures(lab)
        for phone in quiet:
            phone.close()
        expect_empty(lab)


@case()
def connections_are_refused():
    """Over TCP a port where nobody listens costs no time."""
    with box(start=False, transport="tcp") as lab:
        add_trunks(lab, "tcp")
        lab.start()
        answering = lab.sipp("service", "answer-silent.xml", calls=1, transport="t1")
        time.sleep(0.3)
        began = time.monotonic()
        calling = lab.sipp("carrier", "call-silent.xml", target=lab.address("carrier", "box"),
                           seconds=1, port=5070, transport="t1")
        wait_until("the call is up", 10, lambda: any(
            call["state"] == "established" for call in lab.ask("calls")))
        assert time.monotonic() - began < 3
        assert calling.wait(20) == 0, calling.errors()[:500]
        assert figures(lab)["targets_tried"] == 2, figures(lab)
        answering.stop()
        expect_empty(lab)
