// SPDX-License-Identifier: Apache-2.0

import Management
import Testing

@testable import Node

/// `trunkline call ID dtmf 123#`, and what is shown and written of digits.
@Suite struct DigitVerbTests {
    @Test func theOperatorsDigitsAreSeenAndHidden() throws {
        let node = try NodeFixture(fastPath: true)
        let parties = try Parties(node)
        let (answer, _) = try parties.call()
        let id = try #require(try node.result("calls")[0]?["id"]?.string)
        let sent = try node.result("dtmf", ["id": .string(id), "digits": "12#"])
        #expect(sent == ["sent": 3, "leg": "b"])
        let dtmf = try node.result("call", ["id": .string(id)])["dtmf"]
        #expect(dtmf?["to_b"]?.string == "tones (no rfc4733)")
        let seen = dtmf?["seen"]?.array ?? []
        #expect(seen.map { $0["digit"]?.string } == ["x", "x", "x"])
        #expect(seen.first?["form"]?.string == "operator" && seen.first?["leg"]?.string == "b")
        try parties.hangUp(after: answer)
        #expect(node.run { _ in !node.records().isEmpty })
        let written = node.records()[0]["digits"]?.array ?? []
        #expect(written.map { $0["digit"]?.string } == ["x", "x", "x"])
        #expect(written.map { $0["form"]?.string } == ["operator", "operator", "operator"])
    }

    @Test func recordsShowThemWhereTheFileSaysSo() throws {
        let node = try NodeFixture(fastPath: true) {
            $0 + "\nrecords:\n  mask-dtmf: false\ntrace:\n  mask-dtmf: false\n"
        }
        let parties = try Parties(node)
        let (answer, _) = try parties.call()
        let id = try #require(try node.result("calls")[0]?["id"]?.string)
        _ = try node.result(
            "dtmf", ["id": .string(id), "digits": "9*", "leg": "a", "duration_ms": 100])
        let seen = try node.result("call", ["id": .string(id)])["dtmf"]?["seen"]?.array ?? []
        #expect(seen.map { $0["digit"]?.string } == ["9", "*"])
        #expect(seen.map { $0["duration_ms"]?.integer } == [100, 100])
        try parties.hangUp(after: answer)
        #expect(node.run { _ in !node.records().isEmpty })
        let written = node.records()[0]["digits"]?.array ?? []
        #expect(written.map { $0["digit"]?.string } == ["9", "*"])
    }

    @Test func whatIsRefused() throws {
        let node = try NodeFixture()
        func code(_ arguments: JSONObject) -> ControlError.Code? {
            guard case .failure(let error) = node.ask("dtmf", arguments) else { return nil }
            return error.code
        }
        #expect(code([:]) == .badArgument)
        #expect(code(["id": "00000000000000ff"]) == .badArgument)
        for digits in ["", "12x", "1 2", "!", String(repeating: "1", count: 33)] {
            #expect(code(["id": "00000000000000ff", "digits": .string(digits)]) == .badArgument)
        }
        #expect(code(["id": "00000000000000ff", "digits": "1"]) == .notFound)
        #expect(
            code(["id": "00000000000000ff", "digits": "1", "leg": "c"]) == .badArgument)
        #expect(
            code(["id": "00000000000000ff", "digits": "1", "duration_ms": 1]) == .badArgument)
    }
}
