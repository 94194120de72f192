# SPDX-License-Identifier: Apache-2.0
"""Signalling over TLS: packaged phones at one side, a plain SIPp at the other."""

import contextlib
import os
import signal
import subprocess
import time

from harness import box, case, expect_empty, wait_until
from linphone import Linphone
from phones import Baresip
from secure import (NUMBERS, TALK, established, expect_secure, expect_share, speech_files)
from sipp_leg import SippLeg

BOX_NAME = "sbc.example.com"
PHONE_NAME = "phone.example.com"
SIDE = "carrier"


def openssl(folder, *words):
    subprocess.run(("openssl", *words), cwd=folder, check=True, capture_output=True)


def make_certificates(folder):
    """An authority, and certificates of it for the box and for the phone; each also with its key
    in one file, as baresip wants it."""
    new = ("-newkey", "rsa:2048", "-nodes")
    openssl(folder, "req", "-x509", *new, "-keyout", "ca.key", "-out", "ca.pem", "-days", "90",
            "-subj", "/CN=lab")
    for name, host in (("box", BOX_NAME), ("phone", PHONE_NAME), ("stranger", "stranger.example")):
        with open(os.path.join(folder, f"{name}.ext"), "w") as file:
            file.write(f"subjectAltName=DNS:{host}\nextendedKeyUsage=serverAuth,clientAuth\n")
        openssl(folder, "req", "-new", *new, "-keyout", f"{name}.key", "-out", f"{name}.csr",
                "-subj", f"/CN={host}")
        openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                "-CAcreateserial", "-days", "60", "-extfile", f"{name}.ext", "-out", f"{name}.pem")
        with open(os.path.join(folder, f"{name}-both.pem"), "w") as both:
            for part in ("pem", "key"):
                with open(os.path.join(folder, f"{name}.{part}")) as file:
                    both.write(file.read())


@contextlib.contextmanager
def tls_box(trunk="", **config):
    """A box whose trunk to the carrier speaks TLS and nothing else. It goes by its address: the
    phones find no names."""
    with box(start=False, discard=False, rtcp_interval_ms=500, **config) as lab:
        make_certificates(lab.folder)
        text = lab.config_text(rtcp_interval_ms=500, **config)
        text = text.replace(
            "trunks:\n",
            f"  - {{ name: tls, transport: tls, address: \"{lab.address(SIDE, 'box')}:5061\", "
            f"certificate: {lab.folder}/box.pem, key: {lab.folder}/box.key }}\n"
            "trunks:\n")
        peer = f"{lab.address(SIDE, 'peer')}"
        text = text.replace(
            f"listener: {SIDE}-udp\n    realm: {SIDE}\n"
            f"    peer: \"sip:{peer}:5060;transport=udp\"\n",
            f"listener: tls\n    realm: {SIDE}\n    peer: \"sip:{peer}:5061;transport=tls\"\n"
            f"    trust: {lab.folder}/ca.pem\n    verify-names: [{PHONE_NAME}]\n{trunk}")
        assert "listener: tls" in text
        with open(lab.config, "w") as file:
            file.write(text)
        lab.start()
        yield lab


def baresip(lab, name, said, number=None, certificate="phone", **more):
    return Baresip(lab, SIDE, name, said[SIDE], number, transport="tls", config=(
        f"sip_certificate {lab.folder}/{certificate}-both.pem", f"sip_cafile {lab.folder}/ca.pem",
        "sip_verify_server no"), **more)


def secure_uri(lab, number, phone):
    # baresip says the transport of its account itself.
    transport = "" if isinstance(phone, Baresip) else ";transport=tls"
    return f"sip:{number}@{lab.address(SIDE, 'box')}:5061{transport}"


def figures(lab):
    return lab.ask("status")["tls"]


def calls_a_sipp(lab, phone, said, share=0.97):
    bob = SippLeg(lab, "service", said["service"], 20)
    phone.call(secure_uri(lab, NUMBERS["service"], phone))
    established(lab)
    time.sleep(TALK + 2)
    phone.hang_up()
    expect_empty(lab)
    bob.close()
    expect_share(bob, said[SIDE], share=share)
    expect_share(phone, said["service"], share=share)
    phone.close()
    expect_secure(lab, phone.odd_drops)


def is_called_by_a_sipp(lab, phone, said):
    bob = SippLeg(lab, "service", said["service"], 20, NUMBERS[SIDE])
    established(lab)
    time.sleep(TALK + 2)
    phone.hang_up()
    expect_empty(lab)
    bob.close()
    expect_share(bob, said[SIDE])
    expect_share(phone, said["service"])
    phone.close()
    expect_secure(lab, phone.odd_drops)


@case()
def sip_over_tls_baresip_calls_a_sipp():
    with tls_box() as lab:
        said = speech_files(lab)
        calls_a_sipp(lab, baresip(lab, "alice", said), said)
        assert figures(lab)["handshakes"] >= 1 and figures(lab)["impostors"] == 0, figures(lab)


@case()
def sip_over_tls_baresip_is_called():
    with tls_box() as lab:
        said = speech_files(lab)
        is_called_by_a_sipp(lab, baresip(lab, "alice", said, NUMBERS[SIDE]), said)
        assert figures(lab)["handshakes"] >= 1 and figures(lab)["impostors"] == 0, figures(lab)


@case(long=True)
def sip_over_tls_baresip_with_keys_in_sdp():
    with tls_box("    srtp: required\n    keying: [sdes]\n") as lab:
        said = speech_files(lab)
        calls_a_sipp(lab, baresip(lab, "alice", said, options=["mediaenc=srtp-mand"]), said)


@case()
def sip_over_tls_with_the_wrong_name_gets_nothing():
    """The address is the carrier's, the authority is the right one, the name is another."""
    with tls_box() as lab:
        said = speech_files(lab)
        alice = baresip(lab, "alice", said, certificate="stranger")
        alice.command("dial", secure_uri(lab, NUMBERS["service"], alice))
        wait_until("a handshake has failed", 10, lambda: figures(lab)["failed"] >= 1)
        assert "stranger.example" in figures(lab)["last_failure"], figures(lab)
        assert lab.ask("status")["calls"]["admitted"] == 0
        alice.close()


@case(long=True)
def sip_over_tls_certificate_is_replaced_during_a_call():
    with tls_box() as lab:
        said = speech_files(lab)
        alice = baresip(lab, "alice", said)
        bob = SippLeg(lab, "service", said["service"], 20)
        alice.call(secure_uri(lab, NUMBERS["service"], alice))
        established(lab)
        before = open(os.path.join(lab.folder, "box.pem")).read()
        openssl(lab.folder, "x509", "-req", "-in", "box.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                "-CAcreateserial", "-days", "70", "-extfile", "box.ext", "-out", "box.new")
        os.replace(os.path.join(lab.folder, "box.new"), os.path.join(lab.folder, "box.pem"))
        assert open(os.path.join(lab.folder, "box.pem")).read() != before
        lab.control.kill(signal.SIGHUP)  # not its end: it reads its files again
        wait_until("the new certificate is in use", 10, lambda: any(
            c["file"].endswith("box.pem") and c["days_left"] > 60
            for c in figures(lab)["certificates"]))
        time.sleep(TALK + 2)
        alice.hang_up()
        expect_empty(lab)
        bob.close()
        expect_share(bob, said[SIDE])
        alice.close()


@case(long=True)
def sip_over_tls_linphone_calls_a_sipp():
    with tls_box("    client-certificate: off\n") as lab:
        said = speech_files(lab)
        lin = Linphone(lab, SIDE, "lin", said[SIDE], encryption="none", tls=lab.folder)
        calls_a_sipp(lab, lin, said, share=0.9)
