// SPDX-License-Identifier: Apache-2.0

import Management
import SIPMessage

extension Verb {
    static let message = Verb(
        name: "message", operands: "FILE...", summary: "what the node would do with SIP messages",
        details: """
            Reads each file as one SIP message and says what the node would do with it: accept it,
            reject it with a response, or drop it in silence; with the offset of the fault in the
            file. The bytes are taken as one datagram, or with --stream as what came in over one TCP
            connection: several messages, one answer each. Accepted means that the message may
            enter: what a call then does with it is not judged here.
            Exit status: 0 if all are accepted, 1 otherwise, 2 if a file cannot be read.
            """,
        options: [Option(name: "stream", help: "a file is a TCP stream of messages")]
    ) { (arguments) throws(Failure) in
        let files = try arguments.operands(1...100_000, "FILE...")
        var findings: [Finding] = []
        var areReadable = true
        for file in files {
            let bytes: [UInt8]
            do throws(Failure) {
                bytes = try Files.read(file, limit: 64 << 20)
            } catch {
                // The others are still worth an answer.
                Terminal.error("trunkline message: \(error.text)")
                areReadable = false
                continue
            }
            findings +=
                arguments.has("stream")
                ? Finding.stream(bytes, file: file)
                : [Finding(file: file, verdict: examine(bytes, framing: .datagram), base: 0)]
        }
        if arguments.wantsJSON {
            Terminal.print(.array(findings.map(\.json)))
        } else {
            findings.forEach { Terminal.print($0.text) }
        }
        guard areReadable else { return .usage }
        return findings.allSatisfy { $0.verdict == .accept } ? .ok : .no
    }
}

/// The verdict on one message of a file.
struct Finding: Equatable {
    let file: String
    let verdict: Verdict
    /// Where the message begins in the file.
    let base: Int

    /// One finding for each message of a stream, up to where the border of messages is lost.
    static func stream(_ bytes: [UInt8], file: String) -> [Finding] {
        var framer = StreamFramer()
        var findings: [Finding] = []
        // In pieces, as a connection would read: the framer moves what it holds at each one.
        var fed = 0
        while true {
            switch framer.next() {
            case .message(let message):
                let base = fed - framer.pendingBytes - message.count
                let verdict = examine(message, framing: .stream)
                findings.append(Finding(file: file, verdict: verdict, base: base))
            case .keepAlive: break
            case .needMore where fed < bytes.count:
                let piece = bytes[fed..<min(fed + 65536, bytes.count)]
                framer.append(piece)
                fed += piece.count
            case .needMore:
                return findings + self.end(framer.pendingBytes, of: bytes, file)
            case .failure(let fault, let octets):
                let base = self.place(of: octets, in: bytes, upTo: fed)
                let verdict = FaultTable.verdict(fault, octets: octets)
                return findings + [Finding(file: file, verdict: verdict, base: base)]
            }
        }
    }

    /// What is left at the end of a stream: nothing, or a message that is not whole.
    private static func end(_ pending: Int, of bytes: [UInt8], _ file: String) -> [Finding] {
        let rest = bytes.suffix(pending)
        guard rest.contains(where: { $0 != 0x0d && $0 != 0x0a }) else { return [] }
        let fault = SIPParseError(.incomplete, at: pending)
        let verdict = FaultTable.verdict(fault, octets: Array(rest))
        return [Finding(file: file, verdict: verdict, base: bytes.count - pending)]
    }

    private static func place(of octets: [UInt8], in bytes: [UInt8], upTo end: Int) -> Int {
        guard !octets.isEmpty, octets.count <= end else { return end }
        var start = end - octets.count
        while start > 0, !bytes[start..<(start + octets.count)].elementsEqual(octets) { start -= 1 }
        return start
    }

    private var parts: (word: String, status: Int?, reason: String?, offset: Int?) {
        switch self.verdict {
        case .accept: ("accept", nil, nil, nil)
        case .reject(let status, let reason, let offset):
            ("reject", status, reason, self.base + offset)
        case .drop(let reason, let offset): ("drop", nil, reason, self.base + offset)
        }
    }

    var json: JSONValue {
        let parts = self.parts
        return [
            "file": .string(self.file), "verdict": .string(parts.word),
            "status": parts.status.map { JSONValue($0) } ?? .null,
            "reason": JSONValue(parts.reason),
            "offset": parts.offset.map { JSONValue($0) } ?? .null,
        ]
    }

    var text: String {
        let parts = self.parts
        let place = parts.offset.map { " at octet \($0)" } ?? ""
        let status = parts.status.map { " \($0)" } ?? ""
        return "\(self.file): \(parts.word)\(status)" + (parts.reason.map { " (\($0))" } ?? "")
            + place
    }
}
