// SPDX-License-Identifier: Apache-2.0

import Glibc
import Management
import Testing

@testable import trunkline

/// A capture of RTP packets from one address to another, as bytes.
private func capture(_ packets: [(from: UInt8, sequence: UInt16)]) -> [UInt8] {
    func big(_ value: UInt16) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 255)] }
    return capture(
        packets.map { packet in
            let rtp: [UInt8] =
                [0x80, 0] + big(packet.sequence) + big(0)
                + big(packet.sequence &* 160) + [0, 0, 0, 9] + [UInt8](repeating: 0xd5, count: 160)
            return (packet.from, rtp)
        })
}

/// A capture of UDP payloads from one address to another, as bytes.
func capture(_ packets: [(from: UInt8, payload: [UInt8])]) -> [UInt8] {
    func little(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(value >> (8 * $0) & 255) } }
    func big(_ value: UInt16) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 255)] }
    var bytes =
        little(0xa1b2_c3d4) + [2, 0, 4, 0] + little(0) + little(0) + little(65535)
        + little(1)
    for (index, packet) in packets.enumerated() {
        let payload = packet.payload
        let udp = big(6000) + big(20000) + big(UInt16(8 + payload.count)) + big(0) + payload
        var header: [UInt8] =
            [0x45, 0] + big(UInt16(20 + udp.count)) + big(1) + big(0) + [64, 17]
            + big(0) + [198, 18, 1, packet.from] + [198, 18, 1, 1]
        var sum = stride(from: 0, to: 20, by: 2).reduce(UInt32(0)) {
            $0 + UInt32(header[$1]) << 8 + UInt32(header[$1 + 1])
        }
        while sum > 0xffff { sum = sum & 0xffff + sum >> 16 }
        header.replaceSubrange(10..<12, with: big(~UInt16(sum)))
        let frame = [UInt8](repeating: 2, count: 12) + [8, 0] + header + udp
        bytes += little(1000) + little(UInt32(index) * 20_000)
        bytes += little(UInt32(frame.count)) + little(UInt32(frame.count)) + frame
    }
    return bytes
}

private let document = """
    {"realm": {"addresses": ["198.18.1.1"], "ports": "20000-20999"},
     "flows": [
       {"name": "a", "peer": "b", "local": "198.18.1.1:20000", "remote": "198.18.1.2:6000",
        "payload_types": [0]},
       {"name": "b", "peer": "a", "local": "198.18.1.1:20004", "remote": "198.18.1.3:7000",
        "ssrc": 3735928559, "initial_sequence": 100, "payload_types": [0]}]}
    """

@Test func captureRunsThroughTheFastPath() throws {
    guard FastPathProgram.path.contains("/") else {
        print("left out: 1 case (trunkline-fastpath is not built)")
        return
    }
    let base = "/tmp/trunkline-replay-test-\(getpid())"
    let paths = (input: base + "-in.pcap", output: base + "-out.pcap", flows: base + ".json")
    defer { for path in [paths.input, paths.output, paths.flows] { unlink(path) } }
    var packets: [(from: UInt8, sequence: UInt16)] = (0..<20).map { (2, $0) }
    packets.insert((7, 3), at: 5)
    try Files.write(capture(packets), to: paths.input)
    try Files.write(Array(document.utf8), to: paths.flows)
    let replay = try Replay(
        flows: FlowsFile(reading: paths.flows), input: paths.input, output: paths.output,
        program: FastPathProgram.path)
    let (report, isGood) = try replay.run()
    #expect(isGood)
    #expect(report["commands_run"] == 2)
    #expect(report["counters"]?["received"] == 21)
    #expect(report["counters"]?["forwarded"] == 20)
    #expect(report["drops"] == ["wrong_source": 1])
    let written = try Files.read(paths.output, limit: 1 << 20)
    #expect(written.count == 24 + 20 * (16 + 14 + 20 + 8 + 172))
    // The first packet: to the other party, with the leg's own SSRC and sequence.
    let first = Array(written[(24 + 16)..<(24 + 16 + 14 + 20 + 8 + 12)])
    #expect(Array(first[30..<34]) == [198, 18, 1, 3])
    #expect(Array(first[36..<38]) == [0x1b, 0x58])
    #expect(Array(first[44..<46]) == [0, 100])
    #expect(Array(first[50..<54]) == [0xde, 0xad, 0xbe, 0xef])
    #expect(
        CommandLineTool.run([
            "replay", paths.input, "--flows", paths.flows, "--out", paths.output, "--json",
        ]) == .ok)
}
