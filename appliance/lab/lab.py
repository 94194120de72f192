# SPDX-License-Identifier: Apache-2.0
"""A laboratory on one machine: a box between a carrier and a service, each in a namespace.

    carrier 198.18.1.2  <-- veth -->  198.18.1.1  box  198.18.2.1  <-- veth -->  198.18.2.2 service
            fd18:1::2                 fd18:1::1        fd18:2::1                 fd18:2::2

Nothing leaves the namespaces, and everything that was made here is removed by close().
The addresses are of RFC 2544's benchmark range.
"""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SIDES = ("carrier", "service")
MEDIA_PORTS = (20000, 59999)  # of the box
PEER_MEDIA_PORTS = (6000, 65000)  # of the peers, beside SIP
QUIET_PORT = 15000  # media port of scenarios that do not play


class LabError(Exception):
    """Something the person at the keyboard can act on."""


def run(*command, check=True, **options):
    """Runs a command to its end and gives its output."""
    result = subprocess.run(command, capture_output=True, text=True, **options)
    if check and result.returncode != 0:
        text = (result.stderr or result.stdout).strip()
        raise LabError(f"`{' '.join(command)}` failed ({result.returncode}): {text}")
    return result


def scenario_path(name):
    """A SIPp scenario of the appliance, or of the tests."""
    for folder in (os.path.join(HERE, "scenarios"), os.path.join(ROOT, "Tests/lab/scenarios")):
        if os.path.exists(os.path.join(folder, name)):
            return os.path.join(folder, name)
    raise LabError(f"there is no scenario {name}")


def binaries():
    """The folder that holds the two programs of this checkout."""
    folder = os.environ.get("TRUNKLINE_BIN")
    if folder:
        return folder
    for name in ("release", "debug"):
        folder = os.path.join(ROOT, ".build", name)
        if os.path.exists(os.path.join(folder, "trunkline")):
            return folder
    raise LabError("nothing is built: run `swift build -c release` first")


class Supervised:
    """A process that is started again at once whenever it ends, as systemd does it."""

    def __init__(self, name, command, log):
        self.name, self.command, self.log_path = name, command, log
        self.exits = []  # (time, exit code) of every end that nobody asked for
        self.process = None
        self.stopping = False
        self.ready = threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()
        self.ready.wait()

    def _watch(self):
        with open(self.log_path, "ab", buffering=0) as log:
            while not self.stopping:
                self.process = subprocess.Popen(
                    self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    start_new_session=True)
                self.ready.set()
                code = self.process.wait()
                if not self.stopping:
                    self.exits.append((time.time(), code))
                    if len(self.exits) > 3 and time.time() - self.exits[-3][0] < 1:
                        time.sleep(0.2)  # it cannot start: do not spin

    def pid(self):
        return self.process.pid

    def kill(self, number=signal.SIGKILL):
        """Ends the running instance; the next one is started at once."""
        os.kill(self.process.pid, number)

    def stop(self, seconds=10, gently=True):
        """Ends it for good."""
        self.stopping = True
        if self.process.poll() is None and not gently:
            self.process.kill()
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.thread.join(seconds)

    def log(self):
        with open(self.log_path, errors="replace") as file:
            return file.read()


class Lab:
    """The namespaces, the two planes in the middle one, and the peers."""

    def __init__(self, attach="xdp", workers=(1,), tag=None):
        if os.geteuid() != 0:
            raise LabError("network namespaces need root: run it with sudo")
        self.attach, self.workers = attach, list(workers)
        self.tag = tag or f"tl{os.getpid()}"
        base = "/dev/shm" if os.path.isdir("/dev/shm") else None
        self.folder = tempfile.mkdtemp(prefix="trunkline-", dir=base)
        self.runtime = os.path.join(self.folder, "run")
        self.config = os.path.join(self.folder, "trunkline.yaml")
        os.mkdir(self.runtime)
        self.children = []
        self.fastpath = self.control = None
        self.bin = binaries()
        self.attach_of = {side: attach for side in SIDES}
        self.media_ports = MEDIA_PORTS

    # Namespaces ---------------------------------------------------------------------------------

    def namespace(self, side):
        return f"{self.tag}-{side}"

    def address(self, side, who="peer", family=4):
        """198.18.1.2 for ("carrier", "peer"), 198.18.1.1 for ("carrier", "box")."""
        net, host = SIDES.index(side) + 1, 1 if who == "box" else 2
        return f"198.18.{net}.{host}" if family == 4 else f"fd18:{net}::{host}"

    def make_namespaces(self):
        for name in ("box",) + SIDES:
            run("ip", "netns", "add", self.namespace(name))
            self.inside(name, "ip", "link", "set", "lo", "up")
        queues = str(max(1, len(self.workers)))
        for side in SIDES:
            run("ip", "link", "add", f"to-{side}", "netns", self.namespace("box"),
                "numrxqueues", queues, "numtxqueues", queues, "type", "veth",
                "peer", "name", "to-box", "netns", self.namespace(side),
                "numrxqueues", queues, "numtxqueues", queues)
            for place, device, who in (("box", f"to-{side}", "box"), (side, "to-box", "peer")):
                self.inside(place, "sysctl", "-qw", f"net.ipv6.conf.{device}.accept_dad=0")
                self.inside(place, "ip", "addr", "add", self.address(side, who) + "/24",
                            "dev", device)
                self.inside(place, "ip", "-6", "addr", "add", self.address(side, who, 6) + "/64",
                            "dev", device, "nodad")
                # Partial checksums of a veth would reach real sockets unfinished.
                self.inside(place, "ethtool", "-K", device, "tx", "off", "rx", "off",
                            "tso", "off", "gso", "off", "gro", "off", check=False)
                self.inside(place, "ip", "link", "set", device, "up")
            self.inside(side, "ip", "route", "add", "default", "via", self.address(side, "box"))

    def entering(self, place):
        """What stands before a command that runs in a namespace."""
        return ("ip", "netns", "exec", self.namespace(place))

    def inside(self, place, *command, check=True, **options):
        """Runs a command in a namespace to its end."""
        return run(*self.entering(place), *command, check=check, **options)

    def spawn(self, place, *command, **options):
        """Starts a command in a namespace; close() ends it."""
        options.setdefault("stdin", subprocess.DEVNULL)
        child = subprocess.Popen(
            self.entering(place) + command, start_new_session=True, **options)
        self.children.append(child)
        return child

    # What really crossed the wires ---------------------------------------------------------------

    def count_media(self, discard=True):
        """Makes each peer count the media that it sends to and gets from the box.

        With `discard` (for every side, or a list of sides) what arrives is counted and goes no
        further: SIPp plays media from raw sockets and would otherwise answer ours with ICMP.
        A fragment is none: of a later one the text of a long SIP message, or in IPv6 the number of
        the fragment, would stand where ports are looked for.
        """
        low, high = self.media_ports
        peer_low, peer_high = PEER_MEDIA_PORTS
        for side in SIDES:
            self.inside(side, "ip6tables", "-w", "-t", "raw", "-A", "PREROUTING", "-m", "frag",
                        "--fragid", "0:4294967295", "-j", "ACCEPT")
            drops = side in discard if isinstance(discard, (list, tuple)) else discard
            for tool, whole in (("iptables", ("!", "-f")), ("ip6tables", ())):
                self.inside(side, tool, "-w", "-t", "raw", "-A", "OUTPUT", "-p", "udp",
                            "--dport", f"{low}:{high}", "-j", "ACCEPT")
                self.inside(side, tool, "-w", "-t", "raw", "-A", "PREROUTING", *whole, "-p", "udp",
                            "--sport", f"{low}:{high}", "--dport", f"{peer_low}:{peer_high}",
                            "-j", "DROP" if drops else "ACCEPT")

    def release_media(self):
        """Takes the rules of `count_media` back: what arrives is for whoever lives there."""
        for side in SIDES:
            for tool in ("iptables", "ip6tables"):
                self.inside(side, tool, "-w", "-t", "raw", "-F")

    def media_counts(self, side):
        """(packets that the peer sent to media ports, packets that it got from media ports)."""
        sent = received = 0
        for tool in ("iptables", "ip6tables"):
            text = self.inside(side, tool, "-w", "-t", "raw", "-nvxL").stdout
            chain = None
            for line in text.splitlines():
                fields = line.split()
                if line.startswith("Chain"):
                    chain = fields[1]
                elif fields and fields[0].isdigit() and "dpts:" in line:
                    if chain == "OUTPUT":
                        sent += int(fields[0])
                    elif chain == "PREROUTING":
                        received += int(fields[0])
        return sent, received

    def kernel_losses(self):
        """Media that reached the box and was lost before the fast path read it: the kernel found
        no room in the fast path's socket, which happens when its core was taken away from it."""
        time.sleep(1.2)  # the driver's counts are published once a second
        realms = self.ask("status")["fastpath"]["realms"]
        return sum(realm["missed"] for realm in realms)

    def icmp_unreachable(self, side):
        """How many ICMP(v6) destination-unreachable messages reached a peer."""
        total = 0
        for path, key in (("/proc/net/snmp", "InDestUnreachs"), ("/proc/net/snmp6", None)):
            text = self.inside(side, "cat", path).stdout
            if key:
                rows = [line.split() for line in text.splitlines() if line.startswith("Icmp:")]
                total += int(rows[1][rows[0].index(key)])
            else:
                for line in text.splitlines():
                    if line.startswith("Icmp6InDestUnreachs"):
                        total += int(line.split()[1])
        return total

    # The box -------------------------------------------------------------------------------------

    def write_config(self, **changes):
        """Writes the node's configuration file; `changes` override values of the template."""
        with open(self.config, "w") as file:
            file.write(self.config_text(**changes))

    def config_text(self, timeout_seconds=60, ports=MEDIA_PORTS, max_calls=10000, learn=False,
                    rtcp_interval_ms=5000, flows_per_worker=16384, transport="udp",
                    codecs=None, huge_pages=False, trunks=None, one_port=False):
        """`trunks`: more keys of a trunk, by side: {"carrier": {"srtp": "required"}}."""
        def realm(side):
            return (f"  - name: {side}\n    attach: {self.attach_of[side]}\n"
                    f"    interface: to-{side}\n"
                    f"    addresses: [\"{self.address(side, 'box')}\", "
                    f"\"{self.address(side, 'box', 6)}\"]\n"
                    f"    ports: {ports[0]}-{ports[1]}\n    dscp: 46\n"
                    + ("    one-port: true\n" if one_port else ""))

        def listeners(side):
            rows = []
            for protocol in ("udp", "tcp"):
                rows.append(f"  - {{ name: {side}-{protocol}, transport: {protocol}, "
                            f"address: \"{self.address(side, 'box')}:5060\" }}\n")
                rows.append(f"  - {{ name: {side}-{protocol}6, transport: {protocol}, "
                            f"address: \"[{self.address(side, 'box', 6)}]:5060\" }}\n")
            return "".join(rows)

        def trunk(name, side, protocol, family=4):
            host = self.address(side, "peer", family)
            uri = f"[{host}]" if family == 6 else host
            six = "6" if family == 6 else ""
            return (f"  - name: {name}\n    listener: {side}-{protocol}{six}\n    realm: {side}\n"
                    f"    peer: \"sip:{uri}:5060;transport={protocol}\"\n"
                    f"    sources: [\"{host}\"]\n"
                    + (f"    codecs: [{', '.join(codecs)}]\n" if codecs else "")
                    + f"    learn-source: {'true' if learn else 'false'}\n"
                    f"    max-calls: {max_calls}\n"
                    + "".join(f"    {key}: {value}\n"
                              for key, value in (trunks or {}).get(side, {}).items()))

        text = f"node:\n  name: lab\n  runtime-directory: {self.runtime}\n"
        text += f"  state-directory: {self.runtime}\n"
        text += (f"fastpath:\n  cores: {self.workers}\n  huge-pages: "
                 f"{'true' if huge_pages else 'false'}\n  memory-mb: 512\n"
                 f"  flows-per-worker: {flows_per_worker}\n")
        text += "realms:\n" + "".join(realm(side) for side in SIDES)
        text += "listeners:\n" + "".join(listeners(side) for side in SIDES)
        text += "trunks:\n" + trunk("carrier", "carrier", transport)
        text += trunk("service", "service", transport)
        text += trunk("carrier6", "carrier", transport, 6) + trunk("service6", "service",
                                                                   transport, 6)
        text += ("routes:\n  - { prefix: \"+1\", to: service }\n"
                 "  - { prefix: \"+44\", to: carrier }\n"
                 "  - { prefix: \"+61\", to: service6 }\n"
                 "  - { prefix: \"+64\", to: carrier6 }\n")
        text += (f"media:\n  timeout-seconds: {timeout_seconds}\n"
                 f"  rtcp-interval-ms: {rtcp_interval_ms}\n")
        return text

    def start(self, seconds=30):
        """Starts and supervises both planes, and waits until they work together."""
        box = self.entering("box")
        self.fastpath = Supervised(
            "trunkline-fastpath", box + self.fastpath_command(),
            os.path.join(self.folder, "fastpath.log"))
        self.control = Supervised(
            "trunkline", box + (self.program, "serve", "--config", self.config),
            os.path.join(self.folder, "control.log"))
        self.wait_ready(seconds)

    @property
    def program(self):
        return os.path.join(self.bin, "trunkline")

    def fastpath_command(self):
        return (self.program, "fastpath", "--config", self.config)

    def wait_ready(self, seconds=30):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            status = self.ask("status", check=False)
            if status and status.get("fastpath", {}).get("attached"):
                return status
            for process in (self.fastpath, self.control):
                if len(process.exits) >= 5:
                    raise LabError(f"{process.name} does not start:\n" + process.log()[-2000:])
            time.sleep(0.05)
        raise LabError(
            "the planes did not attach to each other in time:\n--- fastpath\n"
            + self.fastpath.log()[-2000:] + "\n--- control\n" + self.control.log()[-2000:])

    def ask(self, *arguments, check=True):
        """The JSON answer of a command-line verb of the running box."""
        result = self.inside("box", self.program, *arguments,
                             "--directory", self.runtime, "--json", check=False, timeout=30)
        try:
            return json.loads(result.stdout)
        except json.JSONDecodeError:
            if check:
                raise LabError(f"`trunkline {' '.join(arguments)}` said: "
                               f"{(result.stderr or result.stdout).strip()}")
            return None

    def settled(self, seconds=15):
        """The box's packet figures, once no more packets move (or the time is up)."""
        deadline = time.monotonic() + seconds
        before = None
        while True:
            figures = self.ask("drops")
            moving = {name: figures["packets"][name] for name in ("received", "sent")}
            if moving == before or time.monotonic() > deadline:
                return figures
            before = moving
            time.sleep(0.5)

    # The peers -----------------------------------------------------------------------------------

    def sipp(self, side, scenario, target=None, calls=1, rate=10, limit=None, number="+15550100",
             seconds=5, family=4, transport="u1", port=5060, media_port=10000, extra=(),
             pcap=None):
        """Starts SIPp on a side: with a target it calls, without one it answers.

        Its calls use every fourth port from `media_port` on.
        """
        folder = tempfile.mkdtemp(prefix=f"sipp-{side}-", dir=self.folder)
        own = self.address(side, "peer", family)
        command = ["sipp", "-sf", scenario_path(scenario), "-nostdin",
                   "-i", own, "-mi", own, "-p", str(port), "-t", transport,
                   "-mp", str(media_port),
                   "-d", str(int(seconds * 1000)), "-m", str(calls), "-trace_err",
                   "-error_file", os.path.join(folder, "errors.log"),
                   "-trace_stat", "-stf", os.path.join(folder, "stat.csv"), "-fd", "1",
                   "-key", "pcap", pcap or "/usr/share/sip-tester/g711a.pcap",
                   "-key", "quiet", str(QUIET_PORT),
                   "-aa"]
        if target:
            host = f"[{target}]" if ":" in target else target
            command += ["-s", number, "-r", str(rate), "-l", str(limit or calls), f"{host}:5060"]
        process = self.spawn(side, *command, *extra, cwd=folder,
                             stdout=open(os.path.join(folder, "screen.log"), "wb"),
                             stderr=subprocess.STDOUT)
        return Sipp(process, folder)

    # The end -------------------------------------------------------------------------------------

    def close(self):
        """Ends what was started here and removes what was made here."""
        for child in self.children:
            if child.poll() is None:
                try:
                    os.killpg(child.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
                child.wait()
        for process in (self.control, self.fastpath):
            if process:
                process.stop(gently=False)  # calls that are up need not end first
        for name in ("box",) + SIDES:
            run("ip", "netns", "del", self.namespace(name), check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


class Sipp:
    """A running SIPp and what its statistics file says of its calls."""

    def __init__(self, process, folder):
        self.process, self.folder = process, folder

    def wait(self, seconds):
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def stop(self):
        """Ends it gently, so that its statistics are written."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGUSR1)
            if self.wait(5) is None:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()

    def figures(self):
        """{"successful": n, "failed": n, "current": n} of the last line of its statistics."""
        try:
            with open(os.path.join(self.folder, "stat.csv")) as file:
                lines = file.read().splitlines()
            row = dict(zip(lines[0].split(";"), lines[-1].split(";")))
            return {"successful": int(row["SuccessfulCall(C)"]),
                    "failed": int(row["FailedCall(C)"]), "current": int(row["CurrentCall"])}
        except (OSError, IndexError, KeyError, ValueError):
            return {"successful": 0, "failed": 0, "current": 0}

    def errors(self):
        try:
            with open(os.path.join(self.folder, "errors.log"), errors="replace") as file:
                return file.read()
        except OSError:
            return ""
