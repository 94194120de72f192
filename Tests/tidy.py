# SPDX-License-Identifier: Apache-2.0
"""The rules of the house that a reader would otherwise have to remember."""

import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

PROTOCOL = """SIPMessage SDP Manipulation SIPTransaction SIPAuthentication SIPDialog SIPLocation
    SIPProxy Routing Admission CallControl CallRecords""".split()
CALL_PATH = PROTOCOL + "Sharing NetworkAddress MediaPlanning FlowProgramming FlowABI Tenancy".split()
SOURCE = (".swift", ".c", ".h", ".py", ".sh", ".xml", ".yaml", ".yml", ".service")
LINES_MAX = 600
COLUMNS_MAX = 100

# (pattern, where it is refused, where it is allowed after all, why). Places are path prefixes.
RULES = [
    (r"#\s*include\s*<rte_", ["CShims", "Sources", "Tests"], ["CShims/CFastPath/"],
     "only CFastPath includes DPDK"),
    (r"\bimport CFlowABI\b", ["Sources"], ["Sources/FlowABI/"],
     "only FlowABI imports the contract"),
    (r"\bimport Foundation\b", [f"Sources/{m}/" for m in CALL_PATH], [],
     "Foundation stays out of the call path"),
    (r"\.lowercased\(|\.uppercased\(|\bCharacter\b|\bNSString\b",
     [f"Sources/{m}/" for m in PROTOCOL], [], "protocol text is compared as ASCII bytes"),
    (r"\bawait\b|\bTask\s*[{(]|^\s*(public |final )*actor ",
     [f"Sources/{m}/" for m in CALL_PATH + ["SIPTransport"]], [],
     "no concurrency on the call path: a shard is one thread"),
    (r"\btry!|\bas! |\bfatalError\(", ["Sources"], [], "a trap ends all signalling"),
    (r"\bUnmanaged\b|@unchecked Sendable|nonisolated\(unsafe\)", ["Sources"],
     ["Sources/SIPTransport/Unsafe.swift", "Sources/DTLS/Unsafe.swift",
      "Sources/TLS/Unsafe.swift", "Sources/DNSClient/Unsafe.swift",
      "Sources/Tenancy/Unsafe.swift"],
     "what the compiler cannot check lives in one file"),
    (r"\bimport COpenSSL\b|\bOpaquePointer\b|\bUnsafe\w|\bwithUnsafe",
     ["Sources/DTLS/", "Sources/TLS/", "Sources/SIPAuthentication/"],
     ["Sources/DTLS/Unsafe.swift", "Sources/TLS/Unsafe.swift",
      "Sources/SIPAuthentication/Unsafe.swift"],
     "C and its memory live in one file of the module"),
    (r"\bimport CCares\b|\bOpaquePointer\b|\bUnsafe\w|\bwithUnsafe", ["Sources/DNSClient/"],
     ["Sources/DNSClient/Unsafe.swift"], "C and its memory live in one file of the module"),
    (r"\bOpaquePointer\b|\bUnsafe\w|\bwithUnsafe", ["Sources/DigitReading/"],
     ["Sources/DigitReading/Unsafe.swift"], "C and its memory live in one file of the module"),
    (r"\bUnsafe\w|\bwithUnsafe|\bimport Glibc\b", ["Sources/Trace/", "Sources/Tenancy/"],
     ["Sources/Trace/Unsafe.swift", "Sources/Tenancy/Unsafe.swift"],
     "memory without checks lives in one file of the module"),
    (r"\bUnsafe\w|\bwithUnsafe|\bimport Synchronization\b", ["Sources/Store/"],
     ["Sources/Store/MappedFile.swift", "Sources/Store/Provisioning/SQLiteConnection.swift"],
     "memory without checks lives in one file of the module"),
    (r"\bimport CSQLite\b|\bOpaquePointer\b", ["Sources"],
     ["Sources/Store/Provisioning/SQLiteConnection.swift", "Sources/DTLS/Unsafe.swift",
      "Sources/TLS/Unsafe.swift", "Sources/SIPAuthentication/Unsafe.swift",
      "Sources/DNSClient/Unsafe.swift", "Sources/DigitReading/Unsafe.swift"],
     "SQLite lives in one file"),
    (r"\b(__)?asm(__)?\s*(volatile)?\s*\(", ["CShims"], [], "no inline assembly"),
    (r"diagnostic\s+ignored", ["CShims"],
     ["CShims/CFastPath/io.h", "CShims/CFastPath/io.c", "CShims/CSRTP/ipsec_mb.c",
      "CShims/CSRTP/openssl.c", "CShims/CTables/hmac.c"],
     "the check of blocking calls is switched off in one file for each library behind it"),
    (r"\b(TODO|FIXME|XXX|HACK)\b", ["CShims", "Sources", "appliance"], [],
     "finish it, or say so in the README's table"),
    (r"(?<![\w.])/(work|root|home/\w+)/", [""], [], "no path of a machine"),
    (r"\.disabled\(|XCTSkip|withKnownIssue", ["Tests/"], [], "no test is switched off"),
]


def tracked():
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT,
                            capture_output=True, text=True, check=True).stdout
    return [name for name in listed.splitlines()
            if os.path.isfile(os.path.join(ROOT, name)) and name != "Tests/tidy.py"]


def applies(name, places):
    return any(name.startswith(place) for place in places)


def check(name, faults):
    with open(os.path.join(ROOT, name), encoding="utf-8", errors="replace") as file:
        text = file.read()
    lines = text.splitlines()
    generated = "generated" in os.path.basename(name) or "/Resources/" in name
    if name.endswith(SOURCE) and not generated:
        if not any("SPDX-License-Identifier: Apache-2.0" in line for line in lines[:5]):
            faults.append(f"{name}:1: no SPDX line")
        data = "/corpus/" in name or "Messages" in os.path.basename(name)
        # The example configuration is written from the schema: as long as there are keys.
        is_written = name.endswith(".example.yaml")
        if len(lines) > LINES_MAX and not data and not is_written:
            faults.append(f"{name}:{len(lines)}: longer than {LINES_MAX} lines: two jobs in one?")
        if name.endswith((".swift", ".c", ".h")) and not data:
            for number, line in enumerate(lines, 1):
                if len(line) > COLUMNS_MAX and "https://" not in line and "X(" not in line:
                    faults.append(f"{name}:{number}: {len(line)} columns, at most {COLUMNS_MAX}")
    if generated:
        return
    for pattern, refused, allowed, why in RULES:
        if not applies(name, refused) or applies(name, allowed):
            continue
        for number, line in enumerate(lines, 1):
            if re.search(pattern, line):
                faults.append(f"{name}:{number}: {why}: {line.strip()[:80]}")


def main():
    faults = []
    names = [n for n in tracked() if n.endswith(SOURCE + ("run", "install", ".md"))]
    for name in names:
        check(name, faults)
    for fault in faults:
        print(fault)
    print(f"tidy: {len(names)} files, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
