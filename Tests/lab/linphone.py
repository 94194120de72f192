# SPDX-License-Identifier: Apache-2.0
"""linphonec in a namespace: driven over its standard input, speaking and recording files."""

import os
import re
import subprocess
import time

CONFIG = """[sip]
sip_port={port}
sip_tcp_port=0
sip_tls_port={tls_port}
{tls}media_encryption={encryption}
media_encryption_mandatory={mandatory}
srtp_crypto_suites={suites}
bind_address={address}
use_ipv6=0
ipv6_migration_done=1
use_info={info}
use_rfc2833={events}
inc_timeout=60
guess_hostname=0
default_proxy=-1
contact="{name}" <sip:{name}@{address}>
[rtp]
bind_address={address}
audio_rtp_port={media}-{media_end}
audio_jitt_comp={jitter}
{adaptive}symmetric=1
[sound]
playback_dev_id=
ringer_dev_id=
capture_dev_id=
remote_ring=
local_ring=
echocancellation=0
agc=0
mic_gain_db=0
playback_gain_db=0
[net]
bind_address={address}
mtu=1300
{net}
[misc]
file_transfer_server_url=
[video]
enabled=0
capture=0
display=0
[audio_codec_0]
mime=PCMA
rate=8000
channels=1
enabled=1
{policy}"""

# Who is called by address has no name that a certificate could be compared with.
TLS = "root_ca={folder}/ca.pem\nverify_server_certs=1\nverify_server_cn=0\n"
ICE_NET = "firewall_policy=5\nnat_policy_ref=lab"
ICE_POLICY = """[nat_policy_0]
ref=lab
stun_server=
protocols=ice
"""


class Linphone:
    """encryption: none, srtp (keys in SDP) or dtls."""

    def __init__(self, lab, side, name, speech, number=None, encryption="srtp",
                 suites="AES_CM_128_HMAC_SHA1_80", ice=False, sip_port=5060, rtp_base=32000,
                 tls=None, digits="rfc4733", address=None, jitter=None):
        """`tls`: a folder with the authority that the box's certificate is of; `digits`: how it
        sends them: info-relay, or else as events, or as tones to who has no telephone-event;
        `jitter`: milliseconds for which what comes waits, without frames put in or taken out."""
        self.lab, self.name = lab, name
        # After a re-INVITE it counts its SRTCP from 1 again under the old key, and with the suites
        # of short tags it gives SRTCP a short one too (RFC 4568 section 6.2.2: 80 bits).
        self.odd_drops = ["srtp_replay"]
        if suites.endswith("_32"):
            self.odd_drops += ["srtcp_plain", "srtp_authentication"]
        self.folder = os.path.join(lab.folder, f"linphone-{name}")
        for place in (".local/share/linphone", ".config/linphone"):
            # Without these folders it opens no transport at all.
            os.makedirs(os.path.join(self.folder, place))
        config = os.path.join(self.folder, "linphonerc")
        address = self.address = address or lab.address(side)
        with open(config, "w") as file:
            file.write(CONFIG.format(
                port=sip_port, encryption=encryption, mandatory=int(encryption != "none"),
                suites=suites, name=number or name, address=address, media=rtp_base,
                media_end=rtp_base + 900, net=ICE_NET if ice else "",
                policy=ICE_POLICY if ice else "", tls_port=sip_port + 1 if tls else 0,
                tls=TLS.format(folder=tls) if tls else "",
                info=int(digits == "info-relay"), events=int(digits != "info-relay"),
                jitter=jitter or 60,
                adaptive="audio_adaptive_jitt_comp_enabled=0\n" if jitter else ""))
        self.recording = os.path.join(self.folder, "heard.wav")
        self.output = os.path.join(self.folder, "output")
        self.debug = os.path.join(self.folder, "debug")
        self.log = open(self.output, "wb", buffering=0)
        self.process = lab.spawn(
            side, "env", f"HOME={self.folder}", "linphonec", "-c", config, "-d", "5",
            "-l", self.debug, stdin=subprocess.PIPE, stdout=self.log, stderr=subprocess.STDOUT)
        self.command("soundcard use files")
        self.command(f"play {speech}")
        self.command(f"record {self.recording}")
        if number:
            self.command("autoanswer enable")
        time.sleep(2.5)  # it has no way to say that it listens

    def command(self, text):
        self.process.stdin.write(text.encode() + b"\n")
        self.process.stdin.flush()

    def said(self):
        with open(self.output, errors="replace") as file:
            return file.read()

    def wait_for(self, text, seconds=12):
        deadline = time.monotonic() + seconds
        while text not in self.said():
            if time.monotonic() > deadline:
                raise AssertionError(f"linphone {self.name} did not say \"{text}\" within "
                                     f"{seconds} s: {self.said()[-800:]}")
            time.sleep(0.1)

    def call(self, uri):
        self.command(f"call {uri}")
        self.wait_for("connected.")

    def hold(self):
        self.command("pause")

    def resume(self):
        self.command("resume")

    def digits_told(self):
        """What it told of digits that it got as events or in INFO."""
        return "".join(re.findall(r"Receiving tone (.) from", self.said()))

    def digits_in_infos(self):
        """What its log has of INFO that came, each once; "?" if it was no dtmf-relay."""
        with open(self.debug, errors="replace") as file:
            requests = re.split(r"^(?=INFO sip:)", file.read(), flags=re.MULTILINE)[1:]
        found = {}
        for request in requests:
            if request.startswith(f"INFO sip:{self.address}"):  # others are its own
                number = re.search(r"^CSeq: (\d+) INFO", request, re.MULTILINE).group(1)
                signal = re.search(r"dtmf-relay.{,80}?^Signal=(\S)", request,
                                   re.MULTILINE | re.DOTALL)
                found[number] = signal.group(1) if signal else "?"
        return "".join(found.values())

    def hang_up(self):
        self.command("terminate")
        self.wait_for("ended")

    def heard(self):
        return self.recording

    def close(self):
        if self.process.poll() is None:
            try:
                self.command("quit")
                self.process.wait(8)
            except (OSError, subprocess.TimeoutExpired):
                self.process.kill()
                self.process.wait()
        self.log.close()
