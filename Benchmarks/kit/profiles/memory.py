# SPDX-License-Identifier: Apache-2.0
"""Memory of a call: what grows when there are more of them."""

import machine
from peers.rtpengine import RtpEngine
from product import FastPath, Sessions, memif_realm
from result import LOWER

TITLE = "memory a call, beside rtpengine's"
SECONDS = (10, 3)
ROWS = {f"call.memory_bytes.{part}": ("bytes", LOWER) for part in ("hot", "total")}
SIZES = (1000, 9000)
PEER_SIZES = (500, 2500)


def run(bench):
    found = [_product(bench, calls) for calls in SIZES]
    bench.record("memory of the product", {"calls": SIZES, "bytes": found})
    peer = _peer(bench)
    calls = SIZES[1] - SIZES[0]
    fast_path = (found[1][0] - found[0][0]) / calls
    control = (found[1][1] - found[0][1]) / calls
    conditions = f"resident, {SIZES[0]:,} against {SIZES[1]:,} calls, tables sized for them"
    bench.row("call.memory_bytes.hot", fast_path,
              conditions=f"an upper bound: all that the fast path holds for a call; {conditions}")
    bench.row("call.memory_bytes.total", fast_path + control,
              ("rtpengine", peer), f"{conditions}; control side {control:,.0f}, without SIP")


def _product(bench, calls):
    """(resident bytes of the fast path, of the control side) with so many calls."""
    bench.say(f"{calls:,} calls")
    # Without huge pages: those come by the gigabyte and hide what is used.
    fastpath = FastPath(bench, memif_realm(bench.path("nobody.sock")), calls, huge=False)
    sessions = Sessions(bench, fastpath, calls)
    found = (machine.memory_bytes(fastpath.pid), machine.memory_bytes(sessions.pid))
    sessions.stop()
    fastpath.stop()
    return found


def _peer(bench):
    """Resident bytes a call of rtpengine, before media flows."""
    bench.say(f"rtpengine with {PEER_SIZES[1]:,} calls")
    peer = RtpEngine(bench)
    peer.set_up(PEER_SIZES[0])
    before = machine.memory_bytes(peer.child.pid)
    calls = PEER_SIZES[1] - PEER_SIZES[0]
    peer.set_up(calls, first=PEER_SIZES[0])
    bytes_a_call = (machine.memory_bytes(peer.child.pid) - before) / calls
    peer.stop()
    bench.record("memory of rtpengine", {"calls": PEER_SIZES, "bytes_a_call": bytes_a_call})
    return bytes_a_call
