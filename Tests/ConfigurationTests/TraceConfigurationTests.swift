// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import Testing

@testable import Configuration

@Suite struct TraceConfigurationTests {
    private func trace(_ text: String) throws -> TraceConfiguration {
        let file = NodeConfiguration.exampleFile()
        let start = try #require(file.firstRange(of: "\ntrace:"))
        return try NodeConfiguration.parse(
            Array((file[..<start.lowerBound] + "\n" + text).utf8), file: "x"
        ).trace
    }

    private func issues(_ text: String) throws -> [String] {
        let error = #expect(throws: ConfigurationErrors.self) { try self.trace(text) }
        return (error?.issues ?? []).map { "\($0.key) \($0.problem)" }
    }

    @Test func withoutASection() throws {
        let trace = try self.trace("")
        #expect(trace == TraceConfiguration())
        #expect(trace.memoryMB == 64 && trace.hidesDTMF && trace.collector == nil)
    }

    @Test func everyKey() throws {
        let trace = try self.trace(
            """
            trace: { memory-mb: 0, mask-digits: 4, mask-dtmf: false, raw-users: [alice, bob],
                     hep: "[2001:db8::1]", hep-capture-id: 999999999, hep-password: secret }
            """)
        #expect(trace.memoryMB == 0 && trace.hiddenDigits == 4 && !trace.hidesDTMF)
        #expect(trace.rawUsers == ["alice", "bob"] && trace.captureID == 999_999_999)
        #expect(trace.password == "secret")
        #expect(trace.collector.map { "\($0)" } == "[2001:db8::1]:9060")
    }

    @Test(arguments: ["collector.example", "192.0.2.1:0", "0.0.0.0:9060", "224.0.0.1"])
    func collectors(text: String) throws {
        #expect(
            try self.issues("trace: { hep: \"\(text)\" }")
                == ["trace.hep \"\(text)\" is not the address of one host"])
    }

    @Test func limits() throws {
        for text in ["memory-mb: 4097", "mask-digits: -1", "hep-capture-id: 1000000000"] {
            #expect(try self.issues("trace: { \(text) }").count == 1, "\(text)")
        }
        let long = String(repeating: "p", count: 65)
        #expect(try self.issues("trace: { hep-password: \(long) }").count == 1)
    }
}
