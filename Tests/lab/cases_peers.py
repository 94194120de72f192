# SPDX-License-Identifier: Apache-2.0
"""Peers by name: where they are, how they are, and where calls go."""

import contextlib
import json
import os
import signal
import sys
import time

from harness import box, case, expect_empty, wait_until
from wires import udp_in

NAME = "hub.lab.example"
SERVICE = f"_sip._udp.{NAME}"
FIRST, SECOND = 5060, 5062


class Zone:
    """The DNS of the laboratory, at the service's address."""

    def __init__(self, lab):
        self.lab, self.path = lab, os.path.join(lab.folder, "zone.json")
        self.address = lab.address("service")
        self.process = None
        self.write(FIRST, SECOND)

    def write(self, first, second):
        """Both hosts are the service; the ports tell the peers apart."""
        records = {f"{SERVICE} SRV": [[1, 0, first, f"one.{NAME}", 5],
                                      [2, 0, second, f"two.{NAME}", 5]],
                   f"one.{NAME} A": [[self.address, 5]], f"two.{NAME} A": [[self.address, 5]],
                   f"{NAME} NAPTR": [[10, 10, "s", "SIP+D2U", SERVICE, 5]]}
        with open(self.path + ".new", "w") as file:
            json.dump(records, file)
        os.rename(self.path + ".new", self.path)

    def start(self):
        program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "dns_server.py")
        self.process = self.lab.spawn("service", sys.executable, program, self.address, "5353",
                                      self.path)

    def stop(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextlib.contextmanager
def box_by_name(dns=True, peer=f"peer: \"sip:{NAME}\"", interval=1):
    """A box whose service has a name. No source is configured: they follow the name."""
    with box(start=False) as lab:
        zone = Zone(lab)
        if dns:
            zone.start()
        with open(lab.config) as file:
            text = file.read()
        own = lab.address("service")
        old = f"    peer: \"sip:{own}:5060;transport=udp\"\n    sources: [\"{own}\"]\n"
        assert old in text
        text = text.replace(
            old, f"    {peer}\n    options-interval-seconds: {interval}\n")
        text += f"dns: {{ servers: [\"{own}:5353\"], timeout-ms: 300, attempts: 1 }}\n"
        with open(lab.config, "w") as file:
            file.write(text)
        lab.start()
        yield lab, zone


def peers(lab):
    """{port: state} of the service's peers."""
    return {int(peer["address"].rsplit(":", 1)[1]): peer["state"]
            for peer in lab.ask("peers") if peer["trunk"] == "service" and peer["address"]}


def answering(lab, port):
    """A SIPp that answers calls and OPTIONS at a port of the service."""
    return lab.sipp("service", "answer-silent.xml", calls=1000, port=port,
                    media_port=10000 + 100 * (port - FIRST))


def place_call(lab):
    calling = lab.sipp("carrier", "call-silent.xml", target=lab.address("carrier", "box"),
                       seconds=1, port=5080)
    return calling.wait(40), calling


def taken(sipp):
    """Calls that SIPp carried to their end."""
    time.sleep(2.2)  # its statistics are written once a second, its calls linger for one
    return sipp.figures()["successful"]


def expect_call(lab, sipp):
    """One call, and this SIPp gets it."""
    before = taken(sipp)
    status, calling = place_call(lab)
    assert status == 0, calling.errors()[:800]
    assert taken(sipp) == before + 1, f"the call went elsewhere: {lab.ask('peers')}"


@case()
def peer_by_name_killed_and_back():
    """SRV names two peers: calls go to the first while it lives, and past it while it does not."""
    with box_by_name() as (lab, _):
        first, second = answering(lab, FIRST), answering(lab, SECOND)
        wait_until("both peers are up", 15, lambda: peers(lab) == {FIRST: "up", SECOND: "up"})
        wait_until("OPTIONS are answered", 15, lambda: all(
            peer["options_ms"] is not None for peer in lab.ask("peers")
            if peer["trunk"] == "service"))
        expect_call(lab, first)
        os.killpg(first.process.pid, signal.SIGKILL)
        first.process.wait()
        wait_until("the first is down", 30, lambda: peers(lab)[FIRST] == "down")
        assert peers(lab)[SECOND] == "up"
        expect_call(lab, second)
        first = answering(lab, FIRST)
        wait_until("the first is up again", 30, lambda: peers(lab)[FIRST] == "up")
        expect_call(lab, first)
        log = lab.control.log()
        told = [line for line in log.splitlines() if f":{FIRST}: " in line and " to " in line]
        assert [line.split(" to ")[1].split()[0] for line in told] == [
            "demoted", "down", "demoted", "up"], told
        # An operator takes it out of use, and gives it back.
        own = f"{lab.address('service')}:{FIRST}"
        assert lab.ask("peer", "drain", "service", own)["peers"] == 1
        assert peers(lab)[FIRST] == "draining"
        expect_call(lab, second)
        lab.ask("peer", "resume", "service", own)
        expect_call(lab, first)
        expect_empty(lab)


@case()
def silent_peers_are_down():
    """Peers that listen and say nothing: new calls are refused at once, OPTIONS go on, and the
    trunk returns by itself."""
    with box_by_name() as (lab, _):
        own = lab.address("service")
        silent = [udp_in(lab.namespace("service"), own, port) for port in (FIRST, SECOND)]
        wait_until("both are down", 30,
                   lambda: peers(lab) == {FIRST: "down", SECOND: "down"})
        assert any("no peer answers" in text for text in lab.ask("status")["conditions"])
        started = time.monotonic()
        calling = lab.sipp("carrier", "call-refused-503.xml", port=5080,
                           target=lab.address("carrier", "box"))
        assert calling.wait(15) == 0, calling.errors()[:800]
        assert time.monotonic() - started < 4
        assert lab.ask("status")["calls"]["refused_no_peer"] == 1
        for one in silent:
            one.close()
        first = answering(lab, FIRST)
        wait_until("the first is up", 30, lambda: peers(lab)[FIRST] == "up")
        expect_call(lab, first)


@case()
def names_that_move_and_a_dns_that_dies():
    """The node starts without a DNS; then the name leads somewhere, then elsewhere, and where it
    led last when the DNS is gone."""
    with box_by_name(dns=False) as (lab, zone):
        wait_until("the status says why", 15, lambda: any(
            NAME in text and "no call can go there" in text
            for text in lab.ask("status")["conditions"]))
        calling = lab.sipp("carrier", "call-refused-503.xml", port=5080,
                           target=lab.address("carrier", "box"))
        assert calling.wait(15) == 0, calling.errors()[:800]
        first, second = answering(lab, FIRST), answering(lab, SECOND)
        zone.start()
        wait_until("the name leads somewhere", 30,
                   lambda: peers(lab) == {FIRST: "up", SECOND: "up"})
        expect_call(lab, first)
        zone.write(SECOND, FIRST)
        wait_until("the name leads elsewhere", 15, lambda: [
            peer["address"].rsplit(":", 1)[1] for peer in lab.ask("peers")
            if peer["trunk"] == "service"] == [str(SECOND), str(FIRST)])
        expect_call(lab, second)
        zone.stop()
        wait_until("the answer is stale", 30, lambda: lab.ask("status")["dns"]["stale"] == 1)
        wait_until("the status says why", 10, lambda: any(
            "it counts as where it was" in text for text in lab.ask("status")["conditions"]))
        expect_call(lab, second)
        zone.start()
        wait_until("the DNS is back", 70, lambda: lab.ask("status")["dns"]["stale"] == 0)
        assert not any(NAME in text for text in lab.ask("status")["conditions"])
        table = lab.inside("box", os.path.join(lab.bin, "trunkline"), "peers", "--directory",
                           lab.runtime).stdout
        rows = [line for line in table.splitlines() if NAME in line]
        assert len(rows) == 2 and len({line.index(NAME) for line in rows}) == 1, table


@case()
def a_list_of_peers():
    """Peers in an order, by address, are tried in this order without any DNS."""
    with box_by_name(dns=False, peer="peers: [\"sip:198.18.2.2:5062\", \"sip:198.18.2.2\"]") as (
            lab, _):
        first, second = answering(lab, FIRST), answering(lab, SECOND)
        wait_until("both peers are up", 15, lambda: peers(lab) == {FIRST: "up", SECOND: "up"})
        expect_call(lab, second)
        os.killpg(second.process.pid, signal.SIGKILL)
        second.process.wait()
        wait_until("it is down", 30, lambda: peers(lab)[SECOND] == "down")
        expect_call(lab, first)
