// SPDX-License-Identifier: Apache-2.0

import Configuration
import Node
import Testing

@testable import trunkline

private func configuration(
    attach: String, interface: String = "eth1", fastPath: String = "", trunk: String = ""
) throws -> NodeConfiguration {
    let text = """
        fastpath: { cores: [1], memory-mb: 256\(fastPath) }
        realms:
          - name: carrier
            attach: \(attach)
            interface: \(interface)
            addresses: [198.18.1.1]
            ports: 20000-29999
        listeners:
          - { name: carrier, transport: udp, address: "198.18.1.1:5060" }
        trunks:
          - name: carrier
            listener: carrier
            realm: carrier
            peer: "sip:198.18.1.2:5060;transport=udp"
            \(trunk)
        routes:
          - { prefix: "+1", to: carrier }
        """
    return try NodeConfiguration.parse(Array(text.utf8), file: "test")
}

/// A machine that can do everything.
private func capable() -> Host {
    var host = Host()
    host.kernel = (6, 1)
    host.capabilities = .max
    host.machine.freeHugePages = 512
    host.machine.hugePageKB = 2048
    host.machine.cores = 4
    host.hasIOMMU = true
    host.hasVFIO = true
    host.interfaces = [
        Host.Interface(name: "eth1", driver: "ixgbe", receiveQueues: 4, isUp: true, isPCI: true)
    ]
    return host
}

private func judge(_ attach: String, _ change: (inout Host) -> Void = { _ in }) throws -> Diagnosis
{
    var host = capable()
    change(&host)
    var diagnosis = Diagnosis()
    diagnosis.judge(try configuration(attach: attach), on: host)
    return diagnosis
}

@Test(arguments: [
    ("srtp: required", ", secure-flows-per-worker: 0", "fault", "wants SRTP, and there is room"),
    ("srtp: preferred", ", secure-flows-per-worker: 0", "note", "wants SRTP, and there is room"),
    ("srtp: required", "", "note", "keys of sdes stand in SDP, and udp does not hide them"),
    ("srtp: required\n    keying: [dtls]", "", "good", "media is encrypted with keys of DTLS"),
    ("srtp: off", ", secure-flows-per-worker: 0", "", ""),
])
func whatEncryptedTrunksNeed(trunk: String, fastPath: String, level: String, text: String) throws {
    var diagnosis = Diagnosis()
    diagnosis.judge(
        try configuration(attach: "xdp", fastPath: fastPath, trunk: trunk), on: capable())
    let line = diagnosis.lines.first { $0.subject == "trunk carrier" }
    #expect((line?.level.rawValue ?? "") == level)
    #expect(line?.text.hasPrefix(text) ?? text.isEmpty)
    #expect(diagnosis.isGood == (level != "fault"))
}

private func realm(_ diagnosis: Diagnosis) -> Diagnosis.Line? {
    diagnosis.lines.first { $0.subject == "realm carrier" }
}

@Test func whyNoBetterModeIsInForce() throws {
    let packet = try #require(realm(judge("packet") { $0.interfaces[0].isPCI = false }))
    #expect(packet.level == .note)
    #expect(
        packet.text == "attach packet on eth1; pci is better, but eth1 is no PCI device; "
            + "xdp is better and possible here: change realms.attach")
    let xdp = try #require(realm(judge("xdp") { $0.hasIOMMU = false }))
    #expect(
        xdp.text == "attach xdp on eth1; pci is better, but the machine shows no IOMMU")
}

@Test func whatCannotWork() throws {
    let cases: [(String, (inout Host) -> Void)] = [
        ("kernel 5.10 is older than 5.15", { $0.kernel = (5, 10) }),
        ("there is no interface eth1", { $0.interfaces = [] }),
        ("CAP_BPF is missing for this user", { $0.capabilities = ~(1 << 39) }),
        ("eth1 is down", { $0.interfaces[0].isUp = false }),
        ("eth1 has 0 receive queues for 1 workers", { $0.interfaces[0].receiveQueues = 0 }),
    ]
    for (text, change) in cases {
        let diagnosis = try judge("xdp", change)
        #expect(!diagnosis.isGood)
        #expect(realm(diagnosis)?.text == "attach xdp cannot work: " + text)
    }
    #expect(try judge("xdp").isGood)
}

@Test func coresAndMemory() throws {
    let short = try judge("xdp") {
        $0.machine.freeHugePages = 10
        $0.machine.cores = 1
    }
    #expect(short.lines.filter { $0.level == .fault }.map(\.subject) == ["cores", "memory"])
    #expect(short.lines.contains { $0.text.contains("write 128 to /proc/sys/vm/nr_hugepages") })
}

@Test func thisMachineCanBeLookedAt() {
    let host = Host.current()
    #expect(host.kernel.major >= 4)
    #expect(host.machine.cores >= 1)
    #expect(host.interface("lo") != nil)
    #expect(Diagnosis().isGood)
}

@Test func whatIsInForceIsNoFault() throws {
    var host = capable()
    host.capabilities = 0
    host.machine.freeHugePages = 0
    let file = try configuration(attach: "xdp")
    var idle = Diagnosis()
    idle.judge(file, on: host)
    #expect(!idle.isGood)
    var running = Diagnosis()
    running.judge(
        file, on: host, inForce: .init(isRunning: true, attach: [file.realms[0].name: "xdp"]))
    #expect(running.isGood)
    var other = Diagnosis()
    other.judge(file, on: host, inForce: .init(isRunning: true, attach: ["else": "xdp"]))
    #expect(!other.isGood)
}
