# SPDX-License-Identifier: Apache-2.0
"""This product whole, as it is shipped: both planes in the middle one of the laboratory's
namespaces, SIPp on either side. Both planes have a core of their own, as an operator would pin
them; the parties, who must be somewhere on two cores, share the one of the fast path, which has no
packets to relay here."""

import os
import subprocess
import time

import machine
import wire
from children import BenchError
from lab import SIDES, Lab
from sipp import UDP, Transport

PORTS = "10000-59999"
MORE_ADDRESSES = (11, 12)  # of each realm: ports for 75,000 calls
START_S = 30
TLS_PORT, FORWARDED_PORT = 5061, 5062
NAMES = {"box": "box.example", "parties": "parties.example"}
SETTLE_S = 2

TLS = Transport("TLS", "t1", TLS_PORT, 5060, ("127.0.0.1", FORWARDED_PORT))


def make_namespaces(bench):
    """A Lab with its namespaces, named so that a later run finds them if this one is killed."""
    bench.drop_wire()
    lab = Lab(attach="xdp", workers=(bench.generator_core,), tag=f"{wire.PREFIX}-{os.getpid()}")
    try:
        lab.make_namespaces()
    except BaseException:
        lab.close()
        raise
    return lab


def config_text(lab, runtime, core, calls, huge, trace_mb=None, certificates=None):
    """The node's configuration file. certificates: their folder where parties speak TLS."""
    def realm(side):
        net = lab.address(side, "box").rsplit(".", 1)[0]
        addresses = ", ".join(f"{net}.{host}" for host in (1, *MORE_ADDRESSES))
        return (f"  - {{ name: {side}, attach: xdp, interface: to-{side}, "
                f"addresses: [{addresses}], ports: {PORTS} }}\n")

    def listener(side):
        address = lab.address(side, "box")
        if certificates is None:
            return f"  - {{ name: {side}, transport: udp, address: \"{address}:5060\" }}\n"
        return (f"  - {{ name: {side}, transport: tls, address: \"{address}:{TLS_PORT}\", "
                f"certificate: {certificates}/box.pem, key: {certificates}/box.key }}\n")

    def trunk(side):
        peer = lab.address(side)
        where = f"sip:{peer}:5060;transport=udp"
        secure = ""
        if certificates is not None:
            where = f"sip:{peer}:{TLS_PORT};transport=tls"
            secure = (f"    trust: {certificates}/ca.pem\n"
                      f"    verify-names: [{NAMES['parties']}]\n")
        return (f"  - name: {side}\n    listener: {side}\n    realm: {side}\n"
                f"    peer: \"{where}\"\n    max-calls: {calls}\n{secure}")

    return ("".join((
        f"node:\n  name: bench\n  runtime-directory: {runtime}\n",
        f"  state-directory: {runtime}\n",
        f"fastpath:\n  cores: [{core}]\n  huge-pages: {'true' if huge else 'false'}\n",
        f"  memory-mb: 512\n  flows-per-worker: {2 * calls}\n",
        "realms:\n", *map(realm, SIDES), "listeners:\n", *map(listener, SIDES),
        "trunks:\n", *map(trunk, SIDES),
        "routes:\n  - { prefix: \"+1\", from: carrier, to: service }\n",
        "media:\n  timeout-seconds: 0\n", f"limits:\n  calls: {calls}\n",
        "" if trace_mb is None else f"trace:\n  memory-mb: {trace_mb}\n")))


class SipBox:
    """Both planes, running. close() ends them and removes the namespaces."""

    def __init__(self, bench, calls, trace_mb=None, tls=False):
        self.bench = bench
        self.lab = make_namespaces(bench)
        self.transport = TLS if tls else UDP
        try:
            self._start(calls, trace_mb, tls)
        except BaseException:
            self.close()
            raise

    def _start(self, calls, trace_mb, tls):
        for side in SIDES:
            net = self.lab.address(side, "box").rsplit(".", 1)[0]
            for host in MORE_ADDRESSES:
                self.lab.inside("box", "ip", "addr", "add", f"{net}.{host}/24", "dev",
                                f"to-{side}")
        certificates = make_certificates(self.lab.folder) if tls else None
        with open(self.lab.config, "w", encoding="utf-8") as file:
            file.write(config_text(self.lab, self.lab.runtime, self.bench.generator_core, calls,
                                   self.bench.huge_pages, trace_mb, certificates))
        program = self.bench.program("trunkline")
        box = self.lab.namespace("box")
        self.bench.program("trunkline-fastpath")  # the other starts it
        self.fastpath = self.bench.children.start(
            "trunkline-fastpath", program, "fastpath", "--config", self.lab.config,
            namespace=box, cores=self.bench.cores)
        self.control = self.bench.children.start(
            "trunkline", program, "serve", "--config", self.lab.config,
            namespace=box, cores=[self.bench.relay_core])
        self.control.until(self._is_attached, START_S, "not at work with its fast path")
        time.sleep(SETTLE_S)

    def _is_attached(self):
        status = self.lab.ask("status", check=False)
        return bool(status and status.get("fastpath", {}).get("attached"))

    def cpu_ns(self):
        """Run time until now, by process."""
        return {"control": machine.cpu_ns(self.control.pid),
                "fastpath": machine.cpu_ns(self.fastpath.pid)}

    def memory_bytes(self):
        return machine.memory_bytes(self.control.pid)

    def status(self):
        return self.lab.ask("status")

    def close(self):
        for child in (getattr(self, "control", None), getattr(self, "fastpath", None)):
            if child is not None:
                child.stop()
        self.lab.close()


def _openssl(folder, *words):
    run = subprocess.run(("openssl", *words), cwd=folder, capture_output=True, text=True,
                         check=False)
    if run.returncode != 0:
        raise BenchError(f"openssl {words[0]}: {run.stderr.strip()[-300:]}")


def make_certificates(folder):
    """An authority, and a certificate for the box and for the parties; gives the folder."""
    new = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    _openssl(folder, "req", "-x509", *new, "-days", "2", "-keyout", "ca.key", "-out", "ca.pem",
             "-subj", "/CN=bench")
    for name, host in NAMES.items():
        with open(os.path.join(folder, f"{name}.ext"), "w", encoding="ascii") as file:
            file.write(f"subjectAltName=DNS:{host}\nextendedKeyUsage=serverAuth,clientAuth\n")
        _openssl(folder, "req", "-new", *new, "-keyout", f"{name}.key", "-out", f"{name}.csr",
                 "-subj", f"/CN={host}")
        _openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey",
                 "ca.key", "-CAcreateserial", "-days", "2", "-extfile", f"{name}.ext", "-out",
                 f"{name}.pem")
    return folder
