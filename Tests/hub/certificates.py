# SPDX-License-Identifier: Apache-2.0
"""Authorities and certificates of a run, made with the openssl command; names of certificates."""

import os
import subprocess

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

PURPOSES = {ExtendedKeyUsageOID.SERVER_AUTH: "serverAuth",
            ExtendedKeyUsageOID.CLIENT_AUTH: "clientAuth"}


def covers(names, host):
    """RFC 2818 section 3.1: * is one label, or a part of the first one."""
    host = host.lower().rstrip(".")
    for name in names:
        pattern, name = name.lower().split("."), host.split(".")
        if len(pattern) != len(name) or pattern[1:] != name[1:]:
            continue
        begin, star, end = pattern[0].partition("*")
        if not star and pattern[0] == name[0]:
            return True
        if star and name[0].startswith(begin) and name[0].endswith(end) and len(name[0]) >= len(
                begin) + len(end):
            return True
    return False


def facts(der):
    """(names, key bits, purposes) of a certificate."""
    certificate = x509.load_der_x509_certificate(der)
    names = [a.value for a in certificate.subject.get_attributes_for_oid(
        x509.NameOID.COMMON_NAME)]
    purposes = []
    for extension in certificate.extensions:
        if extension.oid == ExtensionOID.SUBJECT_ALTERNATIVE_NAME:
            names = extension.value.get_values_for_type(x509.DNSName) or names
        elif extension.oid == ExtensionOID.EXTENDED_KEY_USAGE:
            purposes = [PURPOSES.get(oid, oid.dotted_string) for oid in extension.value]
    return names, getattr(certificate.public_key(), "key_size", 0), purposes


class Authority:
    """A root and an authority below it; certificates come from the lower one."""

    def __init__(self, folder, name):
        self.folder, self.name = os.path.join(folder, name), name
        os.mkdir(self.folder)
        self._request("root", "/CN=Hub test root " + name)
        self._openssl("x509", "-req", "-in", "root.csr", "-signkey", "root.key", "-days", "365",
                      "-extfile", self._extension("root", "basicConstraints=critical,CA:TRUE"),
                      "-out", "root.pem")
        self._request("middle", "/CN=Hub test authority " + name)
        self._sign("middle", "root", "basicConstraints=critical,CA:TRUE")

    def _openssl(self, *words):
        subprocess.run(("openssl", *words), cwd=self.folder, check=True, capture_output=True)

    def _extension(self, name, *lines):
        with open(os.path.join(self.folder, f"{name}.ext"), "w") as file:
            file.write("\n".join(lines) + "\n")
        return f"{name}.ext"

    def _request(self, name, subject, bits=2048):
        self._openssl("req", "-new", "-newkey", f"rsa:{bits}", "-nodes", "-keyout",
                      f"{name}.key", "-out", f"{name}.csr", "-subj", subject)

    def _sign(self, name, by, *lines, days=("-days", "200")):
        self._openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{by}.pem", "-CAkey",
                      f"{by}.key", "-CAcreateserial", *days, "-extfile",
                      self._extension(name, *lines), "-out", f"{name}.pem")

    @property
    def root(self):
        return os.path.join(self.folder, "root.pem")

    def issue(self, name, hosts, purposes="serverAuth,clientAuth", chain=True, bits=2048,
              common=None):
        """(file of certificate and chain, file of key)."""
        self._request(name, f"/CN={common or hosts[0]}", bits)
        self._sign(name, "middle", "subjectAltName=" + ",".join(f"DNS:{h}" for h in hosts),
                   f"extendedKeyUsage={purposes}")
        path = os.path.join(self.folder, f"{name}-chain.pem")
        with open(path + ".new", "w") as out:
            for part in (name, "middle") if chain else (name,):
                with open(os.path.join(self.folder, f"{part}.pem")) as file:
                    out.write(file.read())
        os.rename(path + ".new", path)
        return path, os.path.join(self.folder, f"{name}.key")
