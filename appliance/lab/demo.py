# SPDX-License-Identifier: Apache-2.0
"""What `appliance/run` does once everything is installed and built: calls through the box."""

import argparse
import json
import os
import signal
import sys
import time

from capture import repeat_capture
from lab import Lab, LabError, SIDES

RATE = 10  # new calls a second and direction


def arguments():
    parser = argparse.ArgumentParser(
        prog="appliance/run",
        description="Places real telephone calls through the box and accounts for every packet.")
    parser.add_argument("--lab", choices=("plain", "teams"), default="plain",
                        help="plain: SIPp at both sides (default); teams: a carrier and a "
                             "simulated hub of Microsoft Teams, with a configuration of twelve "
                             "lines, a tenant and its numbers, scenario by scenario; takes --json")
    parser.add_argument("--calls", type=int, metavar="N",
                        help="calls to place, half in each direction (default 20)")
    parser.add_argument("--seconds", type=int, metavar="S",
                        help="length of each call (default 10)")
    parser.add_argument("--attach", choices=("xdp", "packet"),
                        help="how the fast path attaches to its interfaces (default xdp)")
    parser.add_argument("--keep", action="store_true",
                        help="leave the box running afterwards, until Ctrl-C")
    parser.add_argument("--json", action="store_true",
                        help="print one JSON object instead of tables")
    parser.add_argument("--check-arguments", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.lab == "teams":
        for name in ("calls", "seconds", "attach", "keep"):
            if getattr(chosen, name):
                parser.error(f"--{name} is of --lab plain; --lab teams takes --json")
        return chosen
    chosen.calls, chosen.seconds = default(chosen.calls, 20), default(chosen.seconds, 10)
    chosen.attach = chosen.attach or "xdp"
    if not 1 <= chosen.calls <= 2000:
        parser.error("--calls takes 1 to 2000")
    if not 1 <= chosen.seconds <= 3600:
        parser.error("--seconds takes 1 to 3600")
    return chosen


def default(value, otherwise):
    return otherwise if value is None else value


def say(text):
    print(text, file=sys.stderr, flush=True)


def table(rows, head):
    """Rows of text as aligned columns: words to the left, numbers to the right."""
    cells = [head] + [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    numeric = [all(row[c].replace(".", "").replace("-", "").isdigit() for row in cells[1:])
               for c in range(len(head))]
    lines = []
    for row in cells:
        lines.append("  ".join(
            row[c].rjust(widths[c]) if numeric[c] else row[c].ljust(widths[c])
            for c in range(len(head))).rstrip())
    return "\n".join(lines)


class LiveTable:
    """Redraws itself on a terminal; elsewhere prints one line each time."""

    CALLS_SHOWN = 8

    def __init__(self, quiet):
        self.quiet = quiet
        self.height = 0

    def show(self, lab):
        if self.quiet:
            return
        calls = lab.ask("calls", check=False) or []
        status = lab.ask("status", check=False) or {}
        drops = lab.ask("drops", check=False) or {}
        ended = status.get("calls", {}).get("ended", 0)
        head = f"calls: {len(calls)} up, {ended} ended"
        sums = self.sums(calls)
        named = {name: n for name, n in drops.get("drops", {}).items() if n}
        last = "drops: " + (", ".join(f"{k} {v}" for k, v in named.items()) or "none")
        if not sys.stdout.isatty():
            legs = "; ".join(
                f"{side} in {t['in']} out {t['out']} lost {t['lost']} jitter {t['jitter']:.1f} ms"
                for side, t in sums.items())
            print(f"{head}; {legs}; {last}", flush=True)
            return
        text = [head, table(
            [[side, t["in"], t["out"], t["lost"], f"{t['jitter']:.1f}"]
             for side, t in sums.items()],
            ["legs of live calls", "packets in", "packets out", "lost", "worst jitter ms"])]
        rows = [[call["id"], leg["realm"], leg["packets_in"], leg["packets_out"], leg["lost"],
                 f"{leg['jitter_ms']:.1f}"]
                for call in calls[:self.CALLS_SHOWN] for leg in call["legs"]]
        if rows:
            text.append(table(rows, ["call", "leg", "in", "out", "lost", "jitter ms"]))
        if len(calls) > self.CALLS_SHOWN:
            text.append(f"and {len(calls) - self.CALLS_SHOWN} more calls")
        self.draw("\n".join(text + [last]))

    @staticmethod
    def sums(calls):
        totals = {side: {"in": 0, "out": 0, "lost": 0, "jitter": 0.0} for side in SIDES}
        for call in calls:
            for leg in call["legs"]:
                total = totals.get(leg["realm"])
                if total is not None:
                    total["in"] += leg["packets_in"]
                    total["out"] += leg["packets_out"]
                    total["lost"] += leg["lost"]
                    total["jitter"] = max(total["jitter"], leg["jitter_ms"])
        return totals

    def draw(self, text):
        if self.height:
            print(f"\033[{self.height}A\033[J", end="")
        print(text, flush=True)
        self.height = text.count("\n") + 1


def place_calls(lab, chosen, live):
    """Calls in both directions at once; gives (attempted, completed)."""
    media = os.path.join(lab.folder, "media.pcap")
    repeat_capture("/usr/share/sip-tester/g711a.pcap", media, chosen.seconds)
    answering = [lab.sipp(side, "answer.xml", calls=100000, pcap=media) for side in SIDES]
    time.sleep(0.3)
    half = [chosen.calls - chosen.calls // 2, chosen.calls // 2]
    plan = [("carrier", "+15550100", half[0]), ("service", "+445550100", half[1])]
    calling = [
        lab.sipp(side, "call.xml", target=lab.address(side, "box"), number=number, calls=count,
                 rate=RATE, seconds=chosen.seconds, port=5070, media_port=35000, pcap=media)
        for side, number, count in plan if count]
    deadline = time.monotonic() + chosen.calls / RATE + chosen.seconds + 60
    while any(sipp.process.poll() is None for sipp in calling):
        if time.monotonic() > deadline:
            break
        live.show(lab)
        time.sleep(1)
    live.show(lab)
    for sipp in calling + answering:
        sipp.stop()
    completed = sum(sipp.figures()["successful"] for sipp in calling)
    for sipp in calling:
        if sipp.errors():
            say("SIPp said: " + sipp.errors().strip()[:500])
    return chosen.calls, completed


def settle(lab, seconds=15):
    """Waits until no call is up and no more packets move, and gives the last figures."""
    deadline = time.monotonic() + seconds
    while lab.ask("calls") and time.monotonic() < deadline:
        time.sleep(0.2)
    return lab.settled(seconds)


def account(lab, figures):
    """The summary's packets, and whether they add up on the box and on the wires."""
    packets = figures["packets"]
    dropped = {name: n for name, n in figures["drops"].items() if n}
    sent = received = 0
    for side in SIDES:
        counts = lab.media_counts(side)
        sent += counts[0]
        received += counts[1]
    inside = figures["exact"]
    # not_media is what the kernel handles too (ARP, SIP): packet attach shows it to us.
    media_in = packets["received"] - dropped.get("not_media", 0)
    lost_by_kernel = lab.kernel_losses()
    wires = sent == media_in + lost_by_kernel and received == packets["sent"]
    return {
        "received": packets["received"], "forwarded": packets["forwarded"],
        "delivered": packets["delivered"] + packets["consumed"],
        "generated": packets["generated"], "dropped": dropped, "exact": inside and wires,
        "sent_by_peers": sent, "lost_by_kernel": lost_by_kernel, "received_by_peers": received,
    }


def summary(calls, packets):
    print()
    print(f"calls: {calls['completed']} of {calls['attempted']} completed")
    show_packets(packets)


def show_packets(packets):
    dropped = sum(packets["dropped"].values())
    print(table([
        ["sent by the peers", packets["sent_by_peers"]],
        ["lost by the kernel before the box", packets["lost_by_kernel"]],
        ["received by the box", packets["received"]],
        ["  relayed", packets["forwarded"]],
        ["  for the box itself (RTCP)", packets["delivered"]],
        ["  dropped", dropped],
        ["made by the box (RTCP)", packets["generated"]],
        ["received by the peers: relayed and made", packets["received_by_peers"]],
    ], ["packets", "count"]))
    print("dropped: " + (", ".join(f"{k} {v}" for k, v in packets["dropped"].items()) or "none"))
    if "no_flow" in packets["dropped"]:
        print("  (no_flow: media that was still under way when its call ended)")
    print("every packet is accounted for" if packets["exact"]
          else "THE PACKETS DO NOT ADD UP")


def keep(lab):
    lab.release_media()
    print(f"""
The box is running, configured by {lab.config}. Ctrl-C ends it and removes everything.
Nobody answers any more; something that does, on the service side:
      ip netns exec {lab.namespace('service')} sipp -sn uas -i {lab.address('service')}
  SIP, carrier side:  sip:+1...@{lab.address('carrier', 'box')}  (calls go to the service)
  SIP, service side:  sip:+44...@{lab.address('service', 'box')}  (calls go to the carrier)
  a shell where a carrier's softphone lives ({lab.address('carrier')}):
      ip netns exec {lab.namespace('carrier')} bash
  the command line of the box:
      ip netns exec {lab.namespace('box')} {lab.bin}/trunkline status --directory {lab.runtime}
""", flush=True)
    while True:
        signal.pause()


def interrupted(*_):
    raise KeyboardInterrupt


def main():
    signal.signal(signal.SIGTERM, interrupted)
    signal.signal(signal.SIGINT, interrupted)
    chosen = arguments()
    if chosen.check_arguments:
        return 0
    if chosen.lab == "teams":
        import teams  # needs what a plain run does without
        return teams.main(chosen)
    lab = None
    try:
        lab = Lab(attach=chosen.attach)
        say("making namespaces for a carrier, the box and a service")
        lab.make_namespaces()
        lab.count_media()
        lab.write_config()
        say(f"starting both planes ({chosen.attach})")
        lab.start()
        say(f"placing {chosen.calls} calls of {chosen.seconds} s, half in each direction")
        attempted, completed = place_calls(lab, chosen, LiveTable(chosen.json))
        calls = {"attempted": attempted, "completed": completed}
        packets = account(lab, settle(lab))
        if chosen.json:
            print(json.dumps({"calls": calls, "packets": packets}))
        else:
            summary(calls, packets)
        if chosen.keep:
            keep(lab)
        return 0 if completed == attempted and packets["exact"] else 1
    except KeyboardInterrupt:
        say("\ninterrupted: cleaning up")
        return 130
    except LabError as error:
        say(f"appliance/run: {error}")
        return 1
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if lab:
            lab.close()


if __name__ == "__main__":
    sys.exit(main())
