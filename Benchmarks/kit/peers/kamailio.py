# SPDX-License-Identifier: Apache-2.0
"""Kamailio as a stateful proxy with dialog tracking and record-routing, and rtpengine in user space
that it lets anchor the media: what Debian ships for this product's job, in the box's namespace, on
the cores that this product's planes have."""

import os
import shutil
import time

import machine
from children import BenchError
from lab import SIDES, run

NG_PORT = 2223
PORTS = (10000, 64000)
CHILDREN = 2  # processes for each of its two sockets: four that work
DESCRIPTORS_A_CALL = 4  # RTP and RTCP on either side
PATIENCE_S = 20
MODULES = "/usr/lib/x86_64-linux-gnu/kamailio/modules/"
PROGRAMS = ("kamailio", "rtpengine")


def config_text(addresses, peer):
    """Its configuration. addresses: the box's, by side; peer: where calls of the carrier go."""
    carrier, service = (addresses[side] for side in SIDES)
    modules = "".join(f"loadmodule \"{name}.so\"\n" for name in (
        "tm", "tmx", "sl", "rr", "pv", "maxfwd", "textops", "siputils", "dialog", "rtpengine"))
    flags = "replace-origin replace-session-connection ICE=remove"
    return f"""#!KAMAILIO
debug=0
log_stderror=yes
fork=yes
children={CHILDREN}
disable_tcp=yes
auto_aliases=no
mhomed=1
listen=udp:{carrier}:5060
listen=udp:{service}:5060
mpath="{MODULES}"
{modules}
modparam("rtpengine", "rtpengine_sock", "udp:127.0.0.1:{NG_PORT}")
modparam("dialog", "hash_size", 16384)
modparam("rr", "enable_double_rr", 1)
request_route {{
  if (is_method("OPTIONS") && uri==myself) {{ sl_send_reply("200", "OK"); exit; }}
  if (!mf_process_maxfwd_header("10")) {{ sl_send_reply("483", "Too Many Hops"); exit; }}
  if (has_totag()) {{
    if (!loose_route()) {{ exit; }}
    if (is_method("BYE")) rtpengine_delete();
    t_relay();
    exit;
  }}
  if (!is_method("INVITE")) {{ sl_send_reply("405", "Method Not Allowed"); exit; }}
  dlg_manage();
  record_route();
  $du = "sip:{peer}:5060";
  rtpengine_offer("{flags} direction=carrier direction=service");
  t_on_reply("ANSWER");
  t_relay();
}}
onreply_route[ANSWER] {{
  if (has_body("application/sdp")) rtpengine_answer("{flags}");
}}
"""


def calls_at_most(descriptors):
    """Calls that rtpengine can hold with so many file descriptors."""
    return max(0, descriptors - 500) // DESCRIPTORS_A_CALL


class KamailioBox:
    """Both, running."""

    def __init__(self, bench, lab):
        self.bench, self.lab = bench, lab
        for program in PROGRAMS:
            if shutil.which(program) is None:
                raise BenchError(f"{program} is not installed")
        addresses = {side: lab.address(side, "box") for side in SIDES}
        box = lab.namespace("box")
        self.rtpengine = bench.children.start(
            "rtpengine", "rtpengine", "--config-file=none", "--table=-1",
            *(f"--interface={side}/{address}" for side, address in addresses.items()),
            f"--listen-ng=127.0.0.1:{NG_PORT}", f"--port-min={PORTS[0]}",
            f"--port-max={PORTS[1]}", "--foreground", "--log-stderr", "--log-level=3",
            "--tos=184", "--timeout=600", "--silent-timeout=3600", "--delete-delay=0",
            "--num-threads=1", namespace=box, cores=[bench.generator_core])
        path = os.path.join(lab.folder, "kamailio.cfg")
        with open(path, "w", encoding="utf-8") as file:
            file.write(config_text(addresses, lab.address("service")))
        time.sleep(1)
        self.kamailio = bench.children.start(
            "kamailio", "kamailio", "-f", path, "-DD", "-E", "-m", 1024, "-M", 32,
            "-P", os.path.join(lab.folder, "kamailio.pid"), "-Y", lab.folder,
            namespace=box, cores=[bench.relay_core])
        self.kamailio.until(self._listens, PATIENCE_S, "does not listen")
        time.sleep(1)

    def _listens(self):
        text = self.lab.inside("box", "cat", "/proc/net/udp", check=False).stdout
        return sum(line.split()[1].endswith(":13C4") for line in text.splitlines()[1:]) >= 2

    def cpu_ns(self):
        """Run time until now of all processes and threads, by program."""
        found = dict.fromkeys(PROGRAMS, 0)
        for pid in run("ip", "netns", "pids", self.lab.namespace("box")).stdout.split():
            try:
                with open(f"/proc/{pid}/comm", encoding="ascii") as file:
                    name = file.read().strip()
            except OSError:
                continue
            if name in found:
                found[name] += machine.cpu_ns(pid)
        return found

    def close(self):
        self.kamailio.stop()
        self.rtpengine.stop()
