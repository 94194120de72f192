// SPDX-License-Identifier: Apache-2.0

import SIPMessage
import Testing

/// What is expected of one message in one kind of framing.
enum Expected: Sendable, Equatable {
    case accept
    /// A response; the octets at the fault's offset begin with `at`.
    case reject(Int, at: String)
    /// Silence; the octets at the fault's offset begin with `at`.
    case drop(at: String)

    /// The offset must point at `at`; an empty text stands for the end of the octets.
    func isMet(by verdict: Verdict, in bytes: [UInt8]) -> Bool {
        switch (self, verdict) {
        case (.accept, .accept): true
        case (.reject(let status, let text), .reject(let actual, let reason, let offset)):
            status == actual && !reason.isEmpty && Self.stands(text, in: bytes, at: offset)
        case (.drop(let text), .drop(let reason, let offset)):
            !reason.isEmpty && Self.stands(text, in: bytes, at: offset)
        default: false
        }
    }

    private static func stands(_ text: String, in bytes: [UInt8], at offset: Int) -> Bool {
        guard offset <= bytes.count else { return false }
        return text.isEmpty ? offset == bytes.count : bytes[offset...].starts(with: text.utf8)
    }
}

/// One message of an RFC, with a verdict for datagrams and one for each message in a stream.
struct TortureCase: Sendable, CustomTestStringConvertible {
    let name: String
    let section: String
    let bytes: [UInt8]
    let datagram: Expected
    let stream: [Expected]

    /// `stream` defaults to the verdict on the datagram.
    init(
        _ name: String, _ section: String, _ text: String, _ datagram: Expected,
        stream: [Expected]? = nil
    ) {
        self.name = name
        self.section = section
        self.bytes = MessageNotation.octets(text)
        self.datagram = datagram
        self.stream = stream ?? [datagram]
    }

    var testDescription: String { "\(self.section) \(self.name)" }

    func checkDatagram() {
        let verdict = examine(self.bytes, framing: .datagram)
        let isMet = self.datagram.isMet(by: verdict, in: self.bytes)
        #expect(isMet, "\(verdict)")
    }

    func checkStream() {
        let verdicts = examineStream(self.bytes)
        #expect(verdicts.count == self.stream.count, "\(verdicts)")
        for (expected, verdict) in zip(self.stream, verdicts) {
            let isMet = expected.isMet(by: verdict, in: self.bytes)
            #expect(isMet, "\(verdict)")
        }
    }
}
