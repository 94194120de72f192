# SPDX-License-Identifier: Apache-2.0
"""Kamailio as a carrier's proxy: it stays in the path by Record-Route and forks by number."""

import os
import re
import signal
import subprocess
import time

from harness import wait_until

MODULES = "/usr/lib/x86_64-linux-gnu/kamailio/modules"
# Behind it, by port; all at the carrier's address.
CALLER, FIRST, SECOND = 5070, 5072, 5074
ONE, BOTH, IN_TURN = "+445550101", "+445550102", "+445550103"

CONFIG = """
#!KAMAILIO
debug=2
log_stderror=yes
memdbg=5
memlog=5
children=2
tcp_children=2
auto_aliases=no
listen=udp:{own}:5060
listen=tcp:{own}:5060
mpath="{modules}"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "maxfwd.so"
loadmodule "xlog.so"
loadmodule "tmx.so"
loadmodule "corex.so"
modparam("rr", "enable_full_lr", 1)
modparam("tm", "fr_timer", 3000)
modparam("tm", "fr_inv_timer", 30000)

request_route {{
    if (!mf_process_maxfwd_header("10")) {{ sl_send_reply("483", "Too Many Hops"); exit; }}
    xlog("L_NOTICE", "SEEN $rm $proto from $si:$sp tag=$tt route=$hdr(Route)\\n");
    if (is_method("CANCEL")) {{
        if (t_check_trans()) t_relay();
        exit;
    }}
    if (has_totag()) {{
        if (loose_route()) {{ t_relay(); exit; }}
        if (is_method("ACK") && t_check_trans()) {{ t_relay(); exit; }}
        if (!is_method("ACK")) sl_send_reply("404", "No such dialog here");
        exit;
    }}
    if (is_method("OPTIONS")) {{ sl_send_reply("200", "OK"); exit; }}
    if (!is_method("INVITE")) {{ sl_send_reply("405", "Method Not Allowed"); exit; }}
    t_check_trans();
    record_route();
    if (src_ip != {box}) {{
        $du = "sip:{box}:5060;transport={transport}";
        t_relay();
        exit;
    }}
    if ($rU == "{both}") {{
        $du = "sip:{own}:{second};transport={behind}";
        append_branch();
    }}
    if ($rU == "{in_turn}") {{
        $du = "sip:{own}:{second};transport={behind}";
        t_on_failure("NEXT");
    }} else $du = "sip:{own}:{first};transport={behind}";
    t_relay();
}}

failure_route[NEXT] {{
    if (t_is_canceled()) exit;
    $du = "sip:{own}:{first};transport={behind}";
    t_relay();
}}
"""


class Kamailio:
    """Listens at the carrier's port 5060; ended with the laboratory."""

    def __init__(self, lab, transport="udp"):
        path = os.path.join(lab.folder, "kamailio.cfg")
        with open(path, "w") as file:
            file.write(CONFIG.lstrip().format(
                own=lab.address("carrier"), box=lab.address("carrier", "box"), modules=MODULES,
                transport=transport, behind=transport, both=BOTH, in_turn=IN_TURN, first=FIRST,
                second=SECOND))
        self.log = os.path.join(lab.folder, "kamailio.log")
        with open(self.log, "wb") as log:
            self.process = lab.spawn(
                "carrier", "kamailio", "-f", path, "-DD", "-E", "-m", "32", "-M", "4",
                "-Y", lab.folder, "-P", os.path.join(lab.folder, "kamailio.pid"),
                stdout=log, stderr=subprocess.STDOUT)
        port = f"{lab.address('carrier')}:5060"
        wait_until("Kamailio listens", 10, lambda: port in lab.inside(
            "carrier", "ss", "-Hltn").stdout)
        time.sleep(0.3)

    def seen(self):
        """[(method, transport, source, to tag, route)] of the requests that it took."""
        with open(self.log, errors="replace") as file:
            return re.findall(r"SEEN (\S+) (\S+) from (\S+) tag=(\S+) route=(.*)", file.read())

    def stop(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(10)
