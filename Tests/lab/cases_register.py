# SPDX-License-Identifier: Apache-2.0
"""Kamailio as the carrier: a registrar and a proxy that asks for credentials. The box registers,
calls and is called. The carrier's telephones are SIPp, at other ports of the same address."""

import contextlib
import os
import shutil
import signal
import subprocess
import time

from harness import Skipped, box, case, expect_empty, wait_until

USER, PASSWORD, REALM = "+15550199", "wrong horse", "carrier.example"
PHONE_PORT = 5070  # of the telephone behind the proxy

# The password stands here since Kamailio's table of users needs a database of its own.
PROXY = """
debug=2
log_stderror=yes
children=2
auto_aliases=no
listen=udp:{address}:5060
alias="{realm}"
loadmodule "tm.so"
loadmodule "tmx.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "maxfwd.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"
loadmodule "kex.so"
loadmodule "ctl.so"
modparam("ctl", "binrpc", "unix:{folder}/ctl")
modparam("usrloc", "db_mode", 0)
modparam("registrar", "max_expires", {expires})
modparam("registrar", "min_expires", {least})
modparam("auth", "nonce_expire", {nonce_expire})
modparam("auth", "nonce_count", 1)
modparam("auth", "qop", "auth")
modparam("auth", "algorithm", "{algorithm}")

request_route {{
    if (!mf_process_maxfwd_header("10")) exit;
    if (is_method("CANCEL")) {{ if (t_check_trans()) t_relay(); exit; }}
    if (is_method("OPTIONS")) {{ sl_send_reply("200", "OK"); exit; }}
    if (is_method("REGISTER")) {{
        route(ASK);
        if ($(hdr(Expires){{s.int}}) > 0 && $(hdr(Expires){{s.int}}) < {least}) {{
            append_to_reply("Min-Expires: {least}\\r\\n");
            sl_send_reply("423", "Interval Too Brief");
            exit;
        }}
        if (!save("location")) sl_reply_error();
        exit;
    }}
    if (has_totag()) {{
        if (is_method("ACK") && !loose_route()) {{ if (t_check_trans()) t_relay(); exit; }}
        if (!is_method("ACK")) {{
            if ($si == "{box}") route(ASK);
            loose_route();
        }}
        t_relay();
        exit;
    }}
    if (is_method("INVITE")) record_route();
    if ($si == "{box}") {{
        route(ASK);
        $du = "sip:{address}:{phone}";
        t_relay();
        exit;
    }}
    # A telephone of ours calls who registered.
    $ru = "sip:{user}@{realm}";
    if (!lookup("location")) {{ sl_send_reply("404", "Not registered"); exit; }}
    t_relay();
}}

route[ASK] {{
    if (is_method("REGISTER")) {{
        if (!pv_www_authenticate("{realm}", "{password}", "0")) {{
            www_challenge("{realm}", "1");
            exit;
        }}
    }} else if (!pv_proxy_authenticate("{realm}", "{password}", "0")) {{
        proxy_challenge("{realm}", "1");
        exit;
    }}
    consume_credentials();
}}
"""


class Carrier:
    """A running Kamailio."""

    def __init__(self, lab, **settings):
        values = dict(address=lab.address("carrier"), box=lab.address("carrier", "box"),
                      realm=REALM, user=USER, password=PASSWORD, phone=PHONE_PORT, expires=3600,
                      least=60, nonce_expire=300, algorithm="SHA-256")
        values.update(settings)
        self.lab, self.folder = lab, os.path.join(lab.folder, "kamailio")
        values["folder"] = self.folder
        os.makedirs(self.folder, exist_ok=True)
        self.config = os.path.join(self.folder, "kamailio.cfg")
        with open(self.config, "w") as file:
            file.write(PROXY.format(**values))
        self.log = os.path.join(self.folder, "log")
        self.process = None
        self.start()

    def start(self):
        self.process = self.lab.spawn(
            "carrier", "kamailio", "-DD", "-E", "-f", self.config, "-Y", self.folder, "-m", "16",
            "-M", "4", "-w", self.folder, stdout=subprocess.DEVNULL, stderr=open(self.log, "ab"))
        wait_until("Kamailio listens", 15, self.listens)

    def listens(self):
        assert self.process.poll() is None, f"Kamailio ended:\n{self.said()}"
        text = self.lab.inside("carrier", "ss", "-Hlun").stdout
        return f"{self.lab.address('carrier')}:5060" in text

    def said(self):
        with open(self.log, errors="replace") as file:
            return file.read()[-2000:]

    def bindings(self):
        """What it knows of who is registered."""
        return self.lab.inside("carrier", "kamcmd", "-s", f"unix:{self.folder}/ctl",
                               "ul.dump").stdout

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextlib.contextmanager
def registered_box(carrier=None, **trunk):
    """A box whose carrier trunk registers with Kamailio."""
    if not shutil.which("kamailio"):
        raise Skipped("kamailio is not installed")
    keys = {"username": f'"{USER}"', "password": f'"{PASSWORD}"',
            "register": f'{{ user: "{USER}", domain: {REALM}, expires: 3600, retry-seconds: 1 }}'}
    keys.update(trunk)
    with box(start=False, trunks={"carrier": keys}) as lab:
        kamailio = Carrier(lab, **(carrier or {}))
        try:
            lab.start()
            yield lab, kamailio
        except BaseException:
            print("--- kamailio\n" + kamailio.said())
            raise


def registration(lab):
    entries = lab.ask("registrations", check=False) or []
    return next((entry for entry in entries if entry["trunk"] == "carrier"), {})


def wait_registered(lab, seconds=10):
    return wait_until("the box is registered", seconds,
                      lambda: registration(lab).get("state") == "registered" and registration(lab))


def call_out(lab):
    """A call of the service to a telephone behind the proxy."""
    answering = lab.sipp("carrier", "answer-silent.xml", calls=1, port=PHONE_PORT)
    time.sleep(0.3)
    calling = lab.sipp("service", "call-silent.xml", target=lab.address("service", "box"),
                       number="+44123", seconds=1)
    assert calling.wait(20) == 0, calling.errors()[:800]
    assert answering.wait(10) == 0, answering.errors()[:800]


@case()
def registers_calls_and_is_called():
    """INVITE and BYE are asked each for itself, and get through; calls come by the binding."""
    with registered_box() as (lab, _):
        entry = wait_registered(lab)
        assert entry["granted_seconds"] == 3600, entry
        call_out(lab)
        counters = lab.ask("status")["sip"]
        # REGISTER, INVITE and BYE.
        assert counters["challenges_answered"] >= 3, counters
        assert counters["challenges_failed"] == 0, counters
        answering = lab.sipp("service", "answer-silent.xml", calls=1)
        time.sleep(0.3)
        # SIPp calls "the proxy", which finds the box by its binding.
        calling = lab.sipp("carrier", "call-silent.xml", target=lab.address("carrier"),
                           number=USER, seconds=1, port=PHONE_PORT)
        assert calling.wait(20) == 0, calling.errors()[:800]
        assert answering.wait(10) == 0, answering.errors()[:800]
        expect_empty(lab)


@case()
def registers_with_md5():
    with registered_box(carrier={"algorithm": ""}) as (lab, _):
        wait_registered(lab)
        call_out(lab)
        expect_empty(lab)


@case()
def a_wrong_password_registers_nothing():
    """The trunk is down: calls to it get 503, and the status says why."""
    with registered_box(password="right horse") as (lab, _):
        wait_until("the refusal is seen", 10, lambda: registration(lab).get("failures", 0) > 0)
        assert registration(lab)["last_status"] == 401, registration(lab)
        assert any("not registered" in text for text in lab.ask("status")["conditions"])
        calling = lab.sipp("service", "call-refused-503.xml",
                           target=lab.address("service", "box"), number="+44123")
        assert calling.wait(15) == 0, calling.errors()[:800]
        expect_empty(lab)


@case()
def minimum_expires_is_taken():
    """423 says how long at least; the box asks for that."""
    with registered_box(
            carrier={"least": 1800, "expires": 7200},
            register=f'{{ user: "{USER}", domain: {REALM}, expires: 600 }}') as (lab, _):
        entry = wait_registered(lab)
        assert entry["granted_seconds"] == 1800, entry


@case()
def carrier_comes_back():
    """A carrier that was away is registered with again."""
    with registered_box(
            carrier={"least": 2, "expires": 3},
            register=f'{{ user: "{USER}", domain: {REALM}, expires: 60, retry-seconds: 1 }}'
    ) as (lab, kamailio):
        wait_registered(lab)
        kamailio.kill()
        wait_until("the loss is seen", 60, lambda: registration(lab).get("state") != "registered")
        kamailio.start()
        wait_registered(lab, 60)


@case()
def takes_itself_away_at_its_end():
    with registered_box() as (lab, kamailio):
        wait_registered(lab)
        assert f"{USER}@{lab.address('carrier', 'box')}" in kamailio.bindings()
        started = time.monotonic()
        lab.control.stop()
        # The trunk that has nobody at its other end (carrier6) holds it up no longer than 3 s.
        assert time.monotonic() - started < 8, "the stop took too long"
        text = kamailio.bindings()
        assert USER not in text, text
