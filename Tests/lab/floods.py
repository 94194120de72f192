# SPDX-License-Identifier: Apache-2.0
"""Floods of signalling, what must not notice them, and where their messages ended."""

import json
import os
import re
import shutil
import subprocess
import threading
import time

from agents import Agent
from harness import Skipped, expect_empty, wait_until
from lab import ROOT
from phones import make_speech

HERE = os.path.dirname(os.path.abspath(__file__))
HELD = 20  # calls without media of their own that are up all the time
RATE = 50  # new calls a second beside them
COMPLETE = 0.999  # of those


def compiler():
    found = shutil.which("clang") or shutil.which("cc")
    if not found:
        raise Skipped("there is no C compiler for the flooder")
    return found


class Flood:
    """Datagrams from made-up addresses of a side; `texts` in turn."""

    def __init__(self, lab, side, texts, rate, seconds, first, sources=1, port=0):
        program = os.path.join(lab.folder, "flooder")
        if not os.path.exists(program):
            subprocess.run((compiler(), "-O2", "-o", program, os.path.join(HERE, "flooder.c")),
                           check=True)
        files = []
        for number, text in enumerate(texts):
            files.append(os.path.join(lab.folder, f"flood-{number}"))
            with open(files[-1], "wb") as file:
                file.write(text)
        mac = lab.inside("box", "cat", f"/sys/class/net/to-{side}/address").stdout.strip()
        self.process = lab.spawn(
            side, program, "to-box", mac, first, str(sources), str(port), lab.address(side, "box"), "5060",
            str(rate), str(seconds), *files, stdout=subprocess.PIPE)

    def result(self):
        return json.loads(self.process.communicate(timeout=120)[0])


def request(method, own, box, number="+15550100", extra="", body="", port=5060):
    """A request as a peer at `own` could have sent it; "########" makes each one new."""
    return (f"{method} sip:{number}@{box} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {own}:{port};branch=z9hG4bK########\r\n"
            f"From: <sip:flood@{own}>;tag=########\r\nTo: <sip:{number}@{box}>\r\n"
            f"Call-ID: ########@{own}\r\nCSeq: 1 {method}\r\nMax-Forwards: 70\r\n"
            f"Contact: <sip:flood@{own}:{port}>\r\n{extra}"
            f"Content-Length: {len(body)}\r\n\r\n{body}").encode()


class KernelDrops:
    """What the kernel of the box dropped of UDP since the look before."""

    def __init__(self, lab):
        self.lab = lab
        self.first = self._look()

    def _look(self):
        rows = [line.split() for line in self.lab.inside("box", "cat", "/proc/net/snmp")
                .stdout.splitlines() if line.startswith("Udp:")]
        snmp = dict(zip(rows[0][1:], map(int, rows[1][1:])))
        sockets = 0
        for line in self.lab.inside("box", "cat", "/proc/net/udp").stdout.splitlines()[1:]:
            fields = line.split()
            if fields[1].endswith(":13C4"):
                sockets += int(fields[-1])
        return {"sockets": sockets, "buffer": snmp["RcvbufErrors"], "errors": snmp["InErrors"],
                "taken": snmp["InDatagrams"]}

    def since(self):
        now = self._look()
        figures = {name: now[name] - self.first[name] for name in now}
        # A socket's filter counts as an error of the datagram, as a full buffer does.
        return {"dropped_by_filter": figures["errors"] - figures["buffer"],
                "dropped_buffer_full": figures["buffer"], "dropped_by_sockets": figures["sockets"],
                "taken_by_sockets": figures["taken"]}


def edge_drops(lab):
    status = lab.ask("status")
    return {f"{part}.{name}": value for part in ("edge", "tls", "sip", "calls")
            for name, value in status[part].items() if isinstance(value, int)}


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Bystanders:
    """Calls that are up, and new ones, which a flood must not harm.

    `prepare` is given the laboratory once calls can be made. `via`: where the new calls go to
    instead of to the box itself."""

    def __init__(self, lab, seconds, transport="u1", via=None, prepare=None):
        self.lab, self.seconds = lab, seconds
        self.box = lab.address("carrier", "box")
        self.transport, self.via = transport, via or self.box
        said = os.path.join(lab.folder, "speech.wav")
        make_speech(said, 20, 1)
        self.answering = lab.sipp("service", "answer-silent.xml", calls=10_000)
        time.sleep(0.3)
        self.prepared = prepare(lab) if prepare else None
        self.held = self._sipp("call-silent.xml", HELD, 20, seconds + 6, 5080)
        self.callee = Agent(lab, "carrier", "callee", "plain", said, "+445550199")
        self.caller = Agent(lab, "service", "caller", "plain", said, sip_port=5072,
                            rtp_port=31000)
        self.caller.call(f"sip:+445550199@{lab.address('service', 'box')}")
        wait_until("the calls are up", 15, lambda: len(
            [c for c in lab.ask("calls") if c["state"] == "established"]) == HELD + 1)
        time.sleep(0.5)
        self.before = [agent.figures() for agent in (self.caller, self.callee)]
        self.drops, self.edge = KernelDrops(lab), edge_drops(lab)
        self.cpu = cpu_seconds(lab.control.pid())
        self.began = time.monotonic()

    def _sipp(self, scenario, calls, rate, seconds, port):
        return self.lab.sipp("carrier", scenario, target=self.via, calls=calls,
                             rate=rate, limit=calls, seconds=seconds, port=port,
                             transport=self.transport, media_port=40_000 + port)

    def call(self):
        """The new calls, for as long as the flood lasts."""
        self.new = self._sipp("call-silent.xml", RATE * self.seconds, RATE, 0.5, 5090)

    def account(self, offered):
        """Prints and gives what became of everything so far."""
        kernel = self.drops.since()
        now = edge_drops(self.lab)
        product = {name: now[name] - self.edge[name] for name in now
                   if now[name] != self.edge[name]}
        share = (cpu_seconds(self.lab.control.pid()) - self.cpu) / (time.monotonic() - self.began)
        print(f"  offered: {offered}\n  kernel: {kernel}\n  product: {product}\n"
              f"  control plane: {share:.2f} of a core")
        return kernel, product

    def expect_unharmed(self):
        assert self.new.wait(self.seconds + 45) is not None, "new calls did not end"
        figures = self.new.figures()
        retransmitted = re.search(r"^\s*INVITE -+>\s+\d+\s+(\d+)", self._screen(), re.M)
        print(f"  new calls: {figures}, INVITEs sent again: "
              f"{retransmitted.group(1) if retransmitted else 'unknown'}")
        asked = RATE * self.seconds
        assert figures["successful"] >= asked * COMPLETE, (figures, self.new.errors()[:800])
        time.sleep(0.3)
        for agent, then in zip((self.caller, self.callee), self.before):
            now = agent.figures()
            heard, lost = (now[name] - then[name] for name in ("packets", "lost"))
            print(f"  {agent.name} heard {heard} packets, {lost} lost, longest gap {now['gap']} s")
            assert heard >= (self.seconds - 1) * 50 * 0.98, now
            # Loss between the wire and the relay is no fault of signalling; it is counted there.
            assert lost <= self.lab.kernel_losses(), now
        # In-dialog requests work on.
        self.caller.hold()
        self.callee.wait_for("reinvited")
        self.caller.resume()
        self.callee.wait_for("reinvited")
        self.caller.hang_up()
        self.callee.wait_for("closed")
        assert self.held.wait(self.seconds + 40) == 0, (
            self.held.figures(), self.held.errors()[:800])
        assert not self.lab.control.exits and not self.lab.fastpath.exits
        self.answering.stop()
        self.caller.close()
        self.callee.close()
        # A BYE or an ACK that was lost takes 64·T1 twice, a call that a replay began the time
        # of media too.
        expect_empty(self.lab, 75 if self.seconds < 60 else 200)

    def _screen(self):
        try:
            with open(os.path.join(self.new.folder, "screen.log"), errors="replace") as file:
                return file.read()
        except OSError:
            return ""


class Peak(threading.Thread):
    """The highest value of a figure while something happens."""

    def __init__(self, look):
        super().__init__(daemon=True)
        self.look, self.value, self.going = look, 0, True
        self.start()

    def run(self):
        while self.going:
            self.value = max(self.value, self.look())
            time.sleep(0.25)

    def end(self):
        self.going = False
        self.join()
        return self.value
